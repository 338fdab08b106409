"""Frames of aisstream.io against the decoder of sentences: the same bits give the same rows."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict

import numpy as np
import pytest
from frames import LENGTHS, NAMES, Bits, frame

from sargas.decode.ais import AisDecoder
from sargas.decode.codes import Quality, TSource
from sargas.feeds.live.aisstream import AisstreamCodec
from sargas.feeds.live.base import Piece
from sargas.feeds.nmea import fixes_of, statics_of
from sargas.model.fixes import FIRST_FEED_STATION

T_MS = 1_722_320_263_375
TIME = "2024-07-30 06:17:43.375540658 +0000 UTC"
LINES = 30_000


@pytest.fixture(scope="module")
def payloads(request):
    """Single-part and joined payloads of three minutes of a world feed, by kind."""
    path = request.config.rootpath / "tests/data/ais/aishub-3min-2012.nmea.gz"
    out, parts = [], {}
    for line in gzip.decompress(path.read_bytes()).decode("ascii").splitlines()[:LINES]:
        if not line.startswith("!AIVDM"):
            continue
        _, n, part, group, channel, payload, tail = line.split(",")
        if n == "1":
            out.append((payload, int(tail[0])))
            continue
        key = n, group, channel
        joined = payload if part == "1" else parts.get(key, "") + payload
        parts[key] = joined
        if part == n and joined != payload:
            out.append((joined, int(tail[0])))
    return [Bits(payload, fill) for payload, fill in out if payload and fill < 6]


def whole(bits):
    kind = bits.u(0, 6)
    return kind in NAMES and bits.n >= LENGTHS.get(kind, 168) and (kind != 24 or bits.u(38, 2) < 2)


def sentence(bits):
    """One line with the payload's nominal bits, as the service gives no others."""
    n = bits.n
    fill = -n % 6
    value = bits.value << fill
    values = [value >> shift & 63 for shift in range(n + fill - 6, -1, -6)]
    body = bytes(v + 48 if v < 40 else v + 56 for v in values).decode()
    text = f"AIVDM,1,1,,A,{body},{fill}"
    check = 0
    for byte in text.encode():
        check ^= byte
    return f"!{text}*{check:02X}\n".encode()


def test_rows_are_those_of_the_sentences(payloads):
    chosen = [bits for bits in payloads if whole(bits)]
    kinds = defaultdict(int)
    for bits in chosen:
        kinds[bits.u(0, 6)] += 1
    assert {1, 3, 4, 5, 18, 21, 24} <= kinds.keys()
    assert len(chosen) > 20_000

    tables = AisDecoder().feed(b"".join(map(sentence, chosen)), reader_t_ms=T_MS)
    fixes, statics = fixes_of(tables.fixes), statics_of(tables.static)
    codec = AisstreamCodec()
    batch = codec.feed([Piece(T_MS + 1000, frame(bits, TIME)) for bits in chosen])

    assert codec.counts["message"].count == len(chosen)
    # The sentences carry no time here; the feed of the frames is their receiver.
    fixes.t_source[:] = TSource.TAG
    fixes.station[:] = statics.station[:] = FIRST_FEED_STATION
    same = set(fixes.columns()) - {"quality", "payload_hash", "src_offset", "arrival_seq"}
    for name in same:
        np.testing.assert_array_equal(
            getattr(batch.fixes, name), getattr(fixes, name), err_msg=name
        )
    odd = int(Quality.EXTRA_BITS | Quality.SHORT_TAIL)
    np.testing.assert_array_equal(batch.fixes.quality, fixes.quality & ~np.uint32(odd))
    same = set(statics.columns()) - {"payload_hash", "src_offset", "arrival_seq"}
    for name in same:
        np.testing.assert_array_equal(
            getattr(batch.statics, name), getattr(statics, name), err_msg=name
        )


def test_copies_of_reports_have_the_hash_of_their_sentence(payloads):
    chosen = [b for b in payloads if b.u(0, 6) in (1, 2, 3, 18) and b.n == 168]
    assert sum(b.u(0, 6) == 18 for b in chosen) > 100
    fixes = fixes_of(AisDecoder().feed(b"".join(map(sentence, chosen)), reader_t_ms=T_MS).fixes)
    batch = AisstreamCodec().feed([Piece(T_MS, frame(bits, TIME)) for bits in chosen])
    np.testing.assert_array_equal(batch.fixes.payload_hash, fixes.payload_hash)


def test_type_27_speaks_whole_knots_and_degrees():
    made = 27 << 90 | 257006000 << 58
    made |= (5 << 52) | ((1200 & 0x3FFFF) << 34) | ((36000 & 0x1FFFF) << 17)
    bits = Bits("")
    bits.n, bits.value = 96, made | 63 << 11 | 511 << 2
    said = [Piece(T_MS, frame(bits, TIME))]
    fixes = AisstreamCodec().feed(said).fixes
    expected = fixes_of(AisDecoder().feed(sentence(bits), reader_t_ms=T_MS).fixes)
    for name in ("lon_raw", "lat_raw", "sog_raw", "cog_raw", "nav_status", "msg_type"):
        np.testing.assert_array_equal(getattr(fixes, name), getattr(expected, name), err_msg=name)
    assert fixes.sog_raw[0] == 1023
    assert fixes.cog_raw[0] == 3600


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: {"error": "Api Key Is Not Valid"}, "error_answer"),
        (lambda f: f | {"MessageType": "SafetyBroadcastMessage"}, "other_message"),
        (lambda f: f | {"MessageType": "ShipStaticData"}, "wrong_type"),
        (lambda f: {"MessageType": "PositionReport"}, "wrong_type"),
        (lambda f: f | {"MetaData": {"time_utc": "yesterday"}}, "bad_time"),
        (lambda f: f | {"MetaData": {"time_utc": "1999-07-30 06:17:43 +0000 UTC"}}, "bad_time"),
        (lambda f: f | {"MetaData": {"time_utc": 1722320263}}, "wrong_type"),
        (lambda f: f | {"Message": {"PositionReport": {"Valid": False}}}, "not_valid"),
        (lambda f: f | {"Message": {"PositionReport": {"UserID": "x"}}}, "wrong_type"),
        (lambda f: f | {"Message": {"PositionReport": {}}}, "bad_mmsi"),
        (lambda f: f | {"Message": {"PositionReport": {"UserID": 2**30}}}, "bad_mmsi"),
        (lambda f: f | {"Message": {"PositionReport": {"UserID": 23e7 + 0.5}}}, "bad_mmsi"),
        (
            lambda f: f | {"Message": {"PositionReport": {"UserID": 230e6, "Latitude": 1e9}}},
            "bad_position",
        ),
    ],
)
def test_what_gives_no_row_is_counted_with_its_reason(payloads, change, reason):
    good = json.loads(frame(next(b for b in payloads if b.u(0, 6) == 1), TIME))
    codec = AisstreamCodec()
    batch = codec.feed([Piece(T_MS, json.dumps(change(good)).encode())])
    assert len(batch) == 0
    assert {k: (v.count, v.kept) for k, v in codec.counts.items()} == {
        reason: (1, reason == "other_message")
    }


def test_a_report_without_time_is_kept_and_counted(payloads):
    said = json.loads(frame(next(b for b in payloads if b.u(0, 6) == 1), TIME))
    said["MetaData"] = {}
    codec = AisstreamCodec()
    batch = codec.feed([Piece(T_MS, json.dumps(said).encode())])
    assert batch.fixes.t_ms.tolist() == [-(2**63)]
    assert codec.counts["time_missing"].count == 1


@pytest.mark.parametrize(
    ("text", "t_ms"),
    [
        ("2024-07-30 06:17:43 +0000 UTC", 1722320263000),
        ("2024-07-30 06:17:43.3 +0000 UTC", 1722320263300),
        ("2024-07-30 06:17:43.375540658 +0000 UTC m=+0.01", 1722320263375),
    ],
)
def test_go_times(text, t_ms):
    from sargas.feeds.live.aisstream import go_time_ms

    assert go_time_ms(text) == t_ms


@pytest.mark.parametrize("value", [1e308, -1e308, 1e15, -1.0, 10**300, 4.2, None])
def test_a_field_off_the_wire_is_no_field_of_a_payload(payloads, value):
    for kind in (1, 5, 18, 19, 21, 27):
        bits = next((b for b in payloads if b.u(0, 6) == kind and whole(b)), None)
        good = json.loads(frame(bits, TIME)) if bits else {"Message": {}}
        for name, body in good["Message"].items():
            for key in set(body) - {"Valid", "UserID", "PartNumber"}:
                if not isinstance(body[key], int | float) or isinstance(body[key], bool):
                    continue
                said = good | {"Message": {name: body | {key: value}}}
                codec = AisstreamCodec()
                codec.feed([Piece(T_MS, json.dumps(said).encode())])
                reasons = codec.counts.keys()
                assert reasons & {"message", "bad_position"}, (key, reasons)
