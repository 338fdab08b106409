"""D19: drifts that must ring, other slow motion that must not, where they lead, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.fixes import HEADING_NONE
from sargas.watch.detect.base import EVENT
from sargas.watch.detect.drift import Drift
from sargas.watch.detect.drift_fold import FEATURE_NAMES
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track, statics

OPEN_SEA = (20.0, 57.6)
"""33 km north of the uncertain line, 67 km north of the precise one, 60 km and more from land."""
NEAR = (20.0, 57.05)
"""5.5 km north of the precise line."""


def drifts(*parts):
    w = laws.new_watch(Drift)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def track(at=OPEN_SEA, way_min=15, **options):
    """Give a ship that was under way and has lost its way within five minutes."""
    lon, lat = at
    t = Track(lon=lon, lat=lat, **options)
    if way_min:
        t.sail(way_min, sog_kn=10, cog_deg=90).sail(5, sog_kn=10, to_kn=2, cog_deg=90)
    return t


def test_across_its_course_for_ten_minutes_is_a_drift_and_says_it_is_no_drag():
    t = track().sail(25, sog_kn=2, cog_deg=0, heading_off_deg=70)
    a, b = drifts(t.sail(8, sog_kn=9, cog_deg=0).fixes())
    assert (a.detector, a.state, a.priority, a.asset) == ("drift", "open", "P3", None)
    assert a.t_start_ms == pytest.approx(T0 + 21 * MINUTE, abs=MINUTE)
    assert a.t_detected_ms == pytest.approx(a.t_start_ms + 11 * MINUTE, abs=MINUTE)
    assert "points 69 degrees off its course since 06:20Z" in a.text
    assert "adrift at 2.0 kn towards 000" in a.text
    assert "no asset and no shore lies on its way for 6 hours" in a.text
    assert "not of a dragged anchor" in a.text
    assert a.context["coverage"] == "66 fixes in 10 minutes, longest silence 0.2 min"
    assert all(r.passed for r in a.why)
    assert (b.state, b.id) == ("closed", a.id)
    assert "was adrift for 24 minutes from 06:20Z, at 2.0 kn towards 000; it makes 9" in b.text


@pytest.mark.parametrize(
    ("minutes", "sog_kn", "off_deg", "opens"),
    [(9, 2.0, 70, False), (14, 2.0, 70, True), (14, 2.0, 40, False), (14, 2.0, -50, True),
     (30, 4.4, 70, False), (60, 0.15, 70, False), (40, 0.3, 70, False), (65, 0.3, 70, True),
     (28, 2.0, 30, False), (34, 2.0, 30, True), (60, 2.0, 20, False), (25, 2.0, 175, True)],
)  # fmt: skip
def test_angle_time_speed_and_way_gates(minutes, sog_kn, off_deg, opens):
    t = track(noise_kn=0.02).sail(minutes, sog_kn=sog_kn, cog_deg=0, heading_off_deg=off_deg)
    assert bool(drifts(t.sail(3, sog_kn=9, cog_deg=0).fixes())) is opens


def test_the_slow_form_wants_a_steady_angle():
    t = track()
    for k in range(30):  # hauling: the bow goes from one side to the other
        t.sail(2, sog_kn=2, cog_deg=0, heading_off_deg=30 if k % 2 else -30)
    assert drifts(t.fixes()) == []


def test_a_short_spell_of_something_else_does_not_break_a_run():
    t = track().sail(6, sog_kn=2, cog_deg=0, heading_off_deg=70).sail(3, sog_kn=2, cog_deg=0)
    assert len(drifts(t.sail(5, sog_kn=2, cog_deg=0, heading_off_deg=70).fixes())) == 1
    t = track().sail(6, sog_kn=2, cog_deg=0, heading_off_deg=70).sail(8, sog_kn=2, cog_deg=0)
    assert drifts(t.sail(7, sog_kn=2, cog_deg=0, heading_off_deg=70).fixes()) == []


@pytest.mark.parametrize("status", [1, 5, 6, 7, 8])
def test_at_anchor_moored_aground_fishing_or_sailing_is_no_drift(status):
    t = track(nav_status=status).sail(60, sog_kn=2, cog_deg=0, heading_off_deg=70)
    assert drifts(t.fixes()) == []


def test_what_must_not_fire():
    turning = track().sail(10, sog_kn=9, cog_deg=0)
    for k in range(36):  # a full turn in six minutes, the bow inside it
        turning.sail(10 / 60, sog_kn=7, cog_deg=10.0 * k, heading_off_deg=25)
    assert drifts(turning.sail(20, sog_kn=9, cog_deg=0).fixes()) == []
    swinging = track(every_s=60)
    for k in range(120):  # about its anchor with a wrong status: it comes back
        swinging.sail(1, sog_kn=0.4, cog_deg=3.0 * k, heading_off_deg=80)
    assert drifts(swinging.fixes()) == []
    berthing = track(at=(24.75, 59.47)).sail(8, sog_kn=1.5, cog_deg=180, heading_off_deg=90)
    assert drifts(berthing.sail(60, sog_kn=0, cog_deg=0, heading_off_deg=90).fixes()) == []


def test_no_heading_no_drift_unless_it_says_so():
    fixes = track().sail(40, sog_kn=2, cog_deg=0).fixes()
    fixes.heading_raw[:] = HEADING_NONE
    assert drifts(fixes) == []
    fixes = track(nav_status=2).sail(40, sog_kn=2, cog_deg=0).fixes()
    fixes.heading_raw[:] = HEADING_NONE
    (a,) = drifts(fixes)
    assert "reports itself not under command since 06:" in a.text
    assert a.context["reported_status"] == "not under command"


def test_what_is_met_makes_the_priority():
    def level(at, course, **options):
        kn = options.pop("kn", 2)
        t = track(at=at, **options).sail(14, sog_kn=kn, cog_deg=course, heading_off_deg=70)
        (a,) = drifts(t.fixes())
        return a

    soon = level(NEAR, 180)
    assert (soon.priority, soon.next_assets[0].id) == ("P1", "alpha")
    assert "it would come to Alpha (power cable) at 07:" in soon.text
    assert level((20.0, 57.16), 180, kn=2.5).priority == "P2"  # 3 hours on
    said = level((20.0, 57.16), 180, kn=2.5, nav_status=2)
    assert said.priority == "P1"
    assert level((20.0, 57.6), 0).priority == "P3"
    first = level(NEAR, 180, way_min=0)
    assert first.priority == "P2"
    assert any("not heard under way before" in s for s in first.against)
    assert "longest silence 0.2 min" in first.context["coverage"]


def test_small_craft_and_slow_forms_are_lower():
    t = track(at=NEAR).sail(14, sog_kn=2, cog_deg=180, heading_off_deg=70).fixes()
    (small,) = drifts(t, statics(230_000_001, length_m=20))
    assert small.priority == "P3"
    (large,) = drifts(t, statics(230_000_001, length_m=200))
    assert large.priority == "P1"
    (working,) = drifts(t, statics(230_000_001, length_m=200, ship_type=30))
    assert working.priority == "P2"
    slow = track(at=(20.0, 57.07)).sail(34, sog_kn=2, cog_deg=180, heading_off_deg=30).fixes()
    (a,) = drifts(slow)
    assert a.priority == "P2"
    assert {r.feature for r in a.why} >= {"its spread", "way made good", "duration"}


def test_an_open_drift_that_comes_nearer_is_raised_once_and_never_lowered():
    t = track(at=(20.0, 57.16)).sail(130, sog_kn=2.5, cog_deg=180, heading_off_deg=70)
    a, b = drifts(t.fixes())
    assert (a.priority, b.priority, b.version) == ("P2", "P1", 2)
    assert a.id == b.id
    on = t.sail(60, sog_kn=2.5, cog_deg=0, heading_off_deg=70)
    assert [v.priority for v in drifts(on.fixes())] == ["P2", "P1"]


def test_a_drift_is_not_raised_where_coast_or_port_would_mute_it():
    (detector,) = laws.new_watch(Drift).detectors
    land = FEATURE_NAMES.index("land_m")
    event = np.zeros(1, EVENT)[0]
    for lon, lat, land_m, is_muted in (
        (*OPEN_SEA, 60_000.0, False), (*OPEN_SEA, 800.0, True), (24.78, 59.45, 2_000.0, True),
    ):  # fmt: skip
        event["lon"], event["lat"] = lon, lat
        event["x"][land] = land_m
        assert detector._is_muted(event) is is_muted


def test_how_it_ends():
    def last(t):
        alerts = drifts(t.fixes())
        assert [a.state for a in alerts] == ["open", "closed"]
        return alerts[-1].text

    def adrift():
        return track().sail(20, sog_kn=2, cog_deg=0, heading_off_deg=70)

    assert "no longer does at" in last(adrift().sail(40, sog_kn=2, cog_deg=0))
    t = adrift()
    fixes = [t.fixes()]
    t.nav_status, t.rows = 1, []
    fixes.append(t.sail(5, sog_kn=0.1, cog_deg=0).fixes())
    assert "reports itself at anchor" in drifts(*fixes)[-1].text
    other = Track(mmsi=230_000_002, lon=19.0, lat=56.5).sail(140, sog_kn=10, cog_deg=200)
    assert "not received since 06:40Z" in drifts(adrift().fixes(), other.fixes())[-1].text


def scene():
    """Drifts of each form: one that ends, one that is raised, one that falls silent."""
    return laws.whole(
        track(at=(20.0, 57.13), every_s=30)
        .sail(90, sog_kn=2.5, cog_deg=180, heading_off_deg=70)
        .sail(10, sog_kn=9, cog_deg=0).fixes(),
        track(mmsi=230_000_002, seed=2, nav_status=2, every_s=60)
        .sail(30, sog_kn=1.5, cog_deg=45).fixes(),
        track(mmsi=230_000_003, seed=3, every_s=60, way_min=0)
        .sail(40, sog_kn=2.5, cog_deg=80, heading_off_deg=28)
        .sail(50, sog_kn=2.5, cog_deg=80).fixes(),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(Drift), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 7
    got = laws.fold_in_cuts(
        laws.new_watch(Drift), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_drift", "scene_lines") == scene_lines()
