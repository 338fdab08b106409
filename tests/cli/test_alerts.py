"""`sargas alerts` over a home that an exercise was scanned into."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sargas.cli.root import run as run_here
from sargas.model.time import parse_iso
from sargas.reference import home_assets
from sargas.store import Home, Ledger

from .conftest import SARGAS, Call

EAGLE_S = 518_998_865


@pytest.fixture(scope="module")
def home(exercise_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drag exercise, scanned into a home."""
    place = tmp_path_factory.mktemp("alerts") / "home"
    assert run_here(["scan", str(exercise_log), "--home", str(place), "--quiet", "--json"]) == 0
    return place


@pytest.fixture(scope="module")
def drag(home: Path) -> dict:
    with Ledger(Home(home, create=False)) as ledger:
        (found,) = [a for a in ledger.alerts() if a["detector"] == "drag_confirmed"]
    return found


def test_the_list_is_what_the_ledger_holds_newest_last(home: Path, call: Call) -> None:
    done = call("alerts", "list", "--home", home, "--muted", "--json")
    with Ledger(Home(home, create=False)) as ledger:
        assert done.rows == ledger.alerts()
    assert done.code == 0
    times = [a["t_detected"] for a in done.rows]
    assert times == sorted(times)


def test_the_table_marks_an_exercise_and_shows_ids_that_find(home: Path, call: Call) -> None:
    done = call("alerts", "list", "--home", home)
    head, *rows = done.out.splitlines()
    assert head.split()[:3] == ["EXERCISE", "id", "priority"]
    assert all(row.startswith("EXERCISE ") for row in rows)
    for row in rows:
        shown = call("alerts", "show", row.split()[1], "--home", home, "--json")
        assert shown.code == 0
        assert shown.rows[0]["id"].startswith(row.split()[1])


def test_the_list_fits_a_narrow_terminal(
    home: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    done = call("alerts", "list", "--home", home, "--priority", "P1")
    lines = done.out.splitlines()
    assert re.match(r"[0-9a-f]{10}  P1  2024-12-25T.*drag_onset  open  EXERCISE$", lines[0])
    assert len(lines) > 3
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("words", "keep"),
    [
        (["--detector", "drag_confirmed"], lambda a: a["detector"] == "drag_confirmed"),
        (["--detector", "d2"], lambda a: a["detector"] == "drag_confirmed"),
        (["--detector", "D8"], lambda a: a["detector"] == "gap"),
        (["--priority", "p1"], lambda a: a["priority"] == "P1"),
        (["--priority", "P1", "--priority", "P2"], lambda a: a["priority"] in ("P1", "P2")),
        (["--state", "closed"], lambda a: a["state"] == "closed"),
        (["--mmsi", EAGLE_S], lambda a: a["subject"]["mmsi"] == EAGLE_S),
        (["--mmsi", 200_000_000], lambda a: False),
        (["--asset", "Estlink 1"],
         lambda a: "power-cable-estlink-1" in json.dumps((a["asset"], a["next_assets"]))),
        (["--since", "2024-12-25T11:00:00Z"],
         lambda a: parse_iso(a["t_detected"]) >= parse_iso("2024-12-25T11:00:00Z")),
        (["--until", "2024-12-25T11:00:00Z"],
         lambda a: parse_iso(a["t_detected"]) < parse_iso("2024-12-25T11:00:00Z")),
    ],
)  # fmt: skip
def test_filters(home: Path, call: Call, words: list, keep) -> None:
    whole = call("alerts", "list", "--home", home, "--muted", "--json").rows
    done = call("alerts", "list", "--home", home, "--muted", "--json", *words)
    assert done.rows == [a for a in whole if keep(a)]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["list", "--detector", "drag"], 5, "Did you mean drag_onset"),
        (["list", "--asset", "nonsense"], 5, "no asset"),
        (["list", "--since", "yesterday"], 2, "ISO 8601"),
        (["list", "--since", "2024-12-25T11:00Z", "--until", "2024-12-25T10:00Z"], 2, "before"),
        (["list", "--priority", "P9"], 2, ""),
        (["show", "ffffffffffff"], 5, "no alert"),
        (["show", "f"], 2, "too short"),
        (["export", "ffffffffffff"], 5, "no alert"),
    ],
)
def test_what_is_wrong_has_its_code_and_sentence(
    home: Path, call: Call, words: list, code: int, said: str
) -> None:
    done = call("alerts", *words, "--home", home)
    assert done.code == code
    assert done.out == "" or not said
    assert said in done.err


def test_a_beginning_of_several_ids_names_them(home: Path, drag: dict, call: Call) -> None:
    """Two alerts that begin alike cannot be had from a scan: they are written."""
    twin = home.with_name("twins")
    with Ledger(Home(twin)) as ledger:
        from sargas.model.alerts import Alert

        bodies = [{**drag, "id": name} for name in ("abcd" + "0" * 20, "abcd" + "1" * 20)]
        ledger.commit("t", 0, b"", [Alert.from_dict(b) for b in bodies])
    done = call("alerts", "show", "abcd", "--home", twin)
    assert done.code == 2
    assert "2 alerts begin" in done.err
    assert "abcd000" in done.err
    assert "abcd111" in done.err
    assert call("alerts", "show", "abcd0", "--home", twin).code == 0


def test_no_home_and_a_home_without_alerts(tmp_path: Path, call: Call) -> None:
    done = call("alerts", "list", "--home", tmp_path / "none")
    assert done.code == 5
    assert "There is no home here" in done.err
    assert not (tmp_path / "none").exists()
    Home(tmp_path / "bare")
    done = call("alerts", "list", "--home", tmp_path / "bare")
    assert (done.code, done.out, done.err) == (0, "", "0 alerts.\n")
    assert not (tmp_path / "bare" / "sargas.db").exists(), "asking makes nothing"


def test_show_says_all_of_it(home: Path, drag: dict, call: Call) -> None:
    done = call("alerts", "show", drag["id"], "--home", home)
    assert done.code == 0
    assert done.out.startswith("EXERCISE eagle-s: none of this is real.\nAlarm P1, drag_confirmed")
    assert drag["text"] in done.out
    for reason in drag["why"]:
        assert re.search(rf"^{re.escape(reason['feature'])} .*(yes|no)$", done.out, re.MULTILINE)
    for text in (*drag["against"], *(n["name"] for n in drag["next_assets"])):
        assert text in done.out
    assert "not intent" in done.err


def test_an_export_verifies_and_one_changed_byte_is_named(
    home: Path, drag: dict, call: Call, tmp_path: Path
) -> None:
    out = tmp_path / "drag.zip"
    done = call("alerts", "export", drag["id"][:8], "--home", home, "--out", out)
    assert done.code == 0
    data = out.read_bytes()
    assert done.out == f"{hashlib.sha256(data).hexdigest()}  {out}\n"
    assert "EXERCISE eagle-s" in done.err
    good = call("alerts", "verify", out)
    assert good.code == 0
    assert "7 files" in good.out
    assert hashlib.sha256(data).hexdigest() in good.out
    assert "not signed" in good.err
    at = data.index(b",8.3,") + 1
    out.write_bytes(data[:at] + b"9" + data[at + 1 :])
    bad = call("alerts", "verify", out)
    assert bad.code == 1
    assert bad.out.startswith("fixes.csv: was changed")
    said = call("alerts", "verify", out, "--json")
    assert said.code == 1
    assert said.rows[0]["holds"] is False
    assert said.rows[0]["faults"][0].startswith("fixes.csv")


def test_an_export_holds_what_the_home_holds(
    home: Path, drag: dict, call: Call, tmp_path: Path
) -> None:
    out = tmp_path / "drag.zip"
    said = call("alerts", "export", drag["id"], "--home", home, "--out", out, "--json").rows[0]
    with zipfile.ZipFile(out) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert json.loads(files["alert.json"]) == {**drag, "versions": [drag]}
    rows = list(csv.DictReader(io.StringIO(files["fixes.csv"])))
    assert said["fixes"] == len(rows) > 500
    assert {row["subject_id"] for row in rows} == {str(EAGLE_S)}
    from_ms = parse_iso(drag["evidence"]["from"]) - 3_600_000
    assert all(from_ms <= int(row["t_ms"]) <= parse_iso(drag["t_issued"]) + 3_600_000
               for row in rows)  # fmt: skip
    manifest = json.loads(files["manifest.json"])
    assert manifest["rules"] == {"alert": drag["rules"], "here": drag["rules"]}
    assert manifest["geometry"]["here"] == home_assets(home).watched().version
    assert json.loads(files["rules.json"])["thresholds"]["min_loss_kn"]["unit"] == "kn"
    assert "Danish Maritime Authority" in files["README.txt"]
    assert "EXERCISE · SYNTHETIC" in files["dossier.html"]
    assert "© OpenStreetMap contributors" in files["dossier.html"]


def test_the_same_export_twice_is_the_same_and_another_file_is_kept(
    home: Path, drag: dict, call: Call, tmp_path: Path
) -> None:
    words = ("alerts", "export", drag["id"], "--home", home)
    first = call(*words)
    assert first.code == 0
    place = home / "evidence" / f"{drag['id']}-v1.zip"
    before = place.read_bytes()
    assert call(*words).code == 0
    assert place.read_bytes() == before
    other = tmp_path / "mine.html"
    other.write_text("mine")
    refused = call(*words, "--out", other)
    assert refused.code == 2
    assert other.read_text() == "mine"
    assert call(*words, "--out", other, "--force").code == 0
    assert other.read_text().startswith("<!doctype html>")
    assert call(*words, "--out", tmp_path / "x.pdf").code == 2
    assert call(*words, "--out", tmp_path / "no" / "x.zip").code == 1


def test_an_alert_of_other_rules_and_assets_is_exported_and_says_so(
    home: Path, drag: dict, call: Call, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[drag_onset]\nmin_loss_kn = 1.5\n")
    done = call("alerts", "export", drag["id"], "--home", home, "--rules", rules, "--json",
                "--out", tmp_path / "x.zip")  # fmt: skip
    assert done.code == 0
    assert done.rows[0]["same_rules"] is False
    assert done.rows[0]["same_geometry"] is True
    assert "other thresholds" in done.err


def test_verify_of_what_is_no_bundle(call: Call, tmp_path: Path) -> None:
    assert call("alerts", "verify", tmp_path / "none.zip").code == 3
    text = tmp_path / "text.zip"
    text.write_text("no zip")
    done = call("alerts", "verify", text)
    assert done.code == 1
    assert "no zip that can be read" in done.out


def test_a_check_needs_no_database(tmp_path: Path) -> None:
    """Who is sent a bundle checks it in a moment."""
    (tmp_path / "x.zip").write_text("no zip")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", SARGAS, "alerts", "verify", tmp_path / "x.zip"],
        capture_output=True, timeout=60,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "sargas.share.bundle" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {"duckdb", "sqlalchemy", "pyarrow"}
