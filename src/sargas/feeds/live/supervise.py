"""Keeping a feed connected: again and again, with growing pauses, and saying how it is.

The supervisor never gives up a feed that ever let us in, and never drops what it received:
where the journal takes no more, it stops reading, so that the sender has to wait. A silence is
judged by a monotonic clock, so that a step of the system's clock is none. Whatever ends a
connection, a fault of ours included, ends that connection alone.
"""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from sargas.errors import SargasError, UsageError
from sargas.feeds.live.base import Transport
from sargas.feeds.live.url import FeedUrl

CONNECTING, RECEIVING, SILENT, WAITING, PAUSED, FAILED, ENDED = (
    "connecting", "receiving", "silent", "waiting", "paused", "failed", "ended",
)  # fmt: skip
FIRST_S, MOST_S = 1.0, 60.0
"""The pause after the first failure, and the longest."""
STEADY_S = 10.0
"""A connection that stood for so long was a good one: it is called again at once (chosen)."""
REFUSED_S = 300.0
"""How often a feed is tried again that refuses us: its server may have had a bad moment, or the
secret is mended meanwhile (chosen)."""
PATIENCE: Final = 3.0
"""After so many idle times without anything a line is taken for dead (chosen)."""
LIVELY_PIECES, LIVELY_SHARE = 20, 1 / 20
"""A connection that brought so many pieces, in the mean within this share of the idle time, is a
lively one: it is taken for dead after half the idle time (chosen)."""
LEAST_S: Final = 1.0
"""No line is taken for dead sooner."""
LOOK_S = 0.5
"""How often silence is looked for."""
_JITTER: Final = random.SystemRandom()


class Sink(Protocol):
    """Where pieces go: the journal. Times are of reception, by its clock."""

    def now_ms(self) -> int:
        """Tell the time."""

    async def opened(self, t_ms: int, place: bytes) -> None:
        """Note that a connection began. `place` tells where in a file, if it is one."""

    async def data(self, t_ms: int, piece: bytes) -> None:
        """Take a piece; returns when it is on disk, however long that takes."""

    async def silent(self, t_ms: int, reason: str) -> None:
        """Note that nothing has come for too long, and why."""

    async def back(self, t_ms: int) -> None:
        """Note that something came again."""

    def last(self, t_ms: int, piece: bytes, place: bytes | None) -> None:
        """Take a piece that still waits as receiving is stopped: at once, or it is lost.

        `place` is that of its connection, if it has not been told that it began.
        """


@dataclass
class Health:
    """How a feed is, told to people; read by other threads.

    Attributes:
        own_state: connecting, receiving (it stands at least), silent, waiting (for the next
            attempt), failed (the server refuses us; it is tried again now and then) or ended.
        own_reason: why, in words; empty where all is well.
        unread: why it is not read now, in words; empty where it is.
        connections: how often a connection was made that brought something.
        faults: how many connections were lost by a fault of sargas.
        received_bytes: of all connections. dropped: what the system dropped before it was read.
        last_received_ms: Unix ms of the last piece; None before the first.
    """

    own_state: str = CONNECTING
    own_reason: str = ""
    unread: str = ""
    connections: int = 0
    faults: int = 0
    received_bytes: int = 0
    dropped: int = 0
    last_received_ms: int | None = None

    @property
    def state(self) -> str:
        """How it is to people: paused while it is not read, else its own state."""
        return PAUSED if self.unread else self.own_state

    @property
    def reason(self) -> str:
        """Why it is so."""
        return self.unread or self.own_reason


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


class _End(NamedTuple):
    """How a connection ended.

    Attributes:
        reason: in words; empty where it ended as it should.
        is_refusal, is_silence, is_fault: the server refuses us; nothing came for too long; it was
            a fault of ours.
    """

    reason: str = ""
    is_refusal: bool = False
    is_silence: bool = False
    is_fault: bool = False


class _Line:
    """One connection: since when it is there, and how much it has brought."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self.pieces = 0

    @property
    def lasted_s(self) -> float:
        """How long it is there."""
        return time.monotonic() - self._began_s

    def patience_s(self, url: FeedUrl) -> float:
        """Tell for how long it may bring nothing before it is taken for dead.

        A lively line that just stops is called anew before its silence is told; a quiet one may
        be as it should, and whoever called it anew too often would miss what it brings.
        """
        most_s = self.pieces * LIVELY_SHARE * url.idle_s
        is_lively = self.pieces >= LIVELY_PIECES and self.lasted_s <= most_s
        return max(LEAST_S, url.idle_s / 2 if is_lively else PATIENCE * url.idle_s)


class Supervisor:
    """Keeps one feed connected and hands over what it brings.

    Args:
        transport: the feed.
        sink: where pieces go. What it raises ends the supervisor: it is no matter of the feed.
        say: told what a person should read on the console; once per change.
        backoff: pauses between attempts.
        is_vain: asked while the feed refuses us and has never let us in: whether to give up.
    """

    def __init__(
        self,
        transport: Transport,
        sink: Sink,
        say: Callable[[str], None] = lambda text: None,
        backoff: Backoff | None = None,
        is_vain: Callable[[], bool] = lambda: True,
    ) -> None:
        self.transport, self.url = transport, transport.url
        self.health = Health()
        self._sink, self._say, self._is_vain = sink, say, is_vain
        self._backoff = backoff or Backoff()
        self._heard = time.monotonic()
        self._line = _Line()
        self._writing = asyncio.Lock()  # what is written late must not come after what followed it
        self._is_silent = self._is_putting = self._is_refused = self._is_told = False
        self._is_asking = self._was_let_in = False
        self._faults: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be expected: it has ended, or was refused from the beginning.

        One that was ever let in is not over, though it may have had nothing to report; nor is one
        that is being asked again: it may be let in this time.
        """
        may_come = self._is_asking or self._was_let_in
        return self.health.own_state == ENDED or (self._is_refused and not may_come)

    async def run(self) -> None:
        """Receive until the feed ends for good (a pipe), is given up, or this is cancelled."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch_for_silence())
            while (pause_s := await self._connect_once()) is not None:
                if not await self._wait(pause_s):
                    break
            watching.cancel()

    async def _wait(self, pause_s: float) -> bool:
        """Wait before the next attempt; tell whether there is to be one."""
        self._set_state(WAITING)
        until_s = time.monotonic() + pause_s
        while not (self.is_over and self._is_vain()):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                self._is_asking = True
                await asyncio.sleep(0)  # whatever the feed does, others have their turn
                return True
            await asyncio.sleep(min(left_s, LOOK_S) if self.is_over else left_s)
        return False

    def _set_state(self, state: str) -> None:
        """Say what is done, unless there is something worse to say."""
        self.health.own_state = FAILED if self._is_refused else SILENT if self._is_silent else state

    async def _connect_once(self) -> float | None:
        """Hold one connection; give the pause after it in s, None if it was the last."""
        self._set_state(CONNECTING)
        self.transport.is_up = False
        line = self._line = _Line()
        pieces = self.transport.pieces()
        try:
            while isinstance(piece := await self._next(pieces, line), bytes):
                await self._hand_over(line, piece)
        finally:
            await self._close(pieces)
            self._is_asking = False
        return self._after(line, piece)

    async def _next(self, pieces: AsyncIterator[bytes], line: _Line) -> bytes | _End:
        """Wait for the next piece, or for the end of the connection."""
        patience_s = line.patience_s(self.url) if self.transport.may_die else None
        limit = asyncio.timeout(patience_s)
        try:
            async with limit:
                piece = await anext(pieces, None)
        except UsageError as error:
            return _End(str(error), is_refusal=True)
        except SargasError as error:
            return _End(str(error))
        except (Exception, asyncio.CancelledError) as error:
            if _is_stopped(error):
                raise
            if isinstance(error, TimeoutError) and limit.expired():
                return _End(f"Nothing came for {patience_s:.0f} s.", is_silence=True)
            return _End(self._fault(error), is_fault=True)
        if piece is not None:
            return piece
        is_meant = self.transport.is_over or self.transport.is_turning
        return _End("" if is_meant else "The sender ended the connection.")

    async def _close(self, pieces: AsyncIterator[bytes]) -> None:
        """Close a connection."""
        try:
            await pieces.aclose()  # type: ignore[attr-defined]
        except (Exception, asyncio.CancelledError) as error:  # it is lost either way
            if _is_stopped(error):
                raise
            self._fault(error)

    def _after(self, line: _Line, end: _End) -> float | None:
        """Note how a connection ended; give the pause before the next in s, None for no next."""
        if self.transport.is_over:
            self.health.own_state, self.health.own_reason = ENDED, ""
            return None
        if end.is_refusal:
            return self._refuse(end.reason)
        self._is_refused = False
        # Not where it is refused: aisstream.io lets everybody in before it looks at the key.
        self._was_let_in |= self.transport.is_up
        if end.reason:
            self._lost(end.reason, is_said=not end.is_fault)
        if self.transport.is_turning:
            return 0.0
        was_there = self.transport.is_up or line.pieces > 0
        if not was_there or not (end.is_silence or line.lasted_s >= STEADY_S):
            return self._backoff.next_s()
        self._backoff.reset()
        return self._backoff.next_s() if end.is_fault else 0.0

    async def _hand_over(self, line: _Line, piece: bytes) -> None:
        """Hand over a piece, and before the first that the connection brings something."""
        t_ms = self._sink.now_ms()
        try:
            if not line.pieces:
                await self._begin(t_ms)
            line.pieces += 1
            await self._take(t_ms, piece)
        except asyncio.CancelledError:  # whatever it waited for: the sender has given it away
            if piece:
                self._sink.last(t_ms, piece, None if line.pieces else self.transport.place)
            raise

    async def _begin(self, t_ms: int) -> None:
        """Note that a connection brings something."""
        began_s = time.monotonic()
        async with self._writing:
            self.health.connections += 1
            self._was_let_in = True
            if self._is_told:
                self._say(f"feed {self.url.name}: connected again")
            self._is_told = self._is_refused = False
            self.health.own_reason = ""
            await self._sink.opened(t_ms, self.transport.place)
        self._heard += time.monotonic() - began_s  # waiting for room is no silence

    async def _take(self, t_ms: int, piece: bytes) -> None:
        """Hand over a piece, waiting while there is no room for it."""
        self.health.dropped = self.transport.dropped
        if piece:
            self._is_putting = True
            try:
                async with self._writing:
                    self.health.own_state = RECEIVING
                    if self._is_silent:
                        self._is_silent = False
                        await self._sink.back(t_ms)
                    await self._sink.data(t_ms, piece)
            finally:
                self._is_putting = False
            self.health.received_bytes += len(piece)
            self.health.last_received_ms = t_ms
            self._heard = time.monotonic()
        else:
            self._set_state(RECEIVING)

    def _lost(self, reason: str, *, is_said: bool = True) -> None:
        """Note why there is no connection; said once, until there is one again."""
        if is_said and not self._is_told:
            self._is_told = True
            self._say(f"feed {self.url.name}: {reason} Trying again.")
        self.health.own_reason = reason

    def _fault(self, error: BaseException) -> str:
        """Count a fault of ours, and say each once; never the library's words: they hold anything.

        Returns:
            The fault in words.
        """
        self.health.faults += 1
        at = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}"
        if what not in self._faults:
            self._faults.add(what)
            self._say(
                f"feed {self.url.name}: a connection was lost by a fault of sargas ({what})."
                " Trying again. Please report it."
            )
        return f"A fault of sargas ended the connection ({what}); {self.health.faults} so far."

    def _refuse(self, reason: str) -> float:
        """Note that the server refuses us; gives the pause before it is asked again in s."""
        self._is_refused, self.transport.is_up = True, False
        self.health.own_state = FAILED
        if self.health.own_reason != reason:
            again = f"It is tried again every {REFUSED_S / 60:g} min."
            if self.is_over and self._is_vain():
                again = "It is not tried again."
            self._is_told = True
            self._say(f"feed {self.url.name}: {reason} {again}")
        self.health.own_reason = reason
        return REFUSED_S

    async def _watch_for_silence(self) -> None:
        """Look whether anything comes; what is received and waits for room is no silence."""
        while True:
            await asyncio.sleep(min(LOOK_S, self.url.idle_s / 4))
            async with self._writing:
                self._see_whether_let_in()
                if self._is_putting:
                    self._heard = time.monotonic()
                elif not self._is_silent and time.monotonic() - self._heard >= self.url.idle_s:
                    self._is_silent = True
                    self._set_state(SILENT)
                    reason = self.health.own_reason or "connected, but nothing is received"
                    await self._sink.silent(self._sink.now_ms(), reason)

    def _see_whether_let_in(self) -> None:
        """Note that a connection stands, though it is quiet: nobody refuses us, or is being called.

        Of a server not at once: some let everybody in, and look at the key or hang up then.
        """
        is_sure = self._line.lasted_s >= STEADY_S or not self.transport.may_die
        is_news = self._is_refused or self.health.own_state == CONNECTING
        if self.transport.is_up and is_sure and is_news:
            self._is_refused = False
            self.health.own_reason = ""
            self._set_state(RECEIVING)


def _is_stopped(error: BaseException) -> bool:
    """Tell whether we are stopped, and not, by a fault, something that a connection waits for."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)
