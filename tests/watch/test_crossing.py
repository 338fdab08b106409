"""The crossing log against shapely, pyproj, published fixed points and real tracks."""

from __future__ import annotations

import csv
import itertools
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.errors import StateVersionError, UsageError
from sargas.model.assets import Asset, AssetSet
from sargas.model.fixes import PER_DEGREE, Batch, Fixes
from sargas.model.geodesy import KN_MS
from sargas.model.time import MINUTE_MS, iso, parse_iso
from sargas.reference import shipped_assets, shipped_geography
from sargas.watch.chords import ASIDE_DEG, find_hits, pack_lines
from sargas.watch.fold import Watch
from sargas.watch.locate import build_index
from sargas.watch.rules import Rules, load_rules
from tests.watch.tracks import T0, Track, batch, statics

AIS = Path(__file__).parents[1] / "data" / "ais"
GEOD = pyproj.Geod(ellps="WGS84")
ALONG_57 = "LINESTRING (19 57, 21 57)"


def a_watch(assets: AssetSet | None = None, **options: object) -> Watch:
    return Watch(assets or shipped_assets(), shipped_geography(), detectors=(), **options)  # type: ignore[arg-type]


def cable(wkt: str = ALONG_57, name: str = "cable", accuracy_m: float = 100.0) -> AssetSet:
    line = shapely.from_wkt(wkt)
    return AssetSet([Asset(name, name, "power_cable", line, accuracy_m, surveyed=True)])


def crossings_of(*parts: object, assets: AssetSet | None = None) -> list[dict]:
    watch = a_watch(assets)
    first, last = watch.push(batch(*parts)), watch.flush()  # type: ignore[arg-type]
    return watch.crossing_rows(np.concatenate([first.crossings, last.crossings]))


def reports(rows: list[tuple], mmsi: int = 230_000_001) -> Fixes:
    """Reports given one by one: (seconds, lon, lat, SOG, COG), None where not available."""
    n = len(rows)
    raw = [
        (T0 + round(t * 1000), round(lon * PER_DEGREE), round(lat * PER_DEGREE),
         1023 if sog is None else round(sog * 10), 3600 if cog is None else round(cog * 10))
        for t, lon, lat, sog, cog in rows
    ]  # fmt: skip
    t_ms, lon, lat, sog, cog = zip(*raw, strict=True)
    return Fixes.build(
        n, subject_id=np.full(n, mmsi), t_ms=t_ms, msg_type=np.ones(n), lon_raw=lon, lat_raw=lat,
        sog_raw=sog, cog_raw=cog, payload_hash=np.arange(n) + mmsi,
    )  # fmt: skip


@cache
def shipped_lines() -> tuple:
    watched = shipped_assets().watched()
    return watched, pack_lines(build_index(watched.pieces, 926.0))


def hits_of(lines: object, lon1: float, lat1: float, lon2: float, lat2: float) -> list[tuple]:
    """(asset, share of the chord, kilometre point in metres) of all hits."""
    piece, share = np.zeros(512, np.int32), np.zeros((512, 2))
    n = find_hits(
        lines.first, lines.entry, lines.line, lines.lon0, lines.lat0, lines.columns, lines.rows,
        lon1, lat1, lon2, lat2, piece, share,
    )  # fmt: skip
    return [
        (int(lines.asset[p]), s, lines.kp_m[p] + u * lines.length_m[p])
        for p, (s, u) in zip(piece[:n], share[:n], strict=True)
    ]


# -- against shapely and pyproj ------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    asset=st.integers(0, 10_000), along=st.floats(0.001, 0.999), length_m=st.floats(10, 60_000),
    course=st.floats(0, 360), ahead=st.floats(0.01, 0.99),
)  # fmt: skip
def test_chords_cross_what_shapely_says_they_cross(asset, along, length_m, course, ahead):
    watched, lines = shipped_lines()
    shape = watched[asset % len(watched)].geometry
    edge = shape.boundary if shape.geom_type.endswith("Polygon") else shape
    at = shapely.line_interpolate_point(edge, along, normalized=True) if edge.length else edge
    at = shapely.centroid(at)
    lon1, lat1, _ = GEOD.fwd(at.x, at.y, course + 180, length_m * ahead)
    lon2, lat2, _ = GEOD.fwd(at.x, at.y, course, length_m * (1 - ahead))
    chord = shapely.linestrings([(lon1, lat1), (lon2, lat2)])
    found: dict[int, list[float]] = {}
    dx, dy = ASIDE_DEG  # moved like the lines, so that shapely sees the same shapes
    for index, share, _ in hits_of(lines, lon1 + dx, lat1 + dy, lon2 + dx, lat2 + dy):
        found.setdefault(index, []).append(share * length_m)
    for index, other in enumerate(watched.assets):
        shape = other.geometry
        edge = shape.boundary if shape.geom_type.endswith("Polygon") else shape
        met = shapely.get_parts(shapely.intersection(chord, edge))
        met = met[~shapely.is_empty(met)]
        if not edge.length or any(part.length for part in met):
            continue  # a point, or a way along a line: shapely has no number for that
        places = shapely.line_locate_point(chord, met, normalized=True) * length_m
        got = np.sort(found.get(index, []))
        # Two parts of a line may begin in one place: two hits, one point.
        got = got[np.diff(got, prepend=-1.0) > 0.001]
        assert got == pytest.approx(np.sort(places), abs=0.001), other.id


@settings(max_examples=60, deadline=None)
@given(asset=st.integers(0, 10_000), share=st.floats(0.001, 0.999), course=st.floats(0, 359))
def test_kilometre_points_are_geodesic_lengths(asset, share, course):
    watched, lines = shipped_lines()
    shapes = [(i, a.geometry) for i, a in enumerate(watched.assets)
              if a.geometry.geom_type == "LineString"]  # fmt: skip
    index, line = shapes[asset % len(shapes)]
    at = shapely.line_interpolate_point(line, share, normalized=True)
    lon1, lat1, _ = GEOD.fwd(at.x, at.y, course + 180, 200)
    lon2, lat2, _ = GEOD.fwd(at.x, at.y, course, 200)
    hits = [h for h in hits_of(lines, lon1, lat1, lon2, lat2) if h[0] == index]
    for _, s, kp_m in hits:
        lon, lat = lon1 + s * (lon2 - lon1), lat1 + s * (lat2 - lat1)
        at = shapely.points(lon, lat)
        corners = shapely.get_coordinates(line)
        sides = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
        ways_m = [
            GEOD.line_length(*zip(*corners[: k + 1], (lon, lat), strict=True))
            for k in np.flatnonzero(shapely.distance(sides, at) < 1e-9)
        ]
        # Within a long source piece the kilometre point runs evenly in degrees.
        longest_m = max(GEOD.line_length(*s.xy) for s in sides)
        assert min(abs(kp_m - way_m) for way_m in ways_m) < 2.0 + 0.005 * longest_m


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_on_a_coarse_grid_a_line_and_a_way_cross_as_often_as_their_sides_change(data):
    """Vertices, fixes and lines that fall on each other exactly: parity must hold."""
    grid = st.tuples(st.integers(0, 6), st.integers(1, 5))
    bends = sorted(set(data.draw(st.lists(grid, min_size=1, max_size=5))))
    bends = [b for i, b in enumerate(bends) if i == 0 or bends[i - 1][0] < b[0]]
    line = [(-1, 3), *bends, (7, 3)]
    way = data.draw(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([-1, 7, 0, 3, 6])),
                             min_size=1, max_size=6))  # fmt: skip
    way = [(3, -1), *way, (3, 7)]
    points = [(20 + x * 0.005, 57 + y * 0.005) for x, y in line]
    assets = AssetSet([Asset("c", "c", "power_cable", shapely.linestrings(points), 10.0)])
    lines = pack_lines(build_index(assets.pieces, 926.0))
    way_points = [(20 + x * 0.005, 57 + y * 0.005) for x, y in way]
    hits = sum(len(hits_of(lines, *way_points[i], *way_points[i + 1])) for i in range(len(way) - 1))
    assert hits % 2 == 1  # from south of the line to north of it


def test_a_line_is_crossed_once_at_its_bend_and_once_at_a_fix():
    bend = cable("LINESTRING (19.9 57, 20 57, 20.1 57.02)")
    through_bend = reports([(0, 20, 56.995, 10, 0), (200, 20, 57.005, 10, 0)])
    assert len(crossings_of(through_bend, assets=bend)) == 1
    fix_on_line = reports([(0, 19.95, 56.995, 9, 0), (120, 19.95, 57, 9, 0), (240, 19.95, 57.005, 9, 0)])  # fmt: skip  # noqa: E501
    rows = crossings_of(fix_on_line, assets=bend)
    assert [r["t"] for r in rows] == [iso(T0 + 120_000)]
    back = reports([(0, 19.95, 57.005, 9, 180), (120, 19.95, 57, 9, 180), (240, 19.95, 56.995, 9, 180)])  # fmt: skip  # noqa: E501
    assert [r["t"] for r in crossings_of(back, assets=bend)] == [iso(T0 + 120_000)]


def test_a_bend_that_only_touches_the_chord_is_no_crossing_and_no_odd_number():
    roof = cable("LINESTRING (19.99 56.99, 20 57, 20.01 56.99)")
    rows = crossings_of(reports([(0, 19.98, 57, 10, 90), (240, 20.02, 57, 10, 90)]), assets=roof)
    assert len(rows) in (0, 2)
    rows = crossings_of(
        reports([(0, 19.98, 56.995, 10, 90), (240, 20.02, 56.995, 10, 90)]), assets=roof
    )
    assert len(rows) == 2  # under the roof it enters and leaves


def test_a_ring_is_crossed_once_at_its_closing_point():
    ring = AssetSet([Asset("farm", "farm", "wind_farm", shapely.from_wkt(
        "POLYGON ((20 57, 20.1 57.05, 20 57.1, 19.9 57.05, 20 57))"), 50.0)])  # fmt: skip
    rows = crossings_of(reports([(0, 20, 56.99, 10, 0), (240, 20, 57.01, 10, 0)]), assets=ring)
    assert len(rows) == 1


def test_more_crossings_on_a_chord_than_there_was_room_for():
    teeth = [[(20 + k * 1e-4, 56.99), (20 + k * 1e-4, 57.01)] for k in range(350)]
    comb = shapely.multilinestrings([shapely.linestrings(tooth) for tooth in teeth])
    many = AssetSet([Asset("comb", "comb", "power_cable", comb, 10.0)])
    fixes = reports([(0, 19.999, 57, 10, 90), (600, 20.0399, 57, 10, 90), (900, 20.05, 57, 10, 90)])
    rows = crossings_of(fixes, assets=many)
    assert len(rows) == 350
    assert [r["t"] for r in rows] == sorted(r["t"] for r in rows)


# -- time, speed, uncertainty --------------------------------------------------------------------


def test_the_time_follows_the_reported_speeds_between_sparse_fixes():
    """From 4 to 12 kn within 10 minutes: half the way is not half the time."""
    accel = (12 - 4) * KN_MS / 600
    way_m = 4 * KN_MS * 600 + 0.5 * accel * 600**2
    north = way_m / 111_380
    fixes = reports([(0, 20, 57 - north / 2, 4, 0), (600, 20, 57 + north / 2, 12, 0)])
    (row,) = crossings_of(fixes, assets=cable())
    true_s = (-4 * KN_MS + ((4 * KN_MS) ** 2 + 2 * accel * way_m / 2) ** 0.5) / accel
    assert (parse_iso(row["t"]) - T0) / 1000 == pytest.approx(true_s, abs=2.0)
    assert true_s > 370
    assert row["sog_kn_at"] == pytest.approx(4 + 8 * true_s / 600, abs=0.05)
    unknown = reports([(0, 20, 57 - north / 2, 4, 0), (600, 20, 57 + north / 2, None, None)])
    (linear,) = crossings_of(unknown, assets=cable())
    assert (parse_iso(linear["t"]) - T0) / 1000 == pytest.approx(300, abs=2.0)
    assert linear["sog_kn_at"] == 4.0
    assert row["uncertainty_s"] > abs(true_s - 300)


def test_speed_before_at_and_after_and_the_directions():
    t = Track(lon=20.0, lat=56.9, noise_kn=0.0)
    t.sail(30, sog_kn=12, cog_deg=0).sail(4, sog_kn=12, to_kn=8, cog_deg=0, heading_off_deg=6)
    t.sail(30, sog_kn=8, cog_deg=0)
    (row,) = crossings_of(
        t.fixes(), statics(t.mmsi, name=b"FERRY", imo=9_876_543, ship_type=70, length_m=150),
        assets=cable("LINESTRING (19 57.0167, 21 57.0167)"),
    )  # fmt: skip
    assert row["subject"] | {"segment": 0} == {
        "domain": "sea", "mmsi": t.mmsi, "segment": 0, "imo": 9_876_543, "name": "FERRY",
        "callsign": None, "ship_type": 70, "length_m": 150,
    }  # fmt: skip
    at_min = (parse_iso(row["t"]) - T0) / MINUTE_MS
    assert 35 < at_min < 37
    # Ten whole minutes, the last of them ending two minutes before: all but some at 12 kn.
    assert 11.0 < row["sog_kn_before"] < 12.0
    assert row["sog_kn_at"] == pytest.approx(8.0, abs=0.05)
    assert row["sog_kn_after"] == pytest.approx(8.0, abs=0.05)
    assert row["cog_deg"] == pytest.approx(0.0)
    assert row["heading_deg"] == pytest.approx(0.0)
    assert row["angle_deg"] == pytest.approx(90.0, abs=0.5)
    assert row["lon"] == pytest.approx(20.0, abs=1e-5)
    assert row["lat"] == pytest.approx(57.0167, abs=1e-5)
    assert row["kp_km"] == pytest.approx(GEOD.inv(19, 57.0167, 20, 57.0167)[2] / 1000, abs=0.01)
    assert row["uncertainty_s"] == pytest.approx(100 / (8 * KN_MS), rel=0.02)
    assert row["accuracy_m"] == 100.0


def test_after_a_long_silence_the_speed_before_is_the_last_that_was_heard():
    t = Track(lon=20.0, lat=56.9, noise_kn=0.0).sail(15, sog_kn=6, cog_deg=0)
    last_lat, minutes = t.lat, 20.0
    t.silent(minutes, sog_kn=4, cog_deg=0).jump(20.0, last_lat + 4_900 / 111_380)
    way = cable(f"LINESTRING (19 {last_lat + 0.04}, 21 {last_lat + 0.04})")
    (row,) = crossings_of(t.sail(30, sog_kn=9, cog_deg=0).fixes(), assets=way)
    assert row["uncertain"] is False
    assert row["dt_s"] > minutes * 60
    assert row["sog_kn_before"] == pytest.approx(6.0, abs=0.05)
    assert row["sog_kn_after"] == pytest.approx(9.0, abs=0.05)


def test_courses_are_interpolated_the_short_way_round():
    fixes = reports([(0, 20, 56.995, 9, 350), (240, 20, 57.005, 9, 10)])
    (row,) = crossings_of(fixes, assets=cable())
    assert min(row["cog_deg"], 360 - row["cog_deg"]) < 0.5


def test_a_shallow_angle_makes_the_time_less_certain():
    straight = reports([(0, 20, 56.999, 10, 0), (40, 20, 57.001, 10, 0)])
    shallow = reports([(0, 19.99, 56.9995, 10, 84), (240, 20.01, 57.0005, 10, 84)])
    (a,), (b,) = (crossings_of(x, assets=cable()) for x in (straight, shallow))
    assert b["angle_deg"] < 10 < a["angle_deg"]
    assert b["uncertainty_s"] > 5 * a["uncertainty_s"]


@pytest.mark.parametrize(
    ("minutes", "north_deg", "uncertain"),
    [(29, 0.04, False), (31, 0.04, True), (10, 0.044, False), (10, 0.046, True)],
)
def test_long_chords_could_have_crossed_and_have_no_time(minutes, north_deg, uncertain):
    fixes = reports([
        (0, 20, 57 - north_deg / 2, None, None), (minutes * 60, 20, 57 + north_deg / 2, None, None),
    ])  # fmt: skip
    (row,) = crossings_of(fixes, assets=cable())
    assert row["uncertain"] is uncertain
    assert (row["t_from"], row["t_to"]) == (iso(T0), iso(T0 + minutes * MINUTE_MS))
    assert (row["t"] is None) is uncertain
    assert (row["uncertainty_s"] is None) is uncertain
    assert row["kp_km"] == pytest.approx(60.85, abs=0.1)


def test_a_row_is_final_thirteen_minutes_after_the_crossing():
    t = Track(lon=20.0, lat=56.99, noise_kn=0.0).sail(60, sog_kn=10, cog_deg=0)
    watch = a_watch(cable(), lateness_ms=0)
    seen: list[tuple[int, int]] = []
    fixes = t.fixes()
    for i in range(len(fixes)):
        outcome = watch.push(Batch(fixes.take(slice(i, i + 1)), statics(1)))
        seen += [(int(fixes.t_ms[i]), int(row["t_ms"])) for row in outcome.crossings]
    ((known_ms, t_ms),) = seen
    assert 13 * MINUTE_MS <= known_ms - t_ms < 14 * MINUTE_MS + 10_000
    assert len(watch.flush().crossings) == 0


def test_the_end_of_the_stream_and_silence_give_the_row_too():
    t = Track(lon=20.0, lat=56.99, noise_kn=0.0).sail(6, sog_kn=10, cog_deg=0)
    (row,) = crossings_of(t.fixes(), assets=cable())
    assert row["sog_kn_before"] is None or row["sog_kn_before"] == pytest.approx(10.0)
    other = Track(mmsi=230_000_002, lon=22, lat=57.5, t_ms=t.t_ms).sail(60, sog_kn=5, cog_deg=0)
    watch = a_watch(cable())
    outcome = watch.push(batch(t.fixes(), other.fixes()))
    assert len(outcome.crossings) == 1
    assert np.isnan(outcome.crossings["after_kn"][0]) or outcome.crossings["after_kn"][0] > 9


def test_a_lone_position_far_off_makes_no_crossing():
    t = Track(lon=20.0, lat=56.8).sail(20, sog_kn=10, cog_deg=90)
    here = (t.lon, t.lat)
    t.jump(20.5, 57.5).sail(0.2, sog_kn=10, cog_deg=90).jump(*here).sail(20, sog_kn=10, cog_deg=90)
    assert crossings_of(t.fixes(), assets=cable()) == []


def test_two_positions_that_no_hull_can_have_sailed_to_make_none_either():
    t = Track(lon=20.0, lat=56.8).sail(20, sog_kn=10, cog_deg=90)
    here = (t.lon, t.lat)
    t.every_s = 60.0
    t.jump(20.9, 56.9795).sail(2, sog_kn=50, cog_deg=0)  # two fixes, 1.5 km, over the line
    t.jump(*here).sail(20, sog_kn=10, cog_deg=90)
    assert crossings_of(t.fixes(), assets=cable()) == []


def test_two_hulls_under_one_mmsi_do_not_cross_what_lies_between_them():
    south = Track(lon=20.0, lat=56.5, every_s=20).sail(60, sog_kn=10, cog_deg=90)
    north = Track(lon=20.0, lat=57.5, every_s=20, t_ms=T0 + 5_000).sail(60, sog_kn=10, cog_deg=90)
    assert crossings_of(south.fixes(), north.fixes(), assets=cable()) == []


def test_a_vessel_without_speed_or_course_is_logged_all_the_same():
    fixes = reports([(k * 60, 20, 56.99 + k * 0.0025, None, None) for k in range(9)])
    (row,) = crossings_of(fixes, assets=cable())
    assert (row["sog_kn_before"], row["sog_kn_at"], row["sog_kn_after"]) == (None, None, None)
    assert row["chord_kn"] == pytest.approx(0.0025 * 111_380 / 60 / KN_MS, rel=0.01)
    json.dumps(row, allow_nan=False)


def test_spans_that_do_not_fit_the_ring_are_refused():
    rules = load_rules()
    far = rules.tables["crossing"]["far_min"]
    wide = Rules(rules.tables | {"crossing": rules.tables["crossing"] | {
        "far_min": type(far)(20.0, far.unit, "test")}})  # fmt: skip
    with pytest.raises(UsageError, match="far_min"):
        a_watch(cable(), rules=wide)


# -- published fixed points and real tracks ------------------------------------------------------


def test_c_lion1_and_bcs_are_crossed_where_they_cross_each_other():
    t = Track(lon=19.16, lat=57.147)
    t.sail(20, sog_kn=10, cog_deg=t.aim(19.2126, 57.1576))
    rows = {r["asset"]["name"]: r for r in crossings_of(t.fixes())}
    for name in ("C-Lion1", "BCS East-West Interlink"):
        metres = GEOD.inv(rows[name]["lon"], rows[name]["lat"], 19.2126, 57.1576)[2]
        assert metres < 15
    between = parse_iso(rows["C-Lion1"]["t"]) - parse_iso(rows["BCS East-West Interlink"]["t"])
    assert abs(between) < 3_000


@pytest.mark.parametrize(
    ("other", "kp_km"),
    [("Eastern Light Sweden-Finland I", 20.49), ("Nord Stream 2", 40.99), ("Nord Stream 1", 43.06),
     ("C-Lion1", 43.77), ("Baltic Sea Submarine Cable", 61.77)],
)  # fmt: skip
def test_balticconnector_is_crossed_at_the_measured_kilometre_points(other, kp_km):
    """Chainage from the Finnish end as measured in EPSG:3035 when the data were gathered."""
    by_name = {a.name: a for a in shipped_assets().watched().assets}
    pipe = by_name["Balticconnector"].geometry
    met = shapely.intersection(pipe, by_name[other].geometry)
    lon, lat = shapely.get_coordinates(met)[0]
    t = Track(lon=lon - 0.02, lat=lat)
    t.sail(10, sog_kn=12, cog_deg=t.aim(lon, lat))
    rows = [r for r in crossings_of(t.fixes()) if r["asset"]["name"] == "Balticconnector"]
    ends = shapely.get_coordinates(pipe)[[0, -1]]
    from_finland = rows[0]["kp_km"] if ends[0, 1] > ends[1, 1] else 77.5 - rows[0]["kp_km"]
    assert from_finland == pytest.approx(kp_km, abs=0.12)


def track_of(name: str) -> Fixes:
    """Read one of the reconstructed Danish tracks; the speed is derived, so it is left in."""
    with (AIS / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    n = len(rows)
    return Fixes.build(
        n, subject_id=[int(r["mmsi"]) for r in rows], msg_type=np.ones(n),
        t_ms=[parse_iso(r["t_utc_reconstructed"]) for r in rows],
        lon_raw=[round(float(r["lon"]) * PER_DEGREE) for r in rows],
        lat_raw=[round(float(r["lat"]) * PER_DEGREE) for r in rows],
        sog_raw=[round(float(r["sog_kn_derived"]) * 10) for r in rows],
        cog_raw=[round(float(r["cog_deg"]) * 10) % 3600 for r in rows],
        payload_hash=np.arange(n),
    )  # fmt: skip


def test_samus_swan_and_her_lane_mate_cross_swepol_link_where_others_measured_it():
    (swan,) = crossings_of(track_of("samus-swan-2022-02-26-drag.csv"))
    assert swan["asset"]["id"] == "power-cable-swepol-link"
    # The published time is that of the fix before, 11 s earlier.
    assert (swan["t_from"], swan["t_to"]) == ("2022-02-26T00:41:10Z", "2022-02-26T00:41:31Z")
    assert swan["t_from"] < swan["t"] < swan["t_to"]
    assert (swan["lon"], swan["lat"]) == pytest.approx((15.520, 55.649), abs=0.001)
    assert 9.0 < swan["sog_kn_before"] < 9.8
    assert 9.0 < swan["sog_kn_after"] < 9.8
    mate = [r for r in crossings_of(track_of("mmsi-257206000-2022-02-26-lane-mate.csv"))
            if r["asset"]["id"] == "power-cable-swepol-link"]  # fmt: skip
    assert len(mate) == 1
    assert (mate[0]["lon"], mate[0]["lat"]) == pytest.approx((15.389, 55.699), abs=0.001)


EAGLE_S = (
    ("09:30", 59.960, 26.600), ("10:23", 59.921, 26.305), ("10:26", 59.919, 26.294),
    ("11:05", 59.905, 26.100), ("11:49", 59.893, 25.920), ("12:16", 59.890, 25.880),
    ("12:30", 59.889, 25.860), ("12:42", 59.888, 25.840), ("13:05", 59.886, 25.820),
    ("13:20", 59.883, 25.770), ("16:04", 59.828, 25.100), ("16:44", 59.808, 24.930),
    ("16:50", 59.805, 24.900),
)  # fmt: skip
"""SYNTHETIC: published times on a nominal lane (incidents.md 7); not a real track."""


def eagle_s(every_s: float = 10.0, mmsi: int = 518_998_865) -> Fixes:
    """Sail the waypoints, re-timed so that reported speed and course agree with the positions."""
    t_way = np.array([parse_iso(f"2024-12-25T{hm}:00Z") for hm, _, _ in EAGLE_S], np.float64)
    t_ms = np.arange(t_way[0], t_way[-1], every_s * 1000)
    lat = np.interp(t_ms, t_way, [w[1] for w in EAGLE_S])
    lon = np.interp(t_ms, t_way, [w[2] for w in EAGLE_S])
    course, _, metres = GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    n = len(t_ms) - 1
    return Fixes.build(
        n, subject_id=np.full(n, mmsi), msg_type=np.ones(n), t_ms=t_ms[1:],
        lon_raw=np.round(lon[1:] * PER_DEGREE), lat_raw=np.round(lat[1:] * PER_DEGREE),
        sog_raw=np.round(metres / every_s / KN_MS * 10), cog_raw=np.round(course % 360 * 10) % 3600,
        payload_hash=np.arange(n) + mmsi,
    )  # fmt: skip


EAGLE_S_CROSSINGS = [
    ("Nord Stream 2", "09:38"), ("Baltika Kingisepp-Kaliningrad", "09:51"), ("Estlink 2", "10:26"),
    ("Baltika Kingisepp-Kaliningrad", "11:36"), ("Nord Stream 1", "11:56"),
    ("Nord Stream 1", "12:50"), ("Baltika Kingisepp-Kaliningrad", "13:32"),
]  # fmt: skip


@pytest.mark.parametrize("every_s", [10.0, 180.0])
def test_the_eagle_s_exercise_crosses_what_lies_on_its_way(every_s):
    rows = crossings_of(eagle_s(every_s))
    by_name = {a.id: a.name for a in shipped_assets().assets}
    named = [(by_name[r["asset"]["id"]], r) for r in rows]
    for name, hm in EAGLE_S_CROSSINGS:
        want = parse_iso(f"2024-12-25T{hm}:00Z")
        near = [r for n, r in named if n.startswith(name.split()[0]) and n.split()[-1] in n
                and abs(parse_iso(r["t"]) - want) <= 90_000]  # fmt: skip
        assert near, f"{name} at {hm} is not among {[(n, r['t']) for n, r in named]}"


# -- laws ----------------------------------------------------------------------------------------


@cache
def busy_fixes() -> tuple[Batch, AssetSet]:
    """Thirty vessels to and fro over three crossing cables, some silent for a while."""
    rng = np.random.default_rng(7)
    parts: list = []
    for k in range(30):
        t = Track(mmsi=230_000_100 + k, lon=20 + rng.uniform(-0.2, 0.2),
                  lat=57 + rng.uniform(-0.1, 0.1), every_s=float(rng.choice([7, 30, 180])),
                  seed=k)  # fmt: skip
        for _ in range(12):
            cog = float(rng.uniform(0, 360))
            t.sail(float(rng.uniform(4, 15)), sog_kn=float(rng.uniform(3, 18)), cog_deg=cog)
            if rng.random() < 0.4:
                t.silent(float(rng.choice([8, 20, 45])), sog_kn=10, cog_deg=cog)
        parts += [t.fixes(), statics(t.mmsi, name=f"SHIP {k}".encode(), length_m=80 + k)]
    wkts = ("LINESTRING (19.7 57, 20.3 57.01)", "LINESTRING (20 56.8, 19.99 57, 20.02 57.2)",
            "POLYGON ((20.1 57.05, 20.2 57.05, 20.15 57.12, 20.1 57.05))")  # fmt: skip
    assets = AssetSet(
        Asset(f"a{i}", f"a{i}", "other", shapely.from_wkt(w), 200.0) for i, w in enumerate(wkts)
    )
    return batch(*parts), assets


@cache
def busy_rows() -> tuple[str, ...]:
    data, assets = busy_fixes()
    watch = a_watch(assets)
    first, last = watch.push(data), watch.flush()
    rows = watch.crossing_rows(np.concatenate([first.crossings, last.crossings]))
    return tuple(json.dumps(r) for r in rows)


def test_the_busy_sea_holds_all_kinds_of_rows():
    rows = [json.loads(r) for r in busy_rows()]
    assert len(rows) > 60
    assert sum(r["uncertain"] for r in rows) >= 3
    assert {r["asset"]["id"] for r in rows} == {"a0", "a1", "a2"}


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.floats(0, 1), max_size=12), seed=st.integers(0, 1000), save=st.booleans())
def test_rows_do_not_depend_on_cuts_order_or_a_restart(cuts, seed, save):
    data, assets = busy_fixes()
    rng = np.random.default_rng(seed)
    arrival = np.argsort(data.fixes.t_ms + rng.uniform(0, 55_000, len(data.fixes)))
    fixes = data.fixes.take(arrival)
    marks = sorted({0, len(fixes), *(round(c * len(fixes)) for c in cuts)})
    watch, said, rows = a_watch(assets), data.statics, []
    for k, (a, b) in enumerate(itertools.pairwise(marks)):
        outcome = watch.push(Batch(fixes.take(slice(a, b)), said))
        said = said.take(slice(0, 0))
        rows += watch.crossing_rows(outcome.crossings)
        if save and k % 2 == 0:
            state = watch.dump()
            watch = a_watch(assets)
            watch.load(state)
    rows += watch.crossing_rows(watch.flush().crossings)
    assert tuple(json.dumps(r) for r in rows) == busy_rows()


def test_state_of_another_version_is_refused():
    watch = a_watch(cable())
    saved = watch.crossing_log.dump()
    with pytest.raises(StateVersionError, match="crossing log"):
        watch.crossing_log.load(saved | {"version": np.array([99])})


SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tests.watch import test_crossing as t
sys.stdout.write(chr(10).join(t.busy_rows()))
"""


def test_interpreted_kernels_give_the_same_rows():
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, root], capture_output=True, text=True, check=False,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, cwd=root, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert tuple(done.stdout.split("\n")) == busy_rows()
