"""Plain NMEA by TCP and UDP: a dispatcher that is called, datagrams that are sent here."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Final

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live.base import Transport
from sargas.feeds.live.net import check_options
from sargas.feeds.live.url import FeedUrl

READ_BYTES: Final = 256 << 10
GATHER_S: Final = 0.05
"""What arrives within so long is one piece: rows without a time of their own get that of it."""
CONNECT_S: Final = 15.0
KEEPALIVE_S, PROBE_S, PROBES = 20, 5, 3
"""After so much silence the other system is asked whether it is there, and so often again before
the line is given up: a half-open line is noticed within 35 s (chosen)."""
DATAGRAMS: Final = 2000
"""Datagrams in a piece at most."""
_DATAGRAM_BYTES: Final = 65_536
_BUFFER_BYTES: Final = 8 << 20
_SO_RXQ_OVFL: Final = 40
"""Linux: tell with each datagram how many were dropped before it."""


class TcpTransport(Transport):
    """Lines from a server by TCP, as the Norwegian coast's."""

    codec = "nmea"

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url)
        check_options(url)
        if not url.host or url.port is None:
            raise UsageError(f"{url.text} lacks a host or a port.", hint="tcp://HOST:PORT")

    async def pieces(self) -> AsyncIterator[bytes]:
        """Connect, and give what arrives."""
        url = self.url
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(url.host, url.port, limit=READ_BYTES)
        except TimeoutError as error:
            raise FeedUnavailableError(
                f"No connection within {CONNECT_S:.0f} s.", where=url.text
            ) from error
        except OSError as error:
            raise FeedUnavailableError(_why(error), where=url.text) from error
        self.is_up = True
        try:
            _keep_alive(writer.get_extra_info("socket"))
            while data := await reader.read(READ_BYTES):
                yield data
                await asyncio.sleep(GATHER_S)
        except OSError as error:
            raise FeedUnavailableError(_why(error), where=url.text) from error
        finally:
            writer.close()


class UdpTransport(Transport):
    """Datagrams that are sent to a port of ours: on all addresses unless one is named."""

    codec = "nmea"
    unread = "the system drops what comes meanwhile, and counts it"
    may_die = False  # while the port is closed, nobody would count what comes

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url)
        check_options(url)
        if url.port is None:
            raise UsageError(f"{url.text} lacks a port.", hint="udp://:10110, or udp://HOST:PORT")

    async def pieces(self) -> AsyncIterator[bytes]:
        """Take the port, and give what arrives: each datagram a line or several of them."""
        with self._bound() as sock:
            self.is_up = True
            before = self.dropped
            while True:
                await _readable(sock)
                try:
                    piece, dropped = _drain(sock)
                except OSError as error:
                    raise FeedUnavailableError(_why(error), where=self.url.text) from error
                self.dropped = before + dropped
                if piece:
                    yield piece
                await asyncio.sleep(GATHER_S)

    def _bound(self) -> socket.socket:
        """Open the socket."""
        url = self.url
        try:
            address = socket.getaddrinfo(
                url.host or "0.0.0.0",  # noqa: S104 - a receiver in the network sends here
                url.port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE,
            )[0]  # fmt: skip
            sock = socket.socket(address[0], socket.SOCK_DGRAM)
        except OSError as error:
            raise FeedUnavailableError(_why(error), where=url.text) from error
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
            sock.bind(address[4])
        except OSError as error:
            sock.close()
            raise FeedUnavailableError(_why(error), where=url.text) from error
        return sock


def _keep_alive(sock: socket.socket) -> None:
    """Let the system ask whether the other side is there, where it can."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_S), ("TCP_KEEPINTVL", PROBE_S), ("TCP_KEEPCNT", PROBES),
    ):  # fmt: skip
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


async def _readable(sock: socket.socket) -> None:
    """Wait until there is a datagram."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sock.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock.fileno())


def _drain(sock: socket.socket) -> tuple[bytes, int]:
    """Read the datagrams that wait, each ended by a newline.

    Returns:
        (the piece, datagrams the system has dropped on this socket so far).
    """
    parts: list[bytes] = []
    dropped = 0
    for _ in range(DATAGRAMS):
        try:
            data, ancillary, _, _ = sock.recvmsg(_DATAGRAM_BYTES, socket.CMSG_SPACE(4))
        except BlockingIOError:
            break
        except OSError:
            if not parts:
                raise
            break  # what has been read is handed over first
        parts.append(data if data.endswith(b"\n") else data + b"\n")
        for level, kind, told in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL:
                dropped = struct.unpack("I", told[:4])[0]
    return b"".join(parts), dropped


def _why(error: OSError) -> str:
    """Say in a sentence what the system says."""
    known = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    reason = known or str(error) or type(error).__name__
    return f"{reason[:1].upper()}{reason[1:]}."
