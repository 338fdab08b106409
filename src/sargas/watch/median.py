"""The median of a few values, for kernels, which make no arrays of their own."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel


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
