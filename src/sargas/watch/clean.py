"""Cleaning: copies, sentinels, impossible jumps, and two ships under one MMSI as two segments.

A segment is a run of fixes that one hull can have sailed. The first fix of a subject opens
segment 0. A fix that no open segment can have reached opens a candidate; three fixes in a row
that agree with each other make it a segment of its own, and until then it is a jump: counted,
kept, and shown to no detector but position integrity.

What it cannot see: two hulls under one MMSI that stay within reach of each other; a slow spoof
that walks away at a ship's speed.

Source: the segment idea is GFW's (detectors.md 5, gfw.segment); limits and method are our own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import PER_DEGREE
from sargas.model.geodesy import KN_MS, short_distance_m
from sargas.model.jit import kernel

OK, COPY, NO_POSITION, JUMP, NOT_A_VESSEL, MMSI_ZERO = range(6)
VERDICTS = (
    "ok", "duplicate", "no_position", "impossible_jump", "not_a_vessel", "mmsi_zero",
)  # fmt: skip
"""What became of a fix; every fix gets one of these, and all are counted."""

LON_LIMIT, LAT_LIMIT = int(180 * PER_DEGREE), int(90 * PER_DEGREE)
RING = 8
MAX_SEGMENTS = 4

SEGMENT = np.dtype(
    [
        ("subject", "i4"), ("number", "i4"), ("confirmed", "u1"), ("run", "u1"),
        ("t_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("next", "i4"),
    ]
)  # fmt: skip
"""State of a segment: whose, which, its last fix, and the subject's next segment or -1."""

RECENT = np.dtype(
    [("first", "i4"), ("segments", "i4"), ("at", "u1"), ("t_ms", "i8", RING),
     ("payload", "u8", RING)]
)  # fmt: skip
"""State of a subject: its first segment and its last reports, by which copies are known."""


class CleanRules(NamedTuple):
    """Limits of cleaning, from `rules.toml`."""

    copy_window_ms: int
    max_speed_kn: float
    slack_m: float
    confirm_fixes: int


@kernel
def _is_copy(recent: NDArray[np.void], who: int, t_ms: int, payload: int, window_ms: int) -> bool:
    """Tell whether this payload was heard from this subject within the window."""
    for k in range(RING):
        if recent[who]["payload"][k] == payload and t_ms - recent[who]["t_ms"][k] <= window_ms:
            return True
    return False


@kernel
def _note(recent: NDArray[np.void], who: int, t_ms: int, payload: int) -> None:
    """Keep a report in the subject's ring."""
    at = recent[who]["at"]
    recent[who]["t_ms"][at] = t_ms
    recent[who]["payload"][at] = payload
    recent[who]["at"] = (at + 1) % RING


@kernel
def _reaches(
    segments: NDArray[np.void], s: int, t_ms: int, lon: float, lat: float, rules: CleanRules
) -> bool:
    """Tell whether the hull of segment `s` can be here now."""
    dt_s = (t_ms - segments[s]["t_ms"]) / 1000.0
    reach_m = rules.slack_m + rules.max_speed_kn * KN_MS * dt_s
    # Most fixes and most far jumps are told by bounds: no degree of latitude is shorter than
    # 110.5 km or longer than 111.8, and no degree of longitude is longer than 111.4.
    north = abs(lat - segments[s]["lat"])
    east = abs(lon - segments[s]["lon"])
    if north * 110_500.0 > reach_m:
        return False
    if north * 111_800.0 + east * 111_400.0 <= reach_m:
        return True
    away_m = short_distance_m(segments[s]["lon"], segments[s]["lat"], lon, lat)
    return bool(away_m <= reach_m)


@kernel
def _pick(
    segments: NDArray[np.void],
    recent: NDArray[np.void],
    who: int,
    t_ms: int,
    lon: float,
    lat: float,
    rules: CleanRules,
) -> int:
    """Find the segment a fix belongs to: confirmed ones first, in the order they began; else -1."""
    best = -1
    s = recent[who]["first"]
    while s >= 0:
        better = best < 0 or segments[s]["confirmed"] > segments[best]["confirmed"]
        if better and _reaches(segments, s, t_ms, lon, lat, rules):
            best = s
        s = segments[s]["next"]
    return best


@kernel
def _open(
    segments: NDArray[np.void],
    recent: NDArray[np.void],
    who: int,
    used: int,
    t_ms: int,
    rules: CleanRules,
) -> int:
    """Give a candidate its place: an abandoned candidate's, a new one, or the oldest segment's.

    Returns:
        The segment; `used` itself where a new one was taken.
    """
    last = -1
    oldest = -1
    s = recent[who]["first"]
    while s >= 0:
        if not segments[s]["confirmed"]:
            return int(s)
        if oldest < 0 or segments[s]["t_ms"] < segments[oldest]["t_ms"]:
            oldest = s
        last = s
        s = segments[s]["next"]
    number = recent[who]["segments"]
    recent[who]["segments"] = number + 1
    segments[used]["subject"] = who
    segments[used]["number"] = number
    segments[used]["next"] = -1
    if last < 0:
        recent[who]["first"] = used
    else:
        segments[last]["next"] = used
    if _length(segments, recent[who]["first"]) > MAX_SEGMENTS:
        _unlink(segments, recent, who, oldest)
    return used


@kernel
def _length(segments: NDArray[np.void], first: int) -> int:
    """Count the segments of a subject that are still followed."""
    n = 0
    s = first
    while s >= 0:
        n += 1
        s = segments[s]["next"]
    return n


@kernel
def _unlink(segments: NDArray[np.void], recent: NDArray[np.void], who: int, gone: int) -> None:
    """Stop following a segment; its place stays its own, so that alerts about it keep a name."""
    if recent[who]["first"] == gone:
        recent[who]["first"] = segments[gone]["next"]
        return
    s = recent[who]["first"]
    while segments[s]["next"] != gone:
        s = segments[s]["next"]
    segments[s]["next"] = segments[gone]["next"]


@kernel
def is_vessel(mmsi: int, msg_type: int) -> bool:
    """Tell ships from base stations, aids to navigation, SAR aircraft and distress beacons.

    Source: ITU-R M.585 number forms; message types 4, 11, 21 and 9 (ITU-R M.1371-5).
    """
    if msg_type in (4, 9, 11, 21):
        return False
    if 970_000_000 <= mmsi < 1_000_000_000:  # 970 SART, 972 MOB, 974 EPIRB, 99 aids
        return False
    return mmsi >= 100_000_000 and not 111_000_000 <= mmsi < 112_000_000


@kernel
def clean_rows(
    who: NDArray[np.int32],
    mmsi: NDArray[np.uint32],
    msg_type: NDArray[np.uint8],
    t_ms: NDArray[np.int64],
    lon_raw: NDArray[np.int32],
    lat_raw: NDArray[np.int32],
    payload: NDArray[np.uint64],
    segments: NDArray[np.void],
    recent: NDArray[np.void],
    used: int,
    start: int,
    rules: CleanRules,
    slot: NDArray[np.int32],
    verdict: NDArray[np.uint8],
) -> tuple[int, int]:
    """Judge each fix and give it its segment.

    Args:
        who: (n,) subject numbers. The other inputs: (n,) columns of `Fixes`, canonical order.
        segments, recent: state; `used` rows of `segments` are taken.
        start: row to begin with.
        slot, verdict: (n,) are filled from `start`; slot is -1 where there is no segment.

    Returns:
        (row to go on with after growing `segments`, or n; rows of `segments` taken now).
    """
    for i in range(start, who.shape[0]):
        w = who[i]
        if used >= segments.shape[0]:
            return i, used
        slot[i] = -1
        if mmsi[i] == 0:
            verdict[i] = MMSI_ZERO
            continue
        if not is_vessel(mmsi[i], msg_type[i]):
            verdict[i] = NOT_A_VESSEL
            continue
        if _is_copy(recent, w, t_ms[i], payload[i], rules.copy_window_ms):
            verdict[i] = COPY
            continue
        _note(recent, w, t_ms[i], payload[i])
        if not (LON_LIMIT >= lon_raw[i] >= -LON_LIMIT and LAT_LIMIT >= lat_raw[i] >= -LAT_LIMIT):
            verdict[i] = NO_POSITION
            slot[i] = recent[w]["first"]
            continue
        used = _assign(
            i, w, t_ms[i], lon_raw[i] / PER_DEGREE, lat_raw[i] / PER_DEGREE, segments, recent,
            used, rules, slot, verdict,
        )  # fmt: skip
    return who.shape[0], used


@kernel
def _assign(
    i: int,
    w: int,
    t_ms: int,
    lon: float,
    lat: float,
    segments: NDArray[np.void],
    recent: NDArray[np.void],
    used: int,
    rules: CleanRules,
    slot: NDArray[np.int32],
    verdict: NDArray[np.uint8],
) -> int:
    """Give one positioned fix its segment and verdict; returns the rows of `segments` taken."""
    s = _pick(segments, recent, w, t_ms, lon, lat, rules)
    if s < 0:
        s = _open(segments, recent, w, used, t_ms, rules)
        used += s == used
        segments[s]["run"] = 0
        # The first fix ever heard of a subject is believed: there is nothing to doubt it by.
        segments[s]["confirmed"] = segments[s]["number"] == 0
    if segments[s]["run"] < 255:
        segments[s]["run"] += 1
    if not segments[s]["confirmed"] and segments[s]["run"] >= rules.confirm_fixes:
        segments[s]["confirmed"] = 1
    segments[s]["t_ms"] = t_ms
    segments[s]["lon"] = lon
    segments[s]["lat"] = lat
    slot[i] = s
    verdict[i] = OK if segments[s]["confirmed"] else JUMP
    return used
