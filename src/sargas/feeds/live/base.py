"""What every live feed has: a transport that brings pieces, and a codec that reads them.

A transport is impatient and forgets: it connects, gives what arrives, and ends with the line. The
supervisor (`supervise`) calls it again. A codec is patient and exact: it is given each piece with
the time at which it was received, once, in order, and its rows depend on these alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar, NamedTuple

from sargas.feeds.base import Count
from sargas.feeds.live.url import FeedUrl
from sargas.model.fixes import Batch


class Piece(NamedTuple):
    """What a transport gave at a time.

    Attributes:
        t_ms: when it was received, Unix ms UTC.
        data: as received; empty where a connection began (a half line before it is dropped).
    """

    t_ms: int
    data: bytes


class Transport(ABC):
    """Brings what a server sends, over one connection at a time.

    Attributes:
        codec: name of the codec that reads its pieces.
        unread: what becomes, in words, of what is sent while we do not read.
        may_die: whether it has a line that may be dead without knowing, so that it is called anew
            when nothing came for too long; a port or a file would only miss what comes meanwhile,
            and a server that is asked has its own limits.
        is_up: whether this connection stands, though it may have brought nothing yet.
        place: where in a file this connection begins, for `resume`; empty for other feeds.
        is_over: the feed has ended for good, as a pipe does.
        is_turning: the connection ended as it should, to go on with another file at once.
    """

    codec: str
    unread: ClassVar[str] = "its sender waits"
    may_die: ClassVar[bool] = True
    is_up: bool = False
    place: bytes = b""
    is_over: bool = False
    is_turning: bool = False

    def __init__(self, url: FeedUrl) -> None:
        self.url = url
        self.dropped = 0

    def resume(self, place: bytes, taken_bytes: int) -> None:  # noqa: B027 - few can
        """Go on where an earlier connection stopped, if the feed can.

        Args:
            place: as that connection told. taken_bytes: what it brought.
        """

    @abstractmethod
    def pieces(self) -> AsyncIterator[bytes]:
        """Connect, and give what arrives until the connection ends or is closed.

        An async generator; whoever leaves it closes it, and with it the connection. An empty
        piece says that the server answered and has nothing new.

        Raises:
            FeedUnavailableError: there is no connection to be had, or it broke; it may be tried
                again.
            UsageError: trying again will not help: a wrong key, a missing option.
        """


class Codec(ABC):
    """Turns pieces of one feed into rows.

    Args:
        src_id: number of the feed, written into every row.

    Attributes:
        lines: lines or messages read so far.
        counts: what became of them, by reason.
        is_polled: its pieces are lists of what is known last, in which a report may come again.
    """

    is_polled: bool = False

    def __init__(self, src_id: int = 0) -> None:
        self.src_id = src_id

    @property
    @abstractmethod
    def lines(self) -> int:
        """Lines or messages read so far."""

    @property
    @abstractmethod
    def counts(self) -> dict[str, Count]:
        """What became of lines, by reason; see `Feed.counts`."""

    @property
    def stations(self) -> list[str]:
        """Names of stations that are no numbers: code -2 - k stands for `stations[k]`."""
        return []

    @abstractmethod
    def feed(self, pieces: Sequence[Piece]) -> Batch:
        """Read pieces in order of arrival; hostile content is counted, never raised."""

    @abstractmethod
    def dump(self) -> bytes:
        """Give all that the next rows depend on, and the counts, with a version."""

    @abstractmethod
    def load(self, state: bytes) -> None:
        """Take up what `dump` gave.

        Raises:
            StateVersionError: it is of another version.
        """
