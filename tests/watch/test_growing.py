"""Room for records: what was there stays, byte for byte, and the rest is zero."""

from __future__ import annotations

import numpy as np
import pytest

from sargas.watch.growing import with_room

KIND = np.dtype([("a", "i8"), ("b", "u1"), ("c", "f4", 3)])


@pytest.mark.parametrize("shape", [(0,), (5,), (5, 2)])
def test_what_was_there_stays_and_the_rest_is_zero(shape):
    rows = np.zeros(shape, KIND)
    rows.view(np.uint8)[:] = np.random.default_rng(1).integers(0, 256, rows.view(np.uint8).shape)
    grown = with_room(rows, 9)
    assert grown.shape == (9, *shape[1:])
    assert grown.dtype == KIND
    assert grown[: len(rows)].tobytes() == rows.tobytes()
    assert not any(grown[len(rows) :].tobytes())
    grown[:1] = np.zeros(1, KIND)[0]
    assert with_room(rows, 3) is rows or len(rows) < 3


def test_a_view_that_is_not_contiguous_is_copied_as_it_reads():
    rows = np.zeros(8, KIND)
    rows["a"] = range(8)
    assert with_room(rows[::2], 6)["a"].tolist() == [0, 2, 4, 6, 0, 0]
