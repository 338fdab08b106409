"""Geometry from outside: read it whatever its state, mend it, and say what was mended.

Everything here is hostile until cleaned: rings that do not close, lines of one point, polygons
that cross themselves, heights, numbers that are not finite, null on purpose.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError  # type: ignore[attr-defined]

from sargas.errors import InputError
from sargas.reference.nesting import MAX_DEPTH, is_binary_too_deep, is_text_too_deep


class GeometryFaultError(InputError):
    """A geometry cannot be used.

    Args:
        reason: a counter word: `null_geometry`, `not_a_geometry`, `curved_geometry`,
            `not_finite`, `line_of_one_point`, `empty_geometry`, `invalid_geometry`.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason.replace("_", " "))


class Shape:
    """A geometry as read, with what had to be mended to read it.

    Attributes:
        geometry: shapely; None when there is none.
        mended: words: `ring_closed`, `made_valid`, `parts_dropped`.
        noted: words for what was left out without harm: `z_dropped`.
    """

    __slots__ = ("geometry", "mended", "noted")

    def __init__(self, geometry: Any) -> None:  # noqa: ANN401 - shapely is untyped
        self.geometry = geometry
        self.mended: set[str] = set()
        self.noted: set[str] = set()


def from_wkt(text: str) -> Shape:
    """Read well-known text, with or without the prefix `SRID=4326;`.

    Raises:
        GeometryFaultError: empty, nested too deep, curved, or not WKT.
    """
    body = text.strip()
    if body[:5].upper() == "SRID=":
        body = body.partition(";")[2]
    if is_text_too_deep(body):
        raise GeometryFaultError("not_a_geometry")
    return _read(shapely.from_wkt, body)


def from_wkb(data: bytes) -> Shape:
    """Read well-known binary.

    Raises:
        GeometryFaultError: empty, nested too deep, curved, or not WKB.
    """
    if is_binary_too_deep(data):
        raise GeometryFaultError("not_a_geometry")
    return _read(shapely.from_wkb, data)


def _read(read: Callable[..., Any], body: str | bytes) -> Shape:
    """Read as it stands; where that fails, let GEOS close the rings."""
    if not body:
        raise GeometryFaultError("null_geometry")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            geometry = read(body, on_invalid="ignore")
            shape = Shape(geometry)
            if geometry is None:
                shape = Shape(read(body, on_invalid="fix"))
                shape.mended.add("ring_closed")
    except NotImplementedError as error:  # arcs, as a GeoPackage may hold: shapely has none
        raise GeometryFaultError("curved_geometry") from error
    if shape.geometry is None:
        raise GeometryFaultError("not_a_geometry")
    return shape


def geojson_geometry(value: object) -> Shape:
    """Build a geometry from a GeoJSON object, point by point, so that no fault in it raises.

    Raises:
        GeometryFaultError: null, or no geometry at all.
    """
    if value is None:
        raise GeometryFaultError("null_geometry")
    shape = Shape(None)
    try:
        shape.geometry = _build(value, shape, 0)
    except (TypeError, ValueError, KeyError, OverflowError, ShapelyError) as error:
        raise GeometryFaultError("not_a_geometry") from error
    return shape


def _build(value: Any, shape: Shape, depth: int) -> Any:  # noqa: ANN401 - JSON and shapely
    """Build one geometry object; anything unexpected raises ValueError, TypeError or KeyError."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    kind = value["type"]
    if kind == "GeometryCollection":
        return shapely.geometrycollections(
            [_build(part, shape, depth + 1) for part in value["geometries"]]
        )
    body = value["coordinates"]
    if kind == "Point":
        return shapely.points(_points([body], shape)[0])
    if kind == "MultiPoint":
        return shapely.multipoints(_points(body, shape))
    if kind == "LineString":
        return _line(body, shape)
    if kind == "MultiLineString":
        return shapely.multilinestrings([_line(part, shape) for part in body])
    if kind == "Polygon":
        return _polygon(body, shape)
    if kind == "MultiPolygon":
        return shapely.multipolygons([_polygon(part, shape) for part in body])
    raise ValueError(f"unknown type {kind!r}")


def _points(body: Any, shape: Shape) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401
    """Read positions as (n, 2), heights left out."""
    if any(isinstance(x, (str, bool)) for position in body for x in position):
        raise ValueError("a coordinate is not a number")
    if any(len(position) > 2 for position in body):
        shape.noted.add("z_dropped")
    points = np.array([position[:2] for position in body], dtype=np.float64)
    if points.size == 0:
        raise GeometryFaultError("empty_geometry")
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError("positions need two numbers")
    if not np.isfinite(points).all():
        raise GeometryFaultError("not_finite")
    return points


def _line(body: Any, shape: Shape) -> Any:  # noqa: ANN401
    """Build a line; one point makes a line without length, which cleaning then refuses."""
    points = _points(body, shape)
    return shapely.linestrings(points if len(points) > 1 else np.repeat(points, 2, axis=0))


def _polygon(body: Any, shape: Shape) -> Any:  # noqa: ANN401
    """Build a polygon, its rings closed where they are not."""
    rings = []
    for part in body:
        points = _points(part, shape)
        if not np.array_equal(points[0], points[-1], equal_nan=True):
            points = np.vstack([points, points[:1]])
            shape.mended.add("ring_closed")
        while len(points) < 4:
            points = np.vstack([points, points[-1:]])
        rings.append(shapely.linearrings(points))
    if not rings:
        raise GeometryFaultError("empty_geometry")
    return shapely.polygons(rings[0], holes=rings[1:] or None)


def clean(shape: Shape) -> Shape:
    """Make a geometry fit for use: flat, finite, valid, of one dimension.

    Returns:
        The same shape, with what was mended added to its words.

    Raises:
        GeometryFaultError: it cannot be mended.

    Example:
        >>> bow = clean(from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"))
        >>> bow.geometry.geom_type, bow.mended
        ('MultiPolygon', {'made_valid'})
    """
    geometry = shape.geometry
    if geometry is None or geometry.is_empty:
        raise GeometryFaultError("null_geometry" if geometry is None else "empty_geometry")
    if geometry.has_z:
        shape.noted.add("z_dropped")
    geometry = shapely.force_2d(geometry)
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise GeometryFaultError("not_finite")
    dimension = shapely.get_dimensions(geometry)
    if not geometry.is_valid:
        geometry = shapely.make_valid(geometry)
        shape.mended.add("made_valid")
    shape.geometry = _of_dimension(geometry, dimension, shape)
    return shape


def _of_dimension(geometry: Any, dimension: int, shape: Shape) -> Any:  # noqa: ANN401
    """Keep a collection's parts of the given dimension."""
    if geometry.geom_type != "GeometryCollection" and shapely.get_dimensions(geometry) == dimension:
        return geometry
    kept = [p for p in _leaves(geometry) if shapely.get_dimensions(p) == dimension]
    if not kept:
        raise GeometryFaultError("line_of_one_point" if dimension == 1 else "invalid_geometry")
    shape.mended.add("parts_dropped")
    return shapely.multipolygons(kept) if dimension == 2 else (
        shapely.multilinestrings(kept) if dimension == 1 else shapely.multipoints(kept)
    )  # fmt: skip


def _leaves(geometry: Any) -> list[Any]:  # noqa: ANN401
    """List the single parts of nested collections."""
    if not hasattr(geometry, "geoms"):
        return [geometry]
    return [leaf for part in geometry.geoms for leaf in _leaves(part)]
