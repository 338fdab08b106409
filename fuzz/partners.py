"""Targets: what a partner sends, who has a key that we trust and may mean harm all the same."""

from __future__ import annotations

import json
import zlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuzz.target import BINARY, JSON, Target, demand
from sargas.share.partner.bundle import read
from sargas.share.partner.identity import Identity

NOW_MS = 1_800_000_000_000
OURS = "0" * 32


@cache
def theirs() -> Identity:
    """Give the partner that signs."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
    return Identity("Riga", "2027-01-01T00:00:00Z", key)


def signed(packed: bytes) -> bytes:
    """Sign whatever bytes as the packed part of a bundle."""
    first = f"sargas-bundle 1 {theirs().instance}\n".encode()
    return first + theirs().sign(first + packed).hex().encode() + b"\n" + packed


def lines(data: bytes) -> None:
    """Read lines that are rightly packed and signed."""
    packing = zlib.compressobj(1, zlib.DEFLATED, 31)
    _read(signed(packing.compress(data) + packing.flush()))


def packed(data: bytes) -> None:
    """Read rightly signed bytes that need not be packed at all."""
    _read(signed(data))


def raw(data: bytes) -> None:
    """Read bytes of nobody: only what was rightly signed is ever taken."""
    _read(data)
    demand(data.startswith(b"sargas-bundle 1 "), "what is taken is a bundle")


def _read(data: bytes) -> None:
    found = read(data, lambda name: theirs().key if name == theirs().instance else None, OURS,
                 NOW_MS)  # fmt: skip
    demand(len(found.rows) == found.head.count, "as many alerts as it says")
    demand(found.head.recipient == OURS, "it is for us")


def plain() -> bytes:
    """Give the lines of an honest bundle of one alert."""
    head = {
        "format": "sargas-bundle", "version": 1, "count": 1, "created": "2027-01-15T08:00:00Z",
        "exercise": False, "group": "nato", "more": False, "previous": 0, "previous_hash": "",
        "origin": {"id": theirs().instance, "name": "Riga"}, "recipient": OURS, "redacted": [],
        "sequence": 1,
    }  # fmt: skip
    alert = {
        "id": "0" * 24, "version": 1, "detector": "gap", "state": "open", "priority": "P3",
        "t_start": "2027-01-15T07:00:00Z", "t_detected": "2027-01-15T07:45:00Z",
        "t_issued": "2027-01-15T07:45:00Z", "t_end": None, "exercise": None,
        "subject": {"domain": "sea", "mmsi": 230000001, "segment": 0, "name": "A"},
        "lon": 20.0, "lat": 57.0, "text": "Not received since 07:00Z.", "notes": [], "why": [],
    }  # fmt: skip
    said = (json.dumps(one, sort_keys=True, separators=(",", ":")) for one in (head, alert))
    return "".join(f"{line}\n" for line in said).encode()


def _packed() -> bytes:
    packing = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packing.compress(plain()) + packing.flush()


TARGETS = (
    Target("partner-lines", lines, ("sargas.share.partner.bundle",), lambda: [plain()], kind=JSON),
    Target(
        "partner-packed", packed, ("sargas.share.partner.bundle",), lambda: [_packed()],
        kind=BINARY,
    ),
    Target(
        "partner-raw", raw, ("sargas.share.partner.bundle",), lambda: [signed(_packed())],
        kind=BINARY,
    ),
)  # fmt: skip
