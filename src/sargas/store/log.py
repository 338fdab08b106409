"""The log itself: its lines, its one end, and reading and adding under one transaction.

Lines are added and never changed, each chained to the one before by its hash. Whoever notes the
newest hash elsewhere, as a printed handover does, can prove later that nothing before it was
touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import Connection, Row, Select, func, select
from sqlalchemy.exc import DBAPIError

from sargas.model.said import checked_officer
from sargas.model.triage import Act
from sargas.store import tables
from sargas.store.chain import Verified, act_of, append, ends_of, follow, head_of, next_seq
from sargas.store.home import Home
from sargas.store.tables import WRITING, address_of, open_engine, place, refused

SEQ_MOST = 2**63 - 1
"""Numbers of lines are below this: it is the most that a database compares with."""


class Log:
    """Lines of acts in a ledger's database. May be used by several threads and processes.

    Args:
        where: a home, whose `sargas.db` is used, or the URL of a ledger's database.

    Raises:
        UsageError: the URL cannot be read.
        StoreError: the database cannot be opened.
    """

    def __init__(self, where: Home | str) -> None:
        self._engine = open_engine(address_of(where))

    @classmethod
    def beside(cls, other: Log) -> Self:
        """Use the connections of another one, and close them with it."""
        made = cls.__new__(cls)
        made._engine = other._engine
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The log can still be used: it opens new ones."""
        self._engine.dispose()

    def note(
        self, verb: str, officer: str, *, t_ms: int, at_ms: int, detail: Mapping[str, Any]
    ) -> Act:
        """Note an act that is about no alert and was done elsewhere, as with a zone."""
        name = checked_officer(officer)
        with self._writing("write the audit log") as connection:
            return append_one(connection, verb, name, t_ms, at_ms, dict(detail))

    def lines(
        self,
        *,
        alert: str | None = None,
        after_seq: int = 0,
        since_ms: int | None = None,
        as_of_ms: int | None = None,
        verbs: Collection[str] | None = None,
        mentions: str = "",
    ) -> list[Act]:
        """Read lines of the log, oldest first.

        Args:
            alert: only those about this alert.
            after_seq: only later ones.
            since_ms, as_of_ms: only acts from and up to these event times.
            verbs: only these.
            mentions: only those with this text in what was said, as JSON has it.
        """
        a = tables.audit_log
        query = select(a).where(a.c.seq > max(0, min(after_seq, SEQ_MOST))).order_by(a.c.seq)
        query = query if alert is None else query.where(a.c.alert == alert)
        query = query if since_ms is None else query.where(a.c.t_ms >= since_ms)
        query = query if as_of_ms is None else query.where(a.c.t_ms <= as_of_ms)
        query = query if verbs is None else query.where(a.c.verb.in_(list(verbs)))
        if mentions:
            query = query.where(a.c.detail.contains(mentions, autoescape=True))
        return [act_of(row) for row in self._read(query)]

    def last_seq(self) -> int:
        """Give the number of the newest line, 0 for an empty log."""
        return int(self._read(select(func.coalesce(func.max(tables.audit_log.c.seq), 0)))[0][0])

    def head(self, seq: int | None = None) -> str:
        """Give the hash of a line, the newest one unless another is named; empty for none."""
        if seq is not None:
            a = tables.audit_log
            return "".join(row.hash for row in self._read(select(a.c.hash).where(a.c.seq == seq)))
        with self._reading() as connection:
            return head_of(connection)[1]

    def verify(self, noted: str = "") -> Verified:
        """Follow the chain from its first line.

        Args:
            noted: a hash that was noted elsewhere, whole or its beginning; empty for none.
        """
        with self._reading() as connection:
            ends = ends_of(connection)  # first: what is added meanwhile is none of them
            return follow(connection.execute(select(tables.audit_log).order_by("seq")), noted, ends)

    def _read(self, query: Select[Any]) -> list[Row[Any]]:
        with self._reading() as connection:
            return list(connection.execute(query))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise refused(error, self._engine, "read the audit log") from error

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Connection]:
        """Write as the only one: the chain has one end, so that lines come one by one."""
        t = tables.meta
        try:
            with (
                self._engine.connect().execution_options(**WRITING) as connection,
                connection.begin(),
            ):
                connection.execute(select(t).where(t.c.name == "schema").with_for_update())
                yield connection
        except DBAPIError as error:
            raise refused(error, self._engine, doing) from error

    def __repr__(self) -> str:
        return f"{type(self).__name__}({place(self._engine)!r})"


def append_one(
    connection: Connection, verb: str, officer: str, t_ms: int, at_ms: int, detail: dict[str, Any]
) -> Act:
    """Add a line about no alert."""
    seq = next_seq(connection)
    act = Act(seq, at_ms, t_ms, officer, verb, "", 0, seq, "", "", detail)
    append(connection, [act])
    return act
