"""Two instances that know each other, for the tests of the exchange."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sargas.share.partner.bundle import FORMAT, VERSION, Head, Origin, canonical, told_of, written
from sargas.share.partner.identity import Identity
from sargas.share.policy import read_policy
from sargas.share.release import Released, released
from sargas.store.peers import Peer

from .conftest import alert

NOW_MS = 1_800_000_000_000
OURS, THEIRS, STRANGER = (
    Identity(name, "2027-01-01T00:00:00Z", Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)))
    for n, name in enumerate(("Klaipeda", "Riga", "Nobody"), 1)
)
POLICY = read_policy(
    b'[groups.nato]\nlabel = "NATO"\nsees = [{exercises = true}]\nredact = ["triage", "kp"]\n'
    b'[groups.eu]\nlabel = "EU"\nsees = [{exercises = true}]\nredact = ["vessel", "place"]\n',
    key=b"k" * 64,
)


def peer_of(identity: Identity, name: str = "riga", group: str = "nato", **changes: Any) -> Peer:
    made = Peer(name, identity.instance, identity.key, "", group, True, False, "", NOW_MS)
    return replace(made, **changes)


def gate(*alerts: Any, group: str = "nato") -> list[Released]:
    """What the group gets; a row of versions is one alert."""
    bodies = []
    for one in alerts or (alert(),):
        versions = [v.to_dict() for v in (one if isinstance(one, tuple) else (one,))]
        bodies.append({**versions[-1], "versions": versions})
    return released(bodies, group, POLICY, [])


def head(bodies: list[dict[str, Any]], **changes: Any) -> Head:
    made = Head(
        FORMAT, VERSION, Origin(THEIRS.instance, THEIRS.name), OURS.instance, "nato", (), 1, 0, "",
        "2027-01-15T08:00:00Z", len(bodies), any(b.get("exercise") is not None for b in bodies),
        False,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def bundle(*alerts: Any, by: Identity = THEIRS, **changes: Any) -> bytes:
    """A bundle of theirs for us."""
    bodies = [body for _, body in told_of(gate(*alerts))]
    return written(by, head(bodies, **changes), bodies)


def signed_lines(*lines: bytes, by: Identity = THEIRS, packed: bytes | None = None) -> bytes:
    """Sign whatever lines, as a partner could who means harm."""
    if packed is None:
        packing = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed = packing.compress(b"".join(x + b"\n" for x in lines)) + packing.flush()
    first = f"sargas-bundle 1 {by.instance}\n".encode()
    return first + by.sign(first + packed).hex().encode() + b"\n" + packed


def lines_of(data: bytes) -> list[Any]:
    """Unpack a bundle without any code of ours."""
    _, _, packed = data.split(b"\n", 2)
    return [json.loads(line) for line in zlib.decompress(packed, 31).splitlines()]


def lines_with(change: Any, *alerts: Any) -> bytes:
    """A bundle, rightly signed, whose first alert was changed."""
    first, *bodies = lines_of(bundle(*alerts))
    change(bodies[0])
    first["exercise"] = any(b.get("exercise") is not None for b in bodies)
    return signed_lines(canonical(first), *map(canonical, bodies))
