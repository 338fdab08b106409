"""D15: a lane learnt from many passages, who is told off it, who must not be, and the laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.time import MINUTE_MS
from sargas.reference import shipped_geography
from sargas.watch.detect import off_route_fold as fold
from sargas.watch.detect import off_route_learnt as learnt
from sargas.watch.detect.base import WORK_TYPES
from sargas.watch.detect.off_route import DAY_MS, LEAST_LEFT, OffRoute
from sargas.watch.fold import Watch
from sargas.watch.rules import Rules, Threshold, load_rules
from tests.watch import laws
from tests.watch.tracks import T0, Track, statics

LANE_LAT = 57.05
"""The middle of a row of cells in the open sea east of Gotland, 36 NM from any port."""
HOUR = 60 * MINUTE_MS
ONE = 230_000_001


def lane(n: int = 120):
    """Sail `n` ships east along the lane, a report every five minutes; 3 h 45 min in all."""
    parts = []
    for k in range(n):
        one = Track(mmsi=240_000_000 + k, lon=19.2, lat=LANE_LAT, t_ms=T0 + (k % 12) * MINUTE_MS,
                    every_s=300, seed=k)  # fmt: skip
        parts += [one.sail(210, sog_kn=14, cog_deg=90).fixes()]
        parts += [statics(240_000_000 + k, length_m=120)]
    return parts


def ship(mmsi: int = ONE, lon: float = 19.9, lat: float = 56.8, after_h: float = 4.0, **track):
    """Begin a ship south of the lane, some hours later."""
    return Track(mmsi=mmsi, lon=lon, lat=lat, t_ms=T0 + round(after_h * HOUR), every_s=120, **track)


def crossing(mmsi: int = ONE, sog_kn: float = 12.0, minutes: float = 150, **track):
    """Sail north over the lane."""
    return ship(mmsi, **track).sail(minutes, sog_kn=sog_kn, cog_deg=0)


def told(*parts, rules=None):
    """Give the alerts, and the detector to ask what it counted and learnt."""
    w = Watch(laws.sea(), shipped_geography(), rules, detectors=(OffRoute,))
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts, w.detectors[0]


def alerts(*parts, length_m: int = 120, **said):
    """Fold the lane and other parts, of which the ship `ONE` says what it is."""
    return told(*lane(), *parts, statics(ONE, length_m=length_m, **said))[0]


# --- it fires


def test_a_ship_that_crosses_the_lane_where_nobody_did_is_a_note():
    a, b = alerts(crossing().fixes(), ship_type=70)
    assert (a.subject.mmsi, a.state, a.priority, a.asset) == (ONE, "open", "P3", None)
    assert a.text == (
        "MMSI 230000001 sails since 10:30Z on course 000 at 12.0 kn where, of 360 passages of "
        "ships like it in the waters around in the last 5 h 00 min, none went here on such a "
        "course; what for is not known."
    )
    assert all(r.passed for r in a.why)
    why = {r.feature: r for r in a.why}
    assert why["passages here on such a course, of those around"].value == 0
    assert why["such windows by chance"].value <= -11
    assert why["rare blocks of 5 minutes, of 7 known of the last 12"].threshold == 7
    # It begins with the first rare block: half an hour north lies the row beside the lane's.
    assert a.t_start_ms == T0 + 270 * MINUTE_MS
    assert a.t_detected_ms == T0 + 305 * MINUTE_MS
    assert a.context["learnt"]["ships_like_it"] == "ships other than passenger ones of 80 to 160 m"
    assert any("learnt for 0.2 days only" in s for s in a.against)
    assert (b.state, b.id) == ("closed", a.id)
    assert "where nothing can be compared" in b.text
    assert [(r.feature, r.passed) for r in b.why] == [(r.feature, r.passed) for r in a.why]
    assert b.priority == "P3"


def test_a_ship_against_the_lane_is_told():
    west = ship(lon=20.4, lat=LANE_LAT).sail(120, sog_kn=12, cog_deg=270)
    assert {a.subject.mmsi for a in alerts(west.fixes())} == {ONE}


def test_what_is_unknown_passes_and_is_told():
    (a, _) = told(*lane(), crossing(nav_status=15).fixes())[0]
    assert a.context["learnt"]["ships_like_it"] == "ships other than passenger ones of 80 m or more"
    assert any("length unknown" in s for s in a.against)
    assert any("ship type unknown" in s for s in a.against)
    assert any("status not available" in s for s in a.against)


def test_it_closes_on_the_lane():
    joins = crossing(sog_kn=10, minutes=90).sail(60, sog_kn=10, cog_deg=90)
    a, b = alerts(joins.fixes())
    assert "is on a course usual there at" in b.text
    assert (b.t_end_ms - a.t_detected_ms) >= 30 * MINUTE_MS
    assert b.priority == "P3"


def test_it_closes_when_slow_and_when_silent():
    slow = crossing(minutes=80).sail(50, sog_kn=2, cog_deg=0)
    a, b = alerts(slow.fixes())
    assert "it makes less than 5 kn at" in b.text
    assert b.t_end_ms == pytest.approx(T0 + (4 * 60 + 80 + 30) * MINUTE_MS, abs=6 * MINUTE_MS)
    other = Track(mmsi=ONE + 1, lon=19.0, lat=56.0, t_ms=T0, every_s=120)
    other.sail(10 * 60, sog_kn=2, cog_deg=180)
    a, b = alerts(crossing(minutes=80).fixes(), other.fixes())
    assert (a.subject.mmsi, b.state) == (ONE, "closed")
    assert "was not received for 3 h" in b.text


def changed(**values):
    """Give the shipped rules with some values of this detector's changed."""
    tables = dict(load_rules().tables)
    own = {k: Threshold(v, tables["off_route"][k].unit, "test") for k, v in values.items()}
    return Rules(tables | {"off_route": tables["off_route"] | own})


def test_its_own_way_is_not_usual_within_a_day():
    thrice = [crossing(after_h=h).fixes() for h in (4, 12, 20)]
    parts = (*lane(), *thrice, statics(ONE, length_m=120))
    found, _ = told(*parts)
    assert [a.state for a in found].count("open") == 3
    assert len({a.id for a in found}) == 3
    found, _ = told(*parts, rules=changed(own_h=0.0))
    assert [a.state for a in found].count("open") == 2


# --- it must not fire


def test_the_lane_itself_is_silent():
    found, detector = told(*lane(), ship(lon=19.2, lat=LANE_LAT).sail(200, sog_kn=12, cog_deg=90)
                           .fixes(), statics(ONE, length_m=120))  # fmt: skip
    assert found == []
    assert detector.counts["looked"] > detector.counts["not_learnt"] > 0
    assert "rare" not in detector.counts


def test_before_enough_is_learnt_it_is_silent_and_counts():
    found, detector = told(*lane(60), crossing().fixes(), statics(ONE, length_m=120))
    assert found == []
    assert detector.counts["not_learnt"] == detector.counts["looked"] > 0


def test_many_passages_of_few_ships_are_not_enough():
    """Ten ships, on fifteen days each."""
    parts = []
    for k in range(10):
        for day in range(15):
            back = Track(mmsi=240_000_000 + k, lon=19.2, lat=LANE_LAT,
                         t_ms=T0 + day * DAY_MS + k * MINUTE_MS, every_s=300)  # fmt: skip
            parts.append(back.sail(210, sog_kn=14, cog_deg=90).fixes())
        parts.append(statics(240_000_000 + k, length_m=120))
    late = crossing(after_h=14 * 24 + 4).fixes()
    found, detector = told(*parts, late, statics(ONE, length_m=120))
    cell = fold.cell_key(19.9, LANE_LAT)
    code = learnt.code_of(cell, 1, 2)
    density = learnt.density_at(detector.learnt.cells, detector.learnt.rows, code)
    assert density.passages > 300
    assert density.ships == 11  # with the one that crosses
    assert found == []


def test_waters_far_from_the_lane_are_silent():
    assert alerts(ship(lon=19.9, lat=56.2).sail(90, sog_kn=12, cog_deg=0).fixes()) == []


def test_a_way_that_others_took_is_silent():
    """A ferry line across the lane is learnt from its first ships."""
    before = [crossing(ONE + k, after_h=4 + 0.1 * k).fixes() for k in range(1, 4)]
    said = [statics(ONE + k, length_m=120) for k in range(1, 4)]
    found = alerts(*before, *said, crossing(after_h=8).fixes())
    assert ONE not in {a.subject.mmsi for a in found}
    assert ONE + 1 in {a.subject.mmsi for a in found}


@pytest.mark.parametrize(
    ("said", "track"),
    [
        ({"length_m": 60}, {}),
        ({"ship_type": 30}, {}),
        ({"ship_type": 60}, {}),  # passenger ships are not learnt here
        ({"length_m": 200}, {}),  # nor are long ones
        ({}, {"nav_status": 7}),
        ({}, {"nav_status": 3}),
        ({}, {"sog_kn": 4.5}),
        ({}, {"minutes": 60}),
    ],
)
def test_who_is_not_told(said, track):
    assert alerts(crossing(**track).fixes(), **said) == []


def test_ports_and_land_explain_a_course():
    detector = laws.new_watch(OffRoute).detectors[0]
    state = np.zeros(1, fold.STATE)

    def is_near(lon, lat, cog_deg):
        state[0]["lon"], state[0]["lat"], state[0]["cog_deg"] = lon, lat, cog_deg
        return fold.is_near(state[0], detector._sea, detector.params)

    ventspils = (21.35, 57.43)  # the port lies 7 NM east of here
    assert not is_near(19.9, 57.05, 0.0)
    assert is_near(*ventspils, 90.0)
    assert is_near(*ventspils, 270.0)
    assert not is_near(*ventspils, 0.0)
    assert is_near(18.85, 57.4, 0.0)  # within 2 NM of Gotland


# --- the parts


def test_work_types_are_those_of_the_other_detectors():
    assert {t for t in range(256) if fold.is_at_work(t)} == WORK_TYPES


def test_courses_next_to_each_other_are_alike_and_no_others():
    for a in range(8):
        alike = {b for b in range(8) if learnt.is_like_course(a, b)}
        assert alike == {(a - 1) % 8, a, (a + 1) % 8}


def test_lengths_are_like_themselves_and_the_unknown():
    alike = [[learnt.are_alike(a, b) for b in range(6)] for a in range(6)]
    other = [False] * 3
    assert alike[0] == [True, True, True, *other]
    assert alike[1] == [True, True, False, *other]
    assert alike[5] == [*other, True, False, True]


@pytest.mark.parametrize(("n", "k", "p"), [(12, 8, 0.003), (7, 7, 0.02), (12, 1, 0.3), (5, 6, 0.5)])
def test_the_chance_is_a_binomial_tail(n, k, p):
    exact = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert fold.chance_of(n, k, p) == pytest.approx(exact, rel=1e-12)


def test_a_ship_counts_once_in_six_hours_in_a_cell():
    to_and_fro = Track(lon=19.9, lat=LANE_LAT, every_s=120)
    for _ in range(6):
        to_and_fro.sail(30, sog_kn=12, cog_deg=90).sail(30, sog_kn=12, cog_deg=270)
    _, detector = told(to_and_fro.fixes(), statics(ONE, length_m=120))
    cells = detector.learnt
    rows = cells.rows[: cells.count]
    assert rows["passages"].max() == 1
    assert rows["sums"].sum() == 4  # two cells, both ways
    assert rows["sums"].sum() == rows["passages"].sum()


def learnt_by(*days):
    """Learn a lane, then let time pass until each of some days."""
    _, detector = told(*lane(30))
    for day in days:
        detector._forget(T0 + day * DAY_MS)
    return detector.learnt.dump()


def test_forgetting_halves_in_a_month_and_ends():
    before, after = learnt_by(), learnt_by(30)
    assert len(before) == len(after) > 0
    np.testing.assert_allclose(after["sums"], before["sums"] / 2, rtol=1e-5)
    assert (after["ships"] == 0).all()
    assert (after["ships_before"] == before["ships"]).all()
    assert len(learnt_by(30 * 7)) == 0
    assert before["sums"].sum(axis=1).min() * 0.5**7 < LEAST_LEFT


def test_it_does_not_matter_when_forgetting_is_done():
    assert learnt_by(5, 6, 40, 75).tobytes() == learnt_by(75).tobytes()


def test_a_full_memory_learns_no_new_cells_and_counts():
    _, detector = told(*lane(20), rules=changed(most_cells=3.0))
    assert detector.learnt.count == 3
    assert detector.counts["no_room_to_learn"] > 0


# --- laws


def scene():
    """A lane, one that crosses it and joins it, one that crosses it and stops."""
    joins = crossing(sog_kn=10, minutes=90).sail(60, sog_kn=10, cog_deg=90)
    stops = crossing(ONE + 1, lon=20.3, minutes=80).sail(50, sog_kn=2, cog_deg=0)
    said = [statics(ONE + k, length_m=120) for k in range(2)]
    return laws.whole(*lane(), joins.fixes(), stops.fixes(), *said)


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(OffRoute), scene(), [])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 4
    got = laws.fold_in_cuts(
        laws.new_watch(OffRoute), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert got == once


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_off_route", "scene_lines") == scene_lines()
