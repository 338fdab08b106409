"""The documented incidents: how long before each later asset was something said, and what.

Real where a real track is to be had, SYNTHETIC on published waypoints where the facts allow one,
and named with the reason where they do not: no data is a result. A look-alike proves the plumbing,
not the sensitivity; positions of synthetic ones are never scored below their radius.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np

from sargas.exercise.score import DRAG_WORDS, Said, said_of
from sargas.feeds import open_feed
from sargas.model.alerts import Alert, NextAsset
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import HOUR_MS, MINUTE_MS, iso, parse_iso
from sargas.watch.fold import Watch

REAL, SYNTHETIC = "real", "SYNTHETIC"
SWAN, SWAN_MATE = 248_363_000, 257_206_000
SWAN_FILE = "samus-swan-2022-02-26-drag.csv.gz"
MATE_FILE = "mmsi-257206000-2022-02-26-lane-mate.csv.gz"
SWAN_MAP = {
    "mmsi": "mmsi", "t": "t_utc_reconstructed", "lon": "lon", "lat": "lat",
    "sog": "sog_kn_derived", "cog": "cog_deg",
}  # fmt: skip
MATE_FROM = "2022-02-26T03:30:00Z"
MATE_LEFT_OUT = ("2022-02-26T04:35:00Z", "2022-02-26T04:40:00Z")
"""What of the lane mate's reconstructed speeds are artefacts (incidents/README.md)."""

NO_TRACK = (
    ("Vezhen, 26 January 2025", "no speed published; the place is known to 40 km"),
    ("Fitburg, 31 December 2025", "neither a coordinate nor a speed published"),
    ("SGV Flot, 6 to 8 October 2023", "one speed published, and no place but near the pipe"),
    ("Abha, 2 February 2025", "neither times nor speeds published"),
    ("Eventin, 10 January 2025", "adrift after a blackout; neither way nor speed published"),
    ("Silver Dania, 30 January 2025", "no link was found; nothing to replay"),
)
"""Cases without a track, and why none is made up."""


FAULTS = {
    "samus-swan": (("Bornholm cable, after the file ends", "2022-02-26T05:17:00Z"),),
    "eagle-s": (
        ("Estlink 2", "2024-12-25T10:26:00Z"),
        ("first telecom cable", "2024-12-25T16:04:00Z"),
        ("fourth telecom cable", "2024-12-25T16:44:00Z"),
    ),
    "newnew-polar-bear": (
        ("EE-S1", "2023-10-07T15:20:00Z"), ("Balticconnector", "2023-10-07T22:20:00Z"),
    ),
    "yi-peng-3": (
        ("BCS East-West Interlink (time from memory)", "2024-11-17T08:00:00Z"),
        ("C-Lion1", "2024-11-18T02:04:00Z"),
    ),
}  # fmt: skip
"""Times at which operators saw faults, as reported: what a lead time is worth. Where the shipped
lines lie elsewhere than the reported ones, a fault has no crossing in the list of crossings."""


@dataclass(frozen=True)
class Lead:
    """An asset at a time, and how long before it something was said of the vessel.

    Attributes:
        asset_id, asset_name: the asset; the id is empty of a reported fault.
        t_ms: when it was crossed, interpolated; or when its fault was reported.
        any_min: minutes from the first alert of any kind to that time; negative where it came
            after it, None where none came.
        drag_min: the same from the first alert of a drag.
    """

    asset_id: str
    asset_name: str
    t_ms: int
    any_min: float | None
    drag_min: float | None


@dataclass(frozen=True)
class Case:
    """What the watch said in one documented case.

    Attributes:
        name, title, note: of the case. basis: `REAL` or `SYNTHETIC`.
        mmsi: the vessel it is about. first_fix_ms: when it was first heard.
        said: unmuted alerts of the vessel, in order.
        leads: assets it crossed as they are drawn, in order, each once.
        faults: the same of the reported faults.
        ahead: assets that the first alert of a drag named and the vessel never crossed.
        others: unmuted alerts of other vessels; other_drags: those of a drag.
        reasons: every feature that the vessel's drag alerts tested and found.
    """

    name: str
    title: str
    basis: str
    note: str
    mmsi: int
    first_fix_ms: int
    said: tuple[Said, ...]
    leads: tuple[Lead, ...]
    faults: tuple[Lead, ...]
    ahead: tuple[NextAsset, ...]
    others: int
    other_drags: int
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Write the case in the shape of `score --suite incidents --json`."""
        return {
            "case": self.name, "title": self.title, "basis": self.basis, "note": self.note,
            "mmsi": self.mmsi, "first_fix": iso(self.first_fix_ms),
            "alerts": [
                {"detector": a.word, "t_issued": iso(a.t_ms), "priority": f"P{a.priority}",
                 "text": a.text} for a in self.said
            ],
            "assets": [
                {"id": x.asset_id, "name": x.asset_name, "crossed": iso(x.t_ms // 1000 * 1000),
                 "lead_min": _tenth(x.any_min), "drag_lead_min": _tenth(x.drag_min)}
                for x in self.leads
            ],
            "faults": [
                {"name": x.asset_name, "reported": iso(x.t_ms), "lead_min": _tenth(x.any_min),
                 "drag_lead_min": _tenth(x.drag_min)} for x in self.faults
            ],
            "named_ahead": [
                {"id": n.id, "name": n.name, "eta": iso(n.eta_ms)} for n in self.ahead
            ],
            "alerts_of_others": self.others, "drag_alerts_of_others": self.other_drags,
            "reasons": list(self.reasons),
        }  # fmt: skip


def _tenth(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 1)


def follow(
    name: str, title: str, basis: str, note: str, mmsi: int, batches: Iterable[Batch], watch: Watch
) -> Case:
    """Fold a case and note what is said of its vessel, and what it crosses.

    Args:
        name, title, basis, note, mmsi: as in `Case`.
        batches: the traffic.
        watch: fresh.
    """
    versions: dict[str, list[Alert]] = {}
    crossed: list[tuple[int, str, str]] = []
    first_ms = None

    def take(outcome: Any) -> None:  # noqa: ANN401 - an Outcome
        for alert in outcome.alerts:
            versions.setdefault(alert.id, []).append(alert)
        certain = outcome.crossings[outcome.crossings["uncertain"] == 0]
        for c in watch.crossings_of(certain):
            if c.subject.mmsi == mmsi and c.t_ms is not None:
                crossed.append((c.t_ms, c.asset_id, c.asset_name))

    for batch in batches:
        mine = batch.fixes.t_ms[batch.fixes.subject_id == mmsi]
        if first_ms is None and len(mine):
            first_ms = int(mine.min())
        take(watch.push(batch))
    take(watch.flush())
    own = [v for v in versions.values() if v[0].subject.mmsi == mmsi]
    other = [said_of(v) for v in versions.values() if v[0].subject.mmsi != mmsi]
    said = sorted((said_of(v) for v in own), key=lambda a: (a.t_ms, a.word))
    said = [a for a in said if not a.is_muted]
    drag_alerts = sorted(
        (a for v in own for a in v if a.detector in DRAG_WORDS and not a.muted_by),
        key=lambda a: (a.t_issued_ms, a.id),
    )
    reached = {asset for _, asset, _ in crossed}
    heard = [a for a in other if not a.is_muted]
    return Case(
        name, title, basis, note, mmsi, first_ms or 0, tuple(said),
        tuple(_leads(crossed, said)),
        tuple(_leads([(parse_iso(t), "", what) for what, t in FAULTS.get(name, ())], said)),
        tuple(n for n in drag_alerts[0].next_assets if n.id not in reached) if drag_alerts else (),
        len(heard), sum(a.word in DRAG_WORDS for a in heard),
        tuple(sorted({r.feature for a in drag_alerts for r in a.why if r.passed})),
    )  # fmt: skip


def _leads(crossed: list[tuple[int, str, str]], said: list[Said]) -> Iterator[Lead]:
    """Hold each asset's first time against the first alerts."""
    any_ms = min((a.t_ms for a in said), default=None)
    drag_ms = min((a.t_ms for a in said if a.word in DRAG_WORDS), default=None)
    seen: set[str] = set()
    for t_ms, asset_id, asset_name in sorted(crossed):
        if asset_name in seen:
            continue
        seen.add(asset_name)
        yield Lead(
            asset_id, asset_name, t_ms,
            None if any_ms is None else (t_ms - any_ms) / MINUTE_MS,
            None if drag_ms is None else (t_ms - drag_ms) / MINUTE_MS,
        )  # fmt: skip


def swan_batches() -> list[Batch]:
    """Give the real Samus Swan drag and its lane mate, the mate's clock shifted onto the Swan's.

    Of the mate the rows before 03:30 and from 04:35 to 04:40 are left out, as reconstructed
    wrongly; its first row then stands at the Swan's first.

    Returns:
        One batch an hour.
    """
    swan, mate = _read(SWAN_FILE), _read(MATE_FILE)
    out_from, out_to = (parse_iso(t) for t in MATE_LEFT_OUT)
    keep = (mate.t_ms >= parse_iso(MATE_FROM)) & ~((mate.t_ms >= out_from) & (mate.t_ms < out_to))
    mate = mate.take(keep)
    mate = replace(mate, t_ms=mate.t_ms - int(mate.t_ms.min()) + int(swan.t_ms.min()))
    fixes = Fixes.concat([swan, mate])
    fixes = fixes.take(np.argsort(fixes.t_ms, kind="stable"))
    hours = np.unique(fixes.t_ms // HOUR_MS)
    return [Batch(fixes.take(fixes.t_ms // HOUR_MS == h), Statics.empty()) for h in hours]


def _read(name: str) -> Fixes:
    """Read one of the shipped tracks through the feeds, like any file."""
    file = resources.files("sargas.exercise").joinpath("data").joinpath(name)
    with (
        resources.as_file(file) as path,
        open_feed(path, format="csv", column_map=SWAN_MAP) as feed,
    ):
        return Fixes.concat([batch.fixes for batch in feed])


def swan_goals(case: Case) -> list[dict[str, Any]]:
    """Hold the real Samus Swan case against its goal: what is named, when, and of whom.

    Returns:
        Rows of goal, wanted, measured, verdict.
    """
    drags = [a for a in case.said if a.word in DRAG_WORDS]
    first = (min(a.t_ms for a in drags) - case.first_fix_ms) / MINUTE_MS if drags else None
    words = " ".join(case.reasons).lower()
    named = [word for word in ("hunt", "lane") if word in words]
    right = "drag_sustained" in {a.word for a in drags} and len(named) == 2
    in_time = first is not None and first <= 60.0
    return [
        {"goal": "Samus Swan (real): drag_sustained, hunting and low in its lane named",
         "wanted": "within 60 min of the first fix",
         "measured": "no drag alert" if first is None else
         f"{first:.0f} min, tested: {', '.join(case.reasons) or 'nothing'}",
         "verdict": "reached" if right and in_time else "MISSED"},
        {"goal": "its lane mate (real): no drag alert", "wanted": "none",
         "measured": str(case.other_drags),
         "verdict": "MISSED" if case.other_drags else "reached"},
    ]  # fmt: skip
