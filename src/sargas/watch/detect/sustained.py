"""D1, sustained form `drag_sustained`: a ship below its lane whose course hunts.

For ships first received when they already drag, which show no onset. Every five minutes the mean
speed is held against the lane's: the median of other ships of like size that passed here on a
like course in the last hours (`lanes.py`). It opens when the ship is at or under 0.88 of it for 20
minutes, and in two of the last three half-hour windows its course swung by 2.5 degrees or more,
1.5 times as wide and 1.3 times as slowly as the lane's. Where reports are too few to tell how
slowly, in all three windows, by 3.4 degrees or more and 1.8 times as wide, within 150 minutes of
its first report. Gates are those of D1: 80 m or longer, water no deeper than 150 m, no coast or
port near or close ahead; and the ship does not report that it tows, fishes, is restricted or not
under command. What is unknown passes and is told in `against`. It begins where the speed first was
at or under 0.88. It is a P3; a P2 where it is at or under 0.75 for 45 minutes as well, where the
ship itself was faster before (at most 0.8 of its own fastest half hour), or where it stops later in
open water, as a ship does that heaves an anchor in; one lower for ships whose work changes their
speed. It closes at 0.95 of the lane for 30 minutes, after three hours stopped, or when nothing came
for three hours.

A ship that is low in its lane and no more (0.75 for 45 minutes, with five ships or more to compare
and at least three of their spreads under them, low when first received) is told as `speed_loss`.

Source: catalogue D1, sustained form and course hunting (docs/detectors.md); numbers in
`rules.toml`. That low speed must also stand out from the lane's spread, and what few reports are
worth, is our own. Measured on suite A, on which it was tuned (simulated, lanes that spread by a
fifth to a third): of ships 30 % under their lane that hunt, told in a play 19 of 21, in the median
after an hour; of those that do not hunt, none; 0.002 false a vessel-day under way.

What it cannot see: a drag where nobody else sails, one on a steady course, or with less than a
report every two minutes; a ship whose lane is as slow; one in a strait or near a coast.

What raises false alarms: slow ships with a badly tuned autopilot, a following sea; with one mate
only, a fast mate.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import NextAsset, Reason
from sargas.model.time import MINUTE_MS
from sargas.watch.ahead import Speeds, assets_ahead, named
from sargas.watch.detect.base import (
    WORK_TYPES,
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.drag_state import Ports, water_of
from sargas.watch.detect.lanes import MOST, PASS, USED, LaneRules, Lanes, grown, new_lanes
from sargas.watch.detect.phrases import (
    NAV_STATUS,
    asset_words,
    clock,
    heard_words,
    hunting_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.sustained_fold import (
    BLOCK_MIN,
    DRAG,
    FEATURE_NAMES,
    LOST,
    LOW,
    RECOVERED,
    RETOLD,
    STATE,
    STOPPED,
    SWINGING,
    WINDOWS,
    Params,
    end_block,
    gather_block,
)
from sargas.watch.minutes import Minutes

NAMED = 8


class DragSustained(Detector):
    """D1 for ships that already drag when first received.

    Attributes:
        followed: events of ships that are low and no more, that the last minutes gave; for
            `speed_loss`.
    """

    word = "drag_sustained"
    number = "D1, sustained"
    version = "2"
    state_dtype = STATE
    lowered_at_work = True
    ticks = True
    reads_samples = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        rules = around.rules[self.word]
        limits = {n: rules[n] for n in Params._fields if n != "water"}
        self.params = Params(water=water_of(around.rules["drag_onset"]), **limits)
        self.lane_rules = LaneRules(
            rules["lane_hours"], rules["lane_course_deg"], rules["lane_size_ratio"],
            rules["lane_least_spread"],
        )  # fmt: skip
        ports = around.geography.ports
        self._ports = Ports(ports.lon, ports.lat, ports.radius_m)
        self._found, self._values = np.zeros(MOST, PASS), np.empty(MOST)
        self.lanes = new_lanes(1024)
        self.followed = self._events[:0]

    def fresh(self, state: NDArray[np.void]) -> None:
        """Mark what is unknown."""
        names = (
            "hunting_deg", "hunting_s", "hunting_share", "noted_deg", "noted_s", "noted_share",
            "mean_kn", "fast_kn", "lane_kn", "lane_spread_kn", "lane_deg", "lane_s", "share",
            "cog_deg",
        )  # fmt: skip
        for name in names:
            state[name] = math.nan

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some whole minutes; give the events of this rule and keep those of low ships."""
        events = super().fold(minutes)
        self.followed = events[events["kind"] != DRAG]
        drags: NDArray[np.void] = events[events["kind"] == DRAG]
        return drags

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Gather a minute's samples; no event arises before the block is over."""
        gather_block(minutes.samples, minutes.rows, start, end, self.state)
        return end, n

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """End the block when it is time."""
        if t_ms // MINUTE_MS % BLOCK_MIN == 0:
            busy = int(np.count_nonzero(self.state["n"]))
            while len(self.lanes.at) - int(self.lanes.used[USED]) < busy:
                self.lanes = grown(self.lanes)
            # One that is open may close and open anew; others open only from a low block on.
            can_open = np.count_nonzero(self.state["start_ms"])
            self._make_room(2 * int(np.count_nonzero(self.state["priority"]) + can_open))
            self._n = end_block(
                t_ms, self.state, self.lanes, self.around.ground, self._ports, self.params,
                self.lane_rules, self._found, self._values, self._events, self._n,
            )  # fmt: skip
        return len(self.state), self._n

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, the lanes with it."""
        lanes = {f"lanes_{name}": column for name, column in self.lanes._asdict().items()}
        return super().dump() | lanes

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave.

        Raises:
            StateVersionError: it is of another version or shape.
        """
        super().load(arrays)
        self.lanes = Lanes(*(arrays[f"lanes_{name}"].copy() for name in Lanes._fields))

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how far below its lane, for how long, how its course swings, and what lies ahead."""
        x = features_of(event, FEATURE_NAMES)
        start_ms, t_ms = int(event["t_start_ms"]), int(event["t_ms"])
        ahead: tuple[NextAsset, ...] = ()
        if x["end"] in (0, LOST):
            fast_kn = max(x["lane_kn"], x["sog_kn"])
            slow_kn = max(x["sog_kn"] - 2 * x["lane_spread_kn"], self.params.stop_kn)
            speeds = Speeds(x["sog_kn"], fast_kn, slow_kn)
            seen = assets_ahead(
                self.around, float(event["lon"]), float(event["lat"]), x["cog_deg"], x["sog_kn"],
                NAMED,
            )  # fmt: skip
            ahead = tuple(named(self.around, s, speeds, t_ms) for s in seen if s.on_course)
        depth_m = self.around.geography.depth.at(float(event["lon"]), float(event["lat"]))
        span_min = (t_ms - start_ms) / MINUTE_MS
        return Finding(
            text=self._text(event, who, x, ahead),
            why=self._why(who, x, depth_m),
            against=self._against(who, x, depth_m),
            next_assets=ahead,
            context={
                "depth_m": number_or_none(depth_m),
                "coverage": heard_words(x["fixes"], span_min, x["silence_min"]),
                "lane": {
                    "ships": int(x["lane_ships"]), "median_kn": number_or_none(x["lane_kn"]),
                    "spread_kn": number_or_none(x["lane_spread_kn"]),
                    "hunting_deg": number_or_none(x["lane_hunting_deg"]),
                    "hunting_period_s": number_or_none(x["lane_hunting_s"]),
                },
                "course_hunting": self._hunting(x),
                "own_fastest_half_hour_kn": number_or_none(x["fast_kn"]),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
            },
            priority=int(event["priority"]),
            evidence_ms=(start_ms - self._before_ms(x), t_ms),
        )  # fmt: skip

    def _before_ms(self, x: dict[str, float]) -> int:
        """Say how much of what was received before belongs to the evidence: an hour at most."""
        return round(min(max(x["heard_min"], 0.0), 60.0)) * MINUTE_MS

    def _hunting(self, x: dict[str, float]) -> dict[str, Any] | None:
        """Say how the course swings, for how long it has; None where it was not measured."""
        if math.isnan(x["hunting_deg"]):
            return None
        share = x["hunting_share"]
        return {
            "standard_deviation_deg": number_or_none(x["hunting_deg"]),
            "period_s": number_or_none(x["hunting_s"]),
            "share_of_highest_peak": None if math.isnan(share) else round(share, 2),
            "windows_wider_than_lane": f"{x['wide_windows']:.0f} of the last {x['windows']:.0f}",
        }

    def _was_faster(self, x: dict[str, float]) -> bool:
        """Tell whether the ship was received at a higher speed before."""
        return x["sog_kn"] <= self.params.own_share * x["fast_kn"]

    def _lane_words(self, x: dict[str, float]) -> str:
        """Say what the lane is."""
        n = int(x["lane_ships"])
        of = "one other ship" if n == 1 else f"{n} other ships"
        return f"{x['lane_kn']:.1f} kn that {of} of its lane made"

    def _text(
        self, event: np.void, who: Identity, x: dict[str, float], ahead: tuple[NextAsset, ...]
    ) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        # The first block has no lane yet where the others are heard as late.
        first = ", when it was first received" if x["heard_min"] <= 2 * BLOCK_MIN else ""
        if x["end"] == RECOVERED:
            return (
                f"{who.spoken} makes {x['sog_kn']:.1f} kn at {now}, as its lane does, after a time "
                f"below it since {since}; the cause is not known."
            )
        if x["end"] == STOPPED or x["stopped_min"] >= self.params.stop_min:
            return (
                f"{who.spoken} has stopped ({x['sog_kn']:.1f} kn for {minutes(x['stopped_min'])} "
                f"at {now}), after it sailed below its lane since {since}{first}; the cause is "
                "not known."
            )
        if x["end"] == RETOLD:
            own = hunting_words(x["hunting_deg"], x["hunting_s"])
            return (
                f"{who.spoken} makes {x['sog_kn']:.1f} kn, {100 * x['share']:.0f} % of its lane, "
                f"since {since}; told as {self.word} from {now}: its course hunts by {own}."
            )
        verb = "made" if x["end"] == LOST else "makes"
        course = "" if math.isnan(x["cog_deg"]) else f" on course {x['cog_deg']:03.0f}"
        words = (
            f"{who.spoken} {verb} {x['sog_kn']:.1f} kn{course}, {100 * x['share']:.0f} % of the "
            f"{self._lane_words(x)}, since {since}{first}"
        )
        if x["form"] != LOW:
            own = hunting_words(x["hunting_deg"], x["hunting_s"])
            lane = hunting_words(x["lane_hunting_deg"], x["lane_hunting_s"])
            words += f"; its course hunts by {own}, the lane's by {lane}"
        if self._was_faster(x):
            words += f"; it made {x['fast_kn']:.1f} kn for half an hour before"
        if x["end"] == LOST:
            return f"{words}; not received for {minutes(x['silence_min'])}."
        if not ahead:
            return f"{words}; no known asset lies ahead within the horizon."
        names = ", ".join(
            f"{asset_words(a)} at {clock(a.eta_ms)}"  # type: ignore[arg-type]
            for a in ahead[:3]
        )
        return f"{words}; ahead at this speed: {names}."

    def _why(self, who: Identity, x: dict[str, float], depth_m: float) -> tuple[Reason, ...]:
        """List the tests of the form that opened it, those of the other, and the gates."""
        p, of_few = self.params, math.isnan(x["hunting_s"])
        known = (
            ("speed as share of the lane's", x["share"], "share",
             p.low_share if x["form"] == LOW else p.beside_share, False),
            ("time at that share", x["low_min"] if x["form"] == LOW else x["beside_min"], "min",
             p.low_min if x["form"] == LOW else p.beside_min, True),
            ("others of the lane", x["lane_ships"], "ships",
             p.low_ships if x["form"] == LOW else 1.0, True),
            ("speed under the lane's, in its spreads",
             (x["lane_kn"] - x["sog_kn"]) / x["lane_spread_kn"], "spreads", p.low_spreads, True),
            ("course hunting, standard deviation", x["hunting_deg"], "deg",
             p.few_swing_deg if of_few else p.swing_deg, True),
            ("course hunting against the lane's", x["hunting_deg"] / (x["lane_hunting_deg"] or
             math.nan), "x lane", p.few_swing_times if of_few else p.swing_times, True),
            ("its period against the lane's", x["hunting_s"] / (x["lane_hunting_s"] or math.nan),
             "x lane", p.period_times, True),
            (f"windows of half an hour so, of the last {WINDOWS}", x["wide_windows"], "windows",
             WINDOWS if of_few else p.swing_windows, True),
            ("speed as share of its own fastest half hour", x["sog_kn"] / x["fast_kn"], "share",
             p.own_share, False),
            ("length", float(who.length_m or math.nan), "m", p.min_length_m, True),
            ("depth of water, coarse", -depth_m, "m", p.water.max_depth_m, False),
        )  # fmt: skip
        return tuple(reason(f, v, u, t, above=a) for f, v, u, t, a in known if not math.isnan(v))

    def _against(self, who: Identity, x: dict[str, float], depth_m: float) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        out = ["slow steaming, a tow, an old hull or little engine power look the same"]
        if x["lane_ships"] < self.params.low_ships:
            n = int(x["lane_ships"])
            out.append(f"only {n} other ship{'' if n == 1 else 's'} of the lane to compare with")
        if x["form"] == SWINGING:
            out.append("a following sea or a badly tuned autopilot makes a course hunt too")
        if x["form"] == SWINGING and math.isnan(x["hunting_s"]):
            out.append("too few reports to tell how fast the course swings")
        if x["form"] == LOW and math.isnan(x["hunting_deg"]):
            out.append("whether the course hunts is not known: too few reports, or the ship turned")
        elif x["form"] == LOW:
            out.append("its course does not hunt more than the lane's")
        if not self._was_faster(x):
            out.append("the ship itself was not received at a higher speed before")
        if who.length_m is None:
            out.append(
                f"length unknown: a ship under {self.params.min_length_m:.0f} m would not be named"
            )
        if math.isnan(depth_m):
            out.append("depth of the water unknown")
        status = NAV_STATUS.get(int(x["nav_status"]))
        if status:
            out.append(f"reports itself {status}")
        if who.ship_type in WORK_TYPES:
            out.append(f"ship type {who.ship_type} as reported: its work changes its speed")
        return tuple(out)
