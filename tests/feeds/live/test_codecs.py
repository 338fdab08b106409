"""Codecs of JSON feeds: exact rows, hostile messages, cuts and saved state."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from frames import Bits, frame
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import StateVersionError
from sargas.feeds.live import CODECS, make_codec
from sargas.feeds.live import messages as messages_module
from sargas.feeds.live.base import Piece
from sargas.feeds.live.framing import joined as joined_messages
from sargas.model.fixes import Batch, Fixes, Statics

T_MS = 1_764_500_000_000
T_S = T_MS // 1000
NO_TIME = -(2**63)


def piece(data, t_ms=T_MS):
    return Piece(t_ms, data if isinstance(data, bytes) else json.dumps(data).encode())


def location(mmsi=230985000, **said):
    topic = f"vessels-v2/{mmsi}/location\n".encode()
    return Piece(T_MS, topic + json.dumps({"time": T_S, "lon": 20.0, "lat": 60.0} | said).encode())


def rows_of(name, *pieces):
    return make_codec(name, 0).feed(pieces)


def counts(codec):
    return {reason: count.count for reason, count in codec.counts.items()}


def joined(batches):
    return Batch(Fixes.concat(b.fixes for b in batches), Statics.concat(b.statics for b in batches))


# ---- Digitraffic -------------------------------------------------------------------------------


@pytest.fixture
def data(request):
    return request.config.rootpath / "tests/data/feeds"


def test_messages_of_digitraffic(data):
    codec = make_codec("digitraffic-mqtt", 7)
    said = [json.loads(line) for line in (data / "digitraffic-mqtt.jsonl").open()]
    pieces = [
        Piece(1668075027000, f"{m['topic']}\n{json.dumps(m['payload'])}".encode()) for m in said
    ]
    batch = codec.feed(pieces)
    fix = {name: column[0] for name, column in batch.fixes.columns().items()}
    # 20.345818 E is 12,207,490.8 and 60.03802 N 36,022,812 units of 1/600,000 degree.
    expected = {
        "subject_id": 230985000, "t_ms": 1668075025000, "msg_type": 0, "lon_raw": 12207491,
        "lat_raw": 36022812, "sog_raw": 107, "cog_raw": 3266, "heading_raw": 325, "rot_raw": 0,
        "nav_status": 0, "second_s": 60, "flags": 1, "quality": 0, "src_id": 7, "src_offset": 1,
        "t_source": 1, "station": 1_900_000_007,
    }  # fmt: skip
    assert {name: fix[name] for name in expected} == expected
    static = {name: column[0] for name, column in batch.statics.columns().items()}
    expected = {
        "subject_id": 230985000, "t_ms": 1668075026035, "imo": 9543756, "ship_type": 70,
        "length_m": 193, "beam_m": 32, "draught_dm": 68, "eta_raw": 733376,
        "name": b"ARUNA CIHAN", "callsign": b"V7WW7", "destination": b"UST LUGA", "src_id": 7,
        "src_offset": 2,
    }  # fmt: skip
    assert {name: static[name] for name in expected} == expected
    assert counts(codec) == {"message": 2}


def test_lists_of_digitraffic(data):
    whole = json.loads((data / "digitraffic-rest.json").read_text())
    codec = make_codec("digitraffic-rest", 0)
    batch = codec.feed([piece(whole[name], 1487938961000) for name in ("locations", "vessels")])
    fix = {name: column[0] for name, column in batch.fixes.columns().items()}
    expected = {
        "subject_id": 563907000, "t_ms": 1487938959356, "lon_raw": 14970949,
        "lat_raw": 35697836, "sog_raw": 1, "cog_raw": 1693, "heading_raw": 311, "nav_status": 5,
        "second_s": 34,
    }  # fmt: skip
    assert {name: fix[name] for name in expected} == expected
    assert batch.statics.name.tolist() == [b"CHRISTIAN ESSBERGER"]
    assert batch.statics.length_m.tolist() == [101]
    assert counts(codec) == {"message": 2}


def test_copies_by_message_and_by_list_are_known_as_copies():
    by_mqtt = make_codec("digitraffic-mqtt", 0).feed(
        [location(sog=1.5, cog=10, heading=5, navStat=0)]
    )
    feature = {
        "mmsi": 230985000, "geometry": {"type": "Point", "coordinates": [20.0, 60.0]},
        "properties": {"mmsi": 230985000, "sog": 1.5, "cog": 10, "heading": 5, "navStat": 0,
                       "timestamp": 12, "timestampExternal": T_MS + 456},
    }  # fmt: skip
    by_list = make_codec("digitraffic-rest", 0).feed([piece({"features": [feature]})])
    assert by_list.fixes.t_ms.tolist() == [T_MS + 456]
    assert by_mqtt.fixes.payload_hash.tolist() == by_list.fixes.payload_hash.tolist()


@given(
    st.integers(-108_000_000, 108_600_000), st.integers(-54_000_000, 54_600_000),
    st.integers(0, 1023), st.integers(0, 3600), st.integers(0, 511), st.integers(-128, 127),
    st.booleans(),
)  # fmt: skip
def test_units_come_back_to_their_wire_integers(lon, lat, sog, cog, heading, rot, rounded):
    """Six decimals, as Digitraffic writes, or all of them."""
    digits = 6 if rounded else 15
    codec = make_codec("digitraffic-mqtt", 0)
    fixes = codec.feed(
        [
            location(
                lon=round(lon / 600_000, digits), lat=round(lat / 600_000, digits), sog=sog / 10,
                cog=cog / 10, heading=heading, rot=rot,
            )
        ]
    ).fixes  # fmt: skip
    if lon == 108_600_000 or lat == 54_600_000:
        lon, lat = 108_600_000, 54_600_000
    assert (fixes.lon_raw[0], fixes.lat_raw[0]) == (lon, lat)
    assert (fixes.sog_raw[0], fixes.cog_raw[0]) == (sog, cog)
    assert (fixes.heading_raw[0], fixes.rot_raw[0]) == (heading, rot)
    assert "field_unreadable" not in codec.counts


def test_signs_for_not_available_are_null_and_kept_raw():
    said = location(lon=181, lat=91, sog=102.3, cog=360, heading=511, rot=-128, navStat=15)
    fixes = make_codec("digitraffic-mqtt", 0).feed([said]).fixes
    assert (fixes.lon_raw[0], fixes.lat_raw[0]) == (108_600_000, 54_600_000)
    assert (fixes.sog_raw[0], fixes.cog_raw[0], fixes.heading_raw[0]) == (1023, 3600, 511)
    for unit in (fixes.lon_deg, fixes.lat_deg, fixes.sog_kn, fixes.cog_deg, fixes.heading_deg):
        assert math.isnan(unit[0])


@pytest.mark.parametrize(("time", "t_ms"), [(T_S, T_MS), (T_MS + 7, T_MS + 7), (None, NO_TIME)])
def test_seconds_and_milliseconds(time, t_ms):
    codec = make_codec("digitraffic-mqtt", 0)
    assert codec.feed([location(time=time)]).fixes.t_ms.tolist() == [t_ms]
    assert ("time_missing" in codec.counts) == (time is None)


def test_a_message_of_the_future_is_kept_and_flagged():
    codec = make_codec("digitraffic-mqtt", 0)
    batch = codec.feed([location(time=T_S + 60), location(time=T_S + 61)])
    assert (batch.fixes.quality & (1 << 14)).tolist() == [0, 1 << 14]
    assert counts(codec) == {"message": 2, "time_disagrees": 1}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"vessels-v2/230985000/location\n", "bad_json"),
        (b"vessels-v2/230985000/location\nNaN", "bad_json"),
        (b'vessels-v2/230985000/location\n{"lon":NaN}', "bad_json"),
        (b'vessels-v2/230985000/location\n{"lon":20.0', "bad_json"),
        (b'vessels-v2/230985000/location\n{"lon":20}{"lon":20}', "bad_json"),
        (b"vessels-v2/230985000/location\n\xff\xfe{}", "bad_json"),
        (b'vessels-v2/230985000/location\n{"lon":1e999}', "wrong_type"),
        (b'vessels-v2/230985000/location\n{"lon":' + b"9" * 400 + b"}", "wrong_type"),
        (b'vessels-v2/230985000/location\n{"lon":' + b"9" * 300 + b"}", "bad_position"),
        (b'vessels-v2/230985000/location\n{"lon":"20"}', "wrong_type"),
        (b'vessels-v2/230985000/location\n{"lon":true}', "wrong_type"),
        (b"vessels-v2/230985000/location\n[]", "wrong_type"),
        (b'vessels-v2/230985000/location\n{"lon":20,"lat":60,"lon":21}', "duplicate_key"),
        (b'vessels-v2/230985000/location\n{"lon":20,"l\\u006fn":21}', "duplicate_key"),
        (b'vessels-v2/230985000/location\n{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "too_deep"),
        (b'vessels-v2/230985000/location\n{"x":"' + b"a" * 70_000 + b'"}', "message_too_long"),
        (b'vessels-v2/230985000/location\n{"time":12}', "bad_time"),
        (b'vessels-v2/230985000/location\n{"time":-1e300}', "bad_time"),
        (b"vessels-v2/x/location\n{}", "bad_topic"),
        (b"vessels-v2//location\n{}", "bad_topic"),
        (b"vessels-v2/230985000/else\n{}", "bad_topic"),
        (b"vessels-v2/9999999999/location\n{}", "bad_mmsi"),
        (b'vessels-v2/status\n{"status":"UP"}', "other_message"),
        (b"no topic at all", "bad_topic"),
    ],
)
def test_a_hostile_message_is_counted_and_gives_no_row(said, reason):
    codec = make_codec("digitraffic-mqtt", 0)
    batch = codec.feed([location(), Piece(T_MS, said), location(mmsi=230985001)])
    assert batch.fixes.subject_id.tolist() == [230985000, 230985001]
    assert counts(codec) == {"message": 2, reason: 1}
    assert codec.counts[reason].first_offset == 2
    assert codec.counts[reason].kept == (reason == "other_message")
    assert codec.counts[reason].sample.isprintable()


def test_a_value_off_the_wire_is_missing_and_counted():
    codec = make_codec("digitraffic-mqtt", 0)
    fixes = codec.feed([location(sog=-1, cog=400, heading=9999, navStat=99, rot=1e30)]).fixes
    assert (fixes.sog_raw[0], fixes.cog_raw[0], fixes.heading_raw[0]) == (1023, 3600, 511)
    assert (fixes.nav_status[0], fixes.rot_raw[0]) == (15, -128)
    assert counts(codec) == {"message": 1, "field_unreadable": 1}


def test_the_same_key_in_two_objects_or_in_a_text_is_no_duplicate():
    said = {"timestamp": T_MS, "name": '"name":1,"name":', "destination": ":X", "x": {"name": 1}}
    topic = b"vessels-v2/230985000/metadata\n"
    codec = make_codec("digitraffic-mqtt", 0)
    batch = codec.feed([Piece(T_MS, topic + json.dumps(said).encode())])
    assert batch.statics.name.tolist() == [b'"name":1,"name":']
    assert batch.statics.destination.tolist() == [b":X"]


def test_texts_end_at_the_sign_for_it_and_are_ascii():
    said = {"timestamp": T_MS, "name": " A@B", "callSign": "\u00c4  ", "destination": "x" * 99}
    topic = b"vessels-v2/230985000/metadata\n"
    statics = make_codec("digitraffic-mqtt", 0).feed(
        [Piece(T_MS, topic + json.dumps(said).encode())]
    )
    statics = statics.statics
    assert statics.name.tolist() == [b" A"]
    assert statics.callsign.tolist() == [b"?"]
    assert statics.destination.tolist() == [b"x" * 20]


# ---- AISHub, made in the shape of its documentation --------------------------------------------


def record(**said):
    return {
        "MMSI": 230145250, "TIME": str(T_S), "LONGITUDE": 14_990_000, "LATITUDE": 36_010_000,
        "COG": 3599, "SOG": 105, "HEADING": 359, "ROT": 128, "NAVSTAT": 0, "IMO": 9319442,
        "NAME": "MADE UP", "CALLSIGN": "OJMI", "TYPE": 70, "A": 100, "B": 40, "C": 10, "D": 12,
        "DRAUGHT": 61, "DEST": "HANKO", "ETA": 176640,
    } | said  # fmt: skip


def answer(*records, **head):
    start = {"ERROR": False, "USERNAME": "***", "FORMAT": "AIS", "RECORDS": len(records)} | head
    return piece([start, list(records)])


def test_a_list_of_aishub_in_units_of_the_wire():
    batch = make_codec("aishub", 0).feed([answer(record())])
    fixes, statics = batch.fixes, batch.statics
    assert (fixes.lon_raw[0], fixes.lat_raw[0]) == (14_990_000, 36_010_000)
    assert (fixes.sog_raw[0], fixes.cog_raw[0], fixes.heading_raw[0]) == (105, 3599, 359)
    assert (fixes.rot_raw[0], fixes.t_ms[0], fixes.msg_type[0]) == (-128, T_MS, 0)
    assert (statics.imo[0], statics.ship_type[0]) == (9319442, 70)
    assert (statics.length_m[0], statics.beam_m[0], statics.draught_dm[0]) == (140, 22, 61)
    assert (statics.eta_raw[0], statics.name[0]) == (176640, b"MADE UP")
    assert (statics.callsign[0], statics.destination[0]) == (b"OJMI", b"HANKO")


def test_a_list_of_aishub_in_human_units_gives_the_same_rows():
    human = record(
        TIME="2025-11-30 10:53:20 GMT", LONGITUDE=24.98333, LATITUDE=60.01667, COG=359.9,
        SOG=10.5, DRAUGHT=6.1, ETA="02-22 08:00",
    )  # fmt: skip
    wire = record(LONGITUDE=14_989_998, LATITUDE=36_010_002, ETA=2 << 16 | 22 << 11 | 8 << 6)
    human_rows = rows_of("aishub", answer(human, FORMAT="HUMAN"))
    assert human_rows == rows_of("aishub", answer(wire))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"TIME": "soon"}, "bad_time"), ({"TIME": "12"}, "bad_time"), ({"MMSI": -1}, "bad_mmsi"),
        ({"MMSI": None}, "bad_mmsi"), ({"LATITUDE": 1e15}, "bad_position"),
        ({"NAME": 5}, "wrong_type"), ({"TIME": []}, "wrong_type"),
    ],
)  # fmt: skip
def test_a_bad_record_of_a_list_is_counted_and_the_others_are_read(change, reason):
    codec = make_codec("aishub", 0)
    batch = codec.feed([answer(record(**change), record(MMSI=230145251))])
    assert batch.fixes.subject_id.tolist() == batch.statics.subject_id.tolist() == [230145251]
    assert counts(codec) == {reason: 1, "message": 1}
    assert codec.lines == 2


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b'[{"ERROR":true,"ERROR_MESSAGE":"Too frequent requests!"}]', "error_answer"),
        (b"[]", "wrong_type"), (b"<html>", "bad_json"), (b'{"a":1}', "wrong_type"),
        (b'[{"ERROR":false,"FORMAT":"XML"},[]]', "wrong_type"), (b"[" * 9999, "too_deep"),
        (b'[{"ERROR":false},{"MMSI":1}]', "wrong_type"), (b'[{"ERROR":false},[{},', "bad_json"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_list_is_counted(said, reason):
    codec = make_codec("aishub", 0)
    assert len(codec.feed([Piece(T_MS, said)])) == 0
    assert counts(codec) == {reason: 1}


def test_a_list_of_more_entries_than_bytes_tell_is_refused():
    for name in ("aishub", "digitraffic-rest"):
        codec = make_codec(name, 0)
        assert len(codec.feed([Piece(T_MS, b"[" + b"1," * 3_000_001 + b"1]")])) == 0
        assert counts(codec) == {"message_too_long": 1}


# ---- lists that repeat -------------------------------------------------------------------------


def test_what_a_list_repeats_comes_once():
    codec = make_codec("aishub", 0)
    first, second = record(), record(MMSI=230145251)
    assert len(codec.feed([answer(first, second)]).fixes) == 2
    assert len(codec.feed([answer(first, second)])) == 0
    moved = first | {"TIME": str(T_S + 60), "LONGITUDE": 14_990_100}
    batch = codec.feed([answer(moved, second)])
    assert batch.fixes.subject_id.tolist() == [230145250]
    assert len(batch.statics) == 0  # it said nothing new of itself
    renamed = moved | {"NAME": "OTHER"}
    batch = codec.feed([answer(renamed, second)])
    assert (len(batch.fixes), batch.statics.name.tolist()) == (0, [b"OTHER"])
    assert counts(codec) == {"message": 4, "repeated": 4}
    assert codec.lines == 8


def test_a_cache_that_gives_an_older_list_again_gives_nothing_new():
    codec = make_codec("aishub", 0)
    lists = [answer(record(TIME=str(T_S + k), SOG=k)) for k in range(3)]
    assert sum(len(codec.feed([said]).fixes) for said in lists) == 3
    assert sum(len(codec.feed([said])) for said in (lists[0], lists[2], lists[1])) == 0


def test_positions_of_long_ago_are_left_out_and_counted_once():
    codec = make_codec("aishub", 0)
    old, new = record(TIME=str(T_S - 3601)), record(MMSI=230145251, TIME=str(T_S - 3600))
    batch = codec.feed([answer(old, new)])
    assert batch.fixes.subject_id.tolist() == batch.statics.subject_id.tolist() == [230145251]
    assert len(codec.feed([answer(old, new)])) == 0
    assert counts(codec) == {"stale": 1, "message": 1, "repeated": 2}
    assert not codec.counts["stale"].kept
    assert codec.counts["repeated"].kept


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(messages_module, "REMEMBERED", 100)
    codec = make_codec("aishub", 0)
    for k in range(40):
        codec.feed([answer(*(record(MMSI=230000000 + 10 * k + i) for i in range(10)))])
    assert len(codec.dump()) < 2000
    assert len(codec.feed([answer(record(MMSI=230000399))])) == 0
    assert len(codec.feed([answer(record(MMSI=230000000))])) == 2


# ---- laws --------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.none(), st.integers(-(10**6), 10**10), st.floats(-400, 400), st.integers(),
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([T_S, T_MS, 181, 91, 102.3]),
)  # fmt: skip
VALUES = st.one_of(NUMBERS, NUMBERS, st.booleans(), st.text(max_size=8), st.just([]), st.just({}))
MMSIS = st.sampled_from([230985000, 230985001, 0, 992300001])


def dicts(keys, **fixed):
    said = st.dictionaries(st.sampled_from(keys), VALUES, max_size=len(keys))
    return st.tuples(st.fixed_dictionaries(fixed), said).map(lambda parts: parts[0] | parts[1])


LOCATION = dicts(
    ["sog", "cog", "navStat", "rot", "raim", "heading", "time", "lon"], time=st.just(T_S)
)
METADATA = dicts(["timestamp", "name", "draught", "eta", "refA", "imo"], timestamp=st.just(T_MS))
FEATURE = st.fixed_dictionaries(
    {
        "mmsi": MMSIS,
        "geometry": st.fixed_dictionaries({"coordinates": st.lists(NUMBERS, max_size=3)}),
        "properties": dicts(["sog", "cog", "heading", "timestampExternal"]),
    }
)
VESSEL = dicts(["timestamp", "name", "draught", "imo", "shipType"], mmsi=MMSIS)
RECORD = dicts(
    ["TIME", "LONGITUDE", "SOG", "ROT", "NAME", "ETA", "A"], MMSI=MMSIS, TIME=st.just(T_S)
)
FRAME = st.tuples(
    st.sampled_from(
        ["PositionReport", "ShipStaticData", "StaticDataReport", "AidsToNavigationReport", "Else"]
    ),
    dicts(["Sog", "Longitude", "Name", "Dimension", "Eta", "PartNumber", "Spare"], UserID=MMSIS),
).map(
    lambda f: {
        "MessageType": f[0],
        "Message": {f[0]: f[1]},
        "MetaData": {"time_utc": "2025-11-30 10:53:20.5 +0000 UTC"},
    }
)


def topped(kind):
    return lambda parts: f"vessels-v2/{parts[0]}/{kind}\n".encode() + json.dumps(parts[1]).encode()


def dumped(value):
    return json.dumps(value).encode()


BODIES = {
    "digitraffic-mqtt": st.one_of(
        st.tuples(MMSIS, LOCATION).map(topped("location")),
        st.tuples(MMSIS, METADATA).map(topped("metadata")),
    ),
    "digitraffic-rest": st.one_of(
        st.lists(FEATURE, max_size=3).map(lambda f: dumped({"features": f})),
        st.lists(VESSEL, max_size=3).map(dumped),
    ),
    "aisstream": FRAME.map(dumped),
    "aishub": st.tuples(st.sampled_from(["AIS", "HUMAN"]), st.lists(RECORD, max_size=3)).map(
        lambda a: dumped([{"ERROR": False, "FORMAT": a[0]}, a[1]])
    ),
}


SPLINTERS = [b'"', b"[", b"}", b"1e999", b"\\u0000", b'"MMSI":1,']


@st.composite
def broken(draw, bodies):
    """A message with a few bytes changed, left out or doubled."""
    data = bytearray(draw(bodies))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        data[at : at + draw(st.integers(0, 3))] = draw(
            st.one_of(
                st.binary(max_size=4), st.sampled_from([b'"', b"[", b"}", b"1e999", b"\\u0000"])
            )
        )
    return bytes(data)


def streams(name):
    one = st.one_of(BODIES[name], BODIES[name], broken(BODIES[name]), st.binary(max_size=60))
    if name in ("digitraffic-mqtt", "aisstream"):
        one = st.lists(one, min_size=1, max_size=3).map(joined_messages)
    return st.lists(st.builds(Piece, st.integers(T_MS - 10**6, T_MS + 10**6), one), max_size=8)


@pytest.mark.parametrize("name", CODECS_OF_JSON := [n for n in BODIES if n in CODECS])
@given(data=st.data())
def test_any_cut_and_any_saved_state_gives_the_same_rows(name, data):
    pieces = data.draw(streams(name))
    whole = make_codec(name, 3)
    batch = whole.feed(pieces)

    cut, saved = make_codec(name, 3), make_codec(name, 3)
    parts, resumed, at = [], [], 0
    while at < len(pieces):
        step = data.draw(st.integers(1, len(pieces) - at))
        parts.append(cut.feed(pieces[at : at + step]))
        again = make_codec(name, 3)
        again.load(saved.dump())
        saved = again
        resumed.append(saved.feed(pieces[at : at + step]))
        at += step
    assert joined(parts) == batch
    assert joined(resumed) == batch
    assert cut.counts == whole.counts == saved.counts
    assert cut.dump() == whole.dump() == saved.dump()

    # Every message ends as rows or in one counter.
    ends = {"message", "repeated", "other_message"}
    ended = sum(c.count for r, c in whole.counts.items() if r in ends or not c.kept)
    assert ended == whole.lines
    assert len(set(batch.fixes.src_offset) | set(batch.statics.src_offset)) == counts(whole).get(
        "message", 0
    )
    for count in whole.counts.values():
        assert count.sample.isprintable()
    if len(batch.fixes):
        t_ms = batch.fixes.t_ms[batch.fixes.t_ms != NO_TIME]
        assert np.all((t_ms >= 946_684_800_000) & (t_ms < 4_102_444_800_000))


def test_codecs_of_these_feeds_are_all_tested():
    assert {"digitraffic-mqtt", "digitraffic-rest", "aisstream", "aishub"} == set(CODECS_OF_JSON)


@pytest.mark.parametrize("name", CODECS_OF_JSON)
def test_state_of_another_codec_or_none_is_refused(name):
    other = next(n for n in CODECS_OF_JSON if n != name)
    with pytest.raises(StateVersionError, match=other):
        make_codec(name, 0).load(make_codec(other, 0).dump())
    for state in (b"", b"\xc1", b"{}", make_codec(name, 0).dump()[:-1]):
        with pytest.raises(StateVersionError):
            make_codec(name, 0).load(state)


def test_an_empty_piece_is_no_message():
    for name in CODECS_OF_JSON:
        codec = make_codec(name, 0)
        assert len(codec.feed([Piece(T_MS, b"")])) == 0
        assert codec.lines == 0


def test_a_frame_of_aisstream_by_the_registry():
    bits = Bits("13HOI:0P0000VOHLCnHQKwvL05Ip")
    batch = make_codec("aisstream", 4).feed(
        [Piece(T_MS, frame(bits, "2025-11-30 10:53:20 +0000 UTC"))]
    )
    assert (batch.fixes.subject_id[0], batch.fixes.src_id[0]) == (227006760, 4)
