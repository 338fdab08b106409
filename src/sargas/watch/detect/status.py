"""D13 `status_mismatch`: the reported navigational status and the motion do not agree.

Definition: reported at anchor or moored and over 2 kn for 10 minutes, with at least half of that
made good; or reported under way and under 0.3 kn for 3 hours, 1 km or more from land (where it is
nearer, a ship without the status lies in port). A run outlasts 3 minutes that do not show it. It
is always a P3. It ends when the status changes, the motion agrees for 10 minutes, or nothing was
received for an hour.

Source: catalogue D13 (docs/detectors.md). A feature more than an alert: the status is set by hand
and often forgotten.

What it cannot see: a status that is wrong and fits the motion; class B, which has none.

What raises false alarms: nothing but forgetting, which is common; a ship towed while it reports
itself moored.
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
from sargas.watch.detect.phrases import (
    NAV_STATUS,
    clock,
    heard_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.sampled import Sampled
from sargas.watch.detect.status_fold import (
    CHANGED,
    FEATURE_NAMES,
    MATCHES,
    MOVES,
    STATE,
    STILL_SO,
    Params,
    status_samples,
    status_tick,
)


class StatusMismatch(Sampled):
    """D13: says one thing, does another.

    Example:
        >>> StatusMismatch.word, StatusMismatch.number
        ('status_mismatch', 'D13')
    """

    word = "status_mismatch"
    number = "D13"
    state_dtype = STATE
    muted_near_land = True
    sample_kernel = staticmethod(status_samples)
    tick_kernel = staticmethod(status_tick)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = self.rules = around.rules[self.word]
        self.params = Params(
            r["moves_kn"], r["moves_min"] * MINUTE_MS, r["lies_kn"], r["lies_min"] * MINUTE_MS,
            around.rules["judge"]["land_mask_m"], r["break_min"], r["over_min"],
            r["silence_min"] * MINUTE_MS, r["close_min"] * MINUTE_MS,
        )  # fmt: skip

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say what is reported and what is done."""
        x = features_of(event, FEATURE_NAMES)
        return Finding(
            text=self._text(event, who, x),
            why=self._why(x),
            against=("the status is set by hand and often forgotten",),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "land_m": number_or_none(x["land_m"]),
                "coverage": heard_words(x["fixes"], x["span_min"], x["longest_silence_min"]),
                "reported_status": NAV_STATUS.get(int(x["said"]), "under way"),
            },
            priority=3,
            evidence_ms=(int(event["t_start_ms"]), int(x["t_last_ms"])),
        )

    def _text(self, event: np.void, who: Identity, x: dict[str, float]) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        said = NAV_STATUS.get(int(x["said"]), "under way")
        if x["end"] == STILL_SO:
            does = f"has made {x['mean_kn']:.1f} kn" if x["form"] == MOVES else "has lain still"
            return (
                f"{who.spoken} reports itself {said} and {does} since {since} "
                f"({minutes(x['span_min'])} when this was written)."
            )
        did = f"made {x['mean_kn']:.1f} kn" if x["form"] == MOVES else "lay still"
        silent_ms = x["longest_silence_min"] * MINUTE_MS
        new = NAV_STATUS.get(int(x["nav_status"]), "under way" if x["nav_status"] == 0 else "")
        ends = {
            CHANGED: f"it reports {f'itself {new}' if new else 'another status'} at {now}",
            MATCHES: f"by {now} it does as it reports",
        }
        end = ends.get(
            int(x["end"]), f"not received since {clock(float(event['t_ms']) - silent_ms)}"
        )
        return f"{who.spoken} reported itself {said} and {did} from {since}; {end}."

    def _why(self, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests."""
        r = self.rules
        if x["form"] == MOVES:
            half = 0.5 * r["moves_kn"]
            return (
                reason("mean speed over ground", x["mean_kn"], "kn", r["moves_kn"], above=True),
                reason("duration", x["span_min"], "min", r["moves_min"], above=True),
                reason("speed made good", x["made_good_kn"], "kn", half, above=True),
            )
        return (
            reason("mean speed over ground", x["mean_kn"], "kn", r["lies_kn"], above=False),
            reason("duration", x["span_min"], "min", r["lies_min"], above=True),
            reason("speed made good", x["made_good_kn"], "kn", r["lies_kn"], above=False),
        )
