"""The ledger: alerts, checkpoints and counters, committed together or not at all.

A fold reads a source, and after each batch commits what it found, its own state, and how far it
has read, in one transaction. Killed at any point it goes on from the last commit, and the alerts
are those of a run that was not disturbed. A commit that has been made before changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, Select, and_, func, insert, select, tuple_, update
from sqlalchemy.exc import DBAPIError

from sargas.errors import NotFoundError, StateVersionError, UsageError
from sargas.model.alerts import Alert
from sargas.store import tables
from sargas.store.home import Home
from sargas.store.tables import WRITING, address_of, open_engine, place, refused

_CHUNK = 400
"""Keys asked for in one statement; databases bound the number of parameters."""


@dataclass(frozen=True)
class Checkpoint:
    """How far a source has been folded, and the fold's state there."""

    source: str
    offset: int
    state: bytes
    state_version: int


@dataclass(frozen=True)
class Committed:
    """What a commit did.

    Attributes:
        applied: false if the source was committed that far before; state, offset and counters
            stayed as they were.
        added: alert versions that are new.
        known: alert versions that were there already, equal to the letter.
        differing: ids of alerts that were there with the same version and another text. The first
            text stands. That never happens to a fold that keeps the laws, so say it aloud.
    """

    applied: bool
    added: int = 0
    known: int = 0
    differing: tuple[str, ...] = ()


class Ledger:
    """Alerts, checkpoints and counters of a watch. May be used by several threads.

    Args:
        where: a home, whose `sargas.db` (SQLite) is used, or the URL of a database.

    Raises:
        UsageError: the URL cannot be read.
        StoreError: the database cannot be opened.
        StateVersionError: it was made by a sargas with other tables.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with Ledger(Home(folder)) as ledger:
        ...         ledger.commit("day.csv", 100, b"state", counters={"sog_missing": 2}).applied
        ...         ledger.commit("day.csv", 100, b"state", counters={"sog_missing": 2}).applied
        ...         ledger.checkpoint("day.csv").offset, ledger.counters()
        True
        False
        (100, {'sog_missing': 2})
    """

    def __init__(self, where: Home | str) -> None:
        self._engine = open_engine(address_of(where))

    def __repr__(self) -> str:
        return f"Ledger({place(self._engine)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The ledger can still be used: it opens new ones."""
        self._engine.dispose()

    def commit(
        self,
        source: str,
        offset: int,
        state: bytes,
        alerts: Iterable[Alert] = (),
        counters: Mapping[str, int] | None = None,
        *,
        state_version: int = 1,
        run: str = "",
    ) -> Committed:
        """Commit the outcome of one batch: alerts, counters, state and offset, in one transaction.

        A commit of a smaller offset than the source has reached, or the same commit again at the
        offset reached, changes neither state nor counters. Another commit at that offset is
        applied: a flush at the end of the input moves no offset. Alerts are known by id and
        version wherever they come from: those that are not there yet are always added.

        Args:
            source: what is folded and how: the name of the feed, and of the rules if a feed is
                to be folded again under others.
            offset: how far the source has been read, growing.
            state: the fold's state after the batch.
            alerts: versions of alerts that came out of the batch.
            counters: how many rows of this batch met with each reason; added up.
            state_version: version of the encoding of `state`.
            run: name of the run that the counters belong to.

        Raises:
            UsageError: the offset is negative, or an alert cannot be written as JSON.
            StoreError: the database refused, for instance because the disk is full. Nothing of
                the batch has been committed then; it may be committed again.
        """
        if offset < 0:
            raise UsageError(f"Offset {offset} of {source!r} is negative.")
        rows = _rows(alerts)
        counted = {reason: int(count) for reason, count in (counters or {}).items() if count}
        digest = _digest(state, state_version, rows, counted)
        with self._transaction("commit") as connection:
            applied = _advance(connection, source, offset, state, state_version, digest)
            if applied:
                _count(connection, run, source, counted)
            return _add(connection, rows, applied=applied)

    def publish(self, alerts: Iterable[Alert]) -> Committed:
        """Add versions of alerts before the state that gave them is committed.

        Where a state is large it is committed less often than alerts become known. No checkpoint
        moves: state and offset stay those of the last commit, and whoever goes on from there finds
        the same versions again, which are known then.

        Raises:
            UsageError, StoreError: as for `commit`.
        """
        rows = _rows(alerts)
        with self._transaction("publish alerts") as connection:
            return _add(connection, rows, applied=True)

    def checkpoint(self, source: str, state_version: int | None = None) -> Checkpoint | None:
        """Read how far a source has been folded; None if it never was.

        Args:
            source: as given to `commit`.
            state_version: the version the caller can read; None takes any.

        Raises:
            StateVersionError: the state is of another version.
        """
        t = tables.checkpoints
        query = select(t.c.source_offset, t.c.state, t.c.state_version).where(t.c.source == source)
        rows = self._read(query)
        if not rows:
            return None
        found = Checkpoint(source, rows[0][0], rows[0][1], rows[0][2])
        if state_version is not None and found.state_version != state_version:
            raise StateVersionError(
                f"The state of {source!r} has version {found.state_version}; "
                f"this sargas reads version {state_version}.",
                where=place(self._engine),
                hint="Use the sargas that wrote it, or fold the source again into a new home.",
            )
        return found

    def alerts(
        self,
        as_of_ms: int | None = None,
        *,
        state: str | None = None,
        priority: str | None = None,
        detector: str | None = None,
        since_ms: int | None = None,
        exercise: bool | None = None,
        ids: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Read the latest version of each alert, as the watch knew it at an event time.

        Args:
            as_of_ms: leave out versions issued later; None reads all.
            state, priority, detector: only alerts whose latest version has these.
            since_ms: only alerts whose latest version was issued then or later.
            exercise: only exercise alerts, or only real ones.
            ids: only these, some hundreds at most.
            limit: the newest so many.

        Returns:
            Bodies as `Alert.to_dict` made them, ordered by detection time and id.
        """
        t = tables.alerts
        query = _latest(as_of_ms)
        for column, wanted in ((t.c.state, state), (t.c.priority, priority)):
            query = query if wanted is None else query.where(column == wanted)
        if detector is not None:
            query = query.where(t.c.detector == detector)
        if since_ms is not None:
            query = query.where(t.c.t_issued_ms >= since_ms)
        if exercise is not None:
            query = query.where(t.c.exercise.isnot(None) if exercise else t.c.exercise.is_(None))
        if ids is not None:
            query = query.where(t.c.id.in_(ids))
        query = query.order_by(t.c.t_detected_ms.desc(), t.c.id.desc()).limit(limit)
        return [json.loads(row[0]) for row in reversed(self._read(query))]

    def alert(self, alert_id: str, as_of_ms: int | None = None) -> dict[str, Any]:
        """Read one alert: its latest version, and under `versions` all of them, oldest first.

        Raises:
            NotFoundError: there is no such alert, or not yet at `as_of_ms`.
        """
        t = tables.alerts
        query = select(t.c.body).where(t.c.id == alert_id).order_by(t.c.version)
        if as_of_ms is not None:
            query = query.where(t.c.t_issued_ms <= as_of_ms)
        versions = [json.loads(row[0]) for row in self._read(query)]
        if not versions:
            raise NotFoundError(f"There is no alert {alert_id!r}.", where=place(self._engine))
        return {**versions[-1], "versions": versions}

    def first_versions(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Read how alerts were when they were detected, by id."""
        t, found = tables.alerts, {}
        for start in range(0, len(ids), _CHUNK):
            query = select(t.c.id, t.c.body).where(t.c.id.in_(ids[start : start + _CHUNK]))
            for name, body in self._read(query.where(t.c.version == 1)):
                found[name] = json.loads(body)
        return found

    def counters(self, source: str | None = None, run: str | None = None) -> dict[str, int]:
        """Add up the counters by reason, over all sources and runs or one of them."""
        t = tables.counters
        query = select(t.c.reason, func.sum(t.c.count)).group_by(t.c.reason).order_by(t.c.reason)
        query = query if source is None else query.where(t.c.source == source)
        query = query if run is None else query.where(t.c.run == run)
        return {reason: int(count) for reason, count in self._read(query)}

    def suppressions(self, as_of_ms: int | None = None) -> dict[str, int]:
        """Count the alerts that each suppression mutes, by its name."""
        t, s = tables.alerts, tables.suppressions
        latest = _latest(as_of_ms).with_only_columns(t.c.id, t.c.version).subquery()
        muted = and_(s.c.id == latest.c.id, s.c.version == latest.c.version)
        query = select(s.c.name, func.count()).join(latest, muted).group_by(s.c.name)
        return {name: int(count) for name, count in self._read(query.order_by(s.c.name))}

    def _read(self, query: Select[Any]) -> list[Any]:
        try:
            with self._engine.connect() as connection:
                return list(connection.execute(query))
        except DBAPIError as error:
            raise refused(error, self._engine, "read the ledger") from error

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[Connection]:
        try:
            with (
                self._engine.connect().execution_options(**WRITING) as connection,
                connection.begin(),
            ):
                yield connection
        except DBAPIError as error:
            raise refused(error, self._engine, doing) from error


def _latest(as_of_ms: int | None) -> Select[Any]:
    """Select the body of each alert's latest version."""
    t = tables.alerts
    newest = select(t.c.id, func.max(t.c.version).label("version")).group_by(t.c.id)
    if as_of_ms is not None:
        newest = newest.where(t.c.t_issued_ms <= as_of_ms)
    n = newest.subquery()
    return select(t.c.body).join(n, and_(t.c.id == n.c.id, t.c.version == n.c.version))


def _rows(alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """Write alerts as rows, each version once, in an order that does not depend on arrival."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for alert in alerts:
        row = _row(alert)
        twin = rows.setdefault((alert.id, alert.version), row)
        if twin["body"] != row["body"]:
            raise UsageError(f"Alert {alert.id} has two texts of version {alert.version}.")
    return [rows[key] for key in sorted(rows)]


def _row(alert: Alert) -> dict[str, Any]:
    try:
        # A lone surrogate is no UTF-8; as the escape it becomes it is the same JSON.
        body = alert.to_json().encode("utf-8", "backslashreplace").decode("utf-8")
    except (TypeError, ValueError) as error:
        raise UsageError(f"Alert {alert.id} cannot be written as JSON: {error}.") from error
    return {
        "id": alert.id,
        "version": alert.version,
        "body": body,
        "state": alert.state,
        "priority": alert.priority,
        "detector": alert.detector,
        "domain": alert.subject.domain,
        "mmsi": alert.subject.mmsi,
        "t_start_ms": alert.t_start_ms,
        "t_detected_ms": alert.t_detected_ms,
        "t_issued_ms": alert.t_issued_ms,
        "exercise": alert.exercise,
        "muted_by": sorted(set(alert.muted_by)),
    }


def _digest(
    state: bytes, state_version: int, rows: list[dict[str, Any]], counted: dict[str, int]
) -> str:
    """Name a commit by all it says, to know it when it comes again."""
    digest = hashlib.sha256(state)
    said = [state_version, [row["body"] for row in rows], sorted(counted.items())]
    digest.update(json.dumps(said).encode())
    return digest.hexdigest()[:32]


def _advance(
    connection: Connection, source: str, offset: int, state: bytes, state_version: int, digest: str
) -> bool:
    """Move a source's checkpoint; false if this commit has been made before."""
    t = tables.checkpoints
    row = connection.execute(
        select(t.c.source_offset, t.c.applied).where(t.c.source == source).with_for_update()
    ).one_or_none()
    values = {"source_offset": offset, "state": state, "state_version": state_version}
    if row is None:
        connection.execute(insert(t).values(source=source, applied=digest, **values))
        return True
    reached, applied = row
    if offset < reached or (offset == reached and digest in applied.split()):
        return False
    values["applied"] = f"{applied} {digest}" if offset == reached else digest
    connection.execute(update(t).where(t.c.source == source).values(**values))
    return True


def _count(connection: Connection, run: str, source: str, counted: dict[str, int]) -> None:
    t = tables.counters
    for reason, count in sorted(counted.items()):
        key = and_(t.c.run == run, t.c.source == source, t.c.reason == reason)
        done = connection.execute(update(t).where(key).values(count=t.c.count + count))
        if not done.rowcount:
            row = {"run": run, "source": source, "reason": reason, "count": count}
            connection.execute(insert(t).values(row))


def _add(connection: Connection, rows: list[dict[str, Any]], *, applied: bool) -> Committed:
    """Add the alert versions that are not there yet."""
    there = _bodies(connection, [(row["id"], row["version"]) for row in rows])
    new = [row for row in rows if (row["id"], row["version"]) not in there]
    texts = [(row, there.get((row["id"], row["version"]), row["body"])) for row in rows]
    differing = [row["id"] for row, text in texts if text != row["body"]]
    if new:
        columns = [{k: v for k, v in row.items() if k != "muted_by"} for row in new]
        connection.execute(insert(tables.alerts), columns)
    muted = [
        {"id": row["id"], "version": row["version"], "name": name}
        for row in new
        for name in row["muted_by"]
    ]
    if muted:
        connection.execute(insert(tables.suppressions), muted)
    known = len(rows) - len(new) - len(differing)
    return Committed(applied, added=len(new), known=known, differing=tuple(differing))


def _bodies(connection: Connection, keys: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Read the texts of the alert versions that are there."""
    t = tables.alerts
    found = {}
    for start in range(0, len(keys), _CHUNK):
        wanted = tuple_(t.c.id, t.c.version).in_(keys[start : start + _CHUNK])
        for row in connection.execute(select(t.c.id, t.c.version, t.c.body).where(wanted)):
            found[row.id, row.version] = row.body
    return found
