"""`unexplained_stop`: stops that must be told, stops that must not, how they end, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.watch.detect.stop import UnexplainedStop
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track, statics

START = (20.3, 57.6)
"""The ship sails west from here; 33 km and more from both lines, 60 km from land."""


def stops(*parts):
    w = laws.new_watch(UnexplainedStop)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def track(at=START, way_min=70, cog=270, kn=12, slowing=10, **options):
    lon, lat = at
    t = Track(lon=lon, lat=lat, **{"every_s": 30, **options})
    return t.sail(way_min, sog_kn=kn, cog_deg=cog).sail(slowing, sog_kn=kn, to_kn=0.3, cog_deg=cog)


def test_a_stop_in_open_water_is_a_p3_that_says_what_was_before():
    t = track().sail(30, sog_kn=0.3, cog_deg=90)
    a, b = stops(t.sail(10, sog_kn=9, cog_deg=270).fixes(), statics(230_000_001, length_m=180))
    assert (a.detector, a.state, a.priority, a.asset) == ("unexplained_stop", "open", "P3", None)
    assert a.t_start_ms == pytest.approx(T0 + 80 * MINUTE, abs=MINUTE)
    assert a.t_detected_ms == pytest.approx(a.t_start_ms + 21 * MINUTE, abs=MINUTE)
    assert "stopped in open water at 07:20Z" in a.text
    assert "NM from land, after 76 minutes at 11.7 kn" in a.text
    assert "on course 270" in a.text
    assert "waiting for orders is the usual one" in a.text
    assert a.context["before"]["cog_deg"] == 270.0
    assert all(r.passed for r in a.why)
    assert {r.feature for r in a.why} >= {"length", "distance to land", "under way before"}
    assert (b.state, b.id) == ("closed", a.id)
    assert "it makes 9" in b.text


@pytest.mark.parametrize(
    ("options", "stop_min", "kn", "opens"),
    [({}, 18, 0.3, False), ({}, 23, 0.3, True), ({}, 40, 1.3, False),
     ({"way_min": 50}, 40, 0.3, False), ({"kn": 4}, 40, 0.3, False),
     ({"slowing": 100}, 40, 0.3, True), ({"slowing": 300}, 40, 0.3, False)],
)  # fmt: skip
def test_time_speed_and_way_gates(options, stop_min, kn, opens):
    t = track(noise_kn=0.02, **options).sail(stop_min, sog_kn=kn, cog_deg=90)
    assert bool(stops(t.sail(2, sog_kn=9, cog_deg=270).fixes())) is opens


@pytest.mark.parametrize("status", [1, 5, 6, 7])
def test_a_status_that_explains_it_raises_nothing(status):
    assert stops(track(nav_status=status).sail(60, sog_kn=0.1, cog_deg=90).fixes()) == []


def test_small_ships_class_b_and_the_coast_raise_nothing():
    fixes = track().sail(40, sog_kn=0.1, cog_deg=90).fixes()
    assert stops(fixes, statics(230_000_001, length_m=60)) == []
    (a,) = stops(fixes)
    assert "length unknown: it may be small" in a.against
    fixes.msg_type[:] = 18
    assert stops(fixes) == []
    ashore = track(at=(24.75, 59.30 + 0.42), cog=180, way_min=70, kn=8)  # to Tallinn bay
    assert stops(ashore.sail(40, sog_kn=0.1, cog_deg=90).fixes()) == []


def test_speed_stuck_at_zero_on_a_moving_ship_is_no_stop():
    t = track(noise_kn=0).sail(60, sog_kn=10, cog_deg=270, reported_kn=0.0)
    assert stops(t.fixes()) == []


def test_near_a_well_known_asset_it_is_a_p2():
    inside = track(at=(20.0, 57.23), cog=180, kn=10, way_min=76)
    (a,) = stops(inside.sail(30, sog_kn=0.2, cog_deg=90).fixes())
    assert (a.priority, a.asset.id) == ("P2", "alpha")
    assert "Alpha (power cable)" in a.text
    beyond = track(at=(20.0, 57.23), cog=180, kn=10, way_min=90)
    (a,) = stops(beyond.sail(30, sog_kn=0.2, cog_deg=90).fixes())
    assert (a.priority, a.asset) == ("P2", None)
    assert "km back on its way" in a.text
    assert a.context["assets_on_its_way"] == ["alpha"]
    far = track(at=(20.0, 57.23), cog=180, kn=10, way_min=120)
    (a,) = stops(far.sail(30, sog_kn=0.2, cog_deg=90).fixes())
    assert a.priority == "P3"


def test_an_ill_known_asset_makes_no_p2_and_is_told():
    t = track(at=(20.0, 57.53), cog=180, kn=10, way_min=76).sail(30, sog_kn=0.2, cog_deg=90)
    (a,) = stops(t.fixes())
    assert (a.priority, a.asset.id) == ("P3", "umbra")
    assert any("uncertain by ±3000 m" in s for s in a.against)


def test_one_stop_is_told_once_and_how_it_ends():
    t = track().sail(200, sog_kn=0.2, cog_deg=90)
    assert [a.state for a in stops(t.fixes())] == ["open"]
    fixes = [track().sail(40, sog_kn=0.2, cog_deg=90)]
    later = fixes[0]
    first = later.fixes()
    later.nav_status, later.rows = 1, []
    assert (
        "reports itself at anchor"
        in stops(first, later.sail(9, sog_kn=0, cog_deg=0).fixes())[-1].text
    )
    other = Track(mmsi=230_000_002, lon=19.0, lat=56.5, every_s=60).sail(
        240, sog_kn=10, cog_deg=200
    )
    a, b = stops(first, other.fixes())
    assert (b.state, b.priority) == ("closed", a.priority)
    assert "not received since 08:00Z" in b.text


def scene():
    """One that stops and sails on, one that falls silent, one inside a corridor."""
    return laws.whole(
        track().sail(30, sog_kn=0.3, cog_deg=90).sail(10, sog_kn=9, cog_deg=270).fixes(),
        track(mmsi=230_000_002, seed=2, at=(20.0, 57.23), cog=180, kn=10, way_min=76)
        .sail(200, sog_kn=0.3, cog_deg=0).fixes(),
        track(mmsi=230_000_003, seed=3, at=(20.6, 57.9), every_s=60)
        .sail(40, sog_kn=0.3, cog_deg=80).fixes(),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(UnexplainedStop), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 5
    got = laws.fold_in_cuts(
        laws.new_watch(UnexplainedStop), whole, cuts,
        reload_at=int(rng.integers(0, len(cuts) + 1)),
    )  # fmt: skip
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_stop", "scene_lines") == scene_lines()
