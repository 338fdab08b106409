"""Every format into the same features; and files that are broken or hostile."""

import gzip
import sqlite3
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from sargas.errors import FormatError, InputError, UsageError
from sargas.reference.readers import read_file, sniff
from sargas.reference.readers.geopackage import geometry_of_blob
from sargas.reference.readers.kml import MAX_UNPACKED
from sargas.reference.readers.raw import crs_name
from sargas.reference.readers.table import number_of
from tests.reference.world import (
    LINE,
    OTHER,
    collection,
    feature,
    gp_blob,
    kml,
    kml_line,
    placemark,
    write_geojson,
    write_geoparquet,
    write_json,
    write_kmz,
    write_pyogrio,
)

SHAPES = [
    (shapely.LineString(LINE), {"name": "Öland–Gotland", "owner": "X"}),
    (shapely.LineString(OTHER), {"name": "Second", "owner": "Y"}),
]


def csv_text(rows):
    return "name,owner,wkt\n" + "".join(f'{p["name"]},{p["owner"]},"{g.wkt}"\n' for g, p in rows)


def kml_text(rows):
    return kml(*(
        placemark(
            f'<ExtendedData><Data name="owner"><value>{p["owner"]}</value></Data></ExtendedData>'
            + kml_line(shapely.get_coordinates(g)), p["name"],
        )
        for g, p in rows
    ))  # fmt: skip


def in_format(tmp_path, name):
    path = tmp_path / name
    if name.endswith((".geojson", ".json")):
        return write_geojson(
            path, *(feature(shapely.get_coordinates(g).tolist(), **p) for g, p in SHAPES)
        )
    if name.endswith(".csv"):
        path.write_text(csv_text(SHAPES), "utf-8")
    elif name.endswith(".kml"):
        path.write_text(kml_text(SHAPES), "utf-8")
    elif name.endswith(".kmz"):
        write_kmz(path, kml_text(SHAPES))
    elif name.endswith(".parquet"):
        write_geoparquet(path, SHAPES)
    elif name.endswith(".gpkg"):
        write_pyogrio(path, "GPKG", SHAPES)
    elif name.endswith(".fgb"):
        write_pyogrio(path, "FlatGeobuf", SHAPES)
    elif name.endswith(".shp"):
        write_pyogrio(path, "ESRI Shapefile", SHAPES)
    elif name.endswith(".zip"):
        inner = tmp_path / "in"
        inner.mkdir()
        write_pyogrio(inner / "lines.shp", "ESRI Shapefile", SHAPES)
        with zipfile.ZipFile(path, "w") as archive:
            for file in inner.iterdir():
                archive.write(file, file.name)
    return path


@pytest.mark.parametrize(
    "name",
    ["a.geojson", "a.csv", "a.kml", "a.kmz", "a.parquet", "a.gpkg", "a.shp", "a.zip", "a.fgb"],
)
def test_every_format_round_trip(tmp_path, name):
    raw = read_file(in_format(tmp_path, name))
    assert raw.crs == ""
    got = sorted(
        (f.properties["name"], f.properties["owner"], f.shape.geometry.wkt)
        for f in raw.features if not f.fault
    )  # fmt: skip
    assert got == sorted((p["name"], p["owner"], g.wkt) for g, p in SHAPES)


@pytest.mark.parametrize(("name", "key"), [
    ("a.geojson", "geojson"), ("a.csv", "csv"), ("a.kml", "kml"), ("a.kmz", "kmz"),
    ("a.parquet", "geoparquet"), ("a.gpkg", "geopackage"),
])  # fmt: skip
def test_the_content_tells_the_format_whatever_the_name(tmp_path, name, key):
    wrong = in_format(tmp_path, name).rename(tmp_path / "renamed.dat")
    assert sniff(wrong) == key


# --- files that are broken ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.geojson", b"", "empty"),
        ("a.geojson", b'{"type": "FeatureColl', "breaks off"),
        ("a.geojson", b'{"type": "FeatureColl\n', "the file ends too early"),
        ("a.geojson", b'{"type": ', "the file ends too early"),
        ("a.geojson", b'{"type": "Fea\tture"}', "wrong here: Invalid control character\\."),
        ("a.geojson", b'{"type": Feature}', "wrong here: Expecting value\\."),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "This is a PDF"),
        ("a.csv", b"%PDF-1.7\nname,lon,lat\n", "This is a PDF"),
        ("a.dat", b"name,lon\x02\n", "binary file"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "no features"),
        ("a.geojson", b'{"hello": 1}', "neither GeoJSON nor"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": 7}', "neither GeoJSON nor"),
        ("a.geojson", b"[1, 2]", "neither GeoJSON nor"),
        ("a.geojson", b"[" * 200_000, "nested too deep"),
        ("a.geojson", b'{"a": "\xff\xfe"}', "not UTF-8"),
        ("a.bin", b"\x00\x01\x02\x03", "binary file"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0), "gzip"),
        ("a.csv", b"name,depth\nA,5\n", "neither a WKT column nor"),
        ("a.csv", b"wkt\n", "no row below"),
        ("a.kml", b"<kml><Document>", "broken"),
        ("a.kml", b"<kml></kml>", "no features"),
        ("a.xml", b"<osm version='0.6'></osm>", "OpenStreetMap XML"),
        ("a.zip", b"PK\x03\x04 and nothing", "broken"),
        ("a.parquet", b"PAR1 and nothing", "broken"),
        ("a.gpkg", b"SQLite format 3\0" + b"x" * 200, "cannot be read"),
        ("a.shp", b"nonsense", "GDAL cannot read"),
    ],
)
def test_broken_files_say_what_and_where(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        read_file(path)
    assert name in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_file(path)


def test_json_faults_name_line_and_column(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "FeatureCollection",\n "features": [,]}')
    with pytest.raises(FormatError) as caught:
        read_file(path)
    assert caught.value.where.endswith("line 2, column 15")


def test_a_zip_without_assets(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(FormatError, match=r"neither a .kml nor a .shp"):
        read_file(path)


# --- GeoJSON and Overpass ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("geometry", "fault"),
    [
        (None, "null_geometry"),
        ({"type": "LineString", "coordinates": []}, "empty_geometry"),
        ({"type": "LineString", "coordinates": [["a", "b"], [1, 2]]}, "not_a_geometry"),
        ({"type": "LineString", "coordinates": [[1], [2]]}, "not_a_geometry"),
        ({"type": "LineString", "coordinates": 7}, "not_a_geometry"),
        ({"type": "LineString"}, "not_a_geometry"),
        ({"type": "Circle", "coordinates": [1, 2]}, "not_a_geometry"),
        ({"type": "Polygon", "coordinates": [[[True, False], [1, 2], [2, 3]]]}, "not_a_geometry"),
        ([1, 2], "not_a_geometry"),
        ("LINESTRING (0 0, 1 1)", "not_a_geometry"),
    ],
)
def test_geojson_geometry_faults_are_counted_not_raised(tmp_path, geometry, fault):
    document = collection({"type": "Feature", "properties": None, "geometry": geometry}, feature())
    raw = read_file(write_json(tmp_path / "a.geojson", document))
    assert [f.fault for f in raw.features] == [fault, ""]
    assert raw.features[0].where == "feature 1"


def test_collections_nested_without_end_are_refused(tmp_path):
    inner = {"type": "Point", "coordinates": [24, 59]}
    for _ in range(50):
        inner = {"type": "GeometryCollection", "geometries": [inner]}
    document = collection({"type": "Feature", "properties": {}, "geometry": inner})
    assert (
        read_file(write_json(tmp_path / "a.json", document)).features[0].fault == "not_a_geometry"
    )


def test_features_that_are_no_features_are_counted(tmp_path):
    raw = read_file(write_json(tmp_path / "a.json", collection(None, 5, feature())))
    assert [f.fault for f in raw.features] == ["not_a_feature", "not_a_feature", ""]


def test_one_feature_and_a_bare_geometry(tmp_path):
    one = read_file(write_json(tmp_path / "a.json", feature(name="A")))
    assert one.features[0].properties["name"] == "A"
    bare = read_file(write_json(tmp_path / "b.json", {"type": "LineString", "coordinates": LINE}))
    assert bare.features[0].shape.geometry.wkt == shapely.LineString(LINE).wkt


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", ""),
        ("urn:ogc:def:crs:EPSG::4326", ""),
        ("EPSG:4326", ""),
        ("urn:ogc:def:crs:EPSG::3035", "EPSG:3035"),
        ("urn:ogc:def:crs:EPSG:9.8:25834", "EPSG:25834"),
        ("EPSG:43260", "EPSG:43260"),
        ("Some local grid", "Some local grid"),
    ],
)
def test_crs_member(tmp_path, crs, name):
    document = collection(feature(), crs={"type": "name", "properties": {"name": crs}})
    assert read_file(write_json(tmp_path / "a.json", document)).crs == name
    assert crs_name(crs) == name


def line(*points):
    return [{"lat": lat, "lon": lon} for lon, lat in points]


OVERPASS = {
    "version": 0.6,
    "osm3s": {
        "timestamp_osm_base": "2026-04-24T00:00:00Z",
        "copyright": "The data included in this document is from www.openstreetmap.org. "
        "The data is made available under ODbL.",
    },
    "elements": [
        {"type": "way", "id": 1, "tags": {"name": "Estlink", "power": "cable"},
         "geometry": line((24.0, 59.5), (24.2, 59.7))},
        {"type": "relation", "id": 9, "tags": {"name": "Pipe", "man_made": "pipeline"},
         "members": [
             {"type": "way", "ref": 3, "geometry": line((20, 57), (20, 57.5))},
             {"type": "way", "ref": 4, "geometry": line((20, 57.5), (20, 58))},
             {"type": "node", "ref": 5, "lat": 57, "lon": 20}]},
        {"type": "way", "id": 3, "tags": {}, "geometry": line((20, 57), (20, 57.5))},
        {"type": "node", "id": 7, "lat": 57, "lon": 20},
        {"type": "way", "id": 8, "tags": {}},
    ],
}  # fmt: skip


def test_overpass_ways_relations_and_what_is_left_out(tmp_path):
    raw = read_file(write_json(tmp_path / "o.json", OVERPASS))
    assert [f.fault for f in raw.features] == [
        "", "", "part_of_relation", "node_not_read", "null_geometry",
    ]  # fmt: skip
    assert [f.properties["source_ref"] for f in raw.features[:2]] == ["osm:way/1", "osm:relation/9"]
    assert raw.features[1].shape.geometry.geom_type == "MultiLineString"
    assert raw.metadata["licence"] == "ODbL-1.0"
    assert "2026-04-24" in raw.metadata["source"]


# --- CSV --------------------------------------------------------------------------------


def write_text(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_csv_with_single_quotes_around_wkt(tmp_path):
    """PyPSA-OSM and GridKit write WKT so."""
    text = "l_id,name,wkt\n1,'A, B','LINESTRING(24 59.5,25 59.7)'\n"
    (only,) = read_file(write_text(tmp_path, text)).features
    assert only.properties == {"l_id": "1", "name": "A, B"}
    assert only.shape.geometry.wkt == "LINESTRING (24 59.5, 25 59.7)"


def test_csv_with_bom_semicolons_and_decimal_commas(tmp_path):
    text = "name;lon;lat\nA;24,0;59,5\nA;25,0;59,7\nB;20,5;57,25\n"
    raw = read_file(write_text(tmp_path, text, "utf-8-sig"))
    assert [f.shape.geometry.wkt for f in raw.features] == [
        "LINESTRING (24 59.5, 25 59.7)", "POINT (20.5 57.25)",
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_encodings(tmp_path, encoding):
    raw = read_file(write_text(tmp_path, "name,lon,lat\nFårö,19,58\n", encoding))
    assert raw.features[0].properties["name"] == "Fårö"
    assert bool(raw.notes) == (encoding == "cp1252")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiters_and_line_ends(tmp_path, delimiter):
    rows = [["name", "Longitude", "Latitude"], ["A", "19", "58"], ["A", "20", "58.5"]]
    text = "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    (only,) = read_file(write_text(tmp_path, text)).features
    assert only.shape.geometry.wkt == "LINESTRING (19 58, 20 58.5)"


def test_csv_without_a_name_is_one_line_and_says_so(tmp_path):
    raw = read_file(write_text(tmp_path, "lon,lat\n19,58\n20,58.5\n21,58\n"))
    assert len(raw.features) == 1
    assert len(raw.features[0].shape.geometry.coords) == 3
    assert "points of one line" in raw.notes[0]


def test_csv_bad_rows_are_counted_with_their_line(tmp_path):
    text = "name,lon,lat\nA,19,58\nA,x,58\nA,20\nA,20,58.5\n\nB,,\n"
    raw = read_file(write_text(tmp_path, text))
    assert sorted((f.fault, f.where) for f in raw.features) == [
        ("", "line 2"), ("bad_coordinate", "line 3"), ("bad_coordinate", "line 7"),
        ("wrong_number_of_columns", "line 4"),
    ]  # fmt: skip


def test_csv_wkt_faults(tmp_path):
    text = (
        "name|wkt\nA|LINESTRING (24 59.5, 25 59.7)\nB|LINESTRING (24\nC|\nD|hello\nE|x|y\n"
        "F|SRID=4326;LINESTRING (24 59, 25 59)\nG|POLYGON ((24 59, 25 59, 25 60, 24 60))\n"
    )
    raw = read_file(write_text(tmp_path, text))
    assert [f.fault for f in raw.features] == [
        "", "not_a_geometry", "null_geometry", "not_a_geometry", "wrong_number_of_columns", "", "",
    ]  # fmt: skip
    assert raw.features[6].shape.mended == {"ring_closed"}


def test_csv_wkt_in_a_column_of_any_name_and_a_cell_of_a_megabyte(tmp_path):
    line = ", ".join(f"{24 + i * 1e-5:.5f} 59.5" for i in range(70_000))
    (only,) = read_file(write_text(tmp_path, f'a,route\n1,"LINESTRING ({line})"\n')).features
    assert len(only.shape.geometry.coords) == 70_000


def test_csv_accuracy_of_points_becomes_that_of_pieces(tmp_path):
    text = "name,lon,lat,accuracy_m\nA,19,58,10\nA,20,58,50\nA,21,58,20\nA,22,58,20\n"
    (only,) = read_file(write_text(tmp_path, text)).features
    assert only.properties["piece_accuracy_m"] == [50, 50, 20]
    assert only.properties["accuracy_m"] == 10


def test_csv_with_nul_bytes_and_a_broken_quote(tmp_path):
    path = write_text(tmp_path, 'name,lon,lat\nA\0,19,58\n"B,20,58\n')
    features = read_file(path).features
    assert sum(not f.fault for f in features) == 1


@pytest.mark.parametrize(("text", "value"), [("57,5", 57.5), ("57.5", 57.5), (" -1 ", -1.0)])
def test_numbers(text, value):
    assert number_of(text) == value


@pytest.mark.parametrize("text", ["1,234.5", "1,2,3", "", "N57"])
def test_no_numbers(text):
    with pytest.raises(ValueError):
        number_of(text)


# --- KML and KMZ ------------------------------------------------------------------------


def test_kml_point_polygon_and_multigeometry_with_heights(tmp_path):
    ring = "24,59,5 25,59,5 25,60,5 24,60,5 24,59,5"
    path = tmp_path / "a.kml"
    path.write_text(kml(
        placemark("<Point><coordinates>24.1,59.2,0</coordinates></Point>", "P"),
        placemark("<Polygon><outerBoundaryIs><LinearRing><coordinates>"
                  f"{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>", "A"),
        placemark("<MultiGeometry>" + kml_line(height=",3") + kml_line(OTHER) + "</MultiGeometry>"),
    ))  # fmt: skip
    shapes = [f.shape for f in read_file(path).features]
    assert [s.geometry.geom_type for s in shapes] == ["Point", "Polygon", "GeometryCollection"]
    assert all("z_dropped" in s.noted for s in shapes)
    assert not any(s.geometry.has_z for s in shapes)


def test_kml_without_geometry_or_with_bad_numbers(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(kml(
        placemark(""), placemark("<Point><coordinates></coordinates></Point>"),
        placemark("<LineString><coordinates>a,b c,d</coordinates></LineString>"),
        placemark(kml_line()),
    ))  # fmt: skip
    assert [f.fault for f in read_file(path).features] == [
        "null_geometry", "empty_geometry", "not_a_geometry", "",
    ]  # fmt: skip


BOMB = (
    '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "head", [BOMB, '<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<!DOCTYPE kml>"]
)
def test_kml_with_entities_is_refused_before_they_grow(tmp_path, head, encoding):
    path = tmp_path / "a.kml"
    text = kml(placemark(kml_line(), "&j;"), head=head).replace("UTF-8", encoding)
    path.write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match="document type or entities"):
        read_file(path)


def test_kmz_that_unpacks_beyond_the_cap_is_refused(tmp_path):
    path = tmp_path / "a.kmz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("doc.kml", "w") as f,
    ):
        for _ in range(MAX_UNPACKED // 1_000_000 + 1):
            f.write(b" " * 1_000_000)
    assert path.stat().st_size < 200_000
    with pytest.raises(InputError, match="unpacks to more than"):
        read_file(path)


def test_kmz_packed_by_lzma_is_refused(tmp_path):
    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("doc.kml", kml(placemark(kml_line())))
    with pytest.raises(FormatError, match="LZMA"):
        read_file(path)


def test_kmz_that_lies_about_its_size(tmp_path):
    path = write_kmz(tmp_path / "a.kmz", kml(placemark(kml_line())))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(InputError):
        read_file(path)


# --- GeoParquet -------------------------------------------------------------------------


def test_geoparquet_crs_and_nulls(tmp_path):
    crs = {"type": "ProjectedCRS", "id": {"authority": "EPSG", "code": 3035}}
    about = {"encoding": "WKB", "geometry_types": [], "crs": crs}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    rows = [*SHAPES, (None, {"name": "nothing", "owner": "Z"})]
    raw = read_file(write_geoparquet(tmp_path / "a.parquet", rows, geo))
    assert raw.crs == "EPSG:3035"
    assert [f.fault for f in raw.features] == ["", "", "null_geometry"]


def test_geoparquet_named_column_without_metadata(tmp_path):
    raw = read_file(write_geoparquet(tmp_path / "a.parquet", SHAPES, geo={}, column="geom"))
    assert raw.features[0].shape.geometry.wkt == SHAPES[0][0].wkt


@pytest.mark.parametrize(
    ("geo", "column", "words"),
    [
        ({}, "blob", "no geometry column"),
        ({"primary_column": "gone", "columns": {}}, "geometry", "no geometry column"),
        ({"primary_column": "geometry", "columns": {"geometry": {"encoding": "linestring"}}},
         "geometry", "encoded as 'linestring'"),
    ],
)  # fmt: skip
def test_geoparquet_that_is_refused(tmp_path, geo, column, words):
    with pytest.raises(FormatError, match=words):
        read_file(write_geoparquet(tmp_path / "a.parquet", SHAPES, geo, column))


def points(n):
    return pa.array([shapely.to_wkb(shapely.Point(20, 58))] * n, pa.binary())


def test_geoparquet_of_columns_whose_names_stand_twice_says_so(tmp_path):
    path, names = tmp_path / "a.parquet", ["name", "owner", "name", "geometry"]
    table = pa.table([pa.array([word] * 3) for word in "abc"] + [points(3)], names=names)
    pq.write_table(table, path)
    raw = read_file(path)
    assert raw.features[0].properties == {"owner": "b"}
    assert raw.notes == ["Columns whose name stands twice were left out: name."]
    pq.write_table(table.rename_columns(["geometry", "owner", "name", "geometry"]), path)
    with pytest.raises(FormatError, match="geometry column, geometry, stands twice"):
        read_file(path)


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_geoparquet_of_delta_packed_texts_is_refused_with_true_words(tmp_path, encoding):
    path = tmp_path / "a.parquet"
    table = pa.table({"name": [f"A{k}" for k in range(30)], "geometry": points(30)})
    packed = dict.fromkeys(table.column_names, encoding)
    pq.write_table(table, path, use_dictionary=False, column_encoding=packed)
    with pytest.raises(FormatError, match="delta-packed") as told:
        read_file(path)
    assert "plain encoding" in told.value.hint


# --- GeoPackage -------------------------------------------------------------------------


@pytest.mark.parametrize("code", range(5))
def test_geopackage_blob_with_every_envelope(code):
    wkb = shapely.to_wkb(SHAPES[0][0])
    blob = gp_blob(wkb, code=code, envelope=b"\0" * (0, 32, 48, 48, 64)[code])
    assert geometry_of_blob(blob).geometry.wkt == SHAPES[0][0].wkt


@pytest.mark.parametrize(
    ("blob", "fault"),
    [
        (None, "null_geometry"),
        (b"", "not_a_geometry"),
        (b"GP", "not_a_geometry"),
        ("text", "not_a_geometry"),
        (b"XX" + b"\0" * 40, "not_a_geometry"),
        (gp_blob(b"", flags=0x10), "empty_geometry"),
        (gp_blob(b"junk"), "not_a_geometry"),
        (gp_blob(b""), "not_a_geometry"),
        (gp_blob(b"x" * 90, code=5), "not_a_geometry"),
        (gp_blob(b"x" * 90, flags=0x20), "not_a_geometry"),
    ],
)
def test_geopackage_blob_faults(blob, fault):
    with pytest.raises(InputError) as caught:
        geometry_of_blob(blob)
    assert caught.value.reason == fault


def test_geopackage_layers_crs_and_views(tmp_path):
    path = write_pyogrio(tmp_path / "a.gpkg", "GPKG", SHAPES, layer='odd "name')
    write_pyogrio(path, "GPKG", SHAPES, layer="second", append=True)
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIEW trap AS WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS geom FROM n"
        )
        database.execute(
            "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) "
            "VALUES ('trap', 'features', 'trap', 4326)"
        )
        database.execute(
            "INSERT INTO gpkg_geometry_columns VALUES ('trap','geom','POINT',4326,0,0)"
        )
    raw = read_file(path)
    assert len(raw.features) == 4
    assert {f.properties["layer"] for f in raw.features} == {'odd "name', "second"}


def test_geopackage_in_another_crs(tmp_path):
    path = write_pyogrio(tmp_path / "a.gpkg", "GPKG", SHAPES, crs="EPSG:3035")
    assert read_file(path).crs == "EPSG:3035"


def test_geopackage_is_not_changed_by_reading(tmp_path):
    path = write_pyogrio(tmp_path / "a.gpkg", "GPKG", SHAPES)
    before = path.read_bytes(), sorted(p.name for p in tmp_path.iterdir())
    read_file(path)
    assert (path.read_bytes(), sorted(p.name for p in tmp_path.iterdir())) == before


def test_an_sqlite_file_that_is_no_geopackage(tmp_path):
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE x(y)")
    with pytest.raises(FormatError, match="cannot be read"):
        read_file(path)


# --- the gis extra ----------------------------------------------------------------------


def test_without_the_gis_extra_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    path = in_format(tmp_path, "a.shp")
    monkeypatch.setitem(__import__("sys").modules, "pyogrio", None)
    with pytest.raises(UsageError, match=r"pip install '\.\[gis\]'") as caught:
        read_file(path)
    assert "GeoPackage or GeoJSON" in caught.value.hint


def test_shapefile_in_another_crs_and_with_null_geometry(tmp_path):
    rows = [*SHAPES, (None, {"name": "nothing", "owner": "Z"})]
    raw = read_file(write_pyogrio(tmp_path / "a.shp", "ESRI Shapefile", rows, crs="EPSG:3035"))
    assert raw.crs == "EPSG:3035"
    assert [f.fault for f in raw.features] == ["", "", "null_geometry"]
    assert raw.format == "ESRI Shapefile"


def test_random_bytes_never_raise_anything_but_an_input_error(tmp_path):
    rng = np.random.default_rng(1)
    heads = [b"", b"{", b"<kml>", b"PAR1", b"PK\x03\x04", b"SQLite format 3\0", b"lon,lat\n1,",
             b'{"type":"FeatureCollection","features":[', b"GP"]  # fmt: skip
    path = tmp_path / "x"
    for i in range(270):
        path.write_bytes(heads[i % len(heads)] + rng.bytes(int(rng.integers(1, 400))))
        try:
            read_file(path)
        except (InputError, UsageError):
            continue


def test_overpass_elements_of_odd_shape(tmp_path):
    elements = [
        7,
        {"type": "way", "id": 1, "geometry": [None, {"lat": 1}]},
        {"type": "relation", "members": 5},
        {"type": "way", "id": None},
    ]
    raw = read_file(write_json(tmp_path / "o.json", {"elements": elements}))
    assert all(f.fault for f in raw.features)
