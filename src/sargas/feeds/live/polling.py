"""Feeds that must be asked again and again by HTTP: Digitraffic's lists, AISHub, texts of NMEA."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live import net
from sargas.feeds.live.aishub import refusal_of
from sargas.feeds.live.base import Transport
from sargas.feeds.live.overlap import after_overlap
from sargas.feeds.live.url import EVERY_S, FeedUrl
from sargas.feeds.live.websocket import basic_login

MAX_LIST, MAX_TEXT = 48 << 20, 8 << 20
"""Bytes of an answer, unpacked: a list of 60,000 vessels has some 20 MB, and a text of sentences
that is asked for each minute should have far less."""
ANSWER_S: Final = 60.0
"""How long an answer may take altogether (chosen: such a list at 3 Mbit/s)."""
SILENCE_S: Final = 20.0
"""How long a server may be silent within an answer."""
EVERY_LEAST_S: Final = 10.0
"""How often a server is asked at most."""
EVERY_HERE_S: Final = 0.02
"""The same for a server on this machine, which is the user's own."""
AISHUB: Final = "https://data.aishub.net/ws.php"
AISHUB_LEAST_S: Final = 60.0
"""AISHub wants to be asked at most once a minute."""
RETRY_AFTER_S = 900.0
"""For how long a server that is not well may put us off (chosen): a watch that is blind for a day
is none."""
_DAY_S: Final = 86_400.0
_REDIRECTS: Final = 3
_CHUNK: Final = 1 << 20
_VALIDATOR_MOST: Final = 1000


def _is_harmless(record: logging.LogRecord) -> bool:
    """Keep the library's line for each request out of the logs: its address may hold a key."""
    return record.levelno >= logging.WARNING


logging.getLogger("httpx2").addFilter(_is_harmless)
# What it says at DEBUG holds what servers answer, who may repeat a key.
logging.getLogger("httpcore2").setLevel(logging.INFO)


class HttpTransport(Transport):
    """A text of NMEA sentences that grows or rolls on, asked for again and again.

    A piece is what was added since the answer before; where the two do not touch, all of it.

    Attributes:
        every_s: how often the server is asked; nothing can come in between.
    """

    codec = "nmea"
    unread = "it is not asked"
    may_die = False  # each answer has its limits, and between them nothing can come
    headers: Mapping[str, str] = {}
    least_s = EVERY_LEAST_S
    most = MAX_TEXT

    def __init__(self, url: FeedUrl, *own: str) -> None:
        super().__init__(url)
        net.check_options(url, "ca", "every", *(own or ("query",)))
        self._address = self._where()
        self._is_here = net.is_loopback(urlsplit(self._address).hostname or "")
        least_s = EVERY_HERE_S if self._is_here else self.least_s
        self.every_s = net.number_option(url, "every", EVERY_S, least_s, _DAY_S)
        if url.idle_s < 2.5 * self.every_s:
            raise UsageError(
                f"idle={url.idle_s:g} is too short for a feed that is asked every"
                f" {self.every_s:g} s.", where=url.text,
                hint=f"Leave idle out, or give {3 * self.every_s:g} or more.",
            )  # fmt: skip
        self._next_s = 0.0
        self._told: dict[str, str] = {}
        self._before = b""

    async def pieces(self) -> AsyncIterator[bytes]:
        """Ask again and again, and give what is new, until an answer fails to come.

        Raises:
            FeedUnavailableError: the server does not answer, or not as it should.
            UsageError: it refuses the user or the key.
        """
        verify: Any = net.tls_of(self.url) if self._address.startswith("https:") else False
        async with httpx2.AsyncClient(
            verify=verify, follow_redirects=False, timeout=SILENCE_S, headers=self._headers(),
            trust_env=not self._is_here,
        ) as client:  # fmt: skip
            while True:
                await self._wait()
                body, told = await self._ask(client)
                piece = self._piece(body)
                self.is_up = True
                yield piece
                # Only now was it taken: before, the server must not believe that we have it.
                self._told, self._before = told, self._lines(body) or self._before

    def _where(self) -> str:
        """Give the address to ask, without secrets."""
        return net.bare(self.url.address)

    def _query(self) -> str:
        """Give what is added to the address, secrets included."""
        return ""

    def _piece(self, body: bytes) -> bytes:
        """Give what is new in an answer; empty if nothing is."""
        return after_overlap(self._before, self._lines(body))

    def _lines(self, body: bytes) -> bytes:
        """Give whole lines; nothing for an answer of blanks."""
        return body.removesuffix(b"\n") + b"\n" if body.strip() else b""

    def _headers(self) -> dict[str, str]:
        said = {"User-Agent": net.AGENT, "Accept-Encoding": "gzip", **self.headers}
        return said | basic_login(self.url, self._address)

    async def _wait(self) -> None:
        """Wait until the server may be asked again, also after a failure or a new connection."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next_s - loop.time()))
        self._next_s = loop.time() + self.every_s

    async def _ask(self, client: httpx2.AsyncClient) -> tuple[bytes, dict[str, str]]:
        """Ask once; gives the body, empty if nothing has changed, and what to tell next time."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._follow(client)
        except TimeoutError as error:
            raise self._broken(f"There was no whole answer within {ANSWER_S:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            # Never the library's own text: the address in it may hold a key.
            raise self._broken(f"The server does not answer ({type(error).__name__})") from None

    async def _follow(self, client: httpx2.AsyncClient) -> tuple[bytes, dict[str, str]]:
        address = net.with_secret(self.url, self._address) + self._query()
        for _ in range(_REDIRECTS):
            async with client.stream("GET", address, headers=self._told) as answer:
                if answer.status_code == 304:
                    return b"", self._told
                if answer.is_redirect and "location" in answer.headers:
                    address = self._redirected(address, answer.headers["location"])
                    continue
                self._check(answer)
                return await self._body(answer), _validators(answer)
        raise self._broken(f"The server redirects more than {_REDIRECTS} times")

    def _redirected(self, address: str, location: str) -> str:
        """Give where a redirect leads, if it stays with the server."""
        try:
            there = urljoin(address, location)
            here, new = urlsplit(address), urlsplit(there)
        except ValueError:
            raise self._broken("The server sends us to what is no address") from None
        if (here.scheme, here.netloc) != (new.scheme, new.netloc):
            raise FeedUnavailableError(
                f"The server sends us elsewhere, to {new.scheme}://{new.hostname or ''}.",
                where=self.url.text, hint="Give that address, if it is meant.",
            )  # fmt: skip
        return there

    def _check(self, answer: httpx2.Response) -> None:
        status = answer.status_code
        if status == 401:
            raise UsageError(
                f"The server of feed {self.url.name} refuses the user or the secret (401).",
                where=self.url.text,
            )
        if status != 200:
            after = answer.headers.get("retry-after", "")
            if after.isascii() and after.isdigit():
                asked_s = float(after[:9])
                wait_s = min(asked_s, RETRY_AFTER_S)
                self._next_s = max(self._next_s, asyncio.get_running_loop().time() + wait_s)
                raise self._broken(
                    f"The server answers {status} and wants to be left alone for {asked_s:,.0f} s;"
                    f" it is asked again in {wait_s:,.0f} s"
                )
            raise self._broken(f"The server answers {status}")

    async def _body(self, answer: httpx2.Response) -> bytes:
        """Read an answer, unpacked, within bounds."""
        coding = answer.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip"):
            raise self._broken(f"The answer is packed as {coding[:40]}, which was not asked for")
        unpack = None if coding == "identity" else zlib.decompressobj(wbits=31)
        out = bytearray()
        async for chunk in answer.aiter_raw():
            if unpack is None:
                out += chunk
            else:
                self._unpack(unpack, chunk, out)
            if len(out) > self.most:
                raise self._broken(f"The answer is longer than {self.most:,} bytes")
        if unpack is not None and not unpack.eof:
            raise self._broken("The answer breaks off")
        return bytes(out)

    def _unpack(self, unpack: Any, chunk: bytes, out: bytearray) -> None:  # noqa: ANN401 - zlib has no name for it
        """Unpack a chunk, no further than one byte beyond what an answer may have."""
        try:
            while chunk and len(out) <= self.most:
                out += unpack.decompress(chunk, _CHUNK)
                chunk = unpack.unconsumed_tail
        except zlib.error as error:
            raise self._broken("The answer is no gzip") from error

    def _broken(self, what: str) -> FeedUnavailableError:
        return FeedUnavailableError(f"{what}.", where=self.url.text)


class DigitrafficTransport(HttpTransport):
    """The lists of Digitraffic: `/api/ais/v1/locations` and `/api/ais/v1/vessels`."""

    codec = "digitraffic-rest"
    most = MAX_LIST
    headers = {"Digitraffic-User": net.AGENT, "Accept": "application/json"}  # noqa: RUF012 - never changed

    def _piece(self, body: bytes) -> bytes:
        return body


class AishubTransport(HttpTransport):
    """The exchange AISHub: the last known positions within a box, at most once a minute."""

    codec = "aishub"
    most = MAX_LIST
    least_s = AISHUB_LEAST_S

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url, "server", "bbox")
        self._box = net.box_of(url)
        self._key = ""

    async def pieces(self) -> AsyncIterator[bytes]:
        """Ask again and again, and give each list.

        Raises:
            FeedUnavailableError: the service does not answer, or does not want to just now.
            UsageError: there is no user name, or the service refuses it.
        """
        self._key = net.needed_secret(self.url, self._address, "the user name of AISHub")
        async for piece in super().pieces():
            yield piece

    def _where(self) -> str:
        return net.server_of(self.url, AISHUB, "https", "http")

    def _query(self) -> str:
        west, south, east, north = self._box
        said = {
            "username": self._key, "format": 0, "output": "json", "compress": 0,
            "latmin": south, "latmax": north, "lonmin": west, "lonmax": east,
        }  # fmt: skip
        return f"?{urlencode(said)}"

    def _headers(self) -> dict[str, str]:
        # The user name goes into the address, and nowhere else.
        return {"User-Agent": net.AGENT, "Accept-Encoding": "gzip"}

    def _piece(self, body: bytes) -> bytes:
        """Give the list without our user name, which the service repeats in it."""
        head, brace, rest = body.partition(b"}")
        complaint = refusal_of(head + brace)
        key, hidden = self._key.encode(), b"***"
        if complaint is None:
            return body.replace(key, hidden)  # whatever it is, it is no answer as they should be
        if complaint:
            if "user" in complaint.lower():
                raise UsageError(
                    f"AISHub refuses the user name of feed {self.url.name}.", where=self.url.text
                )
            said = complaint.replace(self._key, "***")[:120]
            raise FeedUnavailableError(f"AISHub answers {said!r}.", where=self.url.text)
        return head.replace(key, hidden) + brace + rest


def _validators(answer: httpx2.Response) -> dict[str, str]:
    """Give what tells the server next time which answer we have; nothing that cannot be sent."""
    out = {}
    for theirs, ours in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        value = answer.headers.get(theirs, "")
        if 0 < len(value) <= _VALIDATOR_MOST and value.isascii() and value.isprintable():
            out[ours] = value
    return out
