"""JSON of AIS-catcher: lines, slim or full, and the wrapper of its HTTP posts.

The decoded values in it are rounded to 32-bit floats, so only the raw sentences of `nmea` are
used, with the time of reception beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np

from sargas.decode.ais import AisDecoder
from sargas.decode.codes import TSource
from sargas.decode.delimited import harmless
from sargas.decode.tables import AisTables
from sargas.errors import FormatError
from sargas.feeds.base import Count, Feed, Pieces
from sargas.feeds.nmea import fixes_of, statics_of
from sargas.feeds.opening import PIECE, Source
from sargas.model.fixes import Batch

FORMAT: Final = "aiscatcher-json"
MAX_DOCUMENT: Final = 64 << 20
"""Bytes of one JSON document at most; a line of AIS-catcher has a few hundred."""

_GROUP: Final = 20_000
"""Lines decoded in one go."""


class Message(msgspec.Struct):
    """What is read of a message."""

    nmea: list[str] = []
    rxtime: str | int | None = None
    rxuxtime: float | None = None


class Wrapper(msgspec.Struct):
    """What is read of an HTTP post, or of a message that is no wrapper (`msgs` is None)."""

    msgs: list[Message] | None = None
    nmea: list[str] | None = None
    rxtime: str | int | None = None
    rxuxtime: float | None = None


_DECODE: Final = msgspec.json.Decoder(Wrapper | list[Wrapper])


class AiscatcherFeed(Feed):
    """A feed of AIS-catcher JSON; every message keeps the number of its line.

    A line that is no JSON, or JSON without sentences, is counted and skipped. What the decoder
    says of the sentences stands beside it, by its own reasons.
    """

    format = FORMAT
    lateness_ms = 60_000

    def __init__(self, source: Source, *, src_id: int = 0, batch_rows: int = 1_000_000) -> None:
        super().__init__(source, src_id=src_id, batch_rows=batch_rows)
        self.decoder = AisDecoder(src_id=src_id)
        self._lines = 0
        self._own: dict[str, Count] = {}
        self._first: dict[str, tuple[int, str]] = {}
        self._text: list[bytes] = []
        self._sizes, self._numbers = [0], [0]
        self._starts, self._line_of = np.zeros(1, np.int64), np.zeros(1, np.int64)

    @property
    def lines(self) -> int:
        """JSON lines read so far."""
        return self._lines

    @property
    def counts(self) -> dict[str, Count]:
        """What became of lines and sentences; offsets are line numbers."""
        counts = dict(self._own)
        for reason, (n, _) in self.decoder.counters.items():
            line, sample = self._first.get(reason, (0, ""))
            counts.setdefault(reason, Count(n, line, sample, kept=True))
        return counts

    def tables(self) -> Iterator[AisTables]:
        """Give the decoder's tables; `src_offset` is the number of the JSON line.

        Raises:
            FormatError: there is no sentence in the whole file.
            InputError: the file breaks off.
        """
        self._start()
        yield from self._tables()

    def _batches(self) -> Iterator[Batch]:
        for tables in self._tables():
            fixes, statics = fixes_of(tables.fixes), statics_of(tables.static)
            if len(fixes) or len(statics):
                yield from Batch(fixes, statics).chunks(self._batch_rows)

    def _tables(self) -> Iterator[AisTables]:
        error = None
        for where, stream in self._source.members():
            pieces = Pieces(stream, PIECE)
            for line in self._split(where, iter(pieces)):
                self._read(where, line)
                if len(self._text) >= _GROUP:
                    yield self._decode()
            error = error or pieces.error
        yield self._decode()
        yield self._renumber(self.decoder.finish())
        if error:
            raise error
        if "document" not in self._own:
            raise FormatError(
                f"There is no AIS sentence in {self._lines:,} lines of JSON.",
                where=self.path,
                hint="AIS-catcher writes them as the array nmea; other JSON is not read.",
            )

    def _split(self, where: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Cut pieces into lines; a first line that is only a beginning takes the rest."""
        rest, first, skipping = b"", True, False
        for piece in pieces:
            parts = (rest + piece).split(b"\n")
            rest = parts.pop()
            for i, line in enumerate(parts):
                if skipping:
                    skipping = False
                    continue
                if first and line.strip():
                    first = False
                    if not _is_json(line):
                        whole = _gather(b"\n".join([*parts[i:], rest]), pieces)
                        if _is_json(whole):
                            yield whole
                            return
                        yield from whole.split(b"\n")
                        return
                yield line
            if len(rest) > MAX_DOCUMENT:
                self._lines += 1
                self._count("line_too_long", f"{where}, line {self._lines}", kept=False)
                rest, skipping = b"", True
        if rest and not skipping:
            yield rest

    def _read(self, where: str, line: bytes) -> None:
        """Take the sentences of one line, each with a tag block that holds its time."""
        self._lines += 1
        if not line.strip():
            self._count("blank", f"{where}, line {self._lines}", kept=False)
            return
        sample = f"{where}, line {self._lines}: {harmless(line)}"
        try:
            document = _DECODE.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._count("bad_json", sample, kept=False)
            return
        found = 0
        for wrapper in document if isinstance(document, list) else [document]:
            own = [Message(wrapper.nmea, wrapper.rxtime, wrapper.rxuxtime)] if wrapper.nmea else []
            for message in [*own, *(wrapper.msgs or [])]:
                found += self._take(message, sample)
        self._count("document" if found else "no_sentence", sample, kept=found > 0)

    def _take(self, message: Message, sample: str) -> int:
        tag = _tag(message)
        for sentence in message.nmea:
            text = sentence.strip().encode("latin-1", "replace")
            if b"\n" in text or b"\r" in text:
                self._count("bad_sentence", sample, kept=True)
                text = text.replace(b"\n", b" ").replace(b"\r", b" ")
            self._text.append(tag + text + b"\n")
            self._sizes.append(len(self._text[-1]))
            self._numbers.append(self._lines)
        return len(message.nmea)

    def _decode(self) -> AisTables:
        """Decode the sentences gathered, and put line numbers for byte offsets."""
        base, before = self.decoder.offset, self.decoder.counters.keys()
        starts = base + np.cumsum([0, *self._sizes[1:-1]])[: len(self._text)]
        keep = slice(-_GROUP, None)
        self._starts = np.concatenate([self._starts[keep], starts]).astype(np.int64)
        numbers = np.array(self._numbers[1:], np.int64)
        self._line_of = np.concatenate([self._line_of[keep], numbers])
        tables = self._renumber(self.decoder.feed(b"".join(self._text)))
        for reason, (_, offset) in self.decoder.counters.items():
            if reason not in before:
                line = int(self._lines_at(np.array([offset]))[0])
                at = int(np.searchsorted(starts, offset, side="right")) - 1
                text = self._text[at] if 0 <= at < len(self._text) else b""
                self._first[reason] = line, f"{self.path}, line {line}: {harmless(text)}"
        self._text, self._sizes, self._numbers = [], [0], [0]
        return tables

    def _renumber(self, tables: AisTables) -> AisTables:
        for table in (tables.fixes, tables.static, tables.messages):
            if len(table):
                table.src_offset[:] = self._lines_at(table.src_offset)
                table.t_source[table.t_source == TSource.TAG] = TSource.READER
        return tables

    def _lines_at(self, offsets: Any) -> Any:  # noqa: ANN401 - arrays of int64
        at = np.searchsorted(self._starts, offsets, side="right") - 1
        return self._line_of[np.maximum(at, 0)]

    def _count(self, reason: str, sample: str, *, kept: bool) -> None:
        old = self._own.get(reason)
        self._own[reason] = (
            old._replace(count=old.count + 1) if old else Count(1, self._lines, sample, kept)
        )


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _gather(start: bytes, pieces: Iterator[bytes]) -> bytes:
    """Join the rest of a small stream; a large one is no single document and stays cut short."""
    parts, size = [start], len(start)
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > MAX_DOCUMENT:
            raise FormatError(
                f"The JSON is one document of more than {MAX_DOCUMENT:,} bytes.",
                hint="Write one message a line, as AIS-catcher does with -o 5.",
            )
    return b"".join(parts)


def _tag(message: Message) -> bytes:
    """Make the tag block with the time of reception, in ms; empty if there is none."""
    t_ms = _t_ms(message)
    if t_ms is None:
        return b""
    body = b"c:%d" % t_ms
    check = 0
    for byte in body:
        check ^= byte
    return b"\\%s*%02X\\" % (body, check)


def _t_ms(message: Message) -> int | None:
    if message.rxuxtime is not None and 0 < message.rxuxtime < 1e11:
        return round(message.rxuxtime * 1000)
    text = str(message.rxtime or "")
    if len(text) != 14 or not text.isdecimal():
        return None
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000
