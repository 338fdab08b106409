"""What feeds brought, record by record of the journal: decoded, admitted, counted by feed."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from sargas.cli.live.admitting import Admission, newest_ms
from sargas.feeds.live.base import Codec, Piece
from sargas.feeds.live.files import continues
from sargas.model.alerts import Alert
from sargas.model.fixes import Batch
from sargas.store.journal import DATA, OPENED, SILENT, Record
from sargas.watch.detect.base import Surroundings
from sargas.watch.links import FeedLinks, FeedTerms

FAULT: Final = "decoder_failed"
"""Reason for records that a codec could not read by a fault of its own."""


@dataclass(frozen=True)
class LiveFeed:
    """A feed of the watch: its terms, and what reads it."""

    terms: FeedTerms
    codec: Codec


class Place(msgspec.Struct):
    """Where in a file a feed's last connection began, and what has been read since."""

    place: bytes = b""
    taken_bytes: int = 0


class Heard(msgspec.Struct):
    """What is committed of an intake.

    Attributes:
        codecs: their states, by the number of the feed.
        links: the state of the feeds' alerts.
        places, fixes, told_ms: see `Intake`.
        counts: rows and records that were left out, by reason.
    """

    codecs: dict[int, bytes]
    links: bytes
    places: dict[int, Place]
    counts: dict[str, int]
    fixes: dict[int, int]
    told_ms: int = 0


class Intake:
    """Takes the records of the journal, in order.

    Args:
        feeds: all feeds that are watched now, by number.
        around: rules, assets and exercise of the watch.
        say: told what people should read.

    Attributes:
        links: what is told of feeds.
        fixes: fixes of each feed since the home was made.
        lag_ms: how old each feed's newest report was when it came, below 0 where it was dated
            ahead; None where reports carry no time of their own.
        places: where each feed's last connection began.
        told_ms: the newest time of its own that a report had; 0 before any.
    """

    def __init__(
        self, feeds: Mapping[int, LiveFeed], around: Surroundings, say: Callable[[str], None]
    ) -> None:
        self.feeds, self._around = feeds, around
        self.links = FeedLinks(
            [feed.terms for feed in feeds.values()], around.rules.version, around.assets.version,
            around.exercise,
        )  # fmt: skip
        self.fixes: dict[int, int] = dict.fromkeys(feeds, 0)
        self.lag_ms: dict[int, int | None] = dict.fromkeys(feeds)
        self.places: dict[int, Place] = {}
        self.told_ms = 0
        self._counts: Counter[str] = Counter()
        self._admission = Admission(around.exercise, self._counts, say)
        self._say = say

    def dump(self) -> Heard:
        """Give all that is needed to go on from here."""
        codecs = {number: feed.codec.dump() for number, feed in self.feeds.items()}
        return Heard(
            codecs, self.links.dump(), self.places, dict(self._counts), self.fixes, self.told_ms
        )

    def load(self, heard: Heard) -> None:
        """Take up what was known of the feeds: that holds under other rules and versions, too."""
        self.places = dict(heard.places)
        self.fixes |= {n: count for n, count in heard.fixes.items() if n in self.feeds}
        self._counts.update(heard.counts)
        self.told_ms = heard.told_ms

    def load_states(self, heard: Heard) -> None:
        """Take up the states of codecs, and of what is told of feeds.

        Raises:
            StateVersionError: one is of another version.
        """
        self.links.load(heard.links)
        for number, dumped in heard.codecs.items():
            if number in self.feeds:
                self.feeds[number].codec.load(dumped)

    def beside(self) -> Intake:
        """Give another one that goes on from here by itself, without a word."""
        feeds = {
            number: LiveFeed(feed.terms, type(feed.codec)(feed.codec.src_id))
            for number, feed in self.feeds.items()
        }
        other, heard = Intake(feeds, self._around, lambda text: None), copy.deepcopy(self.dump())
        other.load(heard)
        other.load_states(heard)
        return other

    def place_of(self, number: int, waiting: Iterable[Record]) -> Place | None:
        """Tell how far a feed from a file has been received, with the records that wait."""
        found = self.places.get(number)
        for record in waiting:
            if record.feed == number and record.kind == OPENED:
                found = Place(record.data)
            elif record.feed == number and record.kind == DATA and found is not None:
                found = Place(found.place, found.taken_bytes + len(record.data))
        return found if found is not None and found.place else None

    def take(self, record: Record) -> tuple[Batch, list[Alert]]:
        """Take one record; gives its rows, and new versions of alerts about its feed."""
        feed, nothing = self.feeds.get(record.feed), Batch.empty()
        if feed is None:  # it is watched no more
            self._counts["feed_not_watched"] += record.kind == DATA
            return nothing, []
        if record.kind == SILENT:
            reason = record.data.decode("utf-8", "replace")
            return nothing, self.links.silent(record.feed, record.t_ms, reason)
        if record.kind == OPENED:
            before = self.places.get(record.feed, Place())
            if not continues(before.place, before.taken_bytes, record.data):
                feed.codec.feed([Piece(record.t_ms, b"")])
            self.places[record.feed] = Place(record.data)
        return self._rows(feed, record) if record.kind == DATA else (nothing, [])

    def _rows(self, feed: LiveFeed, record: Record) -> tuple[Batch, list[Alert]]:
        """Take what a feed sent."""
        self.places.setdefault(record.feed, Place()).taken_bytes += len(record.data)
        batch, ahead = self._admission.admit(
            self._decoded(feed, record), feed.codec, feed.terms.name, record.t_ms, self.told_ms
        )
        self.fixes[record.feed] += len(batch.fixes)
        own_ms = newest_ms(batch.fixes)
        if own_ms is not None:
            self.lag_ms[record.feed] = record.t_ms - own_ms
            self.told_ms = max(self.told_ms, own_ms)
        elif ahead.rows:
            self.lag_ms[record.feed] = -ahead.by_ms
        rows = len(batch) - (ahead.rows - ahead.left_out)
        return batch, self.links.received(record.feed, record.t_ms, rows, own_ms, *ahead)

    def _decoded(self, feed: LiveFeed, record: Record) -> Batch:
        """Decode one record.

        What ends a codec is a fault of ours; it must not end the watch each time anew, as the same
        record would be read again by the next run. It is counted, told, and stays in the journal
        until that is folded.
        """
        try:
            return feed.codec.feed([Piece(record.t_ms, record.data)])
        except Exception as error:
            if not self._counts[FAULT]:
                self._say(
                    f"feed {feed.terms.name}: what is at offset {record.offset:,} of the journal "
                    f"could not be decoded, by a fault of sargas: {error!r}. Please report it."
                )
            self._counts[FAULT] += 1
            return Batch.empty()

    @property
    def least_lag_ms(self) -> int:
        """How old the newest report of the feed that is best off was; 0 where none tells."""
        return min((lag_ms for lag_ms in self.lag_ms.values() if lag_ms is not None), default=0)

    @property
    def lost(self) -> Counter[str]:
        """Count the lines of all feeds that were lost, by reason, and what was left out here."""
        counts = Counter(self._counts)
        for feed in self.feeds.values():
            for reason, count in feed.codec.counts.items():
                if not count.kept:
                    counts[reason] += count.count
        return counts

    @property
    def rejected(self) -> dict[int, int]:
        """Lines of each feed that could not be read, since the home was made."""
        return {
            number: sum(c.count for c in feed.codec.counts.values() if not c.kept)
            for number, feed in self.feeds.items()
        }
