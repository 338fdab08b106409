"""The codec of plain NMEA: the decoder of logs, with the time of reception and the feed's name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sargas.decode.ais import AisDecoder
from sargas.decode.codes import UNKNOWN_STATION
from sargas.feeds.base import Count
from sargas.feeds.live.base import Codec, Piece
from sargas.feeds.nmea import counts_of, fixes_of, statics_of
from sargas.model.fixes import FIRST_FEED_STATION, Batch, Fixes, Statics


class NmeaCodec(Codec):
    r"""AIS sentences of one feed.

    Example:
        >>> codec = NmeaCodec(src_id=2)
        >>> line = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n"
        >>> batch = codec.feed([Piece(1735122360000, line[:20]), Piece(1735122361000, line[20:])])
        >>> batch.fixes.t_ms.tolist(), batch.fixes.station.tolist()
        ([1735122361000], [1900000002])
    """

    def __init__(self, src_id: int = 0) -> None:
        super().__init__(src_id)
        self._decoder = AisDecoder(src_id=src_id)

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return self._decoder.lines

    @property
    def counts(self) -> dict[str, Count]:
        """What became of lines, parts and messages, by the decoder's reasons."""
        return counts_of(self._decoder)

    @property
    def stations(self) -> list[str]:
        """Names of stations that are no numbers."""
        return self._decoder.stations

    def feed(self, pieces: Sequence[Piece]) -> Batch:
        """Read pieces in order of arrival."""
        fixes, statics = [], []
        for t_ms, data in pieces:
            if not data and not self._decoder.is_inside_line:
                continue
            # A new connection begins a new line.
            tables = self._decoder.feed(data or b"\n", reader_t_ms=t_ms)
            fixes.append(fixes_of(tables.fixes))
            statics.append(statics_of(tables.static))
        batch = Batch(Fixes.concat(fixes), Statics.concat(statics))
        for rows in (batch.fixes, batch.statics):
            _name_station(rows.station, self.src_id)
        return batch

    def dump(self) -> bytes:
        """Give the decoder's state."""
        return self._decoder.dump()

    def load(self, state: bytes) -> None:
        """Take up what `dump` gave."""
        self._decoder.load(state)


def _name_station(station: NDArray[np.int64], src_id: int) -> None:
    """Write the feed where no receiver is named, in place."""
    station[station == UNKNOWN_STATION] = FIRST_FEED_STATION + src_id
