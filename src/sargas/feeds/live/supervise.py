"""Keeping a feed connected: again and again, with growing pauses, and saying how it is.

The supervisor never gives up on its own and never drops what it received: where the journal takes
no more, it stops reading, so that the sender has to wait. A silence is judged by a monotonic clock,
so that a step of the system's clock is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sargas.errors import SargasError, UsageError
from sargas.feeds.live.base import Transport

CONNECTING, RECEIVING, SILENT, WAITING, PAUSED, FAILED, ENDED = (
    "connecting", "receiving", "silent", "waiting", "paused", "failed", "ended",
)  # fmt: skip
FIRST_S, MOST_S = 1.0, 60.0
"""The pause after the first failure, and the longest."""
STEADY_S = 30.0
"""A connection that brought something for so long was a good one: the next pause is short again."""
LOOK_S = 0.5
"""How often silence is looked for."""
_JITTER: Final = random.SystemRandom()


class Sink(Protocol):
    """Where pieces go: the journal."""

    async def opened(self, place: bytes) -> None:
        """Note that a connection began. `place` tells where in a file, if it is one."""

    async def data(self, piece: bytes) -> None:
        """Take a piece; returns when it is on disk, however long that takes."""

    async def silent(self, reason: str) -> None:
        """Note that nothing has come for too long, and why."""

    async def back(self) -> None:
        """Note that something came again."""


@dataclass
class Health:
    """How a feed is, told to people; read by other threads.

    Attributes:
        state: connecting, receiving, silent, waiting (for the next attempt), paused (what was
            received is not folded fast enough), failed (it will not be tried again) or ended.
        reason: why, in words; empty where all is well.
        connections: how often a connection was made.
        received_bytes: of all connections. dropped: what the system dropped before it was read.
        last_received_ms: Unix ms of the last piece; None before the first.
    """

    state: str = CONNECTING
    reason: str = ""
    connections: int = 0
    received_bytes: int = 0
    dropped: int = 0
    last_received_ms: int | None = None


class Backoff:
    """Pauses between attempts: 1, 2, 4 ... s, at most a minute, each shortened by chance.

    Chance keeps a thousand clients of a server that comes back from calling at the same moment.

    Example:
        >>> backoff = Backoff(1.0, 60.0)
        >>> pauses = [backoff.next_s() for _ in range(9)]
        >>> 0.5 <= pauses[0] <= 1.0, 30.0 <= pauses[8] <= 60.0
        (True, True)
    """

    def __init__(self, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._pause_s = first_s

    def next_s(self) -> float:
        """Give the next pause."""
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, self._most_s)
        return pause_s * _JITTER.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin anew with short pauses."""
        self._pause_s = self._first_s


class Supervisor:
    """Keeps one feed connected and hands over what it brings.

    Args:
        transport: the feed.
        sink: where pieces go.
        say: told what a person should read on the console; once per change.
        backoff: pauses between attempts.
    """

    def __init__(
        self,
        transport: Transport,
        sink: Sink,
        say: Callable[[str], None] = lambda text: None,
        backoff: Backoff | None = None,
    ) -> None:
        self.transport, self.url = transport, transport.url
        self.health = Health()
        self._sink, self._say = sink, say
        self._backoff = backoff or Backoff()
        self._heard = time.monotonic()
        self._is_silent = self._is_putting = False

    async def run(self) -> None:
        """Receive until the feed ends for good (a pipe) or this is cancelled."""
        watching = asyncio.create_task(self._watch_for_silence())
        try:
            while await self._connect_once():
                pause_s = self._backoff.next_s()
                self.health.state = SILENT if self._is_silent else WAITING
                await asyncio.sleep(pause_s)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _connect_once(self) -> bool:
        """Hold one connection; tell whether to try again."""
        if not self._is_silent:
            self.health.state = CONNECTING
        began = time.monotonic()
        is_first = True
        try:
            async with contextlib.aclosing(self.transport.pieces()) as pieces:  # type: ignore[type-var]
                while (piece := await self._next(pieces)) is not None:
                    if is_first:
                        is_first = False
                        await self._begin()
                    await self._take(piece)
        except UsageError as error:
            self._fail(error)
            return False
        except SargasError as error:
            self._lost(str(error))
        except TimeoutError:
            self._lost("The line is dead, or the sender silent.")
        else:
            if self.transport.is_over:
                self.health.state, self.health.reason = ENDED, ""
                return False
            if not self.transport.is_turning:
                self._lost("The sender ended the connection.")
        if not is_first and time.monotonic() - began >= STEADY_S:
            self._backoff.reset()
        return True

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        """Wait for the next piece; None at the end.

        For half of the idle time: a line that just stopped is called anew before its silence is
        told.

        Raises:
            TimeoutError: none came for too long: the line may be dead without knowing.
        """
        async with asyncio.timeout(self.url.idle_s / 2):
            return await anext(pieces, None)

    async def _begin(self) -> None:
        """Note that a connection brings something."""
        self.health.connections += 1
        if self.health.reason:
            self._say(f"feed {self.url.name}: connected again")
        self.health.reason = ""
        await self._sink.opened(self.transport.place)

    async def _take(self, piece: bytes) -> None:
        """Hand over a piece, waiting while there is no room for it."""
        self.health.dropped = self.transport.dropped
        self.health.state = RECEIVING
        if piece:
            self._is_putting = True
            try:
                if self._is_silent:
                    self._is_silent = False
                    await self._sink.back()
                await self._sink.data(piece)
            finally:
                self._is_putting = False
            self.health.received_bytes += len(piece)
            self.health.last_received_ms = time.time_ns() // 1_000_000
            self._heard = time.monotonic()

    def _lost(self, reason: str) -> None:
        """Note why there is no connection; said once, until there is one again."""
        if not self.health.reason:
            self._say(f"feed {self.url.name}: {reason} Trying again.")
        self.health.reason = reason

    def _fail(self, error: UsageError) -> None:
        """Note that trying again will not help."""
        self.health.state, self.health.reason = FAILED, str(error)
        self._say(f"feed {self.url.name}: {error} It is not tried again.")

    async def _watch_for_silence(self) -> None:
        """Look whether anything comes; what is received and waits for room is no silence."""
        while True:
            await asyncio.sleep(min(LOOK_S, self.url.idle_s / 4))
            if self._is_putting:
                self._heard = time.monotonic()
            elif not self._is_silent and time.monotonic() - self._heard >= self.url.idle_s:
                self._is_silent = True
                self.health.state = SILENT
                await self._sink.silent(self.health.reason or "connected, but nothing is received")
