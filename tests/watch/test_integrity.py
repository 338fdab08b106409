"""D10: positions that cannot be true, those that only look so, how cases close, and the laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.feeds import open_feed
from sargas.model.fixes import SOG_OVERFLOW
from sargas.reference import shipped_assets, shipped_geography
from sargas.watch.detect.circle import circle_of
from sargas.watch.detect.gap import Gap
from sargas.watch.detect.integrity import PositionIntegrity
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.fold import Watch
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track

DATA = Path(__file__).parents[1] / "data" / "ais"


def run(*parts):
    w = laws.new_watch(PositionIntegrity)
    whole = laws.whole(*parts)
    return w.push(whole).alerts + w.flush().alerts, w.detectors[0].counts


def kinds(alerts):
    return [a.context["kind"] for a in alerts if a.version == 1]


def sailing(minutes=30.0, **options):
    return Track(**options).sail(minutes, sog_kn=10, cog_deg=90)


def jumping(km_north=30.0, fixes=1, **options):
    """Sail, report elsewhere for some fixes, sail on as if nothing had been."""
    t = sailing(20, **options)
    lon, lat = t.lon, t.lat
    t.jump(lon, lat + km_north / 111.3).sail(fixes / 6, sog_kn=10, cog_deg=90)
    return t.jump(lon, lat).sail(20, sog_kn=10, cog_deg=90)


def test_an_ordinary_way_raises_nothing():
    t = sailing(30).sail(20, sog_kn=25, cog_deg=10).sail(30, sog_kn=0.1, cog_deg=0)
    assert run(t.fixes()) == ([], {})


def test_a_jump_is_a_p3_that_names_both_places():
    (a, *rest), _ = run(jumping().fixes())
    assert (a.priority, a.context["kind"], a.asset) == ("P3", "jump", None)
    assert a.t_start_ms == T0 + 20 * MINUTE + 10_000
    assert a.lat == pytest.approx(57.0, abs=0.01)
    assert "57°16" in a.text
    assert "30.0 km from its last clean position 10 s before" in a.text
    assert any("single report" in s for s in a.against)
    assert rest == []


def test_a_short_hop_or_a_fast_craft_is_no_jump():
    assert run(jumping(km_north=1.5).fixes())[0] == []
    fast = Track().sail(30, sog_kn=48, cog_deg=0)
    assert run(fast.fixes())[0] == []


def test_a_late_copy_of_an_old_report_is_counted_not_raised():
    """A station whose clock is wrong brings a position 17 minutes old (measured on FRIO)."""
    fixes = sailing(40).fixes()
    old = fixes.take(np.array([60]))
    old.t_ms[:] += 17 * MINUTE
    assert run(fixes, old) == ([], {"late_copies": 1})


def test_a_station_with_a_late_clock_makes_no_second_ship():
    """Every fifth report comes again 17 minutes late, so that two hulls seem to take turns."""
    fixes = sailing(60).fixes()
    old = fixes.take(np.arange(0, 250, 5))
    old.t_ms[:] += 17 * MINUTE
    alerts, counts = run(fixes, old)
    assert alerts == []
    assert counts["late_copies"] > 10


def test_it_closes_after_30_minutes_without_a_sign():
    t = jumping().sail(40, sog_kn=10, cog_deg=90)
    (a, b), _ = run(t.fixes())
    assert (b.state, b.id) == ("closed", a.id)
    assert b.t_end_ms == pytest.approx(a.t_start_ms + 30 * MINUTE, abs=MINUTE)
    assert "1 sign in all" in b.text


def test_two_ships_with_one_mmsi_are_said_to_be_that():
    there = Track(lon=20.0, lat=58.0, seed=2).sail(30, sog_kn=8, cog_deg=180)
    alerts, _ = run(sailing().fixes(), there.fixes())
    assert kinds(alerts) == ["jump", "in_turn"]
    a = next(a for a in alerts if a.context["kind"] == "in_turn")
    assert "two ships use this MMSI" in a.text
    assert {r.feature: r.passed for r in a.why}["changes between two places"]
    assert len({a.id for a in alerts}) == 2


def inland_after_a_jump():
    """From off Gotland to the middle of Latvia from one fix to the next."""
    return sailing(20).jump(25.5, 57.0).sail(5, sog_kn=10, cog_deg=90)


def test_inland_from_one_fix_to_the_next():
    alerts, _ = run(inland_after_a_jump().fixes())
    assert kinds(alerts) == ["jump", "inland"]
    a = next(a for a in alerts if a.context["kind"] == "inland")
    assert "inside land at 57°00" in a.text
    assert "where it is, is not known" in a.text
    assert {r.feature: r.passed for r in a.why}["fixes in a row"]


def test_a_case_that_goes_on_after_it_was_closed_is_an_alert_of_its_own():
    """The run inland began once; two alerts that both begin there would have one name."""
    t = inland_after_a_jump()
    t.silent(40, sog_kn=0.2, cog_deg=0).sail(10, sog_kn=0.2, cog_deg=0)
    alerts = [a for a in run(t.fixes())[0] if a.context["kind"] == "inland"]
    assert [(a.version, a.state) for a in alerts] == [(1, "open"), (2, "closed"), (1, "open")]
    assert alerts[0].id != alerts[2].id
    assert alerts[2].t_start_ms == alerts[2].t_detected_ms > alerts[1].t_issued_ms


def test_inland_needs_three_fixes_in_a_row():
    few = sailing(20).jump(25.5, 57.0).sail(4 / 6, sog_kn=10, cog_deg=90)  # two of them confirmed
    assert "inland" not in kinds(run(few.fixes())[0])


def kiel_canal():
    """From Kiel fjord to the Elbe at 8 kn, along the canal as the chart has it."""
    way = [(10.35, 54.60), (10.16, 54.40), (10.14, 54.365), (9.93, 54.36), (9.70, 54.33),
           (9.60, 54.20), (9.35, 54.13), (9.30, 54.02), (9.14, 53.89)]  # fmt: skip
    t = Track(lon=way[0][0], lat=way[0][1])
    for lon, lat in way[1:]:
        for _ in range(400):
            gap = np.hypot((lon - t.lon) * 65_000, (lat - t.lat) * 111_300)
            if gap < 300:
                break
            t.sail(1, sog_kn=8, cog_deg=t.aim(lon, lat))
    return t


def test_canal_traffic_is_left_alone():
    t = kiel_canal()
    w = laws.new_watch(PositionIntegrity)
    land = w.around.geography.land_distance
    inland = sum(land.at(r[1], r[2]) < -1000 for r in t.rows)
    assert inland > 100  # the case is real: the land file does not know the canal
    assert run(t.fixes())[0] == []


def test_canal_traffic_heard_again_after_a_silence_is_left_alone():
    fixes = kiel_canal().fixes()
    hours = (fixes.t_ms - fixes.t_ms[0]) / 3_600_000
    assert run(fixes.take((hours < 1.5) | (hours > 3.0)))[0] == []


def frozen(minutes=15.0, sog_kn=9.0, **options):
    t = Track(**options).sail(20, sog_kn=9, cog_deg=90)
    return t.sail(minutes, sog_kn=0, cog_deg=90, reported_kn=sog_kn)


def test_frozen_position_with_speed():
    (a,), _ = run(frozen().fixes())
    assert a.context["kind"] == "frozen"
    assert a.t_start_ms == pytest.approx(T0 + 20 * MINUTE, abs=20_000)
    assert a.t_detected_ms - a.t_start_ms == 10 * MINUTE
    assert "has not moved more than 100 m for 10 minutes" in a.text
    (b,), _ = run(frozen(noise_kn=0.0).fixes())
    assert any("word for word" in s for s in b.against)


@pytest.mark.parametrize(
    "track",
    [frozen(9), frozen(40, sog_kn=2.5), frozen(40, nav_status=1), frozen(40, nav_status=5),
     frozen(40, every_s=240)],
)  # fmt: skip
def test_frozen_gates(track):
    assert run(track.fixes())[0] == []


def test_one_wild_speed_at_anchor_raises_nothing():
    """As LOTUS: 102.2 kn once, or any other wild speed, while the position stands."""
    for raw in (SOG_OVERFLOW, 1021):
        t = Track(nav_status=0, noise_kn=0).sail(60, sog_kn=0, cog_deg=0)
        fixes = t.fixes()
        fixes.sog_raw[180] = raw
        assert run(fixes)[0] == []


def test_kinds_that_begin_with_the_same_fix_are_two_alerts():
    alerts, _ = run(inland_after_a_jump().fixes(), jumping(mmsi=230_000_009).fixes())
    opened = [a for a in alerts if a.version == 1]
    assert len({a.id for a in opened}) == len(opened) == 3


def scene():
    """All four kinds, and cases that close."""
    there = Track(lon=20.0, lat=58.0, seed=2, mmsi=230_000_002, every_s=30)
    return laws.whole(
        jumping(every_s=10).sail(35, sog_kn=10, cog_deg=90).fixes(),
        sailing(mmsi=230_000_002, every_s=30).fixes(),
        there.sail(30, sog_kn=8, cog_deg=180).fixes(),
        sailing(20, mmsi=230_000_003).jump(25.5, 57.0).sail(5, sog_kn=10, cog_deg=90).fixes(),
        frozen(mmsi=230_000_004, every_s=20).fixes(),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(PositionIntegrity), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    once = scene_lines()
    assert len(once) >= 8
    cuts = laws.random_cuts(len(whole.fixes), rng)
    got = laws.fold_in_cuts(
        laws.new_watch(PositionIntegrity), whole, cuts,
        reload_at=int(rng.integers(0, len(cuts) + 1)),
    )  # fmt: skip
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_integrity", "scene_lines") == scene_lines()


@pytest.mark.parametrize(
    ("file", "vessels"),
    [("lotus-sog-glitch-2014-10-05.nmea.gz", 1), ("frio-drift-2014-09-28.nmea.gz", 1),
     ("dma-5min-2013-11-12.nmea.gz", 1400)],
)  # fmt: skip
def test_real_tracks_on_which_these_three_detectors_are_silent(file, vessels):
    """A wild speed at anchor, a drift with late copies, five minutes of Danish traffic."""
    w = Watch(
        shipped_assets(), shipped_geography(), detectors=(PositionIntegrity, SlowInCorridor, Gap)
    )
    alerts = [a for b in open_feed(str(DATA / file)) for a in w.push(b).alerts]
    assert alerts + w.flush().alerts == []
    assert w.vessels >= vessels


@pytest.mark.parametrize(
    "file", ["samus-swan-2022-02-26-drag.csv", "mmsi-257206000-2022-02-26-lane-mate.csv"]
)
def test_ships_that_sail_at_10_knots_are_neither_slow_nor_lost(file):
    names = {"t": "t_utc_reconstructed", "mmsi": "mmsi", "lon": "lon", "lat": "lat",
             "sog": "sog_kn_derived", "cog": "cog_deg"}  # fmt: skip
    w = Watch(shipped_assets(), shipped_geography(), detectors=(SlowInCorridor, Gap))
    feed = open_feed(str(DATA / file), format="csv", column_map=names)
    alerts = [a for b in feed for a in w.push(b).alerts]
    assert alerts + w.flush().alerts == []
    assert w.counts["ok"] > 900


def circling(radius_m=1500.0, minutes=40.0, *, off_deg=180.0, around_min=25.0, wobble=0.0):
    """Go around at a steady speed; the reported course is off the way made by some degrees."""
    t = Track(every_s=30)
    rng = np.random.default_rng(9)
    for k in range(int(minutes * 2)):
        angle = 360.0 * k / (2 * around_min)
        r = radius_m * (1.0 + wobble * rng.normal())
        t.t_ms += 30_000
        lon = 20.0 + r * np.sin(np.radians(angle)) / 60_700
        lat = 57.0 + r * np.cos(np.radians(angle)) / 111_400
        t.rows.append((t.t_ms, lon, lat, 8.0, (angle + 90 + off_deg) % 360, 0.0))
    return t.fixes()


def test_a_circle_with_courses_that_are_not_its_way():
    alerts, _ = run(circling())
    assert kinds(alerts) == ["circle"]
    (a,) = alerts[:1]
    assert "on a circle of 1.5 km around 57°00.0'N 020°00.0'E" in a.text
    assert all(r.passed for r in a.why)
    assert {r.feature: r.value for r in a.why}["residual of the circle"] < 0.05


@pytest.mark.parametrize(
    "options",
    [{"off_deg": 0.0}, {"radius_m": 300.0}, {"minutes": 20.0}, {"wobble": 0.15},
     {"around_min": 80.0}],
    ids=["honest courses", "at anchor", "too short", "no circle", "not around"],
)  # fmt: skip
def test_what_is_no_circle(options):
    assert kinds(run(circling(**options))[0]) == []


def test_the_fit_is_exact_on_a_circle_and_none_on_a_line():
    angle = np.linspace(0.0, 5.0, 16)
    lon = 20.0 + 2000 * np.sin(angle) / 60_772.0
    lat = 57.0 + 2000 * np.cos(angle) / 111_370.0
    c = circle_of(lon, lat, 0, 16)
    assert c.radius_m == pytest.approx(2000, rel=0.01)
    assert (c.lon, c.lat) == (pytest.approx(20.0, abs=1e-3), pytest.approx(57.0, abs=1e-3))
    assert c.turn_deg == pytest.approx(np.degrees(5.0), abs=1)
    assert circle_of(lon, 57.0 + (lon - 20.0), 0, 16).radius_m == np.inf
