"""The kernels of D8 `gap`: who was received when, how it went, and what its silence is worth."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, bearing_deg, distance_m, short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.clean import JUMP, NO_POSITION, OK
from sargas.watch.detect.base import CLOSE, OPEN, ROOM, UPDATE
from sargas.watch.detect.learnt import Known, chance_of, class_of, is_silent
from sargas.watch.detect.nearby import place_in_reach
from sargas.watch.detect.reception import (
    FEED,
    FEW_FIXES,
    FINE,
    POOR,
    RECEIVER_OUT,
    SHORT,
    USED,
    Heard,
    ReceptionRules,
    Reckoned,
    Sea,
    cell_key,
    judge_silence,
    land_m_at,
    neighbours,
    number_of,
    reckon,
)
from sargas.watch.locate import Located, PieceIndex

RECEIVED, JUDGED, DECIDED, REPORTED = range(4)
STILL_SILENT, AGAIN, WITHOUT_POSITION, ELSEWHERE = range(4)
PARTS, PART_MS = 6, 600_000
"""The last hour's fixes are counted in six parts of ten minutes."""
STEP_MS = 30_000
"""Speed is followed, and the cell noted, this often: both are asked to the minute; chosen."""
REFERENCE_MS = 60_000
"""Positions this far apart give a speed where none is reported; chosen."""
FAST_SHARE, FAST_STEP_KN = 0.95, 0.2
"""The speed a vessel keeps under for 95 % of its steps is followed in steps of at most this: it
rises by the share of the step the speed is above, and falls by the rest where it is below, so that
both balance there (Robbins and Monro, Annals of Mathematical Statistics 22, 1951)."""
NEVER = 1 << 62
LAST_ROW_MS, LAST_TICK_MS, ALIVE = 0, 1, 2
"""Fields of `feed`: last row, last tick, and the minutes so far in which the feed was running."""

FEATURE_NAMES = (
    "silence_min", "limit_min", "speed_kn", "course_deg", "others", "way_share", "fixes",
    "longest_silence_min", "depth_m", "msg_type", "reckoned_km", "end", "implied_kn",
    "t_asset_ms", "feed_min", "t_pos_ms", "log10_chance", "learnt_share", "heard_min", "due_min",
    "again_lon", "again_lat", "fast_kn",
)  # fmt: skip

STATE = np.dtype(
    [
        ("known", "i8"), ("phase", "i8"), ("slot", "i8"), ("t_heard_ms", "i8"),
        ("t_pos_ms", "i8"), ("t_ref_ms", "i8"), ("t_step_ms", "i8"), ("part", "i8"),
        ("fixes_now", "i8"), ("longest_now_ms", "i8"),
        ("cell", "i8"), ("cell_number", "i8"),
        ("alive", "i8"), ("msg_type", "i8"), ("passed", "i8"), ("refusal", "i8"),
        ("others", "i8"), ("asset", "i8"), ("priority", "i8"), ("t_way_ms", "i8"),
        ("t_asset_ms", "i8"),
        ("lon", "f8"), ("lat", "f8"), ("speed_kn", "f8"), ("course_deg", "f8"),
        ("depth_m", "f8"), ("by_feed", "i8"), ("ref_lon", "f8"), ("ref_lat", "f8"), ("share", "f8"),
        ("distance_m", "f8"), ("accuracy_m", "f8"), ("kp_m", "f8"), ("way_lon", "f8"),
        ("way_lat", "f8"), ("log10", "f8"), ("learnt", "f8"), ("heard_min", "f8"),
        ("due_min", "f8"), ("again_lon", "f8"), ("again_lat", "f8"), ("fast_kn", "f8"),
        ("fixes", "i8", PARTS), ("longest_ms", "i8", PARTS),
    ]
)  # fmt: skip
"""One row a subject (not a segment: a gap is a silence of the transponder). `t_heard_ms` any
report, `t_pos_ms` the last clean position of segment `slot`; `way_*` how far it is reckoned;
`log10` to `due_min` what is learnt of reception along it; `again_*` where it was heard again."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in ms."""

    min_kn: float
    min_fixes: float
    class_a_ms: float
    class_b_ms: float
    long_range_ms: float
    own_silences: float
    again_ms: float
    judge_ms: float
    reckon_ms: float
    smooth_ms: float
    feed_silence_ms: float
    rule_buffer_m: float
    log10_chance: float


@kernel
def limit_ms(msg_type: int, p: Params) -> float:
    """Give the silence that counts for a class of transponder; unknown counts as class B."""
    if msg_type == 27:
        return p.long_range_ms
    return p.class_a_ms if 1 <= msg_type <= 3 else p.class_b_ms


@kernel
def _new_part(state: NDArray[np.void], w: int, part: int) -> None:
    """Put the ten minutes that are over into the hour's parts and begin the next."""
    before = state[w]["part"]
    for b in range(max(before, part - PARTS), part):
        state[w]["fixes"][b % PARTS] = state[w]["fixes_now"] if b == before else 0
        state[w]["longest_ms"][b % PARTS] = state[w]["longest_now_ms"] if b == before else 0
    state[w]["part"] = part
    state[w]["fixes_now"] = state[w]["longest_now_ms"] = 0


@kernel
def _last_hour(state: NDArray[np.void], w: int) -> tuple[int, int]:
    """Give (fixes, longest silence in ms) of the hour before the vessel fell silent."""
    fixes, longest_ms = 0, 0
    oldest = state[w]["t_heard_ms"] // PART_MS - PARTS + 1
    if state[w]["part"] >= oldest:
        fixes, longest_ms = state[w]["fixes_now"], state[w]["longest_now_ms"]
    for b in range(oldest, state[w]["part"]):
        fixes += state[w]["fixes"][b % PARTS]
        longest_ms = max(longest_ms, state[w]["longest_ms"][b % PARTS])
    return fixes, longest_ms


@kernel
def _new_motion(state: NDArray[np.void], w: int, slot: int, t_ms: int) -> None:
    """Begin to follow a vessel's motion, here for the first time or as another hull."""
    state[w]["known"], state[w]["slot"] = 1, slot
    state[w]["t_heard_ms"] = state[w]["t_pos_ms"] = t_ms
    state[w]["t_ref_ms"] = state[w]["t_step_ms"] = 0
    state[w]["speed_kn"] = state[w]["course_deg"] = state[w]["fast_kn"] = math.nan
    state[w]["part"] = t_ms // PART_MS - PARTS
    state[w]["fixes_now"] = state[w]["longest_now_ms"] = 0
    state[w]["cell"] = -1


@kernel
def _implied_kn(state: NDArray[np.void], w: int, t_ms: int, lon: float, lat: float) -> float:
    """Take speed and course from positions a minute apart; NaN where there are none yet."""
    dt_ms = t_ms - state[w]["t_ref_ms"]
    if dt_ms < REFERENCE_MS:
        return math.nan
    speed_kn = math.nan
    if state[w]["t_ref_ms"] > 0:
        away_m = short_distance_m(state[w]["ref_lon"], state[w]["ref_lat"], lon, lat)
        speed_kn = away_m / (dt_ms / 1000.0) / KN_MS
        state[w]["course_deg"] = bearing_deg(state[w]["ref_lon"], state[w]["ref_lat"], lon, lat)
    state[w]["t_ref_ms"], state[w]["ref_lon"], state[w]["ref_lat"] = t_ms, lon, lat
    return speed_kn


@kernel
def _step(
    state: NDArray[np.void],
    w: int,
    t_ms: int,
    lon: float,
    lat: float,
    sog_kn: float,
    smooth_ms: float,
) -> None:
    """Follow the speed, weighing each step by the time it stands for."""
    dt_ms = t_ms - state[w]["t_step_ms"]
    state[w]["t_step_ms"] = t_ms
    if math.isnan(sog_kn):
        sog_kn = _implied_kn(state, w, t_ms, lon, lat)
        if math.isnan(sog_kn):
            return
    if math.isnan(state[w]["speed_kn"]):
        state[w]["speed_kn"] = state[w]["fast_kn"] = sog_kn
        return
    state[w]["speed_kn"] += dt_ms / (smooth_ms + dt_ms) * (sog_kn - state[w]["speed_kn"])
    is_faster = state[w]["speed_kn"] > state[w]["fast_kn"]
    state[w]["fast_kn"] += FAST_STEP_KN * (FAST_SHARE - (0.0 if is_faster else 1.0))


@kernel
def _emit(
    state: NDArray[np.void],
    w: int,
    op: int,
    end: int,
    t_ms: int,
    implied_kn: float,
    alive: int,
    events: NDArray[np.void],
    n: int,
    p: Params,
) -> int:
    """Write an event about the silence; returns events written."""
    fixes, longest_ms = _last_hour(state, w)
    heard_ms, pos_ms = state[w]["t_heard_ms"], state[w]["t_pos_ms"]
    events[n]["op"], events[n]["priority"] = op, state[w]["priority"]
    events[n]["slot"], events[n]["t_start_ms"], events[n]["t_ms"] = state[w]["slot"], heard_ms, t_ms
    events[n]["lon"], events[n]["lat"] = state[w]["lon"], state[w]["lat"]
    events[n]["asset"], events[n]["distance_m"] = state[w]["asset"], state[w]["distance_m"]
    events[n]["accuracy_m"], events[n]["kp_m"] = state[w]["accuracy_m"], state[w]["kp_m"]
    x = events[n]["x"]
    x[0], x[1] = (t_ms - heard_ms) / MINUTE_MS, limit_ms(state[w]["msg_type"], p) / MINUTE_MS
    x[2], x[3] = state[w]["speed_kn"], state[w]["course_deg"]
    x[4], x[5], x[6] = state[w]["others"], state[w]["share"], fixes
    x[7], x[8], x[9] = longest_ms / MINUTE_MS, state[w]["depth_m"], state[w]["msg_type"]
    x[10] = state[w]["speed_kn"] * KN_MS * (t_ms - pos_ms) / 1e6
    x[11], x[12], x[13] = end, implied_kn, state[w]["t_asset_ms"]
    x[14], x[15] = alive - state[w]["alive"], pos_ms
    x[16], x[17], x[18] = state[w]["log10"], state[w]["learnt"], state[w]["heard_min"]
    x[19], x[20], x[21] = state[w]["due_min"], state[w]["again_lon"], state[w]["again_lat"]
    x[22] = state[w]["fast_kn"]
    return n + 1


@kernel
def gap_rows(
    rows: Located,
    by_feed: NDArray[np.int64],
    start: int,
    end: int,
    state: NDArray[np.void],
    heard: Heard,
    feed: NDArray[np.int64],
    refused: NDArray[np.int64],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Note who was received, where and how fast it went; close the gap of one received again.

    Args:
        rows: columns of located fixes, canonical order; those from `start` to `end` are taken.
        by_feed: (n,) the live feed that brought each, as a receiver; -1 for none.
        state: one row a subject. heard: when anybody was received where; full tables end the call.
        feed: last row, last tick, minutes alive. refused: silences not reported, by reason.
        p: the limits. events: room for events, `n` of them written.

    Returns:
        (the next row, events written by now).
    """
    for i in range(start, end):
        verdict = rows.verdict[i]
        if verdict != OK and verdict != JUMP and verdict != NO_POSITION:
            continue
        if n + ROOM > events.shape[0] or heard.used[USED] >= heard.last_ms.shape[0]:
            return i, n
        w, t_ms = rows.subject[i], rows.t_ms[i]
        state[w]["by_feed"] = by_feed[i]
        feed[LAST_ROW_MS] = max(feed[LAST_ROW_MS], t_ms)
        if state[w]["phase"] != RECEIVED:
            if state[w]["phase"] == REPORTED:
                back, implied_kn = WITHOUT_POSITION, math.nan
                state[w]["again_lon"], state[w]["again_lat"] = rows.lon[i], rows.lat[i]
                if verdict != NO_POSITION:
                    is_same = verdict == OK and rows.slot[i] == state[w]["slot"]
                    back = AGAIN if is_same else ELSEWHERE
                    away_m = distance_m(state[w]["lon"], state[w]["lat"], rows.lon[i], rows.lat[i])
                    implied_kn = away_m / ((t_ms - state[w]["t_pos_ms"]) / 1000.0) / KN_MS
                n = _emit(state, w, CLOSE, back, t_ms, implied_kn, feed[ALIVE], events, n, p)
            refused[state[w]["refusal"]] += 1
            state[w]["phase"], state[w]["refusal"], state[w]["passed"] = RECEIVED, FINE, 0
        if verdict == OK:
            lon, lat = rows.lon[i], rows.lat[i]
            if state[w]["known"] == 0 or state[w]["slot"] != rows.slot[i]:
                _new_motion(state, w, rows.slot[i], t_ms)
            if t_ms // PART_MS != state[w]["part"]:
                _new_part(state, w, t_ms // PART_MS)
            silence_ms = t_ms - state[w]["t_heard_ms"]
            state[w]["fixes_now"] += 1
            if silence_ms > state[w]["longest_now_ms"]:
                state[w]["longest_now_ms"] = silence_ms
            if t_ms - state[w]["t_step_ms"] >= STEP_MS:
                _step(state, w, t_ms, lon, lat, rows.sog_kn[i], p.smooth_ms)
                cell = cell_key(lon, lat)
                if cell != state[w]["cell"]:
                    state[w]["cell"], state[w]["cell_number"] = cell, number_of(heard, cell)
                number = state[w]["cell_number"]
                heard.last_ms[number] = max(heard.last_ms[number], t_ms)
            if not math.isnan(rows.cog_deg[i]):
                state[w]["course_deg"] = rows.cog_deg[i]
            state[w]["t_pos_ms"], state[w]["lon"], state[w]["lat"] = t_ms, lon, lat
            state[w]["msg_type"], state[w]["depth_m"] = rows.msg_type[i], rows.depth_m[i]
        state[w]["t_heard_ms"], state[w]["alive"] = t_ms, feed[ALIVE]
    return end, n


@kernel
def _way(state: NDArray[np.void], w: int) -> Reckoned:
    """Give how the vessel went when it was last received."""
    return Reckoned(
        state[w]["lon"], state[w]["lat"], state[w]["course_deg"], state[w]["speed_kn"],
        state[w]["t_pos_ms"], state[w]["t_heard_ms"],
    )  # fmt: skip


@kernel
def _meet(state: NDArray[np.void], w: int, index: PieceIndex, p: Params) -> bool:
    """See whether an asset lies at the reckoned place; tell whether that raises the alert."""
    at = place_in_reach(index, state[w]["way_lon"], state[w]["way_lat"], p.rule_buffer_m)
    if at.asset < 0:
        return False
    is_known = at.accuracy_m <= p.rule_buffer_m
    if not is_known and state[w]["asset"] >= 0:
        return False
    state[w]["asset"], state[w]["distance_m"] = at.asset, at.distance_m
    state[w]["accuracy_m"], state[w]["kp_m"] = at.accuracy_m, at.kp_m
    state[w]["t_asset_ms"] = state[w]["t_way_ms"]
    if is_known:
        state[w]["priority"] = 2
    return is_known


@kernel
def _follow_way(state: NDArray[np.void], w: int, t_ms: int, sea: Sea, p: Params) -> bool:
    """Reckon the way on until `t_ms`, a coast, or a well known asset; True at such an asset."""
    while state[w]["priority"] == 3 and state[w]["t_way_ms"] + MINUTE_MS <= t_ms:
        state[w]["t_way_ms"] += MINUTE_MS
        if state[w]["t_way_ms"] - state[w]["t_pos_ms"] > p.reckon_ms:
            state[w]["t_way_ms"] = NEVER
            return False
        way = Reckoned(
            state[w]["way_lon"], state[w]["way_lat"], state[w]["course_deg"],
            state[w]["speed_kn"], state[w]["t_way_ms"] - MINUTE_MS, 0,
        )  # fmt: skip
        state[w]["way_lon"], state[w]["way_lat"] = reckon(way, state[w]["t_way_ms"])
        if land_m_at(sea.ground, state[w]["way_lon"], state[w]["way_lat"]) <= 0.0:
            state[w]["t_way_ms"] = NEVER
            return False
        if _meet(state, w, sea.pieces, p):
            return True
    return False


@kernel
def _judge(
    state: NDArray[np.void],
    w: int,
    t_ms: int,
    heard: Heard,
    sea: Sea,
    known: Known,
    alive: int,
    p: Params,
    r: ReceptionRules,
) -> int:
    """Ask whether the silence means anything; the reason code, `FINE` if it does."""
    fixes, longest_ms = _last_hour(state, w)
    silence_ms = t_ms - state[w]["t_heard_ms"]
    if fixes < p.min_fixes or math.isnan(state[w]["speed_kn"]):
        return FEW_FIXES
    wanted_ms = min(silence_ms, limit_ms(state[w]["msg_type"], p)) - MINUTE_MS
    if (alive - state[w]["alive"]) * MINUTE_MS < wanted_ms:
        return FEED
    if silence_ms < p.own_silences * longest_ms:
        return SHORT
    way = _way(state, w)
    chance = chance_of(way, class_of(state[w]["msg_type"]), t_ms, known)
    state[w]["log10"], state[w]["learnt"] = chance.log10, chance.learnt
    state[w]["heard_min"], state[w]["due_min"] = chance.heard, chance.due
    # A way that is only partly learnt is judged as one that is not: the others heard have the word.
    is_learnt = chance.learnt >= r.way_share
    since_ms = t_ms - int(p.feed_silence_ms)
    if is_silent(known, chance.station, since_ms) or is_silent(
        known, state[w]["by_feed"], since_ms
    ):
        return RECEIVER_OUT
    if is_learnt and chance.log10 > p.log10_chance:
        return POOR
    code, others, share = judge_silence(state, w, way, t_ms, heard, sea, r, is_learnt)
    state[w]["others"], state[w]["share"] = others, share
    return code


@kernel
def _open(state: NDArray[np.void], w: int, t_ms: int, sea: Sea, p: Params) -> None:
    """Make the silence an alert and reckon its way so far."""
    state[w]["phase"], state[w]["priority"], state[w]["asset"] = REPORTED, 3, -1
    state[w]["distance_m"] = state[w]["accuracy_m"] = state[w]["kp_m"] = math.nan
    state[w]["t_asset_ms"], state[w]["t_way_ms"] = 0, state[w]["t_pos_ms"]
    state[w]["way_lon"], state[w]["way_lat"] = state[w]["lon"], state[w]["lat"]
    _meet(state, w, sea.pieces, p)
    if math.isnan(state[w]["course_deg"]):
        state[w]["t_way_ms"] = NEVER
    _follow_way(state, w, t_ms, sea, p)


@kernel
def gap_tick(
    t_ms: int,
    start: int,
    state: NDArray[np.void],
    heard: Heard,
    sea: Sea,
    known: Known,
    feed: NDArray[np.int64],
    refused: NDArray[np.int64],
    p: Params,
    r: ReceptionRules,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """End a minute: judge who has been silent for long, and reckon the way of open gaps on.

    Args:
        t_ms: end of the minute. start: subject to begin with. known: what is learnt of reception.
        The rest: as in `gap_rows`.

    Returns:
        (the next subject, events written by now).
    """
    if t_ms > feed[LAST_TICK_MS]:  # not when the same tick is taken up again
        feed[LAST_TICK_MS] = t_ms
        feed[ALIVE] += t_ms - feed[LAST_ROW_MS] <= p.feed_silence_ms
    for w in range(start, state.shape[0]):
        phase = state[w]["phase"]
        if state[w]["known"] == 0 or phase == DECIDED:
            continue
        if n + ROOM > events.shape[0]:
            return w, n
        if phase == REPORTED:
            if _follow_way(state, w, t_ms, sea, p):
                state[w]["others"] = neighbours(
                    state, w, state[w]["way_lon"], state[w]["way_lat"],
                    t_ms - int(r.others_ms), r.others_m,
                )  # fmt: skip
                n = _emit(state, w, UPDATE, STILL_SILENT, t_ms, math.nan, feed[ALIVE], events, n, p)
            continue
        silence_ms = t_ms - state[w]["t_heard_ms"]
        limit = limit_ms(state[w]["msg_type"], p)
        since_ms = silence_ms - (limit - p.again_ms)
        if since_ms < 0 or since_ms // MINUTE_MS % (p.again_ms // MINUTE_MS) != 0:
            continue
        if state[w]["speed_kn"] < p.min_kn:
            state[w]["phase"] = DECIDED
            continue
        state[w]["phase"] = JUDGED
        code = _judge(state, w, t_ms, heard, sea, known, feed[ALIVE], p, r)
        if code == FINE and state[w]["passed"] == 1 and silence_ms >= limit:
            state[w]["refusal"] = FINE
            _open(state, w, t_ms, sea, p)
            n = _emit(state, w, OPEN, STILL_SILENT, t_ms, math.nan, feed[ALIVE], events, n, p)
            continue
        state[w]["passed"] = code == FINE
        if code != FINE and silence_ms >= limit:
            state[w]["refusal"] = code
            if code == FEW_FIXES or silence_ms >= limit + p.judge_ms:
                refused[code] += 1
                state[w]["phase"], state[w]["refusal"] = DECIDED, FINE
    return state.shape[0], n
