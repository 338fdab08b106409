"""The time of reception: the system's clock, made to run forward only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

SLEW: Final = 0.9
"""Share of a second that passes in a second while the system's clock is behind ours."""


class ReceptionClock:
    """Gives Unix ms that never go back, whatever is done to the system's clock.

    A step forward is followed at once. After a step back time goes on from where it was, a tenth
    slower than it should, until the system's clock has come up: rows that carry no time of their
    own would all be late otherwise.

    Args:
        wall_ns, steady_ns: the system's clock and one that never steps.

    Example:
        >>> wall, steady = [10_000_000_000], [0]
        >>> clock = ReceptionClock(lambda: wall[0], lambda: steady[0])
        >>> clock.now_ms()
        10000
        >>> wall[0], steady[0] = 4_000_000_000, 1_000_000_000
        >>> clock.now_ms()
        10900
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns, self._steady_ns = wall_ns, steady_ns
        self._now_ns, self._at_ns = wall_ns(), steady_ns()
        self._turn = threading.Lock()  # screens ask for it as well as feeds

    def now_ms(self) -> int:
        """Give the time."""
        with self._turn:
            wall_ns, steady_ns = self._wall_ns(), self._steady_ns()
            passed_ns = max(0, steady_ns - self._at_ns)
            self._at_ns = steady_ns
            self._now_ns = max(wall_ns, self._now_ns + int(passed_ns * SLEW))
            return self._now_ns // 1_000_000
