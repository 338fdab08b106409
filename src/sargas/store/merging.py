"""Many small files of a shard made into one: a whole day's, or those that a live watch leaves.

The merged file stands for the others from the moment it has its name (see `files`), so that readers
go on meanwhile and see every row once, and a merge that was killed is ended by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sargas.model.fixes import Fixes, Statics
from sargas.store import files
from sargas.store.canon import T, copies
from sargas.store.home import FIXES, STATICS, Home
from sargas.store.shards import Written, check_day, from_shard, in_order, put_file

SMALL_BYTES, TIDY_FILES = 4_000_000, 8
"""Files below so many bytes, some 200,000 rows, are merged by `tidy`, when there are so many."""


def compact(home: Home, day: str) -> Written:
    """Merge the files of each shard of a day into one, fixes and statics.

    Readers go on meanwhile and see every row once. Running it again changes nothing.

    Returns:
        Rows and files written; shards that are one file already are left alone.

    Raises:
        UsageError: `day` is not a day.
        StoreError: another process writes here, or a file cannot be read or written.
    """
    check_day(day)
    written = Written()
    with home.writing(), home.mutex:
        for shard in range(home.shards):
            written += _compact_shard(home, FIXES, Fixes, day, shard)
            written += _compact_shard(home, STATICS, Statics, day, shard)
    return written


def tidy(home: Home, days: Iterable[str], *, most_files: int = TIDY_FILES) -> Written:
    """Merge the small files of the one shard that has most of them; for use between commits.

    A live watch writes some files each minute. Large files are left alone, so that the cost of a
    call does not grow with the day; `compact` merges those, too.

    Args:
        home: where; its writer lock is taken.
        days: the days to look at.
        most_files: fewer small files than this are left as they are.

    Returns:
        Rows and files written.

    Raises:
        StoreError: another process writes here, or a file cannot be read or written.
    """
    places = [
        (len(_small(home.shard_path(name, day, shard))), name, day, shard)
        for day in days for name in (FIXES, STATICS) for shard in range(home.shards)
    ]  # fmt: skip
    count, name, day, shard = max(places, default=(0, "", "", 0))
    if count < most_files:
        return Written()
    kind: Any = Fixes if name == FIXES else Statics
    with home.writing(), home.mutex:
        return _compact_shard(home, name, kind, day, shard, small_only=True)


def _small(directory: Path) -> list[files.ShardFile]:
    """List the small files of a shard."""
    return [f for f in files.list_shard(directory) if f.path.stat().st_size < SMALL_BYTES]


def _compact_shard(
    home: Home, name: str, kind: type[T], day: str, shard: int, *, small_only: bool = False
) -> Written:
    directory = home.shard_path(name, day, shard)
    files.remove_leftovers(directory)
    listed = _small(directory) if small_only else files.list_shard(directory)
    if len(listed) < 2:
        return Written()
    read = (from_shard(kind, file) for file in listed)
    rows = in_order(kind.concat(read))
    again = copies(rows)
    rows = rows.take(~again)
    target = directory / files.content_name(rows, merged=True)
    put_file(home, name, rows, target, [file.path.name for file in listed])
    files.remove_leftovers(directory)
    return Written(rows=len(rows), files=1, known=int(again.sum()))
