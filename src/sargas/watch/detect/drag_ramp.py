"""How a speed fell: a level, a steady fall, and a level again, laid through the last minutes.

An anchor that bites takes its speed within minutes and then holds it there; slow steaming and
weather take it over half an hour or more, and a ship that makes for its berth goes on slowing.
The curve with three pieces that fits the minutes best (least squares, over all its ends and a few
lengths of the fall) says how much was lost, how long it took, and whether it is over: whether a
fall that still goes on would fit as well.

Source: our own; falls of 2-15 minutes for anchors from docs/detectors.md, catalogue section 6.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel

WINDOW = 75
"""Minutes that are looked at: an hour of fall and some before it."""
FALLS_MIN = np.array([1, 3, 5, 7, 9, 11, 13, 15, 17, 20, 24, 28, 33, 40, 50, 60])
"""Lengths of the fall that are tried; finer than noise of speed tells apart."""
LEAST_BEFORE = 5
"""Minutes that the first level lasts at least."""
STILL_MIN = 1
"""A fall that ended no longer ago counts as one that goes on."""


class Ramp(NamedTuple):
    """The best curve through the last minutes.

    Attributes:
        before_kn: the first level. lost_kn: how far it fell; 0 where nothing fell.
        fall_min: how long it took. since_min: minutes since it was over.
        heard_min: of these, minutes heard.
        error: sum of squares that the curve leaves, kn^2.
        quick_error: that of the best whose fall took up to the limit; slow_error: of the others.
        falling_error: of the best whose fall goes on.
    """

    before_kn: float
    lost_kn: float
    fall_min: float
    since_min: float
    heard_min: float
    error: float
    quick_error: float
    slow_error: float
    falling_error: float


@kernel
def fit_ramp(
    kn: NDArray[np.float64],
    quick_min: float,
    heard: NDArray[np.float64],
    summed: NDArray[np.float64],
) -> Ramp:
    """Fit the curve.

    Args:
        kn: (WINDOW,) mean speed of each minute, the last one last; NaN where nothing was heard.
        quick_min: up to how long a fall is quick.
        heard, summed: (WINDOW + 1,) scratch.

    Returns:
        The best curve; errors are inf where no curve of that sort fell.

    Cost: some 20 us.

    Example:
        >>> kn = np.full(WINDOW, 12.0)
        >>> kn[50:55] = 11.4, 10.8, 10.2, 9.6, 9.0
        >>> kn[55:] = 9.0
        >>> ramp = fit_ramp(kn, 15.0, np.empty(WINDOW + 1), np.empty(WINDOW + 1))
        >>> round(ramp.before_kn), round(ramp.lost_kn), ramp.fall_min, ramp.since_min
        (12, 3, 5.0, 20.0)
    """
    heard[0] = summed[0] = squares = 0.0
    for j in range(WINDOW):
        is_heard = not math.isnan(kn[j])
        v = kn[j] if is_heard else 0.0
        heard[j + 1] = heard[j] + (1.0 if is_heard else 0.0)
        summed[j + 1] = summed[j] + v
        squares += v * v
    m, sy = heard[WINDOW], summed[WINDOW]
    error = quick = slow = falling = math.inf
    before = lost = fall = since = 0.0
    for r in FALLS_MIN:
        for e in range(WINDOW - LEAST_BEFORE - r + 1):
            # Weights are 0 before the fall, 1 after it, and k / r in its k-th minute.
            start, end = WINDOW - e - r, WINDOW - e
            sw = sw2 = heard[WINDOW] - heard[end - 1]
            swy = summed[WINDOW] - summed[end - 1]
            for j in range(start, end - 1):
                if not math.isnan(kn[j]):
                    w = (j + 1 - start) / r
                    sw += w
                    sw2 += w * w
                    swy += w * kn[j]
            spread = m * sw2 - sw * sw
            if spread < 1e-9:
                continue
            d = (sw * sy - m * swy) / spread
            if d <= 0.0:
                continue
            a = (sy + d * sw) / m
            left = squares - a * sy + d * swy
            if left < error:
                error, before, lost, fall, since = left, a, d, float(r), float(e)
            if r <= quick_min:
                quick = min(quick, left)
            else:
                slow = min(slow, left)
            if e <= STILL_MIN:
                falling = min(falling, left)
    since_heard = heard[WINDOW] - heard[WINDOW - int(since)]
    return Ramp(before, lost, fall, since, since_heard, error, quick, slow, falling)
