"""The judge: events become alerts, with priority, masks, groups and versions.

A mask, a ship type, GNSS interference or a feed that is not well lowers an alert and says so; none
deletes one. An event that a mask mutes is still an alert of priority P3 with the mask's name on
it, so that it can be counted; so it is with suspensions, which hold for the whole of an alert that
opened under them. After all that lowers it a vigilance area raises it a step, and so may what the
user's lists say of the vessel (D16), which stands in its alerts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np

from sargas.model.alerts import (
    CLOSED,
    OPEN,
    Alert,
    AssetRef,
    alert_id,
)
from sargas.model.suspension import About, Suspension, covering, is_suspension
from sargas.model.time import MINUTE_MS
from sargas.reference import Mask
from sargas.reference.grid import sample
from sargas.reference.masks import MUTE, NONE, RAISE
from sargas.reference.vessel_lists import ListEntry, VesselLists
from sargas.watch.detect import base
from sargas.watch.detect.base import WORK_TYPES, Detector, Finding, Identity, Surroundings
from sargas.watch.detect.feed import FeedHealth, is_about
from sargas.watch.detect.gnss import GnssArea
from sargas.watch.detect.gnss_fold import area_key
from sargas.watch.detect.phrases import clock
from sargas.watch.raising import before_raise, raised, raised_in
from sargas.watch.vessel_context import context_at_end, raised_by, told

STATES = {base.OPEN: OPEN, base.UPDATE: OPEN, base.CLOSE: CLOSED}


def gnss_words(area: Alert) -> str:
    """Name GNSS interference as what lowers an alert."""
    return f"possible GNSS interference since {clock(area.t_start_ms)} in {area.subject.name}"


class _Hit(NamedTuple):
    """A mask that holds at an event, and whether it mutes or only lowers."""

    name: str
    mutes: bool


class Judge:
    """Weighs events and follows the alerts they make.

    Args:
        around: the world, with the rules.
        lists: what the user's lists say of vessels; None where none are loaded.
        suspensions: what officers have suspended.
    """

    def __init__(
        self,
        around: Surroundings,
        lists: VesselLists | None = None,
        suspensions: tuple[Suspension, ...] = (),
    ) -> None:
        self.around = around
        self.lists = lists
        self.suspensions = suspensions
        self.counts: Counter[str] = Counter()
        self._gnss: GnssArea | None = None
        self._positional: frozenset[str] = frozenset()
        self._open: dict[str, Alert] = {}
        self._groups: dict[str, tuple[str, int]] = {}

    @property
    def open(self) -> tuple[Alert, ...]:
        """The alerts that are open, each as it was told last."""
        return tuple(self._open.values())

    def take_masks(self, masks: tuple[Mask, ...]) -> None:
        """Judge by other masks from the next event on."""
        self.around = replace(self.around, masks=masks)

    def meet(self, detectors: Sequence[Detector]) -> None:
        """Be shown the detectors of the watch, once."""
        self._gnss = next((d for d in detectors if isinstance(d, GnssArea)), None)
        self._positional = frozenset(d.word for d in detectors if d.rests_on_positions)

    def weigh(self, detector: Detector, event: np.void, who: Identity) -> Alert | None:
        """Turn one event into an alert's next version, or nothing where nothing changed."""
        key = f"{detector.word}:{who.domain}:{who.mmsi}:{who.segment}:{int(event['t_start_ms'])}"
        state = STATES[int(event["op"])]
        finding = detector.explain(event, who)
        before = self._open.get(key)
        entries: tuple[ListEntry, ...] = ()
        if self.lists is not None and detector.of_vessels:
            entries = self._entries(self.lists, event, who)
        suspended = self._suspended(detector, event, who, entries, before)
        own = self._own_masks(detector, event)
        masks = self._masks(detector, event, own)
        masks += [_Hit(name, mutes=True) for name in suspended]
        lowering = ""
        if detector.of_vessels:
            gnss, area = self._gnss_at(event)
            finding = replace(finding, context=finding.context | {"gnss": gnss})
            if area is not None and detector.rests_on_positions:
                lowering = gnss_words(area)
            elif detector.rests_on_reception:
                lowering = self._feed_at(float(event["lon"]), float(event["lat"]))
        priority, notes = self._priority(detector, finding, who, masks, lowering)
        muted_by = tuple(m.name for m in masks if m.mutes)
        if not muted_by:
            areas = [mask for mask in own if mask.effect == RAISE]
            priority, notes = raised_in(areas, priority, notes)
        if self.lists is not None and detector.of_vessels:
            said = {"lists": told(entries), "lists_version": self.lists.version}
            finding = replace(finding, context=finding.context | said)
            if not muted_by:
                priority, notes = raised_by(entries, priority, notes)
        if before is None and int(event["op"]) != base.OPEN:
            # Closed twice, or closed without having been opened: a detector's fault, not news.
            self.counts["event_without_alert"] += 1
            return None
        alert = self._alert(detector, event, who, finding, priority, state, muted_by, notes)
        if before is not None:
            if before.state == state and before.priority == priority:
                return None
            # What an alert is about stays as it was opened; only what is known of it moves on.
            alert = replace(
                alert, version=before.version + 1, id=before.id, group=before.group,
                asset=alert.asset or before.asset, t_detected_ms=before.t_detected_ms,
            )  # fmt: skip
            if state != OPEN:
                # An end is no new weighing: what rang as a note does not end as a warning because
                # a mask has run out meanwhile.
                alert = replace(
                    alert, priority=before.priority, muted_by=before.muted_by,
                    notes=before.notes, context=context_at_end(before, alert),
                )  # fmt: skip
        if state == OPEN:
            self._open[key] = alert
        else:
            self._open.pop(key, None)
        self._count(alert, is_new=before is None)
        return alert

    def lowered_by(self, area: Alert) -> list[Alert]:
        """Lower what is open in an area since its GNSS interference began, when that is found.

        Args:
            area: an alert that `weigh` has just given; nothing follows from others.

        Returns:
            Next versions of the alerts that were lowered.
        """
        if area.detector != GnssArea.word or area.version > 1:
            return []
        out = []
        for key, alert in sorted(self._open.items()):
            if (
                alert.detector in self._positional
                and alert.t_detected_ms >= area.t_start_ms
                and int(area_key(alert.lon, alert.lat)) == area.subject.segment
            ):
                priority, notes = _lowered(alert, gnss_words(area))
                if priority != alert.priority:
                    self._open[key] = alert.revised(
                        priority=priority, notes=notes,
                        context=alert.context | {"gnss": "active"}, t_issued_ms=area.t_issued_ms,
                    )  # fmt: skip
                    out.append(self._open[key])
        return out

    def _gnss_at(self, event: np.void) -> tuple[str, Alert | None]:
        """Tell what is known of satellite positions where an event is, and the alert that does."""
        lon, lat = float(event["lon"]), float(event["lat"])
        if np.isnan(lon) or np.isnan(lat):
            return "not assessed", None
        key = int(area_key(lon, lat))
        for alert in self._open.values():
            if alert.detector == GnssArea.word and alert.subject.segment == key:
                return "active", alert
        if self._gnss is not None and self._gnss.is_assessed(int(event["minute"]), lon, lat):
            return "not seen", None
        return "not assessed", None

    def _feed_at(self, lon: float, lat: float) -> str:
        """Say in words which feed is not well where a silence is; empty for none."""
        for alert in self._open.values():
            if alert.detector == FeedHealth.word and is_about(alert.subject.segment, lon, lat):
                return f"{alert.subject.name} low since {clock(alert.t_start_ms)}"
        return ""

    def _entries(self, lists: VesselLists, event: np.void, who: Identity) -> tuple[ListEntry, ...]:
        """List the entries about the vessel of an event that count at its time."""
        if who.domain != "sea":
            return ()
        return lists.about(who.imo, who.mmsi, int(event["t_ms"]))

    def _alert(
        self,
        detector: Detector,
        event: np.void,
        who: Identity,
        finding: Finding,
        priority: str,
        state: str,
        muted_by: tuple[str, ...],
        notes: tuple[str, ...],
    ) -> Alert:
        """Write the alert's first version."""
        asset = self._asset(event)
        subject = who.subject
        start, now = int(event["t_start_ms"]), int(event["t_ms"])
        name = alert_id(
            detector.word, detector.version, subject.key, asset.id if asset else "", start
        )
        return Alert(
            id=name,
            detector=detector.word,
            detector_version=detector.version,
            rules=self.around.rules.version,
            version=1,
            state=state,
            priority=priority,
            t_start_ms=start,
            t_detected_ms=now,
            t_issued_ms=now,
            subject=subject,
            lon=float(event["lon"]),
            lat=float(event["lat"]),
            asset=asset,
            next_assets=finding.next_assets,
            why=finding.why,
            against=finding.against,
            context={"gnss": "not assessed", "coverage": None, "depth_m": None} | finding.context,
            text=finding.text,
            exercise=self.around.exercise,
            muted_by=muted_by,
            group=self._group(subject.key, name, start, now),
            t_end_ms=None if state == OPEN else now,
            evidence_ms=finding.evidence_ms or (start, now),
            geometry=self.around.assets.version,
            notes=notes,
        )

    def _asset(self, event: np.void) -> AssetRef | None:
        """Name the asset of an event."""
        index = int(event["asset"])
        if index < 0:
            return None
        asset = self.around.assets[index]
        kp = float(event["kp_m"])
        return AssetRef(
            asset.id, asset.name, asset.kind, float(event["distance_m"]),
            None if np.isnan(kp) else kp / 1000.0, float(event["accuracy_m"]),
        )  # fmt: skip

    def _own_masks(self, detector: Detector, event: np.void) -> list[Mask]:
        """List the user's masks and vigilance areas that hold at an event.

        They count for the detectors they name; where they name none, masks for stop and slow
        rules, vigilance areas for all that is about vessels.
        """
        lon, lat, t_ms = float(event["lon"]), float(event["lat"]), int(event["t_ms"])
        asset = self._asset(event)
        about = asset.id if asset else ""
        out = []
        for mask in self.around.masks:
            usual = detector.of_vessels if mask.effect == RAISE else detector.muted_near_land
            meant = detector.word in mask.detectors or (not mask.detectors and usual)
            if meant and mask.counts_for(about) and mask.holds(lon, lat, t_ms):
                out.append(mask)
        return out

    def _masks(self, detector: Detector, event: np.void, own: Sequence[Mask]) -> list[_Hit]:
        """List what mutes or lowers at an event: coast and ports, then the user's own masks."""
        lon, lat = float(event["lon"]), float(event["lat"])
        out = self._harbour(lon, lat) if detector.muted_near_land else []
        return out + [
            _Hit(m.called, m.effect == MUTE) for m in own if m.effect not in (RAISE, NONE)
        ]

    def _suspended(
        self,
        detector: Detector,
        event: np.void,
        who: Identity,
        entries: Sequence[ListEntry],
        before: Alert | None,
    ) -> tuple[str, ...]:
        """Name the suspensions of an alert: those that covered it when it opened."""
        if before is not None:
            return tuple(name for name in before.muted_by if is_suspension(name))
        about = About(
            detector.word, who.domain, who.mmsi, who.imo, {entry.list for entry in entries},
            float(event["lon"]), float(event["lat"]), int(event["t_ms"]),
        )  # fmt: skip
        return covering(self.suspensions, about)

    def _harbour(self, lon: float, lat: float) -> list[_Hit]:
        """Name the port and the coast that mute a stop or slow rule here."""
        out = []
        limit_m = self.around.rules["judge"]["land_mask_m"]
        grid = self.around.geography.land_distance
        land_m = sample(grid.values, grid.lon0, grid.lat0, grid.step_lon, grid.step_lat, lon, lat)
        if land_m <= limit_m:
            out.append(_Hit(f"land within {limit_m:.0f} m", mutes=True))
        port = self.around.geography.port_name_at(lon, lat)
        if port:
            out.append(_Hit(f"port of {port}", mutes=True))
        return out

    def _priority(
        self,
        detector: Detector,
        finding: Finding,
        who: Identity,
        masks: Sequence[_Hit],
        lowering: str,
    ) -> tuple[str, tuple[str, ...]]:
        """Lower the detector's priority where masks, the ship's work, GNSS or the feed ask for it.

        Args:
            lowering: what lowers it besides, in words; empty for nothing.

        Returns:
            (priority, notes that say what lowered it).
        """
        level, notes = finding.priority, []
        muting = [m.name for m in masks if m.mutes]
        if muting:
            lowered = f"from P{level} to P3" if level < 3 else "a P3 as it is"
            return "P3", (f"muted by {', '.join(muting)}: {lowered}",)
        reasons = [m.name for m in masks]
        if detector.lowered_at_work and who.ship_type in WORK_TYPES:
            reasons.append(f"ship type {who.ship_type} as reported")
        if lowering:
            reasons.append(lowering)
        for reason in reasons:
            if level < 3:
                notes.append(f"{reason}: from P{level} to P{level + 1}")
                level += 1
            elif reason == lowering:  # said even where there is no step left
                notes.append(f"{reason}: a P3 as it is")
        return f"P{level}", tuple(notes)

    def _group(self, subject: str, alert: str, start_ms: int, now_ms: int) -> str:
        """Give the alerts of one vessel that follow each other closely one name."""
        window_ms = self.around.rules["judge"]["group_minutes"] * MINUTE_MS
        name, last_ms = self._groups.get(subject, ("", 0))
        if not name or start_ms - last_ms > window_ms:
            name = hashlib.sha256(f"group\x1f{subject}\x1f{alert}".encode()).hexdigest()[:12]
        self._groups[subject] = (name, max(last_ms, now_ms))
        return name

    def _count(self, alert: Alert, *, is_new: bool) -> None:
        """Keep the tallies the summary shows."""
        if is_new:
            self.counts[f"alerts.{alert.detector}.{alert.priority}"] += 1
            for mask in alert.muted_by:
                self.counts[f"muted.{mask}"] += 1

    def dump(self) -> bytes:
        """Give the state as MessagePack: JSON knows no NaN, which a place that is not known is."""
        return msgspec.msgpack.encode((self.counts, self._open, self._groups))

    def load(self, state: bytes) -> None:
        """Take up the state that `dump` gave."""
        kind = tuple[dict[str, int], dict[str, Alert], dict[str, tuple[str, int]]]
        counts, self._open, self._groups = msgspec.msgpack.decode(state, type=kind)
        self.counts = Counter(counts)


def _lowered(alert: Alert, reason: str) -> tuple[str, tuple[str, ...]]:
    """Lower an open alert by a step if there is one; what raised it raises it after that.

    Returns:
        (priority, notes), as if the reason had been known when it was weighed.
    """
    level, notes, raising = before_raise(alert)
    if level == 3:
        return alert.priority, alert.notes
    notes = (*notes, f"{reason}: from P{level} to P{level + 1}")
    level += 1
    for words in raising:
        level, note = raised(level, words)
        notes = (*notes, note)
    return f"P{level}", notes
