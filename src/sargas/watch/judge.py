"""The judge: events become alerts, with priority, masks, groups and versions.

A mask or a ship type lowers an alert and says so; it never deletes one. An event that a mask
mutes is still an alert of priority P3 with the mask's name on it, so that it can be counted.
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
from sargas.model.time import MINUTE_MS
from sargas.reference.grid import sample
from sargas.watch.detect import base
from sargas.watch.detect.base import WORK_TYPES, Detector, Finding, Identity, Surroundings

STATES = {base.OPEN: OPEN, base.UPDATE: OPEN, base.CLOSE: CLOSED}


class _Hit(NamedTuple):
    """A mask that holds at an event, and whether it mutes or only lowers."""

    name: str
    mutes: bool


class Judge:
    """Weighs events and follows the alerts they make.

    Args:
        around: the world, with the rules.
    """

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.counts: Counter[str] = Counter()
        self._open: dict[str, Alert] = {}
        self._groups: dict[str, tuple[str, int]] = {}

    def weigh(self, detector: Detector, event: np.void, who: Identity) -> Alert | None:
        """Turn one event into an alert's next version, or nothing where nothing changed."""
        key = f"{detector.word}:{who.domain}:{who.mmsi}:{who.segment}:{int(event['t_start_ms'])}"
        state = STATES[int(event["op"])]
        finding = detector.explain(event, who)
        masks = self._masks(detector, event)
        priority, notes = self._priority(detector, finding, who, masks)
        before = self._open.get(key)
        if before is None and int(event["op"]) != base.OPEN:
            # Closed twice, or closed without having been opened: a detector's fault, not news.
            self.counts["event_without_alert"] += 1
            return None
        muted_by = tuple(m.name for m in masks if m.mutes)
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
                alert = replace(alert, priority=before.priority, muted_by=before.muted_by,
                                notes=before.notes)  # fmt: skip
        if state == OPEN:
            self._open[key] = alert
        else:
            self._open.pop(key, None)
        self._count(alert, is_new=before is None)
        return alert

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

    def _masks(self, detector: Detector, event: np.void) -> list[_Hit]:
        """List the masks that hold at an event.

        Coast and ports count for stop and slow rules; the user's own for those too, or for the
        detectors they name.
        """
        lon, lat = float(event["lon"]), float(event["lat"])
        out = self._harbour(lon, lat) if detector.muted_near_land else []
        asset = self._asset(event)
        for mask in self.around.masks:
            meant = detector.word in mask.detectors or (
                not mask.detectors and detector.muted_near_land
            )
            about = asset.id if asset else ""
            if meant and mask.counts_for(about) and mask.holds(lon, lat, int(event["t_ms"])):
                out.append(_Hit(f"{mask.kind} {mask.id}", mask.effect == "mute"))
        return out

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
        self, detector: Detector, finding: Finding, who: Identity, masks: Sequence[_Hit]
    ) -> tuple[str, tuple[str, ...]]:
        """Lower the detector's priority where masks or the ship's work ask for it, and say so."""
        level, notes = finding.priority, []
        muting = [m.name for m in masks if m.mutes]
        if muting:
            lowered = f"from P{level} to P3" if level < 3 else "a P3 as it is"
            return "P3", (f"muted by {', '.join(muting)}: {lowered}",)
        reasons = [m.name for m in masks]
        if detector.lowered_at_work and who.ship_type in WORK_TYPES:
            reasons.append(f"ship type {who.ship_type} as reported")
        for reason in reasons:
            if level < 3:
                notes.append(f"{reason}: from P{level} to P{level + 1}")
                level += 1
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
        """Give the state as JSON."""
        return msgspec.json.encode((self.counts, self._open, self._groups))

    def load(self, state: bytes) -> None:
        """Take up the state that `dump` gave."""
        kind = tuple[dict[str, int], dict[str, Alert], dict[str, tuple[str, int]]]
        counts, self._open, self._groups = msgspec.json.decode(state, type=kind)
        self.counts = Counter(counts)
