"""Whether a ledger is whole: its pages, its alerts in all their versions, the chain of its log.

The file is opened for reading only; nothing is migrated, mended or made.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, and_, create_engine, exists, func, inspect, not_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sargas.store import tables
from sargas.store.chain import ends_of, follow
from sargas.store.tables import SCHEMA_VERSION, WAIT_S, tables_of

MOST_NAMED = 20
"""Findings of one kind that are named; the others are counted: nobody reads ten thousand lines."""
_RESTORE = "Restore the newest backup that is whole with 'sargas restore'."
_TOUCHED = "Somebody or something changed the file; compare it with a backup. " + _RESTORE


class Finding(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        where: file, or part of it.
        what: what is wrong, one sentence.
        hint: what to do.
        is_damage: false for what costs nothing, as a file that a killed writer left.
    """

    where: str
    what: str
    hint: str
    is_damage: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Write the finding as JSON has it."""
        return self._asdict()


@dataclass
class LedgerChecked:
    """What a ledger holds, and what is wrong with it.

    Attributes:
        counts: alerts, alert_versions, acts.
        head: hash of the newest line of the audit log; empty for none.
        schema: version of its tables; empty where they say none.
        findings: what is wrong.
    """

    counts: dict[str, int] = field(default_factory=dict)
    head: str = ""
    schema: str = ""
    findings: list[Finding] = field(default_factory=list)


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a SQLite file that nothing will be written to."""
    # Without a limit of threads: SQLAlchemy hands a connection on.
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro",
        uri=True, timeout=WAIT_S, isolation_level=None, check_same_thread=False,
    )  # fmt: skip


def check_ledger(path: Path) -> LedgerChecked:
    """Check a ledger from its pages to its meaning.

    Checked are SQLite's own integrity, the version of the tables, that every alert has all its
    versions from 1 on and each text says what its row says, that no suppression and no act is
    about an alert that is not there, and the chain of the audit log.
    """
    out, name = LedgerChecked(), path.name
    try:
        with closing(open_read_only(path)) as raw:
            rows = raw.execute(f"PRAGMA integrity_check({MOST_NAMED})").fetchall()
            broken = [" ".join(str(row[0]).split()) for row in rows if row[0] != "ok"]
            out.findings += [Finding(name, f"SQLite: {text}.", _RESTORE) for text in broken]
        engine = create_engine(
            "sqlite://", creator=lambda: open_read_only(path), poolclass=NullPool
        )
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")  # all questions see one state
            _check_tables(connection, out, name)
    # SQLite quotes what is damaged, and sqlite3 does not expect that it is no UTF-8.
    except (DBAPIError, sqlite3.Error, UnicodeDecodeError) as error:
        reason = getattr(error, "orig", None) or error
        out.findings.append(Finding(name, f"The ledger cannot be read: {reason}.", _RESTORE))
    return out


def _check_tables(connection: Connection, out: LedgerChecked, name: str) -> None:
    t, a, s = tables.alerts, tables.audit_log, tables.suppressions
    names = set(inspect(connection).get_table_names())
    if tables.meta.name in names:
        version = select(tables.meta.c.value).where(tables.meta.c.name == "schema")
        out.schema = str(connection.scalar(version) or "")
    needed = tables_of(out.schema)
    if not needed:
        what = f"The ledger has schema {out.schema or 'none'}; this sargas reads {SCHEMA_VERSION}."
        out.findings.append(Finding(name, what, "Use the sargas that made it. " + _RESTORE))
        return
    if missing := sorted(needed - names):
        what = f"Tables are missing: {', '.join(missing)}."
        out.findings.append(Finding(name, what, _RESTORE))
        return
    out.counts["alert_versions"] = int(connection.scalar(select(func.count()).select_from(t)) or 0)
    distinct = select(func.count(func.distinct(t.c.id)))
    out.counts["alerts"] = int(connection.scalar(distinct) or 0)
    out.findings += few(_wrong_alerts(connection, name), name)
    there = exists().where(and_(t.c.id == s.c.id, t.c.version == s.c.version))
    stray = connection.scalar(select(func.count()).select_from(s).where(not_(there)))
    if stray:
        what = f"Suppressions of alerts that are not there: {stray:,}."
        out.findings.append(Finding(name, what, _TOUCHED))
    if a.name not in names:
        out.counts["acts"] = 0
        return
    ends = ends_of(connection)
    chain = follow(connection.execute(select(a).order_by(a.c.seq)), ends=ends)
    out.head = chain.head
    out.counts["acts"] = int(connection.scalar(select(func.count()).select_from(a)) or 0)
    if chain.broken_at is not None:
        where = f"{name}, audit log, line {chain.broken_at}"
        out.findings.append(Finding(where, chain.what, _TOUCHED))
    about = exists().where(t.c.id == a.c.alert)
    stray = connection.scalar(
        select(func.count()).select_from(a).where(a.c.alert != "", not_(about))
    )
    if stray:
        what = f"Acts about alerts that are not there: {stray:,}."
        out.findings.append(Finding(f"{name}, audit log", what, _TOUCHED))


def _wrong_alerts(connection: Connection, name: str) -> Iterator[Finding]:
    """Name alerts with holes in their versions, and texts that do not say what their row says."""
    t = tables.alerts
    before: tuple[str, int] = ("", 0)
    query = select(t.c.id, t.c.version, t.c.state, t.c.priority, t.c.detector, t.c.body)
    for row in connection.execute(query.order_by(t.c.id, t.c.version)):
        where = f"{name}, alert {row.id}"
        due = before[1] + 1 if row.id == before[0] else 1
        if row.version != due:
            what = f"Version {due} is missing; version {row.version} follows."
            yield Finding(where, what, _TOUCHED)
        before = (row.id, row.version)
        try:
            body = json.loads(row.body)
            said = tuple(body[key] for key in ("id", "version", "state", "priority", "detector"))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            yield Finding(where, f"The text of version {row.version} cannot be read: {error!r}.",
                          _TOUCHED)  # fmt: skip
            continue
        if said != tuple(row[:5]):
            what = f"The text of version {row.version} does not say what its row says."
            yield Finding(where, what, _TOUCHED)


def few(findings: Iterator[Finding], where: str) -> list[Finding]:
    """Keep the first findings of a kind and count the others."""
    named: list[Finding] = []
    more, damage = 0, False
    for one in findings:
        if len(named) < MOST_NAMED:
            named.append(one)
        else:
            more, damage = more + 1, damage or one.is_damage
    if more:
        named.append(Finding(where, f"And {more:,} more of that kind.", named[-1].hint, damage))
    return named
