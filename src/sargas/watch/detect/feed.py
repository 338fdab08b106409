"""D18 `feed_health`: the feed, a receiver or a sea area brings far fewer vessels than usual.

Definition: for the feed as a whole, for each receiver that has a number, and for each sea area of
1 by 2 degrees the vessels heard in each minute are counted. What is usual is learnt over two hours
and follows with a memory of two hours. S <- max(0, S + u (1 - q) + n ln q) sums how much better a
quarter of the usual, q = 0.25, explains n vessels than the usual u does: Page's sum for a Poisson
count, which grows from a loss of 46 % on. It opens when S > 20 and it has been low for five
minutes, where 5 vessels a minute are usual (10 for an area, whose ships come and go together). One
failure is one event: while the feed is low nothing else opens, while a receiver is low no area
does. It closes after ten minutes at 80 % of the usual; after a day it is taken as the new usual.

P2 where it is the feed as a whole, or where at least half of all vessels heard are missing; P3
otherwise. It is about a feed, never about a vessel. While it is open the judge lowers `gap` and
`gap_visit` there by a step and says so; `gap` itself refuses silences while the feed, or the
receiver that hears those waters best, is not running.

Source: catalogue D18 (docs/detectors.md); E. S. Page, Biometrika 41 (1954). Vessels are counted and
not messages: a ship at speed sends twenty times as much as one at anchor.

What it cannot see: that nothing comes at all, until something comes again: event time stands still
until then (the clock beside the watch must tell that); a fault that begins within the first two
hours; a loss of less than half; receivers that a feed names by words, as their numbers
depend on which was heard first.

What raises false alarms: a fleet that leaves an area, a strait closed, a night with little traffic
after a busy evening.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import FIRST_FEED_STATION
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import (
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.cells import CellTable
from sargas.watch.detect.feed_fold import (
    AREA_COLUMNS,
    AREA_LAT_DEG,
    AREA_LON_DEG,
    FEATURE_NAMES,
    FIRST_AREA,
    RECEIVER,
    SOURCE,
    TAKEN_AS_NORMAL,
    WHOLE,
    Params,
    count_samples,
    judge_sources,
    kind_of,
    sea_area_key,
)
from sargas.watch.detect.phrases import clock, place
from sargas.watch.minutes import Minutes


def source_name(key: int) -> str:
    """Name a source.

    Example:
        >>> source_name(0), source_name(2190048)
        ('the feed', 'receiver 2190047')
        >>> source_name(1_900_000_003)
        'feed 2'
        >>> print(source_name(int(sea_area_key(20.1, 57.2))))
        reception in the area 57°00.0'N 020°00.0'E to 58°00.0'N 022°00.0'E
    """
    kind = int(kind_of(key))
    if kind == WHOLE:
        return "the feed"
    if kind == RECEIVER:
        station = key - 1
        is_feed = station >= FIRST_FEED_STATION
        return f"feed {station - FIRST_FEED_STATION}" if is_feed else f"receiver {station}"
    row, column = divmod(key - FIRST_AREA, AREA_COLUMNS)
    lon, lat = column * AREA_LON_DEG - 180.0, row * AREA_LAT_DEG - 90.0
    corners = place(lon, lat), place(lon + AREA_LON_DEG, lat + AREA_LAT_DEG)
    return f"reception in the area {corners[0]} to {corners[1]}"


def is_about(key: int, lon: float, lat: float) -> bool:
    """Tell whether what is wrong with a source may bear on a place: areas alone have bounds."""
    return key < FIRST_AREA or key == int(sea_area_key(lon, lat))


class FeedHealth(Detector):
    """D18: whether the feed brings what it usually does.

    Attributes:
        sources: a row for the feed, each receiver, each area.

    Example:
        >>> FeedHealth.word, FeedHealth.of_vessels
        ('feed_health', False)
    """

    word = "feed_health"
    number = "D18"
    state_dtype = SOURCE
    ticks = True
    reads_samples = True
    of_vessels = False
    rests_on_positions = False

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = around.rules[self.word]
        self.params = Params(
            r["learn_min"], r["memory_min"], r["share"], r["h"], r["least"],
            r["least_area"], r["low_min"] * MINUTE_MS, r["back_share"], r["back_min"],
            r["normal_h"] * 3_600_000,
        )  # fmt: skip
        self.sources = CellTable(SOURCE)

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Count a minute's samples."""
        self.sources.make_room(3)
        at = count_samples(
            minutes.samples, minutes.wire.station, start, end, self.sources.cells,
            self.sources.rows,
        )  # fmt: skip
        return int(at), n

    def _grow(self, slots: int) -> None:
        """Make no state by slots: the sources are the state."""

    def _tick(self, t_ms: int) -> None:
        """End the minute for every source."""
        known = self.sources.count
        self._make_room(2 * known)
        self._n = judge_sources(t_ms, self.sources.rows, known, self.params, self._events, self._n)

    def subject_of(self, event: np.void) -> Identity:
        """Name the source."""
        key = int(event["slot"])
        return Identity("feed", 0, key, name=source_name(key))

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays."""
        return super().dump() | {"sources": self.sources.dump()}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave."""
        super().load(arrays)
        self.sources.load(arrays["sources"])

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say what is usual, what came, and what that means for silences."""
        x, p = features_of(event, FEATURE_NAMES), self.params
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        name = who.spoken[:1].upper() + who.spoken[1:]
        brings = f"{x['now']:.1f} vessels a minute since {since}, {x['usual']:.1f} are usual"
        if x["end"] == TAKEN_AS_NORMAL:
            text = f"{name} still brings little: {brings}; taken as usual from {now} on."
        elif x["end"]:
            text = f"{name} brings as many vessels as usual again at {now}; low since {since}."
        else:
            text = f"{name} brings {brings}; silences of vessels there say little until it is back."
        return Finding(
            text=text,
            why=(
                reason("sum by which a loss explains the counts better", x["sum"], "nats", p.h,
                       above=True),
                reason("time it has been low", x["low_min"], "min", p.low_ms / MINUTE_MS,
                       above=True),
                reason("vessels usual in a minute", x["usual"], "vessels", x["least"],
                       above=True),
                reason("vessels heard in a minute since", x["now"], "vessels",
                       p.back_share * x["usual"], above=False),
            ),
            against=("vessels that leave together, or a quiet hour, look the same",),
            context={
                "coverage": f"{x['now']:.1f} of usually {x['usual']:.1f} vessels a minute; "
                f"{x['usual_whole']:.1f} by the whole feed"
            },
            priority=int(event["priority"]),
        )  # fmt: skip
