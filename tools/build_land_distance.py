"""Build `src/sargas/reference/data/land_distance.npz` from `land_baltic_200m.geojson`.

Run it from the root of the project; the same input gives the same bytes:

    python tools/build_land_distance.py

Each node of a grid in longitude and latitude gets its distance to the nearest coast, positive at
sea and negative on land, clipped at 20 km. Distances are measured on the tangent plane at the
middle latitude of node and coast, which is 23 m off at 20 km and far less close in. The edge of
the land file's own box is no coast and is left out.

On disk the distances are steps of 50 m, as differences along each row, because these compress
four times better than the distances themselves.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from sargas.model.geodesy import metres_per_degree, point_segment

DATA = Path(__file__).resolve().parent.parent / "src" / "sargas" / "reference" / "data"
BOX = (9.0, 53.0, 31.0, 66.5)
STEP_LON, STEP_LAT = 0.01, 0.005
"""Cells of 557 m by 450-670 m: near square in metres across the Baltic."""
CLIP_M = 20_000.0
UNIT_M = 50
EDGE_DEG = 1e-3
"""Two coast points this close to one side of the box make a cut, not a coast."""


def coast_segments(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read the land polygons' outlines.

    Returns:
        (all edges, the edges that are coast), each (n, 4): lon1, lat1, lon2, lat2. Rings run
        with land on the left, so that edges count as a winding number.
    """
    collection = json.loads(path.read_text("utf-8"))
    land = shapely.from_geojson(json.dumps(collection["features"][0]["geometry"]))
    edges = []
    for polygon in shapely.get_parts(land):
        turned = shapely.orient_polygons(polygon)
        for ring in [turned.exterior, *turned.interiors]:
            points = shapely.get_coordinates(ring)
            edges.append(np.hstack([points[:-1], points[1:]]))
    every = np.ascontiguousarray(np.vstack(edges))
    cut = np.zeros(len(every), dtype=bool)
    for side, axis in zip(BOX, (0, 1, 0, 1), strict=True):
        near = np.abs(every[:, [axis, axis + 2]] - side) < EDGE_DEG
        cut |= near.all(axis=1)
    return every, np.ascontiguousarray(every[~cut])


@njit(cache=True)
def spread_distance(edges, values, lon0, lat0, step_lon, step_lat, clip_m):
    """Lower each node within reach of an edge to its distance to that edge.

    Args:
        edges: (n, 4) float64, degrees.
        values: (rows, columns) float64, metres; changed in place; rows run south to north.
        lon0, lat0, step_lon, step_lat: the grid, degrees.
        clip_m: reach in metres.
    """
    rows, columns = values.shape
    for i in range(edges.shape[0]):
        lon1, lat1, lon2, lat2 = edges[i]
        reach_lat = clip_m / 111_000.0
        north = min(89.0, max(lat1, lat2) + reach_lat)
        kx_north, _ = metres_per_degree(north)
        reach_lon = clip_m / kx_north
        r_a = max(0, math.floor((min(lat1, lat2) - reach_lat - lat0) / step_lat))
        r_b = min(rows - 1, math.ceil((north - lat0) / step_lat))
        c_a = max(0, math.floor((min(lon1, lon2) - reach_lon - lon0) / step_lon))
        c_b = min(columns - 1, math.ceil((max(lon1, lon2) + reach_lon - lon0) / step_lon))
        for r in range(r_a, r_b + 1):
            lat = lat0 + r * step_lat
            nearest_lat = min(max(lat, min(lat1, lat2)), max(lat1, lat2))
            kx, ky = metres_per_degree(0.5 * (lat + nearest_lat))
            ay, by = (lat1 - lat) * ky, (lat2 - lat) * ky
            for c in range(c_a, c_b + 1):
                lon = lon0 + c * step_lon
                d, _ = point_segment(0.0, 0.0, (lon1 - lon) * kx, ay, (lon2 - lon) * kx, by)
                if d < values[r, c]:
                    values[r, c] = d


@njit(cache=True)
def winding(edges, rows, columns, lon0, lat0, step_lon, step_lat):
    """Count how often the outlines wind around each node; above 0 is land.

    Each edge that a row crosses adds its direction to every node east of the crossing. Nodes on
    the north and east sides of the box are read just inside of them, where land is cut off.
    """
    top = lat0 + (rows - 1) * step_lat - EDGE_DEG
    right = lon0 + (columns - 1) * step_lon - EDGE_DEG
    turns = np.zeros((rows, columns), dtype=np.int16)
    for i in range(edges.shape[0]):
        lon1, lat1, lon2, lat2 = edges[i]
        if lat1 == lat2:
            continue
        step = 1 if lat2 < lat1 else -1
        low, high = min(lat1, lat2), max(lat1, lat2)
        r = max(0, math.ceil((low - lat0) / step_lat))
        while r > 0 and min(top, lat0 + (r - 1) * step_lat) >= low:
            r -= 1
        while r < rows and min(top, lat0 + r * step_lat) < high:
            lat = min(top, lat0 + r * step_lat)
            lon = lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1)
            c = max(0, math.ceil((lon - lon0) / step_lon))
            if lat >= low and lon < right:
                turns[r, c] += step
            r += 1
    for r in range(rows):
        for c in range(1, columns):
            turns[r, c] += turns[r, c - 1]
    return turns


def build(land: Path) -> dict[str, NDArray]:
    """Compute the grid as the arrays that are stored."""
    every, coast = coast_segments(land)
    columns = round((BOX[2] - BOX[0]) / STEP_LON) + 1
    rows = round((BOX[3] - BOX[1]) / STEP_LAT) + 1
    distance = np.full((rows, columns), CLIP_M)
    grid = (BOX[0], BOX[1], STEP_LON, STEP_LAT)
    spread_distance(coast, distance, *grid, CLIP_M)
    inside = winding(every, rows, columns, *grid) > 0
    steps = np.rint(np.where(inside, -distance, distance) / UNIT_M).astype(np.int16)
    delta = np.diff(steps, axis=1)
    if np.abs(delta).max() > np.iinfo(np.int8).max:
        raise ValueError("Neighbours differ by more than a cell: the land outlines are broken.")
    return {
        "step_m": np.array(UNIT_M, dtype=np.int16),
        "clip_m": np.array(CLIP_M, dtype=np.int32),
        "grid": np.array(grid),
        "first": steps[:, 0],
        "delta": delta.astype(np.int8),
    }


def main() -> None:
    """Read the land, build the grid, write it, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--land", type=Path, default=DATA / "land_baltic_200m.geojson")
    parser.add_argument("--out", type=Path, default=DATA / "land_distance.npz")
    args = parser.parse_args()
    arrays = build(args.land)
    np.savez_compressed(args.out, **arrays)
    rows, columns = arrays["delta"].shape
    print(f"{args.out}: {rows} x {columns + 1} nodes, {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
