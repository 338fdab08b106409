"""Reading back what a home has stored, in order of time and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np

from sargas.errors import FormatError, StoreError
from sargas.model.arrow import fixes_from_arrow, statics_from_arrow
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import DAY_MS, HOUR_MS, day_of, parse_iso
from sargas.store import Home, files
from sargas.store.home import FIXES, STATICS

SLICE_BYTES = 16_000_000
"""So much of a day's files is read at a time (chosen): some 700,000 rows, a few 100 MB at work."""

T = TypeVar("T", Fixes, Statics)


def stored_batches(home: Home, from_ms: int, to_ms: int) -> Iterator[tuple[int, Batch]]:
    """Read what a home has stored of a span, piece by piece in order of time.

    A file is read again for each piece it reaches into. Those that a scan writes span some hours
    each, so that is seldom more than twice; a day that was compacted is one file a shard.

    Args:
        home: what to read.
        from_ms, to_ms: first and last event time of fixes. Statics begin an hour before, as a
            vessel's name is often told before it is needed.

    Yields:
        (the event time before which everything has been read, the rows in order of time).

    Raises:
        StoreError: a file cannot be read.

    Example:
        >>> import tempfile
        >>> from sargas.store import ShardWriter
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     home = Home(folder)
        ...     with ShardWriter(home) as writer:
        ...         writer.append(Fixes.build(2, subject_id=[2, 1], t_ms=[10**12 + 5, 10**12]))
        ...     [batch.fixes.subject_id.tolist() for _, batch in stored_batches(home, 0, 10**13)]
        0
        [[1, 2]]
    """
    for low_ms, high_ms in _slices(home, from_ms - HOUR_MS, to_ms + 1):
        fixes = _read(home, FIXES, Fixes, max(low_ms, from_ms), high_ms)
        statics = _read(home, STATICS, Statics, low_ms, high_ms)
        if len(fixes) or len(statics):
            yield high_ms, Batch(fixes, statics)


def _slices(home: Home, low_ms: int, high_ms: int) -> Iterator[tuple[int, int]]:
    """Cut the stored days of a span into pieces of which `SLICE_BYTES` or so are read."""
    for day in sorted({*home.days(FIXES), *home.days(STATICS)}):
        start = parse_iso(f"{day}T00:00:00Z")
        begin, end = max(start, low_ms), min(start + DAY_MS, high_ms)
        if begin >= end:
            continue
        listed = [f for table in (FIXES, STATICS) for f in _files(home, table, begin, end)]
        pieces = 1 + sum(map(_size, listed)) // SLICE_BYTES
        step = -(-(end - begin) // pieces)
        for at in range(begin, end, step):
            yield at, min(at + step, end)


def stored_bytes(home: Home, from_ms: int, to_ms: int) -> int:
    """Give the size of the files that hold fixes of a span, in bytes."""
    total = 0
    for day in home.days(FIXES):
        start = parse_iso(f"{day}T00:00:00Z")
        begin, end = max(start, from_ms), min(start + DAY_MS, to_ms + 1)
        if begin < end:
            total += sum(map(_size, _files(home, FIXES, begin, end)))
    return total


def newest_stored_ms(home: Home, until_ms: int) -> int | None:
    """Give the time of the newest fix that a home has stored, or a little later; None without any.

    Args:
        home: what is stored. until_ms: fixes of later are passed over, as of clocks that run ahead.
    """
    for day in reversed(home.days(FIXES)):
        start = parse_iso(f"{day}T00:00:00Z")
        listed = _files(home, FIXES, start, start + DAY_MS)
        before = [f.last_ms for f in listed if f.first_ms <= until_ms]
        if before:
            return min(until_ms, max(before))
    return None


def _size(file: files.ShardFile) -> int:
    """Give a file's size in bytes; one that a compaction has just replaced counts nothing."""
    try:
        return file.path.stat().st_size
    except FileNotFoundError:
        return 0


def _files(home: Home, table: str, low_ms: int, high_ms: int) -> list[files.ShardFile]:
    """List the files that may hold rows of a span within one day, its end not included."""
    day = day_of(low_ms)
    places = [home.shard_path(table, day, shard) for shard in range(home.shards)]
    listed = [file for place in places for file in files.list_shard(place)]
    return [f for f in listed if f.first_ms < high_ms and f.last_ms >= low_ms]


def _read(home: Home, table: str, kind: type[T], low_ms: int, high_ms: int) -> T:
    """Read the rows of a span within one day, its end not included, in order of time."""
    if low_ms >= high_ms:
        return kind.empty()

    def read() -> T:
        parts = []
        for file in _files(home, table, low_ms, high_ms):
            rows = _rows(file, kind)
            parts.append(rows.take((rows.t_ms >= low_ms) & (rows.t_ms < high_ms)))
        return kind.concat(parts)

    rows = files.retrying(read, lost=(FileNotFoundError,))
    return rows.take(np.argsort(rows.t_ms, kind="stable"))


def _rows(file: files.ShardFile, kind: type[T]) -> T:
    """Read one file."""
    convert: Any = fixes_from_arrow if kind is Fixes else statics_from_arrow
    table = files.read_table(file, list(kind.DTYPES))
    try:
        rows: T = convert(table)
    except FormatError as error:
        raise StoreError(error.what, where=str(file.path), hint=error.hint) from error
    return rows
