"""How a speed fell: the curve of three pieces, against numpy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.watch.detect.drag_ramp import FALLS_MIN, LEAST_BEFORE, WINDOW, Ramp, fit_ramp
from tests.watch.laws import interpreted

QUICK_MIN = 15.0


def fitted(kn: np.ndarray) -> Ramp:
    return fit_ramp(kn, QUICK_MIN, np.empty(WINDOW + 1), np.empty(WINDOW + 1))


def curve(before: float, lost: float, fall: int, since: int) -> np.ndarray:
    """A level, a fall that ended `since` minutes ago, and a level."""
    k = np.arange(1, WINDOW + 1) - (WINDOW - since - fall)
    return before - lost * np.clip(k / fall, 0.0, 1.0)


def by_numpy(kn: np.ndarray) -> tuple[float, float, float]:
    """The least error of all curves, of the quick ones, of those that go on: solved one by one."""
    known = ~np.isnan(kn)
    best = quick = going = math.inf
    for fall in FALLS_MIN:
        for since in range(WINDOW - LEAST_BEFORE - fall + 1):
            w = (1.0 - curve(1.0, 1.0, fall, since))[known]
            if w.max() - w.min() < 1e-9:
                continue
            m = np.column_stack([np.ones(len(w)), -w])
            solved, *_ = np.linalg.lstsq(m, kn[known], rcond=None)
            if solved[1] <= 0.0:
                continue
            error = float(((kn[known] - m @ solved) ** 2).sum())
            best = min(best, error)
            quick = min(quick, error if fall <= QUICK_MIN else math.inf)
            going = min(going, error if since <= 1 else math.inf)
    return best, quick, going


@given(st.sampled_from(list(FALLS_MIN[:13])), st.integers(2, 30), st.floats(0.5, 6.0))
def test_a_clean_fall_is_read_as_it_was(fall, since, lost):
    ramp = fitted(curve(12.0, lost, int(fall), since))
    assert (ramp.fall_min, ramp.since_min, ramp.heard_min) == (fall, since, since)
    assert ramp.before_kn == pytest.approx(12.0)
    assert ramp.lost_kn == pytest.approx(lost)
    assert ramp.error == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_errors_are_those_of_least_squares(seed):
    rng = np.random.default_rng(seed)
    kn = curve(11.0, 2.0, 9, 12) + rng.normal(0, 0.3, WINDOW)
    kn[rng.choice(WINDOW, 30, replace=False)] = np.nan
    ramp = fitted(kn)
    best, quick, going = by_numpy(kn)
    assert ramp.error == pytest.approx(best, rel=1e-6)
    assert ramp.quick_error == pytest.approx(quick, rel=1e-6)
    assert ramp.falling_error == pytest.approx(going, rel=1e-6)
    assert min(ramp.quick_error, ramp.slow_error) == ramp.error


def test_a_fall_that_goes_on_is_not_over():
    ramp = fitted(12.0 - 0.2 * np.clip(np.arange(WINDOW) - 50, 0, None))
    assert ramp.falling_error <= 1.3 * ramp.error + 1e-9


def test_half_an_hour_of_slowing_is_not_quick():
    rng = np.random.default_rng(1)
    ramp = fitted(curve(12.0, 3.0, 33, 10) + rng.normal(0, 0.1, WINDOW))
    assert ramp.slow_error < ramp.quick_error
    assert ramp.fall_min >= 28


@pytest.mark.parametrize("kn", [np.full(WINDOW, 11.0), np.full(WINDOW, np.nan),
                                np.linspace(8.0, 12.0, WINDOW)])  # fmt: skip
def test_where_nothing_fell_nothing_is_lost(kn):
    ramp = fitted(kn)
    assert ramp.lost_kn == pytest.approx(0.0, abs=1e-6)


def few() -> list[str]:
    rng = np.random.default_rng(2)
    return [f"{x:.9g}" for x in fitted(curve(12.0, 2.0, 7, 8) + rng.normal(0, 0.2, WINDOW))]


def test_interpreted_equals_compiled():
    assert interpreted("tests.watch.test_drag_ramp", "few") == few()
