"""The page of detectors names every word and every threshold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sargas.watch.detect import DETECTORS
from sargas.watch.rules import load_rules

PAGE = (Path(__file__).parents[1] / "docs" / "detectors.md").read_text("utf-8")
HINT = "run: python tools/thresholds.py"


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.word)
def test_every_word_has_its_row_with_its_number(detector):
    row = re.search(rf"^\| `{detector.word}` \| {detector.number} \| P[123].*$", PAGE, re.M)
    assert row, f"docs/detectors.md has no row of {detector.word} under Built"
    cells = [cell.strip() for cell in row.group().split("|")[1:-1]]
    assert len(cells) == 5
    assert all(cells)


def sections():
    """The page's threshold tables: {table: {name: (value, unit)}}."""
    out = {}
    for part in PAGE.split("\n### ")[1:]:
        name = part.split("`")[1]
        rows = re.findall(r"^\| `(\w+)` \| (\S+) \| ([^|]+) \| [^|]+ \|$", part, re.M)
        out[name] = {key: (float(value), unit) for key, value, unit in rows}
    return out


def test_every_threshold_stands_on_the_page_as_it_is():
    rules = load_rules()
    wanted = {
        table: {key: (float(f"{t.value:g}"), t.unit) for key, t in entries.items()}
        for table, entries in rules.tables.items()
    }
    assert sections() == wanted, HINT


def test_every_threshold_has_unit_and_source():
    for table, entries in load_rules().tables.items():
        for key, t in entries.items():
            assert t.unit.strip(), (table, key)
            assert t.source.strip(), (table, key)


def test_detector_words_are_each_told_once_and_have_rules():
    words = [d.word for d in DETECTORS]
    assert len(set(words)) == len(words)
    assert set(words) <= set(load_rules().tables)
    numbers = [d.number for d in DETECTORS]
    assert len(set(numbers)) == len(numbers)
