"""D1 drag_onset: golden tracks, each gate on its own, closing, and the laws."""

from __future__ import annotations

import csv
import functools
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.alerts import NextAsset
from sargas.model.fixes import PER_DEGREE, SOG_NONE, Batch, Fixes
from sargas.model.geodesy import KN_MS, bearing_deg, distance_m, step_along
from sargas.model.time import MINUTE_MS, parse_iso
from sargas.watch.clean import OK
from sargas.watch.detect.drag import DragOnset
from sargas.watch.detect.drag_words import _next_words
from sargas.watch.detect.speed_loss import SpeedLoss
from sargas.watch.locate import Located
from sargas.watch.minutes import minutes_of
from sargas.watch.rules import Rules, Threshold, load_rules

from .tracks import T0, Track, batch, statics, watch

START = {"lon": 16.9, "lat": 55.5}
"""Open sea south-east of Bornholm, 40-60 m deep, on course 060 no coast for 100 NM."""


def said(mmsi: int = 230_000_001, **more: object):
    return statics(mmsi, **({"length_m": 200, "ship_type": 70, "name": b"TEST"} | more))


def alerts(*parts, kinds=(DragOnset,), **options) -> list:
    w = watch(detectors=kinds, **options)
    out = w.push(batch(*parts)).alerts
    return out + w.flush().alerts


def steady(minutes: float = 120, *, sog_kn: float = 11.0, course: float = 60.0, **track) -> Track:
    return Track(**(START | track)).sail(minutes, sog_kn=sog_kn, cog_deg=course)


def drop(
    track: Track, to_kn: float, *, from_kn: float = 11.0, course: float = 60.0, ramp: float = 8,
    then: float = 60,
) -> Track:  # fmt: skip
    track.sail(ramp, sog_kn=from_kn, to_kn=to_kn, cog_deg=course)
    return track.sail(then, sog_kn=to_kn, cog_deg=course)


# --- it fires


def test_a_quarter_lost_opens_a_warning_within_twenty_minutes():
    opened, *_ = alerts(drop(steady(), 8.25).fixes(), said())
    ramp_ms = T0 + 120 * MINUTE_MS
    assert (opened.detector, opened.state, opened.version) == ("drag_onset", "open", 1)
    assert opened.priority == "P2"
    assert ramp_ms - MINUTE_MS <= opened.t_start_ms <= ramp_ms + 6 * MINUTE_MS
    assert 10 * MINUTE_MS <= opened.t_detected_ms - ramp_ms <= 20 * MINUTE_MS
    why = {r.feature: r for r in opened.why}
    assert why["own speed before"].value == pytest.approx(11.0, abs=0.1)
    assert why["speed lost"].value == pytest.approx(2.75, abs=0.35)
    assert why["speed as share of own"].value == pytest.approx(0.75, abs=0.03)
    assert why["depth of water, coarse"].value == pytest.approx(50, abs=20)
    assert why["length"].value == 200
    supporting = {
        "share of 20 min pulled to one side", "change of heading off course",
        "course hunting, standard deviation",
    }  # fmt: skip
    assert {r.feature for r in opened.why if not r.passed} == supporting
    assert "lost 2." in opened.text
    assert "of 11.0 kn since 08:0" in opened.text
    assert "no other ship was near enough to compare with" in opened.against
    assert opened.context["depth_m"] < 0
    assert "fixes in" in opened.context["coverage"]
    assert opened.context["supporting"] == []
    assert opened.next_assets[0].name == "NordBalt"
    assert opened.evidence_ms == (opened.t_start_ms - 120 * MINUTE_MS, opened.t_detected_ms)


def test_the_words_do_not_accuse():
    for alert in alerts(drop(steady(), 8.0).fixes(), said()):
        whole = alert.to_json().lower()
        for word in ("suspicious", "dark", "target", "culprit", "sabotage", "anchor drag"):
            assert word not in whole


@pytest.mark.parametrize("every_s", [10.0, 30.0, 180.0])
def test_the_reporting_rate_does_not_decide(every_s):
    opened = alerts(drop(steady(every_s=every_s), 8.25).fixes(), said())[0]
    ten = alerts(drop(steady(every_s=10.0), 8.25).fixes(), said())[0]
    assert abs(opened.t_detected_ms - ten.t_detected_ms) <= 4 * MINUTE_MS
    assert abs(opened.t_start_ms - ten.t_start_ms) <= 4 * MINUTE_MS
    assert opened.priority == ten.priority


def test_a_mixed_rate_does_not_weigh_the_dense_minutes_more():
    # 3-minute reports, then 2-second ones at the same speed: own speed stays a mean over time.
    sparse = steady(100, every_s=180.0, noise_kn=0.0)
    sparse.every_s = 2.0
    sparse.sail(20, sog_kn=11.6, cog_deg=60.0)
    opened = alerts(drop(sparse, 8.0, from_kn=11.6).fixes(), said())[0]
    own = next(r.value for r in opened.why if r.feature == "own speed before")
    assert own == pytest.approx(11.1, abs=0.06)


def test_a_pull_to_one_side_is_stated_as_support():
    track = steady()
    track.sail(8, sog_kn=11.0, to_kn=8.0, cog_deg=60.0, heading_off_deg=6.0)
    track.sail(60, sog_kn=8.0, cog_deg=60.0, heading_off_deg=6.0)
    opened = alerts(track.fixes(), said())[0]
    why = {r.feature: r for r in opened.why}
    # Some twelve minutes of the last twenty are pulled when it opens.
    assert why["change of heading off course"].passed
    assert why["share of 20 min pulled to one side"].value == pytest.approx(0.65, abs=0.15)
    slow = steady()
    slow.sail(25, sog_kn=11.0, to_kn=9.2, cog_deg=60.0, heading_off_deg=6.0)
    slow.sail(60, sog_kn=9.2, cog_deg=60.0, heading_off_deg=6.0)
    later = {r.feature: r for r in alerts(slow.fixes(), said())[0].why}
    assert later["share of 20 min pulled to one side"].passed
    pulled = alerts(slow.fixes(), said())[0]
    assert "no steady pull to one side" not in pulled.against
    assert pulled.context["heading_off_course_deg"]["before"] == pytest.approx(0.0, abs=0.3)
    assert pulled.context["heading_off_course_deg"]["now"] > 3.0
    assert "degrees further to starboard of the course" in pulled.context["supporting"][0]


# --- unknown passes, and is told


def test_unknown_length_passes_and_is_told():
    opened = alerts(drop(steady(), 8.25).fixes())[0]
    assert any(a.startswith("length unknown") for a in opened.against)
    assert "length" not in {r.feature for r in opened.why}


def test_unknown_heading_passes_and_is_told():
    fixes = drop(steady(), 8.25).fixes()
    fixes.heading_raw[:] = 511
    opened = alerts(fixes, said())[0]
    assert any(a.startswith("heading not available") for a in opened.against)
    json.dumps(opened.to_dict(), allow_nan=False)


def test_unknown_course_passes_and_names_nothing_ahead():
    fixes = drop(steady(), 8.25).fixes()
    fixes.cog_raw[:] = 3600
    opened = alerts(fixes, said())[0]
    assert opened.next_assets == ()
    assert any(a.startswith("course not available") for a in opened.against)
    json.dumps(opened.to_dict(), allow_nan=False)


def test_unknown_depth_passes_and_is_told():
    west = steady(lon=6.0, lat=56.0, course=20.0)
    opened = alerts(drop(west, 8.0, course=20.0).fixes(), said())[0]
    assert opened.context["depth_m"] is None
    assert "depth of the water unknown" in opened.against


def test_a_fix_without_speed_is_no_speed():
    fixes = drop(steady(), 8.25).fixes()
    fixes.sog_raw[::2] = 1022  # "102.2 kn or more"
    assert alerts(fixes, said())[0].priority == "P2"
    fixes.sog_raw[:] = 1023
    assert alerts(fixes, said()) == []


# --- each gate on its own


def test_short_ships_are_not_named():
    assert alerts(drop(steady(), 8.25).fixes(), said(length_m=79)) == []
    assert alerts(drop(steady(), 8.25).fixes(), said(length_m=80)) != []


def test_deep_water_is_out_of_an_anchors_reach():
    deep = steady(lon=19.55, lat=56.75, course=20.0)  # 155-200 m
    assert alerts(drop(deep, 8.25, course=20.0).fixes(), said()) == []


def test_three_quarters_of_an_hour_at_speed_are_needed():
    assert alerts(drop(steady(35), 8.25, then=120).fixes(), said()) == []
    assert alerts(drop(steady(50), 8.25).fixes(), said()) != []


def test_under_five_knots_is_not_under_way_enough():
    assert alerts(drop(steady(sog_kn=4.8), 3.4, from_kn=4.8).fixes(), said()) == []
    assert alerts(drop(steady(sog_kn=6.0), 4.3, from_kn=6.0, then=90).fixes(), said()) != []


@pytest.mark.parametrize(("to_kn", "fires"), [(10.35, False), (9.9, True)])
def test_less_than_seven_per_cent_is_no_loss(to_kn, fires):
    assert bool(alerts(drop(steady(), to_kn, then=150).fixes(), said())) is fires


@pytest.mark.parametrize(("to_kn", "fires"), [(5.35, False), (5.0, True)])
def test_less_than_four_spreads_is_no_loss(to_kn, fires):
    found = alerts(drop(steady(sog_kn=6.0), to_kn, from_kn=6.0, then=170).fixes(), said())
    assert bool(found) is fires


def test_a_dip_of_six_minutes_is_no_onset():
    track = drop(steady(), 8.0, ramp=2, then=2).sail(2, sog_kn=8.0, to_kn=11.0, cog_deg=60.0)
    assert alerts(track.sail(60, sog_kn=11.0, cog_deg=60.0).fixes(), said()) == []


def test_speed_lost_in_a_turn_is_no_onset():
    track = steady()
    for k in range(40):  # a turn of 80 degrees while the speed goes and comes back
        speed = 8.0 if k < 30 else 9.0
        track.sail(0.5, sog_kn=speed, cog_deg=60.0 - 2.0 * k)
    track.sail(60, sog_kn=11.0, cog_deg=340.0)
    assert alerts(track.fixes(), said()) == []


def test_hunting_is_no_turn():
    track = steady()
    rng = np.random.default_rng(3)
    course = 60 + 4.5 * np.sin(np.arange(400) * 2 * math.pi / 15) + rng.normal(0, 1, 400)
    for k in range(400):  # period 150 s, as measured on the Samus Swan
        track.sail(1 / 6, sog_kn=max(8.25, 11 - 0.06 * k), cog_deg=float(course[k]))
    found = alerts(track.fixes(), said())
    assert {a.id for a in found} == {found[0].id}
    assert [a.priority for a in found] == ["P2", "P1"]  # as it hunts, D2 confirms it


def test_towards_a_port_the_rule_is_silent_and_away_from_it_not():
    track = steady(70, lon=20.9, lat=57.45, sog_kn=10.0, course=92.0)  # Ventspils, 7-9 NM ahead
    assert alerts(drop(track, 7.0, from_kn=10.0, course=92.0, then=15).fixes(), said()) == []
    away = steady(70, lon=21.3, lat=57.45, sog_kn=10.0, course=272.0)
    assert alerts(drop(away, 7.0, from_kn=10.0, course=272.0, then=15).fixes(), said()) != []


def test_towards_a_coast_the_rule_is_silent():
    # East towards the coast of Gotland south of Visby, 3-5 NM off when the loss has lasted.
    track = steady(60, lon=17.57, lat=57.42, sog_kn=10.0, course=90.0)
    assert alerts(drop(track, 7.0, from_kn=10.0, course=90.0, then=18).fixes(), said()) == []
    away = steady(60, lon=17.75, lat=57.42, sog_kn=10.0, course=270.0)
    assert alerts(drop(away, 7.0, from_kn=10.0, course=270.0, then=18).fixes(), said()) != []


def test_the_land_gate_alone():
    at = {"lon": 16.9, "lat": 55.5}
    rules = load_rules()
    table = rules.tables["drag_onset"]
    wide = dict(table)
    wide["min_land_nm"] = type(table["min_land_nm"])(100.0, "NM", "test")
    far = type(rules)({**rules.tables, "drag_onset": wide})
    fixes = drop(steady(**at), 8.25).fixes()
    assert alerts(fixes, said()) != []
    assert alerts(fixes, said(), rules=far) == []


def test_not_under_command_is_not_called_a_drag():
    track = drop(steady(), 8.25)
    fixes = track.fixes()
    fixes.nav_status[-400:] = 2
    assert alerts(fixes, said()) == []


def test_a_ship_adrift_is_not_called_a_drag():
    track = steady()
    track.sail(10, sog_kn=11.0, to_kn=6.0, cog_deg=60.0, heading_off_deg=50.0)
    track.sail(60, sog_kn=6.0, cog_deg=60.0, heading_off_deg=50.0)
    assert alerts(track.fixes(), said()) == []


@pytest.mark.parametrize("coast_min", [5, 8, 12, 20])
def test_an_engine_that_stops_raises_nothing(coast_min):
    track = steady()
    for k in range(240):  # way falls off as 1 / (1 + t / T)
        track.sail(0.5, sog_kn=max(0.3, 11.0 / (1.0 + 0.5 * k / coast_min)), cog_deg=60.0)
    assert alerts(track.fixes(), said()) == []


def test_a_stop_raises_nothing():
    track = drop(steady(), 0.3, ramp=25, then=120)
    assert alerts(track.fixes(), said()) == []


# --- its life


def test_recovery_closes_with_hysteresis():
    track = drop(steady(90), 8.25, then=40)
    track.sail(40, sog_kn=10.2, cog_deg=60.0)  # 0.93 of its own: not back yet
    opened = alerts(track.fixes(), said())
    assert [a.state for a in opened] == ["open"]
    back = track.t_ms
    track.sail(4, sog_kn=10.2, to_kn=11.0, cog_deg=60.0).sail(40, sog_kn=11.0, cog_deg=60.0)
    _, closed = alerts(track.fixes(), said())
    assert closed.state == "closed"
    assert 15 * MINUTE_MS <= closed.t_issued_ms - back <= 24 * MINUTE_MS
    assert "makes 1" in closed.text
    assert "again" in closed.text
    assert closed.id == opened[0].id
    assert closed.version == 2
    assert closed.next_assets == ()


def test_a_second_loss_after_recovery_is_a_second_alert():
    track = drop(steady(90), 8.25, then=40).sail(60, sog_kn=11.0, cog_deg=60.0)
    found = alerts(drop(track, 8.0, then=40).fixes(), said())
    assert [a.state for a in found] == ["open", "closed", "open"]
    assert found[0].id == found[1].id != found[2].id


def test_way_lost_after_it_opened_is_told():
    track = drop(steady(), 8.0, then=40)
    track.sail(30, sog_kn=8.0, to_kn=0.4, cog_deg=60.0).sail(60, sog_kn=0.4, cog_deg=60.0)
    opened, closed = alerts(track.fixes(), said())
    assert closed.state == "closed"
    assert "all but stopped" in closed.text
    assert "engine trouble is as possible" in closed.text
    assert any("engine trouble is as possible" in a for a in closed.against)
    assert "engine trouble" not in opened.text
    stopped_ms = T0 + 198 * MINUTE_MS
    assert 28 * MINUTE_MS <= closed.t_issued_ms - stopped_ms <= 40 * MINUTE_MS


def test_silence_closes_after_three_hours_and_names_what_lay_ahead():
    track = drop(steady(), 8.25, then=30)
    last = track.t_ms
    other = Track(mmsi=230_000_009, lon=20.0, lat=58.5, t_ms=last, every_s=60.0)
    other.sail(300, sog_kn=0.0, cog_deg=0.0)
    opened, closed = alerts(track.fixes(), other.fixes(), said())
    assert closed.t_issued_ms - last == pytest.approx(180 * MINUTE_MS, abs=MINUTE_MS)
    assert "not received since 08:38Z" in closed.text
    # Three hours on, nothing is said to lie ahead "in 50 minutes".
    assert "; at that speed it would have come to NordBalt" in closed.text
    assert " in " not in closed.text.split("it would have come to")[1]
    assert {a.id for a in closed.next_assets} >= {opened.next_assets[0].id}
    assert {r.feature: r for r in closed.why}["silence"].passed


def test_more_than_three_assets_ahead_are_counted_and_the_next_power_line_is_named():
    kinds = ["telecom_cable"] * 5 + ["gas_pipeline", "power_cable"]
    ahead = tuple(
        NextAsset(f"a{k}", f"Line {k}", kind, 1.0, k * 10 * MINUTE_MS, 20.0, 57.0)
        for k, kind in enumerate(kinds)
    )
    three = (
        "; ahead at this speed: Line 0 (telecom cable) at 00:00Z, Line 1 (telecom cable) at "
        "00:10Z, Line 2 (telecom cable) at 00:20Z"
    )
    assert _next_words(ahead[:3]) == three
    assert _next_words(ahead[:5]) == f"{three} and 2 more"
    pipeline, power = (
        "the next gas pipeline Line 5 at 00:50Z",
        "the next power cable Line 6 at 01:00Z",
    )
    assert _next_words(ahead) == f"{three} and 4 more, {pipeline}, {power}"
    first = replace(ahead[0], kind="oil_pipeline")
    assert _next_words((first, *ahead[1:])).endswith(f" and 4 more, {power}")
    both = replace(ahead[1], kind="power_cable")
    assert _next_words((first, both, *ahead[2:])).endswith(f" and 4 more, {pipeline}")
    many = _next_words(ahead[:5] * 5)
    assert many.endswith("and at least 22 more")
    assert _next_words((), was=True) == "; no known asset lies ahead within the horizon"


def test_a_text_that_is_read_later_gives_clock_times_only():
    opened, *_ = alerts(drop(steady(), 8.25, then=30).fixes(), said())
    assert re.search(r"ahead at this speed: .* at \d\d:\d\dZ", opened.text)
    assert not re.search(r" in \d+ (minute|hour)", opened.text)


def test_a_silence_cuts_the_onset_but_not_the_own_speed():
    def sailed(quiet_min: float) -> list:
        track = steady(180).silent(quiet_min, sog_kn=8.25, cog_deg=60.0)
        back = track.t_ms
        found = alerts(track.sail(60, sog_kn=8.25, cog_deg=60.0).fixes(), said())
        return [(a.t_start_ms - back, a.t_detected_ms - back) for a in found[:1]]

    ((start, detected),) = sailed(40)
    assert start >= 0  # the onset is dated after the silence
    assert 8 * MINUTE_MS <= detected <= 20 * MINUTE_MS  # and the old speed is not forgotten
    assert sailed(300) == []


def test_the_alarm_comes_when_an_asset_is_an_hour_away():
    track = drop(steady(180), 8.25, then=150)
    opened, raised = alerts(track.fixes(), said())
    assert (opened.priority, raised.priority) == ("P2", "P1")
    assert (raised.state, raised.version, raised.id) == ("open", 2, opened.id)
    # Turns and coasts are looked for when it opens; later they may be there.
    assert "was seen that would explain it" in opened.text
    assert "was seen when it was first noticed that would explain it" in raised.text
    first = raised.next_assets[0]
    assert first.name == "NordBalt"
    assert 55 * MINUTE_MS <= first.eta_ms - raised.t_issued_ms <= 61 * MINUTE_MS


def test_an_asset_near_at_once_is_an_alarm_at_once():
    opened = alerts(drop(steady(240), 8.25).fixes(), said())[0]
    assert opened.priority == "P1"
    assert opened.next_assets[0].eta_ms - opened.t_detected_ms <= 60 * MINUTE_MS


def test_working_ships_are_lowered_by_one_and_told():
    opened = alerts(drop(steady(), 8.25).fixes(), said(ship_type=33))[0]
    assert opened.priority == "P3"
    assert any("ship type 33" in a for a in opened.against)


def test_leaving_the_pilotage_is_learnt_within_half_an_hour():
    track = steady(90, sog_kn=7.0).sail(10, sog_kn=7.0, to_kn=13.0, cog_deg=60.0)
    track.sail(90, sog_kn=13.0, cog_deg=60.0)
    opened = alerts(drop(track, 10.5, from_kn=13.0).fixes(), said())[0]
    own = next(r.value for r in opened.why if r.feature == "own speed before")
    assert own == pytest.approx(13.0, abs=0.2)


def test_a_loss_that_never_came_to_an_onset_becomes_its_own_speed():
    track = steady(120).sail(260, sog_kn=10.4, cog_deg=60.0)  # 5.5 % down for hours
    opened = alerts(drop(track, 7.5, from_kn=10.4).fixes(), said())[0]
    own = next(r.value for r in opened.why if r.feature == "own speed before")
    assert own == pytest.approx(10.4, abs=0.15)


# --- Eagle S, 25 December 2024: SYNTHETIC, from published waypoints (docs: incidents)

EAGLE_S = (
    (26.600, 59.960, 10.0),
    (26.305, 59.921, 9.2),
    (26.294, 59.919, 9.0),
    (26.100, 59.905, 8.0),
    (25.920, 59.893, 5.0),
    (25.880, 59.890, 0.5),
)
FAULT_MS = parse_iso("2024-12-25T10:26:00Z")
FAULT_AT = 2


def eagle_s(every_s: float = 10.0, before_min: float = 0.0, seed: int = 5) -> Fixes:
    """Sail the waypoints; speed goes evenly along each leg, so positions and speed agree.

    The clock is set by the fault of Estlink 2. `before_min` lets the ship come from further east
    at 10 kn, as it must have done: the table begins there only because nothing is published.
    """
    track = Track(mmsi=518_998_865, lon=26.6, lat=59.96, t_ms=0, every_s=every_s, seed=seed)
    if before_min:
        track.lon, track.lat = step_along(26.6, 59.96, 75.0, before_min * 60 * 10.0 * KN_MS)
        track.sail(before_min, sog_kn=10.0, cog_deg=track.aim(26.6, 59.96))
    fault_at_ms = 0
    for i, ((lon1, lat1, kn1), (lon2, lat2, kn2)) in enumerate(pairwise(EAGLE_S)):
        if i == FAULT_AT:
            fault_at_ms = track.t_ms
        minutes = distance_m(lon1, lat1, lon2, lat2) / (0.5 * (kn1 + kn2) * KN_MS) / 60
        track.sail(minutes, sog_kn=kn1, to_kn=kn2, cog_deg=bearing_deg(lon1, lat1, lon2, lat2))
    track.rows = [(r[0] + FAULT_MS - fault_at_ms, *r[1:]) for r in track.rows]
    return track.fixes()


EAGLE_S_SAID = said(
    518_998_865, t_ms=FAULT_MS - 300 * MINUTE_MS, length_m=228, ship_type=80, name=b"EAGLE S",
    imo=9_329_760,
)  # fmt: skip
LATER = {
    "C-Lion1",
    "Finland Estonia Connection (FEC)",
    "Finland-Estonia 2 (EESF-2)",
    "Finland-Estonia 3 (EESF-3)",
    "Estlink 1",
    "Balticconnector",
}


@pytest.mark.parametrize("every_s", [10.0, 180.0])
@pytest.mark.parametrize("before_min", [0.0, 120.0])
def test_eagle_s_names_the_later_assets_hours_ahead(every_s, before_min):
    found = alerts(eagle_s(every_s, before_min), EAGLE_S_SAID, kinds=(DragOnset, SpeedLoss))
    opened = found[0]
    # Between the published waypoints the speed falls gradually; whether it did is not known.
    assert opened.detector in ("speed_loss", "drag_onset")
    assert FAULT_MS < opened.t_detected_ms < parse_iso("2024-12-25T11:40:00Z")
    named = {a.name: a for a in opened.next_assets}
    assert named.keys() >= LATER
    for name in LATER:
        lead_h = (named[name].eta_ms - opened.t_detected_ms) / 3_600_000
        assert 3.0 <= lead_h <= 12.0, name
    # 16:04Z is when the first telecom cable failed; the ship stood for an hour and more between.
    assert not any(a.startswith("length unknown") for a in opened.against)


def test_eagle_s_gives_no_lead_before_estlink_2():
    """Its police speeds leave none (settled.md 23): 9.0 of 10 kn are reached only there."""
    fixes = eagle_s()
    before = fixes.take(fixes.t_ms < FAULT_MS)
    assert alerts(before, EAGLE_S_SAID) == []


# --- real tracks

AIS = Path(__file__).parents[1] / "data" / "ais"


def real_track(name: str, *, first: str = "", cut: tuple[str, str] | None = None) -> Fixes:
    """Read one of the reconstructed tracks; the artefacts named in settled.md 22 can be cut."""
    with (AIS / name).open() as file:
        rows = [r for r in csv.DictReader(file) if r["t_utc_reconstructed"] >= first]
    if cut:
        rows = [r for r in rows if not cut[0] <= r["t_utc_reconstructed"] < cut[1]]
    n = len(rows)
    return Fixes.build(
        n, subject_id=[int(r["mmsi"]) for r in rows],
        t_ms=[parse_iso(r["t_utc_reconstructed"]) for r in rows], msg_type=np.ones(n),
        lon_raw=[round(float(r["lon"]) * PER_DEGREE) for r in rows],
        lat_raw=[round(float(r["lat"]) * PER_DEGREE) for r in rows],
        sog_raw=[round(float(r["sog_kn_derived"]) * 10) for r in rows],
        cog_raw=[round(float(r["cog_deg"]) * 10) % 3600 for r in rows],
        payload_hash=np.arange(n),
    )  # fmt: skip


def test_samus_swan_shows_no_onset_she_was_dragging_when_first_heard():
    fixes = real_track("samus-swan-2022-02-26-drag.csv")
    assert len(fixes) > 1200
    assert alerts(fixes) == []


def test_her_lane_mate_shows_none_either():
    name = "mmsi-257206000-2022-02-26-lane-mate.csv"
    mate = real_track(name, first="2022-02-26T03:30", cut=("2022-02-26T04:35", "2022-02-26T04:40"))
    assert len(mate) > 700
    assert alerts(mate) == []


@pytest.mark.parametrize(
    "name",
    ["frio-drift-2014-09-28.nmea.gz", "lotus-sog-glitch-2014-10-05.nmea.gz",
     "dma-5min-2013-11-12.nmea.gz"],
)  # fmt: skip
def test_drift_glitch_and_five_minutes_of_traffic_raise_nothing(name):
    """FRIO is adrift, LOTUS at anchor with one SOG of 102.2, the traffic heard for five minutes."""
    from sargas.feeds import open_feed

    w = watch(detectors=(DragOnset,))
    found = []
    for part in open_feed(AIS / name):
        found += w.push(part).alerts
    found += w.flush().alerts
    assert w.counts["ok"] > 15
    assert found == []


# --- laws


@functools.cache
def story() -> Batch:
    """Four ships: a loss and a recovery, a loss and a stop, an alarm, a silence."""
    a = drop(steady(90, every_s=30.0), 8.25, then=50)
    a.sail(5, sog_kn=8.25, to_kn=11.0, cog_deg=60.0).sail(60, sog_kn=11.0, cog_deg=60.0)
    b = drop(steady(80, every_s=20.0, mmsi=230_000_002, lat=55.6), 8.0, then=40)
    b.sail(20, sog_kn=8.0, to_kn=0.3, cog_deg=60.0).sail(60, sog_kn=0.3, cog_deg=60.0)
    c = drop(steady(180, every_s=60.0, mmsi=230_000_003, lat=55.55), 8.5, then=60)
    d = drop(steady(70, every_s=60.0, mmsi=230_000_004, lat=55.45), 8.5, then=20)
    far = Track(230_000_005, 18.0, 58.4, every_s=60.0).sail(420, sog_kn=0.1, cog_deg=0.0)
    return batch(*(t.fixes() for t in (a, b, c, d, far)), said(), said(230_000_003, ship_type=80))


def fold(cuts: list[int], *, save: bool) -> list[str]:
    w = watch(detectors=(DragOnset,))
    out = []
    for k, (start, end) in enumerate(pairwise([0, *cuts, len(story().fixes)])):
        if save:
            saved = w.dump()
            w = watch(detectors=(DragOnset,))
            w.load(saved)
        told = story().statics if k == 0 else story().statics.take(slice(0, 0))
        out += w.push(Batch(story().fixes.take(slice(start, end)), told)).alerts
    return [a.to_json() for a in out + w.flush().alerts]


@functools.cache
def whole() -> tuple[str, ...]:
    return tuple(fold([], save=False))


def test_the_story_has_all_turns_of_an_alerts_life():
    turns = [(a["state"], a["priority"]) for a in map(json.loads, whole())]
    assert {("open", "P2"), ("open", "P1"), ("closed", "P2")} <= set(turns)
    words = " ".join(json.loads(a)["text"] for a in whole())
    for phrase in ("again at", "not received since", "ahead at this speed"):
        assert phrase in words


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 1816), max_size=12).map(sorted), save=st.booleans())
def test_cuts_and_restarts_change_nothing(cuts, save):
    assert fold(cuts, save=save) == list(whole())


SCRIPT = """
from tests.watch.test_drag import *
fixes = drop(steady(60, every_s=60.0), 8.25, then=20).fixes()
deg = drop(steady(60, every_s=45.0, mmsi=230000002, course=352.0, lat=55.3, lon=18.2), 8.0,
           course=352.0, then=20).fixes()
for a in alerts(fixes, deg, said()):
    print(a.to_json())
"""


def test_interpreted_equals_compiled():
    root = Path(__file__).parents[2]
    outs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, cwd=root,
            env=os.environ | {"NUMBA_DISABLE_JIT": off},
        ).stdout
        for off in ("0", "1")
    ]  # fmt: skip
    assert outs[0].count("drag_onset") >= 2
    assert outs[0] == outs[1]


# --- rates, on noise with a stated law


def minute_rows(sog_kn, t_ms: int) -> Located:
    """One fix of every vessel in open water, straight into the detector."""
    n = len(sog_kn)
    unknown = np.full(n, math.nan)
    fixed = {"lon": 17.5, "lat": 55.7, "cog_deg": 60.0, "heading_deg": 60.0, "land_m": 20_000.0}
    columns = {name: np.full(n, value) for name, value in fixed.items()}
    ids = np.arange(n, dtype=np.int32)
    return Located(
        slot=ids, verdict=np.full(n, OK, np.uint8), t_ms=np.full(n, t_ms), sog_kn=sog_kn,
        nav_status=np.zeros(n, np.uint8), msg_type=np.ones(n, np.uint8),
        length_m=np.full(n, 200, np.uint16), ship_type=np.full(n, 70, np.uint8),
        asset=np.full(n, -1, np.int32), distance_m=unknown, buffer_m=unknown, accuracy_m=unknown,
        kp_m=unknown, depth_m=np.full(n, -50.0), subject=ids, **columns,
    )  # fmt: skip


def sail_many(
    vessels: int, minutes: int, spread_kn: float, loss: float = 0.0, at_min: int = 0,
    ramp_min: float = 8.0, tau_min: float = 30.0,
) -> np.ndarray:  # fmt: skip
    """Give the times of opening (slot, minute), own speeds 6-16 kn, noise a seeded OU process."""
    rng = np.random.default_rng(20260101)
    # All sail at one place here, and would be each other's cohort.
    tables = load_rules().tables
    alone = tables["drag_onset"] | {"cohort_ships": Threshold(1e6, "ships", "test")}
    rules = Rules(tables | {"drag_onset": alone})
    detector = DragOnset(watch(detectors=(), rules=rules).around)
    own = rng.uniform(6.0, 16.0, vessels)
    noise = rng.normal(0.0, spread_kn, vessels)
    keep = math.exp(-1.0 / tau_min)
    opened = []
    for k in range(minutes):
        noise = keep * noise + math.sqrt(1 - keep**2) * spread_kn * rng.normal(size=vessels)
        lost = own * loss * np.clip((k - at_min) / ramp_min, 0.0, 1.0)
        rows = minute_rows(np.round(own + noise - lost, 1), (k + 1) * MINUTE_MS)
        events = detector.fold(minutes_of(rows, np.array([0, vessels]), k + 1, vessels, vessels))
        opened += [(int(e["slot"]), k - at_min) for e in events[events["op"] == 1]]
    return np.array(opened).reshape(-1, 2)


def test_a_steady_lane_opens_next_to_nothing_in_4000_vessel_days():
    """Reference: 0.001 per vessel-day for noise of 0.25 kn, tau 30 min, so 4 would be expected.

    Six opened: 0.0006 to 0.0033 a vessel-day at 95 % (Poisson); noise assumed, not real.
    """
    assert len(sail_many(4000, 1440, 0.25)) <= 8


def test_a_noisy_lane_is_held_down_by_its_own_spread():
    """0.40 kn: reference 0.65 with thresholds in knots; measured here 0.0095 per vessel-day."""
    assert 1 <= len(sail_many(1000, 1440, 0.40)) <= 25


@pytest.mark.parametrize(("loss", "share", "median_min"), [(0.25, 0.98, 18.0), (0.15, 0.85, 27.0)])
def test_injected_losses_are_found_within_half_an_hour(loss, share, median_min):
    """Delay counts from the start of an 8-minute ramp."""
    opened = sail_many(1000, 360, 0.25, loss=loss, at_min=180)
    first = {}
    for slot, minute in opened:
        first.setdefault(slot, minute)
    delays = np.array([m for m in first.values() if m >= 0])
    assert len(delays) >= share * 1000
    assert np.median(delays) <= median_min
    assert len(first) - len(delays) <= 3


# --- any course of speed


@settings(max_examples=40, deadline=None)
@given(
    legs=st.lists(
        st.tuples(st.floats(0.0, 16.0), st.integers(5, 120), st.sampled_from([0.0, 15.0, 60.0])),
        min_size=2, max_size=8,
    ),
    every_s=st.sampled_from([20.0, 60.0, 180.0]),
)  # fmt: skip
def test_every_alert_opens_once_rises_at_most_once_and_closes_at_most_once(legs, every_s):
    track = steady(60, every_s=every_s)
    speed, course = 11.0, 60.0
    for to_kn, minutes, turn in legs:
        track.sail(5, sog_kn=speed, to_kn=to_kn, cog_deg=course)
        course += turn
        track.sail(minutes, sog_kn=to_kn, cog_deg=course)
        speed = to_kn
    lives: dict[str, list] = {}
    for alert in alerts(track.fixes(), said()):
        json.dumps(alert.to_dict(), allow_nan=False)
        lives.setdefault(alert.id, []).append(alert)
    for life in lives.values():
        assert [a.version for a in life] == list(range(1, len(life) + 1))
        assert "".join(a.state[0] for a in life) in ("o", "oo", "oc", "ooc")
        assert [a.priority for a in life] == sorted((a.priority for a in life), reverse=True)
        assert len({a.t_start_ms for a in life}) == 1
        opened = life[0]
        gates = {r.feature: r.passed for r in opened.why}
        unproven = {
            "share of 20 min pulled to one side", "change of heading off course",
            "course hunting, standard deviation", "course hunting against before",
        }  # fmt: skip
        assert {f for f, passed in gates.items() if not passed} <= unproven
        assert opened.t_start_ms + 5 * MINUTE_MS <= opened.t_detected_ms


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0.945, 1.0), every_s=st.sampled_from([10.0, 60.0, 180.0]))
def test_a_loss_of_a_twentieth_never_opens(share, every_s):
    track = drop(steady(70, every_s=every_s), 11.0 * share, then=200)
    assert alerts(track.fixes(), said()) == []


def test_a_minute_without_speed_leaves_no_course_to_the_next_minute_with_one():
    """Courses of an hour without speed would be averaged into the first minute that has one."""
    track = steady(60, every_s=30.0)
    track.sail(60, sog_kn=11.0, cog_deg=60.0).sail(5, sog_kn=11.0, cog_deg=150.0)
    fixes = track.fixes()
    sog = fixes.sog_raw.copy()
    blind = (fixes.t_ms > T0 + 60 * MINUTE_MS) & (fixes.t_ms <= T0 + 120 * MINUTE_MS)
    sog[blind] = SOG_NONE
    w = watch(detectors=(DragOnset,))
    w.push(batch(Fixes(**(fixes.columns() | {"sog_raw": sog})), said()))
    w.flush()
    row = w.detectors[0].state[0]
    first = (T0 // MINUTE_MS + 120) % 10
    assert row["cogs"][first] == pytest.approx(105.0, abs=0.5)  # one fix of 60, one of 150
