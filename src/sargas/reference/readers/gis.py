"""Shapefile (also zipped), GML, FlatGeobuf, TopoJSON, GPX and S-57, through the `gis` extra."""

from __future__ import annotations

import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

from sargas.errors import FormatError, UsageError
from sargas.reference.geometry import GeometryFaultError, from_wkb
from sargas.reference.readers.raw import MAX_BYTES, RawFeature, RawFile, crs_name, safe

GIS_HINT = "Install it in the clone of sargas: pip install '.[gis]'"


def read(path: Path) -> RawFile:
    """Read every layer with geometry of a file that GDAL knows.

    Raises:
        UsageError: the `gis` extra is not installed.
        FormatError: GDAL cannot read the file.
    """
    try:
        pyogrio: Any = import_module("pyogrio")
    except ImportError as error:
        raise UsageError(
            f"Reading {path.suffix or 'this file'} needs the 'gis' extra.",
            where=str(path),
            hint=f"{GIS_HINT}, or export the data as GeoPackage or GeoJSON, which need nothing.",
        ) from error
    if path.suffix.lower() == ".zip":
        _check_unpacked_size(path)
    raw = RawFile(path, "file")
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        systems: set[str] = set()
        for layer in layers:
            systems.add(_read_layer(pyogrio, path, layer, raw, many=len(layers) > 1))
    # GDAL's own errors are RuntimeErrors; what pyogrio trips over in a damaged file is a NameError.
    except (ValueError, RuntimeError, NameError) as error:
        raise FormatError(
            f"GDAL cannot read the file: {safe(error, 200)}", where=str(path)
        ) from error
    if len(systems) > 1:
        raise FormatError("The layers use different reference systems.", where=str(path))
    raw.crs = systems.pop() if systems else ""
    return raw


def _check_unpacked_size(path: Path) -> None:
    """Refuse a zip that says it unpacks to more than the cap."""
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > MAX_BYTES:
        raise FormatError(f"The zip unpacks to {size / 1e6:.0f} MB.", where=str(path))


def _read_layer(pyogrio: Any, path: Path, layer: str, raw: RawFile, *, many: bool) -> str:  # noqa: ANN401
    """Read one layer; its reference system is returned."""
    about = pyogrio.read_info(path, layer=layer)
    raw.format = str(about["driver"])
    meta, _, geometries, columns = pyogrio.raw.read(path, layer=layer)
    names = [str(n) for n in meta["fields"]]
    for number in range(len(geometries)):
        properties = {n: _plain(c[number]) for n, c in zip(names, columns, strict=True)}
        if many:
            properties.setdefault("layer", layer)
        feature = RawFeature(f"layer {safe(layer)}, row {number + 1}", properties)
        try:
            if geometries[number] is None:
                raise GeometryFaultError("null_geometry")
            feature.shape = from_wkb(geometries[number])
        except GeometryFaultError as error:
            feature.fault = error.reason
        raw.features.append(feature)
    return crs_name(meta["crs"])


def _plain(value: Any) -> Any:  # noqa: ANN401 - numpy scalar or object
    """Turn a numpy value into a Python one, NaN into None."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value
