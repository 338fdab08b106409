"""The scoreboard: what many plays gave, as numbers with their doubt. Plain dicts, ready for JSON.

A drag that was not found counts as found never, so that medians cannot be bettered by missing the
hard ones. Alerts a day are counted in clean plays where there are any: what is staged would raise
them. Every number says whether it is simulated.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sargas.exercise.beside import where_worse
from sargas.exercise.goals import BESIDE, goals
from sargas.exercise.presets import PRESETS, Rule
from sargas.exercise.rates import Estimate, quantile, rate, share, upper_rate
from sargas.exercise.score import (
    DRAG_KINDS,
    DRAG_WORDS,
    PLACE_M,
    TOLERANCE_MS,
    Met,
    Result,
    answers,
    is_met,
)
from sargas.model.geodesy import NM_M
from sargas.model.time import MINUTE_MS
from sargas.watch.detect import DETECTORS

BUILT = frozenset(detector.word for detector in DETECTORS)
PER_1000 = "a day and 1,000 vessels"
MOST_VALUES = 8
PER_VESSEL_DAY = "an under-way vessel-day"


@dataclass(frozen=True)
class Board:
    """Results of a suite, put together.

    Attributes:
        suite: its name. results: plays that were folded to the end.
        presets: names of those that ran.
        is_partial: whether it was interrupted before the last play.
    """

    suite: str
    results: Sequence[Result]
    presets: Sequence[str]
    is_partial: bool = False

    @property
    def basis(self) -> str:
        """`simulated`, `real`, or `real and simulated`: what every number rests on."""
        kinds = {r.simulated for r in self.results}
        if len(kinds) > 1:
            return "real and simulated"
        return "simulated" if kinds == {True} else "real" if kinds else "none"

    @property
    def met(self) -> list[Met]:
        """Everything staged, of all plays."""
        return list(chain.from_iterable(r.met for r in self.results))

    @property
    def counted_in(self) -> list[Result]:
        """The plays in which alerts a day are counted: clean ones, or all where none is."""
        return [r for r in self.results if r.is_clean] or list(self.results)

    def to_dict(self) -> dict[str, Any]:
        """Write the whole board in the shape of `score --json`."""
        results = self.results
        body: dict[str, Any] = {
            "suite": self.suite,
            "basis": self.basis,
            "partial": self.is_partial,
            "plays": len(results),
            "vessels": sum(r.vessels for r in results),
            "hours": sum(r.hours for r in results),
            "vessel_days": sum(r.vessel_days for r in results),
            "under_way_vessel_days": sum(r.under_way_vessel_days for r in results),
            "staged": dict(Counter(m.staged.kind for m in self.met)),
            "controls": sum(r.controls for r in results),
            "without_detector": sorted(
                {m.staged.kind for m in self.met if not answers(m.staged.kind) & BUILT}
            ),
            "tolerance": {"min": TOLERANCE_MS // MINUTE_MS, "nm": PLACE_M / NM_M},
            "notes": sorted({r.note for r in results}),
        }
        body["recall"] = [self._recall(*group) for group in self._groups()]
        body["false_drags"] = self._false_drags()
        body["precision"] = self._precision()
        body["alerts"] = self._alerts()
        body["budget"] = self._budget()
        body["presets"] = self._presets()
        body["ours"] = self._ours() if self.presets else None
        body["goals"] = goals(body)
        body["worse"] = where_worse(list(self._groups()), self.counted_in, self.presets)
        return body

    def _groups(self) -> Iterable[tuple[str, str, list[Met]]]:
        """Give (kind, stratum, what was staged so): each kind as a whole, then by its strata."""
        for kind in sorted({m.staged.kind for m in self.met}):
            of = [m for m in self.met if m.staged.kind == kind]
            yield kind, "all", of
            for name in sorted({name for m in of for name in m.staged.stratum}):
                values = sorted({m.staged.stratum.get(name, "unknown") for m in of})
                # One value says what `all` does; of very many each holds next to nothing.
                if 1 < len(values) <= MOST_VALUES or name == "speed_loss":
                    for value in values:
                        part = [m for m in of if m.staged.stratum.get(name, "unknown") == value]
                        yield kind, f"{name}: {value}", part

    def _recall(self, kind: str, stratum: str, of: list[Met]) -> dict[str, Any]:
        """Say how many of some were found, how late, and how long before the next asset."""
        ahead = [m for m in of if m.asset_ms is not None]
        warned = [m for m in ahead if m.first_ms is not None and m.first_ms < (m.asset_ms or 0)]
        leads = [((m.asset_ms or 0) - (m.first_ms or 0)) / MINUTE_MS for m in warned]
        hour = [m for m in of if _delay_min(m) <= 60.0]
        return {
            "kind": kind,
            "stratum": stratum,
            "n": len(of),
            "recall": _told(share(sum(m.first_ms is not None for m in of), len(of))),
            "recall_p2": _told(share(sum(m.first_p2_ms is not None for m in of), len(of))),
            "muted": sum(m.is_muted for m in of),
            "missed_after_early_alert": sum(m.first_ms is None and m.is_early for m in of),
            "delay_median_min": _told(_quantile(of, _delay_min, 0.5)),
            "delay_p90_min": _told(_quantile(of, _delay_min, 0.9)),
            "within_60_min": _told(share(len(hour), len(of))),
            "assets_ahead": len(ahead),
            "warned_before_asset": _told(share(len(warned), len(ahead))),
            "lead_median_min": _told(
                quantile(leads, [_who(m) for m in warned], 0.5, "min")
            ),
        }  # fmt: skip

    def _false_drags(self) -> list[dict[str, Any]]:
        """Count drag alerts that answer nothing: in all plays, in clean ones, on control twins."""
        clean = [r for r in self.results if r.is_clean]
        out = []
        for where, plays in (("all plays", self.results), ("clean plays", clean)):
            days = sum(r.under_way_vessel_days for r in plays)
            said = [a for r in plays for a in r.false_drags]
            for priority, count in (
                ("P1 and P2", sum(a.priority <= 2 for a in said)),
                ("P3", sum(a.priority == 3 for a in said)),
                ("any", len(said)),
            ):
                told = _told(rate(count, days, PER_VESSEL_DAY))
                upper = upper_rate(count, days)
                out.append({
                    "where": where, "priority": priority, "count": count,
                    "under_way_vessel_days": days, "rate": told,
                    "upper_95": None if math.isinf(upper) else upper,
                })  # fmt: skip
        beside = [r for r in self.results if any(m.staged.kind == "drag_sustained" for m in r.met)]
        if beside:
            count = sum(len(r.false_drags) for r in beside)
            days = sum(r.under_way_vessel_days for r in beside)
            out.append({"where": BESIDE, "priority": "any", "count": count,
                        "rate": _told(rate(count, days, PER_VESSEL_DAY))})  # fmt: skip
        other = Counter(
            m.staged.kind for r in self.results for a in r.false_drags for m in r.met
            if m.staged.mmsi == a.mmsi and m.staged.kind not in DRAG_KINDS
        )  # fmt: skip
        for kind, count in sorted(other.items()):
            out.append({"where": f"vessels staged as {kind}", "priority": "any", "count": count})
        controls = sum(r.controls for r in self.results)
        on = len({(r.play, a.mmsi) for r in self.results for a in r.on_controls})
        out.append({"where": "control twins", "priority": "any", "count": on,
                    "controls": controls, "share": _told(share(on, controls))})  # fmt: skip
        return out

    def _precision(self) -> list[dict[str, Any]]:
        """Say which share of a detector's alerts answer something staged.

        Of detectors other than those of drags the rest may be right too: ordinary traffic is slow
        over cables, silent and loitering without being staged.
        """
        out = []
        kinds = sorted({m.staged.kind for m in self.met})
        for words in dict.fromkeys(answers(kind) for kind in kinds):
            said = [
                (r, a) for r in self.results for a in r.said if a.word in words and not a.is_muted
            ]
            right = sum(
                any(
                    answers(m.staged.kind) == words
                    and is_met(m.staged, a.mmsi, a.t_ms, a.lon, a.lat)
                    for m in r.met
                )
                for r, a in said
            )
            of = [m for m in self.met if answers(m.staged.kind) == words]
            precision = share(right, len(said))
            recall = share(sum(m.first_ms is not None for m in of), len(of))
            out.append({
                "words": sorted(words), "alerts": len(said), "precision": _told(precision),
                "f1": _f_score(precision.value, recall.value, 1.0),
                "f05": _f_score(precision.value, recall.value, 0.5),
            })  # fmt: skip
        return out

    def _alerts(self) -> list[dict[str, Any]]:
        """Count alerts by detector and priority; those muted or retracted apart."""
        plays = self.counted_in
        said = [a for r in plays for a in r.said]
        out = []
        for word in sorted({a.word for a in said}):
            for priority in (1, 2, 3):
                of = [a for a in said if a.word == word and a.priority == priority]
                rang = [a for a in of if not a.is_muted]
                if of:
                    out.append({
                        "detector": word, "priority": f"P{priority}", "count": len(rang),
                        "muted": len(of) - len(rang),
                        "retracted": sum(a.is_retracted for a in rang),
                        "rate": _told(rate(len(rang), _thousand_days(plays), PER_1000)),
                        "a_day": len(rang) / days if (days := _days(plays)) else None,
                    })  # fmt: skip
        return out

    def _budget(self) -> list[dict[str, Any]]:
        """Sum the alerts that ring by priority."""
        plays = self.counted_in
        rang = [a.priority for r in plays for a in r.said if not a.is_muted]
        return [
            {"priority": name, "count": count,
             "rate": _told(rate(count, _thousand_days(plays), PER_1000)),
             "a_day": count / days if (days := _days(plays)) else None}
            for name, count in (
                ("P1", rang.count(1)), ("P1 and P2", rang.count(1) + rang.count(2)),
                ("P3", rang.count(3)),
            )
        ]  # fmt: skip

    def _presets(self) -> list[dict[str, Any]]:
        """Say of each rule of each preset what it asks for, and what it found of that."""
        return [
            self._preset(name, word, rule)
            for name in self.presets
            for word, rule in PRESETS[name].rules.items()
        ]

    def _ours(self) -> dict[str, Any]:
        """Score our own detectors of drags in the shape of a preset, to stand beside them."""
        of = [m for m in self.met if m.staged.kind in DRAG_KINDS]
        plays = self.counted_in
        said = [a for r in plays for a in r.said if a.word in DRAG_WORDS and not a.is_muted]
        found = _told(share(sum(m.first_ms is not None for m in of), len(of)))
        return {
            "preset": "sargas", "rule": "sargas, drags", "n": len(of), "recall": found,
            "asks_for": "drags under way", "asks_for_drags": True, "drag_recall": found,
            "delay_median_min": _told(_quantile(of, _delay_min, 0.5)),
            "rate": _told(rate(len(said), _thousand_days(plays), PER_1000)),
        }  # fmt: skip

    def _preset(self, name: str, word: str, rule: Rule) -> dict[str, Any]:
        """Score one rule on what it asks for only."""
        of = [m for m in self.met if m.staged.kind in rule.kinds]
        rows = sum(r.rows[word][0] for r in self.results)
        right = sum(r.rows[word][1] for r in self.results)
        plays = self.counted_in
        counted = sum(r.rows[word][0] for r in plays)
        return {
            "preset": name,
            "rule": word,
            "asks_for": rule.asks,
            "held_against": sorted({m.staged.kind for m in of}),
            "asks_for_drags": bool(set(rule.kinds) & set(DRAG_KINDS)),
            "n": len(of),
            "recall": _told(share(sum(word in m.words for m in of), len(of))),
            "drag_recall": self._rule_recall(word, rule, DRAG_KINDS),
            "delay_median_min": _told(_quantile(of, lambda m: _rule_delay_min(m, word), 0.5)),
            "rows": rows,
            "precision": _told(share(right, rows)) if of else None,
            "rate": _told(rate(counted, _thousand_days(plays), PER_1000)),
        }

    def _rule_recall(self, word: str, rule: Rule, kinds: Sequence[str]) -> dict[str, Any] | None:
        """Give a rule's recall on some kinds, None where it does not ask for them."""
        if not set(kinds) & set(rule.kinds):
            return None
        of = [m for m in self.met if m.staged.kind in kinds]
        return _told(share(sum(word in m.words for m in of), len(of)))


def _who(met: Met) -> str:
    """Name a vessel over all plays, for drawing whole vessels."""
    return f"{met.play}/{met.staged.mmsi}"


def _delay_min(met: Met) -> float:
    """Give the delay from the start of what was staged, infinite where it was not found."""
    if met.first_ms is None:
        return math.inf
    return (met.first_ms - met.staged.t_start_ms) / MINUTE_MS


def _rule_delay_min(met: Met, word: str) -> float:
    """Give the delay of a preset's rule."""
    at_ms = met.words.get(word)
    return math.inf if at_ms is None else (at_ms - met.staged.t_start_ms) / MINUTE_MS


def _quantile(of: Sequence[Met], delay_min: Callable[[Met], float], q: float) -> Estimate:
    """Give a quantile of delays, misses counted as never."""
    return quantile([delay_min(m) for m in of], [_who(m) for m in of], q, "min")


def _f_score(precision: float, recall: float, beta: float) -> float | None:
    """Weigh precision against recall; 0.5 weighs precision more. None where one is unknown.

    Source: C. J. van Rijsbergen, Information Retrieval (1979), chapter 7.

    Example:
        >>> _f_score(0.5, 1.0, 1.0), _f_score(0.5, 1.0, 0.5)
        (0.6667, 0.5556)
    """
    if math.isnan(precision) or math.isnan(recall):
        return None
    weight = beta * beta
    below = weight * precision + recall
    return round((1.0 + weight) * precision * recall / below, 4) if below else 0.0


def _days(plays: Sequence[Result]) -> float:
    """Sum the length of plays in days."""
    return sum(r.hours for r in plays) / 24.0


def _thousand_days(plays: Sequence[Result]) -> float:
    """Sum the days of 1,000 vessels."""
    return sum(r.vessel_days for r in plays) / 1000.0


def _told(e: Estimate) -> dict[str, Any]:
    """Write an estimate for JSON: null where unknown, `never` where it is infinite."""

    def number(x: float) -> float | None:
        return None if math.isnan(x) or math.isinf(x) else round(x, 6)

    return {
        "value": number(e.value), "low": number(e.low), "high": number(e.high), "n": e.n,
        "unit": e.unit, "never": math.isinf(e.value),
    }  # fmt: skip
