"""`sargas alerts ack` and its neighbours: triage at the command line, in the screen's own log."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from sargas.cli.words import clean_text, put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError
from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS, iso, parse_iso
from sargas.model.triage import RELEASE_TO, WITHDRAW

Reason = Literal[
    "gnss_interference",
    "data_fault",
    "known_activity",
    "permitted",
    "duplicate",
    "too_eager",
    "other",
]
_LENGTH = re.compile(r"(\d{1,4})(min|h|d)")


@dataclass(frozen=True, kw_only=True)
class Acting:
    """Who acts, where, and what they say with it.

    Parameters
    ----------
    officer
        Who acts (default: SARGAS_OFFICER). It stands in the log.
    comment
        What you want to say with it.
    home
        The home that holds the alerts (default: SARGAS_HOME, else the XDG data folder).
    json
        The lines of the log that were added, as JSON, one a line.
    quiet
        Print no remarks.
    """

    officer: str | None = None
    comment: str = ""
    home: Path | None = None
    json: bool = False
    quiet: bool = False


Acted = Annotated[Acting, Parameter(name="*")]


def ack(*ids: str, said: Acted = Acting()) -> int:
    """Acknowledge alerts: somebody has looked. There is no acknowledging of everything.

    Examples:
      sargas alerts ack 03a570d1 --officer "V. Petraitis" --home watch

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    said
        Who acts, where, and what they say with it.
    """
    return _act("acknowledge", ids, said)


def claim(*ids: str, said: Acted = Acting()) -> int:
    """Claim alerts: the others see that you are on them.

    Examples:
      sargas alerts claim 03a570d1 --officer "V. Petraitis"

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    said
        Who acts, where, and what they say with it.
    """
    return _act("claim", ids, said)


def dismiss(*ids: str, reason: Reason, said: Acted = Acting()) -> int:
    """Dismiss alerts, with the reason; the reasons tell how often each detector is wrong.

    Examples:
      sargas alerts dismiss 03a570d1 --reason known_activity --comment "Cable ship at work"

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    reason
        Why. 'other' needs a --comment.
    said
        Who acts, where, and what they say with it.
    """
    return _act("dismiss", ids, said, reason=reason)


def escalate(*ids: str, to: str, ref: str = "", said: Acted = Acting()) -> int:
    """Escalate alerts: give them on. They stay open until they are resolved or dismissed.

    Examples:
      sargas alerts escalate 03a570d1 --to "Coast guard" --ref "log 7"

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    to
        To whom.
    ref
        A reference: a call, a number in another log.
    said
        Who acts, where, and what they say with it.
    """
    return _act("escalate", ids, said, to=to, ref=ref)


def resolve(*ids: str, said: Acted = Acting()) -> int:
    """Resolve alerts that were acknowledged or escalated: it is over.

    Examples:
      sargas alerts resolve 03a570d1 --comment "The pilot boarded."

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    said
        Who acts, where, and what they say with it.
    """
    return _act("resolve", ids, said)


def reopen(*ids: str, said: Acted = Acting()) -> int:
    """Reopen alerts that were resolved or dismissed.

    Examples:
      sargas alerts reopen 03a570d1 --comment "It was another ship."

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    said
        Who acts, where, and what they say with it.
    """
    return _act("reopen", ids, said)


def snooze(*ids: str, until: str, said: Acted = Acting()) -> int:
    """Snooze alerts: set aside until a time, a day at most. It is no acknowledgement.

    Examples:
      sargas alerts snooze 03a570d1 --until 2h
      sargas alerts snooze 03a570d1 --until 2024-12-25T14:00:00Z

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    until
        An ISO 8601 time with zone, or a length like 30min or 2h from the newest time known.
    said
        Who acts, where, and what they say with it.
    """
    return _act("snooze", ids, said, until=until)


def comment(*ids: str, said: Acted = Acting()) -> int:
    """Comment on alerts; what is said stays in the log.

    Examples:
      sargas alerts comment 03a570d1 --comment "Called on channel 16, no answer."

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    said
        Who acts, where, and what they say with it.
    """
    return _act("comment", ids, said)


def release(*ids: str, to: list[str], said: Acted = Acting()) -> int:
    """Release alerts to a group of others, which gets the version of now and those after it.

    Nothing is sent by this: the group finds it in what 'sargas share' writes, sends and serves.
    What rests on a feed that may not go to the group is refused.

    Examples:
      sargas alerts release 03a570d1 --to nato --officer "V. Petraitis"
      sargas alerts release 03a570d1 --to 3+3 --to eu --comment "Agreed with the duty desk"

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    to
        The group; may be given several times. 'sargas share policy' names them.
    said
        Who acts, where, and what they say with it.
    """
    return _for_groups(RELEASE_TO, ids, to, said)


def withdraw(*ids: str, to: list[str], said: Acted = Acting()) -> int:
    """Withdraw alerts from a group: it gets no more of them, whatever the policy's rules say.

    What has left cannot be called back; tell the partner.

    Examples:
      sargas alerts withdraw 03a570d1 --to nato --officer "V. Petraitis"

    Parameters
    ----------
    ids
        Ids of alerts, or their beginnings.
    to
        The group; may be given several times.
    said
        Who acts, where, and what they say with it.
    """
    return _for_groups(WITHDRAW, ids, to, said)


def _for_groups(verb: str, ids: tuple[str, ...], groups: list[str], said: Acting) -> int:
    """Note the act once a group; all names are looked at before the first is noted."""
    from sargas.cli.kept_alerts import open_stored
    from sargas.share.policy import load_policy

    policy = load_policy(open_stored(said.home).path)
    for name in groups:
        policy.group(name)
    if verb == RELEASE_TO:
        _refuse_kept_back(ids, groups, said)
    return max(_act(verb, ids, said, group=name) for name in dict.fromkeys(groups))


def _refuse_kept_back(ids: tuple[str, ...], groups: list[str], said: Acting) -> None:
    """Refuse to release what a group could not get, before anything is noted.

    Raises:
        UsageError: an alert may rest on a feed that may not go to a group.
    """
    from sargas.cli.kept_alerts import whole_id
    from sargas.cli.sharing import reading
    from sargas.share.reach import refuse_kept_back

    with reading(said.home) as (archive, policy, standing, t_ms):
        known = standing.alerts()
        whole = {whole_id(known, one, archive.home) for one in ids}
        for name in groups:
            refuse_kept_back(standing, policy, name, whole, t_ms, archive=archive)


def _act(verb: str, ids: tuple[str, ...], said: Acting, **more: Any) -> int:  # noqa: ANN401
    """Do something with alerts as they are now, and say what became of them."""
    from sargas.cli.audit import said_of
    from sargas.cli.kept_alerts import open_stored, whole_id
    from sargas.store import AuditLog
    from sargas.store.audit import Seen
    from sargas.store.standing import stored_alerts

    officer = officer_of(said)
    if not ids:
        raise UsageError("Which alert?", hint="Give its id, as 'sargas alerts list' prints it.")
    stored = open_stored(said.home)
    alerts = stored_alerts(stored)
    names = dict.fromkeys(whole_id(alerts, one, stored) for one in ids)
    t_ms = newest_ms(stored, alerts)
    if "until" in more:
        more["until_ms"] = until_ms(more.pop("until"), t_ms)
    with AuditLog(stored) as log:
        acts = log.act(
            verb, officer, [Seen(name) for name in names], t_ms=t_ms,
            at_ms=time.time_ns() // 1_000_000, said=more | {"comment": said.comment},
        )  # fmt: skip
    if said.json:
        for act in acts:
            put_json(act.to_dict())
    else:
        put_table(
            ("line", "alert", "was", "is", "said"),
            [(str(a.seq), a.alert[:10], a.old, a.new, said_of(a.detail)) for a in acts],
        )
    say(f"Written into the log as {clean_text(officer)}, at {iso(t_ms)}.", quiet=said.quiet)
    return EXIT_OK


def newest_ms(stored: Any, alerts: list[dict[str, Any]]) -> int:  # noqa: ANN401 - Home
    """Give the newest event time that a home knows: acts at the command line are done then."""
    from sargas.store import Archive, AuditLog

    ends = Archive(stored).span()
    known = [parse_iso(a["t_issued"]) for a in alerts]
    with AuditLog(stored) as log:
        known += [line.t_ms for line in log.lines()]
    return max([*known, *([ends[1] + 1] if ends else [])], default=0)


def until_ms(text: str, t_ms: int) -> int:
    """Read a time, or a length of time from now: minutes, hours or days.

    Raises:
        UsageError: it is neither.

    Example:
        >>> until_ms("30min", 0), until_ms("2h", 0), until_ms("7d", 0)
        (1800000, 7200000, 604800000)
    """
    if found := _LENGTH.fullmatch(text.strip()):
        return t_ms + int(found[1]) * {"min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}[found[2]]
    if "-" not in text:  # no date in it: a length was meant
        raise UsageError(
            f"'{text}' is neither a length of time nor an ISO 8601 time.",
            hint="Write it like 30min, 8h or 7d, or like 2024-12-25T10:26:00Z.",
        )
    return parse_iso(text)


def officer_of(said: Acting) -> str:
    """Name who acts: the option, else `SARGAS_OFFICER`.

    Raises:
        UsageError: neither names anybody.
    """
    officer = said.officer or os.environ.get("SARGAS_OFFICER", "")
    if not officer:
        raise UsageError("Who acts? The log needs a name.", hint="Give --officer NAME.")
    return officer
