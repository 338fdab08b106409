"""D11: areas in which positions are lost, what is lowered in them, and what makes no area."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.feeds import open_feed
from sargas.model.fixes import LAT_NONE, LON_NONE, Batch, Fixes
from sargas.reference import shipped_assets, shipped_geography
from sargas.watch.detect.gnss import GnssArea, area_name
from sargas.watch.detect.gnss_fold import area_key
from sargas.watch.detect.integrity import PositionIntegrity
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.fold import Watch
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track

DATA = Path(__file__).parents[1] / "data" / "ais"
AIRPORT = (23.0, 58.5)
BEGINS = T0 + 30 * MINUTE


def ship(k, minutes=30.0, **options):
    """One of the ships near 20.1 E 57.05 N, all in one area."""
    return Track(230_003_000 + k, 20.05 + 0.02 * k, 57.03 + 0.01 * k, seed=k, **options).sail(
        minutes, sog_kn=2.0, cog_deg=90
    )


def jammed(k, minutes=15.0, to=AIRPORT):
    """Half an hour at sea, then elsewhere, then at sea again."""
    t = ship(k)
    lon, lat = t.lon, t.lat
    t.jump(to[0] + 0.001 * k, to[1]).sail(minutes, sog_kn=2.0, cog_deg=90)
    return t.jump(lon, lat).sail(40, sog_kn=2.0, cog_deg=90).fixes()


def run(*parts, detectors=(GnssArea,), w=None):
    w = w or laws.new_watch(*detectors)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def areas(alerts):
    return [a for a in alerts if a.detector == "gnss_area"]


def test_five_ships_that_jump_are_one_area_named_by_its_bounds():
    a, b = run(*(jammed(k) for k in range(5)))
    assert (a.priority, a.state, b.state, a.id) == ("P2", "open", "closed", b.id)
    assert (a.subject.domain, a.subject.mmsi) == ("area", 0)
    assert a.subject.segment == area_key(20.1, 57.05)
    assert a.subject.name == "the area 57°00.0'N 020°00.0'E to 57°10.0'N 020°20.0'E"
    assert a.t_start_ms == BEGINS + 10_000
    assert a.t_detected_ms == BEGINS + MINUTE
    assert "of 5 ships heard there, 5 report places they cannot be at, 5 of them within 2" in a.text
    assert "MMSI" not in a.text
    assert all(r.passed for r in a.why)
    assert "no longer seen" in b.text
    # Signs are remembered for ten minutes, and ten more must pass without.
    assert b.t_end_ms == pytest.approx(BEGINS + 35 * MINUTE, abs=6 * MINUTE)


def test_two_ships_are_no_area_nor_three_of_twenty():
    assert run(*(jammed(k) for k in range(2)), *(ship(k, 90).fixes() for k in range(2, 6))) == []
    many = [ship(k % 5, 90) for k in range(3, 20)]
    for k, t in enumerate(many):
        t.mmsi = 230_004_000 + k
    assert run(*(jammed(k) for k in range(3)), *(t.fixes() for t in many)) == []


def test_three_of_ten_are():
    quiet = [ship(k % 5, 90) for k in range(7)]
    for k, t in enumerate(quiet):
        t.mmsi = 230_004_000 + k
    (a, *_) = run(*(jammed(k) for k in range(3)), *(t.fixes() for t in quiet))
    assert {r.feature: r.value for r in a.why}["share of the ships heard there"] == 0.3


def blind(k, minutes=15.0):
    """Heard on, but without a position for some minutes."""
    fixes = ship(k).sail(minutes, sog_kn=2, cog_deg=90).sail(30, sog_kn=2, cog_deg=90).fixes()
    gone = (fixes.t_ms > BEGINS) & (fixes.t_ms <= BEGINS + minutes * MINUTE)
    fixes.lon_raw[gone], fixes.lat_raw[gone] = LON_NONE, LAT_NONE
    return fixes


def test_ships_without_a_position_are_counted_where_they_had_one():
    (a, *_) = run(*(blind(k) for k in range(4)))
    assert a.context["without_position"] == 4
    assert "4 report no position" in a.text


def seconds(fixes, second, after=0):
    fixes.second_s[:] = 30
    fixes.second_s[fixes.t_ms > after] = second
    return fixes


def test_reports_that_say_they_are_dead_reckoned_count_only_from_ships_that_had_better():
    (a, *_) = run(*(seconds(ship(k, 60).fixes(), 62, BEGINS) for k in range(4)))
    assert a.context["not_from_satellites"] == 4
    assert run(*(seconds(ship(k, 60).fixes(), 61) for k in range(4))) == []
    assert run(*(seconds(ship(k, 60).fixes(), 60, BEGINS) for k in range(4))) == []


def test_late_copies_of_several_ships_are_no_interference():
    """A receiver whose clock is 17 minutes late, ships at 15 knots."""
    parts = []
    for k in range(6):
        fixes = Track(230_003_000 + k, 20.02 + 0.02 * k, 57.05, seed=k).sail(
            90, sog_kn=15, cog_deg=0).fixes()  # fmt: skip
        old = fixes.take(np.arange(0, 400, 5))
        old.t_ms[:] += 17 * MINUTE
        parts += [fixes, old]
    assert run(*parts) == []


def test_jumps_in_the_area_are_notes_that_name_it():
    alerts = run(*(jammed(k) for k in range(5)), detectors=(PositionIntegrity, GnssArea))
    (area, _) = areas(alerts)
    jumps = [a for a in alerts if a.detector == "position_integrity" and a.version == 1]
    here = [a for a in jumps if area_key(a.lon, a.lat) == area.subject.segment]
    assert len(here) == 5
    for a in here:  # of the same minute too: the area is weighed first
        assert a.context["gnss"] == "active"
        assert "possible GNSS interference since 06:30Z in the area 57" in a.notes[0]
        assert a.notes[0].endswith(": a P3 as it is")


def stopped(minutes=30.0, begin=T0):
    """Stopped over Alpha, in the area of the others."""
    return Track(SLOW, 20.1, 57.001, begin, 30.0, noise_kn=0.0).came().sail(
        minutes, sog_kn=0.1, cog_deg=0).fixes()  # fmt: skip


SLOW = 230_000_001


def slow(alerts):
    return [a for a in alerts if a.detector == "slow_in_corridor" and a.subject.mmsi == SLOW]


def test_a_warning_that_arises_in_the_area_drops_a_step_and_says_so():
    parts = [ship(k, 30).jump(*AIRPORT).sail(30, sog_kn=2, cog_deg=90).fixes() for k in range(4)]
    late = stopped(30, BEGINS - 5 * MINUTE)
    (a, *_) = slow(run(late, *parts, detectors=(SlowInCorridor, GnssArea)))
    assert (a.priority, a.context["gnss"]) == ("P3", "active")
    assert a.notes[0].startswith("possible GNSS interference since 06:30Z in the area 57°00.0'N")
    assert a.notes[0].endswith("from P2 to P3")


def test_what_had_opened_since_the_interference_began_is_lowered_when_it_is_found():
    """Two ships jump at first; the stop opens; the third makes it an area."""
    parts = [ship(k, 30).jump(*AIRPORT).sail(30, sog_kn=2, cog_deg=90).fixes() for k in range(2)]
    third = ship(2, 37).jump(*AIRPORT).sail(30, sog_kn=2, cog_deg=90).fixes()
    late = stopped(40, BEGINS - 7 * MINUTE)
    alerts = run(late, third, *parts, detectors=(SlowInCorridor, GnssArea))
    a, b = slow(alerts)[:2]
    (area, *_) = areas(alerts)
    assert a.priority == "P2"
    assert BEGINS < a.t_detected_ms < area.t_detected_ms
    assert (b.priority, b.version, b.id, b.t_issued_ms) == ("P3", 2, a.id, area.t_issued_ms)
    assert "from P2 to P3" in b.notes[-1]


def test_what_had_opened_before_keeps_its_priority():
    parts = [ship(k, 30).jump(*AIRPORT).sail(30, sog_kn=2, cog_deg=90).fixes() for k in range(4)]
    found = slow(run(stopped(60), *parts, detectors=(SlowInCorridor, GnssArea)))
    assert [a.priority for a in found] == ["P2"] * len(found)


def test_every_alert_says_what_is_known_of_gnss():
    alone = slow(run(stopped(30), detectors=(SlowInCorridor, GnssArea)))
    assert alone[0].context["gnss"] == "not assessed"
    others = [ship(k, 60).fixes() for k in range(4)]
    among = slow(run(stopped(30), *others, detectors=(SlowInCorridor, GnssArea)))
    assert among[0].context["gnss"] == "not seen"
    without = slow(run(stopped(30), *others, detectors=(SlowInCorridor,)))
    assert without[0].context["gnss"] == "not assessed"


@pytest.mark.parametrize(
    "name", ["dma-5min-2013-11-12.nmea.gz", "frio-drift-2014-09-28.nmea.gz",
             "lotus-sog-glitch-2014-10-05.nmea.gz", "aishub-3min-2012.nmea.gz"],
)  # fmt: skip
def test_the_real_samples_raise_nothing(name):
    w = Watch(shipped_assets(), shipped_geography(), detectors=(GnssArea,))
    with open_feed(DATA / name) as feed:
        alerts = [a for part in feed for a in w.push(part).alerts] + w.flush().alerts
    assert alerts == []


@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90))
def test_every_place_has_an_area_that_holds_it(lon, lat):
    key = int(area_key(lon, lat))
    assert 0 <= key < 1080 * 1080
    assert area_name(key).startswith("the area ")


def scene() -> Batch:
    return laws.whole(*(jammed(k) for k in range(3)), blind(3), stopped(40, BEGINS - 7 * MINUTE))


def scene_lines():
    w = laws.new_watch(SlowInCorridor, PositionIntegrity, GnssArea)
    return laws.fold_in_cuts(w, scene(), [])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    once = scene_lines()
    assert len(once) > 8
    cuts = laws.random_cuts(len(scene().fixes), rng)
    w = laws.new_watch(SlowInCorridor, PositionIntegrity, GnssArea)
    got = laws.fold_in_cuts(w, scene(), cuts, reload_at=int(rng.integers(0, len(cuts) + 1)))
    assert got == once


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_gnss", "scene_lines") == scene_lines()


def test_more_areas_than_the_table_had_room_for():
    n = 3000
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(-179, 179, n), rng.uniform(-70, 70, n)
    fixes = Fixes.build(
        n, subject_id=230_000_000 + np.arange(n), t_ms=np.full(n, T0), msg_type=np.ones(n),
        lon_raw=np.round(lon * 600_000), lat_raw=np.round(lat * 600_000), sog_raw=np.full(n, 100),
        cog_raw=np.zeros(n), payload_hash=np.arange(n),
    )  # fmt: skip
    w = laws.new_watch(GnssArea)
    assert run(fixes, w=w) == []
    cells = {int(area_key(a, b)) for a, b in zip(lon, lat, strict=True)}
    assert w.detectors[0].areas.count == len(cells) > 256
    assert set(w.detectors[0].areas.keys().tolist()) == cells
