"""D13: status and motion that do not agree, what is no mismatch, how it ends, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.watch.detect.status import StatusMismatch
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track

OPEN_SEA = (20.0, 57.6)


def mismatches(*parts):
    w = laws.new_watch(StatusMismatch)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def track(status, minutes, kn, at=OPEN_SEA, **options):
    lon, lat = at
    t = Track(lon=lon, lat=lat, nav_status=status, **{"every_s": 60, "noise_kn": 0.02, **options})
    return t.sail(minutes, sog_kn=kn, cog_deg=90)


def test_at_anchor_and_moving_is_a_note():
    (a,) = mismatches(track(1, 30, 8).fixes())
    assert (a.detector, a.state, a.priority, a.asset) == ("status_mismatch", "open", "P3", None)
    assert a.t_start_ms == T0 + MINUTE
    assert a.t_detected_ms == T0 + 12 * MINUTE
    assert "reports itself at anchor and has made 8.0 kn since 06:01Z" in a.text
    assert all(r.passed for r in a.why)


def test_under_way_and_lying_still_is_a_note():
    (a,) = mismatches(track(0, 190, 0.1).fixes())
    assert "reports itself under way and has lain still since 06:01Z (3 h 00 min" in a.text
    assert a.context["reported_status"] == "under way"


@pytest.mark.parametrize(
    ("status", "minutes", "kn", "opens"),
    [(1, 9, 8, False), (1, 13, 8, True), (5, 13, 8, True), (1, 60, 1.9, False), (1, 13, 2.5, True),
     (0, 175, 0.1, False), (0, 185, 0.1, True), (0, 240, 0.5, False), (2, 240, 0.1, False),
     (15, 240, 0.1, False), (0, 60, 12, False), (1, 240, 0.1, False)],
)  # fmt: skip
def test_gates(status, minutes, kn, opens):
    assert bool(mismatches(track(status, minutes, kn).fixes())) is opens


def test_idle_near_land_is_a_ship_in_port():
    assert mismatches(track(0, 240, 0.05, at=(24.75, 59.455)).fixes()) == []


def test_a_wild_speed_at_anchor_is_no_motion():
    t = Track(lon=20.0, lat=57.6, nav_status=1, every_s=60)
    t.sail(30, sog_kn=0.0, cog_deg=0, reported_kn=9.0)
    assert mismatches(t.fixes()) == []


def test_how_it_ends():
    def end(t, *more):
        a, b = mismatches(t, *more)
        assert (b.state, b.id) == ("closed", a.id)
        return b.text

    t = track(1, 20, 8)
    first = t.fixes()
    t.nav_status, t.rows = 0, []
    later = t.sail(5, sog_kn=8, cog_deg=90).fixes()
    assert "it reports itself under way at 06:22Z" in end(first, later)
    assert "by 06:" in end(track(1, 20, 8).sail(20, sog_kn=0.1, cog_deg=0).fixes())
    other = Track(mmsi=230_000_002, lon=19.0, lat=56.5, every_s=60).sail(
        200, sog_kn=10, cog_deg=200
    )
    assert "not received since 06:20Z" in end(first, other.fixes())


def scene():
    """One that moves and stops, one that lies, one that changes its status."""
    t = track(5, 30, 6, mmsi=230_000_003, seed=3, at=(20.2, 57.8))
    first = t.fixes()
    t.nav_status, t.rows = 0, []
    return laws.whole(
        track(1, 30, 8).sail(40, sog_kn=0.2, cog_deg=0).fixes(),
        track(0, 200, 0.1, mmsi=230_000_002, seed=2, every_s=180).fixes(),
        first, t.sail(9, sog_kn=8, cog_deg=90).fixes(),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(StatusMismatch), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 5
    got = laws.fold_in_cuts(
        laws.new_watch(StatusMismatch), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_status", "scene_lines") == scene_lines()
