"""Parquet shards: one directory a day and shard, rows sorted by vessel and time.

Every row is stored once. A row is known if the store holds one that reports the same, whatever
batch, file or run brought it, so that a replay adds nothing and a writer killed before its
checkpoint simply writes again.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sargas.errors import FormatError, StoreError, UsageError
from sargas.model.fixes import Fixes, Statics
from sargas.model.time import NO_TIME
from sargas.store import files
from sargas.store.canon import (
    T,
    canonical_order,
    copies,
    is_canonical,
    shard_of,
    subject_keys,
)
from sargas.store.damaged import set_aside, set_aside_newest
from sargas.store.home import FIXES, STATICS, Home
from sargas.store.pending import Pending

FIRST_MS, END_MS = 631_152_000_000, 4_102_444_800_000
"""Event times that are stored: 1990 to 2099 (chosen: AIS began in the 1990s). A sender with a
broken clock must not make a directory for every day of 300 million years."""

BUFFER_ROWS = 2_000_000
"""Rows held before they are written (chosen): about 170 MB, and one row group a shard."""


@dataclass(frozen=True)
class Written:
    """What became of rows.

    Attributes:
        rows: rows written. files: files written.
        known: rows that the store held already, or that repeat another row.
        time_missing: rows without time, not stored.
        time_out_of_range: rows with a time before 1990 or after 2099, not stored.
    """

    rows: int = 0
    files: int = 0
    known: int = 0
    time_missing: int = 0
    time_out_of_range: int = 0

    def __add__(self, other: Written) -> Written:
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Written(**sums)

    def __sub__(self, other: Written) -> Written:
        rest = {f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(self)}
        return Written(**rest)


class ShardWriter:
    """Writes fixes and statics into a home; holds its writer lock until closed.

    Rows wait in memory and are written by `flush`, by `close`, and whenever `buffer_rows` wait.
    Commit a checkpoint after a `flush` only. Not to be shared between threads.

    Args:
        home: where to write.
        buffer_rows: rows that may wait.

    Attributes:
        total: what became of all rows so far.
        torn: names of half-written files found at the start and removed.
        set_aside: damaged files that were found, and moved to `damaged/` in the home: when it
            began, and when one was in the way.

    Raises:
        StoreError: another process writes to the home, or it cannot be written.

    Example:
        >>> import tempfile
        >>> fixes = Fixes.build(2, subject_id=[2, 1], t_ms=[1735122360000, 1735122361000])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     home = Home(folder)
        ...     with ShardWriter(home) as writer:
        ...         writer.append(fixes)
        ...         writer.append(fixes)
        ...     writer.total.rows, writer.total.known
        ...     read_day(home, "2024-12-25").subject_id.tolist()
        0
        0
        (2, 2)
        [1, 2]
    """

    def __init__(self, home: Home, *, buffer_rows: int = BUFFER_ROWS) -> None:
        self.home = home
        self.total = Written()
        self._buffer_rows = buffer_rows
        self._fixes = Pending(Fixes, home.shards)
        self._statics = Pending(Statics, home.shards)
        self._open = True
        home.acquire()
        self.torn = tuple(
            name for table in (FIXES, STATICS) for name in files.remove_torn(home, table)
        )
        try:
            self.set_aside = set_aside_newest(home)
        except BaseException:
            home.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Write what waits and close; after an error only close: the source can be replayed."""
        if kind is not None:
            self._fixes.clear()
            self._statics.clear()
        self.close()

    def append(self, fixes: Fixes) -> int:
        """Take fixes to be stored.

        Returns:
            Rows that are not stored because their time is missing or out of range.

        Raises:
            StoreError: the buffer was full and could not be written; the rows still wait.
        """
        return self._take(fixes, self._fixes)

    def append_statics(self, statics: Statics) -> int:
        """Take static reports to be stored; as `append`."""
        return self._take(statics, self._statics)

    def flush(self) -> Written:
        """Write everything that waits and bring it to the disk.

        Returns:
            What became of the rows that waited.

        Raises:
            StoreError: a file could not be written, for instance because the disk is full.
                Files written before it stand and the other rows wait: flush may be called again.
        """
        before = self.total
        with self.home.mutex:
            self._write(FIXES, self._fixes)
            self._write(STATICS, self._statics)
        return self.total - before

    def flush_fixes_of(self, keys: Collection[int]) -> None:
        """Write the fixes of some subjects that wait; those of all others go on waiting.

        Args:
            keys: of the subjects, as `canon.subject_keys` makes them.

        Raises:
            StoreError: as for `flush`.
        """
        if not keys:
            return
        wanted = np.array(list(keys), dtype=np.uint64)
        shards = shard_of(wanted >> np.uint64(32), wanted & np.uint64(2**32 - 1), self.home.shards)
        with self.home.mutex:
            for place in self._fixes.places(set(shards.tolist())):
                rows = self._fixes.rows(place)
                is_theirs = np.isin(subject_keys(rows.domain, rows.subject_id), wanted)
                if is_theirs.any():
                    self.total += self._write_shard(FIXES, *place, rows.take(is_theirs))
                self._fixes.keep(place, rows.take(~is_theirs))

    def close(self) -> None:
        """Write what waits and give the writer lock back. A second call does nothing."""
        if not self._open:
            return
        self._open = False
        try:
            self.flush()
        finally:
            self.home.release()

    @property
    def waiting(self) -> int:
        """Rows that wait to be written."""
        return len(self._fixes) + len(self._statics)

    def _take(self, table: T, waiting: Pending[T]) -> int:
        if not self._open:
            raise StoreError("The writer is closed.", where=str(self.home.path))
        missing = table.t_ms == NO_TIME
        kept = (table.t_ms >= FIRST_MS) & (table.t_ms < END_MS)
        lost = len(table) - int(kept.sum())
        count_missing = int(missing.sum())
        self.total += Written(time_missing=count_missing, time_out_of_range=lost - count_missing)
        waiting.add(table if not lost else table.take(kept))
        if self.waiting >= self._buffer_rows:
            self.flush()
        return lost

    def _write(self, name: str, waiting: Pending[T]) -> None:
        """Write what waits, place by place; what could not be written goes on waiting."""
        for place in waiting.places():
            self.total += self._write_shard(name, *place, waiting.rows(place))
            waiting.remove(place)

    def _write_shard(self, name: str, day: str, shard: int, rows: T) -> Written:
        """Write rows of one shard; a damaged file that is in the way is set aside."""
        while True:
            try:
                return _write_shard(self.home, name, day, shard, rows)
            except files.DamagedShard as error:
                self.set_aside.append(set_aside(self.home, error.path, error.reason))


def read_day(home: Home, day: str, shard: int | None = None) -> Fixes:
    """Read the fixes of one UTC day in canonical order.

    Args:
        home: where to read.
        day: `YYYY-MM-DD`.
        shard: one shard only; None reads all.

    Returns:
        The rows in order of (subject, t_ms, payload, station); none if nothing is stored.

    Raises:
        UsageError: `day` is not a day, or there is no such shard.
        StoreError: a file cannot be read.
    """
    return _read(home, FIXES, Fixes, day, shard)


def read_statics_day(home: Home, day: str, shard: int | None = None) -> Statics:
    """Read the static reports of one UTC day in canonical order; as `read_day`."""
    return _read(home, STATICS, Statics, day, shard)


def _write_shard(home: Home, name: str, day: str, shard: int, rows: T) -> Written:
    """Write rows of one day and shard that are not stored yet."""
    offered = len(rows)
    stored = _overlapping(home, name, type(rows), day, shard, rows.t_ms)
    rows = _new_rows(stored, rows)
    if not len(rows):
        return Written(known=offered)
    target = home.shard_path(name, day, shard) / files.content_name(rows)
    put_file(home, name, rows, target, [])
    return Written(rows=len(rows), files=1, known=offered - len(rows))


def _new_rows(stored: T, rows: T) -> T:
    """Pick the rows that neither `stored` nor an earlier row reports, in canonical order."""
    together = type(rows).concat([stored, rows])
    order = canonical_order(together)  # stable: of equal reports the stored one comes first
    together = together.take(order)
    is_new = ~copies(together) & (order >= len(stored))
    return together if is_new.all() else together.take(is_new)


def _overlapping(
    home: Home, name: str, kind: type[T], day: str, shard: int, t_ms: NDArray[np.int64]
) -> T:
    """Read stored rows with the times of new ones; in live traffic that is next to nothing."""
    first, last = int(t_ms.min()), int(t_ms.max())
    parts = []
    for file in files.list_shard(home.shard_path(name, day, shard)):
        if file.first_ms <= last and file.last_ms >= first:
            found = from_shard(kind, file)
            parts.append(found.take(np.isin(found.t_ms, t_ms)))
    return kind.concat(parts)


def _read(home: Home, name: str, kind: type[T], day: str, shard: int | None) -> T:
    check_day(day)
    if shard is not None and not 0 <= shard < home.shards:
        raise UsageError(f"There is no shard {shard}; the home has {home.shards}.")
    shards = range(home.shards) if shard is None else [shard]
    return in_order(kind.concat(_read_shard(home, name, kind, day, one) for one in shards))


def _read_shard(home: Home, name: str, kind: type[T], day: str, shard: int) -> T:
    def read() -> T:
        listed = files.list_shard(home.shard_path(name, day, shard))
        tables = [(files.read_table(file, list(kind.DTYPES)), file) for file in listed]
        return kind.concat(_from_arrow(kind, table, file) for table, file in tables)

    return files.retrying(read, lost=(FileNotFoundError,))


def in_order(table: T) -> T:
    """Give rows in canonical order."""
    return table if is_canonical(table) else table.take(canonical_order(table))


def put_file(
    home: Home, name: str, rows: Fixes | Statics, target: Path, replaces: list[str], kept: str = ""
) -> None:
    """Write a file of a shard, see `files.write_file`; the writer lock is held.

    Where rows have been let go (`thinning`), the same rows may come again, and be a file of the
    same name as one that another file here stands for: that one would hide it. It is written anew
    without its list, which is of no use any more once those files are gone.
    """
    for file in files.list_shard(target.parent):
        if file.path != target and target.name in files.replaced_by(file.path):
            files.remove_leftovers(target.parent)
            whole: Any = from_shard(type(rows), file)  # type: ignore[type-var]
            note = files.kept_by(file.path)
            files.write_file(home, name, _to_arrow(whole), file.path, [], note)
    files.write_file(home, name, _to_arrow(rows), target, replaces, kept)


def _to_arrow(rows: Fixes | Statics) -> Any:  # noqa: ANN401 - pyarrow has no stubs
    from sargas.model.arrow import fixes_to_arrow, statics_to_arrow

    return fixes_to_arrow(rows) if isinstance(rows, Fixes) else statics_to_arrow(rows)


def from_shard(kind: type[T], file: files.ShardFile) -> T:
    """Read the rows of one shard file.

    Raises:
        FileNotFoundError: a compaction has replaced the file; list the shard again.
        StoreError: the file cannot be read.
    """
    return _from_arrow(kind, files.read_table(file, list(kind.DTYPES)), file)


def _from_arrow(kind: type[T], table: Any, file: files.ShardFile) -> T:  # noqa: ANN401
    from sargas.model.arrow import fixes_from_arrow, statics_from_arrow

    read: Any = fixes_from_arrow if kind is Fixes else statics_from_arrow
    try:
        rows: T = read(table)
    except FormatError as error:
        if not files.is_of_another_sargas(table.schema.metadata):
            raise files.DamagedShard(file.path, error.what) from error
        raise StoreError(error.what, where=str(file.path), hint=error.hint) from error
    return rows


def check_day(day: str) -> None:
    """Check a day's name.

    Raises:
        UsageError: it is none.
    """
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
            raise ValueError(day)
        date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(f"{day!r} is not a day.", hint="Write it like 2024-12-25.") from error
