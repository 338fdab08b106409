"""`sargas audit`: what people did, line by line, and whether the log is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cyclopts import App

from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_FAILED, EXIT_OK
from sargas.model.time import iso

app = App(
    name="audit",
    help="The log of what people did: list it, verify it.",
    help_format="plaintext",
)


@app.command(name="list")
def list_(
    *,
    home: Path | None = None,
    alert: str | None = None,
    officer: str | None = None,
    after: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """List the log, oldest first: who did what, when, and what was said.

    Examples:
      sargas audit list --home watch
      sargas audit list --alert 03a570d1
      sargas audit list --json > log.jsonl

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    alert
        Only lines about this alert; its id or the beginning.
    officer
        Only lines of this officer.
    after
        Only lines after this number.
    json
        One line of the log a line, as JSON.
    quiet
        Print no count.
    """
    from sargas.cli.kept_alerts import open_stored, whole_id
    from sargas.store import AuditLog
    from sargas.store.standing import stored_alerts

    stored = open_stored(home)
    name = whole_id(stored_alerts(stored), alert, stored) if alert else None
    with AuditLog(stored) as log:
        lines = log.lines(alert=name, after_seq=after)
    lines = [line for line in lines if officer is None or line.officer == officer]
    if json:
        for line in lines:
            put_json(line.to_dict())
    elif lines:
        put_table(
            ("line", "event time", "officer", "act", "alert", "became", "said"),
            [
                (str(a.seq), iso(a.t_ms), a.officer, a.verb, a.alert[:10],
                 a.new if a.new != a.old else "", said_of(a.detail))
                for a in lines
            ],
        )  # fmt: skip
    say(f"{counted(len(lines), 'line')}.", quiet=quiet)
    return EXIT_OK


@app.command
def verify(
    *, home: Path | None = None, noted: str = "", json: bool = False, quiet: bool = False
) -> int:
    """Check that no line of the log was changed, taken out or put in between.

    Each line is chained to the one before by its hash, and the newest one is noted in another
    table: lines that are deleted are missed, at the end too. Who can write the ledger and knows
    of both can hide it; that shows only against a hash that was noted elsewhere, as every printed
    handover does: give it with --noted.

    Examples:
      sargas audit verify --home watch
      sargas audit verify --noted 5e3f0c81

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    noted
        A hash that a handover or an earlier check printed, whole or its beginning.
    json
        What was found, as one JSON object.
    quiet
        Print no remark.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store import AuditLog

    stored = open_stored(home)
    with AuditLog(stored) as log:
        found = log.verify(noted.strip().lower())
    whole = found.broken_at is None and found.has_head
    if json:
        put_json({
            "home": str(stored.path), "whole": whole, "lines": found.lines, "head": found.head,
            "broken_at": found.broken_at, "what": found.what, "noted_found": found.has_head,
        })  # fmt: skip
    elif found.broken_at is not None:
        print(f"Line {found.broken_at}: {found.what}")
    elif not found.has_head:
        print(
            f"The log is a whole chain, but '{clean_text(noted)}' is not in it: its end was cut, "
            "or the hash is of another log, or miscopied."
        )
    else:
        print(f"Whole: {counted(found.lines, 'line')}. Newest hash: {found.head or 'none yet'}")
    if whole:
        say("Note the hash elsewhere: it proves later that nothing before it was changed.",
            quiet=quiet)  # fmt: skip
    return EXIT_OK if whole else EXIT_FAILED


def said_of(detail: Any) -> str:  # noqa: ANN401 - a mapping
    """Write what was said with an act on one line.

    Example:
        >>> said_of({"reason": "permitted", "comment": "Cable ship"})
        'permitted; Cable ship'
        >>> said_of({"user": "Jonas", "role": "officer"})
        'Jonas; officer'
    """
    keys = (
        "suspension",
        "user",
        "role",
        "token",
        "name",
        "peer",
        "group",
        "format",
        "where",
        "failed",
        "reason",
        "to",
        "ref",
        "title",
        "incident",
        "comment",
    )
    # Where a suspension counts stands in its own list.
    named = [detail.get(k) for k in keys if k != "where" or "suspension" not in detail]
    if "until_ms" in detail:
        named.insert(0, f"until {iso(detail['until_ms'])}")
    if "feature" in detail:
        named.insert(0, detail["feature"]["properties"].get("name"))
    if "rule" in detail:
        named.insert(0, _rule(detail["rule"]))
    if "undoes" in detail:
        named.insert(0, f"line {detail['undoes']}")
    return "; ".join(str(text).replace("\n", " / ") for text in named if text)


def _rule(rule: Any) -> str:  # noqa: ANN401 - a mapping, or nothing
    """Write a rule of retention; without one everything stays."""
    said = {} if rule is None else dict(rule)
    return (
        ", ".join(
            f"{key} {' '.join(value) if isinstance(value, list) else value}"
            for key, value in said.items()
            if value is not None and value != []
        )
        or "no rule"
    )
