"""Mutations: the same seed gives the same inputs, on every machine.

Small steps from what is well formed reach further than noise: most inputs keep the outer form and
are wrong in one or two places.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

MOST_BYTES = 1 << 16
"""An input is no longer than this, but for lines that are made overlong on purpose."""

NUMBERS: tuple[bytes, ...] = (
    b"0", b"-1", b"1", b"-0", b"0.0", b"1e309", b"-1e309", b"1e-400", b"nan", b"NaN", b"inf",
    b"Infinity", b"-Infinity", b"180", b"-180", b"180.0000001", b"90", b"91", b"181", b"360",
    b"102.3", b"511", b"127", b"128", b"255", b"256", b"32767", b"65536", b"2147483647",
    b"2147483648", b"4294967295", b"4294967296", b"9007199254740993", b"9223372036854775807",
    b"9223372036854775808", b"18446744073709551616", b"9" * 40, b"9" * 5000, b"0x10", b"1_000",
    b"1,5", b"+7", b" 7 ", b"007", b"1.", b".5", b"1e5", b"1E+5", "٣".encode(), "½".encode(),
)  # fmt: skip
TEXTS: tuple[bytes, ...] = (
    b"", b" ", b"\0", b"\x1b[31m", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80",
    "\u202e".encode(), "\u2028".encode(), "😀".encode(), b"<script>", b"&lt;", b"'", b'"', b"\\",
    b"\\u0000", b"\\ud800", b"../../etc/passwd", b"/dev/zero", b"C:\\x", b"%s%n", b"${x}", b"=1+1",
    b"\r", b"\n", b"\r\n", b"\n\n", b",", b";", b"\t", b"|", b"*", b"!", b"null", b"true", b"{}",
    b"[]", b"A" * 300, b"A" * 70_000,
)  # fmt: skip
TIMES: tuple[bytes, ...] = (
    b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"1970-01-01T00:00:00Z",
    b"2024-02-30T00:00:00Z", b"2024-12-25", b"20241225T102600Z", b"2024-W52-3T00:00:00Z",
    b"2024-12-25T24:00:00Z", b"2024-12-25T10:26:60Z", b"2024-12-25T10:26:00.123456789Z",
    b"12/25/2024 10:26:00", b"31/12/2024 23:59:59",
)  # fmt: skip
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_TOKEN = re.compile(rb'"[^"\n]{0,200}"|[A-Za-z_][A-Za-z0-9_]*|-?[0-9.]+')
_OPEN = (b"[", b"{", b'{"a":', b"<a>", b"(", b"[[", b"GEOMETRYCOLLECTION(", b"MULTIPOLYGON(((")
_SIZES = (1, 2, 4, 8)

Draw = random.Random
Mutation = Callable[[Draw, bytearray, Sequence[bytes], Sequence[bytes]], None]


def at(draw: Draw, n: int) -> int:
    """Draw a number from 0 to n - 1; 0 where n is 0."""
    return int(draw.random() * n)


def pick(draw: Draw, many: Sequence[bytes]) -> bytes:
    """Draw one of several."""
    return many[int(draw.random() * len(many))]


def flip(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Flip one bit."""
    if data:
        data[at(draw, len(data))] ^= 1 << at(draw, 8)


def put(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Replace some bytes by any others."""
    n = 1 + at(draw, 4)
    k = at(draw, len(data) + 1)
    data[k : k + n] = draw.randbytes(n)


def cut(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Take a piece out."""
    k = at(draw, len(data) + 1)
    n = 1 + at(draw, 8 if draw.random() < 0.6 else len(data))
    del data[k : k + n]


def double(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Repeat a piece, seldom very often."""
    k = at(draw, len(data) + 1)
    piece = data[k : k + 1 + at(draw, 64)]
    times = 2 if draw.random() < 0.9 else 1 + MOST_BYTES // (8 * (len(piece) + 1))
    data[k:k] = piece * times


def end(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Break off."""
    del data[at(draw, len(data) + 1) :]


def word(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Put a word of the format, or one that is known to hurt."""
    many = words if words and draw.random() < 0.6 else (NUMBERS, TEXTS, TIMES)[at(draw, 3)]
    k = at(draw, len(data) + 1)
    n = 0 if draw.random() < 0.5 else at(draw, 6)
    data[k : k + n] = pick(draw, many)


def number(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Replace a number that is written in digits."""
    found = [m.span() for m in _NUMBER.finditer(data[:MOST_BYTES])]
    if found:
        a, b = found[at(draw, len(found))]
        data[a:b] = pick(draw, NUMBERS)


def token(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Swap two tokens, or put one in the place of another."""
    found = [m.span() for m in _TOKEN.finditer(data[:MOST_BYTES])]
    if len(found) < 2:
        return
    (a, b), (c, d) = sorted((found[at(draw, len(found))], found[at(draw, len(found))]))
    first, second = bytes(data[a:b]), bytes(data[c:d])
    if draw.random() < 0.5:
        data[c:d] = first
    data[a:b] = second if draw.random() < 0.8 else pick(draw, TIMES)


def integer(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Overwrite an integer of some bytes by one at an edge."""
    n = _SIZES[at(draw, 4)]
    top = 1 << (8 * n)
    value = (0, 1, top - 1, top // 2, top // 2 - 1, 1 << at(draw, 8 * n), at(draw, 1024) % top)
    k = at(draw, max(len(data) - n, 0) + 1)
    order = "little" if draw.random() < 0.8 else "big"
    data[k : k + n] = value[at(draw, len(value))].to_bytes(n, order)  # type: ignore[arg-type]


def splice(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Go on as another seed does."""
    other = pick(draw, seeds)
    k = at(draw, len(data) + 1)
    data[k:] = other[at(draw, len(other) + 1) :]


def nest(draw: Draw, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Open brackets, seldom very many."""
    k = at(draw, len(data) + 1)
    times = 1 + at(draw, 40) if draw.random() < 0.9 else 60_000
    data[k:k] = (pick(draw, _OPEN) * times)[:MOST_BYTES]


_BYTES: tuple[Mutation, ...] = (flip, flip, put, cut, double, end, word, integer, integer, splice)
_TEXT: tuple[Mutation, ...] = (
    flip, put, cut, double, end, word, word, number, number, token, token, splice, nest,
)  # fmt: skip


def mutate(
    draw: Draw, seeds: Sequence[bytes], words: Sequence[bytes] = (), *, is_text: bool
) -> bytes:
    """Make one document of the seeds: one to four steps away from one of them.

    Args:
        draw: the source of chance.
        seeds: documents, at least one.
        words: of the format.
        is_text: whether numbers are written in digits.
    """
    data = bytearray(pick(draw, seeds))
    steps = _TEXT if is_text else _BYTES
    for _ in range(1 + at(draw, 4)):
        steps[at(draw, len(steps))](draw, data, seeds, words)
        del data[2 * MOST_BYTES :]
    return bytes(data)
