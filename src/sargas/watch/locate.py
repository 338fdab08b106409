"""Locating: how far each fix is from the assets, from land, and how deep the water is.

Assets are cut into pieces (`model.assets`) that stand in a grid of small cells, each piece in
every cell that its own buffer reaches. A fix far from all assets meets an empty cell and is done;
the others measure to the few pieces of their cell, on the local tangent plane of the ellipsoid.

Each piece is tested with its own buffer, `max(rule buffer, accuracy of the piece)`: the nearest
piece need not be the one in reach, so pieces are ranked by the margin `buffer - distance`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sargas.model.assets import Pieces
from sargas.model.fixes import PER_DEGREE
from sargas.model.geodesy import metres_per_degree, point_segment
from sargas.reference import Geography
from sargas.reference.grid import Grid, sample
from sargas.watch.clean import JUMP, OK

CELL_LON_DEG, CELL_LAT_DEG = 0.04, 0.02
"""About 2.2 km a side at 60 degrees north."""


class PieceIndex(NamedTuple):
    """Pieces by grid cell, for kernels.

    Attributes:
        first: (cells + 1,) int64, where each cell's entries begin in `entry`.
        entry: (m,) int32, piece numbers.
        lon0, lat0: south-west corner of the grid, degrees. columns, rows: its size in cells.
        asset, lon1, lat1, lon2, lat2, buffer_m, accuracy_m, kp_m, length_m: (p,) the pieces.
    """

    first: NDArray[np.int64]
    entry: NDArray[np.int32]
    lon0: float
    lat0: float
    columns: int
    rows: int
    asset: NDArray[np.int32]
    lon1: NDArray[np.float64]
    lat1: NDArray[np.float64]
    lon2: NDArray[np.float64]
    lat2: NDArray[np.float64]
    buffer_m: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    kp_m: NDArray[np.float64]
    length_m: NDArray[np.float64]


class Ground(NamedTuple):
    """Land distance and depth as grids for kernels (see `reference.grid`)."""

    land_m: NDArray[np.int16]
    land_at: tuple[float, float, float, float]
    depth_m: NDArray[np.int16]
    depth_at: tuple[float, float, float, float]


class Located(NamedTuple):
    """One release of fixes with all that detectors read. Columns of shape (n,), canonical order.

    Attributes:
        slot: int32, identity segment; -1 where there is none.
        verdict: uint8, see `clean.VERDICTS`.
        t_ms: int64.
        lon, lat: float64, degrees. sog_kn, cog_deg, heading_deg: float64, NaN not available.
        nav_status, msg_type: uint8.
        length_m: uint16, 0 unknown. ship_type: uint8, 0 unknown.
        asset: int32, index of the asset with the greatest margin, -1 where none is near.
        distance_m, buffer_m, accuracy_m, kp_m: float64, to that asset; NaN where none is near.
        land_m: float64, distance to land, negative on land, NaN outside the grid.
        depth_m: float64, negative below the sea, NaN unknown.
        subject: int32, the subject's number.
    """

    slot: NDArray[np.int32]
    verdict: NDArray[np.uint8]
    t_ms: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    sog_kn: NDArray[np.float64]
    cog_deg: NDArray[np.float64]
    heading_deg: NDArray[np.float64]
    nav_status: NDArray[np.uint8]
    msg_type: NDArray[np.uint8]
    length_m: NDArray[np.uint16]
    ship_type: NDArray[np.uint8]
    asset: NDArray[np.int32]
    distance_m: NDArray[np.float64]
    buffer_m: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    kp_m: NDArray[np.float64]
    land_m: NDArray[np.float64]
    depth_m: NDArray[np.float64]
    subject: NDArray[np.int32]


def build_index(pieces: Pieces, rule_buffer_m: float) -> PieceIndex:
    """Enter every piece into the cells its buffer reaches.

    Args:
        pieces: p pieces.
        rule_buffer_m: buffer where the piece's own accuracy is better.
    """
    buffer_m = np.maximum(pieces.accuracy_m, rule_buffer_m)
    west, east = np.minimum(pieces.lon1, pieces.lon2), np.maximum(pieces.lon1, pieces.lon2)
    south, north = np.minimum(pieces.lat1, pieces.lat2), np.maximum(pieces.lat1, pieces.lat2)
    grow_lat = buffer_m / 110_500.0
    # The widest degree of longitude is needed where a degree is shortest: at the poleward end.
    grow_lon = buffer_m / (110_500.0 * np.cos(np.radians(np.minimum(np.abs(north) + 0.2, 89.0))))
    if not len(pieces):
        return PieceIndex(
            np.zeros(2, np.int64), np.zeros(0, np.int32), 0.0, 0.0, 1, 1,
            pieces.asset, pieces.lon1, pieces.lat1, pieces.lon2, pieces.lat2, buffer_m,
            pieces.accuracy_m, pieces.kp_m, pieces.length_m,
        )  # fmt: skip
    lon0, lat0 = float((west - grow_lon).min()), float((south - grow_lat).min())
    c1 = ((west - grow_lon - lon0) / CELL_LON_DEG).astype(np.int64)
    c2 = ((east + grow_lon - lon0) / CELL_LON_DEG).astype(np.int64)
    r1 = ((south - grow_lat - lat0) / CELL_LAT_DEG).astype(np.int64)
    r2 = ((north + grow_lat - lat0) / CELL_LAT_DEG).astype(np.int64)
    columns, rows = int(c2.max()) + 1, int(r2.max()) + 1
    first = np.zeros(columns * rows + 1, dtype=np.int64)
    count_cells(c1, c2, r1, r2, columns, first)
    np.cumsum(first, out=first)
    entry = np.empty(int(first[-1]), dtype=np.int32)
    fill_cells(c1, c2, r1, r2, columns, first.copy(), entry)
    return PieceIndex(
        first, entry, lon0, lat0, columns, rows,
        pieces.asset, pieces.lon1, pieces.lat1, pieces.lon2, pieces.lat2, buffer_m,
        pieces.accuracy_m, pieces.kp_m, pieces.length_m,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def count_cells(
    c1: NDArray[np.int64],
    c2: NDArray[np.int64],
    r1: NDArray[np.int64],
    r2: NDArray[np.int64],
    columns: int,
    first: NDArray[np.int64],
) -> None:
    """Count the entries of each cell into `first`, one place further on."""
    for p in range(c1.shape[0]):
        for r in range(r1[p], r2[p] + 1):
            for c in range(c1[p], c2[p] + 1):
                first[r * columns + c + 1] += 1


@njit(cache=True, nogil=True)
def fill_cells(
    c1: NDArray[np.int64],
    c2: NDArray[np.int64],
    r1: NDArray[np.int64],
    r2: NDArray[np.int64],
    columns: int,
    at: NDArray[np.int64],
    entry: NDArray[np.int32],
) -> None:
    """Write the pieces of each cell in ascending order; `at` is used up."""
    for p in range(c1.shape[0]):
        for r in range(r1[p], r2[p] + 1):
            for c in range(c1[p], c2[p] + 1):
                cell = r * columns + c
                entry[at[cell]] = p
                at[cell] += 1


def build_ground(geography: Geography) -> Ground:
    """Hand the grids of land distance and depth to the kernels."""
    return Ground(
        geography.land_distance.values,
        _corner(geography.land_distance),
        geography.depth.values,
        _corner(geography.depth),
    )


def _corner(grid: Grid) -> tuple[float, float, float, float]:
    """Give a grid's corner and steps."""
    return (grid.lon0, grid.lat0, grid.step_lon, grid.step_lat)


@njit(cache=True, nogil=True)
def cell_of(index: PieceIndex, lon: float, lat: float) -> int:
    """Give the cell of a position, or -1 outside the grid."""
    c = math.floor((lon - index.lon0) / CELL_LON_DEG)
    r = math.floor((lat - index.lat0) / CELL_LAT_DEG)
    if c < 0 or r < 0 or c >= index.columns or r >= index.rows:
        return -1
    return int(r * index.columns + c)


@njit(cache=True, nogil=True)
def nearest_piece(index: PieceIndex, lon: float, lat: float) -> tuple[int, float, float]:
    """Find the piece with the greatest margin among those whose buffer may reach a position.

    Args:
        index: the pieces.
        lon, lat: degrees.

    Returns:
        (piece or -1, distance in metres, kilometre point in metres). The distance may exceed the
        buffer: the cell is larger than the buffer.
    """
    cell = cell_of(index, lon, lat)
    if cell < 0 or index.first[cell] == index.first[cell + 1]:
        return -1, math.nan, math.nan
    kx, ky = metres_per_degree(lat)
    best, best_margin, best_distance, best_kp = -1, -math.inf, math.nan, math.nan
    for e in range(index.first[cell], index.first[cell + 1]):
        p = index.entry[e]
        ax, ay = (index.lon1[p] - lon) * kx, (index.lat1[p] - lat) * ky
        bx, by = (index.lon2[p] - lon) * kx, (index.lat2[p] - lat) * ky
        distance, share = point_segment(0.0, 0.0, ax, ay, bx, by)
        margin = index.buffer_m[p] - distance
        if margin > best_margin:
            best, best_margin, best_distance = p, margin, distance
            best_kp = index.kp_m[p] + share * index.length_m[p]
    return best, best_distance, best_kp


@njit(cache=True, nogil=True)
def locate_rows(
    lon_raw: NDArray[np.int32],
    lat_raw: NDArray[np.int32],
    sog_raw: NDArray[np.uint16],
    cog_raw: NDArray[np.uint16],
    heading_raw: NDArray[np.uint16],
    index: PieceIndex,
    ground: Ground,
    rows: Located,
) -> None:
    """Fill the columns of `rows` that speak of place and motion.

    Args:
        lon_raw, lat_raw, sog_raw, cog_raw, heading_raw: (n,) wire integers.
        index, ground: the surroundings.
        rows: (n,) columns; `slot` and `verdict` are read, place and motion are written.
    """
    for i in range(lon_raw.shape[0]):
        rows.sog_kn[i] = sog_raw[i] / 10.0 if sog_raw[i] < 1022 else math.nan
        rows.cog_deg[i] = cog_raw[i] / 10.0 if cog_raw[i] < 3600 else math.nan
        rows.heading_deg[i] = float(heading_raw[i]) if heading_raw[i] < 360 else math.nan
        rows.asset[i] = -1
        rows.distance_m[i] = math.nan
        rows.buffer_m[i] = math.nan
        rows.accuracy_m[i] = math.nan
        rows.kp_m[i] = math.nan
        rows.land_m[i] = math.nan
        rows.depth_m[i] = math.nan
        rows.lon[i] = math.nan
        rows.lat[i] = math.nan
        if rows.verdict[i] != OK and rows.verdict[i] != JUMP:
            continue
        lon, lat = lon_raw[i] / PER_DEGREE, lat_raw[i] / PER_DEGREE
        rows.lon[i], rows.lat[i] = lon, lat
        if rows.verdict[i] != OK:
            continue
        p, distance, kp = nearest_piece(index, lon, lat)
        if p >= 0:
            rows.asset[i] = index.asset[p]
            rows.distance_m[i] = distance
            rows.buffer_m[i] = index.buffer_m[p]
            rows.accuracy_m[i] = index.accuracy_m[p]
            rows.kp_m[i] = kp
        a = ground.land_at
        rows.land_m[i] = sample(ground.land_m, a[0], a[1], a[2], a[3], lon, lat)
        d = ground.depth_at
        rows.depth_m[i] = sample(ground.depth_m, d[0], d[1], d[2], d[3], lon, lat)
