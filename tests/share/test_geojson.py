"""The GeoJSON of an alert: every feature says its role, and fits RFC 7946."""

from __future__ import annotations

import json

import numpy as np
import shapely

from sargas.model.fixes import LON_NONE, Fixes
from sargas.share import fixes_csv, geojson
from sargas.share.dossier import as_html

from .conftest import alert, evidence, fixes, heard_thrice


def roles(collection):
    return [f["properties"]["role"] for f in collection["features"]]


def test_every_part_of_the_alert_is_there():
    collection = json.loads(geojson.as_text(evidence(rows=fixes(20))))
    assert roles(collection) == ["alert", "track", *["fix"] * 20, "asset", "next_asset"]
    by_role = {f["properties"]["role"]: f for f in collection["features"]}
    assert by_role["alert"]["geometry"] == {"type": "Point", "coordinates": [25.6, 59.9]}
    assert by_role["asset"]["properties"]["accuracy_m"] == 200.0
    assert by_role["asset"]["properties"]["licence"] == "ODbL-1.0"
    assert by_role["next_asset"]["properties"]["number"] == 1
    assert by_role["next_asset"]["geometry"]["coordinates"] == [25.5, 59.9]
    assert by_role["fix"]["properties"]["sog_kn"] is not None
    for feature in collection["features"]:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        west, south, east, north = shape.bounds
        assert 20 < west <= east < 30, "longitude before latitude"
        assert 55 < south <= north < 65
    assert collection["caveat"]
    assert collection["attribution"]


def test_the_track_is_broken_where_nothing_was_received():
    rows = fixes(20)
    t_ms = rows.t_ms + np.where(np.arange(20) >= 10, 3_600_000, 0)
    gap = Fixes.build(20, **{**rows.columns(), "t_ms": t_ms})
    (track,) = [
        f for f in geojson.collection(evidence(rows=gap))["features"]
        if f["properties"]["role"] == "track"
    ]  # fmt: skip
    assert [len(line) for line in track["geometry"]["coordinates"]] == [10, 10]


def test_copies_of_a_report_are_one_fix():
    one, thrice = evidence(rows=fixes(20)), evidence(rows=heard_thrice(fixes(20)))
    assert len(thrice.fixes) == 60
    assert geojson.collection(thrice) == geojson.collection(one)
    assert len(fixes_csv.as_text(thrice.fixes).splitlines()) == 61, "the CSV has them all"
    assert "20 fixes, received 60 times by several stations" in as_html(thrice)


def test_rows_without_payload_are_no_copies():
    rows = fixes(20)
    bare = Fixes.build(20, **{**rows.columns(), "payload_hash": np.zeros(20)})
    assert len(evidence(rows=bare).reports) == 20


def test_what_has_no_place_is_left_out():
    rows = fixes(3)
    nowhere = Fixes.build(3, **{**rows.columns(), "lon_raw": np.full(3, LON_NONE)})
    lost = alert(lon=float("nan"), lat=float("nan"), asset=None, next_assets=())
    assert roles(geojson.collection(evidence(lost, rows=nowhere))) == []
