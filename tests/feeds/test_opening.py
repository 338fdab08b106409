"""Packed files, pipes, and files that are not what they should be."""

import gzip
import io
import os
import subprocess
import sys
import tracemalloc
import zipfile

import pyarrow as pa
import pytest

from sargas.errors import FormatError, InputError, UsageError
from sargas.feeds import open_feed
from sargas.model.fixes import Fixes, Statics

SAMPLES = ["dma-csv-real-rows.csv", "gpsd-sample.aivdm", "samus-swan-2022-02-26-drag.csv"]
MAPS = {
    "samus-swan-2022-02-26-drag.csv": {
        "t": "t_utc_reconstructed", "mmsi": "mmsi", "lon": "lon", "lat": "lat",
    }
}  # fmt: skip


def zipped(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        for i, data in enumerate(members):
            archive.writestr(f"folder/part{i}", data)
        archive.writestr("__MACOSX/part0", b"\0\5\26")
    return file.getvalue()


def in_members(data):
    """Pack the halves of a file as two gzip members, with padding behind them."""
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:]) + bytes(64)


PACKED = {
    "gz": gzip.compress,
    "gz in members": in_members,
    "zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    "zst in frames": lambda data: b"".join(
        pa.compress(part, codec="zstd", asbytes=True) for part in (data[:99], data[99:])
    ),
    "zip": zipped,
    "gz in zip": lambda data: zipped(gzip.compress(data)),
    "bom": lambda data: b"\xef\xbb\xbf" + data,
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("packing", PACKED)
def test_a_packed_file_gives_the_same_rows(read, ais, tmp_path, name, packing):
    data = (ais / name).read_bytes()
    path = tmp_path / "file"
    path.write_bytes(PACKED[packing](data))
    fixes, statics, feed = read(path, column_map=MAPS.get(name))
    expected, expected_statics, plain = read(ais / name, column_map=MAPS.get(name))
    counts = {reason: count.count for reason, count in feed.counts.items()}
    expected_counts = {reason: count.count for reason, count in plain.counts.items()}
    more = 0
    if packing == "bom" and plain.format == "nmea":  # the mark counts as a blank line
        expected.src_offset[:] += 3
        expected_statics.src_offset[:] += 3
        expected_counts["blank"] += 1
        more = 1
    assert fixes == expected
    assert statics == expected_statics
    assert feed.lines == plain.lines + more
    assert counts == expected_counts
    assert feed.bytes_total == path.stat().st_size
    assert feed.bytes_read > 0


@pytest.mark.parametrize("name", SAMPLES)
def test_any_batch_size_gives_the_same_rows(read, ais, name):
    expected, expected_statics, _ = read(ais / name, column_map=MAPS.get(name))
    for batch_rows in (1, 7, 1000):
        with open_feed(ais / name, column_map=MAPS.get(name), batch_rows=batch_rows) as feed:
            batches = list(feed)
        assert max(len(b.fixes) for b in batches) <= batch_rows
        assert Fixes.concat(b.fixes for b in batches) == expected
        assert Statics.concat(b.statics for b in batches) == expected_statics


def test_a_zip_of_several_days_is_read_as_one_feed(read, ais, tmp_path):
    day = (ais / "dma-csv-real-rows.csv").read_bytes()
    older = b"\n".join(b",".join(line.split(b",")[:22]) for line in day.rstrip().split(b"\n"))
    (tmp_path / "month.zip").write_bytes(zipped(day, older, day))
    fixes, statics, feed = read(tmp_path / "month.zip")
    assert (len(fixes), len(statics)) == (39, 1)  # the vessel says nothing new in later members
    assert fixes.arrival_seq.tolist() == list(range(39))
    assert feed.counts["header"].count == 3
    assert feed.lines == 42


def test_members_of_nmea_do_not_run_into_each_other(read, ais, tmp_path):
    data = (ais / "gfw-mixed-types.nmea").read_bytes()  # without a newline at its end
    (tmp_path / "x.zip").write_bytes(zipped(data, data))
    fixes, _, _ = read(tmp_path / "x.zip")
    once, _, _ = read(ais / "gfw-mixed-types.nmea")
    assert len(fixes) == 2 * len(once)


STDIN = """
import sys
from sargas.feeds import open_feed
with open_feed("-") as feed:
    batches = list(feed)
    print(feed.format, feed.path, feed.bytes_total, feed.bytes_read, feed.rows, feed.lines)
"""


@pytest.mark.parametrize(("name", "kind"), [("dma-csv-real-rows.csv", "dma-csv"),
                                            ("gpsd-sample.aivdm", "nmea")])  # fmt: skip
@pytest.mark.parametrize("packing", [None, "gz", "zst"])
def test_standard_input(read, ais, name, kind, packing):
    data = (ais / name).read_bytes()
    data = PACKED[packing](data) if packing else data
    run = subprocess.run([sys.executable, "-c", STDIN], input=data, capture_output=True, check=True)
    _, _, feed = read(ais / name)
    words = run.stdout.decode().split()
    assert words == [kind, "-", "None", str(len(data)), str(feed.rows), str(feed.lines)]


def test_a_pipe_is_not_waited_for_when_a_line_is_there(ais):
    line = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n"
    script = STDIN.replace("batches = list(feed)", "print(next(feed.tables()).fixes.mmsi[0])")
    with subprocess.Popen(
        [sys.executable, "-u", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline().strip() == b"227006760"
        process.stdin.close()


@pytest.mark.parametrize("packing", ["zip", "parquet"])
def test_what_needs_its_end_first_is_refused_from_a_pipe(ais, packing):
    data = zipped(b"x") if packing == "zip" else b"PAR1" + bytes(99) + b"PAR1"
    run = subprocess.run(
        [sys.executable, "-c", STDIN], input=data, capture_output=True, check=False
    )
    assert b"InputError" in run.stderr
    assert b"cannot be read from a pipe" in run.stderr


# ---- broken files ------------------------------------------------------------------------------


def until_error(path, **options):
    """Read until the error: rows before it, feed, error."""
    feed, batches = open_feed(path, **options), []
    with feed, pytest.raises(InputError) as caught:
        batches.extend(feed)
    return Fixes.concat(b.fixes for b in batches), feed, caught.value


def many_rows(ais, n=3000):
    head, _, rest = (ais / "dma-csv-real-rows.csv").read_bytes().partition(b"\n")
    rows = rest.rstrip().split(b"\n")
    return b"\n".join([head, *(rows[i % 13].replace(b"00:00:0", b"00:%02d:0" % (i % 60))
                               for i in range(n))]) + b"\n"  # fmt: skip


@pytest.mark.parametrize("cut", [0.4, 0.9])
def test_truncated_gzip_gives_what_was_there_then_says_where(ais, tmp_path, cut):
    data = many_rows(ais)
    packed = gzip.compress(data, 1)
    path = tmp_path / "x.csv.gz"
    path.write_bytes(packed[: int(len(packed) * cut)])
    fixes, feed, error = until_error(path)
    assert 0.1 * cut < len(fixes) / 3000 < 1
    assert "break off at byte" in error.what
    assert f"{int(len(packed) * cut):,}" in error.what
    assert error.where == str(path)
    whole = list(open_feed(_write(tmp_path, data)))
    assert fixes == whole[0].fixes.take(slice(0, len(fixes)))
    # half a line at the break is counted, never read as if it were whole
    lost = sum(c.count for c in feed.counts.values() if not c.kept)
    assert feed.lines == len(fixes) + lost


def _write(folder, data):
    (folder / "plain").write_bytes(data)
    return folder / "plain"


def test_truncated_gzip_of_nmea(ais, tmp_path):
    data = (ais / "dma-5min-2013-11-12.nmea.gz").read_bytes()
    (tmp_path / "x").write_bytes(data[: len(data) // 2])
    fixes, _, error = until_error(tmp_path / "x")
    assert 5_000 < len(fixes) < 20_000
    assert f"{len(data) // 2:,}" in error.what


def test_damaged_and_continued_gzip(ais, tmp_path):
    data = bytearray(gzip.compress(many_rows(ais), 1))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "x").write_bytes(data)
    _, _, error = until_error(tmp_path / "x")
    assert "damaged" in error.what
    (tmp_path / "y").write_bytes(gzip.compress(many_rows(ais)) + b"and then some")
    fixes, _, error = until_error(tmp_path / "y")
    assert len(fixes) == 3000
    assert "no gzip" in error.what


def test_truncated_zstd(ais, tmp_path):
    packed = pa.compress(many_rows(ais, 20_000), codec="zstd", asbytes=True)
    (tmp_path / "x").write_bytes(packed[:-7])
    fixes, _, error = until_error(tmp_path / "x")
    assert len(fixes) > 10_000
    assert "zstd" in error.what


def test_truncated_and_damaged_zip(ais, tmp_path):
    packed = bytearray(zipped(many_rows(ais)))
    (tmp_path / "x").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="zip file cannot be read"):
        open_feed(tmp_path / "x")
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "y").write_bytes(packed)
    _, _, error = until_error(tmp_path / "y")
    assert "zip data are damaged" in error.what
    (tmp_path / "z").write_bytes(zipped())
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    (tmp_path / "z").write_bytes(empty.getvalue())
    with pytest.raises(InputError, match="holds no files"):
        open_feed(tmp_path / "z")


def test_truncated_parquet(tmp_path):
    (tmp_path / "x").write_bytes(b"PAR1" + bytes(1000))
    with pytest.raises(InputError, match="Parquet file cannot be read"):
        open_feed(tmp_path / "x")


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_100_mb_costs_time_not_memory(read, ais, tmp_path, packed):
    path, piece = tmp_path / "x", b"x" * (1 << 20)
    good = many_rows(ais, 10)
    with gzip.open(path, "wb", 1) if packed else path.open("wb") as file:
        file.write(good)
        for _ in range(100):
            file.write(piece)
        file.write(b"\n" + good)
    read(ais / "dma-csv-real-rows.csv")
    tracemalloc.start()
    try:
        fixes, _, feed = read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(fixes) == 20
    assert feed.counts["line_too_long"].count == 1
    assert peak < 40 << 20


def test_layers_of_packing_end(tmp_path):
    data = b"t,mmsi,lon,lat\n"
    for _ in range(6):
        data = gzip.compress(data)
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(FormatError, match="packed more than"):
        open_feed(tmp_path / "x")


# ---- what is no feed ---------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\n\r\n  \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(InputError, match="empty"):
        open_feed(tmp_path / "x")


@pytest.mark.parametrize("wanted", [None, "dma-csv", "csv", "noaa-csv"])
def test_binary_garbage(tmp_path, wanted):
    (tmp_path / "x").write_bytes(os.urandom(100_000).replace(b"\n", b""))
    with pytest.raises(FormatError) as caught:
        open_feed(tmp_path / "x", format=wanted)
    assert caught.value.where == str(tmp_path / "x")
    assert str(caught.value).isprintable() or "\ufffd" in str(caught.value)


def test_garbage_called_nmea_has_no_sentence(tmp_path):
    (tmp_path / "x").write_bytes(bytes(range(256)) * 200)
    _, _, error = until_error(tmp_path / "x", format="nmea")
    assert "no AIS sentence" in error.what


def test_json_of_somebody_else(tmp_path):
    (tmp_path / "x").write_bytes(b'{"mmsi": 1, "lat": 2}\n')
    with pytest.raises(FormatError, match="JSON without AIS sentences"):
        open_feed(tmp_path / "x")


def test_utf16_is_named(tmp_path):
    (tmp_path / "x").write_bytes("t,mmsi,lon,lat\n".encode("utf-16"))
    with pytest.raises(FormatError, match="UTF-16"):
        open_feed(tmp_path / "x")


@pytest.mark.parametrize("wanted", [None, "dma-csv"])
def test_renamed_columns_are_named(ais, tmp_path, wanted):
    data = (ais / "dma-csv-real-rows.csv").read_bytes().replace(b"Longitude", b"Laengengrad")
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(FormatError) as caught:
        open_feed(tmp_path / "x", format=wanted)
    text = str(caught.value)
    assert "missing: " in text
    assert "longitude" in text.partition("Found")[0]
    assert "Laengengrad" in text.partition("Found")[2]
    assert "--map" in text


@pytest.mark.parametrize(
    ("name", "wanted", "message"),
    [
        ("gpsd-sample.aivdm", "dma-csv", "columns are missing"),
        ("dma-csv-real-rows.csv", "noaa-csv", "columns are missing"),
        ("dma-csv-real-rows.csv", "sargas-parquet", "does not begin with PAR1"),
        ("dma-csv-real-rows.csv", "nmea", "looks like dma-csv"),
        ("dma-csv-real-rows.csv", "aiscatcher-json", "no AIS sentence"),
    ],
)
def test_the_wrong_format(ais, name, wanted, message):
    with pytest.raises(FormatError, match=message), open_feed(ais / name, format=wanted) as feed:
        list(feed)


def test_an_unknown_format(ais):
    with pytest.raises(UsageError, match="dma-csv"):
        open_feed(ais / "gpsd-sample.aivdm", format="xml")


def test_missing_directory_unreadable(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_feed(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="directory"):
        open_feed(tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="another uid can only be taken by root")
def test_a_file_that_may_not_be_read(tmp_path, ais):
    path = tmp_path / "x.csv"
    path.write_bytes((ais / "dma-csv-real-rows.csv").read_bytes())
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and "pytest" in folder.name:
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(InputError, match="cannot be opened: Permission denied"):
            open_feed(path)
    finally:
        os.seteuid(0)


def test_a_feed_is_read_once(ais):
    with open_feed(ais / "dma-csv-real-rows.csv") as feed:
        list(feed)
        with pytest.raises(UsageError, match="once"):
            list(feed)


# ---- rows that mislead -------------------------------------------------------------------------


def table(path, rows):
    path.write_text("t,mmsi,lon,lat\n" + "".join(f"{row}\n" for row in rows))
    return path


@pytest.mark.parametrize("batch_rows", [1, 10, 10**6])
def test_swapped_longitude_and_latitude_are_noticed(read, tmp_path, batch_rows):
    rows = [f"2024-12-25 10:{i % 60:02d}:00,518998865,59.{i},25.{i}" for i in range(1500)]
    path = table(tmp_path / "x", rows)
    delivered = []
    with (
        pytest.raises(FormatError, match="seem swapped") as caught,
        open_feed(path, batch_rows=batch_rows) as feed,
    ):
        delivered.extend(feed)
    assert delivered == []
    assert "waters=any" in caught.value.hint
    columns = {"t": "t", "mmsi": "mmsi", "lon": "lon", "lat": "lat"}
    fixes, _, _ = read(path, column_map=columns | {"waters": "any"}, batch_rows=batch_rows)
    assert len(fixes) == 1500
    fixes, _, _ = read(path, column_map=columns | {"lon": "lat", "lat": "lon"})
    assert len(fixes) == 1500


@pytest.mark.parametrize(
    "rows",
    [
        ["2024-12-25 10:00:00,1,59,25", "2024-12-25 10:00:00,1,25,59"],  # one lies in the Baltic
        ["2024-12-25 10:00:00,1,-82.5,38.4"],  # makes no sense swapped
        ["2024-12-25 10:00:00,1,,"],
    ],
)
def test_what_is_not_surely_swapped_is_read(read, tmp_path, rows):
    fixes, _, _ = read(table(tmp_path / "x", rows))
    assert len(fixes) == len(rows)


def test_times_out_of_order_by_days_are_kept_in_order_of_arrival(read, tmp_path):
    days = [28, 3, 17, 3, 28]
    rows = [f"2024-12-{day:02d} 10:00:00,1,25,59" for day in days]
    fixes, _, feed = read(table(tmp_path / "x", rows))
    assert [(t // 86_400_000) for t in fixes.t_ms - fixes.t_ms[1]] == [25, 0, 14, 0, 25]
    assert feed.rows == 5


def test_one_bad_row_never_stops_a_file(read, tmp_path):
    good = "2024-12-25 10:00:00,1,25,59"
    bad = ["", "x", "2024-12-25 10:00:00,one,25,59", "2024-12-25 10:00:00,1,25,fifty",
           "25th,1,25,59", good + ",more", "\0" * 7]  # fmt: skip
    fixes, _, feed = read(table(tmp_path / "x", [row for b in bad for row in (good, b)]))
    assert len(fixes) == 7
    counts = {reason: (c.count, c.first_offset) for reason, c in feed.counts.items()}
    assert counts == {
        "header": (1, 1), "blank": (1, 3), "wrong_field_count": (2, 5), "bad_mmsi": (1, 7),
        "bad_position": (1, 9), "bad_time": (1, 11), "nul_bytes": (1, 15),
    }  # fmt: skip
    assert "line 9: lat: 'fifty'" in feed.counts["bad_position"].sample


@pytest.mark.parametrize("size", range(262_100, 262_180, 7))
def test_crlf_at_the_edges_of_what_is_read_at_once(read, tmp_path, size):
    head = b"t,mmsi,lon,lat\r\n"
    row = b"2024-12-25 10:00:00,219000001,25,59\r\n"
    first = b"2024-12-25 10:00:00,219000001,25,59" + b" " * (size - len(head) - len(row) * 7000)
    path = tmp_path / "x"
    path.write_bytes(head + row * 7000 + first[:60_000] + b"\r\n" + row * 7000)
    fixes, _, feed = read(path)
    assert len(fixes) == 14_001
    assert feed.counts.keys() == {"header"}
