"""One small simulated sea, sailed once for all tests, and looks at it."""

from __future__ import annotations

from functools import cache

import numpy as np

from sargas.exercise.sea.fleet import KINDS
from sargas.exercise.sea.settings import SeaSettings
from sargas.exercise.sea.simulate import Prepared, batches_of, prepare
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import parse_iso

START = parse_iso("2026-01-10T06:00:00Z")
SMALL = SeaSettings(
    name="test", vessels=700, first_mmsi=200_950_000, every_s=0.0, jams_a_day=24.0,
    outages_a_day=0.0, freezes_a_day=0.0, engine_failures=0.0, gales_a_day=12.0,
)  # fmt: skip


@cache
def small_sea() -> Prepared:
    """Draw two hours of 700 vessels that report as ITU says."""
    return prepare(SMALL, 5, START, 2.0)


@cache
def sailed() -> Batch:
    """Sail it and put all batches together."""
    sea = small_sea()
    parts = list(batches_of(sea, sea.sea))
    return Batch(Fixes.concat([p.fixes for p in parts]), Statics.concat([p.statics for p in parts]))


def without_copies(fixes: Fixes) -> Fixes:
    """Keep the first of each report, in order of vessel and time."""
    fixes = fixes.take(fixes.canonical_order())
    same = np.zeros(len(fixes), bool)
    for back in (1, 2, 3):
        same[back:] |= (fixes.payload_hash[back:] == fixes.payload_hash[:-back]) & (
            fixes.subject_id[back:] == fixes.subject_id[:-back]
        )
    return fixes.take(~same)


def of_kind(fixes: Fixes, kind: str) -> Fixes:
    """Keep the fixes of one kind of vessel."""
    ships = small_sea().sea.ships
    mine = ships["mmsi"][ships["kind"] == KINDS.index(kind)]
    return fixes.take(np.isin(fixes.subject_id, mine))


def undisturbed(fixes: Fixes) -> Fixes:
    """Leave out all vessels that satellite navigation ever failed, and rows without position."""
    ships = small_sea().sea.ships
    lost = fixes.subject_id[~fixes.has_position]
    lon, lat = fixes.lon_deg, fixes.lat_deg
    near = np.zeros(len(fixes), bool)
    for area in small_sea().sea.areas[small_sea().sea.areas["does"] == 1]:
        near |= np.hypot((lon - area["lon"]) * 0.5, lat - area["lat"]) < 0.8
    gone = np.union1d(lost, fixes.subject_id[near])
    assert len(gone) < len(ships)
    return fixes.take(~np.isin(fixes.subject_id, gone))
