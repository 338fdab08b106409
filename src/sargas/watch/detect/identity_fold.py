"""The kernels of D12 `identity`: what a subject says it is, how long it has said so, and where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import CLOSE, OPEN, ROOM
from sargas.watch.detect.cases import write_case
from sargas.watch.detect.cells import USED, Cells, number_in, number_of_key
from sargas.watch.detect.identity_words import (
    CLASS,
    IMO,
    LENGTH,
    NAME,
    SAID,
    Params,
    has_changed,
    is_held,
    name_value,
    pack,
    take_name,
    tell,
)
from sargas.watch.detect.learnt import class_of
from sargas.watch.minutes import Samples

KINDS = 8
(
    CLONED, IMO_WRONG, IMO_CHANGED, NAME_CHANGED, IMO_SHARED, NO_MID, CLASS_CHANGED, LENGTH_CHANGED,
) = range(KINDS)  # fmt: skip
FIRST_IMO, LAST_IMO = 1, 9_999_999
"""Numbers above are a state's official ones (ITU-R M.1371-5, table 52) and have no check digit."""

FEATURE_NAMES = (
    "kind", "old", "new", "repeats", "span_h", "t_old_ms", "away_m", "turns", "together_min",
    "other_lon", "other_lat", "over",
)  # fmt: skip
OLD_NAME, NEW_NAME, OVER = 12, 18, 11

SHIP = np.dtype(
    [
        ("known", "i8"), ("slot", "i8"), ("lon", "f8"), ("lat", "f8"),
        ("t_first_ms", "i8"), ("reports", "i8"),
        ("hull", "i8", 2), ("t_from_ms", "i8", 2), ("t_last_ms", "i8", 2), ("hull_lon", "f8", 2),
        ("hull_lat", "f8", 2), ("turns", "i8"), ("heard", "i8"),
    ]
)  # fmt: skip
"""One row a subject: its last position, its static reports, the two hulls heard last (their segment
+ 1, 0 for none), how often they took turns, and which of them was heard last."""

CASE = np.dtype(
    [
        ("key", "i8"), ("open", "u1"), ("slot", "i4"), ("t_start_ms", "i8"), ("t_sign_ms", "i8"),
        ("lon", "f8"), ("lat", "f8"), ("x", "f8", 24),
    ]
)  # fmt: skip
"""One row a subject and kind that ever had an event: the open one, or the last."""

OWNER = np.dtype([("key", "i8"), ("who", "i8"), ("mmsi", "i8"), ("t_last_ms", "i8")])
"""One row an IMO number: the subject + 1 that said it last, and when."""


class Cases(NamedTuple):
    """The table of `CASE` as kernels take it; a key is the subject's number and the kind."""

    cells: Cells
    rows: NDArray[np.void]


@kernel
def _case(cases: Cases, w: int, kind: int) -> int:
    """Give the row of a subject's case of a kind, a new one where there was none."""
    return int(number_of_key(cases.cells, w * KINDS + kind))


@kernel
def _was_told(cases: Cases, w: int, kind: int, old: int, new: int) -> bool:
    """Tell whether the last case of a kind was about the same values."""
    c = number_in(cases.cells, w * KINDS + kind)
    return bool(c >= 0 and cases.rows[c]["x"][1] == old and cases.rows[c]["x"][2] == new)


@kernel
def _free_start_ms(cases: Cases, w: int, since_ms: int) -> int:
    """Move a start by whole seconds off those of the subject's other events, as in `cases`."""
    is_free = False
    while not is_free:
        is_free = True
        for kind in range(KINDS):
            c = number_in(cases.cells, w * KINDS + kind)
            if c >= 0 and cases.rows[c]["t_start_ms"] // 1000 == since_ms // 1000:
                since_ms += 1000
                is_free = False
    return since_ms


@kernel
def _open(
    ships: NDArray[np.void],
    cases: Cases,
    w: int,
    c: int,
    since_ms: int,
    t_ms: int,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Open a case whose features are filled, or note that it goes on; returns events written."""
    row = cases.rows[c]
    row["t_sign_ms"] = t_ms
    if row["open"]:
        return n
    since_ms = _free_start_ms(cases, w, since_ms)
    row["open"], row["slot"], row["t_start_ms"] = 1, ships[w]["slot"], since_ms
    row["lon"], row["lat"], row["x"][OVER] = ships[w]["lon"], ships[w]["lat"], 0.0
    return int(write_case(cases.rows, c, OPEN, t_ms, events, n))


@kernel
def _fill(cases: Cases, w: int, kind: int, words: NDArray[np.void], a: int) -> int:
    """Fill the features of a case from what was said; returns its row."""
    c = _case(cases, w, kind)
    x = cases.rows[c]["x"]
    x[0], x[1], x[2], x[3] = kind, words[a]["old"], words[a]["value"], words[a]["repeats"]
    x[4] = (words[a]["t_last_ms"] - words[a]["t_first_ms"]) / 3_600_000.0
    x[5] = words[a]["t_old_last_ms"]
    if kind == NAME_CHANGED:
        pack(words[a], 1, x, OLD_NAME)
        pack(words[a], 0, x, NEW_NAME)
    return c


@kernel
def imo_fails(imo: int) -> bool:
    """Tell whether a ship number fails its check digit; IMO resolution A.1117(30).

    Example:
        >>> imo_fails(9329760), imo_fails(9329761), imo_fails(20_000_000)
        (False, True, False)
    """
    if imo < FIRST_IMO or imo > LAST_IMO:
        return False
    total, rest = 0, imo // 10
    for weight in range(2, 8):
        total += rest % 10 * weight
        rest //= 10
    return bool(imo < 1_000_000 or total % 10 != imo % 10)


@kernel
def take_statics(
    who: NDArray[np.int32],
    mmsi: NDArray[np.uint32],
    t_ms: NDArray[np.int64],
    imo: NDArray[np.uint32],
    length_m: NDArray[np.uint16],
    name: NDArray[np.uint8],
    start: int,
    end: int,
    is_mid: NDArray[np.bool_],
    ships: NDArray[np.void],
    words: NDArray[np.void],
    cases: Cases,
    owners: Cells,
    owner_rows: NDArray[np.void],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Take static reports, before the fixes of their minute.

    Args:
        who, mmsi, t_ms, imo, length_m: (s,) columns; name: (s, 34). `start` to `end` are taken.
        is_mid: (1000,) whether three digits are given to a state.
        ships: (subjects,) `SHIP`. words: four `WORD` a subject. cases: the table of `CASE`, left
            before it could be full.
        owners, owner_rows: the table of `OWNER`. p: the limits.
        events: room for events, `n` of them written.

    Returns:
        (the next report, events written by now).
    """
    for i in range(start, end):
        w = who[i]
        if ships[w]["known"] == 0:
            continue  # no position yet: nowhere to put an alert
        if n + KINDS > events.shape[0] or owners.used[USED] >= owner_rows.shape[0]:
            return i, n
        if cases.cells.used[USED] + KINDS > cases.rows.shape[0]:
            return i, n
        t, ship = t_ms[i], ships[w]
        if ship["reports"] == 0:
            ship["t_first_ms"] = t
        ship["reports"] += 1
        if (
            200_000_000 <= mmsi[i] < 800_000_000
            and not is_mid[mmsi[i] // 1_000_000]
            and ship["reports"] >= p.repeats
            and t - ship["t_first_ms"] >= p.span_ms
            and number_in(cases.cells, w * KINDS + NO_MID) < 0
        ):
            c = _case(cases, w, NO_MID)
            x = cases.rows[c]["x"]
            x[0], x[1], x[2], x[3] = NO_MID, 0.0, mmsi[i] // 1_000_000, ship["reports"]
            x[4] = (t - ship["t_first_ms"]) / 3_600_000.0
            n = _open(ships, cases, w, c, ship["t_first_ms"], t, events, n)
        if imo[i] > 0:
            a = w * SAID + IMO
            tell(words, a, imo[i], t, p)
            if is_held(words, a, p):
                n = _judge_imo(ships, words, cases, w, mmsi[i], t, owners, owner_rows, p, events, n)
        value = name_value(name[i])
        if value != 0:
            a = w * SAID + NAME
            take_name(words, a, name[i], tell(words, a, value, t, p))
            if has_changed(words, a, p):
                c = _fill(cases, w, NAME_CHANGED, words, a)
                since_ms = words[a]["t_first_ms"]
                n = _open(ships, cases, w, c, since_ms, t, events, n)
        if length_m[i] > 0:
            a = w * SAID + LENGTH
            tell(words, a, length_m[i], t, p)
            by_m = abs(words[a]["value"] - words[a]["old"])
            if has_changed(words, a, p) and by_m >= max(
                p.length_m, p.length_share * words[a]["old"]
            ):
                c = _fill(cases, w, LENGTH_CHANGED, words, a)
                since_ms = words[a]["t_first_ms"]
                n = _open(ships, cases, w, c, since_ms, t, events, n)
    return end, n


@kernel
def _judge_imo(
    ships: NDArray[np.void],
    words: NDArray[np.void],
    cases: Cases,
    w: int,
    mmsi: int,
    t_ms: int,
    owners: Cells,
    owner_rows: NDArray[np.void],
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Weigh an IMO number that was said often enough; returns events written."""
    a = w * SAID + IMO
    imo, since_ms = words[a]["value"], words[a]["t_first_ms"]
    if has_changed(words, a, p):
        c = _fill(cases, w, IMO_CHANGED, words, a)
        n = _open(ships, cases, w, c, since_ms, t_ms, events, n)
    if imo_fails(imo):
        if not _was_told(cases, w, IMO_WRONG, 0, imo):  # once for each number
            c = _fill(cases, w, IMO_WRONG, words, a)
            cases.rows[c]["x"][1] = 0.0
            n = _open(ships, cases, w, c, since_ms, t_ms, events, n)
        return n
    if imo > LAST_IMO:
        return n
    number = number_of_key(owners, imo)
    row = owner_rows[number]
    is_other = row["who"] != w + 1 and row["who"] > 0
    is_recent = since_ms - row["t_last_ms"] <= p.recent_ms
    if is_other and is_recent and not _was_told(cases, w, IMO_SHARED, row["mmsi"], imo):
        c = _fill(cases, w, IMO_SHARED, words, a)
        cases.rows[c]["x"][1], cases.rows[c]["x"][5] = row["mmsi"], row["t_last_ms"]
        n = _open(ships, cases, w, c, since_ms, t_ms, events, n)
    row["who"], row["mmsi"], row["t_last_ms"] = w + 1, mmsi, t_ms
    return n


@kernel
def _take_hull(ships: NDArray[np.void], w: int, slot: int, t_ms: int, lon: float, lat: float,
               p: Params) -> None:  # fmt: skip
    """Follow the two hulls heard last under one number, and how often they take turns."""
    ship = ships[w]
    h = 0
    if ship["hull"][1] == slot + 1:
        h = 1
    elif ship["hull"][0] != slot + 1:
        h = 1 if ship["t_last_ms"][0] > ship["t_last_ms"][1] else 0  # instead of the older
        ship["hull"][h], ship["turns"] = slot + 1, 0
        ship["t_from_ms"][h] = t_ms
    if t_ms - ship["t_last_ms"][h] > p.hull_ms:
        ship["t_from_ms"][h], ship["turns"] = t_ms, 0
    ship["turns"] += ship["heard"] != h
    ship["heard"] = h
    ship["t_last_ms"][h], ship["hull_lon"][h], ship["hull_lat"][h] = t_ms, lon, lat


@kernel
def _judge_hulls(
    ships: NDArray[np.void],
    cases: Cases,
    w: int,
    t_ms: int,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """See whether two hulls were heard in turn for long and far apart; returns events written."""
    ship = ships[w]
    if ship["hull"][0] == 0 or ship["hull"][1] == 0 or ship["turns"] < p.turns:
        return n
    from_ms = max(ship["t_from_ms"][0], ship["t_from_ms"][1])
    together_ms = min(ship["t_last_ms"][0], ship["t_last_ms"][1]) - from_ms
    away_m = short_distance_m(
        ship["hull_lon"][0], ship["hull_lat"][0], ship["hull_lon"][1], ship["hull_lat"][1]
    )
    if away_m < p.clone_m:
        ship["t_from_ms"][0] = ship["t_from_ms"][1] = t_ms
        ship["turns"] = 0
        return n
    if together_ms < p.together_ms:
        return n
    c = _case(cases, w, CLONED)
    row = cases.rows[c]
    if not row["open"]:
        other = 1 - ship["heard"]
        x = row["x"]
        x[0], x[6], x[7], x[8] = CLONED, away_m, ship["turns"], together_ms / MINUTE_MS
        x[9], x[10] = ship["hull_lon"][other], ship["hull_lat"][other]
    since_ms = max(from_ms, row["t_sign_ms"])
    return int(_open(ships, cases, w, c, since_ms, t_ms, events, n))


@kernel
def take_samples(
    samples: Samples,
    msg_type: NDArray[np.uint8],
    start: int,
    end: int,
    ships: NDArray[np.void],
    words: NDArray[np.void],
    cases: Cases,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Follow where the subjects are, and by what class of transponder.

    Args:
        samples: those from `start` to `end`, of one minute, are taken.
        msg_type: (n,) of the rows they were made from. The rest: as in `take_statics`.

    Returns:
        (the next sample, events written by now).
    """
    slot, subject, last, fixes = samples.slot, samples.subject, samples.last, samples.fixes
    t, lon, lat = samples.t_ms, samples.lon, samples.lat
    for j in range(start, end):
        if fixes[j] == 0:
            continue
        if n + ROOM > events.shape[0] or cases.cells.used[USED] + KINDS > cases.rows.shape[0]:
            return j, n
        w = subject[j]
        _take_hull(ships, w, slot[j], t[j], lon[j], lat[j], p)
        ships[w]["known"], ships[w]["slot"] = 1, slot[j]
        ships[w]["lon"], ships[w]["lat"] = lon[j], lat[j]
        if ships[w]["turns"] > 0:
            n = _judge_hulls(ships, cases, w, t[j], p, events, n)
        kind = class_of(msg_type[last[j]])
        if kind < 0:
            continue
        a = w * SAID + CLASS
        tell(words, a, kind + 1, t[j], p)
        if words[a]["old"] > 0 and has_changed(words, a, p):
            c = _fill(cases, w, CLASS_CHANGED, words, a)
            since_ms = words[a]["t_first_ms"]
            n = _open(ships, cases, w, c, since_ms, t[j], events, n)
    return end, n


@kernel
def close_cases(
    t_ms: int,
    start: int,
    cases: NDArray[np.void],
    known: int,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Close the cases without a further sign for long enough.

    Args:
        t_ms: end of the minute. start: case to begin with.
        cases: `CASE` by number, `known` of them. p: the limits.
        events: room for events, `n` of them written.

    Returns:
        (the next case, events written by now).
    """
    for c in range(start, known):
        if cases[c]["open"] == 0:
            continue
        if n + ROOM > events.shape[0]:
            return c, n
        limit_ms = p.clone_close_ms if cases[c]["x"][0] == CLONED else p.close_ms
        if t_ms - cases[c]["t_sign_ms"] >= limit_ms:
            cases[c]["open"], cases[c]["x"][OVER] = 0, 1.0
            n = write_case(cases, c, CLOSE, t_ms, events, n)
    return known, n
