"""D4: dwells that must ring, dwells that must not, how they end, and the laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.fixes import SOG_NONE
from sargas.watch.detect.slow import SlowInCorridor
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track, statics

OVER = (20.0, 57.003)
"""330 m north of the precise line."""


def slow_alerts(*parts, assets=None):
    w = laws.new_watch(SlowInCorridor, assets=assets)
    whole = laws.whole(*parts)
    return w.push(whole).alerts + w.flush().alerts


def track(**options):
    lon, lat = options.pop("at", OVER)
    return Track(lon=lon, lat=lat, **options)


def test_slow_for_15_minutes_opens_an_alert_that_names_the_asset():
    a, b = slow_alerts(track().sail(20, sog_kn=2, cog_deg=90).sail(5, sog_kn=9, cog_deg=90).fixes())
    assert (a.state, a.asset.id) == ("open", "alpha")
    assert a.t_start_ms == T0 + 10_000
    assert a.t_detected_ms == T0 + 10_000 + 15 * MINUTE
    assert a.asset.distance_m == pytest.approx(334, abs=2)
    assert "since 06:00Z" in a.text
    assert "330 m from Alpha (power cable)" in a.text
    assert {r.feature for r in a.why} >= {"mean speed over ground", "duration", "speed made good"}
    assert all(r.passed for r in a.why)
    assert (b.state, b.version, b.id) == ("closed", 2, a.id)
    assert b.t_end_ms == T0 + 20 * MINUTE + 10_000
    assert "kn again at 06:20Z" in b.text


@pytest.mark.parametrize(
    ("minutes", "sog_kn", "opens"),
    [(14.5, 2.0, False), (15.5, 2.0, True), (9.5, 0.1, False), (10.5, 0.1, True),
     (14.5, 0.7, False), (40, 3.3, False), (40, 5.0, False)],
)  # fmt: skip
def test_speed_and_time_gates(minutes, sog_kn, opens):
    t = track().sail(minutes, sog_kn=sog_kn, cog_deg=90).sail(3, sog_kn=9, cog_deg=90)
    assert bool(slow_alerts(t.fixes())) is opens


def test_stopped_form_says_stopped_and_starts_where_it_stopped():
    t = track().sail(3, sog_kn=2.5, cog_deg=90).sail(12, sog_kn=0.05, cog_deg=90)
    (a,) = slow_alerts(t.fixes())
    assert "has been stopped since 06:03Z (10 minutes when this was written), " in a.text
    assert a.t_start_ms == pytest.approx(T0 + 3 * MINUTE, abs=20_000)
    assert a.t_detected_ms - a.t_start_ms == 10 * MINUTE


def test_outside_the_buffer_nothing_rings():
    north = (20.0, 57.0 + 1000 / 111_300)
    assert slow_alerts(track(at=north).sail(60, sog_kn=1, cog_deg=90).fixes()) == []
    inside = (20.0, 57.0 + 900 / 111_300)
    assert len(slow_alerts(track(at=inside).sail(60, sog_kn=1, cog_deg=90).fixes())) == 1


def test_hysteresis_of_speed():
    """At 3.5 kn a dwell goes on, but its mean must be below 3; at 4 kn it ends."""
    t = track().sail(10, sog_kn=1.5, cog_deg=90).sail(2, sog_kn=3.5, cog_deg=90)
    (a,) = slow_alerts(t.sail(5, sog_kn=1.5, cog_deg=90).fixes())
    assert a.t_detected_ms == T0 + 15 * MINUTE + 10_000
    t = track().sail(10, sog_kn=1.5, cog_deg=90).sail(2, sog_kn=4.6, cog_deg=90)
    assert slow_alerts(t.sail(12, sog_kn=1.5, cog_deg=90).fixes()) == []


def test_hysteresis_of_distance():
    """Between 1 and 1.2 buffers an open alert stays; beyond, it closes and says it left."""
    t = track().sail(20, sog_kn=0.8, cog_deg=0)  # to 830 m
    stay = t.sail(10, sog_kn=0.6, cog_deg=0)  # to 1,015 m
    assert [a.state for a in slow_alerts(stay.fixes())] == ["open"]
    gone = stay.sail(10, sog_kn=2.0, cog_deg=0)
    last = slow_alerts(gone.fixes())[-1]
    assert last.state == "closed"
    assert "left the corridor at" in last.text


def test_silence_ends_a_dwell_and_closes_an_alert():
    t = track().sail(9, sog_kn=2, cog_deg=90).silent(31, sog_kn=0, cog_deg=0)
    assert slow_alerts(t.sail(9, sog_kn=2, cog_deg=90).fixes()) == []
    t = track().sail(9, sog_kn=2, cog_deg=90).silent(29, sog_kn=0, cog_deg=0)
    assert len(slow_alerts(t.sail(1, sog_kn=2, cog_deg=90).fixes())) == 1
    other = Track(mmsi=230_000_002, lon=19.0, lat=56.5).sail(140, sog_kn=10, cog_deg=200)
    a, b = slow_alerts(track().sail(20, sog_kn=2, cog_deg=90).fixes(), other.fixes())
    assert b.state == "closed"
    assert "no position received since 06:20Z" in b.text
    assert b.t_end_ms == b.t_issued_ms == T0 + 80 * MINUTE
    assert b.evidence_ms == (a.t_start_ms, T0 + 20 * MINUTE)


def test_a_vessel_first_heard_slow_counts_from_its_first_fix_and_says_so():
    slow = track().sail(16, sog_kn=2, cog_deg=90)
    (a,) = slow_alerts(slow.fixes())
    assert any("already slow when first received" in s for s in a.against)
    came = track(at=(20.0, 56.9)).sail(29, sog_kn=12, cog_deg=0).sail(16, sog_kn=2, cog_deg=0)
    (b,) = slow_alerts(came.fixes())
    assert not any("first received" in s for s in b.against)
    assert (a.priority, b.priority) == ("P3", "P2")


def test_who_has_not_been_under_way_since_is_a_note_only():
    """A ship that came and lies at anchor, and swings out of the buffer and in again."""
    lies = track(at=(20.0, 56.9)).sail(29, sog_kn=12, cog_deg=0).sail(30, sog_kn=0.1, cog_deg=0)
    lies.lat = 57.02
    lies.sail(20, sog_kn=0.1, cog_deg=0)
    lies.lat = OVER[1]
    first, closed, again = slow_alerts(lies.sail(30, sog_kn=0.1, cog_deg=0).fixes())
    assert (first.priority, closed.state, again.priority) == ("P2", "closed", "P3")
    assert any("not been under way since" in s for s in again.against)
    left = lies.sail(30, sog_kn=9, cog_deg=0).sail(30, sog_kn=9, cog_deg=180)
    left.lat = OVER[1]
    assert slow_alerts(left.sail(20, sog_kn=1, cog_deg=0).fixes())[-1].priority == "P2"


def test_where_the_asset_is_ill_known_it_is_a_p3_and_says_by_how_much():
    (a,) = slow_alerts(track(at=(20.0, 57.31)).sail(16, sog_kn=2, cog_deg=90).fixes())
    assert (a.priority, a.asset.id) == ("P3", "umbra")
    assert "asset position uncertain by ±3000 m" in a.text
    assert [r.passed for r in a.why if r.feature.startswith("accuracy")] == [False]


def test_a_wide_uncertain_corridor_hides_no_well_known_cable():
    wide = replace(laws.UNCERTAIN, geometry=laws.PRECISE.geometry)
    (a,) = slow_alerts(
        track().sail(16, sog_kn=2, cog_deg=90).fixes(), assets=laws.sea(laws.PRECISE, wide)
    )
    assert a.asset.id == "alpha"
    assert not any("uncertain" in s for s in a.against)
    assert a.context["assets_in_reach"] == ["alpha", "umbra"]


def test_speed_stuck_at_zero_on_a_moving_vessel_is_no_stop():
    t = track(noise_kn=0).sail(40, sog_kn=10, cog_deg=90, reported_kn=0.0)
    assert slow_alerts(t.fixes()) == []


def without_speed(fixes):
    fixes.sog_raw[:] = SOG_NONE
    return fixes


def test_unknown_speed_is_taken_from_positions_and_said():
    fixes = without_speed(track().sail(20, sog_kn=2, cog_deg=90).fixes())
    (a,) = slow_alerts(fixes)
    assert any("no speed reported" in s for s in a.against)
    moving = without_speed(track().sail(40, sog_kn=8, cog_deg=90).fixes())
    assert slow_alerts(moving) == []


def test_status_is_told_and_working_ships_are_lowered():
    came = track(at=(20.0, 56.9), nav_status=1).sail(29, sog_kn=12, cog_deg=0)
    fixes = came.sail(16, sog_kn=0.1, cog_deg=0).fixes()
    (a,) = slow_alerts(fixes)
    assert a.context["reported_status"] == "at anchor"
    assert any("at anchor" in s for s in a.against)
    (b,) = slow_alerts(fixes, statics(230_000_001, ship_type=33))
    assert b.priority == "P3"
    assert "ship type 33" in b.notes[0]


def test_near_land_it_is_muted_and_still_counted():
    w = laws.new_watch(
        SlowInCorridor,
        assets=laws.sea(replace(
            laws.PRECISE, geometry=laws.shapely.from_wkt("LINESTRING (24.6 59.455, 24.9 59.455)")
        )),
    )  # fmt: skip
    whole = laws.whole(Track(lon=24.75, lat=59.455).sail(16, sog_kn=0.1, cog_deg=90).fixes())
    (a,) = w.push(whole).alerts + w.flush().alerts
    assert a.priority == "P3"
    assert a.muted_by
    assert sum(n for name, n in w.judge.counts.items() if name.startswith("muted.")) >= 1


def scene():
    """Three vessels that open, close, and stay open."""
    return laws.whole(
        track().sail(20, sog_kn=2, cog_deg=90).sail(6, sog_kn=9, cog_deg=0).fixes(),
        track(mmsi=230_000_002, seed=2, at=(19.8, 57.301), every_s=60)
        .sail(50, sog_kn=0.2, cog_deg=10).silent(70, sog_kn=0, cog_deg=0)
        .sail(14, sog_kn=0.2, cog_deg=10).fixes(),
        without_speed(track(mmsi=230_000_003, seed=3, every_s=30, at=(20.2, 57.001))
                      .sail(40, sog_kn=1, cog_deg=80).fixes()),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(SlowInCorridor), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 7
    got = laws.fold_in_cuts(
        laws.new_watch(SlowInCorridor), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_slow", "scene_lines") == scene_lines()
