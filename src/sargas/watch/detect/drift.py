"""D19 `drift`: a vessel that goes elsewhere than it points, slowly, or says it cannot steer.

Definition: a vessel between 0.25 and 4 kn, not reported at anchor, moored, aground, fishing or
sailing, that (a) points 45 degrees or more off its course for 10 minutes, or (b) 25 degrees or
more for 30 minutes with a spread of no more than 15, or (c) reports itself not under command for
10 minutes, and has made good 500 m since that began. A run outlasts 5 minutes in which it is not
shown. The drift is followed on, at the course and speed made good, for 6 hours: P1 when it meets
an asset within 2 hours, or within 6 if the vessel says that it is not under command; P2 when it
meets an asset later, or the shore within those times; else P3. One lower for form (b), and for a
vessel not heard under way (10 minutes at 5 kn or more) before; class B and vessels known to be
under 50 m are a P3. An open drift that comes nearer is raised, and never lowered. It ends when the
vessel makes 5 kn for 5 minutes, reports itself at anchor, shows none of it for 30 minutes, or is
not received for an hour.

A drift is no dragged anchor: a vessel that drags under way points where it goes. This is told for
the safety of the ship and of what stands in the sea.

Source: catalogue D19 (docs/detectors.md): status 2, or AMSA's 45 degrees for 10 minutes; 500 m
from the Danish authority's rule. Form (b) is our own: after 17:30 the tanker FRIO shows 20 to 30
degrees for an hour. So are the hours of P1: ships that wait for orders drift as well.

What it cannot see: a vessel without heading, unless it says that it is not under command; one that
drifts along its own heading; one faster than 4 kn; one that goes round in a circle of 500 m.

What raises false alarms: ships that wait for orders, which is most of them; hauling nets without
the status; work on station; a slow ship in a strong stream; a compass that is wrong.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import (
    UPDATE,
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.drift_fold import (
    ACROSS,
    FEATURE_NAMES,
    HELD,
    OVER,
    SAID,
    SILENT,
    SLOW,
    STATE,
    UNDER_WAY,
    Params,
    drift_samples,
    drift_tick,
)
from sargas.watch.detect.phrases import (
    NAV_STATUS,
    asset_words,
    clock,
    heard_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.reach import CLASS_B, Reach, is_small, reach_of, unknowns
from sargas.watch.minutes import Minutes

NAMED = 8
"""Assets on the way that an alert lists."""


class Drift(Detector):
    """D19: adrift, with what lies on the way of the drift.

    Example:
        >>> Drift.word, Drift.number
        ('drift', 'D19')
    """

    word = "drift"
    number = "D19"
    state_dtype = STATE
    muted_near_land = True
    lowered_at_work = True
    ticks = True
    reads_samples = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = self.rules = around.rules[self.word]
        self.params = Params(
            r["least_kn"], r["most_kn"], r["across_deg"], r["across_min"] * MINUTE_MS,
            r["slow_deg"], r["slow_min"] * MINUTE_MS, r["steady_deg"], r["said_min"] * MINUTE_MS,
            r["made_good_m"], r["break_min"] * MINUTE_MS, r["way_kn"], r["way_min"],
            r["way_end_min"], r["over_min"] * MINUTE_MS, r["silence_min"] * MINUTE_MS,
            r["close_min"] * MINUTE_MS,
        )  # fmt: skip
        self._weighed = 0
        # Called once, so that it is compiled with the others and not at the first drift.
        reach_of(around, 0.0, 0.0, 0.0, 1.0, 0.1, 0)

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some whole minutes and give the events they make; see `Detector.fold`."""
        self._weighed = 0
        return super().fold(minutes)

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the sample kernel."""
        done: tuple[int, int] = drift_samples(
            minutes.samples, minutes.rows, start, end, self.state, self.params, events, n
        )
        return done

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Call the tick kernel, then give the minute's events their priority."""
        slot, n = drift_tick(
            t_ms, start, self.state, int(self.rules["again_min"]), self.params, events, n
        )
        return slot, self._weigh(n) if slot == len(self.state) else n

    def _weigh(self, n: int) -> int:
        """Look where each drift of this minute leads, and drop what is asked anew in vain."""
        kept = self._weighed
        for k in range(self._weighed, n):
            event = self._events[k]
            row = self.state[int(event["slot"])]
            level = self._level(features_of(event, FEATURE_NAMES), self._reach(event))
            if event["op"] == UPDATE and (level >= row["priority"] or self._is_muted(event)):
                continue
            row["priority"] = min(level, int(row["priority"]))
            event["priority"] = row["priority"]
            self._events[kept] = event
            kept += 1
        self._weighed = kept
        return kept

    def _is_muted(self, event: np.void) -> bool:
        """Tell whether coast or port would mute a version here, and so lower what it raises."""
        around, lon, lat = self.around, float(event["lon"]), float(event["lat"])
        land_m = features_of(event, FEATURE_NAMES)["land_m"]
        return land_m <= around.rules["judge"]["land_mask_m"] or bool(
            around.geography.port_name_at(lon, lat)
        )

    def _reach(self, event: np.void) -> Reach:
        """Follow the drift on, as it was made good."""
        x = features_of(event, FEATURE_NAMES)
        return reach_of(
            self.around, float(event["lon"]), float(event["lat"]), x["made_good_deg"],
            x["made_good_kn"], self.rules["reach_h"], int(x["t_last_ms"]),
        )  # fmt: skip

    def _level(self, x: dict[str, float], reach: Reach) -> int:
        """Give the priority: how soon something is met, less what makes it doubtful."""
        r = self.rules
        soon_h = r["reach_h"] if x["form"] == SAID else r["alarm_h"]
        if is_small(x, r["min_length_m"]):
            return 3
        if reach.first_h <= soon_h:
            level = 1
        elif reach.first_h <= r["reach_h"] or reach.shore_h <= soon_h:
            level = 2
        else:
            level = 3
        return min(3, level + (x["form"] == SLOW) + (x["way_min"] < r["way_min"]))

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how the vessel drifts, since when, and what it would come to."""
        x = features_of(event, FEATURE_NAMES)
        is_over = x["end"] in (UNDER_WAY, OVER, HELD)
        reach = self._reach(event)
        return Finding(
            text=self._text(event, who, x, reach),
            why=self._why(x),
            against=self._against(who, x),
            next_assets=() if is_over else reach.assets[:NAMED],
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "coverage": heard_words(x["fixes"], x["drift_min"], x["longest_silence_min"]),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
                "heading_off_course_deg": number_or_none(x["beta_deg"]),
                "made_good": f"{x['made_good_kn']:.1f} kn towards {x['made_good_deg']:03.0f}",
                "shore_reached_in_h": None if math.isinf(reach.shore_h) else
                round(reach.shore_h, 1),
            },
            priority=int(event["priority"]),
            evidence_ms=(int(event["t_start_ms"]), int(x["t_last_ms"])),
        )  # fmt: skip

    def _text(self, event: np.void, who: Identity, x: dict[str, float], reach: Reach) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        how = f"{x['made_good_kn']:.1f} kn towards {x['made_good_deg']:03.0f}"
        if x["form"] == SAID:
            sign = "reports itself not under command"
        else:
            sign = f"points {abs(x['beta_deg']):.0f} degrees off its course"
        ends = {
            UNDER_WAY: f"makes {x['now_kn']:.1f} kn again at {now}",
            HELD: f"reports itself {NAV_STATUS.get(int(x['nav_status']), 'at rest')} at {now}",
            OVER: f"no longer does at {now}",
        }
        if x["end"] in ends:
            return (
                f"{who.spoken} was adrift for {minutes(x['drift_min'])} from {since}, at {how}; "
                f"it {ends[int(x['end'])]}."
            )
        head = f"{who.spoken} {sign} since {since} and is adrift at {how}"
        if x["end"] == SILENT:
            silent_ms = x["longest_silence_min"] * MINUTE_MS
            head += f", not received since {clock(float(event['t_ms']) - silent_ms)}"
        return (
            f"{head}; {self._met(reach)}. This is the pattern of a drift, not of a dragged anchor; "
            "it may be waiting for orders."
        )

    def _met(self, reach: Reach) -> str:
        """Say what lies on the way."""
        parts = []
        if reach.assets:
            first = reach.assets[0]
            parts.append(f"so it would come to {asset_words(first)} at {clock(first.eta_ms)}")  # type: ignore[arg-type]
        if not math.isinf(reach.shore_h):
            parts.append(f"the shore lies {minutes(60 * reach.shore_h)} on")
        if not parts:
            return f"no asset and no shore lies on its way for {self.rules['reach_h']:.0f} hours"
        return ", ".join(parts)

    def _why(self, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests."""
        r = self.rules
        out = [
            reason("mean speed over ground", x["mean_kn"], "kn", r["most_kn"], above=False),
            reason("mean speed over ground", x["mean_kn"], "kn", r["least_kn"], above=True),
            reason("way made good", x["made_good_m"], "m", r["made_good_m"], above=True),
        ]
        off, lasted = "heading off the course", "duration"
        if x["form"] == SAID:
            out.append(reason(lasted, x["drift_min"], "min", r["said_min"], above=True))
        elif x["form"] == ACROSS:
            out.append(reason(off, abs(x["beta_deg"]), "deg", r["across_deg"], above=True))
            out.append(reason(lasted, x["drift_min"], "min", r["across_min"], above=True))
        else:
            out.append(reason(off, abs(x["beta_deg"]), "deg", r["slow_deg"], above=True))
            out.append(reason(lasted, x["drift_min"], "min", r["slow_min"], above=True))
            spread = x["beta_spread_deg"]
            out.append(reason("its spread", spread, "deg", r["steady_deg"], above=False))
        if x["way_min"] >= r["way_min"]:
            out.append(reason("under way before", x["way_min"], "min", r["way_min"], above=True))
        return tuple(out)

    def _against(self, who: Identity, x: dict[str, float]) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        out = ["ships that wait for orders drift as well"]
        if x["way_min"] < self.rules["way_min"]:
            out.append("not heard under way before: it may have lain here for long")
        if x["form"] == SLOW:
            out.append("wind and stream set a slow ship off its heading too")
        if x["form"] != SAID and int(x["nav_status"]) == 0:
            out.append("reports itself under way, not out of command")
        if int(x["msg_type"]) in CLASS_B:
            out.append("class B: as a rule a small craft")
        return (*out, *unknowns(who, x["nav_status"]))
