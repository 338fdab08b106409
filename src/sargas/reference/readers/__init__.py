"""Files of assets, each format into the same raw features; the format is told by the content.

A reader knows its format and nothing of assets. It never raises for one bad row: the row becomes
a feature with a fault, and is counted. It raises when the file as a whole cannot be read.
"""

from __future__ import annotations

import re
import stat
import zipfile
from importlib import import_module
from pathlib import Path

from sargas.errors import FormatError, InputError
from sargas.reference.readers.raw import MAX_BYTES, RawFeature, RawFile

__all__ = ["RawFeature", "RawFile", "read_file", "sniff"]

GIS_SUFFIXES = (".shp", ".gml", ".fgb", ".gpx", ".topojson", ".000", ".gdb", ".tab", ".mif")

_READERS = {
    "geojson": "geojson",
    "csv": "table",
    "kml": "kml",
    "kmz": "kml",
    "geoparquet": "geoparquet",
    "geopackage": "geopackage",
    "gis": "gis",
}
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
"""Characters that no text has; form feed, escape and the end mark of DOS are let pass."""
_KNOWN = "GeoJSON, Overpass JSON, CSV, KML, KMZ, GeoParquet, GeoPackage, Shapefile"


def sniff(path: Path) -> str:
    """Tell the format of a file by its first bytes, and by its name where these do not say.

    Returns:
        A key of the readers: `geojson`, `csv`, `kml`, `kmz`, `geoparquet`, `geopackage`, `gis`.

    Raises:
        InputError: the file cannot be opened, is empty, or is of a kind that is not read.
    """
    head = _head(path)
    suffix = path.suffix.lower()
    if suffix in GIS_SUFFIXES:
        return "gis"
    if head.startswith(b"PAR1"):
        return "geoparquet"
    if head.startswith(b"SQLite format 3\0"):
        return "geopackage"
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(path)
    if head.startswith(b"\x1f\x8b"):
        raise FormatError("This is a gzip file.", where=str(path), hint="Unpack it first.")
    if head.startswith(b"%PDF"):
        raise FormatError(
            f"This is a PDF, which holds no assets that can be read. Known: {_KNOWN}.",
            where=str(path),
            hint="Ask who made it for the positions as a table or a map file.",
        )
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if text.startswith((b"{", b"[")):
        return "gis" if b'"Topology"' in head else "geojson"
    if text.startswith(b"<") or (wide and b"<" in head[:6]):
        lower = head.replace(b"\0", b"").lower()
        if b"<kml" in lower or suffix == ".kml":
            return "kml"
        if b"<osm" in lower:
            raise FormatError(
                "This is OpenStreetMap XML.",
                where=str(path),
                hint="Ask Overpass for [out:json] with 'out geom', and import that answer.",
            )
        return "gis"
    if not wide and _BINARY.search(head) and suffix not in (".csv", ".tsv", ".txt"):
        raise FormatError(
            f"This is a binary file of no known format. Known: {_KNOWN}.", where=str(path)
        )
    return "csv"


def _head(path: Path) -> bytes:
    """Read the first 4 kB; a folder is only fit for the `gis` readers."""
    try:
        if path.is_dir() and path.suffix.lower() == ".gdb":
            return b"gdb"
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) and not path.is_dir():
            raise FormatError(
                "This is a pipe or device, not a file.",
                where=str(path),
                hint="Save its content to a file first.",
            )
        size = about.st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(f"The file cannot be read ({error.strerror}).", where=str(path)) from error
    if not head:
        raise FormatError("The file is empty.", where=str(path))
    if size > MAX_BYTES:
        raise InputError(
            f"The file has {size / 1e6:.0f} MB; assets of a sea fit into {MAX_BYTES // 10**6} MB.",
            where=str(path),
            hint="Cut it to the watch area first.",
        )
    return head


def _sniff_zip(path: Path) -> str:
    """Tell a KMZ from a zipped Shapefile by the names inside."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FormatError(f"The zip file is broken ({error}).", where=str(path)) from error
    if any(name.endswith(".kml") for name in names):
        return "kmz"
    if any(name.endswith((".shp", ".000", ".gml")) for name in names):
        return "gis"
    raise FormatError(
        "The zip file holds neither a .kml nor a .shp.",
        where=str(path),
        hint="Unpack it, and import the file inside.",
    )


def read_file(path: Path) -> RawFile:
    """Read a file of assets into raw features.

    Raises:
        InputError: the file cannot be read, or is not what it claims to be.
    """
    key = sniff(path)
    module = import_module(f"sargas.reference.readers.{_READERS[key]}")
    raw: RawFile = module.read(path)
    if not raw.features:
        raise FormatError(f"The {raw.format} file holds no features.", where=str(path))
    return raw
