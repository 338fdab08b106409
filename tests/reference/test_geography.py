"""Ports, territories and what is read when."""

import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pyproj
import pytest

from sargas.errors import StoreError
from sargas.reference import Geography, port_at, shipped_geography
from sargas.reference.files import DATA, read_bytes
from sargas.reference.geography import land_collection


def test_ports_by_size():
    ports = shipped_geography().ports
    assert len(ports) == 305
    assert Counter(ports.size.tolist()) == {
        "Large": 21, "Medium": 31, "Small": 102, "Very Small": 149, "": 2,
    }  # fmt: skip
    assert (ports.locode != "").sum() == 293
    assert Counter(ports.radius_m.tolist()) == {5000.0: 52, 2000.0: 253}


def test_ports_hold_no_depth():
    """The index's depths are classes, and 0.0 means missing: they must not reach anyone."""
    assert not any("depth" in name for name in shipped_geography().ports.__dataclass_fields__)


def test_port_at_against_a_search_with_pyproj():
    ports = shipped_geography().ports
    geod = pyproj.Geod(ellps="WGS84")
    rng = np.random.default_rng(5)
    at = rng.integers(0, len(ports), 300)
    lon = ports.lon[at] + rng.uniform(-0.1, 0.1, 300)
    lat = ports.lat[at] + rng.uniform(-0.05, 0.05, 300)
    found = 0
    for x, y in zip(lon, lat, strict=True):
        n = len(ports)
        d = np.array(geod.inv(np.full(n, x), np.full(n, y), ports.lon, ports.lat)[2])
        inside = np.where(d <= ports.radius_m, d, math.inf)
        want = int(inside.argmin()) if np.isfinite(inside).any() else -1
        got = port_at(ports.lon, ports.lat, ports.radius_m, x, y)
        if want == -1 or abs(np.partition(inside, 1)[1] - inside.min()) > 1:
            assert got == want or abs(d.min() - 5000) < 2 or abs(d.min() - 2000) < 2
        assert got == port_at.py_func(ports.lon, ports.lat, ports.radius_m, x, y)
        found += got >= 0
    assert 50 < found < 300


def test_a_large_harbour_reaches_five_kilometres_and_a_small_one_two():
    ports = shipped_geography().ports
    geod = pyproj.Geod(ellps="WGS84")
    for name, near, far in (("Gdansk", 4900, 5200), ("Lielupe", 1900, 2200)):
        i = ports.name.tolist().index(name)
        alone = [np.array([column[i]]) for column in (ports.lon, ports.lat, ports.radius_m)]
        for metres, want in ((near, 0), (far, -1)):
            lon, lat, _ = geod.fwd(ports.lon[i], ports.lat[i], 37.0, metres)
            assert port_at(*alone, lon, lat) == want


def test_port_name_at():
    assert shipped_geography().port_name_at(23.43, 57.0) == "Lielupe"
    assert shipped_geography().port_name_at(19.9, 57.0) is None


@pytest.mark.parametrize(
    ("lon", "lat", "codes"),
    [
        (20.0, 60.2, ["ALA", "FIN"]),  # Åland lies in Finland
        (26.643568, 59.7734, ["EST", "RUS"]),  # the two polygons overlap here
        (24.75, 59.5, ["EST"]),
        (21.0, 55.7, ["LTU"]),
        (25.0, 60.0, ["FIN"]),
        (18.5, 57.2, ["SWE"]),  # off Gotland, inside 12 nm
        (19.9, 57.0, []),
        (0.0, 0.0, []),
    ],
)
def test_territories_at(lon, lat, codes):
    got = shipped_geography().territories_at(lon, lat)
    assert got == sorted(got)
    assert got == codes


def test_layers_are_read_when_asked_for():
    asked = []

    def read(name):
        asked.append(name)
        return read_bytes(name)

    geo = Geography(read)
    assert asked == []
    geo.depth.at(20, 57)
    geo.depth.at(21, 57)
    assert asked == ["etopo5_baltic.npz"]
    geo.territories_at(20, 57)
    assert asked == ["etopo5_baltic.npz", "territory_12nm.geojson"]


def test_a_missing_file_says_what_to_do():
    with pytest.raises(StoreError, match="install sargas again"):
        read_bytes("no-such-file.geojson")


def test_land_for_maps_is_the_stored_file():
    land = land_collection()
    assert len(land["features"][0]["geometry"]["coordinates"]) == 3155
    assert (DATA / "land_baltic_200m.geojson").stat().st_size > 1_000_000


def test_importing_the_room_reads_no_data_file():
    code = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda e, a: opened.append(str(a[0])) if e == 'open' else None)\n"
        "import sargas.reference\n"
        "print([o for o in opened if 'reference/data' in o])\n"
        "print('pyarrow' in sys.modules, 'sqlite3' in sys.modules, 'pyogrio' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "False False False"]
