"""D14: vessels side by side, settings of others, labels, how it ends, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.geodesy import short_distance_m, step_along
from sargas.watch.detect.encounter import Encounter
from sargas.watch.fold import Watch
from sargas.watch.rules import load_rules
from tests.watch import laws
from tests.watch.tracks import MINUTE, T0, Track, statics

OPEN_SEA = (20.0, 57.6)
OVER = (20.0, 57.003)
"""330 m north of the precise line."""
A, B, C = 230_000_001, 230_000_002, 230_000_003


def meetings(*parts, rules=None):
    w = Watch(laws.sea(), laws.shipped_geography(), rules, detectors=(Encounter,))
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def track(mmsi=A, minutes=60, kn=0.2, off_m=0.0, at=OPEN_SEA, to_deg=90, cog=0, **options):
    """Lie or sail slowly, so far off a place."""
    lon, lat = step_along(*at, to_deg, off_m)
    made = {"every_s": 60, "noise_kn": 0.02, "seed": mmsi % 97} | options
    t = Track(mmsi=mmsi, lon=lon, lat=lat, **made)
    return t.sail(minutes, sog_kn=kn, cog_deg=cog) if minutes else t


def test_half_an_hour_side_by_side_names_both():
    said = statics(B, name="OTHER", ship_type=70)
    (a,) = meetings(track(B, off_m=120).fixes(), track(A).fixes(), said)
    assert (a.detector, a.state, a.priority, a.asset) == ("encounter", "open", "P3", None)
    assert a.subject.mmsi == A
    assert a.context["other"]["mmsi"] == B
    assert T0 <= a.t_start_ms < T0 + 2 * MINUTE
    assert a.t_detected_ms == T0 + 32 * MINUTE
    assert "MMSI 230000001 and OTHER (MMSI 230000002) have been within 200 m" in a.text
    assert "120 m apart on average, at 0.2 kn" in a.text
    assert a.context["label"] is None
    assert all(r.passed for r in a.why)


@pytest.mark.parametrize(
    ("one", "two", "opens"),
    [
        ({"minutes": 29}, {"minutes": 29, "off_m": 150}, False),
        ({}, {"off_m": 190}, True),
        ({}, {"off_m": 215}, False),
        ({"minutes": 15}, {"minutes": 15, "off_m": 40}, True),  # touching
        ({"minutes": 9}, {"minutes": 9, "off_m": 40}, False),
        ({"kn": 2.5}, {"kn": 2.5, "off_m": 100}, False),  # sailing together
        ({"kn": 1.5}, {"kn": 1.5, "off_m": 100}, True),
        ({"at": (24.75, 59.47)}, {"at": (24.75, 59.47), "off_m": 100}, False),  # in port
        ({"every_s": 180}, {"every_s": 180, "off_m": 100}, True),  # both at anchor
    ],
)
def test_gates(one, two, opens):
    assert bool(meetings(track(A, **one).fixes(), track(B, **two).fixes())) is opens


def test_one_number_in_two_places_meets_nobody():
    """A vessel does not meet itself, whatever segment of it."""
    assert meetings(track(A).fixes(), track(A, off_m=100, seed=5).fixes()) == []


def test_the_settings_of_others(tmp_path):
    def with_rules(text, *parts):
        file = tmp_path / "rules.toml"
        file.write_text("[encounter]\n" + text)
        return bool(meetings(*parts, rules=load_rules(file)))

    gfw = "radius_m = 500\nnear_min = 120\nclose_m = 0"
    skylight = "radius_m = 250\nclose_m = 0\nmax_kn = 100\nmin_land_km = 0"
    hours = (track(A, 150).fixes(), track(B, 150, off_m=400).fixes())
    passing = (track(A, 40, kn=8).fixes(), track(B, 40, kn=8, off_m=230).fixes())
    assert (with_rules(gfw, *hours), with_rules(skylight, *hours), bool(meetings(*hours))) == (
        True, False, False,
    )  # fmt: skip
    assert (with_rules(gfw, *passing), with_rules(skylight, *passing)) == (False, True)
    assert not meetings(*passing)


def test_over_a_well_known_asset_it_is_a_warning_unless_the_types_explain_it():
    fixes = (track(A, at=OVER, cog=90).fixes(), track(B, at=OVER, off_m=100, cog=90).fixes())
    (a,) = meetings(*fixes)
    assert (a.priority, a.asset.id) == ("P2", "alpha")
    assert "330 m from Alpha (power cable)" in a.text
    labels = {
        50: "pilot", 52: "tug or tow", 60: "passenger ship",
        80: "tanker: bunkering or a transfer", 30: "vessel at work",
    }  # fmt: skip
    for kind, label in labels.items():
        (b,) = meetings(*fixes, statics(B, ship_type=kind))
        assert (b.priority, b.context["label"]) == ("P3", label)
        assert any(label in s for s in b.against)


def test_three_alongside_are_three_alerts_with_ids_of_their_own():
    got = meetings(
        track(A).fixes(), track(B, off_m=80).fixes(), track(C, off_m=80, to_deg=270).fixes()
    )
    assert len(got) == 3
    assert len({a.id for a in got}) == 3
    assert sorted((a.subject.mmsi, a.context["other"]["mmsi"]) for a in got) == [
        (A, B), (A, C), (B, C),
    ]  # fmt: skip


def test_a_short_silence_does_not_part_them_and_how_it_ends():
    t = track(B, 20, off_m=100).silent(8, sog_kn=0.2, cog_deg=0)
    assert len(meetings(track(A, 48).fixes(), t.sail(20, sog_kn=0.2, cog_deg=0).fixes())) == 1
    t = track(B, 20, off_m=100).silent(15, sog_kn=0.2, cog_deg=0)
    assert meetings(track(A).fixes(), t.sail(20, sog_kn=0.2, cog_deg=0).fixes()) == []
    gone = track(B, 40, off_m=100).sail(30, sog_kn=9, cog_deg=90)
    a, b = meetings(track(A, 70).fixes(), gone.fixes())
    assert (a.id, b.state, b.priority) == (b.id, "closed", a.priority)
    assert "lay near each other for 39 minutes from 06:0" in b.text
    assert "they had parted by 06:5" in b.text
    a, b = meetings(track(A, 70).fixes(), track(B, 40, off_m=100).fixes())
    assert "one of them was not received any more by" in b.text


def test_the_grid_finds_what_a_plain_search_finds():
    """Against every pair of 400 vessels, also across cells, rows and a high latitude."""
    rng = np.random.default_rng(7)
    for lat0 in (57.6, 70.2):
        n = 400
        w = laws.new_watch(Encounter)
        (detector,) = w.detectors
        detector._grow(n)
        state = detector.state
        state["lon"][:n] = 20.0 + rng.uniform(0, 0.2, n)
        state["lat"][:n] = lat0 + rng.uniform(0, 0.1, n)
        state["t_ms"][:n], state["sog_kn"][:n], state["land_m"][:n] = 0, 0.1, np.nan
        state["subject"][:n] = np.arange(n)
        found = detector._find(0)
        got = {(int(k) >> 32, int(k) & 0xFFFFFFFF) for k in detector._key[:found]}
        search_m = detector.params.radius_m * detector.params.exit
        plain = {
            (i, j) for i in range(n) for j in range(i + 1, n)
            if short_distance_m(*(float(state[f][k]) for k in (i, j) for f in ("lon", "lat")))
            <= search_m
        }  # fmt: skip
        assert len(plain) > 50
        assert got == plain


def scene():
    """Two that meet and part, three alongside, one pair over the line that falls silent."""
    return laws.whole(
        track(A, 120).fixes(), track(B, 40, off_m=100).sail(30, sog_kn=9, cog_deg=90).fixes(),
        track(C, 80, at=(20.1, 57.8), every_s=30).fixes(),
        track(C + 1, 80, at=(20.1, 57.8), off_m=45).fixes(),
        track(C + 2, 80, at=(20.1, 57.8), off_m=90).fixes(),
        track(C + 3, 60, at=OVER).fixes(), track(C + 4, 40, at=OVER, off_m=100).fixes(),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(Encounter), scene(), [])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    whole = scene()
    cuts = laws.random_cuts(len(whole.fixes), rng)
    once = scene_lines()
    assert len(once) == 10
    got = laws.fold_in_cuts(
        laws.new_watch(Encounter), whole, cuts, reload_at=int(rng.integers(0, len(cuts) + 1))
    )
    assert sorted(got) == sorted(once)


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_encounter", "scene_lines") == scene_lines()
