"""Masks from GeoJSON: what is required, and what is refused."""

import json

import pytest

from sargas.errors import InputError
from sargas.model.time import parse_iso
from sargas.reference import load_masks

SQUARE = [[[24.0, 59.0], [25.0, 59.0], [25.0, 60.0], [24.0, 60.0], [24.0, 59.0]]]


def write(tmp_path, *changes, geometry=None):
    features = []
    for number, change in enumerate(changes or ({},), 1):
        p = {"id": f"m{number}", "kind": "anchorage", "owner": "Port of X",
             "valid_until": "2027-01-01T00:00:00Z"} | change  # fmt: skip
        shape = geometry if geometry is not None else {"type": "Polygon", "coordinates": SQUARE}
        features.append({"type": "Feature", "properties": p, "geometry": shape})
    path = tmp_path / "masks.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_a_mask_with_all_fields(tmp_path):
    path = write(tmp_path, {
        "reason": "roads", "valid_from": "2026-01-01T00:00:00+02:00", "assets": ["b", "a"],
        "effect": "downgrade", "detectors": "loiter, gap",
    })  # fmt: skip
    (mask,) = load_masks(path)
    assert mask.id == "m1"
    assert mask.valid_from == "2025-12-31T22:00:00Z"
    assert mask.valid_until == "2027-01-01T00:00:00Z"
    assert mask.assets == ("a", "b")
    assert mask.detectors == ("gap", "loiter")
    assert mask.effect == "downgrade"
    assert mask.counts_for("a")
    assert not mask.counts_for("c")


def test_place_and_time(tmp_path):
    (mask,) = load_masks(write(tmp_path, {"valid_from": "2026-01-01T00:00:00Z"}))
    inside = parse_iso("2026-06-01T00:00:00Z")
    assert mask.holds(24.5, 59.5, inside)
    assert not mask.holds(26, 59.5, inside)
    assert not mask.holds(24.5, 59.5, parse_iso("2025-12-31T23:59:59Z"))
    assert mask.holds(24.5, 59.5, parse_iso("2026-01-01T00:00:00Z"))
    assert not mask.holds(24.5, 59.5, parse_iso("2027-01-01T00:00:00Z"))


@pytest.mark.parametrize("value", [None, "all", ["all"], ""])
def test_all_assets(tmp_path, value):
    (mask,) = load_masks(write(tmp_path, {"assets": value}))
    assert mask.assets == ()
    assert mask.counts_for("anything")


def test_defaults(tmp_path):
    (mask,) = load_masks(write(tmp_path))
    assert (mask.effect, mask.valid_from, mask.reason) == ("mute", "1970-01-01T00:00:00Z", "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"owner": ""}, "owner missing"),
        ({"owner": None, "valid_until": None}, "owner, valid_until missing"),
        ({"valid_until": "soon"}, "not an ISO 8601"),
        ({"valid_until": "2027-01-01T00:00:00"}, "no time zone"),
        ({"valid_from": "2028-01-01T00:00:00Z"}, "not after"),
        ({"kind": "garden"}, "garden"),
        ({"effect": "delete"}, "none of mute, downgrade, raise, none"),
        ({"effect": "raise"}, "none of vigilance, of which"),
        ({"kind": "zone", "effect": "mute"}, "kind 'zone'"),
        ({"assets": 5}, "assets is neither"),
        ({"detectors": [1]}, "detectors is neither"),
    ],
)
def test_what_is_refused(tmp_path, change, words):
    with pytest.raises(InputError, match=words) as caught:
        load_masks(write(tmp_path, change))
    assert "masks.geojson" in caught.value.where
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "Point", "coordinates": [24, 59]}, "not a polygon"),
        ({"type": "Polygon", "coordinates": [[[24, 59]]]}, "unusable"),
        ({"type": "Polygon", "coordinates": [[[2e6, 5e6], [2e6, 6e6], [3e6, 6e6], [2e6, 5e6]]]},
         "not in degrees"),
        ({"type": "Blob"}, "unusable"),
        ([], "unusable"),
    ],
)  # fmt: skip
def test_geometry_that_is_no_mask(tmp_path, geometry, words):
    with pytest.raises(InputError, match=words):
        load_masks(write(tmp_path, {}, geometry=geometry))


def test_all_faults_are_named_at_once(tmp_path):
    with pytest.raises(InputError, match=r"2 of 3 masks .*feature 1: .*feature 3: "):
        load_masks(write(tmp_path, {"owner": ""}, {}, {"kind": "x"}))


def test_an_id_twice(tmp_path):
    with pytest.raises(InputError, match="occurs twice"):
        load_masks(write(tmp_path, {"id": "a"}, {"id": "a"}))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "Feature"}', "\x00\x01", "[" * 100_000])
def test_no_geojson(tmp_path, text):
    path = tmp_path / "x.geojson"
    path.write_text(text)
    with pytest.raises(InputError):
        load_masks(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_masks(tmp_path / "no.geojson")
