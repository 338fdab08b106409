"""D1 `drag_onset`: a vessel's state, how fixes are gathered into it, and what is its own speed.

What D1 is and is not stands in `drag.py`. `row` is one row of `STATE`, changed in place.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import wrapped
from sargas.model.jit import inlined, kernel
from sargas.watch.detect.drag_ramp import WINDOW

RING = 10
"""Minutes of course kept for the turn: the rule's turn window."""
SPEEDS = 10
"""Minutes of smoothed speed kept, for its steps."""
STEP_MIN = 9
"""Steps of speed that tell its spread; the ring holds no longer ones."""
FALL_MIN = 5
PULL_MIN = 20
PULL_MASK = (1 << PULL_MIN) - 1
"""The last 20 minutes as bits: heading known, pulled to starboard, pulled to port (ref D1)."""
NOT_UNDER_COMMAND = 2
RECOVERED, STOPPED, LOST, SHARED, RETOLD = 1, 2, 3, 4, 5
ONSET, CONFIRMED, GRADUAL = 0, 1, 2
"""Kinds of events: of D1, of D2 which follows it, and of a loss that came gradually; the last ends
as RETOLD where an onset takes its place."""
FEATURE_NAMES = (
    "own_kn", "spread_kn", "sog_kn", "cog_deg", "sum", "below_min", "run_min", "beta_before_deg",
    "beta_deg", "pull", "turn_deg", "fall_kn", "fixes", "silence_min", "nav_status", "low_kn",
    "end", "cohort_ships", "cohort_share", "hunting_deg", "hunting_s", "hunting_share",
    "hunting_before_deg", "kept_min", "fall_min",
)  # fmt: skip
"""`beta` is heading less course over ground; `low_kn` = lowest smoothed speed since it opened, NaN
before; `end` = why it ended; `cohort_share` = share of their own speed that the others have lost;
`hunting` = how the course swings now, and before the onset; `kept_min` = minutes since it opened
in which the loss was kept; `fall_min` = how long the loss took to come."""

STATE = np.dtype(
    [
        # The last fix.
        ("t_ms", "i8"), ("heard_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("length_m", "i8"),
        ("nav_status", "i8"),
        # What is its own.
        ("minute", "i8"), ("learned_min", "f8"), ("run_min", "f8"), ("own_kn", "f8"),
        ("step2", "f8"), ("step_min", "f8"),
        ("beta_own_deg", "f8"), ("faster_min", "f8"),
        # Now.
        ("sog_kn", "f8"), ("beta_deg", "f8"), ("sogs", "f8", SPEEDS), ("cogs", "f8", RING),
        ("minute_kn", "f4", WINDOW), ("turn_deg", "f8"), ("fall_kn", "f8"),
        ("hunting_deg", "f8"), ("hunting_s", "f8"), ("hunting_share", "f8"),
        # Since the onset.
        ("sum", "f8"), ("onset_ms", "i8"), ("below_min", "f8"), ("frozen_min", "f8"),
        ("fall_min", "f8"), ("fixes", "i8"), ("silence_ms", "i8"), ("known_bits", "i8"),
        ("starboard_bits", "i8"), ("port_bits", "i8"), ("hunting_before_deg", "f8"),
        # Since it opened.
        ("priority", "i8"), ("kind", "i8"), ("recovered_min", "f8"), ("stopped_min", "f8"),
        ("low_kn", "f8"), ("cohort_ships", "i8"), ("cohort_share", "f8"), ("shared_min", "f8"),
        ("opened_kn", "f8"), ("kept_min", "f8"), ("confirmed_ms", "i8"),
    ]
)  # fmt: skip
"""One row a segment; `priority` 0 = not open, `learned_min` 0 = no speed of its own yet;
`opened_kn` = the loss it opened with; `confirmed_ms` 0 = not confirmed (D2)."""


class Water(NamedTuple):
    """How much room a drag needs around it; limits in the units of their names."""

    max_depth_m: float
    min_land_nm: float
    coast_ahead_nm: float
    port_ahead_nm: float
    port_fan_deg: float


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`, in the units of their names."""

    water: Water
    memory_min: float
    spread_floor_kn: float
    spread_prior_kn: float
    spread_prior_min: float
    most_step_kn: float
    step_gain: float
    k_sigma: float
    h_sigma_min: float
    min_speed_kn: float
    min_run_min: float
    min_length_m: float
    max_turn_deg: float
    max_share: float
    min_loss_kn: float
    min_loss_spreads: float
    min_below_min: float
    fall_ahead_min: float
    max_loss_share: float
    way_kn: float
    drift_deg: float
    smooth_min: float
    beta_smooth_min: float
    step_cap_min: float
    silence_min: float
    forget_min: float
    frozen_max_min: float
    faster_kn: float
    relearn_min: float
    pull_deg: float
    pull_share: float
    recover_share: float
    recover_min: float
    stop_kn: float
    stop_min: float
    lost_min: float
    alarm_eta_min: float
    port_word_nm: float
    cohort_nm: float
    cohort_deg: float
    cohort_min: float
    cohort_known_min: float
    cohort_ships: float
    cohort_wide_nm: float
    quick_min: float
    quick_spreads: float
    over_times: float
    one_fall_share: float
    unheard_min: float
    gradual_spreads: float
    gradual_share: float
    shared_min: float
    keep_share: float
    keep_min: float
    swing_times: float
    swing_deg: float


def water_of(rules: dict[str, float]) -> Water:
    """Read the room a drag needs from the rules of D1."""
    return Water(*(rules[name] for name in Water._fields))


class Ports(NamedTuple):
    """Harbours for kernels, as in `reference.Ports`."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    radius_m: NDArray[np.float64]


@inlined
def clear_onset(row: np.void) -> None:
    """Drop what was summed; what is the vessel's own stays."""
    row["sum"] = row["below_min"] = row["frozen_min"] = row["recovered_min"] = 0.0
    row["fixes"] = row["silence_ms"] = 0
    row["fall_min"] = math.nan


@kernel
def learn_anew(row: np.void, learned_min: float, p: Params) -> None:
    """Take the present speed as the vessel's own; 0 minutes: forget that it has any.

    Its spread begins as that of a noisy ship, and counts as some minutes of learning.
    """
    clear_onset(row)
    row["own_kn"] = row["sog_kn"]
    row["step2"] = p.step_gain * p.spread_prior_kn * p.spread_prior_kn
    row["step_min"] = p.spread_prior_min
    row["beta_own_deg"] = row["beta_deg"]
    row["learned_min"] = row["run_min"] = learned_min
    row["faster_min"] = 0.0


@inlined
def pass_time(row: np.void, minute: int, p: Params) -> float:
    """Bring the rings up to this minute; the last known value stands in for minutes unheard.

    Returns:
        Minutes since the last sample, capped; 0 where a silence has cut the thread.
    """
    gone = minute - row["minute"]
    was, was_speed = row["minute"] % RING, row["minute"] % SPEEDS
    row["minute"] = minute
    if gone > p.silence_min:
        row["sogs"][:] = math.nan
        row["cogs"][:] = math.nan
        row["minute_kn"][:] = math.nan
        if row["priority"] == 0:
            clear_onset(row)
            if gone > p.forget_min:
                learn_anew(row, 0.0, p)
        return 0.0
    for m in range(minute - gone + 1, minute):
        row["sogs"][m % SPEEDS] = row["sogs"][was_speed]
        row["cogs"][m % RING] = row["cogs"][was]
        row["minute_kn"][m % WINDOW] = math.nan  # of these nothing is made up
    return float(min(gone, p.step_cap_min))


@inlined
def smooth(row: np.void, sog: float, cog: float, beta: float, dt: float, p: Params) -> None:
    """Smooth speed and beta over some minutes; write the rings."""
    row["minute_kn"][row["minute"] % WINDOW] = sog
    if dt == 0.0:
        row["sog_kn"], row["beta_deg"] = sog, beta
    else:
        row["sog_kn"] += dt / (dt + p.smooth_min) * (sog - row["sog_kn"])
        if math.isnan(row["beta_deg"]):
            row["beta_deg"] = beta
        elif not math.isnan(beta):
            off = wrapped(beta - row["beta_deg"])
            share = dt / (dt + p.beta_smooth_min)
            row["beta_deg"] = wrapped(row["beta_deg"] + share * off)
    at = row["minute"] % RING
    before = row["sogs"][(row["minute"] - FALL_MIN) % SPEEDS]
    row["fall_kn"] = before - row["sog_kn"]
    row["sogs"][row["minute"] % SPEEDS], row["cogs"][at] = row["sog_kn"], cog


@inlined
def learn(row: np.void, sog: float, beta: float, dt: float, p: Params) -> None:
    """Let a sample into the vessel's own speed, spread and beta.

    A plain mean until `memory_min` minutes are known, weighted exponentially from then on.
    """
    dt = max(dt, 1.0)
    share = dt / max(dt, min(row["learned_min"] + dt, p.memory_min))
    row["own_kn"] += share * (sog - row["own_kn"])
    step = row["sog_kn"] - row["sogs"][(row["minute"] - STEP_MIN) % SPEEDS]
    if abs(step) <= p.most_step_kn:  # false where unknown
        row["step_min"] = min(row["step_min"] + dt, p.memory_min)
        row["step2"] += dt / max(dt, row["step_min"]) * (step * step - row["step2"])
    if math.isnan(row["beta_own_deg"]):
        row["beta_own_deg"] = beta
    elif not math.isnan(beta):
        off = wrapped(beta - row["beta_own_deg"])
        row["beta_own_deg"] = wrapped(row["beta_own_deg"] + share * off)
    row["learned_min"] = min(row["learned_min"] + dt, p.memory_min)
    row["frozen_min"] = 0.0
    if sog >= p.min_speed_kn:
        row["run_min"] += dt


@inlined
def spread_kn(row: np.void, p: Params) -> float:
    """Give sigma, from the speed's steps over nine minutes, not under the floor.

    Its deviations from the mean would take a passage's slow changes for noise, and of a noise that
    hangs together they show too little in an hour or two. For noise of variance v and time
    constant tau, smoothed over s minutes, steps over h minutes have the mean square
    2 v tau / (tau + s) (1 - (tau exp(-h / tau) - s exp(-h / s)) / (tau - s)). Larger steps than a
    ship's noise makes are manoeuvres, and are left out.

    Source: autocovariance of an Ornstein-Uhlenbeck process behind an exponential filter; that
        the noise is one is assumed (catalogue D1), not measured.
    """
    return max(math.sqrt(row["step2"] / p.step_gain), p.spread_floor_kn)


def step_gain(tau_min: float, smooth_min: float) -> float:
    """Give the mean square of the steps for noise of variance one (see `spread_kn`).

    Example:
        >>> round(step_gain(30.0, 3.0), 3)
        0.332
    """
    tau, s, h = tau_min, smooth_min, STEP_MIN
    if tau == s:
        s *= 0.999  # the formula has a limit there that it cannot divide its way to
    kept = (tau * math.exp(-h / tau) - s * math.exp(-h / s)) / (tau - s)
    return 2.0 * tau / (tau + s) * (1.0 - kept)
