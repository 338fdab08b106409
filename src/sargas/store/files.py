"""Shard files: named by what they hold, written whole or not at all, listed without a lock.

A file is `<first>-<last>-<hash>.parquet`: the first and last event time in it (ms UTC) and a hash
of its rows, so that the same rows are the same file. One made by compaction ends in `-merged` and
lists in its metadata the files it stands for; as long as those still lie beside it they are
ignored, so a reader sees every row once at any moment, also when a compaction was killed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sargas.errors import SargasError, StoreError
from sargas.model.fixes import Columns
from sargas.store.home import Home, sync_directory, unusable

ROW_GROUP_ROWS = 120_000
"""Rows a row group: small enough that one vessel's day reads little, see test_query."""

TEMPORARY = ".tmp"
"""Directory beside the day directories where files are written before they get their name."""

_REPLACES, _KEPT = b"sargas.replaces", b"sargas.kept"
_NAME = re.compile(r"(\d+)-(\d+)-[0-9a-f]{16}(-merged)?\.parquet")
_TAG = re.compile(rb"(?:fixes|statics)/(\d+)")
_ANY_TIME = 2**62
_R = TypeVar("_R")


class DamagedShard(StoreError):
    """A shard file cannot be read as one, whatever is tried; a disk that refuses is not this.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, " ".join(reason.split())
        super().__init__(
            f"The shard file is damaged: {self.reason}.",
            where=str(path),
            hint="Move it out of the home and scan that day's source again.",
        )


class ShardFile(NamedTuple):
    """One live file of a shard: where it is, and the event times it spans (both included)."""

    path: Path
    first_ms: int
    last_ms: int


def list_shard(directory: Path) -> list[ShardFile]:
    """List the live files of one shard directory, oldest first; none if there is no directory.

    The directory is read until two readings agree: one reading may miss a merged file that
    appears while it runs, and files that the merged one stands for.
    """
    return _stable(lambda: _live(directory, _names(directory)))


def leftovers(directory: Path) -> list[Path]:
    """Name the files that a merged file beside them stands for; merged ones come last."""
    names = _names(directory)
    gone = names - {file.path.name for file in _live(directory, names)}
    return [directory / name for name in sorted(gone, key=lambda n: ("-merged" in n, n))]


def remove_leftovers(directory: Path) -> None:
    """Remove the files of a shard that a merged one stands for; the writer lock is held."""
    for path in leftovers(directory):
        unlink(path)


def read_table(file: ShardFile, columns: list[str] | None = None) -> Any:  # noqa: ANN401
    """Read one file as an Arrow table.

    Raises:
        FileNotFoundError: a compaction has replaced the file; list the shard again.
        StoreError: the file cannot be read or is no Parquet.
    """
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file.path).read(columns=columns)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise _damaged(file.path, error) from error


def span_in(name: str) -> tuple[int, int] | None:
    """Read the first and last event time, ms UTC, out of a file's name; None where it has none."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def is_of_another_sargas(metadata: Mapping[bytes, bytes] | None) -> bool:
    """Tell from a file's metadata that it is of another version of its table: that is no damage."""
    found = _TAG.fullmatch((metadata or {}).get(b"sargas.schema", b""))
    return found is not None and found[1] != b"1"


def count_rows(path: Path) -> int:
    """Count the rows of one file by its footer.

    Raises:
        FileNotFoundError: the file is gone.
        StoreError: the file cannot be read or is no Parquet.
    """
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def content_name(rows: Columns, *, merged: bool = False) -> str:
    """Name a file by its rows, which are in canonical order and not none."""
    digest = hashlib.blake2b(digest_size=8)
    for name, column in rows.columns().items():
        digest.update(name.encode() + b"\0")
        digest.update(column.tobytes())
    first, last = int(rows.t_ms.min()), int(rows.t_ms.max())  # type: ignore[attr-defined]
    return f"{first}-{last}-{digest.hexdigest()}{'-merged' if merged else ''}.parquet"


def write_file(
    home: Home,
    table: str,
    arrow: Any,  # noqa: ANN401 - pyarrow has no stubs
    target: Path,
    replaces: list[str],
    kept: str = "",
) -> None:
    """Write an Arrow table as `target`: to a temporary file, to the disk, then by rename.

    Args:
        home, table, arrow, target: what, and where.
        replaces: names of files beside it that it stands for from now on.
        kept: by what its rows were chosen, see `kept_by`; empty for all rows.

    Raises:
        StoreError: it could not be written; nothing of it remains.
    """
    temporary = home.table_path(table) / TEMPORARY / f"{os.getpid()}-{target.name}"
    if replaces:
        listed = "\n".join(name for name in replaces if name != target.name)
        metadata = {**(arrow.schema.metadata or {}), _REPLACES: listed.encode()}
        arrow = arrow.replace_schema_metadata(metadata)
    if kept:
        arrow = arrow.replace_schema_metadata({**arrow.schema.metadata, _KEPT: kept.encode()})
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(arrow, temporary)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        _discard(temporary)
        raise unusable(error, target, "write the shard") from error


def write_parquet(arrow: Any, path: Path) -> None:  # noqa: ANN401 - pyarrow has no stubs
    """Write one Parquet file and wait until it is on the disk."""
    import pyarrow.parquet as pq

    names = arrow.column_names
    with path.open("wb") as file:
        pq.write_table(
            arrow,
            file,
            compression="zstd",
            row_group_size=ROW_GROUP_ROWS,
            use_dictionary=[name for name in names if name not in _CHANGING],
            column_encoding={name: code for name, code in _CHANGING.items() if name in names},
        )
        file.flush()
        os.fsync(file.fileno())


_DELTA, _SPLIT, _PLAIN = "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT", "PLAIN"
_CHANGING = {
    "t_ms": _DELTA,
    "lon_raw": _DELTA,
    "lat_raw": _DELTA,
    "src_offset": _DELTA,
    "arrival_seq": _DELTA,
    "lon_deg": _SPLIT,
    "lat_deg": _SPLIT,
    "payload_hash": _PLAIN,
}
"""Columns that change with each row, and their encoding; the others take a dictionary. Together
a fifth smaller, and read in half the time, of what the defaults give (measured)."""


def remove_torn(home: Home, table: str) -> list[str]:
    """Remove temporary files that a killed writer left; call it with the writer lock held.

    Returns:
        Their names.
    """
    directory = home.table_path(table) / TEMPORARY
    names = sorted(_names(directory, parquet_only=False))
    for name in names:
        _discard(directory / name)
    return names


def retrying(read: Callable[[], _R], *, lost: tuple[type[Exception], ...]) -> _R:
    """Read again if a compaction took a file away between listing and reading.

    Args:
        read: lists the files and reads them.
        lost: errors that mean a listed file is gone.
    """
    for _ in range(10):
        try:
            return read()
        except lost as error:
            last = error
    raise StoreError(
        f"Shard files vanished while they were read: {last}.",
        hint="Is something other than sargas removing files from the home?",
    ) from last


def unlink(path: Path) -> None:
    """Remove a file that a merged one stands for."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unusable(error, path, "remove a merged shard file") from error


def _discard(path: Path) -> None:
    """Remove a file of no worth; if that fails too, the next writer tries again."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _stable(read: Callable[[], list[ShardFile]]) -> list[ShardFile]:
    before = read()
    for _ in range(1000):
        now = read()
        if now == before:
            return now
        before = now
    raise StoreError("A shard directory does not stop changing.", where=str(before[0].path.parent))


def _names(directory: Path, *, parquet_only: bool = True) -> set[str]:
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise unusable(error, directory, "list the shard") from error
    return {name for name in names if name.endswith(".parquet") or not parquet_only}


def _live(directory: Path, names: set[str]) -> list[ShardFile]:
    covered: set[str] = set()
    for name in names:
        if name.endswith("-merged.parquet"):
            covered |= replaced_by(directory / name)
    files = []
    for name in names - covered:
        first, last = span_in(name) or (-_ANY_TIME, _ANY_TIME)  # of another name: any time
        files.append(ShardFile(directory / name, first, last))
    return sorted(files, key=lambda file: (file.first_ms, file.path.name))


def replaced_by(path: Path) -> frozenset[str]:
    """Read which files a merged one stands for; none if it has just been replaced itself."""
    return _note(path)[0]


def kept_by(path: Path) -> str:
    """Read by what the rows of a file were chosen when others were let go; empty for all rows."""
    return _note(path)[1]


def _note(path: Path) -> tuple[frozenset[str], str]:
    try:
        stat = path.stat()
        return _noted(path, stat.st_ino, stat.st_mtime_ns)
    except FileNotFoundError:
        return frozenset(), ""


@lru_cache(maxsize=4096)
def _noted(path: Path, inode: int, modified_ns: int) -> tuple[frozenset[str], str]:
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    replaces = frozenset(metadata.get(_REPLACES, b"").decode("utf-8", "replace").split("\n"))
    return replaces - {""}, metadata.get(_KEPT, b"").decode("utf-8", "replace")


def _damaged(path: Path, error: Exception) -> SargasError:
    if isinstance(error, OSError) and error.errno:
        return unusable(error, path, "read the shard")
    return DamagedShard(path, str(error))
