"""What is left out before it is folded, with the reason counted: nothing vanishes.

A live feed tells what is now. A report dated ahead of its own reception is of a clock that is
wrong, the feed's or ours, or was made by somebody who wants the others to seem late: a few of them,
believed, and nothing would be judged until that time has come. The time of reception stands in the
journal, so that whoever reads it again leaves out the same. An exercise has times of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from sargas.cli.kinds import exercise_of_station
from sargas.feeds.live.base import Codec
from sargas.feeds.live.columns import AHEAD_MS
from sargas.model.fixes import Batch

STRANGE: Final = "of_an_exercise"
"""Reason for rows that say they are of an exercise in a watch that is of none, or of another."""
AHEAD: Final = "ahead_of_reception"
"""Reason for rows that are dated more than `AHEAD_MS` ahead of their reception. Not `time_ahead`:
rows that the watch counts so are doubted, and folded all the same."""


class Ahead(NamedTuple):
    """Rows that were left out as dated ahead: how many, and by how many ms at most."""

    rows: int
    by_ms: int


def parted(batch: Batch, received_ms: int) -> tuple[Batch, Ahead]:
    """Part rows that are dated ahead of their reception from the others.

    Args:
        batch: rows of one record of the journal. received_ms: its time.

    Example:
        >>> from sargas.model.fixes import Fixes, Statics
        >>> fixes = Fixes.build(3, subject_id=[1, 2, 3], t_ms=[0, 60_000, 90_000])
        >>> kept, ahead = parted(Batch(fixes, Statics.empty()), 0)
        >>> kept.fixes.subject_id.tolist(), ahead
        ([1, 2], Ahead(rows=1, by_ms=90000))
    """
    limit_ms = received_ms + AHEAD_MS
    is_ahead = [rows.t_ms > limit_ms for rows in (batch.fixes, batch.statics)]
    n = sum(int(some.sum()) for some in is_ahead)
    if not n:
        return batch, Ahead(0, 0)
    newest_ms = max(int(t.t_ms.max()) for t in (batch.fixes, batch.statics) if len(t))
    kept = Batch(batch.fixes.take(~is_ahead[0]), batch.statics.take(~is_ahead[1]))
    return kept, Ahead(n, newest_ms - received_ms)


class Admission:
    """Leaves rows out, and says so when it does for the first time.

    Args:
        exercise: name of the exercise that the watch is of; None for real traffic.
        counts: rows left out are added here, by reason.
        say: told what people should read.
    """

    def __init__(
        self, exercise: str | None, counts: Counter[str], say: Callable[[str], None]
    ) -> None:
        self._exercise, self._counts, self._say = exercise, counts, say
        self._told: set[str] = set()

    def admit(self, batch: Batch, codec: Codec, feed: str, received_ms: int) -> tuple[Batch, Ahead]:
        """Give the rows that are to be folded, and what of the others was dated ahead.

        Args:
            batch: rows of one record. codec: that read it. feed: the feed's name.
            received_ms: when it was received.
        """
        batch = self._of_this_kind(batch, codec)
        if self._exercise is not None:
            return batch, Ahead(0, 0)
        batch, ahead = parted(batch, received_ms)
        if ahead.rows:
            self._counts[AHEAD] += ahead.rows
        if ahead.rows and feed not in self._told:
            self._told.add(feed)
            self._say(
                f"feed {feed}: reports are dated up to {ahead.by_ms / 1000:,.0f} s ahead of their "
                "reception; such are counted and left out. Its clock is ahead, or that of this "
                "machine is behind: check its time synchronisation."
            )
        return batch, ahead

    def _of_this_kind(self, batch: Batch, codec: Codec) -> Batch:
        """Leave out rows that say they are of an exercise, where the watch is not of that one."""
        strange = [
            -2 - k for k, name in enumerate(codec.stations)
            if (of := exercise_of_station(name)) is not None and of != self._exercise
        ]  # fmt: skip
        if not strange:
            return batch
        keep = [~np.isin(rows.station, strange) for rows in (batch.fixes, batch.statics)]
        left_out = sum(int((~k).sum()) for k in keep)
        if left_out and not self._counts[STRANGE]:
            self._say(
                "Rows of an EXERCISE came by a live feed; they are counted and left out. Watch "
                "them with --exercise NAME, in a home of their own."
            )
        self._counts[STRANGE] += left_out
        return Batch(batch.fixes.take(keep[0]), batch.statics.take(keep[1]))
