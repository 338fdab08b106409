"""D9: silences in which an asset could have been reached, and those in which it could not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.watch.detect.gap import Gap
from sargas.watch.detect.visit import GapVisit
from tests.watch import laws
from tests.watch.test_gap import around
from tests.watch.tracks import MINUTE, T0, Track

OFF = T0 + 60 * MINUTE
SHIP = 230_000_001


def lanes(lat=57.05, **options):
    """Vessels heard all along, north of Alpha."""
    return [p for k in range(3)
            for p in around(lat=lat + 0.1 * k, mmsi=230_001_000 + 10 * k, **options)]  # fmt: skip


def ship(minutes, *, lat, at_kn=10.0, cog_deg=90.0):
    """Sail east for an hour at 10 kn, be silent, be heard again."""
    t = Track(SHIP, lon=19.6, lat=lat, every_s=30).sail(60, sog_kn=10, cog_deg=90)
    return t.silent(minutes, sog_kn=at_kn, cog_deg=cog_deg).sail(5, sog_kn=10, cog_deg=90)


def run(t, *, assets=None, **options):
    w = laws.new_watch(GapVisit, Gap, assets=assets)
    whole = laws.whole(t.fixes(), *lanes(**options))
    return [a for a in w.push(whole).alerts + w.flush().alerts if a.subject.mmsi == SHIP]


def visits(alerts):
    return [a for a in alerts if a.detector == "gap_visit"]


def test_a_long_silence_near_an_asset_is_a_p2_that_says_how_long():
    """120 minutes for 37 km, 9 km off Alpha: by way of it at 14 kn leaves time."""
    found = visits(run(ship(120, lat=57.08), minutes=260))
    a = found[0]
    assert (a.priority, a.state, a.asset.id) == ("P2", "open", "alpha")
    assert (a.t_start_ms, a.t_detected_ms) == (OFF, OFF + 120 * MINUTE + 30_000)
    assert "not received between 07:00Z and 09:00Z (2 h 00 min)" in a.text
    assert "long enough at 14 kn to have reached Alpha (power cable)" in a.text
    by = {r.feature: r for r in a.why}
    # By hand: 2 h at 14 kn are 51.9 km; over the cable and back they are 2 hypot(18.5, 8.9) km.
    spare = (51.86 - 2 * np.hypot(18.52, 8.91)) / (14 * 1.852 / 60)
    assert by["time to spare on the way over the asset"].value == pytest.approx(spare, abs=0.8)
    assert by["time to spare on the way over the asset"].passed


def test_it_closes_an_hour_later():
    found = visits(run(ship(120, lat=57.1), minutes=260))
    assert [a.state for a in found] == ["open", "closed"]
    assert found[0].id == found[1].id
    assert found[1].t_end_ms - found[0].t_detected_ms == pytest.approx(60 * MINUTE, abs=MINUTE)


def test_out_of_reach_nothing_is_said():
    assert visits(run(ship(60, lat=57.2), minutes=200)) == []


def test_a_silence_that_is_no_gap_is_no_visit():
    assert run(ship(40, lat=57.05), minutes=200) == []


def test_a_slow_way_counts_where_the_time_is_just_enough():
    """50 minutes at 5 kn, 6 km off: no 20 minutes to spare, but under 70 % of its speed."""
    (a, *_) = visits(run(ship(50, lat=57.055, at_kn=5), minutes=200))
    by = {r.feature: r for r in a.why}
    assert not by["time to spare on the way over the asset"].passed
    assert by["speed of a straight way between"].passed


def test_an_asset_known_badly_makes_a_note():
    (a, *_) = visits(run(ship(120, lat=57.25), assets=laws.sea(laws.UNCERTAIN), minutes=260))
    assert (a.priority, a.asset.id) == ("P3", "umbra")
    assert "asset position uncertain by ±3000 m" in a.text


def test_without_the_detector_of_gaps_it_finds_nothing():
    w = laws.new_watch(GapVisit)
    w.push(laws.whole(ship(120, lat=57.1).fixes(), *lanes(minutes=260)))
    assert w.flush().alerts == []


def test_the_words_never_accuse():
    (a, *_) = visits(run(ship(120, lat=57.1), minutes=260))
    for word in ("dark", "switched off", "disabled", "suspicious", "target"):
        assert word not in a.to_json().lower()


def scene():
    return laws.whole(ship(120, lat=57.1).fixes(), *lanes(minutes=260, every_s=120))


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(Gap, GapVisit), scene(), [])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    once = scene_lines()
    assert len(once) >= 4
    cuts = laws.random_cuts(len(scene().fixes), rng)
    got = laws.fold_in_cuts(
        laws.new_watch(Gap, GapVisit), scene(), cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_visit", "scene_lines") == scene_lines()
