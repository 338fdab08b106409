"""The threat model: every line of it names tests, and each of them is there and collected."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sargas.web.roles import PATHS, PUBLIC

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows_of(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without its head."""
    part = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


THREATS = [row for row in rows_of("Threats") if not row[0].startswith("**")]


def test_there_are_threats_of_every_kind() -> None:
    kinds = [row[0] for row in rows_of("Threats") if row[0].startswith("**")]
    assert len(kinds) == len(set(kinds)) >= 7
    assert len(THREATS) >= 35


@pytest.mark.parametrize("row", THREATS, ids=[row[0][:50] for row in THREATS])
def test_every_threat_has_an_answer_and_a_test(row: list[str]) -> None:
    threat, answer, tests = row
    assert threat
    assert answer
    assert NAMED.findall(tests), "it names no test"
    assert NAMED.sub("", tests).strip() == "", "something else stands there"


def test_every_test_that_is_named_is_collected() -> None:
    """Asked of pytest itself: a test that was renamed, or that is marked away, is not there."""
    named = {(file, test) for row in THREATS for file, test in NAMED.findall(row[2])}
    files = sorted({file for file, _ in named})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    found = set(re.findall(r"^(tests/[\w/]+\.py)::(\w+)", done.stdout, re.MULTILINE))
    assert named - found == set()


def test_the_table_of_roles_is_that_of_the_service() -> None:
    told = {}
    for role, _, paths in rows_of("Roles"):
        for path in re.findall(r"`([^`]+)`", paths):
            assert path not in told
            told[path] = PUBLIC if role == "everybody" else role
    assert told == dict(PATHS)


@pytest.mark.parametrize(
    "command", re.findall(r"^sargas .*$", TEXT, re.MULTILINE), ids=lambda line: line[:40]
)
def test_commands_of_the_page_are_commands(command: str) -> None:
    """The words and options are asked of the help; nothing is run."""
    words = command.split()[1:]
    path = words[:1] if words[0] == "serve" else words[:2]
    done = subprocess.run(
        [Path(sys.executable).with_name("sargas"), *path, "--help"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    for option in (word for word in words if word.startswith("--")):
        assert option in done.stdout
