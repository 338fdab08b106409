"""What a person may say with an act: checked before it enters the log, where it stays for ever."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from sargas.errors import UsageError
from sargas.model.time import DAY_MS, MINUTE_MS, iso_or_number
from sargas.model.triage import OTHER, REASONS, RELEASE_TO, WITHDRAW

OFFICER_MOST, LINE_MOST, COMMENT_MOST = 40, 120, 2000
"""Letters of a name, of a line, of a comment (chosen: a name fits the top bar)."""
SNOOZE_MOST_MS = DAY_MS
"""An alert is set aside for a day at most: for longer there are suspensions, with a reason."""

_TAKES = {
    "dismiss": ("reason",),
    "escalate": ("to", "ref"),
    "snooze": ("until_ms",),
    "group": ("incident", "title"),
    RELEASE_TO: ("group",),
    WITHDRAW: ("group",),
}


def checked_officer(name: object) -> str:
    """Check the name of who acts.

    Raises:
        UsageError: it is empty, too long, or has letters that cannot be seen.

    Example:
        >>> checked_officer("  V. Petraitis ")
        'V. Petraitis'
    """
    text = checked_line(name, "A name", OFFICER_MOST)
    if not text:
        raise UsageError("Who acts? The log needs a name.", hint="Enter the name of the officer.")
    return text


def checked_detail(verb: str, said: Mapping[str, Any], t_ms: int) -> dict[str, Any]:
    """Check and tidy what is said with an act; what is empty is left out.

    Args:
        verb: the act.
        said: `comment` with any act; `reason` with a dismissal, `to` and `ref` with an
            escalation, `until_ms` with a snooze, `incident` and `title` with a grouping, `group`
            with a release.
        t_ms: event time of the act.

    Raises:
        UsageError: something is missing, too long, unknown or does not belong to the act.

    Example:
        >>> checked_detail("dismiss", {"reason": "permitted", "comment": ""}, 0)
        {'reason': 'permitted'}
    """
    takes = ("comment", *_TAKES.get(verb, ()))
    if strange := sorted(k for k, v in said.items() if k not in takes and v not in (None, "")):
        raise UsageError(f"'{strange[0]}' cannot be said with '{verb}'.")
    out: dict[str, Any] = {"comment": _comment(said.get("comment"))}
    if verb == "dismiss":
        out["reason"] = _reason(said.get("reason"), out["comment"])
    if verb == "escalate":
        out["to"] = checked_line(said.get("to"), "To whom it is escalated", LINE_MOST)
        out["ref"] = checked_line(said.get("ref"), "The reference", LINE_MOST)
        if not out["to"]:
            raise UsageError("To whom is it escalated?", hint="Name an authority or a person.")
    if verb == "snooze":
        out["until_ms"] = _until(said.get("until_ms"), t_ms)
    if verb == "group":
        out["incident"] = checked_line(said.get("incident"), "The incident", LINE_MOST)
        out["title"] = checked_line(said.get("title"), "The incident's title", LINE_MOST)
    if verb in (RELEASE_TO, WITHDRAW):
        out["group"] = checked_line(said.get("group"), "The group", OFFICER_MOST)
        if not out["group"]:
            raise UsageError("To which group?", hint="'sargas share policy' names them.")
    if verb == "comment" and not out["comment"]:
        raise UsageError("The comment is empty.")
    return {name: value for name, value in out.items() if value not in (None, "")}


def _reason(reason: object, comment: str) -> str:
    if reason not in REASONS:
        named = ", ".join(REASONS)
        raise UsageError("A dismissal needs a reason.", hint=f"One of {named}.")
    if reason == OTHER and not comment:
        raise UsageError("The reason 'other' needs a comment that says it.")
    return str(reason)


def _until(until_ms: object, t_ms: int) -> int:
    if not isinstance(until_ms, int) or isinstance(until_ms, bool):
        raise UsageError("A snooze needs the time at which it ends.")
    if not t_ms + MINUTE_MS <= until_ms <= t_ms + SNOOZE_MOST_MS:
        raise UsageError(
            f"A snooze until {iso_or_number(until_ms)} is not within a minute and a day from now.",
            hint="For longer, suspend the detector for this vessel.",
        )
    return until_ms


def checked_line(value: object, what: str, most: int) -> str:
    """Check and tidy a text of one line at most; empty where nothing was said.

    Raises:
        UsageError: it has more letters than `most`, or some that cannot be seen.
    """
    text = checked_text(value, what, most)
    if "\n" in text:
        raise UsageError(f"{what} is more than one line.")
    return text


def _comment(value: object) -> str:
    return checked_text(value, "The comment", COMMENT_MOST)


def checked_text(value: object, what: str, most: int) -> str:
    """Tidy a text: composed letters, no blanks around it, nothing that cannot be seen in it."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UsageError(f"{what} is no text.")
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if len(text) > most:
        raise UsageError(f"{what} has {len(text):,} letters; {most:,} are the most.")
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n" for c in text):
        raise UsageError(f"{what} has letters that cannot be seen.", hint="Type it anew.")
    return text
