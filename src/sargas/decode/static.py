"""The message layer, second half: static data of types 5, 19, 21 and 24.

Parts A and B of type 24 stay two rows: joining them by MMSI is a later step, never the decoder's.

Source: ITU-R M.1371-5, annex 8, sections 3.3, 3.17, 3.19, 3.22 (layouts in `layout.py`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from sargas.decode._jit import helper, i64, kernel
from sargas.decode.bits import field
from sargas.decode.codes import Table
from sargas.decode.layout import (
    AIS_VERSION,
    BOW,
    CALLSIGN,
    DESTINATION,
    DRAUGHT,
    DTE,
    EPFD,
    ETA,
    IMO,
    MODEL,
    MOTHERSHIP,
    NAME,
    NAME_EXT,
    PORT,
    ROW_5,
    ROW_19,
    ROW_21,
    ROW_24A,
    ROW_24AUX,
    ROW_24B,
    SERIAL,
    SHIP_TYPE,
    STARBOARD,
    STATIC_TABLE,
    STERN,
    TEXT_CHARS,
    TEXT_TABLE,
    VENDOR,
)
from sargas.decode.state import I64, ROW_BITS, ROW_WORD, U8, U16, U32

STATIC: Final = int(Table.STATIC)
NO_PART: Final = 255
NAME_CHARS: Final = TEXT_CHARS[NAME]
TEXT_LENGTHS: Final = np.array(TEXT_CHARS, np.int64)
ETA_NONE: Final = 24 << 6 | 60
"""Month 0, day 0, hour 24, minute 60: not available."""
DTE_NONE: Final = 1
"""The wire's own value for "terminal not ready", also its default."""


class StaticColumns(NamedTuple):
    """The columns of static data that no other message has."""

    message: I64
    """Row of the message."""
    part: U8
    imo: U32
    ship_type: U8
    bow_m: U16
    stern_m: U16
    port_m: U8
    starboard_m: U8
    epfd: U8
    eta_raw: U32
    draught_raw: U8
    ais_version: U8
    dte: U8
    mothership_mmsi: U32
    model: U8
    serial: U32
    vendor: U8
    """(n, 3) ASCII, as the four that follow."""
    callsign: U8
    name: U8
    destination: U8


@helper
def layout_row(words: I64, w: int, msg_type: int) -> int:
    """Return the row of the static layouts for a message."""
    if msg_type == 5:
        return ROW_5
    if msg_type == 19:
        return ROW_19
    if msg_type == 21:
        return ROW_21
    if field(words, w, 38, 2) == 0:
        return ROW_24A
    # 98MIDxxxx is a craft that belongs to a mother ship.
    return ROW_24AUX if field(words, w, 8, 30) // 10_000_000 == 98 else ROW_24B


@helper
def number(words: I64, w: int, n_bits: int, row: int, which: int, missing: int) -> int:
    """Return a field of static data, `missing` if the layout or the message lacks it."""
    offset, width = STATIC_TABLE[row, which, 0], STATIC_TABLE[row, which, 1]
    if offset < 0 or offset + width > n_bits:
        return missing
    return field(words, w, offset, width)


@helper
def read_text(words: I64, w: int, n_bits: int, row: int, which: int, out: U8, at: int) -> int:
    """Write a text field from `out[at]`, whole characters only; return how many before `@`."""
    offset = TEXT_TABLE[row, which, 0]
    if offset < 0 or offset >= n_bits:
        return 0
    n_chars = i64(min(TEXT_LENGTHS[which], (n_bits - offset) // 6))
    for k in range(n_chars):
        value = field(words, w, offset + 6 * k, 6)
        if value == 0:
            return k
        out[at + k] = value + 64 if value < 32 else value
    return n_chars


@helper
def text(words: I64, w: int, n_bits: int, row: int, which: int, out: U8) -> None:
    """Write a text field, cut at the first `@` and stripped of trailing blanks."""
    length = read_text(words, w, n_bits, row, which, out, 0)
    if which == NAME and length == NAME_CHARS:
        length += read_text(words, w, n_bits, row, NAME_EXT, out, NAME_CHARS)
    # Leading blanks belong to the value.
    while length > 0 and out[length - 1] == 32:
        length -= 1
        out[length] = 0


@kernel
def read_static(rows: I64, words: I64, msg_type: U8, table: U8, out: StaticColumns) -> None:
    """Fill the columns of static data.

    Args:
        rows: (m, ROW_SIZE) int64 complete payloads.
        words: (k,) int64 payload words.
        msg_type: (n,) message types.
        table: (n,) `Table` bits.
        out: one row for every message with the bit STATIC; texts zeroed.
    """
    j = 0
    for i in range(msg_type.size):
        if table[i] & STATIC == 0:
            continue
        w, n_bits = rows[i, ROW_WORD], rows[i, ROW_BITS]
        row = layout_row(words, w, msg_type[i])
        out.message[j] = i
        out.part[j] = field(words, w, 38, 2) if msg_type[i] == 24 else NO_PART
        out.imo[j] = number(words, w, n_bits, row, IMO, 0)
        out.ship_type[j] = number(words, w, n_bits, row, SHIP_TYPE, 0)
        out.bow_m[j] = number(words, w, n_bits, row, BOW, 0)
        out.stern_m[j] = number(words, w, n_bits, row, STERN, 0)
        out.port_m[j] = number(words, w, n_bits, row, PORT, 0)
        out.starboard_m[j] = number(words, w, n_bits, row, STARBOARD, 0)
        out.epfd[j] = number(words, w, n_bits, row, EPFD, 0)
        out.eta_raw[j] = number(words, w, n_bits, row, ETA, ETA_NONE)
        out.draught_raw[j] = number(words, w, n_bits, row, DRAUGHT, 0)
        out.ais_version[j] = number(words, w, n_bits, row, AIS_VERSION, 0)
        out.dte[j] = number(words, w, n_bits, row, DTE, DTE_NONE)
        out.mothership_mmsi[j] = number(words, w, n_bits, row, MOTHERSHIP, 0)
        out.model[j] = number(words, w, n_bits, row, MODEL, 0)
        out.serial[j] = number(words, w, n_bits, row, SERIAL, 0)
        text(words, w, n_bits, row, VENDOR, out.vendor[j])
        text(words, w, n_bits, row, CALLSIGN, out.callsign[j])
        text(words, w, n_bits, row, NAME, out.name[j])
        text(words, w, n_bits, row, DESTINATION, out.destination[j])
        j += 1
