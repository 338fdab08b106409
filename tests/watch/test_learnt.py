"""Reception, learnt: what is counted, what a silence is worth, what a watch hands to the next."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.reference import shipped_geography
from sargas.watch.detect.cells import CellTable, number_in, number_of_key
from sargas.watch.detect.gap import Gap
from sargas.watch.detect.learnt import (
    KEYS_A_CELL,
    LEARNT,
    class_of,
    log10_missed,
    quarter_of,
)
from sargas.watch.detect.reception import cell_key
from sargas.watch.fold import Watch
from tests.watch import laws
from tests.watch.test_gap import LOST, around, of, run
from tests.watch.tracks import MINUTE, T0, Track

LAT = 57.25
"""The middle of a row of cells."""
TEXT = "a class A vessel there is received in 100 of 100 minutes"


def lane(**options):
    """Vessels to and fro, all in one row of cells."""
    each = [around(lat=LAT - 0.03, mmsi=230_001_000 + 100 * k, **options) for k in range(2)]
    return each[0] + each[1]


def vessel(minutes=60.0, *, lon=19.5, **options):
    return Track(lon=lon, lat=LAT, **options).sail(minutes, sog_kn=10, cog_deg=90)


@pytest.mark.parametrize(("heard", "missed", "n"), [(0, 0, 45), (300, 0, 45), (90, 30, 12)])
def test_the_chance_is_the_beta_binomial(heard, missed, n):
    """Each minute more is missed with the chance known so far: (b + k) / (a + b + k)."""
    chance = math.prod((missed + 1 + k) / (heard + missed + 2 + k) for k in range(n))
    assert log10_missed(heard, missed, n) == pytest.approx(math.log10(chance))


@given(heard=st.floats(0, 2e4), missed=st.floats(0, 2e4), n=st.integers(1, 500))
def test_a_longer_silence_is_never_more_likely(heard, missed, n):
    assert log10_missed(heard, missed, n + 1) <= log10_missed(heard, missed, n) <= 0


def test_a_cell_never_sailed_makes_no_alert_of_any_silence_that_is_judged():
    assert log10_missed(0, 0, 24 * 60) > -4


def test_classes_and_quarters():
    assert [class_of(t) for t in (1, 3, 18, 19, 27, 0, 5)] == [0, 0, 1, 1, -1, -1, -1]
    assert [quarter_of(h * 3_600_000) for h in (0, 5.9, 6, 23.9, 30)] == [1, 1, 2, 4, 2]


def learnt(*parts):
    """Fold parts and give minutes heard, missed and visits by cell, class and quarter."""
    w = laws.new_watch(Gap)
    w.push(laws.whole(*parts))
    w.flush()
    rows = w.learnt_reception()
    return {int(r["key"]): (r["heard"], r["missed"], int(r["visits"])) for r in rows}


def total(rows, quarter=0):
    kept = [v for key, v in rows.items() if key % (KEYS_A_CELL // 2) == quarter]
    return tuple(float(sum(v[k] for v in kept)) for k in range(2))


def test_every_minute_between_two_fixes_of_a_run_is_due():
    """Heard each minute for 30; silent for 9; heard each minute for 30."""
    t = Track(every_s=60).sail(30, sog_kn=10, cog_deg=90).silent(9, sog_kn=10, cog_deg=90)
    rows = learnt(t.sail(30, sog_kn=10, cog_deg=90).fixes())
    assert total(rows) == total(rows, quarter_of(T0)) == (59, 9)
    assert cell_key(20.01, 57.0) * KEYS_A_CELL in rows


def test_a_silence_at_another_speed_or_too_long_teaches_nothing():
    detour = Track(every_s=60).sail(30, sog_kn=10, cog_deg=90).silent(30, sog_kn=3, cog_deg=90)
    assert total(learnt(detour.sail(30, sog_kn=10, cog_deg=90).fixes())) == (58, 0)
    long = Track(every_s=60).sail(30, sog_kn=10, cog_deg=90).silent(130, sog_kn=10, cog_deg=90)
    assert total(learnt(long.sail(30, sog_kn=10, cog_deg=90).fixes())) == (58, 0)


def test_vessels_that_stand_and_classes_unknown_teach_nothing():
    assert learnt(Track(every_s=60).sail(60, sog_kn=0.2, cog_deg=90).fixes()) == {}
    fixes = Track(every_s=60).sail(60, sog_kn=9, cog_deg=90).fixes()
    fixes.msg_type[:] = 0
    assert learnt(fixes) == {}


def test_where_it_is_not_learnt_the_alert_says_so():
    (a,) = of(run(vessel().fixes(), *lane())[0])
    assert any("reception is not learnt along its way yet" in s for s in a.against)
    assert "of 100 minutes" not in a.text


def test_where_it_is_learnt_the_alert_gives_the_share_and_the_counts():
    """Two hours of lane traffic first: each cell has its 240 minutes and more."""
    late = vessel(mmsi=230_000_001, t_ms=T0 + 180 * MINUTE).fixes()
    (a,) = of(run(late, *lane(minutes=330))[0])
    assert TEXT in a.text
    assert "minutes learnt)" in a.context["coverage"]
    assert not any("not learnt" in s for s in a.against)
    by = {r.feature: r for r in a.why}
    chance = by["chance that reception alone gives such a silence"]
    assert (chance.unit, chance.threshold, chance.passed) == ("in 10,000", 1.0, True)
    assert "share of the reckoned way where others were received" not in by


def seldom(t, keep_one_in):
    """Keep one fix in so many."""
    return t.fixes().take(np.arange(0, len(t.rows), keep_one_in))


def test_where_reception_is_poor_a_silence_is_counted_not_raised():
    """Others are heard one minute in fifteen: to miss 50 in a row is nothing."""
    others = [
        seldom(Track(230_001_000 + k, 19.2 + 0.1 * k, 57.22 + 0.01 * (k % 5), T0 + k * MINUTE, 60.0)
               .sail(240, sog_kn=8, cog_deg=90), 15)
        for k in range(20)
    ]  # fmt: skip
    late = vessel(20, lon=19.9, t_ms=T0 + 100 * MINUTE).fixes()
    alerts, counts = run(late, *others)
    assert of(alerts) == []
    assert counts["reception_poor"] == 1


def test_a_watch_begins_with_what_another_learnt():
    first = laws.new_watch(Gap)
    first.push(laws.whole(*lane(minutes=330)))
    first.flush()
    known = first.learnt_reception()
    fresh = Watch(laws.sea(), shipped_geography(), detectors=(Gap,), reception=known)
    (a,) = of(run(vessel().fixes(), *lane(), watch=fresh)[0])
    assert TEXT in a.text


def by_station(fixes, station):
    fixes.station[:] = station
    return fixes


def test_a_receiver_that_fails_makes_no_gaps_of_the_vessels_it_heard():
    """All in the lane were heard by 7; it fails at 10:00, others near by are heard by 8."""
    fails = T0 + 240 * MINUTE
    ours = [by_station(p.take(p.t_ms < fails), 7) for p in lane(minutes=400)]
    late = by_station(vessel(60, t_ms=fails - LOST).fixes(), 7)
    theirs = [
        by_station(Track(230_002_000 + k, 19.4 + 0.2 * k, 57.28, every_s=60)
                   .sail(400, sog_kn=0.5, cog_deg=90).fixes(), 8)
        for k in range(8)
    ]  # fmt: skip
    alerts, counts = run(late, *ours, *theirs)
    assert alerts == []
    assert counts["receiver_not_running"] >= 8


def by_feed(fixes, number):
    fixes.src_id[:] = number
    return fixes


@pytest.mark.parametrize(("number", "expected"), [(1001, 0), (1000, 1), (1, 1)])
def test_a_live_feed_that_fails_makes_no_gaps_of_the_vessels_it_brought(number, expected):
    """Nothing is learnt yet; one vessel's feed falls silent with it, the others are heard by 1000.

    Where its rows are of the feed that runs, or of a file, the same silence is a gap.
    """
    silent = by_feed(vessel(60).fixes(), number)
    others = [by_feed(p, 1000) for p in lane()]
    alerts, counts = run(silent, *others)
    assert len(of(alerts)) == expected
    assert counts["receiver_not_running"] == 1 - expected


def test_the_table_grows_and_comes_back_as_it_was():
    table = CellTable(LEARNT, 4)
    for k in range(1000):
        table.make_room(1)
        table.rows[number_of_key(table.cells, k * 7919)]["heard"] = k
    again = CellTable(LEARNT, 4)
    again.load(table.dump())
    assert again.count == table.count == 1000
    assert all(number_in(again.cells, k * 7919) == k for k in range(1000))
    assert again.rows["heard"][:1000].tolist() == list(range(1000))
    assert number_in(again.cells, 1) == -1


def scene():
    late = [vessel(40, mmsi=230_000_001 + k, t_ms=T0 + (150 + 9 * k) * MINUTE, every_s=30,
                   lon=19.5 + 0.1 * k, seed=k) for k in range(3)]  # fmt: skip
    late[1].silent(70, sog_kn=10, cog_deg=90).sail(8, sog_kn=10, cog_deg=90)
    return laws.whole(*(t.fixes() for t in late), *lane(minutes=310, every_s=120))


def scene_lines():
    w = laws.new_watch(Gap)
    out = laws.fold_in_cuts(w, scene(), [])
    return [*out, w.learnt_reception().tobytes().hex()]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    *once, _ = scene_lines()
    assert len(once) == 4
    assert any("of 100 minutes" in a for a in once)
    cuts = laws.random_cuts(len(scene().fixes), rng)
    got = laws.fold_in_cuts(
        laws.new_watch(Gap), scene(), cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_learnt", "scene_lines") == scene_lines()
