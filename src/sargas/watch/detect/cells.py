"""Numbered keys with a row of state each: cells of the sea, receivers, ships' numbers.

A table that kernels can use and grow: a key gets its number when it is first met, in canonical
order, so that numbers do not depend on where the stream was cut.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel
from sargas.watch.slots import find, put

USED = 0


class Cells(NamedTuple):
    """The table as kernels take it.

    Attributes:
        keys: (m,) int64 by hash, -1 free, so that no key is -1; m a power of two, at most half
            of it taken. numbers: (m,) int64. used: (1,) int64, keys known.
    """

    keys: NDArray[np.int64]
    numbers: NDArray[np.int64]
    used: NDArray[np.int64]


@kernel
def number_in(cells: Cells, key: int) -> int:
    """Give a key's number, -1 where it was never met."""
    return find(cells.keys, cells.numbers, key)


@kernel
def number_of_key(cells: Cells, key: int) -> int:
    """Give a key's number, a new one where it is met for the first time; there must be room."""
    number = find(cells.keys, cells.numbers, key)
    if number < 0:
        number = cells.used[USED]
        put(cells.keys, cells.numbers, key, number)
        cells.used[USED] = number + 1
    return int(number)


class CellTable:
    """Keys, and a row of state for each.

    Args:
        dtype: of a row; a field `key` is filled when the state is given out.

    Attributes:
        cells: as kernels take it. rows: (capacity,) of `dtype`, by number.

    Example:
        >>> table = CellTable(np.dtype([("key", "i8"), ("n", "i8")]))
        >>> number_of_key(table.cells, 77), number_of_key(table.cells, 78), table.count
        (0, 1, 2)
    """

    def __init__(self, dtype: np.dtype[Any], capacity: int = 256) -> None:
        self.rows = np.zeros(capacity, dtype)
        self.cells = _empty(capacity)

    @property
    def count(self) -> int:
        """Keys known."""
        return int(self.cells.used[USED])

    def make_room(self, more: int) -> None:
        """Double the table until so many new keys find room."""
        keys = None
        while self.count + more > len(self.rows):
            keys = self.keys() if keys is None else keys
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self.cells = _empty(len(self.rows), keys)

    def keys(self) -> NDArray[np.int64]:
        """List the keys by number."""
        out = np.empty(self.count, np.int64)
        taken = self.cells.keys != -1
        out[self.cells.numbers[taken]] = self.cells.keys[taken]
        return out

    def dump(self) -> NDArray[np.void]:
        """Give the rows that are used, each with its key."""
        out = self.rows[: self.count].copy()
        out["key"] = self.keys()
        return out

    def load(self, rows: NDArray[np.void]) -> None:
        """Take up the rows that `dump` gave."""
        capacity = 256
        while capacity < len(rows):
            capacity *= 2
        self.rows = np.zeros(capacity, rows.dtype)
        self.rows[: len(rows)] = rows
        self.cells = _empty(capacity, rows["key"])


def _empty(capacity: int, keys: NDArray[np.int64] | tuple[int, ...] = ()) -> Cells:
    """Make a table with room for so many keys (a power of two), some of them taken in order."""
    cells = Cells(
        np.full(2 * capacity, -1, np.int64), np.zeros(2 * capacity, np.int64), np.zeros(1, np.int64)
    )
    for number, key in enumerate(keys):
        put(cells.keys, cells.numbers, key, number)
    cells.used[USED] = len(keys)
    return cells
