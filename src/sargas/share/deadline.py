"""A deadline for a whole exchange; a socket's own timeout starts anew with each byte that comes.

Whoever sends a byte a second would hold a sender for ever, and with it all alerts that wait behind.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

AGAIN_S = 0.2
"""A socket that was not there yet, or was replaced by its encrypted self, is shut so much later."""


class Deadline:
    """Shuts a socket down that is not done in time, which ends whatever waits for it.

    Args:
        within_s: for all that is done inside.
        line: gives the socket; None while there is none.

    Raises:
        TimeoutError: at the end, where it was not done in time.

    Example:
        >>> ours, theirs = socket.socketpair()
        >>> with ours, theirs, Deadline(0.01, lambda: ours):
        ...     _ = ours.recv(1)
        Traceback (most recent call last):
        TimeoutError: it did not come to its end in 0.01 s
    """

    def __init__(self, within_s: float, line: Callable[[], socket.socket | None]) -> None:
        self._within_s, self._line = within_s, line
        self._until_s = float("inf")
        self._is_over, self._ended = False, threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True)

    def again(self) -> None:
        """Begin anew: one of several things is done."""
        self._until_s = time.monotonic() + self._within_s

    def __enter__(self) -> Self:
        self.again()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._ended.set()
        self._thread.join()  # from here on no socket is touched, nor one that took its number
        if self._is_over and (error is None or isinstance(error, Exception)):
            raise TimeoutError(f"it did not come to its end in {self._within_s:g} s") from error

    def _wait(self) -> None:
        while not self._ended.wait(max(AGAIN_S, self._until_s - time.monotonic())):
            if time.monotonic() >= self._until_s and (line := self._line()) is not None:
                self._is_over = True
                with contextlib.suppress(OSError):
                    # The socket beneath TLS: nothing is said any more, and nothing waited for.
                    socket.socket.shutdown(line, socket.SHUT_RDWR)
