"""Samples and helpers for the tests of the decoder."""

from __future__ import annotations

import gzip
from dataclasses import fields
from pathlib import Path

from sargas.decode import AisDecoder, AisTables
from sargas.decode.tables import join

DATA = Path(__file__).parents[1] / "data" / "ais"


def sample(name: str) -> bytes:
    """The bytes of a shipped sample, unpacked."""
    raw = (DATA / name).read_bytes()
    return gzip.decompress(raw) if name.endswith(".gz") else raw


def decode(data: bytes) -> tuple[AisDecoder, AisTables]:
    """Decode a whole log that ends with or without a newline."""
    dec = AisDecoder()
    return dec, join([dec.feed(data), dec.finish()])


def fed(*pieces: bytes) -> tuple[AisDecoder, AisTables]:
    """Decode a log that comes in pieces."""
    dec = AisDecoder()
    return dec, join([*(dec.feed(piece) for piece in pieces), dec.finish()])


def same(a: tuple[AisDecoder, AisTables], b: tuple[AisDecoder, AisTables]) -> None:
    """Rows, counters, stations are equal to the last bit."""
    for table in ("fixes", "static", "messages"):
        x, y = getattr(a[1], table), getattr(b[1], table)
        for f in fields(x):
            u, v = getattr(x, f.name), getattr(y, f.name)
            assert u.dtype == v.dtype, f.name
            assert u.tobytes() == v.tobytes(), f.name
    assert a[0].counters == b[0].counters
    assert a[0].counters_by_station == b[0].counters_by_station
    assert a[0].stations == b[0].stations
    assert a[0].lines == b[0].lines


def checksum(body: str) -> str:
    x = 0
    for byte in body.encode("latin-1"):
        x ^= byte
    return f"{x:02X}"


def vdm(payload: str, *, parts=1, part=1, seq="", channel="A", fill=0, talker="AIVDM") -> bytes:
    """One sentence with the right checksum."""
    body = f"{talker},{parts},{part},{seq},{channel},{payload},{fill}"
    return f"!{body}*{checksum(body)}\n".encode("latin-1")


def armour(bits: str) -> tuple[str, int]:
    """Armoured characters and fill bits of a string of 0 and 1."""
    fill = -len(bits) % 6
    bits += "0" * fill
    values = [int(bits[k : k + 6], 2) for k in range(0, len(bits), 6)]
    return "".join(chr(v + 48 if v < 40 else v + 56) for v in values), fill


def bits_of(**fields: tuple[int, int]) -> str:
    """Bits of a message from `name=(value, width)` in order."""
    return "".join(
        format(value & ((1 << width) - 1), f"0{width}b") for value, width in fields.values()
    )


def rows(table) -> list[dict]:
    """A table as a list of dictionaries of plain values."""
    return table.to_arrow(units=False).to_pylist()
