"""Peers in the ledger: the partners that alerts are exchanged with, each with its public key.

Whoever adds a key is not yet believed: a peer is trusted by an act of its own, after the key was
compared by voice. What is done with peers is a line of the audit log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from sargas.errors import NotFoundError, UsageError
from sargas.model.said import checked_officer
from sargas.model.time import iso
from sargas.model.triage import ADD_PEER, REMOVE_PEER, TRUST_PEER
from sargas.store import tables
from sargas.store.log import Log, append_one
from sargas.store.users import By

PEERS_MOST = 200
NONCES_KEPT_MS = 15 * 60_000
"""Longer than a request may be old or early, so that each is taken once."""
OWN, ALL, PARTNERS = "own", "all", "partners"
"""Words for origins that no peer may be called."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,29}")


@dataclass(frozen=True)
class Peer:
    """Another instance that alerts are exchanged with.

    Attributes:
        name: ours for it.
        instance: names its key: the beginning of the key's SHA-256.
        key: its public Ed25519 key, hex.
        url: where its service is; empty where only files are exchanged.
        group: release group it belongs to: what it may see.
        is_trusted: whether somebody compared the fingerprint; nothing is exchanged before.
        allow_private: whether its address may be one of a private network or this machine.
        ca: file of who signed its certificate; empty for whom this machine trusts.
        created_ms: wall clock, ms UTC.
    """

    name: str
    instance: str
    key: str
    url: str
    group: str
    is_trusted: bool
    allow_private: bool
    ca: str
    created_ms: int

    def to_dict(self) -> dict[str, Any]:
        """Write the peer as JSON has it; there is nothing secret in it."""
        return {
            "name": self.name, "instance": self.instance, "key": f"ed25519:{self.key}",
            "url": self.url or None, "group": self.group, "trusted": self.is_trusted,
            "allow_private": self.allow_private, "ca": self.ca or None,
            "since": iso(self.created_ms),
        }  # fmt: skip


class Peers(Log):
    """The peers of a home. May be used by several threads and processes."""

    def add(self, peer: Peer, by: By) -> Peer:
        """Add a peer.

        Raises:
            UsageError: the name cannot be, or the name or key is there already.
        """
        if not _NAME.fullmatch(peer.name) or peer.name in (OWN, ALL, PARTNERS):
            raise UsageError(
                f"'{peer.name[:40]}' is no name of a peer.",
                hint="Small letters, digits and . _ - make one; own, all and partners are taken.",
            )
        p = tables.peers
        with self._writing("write the peers") as connection:
            for row in connection.execute(select(p)):
                if row.name == peer.name or row.instance == peer.instance:
                    raise UsageError(
                        f"There is a peer {row.name} of this name or key already.",
                        hint=f"Remove it first: sargas share peers remove {row.name}.",
                    )
            if len(connection.execute(select(p.c.name)).all()) >= PEERS_MOST:
                raise UsageError(f"There are {PEERS_MOST} peers.", hint="Remove some first.")
            connection.execute(insert(p).values(**_peer_row(peer)))
            _note(connection, ADD_PEER, by, peer)
        return peer

    def trust(self, name: str, by: By) -> Peer:
        """Trust a peer: from now on alerts are exchanged with it.

        Raises:
            NotFoundError: there is no such peer.
        """
        p = tables.peers
        with self._writing("write the peers") as connection:
            peer = _found(connection, name)
            if not peer.is_trusted:
                connection.execute(update(p).where(p.c.name == peer.name).values(trusted=1))
                peer = _found(connection, name)
                _note(connection, TRUST_PEER, by, peer)
        return peer

    def remove(self, name: str, by: By) -> Peer:
        """Forget a peer; alerts that came from it stay.

        Raises:
            NotFoundError: there is no such peer.
        """
        p = tables.peers
        with self._writing("write the peers") as connection:
            peer = _found(connection, name)
            connection.execute(delete(p).where(p.c.name == peer.name))
            _note(connection, REMOVE_PEER, by, peer)
        return peer

    def peers(self) -> list[Peer]:
        """List the peers by name."""
        return [_peer(row) for row in self._read(select(tables.peers).order_by("name"))]

    def peer(self, name: str) -> Peer:
        """Give a peer.

        Raises:
            NotFoundError: there is none of this name.
        """
        with self._reading() as connection:
            return _found(connection, name)

    def peer_of(self, instance: str) -> Peer | None:
        """Give the peer of an instance; None for a stranger."""
        p = tables.peers
        rows = self._read(select(p).where(p.c.instance == instance))
        return _peer(rows[0]) if rows else None

    def is_fresh(self, instance: str, nonce: str, at_ms: int) -> bool:
        """Note the nonce of a request; false where it was noted before."""
        n = tables.partner_nonces
        with self._writing("write the requests of partners") as connection:
            connection.execute(delete(n).where(n.c.at_ms < at_ms - NONCES_KEPT_MS))
            own = and_(n.c.instance == instance, n.c.nonce == nonce)
            if connection.execute(select(n.c.nonce).where(own)).first():
                return False
            connection.execute(insert(n).values(instance=instance, nonce=nonce, at_ms=at_ms))
        return True


def _peer_row(peer: Peer) -> dict[str, Any]:
    return {
        "name": peer.name, "instance": peer.instance, "key": peer.key, "url": peer.url,
        "release_group": peer.group, "trusted": int(peer.is_trusted),
        "allow_private": int(peer.allow_private), "ca": peer.ca, "created_ms": peer.created_ms,
    }  # fmt: skip


def _peer(row: Row[Any]) -> Peer:
    return Peer(
        row.name, row.instance, row.key, row.url, row.release_group, bool(row.trusted),
        bool(row.allow_private), row.ca, row.created_ms,
    )  # fmt: skip


def _found(connection: Connection, name: str) -> Peer:
    p = tables.peers
    row = connection.execute(select(p).where(p.c.name == name)).first()
    if row is None:
        raise NotFoundError(
            f"There is no peer '{name[:40]}'.", hint="See 'sargas share peers list'."
        )
    return _peer(row)


def trusted(connection: Connection, instance: str) -> Peer:
    """Find the peer of an instance.

    Raises:
        UsageError: there is none, or it is not trusted.
    """
    p = tables.peers
    row = connection.execute(select(p).where(p.c.instance == instance)).first()
    if row is None or not row.trusted:
        raise UsageError("The sender of this bundle is no trusted peer.")
    return _peer(row)


def _note(connection: Connection, verb: str, by: By, peer: Peer) -> None:
    detail = {
        "peer": peer.name, "instance": peer.instance, "group": peer.group,
        "trusted": peer.is_trusted,
    }  # fmt: skip
    append_one(connection, verb, checked_officer(by.name), by.t_ms, by.at_ms, detail)
