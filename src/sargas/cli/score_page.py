"""A scoreboard as a page of its own: no script, nothing loaded, readable in dark and in light."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from sargas import __version__
from sargas.cli import score_text as text

STYLE = """
:root { color-scheme: light dark; --ink: #1b2530; --dim: #5b6875; --paper: #fbfbf9;
  --line: #d9dcd8; --good: #1d6b45; --bad: #a3321f; --open: #7a5b00; --bar: #2a6f97;
  --wash: #eef1f0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e8ec; --dim: #9aa7b2; --paper: #12181e; --line: #2f3a44; --good: #6fcf9b;
    --bad: #ff8f7a; --open: #e5c05a; --bar: #6db3dc; --wash: #1b242c; } }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; color: var(--ink);
  background: var(--paper); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
h2 small, p.dim, footer { color: var(--dim); font-weight: normal; }
p { max-width: 60rem; }
.scroll { overflow-x: auto; } .scroll + .scroll { margin-top: .9rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; white-space: nowrap; }
td:last-child { white-space: normal; min-width: 14rem; }
th { color: var(--dim); font-weight: 600; }
tr.whole td { background: var(--wash); }
.mark { display: inline-block; padding: 0 .5em; border-radius: 3px; border: 1px solid; }
.reached { color: var(--good); } .missed { color: var(--bad); font-weight: 700; }
.open { color: var(--open); }
.track { position: relative; display: inline-block; width: 9rem; height: .8rem;
  background: var(--wash); border-left: 1px solid var(--line); border-right: 1px solid var(--line);
  margin-right: .6rem; }
.track i { position: absolute; top: .3rem; height: .2rem; background: var(--bar); opacity: .55; }
.track b { position: absolute; top: .1rem; width: .2rem; height: .6rem; background: var(--bar); }
.banner { border: 2px solid var(--bad); padding: .4rem .8rem; }
"""
VERDICT_CLASS = {"reached": "reached", "MISSED": "missed"}


class Html(str):
    """Text that is markup already, and not to be escaped again."""


def page(body: dict[str, Any]) -> str:
    """Write a board, or the documented cases, as one HTML page.

    Args:
        body: as `score --json` prints it.
    """
    is_cases = body["suite"] == "incidents"
    title = f"sargas scoreboard: {body['suite']}"
    inner = _cases(body) if is_cases else _board(body)
    partial = _p("PARTIAL: it was interrupted.", "banner") if body["partial"] else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{partial}{inner}"
        f"<footer><p>sargas {escape(__version__)}. A match is information, not intent.</p></footer>"
        "</body></html>\n"
    )


def _board(body: dict[str, Any]) -> str:
    """Write the sections of a suite."""
    basis = body["basis"]
    parts = [
        _p(text.headline(body)),
        _h2("Goals", basis),
        table(("verdict", "goal", "wanted", "measured (95 % interval)"),
              [(_verdict(g["verdict"]), g["goal"], g["wanted"], text.told(g["measured"]))
               for g in body["goals"]]),
    ]  # fmt: skip
    if body["recall"]:
        parts += [
            _h2("Found", basis),
            table(text.RECALL_HEAD, [_recall(r) for r in body["recall"]],
                  [r["stratum"] == "all" for r in body["recall"]]),
            _p(text.RECALL_NOTE, "dim"),
        ]  # fmt: skip
        parts += [_p(line) for line in text.missed_texts(body)]
        if body["without_detector"]:
            parts.append(_p(text.unbuilt_text(body)))
    parts += [
        _h2("Alerts of a drag that answer nothing", basis),
        table(("where", "priority", "alerts", "a vessel-day under way, or share (95 %)"),
              [text.false_row(r) for r in body["false_drags"]]),
        _h2("Alerts a day and 1,000 vessels", basis),
        table(text.ALERT_HEAD, [text.alert_row(r) for r in body["alerts"]]
              + [text.budget_row(r) for r in body["budget"]],
              [False] * len(body["alerts"]) + [True] * len(body["budget"])),
    ]  # fmt: skip
    if body["precision"]:
        parts += [
            _h2("Share of alerts that answer something staged", basis),
            table(text.PRECISION_HEAD, [text.precision_row(r) for r in body["precision"]]),
            _p(text.PRECISION_NOTE, "dim"),
        ]  # fmt: skip
    if body["presets"]:
        parts += [
            _h2("The rules of others on the same rows", basis),
            table(
                text.PRESET_HEAD,
                [_preset(r) for r in (body["ours"], *body["presets"])],
                [True] + [False] * len(body["presets"]),
            ),
            _p(text.PRESET_NOTE, "dim"),
            _h2("Where a preset does better", basis),
            _list(body["worse"] or ["Nowhere on what both ask for."]),
        ]
    parts += [_h2("Where the traffic comes from", basis), _list(body["notes"])]
    return "".join(parts)


def _recall(r: dict[str, Any]) -> tuple[str, ...]:
    """Write a row of what was found, with a bar."""
    row = text.recall_row(r)
    name = row[0].lstrip()
    staged = name if name == row[0] else Html(f"&emsp;{escape(name)}")
    return (staged, row[1], _bar(r["recall"], row[2]), *row[3:])


def _preset(r: dict[str, Any]) -> tuple[str, ...]:
    """Write a row of a preset, with a bar where it is held against drags."""
    row = text.preset_row(r)
    drags = _bar(r["drag_recall"], row[1]) if r["drag_recall"] else row[1]
    return (row[0], drags, *row[2:])


def _bar(e: dict[str, Any], words: str) -> str:
    """Draw a share and its interval on a track from 0 to 1."""
    if e["value"] is None:
        return words
    low, high, value = (100.0 * e[name] for name in ("low", "high", "value"))
    return Html(
        f'<span class="track" aria-hidden="true"><i style="left:{low:.1f}%;'
        f'width:{high - low:.1f}%"></i><b style="left:calc({value:.1f}% - .1rem)"></b></span>'
        f"{escape(words)}"
    )


def _cases(body: dict[str, Any]) -> str:
    """Write the documented cases."""
    parts = []
    for case in body["cases"]:
        parts += [_h2(case["title"], case["basis"]), _p(case["note"])]
        if case["alerts"]:
            parts.append(table(
                ("said at", "detector", "priority", "what"),
                [(a["t_issued"], a["detector"], a["priority"], a["text"]) for a in case["alerts"]],
            ))  # fmt: skip
        else:
            parts.append(_p("Nothing was said of the ship."))
        for head, rows in ((text.FAULT_HEAD, case["faults"]), (text.LEAD_HEAD, case["assets"])):
            if rows:
                parts.append(table(head, [text.lead_row(a) for a in rows]))
        if case["named_ahead"]:
            parts.append(_p(text.ahead_text(case["named_ahead"])))
        parts.append(_p(text.others_text(case), "dim"))
    if body["goals"]:
        parts += [
            _h2("Goals", "real"),
            table(("verdict", "goal", "wanted", "measured"),
                  [(_verdict(g["verdict"]), g["goal"], g["wanted"], g["measured"])
                   for g in body["goals"]]),
        ]  # fmt: skip
    parts += [
        _h2("No track, and none is made up", ""),
        table(("case", "why"), [(n["case"], n["why"]) for n in body["no_track"]]),
        _p(text.credit_text(body), "dim"),
    ]
    return "".join(parts)


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], whole: Sequence[bool] | None = None
) -> str:
    """Write a table; cells are escaped unless they are `Html`.

    Args:
        head: of the columns. rows: of cells. whole: rows to set off, where given.

    Example:
        >>> "<td>a &lt; b</td>" in table(("x",), [("a < b",)])
        True
    """
    lines = []
    for k, row in enumerate(rows):
        cells = "".join(f"<td>{c if isinstance(c, Html) else escape(str(c))}</td>" for c in row)
        lines.append(f"<tr{' class=whole' if whole and whole[k] else ''}>{cells}</tr>")
    top = "".join(f"<th scope=col>{escape(h)}</th>" for h in head)
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _verdict(verdict: str) -> str:
    """Write a verdict in its colour; the word says it too."""
    return Html(f'<span class="mark {VERDICT_CLASS.get(verdict, "open")}">{escape(verdict)}</span>')


def _h2(words: str, basis: str) -> str:
    """Write a heading with what the numbers under it rest on."""
    small = f" <small>{escape(basis)}</small>" if basis else ""
    return f"<h2>{escape(words)}{small}</h2>"


def _p(words: str, kind: str = "") -> str:
    """Write a paragraph."""
    return f"<p{f' class={kind}' if kind else ''}>{escape(words)}</p>"


def _list(lines: Iterable[str]) -> str:
    """Write a list."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
