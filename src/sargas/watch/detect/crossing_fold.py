"""The kernels of the crossing log (D3): chords from fix to fix, and the speeds before and after."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import DEG, KN_MS, metres_per_degree
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS, NO_TIME
from sargas.watch.chords import Chord, Lines, between, find_hits, time_share, turned
from sargas.watch.clean import OK
from sargas.watch.locate import Located

RING = 32
"""Minutes of mean speed that are kept: the longest span asked for, and a chunk (see `_rules`)."""
CHUNK = 16
"""Minutes that are folded in one call; their ticks follow, before the ring comes round."""

DEGREE_M = 111_700.0
"""No degree of longitude or latitude is longer."""
NEARLY = 0.9
"""Distances on the tangent plane are believed to a tenth."""

CROSSING = np.dtype(
    [
        ("slot", "i4"), ("asset", "i4"), ("uncertain", "u1"),
        ("t_ms", "i8"), ("t_from_ms", "i8"), ("t_to_ms", "i8"),
        ("lon", "f8"), ("lat", "f8"), ("kp_m", "f8"), ("angle_deg", "f8"),
        ("before_kn", "f8"), ("sog_kn", "f8"), ("after_kn", "f8"), ("chord_kn", "f8"),
        ("cog_deg", "f8"), ("heading_deg", "f8"),
        ("uncertainty_s", "f8"), ("accuracy_m", "f8"),
    ]
)  # fmt: skip
"""One crossing. `t_from_ms`, `t_to_ms`: the fixes before and after. Where `uncertain`, `t_ms` is
`NO_TIME`, and what belongs to the moment of crossing is NaN; place and kilometre point are then
those of the straight line between the two fixes. `chord_kn`: mean speed between the two fixes.
`angle_deg`: 0 along the asset, 90 straight across. NaN where not available."""

STATE = np.dtype(
    [
        ("t_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("sog_kn", "f8"), ("cog_deg", "f8"),
        ("heading_deg", "f8"), ("now", "i8"), ("sum_kn", "f8"), ("fixes", "i4"),
        ("mean_kn", "f4", RING),
    ]
)  # fmt: skip
"""State of a segment: its last fix; the minute of its last speed, sum and number of its speeds in
it; mean speed of the `RING` minutes before that one, at their number modulo `RING`, NaN where none
was heard."""


class CrossingRules(NamedTuple):
    """Limits of the log, from `rules.toml`."""

    max_dt_ms: int
    max_chord_m: float
    near_ms: int
    far_ms: int
    speed_error: float
    clock_s: float


@kernel
def log_rows(
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    lines: Lines,
    rules: CrossingRules,
    hit_piece: NDArray[np.int32],
    hit_share: NDArray[np.float64],
    out: NDArray[np.void],
    n: int,
) -> tuple[int, int, int]:
    """Follow each segment from fix to fix and write a row for each crossing on the way.

    Args:
        rows: n located fixes; those from `start` to `end` are folded.
        state: (slots,) `STATE`, changed in place.
        lines, rules: pieces and limits.
        hit_piece, hit_share: (h,) and (h, 2) scratch.
        out: (k,) `CROSSING`; `n` rows are taken.

    Returns:
        (row to go on with after making more room, or `end`; rows taken now; room wanted).
    """
    slot, verdict, t_ms, lon, lat = rows.slot, rows.verdict, rows.t_ms, rows.lon, rows.lat
    sog_kn, cog_deg, heading_deg = rows.sog_kn, rows.cog_deg, rows.heading_deg
    asset, distance_m, buffer_m = rows.asset, rows.distance_m, rows.buffer_m
    least_m = lines.least_m
    first, entry, line = lines.first, lines.entry, lines.line
    lon0, lat0, columns, grid_rows = lines.lon0, lines.lat0, lines.columns, lines.rows
    for i in range(start, end):
        if slot[i] < 0 or verdict[i] != OK:
            continue
        own = state[slot[i]]
        if t_ms[i] <= own["t_ms"]:
            continue
        # No piece is nearer than this: the located one has the greatest margin of all.
        free_m = least_m if asset[i] < 0 else min(least_m, least_m - buffer_m[i] + distance_m[i])
        way_m = (abs(lon[i] - own["lon"]) + abs(lat[i] - own["lat"])) * DEGREE_M
        if way_m > NEARLY * free_m and own["t_ms"] != NO_TIME:
            hits = find_hits(
                first, entry, line, lon0, lat0, columns, grid_rows,
                own["lon"], own["lat"], lon[i], lat[i], hit_piece, hit_share,
            )  # fmt: skip
            if hits > 0:
                if hits >= hit_piece.shape[0] or n + hits > out.shape[0]:
                    return i, n, max(hits, 64)
                chord = Chord(
                    slot[i], own["t_ms"], own["lon"], own["lat"], own["sog_kn"],
                    own["cog_deg"], own["heading_deg"],
                    t_ms[i], lon[i], lat[i], sog_kn[i], cog_deg[i], heading_deg[i],
                )  # fmt: skip
                n = write_hits(chord, hits, hit_piece, hit_share, state, lines, rules, out, n)
        own["t_ms"], own["lon"], own["lat"] = t_ms[i], lon[i], lat[i]
        own["sog_kn"], own["cog_deg"], own["heading_deg"] = sog_kn[i], cog_deg[i], heading_deg[i]
        if not math.isnan(sog_kn[i]):
            note_speed(own, t_ms[i] // MINUTE_MS, sog_kn[i])
    return end, n, 0


@kernel
def write_hits(
    chord: Chord,
    hits: int,
    hit_piece: NDArray[np.int32],
    hit_share: NDArray[np.float64],
    state: NDArray[np.void],
    lines: Lines,
    rules: CrossingRules,
    out: NDArray[np.void],
    n: int,
) -> int:
    """Write a chord's crossings in the order they were met.

    Args:
        chord: the way between two fixes.
        hits, hit_piece, hit_share: what it crosses, see `find_hits`; put in order in place.
        state: (slots,) for the speed before. lines, rules: pieces and limits.
        out: (k,) `CROSSING` with room; `n` rows are taken.

    Returns:
        Rows taken now.
    """
    for k in range(1, hits):
        p, share, where = hit_piece[k], hit_share[k, 0], hit_share[k, 1]
        j = k
        while j > 0 and (hit_share[j - 1, 0], hit_piece[j - 1]) > (share, p):
            hit_piece[j] = hit_piece[j - 1]
            hit_share[j, 0], hit_share[j, 1] = hit_share[j - 1, 0], hit_share[j - 1, 1]
            j -= 1
        hit_piece[j], hit_share[j, 0], hit_share[j, 1] = p, share, where
    for k in range(hits):
        n = write_crossing(
            chord, hit_piece[k], hit_share[k, 0], hit_share[k, 1], state, lines, rules, out,
            n,
        )  # fmt: skip
    return n


@kernel
def write_crossing(
    chord: Chord,
    p: int,
    share: float,
    where: float,
    state: NDArray[np.void],
    lines: Lines,
    rules: CrossingRules,
    out: NDArray[np.void],
    n: int,
) -> int:
    """Write one crossing: piece `p` at `share` of the chord and `where` of the piece.

    Returns:
        Rows taken now.
    """
    kp_m = lines.kp_m[p] + where * lines.length_m[p]
    kx, ky = metres_per_degree(0.5 * (chord.lat1 + chord.lat2))
    x, y = (chord.lon2 - chord.lon1) * kx, (chord.lat2 - chord.lat1) * ky
    chord_m, dt_ms = math.hypot(x, y), chord.t2_ms - chord.t1_ms
    speed_ms = chord_m / (dt_ms / 1000.0)
    px = (lines.line[p, 2] - lines.line[p, 0]) * kx
    py = (lines.line[p, 3] - lines.line[p, 1]) * ky
    along, across = abs(x * px + y * py), abs(x * py - y * px)
    row = out[n]
    row["slot"], row["asset"] = chord.slot, lines.asset[p]
    row["t_from_ms"], row["t_to_ms"] = chord.t1_ms, chord.t2_ms
    row["lon"] = chord.lon1 + share * (chord.lon2 - chord.lon1)
    row["lat"] = chord.lat1 + share * (chord.lat2 - chord.lat1)
    row["kp_m"], row["accuracy_m"] = kp_m, lines.accuracy_m[p]
    row["chord_kn"] = speed_ms / KN_MS
    row["after_kn"] = math.nan
    if dt_ms > rules.max_dt_ms or chord_m > rules.max_chord_m:
        row["uncertain"], row["t_ms"] = 1, NO_TIME
        row["angle_deg"] = row["sog_kn"] = row["cog_deg"] = math.nan
        row["heading_deg"] = row["uncertainty_s"] = math.nan
        row["before_kn"] = speed_before(state, chord.slot, chord.t1_ms + rules.near_ms, rules)
        return n + 1
    u = time_share(chord, share, chord_m, x, y)
    row["uncertain"] = 0
    row["t_ms"] = chord.t1_ms + math.floor(u * dt_ms + 0.5)
    row["angle_deg"] = math.atan2(across, along) / DEG
    before_ms = min(row["t_ms"], chord.t1_ms + rules.near_ms)
    row["before_kn"] = speed_before(state, chord.slot, before_ms, rules)
    row["sog_kn"] = between(chord.sog1_kn, chord.sog2_kn, u)
    row["cog_deg"] = turned(chord.cog1_deg, chord.cog2_deg, u)
    row["heading_deg"] = turned(chord.heading1_deg, chord.heading2_deg, u)
    # How far the time may be off: a speed that changes by the stated share along the chord moves
    # it by error * u * (1 - u) * dt; what Hermite moved it by is doubted as well.
    drift_s = max(abs(u - share), rules.speed_error * u * (1.0 - u)) * dt_ms / 1000.0
    sine = max(across / math.hypot(along, across), 1e-6)
    place_s = lines.accuracy_m[p] / (speed_ms * sine)
    row["uncertainty_s"] = math.hypot(math.hypot(drift_s, rules.clock_s), place_s)
    return n + 1


@kernel
def speed_before(state: NDArray[np.void], slot: int, t_ms: int, rules: CrossingRules) -> float:
    """Mean speed of the whole minutes that ended from `far` to `near` before a time.

    That time is the crossing, or where the last fix was heard long before it, `near` after that
    fix: so the span always ends where the vessel was still heard.
    """
    return mean_speed(
        state, slot, t_ms - rules.far_ms - MINUTE_MS + 1, t_ms - rules.near_ms - MINUTE_MS + 1
    )


@kernel
def note_speed(own: np.void, minute: int, sog_kn: float) -> None:
    """Count a speed into its minute; the minute before goes into the ring when it is over."""
    if own["now"] != minute:
        if own["now"] >= 0:
            own["mean_kn"][own["now"] % RING] = own["sum_kn"] / own["fixes"]
            for silent in range(max(own["now"] + 1, minute - RING), minute):
                own["mean_kn"][silent % RING] = math.nan
        own["now"], own["sum_kn"], own["fixes"] = minute, 0.0, 0
    own["sum_kn"] += sog_kn
    own["fixes"] += 1


@kernel
def mean_speed(state: NDArray[np.void], slot: int, from_ms: int, to_ms: int) -> float:
    """Mean of the minutes' mean speeds, so that a turn with many reports weighs no more.

    Args:
        state: (slots,) `STATE`.
        from_ms, to_ms: minutes that begin from here to before there.

    Returns:
        Knots; NaN where no speed is known.
    """
    own = state[slot]
    total, minutes = 0.0, 0
    for minute in range(own["now"] - RING, own["now"]):
        mean_kn = float(own["mean_kn"][minute % RING])
        if from_ms <= minute * MINUTE_MS < to_ms and not math.isnan(mean_kn):
            total += mean_kn
            minutes += 1
    if own["now"] >= 0 and from_ms <= own["now"] * MINUTE_MS < to_ms:
        # No finer than the ring keeps it: whether the minute is there yet depends on the cut.
        total += float(np.float32(own["sum_kn"] / own["fixes"]))
        minutes += 1
    return total / minutes if minutes else math.nan


@kernel
def settle(
    pending: NDArray[np.void],
    n: int,
    tick_ms: int,
    state: NDArray[np.void],
    rules: CrossingRules,
    final: NDArray[np.void],
) -> tuple[int, int]:
    """Move the rows whose speed after is known by now from `pending` to `final`.

    Args:
        pending: `CROSSING`, `n` rows taken; the others move up, in their order.
        tick_ms: all fixes before this time have been folded.
        state: (slots,) for the speed after.
        final: (n,) `CROSSING`, filled.

    Returns:
        (rows in `final`, rows still pending).
    """
    done = kept = 0
    for i in range(n):
        t_ms = after_ms(pending[i], rules)
        if t_ms + rules.far_ms + MINUTE_MS > tick_ms:
            pending[kept] = pending[i]
            kept += 1
            continue
        final[done] = pending[i]
        final[done]["after_kn"] = mean_speed(
            state, pending[i]["slot"], t_ms + rules.near_ms, t_ms + rules.far_ms
        )
        done += 1
    return done, kept


@kernel
def after_ms(row: np.void, rules: CrossingRules) -> int:
    """Say from when on the speed after a crossing counts, less `near`: see `speed_before`."""
    heard_ms = row["t_to_ms"] - rules.near_ms
    return int(heard_ms if row["uncertain"] else max(row["t_ms"], heard_ms))
