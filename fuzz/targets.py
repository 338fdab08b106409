"""Every target, by name."""

from __future__ import annotations

from collections.abc import Sequence

from fuzz import ais, assets, kept, live, partners, screens, settings, tables
from fuzz.target import LINES, Target

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (ais, tables, live, assets, settings, kept, partners, screens)
    for target in module.TARGETS
}
"""In the order in which they are run."""


def shares(names: Sequence[str], inputs: int, documents: float = 0.01) -> dict[str, int]:
    """Part a budget: lines get most of it, as millions of them are read in seconds.

    Args:
        names: the targets that are run.
        inputs: of all targets together.
        documents: the part for targets of which an input is a whole document.
    """
    out: dict[str, int] = {}
    for is_lines in (True, False):
        some = [TARGETS[n] for n in names if (TARGETS[n].kind == LINES) == is_lines]
        part = 1 - documents if is_lines else documents
        budget = inputs * part if len(some) < len(names) else inputs
        total = sum(t.weight for t in some)
        out |= {t.name: max(1, round(budget * t.weight / total)) for t in some}
    return out
