"""The chain of the audit log: lines, each hashed together with the hash of the one before.

A chain does not show that its end was cut off. So number and hash of the newest line stand in
another table too, written in the same transaction: lines that are deleted, and no more than that,
are missed. Who writes to both can hide it; a hash that was noted elsewhere shows that as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select

from sargas.model.triage import Act
from sargas.store.tables import audit_log, meta

_FIELDS = (
    "seq", "at_ms", "t_ms", "officer", "verb", "alert", "version", "batch", "old", "new", "detail",
)  # fmt: skip

NEWEST = "audit_newest"
"""Name under which the newest line is noted: its number and hash. Ledgers that were written to by
older versions alone have none."""
CUT = "audit_cut"
"""The same of a log that was found cut when a line was to follow: that line hides it no more."""


class End(NamedTuple):
    """A line that was the newest one: its number and hash."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Verified:
    """What following the chain showed.

    Attributes:
        lines: lines in the log.
        head: hash of the newest line; empty for an empty log.
        broken_at: number of the first line that is not what it was; None for a whole chain.
        what: what is wrong with it.
        has_head: whether a hash that was noted elsewhere is one of the chain's.
    """

    lines: int
    head: str
    broken_at: int | None = None
    what: str = ""
    has_head: bool = True


def act_of(row: Row[Any]) -> Act:
    """Read a line."""
    return Act(
        row.seq, row.at_ms, row.t_ms, row.officer, row.verb, row.alert, row.version, row.batch,
        row.old, row.new, json.loads(row.detail),
    )  # fmt: skip


def _hash(before: str, line: Mapping[str, Any]) -> str:
    """Chain a line to the one before it."""
    said = [before, *(line[name] for name in _FIELDS)]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def head_of(connection: Connection) -> tuple[int, str]:
    """Give number and hash of the newest line."""
    a = audit_log
    row = connection.execute(select(a.c.seq, a.c.hash).order_by(a.c.seq.desc()).limit(1)).first()
    return (row.seq, row.hash) if row else (0, "")


def next_seq(connection: Connection) -> int:
    """Give the number of the line that comes next."""
    return head_of(connection)[0] + 1


def append(connection: Connection, acts: Iterable[Act]) -> None:
    """Add lines at the end of the chain."""
    _, before = head_of(connection)
    noted = _noted(connection, NEWEST)
    if noted is not None:
        there = select(audit_log.c.hash).where(audit_log.c.seq == noted.seq)
        if connection.scalar(there) != noted.hash and _noted(connection, CUT) is None:
            _note(connection, CUT, noted)
    rows = []
    for act in acts:
        detail = json.dumps(act.detail, sort_keys=True)
        row: dict[str, Any] = asdict(act) | {"detail": detail}
        before = row["hash"] = _hash(before, row)
        rows.append(row)
    connection.execute(insert(audit_log), rows)
    if rows:
        _note(connection, NEWEST, End(rows[-1]["seq"], before))


def _note(connection: Connection, name: str, end: End) -> None:
    connection.execute(delete(meta).where(meta.c.name == name))
    connection.execute(insert(meta).values(name=name, value=f"{end.seq} {end.hash}"))


def _noted(connection: Connection, name: str) -> End | None:
    """Read what was noted; something that is no line is one that cannot be."""
    value = connection.scalar(select(meta.c.value).where(meta.c.name == name))
    if value is None:
        return None
    seq, _, hash_ = str(value).partition(" ")
    is_number = seq.isascii() and seq.isdecimal() and len(seq) <= 18  # more is no integer of SQL
    return End(int(seq) if is_number else 0, hash_)


def ends_of(connection: Connection) -> list[End]:
    """Give the lines that were the newest ones when the log was written to, as they are noted."""
    found = (_noted(connection, name) for name in (CUT, NEWEST))
    return [end for end in found if end is not None]


def follow(rows: Iterable[Row[Any]], noted: str = "", ends: Iterable[End] = ()) -> Verified:
    """Follow the chain from its first line.

    Args:
        rows: all lines, in order.
        noted: a hash that was noted elsewhere, whole or its beginning; empty for none.
        ends: lines that must be in it, see `ends_of`.
    """
    wanted: dict[int, set[str]] = {}
    for end in ends:
        wanted.setdefault(end.seq, set()).add(end.hash)
    before, count, has = "", 0, not noted
    for count, row in enumerate(rows, 1):
        if row.seq != count:
            what = f"Line {count} is missing; line {row.seq} follows."
            return Verified(count - 1, before, count, what, has)
        if _hash(before, dict(row._mapping)) != row.hash:
            return Verified(count - 1, before, count, "It is not what was written.", has)
        if wanted.pop(row.seq, set()) - {row.hash}:
            what = (
                "It is another line than was written: the log was cut here or before, or made anew."
            )
            return Verified(count - 1, before, count, what, has)
        before, has = row.hash, has or row.hash.startswith(noted)
    if wanted:
        what = f"It is missing: the log was cut, it had {max(wanted):,} lines."
        return Verified(count, before, count + 1, what, has)
    return Verified(count, before, has_head=has)
