"""The kernels of D1's sustained form: a ship against its lane, block after block of five minutes.

What it is and is not stands in `sustained.py`. `row` is one row of `STATE`, changed in place.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import CLOSE, OPEN, UPDATE
from sargas.watch.detect.drag_around import is_open_water
from sargas.watch.detect.drag_state import NOT_UNDER_COMMAND, Ports, Water
from sargas.watch.detect.lanes import Lane, LaneRules, Lanes, lane_of, note_pass
from sargas.watch.hunting import EVERY_MIN
from sargas.watch.locate import Ground, Located
from sargas.watch.minutes import Samples

BLOCK_MIN = 5
"""Minutes of one comparison; chosen: short against every limit, long against speed noise."""
WINDOWS = 3
"""Half-hour windows that the hunting is judged by (ref D1)."""
LOW, SWINGING, BOTH = 1, 2, 3
RECOVERED, STOPPED, LOST, RETOLD = 1, 2, 3, 4
DRAG, SLOW = 0, 3
"""Kinds of events: of the rule itself, and of a ship that is low and no more, for `speed_loss`;
that one ends as RETOLD where the other takes its place."""
HIGH_SPEED, PASSENGER = 4, 6
"""First digits of ship types (ITU-R M.1371-5) that sail faster than others of their length."""
RESTRICTED, FISHING, TOWING_ASTERN, PUSHING = 3, 7, 11, 12

FEATURE_NAMES = (
    "sog_kn", "cog_deg", "lane_kn", "lane_ships", "lane_spread_kn", "share", "low_min",
    "beside_min", "hunting_deg", "hunting_s", "hunting_share", "lane_hunting_deg",
    "lane_hunting_s", "lane_swinging", "windows", "wide_windows", "fast_kn", "form", "end",
    "silence_min", "fixes", "nav_status", "stopped_min", "heard_min",
)  # fmt: skip
"""`share` = speed as share of the lane's; `low_min`, `beside_min` = minutes under either limit;
`windows` measured and `wide_windows` among them; `fast_kn` = its own fastest half hour before."""

STATE = np.dtype(
    [
        # The block being gathered.
        ("n", "i8"), ("sog_sum", "f8"), ("fixes", "i8"),
        # Its last sample.
        ("t_ms", "i8"), ("heard_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("cog_deg", "f8"),
        ("length_m", "i8"), ("fast", "i8"), ("nav_status", "i8"), ("hunting_deg", "f8"),
        ("hunting_s", "f8"),
        ("hunting_share", "f8"),
        # What is known of it.
        ("first_ms", "i8"), ("sog_kn", "f8"), ("mean_kn", "f8"), ("fast_kn", "f8"),
        ("window", "i8"), ("known_bits", "i8"), ("wide_bits", "i8"), ("noted_deg", "f8"),
        ("noted_s", "f8"), ("noted_share", "f8"),
        # Against its lane.
        ("lane_ships", "i8"), ("lane_kn", "f8"), ("lane_spread_kn", "f8"), ("swinging", "i8"),
        ("lane_deg", "f8"), ("lane_s", "f8"), ("share", "f8"), ("low_min", "f8"),
        ("beside_min", "f8"), ("start_ms", "i8"),
        # Since it opened.
        ("priority", "i8"), ("form", "i8"), ("recovered_min", "f8"), ("stopped_min", "f8"),
    ]
)  # fmt: skip
"""One row a segment; `priority` 0 = not open, `first_ms` 0 = not under way."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; the gates are those of D1."""

    min_speed_kn: float
    min_length_m: float
    low_share: float
    low_min: float
    first_min: float
    low_ships: float
    low_spreads: float
    beside_share: float
    beside_min: float
    swing_deg: float
    swing_times: float
    few_swing_deg: float
    few_swing_times: float
    few_within_min: float
    period_times: float
    period_max_s: float
    swing_windows: float
    own_share: float
    mean_min: float
    recover_share: float
    recover_min: float
    stop_kn: float
    stop_min: float
    stop_end_min: float
    lost_min: float
    forget_min: float
    water: Water


@kernel
def gather_block(
    samples: Samples, rows: Located, start: int, end: int, state: NDArray[np.void]
) -> None:
    """Add the samples of one minute to the block of their vessels."""
    slot, last, fixes, heard_ms = samples.slot, samples.last, samples.fixes, samples.heard_ms
    t_ms, lon, lat, sog_kn, cog_deg = (
        samples.t_ms, samples.lon, samples.lat, samples.sog_kn, samples.cog_deg,
    )  # fmt: skip
    hunting_deg, hunting_s = samples.hunting_deg, samples.hunting_s
    hunting_share = samples.hunting_share
    length_m, nav_status, ship_type = rows.length_m, rows.nav_status, rows.ship_type
    for j in range(start, end):
        row = state[slot[j]]
        row["heard_ms"] = heard_ms[j]
        if fixes[j] == 0 or math.isnan(sog_kn[j]):
            continue
        row["n"] += 1
        row["sog_sum"] += sog_kn[j]
        row["fixes"] += fixes[j]
        row["t_ms"], row["lon"], row["lat"] = t_ms[j], lon[j], lat[j]
        row["cog_deg"] = cog_deg[j]
        row["length_m"], row["nav_status"] = length_m[last[j]], nav_status[last[j]]
        kind = ship_type[last[j]] // 10
        row["fast"] = 1 if kind in (HIGH_SPEED, PASSENGER) else 0
        row["hunting_deg"], row["hunting_s"] = hunting_deg[j], hunting_s[j]
        row["hunting_share"] = hunting_share[j]


@inlined
def restart(row: np.void) -> None:
    """Forget what was compared; the vessel is not under way, or was not received for long."""
    row["first_ms"] = row["start_ms"] = row["known_bits"] = row["wide_bits"] = 0
    row["low_min"] = row["beside_min"] = row["fixes"] = 0
    row["mean_kn"] = row["fast_kn"] = math.nan
    row["noted_deg"] = row["noted_s"] = row["noted_share"] = math.nan


@inlined
def note_window(row: np.void, minute: int, p: Params) -> None:
    """Note, once a window, whether the course hunted wider and slower than the lane's."""
    window = (minute + 1) // EVERY_MIN
    # Others of the lane may be measured in the same minute and known a block later.
    if window == row["window"] or math.isnan(row["hunting_deg"]) or row["swinging"] == 0:
        return
    if window - row["window"] > WINDOWS:
        row["known_bits"] = row["wide_bits"] = 0
    row["window"] = window
    row["noted_deg"], row["noted_s"] = row["hunting_deg"], row["hunting_s"]
    row["noted_share"] = row["hunting_share"]
    mask = (1 << WINDOWS) - 1
    deg, times = row["hunting_deg"], row["hunting_s"] / row["lane_s"]
    wide = deg >= p.swing_deg and deg >= p.swing_times * row["lane_deg"]
    if math.isnan(times):  # of few reports the period is not known; then it must be the wider
        wide = wide and deg >= p.few_swing_deg and deg >= p.few_swing_times * row["lane_deg"]
    else:
        wide = wide and times >= p.period_times and row["hunting_s"] <= p.period_max_s
    row["known_bits"] = ((row["known_bits"] << 1) | 1) & mask
    row["wide_bits"] = ((row["wide_bits"] << 1) | (1 if wide else 0)) & mask


@inlined
def bits_set(bits: int) -> int:
    """Count the windows noted."""
    n = 0
    for k in range(WINDOWS):
        n += (bits >> k) & 1
    return n


@inlined
def compare(row: np.void, lane: Lane, t_ms: int, p: Params) -> None:
    """Hold the block against the lane, count the minutes under its limits."""
    if lane.ships == 0:
        return  # nobody to compare with: what was counted and compared stands
    row["lane_ships"], row["lane_kn"], row["lane_spread_kn"] = lane.ships, lane.kn, lane.spread_kn
    row["swinging"], row["lane_deg"], row["lane_s"] = lane.swinging, lane.deg, lane.period_s
    share = row["share"] = row["sog_kn"] / lane.kn
    if share > p.beside_share:
        row["low_min"] = row["beside_min"] = 0.0
        if row["priority"] == 0:
            row["start_ms"] = row["fixes"] = 0
    else:
        if row["start_ms"] == 0:
            row["start_ms"] = t_ms - BLOCK_MIN * MINUTE_MS
        row["beside_min"] += BLOCK_MIN
        is_low = share <= p.low_share and lane.kn - row["sog_kn"] >= p.low_spreads * lane.spread_kn
        row["low_min"] = row["low_min"] + BLOCK_MIN if is_low else 0.0
    row["recovered_min"] = row["recovered_min"] + BLOCK_MIN if share >= p.recover_share else 0.0


@inlined
def form_of(row: np.void, p: Params) -> int:
    """Tell which form holds: low in the lane, low and swinging, both, or none (0)."""
    was_low_at_once = row["start_ms"] - row["first_ms"] <= p.first_min * MINUTE_MS
    is_low = was_low_at_once and row["low_min"] >= p.low_min and row["lane_ships"] >= p.low_ships
    # The width alone, of few reports, must be there in every window, and from early on: looked at
    # all day long, any poor autopilot would have three such windows.
    of_few = math.isnan(row["noted_s"])
    is_early = row["heard_ms"] - row["first_ms"] <= p.few_within_min * MINUTE_MS
    swings = (
        bits_set(row["wide_bits"]) >= (WINDOWS if of_few else p.swing_windows)
        and (is_early or not of_few)
        and row["beside_min"] >= p.beside_min
        and row["share"] <= p.beside_share
    )
    if not swings:
        return LOW if is_low else 0
    return BOTH if row["low_min"] >= p.low_min else SWINGING


@inlined
def works(status: int) -> bool:
    """Tell whether a vessel reports that it tows, fishes, or cannot manoeuvre as others do."""
    return status in (NOT_UNDER_COMMAND, RESTRICTED, FISHING, TOWING_ASTERN, PUSHING)


@kernel
def priority_of(row: np.void, ground: Ground, ports: Ports, p: Params) -> int:
    """Give P3, or P2 where more than the lane speaks for it; a stop counts in open water only."""
    was_faster = row["mean_kn"] <= p.own_share * row["fast_kn"]  # false where unknown
    if row["form"] == BOTH or (row["form"] == SWINGING and was_faster):
        return 2
    stopped = row["stopped_min"] >= p.stop_min
    return 2 if stopped and is_open_water(row, ground, ports, math.nan, p.water) else 3


@kernel
def write_event(
    row: np.void, slot: int, op: int, end: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event; returns events written."""
    event = events[n]
    event["op"], event["priority"], event["slot"] = op, row["priority"], slot
    event["kind"] = SLOW if row["form"] == LOW else DRAG
    event["t_start_ms"], event["t_ms"] = row["start_ms"], t_ms
    event["lon"], event["lat"], event["asset"] = row["lon"], row["lat"], -1
    event["distance_m"] = event["accuracy_m"] = event["kp_m"] = math.nan
    x = event["x"]
    x[0], x[1], x[2], x[3] = row["sog_kn"], row["cog_deg"], row["lane_kn"], row["lane_ships"]
    x[4], x[5], x[6], x[7] = row["lane_spread_kn"], row["share"], row["low_min"], row["beside_min"]
    x[8], x[9], x[10] = row["noted_deg"], row["noted_s"], row["noted_share"]
    x[11], x[12], x[13] = row["lane_deg"], row["lane_s"], row["swinging"]
    x[14], x[15] = bits_set(row["known_bits"]), bits_set(row["wide_bits"])
    x[16], x[17], x[18] = row["fast_kn"], row["form"], end
    x[19], x[20] = (t_ms - row["heard_ms"]) / MINUTE_MS, row["fixes"]
    x[21], x[22] = row["nav_status"], row["stopped_min"]
    x[23] = (row["start_ms"] - row["first_ms"]) / MINUTE_MS if row["first_ms"] > 0 else math.nan
    return n + 1


@inlined
def why_over(row: np.void, t_ms: int, p: Params) -> int:
    """Tell why an open event is over; 0 if it is not."""
    if row["recovered_min"] >= p.recover_min:
        return RECOVERED
    if row["stopped_min"] >= p.stop_end_min:
        return STOPPED
    if t_ms - row["heard_ms"] >= p.lost_min * MINUTE_MS:
        return LOST
    return 0


@inlined
def sail_block(row: np.void, t_ms: int, p: Params) -> bool:
    """Take the block's speed; tell whether the vessel is under way."""
    sog = row["sog_kn"] = row["sog_sum"] / row["n"]
    row["n"], row["sog_sum"] = 0, 0.0
    row["stopped_min"] = row["stopped_min"] + BLOCK_MIN if sog < p.stop_kn else 0.0
    if sog < p.min_speed_kn or math.isnan(row["cog_deg"]):
        if row["priority"] == 0:
            restart(row)
        return False
    if row["first_ms"] == 0:
        row["first_ms"] = t_ms - BLOCK_MIN * MINUTE_MS
    if math.isnan(row["mean_kn"]):
        row["mean_kn"] = sog
        return True
    row["mean_kn"] += BLOCK_MIN / p.mean_min * (sog - row["mean_kn"])
    long_enough = t_ms - row["first_ms"] >= p.mean_min * MINUTE_MS
    if long_enough and not row["mean_kn"] <= row["fast_kn"]:
        row["fast_kn"] = row["mean_kn"]
    return True


@kernel
def end_block(
    t_ms: int,
    state: NDArray[np.void],
    lanes: Lanes,
    ground: Ground,
    ports: Ports,
    p: Params,
    lane_rules: LaneRules,
    found: NDArray[np.void],
    values: NDArray[np.float64],
    events: NDArray[np.void],
    n: int,
) -> int:
    """Hold every vessel of the block against its lane; open, raise and close.

    Args:
        t_ms: end of the block. state: (slots,) `STATE`. lanes: with room for as many cells.
        ground, ports: the surroundings. found, values: scratch of `lane_of`.
        events: room for an event of every slot, `n` of them written.

    Returns:
        Events written by now.
    """
    minute = t_ms // MINUTE_MS - 1
    keys, numbers, passes, at, used = (
        lanes.keys, lanes.numbers, lanes.passes, lanes.at, lanes.used,
    )  # fmt: skip
    for s in range(state.shape[0]):
        row = state[s]
        if row["n"] == 0:
            if row["priority"] > 0 and why_over(row, t_ms, p) > 0:
                n = write_event(row, s, CLOSE, LOST, t_ms, events, n)
                row["priority"] = 0
                restart(row)
            elif row["first_ms"] > 0 and t_ms - row["heard_ms"] > p.forget_min * MINUTE_MS:
                restart(row)
            continue
        if sail_block(row, t_ms, p):
            lon, lat, cog, length = row["lon"], row["lat"], row["cog_deg"], row["length_m"]
            if not 0 < length < p.min_length_m:
                lane = lane_of(
                    keys, numbers, passes, s, minute, lon, lat, cog, length, row["fast"],
                    lane_rules, found, values,
                )  # fmt: skip
                compare(row, lane, t_ms, p)
                note_window(row, minute, p)
            note_pass(
                keys, numbers, passes, at, used, s, minute, lon, lat, row["sog_kn"], cog, length,
                row["fast"], row["hunting_deg"], row["hunting_s"],
            )  # fmt: skip
        if row["priority"] > 0:
            end = why_over(row, t_ms, p)
            priority = priority_of(row, ground, ports, p)
            if end > 0:
                n = write_event(row, s, CLOSE, end, t_ms, events, n)
                row["priority"] = 0
                restart(row)
            elif row["form"] == LOW and form_of(row, p) > LOW:
                n = write_event(row, s, CLOSE, RETOLD, t_ms, events, n)
                row["form"] = form_of(row, p)
                row["priority"] = priority_of(row, ground, ports, p)
                n = write_event(row, s, OPEN, 0, t_ms, events, n)
            elif priority < row["priority"]:
                row["priority"] = priority
                n = write_event(row, s, UPDATE, 0, t_ms, events, n)
        elif row["start_ms"] > 0 and not works(row["nav_status"]):
            row["form"] = form_of(row, p)
            if row["form"] > 0 and is_open_water(row, ground, ports, row["cog_deg"], p.water):
                row["recovered_min"] = row["stopped_min"] = 0.0
                row["priority"] = priority_of(row, ground, ports, p)
                n = write_event(row, s, OPEN, 0, t_ms, events, n)
    return n
