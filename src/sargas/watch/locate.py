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
from numpy.typing import NDArray

from sargas.model.assets import Pieces
from sargas.model.fixes import COG_NONE, PER_DEGREE, SOG_OVERFLOW
from sargas.model.geodesy import metres_per_degree, point_segment
from sargas.model.jit import kernel
from sargas.reference import Geography
from sargas.reference.grid import Grid, sample
from sargas.watch.clean import JUMP, OK

CELL_LON_DEG, CELL_LAT_DEG = 0.04, 0.02
"""About 2.2 km a side at 60 degrees north."""


class PieceIndex(NamedTuple):
    """Pieces by grid cell, for kernels.

    Attributes:
        first: (cells + 1,) int32, where each cell's entries begin in `entry`.
        entry: (m,) int32, piece numbers.
        lon0, lat0: south-west corner of the grid, degrees. columns, rows: its size in cells.
        asset, lon1, lat1, lon2, lat2, buffer_m, accuracy_m, kp_m, length_m: (p,) the pieces.
    """

    first: NDArray[np.int32]
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
            np.zeros(2, np.int32), np.zeros(0, np.int32), 0.0, 0.0, 1, 1,
            pieces.asset, pieces.lon1, pieces.lat1, pieces.lon2, pieces.lat2, buffer_m,
            pieces.accuracy_m, pieces.kp_m, pieces.length_m,
        )  # fmt: skip
    lon0, lat0 = float((west - grow_lon).min()), float((south - grow_lat).min())
    c1 = ((west - grow_lon - lon0) / CELL_LON_DEG).astype(np.int64)
    c2 = ((east + grow_lon - lon0) / CELL_LON_DEG).astype(np.int64)
    r1 = ((south - grow_lat - lat0) / CELL_LAT_DEG).astype(np.int64)
    r2 = ((north + grow_lat - lat0) / CELL_LAT_DEG).astype(np.int64)
    columns, rows = int(c2.max()) + 1, int(r2.max()) + 1
    # Counted two places on and filled from one place on, so that filling moves each beginning to
    # where it belongs: assets all over the world make a grid of 80 million cells, but one of them.
    first = np.zeros(columns * rows + 2, dtype=np.int32)
    count_cells(c1, c2, r1, r2, columns, first[2:])
    np.cumsum(first, dtype=np.int32, out=first)
    entry = np.empty(int(first[-1]), dtype=np.int32)
    fill_cells(c1, c2, r1, r2, columns, first[1:], entry)
    return PieceIndex(
        first[:-1], entry, lon0, lat0, columns, rows,
        pieces.asset, pieces.lon1, pieces.lat1, pieces.lon2, pieces.lat2, buffer_m,
        pieces.accuracy_m, pieces.kp_m, pieces.length_m,
    )  # fmt: skip


@kernel
def count_cells(
    c1: NDArray[np.int64],
    c2: NDArray[np.int64],
    r1: NDArray[np.int64],
    r2: NDArray[np.int64],
    columns: int,
    count: NDArray[np.int32],
) -> None:
    """Count the entries of each cell."""
    for p in range(c1.shape[0]):
        for r in range(r1[p], r2[p] + 1):
            for c in range(c1[p], c2[p] + 1):
                count[r * columns + c] += 1


@kernel
def fill_cells(
    c1: NDArray[np.int64],
    c2: NDArray[np.int64],
    r1: NDArray[np.int64],
    r2: NDArray[np.int64],
    columns: int,
    at: NDArray[np.int32],
    entry: NDArray[np.int32],
) -> None:
    """Write the pieces of each cell in ascending order; `at` is moved from begin to end."""
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


@kernel
def cell_at(lon0: float, lat0: float, columns: int, rows: int, lon: float, lat: float) -> int:
    """Give the cell of a position in a grid with this corner and size, or -1 outside it."""
    c = math.floor((lon - lon0) / CELL_LON_DEG)
    r = math.floor((lat - lat0) / CELL_LAT_DEG)
    if c < 0 or r < 0 or c >= columns or r >= rows:
        return -1
    return int(r * columns + c)


@kernel
def cell_of(index: PieceIndex, lon: float, lat: float) -> int:
    """Give the cell of a position, or -1 outside the grid."""
    return cell_at(index.lon0, index.lat0, index.columns, index.rows, lon, lat)


@kernel
def best_piece(
    entries: NDArray[np.int32],
    lon1: NDArray[np.float64],
    lat1: NDArray[np.float64],
    lon2: NDArray[np.float64],
    lat2: NDArray[np.float64],
    buffer_m: NDArray[np.float64],
    lon: float,
    lat: float,
) -> tuple[int, float, float]:
    """Find, among some pieces, the one whose buffer reaches furthest past a position.

    Args:
        entries: (e,) piece numbers, e > 0.
        lon1, lat1, lon2, lat2, buffer_m: (p,) the pieces' columns.
        lon, lat: degrees.

    Returns:
        (piece, distance in metres, share of the piece at the foot point). The distance may
        exceed the buffer: a cell is larger than a buffer.
    """
    kx, ky = metres_per_degree(lat)
    best, best_margin, best_distance, best_share = -1, -math.inf, math.nan, math.nan
    for e in range(entries.shape[0]):
        p = entries[e]
        ax, ay = (lon1[p] - lon) * kx, (lat1[p] - lat) * ky
        bx, by = (lon2[p] - lon) * kx, (lat2[p] - lat) * ky
        distance, share = point_segment(0.0, 0.0, ax, ay, bx, by)
        margin = buffer_m[p] - distance
        if margin > best_margin:
            best, best_margin, best_distance, best_share = p, margin, distance, share
    return best, best_distance, best_share


@kernel
def nearest_piece(index: PieceIndex, lon: float, lat: float) -> tuple[int, float, float]:
    """Find the piece with the greatest margin in the cell of a position.

    For single look-ups: handing the index over costs more than the search (see `locate_rows`).

    Returns:
        (piece or -1, distance in metres, kilometre point in metres).
    """
    cell = cell_of(index, lon, lat)
    if cell < 0 or index.first[cell] == index.first[cell + 1]:
        return -1, math.nan, math.nan
    p, distance, share = best_piece(
        index.entry[index.first[cell] : index.first[cell + 1]],
        index.lon1, index.lat1, index.lon2, index.lat2, index.buffer_m, lon, lat,
    )  # fmt: skip
    return p, distance, index.kp_m[p] + share * index.length_m[p]


@kernel
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
    # Bound to names first: handing a tuple of arrays on, or reading one out of it, costs more
    # inside the loop than all that is done there for most fixes.
    verdict, lon_deg, lat_deg = rows.verdict, rows.lon, rows.lat
    sog_kn, cog_deg, heading_deg = rows.sog_kn, rows.cog_deg, rows.heading_deg
    asset, distance_m, buffer_m = rows.asset, rows.distance_m, rows.buffer_m
    accuracy_m, kp_m, land_m, depth_m = rows.accuracy_m, rows.kp_m, rows.land_m, rows.depth_m
    land, depth, land_at, depth_at = ground.land_m, ground.depth_m, ground.land_at, ground.depth_at
    first, entry, lon0, lat0 = index.first, index.entry, index.lon0, index.lat0
    lon1, lat1, lon2, lat2 = index.lon1, index.lat1, index.lon2, index.lat2
    piece_asset, piece_buffer, piece_accuracy = index.asset, index.buffer_m, index.accuracy_m
    piece_kp, piece_length = index.kp_m, index.length_m
    for i in range(lon_raw.shape[0]):
        sog_kn[i] = sog_raw[i] / 10.0 if sog_raw[i] < SOG_OVERFLOW else math.nan
        cog_deg[i] = cog_raw[i] / 10.0 if cog_raw[i] < COG_NONE else math.nan
        heading_deg[i] = float(heading_raw[i]) if heading_raw[i] < 360 else math.nan
        asset[i] = -1
        distance_m[i] = buffer_m[i] = accuracy_m[i] = kp_m[i] = math.nan
        land_m[i] = depth_m[i] = lon_deg[i] = lat_deg[i] = math.nan
        if verdict[i] != OK and verdict[i] != JUMP:
            continue
        lon, lat = lon_raw[i] / PER_DEGREE, lat_raw[i] / PER_DEGREE
        lon_deg[i], lat_deg[i] = lon, lat
        if verdict[i] != OK:
            continue
        cell = cell_at(lon0, lat0, index.columns, index.rows, lon, lat)
        if cell >= 0 and first[cell] < first[cell + 1]:
            p, distance_m[i], share = best_piece(
                entry[first[cell] : first[cell + 1]],
                lon1, lat1, lon2, lat2, piece_buffer, lon, lat,
            )  # fmt: skip
            asset[i], kp_m[i] = piece_asset[p], piece_kp[p] + share * piece_length[p]
            buffer_m[i], accuracy_m[i] = piece_buffer[p], piece_accuracy[p]
        land_m[i] = sample(land, land_at[0], land_at[1], land_at[2], land_at[3], lon, lat)
        depth_m[i] = sample(depth, depth_at[0], depth_at[1], depth_at[2], depth_at[3], lon, lat)
