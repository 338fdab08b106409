"""Subjects to rows of state: an open-addressing table that numba kernels can use and grow.

A key packs domain and id into one int64; every subject has a dense number, in order of first
appearance in canonical order, under which its state stands in all arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel

EMPTY = np.int64(-1)


@kernel
def key_of(domain: int, subject_id: int) -> int:
    """Pack domain and id into one key."""
    return int((np.int64(domain) << np.int64(32)) | np.int64(subject_id))


@kernel
def _place(key: int, mask: int) -> int:
    """Say where a key belongs in a table of mask + 1 places (Fibonacci hashing)."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return int(np.int64((mixed >> np.uint64(32)) & np.uint64(mask)))


@kernel
def find(keys: NDArray[np.int64], numbers: NDArray[np.int64], key: int) -> int:
    """Look a key up; -1 where it is not in the table."""
    mask = keys.shape[0] - 1
    i = _place(key, mask)
    while keys[i] != -1:
        if keys[i] == key:
            return int(numbers[i])
        i = (i + 1) & mask
    return -1


@kernel
def put(keys: NDArray[np.int64], numbers: NDArray[np.int64], key: int, number: int) -> None:
    """Enter a key that is not in the table yet; the table must have a free place."""
    mask = keys.shape[0] - 1
    i = _place(key, mask)
    while keys[i] != -1:
        i = (i + 1) & mask
    keys[i] = key
    numbers[i] = number


@kernel
def number_subjects(
    domain: NDArray[np.uint8],
    subject_id: NDArray[np.uint32],
    keys: NDArray[np.int64],
    numbers: NDArray[np.int64],
    start: int,
    known: int,
    out: NDArray[np.int32],
) -> tuple[int, int]:
    """Give each row its subject's number, numbering new subjects as they come.

    Args:
        domain, subject_id: (n,).
        keys, numbers: the table; it is left at most half full.
        start: row to begin with.
        known: subjects numbered so far.
        out: (n,) is filled from `start`.

    Returns:
        (the row to go on with after growing the table, or n; subjects numbered now).
    """
    room = keys.shape[0] // 2
    for i in range(start, domain.shape[0]):
        key = key_of(domain[i], subject_id[i])
        number = find(keys, numbers, key)
        if number < 0:
            if known >= room:
                return i, known
            number = known
            put(keys, numbers, key, number)
            known += 1
        out[i] = number
    return domain.shape[0], known


class SubjectTable:
    """Numbers subjects densely from 0; grows without limit."""

    def __init__(self) -> None:
        self.count = 0
        self._keys = np.full(2048, EMPTY, dtype=np.int64)
        self._numbers = np.zeros(2048, dtype=np.int64)

    def number(
        self, domain: NDArray[np.uint8], subject_id: NDArray[np.uint32]
    ) -> NDArray[np.int32]:
        """Give every row its subject's number.

        Args:
            domain, subject_id: (n,), in canonical order.

        Returns:
            (n,) int32.
        """
        out = np.empty(len(domain), dtype=np.int32)
        row = 0
        while True:
            row, self.count = number_subjects(
                domain, subject_id, self._keys, self._numbers, row, self.count, out
            )
            if row == len(domain):
                return out
            self._grow()

    def _grow(self) -> None:
        """Double the table."""
        keys = np.full(2 * len(self._keys), EMPTY, dtype=np.int64)
        numbers = np.zeros(len(keys), dtype=np.int64)
        for i in np.flatnonzero(self._keys != EMPTY):
            put(keys, numbers, self._keys[i], self._numbers[i])
        self._keys, self._numbers = keys, numbers

    def subjects(self) -> NDArray[np.int64]:
        """List the packed keys by number, shape (count,)."""
        out = np.empty(self.count, dtype=np.int64)
        used = self._keys != EMPTY
        out[self._numbers[used]] = self._keys[used]
        return out

    def load(self, subjects: NDArray[np.int64]) -> None:
        """Take up the keys that `subjects` listed."""
        size = 2048
        while size < 2 * len(subjects) + 2:
            size *= 2
        self._keys = np.full(size, EMPTY, dtype=np.int64)
        self._numbers = np.zeros(size, dtype=np.int64)
        for number, key in enumerate(subjects):
            put(self._keys, self._numbers, key, number)
        self.count = len(subjects)
