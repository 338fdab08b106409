"""Tracks for others: read back by parsers that know nothing of us."""

from __future__ import annotations

import csv
import io
import itertools
import json
import xml.etree.ElementTree as ET

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.model.arrow import fixes_from_arrow
from sargas.model.fixes import LON_NONE, SOG_NONE, Fixes
from sargas.model.time import iso
from sargas.share.evidence import CAVEAT
from sargas.share.tracks import (
    GPX,
    GPX_SPEED,
    KML,
    KML_GX,
    WRITERS,
    Heading,
    as_jsonl,
    parquet_bytes,
)  # fmt: skip

from .conftest import HOSTILE, heard_thrice

T0_MS = 1_735_122_000_000
MINUTE = 60_000
WHO = Heading(518_998_865, "A SHIP", "", "0.0")


def track(minutes, **columns) -> Fixes:
    """Fixes at these minutes, going west; each with a payload of its own."""
    n = len(minutes)
    given = {
        "lon_raw": 15_600_000 - np.asarray(minutes) * 2000, "lat_raw": np.full(n, 35_940_000),
        "sog_raw": np.full(n, 100), "cog_raw": np.full(n, 2700), "station": np.full(n, -2),
    }  # fmt: skip
    t_ms = T0_MS + np.asarray(minutes) * MINUTE
    return Fixes.build(
        n, subject_id=np.full(n, 518_998_865), t_ms=t_ms, payload_hash=t_ms.astype(np.uint64),
        **given | columns,
    )  # fmt: skip


GAP = track([0, 1, 2, 60, 61])


def cut(fixes: Fixes, at: list[int]) -> list[Fixes]:
    ends = [0, *sorted(at), len(fixes)]
    return [fixes.take(slice(a, b)) for a, b in itertools.pairwise(ends)]


def text(kind: str, parts, heading: Heading = WHO) -> str:
    return "".join(WRITERS[kind](heading, parts))


def gpx_segments(written: str) -> list[list[tuple[float, float, str]]]:
    root = ET.fromstring(written)
    assert root.tag == f"{{{GPX}}}gpx"
    assert root.get("version") == "1.1"
    assert root.get("creator")
    assert [child.tag.split("}")[1] for child in root] == ["metadata", "trk"]
    (whole,) = root.findall(f"{{{GPX}}}trk")
    names = [child.tag.split("}")[1] for child in whole]
    assert names == ["name", "number", *["trkseg"] * (len(names) - 2)]
    for point in root.iter(f"{{{GPX}}}trkpt"):
        inside = [child.tag.split("}")[1] for child in point]
        assert inside in (["time"], ["time", "extensions"])
    return [
        [(float(p.get("lon")), float(p.get("lat")), p.findtext(f"{{{GPX}}}time")) for p in part]
        for part in whole.findall(f"{{{GPX}}}trkseg")
    ]


def kml_tracks(written: str) -> list[list[tuple[float, float, str]]]:
    root = ET.fromstring(written)
    assert root.tag == f"{{{KML}}}kml"
    (multi,) = root.findall(f"{{{KML}}}Document/{{{KML}}}Placemark/{{{KML_GX}}}MultiTrack")
    assert multi.findtext(f"{{{KML_GX}}}interpolate") == "0"
    out = []
    for part in multi.findall(f"{{{KML_GX}}}Track"):
        names = [child.tag for child in part]
        assert names == sorted(names, key=lambda tag: tag.endswith("coord")), "times come first"
        when = [child.text for child in part.findall(f"{{{KML}}}when")]
        where = [child.text.split() for child in part.findall(f"{{{KML_GX}}}coord")]
        out.append([(float(x), float(y), t) for (x, y, _), t in zip(where, when, strict=True)])
    return out


def features(written: str, role: str) -> list[dict]:
    whole = json.loads(written)
    assert whole["type"] == "FeatureCollection"
    return [f for f in whole["features"] if f["properties"]["role"] == role]


def test_a_gpx_track_stops_where_nothing_was_received():
    parts = gpx_segments(text("gpx", [GAP]))
    assert [len(part) for part in parts] == [3, 2]
    assert parts[0][1] == (pytest.approx(25.99666666, abs=1e-6), 59.9, "2024-12-25T10:21:00Z")
    root = ET.fromstring(text("gpx", [GAP]))
    speeds = [float(s.text) for s in root.iter(f"{{{GPX_SPEED}}}speed")]
    assert speeds == pytest.approx([10 * 1852 / 3600] * 5, abs=0.005), "metres a second"
    assert [c.text for c in root.iter(f"{{{GPX_SPEED}}}course")] == ["270.0"] * 5


def test_a_kml_track_stops_where_nothing_was_received():
    parts = kml_tracks(text("kml", [GAP]))
    assert [len(part) for part in parts] == [3, 2]
    assert parts[1][0][2] == "2024-12-25T11:20:00Z"


def test_geojson_has_lines_and_points():
    written = text("geojson", [GAP])
    lines, points = features(written, "track"), features(written, "fix")
    assert [len(line["geometry"]["coordinates"]) for line in lines] == [3, 2]
    assert [line["properties"]["to"] for line in lines] == [
        "2024-12-25T10:22:00Z", "2024-12-25T11:21:00Z"
    ]  # fmt: skip
    assert [p["properties"]["t"] for p in points] == [iso(int(t)) for t in GAP.t_ms]
    assert points[0]["geometry"]["coordinates"] == [26.0, 59.9]
    assert points[0]["properties"]["sog_kn"] == 10.0


@given(st.sets(st.integers(1, 59)), st.sets(st.integers(1, 59), max_size=5))
def test_it_does_not_matter_how_the_track_comes_in_pieces(missing, at):
    """One point a report in every format, in the same runs, however the pieces were cut."""
    minutes = np.array([m for m in range(60) if m not in missing])
    fixes = track(minutes)
    whole, pieces = [fixes], cut(fixes, [a for a in at if a < len(fixes)])
    wanted = [[p[2] for p in part] for part in gpx_segments(text("gpx", whole))]
    assert [t for part in wanted for t in part] == [iso(int(t)) for t in fixes.t_ms]
    # A run of one piece can be too short to say what is usual; where six minutes are, it is clear.
    if not missing:
        assert [[p[2] for p in s] for s in gpx_segments(text("gpx", pieces))] == wanted
        drawn = [[p[2] for p in s] for s in kml_tracks(text("kml", pieces))]
        assert all(a[-1] == b[0] for a, b in itertools.pairwise(drawn)), "joined"
        lines = features(text("geojson", pieces), "track")
        assert all(
            a["geometry"]["coordinates"][-1] == b["geometry"]["coordinates"][0]
            for a, b in itertools.pairwise(lines)
        )
    points = features(text("geojson", pieces), "fix")
    assert [p["properties"]["t"] for p in points] == [iso(int(t)) for t in fixes.t_ms]


def test_maps_have_one_point_a_report_and_csv_has_every_copy():
    rows = heard_thrice(track(range(10)))
    assert len(rows) == 30
    for pieces in ([rows], cut(rows, [5, 6, 20])):
        assert sum(map(len, gpx_segments(text("gpx", pieces)))) == 10
        assert len(features(text("geojson", pieces), "fix")) == 10
    read = list(csv.DictReader(io.StringIO(text("csv", cut(rows, [7])))))
    assert len(read) == 30
    assert [row["t"] for row in read] == [iso(int(t)) for t in rows.t_ms]
    assert {row["station"] for row in read} == {"-2", "-3", "-4"}
    assert {row["src_id"] for row in read} == {"0"}
    assert {row["exercise"] for row in read} == {""}
    lines = [json.loads(line) for line in "".join(as_jsonl(WHO, [rows])).splitlines()]
    assert [line["t"] for line in lines] == [row["t"] for row in read]


def test_a_report_without_a_position_is_on_no_map():
    fixes = track([0, 1, 2], lon_raw=[15_600_000, LON_NONE, 15_596_000],
                  sog_raw=[100, SOG_NONE, SOG_NONE])  # fmt: skip
    (points,) = gpx_segments(text("gpx", [fixes]))
    assert [p[2][14:16] for p in points] == ["20", "22"]
    assert "nan" not in text("kml", [fixes]).lower()
    said = features(text("geojson", [fixes]), "fix")[1]["properties"]
    assert (said["sog_kn"], said["heading_deg"]) == (None, None)
    assert list(csv.DictReader(io.StringIO(text("csv", [fixes]))))[1]["lon_deg"] == ""


@pytest.mark.parametrize("kind", ["gpx", "kml", "geojson"])
def test_a_hostile_name_is_text(kind):
    written = text(kind, [GAP], Heading(1, HOSTILE + "]]>", "drill<&>", "0.0"))
    if kind == "geojson":
        assert HOSTILE in json.loads(written)["name"]
        return
    root = ET.fromstring(written)
    assert not [e for e in root.iter() if e.tag.endswith("}script")]
    names = [e.text for e in root.iter() if e.tag.endswith("}name")]
    assert len(names) >= 2
    for name in names:
        assert name.startswith('EXERCISE drill<&>: <script>alert("1")</script>&')
        assert "\x1b" not in name
        assert "\u202e" not in name


@pytest.mark.parametrize("kind", list(WRITERS))
def test_an_exercise_is_marked_in_every_format(kind):
    assert "eagle-s" in text(kind, [GAP], Heading(1, None, "eagle-s"))
    rows = [json.loads(row) for row in "".join(as_jsonl(Heading(1, None, "x"), [GAP])).splitlines()]
    assert {row["exercise"] for row in rows} == {"x"}


def test_parquet_has_every_row_and_says_what_it_is():
    fixes = Fixes.concat([GAP, GAP])  # copies stay
    content = parquet_bytes(Heading(1, "A SHIP", "eagle-s", "0.0"), fixes)
    table = pq.read_table(pa.BufferReader(content))
    assert fixes_from_arrow(table) == fixes
    assert table.column_names[:3] == ["t", "lon_deg", "lat_deg"]
    assert set(table["exercise"].to_pylist()) == {"eagle-s"}
    said = {key: value.decode() for key, value in table.schema.metadata.items()}
    assert said[b"title"] == "EXERCISE eagle-s: A SHIP (MMSI 1)"
    assert CAVEAT in said[b"description"]


def test_pieces_are_written_as_they_come():
    """Nothing waits for the end: after each piece its text has gone out."""
    for kind, write in WRITERS.items():
        taken = []

        def pieces(taken=taken):
            for k, part in enumerate(cut(track(range(40)), [10, 20, 30])):
                taken.append(k)
                yield part

        written = ""
        for piece in write(WHO, pieces()):
            written += piece
            if "10:25:00Z" in written:
                break
        assert taken in ([0], [0, 1]), kind
