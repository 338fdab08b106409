"""GeoJSON, and the JSON answer of an Overpass query (`out geom`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sargas.errors import FormatError
from sargas.reference.geometry import GeometryFaultError, geojson_geometry
from sargas.reference.readers.raw import RawFeature, RawFile, crs_name

_METADATA = (
    "licence",
    "license",
    "attribution",
    "accuracy_m",
    "source",
    "version",
    "name",
    "title",
)


def read(path: Path) -> RawFile:
    """Read GeoJSON or Overpass JSON.

    Raises:
        FormatError: no JSON, or JSON of another kind.
    """
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FormatError(f"The text is not UTF-8 ({error}).", where=str(path)) from error
    except json.JSONDecodeError as error:
        raise _broken(path, error) from error
    except RecursionError as error:
        raise FormatError("The JSON is nested too deep.", where=str(path)) from error
    except ValueError as error:
        raise FormatError(f"The JSON cannot be read ({error}).", where=str(path)) from error
    if isinstance(document, dict) and isinstance(document.get("elements"), list):
        return _overpass(path, document)
    return _geojson(path, document)


def _broken(path: Path, error: json.JSONDecodeError) -> FormatError:
    """Say whether the text ends too early or is wrong in its midst."""
    where = f"{path}, line {error.lineno}, column {error.colno}"
    unclosed = error.msg.startswith("Unterminated string")
    if unclosed or error.pos >= len(error.doc.rstrip()):
        hint = "Save or download it again."
        return FormatError("The JSON breaks off: the file ends too early.", where=where, hint=hint)
    reason = error.msg.removesuffix(" at")  # the parser's own words lead up to a number
    return FormatError(f"The JSON is wrong here: {reason}.", where=where)


def _geojson(path: Path, document: Any) -> RawFile:  # noqa: ANN401 - JSON has any shape
    """Read a FeatureCollection, one Feature, or a bare geometry."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        features = document["features"]
    elif kind == "Feature":
        features = [document]
    elif kind is not None and ("coordinates" in document or "geometries" in document):
        features = [{"type": "Feature", "properties": {}, "geometry": document}]
    else:
        raise FormatError(
            "The JSON is neither GeoJSON nor an Overpass answer.",
            where=str(path),
            hint='GeoJSON begins with {"type": "FeatureCollection", "features": [...]}.',
        )
    raw = RawFile(path, "GeoJSON", crs=_crs(document))
    inner = document.get("metadata")
    for level in (document, inner if isinstance(inner, dict) else {}):
        raw.metadata.update({k: level[k] for k in _METADATA if level.get(k) is not None})
    raw.metadata.update(
        {"sargas": inner["sargas"]} if isinstance(inner, dict) and "sargas" in inner else {}
    )
    raw.features = [_feature(number, value) for number, value in enumerate(features, 1)]
    return raw


def _crs(document: dict[str, Any]) -> str:
    """Read the old `crs` member, which RFC 7946 dropped and many programs still write."""
    crs = document.get("crs")
    if not isinstance(crs, dict):
        return ""
    properties = crs.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    return crs_name(name if name is not None else json.dumps(crs))


def _feature(number: int, value: Any) -> RawFeature:  # noqa: ANN401
    """Read one feature."""
    where = f"feature {number}"
    if not isinstance(value, dict):
        return RawFeature(where, {}, fault="not_a_feature")
    properties = value.get("properties")
    feature = RawFeature(where, dict(properties) if isinstance(properties, dict) else {})
    if value.get("id") is not None:
        feature.properties.setdefault("id", value["id"])
    try:
        feature.shape = geojson_geometry(value.get("geometry"))
    except GeometryFaultError as error:
        feature.fault = error.reason
    return feature


def _overpass(path: Path, document: dict[str, Any]) -> RawFile:
    """Read ways and relations with geometry.

    A way that belongs to a relation in the answer is left to the relation. Ways of one name and
    the same tags of kind are joined later, when assets are made of them.
    """
    raw = RawFile(path, "Overpass JSON", metadata={"source": "OpenStreetMap (Overpass)"})
    raw.metadata["overpass"] = True
    about = document.get("osm3s")
    about = about if isinstance(about, dict) else {}
    copyright_text = str(about.get("copyright") or "")
    if "odbl" in copyright_text.lower() or "openstreetmap" in copyright_text.lower():
        raw.metadata["licence"] = "ODbL-1.0"
        raw.metadata["attribution"] = "© OpenStreetMap contributors"
    stamp = about.get("timestamp_osm_base")
    if stamp:
        raw.metadata["source"] = f"OpenStreetMap (Overpass, {stamp})"
    elements = [e for e in document["elements"] if isinstance(e, dict)]
    in_relation = {
        str(member.get("ref"))  # it may be anything
        for e in elements
        if e.get("type") == "relation"
        for member in _list(e.get("members"))
        if member.get("type") == "way" and member.get("geometry")
    }
    for number, element in enumerate(elements, 1):
        raw.features.append(_element(number, element, in_relation))
    odd = len(document["elements"]) - len(elements)
    raw.features.extend(RawFeature("element", {}, fault="not_a_feature") for _ in range(odd))
    return raw


def _list(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Give the dictionaries of a list; nothing for anything else."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _element(number: int, element: dict[str, Any], in_relation: set[str]) -> RawFeature:
    """Read one element of an Overpass answer."""
    kind, osm_id = element.get("type"), element.get("id")
    feature = RawFeature(f"element {number} ({kind}/{osm_id})", {})
    tags = element.get("tags")
    if isinstance(tags, dict):
        feature.properties.update(tags)
    feature.properties["source_ref"] = f"osm:{kind}/{osm_id}"
    if kind == "node":
        feature.fault = "node_not_read"
        return feature
    if kind == "way" and str(osm_id) in in_relation:
        feature.fault = "part_of_relation"
        return feature
    members = _list(element.get("members")) if kind == "relation" else [element]
    lines = [_positions(m.get("geometry")) for m in members if m.get("type", "way") == "way"]
    lines = [line for line in lines if line]
    if not lines:
        feature.fault = "null_geometry"
        return feature
    shape = {"type": "MultiLineString", "coordinates": lines}
    if len(lines) == 1:
        shape = {"type": "LineString", "coordinates": lines[0]}
    try:
        feature.shape = geojson_geometry(shape)
    except GeometryFaultError as error:
        feature.fault = error.reason
    return feature


def _positions(geometry: Any) -> list[list[Any]]:  # noqa: ANN401
    """Read a way's points; Overpass writes null for points outside the box asked for."""
    return [[p.get("lon"), p.get("lat")] for p in _list(geometry)]
