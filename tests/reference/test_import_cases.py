"""What the importer makes of real people's files; each case of geodata.md 5 by its name."""

import json
import math
import re
import struct

import numpy as np
import pyproj
import pytest
import shapely

from sargas.errors import FormatError, InputError, UsageError
from sargas.model.assets import AssetSet
from sargas.reference import ImportOptions, load_assets, plan_import
from sargas.reference.fields import slug
from sargas.reference.geometry import GeometryFaultError, from_wkb
from sargas.reference.mapping import map_assets
from sargas.reference.readers import read_file
from tests.reference.world import (
    LINE,
    OTHER,
    collection,
    feature,
    full,
    kml,
    kml_line,
    placemark,
    write_geojson,
    write_json,
)

SAID = ImportOptions(kind="telecom_cable", accuracy_m=50, licence="X", attribution="Y")


def mapped(path, **changes):
    options = ImportOptions(**{
        "kind": "telecom_cable", "accuracy_m": 50, "licence": "X", "attribution": "Y",
    } | changes)  # fmt: skip
    return map_assets(read_file(path), options)


def swap(points):
    return [[y, x] for x, y in points]


def counted(out):
    assert out.features == out.used + sum(out.skipped.values())
    return dict(out.skipped)


# --- 1. columns, and what must be said -----------------------------------------------------


@pytest.mark.parametrize(
    "column", ["name", "NAME", "Cable Name", "cable_name", "OBJNAM", "Title", "nimi"]
)
def test_name_columns_are_guessed(tmp_path, column):
    out = mapped(write_geojson(tmp_path / "a.json", feature(**{column: "My cable"})))
    assert out.assets[0].name == "My cable"


def test_name_column_can_be_said(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(name="wrong", Bezeichnung="right"))
    assert mapped(path, name_column="bezeichnung").assets[0].name == "right"
    with pytest.raises(UsageError, match=r"no column 'nope'.*bezeichnung"):
        mapped(path, name_column="nope")


def test_operator_status_and_kind_columns(tmp_path):
    path = write_geojson(
        tmp_path / "a.json",
        feature(name="A", Owner="Cinia", STATUS="Decommissioned", type="Gas pipeline"),
    )
    asset = mapped(path, kind=None).assets[0]
    assert (asset.operator, asset.status, asset.kind) == ("Cinia", "retired", "gas_pipeline")


def test_a_status_that_is_not_known_is_unknown_and_noted(tmp_path):
    out = mapped(write_geojson(tmp_path / "a.json", feature(name="A", status="purple")))
    assert out.assets[0].status == "unknown"
    assert out.noted["status_word_not_known"] == 1


def test_what_the_file_does_not_say_must_be_said(tmp_path):
    path = write_geojson(tmp_path / "a.json", full("1"), feature(OTHER, name="B"))
    with pytest.raises(UsageError) as caught:
        map_assets(read_file(path), ImportOptions())
    for option in ("--kind (1 of 2)", "--accuracy-m (1 of 2)", "--licence (1 of 2)",
                   "--attribution (1 of 2)"):  # fmt: skip
        assert option in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_file_speaks_before_the_options(tmp_path):
    path = write_geojson(tmp_path / "a.json", full("1", accuracy_m=700), feature(OTHER, name="B"))
    by_name = {a.name: a for a in mapped(path).assets}
    assert (by_name["Cable 1"].accuracy_m, by_name["Cable 1"].licence) == (700, "CC-BY-4.0")
    assert (by_name["B"].accuracy_m, by_name["B"].licence) == (50, "X")


def test_metadata_of_the_file_count_for_all(tmp_path):
    meta = {"licence": "ODbL-1.0", "attribution": "OSM", "accuracy_m": 300}
    path = write_geojson(tmp_path / "a.json", feature(name="A", kind="power_cable"), metadata=meta)
    asset = map_assets(read_file(path), ImportOptions()).assets[0]
    assert (asset.licence, asset.attribution, asset.accuracy_m) == ("ODbL-1.0", "OSM", 300)


@pytest.mark.parametrize("value", ["good", -5, 0, "NaN", "inf", ""])
def test_accuracy_that_is_no_number_does_not_count(tmp_path, value):
    path = write_geojson(tmp_path / "a.json", feature(name="A", accuracy_m=value))
    assert mapped(path).assets[0].accuracy_m == 50


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "rope"}, {"axis": "xy"}, {"on_invalid": "ignore"}, {"accuracy_m": 0},
        {"accuracy_m": math.nan}, {"accuracy_m": math.inf}, {"source": "Elering 2026!"},
        {"source": "../../etc"}, {"source": "user:a.b"},
    ],
)  # fmt: skip
def test_options_are_checked(changes):
    with pytest.raises(UsageError):
        ImportOptions(**changes)


def test_files_that_name_the_schematic_map_are_refused(tmp_path):
    inside = write_geojson(
        tmp_path / "a.json", feature(name="A", url="https://www.SubmarineCableMap.com/x")
    )
    above = write_geojson(tmp_path / "b.json", feature(), source="submarinecablemap.com")
    linked = tmp_path / "c.kml"
    linked.write_text(
        kml(placemark("<description>see submarinecablemap.com</description>" + kml_line()))
    )
    for path in (inside, above, linked):
        with pytest.raises(InputError, match="schematic"):
            mapped(path)
        with pytest.raises(InputError, match="schematic"):
            load_assets(path)


# --- 2. axis order and reference systems ---------------------------------------------------


def test_axis_auto_swaps_a_swapped_file_and_says_so(tmp_path):
    path = write_geojson(
        tmp_path / "a.json", feature(swap(LINE), name="A"), feature(swap(OTHER), name="B")
    )
    out = mapped(path)
    assert out.assets[0].geometry.wkt == shapely.LineString(LINE).wkt
    assert any("latitude before longitude" in note for note in out.notes)


def test_axis_mixed_is_refused(tmp_path):
    path = write_geojson(
        tmp_path / "a.json", feature(LINE, name="A"), feature(swap(OTHER), name="B")
    )
    with pytest.raises(InputError, match=r"mixes axis orders.*feature 1.*feature 2"):
        mapped(path)
    out = mapped(path, axis="lonlat")
    assert counted(out) == {"outside_watch_area": 1}


def test_axis_is_not_guessed_when_only_some_features_fit_swapped(tmp_path):
    """A world file may hold a cable off Oman (58E 22N), which is Latvia when swapped."""
    path = write_geojson(tmp_path / "a.json", feature([[58.0, 22.0], [58.5, 23.0]], name="Oman"),
                         feature([[0, 50], [1, 51]], name="Channel"))  # fmt: skip
    with pytest.raises(InputError, match="may have latitude before longitude"):
        mapped(path)
    assert counted(mapped(path, axis="lonlat")) == {"outside_watch_area": 2}


def test_axis_said_is_obeyed(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(swap(LINE), name="A"))
    assert counted(mapped(path, axis="lonlat")) == {"outside_watch_area": 1}
    assert mapped(path, axis="latlon").assets[0].geometry.wkt == shapely.LineString(LINE).wkt


def test_another_crs_is_transformed_with_the_extra(tmp_path):
    move = pyproj.Transformer.from_crs(4326, 3035, always_xy=True).transform
    points = [list(move(*p)) for p in LINE]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3035"}}
    path = write_json(tmp_path / "a.json", collection(feature(points, name="A"), crs=crs))
    out = mapped(path)
    got = shapely.get_coordinates(out.assets[0].geometry)
    assert got == pytest.approx(np.array(LINE), abs=1e-8)
    assert any("EPSG:3035" in note for note in out.notes)


def test_another_crs_without_the_extra_is_refused_with_a_hint(tmp_path, monkeypatch):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3035"}}
    path = write_json(tmp_path / "a.json", collection(feature([[5e6, 4e6], [5e6, 5e6]]), crs=crs))
    monkeypatch.setitem(__import__("sys").modules, "pyproj", None)
    with pytest.raises(UsageError, match=r"only EPSG:4326.*'\.\[gis\]"):
        mapped(path)


def test_a_crs_that_nobody_knows(tmp_path):
    crs = {"type": "name", "properties": {"name": "Our own grid"}}
    path = write_json(tmp_path / "a.json", collection(feature(name="A"), crs=crs))
    with pytest.raises(InputError, match="'Our own grid' is not known"):
        mapped(path)


def test_metres_without_a_crs_are_refused(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature([[5e6, 4e6], [5.1e6, 4e6]], name="A"))
    with pytest.raises(FormatError, match="not degrees"):
        mapped(path)


def test_one_feature_in_metres_among_degrees_is_counted(tmp_path):
    path = write_geojson(
        tmp_path / "a.json", feature(name="A"), feature([[5e6, 4e6], [5e6, 5e6]], name="B")
    )
    assert counted(mapped(path)) == {"not_degrees": 1}


# --- 3. geometry ---------------------------------------------------------------------------

UNCLOSED = [[[24, 59], [25, 59], [25, 60], [24, 60]]]
BOW_TIE = [[[24, 59], [25, 60], [25, 59], [24, 60], [24, 59]]]


@pytest.mark.parametrize(
    ("coordinates", "kind", "mended"),
    [(UNCLOSED, "Polygon", "ring_closed"), (BOW_TIE, "Polygon", "made_valid")],
)
def test_invalid_areas_are_repaired_skipped_or_fail(tmp_path, coordinates, kind, mended):
    path = write_geojson(
        tmp_path / "a.json", feature(name="A"), feature(coordinates, kind, name="B")
    )
    repaired = mapped(path)
    assert dict(repaired.mended) == {mended: 1}
    assert all(a.geometry.is_valid for a in repaired.assets)
    assert len(repaired.assets) == 2
    skipped = mapped(path, on_invalid="skip")
    assert len(skipped.assets) == 1
    assert sum(counted(skipped).values()) == 1
    with pytest.raises(InputError, match="feature 2"):
        mapped(path, on_invalid="fail")


def test_null_geometry_is_counted_and_fails_only_when_asked(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(name="A"), feature(None, name="B"))
    for choice in ("repair", "skip"):
        out = mapped(path, on_invalid=choice)
        assert counted(out) == {"null_geometry": 1}
        assert out.places == {"null_geometry": ["feature 2"]}
    with pytest.raises(InputError, match=r"feature 2.*null geometry"):
        mapped(path, on_invalid="fail")


def test_a_line_of_one_point_is_counted(tmp_path):
    path = write_geojson(
        tmp_path / "a.json", feature(name="A"), feature([[24, 59]], name="B"),
        feature([[24, 59], [24, 59]], name="C"),
    )  # fmt: skip
    assert counted(mapped(path)) == {"line_of_one_point": 2}


def test_numbers_that_are_not_finite_are_counted(tmp_path):
    path = write_geojson(
        tmp_path / "a.json", feature(name="A"), feature([[24, math.nan], [25, 59]])
    )
    assert counted(mapped(path)) == {"not_finite": 1}


def test_heights_are_dropped_and_noted(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature([[*p, -60] for p in LINE], name="A"))
    out = mapped(path)
    assert not out.assets[0].geometry.has_z
    assert out.noted["z_dropped"] == 1
    assert mapped(path, on_invalid="fail").assets[0].geometry.wkt == shapely.LineString(LINE).wkt


def test_a_collection_keeps_its_lines(tmp_path):
    mixed = {"type": "GeometryCollection", "geometries": [
        {"type": "Point", "coordinates": [24, 59]}, {"type": "LineString", "coordinates": LINE},
    ]}  # fmt: skip
    path = write_geojson(
        tmp_path / "a.json", {"type": "Feature", "properties": {"name": "A"}, "geometry": mixed}
    )
    out = mapped(path)
    assert out.assets[0].geometry.wkt == shapely.MultiLineString([LINE]).wkt
    assert out.mended["parts_dropped"] == 1


def test_when_nothing_can_be_used_it_is_said_why(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(None, name="A"), feature(None, name="B"))
    with pytest.raises(InputError, match="None of the 2 features can be used: 2 null geometry"):
        plan_import(path, tmp_path / "home", SAID)
    with pytest.raises(InputError, match="null geometry"):
        load_assets(path)


# --- 4. clip, 5. merge, 7. accuracy of pieces ----------------------------------------------


def test_clip_keeps_the_whole_line_of_an_asset_that_reaches_the_area(tmp_path):
    out_and_in = [[5.0, 56.0], [12.0, 56.0]]
    path = write_geojson(
        tmp_path / "a.json", feature(out_and_in, name="A"), feature([[0, 50], [1, 51]], name="B")
    )
    out = mapped(path)
    assert counted(out) == {"outside_watch_area": 1}
    assert out.assets[0].geometry.wkt == shapely.LineString(out_and_in).wkt


def test_lines_are_not_simplified(tmp_path):
    rng = np.random.default_rng(2)
    points = np.column_stack([np.linspace(20, 21, 500), 57 + rng.normal(0, 1e-6, 500)]).tolist()
    out = mapped(write_geojson(tmp_path / "a.json", feature(points, name="A")))
    assert shapely.get_coordinates(out.assets[0].geometry).tolist() == points


def test_parts_of_one_reference_become_one_asset_with_accuracy_a_part(tmp_path):
    path = write_geojson(
        tmp_path / "a.json",
        full("7", [[24, 59], [24.001, 59]], accuracy_m=20),
        full("7", [[24.001, 59], [24.01, 59]], accuracy_m=900),
        full("7", [[24.01, 59], [24.5, 59]], accuracy_m=20),
    )
    (asset,) = mapped(path).assets
    assert asset.geometry.geom_type == "MultiLineString"
    assert asset.accuracy_m == 20
    assert asset.piece_accuracy_m[:2] == (20, 900)
    assert asset.piece_accuracy_m[2] == pytest.approx(2800, abs=30)  # a tenth of 28 km
    assert AssetSet([asset]).pieces.accuracy_m[:2].tolist() == [20, 900]


@pytest.mark.parametrize("value", [[100, 900], "100;900", "[100, 900]", "100 900"])
def test_a_column_with_accuracy_per_piece_overrules_the_rule(tmp_path, value):
    path = write_geojson(tmp_path / "a.json", feature(name="A", segment_accuracy_m=value))
    (asset,) = mapped(path).assets
    assert asset.piece_accuracy_m == (100, 900)
    assert set(AssetSet([asset]).pieces.accuracy_m.tolist()) == {100.0, 900.0}


@pytest.mark.parametrize("value", [[100], [100, -1], "a;b", [100, 200, 300], {"x": 1}])
def test_accuracy_per_piece_that_does_not_fit_is_noted_and_the_rule_counts(tmp_path, value):
    out = mapped(write_geojson(tmp_path / "a.json", feature(name="A", piece_accuracy_m=value)))
    assert out.noted["piece_accuracy_does_not_fit"] == 1
    assert out.assets[0].piece_accuracy_m == ()
    assert AssetSet(out.assets).pieces.accuracy_m.min() > 2000


def test_surveyed_takes_the_spacing_out(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(name="A"))
    assert set(AssetSet(mapped(path, surveyed=True).assets).pieces.accuracy_m.tolist()) == {50.0}
    assert AssetSet(mapped(path).assets).pieces.accuracy_m.min() > 2000


def test_names_without_references_and_nothing_at_all(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(name="Öland Ö"), feature(OTHER))
    refs = {a.source_ref for a in mapped(path).assets}
    assert "telecom_cable:oland-o" in refs
    assert sum(r.startswith("geometry:") for r in refs) == 1


def test_unnamed_features_keep_apart(tmp_path):
    out = mapped(write_geojson(tmp_path / "a.json", feature(LINE), feature(OTHER)))
    assert len(out.assets) == 2


# --- 6. source keys ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "members", "source"),
    [
        ("cables.json", {}, "user:cables"),
        ("Cables 2026-11-21.json", {}, "user:cables"),
        ("cables_v2.json", {}, "user:cables"),
        ("2026.json", {}, "user:2026"),
        ("x.json", {"source": "OpenStreetMap extract 2027-01-01"}, "osm"),
        ("x.json", {"source": "Global Energy Monitor 2027"}, "gem"),
        ("x.json", {"source": "EMODnet Human Activities"}, "emodnet"),
        ("x.json", {"source": "user:elering"}, "user:elering"),
        ("x.json", {"source": "some archive, 1999"}, "user:x"),
    ],
)
def test_source_keys_stay_the_same_over_refreshes(tmp_path, name, members, source):
    asset = mapped(write_geojson(tmp_path / name, feature(name="A"), **members)).assets[0]
    assert asset.source == source
    if members and ":" not in members["source"]:
        assert asset.source_version == members["source"]


def test_source_said_overrules(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(name="A"), source="OpenStreetMap")
    assert mapped(path, source="user:elering").assets[0].source == "user:elering"


# --- Overpass ------------------------------------------------------------------------------


def overpass(tmp_path, *ways):
    elements = [
        {"type": "way", "id": i, "tags": tags,
         "geometry": [{"lon": x, "lat": y} for x, y in points]}
        for i, tags, points in ways
    ]  # fmt: skip
    head = {"osm3s": {"copyright": "www.openstreetmap.org ... ODbL"}}
    return write_json(tmp_path / "o.json", head | {"elements": elements})


def test_overpass_joins_ways_of_one_name_and_drops_stubs(tmp_path):
    cable = {"name": "Eastern Light", "communication": "line"}
    path = overpass(
        tmp_path, (20, cable, OTHER), (3, cable, LINE), (5, {"telecom": "line"}, LINE),
        (6, {"telecom": "line"}, [[24, 59.5], [24.01, 59.5]]),
    )  # fmt: skip
    out = map_assets(read_file(path), ImportOptions(accuracy_m=200))
    assert counted(out) == {"unnamed_under_10_km": 1}
    named, unnamed = sorted(out.assets, key=lambda a: a.name)
    assert named.source_ref == "osm:way/3,20"
    assert named.geometry.wkt == shapely.MultiLineString([LINE, OTHER]).wkt
    assert (named.kind, named.source, named.licence) == ("telecom_cable", "osm", "ODbL-1.0")
    assert named.attribution == "© OpenStreetMap contributors"
    assert unnamed.name == "Unnamed telecom cable (osm:way/5)"


def test_overpass_answer_updates_the_shipped_asset_of_the_same_ways(tmp_path):
    """C-Lion1 ships as ways 804553522 and 1354947234."""
    tags = {"name": "C-Lion1", "telecom": "line", "operator": "Cinia"}
    path = overpass(tmp_path, (1354947234, tags, OTHER), (804553522, tags, LINE))
    plan = plan_import(path, tmp_path / "home", ImportOptions(accuracy_m=200))
    (change,) = plan.changes
    assert (change.state, change.id) == ("moved", "telecom-cable-c-lion1")


def test_disused_ways_are_retired(tmp_path):
    path = overpass(tmp_path, (1, {"name": "Old", "telecom": "line", "disused": "yes"}, LINE))
    assert map_assets(read_file(path), ImportOptions(accuracy_m=9)).assets[0].status == "retired"


# --- load_assets: for one run --------------------------------------------------------------


def test_load_assets_assumes_on_the_careful_side_and_says_so(tmp_path):
    ring = [[[24, 59], [25, 59], [25, 60], [24, 60], [24, 59]]]
    path = write_geojson(
        tmp_path / "a.json", feature(name="Some cable"), feature(OTHER, name="Gas pipe X"),
        feature(ring, "Polygon", name="Area"), feature([24, 59], "Point", name="Buoy"),
    )  # fmt: skip
    notes = []
    assets = load_assets(path, notes=notes)
    assert {a.name: a.kind for a in assets.assets} == {
        "Some cable": "unspecified_cable", "Gas pipe X": "gas_pipeline", "Area": "other",
        "Buoy": "other",
    }  # fmt: skip
    assert {a.accuracy_m for a in assets.assets} == {1000.0}
    assert all("1000 m assumed" in a.note for a in assets.assets)
    assert any("accuracy assumed" in note for note in notes)


def test_load_assets_keeps_ids_and_assets_outside_the_baltic(tmp_path):
    path = write_geojson(
        tmp_path / "a.json",
        feature([[-80, 25], [-79, 26]], id="us-cable-7", name="A", kind="power_cable"),
        feature([[-81, 25], [-80, 26]], id="7", name="B", kind="power_cable"),
    )
    assert [a.id for a in load_assets(path).assets] == ["power-cable-b", "us-cable-7"]


def test_load_assets_fails_on_a_feature_that_cannot_be_used(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(name="A"), feature(UNCLOSED, "Polygon"))
    with pytest.raises(InputError, match=r"feature 2.*ring not closed"):
        load_assets(path)
    assert len(load_assets(path, ImportOptions(on_invalid="repair"))) == 2


def test_load_assets_of_the_shipped_file_gives_the_shipped_assets():
    from sargas.reference import shipped_assets
    from sargas.reference.files import DATA

    loaded = load_assets(DATA / "infrastructure-osm.geojson")
    shipped = [a for a in shipped_assets().assets if a.licence == "ODbL-1.0"]
    assert [(a.id, a.name, a.status, a.source, a.source_ref, a.accuracy_m, a.licence)
            for a in loaded.assets] == [
        (a.id, a.name, a.status, a.source, a.source_ref, a.accuracy_m, a.licence) for a in shipped
    ]  # fmt: skip
    assert AssetSet(shipped).version == loaded.version


def test_original_fields_are_kept_as_json(tmp_path):
    properties = {"name": "A", "odd": {"x": [1, None]}, "Länge": 7.5}
    asset = mapped(write_geojson(tmp_path / "a.json", feature(**properties))).assets[0]
    assert asset.properties["original"] == properties
    json.dumps(asset.properties)


@pytest.mark.parametrize(
    ("text", "want"),
    [("Ventspils–Fårösund", "ventspils-farosund"), ("Ø", "o"), ("  ", ""), ("Ž/Š", "z-s")],
)
def test_slugs(text, want):
    assert slug(text) == want


# --- hostile fields ------------------------------------------------------------------------


HOSTILE = {
    "half a character": "\ud800",
    "nul": "A\x00B",
    "escape": "\x1b]0;title\x07",
    "large int": 10**400,
    "large float": 1e308,
    "list": [1, [2]],
    "object": {"a": {}},
    "true": True,
    "long": "x" * 1_000_000,
    "path": "../../../etc/passwd",
    "formula": "=cmd()",
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("column", ["name", "id", "status", "kind", "source", "note", "accuracy_m"])
def test_hostile_fields_become_text_that_can_be_stored_and_printed(tmp_path, column, value):
    from sargas.reference import apply_import

    path = write_geojson(tmp_path / "a.json", feature(**{"name": "A", column: value}))
    plan = plan_import(path, tmp_path / "home", SAID)
    apply_import(plan, tmp_path / "home", imported_at_ms=0, imported_by="x")
    (asset,) = plan.mapped.assets
    json.dumps(plan.as_dict(), ensure_ascii=False, allow_nan=False).encode("utf-8")
    assert re.fullmatch(r"[a-z0-9-]{1,120}", plan.changes[0].id)
    assert len(asset.name) <= 200
    files = [p for p in tmp_path.rglob("*") if p.is_file() and p.name not in ("a.json", ".lock")]
    assert {p.parent for p in files} == {tmp_path / "home" / "infra"}
    again = plan_import(path, tmp_path / "home", SAID)
    assert {c.state for c in again.changes} == {"unchanged"}
    assert asset.accuracy_m > 0


def test_hostile_coordinates_are_counted(tmp_path):
    path = write_geojson(
        tmp_path / "a.json", feature(name="A"), feature([[10**400, 59], [24, 59]], name="B"),
        feature([[1e308, 59], [24, 59]], name="C"), feature({"x": 1}, name="D"),
    )  # fmt: skip
    assert counted(mapped(path)) == {"not_a_geometry": 2, "not_degrees": 1}


def test_numbers_of_thousands_of_digits_are_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"type": "FeatureCollection", "features": [' + "9" * 5000 + "]}")
    with pytest.raises(InputError, match="cannot be read"):
        read_file(path)


def test_a_pipe_is_refused(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="pipe or device"):
        read_file(tmp_path / "pipe.csv")


def test_joined_features_are_noted(tmp_path):
    path = write_geojson(tmp_path / "a.json", feature(LINE, name="A"), feature(OTHER, name="A"))
    out = mapped(path)
    assert len(out.assets) == 1
    assert out.noted["features_joined_to_another"] == 1


def test_a_curved_geometry_is_counted_and_the_others_are_read(tmp_path):
    """GEOS reads arcs, shapely has none: an error of its own, that ended the import."""
    path = tmp_path / "a.csv"
    arc, line = "CIRCULARSTRING (24 59, 24.5 59.5, 25 59)", "LINESTRING (24 59, 25 59)"
    path.write_text(f'name,wkt\nA,"{arc}"\nB,"{line}"\n')
    assert counted(mapped(path)) == {"curved_geometry": 1}
    binary = struct.pack("<BII6d", 1, 8, 3, 24, 59, 24.5, 59.5, 25, 59)
    with pytest.raises(GeometryFaultError, match="curved geometry"):
        from_wkb(binary)
