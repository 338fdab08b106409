"""The columns that presets read: every vessel's fixes in order of time, with what lies near.

Peers read the rows that the watch reads. What none of them could do without is done for all:
copies of one report are removed, sentinels are absent values, and rows are sorted by vessel and
time. Everything else is left to the preset.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sargas.model.assets import AssetSet
from sargas.model.fixes import SEA, Batch, Fixes, Statics
from sargas.model.geodesy import short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS, NO_TIME
from sargas.reference import Geography
from sargas.reference.geography import port_at
from sargas.reference.grid import sample
from sargas.watch.locate import PieceIndex, best_piece, build_index, cell_at

ASSET_REACH_M = 10_000.0
"""So far assets are looked for: the widest ring that a preset draws."""
COPY_MS = 30 * MINUTE_MS
"""Copies of one report come up to 17 minutes late (FRIO, measured); their clocks may be wrong."""
KNOWN_LAND_M = 20_000.0
"""The land distance ends here; what is further off is only known to be."""

ROW = np.dtype(
    [("mmsi", "u4"), ("t_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("word", "U24")]
)  # fmt: skip
"""What a preset gives: whom, since when its condition is met, where, and the rule's word."""


@dataclass(frozen=True)
class Tracks:
    """Fixes of many vessels, sorted by vessel and time. Columns of shape (n,) but for the first.

    Attributes:
        first: (v + 1,) int64, where each vessel's rows begin.
        ship_type: (v,) uint8, length_m: (v,) uint16: as said last in the whole play, 0 unknown.
        mmsi: uint32. t_ms: int64. lon, lat: float64, degrees.
        sog_kn, cog_deg, heading_deg: float32, NaN not available.
        nav_status: uint8.
        asset_m: float32, distance to the nearest asset, NaN beyond `ASSET_REACH_M`.
        land_m: float32, distance to land, at most `KNOWN_LAND_M`, NaN outside the grid.
        in_port: bool, inside a harbour's circle.
    """

    first: NDArray[np.int64]
    ship_type: NDArray[np.uint8]
    length_m: NDArray[np.uint16]
    mmsi: NDArray[np.uint32]
    t_ms: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    sog_kn: NDArray[np.float32]
    cog_deg: NDArray[np.float32]
    heading_deg: NDArray[np.float32]
    nav_status: NDArray[np.uint8]
    asset_m: NDArray[np.float32]
    land_m: NDArray[np.float32]
    in_port: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.t_ms)

    @property
    def vessel(self) -> NDArray[np.int64]:
        """Number of the vessel of each row, (n,)."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def rows(self, at: NDArray[np.int64], word: str) -> NDArray[np.void]:
        """Give `ROW`s of a word at some rows."""
        out = np.zeros(len(at), dtype=ROW)
        for name in ("mmsi", "t_ms", "lon", "lat"):
            out[name] = getattr(self, name)[at]
        out["word"] = word
        return out


class Collector:
    """Gathers a play's batches for the presets while the watch folds them."""

    def __init__(self) -> None:
        self._fixes: list[dict[str, NDArray[np.generic]]] = []
        self._statics: list[Statics] = []

    KEPT = (
        "subject_id", "t_ms", "payload_hash", "lon_raw", "lat_raw", "sog_raw", "cog_raw",
        "heading_raw", "nav_status",
    )  # fmt: skip
    """Half of a fix's bytes: a day of 4,000 vessels is kept whole."""

    def add(self, batch: Batch) -> None:
        """Keep what a batch holds of ships with a place and a time."""
        f = batch.fixes
        keep = (f.domain == SEA) & (f.t_ms != NO_TIME) & f.has_position
        self._fixes.append({name: getattr(f, name)[keep] for name in self.KEPT})
        if len(batch.statics):
            self._statics.append(batch.statics)

    def tracks(self, assets: AssetSet, geography: Geography) -> Tracks:
        """Sort what was gathered, without copies, and look around each row."""
        joined = {
            name: np.concatenate([part[name] for part in self._fixes] or [np.zeros(0)])
            for name in self.KEPT
        }
        fixes = Fixes.build(len(joined["t_ms"]), **joined)
        fixes = fixes.take(first_copies(fixes))
        fixes = fixes.take(np.lexsort((fixes.payload_hash, fixes.t_ms, fixes.subject_id)))
        numbers, first = np.unique(fixes.subject_id, return_index=True)
        ship_type, length_m = _said(Statics.concat(self._statics), numbers)
        asset_m, land_m, in_port = look_around(fixes.lon_deg, fixes.lat_deg, assets, geography)
        return Tracks(
            first=np.append(first, len(fixes)).astype(np.int64), ship_type=ship_type,
            length_m=length_m, mmsi=fixes.subject_id, t_ms=fixes.t_ms,
            lon=fixes.lon_deg, lat=fixes.lat_deg, sog_kn=fixes.sog_kn.astype(np.float32),
            cog_deg=fixes.cog_deg.astype(np.float32),
            heading_deg=fixes.heading_deg.astype(np.float32), nav_status=fixes.nav_status,
            asset_m=asset_m, land_m=land_m, in_port=in_port,
        )  # fmt: skip


def first_copies(fixes: Fixes) -> NDArray[np.int64]:
    """Find the first copy of every report: the same bits of the same vessel within 30 minutes.

    A ship that lies still may send the same bits again later; those are a report of their own.

    Returns:
        Indices, in rising order.
    """
    order = np.lexsort((fixes.t_ms, fixes.payload_hash, fixes.subject_id))
    who, bits, t_ms = (
        c[order] for c in (fixes.subject_id, fixes.payload_hash, fixes.t_ms)
    )  # fmt: skip
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (
        (who[1:] == who[:-1]) & (bits[1:] == bits[:-1]) & (t_ms[1:] - t_ms[:-1] <= COPY_MS)
    )  # fmt: skip
    return np.sort(order[~again])


def _said(
    statics: Statics, numbers: NDArray[np.uint32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Give type and length of each vessel as said last, 0 where never."""
    ship_type = np.zeros(len(numbers), dtype=np.uint8)
    length_m = np.zeros(len(numbers), dtype=np.uint16)
    if len(statics) and len(numbers):
        statics = statics.take(np.argsort(statics.t_ms, kind="stable"))
        at = np.minimum(np.searchsorted(numbers, statics.subject_id), len(numbers) - 1)
        known = numbers[at] == statics.subject_id
        for said, out in ((statics.ship_type, ship_type), (statics.length_m, length_m)):
            use = known & (said > 0)
            out[at[use]] = said[use]  # of several the last one stands
    return ship_type, length_m


def look_around(
    lon: NDArray[np.float64], lat: NDArray[np.float64], assets: AssetSet, geography: Geography
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Measure from each position to the nearest asset and to land, and ask for a harbour.

    The distance is to the asset's line as drawn: no peer carries an accuracy.

    Returns:
        `asset_m`, `land_m` and `in_port` of `Tracks`.
    """
    pieces = assets.watched().pieces
    index = build_index(replace(pieces, accuracy_m=np.zeros(len(pieces))), ASSET_REACH_M)
    n = len(lon)
    asset_m, land_m = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    in_port = np.zeros(n, dtype=np.bool_)
    ports = geography.ports
    fill_around(
        lon, lat, index, *geography.land_distance.arguments, ports.lon, ports.lat, ports.radius_m,
        ASSET_REACH_M, asset_m, land_m, in_port,
    )  # fmt: skip
    return asset_m, land_m, in_port


@kernel
def fill_around(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    index: PieceIndex,
    land: NDArray[np.int16],
    land_lon0: float,
    land_lat0: float,
    land_step_lon: float,
    land_step_lat: float,
    port_lon: NDArray[np.float64],
    port_lat: NDArray[np.float64],
    port_radius_m: NDArray[np.float64],
    reach_m: float,
    asset_m: NDArray[np.float32],
    land_m: NDArray[np.float32],
    in_port: NDArray[np.bool_],
) -> None:
    """Fill the last three columns for each position.

    Args:
        lon, lat: (n,) degrees.
        index: pieces with a buffer of `reach_m` each.
        land, land_lon0, land_lat0, land_step_lon, land_step_lat: grid of land distance, m.
        port_lon, port_lat, port_radius_m: the harbours.
        reach_m: assets further off are not given.
        asset_m, land_m, in_port: (n,) written.
    """
    first, entry = index.first, index.entry
    lon1, lat1, lon2, lat2 = index.lon1, index.lat1, index.lon2, index.lat2
    buffer_m = index.buffer_m
    lon0, lat0, columns, rows = index.lon0, index.lat0, index.columns, index.rows
    for i in range(lon.shape[0]):
        x, y = lon[i], lat[i]
        # A vessel that reports from where it was before is where it was before.
        if i > 0 and x == lon[i - 1] and y == lat[i - 1]:
            asset_m[i], land_m[i], in_port[i] = asset_m[i - 1], land_m[i - 1], in_port[i - 1]
            continue
        land_m[i] = sample(land, land_lon0, land_lat0, land_step_lon, land_step_lat, x, y)
        # Harbour circles reach 5 km; only positions near land are asked.
        if not land_m[i] > 6000.0:
            in_port[i] = port_at(port_lon, port_lat, port_radius_m, x, y) >= 0
        cell = cell_at(lon0, lat0, columns, rows, x, y)
        if cell >= 0 and first[cell] < first[cell + 1]:
            _, distance, _ = best_piece(
                entry[first[cell] : first[cell + 1]], lon1, lat1, lon2, lat2, buffer_m, x, y
            )
            if distance <= reach_m:
                asset_m[i] = distance


def held(
    tracks: Tracks,
    is_met: NDArray[np.bool_],
    *,
    for_ms: int,
    break_ms: int,
    fixes: int = 1,
) -> NDArray[np.int64]:
    """Find where a condition has held long enough, once a run.

    A run is of consecutive rows of one vessel that all meet the condition, none of them later
    than `break_ms` after the one before.

    Args:
        tracks: n rows.
        is_met: (n,) bool.
        for_ms: how long it must have held.
        break_ms: longest silence within a run.
        fixes: how many rows it must have.

    Returns:
        Rows at which runs reach both, in rising order.
    """
    at = np.flatnonzero(is_met)
    if not len(at):
        return at
    vessel, t_ms = tracks.vessel[at], tracks.t_ms[at]
    new = np.ones(len(at), dtype=bool)
    new[1:] = (np.diff(at) > 1) | (np.diff(vessel) > 0) | (np.diff(t_ms) > break_ms)
    return first_held(at, t_ms, new, for_ms=for_ms, fixes=fixes)


def first_held(
    at: NDArray[np.int64],
    t_ms: NDArray[np.int64],
    new: NDArray[np.bool_],
    *,
    for_ms: int,
    fixes: int = 1,
) -> NDArray[np.int64]:
    """Find the first row of each run at which it has lasted; see `held`.

    Args:
        at: (k,) the rows that are in runs. t_ms: their times. new: where a run begins.
        for_ms, fixes: how long it must have lasted, in ms and in rows.
    """
    run = np.cumsum(new) - 1
    begin = np.flatnonzero(new)
    lasted = (t_ms - t_ms[begin][run] >= for_ms) & (
        np.arange(len(at)) - begin[run] + 1 >= fixes
    )  # fmt: skip
    k = np.flatnonzero(lasted)
    _, first = np.unique(run[k], return_index=True)
    return at[k[first]]


@kernel
def way_m(
    first: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Measure from each row's predecessor of the same vessel; the first rows have none.

    Args:
        first: (v + 1,) where each vessel begins. lon, lat: (n,) degrees.
        out: (n,) metres, written; NaN where there is no predecessor.
    """
    for v in range(first.shape[0] - 1):
        for i in range(first[v], first[v + 1]):
            out[i] = math.nan
            if i > first[v]:
                out[i] = short_distance_m(lon[i - 1], lat[i - 1], lon[i], lat[i])
