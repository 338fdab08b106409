"""Files of assets that are small on disk and would be large, or endless, once they are read."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import InputError
from sargas.reference.nesting import is_binary_too_deep, is_text_too_deep
from sargas.reference.readers import read_file

LINE = shapely.to_wkb(shapely.LineString([(20, 58), (21, 59)]))
GEOMETRY = b"GP\x00\x01" + struct.pack("<i", 4326) + LINE
COLUMNS = "CREATE TABLE {} (table_name, column_name, srs_id)"
SYSTEMS = "CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id)"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


def geopackage(path: Path, *statements: str, many: int = 0) -> Path:
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
        if many:
            rows = [(k, GEOMETRY) for k in range(many)]
            db.executemany("INSERT INTO cables (fid, geom) VALUES (?, ?)", rows)
            db.execute(
                "INSERT INTO gpkg_geometry_columns (table_name, column_name, srs_id)"
                " VALUES ('cables', 'geom', 4326)"
            )
    db.close()
    return path


PLAIN = (SYSTEMS, "INSERT INTO gpkg_spatial_ref_sys VALUES (4326, 'EPSG', 4326)",
         COLUMNS.format("gpkg_geometry_columns"))  # fmt: skip


def test_a_geopackage_of_plain_tables_is_read(tmp_path: Path) -> None:
    """The other tests refuse for what they say, and not for how this one is made."""
    table = "CREATE TABLE cables (fid INTEGER PRIMARY KEY, geom BLOB, name TEXT DEFAULT 'C-Lion1')"
    raw = read_file(geopackage(tmp_path / "a.gpkg", *PLAIN, table, many=3))
    assert [f.properties["name"] for f in raw.features] == ["C-Lion1"] * 3
    assert all(f.shape is not None for f in raw.features)


@pytest.mark.parametrize(
    "column",
    ["printf('%.*c', 900000000, 'x')", "zeroblob(900000000)", "printf('%.*c', 60000, 'x')"],
)
def test_a_column_that_is_worked_out_is_no_longer_than_the_file(
    tmp_path: Path, column: str
) -> None:
    table = "CREATE TABLE cables (fid INTEGER PRIMARY KEY, geom BLOB)"
    path = geopackage(tmp_path / "a.gpkg", *PLAIN, table, many=500)
    with sqlite3.connect(path) as db:  # afterwards: it would be worked out for each row put in
        db.execute(f"ALTER TABLE cables ADD COLUMN bomb AS ({column})")
    db.close()
    assert path.stat().st_size < 200_000
    assert grown_by(path) < 100_000_000
    seen: set[object] = {None}
    with contextlib.suppress(InputError):  # SQLite gives nothing for what is too long, or refuses
        seen = {f.properties["bomb"] for f in read_file(path).features}
    assert seen == {None}


@pytest.mark.parametrize("name", ["gpkg_geometry_columns", "gpkg_spatial_ref_sys"])
def test_a_view_without_end_is_not_asked(tmp_path: Path, name: str) -> None:
    table = "CREATE TABLE cables (fid INTEGER PRIMARY KEY, geom BLOB)"
    if name == "gpkg_geometry_columns":
        view = f"CREATE VIEW {name} AS {ENDLESS} SELECT 'cables' AS table_name, 'geom' AS"
        view += " column_name, i AS srs_id FROM n"
        path = geopackage(tmp_path / "a.gpkg", *PLAIN[:2], table, view)
    else:
        view = f"CREATE VIEW {name} AS {ENDLESS} SELECT i AS srs_id, 'EPSG' AS organization,"
        view += " 1 AS organization_coordsys_id FROM n"
        path = geopackage(tmp_path / "a.gpkg", PLAIN[2], table, view, many=1)
    with pytest.raises(InputError, match=f"no table {name}"):
        read_file(path)


def test_a_virtual_table_over_a_view_without_end_is_left_out(tmp_path: Path) -> None:
    view = f"CREATE VIEW deep AS {ENDLESS} SELECT i AS rowid, 'x' AS geom FROM n"
    table = "CREATE VIRTUAL TABLE cables USING fts5(geom, content='deep')"
    listed = "INSERT INTO gpkg_geometry_columns VALUES ('cables', 'geom', 4326)"
    path = geopackage(tmp_path / "a.gpkg", *PLAIN, view, table, listed)
    with pytest.raises(InputError, match="holds no features"):
        read_file(path)


def test_one_layer_named_a_thousand_times_is_too_much(tmp_path: Path) -> None:
    table = "CREATE TABLE cables (fid INTEGER PRIMARY KEY, geom BLOB, name TEXT)"
    path = geopackage(tmp_path / "a.gpkg", *PLAIN, table, many=20)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE cables SET name = printf('%.*c', 20000, 'x')")
        db.executemany("INSERT INTO gpkg_geometry_columns VALUES ('cables', 'geom', ?)",
                       [(4326,)] * 1000)  # fmt: skip
    db.close()
    with pytest.raises(InputError, match="more than the file holds"):
        read_file(path)


def test_a_dictionary_of_one_long_value_is_not_a_million_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    long = pa.array([LINE + bytes(500_000)])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), long)
    pq.write_table(pa.table({"geometry": column}), path, compression="zstd")
    assert path.stat().st_size < 200_000
    assert grown_by(path) < 600_000_000
    with pytest.raises(InputError, match="unpacks to more than 200 MB"):
        read_file(path)


def test_a_few_rows_of_one_very_long_value_are_not_written_out(tmp_path: Path) -> None:
    """As many rows as are read at once, and one value that is not too long by itself."""
    path = tmp_path / "a.parquet"
    names = pa.DictionaryArray.from_arrays(pa.array([0] * 64, pa.int32()), ["A" * 30_000_000])
    table = pa.table({"geometry": pa.array([LINE] * 64), "name": names})
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < 10_000
    assert grown_by(path) < 600_000_000
    with pytest.raises(InputError, match="unpacks to more than 200 MB"):
        read_file(path)


def test_columns_of_lists_and_structures_are_left_out_and_named(tmp_path: Path) -> None:
    """Their lengths are known when they are in memory."""
    path = tmp_path / "a.parquet"
    many = pa.array([["x"] * 1_000_000] * 3)
    table = pa.table(
        {"geometry": pa.array([LINE] * 3), "name": ["C-Lion1"] * 3, "parts": many,
         "bbox": pa.array([{"xmin": 20.0}] * 3)}
    )  # fmt: skip
    pq.write_table(table, path, compression="zstd")
    raw = read_file(path)
    assert [feature.properties for feature in raw.features] == [{"name": "C-Lion1"}] * 3
    assert raw.notes == ["Columns of lists or structures were left out: parts."]
    pq.write_table(table.set_column(0, "geometry", pa.array([[LINE]] * 3)), path)
    with pytest.raises(InputError, match="holds lists or structures"):
        read_file(path)


def test_pages_that_unpack_to_gigabytes_are_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = pa.array([LINE + bytes(10_000_000)] * 40)
    table = pa.table({"geometry": rows})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="unpacks to more than 200 MB"):
        read_file(path)


def test_a_zipped_shapefile_that_unpacks_to_gigabytes_is_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("a.shp", b"")
        with archive.open("a.dbf", "w", force_zip64=True) as file:
            for _ in range(220):
                file.write(bytes(1_000_000))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="unpacks to"):
        read_file(path)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text('{"type":"FeatureCollection","features":' + "[" * 500_000),
        lambda path: path.write_text('{"a":' * 100_000),
        lambda path: path.write_text("<kml>" * 200_000),
        lambda path: path.write_text('name,wkt\nA,"' + "GEOMETRYCOLLECTION(" * 100_000 + '"\n'),
        lambda path: parquet_of(path, struct.pack("<BII", 1, 7, 1) * 200_000 + LINE),
        lambda path: parquet_of(path, struct.pack("<BII", 1, 4, 1) * 200_000 + LINE),
        lambda path: parquet_of(
            path,
            LINE.join(
                struct.pack("<BII", 1, 0x80000007, 2) + struct.pack(">BII", 0, 1007, 2)
                for _ in range(100_000)
            ),
        ),
    ],
    ids=["geojson", "json", "kml", "wkt", "wkb", "wkb of points", "wkb mixed"],
)
def test_what_is_nested_without_end_is_refused_or_counted(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    """In a process of its own: what overflowed the stack would take this one along."""
    path = tmp_path / "a.csv"
    write(path)
    code = (
        "import sys; from pathlib import Path; from sargas.errors import InputError\n"
        "from sargas.reference.readers import read_file\n"
        "try:\n"
        "    print(sum(f.shape is not None for f in read_file(Path(sys.argv[1])).features))\n"
        "except InputError: print(0)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, timeout=240)
    assert (done.returncode, done.stdout.strip()) == (0, b"0"), done.stderr.decode()[-500:]


def parquet_of(path: Path, geometry: bytes) -> None:
    pq.write_table(pa.table({"geometry": pa.array([geometry])}), path)


@given(st.data())
def test_no_geometry_of_ours_is_too_deep_and_any_bytes_are_gone_over(data: st.DataObject) -> None:
    shape = shapely.geometrycollections([
        shapely.MultiPolygon([shapely.box(k, 50, k + 1, 51) for k in range(3)]),
        shapely.LineString([(20, 58), (21, 59), (22, 58)]), shapely.Point(1, 2),
    ])  # fmt: skip
    depth = data.draw(st.integers(0, 12))
    for _ in range(depth):
        shape = shapely.geometrycollections([shape, shapely.Point(1, 2)])
    order = data.draw(st.integers(0, 1))
    for flavor in ("extended", "iso"):
        made = shapely.to_wkb(shapely.force_3d(shape), byte_order=order, flavor=flavor)
        assert is_binary_too_deep(made) == (depth > 7)
        assert is_text_too_deep(shape.wkt) == (depth > 7)
        cut = data.draw(st.integers(0, len(made)))
        assert is_binary_too_deep(made[:cut]) <= (depth > 7)
    is_binary_too_deep(data.draw(st.binary(max_size=60)))


def grown_by(path: Path) -> int:
    """Bytes by which a process grows that reads a file, whatever becomes of it."""
    code = (
        "import sys, resource; from pathlib import Path; from sargas.errors import InputError\n"
        "import shapely, pyarrow.parquet\n"
        "from sargas.reference.readers import read_file, geopackage, geoparquet\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "before = peak()\n"
        "try: read_file(Path(sys.argv[1]))\n"
        "except InputError: pass\n"
        "print(peak() - before)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, timeout=240)
    assert done.returncode == 0, (done.stderr.decode()[-500:], time.monotonic() - began)
    return int(done.stdout)
