"""Kernels along the points of a way: land distance, scale, rounded bends."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import metres_per_degree
from sargas.model.jit import kernel
from sargas.reference import shipped_geography
from sargas.reference.grid import sample

MOST_IN_BEND = 30
SLIGHT = 0.008
"""Half of a bend, in radians, that needs no rounding: under a degree in all."""


@kernel
def sample_along(
    values: NDArray[np.int16],
    grid: tuple[float, float, float, float],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Read a grid at many points (see `reference.grid.sample`); out: (n,)."""
    a, b, c, d = grid
    for i in range(lon.shape[0]):
        out[i] = sample(values, a, b, c, d, lon[i], lat[i])


@kernel
def scale_along(lat: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write the metres per degree of longitude and latitude at many latitudes; out: (n, 2)."""
    for i in range(lat.shape[0]):
        out[i, 0], out[i, 1] = metres_per_degree(lat[i])


@kernel
def round_bends(
    points: NDArray[np.float64],
    room_m: NDArray[np.float64],
    radius_m: float,
    out: NDArray[np.float64],
) -> int:
    """Round the bends of a way with parabolas that touch both pieces.

    Args:
        points: (n, 2) degrees. room_m: (n,) how far before a point its bend may begin.
        radius_m: of the bends, less where pieces are short.
        out: (n * (`MOST_IN_BEND` + 1), 2) degrees.

    Returns:
        Points written.
    """
    last = points.shape[0] - 1
    out[0, 0], out[0, 1] = points[0, 0], points[0, 1]
    k = 1
    for i in range(1, last):
        lon, lat = points[i, 0], points[i, 1]
        kx, ky = metres_per_degree(lat)
        ax, ay = (points[i - 1, 0] - lon) * kx, (points[i - 1, 1] - lat) * ky
        bx, by = (points[i + 1, 0] - lon) * kx, (points[i + 1, 1] - lat) * ky
        m, n = math.hypot(ax, ay), math.hypot(bx, by)
        if m < 1.0 or n < 1.0:
            continue
        half = 0.5 * math.acos(min(1.0, max(-0.95, -(ax * bx + ay * by) / (m * n))))
        cut = min(radius_m * math.tan(half), 0.45 * m, 0.45 * n, room_m[i])
        if half < SLIGHT or cut < 5.0:
            out[k, 0], out[k, 1] = lon, lat
            k += 1
            continue
        pieces = min(MOST_IN_BEND, max(3, math.ceil(half / 0.05)))
        for j in range(pieces + 1):
            u = j / pieces
            p, q = (1.0 - u) * (1.0 - u) * cut / m, u * u * cut / n
            out[k, 0], out[k, 1] = lon + (p * ax + q * bx) / kx, lat + (p * ay + q * by) / ky
            k += 1
    out[k, 0], out[k, 1] = points[last, 0], points[last, 1]
    return k + 1


def land_m(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the distance to land at (n, 2) points in degrees: metres, NaN off the map."""
    values, *grid = shipped_geography().land_distance.arguments
    out = np.empty(len(points))
    lon, lat = points.T.copy()
    sample_along(values, (grid[0], grid[1], grid[2], grid[3]), lon, lat, out)
    return out


def scales(lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give metres per degree at (n,) latitudes: (n, 2), longitude and latitude."""
    out = np.empty((len(lat), 2))
    scale_along(np.ascontiguousarray(lat), out)
    return out
