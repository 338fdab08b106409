"""`unexplained_stop`: a large ship under way comes to a stop in open water.

Definition: a ship of 80 m or more (unknown passes; class B does not) that made 5 kn or more for an
hour comes under 1 kn within 90 minutes of that, and stays so for 20 minutes, by reported speed and
by positions; 2 NM or more from land, and not reported at anchor, moored, aground or fishing. It is
a P3; a P2 inside the buffer of a well known asset, or where one lies within 5 km on its way, ahead
or back. It ends when the ship makes 3 kn for 5 minutes, reports itself at rest, or is not received
for an hour.

Here an anchor may be hove in: ships that dragged over a cable stopped without a reason some time
later. Most stops are nothing of the kind: ships wait for orders, for a pilot, for a berth, or
repair. The alert says what the ship did before.

Source: catalogue, section 0: what the known cases share, point (c). Numbers are starting values.

What it cannot see: a stop under way at more than 1 kn, one after less than an hour under way, one
that the ship reports as anchoring within 20 minutes; one without reported speed. A loss of speed
before it is D1's, a stop inside a corridor is D4's as well.

What raises false alarms: waiting for orders, pilot places and anchorages without a mask (none
ships), engine repairs, rescue, exercises.
"""

from __future__ import annotations

import math

import numpy as np

from sargas.model.alerts import NextAsset, Reason
from sargas.model.geodesy import KN_MS, NM_M
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
    distance_words,
    heard_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.reach import reach_of, unknowns
from sargas.watch.detect.sampled import Sampled
from sargas.watch.detect.stop_fold import (
    FEATURE_NAMES,
    HELD,
    SAILED,
    SILENT,
    STATE,
    Params,
    stop_samples,
    stop_tick,
)


class UnexplainedStop(Sampled):
    """A stop in open water after an hour under way.

    Example:
        >>> UnexplainedStop.word, UnexplainedStop.muted_near_land
        ('unexplained_stop', True)
    """

    word = "unexplained_stop"
    number = "–"
    state_dtype = STATE
    muted_near_land = True
    lowered_at_work = True
    sample_kernel = staticmethod(stop_samples)
    tick_kernel = staticmethod(stop_tick)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = self.rules = around.rules[self.word]
        self.params = Params(
            r["way_kn"], r["way_min"], r["memory_min"], r["slowing_min"] * MINUTE_MS,
            r["stop_kn"], r["stop_exit_kn"], r["stop_min"] * MINUTE_MS, r["min_length_m"],
            r["min_land_nm"] * NM_M, r["sail_kn"], r["sail_min"], r["silence_min"] * MINUTE_MS,
            r["close_min"] * MINUTE_MS,
        )  # fmt: skip
        limit_m = around.rules["locate"]["buffer_m"]
        every = [around.assets[k] for k in range(len(around.assets))]
        self._well_known = {a.id for a in every if a.accuracy_m <= limit_m}

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say where and how long it has stopped, and what it did before."""
        x = features_of(event, FEATURE_NAMES)
        near = self._near(event, x)
        return Finding(
            text=self._text(event, who, x, near),
            why=self._why(event, x),
            against=self._against(event, who, x),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "land_m": number_or_none(x["land_m"]),
                "coverage": heard_words(x["fixes"], x["stop_min"], x["longest_silence_min"]),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
                "before": {
                    "sog_kn": number_or_none(x["own_kn"]),
                    "cog_deg": number_or_none(x["own_deg"]),
                    "under_way_min": number_or_none(x["way_min"]),
                    "slowing_min": number_or_none(x["slowing_min"]),
                },
                "assets_on_its_way": [a.id for a, _ in near],
            },
            priority=2 if near or self._is_inside(event) else 3,
            evidence_ms=(
                int(event["t_start_ms"]) - int((x["slowing_min"] + x["way_min"]) * MINUTE_MS),
                int(x["t_last_ms"]),
            ),
        )

    def _is_inside(self, event: np.void) -> bool:
        """Tell whether it lies in the buffer of an asset that is well known."""
        limit_m = self.around.rules["locate"]["buffer_m"]
        return int(event["asset"]) >= 0 and float(event["accuracy_m"]) <= limit_m

    def _near(self, event: np.void, x: dict[str, float]) -> list[tuple[NextAsset, bool]]:
        """List the well known assets within reach on its way, and whether they lie ahead."""
        kn = x["own_kn"]
        hours = self.rules["reach_km"] * 1000.0 / (kn * KN_MS * 3600.0)
        out = []
        for is_ahead, course in ((False, x["own_deg"] + 180.0), (True, x["own_deg"])):
            reach = reach_of(
                self.around, float(event["lon"]), float(event["lat"]), course % 360.0, kn, hours,
                int(event["t_start_ms"]),
            )  # fmt: skip
            out += [(a, is_ahead) for a in reach.assets if a.id in self._well_known]
        return sorted(out, key=lambda found: (found[0].distance_km, found[0].id))

    def _text(
        self, event: np.void, who: Identity, x: dict[str, float], near: list[tuple[NextAsset, bool]]
    ) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        land = "" if math.isnan(x["land_m"]) else f", {x['land_m'] / NM_M:.0f} NM from land"
        course = "" if math.isnan(x["own_deg"]) else f" on course {x['own_deg']:03.0f}"
        before = f"after {minutes(x['way_min'])} at {x['own_kn']:.1f} kn{course}"
        where = ""
        if int(event["asset"]) >= 0:
            asset = self.around.assets[int(event["asset"])]
            words = asset_words(asset)
            where = f", {distance_words(event['distance_m'], event['accuracy_m'], words)}"
        elif near:
            found, is_ahead = near[0]
            side = "ahead" if is_ahead else "back"
            where = f"; {asset_words(found)} lies {found.distance_km:.1f} km {side} on its way"  # type: ignore[arg-type]
        ends = {
            SAILED: f"makes {x['now_kn']:.1f} kn again at {now}",
            HELD: f"reports itself {NAV_STATUS.get(int(x['nav_status']), 'at rest')} at {now}",
        }
        if int(x["end"]) in ends:
            return (
                f"{who.spoken} lay stopped in open water from {since}{land}, {before}{where}; it "
                f"{ends[int(x['end'])]}."
            )
        silent = ""
        if x["end"] == SILENT:
            last_ms = float(event["t_ms"]) - x["longest_silence_min"] * MINUTE_MS
            silent = f"; not received since {clock(last_ms)}"
        return (
            f"{who.spoken} stopped in open water at {since}{land}, {before}{where}{silent}; no "
            "reason was received, waiting for orders is the usual one."
        )

    def _why(self, event: np.void, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests; those on unknown values are in `against`."""
        r = self.rules
        out = [
            reason("under way before", x["way_min"], "min", r["way_min"], above=True),
            reason("speed before", x["own_kn"], "kn", r["way_kn"], above=True),
            reason("from way to stop", x["slowing_min"], "min", r["slowing_min"], above=False),
            reason("mean speed over ground", x["mean_kn"], "kn", r["stop_kn"], above=False),
            reason("speed made good", x["made_good_kn"], "kn", r["stop_kn"], above=False),
            reason("duration", x["stop_min"], "min", r["stop_min"], above=True),
        ]
        if not math.isnan(x["land_m"]):
            land_nm = x["land_m"] / NM_M
            out.append(reason("distance to land", land_nm, "NM", r["min_land_nm"], above=True))
        if x["length_m"] > 0:
            out.append(reason("length", x["length_m"], "m", r["min_length_m"], above=True))
        if int(event["asset"]) >= 0:
            out.append(
                reason("distance to asset", float(event["distance_m"]), "m", x["buffer_m"],
                       above=False)
            )  # fmt: skip
        return tuple(out)

    def _against(self, event: np.void, who: Identity, x: dict[str, float]) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        out = ["most stops are waits for orders, a pilot or a berth, or repairs"]
        if int(event["asset"]) >= 0 and not self._is_inside(event):
            out.append(
                f"asset position uncertain by ±{float(event['accuracy_m']):.0f} m: "
                "being inside its buffer says little"
            )
        return (*out, *unknowns(who, x["nav_status"]))
