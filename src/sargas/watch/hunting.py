"""Course hunting: how far and how regularly a vessel's course swings to and fro.

An anchor on one bow pulls the ship round, the autopilot answers, and the course hunts in a steady
cycle. Of every vessel under way the courses of the last half hour are kept at steps of ten
seconds; every ten minutes of event time they are freed of their slow change (a quadratic) and
give three numbers: the standard deviation, the period by zero crossings, and, where the swing is
wide enough to matter, the share of power in the highest peak of the spectrum. Windows with too
few reports give none.

Measured (26 February 2022, catalogue D1): Samus Swan dragging 3.4-3.9 degrees, 150 s, share 0.86
to 0.94; a ship of the same lane 1.6-2.1 degrees, 95-100 s, 0.82-0.94. So a regular swing says
nothing by itself; its width and period against others in the lane do.

Of a vessel that reports more seldom, some once a minute, the reports still show how wide the
course swings, if not how fast: the period is unknown then, and so is the share.

What it cannot see: vessels with less than a report every two minutes, one that stays on one course
while it drags, and why a course swings: following sea, a badly tuned autopilot and a fishing
vessel do it too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import wrapped
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.clean import OK
from sargas.watch.locate import Located
from sargas.watch.median import median
from sargas.watch.minutes import Minutes, Samples

STEP_S = 10
STEPS = 180
"""Half an hour, the window of the reference."""
LEAST_KNOWN = 135
LONGEST_HOLE = 6
"""Steps: three quarters must be reported, and no minute may be missing; chosen."""
FEW_KNOWN = 15
LONGEST_HOLE_OF_FEW = 30
"""Steps: with half of a report a minute the width is known to a fifth; chosen."""
MINUTE_STEPS = 6
TURNED_TIMES = 1.6
"""So much wider about the quadratic than its steps: it turned; noise alone makes 1.5."""
EVERY_MIN = 10
UNKNOWN = -1
MOST_PERIOD_S, LEAST_PERIOD_S = 900.0, 30.0
MEAN_SQUARE = (STEPS**2 - 1) / 12.0
SUM_SQUARE = STEPS * MEAN_SQUARE
SUM_FOURTH = STEPS * (STEPS**2 - 1) * (STEPS**2 - 4) / 180.0
"""Sums over the window of the squares of x, and of x^2 less its mean, x counted from the middle."""

STATE = np.dtype([("step", "i8"), ("deg", "f8"), ("period_s", "f8"), ("share", "f8")])
"""One row a segment: the last ten-second step that was written, and what the last window gave."""


@kernel
def note_course(courses: NDArray[np.int16], row: np.void, t_ms: int, cog_deg: float) -> None:
    """Write a course into a vessel's ring; steps without a report become unknown.

    Args:
        courses: (STEPS,) tenths of a degree by step, changed in place.
        row: `STATE` of the vessel, changed in place.
        t_ms: ms UTC. cog_deg: degrees.
    """
    step = t_ms // (STEP_S * 1000)
    gone = step - row["step"]
    if gone >= STEPS:
        courses[:] = UNKNOWN
    else:
        for s in range(row["step"] + 1, step):
            courses[s % STEPS] = UNKNOWN
    if gone >= 0:
        courses[step % STEPS] = int(cog_deg * 10.0 + 0.5) % 3600
        row["step"] = step


@kernel
def unfold(courses: NDArray[np.int16], last: int, y: NDArray[np.float64]) -> bool:
    """Lay a ring out in time, without jumps at north, holes filled in a straight line.

    Args:
        courses: (STEPS,) the ring. last: the step it ends with.
        y: (STEPS,) out, degrees, counted from the first.

    Returns:
        Whether enough is known.
    """
    known, hole, at, cog_before = 0, 0, 0.0, 0.0
    before, slot = -1, last % STEPS
    for k in range(STEPS):
        slot = slot + 1 if slot < STEPS - 1 else 0
        if courses[slot] == UNKNOWN:
            hole += 1
            if hole > LONGEST_HOLE:
                return False
            continue
        cog = courses[slot] / 10.0
        turn = wrapped(cog - cog_before) if before >= 0 else 0.0
        for j in range(before + 1, k):
            y[j] = at + turn * (j - before) / (k - before)
        at += turn
        y[k] = at
        before, hole, cog_before = k, 0, cog
        known += 1
    for j in range(before + 1, STEPS):
        y[j] = at
    return known >= LEAST_KNOWN


@kernel
def detrend(y: NDArray[np.float64]) -> None:
    """Take the best quadratic out of STEPS values, in place."""
    middle = (STEPS - 1) / 2.0
    s0 = s1 = s2 = 0.0
    for k in range(STEPS):
        x = k - middle
        s0 += y[k]
        s1 += x * y[k]
        s2 += (x * x - MEAN_SQUARE) * y[k]
    mean, slope, bend = s0 / STEPS, s1 / SUM_SQUARE, s2 / SUM_FOURTH
    for k in range(STEPS):
        x = k - middle
        y[k] -= mean + x * slope + (x * x - MEAN_SQUARE) * bend


@kernel
def peak_share(y: NDArray[np.float64]) -> float:
    """Give the share of power in the highest peak and its two neighbours, periods of 30 to 900 s.

    Hann window; Goertzel's recursion a frequency.

    Args:
        y: (STEPS,) values without trend; windowed in place.

    Cost: O(STEPS x frequencies), some 15 us.
    """
    n = y.shape[0]
    for k in range(n):
        y[k] *= 0.5 - 0.5 * math.cos(2.0 * math.pi * k / (n - 1))
    total, highest, peak, before = 0.0, 0.0, 0.0, 0.0
    is_next_open = False
    for f in range(math.ceil(n * STEP_S / MOST_PERIOD_S), int(n * STEP_S / LEAST_PERIOD_S) + 1):
        w = 2.0 * math.cos(2.0 * math.pi * f / n)
        s1 = s2 = 0.0
        for k in range(n):
            s2, s1 = s1, y[k] + w * s1 - s2
        power = s1 * s1 + s2 * s2 - w * s1 * s2
        total += power
        if is_next_open:
            peak += power
        is_next_open = power > highest
        if is_next_open:
            highest, peak = power, before + power
        before = power
    return peak / total if total > 0.0 else math.nan


@kernel
def spread_of_few(
    courses: NDArray[np.int16], last: int, every: int, turns: NDArray[np.float64]
) -> float:
    """Give the standard deviation of the course from the steps that are known alone.

    About the best quadratic, but no more than the median step from one report to the next shows:
    what moves slowly is a bend of the way. Where the ship turned, nothing is told.

    Args:
        courses: (STEPS,) the ring. last: the step it ends with. every: look at each so many.
        turns: (STEPS,) scratch.

    Returns:
        Degrees; NaN where too little is known.
    """
    s1 = s2 = s3 = s4 = 0.0  # sums of the powers of x
    t0 = t1 = t2 = square = 0.0
    n, hole, at, before = 0, 0, 0.0, math.nan
    for k in range(every - 1, STEPS, every):
        cog = courses[(last + 1 + k) % STEPS]
        if cog == UNKNOWN:
            hole += every if n > 0 else 0  # before its first report nothing is missing
            if hole > LONGEST_HOLE_OF_FEW:
                return math.nan
            continue
        turn = wrapped(cog / 10.0 - before) if n > 0 else 0.0
        at += turn
        turns[max(n - 1, 0)] = abs(turn)
        before, hole = cog / 10.0, 0
        x = 2.0 * k / (STEPS - 1) - 1.0
        s1 += x
        s2 += x * x
        s3 += x**3
        s4 += x**4
        t0 += at
        t1 += at * x
        t2 += at * x * x
        square += at * at
        n += 1
    if n < FEW_KNOWN:
        return math.nan
    # Normal equations of a + b x + c x^2, solved by Cramer's rule.
    a = s2 * s4 - s3 * s3
    b = s2 * s3 - s1 * s4
    c = s1 * s3 - s2 * s2
    det = n * a + s1 * b + s2 * c
    d, e, f = n * s4 - s2 * s2, s1 * s2 - n * s3, n * s2 - s1 * s1
    mean = (a * t0 + b * t1 + c * t2) / det
    slope = (b * t0 + d * t1 + e * t2) / det
    bend = (c * t0 + e * t1 + f * t2) / det
    left = square - mean * t0 - slope * t1 - bend * t2
    about_deg = math.sqrt(max(left, 0.0) / (n - 3))
    # Of a cycle, the median of |x| is its root mean square.
    steps_deg = median(turns, n - 1) / math.sqrt(2.0)
    return min(about_deg, steps_deg) if about_deg <= TURNED_TIMES * steps_deg else math.nan


@kernel
def measure(
    courses: NDArray[np.int16], row: np.void, wide_deg: float, y: NDArray[np.float64]
) -> None:
    """Measure the half hour that ends with the vessel's last report.

    Args:
        courses: (STEPS,) its ring. row: its `STATE`, changed in place.
        wide_deg: from this standard deviation on the spectrum is looked at.
        y: (STEPS,) scratch.
    """
    row["deg"] = row["period_s"] = row["share"] = math.nan
    has_turned = math.isnan(spread_of_few(courses, row["step"], MINUTE_STEPS, y))
    if not unfold(courses, row["step"], y):
        row["deg"] = spread_of_few(courses, row["step"], 1, y)
        return
    if has_turned:
        return
    detrend(y)
    square, crossings = 0.0, 0
    for k in range(STEPS):
        square += y[k] * y[k]
        crossings += k > 0 and (y[k] > 0.0) != (y[k - 1] > 0.0)
    row["deg"] = math.sqrt(square / STEPS)
    row["period_s"] = 2.0 * STEPS * STEP_S / max(crossings, 1)
    if row["deg"] >= wide_deg:
        row["share"] = peak_share(y)


@kernel
def hunt(
    rows: Located,
    bounds: NDArray[np.int64],
    samples: Samples,
    sample_bounds: NDArray[np.int64],
    from_minute: int,
    min_kn: float,
    wide_deg: float,
    courses: NDArray[np.int16],
    state: NDArray[np.void],
    y: NDArray[np.float64],
) -> None:
    """Follow every vessel's course through some minutes; fill the samples' `hunting` columns.

    Args:
        rows, bounds, samples, sample_bounds, from_minute: as in `Minutes`.
        min_kn: slower vessels have no course. wide_deg: see `measure`.
        courses: (slots, STEPS), state: (slots,) `STATE`, changed in place. y: (STEPS,) scratch.
    """
    slot, verdict, t_ms = rows.slot, rows.verdict, rows.t_ms
    sog_kn, cog_deg = rows.sog_kn, rows.cog_deg
    sample_slot = samples.slot
    deg, period_s, share = samples.hunting_deg, samples.hunting_s, samples.hunting_share
    for m in range(bounds.shape[0] - 1):
        for i in range(bounds[m], bounds[m + 1]):
            if verdict[i] == OK and sog_kn[i] >= min_kn and not math.isnan(cog_deg[i]):
                note_course(courses[slot[i]], state[slot[i]], t_ms[i], cog_deg[i])
        minute = from_minute + m
        is_due = (minute + 1) % EVERY_MIN == 0
        for j in range(sample_bounds[m], sample_bounds[m + 1]):
            row = state[sample_slot[j]]
            if is_due:
                since = (minute + 1) * MINUTE_MS // (STEP_S * 1000) - row["step"]
                if since > LONGEST_HOLE_OF_FEW:
                    row["deg"] = row["period_s"] = row["share"] = math.nan
                else:
                    measure(courses[sample_slot[j]], row, wide_deg, y)
            deg[j], period_s[j], share[j] = row["deg"], row["period_s"], row["share"]


class Hunting:
    """Follows the courses of all vessels.

    Args:
        min_kn: slower vessels have no course.
        wide_deg: from this standard deviation on the spectrum is looked at.
    """

    def __init__(self, min_kn: float, wide_deg: float) -> None:
        self.min_kn, self.wide_deg = min_kn, wide_deg
        self._courses = np.zeros((0, STEPS), np.int16)
        self._state = np.zeros(0, STATE)
        self._y = np.empty(STEPS)

    def fold(self, minutes: Minutes) -> None:
        """Take some whole minutes and fill the `hunting` columns of their samples."""
        have = len(self._state)
        if minutes.slots > have:
            more = max(minutes.slots, 2 * have, 1024) - have
            fresh = np.zeros(more, STATE)
            fresh["step"] = -STEPS
            for name in ("deg", "period_s", "share"):
                fresh[name] = math.nan
            self._state = np.concatenate([self._state, fresh])
            unknown = np.full((more, STEPS), UNKNOWN, np.int16)
            self._courses = np.concatenate([self._courses, unknown])
        hunt(
            minutes.rows, minutes.bounds, minutes.samples, minutes.sample_bounds,
            minutes.from_minute, self.min_kn, self.wide_deg, self._courses, self._state, self._y,
        )  # fmt: skip

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays."""
        return {"courses": self._courses, "state": self._state}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave."""
        self._courses, self._state = arrays["courses"].copy(), arrays["state"].copy()
