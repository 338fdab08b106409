"""What damaged shard files held, brought back from the journal as far as it still has it.

The journal keeps whole files of what was received until all of it is committed, so that it often
has some of the last hour or hours. That is decoded once more by fresh codecs, and stored, not
folded: it has been judged. What is stored already adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from sargas.cli.kinds import exercise_of_station
from sargas.cli.live.admitting import newest_ms, redated
from sargas.cli.live.folding import READ_BYTES
from sargas.cli.live.intake import LiveFeed, Place
from sargas.feeds.live.base import Codec, Piece
from sargas.feeds.live.files import continues
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.store.canon import T, shard_of
from sargas.store.damaged import SetAside
from sargas.store.home import FIXES
from sargas.store.journal import DATA, OPENED, Journal, Record


class Mending:
    """Decodes a journal once more.

    Args:
        journal: what feeds brought.
        feeds: those that are watched, with codecs that know the names of all stations so far.
        fresh: a codec of each that has read nothing.
        exercise: name of the exercise that the watch is of, or None.
        shards: number of shards of the home.
    """

    def __init__(
        self,
        journal: Journal,
        feeds: Mapping[int, LiveFeed],
        fresh: Mapping[int, Codec],
        exercise: str | None,
        shards: int,
    ) -> None:
        self._journal, self._feeds, self._fresh = journal, feeds, fresh
        self._exercise, self._shards = exercise, shards
        self._places: dict[int, Place] = {}
        self._told_ms = 0

    def rows(self, lost: Iterable[SetAside], until: int) -> Iterable[Batch]:
        """Give the rows of damaged files that the journal has before an offset.

        Args:
            lost: the files; the times and shard of each say what it held.
            until: what has been committed; what follows will be stored in any case.

        Raises:
            StoreError: the journal cannot be read.
        """
        lost, offset = list(lost), self._journal.begin
        while offset < until and (records := self._journal.read(offset, READ_BYTES)):
            offset = records[-1].end
            batches = [self._take(record) for record in records if record.offset < until]
            batch = Batch(
                Fixes.concat(b.fixes for b in batches), Statics.concat(b.statics for b in batches)
            )
            kept = Batch(
                batch.fixes.take(self._was_in(batch.fixes, lost)),
                batch.statics.take(self._was_in(batch.statics, lost)),
            )
            if len(kept):
                yield kept

    def _take(self, record: Record) -> Batch:
        """Decode one record."""
        codec = self._fresh.get(record.feed)
        if codec is None or record.kind not in (DATA, OPENED):
            return Batch.empty()
        if record.kind == OPENED:
            before = self._places.get(record.feed, Place())
            self._places[record.feed] = Place(record.data)
            if not continues(before.place, before.taken_bytes, record.data):
                codec.feed([Piece(record.t_ms, b"")])
            return Batch.empty()
        self._places.setdefault(record.feed, Place()).taken_bytes += len(record.data)
        batch = codec.feed([Piece(record.t_ms, record.data)])
        if self._exercise is None:
            batch, _ = redated(batch, record.t_ms, self._told_ms, is_polled=codec.is_polled)
            self._told_ms = max(self._told_ms, newest_ms(batch.fixes) or 0)
        return Batch(
            self._renamed(batch.fixes, record.feed, codec),
            self._renamed(batch.statics, record.feed, codec),
        )

    def _renamed(self, rows: T, feed: int, codec: Codec) -> T:
        """Give stations the numbers that the feed's own codec gave their names."""
        known = {name: -2 - k for k, name in enumerate(self._feeds[feed].codec.stations)}
        station, stays = rows.station.copy(), np.ones(len(rows), np.bool_)
        for k, name in enumerate(codec.stations):
            mine = rows.station == -2 - k
            of = exercise_of_station(name)
            if name not in known or (of is not None and of != self._exercise):
                stays &= ~mine
            else:
                station[mine] = known[name]
        rows.station[:] = station
        return rows if stays.all() else rows.take(stays)

    def _was_in(self, rows: Fixes | Statics, lost: list[SetAside]) -> NDArray[np.bool_]:
        """Mark the rows that may have been in one of the lost files."""
        shard = shard_of(rows.domain, rows.subject_id, self._shards)
        out = np.zeros(len(rows), np.bool_)
        for one in lost:
            if (one.table == FIXES) == isinstance(rows, Fixes):
                out |= (shard == one.shard) & (rows.t_ms >= one.first_ms) & (
                    rows.t_ms <= one.last_ms
                )  # fmt: skip
        return out
