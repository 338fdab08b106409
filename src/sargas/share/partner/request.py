"""Requests between partners, each signed with the asker's key: there is no shared secret.

Signed are the method, the path with its query, who is asked, when, a number used once, and the hash
of the body. So a request that was listened to is good for nothing else, nowhere else, and not
again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping

from sargas.share.partner.identity import Identity, is_signed
from sargas.store.peers import Peer

PATH = "/api/partners/bundle"
WHO, WHEN, ONCE = "x-sargas-instance", "x-sargas-time", "x-sargas-nonce"
DIGEST, SIGNATURE = "x-sargas-digest", "x-sargas-signature"
SKEW_MS = 5 * 60_000
"""So far the clocks of partners may be apart (chosen: as for webhooks)."""


def signed(
    identity: Identity, recipient: str, method: str, target: str, body: bytes, at_ms: int
) -> dict[str, str]:
    """Give the headers of a request.

    Args:
        identity: ours.
        recipient: instance that is asked.
        method, target: of the request; the target is `PATH` with its query.
        body: its bytes.
        at_ms: wall clock, ms UTC.
    """
    said = {
        WHO: identity.instance, WHEN: str(at_ms), ONCE: secrets.token_hex(16),
        DIGEST: hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    return {**said, SIGNATURE: identity.sign(_text(said, recipient, method, target)).hex()}


def asker(
    headers: Mapping[str, str], own: str, method: str, target: str,
    peer_of: Callable[[str], Peer | None], now_ms: int,
) -> Peer | str:  # fmt: skip
    """Say which peer signed a request; or in words why it is taken from nobody.

    The body is not here yet: whoever reads it compares its hash with the header `DIGEST`. Nor is it
    checked that the request is new: whoever takes it keeps its nonce.

    Args:
        headers: of the request, by small letters.
        own: our instance.
        method, target: of the request.
        peer_of: gives the peer of an instance.
        now_ms: wall clock, ms UTC.
    """
    said = {name: headers.get(name, "") for name in (WHO, WHEN, ONCE, DIGEST)}
    shapes = {WHO: r"[0-9a-f]{32}", WHEN: r"[0-9]{1,15}", ONCE: r"[0-9a-f]{32}",
              DIGEST: r"[0-9a-f]{64}"}  # fmt: skip
    given = headers.get(SIGNATURE, "")
    if not re.fullmatch(r"[0-9a-f]{128}", given) or any(
        not re.fullmatch(shape, said[name]) for name, shape in shapes.items()
    ):
        return "The request is not signed."
    peer = peer_of(said[WHO])
    if peer is None or not peer.is_trusted:
        return "The request is of no trusted peer."
    if not is_signed(peer.key, bytes.fromhex(given), _text(said, own, method, target)):
        return "The request is of no trusted peer."
    if abs(int(said[WHEN]) - now_ms) > SKEW_MS:
        return "The request is too old, or the clocks are too far apart."
    return peer


def _text(said: Mapping[str, str], recipient: str, method: str, target: str) -> bytes:
    lines = ["sargas-request 1", method, target, said[WHO], recipient, said[WHEN], said[ONCE],
             said[DIGEST]]  # fmt: skip
    return "\n".join(lines).encode()
