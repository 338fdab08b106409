"""Digitraffic, the open feed of Fintraffic (Finland): messages by MQTT, and lists by REST.

Positions come without the kind of AIS message, so class A and B are not told apart. The rate of
turn and the 20 bits of the arrival time are those of the wire. Source: the public documentation
of meri.digitraffic.fi.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from sargas.decode.codes import Flag
from sargas.feeds.live.columns import Row
from sargas.feeds.live.framing import parted
from sargas.feeds.live.messages import (
    MAX_MESSAGE,
    OTHER,
    TOO_LONG,
    JsonCodec,
    Unreadable,
    read_json,
)

BAD_TOPIC: Final = "bad_topic"
_MMSI_DIGITS: Final = 10


class Location(msgspec.Struct):
    """A position by MQTT; `time` in seconds."""

    time: float | None = None
    sog: float | None = None
    cog: float | None = None
    navStat: float | None = None
    rot: float | None = None
    posAcc: bool = False
    raim: bool = False
    heading: float | None = None
    lon: float | None = None
    lat: float | None = None


class Metadata(msgspec.Struct):
    """What a vessel says of itself by MQTT; `timestamp` in milliseconds."""

    timestamp: float | None = None
    destination: str | None = None
    name: str | None = None
    draught: float | None = None
    eta: float | None = None
    refA: float | None = None
    refB: float | None = None
    refC: float | None = None
    refD: float | None = None
    callSign: str | None = None
    imo: float | None = None
    type: float | None = None


class Point(msgspec.Struct):
    """Where a feature lies."""

    coordinates: Annotated[list[float], msgspec.Meta(min_length=2, max_length=3)] | None = None


class Properties(msgspec.Struct):
    """A position by REST; `timestamp` is the AIS second, `timestampExternal` milliseconds."""

    mmsi: float | None = None
    sog: float | None = None
    cog: float | None = None
    navStat: float | None = None
    rot: float | None = None
    posAcc: bool = False
    raim: bool = False
    heading: float | None = None
    timestamp: float | None = None
    timestampExternal: float | None = None


class Feature(msgspec.Struct):
    """One vessel of the list of positions."""

    properties: Properties
    geometry: Point | None = None
    mmsi: float | None = None


class Vessel(msgspec.Struct):
    """One vessel of the list of vessels; `timestamp` in milliseconds."""

    mmsi: float | None = None
    timestamp: float | None = None
    destination: str | None = None
    name: str | None = None
    draught: float | None = None
    eta: float | None = None
    referencePointA: float | None = None
    referencePointB: float | None = None
    referencePointC: float | None = None
    referencePointD: float | None = None
    callSign: str | None = None
    imo: float | None = None
    shipType: float | None = None


class Collection(msgspec.Struct):
    """The list of positions."""

    features: list[msgspec.Raw]


_LOCATION: Final = msgspec.json.Decoder(Location)
_METADATA: Final = msgspec.json.Decoder(Metadata)
_FEATURE: Final = msgspec.json.Decoder(Feature)
_VESSEL: Final = msgspec.json.Decoder(Vessel)
_LIST: Final = msgspec.json.Decoder(Collection | list[msgspec.Raw])


def _flags(accurate: bool, raim: bool) -> int:
    return int(Flag.ACCURACY) * accurate | int(Flag.RAIM) * raim


def _tenth(value: float | None) -> float | None:
    """Bring decimetres to metres."""
    return None if value is None else value / 10.0


class MqttCodec(JsonCodec):
    r"""Reads messages by MQTT, each its topic, a newline, and what was sent.

    Example:
        >>> from sargas.feeds.live.base import Piece
        >>> codec = MqttCodec()
        >>> message = b'vessels-v2/230985000/location\n{"time":1668075025,"lon":20.5,"lat":60}'
        >>> codec.feed([Piece(1668075026000, message)]).fixes.lon_raw.tolist()
        [12300000]
    """

    name = "digitraffic-mqtt"

    def _messages(self, data: bytes) -> Iterable[bytes]:
        return parted(data)

    def _read(self, message: bytes | msgspec.Raw, number: int, received_ms: int) -> Row:
        data = bytes(message)
        topic, _, payload = data.partition(b"\n")
        parts = topic.split(b"/")
        if parts[0] == b"vessels-v2" and parts[-1] == b"status":
            raise Unreadable(OTHER)
        digits = parts[1] if len(parts) == 3 else b""
        if not (digits.isdigit() and len(digits) <= _MMSI_DIGITS):
            raise Unreadable(BAD_TOPIC)
        if len(data) > MAX_MESSAGE:
            raise Unreadable(TOO_LONG)
        mmsi = int(digits)
        if parts[2] == b"location":
            return self._location(read_json(payload, _LOCATION), mmsi, number, received_ms)
        if parts[2] == b"metadata":
            return self._metadata(read_json(payload, _METADATA), mmsi, number, received_ms)
        raise Unreadable(BAD_TOPIC)

    def _location(self, said: Location, mmsi: int, number: int, received_ms: int) -> Row:
        return Row(
            number, received_ms, mmsi, said.time, has_fix=True, lon_deg=said.lon,
            lat_deg=said.lat, sog_kn=said.sog, cog_deg=said.cog, heading_deg=said.heading,
            rot_raw=said.rot, nav_status=said.navStat, flags=_flags(said.posAcc, said.raim),
        )  # fmt: skip

    def _metadata(self, said: Metadata, mmsi: int, number: int, received_ms: int) -> Row:
        return Row(
            number, received_ms, mmsi, said.timestamp, has_static=True, imo=said.imo,
            ship_type=said.type, bow_m=said.refA, stern_m=said.refB, port_m=said.refC,
            starboard_m=said.refD, draught_m=_tenth(said.draught), eta_raw=said.eta,
            name=said.name, callsign=said.callSign, destination=said.destination,
        )  # fmt: skip


class RestCodec(JsonCodec):
    """Reads the lists of last known positions and of vessels; a piece is one answer."""

    name = "digitraffic-rest"
    is_polled = True

    def _messages(self, data: bytes) -> Iterable[bytes | msgspec.Raw]:
        whole = read_json(data, _LIST, is_list=True)
        return whole.features if isinstance(whole, Collection) else whole

    def _read(self, message: bytes | msgspec.Raw, number: int, received_ms: int) -> Row:
        if len(bytes(message)) > MAX_MESSAGE:
            raise Unreadable(TOO_LONG)
        if b'"properties"' in bytes(message):
            return self._feature(read_json(message, _FEATURE), number, received_ms)
        return self._vessel(read_json(message, _VESSEL), number, received_ms)

    def _feature(self, feature: Feature, number: int, received_ms: int) -> Row:
        said = feature.properties
        place = feature.geometry.coordinates if feature.geometry else None
        return Row(
            number, received_ms, feature.mmsi if said.mmsi is None else said.mmsi,
            said.timestampExternal, has_fix=True, lon_deg=place[0] if place else None,
            lat_deg=place[1] if place else None, sog_kn=said.sog, cog_deg=said.cog,
            heading_deg=said.heading, rot_raw=said.rot, nav_status=said.navStat,
            second_s=said.timestamp, flags=_flags(said.posAcc, said.raim),
        )  # fmt: skip

    def _vessel(self, said: Vessel, number: int, received_ms: int) -> Row:
        return Row(
            number, received_ms, said.mmsi, said.timestamp, has_static=True, imo=said.imo,
            ship_type=said.shipType, bow_m=said.referencePointA, stern_m=said.referencePointB,
            port_m=said.referencePointC, starboard_m=said.referencePointD,
            draught_m=_tenth(said.draught), eta_raw=said.eta, name=said.name,
            callsign=said.callSign, destination=said.destination,
        )  # fmt: skip
