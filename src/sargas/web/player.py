"""A clock of screens: it plays through what is stored and tells every screen that follows it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from sargas.errors import SargasError, UsageError
from sargas.model.time import iso
from sargas.web.picture import Picture

TICK_S = 1.0
FEEDS_EVERY_S = 5.0
RETRY_S = 5.0
"""The clock of a live watch that had to stand still tries so often to go on."""
SPEEDS = (1, 3600)
SEND_TIMEOUT_S = 5.0
"""A screen that takes no data for so long is disconnected; it comes back by itself."""
WAITING_MOST = 200
"""So is one for which so many messages wait (chosen: about a minute of them)."""


@dataclass
class Span:
    """From when to when there is something to show, and how far the watch has folded it."""

    from_ms: int
    to_ms: int
    analysed_to_ms: int


class Alerts(Protocol):
    """Where alerts come from: the desk."""

    def alerts(self, as_of_ms: int, *, since_ms: int | None = None) -> list[dict[str, Any]]:
        """Give alerts as screens take them, or those of which something is new."""

    def these(self, ids: Collection[str], as_of_ms: int) -> list[dict[str, Any]]:
        """Give some alerts as screens take them."""


class Screen(Protocol):
    """A connected screen."""

    async def send_text(self, text: str) -> None:
        """Send a JSON message."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a frame."""

    async def close(self) -> None:
        """Disconnect."""


class _Line:
    """The line to one screen: messages wait here, so that no screen waits for another.

    All screens are told the same in the same order, that in which the clock moved.
    """

    def __init__(self, screen: Screen, ended: Callable[[], object]) -> None:
        self._screen, self.ended = screen, ended
        self._waiting: asyncio.Queue[str | bytes] = asyncio.Queue(WAITING_MOST)
        self._task = asyncio.create_task(self._send())
        self._closing: asyncio.Task[None] | None = None

    def put(self, message: str | bytes) -> None:
        """Let a message wait to be sent; a screen that is too far behind is dropped."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.end()
            self._closing = asyncio.create_task(self._close())

    def end(self) -> asyncio.Task[None]:
        """Send no more; gives the task that ends."""
        self._task.cancel()
        return self._task

    async def _send(self) -> None:
        try:
            while True:
                message = await self._waiting.get()
                is_text = isinstance(message, str)
                sending = self._screen.send_text if is_text else self._screen.send_bytes
                # Not wait_for: in Python 3.11 that may swallow the cancelling of this task.
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await sending(message)  # type: ignore[arg-type]
        except Exception:  # whatever a broken socket raises
            await self._close()

    async def _close(self) -> None:
        """Forget the screen and disconnect it, without waiting for it to agree."""
        self.ended()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1.0):
                await self._screen.close()


class PlaybackAction(msgspec.Struct, forbid_unknown_fields=True):
    """What a screen asks of the clock."""

    action: str
    t_ms: int | None = None
    speed: float | None = None


@dataclass(eq=False)
class Player:
    """Plays the stored picture and alerts to all screens that follow this clock.

    Args:
        picture: vessels at a time.
        desk: alerts as of a time.
        span: gives the span; asked at each tick, as a watch may still be folding.
        feeds: gives the feeds' health.
        about: `version`, `mode`, `exercise` and `attribution` of the status.
        speed: event seconds a second.
        live: the clock stands at the end of what is analysed and goes on with it.
        is_now: the span ends now and grows with the time: what is received is shown before it is
            judged, and alerts are told of as they become known (`news`).
        is_own: it is the clock of a screen that looks back in a live watch (`Clocks`).
        halt: says what keeps the watch from judging (`Health`); None for nothing.

    Attributes:
        also: told of the alerts that screens are told of.
    """

    picture: Picture
    desk: Alerts
    span: Callable[[], Span]
    feeds: Callable[[], list[dict[str, Any]]]
    about: dict[str, Any]
    speed: float = 60.0
    playing: bool = True
    live: bool = False
    t_ms: int = 0
    is_now: bool = False
    is_own: bool = False
    halt: Callable[[], dict[str, Any] | None] = lambda: None
    also: Callable[[list[dict[str, Any]]], None] = lambda _: None
    _news: deque[str] = field(default_factory=deque)
    _told: int = 0
    _lines: dict[Screen, _Line] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _is_torn: bool = False
    _said: str = ""

    def clock(self) -> dict[str, Any]:
        """Give the clock as the screen reads it."""
        span = self.span()
        return {
            "t_ms": self.t_ms,
            "t": iso(self.t_ms),
            "playing": self.playing,
            "speed": self.speed,
            "live": self.live,
            "own": self.is_own,
            "span": {"from_ms": span.from_ms, "to_ms": span.to_ms},
            "analysed_to_ms": span.analysed_to_ms,
        }

    def status(self) -> dict[str, Any]:
        """Give the answer to `/api/status`."""
        feeds = self.feeds()
        return {
            **self.about,
            "clock": self.clock(),
            "feeds": feeds,
            "halt": self.halt(),
            "vessels": self.picture.vessels,
            "fixes": sum(f["fixes"] for f in feeds),
        }

    async def open(self) -> None:
        """Read the first picture; to be called before there are screens."""
        await self._or_pause(self.seek(self.t_ms or self.span().from_ms))

    async def run(self) -> None:
        """Tick until cancelled."""
        last, fed = time.monotonic(), 0.0
        due = tried = last
        while True:
            # On a grid: the time that a tick takes must not put off the next one. What was missed
            # is not made up for, as the clock goes by what has passed.
            due = max(due + TICK_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            now = time.monotonic()
            if self.playing:
                await self._or_pause(self._step(now - last))
            elif self.is_now and not self.is_own and now - tried >= RETRY_S:
                tried = now  # the present of a watch is nobody's to stop
                await self._or_pause(self.act("live", None, None))
            last = now
            await self._or_pause(self._tell_news())
            is_due = now - fed >= FEEDS_EVERY_S
            fed = now if is_due else fed
            await self._or_pause(self._tell_time(with_feeds=is_due))

    def news(self, ids: Iterable[str]) -> None:
        """Take note of alerts that have new versions; any thread may call this."""
        self._news.extend(ids)
        self._told += 1

    async def _tell_news(self) -> None:
        """Tell of alerts with new versions, as of the clock: issued before it, known only now."""
        ids = {self._news.popleft() for _ in range(len(self._news))}
        if ids:
            self.tell_alerts(await asyncio.to_thread(self.desk.these, ids, self.t_ms))

    @property
    def stamp(self) -> tuple[int, int, int]:
        """What answers as of the clock depend on here: the clock, what is analysed, the news."""
        return self.t_ms, self.span().analysed_to_ms, self._told

    def _end_ms(self, span: Span) -> int:
        """Give the latest time that can be shown."""
        return span.to_ms if self.is_now else span.analysed_to_ms

    async def _tell_time(self, *, with_feeds: bool) -> None:
        """Tell every screen the time, and how the feeds are."""
        self.tell({"kind": "clock", "clock": self.clock()})
        if with_feeds:
            self.tell({"kind": "feeds", "feeds": self.feeds()})

    async def _or_pause(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do a step; where the store cannot be read, or we are at fault, say so and stand still.

        Whatever it was, the ticking goes on: nobody would start it again.
        """
        try:
            await doing
        except Exception as error:
            self.playing = False
            self._is_torn = True
            said = f"sargas: {error}"
            if not isinstance(error, SargasError):
                said = f"sargas: The screen's clock stands still.\n{traceback.format_exc()}"
            if said != self._said:
                self._said = said
                print(said.rstrip(), file=sys.stderr)

    async def _step(self, seconds: float) -> None:
        """Move the clock on and send what changed."""
        async with self._turn:
            span = self.span()
            before = self.t_ms
            after = self._end_ms(span)
            if not self.live:
                after = min(before + round(seconds * self.speed * 1000), after)
            if after <= before:
                if before >= span.to_ms and not (self.live or self.is_now):
                    self.playing = False
                return
            if self._is_torn:  # what a step that failed had read already was never sent
                await self._show(before)
            frames = await asyncio.to_thread(self.picture.advance, after, span.analysed_to_ms)
            alerts = await asyncio.to_thread(self.desk.alerts, after, since_ms=before + 1)
            self.t_ms = after
            for frame in frames:
                self._send(frame)
            self.tell_alerts(alerts)

    async def seek(self, t_ms: int) -> None:
        """Go to a time within the span that is analysed."""
        async with self._turn:
            span = self.span()
            self.t_ms = max(span.from_ms, min(t_ms, self._end_ms(span)))
            await self._show(self.t_ms)
            self.tell({"kind": "clock", "clock": self.clock()})

    async def _show(self, t_ms: int) -> None:
        """Read the whole picture and let every screen begin anew with it."""
        frame = await asyncio.to_thread(self.picture.seek, t_ms)
        self.tell({"kind": "reset"})
        self._send(frame)
        self._is_torn, self._said = False, ""

    async def act(self, action: str, t_ms: int | None, speed: float | None) -> None:
        """Do what a screen asks of the clock.

        Raises:
            UsageError: the action is unknown or lacks its number.
        """
        if action == "play":
            self.playing = True
            if self.t_ms >= self.span().to_ms and not self.live:
                await self.seek(self.span().from_ms)
        elif action == "live":
            self.playing = self.live = True
            await self.seek(self._end_ms(self.span()))
        elif action == "pause":
            self.playing = self.live = False
            if self.is_own:  # of these there may be some, and who looks back often stands
                async with self._turn:
                    self.picture.rest()
        elif action == "seek" and t_ms is not None:
            self.live = False
            await self.seek(t_ms)
        elif action == "speed" and speed is not None and SPEEDS[0] <= speed <= SPEEDS[1]:
            self.speed, self.live = float(speed), False
        else:
            raise cannot(action)
        self.tell({"kind": "clock", "clock": self.clock()})

    async def join(self, screen: Screen, **more: Any) -> None:  # noqa: ANN401 - JSON
        """Greet a screen and send it the picture; afterwards it is told every change.

        Args:
            screen: the screen.
            more: fields of the status that are this screen's own.
        """
        async with self._turn:
            line = _Line(screen, lambda: None)
            line.put(_json({"kind": "hello", "status": self.status() | more}))
            line.put(self.picture.snapshot())
            self._take(screen, line)

    async def part(
        self, picture: Callable[[], Picture], whose: Callable[[], Collection[Screen]]
    ) -> Player:
        """Give some screens a clock of their own, which stands where this one does.

        Args:
            picture: makes its picture, of the same time as this one's.
            whose: gives the screens; what they were told last is what the new clock shows.
        """
        async with self._turn:
            own = Player(
                picture(), self.desk, self.span, self.feeds, self.about, speed=1.0,
                playing=self.playing, t_ms=self.t_ms, is_now=self.is_now, is_own=True,
                halt=self.halt,
            )  # fmt: skip
            for screen in whose():
                if (line := self._lines.pop(screen, None)) is not None:
                    own._take(screen, line)
            own.tell({"kind": "clock", "clock": own.clock()})
            return own

    async def hand_over(self, to: Player) -> None:
        """Let all screens follow another clock; they begin anew with its picture."""
        async with to._turn:
            anew = _json({"kind": "clock", "clock": to.clock()}), _json({"kind": "reset"})
            snapshot = to.picture.snapshot()
            while self._lines:
                screen, line = self._lines.popitem()
                for message in (*anew, snapshot):
                    line.put(message)
                to._take(screen, line)

    def _take(self, screen: Screen, line: _Line) -> None:
        line.ended = lambda: self._lines.pop(screen, None)
        self._lines[screen] = line

    def leave(self, screen: Screen) -> None:
        """Forget a screen; a second call does nothing."""
        line = self._lines.pop(screen, None)
        if line is not None:
            line.end()

    async def close(self) -> None:
        """Send no screen anything more: the service ends."""
        lines = [line.end() for line in self._lines.values()]
        self._lines.clear()
        await asyncio.gather(*lines, return_exceptions=True)

    @property
    def screens(self) -> int:
        """Screens that are connected."""
        return len(self._lines)

    def tell(self, message: dict[str, Any]) -> None:
        """Send a JSON message to every screen, encoded once."""
        self._send(_json(message))

    def tell_alerts(self, alerts: list[dict[str, Any]]) -> None:
        """Tell every screen, and whoever else is to know, of alerts; of none nothing is told."""
        if alerts:
            self.tell({"kind": "alerts", "alerts": alerts})
            self.also(alerts)

    def _send(self, message: str | bytes) -> None:
        """Let every screen have a message."""
        for line in tuple(self._lines.values()):
            line.put(message)


def cannot(action: str) -> UsageError:
    """Say that the clock cannot do what it was asked."""
    return UsageError(
        f"The clock cannot do '{action[:40]}' with these numbers.",
        hint="play, pause, live, seek with t_ms, or speed with 1 to 3600.",
    )


def _json(message: dict[str, Any]) -> str:
    """Encode a message."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False)
