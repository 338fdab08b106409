"""Columns to AIS sentences: what an exercise sends, so that it passes through the real decoder.

Types 1 (class A position), 18 (class B position), 5 and 24 (statics), each with a tag block that
names the station and the time. Layouts: ITU-R M.1371-5 as in `decode.layout`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel

LINE = 110
"""Bytes kept for one position sentence with its tag block; real ones need about 90."""


@kernel
def put_bits(bits: NDArray[np.uint8], at: int, width: int, value: int) -> int:
    """Write an integer, highest bit first; returns the place after it."""
    for k in range(width):
        bits[at + k] = (value >> (width - 1 - k)) & 1
    return at + width


@kernel
def armour(bits: NDArray[np.uint8], n_bits: int, out: NDArray[np.uint8], at: int) -> int:
    """Write bits as six-bit characters from `at` on; returns the place after them."""
    for k in range(0, n_bits, 6):
        v = 0
        for j in range(6):
            v = v << 1
            if k + j < n_bits:
                v |= bits[k + j]
        out[at] = v + 48 if v < 40 else v + 56
        at += 1
    return at


@kernel
def _digit(v: int) -> int:
    """Give a hexadecimal digit's character."""
    return 48 + v if v < 10 else 55 + v


@kernel
def _checksum(out: NDArray[np.uint8], start: int, at: int) -> int:
    """Write `*` and the checksum of what stands from `start` to `at`; returns the place after."""
    x = 0
    for k in range(start, at):
        x ^= out[k]
    out[at] = 42
    out[at + 1] = _digit(x >> 4)
    out[at + 2] = _digit(x & 15)
    return at + 3


@kernel
def _text(out: NDArray[np.uint8], at: int, text: NDArray[np.uint8]) -> int:
    """Copy text; returns the place after it."""
    for k in range(text.shape[0]):
        out[at + k] = text[k]
    return int(at + text.shape[0])


@kernel
def _number(out: NDArray[np.uint8], at: int, value: int) -> int:
    """Write a positive number in decimal; returns the place after it."""
    power = 1
    while power * 10 <= value:
        power *= 10
    while power > 0:
        out[at] = 48 + (value // power) % 10
        power //= 10
        at += 1
    return at


@kernel
def position_bits(
    class_b: bool,
    mmsi: int,
    status: int,
    sog: int,
    lon: int,
    lat: int,
    cog: int,
    heading: int,
    second: int,
    bits: NDArray[np.uint8],
) -> None:
    """Lay out a position report of type 1 or 18 in 168 bits.

    Args:
        class_b: type 18 instead of 1.
        mmsi, status, sog, lon, lat, cog, heading, second: wire integers.
        bits: (168,) out.
    """
    bits[:] = 0
    at = put_bits(bits, 0, 6, 18 if class_b else 1)
    at = put_bits(bits, 8, 30, mmsi)
    if class_b:
        at += 8
    else:
        at = put_bits(bits, at, 4, status)
        at = put_bits(bits, at, 8, 128)  # rate of turn not available
    at = put_bits(bits, at, 10, sog)
    at += 1
    at = put_bits(bits, at, 28, lon)
    at = put_bits(bits, at, 27, lat)
    at = put_bits(bits, at, 12, cog)
    at = put_bits(bits, at, 9, heading)
    put_bits(bits, at, 6, second)
    if class_b:
        bits[141] = 1  # carrier-sense unit


@kernel
def write_positions(
    t_s: NDArray[np.int64],
    class_b: NDArray[np.bool_],
    mmsi: NDArray[np.int64],
    status: NDArray[np.int64],
    sog: NDArray[np.int64],
    lon: NDArray[np.int64],
    lat: NDArray[np.int64],
    cog: NDArray[np.int64],
    heading: NDArray[np.int64],
    copy: NDArray[np.int64],
    station: NDArray[np.uint8],
    bits: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> int:
    """Write one sentence a row.

    Args:
        t_s: (n,) receive time, seconds UTC. The others: (n,) wire integers; copy numbers the
            station that heard it, from 0.
        station: the station's name; the copy's number is put behind it.
        bits: (168,) scratch.
        out: at least n * (LINE + length of the name) bytes.

    Returns:
        Bytes written.
    """
    at = 0
    for i in range(t_s.shape[0]):
        out[at] = 92  # backslash
        start = at + 1
        out[start], out[start + 1] = 115, 58  # s:
        at = _text(out, start + 2, station)
        out[at] = 46
        at = _number(out, at + 1, copy[i] + 1)
        out[at], out[at + 1], out[at + 2] = 44, 99, 58  # ,c:
        at = _number(out, at + 3, t_s[i])
        at = _checksum(out, start, at)
        out[at], out[at + 1] = 92, 33  # backslash, !
        start = at + 2
        at = _text(out, start, _HEAD_B if copy[i] % 2 else _HEAD_A)
        position_bits(
            class_b[i], mmsi[i], status[i], sog[i], lon[i], lat[i], cog[i], heading[i],
            t_s[i] % 60, bits,
        )  # fmt: skip
        at = armour(bits, 168, out, at)
        out[at], out[at + 1] = 44, 48  # ,0
        at = _checksum(out, start, at + 2)
        out[at] = 10
        at += 1
    return at


_HEAD_A = np.frombuffer(b"AIVDM,1,1,,A,", np.uint8).copy()
_HEAD_B = np.frombuffer(b"AIVDM,1,1,,B,", np.uint8).copy()


def sixbit(text: str, length: int) -> list[int]:
    """Give a text as six-bit codes, padded with `@`; what AIS cannot write becomes a blank."""
    codes = []
    for c in text.upper()[:length].ljust(length, "@"):
        v = ord(c)
        codes.append(v - 64 if 64 <= v < 96 else v if 32 <= v < 64 else 32)
    return codes


def static_sentences(
    t_s: int,
    mmsi: int,
    station: str,
    *,
    name: str,
    imo: int = 0,
    callsign: str = "",
    ship_type: int = 0,
    length_m: int = 0,
    beam_m: int = 0,
    draught_dm: int = 0,
    destination: str = "",
    class_b: bool = False,
    group: int = 0,
) -> bytes:
    """Write a vessel's statics: type 5 for class A, type 24 A and B for class B.

    Returns:
        Sentences with tag blocks, one a line.
    """
    if class_b:
        part_a: list[tuple[int, int]] = [(6, 24), (2, 0), (30, mmsi), (2, 0)]
        part_a += [(6, c) for c in sixbit(name, 20)] + [(8, 0)]
        part_b = [(6, 24), (2, 0), (30, mmsi), (2, 1), (8, ship_type), (42, 0)]
        part_b += [(6, c) for c in sixbit(callsign, 7)] + _dimensions(length_m, beam_m) + [(6, 0)]
        return b"".join(_sentences(p, t_s, station, group) for p in (part_a, part_b))
    parts = [(6, 5), (2, 0), (30, mmsi), (2, 0), (30, imo)]
    parts += [(6, c) for c in sixbit(callsign, 7)] + [(6, c) for c in sixbit(name, 20)]
    parts += [(8, ship_type), *_dimensions(length_m, beam_m), (4, 1)]
    parts += [(20, (24 << 6) | 60), (8, draught_dm)]  # estimated arrival not available
    parts += [(6, c) for c in sixbit(destination, 20)] + [(1, 0), (1, 0)]
    return _sentences(parts, t_s, station, group)


def _dimensions(length_m: int, beam_m: int) -> list[tuple[int, int]]:
    """Split length and beam about the antenna."""
    bow, port = min(length_m // 2, 511), min(beam_m // 2, 63)
    return [
        (9, bow), (9, min(length_m - bow, 511)), (6, port), (6, min(beam_m - port, 63)),
    ]  # fmt: skip


def _sentences(parts: list[tuple[int, int]], t_s: int, station: str, group: int) -> bytes:
    """Write one message as one or more sentences of at most 60 characters of payload."""
    n_bits = sum(width for width, _ in parts)
    bits = np.zeros(n_bits, np.uint8)
    at = 0
    for width, value in parts:
        at = put_bits(bits, at, width, value)
    buffer = np.zeros(n_bits // 6 + 1, np.uint8)
    payload = buffer[: armour(bits, n_bits, buffer, 0)].tobytes().decode()
    fill = -n_bits % 6
    pieces = [payload[k : k + 60] for k in range(0, len(payload), 60)]
    sequence = str(group % 10) if len(pieces) > 1 else ""
    out = []
    for k, piece in enumerate(pieces):
        tag = f"s:{station}.1,c:{t_s}"
        last = k == len(pieces) - 1
        body = f"AIVDM,{len(pieces)},{k + 1},{sequence},A,{piece},{fill if last else 0}"
        out.append(f"\\{tag}*{_xor(tag):02X}\\!{body}*{_xor(body):02X}\n")
    return "".join(out).encode()


def _xor(text: str) -> int:
    """Give the checksum of a text."""
    x = 0
    for c in text.encode():
        x ^= c
    return x
