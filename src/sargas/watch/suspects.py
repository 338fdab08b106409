"""From a fault to those who were there (D17): everyone who crossed an asset around a time.

Definition: given an asset, a time and a window, all crossings whose time with its uncertainty
meets the window, ranked by how far they are from the time given, then by alerts of a drag and by
speed lost; then chords that could have crossed, vessels that stayed slow beside the asset, and
silences that leave room for a visit; with a statement of what was heard at all.

Source: catalogue D17 and detectors.md 0, 1b; incidents.md 5 and 8.

What it cannot see: a vessel that did not transmit or was not received (the coverage says how well
the area was heard, not who was missing); a vessel first received after it had crossed; the depth
of an anchor. What misleads: a coarse line, whose crossings fit a wide span of times; a clock that
is off; a loud but innocent vessel beside the asset, which is why a slow presence ranks below a
crossing. Several crossers that nothing tells apart are a list, never one name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sargas.errors import UsageError
from sargas.model.alerts import CLOSED, RETRACTED, Alert, Subject
from sargas.model.assets import Asset
from sargas.model.crossings import CAVEAT, Crossing, rounded
from sargas.model.time import MINUTE_MS, iso
from sargas.watch.rules import Rules, load_rules
from sargas.watch.vicinity import Coverage, Gap, Presence, part_words

CROSSING, UNCERTAIN, PRESENCE, GAP = "crossing", "could_have_crossed", "slow_presence", "gap"
BASES = (CROSSING, UNCERTAIN, PRESENCE, GAP)
"""What an entry rests on, in order of rank."""

DRAG_WORDS = ("drag_onset", "drag_sustained", "drag_confirmed")


@dataclass(frozen=True)
class Crosser:
    """One entry of the list: a vessel, what it did, and why it stands where it stands.

    Attributes:
        basis: one of `BASES`.
        residual_s: how far the time is from the one given, beyond the uncertainty of both; 0
            where it fits. None where there is no time.
        loss_kn: speed lost from before to at or after the crossing; None where unknown.
        alerts: alerts of a drag that speak of this vessel at that time.
        reasons: sentences.
        rank: 1 is first; one a vessel. 0 for what stands under another entry.
        also: what else the vessel did, the most telling first.
    """

    basis: str
    subject: Subject
    asset: Asset
    t_ms: int | None
    t_from_ms: int
    t_to_ms: int | None
    lon: float
    lat: float
    kp_km: float
    accuracy_m: float | None
    uncertainty_s: float | None
    residual_s: float | None
    sog_kn_before: float | None
    sog_kn_at: float | None
    sog_kn_after: float | None
    loss_kn: float | None
    angle_deg: float | None
    alerts: tuple[Alert, ...] = ()
    reasons: tuple[str, ...] = ()
    order: tuple[Any, ...] = ()
    rank: int = 0
    also: tuple[Crosser, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Write the entry in the shape of the command line's `--json`."""
        s = self.subject
        return {
            "rank": self.rank,
            "basis": self.basis,
            "subject": {
                "domain": s.domain, "mmsi": s.mmsi, "segment": s.segment, "imo": s.imo,
                "name": s.name, "callsign": s.callsign, "ship_type": s.ship_type,
                "length_m": s.length_m,
            },
            "asset": {"id": self.asset.id, "name": self.asset.name, "kind": self.asset.kind},
            "t": None if self.t_ms is None else iso(self.t_ms),
            "t_from": iso(self.t_from_ms),
            "t_to": None if self.t_to_ms is None else iso(self.t_to_ms),
            "uncertainty_s": rounded(self.uncertainty_s, 1),
            "residual_s": rounded(self.residual_s, 1),
            "lon": rounded(self.lon, 6),
            "lat": rounded(self.lat, 6),
            "kp_km": rounded(self.kp_km, 3),
            "accuracy_m": rounded(self.accuracy_m, 1),
            "sog_kn_before": rounded(self.sog_kn_before, 2),
            "sog_kn_at": rounded(self.sog_kn_at, 2),
            "sog_kn_after": rounded(self.sog_kn_after, 2),
            "loss_kn": rounded(self.loss_kn, 2),
            "angle_deg": rounded(self.angle_deg, 1),
            "alerts": [
                {"id": a.id, "detector": a.detector, "priority": a.priority, "state": a.state,
                 "t_start": iso(a.t_start_ms)}
                for a in self.alerts
            ],
            "reasons": list(self.reasons),
            "also": [e._short() for e in self.also],
        }  # fmt: skip

    def _short(self) -> dict[str, Any]:
        """Write an entry that stands under another of its vessel."""
        return {
            "basis": self.basis,
            "t": None if self.t_ms is None else iso(self.t_ms),
            "t_from": iso(self.t_from_ms),
            "t_to": None if self.t_to_ms is None else iso(self.t_to_ms),
            "uncertainty_s": rounded(self.uncertainty_s, 1),
            "kp_km": rounded(self.kp_km, 3),
            "sog_kn_at": rounded(self.sog_kn_at, 2),
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Answer:
    """Who was there, in order, and how much of it was heard."""

    asset: Asset
    at_ms: int
    window_min: float
    crossers: tuple[Crosser, ...]
    statement: str
    coverage: Coverage | None = None
    exercise: str | None = None
    caveat: str = field(default=CAVEAT)

    def rows(self) -> list[dict[str, Any]]:
        """Give one row an entry, each with what it takes to be read alone."""
        about = {
            "at": iso(self.at_ms),
            "window_min": self.window_min,
            "statement": self.statement,
            "coverage": None if self.coverage is None else self.coverage.to_dict(),
            "exercise": self.exercise,
            "caveat": self.caveat,
        }
        return [c.to_dict() | about for c in self.crossers]


def suspects(
    crossings: Iterable[Crossing],
    asset: Asset,
    at_ms: int,
    window_min: float = 30.0,
    *,
    kp_km: tuple[float, float] | None = None,
    alerts: Iterable[Alert] = (),
    presences: Sequence[Presence] = (),
    gaps: Sequence[Gap] = (),
    coverage: Coverage | None = None,
    rules: Rules | None = None,
    exercise: str | None = None,
) -> Answer:
    """List who crossed an asset around a time, and who could have.

    Args:
        crossings: rows of the crossing log; those of other assets are passed over.
        asset: the asset. at_ms: the time given, ms UTC.
        window_min: minutes on either side of it.
        kp_km: only this part of the asset, from and to; widened by each row's accuracy.
        alerts: alerts of the same watch, any version; those of a drag count.
        presences, gaps, coverage: of a `vicinity.Vicinity` of the same asset and span.
        rules: thresholds; the shipped ones if not given.
        exercise: name of the exercise that was read; None: as the crossings say.

    Raises:
        UsageError: the window or the part of the asset is empty, or the part lies beyond its end.

    Example:
        >>> from sargas.reference import shipped_assets
        >>> cable = shipped_assets()[0]
        >>> suspects([], cable, 0).crossers
        ()
    """
    if not window_min > 0:
        raise UsageError(f"A window of {window_min:g} minutes holds nothing.")
    if kp_km is not None and not kp_km[0] <= kp_km[1]:
        raise UsageError(f"There is nothing between km {kp_km[0]:g} and km {kp_km[1]:g}.")
    if kp_km is not None and not (kp_km[1] >= 0.0 and kp_km[0] <= asset.length_km):
        raise UsageError(
            f"{asset.name} is {asset.length_km:.1f} km long: nothing of it lies{part_words(kp_km)}."
        )
    limits = (rules or load_rules())["suspects"]
    known = _drags(alerts)
    whole = [c for c in crossings if c.asset_id == asset.id]
    own = [c for c in whole if _is_here(c, kp_km)]
    elsewhere = {
        c.subject.key
        for c in whole
        if not _is_here(c, kp_km)
        and (entry := _from_crossing(c, asset, at_ms, window_min, known, limits)) is not None
        and entry.basis == CROSSING
    }
    found = []
    for crossing in own:
        made = _from_chord if crossing.uncertain else _from_crossing
        entry = made(crossing, asset, at_ms, window_min, known, limits)
        if entry is not None:
            found.append(entry)
    told = {(c.subject.key, c.t_from_ms) for c in own if c.uncertain}
    crossed = {e.subject.key for e in found if e.basis == CROSSING}
    found = [_with_silences(e, gaps) for e in found]
    found += [_from_presence(p, asset, crossed, limits) for p in presences]
    found += [
        _from_gap(g, asset, limits)
        for g in gaps
        if (g.subject.key, g.t1_ms) not in told and g.subject.key not in crossed
    ]
    found.sort(key=lambda e: (BASES.index(e.basis), e.order, e.subject.key, e.t_from_ms))
    ranked = _one_rank_each(_one_presence_each(found))
    exercise = exercise or next((c.exercise for c in whole if c.exercise), None)
    statement = _statement(
        ranked, f"{asset.name}{part_words(kp_km)}", iso(at_ms), window_min
    ) + _elsewhere_words(elsewhere - crossed)
    return Answer(asset, at_ms, window_min, ranked, statement, coverage, exercise)


def _with_silences(entry: Crosser, gaps: Sequence[Gap]) -> Crosser:
    """Add to a crosser's reasons when it was not received; its silences are no entries apart."""
    if entry.basis != CROSSING:
        return entry
    said = tuple(
        f"no position of it received after {iso(g.t1_ms)} "
        + ("and not again" if g.t2_ms is None else f"until {iso(g.t2_ms)}")
        for g in gaps
        if g.subject.key == entry.subject.key
    )
    return replace(entry, reasons=entry.reasons + said)


def _one_presence_each(found: Sequence[Crosser]) -> list[Crosser]:
    """Keep the first slow presence of each vessel, saying how many more there were.

    A vessel moored on the line wanders across it at every other fix; that is one fact.
    """
    times: Counter[str] = Counter(e.subject.key for e in found if e.basis == PRESENCE)
    out, told = [], set()
    for entry in found:
        key = entry.subject.key
        if entry.basis == PRESENCE:
            if key in told:
                continue
            told.add(key)
            if times[key] > 1:
                more = f"{times[key] - 1} more rows of it at rest or slow here are left out"
                entry = replace(entry, reasons=(*entry.reasons, more))
        out.append(entry)
    return out


def _one_rank_each(found: Iterable[Crosser]) -> tuple[Crosser, ...]:
    """Rank the vessels by the best entry of each; the others of a vessel stand under that."""
    of: dict[str, list[Crosser]] = {}
    for entry in found:
        of.setdefault(entry.subject.key, []).append(entry)
    return tuple(
        replace(best, rank=k + 1, also=tuple(also)) for k, (best, *also) in enumerate(of.values())
    )


def _is_here(crossing: Crossing, kp_km: tuple[float, float] | None) -> bool:
    """Tell whether a crossing lies in the part of the asset asked about, as near as is known."""
    if kp_km is None or crossing.uncertain:
        return True
    slack_km = crossing.accuracy_m / 1000.0
    return kp_km[0] - slack_km <= crossing.kp_km <= kp_km[1] + slack_km


def _drags(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    """Keep the last version of every alert of a drag that stands, by subject."""
    latest: dict[str, Alert] = {}
    for alert in alerts:
        before = latest.get(alert.id)
        if alert.detector in DRAG_WORDS and (before is None or alert.version >= before.version):
            latest[alert.id] = alert
    out: dict[str, list[Alert]] = {}
    for alert in sorted(latest.values(), key=lambda a: (a.priority, a.t_start_ms, a.id)):
        if alert.state != RETRACTED:
            out.setdefault(alert.subject.key, []).append(alert)
    return out


def _standing(known: dict[str, list[Alert]], subject: Subject, t_ms: int, window_min: float
              ) -> tuple[Alert, ...]:  # fmt: skip
    """Pick the alerts of a vessel that stood within the window around a time."""
    slack_ms = window_min * MINUTE_MS
    return tuple(
        a for a in known.get(subject.key, ())
        if a.t_start_ms <= t_ms + slack_ms
        and (a.state != CLOSED or a.t_end_ms is None or a.t_end_ms >= t_ms - slack_ms)
    )  # fmt: skip


def _from_crossing(
    c: Crossing,
    asset: Asset,
    at_ms: int,
    window_min: float,
    known: dict[str, list[Alert]],
    limits: dict[str, float],
) -> Crosser | None:
    """Make an entry of a crossing, if its time meets the window."""
    if c.t_ms is None:
        return None
    off_s = (c.t_ms - at_ms) / 1000.0
    uncertainty_s = c.uncertainty_s or 0.0
    if abs(off_s) - uncertainty_s > window_min * 60.0:
        return None
    residual_s = max(0.0, abs(off_s) - uncertainty_s - limits["fault_s"])
    drags = _standing(known, c.subject, c.t_ms, window_min)
    loss_kn = _loss_kn(c)
    telling = loss_kn is not None and _is_telling(loss_kn, c, limits)
    speed_kn = c.chord_kn if c.sog_kn_at is None else c.sog_kn_at
    at_rest = speed_kn < limits["rest_kn"]
    reasons = [_time_words(off_s, uncertainty_s, residual_s, c), _speed_words(c, loss_kn, telling)]
    reasons += [_alert_words(a) for a in drags]
    if c.accuracy_m >= 1000:
        reasons.append(f"the line is known there to about {c.accuracy_m / 1000:.1f} km only")
    if at_rest:
        reasons.append(
            f"made {speed_kn:.1f} kn: the position of a vessel at rest may wander across the line"
        )
    # Residuals in whole minutes: what lies within a minute, the alerts and the speed decide.
    # A vessel at rest is a presence, not a passage: it ranks with those.
    order = (residual_s // 60, not drags, -loss_kn if telling and loss_kn else 0.0, abs(off_s))
    return Crosser(
        PRESENCE if at_rest else CROSSING, c.subject, asset, c.t_ms, c.t_from_ms, c.t_to_ms,
        c.lon, c.lat, c.kp_km, c.accuracy_m, c.uncertainty_s, residual_s, c.sog_kn_before,
        c.sog_kn_at, c.sog_kn_after, loss_kn, c.angle_deg, drags, tuple(reasons), order,
    )  # fmt: skip


def _from_chord(
    c: Crossing,
    asset: Asset,
    at_ms: int,
    window_min: float,
    known: dict[str, list[Alert]],
    limits: dict[str, float],
) -> Crosser | None:
    """Make an entry of a chord that could have crossed within the window."""
    window_ms = window_min * MINUTE_MS
    if c.t_from_ms > at_ms + window_ms or c.t_to_ms < at_ms - window_ms:
        return None
    middle_ms = min(max(at_ms, c.t_from_ms), c.t_to_ms)
    drags = _standing(known, c.subject, middle_ms, window_min)
    minutes = (c.t_to_ms - c.t_from_ms) / MINUTE_MS
    covers = c.t_from_ms <= at_ms <= c.t_to_ms
    reasons = [
        f"not received from {iso(c.t_from_ms)} to {iso(c.t_to_ms)} ({minutes:.0f} min); the "
        f"straight way between meets the asset at km {c.kp_km:.1f}, at a mean of "
        f"{c.chord_kn:.1f} kn: it could have crossed, the time is not known",
        "the time given lies within that silence" if covers
        else "the time given lies outside that silence",
        *(_alert_words(a) for a in drags),
    ]  # fmt: skip
    return Crosser(
        UNCERTAIN, c.subject, asset, None, c.t_from_ms, c.t_to_ms, c.lon, c.lat, c.kp_km,
        c.accuracy_m, None, None, c.sog_kn_before, None, c.sog_kn_after, None, None, drags,
        tuple(reasons), (not covers, not drags, minutes),
    )  # fmt: skip


def _from_presence(
    p: Presence, asset: Asset, crossed: set[str], limits: dict[str, float]
) -> Crosser:
    """Make an entry of a vessel that stayed slow beside the asset."""
    minutes = (p.t_to_ms - p.t_from_ms) / MINUTE_MS
    also = p.subject.key in crossed
    reasons = (
        f"slow within {p.distance_m:.0f} m of the asset, {p.sog_kn:.1f} kn on average while below "
        f"{limits['slow_kn']:g} kn, from {iso(p.t_from_ms)} to {iso(p.t_to_ms)} "
        f"({minutes:.0f} min)",
        "its crossing is listed too" if also else "no crossing of it was received",
    )
    return Crosser(
        PRESENCE, p.subject, asset, None, p.t_from_ms, p.t_to_ms, p.lon, p.lat, p.kp_km,
        p.accuracy_m, None, None, None, p.sog_kn, None, None, None, (), reasons,
        (float("inf"), True, 0.0, p.distance_m),
    )  # fmt: skip


def _from_gap(g: Gap, asset: Asset, limits: dict[str, float]) -> Crosser:
    """Make an entry of a silence that leaves room for a visit."""
    until = "and not again" if g.t2_ms is None else f"until {iso(g.t2_ms)}"
    stopped = g.sog_kn is not None and g.sog_kn < limits["rest_kn"]
    reasons = [
        f"no position received after {iso(g.t1_ms)} {until}; km {g.kp_km:.1f} of the asset could "
        f"have been reached at {g.needed_kn:.1f} kn, within the {g.limit_kn:.0f} kn taken as "
        "possible"
    ]
    if stopped:
        reasons.append("it was at rest when last received")
    return Crosser(
        GAP, g.subject, asset, None, g.t1_ms, g.t2_ms, g.lon, g.lat, g.kp_km, None, None, None,
        g.sog_kn, None, None, None, None, (), tuple(reasons), (stopped, g.needed_kn),
    )  # fmt: skip


def _loss_kn(c: Crossing) -> float | None:
    """Give the speed lost from before to at or after the crossing, whichever is more."""
    later = [v for v in (c.sog_kn_at, c.sog_kn_after) if v is not None]
    return None if c.sog_kn_before is None or not later else c.sog_kn_before - min(later)


def _is_telling(loss_kn: float, c: Crossing, limits: dict[str, float]) -> bool:
    """Tell whether a loss of speed is more than noise."""
    return loss_kn >= limits["loss_kn"] and loss_kn >= limits["loss_share"] * (
        c.sog_kn_before or 0.0
    )


def _time_words(off_s: float, uncertainty_s: float, residual_s: float, c: Crossing) -> str:
    """Say when it crossed and how that fits the time given."""
    side = "after" if off_s >= 0 else "before"
    text = (
        f"crossed at {iso(int(c.t_ms or 0) // 1000 * 1000)} give or take "
        f"{_span_words(uncertainty_s)}, {_span_words(abs(off_s))} {side} the time given"
    )
    if residual_s == 0.0:
        return f"{text}: it fits"
    return f"{text}: {_span_words(residual_s)} more than the uncertainties explain"


def _span_words(seconds: float) -> str:
    """Write seconds as people say them.

    Example:
        >>> _span_words(45), _span_words(610)
        ('45 s', '10 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _speed_words(c: Crossing, loss_kn: float | None, telling: bool) -> str:
    """Say what the speed did."""
    said = [
        f"{value:.1f} kn {when}"
        for value, when in (
            (c.sog_kn_before, "before"), (c.sog_kn_at, "at the crossing"), (c.sog_kn_after, "after")
        )
        if value is not None
    ]  # fmt: skip
    if not said:
        return f"speed not reported; {c.chord_kn:.1f} kn between its fixes"
    text = ", ".join(said)
    if loss_kn is None:
        return f"{text}: too little to compare"
    if telling and c.sog_kn_before:
        return f"{text}: lost {loss_kn:.1f} kn ({100 * loss_kn / c.sog_kn_before:.0f} %)"
    return f"{text}: no loss of speed to see"


def _alert_words(alert: Alert) -> str:
    """Name an alert that speaks of the vessel at that time."""
    return (
        f"alert {alert.detector} {alert.priority}, {alert.state}, of what began "
        f"{iso(alert.t_start_ms)}"
    )


def _elsewhere_words(vessels: set[str]) -> str:
    """Say how many vessels crossed the asset in that time where nobody asked."""
    return f" {_count(len(vessels), 'vessel')} crossed it elsewhere then." if vessels else ""


def _statement(found: Sequence[Crosser], where: str, at: str, window_min: float) -> str:
    """Say in one or two sentences what the list means, naming no vessel."""
    passages = [e for best in found for e in (best, *best.also) if e.basis == CROSSING]
    others = sum(best.basis != CROSSING for best in found)
    more = (
        f" {_count(others, 'more vessel')} could have, or stayed slow beside it." if others else ""
    )
    span = f"within {window_min:g} min of {at}"
    if not passages:
        return f"No passage over {where} was received {span}.{more}"
    fitting = [e for e in passages if e.residual_s == 0.0]
    vessels = len({e.subject.key for e in passages})
    count = f"{_count(vessels, 'vessel')} crossed {where} {span}"
    if not fitting:
        return f"{count}; none fits the time given within the uncertainties.{more}"
    marked = [e for e in fitting if e.alerts or e.order[2]]
    if len({e.subject.key for e in fitting}) == 1:
        told = "one of them fits the time given" if vessels > 1 else "that fits the time given"
    elif len({e.subject.key for e in marked}) == 1:
        told = (
            f"{len({e.subject.key for e in fitting})} fit the time given, and one of these had "
            "lost speed or has an alert of a drag"
        )
    else:
        told = (
            f"{len({e.subject.key for e in fitting})} fit the time given, and nothing seen here "
            "tells them apart: this is a list, not a name"
        )
    return f"{count}; {told}.{more}"


def _count(n: int, word: str) -> str:
    """Write a number with its noun.

    Example:
        >>> _count(1, "vessel"), _count(3, "more vessel")
        ('1 vessel', '3 more vessels')
    """
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
