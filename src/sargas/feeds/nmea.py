"""Logs of NMEA sentences: files, packed files, standard input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from sargas.decode.ais import AisDecoder
from sargas.decode.codes import LINE_OUTCOMES, REJECTED_LINES
from sargas.decode.delimited import harmless
from sargas.decode.tables import AisTables, FixTable, StaticTable
from sargas.errors import FormatError, InputError
from sargas.feeds.base import BATCH_BYTES, Count, Feed, Pieces
from sargas.feeds.opening import Source
from sargas.feeds.sniff import BOM, HEAD, text_format
from sargas.model.fixes import SEA, Batch, Fixes, Statics

FORMAT: Final = "nmea"
PIECE: Final = 4 << 20
_LOST: Final = frozenset(reason.word for reason in REJECTED_LINES)
_ETA_NONE: Final = 1596
"""Month 0, day 0, hour 24, minute 60: the wire's sign for no time of arrival."""


class NmeaFeed(Feed):
    """A feed of AIS sentences.

    `counts` holds everything the decoder counts, by its own reasons; `kept` is false for lines
    that were lost.
    """

    format = FORMAT
    lateness_ms = 60_000

    def __init__(self, source: Source, *, src_id: int = 0, batch_rows: int = 1_000_000) -> None:
        super().__init__(source, src_id=src_id, batch_rows=batch_rows)
        self.decoder = AisDecoder(src_id=src_id)
        self._samples: dict[str, str] = {}

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return self.decoder.lines

    @property
    def counts(self) -> dict[str, Count]:
        """What became of lines, parts and messages, by the decoder's reasons."""
        return counts_of(self.decoder, self._samples)

    def tables(self) -> Iterator[AisTables]:
        """Give the decoder's own tables: fixes, statics, and the index of every message.

        Raises:
            FormatError: there is no AIS sentence in the whole file.
            InputError: the file breaks off.
        """
        self._start()
        yield from self._tables()

    def _tables(self) -> Iterator[AisTables]:
        head = b""
        for where, stream in self._source.members():
            head = head or stream.peek(HEAD, lambda seen: b"\n" in seen)
            pieces, last = Pieces(stream, PIECE), b"\n"
            if stream.peek(3) == BOM:
                stream.read(3)
                yield self._feed(where, b"  \n")  # a blank line: offsets stay those of the file
            for piece in pieces:
                last = piece[-1:]
                yield self._feed(where, piece)
            if last != b"\n" and not pieces.error:
                yield self._feed(where, b"\n")  # members of a zip do not run into each other
            if pieces.error:
                yield self.decoder.finish()
                raise pieces.error
        yield self.decoder.finish()
        self._require_sentences(head)

    def _feed(self, where: str, piece: bytes) -> AisTables:
        before = self.decoder.counters.keys()
        base = self.decoder.offset
        tables = self.decoder.feed(piece)
        for reason, (_, offset) in self.decoder.counters.items():
            if reason not in before and base <= offset < base + len(piece):
                line = piece[offset - base : offset - base + 120].partition(b"\n")[0]
                self._samples[reason] = f"{where}, byte {offset}: {harmless(line)}"
        return tables

    def _require_sentences(self, head: bytes) -> None:
        counters = self.decoder.counters
        heard = sum(counters[r.word].count for r in LINE_OUTCOMES if r.word in counters)
        skipped = sum(
            counters[word].count
            for word in ("other_sentence", "blank", "comment", "binary_line", "line_too_long")
            if word in counters
        )
        if heard != skipped:
            return
        looks = text_format(head)
        raise FormatError(
            f"There is no AIS sentence in {heard:,} lines.",
            where=self.path,
            hint=f"It looks like {looks}: leave --format out." if looks else "",
        )

    def _batches(self) -> Iterator[Batch]:
        fixes: list[Fixes] = []
        statics: list[Statics] = []
        rows, since = 0, 0
        broken: InputError | None = None
        for tables in self._until_error():
            if isinstance(tables, InputError):
                broken = tables
                break
            fixes.append(fixes_of(tables.fixes))
            statics.append(statics_of(tables.static))
            rows += len(fixes[-1])
            if rows >= self._batch_rows or self.decoder.offset - since >= BATCH_BYTES:
                since, rows = self.decoder.offset, 0
                yield from _cut(Fixes.concat(fixes), Statics.concat(statics), self._batch_rows)
                fixes, statics = [], []
        yield from _cut(Fixes.concat(fixes), Statics.concat(statics), self._batch_rows)
        if broken:
            raise broken

    def _until_error(self) -> Iterator[AisTables | InputError]:
        """Give the tables, then the error that ended them: rows before it are handed over first."""
        try:
            yield from self._tables()
        except InputError as error:
            yield error


def counts_of(decoder: AisDecoder, samples: Mapping[str, str] | None = None) -> dict[str, Count]:
    """Give a decoder's counters as those of a feed.

    Args:
        decoder: it. samples: by reason, what stood where it first occurred.
    """
    samples = samples or {}
    return {
        reason: Count(n, offset, samples.get(reason, ""), reason not in _LOST)
        for reason, (n, offset) in decoder.counters.items()
    }


def _cut(fixes: Fixes, statics: Statics, batch_rows: int) -> Iterator[Batch]:
    if len(fixes) or len(statics):
        yield from Batch(fixes, statics).chunks(batch_rows)


def fixes_of(table: FixTable) -> Fixes:
    """Make fixes of the decoder's position reports; raw columns as they are.

    Args:
        table: n reports of types 1, 2, 3, 4, 9, 11, 18, 19, 21 and 27.

    Returns:
        n rows; reports without time keep `NO_TIME`.
    """
    n = len(table)
    return Fixes.build(
        n, domain=np.full(n, SEA), subject_id=table.mmsi, t_ms=table.t_ms,
        t_source=table.t_source, msg_type=table.msg_type, lon_raw=table.lon_raw,
        lat_raw=table.lat_raw, sog_raw=table.sog_raw, cog_raw=table.cog_raw,
        heading_raw=table.heading_raw, rot_raw=table.rot_raw, nav_status=table.nav_status,
        second_s=table.second_s, flags=table.flags, quality=table.quality,
        payload_hash=table.payload_hash, station=table.station, src_id=table.src_id,
        src_offset=table.src_offset, arrival_seq=table.arrival_seq,
    )  # fmt: skip


def statics_of(table: StaticTable) -> Statics:
    """Make statics of the decoder's static reports, both parts of type 24 apart.

    The type of an aid to navigation (21) is no ship type and is left out, as are sizes of which
    one end is unknown on the wire (0 and 0 give 0).
    """
    n = len(table)
    return Statics.build(
        n, domain=np.full(n, SEA), subject_id=table.mmsi, t_ms=table.t_ms, imo=table.imo,
        ship_type=np.where(table.msg_type == 21, 0, table.ship_type),
        length_m=table.bow_m + table.stern_m,
        beam_m=table.port_m.astype(np.uint16) + table.starboard_m,
        draught_dm=table.draught_raw,
        eta_raw=np.where(table.eta_raw == _ETA_NONE, 0, table.eta_raw), name=table.name,
        callsign=table.callsign, destination=table.destination, payload_hash=table.payload_hash,
        station=table.station, src_id=table.src_id, src_offset=table.src_offset,
        arrival_seq=table.arrival_seq,
    )  # fmt: skip
