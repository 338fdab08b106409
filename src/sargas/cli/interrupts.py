"""Ending on request: a step that must be whole is finished before Ctrl-C or SIGTERM takes hold."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

ENDING = (signal.SIGINT, signal.SIGTERM)


def end_on_sigterm() -> None:
    """Let SIGTERM end a command as Ctrl-C does, so that half-written files are removed."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class Interrupts:
    """Holds Ctrl-C and SIGTERM back between `hold` and `let`; asked twice, it gives way at once.

    Outside the main thread, where signals never arrive, it does nothing.

    Example:
        >>> import os
        >>> with Interrupts() as interrupts:
        ...     interrupts.hold()
        ...     os.kill(os.getpid(), signal.SIGINT)
        ...     print("whole")
        ...     try:
        ...         interrupts.let()
        ...     except KeyboardInterrupt:
        ...         print("then the end")
        whole
        then the end
    """

    def __init__(self) -> None:
        self._held = self._asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in ENDING}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hold(self) -> None:
        """Begin a step that must be whole."""
        self._held = True

    def let(self) -> None:
        """End it.

        Raises:
            KeyboardInterrupt: the end was asked for meanwhile.
        """
        self._held = False
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._held and not self._asked:
            self._asked = True
            return
        raise KeyboardInterrupt
