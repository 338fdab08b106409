"""What an alert rests on, gathered: its versions, the fixes, the geometry, the thresholds.

This room knows the words and the store, and no geography and no rules: who exports an alert hands
those in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sargas.model.assets import Asset
from sargas.model.evidence import evidence_span_ms as evidence_span_ms
from sargas.model.fixes import AIR, SEA, Fixes
from sargas.model.svg_map import MapAsset
from sargas.model.time import HOUR_MS, parse_iso

if TYPE_CHECKING:  # who only checks a bundle needs no database
    from sargas.store import Archive, Ledger

COPY_MS = 20_000
"""Copies of one report come within this window (the watch's own, `clean.copy_window_s`)."""
MARGIN_MS = HOUR_MS
"""Fixes before and after the evidence, so that a change can be seen against what was usual."""

CAVEAT = (
    "Public data, not evidence on its own. A match is information, not intent. "
    "Not received is not switched off. Asset positions are approximate; not for navigation."
)


@dataclass(frozen=True)
class Ruleset:
    """The thresholds of the alert's detector, as the sargas that exports has them.

    Attributes:
        version: name of all thresholds here; the alert names those it was made under.
        detector: {name: {"value", "unit", "source"}} of the alert's detector.
        shared: the same for the tables that all detectors share.
    """

    version: str
    detector: Mapping[str, Mapping[str, Any]]
    shared: Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Evidence:
    """Everything that a bundle says of one alert.

    Attributes:
        alert: the latest version, with all of them under `versions`, as `Ledger.alert` gives it.
        fixes: the vessel's, from `span_ms`, in order of time, with the copies of a report that
            several stations received.
        span_ms: first and last moment asked for: the evidence and an hour on either side.
        asset: the alert's, None where it has none or it is not known here.
        near: assets to draw.
        land: shapely polygons to draw, None for none.
        rules: thresholds here.
        geometry: name of the geometry of the assets here; the alert names its own.
        sargas: version of the program.
        credits: whom to credit for what is shown.
        exercise_note: what an exercise is made of.
        vessel_words: more about the vessel, as (name, text).
    """

    alert: Mapping[str, Any]
    fixes: Fixes
    span_ms: tuple[int, int]
    asset: Asset | None
    near: Sequence[MapAsset]
    land: Any
    rules: Ruleset
    geometry: str
    sargas: str
    credits: Sequence[str] = ()
    exercise_note: str = ""
    vessel_words: Sequence[tuple[str, str]] = field(default=())

    @property
    def versions(self) -> list[Mapping[str, Any]]:
        """All versions, oldest first."""
        return list(self.alert["versions"])

    @cached_property
    def reports(self) -> Fixes:
        """The fixes with the first of each report's copies alone."""
        return without_copies(self.fixes)

    @property
    def evidence_ms(self) -> tuple[int, int]:
        """Span of the fixes that the latest version rests on."""
        return evidence_span_ms(self.alert)

    @property
    def same_rules(self) -> bool:
        """Whether the alert was made under the thresholds that are told here."""
        return bool(self.alert["rules"] == self.rules.version)

    @property
    def same_geometry(self) -> bool:
        """Whether the alert was made over the assets as they are known here."""
        return bool(self.alert["geometry"] == self.geometry)


def without_copies(fixes: Fixes, last_ms: dict[int, int] | None = None) -> Fixes:
    """Keep the first of each report's copies: several stations receive the same report.

    Args:
        fixes: in order of time.
        last_ms: when each payload was last taken; handed on from one piece of a track to the
            next, and changed here.
    """
    seen = {} if last_ms is None else last_ms
    kept = np.ones(len(fixes), dtype=np.bool_)
    payloads, times = fixes.payload_hash.tolist(), fixes.t_ms.tolist()
    for i, (payload, t_ms) in enumerate(zip(payloads, times, strict=True)):
        # Sources without payload have 0: nothing says that two of their rows are copies.
        if payload and t_ms - seen.get(payload, t_ms - COPY_MS - 1) <= COPY_MS:
            kept[i] = False
        else:
            seen[payload] = t_ms
    return fixes.take(kept)


def span_ms(alert: Mapping[str, Any], as_of_ms: int | None = None) -> tuple[int, int]:
    """Give the span that a bundle's fixes come from: all versions, and an hour on either side.

    Args:
        alert: with all its versions.
        as_of_ms: the span ends there at the latest.
    """
    spans = [evidence_span_ms(version) for version in alert["versions"]]
    known = [parse_iso(version["t_issued"]) for version in alert["versions"]]
    low = min(from_ms for from_ms, _ in spans)
    high = max(*(to_ms for _, to_ms in spans), *known)
    end = high + MARGIN_MS
    return low - MARGIN_MS, end if as_of_ms is None else min(end, as_of_ms)


def read_alert(
    ledger: Ledger, archive: Archive, alert_id: str, as_of_ms: int | None = None
) -> tuple[dict[str, Any], Fixes]:
    """Read one alert with all its versions, and the fixes of its span in order of time.

    Args:
        ledger, archive: of one home.
        alert_id: its whole id.
        as_of_ms: leave out what was issued or received later; None reads all.

    Raises:
        NotFoundError: there is no such alert, or not yet.
    """
    alert = ledger.alert(alert_id, as_of_ms)
    domain = AIR if alert["subject"]["domain"] == "air" else SEA
    subject = alert["subject"]["mmsi"]
    if not subject:  # about an area, not a vessel
        return alert, Fixes.empty()
    return alert, archive.track(domain, subject, *span_ms(alert, as_of_ms))
