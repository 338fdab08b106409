"""Anchorages from one's own fixes: stays against a plain count, and which places they make."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sargas.model.assets import Asset, AssetSet
from sargas.model.fixes import Fixes
from sargas.model.geodesy import short_distance_m
from sargas.model.time import HOUR_MS, MINUTE_MS
from sargas.reference.anchorages import (
    SAMPLE_MS,
    SILENCE_MS,
    STAY,
    Criteria,
    Samples,
    anchorages,
    as_masks,
    find_stays,
)
from sargas.reference.masks import feature_of, mask_of

T0 = 1_735_084_800_000
LON, LAT = 24.7, 59.5


def lying(mmsi, hours, lon=LON, lat=LAT, start_ms=T0, every_ms=3 * MINUTE_MS, **columns) -> Fixes:
    """A vessel that lies still and reports every three minutes."""
    t_ms = np.arange(start_ms, start_ms + round(hours * HOUR_MS) + 1, every_ms)
    n = len(t_ms)
    return Fixes.build(
        n, subject_id=np.full(n, mmsi), t_ms=t_ms, lon_raw=np.full(n, round(lon * 600_000)),
        lat_raw=np.full(n, round(lat * 600_000)), **columns,
    )  # fmt: skip


def stays_of(*parts: Fixes, criteria: Criteria | None = None) -> np.ndarray:
    samples = Samples()
    for part in parts:
        samples.add(part)
    return samples.stays(criteria or Criteria())


def test_a_stay_is_found_with_its_times_and_place():
    (stay,) = stays_of(lying(230_000_001, 13))
    assert stay["subject"] == 230_000_001
    assert (stay["from_ms"], stay["to_ms"]) == (T0, T0 + 13 * HOUR_MS)
    assert stay["positions"] == 13 * 6 + 1, "one each ten minutes"
    assert (stay["lon"], stay["lat"]) == (pytest.approx(LON), pytest.approx(LAT))


def test_eleven_hours_are_no_stay():
    assert len(stays_of(lying(230_000_001, 11))) == 0


def test_a_stay_over_midnight_in_two_batches_is_one():
    parts = [lying(230_000_001, 8), lying(230_000_001, 8, start_ms=T0 + 8 * HOUR_MS)]
    assert len(stays_of(*parts)) == 1
    assert len(stays_of(*parts[::-1])) == 1, "in any order"


def test_a_silence_or_a_way_off_ends_a_stay():
    late = T0 + 8 * HOUR_MS + SILENCE_MS + SAMPLE_MS
    assert len(stays_of(lying(230_000_001, 8), lying(230_000_001, 8, start_ms=late))) == 0
    away = lying(230_000_001, 8, lon=LON + 0.02, start_ms=T0 + 8 * HOUR_MS + SAMPLE_MS)
    assert len(stays_of(lying(230_000_001, 8), away)) == 0


def test_shore_stations_and_buoys_are_no_vessels():
    assert len(stays_of(lying(2_300_001, 20))) == 0
    assert len(stays_of(lying(992_300_001, 20))) == 0
    n = len(lying(230_000_001, 20))
    assert len(stays_of(lying(230_000_001, 20, msg_type=np.full(n, 21)))) == 0


def plain_stays(subject, t_ms, lon, lat, within_m, stay_ms, silence_ms):
    """The same in plain words: cut, then keep what lasts."""
    stretches = []
    for i in range(len(t_ms)):
        first = stretches[-1][0] if stretches else None
        if (
            first is not None
            and subject[i] == subject[first]
            and t_ms[i] - t_ms[i - 1] <= silence_ms
            and short_distance_m(lon[first], lat[first], lon[i], lat[i]) <= within_m
        ):
            stretches[-1].append(i)
        else:
            stretches.append([i])
    return [
        (int(subject[s[0]]), int(t_ms[s[0]]), int(t_ms[s[-1]]), len(s))
        for s in stretches
        if t_ms[s[-1]] - t_ms[s[0]] >= stay_ms
    ]


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 60), st.sampled_from([0.0, 0.003, 0.02])),
        max_size=60,
    )
)
def test_the_kernel_counts_as_plain_words_do(drawn):
    rows = sorted(drawn)
    subject = np.array([r[0] for r in rows], np.uint32)
    t_ms = np.array([r[1] for r in rows], np.int64) * HOUR_MS
    lon, lat = LON + np.array([r[2] for r in rows], np.float64), np.full(len(rows), LAT)
    limits = (500.0, 12 * HOUR_MS, 6 * HOUR_MS)
    wanted = plain_stays(subject, t_ms, lon, lat, *limits)
    for run in (find_stays, find_stays.py_func):
        out = np.zeros(len(rows), STAY)
        n = run(subject, t_ms, lon, lat, *limits, out)
        found = [(int(s["subject"]), int(s["from_ms"]), int(s["to_ms"]), int(s["positions"]))
                 for s in out[:n]]  # fmt: skip
        assert found == wanted


def many(n, lon=LON, lat=LAT) -> np.ndarray:
    return stays_of(*(lying(230_000_001 + k, 13, lon=lon, lat=lat) for k in range(n)))


def test_twenty_vessels_make_an_anchorage_and_nineteen_do_not():
    assert anchorages(many(19), Criteria()) == []
    (found,) = anchorages(many(20), Criteria())
    assert (found.vessels, found.stays) == (20, 20)
    assert found.positions == 20 * 79
    assert shapely.contains_xy(found.geometry, LON, LAT)
    assert anchorages(many(20), Criteria(positions=20 * 79 + 1)) == []


def test_twenty_stays_of_one_vessel_make_none():
    parts = [lying(230_000_001, 13, start_ms=T0 + k * 48 * HOUR_MS) for k in range(20)]
    stays = stays_of(*parts)
    assert len(stays) == 20
    assert anchorages(stays, Criteria()) == []


def test_cells_that_touch_are_one_anchorage_and_others_are_not():
    stays = np.concatenate([many(20), many(20, lon=LON + 0.01), many(20, lon=LON + 0.2)])
    found = anchorages(stays, Criteria())
    assert len(found) == 2
    assert sorted(a.stays for a in found) == [20, 40]


def test_an_anchorage_over_an_asset_mutes_for_it_alone():
    line = shapely.linestrings([(LON, LAT - 0.5), (LON, LAT + 0.5)])
    assets = AssetSet([Asset("over", "Over", "power_cable", line, 50.0)])
    stays = np.concatenate([many(20), many(20, lon=LON + 0.2)])
    near, far = sorted(
        as_masks(anchorages(stays, Criteria()), assets, "me", T0 + 10**10),
        key=lambda m: m.assets, reverse=True,
    )  # fmt: skip
    assert near.assets == ("over",)
    assert "look twice" in near.reason
    assert far.assets == ()
    for mask in (near, far):
        assert mask.kind == "anchorage"
        assert mask.owner == "me"
        assert "20 vessels" in mask.reason
        assert feature_of(mask_of(feature_of(mask))) == feature_of(mask)
