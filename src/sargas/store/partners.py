"""Partners in the ledger: whom we know, what was sent to each, and what came from each.

Alerts of others stand in a table of their own, by origin, id and version. Nothing that makes,
judges or releases alerts reads it: an alert of a partner never becomes one's own, whatever id it
has, and is never passed on. What came is added and never changed; the first text of a version
stands.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, insert, select, update

from sargas.errors import ConflictError, NotFoundError
from sargas.model.said import checked_officer
from sargas.model.time import iso
from sargas.model.triage import RECEIVE, SHARE
from sargas.store import tables
from sargas.store.log import append_one
from sargas.store.peers import Peer, Peers, trusted
from sargas.store.users import By

_CHUNK = 400


@dataclass(frozen=True)
class Sent:
    """A bundle that was made for a peer.

    Attributes:
        sequence: its number, from 1; numbers of a recipient grow and are never used again.
        previous: number of the bundle that it goes on from; 0 for none.
        hash: SHA-256 of its bytes.
        created_ms: wall clock, ms UTC.
        is_held: whether the peer has said that it holds it.
        told: (own id, version) of what is in it.
    """

    sequence: int
    previous: int
    hash: str
    created_ms: int
    is_held: bool
    told: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Incoming:
    """A bundle that was checked and is to be kept.

    Attributes:
        origin, origin_name: of whom it is.
        recipient: for whom: us, by the key that we have now.
        sequence, previous, previous_hash: its place in the chain; 0 and empty for a first one.
        hash: SHA-256 of its bytes.
        created_ms: when it was made, as it says.
        rows: id, version, exercise, t_issued_ms and body of each alert version.
    """

    origin: str
    origin_name: str
    recipient: str
    sequence: int
    previous: int
    previous_hash: str
    hash: str
    created_ms: int
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Taken:
    """What importing a bundle did.

    Attributes:
        sequence: number of the bundle.
        is_known: it was imported before; nothing changed.
        is_gap: bundles before it are missing.
        added, known: alert versions that are new, and that were there already.
        differing: ids of those there with another text; the first text stands.
        held: the last bundle up to which none is missing.
    """

    sequence: int
    is_known: bool
    is_gap: bool
    added: int
    known: int
    differing: tuple[str, ...]
    held: int

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return {
            "sequence": self.sequence, "already": self.is_known, "gap": self.is_gap,
            "added": self.added, "known": self.known, "differing": list(self.differing),
            "held": self.held,
        }  # fmt: skip


class Partners(Peers):
    """Peers and what is exchanged with them. May be used by several threads and processes."""

    # ---- what leaves -----------------------------------------------------------------------------
    def sent(self, origin: str, recipient: str) -> list[Sent]:
        """List the bundles that were made for a peer, by number."""
        s = tables.sent_bundles
        query = select(s).where(s.c.origin == origin, s.c.recipient == recipient)
        return [_sent(row) for row in self._read(query.order_by(s.c.sequence))]

    def send(
        self, origin: str, peer: Peer, made: Sent, by: By, noted: Mapping[str, Any]
    ) -> None:  # fmt: skip
        """Keep that a bundle leaves, with the line of the log, before it does.

        Raises:
            ConflictError: a bundle of this number was made meanwhile.
        """
        s = tables.sent_bundles
        with self._writing("write the bundles") as connection:
            newest = select(func.max(s.c.sequence)).where(
                s.c.origin == origin, s.c.recipient == peer.instance
            )
            if made.sequence <= (connection.scalar(newest) or 0):
                raise ConflictError("Another bundle was made meanwhile.", hint="Try again.")
            connection.execute(
                insert(s).values(
                    origin=origin, recipient=peer.instance, sequence=made.sequence,
                    previous=made.previous, hash=made.hash, created_ms=made.created_ms, held=0,
                    told=json.dumps(made.told),
                )
            )  # fmt: skip
            append_one(connection, SHARE, checked_officer(by.name), by.t_ms, by.at_ms, dict(noted))

    def held_is(self, origin: str, recipient: str, sequence: int) -> None:
        """Keep the last bundle that a peer says it holds with all before it."""
        s = tables.sent_bundles
        of_both = and_(s.c.origin == origin, s.c.recipient == recipient)
        with self._writing("write the bundles") as connection:
            for is_it, held in ((s.c.sequence == sequence, 1), (s.c.sequence > sequence, 0)):
                changed = update(s).where(of_both, is_it, s.c.held != held)
                connection.execute(changed.values(held=held))

    # ---- what came -------------------------------------------------------------------------------
    def take(self, came: Incoming, by: By) -> Taken:
        """Keep a bundle that was checked: all of it, in one transaction, or nothing.

        Raises:
            UsageError: its sender is no longer trusted.
            ConflictError: it is older than one that was imported, or another one of its number.
        """
        b = tables.partner_bundles
        with self._writing("import a bundle") as connection:
            peer = trusted(connection, came.origin)
            known = {
                row.sequence: row
                for row in connection.execute(
                    select(b).where(b.c.origin == came.origin, b.c.recipient == came.recipient)
                )
            }
            if (same := known.get(came.sequence)) and same.hash == came.hash:
                count = len(came.rows)
                return Taken(came.sequence, True, False, 0, count, (), _held(known.values()))
            _refuse_old(came, peer, known)
            before = known.get(came.previous)
            is_whole = came.previous == 0 or bool(
                before and before.whole and before.hash == came.previous_hash
            )
            added, differing = _add(connection, came, by.at_ms)
            connection.execute(
                insert(b).values(
                    origin=came.origin,
                    recipient=came.recipient, sequence=came.sequence, hash=came.hash,
                    whole=int(is_whole), created_ms=came.created_ms, received_ms=by.at_ms,
                    count=len(came.rows),
                )
            )  # fmt: skip
            held = came.sequence if is_whole else _held(known.values())
            detail = {
                "peer": peer.name, "instance": came.origin, "sequence": came.sequence,
                "sha256": came.hash, "count": len(came.rows), "added": added,
                **({"gap": True} if not is_whole else {}),
                **({"differing": differing[:100]} if differing else {}),
            }  # fmt: skip
            append_one(connection, RECEIVE, checked_officer(by.name), by.t_ms, by.at_ms, detail)
        same_count = len(came.rows) - added - len(differing)
        return Taken(
            came.sequence, False, not is_whole, added, same_count, tuple(differing), held
        )  # fmt: skip

    def held(self, origin: str, recipient: str) -> int:
        """Give the last bundle of a peer up to which none is missing; 0 for none."""
        b = tables.partner_bundles
        query = select(func.max(b.c.sequence)).where(
            b.c.origin == origin, b.c.recipient == recipient, b.c.whole == 1
        )
        return int(self._read(query)[0][0] or 0)

    def alerts(self, origins: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Give the newest version of each alert that came, by time and id.

        Args:
            origins: instances; None for all.

        Returns:
            Bodies as they came, each with its `origin`.
        """
        a = tables.partner_alerts
        query = _newest().order_by(a.c.t_issued_ms, a.c.origin, a.c.id)
        if origins is not None:
            query = query.where(a.c.origin.in_(list(origins)))
        names = self._names()
        return [_shown(row, names) for row in self._read(query)]

    def overview(self) -> list[dict[str, Any]]:
        """Say of each partner how many alerts came, and how many are open as it last told.

        A partner that withdraws an alert tells nothing of it any more: what is open here was so
        when they last spoke of it.

        Returns:
            By name: peers, and whoever sent something and is a peer no more.
        """
        rows: dict[str, dict[str, Any]] = {
            peer.instance: _overview(peer.instance, peer.name, peer.is_trusted)
            for peer in self.peers()
        }
        for row in self._read(_newest()):
            one = rows.setdefault(row.origin, _overview(row.origin, None, False))
            said = msgspec.json.decode(row.body, type=_Standing)
            one["alerts"] += 1
            one["open"][said.priority] += said.state == "open"
            if one["received"] is None or row.received_ms > one["received"]:
                one["received"], one["name"] = row.received_ms, row.origin_name
        for one in rows.values():
            one["received"] = None if one["received"] is None else iso(one["received"])
        return sorted(rows.values(), key=lambda one: (one["peer"] or "~", one["instance"]))

    def count(self) -> int:
        """Count the alerts that came."""
        a = tables.partner_alerts
        distinct = select(a.c.origin, a.c.id).distinct().subquery()
        return int(self._read(select(func.count()).select_from(distinct))[0][0])

    def versions(self, alert_id: str, origin: str) -> list[dict[str, Any]]:
        """Give the versions of one alert that came from an instance, oldest first."""
        a = tables.partner_alerts
        query = select(a).where(a.c.id == alert_id, a.c.origin == origin).order_by(a.c.version)
        names = self._names()
        return [_shown(row, names) for row in self._read(query)]

    def origin_of(self, word: str) -> str:
        """Resolve a peer's name, or an instance or its beginning, to the instance.

        Raises:
            NotFoundError: nothing came from such a one, and no peer is called so.
        """
        a = tables.partner_alerts
        by_name = {peer.name: peer.instance for peer in self.peers()}
        if word in by_name:
            return by_name[word]
        from_them = {row[0] for row in self._read(select(a.c.origin).distinct())}
        wanted = word.lower().replace(" ", "")
        found = {one for one in from_them | set(by_name.values()) if one.startswith(wanted)}
        if len(wanted) < 8 or len(found) != 1:
            raise NotFoundError(
                f"There is no partner '{word[:40]}'.", hint="See 'sargas share peers list'."
            )
        return found.pop()

    def _names(self) -> dict[str, str]:
        return {peer.instance: peer.name for peer in self.peers()}


class _Standing(msgspec.Struct):
    """What of an alert is counted."""

    state: str
    priority: Literal["P1", "P2", "P3"]


def _overview(instance: str, peer: str | None, is_trusted: bool) -> dict[str, Any]:
    return {
        "instance": instance, "peer": peer, "name": None, "trusted": is_trusted, "alerts": 0,
        "open": {"P1": 0, "P2": 0, "P3": 0}, "received": None,
    }  # fmt: skip


def _newest() -> Select[Any]:
    """Ask for the newest version of each alert that came."""
    a = tables.partner_alerts
    newest = (
        select(a.c.origin, a.c.id, func.max(a.c.version).label("version"))
        .group_by(a.c.origin, a.c.id)
        .subquery()
    )
    same = and_(
        a.c.origin == newest.c.origin, a.c.id == newest.c.id, a.c.version == newest.c.version
    )
    return select(a).join(newest, same)


def _sent(row: Row[Any]) -> Sent:
    told = tuple((str(name), int(version)) for name, version in json.loads(row.told))
    return Sent(row.sequence, row.previous, row.hash, row.created_ms, bool(row.held), told)


def _held(rows: Iterable[Row[Any]]) -> int:
    return max((row.sequence for row in rows if row.whole), default=0)


def _refuse_old(came: Incoming, peer: Peer, known: Mapping[int, Row[Any]]) -> None:
    if came.sequence in known:
        raise ConflictError(
            f"{peer.name} has made two bundles with the number {came.sequence}.",
            hint="Ask them: their home may have been restored or copied with its key.",
        )
    if known and came.sequence < max(known):
        raise ConflictError(
            f"This bundle of {peer.name} has the number {came.sequence}; {max(known)} was "
            "imported already.",
            hint=f"If something is missing, ask them for what follows {_held(known.values())}: "
            f"'sargas share fetch {peer.name}', or their 'share export --after'.",
        )


def _add(connection: Connection, came: Incoming, at_ms: int) -> tuple[int, list[str]]:
    """Add the alert versions that are not there; gives how many, and which have another text."""
    a = tables.partner_alerts
    there: dict[tuple[str, int], str] = {}
    ids = sorted({row["id"] for row in came.rows})
    for start in range(0, len(ids), _CHUNK):
        query = select(a.c.id, a.c.version, a.c.body).where(
            a.c.origin == came.origin, a.c.id.in_(ids[start : start + _CHUNK])
        )
        there |= {(row.id, row.version): row.body for row in connection.execute(query)}
    new = [row for row in came.rows if (row["id"], row["version"]) not in there]
    differing = [
        row["id"]
        for row in came.rows
        if there.get((row["id"], row["version"]), row["body"]) != row["body"]
    ]
    if new:
        more = {
            "origin": came.origin, "origin_name": came.origin_name, "received_ms": at_ms,
            "bundle": came.hash,
        }  # fmt: skip
        connection.execute(insert(a), [{**row, **more} for row in new])
    return len(new), differing


def _shown(row: Row[Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Give an alert that came, with whose it is."""
    origin = {
        "instance": row.origin, "peer": names.get(row.origin), "name": row.origin_name,
        "received": iso(row.received_ms), "bundle": row.bundle,
    }  # fmt: skip
    body: dict[str, Any] = json.loads(row.body)
    return {"origin": origin, **body, "id": row.id, "version": row.version}
