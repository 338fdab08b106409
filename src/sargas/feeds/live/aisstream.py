"""Frames of aisstream.io: AIS messages decoded to JSON, with the time at which they were heard.

The values are those of the wire in units, sentinels included. Of class A and class B reports the
frame holds every bit, so the hash of their payload is that of the sentence itself: copies that
come by another feed as NMEA are known as copies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from sargas.decode.codes import Flag
from sargas.feeds.live.columns import BAD_TIME, Row
from sargas.feeds.live.framing import parted
from sargas.feeds.live.messages import (
    MAX_MESSAGE,
    OTHER,
    TOO_LONG,
    WRONG_TYPE,
    JsonCodec,
    Unreadable,
    read_json,
)
from sargas.feeds.live.payload import class_a_hash, class_b_hash
from sargas.model.fixes import COG_NONE, SOG_NONE

NOT_VALID: Final = "not_valid"
ERROR_ANSWER: Final = "error_answer"
_GO_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))? \+0000 UTC", re.ASCII
)
_AUXILIARY: Final = 980_000_000, 990_000_000
"""MMSI of auxiliary craft, whose part B of type 24 names the mother ship in the place of sizes."""
_NAME_FULL: Final = 20


class MetaData(msgspec.Struct):
    """What the service adds."""

    time_utc: str | None = None


class Frame(msgspec.Struct):
    """One frame."""

    Message: dict[str, msgspec.Raw] | None = None
    MessageType: str | None = None
    MetaData: MetaData | None = None
    error: str | None = None


class Dimension(msgspec.Struct):
    """Metres from the antenna: bow, stern, port, starboard."""

    A: float | None = None
    B: float | None = None
    C: float | None = None
    D: float | None = None


class Eta(msgspec.Struct):
    """Time of arrival."""

    Month: float
    Day: float
    Hour: float
    Minute: float


class Body(msgspec.Struct, kw_only=True):
    """What every message has."""

    MessageID: float | None = None
    RepeatIndicator: float | None = None
    UserID: float | None = None
    Valid: bool = True


class Report(Body, kw_only=True):
    """What reports of a position have, as far as their type has it."""

    Longitude: float | None = None
    Latitude: float | None = None
    Sog: float | None = None
    Cog: float | None = None
    TrueHeading: float | None = None
    Timestamp: float | None = None
    NavigationalStatus: float | None = None
    RateOfTurn: float | None = None
    PositionAccuracy: bool = False
    Raim: bool = False
    AssignedMode: bool = False
    Dte: bool = False
    PositionLatency: bool = False


class PositionReport(Report, kw_only=True):
    """Types 1, 2 and 3."""

    SpecialManoeuvreIndicator: float | None = None
    Spare: float | None = None
    CommunicationState: float | None = None


class BaseStationReport(Report, kw_only=True):
    """Types 4 and 11; of their clock, which is no proof, only the second is read."""

    UtcSecond: float | None = None


class ClassB(Report, kw_only=True):
    """Type 18."""

    Spare1: float | None = None
    Spare2: float | None = None
    ClassBUnit: bool = False
    ClassBDisplay: bool = False
    ClassBDsc: bool = False
    ClassBBand: bool = False
    ClassBMsg22: bool = False
    CommunicationStateIsItdma: bool | None = None
    CommunicationState: float | None = None


class NamedReport(Report, kw_only=True):
    """Types 19 and 21, which have a name and sizes too."""

    Name: str | None = None
    NameExtension: str | None = None
    Type: float | None = None
    Dimension: Dimension | None = None
    OffPosition: bool = False
    VirtualAtoN: bool = False


class ShipStaticData(Body, kw_only=True):
    """Type 5."""

    ImoNumber: float | None = None
    CallSign: str | None = None
    Name: str | None = None
    Type: float | None = None
    Dimension: Dimension | None = None
    Eta: Eta | None = None
    MaximumStaticDraught: float | None = None
    Destination: str | None = None


class ReportA(msgspec.Struct):
    """Type 24, part A."""

    Valid: bool = False
    Name: str | None = None


class ReportB(msgspec.Struct):
    """Type 24, part B."""

    Valid: bool = False
    ShipType: float | None = None
    CallSign: str | None = None
    Dimension: Dimension | None = None


class StaticDataReport(Body, kw_only=True):
    """Type 24."""

    PartNumber: bool
    ReportA: ReportA | None = None
    ReportB: ReportB | None = None


class Kind(NamedTuple):
    """How a kind of message is read.

    Attributes:
        decoder: of its body. types: AIS message types it may have, the first if it does not say.
        parts: what its body says beyond who and when, as fields of `Row`.
    """

    decoder: msgspec.json.Decoder[Any]
    types: tuple[int, ...]
    parts: Callable[[Any], dict[str, Any]]


class AisstreamCodec(JsonCodec):
    """Reads frames of aisstream.io."""

    name = "aisstream"

    def _messages(self, data: bytes) -> Iterable[bytes]:
        return parted(data)

    def _read(self, message: bytes | msgspec.Raw, number: int, received_ms: int) -> Row:
        if len(bytes(message)) > MAX_MESSAGE:
            raise Unreadable(TOO_LONG)
        frame = read_json(message, _FRAME)
        if frame.error is not None:
            raise Unreadable(ERROR_ANSWER)
        name = frame.MessageType
        if name is None or frame.Message is None or frame.MetaData is None:
            raise Unreadable(WRONG_TYPE)
        kind = KINDS.get(name)
        if kind is None:
            raise Unreadable(OTHER)
        raw = frame.Message.get(name)
        if raw is None:
            raise Unreadable(WRONG_TYPE)
        # Keys that stand twice were looked for in the frame as a whole.
        body = read_json(raw, kind.decoder, is_list=True)
        if not body.Valid:
            raise Unreadable(NOT_VALID)
        t_ms = None if frame.MetaData.time_utc is None else go_time_ms(frame.MetaData.time_utc)
        said = body.MessageID
        msg_type = int(said) if said in kind.types else kind.types[0]
        parts = kind.parts(body)
        return Row(number, received_ms, body.UserID, t_ms, msg_type=msg_type, **parts)


def go_time_ms(text: str) -> int:
    """Read a time as Go prints it, cut to the millisecond.

    Raises:
        Unreadable: it is none.

    Example:
        >>> go_time_ms("2024-07-30 06:17:43.375540658 +0000 UTC")
        1722320263375
    """
    found = _GO_TIME.match(text)
    try:
        if not found:
            raise ValueError(text)
        moment = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Unreadable(BAD_TIME) from error
    return int(moment.timestamp()) * 1000 + int((found[2] or "").ljust(3, "0")[:3])


def _report(body: Report) -> dict[str, Any]:
    """Read what every report of a position has."""
    flags = (
        (body.PositionAccuracy, Flag.ACCURACY), (body.Raim, Flag.RAIM),
        (body.AssignedMode, Flag.ASSIGNED), (body.Dte, Flag.DTE),
        (body.PositionLatency, Flag.POSITION_LATENCY),
    )  # fmt: skip
    return {
        "has_fix": True, "lon_deg": body.Longitude, "lat_deg": body.Latitude, "sog_kn": body.Sog,
        "cog_deg": body.Cog, "heading_deg": body.TrueHeading, "rot_raw": body.RateOfTurn,
        "nav_status": body.NavigationalStatus, "second_s": body.Timestamp,
        "flags": sum(int(flag) for is_set, flag in flags if is_set),
    }  # fmt: skip


def _class_a(body: PositionReport) -> dict[str, Any]:
    return _report(body) | {"payload_hash": class_a_hash(body)}


def _class_b(body: ClassB) -> dict[str, Any]:
    said = _report(body)
    flags = (
        (body.ClassBUnit, Flag.CLASS_B_CS), (body.ClassBDisplay, Flag.DISPLAY),
        (body.ClassBDsc, Flag.DSC), (body.ClassBBand, Flag.BAND), (body.ClassBMsg22, Flag.MSG22),
    )  # fmt: skip
    said["flags"] |= sum(int(flag) for is_set, flag in flags if is_set)
    return said | {"payload_hash": class_b_hash(body)}


def _base(body: BaseStationReport) -> dict[str, Any]:
    return _report(body) | {"second_s": body.UtcSecond}


def _aircraft(body: Report) -> dict[str, Any]:
    """Read type 9, whose speed is in whole knots: 1023 is none there."""
    said = _report(body)
    if body.Sog == SOG_NONE:
        said["sog_kn"] = None
    return said


def _long_range(body: Report) -> dict[str, Any]:
    """Read type 27, with whole knots and degrees: 63 and 511 are none there."""
    said = _report(body)
    if body.Sog == 63:
        said["sog_kn"] = None
    if body.Cog == 511:
        said["cog_deg"] = COG_NONE / 10
    return said


def _sizes(size: Dimension | None) -> dict[str, Any]:
    if size is None:
        return {}
    return {"bow_m": size.A, "stern_m": size.B, "port_m": size.C, "starboard_m": size.D}


def _extended_b(body: NamedReport) -> dict[str, Any]:
    return _report(body) | _sizes(body.Dimension) | {
        "has_static": True, "name": body.Name, "ship_type": body.Type,
    }  # fmt: skip


def _aid(body: NamedReport) -> dict[str, Any]:
    """Read type 21; the type of an aid is no ship type and is left out."""
    said = _report(body)
    said["flags"] |= body.OffPosition * int(Flag.OFF_POSITION)
    said["flags"] |= body.VirtualAtoN * int(Flag.VIRTUAL_AID)
    name = body.Name or ""
    if len(name) >= _NAME_FULL:
        name += body.NameExtension or ""
    return said | _sizes(body.Dimension) | {"has_static": True, "name": name}


def _static(body: ShipStaticData) -> dict[str, Any]:
    eta = body.Eta
    bits = None
    if eta is not None:
        parts = ((eta.Month, 15), (eta.Day, 31), (eta.Hour, 31), (eta.Minute, 63))
        if all(0 <= value <= top and value == int(value) for value, top in parts):
            month, day, hour, minute = (int(value) for value, _ in parts)
            bits = month << 16 | day << 11 | hour << 6 | minute
        else:
            bits = -1  # not on the wire: counted as unreadable
    return _sizes(body.Dimension) | {
        "has_static": True, "imo": body.ImoNumber, "ship_type": body.Type, "eta_raw": bits,
        "draught_m": body.MaximumStaticDraught, "name": body.Name, "callsign": body.CallSign,
        "destination": body.Destination,
    }  # fmt: skip


def _part(body: StaticDataReport) -> dict[str, Any]:
    """Read type 24: each part is a row of its own."""
    a, b = body.ReportA, body.ReportB
    if not body.PartNumber and a is not None and a.Valid:
        return {"has_static": True, "name": a.Name}
    if body.PartNumber and b is not None and b.Valid:
        is_auxiliary = _AUXILIARY[0] <= (body.UserID or 0) < _AUXILIARY[1]
        return _sizes(None if is_auxiliary else b.Dimension) | {
            "has_static": True, "ship_type": b.ShipType, "callsign": b.CallSign,
        }  # fmt: skip
    raise Unreadable(NOT_VALID)


_FRAME: Final = msgspec.json.Decoder(Frame)
_JSON: Final = msgspec.json.Decoder
KINDS: Final = {
    "PositionReport": Kind(_JSON(PositionReport), (1, 2, 3), _class_a),
    "BaseStationReport": Kind(_JSON(BaseStationReport), (4, 11), _base),
    "ShipStaticData": Kind(_JSON(ShipStaticData), (5,), _static),
    "StandardSearchAndRescueAircraftReport": Kind(_JSON(Report), (9,), _aircraft),
    "StandardClassBPositionReport": Kind(_JSON(ClassB), (18,), _class_b),
    "ExtendedClassBPositionReport": Kind(_JSON(NamedReport), (19,), _extended_b),
    "AidsToNavigationReport": Kind(_JSON(NamedReport), (21,), _aid),
    "StaticDataReport": Kind(_JSON(StaticDataReport), (24,), _part),
    "LongRangeAisBroadcastMessage": Kind(_JSON(Report), (27,), _long_range),
}
"""What gives rows; other kinds are counted (`other_message`)."""
