"""The shipped assets against the facts of reference/geodata.md, sections 2 to 4."""

import itertools
from collections import Counter

import numpy as np
import pyproj
import pytest
import shapely

from sargas.model.assets import KINDS, WATCHED_STATUS
from sargas.reference import shipped_assets
from sargas.reference.files import read_json
from sargas.reference.shipped import FILES, source_key
from sargas.reference.words import STATUSES, kind_of, kind_of_osm_tags, licence_of, status_of


def asset(part_of_id):
    found = [a for a in shipped_assets().assets if part_of_id in a.id]
    assert len(found) == 1, [a.id for a in found]
    return found[0]


def laea(geometry):
    move = pyproj.Transformer.from_crs(4326, 3035, always_xy=True).transform
    return shapely.transform(geometry, lambda c: np.column_stack(move(c[:, 0], c[:, 1])))


def weighted_percentile(values, weights, share):
    order = np.argsort(values)
    along = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(along, share)])


def test_counts_per_kind():
    assert Counter(a.kind for a in shipped_assets().assets) == {
        "telecom_cable": 28, "unspecified_cable": 74, "power_cable": 15, "gas_pipeline": 5,
        "wind_farm": 16, "lng_terminal": 24,
    }  # fmt: skip


def test_every_feature_of_both_files_is_an_asset():
    ids = [f["properties"]["id"] for file in FILES for f in read_json(file)["features"]]
    assert len(ids) == 162
    assert sorted(ids) == [a.id for a in shipped_assets().assets]


def test_it_is_cached():
    assert shipped_assets() is shipped_assets()


def test_status_is_in_the_houses_words():
    counts = Counter(a.status for a in shipped_assets().assets)
    # 46 in service + 14 operational + 13 operating; 2 damaged; 6 proposed + 2 planned_or_...
    assert counts == {
        "in_service": 73, "out_of_service": 2, "planned": 8, "construction": 3, "idle": 1,
        "retired": 1, "unknown": 74,
    }  # fmt: skip
    assert set(counts) <= set(STATUSES)
    assert {a.status for a in shipped_assets().watched().assets} == set(WATCHED_STATUS)


def test_source_keys_hold_no_date_and_references_are_unique():
    assets = shipped_assets().assets
    assert Counter(a.source for a in assets) == {"osm": 120, "gem": 26, "emodnet": 16}
    keys = [(a.source, a.source_ref) for a in assets]
    assert len(set(keys)) == len(keys)
    fallback = [a for a in assets if a.source_ref == a.id]
    assert Counter(a.kind for a in fallback) == {
        "power_cable": 15, "gas_pipeline": 5, "wind_farm": 16,
    }  # fmt: skip
    assert all("2026" in a.source_version for a in assets if a.kind == "telecom_cable")


def test_nord_stream_is_read_as_odbl():
    assert {asset("nord-stream-1").licence, asset("nord-stream-2").licence} == {"ODbL-1.0"}
    assert licence_of("CC-BY-4.0; geometry carries OSM name tags: treat as ODbL-1.0") == "ODbL-1.0"


def test_one_licence_per_file():
    by_file = {}
    for a in shipped_assets().assets:
        by_file.setdefault(a.properties["file"], set()).add(a.licence)
    assert by_file == {FILES[0]: {"ODbL-1.0"}, FILES[1]: {"CC-BY-4.0"}}


def test_every_asset_says_whom_to_credit():
    assert all(a.attribution for a in shipped_assets().assets)
    assert "© OpenStreetMap contributors" in shipped_assets().attributions


@pytest.mark.parametrize(
    ("part", "points", "length_km", "accuracy_m", "p50", "p90"),
    [
        ("balticconnector", 56, 77.5, 200, 200, 631),
        ("c-lion1", 800, 1212, 200, 476, 1060),
        ("bcs-east-west-interlink", 8, 214, 3000, 5000, 5000),
        ("ventspils-farosund", 37, 163, 1000, 1000, 1310),
        ("estlink-2", 98, 147.1, 200, 277, 1440),
        ("nordbalt", 30, 395, 1000, 3021, 4360),
        ("baltic-pipe-baltic-sea", 37, 273, 200, 1702, 2845),
    ],
)
def test_accuracy_per_piece_of_the_named_assets(part, points, length_km, accuracy_m, p50, p90):
    """geodata.md, section 4: length-weighted percentiles of the accuracy of pieces."""
    assets, found = shipped_assets(), asset(part)
    pieces = assets.pieces
    own = pieces.asset == assets.index_of(found.id)
    assert shapely.get_num_coordinates(found.geometry) == points
    assert found.length_km == pytest.approx(length_km, abs=0.6)
    assert found.accuracy_m == accuracy_m
    accuracy, length = pieces.accuracy_m[own], pieces.length_m[own]
    assert weighted_percentile(accuracy, length, 0.5) == pytest.approx(p50, abs=1)
    assert weighted_percentile(accuracy, length, 0.9) == pytest.approx(p90, abs=1)


@pytest.mark.parametrize(
    ("kinds", "length_km", "shares"),
    [
        (("telecom_cable", "unspecified_cable", "power_cable", "gas_pipeline"), 13_599,
         (52, 25, 19, 4)),
        (("telecom_cable",), 6095, (48, 33, 13, 6)),
        (("unspecified_cable",), 2499, (85, 9, 7, 0)),
        (("power_cable",), 1989, (21, 31, 41, 8)),
        (("gas_pipeline",), 3017, (53, 20, 28, 0)),
    ],
)  # fmt: skip
def test_share_of_length_by_buffer(kinds, length_km, shares):
    """geodata.md, section 3: buffer = max(926 m, accuracy of the piece)."""
    assets = shipped_assets()
    wanted = np.array([a.kind in kinds for a in assets.assets])[assets.pieces.asset]
    km = assets.pieces.length_m[wanted] / 1000
    buffer_m = np.maximum(926, assets.pieces.accuracy_m[wanted])
    assert km.sum() == pytest.approx(length_km, abs=1)
    edges = (0, 926, 1852, 4999.999, np.inf)
    for (low, high), share in zip(itertools.pairwise(edges), shares, strict=True):
        got = 100 * km[(buffer_m > low) & (buffer_m <= high)].sum() / km.sum()
        assert got == pytest.approx(share, abs=0.6)


@pytest.mark.parametrize(
    ("part", "chainage_km"),
    [
        ("eastern-light-sweden-finland", 20.49),
        ("bcs-north-phase-1", 31.06),
        ("nord-stream-2", 40.99),
        ("nord-stream-1", 43.06),
        ("c-lion1", 43.77),
        ("baltika", 44.19),
        ("baltic-sea-submarine-cable", 61.77),
    ],
)
def test_what_crosses_balticconnector_where(part, chainage_km):
    pipe = laea(asset("balticconnector").geometry)
    crossing = laea(asset(part).geometry).intersection(pipe)
    assert crossing.geom_type == "Point"
    assert pipe.project(crossing) / 1000 == pytest.approx(chainage_km, abs=0.01)


def test_balticconnector_starts_at_the_finnish_end():
    (_, first), (_, last) = shapely.get_coordinates(asset("balticconnector").geometry)[[0, -1]]
    assert first > 60 > 59.5 > last


def test_where_c_lion1_crosses_bcs_east_west_interlink():
    point = asset("c-lion1").geometry.intersection(asset("bcs-east-west-interlink").geometry)
    assert (point.x, point.y) == pytest.approx((19.2126, 57.1576), abs=1e-4)


def test_known_defects_are_what_the_notice_says():
    assert shapely.get_num_coordinates(asset("hvdc-gotland").geometry) == 2
    assert asset("nord-stream-2").length_km > 1400  # holds 194 km on land
    longest = max(
        pyproj.Geod(ellps="WGS84").inv(*a, *b)[2]
        for a, b in itertools.pairwise(shapely.get_coordinates(asset("east-west").geometry))
    )
    assert longest == pytest.approx(153_000, abs=1000)


def test_all_geometry_is_valid_flat_and_in_the_box():
    for a in shipped_assets().assets:
        assert a.geometry.is_valid, a.id
        assert not a.geometry.has_z
        assert shapely.box(9, 53, 31, 66.5).intersects(a.geometry)
        assert a.kind in KINDS


def test_an_unknown_source_is_refused():
    with pytest.raises(Exception, match="unknown source"):
        source_key("somebody's notebook")


def test_pieces_are_at_most_five_kilometres():
    assert shipped_assets().pieces.length_m.max() <= 5000.0


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("operational", "in_service"), ("operating", "in_service"), (" In Service ", "in_service"),
        ("damaged_out_of_service", "out_of_service"), ("proposed", "planned"),
        ("planned_or_construction", "planned"), ("construction", "construction"),
        ("Under-Construction", "construction"), ("idle", "idle"), ("retired", "retired"),
        ("Decommissioned", "retired"), ("", "unknown"), (None, "unknown"), ("purple", None),
    ],
)  # fmt: skip
def test_status_words(text, status):
    assert status_of(text) == status


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Gas Pipeline", "gas_pipeline"), ("oil pipeline", "oil_pipeline"),
        ("Submarine cable", "unspecified_cable"), ("HVDC", "power_cable"),
        ("fibre optic", "telecom_cable"), ("FSRU", "lng_terminal"), ("Wind park", "wind_farm"),
        ("other", "other"), ("lighthouse", None), (None, None),
    ],
)  # fmt: skip
def test_kind_words(text, kind):
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"power": "cable", "submarine": "yes"}, "power_cable"),
        ({"communication": "line", "submarine": "yes"}, "telecom_cable"),
        ({"seamark:type": "cable_submarine"}, "unspecified_cable"),
        ({"seamark:type": "cable_submarine", "seamark:cable_submarine:category": "fibre_optic"},
         "telecom_cable"),
        ({"man_made": "pipeline", "substance": "gas"}, "gas_pipeline"),
        ({"man_made": "pipeline", "substance": "oil"}, "oil_pipeline"),
        ({"man_made": "pipeline", "substance": "water"}, None),
        ({"highway": "primary"}, None),
    ],
)  # fmt: skip
def test_kind_from_openstreetmap_tags(tags, kind):
    assert kind_of_osm_tags(tags) == kind
