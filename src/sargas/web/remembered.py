"""Answers that are remembered for a moment: the same question is worked out once for all who ask.

Screens that show one clock are answered the same, as of that clock. An answer is kept for a second
at most, and is none any more as soon as its clock moves, an alert has a new version, or somebody
does something; to who has another clock it never was one. Who asks while it is being worked out
waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, NamedTuple, TypeVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_V = TypeVar("_V")

LASTS_S: Final = 1.0
BYTES_MOST: Final = 64 << 20
"""Bytes that are kept in all; the oldest answers give way."""
ANSWER_MOST: Final = 4 << 20
PATHS: Final = (
    "/api/alerts", "/api/vessels/", "/api/search", "/api/histogram", "/api/assets", "/api/layers/",
    "/api/suspensions", "/api/zones",
)  # fmt: skip
"""What is the same for all who may ask, as these begin; nothing else is ever remembered."""


WHOLE_PATHS: Final = ("/api/partners",)
"""The same, where something else lies below: what partners ask is signed, and answered once."""

_Key = tuple[str, bytes, bool, Hashable]


class Lately(Generic[_V]):
    """Asks for something once a second at most, for all who ask meanwhile.

    Example:
        >>> asked = []
        >>> lately = Lately(lambda: asked.append(1) or len(asked))
        >>> lately(), lately(), asked
        (1, 1, [1])
    """

    def __init__(self, ask: Callable[[], _V]) -> None:
        self._ask = ask
        self._known: tuple[float, _V] | None = None

    def __call__(self) -> _V:
        """Give what was found within the last second."""
        known, now_s = self._known, time.monotonic()
        if known is None or now_s - known[0] >= LASTS_S:
            known = self._known = now_s, self._ask()
        return known[1]


class _Answer(NamedTuple):
    start: Message
    body: bytes


class Remembered:
    """The middleware; behind the gate, so that nobody is answered who may not ask.

    Args:
        app: what answers.
        stamp: gives what the answer to a request depends on beside the question: whose clock, how
            it stands, what was done.
    """

    def __init__(self, app: ASGIApp, stamp: Callable[[Scope], Hashable]) -> None:
        self.app, self._stamp = app, stamp
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._bytes = 0
        self._since_s = float("-inf")
        self._working: dict[Hashable, asyncio.Future[_Answer | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or ask and remember."""
        path = scope.get("path", "")
        is_asked = scope["type"] == "http" and scope["method"] == "GET"
        is_same = path.startswith(PATHS) or path in WHOLE_PATHS
        if not is_asked or not is_same or "." in path:
            try:
                await self.app(scope, receive, send)
            finally:
                if scope["type"] == "http" and scope["method"] == "POST":
                    self._forget()
            return
        self._forget_if_old()
        packed = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        key = path, scope.get("query_string", b""), packed, self._stamp(scope)
        answer = self._kept.get(key)
        if answer is None and (working := self._working.get(key)) is not None:
            answer = await asyncio.shield(working)
        if answer is None:
            await self._ask(key, scope, receive, send)
            return
        await send({**answer.start, "headers": list(answer.start["headers"])})
        await send({"type": "http.response.body", "body": answer.body})

    async def _ask(self, key: _Key, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and remember what it said."""
        working = asyncio.get_running_loop().create_future()
        self._working[key] = working
        asked_at, start, parts, size = self._since_s, None, [], 0
        is_whole = False

        async def listening(message: Message) -> None:
            nonlocal start, size, is_whole
            if message["type"] == "http.response.start":
                start = {**message, "headers": list(message["headers"])}
            elif message["type"] == "http.response.body" and size <= ANSWER_MOST:
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                is_whole = not message.get("more_body", False)
            await send(message)

        answer = None
        try:
            await self.app(scope, receive, listening)
            if start is not None and start["status"] == 200 and is_whole and size <= ANSWER_MOST:
                answer = _Answer(start, b"".join(parts))
                is_so = self._since_s == asked_at and key[-1] == self._stamp(scope)
                if is_so and self._is_fresh():
                    self._keep(key, answer)
        finally:
            if self._working.get(key) is working:
                del self._working[key]
            working.set_result(answer)

    def _keep(self, key: Hashable, answer: _Answer) -> None:
        self._kept[key] = answer
        self._bytes += len(answer.body)
        while self._bytes > BYTES_MOST:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._since_s < LASTS_S

    def _forget_if_old(self) -> None:
        if not self._is_fresh():
            self._forget()

    def _forget(self) -> None:
        """Begin anew."""
        self._kept.clear()
        self._working.clear()
        self._bytes, self._since_s = 0, time.monotonic()
