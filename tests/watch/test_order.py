"""The reorder buffer: whole minutes, canonical order, late rows handed back."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sargas.cli.reading import Source
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import MINUTE_MS
from sargas.watch.order import (
    AHEAD_MS,
    AHEAD_ROWS,
    Released,
    ReorderBuffer,
    follow_clock,
    minute_order,
    new_clock,
)

T0 = 1_735_120_000_000 // MINUTE_MS * MINUTE_MS


def rows(seed: int, n: int = 200, subjects: int = 4, minutes: int = 6) -> Fixes:
    """Rows with many ties in every key."""
    rng = np.random.default_rng(seed)
    return Fixes.build(
        n,
        subject_id=rng.integers(1, subjects + 1, n),
        t_ms=T0 + rng.integers(0, minutes * 6, n) * 10_000,
        payload_hash=rng.integers(0, 3, n),
        station=rng.integers(0, 3, n),
        arrival_seq=np.arange(n),
    )


def keys(fixes: Fixes) -> list[tuple[int, ...]]:
    columns = (fixes.t_ms // MINUTE_MS, fixes.subject_id, fixes.t_ms, fixes.payload_hash,
               fixes.station)  # fmt: skip
    return list(zip(*(c.tolist() for c in columns), strict=True))


@given(st.integers(0, 2**32 - 1))
def test_the_order_is_that_of_a_plain_sort(seed: int) -> None:
    fixes = rows(seed)
    assert keys(fixes.take(minute_order(fixes))) == sorted(keys(fixes))


def test_a_span_of_months_is_sorted_too() -> None:
    fixes = Fixes.build(3, subject_id=[2, 1, 1], t_ms=[T0, T0 + 100 * 86_400_000, T0])
    assert minute_order(fixes).tolist() == [2, 0, 1]


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 200), max_size=6))
def test_whole_minutes_come_out_once_in_order(seed: int, at: list[int]) -> None:
    fixes = rows(seed)
    fixes = fixes.take(np.argsort(fixes.t_ms, kind="stable"))
    buffer = ReorderBuffer(60_000)
    out, edges = [], [0, *sorted(at), len(fixes)]
    for a, b in itertools.pairwise(edges):
        released, late = buffer.push(Batch(fixes.take(slice(a, b)), Statics.empty()))
        assert len(late.fixes) == 0
        out += [released] if released else []
    last = buffer.flush()
    out += [last] if last else []
    spans = [(r.from_minute, r.to_minute) for r in out]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
    for r in out:
        minute = r.fixes.t_ms // MINUTE_MS
        assert len(minute) == 0 or r.from_minute <= minute.min() <= minute.max() < r.to_minute
    assert keys(Fixes.concat([r.fixes for r in out])) == sorted(keys(fixes))


def test_nothing_is_released_before_the_lateness_has_passed() -> None:
    buffer = ReorderBuffer(60_000)
    # The clock starts at the earliest of the first eight rows.
    t_ms = [T0] * 8 + [T0 + MINUTE_MS + 59_999]
    one = Fixes.build(9, subject_id=[1] * 9, t_ms=t_ms)
    assert buffer.push(Batch(one, Statics.empty()))[0] is None
    two = Fixes.build(1, subject_id=[1], t_ms=[T0 + 2 * MINUTE_MS])
    released, _ = buffer.push(Batch(two, Statics.empty()))
    assert released is not None
    assert released.fixes.t_ms.tolist() == [T0] * 8


def test_another_source_holds_the_watermark_back() -> None:
    buffer = ReorderBuffer(0)
    rows_ = Fixes.build(2, subject_id=[1, 1], t_ms=[T0, T0 + 5 * MINUTE_MS])
    assert buffer.push(Batch(rows_, Statics.empty()), until_ms=T0)[0] is None


def test_state_survives_saving() -> None:
    fixes = rows(1)
    whole, first = ReorderBuffer(60_000), ReorderBuffer(60_000)
    whole.push(Batch(fixes.take(slice(0, 90)), Statics.empty()))
    first.push(Batch(fixes.take(slice(0, 90)), Statics.empty()))
    second = ReorderBuffer(60_000)
    second.load(first.dump())
    for buffer in (whole, second):
        buffer.push(Batch(fixes.take(slice(90, None)), Statics.empty()))
    a, b = whole.flush(), second.flush()
    assert (a is None) == (b is None)
    assert whole.counts == second.counts
    if a is not None and b is not None:
        assert a.fixes == b.fixes


def test_a_files_clock_is_the_clock_of_the_buffer() -> None:
    """Both are written by the same kernel, which in compiled form would not notice a short one."""
    t_ms = T0 + np.array([9, 3, 5, 8, 4, 7, 6, 2, 1, 10, 10**9]) * 1000
    source, clock = Source("a file", 0), new_clock()
    assert source.clock.shape == clock.shape
    source.follow(t_ms)
    getattr(follow_clock, "py_func", follow_clock)(t_ms, clock, AHEAD_MS, AHEAD_ROWS)
    assert source.clock.tolist() == clock.tolist() == [T0 + 10_000, 1, 1]


def release(t_ms: list[int]) -> Released:
    fixes = Fixes.build(len(t_ms), subject_id=[1] * len(t_ms), t_ms=t_ms)
    buffer = ReorderBuffer(0)
    buffer.push(Batch(fixes, Statics.empty()))
    out = buffer.flush()
    assert out is not None
    return out


def test_empty_years_are_left_out_of_a_release() -> None:
    year = 366 * 24 * 60 * MINUTE_MS
    parts = release([T0, T0 + 30_000, T0 + year, T0 + 3 * year]).stretches(100)
    first = T0 // MINUTE_MS
    spans = [(p.from_minute - first, p.to_minute - first, len(p.fixes)) for p in parts]
    gone = year // MINUTE_MS
    assert spans == [(0, 101, 2), (gone, gone + 101, 1), (3 * gone, 3 * gone + 1, 1)]


@given(st.lists(st.integers(0, 400), min_size=1, max_size=9), st.integers(1, 60))
def test_no_row_and_no_minute_near_a_row_is_left_out(minutes: list[int], quiet: int) -> None:
    whole = release([T0 + m * MINUTE_MS + 7 for m in minutes])
    parts = whole.stretches(quiet)
    assert Fixes.concat([p.fixes for p in parts]).t_ms.tolist() == whole.fixes.t_ms.tolist()
    kept = [m for p in parts for m in range(p.from_minute, p.to_minute)]
    assert kept == sorted(set(kept))
    rows = [T0 // MINUTE_MS + m for m in minutes]
    wanted = range(whole.from_minute, whole.to_minute)
    assert set(kept) == {m for m in wanted if any(r <= m <= r + quiet for r in rows)}
    for p in parts:
        assert all(p.from_minute <= t // MINUTE_MS < p.to_minute for t in p.fixes.t_ms.tolist())
