"""What ships do in each lane: a memory of passes, by cell and course.

Every ship under way leaves in each cell of about 11 km a pass: its mean speed there, its course,
its length and how its course swung. A cell keeps its last passes. A lane's speed for one ship is
the median over other ships of like size, passenger ships apart from others, that passed here or
in the cells around, on a like course, within some hours; each ship counts once, with its latest
pass.

What it cannot see: a lane that nobody else has sailed for hours; why ships differ: a tow, an old
hull and a ship that saves fuel are slow too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import wrapped
from sargas.model.jit import kernel
from sargas.watch.detect.reception import COLUMNS, cell_key
from sargas.watch.median import median
from sargas.watch.slots import find, put

RING = 24
"""Passes a cell keeps: in a busy lane those of the last hours; chosen."""
MOST = 64
"""Ships that one look takes in."""
USED = 0
MAD_TO_SPREAD = 1.4826
"""From the median of absolute deviations to the standard deviation of a normal law."""

PASS = np.dtype(
    [
        ("slot", "i8"), ("minute", "i8"), ("n", "i8"), ("kn", "f8"), ("cog_deg", "f8"),
        ("length_m", "i8"), ("fast", "i8"), ("hunting_deg", "f8"), ("hunting_s", "f8"),
    ]
)  # fmt: skip
"""One ship through one cell; `n` samples, 0 for none."""


class Lanes(NamedTuple):
    """Passes by cell.

    Attributes:
        keys: (m,) int64 cells by hash, -1 free; m a power of two. numbers: (m,) int64.
        passes: (cells, RING) `PASS`. at: (cells,) int64, where the next pass is written.
        used: (1,) int64, cells known.
    """

    keys: NDArray[np.int64]
    numbers: NDArray[np.int64]
    passes: NDArray[np.void]
    at: NDArray[np.int64]
    used: NDArray[np.int64]


class LaneRules(NamedTuple):
    """Who counts as of one lane, from `rules.toml`."""

    hours: float
    course_deg: float
    size_ratio: float
    least_spread: float


class Lane(NamedTuple):
    """What a lane is for one ship; NaN unknown.

    Attributes:
        ships: others of the lane. kn, spread_kn: their median speed and its spread.
        swinging: of these, ships whose course could be measured. deg, period_s: their medians.
    """

    ships: int
    kn: float
    spread_kn: float
    swinging: int
    deg: float
    period_s: float


def new_lanes(cells: int) -> Lanes:
    """Make a memory with room for `cells` (a power of two)."""
    return Lanes(
        np.full(2 * cells, -1, np.int64), np.zeros(2 * cells, np.int64),
        np.zeros((cells, RING), PASS), np.zeros(cells, np.int64), np.zeros(1, np.int64),
    )  # fmt: skip


def grown(lanes: Lanes) -> Lanes:
    """Give a memory of twice the room with the same content."""
    more = new_lanes(2 * len(lanes.at))
    n = int(lanes.used[USED])
    more.passes[:n], more.at[:n] = lanes.passes[:n], lanes.at[:n]
    more.used[USED] = n
    for i in np.flatnonzero(lanes.keys >= 0):
        put(more.keys, more.numbers, lanes.keys[i], lanes.numbers[i])
    return more


@kernel
def note_pass(
    keys: NDArray[np.int64],
    numbers: NDArray[np.int64],
    passes: NDArray[np.void],
    at: NDArray[np.int64],
    used: NDArray[np.int64],
    slot: int,
    minute: int,
    lon: float,
    lat: float,
    kn: float,
    cog_deg: float,
    length_m: int,
    fast: int,
    hunting_deg: float,
    hunting_s: float,
) -> None:
    """Let one sample into the ship's pass of its cell, the cell's latest of that ship.

    Args:
        keys to used: as in `Lanes`; there must be room for one cell more.
        slot to hunting_s: the ship and its sample.
    """
    key = cell_key(lon, lat)
    cell = find(keys, numbers, key)
    if cell < 0:
        cell = used[USED]
        used[USED] += 1
        put(keys, numbers, key, cell)
    ring = passes[cell]
    k = 0
    while k < RING and not (ring[k]["n"] > 0 and ring[k]["slot"] == slot):
        k += 1
    if k == RING:
        k = at[cell]
        at[cell] = (k + 1) % RING
        ring[k]["n"], ring[k]["slot"], ring[k]["kn"] = 0, slot, 0.0
    one = ring[k]
    # A ship that comes back hours later passes anew.
    n = one["n"] + 1 if minute - one["minute"] <= 60 else 1
    one["n"], one["minute"] = n, minute
    one["kn"] = kn if n == 1 else one["kn"] + (kn - one["kn"]) / n
    one["cog_deg"], one["length_m"], one["fast"] = cog_deg, length_m, fast
    one["hunting_deg"], one["hunting_s"] = hunting_deg, hunting_s


@kernel
def _is_mate(
    one: np.void, slot: int, minute: int, cog_deg: float, length_m: int, fast: int, p: LaneRules
) -> bool:
    """Tell whether a pass is one of the same lane by another ship; an unknown length passes."""
    if one["n"] == 0 or one["slot"] == slot or minute - one["minute"] > p.hours * 60.0:
        return False
    if one["fast"] != fast or not abs(wrapped(one["cog_deg"] - cog_deg)) <= p.course_deg:
        return False
    if one["length_m"] == 0 or length_m == 0:
        return True
    ratio = one["length_m"] / length_m
    return bool(1.0 / p.size_ratio <= ratio <= p.size_ratio)


@kernel
def _gather(
    ring: NDArray[np.void],
    slot: int,
    minute: int,
    cog_deg: float,
    length_m: int,
    fast: int,
    p: LaneRules,
    found: NDArray[np.void],
    n: int,
) -> int:
    """Add the mates of one cell to those found, each ship once with its latest pass."""
    for k in range(RING):
        if not _is_mate(ring[k], slot, minute, cog_deg, length_m, fast, p):
            continue
        f = 0
        while f < n and found[f]["slot"] != ring[k]["slot"]:
            f += 1
        if f == MOST or (f < n and found[f]["minute"] >= ring[k]["minute"]):
            continue
        found[f] = ring[k]
        n = max(n, f + 1)
    return n


@kernel
def lane_of(
    keys: NDArray[np.int64],
    numbers: NDArray[np.int64],
    passes: NDArray[np.void],
    slot: int,
    minute: int,
    lon: float,
    lat: float,
    cog_deg: float,
    length_m: int,
    fast: int,
    p: LaneRules,
    found: NDArray[np.void],
    values: NDArray[np.float64],
) -> Lane:
    """Say what the lane of a ship is, from its own cell and the eight around.

    Args:
        keys, numbers, passes: as in `Lanes`. slot to length_m: the ship, where, on which course.
        found: (MOST,) `PASS`, values: (MOST,), scratch.

    Cost: some 0.3 us.
    """
    middle = cell_key(lon, lat)
    n = 0
    for dr in range(-1, 2):
        for dc in range(-1, 2):
            cell = find(keys, numbers, middle + dr * COLUMNS + dc)
            if cell >= 0:
                n = _gather(
                    passes[cell], slot, minute, cog_deg, length_m, fast, p, found, n
                )  # fmt: skip
    if n == 0:
        return Lane(0, math.nan, math.nan, 0, math.nan, math.nan)
    for f in range(n):
        values[f] = found[f]["kn"]
    kn = median(values, n)
    for f in range(n):
        values[f] = abs(found[f]["kn"] - kn)
    spread_kn = max(MAD_TO_SPREAD * median(values, n), p.least_spread * kn)
    m = 0
    for f in range(n):
        if not math.isnan(found[f]["hunting_deg"]):
            values[m] = found[f]["hunting_deg"]
            m += 1
    deg, swinging = median(values, m), m
    m = 0
    for f in range(n):
        if not math.isnan(found[f]["hunting_s"]):  # of few reports the width alone is known
            values[m] = found[f]["hunting_s"]
            m += 1
    return Lane(n, kn, spread_kn, swinging, deg, median(values, m))
