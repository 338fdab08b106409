"""The kernels of D15 `off_route`: ships held against what is learnt, block by block."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import NM_M
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.ahead import port_ahead
from sargas.watch.detect.base import CLOSE, OPEN
from sargas.watch.detect.cells import USED, Cells, number_in, number_of_key
from sargas.watch.detect.drag_state import Ports
from sargas.watch.detect.off_route_learnt import (
    BOXES,
    GROUPS,
    PASSES,
    SECTORS,
    code_of,
    density_at,
    group_of,
    has_passed,
    kind_of,
    less_own,
    sector_of,
)
from sargas.watch.detect.reception import cell_key, land_m_at
from sargas.watch.detect.sustained_fold import works
from sargas.watch.detect.writing import begin_event
from sargas.watch.locate import Ground, Located
from sargas.watch.minutes import Samples

BLOCK_MIN = 5
"""Minutes of one look; chosen: a ship at 20 kn sails a quarter of a cell in it."""
BLOCKS = 12
"""Blocks of a window, an hour; chosen."""
MASK = (1 << BLOCKS) - 1
USUAL, NOT_COMPARED, SLOW, LOST = 1, 2, 3, 4
LOOKED, UNKNOWN, NEAR, RARE, FULL = range(5)
TALLIES = ("looked", "not_learnt", "near_port_or_land", "rare", "no_room_to_learn")
"""What became of the blocks of ships that the rule is for."""

FEATURE_NAMES = (
    "like", "passages", "ships", "known", "rare", "chance", "sog_kn", "cog_deg", "length_m",
    "kind", "nav_status", "learnt_days", "silence_min", "fixes", "land_m", "end",
)  # fmt: skip
"""`like` of `passages` of ships like it went on a course like its own; `known` blocks of the window
and `rare` ones among them; `chance` = such windows a day by chance; `kind` 1 for passenger ships.
"""
OPENED = 6
"""So many of these stay as they were when it opened: around its end lies something else."""

STATE = np.dtype(
    [
        # The block being gathered.
        ("n", "i8"), ("sog_sum", "f8"), ("heard_ms", "i8"), ("open", "i8"), ("lon", "f8"),
        ("lat", "f8"), ("cog_deg", "f8"), ("length_m", "i8"), ("ship_type", "i8"),
        ("nav_status", "i8"), ("fixes", "i8"),
        # The last look.
        ("sog_kn", "f8"), ("code", "i8"), ("looked_ms", "i8"), ("is_known", "i8"), ("like", "f8"),
        ("passages", "f8"), ("ships", "i8"),
        # The window, and what is open.
        ("known_bits", "i8"), ("rare_bits", "i8"), ("start_ms", "i8"),
        ("back_min", "f8"), ("slow_min", "f8"), ("told", "f8", OPENED), ("at", "i8"),
    ]
)  # fmt: skip
"""One row a segment; `n` minutes at speed; `code` -1 = not looked; `told` = the first
features, as they stood when it opened; `at` = where its next passage is written."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`, in the units of their names."""

    min_speed_kn: float
    min_length_m: float
    long_m: float
    again_h: float
    own_h: float
    look_min: float
    least_passages: float
    least_ships: float
    rare_share: float
    windows_a_day: float
    chance_a_day: float
    min_land_nm: float
    port_nm: float
    port_fan_deg: float
    back_min: float
    slow_min: float
    lost_min: float
    most_cells: float


class Sea(NamedTuple):
    """The surroundings, as kernels take them."""

    ground: Ground
    ports: Ports


class Known(NamedTuple):
    """What is learnt: the table of `LEARNT`, (slots, `PASSES`) `OWN`, (5,) int64 of `TALLIES`."""

    cells: Cells
    rows: NDArray[np.void]
    own: NDArray[np.void]
    tally: NDArray[np.int64]


@inlined
def is_at_work(ship_type: int) -> bool:
    """Tell whether a type is one of `WORK_TYPES`."""
    return 30 <= ship_type <= 35 or 50 <= ship_type <= 55


@kernel
def bits_set(bits: int) -> int:
    """Count the bits that are set."""
    n = 0
    while bits != 0:
        n += bits & 1
        bits >>= 1
    return n


@kernel
def chance_of(n: int, k: int, p: float) -> float:
    """Give the chance of `k` or more of `n` independent draws at chance `p` (binomial tail).

    Example:
        >>> chance_of(3, 3, 0.5), chance_of(3, 0, 0.5)
        (0.125, 1.0)
    """
    total = 0.0
    ways = 1.0
    for i in range(n + 1):
        if i > 0:
            ways = ways * (n - i + 1) / i
        if i >= k:
            term = ways
            for _ in range(i):
                term *= p
            for _ in range(n - i):
                term *= 1.0 - p
            total += term
    return total


@kernel
def gather_block(
    samples: Samples, rows: Located, start: int, end: int, state: NDArray[np.void], p: Params
) -> None:
    """Add the samples of one minute to the block of their vessels."""
    slot, last, fixes, heard_ms = samples.slot, samples.last, samples.fixes, samples.heard_ms
    lon, lat, sog_kn, cog_deg = samples.lon, samples.lat, samples.sog_kn, samples.cog_deg
    length_m, nav_status, ship_type = rows.length_m, rows.nav_status, rows.ship_type
    for j in range(start, end):
        row, m = state[slot[j]], last[j]
        if 0 < length_m[m] < p.min_length_m and row["open"] == 0:
            continue
        row["heard_ms"] = heard_ms[j]
        if fixes[j] == 0 or not sog_kn[j] >= p.min_speed_kn:
            continue
        row["n"] += 1
        row["sog_sum"] += sog_kn[j]
        row["fixes"] += fixes[j]
        row["lon"], row["lat"], row["cog_deg"] = lon[j], lat[j], cog_deg[j]
        row["length_m"], row["nav_status"] = length_m[m], nav_status[m]
        row["ship_type"] = ship_type[m]


@inlined
def learn_pass(row: np.void, slot: int, code: int, minute: int, known: Known, p: Params) -> None:
    """Count a ship's passage of the cell it is in, once in some hours."""
    cells, learnt, own, at = known.cells, known.rows, known.own[slot], row["at"]
    if has_passed(own, at, code, minute - int(p.again_h * 60)):
        return
    cell, group = code // (GROUPS * SECTORS), code // SECTORS % GROUPS
    if number_in(cells, cell) < 0 and cells.used[USED] >= p.most_cells:
        known.tally[FULL] += 1
        return
    one = learnt[number_of_key(cells, cell)]
    one["passages"][code % (GROUPS * SECTORS)] += np.float32(1.0)
    one["sums"][group] += np.float32(1.0)
    one["ships"][group] |= np.uint64(1) << np.uint64(slot % BOXES)
    own[at]["code"], own[at]["minute"] = code, minute
    row["at"] = (at + 1) % PASSES


@kernel
def is_near(row: np.void, sea: Sea, p: Params) -> bool:
    """Tell whether land is near, or a port around, ahead or astern explains the course."""
    lon, lat, course = row["lon"], row["lat"], row["cog_deg"]
    if land_m_at(sea.ground, lon, lat) < p.min_land_nm * NM_M:
        return True
    ports, reach_m = sea.ports, p.port_nm * NM_M
    for way in (course, (course + 180.0) % 360.0):
        port, _ = port_ahead(
            ports.lon, ports.lat, ports.radius_m, lon, lat, way, p.port_fan_deg, reach_m
        )
        if port >= 0:
            return True
    return False


@inlined
def look(row: np.void, slot: int, code: int, t_ms: int, known: Known, p: Params) -> None:
    """Look up what is known around a ship, then learn that it passed."""
    d = density_at(known.cells, known.rows, code)
    minute = t_ms // MINUTE_MS
    if d.passages >= p.least_passages:
        d = less_own(known.own[slot], row["at"], d, code, minute - int(p.own_h * 60))
    row["code"], row["looked_ms"] = code, t_ms
    row["like"], row["passages"], row["ships"] = d.like, d.passages, d.ships
    enough = d.passages >= p.least_passages and d.ships >= p.least_ships
    row["is_known"] = 1 if enough else 0
    learn_pass(row, slot, code, minute, known, p)


@inlined
def sail_block(row: np.void, slot: int, t_ms: int, known: Known, sea: Sea, p: Params) -> bool:
    """Put a ship's block into its window; tell whether it is rare.

    What is known around is looked up anew in another cell, on another course, and every
    `look_min`.
    """
    group = group_of(row["ship_type"], row["length_m"], p.long_m)
    code = code_of(cell_key(row["lon"], row["lat"]), group, sector_of(row["cog_deg"]))
    if code != row["code"] or t_ms - row["looked_ms"] >= p.look_min * MINUTE_MS:
        look(row, slot, code, t_ms, known, p)
    tally = known.tally
    tally[LOOKED] += 1
    is_known = row["is_known"] == 1
    is_rare = is_known and row["like"] < p.rare_share * row["passages"]
    if not is_known:
        tally[UNKNOWN] += 1
    elif is_rare and is_near(row, sea, p):
        tally[NEAR] += 1
        is_known = is_rare = False
    tally[RARE] += is_rare
    row["known_bits"] = (row["known_bits"] << 1 | is_known) & MASK
    row["rare_bits"] = (row["rare_bits"] << 1 | is_rare) & MASK
    return bool(is_rare)


@kernel
def start_of(row: np.void, t_ms: int) -> int:
    """Give the beginning of the first rare block of the window."""
    blocks = 0
    while row["rare_bits"] >> blocks != 0:
        blocks += 1
    return t_ms - blocks * BLOCK_MIN * MINUTE_MS


@kernel
def write_event(
    row: np.void, slot: int, op: int, end: int, t_ms: int, first_ms: int, ground: Ground,
    events: NDArray[np.void], n: int,
) -> int:  # fmt: skip
    """Write an event; returns events written."""
    begin_event(events, n, op, slot, row["start_ms"], t_ms, row["lon"], row["lat"])
    x = events[n]["x"]
    for k in range(OPENED):
        x[k] = row["told"][k]
    x[6], x[7], x[8] = row["sog_kn"], row["cog_deg"], row["length_m"]
    x[9], x[10] = kind_of(row["ship_type"]), row["nav_status"]
    x[11] = (t_ms - first_ms) / (1440 * MINUTE_MS)
    x[12], x[13] = (t_ms - row["heard_ms"]) / MINUTE_MS, row["fixes"]
    x[14], x[15] = land_m_at(ground, row["lon"], row["lat"]), end
    return n + 1


@inlined
def restart(row: np.void) -> None:
    """Forget the window and what was open."""
    row["known_bits"] = row["rare_bits"] = row["open"] = row["fixes"] = 0
    row["back_min"] = row["slow_min"] = 0.0
    row["code"] = -1


@inlined
def pass_over(row: np.void) -> None:
    """Let a block go by in which the ship was not compared."""
    row["known_bits"] = (row["known_bits"] << 1) & MASK
    row["rare_bits"] = (row["rare_bits"] << 1) & MASK


@inlined
def is_compared(row: np.void, p: Params) -> bool:
    """Tell whether a ship is one that others are held against: large, on a course, not at work."""
    return bool(
        not math.isnan(row["cog_deg"])
        and not 0 < row["length_m"] < p.min_length_m
        and not is_at_work(row["ship_type"])
        and not works(row["nav_status"])
    )


@inlined
def why_over(row: np.void, is_rare: bool, is_at_speed: bool, t_ms: int, p: Params) -> int:
    """Count towards the end of what is open; tell why it is over, 0 if it is not."""
    silent_ms = t_ms - row["heard_ms"]
    if is_rare:
        row["back_min"] = 0.0
    elif is_at_speed:
        row["back_min"] += BLOCK_MIN
    elif silent_ms <= BLOCK_MIN * MINUTE_MS:
        row["slow_min"] += BLOCK_MIN
    if silent_ms >= p.lost_min * MINUTE_MS:
        return LOST
    if row["slow_min"] >= p.slow_min:
        return SLOW
    if row["back_min"] >= p.back_min:
        return USUAL if row["known_bits"] & 1 else NOT_COMPARED
    return 0


@kernel
def end_block(
    t_ms: int,
    first_ms: int,
    state: NDArray[np.void],
    known: Known,
    sea: Sea,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Hold every ship of the block against what is learnt, then learn from it; open and close.

    Args:
        t_ms: end of the block. first_ms: when learning began.
        state: (slots,) `STATE`. known: with room for as many cells. sea: the surroundings.
        events: room for an event of every slot, `n` of them written.

    Returns:
        Events written by now.
    """
    ground = sea.ground
    for s in range(state.shape[0]):
        row = state[s]
        is_rare, is_at_speed = False, row["n"] > 0
        if is_at_speed:
            row["sog_kn"] = row["sog_sum"] / row["n"]
            row["n"], row["sog_sum"], row["slow_min"] = 0, 0.0, 0.0
        if is_at_speed and is_compared(row, p):
            is_rare = sail_block(row, s, t_ms, known, sea, p)
        else:
            pass_over(row)
        if row["open"] == 1:
            end = why_over(row, is_rare, is_at_speed, t_ms, p)
            if end > 0:
                n = write_event(row, s, CLOSE, end, t_ms, first_ms, ground, events, n)
                restart(row)
        elif is_rare:
            known_n, rare_n = bits_set(row["known_bits"]), bits_set(row["rare_bits"])
            chance = p.windows_a_day * chance_of(known_n, rare_n, p.rare_share)
            if chance <= p.chance_a_day:
                told = row["told"]
                told[0], told[1], told[2] = row["like"], row["passages"], row["ships"]
                told[3], told[4], told[5] = known_n, rare_n, chance
                row["open"], row["start_ms"] = 1, start_of(row, t_ms)
                row["back_min"] = row["slow_min"] = 0.0
                n = write_event(row, s, OPEN, 0, t_ms, first_ms, ground, events, n)
        elif row["rare_bits"] == 0:
            row["fixes"] = 0
    return n
