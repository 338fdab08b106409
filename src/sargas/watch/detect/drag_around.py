"""D1 `drag_onset`: what lies around a vessel, and the events that arise at the end of a minute.

What D1 is and is not stands in `drag.py`. `row` is one row of `STATE`, changed in place.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, NM_M, wrapped
from sargas.model.jit import inlined, kernel
from sargas.model.time import MINUTE_MS
from sargas.reference.grid import sample
from sargas.watch.ahead import Horizon, coast_ahead_m, look_ahead, port_ahead
from sargas.watch.detect.base import CLOSE, OPEN, UPDATE
from sargas.watch.detect.cohort import cohort_loss
from sargas.watch.detect.drag_fold import least_loss_kn, pull, why_over
from sargas.watch.detect.drag_ramp import LEAST_BEFORE, WINDOW, fit_ramp
from sargas.watch.detect.drag_state import (
    CONFIRMED,
    FALL_MIN,
    GRADUAL,
    LOST,
    NOT_UNDER_COMMAND,
    ONSET,
    RETOLD,
    RING,
    STOPPED,
    Params,
    Ports,
    Water,
    clear_onset,
    learn_anew,
    spread_kn,
)
from sargas.watch.locate import Ground, PieceIndex

WAIT = -1
"""What is not told yet."""
OVER_MIN = 2
"""Minutes heard since a fall was over, at least; chosen."""
LEVEL_SHARE = 0.15
"""A speed that changed by no more of the loss in five minutes has come to a level; chosen."""


@kernel
def course_deg(row: np.void) -> float:
    """Give the mean course of the last five minutes, which averages hunting; NaN unknown."""
    first, total, n = math.nan, 0.0, 0
    for k in range(FALL_MIN):
        cog = row["cogs"][(row["minute"] - k) % RING]
        if math.isnan(cog):
            continue
        if n == 0:
            first = cog
        total += wrapped(cog - first)
        n += 1
    return (first + total / n) % 360.0 if n > 0 else math.nan


@kernel
def is_open_water(row: np.void, ground: Ground, ports: Ports, course: float, w: Water) -> bool:
    """Tell whether depth, coast and ports leave room for a drag; unknown values pass."""
    lon, lat = row["lon"], row["lat"]
    d = ground.depth_at
    if sample(ground.depth_m, d[0], d[1], d[2], d[3], lon, lat) < -w.max_depth_m:
        return False
    a = ground.land_at
    if sample(ground.land_m, a[0], a[1], a[2], a[3], lon, lat) < w.min_land_nm * NM_M:
        return False
    if not math.isnan(course):
        reach_m = w.coast_ahead_nm * NM_M
        if coast_ahead_m(ground.land_m, ground.land_at, lon, lat, course, reach_m) <= reach_m:
            return False
    reach_m = w.port_ahead_nm * NM_M
    port, _ = port_ahead(
        ports.lon, ports.lat, ports.radius_m, lon, lat, course, w.port_fan_deg, reach_m
    )
    return port < 0


@kernel
def is_asset_near(
    row: np.void,
    index: PieceIndex,
    ground: Ground,
    course: float,
    horizon: Horizon,
    seen: NDArray[np.float64],
    p: Params,
) -> bool:
    """Tell whether an asset ahead is as near in time as makes an alarm; `seen`: (3, 2, assets)."""
    if math.isnan(course) or row["sog_kn"] < p.stop_kn:
        return False
    lon, lat, sog = row["lon"], row["lat"], row["sog_kn"]
    hour = Horizon(horizon.reach_m, p.alarm_eta_min / 60.0, horizon.fan_deg)
    near_m = look_ahead(index, ground, lon, lat, course, sog, hour, seen[0], seen[1], seen[2])
    if near_m == math.inf:
        return False
    # An asset beside the course may still be met on it, later: then that later time counts.
    near_m = look_ahead(index, ground, lon, lat, course, sog, horizon, seen[0], seen[1], seen[2])
    return bool(near_m <= p.alarm_eta_min * 60.0 * sog * KN_MS)


@kernel
def write_event(
    row: np.void,
    slot: int,
    kind: int,
    op: int,
    end: int,
    t_ms: int,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Write an event of D1, or of D2 for `kind` CONFIRMED; returns events written."""
    event = events[n]
    event["op"], event["kind"], event["slot"] = op, kind, slot
    event["priority"] = 1 if kind == CONFIRMED else row["priority"]
    event["t_start_ms"], event["t_ms"] = row["onset_ms"], t_ms
    event["lon"], event["lat"], event["asset"] = row["lon"], row["lat"], -1
    event["distance_m"] = event["accuracy_m"] = event["kp_m"] = math.nan
    x = event["x"]
    x[0], x[1], x[2], x[3] = row["own_kn"], spread_kn(row, p), row["sog_kn"], course_deg(row)
    x[4], x[5], x[6] = row["sum"], row["below_min"], row["run_min"]
    x[7], x[8], x[9] = row["beta_own_deg"], row["beta_deg"], pull(row)
    x[10], x[11], x[12] = row["turn_deg"], row["fall_kn"], row["fixes"]
    silence_ms = t_ms - row["heard_ms"] if end == LOST else row["silence_ms"]
    x[13], x[14], x[15], x[16] = silence_ms / MINUTE_MS, row["nav_status"], row["low_kn"], end
    x[17], x[18] = row["cohort_ships"], row["cohort_share"]
    x[19], x[20], x[21] = row["hunting_deg"], row["hunting_s"], row["hunting_share"]
    x[22], x[23], x[24] = row["hunting_before_deg"], row["kept_min"], row["fall_min"]
    return n + 1


@kernel
def close_slots(
    t_ms: int,
    state: NDArray[np.void],
    is_open: NDArray[np.bool_],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Close what is over at the end of a minute.

    Args:
        t_ms: end of the minute. state, is_open: (slots,).
        events: room for two events of every open slot, `n` of them written.

    Returns:
        Events written by now.
    """
    for s in range(is_open.shape[0]):
        if not is_open[s]:
            continue
        row = state[s]
        end = why_over(row, t_ms, p)
        if end > 0:
            n = write_event(row, s, row["kind"], CLOSE, end, t_ms, p, events, n)
            if row["confirmed_ms"] > 0:
                n = write_event(row, s, CONFIRMED, CLOSE, end, t_ms, p, events, n)
            row["priority"], is_open[s] = 0, False
            clear_onset(row)
            if end in (STOPPED, LOST):
                learn_anew(row, 0.0, p)
    return n


@inlined
def is_alone(row: np.void, p: Params) -> bool:
    """Tell whether the loss stands when what the others have lost is taken off."""
    own, sog = row["own_kn"], row["sog_kn"]
    if row["cohort_ships"] >= p.cohort_ships and row["cohort_share"] > 0.0:
        sog += own * row["cohort_share"]
    return bool(own - sog >= least_loss_kn(row, p) and sog < p.max_share * own)


@inlined
def is_shared(row: np.void, p: Params) -> bool:
    """Tell whether a loss that is still there is one that the others have had as well."""
    is_common = row["cohort_ships"] >= p.cohort_ships and row["cohort_share"] > 0.0
    return is_common and row["sog_kn"] < p.recover_share * row["own_kn"] and not is_alone(row, p)


@inlined
def has_sign(row: np.void, p: Params) -> bool:
    """Tell whether the ship is pulled to one side, or its course hunts more widely than before."""
    by_deg = abs(wrapped(row["beta_deg"] - row["beta_own_deg"]))
    pulled = by_deg >= p.pull_deg and abs(pull(row)) >= p.pull_share
    deg, before_deg = row["hunting_deg"], row["hunting_before_deg"]
    return pulled or bool(deg >= p.swing_deg and deg >= p.swing_times * before_deg)


@inlined
def keeps_way(row: np.void, p: Params) -> bool:
    """Tell whether the speed, if it went on falling as now, would stay above the lower limit.

    An engine that has stopped, or a ship that makes for its berth, falls faster until little way
    is left; a loss that is still growing to a half does not.
    """
    fall_kn = row["fall_kn"] * p.fall_ahead_min / FALL_MIN
    if math.isnan(fall_kn):
        fall_kn = 0.0
    least_kn = (1.0 - p.max_loss_share) * row["own_kn"]
    return bool(row["sog_kn"] - max(fall_kn, 0.0) >= least_kn)


@kernel
def kind_now(row: np.void, p: Params, kn: NDArray[np.float64], sums: NDArray[np.float64]) -> int:
    """Tell what a loss is by the way it came: an onset, a gradual one, or WAIT where still open.

    A loss that came quickly, in one fall that is over, is an onset; so is any with a sign of
    something towed. The rest is gradual, once it is more than small.

    Args:
        row: of the vessel. kn: (WINDOW,), sums: (2, WINDOW + 1), scratch.
    """
    loss_kn = row["own_kn"] - row["sog_kn"]
    before = 0
    for k in range(WINDOW):
        minute = row["minute"] + 1 - WINDOW + k
        kn[k] = row["minute_kn"][minute % WINDOW]
        before += minute * MINUTE_MS < row["onset_ms"] and not math.isnan(kn[k])
    if before < LEAST_BEFORE:  # it lies in a silence, and how it came is not known
        row["fall_min"] = math.nan
        is_level = abs(row["fall_kn"]) <= LEVEL_SHARE * loss_kn
        is_new = row["minute"] - row["onset_ms"] // MINUTE_MS <= WINDOW // 2
        return ONSET if is_level and is_new and row["below_min"] >= p.unheard_min else WAIT
    if not keeps_way(row, p):
        return WAIT
    ramp = fit_ramp(kn, p.quick_min, sums[0], sums[1])
    row["fall_min"] = ramp.fall_min
    is_large = loss_kn >= p.gradual_spreads * spread_kn(row, p)
    is_large = is_large and row["sog_kn"] <= p.gradual_share * row["own_kn"]
    is_over = ramp.falling_error >= p.over_times * ramp.error and ramp.heard_min >= OVER_MIN
    if not is_over:
        since_min = row["minute"] - row["onset_ms"] // MINUTE_MS
        is_long = ramp.fall_min > p.quick_min and since_min >= 2.0 * p.quick_min
        return GRADUAL if is_large and is_long else WAIT
    enough = ramp.lost_kn >= least_loss_kn(row, p)
    enough = enough and ramp.lost_kn >= (1.0 - p.max_share) * ramp.before_kn
    if enough and has_sign(row, p):
        return ONSET
    is_quick = ramp.quick_error <= ramp.slow_error and ramp.lost_kn >= p.one_fall_share * loss_kn
    if enough and is_quick:
        return ONSET if ramp.lost_kn >= p.quick_spreads * spread_kn(row, p) else WAIT
    return GRADUAL if is_large else WAIT


@inlined
def is_told_anew(row: np.void, p: Params) -> bool:
    """Tell whether a gradual loss that is still there has come to show a sign, on a ship under way.

    A ship that turns swings as well, and one that says it cannot manoeuvre may lie across its way.
    """
    is_lost = row["recovered_min"] == 0.0 and row["stopped_min"] == 0.0
    steers = row["turn_deg"] <= p.max_turn_deg and row["nav_status"] != NOT_UNDER_COMMAND
    return is_lost and steers and has_sign(row, p)


@inlined
def is_confirmed(row: np.void, p: Params) -> bool:
    """Tell whether the loss was kept, and a sign of something towed is there."""
    if row["kept_min"] < p.keep_min or row["nav_status"] == NOT_UNDER_COMMAND:
        return False
    return has_sign(row, p)


@inlined
def open_row(row: np.void, kind: int, priority: int) -> None:
    """Begin to follow an onset, or a loss that came gradually."""
    row["priority"], row["low_kn"], row["confirmed_ms"] = priority, math.nan, 0
    row["kind"] = kind
    row["recovered_min"] = row["stopped_min"] = row["shared_min"] = row["kept_min"] = 0.0
    row["opened_kn"] = row["own_kn"] - row["sog_kn"]


@kernel
def look_around(
    t_ms: int,
    asks: NDArray[np.int32],
    state: NDArray[np.void],
    is_open: NDArray[np.bool_],
    index: PieceIndex,
    ground: Ground,
    ports: Ports,
    horizon: Horizon,
    p: Params,
    seen: NDArray[np.float64],
    shares: NDArray[np.float64],
    kn: NDArray[np.float64],
    sums: NDArray[np.float64],
    events: NDArray[np.void],
    n: int,
) -> int:
    """Open what the surroundings leave room for, and raise what has come near an asset.

    Apart from `fold_samples`, since handing the surroundings over costs more than most minutes.

    Args:
        t_ms: end of the minute. asks: (k,) slots. state, is_open: (slots,).
        index, ground, ports, horizon: the surroundings.
        seen: (3, 2, assets), shares: (MOST,), kn: (WINDOW,), sums: (2, WINDOW + 1), scratch.
        events: room for events, at least 2 k more than the `n` written.

    Returns:
        Events written by now.
    """
    for s in asks:
        row = state[s]
        course = course_deg(row)
        ships, share = cohort_loss(state, s, course, p, shares)
        row["cohort_ships"], row["cohort_share"] = ships, share
        if row["priority"] == 0:
            if is_alone(row, p) and is_open_water(row, ground, ports, course, p.water):
                kind = kind_now(row, p, kn, sums)
                if kind == WAIT:
                    continue
                is_near = kind == ONSET and is_asset_near(
                    row, index, ground, course, horizon, seen, p
                )
                open_row(row, kind, 3 if kind == GRADUAL else 1 if is_near else 2)
                n = write_event(row, s, kind, OPEN, 0, t_ms, p, events, n)
                row["low_kn"] = row["sog_kn"]
                is_open[s] = True
            continue
        row["shared_min"] = row["shared_min"] + 1.0 if is_shared(row, p) else 0.0
        if row["kind"] == GRADUAL and is_told_anew(row, p):
            if is_open_water(row, ground, ports, course, p.water):
                n = write_event(row, s, GRADUAL, CLOSE, RETOLD, t_ms, p, events, n)
                is_near = is_asset_near(row, index, ground, course, horizon, seen, p)
                open_row(row, ONSET, 1 if is_near else 2)
                n = write_event(row, s, ONSET, OPEN, 0, t_ms, p, events, n)
                row["low_kn"] = row["sog_kn"]
            continue
        was = row["priority"]
        fits = row["confirmed_ms"] == 0 and is_confirmed(row, p)
        if fits and is_open_water(row, ground, ports, course, p.water):
            row["confirmed_ms"] = t_ms
            if row["kind"] == ONSET:
                row["priority"] = 1
            n = write_event(row, s, CONFIRMED, OPEN, 0, t_ms, p, events, n)
        elif was == 2 and is_asset_near(row, index, ground, course, horizon, seen, p):
            row["priority"] = 1
        if row["priority"] != was:
            n = write_event(row, s, ONSET, UPDATE, 0, t_ms, p, events, n)
    return n
