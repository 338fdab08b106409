"""What D1 `drag_onset` says: the sentence, the tests, what speaks against it, what lies ahead."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sargas.model.alerts import NextAsset, Reason
from sargas.model.geodesy import NM_M, angle_between_deg
from sargas.model.time import MINUTE_MS
from sargas.watch.ahead import Speeds, assets_ahead, horizon_of, named, port_ahead
from sargas.watch.detect.base import (
    OPEN,
    WORK_TYPES,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.drag_state import (
    CONFIRMED,
    FALL_MIN,
    FEATURE_NAMES,
    GRADUAL,
    LOST,
    RECOVERED,
    RETOLD,
    SHARED,
    STOPPED,
    Params,
)
from sargas.watch.detect.phrases import (
    KIND_WORDS,
    NAV_STATUS,
    asset_words,
    clock,
    heard_words,
    hunting_words,
    number_or_none,
)

NAMED = 24
"""Assets ahead in an alert: the Gulf of Finland has 18 on one course."""
SPOKEN = 3
"""Assets ahead that the sentence names: more cannot be followed when it is read out."""
LIFELINES = {"power_cable": "power", "gas_pipeline": "pipeline", "oil_pipeline": "pipeline"}
"""Kinds of which the next one ahead is always named, and what they count as."""
LATE_SPREADS = 2.0
"""The latest time ahead is that of a speed so many spreads under the present one; chosen."""


class DragWords:
    """One event of D1 or D2 put into words.

    Args:
        around: the world. p: the limits of D1. event: what to tell. who: the vessel as known then.
    """

    def __init__(self, around: Surroundings, p: Params, event: np.void, who: Identity) -> None:
        self.around, self.p, self.who = around, p, who
        self.x = x = features_of(event, FEATURE_NAMES)
        self.is_opening = int(event["op"]) == OPEN
        self.is_confirmed = int(event["kind"]) == CONFIRMED
        self.is_gradual = int(event["kind"]) == GRADUAL
        self.priority = int(event["priority"])
        self.lon, self.lat = float(event["lon"]), float(event["lat"])
        self.start_ms, self.t_ms = int(event["t_start_ms"]), int(event["t_ms"])
        silence_ms = round(x["silence_min"] * MINUTE_MS) if x["end"] == LOST else 0
        self.last_ms = self.t_ms - silence_ms
        self.depth_m = around.geography.depth.at(self.lon, self.lat)
        self.on_course: tuple[NextAsset, ...] = ()
        self.beside: tuple[NextAsset, ...] = ()
        if x["end"] in (0, LOST):
            self._look_ahead()

    def _look_ahead(self) -> None:
        """Name the assets ahead, those on the course and those only beside it."""
        x = self.x
        slow_kn = x["sog_kn"] - LATE_SPREADS * x["spread_kn"]
        speeds = Speeds(x["sog_kn"], max(x["own_kn"], x["sog_kn"]), max(slow_kn, self.p.stop_kn))
        seen = assets_ahead(self.around, self.lon, self.lat, x["cog_deg"], x["sog_kn"], NAMED)
        ahead = [(s.on_course, named(self.around, s, speeds, self.last_ms)) for s in seen]
        self.on_course = tuple(a for is_on, a in ahead if is_on)
        self.beside = tuple(a for is_on, a in ahead if not is_on)

    def finding(self) -> Finding:
        """Give the event in words and reasons."""
        x = self.x
        before_min = min(x["run_min"], self.p.memory_min)
        span_min = (self.last_ms - self.start_ms) / MINUTE_MS
        return Finding(
            text=self._text(),
            why=self._why(),
            against=self._against(),
            next_assets=tuple(sorted(self.on_course + self.beside, key=lambda a: (a.eta_ms, a.id))),
            context={
                "depth_m": number_or_none(self.depth_m),
                "coverage": heard_words(x["fixes"], span_min, x["silence_min"]),
                "cohort": self._cohort(),
                "heading_off_course_deg": {
                    "before": number_or_none(x["beta_before_deg"]),
                    "now": number_or_none(x["beta_deg"]),
                },
                "course_hunting": self._hunting(),
                "supporting": self._supporting(),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
                "reached_only_after_a_change_of_course": [a.id for a in self.beside],
            },
            priority=self.priority,
            evidence_ms=(self.start_ms - round(before_min) * MINUTE_MS, self.t_ms),
        )  # fmt: skip

    def _cohort(self) -> dict[str, Any]:
        """Say how many others were compared, and what they have lost."""
        share = self.x["cohort_share"]
        lost = None if math.isnan(share) else round(100.0 * share, 1)
        return {"ships": int(self.x["cohort_ships"]), "upper_quartile_loss_pct": lost}

    def _hunting(self) -> dict[str, float | None] | None:
        """Say how the course swings and swung; None where it could not be measured."""
        x = self.x
        if math.isnan(x["hunting_deg"]):
            return None
        share = x["hunting_share"]
        return {
            "standard_deviation_deg": number_or_none(x["hunting_deg"]),
            "before_deg": number_or_none(x["hunting_before_deg"]),
            "period_s": number_or_none(x["hunting_s"]),
            "share_of_highest_peak": None if math.isnan(share) else round(share, 2),
        }

    def _is_pulled(self) -> bool:
        """Tell whether the ship points to one side of its course, more than it did before."""
        by_deg = angle_between_deg(self.x["beta_deg"], self.x["beta_before_deg"])
        return abs(by_deg) >= self.p.pull_deg and abs(self.x["pull"]) >= self.p.pull_share

    def _hunts(self) -> bool:
        """Tell whether the course swings more widely than before."""
        deg, before_deg = self.x["hunting_deg"], self.x["hunting_before_deg"]
        return deg >= self.p.swing_deg and deg >= self.p.swing_times * before_deg

    def _supporting(self) -> list[str]:
        """Say what an anchor on one bow does too: a pull to one side, a course that hunts."""
        x, out = self.x, []
        if self._is_pulled():
            by_deg = angle_between_deg(x["beta_deg"], x["beta_before_deg"])
            side = "starboard" if x["pull"] > 0 else "port"
            out.append(
                f"heading {abs(by_deg):.0f} degrees further to {side} of the course than before, "
                f"for {100 * abs(x['pull']):.0f} % of the last 20 minutes"
            )
        if self._hunts():
            now = hunting_words(x["hunting_deg"], x["hunting_s"])
            out.append(f"course hunting by {now}, {x['hunting_before_deg']:.1f} degrees before")
        return out

    def _text(self) -> str:
        """Write the sentence."""
        x, who = self.x, self.who
        since, now = clock(self.start_ms), clock(self.t_ms)
        own, sog = x["own_kn"], x["sog_kn"]
        course = "" if math.isnan(x["cog_deg"]) else f" on course {x['cog_deg']:03.0f}"
        ahead = self.on_course or self.beside
        low = ""
        if x["low_kn"] < self.p.way_kn:
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
        if x["end"] == SHARED:
            return (
                f"{who.spoken} makes {sog:.1f} kn of {own:.1f} kn since {since}{low}; by {now} the "
                f"{x['cohort_ships']:.0f} ships around have lost {100 * x['cohort_share']:.0f} % "
                "as well."
            )
        if x["end"] == RETOLD:
            signs = "; ".join(self._supporting())
            return (
                f"{who.spoken} lost {own - sog:.1f} kn of {own:.1f} kn gradually since {since}; "
                f"told as drag_onset from {now}: {signs}."
            )
        gradually = " gradually" if self.is_gradual else ""
        head = f"{who.spoken} lost {own - sog:.1f} kn of {own:.1f} kn{gradually} since {since}"
        if x["end"] == LOST:
            return (
                f"{head} and made {sog:.1f} kn{course} when last received; not received since "
                f"{clock(self.last_ms)}{low}{_next_words(ahead, was=True)}."
            )
        if self.is_confirmed:
            signs = "; ".join(self._supporting()) or "signs as when it was confirmed"
            return (
                f"{head}, has kept that loss for {x['kept_min']:.0f} minutes and makes {sog:.1f} "
                f"kn{course}; {signs}: as a ship that tows something{low}{_next_words(ahead)}."
            )
        # What would explain it is asked when it opens, and not again.
        asked = "" if self.is_opening else " when it was first noticed"
        return (
            f"{head} and makes {sog:.1f} kn{course}; no turn, port or coast near was seen{asked} "
            f"that would explain it{self._cohort_words()}{low}{_next_words(ahead)}."
        )

    def _cohort_words(self) -> str:
        """Say that others around have not slowed, where there are enough of them."""
        ships = int(self.x["cohort_ships"])
        if ships < self.p.cohort_ships:
            return ""
        return f"; {ships} ships around have not slowed as much"

    def _why(self) -> tuple[Reason, ...]:
        """List the tests; those on unknown values are in `against`."""
        p, x, own = self.p, self.x, self.x["own_kn"]
        share = x["sog_kn"] / own
        out = [
            reason("own speed before", own, "kn", p.min_speed_kn, above=True),
            reason("time at that speed", x["run_min"], "min", p.min_run_min, above=True),
            reason("speed as share of own", share, "share", p.max_share, above=False),
            reason("speed lost", own - x["sog_kn"], "kn", p.min_loss_kn, above=True),
            reason("speed lost, in spreads of own speed", (own - x["sog_kn"]) / x["spread_kn"],
                   "spreads", p.min_loss_spreads, above=True),
            reason("time with that loss", x["below_min"], "min", p.min_below_min, above=True),
            reason("loss in spreads of own speed, less allowance, summed", x["sum"], "sigma min",
                   p.h_sigma_min, above=True),
            reason("spread of own speed", x["spread_kn"], "kn", p.spread_floor_kn, above=True),
            reason(f"speed as share of own if it fell for {p.fall_ahead_min:.0f} min more as now",
                   (x["sog_kn"] - self._fall_kn()) / own, "share", 1.0 - p.max_loss_share,
                   above=True),
        ]  # fmt: skip
        if not math.isnan(x["fall_min"]):
            out.append(reason("time in which it fell", x["fall_min"], "min", p.quick_min,
                              above=False))  # fmt: skip
        if x["cohort_ships"] >= p.cohort_ships:
            common = max(x["cohort_share"], 0.0)
            out.append(reason("speed as share of own, less what the others lost", share + common,
                              "share", p.max_share, above=False))  # fmt: skip
        land_m = self.around.geography.land_distance.at(self.lon, self.lat)
        known = (
            ("change of course in 10 min", x["turn_deg"], "deg", p.max_turn_deg, False),
            ("heading off course", abs(x["beta_deg"]), "deg", p.drift_deg, False),
            ("length", float(self.who.length_m or math.nan), "m", p.min_length_m, True),
            ("depth of water, coarse", -self.depth_m, "m", p.water.max_depth_m, False),
            ("distance to land", land_m, "m", p.water.min_land_nm * NM_M, True),
            ("share of 20 min pulled to one side", abs(x["pull"]), "share", p.pull_share, True),
            ("change of heading off course",
             abs(angle_between_deg(x["beta_deg"], x["beta_before_deg"])), "deg", p.pull_deg, True),
            ("course hunting, standard deviation", x["hunting_deg"], "deg", p.swing_deg, True),
            ("course hunting against before", x["hunting_deg"] / (x["hunting_before_deg"] or
             math.nan), "x before", p.swing_times, True),
        )  # fmt: skip
        out += [reason(f, v, u, t, above=a) for f, v, u, t, a in known if not math.isnan(v)]
        if self.is_confirmed:
            out.append(reason("time with the loss kept", x["kept_min"], "min", p.keep_min,
                              above=True))  # fmt: skip
        if x["end"] == RECOVERED:
            out.append(reason("speed regained", share, "share", p.recover_share, above=True))
        elif x["end"] == STOPPED:
            out.append(reason("speed at the end", x["sog_kn"], "kn", p.stop_kn, above=False))
        elif x["end"] == LOST:
            out.append(reason("silence", x["silence_min"], "min", p.lost_min, above=True))
        return tuple(out)

    def _fall_kn(self) -> float:
        """Say how far the speed would fall within the time that is looked ahead."""
        fall_kn = self.x["fall_kn"] * self.p.fall_ahead_min / FALL_MIN
        return max(fall_kn, 0.0) if fall_kn == fall_kn else 0.0

    def _against(self) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        p, x = self.p, self.x
        out = self._loss_words()
        if self.who.length_m is None:
            out.append(f"length unknown: a ship under {p.min_length_m:.0f} m would not be named")
        if math.isnan(self.depth_m):
            out.append("depth of the water unknown")
        if math.isnan(x["beta_deg"]):
            out.append("heading not available: a drift or a pull to one side cannot be told")
        elif not (abs(x["pull"]) >= p.pull_share):
            out.append("no steady pull to one side")
        if math.isnan(x["hunting_deg"]):
            out.append("whether the course hunts is not known: too few reports, or the ship turned")
        elif not self._hunts():
            out.append("the course does not swing more widely than before")
        if math.isnan(x["cog_deg"]):
            out.append("course not available: what lies ahead and a turn cannot be told")
        status = NAV_STATUS.get(int(x["nav_status"]))
        if status:
            out.append(f"reports itself {status}")
        if self.who.ship_type in WORK_TYPES:
            kind = self.who.ship_type
            out.append(f"ship type {kind} as reported: its work changes its speed")
        if x["low_kn"] < p.way_kn:
            out.append(f"speed fell to {x['low_kn']:.1f} kn since: engine trouble is as possible")
        out += self._port_words()
        if self.beside:
            names = ", ".join(a.name for a in self.beside[:3])
            more = f" and {len(self.beside) - 3} more" if len(self.beside) > 3 else ""
            fan_deg = horizon_of(self.around.rules).fan_deg
            out.append(f"{names}{more}: reached only if the course changes by up to "
                       f"{fan_deg:.0f} degrees")  # fmt: skip
        return tuple(out)

    def _loss_words(self) -> list[str]:
        """Say what else a loss of speed may be, and whether others could be compared."""
        p, x, ships = self.p, self.x, int(self.x["cohort_ships"])
        out = []
        if ships < p.cohort_ships:
            others = {0: "no other ship was", 1: "only one other ship was"}.get(
                ships, f"only {ships} other ships were"
            )
            out.append(f"{others} near enough to compare with")
        out.append("slow steaming, a pilot, a speed limit or an engine fault look the same")
        if math.isnan(x["fall_min"]):
            out.append("not received when it fell: whether the loss came quickly is not known")
        elif x["fall_min"] > p.quick_min or self.is_gradual:
            out.append("it came gradually, as slow steaming and weather do")
        return out

    def _port_words(self) -> list[str]:
        """Name a port ahead that the ship may be slowing for."""
        p, ports = self.p, self.around.geography.ports
        port, away_m = port_ahead(
            ports.lon, ports.lat, ports.radius_m, self.lon, self.lat, self.x["cog_deg"],
            p.water.port_fan_deg, p.port_word_nm * NM_M,
        )  # fmt: skip
        if port < 0:
            return []
        return [f"the port of {ports.name[port]} lies ahead at {away_m / NM_M:.0f} NM"]


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
