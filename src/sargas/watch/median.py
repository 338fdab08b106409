"""The median and other quantiles of a few values, for kernels, which make no arrays."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel


@kernel
def smallest(values: NDArray[np.float64], n: int, k: int) -> float:
    """Give the value that is `k` places from the smallest of the first `n`, by Hoare's selection.

    Args:
        values: changed in place: none before place `k` is greater, none behind it smaller.
        n: values that count, none of them NaN. k: 0 for the smallest, at most n - 1.

    Example:
        >>> smallest(np.array([3.0, 1.0, 2.0, 9.0]), 4, 2)
        3.0
    """
    low, high = 0, n - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return float(values[k])


@kernel
def median(values: NDArray[np.float64], n: int) -> float:
    """Give the median of the first `n` values, which are moved about; NaN for none.

    Example:
        >>> median(np.array([3.0, 1.0, 2.0, 9.0]), 3), median(np.array([3.0, 1.0, 2.0, 9.0]), 4)
        (2.0, 2.5)
    """
    if n == 0:
        return math.nan
    upper = smallest(values, n, n // 2)
    if n % 2 == 1:
        return upper
    lower = values[0]
    for i in range(1, n // 2):
        lower = max(lower, values[i])
    return float(0.5 * (lower + upper))
