"""Lines from a file that grows, and from a pipe."""

from __future__ import annotations

import asyncio
import json
import os
import select
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Final

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live.base import Transport
from sargas.feeds.live.net import check_options
from sargas.feeds.live.url import FeedUrl
from sargas.model.saved import refusing_damage

READ_BYTES: Final = 1 << 20
LOOK_S: Final = 0.25
"""How often a file is looked at for more."""


class TailTransport(Transport):
    """A file that another program writes: from its beginning on, over rotation and truncation.

    Options: `from=end` begins with what is added from now on.
    """

    codec = "nmea"
    unread = "it waits in the file"
    may_die = False

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url)
        check_options(url, "from")
        if not url.path:
            raise UsageError("tail: names no file.", hint="tail:FILE")
        begin = url.options.get("from", "start")
        if begin not in ("start", "end"):
            raise UsageError(f"from={begin} is neither start nor end.", where=url.text)
        self._path = Path(url.path)
        self._at_end = begin == "end"
        self._seen: tuple[str, int] | None = None

    def resume(self, place: bytes, taken_bytes: int) -> None:
        """Go on after what was taken of the file that `place` names.

        Raises:
            StateVersionError: it names none.
        """
        with refusing_damage(f"the place in {self._path.name}"):
            told = json.loads(place)
            self._seen = str(told["file"]), int(told["position"]) + taken_bytes

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give what is in the file and what is added to it; ends where another takes its name."""
        self.is_turning = False
        with self._open() as file:
            # An empty piece has the end kept at which it begins: the next run goes on from there.
            is_told, is_left = not (self._at_end and self._seen is None), False
            name, position = _identity(file), self._begin(file)
            self._seen = name, position
            self.place = json.dumps({"file": name, "position": position}).encode()
            while True:
                data = self._read(file)
                self.is_up = True
                if data or not is_told:
                    is_told = True
                    position += len(data)
                    self._seen = name, position
                    yield data
                    await asyncio.sleep(0)
                elif is_left or self._is_cut_short(name, position):
                    self.is_turning = True
                    return
                else:
                    # Whoever writes it may not know yet that it has lost its name: once more.
                    is_left = self._has_lost_its_name(name)
                    await asyncio.sleep(LOOK_S)

    def _open(self) -> IO[bytes]:
        try:
            file = open(self._path, "rb", buffering=0, opener=_at_once)  # noqa: SIM115
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                self._at_end = False  # all that it will hold is added from now on
            raise FeedUnavailableError(f"{error.strerror}.", where=self.url.text) from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # reading it would hold all feeds
            file.close()
            raise FeedUnavailableError(
                "It is no file, but a pipe or a device.", where=self.url.text,
                hint="Give it as standard input: sargas watch - < FILE.",
            )  # fmt: skip
        return file

    def _begin(self, file: IO[bytes]) -> int:
        """Go to where reading begins; give the position."""
        size = os.fstat(file.fileno()).st_size
        position = 0
        if self._seen is not None:
            name, taken = self._seen
            # A file that is shorter than what was read of it was written anew.
            position = taken if name == _identity(file) and taken <= size else 0
        elif self._at_end:
            position = size
        return file.seek(position)

    def _read(self, file: IO[bytes]) -> bytes:
        try:
            return file.read(READ_BYTES)
        except OSError as error:
            raise FeedUnavailableError(f"{error.strerror}.", where=self.url.text) from error

    def _is_cut_short(self, name: str, position: int) -> bool:
        """Tell whether the file has become shorter than what was read of it."""
        about = self._about()
        return about is not None and about[0] == name and about[1] < position

    def _has_lost_its_name(self, name: str) -> bool:
        """Tell whether its name stands for another file by now."""
        about = self._about()
        return about is not None and about[0] != name

    def _about(self) -> tuple[str, int] | None:
        """Give identity and size of what the name stands for."""
        try:
            about = self._path.stat()
        except OSError:
            return None  # between two files; the old one may still grow
        return f"{about.st_dev}:{about.st_ino}", about.st_size


class StdinTransport(Transport):
    """Lines from standard input, until it ends."""

    codec = "nmea"
    may_die = False

    def __init__(self, url: FeedUrl) -> None:
        super().__init__(url)
        check_options(url)
        if sys.stdin is None:  # its number may be that of a file of ours by now
            raise UsageError("Standard input is closed.", where="-", hint="Pipe something into it.")
        self._reading: asyncio.Future[bytes | None] | None = None
        self._is_inside_line = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give what arrives; where the last line has no end, its end as well."""
        while (data := await self._read()) is not None:
            self.is_up = True
            if data:
                self._is_inside_line = not data.endswith(b"\n")
                yield data
        if self._is_inside_line:
            self._is_inside_line = False
            yield b"\n"
        self.is_over = True

    async def _read(self) -> bytes | None:
        """Wait for what the one reading thread gives.

        A thread cannot be cancelled: what it reads after whoever waited has left is for the next
        who waits. It reads no further before somebody does.
        """
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(_from_stdin))
        try:
            data = await asyncio.shield(self._reading)
        except FeedUnavailableError:
            self._reading = None
            raise
        self._reading = None
        return data


def continues(before: bytes, taken_bytes: int, now: bytes) -> bool:
    """Tell whether a connection begins where an earlier one ended, maybe within a line.

    Args:
        before: the place of the earlier one. taken_bytes: what it brought. now: the place now.

    Example:
        >>> continues(b'{"file": "1:2", "position": 10}', 5, b'{"file": "1:2", "position": 15}')
        True
        >>> continues(b"", 5, b"")
        False
    """
    if not before or not now:
        return False
    try:
        old, new = json.loads(before), json.loads(now)
        told = old["file"], int(old["position"]) + taken_bytes
        return bool(told == (new["file"], int(new["position"])))
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return False  # what names no place continues nothing


def _at_once(path: str, flags: int) -> int:
    """Open without waiting: a named pipe would wait for whoever writes to it, and all with it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _from_stdin() -> bytes | None:
    """Wait a moment for input; None at its end."""
    try:
        ready, _, _ = select.select([0], [], [], 2 * LOOK_S)
        return (os.read(0, READ_BYTES) or None) if ready else b""
    except OSError as error:
        raise FeedUnavailableError(f"{error.strerror}.", where="-") from error


def _identity(file: IO[bytes]) -> str:
    """Name an open file whatever it is called."""
    about = os.fstat(file.fileno())
    return f"{about.st_dev}:{about.st_ino}"
