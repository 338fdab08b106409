"""D15 `off_route`: a ship that sails where, and on a course on which, next to no other did.

The watch learns passages: one ship through one cell of 0.1 by 0.2 degrees in one eighth of the
compass, passenger ships and fast craft apart from others, each by length (80 to 160 m, longer,
unknown), and a ship anew only six hours later. Every five minutes a ship of 80 m or more that
makes 5 kn is held against the passages of ships like it. The block is *rare* where, of those
through its cell and the eight around, fewer than 3 in 1,000 went through the cell itself on a
course like its own, its eighth or one beside it. It opens when so many of the last hour's twelve
blocks are rare that, were each a draw of its own at that share, fewer than the limit's number of
such windows would come a day by chance: 8 of 12, or 7 of 7, at the shipped limit. It closes after
half an hour on a usual course, or where nothing can be compared, or slow; or when nothing came for
three hours. It is a P3, never higher: that nobody else sails so does not say what for, and it
cannot be explained on VHF.

It is silent, and counts so (`OffRoute.counts`), where fewer than 300 passages by 20 ships are
learnt; within 2 NM of land; with a port within 10 NM ahead or astern, or around; for ships that
work (by type), and those that report that they fish, tow, are restricted or not under command. A
ship's own passages of the last 24 hours do not count for it. Learning never ends: a passage weighs
half after 30 days, and a cell is forgotten when less than half of one is left.

Source: catalogue D15 (docs/detectors.md). Counting rare blocks against a limit of windows by chance
is the a-contrario test of GeoTrackNet (Nguyen et al.), with counts of passages in place of a
learned model. Blocks of one way hang together, so that the number by chance is a limit to choose
and no rate to expect. The catalogue's Ornstein-Uhlenbeck residual is not built.

What it cannot see: a ship off its own way where others sail on such courses too; one a few miles
beside a lane and along it, in the same cells; one on a way that two or three others took in these
weeks, or it itself on another day; waters where few ships like it sail; the first days of a watch.

What raises false alarms: a seldom port, a yard, a detour for weather or ice, a closed lane, the
first ship of a new line; ships bound across a busy lane, until others have been. Measured on suite
A, on which the share was chosen (simulated, 4,000 vessels): 2 and 1 notes in a first day from
nothing, 5 on a third day; there it told 30 of 60 ships turned by 90 degrees, none of their twins.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.fixes import NAV_STATUS_NONE
from sargas.model.geodesy import NM_M
from sargas.model.time import MINUTE_MS
from sargas.watch.ahead import next_assets
from sargas.watch.detect.base import Detector, Finding, Identity, Surroundings, features_of, reason
from sargas.watch.detect.cells import CellTable
from sargas.watch.detect.drag_state import Ports
from sargas.watch.detect.off_route_fold import (
    BLOCK_MIN,
    BLOCKS,
    FEATURE_NAMES,
    LOST,
    NOT_COMPARED,
    SLOW,
    STATE,
    TALLIES,
    USUAL,
    Known,
    Params,
    Sea,
    chance_of,
    end_block,
    gather_block,
)
from sargas.watch.detect.off_route_learnt import LEARNT, OWN, PASSES
from sargas.watch.detect.phrases import NAV_STATUS, clock, heard_words, minutes, number_or_none
from sargas.watch.growing import with_room
from sargas.watch.minutes import Minutes

DAY_MS = 1440 * MINUTE_MS
FIRST, DAY = 0, 1
LEAST_LEFT = 0.5
"""Passages: a cell with less left is forgotten; chosen: one ship's passage a half-life ago."""
YOUNG_DAYS = 7
"""Within a week not every day of the week has been seen."""


class OffRoute(Detector):
    """D15: off the usual route.

    Example:
        >>> OffRoute.word, OffRoute.number
        ('off_route', 'D15')
    """

    word = "off_route"
    number = "D15"
    state_dtype = STATE
    # A P3 has no step left to be lowered by; it is said for whoever reads the class.
    ticks = True
    reads_samples = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = around.rules[self.word]
        self.params = Params(**{name: r[name] for name in Params._fields})
        self._half_life_days = max(r["half_life_days"], 1.0)
        ports = around.geography.ports
        self._sea = Sea(around.ground, Ports(ports.lon, ports.lat, ports.radius_m))
        self.learnt = CellTable(LEARNT, 1024)
        self._own = np.zeros((0, PASSES), OWN)
        self._tally = np.zeros(len(TALLIES), np.int64)
        self._clock = np.zeros(2, np.int64)

    @property
    def counts(self) -> Counter[str]:
        """What became of the blocks of five minutes of ships that the rule is for."""
        pairs = zip(TALLIES, self._tally, strict=True)
        return Counter({name: int(n) for name, n in pairs if n})

    def fresh(self, state: NDArray[np.void]) -> None:
        """Mark what is unknown."""
        state["code"] = -1
        state["cog_deg"] = math.nan

    def _grow(self, slots: int) -> None:
        """Make state for new slots, and room for their own passages."""
        super()._grow(slots)
        self._own = with_room(self._own, len(self.state))

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Gather a minute's samples; no event arises before the block is over."""
        gather_block(minutes.samples, minutes.rows, start, end, self.state, self.params)
        return end, n

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """End the block when it is time."""
        if t_ms // MINUTE_MS % BLOCK_MIN == 0:
            busy = int(np.count_nonzero(self.state["n"]))
            if busy:
                self._forget(t_ms)
            self.learnt.make_room(busy)
            # What is open may close; others open only where blocks before were rare.
            self._make_room(int(np.count_nonzero(self.state["rare_bits"] | self.state["open"])))
            known = Known(self.learnt.cells, self.learnt.rows, self._own, self._tally)
            self._n = end_block(
                t_ms, int(self._clock[FIRST]), self.state, known, self._sea, self.params,
                self._events, self._n,
            )  # fmt: skip
        return len(self.state), self._n

    def _forget(self, t_ms: int) -> None:
        """Let what is learnt fade, a day at a time, so that it does not matter when it is done."""
        day = (t_ms - 1) // DAY_MS
        if self._clock[FIRST] == 0:
            self._clock[:] = t_ms - BLOCK_MIN * MINUTE_MS, day
        rows = self.learnt.rows[: self.learnt.count]
        keep = np.float32(0.5 ** (1.0 / self._half_life_days))
        period = int(self._half_life_days)
        for d in range(int(self._clock[DAY]) + 1, day + 1):
            rows["passages"] *= keep
            rows["sums"] *= keep
            if d % period == 0:
                rows["ships_before"] = rows["ships"]
                rows["ships"] = 0
            left = rows["sums"].sum(axis=1) >= LEAST_LEFT
            if not left.all():
                self.learnt.load(self.learnt.dump()[left])
                rows = self.learnt.rows[: self.learnt.count]
        self._clock[DAY] = day

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, what is learnt and the counts with it."""
        used = np.flatnonzero(self._own["minute"].any(axis=1))
        return super().dump() | {
            "learnt": self.learnt.dump(), "own": self._own[used], "own_slots": used,
            "tally": self._tally, "clock": self._clock,
        }  # fmt: skip

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave.

        Raises:
            StateVersionError: it is of another version or shape.
        """
        super().load(arrays)
        self.learnt.load(arrays["learnt"])
        self._own = np.zeros((len(self.state), PASSES), OWN)
        self._own[arrays["own_slots"]] = arrays["own"]
        self._tally, self._clock = arrays["tally"].copy(), arrays["clock"].copy()

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how few of how many went so, for how long, and what was learnt since when."""
        x = features_of(event, FEATURE_NAMES)
        lon, lat = float(event["lon"]), float(event["lat"])
        start_ms, t_ms = int(event["t_start_ms"]), int(event["t_ms"])
        return Finding(
            text=self._text(event, who, x),
            why=self._why(x),
            against=self._against(who, x),
            next_assets=()
            if x["end"]
            else next_assets(self.around, lon, lat, x["cog_deg"], x["sog_kn"], t_ms),
            context={
                "depth_m": number_or_none(self.around.geography.depth.at(lon, lat)),
                "land_m": number_or_none(x["land_m"]),
                "coverage": heard_words(
                    x["fixes"], (t_ms - start_ms) / MINUTE_MS, x["silence_min"]
                ),
                "reported_status": NAV_STATUS.get(int(x["nav_status"])),
                "learnt": {
                    "days": number_or_none(x["learnt_days"]),
                    "ships_like_it": self._like(x),
                    "passages_of_cells": number_or_none(x["passages"]),
                    "on_such_a_course": number_or_none(x["like"]),
                    "half_life_days": self._half_life_days,
                },
            },
            priority=3,
            evidence_ms=(start_ms, t_ms),
        )

    def _like(self, x: dict[str, float]) -> str:
        """Name the ships that it is held against."""
        ships = "passenger ships and fast craft" if x["kind"] else "ships other than passenger ones"
        p = self.params
        if x["length_m"] == 0:
            return f"{ships} of {p.min_length_m:.0f} m or more"
        if x["length_m"] < p.long_m:
            return f"{ships} of {p.min_length_m:.0f} to {p.long_m:.0f} m"
        return f"{ships} of {p.long_m:.0f} m or more"

    def _text(self, event: np.void, who: Identity, x: dict[str, float]) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        ends = {
            USUAL: f"is on a course usual there at {now}",
            NOT_COMPARED: f"sails at {now} where nothing can be compared",
            SLOW: f"makes less than {self.params.min_speed_kn:.0f} kn at {now}",
            LOST: f"was not received for {minutes(x['silence_min'])} at {now}",
        }
        if x["end"]:
            return (
                f"{who.spoken} sailed off the usual routes from {since}; it "
                f"{ends[int(x['end'])]}; what for is not known."
            )
        days = x["learnt_days"]
        span = f"{days:.0f} days" if days >= 2 else minutes(days * DAY_MS / MINUTE_MS)
        few = f"{x['like']:.0f}" if x["like"] >= 0.5 else "none"
        return (
            f"{who.spoken} sails since {since} on course {x['cog_deg']:03.0f} at "
            f"{x['sog_kn']:.1f} kn where, of {x['passages']:.0f} passages of ships like it in the "
            f"waters around in the last {span}, {few} went here on such a course; what for is "
            "not known."
        )

    def _why(self, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests; those on unknown values are in `against`."""
        p = self.params
        known = int(x["known"])
        least = next(
            (k for k in range(known + 1)
             if p.windows_a_day * chance_of(known, k, p.rare_share) <= p.chance_a_day),
            known,
        )  # fmt: skip
        out = [
            reason("passages here on such a course, of those around", x["like"] / x["passages"],
                   "share", p.rare_share, above=False),
            reason(f"rare blocks of {BLOCK_MIN} minutes, of {known} known of the last {BLOCKS}",
                   x["rare"], "blocks", float(least), above=True),
            reason("such windows by chance", _power_of_ten(x["chance"]), "power of ten a day",
                   _power_of_ten(p.chance_a_day), above=False),
            reason("passages learnt", x["passages"], "passages of cells", p.least_passages,
                   above=True),
            reason("ships that made them, at least", x["ships"], "ships", p.least_ships,
                   above=True),
            reason("speed over ground", x["sog_kn"], "kn", p.min_speed_kn, above=True),
        ]  # fmt: skip
        if x["length_m"] > 0:
            out.append(reason("length", x["length_m"], "m", p.min_length_m, above=True))
        if not math.isnan(x["land_m"]):
            out.append(
                reason("distance to land", x["land_m"] / NM_M, "NM", p.min_land_nm, above=True)
            )
        return tuple(r for r in out if not math.isnan(r.value))

    def _against(self, who: Identity, x: dict[str, float]) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        out = ["a seldom port, weather, ice, a closed lane or orders lead off the usual routes too"]
        if x["learnt_days"] < YOUNG_DAYS:
            out.append(f"learnt for {x['learnt_days']:.1f} days only: it may be usual")
        if who.length_m is None:
            out.append(
                f"length unknown: a ship under {self.params.min_length_m:.0f} m would not be named"
            )
        if who.ship_type is None:
            out.append("ship type unknown: it may be at work here")
        status = NAV_STATUS.get(int(x["nav_status"]))
        if status:
            out.append(f"reports itself {status}")
        elif int(x["nav_status"]) == NAV_STATUS_NONE:
            out.append("navigational status not available")
        return tuple(out)


def _power_of_ten(value: float) -> float:
    """Give the power of ten of a small number, which four decimals would not show."""
    return math.log10(max(value, 1e-300))
