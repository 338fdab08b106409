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
from sargas.watch.median import smallest

MOST = 64
"""Others that are looked at; in the order of their slots, so the same for the same traffic."""


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
        if other["learned_min"] < p.cohort_known_min:
            continue
        if other["sog_kn"] < max(p.way_kn, (1.0 - p.max_loss_share) * other["own_kn"]):
            continue  # it is stopping: ports would look like gales
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
    return n, smallest(shares, n, math.ceil(0.75 * (n - 1))) if n > 0 else math.nan
