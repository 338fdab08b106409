"""What every feed from a file has: batches, counters, progress."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from sargas.errors import InputError, UsageError
from sargas.feeds.opening import Source
from sargas.model.fixes import Batch

BATCH_BYTES: Final = 16 << 20
"""Bytes of unpacked input after which a batch is handed over, full or not."""


class Count(NamedTuple):
    """How often something happened in a feed.

    Attributes:
        count: how often.
        first_offset: where first: byte offset in NMEA, else the line or row number.
        sample: the place and what stood there, short and printable.
        kept: the rows concerned are in the batches all the same.
    """

    count: int  # type: ignore[assignment]
    first_offset: int
    sample: str
    kept: bool


class Feed(ABC):
    """Batches of fixes and statics from one file, in order of arrival.

    A feed is read once. A file that breaks off gives the rows before the break, then an
    `InputError`; rows that cannot be read are counted by reason and do not stop it.

    Attributes:
        path: as given, `-` for standard input.
        lateness_ms: how far behind the latest time a row of such a file may lie.
        rows: fixes handed over so far; `static_rows`: statics.
    """

    format: str
    lateness_ms: int = 600_000

    def __init__(self, source: Source, *, src_id: int = 0, batch_rows: int = 1_000_000) -> None:
        if batch_rows < 1:
            raise UsageError(f"batch_rows is {batch_rows}; it must be 1 or more.")
        if not 0 <= src_id < 2**32:
            raise UsageError(f"src_id {src_id} is not an unsigned 32-bit number.")
        self._source, self._src_id, self._batch_rows = source, src_id, batch_rows
        self._started = False
        self.path = source.where
        self.rows = self.static_rows = 0

    @property
    def bytes_total(self) -> int | None:
        """Size of the file as it lies there; None for standard input."""
        return self._source.bytes_total

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, of the file as it lies there."""
        return self._source.bytes_read

    @property
    @abstractmethod
    def lines(self) -> int:
        """Lines (or rows of Parquet) read so far."""

    @property
    @abstractmethod
    def counts(self) -> dict[str, Count]:
        """What was counted so far, by reason: lines = fixes + counts that are not kept.

        In NMEA, where a message may take several lines, the line outcomes of
        `sargas.decode.codes.LINE_OUTCOMES` sum to the lines.
        """

    @abstractmethod
    def _batches(self) -> Iterator[Batch]:
        """Give the batches."""

    def __iter__(self) -> Iterator[Batch]:
        self._start()
        for batch in self._batches():
            self.rows += len(batch.fixes)
            self.static_rows += len(batch.statics)
            yield batch

    def tables(self) -> Iterator[Any]:
        """Give what the file holds: `AisTables` of NMEA, batches of other formats."""
        yield from self

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> None:
        if self._started:
            raise UsageError("A feed is read once.", where=self.path, hint="Open it again.")
        self._started = True


class Pieces:
    """The bytes of a stream in pieces; an error ends them and is kept for later.

    So a feed can first hand over what came before the break.
    """

    def __init__(self, stream: Any, size: int) -> None:  # noqa: ANN401 - Raw or Peeked
        self._stream, self._size = stream, size
        self.error: InputError | None = None

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                piece = self._stream.read(self._size)
            except InputError as error:
                self.error = error
                return
            if not piece:
                return
            yield piece
