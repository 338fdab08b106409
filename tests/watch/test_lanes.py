"""The memory of lanes: who counts, once each, and what the median and spread are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sargas.watch.detect.lanes import (
    MOST,
    PASS,
    RING,
    USED,
    LaneRules,
    grown,
    lane_of,
    new_lanes,
    note_pass,
)

RULES = LaneRules(hours=6.0, course_deg=30.0, size_ratio=1.7, least_spread=0.06)


def sailed(lanes, slot, kn, *, minute=0, lon=17.0, lat=55.5, cog=60.0, length=180, fast=0,
           deg=math.nan, period=math.nan):  # fmt: skip
    note_pass(lanes.keys, lanes.numbers, lanes.passes, lanes.at, lanes.used, slot, minute, lon,
              lat, kn, cog, length, fast, deg, period)  # fmt: skip


def look(lanes, slot=0, *, minute=10, lon=17.0, lat=55.5, cog=60.0, length=180):
    return lane_of(lanes.keys, lanes.numbers, lanes.passes, slot, minute, lon, lat, cog, length, 0,
                   RULES, np.zeros(MOST, PASS), np.empty(MOST))  # fmt: skip


def test_the_others_count_once_each_and_oneself_never():
    lanes = new_lanes(64)
    sailed(lanes, 0, 7.0)
    for slot, kn in ((1, 10.0), (2, 11.0), (3, 12.0)):
        sailed(lanes, slot, kn, minute=1)
        sailed(lanes, slot, kn + 0.4, minute=30, lon=17.3)  # its pass of the next cell is newer
    lane = look(lanes, minute=40)
    assert lane.ships == 3
    assert lane.kn == pytest.approx(11.4)
    assert lane.spread_kn == pytest.approx(1.4826 * 1.0)


def test_a_pass_is_the_mean_of_its_samples_until_the_ship_comes_back():
    lanes = new_lanes(64)
    for minute, kn in ((0, 10.0), (5, 12.0), (200, 15.0)):
        sailed(lanes, 1, kn, minute=minute)
        if minute == 5:
            assert look(lanes).kn == 11.0
    assert look(lanes, minute=210).kn == 15.0


@pytest.mark.parametrize(
    "other",
    [
        {"fast": 1}, {"cog": 95.0}, {"cog": 240.0}, {"length": 320}, {"length": 100},
        {"lat": 55.85}, {"lon": 17.7}, {"minute": -400},
    ],
)  # fmt: skip
def test_other_courses_sizes_places_and_times_do_not_count(other):
    lanes = new_lanes(64)
    sailed(lanes, 1, 11.0, **other)
    assert look(lanes).ships == 0


@pytest.mark.parametrize("other", [{"cog": 31.0}, {"length": 0}, {"lat": 55.61}, {"lon": 17.25}])
def test_near_enough_counts_and_an_unknown_length_passes(other):
    lanes = new_lanes(64)
    sailed(lanes, 1, 11.0, **other)
    assert look(lanes).ships == 1


def test_a_spread_is_never_smaller_than_its_floor():
    lanes = new_lanes(64)
    for slot in range(1, 6):
        sailed(lanes, slot, 10.0)
    assert look(lanes).spread_kn == pytest.approx(0.6)


def test_the_medians_of_hunting_are_of_those_that_could_be_measured():
    lanes = new_lanes(64)
    for slot, deg, period in ((1, 1.8, 95.0), (2, 2.2, 105.0), (3, math.nan, math.nan)):
        sailed(lanes, slot, 11.0, deg=deg, period=period)
    lane = look(lanes)
    assert (lane.ships, lane.swinging) == (3, 2)
    assert (lane.deg, lane.period_s) == (pytest.approx(2.0), pytest.approx(100.0))


def test_a_cell_forgets_its_oldest_pass_first():
    lanes = new_lanes(64)
    for slot in range(1, RING + 3):
        sailed(lanes, slot, float(slot), minute=slot)
    kept = lanes.passes[0]["slot"]
    assert set(kept.tolist()) == set(range(3, RING + 3))


def test_more_room_changes_nothing():
    lanes = new_lanes(16)
    rng = np.random.default_rng(1)
    for slot in range(1, 15):
        sailed(lanes, slot, 10.0 + slot / 10, lon=17.0 + rng.uniform(-0.1, 0.5))
    before = look(lanes)
    more = grown(lanes)
    assert len(more.at) == 32
    assert more.used[USED] == lanes.used[USED]
    np.testing.assert_equal(look(more), before)
