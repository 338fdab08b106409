"""D18: a feed that fails is one event, of the whole or of a part, and makes no gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.watch.detect.feed import FeedHealth
from sargas.watch.detect.gap import Gap
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track

FAILS = T0 + 180 * MINUTE
BACK = FAILS + 60 * MINUTE


def ships(n=12, minutes=330, *, station=-1, mmsi=230_001_000, lon=19.0, lat=57.05, **options):
    """Ships to and fro, heard each minute."""
    out = []
    for k in range(n):
        t = Track(mmsi + k, lon + 0.1 * (k % 6), lat + 0.02 * k, every_s=60, seed=k, **options)
        course = 90.0
        while t.t_ms < T0 + minutes * MINUTE:
            t.sail(60, sog_kn=9, cog_deg=course)
            course = 360.0 - course
        fixes = t.fixes()
        fixes.station[:] = station
        out.append(fixes)
    return out


def cut(parts, begin=FAILS, end=BACK):
    return [p.take((p.t_ms <= begin) | (p.t_ms > end)) for p in parts]


def run(*parts, detectors=(FeedHealth,)):
    w = laws.new_watch(*detectors)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def test_a_feed_that_runs_raises_nothing():
    assert run(*ships()) == []


def test_an_outage_is_one_event_of_the_feed_and_no_gaps():
    """Told when something comes again: until then event time stands still."""
    alerts = run(*cut(ships()), detectors=(FeedHealth, Gap))
    a, b = alerts
    assert (a.detector, a.priority, a.state, b.state, a.id) == (
        "feed_health", "P2", "open", "closed", b.id)  # fmt: skip
    assert (a.subject.domain, a.subject.mmsi, a.subject.segment) == ("feed", 0, 0)
    assert a.t_start_ms == pytest.approx(FAILS, abs=MINUTE)
    assert a.t_detected_ms == pytest.approx(FAILS + 5 * MINUTE, abs=MINUTE)
    assert a.text.startswith("The feed brings 0.0 vessels a minute since 09:01Z, 12.0 are usual")
    assert all(r.passed for r in a.why)
    assert b.t_end_ms == pytest.approx(BACK + 10 * MINUTE, abs=2 * MINUTE)
    assert "MMSI" not in a.text + b.text


def test_one_receiver_of_two_is_one_event_that_names_it():
    ours = cut(ships(12, station=7), end=T0 + 400 * MINUTE)
    theirs = ships(14, station=2190047, mmsi=230_002_000, lon=20.0)
    (a, *rest) = run(*ours, *theirs)
    assert rest == []
    assert a.subject.name == "receiver 7"
    assert a.priority == "P3"  # 12 of 26
    (a, *rest) = run(*ours, *theirs[:10])
    assert (a.subject.name, a.priority, rest) == ("receiver 7", "P2", [])  # 12 of 22


def test_when_all_is_silent_the_feed_has_the_word_before_its_receivers():
    parts = ships(12, station=7) + ships(12, station=8, mmsi=230_002_000, lon=20.0)
    alerts = run(*cut(parts))
    assert [(a.subject.name, a.state) for a in alerts] == [
        ("the feed", "open"), ("the feed", "closed"),
    ]  # fmt: skip


def test_an_area_without_a_receivers_number():
    west = cut(ships(12, lon=18.2), end=T0 + 400 * MINUTE)
    east = ships(30, mmsi=230_002_000, lon=20.2)
    (a, *rest) = run(*west, *east)
    assert rest == []
    assert a.subject.name == "reception in the area 57°00.0'N 018°00.0'E to 58°00.0'N 020°00.0'E"


def test_a_third_fewer_or_few_at_all_raise_nothing():
    parts = ships(12)
    assert run(*cut(parts[:3], end=T0 + 400 * MINUTE), *parts[3:]) == []
    assert run(*cut(ships(4))) == []


def test_what_lasts_a_day_is_taken_as_usual():
    parts = ships(12, minutes=200) + ships(2, minutes=2000, mmsi=230_002_000)
    a, b = run(*parts)
    assert b.state == "closed"
    assert "taken as usual" in b.text
    assert b.t_end_ms - a.t_start_ms == pytest.approx(24 * 60 * MINUTE, abs=MINUTE)


def test_a_gap_while_an_area_is_low_says_so():
    """West of 20 E most fall silent; one vessel's gap among the rest is lowered and says why."""
    west = ships(14, lon=18.4, minutes=400)
    lost = Track(230_000_001, 18.5, 57.15, T0 + 150 * MINUTE, 30.0).sail(
        30, sog_kn=9, cog_deg=90).fixes()  # fmt: skip
    parts = cut(west[:10], end=T0 + 500 * MINUTE)
    alerts = run(lost, *parts, *west[10:], *ships(40, mmsi=230_002_000, lon=20.2, minutes=400),
                 detectors=(FeedHealth, Gap))  # fmt: skip
    gaps = [a for a in alerts if a.detector == "gap" and a.version == 1]
    assert gaps
    for a in gaps:
        assert any("reception in the area 57" in n and "low since 09:0" in n for n in a.notes)


def scene():
    ours = cut(ships(12, station=7, minutes=270), end=FAILS + 30 * MINUTE)
    return laws.whole(*ours, *ships(12, station=8, mmsi=230_002_000, lon=20.0, minutes=270))


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(FeedHealth, Gap), scene(), [])


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    once = scene_lines()
    assert len(once) >= 2
    cuts = laws.random_cuts(len(scene().fixes), rng)
    w = laws.new_watch(FeedHealth, Gap)
    got = laws.fold_in_cuts(w, scene(), cuts, reload_at=int(rng.integers(0, len(cuts) + 1)))
    assert got == once


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_feed", "scene_lines") == scene_lines()
