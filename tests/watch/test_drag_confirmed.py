"""D2, and the cohort of D1: what confirms a loss, and what the ships around say of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sargas.watch.detect.drag import DragOnset
from sargas.watch.detect.drag_confirmed import DragConfirmed
from tests.watch.laws import fold_in_cuts, interpreted, lines, new_watch, random_cuts
from tests.watch.tracks import Track, batch, statics

COURSE = 60.0


def steady(mmsi=230_000_001, minutes=120, **changes) -> Track:
    """A ship of 200 m at 11 kn in open water, 50 m deep."""
    ship = {"lon": 17.1, "lat": 55.6, "mmsi": mmsi, "every_s": 10.0} | changes
    return Track(**ship).sail(minutes, sog_kn=11.0, cog_deg=COURSE)


def swing(track: Track, minutes: float, width_deg: float, sog_kn: float) -> Track:
    """Sail with a course that hunts every 150 s."""
    for k in range(round(minutes * 6)):
        off = width_deg * math.sqrt(2) * math.sin(2 * math.pi * k / 15)
        track.sail(1 / 6, sog_kn=sog_kn, cog_deg=COURSE + off)
    return track


def said(*mmsi: int):
    return [statics(m, length_m=200, name=f"SHIP {m % 1000}") for m in mmsi or (230_000_001,)]


def told(*parts, kind=DragConfirmed):
    w = new_watch(*{DragOnset, kind})
    return w.push(batch(*parts)).alerts + w.flush().alerts


def lost(track: Track, to_kn: float = 8.25) -> Track:
    return track.sail(8, sog_kn=11.0, to_kn=to_kn, cog_deg=COURSE)


def test_a_kept_loss_with_a_hunting_course_is_confirmed_as_an_alarm():
    track = swing(lost(steady()), 80, 3.7, 8.25)
    found = told(track.fixes(), *said())
    confirmed = [a for a in found if a.detector == "drag_confirmed"]
    assert [(a.state, a.priority) for a in confirmed] == [("open", "P1")]
    alert = confirmed[0]
    onset = next(a for a in found if a.detector == "drag_onset")
    assert 30 <= (alert.t_detected_ms - onset.t_detected_ms) / 60_000 <= 45
    assert "has kept that loss for" in alert.text
    assert "course hunting by 3." in alert.text
    assert "as a ship that tows something" in alert.text
    why = {r.feature: r for r in alert.why}
    assert why["time with the loss kept"].passed
    assert why["course hunting, standard deviation"].value == pytest.approx(3.7, abs=0.3)
    assert alert.context["course_hunting"]["period_s"] == pytest.approx(150, abs=8)
    assert [a.priority for a in found if a.detector == "drag_onset"][-1] == "P1"


def test_a_kept_loss_with_a_pull_to_one_side_is_confirmed():
    track = lost(steady()).sail(60, sog_kn=8.25, cog_deg=COURSE, heading_off_deg=5.0)
    found = told(track.fixes(), *said())
    confirmed = next(a for a in found if a.detector == "drag_confirmed")
    assert "to starboard of the course than before" in confirmed.text


def test_a_kept_loss_alone_is_not_confirmed():
    track = lost(steady()).sail(90, sog_kn=8.25, cog_deg=COURSE)
    assert {a.detector for a in told(track.fixes(), *said())} == {"drag_onset"}


def test_a_course_that_always_swung_so_confirms_nothing():
    track = swing(Track(lon=17.1, lat=55.6), 120, 3.7, 11.0)
    found = told(swing(lost(track), 80, 3.7, 8.25).fixes(), *said())
    assert {a.detector for a in found} == {"drag_onset"}


def test_it_ends_with_its_onset():
    track = swing(lost(steady()), 80, 3.7, 8.25)
    track.sail(4, sog_kn=8.25, to_kn=11.0, cog_deg=COURSE).sail(40, sog_kn=11.0, cog_deg=COURSE)
    ends = {a.detector: a.t_issued_ms for a in told(track.fixes(), *said()) if a.state == "closed"}
    assert set(ends) == {"drag_onset", "drag_confirmed"}
    assert len(set(ends.values())) == 1


# --- the cohort


def convoy(n: int, loses: set[int], late_min: float = 0.0) -> tuple:
    """Give ships within 4 NM on one course; those named lose a quarter, the others later or not."""
    parts, numbers = [], []
    for k in range(n):
        mmsi = 230_000_001 + k
        track = steady(mmsi, lon=17.1 + 0.03 * k, lat=55.6 + 0.01 * k, seed=k + 1)
        if k in loses:
            lost(track).sail(120, sog_kn=8.25, cog_deg=COURSE)
        elif late_min:
            track.sail(late_min, sog_kn=11.0, cog_deg=COURSE)
            lost(track).sail(120 - late_min, sog_kn=8.25, cog_deg=COURSE)
        else:
            track.sail(128, sog_kn=11.0, cog_deg=COURSE)
        parts.append(track.fixes())
        numbers.append(mmsi)
    return (*parts, *said(*numbers))


def test_weather_that_slows_everybody_raises_nothing():
    assert told(*convoy(5, {0, 1, 2, 3, 4}), kind=DragOnset) == []


def test_one_that_slows_among_five_is_told_with_the_others_beside_it():
    found = told(*convoy(5, {0}), kind=DragOnset)
    assert {a.subject.mmsi for a in found} == {230_000_001}
    assert "4 ships around have not slowed as much" in found[0].text
    assert found[0].context["cohort"] == {
        "ships": 4,
        "upper_quartile_loss_pct": pytest.approx(0, abs=2),
    }
    why = {r.feature: r for r in found[0].why}
    assert why["speed as share of own, less what the others lost"].passed


def test_two_ships_are_too_few_to_excuse_each_other():
    found = told(*convoy(2, {0, 1}), kind=DragOnset)
    assert {a.subject.mmsi for a in found} == {230_000_001, 230_000_002}
    assert any("only one other ship was" in line for line in found[0].against)


def test_it_closes_when_the_others_have_slowed_as_well():
    found = told(*convoy(5, {0}, late_min=45), kind=DragOnset)
    assert [a.state for a in found if a.subject.mmsi == 230_000_001] == ["open", "closed"]
    assert "the 4 ships around have lost 2" in found[-1].text
    assert {a.subject.mmsi for a in found} == {230_000_001}


# --- laws


def whole():
    """All of it in one batch."""
    swung = swing(lost(steady(230_000_031, lon=17.6, lat=55.9)), 60, 3.7, 8.25)
    return batch(*convoy(5, {0}, late_min=45), swung.fixes(), *said(230_000_031))


def test_cuts_and_saved_state_change_nothing():
    w = new_watch(DragOnset, DragConfirmed)
    once = lines(w.push(whole()).alerts) + lines(w.flush().alerts)
    assert sum('"drag_confirmed"' in line for line in once) >= 1
    rng = np.random.default_rng(11)
    for _ in range(4):
        cuts = random_cuts(len(whole().fixes), rng)
        again = fold_in_cuts(
            new_watch(DragOnset, DragConfirmed), whole(), cuts, reload_at=len(cuts) // 2
        )
        assert again == once


def few() -> list[str]:
    """Alerts of a small case, for the interpreted twin."""
    track = swing(lost(steady(minutes=60)), 50, 3.7, 8.25)
    parts = [track.fixes()]
    for k in range(3):
        parts.append(steady(230_000_011 + k, 118, lon=17.1 + 0.03 * k, every_s=60.0).fixes())
    return lines(told(*parts, *said()))


def test_interpreted_equals_compiled():
    assert sum('"drag_confirmed"' in line for line in few()) >= 1
    assert interpreted("tests.watch.test_drag_confirmed", "few") == few()
