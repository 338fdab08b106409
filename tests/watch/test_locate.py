"""Locating against shapely and pyproj: distances, kilometre points, buffers, land and depth."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from sargas.model.assets import Asset, AssetSet
from sargas.reference import shipped_assets
from sargas.watch.locate import build_index, cell_of, nearest_piece

GEOD = Geod(ellps="WGS84")
BUFFER_M = 926.0


@functools.cache
def shipped():
    assets = shipped_assets().watched()
    return assets, build_index(assets.pieces, BUFFER_M)


def piece_distance_m(pieces, p: int, lon: float, lat: float) -> float:
    """Distance to a piece in an equidistant plane about the point, ellipsoidal scale."""
    kx = GEOD.inv(lon - 0.005, lat, lon + 0.005, lat)[2] * 100
    ky = GEOD.inv(lon, lat - 0.005, lon, lat + 0.005)[2] * 100
    line = shapely.LineString(
        [((pieces.lon1[p] - lon) * kx, (pieces.lat1[p] - lat) * ky),
         ((pieces.lon2[p] - lon) * kx, (pieces.lat2[p] - lat) * ky)]
    )  # fmt: skip
    return line.distance(shapely.Point(0, 0))


@given(st.integers(0, 2**31), st.floats(-1.3, 1.3), st.floats(-1.3, 1.3))
def test_the_piece_with_the_greatest_margin_is_found(pick: int, east: float, north: float) -> None:
    assets, index = shipped()
    pieces = assets.pieces
    near = pick % len(pieces)
    reach = index.buffer_m[near] / 111_000
    lon = pieces.lon1[near] + east * reach / np.cos(np.radians(pieces.lat1[near]))
    lat = pieces.lat1[near] + north * reach
    candidates = np.flatnonzero(
        (np.abs(pieces.lat1 - lat) < 0.3) & (np.abs(pieces.lon1 - lon) < 0.6)
    )
    margins = {
        int(p): index.buffer_m[p] - piece_distance_m(pieces, p, lon, lat) for p in candidates
    }
    best = max(margins.values())
    p, distance, kp = nearest_piece(index, lon, lat)
    if best < 0:
        assert p < 0 or distance > index.buffer_m[p] - 2.0
        return
    assert index.buffer_m[p] - distance == pytest.approx(best, abs=2.0)
    assert 0 <= kp <= assets[int(index.asset[p])].length_km * 1000 + 1


def test_a_far_position_meets_an_empty_cell() -> None:
    _, index = shipped()
    assert nearest_piece(index, 24.9, 62.5)[0] == -1
    assert nearest_piece(index, -70.0, -40.0)[0] == -1


def test_a_coarse_piece_reaches_further_than_a_good_one_that_is_nearer() -> None:
    good = Asset("good", "good", "telecom_cable", shapely.from_wkt("LINESTRING (20 57, 20.1 57)"),
                 100.0, surveyed=True)  # fmt: skip
    coarse = Asset("poor", "poor", "telecom_cable",
                   shapely.from_wkt("LINESTRING (20 57.03, 20.1 57.03)"), 5000.0)  # fmt: skip
    assets = AssetSet([good, coarse])
    index = build_index(assets.pieces, BUFFER_M)
    p, distance, _ = nearest_piece(index, 20.05, 57.01)
    assert assets[int(index.asset[p])].id == "poor"
    assert distance == pytest.approx(0.02 * 111_360, rel=0.01)
    assert index.buffer_m[p] == 5000.0


def test_the_kilometre_point_runs_along_the_line() -> None:
    line = shapely.from_wkt("LINESTRING (20 57, 20.5 57, 20.5 57.3)")
    assets = AssetSet([Asset("a", "a", "telecom_cable", line, 200.0)])
    index = build_index(assets.pieces, BUFFER_M)
    want = GEOD.inv(20, 57, 20.5, 57)[2] + GEOD.inv(20.5, 57, 20.5, 57.1)[2]
    assert nearest_piece(index, 20.501, 57.1)[2] == pytest.approx(want, rel=1e-3)


def test_no_assets_is_no_error() -> None:
    index = build_index(AssetSet([]).pieces, BUFFER_M)
    assert nearest_piece(index, 20.0, 57.0)[0] == -1


def test_every_piece_stands_in_the_cells_its_buffer_reaches_and_in_ascending_order() -> None:
    pieces = shipped_assets().watched().pieces
    index = build_index(pieces, 926.0)
    assert (index.first[0], index.first[-1]) == (0, len(index.entry))
    assert (np.diff(index.first) >= 0).all()
    cell = np.repeat(np.arange(index.columns * index.rows), np.diff(index.first))
    assert (np.diff(cell * len(pieces) + index.entry) > 0).all()
    ends = [cell_of(index, pieces.lon1[p], pieces.lat1[p]) for p in range(len(pieces))]
    assert set(zip(ends, range(len(pieces)), strict=True)) <= set(
        zip(cell.tolist(), index.entry.tolist(), strict=True)
    )
