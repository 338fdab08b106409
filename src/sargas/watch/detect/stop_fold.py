"""The kernels of `unexplained_stop`: an hour under way, then a stop that lasts."""

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

AT_SEA, STOPPED, REPORTED = 0, 1, 2
STILL_THERE, SAILED, HELD, SILENT = 0, 1, 2, 3
"""How it ended: under way again, reported at rest, not received."""
HOLDING = (1, 5, 6, 7)
"""Reported at anchor, moored, aground, fishing: that explains a stop."""
CLASS_B = (18, 19)
"""Message types of class B."""

FEATURE_NAMES = (
    "stop_min", "mean_kn", "own_kn", "own_deg", "way_min", "slowing_min", "made_good_kn",
    "length_m", "nav_status", "fixes", "longest_silence_min", "depth_m", "land_m", "end",
    "t_last_ms", "now_kn", "buffer_m",
)  # fmt: skip

STATE = np.dtype(
    [
        ("phase", "u1"), ("nav_status", "u1"), ("msg_type", "u1"), ("length_m", "u2"),
        ("asset", "i4"), ("fixes", "i4"), ("minutes", "i4"), ("sailed_min", "i4"),
        ("way_min", "f8"), ("t_way_ms", "i8"), ("t_ms", "i8"), ("heard_ms", "i8"),
        ("t_stop_ms", "i8"), ("silence_ms", "i8"), ("own_kn", "f8"), ("own_deg", "f8"),
        ("lon", "f8"), ("lat", "f8"), ("sum_kn", "f8"), ("sog_kn", "f8"), ("made_good_kn", "f8"),
        ("land_m", "f8"), ("depth_m", "f8"), ("distance_m", "f8"), ("buffer_m", "f8"),
        ("accuracy_m", "f8"), ("kp_m", "f8"),
    ]
)  # fmt: skip
"""One row a segment. `way_min` counts minutes under way since the last stop that was judged;
`own_kn`, `own_deg` are speed and course then; `lon` to `kp_m` belong to where the stop began."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in milliseconds."""

    way_kn: float
    way_min: float
    memory_min: float
    slowing_ms: float
    stop_kn: float
    stop_exit_kn: float
    stop_ms: float
    min_length_m: float
    min_land_m: float
    sail_kn: float
    sail_min: float
    silence_ms: float
    close_ms: float


@inlined
def sail(row: np.void, t_ms: int, sog: float, cog: float, silence_ms: int, p: Params) -> None:
    """Count a minute under way, and follow the speed kept."""
    if silence_ms > p.silence_ms:
        row["way_min"] = 0.0
    step_min = min(silence_ms, p.silence_ms) / MINUTE_MS if row["way_min"] > 0.0 else 1.0
    row["way_min"] += step_min
    gain = min(1.0, step_min / min(row["way_min"], p.memory_min))
    row["own_kn"] += gain * (sog - row["own_kn"])
    row["t_way_ms"] = t_ms
    if not math.isnan(cog):
        row["own_deg"] = cog


@inlined
def is_unexplained(row: np.void, t_ms: int, lon: float, lat: float, p: Params) -> bool:
    """Tell whether a stop that has lasted has no plain reason; unknown values pass."""
    since_s = (t_ms - row["t_stop_ms"]) / 1000.0
    row["made_good_kn"] = short_distance_m(row["lon"], row["lat"], lon, lat) / since_s / KN_MS
    return bool(
        row["sum_kn"] < p.stop_kn * row["minutes"]
        and row["made_good_kn"] < p.stop_kn
        and row["nav_status"] not in HOLDING
        and row["msg_type"] not in CLASS_B
        and not 0 < row["length_m"] < p.min_length_m
        and not row["land_m"] < p.min_land_m
    )


@kernel
def write_stop(
    row: np.void, slot: int, op: int, end: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event; returns events written."""
    begin_event(events, n, op, slot, row["t_stop_ms"], t_ms, row["lon"], row["lat"])
    event = events[n]
    if row["asset"] >= 0:
        event["asset"], event["distance_m"] = row["asset"], row["distance_m"]
        event["accuracy_m"], event["kp_m"] = row["accuracy_m"], row["kp_m"]
    x = event["x"]
    x[0] = (row["t_ms"] - row["t_stop_ms"]) / MINUTE_MS
    x[1], x[2], x[3] = row["sum_kn"] / row["minutes"], row["own_kn"], row["own_deg"]
    x[4], x[5] = row["way_min"], (row["t_stop_ms"] - row["t_way_ms"]) / MINUTE_MS
    x[6], x[7], x[8] = row["made_good_kn"], row["length_m"], row["nav_status"]
    silence_ms = t_ms - row["heard_ms"] if end == SILENT else row["silence_ms"]
    x[9], x[10], x[11] = row["fixes"], silence_ms / MINUTE_MS, row["depth_m"]
    x[12], x[13], x[14], x[15] = row["land_m"], end, row["t_ms"], row["sog_kn"]
    x[16] = row["buffer_m"]
    return n + 1


@kernel
def stop_samples(
    samples: Samples,
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Fold the samples of one minute into ways and stops, and open what has lasted.

    Args:
        samples, rows: as in `Minutes`. start, end: the minute's samples.
        state: (slots,) `STATE`. p: the limits. events: room, `n` of them written.

    Returns:
        (the next sample, events written by now).
    """
    slot, last, fixes, heard_ms = samples.slot, samples.last, samples.fixes, samples.heard_ms
    t_ms, lon, lat, first_ms = samples.t_ms, samples.lon, samples.lat, samples.first_ms
    sog_kn, cog_deg = samples.sog_kn, samples.cog_deg
    nav_status, msg_type, length_m = rows.nav_status, rows.msg_type, rows.length_m
    asset, distance_m, buffer_m = rows.asset, rows.distance_m, rows.buffer_m
    accuracy_m, kp_m, land_m, depth_m = rows.accuracy_m, rows.kp_m, rows.land_m, rows.depth_m
    for j in range(start, end):
        if n + ROOM > events.shape[0]:
            return j, n
        row = state[slot[j]]
        row["heard_ms"] = heard_ms[j]
        sog = sog_kn[j]
        if fixes[j] == 0 or math.isnan(sog):
            continue
        silence_ms = first_ms[j] - row["t_ms"]
        if sog >= p.way_kn and row["phase"] != REPORTED:
            row["phase"] = AT_SEA
            sail(row, t_ms[j], sog, cog_deg[j], t_ms[j] - row["t_ms"], p)
            row["t_ms"] = t_ms[j]
            continue
        row["t_ms"], row["sog_kn"] = t_ms[j], sog
        if row["way_min"] < p.way_min:
            continue  # not under way for long before: most of those in port end here
        i = last[j]
        row["nav_status"] = nav_status[i]
        row["sailed_min"] = row["sailed_min"] + 1 if sog >= p.sail_kn else 0
        if row["phase"] == REPORTED:
            row["fixes"] += fixes[j]
            row["silence_ms"] = max(row["silence_ms"], silence_ms)
            continue
        if row["phase"] == STOPPED and (sog >= p.stop_exit_kn or silence_ms > p.silence_ms):
            row["phase"] = AT_SEA
        if row["phase"] == AT_SEA:
            if sog >= p.stop_kn:
                continue
            if t_ms[j] - row["t_way_ms"] > p.slowing_ms or silence_ms > p.silence_ms:
                row["way_min"] = 0.0  # it lay about for long, or was not heard: no such stop
                continue
            row["phase"], row["t_stop_ms"] = STOPPED, t_ms[j]
            row["lon"], row["lat"] = lon[j], lat[j]
            row["land_m"], row["depth_m"], row["asset"] = land_m[i], depth_m[i], -1
            row["buffer_m"] = math.nan
            if distance_m[i] <= buffer_m[i]:
                row["asset"], row["distance_m"] = asset[i], distance_m[i]
                row["accuracy_m"], row["kp_m"] = accuracy_m[i], kp_m[i]
                row["buffer_m"] = buffer_m[i]
            row["sum_kn"], row["minutes"], row["fixes"], row["silence_ms"] = 0.0, 0, 0, 0
            silence_ms = 0
        row["sum_kn"] += sog
        row["minutes"] += 1
        row["fixes"] += fixes[j]
        row["silence_ms"] = max(row["silence_ms"], silence_ms)
        if t_ms[j] - row["t_stop_ms"] < p.stop_ms:
            continue
        row["msg_type"], row["length_m"] = msg_type[i], length_m[i]
        if is_unexplained(row, t_ms[j], lon[j], lat[j], p):
            row["phase"] = REPORTED
            t_now_ms = (t_ms[j] // MINUTE_MS + 1) * MINUTE_MS
            n = write_stop(row, slot[j], OPEN, STILL_THERE, t_now_ms, events, n)
        else:
            row["phase"], row["way_min"] = AT_SEA, 0.0  # judged: it must sail again first
    return end, n


@kernel
def stop_tick(
    t_ms: int, start: int, state: NDArray[np.void], p: Params, events: NDArray[np.void], n: int
) -> tuple[int, int]:
    """Close what is over."""
    for s in range(start, state.shape[0]):
        row = state[s]
        if row["phase"] != REPORTED:
            continue
        end = STILL_THERE
        if row["sailed_min"] >= p.sail_min:
            end = SAILED
        elif row["nav_status"] in HOLDING:
            end = HELD
        elif t_ms - row["heard_ms"] >= p.close_ms:
            end = SILENT
        if end == STILL_THERE:
            continue
        if n + ROOM > events.shape[0]:
            return s, n
        n = write_stop(row, s, CLOSE, end, t_ms, events, n)
        row["phase"], row["way_min"] = AT_SEA, 0.0
    return state.shape[0], n
