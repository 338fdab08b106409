"""The message layer: from complete payloads to typed columns.

Three passes over the rows of the line layer: `index` says what each message is, `read_fixes` and
`read_static` fill the typed tables whose sizes are then known, `settle` counts. Integers stay as
they are on the wire; sentinels stand where a type has no such field or the message ends before it.

Source: ITU-R M.1371-5, annex 8, section 3 (layouts in `layout.py`), ITU-R M.585 (MMSI shapes).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sargas.decode._jit import helper, i64, inlined, kernel
from sargas.decode.bits import field, payload_hash, signed
from sargas.decode.codes import (
    FLAG_REASONS,
    NO_CODE,
    NO_RADIO,
    NO_TIME,
    Flag,
    Quality,
    Reason,
    Table,
    TSource,
)
from sargas.decode.layout import (
    ALT,
    COG,
    DEST_TABLE,
    FIX_TABLE,
    FLAG_TABLE,
    FULL_TABLE,
    HEADING,
    LAT,
    LON,
    MAX_TABLE,
    MIN_BITS_24A,
    MIN_BITS_STATIC_19,
    MIN_TABLE,
    RADIO,
    ROT,
    SECOND,
    SOG,
    STATUS,
)
from sargas.decode.meta import civil_ms
from sargas.decode.state import (
    EV_OFFSET,
    EV_REASON,
    EV_STATION,
    I32,
    I64,
    ROW_BITS,
    ROW_CHANNEL,
    ROW_OFFSET,
    ROW_OWN,
    ROW_QUALITY,
    ROW_STATION,
    ROW_T,
    ROW_T_SOURCE,
    ROW_WORD,
    U8,
    U16,
    U32,
    U64,
    Tally,
)
from sargas.decode.tally import count, station_row

I8 = npt.NDArray[np.int8]
I16 = npt.NDArray[np.int16]

LON_NONE: Final = 181 * 600_000
LAT_NONE: Final = 91 * 600_000
LON_LIMIT: Final = 180 * 600_000
LAT_LIMIT: Final = 90 * 600_000
SOG_NONE, COG_NONE, HEADING_NONE, STATUS_NONE = 1023, 3600, 511, 15
ROT_NONE, SECOND_NONE, ALT_NONE = -128, 60, 4095

FIX: Final = int(Table.FIX)
STATIC: Final = int(Table.STATIC)
ILLEGAL_PART, SHORT_PART = -1, -2
OWN: Final = int(Flag.OWN_STATION)
Q_UNKNOWN: Final = int(Quality.TYPE_UNKNOWN)
Q_SHORT: Final = int(Quality.TOO_SHORT)
Q_PART: Final = int(Quality.PART_ILLEGAL)
Q_EXTRA: Final = int(Quality.EXTRA_BITS)
Q_TAIL: Final = int(Quality.SHORT_TAIL)
Q_ZERO: Final = int(Quality.MMSI_ZERO)
Q_SHAPE: Final = int(Quality.MMSI_SHAPE)
Q_RANGE: Final = int(Quality.POSITION_OUT_OF_RANGE)
Q_HEADING: Final = int(Quality.HEADING_INVALID)
Q_NO_TIME: Final = int(Quality.TIME_MISSING)
Q_CLOCKS: Final = int(Quality.TIME_DISAGREES)
COUNTED_BEFORE: Final = int(
    Quality.FILL_SIX | Quality.TAG_CHECKSUM_BAD | Quality.TAG_UNPARSED | Quality.TIME_IMPLAUSIBLE
)
"""Flags that the line layer has counted."""
FIRST_FLAG: Final = int(FLAG_REASONS)
R_TYPED: Final = int(Reason.MESSAGE_TYPED)
R_INDEXED: Final = int(Reason.MESSAGE_INDEXED)
R_UNKNOWN: Final = int(Reason.MESSAGE_TYPE_UNKNOWN)
R_SHORT: Final = int(Reason.MESSAGE_TOO_SHORT)
R_PART: Final = int(Reason.MESSAGE_PART_ILLEGAL)
T_TAG: Final = int(TSource.TAG)
T_PGHP: Final = int(TSource.PGHP)
AIRCRAFT, LONG_RANGE = 9, 27
RADIO_FROM: Final = 168
"""Below this length the radio status is not there, whatever its place."""
CLOCK_MS: Final = 10_000
"""A message's clock further from the receive time is flagged (chosen: in the Danish sample the
receive second lies -1..+3 s from the AIS second for 90 % of the class A reports)."""


class IndexColumns(NamedTuple):
    """What each message is; one row a message, in input order."""

    t_ms: I64
    t_source: U8
    station: I64
    src_offset: I64
    n_bits: U16
    channel: U8
    quality: U32
    mmsi: U32
    msg_type: U8
    repeat: U8
    dest_mmsi: U32
    dac: I16
    fid: I16
    payload_hash: U64
    table: U8
    row: I32
    """Row of the fix, or of the static data where there is no fix, -1 if neither."""
    static_row: I32
    payload_at: I64
    """(n + 1,) where each payload begins among the packed bytes."""


class FixColumns(NamedTuple):
    """The columns of a position report that no other message has."""

    message: I64
    """Row of the message."""
    lon_raw: I32
    lat_raw: I32
    sog_raw: U16
    cog_raw: U16
    heading_raw: U16
    nav_status: U8
    rot_raw: I8
    second_s: U8
    alt_m: U16
    flags: U16
    radio: U32


@helper
def mmsi_shape_ok(mmsi: int) -> bool:
    """Say whether an MMSI has one of the shapes of ITU-R M.585 with a MID of 201-775."""
    if mmsi >= 1_000_000_000:
        return False
    head = mmsi // 1_000_000
    if head in (970, 972, 974):
        return True
    if head == 111:
        mid = mmsi // 1_000 % 1_000
    elif head >= 980:
        mid = mmsi // 10_000 % 1_000
    elif head >= 800:
        mid = mmsi // 100_000 % 1_000 if head < 900 else i64(0)
    elif mmsi < 10_000_000:
        mid = mmsi // 10_000
    elif mmsi < 100_000_000:
        mid = mmsi // 100_000
    else:
        mid = head
    return bool(201 <= mid <= 775)


@helper
def length_flags(msg_type: int, n_bits: int) -> int:
    """Return the quality bits that type and length give."""
    if msg_type == 0 or msg_type > 27:
        return Q_UNKNOWN if n_bits >= 38 else Q_UNKNOWN | Q_SHORT
    if n_bits < MIN_TABLE[msg_type]:
        return Q_SHORT
    quality = 0
    if n_bits > MAX_TABLE[msg_type]:
        quality |= Q_EXTRA
    if n_bits < FULL_TABLE[msg_type]:
        quality |= Q_TAIL
    return quality


@helper
def typed_tables(words: I64, w: int, msg_type: int, n_bits: int) -> int:
    """Return which typed tables a message long enough belongs to, ILLEGAL_PART or SHORT_PART."""
    if msg_type == 5:
        return STATIC
    if msg_type == 19:
        return FIX | STATIC if n_bits >= MIN_BITS_STATIC_19 else FIX
    if msg_type == 21:
        return FIX | STATIC
    if msg_type == 24:
        part = field(words, w, 38, 2)
        if part == 0:
            return STATIC if n_bits >= MIN_BITS_24A else SHORT_PART
        return STATIC if part == 1 else ILLEGAL_PART
    if FIX_TABLE[msg_type, LON, 0] >= 0:
        return FIX
    return 0


@helper
def application(words: I64, w: int, msg_type: int, n_bits: int) -> tuple[int, int, int]:
    """Return destination MMSI (0 = none), DAC and function identifier (NO_CODE = none)."""
    dest, code = 0, -1
    if DEST_TABLE[msg_type] >= 0:
        dest = field(words, w, DEST_TABLE[msg_type], 30)
    if msg_type == 6:
        code = 72
    elif msg_type == 8:
        code = 40
    elif msg_type == 22 and field(words, w, 139, 1) == 1:
        dest = field(words, w, 69, 30)
    elif msg_type == 25 or msg_type == 26:
        code = 40
        if field(words, w, 38, 1) == 1 and n_bits >= 70:
            dest = field(words, w, 40, 30)
            code = 70
        if field(words, w, 39, 1) == 0:
            code = -1
    if code < 0 or code + 16 > n_bits:
        return dest, NO_CODE, NO_CODE
    return dest, field(words, w, code, 10), field(words, w, code + 10, 6)


@helper
def identity_flags(mmsi: int, t_ms: int) -> int:
    """Return the quality bits that MMSI and time give."""
    quality = Q_NO_TIME if t_ms == NO_TIME else 0
    if mmsi == 0:
        return quality | Q_ZERO
    return quality if mmsi_shape_ok(mmsi) else quality | Q_SHAPE


@kernel
def index(rows: I64, n: int, words: I64, out: IndexColumns) -> tuple[int, int]:
    """Say what each message is, and spread the rows of the line layer over columns.

    Args:
        rows: (m, ROW_SIZE) int64 complete payloads.
        n: number of rows.
        words: (k,) int64 payload words.
        out: (n,) columns to fill; `quality` gains the flags of type, length, MMSI and time.

    Returns:
        Number of fixes and of static rows.
    """
    spread(rows, n, out.t_ms, out.t_source, out.station, out.src_offset, out.n_bits, out.channel)
    o_type, o_mmsi, o_repeat, o_table = out.msg_type, out.mmsi, out.repeat, out.table
    o_dest, o_dac, o_fid, o_hash = out.dest_mmsi, out.dac, out.fid, out.payload_hash
    o_row, o_static, o_payload, o_quality = out.row, out.static_row, out.payload_at, out.quality
    n_fix, n_static, n_bytes = 0, 0, 0
    for i in range(n):
        w, n_bits = rows[i, ROW_WORD], rows[i, ROW_BITS]
        msg_type = field(words, w, 0, 6) if n_bits >= 6 else i64(0)
        mmsi = field(words, w, 8, 30) if n_bits >= 38 else i64(0)
        quality = length_flags(msg_type, n_bits) | identity_flags(mmsi, rows[i, ROW_T])
        table = 0
        dest, dac, fid = i64(0), i64(NO_CODE), i64(NO_CODE)
        if quality & (Q_UNKNOWN | Q_SHORT) == 0:
            table = typed_tables(words, w, msg_type, n_bits)
            if table < 0:
                quality |= Q_PART if table == ILLEGAL_PART else Q_SHORT
                table = 0
            elif table == 0:
                dest, dac, fid = application(words, w, msg_type, n_bits)
        o_type[i], o_mmsi[i], o_table[i] = msg_type, mmsi, table
        o_repeat[i] = field(words, w, 6, 2) if n_bits >= 8 else 0
        o_dest[i], o_dac[i], o_fid[i] = dest, dac, fid
        o_quality[i] = quality | rows[i, ROW_QUALITY]
        o_hash[i] = payload_hash(words, w, n_bits)
        o_row[i] = n_fix if table & FIX else (n_static if table else -1)
        o_static[i] = n_static if table & STATIC else -1
        n_fix += table & FIX
        n_static += (table & STATIC) // STATIC
        o_payload[i] = n_bytes
        n_bytes += (n_bits + 7) // 8 if table == 0 else 0
    o_payload[n] = n_bytes
    return n_fix, n_static


@helper
def spread(
    rows: I64, n: int, t_ms: I64, t_source: U8, station: I64, offset: I64, bits: U16, channel: U8
) -> None:
    """Copy the rows of the line layer into their columns."""
    for i in range(n):
        t_ms[i], t_source[i] = rows[i, ROW_T], rows[i, ROW_T_SOURCE]
        station[i], offset[i] = rows[i, ROW_STATION], rows[i, ROW_OFFSET]
        bits[i], channel[i] = rows[i, ROW_BITS], rows[i, ROW_CHANNEL]


@kernel
def pack_payloads(rows: I64, words: I64, payload_at: I64, out: U8) -> None:
    """Write the bits of the messages without typed columns as bytes, first bit highest.

    Args:
        rows: (m, ROW_SIZE) int64 complete payloads.
        words: (k,) int64 payload words.
        payload_at: (n + 1,) int64 where each payload begins.
        out: (payload_at[n],) uint8 to fill.
    """
    for i in range(payload_at.size - 1):
        at = payload_at[i]
        for k in range(payload_at[i + 1] - at):
            out[at + k] = field(words, rows[i, ROW_WORD], 8 * k, 8)


@inlined
def number(words: I64, w: int, n_bits: int, kind: int, which: int, missing: int) -> int:
    """Return a field of a position report, `missing` if the type or the message lacks it."""
    offset, width = FIX_TABLE[kind, which, 0], FIX_TABLE[kind, which, 1]
    if offset < 0 or offset + width > n_bits:
        return missing
    return field(words, w, offset, width)


@helper
def flag_bits(words: I64, w: int, n_bits: int, msg_type: int) -> int:
    """Return the one-bit fields of a position report gathered into `Flag` bits."""
    flags = i64(0)
    for k in range(FLAG_TABLE.shape[1]):
        offset = FLAG_TABLE[msg_type, k, 1]
        if offset < 0:
            break
        if offset < n_bits and field(words, w, offset, 1) == 1:
            flags |= FLAG_TABLE[msg_type, k, 0]
    return flags


@helper
def clocks_differ(words: I64, w: int, msg_type: int, t_ms: int, t_source: int, second: int) -> bool:
    """Say whether the message's own clock lies more than CLOCK_MS from the receive time.

    Types 4 and 11 carry the whole date; the others their second of the minute only. A time of
    delivery, or the reader's, says nothing about the clocks.
    """
    if t_source != T_TAG and t_source != T_PGHP:
        return False
    if msg_type != 4 and msg_type != 11:
        late = (t_ms // 1000 - second + 30) % 60 - 30
        return bool(second < 60 and (late * 1000 > CLOCK_MS or late < -2))
    hour, minute = field(words, w, 61, 5), field(words, w, 66, 6)
    month, day = field(words, w, 52, 4), field(words, w, 56, 5)
    said_ms = civil_ms(field(words, w, 38, 14), month, day, hour, minute, second)
    # A clock that is not set, or set to the year 4161, says nothing.
    return bool(said_ms != NO_TIME and abs(said_ms - t_ms) > CLOCK_MS)


@inlined
def position(words: I64, w: int, kind: int) -> tuple[int, int]:
    """Return longitude and latitude in 1/600000 degree; those of type 27 come in 1/600."""
    lon_width, lat_width = FIX_TABLE[kind, LON, 1], FIX_TABLE[kind, LAT, 1]
    lon = signed(field(words, w, FIX_TABLE[kind, LON, 0], lon_width), lon_width)
    lat = signed(field(words, w, FIX_TABLE[kind, LAT, 0], lat_width), lat_width)
    if kind == LONG_RANGE:
        return lon * 1000, lat * 1000
    return lon, lat


@inlined
def motion(words: I64, w: int, n_bits: int, kind: int) -> tuple[int, int]:
    """Return speed in 0.1 kn and course in 0.1 degree; types 9 and 27 send coarser units."""
    sog = number(words, w, n_bits, kind, SOG, SOG_NONE)
    cog = number(words, w, n_bits, kind, COG, COG_NONE)
    if kind == LONG_RANGE:
        sog = sog * 10 if sog < 63 else i64(SOG_NONE)
        cog = cog * 10 if cog != 511 else i64(COG_NONE)
    elif kind == AIRCRAFT and sog != SOG_NONE:
        sog *= 10
    return sog, cog


@helper
def fix_flags(lon: int, lat: int, heading: int) -> int:
    """Return the quality bits that position and heading give."""
    quality = 0
    if (abs(lon) > LON_LIMIT and lon != LON_NONE) or (abs(lat) > LAT_LIMIT and lat != LAT_NONE):
        quality |= Q_RANGE
    if 360 <= heading < HEADING_NONE:
        quality |= Q_HEADING
    return quality


@inlined
def fill_motion(words: I64, w: int, n_bits: int, kind: int, out: FixColumns, j: int) -> int:
    """Fill the columns of one report that its layout alone decides; return its quality bits."""
    lon, lat = position(words, w, kind)
    heading = number(words, w, n_bits, kind, HEADING, HEADING_NONE)
    out.lon_raw[j], out.lat_raw[j] = lon, lat
    out.sog_raw[j], out.cog_raw[j] = motion(words, w, n_bits, kind)
    out.heading_raw[j] = heading
    out.second_s[j] = number(words, w, n_bits, kind, SECOND, SECOND_NONE)
    out.rot_raw[j] = signed(number(words, w, n_bits, kind, ROT, ROT_NONE & 255), 8)
    out.nav_status[j] = number(words, w, n_bits, kind, STATUS, STATUS_NONE)
    out.alt_m[j] = number(words, w, n_bits, kind, ALT, ALT_NONE)
    out.radio[j] = NO_RADIO
    if n_bits >= RADIO_FROM:
        out.radio[j] = number(words, w, n_bits, kind, RADIO, NO_RADIO)
    out.flags[j] = flag_bits(words, w, n_bits, kind)
    return fix_flags(lon, lat, heading)


@kernel
def read_fixes(rows: I64, words: I64, idx: IndexColumns, out: FixColumns) -> None:
    """Fill the columns of the position reports.

    Args:
        rows: (m, ROW_SIZE) int64 complete payloads.
        words: (k,) int64 payload words.
        idx: (n,) what each message is; `quality` gains the flags of position, heading and clock.
        out: one row for every message with the bit FIX.
    """
    kinds, table, quality = idx.msg_type, idx.table, idx.quality
    j = 0
    for i in range(kinds.size):
        if table[i] & FIX == 0:
            continue
        kind, w, n_bits = i64(kinds[i]), rows[i, ROW_WORD], rows[i, ROW_BITS]
        # Types 1-3 are nine of ten reports and lie alike: with their layout known when it is
        # compiled, the same code needs half the time.
        if kind <= 3:
            flags = fill_motion(words, w, n_bits, 1, out, j)
        else:
            flags = fill_motion(words, w, n_bits, kind, out, j)
        second = i64(out.second_s[j])
        if clocks_differ(words, w, kind, rows[i, ROW_T], rows[i, ROW_T_SOURCE], second):
            flags |= Q_CLOCKS
        quality[i] |= flags
        out.message[j] = i
        if rows[i, ROW_OWN] == 1:
            out.flags[j] |= OWN
        j += 1


@helper
def outcome_of(quality: int, table: int) -> int:
    """Return the one outcome of a complete payload."""
    if quality & Q_UNKNOWN:
        return R_UNKNOWN
    if quality & Q_SHORT:
        return R_SHORT
    if quality & Q_PART:
        return R_PART
    return R_TYPED if table > 0 else R_INDEXED


@kernel
def settle(idx: IndexColumns, events: I64, total: I64, tally: Tally) -> None:
    """Count the outcome and the flags of each message, and what the line layer noted.

    Args:
        idx: (n,) what each message is.
        events: (k, EV_SIZE) int64 notes of the line layer.
        total: counters of the source.
        tally: counters of the stations.
    """
    qualities, table = idx.quality, idx.table
    offsets, stations = idx.src_offset, idx.station
    keys, by_station, used = tally.keys, tally.by_station, tally.used
    last, row = i64(NO_TIME), i64(0)
    for i in range(qualities.size):
        quality, offset = i64(qualities[i]), offsets[i]
        if stations[i] != last:
            last = stations[i]
            row = station_row(keys, used, last)
        outcome = outcome_of(quality, table[i])
        count(total, outcome, offset)
        count(by_station[row], outcome, offset)
        quality &= ~COUNTED_BEFORE
        reason = FIRST_FLAG
        while quality > 0:
            if quality & 1 == 1:
                count(total, reason, offset)
                count(by_station[row], reason, offset)
            quality >>= 1
            reason += 1
    for k in range(events.shape[0]):
        row = station_row(keys, used, events[k, EV_STATION])
        count(total, events[k, EV_REASON], events[k, EV_OFFSET])
        count(by_station[row], events[k, EV_REASON], events[k, EV_OFFSET])
