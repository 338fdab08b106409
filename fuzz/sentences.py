"""Mutated AIS sentences and tag blocks, with the checksum right half of the time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import reduce
from operator import xor

from fuzz.mutate import NUMBERS, TEXTS, at, pick

ARMOUR = bytes(range(48, 88)) + bytes(range(96, 120))
"""The 64 characters of a payload, in the order of their values."""
HEX = b"0123456789ABCDEF"
OVERLONG_BYTES = (80, 500, 2000, 5000)
TAG_KEYS = (b"c", b"s", b"g", b"d", b"t", b"n", b"q", b"T", b"i", b"x", b"c1", b"1G2", b"")


def summed(body: bytes) -> bytes:
    """Write a checksum."""
    value = reduce(xor, body, 0)
    return bytes((HEX[value >> 4], HEX[value & 15]))


def sentence(draw: random.Random, pool: Sequence[bytes]) -> bytes:
    """Make one line of one from the pool: tag block, fields, payload, or bytes changed."""
    line = pick(draw, pool)
    tag, body = split(line)
    chance = draw.random()
    if chance < 0.45:
        body = payload(draw, body)
    elif chance < 0.62:
        body = fields(draw, body, pool)
    elif chance < 0.74:
        tag = tag_block(draw, tag, pool)
    elif chance < 0.80:
        body = body.partition(b"*")[0][: at(draw, len(body) + 1)]
    elif chance < 0.82:
        n = OVERLONG_BYTES[at(draw, 4)]
        body = body[: at(draw, len(body) + 1)] + bytes((ARMOUR[at(draw, 64)],)) * n
    elif chance < 0.86:
        tag, body = tag + split(pick(draw, pool))[0], body + b"\\r\\n" + pick(draw, pool)
    elif chance < 0.97:
        return noisy(draw, line)
    else:
        return draw.randbytes(at(draw, 60)) + b"\n" * (draw.random() < 0.5)
    if draw.random() < 0.5:
        body = checked(body)
    return tag + body + (b"\r\n" if draw.random() < 0.95 else b"")


def split(line: bytes) -> tuple[bytes, bytes]:
    """Part the tag block and the sentence, without the end of the line."""
    line = line.rstrip(b"\r\n")
    if line.startswith(b"\\"):
        tag, mark, body = line[1:].partition(b"\\")
        if mark:
            return b"\\" + tag + b"\\", body
    return b"", line


def checked(body: bytes) -> bytes:
    """Put the right checksum behind a sentence; what follows its own one stays."""
    text, star, rest = body.partition(b"*")
    return text + b"*" + summed(text[1:]) + rest[2:] if star else body + b"*" + summed(body[1:])


def payload(draw: random.Random, body: bytes) -> bytes:
    """Change characters of the payload, its length, or the type of its message."""
    parts = body.split(b",")
    if len(parts) < 7:
        return noisy(draw, body)
    chars = bytearray(parts[5])
    chance = draw.random()
    if chance < 0.6:
        for _ in range(1 + at(draw, 6)):
            if chars:
                chars[at(draw, len(chars))] = ARMOUR[at(draw, 64)]
    elif chance < 0.75 and chars:
        chars[0] = ARMOUR[at(draw, 32)]
    elif chance < 0.85:
        del chars[at(draw, len(chars) + 1) :]
    elif chance < 0.95:
        chars += bytes(ARMOUR[at(draw, 64)] for _ in range(1 + at(draw, 20)))
    elif chars:
        chars[at(draw, len(chars))] = at(draw, 256)
    parts[5] = bytes(chars)
    return b",".join(parts)


def fields(draw: random.Random, body: bytes, pool: Sequence[bytes]) -> bytes:
    """Swap fields, or put numbers and texts into one."""
    parts = body.split(b",")
    k = at(draw, len(parts))
    chance = draw.random()
    if chance < 0.25:
        j = at(draw, len(parts))
        parts[k], parts[j] = parts[j], parts[k]
    elif chance < 0.45:
        parts[k] = b"%d" % at(draw, 11)
    elif chance < 0.6:
        other = split(pick(draw, pool))[1].split(b",")
        parts[k] = other[k % len(other)]
    elif chance < 0.7:
        parts[k] = pick(draw, NUMBERS)
    elif chance < 0.8:
        parts[k] = pick(draw, TEXTS)[:4000]
    elif chance < 0.9:
        del parts[k]
    else:
        parts.insert(k, b"")
    return b",".join(parts)


def tag_block(draw: random.Random, tag: bytes, pool: Sequence[bytes]) -> bytes:
    """Change the fields of a tag block, or make one."""
    inside = tag.strip(b"\\").partition(b"*")[0]
    parts = inside.split(b",") if inside else []
    for _ in range(1 + at(draw, 3)):
        k = at(draw, len(parts) + 1)
        chance = draw.random()
        if chance < 0.5:
            value = pick(draw, NUMBERS) if draw.random() < 0.5 else pick(draw, TEXTS)
            parts.insert(k, pick(draw, TAG_KEYS) + b":" + value[:300])
        elif chance < 0.7:
            group = b"g:%d-%d-%d" % (at(draw, 4), at(draw, 4), at(draw, 3))
            parts.insert(k, group)
        elif k < len(parts):
            del parts[k]
    made = b",".join(parts)
    chance = draw.random()
    if chance < 0.5:
        made += b"*" + summed(made)
    elif chance < 0.8:
        made += b"*%02X" % at(draw, 256)
    return b"\\" + made + (b"\\" if draw.random() < 0.95 else b"")


def noisy(draw: random.Random, line: bytes) -> bytes:
    """Flip bits, and take bytes out or put some in."""
    out = bytearray(line)
    for _ in range(1 + at(draw, 3)):
        k = at(draw, len(out) + 1)
        chance = draw.random()
        if chance < 0.5 and k < len(out):
            out[k] ^= 1 << at(draw, 8)
        elif chance < 0.75:
            del out[k : k + 1 + at(draw, 3)]
        else:
            out[k:k] = draw.randbytes(1 + at(draw, 2))
    return bytes(out)
