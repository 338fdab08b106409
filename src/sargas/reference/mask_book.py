"""A home's masks, vigilance areas and zones: a book of versions that only grows.

`<home>/masks/book.jsonl` has a line for every mask that was added, changed or withdrawn: who did
it, when, why, and from which event time on it counts. Nothing is deleted. A fix is judged by the
version that counted at its own time, so that a replay sees what the watch saw: a mask withdrawn
today still holds for yesterday's fixes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sargas.errors import NotFoundError, StoreError, UsageError
from sargas.model.time import iso, parse_iso
from sargas.reference.masks import Mask, feature_of, mask_of

FORMAT = 1
"""Version of the book; a newer one is refused, never overwritten."""
ADD, CHANGE, EXPIRE = "add", "change", "expire"
ACTS = (ADD, CHANGE, EXPIRE)
BEGINNING_MS = 0
"""Event time from which a version counts where nothing has been judged yet."""


@dataclass(frozen=True)
class Entry:
    """One line of the book: one version of one mask.

    Attributes:
        version: number of the mask's versions, from 1.
        act: `add`, `change` or `expire`.
        mask: as it is from then on; as it was, for one that is withdrawn.
        counts_from_ms: event time from which this version counts.
        recorded_at: when it was written into the book, ISO 8601.
        by: who did it.
        reason: why.
        drawn_ms: event time that the screen showed on which it was drawn; None for a command.
    """

    version: int
    act: str
    mask: Mask
    counts_from_ms: int
    recorded_at: str
    by: str
    reason: str
    drawn_ms: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Write the entry as a line of the book, and as `masks list --json` prints it."""
        return {
            "id": self.mask.id,
            "version": self.version,
            "act": self.act,
            "counts_from": iso(self.counts_from_ms),
            "recorded_at": self.recorded_at,
            "by": self.by,
            "reason": self.reason,
            **({} if self.drawn_ms is None else {"drawn": iso(self.drawn_ms)}),
            "mask": feature_of(self.mask),
        }


@dataclass(frozen=True)
class Act:
    """Something to be written: what is to become of a mask, and whether that changes anything."""

    act: str
    mask: Mask
    is_new: bool = True


class MaskBook:
    """The masks of a home, in all their versions.

    Args:
        entries: in the order in which they were written.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: tuple[Entry, ...] = tuple(entries)

    @cached_property
    def latest(self) -> dict[str, Entry]:
        """The last version of each mask, by its id."""
        return {e.mask.id: e for e in sorted(self.entries, key=lambda e: e.mask.id)}

    def ends_ms(self, entry: Entry) -> int | None:
        """Give the event time from which a later version counts instead; None for the last."""
        return self._ends_ms[entry.mask.id, entry.version]

    @cached_property
    def _ends_ms(self) -> dict[tuple[str, int], int | None]:
        """The end of every version, by mask and version; from the last line to the first."""
        ends: dict[tuple[str, int], int | None] = {}
        later: dict[str, int] = {}
        for entry in reversed(self.entries):
            name, from_ms = entry.mask.id, entry.counts_from_ms
            ends[name, entry.version] = later.get(name)
            later[name] = min(from_ms, later.get(name, from_ms))
        return ends

    def masks(self) -> tuple[Mask, ...]:
        """Give the masks for a watch: every version, cut to the event times at which it counts."""
        out = []
        for entry in self.entries:
            if entry.act == EXPIRE:
                continue
            ends_ms = self.ends_ms(entry)
            start = max(entry.mask.valid_from_ms, entry.counts_from_ms)
            until = entry.mask.valid_until_ms
            until = until if ends_ms is None else min(until, ends_ms)
            if start < until:
                out.append(replace(entry.mask, valid_from_ms=start, valid_until_ms=until))
        return tuple(sorted(out, key=lambda m: (m.id, m.valid_from_ms)))

    def plan_add(self, masks: Sequence[Mask]) -> list[Act]:
        """Say what adding masks would do: those that stand so already change nothing.

        Raises:
            UsageError: a mask has no reason.
        """
        bare = [m.id for m in masks if not m.reason.strip()]
        if bare:
            raise UsageError(
                f"{len(bare)} of {len(masks)} masks have no reason: {', '.join(bare[:5])}.",
                hint="Give each a property 'reason', or all of them one with --reason.",
            )
        acts = []
        for mask in masks:
            before = self.latest.get(mask.id)
            if before is None:
                acts.append(Act(ADD, mask))
            elif before.act == EXPIRE or feature_of(before.mask) != feature_of(mask):
                acts.append(Act(CHANGE, mask))
            else:
                acts.append(Act(CHANGE, mask, is_new=False))
        return acts

    def plan_expire(self, mask_id: str) -> Act:
        """Say what withdrawing a mask would do.

        Raises:
            NotFoundError: there is no such mask.
        """
        before = self.latest.get(mask_id)
        if before is None:
            known = ", ".join(list(self.latest)[:8]) or "none"
            raise NotFoundError(f"There is no mask '{mask_id}'.", hint=f"Known: {known}.")
        return Act(EXPIRE, before.mask, is_new=before.act != EXPIRE)

    def grown(
        self,
        acts: Sequence[Act],
        counts_from_ms: int,
        recorded_at: str,
        by: str,
        reason: str = "",
        drawn_ms: int | None = None,
    ) -> MaskBook:
        """Give the book with some acts written into it; those that change nothing are not.

        Args:
            acts: from `plan_add` or `plan_expire`.
            counts_from_ms: event time from which they count.
            recorded_at: ISO 8601.
            by: who did it.
            reason: why; a mask's own reason if not given.
            drawn_ms: event time that the screen showed; None for a command.
        """
        more = []
        for act in (a for a in acts if a.is_new):
            before = self.latest.get(act.mask.id)
            version = 1 if before is None else before.version + 1
            why = reason or act.mask.reason
            more.append(
                Entry(version, act.act, act.mask, counts_from_ms, recorded_at, by, why, drawn_ms)
            )
        return MaskBook((*self.entries, *more))


def masks_version(masks: Sequence[Mask]) -> str:
    """Name masks by their content: 12 hexadecimal digits, the same for equal masks."""
    text = json.dumps([feature_of(m) for m in masks], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def home_masks(home: Path) -> tuple[Mask, ...]:
    """Give the masks that a home keeps, cut to when they count; none where there is no book.

    Raises:
        StoreError: the book cannot be read.

    Example:
        >>> home_masks(Path("no-such-home"))
        ()
    """
    return read_book(home).masks()


class BookFollower:
    """Tells when a home's masks have changed since they were last read.

    Args:
        home: the home.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._read = self._stamp()

    def changed(self) -> tuple[Mask, ...] | None:
        """Give the masks where the book is another one by now; None where it is not.

        Raises:
            StoreError: the book cannot be read.
        """
        stamp = self._stamp()
        if stamp == self._read:
            return None
        masks = home_masks(self._home)
        self._read = stamp
        return masks

    def _stamp(self) -> tuple[int, int] | None:
        """Name the file: every version of the book is a file of its own."""
        try:
            found = book_path(self._home).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def book_path(home: Path) -> Path:
    """Give the file of a home's masks."""
    return home / "masks" / "book.jsonl"


def read_book(home: Path) -> MaskBook:
    """Read a home's book of masks; an empty one where there is none.

    Raises:
        StoreError: it cannot be read, or is of a version that this sargas does not read.
    """
    path = book_path(home)
    try:
        lines = path.read_text("utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return MaskBook()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"The masks cannot be read ({error}).", where=str(path)) from error
    number = 0
    try:
        head, *rest = map(json.loads, lines)
        if head["sargas"] != FORMAT:
            raise ValueError(f"version {head['sargas']!r}")
        entries: list[Entry] = []
        for row in rest:
            number = len(entries) + 2  # the first line is the head
            entries.append(_entry(row))
    except (
        ValueError, KeyError, TypeError, AttributeError, UsageError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise StoreError(
            f"This is not a book of masks that this sargas reads ({error}).",
            where=f"{path}, line {number or 1}",
            hint="Restore it from a copy; its masks decide how a replay judges.",
        ) from error
    return MaskBook(entries)


def _entry(row: dict[str, Any]) -> Entry:
    """Read one line; what is wrong with it is raised as it is met."""
    if row["act"] not in ACTS:
        raise ValueError(f"act {row['act']!r}")
    return Entry(
        int(row["version"]), row["act"], mask_of(row["mask"]), parse_iso(row["counts_from"]),
        str(row["recorded_at"]), str(row["by"]), str(row["reason"]),
        parse_iso(row["drawn"]) if "drawn" in row else None,
    )  # fmt: skip


@contextlib.contextmanager
def writing(home: Path) -> Iterator[None]:
    """Hold a home's masks for one writer, from reading the book to writing it.

    Raises:
        StoreError: the folder cannot be made or locked.
    """
    folder = book_path(home).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("ab")
    except OSError as error:
        raise _cannot_write(folder, error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_book(home: Path, book: MaskBook) -> None:
    """Write a book in place of the one before, whole or not at all; hold `writing` meanwhile.

    Raises:
        StoreError: it cannot be written; the one before stands.
    """
    path = book_path(home)
    lines = [{"sargas": FORMAT}, *(entry.to_dict() for entry in book.entries)]
    begun = path.with_name(".book.part")
    try:
        with begun.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        begun.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            begun.unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The masks cannot be written ({error.strerror}); nothing was changed.",
        where=str(path),
        hint="Free some space, or check who owns the home.",
    )
