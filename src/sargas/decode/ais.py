"""The AIS decoder: bytes in, exact columns out, every line accounted for."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from sargas.decode.build import build
from sargas.decode.codes import NO_TIME, Count, Reason
from sargas.decode.saving import pack, unpack
from sargas.decode.sentence import close, scan
from sargas.decode.state import (
    CUR_BASE,
    CUR_EVENTS,
    CUR_FINAL,
    CUR_LINE,
    CUR_READER_T,
    CUR_ROWS,
    CUR_WORDS,
    I64,
    MAX_LINE,
    NAME_INDEX,
    NAME_LENGTH,
    NAME_USED,
    new_line,
    new_rows,
    new_tally,
)
from sargas.decode.tables import AisTables, join
from sargas.errors import UsageError
from sargas.model.saved import refusing_damage

GROUP_TIMEOUT_LINES: Final = 500
"""Lines a message's first part waits for the last (chosen: in the AISHub sample, a world feed
with ten sequence numbers, all 2,405 complete groups are closer together)."""

BLOCK: Final = 8 << 20
"""Bytes scanned in one go: bounds what a huge piece of input takes in memory beyond its rows."""


class AisDecoder:
    r"""Decodes one stream of NMEA lines: a file, a port, a connection.

    The rows depend on the bytes alone, not on how they are cut into pieces.

    Args:
        src_id: number of the source, written into every row.
        group_timeout_lines: lines after which an incomplete message is given up.

    Raises:
        UsageError: a number is out of range.

    Example:
        >>> from sargas.decode import AisDecoder
        >>> dec = AisDecoder()
        >>> tables = dec.feed(b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n")
        >>> int(tables.fixes.mmsi[0]), int(tables.fixes.lon_raw[0])
        (227006760, 78828)
        >>> dec.counters["sentence"]
        Count(count=1, first_offset=0)
    """

    def __init__(self, src_id: int = 0, group_timeout_lines: int = GROUP_TIMEOUT_LINES) -> None:
        if not 0 <= src_id < 2**32:
            raise UsageError(f"src_id {src_id} is not an unsigned 32-bit number")
        if group_timeout_lines < 1:
            raise UsageError(f"group_timeout_lines {group_timeout_lines} is not 1 or more")
        self.src_id = src_id
        self._line = new_line(group_timeout_lines)
        self._tally = new_tally()
        # Used again for every piece: the tables hold copies of what is in here.
        self._scratch_bytes = 4096
        self._scratch = new_rows(self._scratch_bytes)
        self._carry = bytearray()
        self._skipping = False
        self._offset = 0
        self._n_messages = 0
        self._finished = False

    @property
    def offset(self) -> int:
        """Bytes taken in so far."""
        return self._offset

    @property
    def lines(self) -> int:
        r"""Lines counted so far; text joined by a literal `\r\n` counts as lines of its own."""
        return int(self._line.cur[CUR_LINE])

    @property
    def n_messages(self) -> int:
        """Messages returned so far."""
        return self._n_messages

    def feed(
        self, chunk: bytes | bytearray | memoryview, *, reader_t_ms: int | None = None
    ) -> AisTables:
        """Take in the next bytes of the stream.

        Args:
            chunk: any number of bytes, cut anywhere.
            reader_t_ms: when the reader got them, Unix ms UTC: the time of messages that carry
                none (`TSource.READER`). None for files.

        Returns:
            The messages that these bytes complete.

        Raises:
            UsageError: the stream was finished before.
        """
        if self._finished:
            raise UsageError("the stream was finished", hint="Make a new AisDecoder.")
        self._line.cur[CUR_READER_T] = NO_TIME if reader_t_ms is None else reader_t_ms
        view = memoryview(chunk).cast("B")
        self._offset += len(view)
        parts = []
        for start in range(0, len(view), BLOCK):
            parts += self._take(view[start : start + BLOCK], self._offset - len(view) + start)
        return _joined(parts)

    def finish(self) -> AisTables:
        """End the stream: read the last line without newline, give up what is incomplete."""
        if self._finished:
            return _empty()
        self._finished = True
        parts = []
        if self._carry and not self._skipping:
            self._line.cur[CUR_FINAL] = 1
            parts = [self._scan(_whole(self._carry), self._offset - len(self._carry))]
        self._carry.clear()
        rows, words, events = self._scratch
        cur = self._line.cur
        cur[CUR_BASE] = self._offset
        cur[CUR_ROWS] = cur[CUR_WORDS] = cur[CUR_EVENTS] = 0
        close(self._line, events)
        self._build(rows, words, events)
        return _joined(parts)

    @property
    def is_inside_line(self) -> bool:
        """Whether the bytes so far end within a line."""
        return bool(self._carry) or self._skipping

    def dump(self) -> bytes:
        """Give all that the next rows and the counters depend on, as bytes with their version."""
        place = [self._offset, self._n_messages, self._skipping, self._finished]
        return pack(
            self._line,
            self._tally,
            {"place": np.array(place, np.int64), "carry": np.frombuffer(self._carry, np.uint8)},
        )

    def load(self, state: bytes) -> None:
        """Take up what `dump` gave, in a decoder that has read nothing yet.

        Raises:
            StateVersionError: the state is of a version this sargas does not read, or damaged.
        """
        more = unpack(state, self._line, self._tally)
        with refusing_damage("a decoder"):
            self._offset, self._n_messages, skipping, finished = more["place"].tolist()
            self._skipping, self._finished = bool(skipping), bool(finished)
            self._carry = bytearray(more["carry"].tobytes())

    def _take(self, view: memoryview, base: int) -> list[AisTables]:
        """Scan the whole lines of `carry + view`; `base` is the source offset of `view[0]`."""
        data = bytes(view)
        if self._skipping:
            end = data.find(b"\n")
            if end < 0:
                return []
            self._skipping = False
            data, base = data[end + 1 :], base + end + 1
        end = data.rfind(b"\n")
        parts = []
        if end >= 0:
            if self._carry:
                start, whole = base - len(self._carry), bytes(self._carry) + data
                end += len(self._carry)
                parts.append(self._scan(np.frombuffer(whole, np.uint8, end + 1), start))
                self._carry.clear()
                data, base = whole, start
            else:
                parts.append(self._scan(np.frombuffer(data, np.uint8, end + 1), base))
        self._carry += data[end + 1 :]
        if len(self._carry) > MAX_LINE:
            start = base + len(data) - len(self._carry)
            parts.append(self._scan(_whole(self._carry[: MAX_LINE + 1]), start))
            self._carry.clear()
            self._skipping = True
        return parts

    def _scan(self, buf: npt.NDArray[np.uint8], base: int) -> AisTables:
        """Decode whole lines that begin at a source offset."""
        line = self._line
        if len(buf) > self._scratch_bytes:
            self._scratch, self._scratch_bytes = new_rows(len(buf)), len(buf)
        rows, words, events = self._scratch
        line.cur[CUR_BASE] = base
        line.cur[CUR_ROWS] = line.cur[CUR_WORDS] = line.cur[CUR_EVENTS] = 0
        # Hashes wrap around; numpy would warn of it where the kernels run as plain Python.
        with np.errstate(over="ignore"):
            scan(buf, line, rows, words, events)
            return self._build(rows, words, events)

    def _build(self, rows: I64, words: I64, events: I64) -> AisTables:
        """Make tables of the rows that the line layer filled."""
        cur = self._line.cur
        n = int(cur[CUR_ROWS])
        tables = build(
            rows[:n],
            words,
            events[: cur[CUR_EVENTS]],
            self.src_id,
            self._n_messages,
            self._line.total,
            self._tally,
        )
        self._n_messages += n
        return tables

    # ---- accounts ------------------------------------------------------------------------------
    @property
    def counters(self) -> dict[str, Count]:
        """What became of every line, part and message: reason -> count and first byte offset.

        Line outcomes (`LINE_OUTCOMES`) sum to `lines`, message outcomes to `n_messages`. Reasons
        that did not occur are left out.
        """
        return _named(self._line.total)

    @property
    def counters_by_station(self) -> dict[tuple[int, str], Count]:
        """The same by (station, reason), for what can be told apart by station."""
        tally = self._tally
        return {
            (int(tally.keys[row]), word): count
            for row in np.flatnonzero(tally.keys != NO_TIME)
            for word, count in _named(tally.by_station[row]).items()
        }

    @property
    def stations(self) -> list[str]:
        """Names of the stations that are no numbers: code -2 - k stands for `stations[k]`."""
        meta = self._line.name_meta
        texts = [""] * int(meta[NAME_USED, 0])
        for slot in np.flatnonzero(meta[:NAME_USED, NAME_LENGTH]):
            name = self._line.names[slot, : meta[slot, NAME_LENGTH]].tobytes()
            texts[meta[slot, NAME_INDEX]] = name.decode("ascii", "backslashreplace")
        return texts

    def station_name(self, station: int) -> str:
        """Return how a station is written: its number, its name, or empty when unknown."""
        if station <= -2:
            return self.stations[-2 - station]
        return "" if station == -1 else str(station)


def warm() -> None:
    """Compile every kernel, or load it from the cache, on a handful of lines.

    The first run of an installation compiles for some seconds; later ones load in a fraction of
    one. A program that shows progress calls this first.
    """
    dec = AisDecoder()
    dec.feed(
        b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n"
        b"!AIVDM,1,1,,B,H42O55i18tMET00000000000000,2*6D\n"
        b"!AIVDM,1,1,,B,D02R3cQW4Nfp00O6D0,4*1B\n"
    )
    dec.finish()


def _whole(piece: bytearray) -> npt.NDArray[np.uint8]:
    """Return a piece of a line with a newline behind it."""
    return np.frombuffer(bytes(piece) + b"\n", np.uint8)


@cache
def _empty() -> AisTables:
    """Return tables without rows."""
    rows, words, events = new_rows(0)
    return build(rows[:0], words, events[:0], 0, 0, new_line(1).total, new_tally())


def _joined(parts: list[AisTables]) -> AisTables:
    """Return several pieces of one stream as one; none gives empty tables."""
    if not parts:
        return _empty()
    return parts[0] if len(parts) == 1 else join(parts)


def _named(counts: npt.NDArray[np.int64]) -> dict[str, Count]:
    """Return the reasons that occurred, in their order, by name."""
    return {
        Reason(int(k)).word: Count(int(counts[k, 0]), int(counts[k, 1]) - 1)
        for k in np.flatnonzero(counts[:, 0])
    }
