"""The kernels of D11 `gnss_area`: signs of a lost or wrong position by ship, counted by area."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, short_distance_m
from sargas.model.jit import kernel
from sargas.watch.clean import JUMP, NO_POSITION
from sargas.watch.detect.base import CLOSE, OPEN, ROOM
from sargas.watch.detect.cells import USED, Cells, number_of_key
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples

CELL_LAT_DEG, CELL_LON_DEG = 1.0 / 6.0, 1.0 / 3.0
"""10 by 20 minutes of arc: 10 NM north to south, and about as many east to west at 60 N."""
COLUMNS = 1080
JUMPED, BLIND, ESTIMATED = 1, 2, 4
NOT_A_SECOND = 61
"""The report's second from here on says that the position is typed in (61), dead reckoned (62) or
that the receiver is out of order (63): ITU-R M.1371-5, table 45."""

FEATURE_NAMES = (
    "ships", "signs", "share", "jumped", "blind", "estimated", "at_one_spot", "spot_lon",
    "spot_lat", "over", "t_last_ms", "most_signs", "most_ships",
)  # fmt: skip

SHIP = np.dtype(
    [
        ("known", "i8"), ("slot", "i8"), ("t_ms", "i8"), ("t_heard_ms", "i8"), ("lon", "f8"),
        ("lat", "f8"), ("area", "i8"), ("t_second_ms", "i8"),
        ("t_sign_ms", "i8"), ("t_first_ms", "i8"), ("kinds", "i8"), ("to_lon", "f8"),
        ("to_lat", "f8"),
    ]
)  # fmt: skip
"""One row a subject: its last position that can be true, and its signs. `t_first_ms` is the first
sign of the run that `t_sign_ms` is the last of; `kinds` are those of the run."""

AREA = np.dtype(
    [
        ("key", "i8"), ("open", "i8"), ("ships", "i8"), ("signs", "i8"), ("jumped", "i8"),
        ("blind", "i8"), ("estimated", "i8"), ("at_spot", "i8"), ("spot_lon", "f8"),
        ("spot_lat", "f8"), ("t_first_ms", "i8"), ("t_start_ms", "i8"), ("t_last_ms", "i8"),
        ("t_end_ms", "i8"), ("most_signs", "i8"), ("most_ships", "i8"),
    ]
)  # fmt: skip
"""One row an area: the counts of the minute, and the event that is open or was last."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in ms."""

    window_ms: float
    ships: float
    share: float
    exit_share: float
    close_ms: float
    jump_m: float
    jump_kn: float
    blind_ms: float
    memory_ms: float
    spot_m: float


@kernel
def area_key(lon: float, lat: float) -> int:
    """Name the area of a position; at most 1,166,400 of them.

    Example:
        >>> area_key(20.0, 57.0) == area_key(20.3, 57.16), area_key(-180.0, -90.0)
        (True, 0)
    """
    row = min(math.floor((lat + 90.0) / CELL_LAT_DEG + 1e-9), 1079)
    column = math.floor((lon + 180.0) / CELL_LON_DEG + 1e-9) % COLUMNS
    return int(row * COLUMNS + column)


@kernel
def _sign(ships: NDArray[np.void], w: int, kind: int, t_ms: int, window_ms: float) -> None:
    """Note a sign of a ship."""
    if t_ms - ships[w]["t_sign_ms"] > window_ms or ships[w]["t_sign_ms"] == 0:
        ships[w]["t_first_ms"], ships[w]["kinds"] = t_ms, 0
    ships[w]["t_sign_ms"] = max(ships[w]["t_sign_ms"], t_ms)
    ships[w]["kinds"] |= kind


@kernel
def _can_not_be(
    ships: NDArray[np.void], w: int, t_ms: int, lon: float, lat: float, p: Params
) -> bool:
    """Tell whether a place is further from the ship's last position than any ship sails."""
    dt_s = max((t_ms - ships[w]["t_ms"]) / 1000.0, 1.0)
    away_m = short_distance_m(ships[w]["lon"], ships[w]["lat"], lon, lat)
    return bool(away_m >= p.jump_m and away_m / dt_s / KN_MS >= p.jump_kn)


@kernel
def note_odd(
    rows: Located,
    second_s: NDArray[np.uint8],
    odd: NDArray[np.int64],
    start: int,
    end: int,
    ships: NDArray[np.void],
    p: Params,
) -> None:
    """Note the signs in rows that are not as they should be, before the minute's good ones.

    Args:
        rows: columns of located fixes. second_s: (n,) their seconds.
        odd: numbers of the rows that may be signs; those from `start` to `end` are taken.
        ships: (subjects,) `SHIP`, changed in place. p: the limits.
    """
    for k in range(start, end):
        i = odd[k]
        w, t_ms = rows.subject[i], rows.t_ms[i]
        if ships[w]["known"] == 0:
            continue
        ships[w]["t_heard_ms"] = max(ships[w]["t_heard_ms"], t_ms)
        since_ms = t_ms - ships[w]["t_ms"]
        if rows.verdict[i] == JUMP:
            if since_ms <= p.memory_ms and _can_not_be(ships, w, t_ms, rows.lon[i], rows.lat[i], p):
                _sign(ships, w, JUMPED, t_ms, p.window_ms)
                ships[w]["to_lon"], ships[w]["to_lat"] = rows.lon[i], rows.lat[i]
        elif rows.verdict[i] == NO_POSITION:
            if p.blind_ms <= since_ms <= p.memory_ms:
                _sign(ships, w, BLIND, t_ms, p.window_ms)
        elif (
            second_s[i] >= NOT_A_SECOND
            # One that never gave a second is set up so, and says nothing of here and now.
            and ships[w]["t_second_ms"] > 0
            and t_ms - ships[w]["t_second_ms"] <= p.memory_ms
        ):
            _sign(ships, w, ESTIMATED, t_ms, p.window_ms)


@kernel
def note_samples(
    samples: Samples,
    second_s: NDArray[np.uint8],
    start: int,
    end: int,
    ships: NDArray[np.void],
    cells: Cells,
    areas: NDArray[np.void],
    p: Params,
) -> int:
    """Follow where the ships are.

    Args:
        samples: those from `start` to `end`, of one minute, are taken.
        second_s: (n,) seconds of the rows they were made from.
        ships: (subjects,) `SHIP`, changed in place.
        cells, areas: the table of `AREA`. p: the limits.

    Returns:
        The next sample: `end`, or less where the table wants to be grown first.
    """
    slot, subject, last, fixes = samples.slot, samples.subject, samples.last, samples.fixes
    t, heard, lon, lat = samples.t_ms, samples.heard_ms, samples.lon, samples.lat
    for j in range(start, end):
        if cells.used[USED] >= areas.shape[0]:
            return j
        w = subject[j]
        if ships[w]["known"]:
            ships[w]["t_heard_ms"] = max(ships[w]["t_heard_ms"], heard[j])
        if fixes[j] == 0:
            continue
        is_other = ships[w]["known"] and slot[j] != ships[w]["slot"]
        if is_other and t[j] - ships[w]["t_ms"] <= p.memory_ms:
            # Another hull, or this one where it cannot be: for a while the first one is believed.
            # That the way is too fast was found when the other place was first reported.
            away_m = short_distance_m(ships[w]["lon"], ships[w]["lat"], lon[j], lat[j])
            if away_m >= p.jump_m:
                _sign(ships, w, JUMPED, t[j], p.window_ms)
                ships[w]["to_lon"], ships[w]["to_lat"] = lon[j], lat[j]
            continue
        ships[w]["known"], ships[w]["slot"] = 1, slot[j]
        ships[w]["t_ms"], ships[w]["lon"], ships[w]["lat"] = t[j], lon[j], lat[j]
        ships[w]["t_heard_ms"] = max(ships[w]["t_heard_ms"], heard[j])
        if second_s[last[j]] < 60:
            ships[w]["t_second_ms"] = t[j]
        key = area_key(lon[j], lat[j])
        a = ships[w]["area"] = number_of_key(cells, key)
        areas[a]["key"] = key
    return end


@kernel
def count_areas(
    t_ms: int, ships: NDArray[np.void], areas: NDArray[np.void], known: int, p: Params
) -> None:
    """Count the ships heard in each area in the last minutes, and those with signs.

    Args:
        t_ms: end of the minute. ships: (subjects,) `SHIP`.
        areas: `AREA` by number, `known` of them; their counts are made anew. p: the limits.
    """
    for a in range(known):
        areas[a]["ships"] = areas[a]["signs"] = areas[a]["jumped"] = 0
        areas[a]["blind"] = areas[a]["estimated"] = areas[a]["at_spot"] = 0
    since_ms = t_ms - int(p.window_ms)
    for w in range(ships.shape[0]):
        if ships[w]["known"] == 0 or ships[w]["t_heard_ms"] < since_ms:
            continue
        a = ships[w]["area"]
        areas[a]["ships"] += 1
        if ships[w]["t_sign_ms"] == 0 or ships[w]["t_sign_ms"] < since_ms:
            continue
        if areas[a]["signs"] == 0:
            areas[a]["t_first_ms"] = ships[w]["t_first_ms"]
        areas[a]["t_first_ms"] = min(areas[a]["t_first_ms"], ships[w]["t_first_ms"])
        areas[a]["signs"] += 1
        kinds = ships[w]["kinds"]
        areas[a]["blind"] += (kinds & BLIND) > 0
        areas[a]["estimated"] += (kinds & ESTIMATED) > 0
        if (kinds & JUMPED) == 0:
            continue
        if areas[a]["jumped"] == 0:
            areas[a]["spot_lon"], areas[a]["spot_lat"] = ships[w]["to_lon"], ships[w]["to_lat"]
        areas[a]["jumped"] += 1
        off_m = short_distance_m(
            areas[a]["spot_lon"], areas[a]["spot_lat"], ships[w]["to_lon"], ships[w]["to_lat"]
        )
        areas[a]["at_spot"] += off_m <= p.spot_m


@kernel
def _write(
    areas: NDArray[np.void], a: int, op: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event about an area; returns events written."""
    key = areas[a]["key"]
    events[n]["op"], events[n]["priority"], events[n]["slot"] = op, 2, key
    events[n]["t_start_ms"], events[n]["t_ms"] = areas[a]["t_start_ms"], t_ms
    events[n]["lon"] = (key % COLUMNS + 0.5) * CELL_LON_DEG - 180.0
    events[n]["lat"] = (key // COLUMNS + 0.5) * CELL_LAT_DEG - 90.0
    events[n]["asset"] = -1
    events[n]["distance_m"] = events[n]["accuracy_m"] = events[n]["kp_m"] = math.nan
    x = events[n]["x"]
    x[0], x[1] = areas[a]["ships"], areas[a]["signs"]
    x[2] = areas[a]["signs"] / max(areas[a]["ships"], 1)
    x[3], x[4], x[5] = areas[a]["jumped"], areas[a]["blind"], areas[a]["estimated"]
    x[6], x[7], x[8] = areas[a]["at_spot"], areas[a]["spot_lon"], areas[a]["spot_lat"]
    x[9], x[10] = op == CLOSE, areas[a]["t_last_ms"]
    x[11], x[12] = areas[a]["most_signs"], areas[a]["most_ships"]
    return n + 1


@kernel
def judge_areas(
    t_ms: int,
    start: int,
    areas: NDArray[np.void],
    known: int,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Open the areas in which enough ships have signs, close those in which few had for long.

    Args:
        t_ms: end of the minute. start: area to begin with.
        areas: `AREA` by number, `known` of them, counted. p: the limits.
        events: room for events, `n` of them written.

    Returns:
        (the next area, events written by now).
    """
    for a in range(start, known):
        signs, ships = areas[a]["signs"], areas[a]["ships"]
        if signs == 0 and areas[a]["open"] == 0:
            continue
        if n + ROOM > events.shape[0]:
            return a, n
        if areas[a]["open"] == 0:
            if signs < p.ships or signs < p.share * ships:
                continue
            areas[a]["open"], areas[a]["t_last_ms"] = 1, t_ms
            # Never before the last one's end, or two alerts would have one name.
            areas[a]["t_start_ms"] = max(areas[a]["t_first_ms"], areas[a]["t_end_ms"])
            areas[a]["most_signs"], areas[a]["most_ships"] = signs, ships
            n = _write(areas, a, OPEN, t_ms, events, n)
            continue
        if signs >= 2 and signs >= p.exit_share * ships:
            areas[a]["t_last_ms"] = t_ms
        if signs > areas[a]["most_signs"]:
            areas[a]["most_signs"], areas[a]["most_ships"] = signs, ships
        if t_ms - areas[a]["t_last_ms"] >= p.close_ms:
            areas[a]["open"], areas[a]["t_end_ms"] = 0, t_ms + 1000
            n = _write(areas, a, CLOSE, t_ms, events, n)
    return known, n
