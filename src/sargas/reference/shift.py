"""How far two lines of one asset lie apart, and which assets run along each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.model.assets import Asset, chains
from sargas.model.geodesy import distance_m

SPACING_M = 500.0
MOST_SAMPLES = 5000
NEAR_M = 500.0
SAME_SHARE = 0.8
OVERLAP_SAMPLES = 200
_DEGREE_M = 111_320.0


def _samples(geometry: Any, most: int = MOST_SAMPLES) -> NDArray[np.float64]:  # noqa: ANN401
    """Give points along a geometry's lines, (n, 2) degrees: every 500 m, or about `most`."""
    spacing = max(SPACING_M / _DEGREE_M, float(shapely.length(geometry)) / most)
    dense = [
        shapely.get_coordinates(shapely.segmentize(shapely.linestrings(c), spacing))
        if len(c) > 1
        else c
        for c in chains(geometry)
    ]
    return np.vstack(dense)


def _lines(geometry: Any, squeeze: float) -> Any:  # noqa: ANN401 - shapely is untyped
    """Give a geometry's lines with longitudes squeezed, so that the plane is near true."""
    parts = [
        shapely.linestrings(c * (squeeze, 1.0))
        if len(c) > 1
        else shapely.points(c[0] * (squeeze, 1.0))
        for c in chains(geometry)
    ]
    return shapely.geometrycollections(parts)


def _offsets_m(points: NDArray[np.float64], geometry: Any) -> NDArray[np.float64]:  # noqa: ANN401
    """Measure from each point to a geometry's lines: foot in a plane, metres on the ellipsoid."""
    squeeze = math.cos(math.radians(float(points[:, 1].mean())))
    flat = shapely.points(points * (squeeze, 1.0))
    ways = shapely.shortest_line(flat, _lines(geometry, squeeze))
    feet = shapely.get_coordinates(ways)[1::2] / (squeeze, 1.0)
    return np.array(
        [distance_m(*p, *f) for p, f in zip(points, feet, strict=True)], dtype=np.float64
    )


def shift_m(before: Any, after: Any) -> tuple[float, float]:  # noqa: ANN401
    """Measure how far a line has moved.

    Args:
        before, after: geometries in degrees.

    Returns:
        (median, largest) offset in metres, of points every 500 m on each of the two lines from
        the other one; a line that grew longer shows in the largest.

    Example:
        >>> old = shapely.from_wkt("LINESTRING (20 57, 20 58)")
        >>> new = shapely.from_wkt("LINESTRING (20.1 57, 20.1 58)")
        >>> median, largest = shift_m(old, new)
        >>> 5900 < median < 6050 and largest < 6150
        True
    """
    there, back = _offsets_m(_samples(after), before), _offsets_m(_samples(before), after)
    both = np.concatenate([there, back])
    return float(np.median(both)), float(both.max())


@dataclass(frozen=True)
class Overlap:
    """Two assets that may be one: a proposal for a person, for parallel cables are common.

    Attributes:
        id, other_id: the new asset and the one already known.
        share: share of the new line within 500 m of the other.
        keep: id of the one with the better accuracy.
    """

    id: str
    other_id: str
    share: float
    keep: str


def find_overlaps(new: Iterable[Asset], known: Sequence[Asset]) -> list[Overlap]:
    """Find known assets of the same kind of geometry that new ones run along.

    Each new line is tried at some 200 points, in a plane that is true at its middle latitude: on
    a line of 1,000 km from south to north the 500 m become 425 to 575 at its ends.
    """
    if not known:
        return []
    tree = shapely.STRtree([a.geometry for a in known])
    near = NEAR_M / _DEGREE_M
    out = []
    for asset in new:
        points = _samples(asset.geometry, OVERLAP_SAMPLES)
        squeeze = math.cos(math.radians(float(points[:, 1].mean())))
        flat = shapely.points(points * (squeeze, 1.0))
        area = shapely.box(*asset.geometry.bounds).buffer(2.0 * near)
        for index in sorted(int(i) for i in tree.query(area, predicate="intersects")):
            other = known[index]
            same = shapely.get_dimensions(other.geometry) == shapely.get_dimensions(asset.geometry)
            if not same or (other.source, other.source_ref) == (asset.source, asset.source_ref):
                continue
            lines = _lines(other.geometry, squeeze)
            shapely.prepare(lines)
            share = float(shapely.dwithin(lines, flat, near).mean())
            if share >= SAME_SHARE:
                keep = asset.id if asset.accuracy_m <= other.accuracy_m else other.id
                out.append(Overlap(asset.id, other.id, round(share, 3), keep))
    return out
