"""Quantiles in kernels, against numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sargas.watch.median import median, smallest

VALUES = st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=80)


@given(VALUES, st.integers(0, 79))
def test_any_place_is_that_of_the_sorted_values(values, place):
    k = place % len(values)
    moved = np.array(values)
    assert smallest(moved, len(values), k) == sorted(values)[k]
    assert sorted(moved) == sorted(values)


@given(VALUES)
def test_the_median_is_that_of_numpy(values):
    assert median(np.array(values), len(values)) == np.median(values)


def test_only_the_first_values_count_and_none_gives_nothing():
    assert median(np.array([5.0, 1.0, 3.0, np.nan]), 3) == 3.0
    assert np.isnan(median(np.empty(4), 0))
