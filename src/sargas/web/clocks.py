"""Whose clock a request is answered by: one for all screens, or that of a screen that looks back.

Over stored fixes, and in an exercise, all screens show one clock. In a live watch that clock always
goes on: a screen that pauses or seeks gets a clock of its own and leaves the present alone, so that
nobody's look at the last hour hides the present from the others.

A screen names itself by an id that it makes when its page is loaded. Who asks is part of the name:
the id of somebody else's screen names no clock.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from sargas.errors import ConflictError, UsageError
from sargas.web.gate import key_of
from sargas.web.live import NOW_MS
from sargas.web.picture import Picture
from sargas.web.player import SPEEDS, PlaybackAction, Player, Screen, cannot
from sargas.web.refusals import refusal
from sargas.web.roles import CLOCK_OF_ALL, RoleNeededError, may_do, who_of

HEADER, QUERY = "x-sargas-screen", "screen"
"""A screen names itself in the header; where it cannot send one, on its socket and in links to
files, in the query."""
MOST: Final = 12
"""Clocks beside the shared one (chosen: a watch floor has a few seats; each that plays reads the
shards once in some seconds, and holds what it read ahead)."""
MOST_OF_ONE: Final = 4
"""And of one user, so that nobody takes them all."""
KEPT: Final = 4
"""So many of them viewers leave to those who may have the watch."""
GONE_S: Final = 120.0
"""A screen that has gone for so long, and asked nothing, does not look back any more."""
SWEEP_S: Final = 1.0

NAME: Final = "^[0-9a-f]{32}$"

_ID = re.compile(NAME[1:-1])
_SCOPE = "sargas.clock"
Key = tuple[str, str]
"""Who, and which of their screens."""


@dataclass(eq=False)
class _Own:
    """A clock of one screen."""

    player: Player
    task: asyncio.Task[None]
    seen_s: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Clocks:
    """The clock that all screens share, and in a live watch those of screens that look back.

    Args:
        shared: the clock of all; in a live watch it always goes on.
        past: makes the picture of a screen that looks back, at the time of the shared one; None
            where there is one clock for all.
    """

    def __init__(self, shared: Player, past: Callable[[], Picture] | None = None) -> None:
        self.shared, self._past = shared, past
        self._own: dict[Key, _Own] = {}
        self._sockets: dict[WebSocket, Key] = {}
        self._beginning = asyncio.Lock()
        shared.also = self._tell_present

    def all(self) -> list[Player]:
        """Give all clocks, the shared one first; any thread may ask."""
        return [self.shared, *(own.player for own in tuple(self._own.values()))]

    def of(self, connection: HTTPConnection) -> Player:
        """Give the clock by which a request is answered.

        Raises:
            UsageError: what should name its screen is no such name.
        """
        key = self._key(connection)
        own = self._own.get(key) if key else None
        if own is None:
            return self.shared
        own.seen_s = time.monotonic()
        return own.player

    @property
    def looking_back(self) -> int:
        """Screens that look back."""
        return len(self._own)

    @property
    def screens(self) -> int:
        """Screens that are connected."""
        return sum(player.screens for player in self.all())

    @staticmethod
    def stamp(scope: Scope) -> Hashable:
        """Give what the answer to a request depends on: which clock, how it stands, the news."""
        player: Player = scope[_SCOPE]
        return player, *player.stamp

    def tell(self, message: dict[str, Any]) -> None:
        """Send a JSON message to every screen, whatever its clock."""
        for player in self.all():
            player.tell(message)

    def news(self, ids: Iterable[str]) -> None:
        """Take note of alerts that have new versions; any thread may call this."""
        told = tuple(ids)
        for player in self.all():
            player.news(told)

    def _tell_present(self, alerts: list[dict[str, Any]]) -> None:
        """Tell screens that look back what the others are told of alerts, as the present."""
        for own in self._own.values():
            own.player.tell({"kind": "present", "alerts": alerts})

    async def act(self, connection: HTTPConnection, asked: PlaybackAction) -> dict[str, Any]:
        """Do what a screen asks of its clock; gives the clock that it follows then.

        Raises:
            UsageError: it is no such action, or lacks its number or whose clock is meant.
            ConflictError: too many screens look back, or the present was to go faster.
            RoleNeededError: others follow this clock, and who asks may not move it.
        """
        words = asked.action, asked.t_ms, asked.speed
        if self._past is None:
            if not may_do(connection, CLOCK_OF_ALL):
                raise RoleNeededError(CLOCK_OF_ALL)
            await self.shared.act(*words)
            return self.shared.clock()
        key = self._key(connection)
        while True:
            own = self._own.get(key) if key else None
            is_new = own is None
            if own is None:
                if await self._stays(asked):
                    return self.shared.clock()
                most = MOST if may_do(connection, CLOCK_OF_ALL) else MOST - KEPT
                own = await self._begin(key, most)
            async with own.turn:
                if key is None or self._own.get(key) is not own:
                    continue  # it ended while others had the turn
                await self._act(key, own, asked, is_new=is_new)
            return (self._own[key].player if key in self._own else self.shared).clock()

    async def _act(self, key: Key, own: _Own, asked: PlaybackAction, *, is_new: bool) -> None:
        own.seen_s = time.monotonic()
        try:
            if asked.action != "live":
                await own.player.act(asked.action, asked.t_ms, asked.speed)
        except BaseException:
            if is_new:  # the past cannot be read: the screen keeps the present
                await self._end(key, own)
            raise
        if asked.action == "live" or _is_back(own.player):
            await self._end(key, own)

    async def _stays(self, asked: PlaybackAction) -> bool:
        """Tell whether a screen in the present stays there, and let that go on."""
        if asked.action == "pause":
            return False
        if asked.action == "seek" and asked.t_ms is not None:
            return asked.t_ms >= _now_ms(self.shared)
        if asked.action == "speed" and SPEEDS[0] <= (asked.speed or 0) <= SPEEDS[1]:
            raise ConflictError(
                "A live watch goes on as time does.", hint="Go back first, then choose a speed."
            )
        if asked.action not in ("play", "live"):
            raise cannot(asked.action)
        if not self.shared.playing:
            await self.shared.act("live", None, None)
        return True

    async def _begin(self, key: Key | None, most: int) -> _Own:
        """Give a screen a clock of its own, which stands where the shared one does."""
        if key is None or self._past is None:
            raise UsageError(
                "In a live watch the clock of all screens always goes on.",
                hint=f"Name the screen that looks back in {HEADER.title()}: 32 hex letters.",
            )
        async with self._beginning:
            if key in self._own:
                return self._own[key]
            of_one = sum(owner == key[0] for owner, _ in self._own)
            if len(self._own) >= most or (key[0] and of_one >= MOST_OF_ONE):
                raise ConflictError(
                    f"{len(self._own)} screens look back already, {of_one} of them yours.",
                    hint="Let one of them go back to live.",
                )
            player = await self.shared.part(self._past, lambda: self._screens_of(key))
            own = _Own(player, asyncio.create_task(player.run()), time.monotonic())
            self._own[key] = own
            return own

    def _screens_of(self, key: Key) -> list[Screen]:
        return [socket for socket, name in self._sockets.items() if name == key]

    async def _end(self, key: Key, own: _Own) -> None:
        """Let a screen follow the shared clock again."""
        await own.player.hand_over(self.shared)
        if self._own.get(key) is own:
            del self._own[key]
        own.task.cancel()

    async def join(self, socket: WebSocket, **more: Any) -> None:  # noqa: ANN401 - JSON
        """Greet a screen by its clock; afterwards it is told every change.

        Args:
            socket: the screen.
            more: fields of the status that are this screen's own.
        """
        key = self._key(socket)
        if key is not None:
            self._sockets[socket] = key
        while True:
            own = self._own.get(key) if key else None
            player = own.player if own else self.shared
            await player.join(socket, **more)
            if (self._own.get(key) if key else None) is own:
                return
            player.leave(socket)  # its clock began or ended meanwhile

    def leave(self, socket: WebSocket) -> None:
        """Forget a screen; a second call does nothing."""
        self._sockets.pop(socket, None)
        for player in self.all():
            player.leave(socket)

    async def run(self) -> None:
        """End clocks that nobody needs any more, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            for key, own in tuple(self._own.items()):
                if own.player.screens:
                    own.seen_s = time.monotonic()
                if not _is_over(own) or own.turn.locked():
                    continue
                async with own.turn:
                    try:
                        await self._end(key, own)
                    except Exception as error:  # the next time it is tried again
                        print(f"sargas: A screen cannot go back to live: {error}", file=sys.stderr)

    async def close(self) -> None:
        """Send no screen anything more: the service ends."""
        tasks = [own.task for own in self._own.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for player in self.all():
            await player.close()
        self._own.clear()

    def _key(self, connection: HTTPConnection) -> Key | None:
        """Name the screen that asks; None where it names none, or where there is one clock."""
        if self._past is None:
            return None
        name = connection.headers.get(HEADER)
        if name is None:
            query = connection.scope.get("query_string", b"")
            if QUERY.encode() not in query:
                return None
            asked = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
            if QUERY not in asked:
                return None
            name = asked[QUERY][-1]
        if not _ID.fullmatch(name):
            raise UsageError("That is no name of a screen.", hint="32 hex letters, in small ones.")
        who = who_of(connection)
        return (key_of(connection, who) if who else "", name)


class OwnClock:
    """The middleware: finds the clock by which a request is answered (`clock_of`)."""

    def __init__(self, app: ASGIApp, clocks: Clocks) -> None:
        self.app, self._clocks = app, clocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the clock, or refuse what should name a screen and does not."""
        if scope["type"] in ("http", "websocket"):
            try:
                scope[_SCOPE] = self._clocks.of(HTTPConnection(scope))
            except (UsageError, ValueError) as error:
                if scope["type"] == "websocket":
                    await WebSocketClose(1008)(scope, receive, send)
                    return
                said = error if isinstance(error, UsageError) else UsageError("An odd query.")
                await refusal(400, said.what, said.hint)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def clock_of(connection: HTTPConnection) -> Player:
    """Give the clock by which a request is answered."""
    player: Player = connection.scope[_SCOPE]
    return player


def _now_ms(player: Player) -> int:
    """Give the time from which on a clock shows the present."""
    return player.span().to_ms - NOW_MS


def _is_back(player: Player) -> bool:
    """Tell whether a replay has come up to the present."""
    return player.playing and player.t_ms >= _now_ms(player)


def _is_over(own: _Own) -> bool:
    return _is_back(own.player) or time.monotonic() - own.seen_s > GONE_S
