"""Every format: the samples give exactly these rows."""

import csv
import gzip
import json
import struct
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sargas.decode import AisDecoder, TSource
from sargas.decode.codes import LINE_OUTCOMES
from sargas.errors import FormatError, UsageError
from sargas.feeds import FORMATS, open_feed
from sargas.model.arrow import fixes_to_arrow, statics_to_arrow
from sargas.model.fixes import LON_NONE, Fixes, Statics
from sargas.model.time import NO_TIME, iso, parse_iso


def lost(feed):
    return sum(count.count for count in feed.counts.values() if not count.kept)


def wire(text, factor=600_000):
    return int((Decimal(text) * factor).to_integral_value(ROUND_HALF_EVEN))


# ---- DMA ---------------------------------------------------------------------------------------


def test_dma_rows_are_read_as_they_stand(read, ais):
    path = ais / "dma-csv-real-rows.csv"
    fixes, statics, feed = read(path)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert (feed.format, feed.lateness_ms, feed.lines, feed.rows) == ("dma-csv", 600_000, 14, 13)
    assert feed.lines == feed.rows + lost(feed)
    kinds = {"Class A": 1, "Base Station": 4}
    for i, row in enumerate(rows):
        day, month, rest = row["# Timestamp"].split("/")
        assert iso(fixes.t_ms[i]) == f"{rest[:4]}-{month}-{day}T{rest[5:]}Z"
        assert fixes.subject_id[i] == int(row["MMSI"])
        assert fixes.msg_type[i] == kinds[row["Type of mobile"]]
        if row["Latitude"] == "91":
            assert fixes.lon_raw[i] == LON_NONE
        else:
            assert fixes.lon_raw[i] == wire(row["Longitude"])
            assert fixes.lat_raw[i] == wire(row["Latitude"])
        assert fixes.sog_raw[i] == (wire(row["SOG"], 10) if row["SOG"] else 1023)
        assert fixes.cog_raw[i] == (wire(row["COG"], 10) if row["COG"] else 3600)
        assert fixes.heading_raw[i] == (int(row["Heading"]) if row["Heading"] else 511)
    assert fixes.nav_status.tolist() == [15, 0, 0, 0, 0, 0, 15, 0, 4, 15, 7, 0, 0]
    assert fixes.rot_raw.tolist() == [-128, 4, 0, 0, 0, 0, -128, 0, 0, -128, 0, -5, 0]
    assert fixes.src_offset.tolist() == list(range(2, 15))
    assert set(fixes.t_source) == {int(TSource.READER)}
    assert set(fixes.station) == {-1}
    assert len(np.unique(fixes.payload_hash)) == 13
    (static,) = zip(*statics.columns().values(), strict=True)
    static = dict(zip(statics.columns(), static, strict=True))
    assert static["subject_id"] == 219472000
    assert static["name"] == b"GUARDVESSEL ADVANCER"
    assert static["callsign"] == b"OWMI2"
    assert static["destination"] == b"GUARD VESSEL FEMARN"
    assert (static["imo"], static["ship_type"]) == (9686429, 90)
    assert (static["length_m"], static["beam_m"], static["draught_dm"]) == (23, 8, 19)
    assert static["eta_raw"] == 3 << 16 | 11 << 11 | 21 << 6 | 0


def dma(path, *rows, columns=26):
    header = (
        "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,"
        "Heading,IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing "
        "device,Draught,Destination,ETA,Data source type,A,B,C,D"
    )
    names = header.split(",")[:columns]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            first = {"# Timestamp": "18/03/2023 00:00:00", "MMSI": "219000001"}
            writer.writerow(first | {"Latitude": "55.5", "Longitude": "10.25"} | row)
    return path


def test_dma_of_22_columns(read, tmp_path):
    fixes, statics, feed = read(dma(tmp_path / "x", {"Name": "ANNA", "Length": "90"}, columns=22))
    assert (feed.format, len(fixes)) == ("dma-csv", 1)
    assert (statics.name[0], statics.length_m[0]) == (b"ANNA", 90)


def test_dma_kinds_and_types(read, tmp_path):
    kinds = {
        "Class A": 1, "Class B": 18, "Base Station": 4, "AtoN": 21, "SAR Airborne": 9,
        "Search and Rescue Transponder": 1, "Man Overboard Device": 1, "Hovercraft of doom": 0,
        "": 0,
    }  # fmt: skip
    fixes, _, feed = read(dma(tmp_path / "x", *({"Type of mobile": kind} for kind in kinds)))
    assert fixes.msg_type.tolist() == list(kinds.values())
    assert feed.counts["word_unknown"].count == 1
    assert feed.counts["word_unknown"].kept
    assert "Hovercraft of doom" in feed.counts["word_unknown"].sample


def test_dma_ship_types_with_categories(read, tmp_path):
    given = [("Cargo", "Category X", 71), ("Tanker", "Category OS", 84), ("Cargo", "", 70),
             ("Passenger", "No additional information (Reserved for future use)", 60),
             ("Fishing", "Category X", 30), ("Undefined", "", 0)]  # fmt: skip
    rows = [
        {"MMSI": str(219000001 + i), "Ship type": kind, "Cargo type": category, "Name": "X"}
        for i, (kind, category, _) in enumerate(given)
    ]
    _, statics, _ = read(dma(tmp_path / "x", *rows))
    assert statics.ship_type.tolist() == [code for *_, code in given]


def test_dma_statics_come_once_until_they_change(read, tmp_path):
    names = ["ANNA", "ANNA", "", "Unknown", "ANNA", "BERTA", "BERTA", "ANNA"]
    _, statics, _ = read(dma(tmp_path / "x", *({"Name": name} for name in names)))
    assert statics.name.tolist() == [b"ANNA", b"BERTA", b"ANNA"]
    assert statics.arrival_seq.tolist() == [0, 5, 7]
    assert statics.src_offset.tolist() == [2, 7, 9]


def test_dma_length_is_checked_against_bow_and_stern(read, tmp_path):
    _, statics, feed = read(
        dma(
            tmp_path / "x",
            {"MMSI": "1", "Length": "90", "A": "60", "B": "30"},
            {"MMSI": "2", "Length": "", "A": "60", "B": "35"},
            {"MMSI": "3", "Length": "90", "A": "60", "B": "35"},
        )
    )
    assert statics.length_m.tolist() == [90, 95, 90]
    assert feed.counts["length_disagrees"].count == 1


def test_equal_rows_have_equal_hashes_and_others_not(read, tmp_path):
    fixes, _, _ = read(
        dma(
            tmp_path / "x",
            {},
            {"Name": "ANNA"},
            {"Heading": "3"},
            {"SOG": "1.0"},
            {"Navigational status": "Moored"},
            {"MMSI": "219000002"},
            {"Longitude": "10.250002"},
        )
    )
    assert fixes.payload_hash[0] == fixes.payload_hash[1]
    assert len(np.unique(fixes.payload_hash)) == 6


# ---- NOAA --------------------------------------------------------------------------------------


def test_noaa_legacy(read, ais):
    fixes, statics, feed = read(ais / "noaa-legacy-2022-rows.csv")
    assert feed.format == "noaa-csv"
    assert fixes.subject_id.tolist() == [367777550, 367544180]
    assert fixes.t_ms.tolist() == [
        parse_iso("2022-06-01T00:00:02Z"), parse_iso("2022-06-01T00:00:07Z")
    ]  # fmt: skip
    assert fixes.lon_raw.tolist() == [wire("-96.93931"), wire("-123.91430")]
    assert fixes.lat_raw.tolist() == [wire("28.10198"), wire("46.16795")]
    assert fixes.cog_raw.tolist() == [3600, 3425]
    assert fixes.heading_raw.tolist() == [511, 511]
    assert fixes.msg_type.tolist() == [1, 1]
    assert statics.name.tolist() == [b"HARRY LEE", b"JEANNE ARAIN"]
    assert statics.length_m.tolist() == [0, 18]
    assert feed.lines == feed.rows + lost(feed)


def test_noaa_2025_has_longitude_first(read, ais):
    fixes, statics, feed = read(ais / "noaa-2025plus-rows.csv")
    assert feed.format == "noaa-csv"
    assert fixes.lon_raw.tolist() == [wire("-82.55641"), wire("-80.11748")]
    assert fixes.lat_raw.tolist() == [wire("38.40362"), wire("40.51168")]
    assert fixes.nav_status.tolist() == [12, 0]
    assert statics.draught_dm.tolist() == [33, 0]


def noaa_table(ais):
    with (ais / "noaa-2025plus-rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    points = [
        struct.pack("<BIdd", 1, 1, float(row["longitude"]), float(row["latitude"])) for row in rows
    ]
    floats = {"sog", "cog", "draft"}
    ints = {"mmsi", "heading", "vessel_type", "status", "length", "width", "cargo"}
    columns = {}
    for name in rows[0]:
        values = [row[name] or None for row in rows]
        if name in floats:
            columns[name] = pa.array([v and float(v) for v in values], pa.float32())
        elif name in ints:
            columns[name] = pa.array([v and int(v) for v in values], pa.int32())
        elif name == "base_date_time":
            columns[name] = pa.array(values).cast(pa.timestamp("ns"))
        elif name not in ("longitude", "latitude"):
            columns[name] = pa.array(values, pa.string())
    return pa.table(columns | {"geometry": pa.array(points, pa.binary())})


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_noaa_geoparquet_gives_the_rows_of_the_csv(read, ais, tmp_path, batch_rows):
    table = noaa_table(ais).replace_schema_metadata({"geo": json.dumps({"version": "1.0.0"})})
    pq.write_table(table, tmp_path / "points", compression="snappy")
    fixes, statics, feed = read(tmp_path / "points", batch_rows=batch_rows)
    expected, expected_statics, _ = read(ais / "noaa-2025plus-rows.csv")
    assert feed.format == "noaa-geoparquet"
    for name in ("subject_id", "t_ms", "lon_raw", "lat_raw", "sog_raw", "cog_raw", "heading_raw",
                 "nav_status", "msg_type", "payload_hash", "arrival_seq", "t_source"):  # fmt: skip
        assert getattr(fixes, name).tolist() == getattr(expected, name).tolist(), name
    for name in ("name", "callsign", "ship_type", "length_m", "beam_m", "draught_dm", "imo"):
        assert getattr(statics, name).tolist() == getattr(expected_statics, name).tolist(), name
    assert feed.lines == feed.rows == 2
    assert feed.bytes_read == feed.bytes_total


def test_geoparquet_points_that_are_none(read, ais, tmp_path):
    table = pa.concat_tables([noaa_table(ais)] * 3)
    line = struct.pack("<BIIdddd", 1, 2, 2, 1, 2, 3, 4)
    big = struct.pack(">BIdd", 0, 1, 10.5, 55.5)
    nan = struct.pack("<BIdd", 1, 1, float("nan"), float("nan"))
    polygon = struct.pack("<BIdd", 1, 3, 1, 2)
    points = [line, big, None, nan, polygon, b""]
    table = table.set_column(table.column_names.index("geometry"), "geometry", pa.array(points))
    pq.write_table(table, tmp_path / "points")
    fixes, _, feed = read(tmp_path / "points")
    assert feed.counts["bad_position"].count == 3
    assert feed.counts["bad_position"].first_offset == 1
    assert feed.lines == feed.rows + lost(feed) == 6
    assert fixes.lon_raw.tolist() == [6_300_000, LON_NONE, LON_NONE]


# ---- NMEA --------------------------------------------------------------------------------------


def test_nmea_is_what_the_decoder_gives(read, ais):
    path = ais / "dma-5min-2013-11-12.nmea.gz"
    fixes, statics, feed = read(path, src_id=7)
    tables = AisDecoder(src_id=7).feed(gzip.decompress(path.read_bytes()))
    assert (feed.format, feed.lateness_ms) == ("nmea", 60_000)
    assert len(fixes) == len(tables.fixes)
    assert len(statics) == len(tables.static)
    for name in Fixes.DTYPES:
        theirs = {"subject_id": "mmsi"}.get(name, name)
        if name != "domain":
            assert np.array_equal(getattr(fixes, name), getattr(tables.fixes, theirs)), name
    assert np.array_equal(statics.length_m, tables.static.bow_m + tables.static.stern_m)
    assert set(fixes.src_id) == {7}
    heard = sum(feed.counts[r.word].count for r in LINE_OUTCOMES if r.word in feed.counts)
    assert feed.lines == heard


def test_nmea_tables_are_the_decoders_own(ais):
    with open_feed(ais / "gpsd-sample.aivdm") as feed:
        messages = sum(len(tables.messages) for tables in feed.tables())
    assert messages == 102


def test_nmea_without_times_says_so(read, ais):
    fixes, _, feed = read(ais / "gfw-mixed-types.nmea")
    assert len(fixes) > 0
    assert set(fixes.t_ms) == {NO_TIME}
    assert feed.counts["time_missing"].kept


def test_an_aid_to_navigation_has_no_ship_type(read, ais):
    with open_feed(ais / "gpsd-sample.aivdm") as feed:
        tables = list(feed.tables())
    aids = np.concatenate([t.static.mmsi[t.static.msg_type == 21] for t in tables])
    _, statics, _ = read(ais / "gpsd-sample.aivdm")
    rows = np.isin(statics.subject_id, aids)
    assert rows.any()
    assert not statics.ship_type[rows].any()
    assert (statics.name[rows] != b"").any()
    assert 1596 not in statics.eta_raw


# ---- AIS-catcher -------------------------------------------------------------------------------


def test_aiscatcher_lines(read, feed_data):
    fixes, statics, feed = read(feed_data / "aiscatcher-made.jsonl")
    assert (feed.format, feed.lateness_ms) == ("aiscatcher-json", 60_000)
    assert feed.lines == 6
    assert fixes.src_offset.tolist() == [1, 2, 6, 6]
    assert statics.src_offset.tolist() == [3]
    assert iso(fixes.t_ms[0]) == "2024-12-25T10:26:00Z"
    assert iso(fixes.t_ms[1]) == "2024-12-25T10:26:01.250Z"
    assert fixes.t_ms[3] == NO_TIME
    assert fixes.t_source.tolist() == [int(TSource.READER)] * 3 + [0]
    # exact wire integers, not the rounded numbers beside them
    assert fixes.lon_raw[0] == 78_828
    assert feed.counts["bad_json"].first_offset == 4
    assert feed.counts["no_sentence"].first_offset == 5
    assert feed.lines == feed.counts["document"].count + lost(feed)
    with open_feed(feed_data / "aiscatcher-made.jsonl") as again:
        assert sum(len(tables.messages) for tables in again.tables()) == 5


def test_aiscatcher_post_as_one_document(read, tmp_path):
    sentence = "!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
    post = {"protocol": "jsonaiscatcher", "encodetime": "20241225102600", "stationid": "x",
            "msgs": [{"rxtime": "20241225102600", "nmea": [sentence]}] * 3}  # fmt: skip
    for indent in (None, 2):
        (tmp_path / "post").write_text(json.dumps(post, indent=indent))
        fixes, _, feed = read(tmp_path / "post")
        assert feed.format == "aiscatcher-json"
        assert fixes.subject_id.tolist() == [227006760] * 3
        assert {iso(t) for t in fixes.t_ms} == {"2024-12-25T10:26:00Z"}


def test_aiscatcher_sentences_cannot_smuggle_lines(read, tmp_path):
    sentence = "!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
    (tmp_path / "x").write_text(json.dumps({"nmea": [f"{sentence}\n{sentence}"]}) + "\n")
    fixes, _, feed = read(tmp_path / "x")
    assert len(fixes) <= 1
    assert feed.counts["bad_sentence"].count == 1


# ---- own Parquet -------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_rows", [1, 5, 10**6])
def test_own_parquet_comes_back_the_same(read, ais, tmp_path, batch_rows):
    fixes, statics, _ = read(ais / "frio-drift-2014-09-28.nmea.gz")
    fixes, statics = fixes.take(slice(0, 60)), statics.take(slice(0, 60))
    pq.write_table(fixes_to_arrow(fixes), tmp_path / "fixes", compression="zstd")
    pq.write_table(statics_to_arrow(statics), tmp_path / "statics", compression="zstd")
    again, none, feed = read(tmp_path / "fixes", batch_rows=batch_rows)
    assert again == fixes
    assert len(none) == 0
    assert (feed.format, feed.lines, feed.rows) == ("sargas-parquet", 60, 60)
    _, again_statics, feed = read(tmp_path / "statics", batch_rows=batch_rows)
    assert again_statics == statics
    assert feed.static_rows == 60


def test_parquet_of_another_schema_version_is_refused(read, tmp_path):
    table = fixes_to_arrow(Fixes.build(1)).replace_schema_metadata({"sargas.schema": "fixes/99"})
    pq.write_table(table, tmp_path / "x")
    with pytest.raises(FormatError, match="fixes/99"):
        read(tmp_path / "x")


def test_parquet_of_somebody_else_is_refused_with_its_columns(read, tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "x")
    with pytest.raises(FormatError, match="a, b"):
        read(tmp_path / "x")


# ---- the user's own CSV ------------------------------------------------------------------------

MAP = {"t": "t_utc_reconstructed", "mmsi": "mmsi", "lon": "lon", "lat": "lat",
       "sog": "sog_kn_derived", "cog": "cog_deg"}  # fmt: skip


def test_a_column_map_reads_a_table(read, ais):
    path = ais / "samus-swan-2022-02-26-drag.csv"
    fixes, statics, feed = read(path, column_map=MAP)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert feed.format == "csv"
    assert len(fixes) == len(rows) == 1223
    assert fixes.t_ms.tolist() == [parse_iso(row["t_utc_reconstructed"]) for row in rows]
    assert fixes.lon_raw.tolist() == [wire(row["lon"]) for row in rows]
    assert fixes.lat_raw.tolist() == [wire(row["lat"]) for row in rows]
    assert fixes.sog_raw.tolist() == [wire(row["sog_kn_derived"], 10) for row in rows]
    assert len(statics) == 0


def test_plain_names_need_no_map(read, ais):
    fixes, statics, feed = read(ais / "digitraffic-snapshot-2025-12-11T2044Z.csv.gz")
    assert feed.format == "csv"
    assert len(fixes) == 9735
    assert b"FFS ATLAS" in statics.name.tolist()
    assert feed.lines == feed.rows + lost(feed)


def test_the_map_is_checked(read, ais):
    path = ais / "samus-swan-2022-02-26-drag.csv"
    with pytest.raises(UsageError, match="speed"):
        read(path, column_map=MAP | {"speed": "x"})
    with pytest.raises(UsageError, match="lon, lat"):
        read(path, column_map={"t": "a", "mmsi": "b"})
    with pytest.raises(FormatError, match=r"no column 'time' for t\. Found: t_utc"):
        read(path, column_map=MAP | {"t": "time"})
    with pytest.raises(UsageError, match="csv"):
        read(path, column_map=MAP, format="nmea")


def test_formats_are_known_by_content_not_by_name(ais, tmp_path):
    seen = set()
    for name in ("dma-csv-real-rows.csv", "noaa-legacy-2022-rows.csv", "gpsd-sample.aivdm"):
        path = tmp_path / "data.parquet"
        path.write_bytes((ais / name).read_bytes())
        with open_feed(path) as feed:
            seen.add(feed.format)
    assert seen == {"dma-csv", "noaa-csv", "nmea"}
    assert seen <= set(FORMATS)


def test_statics_are_typed(read, ais):
    _, statics, _ = read(ais / "noaa-legacy-2022-rows.csv")
    for name, dtype in Statics.DTYPES.items():
        assert getattr(statics, name).dtype == np.dtype(dtype)
