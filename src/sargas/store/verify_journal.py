"""Whether a home's journal holds what its ledger needs: all that was received and not folded yet.

The ledger says up to which offset the journal was folded. A watch goes on from there, so a journal
that begins later, or has a hole behind it, has lost what was received in between; and one that ends
before it is of another time than the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sargas.store.home import Home
from sargas.store.journal import CHECKPOINT, FOLDER, segment_start
from sargas.store.verify_ledger import Finding, open_read_only

_RESTORE = (
    "Nothing brings it back but its source, or a backup that is whole ('sargas restore'): alerts "
    "of that time may be missing."
)
_OTHER_TIME = "One of them was restored without the other: restore both from one backup."
_NONE = (
    "What was received and not folded is lost with it, unless it is in a backup. A watch on this "
    "home begins a new one and goes on."
)


class Segment(NamedTuple):
    """A file of a journal: the offset at which it begins, and the one at which it ends."""

    start: int
    end: int


def segments(folder: Path) -> list[Segment]:
    """List the files of a journal in order; none where there is no journal."""
    found = []
    try:
        for path in folder.iterdir():
            if (start := segment_start(path.name)) is not None:
                try:
                    found.append(Segment(start, start + path.stat().st_size))
                except FileNotFoundError:
                    continue  # folded, and let go meanwhile
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found)


def folded_to(ledger: Path) -> int | None:
    """Read up to which offset a journal was folded: 0 if it never was.

    None where there is no ledger, or it cannot be read; `check_ledger` says why.
    """
    query = "SELECT source_offset FROM checkpoints WHERE source = ?"
    try:
        if not ledger.exists():
            return None
        with closing(open_read_only(ledger)) as database:
            row = database.execute(query, (CHECKPOINT,)).fetchone()
        return int(row[0]) if row else 0
    except (sqlite3.Error, OSError, UnicodeDecodeError, TypeError, ValueError):
        return None


def run_with(offset: int, files: Iterable[Segment]) -> list[Segment]:
    """Give the files that lie end to end around an offset, up to the next hole; none if none do.

    Example:
        >>> run_with(7, [Segment(0, 5), Segment(5, 9), Segment(12, 20)])
        [Segment(start=0, end=5), Segment(start=5, end=9)]
        >>> run_with(10, [Segment(0, 5), Segment(5, 9), Segment(12, 20)])
        []
    """
    run: list[Segment] = []
    for one in sorted(files):
        if run and run[-1].end != one.start:
            if run[0].start <= offset <= run[-1].end:
                return run
            run = []
        run.append(one)
    return run if run and run[0].start <= offset <= run[-1].end else []


def check_journal(home: Home) -> list[Finding]:
    """Compare a home's journal with its ledger, also while a watch writes both.

    Beside a watch the journal's beginning is looked at before the ledger, its end after: what is
    received comes into the journal first and leaves it last, so neither can be found amiss by what
    happens in between.
    """
    folder = home.path / FOLDER
    before = segments(folder)
    offset = folded_to(home.ledger_path)
    return [] if offset is None else compare(offset, before, segments(folder))


def compare(offset: int, before: list[Segment], after: list[Segment]) -> list[Finding]:
    """Say what is wrong with a journal that was folded up to an offset.

    Args:
        offset: as the ledger has it.
        before: the journal's files before that was read.
        after: and since.
    """
    begin = before[0].start if before else 0
    if before and begin > offset:
        what = (
            f"The journal begins at {begin:,}; the ledger has folded it up to {offset:,}: "
            f"{begin - offset:,} bytes that were received are gone."
        )
        return [Finding(FOLDER, what, _RESTORE)]
    if not after and offset:
        what = f"There is no journal; the ledger has folded one up to {offset:,}."
        return [Finding(FOLDER, what, _NONE)]
    end = after[-1].end if after else 0
    if end < offset:
        what = f"The journal ends at {end:,}; the ledger has folded it up to {offset:,}."
        return [Finding(FOLDER, what, _OTHER_TIME)]
    ends = {one.start: one.end for one in after}
    for one, following in pairwise(before):
        stop = ends.get(one.start, one.end)  # the newest has grown meanwhile, and then ended
        if following.start != stop and following.start > offset:
            what = f"The journal has a hole: a file ends at {stop:,}, the next begins at "
            return [Finding(FOLDER, f"{what}{following.start:,}.", _RESTORE)]
    return []
