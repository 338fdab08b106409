"""D5 `loiter`: a vessel that moves about over a corridor and gets nowhere.

Definition: over the last 3 hours, or since it first came into the buffer of an asset, the way
along places five minutes apart, but for what was sailed at 5 kn or more, is 3 times the way made
good and 3 km or more, the mean speed is under 4 kn, and 60 minutes of it were spent moving inside
the buffer. It is a P2; a P3 where the asset's position is known worse than the rule's buffer, for
class B, and for vessels known to be under 50 m. It ends when less than 30 minutes of the last 3
hours were so, at a mean of 5 kn, or when nothing was received for an hour.

Source: catalogue D5 (docs/detectors.md): ratio, time inside and speed. The 3 km are our own: a
vessel that lies at anchor makes a long way as well, of noise and swinging, and is D4's.

What it cannot see: an hour over an asset in one line; loitering beside the buffer or in the middle
of a wide wind farm; several vessels that take turns (the cluster form is not built).

What raises false alarms: fishing, survey and works without the type for it, pilots and rescue
vessels on station, ships that wait for orders under way.
"""

from __future__ import annotations

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
from sargas.watch.detect.loiter_fold import (
    BIN_MIN,
    BINS,
    FEATURE_NAMES,
    GONE,
    SPED_UP,
    STATE,
    STILL_THERE,
    Params,
    loiter_samples,
    loiter_tick,
)
from sargas.watch.detect.phrases import (
    NAV_STATUS,
    asset_words,
    clock,
    heard_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.reach import CLASS_B, is_small, unknowns
from sargas.watch.detect.sampled import Sampled


class Loiter(Sampled):
    """D5: much way, none made good, over an asset.

    Example:
        >>> Loiter.word, Loiter.number
        ('loiter', 'D5')
    """

    word = "loiter"
    number = "D5"
    version = "2"
    state_dtype = STATE
    muted_near_land = True
    lowered_at_work = True
    sample_kernel = staticmethod(loiter_samples)
    tick_kernel = staticmethod(loiter_tick)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = self.rules = around.rules[self.word]
        self.params = Params(
            r["in_min"], r["in_exit_min"], r["ratio"], r["mean_kn"], r["exit_kn"], r["stop_kn"],
            r["path_km"] * 1000.0, r["close_min"] * MINUTE_MS, around.rules["locate"]["buffer_m"],
        )  # fmt: skip

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say over what it loiters, since when, and how much way it made."""
        x = features_of(event, FEATURE_NAMES)
        limited = float(event["accuracy_m"]) > self.params.rule_buffer_m
        start_ms, last_ms = int(event["t_start_ms"]), int(x["t_last_ms"])
        against = ["fishing, survey and waiting look the same"]
        if limited:
            against.append(
                f"asset position uncertain by ±{float(event['accuracy_m']):.0f} m: "
                "being inside its buffer says little"
            )
        if int(x["msg_type"]) in CLASS_B:
            against.append("class B: as a rule a small craft")
        return Finding(
            text=self._text(event, who, x, limited=limited),
            why=self._why(event, x),
            against=(*against, *unknowns(who, x["nav_status"])),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "coverage": heard_words(
                    x["fixes"], (last_ms - start_ms) / MINUTE_MS, x["longest_silence_min"]
                ),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
            },
            priority=3 if limited or is_small(x, self.rules["min_length_m"]) else 2,
            evidence_ms=(start_ms, last_ms),
        )

    def _text(self, event: np.void, who: Identity, x: dict[str, float], *, limited: bool) -> str:
        """Write the sentence."""
        asset = asset_words(self.around.assets[int(event["asset"])])
        if limited:
            asset += f", asset position uncertain by ±{float(event['accuracy_m']):.0f} m"
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        if x["end"] == STILL_THERE:
            return (
                f"{who.spoken} has made {x['path_m'] / 1000:.1f} km since {since} at "
                f"{x['mean_kn']:.1f} kn and is {x['net_m'] / 1000:.1f} km from where it began, "
                f"{minutes(x['in_min'])} of that in the corridor of {asset}; what for was not "
                "received."
            )
        silent_ms = x["longest_silence_min"] * MINUTE_MS
        ends = {
            GONE: f"it has left by {now}",
            SPED_UP: f"it makes more than {self.rules['exit_kn']:.0f} kn on average by {now}",
        }
        end = ends.get(
            int(x["end"]), f"not received since {clock(float(event['t_ms']) - silent_ms)}"
        )
        return f"{who.spoken} moved about in the corridor of {asset} from {since}; {end}."

    def _why(self, event: np.void, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests."""
        r = self.rules
        return (
            reason("way over way made good", x["ratio"], "", r["ratio"], above=True),
            reason("way", x["path_m"] / 1000.0, "km", r["path_km"], above=True),
            reason("mean speed over ground", x["mean_kn"], "kn", r["mean_kn"], above=False),
            reason("time inside the buffer", x["in_min"], "min", r["in_min"], above=True),
            reason("window", x["window_min"], "min", BIN_MIN * BINS, above=False),
            reason(
                "distance to asset", float(event["distance_m"]), "m", x["buffer_m"], above=False
            ),
            reason(
                "accuracy of the asset's position", float(event["accuracy_m"]), "m",
                self.params.rule_buffer_m, above=False,
            ),
        )  # fmt: skip
