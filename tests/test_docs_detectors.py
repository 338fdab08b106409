"""The page of detectors names every word and every threshold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sargas.cli.root import run
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
    # These two tell what drag_onset has followed, by its thresholds.
    own = [d.word for d in DETECTORS if d.word not in ("drag_confirmed", "speed_loss")]
    assert set(own) <= set(load_rules().tables)
    numbers = [d.number for d in DETECTORS]
    assert len(set(numbers)) == len(numbers)


AIS = Path(__file__).parent / "data" / "ais"
EAGLE_S = 518_998_865
SWAN_MAP = "mmsi=mmsi,t=t_utc_reconstructed,lon=lon,lat=lat,sog=sog_kn_derived,cog=cog_deg"


@pytest.mark.parametrize(
    ("case", "name", "words"),
    [
        ("FRIO", "frio-drift-2014-09-28.nmea.gz", []),
        ("LOTUS", "lotus-sog-glitch-2014-10-05.nmea.gz", []),
        ("Danish five minutes", "dma-5min-2013-11-12.nmea.gz", []),
        ("Samus Swan", "samus-swan-2022-02-26-drag.csv", ["--map", SWAN_MAP]),
    ],
)
def test_the_real_cases_raise_what_the_page_says(capsys, case, name, words):
    """All detectors together, muted alerts too: what the page names, and no more."""
    (row,) = re.findall(rf"^\| {case}, .*$", PAGE, re.M)
    cell = row.split("|")[3].strip()
    told = sorted(re.findall(r"`(\w+)` at (\d\d:\d\d)Z, (P\d)", cell))
    assert bool(told) == (cell != "nothing")
    run(["scan", str(AIS / name), *words, "--muted", "--json"])
    said = capsys.readouterr()
    alerts = [json.loads(line) for line in said.out.splitlines()]
    assert sorted((a["detector"], a["t_detected"][11:16], a["priority"]) for a in alerts) == told
    assert ("alerts    none" in said.err) == (not told)


def test_the_exercise_raises_what_the_page_says(capsys):
    """The ship's own alerts, each with the time the page gives; the backdrop raises more."""
    (line,) = re.findall(r"^\| Eagle S, .*$", PAGE, re.M)
    cell = line.split("|")[3]
    told = set(re.findall(r"`(\w+)` at (\d\d:\d\d)Z[^;]*, (P\d)", cell))
    assert run(["exercise", "run", "eagle-s", "--json", "--quiet"]) == 0
    alerts = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    own = [a for a in alerts if a["subject"]["mmsi"] == EAGLE_S]
    assert {(a["detector"], a["t_detected"][11:16], a["priority"]) for a in own} == told
    onset = next(a for a in own if a["detector"] == "drag_onset")
    assert "the next power cable Estlink 1 at 17:20Z" in onset["text"]
