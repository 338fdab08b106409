"""The kernels of D18 `feed_health`: vessels heard a minute, by receiver and by sea area."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import CLOSE, OPEN
from sargas.watch.detect.cells import USED, Cells, number_of_key
from sargas.watch.minutes import Samples

WHOLE, RECEIVER, SEA_AREA = range(3)
FIRST_AREA = 2_000_000_000
"""Keys: 0 is the feed as a whole, a receiver its number + 1, areas begin here; all fit 32 bits."""
AREA_LAT_DEG, AREA_LON_DEG = 1.0, 2.0
AREA_COLUMNS = 180
BACK, TAKEN_AS_NORMAL = 1, 2

FEATURE_NAMES = (
    "kind", "usual", "now", "sum", "low_min", "usual_whole", "end", "least",
)  # fmt: skip

SOURCE = np.dtype(
    [
        ("key", "i8"), ("now", "f8"), ("usual", "f8"), ("minutes", "i8"), ("sum", "f8"),
        ("t_low_ms", "i8"), ("before", "f8"), ("low_sum", "f8"), ("open", "i8"),
        ("t_start_ms", "i8"), ("back", "i8"), ("lon", "f8"), ("lat", "f8"),
    ]
)  # fmt: skip
"""One row a source: vessels heard in this minute and in a usual one, minutes it was learnt from,
the sum that detects, what was usual before it left zero at `t_low_ms`, the vessel-minutes since,
minutes as usual again, and the middle of what it hears."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in ms but where named in minutes."""

    learn_min: float
    memory_min: float
    share: float
    h: float
    least: float
    least_area: float
    low_ms: float
    back_share: float
    back_min: float
    normal_ms: float


@kernel
def kind_of(key: int) -> int:
    """Tell what a key names: the feed, a receiver, an area."""
    if key == 0:
        return WHOLE
    return SEA_AREA if key >= FIRST_AREA else RECEIVER


@kernel
def sea_area_key(lon: float, lat: float) -> int:
    """Name the sea area of a place, 1 by 2 degrees.

    Example:
        >>> sea_area_key(20.1, 57.2) == sea_area_key(21.9, 57.9)
        True
    """
    row = min(math.floor((lat + 90.0) / AREA_LAT_DEG), 179)
    column = math.floor((lon + 180.0) / AREA_LON_DEG) % AREA_COLUMNS
    return int(FIRST_AREA + row * AREA_COLUMNS + column)


@kernel
def _count(cells: Cells, rows: NDArray[np.void], key: int, lon: float, lat: float) -> None:
    """Count a vessel for a source."""
    n = number_of_key(cells, key)
    rows[n]["key"] = key
    rows[n]["now"] += 1.0
    if math.isnan(lon):
        return
    share = 0.01 if rows[n]["minutes"] > 0 else 1.0 / rows[n]["now"]
    rows[n]["lon"] += share * (lon - rows[n]["lon"])
    rows[n]["lat"] += share * (lat - rows[n]["lat"])


@kernel
def count_samples(
    samples: Samples,
    station: NDArray[np.int64],
    start: int,
    end: int,
    cells: Cells,
    rows: NDArray[np.void],
) -> int:
    """Count the vessels of a minute for the feed, their receiver and their area.

    Args:
        samples: those from `start` to `end` are taken. station: (n,) of the rows they are made of.
        cells, rows: the table of `SOURCE`; it is left before it could be full.

    Returns:
        The next sample: `end`, or less where the table wants to be grown first.
    """
    last, lon, lat = samples.last, samples.lon, samples.lat
    for j in range(start, end):
        if cells.used[USED] + 3 > rows.shape[0]:
            return j
        _count(cells, rows, 0, lon[j], lat[j])
        by = station[last[j]]
        if 0 <= by < FIRST_AREA - 1:
            _count(cells, rows, by + 1, lon[j], lat[j])
        if not math.isnan(lon[j]):
            _count(cells, rows, sea_area_key(lon[j], lat[j]), lon[j], lat[j])
    return end


@kernel
def _write(
    rows: NDArray[np.void],
    a: int,
    op: int,
    end: int,
    t_ms: int,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """Write an event about a source; returns events written."""
    key, row = rows[a]["key"], rows[a]
    low_min = max((t_ms - row["t_low_ms"]) / MINUTE_MS, 1.0)
    now = row["low_sum"] / low_min
    is_half = row["usual"] - now >= 0.5 * rows[0]["usual"]
    events[n]["op"], events[n]["slot"] = op, key
    events[n]["priority"] = 2 if key == 0 or is_half else 3
    events[n]["t_start_ms"], events[n]["t_ms"] = row["t_start_ms"], t_ms
    events[n]["lon"], events[n]["lat"] = row["lon"], row["lat"]
    events[n]["asset"] = -1
    events[n]["distance_m"] = events[n]["accuracy_m"] = events[n]["kp_m"] = math.nan
    x = events[n]["x"]
    x[0], x[1], x[2], x[3], x[4] = kind_of(key), row["usual"], now, row["sum"], low_min
    x[5], x[6] = rows[0]["usual"], end
    x[7] = p.least_area if kind_of(key) == SEA_AREA else p.least
    return n + 1


@kernel
def _follow(row: np.void, t_ms: int, p: Params) -> None:
    """Add a minute to the sum of a source that is not open, and to what is usual."""
    now = row["now"]
    if row["minutes"] < p.learn_min:
        row["minutes"] += 1
        row["usual"] += (now - row["usual"]) / row["minutes"]
        row["before"], row["sum"], row["low_sum"] = row["usual"], 0.0, 0.0
        row["t_low_ms"] = t_ms
        return
    row["sum"] += row["usual"] * (1.0 - p.share) + now * math.log(p.share)
    if row["sum"] <= 0.0:
        row["sum"], row["low_sum"], row["t_low_ms"] = 0.0, 0.0, t_ms
    else:
        row["low_sum"] += now
    row["usual"] += (now - row["usual"]) / p.memory_min
    if row["sum"] == 0.0:
        row["before"] = row["usual"]


@kernel
def _goes_on(row: np.void, t_ms: int, p: Params) -> int:
    """Add a minute to an open source; tell whether and how it ends, 0 for not."""
    row["low_sum"] += row["now"]
    row["back"] = row["back"] + 1 if row["now"] >= p.back_share * row["usual"] else 0
    if row["back"] >= p.back_min:
        return BACK
    return TAKEN_AS_NORMAL if t_ms - row["t_start_ms"] >= p.normal_ms else 0


@kernel
def _learn_anew(rows: NDArray[np.void], known: int, a: int) -> None:
    """Forget what was usual for a source, and for those that were held back by it."""
    rows[a]["minutes"], rows[a]["usual"] = 0, 0.0
    for b in range(known):
        if kind_of(rows[b]["key"]) > kind_of(rows[a]["key"]):
            rows[b]["minutes"], rows[b]["usual"] = 0, 0.0


@kernel
def judge_sources(
    t_ms: int,
    rows: NDArray[np.void],
    known: int,
    p: Params,
    events: NDArray[np.void],
    n: int,
) -> int:
    """End a minute: follow every source; open and close.

    One failure is one event: while the feed as a whole is low nothing else opens, while a
    receiver is low no area does, and what is held back begins anew afterwards.

    Args:
        t_ms: end of the minute. rows: `SOURCE` by number, `known` of them, the feed first.
        p: the limits. events: room for two events a source, `n` of them written.

    Returns:
        Events written by now.
    """
    is_receiver_open = False
    for a in range(known):
        is_receiver_open |= rows[a]["open"] > 0 and kind_of(rows[a]["key"]) == RECEIVER
    for kind in range(3):
        for a in range(known):
            row = rows[a]
            if kind_of(row["key"]) != kind:
                continue
            if row["open"]:
                end = _goes_on(row, t_ms, p)
                if end:
                    n = _write(rows, a, CLOSE, end, t_ms, p, events, n)
                    row["open"], row["sum"], row["back"] = 0, 0.0, 0
                    if end == TAKEN_AS_NORMAL:
                        _learn_anew(rows, known, a)
                row["now"] = 0.0
                continue
            is_held = kind != WHOLE and rows[0]["open"] > 0
            is_held |= kind == SEA_AREA and is_receiver_open
            is_held |= kind == WHOLE and is_receiver_open and row["now"] > 0.0
            if is_held:
                row["sum"], row["low_sum"], row["t_low_ms"], row["now"] = 0.0, 0.0, t_ms, 0.0
                continue
            _follow(row, t_ms, p)
            row["now"] = 0.0
            least = p.least_area if kind == SEA_AREA else p.least
            if row["sum"] < p.h or row["usual"] < least or t_ms - row["t_low_ms"] < p.low_ms:
                continue
            row["open"], row["t_start_ms"], row["back"] = 1, row["t_low_ms"], 0
            row["usual"] = row["before"]
            is_receiver_open |= kind == RECEIVER
            n = _write(rows, a, OPEN, 0, t_ms, p, events, n)
    return n
