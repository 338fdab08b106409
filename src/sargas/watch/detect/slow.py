"""D4 `slow_in_corridor`: a vessel slow or stopped inside the buffer of an asset.

Definition: within `max(rule buffer, accuracy of the piece)` of an asset, under 3 kn for 15
minutes or under 0.5 kn for 10, over fixes no more than 30 minutes apart. A dwell begins at the
first such fix, also when the vessel was first heard already slow; it ends at 4 kn or at 1.2 times
the buffer, and an open alert also when no position came for 60 minutes. The mean speed of the
dwell must be below the limit, and the way made good must agree with the reported speed. It is a
P2; a P3 for a vessel that has not made 4 kn since it was first received, or since its last alert
of this rule: that it lies there is known, not that it came, and a ship at anchor swings into a
buffer and out again.

Source: catalogue D4 (docs/detectors.md); enter and exit limits in `rules.toml`.

What it cannot see: a drag under way (D1 is for that); a vessel that slows for less than ten
minutes; one in the middle of a wide wind farm, of which only the outline is watched; one that
sends no position. Where the asset is known worse than the rule's buffer, being inside says
little: such an alert is a P3 and says by how much the asset may lie elsewhere.

What raises false alarms: anchorages, fishing grounds, pilot stations, cable and wind farm works,
ferries that wait. Ports and the land distance mute it, a working ship's type lowers it (judge).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.fixes import NAV_STATUS_NONE
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import Detector, Finding, Identity, Surroundings, features_of, reason
from sargas.watch.detect.nearby import assets_in_reach
from sargas.watch.detect.phrases import (
    NAV_STATUS,
    asset_words,
    clock,
    distance_words,
    heard_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.slow_fold import (
    FEATURE_NAMES,
    LEFT,
    SILENT,
    SPED_UP,
    STATE,
    STILL_THERE,
    STOPPED,
    Params,
    slow_rows,
    slow_tick,
)
from sargas.watch.minutes import Minutes


class SlowInCorridor(Detector):
    """D4: slow or stopped inside an asset's buffer.

    Example:
        >>> SlowInCorridor.word, SlowInCorridor.muted_near_land
        ('slow_in_corridor', True)
    """

    word = "slow_in_corridor"
    number = "D4"
    version = "2"
    state_dtype = STATE
    muted_near_land = True
    lowered_at_work = True
    ticks = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = around.rules[self.word]
        self.params = Params(
            r["slow_kn"], r["slow_min"] * MINUTE_MS, r["stop_kn"], r["stop_min"] * MINUTE_MS,
            r["stop_exit_kn"], r["exit_kn"], r["exit_buffer"], r["max_silence_min"] * MINUTE_MS,
            r["close_min"] * MINUTE_MS, around.rules["locate"]["buffer_m"],
        )  # fmt: skip

    def run_rows(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the row kernel."""
        done: tuple[int, int] = slow_rows(
            minutes.rows, start, end, self.state, self.around.index, self.params, events, n
        )
        return done

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Call the tick kernel."""
        done: tuple[int, int] = slow_tick(t_ms, start, self.state, self.params, events, n)
        return done

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say where, how slowly, for how long, and how well the asset's place is known."""
        x = features_of(event, FEATURE_NAMES)
        limited = float(event["accuracy_m"]) > self.params.rule_buffer_m
        return Finding(
            text=self._text(event, who, x, limited=limited),
            why=self._why(event, x),
            against=self._against(event, who, x, limited=limited),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "coverage": heard_words(x["fixes"], x["dwell_min"], x["longest_silence_min"]),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
                "assets_in_reach": [
                    self.around.assets[a].id
                    for a, _ in assets_in_reach(
                        self.around.index, float(event["lon"]), float(event["lat"])
                    )
                ],
            },
            priority=3 if limited or not x["had_sailed"] else 2,
            evidence_ms=(int(event["t_start_ms"]), int(x["t_last_ms"])),
        )

    def _text(self, event: np.void, who: Identity, x: dict[str, float], *, limited: bool) -> str:
        """Write the sentence."""
        asset = self.around.assets[int(event["asset"])]
        is_stop = x["form"] == STOPPED
        where = distance_words(x["distance_m"], float(event["accuracy_m"]), asset_words(asset))
        if limited:
            where += f", asset position uncertain by ±{float(event['accuracy_m']):.0f} m"
        since, how_long = clock(float(event["t_start_ms"])), minutes(x["dwell_min"])
        if x["end"] == STILL_THERE:
            # The text is kept and read later, when it has been longer.
            did = "has been stopped" if is_stop else f"has made {x['mean_kn']:.1f} kn on average"
            return f"{who.spoken} {did} since {since} ({how_long} when this was written), {where}."
        did = "was stopped" if is_stop else f"made {x['mean_kn']:.1f} kn on average"
        now = clock(float(event["t_ms"]))
        how = {
            SPED_UP: f"made {x['speed_kn']:.1f} kn again at {now}",
            LEFT: f"left the corridor at {now}",
            SILENT: f"no position received since {clock(x['t_last_ms'])}",
        }[int(x["end"])]
        return f"{who.spoken} {did} for {how_long}, from {since}, {where}; {how}."

    def _why(self, event: np.void, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests."""
        p = self.params
        is_stop = x["form"] == STOPPED
        limit_kn, limit_ms = (p.stop_kn, p.stop_ms) if is_stop else (p.slow_kn, p.slow_ms)
        return (
            reason("mean speed over ground", x["mean_kn"], "kn", limit_kn, above=False),
            reason("duration", x["dwell_min"], "min", limit_ms / MINUTE_MS, above=True),
            reason("distance to asset", x["distance_m"], "m", x["buffer_m"], above=False),
            reason("speed made good", x["made_good_kn"], "kn", p.exit_kn, above=False),
            reason(
                "longest silence", x["longest_silence_min"], "min",
                p.max_silence_ms / MINUTE_MS, above=False,
            ),
            reason(
                "accuracy of the asset's position", float(event["accuracy_m"]), "m",
                p.rule_buffer_m, above=False,
            ),
        )  # fmt: skip

    def _against(
        self, event: np.void, who: Identity, x: dict[str, float], *, limited: bool
    ) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        out = []
        if limited:
            out.append(
                f"asset position uncertain by ±{float(event['accuracy_m']):.0f} m: "
                "being inside its buffer says little"
            )
        status = NAV_STATUS.get(int(x["nav_status"]))
        if status:
            out.append(f"reports itself {status}")
        elif int(x["nav_status"]) == NAV_STATUS_NONE:
            out.append("navigational status not available")
        if who.ship_type is None:
            out.append("ship type unknown: it may be at work here")
        if x["first_heard_slow"]:
            out.append("already slow when first received: it may have been here longer")
        elif not x["had_sailed"]:
            out.append("has not been under way since it was received here before")
        if x["unreported"]:
            out.append(
                f"no speed reported in {x['unreported']:.0f} of {x['fixes']:.0f} fixes: "
                "taken from positions a minute apart"
            )
        return tuple(out)
