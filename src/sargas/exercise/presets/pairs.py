"""Two vessels near each other for a while: the loop that the encounter rules of peers share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.tracks import ROW, Tracks, first_held
from sargas.model.geodesy import KN_MS, short_distance_m, step_along
from sargas.model.jit import kernel

POINT = np.dtype(
    [("step", "i8"), ("vessel", "i4"), ("lon", "f8"), ("lat", "f8"), ("sog_kn", "f8")]
)  # fmt: skip
"""A vessel at a moment of the grid: `step` times the grid's step is the time in ms."""


def on_grid(
    tracks: Tracks, keep: NDArray[np.bool_], *, step_ms: int, gap_ms: int, reckon_ms: int = 0
) -> NDArray[np.void]:
    """Put every vessel on a grid in time.

    Args:
        tracks: n rows.
        keep: (n,) rows that count; the others are as if not received.
        step_ms: the grid's step.
        gap_ms: fixes less than this apart are joined by a straight line.
        reckon_ms: how long a vessel is reckoned on by its last speed and course.

    Returns:
        (k,) `POINT`, by step and vessel.
    """
    at = np.flatnonzero(keep)
    vessel = tracks.vessel[at].astype(np.int64)
    columns = tracks.t_ms[at], tracks.lon[at], tracks.lat[at]
    sog, cog = tracks.sog_kn[at].astype(np.float64), tracks.cog_deg[at].astype(np.float64)
    out = np.zeros(0, dtype=POINT)
    for _ in range(2):  # count, then fill
        n = fill_grid(vessel, *columns, sog, cog, step_ms, gap_ms, reckon_ms, out)
        if n > len(out):
            out = np.zeros(n, dtype=POINT)
    return out[np.lexsort((out["vessel"], out["step"]))]


@kernel
def fill_grid(
    vessel: NDArray[np.int64],
    t_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    sog_kn: NDArray[np.float64],
    cog_deg: NDArray[np.float64],
    step_ms: int,
    gap_ms: int,
    reckon_ms: int,
    out: NDArray[np.void],
) -> int:
    """Write each vessel's place at the moments of the grid.

    Args:
        vessel, t_ms, lon, lat, sog_kn, cog_deg: (n,), by vessel and time.
        step_ms, gap_ms, reckon_ms: as in `on_grid`.
        out: `POINT`; where it is too short the rest is only counted.

    Returns:
        Points wanted.
    """
    n = 0
    for i in range(t_ms.shape[0]):
        until_ms = t_ms[i] + reckon_ms
        joined = False
        if i + 1 < t_ms.shape[0] and vessel[i + 1] == vessel[i]:
            joined = t_ms[i + 1] - t_ms[i] < gap_ms
            until_ms = t_ms[i + 1] - 1 if joined else min(until_ms, t_ms[i + 1] - 1)
        step = -(-t_ms[i] // step_ms)
        while step * step_ms <= until_ms:
            if n < out.shape[0]:
                past_ms = step * step_ms - t_ms[i]
                x, y = lon[i], lat[i]
                if joined:
                    part = past_ms / (t_ms[i + 1] - t_ms[i])
                    x, y = x + part * (lon[i + 1] - x), y + part * (lat[i + 1] - y)
                elif past_ms > 0 and sog_kn[i] > 0.0 and cog_deg[i] >= 0.0:
                    x, y = step_along(x, y, cog_deg[i], sog_kn[i] * KN_MS * past_ms / 1000.0)
                out[n]["step"], out[n]["vessel"] = step, vessel[i]
                out[n]["lon"], out[n]["lat"], out[n]["sog_kn"] = x, y, sog_kn[i]
            n += 1
            step += 1
    return n


def together(
    tracks: Tracks,
    points: NDArray[np.void],
    word: str,
    *,
    step_ms: int,
    within_m: float,
    for_ms: int,
    below_kn: float = np.inf,
) -> NDArray[np.void]:
    """Give both vessels of each pair that stays together long enough, once a run.

    Args:
        tracks: whose vessels these are.
        points: (k,) `POINT`, by step.
        word: of the rows.
        step_ms: of the grid.
        within_m: how near the two must be.
        for_ms: how long, from the first moment of a run to the last.
        below_kn: both must be slower than this.
    """
    points = points[~(points["sog_kn"] >= below_kn)]
    points = points[np.lexsort((points["lat"], points["step"]))]
    a, b = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for _ in range(2):  # count, then fill
        n = find_pairs(points["step"], points["lon"], points["lat"], within_m, a, b)
        if n > len(a):
            a, b = np.zeros(n, np.int64), np.zeros(n, np.int64)
    one, two = points["vessel"][a].astype(np.int64), points["vessel"][b].astype(np.int64)
    step = points["step"][a]
    order = np.lexsort((step, np.maximum(one, two), np.minimum(one, two)))
    a, b, one, two, step = a[order], b[order], one[order], two[order], step[order]
    new = np.ones(len(a), dtype=bool)
    low, high = np.minimum(one, two), np.maximum(one, two)
    new[1:] = (np.diff(low) != 0) | (np.diff(high) != 0) | (np.diff(step) > 1)
    found = first_held(np.arange(len(a)), step * step_ms, new, for_ms=for_ms)
    out = np.zeros(2 * len(found), dtype=ROW)
    at = np.concatenate([a[found], b[found]])
    out["mmsi"] = tracks.mmsi[tracks.first[points["vessel"][at]]]
    out["t_ms"], out["word"] = points["step"][at] * step_ms, word
    out["lon"], out["lat"] = points["lon"][at], points["lat"][at]
    return out


@kernel
def find_pairs(
    step: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    within_m: float,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
) -> int:
    """Write the pairs of points of one step that lie near each other.

    Args:
        step, lon, lat: (k,), by step and latitude.
        within_m: how near.
        a, b: indices of the pairs, written; where they are too short the rest is only counted.

    Returns:
        Pairs found.

    Cost: each point is held against those of its step within the same strip of latitude.
    """
    n = 0
    strip_deg = within_m / 110_000.0
    for i in range(step.shape[0]):
        k = i + 1
        while k < step.shape[0] and step[k] == step[i] and lat[k] - lat[i] <= strip_deg:
            if short_distance_m(lon[i], lat[i], lon[k], lat[k]) <= within_m:
                if n < a.shape[0]:
                    a[n], b[n] = i, k
                n += 1
            k += 1
    return n
