"""One block of whole lines to fixes and statics, column by column.

Rows that cannot be read (who, when, where) are counted and left out before the other columns are
read; a field that cannot be read is missing, and counted. What a vessel says about itself stands
in every row of an archive: only rows where it changed become statics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.decode import delimited_columns as kernels
from sargas.decode.codes import Quality, TSource
from sargas.decode.delimited_columns import UNKNOWN
from sargas.decode.delimited_fields import BAD
from sargas.decode.delimited_layout import Layout, Role, Row, rot_table
from sargas.model.fixes import (
    COG_NONE,
    HEADING_NONE,
    LAT_NONE,
    LON_NONE,
    NAV_STATUS_NONE,
    ROT_NONE,
    SOG_NONE,
    Fixes,
    Statics,
)
from sargas.model.time import NO_TIME

Ints = NDArray[np.int64]

_ROT: Final = rot_table()
_NONE: Final = np.array([NO_TIME, LON_NONE, LAT_NONE], np.int64)
_QUALITY: Final = np.array(
    [
        Quality.MMSI_ZERO,
        Quality.MMSI_SHAPE,
        Quality.POSITION_OUT_OF_RANGE,
        Quality.TIME_MISSING,
    ],
    np.int64,
)
_INT32: Final = 2**31 - 1
_SHAPES: Final = {
    kernels.BLANK: Row.BLANK,
    kernels.WRONG_FIELD_COUNT: Row.WRONG_FIELD_COUNT,
    kernels.NUL_BYTES: Row.NUL_BYTES,
    kernels.LINE_TOO_LONG: Row.LINE_TOO_LONG,
    kernels.HEADER: Row.HEADER,
}


class RowCount(NamedTuple):
    """How often something happened, the line where it did first, what stood there."""

    n: int
    first_line: int
    sample: str


@dataclass
class Tally:
    """Counters of lines and fields by what became of them."""

    counts: dict[Row, RowCount] = field(default_factory=dict)

    def add(self, row: Row, n: int, line: int, sample: str) -> None:
        """Count `n` more, the first of them at `line`."""
        old = self.counts.get(row)
        self.counts[row] = old._replace(n=old.n + n) if old else RowCount(n, line, sample)


@dataclass
class Memory:
    """What each vessel said last about itself: an open hash table, a power of two of places.

    Attributes:
        mmsi: int64, -1 for a free place.
        seen: uint64, hash of the bytes of its last row.
        sent: uint64, hash of the values last handed out.
        taken: places taken, at most half.
    """

    mmsi: Ints
    seen: NDArray[np.uint64]
    sent: NDArray[np.uint64]
    taken: int = 0

    @classmethod
    def empty(cls, places: int = 8192) -> Memory:
        """Make a table of no vessels."""
        return cls(
            np.full(places, -1, np.int64), np.zeros(places, np.uint64), np.zeros(places, np.uint64)
        )

    def places_of(self, mmsi: Ints) -> Ints:
        """Give each vessel's place, taking new ones in; the table grows when half full."""
        places = np.empty(len(mmsi), np.int64)
        row, self.taken = kernels.find_vessels(self.mmsi, mmsi, 0, self.taken, places)
        while row < len(mmsi):
            self._grow()
            row, self.taken = kernels.find_vessels(self.mmsi, mmsi, 0, self.taken, places)
        return places

    def _grow(self) -> None:
        bigger = Memory.empty(2 * len(self.mmsi))
        old = np.flatnonzero(self.mmsi >= 0)
        new = np.empty(len(old), np.int64)
        _, bigger.taken = kernels.find_vessels(bigger.mmsi, self.mmsi[old], 0, 0, new)
        bigger.seen[new], bigger.sent[new] = self.seen[old], self.sent[old]
        self.mmsi, self.seen, self.sent, self.taken = (
            bigger.mmsi, bigger.seen, bigger.sent, bigger.taken,
        )  # fmt: skip


class Block(NamedTuple):
    """Rows of a block of text.

    Attributes:
        buf, edges: as for the kernels.
        first: (n,) int32, edge before the first field of each row.
        lines: (n,) int64, line number of each row.
    """

    buf: NDArray[np.uint8]
    edges: NDArray[np.int32]
    first: NDArray[np.int32]
    lines: Ints

    def take(self, rows: NDArray[Any]) -> Block:
        """Pick rows by mask or index."""
        return self._replace(first=self.first[rows], lines=self.lines[rows])

    def row_text(self, row: int, n_columns: int) -> str:
        """Show a row, harmlessly."""
        start = int(self.edges[self.first[row]]) + 1
        return harmless(self.buf[start : int(self.edges[self.first[row] + n_columns])])

    def field_text(self, row: int, column: int) -> str:
        """Show a field, harmlessly."""
        at = int(self.first[row]) + column
        return harmless(self.buf[int(self.edges[at]) + 1 : int(self.edges[at + 1])])


def harmless(data: NDArray[np.uint8] | bytes | bytearray) -> str:
    """Show hostile bytes as one short line of printable characters."""
    text = bytes(data[:80]).decode("latin-1").rstrip("\r\n")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


class BlockReader:
    """Reads the blocks of one table; keeps what goes from block to block.

    Args:
        layout: what the columns mean.
        tally: where to count.
        memory: what vessels said last; shared by tables that follow each other.
        src_id: number of the source.
    """

    def __init__(self, layout: Layout, tally: Tally, memory: Memory, src_id: int) -> None:
        self.layout, self.tally, self.memory, self._src_id = layout, tally, memory, src_id
        self._day, self._eta_day = np.zeros(7, np.uint64), np.zeros(7, np.uint64)

    def read(
        self, buf: NDArray[np.uint8], edges: NDArray[np.int32], first: NDArray[np.int32],
        n_rows: int, line: int, *, has_nul: bool,
    ) -> tuple[Fixes, Statics]:  # fmt: skip
        """Read the rows of a block.

        Args:
            buf, edges, first: from `find_edges` and `find_rows`.
            n_rows: how many.
            line: number of the first of them.
            has_nul: the block holds NUL bytes.

        Returns:
            Fixes and statics, `arrival_seq` counting the fixes of this block from 0.
        """
        block = self._rows(buf, edges, first, n_rows, line, has_nul)
        keys, block = self._keys(block)
        n = len(block.first)
        if n == 0:
            return Fixes.empty(), Statics.empty()
        sog = self._decimals(block, Role.SOG, 1, 1, 0, 65_535, SOG_NONE)
        cog = self._decimals(block, Role.COG, 1, 1, 0, COG_NONE, COG_NONE)
        heading = self._decimals(block, Role.HEADING, 1, 0, 0, HEADING_NONE, HEADING_NONE)
        status = self._codes(block, Role.STATUS, "status", 15, NAV_STATUS_NONE)
        hashes = np.empty(n, np.uint64)
        kernels.hash_reports(
            keys.mmsi, keys.t_ms, keys.lon, keys.lat, sog, cog, heading, status, hashes
        )
        odd_heading = (heading >= 360) & (heading < HEADING_NONE)
        fixes = Fixes.build(
            n, subject_id=keys.mmsi, t_ms=keys.t_ms,
            t_source=np.where(keys.t_ms == NO_TIME, int(TSource.NONE), int(TSource.READER)),
            msg_type=self._codes(block, Role.KIND, "kind", 63, 0),
            lon_raw=keys.lon, lat_raw=keys.lat, sog_raw=sog, cog_raw=cog, heading_raw=heading,
            rot_raw=self._rot(block), nav_status=status,
            quality=keys.quality | odd_heading * int(Quality.HEADING_INVALID),
            payload_hash=hashes, src_id=np.full(n, self._src_id), src_offset=block.lines,
            arrival_seq=np.arange(n),
        )  # fmt: skip
        return fixes, self._statics(block, keys)

    def _rows(
        self, buf: NDArray[np.uint8], edges: NDArray[np.int32], first: NDArray[np.int32],
        n_rows: int, line: int, has_nul: bool,
    ) -> Block:  # fmt: skip
        """Leave out the lines that are no rows."""
        layout = self.layout
        shape = np.empty(n_rows, np.uint8)
        kernels.row_shapes(
            buf, edges, first, n_rows, layout.n_columns, has_nul, layout.header,
            layout.header_byte, shape,
        )  # fmt: skip
        block = Block(buf, edges, first[:n_rows], np.arange(line, line + n_rows))
        if not shape.any():
            return block
        for code, row in _SHAPES.items():
            where = np.flatnonzero(shape == code)
            if len(where):
                at = int(where[0])
                text = block.row_text(at, int(first[at + 1] - first[at]))
                self.tally.add(row, len(where), int(block.lines[at]), text)
        return block.take(shape == kernels.GOOD)

    def _keys(self, block: Block) -> tuple[_Keys, Block]:
        """Read who, when and where, and leave out the rows that do not say."""
        roles = self.layout.roles
        t_ms, no_time, bad_t = self._run(kernels.read_times, block, Role.T, self._day)
        mmsi, no_mmsi, bad_id = self._run(kernels.read_ids, block, Role.MMSI)
        lon, no_lon, bad_lon = self._degrees(block, Role.LON)
        lat, no_lat, bad_lat = self._degrees(block, Role.LAT)
        if bad_t or bad_id or bad_lon or bad_lat:
            bad = np.zeros(len(t_ms), np.bool_)
            for row, role, status in (
                (Row.BAD_TIME, Role.T, no_time),
                (Row.BAD_MMSI, Role.MMSI, no_mmsi),
                (Row.BAD_POSITION, Role.LON, no_lon),
                (Row.BAD_POSITION, Role.LAT, no_lat),
            ):
                broken = (status == BAD) & ~bad
                self._note(row, broken, block, roles[role])
                bad |= broken
            good = ~bad
            block = block.take(good)
            t_ms, mmsi, lon, lat = t_ms[good], mmsi[good], lon[good], lat[good]
            no_time, no_lon, no_lat = no_time[good], no_lon[good], no_lat[good]
        quality = np.empty(len(t_ms), np.int64)
        kernels.settle_keys(t_ms, no_time, mmsi, lon, no_lon, lat, no_lat, _NONE, _QUALITY, quality)
        return _Keys(t_ms, mmsi, lon, lat, quality), block

    def _run(
        self,
        kernel: Callable[..., int],
        block: Block,
        role: Role,
        *args: Any,  # noqa: ANN401
    ) -> tuple[Ints, NDArray[np.uint8], int]:
        """Run a kernel over the column of a role; gives values, statuses, how many are odd."""
        n, column = len(block.first), self.layout.roles[role]
        out, status = np.empty(n, np.int64), np.empty(n, np.uint8)
        odd = kernel(block.buf, block.edges, block.first, column, *args, out, status)
        return out, status, odd

    def _degrees(self, block: Block, role: Role) -> tuple[Ints, NDArray[np.uint8], int]:
        missing = self.layout.words["missing"]
        return self._run(kernels.read_decimals, block, role, 6, 5, -_INT32, _INT32, 0, missing)

    def _decimals(
        self, block: Block, role: Role, factor: int, shift: int, low: int, high: int, none: int
    ) -> Ints:
        """Read the numbers of a role, `none` where there is no column or no value."""
        if role not in self.layout.roles:
            return np.full(len(block.first), none, np.int64)
        missing = self.layout.words["missing"]
        out, status, odd = self._run(
            kernels.read_decimals, block, role, factor, shift, low, high, none, missing
        )
        if odd:
            self._note(Row.FIELD_UNREADABLE, status == BAD, block, self.layout.roles[role])
        return out

    def _codes(self, block: Block, role: Role, kind: str, high: int, none: int) -> Ints:
        """Read the code words of a role."""
        if role not in self.layout.roles:
            return np.full(len(block.first), none, np.int64)
        words = self.layout.words
        out, status, odd = self._run(
            kernels.read_codes, block, role, words[kind], high, none, words["missing"]
        )
        if odd:
            column = self.layout.roles[role]
            self._note(Row.FIELD_UNREADABLE, status == BAD, block, column)
            self._note(Row.WORD_UNKNOWN, status == UNKNOWN, block, column)
        return out

    def _rot(self, block: Block) -> Ints:
        """Read the rate of turn, degrees a minute, to the wire's scale."""
        top = len(_ROT) - 1
        rate = self._decimals(block, Role.ROT, 1, 1, -10_000, 10_000, top)
        out = np.empty(len(rate), np.int64)
        kernels.read_turns(rate, _ROT, ROT_NONE, out)
        return out

    def _note(self, row: Row, where: NDArray[np.bool_], block: Block, column: int) -> None:
        """Count rows, with the column's name and the text of the first."""
        n = int(np.count_nonzero(where))
        if n:
            at = int(np.argmax(where))
            text = f"{self.layout.names[column]}: {block.field_text(at, column)!r}"
            self.tally.add(row, n, int(block.lines[at]), text)

    def _statics(self, block: Block, keys: _Keys) -> Statics:
        """Read the static fields of rows where they changed."""
        if not len(self.layout.runs):
            return Statics.empty()
        places = self.memory.places_of(keys.mmsi)
        changed = np.empty(len(places), np.bool_)
        kernels.spans_changed(
            block.buf, block.edges, block.first, self.layout.runs, places, self.memory.seen,
            changed,
        )  # fmt: skip
        rows = np.flatnonzero(changed)
        if not len(rows):
            return Statics.empty()
        columns = self._static_columns(block.take(rows))
        hashes = static_hashes(keys.mmsi[rows], columns)
        new = np.empty(len(rows), np.bool_)
        kernels.values_changed(hashes, places[rows], self.memory.sent, new)
        rows = rows[new]
        return Statics.build(
            len(rows), subject_id=keys.mmsi[rows], t_ms=keys.t_ms[rows],
            payload_hash=hashes[new], src_id=np.full(len(rows), self._src_id),
            src_offset=block.lines[rows], arrival_seq=rows,
            **{name: column[new] for name, column in columns.items()},
        )  # fmt: skip

    def _static_columns(self, block: Block) -> dict[str, NDArray[Any]]:
        draught = self._decimals(block, Role.DRAUGHT, 1, 1, 0, 255, 0)
        if Role.DRAUGHT_DM in self.layout.roles:
            draught = self._decimals(block, Role.DRAUGHT_DM, 1, 0, 0, 255, 0)
        return {
            "imo": self._special(block, Role.IMO, kernels.read_imos),
            "ship_type": self._ship_type(block),
            "length_m": self._length(block),
            "beam_m": self._decimals(block, Role.BEAM, 1, 0, 0, 126, 0),
            "draught_dm": draught,
            "eta_raw": self._special(block, Role.ETA, kernels.read_etas, self._eta_day),
            "name": self._texts(block, Role.NAME, "name"),
            "callsign": self._texts(block, Role.CALLSIGN, "callsign"),
            "destination": self._texts(block, Role.DESTINATION, "destination"),
        }

    def _special(
        self,
        block: Block,
        role: Role,
        kernel: Callable[..., int],
        *args: Any,  # noqa: ANN401
    ) -> Ints:
        if role not in self.layout.roles:
            return np.zeros(len(block.first), np.int64)
        out, status, odd = self._run(kernel, block, role, self.layout.words["missing"], *args)
        if odd:
            self._note(Row.FIELD_UNREADABLE, status == BAD, block, self.layout.roles[role])
        return out

    def _ship_type(self, block: Block) -> Ints:
        """Read the ship type; a hazard category adds the last digit where the type has one."""
        kind = self._codes(block, Role.SHIP_TYPE, "ship_type", 255, 0)
        if Role.CARGO not in self.layout.roles:
            return kind
        category = self._codes(block, Role.CARGO, "cargo", 9, 0)
        return np.where(np.isin(kind, (20, 40, 60, 70, 80, 90)), kind + category, kind)

    def _length(self, block: Block) -> Ints:
        """Read the length; bow and stern distances stand in where it is missing."""
        length = self._decimals(block, Role.LENGTH, 1, 0, 0, 1022, 0)
        if Role.BOW not in self.layout.roles or Role.STERN not in self.layout.roles:
            return length
        bow = self._decimals(block, Role.BOW, 1, 0, 0, 511, -1)
        stern = self._decimals(block, Role.STERN, 1, 0, 0, 511, -1)
        both = (bow >= 0) & (stern >= 0)
        differs = both & (length > 0) & (bow + stern != length)
        self._note(Row.LENGTH_DISAGREES, differs, block, self.layout.roles[Role.BOW])
        return np.where(both & (length == 0), bow + stern, length)

    def _texts(self, block: Block, role: Role, name: str) -> NDArray[np.bytes_]:
        dtype = np.dtype(Statics.DTYPES[name])
        out = np.zeros((len(block.first), dtype.itemsize), np.uint8)
        if role in self.layout.roles:
            kind = "missing" if self.layout.words_missing_in_texts else "none"
            kernels.read_texts(
                block.buf, block.edges, block.first, self.layout.roles[role],
                self.layout.words[kind], out,
            )  # fmt: skip
        return out.view(dtype).ravel()


class _Keys(NamedTuple):
    """Who, when and where; each (n,)."""

    t_ms: Ints
    mmsi: Ints
    lon: Ints
    lat: Ints
    quality: Ints


def static_hashes(mmsi: Ints, columns: dict[str, NDArray[Any]]) -> NDArray[np.uint64]:
    """Hash the values of static rows, with the vessel; 0 where all of them are missing."""
    if not len(mmsi):
        return np.empty(0, np.uint64)  # a width cannot be told of no rows
    parts, width = [mmsi.astype(np.int64).view(np.uint8).reshape(len(mmsi), 8)], 8
    for column in columns.values():
        wide = column if column.dtype.kind == "S" else column.astype(np.int64)
        parts.append(np.ascontiguousarray(wide).view(np.uint8).reshape(len(mmsi), -1))
        width += parts[-1].shape[1]
    parts.append(np.zeros((len(mmsi), -width % 8), np.uint8))
    rows = np.concatenate(parts, axis=1)
    hashes = np.empty(len(mmsi), np.uint64)
    kernels.hash_bytes(rows, hashes)
    hashes[~rows[:, 8:].any(axis=1)] = 0
    return hashes
