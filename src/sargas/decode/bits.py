"""Bits and characters: the armour of AIS payloads, fields of any width, six-bit text, a hash.

A payload lies in int64 words of 60 bits, ten armoured characters each, most significant bit
first. The last word is filled with zero bits on the right. Words of 60 bits need no carry from
one character to the next, and stay clear of the sign.

Source: ITU-R M.1371-5, annex 8; IEC 61162-1 (armour of the VDM payload).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from sargas.decode._jit import helper, i64, inlined

I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

WORD_BITS: Final = 60
WORD_MASK: Final = (1 << WORD_BITS) - 1
CHARS_PER_WORD: Final = 10
MAX_CHARS: Final = 1024
"""Longest payload in armoured characters; the longest legal message has 178 (1,064 bits)."""
MAX_WORDS: Final = MAX_CHARS // CHARS_PER_WORD + 2

NOT_ARMOUR: Final = 64


def _armour() -> U8:
    """Return the value of each byte in the armour, 64 for bytes that are not part of it."""
    table = np.full(256, NOT_ARMOUR, np.uint8)
    for byte in range(48, 88):
        table[byte] = byte - 48
    for byte in range(96, 120):
        table[byte] = byte - 56
    return table


ARMOUR: Final = _armour()


@helper
def unpack(buf: U8, p: int, words: I64, w: int) -> tuple[int, int, int]:
    """Unpack armoured characters from `p` into words from `w`, up to the first other byte.

    One pass does both: six bits a character, and the XOR of the bytes for the checksum.

    Args:
        buf: (n,) uint8 text that holds a byte outside the armour at or after `p`.
        p: index of the first character.
        words: (m,) int64, written from `w` on; needs MAX_WORDS places there.
        w: index of the first word.

    Returns:
        Index of the byte that ended it, number of characters, XOR of their bytes. It gives up
        after more than MAX_CHARS characters.
    """
    xor = i64(0)
    n_chars = 0
    while n_chars <= MAX_CHARS:
        word = i64(0)
        for k in range(CHARS_PER_WORD):
            value = i64(ARMOUR[buf[p]])
            if value == NOT_ARMOUR:
                if k > 0:
                    words[w] = word << (6 * (CHARS_PER_WORD - k))
                return p, n_chars + k, xor
            word = (word << 6) | value
            xor ^= i64(buf[p])
            p += 1
        words[w] = word
        w += 1
        n_chars += CHARS_PER_WORD
    return p, n_chars, xor


@helper
def clear_tail(words: I64, w: int, n_bits: int) -> None:
    """Set the bits after `n_bits` to zero: what fill bits hold is no part of a message."""
    used = n_bits % WORD_BITS
    if used > 0:
        last = w + n_bits // WORD_BITS
        words[last] &= (WORD_MASK >> (WORD_BITS - used)) << (WORD_BITS - used)


@inlined
def field(words: I64, w: int, offset: int, width: int) -> int:
    """Return an unsigned field of 1-60 bits.

    Args:
        words: (m,) int64 payload words with at least one place after the message.
        w: index of the message's first word.
        offset: first bit, from 0.
        width: number of bits.

    Returns:
        The value. Bits after the end of the message are not defined: check the length first.
    """
    k = w + offset // WORD_BITS
    s = offset % WORD_BITS
    # The word after the last message is not written: its sign must not spill over this one.
    after = words[k + 1] & WORD_MASK
    left = ((words[k] << s) & WORD_MASK) | (after >> (WORD_BITS - s))
    return i64(left >> (WORD_BITS - width))


@inlined
def signed(value: int, width: int) -> int:
    """Return a field's value read as two's complement of the given width."""
    half = i64(1) << (width - 1)
    return (value ^ half) - half


@helper
def payload_hash(words: I64, w: int, n_bits: int) -> np.uint64:
    """Return a 64-bit hash of the payload's bits and their number.

    Copies of one message from several stations have equal hashes whatever talker, sequence
    number, channel, split into parts or fill their sentences carry. It guards against chance,
    not against someone who builds payloads to collide.

    Source: multiply-xorshift steps with the constants of SplitMix64 (Steele, Lea, Flood 2014).
    """
    h = np.uint64(n_bits) * np.uint64(0x9E3779B97F4A7C15)
    for k in range((n_bits + WORD_BITS - 1) // WORD_BITS):
        h = (h ^ np.uint64(words[w + k])) * np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(29)
    h *= np.uint64(0x94D049BB133111EB)
    return np.uint64(h ^ (h >> np.uint64(32)))
