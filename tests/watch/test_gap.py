"""D8: silences that must ring, the reasons why others must not, how gaps end, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.fixes import COG_NONE, LON_NONE, SOG_NONE, Fixes
from sargas.watch.detect.gap import Gap
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track

LOST = 60 * MINUTE
"""The vessel sails for an hour, then is silent."""


def around(*, minutes=160.0, lat=57.0, n=6, mmsi=230_001_000, every_s=60.0, lon=19.5):
    """Vessels in the same lane, heard all along: going to and fro over 40 km."""
    out = []
    for k in range(n):
        t = Track(mmsi=mmsi + k, lon=lon + 0.2 * k, lat=lat + 0.01 * k, seed=k, every_s=every_s)
        course = 90.0
        while t.t_ms < T0 + minutes * MINUTE:
            t.sail(60, sog_kn=10, cog_deg=course)
            course = 360.0 - course
        out.append(t.fixes())
    return out


def vessel(minutes=60.0, *, lat=57.2, lon=19.5, sog_kn=10.0, **options):
    return Track(lon=lon, lat=lat, **options).sail(minutes, sog_kn=sog_kn, cog_deg=90)


def run(*parts, watch=None):
    w = watch or laws.new_watch(Gap)
    whole = laws.whole(*parts)
    return w.push(whole).alerts + w.flush().alerts, w.detectors[0].counts


def of(alerts, mmsi=230_000_001):
    return [a for a in alerts if a.subject.mmsi == mmsi]


def lane(**options):
    return around(lat=57.2, **options)


def test_silence_under_way_among_others_opens_a_p3_after_45_minutes():
    alerts, counts = run(vessel().fixes(), *lane())
    (a,) = of(alerts)
    assert (a.state, a.priority, a.asset) == ("open", "P3", None)
    assert a.t_start_ms == T0 + LOST
    assert a.t_detected_ms == T0 + LOST + 45 * MINUTE
    assert "not received since 07:00Z" in a.text
    assert "other vessels within 20 NM were received in the last 10 minutes" in a.text
    assert all(r.passed for r in a.why)
    assert {r.feature: r.value for r in a.why}["other vessels received near by"] >= 3
    assert not counts
    assert alerts == [a]  # nothing about those who were received


def test_the_words_never_accuse():
    (a,) = of(run(vessel().fixes(), *lane())[0])
    for word in ("dark", "switched off", "disabled", "suspicious", "target"):
        assert word not in a.to_json().lower()


def test_not_under_way_no_gap():
    alerts, counts = run(vessel(sog_kn=1.2).fixes(), *lane())
    assert (of(alerts), counts) == ([], {})


def test_too_few_fixes_are_counted():
    few = vessel(4 / 6, every_s=10).fixes()
    assert run(few, *lane())[1] == {"too_few_fixes": 1}


def test_class_b_and_unknown_class_wait_longer():
    for msg_type in (18, 0):
        fixes = vessel().fixes()
        fixes.msg_type[:] = msg_type
        (a,) = of(run(fixes, *lane(minutes=175))[0])
        assert a.t_detected_ms - a.t_start_ms == 90 * MINUTE
        assert any("class B" in s for s in a.against)


def test_alone_at_sea_it_is_counted_not_raised():
    alerts, counts = run(vessel().fixes(), *around(lat=58.6, minutes=190, n=4, lon=20.0))
    assert of(alerts) == []
    assert counts == {"leaving_coverage": 1}


def test_few_others_received_are_not_enough():
    two, four = lane(minutes=190)[:2], lane()[2:]
    four = [p.take(p.t_ms < T0 + LOST + 15 * MINUTE) for p in four]
    alerts, counts = run(vessel().fixes(), *two, *four)
    assert of(alerts) == []
    assert counts["few_others_received"] + counts["way_not_covered"] >= 1


def test_sailing_out_of_the_covered_area_is_no_gap():
    """Others turn back at 20.9 E; the vessel was last heard there, eastbound."""
    alerts, counts = run(vessel(lon=20.55).fixes(), *lane(minutes=190))
    assert of(alerts) == []
    assert counts == {"leaving_coverage": 1}


def test_a_feed_outage_raises_nothing_when_it_ends():
    """All are silent from 07:00 to 08:30, then all but the vessel, which comes 3 min later."""
    parts = [p for p in lane(minutes=200)]
    t = T0 + LOST
    parts = [p.take((p.t_ms <= t) | (p.t_ms > t + 90 * MINUTE)) for p in parts]
    back = vessel().silent(93, sog_kn=10, cog_deg=270).sail(20, sog_kn=10, cog_deg=90)
    assert of(run(back.fixes(), *parts)[0]) == []


def test_a_vessel_heard_in_bursts_is_given_more_time():
    t = vessel(10).silent(20, sog_kn=10, cog_deg=90).sail(10, sog_kn=10, cog_deg=90)
    (a,) = of(run(t.fixes(), *lane(minutes=175))[0])
    assert a.t_detected_ms - a.t_start_ms >= 60 * MINUTE


def test_near_the_coast_and_into_port_it_is_counted():
    """Off Tallinn, heading for the bay: reckoned ashore."""
    port = [p for p in around(lat=59.62, lon=24.3, minutes=190)]
    t = Track(lon=24.7, lat=59.75).sail(40, sog_kn=10, cog_deg=170)
    alerts, counts = run(t.fixes(), *port)
    assert of(alerts) == []
    assert counts == {"port_or_coast": 1}


def test_near_an_asset_on_its_reckoned_way_it_is_a_p2_that_names_it():
    fixes = Track(lon=19.9, lat=56.8).sail(60, sog_kn=10, cog_deg=0).fixes()  # at 56.966
    grid = [p for k in range(4) for p in around(lat=56.9 + 0.1 * k, mmsi=230_001_000 + 10 * k)]
    (a,) = of(run(fixes, *grid)[0])
    assert (a.priority, a.asset.id) == ("P2", "alpha")
    assert "at 10.0 kn as last seen it would be" in a.text
    assert "Alpha (power cable) at 07:1" in a.text


def test_an_open_gap_rises_when_the_reckoned_way_comes_to_an_asset():
    fixes = Track(lon=19.9, lat=56.72).sail(60, sog_kn=9, cog_deg=0).fixes()  # 14.5 km south
    grid = [
        p for k in range(5)
        for p in around(lat=56.8 + 0.1 * k, mmsi=230_001_000 + 10 * k, minutes=190)
    ]  # fmt: skip
    a, b = of(run(fixes, *grid)[0])
    assert (a.priority, a.asset, a.version) == ("P3", None, 1)
    assert (b.priority, b.asset.id, b.version, b.id) == ("P2", "alpha", 2, a.id)
    assert b.t_issued_ms > a.t_issued_ms == a.t_detected_ms == b.t_detected_ms


def test_an_open_gap_that_rises_says_who_is_received_then():
    """Its neighbours of the opening have fallen silent when its way comes to the asset."""
    fixes = Track(lon=19.9, lat=56.58).sail(60, sog_kn=9, cog_deg=0).fixes()
    grid = [
        p for k in range(7)
        for p in around(lat=56.7 + 0.1 * k, mmsi=230_001_000 + 10 * k, minutes=120)
    ]  # fmt: skip
    far = Track(230_000_009, lon=18.0, lat=58.4, every_s=60).sail(240, sog_kn=0, cog_deg=0)
    found = of(run(fixes, *grid, far.fixes())[0])
    a, b = found[:2]
    assert (a.priority, b.priority, b.version) == ("P3", "P2", 2)
    assert b.t_issued_ms > T0 + 130 * MINUTE
    assert "; 0 other vessels within 20 NM were received in the last 10 minutes" in b.text
    assert not {r.feature: r.passed for r in b.why}["other vessels received near by"]


def test_an_ill_known_asset_is_named_but_does_not_raise():
    fixes = Track(lon=19.9, lat=57.12).sail(60, sog_kn=10, cog_deg=0).fixes()
    grid = [p for k in range(4) for p in around(lat=57.2 + 0.1 * k, mmsi=230_001_000 + 10 * k)]
    (a,) = of(run(fixes, *grid, watch=laws.new_watch(Gap, assets=laws.sea(laws.UNCERTAIN)))[0])
    assert (a.priority, a.asset.id) == ("P3", "umbra")
    assert "asset position uncertain by ±3000 m" in a.text


def test_it_closes_with_duration_and_implied_speed():
    t = vessel().silent(58, sog_kn=12, cog_deg=90).sail(5, sog_kn=10, cog_deg=90)
    a, b = of(run(t.fixes(), *lane(minutes=175))[0])
    assert (b.state, b.id) == ("closed", a.id)
    assert "received again at 07:58Z after 58 minutes" in b.text
    assert b.context["implied_kn"] == pytest.approx(12, abs=0.3)


def without_position(fixes: Fixes) -> Fixes:
    fixes.lon_raw[:] = LON_NONE
    return fixes


def test_reports_without_position_are_reception():
    heard = without_position(vessel(200).fixes())
    assert of(run(vessel().fixes(), heard.take(heard.t_ms > T0 + LOST), *lane())[0]) == []
    once = heard.take((heard.t_ms > T0 + LOST + 50 * MINUTE) & (heard.t_ms < T0 + 111 * MINUTE))
    _, b = of(run(vessel().fixes(), once, *lane())[0])
    assert "its report had no position" in b.text


def test_another_hull_under_the_same_mmsi_carries_on_no_gap():
    twin = Track(lon=20.5, lat=58.5).sail(170, sog_kn=9, cog_deg=0).fixes()
    assert of(run(vessel().fixes(), twin, *lane())[0]) == []


def test_unknown_course_and_speed_block_nothing():
    fixes = vessel().fixes()
    fixes.cog_raw[:] = COG_NONE
    (a,) = of(run(fixes, *lane())[0])
    assert any("course unknown" in s for s in a.against)
    fixes = vessel().fixes()
    fixes.sog_raw[:], fixes.cog_raw[:] = SOG_NONE, COG_NONE
    (b,) = of(run(fixes, *lane())[0])
    assert {r.feature: r.value for r in b.why}["smoothed speed before"] == pytest.approx(10, abs=1)


def test_silence_is_judged_only_as_far_as_event_time_goes():
    assert of(run(vessel().fixes(), *[p.take(p.t_ms < T0 + LOST + 44 * MINUTE)
                                      for p in lane()])[0]) == []  # fmt: skip


def scene():
    """Gaps that open, rise and close; silences that are refused."""
    grid = [
        p for k in range(5)
        for p in around(lat=56.8 + 0.1 * k, mmsi=230_001_000 + 10 * k, minutes=190, every_s=120)
    ]  # fmt: skip
    return laws.whole(
        Track(lon=19.9, lat=56.72, every_s=30).sail(60, sog_kn=9, cog_deg=0).fixes(),
        vessel(mmsi=230_000_002, seed=5, every_s=30).silent(58, sog_kn=12, cog_deg=90)
        .sail(5, sog_kn=10, cog_deg=90).fixes(),
        vessel(mmsi=230_000_003, seed=6, every_s=30, lat=58.3).fixes(),
        *grid,
    )  # fmt: skip


def scene_lines():
    w = laws.new_watch(Gap)
    out = laws.fold_in_cuts(w, scene(), [])
    return [*out, str(sorted(w.detectors[0].counts.items()))]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    *once, counts = scene_lines()
    assert len(once) == 4
    assert counts == "[('leaving_coverage', 1), ('often_silent', 1)]"
    cuts = laws.random_cuts(len(whole.fixes), rng)
    got = laws.fold_in_cuts(
        laws.new_watch(Gap), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_gap", "scene_lines") == scene_lines()


def test_more_cells_than_the_table_had_room_for():
    """A table that grows in mid-minute loses nothing."""
    w = laws.new_watch(Gap)
    rng = np.random.default_rng(3)
    n = 6000
    lon, lat = rng.uniform(-170, 170, n), rng.uniform(-70, 70, n)
    fixes = Fixes.build(
        n, subject_id=230_000_000 + np.arange(n), t_ms=np.full(n, T0), msg_type=np.ones(n),
        lon_raw=np.round(lon * 600_000), lat_raw=np.round(lat * 600_000), sog_raw=np.full(n, 100),
        cog_raw=np.zeros(n), payload_hash=np.arange(n),
    )  # fmt: skip
    w.push(laws.whole(fixes))
    w.flush()
    cells = {(int((b + 90) // 0.1), int((a + 180) // 0.2)) for a, b in zip(lon, lat, strict=True)}
    assert int(w.detectors[0].heard.used[0]) == pytest.approx(len(cells), abs=3)
    assert len(cells) > 4096
