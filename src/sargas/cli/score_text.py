"""A scoreboard as tables on a terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Any

from sargas.cli.words import clean_text, counted, put_table

WIDTH = 100


def put(body: dict[str, Any]) -> None:
    """Write a board, or the documented cases, to stdout."""
    if body["suite"] == "incidents":
        _put_incidents(body)
    else:
        _put_board(body)


def _put_board(body: dict[str, Any]) -> None:
    """Write the tables of a suite."""
    _say(headline(body))
    _head("Goals", body)
    put_table(
        ("verdict", "measured (95 % interval)", "goal"),
        [(g["verdict"], told(g["measured"]), f"{g['goal']}: {g['wanted']}") for g in body["goals"]],
    )
    if body["recall"]:
        _head("Found", body)
        put_table(RECALL_HEAD, [recall_row(r) for r in body["recall"]])
        _say(RECALL_NOTE)
        for line in missed_texts(body):
            _say(line)
        if body["without_detector"]:
            _say(unbuilt_text(body))
    _head("Alerts of a drag that answer nothing", body)
    put_table(("where", "priority", "alerts", "a vessel-day under way, or share (95 %)"),
              [false_row(r) for r in body["false_drags"]])  # fmt: skip
    _head("Alerts a day and 1,000 vessels", body)
    put_table(ALERT_HEAD, [alert_row(r) for r in body["alerts"]]
              + [budget_row(r) for r in body["budget"]])  # fmt: skip
    if body["precision"]:
        _head("Share of alerts that answer something staged", body)
        put_table(PRECISION_HEAD, [precision_row(r) for r in body["precision"]])
        _say(PRECISION_NOTE)
    if body["presets"]:
        _head("The rules of others on the same rows", body)
        put_table(PRESET_HEAD, [preset_row(r) for r in (body["ours"], *body["presets"])])
        _say(PRESET_NOTE)
        _head("Where a preset does better", body)
        for line in body["worse"] or ["Nowhere on what both ask for."]:
            _say(f"- {line}")


RECALL_HEAD = ("staged", "n", "found (95 %)", "P1/P2", "median", "90 %", "warned", "lead")
RECALL_NOTE = (
    "median, 90 %: delay in min from the start, what was not found counted as never. warned: found "
    "before the next asset, of those that crossed one. lead: min before it, median of the warned."
)
PRECISION_HEAD = ("alerts", "share (95 %)", "F1", "F0.5", "detectors")
PRECISION_NOTE = (
    "Only of drags is the rest wrong: ordinary traffic is slow over cables and silent unstaged too."
)
ALERT_HEAD = ("detector", "priority", "alerts", "muted", "retracted", "a day", "rate (95 %)")
PRESET_HEAD = ("rule", "drags found", "own found", "median", "rate (95 %)", "asks for")
PRESET_NOTE = (
    "drags found: only where the rule asks for something that a drag is. own found: of what was "
    "staged that it asks for. rate: a day and 1,000 vessels, all that it says, of a pair both."
)


def headline(body: dict[str, Any]) -> str:
    """Say in a line or two what was scored, and whether it is simulated or partial."""
    partial = "PARTIAL, interrupted: " if body["partial"] else ""
    staged = ", ".join(f"{n} {kind}" for kind, n in sorted(body["staged"].items())) or "nothing"
    return (
        f"{partial}suite {body['suite']}, {body['basis'].upper()}: "
        f"{counted(body['plays'], 'play')}, {number(body['vessel_days'])} vessel-days, "
        f"{number(body['under_way_vessel_days'])} under way; "
        f"staged: {staged}; {counted(body['controls'], 'control twin')}."
    )


def missed_texts(body: dict[str, Any]) -> list[str]:
    """Say of each kind how many were missed because something was said, but muted or too early."""
    return [
        f"Of the {r['kind']} not found, {r['missed_after_early_alert']} had been spoken of before "
        f"their start, which is no answer; {r['muted']} had a muted alert only."
        for r in body["recall"]
        if r["stratum"] == "all" and (r["missed_after_early_alert"] or r["muted"])
    ]


def unbuilt_text(body: dict[str, Any]) -> str:
    """Say which kinds cannot be found, as no detector answers them."""
    return f"No detector of sargas answers: {', '.join(body['without_detector'])}."


def recall_row(r: dict[str, Any]) -> tuple[str, ...]:
    """Write what was found of one kind in one stratum."""
    return (
        r["kind"] if r["stratum"] == "all" else f"  {r['stratum']}", str(r["n"]),
        told(r["recall"]), plain(r["recall_p2"]), plain(r["delay_median_min"]),
        plain(r["delay_p90_min"]),
        f"{plain(r['warned_before_asset'])} of {r['assets_ahead']}" if r["assets_ahead"] else "-",
        plain(r["lead_median_min"]),
    )  # fmt: skip


def false_row(r: dict[str, Any]) -> tuple[str, ...]:
    """Write one line of the drag alerts that answer nothing."""
    return r["where"], r["priority"], str(r["count"]), told(r.get("rate") or r.get("share"))


def alert_row(r: dict[str, Any]) -> tuple[str, ...]:
    """Write one detector's alerts of one priority."""
    return (
        r["detector"], r["priority"], str(r["count"]), str(r["muted"]), str(r["retracted"]),
        number(r["a_day"]), told(r["rate"]),
    )  # fmt: skip


def budget_row(r: dict[str, Any]) -> tuple[str, ...]:
    """Write the sum of all detectors."""
    return "all", r["priority"], str(r["count"]), "", "", number(r["a_day"]), told(r["rate"])


def precision_row(r: dict[str, Any]) -> tuple[str, ...]:
    """Write which share of some detectors' alerts answers something staged."""
    scores = [number(r[name], "share") for name in ("f1", "f05")]
    return str(r["alerts"]), told(r["precision"]), *scores, ", ".join(r["words"])


def preset_row(r: dict[str, Any]) -> tuple[str, ...]:
    """Write a preset's rule, held only against what it asks for."""
    return (
        r["rule"], told(r["drag_recall"]) if r["asks_for_drags"] else "not asked",
        f"{plain(r['recall'])} of {r['n']}" if r["n"] else "none staged",
        plain(r["delay_median_min"]), told(r["rate"]), r["asks_for"],
    )  # fmt: skip


def told(e: Any) -> str:  # noqa: ANN401 - an estimate of the board, a number or a text
    """Write an estimate with its interval.

    Example:
        >>> told({"value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "unit": "share", "never": False})
        '0.50 (0.40-0.60)'
        >>> told(None), told(12)
        ('-', '12')
    """
    if not isinstance(e, dict):
        return "-" if e is None else str(e)
    if e["value"] is None:
        return "never" if e["never"] else "-"
    high = "never" if e["high"] is None else number(e["high"], e["unit"])
    unit = " min" if e["unit"] == "min" else ""
    return f"{number(e['value'], e['unit'])}{unit} ({number(e['low'], e['unit'])}-{high})"


def plain(e: dict[str, Any]) -> str:
    """Write an estimate without its interval."""
    if e["value"] is None:
        return "never" if e["never"] else "-"
    return number(e["value"], e["unit"])


def number(x: float | None, unit: str = "") -> str:
    """Write a number as short as it may be.

    Example:
        >>> number(0.00042), number(3.25), number(123.4), number(0.5, "share"), number(None)
        ('0.0004', '3.2', '123', '0.50', '-')
    """
    if x is None:
        return "-"
    if unit == "share":
        return f"{x:.2f}"
    if x == 0 or abs(x) >= 100:
        return f"{x:,.0f}"
    return f"{x:.1f}" if abs(x) >= 1 else f"{x:.4f}" if abs(x) < 0.01 else f"{x:.3f}"


def _put_incidents(body: dict[str, Any]) -> None:
    """Write the documented cases one under the other."""
    if body["partial"]:
        _say("PARTIAL, interrupted.")
    for case in body["cases"]:
        print()
        _say(f"{case['basis'].upper()}  {case['title']}")
        _say(case["note"])
        if case["alerts"]:
            put_table(("said at", "detector", "priority", "what"),
                      [(a["t_issued"], a["detector"], a["priority"], a["text"])
                       for a in case["alerts"]])  # fmt: skip
        else:
            _say("Nothing was said of the ship.")
        for head, rows in ((FAULT_HEAD, case["faults"]), (LEAD_HEAD, case["assets"])):
            if rows:
                put_table(head, [lead_row(a) for a in rows])
        if case["named_ahead"]:
            _say(ahead_text(case["named_ahead"]))
        _say(others_text(case))
    if body["goals"]:
        print()
        put_table(("verdict", "measured", "goal"),
                  [(g["verdict"], g["measured"], f"{g['goal']}: {g['wanted']}")
                   for g in body["goals"]])  # fmt: skip
    print()
    _say("No track, and none is made up:")
    put_table(("case", "why"), [(n["case"], n["why"]) for n in body["no_track"]])
    _say(credit_text(body))


LEAD_HEAD = ("crossed at", "lead", "drag lead", "asset as it is drawn")
FAULT_HEAD = ("fault seen at", "lead", "drag lead", "asset as it was reported")
AHEAD_SHOWN = 5


def lead_row(a: dict[str, Any]) -> tuple[str, ...]:
    """Write an asset, crossed or reported, and how long before it something was said."""
    when = a.get("crossed") or a["reported"]
    return when, lead(a["lead_min"]), lead(a["drag_lead_min"]), a["name"]


def lead(minutes: float | None) -> str:
    """Write a lead time; an alert after the crossing has none.

    Example:
        >>> lead(92.4), lead(-3.0), lead(None)
        ('92 min', 'after', 'none')
    """
    return "none" if minutes is None else "after" if minutes < 0 else f"{minutes:.0f} min"


def credit_text(body: dict[str, Any]) -> str:
    """Say whose data the cases rest on."""
    return f"Data: {'; '.join(body['credit'])}."


def ahead_text(named: list[dict[str, Any]]) -> str:
    """Name the first of the assets that were named ahead and not reached; JSON has all."""
    words = ", ".join(f"{n['name']} ({n['eta'][11:16]}Z)" for n in named[:AHEAD_SHOWN])
    more = len(named) - AHEAD_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return f"Named ahead by the first drag alert and never reached: {words}{rest}."


def others_text(case: dict[str, Any]) -> str:
    """Say how often it rang for others meanwhile."""
    return (
        f"Alerts of other vessels meanwhile: {case['alerts_of_others']}, "
        f"{case['drag_alerts_of_others']} of them of a drag."
    )


def _head(text: str, body: dict[str, Any]) -> None:
    """Write a heading, with the word that every number under it needs."""
    print(f"\n{text} ({body['basis']})")


def _say(text: str) -> None:
    """Write a sentence, broken to the terminal where there is one."""
    width = min(WIDTH, shutil.get_terminal_size().columns) if sys.stdout.isatty() else WIDTH
    print("\n".join(textwrap.wrap(clean_text(text), width)))
