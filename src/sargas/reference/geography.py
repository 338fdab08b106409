"""Where land, harbours and territorial seas are, and how deep the water is, coarsely.

Each layer is read when it is first asked for and kept. What they can and cannot say:

- `land_distance` knows islands of 0.3 km² and more; a smaller islet is sea. Lakes of 30 km² and
  more count as water. Coasts outside 9-31E, 53-66.5N are unknown, so that values within 20 km
  of that edge are upper bounds.
- `depth` has cells of 9 km by 4-6 km; narrow deeps come out up to 260 m too shallow.
- `ports` are single points, good to a minute of arc (1.8 km).
- `territories` hold land and territorial sea, without baselines, and overlap in two places.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.model.geodesy import short_distance_m
from sargas.model.jit import kernel
from sargas.reference.files import read_bytes, read_json, version_of
from sargas.reference.grid import Grid

LAND_DISTANCE, DEPTH = "land_distance.npz", "etopo5_baltic.npz"
PORTS, TERRITORY = "ports_wpi.geojson", "territory_12nm.geojson"

COAST_MASK_M = 1000.0
"""Stops this close to land are harbour life by default (geodata.md 6: 71 of 80 of them)."""
PORT_RADIUS_M = 2000.0
LARGE_PORT_RADIUS_M = 5000.0
LARGE_SIZES = ("Large", "Medium")


@dataclass(frozen=True)
class Ports:
    """Harbours as columns of shape (n,), sorted by longitude and latitude.

    Attributes:
        name, locode, country, size: text; empty where the index does not say.
        lon, lat: float64, degrees.
        radius_m: float64, within which a stop counts as harbour life: 5 km for large and medium
            harbours, 2 km for the rest.
    """

    name: NDArray[np.str_]
    locode: NDArray[np.str_]
    country: NDArray[np.str_]
    size: NDArray[np.str_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    radius_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.lon)


@kernel
def port_at(
    port_lon: NDArray[np.float64],
    port_lat: NDArray[np.float64],
    radius_m: NDArray[np.float64],
    lon: float,
    lat: float,
) -> int:
    """Find the nearest harbour whose circle holds a point.

    Args:
        port_lon, port_lat: (n,) float64, degrees, as in `Ports`.
        radius_m: (n,) float64, metres.
        lon, lat: degrees.

    Returns:
        Index of the harbour, -1 for none. Harbours equally near: the first.

    Cost: O(n), with a subtraction for most of them.
    """
    best, best_m = -1, math.inf
    for i in range(port_lon.shape[0]):
        if abs(port_lat[i] - lat) * 110_000.0 > radius_m[i]:
            continue
        d = short_distance_m(port_lon[i], port_lat[i], lon, lat)
        if d <= radius_m[i] and d < best_m:
            best, best_m = i, d
    return best


class Geography:
    """The shipped layers of the sea's surroundings; every layer is read on first use.

    Args:
        read: gives a data file's bytes by name.
        version: names the content of the four files.

    Example:
        >>> geo = shipped_geography()
        >>> geo.territories_at(24.75, 59.5), geo.territories_at(19.9, 57.0)
        (['EST'], [])
    """

    def __init__(
        self, read: Callable[[str], bytes] = read_bytes, version: str | None = None
    ) -> None:
        self._read = read
        self._version = version

    @cached_property
    def version(self) -> str:
        """Name of the content of the layers: 12 hexadecimal digits."""
        return self._version or version_of(LAND_DISTANCE, DEPTH, PORTS, TERRITORY)

    @cached_property
    def land_distance(self) -> Grid:
        """Metres to the nearest coast: > 0 at sea, < 0 on land, clipped at 20,000."""
        with np.load(io.BytesIO(self._read(LAND_DISTANCE))) as stored:
            first, delta = stored["first"], stored["delta"]
            steps = np.empty((len(first), delta.shape[1] + 1), dtype=np.int16)
            steps[:, 0] = first
            np.cumsum(delta, axis=1, dtype=np.int16, out=steps[:, 1:])
            steps[:, 1:] += first[:, None]
            steps *= stored["step_m"]
            lon0, lat0, step_lon, step_lat = (float(x) for x in stored["grid"])
        return Grid(steps, lon0, lat0, step_lon, step_lat)

    @cached_property
    def depth(self) -> Grid:
        """Height of the ground in metres, negative below the sea; a coarse hint only."""
        with np.load(io.BytesIO(self._read(DEPTH))) as stored:
            lon, lat, z = stored["lon"], stored["lat"], stored["z"]
        step_lon = float(lon[-1] - lon[0]) / (len(lon) - 1)
        step_lat = float(lat[-1] - lat[0]) / (len(lat) - 1)
        return Grid(np.ascontiguousarray(z), float(lon[0]), float(lat[0]), step_lon, step_lat)

    @cached_property
    def ports(self) -> Ports:
        """Harbours of the World Port Index."""
        features = json.loads(self._read(PORTS))["features"]
        features.sort(key=lambda f: (f["geometry"]["coordinates"], f["properties"][_PORT_NUMBER]))
        rows = [f["properties"] for f in features]
        points = np.array([f["geometry"]["coordinates"][:2] for f in features], dtype=np.float64)
        size = np.array([r["Harbor Size"] for r in rows], dtype=np.str_)
        return Ports(
            name=np.array([r["Main Port Name"] for r in rows], dtype=np.str_),
            locode=np.array([r["UN/LOCODE"] for r in rows], dtype=np.str_),
            country=np.array([r["Country Code"] for r in rows], dtype=np.str_),
            size=size,
            lon=np.ascontiguousarray(points[:, 0]),
            lat=np.ascontiguousarray(points[:, 1]),
            radius_m=np.where(np.isin(size, LARGE_SIZES), LARGE_PORT_RADIUS_M, PORT_RADIUS_M),
        )

    def port_name_at(self, lon: float, lat: float) -> str | None:
        """Name the nearest harbour whose circle holds a point."""
        index = int(port_at(self.ports.lon, self.ports.lat, self.ports.radius_m, lon, lat))
        return str(self.ports.name[index]) if index >= 0 else None

    @cached_property
    def _territory(self) -> tuple[list[str], Any]:
        """The codes of the territories, and a tree of their polygons in the same order."""
        features = json.loads(self._read(TERRITORY))["features"]
        features.sort(key=lambda f: f["properties"]["iso3"])
        shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in features]
        return [f["properties"]["iso3"] for f in features], shapely.STRtree(shapes)

    def territories_at(self, lon: float, lat: float) -> list[str]:
        """List the states whose land or territorial sea holds a point, sorted by code.

        Åland answers `['ALA', 'FIN']`: it is part of Finland. A strip of the Gulf of
        Finland answers `['EST', 'RUS']`: the two polygons overlap. An empty list means outside
        every territorial sea, or outside the area of the file; it does not say whose economic
        zone.

        Args:
            lon, lat: degrees.

        Returns:
            ISO 3166-1 alpha-3 codes.
        """
        codes, tree = self._territory
        found = tree.query(shapely.points(lon, lat), predicate="intersects")
        return sorted(codes[int(i)] for i in found)


LAND_FILE = "land_baltic_200m.geojson"
_PORT_NUMBER = "World Port Index Number"


@cache
def shipped_geography() -> Geography:
    """Give the shipped geography; the same object each time."""
    return Geography()


def land_collection() -> Any:  # noqa: ANN401 - GeoJSON
    """Read the land polygons as GeoJSON, for maps."""
    return read_json(LAND_FILE)
