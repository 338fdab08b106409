"""Whether a silent vessel would have been received: who else was, and where.

Reception is remembered by cells of 0.1 by 0.2 degrees, about 11 km a side in the Baltic: when
anybody was last received there. Where reception is learnt (`learnt.py`) the way is judged by that,
and here only whether others are received now; elsewhere this alone judges, which knows nothing of
antennas, of power, or of the difference between class A and class B.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, short_distance_m, step_along
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.reference.geography import port_at
from sargas.reference.grid import sample
from sargas.watch.locate import Ground, PieceIndex
from sargas.watch.slots import find, put

CELL_LAT_DEG, CELL_LON_DEG = 0.1, 0.2
COLUMNS = 1800
USED = 0
MINUTE_S = 60.0

(
    FINE, FEED, SHORT, COAST, NOT_COVERED, LEAVING, FEW_OTHERS, FEW_FIXES, RECEIVER_OUT, POOR,
) = range(10)  # fmt: skip
REASONS = (
    "", "feed_not_running", "often_silent", "port_or_coast", "way_not_covered", "leaving_coverage",
    "few_others_received", "too_few_fixes", "receiver_not_running", "reception_poor",
)  # fmt: skip
"""Why a silence is no gap alert; the index is the code in the kernels."""


class Heard(NamedTuple):
    """When anybody was last received in each cell.

    Attributes:
        keys: (m,) int64 cells by hash, -1 free; m a power of two. numbers: (m,) int64.
        last_ms: (m,) int64 by number. used: (1,) int64, cells known.
    """

    keys: NDArray[np.int64]
    numbers: NDArray[np.int64]
    last_ms: NDArray[np.int64]
    used: NDArray[np.int64]


class Sea(NamedTuple):
    """The surroundings a judgement needs: land, harbours and assets, as kernels take them."""

    ground: Ground
    port_lon: NDArray[np.float64]
    port_lat: NDArray[np.float64]
    port_radius_m: NDArray[np.float64]
    pieces: PieceIndex


class Reckoned(NamedTuple):
    """A vessel's way by dead reckoning: from where, how fast, since when.

    Attributes:
        lon, lat: degrees, its last position. course_deg: NaN unknown. speed_kn.
        t_pos_ms: time of that position. t_heard_ms: when it was last received at all.
    """

    lon: float
    lat: float
    course_deg: float
    speed_kn: float
    t_pos_ms: int
    t_heard_ms: int


class ReceptionRules(NamedTuple):
    """Limits of a judgement, from `rules.toml`."""

    others: float
    others_m: float
    others_ms: float
    heard_ms: float
    way_share: float
    beyond_m: float
    coast_m: float


def new_heard(cells: int) -> Heard:
    """Make an empty table with room for `cells` (a power of two) at twice that size."""
    return Heard(
        np.full(2 * cells, -1, np.int64), np.zeros(2 * cells, np.int64),
        np.full(cells, -1, np.int64), np.zeros(1, np.int64),
    )  # fmt: skip


def grown(heard: Heard) -> Heard:
    """Give a table of twice the room with the same content."""
    more = new_heard(2 * len(heard.last_ms))
    n = int(heard.used[USED])
    more.last_ms[:n] = heard.last_ms[:n]
    more.used[USED] = n
    for i in np.flatnonzero(heard.keys >= 0):
        put(more.keys, more.numbers, heard.keys[i], heard.numbers[i])
    return more


@kernel
def cell_key(lon: float, lat: float) -> int:
    """Name the cell of a position.

    Example:
        >>> cell_key(20.01, 57.01) == cell_key(20.19, 57.09), cell_key(-180.0, -90.0)
        (True, 0)
    """
    row = math.floor((lat + 90.0) / CELL_LAT_DEG)
    column = math.floor((lon + 180.0) / CELL_LON_DEG)
    return int(row * COLUMNS + column)


@kernel
def number_of(heard: Heard, key: int) -> int:
    """Give a cell's number, a new one where it is met for the first time; there must be room."""
    number = find(heard.keys, heard.numbers, key)
    if number < 0:
        number = heard.used[USED]
        put(heard.keys, heard.numbers, key, number)
        heard.used[USED] = number + 1
    return int(number)


@kernel
def is_heard(heard: Heard, lon: float, lat: float, since_ms: int) -> bool:
    """Tell whether anybody was received since, in the cell of a position or next to it."""
    key = cell_key(lon, lat)
    for row in range(-1, 2):
        for column in range(-1, 2):
            number = find(heard.keys, heard.numbers, key + row * COLUMNS + column)
            if number >= 0 and heard.last_ms[number] >= since_ms:
                return True
    return False


@kernel
def land_m_at(ground: Ground, lon: float, lat: float) -> float:
    """Give the distance to land, NaN outside the grid."""
    a = ground.land_at
    return float(sample(ground.land_m, a[0], a[1], a[2], a[3], lon, lat))


@kernel
def reckon(way: Reckoned, t_ms: int) -> tuple[float, float]:
    """Give the place where a vessel would be, minute by minute along a constant course."""
    lon, lat = way.lon, way.lat
    if math.isnan(way.course_deg):
        return lon, lat
    step_m = way.speed_kn * KN_MS * MINUTE_S
    for _ in range((t_ms - way.t_pos_ms) // MINUTE_MS):
        lon, lat = step_along(lon, lat, way.course_deg, step_m)
    return lon, lat


@kernel
def share_heard(
    way: Reckoned, t_ms: int, since_ms: int, heard: Heard, sea: Sea, coast_m: float
) -> float:
    """Follow the reckoned way; give the share of its cells where others were received.

    Returns:
        0 to 1; -1 where the way comes within `coast_m` of land; -2 where its end is not heard.
    """
    lon, lat = way.lon, way.lat
    steps = 0 if math.isnan(way.course_deg) else (t_ms - way.t_pos_ms) // MINUTE_MS
    step_m = way.speed_kn * KN_MS * MINUTE_S
    before, cells, covered, is_covered = -1, 0, 0, False
    for k in range(steps + 1):
        if land_m_at(sea.ground, lon, lat) <= coast_m:
            return -1.0
        key = cell_key(lon, lat)
        if key != before:
            is_covered = is_heard(heard, lon, lat, since_ms)
            covered += is_covered
            cells += 1
            before = key
        if k < steps:
            lon, lat = step_along(lon, lat, way.course_deg, step_m)
    return covered / cells if is_covered else -2.0


@kernel
def leads_out(
    way: Reckoned,
    lon: float,
    lat: float,
    since_ms: int,
    heard: Heard,
    sea: Sea,
    rules: ReceptionRules,
) -> bool:
    """Tell whether nobody is received beyond the reckoned place, with open sea up to there.

    A coast ahead is no edge of reception: nobody can be received there.
    """
    if math.isnan(way.course_deg):
        return False
    steps = 4
    for _ in range(steps):
        lon, lat = step_along(lon, lat, way.course_deg, rules.beyond_m / steps)
        if land_m_at(sea.ground, lon, lat) <= rules.coast_m:
            return False
    return not is_heard(heard, lon, lat, since_ms)


@kernel
def neighbours(
    state: NDArray[np.void], who: int, lon: float, lat: float, since_ms: int, radius_m: float
) -> int:
    """Count other vessels whose last position since then lies within a radius."""
    n = 0
    for w in range(state.shape[0]):
        if state[w]["t_pos_ms"] < since_ms or w == who or state[w]["known"] == 0:
            continue
        if abs(state[w]["lat"] - lat) * 110_000.0 > radius_m:
            continue
        n += short_distance_m(lon, lat, state[w]["lon"], state[w]["lat"]) <= radius_m
    return n


@kernel
def judge_silence(
    state: NDArray[np.void],
    who: int,
    way: Reckoned,
    t_ms: int,
    heard: Heard,
    sea: Sea,
    rules: ReceptionRules,
    is_learnt: bool,
) -> tuple[int, int, float]:
    """Ask whether a vessel would have been received had it gone on as it was.

    Args:
        state: (subjects,) with `known`, `t_pos_ms`, `lon`, `lat`. who: its row.
        way: how it went. t_ms: now.
        heard: when anybody was received where. sea: land, harbours. rules: limits.
        is_learnt: the way lies where reception is learnt, so that it is known to be covered.

    Returns:
        (`FINE` or why not, other vessels received near by, share of the way that was heard).
    """
    lon, lat = reckon(way, t_ms)
    for a, b in ((way.lon, way.lat), (lon, lat)):
        if port_at(sea.port_lon, sea.port_lat, sea.port_radius_m, a, b) >= 0:
            return COAST, 0, 0.0
    # Since it fell silent, so that its own reports do not count.
    since_ms = max(way.t_heard_ms + 1, t_ms - int(rules.heard_ms))
    share = share_heard(way, t_ms, since_ms, heard, sea, rules.coast_m)
    if share == -1.0:
        return COAST, 0, 0.0
    if share < rules.way_share and not is_learnt:
        return LEAVING if share == -2.0 else NOT_COVERED, 0, max(share, 0.0)
    if not is_learnt and leads_out(way, lon, lat, since_ms, heard, sea, rules):
        return LEAVING, 0, share
    share = max(share, 0.0)
    others = neighbours(state, who, lon, lat, t_ms - int(rules.others_ms), rules.others_m)
    return FINE if others >= rules.others else FEW_OTHERS, others, share
