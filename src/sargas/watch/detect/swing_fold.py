"""The kernels of D6 `swing_circle`: where a vessel lies at anchor, and whether it leaves there."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, bearing_deg, short_distance_m
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import CLOSE, OPEN, ROOM
from sargas.watch.detect.writing import begin_event
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples

FREE, SETTLING, LYING, REPORTED = 0, 1, 2, 3
STILL_GOES, SAILED, RESTS, SILENT = 0, 1, 2, 3
"""How it ended: under way, at rest again, not received."""
AT_ANCHOR = 1
RING = 20
"""Places of the first minutes at rest, of which the middle one is the centre."""

FEATURE_NAMES = (
    "away_m", "circle_m", "chain_m", "length_m", "depth_m", "speed_kn", "towards_deg", "beta_deg",
    "lay_min", "nav_status", "msg_type", "fixes", "longest_silence_min", "land_m", "end",
    "t_last_ms", "centre_lon", "centre_lat", "beyond",
)  # fmt: skip

STATE = np.dtype(
    [
        ("phase", "u1"), ("nav_status", "u1"), ("msg_type", "u1"), ("length_m", "u2"),
        ("settled", "i4"), ("beyond", "i4"), ("fast", "i4"), ("rest", "i4"), ("fixes", "i4"),
        ("t_ms", "i8"), ("heard_ms", "i8"), ("t_lay_ms", "i8"), ("t_start_ms", "i8"),
        ("silence_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("lon0", "f8"), ("lat0", "f8"),
        ("t_in_ms", "i8"), ("lon_in", "f8"), ("lat_in", "f8"),
        ("chain_m", "f8"), ("circle_m", "f8"), ("depth_m", "f8"), ("land_m", "f8"),
        ("away_m", "f8"), ("speed_kn", "f8"), ("towards_deg", "f8"), ("beta_deg", "f8"),
        ("lons", "f8", RING), ("lats", "f8", RING),
    ]
)  # fmt: skip
"""One row a segment. `lon0`, `lat0` are the centre, `lon_in`, `lat_in`, `t_in_ms` the last place
inside the circle, from which the speed of leaving is measured."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in milliseconds."""

    rest_kn: float
    chain_depths: float
    chain_m: float
    length_m: float
    noise_m: float
    beyond: float
    leave_kn: float
    sail_kn: float
    sail_min: float
    aligned_deg: float
    min_length_m: float
    rest_min: float
    silence_ms: float
    close_ms: float


@kernel
def middle(values: NDArray[np.float64], n: int) -> float:
    """Give the lower median of the first n values, n > 0."""
    for k in range(n):
        less, equal = 0, 0
        for i in range(n):
            less += values[i] < values[k]
            equal += values[i] == values[k]
        if less <= (n - 1) // 2 < less + equal:
            return float(values[k])
    return math.nan


@kernel
def settle(row: np.void, p: Params) -> None:
    """Take the centre of the first minutes at rest, and the circle that the vessel may fill.

    Where on its circle it lay then is not known, so the circle's whole width is allowed.
    """
    row["lon0"], row["lat0"] = middle(row["lons"], RING), middle(row["lats"], RING)
    depth_m = -row["depth_m"]
    chain_m = p.chain_m
    if depth_m > 0.0:
        chain_m = min(chain_m, p.chain_depths * depth_m)
    length_m = row["length_m"] if row["length_m"] > 0 else p.length_m
    row["chain_m"], row["circle_m"] = chain_m, 2.0 * (chain_m + length_m) + 2.0 * p.noise_m
    row["phase"], row["beyond"] = LYING, 0
    row["t_in_ms"], row["lon_in"], row["lat_in"] = row["t_ms"], row["lon0"], row["lat0"]


@kernel
def write_swing(
    row: np.void, slot: int, op: int, end: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event; returns events written."""
    begin_event(events, n, op, slot, row["t_start_ms"], t_ms, row["lon"], row["lat"])
    x = events[n]["x"]
    x[0], x[1], x[2], x[3] = row["away_m"], row["circle_m"], row["chain_m"], row["length_m"]
    x[4], x[5], x[6] = row["depth_m"], row["speed_kn"], row["towards_deg"]
    x[7], x[8] = row["beta_deg"], (row["t_start_ms"] - row["t_lay_ms"]) / MINUTE_MS
    x[9], x[10], x[11] = row["nav_status"], row["msg_type"], row["fixes"]
    silence_ms = t_ms - row["heard_ms"] if end == SILENT else row["silence_ms"]
    x[12], x[13], x[14], x[15] = silence_ms / MINUTE_MS, row["land_m"], end, row["t_ms"]
    x[16], x[17], x[18] = row["lon0"], row["lat0"], row["beyond"]
    return n + 1


@inlined
def leaves(row: np.void, t_ms: int, lon: float, lat: float, beta: float, p: Params) -> bool:
    """Follow a vessel that lies; tell whether it has left its circle without sailing."""
    row["away_m"] = short_distance_m(row["lon0"], row["lat0"], lon, lat)
    row["beta_deg"] = beta
    if row["away_m"] <= row["circle_m"]:
        row["beyond"], row["fixes"], row["silence_ms"] = 0, 0, 0
        row["t_in_ms"], row["lon_in"], row["lat_in"] = t_ms, lon, lat
        return False
    if row["beyond"] == 0:
        row["t_start_ms"] = t_ms
    row["beyond"] += 1
    if row["beyond"] < p.beyond:
        return False
    way_m = short_distance_m(row["lon_in"], row["lat_in"], lon, lat)
    row["speed_kn"] = way_m / (max(t_ms - row["t_in_ms"], 1) / 1000.0) / KN_MS
    row["towards_deg"] = bearing_deg(row["lon_in"], row["lat_in"], lon, lat)
    if not p.leave_kn <= row["speed_kn"] < p.sail_kn:
        return False
    return not abs(beta) < p.aligned_deg


@kernel
def swing_samples(
    samples: Samples,
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Fold the samples of one minute: who settles, who lies, who leaves its circle.

    Args:
        samples, rows: as in `Minutes`. start, end: the minute's samples.
        state: (slots,) `STATE`. p: the limits. events: room, `n` of them written.

    Returns:
        (the next sample, events written by now).
    """
    slot, last, fixes, heard_ms = samples.slot, samples.last, samples.fixes, samples.heard_ms
    t_ms, lon, lat, first_ms = samples.t_ms, samples.lon, samples.lat, samples.first_ms
    sog_kn, beta_deg = samples.sog_kn, samples.beta_deg
    nav_status = rows.nav_status
    for j in range(start, end):
        if n + ROOM > events.shape[0]:
            return j, n
        row = state[slot[j]]
        row["heard_ms"] = heard_ms[j]
        sog = sog_kn[j]
        if fixes[j] == 0 or math.isnan(sog):
            continue
        i = last[j]
        if row["phase"] == FREE and (sog >= p.rest_kn or nav_status[i] != AT_ANCHOR):
            continue
        silence_ms = first_ms[j] - row["t_ms"]
        row["t_ms"], row["lon"], row["lat"] = t_ms[j], lon[j], lat[j]
        row["nav_status"], row["msg_type"] = nav_status[i], rows.msg_type[i]
        row["length_m"] = rows.length_m[i]
        row["fast"] = row["fast"] + 1 if sog >= p.sail_kn else 0
        row["rest"] = row["rest"] + 1 if sog < p.rest_kn else 0
        if row["phase"] != REPORTED and (row["fast"] >= p.sail_min or silence_ms > p.silence_ms):
            row["phase"] = FREE
            continue
        if row["phase"] == FREE:
            row["phase"], row["settled"], row["t_lay_ms"] = SETTLING, 0, t_ms[j]
            silence_ms = 0
        if row["phase"] == SETTLING:
            if sog >= p.rest_kn:
                row["phase"] = FREE
                continue
            row["lons"][row["settled"]], row["lats"][row["settled"]] = lon[j], lat[j]
            row["settled"] += 1
            row["depth_m"], row["land_m"] = rows.depth_m[i], rows.land_m[i]
            if row["settled"] == RING:
                settle(row, p)
            continue
        row["fixes"] += fixes[j]
        row["silence_ms"] = max(row["silence_ms"], silence_ms)
        if row["phase"] == REPORTED:
            row["away_m"] = short_distance_m(row["lon0"], row["lat0"], lon[j], lat[j])
            continue
        is_small = 0 < row["length_m"] < p.min_length_m
        if leaves(row, t_ms[j], lon[j], lat[j], beta_deg[j], p) and not is_small:
            row["phase"] = REPORTED
            row["depth_m"], row["land_m"] = rows.depth_m[i], rows.land_m[i]
            t_now_ms = (t_ms[j] // MINUTE_MS + 1) * MINUTE_MS
            n = write_swing(row, slot[j], OPEN, STILL_GOES, t_now_ms, events, n)
    return end, n


@kernel
def swing_tick(
    t_ms: int, start: int, state: NDArray[np.void], p: Params, events: NDArray[np.void], n: int
) -> tuple[int, int]:
    """Close what is over."""
    for s in range(start, state.shape[0]):
        row = state[s]
        if row["phase"] != REPORTED:
            continue
        end = STILL_GOES
        if row["fast"] >= p.sail_min:
            end = SAILED
        elif row["rest"] >= p.rest_min:
            end = RESTS
        elif t_ms - row["heard_ms"] >= p.close_ms:
            end = SILENT
        if end == STILL_GOES:
            continue
        if n + ROOM > events.shape[0]:
            return s, n
        n = write_swing(row, s, CLOSE, end, t_ms, events, n)
        row["phase"] = FREE  # where it lies from now on is its new circle
    return state.shape[0], n
