"""AISHub, the exchange of stations: lists of last known positions.

Format 0 has the units of the wire and is what sargas asks for; format 1 has degrees, knots and
metres, and its rate of turn in a unit that is not told: only 0 is read of it. In both 128 stands
for no rate of turn. Class A and B are not told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from sargas.decode.codes import Flag
from sargas.feeds.live.columns import BAD_TIME, Row
from sargas.feeds.live.messages import (
    MAX_MESSAGE,
    TOO_LONG,
    WRONG_TYPE,
    JsonCodec,
    Unreadable,
    read_json,
)
from sargas.model.fixes import PER_DEGREE

ERROR_ANSWER: Final = "error_answer"
_ROT_NONE: Final = 128.0
_ETA: Final = re.compile(r"(\d\d)-(\d\d) (\d\d):(\d\d)")


class Header(msgspec.Struct):
    """The first element of an answer."""

    ERROR: bool
    FORMAT: str = "AIS"
    ERROR_MESSAGE: str | None = None


class Record(msgspec.Struct):
    """One vessel."""

    MMSI: float | None = None
    TIME: str | float | None = None
    LONGITUDE: float | None = None
    LATITUDE: float | None = None
    COG: float | None = None
    SOG: float | None = None
    HEADING: float | None = None
    ROT: float | None = None
    PAC: float | None = None
    NAVSTAT: float | None = None
    IMO: float | None = None
    NAME: str | None = None
    CALLSIGN: str | None = None
    TYPE: float | None = None
    A: float | None = None
    B: float | None = None
    C: float | None = None
    D: float | None = None
    DRAUGHT: float | None = None
    DEST: str | None = None
    ETA: str | float | None = None


_ANSWER: Final = msgspec.json.Decoder(list[msgspec.Raw])
_HEADER: Final = msgspec.json.Decoder(Header)
_RECORD: Final = msgspec.json.Decoder(Record)


class AishubCodec(JsonCodec):
    """Reads answers of AISHub in JSON; a piece is one answer, each vessel a message.

    Example:
        >>> from sargas.feeds.live.base import Piece
        >>> answer = (b'[{"ERROR":false,"FORMAT":"AIS"},[{"MMSI":244750034,"TIME":"1625826523",'
        ...           b'"LONGITUDE":3022815,"LATITUDE":31476144,"SOG":0,"NAME":"CHATEAUROUX"}]]')
        >>> batch = AishubCodec().feed([Piece(1625826530000, answer)])
        >>> batch.fixes.lon_raw.tolist(), batch.statics.name.tolist()
        ([3022815], [b'CHATEAUROUX'])
    """

    name = "aishub"
    is_polled = True

    def __init__(self, src_id: int = 0) -> None:
        super().__init__(src_id)
        self._is_human = False

    def _messages(self, data: bytes) -> Iterable[bytes | msgspec.Raw]:
        answer = read_json(data, _ANSWER, is_list=True)
        if not answer:
            raise Unreadable(WRONG_TYPE)
        header = read_json(answer[0], _HEADER)
        if header.ERROR:
            raise Unreadable(ERROR_ANSWER)
        if header.FORMAT not in ("AIS", "HUMAN"):
            raise Unreadable(WRONG_TYPE)
        self._is_human = header.FORMAT == "HUMAN"
        records = read_json(answer[1], _ANSWER, is_list=True) if len(answer) > 1 else []
        return iter(records)

    def _read(self, message: bytes | msgspec.Raw, number: int, received_ms: int) -> Row:
        if len(bytes(message)) > MAX_MESSAGE:
            raise Unreadable(TOO_LONG)
        said = read_json(message, _RECORD)
        human = self._is_human
        degrees, tenths = (1.0, 1.0) if human else (PER_DEGREE, 10.0)
        return Row(
            number, received_ms, said.MMSI, _time(said.TIME), has_fix=True, has_static=True,
            lon_deg=_over(said.LONGITUDE, degrees), lat_deg=_over(said.LATITUDE, degrees),
            sog_kn=_over(said.SOG, tenths), cog_deg=_over(said.COG, tenths),
            heading_deg=said.HEADING, rot_raw=_turn(said.ROT, human), nav_status=said.NAVSTAT,
            flags=int(Flag.ACCURACY) if said.PAC == 1 else 0, imo=said.IMO, ship_type=said.TYPE,
            bow_m=said.A, stern_m=said.B, port_m=said.C, starboard_m=said.D,
            draught_m=_over(said.DRAUGHT, tenths), eta_raw=_eta(said.ETA), name=said.NAME,
            callsign=said.CALLSIGN, destination=said.DEST,
        )  # fmt: skip


def _over(value: float | None, per: float) -> float | None:
    return None if value is None else value / per


def _turn(rot: float | None, human: bool) -> float | None:
    """Give the rate of turn of the wire, None where it is not available or its unit not told."""
    if rot is None or rot == _ROT_NONE or (human and rot != 0):
        return None
    return rot


def _time(said: str | float | None) -> float | None:
    """Read Unix seconds, as a text or not, or `2026-03-28 16:50:52 GMT`."""
    if not isinstance(said, str):
        return said
    text = said.strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 14:
        return float(text)
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError as error:
        raise Unreadable(BAD_TIME) from error
    return moment.timestamp()


def _eta(said: str | float | None) -> float | None:
    """Read the 20 bits of the wire, or `07-04 13:00`."""
    if not isinstance(said, str):
        return said
    found = _ETA.fullmatch(said.strip())
    if not found:
        return -1.0 if said.strip() else None
    month, day, hour, minute = map(int, found.groups())
    if month > 12 or day > 31 or hour > 24 or minute > 60:
        return -1.0
    return float(month << 16 | day << 11 | hour << 6 | minute)


def refusal_of(head: bytes) -> str | None:
    """Give what the service complains of: empty if it does not, None if this is no answer.

    Args:
        head: an answer up to the end of its first element.

    Example:
        >>> refusal_of(b'[{"ERROR":true,"ERROR_MESSAGE":"Too frequent requests!"}')
        'Too frequent requests!'
    """
    try:
        header = _HEADER.decode(head.lstrip(b" \t\r\n["))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return (header.ERROR_MESSAGE or "an error without a word") if header.ERROR else ""
