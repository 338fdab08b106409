"""Damaged shard files: found when a writer opens a home, and set aside, so that it can go on.

One file that cannot be read would stop every reader of its day and every writer that meets it.
It is moved to `damaged/` in the home, under the same folders, and never deleted. What it held of
the time in its name is missing then, until its source is scanned again; a live watch brings back
what its journal still has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sargas.model.fixes import Fixes, Statics
from sargas.model.time import DAY_MS, iso, iso_or_number, parse_iso
from sargas.store import files
from sargas.store.home import FIXES, STATICS, Home, sync_directory, unusable

FOLDER: Final = "damaged"
DAYS: Final = 2
"""Days that are looked at when a writer begins, the newest and those last written to: what a loss
of power can tear was written just before it. 'sargas verify' looks at all."""


COLUMNS: Final = {FIXES: tuple(Fixes.DTYPES), STATICS: tuple(Statics.DTYPES)}


@dataclass(frozen=True)
class SetAside:
    """A damaged file that was set aside.

    Attributes:
        path: where it lies now.
        table, day, shard: where it lay.
        first_ms, last_ms: the event times that its name tells, both included; those of its day
            where the name tells none.
        reason: what is wrong with it.
    """

    path: Path
    table: str
    day: str
    shard: int
    first_ms: int
    last_ms: int
    reason: str = ""

    def __str__(self) -> str:
        span = f"{iso(self.first_ms)} to {iso(self.last_ms)}"
        reason = f" ({self.reason})" if self.reason else ""
        return (
            f"A damaged file of {self.table} was set aside{reason}: day {self.day}, shard "
            f"{self.shard:02d}, {span}. What it held is missing; it lies in {self.path}."
        )


def set_aside_newest(home: Home) -> list[SetAside]:
    """Look at the newest days of a home, and set damaged files aside; the writer lock is held.

    Looked at is each file's footer, that the rows of its parts are those of the whole, and that its
    times, which are decoded, are those of its name. Other columns are decoded when they are read.

    Raises:
        StoreError: a file cannot be moved, or the disk does not answer.
    """
    out = []
    for table in (FIXES, STATICS):
        for day in _days(home, table):
            for directory in sorted(home.table_path(table).glob(f"day={day}/shard=[0-9][0-9]")):
                out += _of_shard(home, directory, table, day)
    return out


def _of_shard(home: Home, directory: Path, table: str, day: str) -> list[SetAside]:
    """Set the damaged files of a shard aside, but for those that a merged one stands for."""
    out = []
    for merged in (True, False):
        # Which files a merged one stands for is known once none of these is damaged.
        skipped = set() if merged else set(files.leftovers(directory))
        for path in sorted(directory.glob("*.parquet")):
            if ("-merged" in path.name) is not merged or path in skipped:
                continue
            if reason := fault_of(path, table, day):
                out.append(set_aside(home, path, reason))
    return out


def set_aside(home: Home, path: Path, reason: str) -> SetAside:
    """Move a damaged file of a home out of the way; the writer lock is held.

    Raises:
        StoreError: it cannot be moved.
    """
    target = home.path / FOLDER / path.relative_to(home.path)
    again = 0
    while target.exists():
        again += 1
        target = target.with_name(f"{path.name}.{again}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        sync_directory(target.parent)
        sync_directory(path.parent)
    except OSError as error:
        raise unusable(error, path, "set a damaged file aside") from error
    return replace(_described(home, target), reason=reason)


def files_set_aside(home: Home) -> list[SetAside]:
    """Name the files that lie in `damaged/`."""
    paths = sorted((home.path / FOLDER).glob("*/day=????-??-??/shard=[0-9][0-9]/*"))
    return [_described(home, path) for path in paths]


def _described(home: Home, path: Path) -> SetAside:
    """Tell from its path what a file held."""
    table, day, shard = path.relative_to(home.path / FOLDER).parts[:3]
    day = day.removeprefix("day=")
    span = files.span_in(_own_name(path.name))
    if span is None:
        day_ms = parse_iso(f"{day}T00:00:00Z")
        span = (day_ms, day_ms + DAY_MS - 1)
    return SetAside(path, table, day, int(shard.removeprefix("shard=")), *span)


def _own_name(name: str) -> str:
    """Give a file's name without the number that it got beside another of its name."""
    return re.sub(r"\.parquet\.\d+$", ".parquet", name)


def fault_of(path: Path, table: str, day: str) -> str:
    """Say what is wrong with a shard file; empty where nothing is seen to be.

    Raises:
        FileNotFoundError: there is no such file.
        StoreError: the disk does not answer.
    """
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            rows, n = int(file.metadata.num_rows), file.metadata.num_row_groups
            in_groups = sum(file.metadata.row_group(i).num_rows for i in range(n))
            if rows != in_groups or rows == 0:
                return f"it claims {rows:,} rows, its parts {in_groups:,}"
            if files.is_of_another_sargas(file.schema_arrow.metadata):
                return ""  # who reads it says so
            if missing := sorted(set(COLUMNS[table]) - set(file.schema_arrow.names)):
                return f"columns are missing: {', '.join(missing)}"
            column = file.read(columns=["t_ms"])["t_ms"]
            if column.null_count or column.type != pa.int64():
                return "its times are none"
            t_ms = column.to_numpy()
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno:
            raise unusable(error, path, "read the shard") from error
        return " ".join(str(error).split())
    except (pa.ArrowException, ValueError) as error:
        return " ".join(str(error).split())
    if len(t_ms) != rows:
        return f"it claims {rows:,} rows, and has {len(t_ms):,} times"
    first, last = int(t_ms.min()), int(t_ms.max())
    if {iso_or_number(t_ms)[:10] for t_ms in (first, last)} != {day}:
        return "its rows are not of its day"
    span = files.span_in(path.name)
    if span is not None and span != (first, last):
        return "its times are not those of its name"
    return ""


def _days(home: Home, table: str) -> list[str]:
    """Name the newest days of a table, and those that were written to last."""
    days = home.days(table)
    touched = {day: max(_touched(home.table_path(table) / f"day={day}"), default=0) for day in days}
    last = sorted(days, key=lambda day: touched[day])[-DAYS:]
    return sorted({*days[-DAYS:], *last})


def _touched(directory: Path) -> Iterator[int]:
    """Give when the folders of a day's shards were changed last, ns."""
    try:
        for shard in directory.glob("shard=*"):
            yield shard.stat().st_mtime_ns
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(error, directory, "list the day") from error
