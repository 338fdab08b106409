"""D5: moving about over an asset, what is none of it, how it ends, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.watch.detect.loiter import Loiter
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track, statics

OVER = (20.0, 57.003)
"""330 m north of the precise line."""


def loiters(*parts, assets=None):
    w = laws.new_watch(Loiter, assets=assets)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def to_and_fro(legs, kn=3.0, leg_min=12, at=OVER, cog=90, **options):
    """Sail one leg and back, again and again."""
    lon, lat = at
    t = Track(lon=lon, lat=lat, **{"every_s": 30, **options})
    for k in range(legs):
        t.sail(leg_min, sog_kn=kn, cog_deg=cog if k % 2 else (cog + 180) % 360)
    return t


def test_an_hour_to_and_fro_over_a_cable_is_a_p2_that_says_how_far():
    (a,) = loiters(to_and_fro(6).fixes(), statics(230_000_001, length_m=90, ship_type=70))
    assert (a.detector, a.state, a.priority, a.asset.id) == ("loiter", "open", "P2", "alpha")
    assert a.t_start_ms == T0
    assert T0 + 60 * MINUTE <= a.t_detected_ms <= T0 + 72 * MINUTE
    assert "km since 06:00Z at 3.0 kn" in a.text
    assert "in the corridor of Alpha (power cable)" in a.text
    assert "what for was not received" in a.text
    assert all(r.passed for r in a.why)
    assert a.context["coverage"].startswith("1")


def ferry():
    """Lies over the cable, runs out and back, and lies again."""
    t = Track(lon=20.0, lat=57.003, every_s=30).sail(50, sog_kn=0.1, cog_deg=90)
    for course in (90, 270):
        t.sail(6, sog_kn=3, to_kn=16, cog_deg=course).sail(6, sog_kn=16, to_kn=3, cog_deg=course)
    return t.sail(50, sog_kn=0.1, cog_deg=90)


@pytest.mark.parametrize(
    ("track", "opens"),
    [
        (lambda: to_and_fro(4), False),  # 48 minutes
        (lambda: to_and_fro(12, kn=6.0, leg_min=6), False),
        (lambda: to_and_fro(20, kn=0.4), False),  # swinging: under 3 km of way
        (lambda: to_and_fro(6, at=(20.0, 57.02)), False),  # 2.2 km off
        (lambda: Track(lon=20, lat=57.003, every_s=30).sail(120, sog_kn=3, cog_deg=90), False),
        (lambda: Track(lon=20, lat=57.003, every_s=30).sail(240, sog_kn=0.1, cog_deg=90), False),
        (lambda: to_and_fro(10, kn=1.5), True),
        (ferry, False),
    ],
)
def test_gates(track, opens):
    assert bool(loiters(track().fixes())) is opens


def test_time_outside_does_not_count_but_the_way_does():
    """Legs across the corridor, as long outside as inside: an hour inside takes two."""
    (a,) = loiters(to_and_fro(14, kn=3.5, leg_min=34, cog=0, at=(20.0, 57.017)).fixes())
    assert a.t_detected_ms > T0 + 100 * MINUTE


def test_ill_known_assets_small_craft_and_work_are_notes():
    fixes = to_and_fro(6, at=(20.0, 57.303)).fixes()
    (a,) = loiters(fixes)
    assert (a.priority, a.asset.id) == ("P3", "umbra")
    assert any("uncertain by ±3000 m" in s for s in a.against)
    fixes = to_and_fro(6).fixes()
    for said in ({"length_m": 20}, {"ship_type": 30}):
        (a,) = loiters(fixes, statics(230_000_001, **said))
        assert a.priority == "P3"
    fixes.msg_type[:] = 18
    (a,) = loiters(fixes)
    assert a.priority == "P3"
    assert "class B: as a rule a small craft" in a.against


def test_how_it_ends():
    def end(t, *more):
        a, b = loiters(t.fixes(), *more)
        assert (a.state, b.state, b.id) == ("open", "closed", a.id)
        return b.text

    assert "it has left by" in end(to_and_fro(6).sail(190, sog_kn=4, cog_deg=0))
    assert "more than 5 kn on average by" in end(to_and_fro(6).sail(90, sog_kn=9, cog_deg=90))
    other = Track(mmsi=230_000_002, lon=19.0, lat=56.5, every_s=60).sail(
        200, sog_kn=10, cog_deg=200
    )
    assert "not received since 07:12Z" in end(to_and_fro(6), other.fixes())


def scene():
    """One that stays, one that leaves, one over the uncertain line that falls silent."""
    return laws.whole(
        to_and_fro(10).fixes(),
        to_and_fro(6, mmsi=230_000_002, seed=2).sail(190, sog_kn=4, cog_deg=0).fixes(),
        to_and_fro(7, mmsi=230_000_003, seed=3, at=(20.1, 57.303), every_s=60).fixes(),
    )


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(Loiter), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 6
    got = laws.fold_in_cuts(
        laws.new_watch(Loiter), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_loiter", "scene_lines") == scene_lines()
