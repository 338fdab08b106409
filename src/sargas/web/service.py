"""Running the service: the socket, the address, and an orderly end."""

from __future__ import annotations

import asyncio
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from sargas.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHUTDOWN_S = 3
"""At the end a screen that does not let go is waited for so long."""


def bind(host: str, port: int) -> socket.socket:
    """Take a port on the loopback.

    Args:
        host: a loopback address; others wait for users and TLS.
        port: 0 takes a free one.

    Raises:
        UsageError: the host is not the loopback, or the port is taken.
    """
    if host not in LOOPBACK:
        raise UsageError(
            f"'{host}' is not this machine alone.",
            hint="The service has no users and no TLS yet; use 127.0.0.1, or a tunnel.",
        )
    if not 0 <= port <= 65_535:
        raise UsageError(f"{port} is no port.", hint="Ports are 1 to 65535; 0 takes a free one.")
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        # Listening at once: of two services that only bind, the second would notice too late.
        sock.listen()
    except OSError as error:
        sock.close()
        raise UsageError(
            f"Port {port} cannot be used: {error.strerror}.",
            hint="Another sargas may be running; choose another with --port.",
        ) from error
    return sock


def address(sock: socket.socket) -> str:
    """Give the address under which a bound socket is reached."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def hosts(sock: socket.socket) -> list[str]:
    """List the names under which the service may be asked."""
    return [*LOOPBACK[:2], f"[{LOOPBACK[2]}]", sock.getsockname()[0]]


def serve(
    app: Starlette,
    sock: socket.socket,
    *,
    browser: bool = False,
    until: Callable[[], bool] | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        app: the service.
        sock: from `bind`.
        browser: open the screen in a browser.
        until: asked about four times a second; the service ends when it says so.

    Raises:
        KeyboardInterrupt: after an orderly end, where Ctrl-C or SIGTERM asked for it.
    """
    config = uvicorn.Config(
        app, log_level="warning", ws="websockets-sansio", lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_S,
        # A frame is encoded once for all screens; it would be compressed anew for each.
        ws_per_message_deflate=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    if browser:
        threading.Timer(0.8, webbrowser.open, [address(sock)]).start()

    async def run() -> None:
        tasks = [asyncio.create_task(server.serve(sockets=[sock]))]
        if until is not None:
            tasks.append(asyncio.create_task(_watch_for_end(server, until)))
        await tasks[0]
        for task in tasks[1:]:
            task.cancel()

    asyncio.run(run())


async def _watch_for_end(server: uvicorn.Server, until: Callable[[], bool]) -> None:
    """Ask the server to end once `until` says so."""
    while not until():
        await asyncio.sleep(0.25)
    server.should_exit = True
