"""D10 `position_integrity`: reported positions that cannot be true.

Five kinds, each a P3, one open event per vessel and kind; closed after 30 minutes without a
further sign:

- *jump*: a fix more than 1 NM from the last clean one that takes more than 60 kn to reach;
- *in turn*: reports of one MMSI come in turn from two places that one hull cannot both be at:
  two ships with one MMSI, or one vessel whose position flips;
- *inland*: three fixes in a row more than 1 km inside land, reached from the last fix at sea
  faster than 30 kn. Canals and rivers are sailed slowly, so their traffic is left alone;
- *frozen*: more than 3 kn reported for 10 minutes while the position stays within 100 m;
- *circle*: 12 positions or more, two minutes apart, lie within 5 % of a circle of 500 m or more and
  go all around it, while 80 % of the reported courses are 45 degrees or more off the way made.

Source: catalogue D10 (docs/detectors.md). A single wild speed while the position stands (LOTUS:
102.2 kn at anchor) is a sensor's glitch and raises nothing.

What it cannot see: a position that walks away at a ship's speed; one that is wrong from the first
fix on; one inland near a shore, or where the land file has a lake of 30 km² or more; a circle whose
reported courses are made up to fit it; whether the transmitter, the satellites or the feed is at
fault. A receiver's radio horizon is not tested: fixes do not carry where their receiver stands.

What raises false alarms: a receiver with a wrong clock (late copies near the vessel's own track
are recognised and counted in `PositionIntegrity.counts`), a feed that repeats last known
positions, bit errors, very fast craft in channels that the land file has lost.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import Detector, Finding, Identity, Surroundings, features_of, reason
from sargas.watch.detect.cases import CASE
from sargas.watch.detect.integrity_fold import integrity_rows, integrity_tick
from sargas.watch.detect.integrity_state import (
    CIRCLING,
    FEATURE_NAMES,
    FROZEN,
    IN_TURN,
    INLAND,
    JUMPED,
    KINDS,
    STATE,
    Params,
)
from sargas.watch.detect.phrases import clock, minutes, number_or_none, place
from sargas.watch.growing import with_room
from sargas.watch.minutes import Minutes

KIND_NAMES = ("jump", "in_turn", "inland", "frozen", "circle")


class PositionIntegrity(Detector):
    """D10: a reported position that cannot be true.

    Attributes:
        cases: five rows a subject, the open or last event of each kind. stale: late copies seen.

    Example:
        >>> PositionIntegrity.word, PositionIntegrity.number
        ('position_integrity', 'D10')
    """

    word = "position_integrity"
    number = "D10"
    version = "2"
    state_dtype = STATE
    ticks = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = around.rules[self.word]
        self.params = Params(
            r["jump_kn"], r["jump_m"], r["stale_m"], r["turns"], r["inland_m"],
            r["inland_exit_m"], r["inland_fixes"], r["inland_kn"], r["frozen_kn"], r["frozen_m"],
            r["frozen_min"] * MINUTE_MS, r["frozen_fixes"], r["frozen_silence_min"] * MINUTE_MS,
            r["close_min"] * MINUTE_MS, r["circle_points"], r["circle_fit"], r["circle_least_m"],
            r["circle_turn_deg"], r["circle_off_deg"], r["circle_off_share"],
        )  # fmt: skip
        self.cases = np.zeros(0, dtype=CASE)
        self.stale = np.zeros(1, np.int64)

    @property
    def counts(self) -> Counter[str]:
        """Jumps that were late copies of the vessel's own reports, not raised."""
        return Counter({"late_copies": int(self.stale[0])} if self.stale[0] else {})

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some minutes; the state has a row per subject instead of per segment."""
        return super().fold(minutes._replace(slots=minutes.subjects))

    def _grow(self, slots: int) -> None:
        """Make state for new subjects, and cases with it."""
        super()._grow(slots)
        self.cases = with_room(self.cases, KINDS * len(self.state))

    def run_rows(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the row kernel."""
        done: tuple[int, int] = integrity_rows(
            minutes.rows, start, end, self.state, self.cases, self.stale, self.params, events, n
        )
        return done

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Call the tick kernel."""
        done: tuple[int, int] = integrity_tick(
            t_ms, start, self.state, self.cases, self.params, events, n
        )
        return done

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, the cases and the count with it."""
        return super().dump() | {"cases": self.cases, "stale": self.stale}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave."""
        super().load(arrays)
        self.cases, self.stale = arrays["cases"].copy(), arrays["stale"].copy()

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say what was reported, and why it cannot be true."""
        x = features_of(event, FEATURE_NAMES)
        kind = int(x["kind"])
        text = self._text(event, who, x)
        if x["end"]:
            signs = f"{x['signs']:.0f} sign{'' if x['signs'] == 1 else 's'} in all"
            text += f"; none since {clock(x['t_sign_ms'])}, {signs}"
        return Finding(
            text=text + ".",
            why=self._why(kind, x),
            against=self._against(kind, x),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "coverage": f"last clean fix {x['dt_s']:.0f} s before"
                if kind in (JUMPED, IN_TURN)
                else f"{x['fixes']:.0f} fixes in a row",
                "kind": KIND_NAMES[kind],
                "signs": int(x["signs"]),
            },
            priority=3,
            evidence_ms=(int(event["t_start_ms"]), max(int(event["t_start_ms"]),
                                                       int(x["t_sign_ms"]))),
        )  # fmt: skip

    def _text(self, event: np.void, who: Identity, x: dict[str, float]) -> str:
        """Write the sentence, without its end."""
        here = place(float(event["lon"]), float(event["lat"]))
        there, km = place(x["lon"], x["lat"]), f"{x['distance_m'] / 1000:.1f} km"
        kind = int(x["kind"])
        if kind == JUMPED:
            return (
                f"{who.spoken} reports itself at {there}, {km} from its last clean position "
                f"{_seconds(x['dt_s'])} before, which takes {x['implied_kn']:.0f} kn: one of the "
                "two positions is wrong, or two ships use this MMSI"
            )
        if kind == IN_TURN:
            return (
                f"Reports of {who.spoken} come in turn from {here} and {there}, {km} apart: two "
                "ships use this MMSI, or the position of one flips"
            )
        if kind == INLAND:
            return (
                f"{who.spoken} reports itself {-x['land_m'] / 1000:.1f} km inside land at {here}, "
                f"{_seconds(x['dt_s'])} after a fix at sea {km} away: where it is, is not known"
            )
        if kind == CIRCLING:
            return (
                f"{who.spoken} reports itself on a circle of {x['distance_m'] / 1000:.1f} km "
                f"around {there} for {minutes(x['span_min'])}, with courses that are not the way "
                f"it makes in {x['changes']:.0f} of {x['fixes']:.0f} positions: where it is, is "
                "not known"
            )
        return (
            f"{who.spoken} reports {x['sog_kn']:.1f} kn, but its position {here} has not moved "
            f"more than {self.params.frozen_m:.0f} m for {minutes(x['span_min'])}"
        )

    def _why(self, kind: int, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests of a kind."""
        p = self.params
        if kind == JUMPED:
            return (
                reason("speed that the jump takes", x["implied_kn"], "kn", p.jump_kn, above=True),
                reason("distance from the last clean fix", x["distance_m"], "m", p.jump_m,
                       above=True),
            )  # fmt: skip
        if kind == IN_TURN:
            return (
                reason("changes between two places", x["turns"], "changes", p.turns, above=True),
                reason("speed between them", x["implied_kn"], "kn", p.jump_kn, above=True),
            )
        if kind == INLAND:
            return (
                reason("distance inside land", -x["land_m"], "m", p.inland_m, above=True),
                reason("fixes in a row", x["fixes"], "fixes", p.inland_fixes, above=True),
                reason("speed from the sea", x["implied_kn"], "kn", p.inland_kn, above=True),
            )
        if kind == CIRCLING:
            off_share = x["changes"] / x["fixes"]
            return (
                reason("residual of the circle", x["implied_kn"], "share of radius", p.circle_fit,
                       above=False),
                reason("radius", x["distance_m"], "m", p.circle_least_m, above=True),
                reason("turned around its middle", x["turns"], "deg", p.circle_turn_deg,
                       above=True),
                reason("positions on it", x["fixes"], "positions", p.circle_points, above=True),
                reason("positions with another course than the way made", off_share, "share",
                       p.circle_off_share, above=True),
            )  # fmt: skip
        return (
            reason("reported speed", x["sog_kn"], "kn", p.frozen_kn, above=True),
            reason("time without moving", x["span_min"], "min", p.frozen_ms / MINUTE_MS,
                   above=True),
            reason("moved", x["distance_m"], "m", p.frozen_m, above=False),
            reason("fixes", x["fixes"], "fixes", p.frozen_fixes, above=True),
        )  # fmt: skip

    def _against(self, kind: int, x: dict[str, float]) -> tuple[str, ...]:
        """List what else explains it."""
        if kind == JUMPED and x["signs"] == 1:
            return ("a single report: a bit error or a receiver's clock explains it as well",)
        if kind == INLAND:
            return ("the land file knows no islet under 0.3 km² and few narrow waters",)
        if kind == CIRCLING:
            return (
                "a compass or course sensor at fault aboard a ship that circles looks the same",
            )
        if kind == FROZEN and x["changes"] == 0:
            return ("the same report word for word: the feed may repeat the last it knew",)
        if kind == FROZEN:
            return ("a speed sensor at fault on a vessel that stands looks the same",)
        return ()


def _seconds(value_s: float) -> str:
    """Write a short or long time in words.

    Example:
        >>> _seconds(40.0), _seconds(600.0)
        ('40 s', '10 minutes')
    """
    return f"{value_s:.0f} s" if value_s < 120 else minutes(value_s / 60.0)
