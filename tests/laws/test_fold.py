"""Law 2 (live equals replay), law 3 (replay adds nothing), law 4 (nothing vanishes)."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StateVersionError
from sargas.model.assets import AssetSet
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.reference import shipped_assets, shipped_geography
from sargas.watch.detect.drag import DragOnset
from sargas.watch.fold import Watch
from sargas.watch.rules import load_rules
from tests.watch.tracks import T0, Track, batch, statics, watch

LATENESS_MS = 60_000


@functools.cache
def traffic() -> Batch:
    """A few hours of hand-made traffic in which every detector has something to see."""
    lane = Track(230_000_001, 20.0, 57.4, every_s=30).sail(200, sog_kn=12, cog_deg=215)
    drag = Track(230_000_002, 20.3, 57.9, every_s=30)
    drag.sail(90, sog_kn=11, cog_deg=220).sail(15, sog_kn=11, to_kn=8, cog_deg=220)
    drag.sail(60, sog_kn=8, cog_deg=220)
    slow = Track(230_000_003, 26.26, 59.93, every_s=30, noise_kn=0.0)
    slow.sail(60, sog_kn=1.0, cog_deg=235).sail(60, sog_kn=9, cog_deg=235)
    gone = Track(230_000_004, 20.1, 57.5, every_s=60).sail(70, sog_kn=13, cog_deg=210)
    gone.silent(80, sog_kn=13, cog_deg=210).sail(30, sog_kn=13, cog_deg=210)
    twins = Track(230_000_005, 18.9, 57.0, every_s=60).sail(100, sog_kn=5, cog_deg=90)
    other = Track(230_000_005, 24.5, 59.8, every_s=60, seed=2).sail(100, sog_kn=6, cog_deg=80)
    near = [
        Track(230_000_010 + k, 20.0 + k / 20, 57.3, every_s=60).sail(200, sog_kn=9, cog_deg=200)
        for k in range(4)
    ]
    said = [
        statics(230_000_001, name=b"LANE", ship_type=70, length_m=120),
        statics(230_000_002, name=b"DRAG", ship_type=80, length_m=200, imo=9329760),
        statics(230_000_002, T0 + 5_000_000, name=b"RENAMED", ship_type=80, length_m=200),
    ]
    parts = [lane, drag, slow, gone, twins, other, *near]
    return batch(*(t.fixes() for t in parts), *said)


def fold(parts: list[Batch], *, save: bool = False) -> list[str]:
    """Fold batches one by one and give every alert version as text."""
    w = watch(lateness_ms=LATENESS_MS)
    out = []
    for part in parts:
        if save:
            state = w.dump()
            w = watch(lateness_ms=LATENESS_MS)
            w.load(state)
        out += w.push(part).alerts
    out += w.flush().alerts
    return [a.to_json() for a in out]


@functools.cache
def whole() -> tuple[str, ...]:
    return tuple(fold([traffic()]))


def cut(rows: Batch, at: list[int]) -> list[Batch]:
    """Cut a batch at row numbers of its fixes; the statics go in front."""
    edges = [0, *sorted(at), len(rows.fixes)]
    parts = [
        Batch(rows.fixes.take(slice(a, b)), Statics.empty()) for a, b in itertools.pairwise(edges)
    ]
    return [Batch(Fixes.empty(), rows.statics), *parts]


def test_the_traffic_gives_alerts_of_several_detectors() -> None:
    words = {text.split('"detector": "')[1].split('"')[0] for text in whole()}
    assert {"drag_onset", "slow_in_corridor", "gap", "position_integrity"} <= words


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, len(traffic().fixes)), max_size=8), st.booleans())
def test_any_cut_with_or_without_saved_state_gives_the_same_alerts(
    at: list[int], save: bool
) -> None:
    assert tuple(fold(cut(traffic(), at), save=save)) == whole()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_any_arrival_order_within_the_lateness_gives_the_same_alerts(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    fixes = traffic().fixes
    arrival = np.argsort(fixes.t_ms + rng.integers(0, LATENESS_MS - 1000, len(fixes)))
    late = Batch(fixes.take(arrival), traffic().statics)
    at = sorted(rng.integers(0, len(fixes), n).tolist())
    assert tuple(fold(cut(late, at))) == whole()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def test_copies_from_other_stations_change_no_alert(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fixes = traffic().fixes
    rows = np.flatnonzero(rng.random(len(fixes)) < 0.4)
    copies = fixes.take(rows)
    columns = copies.columns() | {
        "t_ms": copies.t_ms + rng.integers(0, 9000, len(rows)),
        "station": rng.integers(0, 9, len(rows)),
    }
    both = Fixes.concat([fixes, Fixes(**columns)])
    both = both.take(np.argsort(both.t_ms, kind="stable"))
    assert tuple(fold([Batch(both, traffic().statics)])) == whole()


def test_the_same_again_adds_no_alert() -> None:
    w = watch(lateness_ms=LATENESS_MS)
    first = [*w.push(traffic()).alerts, *w.flush().alerts]
    again = watch(lateness_ms=LATENESS_MS)
    second = [*again.push(traffic()).alerts, *again.flush().alerts]
    assert [a.id for a in first] == [a.id for a in second]
    assert len({(a.id, a.version) for a in first}) == len(first)


def test_every_row_is_folded_or_counted() -> None:
    w = watch(lateness_ms=LATENESS_MS)
    rows = traffic().fixes
    untimed = Fixes.build(3, subject_id=[1, 2, 3], t_ms=np.full(3, np.iinfo(np.int64).min))
    w.push(Batch(Fixes.concat([rows, untimed]), traffic().statics))
    late = w.push(Batch(rows.take(slice(0, 10)), Statics.empty())).late
    w.flush()
    tally = w.tally()
    before = ("time_missing", "late", "time_ahead")
    verdicts = sum(n for name, n in tally.items() if name not in before)
    assert tally["time_missing"] == 3
    assert tally["late"] == len(late.fixes) == 10
    assert verdicts == len(rows)


def test_a_clock_that_runs_ahead_makes_nobody_late() -> None:
    rows = traffic().fixes
    wrong = rows.take(slice(40, 43))
    columns = wrong.columns() | {"t_ms": wrong.t_ms + 5 * 3_600_000}
    mixed = Fixes.concat([rows.take(slice(0, 100)), Fixes(**columns), rows.take(slice(100, None))])
    w = watch(lateness_ms=LATENESS_MS)
    for part in Batch(mixed, traffic().statics).chunks(50):
        w.push(part)
    assert w.tally()["late"] == 0
    assert w.tally()["time_ahead"] == 3


def test_a_clock_that_runs_ahead_from_the_start_makes_nobody_late() -> None:
    rows = traffic().fixes
    wrong = Fixes(**(rows.take(slice(40, 41)).columns() | {"t_ms": rows.t_ms[40:41] + 10**10}))
    w = watch(lateness_ms=LATENESS_MS)
    for part in Batch(Fixes.concat([wrong, rows]), traffic().statics).chunks(50):
        w.push(part)
    assert w.tally()["late"] == 0


def test_one_clock_that_is_years_off_costs_no_tick_for_every_minute_of_them() -> None:
    rows = traffic().fixes
    alone = rows.take(slice(40, 41))
    ticks: list[int] = []

    class Counted(DragOnset):
        def run_tick(self, t_ms: int, start: int, events: object, n: int) -> tuple[int, int]:
            ticks.append(t_ms)
            return super().run_tick(t_ms, start, events, n)  # type: ignore[arg-type]

    for years in (-50, 50, 3000):
        wrong = Fixes(**(alone.columns() | {"t_ms": alone.t_ms + years * 31_557_600_000}))
        w = watch(lateness_ms=LATENESS_MS, detectors=(Counted,))
        w.push(Batch(Fixes.concat([rows, wrong]), traffic().statics))
        w.flush()
        assert sum(n for name, n in w.tally().items() if name != "time_ahead") == len(rows) + 1
    assert len(ticks) < 15_000


def test_a_state_is_not_taken_up_over_other_rules_assets_or_detectors(tmp_path: Path) -> None:
    """Its numbers would stand for other assets there."""
    w = watch()
    w.push(traffic())
    state = w.dump()
    other = tmp_path / "rules.toml"
    other.write_text("[gap]\njudge_min = 61\n")
    fewer = AssetSet(shipped_assets().assets[1:])
    for wrong in (
        watch(rules=load_rules(other)),
        watch(detectors=(DragOnset,)),
        Watch(fewer, shipped_geography()),
    ):
        with pytest.raises(StateVersionError, match="other rules, assets or detectors"):
            wrong.load(state)


def test_a_state_taken_up_by_a_watch_in_use_leaves_nothing_of_before() -> None:
    one = Batch(traffic().fixes, Statics.empty())
    others = {"subject_id": one.fixes.subject_id + np.uint32(1000)}
    two = Batch(Fixes(**(one.fixes.columns() | others)), Statics.empty())
    first, used = watch(lateness_ms=LATENESS_MS), watch(lateness_ms=LATENESS_MS)
    first.push(one)
    used.push(two)
    assert used.identity(0, T0).mmsi == first.identity(0, T0).mmsi + 1000
    state = first.dump()
    used.load(state)
    assert used.identity(0, T0).mmsi == first.identity(0, T0).mmsi
    assert [a.to_json() for a in used.flush().alerts] == [a.to_json() for a in first.flush().alerts]
