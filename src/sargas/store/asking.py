"""Asking a home's shards: DuckDB in memory reads the Parquet files.

Days, shards and files that cannot hold an answer are left out before it starts. Every value from
outside is a bound parameter.
"""

from __future__ import annotations

import threading
from glob import escape
from pathlib import Path
from typing import Any, Self

import duckdb

from sargas.errors import StoreError, UsageError
from sargas.model.time import DAY_MS, parse_iso
from sargas.store import files
from sargas.store.home import FIXES, Home

MEMORY = "2GB"
"""What DuckDB may use (chosen); a question that needs more is refused, not spilled to disk."""
EARLIEST, LATEST = -(2**62), 2**62
"""Wider than any event time."""


class Asking:
    """A home whose shards can be asked, by several threads. What is asked stands in its heirs.

    It sees what writers have flushed, at once.

    Args:
        home: the home to read.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._lock = threading.Lock()
        self._database = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "memory_limit": MEMORY,
                "temp_directory": "",
            },
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.home.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the archive cannot be asked any more."""
        self._database.close()

    def days(self) -> list[str]:
        """Name the days with fixes, oldest first."""
        shards = range(self.home.shards)
        return [
            day
            for day in self.home.days(FIXES)
            if any(files.list_shard(self.home.shard_path(FIXES, day, one)) for one in shards)
        ]

    def _ask(
        self, query: str, table: str, from_ms: int, to_ms: int, values: dict[str, Any],
        shard: int | None = None, *, arrow: bool = False,
    ) -> Any:  # fmt: skip # noqa: ANN401 - an Arrow table or rows
        """Ask the files that may hold an answer; None or no rows if there are no such files."""

        def ask() -> Any:  # noqa: ANN401
            paths = self._paths(table, from_ms, to_ms, shard)
            if not paths:
                return None if arrow else []
            return self.answer(query, paths, values, arrow=arrow)

        return files.retrying(ask, lost=(FileNotFoundError,))

    def answer(
        self, query: str, paths: list[Path], values: dict[str, Any], *, arrow: bool = False
    ) -> Any:  # noqa: ANN401 - an Arrow table or rows
        """Ask some files.

        Args:
            query: reads `$files`.
            paths: the files, at least one.
            values: the query's other parameters.
            arrow: give a table, not rows.

        Raises:
            FileNotFoundError: a file has gone meanwhile; list them again.
            StoreError: they cannot answer.
        """
        with self._lock:
            cursor = self._database.cursor()
        try:
            bound = {"files": [escape(str(path)) for path in paths], **values}
            answer = cursor.sql(query, params=bound)
            return answer.to_arrow_table() if arrow else answer.fetchall()
        except duckdb.Error as error:
            if not all(path.exists() for path in paths):
                raise FileNotFoundError(str(error)) from error
            raise self._refused(error) from error
        finally:
            cursor.close()

    def _paths(self, table: str, from_ms: int, to_ms: int, shard: int | None) -> list[Path]:
        return [file.path for file in self.files_of(table, from_ms, to_ms, shard)]

    def files_of(
        self, table: str, from_ms: int, to_ms: int, shard: int | None = None
    ) -> list[files.ShardFile]:
        """List the files whose day, shard and times may hold an answer; None is every shard."""
        return [
            file
            for day in self.home.days(table)
            if day_ms(day) <= to_ms and day_ms(day) + DAY_MS > from_ms
            for file in self._files_of_day(table, day, shard)
            if file.first_ms <= to_ms and file.last_ms >= from_ms
        ]

    def _files_of_day(self, table: str, day: str, shard: int | None) -> list[files.ShardFile]:
        shards = range(self.home.shards) if shard is None else [shard]
        places = (self.home.shard_path(table, day, one) for one in shards)
        return [file for place in places for file in files.list_shard(place)]

    def _refused(self, error: duckdb.Error) -> StoreError:
        reason = str(error).split("\n")[0]
        hint = "Move a damaged file out of the home and scan that day's source again."
        if isinstance(error, duckdb.OutOfMemoryException):
            hint = "Ask for a shorter span, a smaller box or a lower limit."
        where = str(self.home.path)
        return StoreError(f"The archive cannot answer: {reason}.", where=where, hint=hint)


def is_subject(domain: int, subject_id: int) -> bool:
    """Tell whether numbers can be a subject's."""
    return 0 <= domain < 256 and 0 <= subject_id < 2**32


def checked_limit(limit: int) -> int:
    """Give a limit that a query can hold.

    Raises:
        UsageError: it is negative.
    """
    if limit < 0:
        raise UsageError(f"A limit of {limit} is negative.")
    return min(limit, LATEST)


def bounded(t_ms: int) -> int:
    """Give a time that a query can hold."""
    return max(EARLIEST, min(int(t_ms), LATEST))


def day_ms(day: str) -> int:
    """Give the first millisecond of a day."""
    return parse_iso(f"{day}T00:00:00Z")
