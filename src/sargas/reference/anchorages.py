"""Anchorages found in one's own archive: where many vessels have lain still for long.

A vessel lies still while it stays within half a kilometre of where it began to; 12 hours of that
are a stay. Stays are counted in cells of half a kilometre; a cell with 20 different vessels and
200 positions belongs to an anchorage, and cells that touch are one.

Source: Global Fishing Watch, anchorages_pipeline 099169e (detectors.md 5). Ours differs in three
ways: positions are one a vessel and ten minutes, so that the reporting rate does not matter;
cells are of 0.005 by 0.01 degrees (0.56 km north, 0.5 to 0.65 km east between 54 and 63 N), not
of S2; and a silence of more than six hours ends a stay.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.model.assets import AssetSet
from sargas.model.fixes import SEA, Fixes
from sargas.model.geodesy import metres_per_degree, short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import HOUR_MS, MINUTE_MS, iso
from sargas.reference.masks import Mask

SAMPLE_MS = 10 * MINUTE_MS
SILENCE_MS = 6 * HOUR_MS
"""Chosen: half of the stay asked for; longer, and the vessel may have been away."""
CELL_LAT_DEG, CELL_LON_DEG = 0.005, 0.01
NOT_SHIPS = (4, 11, 21)
"""Message types of shore stations and aids to navigation."""
FIRST_SHIP, LAST_SHIP = 200_000_000, 799_999_999
"""MMSIs of ships (ITU-R M.585)."""
NEAR_ASSET_M = 926.0
"""An anchorage this near to an asset is a mask for that asset alone (detectors.md 3)."""

STAY = np.dtype([("subject", "u4"), ("from_ms", "i8"), ("to_ms", "i8"), ("positions", "i8"),
                 ("lon", "f8"), ("lat", "f8")])  # fmt: skip
"""One stay: its vessel, its times, how many positions, and their mean."""


@dataclass(frozen=True)
class Criteria:
    """What makes an anchorage.

    Attributes:
        stay_h: hours that a vessel lies still at least.
        within_m: of where it began to, in metres.
        vessels: different ones in a cell at least.
        positions: in a cell at least, one a vessel and ten minutes.
    """

    stay_h: float = 12.0
    within_m: float = 500.0
    vessels: int = 20
    positions: int = 200


@dataclass(frozen=True)
class Anchorage:
    """A place where vessels have lain.

    Attributes:
        geometry: shapely polygon, degrees: its cells, and the room to swing in.
        vessels, stays, positions: how many.
        from_ms, to_ms: of the first and last stay.
    """

    geometry: Any
    vessels: int
    stays: int
    positions: int
    from_ms: int
    to_ms: int


@dataclass
class Samples:
    """Positions of vessels, one each ten minutes, gathered from whatever batches come."""

    parts: list[tuple[NDArray[Any], ...]] = field(default_factory=list)

    def add(self, fixes: Fixes) -> None:
        """Take some fixes; of a vessel's in the same ten minutes the first of a batch stays."""
        is_ship = (
            (fixes.domain == SEA) & fixes.has_position & ~np.isin(fixes.msg_type, NOT_SHIPS)
            & (fixes.subject_id >= FIRST_SHIP) & (fixes.subject_id <= LAST_SHIP)
        )  # fmt: skip
        fixes = fixes.take(is_ship)
        order = np.lexsort((fixes.t_ms, fixes.subject_id))
        fixes = fixes.take(order)
        slot = fixes.t_ms // SAMPLE_MS
        is_first = np.ones(len(fixes), dtype=np.bool_)
        is_first[1:] = (np.diff(slot) != 0) | (np.diff(fixes.subject_id.astype(np.int64)) != 0)
        kept = fixes.take(is_first)
        self.parts.append((kept.subject_id, kept.t_ms, kept.lon_deg, kept.lat_deg))

    def stays(self, criteria: Criteria) -> NDArray[np.void]:
        """Find the stays of all vessels; (k,) `STAY`."""
        if not self.parts:
            return np.zeros(0, dtype=STAY)
        subject, t_ms, lon, lat = (
            np.concatenate(column) for column in zip(*self.parts, strict=True)
        )
        order = np.lexsort((t_ms, subject))
        out = np.zeros(len(order), dtype=STAY)
        n = find_stays(
            subject[order], t_ms[order], lon[order], lat[order], criteria.within_m,
            round(criteria.stay_h * HOUR_MS), SILENCE_MS, out,
        )  # fmt: skip
        return out[:n].copy()


@kernel
def find_stays(
    subject: NDArray[np.uint32],
    t_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    within_m: float,
    stay_ms: int,
    silence_ms: int,
    out: NDArray[np.void],
) -> int:
    """Cut tracks into stretches in one place, and keep those that last.

    Args:
        subject: (n,) uint32, vessels one after the other.
        t_ms: (n,) int64, rising for each vessel.
        lon, lat: (n,) float64, degrees.
        within_m: metres from a stretch's first position.
        stay_ms: least length of a stay.
        silence_ms: a longer step ends a stretch.
        out: (n,) `STAY`.

    Returns:
        Stays written.
    """
    n = len(t_ms)
    made, first = 0, 0
    sum_lon, sum_lat = 0.0, 0.0
    for i in range(n):
        sum_lon += lon[i]
        sum_lat += lat[i]
        if (
            i + 1 < n
            and subject[i + 1] == subject[first]
            and t_ms[i + 1] - t_ms[i] <= silence_ms
            and short_distance_m(lon[first], lat[first], lon[i + 1], lat[i + 1]) <= within_m
        ):
            continue
        if t_ms[i] - t_ms[first] >= stay_ms:
            count = i + 1 - first
            out[made]["subject"] = subject[first]
            out[made]["from_ms"] = t_ms[first]
            out[made]["to_ms"] = t_ms[i]
            out[made]["positions"] = count
            out[made]["lon"] = sum_lon / count
            out[made]["lat"] = sum_lat / count
            made += 1
        first = i + 1
        sum_lon, sum_lat = 0.0, 0.0
    return made


def anchorages(stays: NDArray[np.void], criteria: Criteria) -> list[Anchorage]:
    """Gather stays into anchorages, from south to north.

    Args:
        stays: (k,) `STAY`, of all vessels.
        criteria: what makes one.
    """
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for k, (lon, lat) in enumerate(zip(stays["lon"], stays["lat"], strict=True)):
        cells[math.floor(lon / CELL_LON_DEG), math.floor(lat / CELL_LAT_DEG)].append(k)
    busy = {
        cell: rows
        for cell, rows in cells.items()
        if len(set(stays["subject"][rows].tolist())) >= criteria.vessels
        and int(stays["positions"][rows].sum()) >= criteria.positions
    }
    found = []
    for group in _touching(busy):
        rows = [k for cell in group for k in busy[cell]]
        part = stays[rows]
        found.append(
            Anchorage(
                _outline(group, criteria.within_m), len(np.unique(part["subject"])), len(part),
                int(part["positions"].sum()), int(part["from_ms"].min()), int(part["to_ms"].max()),
            )
        )  # fmt: skip
    return sorted(found, key=lambda a: (a.geometry.centroid.y, a.geometry.centroid.x))


def _touching(cells: Iterable[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group cells that touch, corners included."""
    left = set(cells)
    groups = []
    while left:
        waiting = [min(left)]
        left.discard(waiting[0])
        group = []
        while waiting:
            x, y = waiting.pop()
            group.append((x, y))
            near = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & left
            left -= near
            waiting += sorted(near)
        groups.append(sorted(group))
    return groups


def _outline(cells: Sequence[tuple[int, int]], within_m: float) -> Any:  # noqa: ANN401 - shapely
    """Draw the outline of cells with the room to swing around them."""
    boxes = [
        shapely.box(x * CELL_LON_DEG, y * CELL_LAT_DEG, (x + 1) * CELL_LON_DEG,
                    (y + 1) * CELL_LAT_DEG)
        for x, y in cells
    ]  # fmt: skip
    whole = shapely.union_all(boxes)
    kx, ky = metres_per_degree(whole.centroid.y)
    scale = np.array([kx, ky])
    in_metres = shapely.transform(whole, lambda points: points * scale)
    wide = shapely.simplify(shapely.buffer(in_metres, within_m), within_m / 20)
    outline = shapely.transform(wide, lambda points: points / scale)
    return shapely.set_precision(outline, 1e-5)


def as_masks(
    found: Sequence[Anchorage], assets: AssetSet, owner: str, valid_until_ms: int
) -> list[Mask]:
    """Write anchorages as masks for review.

    One that lies over an asset, or beside it, counts for that asset alone and says so, so that
    nobody mutes the whole sea by it.

    Args:
        found: from `anchorages`.
        assets: those that are watched.
        owner: who answers for them.
        valid_until_ms: their end, event time.
    """
    out: dict[str, Mask] = {}
    for one in found:
        centre = one.geometry.centroid
        kx, ky = metres_per_degree(centre.y)
        reach = shapely.box(*one.geometry.bounds).buffer(NEAR_ASSET_M / min(kx, ky))
        near = [a for a in assets.assets if shapely.intersects(reach, a.geometry)]
        over = tuple(a.id for a in near)
        reason = (
            f"{one.vessels} vessels lay still here for {one.stays} stays, {one.positions} "
            f"positions, {iso(one.from_ms)[:10]} to {iso(one.to_ms)[:10]}"
        )
        if over:
            reason += "; lies near these assets, and mutes for them alone: look twice"
        name = f"anchorage-{centre.y:.3f}n-{centre.x:.3f}e"
        out[name] = Mask(
            id=name, kind="anchorage", geometry=one.geometry, owner=owner, reason=reason,
            valid_from_ms=one.from_ms, valid_until_ms=valid_until_ms, assets=over,
        )  # fmt: skip
    return list(out.values())
