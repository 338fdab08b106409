"""Triage: what people did about an alert, folded together with what the watch said of it.

The watch issues versions of an alert, people act on them, and both together give one state. The
words and the life cycle are those of the bridge alert management of ships: silence is never an
acknowledgement, a re-raise clears one, and what is over before anybody looked stays on the list.

Source:
    IMO MSC.302(87), Bridge alert management, and IEC 62923-1 for the states; what belongs to a
    watch ashore (claim, escalate, dismiss with a reason, group) is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sargas.model.alerts import OPEN
from sargas.model.time import iso

UNACK, ACK, RECTIFIED = "unack", "ack", "rectified_unack"
ESCALATED, RESOLVED, DISMISSED = "escalated", "resolved", "dismissed"
STATE_WORDS = {
    UNACK: "unacknowledged",
    ACK: "acknowledged",
    RECTIFIED: "rectified, unacknowledged",
    ESCALATED: "escalated",
    RESOLVED: "resolved",
    DISMISSED: "dismissed",
}
DONE = frozenset({RESOLVED, DISMISSED})
"""States of what needs nobody any more."""
UNSEEN = frozenset({UNACK, RECTIFIED})
"""States of what nobody has acknowledged."""

OTHER = "other"
REASONS = {
    "gnss_interference": "GNSS interference",
    "data_fault": "receiver or data fault",
    "known_activity": "known activity (pilot, SAR, survey, cable ship, fishing, dredging)",
    "permitted": "permitted",
    "duplicate": "duplicate",
    "too_eager": "detector too eager",
    OTHER: "other",
}
"""Reasons for a dismissal. They become the share of false alerts a detector is shown with."""

RELEASE_TO, WITHDRAW = "release_to", "withdraw"
"""Letting a group of others have an alert, and ending that (`sargas.share.release`)."""

_ANY = frozenset(STATE_WORDS)
_NOT_DONE = _ANY - DONE
VERBS: Mapping[str, frozenset[str]] = {
    "acknowledge": UNSEEN,
    "claim": _NOT_DONE,
    "release": _NOT_DONE,
    "comment": _ANY,
    "snooze": _NOT_DONE,
    "wake": _NOT_DONE,
    "escalate": _NOT_DONE,
    "resolve": frozenset({ACK, ESCALATED}),
    "dismiss": _NOT_DONE,
    "reopen": DONE,
    "group": _ANY,
    "ungroup": _ANY,
    RELEASE_TO: _ANY,
    WITHDRAW: _ANY,
}
"""What can be done with an alert, and in which states."""
UNDO, START_WATCH, END_WATCH = "undo", "start_watch", "end_watch"
"""What else stands in the audit log: an act taken back, an officer who came or went."""
ZONE_VERBS = ("draw", "change_zone", "expire_zone")
"""What is done with zones, vigilance areas and masks; such a line is about no alert."""
SHARE = "share"
"""Alerts left for a group, as a file or a message; such a line names them and is about none."""
ADD_PEER, TRUST_PEER, REMOVE_PEER = "add_peer", "trust_peer", "remove_peer"
RECEIVE = "receive"
"""What is done with partners, and alerts of theirs that came; such lines are about no own alert."""
PARTNER_VERBS = (ADD_PEER, TRUST_PEER, REMOVE_PEER, RECEIVE)


class Step(NamedTuple):
    """One version of an alert, as far as triage asks for it."""

    version: int
    state: str
    priority: str
    t_issued_ms: int


@dataclass(frozen=True)
class Act:
    """What one person did, a line of the audit log.

    Attributes:
        seq: number of the line, from 1.
        at_ms: when it was done, wall clock, ms UTC.
        t_ms: event time that the person's screen showed, ms UTC.
        officer: the name entered at the start of the watch.
        verb: one of `VERBS` or `ZONE_VERBS`, or `undo`, `start_watch`, `end_watch`.
        alert: id of the alert; empty for what is about none.
        version: version of the alert that was seen.
        batch: `seq` of the first line of the same command.
        old, new: the alert's state before and after.
        detail: what was said with it: `reason`, `comment`, `to`, `ref`, `until_ms`, `incident`,
            `undoes`; `group` with a release; with a zone its `feature`.
    """

    seq: int
    at_ms: int
    t_ms: int
    officer: str
    verb: str
    alert: str
    version: int
    batch: int
    old: str
    new: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Write the line as screens and the command line take it, times in ISO 8601."""
        return {
            "seq": self.seq, "at": iso(self.at_ms), "t": iso(self.t_ms), "officer": self.officer,
            "verb": self.verb, "alert": self.alert or None, "version": self.version,
            "batch": self.batch, "old": self.old, "new": self.new, **self.detail,
        }  # fmt: skip


@dataclass(frozen=True)
class Triage:
    """How an alert stands with the people of the watch.

    Attributes:
        state: one of `STATE_WORDS`.
        since_ms: event time since which it is in that state.
        owner: who has claimed it, or acknowledged it first; None for nobody.
        raised_again_ms: when the watch raised it again after somebody had acknowledged, resolved
            or dismissed it; None where nobody has to look again.
        snoozed_until_ms: event time until which it is set aside; None where it is not.
        reason, comment: of the dismissal, and the last one said.
        to, ref: to whom it was escalated, and under which reference.
        incident: what it was grouped into, by people.
        taken_ms, taken_by: event time of the first acknowledgement, dismissal or escalation.
        last_seq: the newest line of the log about it, 0 for none.
        acts: how many lines there are.
        is_over: whether the watch sees the condition no more.
        priority: of the newest version.
    """

    state: str = UNACK
    since_ms: int = 0
    owner: str | None = None
    raised_again_ms: int | None = None
    snoozed_until_ms: int | None = None
    reason: str | None = None
    comment: str | None = None
    to: str | None = None
    ref: str | None = None
    incident: str | None = None
    taken_ms: int | None = None
    taken_by: str | None = None
    last_seq: int = 0
    acts: int = 0
    is_over: bool = False
    priority: str = "P3"

    def to_dict(self) -> dict[str, Any]:
        """Write it as screens and the command line take it; times in ms UTC."""
        names = (
            "state", "since_ms", "owner", "raised_again_ms", "snoozed_until_ms", "reason",
            "comment", "to", "ref", "incident", "taken_ms", "taken_by", "last_seq", "acts",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def triage_of(steps: Sequence[Step], acts: Iterable[Act] = ()) -> Triage:
    """Fold an alert's versions and the acts on it.

    An act follows the version that was seen and goes before the next one: an acknowledgement of
    version 1 does not acknowledge what version 2 raises.

    Args:
        steps: versions, oldest first; at least one.
        acts: lines about this alert in the order of the log; undone ones and their undoing
            may be among them.

    Example:
        >>> first = Step(1, "open", "P2", 0)
        >>> seen = Act(1, 0, 60_000, "V.P.", "acknowledge", "0a", 1, 1, "unack", "ack")
        >>> triage_of([first], [seen]).state
        'ack'
        >>> triage_of([first, Step(2, "open", "P1", 90_000)], [seen]).state
        'unack'
    """
    lines = list(acts)
    undone = {line.detail["undoes"] for line in lines if line.verb == UNDO}
    standing = [a for a in lines if a.verb != UNDO and a.batch not in undone]
    triage, at = Triage(since_ms=steps[0].t_issued_ms, priority=steps[0].priority), 0
    for step in steps:
        triage = after_step(triage, step)
        while at < len(standing) and standing[at].version <= step.version:
            triage = after_act(triage, standing[at])
            at += 1
    return replace(triage, last_seq=lines[-1].seq if lines else 0, acts=len(lines))


def after_step(before: Triage, step: Step) -> Triage:
    """Give the triage after the watch issued a version."""
    rises = step.priority < before.priority  # P1 is worse than P2
    is_over = step.state != OPEN
    again = not is_over and (before.is_over or rises)
    now = replace(before, priority=step.priority, is_over=is_over)
    if again and before.state not in UNSEEN:
        # Escalated is not closed: it stays with whom it was given to, who must hear of it.
        state = ESCALATED if before.state == ESCALATED else UNACK
        since = before.since_ms if state == before.state else step.t_issued_ms
        return replace(
            now, state=state, since_ms=since, raised_again_ms=step.t_issued_ms,
            snoozed_until_ms=None, reason=None,
        )  # fmt: skip
    if again:
        state, since = UNACK, step.t_issued_ms if before.state == RECTIFIED else before.since_ms
        return replace(now, state=state, since_ms=since, snoozed_until_ms=None)
    if is_over and before.state in (UNACK, ACK):
        state = RECTIFIED if before.state == UNACK else RESOLVED
        return replace(now, state=state, since_ms=step.t_issued_ms, snoozed_until_ms=None)
    return now


def after_act(before: Triage, act: Act) -> Triage:
    """Give the triage after a person acted; what `refusal` names is for the caller to refuse."""
    said = act.detail
    now = replace(before, comment=said.get("comment") or before.comment)
    verb = act.verb
    if verb in ("acknowledge", "dismiss", "escalate") and before.taken_ms is None:
        now = replace(now, taken_ms=act.t_ms, taken_by=act.officer)
    if verb == "claim":
        return replace(now, owner=act.officer)
    if verb == "release":
        return replace(now, owner=None)
    if verb == "snooze":
        return replace(now, snoozed_until_ms=said["until_ms"])
    if verb == "wake":
        return replace(now, snoozed_until_ms=None)
    if verb in ("group", "ungroup"):
        return replace(now, incident=said.get("incident") if verb == "group" else None)
    if verb not in _ENTERS:
        return now
    state = _ENTERS[verb]
    if before.is_over:  # looked at after the end: nothing is left to wait for
        state = {ACK: RESOLVED, UNACK: RECTIFIED}.get(state, state)
    now = replace(
        now, state=state, since_ms=act.t_ms, snoozed_until_ms=None, raised_again_ms=None,
        reason=said.get("reason") if verb == "dismiss" else None,
    )  # fmt: skip
    if verb == "escalate":
        return replace(now, to=said.get("to"), ref=said.get("ref"))
    if verb == "acknowledge":
        return replace(now, owner=before.owner or act.officer)
    return now


_ENTERS = {
    "acknowledge": ACK,
    "escalate": ESCALATED,
    "resolve": RESOLVED,
    "dismiss": DISMISSED,
    "reopen": UNACK,
}


def refusal(triage: Triage, verb: str, officer: str) -> str:
    """Say why an act cannot be done on an alert as it stands; empty where it can.

    Example:
        >>> refusal(Triage(), "resolve", "V.P.")
        'An alert that is unacknowledged cannot be resolved: acknowledge it first.'
        >>> refusal(Triage(), "dismiss", "V.P.")
        ''
    """
    if verb not in VERBS:
        return f"Nobody can '{verb}' an alert."
    if triage.state not in VERBS[verb]:
        words = STATE_WORDS[triage.state]
        if verb == "resolve" and triage.state in UNSEEN:
            return f"An alert that is {words} cannot be resolved: acknowledge it first."
        done = {"reopen": "reopened", "wake": "woken", "dismiss": "dismissed"}.get(verb)
        return f"An alert that is {words} cannot be {done or verb.rstrip('e') + 'ed'}."
    if verb == "release" and triage.owner != officer:
        return "Only who has claimed an alert can release it."
    if verb == "wake" and triage.snoozed_until_ms is None:
        return "This alert is not snoozed."
    if verb == "ungroup" and triage.incident is None:
        return "This alert is in no incident."
    return ""
