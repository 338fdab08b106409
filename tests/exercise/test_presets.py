"""The peers' rules: each fires on what it asks for and not on what lies beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sargas.errors import UsageError
from sargas.exercise.presets import PRESETS, amsa, chosen, gfw, pairs, prox_slow, prox_wander
from sargas.exercise.presets import tracks as columns
from sargas.exercise.presets.tracks import Collector, Tracks, first_copies
from sargas.feeds import open_feed
from sargas.model.fixes import PER_DEGREE, Batch, Fixes, Statics
from sargas.model.time import iso, parse_iso
from sargas.reference import shipped_assets, shipped_geography

from ..watch.tracks import T0, Track, statics

AIS = Path(__file__).parents[1] / "data" / "ais"
OPEN_SEA = {"lon": 15.8, "lat": 54.6}
"""North of Poland, more than 20 km from land and 10 km from every asset."""
BY_CABLE = {"lon": 15.52, "lat": 55.652}
"""Half a kilometre beside SwePol Link."""


def tracks_of(*parts: Fixes | Statics) -> Tracks:
    collector = Collector()
    fixes = Fixes.concat([p for p in parts if isinstance(p, Fixes)])
    collector.add(Batch(fixes, Statics.concat([p for p in parts if isinstance(p, Statics)])))
    return collector.tracks(shipped_assets(), shipped_geography())


def found(preset: str, *parts: Fixes | Statics) -> dict[str, list[tuple[int, int]]]:
    """(MMSI, minutes after the start) by word."""
    out: dict[str, list[tuple[int, int]]] = {}
    for row in PRESETS[preset].find(tracks_of(*parts)):
        out.setdefault(str(row["word"]), []).append(
            (int(row["mmsi"]), round((int(row["t_ms"]) - T0) / 60_000))
        )
    return out


def sailing(minutes: float = 120, *, sog_kn: float = 11.0, **track: float) -> Track:
    return Track(**(OPEN_SEA | track)).sail(minutes, sog_kn=sog_kn, cog_deg=20.0)


# --- what all read
def test_copies_are_removed_and_rows_sorted_by_vessel_and_time() -> None:
    one = Track(mmsi=2, **OPEN_SEA).sail(5, sog_kn=9, cog_deg=10).fixes()
    other = Track(mmsi=1, **OPEN_SEA).sail(5, sog_kn=9, cog_deg=10).fixes()
    late = one.take(np.arange(10))
    late.t_ms[:] += 17 * 60_000
    got = tracks_of(one, late, other)
    assert got.first.tolist() == [0, 30, 60]
    assert got.mmsi.tolist() == [1] * 30 + [2] * 30
    assert (np.diff(got.t_ms[30:]) > 0).all()
    assert got.t_ms[30:].tolist() == sorted(one.t_ms.tolist())


def test_the_same_bits_after_half_an_hour_are_a_report_of_their_own() -> None:
    one = Track(**OPEN_SEA).sail(1, sog_kn=0, cog_deg=0).fixes().take(np.array([0, 0, 0]))
    one.t_ms[:] += np.array([0, 29, 60]) * 60_000
    assert first_copies(one).tolist() == [0, 2]


def test_distance_to_the_nearest_asset_is_that_of_shapely() -> None:
    import shapely
    from pyproj import Transformer

    got = tracks_of(Track(**BY_CABLE).sail(30, sog_kn=12, cog_deg=90.0).fixes())
    place = shipped_assets()
    flat = Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True)
    lines = [
        shapely.transform(
            shapely.segmentize(a.geometry, 0.01), lambda c: np.column_stack(flat.transform(*c.T))
        )
        for a in place.watched() if a.geometry.bounds[0] < 18 and a.geometry.bounds[2] > 14
    ]  # fmt: skip
    for i in (0, 60, 120, 179):
        here = shapely.Point(flat.transform(got.lon[i], got.lat[i]))
        assert got.asset_m[i] == pytest.approx(min(here.distance(x) for x in lines), rel=2e-3)


def test_far_from_all_assets_no_distance_is_given() -> None:
    assert np.isnan(tracks_of(sailing(5).fixes()).asset_m).all()


# --- amsa
def test_amsa_fires_on_a_drift_and_not_on_a_leeway_or_an_anchor() -> None:
    def drift(off: float, **track: float) -> Fixes:
        return (
            Track(**(OPEN_SEA | track)).sail(60, sog_kn=2, cog_deg=0, heading_off_deg=off).fixes()
        )

    got = found("amsa", drift(90))
    assert got == {"amsa_drift": [(230_000_001, 0)], "amsa_drift_1nm": [(230_000_001, 30)]}
    assert found("amsa", drift(40)) == {}
    assert found("amsa", drift(140)) == {}
    assert found("amsa", drift(90, nav_status=1)) == {}


def test_amsa_is_not_broken_by_a_short_spell_and_is_by_a_long_one() -> None:
    def parts(minutes: float) -> Fixes:
        t = Track(**OPEN_SEA).sail(20, sog_kn=2, cog_deg=0, heading_off_deg=90)
        t.sail(minutes, sog_kn=2, cog_deg=0).sail(20, sog_kn=2, cog_deg=0, heading_off_deg=90)
        return t.fixes()

    assert len(found("amsa", parts(4))["amsa_drift"]) == 1
    assert len(found("amsa", parts(6))["amsa_drift"]) == 2
    assert "amsa_drift_1nm" not in found("amsa", parts(6))


def test_amsa_holds_on_frio_when_it_was_measured_to() -> None:
    """../shared/data/incidents/README.md: >= 45 degrees, > 0.25 kn from 16:37:35 to 16:57:35."""
    collector = Collector()
    with open_feed(AIS / "frio-drift-2014-09-28.nmea.gz") as feed:
        for batch in feed:
            collector.add(batch)
    got = collector.tracks(shipped_assets(), shipped_geography())
    at = np.flatnonzero(amsa.candidates(got))
    run = [iso(int(got.t_ms[i]) // 1000 * 1000) for i in (at[0], at[-1])]
    # Its last fix; the next one, at 16:57:35, is the first that is none.
    assert run == ["2014-09-28T16:37:35Z", "2014-09-28T16:57:24Z"]
    assert iso(int(got.t_ms[at[-1] + 1]) // 1000 * 1000) == "2014-09-28T16:57:35Z"
    rows = amsa.find(got)
    assert [str(w) for w in rows["word"]] == ["amsa_drift"]  # 0.7 NM in all: never shown
    assert set(rows["mmsi"].tolist()) == {538_004_030}
    assert parse_iso(run[0]) <= rows["t_ms"][0] < parse_iso(run[0]) + 60_000


# --- rtec
def test_rtec_speaks_of_drift_loitering_and_slowness_for_the_type() -> None:
    crossways = Track(**OPEN_SEA).sail(5, sog_kn=6, cog_deg=0, heading_off_deg=45).fixes()
    assert found("rtec", crossways) == {"rtec_drifting": [(230_000_001, 0)]}
    still = Track(**OPEN_SEA).sail(40, sog_kn=2, cog_deg=0)
    assert found("rtec", still.fixes()) == {"rtec_loitering": [(230_000_001, 30)]}
    assert (
        found("rtec", Track(**OPEN_SEA, nav_status=1).sail(40, sog_kn=2, cog_deg=0).fixes()) == {}
    )
    slow = sailing(20, sog_kn=8).fixes()
    assert found("rtec", slow) == {}
    assert found("rtec", slow, statics(230_000_001, ship_type=80)) == {}
    assert found("rtec", slow, statics(230_000_001, ship_type=70)) == {
        "rtec_below_type": [(230_000_001, 0)]
    }


# --- near an asset
def test_prox_slow_fires_beside_a_cable_only() -> None:
    def stopped(place: dict[str, float]) -> Fixes:
        return Track(**place).sail(40, sog_kn=0.2, cog_deg=0).fixes()

    got = found("prox_slow", stopped(BY_CABLE))
    assert got == {
        "aisguardian_readme": [(230_000_001, 30)], "aisguardian_code": [(230_000_001, 0)],
        "formerlab": [(230_000_001, 20)],
    }  # fmt: skip
    assert found("prox_slow", stopped(OPEN_SEA)) == {}


def test_prox_slow_knows_the_cargo_ship_under_8_kn_and_no_faster_one() -> None:
    passing = Track(**BY_CABLE).sail(20, sog_kn=7, cog_deg=0)
    cargo = statics(230_000_001, ship_type=70)
    assert found("prox_slow", passing.fixes(), cargo).keys() == {"aisguardian_code"}
    assert found("prox_slow", passing.fixes()) == {}
    faster = Track(**BY_CABLE).sail(20, sog_kn=9, cog_deg=0)
    assert found("prox_slow", faster.fixes(), cargo) == {}


def test_formerlab_asks_the_ship_to_stay_within_half_a_kilometre() -> None:
    t = Track(**BY_CABLE, noise_kn=0.0)
    for _ in range(3):  # 15 minutes each, a kilometre apart: none of the stays lasts
        t.sail(15, sog_kn=0.2, cog_deg=0).jump(t.lon, t.lat + 0.01)
    assert "formerlab" not in found("prox_slow", t.fixes())


def wandering(place: dict[str, float], *, sog_kn: float, swing_deg: float) -> Fixes:
    t = Track(**place, every_s=60.0)
    for k in range(30):
        t.sail(1, sog_kn=sog_kn, cog_deg=(swing_deg if k % 2 else -swing_deg) % 360.0)
    return t.fixes()


def test_prox_wander_fires_on_a_trawler_and_not_on_a_hunting_drag() -> None:
    got = found("prox_wander", wandering(BY_CABLE, sog_kn=3.0, swing_deg=30.0))
    assert got["wachta"] == [(230_000_001, 16)]
    assert got["infra_analysis"] == [(230_000_001, 10)]
    assert found("prox_wander", wandering(OPEN_SEA, sog_kn=3.0, swing_deg=30.0)) == {}
    # As measured on the Samus Swan: 9 kn, some degrees.
    assert found("prox_wander", wandering(BY_CABLE, sog_kn=9.0, swing_deg=5.0)) == {}
    assert found("prox_wander", wandering(BY_CABLE, sog_kn=3.0, swing_deg=5.0)) == {}


# --- silences and pairs
def test_silences_of_six_and_twelve_hours() -> None:
    t = sailing(10).silent(7 * 60, sog_kn=11, cog_deg=20).sail(10, sog_kn=11, cog_deg=20)
    assert found("skylight", t.fixes()) == {"skylight_dark": [(230_000_001, 10 + 6 * 60)]}
    assert "gfw_gap" not in found("gfw", t.fixes())
    t = sailing(10).silent(13 * 60, sog_kn=11, cog_deg=20).sail(10, sog_kn=11, cog_deg=20)
    assert found("gfw", t.fixes())["gfw_gap"] == [(230_000_001, 10 + 12 * 60)]


def test_a_silence_that_goes_on_counts_when_others_are_heard_so_long() -> None:
    other = Track(mmsi=230_000_009, **OPEN_SEA, every_s=600).sail(13 * 60, sog_kn=1, cog_deg=0)
    assert (230_000_001, 10 + 12 * 60) in found("gfw", sailing(10).fixes(), other.fixes())[
        "gfw_gap"
    ]


def beside(metres: float, minutes: float, *, sog_kn: float = 0.5) -> tuple[Fixes, Fixes]:
    at = OPEN_SEA | {"lat": OPEN_SEA["lat"] + metres / 111_400.0}
    return tuple(
        Track(mmsi=mmsi, every_s=60.0, **place).sail(minutes, sog_kn=sog_kn, cog_deg=0).fixes()
        for mmsi, place in ((230_000_001, OPEN_SEA), (230_000_002, at))
    )  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("preset", "metres", "minutes", "words"),
    [
        ("skylight", 200, 40, {"skylight_rendezvous"}),
        ("skylight", 200, 25, set()),
        ("skylight", 300, 40, set()),
        ("starboard", 40, 15, {"starboard_50m"}),
        ("starboard", 150, 40, {"starboard_200m"}),
        ("starboard", 150, 20, set()),
        ("gfw", 450, 150, {"gfw_encounter", "gfw_loitering"}),
        ("gfw", 450, 68, {"gfw_loitering"}),
        ("gfw", 600, 150, {"gfw_loitering"}),
    ],
)
def test_encounters(preset: str, metres: float, minutes: float, words: set[str]) -> None:
    got = found(preset, *beside(metres, minutes))
    assert got.keys() == words
    for word in words - {"gfw_loitering"}:
        assert {mmsi for mmsi, _ in got[word]} == {230_000_001, 230_000_002}


def test_a_convoy_is_no_encounter_of_gfw_but_one_for_a_rule_without_speed() -> None:
    assert "gfw_encounter" not in found("gfw", *beside(450, 180, sog_kn=10.0))
    assert "skylight_rendezvous" in found("skylight", *beside(200, 60, sog_kn=10.0))


def test_no_encounter_in_port() -> None:
    port = {"lon": 24.96, "lat": 60.15}  # Helsinki
    pair = [Track(mmsi=m, every_s=60.0, **port).sail(200, sog_kn=0, cog_deg=0).fixes()
            for m in (230_000_001, 230_000_002)]  # fmt: skip
    for preset in ("gfw", "skylight", "starboard"):
        assert found(preset, *pair) == {}


def test_gfw_loitering_wants_hours_far_from_shore() -> None:
    assert found("gfw", sailing(130, sog_kn=1).fixes())["gfw_loitering"] == [(230_000_001, 60)]
    assert found("gfw", sailing(130, sog_kn=4).fixes()) == {}
    assert found("gfw", Track(**BY_CABLE | {"lat": 56.1, "lon": 15.9}).sail(
        130, sog_kn=1, cog_deg=0).fixes()) == {}  # fmt: skip


def test_gfw_segments_part_two_ships_under_one_number() -> None:
    """The sample of GFW's own segmenter: real fixes of two ships that share an MMSI."""
    lines = (AIS / "gfw_gpsdio_416000000_two_ships_one_mmsi.json").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    t_ms = np.array([parse_iso(r["timestamp"].replace(" ", "T") + "Z") for r in rows])
    t_ms += np.arange(len(rows))  # the sample says one second of two places: none is a copy
    fixes = Fixes.build(
        len(rows), subject_id=[r["ssvid"] for r in rows], t_ms=t_ms,
        lon_raw=np.round([r["lon"] * PER_DEGREE for r in rows]),
        lat_raw=np.round([r["lat"] * PER_DEGREE for r in rows]), payload_hash=np.arange(len(rows)),
        sog_raw=[round(r["speed"] * 10) for r in rows],
        cog_raw=[round(r["course"] * 10) for r in rows],
    )  # fmt: skip
    got = tracks_of(fixes)
    segment = gfw.segments(got)
    for one in np.unique(segment):
        of = segment == one
        assert np.ptp(got.lon[of]) < 3.0, "one segment, one ship"
    assert len(np.unique(segment)) > 1


# --- all
def test_kernels_agree_with_their_python() -> None:
    got = tracks_of(
        wandering(BY_CABLE, sog_kn=3.0, swing_deg=30.0),
        Track(mmsi=2, **BY_CABLE).sail(40, sog_kn=0.2, cog_deg=0).fixes(),
        Track(mmsi=3, **BY_CABLE).sail(40, sog_kn=2, cog_deg=0, heading_off_deg=80).fixes(),
        *beside(150, 40),
    )  # fmt: skip
    kernels = [
        (amsa, "paths"), (prox_slow, "begin_stays"), (prox_wander, "wander_runs"),
        (prox_wander, "turn_windows"), (pairs, "fill_grid"), (pairs, "find_pairs"),
        (gfw, "number"), (columns, "way_m"),
    ]  # fmt: skip
    compiled = {name: PRESETS[name].find(got) for name in PRESETS}
    assert sum(map(len, compiled.values())) > 10
    with pytest.MonkeyPatch.context() as patch:
        for module, name in kernels:
            patch.setattr(module, name, getattr(getattr(module, name), "py_func", None)
                          or getattr(module, name))  # fmt: skip
        for name, rows in compiled.items():
            assert np.array_equal(PRESETS[name].find(got), rows), name


@pytest.mark.parametrize("name", PRESETS)
def test_nothing_gives_nothing_and_every_word_is_declared(name: str) -> None:
    assert len(PRESETS[name].find(tracks_of(Fixes.empty()))) == 0
    import importlib

    page = importlib.import_module(f"sargas.exercise.presets.{name}").__doc__ or ""
    assert "Where the data differ" in page
    assert "Source" in page
    for rule in PRESETS[name].rules.values():
        assert rule.asks


def test_presets_are_chosen_by_name() -> None:
    assert chosen("all") == tuple(PRESETS)
    assert chosen("none") == ()
    with pytest.raises(UsageError, match="no preset 'gwf'"):
        chosen("gwf")
