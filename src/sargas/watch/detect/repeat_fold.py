"""The kernels of D7 `repeat_crossing`: crossings of one asset, each back the other way.

The crossings are found by the same test as the crossing log's (`watch.chords`), on the way from
one minute's place to the next's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, angle_between_deg, bearing_deg, short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.chords import Lines, find_hits
from sargas.watch.detect.base import CLOSE, OPEN, ROOM
from sargas.watch.detect.writing import begin_event
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples

KEPT = 12
"""Crossings of a vessel that are kept, of all assets together."""
DEGREE_M = 111_700.0
"""No degree of longitude or latitude is longer."""
NEARLY = 0.9
"""Distances on the tangent plane are believed to a tenth."""

FEATURE_NAMES = (
    "crossings", "span_min", "kp_span_km", "least_turn_deg", "mean_kn", "length_m", "msg_type",
    "nav_status", "depth_m", "t_last_ms", "is_over", "most_way_km",
)  # fmt: skip

STATE = np.dtype(
    [
        ("t_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("taken", "i8"), ("is_open", "u1"),
        ("open_asset", "i4"), ("t_start_ms", "i8"), ("t_last_ms", "i8"), ("priority", "u1"),
        ("count", "i4"), ("kp_low_m", "f8"), ("kp_high_m", "f8"), ("least_turn_deg", "f8"),
        ("sum_kn", "f8"), ("at_lon", "f8"), ("at_lat", "f8"), ("accuracy_m", "f8"), ("kp_m", "f8"),
        ("depth_m", "f8"), ("nav_status", "u1"), ("msg_type", "u1"), ("length_m", "u2"),
        ("asset", "i4", KEPT), ("kp", "f8", KEPT), ("at_ms", "i8", KEPT), ("course", "f8", KEPT),
        ("speed", "f8", KEPT), ("turn", "f8", KEPT), ("sailed", "f8", KEPT), ("way", "f8", KEPT),
        ("chain", "i8", KEPT), ("sailed_m", "f8"), ("most_way_m", "f8"),
    ]
)  # fmt: skip
"""One row a segment: its last place; its last `KEPT` crossings in a ring, `taken` of them ever;
what an open event tells. `turn` and `way` are by how much the course of a crossing differs from
that of the one before it of the same asset, and the way sailed between the two; `chain` numbers
crossings that follow each other without a longer way; `sailed_m` is all the way ever sailed."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in milliseconds."""

    crossings: float
    span_ms: float
    kp_m: float
    turn_deg: float
    way_m: float
    rest_kn: float
    max_dt_ms: float
    max_chord_m: float
    over_ms: float


@kernel
def take_crossing(
    row: np.void, asset: int, kp_m: float, t_ms: int, course: float, kn: float, p: Params
) -> bool:
    """Keep a crossing if it goes back the other way, or is the first for long.

    A way along an asset that winds crosses it often on one course: that is one passage. A vessel
    that sails far between two crossings, as from shore to shore, begins a new chain.

    Returns:
        Whether it was kept.
    """
    turn, way_m, chain = 180.0, 0.0, row["taken"]
    for back in range(min(row["taken"], KEPT)):
        k = (row["taken"] - 1 - back) % KEPT
        if row["asset"][k] == asset and t_ms - row["at_ms"][k] <= p.span_ms:
            turn = abs(angle_between_deg(course, row["course"][k]))
            if row["sailed_m"] - row["sailed"][k] <= p.way_m:
                way_m, chain = row["sailed_m"] - row["sailed"][k], row["chain"][k]
            break
    if turn < p.turn_deg:
        return False
    k = row["taken"] % KEPT
    row["asset"][k], row["kp"][k], row["at_ms"][k] = asset, kp_m, t_ms
    row["course"][k], row["speed"][k], row["turn"][k] = course, kn, turn
    row["sailed"][k], row["way"][k], row["chain"][k] = row["sailed_m"], way_m, chain
    row["taken"] += 1
    return True


@kernel
def count_crossings(row: np.void, asset: int, kp_m: float, t_ms: int, p: Params) -> None:
    """Count the crossings in the chain of the last, within the span and near its place."""
    chain = row["chain"][(row["taken"] - 1) % KEPT]
    row["most_way_m"] = 0.0
    row["count"], row["sum_kn"], row["least_turn_deg"] = 0, 0.0, 180.0
    row["kp_low_m"], row["kp_high_m"] = kp_m, kp_m
    row["t_start_ms"] = t_ms
    for k in range(min(row["taken"], KEPT)):
        if (
            row["chain"][k] != chain
            or row["asset"][k] != asset
            or t_ms - row["at_ms"][k] > p.span_ms
        ):
            continue
        if abs(row["kp"][k] - kp_m) > p.kp_m:
            continue
        row["count"] += 1
        row["sum_kn"] += row["speed"][k]
        row["kp_low_m"] = min(row["kp_low_m"], row["kp"][k])
        row["kp_high_m"] = max(row["kp_high_m"], row["kp"][k])
        row["t_start_ms"] = min(row["t_start_ms"], row["at_ms"][k])
        row["least_turn_deg"] = min(row["least_turn_deg"], row["turn"][k])
        row["most_way_m"] = max(row["most_way_m"], row["way"][k])


@kernel
def write_repeat(
    row: np.void, slot: int, op: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event; returns events written."""
    begin_event(events, n, op, slot, row["t_start_ms"], t_ms, row["at_lon"], row["at_lat"])
    event = events[n]
    event["asset"], event["distance_m"] = row["open_asset"], 0.0
    event["accuracy_m"], event["kp_m"] = row["accuracy_m"], row["kp_m"]
    x = event["x"]
    x[0], x[1] = row["count"], (row["t_last_ms"] - row["t_start_ms"]) / MINUTE_MS
    x[2] = (row["kp_high_m"] - row["kp_low_m"]) / 1000.0
    x[3], x[4] = row["least_turn_deg"], row["sum_kn"] / row["count"]
    x[5], x[6], x[7] = row["length_m"], row["msg_type"], row["nav_status"]
    x[8], x[9], x[10] = row["depth_m"], row["t_last_ms"], op == CLOSE
    x[11] = row["most_way_m"] / 1000.0
    return n + 1


@kernel
def note_hits(
    row: np.void,
    hits: int,
    t_ms: int,
    lon: float,
    lat: float,
    lines: Lines,
    hit_piece: NDArray[np.int32],
    hit_share: NDArray[np.float64],
    p: Params,
) -> bool:
    """Keep the crossings of one chord, and tell whether they make a repeat; `row` is at its start.

    Args:
        row: the vessel. hits, hit_piece, hit_share: as from `find_hits`.
        t_ms, lon, lat: the chord's end. lines: the assets' pieces. p: the limits.
    """
    chord_m = short_distance_m(row["lon"], row["lat"], lon, lat)
    dt_ms = t_ms - row["t_ms"]
    kn = chord_m / (dt_ms / 1000.0) / KN_MS
    if dt_ms > p.max_dt_ms or chord_m > p.max_chord_m or kn < p.rest_kn:
        return False
    course = bearing_deg(row["lon"], row["lat"], lon, lat)
    for h in range(hits):
        piece, share, where = hit_piece[h], hit_share[h, 0], hit_share[h, 1]
        asset = lines.asset[piece]
        kp_m = lines.kp_m[piece] + where * lines.length_m[piece]
        at_ms = row["t_ms"] + math.floor(share * dt_ms + 0.5)
        if row["is_open"] == 1:
            if asset == row["open_asset"]:
                row["t_last_ms"] = at_ms
                if take_crossing(row, asset, kp_m, at_ms, course, kn, p):
                    row["count"] += 1
                    row["sum_kn"] += kn
            continue
        if not take_crossing(row, asset, kp_m, at_ms, course, kn, p):
            continue
        count_crossings(row, asset, kp_m, at_ms, p)
        if row["count"] >= p.crossings:
            row["is_open"], row["open_asset"], row["t_last_ms"] = 1, asset, at_ms
            row["at_lon"] = row["lon"] + share * (lon - row["lon"])
            row["at_lat"] = row["lat"] + share * (lat - row["lat"])
            row["accuracy_m"], row["kp_m"] = lines.accuracy_m[piece], kp_m
            return True
    return False


@kernel
def repeat_samples(
    samples: Samples,
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    lines: Lines,
    hit_piece: NDArray[np.int32],
    hit_share: NDArray[np.float64],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Follow each vessel from minute to minute and open what crosses an asset again and again.

    Args:
        samples, rows: as in `Minutes`. start, end: the minute's samples.
        state: (slots,) `STATE`. lines: the assets' pieces. p: the limits.
        hit_piece, hit_share: (h,) and (h, 2) scratch.
        events: room, `n` of them written.

    Returns:
        (the next sample, events written by now).
    """
    slot, last, fixes = samples.slot, samples.last, samples.fixes
    t_ms, lon, lat = samples.t_ms, samples.lon, samples.lat
    asset, distance_m, buffer_m, depth_m = rows.asset, rows.distance_m, rows.buffer_m, rows.depth_m
    nav_status, msg_type, length_m = rows.nav_status, rows.msg_type, rows.length_m
    first, entry, line, least_m = lines.first, lines.entry, lines.line, lines.least_m
    lon0, lat0, columns, grid_rows = lines.lon0, lines.lat0, lines.columns, lines.rows
    for j in range(start, end):
        if fixes[j] == 0:
            continue
        if n + ROOM > events.shape[0]:
            return j, n
        i = last[j]
        row = state[slot[j]]
        # As the crossing log: no piece is nearer than this. A last report without a place knows
        # of no distance.
        free_m = least_m if asset[i] < 0 else min(least_m, least_m - buffer_m[i] + distance_m[i])
        if math.isnan(rows.lon[i]):
            free_m = 0.0
        if row["taken"] > 0:
            row["sailed_m"] += short_distance_m(row["lon"], row["lat"], lon[j], lat[j])
        way_m = (abs(lon[j] - row["lon"]) + abs(lat[j] - row["lat"])) * DEGREE_M
        if way_m > NEARLY * free_m and row["t_ms"] > 0:
            hits = find_hits(
                first, entry, line, lon0, lat0, columns, grid_rows,
                row["lon"], row["lat"], lon[j], lat[j], hit_piece, hit_share,
            )  # fmt: skip
            if hits > 0:
                row["nav_status"], row["msg_type"] = nav_status[i], msg_type[i]
                row["length_m"], row["depth_m"] = length_m[i], depth_m[i]
                if note_hits(row, hits, t_ms[j], lon[j], lat[j], lines, hit_piece, hit_share, p):
                    t_now_ms = (t_ms[j] // MINUTE_MS + 1) * MINUTE_MS
                    n = write_repeat(row, slot[j], OPEN, t_now_ms, events, n)
        row["t_ms"], row["lon"], row["lat"] = t_ms[j], lon[j], lat[j]
    return end, n


@kernel
def repeat_tick(
    t_ms: int, start: int, state: NDArray[np.void], p: Params, events: NDArray[np.void], n: int
) -> tuple[int, int]:
    """Close what was not crossed again for long."""
    for s in range(start, state.shape[0]):
        row = state[s]
        if row["is_open"] == 0 or t_ms - row["t_last_ms"] < p.over_ms:
            continue
        if n + ROOM > events.shape[0]:
            return s, n
        n = write_repeat(row, s, CLOSE, t_ms, events, n)
        row["is_open"], row["taken"] = 0, 0
    return state.shape[0], n
