"""Checking a backup against its manifest and its seal, and making a home of it.

A backup is read twice: first to its end without writing a byte, so that a file that claims more
than its manifest says, or was made by somebody else's hand, never reaches the disk; then to unpack
it, with every hash compared once more.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sargas.errors import InputError, StoreError, UsageError
from sargas.store.backup import workshop
from sargas.store.backup_file import (
    FORMAT,
    MANIFEST,
    MOST_MANIFEST_BYTES,
    PREFIX,
    BackupReader,
    Packed,
    is_inside,
)
from sargas.store.home import Home, sync_directory, unusable
from sargas.store.verify_journal import check_journal
from sargas.store.verify_ledger import Finding

_ANOTHER = "Use another copy of this backup, or an older one."

Progress = Callable[[int, int], None]


@dataclass
class BackupChecked:
    """What a backup holds, and what is wrong with it.

    Attributes:
        manifest: what it says of itself; empty where that cannot be read.
        files: what it must hold.
        sha256: what names it.
        findings: what is wrong with the file; nothing for one that is as it was written.
        damage: what was damaged in the home already when it was written, or, from `restore`, is
            found in the home that was made: backups of older versions say nothing of a journal
            that begins too late.
    """

    manifest: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Packed] = field(default_factory=dict)
    sha256: str = ""
    findings: list[Finding] = field(default_factory=list)
    damage: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether the file is as it was written, and the home was whole."""
        return not self.findings and not self.damage


def check_backup(
    path: Path, *, limit: int | None = None, progress: Progress = lambda done, size: None
) -> BackupChecked:
    """Read a backup to its end and compare every file with the manifest; writes nothing.

    Args:
        path: the file.
        limit: bytes that its files may have together; None for any.
        progress: called with bytes read and bytes of the file.

    Raises:
        InputError: the file cannot be read at all, or is no backup.
        StoreError: the files are larger than `limit`.
    """
    with BackupReader(path) as reader:
        out = BackupChecked(sha256=reader.sha256)
        found: dict[str, Packed] = {}
        text = None
        total = 0
        try:
            for member in reader.members():
                total += member.size
                if limit is not None and total > limit:
                    raise _no_room(total, limit)
                if text is not None:
                    raise _damaged(path, f"'{member.name}' stands behind the manifest")
                if member.name == MANIFEST:
                    if member.size > MOST_MANIFEST_BYTES:
                        raise _damaged(path, f"its manifest claims {member.size:,} bytes")
                    text = member.content.whole()
                    continue
                name = member.name.removeprefix(PREFIX)
                if name in found:
                    raise _damaged(path, f"'{name}' occurs twice")
                for _ in member.content.pieces():
                    progress(reader.read_bytes, reader.size)
                found[name] = Packed(member.size, member.content.digest.hexdigest())
            if text is None:
                raise _damaged(path, "it has no manifest")
        except InputError as error:
            out.findings.append(Finding(path.name, error.what, _ANOTHER))
        if text is not None:
            _compare(path, out, text, found)
        if not reader.sha256:
            what = "Its end is missing or damaged: there is no seal."
            out.findings.append(Finding(path.name, what, _ANOTHER))
        elif not reader.is_sealed():
            what = "Its bytes are not those that were written: the seal does not fit."
            out.findings.append(Finding(path.name, what, _ANOTHER))
    return out


def restore(path: Path, to: Path, *, progress: Progress = lambda done, size: None) -> BackupChecked:
    """Make a home of a backup: whole, or not at all.

    Args:
        path: the backup.
        to: where the home is to be: nothing, or an empty folder.
        progress: called with bytes read and bytes of the file, twice over.

    Raises:
        UsageError: there is something at `to`.
        InputError: the backup cannot be read, or is damaged; nothing was made.
        StoreError: the disk is full, or cannot be written; nothing was made.
    """
    _check_place(to)
    with BackupReader(path) as reader:
        size = reader.size
    checked = check_backup(
        path, limit=_free_bytes(to), progress=lambda done, _: progress(done, 2 * size)
    )
    if checked.findings:
        first, more = checked.findings[0], len(checked.findings) - 1
        what = f"{first.where}: {first.what}" if first.where != path.name else first.what
        raise InputError(
            what + (f" And {more} more." if more else ""),
            where=str(path),
            hint=f"{_ANOTHER} 'sargas verify {path.name}' names everything that is damaged.",
        )
    place = to.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(error, place.parent, "restore the home") from error
    with workshop(place.parent, f".{place.name}", "restore the home") as work:
        fresh = work / "home"
        fresh.mkdir(0o700)
        _unpack(path, fresh, checked.files, lambda done: progress(size + done, 2 * size))
        home = Home(fresh, create=False)  # its settings can be read
        checked.damage += [one for one in check_journal(home) if one not in checked.damage]
        os.sync()  # the names too, before the home appears under its own
        fresh.rename(place)
        sync_directory(place.parent)
    return checked


def _unpack(
    path: Path, to: Path, files: dict[str, Packed], progress: Callable[[int], None]
) -> None:
    """Write the files of a backup that has been checked; it may have been changed since."""
    left = dict(files)
    with BackupReader(path) as reader:
        for member in reader.members():
            if member.name == MANIFEST:
                continue
            name = member.name.removeprefix(PREFIX)
            due = left.pop(name, None)
            if due is None or due.size != member.size:
                raise _damaged(path, f"it was changed while it was read, at '{name}'")
            target = to / _filtered(path, name, member.size, to)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                for piece in member.content.pieces():
                    write_piece(file, piece)
                    progress(reader.read_bytes)
            if member.content.digest.hexdigest() != due.sha256:
                raise _damaged(path, f"it was changed while it was read, at '{name}'")
    if left:
        raise _damaged(path, f"it was changed while it was read: '{min(left)}' is gone")


def write_piece(file: IO[bytes], piece: bytes) -> None:
    """Write a piece of a file that is being restored."""
    file.write(piece)


def _filtered(path: Path, name: str, size: int, to: Path) -> str:
    """Ask Python's own filter for archives too; before 3.11.4 it had none."""
    if not hasattr(tarfile, "data_filter"):
        return name
    info = tarfile.TarInfo(name)
    info.size = size
    try:
        return str(tarfile.data_filter(info, str(to)).name)
    except tarfile.FilterError as error:
        raise _damaged(path, f"'{name}': {error}") from error


def _compare(path: Path, out: BackupChecked, text: bytes, found: dict[str, Packed]) -> None:
    """Compare what a backup holds with what its manifest says."""
    try:
        said = json.loads(text)
        version = said["sargas_backup"]
        if version != FORMAT:
            what = f"The backup has format {version!r}; this sargas reads format {FORMAT}."
            out.findings.append(Finding(path.name, what, "Use the sargas that wrote it."))
            return
        files = {name: _packed(name, row) for name, row in said["files"].items()}
        out.damage = [Finding(**row) for row in said["damage"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        what = f"Its manifest cannot be read: {error!r}."
        out.findings.append(Finding(path.name, what, _ANOTHER))
        return
    out.files = files
    out.manifest = {k: v for k, v in said.items() if k not in ("files", "damage")}
    if "home.json" not in files:
        out.findings.append(Finding(path.name, "It names no home.json.", _ANOTHER))
    for name in sorted(files.keys() | found.keys()):
        if name not in found:
            out.findings.append(Finding(name, "It is missing from the backup.", _ANOTHER))
        elif name not in files:
            out.findings.append(Finding(name, "The manifest does not name it.", _ANOTHER))
        elif found[name].size != files[name].size:
            what = f"It has {found[name].size:,} bytes; the manifest says {files[name].size:,}."
            out.findings.append(Finding(name, what, _ANOTHER))
        elif found[name].sha256 != files[name].sha256:
            out.findings.append(Finding(name, "Its bytes are not those written.", _ANOTHER))


def _packed(name: str, row: dict[str, Any]) -> Packed:
    """Read what the manifest says of a file."""
    size, sha256 = row["bytes"], row["sha256"]
    if not is_inside(name) or type(size) is not int or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError(name)
    return Packed(size, sha256)


def _check_place(to: Path) -> None:
    try:
        if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
            raise UsageError(
                "There is something here already; a home is restored beside it, never over it.",
                where=str(to),
                hint="Name a new folder with --home, look at it, and then move the old one away.",
            )
    except OSError as error:
        raise unusable(error, to, "restore the home") from error


def _free_bytes(to: Path) -> int:
    """Measure the room where the home is to be."""
    place = to.resolve()
    while not place.exists():
        place = place.parent
    try:
        free = os.statvfs(place)
    except OSError as error:
        raise unusable(error, place, "restore the home") from error
    return free.f_bavail * free.f_frsize


def _no_room(total: int, limit: int) -> StoreError:
    return StoreError(
        f"The backup unpacks to {total / 1e6:,.0f} MB or more; {limit / 1e6:,.0f} MB are free.",
        hint="Free some space, or restore it to another disk.",
    )


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"The backup is damaged: {what}.", where=str(path))
