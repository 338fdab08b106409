"""The home of a watch: one directory with its fixes, statics, ledger and evidence.

```
home.json                                   format, number of shards, when it was made
infra/                                      assets brought in with 'sargas infra import'
masks/                                      masks, every version ('sargas masks')
fixes/day=YYYY-MM-DD/shard=NN/*.parquet     what was reported
statics/day=YYYY-MM-DD/shard=NN/*.parquet   what vessels said about themselves
sargas.db                                   alerts, checkpoints, counters
evidence/                                   bundles for others
snapshots/                                  earlier states of a live watch, for what comes late
damaged/                                    shard files that could not be read, set aside
retention.toml                              which old days are let go ('sargas retention')
release.toml, release.key                   who may have which alerts ('sargas share'), and a secret
partner.key                                 the key that partners know us by; in no backup
writer.lock                                 held by the one process that writes shards
```

Any number of processes may read while one writes: files appear whole, by rename.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sargas.errors import SargasError, StateVersionError, StoreError

FORMAT = 1
"""Version of the layout; a home of another version is refused."""

SHARDS = 16
"""Shards a day in a new home. The number is stored with the home and never changes in it."""

FIXES, STATICS = "fixes", "statics"
IDENTITY = "partner.key"
"""The private key of the instance: a copy of it could speak in its name, so it is in no backup."""
_DAY_DIR = re.compile(r"day=(\d{4}-\d\d-\d\d)")
_IMPORT_LOG = Path("infra", "imports.jsonl")
"""What tells imported assets from any other folder named `infra`."""


class Home:
    """A directory that holds everything one watch keeps.

    Args:
        path: the directory; made when it is missing, empty or holds imported assets alone, and
            `create` is true.
        create: false opens an existing home only, and writes nothing.

    Attributes:
        path: the directory.
        shards: number of shards a day.
        created: when the home was made, ISO 8601.
        mutex: held while shard files are written or merged by a thread of this process.

    Raises:
        StoreError: the directory is missing, cannot be read or written, or holds other things.
        StateVersionError: the home was made by a sargas with another layout.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     home = Home(folder + "/watch")
        ...     home.shards, home.ledger_path.name, home.days("fixes")
        (16, 'sargas.db', [])
    """

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        self.path = Path(path)
        settings_path = self.path / "home.json"
        try:
            if not settings_path.exists():
                self._make(settings_path, create=create)
            text = settings_path.read_bytes()
        except OSError as error:
            raise unusable(error, self.path, "open the home") from error
        self.shards, self.created = _read_settings(text, settings_path)
        self.mutex = threading.RLock()
        self._lock_file: int | None = None
        self._lock_holders = 0

    def __repr__(self) -> str:
        return f"Home({str(self.path)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as a path: the lock stays where it was taken."""
        return partial(Home, create=False), (self.path,)

    @property
    def ledger_path(self) -> Path:
        """The SQLite file with alerts, checkpoints and counters."""
        return self.path / "sargas.db"

    @property
    def evidence_path(self) -> Path:
        """The directory for evidence bundles."""
        return self.path / "evidence"

    def table_path(self, table: str) -> Path:
        """The directory of a table's shards: `fixes` or `statics`."""
        return self.path / table

    def shard_path(self, table: str, day: str, shard: int) -> Path:
        """The directory of one shard of one day."""
        return self.table_path(table) / f"day={day}" / f"shard={shard:02d}"

    def days(self, table: str = FIXES) -> list[str]:
        """Name the days for which there is a directory, oldest first."""
        try:
            names = os.listdir(self.table_path(table))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unusable(error, self.table_path(table), "list the days") from error
        return sorted(day for name in names if (day := _day_in(name)))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the home's writer lock; the same `Home` may take it several times.

        The kernel frees the lock when the process ends, however it ends.

        Raises:
            StoreError: another process (or another `Home` object) writes here.
        """
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def acquire(self) -> None:
        """Take the writer lock; see `writing`."""
        with self.mutex:
            if self._lock_holders == 0:
                self._lock_file = _lock(self.path / "writer.lock")
            self._lock_holders += 1

    def release(self) -> None:
        """Give back what one `acquire` took."""
        with self.mutex:
            self._lock_holders -= 1
            if self._lock_holders == 0 and self._lock_file is not None:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)  # also for copies in forked children
                os.close(self._lock_file)
                self._lock_file = None

    def _make(self, settings_path: Path, *, create: bool) -> None:
        hint = "Name a directory that a sargas command wrote with --home, or an empty one."
        if not create:
            raise StoreError("This is no sargas home.", where=str(self.path), hint=hint)
        # Acts, sessions and hashes of passwords are in it. A folder that was there keeps its mode.
        self.path.mkdir(0o700, parents=True, exist_ok=True)
        names = os.listdir(self.path)
        if settings_path.name in names:
            return  # another process has just made it
        if others := foreign_names(self.path):
            raise StoreError(
                f"The directory holds other things ({others[0]!r}) and no home.json.",
                where=str(self.path),
                hint=hint,
            )
        settings = {
            "format": FORMAT,
            "shards": SHARDS,
            "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        temporary = self.path / f".home.json.{os.getpid()}"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(settings, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(settings_path)
        sync_directory(self.path)


def foreign_names(path: Path) -> list[str]:
    """Name what lies in a directory without settings and keeps it from becoming a home.

    A home that is being made and assets imported by an older sargas do not. Fixes do: how many
    shards they were laid out in is known from the lost settings alone.

    Raises:
        OSError: the directory cannot be listed.
    """
    own = {_IMPORT_LOG.parts[0]} if (path / _IMPORT_LOG).is_file() else set()
    names = os.listdir(path)
    return sorted(n for n in names if n not in own and not n.startswith(".home.json"))


def _day_in(name: str) -> str | None:
    """Read the day out of a directory's name; None if it is another directory."""
    found = _DAY_DIR.fullmatch(name)
    try:
        return date.fromisoformat(found[1]).isoformat() if found else None
    except ValueError:
        return None


def _read_settings(text: bytes, path: Path) -> tuple[int, str]:
    """Read the settings file; returns the number of shards and when the home was made."""
    hint = "Restore the file, or start a new home and scan the archives again."
    try:
        settings: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"Not JSON: {error}.", where=str(path), hint=hint) from error
    version = settings.get("format") if isinstance(settings, dict) else None
    if not isinstance(version, int):
        raise StoreError("The settings name no format.", where=str(path), hint=hint)
    if version != FORMAT:
        raise StateVersionError(
            f"The home has format {version}; this sargas reads format {FORMAT}.",
            where=str(path),
            hint="Use the sargas that made it, or start a new home.",
        )
    shards = settings.get("shards")
    if not isinstance(shards, int) or not 1 <= shards <= 99:
        raise StoreError(f"shards = {shards!r}, wanted 1 to 99.", where=str(path), hint=hint)
    return shards, str(settings.get("created", ""))


def _lock(path: Path) -> int:
    """Lock a file for this process and write our number into it, for the one who waits."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unusable(error, path, "take the writer lock") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        os.close(handle)
        if not isinstance(error, BlockingIOError):
            raise unusable(error, path, "take the writer lock") from error
        raise StoreError(
            f"Another sargas writes to this home (process {holder or 'unknown'}).",
            where=str(path.parent),
            hint="Wait until it has ended, stop it, or use another --home. Reading is free.",
        ) from error
    return handle


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a loss of power."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unusable(error: OSError, path: Path, doing: str) -> SargasError:
    """Say in plain words why the store cannot be used; for `raise ... from error`."""
    reason = error.strerror or str(error)
    in_the_way = "A file stands where a directory is needed; name another --home."
    hints = {
        "FileNotFoundError": "Check the path.",
        "FileExistsError": in_the_way,
        "PermissionError": "Check who owns the directory, or name another with --home.",
        "NotADirectoryError": in_the_way,
    }
    hint = hints.get(type(error).__name__, "Free some space or mend the disk, then run it again.")
    return StoreError(f"Cannot {doing}: {reason}.", where=str(path), hint=hint)
