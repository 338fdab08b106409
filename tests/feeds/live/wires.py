"""Helpers of the tests of transports: taking pieces, sending, and servers made by hand."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sargas.feeds.live.framing import parted

T = TypeVar("T")
LIMIT_S = 60.0
"""How long anything may take before a test fails; nothing waits so long."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a test's coroutine, with a limit."""

    async def limited() -> T:
        async with asyncio.timeout(LIMIT_S):
            return await main

    return asyncio.run(limited())


async def take(transport, n: int, *, empty: bool = False) -> list[bytes]:
    """Takes pieces until they hold `n` messages, gives these, and closes the connection."""
    out = []
    async with contextlib.aclosing(transport.pieces()) as pieces:
        async for piece in pieces:
            if piece or empty:
                out += parted(piece)
            if len(out) >= n:
                break
    return out


async def collect(transport, into: list[bytes] | None = None) -> None:
    """Takes messages until the connection ends, with whatever error it does."""
    into = [] if into is None else into
    async for piece in transport.pieces():
        into += parted(piece)


async def until(is_so: Callable[[], bool], what: str = "") -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + LIMIT_S / 2
    while not is_so():
        assert time.monotonic() < deadline, what or "it did not come to be so"
        await asyncio.sleep(0.01)


async def at_rest(value: Callable[[], int], still_s: float = 1.0) -> int:
    """Waits until a number has not changed for a while, and gives it."""
    last, since = value(), time.monotonic()
    while time.monotonic() - since < still_s:
        await asyncio.sleep(0.02)
        if value() != last:
            last, since = value(), time.monotonic()
    return last


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def tcp_server(talk: Talk, port: int = 0, **options: Any) -> AsyncIterator[int]:
    """Serves connections by a function, which is cut off at the end; gives the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", port, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def publisher(broker):
    """A second client, which sends."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if broker.login:
        client.username_pw_set(*broker.login)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


@contextlib.contextmanager
def background(server: contextlib.AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Runs a server in a loop of its own thread, for those who wait in another."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(LIMIT_S)
        end = server.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(end, loop).result(LIMIT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LIMIT_S)
        loop.close()
