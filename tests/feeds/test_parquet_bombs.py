"""Parquet files that are small on disk and stand for gigabytes; and large ones that are not."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sargas.errors import FormatError
from sargas.feeds import open_feed
from sargas.feeds.parquet_bounds import MOST_PIECE_BYTES
from sargas.model.arrow import fixes_to_arrow, statics_to_arrow
from sargas.model.fixes import Fixes, Statics

ROWS = 300
MOST_MB = 600
"""Resident at most; most of the bombs stand for 1,800 MB, and pyarrow alone has some 150."""
CODE = """
import re, sys
from pathlib import Path
from sargas.cli import main
sys.argv = ["sargas", "decode", sys.argv[1]]
code = 0
try:
    main()
except SystemExit as end:
    code = end.code
peak_kb = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(int(peak_kb) // 1024, code)
"""


def repeated(kind: pa.DataType, value: Any, rows: int = ROWS) -> pa.Array:
    """A column of one value many times, that takes its room once."""
    indices = pa.array(np.zeros(rows, np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([value], kind))


def with_column(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    at = table.column_names.index(name)
    return table.set_column(at, pa.field(name, column.type), column)


def statics(rows: int = ROWS) -> pa.Table:
    numbers = np.arange(rows)
    return statics_to_arrow(
        Statics.build(
            rows, subject_id=230_000_000 + numbers % 5000, t_ms=1_735_000_000_000 + numbers,
            name=np.array([b"SHIP %d" % (n % 5000) for n in numbers], "S20"),
        )
    )  # fmt: skip


def points(rows: int) -> pa.Array:
    return pa.array(
        [struct.pack("<BIdd", 1, 1, -80 + (k % 7919) / 1e4, 25.0) for k in range(rows)], pa.binary()
    )


def daily(rows: int = ROWS) -> pa.Table:
    """As NOAA publishes it: names in lower case, a point a row."""
    return pa.table(
        {
            "mmsi": pa.array(366_000_000 + np.arange(rows) % 5000),
            "base_date_time": pa.array(1_735_000_000_000 + np.arange(rows) * 10).cast(
                pa.timestamp("ms")
            ),
            "sog": pa.array(np.full(rows, 9.5)),
            "cog": pa.array(np.full(rows, 90.5)),
            "vessel_name": pa.array([f"LONGEST NAME {k % 5000}" for k in range(rows)]),
            "geometry": points(rows),
        }
    )


def text_of_statics(path: Path) -> None:
    table = with_column(statics(), "name", repeated(pa.string(), "A" * 6_000_000))
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)


def name_of_noaa(path: Path) -> None:
    table = with_column(daily(), "vessel_name", repeated(pa.string(), "A" * 6_000_000))
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)


def point_of_noaa(path: Path) -> None:
    table = with_column(daily(), "geometry", repeated(pa.binary(), b"\1" * 6_000_000))
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)


def pages_of_one_letter(path: Path) -> None:
    """No dictionary, one row group: 800 times 300,000 letters."""
    table = with_column(statics(800), "name", pa.array(["A" * 300_000] * 800, pa.string()))
    pq.write_table(table, path, compression="zstd", use_dictionary=False, row_group_size=800)


def many_row_groups(path: Path) -> None:
    """No value twice, and no row group too large: they would be too large together."""
    table = statics(8)
    with pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=False) as writer:
        for k in range(40):
            column = pa.array([f"{k} {i}" + "A" * 3_000_000 for i in range(8)])
            writer.write_table(with_column(table, "name", column))


def wider_than_a_report(path: Path) -> None:
    """A width that the schema gives, and one value of it."""
    column = pa.array([b"A" * 6_000_000] * 4, pa.binary(6_000_000))
    pq.write_table(with_column(statics(4), "name", column), path, compression="zstd")


def lists(path: Path) -> None:
    table = statics()
    column = pa.array([["A"] * 3] * ROWS, pa.list_(pa.string()))
    pq.write_table(with_column(table, "name", column), path)


BOMBS = {
    "a text of statics": (text_of_statics, "unpack to 1,800 MB"),
    "a name of NOAA's": (name_of_noaa, "unpack to 1,800 MB"),
    "a point of NOAA's": (point_of_noaa, "unpack to 1,800 MB"),
    "pages of one letter": (pages_of_one_letter, "Row group 1 unpacks to 240 MB"),
    "many row groups": (many_row_groups, ""),
    "a width without end": (wider_than_a_report, "A row has 6,000,"),
    "a list in place of a text": (lists, "Column name does not hold one plain value a row"),
}


@pytest.mark.parametrize("which", BOMBS)
def test_a_small_file_that_stands_for_gigabytes_is_refused_by_what_it_is(tmp_path, which):
    make, why = BOMBS[which]
    path = tmp_path / "a.parquet"
    make(path)
    assert path.stat().st_size < 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", CODE, path], capture_output=True, text=True, timeout=240
    )
    peak_mb, code = map(int, done.stdout.split())
    assert code == (3 if why else 0), done.stderr
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert peak_mb < MOST_MB


def test_what_is_as_long_as_is_read_at_once_is_read(tmp_path):
    """The bound is on all texts of a piece together, written out."""
    long = MOST_PIECE_BYTES // ROWS - 1000
    table = with_column(statics(), "name", repeated(pa.string(), "A" * long))
    pq.write_table(table, tmp_path / "a.parquet", dictionary_pagesize_limit=1 << 30)
    [batch] = open_feed(tmp_path / "a.parquet")
    assert set(batch.statics.name.tolist()) == {b"A" * batch.statics.name.dtype.itemsize}
    table = with_column(statics(), "name", repeated(pa.string(), "A" * (long + 2000)))
    pq.write_table(table, tmp_path / "b.parquet", dictionary_pagesize_limit=1 << 30)
    with pytest.raises(FormatError, match="unpack to"):
        list(open_feed(tmp_path / "b.parquet"))


@pytest.mark.parametrize("compression", ["zstd", "snappy"])
@pytest.mark.parametrize("what", ["fixes", "statics", "daily"])
def test_a_row_group_of_half_a_million_rows_is_read_whole(tmp_path, what, compression):
    rows = 500_000
    if what == "fixes":
        rng = np.random.default_rng(7)
        fixes = Fixes.build(
            rows, subject_id=230_000_000 + np.arange(rows) // 100,
            t_ms=1_735_000_000_000 + np.arange(rows), lon_raw=rng.integers(0, 10**7, rows),
        )  # fmt: skip
        table = fixes_to_arrow(fixes)
    else:
        table = statics(rows) if what == "statics" else daily(rows)
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, compression=compression, row_group_size=rows)
    assert pq.read_metadata(path).num_row_groups == 1
    feed = open_feed(path)
    batches = list(feed)
    assert feed.lines == rows
    if what == "fixes":
        assert Fixes.concat(batch.fixes for batch in batches) == fixes
    elif what == "statics":
        read = Statics.concat(batch.statics for batch in batches)
        assert statics_to_arrow(read).equals(table)
    else:
        assert sum(len(batch.fixes) for batch in batches) == rows
        assert {len(batch.fixes) for batch in batches[:-1]} == {131_072}


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_texts_that_are_delta_packed_are_refused_with_true_words(tmp_path, encoding):
    """They cannot be read as dictionaries, nor measured before they are written out."""
    path = tmp_path / "a.parquet"
    packed = {"vessel_name": encoding}
    pq.write_table(daily(), path, use_dictionary=False, column_encoding=packed)
    with pytest.raises(FormatError, match="delta-packed") as told:
        list(open_feed(path))
    assert "plain encoding" in told.value.hint
    pq.write_table(daily(), path, use_dictionary=False, column_encoding={"vessel_name": "PLAIN"})
    assert sum(len(batch.fixes) for batch in open_feed(path)) == ROWS
