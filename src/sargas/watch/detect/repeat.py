"""D7 `repeat_crossing`: a vessel crosses one asset again and again, each time back the other way.

Definition: 3 crossings of one asset within 6 hours and 10 km of it, each on a course that differs
from the one before by 60 degrees or more, with no more than 10 km sailed between the two, at 0.5 kn
or more, between fixes no more than 30 minutes and 5 km apart. It is a P2; a P3 where the asset's
position is known worse than the rule's buffer, for passenger ships, class B, and vessels known to
be under 50 m. It ends when it was not crossed for 2 hours.

Source: catalogue D7 (docs/detectors.md). The turn of 60 degrees is our own: a ship that sails along
a cable which winds about its course crosses it many times, and that is one passage. So are the
10 km: what plies from shore to shore crosses the same cables all day.

What it cannot see: parallel legs beside an asset (the survey form is not built); crossings within
one minute; crossings of several assets once each; those of a vessel at rest.

What raises false alarms: ferries over narrow straits without a type, fishing, survey and cable
works, pilots, races.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.time import MINUTE_MS
from sargas.watch.chords import pack_lines
from sargas.watch.detect.base import (
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.phrases import NAV_STATUS, asset_words, clock, minutes, number_or_none
from sargas.watch.detect.reach import CLASS_B, is_small, unknowns
from sargas.watch.detect.repeat_fold import (
    FEATURE_NAMES,
    STATE,
    Params,
    repeat_samples,
    repeat_tick,
)
from sargas.watch.minutes import Minutes

PASSENGER = range(60, 70)
"""Ship types that cross the same cables by their timetable (ITU-R M.1371-5)."""
SCRATCH = 512
"""Pieces that one minute's way may cross; the densest real kilometre has some dozens."""


class RepeatCrossing(Detector):
    """D7: to and fro over one asset.

    Example:
        >>> RepeatCrossing.word, RepeatCrossing.number
        ('repeat_crossing', 'D7')
    """

    word = "repeat_crossing"
    number = "D7"
    state_dtype = STATE
    lowered_at_work = True
    ticks = True
    reads_samples = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = self.rules = around.rules[self.word]
        certain = around.rules["crossing"]
        self.params = Params(
            r["crossings"], r["span_min"] * MINUTE_MS, r["kp_km"] * 1000.0, r["turn_deg"],
            r["way_km"] * 1000.0, r["rest_kn"], certain["certain_min"] * MINUTE_MS,
            certain["certain_km"] * 1000.0, r["over_min"] * MINUTE_MS,
        )  # fmt: skip
        self._lines = pack_lines(around.index)
        self._piece, self._share = np.empty(SCRATCH, np.int32), np.empty((SCRATCH, 2))

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the sample kernel."""
        done: tuple[int, int] = repeat_samples(
            minutes.samples, minutes.rows, start, end, self.state, self._lines, self._piece,
            self._share, self.params, events, n,
        )  # fmt: skip
        return done

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Call the tick kernel."""
        done: tuple[int, int] = repeat_tick(t_ms, start, self.state, self.params, events, n)
        return done

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say what was crossed, how often, since when."""
        x = features_of(event, FEATURE_NAMES)
        limited = float(event["accuracy_m"]) > self.around.rules["locate"]["buffer_m"]
        is_ferry = who.ship_type in PASSENGER
        against = ["ferries, fishing, survey and cable works cross like this"]
        if is_ferry:
            against.append(f"ship type {who.ship_type} as reported: a passenger ship")
        if limited:
            against.append(
                f"asset position uncertain by ±{float(event['accuracy_m']):.0f} m: "
                "it may not have been crossed"
            )
        if int(x["msg_type"]) in CLASS_B:
            against.append("class B: as a rule a small craft")
        return Finding(
            text=self._text(event, who, x, limited=limited),
            why=self._why(event, x),
            against=(*against, *unknowns(who, x["nav_status"])),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
                "last_crossing": clock(x["t_last_ms"]),
            },
            priority=3 if limited or is_ferry or is_small(x, self.rules["min_length_m"]) else 2,
            evidence_ms=(int(event["t_start_ms"]), int(x["t_last_ms"])),
        )

    def _text(self, event: np.void, who: Identity, x: dict[str, float], *, limited: bool) -> str:
        """Write the sentence."""
        asset = asset_words(self.around.assets[int(event["asset"])])
        if limited:
            asset += f", asset position uncertain by ±{float(event['accuracy_m']):.0f} m"
        first, last = clock(float(event["t_start_ms"])), clock(x["t_last_ms"])
        times = f"{x['crossings']:.0f} times to and fro"
        if x["is_over"]:
            return (
                f"{who.spoken} crossed {asset} {times} from {first} to {last}, and not since for "
                f"{minutes(self.rules['over_min'])}."
            )
        return (
            f"{who.spoken} has crossed {asset} {times} since {first}, at {x['mean_kn']:.1f} kn, "
            f"within {max(x['kp_span_km'], 0.1):.1f} km of it, last at {last}; what for was not "
            "received."
        )

    def _why(self, event: np.void, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests."""
        r = self.rules
        return (
            reason("crossings", x["crossings"], "crossings", r["crossings"], above=True),
            reason("from first to last", x["span_min"], "min", r["span_min"], above=False),
            reason("along the asset", x["kp_span_km"], "km", r["kp_km"], above=False),
            reason(
                "change of course between crossings", x["least_turn_deg"], "deg", r["turn_deg"],
                above=True,
            ),
            reason(
                "way between crossings", x["most_way_km"], "km", r["way_km"], above=False
            ),
            reason("mean speed while crossing", x["mean_kn"], "kn", r["rest_kn"], above=True),
            reason(
                "accuracy of the asset's position", float(event["accuracy_m"]), "m",
                self.around.rules["locate"]["buffer_m"], above=False,
            ),
        )  # fmt: skip
