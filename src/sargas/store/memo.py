"""A memory with a bound: what was worked out, by what it was worked out from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_V = TypeVar("_V")


class Memo(Generic[_V]):
    """Keeps values as long as they fit; beyond that the one that was asked for longest ago goes.

    It knows nothing of time: a key holds all that its value depends on. Several threads may use
    it, and must not change what they are given.

    Args:
        most_bytes: of all values together; one that is more than an eighth of it is not kept.

    Example:
        >>> memo = Memo[str](80)
        >>> for key in "abc":
        ...     memo.keep(key, key.upper(), 10 if key == "a" else 8)
        >>> memo.bytes, memo.get("a"), memo.get("b")
        (26, 'A', 'B')
        >>> for key in range(7):
        ...     memo.keep(key, "", 10)
        >>> memo.bytes, memo.get("c"), memo.get("b")
        (78, None, 'B')
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._kept: OrderedDict[Hashable, tuple[_V, int]] = OrderedDict()
        self._turn = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> _V | None:
        """Give a value; None where it is not kept."""
        with self._turn:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, value: _V, size: int) -> None:
        """Keep a value of so many bytes."""
        if size > self.most_bytes // 8:
            return
        with self._turn:
            if (before := self._kept.pop(key, None)) is not None:
                self.bytes -= before[1]
            self._kept[key] = value, size
            self.bytes += size
            while self.bytes > self.most_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self.bytes -= freed
