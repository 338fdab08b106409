"""Delimited text in, batches of fixes and statics out: the face of the CSV kernels.

The kernels read whole lines; this module cuts any stream of bytes into blocks of them and keeps
the rest of a line for the next block. Any cut of the bytes gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sargas.decode.delimited_block import BlockReader, Memory, RowCount, Tally, harmless
from sargas.decode.delimited_columns import MAX_LINE
from sargas.decode.delimited_layout import DROPPED, Layout, Role, Row, make_layout
from sargas.decode.delimited_split import (
    PADDING,
    even_rows,
    find_edges,
    find_edges_quoted,
    find_rows,
)
from sargas.model.fixes import Batch, Fixes, Statics

__all__ = [
    "BLOCK",
    "DROPPED",
    "DelimitedDecoder",
    "Layout",
    "Memory",
    "Role",
    "Row",
    "RowCount",
    "harmless",
    "make_layout",
    "read_all",
    "warm",
]

BLOCK: Final = 1 << 20
"""Bytes read in one go: small enough that a block and its columns stay in the cache."""


class DelimitedDecoder:
    r"""Turns the lines of one table into batches.

    Args:
        layout: from `make_layout`.
        src_id: number of the source, kept in every row.
        batch_rows: fixes in a batch at most.
        lines: lines that came before the first byte fed (the header is line 1).
        arrival_seq: number of the first fix.
        memory: statics of the vessels as another table of the same feed left them.

    Example:
        >>> layout = make_layout(b"t,mmsi,lon,lat", ("t", "mmsi", "lon", "lat"),
        ...                      {Role.T: 0, Role.MMSI: 1, Role.LON: 2, Role.LAT: 3})
        >>> decoder = DelimitedDecoder(layout)
        >>> list(decoder.feed(b"2024-12-25T10:26:00Z,518998865,25.1,59.9\n"))
        []
        >>> decoder.flush().fixes.lon_raw.tolist()
        [15060000]
    """

    def __init__(
        self,
        layout: Layout,
        *,
        src_id: int = 0,
        batch_rows: int = 1_000_000,
        lines: int = 1,
        arrival_seq: int = 0,
        memory: Memory | None = None,
    ) -> None:
        self.layout, self.lines, self.arrival_seq = layout, lines, arrival_seq
        self.memory = memory or Memory.empty()
        self._tally = Tally()
        self._reader = BlockReader(layout, self._tally, self.memory, src_id)
        self._batch_rows = batch_rows
        self._buf = bytearray(MAX_LINE + BLOCK + PADDING)
        self._bytes = np.frombuffer(self._buf, np.uint8)
        self._edges = np.empty(len(self._buf) + 16, np.int32)
        self._first = np.empty(len(self._buf) + 16, np.int32)
        self._kept, self._skipping = 0, False
        self._fixes: list[Fixes] = []
        self._statics: list[Statics] = []
        self.waiting = 0

    @property
    def counts(self) -> dict[Row, RowCount]:
        """What was counted so far, by outcome."""
        return self._tally.counts

    def feed(self, data: bytes | memoryview) -> Iterator[Batch]:
        """Read bytes; yields a batch whenever one is full. `flush` gives the rest."""
        view = memoryview(data)
        for start in range(0, len(view), BLOCK):
            piece = view[start : start + BLOCK]
            if self._skipping:
                piece = self._skip(piece)
            self._buf[self._kept : self._kept + len(piece)] = piece
            yield from self._decode(self._kept + len(piece))

    def finish(self, *, truncated: bool = False) -> Iterator[Batch]:
        """Read the last line, if it has no newline.

        Args:
            truncated: the source broke off: what is left is half a line and is only counted.
        """
        kept, self._kept = self._kept, 0
        if self._skipping:
            self._skipping = False
            self._too_long()
        elif kept and truncated:
            self.lines += 1
            sample = harmless(self._buf[:kept])
            self._tally.add(Row.TRUNCATED_LINE, 1, self.lines, sample)
        elif kept:
            self._buf[kept] = 10
            yield from self._decode(kept + 1)

    def flush(self) -> Batch:
        """Hand over the rows read since the last batch."""
        batch = Batch(Fixes.concat(self._fixes), Statics.concat(self._statics))
        self._fixes, self._statics, self.waiting = [], [], 0
        return batch

    def _decode(self, filled: int) -> Iterator[Batch]:
        """Read the whole lines of the buffer and move the rest to its front."""
        stop = self._buf.rfind(b"\n", 0, filled) + 1
        if stop:
            yield from self._read_lines(stop)
        self._kept = filled - stop
        if self._kept > MAX_LINE:
            self._kept, self._skipping = 0, True
        elif self._kept and stop:
            self._buf[: self._kept] = self._buf[stop:filled]

    def _read_lines(self, stop: int) -> Iterator[Batch]:
        has_nul = self._buf.find(b"\0", 0, stop) >= 0
        # Hashes wrap around; numpy would warn of it where the kernels run as plain Python.
        with np.errstate(over="ignore"):
            n_rows = self._split(stop)
            fixes, statics = self._reader.read(
                self._bytes, self._edges, self._first, n_rows, self.lines + 1, has_nul=has_nul
            )
        self.lines += n_rows
        if len(fixes):
            self._keep(fixes, statics)
        while self.waiting >= self._batch_rows:
            yield self._cut()

    def _split(self, stop: int) -> int:
        """Find fields and rows; the short way when every row has the fields it should have."""
        delimiter, n_columns = self.layout.delimiter, self.layout.n_columns
        quoted = self._buf.find(b'"', 0, stop) >= 0
        find = find_edges_quoted if quoted else find_edges
        n_edges, n_ends = find(self._bytes, stop, delimiter, self._edges)
        if n_ends * n_columns == n_edges:
            n_rows = even_rows(self._bytes, self._edges, n_edges, n_columns, self._first)
            if n_rows >= 0:
                return n_rows
        return find_rows(self._bytes, self._edges, n_edges, self._first)

    def _keep(self, fixes: Fixes, statics: Statics) -> None:
        fixes.arrival_seq[:] += self.arrival_seq
        statics.arrival_seq[:] += self.arrival_seq
        self.arrival_seq += len(fixes)
        self.waiting += len(fixes)
        self._fixes.append(fixes)
        self._statics.append(statics)

    def _cut(self) -> Batch:
        """Hand over exactly `batch_rows` fixes, and the statics of the same rows."""
        everything = self.flush()
        n, fixes, statics = self._batch_rows, everything.fixes, everything.statics
        until = int(np.searchsorted(statics.arrival_seq, fixes.arrival_seq[n - 1], side="right"))
        self._fixes, self._statics = (
            [fixes.take(slice(n, None))],
            [statics.take(slice(until, None))],
        )
        self.waiting = len(fixes) - n
        return Batch(fixes.take(slice(0, n)), statics.take(slice(0, until)))

    def _skip(self, piece: memoryview) -> memoryview:
        """Drop the rest of a line that is too long."""
        at = bytes(piece).find(b"\n")
        if at < 0:
            return piece[:0]
        self._skipping = False
        self._too_long()
        return piece[at + 1 :]

    def _too_long(self) -> None:
        self.lines += 1
        self._tally.add(Row.LINE_TOO_LONG, 1, self.lines, f"longer than {MAX_LINE} bytes")


def read_all(decoder: DelimitedDecoder, *pieces: bytes) -> Batch:
    """Read pieces of bytes to the end into one batch: for small tables."""
    batches = [batch for piece in pieces for batch in decoder.feed(piece)]
    batches += decoder.finish()
    batches.append(decoder.flush())
    return Batch(Fixes.concat(b.fixes for b in batches), Statics.concat(b.statics for b in batches))


def warm() -> None:
    """Compile every kernel for delimited text, or load it from the cache, on two rows.

    The first run of an installation compiles for some seconds; later ones load in a fraction of
    one. A program that shows progress calls this first, as it does `sargas.decode.warm`.
    """
    names = tuple(role.name.lower() for role in Role)
    layout = make_layout(",".join(names).encode(), names, {role: int(role) for role in Role})
    row = dict.fromkeys(names, "1") | {"t": "2024-12-25 10:26:00", "mmsi": "219000001"}
    plain = ",".join(row.values()).encode() + b"\n"
    decoder = DelimitedDecoder(layout)
    read_all(decoder, plain + b"short\n", plain.replace(b",1,", b',"1",', 1))
