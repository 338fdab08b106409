"""What detectors test has its word in every language of the screen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sargas.watch.detect
from sargas.watch.links import FEATURES

ROOT = Path(__file__).parents[2]
DETECT = Path(sargas.watch.detect.__file__).parent
LANGUAGES = sorted((ROOT / "web/src/lang").glob("*-features.ts"))


def written(node: ast.expr) -> str | None:
    """Give a text as dictionaries have it: `{n}` for each number in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\d+", "{n}", node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{n}" for part in node.values]
        return re.sub(r"\d+", "{n}", "".join(map(str, parts)))
    return None


def features(file: Path) -> Iterator[str]:
    """Find what a detector's file names: calls of `reason`, and tables of its five arguments."""
    for node in ast.walk(ast.parse(file.read_text())):
        first: ast.expr | None = None
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reason" and node.args:
            first = node.args[0]
        elif isinstance(node, ast.Tuple) and len(node.elts) == 5:
            last = node.elts[-1]
            if isinstance(last, ast.Constant) and isinstance(last.value, bool):
                first = node.elts[0]
        if first is not None and (text := written(first)):
            yield text


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda path: path.stem)
def test_what_is_tested_has_its_word(language: Path) -> None:
    found = {text for file in DETECT.glob("*.py") for text in features(file)}
    found |= set(FEATURES.values())
    assert len(found) > 90, "does the search still work?"
    keys = re.findall(r'^  (?:"((?:[^"\\]|\\.)*)"|(\w+)): "', language.read_text(), re.MULTILINE)
    known = {quoted or bare for quoted, bare in keys}
    assert found - known == set()
    assert known - found == set(), "words that no detector uses any more"
