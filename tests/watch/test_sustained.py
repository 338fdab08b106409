"""D1's sustained form: a ship below its lane when first received, and a course that hunts."""

from __future__ import annotations

import csv
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sargas.model.fixes import PER_DEGREE, Batch, Fixes
from sargas.reference import shipped_assets, shipped_geography
from sargas.watch.detect.speed_loss import SpeedLoss
from sargas.watch.detect.sustained import DragSustained
from sargas.watch.fold import Watch
from tests.watch.laws import fold_in_cuts, interpreted, lines, new_watch, random_cuts
from tests.watch.tracks import Track, batch, statics

AIS = Path(__file__).parents[1] / "data" / "ais"
COURSE = 60.0
SWAN, MATE = 248_363_000, 257_206_000


def ship(k: int, minutes: float, sog_kn: float, *, width_deg: float = 0.0, period_s: float = 100.0,
         every_s: float = 60.0, **track) -> Track:  # fmt: skip
    """Sail one ship of a lane in open water east of Bornholm; `width_deg`: its course hunts."""
    out = Track(mmsi=230_000_001 + k, lon=17.0 + 0.01 * k, lat=55.55 + 0.003 * k, seed=k + 1,
                every_s=every_s, **track)  # fmt: skip
    if not width_deg:
        return out.sail(minutes, sog_kn=sog_kn, cog_deg=COURSE)
    for i in range(round(minutes * 60 / every_s)):
        off = width_deg * math.sqrt(2) * math.sin(2 * math.pi * i * every_s / period_s)
        out.sail(every_s / 60, sog_kn=sog_kn, cog_deg=COURSE + off)
    return out


def said(n: int, length_m: int = 180):
    return [statics(230_000_001 + k, length_m=length_m, name=f"SHIP {k}") for k in range(n)]


def told(*parts):
    w = new_watch(DragSustained, SpeedLoss)
    return w.push(batch(*parts)).alerts + w.flush().alerts


def lane(minutes: float = 120, first_kn: float = 8.0, n: int = 7, **changes):
    """Give a lane at 11 kn, give or take, whose first ship makes `first_kn`."""
    speeds = [first_kn, 11.0, 10.6, 11.4, 10.8, 11.2, 11.0, 10.7][:n]
    return [ship(k, minutes, v, **changes).fixes() for k, v in enumerate(speeds)]


# --- it fires


def test_a_ship_thirty_percent_under_its_lane_is_told_within_an_hour_of_its_first_fix():
    found = told(*lane(first_kn=7.7), *said(7))
    assert [(a.subject.mmsi, a.state, a.priority) for a in found] == [(230_000_001, "open", "P3")]
    alert = found[0]
    assert alert.detector == "speed_loss"  # low and no more is no sign of a drag
    assert (alert.t_detected_ms - Track().t_ms) / 60_000 <= 60
    assert "70 % of the 11.0 kn that 6 other ships of its lane made" in alert.text
    assert "when it was first received" in alert.text
    why = {r.feature: r for r in alert.why}
    assert why["speed under the lane's, in its spreads"].passed
    assert any("not received at a higher speed before" in line for line in alert.against)


def test_low_and_swinging_is_told_with_one_mate_only():
    slow = ship(0, 60, 9.4, width_deg=3.7, period_s=150, every_s=10)
    mate = ship(1, 60, 11.2, width_deg=1.9, period_s=100, every_s=10)
    found = told(slow.fixes(), mate.fixes(), *said(2))
    assert {a.subject.mmsi for a in found} == {230_000_001}
    assert "its course hunts by 3." in found[0].text
    assert any("only 1 other ship of the lane" in line for line in found[0].against)
    assert found[0].context["course_hunting"]["period_s"] == pytest.approx(150, abs=10)


def test_of_a_report_a_minute_the_width_alone_is_told_when_it_is_wide():
    slow = ship(0, 90, 8.4, width_deg=4.0, period_s=150)
    mates = [ship(k, 90, 11.0, width_deg=1.2, period_s=90) for k in range(1, 4)]
    found = told(slow.fixes(), *(m.fixes() for m in mates), *said(4))
    assert {a.subject.mmsi for a in found} == {230_000_001}
    first = found[0]
    assert first.detector == "drag_sustained"
    assert (first.t_detected_ms - Track().t_ms) / 60_000 <= 60
    assert first.context["course_hunting"]["period_s"] is None
    assert "degrees, the lane's by" in first.text
    assert "nan" not in first.to_json()
    assert any("too few reports to tell how fast" in line for line in first.against)
    poor = ship(0, 90, 8.4, width_deg=2.8, period_s=110)
    assert told(poor.fixes(), *(m.fixes() for m in mates), *said(4)) == []


def test_a_low_ship_that_begins_to_hunt_is_told_anew():
    first = ship(0, 70, 7.7, every_s=10)
    for i in range(540):
        off = 3.7 * math.sqrt(2) * math.sin(2 * math.pi * i / 15)
        first.sail(1 / 6, sog_kn=7.7, cog_deg=COURSE + off)
    others = [ship(k, 160, 11.0 + 0.1 * (k % 3), width_deg=1.2, every_s=10) for k in range(1, 7)]
    found = told(first.fixes(), *(s.fixes() for s in others), *said(7))
    assert [(a.detector, a.state) for a in found] == [
        ("speed_loss", "open"), ("drag_sustained", "open"), ("speed_loss", "closed"),
    ]  # fmt: skip
    assert found[1].priority == "P2"  # low in its lane as well
    assert "told as drag_sustained from" in found[2].text


def test_low_and_swinging_on_a_ship_that_was_faster_is_a_warning():
    slow = ship(0, 60, 11.0, every_s=10)
    for i in range(540):
        off = 3.7 * math.sqrt(2) * math.sin(2 * math.pi * i / 15)
        slow.sail(1 / 6, sog_kn=8.2, cog_deg=COURSE + off)
    mate = ship(1, 150, 11.2, width_deg=1.9, period_s=100, every_s=10)
    found = told(slow.fixes(), mate.fixes(), *said(2))
    assert {a.subject.mmsi for a in found} == {230_000_001}
    assert found[-1].priority == "P2"
    assert "it made 11.0 kn for half an hour before" in found[-1].text
    why = {r.feature: r for r in found[-1].why}
    assert why["speed as share of its own fastest half hour"].value == pytest.approx(0.75, abs=0.05)


def test_a_ship_that_slowed_later_is_for_other_rules_to_tell():
    ships = [ship(0, 60, 11.0).sail(90, sog_kn=7.7, cog_deg=COURSE)]
    ships += [ship(k, 150, 11.0 + 0.1 * (k % 3)) for k in range(1, 7)]
    assert told(*(s.fixes() for s in ships), *said(7)) == []


def test_a_later_stop_raises_it():
    first = ship(0, 80, 7.7).sail(10, sog_kn=7.7, to_kn=0.2, cog_deg=COURSE)
    first.sail(40, sog_kn=0.2, cog_deg=COURSE)
    others = [ship(k, 130, 11.0 + 0.1 * (k % 3)).fixes() for k in range(1, 7)]
    found = told(first.fixes(), *others, *said(7))
    assert [(a.state, a.priority) for a in found] == [("open", "P3"), ("open", "P2")]
    assert "has stopped" in found[-1].text


def test_passenger_ships_are_a_lane_of_their_own():
    fast = [statics(230_000_001 + k, length_m=180, ship_type=60) for k in range(1, 7)]
    assert told(*lane(first_kn=7.7), statics(230_000_001, length_m=180, ship_type=70), *fast) == []


# --- it must not fire


def test_the_lane_itself_is_silent():
    assert told(*lane(first_kn=10.0), *said(7)) == []


def test_a_lane_of_wide_spread_names_nobody():
    speeds = [8.2, 9.0, 10.5, 11.5, 12.5, 13.5, 11.0]
    ships = [ship(k, 120, v).fixes() for k, v in enumerate(speeds)]
    assert told(*ships, *said(7)) == []


def test_small_ships_are_held_against_small_ones():
    small = [statics(230_000_001 + k, length_m=60 if k == 0 else 180) for k in range(7)]
    assert told(*lane(first_kn=7.7), *small) == []
    big = [statics(230_000_001 + k, length_m=330 if k == 0 else 150) for k in range(7)]
    assert told(*lane(first_kn=7.7), *big) == []


def test_those_on_the_opposite_course_do_not_count():
    first = ship(0, 120, 7.7).fixes()
    other = [
        Track(mmsi=230_000_001 + k, lon=17.6, lat=55.7, every_s=60.0)
        .sail(120, sog_kn=11.0, cog_deg=COURSE + 180).fixes()
        for k in range(1, 7)
    ]  # fmt: skip
    assert told(first, *other, *said(7)) == []


def test_slow_and_regular_is_no_hunting():
    """As coherent as the other, but narrow: what the lane mate of the Samus Swan shows."""
    slow = ship(0, 90, 9.4, width_deg=1.9, period_s=95, every_s=10)
    mate = ship(1, 90, 11.2, width_deg=1.9, period_s=100, every_s=10)
    assert told(slow.fixes(), mate.fixes(), *said(2)) == []


def test_a_tow_that_says_so_is_silent():
    ships = [ship(0, 120, 7.7, nav_status=11), *(ship(k, 120, 11.0) for k in range(1, 7))]
    assert told(*(s.fixes() for s in ships), *said(7)) == []


# --- the real case


def real(name: str, mmsi: int, shift_ms: int = 0, cut=()) -> Fixes:
    """Read a rebuilt track; `cut` names spans that are artefacts of the rebuilding."""
    rows = []
    with (AIS / name).open() as file:
        for r in csv.DictReader(file):
            t = r["t_utc_reconstructed"]
            if not any(a <= t < b for a, b in cut):
                t_ms = round(datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp() * 1000)
                rows.append((t_ms, *(float(r[c]) for c in ("lon", "lat", "sog_kn_derived",
                                                           "cog_deg"))))  # fmt: skip
    table = np.array(rows)
    n = len(table)
    return Fixes.build(
        n, subject_id=np.full(n, mmsi), t_ms=table[:, 0].astype(np.int64) + shift_ms,
        msg_type=np.full(n, 1), lon_raw=np.round(table[:, 1] * PER_DEGREE),
        lat_raw=np.round(table[:, 2] * PER_DEGREE), sog_raw=np.round(table[:, 3] * 10),
        cog_raw=np.round(table[:, 4] * 10) % 3600, heading_raw=np.full(n, 511),
        payload_hash=np.arange(n) + mmsi,
    )  # fmt: skip


def samus_swan() -> Batch:
    """The real drag, and its lane mate with its clock shifted onto it (settled, 22)."""
    swan = real("samus-swan-2022-02-26-drag.csv", SWAN)
    day = "2022-02-26T"
    cut = ((day + "00:00", day + "03:30"), (day + "04:35", day + "04:40"))
    mate = real("mmsi-257206000-2022-02-26-lane-mate.csv", MATE, cut=cut)
    mate = real("mmsi-257206000-2022-02-26-lane-mate.csv", MATE,
                int(swan.t_ms[0] - mate.t_ms[0]), cut)  # fmt: skip
    length = [statics(m, t_ms=int(swan.t_ms[0]), length_m=145) for m in (SWAN, MATE)]
    return batch(swan, mate, *length)


def test_the_samus_swan_is_told_within_an_hour_and_its_lane_mate_never():
    w = Watch(shipped_assets(), shipped_geography())
    whole = samus_swan()
    found = w.push(whole).alerts + w.flush().alerts
    drags = [a for a in found if a.detector.startswith("drag_")]
    assert {a.subject.mmsi for a in drags} == {SWAN}
    first = drags[0]
    assert (first.detector, first.state) == ("drag_sustained", "open")
    assert (first.t_detected_ms - int(whole.fixes.t_ms.min())) / 60_000 <= 60
    assert "its course hunts by 3." in first.text
    assert "% of the 11.2 kn that one other ship of its lane made" in first.text
    assert first.why[0].feature == "speed as share of the lane's"
    assert 0.8 < first.why[0].value < 0.88
    why = {r.feature: r for r in first.why}
    assert why["course hunting against the lane's"].passed
    assert why["its period against the lane's"].passed
    assert [a.name for a in first.next_assets][:1] == ["SwePol Link"]


# --- laws


def story() -> Batch:
    """A lane with a slow ship that stops, and a swinging pair."""
    first = ship(0, 80, 7.7).sail(10, sog_kn=7.7, to_kn=0.2, cog_deg=COURSE)
    first.sail(30, sog_kn=0.2, cog_deg=COURSE)
    others = [ship(k, 120, 11.0 + 0.1 * (k % 3)).fixes() for k in range(1, 7)]
    slow = ship(20, 60, 9.4, width_deg=3.7, period_s=150, every_s=10)
    mate = ship(21, 60, 11.2, width_deg=1.9, period_s=100, every_s=10)
    numbers = [*range(7), 20, 21]
    length = [statics(230_000_001 + k, length_m=180) for k in numbers]
    return batch(first.fixes(), *others, slow.fixes(), mate.fixes(), *length)


def test_cuts_and_saved_state_change_nothing():
    w = new_watch(DragSustained, SpeedLoss)
    once = lines(w.push(story()).alerts) + lines(w.flush().alerts)
    assert len(once) >= 3
    rng = np.random.default_rng(5)
    for _ in range(4):
        cuts = random_cuts(len(story().fixes), rng)
        w = new_watch(DragSustained, SpeedLoss)
        assert fold_in_cuts(w, story(), cuts, reload_at=len(cuts) // 2) == once


def few() -> list[str]:
    """Alerts of a small case, for the interpreted twin."""
    slow = ship(0, 50, 9.4, width_deg=3.7, period_s=150, every_s=10)
    mate = ship(1, 50, 11.2, width_deg=1.9, period_s=100, every_s=10)
    return lines(told(slow.fixes(), mate.fixes(), *said(2)))


def test_interpreted_equals_compiled():
    assert len(few()) >= 1
    assert interpreted("tests.watch.test_sustained", "few") == few()
