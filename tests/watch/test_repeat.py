"""D7: to and fro over one asset, what is one passage only, how it ends, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.watch.detect.repeat import RepeatCrossing
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track, statics


def repeats(*parts, assets=None):
    w = laws.new_watch(RepeatCrossing, assets=assets)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def zigzag(legs, kn=6.0, leg_min=20, at=(20.0, 56.98), slant=20, **options):
    """Sail north and south over the line at 57 degrees, a little further east each time."""
    lon, lat = at
    t = Track(lon=lon, lat=lat, **{"every_s": 30, **options})
    for k in range(legs):
        t.sail(leg_min, sog_kn=kn, cog_deg=180 - slant if k % 2 else slant)
    return t


def test_three_crossings_to_and_fro_are_a_p2_that_counts_them():
    (a,) = repeats(zigzag(3).fixes())
    assert (a.detector, a.state, a.priority, a.asset.id) == (
        "repeat_crossing",
        "open",
        "P2",
        "alpha",
    )
    assert a.t_start_ms == pytest.approx(T0 + 13 * MINUTE, abs=2 * MINUTE)
    assert a.t_detected_ms == pytest.approx(T0 + 53 * MINUTE, abs=2 * MINUTE)
    assert "has crossed Alpha (power cable) 3 times to and fro since 06:1" in a.text
    assert "at 6.0 kn" in a.text
    assert all(r.passed for r in a.why)


@pytest.mark.parametrize(
    ("track", "opens"),
    [
        (lambda: zigzag(2), False),
        (
            lambda: zigzag(3, slant=75, at=(20.0, 56.996)),
            False,
        ),  # weaving along: each turn is 30 degrees
        (lambda: zigzag(3, slant=55, at=(20.0, 56.99)), True),
        (lambda: zigzag(3, at=(20.0, 56.9)), False),  # beside it
        (lambda: zigzag(8, kn=0.3, leg_min=20, at=(20.0, 56.9995)), False),  # at rest
        (lambda: zigzag(3, kn=12.0, leg_min=150, at=(20.0, 56.6)), False),  # 37 km further on
        (lambda: zigzag(4, kn=12.0, leg_min=60, at=(20.0, 56.9)), False),  # 20 km: a ferry's way
        (lambda: zigzag(3, kn=1.0, leg_min=240, at=(20.0, 56.98)), False),  # 8 hours
    ],
)
def test_gates(track, opens):
    assert bool(repeats(track().fixes())) is opens


def test_a_ship_along_a_winding_cable_passes_it_once():
    wave = ", ".join(f"{19.8 + 0.02 * k} {57.0 + (0.004 if k % 2 else -0.004)}" for k in range(20))
    winding = laws.sea(laws.line("Winding", "power_cable", f"LINESTRING ({wave})", 200.0))
    t = Track(lon=19.75, lat=57.0, every_s=30).sail(60, sog_kn=10, cog_deg=90)
    assert repeats(t.fixes(), assets=winding) == []
    assert len(repeats(zigzag(3, at=(19.9, 56.98)).fixes(), assets=winding)) == 1


def test_ferries_small_craft_work_and_ill_known_assets_are_notes():
    fixes = zigzag(3).fixes()
    for said in ({"ship_type": 60}, {"length_m": 30}, {"ship_type": 33}):
        (a,) = repeats(fixes, statics(230_000_001, **said))
        assert a.priority == "P3", said
    (a,) = repeats(fixes, statics(230_000_001, ship_type=60))
    assert any("a passenger ship" in s for s in a.against)
    (a,) = repeats(zigzag(3, at=(20.0, 57.28)).fixes())
    assert (a.priority, a.asset.id) == ("P3", "umbra")
    fixes.msg_type[:] = 18
    (a,) = repeats(fixes)
    assert a.priority == "P3"


def test_a_silence_or_a_long_way_between_two_fixes_is_no_crossing():
    t = zigzag(2)
    t.silent(32, sog_kn=4, cog_deg=0)
    assert repeats(t.sail(5, sog_kn=6, cog_deg=0).fixes()) == []


def test_it_ends_two_hours_after_the_last_crossing_and_counts_on():
    t = zigzag(5).sail(140, sog_kn=6, cog_deg=0)
    a, b = repeats(t.fixes())
    assert (b.state, b.id) == ("closed", a.id)
    assert "crossed Alpha (power cable) 5 times to and fro from 06:1" in b.text
    assert "not since for 2 h 00 min" in b.text
    assert len(repeats(zigzag(9).fixes())) == 1


def scene():
    """One that goes on, one that ends, one over the uncertain line."""
    return laws.whole(
        zigzag(7).fixes(),
        zigzag(4, mmsi=230_000_002, seed=2, at=(19.8, 56.98))
        .sail(150, sog_kn=5, cog_deg=0)
        .fixes(),
        zigzag(3, mmsi=230_000_003, seed=3, at=(20.1, 57.28), every_s=60).fixes(),
    )


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(RepeatCrossing), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 5
    got = laws.fold_in_cuts(
        laws.new_watch(RepeatCrossing), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_repeat", "scene_lines") == scene_lines()
