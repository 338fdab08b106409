"""D14 `encounter`: two vessels lie slowly side by side off the coast.

Definition: two vessels, each under 2 kn and 10 km or more from land, that stay within 200 m of each
other for 30 minutes, or within 50 m for 10; places are those of the last three minutes, reckoned on
to the end of the minute. They may be further apart, or not received, for up to 10 minutes. It is a
P3; a P2 inside the buffer of a well known asset, unless one of the two is a tug, a pilot, a tanker
that may bunker or transfer, a passenger ship or another vessel at work: that is said, and lowers.
It ends when the two were not within 300 m, both slow, for 10 minutes. The alert is about the vessel
with the smaller number; the other is named in it.

The rule has the published ones as settings (`sargas --rules`): Starboard is what ships, without
the speed; Skylight 250 m for 30 minutes at any speed (`close_m` 0, `max_kn` 100, `min_land_km` 0);
Global Fishing Watch 500 m for 2 hours under 2 kn, 10 km from an anchorage, for which the distance
to land stands in (`radius_m` 500, `near_min` 120, `close_m` 0).

Source: catalogue D14 and section 5 (docs/detectors.md).

What it cannot see: a vessel that does not transmit, the more interesting half of most meetings;
meetings near the coast; vessels towed or made fast under way at 2 kn or more.

What raises false alarms: bunkering, pilots, tugs, crew boats at work sites, fishing in pairs,
anchorages without a mask.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.errors import StateVersionError
from sargas.model.alerts import Reason
from sargas.model.geodesy import NM_M
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import (
    CLOSE,
    OPEN,
    WORK_TYPES,
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.encounter_fold import (
    NOTHING,
    OPENS,
    PAIR,
    PARTED,
    SILENT,
    STATE,
    Params,
    find_pairs,
    merge_pairs,
    note_vessels,
)
from sargas.watch.detect.phrases import (
    NAV_STATUS,
    asset_words,
    clock,
    distance_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.writing import begin_event
from sargas.watch.minutes import Minutes

FEATURE_NAMES = (
    "other", "together_min", "mean_m", "least_m", "mean_kn", "is_touching", "minutes", "end",
    "land_m", "depth_m", "t_last_ms", "status_a", "status_b",
)  # fmt: skip

LABELS = (
    ("pilot", {50}),
    ("tug or tow", {31, 32, 52}),
    ("passenger ship", set(range(60, 70))),
    ("tanker: bunkering or a transfer", set(range(80, 90))),
    ("vessel at work", set(WORK_TYPES)),
)
"""What a type makes of a meeting, the first that fits (ITU-R M.1371-5); each lowers."""


class Encounter(Detector):
    """D14: two vessels side by side.

    Example:
        >>> Encounter.word, Encounter.number
        ('encounter', 'D14')
    """

    word = "encounter"
    number = "D14"
    state_dtype = STATE
    muted_near_land = True
    ticks = True
    reads_samples = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = self.rules = around.rules[self.word]
        self.params = Params(
            r["radius_m"], r["near_min"] * MINUTE_MS, r["close_m"], r["close_min"] * MINUTE_MS,
            r["exit"], r["max_kn"], r["min_land_km"] * 1000.0, r["break_min"] * MINUTE_MS,
            r["reckon_min"] * MINUTE_MS,
        )  # fmt: skip
        self._pairs, self._n_pairs = np.zeros(256, PAIR), 0
        self._spare = np.zeros(512, PAIR)
        self._key, self._away = np.zeros(256, np.int64), np.zeros(256)
        self._head = np.zeros(1024, np.int32)
        self._behind, self._at = np.zeros(0, np.int32), np.zeros((0, 2))
        self._cell = np.zeros((0, 2), np.int64)
        # Called once, so that it is compiled with the others and not at the first meeting.
        begin_event(self._events, 0, OPEN, 0, 0, 0, 0.0, 0.0)

    def fresh(self, state: NDArray[np.void]) -> None:
        """Mark vessels never heard."""
        state["t_ms"] = -(2**62)

    def _grow(self, slots: int) -> None:
        """Make state for new slots, and the grid's scratch."""
        super()._grow(slots)
        if len(self.state) > len(self._behind):
            self._lay_grid()

    def _lay_grid(self) -> None:
        """Make the grid's scratch, for as many vessels as there are."""
        n = len(self.state)
        self._behind, self._at = np.zeros(n, np.int32), np.zeros((n, 2))
        self._cell = np.zeros((n, 2), np.int64)
        self._head = np.zeros(1 << max(10, n.bit_length()), np.int32)

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Keep where each vessel is; what they do with each other is asked when the minute ends."""
        note_vessels(minutes.samples, minutes.rows, start, end, self.state)
        return end, n

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Find who is near whom, follow the pairs, and write what they do."""
        found = self._find(t_ms)
        order = np.argsort(self._key[:found])
        if self._n_pairs + found > len(self._spare):
            self._spare = np.zeros(2 * (self._n_pairs + found), PAIR)
        kept = merge_pairs(
            t_ms, self._pairs, self._n_pairs, self._key[:found][order], self._away[:found][order],
            self.state, self.params, self._spare,
        )  # fmt: skip
        self._pairs, self._spare, self._n_pairs = self._spare, self._pairs, kept
        pairs = self._pairs[:kept]
        busy = np.flatnonzero(pairs["does"] != NOTHING)
        self._n = n
        for k in busy:
            self._make_room()
            self._write(pairs[k], t_ms)
        ended = pairs["does"] > OPENS
        if ended.any():
            left = pairs[~ended]
            self._pairs[: len(left)], self._n_pairs = left, len(left)
        return len(self.state), self._n

    def _find(self, t_ms: int) -> int:
        """Call the kernel that searches the grid, again with more room where it needs it."""
        while True:
            found = int(
                find_pairs(
                    t_ms, self.state, self.params, self._head, self._behind, self._at, self._cell,
                    self._key, self._away,
                )
            )  # fmt: skip
            if found <= len(self._key):
                return found
            self._key, self._away = np.zeros(2 * found, np.int64), np.zeros(2 * found)

    def _write(self, pair: np.void, t_ms: int) -> None:
        """Write an event about a pair; where it opens, choose whom it is about."""
        if pair["does"] == OPENS:
            self._name(pair, t_ms)
        own = int(pair["subject"])
        other = int(pair["b"] if own == pair["a"] else pair["a"])
        ship = self.state[own]
        op = OPEN if pair["does"] == OPENS else CLOSE
        begin_event(
            self._events, self._n, op, own, int(pair["t_start_ms"]), int(t_ms),
            float(ship["lon"]), float(ship["lat"]),
        )  # fmt: skip
        event = self._events[self._n]
        if pair["asset"] >= 0:
            event["asset"], event["distance_m"] = pair["asset"], pair["distance_m"]
            event["accuracy_m"], event["kp_m"] = pair["accuracy_m"], pair["kp_m"]
        x = event["x"]
        together_ms = pair["t_last_ms"] - pair["t_first_ms"]
        x[0], x[1], x[2] = other, together_ms / MINUTE_MS, pair["sum_m"] / pair["minutes"]
        x[3], x[4], x[5] = pair["least_m"], pair["sum_kn"] / pair["minutes"], pair["is_touching"]
        x[6], x[7] = pair["minutes"], pair["does"]
        x[8], x[9], x[10] = ship["land_m"], ship["depth_m"], pair["t_last_ms"]
        x[11], x[12] = ship["nav_status"], self.state[other]["nav_status"]
        self._n += 1

    def _name(self, pair: np.void, t_ms: int) -> None:
        """Choose the vessel with the smaller number, and a start that no other of its has.

        An alert's id has one vessel and its start in seconds. Two that come alongside one vessel
        in the same minute must differ, so the other's number chooses the second of that minute.
        """
        a, b = (self.name_of(int(pair[side]), t_ms) for side in ("a", "b"))
        is_a = (a.domain, a.mmsi, a.segment) <= (b.domain, b.mmsi, b.segment)
        pair["subject"] = pair["a"] if is_a else pair["b"]
        other = b if is_a else a
        start_ms = int(pair["t_first_ms"]) - MINUTE_MS + other.mmsi % 60 * 1000
        pairs = self._pairs[: self._n_pairs]
        taken = pairs["t_start_ms"][pairs["subject"] == pair["subject"]]
        while start_ms in taken:
            start_ms += 1000
        pair["t_start_ms"] = start_ms
        ship = self.state[int(pair["subject"])]
        for field in ("asset", "distance_m", "accuracy_m", "kp_m"):
            pair[field] = ship[field]

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say who met, how near, for how long, and what the types make of it."""
        x = features_of(event, FEATURE_NAMES)
        other = self.name_of(int(x["other"]), int(event["minute"]) * MINUTE_MS)
        label = label_of(who, other)
        limit_m = self.around.rules["locate"]["buffer_m"]
        is_inside = int(event["asset"]) >= 0 and float(event["accuracy_m"]) <= limit_m
        return Finding(
            text=self._text(event, who, other, x, label),
            why=self._why(x),
            against=self._against(who, other, label),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "land_m": number_or_none(x["land_m"]),
                "coverage": f"near each other in {x['minutes']:.0f} minutes of "
                f"{x['together_min'] + 1:.0f}",
                "other": {
                    "mmsi": other.mmsi, "segment": other.segment, "name": other.name,
                    "imo": other.imo, "ship_type": other.ship_type, "length_m": other.length_m,
                    "reported_status": NAV_STATUS.get(int(x["status_b"])),
                },
                "reported_status": NAV_STATUS.get(int(x["status_a"])),
                "label": label,
            },
            priority=2 if is_inside and label is None else 3,
            evidence_ms=(int(event["t_start_ms"]), int(x["t_last_ms"])),
        )  # fmt: skip

    def _text(
        self, event: np.void, who: Identity, other: Identity, x: dict[str, float], label: str | None
    ) -> str:
        """Write the sentence."""
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        both = f"{who.spoken} and {other.spoken}"
        where = f", {x['land_m'] / NM_M:.0f} NM from land" if x["land_m"] > 0 else ""
        if int(event["asset"]) >= 0:
            asset = asset_words(self.around.assets[int(event["asset"])])
            words = distance_words(event["distance_m"], event["accuracy_m"], asset)
            where += f", {words}"
        kind = f"; {label}" if label else ""
        if int(x["end"]) == OPENS:
            return (
                f"{both} have been within {self._limit_m(x):.0f} m of each other since {since}, "
                f"{x['mean_m']:.0f} m apart on average, at {x['mean_kn']:.1f} kn{where}{kind}; "
                "what for was not received."
            )
        end = {
            PARTED: f"they had parted by {now}",
            SILENT: f"one of them was not received any more by {now}",
        }[int(x["end"])]
        return f"{both} lay near each other for {minutes(x['together_min'])} from {since}; {end}."

    def _limit_m(self, x: dict[str, float]) -> float:
        """Give the distance that the form which opened asks for."""
        return self.params.close_m if x["is_touching"] else self.params.radius_m

    def _why(self, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests."""
        p, r = self.params, self.rules
        out = [reason("least distance", x["least_m"], "m", self._limit_m(x), above=False)]
        lasted = r["close_min"] if x["is_touching"] else r["near_min"]
        out += [
            reason("time together", x["together_min"], "min", lasted, above=True),
            reason("mean of the faster one's speed", x["mean_kn"], "kn", p.max_kn, above=False),
        ]
        if not math.isnan(x["land_m"]):
            land_km = x["land_m"] / 1000.0
            out.append(reason("distance to land", land_km, "km", r["min_land_km"], above=True))
        return tuple(out)

    def _against(self, who: Identity, other: Identity, label: str | None) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        out = ["meetings for supplies, crew and bunkers are everyday work"]
        if label:
            out.append(f"{label}, by the types reported")
        out += [f"ship type of {v.spoken} unknown" for v in (who, other) if v.ship_type is None]
        return tuple(out)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, the pairs with it."""
        return super().dump() | {"pairs": self._pairs[: self._n_pairs]}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave.

        Raises:
            StateVersionError: it is of another version or shape.
        """
        super().load(arrays)
        if arrays["pairs"].dtype != PAIR:
            raise StateVersionError(
                f"The saved state of {self.word} is of another version.",
                hint="Scan the archive again to rebuild it.",
            )
        self._n_pairs = len(arrays["pairs"])
        self._pairs = np.append(arrays["pairs"], np.zeros(256, PAIR))
        self._lay_grid()


def label_of(who: Identity, other: Identity) -> str | None:
    """Say what the two types make of a meeting; None where they say nothing.

    Example:
        >>> label_of(Identity("sea", 1, 0, ship_type=70), Identity("sea", 2, 0, ship_type=50))
        'pilot'
    """
    for label, types in LABELS:
        if who.ship_type in types or other.ship_type in types:
            return label
    return None
