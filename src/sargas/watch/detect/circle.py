"""The circle that fits some positions best."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import metres_per_degree
from sargas.model.jit import kernel


class Circle(NamedTuple):
    """A circle and how well positions lie on it.

    Attributes:
        lon, lat: degrees, its middle. radius_m: infinite where the positions lie on a line.
        residual_m: root mean square of their distance from it.
        turn_deg: the way around the middle from the first to the last, positive to the right.
    """

    lon: float
    lat: float
    radius_m: float
    residual_m: float
    turn_deg: float


@kernel
def circle_of(
    lon: NDArray[np.float64], lat: NDArray[np.float64], first: int, points: int
) -> Circle:
    """Fit a circle to positions in a ring, on the tangent plane of one of them.

    Source: I. Kåsa, IEEE Transactions on Instrumentation and Measurement 25 (1976): least squares
    of the difference of squares, which has a closed form.

    Args:
        lon, lat: (n,) degrees, a ring. first: the oldest. points: how many.

    Returns:
        The circle.
    """
    n, lon0, lat0 = lon.shape[0], lon[first], lat[first]
    kx, ky = metres_per_degree(lat0)
    mean_x, mean_y = 0.0, 0.0
    for k in range(points):
        j = (first + k) % n
        mean_x += (lon[j] - lon0) * kx / points
        mean_y += (lat[j] - lat0) * ky / points
    uu, uv, vv, u3, v3 = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(points):
        j = (first + k) % n
        u, v = (lon[j] - lon0) * kx - mean_x, (lat[j] - lat0) * ky - mean_y
        uu, uv, vv = uu + u * u, uv + u * v, vv + v * v
        u3, v3 = u3 + u * (u * u + v * v), v3 + v * (u * u + v * v)
    determinant = uu * vv - uv * uv
    if determinant <= 1e-9 * (uu + vv) * (uu + vv):
        return Circle(lon0, lat0, math.inf, math.inf, 0.0)
    cu = 0.5 * (u3 * vv - v3 * uv) / determinant
    cv = 0.5 * (v3 * uu - u3 * uv) / determinant
    radius_m = math.sqrt(cu * cu + cv * cv + (uu + vv) / points)
    squares, turn, before = 0.0, 0.0, 0.0
    for k in range(points):
        j = (first + k) % n
        x = (lon[j] - lon0) * kx - mean_x - cu
        y = (lat[j] - lat0) * ky - mean_y - cv
        squares += (math.hypot(x, y) - radius_m) ** 2
        angle = math.degrees(math.atan2(x, y))
        if k > 0:
            turn += (angle - before + 180.0) % 360.0 - 180.0
        before = angle
    return Circle(
        lon0 + (mean_x + cu) / kx, lat0 + (mean_y + cv) / ky, radius_m,
        math.sqrt(squares / points), turn,
    )  # fmt: skip
