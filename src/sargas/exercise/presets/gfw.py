"""`gfw`: segments, gaps, encounters and loitering of Global Fishing Watch.

Sources, by their figures (`detectors.md` 5): gpsdio-segment at 8109193, pipe-gaps at 9d9426e,
encounters_pipeline at f58feed with pipe-events at 8423429, pipe-loitering at 6d2c5e8.

- *Segments* (used by the two rules below): a fix joins a segment if its dead-reckoning miss d is at
  most 25 kn times hypot(h, 0.25), h hours after the segment's last fix; d is the lesser of the
  mean miss forward and backward over h / (1 + sqrt(h / 4)) and four times the distance.
- `gfw_gap`: 12 hours without a position; an open gap counts.
- `gfw_encounter`: places every 10 minutes, joined where the gap is under an hour, reckoned up to
  an hour past the ends; two vessels within 0.5 km for more than 2 hours, median speed under 2 kn,
  10 km or more from an anchorage.
- `gfw_loitering`: hours of a segment with a speed (distance by time) under 2 kn, joined; mean
  distance from shore 20 NM or more. One row where the first hour of a joined run is over.

Where the data differ: the segmenter is a light one: two segments of a number are kept open, as two
ships under one MMSI need; score among several, ambiguity, transponder mismatch and the noise
speeds are left out. Anchorages are harbours of the World Port Index, with the shore at 10 km
instead. Land distance is known to 20 km: 20 NM is asked as 20 km, which finds more. Each of both
slow, rather than their median, is asked for in encounters, and runs are not merged. They run by
day on cloud tables; here a row comes when its condition is met, to the advantage of their delay.
Reception is not modelled: `gfw.disabling` (50 NM offshore) has no place in the Baltic and is left
out.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.pairs import on_grid, together
from sargas.exercise.presets.tracks import KNOWN_LAND_M, ROW, Tracks, way_m
from sargas.model.geodesy import NM_M, short_distance_m, step_along
from sargas.model.jit import kernel
from sargas.model.time import HOUR_MS, MINUTE_MS

SHORE_M = 10_000.0
GRID_MS = 10 * MINUTE_MS


def find(tracks: Tracks) -> NDArray[np.void]:
    """Give gaps, encounters and loitering."""
    points = on_grid(
        tracks, ~(tracks.land_m < SHORE_M) & ~tracks.in_port, step_ms=GRID_MS, gap_ms=HOUR_MS,
        reckon_ms=HOUR_MS,
    )  # fmt: skip
    pairs = together(
        tracks, points, "gfw_encounter", step_ms=GRID_MS, within_m=500.0,
        for_ms=2 * HOUR_MS + GRID_MS, below_kn=2.0,
    )  # fmt: skip
    return np.concatenate([silences(tracks, 12 * HOUR_MS, "gfw_gap"), pairs, loitering(tracks)])


def silences(tracks: Tracks, for_ms: int, word: str) -> NDArray[np.void]:
    """Give every silence at the moment it has lasted, at the last place before it.

    Args:
        tracks: n rows.
        for_ms: how long a silence must be.
        word: of the rows.
    """
    if not len(tracks):
        return np.zeros(0, dtype=ROW)
    end_ms = int(tracks.t_ms.max())
    next_ms = np.append(tracks.t_ms[1:], end_ms)
    next_ms[tracks.first[1:] - 1] = end_ms
    out = tracks.rows(np.flatnonzero(next_ms - tracks.t_ms >= for_ms), word)
    out["t_ms"] += for_ms
    return out


def segments(tracks: Tracks) -> NDArray[np.int64]:
    """Number the segments: rows of one number belong to one vessel's one segment, (n,)."""
    out = np.zeros(len(tracks), np.int64)
    number(
        tracks.first, tracks.t_ms, tracks.lon, tracks.lat, tracks.sog_kn.astype(np.float64),
        tracks.cog_deg.astype(np.float64), out,
    )  # fmt: skip
    return out


@kernel
def number(
    first: NDArray[np.int64],
    t_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    sog_kn: NDArray[np.float64],
    cog_deg: NDArray[np.float64],
    out: NDArray[np.int64],
) -> None:
    """Join each fix to the open segment it misses least, or begin a new one.

    Args:
        first: (v + 1,) where each vessel begins. t_ms, lon, lat, sog_kn, cog_deg: (n,).
        out: (n,) written.
    """
    used = 0
    for v in range(first.shape[0] - 1):
        one, two = -1, -1  # last rows of the two open segments
        for i in range(first[v], first[v + 1]):
            to_one = share_of_limit(t_ms, lon, lat, sog_kn, cog_deg, one, i)
            to_two = share_of_limit(t_ms, lon, lat, sog_kn, cog_deg, two, i)
            if min(to_one, to_two) > 1.0:
                # The segment heard least recently makes room.
                if one >= 0 and (two < 0 or one >= two):
                    two = i
                else:
                    one = i
                out[i] = used
                used += 1
            elif to_one <= to_two:
                out[i] = out[one]
                one = i
            else:
                out[i] = out[two]
                two = i


@kernel
def share_of_limit(
    t_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    sog_kn: NDArray[np.float64],
    cog_deg: NDArray[np.float64],
    last: int,
    i: int,
) -> float:
    """Give by how much a fix misses a segment, as a share of what is allowed; 1 is the limit.

    Args:
        t_ms, lon, lat, sog_kn, cog_deg: (n,).
        last: the segment's last row, -1 for none. i: the fix.

    Source: gpsdio-segment at 8109193; its cross-track term is left out.
    """
    if last < 0:
        return math.inf
    h = (t_ms[i] - t_ms[last]) / 3.6e6
    reckoned_h = h / (1.0 + math.sqrt(h / 4.0))
    apart_m = short_distance_m(lon[last], lat[last], lon[i], lat[i])
    miss_m = 0.0
    for sign, a, b in ((1.0, last, i), (-1.0, i, last)):
        x, y = lon[a], lat[a]
        if sog_kn[a] > 0.0 and cog_deg[a] >= 0.0:
            x, y = step_along(x, y, cog_deg[a], sign * sog_kn[a] * NM_M * reckoned_h)
        miss_m += 0.5 * short_distance_m(x, y, lon[b], lat[b])
    return min(miss_m, 4.0 * apart_m) / NM_M / (25.0 * math.hypot(h, 0.25))


def loitering(tracks: Tracks) -> NDArray[np.void]:
    """Give each run of slow hours once, where its first hour is over."""
    if not len(tracks):
        return np.zeros(0, dtype=ROW)
    segment = segments(tracks)
    order = np.lexsort((tracks.t_ms, segment))
    lon, lat, t_ms = tracks.lon[order], tracks.lat[order], tracks.t_ms[order]
    number_of = segment[order]
    begin = np.flatnonzero(np.append(True, np.diff(number_of) != 0))
    metres = np.zeros(len(order))
    way_m(np.append(begin, len(order)), lon, lat, metres)
    took_ms = np.append(0, np.diff(t_ms))
    took_ms[begin], metres[begin] = 0, 0.0
    hour = t_ms // HOUR_MS
    edge = np.flatnonzero(np.append(True, (np.diff(number_of) != 0) | (np.diff(hour) != 0)))
    sums = [np.add.reduceat(c, edge) for c in (metres, took_ms)]
    shore = np.minimum(np.nan_to_num(tracks.land_m[order], nan=KNOWN_LAND_M), KNOWN_LAND_M)
    shore_m = np.add.reduceat(shore, edge) / np.diff(np.append(edge, len(order)))
    slow = (sums[1] > 0) & (sums[0] / NM_M < 2.0 * sums[1] / HOUR_MS)
    # Within a metre of where the known distance ends counts as beyond it.
    slow &= shore_m >= KNOWN_LAND_M - 1.0
    goes_on = np.zeros(len(edge), bool)
    goes_on[1:] = (
        slow[:-1] & (number_of[edge][1:] == number_of[edge][:-1]) & (np.diff(hour[edge]) == 1)
    )  # fmt: skip
    at = edge[slow & ~goes_on]
    out = tracks.rows(order[at], "gfw_loitering")
    out["t_ms"] = (hour[at] + 1) * HOUR_MS
    return out
