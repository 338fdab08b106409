"""The kernels of D5 `loiter`: a vessel's last three hours in bins of five minutes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import short_distance_m
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import CLOSE, OPEN, ROOM
from sargas.watch.detect.writing import begin_event
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples

BIN_MIN = 5
BINS = 36
"""Three hours: the window of the rule is the length of the ring."""
STILL_THERE, GONE, SPED_UP, SILENT = 0, 1, 2, 3

FEATURE_NAMES = (
    "window_min", "path_m", "net_m", "ratio", "in_min", "mean_kn", "length_m", "msg_type",
    "nav_status", "fixes", "longest_silence_min", "depth_m", "end", "t_last_ms", "buffer_m",
)  # fmt: skip

STATE = np.dtype(
    [
        ("bin", "i8"), ("first_bin", "i8"), ("is_open", "u1"), ("t_ms", "i8"), ("heard_ms", "i8"),
        ("t_start_ms", "i8"), ("silence_ms", "i8"), ("fixes", "i4"), ("all_in_min", "i4"),
        ("nav_status", "u1"), ("msg_type", "u1"), ("length_m", "u2"), ("asset", "i4"),
        ("lon", "f8"), ("lat", "f8"), ("depth_m", "f8"), ("distance_m", "f8"), ("buffer_m", "f8"),
        ("accuracy_m", "f8"), ("kp_m", "f8"),
        ("path_m", "f8"), ("net_m", "f8"), ("mean_kn", "f8"), ("window_min", "f8"),
        ("in_min", "u1", BINS), ("n", "u1", BINS), ("sum_kn", "f4", BINS),
        ("lons", "f8", BINS), ("lats", "f8", BINS),
    ]
)  # fmt: skip
"""One row a segment. A bin holds the last place of its five minutes, minutes heard (`n`) and inside
a buffer, and the sum of their speeds. `bin` is 0 where nothing is kept: the ring begins at the
first minute inside a buffer, and is dropped when three hours had none."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`."""

    in_min: float
    in_exit_min: float
    ratio: float
    mean_kn: float
    exit_kn: float
    stop_kn: float
    path_m: float
    close_ms: float
    rule_buffer_m: float


@inlined
def turn_to(row: np.void, now: int) -> None:
    """Go on to a bin; those between, and what is three hours old, are emptied."""
    for k in range(max(row["bin"] + 1, now - BINS + 1), now + 1):
        place = k % BINS
        row["all_in_min"] -= row["in_min"][place]
        row["in_min"][place] = row["n"][place] = 0
        row["sum_kn"][place] = 0.0
    row["bin"], row["first_bin"] = now, max(row["first_bin"], now - BINS + 1)


@inlined
def measure(row: np.void, exit_kn: float) -> None:
    """Measure the window: way along the bins' places, way made good, mean speed.

    What was sailed at `exit_kn` or faster is no loitering: a ferry that lies and runs by turns
    makes much way, too.
    """
    path_m, total_kn, heard = 0.0, 0.0, 0
    lon, lat, lon0, lat0 = math.nan, math.nan, math.nan, math.nan
    for k in range(row["first_bin"], row["bin"] + 1):
        place = k % BINS
        if row["n"][place] == 0:
            continue
        if heard == 0:
            lon0, lat0 = row["lons"][place], row["lats"][place]
        elif row["sum_kn"][place] < exit_kn * row["n"][place]:
            path_m += short_distance_m(lon, lat, row["lons"][place], row["lats"][place])
        lon, lat = row["lons"][place], row["lats"][place]
        total_kn += row["sum_kn"][place]
        heard += row["n"][place]
    row["path_m"], row["mean_kn"] = path_m, total_kn / heard if heard > 0 else math.nan
    row["net_m"] = short_distance_m(lon0, lat0, lon, lat) if heard > 0 else math.nan
    row["window_min"] = (row["bin"] - row["first_bin"] + 1) * BIN_MIN


@kernel
def write_loiter(
    row: np.void, slot: int, op: int, end: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event; returns events written."""
    begin_event(events, n, op, slot, row["t_start_ms"], t_ms, row["lon"], row["lat"])
    event = events[n]
    event["asset"], event["distance_m"] = row["asset"], row["distance_m"]
    event["accuracy_m"], event["kp_m"] = row["accuracy_m"], row["kp_m"]
    x = event["x"]
    x[0], x[1], x[2] = row["window_min"], row["path_m"], row["net_m"]
    x[3], x[4], x[5] = row["path_m"] / max(row["net_m"], 1.0), row["all_in_min"], row["mean_kn"]
    x[6], x[7], x[8] = row["length_m"], row["msg_type"], row["nav_status"]
    silence_ms = t_ms - row["heard_ms"] if end == SILENT else row["silence_ms"]
    x[9], x[10], x[11], x[12] = row["fixes"], silence_ms / MINUTE_MS, row["depth_m"], end
    x[13], x[14] = row["t_ms"], row["buffer_m"]
    return n + 1


@inlined
def is_loitering(row: np.void, p: Params) -> bool:
    """Tell whether the window as measured is a loiter."""
    return bool(
        row["path_m"] >= p.path_m
        and row["path_m"] >= p.ratio * row["net_m"]
        and row["mean_kn"] < p.mean_kn
    )


@kernel
def loiter_samples(
    samples: Samples,
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Fold the samples of one minute into their vessels' windows, and open what loiters.

    Args:
        samples, rows: as in `Minutes`. start, end: the minute's samples.
        state: (slots,) `STATE`. p: the limits. events: room, `n` of them written.

    Returns:
        (the next sample, events written by now).

    Cost: a vessel that is in no buffer, and was in none for three hours, costs one look.
    """
    slot, last, fixes, heard_ms = samples.slot, samples.last, samples.fixes, samples.heard_ms
    t_ms, lon, lat, first_ms, sog_kn = (
        samples.t_ms, samples.lon, samples.lat, samples.first_ms, samples.sog_kn
    )  # fmt: skip
    asset, distance_m, buffer_m = rows.asset, rows.distance_m, rows.buffer_m
    accuracy_m, kp_m, depth_m = rows.accuracy_m, rows.kp_m, rows.depth_m
    for j in range(start, end):
        i = last[j]
        row = state[slot[j]]
        is_inside = distance_m[i] <= buffer_m[i]
        if not is_inside and row["bin"] == 0:
            continue
        if n + ROOM > events.shape[0]:
            return j, n
        row["heard_ms"] = heard_ms[j]
        if fixes[j] == 0 or math.isnan(sog_kn[j]):
            continue
        now = t_ms[j] // MINUTE_MS // BIN_MIN
        if row["bin"] == 0:
            row["bin"] = row["first_bin"] = now
            row["all_in_min"], row["asset"], row["fixes"], row["silence_ms"] = 0, -1, 0, 0
            row["n"][:] = 0
            row["in_min"][:] = 0
            row["sum_kn"][:] = 0.0
        else:
            row["silence_ms"] = max(row["silence_ms"], first_ms[j] - row["t_ms"])
        is_new = now > row["bin"]
        if is_new:
            turn_to(row, now)
        if row["all_in_min"] == 0 and not is_inside and row["is_open"] == 0:
            row["bin"] = 0
            continue
        row["t_ms"] = t_ms[j]
        place = now % BINS
        row["lons"][place], row["lats"][place] = lon[j], lat[j]
        row["n"][place] += 1
        row["sum_kn"][place] += sog_kn[j]
        row["fixes"] += fixes[j]
        row["nav_status"], row["msg_type"] = rows.nav_status[i], rows.msg_type[i]
        row["length_m"] = rows.length_m[i]
        if is_inside and sog_kn[j] >= p.stop_kn:
            row["in_min"][place] += 1
            row["all_in_min"] += 1
            is_known = accuracy_m[i] <= p.rule_buffer_m
            is_same = asset[i] == row["asset"]
            if (
                row["is_open"] == 0
                and not is_same
                and (row["asset"] < 0 or is_known or row["accuracy_m"] > p.rule_buffer_m)
            ):
                row["asset"], is_same = asset[i], True
            if is_same:
                row["distance_m"], row["buffer_m"] = distance_m[i], buffer_m[i]
                row["accuracy_m"], row["kp_m"] = accuracy_m[i], kp_m[i]
                row["lon"], row["lat"], row["depth_m"] = lon[j], lat[j], depth_m[i]
        if not is_new or (row["is_open"] == 0 and row["all_in_min"] < p.in_min):
            continue
        measure(row, p.exit_kn)
        if row["is_open"] == 0 and is_loitering(row, p):
            row["is_open"], row["t_start_ms"] = 1, row["first_bin"] * BIN_MIN * MINUTE_MS
            t_now_ms = (t_ms[j] // MINUTE_MS + 1) * MINUTE_MS
            n = write_loiter(row, slot[j], OPEN, STILL_THERE, t_now_ms, events, n)
    return end, n


@kernel
def loiter_tick(
    t_ms: int, start: int, state: NDArray[np.void], p: Params, events: NDArray[np.void], n: int
) -> tuple[int, int]:
    """Close what is over."""
    for s in range(start, state.shape[0]):
        row = state[s]
        if row["is_open"] == 0:
            continue
        end = STILL_THERE
        if t_ms - row["heard_ms"] >= p.close_ms:
            end = SILENT
        elif row["all_in_min"] < p.in_exit_min:
            end = GONE
        elif row["mean_kn"] >= p.exit_kn:
            end = SPED_UP
        if end == STILL_THERE:
            continue
        if n + ROOM > events.shape[0]:
            return s, n
        n = write_loiter(row, s, CLOSE, end, t_ms, events, n)
        row["is_open"], row["bin"] = 0, 0
    return state.shape[0], n
