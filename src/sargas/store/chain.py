"""The chain of the audit log: lines, each hashed together with the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from sargas.model.triage import Act
from sargas.store.tables import audit_log

_FIELDS = (
    "seq", "at_ms", "t_ms", "officer", "verb", "alert", "version", "batch", "old", "new", "detail",
)  # fmt: skip


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
    rows = []
    for act in acts:
        detail = json.dumps(act.detail, sort_keys=True)
        row: dict[str, Any] = asdict(act) | {"detail": detail}
        before = row["hash"] = _hash(before, row)
        rows.append(row)
    connection.execute(insert(audit_log), rows)


def follow(rows: Iterable[Row[Any]], noted: str = "") -> Verified:
    """Follow the chain from its first line.

    Args:
        rows: all lines, in order.
        noted: a hash that was noted elsewhere, whole or its beginning; empty for none.
    """
    before, count, has = "", 0, not noted
    for count, row in enumerate(rows, 1):
        if row.seq != count:
            what = f"Line {count} is missing; line {row.seq} follows."
            return Verified(count - 1, before, count, what, has)
        if _hash(before, dict(row._mapping)) != row.hash:
            return Verified(count - 1, before, count, "It is not what was written.", has)
        before, has = row.hash, has or row.hash.startswith(noted)
    return Verified(count, before, has_head=has)
