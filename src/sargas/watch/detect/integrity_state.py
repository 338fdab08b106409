"""The state of D10 `position_integrity`, and how its cases take a sign."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import OPEN
from sargas.watch.detect.cases import free_start_ms, write_case

JUMPED, IN_TURN, INLAND, FROZEN, CIRCLING = range(5)
KINDS = 5
ROOM = KINDS
"""A subject's tick may close every kind."""
TRACK, TRACK_MS = 16, 120_000
"""A coarse track of the last half hour tells a late copy of an old report from a jump."""
STAND_MS = 60_000
"""Whether a position stands is asked this often; chosen, a tenth of the time it must stand."""

FEATURE_NAMES = (
    "kind", "implied_kn", "distance_m", "dt_s", "signs", "lon", "lat", "land_m", "sog_kn",
    "fixes", "changes", "turns", "span_min", "end", "depth_m", "t_sign_ms",
)  # fmt: skip
SIGNS, SPAN, END, T_SIGN = 4, 12, 13, 15

STATE = np.dtype(
    [
        ("known", "i8"), ("slot", "i8"), ("t_ms", "i8"), ("lon", "f8"), ("lat", "f8"),
        ("depth_m", "f8"), ("open", "i8"),
        ("t_sea_ms", "i8"), ("sea_lon", "f8"), ("sea_lat", "f8"),
        ("t_still_ms", "i8"), ("t_moving_ms", "i8"), ("still_lon", "f8"), ("still_lat", "f8"),
        ("still_fixes", "i8"), ("changes", "i8"), ("sog_kn", "f8"), ("cog_deg", "f8"),
        ("inland", "i8"), ("t_inland_ms", "i8"), ("inland_kn", "f8"), ("inland_m", "f8"),
        ("inland_dt_s", "f8"),
        ("other", "i8"), ("turns", "i8"), ("t_turn_ms", "i8"), ("t_turns_ms", "i8"),
        ("t_track_ms", "i8"), ("track_n", "i8"), ("track_slot", "i8"),
        ("track_lon", "f8", TRACK), ("track_lat", "f8", TRACK), ("track_off", "f8", TRACK),
    ]
)  # fmt: skip
"""One row a subject: its last clean fix, its last fix at sea, the run of fixes that do not move,
the run of fixes inland, the hull it was before, and its coarse track; `track_off` is the angle from
the reported course to the way made there, 0 where there is no course."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`."""

    jump_kn: float
    jump_m: float
    stale_m: float
    turns: float
    inland_m: float
    inland_exit_m: float
    inland_fixes: float
    inland_kn: float
    frozen_kn: float
    frozen_m: float
    frozen_ms: float
    frozen_fixes: float
    frozen_silence_ms: float
    close_ms: float
    circle_points: float
    circle_fit: float
    circle_least_m: float
    circle_turn_deg: float
    circle_off_deg: float
    circle_off_share: float


class Sign(NamedTuple):
    """One sign of something wrong with a position; the numbers go into the event's features."""

    t_start_ms: int
    t_ms: int
    slot: int
    lon: float
    lat: float
    implied_kn: float
    distance_m: float
    dt_s: float
    other_lon: float
    other_lat: float
    land_m: float
    sog_kn: float
    fixes: float
    changes: float
    turns: float
    depth_m: float


@kernel
def note_sign(
    state: NDArray[np.void],
    cases: NDArray[np.void],
    w: int,
    kind: int,
    s: Sign,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Open a case at its first sign, or note a further one; returns events written."""
    c = w * KINDS + kind
    x = cases[c]["x"]
    if cases[c]["open"]:
        x[SIGNS] += 1
        if s.distance_m > x[2]:
            x[1], x[2], x[3] = s.implied_kn, s.distance_m, s.dt_s
            x[5], x[6] = s.other_lon, s.other_lat
        x[9], x[10], x[11] = s.fixes, s.changes, s.turns
    else:
        x[0], x[1], x[2], x[3], x[SIGNS] = kind, s.implied_kn, s.distance_m, s.dt_s, 1
        x[5], x[6], x[7], x[8] = s.other_lon, s.other_lat, s.land_m, s.sog_kn
        x[9], x[10], x[11], x[END], x[14] = s.fixes, s.changes, s.turns, 0, s.depth_m
        cases[c]["slot"], cases[c]["lon"], cases[c]["lat"] = s.slot, s.lon, s.lat
        # What had begun before the last case was opened has one already: this goes on from here.
        is_new = s.t_start_ms // 1000 > cases[c]["t_start_ms"] // 1000
        start_ms = s.t_start_ms if is_new else s.t_ms
        cases[c]["t_start_ms"] = free_start_ms(cases, w * KINDS, KINDS, kind, start_ms)
    cases[c]["t_sign_ms"] = x[T_SIGN] = s.t_ms
    x[SPAN] = (s.t_ms - s.t_start_ms) / MINUTE_MS
    if cases[c]["open"]:
        x[SPAN] = (s.t_ms - cases[c]["t_start_ms"]) / MINUTE_MS
        return n
    cases[c]["open"] = 1
    state[w]["open"] += 1
    return write_case(cases, c, OPEN, s.t_ms, events, n)
