"""D1 `drag_onset`: each minute of a vessel folded into its state, and the events that arise.

What D1 is and is not stands in `drag.py`. `row` is one row of `STATE`, changed in place.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import wrapped
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.drag_state import (
    LOST,
    NOT_UNDER_COMMAND,
    PULL_MASK,
    PULL_MIN,
    RECOVERED,
    RING,
    SHARED,
    STOPPED,
    Params,
    clear_onset,
    learn,
    learn_anew,
    pass_time,
    smooth,
    spread_kn,
)
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples


@kernel
def turned_deg(row: np.void, cog: float) -> float:
    """Give the greatest change of course against the last ten minutes; NaN unknown."""
    turn = math.nan
    for k in range(RING):
        off = abs(wrapped(cog - row["cogs"][k]))
        if not math.isnan(off) and not off <= turn:
            turn = off
    return turn


@inlined
def note_pull(row: np.void, beta: float, dt: float, p: Params) -> None:
    """Note whether the ship points off its own usual angle to its course, and to which side."""
    by = int(max(dt, 1.0))
    known = row["known_bits"] << by
    starboard = row["starboard_bits"] << by
    port = row["port_bits"] << by
    off = wrapped(beta - row["beta_own_deg"])
    if not math.isnan(off):
        known |= 1
        if off >= p.pull_deg:
            starboard |= 1
        elif off <= -p.pull_deg:
            port |= 1
    row["known_bits"] = known & PULL_MASK
    row["starboard_bits"] = starboard & PULL_MASK
    row["port_bits"] = port & PULL_MASK


@kernel
def pull(row: np.void) -> float:
    """Give the share of the last 20 minutes pulled to one side, negative to port; NaN unknown."""
    known, starboard, port = 0, 0, 0
    for k in range(PULL_MIN):
        known += (row["known_bits"] >> k) & 1
        starboard += (row["starboard_bits"] >> k) & 1
        port += (row["port_bits"] >> k) & 1
    if known == 0:
        return math.nan
    return starboard / known if starboard >= port else -port / known


@inlined
def doubt(row: np.void, sog: float, cog: float, n: int, dt: float, p: Params) -> None:
    """Sum the loss; where there is none, or the ship turned, nothing is summed."""
    loss = (row["own_kn"] - sog) / spread_kn(row, p) - p.k_sigma
    if row["sum"] == 0.0:
        if loss <= 0.0:
            return
        clear_onset(row)
        row["onset_ms"] = row["minute"] * MINUTE_MS
        row["hunting_before_deg"] = row["hunting_deg"]
    row["turn_deg"] = turned_deg(row, cog)
    if row["turn_deg"] > p.max_turn_deg:
        clear_onset(row)
        row["frozen_min"] = 1.0  # while it turns, nothing is learned either
        return
    row["sum"] = min(max(0.0, row["sum"] + loss * max(dt, 1.0)), 2.0 * p.h_sigma_min)
    row["fixes"] += n
    row["frozen_min"] += dt
    if row["sum"] == 0.0:
        clear_onset(row)


@inlined
def least_loss_kn(row: np.void, p: Params) -> float:
    """Give the loss that counts: one that the vessel's own noise does not reach."""
    return max(p.min_loss_kn, p.min_loss_spreads * spread_kn(row, p))


@inlined
def count_minutes(row: np.void, dt: float, p: Params) -> None:
    """Count the minutes for which the speed has been low, regained, or next to nothing."""
    sog, own = row["sog_kn"], row["own_kn"]
    is_low = sog < p.max_share * own and own - sog >= least_loss_kn(row, p)
    row["below_min"] = row["below_min"] + dt if is_low and row["sum"] > 0.0 else 0.0
    row["recovered_min"] = row["recovered_min"] + dt if sog >= p.recover_share * own else 0.0
    row["stopped_min"] = row["stopped_min"] + dt if sog < p.stop_kn else 0.0
    is_faster = sog > own + p.faster_kn and sog > own + 3.0 * spread_kn(row, p)
    row["faster_min"] = row["faster_min"] + dt if is_faster else 0.0


@inlined
def is_onset(row: np.void, p: Params) -> bool:
    """Tell whether the vessel's own motion makes an onset; unknown values pass."""
    return bool(
        row["sum"] > p.h_sigma_min
        and row["below_min"] >= p.min_below_min
        and row["run_min"] >= p.min_run_min
        and row["own_kn"] >= p.min_speed_kn
        and not abs(row["beta_deg"]) >= p.drift_deg
        and not 0 < row["length_m"] < p.min_length_m
        and row["nav_status"] != NOT_UNDER_COMMAND
    )


@inlined
def fold_minute(
    row: np.void, minute: int, sog: float, cog: float, beta: float, n: int, p: Params
) -> bool:
    """Fold one minute of a vessel, `n` fixes, into its state.

    Returns:
        Whether its motion makes an onset now; whether one is open already is not asked.
    """
    if row["learned_min"] == 0.0 and sog < p.min_speed_kn and row["priority"] == 0:
        row["minute"] = minute
        return False  # not under way: most of those in port end here
    dt = pass_time(row, minute, p)
    if row["learned_min"] == 0.0 and row["priority"] == 0:
        row["sogs"][:] = math.nan
        row["cogs"][:] = math.nan
        row["minute_kn"][:] = math.nan
        smooth(row, sog, cog, beta, 0.0, p)
        learn_anew(row, 1.0, p)
        return False
    smooth(row, sog, cog, beta, dt, p)
    note_pull(row, beta, dt, p)
    if row["priority"] > 0:
        row["fixes"] += n
        row["turn_deg"] = turned_deg(row, cog)
        count_minutes(row, dt, p)
        if row["own_kn"] - row["sog_kn"] >= p.keep_share * row["opened_kn"]:
            row["kept_min"] += dt
        row["low_kn"] = min(row["low_kn"], row["sog_kn"])
        return False
    if row["sog_kn"] < p.way_kn:
        learn_anew(row, 0.0, p)  # it has lost its way altogether: that is no onset of a drag
        return False
    doubt(row, sog, cog, n, dt, p)
    count_minutes(row, dt, p)
    if row["recovered_min"] >= p.recover_min:
        clear_onset(row)
    if row["faster_min"] >= p.relearn_min or row["frozen_min"] >= p.frozen_max_min:
        learn_anew(row, p.relearn_min, p)
    elif row["sum"] == 0.0 and row["frozen_min"] == 0.0 and row["faster_min"] == 0.0:
        learn(row, sog, beta, dt, p)
    elif row["sum"] == 0.0:
        row["frozen_min"] = 0.0
    return is_onset(row, p)


@kernel
def why_over(row: np.void, t_ms: int, p: Params) -> int:
    """Tell why an open event is over; 0 if it is not."""
    if row["recovered_min"] >= p.recover_min:
        return RECOVERED
    if row["stopped_min"] >= p.stop_min:
        return STOPPED
    if row["shared_min"] >= p.shared_min:
        return SHARED
    if t_ms - row["heard_ms"] >= p.lost_min * MINUTE_MS:
        return LOST
    return 0


@kernel
def fold_samples(
    samples: Samples,
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    asks: NDArray[np.int32],
    p: Params,
) -> int:
    """Fold the samples of one minute into their vessels.

    Args:
        samples, rows: as in `Minutes`. start, end: the minute's samples.
        state: (slots,) `STATE`. asks: (slots,) out, slots for `look_around`.

    Returns:
        Slots in `asks`.
    """
    slot, last, fixes, heard_ms = samples.slot, samples.last, samples.fixes, samples.heard_ms
    first_ms, t_ms, lon, lat = samples.first_ms, samples.t_ms, samples.lon, samples.lat
    sog_kn, cog_deg, beta_deg = samples.sog_kn, samples.cog_deg, samples.beta_deg
    hunting_deg, hunting_s = samples.hunting_deg, samples.hunting_s
    hunting_share = samples.hunting_share
    length_m, nav_status = rows.length_m, rows.nav_status
    k = 0
    for j in range(start, end):
        row = state[slot[j]]
        row["heard_ms"] = heard_ms[j]
        if fixes[j] == 0:
            continue
        row["silence_ms"] = max(row["silence_ms"], first_ms[j] - row["t_ms"])
        row["t_ms"], row["lon"], row["lat"] = t_ms[j], lon[j], lat[j]
        row["length_m"], row["nav_status"] = length_m[last[j]], nav_status[last[j]]
        if math.isnan(sog_kn[j]):
            continue
        minute = t_ms[j] // MINUTE_MS
        row["hunting_deg"], row["hunting_s"] = hunting_deg[j], hunting_s[j]
        row["hunting_share"] = hunting_share[j]
        asking = fold_minute(row, minute, sog_kn[j], cog_deg[j], beta_deg[j], fixes[j], p)
        if row["priority"] > 0:  # much may have changed around it, unless this minute ends it
            asking = why_over(row, (minute + 1) * MINUTE_MS, p) == 0
        if asking:
            asks[k] = slot[j]
            k += 1
    return k
