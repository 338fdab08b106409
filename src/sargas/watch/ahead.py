"""What lies ahead: the assets, the coast and the ports on a vessel's present course.

A rhumb line is cast from the vessel in steps of a kilometre, and two more at a small angle to
either side; what crosses the first lies ahead, what crosses only the others lies ahead if the
course changes a little. A line ends where it runs ashore, so nothing behind a coast is named.

What it cannot see: a planned alteration of course, a lane that bends, and how far an asset truly
lies from its drawn line (that is `accuracy_m` of the asset, see `model.assets`).

Source: own; rhumb lines are made of short steps on the local tangent plane (`model.geodesy`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import NextAsset
from sargas.model.geodesy import (
    KN_MS,
    angle_between_deg,
    bearing_deg,
    metres_per_degree,
    point_segment,
    segments_cross,
    short_distance_m,
    step_along,
)
from sargas.model.jit import kernel
from sargas.reference.grid import sample
from sargas.watch.locate import CELL_LAT_DEG, CELL_LON_DEG, Ground, PieceIndex
from sargas.watch.rules import Rules

if TYPE_CHECKING:
    from sargas.watch.detect.base import Surroundings

STEP_M = 1000.0
"""Below half a cell of the index, so that a step touches four cells at most."""
ASHORE_M = -300.0
"""This far inside the coastline a line has run ashore; the grid's own error is about as large."""


class Horizon(NamedTuple):
    """How far to look: metres and hours, whichever ends first, and degrees to either side."""

    reach_m: float
    hours: float
    fan_deg: float


class Speeds(NamedTuple):
    """Speeds in knots by which times ahead are told: now, and the limits of what to expect."""

    now_kn: float
    fast_kn: float | None = None
    slow_kn: float | None = None


class AssetAhead(NamedTuple):
    """An asset on or near the present course.

    Attributes:
        asset: index in the asset set.
        distance_m: along the course to the first crossing.
        lon, lat: degrees, where.
        on_course: whether the present course itself crosses it, or only one beside it.
    """

    asset: int
    distance_m: float
    lon: float
    lat: float
    on_course: bool


@kernel
def mark_step(
    entries: NDArray[np.int32],
    asset: NDArray[np.int32],
    lon1: NDArray[np.float64],
    lat1: NDArray[np.float64],
    lon2: NDArray[np.float64],
    lat2: NDArray[np.float64],
    buffer_m: NDArray[np.float64],
    step: tuple[float, float, float, float],
    gone_m: float,
    along_m: NDArray[np.float64],
    at_lon: NDArray[np.float64],
    at_lat: NDArray[np.float64],
) -> None:
    """Note where one short step crosses the pieces of one cell.

    Args:
        entries: (e,) piece numbers. asset, lon1, lat1, lon2, lat2, buffer_m: (p,) the pieces.
        step: longitude and latitude of its start and its end, degrees.
        gone_m: way made before the step.
        along_m, at_lon, at_lat: (assets,) nearest crossing so far; changed where this is nearer.
    """
    lon, lat, lon_to, lat_to = step
    kx, ky = metres_per_degree(0.5 * (lat + lat_to))
    sx, sy = (lon_to - lon) * kx, (lat_to - lat) * ky
    for e in range(entries.shape[0]):
        p = entries[e]
        ax, ay = (lon1[p] - lon) * kx, (lat1[p] - lat) * ky
        bx, by = (lon2[p] - lon) * kx, (lat2[p] - lat) * ky
        if ax == bx and ay == by:  # a point has no line to cross: passing within its buffer counts
            away_m, t = point_segment(ax, ay, 0.0, 0.0, sx, sy)
            crosses = away_m <= buffer_m[p]
        else:
            crosses, t, _ = segments_cross(0.0, 0.0, sx, sy, ax, ay, bx, by)
        if not crosses:
            continue
        distance_m = gone_m + t * math.hypot(sx, sy)
        if distance_m < along_m[asset[p]]:
            along_m[asset[p]] = distance_m
            at_lon[asset[p]] = lon + t * (lon_to - lon)
            at_lat[asset[p]] = lat + t * (lat_to - lat)


@kernel
def cast_ray(
    index: PieceIndex,
    ground: Ground,
    lon: float,
    lat: float,
    course_deg: float,
    reach_m: float,
    along_m: NDArray[np.float64],
    at_lon: NDArray[np.float64],
    at_lat: NDArray[np.float64],
) -> float:
    """Follow a rhumb line and note the first crossing of every asset on it.

    Args:
        index, ground: the surroundings.
        lon, lat: degrees, where it begins. course_deg: degrees true. reach_m: how far to go.
        along_m, at_lon, at_lat: (assets,) nearest crossing so far; changed where this is nearer.

    Returns:
        Metres gone: `reach_m`, or less where the line ran ashore.

    Cost: O(reach), some 60 ns a kilometre over empty cells.
    """
    first, entry, columns, rows = index.first, index.entry, index.columns, index.rows
    asset, buffer_m = index.asset, index.buffer_m
    lon1, lat1, lon2, lat2 = index.lon1, index.lat1, index.lon2, index.lat2
    land, land_at = ground.land_m, ground.land_at
    gone_m = 0.0
    while gone_m < reach_m:
        step_m = min(STEP_M, reach_m - gone_m)
        lon_to, lat_to = step_along(lon, lat, course_deg, step_m)
        west = math.floor((min(lon, lon_to) - index.lon0) / CELL_LON_DEG)
        east = math.floor((max(lon, lon_to) - index.lon0) / CELL_LON_DEG)
        south = math.floor((min(lat, lat_to) - index.lat0) / CELL_LAT_DEG)
        north = math.floor((max(lat, lat_to) - index.lat0) / CELL_LAT_DEG)
        for r in range(max(south, 0), min(north, rows - 1) + 1):
            for c in range(max(west, 0), min(east, columns - 1) + 1):
                cell = r * columns + c
                if first[cell] < first[cell + 1]:
                    mark_step(
                        entry[first[cell] : first[cell + 1]], asset, lon1, lat1, lon2, lat2,
                        buffer_m, (lon, lat, lon_to, lat_to), gone_m, along_m, at_lon, at_lat,
                    )  # fmt: skip
        gone_m += step_m
        lon, lat = lon_to, lat_to
        if sample(land, land_at[0], land_at[1], land_at[2], land_at[3], lon, lat) < ASHORE_M:
            return gone_m
    return gone_m


@kernel
def look_ahead(
    index: PieceIndex,
    ground: Ground,
    lon: float,
    lat: float,
    course_deg: float,
    sog_kn: float,
    horizon: Horizon,
    along_m: NDArray[np.float64],
    at_lon: NDArray[np.float64],
    at_lat: NDArray[np.float64],
) -> float:
    """Cast the course and one line to either side of it, as far as the horizon.

    Args:
        index, ground, lon, lat, course_deg: as in `cast_ray`. sog_kn: knots.
        along_m, at_lon, at_lat: (2, assets) out: row 0 on the course, row 1 beside it; `inf` in
            `along_m` for assets that are not reached.

    Returns:
        Metres to the first asset, `inf` for none. Of an asset that the course itself meets, that
        crossing counts; the lines beside it count for assets that the course misses.
    """
    along_m[:] = math.inf
    reach_m = min(horizon.reach_m, horizon.hours * 3600.0 * sog_kn * KN_MS)
    cast_ray(index, ground, lon, lat, course_deg, reach_m, along_m[0], at_lon[0], at_lat[0])
    for side in (-horizon.fan_deg, horizon.fan_deg):
        cast_ray(
            index, ground, lon, lat, course_deg + side, reach_m, along_m[1], at_lon[1], at_lat[1]
        )
    nearest_m = math.inf
    for a in range(along_m.shape[1]):
        row = 0 if along_m[0, a] < math.inf else 1
        nearest_m = min(nearest_m, along_m[row, a])
    return nearest_m


@kernel
def coast_ahead_m(
    land_m: NDArray[np.int16],
    land_at: tuple[float, float, float, float],
    lon: float,
    lat: float,
    course_deg: float,
    reach_m: float,
) -> float:
    """Measure along the course to the coast, to a kilometre.

    Args:
        land_m, land_at: the land distance, as in `locate.Ground`.
        lon, lat: degrees. course_deg: degrees true. reach_m: how far to look.

    Returns:
        Metres, `inf` for no coast within reach or where the land distance is unknown.
    """
    gone_m = 0.0
    while gone_m <= reach_m:
        if sample(land_m, land_at[0], land_at[1], land_at[2], land_at[3], lon, lat) <= 0.0:
            return gone_m
        lon, lat = step_along(lon, lat, course_deg, STEP_M)
        gone_m += STEP_M
    return math.inf


@kernel
def port_ahead(
    port_lon: NDArray[np.float64],
    port_lat: NDArray[np.float64],
    radius_m: NDArray[np.float64],
    lon: float,
    lat: float,
    course_deg: float,
    fan_deg: float,
    reach_m: float,
) -> tuple[int, float]:
    """Find the nearest port that lies ahead, or around the vessel.

    Args:
        port_lon, port_lat, radius_m: (n,) as in `reference.Ports`.
        lon, lat: degrees. course_deg: degrees true; NaN looks to all sides.
        fan_deg: how far off the course still counts as ahead. reach_m: how far to look.

    Returns:
        (index or -1, metres or `inf`).
    """
    best, best_m = -1, math.inf
    for i in range(port_lon.shape[0]):
        if abs(port_lat[i] - lat) * 110_000.0 > max(reach_m, radius_m[i]):
            continue
        away_m = short_distance_m(lon, lat, port_lon[i], port_lat[i])
        off_deg = abs(
            angle_between_deg(bearing_deg(lon, lat, port_lon[i], port_lat[i]), course_deg)
        )
        ahead = away_m <= reach_m and not off_deg > fan_deg
        if (ahead or away_m <= radius_m[i]) and away_m < best_m:
            best, best_m = i, away_m
    return best, best_m


def horizon_of(rules: Rules) -> Horizon:
    """Read the horizon from the rules."""
    ahead = rules["ahead"]
    return Horizon(ahead["reach_km"] * 1000.0, ahead["horizon_h"], ahead["fan_deg"])


def assets_ahead(
    around: Surroundings, lon: float, lat: float, cog_deg: float, sog_kn: float, limit: int = 8
) -> tuple[AssetAhead, ...]:
    """List the assets that the present course meets within the horizon of the rules.

    Args:
        around: the world.
        lon, lat: degrees. cog_deg: degrees true. sog_kn: knots; the horizon in hours goes by it.
        limit: how many at most; those on the course itself come before those beside it.

    Returns:
        Sorted by distance. Empty where position, course or speed is not known.
    """
    if math.isnan(lon + lat + cog_deg) or not sog_kn >= around.rules["ahead"]["min_speed_kn"]:
        return ()
    found = crossed_ahead(around, lon, lat, cog_deg, sog_kn, horizon_of(around.rules))
    found.sort(key=lambda f: (not f.on_course, f.distance_m, f.asset))
    return tuple(sorted(found[:limit], key=lambda f: (f.distance_m, f.asset)))


def crossed_ahead(
    around: Surroundings, lon: float, lat: float, cog_deg: float, sog_kn: float, horizon: Horizon
) -> list[AssetAhead]:
    """List what the course, or a line beside it, meets within a horizon; in no order.

    Args:
        around, lon, lat, cog_deg, sog_kn: as in `assets_ahead`, all known. horizon: how far.
    """
    n = len(around.assets)
    along_m, at_lon, at_lat = np.empty((2, n)), np.empty((2, n)), np.empty((2, n))
    look_ahead(
        around.index, around.ground, float(lon), float(lat), float(cog_deg), float(sog_kn), horizon,
        along_m, at_lon, at_lat,
    )  # fmt: skip
    found = []
    for a in np.flatnonzero(np.isfinite(along_m).any(axis=0)):
        row = 0 if math.isfinite(along_m[0, a]) else 1
        found.append(
            AssetAhead(int(a), float(along_m[row, a]), float(at_lon[row, a]),
                       float(at_lat[row, a]), row == 0)
        )  # fmt: skip
    return found


def next_assets(
    around: Surroundings,
    lon: float,
    lat: float,
    cog_deg: float,
    sog_kn: float,
    t_ms: int,
    limit: int = 8,
) -> tuple[NextAsset, ...]:
    """Name the assets ahead and when they would be reached at the present speed.

    Args:
        around, lon, lat, cog_deg, sog_kn, limit: as in `assets_ahead`.
        t_ms: time of the position, ms UTC.

    Returns:
        Sorted by distance, each asset once.

    Example:
        >>> from sargas.reference import shipped_assets, shipped_geography
        >>> from sargas.watch.fold import Watch
        >>> around = Watch(shipped_assets(), shipped_geography(), detectors=()).around
        >>> [a.name for a in next_assets(around, 26.45, 59.94, 255.0, 9.0, 0, limit=1)]
        ['Estlink 2']
    """
    seen = assets_ahead(around, lon, lat, cog_deg, sog_kn, limit)
    return tuple(named(around, ahead, Speeds(sog_kn), t_ms) for ahead in seen)


def named(around: Surroundings, ahead: AssetAhead, speeds: Speeds, t_ms: int) -> NextAsset:
    """Give an asset ahead its name and its times, counted from `t_ms`.

    The earliest and latest times take the faster and slower speed, and the asset's own accuracy
    off or on the way; without such speeds there is no interval.
    """
    asset = around.assets[ahead.asset]

    def at_ms(metres: float, knots: float) -> int:
        return t_ms + round(max(metres, 0.0) / (knots * KN_MS)) * 1000

    early = late = None
    if speeds.fast_kn is not None and speeds.slow_kn is not None:
        early = at_ms(ahead.distance_m - asset.accuracy_m, speeds.fast_kn)
        late = at_ms(ahead.distance_m + asset.accuracy_m, speeds.slow_kn)
    return NextAsset(
        asset.id, asset.name, asset.kind, ahead.distance_m / 1000.0,
        at_ms(ahead.distance_m, speeds.now_kn), ahead.lon, ahead.lat, early, late,
    )  # fmt: skip
