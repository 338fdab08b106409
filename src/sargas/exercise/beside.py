"""Where a rule of others did better than the watch, in words, and what it costs.

A rule is looked at only on what it asks for. It did better where it found more of what was staged,
or, of what both found, most of it sooner. With it stands how often it speaks in the same traffic.
"""

from __future__ import annotations

from collections.abc import Sequence

from sargas.exercise.presets import PRESETS
from sargas.exercise.score import Met, Result, answers

Group = tuple[str, str, list[Met]]
"""(kind, stratum, what was staged so); the stratum `all` is the kind as a whole."""


def where_worse(
    groups: Sequence[Group], plays: Sequence[Result], presets: Sequence[str]
) -> list[str]:
    """Say where presets did better, one sentence or two a rule and kind.

    Args:
        groups: what was staged, by kind and stratum.
        plays: those in which alerts a day are counted.
        presets: names in `PRESETS`.
    """
    rules = {word: rule for name in presets for word, rule in PRESETS[name].rules.items()}
    out = []
    for kind in dict.fromkeys(kind for kind, _, _ in groups):
        for word, rule in rules.items():
            if kind not in rule.kinds:
                continue
            better = [
                (stratum, said) for k, stratum, of in groups
                if k == kind and (said := _better(of, word))
            ]  # fmt: skip
            if not better:
                continue
            whole = [said for stratum, said in better if stratum == "all"]
            parts = whole or [f"{stratum}: {said}" for stratum, said in better]
            out.append(
                f"{word}, {kind}: {'; '.join(parts)}. It asks for: {rule.asks}. "
                f"{_price(word, kind, plays)}"
            )
    return out


def _better(of: Sequence[Met], word: str) -> str:
    """Say what a rule did better on some staged things, empty where nothing."""
    theirs = [m for m in of if word in m.words]
    ours = sum(m.first_ms is not None for m in of)
    only = sum(m.first_ms is None for m in theirs)
    said = []
    if len(theirs) > ours:
        said.append(f"found {len(theirs)} of {len(of)}, sargas {ours}, {only} that sargas did not")
    both = [m for m in theirs if m.first_ms is not None]
    sooner = sum(m.words[word] < (m.first_ms or 0) for m in both)
    if 2 * sooner > len(both):
        said.append(f"sooner in {sooner} of the {len(both)} that both found")
    return ", ".join(said)


def _price(word: str, kind: str, plays: Sequence[Result]) -> str:
    """Say how often a rule speaks, and how often the detectors that answer the same do."""
    days = sum(r.vessel_days for r in plays) / 1000.0
    if not days:
        return ""
    theirs = sum(r.rows[word][0] for r in plays) / days
    ours = sum(
        a.word in answers(kind) and not a.is_muted for r in plays for a in r.said
    ) / days  # fmt: skip
    return (
        f"In the same traffic it spoke {theirs:,.1f} times a day and 1,000 vessels, the detectors "
        f"of sargas that answer this {ours:,.1f} times."
    )
