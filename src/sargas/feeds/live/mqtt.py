"""MQTT 3.1.1, plain, over TLS and over WebSockets.

The protocol is that of paho-mqtt; the connection is ours, so that it can be waited for, cut and
held back like any other: a packet is read only when the one before was taken.
"""

from __future__ import annotations

import asyncio
import struct
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, cast
from urllib.parse import unquote

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live import net
from sargas.feeds.live.base import Transport
from sargas.feeds.live.framing import joined
from sargas.feeds.live.sockets import GATHER_S, READ_BYTES
from sargas.feeds.live.url import FeedUrl
from sargas.feeds.live.websocket import gathered, open_websocket

TOPICS: Final = ("vessels-v2/+/location", "vessels-v2/+/metadata")
"""What is asked for where the address does not say: the topics of Digitraffic."""
KEEPALIVE_S: Final = 30
"""After so much silence the broker is asked whether it is there; as long again, and it is not."""
MAX_PACKET: Final = 128 << 10
"""Bytes in one message; a longer one ends the connection."""
_LOOK_S: Final = 5.0
_REFUSED: Final = (134, 135)
"""Bad user name or password; not authorised (the codes of MQTT 5, as paho gives them)."""


class _Link(ABC):
    """A connection as a stream of bytes."""

    @abstractmethod
    async def read(self) -> bytes:
        """Give what came; empty when the connection has ended."""

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Send."""

    @abstractmethod
    async def close(self) -> None:
        """Cut the connection."""


class _Stream(_Link):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(READ_BYTES)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        # Not wait_closed(): a broker that has stopped would never let go of TLS.
        self._writer.transport.abort()


class _Socket(_Link):
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def read(self) -> bytes:
        data = b""
        try:
            while not data:  # a frame may be empty, and is no end
                frames = await gathered(self._connection, decode=False)
                data = b"".join(cast("list[bytes]", frames))
        except ConnectionClosed:
            return b""
        return data

    async def write(self, data: bytes) -> None:
        try:
            await self._connection.send(data)
        except ConnectionClosed as error:
            raise ConnectionError("the WebSocket was closed") from error

    async def close(self) -> None:
        await self._connection.close()


class _Pipe:
    """What paho takes for its socket: bytes handed in, and bytes to be sent."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = bytearray(), bytearray()

    def recv(self, buffer_size: int) -> bytes:
        if not self.incoming:
            raise BlockingIOError
        out = bytes(self.incoming[:buffer_size])
        del self.incoming[:buffer_size]
        return out

    def send(self, buffer: bytes | bytearray) -> int:
        self.outgoing += buffer
        return len(buffer)

    def close(self) -> None:
        self.incoming.clear()

    def fileno(self) -> int:
        return -1

    def setblocking(self, flag: bool) -> None:
        """Do nothing: it never blocks."""


class _Session(Client):
    """One conversation with a broker.

    Args:
        topics: to subscribe to. login: user, empty for none, and password.
        piece_of: makes a piece of topic and message.

    Attributes:
        pipe: the bytes. waiting: messages not yet taken.
        end: why the conversation is over, once it is. is_ready: the topics are subscribed to.
    """

    def __init__(
        self,
        topics: tuple[str, ...],
        login: tuple[str, str | None],
        piece_of: Callable[[bytes, bytes], bytes],
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2, client_id=f"sargas-{uuid.uuid4().hex[:12]}",
            protocol=MQTTv311, reconnect_on_failure=False,
        )  # fmt: skip
        self.pipe = _Pipe()
        self.waiting: list[bytes] = []
        self.end: FeedUnavailableError | UsageError | None = None
        self.is_ready = False
        self._topics, self._piece_of = topics, piece_of
        if login[0]:
            self.username_pw_set(*login)
        self.on_connect = self._connected
        self.on_subscribe = self._subscribed
        self.on_message = self._heard

    @property
    def packet_size(self) -> int:
        """Bytes of the packet that is being read."""
        return int(self._in_packet["remaining_length"])

    def _create_socket(self) -> _Pipe:
        return self.pipe

    def _connected(self, _: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:  # noqa: ANN401
        if not reason.is_failure:
            self.subscribe([(topic, 0) for topic in self._topics])
        elif reason.value in _REFUSED:
            self.end = UsageError(f"The broker refuses user or password: {reason}.")
        else:
            self.end = FeedUnavailableError(f"The broker refuses: {reason}.")

    def _subscribed(self, _: Any, __: Any, ___: Any, reasons: Any, ____: Any) -> None:  # noqa: ANN401
        refused = [t for t, r in zip(self._topics, reasons, strict=False) if r.is_failure]
        if refused:
            self.end = UsageError(f"The broker refuses the topic {', '.join(refused)}.")
        self.is_ready = True

    def _heard(self, _: Any, __: Any, message: MQTTMessage) -> None:  # noqa: ANN401
        try:
            topic = message.topic.encode()
        except UnicodeDecodeError:
            topic = b"?"
        self.waiting.append(self._piece_of(topic, bytes(message.payload)))


class MqttTransport(Transport):
    r"""Messages by MQTT, each as its topic, a newline, and what was sent; see `framing`.

    Topics stand in the path (`mqtts://host/vessels-v2/+/location`) or in option `topics`, parted
    by semicolons. Messages come at most once (quality of service 0), as Digitraffic sends them:
    what the broker has for us while there is no connection, or while we do not read, it drops and
    does not tell (mosquitto: when the socket is full). So its pieces must be taken at once.
    """

    codec = "digitraffic-mqtt"
    unread = "its broker drops what comes meanwhile, and nobody counts it"

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url)
        own = ("query",) if url.scheme in ("ws", "wss") else ()
        net.check_options(url, "ca", "topics", "format", *own)
        self._address = net.bare(url.address)
        self._topics = _topics(url)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Connect, subscribe, and give the messages until the connection ends or is closed.

        The first piece is empty: the broker has accepted the topics.

        Raises:
            FeedUnavailableError: there is no connection to be had, or it broke.
            UsageError: the broker refuses the user, the password or a topic.
        """
        is_password = "query" not in self.url.options
        secret = net.secret_for(self.url, self._address) if is_password else None
        session = _Session(self._topics, (unquote(self.url.user), secret), self._piece)
        link = await self._open()
        try:
            session.connect("broker", keepalive=KEEPALIVE_S)  # by the pipe
            async with asyncio.timeout(net.OPEN_S):
                while not (session.is_ready or session.end):
                    await self._turn(session, link)
            if session.is_ready and not isinstance(session.end, UsageError):  # it lets us in
                self.is_up = True
                yield b""
            while True:
                if session.waiting:
                    pieces, session.waiting = session.waiting, []
                    yield self._join(pieces)
                    await asyncio.sleep(GATHER_S)
                if session.end:
                    raise session.end
                await self._turn(session, link)
        except TimeoutError as error:
            raise self._broken("The broker does not answer") from error
        except OSError as error:
            raise self._broken(f"The connection broke: {error}") from error
        finally:
            await link.close()

    def _piece(self, topic: bytes, message: bytes) -> bytes:
        return topic + b"\n" + message

    def _join(self, messages: list[bytes]) -> bytes:
        return joined(messages)

    async def _open(self) -> _Link:
        url = self.url
        if url.scheme in ("ws", "wss"):
            headers = {"Digitraffic-User": net.AGENT}
            address = net.with_secret(url, self._address)
            return _Socket(
                await open_websocket(url, address, headers=headers, subprotocols=["mqtt"])
            )
        is_tls = url.scheme == "mqtts"
        try:
            async with asyncio.timeout(net.OPEN_S):
                reader, writer = await asyncio.open_connection(
                    url.host, url.port or (8883 if is_tls else 1883),
                    ssl=net.tls_of(url) if is_tls else None, limit=READ_BYTES,
                )  # fmt: skip
        except (OSError, TimeoutError) as error:
            raise self._broken(
                f"There is no connection to be had: {error or 'no answer'}"
            ) from error
        return _Stream(reader, writer)

    async def _turn(self, session: _Session, link: _Link) -> None:
        """Send what is to be sent, wait for bytes, and let paho read them."""
        await self._flush(session, link)
        try:
            async with asyncio.timeout(_LOOK_S):
                data = await link.read()
        except TimeoutError:
            data = None
        if data == b"":
            session.end = self._broken("The broker closed the connection")
        elif data:
            session.pipe.incoming += data
            self._parse(session)
        if session.end:
            return
        if session.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            session.end = self._broken("The broker does not answer")
        else:
            await self._flush(session, link)

    def _parse(self, session: _Session) -> None:
        """Let paho read packets; a hostile one ends the connection, after those before it."""
        while session.pipe.incoming and not session.end:
            try:
                code = session.loop_read()
            except (ValueError, IndexError, struct.error) as error:
                session.end = self._broken(f"The broker sends what is no MQTT ({error})")
                return
            if session.end:  # the broker has said why
                return
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                session.end = self._broken(f"The broker sends what is no MQTT ({code.name})")
            elif session.packet_size > MAX_PACKET:
                what = f"The broker sends a message of {session.packet_size:,} bytes"
                session.end = self._broken(what)

    async def _flush(self, session: _Session, link: _Link) -> None:
        if session.want_write():  # what a callback wanted to send
            session.loop_write()
        if session.pipe.outgoing:
            data = bytes(session.pipe.outgoing)
            session.pipe.outgoing.clear()
            async with asyncio.timeout(net.OPEN_S):
                await link.write(data)

    def _broken(self, what: str) -> FeedUnavailableError:
        return FeedUnavailableError(f"{what}.", where=self.url.text)


class MqttNmeaTransport(MqttTransport):
    """Sentences of NMEA by MQTT, one or more whole lines a message, whatever the topic."""

    codec = "nmea"

    def _piece(self, topic: bytes, message: bytes) -> bytes:
        return message.removesuffix(b"\n") + b"\n"

    def _join(self, messages: list[bytes]) -> bytes:
        return b"".join(messages)


def _topics(url: FeedUrl) -> tuple[str, ...]:
    """Give the topics to subscribe to.

    Raises:
        UsageError: one is empty or too long.
    """
    said = url.options.get("topics")
    if said is None and url.scheme in ("mqtt", "mqtts"):
        said = url.path.strip("/")
    topics = tuple(said.split(";")) if said else TOPICS
    if not all(0 < len(topic.encode()) < 65_536 for topic in topics):
        raise UsageError(
            "One of the topics is empty or too long.", where=url.text,
            hint="Write one or more, parted by semicolons: topics=ais/a;ais/b.",
        )  # fmt: skip
    return topics
