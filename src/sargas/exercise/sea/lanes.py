"""Lanes and the ways through them: from a port to a port, on the right-hand side.

The network is `data/lanes.json` (tools/build_lanes.py). A suite may shift its bends and prefer
other legs, so that no two suites sail the same lanes.
"""

from __future__ import annotations

import heapq
import json
import math
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.errors import InputError
from sargas.exercise.sea.waters import MOST_IN_BEND, land_m, round_bends, scales
from sargas.model.geodesy import metres_per_degree
from sargas.reference import shipped_geography

VERTEX = np.dtype([("lon", "f8"), ("lat", "f8"), ("way_m", "f8"), ("course_deg", "f8")])
"""A point of a way: degrees, metres from its start, course there."""
ASTRAY_DEG = 45.0
"""No piece of a line moved aside turns further from the piece it was moved from."""
Points = NDArray[np.float64]

PIECE_M = 2000.0
NEAR_M = 300.0
"""No way comes nearer to land than this, besides at its berths."""
SIDE_FROM_M, SIDE_FULL_M = 1000.0, 7000.0
"""A way leaves the middle of the lane where land is this far off, and in full from there on."""
TURN_M = 3000.0
"""Radius of a bend: 12 knots through 30 degrees take 4 minutes."""


@dataclass(frozen=True)
class Place:
    """A port, or a gate through which ships leave the simulated sea."""

    name: str
    lon: float
    lat: float
    weight: float
    is_gate: bool


@dataclass(frozen=True)
class Lanes:
    """A suite's network of lanes.

    Attributes:
        ports: places with a weight, in the order of the file.
        legs: for each place, the next places with the length in metres as preferred, and points.
    """

    ports: tuple[Place, ...]
    legs: dict[str, list[tuple[str, float, Points]]]
    _found: dict[tuple[str, str], Points] = field(default_factory=dict)

    def way(self, start: str, end: str) -> Points:
        """Give the middle of the preferred way between two places: (n, 2) degrees, bends rounded.

        Raises:
            InputError: no lanes join them.
        """
        key = (start, end)
        if key not in self._found:
            self._found[key] = middle_of(self._search(start, end))
        return self._found[key]

    def _search(self, start: str, end: str) -> Points:
        """Find the shortest way (Dijkstra)."""
        berths = {p.name for p in self.ports}
        best = {start: 0.0}
        before: dict[str, tuple[str, Points]] = {}
        heap = [(0.0, start)]
        while heap:
            spent, at = heapq.heappop(heap)
            if at == end:
                break
            if at in berths and at != start:
                continue  # no ship sails through a port on its way to another
            for to, length, points in self.legs[at]:
                if spent + length < best.get(to, math.inf):
                    best[to] = spent + length
                    before[to] = (at, points)
                    heapq.heappush(heap, (spent + length, to))
        if end not in before:
            raise InputError(f"No lanes join {start} and {end}.", where="lanes.json")
        parts = []
        at = end
        while at != start:
            at, points = before[at]
            parts.append(points)
        joined = [parts[-1][:1], *(p[1:] for p in reversed(parts))]
        return np.concatenate(joined)


@cache
def network() -> dict[str, Any]:
    """Read the shipped network."""
    file = resources.files("sargas.exercise").joinpath("data").joinpath("lanes.json")
    return dict(json.loads(file.read_text("utf-8")))


@cache
def load_lanes(seed: int, shift_m: float, preference: float) -> Lanes:
    """Make a suite's lanes.

    Args:
        seed: of the shifts and preferences.
        shift_m: how far the bends of lanes are moved at most; less beside land.
        preference: legs count as up to this share longer or shorter than they are.
    """
    rng = np.random.default_rng((seed, 1))
    told = network()
    ports = tuple(
        Place(name, p["lon"], p["lat"], p["weight"], p["gate"])
        for name, p in told["places"].items()
        if p["weight"] > 0
    )
    fixed = {(p.lon, p.lat) for p in ports}
    moved: dict[tuple[float, float], tuple[float, float]] = {}
    legs: dict[str, list[tuple[str, float, Points]]] = {name: [] for name in told["places"]}
    for lane in told["lanes"]:
        way = []
        for lon, lat in lane["way"]:
            if (lon, lat) not in moved:
                here = (lon, lat) in fixed
                moved[lon, lat] = (lon, lat) if here else _shifted(rng, lon, lat, shift_m)
            way.append(moved[lon, lat])
        points = np.array(way)
        if not _is_clear(points):
            points = np.array(lane["way"])
            for p in lane["way"]:
                moved[tuple(p)] = tuple(p)
        length = _length_m(points) * (1.0 + preference * rng.uniform(-1.0, 1.0))
        a, b = lane["ends"]
        legs[a].append((b, length, points))
        legs[b].append((a, length, points[::-1].copy()))
    return Lanes(ports, legs)


def _shifted(
    rng: np.random.Generator, lon: float, lat: float, shift_m: float
) -> tuple[float, float]:
    """Move a bend, by no more than a quarter of the way to land."""
    off_m = shipped_geography().land_distance.at(lon, lat)
    most = min(shift_m, 0.25 * max(0.0, off_m - 2000.0))
    angle, far = rng.uniform(0.0, 2.0 * math.pi), most * math.sqrt(rng.uniform())
    kx, ky = metres_per_degree(lat)
    return lon + far * math.sin(angle) / kx, lat + far * math.cos(angle) / ky


def _is_clear(points: Points) -> bool:
    """Tell whether straight pieces through the points keep off land."""
    return bool((land_m(resampled(points, 400.0)) >= NEAR_M).all())


def _length_m(points: Points) -> float:
    """Measure a way."""
    return float(_steps_m(points).sum())


def _steps_m(points: Points) -> NDArray[np.float64]:
    """Measure between neighbouring points."""
    steps: NDArray[np.float64] = np.hypot(*_pieces_m(points).T)
    return steps


def _pieces_m(points: Points) -> NDArray[np.float64]:
    """Give the pieces between neighbouring points as metres east and north: (n - 1, 2)."""
    return np.diff(points, axis=0) * scales(0.5 * (points[1:, 1] + points[:-1, 1]))


def resampled(points: Points, piece_m: float) -> Points:
    """Put points in between, so that no piece is longer than `piece_m`."""
    n = np.maximum(1, np.ceil(_steps_m(points) / piece_m)).astype(np.int64)
    piece = np.repeat(np.arange(len(n)), n)
    share = (np.arange(len(piece)) - np.repeat(np.cumsum(n) - n, n)) / n[piece]
    inner = points[piece] + (points[piece + 1] - points[piece]) * share[:, None]
    return np.concatenate([inner, points[-1:]])


def rounded(points: Points, radius_m: float = TURN_M) -> Points:
    """Round the bends, so that a ship takes minutes to turn.

    Args:
        points: (n, 2) degrees. radius_m: of the bends, less where pieces are short.
    """
    room = np.maximum(0.0, land_m(points) - NEAR_M)
    out = np.empty((len(points) * (MOST_IN_BEND + 1), 2))
    n = round_bends(np.ascontiguousarray(points), room, radius_m, out)
    return out[:n].copy()


def _courses_deg(points: Points) -> NDArray[np.float64]:
    """Give the course of each piece."""
    east, north = _pieces_m(points).T
    course: NDArray[np.float64] = np.degrees(np.arctan2(east, north)) % 360.0
    return course


def _bends_deg(points: Points) -> NDArray[np.float64]:
    """Give by how much the course changes at each inner point, -180 to 180."""
    bends: NDArray[np.float64] = (np.diff(_courses_deg(points)) + 180.0) % 360.0 - 180.0
    return bends


def middle_of(points: Points) -> Points:
    """Round the bends of a way through places, with points at even distances."""
    return resampled(rounded(points), PIECE_M)


def sided(points: Points, side_m: float) -> Points:
    """Move a way to starboard of the middle where there is room for it.

    Args:
        points: (n, 2) degrees, no piece longer than `PIECE_M`.
        side_m: metres to starboard, negative to port.
    """
    off = land_m(points)
    room = np.clip((off - SIDE_FROM_M) / (SIDE_FULL_M - SIDE_FROM_M), 0.0, 1.0)
    way = np.concatenate([[0.0], np.cumsum(_steps_m(points))])
    ends = np.clip(np.minimum(way, way[-1] - way) / 12_000.0, 0.0, 1.0)
    room = np.minimum(room, ends)
    if len(room) > 8:  # gently, or ships would swerve at every islet
        least = np.min([np.roll(room, k) for k in range(-3, 4)], axis=0)
        least[[0, -1]] = 0.0
        room = np.convolve(np.pad(least, 3, mode="edge"), np.full(7, 1 / 7), "valid")
        room = np.minimum(room, np.clip(np.minimum(way, way[-1] - way) / 4000.0, 0.0, 1.0))
    along = np.gradient(points, axis=0) * np.cos(np.radians(points[:, 1]))[:, None] ** [1, 0]
    along /= np.maximum(np.hypot(*along.T), 1e-12)[:, None]
    scale = scales(points[:, 1])
    right = np.column_stack([along[:, 1], -along[:, 0]])
    moved = points + right * (side_m * room)[:, None] / scale
    # Where the side would bring it near land, it stays in the middle.
    near = ~(land_m(moved) >= np.minimum(NEAR_M, off))
    moved[near] = points[near]
    return _untangled(moved, _courses_deg(points))


def _untangled(moved: Points, course_deg: NDArray[np.float64]) -> Points:
    """Leave out the loops that a line moved aside makes on the inner side of a bend.

    Args:
        moved: (n, 2) degrees. course_deg: (n - 1,) of the pieces before they were moved.
    """
    ahead = np.append(course_deg, course_deg[-1])
    for _ in range(8):
        off = (_courses_deg(moved) - ahead[:-1] + 180.0) % 360.0 - 180.0
        astray = np.abs(off) > ASTRAY_DEG
        if not astray.any() or len(moved) < 4:
            break
        keep = np.ones(len(moved), bool)
        keep[1:-1] = ~astray[:-1]
        moved, ahead = moved[keep], ahead[keep]
    return moved


def vertices(points: Points) -> NDArray[np.void]:
    """Make a way ready to be sailed: (n,) `VERTEX`."""
    keep = np.append(True, _steps_m(points) > 1.0)
    points = points[keep]
    out = np.zeros(len(points), VERTEX)
    out["lon"], out["lat"] = points.T
    out["way_m"][1:] = np.cumsum(_steps_m(points))
    course = _courses_deg(points)
    out["course_deg"][0], out["course_deg"][-1] = course[0], course[-1]
    out["course_deg"][1:-1] = (course[:-1] + 0.5 * _bends_deg(points)) % 360.0
    return out


def sailable(middle: Points, side_m: float) -> NDArray[np.void]:
    """Turn the middle of a way into one a ship sails: on its side of the lane, bends rounded.

    Args:
        middle: (n, 2) from `middle_of`. side_m: metres to starboard.
    """
    # The side is a bend of its own; rounding it again keeps courses from breaking.
    return vertices(resampled(rounded(sided(middle, side_m), 0.5 * TURN_M), PIECE_M))
