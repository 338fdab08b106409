"""The land distance grid against exact distances to the same land."""

import hashlib
import json
import math

import numpy as np
import pyproj
import pytest
import shapely

from sargas.errors import UsageError
from sargas.reference import sample, shipped_geography
from sargas.reference.files import DATA, read_json
from sargas.reference.grid import NO_VALUE, Grid


@pytest.fixture(scope="module")
def land():
    """Land polygons and coast lines in metres (EPSG:3035); cuts along the box are no coast."""
    to_metres = pyproj.Transformer.from_crs(4326, 3035, always_xy=True).transform

    def metres(points):
        return np.column_stack(to_metres(points[:, 0], points[:, 1]))

    geometry = shapely.from_geojson(
        json.dumps(read_json("land_baltic_200m.geojson")["features"][0]["geometry"])
    )
    polygons = shapely.get_parts(geometry)
    coast = []
    for polygon in polygons:
        for ring in [polygon.exterior, *polygon.interiors]:
            points = shapely.get_coordinates(ring)
            sides = [
                np.abs(points[:, axis] - side) < 1e-3
                for side, axis in ((9, 0), (31, 0), (53, 1), (66.5, 1))
            ]
            cut = np.any([side[:-1] & side[1:] for side in sides], axis=0)
            flat = metres(points)
            coast.append(np.stack([flat[:-1], flat[1:]], axis=1)[~cut])
    planar = shapely.linestrings(np.vstack(coast))
    return metres, shapely.STRtree(planar), planar, shapely.STRtree(polygons)


def exact_m(land, points):
    """Signed distance to the coast: foot point by shapely in EPSG:3035, metres by pyproj.

    EPSG:3035 itself is up to 1 % off in length this far from its centre.
    """
    metres, tree, lines, polygons = land
    at = shapely.points(metres(points))
    foot = shapely.get_coordinates(shapely.shortest_line(at, lines[tree.nearest(at)]))[1::2]
    lon, lat = pyproj.Transformer.from_crs(3035, 4326, always_xy=True).transform(*foot.T)
    geod = pyproj.Geod(ellps="WGS84")
    distance = np.asarray(geod.inv(points[:, 0], points[:, 1], lon, lat)[2])
    hit, _ = polygons.query(shapely.points(points), predicate="intersects")
    distance[np.unique(hit)] *= -1
    return distance


def test_land_distance_against_exact(land):
    grid = shipped_geography().land_distance
    rng = np.random.default_rng(11)
    points = np.column_stack([rng.uniform(9.4, 30.6, 6000), rng.uniform(53.3, 66.2, 6000)])
    exact = exact_m(land, points)
    got = np.array([grid.at(lon, lat) for lon, lat in points])
    clear = np.abs(exact) < 19_000
    error = np.abs(got - exact)[clear]
    p50, p95 = np.percentile(error, [50, 95])
    print(f"n={clear.sum()} p50={p50:.0f} p95={p95:.0f} max={error.max():.0f} m")
    assert clear.sum() > 2500
    assert p50 < 25
    assert p95 < 110
    assert error.max() < 450
    # Beyond the clip the grid must stay near the clip, on the right side.
    assert (np.sign(got[~clear]) == np.sign(exact[~clear])).all()
    assert (np.abs(got[~clear]) > 18_000).all()


def test_land_distance_near_the_coast_and_the_one_kilometre_mask(land):
    """Where the default mask decides (1 km from land), the grid must decide alike."""
    grid = shipped_geography().land_distance
    rng = np.random.default_rng(12)
    points = np.column_stack([rng.uniform(20.5, 28, 8_000), rng.uniform(58.2, 60.4, 8_000)])
    exact = exact_m(land, points)
    near = (exact > 0) & (exact < 3000)
    got = np.array([grid.at(lon, lat) for lon, lat in points[near]])
    error = np.abs(got - exact[near])
    p50, p95 = np.percentile(error, [50, 95])
    wrong = ((got <= 1000) != (exact[near] <= 1000)).mean()
    print(f"n={near.sum()} p50={p50:.0f} p95={p95:.0f} max={error.max():.0f} wrong={wrong:.4f}")
    assert p50 < 40
    assert p95 < 170
    assert wrong < 0.02


@pytest.mark.parametrize(
    ("lon", "lat", "low", "high"),
    [
        (19.9, 57.0, 20_000, 20_000),  # east of Gotland, far out
        (26.72, 58.37, -20_000, -15_000),  # Tartu
        (18.3, 57.5, -12_000, -9000),  # Gotland
        (24.75, 59.50, 300, 5000),  # Tallinn bay
        (18.63, 60.0, -20_000, -1),  # Swedish mainland north of Stockholm
        (31.0, 66.5, -3000, -1),  # the box's own corner is cut land; a lake is near
        (9.0, 53.0, -20_000, -1),
    ],
)
def test_known_places(lon, lat, low, high):
    assert low <= shipped_geography().land_distance.at(lon, lat) <= high


def test_compiled_and_plain_kernels_agree():
    rng = np.random.default_rng(3)
    values = rng.integers(-500, 500, (13, 17)).astype(np.int16)
    values[4, 5] = NO_VALUE
    for lon, lat in rng.uniform([9, 52], [13, 56], (2000, 2)):
        a = sample(values, 10.0, 53.0, 0.125, 0.2, lon, lat)
        b = sample.py_func(values, 10.0, 53.0, 0.125, 0.2, lon, lat)
        assert a == b or (math.isnan(a) and math.isnan(b))


def test_sample_is_exact_on_nodes_and_nan_outside():
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    for r in range(3):
        for c in range(4):
            assert sample(values, 9.0, 53.0, 1.0, 1.0, 9.0 + c, 53.0 + r) == values[r, c]
    for lon, lat in [
        (8.99, 54),
        (12.01, 54),
        (10, 52.99),
        (10, 55.01),
        (math.nan, 54),
        (10, math.nan),
    ]:
        assert math.isnan(sample(values, 9.0, 53.0, 1.0, 1.0, lon, lat))


def test_a_node_without_a_value_gives_nan_around_it():
    values = np.zeros((3, 3), dtype=np.int16)
    values[1, 1] = NO_VALUE
    assert math.isnan(sample(values, 0.0, 0.0, 1.0, 1.0, 0.5, 0.5))


@pytest.mark.parametrize(
    ("lon", "lat", "low", "high"),
    [(24.08, 59.68, -90, -45), (20.05, 57.3, -249, -180), (9.5, 58.25, -711, -400)],
)
def test_depth_at_known_places(lon, lat, low, high):
    assert low <= shipped_geography().depth.at(lon, lat) <= high


def test_depth_is_nan_outside():
    assert math.isnan(shipped_geography().depth.at(0.0, 50.0))


def test_the_stored_grid_comes_from_the_stored_land():
    """Building again gives the stored arrays; one band of rows is enough to prove it."""
    import importlib.util
    import sys
    from pathlib import Path

    tool = Path(__file__).parents[2] / "tools" / "build_land_distance.py"
    spec = importlib.util.spec_from_file_location("build_land_distance", tool)
    built = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = built  # kernels kept on disk look their module up by name
    spec.loader.exec_module(built)
    every, coast = built.coast_segments(DATA / "land_baltic_200m.geojson")
    row, rows, columns = 1200, 8, 2201
    lat0 = 53.0 + row * built.STEP_LAT
    part = np.full((rows, columns), built.CLIP_M)
    built.spread_distance(coast, part, 9.0, lat0, built.STEP_LON, built.STEP_LAT, built.CLIP_M)
    inside = built.winding(every, rows, columns, 9.0, lat0, built.STEP_LON, built.STEP_LAT) > 0
    want = np.rint(np.where(inside, -part, part) / built.UNIT_M) * built.UNIT_M
    stored = shipped_geography().land_distance.values[row : row + rows]
    # The last row is read just inside of a box's edge when it is the top of a box.
    assert (stored[:-1] == want[:-1]).mean() > 0.9999


def test_version_names_the_files():
    geo = shipped_geography()
    digest = hashlib.sha256()
    for name in (
        "land_distance.npz",
        "etopo5_baltic.npz",
        "ports_wpi.geojson",
        "territory_12nm.geojson",
    ):
        digest.update(name.encode() + b"\x1f" + (DATA / name).read_bytes())
    assert geo.version == digest.hexdigest()[:12]


@pytest.mark.parametrize("values", [np.zeros((1, 5), np.int16), np.zeros((0, 0), np.int16)])
def test_a_grid_too_small_for_the_kernels_is_refused(values):
    with pytest.raises(UsageError, match="two rows"):
        Grid(values, 9.0, 53.0, 0.1, 0.1)
