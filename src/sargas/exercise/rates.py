"""Numbers with their doubt: shares, rates and medians, each with a 95 % interval.

Sources: E. B. Wilson, JASA 22 (1927) 209, for shares; F. Garwood, Biometrika 28 (1936) 437, for
rates (exact, from the Poisson sum, found by bisection); B. Efron, Ann. Statist. 7 (1979) 1, for
medians (bootstrap, here over whole vessels, with a stated seed).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
"""97.5 % point of the normal distribution."""
DRAWS = 2000
SEED = 20261129


@dataclass(frozen=True)
class Estimate:
    """A number and the interval it is known to, 95 % two-sided; NaN where nothing is known."""

    value: float
    low: float
    high: float
    n: float
    unit: str

    @property
    def is_known(self) -> bool:
        """Whether there was anything to measure."""
        return not math.isnan(self.value)


def share(hits: int, of: int) -> Estimate:
    """Give a share with Wilson's interval; `n` is what it is a share of.

    Example:
        >>> e = share(81, 263)
        >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
        (0.308, 0.255, 0.366)
    """
    if of == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, "share")
    p, z2 = hits / of, Z95 * Z95
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Estimate(p, low, high, of, "share")


def rate(count: int, exposure: float, unit: str) -> Estimate:
    """Give a rate with Garwood's exact Poisson interval; `n` is the exposure.

    Example:
        >>> e = rate(10, 2.0, "a day")
        >>> e.value, round(e.low, 3), round(e.high, 3)
        (5.0, 2.398, 9.195)
    """
    if exposure <= 0.0:
        return Estimate(math.nan, math.nan, math.nan, 0.0, unit)
    low, high = poisson_limits(count, 0.025)
    return Estimate(count / exposure, low / exposure, high / exposure, exposure, unit)


def upper_rate(count: int, exposure: float) -> float:
    """Give the one-sided 95 % upper limit of a rate: what a goal "at most" is held against.

    Example:
        >>> round(upper_rate(0, 3000.0), 6)
        0.000999
    """
    return poisson_limits(count, 0.05)[1] / exposure if exposure > 0.0 else math.inf


def poisson_limits(count: int, tail: float) -> tuple[float, float]:
    """Find the means under which a count, or more, or less, has the probability `tail`.

    Returns:
        (lower, upper) limit of the mean.
    """
    upper = _root(_poisson_cdf(count), tail)
    if count == 0:
        return 0.0, upper
    return _root(_poisson_cdf(count - 1), 1.0 - tail), upper


def _poisson_cdf(count: int) -> Callable[[float], float]:
    """Give P(X <= count) as a function of a Poisson mean; from logarithms, so none overflows."""
    k = np.arange(count + 1)
    log_factorial = np.append(0.0, np.cumsum(np.log(np.arange(1, count + 1))))

    def cdf(mean: float) -> float:
        if mean == 0.0:
            return 1.0
        logs = k * math.log(mean) - mean - log_factorial
        top = float(logs.max())
        return min(1.0, math.exp(top) * float(np.exp(logs - top).sum()))

    return cdf


def _root(falling: Callable[[float], float], wanted: float) -> float:
    """Find by bisection where a falling function of a mean takes a value."""
    low, high = 0.0, 1.0
    while falling(high) > wanted:
        low, high = high, 2.0 * high
    for _ in range(80):
        middle = 0.5 * (low + high)
        if falling(middle) > wanted:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def quantile(values: Sequence[float], vessels: Sequence[str], q: float, unit: str) -> Estimate:
    """Give a quantile with a bootstrap interval, drawing whole vessels with what they hold.

    Args:
        values: what was measured; infinity for what never came.
        vessels: whose each value is.
        q: 0.5 for the median.
        unit: unit of the values.

    Example:
        >>> e = quantile([5.0, 7.0, 9.0, 20.0], list("abcd"), 0.5, "min")
        >>> e.value, e.low <= 8.0 <= e.high
        (8.0, True)
    """
    if not len(values):
        return Estimate(math.nan, math.nan, math.nan, 0, unit)
    value, who = np.asarray(values, dtype=np.float64), np.asarray(vessels)
    _, number = np.unique(who, return_inverse=True)
    order = np.argsort(number, kind="stable")
    groups = np.split(value[order], np.flatnonzero(np.diff(number[order])) + 1)
    drawn = np.random.default_rng(SEED).integers(0, len(groups), (DRAWS, len(groups)))
    if len(groups) == len(value):  # a value a vessel, by far the commonest
        found = _quantile(value[order][drawn], q)
    else:
        found = np.array([_quantile(np.concatenate([groups[k] for k in row]), q) for row in drawn])
    return Estimate(
        float(_quantile(value, q)), float(_quantile(found, 0.025)), float(_quantile(found, 0.975)),
        len(value), unit,
    )  # fmt: skip


def _quantile(values: NDArray[np.float64], q: float) -> NDArray[np.float64]:
    """Give a quantile between sorted values, along the last axis; infinite ones stay infinite.

    Args:
        values: (..., n) float64. q: 0 to 1.

    Returns:
        (...,) float64.
    """
    ordered = np.sort(values, axis=-1)
    at = q * (ordered.shape[-1] - 1)
    low, high = ordered[..., math.floor(at)], ordered[..., math.ceil(at)]
    part = at - math.floor(at)
    # Of two equal ones, and of infinities, no part may be taken.
    apart = np.where(np.isinf(low), 0.0, high) - np.where(np.isinf(low), 0.0, low)
    step: NDArray[np.float64] = low + (part * apart if part > 0.0 else 0.0)
    return step
