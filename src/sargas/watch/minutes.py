"""Whole minutes as detectors take them: every row, and one sample a vessel and minute.

A sample is what a vessel did in one minute: its mean speed and courses, and where its last fix
of the minute lay. Rules that need no single fix read samples alone: they are made once for all of
them, and how often a vessel reports does not matter to them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import FIRST_FEED, FIRST_FEED_STATION, Statics
from sargas.model.geodesy import wrapped
from sargas.model.jit import kernel
from sargas.watch.clean import NO_POSITION, OK
from sargas.watch.locate import Located


class Samples(NamedTuple):
    """One row a vessel and minute, by minute and then as the rows are. Columns of shape (k,).

    Attributes:
        slot: int32, identity segment; subject: int32, the subject's number.
        last: int32, row of the last report of the minute: what else is known stands there.
        fixes: int32, good fixes in the minute; 0 where all came without a position.
        heard_ms: int64, time of the last report, with a position or not.
        first_ms, t_ms: int64, times of the first and last good fix; unset where there was none.
        lon, lat: float64, degrees, place of the last one; NaN where there was none.
        sog_kn: float64, mean reported speed; NaN where none was reported.
        cog_deg, heading_deg: float64, mean, 0 to 360; NaN where none was reported.
        beta_deg: float64, mean of heading less course, -180 to 180; NaN where unknown.
        hunting_deg, hunting_s, hunting_share: float64, how the course swung in the last half hour
            that was measured (`watch.hunting`): standard deviation, period, share of the highest
            peak; NaN unknown, the share also where the swing is small.
    """

    slot: NDArray[np.int32]
    subject: NDArray[np.int32]
    last: NDArray[np.int32]
    fixes: NDArray[np.int32]
    heard_ms: NDArray[np.int64]
    first_ms: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    sog_kn: NDArray[np.float64]
    cog_deg: NDArray[np.float64]
    heading_deg: NDArray[np.float64]
    beta_deg: NDArray[np.float64]
    hunting_deg: NDArray[np.float64]
    hunting_s: NDArray[np.float64]
    hunting_share: NDArray[np.float64]


SAMPLE_DTYPES = {
    "slot": "i4", "subject": "i4", "last": "i4", "fixes": "i4",
    "heard_ms": "i8", "first_ms": "i8", "t_ms": "i8",
}  # fmt: skip
"""The columns of `Samples` that are not float64."""


class Wire(NamedTuple):
    """What few rules read, as it was reported: by rows, and the statics of the same minutes.

    Attributes:
        station: (n,) int64, receiver; -1 unknown, less where a feed names it by a word.
        feed: (n,) int64, the live feed as a receiver; -1 for rows of files.
        second_s: (n,) uint8, UTC second of the report; 61-63 tell of no good position.
        statics: s static reports in canonical order. static_who: (s,) int32, subjects' numbers.
        static_bounds: (m + 1,) int64, where each of the m minutes begins in `statics`.
    """

    station: NDArray[np.int64]
    feed: NDArray[np.int64]
    second_s: NDArray[np.uint8]
    statics: Statics
    static_who: NDArray[np.int32]
    static_bounds: NDArray[np.int64]


def feeds_of(src_id: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Name the live feeds of rows as receivers.

    Args:
        src_id: (n,) which file or feed.

    Returns:
        (n,) numbers from `FIRST_FEED_STATION` on; -1 for rows of files.

    Example:
        >>> feeds_of(np.array([0, 1002], np.uint32)).tolist()
        [-1, 1900001002]
    """
    numbers = src_id.astype(np.int64)
    return np.where(numbers >= FIRST_FEED, FIRST_FEED_STATION + numbers, -1)


def unknown_wire(rows: int, minutes: int) -> Wire:
    """Make what stands for reports of which nothing but the located rows is known."""
    return Wire(
        np.full(rows, -1, np.int64), np.full(rows, -1, np.int64), np.full(rows, 60, np.uint8),
        Statics.empty(), np.zeros(0, np.int32), np.zeros(minutes + 1, np.int64),
    )  # fmt: skip


class Minutes(NamedTuple):
    """Some whole minutes of cleaned, located rows.

    Attributes:
        rows: n rows in canonical order.
        bounds: (m + 1,) int64, where each of the m minutes begins in `rows`.
        samples: k samples.
        sample_bounds: (m + 1,) int64, where each minute begins in `samples`.
        from_minute: the first of the minutes, since the epoch.
        slots, subjects: identity segments and subjects known by now.
        wire: what else was reported.
    """

    rows: Located
    bounds: NDArray[np.int64]
    samples: Samples
    sample_bounds: NDArray[np.int64]
    from_minute: int
    slots: int
    subjects: int
    wire: Wire


GATHER = np.dtype(
    [
        ("sample", "i8"), ("n_sog", "i8"), ("n_cog", "i8"), ("n_heading", "i8"), ("n_beta", "i8"),
        ("cog_first", "f8"), ("heading_first", "f8"), ("beta_first", "f8"),
    ]
)  # fmt: skip
"""What a segment's minute is gathered in; `sample` is the sample it belongs to."""


@kernel
def take_samples(  # noqa: C901 - one loop over all columns: parts of it would hand them all on
    rows: Located,
    bounds: NDArray[np.int64],
    gather: NDArray[np.void],
    out: Samples,
    out_bounds: NDArray[np.int64],
) -> None:
    """Gather rows into samples.

    Angles are averaged as deviations from the minute's first, which is exact as long as they lie
    within 180 degrees of it.

    Args:
        rows, bounds: as in `Minutes`.
        gather: (slots,) `GATHER`, scratch; `sample` -1.
        out: room for n samples. out_bounds: (m + 1,) out.
    """
    slot, verdict, subject, t_ms, lon, lat = (
        rows.slot, rows.verdict, rows.subject, rows.t_ms, rows.lon, rows.lat,
    )  # fmt: skip
    sog_kn, cog_deg, heading_deg = rows.sog_kn, rows.cog_deg, rows.heading_deg
    out_slot, out_subject, out_last, out_fixes = out.slot, out.subject, out.last, out.fixes
    out_heard, out_first, out_t = out.heard_ms, out.first_ms, out.t_ms
    out_lon, out_lat, out_sog = out.lon, out.lat, out.sog_kn
    out_cog, out_heading, out_beta = out.cog_deg, out.heading_deg, out.beta_deg
    k = 0
    out_bounds[0] = 0
    for m in range(bounds.shape[0] - 1):
        begin = k
        for i in range(bounds[m], bounds[m + 1]):
            s = slot[i]
            if s < 0 or (verdict[i] != OK and verdict[i] != NO_POSITION):
                continue
            g = gather[s]
            j = g["sample"]
            if j < begin:
                j = g["sample"] = k
                k += 1
                g["n_sog"] = g["n_cog"] = g["n_heading"] = g["n_beta"] = 0
                out_slot[j], out_subject[j], out_fixes[j] = s, subject[i], 0
                out_sog[j] = out_cog[j] = out_heading[j] = out_beta[j] = math.nan
                out_lon[j] = out_lat[j] = math.nan
            out_last[j], out_heard[j] = i, t_ms[i]
            if verdict[i] != OK:
                continue
            if out_fixes[j] == 0:
                out_first[j] = t_ms[i]
            out_fixes[j] += 1
            out_t[j], out_lon[j], out_lat[j] = t_ms[i], lon[i], lat[i]
            sog, cog, heading = sog_kn[i], cog_deg[i], heading_deg[i]
            if not math.isnan(sog):
                n = g["n_sog"] = g["n_sog"] + 1
                out_sog[j] = sog if n == 1 else out_sog[j] + (sog - out_sog[j]) / n
            if not math.isnan(cog):
                n = g["n_cog"] = g["n_cog"] + 1
                if n == 1:
                    g["cog_first"], out_cog[j] = cog, 0.0
                out_cog[j] += (wrapped(cog - g["cog_first"]) - out_cog[j]) / n
            if not math.isnan(heading):
                n = g["n_heading"] = g["n_heading"] + 1
                if n == 1:
                    g["heading_first"], out_heading[j] = heading, 0.0
                out_heading[j] += (wrapped(heading - g["heading_first"]) - out_heading[j]) / n
                if not math.isnan(cog):
                    beta = wrapped(heading - cog)
                    n = g["n_beta"] = g["n_beta"] + 1
                    if n == 1:
                        g["beta_first"], out_beta[j] = beta, 0.0
                    out_beta[j] += (wrapped(beta - g["beta_first"]) - out_beta[j]) / n
        for j in range(begin, k):
            g = gather[out_slot[j]]
            out_cog[j] = (g["cog_first"] + out_cog[j]) % 360.0
            out_heading[j] = (g["heading_first"] + out_heading[j]) % 360.0
            out_beta[j] = wrapped(g["beta_first"] + out_beta[j])
        out_bounds[m + 1] = k


def minutes_of(
    rows: Located,
    bounds: NDArray[np.int64],
    from_minute: int,
    slots: int,
    subjects: int,
    wire: Wire | None = None,
) -> Minutes:
    """Sample located rows and put both together; `Hunting.fold` fills what it knows of them.

    Args:
        rows, bounds, from_minute, slots, subjects, wire: as in `Minutes`.
    """
    n = len(rows.t_ms)
    gather = np.empty(slots, GATHER)
    gather["sample"] = -1
    room = Samples(**{
        name: np.empty(n, SAMPLE_DTYPES[name]) if name in SAMPLE_DTYPES else np.full(n, np.nan)
        for name in Samples._fields
    })  # fmt: skip
    sample_bounds = np.empty(len(bounds), np.int64)
    take_samples(rows, bounds, gather, room, sample_bounds)
    columns = room._asdict().items()
    samples = Samples(**{name: column[: sample_bounds[-1]] for name, column in columns})
    return Minutes(
        rows, bounds, samples, sample_bounds, from_minute, slots, subjects,
        wire or unknown_wire(n, len(bounds) - 1),
    )  # fmt: skip
