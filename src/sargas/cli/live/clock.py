"""The time of reception: a clock that runs evenly, and that no step of the system's clock moves.

What a step would do: reports that carry no time of their own would get one that is wrong, and those
that carry one would be late, or ahead, of all others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

DOUBT_NS: Final = 60_000_000_000
"""The system's clock is followed once it has differed for so long (chosen: a minute; a time server
that is wrong for a moment is found out by the others within it)."""
PACE: Final = 0.5
"""Share of a second that passes in a second while time is given back. Not 0: reports without a time
of their own would then all be of one moment, ships in two places at once. At half pace they seem
twice as fast, and up to 30 kn that is below the 60 kn from which on a jump is called (the rules'
`clean.max_speed_kn`)."""


def steady_ns() -> int:
    """Give ns of a clock that nobody sets, and that goes on while the machine sleeps if one does.

    Example:
        >>> steady_ns() <= steady_ns()
        True
    """
    return _steady_ns()


def _best_steady() -> Callable[[], int]:
    """Choose the clock: not every system has one that counts its sleep."""
    number = getattr(time, "CLOCK_BOOTTIME", None)
    if number is not None:
        try:
            time.clock_gettime_ns(number)
        except OSError:  # known to Python, not to this kernel
            return time.monotonic_ns
        return lambda: time.clock_gettime_ns(number)
    return time.monotonic_ns


_steady_ns: Final = _best_steady()


class ReceptionClock:
    """Gives Unix ms that never go back, whatever is done to the system's clock.

    It begins with the system's clock and runs on by one that is never set. Where the system's clock
    has been ahead of it for a minute, it goes forward by what that was at least, all the minute
    long; where it has been behind for a minute, it runs at half pace until what it was
    behind at least is given back. A small lead of before is no minute of doubt of a large one.

    Args:
        wall_ns, steady_ns: the system's clock and one that never steps.

    Example:
        >>> wall, steady = [10_000_000_000], [0]
        >>> clock = ReceptionClock(lambda: wall[0], lambda: steady[0])
        >>> def after(seconds, step=0):
        ...     wall[0], steady[0] = wall[0] + (seconds + step) * 10**9, steady[0] + seconds * 10**9
        ...     return clock.now_ms()
        >>> after(1, step=3600), after(59), after(1)  # followed when a minute has passed
        (11000, 70000, 3671000)
        >>> after(1, step=-10), after(59), after(10), after(10)  # 10 s are given back within 20
        (3672000, 3731000, 3736000, 3741000)
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = steady_ns,
    ) -> None:
        self._wall_ns, self._steady_ns = wall_ns, steady_ns
        self._now_ns, self._at_ns = wall_ns(), steady_ns()
        self._lead_ns = 0
        """By how much the wall has led, or trailed if below 0, ever since the doubt began."""
        self._since_ns = self._at_ns
        self._turn = threading.Lock()  # screens ask for it as well as feeds

    def now_ms(self) -> int:
        """Give the time."""
        with self._turn:
            wall_ns, steady_ns = self._wall_ns(), self._steady_ns()
            passed_ns = max(0, steady_ns - self._at_ns)
            self._at_ns = steady_ns
            self._now_ns += passed_ns
            self._follow(wall_ns - self._now_ns, passed_ns)
            return self._now_ns // 1_000_000

    def _follow(self, lead_ns: int, passed_ns: int) -> None:
        """Go towards the system's clock, if it has been on one side for long enough."""
        if lead_ns * self._lead_ns <= 0:  # it agreed meanwhile, or is on the other side now
            self._lead_ns, self._since_ns = lead_ns, self._at_ns
            return
        self._lead_ns = min(lead_ns, self._lead_ns, key=abs)
        if self._at_ns - self._since_ns < DOUBT_NS:
            return
        if lead_ns > 0:
            self._now_ns += self._lead_ns
            self._lead_ns, self._since_ns = lead_ns - self._lead_ns, self._at_ns
        else:  # by what it was behind all the while, and no further: more is in doubt for a minute
            held_ns = min(-self._lead_ns, int(passed_ns * (1 - PACE)))
            self._now_ns -= held_ns
            self._lead_ns += held_ns
            if not self._lead_ns:
                self._lead_ns, self._since_ns = lead_ns + held_ns, self._at_ns
