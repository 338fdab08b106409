"""`sargas handover`: what the next watch must know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError
from sargas.model.time import MINUTE_MS


def handover(
    *,
    home: Path | None = None,
    officer: str = "",
    watch: int | None = None,
    csv: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Tell what rang in a watch, who took it and after how long, and what is open, oldest first.

    Examples:
      sargas handover --home watch
      sargas handover --officer "V. Petraitis" --csv > handover.csv
      sargas handover --watch 12 --json

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    officer
        The newest watch of this officer (default: the newest watch of all).
    watch
        The watch with this number in the log, as --json and 'sargas audit list' print it.
    csv
        As CSV, one row an alert.
    json
        As one JSON object.
    quiet
        Print no remarks.
    """
    from sargas.cli.acts import newest_ms
    from sargas.cli.kept_alerts import open_stored
    from sargas.share.handover import to_csv, watch_handover
    from sargas.store import AuditLog, Ledger
    from sargas.store.standing import Standing

    if csv and json:
        raise UsageError("--csv and --json exclude each other.")
    stored = open_stored(home)
    with AuditLog(stored) as log, Ledger(stored) as ledger:
        standing = Standing(ledger, log)
        report = watch_handover(standing, newest_ms(stored, standing.alerts()), officer, watch)
    if json:
        put_json(report)
    elif csv:
        print(to_csv(report), end="")
    else:
        _put(report)
    say("Public data, not evidence on its own. A match is information, not intent.", quiet=quiet)
    return EXIT_OK


def _put(report: dict[str, Any]) -> None:
    """Write the report for people."""
    watch, counts = report["watch"], report["counts"]
    ended = "" if watch["ended"] else ", not handed over yet"
    print(f"Watch of {clean_text(watch['officer'])}, {watch['from']} to {watch['to']}{ended}")
    if any(row["exercise"] for part in ("rang", "open", "snoozed") for row in report[part]):
        print("EXERCISE: none of this is real.")
    if watch["comment"]:
        print(f"Said: {clean_text(watch['comment'])}")
    by = counts["by_priority"]
    median = counts["median_taken_after_ms"]
    took = "" if median is None else f"; taken after {median / MINUTE_MS:.0f} min in the median"
    print(f"{by['P1']} Alarms, {by['P2']} Warnings, {counts['notes']} Notes{took}")
    for title, part, timed in (
        ("Open, oldest first", "open", "age"),
        ("Snoozed", "snoozed", "age"),
        ("Rang or was taken in this watch", "rang", "taken after"),
    ):
        rows = report[part]
        print(f"\n{title}: {len(rows) or 'none'}")
        if rows:
            put_table(
                ("detected", timed, "what", "vessel", "asset", "state", "by", "said"),
                [_cells(row, timed) for row in rows],
            )
    for one in report["suspensions"]:
        print(f"\nSuspension {one['id']} ends {one['until']}: {clean_text(one['reason'])} "
              f"({clean_text(one['by'])}; {counted(one['muted'], 'alert')} muted)")  # fmt: skip
    for feed in report["feeds"]:
        print(f"\nFeed: {clean_text(feed['text'])}")
    print(f"\nLog: {counted(report['log']['lines'], 'line')}, newest hash {report['log']['head']}")


def _cells(row: dict[str, Any], timed: str) -> tuple[str, ...]:
    """Write one alert as cells of a table."""
    ms = row["age_ms"] if timed == "age" else row["taken_after_ms"]
    said = [row["reason"], row["to"], row["ref"], row["comment"]]
    if row["snoozed_until"]:
        said.insert(0, f"until {row['snoozed_until']}")
    return (
        row["detected"],
        "" if ms is None else f"{ms / MINUTE_MS:.0f} min",
        f"{row['word']} {row['detector']}",
        row["vessel"] or str(row["mmsi"] or ""),
        row["asset"] or "",
        row["state"],
        row["owner"] or row["taken_by"] or "",
        "; ".join(str(text).replace("\n", " / ") for text in said if text),
    )
