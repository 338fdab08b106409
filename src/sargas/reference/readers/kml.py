"""KML and KMZ: placemarks with lines, points and areas.

Files come from anywhere, so document types and entities are refused (an entity can grow a
kilobyte into gigabytes), and a KMZ is unpacked only up to a cap.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from sargas.errors import FormatError, InputError
from sargas.reference.geometry import GeometryFaultError, geojson_geometry
from sargas.reference.readers.raw import RawFeature, RawFile

MAX_UNPACKED = 64_000_000
MOST_DEPTH = 100
"""Elements in each other (chosen: folders in folders and all that is in them come to some twenty).
"""


def read(path: Path) -> RawFile:
    """Read a KML or KMZ file.

    Raises:
        FormatError: broken XML or zip, or XML that is not KML.
        InputError: entities, a document type, or more than `MAX_UNPACKED` bytes unpacked.
    """
    packed = zipfile.is_zipfile(path)
    data = _unpack(path) if packed else path.read_bytes()
    _refuse_traps(path, data)
    parser = XMLParser()  # noqa: S314 - document types and entities were refused above
    try:
        parser.feed(data)
        root = parser.close()
    except ParseError as error:  # it minds name spaces, and the look before does not
        raise FormatError(f"The XML is broken: {error}.", where=str(path)) from error
    if _local(root) != "kml" and not any(_local(e) == "Placemark" for e in root.iter()):
        raise FormatError("The XML is not KML: it has no Placemark.", where=str(path))
    raw = RawFile(path, "KMZ" if packed else "KML")
    for number, element in enumerate(_all(root, "Placemark"), 1):
        raw.features.append(_placemark(number, element))
    return raw


def _unpack(path: Path) -> bytes:
    """Read the first .kml of a KMZ, never more than the cap whatever the zip's header says."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.lower().endswith(".kml")]
            if archive.getinfo(names[0]).compress_type == zipfile.ZIP_LZMA:
                raise FormatError(
                    "The KMZ is packed by LZMA, which may ask for any memory.", where=str(path),
                    hint="Unpack it by other means and import the .kml inside.",
                )  # fmt: skip
            with archive.open(names[0]) as file:
                data = file.read(MAX_UNPACKED + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        said = str(error) or "it ends too early"
        raise FormatError(f"The KMZ cannot be unpacked ({said}).", where=str(path)) from error
    if len(data) > MAX_UNPACKED:
        raise InputError(
            f"The KMZ unpacks to more than {MAX_UNPACKED // 10**6} MB.",
            where=str(path),
            hint="Import the .kml inside, cut to the watch area.",
        )
    return data


class _EntityError(Exception):
    """A document type was met."""


class _DepthError(Exception):
    """Elements stand in elements in elements."""


def _refuse_traps(path: Path, data: bytes) -> None:
    """Run over the XML once, and stop at a document type, where entities are declared.

    Nor may elements stand too deep in each other: what a placemark holds is looked for in all that
    is in it, and placemarks in placemarks would be looked through again and again.
    """
    depth = 0

    def refuse(*_: object) -> None:
        raise _EntityError

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH:
            raise _DepthError

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except _EntityError as error:
        raise InputError(
            "The KML declares a document type or entities, which can hide a bomb.",
            where=str(path),
            hint="Remove the <!DOCTYPE ...> part.",
        ) from error
    except _DepthError as error:
        raise FormatError(
            f"The XML is nested more than {MOST_DEPTH} deep.", where=str(path)
        ) from error
    except expat.ExpatError as error:
        raise FormatError(
            f"The XML is broken: {expat.ErrorString(error.code)}.",
            where=f"{path}, line {error.lineno}, column {error.offset}",
        ) from error
    except (ValueError, LookupError) as error:
        raise FormatError(f"The XML cannot be decoded ({error}).", where=str(path)) from error


def _local(element: Element) -> str:
    """Give a tag without its name space."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _all(element: Element, name: str) -> list[Element]:
    """List descendants by tag, whatever the name space."""
    return [e for e in element.iter() if _local(e) == name]


def _placemark(number: int, element: Element) -> RawFeature:
    """Read one placemark: name, description, extended data, geometry."""
    feature = RawFeature(f"placemark {number}", {})
    for child in element:
        if _local(child) in ("name", "description") and child.text and child.text.strip():
            feature.properties[_local(child)] = child.text.strip()
    for data in _all(element, "Data") + _all(element, "SimpleData"):
        value = data.text if _local(data) == "SimpleData" else None
        for part in _all(data, "value"):
            value = part.text
        if data.get("name"):
            feature.properties[data.get("name", "")] = (value or "").strip()
    if element.get("id"):
        feature.properties.setdefault("id", element.get("id"))
    try:
        parts = _parts(element)
        if not parts:
            raise GeometryFaultError("null_geometry")
        value_ = parts[0]
        if len(parts) > 1:
            value_ = {"type": "GeometryCollection", "geometries": parts}
        feature.shape = geojson_geometry(value_)
    except GeometryFaultError as error:
        feature.fault = error.reason
    return feature


def _parts(element: Element) -> list[dict[str, Any]]:
    """List a placemark's geometries as GeoJSON."""
    parts: list[dict[str, Any]] = []
    for shape in element.iter():
        name = _local(shape)
        if name in ("Point", "LineString"):
            points = _coordinates(shape)
            body = points[0] if name == "Point" and points else points
            parts.append({"type": name, "coordinates": body})
        elif name == "Polygon":
            outer = [_coordinates(b) for b in _all(shape, "outerBoundaryIs")]
            inner = [_coordinates(b) for b in _all(shape, "innerBoundaryIs")]
            parts.append({"type": "Polygon", "coordinates": outer[:1] + inner})
    return parts


def _coordinates(shape: Element) -> list[list[float]]:
    """Read `lon,lat[,height]` tuples apart by white space."""
    text = " ".join(e.text or "" for e in _all(shape, "coordinates"))
    try:
        points = [[float(x) for x in part.split(",") if x] for part in text.split()]
    except ValueError as error:
        raise GeometryFaultError("not_a_geometry") from error
    if not points:
        raise GeometryFaultError("empty_geometry")
    return points
