"""Where fields of delimited text begin and end, and what they hash to: eight bytes at a time.

The functions here read whole 64-bit words, so their indices are not checked one by one: the
caller hands a buffer with `PADDING` spare bytes after the last one that counts, and
`DelimitedDecoder` checks that once for each block. Under NUMBA_DISABLE_JIT=1 the same lines run
as plain Python, where every index is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import numba
import numpy as np
from numpy.typing import NDArray

from sargas.decode._jit import TEXT_TABLES
from sargas.model.jit import F, cached

PADDING: Final = 16
"""Bytes that must be readable behind the last byte of a block."""

U = np.uint64
whole: Callable[[Any], int] = cast(Any, np.int64)
"""An integer of the machine, in kernels: what `int` is in Python."""
_0, _1, _3, _7, _56 = U(0), U(1), U(3), U(7), U(56)
_LOW7, _ONES = U(0x7F7F7F7F7F7F7F7F), U(0x0101010101010101)
_INDEX = U(0x0001020304050607)
_NEWLINES = U(0x0A0A0A0A0A0A0A0A)
_CASE = U(0x2020202020202020)
_FULL = U(0xFFFFFFFFFFFFFFFF)
_8, _16, _24, _32, _40, _48 = U(8), U(16), U(24), U(32), U(40), U(48)
_2, _4, _5, _6 = U(2), U(4), U(5), U(6)
_FRESH, _BARE, _QUOTED, _CLOSED = 0, 1, 2, 3
_MIX1, _MIX2 = U(0x9E3779B97F4A7C15), U(0xD6E8FEB86659FD93)

_njit: Any = numba.njit  # its types do not know the options used here


def unchecked(fn: F) -> F:
    """Compile a helper whose indices the caller has checked as a whole."""
    return cast(F, _njit(nogil=True, _nrt=False)(fn))


def checked(fn: F) -> F:
    """Compile a helper with checked indices.

    Without reference counts (`_nrt`): nothing here makes an array, and counting them up and down
    for every field cost three times as much as reading the field.
    """
    return cast(F, _njit(nogil=True, boundscheck=True, _nrt=False)(fn))


def entry(fn: F, *, boundscheck: bool = True) -> F:
    """Compile a kernel that Python calls, cached on disk."""
    return cached(fn, TEXT_TABLES, boundscheck=boundscheck)


@unchecked
def load8(buf: NDArray[np.uint8], at: int) -> np.uint64:
    """Read eight bytes, the first one lowest. LLVM makes one load of it."""
    i = np.uint64(at)
    return (
        U(buf[i])
        | (U(buf[i + _1]) << _8)
        | (U(buf[i + _2]) << _16)
        | (U(buf[i + _3]) << _24)
        | (U(buf[i + _4]) << _32)
        | (U(buf[i + _5]) << _40)
        | (U(buf[i + _6]) << _48)
        | (U(buf[i + _7]) << _56)
    )


@unchecked
def mix(h: np.uint64, word: np.uint64) -> np.uint64:
    """Fold a word into a 64-bit hash: multiply and shift, good enough for tables and copies."""
    h = (h ^ word) * _MIX1
    h ^= h >> _32
    h *= _MIX2
    return h ^ (h >> _32)


@unchecked
def span_hash(buf: NDArray[np.uint8], start: int, stop: int, fold_case: bool) -> np.uint64:
    """Hash the bytes of `buf[start:stop]`; `fold_case` makes letters of both cases equal."""
    case = _CASE if fold_case else _0
    h = U(stop - start)
    while start + 8 <= stop:
        h = mix(h, load8(buf, start) | case)
        start += 8
    if start < stop:
        keep = _FULL >> (U(8 - (stop - start)) << _3)
        h = mix(h, (load8(buf, start) | case) & keep)
    return h


@partial(entry, boundscheck=False)
def find_edges(
    buf: NDArray[np.uint8], stop: int, delimiter: int, edges: NDArray[np.int32]
) -> tuple[int, int]:
    """List every delimiter and newline of `buf[:stop]`, which holds no quotes.

    Three positions are written for each word without asking how many there are, and the count
    moves by the true number: no branch that depends on the text, except for crowded words.

    Args:
        buf: (>= stop + PADDING,) uint8.
        stop: bytes to look at.
        delimiter: byte value.
        edges: (>= stop + 8,) int32, filled from index 1; `edges[0]` becomes -1, so that field k
            of the block is `buf[edges[k] + 1 : edges[k + 1]]`.

    Returns:
        (edges, newlines among them).
    """
    edges[0] = -1
    newlines = _0
    pattern = U(delimiter) * _ONES
    k = _1
    for at in range(0, stop, 8):
        word = load8(buf, at)
        a, b = word ^ pattern, word ^ _NEWLINES
        a = ((a & _LOW7) + _LOW7) | a
        b = ((b & _LOW7) + _LOW7) | b
        newlines += ((~(b | _LOW7) >> _7) * _ONES) >> _56
        hit = ~((a & b) | _LOW7) >> _7
        n = (hit * _ONES) >> _56
        edges[k] = at + whole(((hit & (_0 - hit)) * _INDEX) >> _56)
        hit &= hit - _1
        edges[k + _1] = at + whole(((hit & (_0 - hit)) * _INDEX) >> _56)
        hit &= hit - _1
        edges[k + _2] = at + whole(((hit & (_0 - hit)) * _INDEX) >> _56)
        hit &= hit - _1
        if n > _3:
            i = k + _3
            while hit != _0:
                edges[i] = at + whole(((hit & (_0 - hit)) * _INDEX) >> _56)
                hit &= hit - _1
                i += _1
        k += n
    found = whole(k) - 1
    ends = whole(newlines)
    while found > 0 and edges[found] >= stop:  # the last word may reach past the end
        ends -= buf[edges[found]] == 10
        found -= 1
    return found, ends


@entry
def find_edges_quoted(
    buf: NDArray[np.uint8], stop: int, delimiter: int, edges: NDArray[np.int32]
) -> tuple[int, int]:
    """List the edges of a block that holds quotes, as `find_edges` does.

    A quote opens only at the start of a field, a doubled quote inside is one quote, and a newline
    always ends the row: an unbalanced quote costs its own row and no other.
    """
    edges[0] = -1
    k, state, ends = 1, _FRESH, 0
    for at in range(stop):
        byte = buf[at]
        if byte == 10 or (byte == delimiter and state != _QUOTED):
            edges[k] = at
            k += 1
            ends += byte == 10
            state = _FRESH
        elif byte == 34:
            if state == _QUOTED:
                state = _CLOSED
            elif state != _BARE:
                state = _QUOTED
        elif state != _QUOTED:
            state = _BARE
    return k - 1, ends


@entry
def find_rows(
    buf: NDArray[np.uint8], edges: NDArray[np.int32], n_edges: int, first: NDArray[np.int32]
) -> int:
    """List where rows begin among the edges of a block that ends with a newline.

    Args:
        buf, edges: as filled by `find_edges`.
        n_edges: how many edges.
        first: (>= n_edges + 1,) int32, written: row r has the fields from edge `first[r]` to
            edge `first[r + 1]`.

    Returns:
        How many rows.
    """
    first[0] = 0
    n = 0
    for k in range(1, n_edges + 1):
        first[n + 1] = k
        n += buf[edges[k]] == 10
    return n


@entry
def even_rows(
    buf: NDArray[np.uint8],
    edges: NDArray[np.int32],
    n_edges: int,
    n_columns: int,
    first: NDArray[np.int32],
) -> int:
    """List where rows begin if every row has `n_columns` fields; -1 if that is not so.

    The caller must know that the block has `n_edges / n_columns` newlines: then it is enough that
    one of them stands where each row should end. Arguments as for `find_rows`.
    """
    n = n_edges // n_columns
    first[0] = 0
    for row in range(n):
        last = (row + 1) * n_columns
        first[row + 1] = last
        if buf[edges[last]] != 10:
            return -1
    return n
