"""What is staged on simulated hosts happens to them, and to nobody else."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from sargas.errors import NotFoundError
from sargas.exercise.sea.simulate import batches_of, prepare
from sargas.exercise.staging import LANES, REPORTING, SIZES, Stage
from sargas.exercise.suite import LOSSES, plays_of, read_suite, sea_of
from sargas.model.fixes import Fixes
from sargas.model.geodesy import distance_m
from sargas.model.time import parse_iso
from tests.exercise.sea import SMALL, START, without_copies

QUIET = dataclasses.replace(
    SMALL,
    vessels=1500,
    every_s=60.0,
    jams_a_day=0.0,
    gales_a_day=0.0,
    ship_loss=0.05,
    cell_loss=0.1,
)


@cache
def quiet():
    """Draw a sea in which nothing goes wrong by itself."""
    return prepare(QUIET, 11, START, 5.5)


@cache
def staged():
    """Stage one of everything in it."""
    stage = Stage(quiet(), 11)
    stage.drags((0.25,), 1, hunts=1.0)
    stage.gaps(2)
    stage.drifts(2)
    stage.stops(1)
    stage.clones(1)
    return stage


@cache
def heard(with_orders):
    """Sail it, or its twin."""
    parts = list(batches_of(quiet(), staged().sea(with_orders)))
    return without_copies(Fixes.concat([p.fixes for p in parts]))


def of(mmsi, with_orders=True):
    fixes = heard(with_orders)
    return fixes.take(fixes.subject_id == mmsi)


def kinds(kind):
    found = [s for s in staged().staged if s.kind == kind]
    assert found
    return found


def test_drags_cover_the_strata():
    strata = [s.stratum for s in kinds("drag_onset")]
    for name, words in (("size", SIZES), ("reporting", REPORTING), ("lane", LANES)):
        assert {s[name] for s in strata} == set(words)
    assert len({s.mmsi for s in staged().staged}) == len(staged().staged)  # a host once


def test_a_drag_loses_what_was_asked_against_its_twin():
    ratios = []
    for told in kinds("drag_onset"):
        span = (told.t_start_ms + 900_000, min(told.t_end_ms, told.t_start_ms + 5_000_000))
        speeds = []
        for fixes in (of(told.mmsi), of(told.mmsi, with_orders=False)):
            inside = (fixes.t_ms > span[0]) & (fixes.t_ms < span[1])
            speeds.append(np.nanmedian(fixes.sog_kn[inside]))
        ratios.append(speeds[0] / speeds[1])
    assert np.median(ratios) == pytest.approx(0.75, abs=0.03)
    assert max(ratios) < 0.9


def test_a_drag_hunts_and_is_pulled_to_one_side():
    for told in kinds("drag_onset"):
        assert told.stratum["hunting"] == "hunting"
    told = next(s for s in kinds("drag_onset") if s.stratum["reporting"] == "10 s")
    wide = []
    for fixes in (of(told.mmsi), of(told.mmsi, with_orders=False)):
        inside = fixes.take((fixes.t_ms > told.t_start_ms + 900_000) & (fixes.cog_raw < 3600))
        step = (np.diff(inside.cog_deg) + 180.0) % 360.0 - 180.0
        wide.append(np.std(step[np.abs(step) < 30.0]))
    assert wide[0] > wide[1]


def test_a_twin_differs_in_nothing_else():
    # A clone's own number differs, so that both of its hulls count as hosts.
    ships = quiet().sea.ships
    changed = staged().sea().ships["mmsi"] != ships["mmsi"]
    hosts = np.append([s.mmsi for s in staged().staged], ships["mmsi"][changed])
    plain, with_drags = heard(False), heard(True)
    others = plain.take(~np.isin(plain.subject_id, hosts))
    same = with_drags.take(~np.isin(with_drags.subject_id, hosts))
    for name in ("subject_id", "t_ms", "lon_raw", "lat_raw", "sog_raw", "cog_raw", "heading_raw"):
        assert np.array_equal(getattr(others, name), getattr(same, name)), name
    for told in kinds("drag_onset"):
        one, two = of(told.mmsi), of(told.mmsi, with_orders=False)
        one, two = (f.take(f.t_ms < told.t_start_ms) for f in (one, two))
        assert len(one) > 20
        assert np.array_equal(one.lon_raw, two.lon_raw)
        assert np.array_equal(one.sog_raw, two.sog_raw)


def test_a_host_is_where_it_is_said_to_be():
    for told in kinds("drag_onset"):
        fixes = of(told.mmsi)
        k = int(np.argmin(np.abs(fixes.t_ms - told.t_start_ms)))
        away = distance_m(told.lon, told.lat, fixes.lon_deg[k], fixes.lat_deg[k])
        assert away < 10.0 * (60.0 + abs(fixes.t_ms[k] - told.t_start_ms) / 1000.0)


def test_a_gap_is_silent_and_the_ship_was_heard_before_and_sails_on():
    for told in kinds("gap"):
        t_ms = of(told.mmsi).t_ms
        assert not ((t_ms > told.t_start_ms + 60_000) & (t_ms < told.t_end_ms - 60_000)).any()
        assert (t_ms < told.t_start_ms).sum() > 60


def test_a_drift_is_slow_and_swings_across():
    for told in kinds("drift"):
        fixes = of(told.mmsi)
        late = fixes.take((fixes.t_ms > told.t_start_ms + 2_700_000) & (fixes.t_ms < told.t_end_ms))
        assert 0.4 < np.nanmedian(late.sog_kn) < 2.0


def test_a_stop_is_over_the_place_told():
    for told in kinds("slow_in_corridor"):
        fixes = of(told.mmsi)
        late = fixes.take((fixes.t_ms > told.t_start_ms + 900_000) & (fixes.t_ms < told.t_end_ms))
        assert np.nanmedian(late.sog_kn) < 1.0
        away = distance_m(told.lon, told.lat, late.lon_deg[0], late.lat_deg[0])
        assert away < 1500.0


def test_a_clone_is_in_two_places():
    for told in kinds("identity"):
        fixes = of(told.mmsi)
        far = [
            distance_m(
                fixes.lon_deg[i], fixes.lat_deg[i], fixes.lon_deg[i + 1], fixes.lat_deg[i + 1]
            )
            for i in range(60)
        ]
        assert max(far) > 50_000.0


def test_ships_already_dragging_are_first_heard_so_and_below_their_lane():
    stage = Stage(quiet(), 12)
    busy = stage.seen.others >= 4
    assert busy.any()
    stage.sustained(3)
    assert stage.staged
    fixes = Fixes.concat([p.fixes for p in batches_of(quiet(), stage.sea())])
    for told in stage.staged:
        mine = fixes.take(fixes.subject_id == told.mmsi)
        assert mine.t_ms.min() >= told.t_start_ms - 1000
        lane_kn = float(told.note.split()[1])
        assert np.nanmedian(mine.sog_kn[:60]) == pytest.approx(0.7 * lane_kn, rel=0.15)


def test_jamming_is_staged_where_ships_are():
    stage = Stage(quiet(), 13)
    stage.jams(1)
    (told,) = stage.staged
    assert (told.kind, told.mmsi) == ("gnss_area", 0)
    lost = 0
    for part in batches_of(quiet(), stage.sea()):
        lost += int((~part.fixes.has_position).sum())
    assert lost > 10


def test_suites_share_no_seed_no_vessel_and_no_setting_of_lanes():
    a, b = read_suite("a"), read_suite("B")
    for suite in (a, b, read_suite("small")):
        assert "SIMULATED" in suite.note
    assert not {p.seed for p in a.play} & {p.seed for p in b.play}
    numbers = []
    for suite in (a, b):
        seas = [sea_of(suite, i) for i in range(len(suite.play))]
        own = set()
        for sea in seas:
            mine = set(range(sea.first_mmsi, sea.first_mmsi + sea.vessels))
            assert not mine & own
            own |= mine
        numbers.append(own)
    assert not numbers[0] & numbers[1]
    assert min(numbers[0] | numbers[1]) >= 200_000_000  # a country code that no state has
    assert a.sea.name != b.sea.name  # the lanes' seed
    for name in ("side_m", "lane_shift_m", "ship_loss", "cog_noise_deg", "hunt_deg", "shares"):
        assert getattr(a.sea, name) != getattr(b.sea, name), name


def test_suites_stage_enough():
    for name in ("a", "b"):
        plays = read_suite(name).play
        strata = len(LOSSES) * len(SIZES) * len(REPORTING) * len(LANES)
        assert strata * sum(p.drags for p in plays) >= 200
        assert sum(p.sustained for p in plays) >= 40
        clean = [p for p in plays if not p.stages]
        # About 380 of 1,000 vessels are under way (test_sea).
        assert 0.35 * sum(p.vessels * p.hours / 24.0 for p in clean) >= 3000.0
        assert any(p.vessels == 4000 and p.hours == 24.0 for p in clean)
        assert all(parse_iso(p.start) % 60_000 == 0 for p in plays)


def test_an_unknown_suite_is_told():
    with pytest.raises(NotFoundError, match="no suite 'c'"):
        read_suite("c")


@pytest.mark.soak
def test_suite_b_stages_what_it_promises():
    onsets, sustained, clean = 0, 0, 0.0
    for play in plays_of("b"):
        onsets += sum(s.kind == "drag_onset" for s in play.staged)
        sustained += sum(s.kind == "drag_sustained" for s in play.staged)
        clean += play.under_way_vessel_days if play.name.startswith("clean") else 0.0
        assert play.simulated
    assert onsets >= 200
    assert sustained >= 40
    assert clean >= 3000.0
