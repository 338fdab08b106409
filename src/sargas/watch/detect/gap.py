"""D8 `gap`: a vessel under way is no longer received, where others are.

Definition: a vessel that made 2 kn or more over at least five fixes in its last hour is silent for
45 minutes (class A; class B and long-range reports longer) and for three times its longest silence
of that hour; the feed ran all the while, and so did the receiver that hears those waters best and,
of several live feeds, the one by which it was last heard; three other vessels within 20 NM were
received in the last ten minutes; and along the way it would have sailed by dead reckoning reception
is learnt (`learnt.py`) and leaves a chance of less than 1 in 10,000 to miss it for so long, or,
where it is not learnt yet, others were received since, and 20 km beyond. Asked twice, five minutes
apart. Otherwise there is no alert but a count with the reason (`Gap.counts`). P3; P2 when the
dead-reckoned way comes within the buffer of a well known asset. It closes when the vessel is
received again.

Source: catalogue D8 (docs/detectors.md), its published baseline and the reporting intervals of
ITU-R M.1371-5.

What it cannot see: a vessel never received; one that falls silent in port, near the coast, below
2 kn, or where nobody else sails; what it did in the silence. Two ships under one MMSI count as
one: no gap while either is received.

What raises false alarms: a transmitter weaker than those of its class, a receiver that loses one
time slot, a power cut aboard, dead reckoning past a turn.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.geodesy import NM_M
from sargas.model.time import MINUTE_MS
from sargas.watch.detect.base import (
    CLOSE,
    EVENT,
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.cells import CellTable
from sargas.watch.detect.gap_fold import (
    AGAIN,
    ELSEWHERE,
    FEATURE_NAMES,
    STATE,
    STILL_SILENT,
    WITHOUT_POSITION,
    Params,
    gap_rows,
    gap_tick,
)
from sargas.watch.detect.learnt import LEARNT, RECEIVER, WALK, Known, Learning, learn
from sargas.watch.detect.phrases import (
    asset_words,
    clock,
    distance_words,
    heard_words,
    minutes,
    number_or_none,
)
from sargas.watch.detect.reception import (
    REASONS,
    USED,
    Heard,
    ReceptionRules,
    Sea,
    grown,
    new_heard,
)
from sargas.watch.growing import with_room
from sargas.watch.minutes import Minutes


class Gap(Detector):
    """D8: not received since, where others are.

    Attributes:
        heard: when anybody was received where. refused: silences not reported, by reason.
        learnt: what is learnt of reception. receivers: when each was last heard.
        ended: events of the last fold in which a vessel was received again (for `gap_visit`).

    Example:
        >>> Gap.word, Gap.ticks
        ('gap', True)
    """

    word = "gap"
    number = "D8"
    version = "2"
    state_dtype = STATE
    ticks = True
    rests_on_positions = False
    rests_on_reception = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = around.rules[self.word]
        rule_buffer_m = around.rules["locate"]["buffer_m"]
        self.params = Params(
            r["min_kn"], r["min_fixes"], r["class_a_min"] * MINUTE_MS,
            r["class_b_min"] * MINUTE_MS, r["long_range_min"] * MINUTE_MS, r["own_silences"],
            r["again_min"] * MINUTE_MS, r["judge_min"] * MINUTE_MS, r["reckon_min"] * MINUTE_MS,
            r["smooth_min"] * MINUTE_MS, r["feed_silence_min"] * MINUTE_MS, rule_buffer_m,
            math.log10(r["chance"]),
        )  # fmt: skip
        self.limits = ReceptionRules(
            r["others"], r["others_m"], r["others_min"] * MINUTE_MS, r["heard_min"] * MINUTE_MS,
            r["way_share"], r["beyond_m"], r["coast_m"],
        )  # fmt: skip
        ports = around.geography.ports
        self.sea = Sea(around.ground, ports.lon, ports.lat, ports.radius_m, around.index)
        self.learning = Learning(
            r["min_kn"], r["learn_run_min"], r["learn_speed_share"], r["learnt_min"],
            r["learnt_visits"], r["learn_most_min"],
        )  # fmt: skip
        self.learnt, self.receivers = CellTable(LEARNT, 4096), CellTable(RECEIVER)
        self.walk = np.zeros(0, WALK)
        self._minutes: Minutes | None = None
        self.ended = np.zeros(0, EVENT)
        self.heard = new_heard(4096)
        self.feed = np.zeros(3, np.int64)
        self.refused = np.zeros(len(REASONS), np.int64)

    @property
    def counts(self) -> Counter[str]:
        """Silences of vessels under way that were not reported, by reason."""
        pairs = zip(REASONS[1:], self.refused[1:], strict=True)
        return Counter({name: int(n) for name, n in pairs if n})

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some minutes; the state has a row per subject instead of per segment."""
        self._minutes = minutes
        events = super().fold(minutes._replace(slots=minutes.subjects))
        ends = events["x"][:, FEATURE_NAMES.index("end")]
        self.ended = events[(events["op"] == CLOSE) & (ends == AGAIN)]
        return events

    def _grow(self, slots: int) -> None:
        """Make state for new subjects, and for what is learnt of their ways."""
        super()._grow(slots)
        self.walk = with_room(self.walk, len(self.state))

    def _known(self) -> Known:
        """Give all that is learnt, as kernels take it."""
        return Known(
            self.learnt.cells, self.learnt.rows, self.receivers.cells, self.receivers.rows,
            self.learning,
        )  # fmt: skip

    def _learn(self, t_ms: int) -> None:
        """Learn from the minute that ends now."""
        if self._minutes is None:
            return
        m, minute = self._minutes, t_ms // MINUTE_MS - 1
        k = minute - m.from_minute
        at, end = int(m.sample_bounds[k]), int(m.sample_bounds[k + 1])
        while at < end:
            self.learnt.make_room(2 * (int(self.learning.longest_min) + 1))
            self.receivers.make_room(2)
            at = learn(
                m.samples, at, end, minute, m.rows.msg_type, m.wire.station, m.wire.feed,
                self.walk, self._known(),
            )  # fmt: skip

    def take_up(self, learnt: NDArray[np.void]) -> None:
        """Begin with what another watch over the same waters has learnt.

        Args:
            learnt: (k,) `LEARNT`, from `learnt.dump()` of its gap detector.
        """
        self.learnt.load(learnt)

    def run_rows(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the row kernel, with room for new cells."""
        if self.heard.used[USED] >= len(self.heard.last_ms):
            self.heard = grown(self.heard)
        done: tuple[int, int] = gap_rows(
            minutes.rows, minutes.wire.feed, start, end, self.state, self.heard, self.feed,
            self.refused, self.params, events, n,
        )  # fmt: skip
        return done

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Learn from the minute, then call the tick kernel."""
        if start == 0:
            self._learn(t_ms)
        done: tuple[int, int] = gap_tick(
            t_ms, start, self.state, self.heard, self.sea, self._known(), self.feed, self.refused,
            self.params, self.limits, events, n,
        )  # fmt: skip
        return done

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, the cells and counts with it."""
        own = {f"heard.{name}": array for name, array in self.heard._asdict().items()}
        learnt = {"learnt": self.learnt.dump(), "receivers": self.receivers.dump()}
        return super().dump() | own | learnt | {
            "feed": self.feed, "refused": self.refused, "walk": self.walk,
        }  # fmt: skip

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave."""
        super().load(arrays)
        self.heard = Heard(*(arrays[f"heard.{name}"].copy() for name in Heard._fields))
        self.feed, self.refused = arrays["feed"].copy(), arrays["refused"].copy()
        self.walk = arrays["walk"].copy()
        self.learnt.load(arrays["learnt"])
        self.receivers.load(arrays["receivers"])

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say since when, who else was received, and where it would be."""
        x = features_of(event, FEATURE_NAMES)
        start_ms, now_ms = int(event["t_start_ms"]), int(event["t_ms"])
        return Finding(
            text=self._text(event, who, x),
            why=self._why(event, x),
            against=self._against(event, x),
            context={
                "depth_m": number_or_none(x["depth_m"]),
                "coverage": f"{heard_words(x['fixes'], 60, x['longest_silence_min'])} before; "
                f"others received along {x['way_share']:.0%} of its way since"
                + self._learnt_words(x, "; ", counts=True),
                "reckoned_km": number_or_none(x["reckoned_km"]),
                "implied_kn": number_or_none(x["implied_kn"]),
            },
            priority=int(event["priority"]),
            evidence_ms=(int(x["t_pos_ms"]), start_ms if x["end"] == STILL_SILENT else now_ms),
        )

    def _text(self, event: np.void, who: Identity, x: dict[str, float]) -> str:
        """Write the sentence."""
        since = clock(float(event["t_start_ms"]))
        if x["end"] != STILL_SILENT:
            how = {
                AGAIN: f"a straight way between makes {x['implied_kn']:.1f} kn",
                WITHOUT_POSITION: "its report had no position",
                ELSEWHERE: "at a place that takes "
                f"{x['implied_kn']:.0f} kn to reach in a straight line",
            }[int(x["end"])]
            now = clock(float(event["t_ms"]))
            how_long = minutes(x["silence_min"])
            return f"{who.spoken} received again at {now} after {how_long}, since {since}; {how}."
        radius_nm = self.limits.others_m / NM_M
        text = (
            f"{who.spoken} not received since {since}; {x['others']:.0f} other vessels within "
            f"{radius_nm:.0f} NM were received in the last "
            f"{self.limits.others_ms / MINUTE_MS:.0f} minutes"
        )
        return text + self._learnt_words(x, "; ") + self._asset_text(event, x) + "."

    def _is_learnt(self, x: dict[str, float]) -> bool:
        """Tell whether the way was judged by what is learnt of it."""
        return x["learnt_share"] >= self.limits.way_share

    def _learnt_words(self, x: dict[str, float], before: str, *, counts: bool = False) -> str:
        """Say how well a vessel of this class is received along the way, where that is learnt."""
        if not self._is_learnt(x):
            return ""
        kind = "B" if x["msg_type"] in (18, 19) else "A"
        share = 100.0 * x["heard_min"] / x["due_min"]
        text = f"{before}a class {kind} vessel there is received in {share:.0f} of 100 minutes"
        if counts:
            text += f" ({x['heard_min']:,.0f} of {x['due_min']:,.0f} minutes learnt)"
        return text

    def _asset_text(self, event: np.void, x: dict[str, float]) -> str:
        """Say which asset the reckoned way comes to, and when."""
        if event["asset"] < 0:
            return ""
        accuracy_m = float(event["accuracy_m"])
        asset = asset_words(self.around.assets[int(event["asset"])])
        off = distance_words(float(event["distance_m"]), accuracy_m, asset)
        when = clock(x["t_asset_ms"])
        text = f"; at {x['speed_kn']:.1f} kn as last seen it would be {off} at {when}"
        if accuracy_m > self.params.rule_buffer_m:
            text += f", asset position uncertain by ±{accuracy_m:.0f} m"
        return text

    def _why(self, event: np.void, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests."""
        p, r = self.params, self.limits
        own_min = p.own_silences * x["longest_silence_min"]
        out = [
            reason("silence", x["silence_min"], "min", x["limit_min"], above=True),
            reason("silence against its own longest", x["silence_min"], "min", own_min, above=True),
            reason("smoothed speed before", x["speed_kn"], "kn", p.min_kn, above=True),
            reason("fixes in the hour before", x["fixes"], "fixes", p.min_fixes, above=True),
            reason("other vessels received near by", x["others"], "vessels", r.others, above=True),
            reason("minutes with the feed running", x["feed_min"], "min", x["limit_min"] - 1,
                   above=True),
        ]  # fmt: skip
        if self._is_learnt(x):
            # In 10,000: what is written is rounded to four places.
            out.append(reason("chance that reception alone gives such a silence",
                              10.0 ** (4.0 + x["log10_chance"]), "in 10,000",
                              10.0 ** (4.0 + p.log10_chance), above=False))  # fmt: skip
            out.append(reason("share of the reckoned way where reception is learnt",
                              x["learnt_share"], "share", r.way_share, above=True))  # fmt: skip
        else:
            out.append(reason("share of the reckoned way where others were received",
                              x["way_share"], "share", r.way_share, above=True))  # fmt: skip
        if event["asset"] >= 0:
            accuracy_m = float(event["accuracy_m"])
            buffer_m = max(p.rule_buffer_m, accuracy_m)
            out.append(reason("reckoned distance to asset", float(event["distance_m"]), "m",
                              buffer_m, above=False))  # fmt: skip
            out.append(reason("accuracy of the asset's position", accuracy_m, "m",
                              p.rule_buffer_m, above=False))  # fmt: skip
        return tuple(out)

    def _against(self, event: np.void, x: dict[str, float]) -> tuple[str, ...]:
        """List what speaks against it, and what is not known."""
        out = ["others received near by do not prove that this transmitter would be"]
        if not self._is_learnt(x):
            out.append("reception is not learnt along its way yet: judged by who else was heard")
        if math.isnan(x["course_deg"]):
            out.append("course unknown: its way was not reckoned")
        if x["msg_type"] == 0:
            out.append("class of transponder not stated: the limit of class B was taken")
        elif x["msg_type"] in (18, 19):
            out.append("class B transmits with less power than most ships around it")
        blind_min = (float(event["t_start_ms"]) - x["t_pos_ms"]) / MINUTE_MS
        if blind_min >= 1.0:
            out.append(f"its last reports, for {minutes(blind_min)}, had no position")
        return tuple(out)
