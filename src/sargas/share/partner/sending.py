"""What a peer is to get next: the alert versions its group may have and it does not hold yet.

A bundle is made when it is asked for and not kept: what was withdrawn meanwhile does not leave with
an old one. It goes on from the last bundle that the peer says it holds; what was in bundles that it
never got comes again. Numbers grow and are never used twice, so that the peer can tell old from
new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sargas.errors import UsageError
from sargas.model.time import iso
from sargas.share.partner.bundle import (
    COUNT_MOST,
    FORMAT,
    PLAIN_AIM,
    SEQUENCE_MOST,
    VERSION,
    Head,
    Origin,
    canonical,
    hash_of,
    told_of,
    written,
)
from sargas.share.partner.identity import Identity
from sargas.share.release import Released
from sargas.store.partners import Partners, Sent
from sargas.store.peers import Peer
from sargas.store.users import By


@dataclass(frozen=True)
class Made:
    """A bundle for a peer.

    Attributes:
        data: its bytes.
        sent: what the store knows of it.
        is_new: false where it was made before and gave the same bytes.
        is_exercise: whether any of it is an exercise.
        has_more: whether another one is due after it.
    """

    data: bytes
    sent: Sent
    is_new: bool
    is_exercise: bool
    has_more: bool


def next_bundle(
    partners: Partners,
    identity: Identity,
    peer: Peer,
    alerts: Sequence[Released],
    by: By,
    policy: str,
    *,
    after: int | None = None,
) -> Made | None:
    """Make the next bundle for a peer and note in the log that it leaves; None if nothing is due.

    Args:
        partners: the store.
        identity: ours.
        peer: for whom.
        alerts: from the gate, for the peer's group.
        by: who lets it leave.
        policy: version of the release policy, for the log.
        after: number of the last bundle that the peer holds; None for what it last said.

    Raises:
        UsageError: the peer is not trusted, or of another group than the alerts.
        ConflictError: another bundle was made meanwhile.
    """
    if not peer.is_trusted:
        raise UsageError(
            f"{peer.name} is not trusted yet.",
            hint="Let them read their fingerprint to you, then: "
            f'sargas share peers trust {peer.name} --fingerprint "..."',
        )
    if any(alert.group != peer.group for alert in alerts):
        raise UsageError(f"These alerts are not for the group {peer.group}.")
    before = partners.sent(identity.instance, peer.instance)
    if after is None:
        after = max((one.sequence for one in before if one.is_held), default=0)
    if not 0 <= after < SEQUENCE_MOST:
        raise UsageError("No bundle has this number.")
    known = {one.sequence: one for one in before}
    # Of a bundle that we do not know of, as after a loss of the ledger, nothing is gone on from.
    previous = known.get(after)
    newest = max([after, *known])
    held = _told_up_to(previous, known)
    chosen, has_more = _chosen(alerts, held)
    if not chosen:
        return None

    def make(sequence: int, created_ms: int) -> tuple[bytes, Sent]:
        bodies = [body for _, body in chosen]
        head = Head(
            FORMAT, VERSION, Origin(identity.instance, identity.name), peer.instance, peer.group,
            chosen[0][0].redacted, sequence, previous.sequence if previous else 0,
            previous.hash if previous else "", iso(created_ms), len(bodies),
            any(body["exercise"] is not None for body in bodies), has_more,
        )  # fmt: skip
        data = written(identity, head, bodies)
        told = tuple((alert.own_id, int(body["version"])) for alert, body in chosen)
        return data, Sent(sequence, head.previous, hash_of(data), created_ms, False, told)

    is_exercise = any(body["exercise"] is not None for _, body in chosen)
    if (last := known.get(newest)) and last.sequence > after:
        data, sent = make(last.sequence, last.created_ms)
        if sent.hash == last.hash:  # asked for again: the same is given again
            return Made(data, last, False, is_exercise, has_more)
    data, sent = make(newest + 1, by.at_ms)
    partners.send(identity.instance, peer, sent, by, _noted(peer, sent, policy))
    return Made(data, sent, True, is_exercise, has_more)


def _told_up_to(last: Sent | None, known: dict[int, Sent]) -> set[tuple[str, int]]:
    """Gather what is in a bundle and in those it goes on from."""
    held: set[tuple[str, int]] = set()
    while last is not None:
        held.update(last.told)
        last = known.get(last.previous)
    return held


def _chosen(
    alerts: Sequence[Released], held: set[tuple[str, int]]
) -> tuple[list[tuple[Released, dict[str, Any]]], bool]:
    """Choose what goes into a bundle, oldest first; and say whether something is left."""
    chosen: list[tuple[Released, dict[str, Any]]] = []
    size = 0
    for alert, body in told_of(alerts):
        if (alert.own_id, int(body["version"])) in held:
            continue
        size += len(canonical(body))
        if chosen and (len(chosen) >= COUNT_MOST or size > PLAIN_AIM):
            return chosen, True
        chosen.append((alert, body))
    return chosen, False


def _noted(peer: Peer, sent: Sent, policy: str) -> dict[str, Any]:
    """Say in the log what left, as for every exit."""
    return {
        "group": peer.group, "format": "bundle", "where": f"peer {peer.name}",
        "count": len(sent.told), "sha256": sent.hash, "policy": policy, "sequence": sent.sequence,
        "shared": [f"{name}:{version}" for name, version in sent.told],
    }  # fmt: skip
