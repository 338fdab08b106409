"""The kernels of D4 `slow_in_corridor`: dwells inside the buffers of assets."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, short_distance_m
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.clean import OK
from sargas.watch.detect.base import CLOSE, OPEN, ROOM
from sargas.watch.detect.nearby import Place, precise_place
from sargas.watch.locate import Located, PieceIndex

OUTSIDE, DWELLING, REPORTED = 0, 1, 2
SLOW, STOPPED = 1, 2
STILL_THERE, SPED_UP, LEFT, SILENT = 0, 1, 2, 3
REFERENCE_MS = 60_000
"""Positions this far apart in time give a speed where none is reported; chosen."""

FEATURE_NAMES = (
    "form", "dwell_min", "mean_kn", "distance_m", "buffer_m", "made_good_kn", "fixes",
    "longest_silence_min", "nav_status", "depth_m", "end", "unreported", "speed_kn",
    "first_heard_slow", "t_last_ms", "land_m", "had_sailed",
)  # fmt: skip

STATE = np.dtype(
    [
        ("phase", "i8"), ("form", "i8"), ("heard", "i8"), ("t_last_ms", "i8"),
        ("t_in_ms", "i8"), ("t_stop_ms", "i8"), ("t_start_ms", "i8"), ("t_ref_ms", "i8"),
        ("fixes", "i8"), ("unreported", "i8"), ("silence_ms", "i8"), ("first_slow", "i8"),
        ("sailed", "i8"), ("had_sailed", "i8"),
        ("asset", "i8"), ("precise", "i8"), ("nav_status", "i8"),
        ("slow_sum", "f8"), ("stop_sum", "f8"), ("speed_kn", "f8"), ("est_kn", "f8"),
        ("ref_lon", "f8"), ("ref_lat", "f8"), ("in_lon", "f8"), ("in_lat", "f8"),
        ("made_good_kn", "f8"), ("margin_m", "f8"), ("distance_m", "f8"), ("buffer_m", "f8"),
        ("accuracy_m", "f8"), ("kp_m", "f8"), ("lon", "f8"), ("lat", "f8"), ("depth_m", "f8"),
        ("land_m", "f8"),
    ]
)  # fmt: skip
"""One row a segment. `slow_sum` and `stop_sum` are knots times milliseconds since the dwell and the
stop began; `lon` to `land_m` belong to the fix with the greatest margin; `heard` counts the
segment's fixes up to two."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`."""

    slow_kn: float
    slow_ms: float
    stop_kn: float
    stop_ms: float
    stop_exit_kn: float
    exit_kn: float
    exit_buffer: float
    max_silence_ms: float
    close_ms: float
    rule_buffer_m: float


class Slow(NamedTuple):
    """What a dwell takes from one fix.

    Few numbers and no arrays: handing all columns on would cost more than the work itself.
    """

    t_ms: int
    lon: float
    lat: float
    speed_kn: float
    is_reported: bool
    nav_status: int
    depth_m: float
    land_m: float


@kernel
def _speed_kn(
    state: NDArray[np.void], s: int, sog_kn: float, t_ms: int, lon: float, lat: float, p: Params
) -> float:
    """Give the reported speed, or that between positions a minute apart; NaN unknown."""
    if not math.isnan(sog_kn):
        return sog_kn
    dt_ms = t_ms - state[s]["t_ref_ms"]
    if state[s]["t_ref_ms"] == 0 or dt_ms > p.max_silence_ms:
        state[s]["est_kn"] = math.nan
    elif dt_ms >= REFERENCE_MS:
        away_m = short_distance_m(state[s]["ref_lon"], state[s]["ref_lat"], lon, lat)
        state[s]["est_kn"] = away_m / (dt_ms / 1000.0) / KN_MS
    else:
        return float(state[s]["est_kn"])
    state[s]["t_ref_ms"], state[s]["ref_lon"], state[s]["ref_lat"] = t_ms, lon, lat
    return float(state[s]["est_kn"])


@kernel
def _begin(state: NDArray[np.void], s: int, t_ms: int, lon: float, lat: float) -> None:
    """Start a dwell at this fix."""
    state[s]["phase"] = DWELLING
    state[s]["t_in_ms"], state[s]["t_stop_ms"] = t_ms, 0
    state[s]["in_lon"], state[s]["in_lat"] = lon, lat
    state[s]["slow_sum"] = state[s]["stop_sum"] = 0.0
    state[s]["fixes"] = state[s]["unreported"] = state[s]["silence_ms"] = 0
    state[s]["first_slow"] = state[s]["heard"] == 1
    state[s]["had_sailed"] = state[s]["sailed"]
    state[s]["asset"], state[s]["precise"], state[s]["margin_m"] = -1, 0, -math.inf
    state[s]["t_last_ms"] = t_ms


@kernel
def _place_best(
    state: NDArray[np.void], s: int, fix: Slow, place: Place, rule_buffer_m: float
) -> None:
    """Keep the asset with the greatest margin, well known ones before uncertain ones."""
    if place.asset < 0:
        return
    precise = 1 if place.accuracy_m <= rule_buffer_m else 0
    margin_m = place.buffer_m - place.distance_m
    if state[s]["phase"] == REPORTED and place.asset != state[s]["asset"]:
        return  # what an alert is about stays as it was opened
    if precise < state[s]["precise"] or (
        precise == state[s]["precise"] and margin_m <= state[s]["margin_m"]
    ):
        return
    state[s]["precise"], state[s]["margin_m"], state[s]["asset"] = precise, margin_m, place.asset
    state[s]["distance_m"], state[s]["buffer_m"] = place.distance_m, place.buffer_m
    state[s]["accuracy_m"], state[s]["kp_m"] = place.accuracy_m, place.kp_m
    state[s]["lon"], state[s]["lat"] = fix.lon, fix.lat
    state[s]["depth_m"], state[s]["land_m"] = fix.depth_m, fix.land_m


@kernel
def _go_on(state: NDArray[np.void], s: int, fix: Slow, place: Place, p: Params) -> None:
    """Add a fix to the dwell."""
    t_ms, speed_kn = fix.t_ms, fix.speed_kn
    dt_ms = t_ms - state[s]["t_last_ms"]
    state[s]["fixes"] += 1
    state[s]["silence_ms"] = max(state[s]["silence_ms"], dt_ms)
    state[s]["unreported"] += not fix.is_reported
    state[s]["nav_status"] = fix.nav_status
    if math.isnan(speed_kn):
        speed_kn = state[s]["speed_kn"]  # unknown now: as it was, it neither starts nor ends
    state[s]["speed_kn"] = speed_kn
    state[s]["slow_sum"] += speed_kn * dt_ms
    if speed_kn >= p.stop_exit_kn:
        state[s]["t_stop_ms"] = 0
    elif state[s]["t_stop_ms"] > 0:
        state[s]["stop_sum"] += speed_kn * dt_ms
    elif speed_kn < p.stop_kn:
        state[s]["t_stop_ms"], state[s]["stop_sum"] = t_ms, 0.0
    state[s]["t_last_ms"] = t_ms
    _place_best(state, s, fix, place, p.rule_buffer_m)


@kernel
def _made_good_kn(state: NDArray[np.void], s: int, fix: Slow) -> float:
    """Give the speed from where the dwell began to here, in a straight line."""
    dwell_ms = fix.t_ms - state[s]["t_in_ms"]
    if dwell_ms <= 0:
        return 0.0
    made_m = short_distance_m(state[s]["in_lon"], state[s]["in_lat"], fix.lon, fix.lat)
    return float(made_m / (dwell_ms / 1000.0) / KN_MS)


@kernel
def _form(state: NDArray[np.void], s: int, fix: Slow, p: Params) -> int:
    """Tell which of the two forms the dwell has by now; 0 for none."""
    form = 0
    dwell_ms = fix.t_ms - state[s]["t_in_ms"]
    stop_ms = fix.t_ms - state[s]["t_stop_ms"]
    if dwell_ms >= p.slow_ms and state[s]["slow_sum"] < p.slow_kn * dwell_ms:
        form = SLOW
    elif (
        state[s]["t_stop_ms"] > 0
        and stop_ms >= p.stop_ms
        and state[s]["stop_sum"] < p.stop_kn * stop_ms
    ):
        form = STOPPED
    return form


@kernel
def _has_opened(state: NDArray[np.void], s: int, fix: Slow, p: Params) -> bool:
    """Tell whether the dwell is an alert from now on, and mark it as one."""
    form = _form(state, s, fix, p)
    if form == 0:
        return False
    state[s]["made_good_kn"] = _made_good_kn(state, s, fix)
    if state[s]["made_good_kn"] >= p.exit_kn:
        return False  # it moves faster than it says
    state[s]["phase"], state[s]["form"] = REPORTED, form
    state[s]["sailed"] = 0
    state[s]["t_start_ms"] = state[s]["t_in_ms"]
    if form == STOPPED:  # from here on the sum runs from where the alert starts
        state[s]["t_start_ms"] = state[s]["t_stop_ms"]
        state[s]["slow_sum"] = state[s]["stop_sum"]
    return True


@kernel
def _emit(
    state: NDArray[np.void], s: int, op: int, end: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event about the dwell; returns events written."""
    since_ms = state[s]["t_start_ms"]
    span_ms = max(state[s]["t_last_ms"] - since_ms, 1)
    events[n]["op"], events[n]["priority"], events[n]["slot"] = op, 2, s
    events[n]["t_start_ms"], events[n]["t_ms"] = since_ms, t_ms
    events[n]["lon"], events[n]["lat"] = state[s]["lon"], state[s]["lat"]
    events[n]["asset"], events[n]["distance_m"] = state[s]["asset"], state[s]["distance_m"]
    events[n]["accuracy_m"], events[n]["kp_m"] = state[s]["accuracy_m"], state[s]["kp_m"]
    x = events[n]["x"]
    x[0], x[1], x[2] = state[s]["form"], span_ms / MINUTE_MS, state[s]["slow_sum"] / span_ms
    x[3], x[4], x[5] = state[s]["distance_m"], state[s]["buffer_m"], state[s]["made_good_kn"]
    x[6], x[7] = state[s]["fixes"], state[s]["silence_ms"] / MINUTE_MS
    x[8], x[9], x[10] = state[s]["nav_status"], state[s]["depth_m"], end
    x[11], x[12], x[13] = state[s]["unreported"], state[s]["speed_kn"], state[s]["first_slow"]
    x[14], x[15], x[16] = state[s]["t_last_ms"], state[s]["land_m"], state[s]["had_sailed"]
    return n + 1


@inlined
def _note_heard(state: NDArray[np.void], s: int, sog_kn: float, exit_kn: float) -> None:
    """Count a segment's fixes up to two, and note whether it is under way; unknown passes."""
    if state[s]["heard"] < 2:
        state[s]["heard"] += 1
    if not sog_kn < exit_kn:
        state[s]["sailed"] = 1


@kernel
def slow_rows(
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    index: PieceIndex,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Fold fixes into dwells.

    Args:
        rows: columns of located fixes, canonical order; those from `start` to `end` are taken.
        state: one row a segment. index: the asset pieces. p: the limits.
        events: room for events, `n` of them written.

    Returns:
        (the next row, events written by now).

    Cost: a fix far from all assets costs one look at its segment's state.
    """
    for i in range(start, end):
        if rows.verdict[i] != OK:
            continue
        if n + ROOM > events.shape[0]:
            return i, n
        s = rows.slot[i]
        _note_heard(state, s, rows.sog_kn[i], p.exit_kn)
        if rows.asset[i] < 0 and state[s]["phase"] == OUTSIDE:
            continue
        t_ms, lon, lat = rows.t_ms[i], rows.lon[i], rows.lat[i]
        distance_m, buffer_m = rows.distance_m[i], rows.buffer_m[i]
        speed_kn = _speed_kn(state, s, rows.sog_kn[i], t_ms, lon, lat, p)
        if state[s]["phase"] == DWELLING and t_ms - state[s]["t_last_ms"] > p.max_silence_ms:
            state[s]["phase"] = OUTSIDE
        if state[s]["phase"] == OUTSIDE:
            if not (distance_m <= buffer_m and speed_kn < p.slow_kn):
                continue
            _begin(state, s, t_ms, lon, lat)
        has_left = not distance_m <= buffer_m * p.exit_buffer
        if has_left or speed_kn >= p.exit_kn:
            if state[s]["phase"] == REPORTED:
                state[s]["speed_kn"] = speed_kn
                n = _emit(state, s, CLOSE, LEFT if has_left else SPED_UP, t_ms, events, n)
            state[s]["phase"] = OUTSIDE
            continue
        place = Place(
            np.int64(rows.asset[i]), distance_m, buffer_m, rows.accuracy_m[i], rows.kp_m[i]
        )
        if place.accuracy_m > p.rule_buffer_m:
            better = precise_place(index, lon, lat, p.rule_buffer_m)
            if better.asset >= 0:
                place = better
        fix = Slow(
            t_ms, lon, lat, speed_kn, not math.isnan(rows.sog_kn[i]), rows.nav_status[i],
            rows.depth_m[i], rows.land_m[i],
        )  # fmt: skip
        _go_on(state, s, fix, place, p)
        if state[s]["phase"] == DWELLING and _has_opened(state, s, fix, p):
            n = _emit(state, s, OPEN, STILL_THERE, t_ms, events, n)
    return end, n


@kernel
def slow_tick(
    t_ms: int, start: int, state: NDArray[np.void], p: Params, events: NDArray[np.void], n: int
) -> tuple[int, int]:
    """Close the dwells of vessels without a position for too long."""
    for s in range(start, state.shape[0]):
        if state[s]["phase"] != REPORTED or t_ms - state[s]["t_last_ms"] < p.close_ms:
            continue
        if n + ROOM > events.shape[0]:
            return s, n
        n = _emit(state, s, CLOSE, SILENT, t_ms, events, n)
        state[s]["phase"] = OUTSIDE
    return state.shape[0], n
