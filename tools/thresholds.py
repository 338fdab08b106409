"""Write the thresholds of `rules.toml` into docs/detectors.md, between its two marks.

Run it from the root of the project after a change of a threshold:

    python tools/thresholds.py
"""

from __future__ import annotations

from pathlib import Path

from sargas.watch.rules import Rules, load_rules

PAGE = Path(__file__).resolve().parent.parent / "docs" / "detectors.md"
BEGIN, END = "<!-- thresholds: begin -->", "<!-- thresholds: end -->"


def tables(rules: Rules) -> str:
    """Write one table a rule, in the order of the file."""
    out = []
    for name, table in rules.tables.items():
        out += [f"### `{name}`", "", "| threshold | value | unit | source |", "|---|---|---|---|"]
        out += [
            f"| `{key}` | {t.value:g} | {t.unit} | {t.source.replace('|', '/')} |"
            for key, t in table.items()
        ]
        out.append("")
    return "\n".join(out)


def renewed(page: str, rules: Rules) -> str:
    """Give the page with its thresholds as they are now."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables(rules)}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8"), load_rules()), "utf-8")
