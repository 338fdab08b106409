"""The CSV kernels against Python's csv and Decimal, any cut of the bytes, and damaged text."""

import csv
import io
import itertools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.decode.delimited import (
    DROPPED,
    DelimitedDecoder,
    Memory,
    Role,
    Row,
    make_layout,
    read_all,
)
from sargas.decode.delimited_columns import MAX_LINE
from sargas.errors import FormatError
from sargas.model.fixes import Fixes
from sargas.model.time import NO_TIME

NAMES = ("t", "mmsi", "extra", "lon", "lat", "sog", "name", "length", "imo")
ROLES = {
    Role.T: 0, Role.MMSI: 1, Role.LON: 3, Role.LAT: 4, Role.SOG: 5, Role.NAME: 6,
    Role.LENGTH: 7, Role.IMO: 8,
}  # fmt: skip
MISSING = {"missing": {"nan": 0, "Unknown": 0}}


def layout(delimiter=",", names=NAMES, roles=ROLES, **options):
    header = delimiter.join(names).encode()
    return make_layout(header, names, roles, delimiter=delimiter, words=MISSING, **options)


def decode(data, *cuts, **options):
    decoder = DelimitedDecoder(layout(**options))
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
    return read_all(decoder, *pieces), decoder


def one(text, **options):
    """Decode one row of `t,mmsi,lon,lat,sog` texts."""
    batch, decoder = decode(text.encode() + b"\n", **options)
    return batch, decoder


SIMPLE = ("t", "mmsi", "lon", "lat", "sog")
SIMPLE_ROLES = {Role.T: 0, Role.MMSI: 1, Role.LON: 2, Role.LAT: 3, Role.SOG: 4}


def simple(text, **options):
    return one(text, names=SIMPLE, roles=SIMPLE_ROLES, **options)


# ---- the round trip ---------------------------------------------------------------------------

decimals = st.decimals(-180, 180, allow_nan=False, allow_infinity=False, places=None).map(
    lambda d: f"{d:f}"
) | st.builds(
    lambda sign, whole, part: f"{sign}{whole}.{part}",
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 179),
    st.text("0123456789", max_size=25),
)
halves = st.builds(  # exactly between two wire units: n / 1,200,000 degree, n odd
    lambda n: f"{Decimal(2 * n + 1) / Decimal(1_200_000):f}" if n % 3 == 1 else "0.5",
    st.integers(0, 10**8),
)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times in text state no zone
moments = st.datetimes(EPOCH.replace(year=2000), EPOCH.replace(year=2099, month=12))
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40
)
SAME = ("t", "mmsi", "lon", "lat")


def time_text(moment, style):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    match style:
        case 0:
            return moment.replace(microsecond=0).strftime("%d/%m/%Y %H:%M:%S"), 1000
        case 1:
            return moment.isoformat(timespec="milliseconds") + "Z", 1
        case 2:
            return moment.isoformat(sep=" ", timespec="seconds"), 1000
        case 3:
            zoned = moment.replace(tzinfo=UTC) + timedelta(hours=2)
            return zoned.replace(tzinfo=None).isoformat(timespec="milliseconds") + "+02:00", 1
        case _:
            return str(round((moment - EPOCH) / timedelta(milliseconds=1))), 1


rows = st.tuples(
    moments,
    st.integers(0, 4),
    st.integers(200_000_000, 200_000_003),
    texts,
    decimals | halves,
    st.decimals(-90, 90, places=6).map(str),
    st.integers(0, 1022).map(lambda n: f"{n / 10:.1f}") | st.just(""),
    texts,
    st.integers(0, 500).map(str) | st.just(""),
    st.sampled_from(["", "9074729", "IMO9074729", "Unknown"]),
)


def wire(text, factor):
    return int((Decimal(text) * factor).to_integral_value(ROUND_HALF_EVEN))


def expected_statics(data):
    """Say which (row, name, length, imo) should come out, by the rule in ten lines."""
    sent, out = {}, []
    for i, row in enumerate(data):
        name = row[7].partition("@")[0].encode()[:34].rstrip(b" ")
        length = int(row[8] or 0)
        imo = int(row[9].removeprefix("IMO")) if row[9].endswith("9") else 0
        values = (name, length, imo)
        if any(values) and sent.get(row[2]) != values:
            sent[row[2]] = values
            out.append((i, *values))
    return out


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(rows, min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    newline_at_end=st.booleans(),
    cuts=st.lists(st.integers(0, 2000), max_size=4),
)
def test_the_kernel_reads_what_csv_and_decimal_read(
    data, delimiter, ending, quoting, newline_at_end, cuts
):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    for moment, style, mmsi, extra, lon, lat, sog, name, length, imo in data:
        writer.writerow(
            [time_text(moment, style)[0], mmsi, extra, lon, lat, sog, name, length, imo]
        )
    text = out.getvalue().encode()
    if not newline_at_end:
        text = text.removesuffix(ending.encode())
    batch, decoder = decode(text, *(c for c in cuts if c < len(text)), delimiter=delimiter)
    fixes = batch.fixes
    assert len(fixes) == len(data), decoder.counts
    for i, (moment, style, mmsi, _, lon, lat, sog, *_) in enumerate(data):
        step = time_text(moment, style)[1]
        t_ms = round((moment - EPOCH) / timedelta(microseconds=1)) // 1000
        assert fixes.t_ms[i] == t_ms // step * step
        assert fixes.subject_id[i] == mmsi
        assert fixes.lon_raw[i] == wire(lon, 600_000)
        assert fixes.lat_raw[i] == wire(lat, 600_000)
        assert fixes.sog_raw[i] == (wire(sog, 10) if sog else 1023)
    statics = batch.statics
    got = list(zip(statics.arrival_seq, statics.name, statics.length_m, statics.imo, strict=True))
    assert [tuple(row) for row in got] == expected_statics(data)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 4000), max_size=30),
    batch_rows=st.integers(1, 7),
    data=st.lists(rows, min_size=1, max_size=8),
)
def test_any_cut_and_any_batch_size_give_the_same_rows(cuts, batch_rows, data):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for moment, style, *rest in data:
        writer.writerow([time_text(moment, style)[0], *rest])
        out.write("broken,row\r\n\r\n")
    text = out.getvalue().encode()
    whole, decoder = decode(text)
    cut = DelimitedDecoder(layout(), batch_rows=batch_rows)
    edges = sorted({0, *(c for c in cuts if c < len(text)), len(text)})
    batches = [batch for a, b in itertools.pairwise(edges) for batch in cut.feed(text[a:b])]
    assert all(len(b.fixes) == batch_rows for b in batches)
    batches += [*cut.finish(), cut.flush()]
    assert Fixes.concat(b.fixes for b in batches) == whole.fixes
    assert type(whole.statics).concat(b.statics for b in batches) == whole.statics
    assert cut.counts == decoder.counts
    assert cut.lines == decoder.lines


# ---- one field at a time ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("10.586715", 6_352_029),
        ("10,586715", 6_352_029),
        ("-0.0000025", -2),  # 1.5 units: to even
        ("0.000000833333333333333333333333", 0),
        ("0.000000833333333333333333333334", 1),
        ("0.00000250000000000000000000000000001", 2),
        ("0.0000041666666666666666666", 2),
        ("5e-05", 30),
        ("1.2E1", 7_200_000),
        ("-5E-5", -30),
        ("007.5", 4_500_000),
        (".5", 300_000),
        ("5.", 3_000_000),
        (" 7.5 ", 4_500_000),
        ("10.586714999999998", 6_352_029),
    ],
)
def test_decimals_become_wire_integers(text, raw):
    batch, decoder = simple(f"2024-01-01 00:00:00;219000001;{text};55;1", delimiter=";")
    assert decoder.counts == {}
    assert batch.fixes.lon_raw.tolist() == [raw]


@pytest.mark.parametrize(
    "text", ["abc", "1.2.3", "--5", "1e", "e5", "1e9999", "1_0", "0x10", "9" * 30, "1 2", "-", "."]
)
def test_what_is_no_number_costs_its_row(text):
    batch, decoder = simple(f"2024-01-01 00:00:00,219000001,{text},55,1")
    assert len(batch.fixes) == 0
    assert decoder.counts[Row.BAD_POSITION].n == 1
    assert decoder.counts[Row.BAD_POSITION].sample == f"lon: {text!r}"
    assert decoder.counts[Row.BAD_POSITION].first_line == 2


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("18/03/2023 00:00:00", "2023-03-18T00:00:00+00:00"),
        ("31-12-2023 23:59:59", "2023-12-31T23:59:59+00:00"),
        ("2022-06-01T00:00:02", "2022-06-01T00:00:02+00:00"),
        ("2026-03-31 00:00:00", "2026-03-31T00:00:00+00:00"),
        ("2024-02-29T12:26", "2024-02-29T12:26:00+00:00"),
        ("2024-12-25T12:26:00+02:00", "2024-12-25T10:26:00+00:00"),
        ("2024-12-25T12:26:00-0530", "2024-12-25T17:56:00+00:00"),
        ("2024-12-25T12:26:00+02", "2024-12-25T10:26:00+00:00"),
        ("2025-12-11T20:44:50.102399+00:00", "2025-12-11T20:44:50.102000+00:00"),
        ("2024-07-30 06:17:43.375540658 UTC", "2024-07-30T06:17:43.375000+00:00"),
        ("2016-12-31 23:59:60", "2017-01-01T00:00:00+00:00"),
        ("1735122360", "2024-12-25T10:26:00+00:00"),
        ("1735122360.25", "2024-12-25T10:26:00.250000+00:00"),
        ("1735122360250", "2024-12-25T10:26:00.250000+00:00"),
    ],
)
def test_times_of_every_form(text, iso):
    batch, decoder = simple(f"{text},219000001,10,55,1")
    assert decoder.counts == {}
    moment = datetime.fromisoformat(iso)
    assert batch.fixes.t_ms[0] == round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29 00:00:00", "32/01/2023 00:00:00", "2023-13-01 00:00:00", "12:00",
        "2023-01-01", "2023-01-01 24:00:00", "2023-01-01 00:60:00", "yesterday", "-5",
        "1890-01-01 00:00:00", "2023-01-01 00:00:00 CET", "2023/01-01 00:00:00",
        "17351223600000000",
    ],
)  # fmt: skip
def test_what_is_no_time_costs_its_row(text):
    batch, decoder = simple(f"{text},219000001,10,55,1")
    assert len(batch.fixes) == 0
    assert decoder.counts[Row.BAD_TIME].n == 1


def test_an_empty_time_is_missing_not_bad():
    batch, decoder = simple(",219000001,10,55,1")
    assert batch.fixes.t_ms.tolist() == [NO_TIME]
    assert batch.fixes.t_source.tolist() == [0]
    assert decoder.counts == {}


@pytest.mark.parametrize(
    ("text", "good"),
    [("219000001", True), ("0", True), ("219000001.0", True), ("219000001.5", False),
     ("-219000001", False), ("1219000001", False), ("", False), ("2190O0001", False)],
)  # fmt: skip
def test_mmsi(text, good):
    batch, decoder = simple(f"2024-01-01 00:00:00,{text},10,55,1")
    assert len(batch.fixes) == good
    assert (Row.BAD_MMSI in decoder.counts) == (not good)


def test_a_field_that_cannot_be_read_is_missing_and_counted():
    batch, decoder = simple("2024-01-01 00:00:00,219000001,10,55,fast\n"
                            "2024-01-01 00:00:00,219000001,10,55,-3")  # fmt: skip
    assert batch.fixes.sog_raw.tolist() == [1023, 1023]
    count = decoder.counts[Row.FIELD_UNREADABLE]
    assert (count.n, count.first_line, count.sample) == (2, 2, "sog: 'fast'")


def test_a_word_for_nothing_is_missing():
    batch, decoder = simple("2024-01-01 00:00:00,219000001,unknown,NaN,nan")
    assert not batch.fixes.has_position.any()
    assert decoder.counts == {}


def test_latitude_91_alone_means_no_position():
    batch, _ = simple("2024-01-01 00:00:00,219000001,0,91,1")
    assert batch.fixes.lon_raw.tolist() == [108_600_000]
    assert batch.fixes.lat_raw.tolist() == [54_600_000]


def test_texts_keep_their_quotes_commas_and_leading_blanks():
    text = '2024-01-01 00:00:00,219000001,,10,55,1,"  SS ""ANNA"", of X@Y  ",,\r\n'
    batch, _ = decode(text.encode())
    assert batch.statics.name.tolist() == [b'  SS "ANNA", of X']


# ---- damaged text -----------------------------------------------------------------------------

GOOD = b"2024-01-01 00:00:00,219000001,10,55,1\n"


def damaged(data, **options):
    decoder = DelimitedDecoder(layout(names=SIMPLE, roles=SIMPLE_ROLES, **options))
    batch = read_all(decoder, data)
    lost = sum(count.n for row, count in decoder.counts.items() if row in DROPPED)
    assert decoder.lines - 1 == len(batch.fixes) + lost  # law 4
    return batch, decoder


def test_an_unbalanced_quote_costs_one_row():
    batch, decoder = damaged(b'2024-01-01 00:00:00,219000001,"10,55,1\n' + GOOD)
    assert len(batch.fixes) == 1
    assert decoder.counts[Row.WRONG_FIELD_COUNT].n == 1


def test_nul_bytes_cost_their_row():
    batch, decoder = damaged(GOOD + bytes(50) + GOOD + GOOD)
    assert len(batch.fixes) == 2
    count = decoder.counts[Row.NUL_BYTES]
    assert (count.n, count.first_line) == (1, 3)
    assert count.sample.isprintable() or "\ufffd" in count.sample


def test_a_repeated_header_is_no_row():
    batch, decoder = damaged(GOOD + b"T,MMSI,lon,lat,sog\r\n" + GOOD)
    assert len(batch.fixes) == 2
    assert decoder.counts[Row.HEADER].n == 1


@pytest.mark.parametrize("size", [MAX_LINE + 1, MAX_LINE + 2, 3 << 20])
@pytest.mark.parametrize("piece", [1000, 1 << 20, 1 << 30])
def test_a_line_too_long_is_skipped_wherever_the_bytes_are_cut(size, piece):
    text = GOOD + b"x" * size + b"\n" + GOOD
    decoder = DelimitedDecoder(layout(names=SIMPLE, roles=SIMPLE_ROLES))
    batch = read_all(decoder, *(text[i : i + piece] for i in range(0, len(text), piece)))
    assert batch.fixes.src_offset.tolist() == [2, 4]
    assert decoder.counts[Row.LINE_TOO_LONG].n == 1
    assert decoder.counts[Row.LINE_TOO_LONG].first_line == 3


def test_the_longest_line_allowed_is_read():
    text = GOOD[:-1] + b" " * (MAX_LINE - len(GOOD) + 1) + b"\n"
    batch, decoder = damaged(text)
    assert len(batch.fixes) == 1
    assert decoder.counts == {}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 9))
def test_no_bytes_break_it_and_every_line_is_accounted_for(data, spread):
    mixed = b"".join(
        data[i : i + 300] + GOOD * (i % spread == 0) for i in range(0, len(data) + 1, 300)
    )
    batch, _ = damaged(mixed)
    assert len(batch.fixes) >= 0


def test_a_full_memory_of_vessels_grows():
    text = b"".join(
        b"2024-01-01 00:00:00,%d,,10,55,1,SHIP %d,100,\n" % (200_000_000 + i % 9000, i % 9000)
        for i in range(18_000)
    )
    memory = Memory.empty(places=64)
    decoder = DelimitedDecoder(layout(), memory=memory)
    batch = read_all(decoder, text)
    assert len(batch.statics) == 9000
    assert memory.taken == 9000
    assert len(np.unique(batch.statics.subject_id)) == 9000


def test_needed_roles_are_named():
    with pytest.raises(FormatError, match="lon, lat"):
        make_layout(b"t,mmsi", ("t", "mmsi"), {Role.T: 0, Role.MMSI: 1})


TWIN = """
import hashlib, sys
from pathlib import Path
import numba
from sargas.feeds import open_feed
assert bool(numba.config.DISABLE_JIT) == (sys.argv[1] == "interpreted")
digest = hashlib.sha256()
for path in sys.argv[2:]:
    with open_feed(path) as feed:
        for batch in feed:
            for table in (batch.fixes, batch.statics):
                for name, column in table.columns().items():
                    digest.update(name.encode() + column.tobytes())
        print(feed.lines, sorted((k, c.count) for k, c in feed.counts.items()))
print(digest.hexdigest())
"""


def test_interpreted_and_compiled_kernels_agree(ais, tmp_path):
    rough = tmp_path / "rough.csv"
    rough.write_bytes(
        b"t,mmsi,lon,lat,sog,name,eta,draught_dm\r\n"
        b'2024-01-01 00:00:00,219000001,-10.123456789,55,1.25,"A ""B""",03/04/2024 10:20:00,41\r\n'
        b"1735122360,219000001,1e-3,55.5,,C@D,1596,\r\n"
        b"2024-01-01T00:00:00+01:00,x,1,2,3,,,\r\nshort\r\n\0\r\n"
    )
    files = [str(ais / "dma-csv-real-rows.csv"), str(ais / "noaa-legacy-2022-rows.csv"), str(rough)]

    def run(kind):
        flag = {"interpreted": "1", "compiled": "0"}[kind]
        environment = os.environ | {"NUMBA_DISABLE_JIT": flag}
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", TWIN, kind, *files],
            env=environment, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    assert run("interpreted") == run("compiled")


def test_warm_leaves_nothing_to_compile():
    script = (
        "from sargas.decode.delimited import warm\n"
        "from sargas.decode import delimited_columns as c, delimited_split as s\n"
        "warm()\n"
        "entries = [k for m in (c, s) for k in vars(m).values() if hasattr(k, '_cache')]\n"
        "cold = [k.__name__ for k in entries if not k.signatures and hasattr(k._cache, '_impl')]\n"
        "print(len(entries), cold)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    total, _, cold = run.stdout.strip().partition(" ")
    assert int(total) > 10
    assert cold == "[]"
