"""The clock of the screen: it plays through what is stored and tells every connected screen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sargas.errors import UsageError
from sargas.model.time import iso
from sargas.store import Ledger
from sargas.web.picture import Picture

TICK_S = 1.0
FEEDS_EVERY_S = 5.0
SPEEDS = (1, 3600)
SEND_TIMEOUT_S = 5.0
"""A screen that takes no data for so long is disconnected; it comes back by itself."""


@dataclass
class Span:
    """From when to when there is something to show, and how far the watch has folded it."""

    from_ms: int
    to_ms: int
    analysed_to_ms: int


class Screen(Protocol):
    """A connected screen."""

    async def send_text(self, text: str) -> None:
        """Send a JSON message."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a frame."""

    async def close(self) -> None:
        """Disconnect."""


@dataclass
class Player:
    """Plays the stored picture and alerts to all connected screens; one clock for all.

    Args:
        picture: vessels at a time.
        ledger: alerts as of a time.
        span: gives the span; asked at each tick, as a watch may still be folding.
        feeds: gives the feeds' health.
        about: `version`, `mode`, `exercise` and `attribution` of the status.
        speed: event seconds a second.
    """

    picture: Picture
    ledger: Ledger
    span: Callable[[], Span]
    feeds: Callable[[], list[dict[str, Any]]]
    about: dict[str, Any]
    speed: float = 60.0
    playing: bool = True
    t_ms: int = 0
    _screens: set[Screen] = field(default_factory=set)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def clock(self) -> dict[str, Any]:
        """Give the clock as the screen reads it."""
        span = self.span()
        return {
            "t_ms": self.t_ms,
            "t": iso(self.t_ms),
            "playing": self.playing,
            "speed": self.speed,
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
            "vessels": self.picture.vessels,
            "fixes": sum(f["fixes"] for f in feeds),
        }

    async def run(self) -> None:
        """Tick until cancelled."""
        await self.seek(self.t_ms or self.span().from_ms)
        last, fed = time.monotonic(), 0.0
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            if self.playing:
                await self._step(now - last)
            last = now
            await self.tell({"kind": "clock", "clock": self.clock()})
            if now - fed >= FEEDS_EVERY_S:
                fed = now
                await self.tell({"kind": "feeds", "feeds": self.feeds()})

    async def _step(self, seconds: float) -> None:
        """Move the clock on and send what changed."""
        async with self._turn:
            span = self.span()
            before = self.t_ms
            after = min(before + round(seconds * self.speed * 1000), span.analysed_to_ms)
            if after <= before:
                if before >= span.to_ms:
                    self.playing = False
                return
            frames = await asyncio.to_thread(self.picture.advance, after)
            alerts = await asyncio.to_thread(self.ledger.alerts, after, since_ms=before + 1)
            self.t_ms = after
        for frame in frames:
            await self._send_frame(frame)
        if alerts:
            await self.tell({"kind": "alerts", "alerts": alerts})

    async def seek(self, t_ms: int) -> None:
        """Go to a time within the span that is analysed."""
        async with self._turn:
            span = self.span()
            self.t_ms = max(span.from_ms, min(t_ms, span.analysed_to_ms))
            frame = await asyncio.to_thread(self.picture.seek, self.t_ms)
        await self.tell({"kind": "reset"})
        await self._send_frame(frame)
        await self.tell({"kind": "clock", "clock": self.clock()})

    async def act(self, action: str, t_ms: int | None, speed: float | None) -> None:
        """Do what a screen asks of the clock.

        Raises:
            UsageError: the action is unknown or lacks its number.
        """
        if action == "play":
            self.playing = True
            if self.t_ms >= self.span().to_ms:
                await self.seek(self.span().from_ms)
        elif action == "pause":
            self.playing = False
        elif action == "seek" and t_ms is not None:
            await self.seek(t_ms)
        elif action == "speed" and speed is not None and SPEEDS[0] <= speed <= SPEEDS[1]:
            self.speed = float(speed)
        else:
            raise UsageError(
                f"The clock cannot do '{action}' with these numbers.",
                hint="play, pause, seek with t_ms, or speed with 1 to 3600.",
            )
        await self.tell({"kind": "clock", "clock": self.clock()})

    async def join(self, screen: Screen) -> None:
        """Greet a screen and send it the picture; afterwards it is told every change."""
        async with self._turn:
            await screen.send_text(_json({"kind": "hello", "status": self.status()}))
            await screen.send_bytes(self.picture.snapshot())
            self._screens.add(screen)

    def leave(self, screen: Screen) -> None:
        """Forget a screen."""
        self._screens.discard(screen)

    async def tell(self, message: dict[str, Any]) -> None:
        """Send a JSON message to every screen, encoded once."""
        text = _json(message)
        await self._send_all(lambda s: s.send_text(text))

    async def _send_frame(self, frame: bytes) -> None:
        """Send a frame to every screen."""
        await self._send_all(lambda s: s.send_bytes(frame))

    async def _send_all(self, send: Callable[[Screen], Any]) -> None:
        """Send to all at once, dropping a screen that does not take it."""

        async def one(screen: Screen) -> None:
            try:
                await asyncio.wait_for(send(screen), SEND_TIMEOUT_S)
            except Exception:  # whatever a broken socket raises
                self.leave(screen)
                with contextlib.suppress(Exception):
                    await screen.close()

        await asyncio.gather(*(one(s) for s in tuple(self._screens)))


def _json(message: dict[str, Any]) -> str:
    """Encode a message."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False)
