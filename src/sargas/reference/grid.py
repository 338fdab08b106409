"""Regular grids in longitude and latitude, and kernels that read them at a point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.errors import UsageError
from sargas.model.jit import kernel

NO_VALUE = -32768
"""A node without a value; `sample` gives NaN where it meets one."""


@kernel
def sample(
    values: NDArray[np.int16],
    lon0: float,
    lat0: float,
    step_lon: float,
    step_lat: float,
    lon: float,
    lat: float,
) -> float:
    """Read a grid at a point, weighing the four nodes around it (bilinear).

    Args:
        values: (rows, columns) int16, rows from south to north, in the grid's unit.
        lon0, lat0: degrees, the node of row 0 and column 0.
        step_lon, step_lat: degrees between nodes, both > 0.
        lon, lat: degrees.

    Returns:
        The value; NaN outside the grid, for a NaN point, and beside a node without a value.

    Example:
        >>> ramp = np.array([[0, 100], [200, 300]], dtype=np.int16)
        >>> sample(ramp, 20.0, 57.0, 1.0, 1.0, 20.5, 57.5)
        150.0
        >>> sample(ramp, 20.0, 57.0, 1.0, 1.0, 21.5, 57.5)
        nan
    """
    rows, columns = values.shape
    x = (lon - lon0) / step_lon
    y = (lat - lat0) / step_lat
    if not (0.0 <= x <= columns - 1.0 and 0.0 <= y <= rows - 1.0):
        return math.nan
    c = min(int(x), columns - 2)
    r = min(int(y), rows - 2)
    sw, se = values[r, c], values[r, c + 1]
    nw, ne = values[r + 1, c], values[r + 1, c + 1]
    if NO_VALUE in (sw, se, nw, ne):
        return math.nan
    fx, fy = x - c, y - r
    south = sw + (float(se) - sw) * fx
    north = nw + (float(ne) - nw) * fx
    return float(south + (north - south) * fy)


@dataclass(frozen=True)
class Grid:
    """Values at the nodes of a regular grid.

    Attributes:
        values: (rows, columns) int16, rows from south to north; `NO_VALUE` where unknown.
        lon0, lat0: degrees, the south-west node.
        step_lon, step_lat: degrees between nodes.
        unit: unit of the values.
    """

    values: NDArray[np.int16]
    lon0: float
    lat0: float
    step_lon: float
    step_lat: float
    unit: str = "m"

    def __post_init__(self) -> None:
        """Refuse what the kernels cannot read: they look at two rows and two columns."""
        if min(self.values.shape, default=0) < 2 or self.step_lon <= 0 or self.step_lat <= 0:
            raise UsageError("A grid needs two rows, two columns and steps above 0.")

    @property
    def arguments(self) -> tuple[Any, float, float, float, float]:
        """The first five arguments of `sample`, for use inside other kernels."""
        return self.values, self.lon0, self.lat0, self.step_lon, self.step_lat

    def at(self, lon: float, lat: float) -> float:
        """Read the grid at a point, bilinear; NaN outside."""
        return float(sample(*self.arguments, lon, lat))
