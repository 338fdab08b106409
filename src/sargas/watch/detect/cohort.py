"""The cohort of D1: what the other ships around, on a like course, have lost of their own speed.

A gale, ice or a speed limit slows everybody; an anchor slows one. What the others have lost, as a
share of their own speeds, is taken off before a loss is judged: the upper quartile, as small ships
lose more to the same sea than large ones. Where too few sail near on a like course, all ships of
a wider circle count, whatever their course: weather is wider than a lane.

Source: catalogue D1 (docs/detectors.md), which takes the median in knots of ships within 10 NM;
shares, the quartile and the wider circle are our own.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import NM_M, short_distance_m, wrapped
from sargas.model.jit import kernel
from sargas.watch.detect.drag_state import RING, Params

MOST = 64
"""Others that are looked at; in the order of their slots, so the same for the same traffic."""


@kernel
def median(values: NDArray[np.float64], n: int) -> float:
    """Give the median of the first `n` values, which are put in order; NaN for none.

    Example:
        >>> median(np.array([3.0, 1.0, 2.0, 9.0]), 3)
        2.0
    """
    for i in range(1, n):
        v, j = values[i], i
        while j > 0 and values[j - 1] > v:
            values[j] = values[j - 1]
            j -= 1
        values[j] = v
    if n == 0:
        return math.nan
    return float(0.5 * (values[(n - 1) // 2] + values[n // 2]))


@kernel
def _gather(
    state: NDArray[np.void],
    s: int,
    course: float,
    reach_m: float,
    course_deg: float,
    p: Params,
    shares: NDArray[np.float64],
) -> int:
    """Note what the others within reach have lost; gives how many there are."""
    row = state[s]
    lon, lat, minute = row["lon"], row["lat"], row["minute"]
    n = 0
    for o in range(state.shape[0]):
        other = state[o]
        if other["own_kn"] < p.min_speed_kn or minute - other["minute"] > p.cohort_min:
            continue
        if abs(other["lat"] - lat) * 110_500.0 > reach_m or o == s:
            continue
        if other["learned_min"] < p.cohort_known_min or other["sog_kn"] < p.way_kn:
            continue
        off = wrapped(other["cogs"][other["minute"] % RING] - course)
        if not math.isnan(course) and not abs(off) <= course_deg:
            continue
        if short_distance_m(lon, lat, other["lon"], other["lat"]) > reach_m:
            continue
        shares[n] = (other["own_kn"] - other["sog_kn"]) / other["own_kn"]
        n += 1
        if n == MOST:
            break
    return n


@kernel
def cohort_loss(
    state: NDArray[np.void], s: int, course: float, p: Params, shares: NDArray[np.float64]
) -> tuple[int, float]:
    """Find the others around a vessel and what they have lost.

    Args:
        state: (slots,) `STATE` of D1, all of the same minute. s: the vessel's slot.
        course: its course, degrees; NaN takes all courses.
        shares: (MOST,) scratch.

    Returns:
        (how many others, the upper quartile of the shares of their own speed that they have lost;
        NaN for none).

    Cost: O(slots), some 2 ns a slot.
    """
    n = _gather(state, s, course, p.cohort_nm * NM_M, p.cohort_deg, p, shares)
    if n < p.cohort_ships:
        n = _gather(state, s, math.nan, p.cohort_wide_nm * NM_M, 180.0, p, shares)
    median(shares, n)  # puts them in order
    return n, shares[math.ceil(0.75 * (n - 1))] if n > 0 else math.nan
