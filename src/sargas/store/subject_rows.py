"""Rows of single subjects, read file by file and remembered: a file of a shard never changes.

Who looks at an alert, a vessel or a track asks for the rows of one subject, and most of what that
costs is opening and scanning files that were scanned before. So what a file holds of a
subject is kept in memory, by the file (its inode and time) and the subject. Which files there are
is listed anew for each question, and times are compared afterwards: nothing is ever out of date,
whatever was written, merged or let go meanwhile, and at whatever time the clock stands.
"""

from __future__ import annotations

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
the question for one does (measured), and in a live watch each minute's file is read once."""

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
        wanted = {(file, subject) for file, own in missing.items() for subject in own}
        for key, rows in self._read(kind, missing):
            size = sum(column.nbytes for column in rows.columns().values()) + OWN_BYTES
            self._rows.keep(key, rows, size)
            if key in wanted:
                found[key] = rows
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

    def _read(
        self, kind: type[T], wanted: dict[Listed, list[Subject]]
    ) -> Iterator[tuple[tuple[Listed, Subject], T]]:
        """Read what files hold of subjects; of small files, what they hold of any."""
        small = [file for file in wanted if file.bytes <= WHOLE_BYTES]
        small = [] if len(small) > WHOLE_MOST else small
        large = [file for file in wanted if file not in small]
        for file in small:
            rows = in_order(from_shard(kind, ShardFile(file.path, 0, 0)))
            yield from _of_file(file, wanted[file], rows)
        if not large:
            return
        keys = sorted({one[0] << 32 | one[1] for file in large for one in wanted[file]})
        ids = [key & 0xFFFFFFFF for key in keys]
        values = {"keys": keys, "first": min(ids), "last": max(ids)}
        table = self.answer(_QUERIES[kind], [file.path for file in large], values, arrow=True)
        read: Any = fixes_from_arrow if kind is Fixes else statics_from_arrow
        of_file, rows = table.column("filename").to_numpy(), read(table)
        for file in large:
            own = rows.take(of_file == str(file.path))
            yield from _of_file(file, wanted[file], own.take(canonical_order(own)))


def _of_file(
    file: Listed, wanted: list[Subject], rows: T
) -> Iterator[tuple[tuple[Listed, Subject], T]]:
    """Cut a file's rows, in canonical order, by subject; nothing is an answer for the others.

    They are copies: one subject's may be kept longer than the others'.
    """
    keys = subject_keys(rows.domain, rows.subject_id)
    cuts: list[int] = (np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist()
    none = set(wanted)
    for start, end in pairwise([0, *cuts, len(rows)] if len(rows) else []):
        subject = int(rows.domain[start]), int(rows.subject_id[start])
        own = {name: column[start:end].copy() for name, column in rows.columns().items()}
        none.discard(subject)
        yield (file, subject), type(rows)(**own)
    for subject in none:
        yield (file, subject), type(rows).empty()


def _within(kind: type[T], parts: list[T], from_ms: int, to_ms: int) -> T:
    """Join what files hold of a subject and cut it to a span; what is kept is never given away."""
    inside = [
        rows.take(np.flatnonzero((rows.t_ms >= from_ms) & (rows.t_ms <= to_ms))) for rows in parts
    ]
    rows = kind.concat(inside)
    return rows if sum(map(bool, map(len, inside))) < 2 else rows.take(canonical_order(rows))
