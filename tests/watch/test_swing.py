"""D6: anchors that do not hold, ships that swing or sail, how it ends, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.fixes import HEADING_NONE
from sargas.watch.detect.swing import SwingCircle
from sargas.watch.detect.swing_fold import middle
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track, statics

OPEN_SEA = (20.0, 57.6)
"""33 km north of the uncertain line; deeper than 50 m, so that the chain counts as 300 m."""
SHIP = statics(230_000_001, length_m=150)
CIRCLE_M = 2 * (300 + 150) + 40


def swings(*parts):
    w = laws.new_watch(SwingCircle)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def anchored(at=OPEN_SEA, rest_min=40, **options):
    """Lie at anchor, going round a little."""
    lon, lat = at
    t = Track(lon=lon, lat=lat, **{"every_s": 60, "nav_status": 1, "noise_kn": 0.02, **options})
    for k in range(rest_min):
        t.sail(1, sog_kn=0.1, cog_deg=40.0 * k % 360)
    return t


def dragged(minutes=45, kn=1.0, cog=0, off=80, **options):
    return anchored(**options).sail(minutes, sog_kn=kn, cog_deg=cog, heading_off_deg=off)


def test_an_anchor_that_does_not_hold_is_told_with_how_far_and_where():
    (a,) = swings(dragged().fixes(), SHIP)
    assert (a.detector, a.state, a.priority, a.asset) == ("swing_circle", "open", "P3", None)
    leaves_ms = T0 + (40 + CIRCLE_M / 1852 * 60) * MINUTE
    assert a.t_start_ms == pytest.approx(leaves_ms, abs=2 * MINUTE)
    assert a.t_detected_ms == pytest.approx(a.t_start_ms + 3 * MINUTE, abs=MINUTE)
    assert "outside its swinging circle of 940 m since 07:1" in a.text
    assert "at 1.0 kn towards 000; no asset lies on its way for 6 hours" in a.text
    assert all(r.passed for r in a.why)
    assert a.context["chain_m"] == 300.0
    assert a.context["reported_status"] == "at anchor"


@pytest.mark.parametrize(
    ("track", "opens"),
    [
        (lambda: dragged(minutes=28), False),  # inside the circle still
        (lambda: dragged(minutes=34), True),
        (lambda: dragged(off=10), False),  # it points where it goes: weighed
        (lambda: dragged(kn=3.5), False),  # under way
        (lambda: dragged(kn=0.3, minutes=200), False),  # slower than the rule
        (lambda: dragged(rest_min=15), False),  # had not lain for 20 minutes
        (lambda: dragged(nav_status=0), False),  # does not say that it is at anchor
    ],
)
def test_gates(track, opens):
    assert bool(swings(track().fixes(), SHIP)) is opens


def test_a_ship_that_swings_half_about_does_not_leave_its_circle():
    """300 m of chain and 150 of ship: from one side of the anchor to the other are 900 m."""
    t = anchored()
    for k in range(48):  # a half circle of 450 m about the anchor, in 48 minutes
        t.sail(1, sog_kn=0.95, cog_deg=3.75 * k, heading_off_deg=90)
    assert swings(t.fixes(), SHIP) == []


def test_what_is_not_known_passes_and_is_told():
    fixes = dragged(minutes=60).fixes()
    fixes.heading_raw[:] = HEADING_NONE
    (a,) = swings(fixes)
    assert any("length unknown: taken as 200 m" in s for s in a.against)
    assert any("heading unknown" in s for s in a.against)
    assert swings(fixes, statics(230_000_001, length_m=30)) == []


def test_towards_an_asset_it_is_a_warning_and_soon_an_alarm():
    (a,) = swings(dragged(at=(20.0, 57.05), cog=180).fixes(), SHIP)
    assert (a.priority, a.next_assets[0].id) == ("P2", "alpha")
    assert "it would come to Alpha (power cable) at" in a.text
    (b,) = swings(dragged(at=(20.0, 57.02), cog=180).fixes(), SHIP)
    assert b.priority == "P1"
    (c,) = swings(dragged(at=(20.0, 57.02), cog=0).fixes(), SHIP)
    assert c.priority == "P3"


def test_how_it_ends():
    def end(t, *more):
        a, b = swings(t.fixes(), SHIP, *more)
        assert (b.state, b.id) == ("closed", a.id)
        return b.text

    assert "is under way at" in end(dragged().sail(10, sog_kn=8, cog_deg=0))
    assert "lies at rest again at" in end(dragged().sail(40, sog_kn=0.1, cog_deg=0))
    other = Track(mmsi=230_000_002, lon=19.0, lat=56.5, every_s=60).sail(
        200, sog_kn=10, cog_deg=200
    )
    assert "was not received since 07:25Z" in end(dragged(), other.fixes())


def test_the_middle_place_is_not_moved_by_one_wild_fix():
    values = np.array([3.0, 1.0, 2.0, 900.0, 2.5])
    assert middle(values, 5) == 2.5
    assert middle(values, 4) == 2.0
    assert middle.py_func(values, 5) == 2.5


def scene():
    """One that drags on, one that sails, one that comes to rest."""
    return laws.whole(
        dragged(minutes=60).fixes(),
        dragged(mmsi=230_000_002, seed=2, at=(20.0, 57.05), cog=180)
        .sail(8, sog_kn=7, cog_deg=90).fixes(),
        dragged(mmsi=230_000_003, seed=3, at=(20.2, 57.8), every_s=30, cog=90, kn=1.5)
        .sail(40, sog_kn=0.1, cog_deg=0).fixes(),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(SwingCircle), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 5
    got = laws.fold_in_cuts(
        laws.new_watch(SwingCircle), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_swing", "scene_lines") == scene_lines()
