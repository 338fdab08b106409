"""D9 `gap_visit`: a silence long enough for the vessel to have been at an asset meanwhile.

Definition: a silence that `gap` reported has ended at a place that the vessel can have sailed to.
Between the two positions it could have sailed 14 kn, or 2 kn more than the speed it keeps under
for 95 % of the time, if that is more; all places it could have been at lie in an ellipse. Where an
asset lies in it and the way over the asset leaves 20 minutes or more, or the straight way was
sailed at less than 70 % of its speed before, it could have been there. P2; P3 where the asset's
position is known worse than the rule's buffer. It opens when the vessel is received again and
closes an hour later.

Source: catalogue D9 (docs/detectors.md). The ellipse follows from the two distances alone.

What it cannot see: whether the vessel was there; a silence that `gap` did not report (short, near
the coast, where reception is poor); one that has not ended; one that ends as another hull or
without a position.

What raises false alarms: every silence between asset-rich waters that is long enough; land that
makes the way longer than a straight line; a power cut aboard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.geodesy import KN_MS, short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS
from sargas.watch.detect import gap_fold
from sargas.watch.detect.base import (
    CLOSE,
    EVENT,
    OPEN,
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.gap import Gap
from sargas.watch.detect.phrases import asset_words, clock, minutes
from sargas.watch.locate import PieceIndex
from sargas.watch.minutes import Minutes

FEATURE_NAMES = (
    "silence_min", "limit_kn", "via_m", "slack_min", "implied_kn", "cruise_kn", "off_lon",
    "off_lat", "assets", "over", "t_again_ms", "log10_chance", "learnt_share",
)  # fmt: skip
STEP_M = 1000.0
"""Points of an asset are asked this close together; chosen: half of it is four minutes at 4 kn."""


class Limits(NamedTuple):
    """Limits of the rule, from `rules.toml`."""

    reach_kn: float
    reach_more_kn: float
    slack_min: float
    slow_share: float
    close_min: float


@kernel
def shortest_ways(
    index: PieceIndex,
    lon1: float,
    lat1: float,
    lon2: float,
    lat2: float,
    reach_m: float,
    out: NDArray[np.float64],
) -> None:
    """Find for every asset the shortest way between two places that touches it.

    Args:
        index: the pieces. lon1, lat1, lon2, lat2: the places. reach_m: longer ways are not told.
        out: (assets, 5) out: length of the way in m, infinite where none is short enough; place
            of the asset, degrees; kilometre point in m, and accuracy in m.
    """
    out[:, 0] = math.inf
    for p in range(index.asset.shape[0]):
        steps = int(index.length_m[p] / STEP_M) + 1
        # No point of the piece is nearer than its first end less its length.
        to_first_m = short_distance_m(lon1, lat1, index.lon1[p], index.lat1[p])
        if to_first_m - index.length_m[p] > reach_m:
            continue
        for k in range(steps + 1):
            share = k / steps
            lon = index.lon1[p] + share * (index.lon2[p] - index.lon1[p])
            lat = index.lat1[p] + share * (index.lat2[p] - index.lat1[p])
            way_m = short_distance_m(lon1, lat1, lon, lat) + short_distance_m(lon, lat, lon2, lat2)
            best = out[index.asset[p]]
            if way_m <= reach_m and way_m < best[0]:
                best[0], best[1], best[2] = way_m, lon, lat
                best[3], best[4] = (
                    index.kp_m[p] + share * index.length_m[p],
                    index.accuracy_m[p],
                )


class GapVisit(Detector):
    """D9: could it have been at an asset meanwhile?

    Attributes:
        state: the events that are open.

    Example:
        >>> GapVisit.word, GapVisit.rests_on
        ('gap_visit', ('gap',))
    """

    word = "gap_visit"
    number = "D9"
    state_dtype = EVENT
    rests_on_positions = False
    rests_on_reception = True
    rests_on = ("gap",)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.params = Limits(**around.rules[self.word])
        self._buffer_m = around.rules["locate"]["buffer_m"]
        self._gap: Gap | None = None
        self._ways = np.empty((len(around.assets), 5))
        # Called with nothing in reach, so that it is compiled with the others.
        shortest_ways(around.index, 0.0, 0.0, 0.0, 0.0, -1.0, self._ways)

    def meet(self, others: Mapping[str, Detector]) -> None:
        """Take note of the detector of gaps."""
        gap = others.get(Gap.word)
        self._gap = gap if isinstance(gap, Gap) else None

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Look at the silences that ended in these minutes; close what was open long enough."""
        ended = np.zeros(0, EVENT) if self._gap is None else self._gap.ended
        opened = [found for event in ended if (found := self._visit(event)) is not None]
        still = np.concatenate([self.state, *(o.reshape(1) for o in opened)])
        due = still["minute"] + int(self.params.close_min)
        is_over = due < minutes.from_minute + len(minutes.bounds) - 1
        closed = still[is_over]
        closed["op"], closed["minute"] = CLOSE, due[is_over]
        closed["t_ms"] = (due[is_over] + 1) * MINUTE_MS
        closed["x"][:, FEATURE_NAMES.index("over")] = 1
        self.state = still[~is_over]
        return np.concatenate([*(o.reshape(1) for o in opened), closed])

    def _visit(self, gap: np.void) -> NDArray[np.void] | None:
        """Make an event of a silence that ended, where an asset was in reach of it."""
        x, p = features_of(gap, gap_fold.FEATURE_NAMES), self.params
        off_lon, off_lat = float(gap["lon"]), float(gap["lat"])
        lon, lat = x["again_lon"], x["again_lat"]
        limit_kn = max(p.reach_kn, x["fast_kn"] + p.reach_more_kn)
        away_ms = int(gap["t_ms"]) - int(x["t_pos_ms"])
        reach_m = limit_kn * KN_MS * away_ms / 1000.0
        shortest_ways(self.around.index, off_lon, off_lat, lon, lat, reach_m, self._ways)
        slack_min = (reach_m - self._ways[:, 0]) / (limit_kn * KN_MS) / 60.0
        was_slow = x["implied_kn"] < p.slow_share * x["speed_kn"]
        hits = np.flatnonzero(slack_min >= (0.0 if was_slow else p.slack_min))
        if not len(hits):
            return None
        # A well known asset goes before one of which only a sketch is known, then the easiest.
        order = np.lexsort((hits, -slack_min[hits], self._ways[hits, 4] > self._buffer_m))
        best = int(hits[order[0]])
        way_m, at_lon, at_lat, kp_m, accuracy_m = self._ways[best]
        event = np.zeros((), EVENT)
        event["op"], event["priority"] = OPEN, 2 if accuracy_m <= self._buffer_m else 3
        event["slot"], event["minute"], event["t_ms"] = gap["slot"], gap["minute"], gap["t_ms"]
        event["t_start_ms"], event["lon"], event["lat"] = gap["t_start_ms"], lon, lat
        event["asset"], event["accuracy_m"], event["kp_m"] = best, accuracy_m, kp_m
        event["distance_m"] = short_distance_m(lon, lat, at_lon, at_lat)
        event["x"][: len(FEATURE_NAMES)] = (
            x["silence_min"], limit_kn, way_m, slack_min[best], x["implied_kn"], x["speed_kn"],
            off_lon, off_lat, len(hits), 0, int(gap["t_ms"]), x["log10_chance"],
            x["learnt_share"],
        )  # fmt: skip
        return event

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how long it was not received, and what it could have reached."""
        x, p = features_of(event, FEATURE_NAMES), self.params
        off, on = clock(float(event["t_start_ms"])), clock(x["t_again_ms"])
        asset = asset_words(self.around.assets[int(event["asset"])])
        accuracy_m = float(event["accuracy_m"])
        sketch = ""
        if accuracy_m > self._buffer_m:
            sketch = f", asset position uncertain by ±{accuracy_m:.0f} m"
        more = f" and {x['assets'] - 1:.0f} more" if x["assets"] > 1 else ""
        text = (
            f"{who.spoken} not received between {off} and {on} ({minutes(x['silence_min'])}); "
            f"long enough at {x['limit_kn']:.0f} kn to have reached {asset}{sketch}{more} and come "
            f"to where it is now with {minutes(x['slack_min'])} to spare; a straight way between "
            f"makes {x['implied_kn']:.1f} kn, it made {x['cruise_kn']:.1f} kn before; "
            "where it was is not known."
        )
        if x["over"]:
            text = text[:-1] + f"; closed after {minutes(p.close_min)}."
        return Finding(
            text=text,
            why=self._why(event, x),
            against=(
                "that it could have been there does not say that it was",
                "ways are straight lines: land between makes them longer",
            ),
            context={
                "coverage": f"{minutes(x['silence_min'])} without a report where a gap is reported",
                "assets_in_reach": int(x["assets"]),
                "last_lon": round(x["off_lon"], 6),
                "last_lat": round(x["off_lat"], 6),
            },
            priority=int(event["priority"]),
            evidence_ms=(int(event["t_start_ms"]), int(x["t_again_ms"])),
        )

    def _why(self, event: np.void, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests; one of the first two is enough."""
        p = self.params
        slow_kn = p.slow_share * x["cruise_kn"]
        out = [
            reason("time to spare on the way over the asset", x["slack_min"], "min", p.slack_min,
                   above=True),
            reason("speed of a straight way between", x["implied_kn"], "kn", slow_kn, above=False),
            reason("way over the asset", x["via_m"] / 1000.0, "km",
                   x["limit_kn"] * KN_MS * x["silence_min"] * 0.06, above=False),
            reason("accuracy of the asset's position", float(event["accuracy_m"]), "m",
                   self._buffer_m, above=False),
        ]  # fmt: skip
        return tuple(out)
