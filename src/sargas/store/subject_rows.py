"""Rows of single subjects, read file by file and remembered: a file of a shard never changes.

Who looks at an alert, a vessel or a track asks for the rows of one subject, and most of what that
costs is opening and scanning files that were scanned before. So what a file holds of a
subject is kept in memory, by the file (its inode and time) and the subject. Which files there are
is listed anew for each question, and times are compared afterwards: nothing is ever out of date,
whatever was written, merged or let go meanwhile, and at whatever time the clock stands.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from sargas.model.arrow import fixes_from_arrow, statics_from_arrow
from sargas.model.fixes import Fixes, Statics
from sargas.store import files
from sargas.store.asking import Asking
from sargas.store.canon import T, canonical_order, shard_of, subject_keys
from sargas.store.files import ShardFile
from sargas.store.home import FIXES, STATICS, Home
from sargas.store.memo import Memo
from sargas.store.shards import from_shard, in_order

KEPT_BYTES: Final = 96 << 20
"""Rows kept by an archive (chosen): the day of a thousand vessels, or of twenty that report every
two seconds."""
OWN_BYTES: Final = 3_000
"""What rows take beside their values: twenty columns and a key."""

_OF = """, filename FROM read_parquet($files, hive_partitioning = false, filename = true)
    WHERE subject_id BETWEEN $first AND $last
      AND list_contains($keys::UBIGINT[], domain::UBIGINT * 4294967296 + subject_id)"""
"""The bounds are there for the scan to skip by."""
_QUERIES: Final = {kind: "SELECT " + ", ".join(kind.DTYPES) + _OF for kind in (Fixes, Statics)}

WHOLE_BYTES: Final = 1_000_000
"""A file up to so large, some 50,000 fixes, is read for all its subjects at once: that costs what
four questions for one do (measured), and in a live watch each minute's file is read once."""

Subject = tuple[int, int]
"""Domain and id."""


WHOLE_MOST: Final = 16
"""Of more files than this a question is asked: they would not be kept for long."""


class Listed(NamedTuple):
    """A file of a shard, and what changes when it is another one of the same name."""

    path: Path
    last_ms: int
    inode: int
    modified_ns: int
    bytes: int


class SubjectRows(Asking):
    """A home that can be asked for rows of single subjects.

    Args:
        home: the home to read.
    """

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._rows: Memo[Any] = Memo(KEPT_BYTES)
        self._turn = threading.Lock()

    def rows_of(self, kind: type[T], subject: Subject, from_ms: int, to_ms: int) -> T:
        """Read one subject's rows in a span, both ends included, in canonical order.

        Args:
            kind: `Fixes` or `Statics`.
            subject: whose.
            from_ms, to_ms: event time.
        """
        return self.rows_of_all(kind, [subject], from_ms, to_ms)[subject]

    def rows_of_all(
        self, kind: type[T], subjects: Iterable[Subject], from_ms: int, to_ms: int
    ) -> dict[Subject, T]:
        """Read the rows of some subjects in a span, by subject; as `rows_of`."""
        by_shard: dict[int, list[Subject]] = defaultdict(list)
        for subject in subjects:
            by_shard[int(shard_of(*subject, self.home.shards)[0])].append(subject)

        def read() -> dict[Subject, T]:
            parts = self._parts(kind, by_shard, from_ms, to_ms)
            return {subject: _within(kind, own, from_ms, to_ms) for subject, own in parts.items()}

        return files.retrying(read, lost=(FileNotFoundError,))

    def _parts(
        self, kind: type[T], by_shard: dict[int, list[Subject]], from_ms: int, to_ms: int
    ) -> dict[Subject, list[T]]:
        """Give what each file that may hold an answer holds of each subject, oldest file first."""
        table = FIXES if kind is Fixes else STATICS
        listed = {shard: self.listed(table, from_ms, to_ms, shard) for shard in by_shard}
        found: dict[tuple[Listed, Subject], T] = {}
        missing: dict[Listed, list[Subject]] = defaultdict(list)
        for shard, subjects in by_shard.items():
            for key in product(listed[shard], subjects):
                known = self._rows.get(key)
                if known is None:
                    missing[key[0]].append(key[1])
                else:
                    found[key] = known
        small = [file for file in missing if file.bytes <= WHOLE_BYTES]
        if len(small) <= WHOLE_MOST:
            for file in small:
                found |= self._read_whole(kind, file, missing.pop(file))
        if missing:
            found |= self._ask_for(kind, missing)
        return {
            subject: [found[file, subject] for file in listed[shard]]
            for shard, subjects in by_shard.items()
            for subject in subjects
        }

    def listed(
        self, table: str, from_ms: int, to_ms: int, shard: int | None = None
    ) -> list[Listed]:
        """List the files whose day, shard and times may hold an answer."""
        found = []
        for file in self.files_of(table, from_ms, to_ms, shard):
            stat = file.path.stat()
            found.append(
                Listed(file.path, file.last_ms, stat.st_ino, stat.st_mtime_ns, stat.st_size)
            )
        return found

    def _read_whole(
        self, kind: type[T], file: Listed, subjects: list[Subject]
    ) -> dict[tuple[Listed, Subject], T]:
        """Read a file and keep what it holds of any subject; who asks meanwhile waits for it.

        One file after the other: many at once would take the core from all that is in memory.
        """
        with self._turn:
            known = {(file, one): self._rows.get((file, one)) for one in subjects}
            found: dict[tuple[Listed, Subject], T] = {
                key: rows for key, rows in known.items() if rows is not None
            }
            if len(found) < len(known):  # nobody has read it while this one waited
                rows = in_order(from_shard(kind, ShardFile(file.path, 0, 0)))
                found = self._kept(file, subjects, rows)
            return found

    def _ask_for(
        self, kind: type[T], wanted: dict[Listed, list[Subject]]
    ) -> dict[tuple[Listed, Subject], T]:
        """Read what files hold of subjects, all in one question."""
        keys = sorted({one[0] << 32 | one[1] for subjects in wanted.values() for one in subjects})
        ids = [key & 0xFFFFFFFF for key in keys]
        values = {"keys": keys, "first": min(ids), "last": max(ids)}
        table = self.answer(_QUERIES[kind], [file.path for file in wanted], values, arrow=True)
        read: Any = fixes_from_arrow if kind is Fixes else statics_from_arrow
        of_file, rows = table.column("filename").to_numpy(), read(table)
        found: dict[tuple[Listed, Subject], T] = {}
        for file, subjects in wanted.items():
            own = rows.take(of_file == str(file.path))
            found |= self._kept(file, subjects, own.take(canonical_order(own)))
        return found

    def _kept(
        self, file: Listed, subjects: list[Subject], rows: T
    ) -> dict[tuple[Listed, Subject], T]:
        """Keep a file's rows, in canonical order, by subject; give those that are asked for."""
        none: T = type(rows).empty()
        found = {(file, subject): none for subject in subjects}
        for subject, own in _by_subject(rows):
            size = sum(column.nbytes for column in own.columns().values()) + OWN_BYTES
            self._rows.keep((file, subject), own, size)
            if (file, subject) in found:
                found[file, subject] = own
        for key, own in found.items():
            if own is none:  # that it holds nothing is worth knowing, too
                self._rows.keep(key, own, OWN_BYTES)
        return found


def _by_subject(rows: T) -> Iterator[tuple[Subject, T]]:
    """Cut rows in canonical order by subject: copies, as one may be kept longer than the others."""
    keys = subject_keys(rows.domain, rows.subject_id)
    cuts: list[int] = (np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist()
    for start, end in pairwise([0, *cuts, len(rows)] if len(rows) else []):
        own = {name: column[start:end].copy() for name, column in rows.columns().items()}
        yield (int(rows.domain[start]), int(rows.subject_id[start])), type(rows)(**own)


def _within(kind: type[T], parts: list[T], from_ms: int, to_ms: int) -> T:
    """Join what files hold of a subject and cut it to a span; what is kept is never given away."""
    inside = [
        rows.take(np.flatnonzero((rows.t_ms >= from_ms) & (rows.t_ms <= to_ms))) for rows in parts
    ]
    rows = kind.concat(inside)
    return rows if sum(map(bool, map(len, inside))) < 2 else rows.take(canonical_order(rows))
