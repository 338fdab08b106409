"""The kernels of D13 `status_mismatch`: what a vessel says it does, and what it does."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, short_distance_m
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import CLOSE, OPEN, ROOM
from sargas.watch.detect.writing import begin_event
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples

NONE, MOVES, LIES = 0, 1, 2
"""Says it lies and moves; says it is under way and lies."""
STILL_SO, CHANGED, MATCHES, SILENT = 0, 1, 2, 3
"""How it ended: another status, the motion agrees, not received."""
UNDER_WAY = 0
AT_REST = (1, 5)

FEATURE_NAMES = (
    "form", "span_min", "mean_kn", "made_good_kn", "nav_status", "said", "land_m", "depth_m",
    "fixes", "longest_silence_min", "end", "t_last_ms",
)  # fmt: skip

STATE = np.dtype(
    [
        ("form", "u1"), ("is_open", "u1"), ("said", "u1"), ("nav_status", "u1"), ("off", "i4"),
        ("minutes", "i4"), ("fixes", "i4"), ("t_ms", "i8"), ("heard_ms", "i8"),
        ("t_start_ms", "i8"), ("silence_ms", "i8"), ("lon0", "f8"), ("lat0", "f8"),
        ("lon", "f8"), ("lat", "f8"), ("sum_kn", "f8"), ("land_m", "f8"), ("depth_m", "f8"),
    ]
)  # fmt: skip
"""One row a segment. `form` of the run since `t_start_ms`; `said` is the status of that run, `off`
counts minutes on end that do not show it."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in milliseconds."""

    moves_kn: float
    moves_ms: float
    lies_kn: float
    lies_ms: float
    land_m: float
    break_min: float
    over_min: float
    silence_ms: float
    close_ms: float


@inlined
def form_of(status: int, sog: float, land_m: float, p: Params) -> int:
    """Tell what a minute shows; near land an idle ship without the status is in port."""
    if status in AT_REST and sog > p.moves_kn:
        return MOVES
    if status == UNDER_WAY and sog < p.lies_kn and not land_m < p.land_m:
        return LIES
    return NONE


@kernel
def made_good_kn(row: np.void) -> float:
    """Give the speed made good over the run."""
    span_s = max(row["t_ms"] - row["t_start_ms"], 1) / 1000.0
    way_m = short_distance_m(row["lon0"], row["lat0"], row["lon"], row["lat"])
    return float(way_m / span_s / KN_MS)


@kernel
def write_status(
    row: np.void, slot: int, op: int, end: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event; returns events written."""
    begin_event(events, n, op, slot, row["t_start_ms"], t_ms, row["lon"], row["lat"])
    x = events[n]["x"]
    x[0], x[1] = row["form"], (row["t_ms"] - row["t_start_ms"]) / MINUTE_MS
    x[2], x[3] = row["sum_kn"] / row["minutes"], made_good_kn(row)
    x[4], x[5], x[6], x[7] = row["nav_status"], row["said"], row["land_m"], row["depth_m"]
    silence_ms = t_ms - row["heard_ms"] if end == SILENT else row["silence_ms"]
    x[8], x[9], x[10], x[11] = row["fixes"], silence_ms / MINUTE_MS, end, row["t_ms"]
    return n + 1


@inlined
def has_lasted(row: np.void, p: Params) -> bool:
    """Tell whether the run is long enough, and positions agree with the reported speed."""
    span_ms = row["t_ms"] - row["t_start_ms"]
    if row["form"] == MOVES:
        return bool(span_ms >= p.moves_ms and made_good_kn(row) >= 0.5 * p.moves_kn)
    return bool(span_ms >= p.lies_ms and made_good_kn(row) < p.lies_kn)


@kernel
def status_samples(
    samples: Samples,
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Fold the samples of one minute into runs, and open what has lasted.

    Args:
        samples, rows: as in `Minutes`. start, end: the minute's samples.
        state: (slots,) `STATE`. p: the limits. events: room, `n` of them written.

    Returns:
        (the next sample, events written by now).
    """
    slot, last, fixes, heard_ms = samples.slot, samples.last, samples.fixes, samples.heard_ms
    t_ms, lon, lat, first_ms = samples.t_ms, samples.lon, samples.lat, samples.first_ms
    sog_kn, nav_status, land_m, depth_m = (
        samples.sog_kn, rows.nav_status, rows.land_m, rows.depth_m
    )  # fmt: skip
    for j in range(start, end):
        if n + ROOM > events.shape[0]:
            return j, n
        row = state[slot[j]]
        row["heard_ms"] = heard_ms[j]
        if fixes[j] == 0 or math.isnan(sog_kn[j]):
            continue
        i = last[j]
        form = form_of(nav_status[i], sog_kn[j], land_m[i], p)
        if form == NONE and row["form"] == NONE:
            continue
        silence_ms = first_ms[j] - row["t_ms"]
        row["nav_status"] = nav_status[i]
        is_other = form != row["form"]
        row["off"] = row["off"] + 1 if is_other else 0
        if row["is_open"] == 1:
            row["t_ms"] = t_ms[j]
            if not is_other:
                row["lon"], row["lat"] = lon[j], lat[j]
                row["sum_kn"] += sog_kn[j]
                row["minutes"] += 1
                row["fixes"] += fixes[j]
                row["silence_ms"] = max(row["silence_ms"], silence_ms)
            continue
        if row["form"] != NONE and (
            row["off"] > p.break_min or silence_ms > p.silence_ms or nav_status[i] != row["said"]
        ):
            row["form"] = NONE
        if row["form"] == NONE:
            if form == NONE:
                continue
            row["form"], row["said"], row["t_start_ms"], row["off"] = (
                form,
                nav_status[i],
                t_ms[j],
                0,
            )
            row["lon0"], row["lat0"], is_other, silence_ms = lon[j], lat[j], False, 0
            row["sum_kn"], row["minutes"], row["fixes"], row["silence_ms"] = 0.0, 0, 0, 0
        row["t_ms"], row["lon"], row["lat"] = t_ms[j], lon[j], lat[j]
        row["land_m"], row["depth_m"] = land_m[i], depth_m[i]
        row["sum_kn"] += sog_kn[j]
        row["minutes"] += 1
        row["fixes"] += fixes[j]
        row["silence_ms"] = max(row["silence_ms"], silence_ms)
        if not is_other and has_lasted(row, p):
            row["is_open"] = 1
            t_now_ms = (t_ms[j] // MINUTE_MS + 1) * MINUTE_MS
            n = write_status(row, slot[j], OPEN, STILL_SO, t_now_ms, events, n)
    return end, n


@kernel
def status_tick(
    t_ms: int, start: int, state: NDArray[np.void], p: Params, events: NDArray[np.void], n: int
) -> tuple[int, int]:
    """Close what is over."""
    for s in range(start, state.shape[0]):
        row = state[s]
        if row["is_open"] == 0:
            continue
        end = STILL_SO
        if row["nav_status"] != row["said"]:
            end = CHANGED
        elif row["off"] >= p.over_min:
            end = MATCHES
        elif t_ms - row["heard_ms"] >= p.close_ms:
            end = SILENT
        if end == STILL_SO:
            continue
        if n + ROOM > events.shape[0]:
            return s, n
        n = write_status(row, s, CLOSE, end, t_ms, events, n)
        row["is_open"], row["form"], row["off"] = 0, NONE, 0
    return state.shape[0], n
