"""The kernels of D10 `position_integrity`: jumps, places in turn, inland, standing, circles."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import (
    KN_MS,
    angle_between_deg,
    bearing_deg,
    distance_m,
    metres_per_degree,
    point_segment,
    short_distance_m,
)
from sargas.model.jit import kernel
from sargas.watch.clean import JUMP, OK
from sargas.watch.detect.base import CLOSE
from sargas.watch.detect.cases import write_case
from sargas.watch.detect.circle import circle_of
from sargas.watch.detect.integrity_state import (
    CIRCLING,
    END,
    FROZEN,
    IN_TURN,
    INLAND,
    JUMPED,
    KINDS,
    ROOM,
    STAND_MS,
    TRACK,
    TRACK_MS,
    Params,
    Sign,
    note_sign,
)
from sargas.watch.locate import Located


@kernel
def _is_stale(state: NDArray[np.void], w: int, lon: float, lat: float, stale_m: float) -> bool:
    """Tell whether a place lies on the vessel's own track: an old report that came late."""
    kx, ky = metres_per_degree(lat)
    n = state[w]["track_n"]
    j = (n - 1) % TRACK
    ax = (state[w]["track_lon"][j] - lon) * kx
    ay = (state[w]["track_lat"][j] - lat) * ky
    if state[w]["slot"] == state[w]["track_slot"]:
        ax, ay = (state[w]["lon"] - lon) * kx, (state[w]["lat"] - lat) * ky
    for k in range(min(n, TRACK)):
        j = (n - 1 - k) % TRACK
        bx = (state[w]["track_lon"][j] - lon) * kx
        by = (state[w]["track_lat"][j] - lat) * ky
        if point_segment(0.0, 0.0, ax, ay, bx, by)[0] <= stale_m:
            return True
        ax, ay = bx, by
    return False


@kernel
def _jump(
    state: NDArray[np.void],
    cases: NDArray[np.void],
    w: int,
    t_ms: int,
    lon: float,
    lat: float,
    sog_kn: float,
    stale: NDArray[np.int64],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Weigh a fix that no hull of this subject can have reached."""
    dt_s = max((t_ms - state[w]["t_ms"]) / 1000.0, 1.0)
    away_m = distance_m(state[w]["lon"], state[w]["lat"], lon, lat)
    implied_kn = away_m / dt_s / KN_MS
    if away_m < p.jump_m or implied_kn < p.jump_kn:
        return n
    if _is_stale(state, w, lon, lat, p.stale_m):
        stale[0] += 1
        return n
    sign = Sign(
        t_ms, t_ms, state[w]["slot"], state[w]["lon"], state[w]["lat"], implied_kn, away_m, dt_s,
        lon, lat, math.nan, sog_kn, 0.0, 0.0, 0.0, state[w]["depth_m"],
    )  # fmt: skip
    return note_sign(state, cases, w, JUMPED, sign, events, n)


@kernel
def _switch(
    state: NDArray[np.void],
    cases: NDArray[np.void],
    w: int,
    slot: int,
    t_ms: int,
    lon: float,
    lat: float,
    stale: NDArray[np.int64],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Take note that another hull of the subject is heard now; see whether they take turns."""
    was = state[w]["slot"]
    away_m = distance_m(state[w]["lon"], state[w]["lat"], lon, lat)
    elsewhere_lon, elsewhere_lat = lon, lat
    if slot == state[w]["track_slot"]:
        elsewhere_lon, elsewhere_lat = state[w]["lon"], state[w]["lat"]
    is_stale = _is_stale(state, w, elsewhere_lon, elsewhere_lat, p.stale_m)
    if away_m < p.jump_m or is_stale:
        stale[0] += is_stale
        state[w]["turns"] = 0
    elif slot == state[w]["other"] and t_ms - state[w]["t_turn_ms"] <= p.close_ms:
        state[w]["turns"] += 1
    else:
        state[w]["turns"], state[w]["t_turns_ms"] = 1, t_ms
    state[w]["other"], state[w]["t_turn_ms"], state[w]["slot"] = was, t_ms, slot
    state[w]["inland"] = state[w]["t_still_ms"] = state[w]["t_moving_ms"] = 0
    if state[w]["turns"] < p.turns:
        return n
    dt_s = max((t_ms - state[w]["t_ms"]) / 1000.0, 1.0)
    sign = Sign(
        state[w]["t_turns_ms"], t_ms, was, state[w]["lon"], state[w]["lat"],
        away_m / dt_s / KN_MS, away_m, dt_s, lon, lat, math.nan, math.nan, 0.0, 0.0,
        state[w]["turns"], state[w]["depth_m"],
    )  # fmt: skip
    return note_sign(state, cases, w, IN_TURN, sign, events, n)


@kernel
def _go_inland(
    state: NDArray[np.void],
    cases: NDArray[np.void],
    w: int,
    t_ms: int,
    lon: float,
    lat: float,
    land_m: float,
    sog_kn: float,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Weigh a fix well inside land: how fast did it come there from the sea?

    A ship in a canal or a river came there slowly, and is left alone however long it stays.
    """
    if state[w]["inland"] == 0:
        if state[w]["t_sea_ms"] == 0:
            return n
        dt_s = max((t_ms - state[w]["t_sea_ms"]) / 1000.0, 1.0)
        away_m = distance_m(state[w]["sea_lon"], state[w]["sea_lat"], lon, lat)
        state[w]["inland_m"], state[w]["inland_dt_s"] = away_m, dt_s
        state[w]["inland_kn"], state[w]["t_inland_ms"] = away_m / dt_s / KN_MS, t_ms
    state[w]["inland"] += 1
    if state[w]["inland"] < p.inland_fixes or state[w]["inland_kn"] < p.inland_kn:
        return n
    sign = Sign(
        state[w]["t_inland_ms"], t_ms, state[w]["slot"], lon, lat, state[w]["inland_kn"],
        state[w]["inland_m"], state[w]["inland_dt_s"], state[w]["sea_lon"], state[w]["sea_lat"],
        land_m, sog_kn, state[w]["inland"], 0.0, 0.0, math.nan,
    )  # fmt: skip
    return note_sign(state, cases, w, INLAND, sign, events, n)


@kernel
def _begin_still(
    state: NDArray[np.void],
    w: int,
    t_ms: int,
    lon: float,
    lat: float,
    sog_kn: float,
    cog_deg: float,
) -> None:
    """Begin a run of fixes that may turn out not to move."""
    state[w]["t_still_ms"] = state[w]["t_moving_ms"] = t_ms
    state[w]["still_lon"], state[w]["still_lat"] = lon, lat
    state[w]["still_fixes"], state[w]["changes"] = 1, 0
    state[w]["sog_kn"], state[w]["cog_deg"] = sog_kn, cog_deg


@kernel
def _stand(
    state: NDArray[np.void],
    cases: NDArray[np.void],
    w: int,
    t_ms: int,
    lon: float,
    lat: float,
    sog_kn: float,
    cog_deg: float,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Weigh a fix that reports speed: does the position move?"""
    if (
        state[w]["t_still_ms"] == 0
        or t_ms - state[w]["t_moving_ms"] > p.frozen_silence_ms
        or abs(lat - state[w]["still_lat"]) * 110_000.0 > p.frozen_m
    ):
        _begin_still(state, w, t_ms, lon, lat, sog_kn, cog_deg)
        return n
    moved_m = short_distance_m(state[w]["still_lon"], state[w]["still_lat"], lon, lat)
    if moved_m > p.frozen_m:
        _begin_still(state, w, t_ms, lon, lat, sog_kn, cog_deg)
        return n
    state[w]["t_moving_ms"] = t_ms
    state[w]["still_fixes"] += 1
    if sog_kn != state[w]["sog_kn"] or cog_deg != state[w]["cog_deg"]:
        state[w]["changes"] += not (math.isnan(cog_deg) and sog_kn == state[w]["sog_kn"])
        state[w]["sog_kn"], state[w]["cog_deg"] = sog_kn, cog_deg
    since_ms = t_ms - state[w]["t_still_ms"]
    if since_ms < p.frozen_ms or state[w]["still_fixes"] < p.frozen_fixes:
        return n
    sign = Sign(
        state[w]["t_still_ms"], t_ms, state[w]["slot"], lon, lat, 0.0, moved_m, since_ms / 1000.0,
        lon, lat, math.nan, sog_kn, state[w]["still_fixes"], state[w]["changes"], 0.0,
        state[w]["depth_m"],
    )  # fmt: skip
    return note_sign(state, cases, w, FROZEN, sign, events, n)


@kernel
def _note_track(
    state: NDArray[np.void], w: int, t_ms: int, lon: float, lat: float, cog_deg: float
) -> None:
    """Keep a position of the coarse track: that of one hull, as long as it is heard."""
    if state[w]["slot"] != state[w]["track_slot"]:
        if t_ms - state[w]["t_track_ms"] < TRACK * TRACK_MS:
            return
        state[w]["track_slot"], state[w]["track_n"] = state[w]["slot"], 0
    j = state[w]["track_n"] % TRACK
    before = (state[w]["track_n"] - 1) % TRACK
    off_deg = 0.0
    if state[w]["track_n"] > 0 and not math.isnan(cog_deg):
        way_deg = bearing_deg(
            state[w]["track_lon"][before], state[w]["track_lat"][before], lon, lat
        )
        off_deg = abs(angle_between_deg(cog_deg, way_deg))
    state[w]["track_lon"][j], state[w]["track_lat"][j] = lon, lat
    state[w]["track_off"][j] = off_deg
    state[w]["track_n"] += 1
    state[w]["t_track_ms"] = t_ms


@kernel
def _circle(
    state: NDArray[np.void],
    cases: NDArray[np.void],
    w: int,
    t_ms: int,
    lon: float,
    lat: float,
    sog_kn: float,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Weigh the coarse track: does it run around a circle against its own reported courses?

    A ship that turns in circles reports the course it makes; of one whose positions are made up
    or drawn around a spot, the two have nothing to do with each other.
    """
    points = min(state[w]["track_n"], TRACK)
    if not sog_kn > p.frozen_kn:
        return n
    if points < p.circle_points or state[w]["slot"] != state[w]["track_slot"]:
        return n
    off = 0
    for k in range(points):
        off += state[w]["track_off"][k] >= p.circle_off_deg
    if off < p.circle_off_share * points:
        return n
    at = state[w]["track_n"] % TRACK if points == TRACK else 0
    circle = circle_of(state[w]["track_lon"], state[w]["track_lat"], at, points)
    if not (
        circle.radius_m >= p.circle_least_m
        and circle.residual_m <= p.circle_fit * circle.radius_m
        and abs(circle.turn_deg) >= p.circle_turn_deg
    ):
        return n
    since_ms = t_ms - (points - 1) * TRACK_MS
    sign = Sign(
        since_ms, t_ms, state[w]["slot"], lon, lat, circle.residual_m / circle.radius_m,
        circle.radius_m, (t_ms - since_ms) / 1000.0, circle.lon, circle.lat, math.nan, sog_kn,
        points, off, abs(circle.turn_deg), state[w]["depth_m"],
    )  # fmt: skip
    return note_sign(state, cases, w, CIRCLING, sign, events, n)


@kernel
def integrity_rows(
    rows: Located,
    start: int,
    end: int,
    state: NDArray[np.void],
    cases: NDArray[np.void],
    stale: NDArray[np.int64],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Look for positions that cannot be true.

    Args:
        rows: columns of located fixes, canonical order; those from `start` to `end` are taken.
        state: one row a subject. cases: five rows a subject. stale: (1,) late copies left alone.
        p: the limits. events: room for events, `n` of them written.

    Returns:
        (the next row, events written by now).
    """
    for i in range(start, end):
        verdict = rows.verdict[i]
        if verdict != OK and verdict != JUMP:
            continue
        if n + ROOM > events.shape[0]:
            return i, n
        w, t_ms, lon, lat = rows.subject[i], rows.t_ms[i], rows.lon[i], rows.lat[i]
        sog_kn = rows.sog_kn[i]
        if verdict == JUMP:
            if state[w]["known"]:
                n = _jump(state, cases, w, t_ms, lon, lat, sog_kn, stale, p, events, n)
            continue
        if state[w]["known"] == 0:
            state[w]["known"], state[w]["slot"], state[w]["other"] = 1, rows.slot[i], -1
        elif state[w]["slot"] != rows.slot[i]:
            n = _switch(state, cases, w, rows.slot[i], t_ms, lon, lat, stale, p, events, n)
        land_m = rows.land_m[i]
        if land_m >= 0.0:
            state[w]["inland"] = 0
            state[w]["t_sea_ms"], state[w]["sea_lon"], state[w]["sea_lat"] = t_ms, lon, lat
        elif land_m < -p.inland_m:
            n = _go_inland(state, cases, w, t_ms, lon, lat, land_m, sog_kn, p, events, n)
        elif land_m > -p.inland_exit_m:
            state[w]["inland"] = 0
        status = rows.nav_status[i]
        if sog_kn <= p.frozen_kn or status == 1 or status == 5 or status == 6:
            state[w]["t_still_ms"] = state[w]["t_moving_ms"] = 0  # stands, and says so
        elif sog_kn > p.frozen_kn and t_ms - state[w]["t_moving_ms"] >= STAND_MS:
            n = _stand(state, cases, w, t_ms, lon, lat, sog_kn, rows.cog_deg[i], p, events, n)
        if t_ms - state[w]["t_track_ms"] >= TRACK_MS:
            _note_track(state, w, t_ms, lon, lat, rows.cog_deg[i])
            n = _circle(state, cases, w, t_ms, lon, lat, sog_kn, p, events, n)
        state[w]["t_ms"], state[w]["lon"], state[w]["lat"] = t_ms, lon, lat
        state[w]["depth_m"] = rows.depth_m[i]
    return end, n


@kernel
def integrity_tick(
    t_ms: int,
    start: int,
    state: NDArray[np.void],
    cases: NDArray[np.void],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Close the cases without a further sign for long enough."""
    for w in range(start, state.shape[0]):
        if state[w]["open"] == 0:
            continue
        if n + ROOM > events.shape[0]:
            return w, n
        for c in range(w * KINDS, (w + 1) * KINDS):
            if cases[c]["open"] and t_ms - cases[c]["t_sign_ms"] >= p.close_ms:
                cases[c]["open"], cases[c]["x"][END] = 0, 1
                state[w]["open"] -= 1
                n = write_case(cases, c, CLOSE, t_ms, events, n)
    return state.shape[0], n
