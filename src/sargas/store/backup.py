"""Backing a home up while a watch writes to it, and bringing it back.

The order makes the copy consistent. First the files of the journal are opened: a watch that commits
meanwhile lets go of those that it has folded, and an open file can be read to its end all the same.
Then the ledger is copied, in one step of SQLite's online backup, so that it is the ledger of one
moment; the journal holds what it has not folded. The shards are listed after it: a watch brings
its rows to the disk before it commits the checkpoint that says so, and shards are never changed, so
the copied shards hold at least what the copied ledger knows. Rows beyond it do no harm: a replay
from the checkpoint brings them again and adds nothing (law 5, law 3).
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Self

from sargas.errors import SargasError, StoreError, UsageError
from sargas.store import files
from sargas.store.backup_file import PREFIX, SUFFIXES, BackupWriter, is_compressed
from sargas.store.home import FIXES, STATICS, Home, sync_directory, unusable
from sargas.store.home import FORMAT as HOME_FORMAT
from sargas.store.journal import FOLDER as JOURNAL
from sargas.store.journal import segment_name, segment_start
from sargas.store.verify import is_passing, other_files
from sargas.store.verify_journal import Segment, compare, folded_to, run_with, segments
from sargas.store.verify_ledger import Finding, check_ledger, open_read_only

MOST_OPEN = 200
"""Files of one shard held open at once (chosen: far below the 1,024 that a process may have).
Where there are more, the smaller ones are read into memory: many files are small files."""

MOST_TRIES = 3
"""How often the ledger is copied, where the journal has moved on beyond it by a whole file in the
moment between opening the one and copying the other (chosen: 64 MB in milliseconds are no feed)."""

Progress = Callable[[int, int], None]


@dataclass
class BackedUp:
    """What a backup holds.

    Attributes:
        path: the file.
        bytes: its size.
        sha256: what names it, see `sargas.store.backup_file`.
        manifest: what it says of itself, but its list of files.
        files: files in it.
        damage: what was damaged already in the home; it was copied as it is.
        left_out: things of the home that are no plain files and no folders, as links.
    """

    path: Path
    bytes: int = 0
    sha256: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)
    files: int = 0
    damage: list[Finding] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def back_up(
    home: Home,
    out: Path,
    *,
    created: str,
    version: str,
    force: bool = False,
    progress: Progress = lambda files, size: None,
) -> BackedUp:
    """Write a home into one file, whole or not at all.

    Args:
        home: the home; others may read and write meanwhile.
        out: the file, ending in `.tar` or `.tar.zst`.
        created, version: wall clock, ISO 8601 UTC, and version of sargas, for the manifest.
        force: replace a file that is there.
        progress: called with the number of files and bytes copied.

    Raises:
        UsageError: the name has another ending, there is such a file, or it lies in the home.
        StoreError: the disk is full, or a file cannot be read; nothing of the backup remains.
    """
    _check_name(home, out, force=force)
    done = BackedUp(out)
    with workshop(out.parent, f".{out.name}", "write the backup") as work:
        begun = work / "backup"
        with begun.open("xb") as file:
            begun.chmod(0o600)  # everything that the home keeps is in it
            writer = BackupWriter(file, compressed=is_compressed(out))
            with _Copy(home, writer, done, progress) as copy:
                counts = copy.ledger(work / home.ledger_path.name)
                for table in (FIXES, STATICS):
                    counts[table] = copy.shards(table)
                copy.rest()
            done.manifest |= {
                "sargas": version,
                "home_format": HOME_FORMAT,
                "home_created": home.created,
                "created": created,
                "counts": counts,
                "damage": [one.to_dict() for one in done.damage],
            }
            done.sha256, done.files = writer.end(done.manifest), len(writer.files)
            file.flush()
            os.fsync(file.fileno())
            done.bytes = file.tell()
        if out.exists() and not force:
            raise _is_there(out)
        begun.replace(out)
        sync_directory(out.parent)
    return done


class _Copy:
    """Copies the parts of a home into a backup."""

    def __init__(
        self, home: Home, writer: BackupWriter, done: BackedUp, progress: Progress
    ) -> None:
        self.home, self.writer, self.done, self.progress = home, writer, done, progress
        self.bytes = 0
        self._journal: dict[int, IO[bytes]] = {}
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def ledger(self, place: Path) -> dict[str, int]:
        """Copy the ledger as it is at this moment; gives what it holds.

        The journal is held from before that moment on, see `_held_with`.
        """
        source = self.home.ledger_path
        self.done.manifest |= {"schema": "", "audit_head": ""}
        self._hold_journal()
        if not source.exists():
            return {}
        for _ in range(MOST_TRIES):
            place.unlink(missing_ok=True)
            before = self._hold_journal()
            self._copy_ledger(source, place)
            if self._held_with(folded_to(place), before):
                break
        else:
            raise StoreError(
                "The journal moves on faster than the ledger can be copied.",
                where=str(self.home.path / JOURNAL), hint="Run the backup again.",
            )  # fmt: skip
        found = check_ledger(place)
        self.done.damage += found.findings
        self.done.manifest |= {"schema": found.schema, "audit_head": found.head}
        with place.open("rb") as file:
            self._put(source.name, file)
        place.unlink()
        return dict(found.counts)

    def _copy_ledger(self, source: Path, place: Path) -> None:
        try:
            copy_database(source, place)
        except sqlite3.Error as error:
            if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                raise StoreError(
                    f"Cannot write the backup: {error}.",
                    where=str(self.done.path.parent),
                    hint="Free some space, or name another place with --out.",
                ) from error
            raise StoreError(
                f"The ledger cannot be copied: {error}.",
                where=str(source),
                hint="'sargas verify' says what is damaged.",
            ) from error

    def _hold_journal(self) -> list[Segment]:
        """Open the files of the journal that are not open yet; gives all that are held."""
        folder = self.home.path / JOURNAL
        for start in (one.start for one in segments(folder)):
            if start not in self._journal:
                with contextlib.suppress(FileNotFoundError):  # folded, and let go just now
                    file = folder.joinpath(segment_name(start)).open("rb")
                    self._journal[start] = self._opened.enter_context(file)
        return self._held()

    def _held(self) -> list[Segment]:
        return [
            Segment(start, start + os.fstat(file.fileno()).st_size)
            for start, file in sorted(self._journal.items())
        ]

    def _held_with(self, offset: int | None, before: list[Segment]) -> bool:
        """Keep of the journal what belongs to a ledger that was copied just now.

        That is what lies end to end around the offset up to which it was folded. What a watch began
        and let go of again since is missing behind it; it was received after the ledger's moment.

        Args:
            offset: as the copied ledger has it.
            before: what was held before it was copied.

        Returns:
            False where the journal has moved on beyond the ledger: copy that again.
        """
        if offset is None:
            return True
        held = self._hold_journal()
        if damage := compare(offset, before, held):
            self.done.damage += damage
            return True
        run = {one.start for one in run_with(offset, held)}
        for start in self._journal.keys() - run if run else ():
            self._journal.pop(start).close()
        return bool(run) or not held

    def shards(self, table: str) -> int:
        """Copy the live shards of a table; gives their rows."""
        rows = 0
        for day in self.home.days(table):
            for directory in sorted(self.home.table_path(table).glob(f"day={day}/shard=*")):
                with ExitStack() as opened:
                    for path, file in _open_at_once(self.home, directory, opened):
                        name = path.relative_to(self.home.path).as_posix()
                        rows += self._rows(name, file)
                        self._put(name, file)
        return rows

    def rest(self) -> None:
        """Copy what else the home keeps, folder by folder, and the journal that is held."""
        journal = self.home.path / JOURNAL
        for start, file in sorted(self._journal.items()):
            self._put(f"{JOURNAL}/{segment_name(start)}", file)
        for folder, paths in groupby(other_files(self.home), self._folder_of):
            with _held(folder):
                for path in paths:
                    if path.parent == journal and segment_start(path.name) is not None:
                        continue
                    name = path.relative_to(self.home.path).as_posix()
                    try:
                        file = path.open("rb")
                    except FileNotFoundError:
                        continue  # removed meanwhile
                    except OSError as error:
                        raise unusable(error, path, "read the home") from error
                    with file:
                        self._put(name, file)
        self.done.left_out = list(_no_plain_files(self.home.path))

    def _folder_of(self, path: Path) -> Path:
        """Give the folder of the home in which a file lies, or the home for its own files."""
        return self.home.path.joinpath(*path.relative_to(self.home.path).parts[:-1][:1])

    def _put(self, name: str, file: IO[bytes]) -> None:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self.writer.put(PREFIX + name, file, size)
        self.bytes += size
        self.progress(len(self.writer.files), self.bytes)

    def _rows(self, name: str, file: IO[bytes]) -> int:
        """Count the rows of a shard; a damaged one is said to be so, and copied as it is."""
        import pyarrow.lib as pa
        import pyarrow.parquet as pq

        try:
            return int(pq.read_metadata(file).num_rows)
        except (OSError, pa.ArrowException, ValueError) as error:
            what = f"The shard cannot be read: {' '.join(str(error).split())}."
            hint = "'sargas verify --deep' says more."
            self.done.damage.append(Finding(name, what, hint))
            return 0


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite database of one moment, whoever writes to it meanwhile, into one file.

    All pages in one step: writers go on beside it, as the journal is a write-ahead log, and it
    ends also where they never stop. (In several steps each commit would begin it anew.)
    """
    with closing(open_read_only(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # no second file beside it


def _open_at_once(home: Home, directory: Path, opened: ExitStack) -> list[tuple[Path, IO[bytes]]]:
    """Open the live files of one shard together.

    An open file can be read to its end although a compaction removes it, and together they are
    the shard of one moment: copied one by one, two compactions meanwhile could leave a row in
    two files.
    """

    def attempt() -> list[tuple[Path, IO[bytes]]]:
        opened.close()
        try:
            live = [file.path for file in files.list_shard(directory)]
        except SargasError:  # a damaged one; which others it stands for is not known
            live = sorted(directory.glob("*.parquet"))
        live.sort(key=lambda path: -path.stat().st_size)
        found: list[tuple[Path, IO[bytes]]] = []
        for path in live:
            file = path.open("rb")
            if len(found) < MOST_OPEN:
                found.append((path, opened.enter_context(file)))
            else:
                with file:
                    found.append((path, io.BytesIO(file.read())))
        return sorted(found, key=lambda one: one[0].name)

    return files.retrying(attempt, lost=(FileNotFoundError,))


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep an import, or a change of masks, from a folder while its files are read.

    Both hold `.lock` in their folder for the moment in which they write.
    """
    with ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            lock = stack.enter_context((folder / ".lock").open("rb"))
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def workshop(parent: Path, name: str, doing: str) -> Iterator[Path]:
    """Give a folder for what is half done; it is gone afterwards, however that ends."""
    work = parent / f"{name}.{secrets.token_hex(4)}.part"
    try:
        work.mkdir(mode=0o700)
    except OSError as error:
        raise unusable(error, parent, doing) from error
    try:
        yield work
    except OSError as error:
        raise unusable(error, Path(error.filename or parent), doing) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_name(home: Home, out: Path, *, force: bool) -> None:
    if not out.name.lower().endswith(SUFFIXES):
        raise UsageError(
            f"A backup is a {' or '.join(SUFFIXES)} file.", where=str(out),
            hint="The first one is compressed.",
        )  # fmt: skip
    if out.exists() and (not force or not out.is_file()):
        raise _is_there(out)
    if out.resolve().is_relative_to(home.path.resolve()):
        raise UsageError(
            "The backup would lie in the home that it is of, and be lost with it.",
            where=str(out),
            hint="Name a file elsewhere with --out, best on another disk.",
        )


def _is_there(out: Path) -> UsageError:
    return UsageError(
        "There is such a file already.", where=str(out),
        hint="Name another one, or write over it with --force.",
    )  # fmt: skip


def _no_plain_files(home: Path) -> Iterator[str]:
    """Name what a backup leaves out though it is neither a lock nor half written."""
    for folder, names, found in os.walk(home):
        for name in sorted([*names, *found]):
            path = Path(folder, name)
            is_plain = path.is_dir() or path.is_file()
            if not is_passing(name) and (path.is_symlink() or not is_plain):
                yield path.relative_to(home).as_posix()
