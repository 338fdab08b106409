"""Values in units, as live feeds write them in JSON, to exact wire integers in columns.

What cannot be read as who, when or where leaves a row out; any other value that cannot be on the
wire is missing. Both are told by reason, with the rows concerned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.decode import delimited_columns as kernels
from sargas.decode.codes import NO_TIME, Quality, Reason, TSource
from sargas.decode.delimited_block import static_hashes
from sargas.decode.delimited_fields import MISSING, OK
from sargas.model.fixes import (
    COG_NONE,
    FIRST_FEED_STATION,
    HEADING_NONE,
    LAT_NONE,
    LON_NONE,
    NAV_STATUS_NONE,
    PER_DEGREE,
    ROT_NONE,
    SECOND_NONE,
    SOG_NONE,
    Fixes,
    Statics,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

AHEAD_MS: Final = 60_000
"""How far a message's own time may be ahead of its reception before it is flagged (chosen: more
than the clocks of shore stations err)."""
ETA_NONE: Final = 1596
"""Month 0, day 0, hour 24, minute 60: the wire's sign for no time of arrival."""
MMSI_TOP: Final = 2**30 - 1
BAD_TIME, BAD_MMSI, BAD_POSITION = "bad_time", "bad_mmsi", "bad_position"
FIELD_UNREADABLE: Final = "field_unreadable"
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000
"""2000 to 2100, as for the other readers."""
_SECONDS_TOP: Final = 1e11
"""Unix times below are seconds, others milliseconds: the years 2000 to 2100 do not overlap."""
_INT32: Final = 2**31 - 1
_SECOND_MS: Final = 1000
_NONE: Final = np.array([NO_TIME, LON_NONE, LAT_NONE], np.int64)
_BITS: Final = np.array(
    [
        Quality.MMSI_ZERO,
        Quality.MMSI_SHAPE,
        Quality.POSITION_OUT_OF_RANGE,
        Quality.TIME_MISSING,
    ],
    np.int64,
)
_NOTED: Final = (
    Reason.MMSI_ZERO,
    Reason.MMSI_SHAPE,
    Reason.POSITION_OUT_OF_RANGE,
    Reason.HEADING_INVALID,
    Reason.TIME_MISSING,
    Reason.TIME_DISAGREES,
)
"""What is counted of rows that are kept."""


class Row(NamedTuple):
    """What one message says, in units; None where it does not.

    Attributes:
        number: of the message in its feed, from 1.
        received_ms: when it was received, ms UTC.
        mmsi: who; t: when, Unix seconds or milliseconds.
        has_fix, has_static: which parts it has.
        msg_type: AIS message type, 0 where the feed does not tell it.
        lon_deg, lat_deg, sog_kn, cog_deg, heading_deg: as named; the wire's signs for "not
            available" (181, 91, 102.3, 360, 511) may stand in them.
        rot_raw: as on the wire. nav_status, second_s: codes.
        flags: bits of `decode.codes.Flag`.
        payload_hash: of the payload's bits, where the feed gives all of them.
        imo, ship_type: codes. bow_m, stern_m, port_m, starboard_m: metres from the antenna.
        draught_m: metres. eta_raw: the 20 bits of the wire.
        name, callsign, destination: texts.
    """

    number: int
    received_ms: int
    mmsi: float | None
    t: float | None
    has_fix: bool = False
    has_static: bool = False
    msg_type: int = 0
    lon_deg: float | None = None
    lat_deg: float | None = None
    sog_kn: float | None = None
    cog_deg: float | None = None
    heading_deg: float | None = None
    rot_raw: float | None = None
    nav_status: float | None = None
    second_s: float | None = None
    flags: int = 0
    payload_hash: int | None = None
    imo: float | None = None
    ship_type: float | None = None
    bow_m: float | None = None
    stern_m: float | None = None
    port_m: float | None = None
    starboard_m: float | None = None
    draught_m: float | None = None
    eta_raw: float | None = None
    name: str | None = None
    callsign: str | None = None
    destination: str | None = None


class Built(NamedTuple):
    """Columns of messages.

    Attributes:
        fixes, statics: the rows; `arrival_seq` and `src_offset` hold the message's number.
        fix_of, static_of: (n,) index of each row's message in what was given.
        dropped: reason by index of a message left out; noted: indices by reason of what was odd
            about messages that were kept.
    """

    fixes: Fixes
    statics: Statics
    fix_of: NDArray[np.intp]
    static_of: NDArray[np.intp]
    dropped: dict[int, str]
    noted: dict[str, list[int]]


def build(rows: Sequence[Row], src_id: int) -> Built:
    """Make columns of what messages say.

    Args:
        rows: n messages in order of arrival.
        src_id: number of the source.

    Example:
        >>> built = build([Row(1, 0, 230985000, 1668075025, has_fix=True, lon_deg=20.345818,
        ...                    lat_deg=60.03802, sog_kn=10.7)], src_id=0)
        >>> built.fixes.lon_raw.tolist(), built.fixes.sog_raw.tolist()
        ([12207491], [107])
    """
    table = _Table(rows)
    dropped = {int(at): reason for at, reason in table.dropped()}
    odd = np.zeros(len(rows), np.bool_)
    kept = np.ones(len(rows), np.bool_)
    kept[list(dropped)] = False
    fix_of = np.flatnonzero(kept & table.flag("has_fix"))
    static_of = np.flatnonzero(kept & table.flag("has_static"))
    fixes = _fixes(table, fix_of, odd, src_id)
    statics = _statics(table, static_of, odd, src_id)
    noted = {FIELD_UNREADABLE: np.flatnonzero(odd).tolist()}
    quality = np.zeros(len(rows), np.int64)
    quality[fix_of] = fixes.quality
    # A static row has no quality column: what its message lacks is counted all the same.
    quality[static_of] |= np.where(table.t_ms[static_of] == NO_TIME, int(Quality.TIME_MISSING), 0)
    for reason in _NOTED:
        noted[reason.word] = np.flatnonzero(quality & int(Quality[reason.name])).tolist()
    return Built(fixes, statics, fix_of, static_of, dropped, noted)


class _Table:
    """The columns of rows as floats, NaN where there is nothing, with who, when and where read."""

    def __init__(self, rows: Sequence[Row]) -> None:
        columns = zip(*rows, strict=True) if rows else ((),) * len(Row._fields)
        self._columns: dict[str, Any] = dict(zip(Row._fields, columns, strict=True))
        t = self.floats("t")
        with np.errstate(invalid="ignore", over="ignore"):
            t = np.where(np.abs(t) < _SECONDS_TOP, np.rint(t * 1000.0), np.floor(t))
            self.bad_time = ~np.isnan(t) & ~((t >= _EARLIEST_MS) & (t < _LATEST_MS))
        self.no_time = np.isnan(t)
        self.t_ms = np.where(self.no_time | self.bad_time, float(NO_TIME), t).astype(np.int64)
        mmsi = self.floats("mmsi")
        with np.errstate(invalid="ignore"):
            self.bad_mmsi = ~((mmsi >= 0) & (mmsi <= MMSI_TOP) & (mmsi == np.floor(mmsi)))
        self.mmsi = np.where(self.bad_mmsi, 0, mmsi).astype(np.int64)
        self.lon, self.no_lon, bad_lon = self._degrees("lon_deg")
        self.lat, self.no_lat, bad_lat = self._degrees("lat_deg")
        self.bad_position = bad_lon | bad_lat

    def __len__(self) -> int:
        return len(self.t_ms)

    def floats(self, name: str) -> Floats:
        """Give a column of numbers; None becomes NaN."""
        return np.array(self._columns[name], np.float64)

    def flag(self, name: str) -> Mask:
        """Give a column of truths."""
        return np.array(self._columns[name], np.bool_)

    def ints(self, name: str) -> Ints:
        """Give a column of whole numbers that is always filled."""
        return np.array(self._columns[name], np.int64)

    def objects(self, name: str) -> Sequence[Any]:
        """Give a column as it is."""
        return self._columns[name]  # type: ignore[no-any-return]

    def dropped(self) -> list[tuple[np.intp, str]]:
        """Give the rows that do not say who, when or where, the first reason of each last."""
        found = []
        has_fix = self.flag("has_fix")
        for reason, bad in (
            (BAD_POSITION, self.bad_position & has_fix),
            (BAD_MMSI, self.bad_mmsi),
            (BAD_TIME, self.bad_time),
        ):
            found += [(at, reason) for at in np.flatnonzero(bad)]
        return found

    def _degrees(self, name: str) -> tuple[Ints, NDArray[np.uint8], Mask]:
        """Bring degrees to 1/600,000; gives values, statuses and what fits no integer."""
        with np.errstate(over="ignore"):
            value = np.rint(self.floats(name) * PER_DEGREE)
        missing = np.isnan(value)
        bad = ~missing & ~(np.abs(np.nan_to_num(value, nan=0.0)) <= _INT32)
        out = np.where(missing | bad, 0, value).astype(np.int64)
        return out, np.where(missing, MISSING, OK).astype(np.uint8), bad


def wire(value: Floats, per: float, low: int, high: int, none: int, odd: Mask) -> Ints:
    """Bring values to wire integers, half to even.

    Args:
        value: (n,) float64, NaN for nothing.
        per: wire units in one unit. low, high: what is outside cannot be on the wire.
        none: what stands for nothing.
        odd: (n,) bool, set where a value is outside.

    Example:
        >>> odd = np.zeros(3, np.bool_)
        >>> wire(np.array([10.7, np.nan, -3.0]), 10, 0, 1023, 1023, odd).tolist(), odd.tolist()
        ([107, 1023, 1023], [False, False, True])
    """
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(value * per)
        good = (scaled >= low) & (scaled <= high)
    odd |= ~good & ~np.isnan(value)
    return np.where(good, scaled, none).astype(np.int64)


def _fixes(table: _Table, at: NDArray[np.intp], odd: Mask, src_id: int) -> Fixes:
    """Make the fixes of rows `at`."""
    n = len(at)
    t_ms, mmsi = table.t_ms[at], table.mmsi[at]
    lon, lat = table.lon[at], table.lat[at]
    quality = np.empty(n, np.int64)
    no_time = np.where(table.no_time[at], MISSING, OK).astype(np.uint8)
    kernels.settle_keys(
        t_ms, no_time, mmsi, lon, table.no_lon[at], lat, table.no_lat[at], _NONE, _BITS, quality
    )
    unreadable = np.zeros(n, np.bool_)

    def read(name: str, per: float, low: int, high: int, none: int) -> Ints:
        return wire(table.floats(name)[at], per, low, high, none, unreadable)

    sog = read("sog_kn", 10.0, 0, 65_535, SOG_NONE)
    cog = read("cog_deg", 10.0, 0, COG_NONE, COG_NONE)
    heading = read("heading_deg", 1.0, 0, HEADING_NONE, HEADING_NONE)
    status = read("nav_status", 1.0, 0, NAV_STATUS_NONE, NAV_STATUS_NONE)
    rot = read("rot_raw", 1.0, ROT_NONE, -ROT_NONE - 1, ROT_NONE)
    second = read("second_s", 1.0, 0, 63, SECOND_NONE)
    odd[at] |= unreadable
    quality |= np.where((heading >= 360) & (heading < HEADING_NONE), Quality.HEADING_INVALID, 0)
    ahead = t_ms > table.ints("received_ms")[at] + AHEAD_MS
    quality |= np.where(ahead, Quality.TIME_DISAGREES, 0)
    hashes = np.empty(n, np.uint64)
    # One report comes by several ways of the same source in whole seconds and in milliseconds.
    with np.errstate(over="ignore"):
        kernels.hash_reports(
            mmsi, t_ms - t_ms % _SECOND_MS, lon, lat, sog, cog, heading, status, hashes
        )
    exact = table.objects("payload_hash")
    for row, index in enumerate(at):
        if exact[index] is not None:
            hashes[row] = exact[index]
    number = table.ints("number")[at]
    # The time in a message is that of its reception, as a tag block's.
    return Fixes.build(
        n, subject_id=mmsi, t_ms=t_ms,
        t_source=np.where(t_ms == NO_TIME, int(TSource.NONE), int(TSource.TAG)),
        msg_type=table.ints("msg_type")[at], lon_raw=lon, lat_raw=lat, sog_raw=sog, cog_raw=cog,
        heading_raw=heading, rot_raw=rot, nav_status=status, second_s=second,
        flags=table.ints("flags")[at], quality=quality, payload_hash=hashes,
        station=np.full(n, FIRST_FEED_STATION + src_id), src_id=np.full(n, src_id),
        src_offset=number, arrival_seq=number,
    )  # fmt: skip


def _statics(table: _Table, at: NDArray[np.intp], odd: Mask, src_id: int) -> Statics:
    """Make the statics of rows `at`."""
    n = len(at)
    if n == 0:
        return Statics.empty()
    unreadable = np.zeros(n, np.bool_)

    def read(name: str, high: int, per: float = 1.0) -> Ints:
        return wire(table.floats(name)[at], per, 0, high, 0, unreadable)

    eta = read("eta_raw", 2**20 - 1)
    values: dict[str, NDArray[Any]] = {
        "imo": read("imo", 2**30 - 1),
        "ship_type": read("ship_type", 255),
        "length_m": read("bow_m", 511) + read("stern_m", 511),
        "beam_m": read("port_m", 63) + read("starboard_m", 63),
        "draught_dm": read("draught_m", 255, 10.0),
        "eta_raw": np.where(eta == ETA_NONE, 0, eta),
    }
    for name in ("name", "callsign", "destination"):
        texts = table.objects(name)
        values[name] = np.array([_text(texts[i]) for i in at], Statics.DTYPES[name])
    odd[at] |= unreadable
    mmsi, number = table.mmsi[at], table.ints("number")[at]
    with np.errstate(over="ignore"):
        hashes = static_hashes(mmsi, values)
    return Statics.build(
        n, subject_id=mmsi, t_ms=table.t_ms[at], payload_hash=hashes,
        station=np.full(n, FIRST_FEED_STATION + src_id), src_id=np.full(n, src_id),
        src_offset=number, arrival_seq=number, **values,
    )  # fmt: skip


def _text(text: str | None) -> bytes:
    """Give a text as bytes: cut at the first `@`, trailing blanks removed.

    The wire has 64 characters, all ASCII: others come from elsewhere and become `?`.
    """
    if not text:
        return b""
    return text.partition("@")[0].encode("ascii", "replace").rstrip(b" ")
