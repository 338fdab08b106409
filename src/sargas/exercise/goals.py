"""The goals of the project, held against a board. A goal that is missed is printed as missed.

Verdicts: `reached`; `MISSED`; `not shown` where a number is within the goal but rests on too little
(a rate whose upper 95 % limit is beyond it, a share or median of fewer than 20); `not tested` where
nothing was staged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

REACHED, MISSED, NOT_SHOWN, NOT_TESTED = "reached", "MISSED", "not shown", "not tested"
LEAST_DRAGS = 200
LEAST_N = 20
"""Of fewer than this no share or median is called reached; chosen: one miss is 5 % of 20."""
RECALL = ((25, 0.95), (15, 0.90), (10, 0.60))
"""Speed loss in per cent, least recall."""
DELAY = ((25, 15.0), (15, 25.0))
"""Speed loss in per cent, longest median delay in minutes from the start of the ramp."""
FALSE_DRAGS = 0.001
BESIDE = "others in plays with ships already dragging"
P1_BUDGET, P2_BUDGET = 0.5, 6.0
"""Alerts a day and 1,000 vessels."""


def goals(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold a board (`board.Board.to_dict` so far) against the goals.

    Returns:
        Rows of goal, wanted, measured (as in the board, or None), verdict.
    """
    return [*_drags(board), *_sustained(board), *_alarms(board)]


def _row(goal: str, wanted: str, measured: Any, verdict: str) -> dict[str, Any]:  # noqa: ANN401
    return {"goal": goal, "wanted": wanted, "measured": measured, "verdict": verdict}


def _loss_pct(stratum: str) -> float | None:
    """Read a speed loss out of a stratum's words.

    Example:
        >>> _loss_pct("speed_loss: 0.25"), _loss_pct("speed_loss: 25 %"), _loss_pct("lane: busy")
        (25.0, 25.0, None)
    """
    name, _, value = stratum.partition(": ")
    if name != "speed_loss":
        return None
    try:
        number = float(value.strip().rstrip("%").strip())
    except ValueError:
        return None
    return round(number * 100.0, 6) if number < 1.0 else number


def _drags(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Judge recall and delay of drags laid in under way."""
    rows = {_loss_pct(r["stratum"]): r for r in board["recall"] if r["kind"] == "drag_onset"}
    staged = board["staged"].get("drag_onset", 0)
    enough = REACHED if staged >= LEAST_DRAGS else NOT_SHOWN if staged else NOT_TESTED
    yield _row("drags laid in under way", f"at least {LEAST_DRAGS}", staged, enough)
    for loss, least in RECALL:
        row = rows.get(float(loss))
        told: Any = row["recall"] if row else None
        verdict = NOT_TESTED
        if row and told["value"] is not None:
            verdict = _enough(row["n"]) if told["value"] >= least else MISSED
        yield _row(f"recall at {loss} % loss", f"at least {least:.2f}", told, verdict)
    for loss, most in DELAY:
        row = rows.get(float(loss))
        told = row["delay_median_min"] if row else None
        verdict = NOT_TESTED
        if row and (told["never"] or told["value"] is not None):
            verdict = MISSED if told["never"] or told["value"] > most else _enough(row["n"])
        yield _row(f"median delay at {loss} % loss", f"at most {most:.0f} min", told, verdict)


def _sustained(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Judge ships that drag when first heard."""
    row = next((r for r in board["recall"]
                if r["kind"] == "drag_sustained" and r["stratum"] == "all"), None)  # fmt: skip
    told: Any = row["within_60_min"] if row else None
    verdict = NOT_TESTED
    if row and told["value"] is not None:
        verdict = _enough(row["n"]) if told["value"] == 1.0 else MISSED
    yield _row("dragging when first heard: flagged within 60 min", "all", told, verdict)
    beside = next((r for r in board["false_drags"] if r["where"] == BESIDE), None)
    verdict = NOT_TESTED
    if beside:
        verdict = MISSED if beside["count"] else _enough(row["n"] if row else 0)
    yield _row(
        "dragging when first heard: drag alerts on others there", "none",
        beside["count"] if beside else None, verdict,
    )  # fmt: skip


def _alarms(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Judge false drag alerts and the budget, each by its interval too."""
    for where, priority in (("all plays", "any"), ("clean plays", "any")):
        row = next(r for r in board["false_drags"]
                   if (r["where"], r["priority"]) == (where, priority))  # fmt: skip
        yield _row(
            f"false drag alerts, {where}", f"at most {FALSE_DRAGS} an under-way vessel-day",
            row["rate"], _at_most(row["rate"], row["upper_95"], FALSE_DRAGS),
        )  # fmt: skip
    twins = next(r for r in board["false_drags"] if r["where"] == "control twins")
    verdict = NOT_TESTED
    if twins["controls"]:
        verdict = MISSED if twins["count"] else _enough(twins["controls"])
    yield _row("drag alerts on control twins", "none", twins["share"], verdict)
    for name, most in (("P1", P1_BUDGET), ("P1 and P2", P2_BUDGET)):
        row = next(r for r in board["budget"] if r["priority"] == name)
        told = row["rate"]
        yield _row(
            f"{name} alerts", f"at most {most:g} a day and 1,000 vessels", told,
            _at_most(told, told["high"], most),
        )  # fmt: skip


def _enough(n: int) -> str:
    """Call a goal reached where it rests on enough."""
    return REACHED if n >= LEAST_N else NOT_SHOWN


def _at_most(told: dict[str, Any], upper: float | None, most: float) -> str:
    """Judge a rate that must not exceed a limit; no alert in little traffic shows nothing."""
    if told["value"] is None:
        return NOT_TESTED
    if told["value"] > most:
        return MISSED
    return REACHED if upper is not None and upper <= most else NOT_SHOWN
