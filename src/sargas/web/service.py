"""Running the service: the socket, the address, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sargas.errors import UsageError
from sargas.web.listening import LOOPBACK, BehindProxy, Listening

SHUTDOWN_S = 3
"""At the end a screen that does not let go is waited for so long."""
CONNECTIONS_MOST = 1000
"""Beyond so many connections the service says that it is busy (chosen: a watch floor has tens)."""
WORD_MOST = 64_000
"""Bytes of one message that a screen may send."""
HEAD_S = 10.0
"""A client that has not said by then what it wants is not waited for."""
HEAD_MOST = 64_000
"""Bytes of a request beside its body, after the piece in which it begins."""
SEND_S = 30.0
"""A client that takes nothing of its answer for so long is not waited for."""


class Impatient(HttpToolsProtocol):
    """A connection that ends when a request does not come, or its answer is not taken.

    uvicorn waits for ever for the head of a request, and for who reads nothing, so that a few
    hundred such connections would keep everybody out. It also takes a head without end.
    """

    _hurry: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _framing = 0
    """Bytes of the request that are not its body: what the parser keeps of it, or reads over."""
    _has_begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request; one that begins anew is waited for anew."""
        if self._hurry is None and self._has_none():
            self._wait()
        self._has_begun = False
        super().data_received(data)
        self._framing = 0 if self._has_begun else self._framing + len(data)
        if self._framing > HEAD_MOST:
            self._too_long()
        if not self._has_none():
            self._rest()

    def on_message_begin(self) -> None:
        """Begin to count a request."""
        self._has_begun = True
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body: it is read only as far as somebody asks for it."""
        self._framing -= len(body)
        super().on_body(body)

    def pause_writing(self) -> None:
        """Begin to wait for who takes nothing."""
        super().pause_writing()
        self._stuck = self.loop.call_later(SEND_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: something was taken."""
        self._flows()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        self._flows()
        super().connection_lost(exc)

    def _has_none(self) -> bool:
        """Tell whether no request is under way."""
        cycle = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _wait(self) -> None:
        self._hurry = self.loop.call_later(HEAD_S, self._too_slow)

    def _rest(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None

    def _flows(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _too_long(self) -> None:
        if self._has_none() and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")
        else:
            self.transport.close()

    def _too_slow(self) -> None:
        self._hurry = None
        is_ours = self.transport.get_protocol() is self  # and not that of a WebSocket by now
        if is_ours and self._has_none():
            self.transport.close()


def bind(host: str | Listening, port: int = 0, *, has_users: bool = False) -> socket.socket:
    """Take a port.

    Args:
        host: an address of this machine; or all that is to be known of where to listen.
        port: 0 takes a free one.
        has_users: whether the home has users; without them only the loopback is taken.

    Raises:
        UsageError: strangers could reach it as it is, or the port is taken.
    """
    asked = Listening(host, port) if isinstance(host, str) else host
    asked.check(has_users=has_users)
    if not 0 <= asked.port <= 65_535:
        raise UsageError(
            f"{asked.port} is no port.", hint="Ports are 1 to 65535; 0 takes a free one."
        )
    family = socket.AF_INET6 if ":" in asked.host else socket.AF_INET
    # Of a socket that says which protocol it speaks, asyncio switches Nagle's delay off: without,
    # each answer waits 40 ms for the client's acknowledgement of its head.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((asked.host, asked.port))
        # Listening at once: of two services that only bind, the second would notice too late.
        sock.listen()
    except OSError as error:
        sock.close()
        raise UsageError(
            f"Port {asked.port} cannot be used on {asked.host}: {error.strerror}.",
            hint="Another sargas may be running; choose another with --port.",
        ) from error
    return sock


def address(sock: socket.socket, listening: Listening | None = None) -> str:
    """Give the address under which a bound socket is reached.

    Behind a proxy that is the proxy's, which has a name and the port of https.
    """
    asked = listening or Listening()
    host, port = sock.getsockname()[:2]
    if asked.proxy:
        return f"https://{asked.names[0]}/"
    host = asked.names[0] if asked.names else f"[{host}]" if ":" in host else host
    return f"http{'s' if asked.is_https else ''}://{host}:{port}/"


def hosts(sock: socket.socket, listening: Listening | None = None) -> list[str]:
    """List the names under which the service may be asked."""
    bound = sock.getsockname()[0]
    names = (listening or Listening()).names
    return [*LOOPBACK[:2], f"[{LOOPBACK[2]}]", f"[{bound}]" if ":" in bound else bound, *names]


def serve(
    app: Starlette,
    sock: socket.socket,
    *,
    browser: bool = False,
    until: Callable[[], bool] | None = None,
    listening: Listening | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        app: the service.
        sock: from `bind`.
        listening: what `bind` was given, for TLS and the proxy.
        browser: open the screen in a browser.
        until: asked about four times a second; the service ends when it says so.

    Raises:
        KeyboardInterrupt: after an orderly end, where Ctrl-C or SIGTERM asked for it.
    """
    asked = listening or Listening()
    config = uvicorn.Config(
        BehindProxy(app, asked.proxy) if asked.proxy else app,
        log_level="warning", http=Impatient, ws="websockets-sansio", lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_S, limit_concurrency=CONNECTIONS_MOST,
        # A screen says where it looks, in a hundred bytes.
        ws_max_size=WORD_MOST, server_header=False,
        # Who asks is believed to a declared proxy alone, and there.
        proxy_headers=False,
        ssl_certfile=asked.tls_cert, ssl_keyfile=asked.tls_key,
        # A frame is encoded once for all screens; it would be compressed anew for each.
        ws_per_message_deflate=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    if browser:
        threading.Timer(0.8, webbrowser.open, [address(sock, listening)]).start()

    async def run() -> None:
        tasks = [asyncio.create_task(server.serve(sockets=[sock]))]
        if until is not None:
            tasks.append(asyncio.create_task(_watch_for_end(server, until)))
        await tasks[0]
        for task in tasks[1:]:
            task.cancel()

    # What is there by now stays: the collector need not go through a map's worth of lists again
    # and again, which took half of the time of an answer that makes lists itself.
    gc.collect()
    gc.freeze()
    try:
        asyncio.run(run())
    finally:
        gc.unfreeze()


async def _watch_for_end(server: uvicorn.Server, until: Callable[[], bool]) -> None:
    """Ask the server to end once `until` says so."""
    while not until():
        await asyncio.sleep(0.25)
    server.should_exit = True
