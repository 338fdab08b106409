"""One column of a block of delimited text to one array: a kernel for each kind of column.

Every kernel takes the block the same way:

    buf: uint8, the text, with `PADDING` spare bytes behind its end.
    edges: int32, from `find_edges`.
    first: (n,) int32, for each row the edge before its first field.
    column: which field of the row.

and writes `out` (n,) int64 and `status` (n,) uint8: OK, MISSING, BAD or UNKNOWN; it returns how
many are BAD or UNKNOWN.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sargas.decode.delimited_fields import (
    BAD,
    MISSING,
    OK,
    copy_text,
    digit_run,
    find_word,
    scaled,
    time_ms,
    whole_number,
)
from sargas.decode.delimited_split import U, checked, entry, mix, span_hash, whole
from sargas.decode.messages import mmsi_shape_ok

UNKNOWN: Final = 3
"""Status of a code word that is not in the table."""

MAX_LINE: Final = 65_536
"""Bytes in a line; a longer one is skipped and counted."""

GOOD, BLANK, WRONG_FIELD_COUNT, NUL_BYTES, LINE_TOO_LONG, HEADER = range(6)
"""Shapes of a line."""

SEED: Final = U(0x53617267617331)

Bytes = NDArray[np.uint8]
Edges = NDArray[np.int32]
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@checked
def raw_field(buf: Bytes, edges: Edges, at: int) -> tuple[int, int]:
    """Give start and stop of field `at` with its quotes, without the CR of a row's end."""
    start, stop = whole(edges[at]) + 1, whole(edges[at + 1])
    if stop > start and buf[stop - 1] == 13 and buf[stop] == 10:
        stop -= 1
    return start, stop


@checked
def trimmed(buf: Bytes, edges: Edges, at: int) -> tuple[int, int]:
    """Give start and stop of field `at` without quotes and outer blanks."""
    start, stop = whole(edges[at]) + 1, whole(edges[at + 1])
    if start < stop and buf[start] > 34 and buf[stop - 1] > 34:
        return start, stop  # nothing to take off: nearly all fields
    start, stop = raw_field(buf, edges, at)
    if start < stop and buf[start] == 34:
        start += 1
        if start < stop and buf[stop - 1] == 34:
            stop -= 1
    while start < stop and buf[start] == 32:
        start += 1
    while start < stop and buf[stop - 1] == 32:
        stop -= 1
    return start, stop


@entry
def row_shapes(
    buf: Bytes, edges: Edges, rows: Edges, n_rows: int, n_columns: int, has_nul: bool,
    header: np.uint64, header_byte: int, shape: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Tell rows from lines that are none.

    Args:
        rows: from `find_rows`.
        n_rows, n_columns: rows of the block; fields that each should have.
        has_nul: the block holds NUL bytes.
        header, header_byte: hash and first byte of the header line, which joined files repeat.
        shape: (n_rows,) uint8, written.
    """
    for row in range(n_rows):
        n = rows[row + 1] - rows[row]
        start = whole(edges[rows[row]]) + 1
        stop = whole(edges[rows[row + 1]])
        if stop > start and buf[stop - 1] == 13:
            stop -= 1
        shape[row] = GOOD
        if stop - start > MAX_LINE:
            shape[row] = LINE_TOO_LONG
        elif n != n_columns:
            shape[row] = BLANK if start == stop else WRONG_FIELD_COUNT
        elif (buf[start] | 32) == header_byte and span_hash(buf, start, stop, True) == header:
            shape[row] = HEADER
        if has_nul and shape[row] != LINE_TOO_LONG:
            for at in range(start, stop):
                if buf[at] == 0:
                    shape[row] = NUL_BYTES


@entry
def read_times(
    buf: Bytes, edges: Edges, first: Edges, column: int, day: Hashes, out: Ints, status: Bytes
) -> int:
    """Read times to ms UTC; `day` (7,) uint64 is the cache of `time_ms`."""
    odd = 0
    for row in range(len(first)):
        start, stop = trimmed(buf, edges, first[row] + column)
        state, out[row] = time_ms(buf, start, stop, day)
        status[row] = state
        odd += state > MISSING
    return odd


@entry
def read_ids(buf: Bytes, edges: Edges, first: Edges, column: int, out: Ints, status: Bytes) -> int:
    """Read MMSI; `219024000.0` of a program that knows only floats is one, `2190240.5` is not."""
    odd = 0
    for row in range(len(first)):
        start, stop = trimmed(buf, edges, first[row] + column)
        value, state = whole_number(buf, start, stop), OK
        if value < 0:
            state, tenths = scaled(buf, start, stop, 1, 1)
            value = tenths // 10
            if state != OK or tenths % 10 != 0:
                state = BAD  # also when it is empty: a row must say who it is of
        if value < 0 or value > 999_999_999:
            state = BAD
        out[row], status[row] = value, state
        odd += state > MISSING
    return odd


@entry
def read_decimals(
    buf: Bytes, edges: Edges, first: Edges, column: int, factor: int, shift: int, low: int,
    high: int, none: int, nothing: Hashes, out: Ints, status: Bytes,
) -> int:  # fmt: skip
    """Read decimal numbers in units of 1 / (factor * 10**shift), half to even.

    Args:
        low, high: what is outside is BAD.
        none: written where there is no value.
        nothing: word table of what means no value (`find_word`).
    """
    odd = 0
    for row in range(len(first)):
        start, stop = trimmed(buf, edges, first[row] + column)
        state, value = scaled(buf, start, stop, factor, shift)
        if state == OK and (value < low or value > high):
            state = BAD
        elif state == BAD and find_word(buf, start, stop, nothing) >= 0:
            state = MISSING
        out[row] = value if state == OK else none
        status[row] = state
        odd += state > MISSING
    return odd


@entry
def read_codes(
    buf: Bytes, edges: Edges, first: Edges, column: int, words: Hashes, high: int, none: int,
    nothing: Hashes, out: Ints, status: Bytes,
) -> int:  # fmt: skip
    """Read codes: a number of at most `high` as it is, or a word of the table `words`."""
    odd = 0
    for row in range(len(first)):
        start, stop = trimmed(buf, edges, first[row] + column)
        state, value = MISSING, none
        if start < stop and 48 <= buf[start] <= 57:
            state, value = scaled(buf, start, stop, 1, 0)
            if value > high:
                state = BAD
        elif start < stop:
            value, state = find_word(buf, start, stop, words), OK
            if value < 0:
                state = MISSING if find_word(buf, start, stop, nothing) >= 0 else UNKNOWN
        out[row] = value if state == OK else none
        status[row] = state
        odd += state > MISSING
    return odd


@entry
def read_imos(
    buf: Bytes, edges: Edges, first: Edges, column: int, nothing: Hashes, out: Ints, status: Bytes
) -> int:
    """Read IMO numbers, with or without the letters before them; 0 where there is none."""
    odd = 0
    for row in range(len(first)):
        start, stop = trimmed(buf, edges, first[row] + column)
        if stop - start > 3 and (buf[start] | 32) == 105 and 48 <= buf[start + 3] <= 57:
            start += 3
        state, value = scaled(buf, start, stop, 1, 0)
        if state == BAD and find_word(buf, start, stop, nothing) >= 0:
            state = MISSING
        elif state == OK and (value < 0 or value >= 1 << 30):
            state = BAD
        out[row] = value if state == OK else 0
        status[row] = state
        odd += state > MISSING
    return odd


@entry
def read_etas(
    buf: Bytes, edges: Edges, first: Edges, column: int, nothing: Hashes, day: Hashes, out: Ints,
    status: Bytes,
) -> int:  # fmt: skip
    """Read times of arrival to the 20 wire bits; a number alone is these bits."""
    odd = 0
    for row in range(len(first)):
        start, stop = trimmed(buf, edges, first[row] + column)
        value = whole_number(buf, start, stop)
        state = OK if 0 <= value < 1 << 20 else MISSING if start == stop else BAD
        if state == BAD and stop - start >= 16:
            state, _ = time_ms(buf, start, stop, day)
            iso = buf[start + 4] == 45
            month = digit_run(buf, start + 5 if iso else start + 3, 2)
            of_month = digit_run(buf, start + 8 if iso else start, 2)
            hour, minute = digit_run(buf, start + 11, 2), digit_run(buf, start + 14, 2)
            value = month << 16 | of_month << 11 | hour << 6 | minute
        if state == BAD and find_word(buf, start, stop, nothing) >= 0:
            state = MISSING
        out[row] = value if state == OK else 0
        status[row] = state
        odd += state > MISSING
    return odd


@entry
def read_texts(
    buf: Bytes, edges: Edges, first: Edges, column: int, nothing: Hashes, out: NDArray[np.uint8]
) -> None:
    """Copy texts to `out` (n, width) uint8; zeros where a word of `nothing` stands."""
    for row in range(len(first)):
        start, stop = trimmed(buf, edges, first[row] + column)
        if find_word(buf, start, stop, nothing) >= 0:
            stop = start
        else:
            start, stop = raw_field(buf, edges, first[row] + column)
        copy_text(buf, start, stop, out, row)


@checked
def find_vessel(mmsi: Ints, wanted: int) -> int:
    """Find the place of a vessel in an open table, or the free one (-1) where it belongs."""
    top = U(len(mmsi) - 1)
    at = mix(SEED, U(wanted)) & top
    while mmsi[at] != wanted and mmsi[at] != -1:
        at = (at + U(1)) & top
    return whole(at)


@entry
def find_vessels(
    table: Ints, wanted: Ints, start: int, taken: int, places: Ints
) -> tuple[int, int]:
    """Give every vessel its place in the table, new ones included.

    Args:
        table: (m,) int64, MMSI by place, -1 free; m a power of two.
        wanted: (n,) int64 MMSI.
        start: first row to do.
        taken: places taken.
        places: (n,) int64, written.

    Returns:
        (row, taken): the first row not done, for the table must stay half empty.
    """
    for row in range(start, len(wanted)):
        at = find_vessel(table, wanted[row])
        if table[at] == -1:
            if 2 * taken >= len(table):
                return row, taken
            table[at] = wanted[row]
            taken += 1
        places[row] = at
    return len(wanted), taken


@entry
def spans_changed(
    buf: Bytes, edges: Edges, first: Edges, runs: Edges, places: Ints, seen: Hashes,
    changed: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Tell where the bytes of the static fields differ from the vessel's row before.

    Args:
        runs: (m, 2) int32, first and last column of the spans that hold the static fields.
        places: (n,) from `find_vessels`.
        seen: by place, the hash of the last bytes; 0 for none.
        changed: (n,) written.
    """
    for row in range(len(first)):
        h = SEED
        for run in range(len(runs)):
            start = whole(edges[first[row] + runs[run, 0]]) + 1
            stop = whole(edges[first[row] + runs[run, 1] + 1])
            h = mix(h, span_hash(buf, start, stop, False))
        changed[row] = seen[places[row]] != h
        seen[places[row]] = h


@entry
def values_changed(hashes: Hashes, places: Ints, sent: Hashes, changed: NDArray[np.bool_]) -> None:
    """Tell where values differ from what the same vessel sent last; a hash of 0 means nothing."""
    for row in range(len(hashes)):
        changed[row] = hashes[row] != U(0) and sent[places[row]] != hashes[row]
        if changed[row]:
            sent[places[row]] = hashes[row]


@entry
def hash_reports(
    mmsi: Ints, t_ms: Ints, lon: Ints, lat: Ints, sog: Ints, cog: Ints, heading: Ints,
    status: Ints, out: Hashes,
) -> None:  # fmt: skip
    """Hash what makes two rows copies of one report; all arguments are wire values, (n,)."""
    for row in range(len(out)):
        h = mix(SEED, U(mmsi[row]) | U(sog[row]) << U(32) | U(cog[row]) << U(48))
        h = mix(h, U(t_ms[row]))
        h = mix(h, (U(lon[row]) << U(32)) ^ U(lat[row]))
        out[row] = mix(h, U(heading[row]) | U(status[row]) << U(16))


@entry
def hash_bytes(rows: NDArray[np.uint8], out: Hashes) -> None:
    """Hash each row of `rows` (n, width) uint8, width a multiple of 8."""
    for row in range(len(rows)):
        h = SEED
        for at in range(0, rows.shape[1], 8):
            word = U(0)
            for i in range(8):
                word |= U(rows[row, at + i]) << U(8 * i)
            h = mix(h, word)
        out[row] = h


@entry
def settle_keys(
    t_ms: Ints, no_time: Bytes, mmsi: Ints, lon: Ints, no_lon: Bytes, lat: Ints, no_lat: Bytes,
    none: Ints, quality_bits: Ints, quality: Ints,
) -> None:  # fmt: skip
    """Put the signs for "not available", and say what is odd about who, when and where.

    Args:
        t_ms, mmsi, lon, lat: (n,) as read; times and places are changed where missing.
        no_time, no_lon, no_lat: (n,) statuses, none of them BAD.
        none: what to put for a missing time, longitude and latitude.
        quality_bits: bits for MMSI zero, MMSI of no shape, off the Earth, no time.
        quality: (n,) written.
    """
    for row in range(len(t_ms)):
        bits = whole(0)
        if no_time[row] == MISSING:
            t_ms[row] = none[0]
            bits |= quality_bits[3]
        if mmsi[row] == 0:
            bits |= quality_bits[0]
        elif not mmsi_shape_ok(mmsi[row]):
            bits |= quality_bits[1]
        missing = no_lon[row] == MISSING or no_lat[row] == MISSING
        if missing or lon[row] == none[1] or lat[row] == none[2]:
            lon[row], lat[row] = none[1], none[2]
        elif abs(lon[row]) > 108_000_000 or abs(lat[row]) > 54_000_000:
            bits |= quality_bits[2]
        quality[row] = bits


@entry
def read_turns(rates: Ints, wire: Ints, none: int, out: Ints) -> None:
    """Bring rates of turn, 0.1 degree a minute, to the wire's scale by the table `wire`."""
    top = len(wire) - 1
    for row in range(len(rates)):
        value = wire[min(abs(rates[row]), top)]
        out[row] = none if value > 127 else -value if rates[row] < 0 else value
