"""Backdrops: samples of real traffic under fresh numbers, sailing on once the sample has ended.

The first minutes repeat what was really received. After that every ship goes on by dead
reckoning, turning back where it would run aground or leave the map; from then on it is simulated,
and the scenario's note says so. No ship keeps its own number or name: what a simulated ship does
must not be told of a real one.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from sargas.errors import InputError
from sargas.exercise.scenario import Backdrop
from sargas.feeds import open_feed
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.geodesy import KN_MS, step_along
from sargas.model.jit import kernel
from sargas.reference import shipped_geography
from sargas.reference.grid import sample

FIRST_MMSI = 200_000_000
"""Country code 200 is not allocated to any state."""
SHORE_M = 400.0
STILL_KN, SLOW_KN = 0.5, 4.0
BOX = (9.2, 53.2, 30.8, 66.3)
PAIR_COLUMNS = {
    "t": "snapshot_utc", "mmsi": "mmsi", "name": "name", "lon": "lon", "lat": "lat", "sog": "sog",
    "cog": "cog", "heading": "heading", "ship_type": "ship_type",
}  # fmt: skip

SHIP = np.dtype(
    [
        ("mmsi", "i8"), ("class_b", "?"), ("status", "i8"), ("heading", "i8"),
        ("lon", "f8"), ("lat", "f8"), ("sog_kn", "f8"), ("cog_deg", "f8"),
        ("lon2", "f8"), ("lat2", "f8"), ("t_s", "i8"), ("t2_s", "i8"), ("every_s", "i8"),
        ("ship_type", "i4"), ("length_m", "i4"), ("beam_m", "i4"), ("turned", "?"),
    ]
)  # fmt: skip
"""A ship of the backdrop: where it was at `t_s`, and, until `t2_s`, where it is known to go."""

REPORT = np.dtype(
    [
        ("t_s", "i8"), ("mmsi", "i8"), ("class_b", "?"), ("status", "i8"), ("sog", "i8"),
        ("lon", "i8"), ("lat", "i8"), ("cog", "i8"), ("heading", "i8"), ("copy", "i8"),
    ]
)  # fmt: skip
"""A report in wire integers, ready for `encode.write_positions`."""


@dataclass
class Fleet:
    """The ships of one backdrop and the real reports they begin with.

    Attributes:
        ships: (k,) `SHIP`.
        real: (n,) `REPORT`, re-timed to the start of the exercise.
    """

    ships: NDArray[np.void]
    real: NDArray[np.void]


def load_fleet(backdrop: Backdrop, start_s: int, first_mmsi: int, seed: int) -> Fleet:
    """Read a backdrop and move it to the start of the exercise.

    Args:
        backdrop: which sample.
        start_s: first second of the exercise, UTC.
        first_mmsi: number of the first ship; the others follow.
        seed: for the seconds at which ships report.

    Raises:
        InputError: the sample is unknown or holds no ship.
    """
    batch = _read(backdrop)
    fixes, statics = batch.fixes, batch.statics
    keep = fixes.has_position & np.isin(fixes.msg_type, (0, 1, 2, 3, 18, 19))
    fixes = fixes.take(keep)
    fixes = fixes.take(~_is_left_out(fixes))
    fixes = fixes.take(fixes.canonical_order())
    if not len(fixes):
        raise InputError("The backdrop holds no ship.", where=backdrop.file)
    numbers, who = np.unique(fixes.subject_id, return_inverse=True)
    shift_s = start_s - int(fixes.t_ms.min()) // 1000
    ships = _ships(fixes, statics, numbers, first_mmsi, shift_s, backdrop)
    if backdrop.kind == "pairs":
        _join_pairs(ships, fixes, who, shift_s)
        real = np.zeros(0, dtype=REPORT)
    else:
        real = _reports(fixes, ships, who, shift_s)
    rng = np.random.default_rng(seed)
    ships["t_s"] -= rng.integers(0, np.maximum(ships["every_s"] // 2, 1))
    return Fleet(ships, real)


def _read(backdrop: Backdrop) -> Batch:
    """Read a shipped sample through the feeds, like any file."""
    file = resources.files("sargas.exercise").joinpath("data").joinpath(backdrop.file)
    if "/" in backdrop.file or not file.is_file():
        raise InputError("There is no such backdrop.", where=backdrop.file)
    columns = PAIR_COLUMNS if backdrop.kind == "pairs" else None
    with resources.as_file(file) as path:
        feed = open_feed(path, format="csv" if columns else None, column_map=columns)
        with feed:
            parts = list(feed)
    return Batch(Fixes.concat([p.fixes for p in parts]), Statics.concat([p.statics for p in parts]))


def _is_left_out(fixes: Fixes) -> NDArray[np.bool_]:
    """Tell the reports of ships that cannot go on by dead reckoning.

    Returns:
        (n,) true for all reports of a subject that was seen off the map, or at a speed between
        still and `SLOW_KN`, at which ships fish and manoeuvre.
    """
    slow = (fixes.sog_kn > STILL_KN) & (fixes.sog_kn < SLOW_KN)
    west, south, east, north = BOX
    lon, lat = fixes.lon_deg, fixes.lat_deg
    off = (lon <= west) | (lon >= east) | (lat <= south) | (lat >= north)
    return np.isin(fixes.subject_id, fixes.subject_id[slow | off])


def _ships(
    fixes: Fixes,
    statics: Statics,
    numbers: NDArray[np.uint32],
    first_mmsi: int,
    shift_s: int,
    backdrop: Backdrop,
) -> NDArray[np.void]:
    """Make a ship of each subject, as it was at its last fix."""
    last = np.searchsorted(fixes.subject_id, numbers, side="right") - 1
    ships = np.zeros(len(numbers), dtype=SHIP)
    ships["mmsi"] = first_mmsi + np.arange(len(numbers))
    ships["class_b"] = np.isin(fixes.msg_type[last], (18, 19))
    ships["status"] = fixes.nav_status[last]
    ships["heading"] = fixes.heading_raw[last]
    ships["lon"], ships["lat"] = fixes.lon_deg[last], fixes.lat_deg[last]
    ships["sog_kn"] = np.nan_to_num(fixes.sog_kn[last], nan=0.0)
    ships["cog_deg"] = np.nan_to_num(fixes.cog_deg[last], nan=0.0)
    ships["t_s"] = fixes.t_ms[last] // 1000 + shift_s
    moving = ships["sog_kn"] > STILL_KN
    ships["every_s"] = np.where(moving, backdrop.moving_every_s, backdrop.still_every_s)
    order = np.argsort(statics.t_ms, kind="stable")
    at = np.searchsorted(numbers, statics.subject_id[order])
    known = (at < len(numbers)) & (numbers[np.minimum(at, len(numbers) - 1)]
                                   == statics.subject_id[order])  # fmt: skip
    for name in ("ship_type", "length_m", "beam_m"):
        said = getattr(statics, name)[order]
        use = known & (said > 0)
        ships[name][at[use]] = said[use]
    return ships


def _reports(
    fixes: Fixes, ships: NDArray[np.void], who: NDArray[np.intp], shift_s: int
) -> NDArray[np.void]:
    """Give the sample's own reports under the fresh numbers and times."""
    real = np.zeros(len(fixes), dtype=REPORT)
    real["t_s"] = fixes.t_ms // 1000 + shift_s
    real["mmsi"] = ships["mmsi"][who]
    real["class_b"] = ships["class_b"][who]
    real["status"], real["sog"] = fixes.nav_status, fixes.sog_raw
    real["lon"], real["lat"] = fixes.lon_raw, fixes.lat_raw
    real["cog"], real["heading"] = fixes.cog_raw, fixes.heading_raw
    return real[np.argsort(real["t_s"], kind="stable")]


def _join_pairs(ships: NDArray[np.void], fixes: Fixes, who: NDArray[np.intp], shift_s: int) -> None:
    """Let ships known from two snapshots begin at the first and sail to the second."""
    first = np.searchsorted(who, np.arange(len(ships)), side="left")
    ships["lon2"], ships["lat2"], ships["t2_s"] = ships["lon"], ships["lat"], ships["t_s"]
    ships["lon"], ships["lat"] = fixes.lon_deg[first], fixes.lat_deg[first]
    ships["t_s"] = fixes.t_ms[first] // 1000 + shift_s


@kernel
def sail_on(
    ships: NDArray[np.void],
    until_s: int,
    land_m: NDArray[np.int16],
    land_at: tuple[float, float, float, float],
    box: tuple[float, float, float, float],
    shore_m: float,
    out: NDArray[np.void],
) -> int:
    """Let every ship sail and report until a time.

    Args:
        ships: (k,) `SHIP`, moved in place.
        until_s: seconds UTC; reports before it are written.
        land_m, land_at: grid of land distance.
        box: west, south, east, north; ships turn back there.
        shore_m: ships turn back this near to land when coming nearer.
        out: `REPORT`, large enough for every ship's reports.

    Returns:
        Reports written.
    """
    n = 0
    for k in range(ships.shape[0]):
        while ships[k]["t_s"] + ships[k]["every_s"] < until_s:
            before_s = ships[k]["t_s"]
            ships[k]["t_s"] = before_s + ships[k]["every_s"]
            _move(ships, k, before_s, land_m, land_at, box, shore_m)
            out[n]["t_s"] = ships[k]["t_s"]
            out[n]["mmsi"] = ships[k]["mmsi"]
            out[n]["class_b"] = ships[k]["class_b"]
            out[n]["status"] = ships[k]["status"]
            out[n]["heading"] = ships[k]["heading"]
            out[n]["sog"] = round(ships[k]["sog_kn"] * 10.0)
            out[n]["cog"] = round(ships[k]["cog_deg"] * 10.0) % 3600
            out[n]["lon"] = round(ships[k]["lon"] * 600_000.0)
            out[n]["lat"] = round(ships[k]["lat"] * 600_000.0)
            out[n]["copy"] = 0
            n += 1
    return n


@kernel
def _move(
    ships: NDArray[np.void],
    k: int,
    before_s: int,
    land_m: NDArray[np.int16],
    land_at: tuple[float, float, float, float],
    box: tuple[float, float, float, float],
    shore_m: float,
) -> None:
    """Move one ship to its next report: towards its second snapshot, or by dead reckoning."""
    now_s, t2_s = ships[k]["t_s"], ships[k]["t2_s"]
    lon, lat = ships[k]["lon"], ships[k]["lat"]
    if before_s < t2_s:
        share = min(1.0, (now_s - before_s) / (t2_s - before_s))
        ships[k]["lon"] = lon + share * (ships[k]["lon2"] - lon)
        ships[k]["lat"] = lat + share * (ships[k]["lat2"] - lat)
        return
    if ships[k]["sog_kn"] <= STILL_KN:
        return
    way_m = ships[k]["sog_kn"] * KN_MS * (now_s - before_s)
    lon2, lat2 = step_along(lon, lat, ships[k]["cog_deg"], way_m)
    a, b, c, d = land_at
    here_m = sample(land_m, a, b, c, d, lon, lat)
    there_m = sample(land_m, a, b, c, d, lon2, lat2)
    inside = box[0] < lon2 < box[2] and box[1] < lat2 < box[3]
    if not inside or (there_m < shore_m and there_m < here_m):
        # A ship that can sail on neither way, in a canal or a port, lies still from here on.
        if ships[k]["turned"]:
            ships[k]["sog_kn"] = 0.0
        ships[k]["turned"] = True
        ships[k]["cog_deg"] = (ships[k]["cog_deg"] + 180.0) % 360.0
        if ships[k]["heading"] < 360:
            ships[k]["heading"] = (ships[k]["heading"] + 180) % 360
        return
    ships[k]["turned"] = False
    ships[k]["lon"] = lon2
    ships[k]["lat"] = lat2


def sail_minute(fleet: Fleet, until_s: int) -> NDArray[np.void]:
    """Give a fleet's simulated reports before a time, in order of time."""
    grid = shipped_geography().land_distance
    ships = fleet.ships
    room = int(np.maximum(0, (until_s - ships["t_s"]) // ships["every_s"] + 1).sum())
    out = np.zeros(room, dtype=REPORT)
    corner = (grid.lon0, grid.lat0, grid.step_lon, grid.step_lat)
    n = sail_on(ships, until_s, grid.values, corner, BOX, SHORE_M, out)
    return out[:n][np.argsort(out["t_s"][:n], kind="stable")]
