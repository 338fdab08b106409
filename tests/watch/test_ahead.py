"""What lies ahead: against an oracle that knows rhumb lines as straight lines of Mercator."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from sargas.model.assets import Asset, AssetSet
from sargas.model.geodesy import KN_MS
from sargas.reference import shipped_assets, shipped_geography
from sargas.reference.grid import Grid
from sargas.watch.ahead import assets_ahead, coast_ahead_m, next_assets, port_ahead
from sargas.watch.fold import Watch

GEOD = Geod(ellps="WGS84")
MERCATOR = Transformer.from_crs(4326, 3395, always_xy=True)


class NoLand:
    """The shipped geography without any coast: the oracle knows none."""

    def __init__(self) -> None:
        far = np.full((2, 2), 20_000, np.int16)
        self.land_distance = Grid(far, -180.0, -90.0, 360.0, 180.0)
        self.depth = shipped_geography().depth
        self.ports = shipped_geography().ports


def world(*assets: Asset, geography: object | None = None):
    chosen = AssetSet(assets) if assets else shipped_assets()
    return Watch(chosen, geography or shipped_geography(), detectors=()).around  # type: ignore[arg-type]


OPEN_SEA = world(geography=NoLand())
SEA = world()


def rhumb_m(lon: float, lat: float, lon2: float, lat2: float, course_deg: float) -> float:
    """Length of a rhumb line on the ellipsoid: the meridian arc over the cosine of the course."""
    meridian = GEOD.inv(lon, lat, lon, lat2)[2] * math.copysign(1, lat2 - lat)
    c = math.cos(math.radians(course_deg))
    if abs(c) > 0.02:
        return meridian / c
    s = math.sin(math.radians(0.5 * (lat + lat2)))
    n = 6378137.0 / math.sqrt(1 - 0.0066943799901413165 * s * s)
    east = math.radians(lon2 - lon) * n * math.cos(math.radians(0.5 * (lat + lat2)))
    return math.hypot(east, meridian)


def oracle(around, lon, lat, course_deg, reach_m) -> dict[int, float]:
    """First crossing of every asset on the rhumb line, by shapely in the Mercator plane."""
    x, y = MERCATOR.transform(lon, lat)
    far = 12.0 * reach_m
    a = math.radians(course_deg)
    ray = shapely.LineString([(x, y), (x + far * math.sin(a), y + far * math.cos(a))])
    p = around.assets.pieces
    ends = shapely.linestrings(
        np.stack(
            [
                np.stack(MERCATOR.transform(p.lon1, p.lat1), -1),
                np.stack(MERCATOR.transform(p.lon2, p.lat2), -1),
            ],
            1,
        )
    )
    out: dict[int, float] = {}
    for i in np.flatnonzero(shapely.intersects(ends, ray) & (p.length_m > 0)):
        for part in shapely.get_coordinates(shapely.intersection(ends[i], ray)):
            lon2, lat2 = MERCATOR.transform(*part, direction="INVERSE")
            d = rhumb_m(lon, lat, lon2, lat2, course_deg)
            asset = int(p.asset[i])
            if d <= reach_m:
                out[asset] = min(out.get(asset, math.inf), d)
    return out


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lon=st.floats(10.5, 28.0),
    lat=st.floats(54.0, 64.0),
    course=st.floats(0.0, 359.99),
    sog=st.floats(1.0, 20.0),
)
def test_the_course_meets_what_shapely_and_pyproj_say(lon, lat, course, sog):
    seen = assets_ahead(OPEN_SEA, lon, lat, course, sog, limit=1000)
    reach = min(150_000.0, 12 * 3600 * sog * KN_MS)
    want = oracle(OPEN_SEA, lon, lat, course, reach)
    is_line = {int(a) for a in np.unique(OPEN_SEA.assets.pieces.asset)} - {
        i for i, a in enumerate(OPEN_SEA.assets.assets) if a.geometry.geom_type == "Point"
    }
    got = {s.asset: s.distance_m for s in seen if s.on_course and s.asset in is_line}
    # An end of a line, the very start or the very end of the ray can fall to either side.
    edge = {a for a in got.keys() ^ want.keys()
            if not 20.0 < {**got, **want}[a] < reach - 200.0}  # fmt: skip
    grazing = (got.keys() ^ want.keys()) - edge
    for asset in grazing:
        assert _grazes(lon, lat, course, asset, {**got, **want}[asset]), asset
    for asset in got.keys() & want.keys():
        assert got[asset] == pytest.approx(want[asset], abs=30.0 + 1e-3 * want[asset]) or _grazes(
            lon, lat, course, asset, min(got[asset], want[asset])
        )


def _grazes(lon, lat, course, asset, distance_m) -> bool:
    """Whether half a ten-thousandth of a turn either way changes the oracle's own answer."""
    near = [oracle(OPEN_SEA, lon, lat, course + off, 160_000.0) for off in (-0.02, 0.0, 0.02)]
    found = [n.get(asset, math.inf) for n in near]
    return max(found) - min(found) > 0.002 * distance_m


@settings(max_examples=40, deadline=None)
@given(lon=st.floats(10.5, 28.0), lat=st.floats(54.0, 65.0), course=st.floats(0, 359))
def test_each_asset_once_in_order_and_never_behind(lon, lat, course):
    seen = assets_ahead(SEA, lon, lat, course, 10.0, limit=50)
    assert len({s.asset for s in seen}) == len(seen)
    assert [s.distance_m for s in seen] == sorted(s.distance_m for s in seen)
    for s in seen:
        bearing = GEOD.inv(lon, lat, s.lon, s.lat)[0]
        if s.distance_m > 50:
            off = abs((bearing - course + 180) % 360 - 180)
            assert off < (3.0 if s.on_course else 13.5)
            straight = GEOD.inv(lon, lat, s.lon, s.lat)[2]
            assert s.distance_m == pytest.approx(straight, rel=2e-3, abs=1.0)


def line(name: str, wkt: str) -> Asset:
    return Asset(name, name, "telecom_cable", shapely.from_wkt(wkt), 100.0)


ACROSS = line("across", "LINESTRING (20.5 56.5, 20.5 57.5)")


def test_eta_is_distance_over_speed():
    (only,) = next_assets(world(ACROSS), 20.0, 57.0, 90.0, 10.0, 1_000_000)
    km = GEOD.inv(20.0, 57.0, 20.5, 57.0)[2] / 1000
    assert only.name == "across"
    assert only.distance_km == pytest.approx(km, rel=1e-4)
    hours = (only.eta_ms - 1_000_000) / 3_600_000
    assert hours == pytest.approx(km / 18.52, rel=1e-3)
    assert (only.lon, only.lat) == (pytest.approx(20.5, abs=1e-5), pytest.approx(57.0, abs=1e-3))


def test_behind_is_not_ahead_and_just_crossed_is_behind():
    assert next_assets(world(ACROSS), 20.0, 57.0, 270.0, 10.0, 0) == ()
    assert next_assets(world(ACROSS), 20.5001, 57.0, 90.0, 10.0, 0) == ()
    assert len(next_assets(world(ACROSS), 20.4999, 57.0, 90.0, 10.0, 0)) == 1


def test_a_course_change_away_counts_as_beside_the_course():
    # Passes 3 km south of the cable's end: 27 km off, some 6 degrees.
    short = line("short", "LINESTRING (20.5 57.03, 20.5 57.5)")
    (beside,) = assets_ahead(world(short), 20.05, 57.0, 90.0, 10.0)
    assert not beside.on_course
    assert assets_ahead(world(short), 20.05, 57.0, 75.0, 10.0)[0].on_course
    assert assets_ahead(world(short), 20.05, 57.0, 120.0, 10.0) == ()


def test_on_course_comes_first_when_there_is_no_room_for_all():
    near = line("near-but-beside", "LINESTRING (20.3 57.02, 20.3 57.5)")
    both = assets_ahead(world(ACROSS, near), 20.0, 57.0, 90.0, 10.0)
    assert [b.on_course for b in both] == [False, True]
    assert [b.on_course for b in assets_ahead(world(ACROSS, near), 20.0, 57.0, 90.0, 10.0, 1)] == [
        True
    ]


def test_the_horizon_goes_by_hours_and_by_way():
    assert next_assets(world(ACROSS), 20.0, 57.0, 90.0, 1.3, 0) == ()  # 28.9 km in 12 h: too near
    assert len(next_assets(world(ACROSS), 20.0, 57.0, 90.0, 1.4, 0)) == 1  # 31.1 km
    far = line("far", "LINESTRING (22.6 56.0, 22.6 58.0)")
    assert next_assets(world(far, geography=NoLand()), 20.0, 57.0, 90.0, 40.0, 0) == ()  # 158 km


@pytest.mark.parametrize("unknown", range(4))
def test_unknown_motion_names_nothing(unknown):
    motion = [20.0, 57.0, 90.0, 10.0]
    motion[unknown] = math.nan
    assert next_assets(world(ACROSS), *motion, 0) == ()


def test_a_stopped_ship_reaches_nothing():
    assert next_assets(world(ACROSS), 20.0, 57.0, 90.0, 0.4, 0) == ()


def test_nothing_is_named_behind_a_coast():
    # From west of Gotland eastwards: a cable east of the island is behind it.
    east = line("east", "LINESTRING (19.6 57.0, 19.6 58.2)")
    assert next_assets(world(east), 17.8, 57.5, 90.0, 12.0, 0) == ()
    assert len(next_assets(world(east), 19.2, 57.5, 90.0, 12.0, 0)) == 1
    assert len(next_assets(world(east, geography=NoLand()), 17.8, 57.5, 90.0, 12.0, 0)) == 1


def test_a_point_is_met_within_its_buffer():
    splice = Asset("splice", "splice", "other", shapely.Point(20.5, 57.0), 100.0)
    (met,) = assets_ahead(world(splice), 20.0, 57.005, 90.0, 10.0)
    assert met.on_course
    assert met.distance_m == pytest.approx(30_370, abs=1000)
    assert (
        assets_ahead(world(splice), 20.0, 57.02, 90.0, 10.0)[:1] == ()
        or not assets_ahead(world(splice), 20.0, 57.02, 90.0, 10.0)[0].on_course
    )


def test_coast_and_port_ahead():
    g = SEA.ground
    assert coast_ahead_m(g.land_m, g.land_at, 17.8, 57.5, 90.0, 50_000.0) == pytest.approx(
        19_000, abs=3000
    )
    assert coast_ahead_m(g.land_m, g.land_at, 17.8, 57.5, 90.0, 9_000.0) == math.inf
    assert coast_ahead_m(g.land_m, g.land_at, 17.8, 57.5, 270.0, 9_000.0) == math.inf
    p = shipped_geography().ports
    i, away = port_ahead(p.lon, p.lat, p.radius_m, 18.0, 57.64, 90.0, 30.0, 18_520.0)
    assert (str(p.name[i]), away) == ("Visby", pytest.approx(16_500, abs=2500))
    assert port_ahead(p.lon, p.lat, p.radius_m, 18.0, 57.64, 270.0, 30.0, 18_520.0)[0] == -1
    assert port_ahead(p.lon, p.lat, p.radius_m, 18.28, 57.635, 270.0, 30.0, 18_520.0)[0] == i


SCRIPT = """
from sargas.reference import shipped_assets, shipped_geography
from sargas.watch.ahead import assets_ahead
from sargas.watch.fold import Watch
around = Watch(shipped_assets(), shipped_geography(), detectors=()).around
for where in ((26.2, 59.912, 260.0, 8.0), (20.0, 57.0, 33.0, 6.5), (14.0, 54.9, 181.0, 12.0)):
    print([tuple(s) for s in assets_ahead(around, *where, limit=30)])
"""


def test_interpreted_equals_compiled():
    said = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True,
            env=os.environ | {"NUMBA_DISABLE_JIT": off},
        ).stdout
        for off in ("0", "1")
    ]  # fmt: skip
    assert said[0].count("True") > 5
    assert said[0] == said[1]


def test_a_point_given_twice_in_a_line_is_no_asset_of_its_own():
    """A lone point counts as ahead within its buffer; a doubled one would, where no line is met."""
    once = "LINESTRING (19.4 57.0, 20.0 57.0, 20.6 57.0)"
    twice = "LINESTRING (19.4 57.0, 19.4 57.0, 20.0 57.0, 20.0 57.0, 20.6 57.0, 20.6 57.0)"
    seen = []
    for wkt in (once, twice):
        line = Asset("a", "a", "power_cable", shapely.from_wkt(wkt), 100.0, surveyed=True)
        around = world(line, geography=NoLand())
        met = next_assets(around, 20.0, 56.9, 0.0, 10.0, 0)
        beside = next_assets(around, 19.9, 57.003, 90.0, 10.0, 0, limit=1)
        pieces = AssetSet([line]).pieces
        seen.append((met, beside, pieces.kp_m.tolist(), pieces.length_m.tolist()))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 1


def test_a_line_that_is_a_point_is_still_one_piece():
    point = Asset("a", "a", "other", shapely.from_wkt("LINESTRING (20 57, 20 57, 20 57)"), 100.0)
    assert set(AssetSet([point]).pieces.length_m.tolist()) == {0.0}
