"""The kernels of D19 `drift`: minutes in which a vessel goes elsewhere than it points.

Three forms are followed side by side, each with its own run of minutes: `ACROSS`, heading far off
the course; `SLOW`, less far but for longer and steadily; `SAID`, reported not under command.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, bearing_deg, short_distance_m, wrapped
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import CLOSE, OPEN, ROOM, UPDATE
from sargas.watch.detect.writing import begin_event
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples

ACROSS, SLOW, SAID = 0, 1, 2
FORMS = 3
GOES_ON, UNDER_WAY, OVER, HELD, SILENT = 0, 1, 2, 3, 4
"""How a drift ended: by its own speed, no longer shown, at anchor or the like, not received."""
NOT_UNDER_COMMAND = 2
AT_REST = (1, 5, 6)
"""Reported at anchor, moored, aground: such a vessel does not drift."""
OTHERWISE = (7, 8)
"""Reported fishing or sailing: heading and course differ at work and under sail."""

FEATURE_NAMES = (
    "form", "drift_min", "mean_kn", "beta_deg", "beta_spread_deg", "made_good_m", "made_good_kn",
    "made_good_deg", "way_min", "nav_status", "msg_type", "fixes", "longest_silence_min",
    "depth_m", "land_m", "end", "t_last_ms", "now_kn", "length_m",
)  # fmt: skip

STATE = np.dtype(
    [
        ("t_ms", "i8"), ("heard_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("sog_kn", "f8"),
        ("land_m", "f8"), ("depth_m", "f8"), ("nav_status", "u1"), ("msg_type", "u1"),
        ("form", "i1"), ("is_open", "u1"), ("priority", "u1"), ("length_m", "u2"),
        ("way_min", "i4"),
        ("way_now_min", "i4"), ("t_start_ms", "i8"), ("t_shown_ms", "i8"),
        ("fixes", "i4", FORMS), ("silence_ms", "i8", FORMS),
        ("t_run_ms", "i8", FORMS), ("t_hold_ms", "i8", FORMS), ("n", "i4", FORMS),
        ("lon0", "f8", FORMS), ("lat0", "f8", FORMS), ("sum_kn", "f8", FORMS),
        ("beta0", "f8", FORMS), ("beta_mean", "f8", FORMS), ("beta_m2", "f8", FORMS),
    ]
)  # fmt: skip
"""One row a segment. `t_run_ms` is 0 where the form has no run, `t_hold_ms` the last sample that
showed it; `beta_mean` and `beta_m2` are mean and squares (Welford) about `beta0`. `way_min` counts
minutes under way ever, `way_now_min` those on end."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in milliseconds."""

    least_kn: float
    most_kn: float
    across_deg: float
    across_ms: float
    slow_deg: float
    slow_ms: float
    steady_deg: float
    said_ms: float
    made_good_m: float
    break_ms: float
    way_kn: float
    way_min: float
    way_end_min: float
    over_ms: float
    silence_ms: float
    close_ms: float


@inlined
def shows(row: np.void, form: int, sog: float, beta: float, p: Params) -> bool:
    """Tell whether this minute shows a form; what is unknown shows none."""
    if not p.least_kn <= sog <= p.most_kn:
        return False
    if form == SAID:
        return bool(row["nav_status"] == NOT_UNDER_COMMAND)
    return bool(abs(beta) >= (p.across_deg if form == ACROSS else p.slow_deg))


@kernel
def spread_deg(row: np.void, form: int) -> float:
    """Give the standard deviation of heading less course over a form's run; NaN unknown."""
    n = row["n"][form]
    return math.sqrt(row["beta_m2"][form] / n) if n > 0 else math.nan


@inlined
def forget(row: np.void) -> None:
    """End the runs of all forms."""
    for form in range(FORMS):
        row["t_run_ms"][form] = 0


@inlined
def hold(row: np.void, form: int, t_ms: int, fixes: int, silence_ms: int) -> None:
    """Add what was heard in a minute to a form's run."""
    row["t_hold_ms"][form] = t_ms
    row["fixes"][form] += fixes
    row["silence_ms"][form] = max(row["silence_ms"][form], silence_ms)


@inlined
def follow(
    row: np.void,
    form: int,
    t_ms: int,
    sog: float,
    beta: float,
    fixes: int,
    silence_ms: int,
    p: Params,
) -> None:
    """Begin, go on with or end a form's run by one minute of `fixes`, after a silence."""
    if row["t_run_ms"][form] > 0 and t_ms - row["t_hold_ms"][form] > p.break_ms:
        row["t_run_ms"][form] = 0
    if not shows(row, form, sog, beta, p):
        return
    if row["t_run_ms"][form] == 0:
        row["t_run_ms"][form], row["lon0"][form], row["lat0"][form] = t_ms, row["lon"], row["lat"]
        row["n"][form], row["sum_kn"][form], row["beta0"][form] = 0, 0.0, beta
        row["beta_mean"][form] = row["beta_m2"][form] = 0.0
        row["fixes"][form] = row["silence_ms"][form] = silence_ms = 0
    hold(row, form, t_ms, fixes, silence_ms)
    row["n"][form] += 1
    row["sum_kn"][form] += sog
    off = wrapped(beta - row["beta0"][form])
    if not math.isnan(off):
        step = off - row["beta_mean"][form]
        row["beta_mean"][form] += step / row["n"][form]
        row["beta_m2"][form] += step * (off - row["beta_mean"][form])


@kernel
def made_good_m(row: np.void, form: int) -> float:
    """Measure from where a form's run began to where the vessel is now."""
    return short_distance_m(row["lon0"][form], row["lat0"][form], row["lon"], row["lat"])


@kernel
def form_now(row: np.void, p: Params) -> int:
    """Tell which form the vessel has by now, the plainest first; -1 for none."""
    for form in (SAID, ACROSS, SLOW):
        since = row["t_run_ms"][form]
        if since == 0:
            continue
        need_ms = p.said_ms if form == SAID else p.across_ms if form == ACROSS else p.slow_ms
        if row["t_hold_ms"][form] - since < need_ms or made_good_m(row, form) < p.made_good_m:
            continue
        if form == SLOW and spread_deg(row, form) > p.steady_deg:
            continue
        return form
    return -1


@kernel
def write_drift(
    row: np.void, slot: int, op: int, end: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event about the run of the form that was opened; returns events written."""
    begin_event(events, n, op, slot, row["t_start_ms"], t_ms, row["lon"], row["lat"])
    form = row["form"]
    last_ms = row["t_hold_ms"][form]
    span_ms = max(row["t_shown_ms"] - row["t_start_ms"], 1)
    good_m = made_good_m(row, form)
    x = events[n]["x"]
    x[0], x[1] = form, (last_ms - row["t_start_ms"]) / MINUTE_MS
    x[2] = row["sum_kn"][form] / row["n"][form]
    x[3], x[4] = wrapped(row["beta0"][form] + row["beta_mean"][form]), spread_deg(row, form)
    x[5], x[6] = good_m, good_m / (span_ms / 1000.0) / KN_MS
    x[7] = bearing_deg(row["lon0"][form], row["lat0"][form], row["lon"], row["lat"])
    x[8], x[9], x[10] = row["way_min"], row["nav_status"], row["msg_type"]
    silence_ms = t_ms - row["heard_ms"] if end == SILENT else row["silence_ms"][form]
    x[11], x[12] = row["fixes"][form], silence_ms / MINUTE_MS
    x[13], x[14], x[15], x[16] = row["depth_m"], row["land_m"], end, row["t_shown_ms"]
    x[17], x[18] = row["sog_kn"], row["length_m"]
    return n + 1


@inlined
def why_over(row: np.void, t_ms: int, p: Params) -> int:
    """Tell why an open drift is over; 0 if it goes on."""
    if row["way_now_min"] >= p.way_end_min:
        return UNDER_WAY
    if row["nav_status"] in AT_REST or row["nav_status"] in OTHERWISE:
        return HELD
    if t_ms - row["heard_ms"] >= p.close_ms:
        return SILENT
    if row["heard_ms"] - row["t_shown_ms"] >= p.over_ms:
        return OVER
    return 0


@kernel
def drift_samples(
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
    t_ms, lon, lat = samples.t_ms, samples.lon, samples.lat
    sog_kn, beta_deg, first_ms = samples.sog_kn, samples.beta_deg, samples.first_ms
    nav_status, msg_type = rows.nav_status, rows.msg_type
    land_m, depth_m, length_m = rows.land_m, rows.depth_m, rows.length_m
    for j in range(start, end):
        if n + ROOM > events.shape[0]:
            return j, n
        row = state[slot[j]]
        row["heard_ms"] = heard_ms[j]
        sog = sog_kn[j]
        if fixes[j] == 0 or math.isnan(sog):
            continue
        i = last[j]
        status = row["nav_status"] = nav_status[i]
        is_moving = sog >= p.way_kn
        row["way_now_min"] = row["way_now_min"] + 1 if is_moving else 0
        row["way_min"] += is_moving
        silence_ms = first_ms[j] - row["t_ms"]
        row["t_ms"], row["sog_kn"] = t_ms[j], sog
        if is_moving and row["is_open"] == 0:
            forget(row)
            continue
        row["msg_type"], row["length_m"] = msg_type[i], length_m[i]
        if status in AT_REST or status in OTHERWISE or silence_ms > p.silence_ms:
            forget(row)
            if status in AT_REST or status in OTHERWISE:
                continue
        is_shown = False
        for form in range(FORMS):
            is_shown |= shows(row, form, sog, beta_deg[j], p)
        if is_shown or row["is_open"] == 0:
            # An open drift stands where it was last shown, not where the vessel sails off to.
            row["lon"], row["lat"] = lon[j], lat[j]
            row["land_m"], row["depth_m"] = land_m[i], depth_m[i]
        if is_shown:
            row["t_shown_ms"] = t_ms[j]
        if row["is_open"] == 1:
            if shows(row, row["form"], sog, beta_deg[j], p):
                hold(row, row["form"], t_ms[j], fixes[j], silence_ms)
            continue
        for form in range(FORMS):
            follow(row, form, t_ms[j], sog, beta_deg[j], fixes[j], silence_ms, p)
        form = form_now(row, p)
        if form < 0:
            continue
        row["form"], row["is_open"], row["priority"] = form, 1, 3
        row["t_start_ms"] = row["t_run_ms"][form]
        n = write_drift(row, slot[j], OPEN, GOES_ON, _minute_end(t_ms[j]), events, n)
    return end, n


@kernel
def _minute_end(t_ms: int) -> int:
    """Give the end of the minute of a time: what a sample shows is known then."""
    return (t_ms // MINUTE_MS + 1) * MINUTE_MS


@kernel
def drift_tick(
    t_ms: int,
    start: int,
    state: NDArray[np.void],
    again_min: int,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Close what is over; ask anew every `again_min` minutes where an open drift leads.

    Returns:
        (the next slot, events written by now): the caller drops those `UPDATE` that raise nothing.
    """
    for s in range(start, state.shape[0]):
        row = state[s]
        if row["is_open"] == 0:
            continue
        if n + ROOM > events.shape[0]:
            return s, n
        end = why_over(row, t_ms, p)
        if end != GOES_ON:
            n = write_drift(row, s, CLOSE, end, t_ms, events, n)
            row["is_open"] = 0
            forget(row)
        elif row["priority"] > 1 and (t_ms - row["t_start_ms"]) // MINUTE_MS % again_min == 0:
            n = write_drift(row, s, UPDATE, GOES_ON, t_ms, events, n)
    return state.shape[0], n
