"""The message layer: from complete payloads to typed columns.

Three passes over the rows of the line layer: `index` says what each message is, `read_fixes`
(`reports.py`) and `read_static` (`static.py`) fill the typed tables whose sizes are then known,
`settle` counts.

Source: ITU-R M.1371-5, annex 8, section 3 (layouts in `layout.py`), ITU-R M.585 (MMSI shapes).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sargas.decode._jit import helper, i64, kernel
from sargas.decode.bits import field, payload_hash
from sargas.decode.codes import (
    FLAG_REASONS,
    NO_CODE,
    NO_TIME,
    Quality,
    Reason,
    Table,
)
from sargas.decode.layout import (
    DEST_TABLE,
    FIX_TABLE,
    FULL_TABLE,
    LON,
    MAX_TABLE,
    MIN_BITS_24A,
    MIN_BITS_STATIC_19,
    MIN_TABLE,
)
from sargas.decode.state import (
    EV_OFFSET,
    EV_REASON,
    EV_STATION,
    I32,
    I64,
    ROW_BITS,
    ROW_CHANNEL,
    ROW_OFFSET,
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

I16 = npt.NDArray[np.int16]


FIX: Final = int(Table.FIX)
STATIC: Final = int(Table.STATIC)
ILLEGAL_PART, SHORT_PART = -1, -2
Q_UNKNOWN: Final = int(Quality.TYPE_UNKNOWN)
Q_SHORT: Final = int(Quality.TOO_SHORT)
Q_PART: Final = int(Quality.PART_ILLEGAL)
Q_EXTRA: Final = int(Quality.EXTRA_BITS)
Q_TAIL: Final = int(Quality.SHORT_TAIL)
Q_ZERO: Final = int(Quality.MMSI_ZERO)
Q_SHAPE: Final = int(Quality.MMSI_SHAPE)
Q_NO_TIME: Final = int(Quality.TIME_MISSING)
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
