"""The message layer, position reports: from complete payloads to the columns of fixes.

Integers stay as they are on the wire; sentinels stand where a type has no such field or the
message ends before it.

Source: ITU-R M.1371-5, annex 8, section 3 (layouts in `layout.py`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sargas.decode._jit import helper, i64, inlined, kernel
from sargas.decode.bits import field, signed
from sargas.decode.codes import NO_RADIO, NO_TIME, Flag, Quality, Table, TSource
from sargas.decode.layout import (
    ALT,
    COG,
    FIX_TABLE,
    FLAG_TABLE,
    HEADING,
    LAT,
    LON,
    RADIO,
    ROT,
    SECOND,
    SOG,
    STATUS,
)
from sargas.decode.messages import IndexColumns
from sargas.decode.meta import civil_ms
from sargas.decode.state import (
    I32,
    I64,
    ROW_BITS,
    ROW_OWN,
    ROW_T,
    ROW_T_SOURCE,
    ROW_WORD,
    U8,
    U16,
    U32,
)

I8 = npt.NDArray[np.int8]

FIX: Final = int(Table.FIX)
LON_NONE: Final = 181 * 600_000
LAT_NONE: Final = 91 * 600_000
LON_LIMIT: Final = 180 * 600_000
LAT_LIMIT: Final = 90 * 600_000
SOG_NONE, COG_NONE, HEADING_NONE, STATUS_NONE = 1023, 3600, 511, 15
ROT_NONE, SECOND_NONE, ALT_NONE = -128, 60, 4095
OWN: Final = int(Flag.OWN_STATION)
Q_RANGE: Final = int(Quality.POSITION_OUT_OF_RANGE)
Q_HEADING: Final = int(Quality.HEADING_INVALID)
Q_CLOCKS: Final = int(Quality.TIME_DISAGREES)
T_TAG: Final = int(TSource.TAG)
T_PGHP: Final = int(TSource.PGHP)
AIRCRAFT, LONG_RANGE = 9, 27
RADIO_FROM: Final = 168
"""Below this length the radio status is not there, whatever its place."""
CLOCK_MS: Final = 10_000
"""A message's clock further from the receive time is flagged (chosen: in the Danish sample the
receive second lies -1..+3 s from the AIS second for 90 % of the class A reports)."""


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
