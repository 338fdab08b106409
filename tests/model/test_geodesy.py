"""The geodesy kernels against pyproj and shapely, compiled and interpreted."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod

from sargas.model import geodesy

GEOD = Geod(ellps="WGS84")
LON = st.floats(9.0, 31.0)
LAT = st.floats(53.0, 66.5)
PLANE = st.floats(-5000, 5000)


@given(LON, LAT, LON, LAT)
def test_geodesic_distance_equals_pyproj(lon1, lat1, lon2, lat2) -> None:
    want = GEOD.inv(lon1, lat1, lon2, lat2)[2]
    assert geodesy.distance_m(lon1, lat1, lon2, lat2) == pytest.approx(want, abs=1e-3)


@given(LON, LAT, st.floats(0, 360), st.floats(0, 20_000))
def test_short_distance_is_within_the_stated_error(lon, lat, azimuth, metres) -> None:
    lon2, lat2, _ = GEOD.fwd(lon, lat, azimuth, metres)
    off = abs(geodesy.short_distance_m(lon, lat, lon2, lat2) - metres)
    limit = 0.2 if metres <= 2000 else 1.4 if metres <= 5000 else 23.0
    assert off <= limit


@given(LON, LAT, st.floats(0, 360), st.floats(1, 10_000))
def test_a_step_along_a_course_ends_where_pyproj_says(lon, lat, course, metres) -> None:
    lon2, lat2 = geodesy.step_along(lon, lat, course, metres)
    lon3, lat3, _ = GEOD.fwd(lon, lat, course, metres)
    assert GEOD.inv(lon2, lat2, lon3, lat3)[2] <= 0.002 * metres + 0.1


@given(LON, LAT, st.floats(0, 359.9), st.floats(100, 5_000))
def test_bearing_undoes_a_step(lon, lat, course, metres) -> None:
    lon2, lat2 = geodesy.step_along(lon, lat, course, metres)
    bearing = geodesy.bearing_deg(lon, lat, lon2, lat2)
    assert abs(geodesy.angle_between_deg(bearing, course)) < 0.1


@given(PLANE, PLANE, PLANE, PLANE, PLANE, PLANE)
def test_point_to_piece_equals_shapely(px, py, ax, ay, bx, by) -> None:
    # Of a piece so short that its square is nothing, shapely gives no distance.
    assume((ax, ay) == (bx, by) or math.hypot(bx - ax, by - ay) > 1e-9)
    distance, share = geodesy.point_segment(px, py, ax, ay, bx, by)
    line = shapely.LineString([(ax, ay), (bx, by)])
    assert distance == pytest.approx(line.distance(shapely.Point(px, py)), abs=1e-6)
    assert 0.0 <= share <= 1.0


@given(PLANE, PLANE, PLANE, PLANE, PLANE, PLANE, PLANE, PLANE)
def test_crossing_equals_shapely(ax, ay, bx, by, cx, cy, dx, dy) -> None:
    one = shapely.LineString([(ax, ay), (bx, by)])
    two = shapely.LineString([(cx, cy), (dx, dy)])
    assume(one.length > 1 and two.length > 1)
    ends = [shapely.Point(p) for p in ((ax, ay), (bx, by))]
    others = [shapely.Point(p) for p in ((cx, cy), (dx, dy))]
    # Touching at an end is decided by the half-open rule, not by shapely.
    assume(all(two.distance(p) > 1e-6 for p in ends))
    assume(all(one.distance(p) > 1e-6 for p in others))
    crosses, share, _ = geodesy.segments_cross(ax, ay, bx, by, cx, cy, dx, dy)
    assert crosses == one.crosses(two)
    if crosses:
        at = shapely.Point(ax + share * (bx - ax), ay + share * (by - ay))
        assert at.distance(one.intersection(two)) < 1e-3


def test_a_chain_is_crossed_once_where_two_pieces_meet() -> None:
    first = geodesy.segments_cross(0, -1, 0, 1, -1, 0, 0, 0)[0]
    second = geodesy.segments_cross(0, -1, 0, 1, 0, 0, 1, 0)[0]
    assert first + second == 1


@given(LON, LAT, LON, LAT)
def test_interpreted_and_compiled_agree(lon1, lat1, lon2, lat2) -> None:
    for kernel in (geodesy.distance_m, geodesy.short_distance_m, geodesy.bearing_deg):
        twin = kernel.py_func(lon1, lat1, lon2, lat2)
        assert kernel(lon1, lat1, lon2, lat2) == pytest.approx(twin, rel=1e-12, abs=1e-9)
    assert math.isclose(
        geodesy.metres_per_degree(lat1)[0], geodesy.metres_per_degree.py_func(lat1)[0]
    )
