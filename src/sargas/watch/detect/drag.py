"""D1 `drag_onset`: a vessel under way loses speed against its own recent speed, and keeps on.

Definition: fixes are gathered to one sample a minute, so that the reporting rate does not matter.
Each vessel has its own speed b and spread sigma, weighted over some 120 minutes and frozen while
S > 0, where S <- max(0, S + (r / sigma - k) dt) sums the loss r = b - SOG. It opens when S > h,
the smoothed speed has been under 0.88 b and at least 1 kn under b for 10 minutes, and the gates
pass: 5 kn or more for 45 minutes before, 80 m or longer, water no deeper than 150 m, no turn of
more than 20 degrees in 10 minutes, no coast or port near or close ahead, the fall of speed has
come to rest, the ship does not drift and does not call itself not under command. What is unknown
passes its gate and is told in `against`. It begins where S last left zero. It closes when the
speed is back for 15 minutes, when the ship has stopped for 30, or when nothing came for 3 hours.
It is a P2; P1 once an asset on the course, or within 10 degrees of it, is an hour away or less;
one lower for ships whose work changes their speed.

Source: catalogue D1 (docs/detectors.md); E. S. Page, Biometrika 41 (1954), for the sum; numbers
in `rules.toml`. Our own: sigma also from the steps of speed over nine minutes, the fall that must
have come to rest, learning anew after 20 minutes at a higher speed or 3 hours at a lower one.

Measured (tests/watch/test_drag.py; simulated noise, tau 30 min, own speed 6-16 kn): opened in
4,000 vessel-days 0 times for noise of 0.25 kn, 0.010 a vessel-day for 0.40 kn, 0.036 for 0.60 kn.
Losses of 25 and 15 % under noise of 0.25 kn: found 100 and 97 %, median 17 and 24 minutes after
the start of an 8-minute ramp. Real noise has not been measured.

What it cannot see: a ship first heard while already dragging (it has no speed of its own from
before; the sustained form is not built yet), a loss under 12 % or 1 kn, a loss of which the ship
turned at the same time, a drag near a coast, in a strait or before a port, one in water that the
coarse depth makes deeper than 150 m, and an anchor too light for the ship to feel.

What raises false alarms: slowing to meet a time, a pilot, a speed limit, a head sea, ice, an
engine that runs on less power. Other ships in the lane are not compared yet; no weather is read.
A ship that loses way before it opens raises nothing here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import NextAsset, Reason
from sargas.model.geodesy import NM_M, angle_between_deg
from sargas.model.time import MINUTE_MS
from sargas.watch.ahead import assets_ahead, horizon_of, named, port_ahead
from sargas.watch.detect.base import (
    OPEN,
    WORK_TYPES,
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.drag_fold import close_slots, fold_samples, look_around
from sargas.watch.detect.drag_state import (
    FEATURE_NAMES,
    LOST,
    RECOVERED,
    STATE,
    STOPPED,
    Params,
    Ports,
    step_gain,
)
from sargas.watch.detect.phrases import (
    KIND_WORDS,
    NAV_STATUS,
    asset_words,
    clock,
    heard_words,
    number_or_none,
)
from sargas.watch.minutes import Minutes

NAMED = 24
"""Assets ahead in an alert: the Gulf of Finland has 18 on one course."""
SPOKEN = 3
"""Assets ahead that the sentence names: more cannot be followed when it is read out."""
LIFELINES = {"power_cable": "power", "gas_pipeline": "pipeline", "oil_pipeline": "pipeline"}
"""Kinds of which the next one ahead is always named, and what they count as."""


class DragOnset(Detector):
    """D1: speed lost under way against the vessel's own speed."""

    word = "drag_onset"
    number = "D1"
    state_dtype = STATE
    lowered_at_work = True
    ticks = True
    reads_samples = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        rules = around.rules[self.word]
        gain = step_gain(rules["spread_tau_min"], rules["smooth_min"])
        limits = {n: rules[n] for n in Params._fields if n != "step_gain"}
        self.params = Params(step_gain=gain, **limits)
        ports = around.geography.ports
        self._ports = Ports(ports.lon, ports.lat, ports.radius_m)
        self._horizon = horizon_of(around.rules)
        self._is_open, self._asks = np.zeros(0, np.bool_), np.zeros(0, np.int32)
        self._asking = 0
        self._seen = np.empty((3, 2, len(around.assets)))
        # Called with nothing to do, so that it is compiled with the others and not at the first
        # onset in the middle of a watch.
        self._look_around(0)

    def fresh(self, state: NDArray[np.void]) -> None:
        """Mark the angles as unknown."""
        for name in ("beta_own_deg", "beta_deg", "sogs", "cogs", "turn_deg", "fall_kn", "low_kn"):
            state[name] = math.nan

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave; between minutes only open slots are marked.

        Raises:
            StateVersionError: it is of another version or shape.
        """
        super().load(arrays)
        self._is_open = self.state["priority"] > 0
        self._asks = np.zeros(len(self.state), np.int32)

    def _grow(self, slots: int) -> None:
        """Make state for new slots, and what goes with it."""
        super()._grow(slots)
        more = len(self.state) - len(self._is_open)
        if more > 0:
            self._is_open = np.append(self._is_open, np.zeros(more, np.bool_))
            self._asks = np.zeros(len(self.state), np.int32)

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Fold a minute's samples; what it asks for is looked at when the minute is over."""
        self._asking = fold_samples(
            minutes.samples, minutes.rows, start, end, self.state, self._asks, self.params
        )
        return end, n

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Close what is over, then look at what lies around those that ask."""
        self._make_room(int(self._is_open.sum()) + self._asking)
        self._n = close_slots(t_ms, self.state, self._is_open, self.params, self._events, n)
        if self._asking:
            self._look_around(t_ms)
        return len(self.state), self._n

    def _look_around(self, t_ms: int) -> None:
        """Call the kernel that knows the surroundings, for the slots that ask."""
        self._n = look_around(
            t_ms, self._asks[: self._asking], self.state, self._is_open, self.around.index,
            self.around.ground, self._ports, self._horizon, self.params, self._seen,
            self._events, self._n,
        )  # fmt: skip
        self._asking = 0

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how much speed was lost since when, what else was looked at, and what lies ahead."""
        x = features_of(event, FEATURE_NAMES)
        x["end"], x["status"] = divmod(int(x["status_and_end"]), 16)
        start_ms, t_ms = int(event["t_start_ms"]), int(event["t_ms"])
        on_course: tuple[NextAsset, ...] = ()
        beside: tuple[NextAsset, ...] = ()
        if x["end"] in (0, LOST):
            lon, lat, sog = float(event["lon"]), float(event["lat"]), x["sog_kn"]
            seen_ms = self._last_ms(event, x)
            seen = assets_ahead(self.around, lon, lat, x["cog_deg"], sog, NAMED)
            ahead = [(s.on_course, named(self.around, s, sog, seen_ms)) for s in seen]
            on_course = tuple(a for is_on, a in ahead if is_on)
            beside = tuple(a for is_on, a in ahead if not is_on)
        before_min = min(x["run_min"], self.params.memory_min)
        return Finding(
            text=self._text(event, who, x, on_course or beside),
            why=self._why(event, who, x),
            against=self._against(event, who, x, beside),
            next_assets=tuple(sorted(on_course + beside, key=lambda a: (a.eta_ms, a.id))),
            context={
                "depth_m": number_or_none(self._depth_m(event)),
                "coverage": heard_words(
                    x["fixes"], (self._last_ms(event, x) - start_ms) / MINUTE_MS,
                    x["silence_min"],
                ),
                "cohort": "not compared",
                "heading_off_course_deg": {
                    "before": number_or_none(x["beta_before_deg"]),
                    "now": number_or_none(x["beta_deg"]),
                },
                "supporting": self._supporting(x),
                "reported_status": NAV_STATUS.get(int(x["status"])),
                "reached_only_after_a_change_of_course": [a.id for a in beside],
            },
            priority=int(event["priority"]),
            evidence_ms=(start_ms - round(before_min) * MINUTE_MS, t_ms),
        )  # fmt: skip

    def _supporting(self, x: dict[str, float]) -> list[str]:
        """Say whether the ship is pulled to one side, as an anchor on one bow does."""
        p = self.params
        by_deg = angle_between_deg(x["beta_deg"], x["beta_before_deg"])
        if not (abs(by_deg) >= p.pull_deg and abs(x["pull"]) >= p.pull_share):
            return []
        side = "starboard" if x["pull"] > 0 else "port"
        return [
            f"heading {abs(by_deg):.0f} degrees further to {side} of the course than before, "
            f"for {100 * abs(x['pull']):.0f} % of the last 20 minutes"
        ]

    def _last_ms(self, event: np.void, x: dict[str, float]) -> int:
        """Give the time of the last fix an event rests on, to a minute."""
        t_ms = int(event["t_ms"])
        return t_ms - round(x["silence_min"] * MINUTE_MS) if x["end"] == LOST else t_ms

    def _depth_m(self, event: np.void) -> float:
        """Read the coarse depth, negative below the sea; NaN unknown."""
        return self.around.geography.depth.at(float(event["lon"]), float(event["lat"]))

    def _text(
        self, event: np.void, who: Identity, x: dict[str, float], ahead: tuple[NextAsset, ...]
    ) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        own, sog = x["own_kn"], x["sog_kn"]
        course = "" if math.isnan(x["cog_deg"]) else f" on course {x['cog_deg']:03.0f}"
        low = ""
        if x["low_kn"] < self.params.way_kn:
            low = f"; speed fell to {x['low_kn']:.1f} kn since, engine trouble is as possible"
        if x["end"] == RECOVERED:
            lowest = min(x["low_kn"], sog)
            return (
                f"{who.spoken} makes {sog:.1f} kn again at {now}, after a loss since {since} down "
                f"to {lowest:.1f} kn of {own:.1f} kn{low}; the cause is not known."
            )
        if x["end"] == STOPPED:
            return (
                f"{who.spoken} has all but stopped ({sog:.1f} kn) at {now}, after it had lost "
                f"speed since {since} from {own:.1f} kn{low}; the cause is not known."
            )
        head = f"{who.spoken} lost {own - sog:.1f} kn of {own:.1f} kn since {since}"
        if x["end"] == LOST:
            last = clock(self._last_ms(event, x))
            return (
                f"{head} and made {sog:.1f} kn{course} when last received; not received since "
                f"{last}{low}{_next_words(ahead, was=True)}."
            )
        # What would explain it is asked when it opens, and not again.
        asked = "" if int(event["op"]) == OPEN else " when it was first noticed"
        return (
            f"{head} and makes {sog:.1f} kn{course}; no turn, port or coast near was seen{asked} "
            f"that would explain it{low}{_next_words(ahead)}."
        )

    def _why(self, event: np.void, who: Identity, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests; those on unknown values are in `against`."""
        p, own = self.params, x["own_kn"]
        out = [
            reason("own speed before", own, "kn", p.min_speed_kn, above=True),
            reason("time at that speed", x["run_min"], "min", p.min_run_min, above=True),
            reason("speed as share of own", x["sog_kn"] / own, "share", p.max_share, above=False),
            reason("speed lost", own - x["sog_kn"], "kn", p.min_loss_kn, above=True),
            reason("time with that loss", x["below_min"], "min", p.min_below_min, above=True),
            reason("loss in spreads of own speed, less allowance, summed", x["sum"], "sigma min",
                   p.h_sigma_min, above=True),
            reason("spread of own speed", x["spread_kn"], "kn", p.spread_floor_kn, above=True),
            reason("speed as share of own, lower limit", x["sog_kn"] / own, "share",
                   1.0 - p.max_loss_share, above=True),
        ]  # fmt: skip
        land_m = self.around.geography.land_distance.at(float(event["lon"]), float(event["lat"]))
        known = (
            ("change of course in 10 min", x["turn_deg"], "deg", p.max_turn_deg, False),
            ("fall of speed in 5 min", x["fall_kn"], "kn", p.max_fall_kn, False),
            ("heading off course", abs(x["beta_deg"]), "deg", p.drift_deg, False),
            ("length", float(who.length_m or math.nan), "m", p.min_length_m, True),
            ("depth of water, coarse", -self._depth_m(event), "m", p.max_depth_m, False),
            ("distance to land", land_m, "m", p.min_land_nm * NM_M, True),
            ("share of 20 min pulled to one side", abs(x["pull"]), "share", p.pull_share, True),
            ("change of heading off course",
             abs(angle_between_deg(x["beta_deg"], x["beta_before_deg"])), "deg", p.pull_deg, True),
        )  # fmt: skip
        out += [reason(f, v, u, t, above=a) for f, v, u, t, a in known if not math.isnan(v)]
        if x["end"] == RECOVERED:
            share = x["sog_kn"] / own
            out.append(reason("speed regained", share, "share", p.recover_share, above=True))
        elif x["end"] == STOPPED:
            out.append(reason("speed at the end", x["sog_kn"], "kn", p.stop_kn, above=False))
        elif x["end"] == LOST:
            out.append(reason("silence", x["silence_min"], "min", p.lost_min, above=True))
        return tuple(out)

    def _against(
        self, event: np.void, who: Identity, x: dict[str, float], beside: tuple[NextAsset, ...]
    ) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        p = self.params
        out = [
            "other ships in the lane were not compared",
            "slow steaming, a pilot, a speed limit, a head sea or an engine fault look the same",
        ]
        if who.length_m is None:
            out.append(f"length unknown: a ship under {p.min_length_m:.0f} m would not be named")
        if math.isnan(self._depth_m(event)):
            out.append("depth of the water unknown")
        if math.isnan(x["beta_deg"]):
            out.append("heading not available: a drift or a pull to one side cannot be told")
        elif not (abs(x["pull"]) >= p.pull_share):
            out.append("no steady pull to one side")
        if math.isnan(x["cog_deg"]):
            out.append("course not available: what lies ahead and a turn cannot be told")
        status = NAV_STATUS.get(int(x["status"]))
        if status:
            out.append(f"reports itself {status}")
        if who.ship_type in WORK_TYPES:
            out.append(f"ship type {who.ship_type} as reported: its work changes its speed")
        if x["low_kn"] < p.way_kn:
            out.append(f"speed fell to {x['low_kn']:.1f} kn since: engine trouble is as possible")
        out += self._port_words(event, x)
        if beside:
            names = ", ".join(a.name for a in beside[:3])
            more = f" and {len(beside) - 3} more" if len(beside) > 3 else ""
            out.append(f"{names}{more}: reached only if the course changes by up to "
                       f"{self._horizon.fan_deg:.0f} degrees")  # fmt: skip
        return tuple(out)

    def _port_words(self, event: np.void, x: dict[str, float]) -> list[str]:
        """Name a port ahead that the ship may be slowing for."""
        p = self.params
        port, away_m = port_ahead(
            *self._ports, float(event["lon"]), float(event["lat"]), x["cog_deg"],
            p.port_fan_deg, p.port_word_nm * NM_M,
        )  # fmt: skip
        if port < 0:
            return []
        name = self.around.geography.ports.name[port]
        return [f"the port of {name} lies ahead at {away_m / NM_M:.0f} NM"]


def _next_words(ahead: tuple[NextAsset, ...], *, was: bool = False) -> str:
    """Name the first three assets ahead and count the rest, for the sentence.

    Of the rest the next power cable and pipeline are named, where none is among the three: telecom
    cables come in dozens and hide them. Only clock times, as the sentence is read later too;
    `was`: as last received.
    """
    if not ahead:
        return "; no known asset lies ahead within the horizon"
    words = [
        f"{asset_words(a)} at {clock(a.eta_ms)}"  # type: ignore[arg-type]
        for a in ahead[:SPOKEN]
    ]
    rest = ahead[SPOKEN:]
    tail = ""
    if rest:
        # No more than so many are looked for: of more, only the least number is known.
        least = "at least " if len(ahead) >= NAMED else ""
        tail = f" and {least}{len(rest)} more"
        for a in _next_lifelines(ahead):
            name = f"{KIND_WORDS[a.kind]} {a.name}".rstrip()
            tail += f", the next {name} at {clock(a.eta_ms)}"
    head = "at that speed it would have come to" if was else "ahead at this speed:"
    return f"; {head} {', '.join(words)}{tail}"


def _next_lifelines(ahead: tuple[NextAsset, ...]) -> list[NextAsset]:
    """Pick from what is not named the next power cable and pipeline, the kinds not named first."""
    spoken = {LIFELINES[a.kind] for a in ahead[:SPOKEN] if a.kind in LIFELINES}
    rest = [a for a in ahead[SPOKEN:] if a.kind in LIFELINES]
    fresh: dict[str, NextAsset] = {}
    for a in rest:
        if LIFELINES[a.kind] not in spoken:
            fresh.setdefault(LIFELINES[a.kind], a)
    return list(fresh.values()) or rest[:1]
