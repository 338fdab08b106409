"""D6 `swing_circle`: a vessel at anchor leaves the circle in which it can swing.

Definition: a vessel that reports itself at anchor and lay under 0.7 kn for 20 minutes has its
centre in the middle of those places. Its circle is twice the chain and its length, and the noise
of positions: chain at most 6 times the depth and at most 300 m, length 200 m where it is not
known. Twice, since where on the circle it lay in those minutes is not known: a change of wind
carries a ship from one side of its anchor to the other. It opens when three minutes running lie
outside, reached from inside at 0.5 to 3 kn, with the heading 30 degrees or more off the course
(unknown passes): a ship that has weighed sails where it points. It is a P3; a P2 when an asset
lies on its way within 6 hours at that speed, a P1 within one. Vessels known to be under 50 m raise
nothing, nor does class B, which reports no status. It ends when the vessel makes 3 kn for 3
minutes, lies at rest for 30, or is not received for an hour.

Source: catalogue D6 (docs/detectors.md). Its circle is once chain and length about the centre: a
ship of 200 m in 30 m of water that swings half about leaves that by 400 m. Its depth is coarse.

What it cannot see: a drag within the circle, in deep water some 900 m; a vessel that does not
report itself at anchor; one that drags ahead, along its heading; one first heard while it drags.

What raises false alarms: two anchors, more chain than that, a heavy sea with a false heading,
shifting berth in an anchorage under 3 kn.
"""

from __future__ import annotations

import math

import numpy as np

from sargas.model.alerts import Reason
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import (
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.phrases import (
    NAV_STATUS,
    asset_words,
    clock,
    heard_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.reach import Reach, reach_of, unknowns
from sargas.watch.detect.sampled import Sampled
from sargas.watch.detect.swing_fold import (
    FEATURE_NAMES,
    RESTS,
    SAILED,
    STATE,
    STILL_GOES,
    Params,
    swing_samples,
    swing_tick,
)

NAMED = 8
"""Assets on the way that an alert lists."""


class SwingCircle(Sampled):
    """D6: an anchored vessel that does not stay where it lay.

    Example:
        >>> SwingCircle.word, SwingCircle.number
        ('swing_circle', 'D6')
    """

    word = "swing_circle"
    number = "D6"
    state_dtype = STATE
    lowered_at_work = True
    sample_kernel = staticmethod(swing_samples)
    tick_kernel = staticmethod(swing_tick)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = self.rules = around.rules[self.word]
        self.params = Params(
            r["rest_kn"], r["chain_depths"], r["chain_m"], r["length_m"], r["noise_m"],
            r["beyond"], r["leave_kn"], r["sail_kn"], r["sail_min"], r["aligned_deg"],
            r["min_length_m"], r["rest_min"], r["silence_min"] * MINUTE_MS,
            r["close_min"] * MINUTE_MS,
        )  # fmt: skip

    def _reach(self, event: np.void, x: dict[str, float]) -> Reach:
        """Follow it on as it left."""
        return reach_of(
            self.around, float(event["lon"]), float(event["lat"]), x["towards_deg"],
            x["speed_kn"], self.rules["reach_h"], int(x["t_last_ms"]),
        )  # fmt: skip

    def _level(self, reach: Reach) -> int:
        """Give the priority: how soon it would come to an asset."""
        if reach.first_h <= self.rules["alarm_h"]:
            return 1
        return 2 if reach.first_h <= self.rules["reach_h"] else 3

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how far it is from where it lay, how it goes and towards what."""
        x = features_of(event, FEATURE_NAMES)
        reach = self._reach(event, x)
        start_ms, last_ms = int(event["t_start_ms"]), int(x["t_last_ms"])
        goes_on = x["end"] == STILL_GOES
        against = ["it may be shifting its berth, or have weighed and be slow to gather way"]
        if x["length_m"] == 0:
            against.append(f"length unknown: taken as {self.rules['length_m']:.0f} m")
        if math.isnan(x["beta_deg"]):
            against.append("heading unknown: it may point where it goes")
        if math.isnan(x["depth_m"]):
            against.append(f"depth unknown: chain taken as {self.rules['chain_m']:.0f} m")
        against += [w for w in unknowns(who, x["nav_status"]) if not w.startswith("length")]
        return Finding(
            text=self._text(event, who, x, reach),
            why=self._why(x),
            against=tuple(against),
            next_assets=reach.assets[:NAMED] if goes_on else (),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "coverage": heard_words(
                    x["fixes"], (last_ms - start_ms) / MINUTE_MS, x["longest_silence_min"]
                ),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
                "lay_at": {"lon": round(x["centre_lon"], 5), "lat": round(x["centre_lat"], 5)},
                "chain_m": number_or_none(x["chain_m"]),
            },
            priority=self._level(reach),
            evidence_ms=(start_ms - round(x["lay_min"] * MINUTE_MS), last_ms),
        )

    def _text(self, event: np.void, who: Identity, x: dict[str, float], reach: Reach) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        away = f"{round(x['away_m'], -1):.0f} m from where it lay at anchor"
        if x["end"] == STILL_GOES:
            met = f"no asset lies on its way for {self.rules['reach_h']:.0f} hours"
            if reach.assets:
                first = reach.assets[0]
                met = f"so it would come to {asset_words(first)} at {clock(first.eta_ms)}"  # type: ignore[arg-type]
            return (
                f"{who.spoken} is {away} for {minutes(x['lay_min'])} and has been outside its "
                f"swinging circle of {round(x['circle_m'], -1):.0f} m since {since}, at "
                f"{x['speed_kn']:.1f} kn towards {x['towards_deg']:03.0f}; {met}."
            )
        silent_ms = x["longest_silence_min"] * MINUTE_MS
        ends = {SAILED: f"is under way at {now}", RESTS: f"lies at rest again at {now}"}
        end = ends.get(
            int(x["end"]), f"was not received since {clock(float(event['t_ms']) - silent_ms)}"
        )
        return f"{who.spoken} left its swinging circle at {since} and {end}, {away}."

    def _why(self, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests; those on unknown values are in `against`."""
        r = self.rules
        out = [
            reason("distance from where it lay", x["away_m"], "m", x["circle_m"], above=True),
            reason("minutes outside", x["beyond"], "min", r["beyond"], above=True),
            reason("speed of leaving", x["speed_kn"], "kn", r["leave_kn"], above=True),
            reason("speed of leaving", x["speed_kn"], "kn", r["sail_kn"], above=False),
        ]
        if not math.isnan(x["beta_deg"]):
            off = abs(x["beta_deg"])
            out.append(reason("heading off the course", off, "deg", r["aligned_deg"], above=True))
        return tuple(out)
