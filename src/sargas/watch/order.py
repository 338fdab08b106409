"""The reorder buffer: rows in any order go in, whole minutes in canonical order come out.

The watermark is the greatest event time seen less the lateness. Every minute that lies wholly
before it is released, sorted by (minute, subject, t_ms, payload, station), so that what the fold
sees does not depend on the order of arrival or on how the stream was cut. Rows whose minute has
already gone are late: they are counted and handed back, never folded in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS, NO_TIME

Rows = TypeVar("Rows", Fixes, Statics)

AHEAD_MS = 600_000
"""A row this far ahead of all others does not move the watermark on its own word."""
AHEAD_ROWS = 8
"""So many rows in a row that far ahead are believed: the feed itself has jumped."""


@dataclass(frozen=True)
class Released:
    """Rows of whole minutes in canonical order, ready to fold.

    Attributes:
        fixes, statics: sorted by minute, subject, time, payload, station.
        from_minute: first minute that may hold rows (minutes since the epoch).
        to_minute: first minute that is not released yet.
    """

    fixes: Fixes
    statics: Statics
    from_minute: int
    to_minute: int

    def stretches(self, quiet_minutes: int) -> list[Released]:
        """Leave out minutes in which nothing changes: those long after a row and before the next.

        One row with a clock years off would otherwise cost a tick for every minute of them.

        Args:
            quiet_minutes: so long after the last row, minutes are still wanted.

        Returns:
            The release in parts, in order of time.
        """
        if self.to_minute - self.from_minute <= quiet_minutes:
            return [self]
        own = [rows.t_ms // MINUTE_MS for rows in (self.fixes, self.statics)]
        busy = np.unique(np.concatenate([[self.from_minute - 1], *own, [self.to_minute]]))
        cuts = np.flatnonzero(np.diff(busy) - 1 > quiet_minutes)
        begins = [self.from_minute, *(int(m) for m in busy[cuts + 1])]
        ends = [*(int(m) + 1 + quiet_minutes for m in busy[cuts]), self.to_minute]
        out = []
        for begin, end in zip(begins, ends, strict=True):
            if begin < end:
                (a, b), (c, d) = (np.searchsorted(minutes, (begin, end)) for minutes in own)
                out.append(Released(
                    self.fixes.take(slice(a, b)), self.statics.take(slice(c, d)), begin, end
                ))  # fmt: skip
        return out


class ReorderBuffer:
    """Holds rows until their minute is complete.

    Args:
        lateness_ms: how much later than a newer one a row may arrive and still be folded.
    """

    def __init__(self, lateness_ms: int) -> None:
        self.lateness_ms = lateness_ms
        self.counts = {"time_missing": 0, "late": 0, "time_ahead": 0}
        self._fixes: list[Fixes] = []
        self._statics: list[Statics] = []
        self._clock = new_clock()
        self._next_minute: int | None = None

    @property
    def newest_ms(self) -> int:
        """The greatest event time that moved the watermark; `NO_TIME` before the first row."""
        return int(self._clock[0])

    @property
    def released_to_ms(self) -> int:
        """The end of the minutes that were handed out; `NO_TIME` before the first."""
        return NO_TIME if self._next_minute is None else self._next_minute * MINUTE_MS

    def push(self, batch: Batch, until_ms: int | None = None) -> tuple[Released | None, Batch]:
        """Take rows in and give whole minutes out.

        Args:
            batch: rows in order of arrival.
            until_ms: the time up to which other sources have brought everything; the watermark
                does not pass it.

        Returns:
            (the minutes that are complete now, or None, the rows that came too late).
        """
        fixes, late_fixes = self._admit(batch.fixes)
        statics, late_statics = self._admit(batch.statics)
        self._fixes += [fixes] if len(fixes) else []
        self._statics += [statics] if len(statics) else []
        follow_clock(_own(fixes.t_ms), self._clock, AHEAD_MS, AHEAD_ROWS)
        self.counts["time_ahead"] = int(self._clock[2])
        late = Batch(late_fixes, late_statics)
        if self._clock[0] == NO_TIME:
            return None, late
        newest = self.newest_ms if until_ms is None else min(self.newest_ms, until_ms)
        return self._release((newest - self.lateness_ms) // MINUTE_MS), late

    def replay(self, batch: Batch, to_ms: int) -> Released | None:
        """Take rows of which all before a time are here, and give the minutes before it out.

        Args:
            batch: rows in any order; those of minutes that were given out are left out.
            to_ms: no row before it is still to come.
        """
        fixes, _ = self._admit(batch.fixes)
        statics, _ = self._admit(batch.statics)
        self._fixes.append(fixes)
        self._statics.append(statics)
        return self._release(to_ms // MINUTE_MS)

    def forget_held(self) -> None:
        """Let go of the rows that are held: they will come again."""
        self._fixes, self._statics = [], []

    def flush(self) -> Released | None:
        """Release all that is held: the stream has ended."""
        newest = max(
            (int(t.max()) for t in self._held_times() if len(t)),
            default=NO_TIME,
        )
        if newest == NO_TIME:
            return None
        return self._release(newest // MINUTE_MS + 1)

    def _held_times(self) -> list[NDArray[np.int64]]:
        """List the time columns of all that is held."""
        return [part.t_ms for part in self._fixes] + [part.t_ms for part in self._statics]

    def _admit(self, rows: Rows) -> tuple[Rows, Rows]:
        """Set aside rows without time and rows of minutes already released, and count them."""
        timed = rows.t_ms != NO_TIME
        if not timed.all():
            self.counts["time_missing"] += int((~timed).sum())
            rows = rows.take(timed)
        if self._next_minute is None or not len(rows):
            return rows, rows.take(slice(0, 0))
        late = rows.t_ms < self._next_minute * MINUTE_MS
        if not late.any():
            return rows, rows.take(slice(0, 0))
        self.counts["late"] += int(late.sum())
        return rows.take(~late), rows.take(late)

    def _release(self, to_minute: int) -> Released | None:
        """Hand out the minutes before `to_minute`, if any have become complete."""
        if self._next_minute is None:
            first = [int(t.min()) // MINUTE_MS for t in self._held_times() if len(t)]
            if not first or min(first) >= to_minute:
                return None
            self._next_minute = min(first)
        if to_minute <= self._next_minute:
            return None  # before all that is held is joined: a live feed comes in small batches
        fixes, statics = Fixes.concat(self._fixes), Statics.concat(self._statics)
        end_ms = to_minute * MINUTE_MS
        out_fixes, held_fixes = _split(fixes, end_ms)
        out_statics, held_statics = _split(statics, end_ms)
        self._fixes, self._statics = [held_fixes], [held_statics]
        released = Released(
            out_fixes.take(minute_order(out_fixes)),
            out_statics.take(minute_order(out_statics)),
            self._next_minute,
            to_minute,
        )
        self._next_minute = to_minute
        return released

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the buffer's state as arrays (see `load`)."""
        out: dict[str, NDArray[Any]] = {
            "clock": self._clock.copy(),
            "next": np.array([NO_TIME if self._next_minute is None else self._next_minute]),
            "counts": np.array([self.counts[k] for k in sorted(self.counts)], dtype=np.int64),
        }
        for name, column in Fixes.concat(self._fixes).columns().items():
            out[f"fixes.{name}"] = column
        for name, column in Statics.concat(self._statics).columns().items():
            out[f"statics.{name}"] = column
        return out

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave."""
        self._clock = arrays["clock"].astype(np.int64)
        told = int(arrays["next"][0])
        self._next_minute = None if told == NO_TIME else told
        self.counts = dict(zip(sorted(self.counts), map(int, arrays["counts"]), strict=True))
        self._fixes = [Fixes(**{n: arrays[f"fixes.{n}"] for n in Fixes.DTYPES})]
        self._statics = [Statics(**{n: arrays[f"statics.{n}"] for n in Statics.DTYPES})]


def released_or_newest_ms(arrays: dict[str, NDArray[Any]]) -> int:
    """Tell how far the buffer has come whose state `dump` gave; `NO_TIME` before the first row."""
    told = int(arrays["next"][0])
    return max(int(arrays["clock"][0]), NO_TIME if told == NO_TIME else told * MINUTE_MS)


def _split(rows: Rows, end_ms: int) -> tuple[Rows, Rows]:
    """Part rows into those before a time and the others."""
    before = rows.t_ms < end_ms
    if before.all():
        return rows, rows.take(slice(0, 0))
    return rows.take(before), rows.take(~before)


def _own(column: NDArray[Any]) -> NDArray[Any]:
    """Copy a column that Arrow lends read-only: a kernel is compiled for writable ones alone."""
    return column if column.flags.writeable else column.copy()


def minute_order(rows: Fixes | Statics) -> NDArray[np.intp]:
    """Sort by (minute, subject, t_ms, payload, station).

    One 64-bit key holds minute, subject and the millisecond within the minute, which decides all
    but copies of one report; those few are put in order afterwards.

    Args:
        rows: n rows that span less than 45 days.

    Returns:
        (n,) indices.
    """
    if not len(rows):
        return np.zeros(0, dtype=np.intp)
    minute, inside = np.divmod(rows.t_ms, MINUTE_MS)
    if int(minute.max() - minute.min()) >= 1 << 16:
        return np.lexsort(
            (rows.station, rows.payload_hash, rows.t_ms, rows.subject_id, rows.domain, minute)
        )
    key = (minute - minute.min()).astype(np.uint64) << np.uint64(48)
    subject = (rows.domain.astype(np.uint64) << np.uint64(30)) | (
        rows.subject_id.astype(np.uint64) & np.uint64((1 << 30) - 1)
    )
    key |= subject << np.uint64(16)
    key |= inside.astype(np.uint64)
    order = np.argsort(key)
    settle_ties(key, _own(rows.payload_hash), _own(rows.station), order)
    return order


@kernel
def settle_ties(
    key: NDArray[np.uint64],
    payload_hash: NDArray[np.uint64],
    station: NDArray[np.int64],
    order: NDArray[np.intp],
) -> None:
    """Put rows of equal key in order of (payload, station), in place.

    Rows that are equal in all of these are copies that differ in nothing that is folded.

    Args:
        key, payload_hash, station: (n,) by row.
        order: (n,) row numbers sorted by key.
    """
    for i in range(1, order.shape[0]):
        row = order[i]
        j = i
        while j > 0:
            other = order[j - 1]
            if key[other] != key[row]:
                break
            if payload_hash[other] < payload_hash[row]:
                break
            if payload_hash[other] == payload_hash[row] and station[other] <= station[row]:
                break
            order[j] = other
            j -= 1
        order[j] = row


def new_clock() -> NDArray[np.int64]:
    """Make a clock for `follow_clock` that has seen no row."""
    return np.array([NO_TIME, 0, 0], dtype=np.int64)


@kernel
def follow_clock(
    t_ms: NDArray[np.int64], clock: NDArray[np.int64], ahead_ms: int, ahead_rows: int
) -> None:
    """Move the newest event time forward, not believing a lone clock that runs ahead.

    One sender with its clock in the future would otherwise make every other row late. The first
    rows are not believed either: the clock starts at the earliest of them.

    Args:
        t_ms: (n,) in order of arrival.
        clock: (3,), from `new_clock`, changed in place: newest time; rows ahead in a row, or, below
            0, how many of the first rows are still to come; rows ahead in all.
        ahead_ms: how far ahead is doubted.
        ahead_rows: so many doubtful rows in a row are believed after all.
    """
    for i in range(t_ms.shape[0]):
        t = t_ms[i]
        if clock[0] == NO_TIME:
            clock[0], clock[1] = t, 1 - ahead_rows
            continue
        if clock[1] < 0:
            clock[0] = min(clock[0], t)
            clock[1] += 1
            continue
        if t <= clock[0] + ahead_ms:
            clock[1] = 0
            clock[0] = max(clock[0], t)
            continue
        clock[1] += 1
        clock[2] += 1
        if clock[1] >= ahead_rows:
            clock[2] -= clock[1]
            clock[1] = 0
            clock[0] = t
