"""Reception, learnt: of the minutes a vessel under way was due in a cell, in how many was it heard?

Cells are 0.1 by 0.2 degrees, apart for class A and class B, and for the four quarters of the day
once these have data of their own. Between two fixes of one run every minute is due: the vessel
was heard in the last of them and missed in those between, in the cells of the straight way. Only
ways sailed at the vessel's own speed count, so that a silence that hides a stop or a detour
teaches nothing. Minutes are counted and not messages: losses come in bursts, and messages would
claim far more than they know.

With h heard and m missed, the chance that n minutes in a row are missed is
B(h + 1, m + 1 + n) / B(h + 1, m + 1): a beta-binomial with a flat prior, by which a cell never
sailed says nothing at all. Source: Hammond and Peters, Journal of Navigation 65 (2012); catalogue
D8 (docs/detectors.md).

What it cannot know: a single ship's weak antenna; a receiver's own share, as a report is known by
the receiver that had it first. The receiver that is heard most in a cell is kept, so that its
failure can be told from a vessel's silence.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import KN_MS, short_distance_m, step_along
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.cells import USED, Cells, number_in, number_of_key
from sargas.watch.detect.reception import Reckoned, cell_key
from sargas.watch.minutes import Samples

CLASS_A, CLASS_B, CLASS_UNKNOWN = 0, 1, -1
QUARTERS = 4
QUARTER_MS = 6 * 3_600_000
KEYS_A_CELL = 2 * (QUARTERS + 1)
MINUTE_S = 60.0

LEARNT = np.dtype(
    [
        ("key", "i8"), ("heard", "f8"), ("missed", "f8"), ("visits", "i8"), ("station", "i8"),
        ("votes", "i8"),
    ]
)  # fmt: skip
"""One row a cell, class and quarter of the day (0 for all day): minutes heard and missed, how often
a vessel came in, and the receiver that most reports came by (majority vote of Boyer and Moore)."""

WALK = np.dtype(
    [
        ("minute", "i8"), ("slot", "i8"), ("lon", "f8"), ("lat", "f8"), ("speed_kn", "f8"),
        ("cell", "i8"), ("kind", "i8"), ("quarter", "i8"), ("day", "i8"), ("now", "i8"),
    ]
)  # fmt: skip
"""One row a subject: where and how fast it was in the last minute it was heard, and the cell, class
and quarter (0 for none yet) that it counted for last, with the numbers of their two rows."""


RECEIVER = np.dtype([("key", "i8"), ("t_ms", "i8")])
"""One row a receiver: when anything last came by it."""


class Learning(NamedTuple):
    """Limits of learning, from `rules.toml`."""

    min_kn: float
    longest_min: float
    speed_share: float
    least_min: float
    least_visits: float
    most_min: float


class Known(NamedTuple):
    """All that is learnt, as kernels take it: the table of `LEARNT`, that of `RECEIVER`, limits."""

    cells: Cells
    rows: NDArray[np.void]
    receivers: Cells
    receiver_rows: NDArray[np.void]
    rules: Learning


class Chance(NamedTuple):
    """What is known of reception along a way.

    Attributes:
        log10: of the chance that reception alone gives the silence; 0 where nothing is learnt.
        learnt: share of the way's minutes in cells that are learnt.
        heard, due: minutes of other vessels in those cells, each cell once.
        station: the receiver of the first of them; -1 unknown.
    """

    log10: float
    learnt: float
    heard: float
    due: float
    station: int


@kernel
def class_of(msg_type: int) -> int:
    """Give the class of transponder that sends a message type (ITU-R M.1371-5); -1 unknown."""
    if 1 <= msg_type <= 3:
        return CLASS_A
    return CLASS_B if msg_type == 18 or msg_type == 19 else CLASS_UNKNOWN


@kernel
def learnt_key(cell: int, kind: int, quarter: int) -> int:
    """Name a cell, class and quarter; quarter 0 is the whole day, 1 begins at midnight UTC."""
    return int((cell * 2 + kind) * (QUARTERS + 1) + quarter)


@kernel
def quarter_of(t_ms: int) -> int:
    """Give the quarter of the day, 1 to 4.

    Example:
        >>> quarter_of(0), quarter_of(86_399_999)
        (1, 4)
    """
    return int(t_ms % (4 * QUARTER_MS) // QUARTER_MS) + 1


@kernel
def _count(row: np.void, heard: float, missed: float, most_min: float) -> None:
    """Count minutes in a row."""
    row["heard"] += heard
    row["missed"] += missed
    if row["heard"] + row["missed"] > most_min:  # so that a new antenna is learnt in time
        row["heard"] *= 0.5
        row["missed"] *= 0.5


@kernel
def _vote(row: np.void, station: int) -> None:
    """Count a receiver for a row."""
    if station < 0:
        return
    if row["votes"] == 0:
        row["station"] = station
    row["votes"] += 1 if row["station"] == station else -1


@kernel
def _come_in(
    walk: NDArray[np.void], w: int, cell: int, kind: int, quarter: int, known: Known
) -> None:
    """Note the two rows of the cell that a vessel is in now, for all day and for the quarter."""
    day = number_of_key(known.cells, learnt_key(cell, kind, 0))
    now = number_of_key(known.cells, learnt_key(cell, kind, quarter))
    known.rows[day]["visits"] += cell != walk[w]["cell"]
    known.rows[now]["visits"] += 1
    walk[w]["cell"], walk[w]["kind"], walk[w]["quarter"] = cell, kind, quarter
    walk[w]["day"], walk[w]["now"] = day, now


@kernel
def _note_heard(receivers: Cells, rows: NDArray[np.void], by: int, t_ms: int) -> None:
    """Note when a receiver was last heard, if it is known."""
    if by >= 0:
        n = number_of_key(receivers, by)
        rows[n]["t_ms"] = max(rows[n]["t_ms"], t_ms)


@kernel
def learn(
    samples: Samples,
    start: int,
    end: int,
    minute: int,
    msg_type: NDArray[np.uint8],
    station: NDArray[np.int64],
    feed: NDArray[np.int64],
    walk: NDArray[np.void],
    known: Known,
) -> int:
    """Learn from the samples of one minute.

    Args:
        samples: those from `start` to `end` are taken. minute: theirs.
        msg_type, station, feed: (n,) columns of the rows the samples were made from; a live feed
            counts as a receiver, too.
        walk: (subjects,) `WALK`, changed in place.
        known: what is learnt by now; it is left before a table could be full.

    Returns:
        The next sample: `end`, or less where a table wants to be grown first.
    """
    cells, rows, p = known.cells, known.rows, known.rules
    receivers, receiver_rows = known.receivers, known.receiver_rows
    slot, subject, last, fixes = samples.slot, samples.subject, samples.last, samples.fixes
    lon, lat, sog_kn = samples.lon, samples.lat, samples.sog_kn
    for j in range(start, end):
        if fixes[j] == 0:
            continue
        if receivers.used[USED] + 2 > receiver_rows.shape[0]:
            return j
        by = station[last[j]]
        _note_heard(receivers, receiver_rows, by, samples.heard_ms[j])
        _note_heard(receivers, receiver_rows, feed[last[j]], samples.heard_ms[j])
        w = subject[j]
        minutes = minute - walk[w]["minute"]
        is_run = walk[w]["minute"] > 0 and walk[w]["slot"] == slot[j]
        speed_kn = sog_kn[j]
        if is_run and 0 < minutes <= p.longest_min and not speed_kn < p.min_kn:
            if cells.used[USED] + 2 * (minutes + 1) > rows.shape[0]:
                return j
            kind = class_of(msg_type[last[j]])
            way_m = short_distance_m(walk[w]["lon"], walk[w]["lat"], lon[j], lat[j])
            made_kn = way_m / (minutes * MINUTE_S) / KN_MS
            if math.isnan(speed_kn):
                speed_kn = made_kn
            is_clean = abs(made_kn - walk[w]["speed_kn"]) <= p.speed_share * walk[w]["speed_kn"]
            if kind >= 0 and walk[w]["speed_kn"] >= p.min_kn and (minutes <= 2 or is_clean):
                quarter = quarter_of(minute * MINUTE_MS)
                for k in range(1, minutes):
                    share = k / minutes
                    cell = cell_key(
                        walk[w]["lon"] + share * (lon[j] - walk[w]["lon"]),
                        walk[w]["lat"] + share * (lat[j] - walk[w]["lat"]),
                    )
                    for q in (0, quarter):
                        row = rows[number_of_key(cells, learnt_key(cell, kind, q))]
                        _count(row, 0.0, 1.0, p.most_min)
                cell = cell_key(lon[j], lat[j])
                if (
                    cell != walk[w]["cell"]
                    or quarter != walk[w]["quarter"]
                    or kind != walk[w]["kind"]
                ):
                    _come_in(walk, w, cell, kind, quarter, known)
                for n in (walk[w]["day"], walk[w]["now"]):
                    _count(rows[n], 1.0, 0.0, p.most_min)
                    _vote(rows[n], by)
        walk[w]["minute"], walk[w]["slot"] = minute, slot[j]
        walk[w]["lon"], walk[w]["lat"] = lon[j], lat[j]
        walk[w]["speed_kn"] = 0.0 if math.isnan(speed_kn) else speed_kn
    return end


@kernel
def _is_learnt(row: np.void, p: Learning) -> bool:
    """Tell whether a row has enough minutes of enough vessels to be asked."""
    return bool(row["heard"] + row["missed"] >= p.least_min and row["visits"] >= p.least_visits)


@kernel
def learnt_row(
    cells: Cells, rows: NDArray[np.void], lon: float, lat: float, kind: int, t_ms: int, p: Learning
) -> int:
    """Find what is learnt of a place: of this quarter of the day, else of all day; -1 nothing."""
    if kind < 0:
        return -1
    cell = cell_key(lon, lat)
    for quarter in (quarter_of(t_ms), 0):
        number = number_in(cells, learnt_key(cell, kind, quarter))
        if number >= 0 and _is_learnt(rows[number], p):
            return int(number)
    return -1


@kernel
def log10_missed(heard: float, missed: float, minutes: float) -> float:
    """Give the decimal logarithm of the chance to miss so many minutes in a row.

    Example:
        >>> round(log10_missed(0.0, 0.0, 45.0), 2), log10_missed(990.0, 10.0, 5.0) < -8.0
        (-1.66, True)
    """
    a, b = heard + 1.0, missed + 1.0
    ratio = math.lgamma(b + minutes) - math.lgamma(b)
    ratio += math.lgamma(a + b) - math.lgamma(a + b + minutes)
    return float(ratio / math.log(10.0))


@kernel
def is_silent(known: Known, station: int, since_ms: int) -> bool:
    """Tell whether a receiver that is known has brought nothing since."""
    if station < 0:
        return False
    number = number_in(known.receivers, station)
    return bool(number < 0 or known.receiver_rows[number]["t_ms"] < since_ms)


@kernel
def chance_of(way: Reckoned, kind: int, t_ms: int, known: Known) -> Chance:
    """Ask what is learnt along a vessel's reckoned way since it was last heard.

    Args:
        way: how it went. kind: its class. t_ms: now. known: what is learnt.
    """
    cells, rows, p = known.cells, known.rows, known.rules
    lon, lat = way.lon, way.lat
    step_m = 0.0 if math.isnan(way.course_deg) else way.speed_kn * KN_MS * MINUTE_S
    log10, heard, due, station = 0.0, 0.0, 0.0, -1
    before, in_row, steps, learnt = -2, 0, 0, 0
    t = way.t_pos_ms
    while t + MINUTE_MS <= t_ms:
        t += MINUTE_MS
        if step_m > 0.0:
            lon, lat = step_along(lon, lat, way.course_deg, step_m)
        if t <= way.t_heard_ms:
            continue
        steps += 1
        number = learnt_row(cells, rows, lon, lat, kind, t, p)
        if number != before:
            if before >= 0:
                log10 += log10_missed(rows[before]["heard"], rows[before]["missed"], in_row)
            before, in_row = number, 0
            if number >= 0:
                heard += rows[number]["heard"]
                due += rows[number]["heard"] + rows[number]["missed"]
                if station < 0 and rows[number]["votes"] > 0:
                    station = rows[number]["station"]
        if number >= 0:
            in_row += 1
            learnt += 1
    if before >= 0:
        log10 += log10_missed(rows[before]["heard"], rows[before]["missed"], in_row)
    return Chance(log10, learnt / max(steps, 1), heard, due, station)
