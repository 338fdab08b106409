"""Bundles: released alerts for one partner, in one file, signed.

```
sargas-bundle 1 INSTANCE      the format's version, and who signed
SIGNATURE                     Ed25519, hex, over the first line and all bytes after this one
(gzip)                        lines of JSON: what the bundle is, then one alert version a line
```

The same content gives the same bytes: names are sorted, there are no blanks, no time of packing. A
bundle is for one recipient, has a number that grows, and names the bundle before it by number and
hash, so that a copy, an old one or a lost one is noticed. Alerts in it are what the gate gave for
the recipient's group, without what officers did about them.

Reading believes nothing until the signature of a known key is right, and then still counts bytes,
lines and depth before anything is made of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from sargas.errors import FormatError, UsageError
from sargas.model.time import DAY_MS, MINUTE_MS, iso, parse_iso
from sargas.share.partner.identity import Identity, is_signed
from sargas.share.release import FIELDS, Released, cleaned
from sargas.store.partners import Incoming

FORMAT, VERSION = "sargas-bundle", 1
SUFFIX = ".sargas"
MEDIA_TYPE = "application/x-sargas-bundle"
BYTES_MOST = 8 << 20
"""Of a bundle (chosen: some ten thousand alert versions)."""
PLAIN_MOST = 64 << 20
LINE_MOST = 1 << 20
COUNT_MOST = 5000
"""Alert versions of one bundle; the rest goes into the next."""
PLAIN_AIM = 7 << 20
"""A bundle is closed when it has so many bytes before packing: packed it has no more than that."""
DEPTH_MOST = 16
SEQUENCE_MOST = 10**12
SKEW_MS = 10 * MINUTE_MS
"""So much later than ours the clock of a partner may be."""
AHEAD_MS = DAY_MS
"""So much later than now the times of an alert may lie."""
NOT_TOLD = frozenset({"triage", "log"})
"""What of a released alert is in no bundle: what officers do is not exchanged."""
_FIRST = re.compile(rb"sargas-bundle ([0-9]{1,9}) ([0-9a-f]{32})\n")
_SIGNATURE = re.compile(rb"([0-9a-f]{128})\n")


class Origin(msgspec.Struct, frozen=True):
    """Who made a bundle."""

    id: str
    name: str


class Head(msgspec.Struct, frozen=True):
    """What a bundle says of itself: its first line."""

    format: str
    version: int
    origin: Origin
    recipient: str
    group: str
    redacted: tuple[str, ...]
    sequence: int
    previous: int
    previous_hash: str
    created: str
    count: int
    exercise: bool
    more: bool


class _Told(msgspec.Struct):
    """What every alert in a bundle has, and of which kind the rest is where it is told."""

    id: str
    version: int
    detector: str
    state: Literal["open", "closed", "retracted"]
    priority: Literal["P1", "P2", "P3"]
    t_start: str
    t_detected: str
    t_issued: str
    t_end: str | None
    subject: dict[str, Any]
    exercise: str | None
    lon: float | None = None
    lat: float | None = None
    asset: dict[str, Any] | None = None
    next_assets: list[dict[str, Any]] = []
    why: list[dict[str, Any]] = []
    against: list[str] = []
    notes: list[str] = []
    muted_by: list[str] = []
    context: dict[str, Any] = {}
    text: str = ""
    rules: str = ""
    geometry: str = ""
    detector_version: str = ""


@dataclass(frozen=True)
class Read:
    """A bundle that was read and found right.

    Attributes:
        head: what it says of itself.
        hash: SHA-256 of its bytes.
        rows: alert versions as the store keeps them.
    """

    head: Head
    hash: str
    rows: Sequence[Mapping[str, Any]]

    def incoming(self) -> Incoming:
        """Give it as the store takes it."""
        h = self.head
        return Incoming(
            h.origin.id, h.origin.name, h.recipient, h.sequence, h.previous, h.previous_hash,
            self.hash, parse_iso(h.created), self.rows,
        )  # fmt: skip


def hash_of(data: bytes) -> str:
    """Name a bundle by its bytes."""
    return hashlib.sha256(data).hexdigest()


def told_of(alerts: Sequence[Released]) -> Iterator[tuple[Released, dict[str, Any]]]:
    """Give every alert version that may be told, oldest first.

    Raises:
        TypeError: something did not come through the gate.
    """
    rows = []
    for alert in alerts:
        if type(alert) is not Released:
            raise TypeError(f"{type(alert).__name__} did not come through the gate.")
        for version in alert.history:
            body = {k: v for k, v in version.items() if k not in NOT_TOLD}
            rows.append((body["t_issued"], alert.id, int(body["version"]), alert, body))
    for *_, alert, body in sorted(rows, key=lambda row: row[:3]):
        yield alert, body


def written(
    identity: Identity, head: Head, bodies: Sequence[Mapping[str, Any]]
) -> bytes:  # fmt: skip
    """Write and sign a bundle; the same content gives the same bytes.

    Args:
        identity: who signs.
        head: what it says of itself.
        bodies: alert versions from `told_of`, in order.
    """
    lines = [canonical(msgspec.to_builtins(head)), *map(canonical, bodies)]
    packing = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = packing.compress(b"".join(line + b"\n" for line in lines)) + packing.flush()
    first = f"{FORMAT} {VERSION} {identity.instance}\n".encode()
    return first + identity.sign(first + packed).hex().encode() + b"\n" + packed


def canonical(value: Any) -> bytes:  # noqa: ANN401 - JSON
    r"""Write JSON in the one way that bundles have it.

    Example:
        >>> canonical({"b": 1.50, "a": "ž"})
        b'{"a":"\xc5\xbe","b":1.5}'
    """
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    ).encode()  # fmt: skip


def signer_of(data: bytes) -> str:
    """Say who claims to have signed a bundle; nothing is checked yet.

    Raises:
        FormatError: it is no bundle, or one of another version.
    """
    found = _FIRST.match(data[:64])
    if not found:
        raise FormatError("This is no bundle of sargas.", hint="Was it changed on its way?")
    if found[1] != str(VERSION).encode():
        raise FormatError(
            f"The bundle has version {int(found[1])}; this sargas reads version {VERSION}.",
            hint="Use the sargas that made it, or a newer one.",
        )
    return found[2].decode()


def read(
    data: bytes, key_of: Callable[[str], str | None], recipient: str, now_ms: int
) -> Read:  # fmt: skip
    """Read a bundle and check all that can be checked without the store.

    Args:
        data: its bytes.
        key_of: gives the public key of a trusted instance, hex; None for any other.
        recipient: our own instance.
        now_ms: wall clock, ms UTC.

    Raises:
        FormatError: it is not signed by a trusted peer, not for us, or not what it should be.
    """
    if len(data) > BYTES_MOST:
        raise FormatError(f"The bundle has more than {BYTES_MOST:,} bytes.")
    signer = signer_of(data)
    if signer == recipient:
        raise FormatError("This bundle is one of our own.")
    key = key_of(signer)
    if key is None:
        raise FormatError(
            f"The bundle is signed by {signer}, which is no trusted peer.",
            hint="See 'sargas share peers list'; add it, compare the fingerprint, and trust it.",
        )
    _check_signature(data, key)
    lines = _lines(data)
    head = _head(next(lines, b""), signer, recipient, now_ms)
    rows = [_row(line, now_ms) for line in lines]
    keys = [(row["id"], row["version"]) for row in rows]
    if len(rows) != head.count or len(set(keys)) != len(keys):
        raise FormatError(f"The bundle says it has {head.count} alert versions, and has others.")
    if head.exercise != any(row["exercise"] is not None for row in rows):
        raise FormatError("The bundle does not say rightly whether it holds an exercise.")
    release = {"group": head.group, "redacted": list(head.redacted)}
    kept = [
        {**row, "body": canonical({**row["body"], "release": release}).decode()} for row in rows
    ]
    return Read(head, hash_of(data), kept)


def _check_signature(data: bytes, key: str) -> None:
    end = data.index(b"\n") + 1
    found = _SIGNATURE.match(data, end)
    signed = data[:end] + data[found.end() :] if found else b""
    if not found or not is_signed(key, bytes.fromhex(found[1].decode()), signed):
        raise FormatError(
            "The signature of the bundle is wrong.",
            hint="It was changed on its way, or is not of whom it says. Ask for it again.",
        )


def _lines(data: bytes) -> Iterator[bytes]:
    """Unpack the lines of a bundle, within the bounds."""
    start = data.index(b"\n", data.index(b"\n") + 1) + 1
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacking.decompress(data[start:], PLAIN_MOST)
    except zlib.error as error:
        raise FormatError(f"The bundle cannot be unpacked: {error}.") from error
    if unpacking.unconsumed_tail or not unpacking.eof:
        what = "is cut short" if not unpacking.unconsumed_tail else "unpacks to too much"
        raise FormatError(f"The bundle {what}.")
    if unpacking.unused_data or not plain.endswith(b"\n"):
        raise FormatError("There is something behind the bundle's end.")
    if plain.count(b"\n") > COUNT_MOST + 1:
        raise FormatError(f"The bundle has more than {COUNT_MOST:,} alert versions.")
    yield from plain[:-1].split(b"\n")


def _decoded(line: bytes) -> Any:  # noqa: ANN401 - JSON
    """Read a line of JSON that is written in the one way."""
    if len(line) > LINE_MOST:
        raise FormatError(f"A line of the bundle has more than {LINE_MOST:,} bytes.")
    try:
        value = json.loads(line)
        if _depth(value) > DEPTH_MOST:
            raise FormatError("The bundle is nested too deep.")
        if canonical(value) != line:  # two readers might read it differently
            raise FormatError("A line of the bundle is not written as bundles are.")
    except (ValueError, RecursionError) as error:
        raise FormatError(f"A line of the bundle cannot be read: {error}.") from error
    return value


def _depth(value: Any) -> int:  # noqa: ANN401 - JSON
    """Count how deep a value is nested."""
    deepest, waiting = 0, [(value, 1)]
    while waiting and deepest <= DEPTH_MOST:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(each, depth + 1) for each in inner]
    return deepest


def _head(line: bytes, signer: str, recipient: str, now_ms: int) -> Head:
    """Read the first line and check that the bundle is for us, now."""
    try:
        head = msgspec.convert(_decoded(line), Head)
        created_ms = parse_iso(head.created)
    except (msgspec.ValidationError, UsageError) as error:
        raise FormatError(f"The bundle does not say what it is: {error}.") from error
    if (head.format, head.version, head.origin.id) != (FORMAT, VERSION, signer):
        raise FormatError("The bundle says within something else than without.")
    if head.recipient != recipient:
        raise FormatError(
            "The bundle is for another instance.",
            hint=f"We are {recipient}; it is for {cleaned(head.recipient)[:40]}.",
        )
    is_first = head.previous == 0 and head.previous_hash == ""
    if not 0 <= head.previous < head.sequence <= SEQUENCE_MOST or (
        not is_first and not re.fullmatch(r"[0-9a-f]{64}", head.previous_hash)
    ):
        raise FormatError("The bundle has no place in a row of bundles.")
    if created_ms > now_ms + SKEW_MS:
        raise FormatError(
            f"The bundle was made at {iso(created_ms)}, which is to come.",
            hint="Compare the clocks of both machines.",
        )
    name = cleaned(head.origin.name)[:40]
    return msgspec.structs.replace(
        head, origin=Origin(head.origin.id, name), group=cleaned(head.group)[:40],
        redacted=tuple(cleaned(path)[:60] for path in head.redacted[:100]),
    )  # fmt: skip


def _row(line: bytes, now_ms: int) -> dict[str, Any]:
    """Read one alert version and check it."""
    value = _decoded(line)
    try:
        told = msgspec.convert(value, _Told)
        times = [told.t_start, told.t_detected, told.t_issued]
        read_ms = [parse_iso(t) for t in [*times, *([told.t_end] if told.t_end else [])]]
    except (msgspec.ValidationError, UsageError) as error:
        raise FormatError(f"An alert of the bundle is none: {error}.") from error
    if not re.fullmatch(r"[0-9a-f]{8,64}", told.id) or not 1 <= told.version <= 10**6:
        raise FormatError("An alert of the bundle has no id or version that can be.")
    if not re.fullmatch(r"[a-z0-9_]{1,40}", told.detector):
        raise FormatError(f"Alert {told.id} names no detector.")
    if "origin" in value:
        raise FormatError(f"Alert {told.id} claims an origin; what others sent is not passed on.")
    if max(read_ms) > now_ms + AHEAD_MS:
        raise FormatError(f"Alert {told.id} is of {iso(max(read_ms))}, which is to come.")
    body = cleaned({name: one for name, one in value.items() if name in FIELDS - NOT_TOLD})
    if told.exercise is not None:  # a name of nothing but unseen letters is one too
        body["exercise"] = body["exercise"] or "unnamed"
    return {
        "id": told.id, "version": told.version, "exercise": body["exercise"],
        "t_issued_ms": parse_iso(told.t_issued), "body": body,
    }  # fmt: skip
