"""Targets: what live feeds send: JSON of services, packets of a broker, answers that grow."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence

from fuzz.seeds import as_json, sample
from fuzz.target import BINARY, JSON, Target, demand
from sargas.feeds.live import make_codec, open_transport
from sargas.feeds.live.aishub import refusal_of
from sargas.feeds.live.base import Piece
from sargas.feeds.live.framing import joined, parted
from sargas.feeds.live.messages import LOSES_NOTHING
from sargas.feeds.live.mqtt import MqttTransport, _Session
from sargas.feeds.live.overlap import after_overlap
from sargas.feeds.live.url import parse_feed_url
from sargas.feeds.live.websocket import _is_complaint

T_MS = 1_764_500_000_000


def codec(name: str) -> Callable[[bytes], None]:
    """Give a reader of what a service sends; every message is kept or counted."""

    def run(data: bytes) -> None:
        read = make_codec(name, 7)
        read.feed([Piece(T_MS, data)])
        ended = sum(count.count for reason, count in read.counts.items()
                    if reason in LOSES_NOTHING or not count.kept)  # fmt: skip
        demand(ended == read.lines, "every message ends in one counter")
        again = make_codec(name, 7)
        again.load(read.dump())
        again.feed([Piece(T_MS + 1000, data)])

    return run


def codec_state(data: bytes) -> None:
    """Take up what may be the saved state of a codec."""
    read = make_codec("aishub", 7)
    read.load(data)
    read.dump()


def refusal(data: bytes) -> None:
    """Tell whether AISHub or aisstream complain."""
    refusal_of(data)
    _is_complaint(data)


def packets(data: bytes) -> None:
    """Read packets of a broker; what is none ends the connection."""
    transport = MqttTransport(parse_feed_url("mqtt://127.0.0.1/a/b"))
    session = _Session(("a/b",), ("", None), transport._piece)
    session.connect("broker", keepalive=30)
    for half in (data[: len(data) // 2], data[len(data) // 2 :]):
        if session.end:
            break
        session.pipe.incoming += half
        transport._parse(session)
    demand(
        sum(map(len, session.waiting)) <= len(data) + 2 * len(session.waiting), "no more than sent"
    )


def framing(data: bytes) -> None:
    """Join messages and part them again."""
    messages = data.split(b"|")
    demand(len(parted(joined(messages))) == len(messages), "nobody makes two messages of one")


def overlap(data: bytes) -> None:
    """Find what is new in a text that grows."""
    before, _, now = data.partition(b"\0")
    before, now = before + b"\n", now + b"\n"
    demand(now.endswith(after_overlap(before, now)), "what is new is its end")


def transport(data: bytes) -> None:
    """Make the transport of an address; nothing is connected."""
    open_transport(parse_feed_url(data.decode("utf-8", "replace")))


def of_mqtt() -> Sequence[bytes]:
    """Give messages of Digitraffic, one and several a piece."""
    said = [json.loads(line) for line in sample("feeds/digitraffic-mqtt.jsonl").splitlines()]
    one = [f"{m['topic']}\n{json.dumps(m['payload'])}".encode() for m in said]
    return [*one, joined(one)]


def of_rest() -> Sequence[bytes]:
    """Give the two lists of Digitraffic."""
    both = json.loads(sample("feeds/digitraffic-rest.json"))
    return as_json(both["locations"], both["vessels"], both)


def of_aishub() -> Sequence[bytes]:
    """Give answers of AISHub, in units of the wire and in human ones, and a complaint."""
    record: dict[str, object] = {
        "MMSI": 230145250, "TIME": "1764500000", "LONGITUDE": 14_990_000, "LATITUDE": 36_010_000,
        "COG": 3599, "SOG": 105, "HEADING": 359, "ROT": 128, "NAVSTAT": 0, "IMO": 9319442,
        "NAME": "MADE UP", "CALLSIGN": "OJMI", "TYPE": 70, "A": 100, "B": 40, "C": 10, "D": 12,
        "DRAUGHT": 61, "DEST": "HANKO", "ETA": 176640,
    }  # fmt: skip
    human = record | {
        "TIME": "2025-11-30 10:53:20 GMT", "LONGITUDE": 24.98333, "LATITUDE": 60.01667,
        "COG": 359.9, "SOG": 10.5, "DRAUGHT": 6.1, "ETA": "02-22 08:00",
    }  # fmt: skip
    head: dict[str, object] = {"ERROR": False, "USERNAME": "***", "FORMAT": "AIS", "RECORDS": 1}
    return as_json(
        [head, [record, record]], [head | {"FORMAT": "HUMAN"}, [human]],
        [{"ERROR": True, "ERROR_MESSAGE": "Too frequent requests!"}],
    )  # fmt: skip


def of_aisstream() -> Sequence[bytes]:
    """Give frames of aisstream.io."""
    meta = {"MMSI": 230145250, "MMSI_String": 230145250, "ShipName": "A", "latitude": 60.0,
            "longitude": 25.0, "time_utc": "2025-11-30 10:53:20.123456789 +0000 UTC"}  # fmt: skip
    head: dict[str, object] = {"RepeatIndicator": 0, "UserID": 230145250, "Valid": True}
    size = {"A": 100, "B": 40, "C": 10, "D": 12}
    bodies: dict[str, dict[str, object]] = {
        "PositionReport": {
            "MessageID": 1, "NavigationalStatus": 0, "RateOfTurn": 0, "Sog": 10.5, "Cog": 359.9,
            "PositionAccuracy": True, "Longitude": 25.0, "Latitude": 60.0, "TrueHeading": 359,
            "Timestamp": 20, "SpecialManoeuvreIndicator": 0, "Spare": 0, "Raim": False,
            "CommunicationState": 0,
        },
        "ShipStaticData": {
            "MessageID": 5, "ImoNumber": 9319442, "CallSign": "OJMI", "Name": "MADE UP",
            "Type": 70, "Dimension": size, "MaximumStaticDraught": 6.1, "Destination": "HANKO",
            "Eta": {"Month": 2, "Day": 22, "Hour": 8, "Minute": 0}, "Dte": False,
        },
        "StandardClassBPositionReport": {
            "MessageID": 18, "Sog": 1.0, "Cog": 2.0, "Longitude": 25.0, "Latitude": 60.0,
            "TrueHeading": 511, "Timestamp": 60, "Raim": True,
        },
        "StaticDataReport": {
            "MessageID": 24, "PartNumber": True, "ReportA": {"Valid": False, "Name": ""},
            "ReportB": {"Valid": True, "ShipType": 37, "CallSign": "A", "Dimension": size},
        },
        "AidsToNavigationReport": {
            "MessageID": 21, "Type": 1, "Name": "BUOY", "Longitude": 25.0, "Latitude": 60.0,
            "Dimension": size, "NameExtension": "X", "VirtualAtoN": True,
        },
    }  # fmt: skip
    return as_json(
        *({"Message": {name: head | body}, "MessageType": name, "MetaData": meta}
          for name, body in bodies.items()),
        {"error": "Api Key Is Not Valid"},
    )  # fmt: skip


def packet(kind: int, body: bytes) -> bytes:
    """Give a packet of MQTT 3.1.1."""
    return bytes((kind, len(body))) + body


def of_broker() -> Sequence[bytes]:
    """Give what a broker sends: accepted, subscribed, messages, and a ping."""
    said = packet(0x20, b"\0\0") + packet(0x90, b"\0\1\0")
    message = struct.pack(">H", 3) + b"a/b" + b'{"time":1}'
    return [
        said, said + packet(0x30, message), said + packet(0x30, message) * 3,
        packet(0x20, b"\0\5"), said + packet(0xD0, b""), packet(0x90, b"\0\1\x80"),
        said + packet(0x32, struct.pack(">H", 3) + b"a/b\0\7x"),
        said + packet(0x34, struct.pack(">H", 3) + b"a/b\0\7x") + packet(0x62, b"\0\7"),
    ]  # fmt: skip


URLS = (
    b"mqtts://meri.digitraffic.fi/vessels-v2/+/location#topics=a;b", b"aishub:#every=60",
    b"wss://h/mqtt#format=mqtt", b"https://h/ais/v1/locations#every=60,idle=200", b"tcp://h:1",
    b"aisstream:#box=10;53;30;66,mmsi=230145250", b"udp://:10110", b"tail:x", b"http://h/x#idle=900",
)  # fmt: skip
TARGETS = (
    Target(
        "digitraffic-mqtt", codec("digitraffic-mqtt"),
        ("codec:digitraffic-mqtt", "sargas.feeds.live.messages"), of_mqtt, kind=JSON,
        words=(b"\x1e", b"vessels-v2/1/location\n", b'"time":', b'"eta":', b'"name":'),
    ),
    Target(
        "digitraffic-rest", codec("digitraffic-rest"), ("codec:digitraffic-rest",), of_rest,
        kind=JSON, words=(b'"features":', b'"coordinates":', b'"timestampExternal":', b'"eta":'),
    ),
    Target("aisstream", codec("aisstream"), ("codec:aisstream",), of_aisstream, kind=JSON,
           words=(b'"Message":', b'"time_utc":', b'"UserID":', b'"Dimension":', b"\x1e")),
    Target("aishub", codec("aishub"), ("codec:aishub",), of_aishub, kind=JSON,
           words=(b'"TIME":', b'"ETA":', b'"FORMAT":"HUMAN"', b'"ERROR":true')),
    Target(
        "codec-state", codec_state, ("sargas.feeds.live.messages",),
        lambda: [make_codec("aishub", 7).dump()], kind=BINARY,
    ),
    Target("complaints", refusal, ("sargas.feeds.live.aishub", "sargas.feeds.live.websocket"),
           lambda: [of_aishub()[2], of_aisstream()[-1]], kind=JSON),
    Target("mqtt-packets", packets, ("sargas.feeds.live.mqtt",), of_broker, kind=BINARY),
    Target("framing", framing, ("sargas.feeds.live.framing",), lambda: [b"{}|[\x1e]|\x1f"]),
    Target("overlap", overlap, ("sargas.feeds.live.overlap",), lambda: [b"a\nb\nc\0b\nc\nd"]),
    Target(
        "transport", transport, ("sargas.feeds.live.net", "sargas.feeds.live.polling"),
        lambda: URLS,
        words=(b"#", b"=", b";", b",", b"every=", b"topics=", b"box=", b"mmsi=", b"ca="),
    ),
)  # fmt: skip
