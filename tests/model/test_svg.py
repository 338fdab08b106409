"""Pictures as text: well-formed, inside their frame, true to the numbers, broken at gaps."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.geodesy import NM_M, distance_m
from sargas.model.place import degrees_minutes
from sargas.model.svg import COLOURS, Limit, Moment, runs, shown, thinned, track_chart
from sargas.model.svg_map import WIDTH, MapAsset, MapPoint, map_box, track_map

SVG = "{http://www.w3.org/2000/svg}"
MINUTE = 60_000


def chart(n=120, **options):
    t_ms = 10**12 + np.arange(n) * MINUTE
    speed, course = np.linspace(10, 4, n), np.full(n, 355.0)
    return t_ms, track_chart(t_ms, speed, course, course + 10, **options)


def numbers(text):
    return [float(x) for x in re.findall(r"-?\d+\.?\d*", text)]


def points(d):
    """The points of a path of M and L alone."""
    return [tuple(numbers(p)) for p in re.split("[ML]", d) if p]


def test_a_chart_is_well_formed_and_inside_its_frame():
    _, text = chart(limits=[Limit(3.0, "limit <&>")], moments=[Moment(10**12, "a"),
                    Moment(10**12 + 7_000_000, "b")], span_ms=(10**12, 10**12 + 10**6))  # fmt: skip
    root = ET.fromstring(text)
    _, _, width, height = numbers(root.get("viewBox"))
    for path in root.iter(f"{SVG}path"):
        for x, y in points(path.get("d")):
            assert 0 <= x <= width
            assert 0 <= y <= height
    words = [t.text for t in root.iter(f"{SVG}text")]
    assert "limit <&>" in words
    assert "2001-09-09, UTC" in words
    assert "a 01:46" in words


def test_a_speed_lies_where_its_scale_says():
    _, text = chart(2)
    root = ET.fromstring(text)
    curve = points(next(root.iter(f"{SVG}path")).get("d"))
    ticks = {
        t.text: float(t.get("y")) - 4
        for t in root.iter(f"{SVG}text")
        if re.fullmatch(r"\d+", t.text or "")
    }
    assert curve[0][1] == pytest.approx(ticks["10"], abs=0.2)
    assert curve[-1][1] == pytest.approx(ticks["4"], abs=0.2)


@given(st.lists(st.floats(0, 20), min_size=1, max_size=4))
def test_words_of_thresholds_do_not_lie_on_each_other(values):
    _, text = chart(limits=[Limit(v, f"limit {k}") for k, v in enumerate(values)])
    words = [t for t in ET.fromstring(text).iter(f"{SVG}text") if t.text.startswith("limit")]
    assert len(words) == len(values)
    heights = sorted(float(t.get("y")) for t in words)
    assert all(b - a >= 12.5 for a, b in itertools.pairwise(heights))


def test_a_line_stops_where_nothing_was_received():
    t_ms = 10**12 + np.array([0, 1, 2, 90, 91]) * MINUTE
    speed = np.array([5.0, 5.0, 5.0, 5.0, 5.0])
    none = np.full(5, np.nan)
    root = ET.fromstring(track_chart(t_ms, speed, none, none))
    path = next(root.iter(f"{SVG}path")).get("d")
    assert path.count("M") == 2
    assert "neither was reported" in [t.text for t in root.iter(f"{SVG}text")]


def test_course_through_north_is_one_line():
    """350 and 10 degrees lie 20 apart, not 340."""
    t_ms = 10**12 + np.arange(2) * MINUTE
    none = np.full(2, np.nan)
    root = ET.fromstring(track_chart(t_ms, none, np.array([350.0, 10.0]), none))
    paths = [points(p.get("d")) for p in root.iter(f"{SVG}path") if p.get("d")]
    (curve,) = paths
    assert abs(curve[0][1] - curve[1][1]) < 80


def test_no_fix_draws_no_chart():
    none = np.zeros(0)
    assert track_chart(np.zeros(0, np.int64), none, none, none) == ""


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), max_size=200).map(sorted))
def test_thinning_keeps_every_extreme(drawn):
    kept = thinned(drawn)
    assert set(kept) <= set(drawn)
    columns = {math.floor(x) for x, _ in drawn}
    for column in columns:
        before = [y for x, y in drawn if math.floor(x) == column]
        after = [y for x, y in kept if math.floor(x) == column]
        assert (min(before), max(before)) == (min(after), max(after))
        assert len(after) <= 4


@given(st.lists(st.booleans(), max_size=30))
def test_runs_hold_every_known_row_once(known):
    t_ms = np.cumsum(np.where(np.arange(len(known)) % 7 == 6, 3_600_000, MINUTE))
    found = runs(t_ms, np.array(known, dtype=bool))
    joined = [int(i) for run in found for i in run]
    assert joined == [i for i, k in enumerate(known) if k]
    assert all(len(run) for run in found)


@given(st.text(max_size=40))
def test_any_text_is_safe(text):
    safe = shown(text)
    assert not re.search(r"[<>\"']", safe)
    assert ET.fromstring(f"<t>{safe}</t>") is not None


def drawn_map(**options):
    n = 60
    t_ms = 10**12 + np.arange(n) * MINUTE
    lon, lat = 25.0 + np.arange(n) * 0.003, np.full(n, 59.8)
    return ET.fromstring(track_map(t_ms, lon, lat, (25.1, 59.8), **options))


def test_a_map_is_well_formed_and_true_to_scale():
    line = shapely.linestrings([(25.05, 59.0), (25.05, 60.5)])
    root = drawn_map(
        assets=[MapAsset("A & B", "power_cable", line, 400.0, is_main=True)],
        ahead=[MapPoint(24.95, 59.8, "1"), MapPoint(24.951, 59.8, "2"), MapPoint(20.0, 59.8, "3")],
        land=shapely.box(24.0, 59.9, 26.0, 61.0),
    )  # fmt: skip
    words = [t.text for t in root.iter(f"{SVG}text")]
    assert "A & B" in words
    assert "1" in words
    assert "2" not in words, "it would lie on the nearer one"
    assert "3" not in words, "far away"
    (bar,) = [w for w in words if w and " NM = " in w]
    length_nm = float(bar.split(" NM")[0])
    lon = 25.0 + np.arange(60) * 0.003
    ahead = [MapPoint(24.95, 59.8, "1"), MapPoint(24.951, 59.8, "2"), MapPoint(20.0, 59.8, "3")]
    west, south, east, north = map_box(lon, np.full(60, 59.8), (25.1, 59.8), ahead)
    middle = (south + north) / 2
    metres_per_px = distance_m(west, middle, east, middle) / WIDTH
    path = next(p.get("d") for p in root.iter(f"{SVG}path") if "V" in p.get("d") and "H" in
                p.get("d") and p.get("stroke-width") == "1.5")  # fmt: skip
    left, right = numbers(path)[0], numbers(path)[3]
    assert (right - left) * metres_per_px == pytest.approx(length_nm * NM_M, rel=0.01)
    (band,) = [p for p in root.iter(f"{SVG}path") if p.get("stroke-opacity") == "0.16"]
    assert float(band.get("stroke-width")) * metres_per_px == pytest.approx(800, rel=0.02)


def test_land_is_cut_to_the_picture():
    """A coast of ten thousand points leaves only those in sight."""
    angle = np.linspace(0, 2 * np.pi, 10_000)
    island = shapely.polygons(np.column_stack([40 + 30 * np.cos(angle), 60 + 10 * np.sin(angle)]))
    text = ET.tostring(drawn_map(land=island)).decode()
    assert len(text) < 20_000


def test_a_map_of_a_ship_at_anchor_is_not_filled_by_noise():
    t_ms = 10**12 + np.arange(3) * MINUTE
    lon, lat = np.array([25.0, 25.00001, 25.0]), np.array([59.8, 59.8, 59.80001])
    west, _, east, _ = map_box(lon, lat, (25.0, 59.8))
    assert distance_m(west, 59.8, east, 59.8) >= 4900
    ET.fromstring(track_map(t_ms, lon, lat, (25.0, 59.8)))


@settings(max_examples=50)
@given(st.floats(-180, 180), st.floats(-80, 80))
def test_a_map_anywhere_is_well_formed(lon, lat):
    none = np.zeros(0)
    text = track_map(np.zeros(0, np.int64), none, none, (lon, lat))
    ET.fromstring(text)
    assert "nan" not in text


def test_all_colours_of_the_page_are_known():
    _, text = chart(limits=[Limit(3.0, "x")])
    used = set(re.findall(r"var\(--([a-z]+)", text))
    assert used
    assert used <= COLOURS.keys()


@given(st.floats(-180, 180))
def test_degrees_and_minutes_are_as_near_as_they_are_written(deg):
    text = degrees_minutes(deg, "EW", 3)
    whole, rest = text[:-2].split("°")
    value = (int(whole) + float(rest) / 60) * (-1 if text[-1] == "W" else 1)
    assert abs(value - deg) <= 0.05 / 60 + 1e-9
    assert float(rest) < 60
