"""Rows that wait to be written, by the day and shard they will lie in.

They are cut soon after they come, so that a write never holds more than one shard's rows twice, and
the rows of some vessels can be written without a look at the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from sargas.model.time import DAY_MS, day_of
from sargas.store.canon import T, shard_of

CUT_ROWS = 4_000
"""Rows that are cut at a time (chosen): a table of a row takes 3 kB, and a live feed brings some
rows now and then. Cut as they came, they would take ten times the memory (see test_pending)."""

Place = tuple[str, int]
"""A day, `YYYY-MM-DD`, and a shard of it."""


class Pending(Generic[T]):
    """Rows of one table that wait, in order of arrival.

    Args:
        kind: of the table.
        shards: number of shards of the home.

    Example:
        >>> from sargas.model.fixes import Fixes
        >>> waiting = Pending(Fixes, 16)
        >>> waiting.add(Fixes.build(2, subject_id=[2, 1], t_ms=[1735122360000, 1735122361000]))
        >>> for place in waiting.places():
        ...     place, waiting.rows(place).subject_id.tolist()
        (('2024-12-25', 5), [1])
        (('2024-12-25', 10), [2])
        >>> waiting.remove(("2024-12-25", 5)); len(waiting)
        1
    """

    def __init__(self, kind: type[T], shards: int) -> None:
        self._kind: type[T] = kind
        self._shards = shards
        self._parts: dict[Place, list[T]] = {}
        self._fresh: list[T] = []
        self._rows = self._fresh_rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, table: T) -> None:
        """Take rows that have a time; nobody changes them any more."""
        if not len(table):
            return
        self._fresh.append(table)
        self._fresh_rows += len(table)
        self._rows += len(table)
        if self._fresh_rows >= CUT_ROWS:
            self._cut_fresh()

    def _cut_fresh(self) -> None:
        """Put the rows that came last to their places, after those that lie there."""
        if not self._fresh:
            return
        table: T = self._kind.concat(self._fresh)
        for place, rows in _cut(table, self._shards):
            self._parts.setdefault(place, []).append(table.take(rows))
        self._fresh, self._fresh_rows = [], 0

    def places(self, only: Collection[int] | None = None) -> list[Place]:
        """List where rows wait, in order.

        Args:
            only: these shards; None lists all.
        """
        self._cut_fresh()
        return sorted(place for place in self._parts if only is None or place[1] in only)

    def rows(self, place: Place) -> T:
        """Give the rows of one place that `places` has named."""
        found: T = self._kind.concat(self._parts[place])
        return found

    def remove(self, place: Place) -> None:
        """Let the rows of one place go: they are written."""
        self._rows -= sum(map(len, self._parts.pop(place)))

    def keep(self, place: Place, rows: T) -> None:
        """Let all rows of one place go but these, in order of arrival."""
        self.remove(place)
        if len(rows):
            self._parts[place] = [rows]
            self._rows += len(rows)

    def clear(self) -> None:
        """Let all rows go."""
        self._parts.clear()
        self._fresh.clear()
        self._rows = self._fresh_rows = 0


def _cut(table: T, shards: int) -> Iterator[tuple[Place, NDArray[np.intp]]]:
    """Cut a table that is not empty by day and shard; gives which rows, in order of arrival."""
    shard = shard_of(table.domain, table.subject_id, shards)
    day = table.t_ms // DAY_MS
    number = (day - day.min()) * shards + shard
    if number.max() < 1 << 16:  # 16-bit keys are sorted by counting
        number = number.astype(np.uint16)
    order = np.argsort(number, kind="stable")
    cuts = np.flatnonzero(np.diff(number[order])) + 1
    for rows in np.split(order, cuts):
        yield (day_of(int(table.t_ms[rows[0]])), int(shard[rows[0]])), rows
