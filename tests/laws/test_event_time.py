"""Law 1: nothing in the core reads a clock, an unseeded random source or the environment."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sargas

ROOMS = ("model", "decode", "watch", "exercise")
ROOT = Path(sargas.__file__).parent
FORBIDDEN_MODULES = {"time", "random", "secrets", "uuid"}
FORBIDDEN_CALLS = {"now", "utcnow", "today", "getenv", "environ", "urandom", "monotonic"}


def sources() -> list[Path]:
    return [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]


def offences(tree: ast.AST) -> list[str]:
    """List what a module imports or calls that the law forbids."""
    out = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            out += [a.name for a in node.names if a.name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            out += [node.module] if (node.module or "").split(".")[0] in FORBIDDEN_MODULES else []
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_CALLS:
            out.append(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
            out += [] if node.args else ["default_rng without a seed"]
    return out


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_reads_event_time_only(path: Path) -> None:
    assert offences(ast.parse(path.read_text())) == []


@pytest.mark.parametrize(
    "code",
    ["import time", "from random import random", "datetime.now()", "os.environ['X']",
     "np.random.default_rng()"],
)  # fmt: skip
def test_the_law_is_watched(code: str) -> None:
    assert offences(ast.parse(code))
