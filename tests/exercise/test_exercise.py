"""The exercise: re-timed, marked, deterministic, and read by the real decoder."""

from __future__ import annotations

import gzip
from pathlib import Path as FilePath

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from sargas.decode import AisDecoder
from sargas.errors import InputError, NotFoundError, StoreError, UsageError
from sargas.exercise.backdrop import FIRST_MMSI
from sargas.exercise.encode import static_sentences
from sargas.exercise.path import Path
from sargas.exercise.run import export, run
from sargas.exercise.scenario import list_scenarios, load_scenario, parse_scenario
from sargas.model.time import iso, parse_iso

GEOD = Geod(ellps="WGS84")
KN_MS = 1852 / 3600


def scenario(minutes: int = 12, backdrop: bool = True):
    """The shipped scenario, cut to some minutes around the waypoint of 09:30."""
    whole = load_scenario("eagle-s")
    start = "2024-12-25T09:20:00Z"
    changes = {"start": start, "end": iso(parse_iso(start) + minutes * 60_000)}
    if not backdrop:
        changes["backdrop"] = []
    return msgspec.structs.replace(whole, **changes)


def decoded(chosen) -> tuple[AisDecoder, object]:
    decoder = AisDecoder()
    return decoder, decoder.feed(b"".join(m.sentences for m in run(chosen)))


def test_implied_and_reported_speed_agree_along_the_whole_path() -> None:
    for vessel in load_scenario("eagle-s").vessel:
        path = Path(vessel.waypoints)
        t = np.arange(path.t_s[0], path.t_s[-1], 30.0)
        sailed = path.at(t)
        metres = GEOD.inv(sailed.lon[:-1], sailed.lat[:-1], sailed.lon[1:], sailed.lat[1:])[2]
        implied = np.asarray(metres) / 30.0 / KN_MS
        told = (sailed.sog_kn[:-1] + sailed.sog_kn[1:]) / 2
        # A waypoint between two fixes bends the path; elsewhere they agree to a tenth of a knot.
        assert np.abs(implied - told).max() < 0.15
        assert sailed.sog_kn.max() < 13


def test_the_path_passes_its_waypoints_at_their_times() -> None:
    vessel = load_scenario("eagle-s").vessel[0]
    path = Path(vessel.waypoints)
    sailed = path.at(path.t_s)
    for k, w in enumerate(vessel.waypoints):
        assert GEOD.inv(w.lon, w.lat, sailed.lon[k], sailed.lat[k])[2] < 1.0


@given(st.integers(0, 2**31))
def test_the_way_never_runs_backwards(seed: int) -> None:
    from sargas.exercise.scenario import Waypoint

    rng = np.random.default_rng(seed)
    t = 1735122360000 + np.cumsum(rng.integers(60_000, 7_200_000, 6))
    points = [
        Waypoint(iso(int(x)), 20 + k * rng.random(), 57 + rng.random(), float(rng.random() * 20))
        for k, x in enumerate(t)
    ]
    path = Path(points)
    sailed = path.at(np.linspace(path.t_s[0], path.t_s[-1], 500))
    assert sailed.sog_kn.min() >= 0.0


def test_every_sentence_decodes_and_carries_the_mark() -> None:
    chosen = scenario()
    decoder, tables = decoded(chosen)
    bad = {r: c.count for r, c in decoder.counters.items() if c.count}
    assert not {"bad_checksum", "bad_char", "no_checksum", "time_missing"} & bad.keys()
    assert all(name.startswith("EXERCISE-eagle-s") for name in decoder.stations)
    assert set(tables.fixes.station) == set(range(-1 - len(decoder.stations), -1))
    assert len(tables.fixes) > 20_000


def test_no_ship_of_the_backdrop_keeps_its_number_or_name() -> None:
    chosen = scenario(minutes=2)
    _, tables = decoded(chosen)
    laid_in = {v.mmsi for v in chosen.vessel}
    others = set(tables.fixes.mmsi.tolist()) - laid_in
    assert min(others) >= FIRST_MMSI
    assert max(others) < FIRST_MMSI + 10_000
    names = {n for m, n in zip(tables.static.mmsi, tables.static.name, strict=True)
             if int(m) not in laid_in and n}  # fmt: skip
    assert len(names) > 1000
    assert all(n.startswith(b"SIM ") for n in names)


def test_ships_keep_reporting_after_the_sample_has_ended() -> None:
    _, tables = decoded(scenario(minutes=30))
    minute = (tables.fixes.t_ms - tables.fixes.t_ms.min()) // 60_000
    counts = np.bincount(minute)
    assert counts[8:29].min() > 500
    last = tables.fixes.mmsi[minute >= 23]
    assert len(set(last.tolist())) > 0.95 * len(set(tables.fixes.mmsi.tolist()))


def test_simulated_ships_move_as_they_say_and_stay_off_land() -> None:
    from sargas.reference import shipped_geography
    from sargas.reference.grid import sample

    _, tables = decoded(scenario(minutes=40))
    fixes = tables.fixes
    late = fixes.t_ms > fixes.t_ms.min() + 15 * 60_000
    grid = shipped_geography().land_distance
    for mmsi in list(dict.fromkeys(fixes.mmsi[late & (fixes.sog_raw > 80)].tolist()))[:40]:
        rows = np.flatnonzero(late & (fixes.mmsi == mmsi))
        lon, lat = fixes.lon_deg[rows], fixes.lat_deg[rows]
        dt = np.diff(fixes.t_ms[rows]) / 1000
        metres = np.asarray(GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2])
        speed = fixes.sog_kn[rows][1:] * KN_MS
        turned = metres < 1.0  # the report at which a ship turns back
        assert np.allclose(metres[~turned], (speed * dt)[~turned], rtol=0.02, atol=2.0)
        start = sample(grid.values, grid.lon0, grid.lat0, grid.step_lon, grid.step_lat,
                       lon[0], lat[0])  # fmt: skip
        end = sample(grid.values, grid.lon0, grid.lat0, grid.step_lon, grid.step_lat,
                     lon[-1], lat[-1])  # fmt: skip
        assert not end < min(start, 0.0) - 100.0


def test_the_same_scenario_gives_the_same_bytes() -> None:
    one = b"".join(m.sentences for m in run(scenario(minutes=3)))
    assert one == b"".join(m.sentences for m in run(scenario(minutes=3)))


def test_an_export_says_what_it_is_and_is_whole(tmp_path: FilePath) -> None:
    out = tmp_path / "x.nmea.gz"
    export(scenario(minutes=2), out)
    text = gzip.decompress(out.read_bytes())
    assert text.startswith(b"# EXERCISE eagle-s")
    assert b"simulated" in text.split(b"\\", 1)[0]
    first = out.read_bytes()
    export(scenario(minutes=2), out)
    assert out.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["x.nmea.gz"]


def test_an_export_that_cannot_be_written_leaves_nothing(tmp_path: FilePath) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        export(scenario(minutes=1), tmp_path / "no" / "x.nmea")
    with pytest.raises(UsageError):
        export(scenario(minutes=1), tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("class_b", "callsign"), [(False, "E5U4845"), (True, "AB12")], ids=["type5", "type24"]
)
def test_statics_survive_the_decoder(class_b: bool, callsign: str) -> None:
    told = static_sentences(
        1735122360, 200000123, "EXERCISE-x", name="SIM ÄB 1", callsign=callsign, ship_type=70,
        length_m=229, beam_m=33, draught_dm=125, imo=9329760, class_b=class_b,
    )  # fmt: skip
    decoder = AisDecoder()
    tables = [decoder.feed(told), decoder.finish()]
    static = tables[0].static
    assert set(static.name) - {b""} == {b"SIM  B 1"}
    assert set(static.callsign) - {b""} == {callsign.encode()}
    assert (static.bow_m + static.stern_m).max() == 229
    assert (static.port_m + static.starboard_m).max() == 33


def test_scenarios_are_listed_and_looked_up() -> None:
    assert "eagle-s" in {s.name for s in list_scenarios()}
    with pytest.raises(NotFoundError, match="There are: "):
        load_scenario("nothing")
    with pytest.raises(NotFoundError):
        load_scenario("../../etc/passwd")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((b'end = "2024', b'end = "2014'), "ends before"),
        ((b"lon = 26.846", b'lon = "east"'), "Expected"),
        ((b'name = "eagle-s"', b'name = "eagle-s"\nnonsense = 1'), "unknown field"),
        ((b'"2024-12-25T09:30:00Z"', b'"2024-12-25T08:00:00Z"'), "do not run forward"),
        ((b"loss = 0.15", b"loss = 1.5"), "loss is 1.5"),
        ((b"seed", b"seed ="), "not a scenario"),
    ],
)
def test_a_faulty_scenario_is_refused_in_words(change: tuple[bytes, bytes], words: str) -> None:
    from importlib import resources

    file = resources.files("sargas.exercise").joinpath("scenarios", "eagle-s.toml")
    content = file.read_bytes()
    assert change[0] in content
    with pytest.raises(InputError, match=words):
        parse_scenario(content.replace(*change, 1), "x.toml")


SMALL = """
name = "small"
title = "t"
note = "n"
seed = 1
start = "2024-12-25T10:00:00Z"
end = "2024-12-25T10:03:00Z"
[[vessel]]
mmsi = 200999999
name = "A"
waypoints = [
  {t = "2024-12-25T10:00:00Z", lon = 25.00, lat = 59.8, sog_kn = 10.0},
  {t = "2024-12-25T10:30:00Z", lon = 25.16, lat = 59.8, sog_kn = 10.0},
]
"""


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('end = "2024-12-25T10:03:00Z"', 'end = "soon"', "f.toml: 'soon' is not"),
        ('end = "2024-12-25T10:03:00Z"', 'end = "2034-12-25T10:03:00Z"', "longer than 31 days"),
        ("2024-12-25T10:30", "2034-12-25T10:30", "longer than 31 days"),
        ("seed = 1", "seed = -1", "seed"),
        ('name = "small"', 'name = "a\\nb"', "letters, digits and hyphens"),
        ("lon = 25.00", "lon = nan", "lon is nan"),
        ("lat = 59.8", "lat = 91.0", "lat is 91.0"),
        ("sog_kn = 10.0}", "sog_kn = nan}", "sog_kn is nan"),
        ('name = "A"', 'name = "A"\nevery_s = nan', "every_s is nan"),
        ('name = "A"', 'name = "A"\nevery_s = 1e-9', "every_s is 1e-09"),
        ('name = "A"', 'name = "A"\ncog_noise_deg = -1.0', "cog_noise_deg is -1.0"),
        ('name = "A"', 'name = "A"\nship_type = 70000', "ship_type is 70000"),
        ('name = "A"', 'name = "A"\ncopies = 1000000', "copies is 1000000"),
        ("seed = 1", 'seed = 1\nplay_from = "2024-12-25T11:00:00Z"', "outside it"),
        ("[[vessel]]", '[[backdrop]]\nfile = "x"\nkind = "dma"\nmoving_every_s = 0.5\n[[vessel]]',
         "moving_every_s is 0.5"),
    ],
)  # fmt: skip
def test_what_cannot_be_sailed_is_refused_with_its_file(was: str, now: str, words: str) -> None:
    assert was in SMALL
    with pytest.raises(InputError) as refused:
        parse_scenario(SMALL.replace(was, now).encode(), "f.toml")
    assert str(refused.value).startswith("f.toml: ")
    assert words in str(refused.value)


def test_two_vessels_of_one_number_are_refused() -> None:
    twice = SMALL + SMALL[SMALL.index("[[vessel]]") :]
    with pytest.raises(InputError, match="one MMSI"):
        parse_scenario(twice.encode(), "f.toml")


def test_a_vessel_with_a_number_of_the_backdrop_is_refused() -> None:
    eagle = load_scenario("eagle-s")
    wrong = msgspec.structs.replace(eagle.vessel[0], mmsi=200_000_005)
    with pytest.raises(InputError, match="that of a ship of the backdrop"):
        next(run(msgspec.structs.replace(eagle, vessel=[wrong])))


def test_a_title_of_two_lines_stays_a_remark(tmp_path: Path) -> None:
    hostile = SMALL.replace(
        'title = "t"', 'title = "t\\n!AIVDM,1,1,,A,13aEOK?P00PD2wVMdLDRhgvL289?,0*26"'
    )
    export(parse_scenario(hostile.encode(), "f.toml"), tmp_path / "x.nmea")
    lines = (tmp_path / "x.nmea").read_text().splitlines()
    assert all(line.startswith(("#", "\\")) for line in lines)
