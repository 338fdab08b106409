"""What the default masks catch among real stopped vessels: the table of geodata.md, section 6."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from sargas.reference import port_at, shipped_assets, shipped_geography
from sargas.reference.geography import COAST_MASK_M

SNAPSHOT = (
    Path(__file__).parents[1] / "data" / "ais" / "digitraffic-snapshot-2025-12-11T2044Z.csv.gz"
)


@pytest.fixture(scope="module")
def vessels():
    """Columns of the snapshot with the distance to the nearest line, by shapely and pyproj."""
    with gzip.open(SNAPSHOT, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lon, lat, sog_kn = (
        np.array([float(row[name]) for row in rows]) for name in ("longitude", "latitude", "sog")
    )
    move = pyproj.Transformer.from_crs(4326, 3035, always_xy=True).transform
    lines = np.array([
        shapely.transform(
            shapely.segmentize(a.geometry, 0.05), lambda c: np.column_stack(move(c[:, 0], c[:, 1]))
        )
        for a in shipped_assets().assets if a.kind.endswith(("cable", "pipeline"))
    ])  # fmt: skip
    points = shapely.points(np.column_stack(move(lon, lat)))
    distance_m = shapely.distance(points, lines[shapely.STRtree(lines).nearest(points)])
    return lon, lat, sog_kn, distance_m


@pytest.mark.parametrize(
    ("reach_m", "near", "stopped", "by_land", "by_port_2km", "by_neither"),
    [(926, 256, 80, 71, 14, 9), (1852, 633, 318, 303, 188, 15)],
)
def test_land_distance_catches_the_moorings_that_port_points_miss(
    vessels, reach_m, near, stopped, by_land, by_port_2km, by_neither
):
    lon, lat, sog_kn, distance_m = vessels
    geo = shipped_geography()
    close = distance_m <= reach_m
    assert close.sum() == near
    at = np.flatnonzero(close & (sog_kn <= 0.5))
    assert len(at) == stopped
    land = np.array([geo.land_distance.at(lon[i], lat[i]) <= COAST_MASK_M for i in at])
    radius_m = np.full(len(geo.ports), 2000.0)
    port = np.array(
        [port_at(geo.ports.lon, geo.ports.lat, radius_m, lon[i], lat[i]) >= 0 for i in at]
    )
    assert (land.sum(), port.sum(), (~land & ~port).sum()) == (by_land, by_port_2km, by_neither)
