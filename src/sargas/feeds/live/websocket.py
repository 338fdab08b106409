"""WebSockets: sentences of NMEA as they come, and the service aisstream.io."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Subprotocol

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live import net
from sargas.feeds.live.aisstream import KINDS
from sargas.feeds.live.base import Transport
from sargas.feeds.live.framing import joined
from sargas.feeds.live.sockets import GATHER_S
from sargas.feeds.live.url import FeedUrl

MAX_FRAME: Final = 128 << 10
"""Bytes in one message; a longer one ends the connection."""
MAX_FRAMES: Final = 512
"""Messages that wait in memory; then the socket is not read on."""
AISSTREAM: Final = "wss://stream.aisstream.io/v0/stream"

_COMPLAINT: Final = msgspec.json.Decoder(dict[str, str])
_LOG: Final = logging.getLogger(__name__)
# The library writes what it sends into its log when that is at DEBUG, keys and passwords included.
_LOG.setLevel(logging.INFO)


class _Connect(connect):
    """A connection that goes where it was told, and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Follow no redirect: what is sent next may be a key."""
        return exc


async def open_websocket(
    url: FeedUrl,
    address: str,
    *,
    headers: dict[str, str] | None = None,
    subprotocols: Sequence[str] = (),
) -> ClientConnection:
    """Open a connection.

    The library pings every 20 s and closes a connection that does not answer within another 20,
    so a half-open one is found.

    Args:
        url: says how to verify. address: where to, without user; never shown.
        headers: to be sent along. subprotocols: one of which the server must speak.

    Raises:
        FeedUnavailableError: there is none to be had.
        UsageError: the server refuses who we say we are.
    """
    try:
        return await _Connect(
            address, additional_headers=headers, user_agent_header=net.AGENT, logger=_LOG,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            ssl=net.tls_of(url) if address.startswith("wss:") else None,
            proxy=None if net.is_loopback(urlsplit(address).hostname or "") else True,
            open_timeout=net.OPEN_S, close_timeout=1, max_size=MAX_FRAME,
            max_queue=MAX_FRAMES,
        )  # fmt: skip
    except InvalidStatus as error:
        status = error.response.status_code
        if status == 401:
            raise UsageError(
                f"The server of feed {url.name} refuses the user or the secret (401).",
                where=url.text,
            ) from error
        raise FeedUnavailableError(
            f"The server answers {status} to the WebSocket.", where=url.text,
            hint="Give the address it sends to." if 300 <= status < 400 else "",
        ) from error  # fmt: skip
    except InvalidURI:  # whose text holds the address
        raise UsageError(f"{url.text} is no address of a WebSocket.") from None
    except InvalidProxy:  # whose text holds the proxy's password
        raise FeedUnavailableError(
            "The proxy that the environment names has no address.", where=url.text
        ) from None
    except (OSError, InvalidHandshake) as error:
        raise FeedUnavailableError(
            f"There is no WebSocket to be had: {error}.", where=url.text
        ) from error


def basic_login(url: FeedUrl, address: str) -> dict[str, str]:
    """Give the header that tells user and secret, if there are any and it is not the query.

    Raises:
        UsageError: there is a secret without user, or it may not be sent.
    """
    secret = net.secret_for(url, address)
    if secret is None or "query" in url.options:
        return {}
    if not url.user:
        raise UsageError(
            f"Feed {url.name} has a secret but no user.", where=url.text,
            hint=f"Write the user into the address: {url.scheme}://USER@HOST/PATH; or where the"
            " server wants it in the query, its key there: #query=KEY.",
        )  # fmt: skip
    said = base64.b64encode(f"{unquote(url.user)}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {said}"}


class WebSocketTransport(Transport):
    """Sentences of NMEA by WebSocket.

    A text message holds whole lines; binary messages are a stream of bytes, cut anywhere.
    """

    codec = "nmea"

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url)
        net.check_options(url, "ca", "query")
        self._address = net.bare(url.address)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Connect, and give what arrives until the connection ends or is closed.

        Raises:
            FeedUnavailableError: there is no connection to be had, or it broke.
            UsageError: the server refuses the user or the secret.
        """
        login = basic_login(self.url, self._address)
        address = net.with_secret(self.url, self._address)
        connection = await open_websocket(self.url, address, headers=login)
        self.is_up = True
        try:
            while True:
                yield b"".join(map(_lines, await gathered(connection)))
                await asyncio.sleep(GATHER_S)
        except ConnectionClosed as error:
            raise closed(self.url, error) from error
        finally:
            await connection.close()


def _lines(message: str | bytes) -> bytes:
    """Give a message as bytes; a text ends a line."""
    return message if isinstance(message, bytes) else message.removesuffix("\n").encode() + b"\n"


async def gathered(
    connection: ClientConnection, *, decode: bool | None = None
) -> list[str] | list[bytes]:
    """Wait for a message, and give it with all that have come already.

    Raises:
        ConnectionClosed: there is none, and none will come.
    """
    out: Any = [await connection.recv(decode)]
    with contextlib.suppress(TimeoutError, ConnectionClosed):
        while len(out) < MAX_FRAMES:
            async with asyncio.timeout(0):
                out.append(await connection.recv(decode))
    return cast("list[str] | list[bytes]", out)


def closed(url: FeedUrl, error: ConnectionClosed) -> FeedUnavailableError:
    """Say why a connection ended."""
    frame = error.rcvd or error.sent
    said = f": {frame.code} {frame.reason[:80]!r}" if frame else ", without a goodbye"
    return FeedUnavailableError(f"The WebSocket was closed{said}.", where=url.text)


class AisstreamTransport(Transport):
    """The service aisstream.io: one message of JSON a frame.

    What it does not hear says nothing about a vessel: its stations cover little of the Baltic,
    and a day of silence happens. Whoever reads too slowly is cut off by the service.
    """

    codec = "aisstream"
    unread = "the service cuts off who does not read, and keeps nothing"

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url)
        net.check_options(url, "ca", "server", "bbox", "mmsi")
        self._address = net.server_of(url, AISSTREAM, "wss", "ws")
        self._box = net.box_of(url)
        self._mmsis = _mmsis(url)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Connect, subscribe, and give the frames until the connection ends or is closed.

        Raises:
            FeedUnavailableError: there is no connection to be had, or it broke.
            UsageError: there is no key, or the service refuses it.
        """
        key = net.needed_secret(self.url, self._address, "the key of aisstream.io")
        connection = await open_websocket(self.url, self._address)
        try:
            await connection.send(self._subscription(key), text=True)
            self.is_up = True
            while True:
                frames = cast("list[bytes]", await gathered(connection, decode=False))
                good = list(itertools.takewhile(lambda frame: not _is_complaint(frame), frames))
                if good:
                    yield joined(good)
                if len(good) < len(frames):
                    raise self._refused(frames[len(good)])
                await asyncio.sleep(GATHER_S)
        except ConnectionClosed as error:
            raise closed(self.url, error) from error
        finally:
            await connection.close()

    def _subscription(self, key: str) -> bytes:
        west, south, east, north = self._box
        said: dict[str, object] = {
            "APIKey": key,
            "BoundingBoxes": [[[south, west], [north, east]]],
            "FilterMessageTypes": list(KINDS),
        }
        if self._mmsis:
            said["FiltersShipMMSI"] = self._mmsis
        return msgspec.json.encode(said)

    def _refused(self, frame: bytes) -> FeedUnavailableError | UsageError:
        """Say what the service complains of."""
        said = _COMPLAINT.decode(frame)["error"][:120]
        if "key" in said.lower():
            return UsageError(f"aisstream.io refuses the key of feed {self.url.name}: {said!r}.")
        return FeedUnavailableError(f"aisstream.io answers {said!r}.", where=self.url.text)


def _is_complaint(frame: bytes) -> bool:
    """Tell a complaint of the service from its messages."""
    if not frame[:60].lstrip().startswith(b'{"error"'):
        return False
    try:
        return "error" in _COMPLAINT.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _mmsis(url: FeedUrl) -> list[str]:
    """Read option `mmsi`: nine digits each, parted by semicolons."""
    said = net.option(url, "mmsi")
    if said is None:
        return []
    out = [part.strip() for part in said.split(";")]
    if not all(len(part) == 9 and part.isascii() and part.isdigit() for part in out):
        raise UsageError(
            f"mmsi={said} is no list of MMSI.", where=url.text,
            hint="Write nine digits each: mmsi=230145250;265547250.",
        )  # fmt: skip
    return out
