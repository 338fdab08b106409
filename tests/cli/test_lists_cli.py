"""`sargas scan --lists`: what lists say stands in the alerts, wherever a person reads them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from sargas.cli.making import make_watch
from sargas.cli.refolding import Refolded, refold
from sargas.model.time import parse_iso
from sargas.reference.vessel_lists import COLUMNS, EFFECTS, LIST_KINDS, load_vessel_lists
from sargas.store import Home

from .conftest import Call

PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
EAGLE_S_IMO = 9_329_760
LIST = f"""imo,list,entry,date,kind,effect,valid_until
{EAGLE_S_IMO},"Port watch, own",7,2024-12-01,watch,raise,
{EAGLE_S_IMO},PSC,3 deficiencies <b>,2024-02-01,detention,show,
{EAGLE_S_IMO},Old,1,2020-01-01,sanctions,raise,2020-12-31
"""
NOTE = "listed by Port watch, own (watch), entry 7 of 2024-12-01, matched by IMO: from "


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    file = tmp_path / "lists.csv"
    file.write_text(LIST)
    return file


def test_a_scan_with_a_list(call: Call, exercise_log: Path, lists: Path, tmp_path: Path) -> None:
    plain = call("scan", exercise_log, "--json", "--muted")
    own, home = write_other(tmp_path), tmp_path / "home"
    done = call("scan", exercise_log, "--lists", lists, "--lists", own, "--home", home,
                "--json", "--muted")  # fmt: skip
    assert done.code == 0
    assert "lists     4 entries of 4 vessel lists of your own, 1 of them only for other" in done.err
    assert "lists  " not in plain.err
    before = {a["id"]: a for a in plain.rows}
    assert before.keys() == {a["id"] for a in done.rows}
    assert all("lists" not in a["context"] for a in before.values())
    (alert,) = [a for a in done.rows if a["detector"] == "speed_loss"]
    names = [e["list"] for e in alert["context"]["lists"]]
    assert names == ["PSC", "Port watch, own"]
    assert alert["context"]["lists_version"] == load_vessel_lists([lists, own]).version
    was = before[alert["id"]]
    assert (was["priority"], alert["priority"]) == ("P3", "P2")
    assert alert["notes"] == [*was["notes"], f"{NOTE}P3 to P2"]
    assert alert["text"] == was["text"]

    table = call("scan", exercise_log, "--lists", lists, "--quiet").out.splitlines()
    assert "listed by" in table[0]
    assert any("PSC; Port watch, own" in line for line in table)
    shown = call("alerts", "show", alert["id"], "--home", home).out
    assert re.search(r"^listed by +PSC \(detention\), entry 3 deficiencies <b> of ", shown, re.M)
    assert re.search(r"^listed by +Port watch, own \(watch\), entry 7 of 2024-12-01", shown, re.M)
    assert re.search(rf"^note +{re.escape(NOTE)}P3 to P2", shown, re.M)
    page = tmp_path / "dossier.html"
    assert call("alerts", "export", alert["id"], "--home", home, "--out", page).code == 0
    assert "PSC (detention), entry 3 deficiencies &lt;b&gt; of 2024-02-01" in page.read_text()


def test_the_same_scan_again_adds_nothing_and_another_list_is_said(
    call: Call, exercise_log: Path, lists: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    words = ("scan", exercise_log, "--home", home, "--json", "--lists")
    first = call(*words, lists)
    again = call(*words, lists)
    assert again.rows == first.rows
    assert "differ" not in again.err
    lists.write_text(LIST.replace("Port watch, own", "Port"))
    other = call(*words, lists)
    assert re.search(r"alerts differ .* other fixes, assets, rules or lists", other.err)


def test_folding_late_rows_in_leaves_alerts_of_other_lists_alone(
    call: Call, exercise_log: Path, lists: Path, tmp_path: Path
) -> None:
    """An alert is no other one because a list has changed meanwhile."""
    home = tmp_path / "home"
    call("scan", exercise_log, "--home", home, "--lists", lists)
    span = parse_iso("2024-12-25T00:00:00Z"), parse_iso("2024-12-25T12:00:00Z")

    def again(*files: Path) -> Refolded:
        make = partial(make_watch, None, None, home, None, "eagle-s", lists=files)
        return refold(Home(home), make, "scan:0", *span)

    same = again(lists)
    assert (same.alerts, same.differing) == ((), 0)
    assert same.unchanged > 0
    for other in (again(), again(write_other(tmp_path))):
        assert other.alerts == ()
        assert other.unchanged == 0
        assert other.differing > 0


def write_other(folder: Path) -> Path:
    file = folder / "other.csv"
    file.write_text("mmsi,list,entry,date,kind\n200000001,Own,1,2024-01-01,other\n")
    return file


def test_a_raised_alert_counts_for_fail_on(call: Call, exercise_log: Path, tmp_path: Path) -> None:
    rows = call("scan", exercise_log, "--json", "--quiet").rows
    assert all(a["priority"] != "P1" or a["subject"]["imo"] == EAGLE_S_IMO for a in rows)
    note = next(a for a in rows if a["priority"] == "P3")
    file = tmp_path / "own.csv"
    file.write_text("mmsi,list,entry,date,kind,effect\n"
                    f"{note['subject']['mmsi']},Own,1,2024-01-01,watch,raise\n")  # fmt: skip
    done = call("scan", exercise_log, "--lists", file, "--json", "--quiet").rows
    (now,) = [a for a in done if a["id"] == note["id"]]
    assert now["priority"] == "P2"
    assert now["context"]["lists"][0]["matched_by"] == "mmsi"


def test_a_wrong_list_stops_before_anything_is_written(
    call: Call, exercise_log: Path, lists: Path, tmp_path: Path
) -> None:
    lists.write_text(LIST + "9329761,Own,1,2024-01-01,watch,\x1b[31mraise,\n")
    home = tmp_path / "home"
    done = call("scan", exercise_log, "--lists", lists, "--home", home)
    assert (done.code, done.out) == (3, "")
    assert f"{lists}: 1 of 4 entries are wrong: line 5, column effect: " in done.err
    assert "\x1b" not in done.err
    assert not home.exists()
    assert call("scan", exercise_log, "--lists", tmp_path / "none.csv").code == 3


def test_the_page_tells_every_column_kind_and_effect_and_its_example_is_read(
    tmp_path: Path,
) -> None:
    part = PAGE.read_text("utf-8").split("\n# Vessel lists")[1]
    for word in (*COLUMNS, *LIST_KINDS, *EFFECTS):
        assert f"`{word}`" in part, word
    example = re.findall(r"```csv\n(.*?)```", part, re.S)[0]
    file = tmp_path / "example.csv"
    file.write_text(example)
    entries = load_vessel_lists([file]).entries
    assert len(entries) == len(example.splitlines()) - 1
    assert {e.effect for e in entries} == set(EFFECTS)
    assert {e.matched_by for e in entries} == {"imo", "mmsi"}
