"""What is dated anew or left out before it is folded, with the reason counted: nothing vanishes.

A live feed tells what is now. A report dated ahead of its own reception is of a clock that is
wrong, the feed's or ours, or was made by somebody who wants the others to seem late: a few of them,
believed, and nothing would be judged until that time has come. What it says is news all the same: a
vessel that only such a receiver hears must not seem to have gone dark. So it is given the time of
its reception, as reports are that carry none. That time stands in the journal, so that whoever
reads it again does the same. An exercise has times of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from sargas.cli.kinds import exercise_of_station
from sargas.decode.codes import Quality, TSource
from sargas.feeds.live.base import Codec
from sargas.feeds.live.columns import AHEAD_MS
from sargas.model.fixes import Batch, Fixes
from sargas.model.time import NO_TIME

STRANGE: Final = "of_an_exercise"
"""Reason for rows that say they are of an exercise in a watch that is of none, or of another."""
AHEAD: Final = "ahead_of_reception"
"""Reason for rows that were dated more than `AHEAD_MS` ahead of their reception and are folded with
the time of it. Not `time_ahead`: rows that the watch counts so keep their own."""
LEFT_OUT: Final = "ahead_left_out"
"""Reason for rows dated ahead that are left out: see `redated`."""


class Ahead(NamedTuple):
    """Rows that were dated ahead: how many, by how many ms at most, and how many were left out."""

    rows: int
    by_ms: int
    left_out: int


def redated(
    batch: Batch, received_ms: int, told_ms: int, *, is_polled: bool
) -> tuple[Batch, Ahead]:
    """Give rows that are dated ahead of their reception the time of that.

    Left out are those for which it would be wrong: of a list that is asked for again and again,
    whose old reports would seem new; and where this machine's clock is known to be behind, so that
    they would stand among what was true of other places an hour ago.

    Args:
        batch: rows of one record of the journal. received_ms: its time.
        told_ms: the newest time of its own that a report had which was believed; 0 before any.
        is_polled: see `Codec`.

    Example:
        >>> from sargas.model.fixes import Fixes, Statics
        >>> fixes = Fixes.build(3, subject_id=[1, 2, 3], t_ms=[0, 60_000, 90_000])
        >>> kept, ahead = redated(Batch(fixes, Statics.empty()), 0, 0, is_polled=False)
        >>> kept.fixes.t_ms.tolist(), ahead
        ([0, 60000, 0], Ahead(rows=1, by_ms=90000, left_out=0))
    """
    limit_ms = received_ms + AHEAD_MS
    is_ahead = [rows.t_ms > limit_ms for rows in (batch.fixes, batch.statics)]
    n = sum(int(some.sum()) for some in is_ahead)
    if not n:
        return batch, Ahead(0, 0, 0)
    last_ms = max(int(t.t_ms.max()) for t in (batch.fixes, batch.statics) if len(t))
    by_ms = last_ms - received_ms
    if is_polled or received_ms + AHEAD_MS < told_ms:
        kept = Batch(batch.fixes.take(~is_ahead[0]), batch.statics.take(~is_ahead[1]))
        return kept, Ahead(n, by_ms, n)
    fixes = batch.fixes.take(np.arange(len(batch.fixes)))  # copies
    statics = batch.statics.take(np.arange(len(batch.statics)))
    fixes.t_ms[is_ahead[0]] = statics.t_ms[is_ahead[1]] = received_ms
    fixes.t_source[is_ahead[0]] = int(TSource.READER)
    fixes.quality[is_ahead[0]] |= fixes.quality.dtype.type(Quality.TIME_DISAGREES)
    return Batch(fixes, statics), Ahead(n, by_ms, 0)


def newest_ms(fixes: Fixes) -> int | None:
    """Give the newest time among rows that carry one of their own; None where none does."""
    own = fixes.t_ms[(fixes.t_source != TSource.READER) & (fixes.t_ms != NO_TIME)]
    return int(own.max()) if len(own) else None


class Admission:
    """Leaves rows out or dates them anew, and says so when it does for the first time.

    Args:
        exercise: name of the exercise that the watch is of; None for real traffic.
        counts: rows left out or dated anew are added here, by reason.
        say: told what people should read.
    """

    def __init__(
        self, exercise: str | None, counts: Counter[str], say: Callable[[str], None]
    ) -> None:
        self._exercise, self._counts, self._say = exercise, counts, say
        self._told: set[str] = set()

    def admit(
        self, batch: Batch, codec: Codec, feed: str, received_ms: int, told_ms: int
    ) -> tuple[Batch, Ahead]:
        """Give the rows that are to be folded, and how many were dated ahead.

        Args:
            batch: rows of one record. codec: that read it. feed: the feed's name.
            received_ms: when it was received. told_ms: see `redated`.
        """
        batch = self._of_this_kind(batch, codec)
        if self._exercise is not None:
            return batch, Ahead(0, 0, 0)
        batch, ahead = redated(batch, received_ms, told_ms, is_polled=codec.is_polled)
        if ahead.rows:
            self._counts[LEFT_OUT if ahead.left_out else AHEAD] += ahead.rows
        if ahead.rows and feed not in self._told:
            self._told.add(feed)
            what = "left out" if ahead.left_out else "dated by it"
            self._say(
                f"feed {feed}: reports are dated up to {ahead.by_ms / 1000:,.0f} s ahead of their "
                f"reception; such are counted and {what}. Its clock is ahead, or that of this "
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
