"""Receiving: all feeds in one event loop of a thread of their own, into the journal.

What is received is on disk before anything else happens to it. Where the journal has run far ahead
of the folding, or the disk is full, the feeds are not read on: those that can wait do, and of the
others (UDP) the system counts what it drops, or nobody does (MQTT); it is said since when.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sargas.cli.live.clock import ReceptionClock
from sargas.errors import SargasError, StoreError
from sargas.feeds.live.base import Transport
from sargas.feeds.live.supervise import Backoff, Health, Supervisor
from sargas.model.time import iso
from sargas.store.journal import BACK, DATA, OPENED, SILENT, Journal

BACKLOG_BYTES: Final = 2 << 30
"""Bytes that may wait in the journal before the feeds are made to wait (chosen): an hour of ten
thousand sentences a second."""
RETRY_S: Final = 2.0
"""How often a full disk is tried again."""
SYNC_S: Final = 1.0
"""A loss of power costs no more than so many seconds of what was received."""
UNREAD_S = 5.0
"""A feed that is not read for so long is told on the console (chosen)."""
_LOOK_S: Final = 0.1
_SYNC: Final = -1
"""Stands for bringing the journal to the disk, where feeds stand by their number."""


class Receiver:
    """Receives feeds into a journal, in a thread of its own.

    Args:
        feeds: the transports by the feeds' numbers.
        journal: where to; nobody else appends meanwhile.
        say: told what people should read.
        backlog_bytes: see `BACKLOG_BYTES`.
        make_backoff: makes each feed's pauses.

    Attributes:
        health: how each feed is, by number.
        arrived: set whenever something was written; whoever waits for it clears it.
        folded_to: the offset up to which the journal has been folded; set by the folding.
        refused_ms: since when the journal takes nothing of somebody, by `clock`.
        backlog_bytes: see `BACKLOG_BYTES`.
        error: what ended the receiving, if anything did that should not have.
    """

    def __init__(
        self,
        feeds: Mapping[int, Transport],
        journal: Journal,
        say: Callable[[str], None] = lambda text: None,
        *,
        backlog_bytes: int = BACKLOG_BYTES,
        make_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self.journal, self.say = journal, say
        self.clock = ReceptionClock()
        self.arrived = threading.Event()
        self.folded_to = journal.end
        self.refused_ms = 0
        self.error: BaseException | None = None
        self.backlog_bytes = backlog_bytes
        self._refusals: dict[int, str] = {}
        self._supervisors = {
            number: Supervisor(
                transport, _JournalSink(self, number), say, make_backoff(), self._is_vain
            )
            for number, transport in feeds.items()
        }
        self.health: dict[int, Health] = {n: s.health for n, s in self._supervisors.items()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="receiving", daemon=True)
        self._is_over = threading.Event()
        self._work: asyncio.Task[None] | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    @property
    def refusal(self) -> str:
        """Why the journal takes nothing now of some feed, or is not on disk; empty where it is."""
        return next(iter(self._refusals.copy().values()), "")

    @property
    def is_over(self) -> bool:
        """Whether no feed brings anything any more: all have ended, or refused us ever since."""
        return self._is_over.is_set()

    def _is_vain(self) -> bool:
        return all(supervisor.is_over for supervisor in self._supervisors.values())

    def stop(self) -> None:
        """Receive nothing more, and wait until what was received is on disk."""
        if not self._is_over.is_set():
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(self._cancel)
        if self._thread.is_alive():
            self._thread.join()

    def _cancel(self) -> None:
        self._is_stopped = True
        if self._work is not None:
            self._work.cancel()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._receive())
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # told to the thread that folds, which ends with it
            self.error = error
        finally:
            self._is_over.set()
            self.arrived.set()

    async def _receive(self) -> None:
        self._work = asyncio.current_task()
        if self._is_stopped:  # before it began
            return
        syncing = asyncio.create_task(self._sync())
        try:
            async with asyncio.TaskGroup() as group:
                for supervisor in self._supervisors.values():
                    group.create_task(supervisor.run())
            while _SYNC in self._refusals:  # what a pipe brought at last is not on disk yet
                await asyncio.sleep(_LOOK_S)
        finally:
            syncing.cancel()

    async def _sync(self) -> None:
        """Bring the journal to the disk again and again."""
        while True:
            await asyncio.sleep(SYNC_S)
            try:
                await asyncio.to_thread(self.journal.sync)
            except StoreError as error:
                self._refused(_SYNC, error)
            else:
                self._taken(_SYNC)

    async def write(self, number: int, kind: int, t_ms: int, data: bytes) -> None:
        """Write a record, waiting for room and for the disk however long that takes."""
        pause: _Pause | None = None
        try:
            while why := self._append(number, kind, t_ms, data):
                pause = pause or _Pause(self._supervisors[number], self.clock.now_ms(), self.say)
                pause.goes_on(why)
                await asyncio.sleep(RETRY_S if number in self._refusals else _LOOK_S)
        except asyncio.CancelledError:
            self._refusals.pop(number, None)  # nothing of it waits any more
            raise
        finally:
            self.health[number].unread = ""
        self._taken(number)
        if pause:
            pause.end()
        self.arrived.set()

    def _append(self, number: int, kind: int, t_ms: int, data: bytes) -> str:
        """Write a record; say why it cannot be written now, empty where it is."""
        if why := self._no_room():
            return why
        try:
            self.journal.append(number, kind, t_ms, data)
        except StoreError as error:
            return self._refused(number, error)
        return ""

    def keep(self, number: int, t_ms: int, records: Sequence[tuple[int, bytes]]) -> None:
        """Write what still waits of a feed as receiving is stopped: at once, in order, or not.

        Args:
            number: of the feed. t_ms: when it was received. records: kind and data of each.
        """
        try:
            for kind, data in records:
                self.journal.append(number, kind, t_ms, data)
        except StoreError as error:  # raised, it would end the other feeds
            supervisor = self._supervisors[number]
            if not supervisor.transport.place:  # a file still has it
                lost_bytes = sum(len(data) for kind, data in records if kind == DATA)
                self.say(
                    f"feed {supervisor.url.name}: {lost_bytes:,} bytes that waited for the disk"
                    f" are lost: {error}"
                )

    def _no_room(self) -> str:
        """Say why there is no room in the journal; empty where there is."""
        waiting = self.journal.end - self.folded_to
        if waiting <= self.backlog_bytes:
            return ""
        return f"{waiting / 1e6:,.0f} MB wait to be folded"

    def _refused(self, whose: int, error: SargasError) -> str:
        """Note that the disk refuses; said once, however many feeds find it so."""
        if not self._refusals:
            self.refused_ms = self.clock.now_ms()
            self.say(f"journal: {error} Receiving pauses until it can be written.")
        self._refusals[whose] = error.what
        return error.what

    def _taken(self, whose: int) -> None:
        """Note that the disk takes what it refused; of another feed it may still refuse it."""
        if self._refusals.pop(whose, None) and not self._refusals:
            self.say("journal: takes what is received again")


class _Pause:
    """The time for which a feed is not read, as nothing more can be kept.

    Args:
        supervisor: of the feed. t_ms: when it began. say: told of it if it lasts.
    """

    def __init__(self, supervisor: Supervisor, t_ms: int, say: Callable[[str], None]) -> None:
        self._health, self._say = supervisor.health, say
        self._name = supervisor.url.name
        self._words = f"not read since {iso(t_ms)}, {supervisor.transport.unread}"
        self._began_s = time.monotonic()
        self._is_said = False

    def goes_on(self, why: str) -> None:
        """Note that it lasts, and why."""
        self._health.unread = f"{why}; {self._words}"
        if not self._is_said and time.monotonic() - self._began_s >= UNREAD_S:
            self._is_said = True
            self._say(f"feed {self._name}: {self._words}")

    def end(self) -> None:
        """Tell that it is over."""
        if self._is_said:
            lasted_s = time.monotonic() - self._began_s
            self._say(f"feed {self._name}: read again, after {lasted_s:,.0f} s")


class _JournalSink:
    """Writes what one feed brings into the journal."""

    def __init__(self, receiver: Receiver, number: int) -> None:
        self._receiver, self._number = receiver, number

    def now_ms(self) -> int:
        return self._receiver.clock.now_ms()

    async def opened(self, t_ms: int, place: bytes) -> None:
        await self._receiver.write(self._number, OPENED, t_ms, place)

    async def data(self, t_ms: int, piece: bytes) -> None:
        await self._receiver.write(self._number, DATA, t_ms, piece)

    async def silent(self, t_ms: int, reason: str) -> None:
        why = reason.encode("utf-8", "replace")
        await self._receiver.write(self._number, SILENT, t_ms, why)

    async def back(self, t_ms: int) -> None:
        await self._receiver.write(self._number, BACK, t_ms, b"")

    def last(self, t_ms: int, piece: bytes, place: bytes | None) -> None:
        began = [] if place is None else [(OPENED, place)]
        self._receiver.keep(self._number, t_ms, [*began, (DATA, piece)])
