"""`sargas vessel` over a home that an exercise was scanned into, and over one made by hand."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from sargas.cli.root import run as run_here
from sargas.model.fixes import LON_NONE, Fixes, Statics
from sargas.store import Archive, Home, ShardWriter

from .conftest import Call

EAGLE_S = 518_998_865
T0_MS = 1_735_122_000_000  # 2024-12-25T10:20:00Z
DAY_MS = 86_400_000
SOLD, LOST = 230_000_007, 230_000_008
LISTS = """\
list,entry,date,kind,imo,mmsi,name
Port watch,17,2024-12-01,watch,9329760,,EAGLE S
Other list,18,2025-06-01,watch,9329760,,EAGLE S
"""


@pytest.fixture(scope="module")
def home(exercise_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drag exercise, scanned into a home with a list of one's own."""
    place = tmp_path_factory.mktemp("vessel")
    (place / "own.csv").write_text(LISTS)
    words = ["scan", exercise_log, "--home", place / "home", "--lists", place / "own.csv"]
    assert run_here([*map(str, words), "--quiet", "--json"]) == 0
    return place / "home"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ship that was sold between two days, and one that never has a position."""
    home = Home(tmp_path_factory.mktemp("small") / "home")
    minutes = np.arange(120)
    t_ms = T0_MS + np.concatenate([minutes, 1440 + minutes]) * 60_000
    n = len(t_ms)
    with ShardWriter(home) as writer:
        writer.append(Fixes.build(
            n, subject_id=np.full(n, SOLD), t_ms=t_ms, lon_raw=15_000_000 + np.arange(n) * 900,
            lat_raw=np.full(n, 35_900_000), sog_raw=np.full(n, 90), station=np.full(n, 3),
            payload_hash=np.arange(1, n + 1).astype(np.uint64),
        ))  # fmt: skip
        writer.append(Fixes.build(2, subject_id=[LOST] * 2, t_ms=[T0_MS, T0_MS + 60_000],
                                  lon_raw=[LON_NONE] * 2))  # fmt: skip
        writer.append_statics(Statics.build(
            4, subject_id=[SOLD] * 4, t_ms=T0_MS + np.array([0, 1, 2, 3]) * DAY_MS // 2,
            name=[b"ANNA <b>", b"ANNA <b>", b"BERTA", b"BERTA"], imo=[9187629] * 4,
            callsign=[b"OJAA"] * 4, ship_type=[70] * 4,
        ))  # fmt: skip
    return home.path


# ---- find ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["eagle", "EAGLE S", "518998865", "99886", "9329760", "e5u4845"])
def test_a_part_of_name_or_number_finds(home: Path, call: Call, text: str) -> None:
    done = call("vessel", "find", text, "--home", home, "--json")
    assert done.code == 0
    assert [row["mmsi"] for row in done.rows] == [EAGLE_S]
    assert done.rows[0]["flag"] == "Cook Islands"
    assert done.rows[0]["exercise"] == "eagle-s"


def test_the_table_marks_an_exercise_and_an_earlier_name(
    home: Path, small: Path, call: Call
) -> None:
    head, row = call("vessel", "find", "eagle", "--home", home, "--quiet").out.splitlines()
    assert head.startswith("EXERCISE ")
    assert row.startswith("EXERCISE ")
    done = call("vessel", "find", "anna", "--home", small)
    assert "found by what it said earlier" in done.out
    assert "BERTA" in done.out
    assert done.err == "1 vessel.\n"
    assert "earlier" not in call("vessel", "find", "berta", "--home", small).out


def test_more_than_the_limit_is_said(tmp_path: Path, call: Call) -> None:
    home = Home(tmp_path / "home")
    with ShardWriter(home) as writer:
        writer.append_statics(Statics.build(
            3, subject_id=[1, 2, 3], t_ms=[T0_MS] * 3, name=[b"A1", b"A2", b"A3"]
        ))  # fmt: skip
    two = call("vessel", "find", "a", "--home", home.path, "--limit", "2", "--json")
    assert len(two.rows) == 2
    assert "there are more" in two.err
    all_of_them = call("vessel", "find", "a", "--home", home.path, "--limit", "3")
    assert all_of_them.err == "3 vessels.\n"
    assert call("vessel", "find", "a", "--home", home.path, "--limit", "0").code == 2


# ---- show ----------------------------------------------------------------------------------------
def test_a_vessel_shows_all_its_names_with_their_times(small: Path, call: Call) -> None:
    done = call("vessel", "show", SOLD, "--home", small, "--json")
    (row,) = done.rows
    assert [(v["name"], v["from"], v["until"]) for v in row["history"]] == [
        ("ANNA <b>", "2024-12-25T10:20:00Z", "2024-12-25T22:20:00Z"),
        ("BERTA", "2024-12-26T10:20:00Z", "2024-12-26T22:20:00Z"),
    ]
    assert (row["name"], row["imo"], row["alerts"], row["exercise"]) == ("BERTA", 9187629, [], None)
    assert row["last"]["t"] == "2024-12-26T12:19:00Z"
    assert row["last"]["station"] == 3
    assert row["last"]["cog_deg"] is None
    text = call("vessel", "show", SOLD, "--home", small).out
    assert text.index("ANNA <b>") < text.rindex("BERTA")
    assert "cargo (70)" in text
    assert "Finland" in text


def test_a_vessel_shows_its_alerts_and_what_lists_said(home: Path, call: Call) -> None:
    (row,) = call("vessel", "show", EAGLE_S, "--home", home, "--json").rows
    kept = call("alerts", "list", "--home", home, "--mmsi", EAGLE_S, "--muted", "--json").rows
    assert [a["id"] for a in row["alerts"]] == [a["id"] for a in kept]
    assert len(kept) >= 2
    assert [e["entry"] for e in row["lists"]] == ["17"], "once, and not the entry of next year"
    text = call("vessel", "show", EAGLE_S, "--home", home).out
    assert text.startswith("EXERCISE eagle-s: none of this is real.")
    assert "Port watch (watch), entry 17 of 2024-12-01, matched by IMO" in text


def test_a_list_can_be_asked_as_it_is_now(small: Path, call: Call, tmp_path: Path) -> None:
    usual = call("vessel", "show", SOLD, "--home", small)
    assert "--lists FILE asks a list" in usual.out
    own = tmp_path / "own.csv"
    own.write_text(LISTS.replace("9329760", "9187629"))
    (row,) = call("vessel", "show", SOLD, "--home", small, "--lists", own, "--json").rows
    assert [e["entry"] for e in row["lists"]] == ["17"]
    own.write_text("nonsense")
    assert call("vessel", "show", SOLD, "--home", small, "--lists", own).code == 3


def test_a_vessel_without_name_and_position_is_known(small: Path, call: Call) -> None:
    (row,) = call("vessel", "show", LOST, "--home", small, "--json").rows
    assert (row["name"], row["last"], row["history"]) == (None, None, [])
    text = call("vessel", "show", LOST, "--home", small).out
    assert "no position received" in text
    assert "no static report was received" in text


# ---- track ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["geojson", "csv", "kml", "gpx"])
def test_a_track_goes_out_and_into_a_file_alike(
    small: Path, call: Call, tmp_path: Path, kind: str
) -> None:
    printed = call("vessel", "track", SOLD, "--home", small, "--format", kind, "--quiet")
    assert (printed.code, printed.err) == (0, "")
    out = tmp_path / f"a.{kind}"
    done = call("vessel", "track", SOLD, "--home", small, "--out", out, "--json")
    assert out.read_text() == printed.out
    (said,) = done.rows
    assert (said["fixes"], said["bytes"], said["format"]) == (240, out.stat().st_size, kind)
    assert (said["from"], said["to"]) == ("2024-12-25T10:20:00Z", "2024-12-26T12:19:00Z")
    if kind in ("kml", "gpx"):
        ET.fromstring(printed.out)
    assert list(tmp_path.iterdir()) == [out], "nothing half written beside it"


def test_the_span_has_its_beginning_and_not_its_end(small: Path, call: Call) -> None:
    words = ("vessel", "track", SOLD, "--home", small, "--format", "csv", "--quiet")
    span = ("--from", "2024-12-25T10:30:00Z", "--to", "2024-12-25T12:40:00+02:00")
    rows = list(csv.DictReader(io.StringIO(call(*words, *span).out)))
    assert [row["t"][11:16] for row in rows] == [f"10:{m}" for m in range(30, 40)]
    lines = call("vessel", "track", SOLD, "--home", small, "--json", "--quiet", *span).rows
    assert [line["t"] for line in lines] == [row["t"] for row in rows]
    assert {line["station"] for line in lines} == {3}
    with Archive(Home(small, create=False)) as archive:
        assert len(rows) == len(archive.track(0, SOLD, T0_MS + 600_000, T0_MS + 1_199_999))


def test_an_exercise_says_so_in_the_file(home: Path, call: Call) -> None:
    whole = json.loads(call("vessel", "track", EAGLE_S, "--home", home, "--quiet").out)
    assert whole["exercise"] == "eagle-s"
    assert whole["name"].startswith("EXERCISE eagle-s")
    assert "none of this is real" in call("vessel", "track", EAGLE_S, "--home", home).err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([SOLD, "--from", "2030-01-01T00:00Z"], 5, "Its last fix is of 2024-12-26T12:19:00Z"),
        ([LOST], 5, "have no position. --format csv"),
        ([SOLD, "--from", "2024-12-25"], 2, "time zone"),
        ([SOLD, "--from", "2024-12-26T00:00Z", "--to", "2024-12-25T00:00Z"], 2, "not before"),
        ([SOLD, "--format", "shp"], 2, ""),
        ([SOLD, "--out", "track.xyz"], 2, ".geojson, .csv, .kml, .gpx"),
        ([SOLD, "--format", "csv", "--json"], 2, "--out"),
        ([SOLD, "--out", "/no/such/folder/a.gpx"], 1, "cannot be written"),
    ],
)
def test_what_is_wrong_has_its_code_and_sentence(
    small: Path, call: Call, words: list, code: int, said: str
) -> None:
    done = call("vessel", "track", *words, "--home", small)
    assert (done.code, done.out) == (code, ""), done.err
    assert said in done.err


def test_reports_without_a_position_are_rows_of_csv(small: Path, call: Call) -> None:
    done = call("vessel", "track", LOST, "--home", small, "--format", "csv", "--quiet")
    assert [row["lon_deg"] for row in csv.DictReader(io.StringIO(done.out))] == ["", ""]


def test_another_file_is_not_written_over(small: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    out.write_text("mine")
    refused = call("vessel", "track", SOLD, "--home", small, "--out", out)
    assert (refused.code, out.read_text()) == (2, "mine")
    assert "--force" in refused.err
    assert call("vessel", "track", SOLD, "--home", small, "--out", out, "--force").code == 0
    assert out.read_text().startswith("t,t_ms,")
    # A failing question leaves the file that is there as it was.
    before = out.read_text()
    late = ("--from", "2030-01-01T00:00Z", "--force")
    assert call("vessel", "track", SOLD, "--home", small, "--out", out, *late).code == 5
    assert out.read_text() == before
