"""`sargas detectors`: every detector explains itself, whichever are entered."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sargas.cli.catalogue import entries, find, shared_tables
from sargas.errors import NotFoundError, UsageError
from sargas.watch import detect
from sargas.watch.detect import DETECTORS
from sargas.watch.rules import load_rules

from .conftest import AIS, OWN_MAP, Call

WORDS = [d.word for d in DETECTORS]


def test_the_list_has_every_detector_and_the_records(call: Call) -> None:
    done = call("detectors", "list", "--json")
    assert done.code == 0
    kinds = {row["word"]: row["kind"] for row in done.rows}
    assert {w for w, kind in kinds.items() if kind == "detector"} == set(WORDS)
    assert {w for w, kind in kinds.items() if kind == "record"} == {"crossings", "suspects"}
    numbers = [int("0" + "".join(re.findall(r"\d+", row["number"])[:1])) for row in done.rows]
    assert numbers == sorted(numbers)
    table = call("detectors", "list").out.splitlines()
    assert len(table) == 1 + len(done.rows)
    assert sum("no alert" in line for line in table) == 2


@pytest.mark.parametrize("word", WORDS)
def test_every_detector_explains_itself(call: Call, word: str) -> None:
    """Its docstring must say all four things, and which priority it gives."""
    done = call("detectors", "explain", word, "--json")
    (said,) = done.rows
    heads = [part["heading"] for part in said["text"]]
    assert any("Source" in head for head in heads), heads
    assert any("cannot see" in head for head in heads), heads
    assert any("false alarms" in head for head in heads), heads
    assert said["sentence"].endswith(".")
    assert len(said["sentence"]) > 20
    assert said["priorities"], "its docstring names no P1, P2 or P3"
    rules = load_rules()
    make = next(d for d in DETECTORS if d.word == word)
    table = rules.tables[word if word in rules.tables else make.rests_on[0]]
    assert said["thresholds"] == {n: vars(t) for n, t in table.items()}
    text = call("detectors", "explain", word).out
    assert all(len(line) <= 96 or "  " in line for line in text.splitlines())
    for name, threshold in table.items():
        row = rf"^{name} +{re.escape(f'{threshold.value:g}')} +{re.escape(threshold.unit)} "
        assert re.search(row, text, re.MULTILINE)
        assert threshold.source in text
    assert "How its priority is decided" in text


def test_shared_thresholds_are_told_with_each(call: Call) -> None:
    rules = load_rules()
    shared = shared_tables(rules)
    assert {"order", "clean", "locate", "judge"} <= set(shared)
    assert not set(shared) & {*WORDS, "crossing", "suspects"}
    text = call("detectors", "explain", WORDS[0]).out
    assert all(f"[{table}]" in text for table in shared)


@pytest.mark.parametrize("name", ["drag_onset", "DRAG-ONSET", "drag onset", "D1", "d1"])
def test_a_name_or_a_number_is_enough(name: str) -> None:
    assert find(entries(load_rules()), name).word == "drag_onset"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("drag", "drag_onset"), ("drag_onsett", "drag_onset"), ("slow", "slow_in_corridor"),
     ("integrity", "position_integrity"), ("crossing", "crossings")],
)  # fmt: skip
def test_a_near_miss_is_hinted(call: Call, name: str, meant: str) -> None:
    done = call("detectors", "explain", name)
    assert done.code == 5
    assert meant in done.err.partition("Did you mean ")[2]


def test_a_name_that_nothing_comes_near() -> None:
    with pytest.raises(NotFoundError) as caught:
        find(entries(load_rules()), "xyzzy")
    assert "Did you mean" not in caught.value.hint


def test_a_detector_that_is_entered_later_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(DETECTORS[0]):
        word, number = "later_on", DETECTORS[0].number

    monkeypatch.setattr(detect, "DETECTORS", (*DETECTORS, Later))
    found = entries(load_rules())
    assert find(found, "later_on").make is Later
    with pytest.raises(UsageError, match="is the number of"):
        find(found, Later.number)


def test_a_rules_file_is_laid_over(call: Call, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[slow_in_corridor]\nslow_kn = 2.5\n")
    (said,) = call("detectors", "explain", "D4", "--rules", rules, "--json").rows
    assert said["thresholds"]["slow_kn"]["value"] == 2.5
    assert "user's rules" in said["thresholds"]["slow_kn"]["source"]


def test_one_detector_is_tried_on_a_file(call: Call, drag_csv: Path) -> None:
    words = (drag_csv, "--map", OWN_MAP)
    whole = call("scan", *words, "--json", "--quiet", "--muted").rows
    for word in WORDS:
        done = call("detectors", "test", word, *words, "--json", "--muted")
        assert done.code == 0
        assert {a["id"] for a in done.rows} == {a["id"] for a in whole if a["detector"] == word}
        assert "folded" in done.err
        assert "passed over" in done.err


def test_what_was_passed_over_is_counted(call: Call) -> None:
    done = call("detectors", "test", "D10", AIS / "frio-drift-2014-09-28.nmea.gz")
    assert done.code == 0
    assert done.out == ""
    assert "alerts    none" in done.err
    assert re.search(r"passed over [\d,]+ late_copies", done.err)


def test_a_record_is_not_tried(call: Call) -> None:
    done = call("detectors", "test", "D3", "whatever.csv")
    assert done.code == 2
    assert "sargas crossings" in done.err


def test_unreadable_files_leave_with_three(call: Call, tmp_path: Path) -> None:
    bad = tmp_path / "bad.bin"
    bad.write_bytes(b"\x00\x01\x02" * 100)
    assert call("detectors", "test", "gap", bad).code == 3
    assert json.dumps(entries(load_rules())[0].to_dict())
