"""The audit log: what people may do, each act checked and written as a line of the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from sargas.errors import ConflictError, NotFoundError, UsageError
from sargas.model.said import checked_detail, checked_officer
from sargas.model.suspension import (
    END_SUSPENSION,
    SUSPEND,
    Suspension,
    checked_suspension,
    suspensions_of,
)
from sargas.model.time import DAY_MS, iso
from sargas.model.triage import (
    END_WATCH,
    START_WATCH,
    UNDO,
    Act,
    Step,
    Triage,
    refusal,
    triage_of,
)
from sargas.store import tables
from sargas.store.chain import act_of, append, next_seq
from sargas.store.log import Log, append_one

UNDO_MS = 10_000
"""An act can be taken back for so long; afterwards the other way is a new act."""
UNDO_GRACE_MS = 2_000
"""So much later an undo may arrive that was asked for in time."""
WATCH_MOST_MS = 2 * DAY_MS
"""Longest watch that can be announced (chosen: a day and night, and its next)."""
MOST_AT_ONCE = 200
"""Alerts of one command (chosen: an incident, and no way to acknowledge a whole list)."""
_CHUNK = 400


class Seen(NamedTuple):
    """What a person had before their eyes when they acted on an alert.

    `version` and `last_seq` are those of the alert and of the log's newest line about it; None
    for whoever acts on the alert as it is, whatever it is.
    """

    alert: str
    version: int | None = None
    last_seq: int | None = None


class AuditLog(Log):
    """The acts of people on what a ledger holds. May be used by several threads and processes.

    Args:
        where: a home, whose `sargas.db` is used, or the URL of a ledger's database.

    Raises:
        UsageError: the URL cannot be read.
        StoreError: the database cannot be opened.
    """

    def act(
        self,
        verb: str,
        officer: str,
        seen: Sequence[Seen],
        *,
        t_ms: int,
        at_ms: int,
        said: Mapping[str, Any] | None = None,
    ) -> list[Act]:
        """Do the same with one alert or several: all of them, or none.

        Args:
            verb: one of `sargas.model.triage.VERBS`.
            officer: who acts.
            seen: the alerts, as the officer saw them.
            t_ms: event time on the officer's screen.
            at_ms: wall clock, ms UTC.
            said: what goes with it, see `sargas.model.said.checked_detail`.

        Returns:
            The lines that were added.

        Raises:
            ConflictError: an alert is no longer as it was seen; nothing was written.
            UsageError: the act is unknown, not possible in this state, or lacks something.
            NotFoundError: there is no such alert at this event time.
        """
        name, detail = checked_officer(officer), checked_detail(verb, said or {}, t_ms)
        ids = [one.alert for one in seen]
        if not ids or len(set(ids)) != len(ids) or len(ids) > MOST_AT_ONCE:
            raise UsageError(f"An act is on 1 to {MOST_AT_ONCE} different alerts.")
        with self._writing("write the audit log") as connection:
            steps, lines = _steps(connection, t_ms, ids), _lines_of(connection, ids)
            first = next_seq(connection)
            if verb == "group":
                detail.setdefault("incident", f"i{first}")
            acts = []
            for offset, one in enumerate(seen):
                if one.alert not in steps:
                    raise NotFoundError(
                        f"There is no alert {one.alert!r} at {iso(t_ms)}.",
                        hint="Was the clock moved back? Go to the newest time to act.",
                    )
                own, known = steps[one.alert], lines.get(one.alert, [])
                _check_seen(one, own, known, t_ms)
                before = triage_of(own, known)
                if reason := refusal(before, verb, name):
                    raise UsageError(reason)
                draft = Act(
                    first + offset, at_ms, t_ms, name, verb, one.alert, own[-1].version, first,
                    before.state, "", detail,
                )  # fmt: skip
                after = triage_of(own, [*known, draft])
                acts.append(replace(draft, new=after.state))
            append(connection, acts)
        return acts

    def undo(self, batch: int, officer: str, *, t_ms: int, at_ms: int) -> list[Act]:
        """Take a command back, within ten seconds and by who gave it; the log keeps both.

        Raises:
            NotFoundError: there is no such command.
            UsageError: it was given by somebody else, too long ago, or was taken back before.
            ConflictError: somebody has acted on one of its alerts since.
        """
        name, a = checked_officer(officer), tables.audit_log
        with self._writing("write the audit log") as connection:
            query = select(a).where(a.c.batch == batch).order_by(a.c.seq)
            given = [act_of(row) for row in connection.execute(query)]
            if not given or not given[0].alert or given[0].verb == UNDO:
                raise NotFoundError("There is no such act to take back.")
            if given[0].officer != name:
                raise UsageError(f"Only {given[0].officer} can take this back.")
            if at_ms - given[0].at_ms > UNDO_MS + UNDO_GRACE_MS:
                raise UsageError(
                    "The ten seconds are over.", hint="Do the opposite; the log keeps both."
                )
            ids = [act.alert for act in given]
            # An act of an earlier clock than now shown cannot be: the newer of both counts.
            t_ms = max(t_ms, given[0].t_ms)
            steps, lines = _steps(connection, t_ms, ids), _lines_of(connection, ids)
            first, acts = next_seq(connection), []
            for offset, one in enumerate(given):
                known = lines[one.alert]
                if known[-1].seq != one.seq:
                    raise ConflictError(_who_acted(known[-1], "This cannot be taken back: "))
                draft = Act(
                    first + offset, at_ms, t_ms, name, UNDO, one.alert,
                    steps[one.alert][-1].version, first,
                    triage_of(steps[one.alert], known).state, "", {"undoes": batch},
                )  # fmt: skip
                after = triage_of(steps[one.alert], [*known, draft])
                acts.append(replace(draft, new=after.state))
            append(connection, acts)
        return acts

    def start_watch(
        self, officer: str, *, t_ms: int, at_ms: int, until_ms: int | None = None
    ) -> Act:
        """Note that an officer has taken the watch; nothing changes where they have it already.

        Raises:
            UsageError: there is no name, or the watch would end before it begins.
        """
        name = checked_officer(officer)
        if until_ms is not None and not t_ms < until_ms <= t_ms + WATCH_MOST_MS:
            raise UsageError(
                "A watch ends after the time shown, and within two days of it.",
                hint="Leave out until when, if you do not know.",
            )
        with self._writing("write the audit log") as connection:
            for act in _watch_lines(connection):
                if act.officer == name:
                    return act
            detail = {} if until_ms is None else {"until_ms": until_ms}
            return append_one(connection, START_WATCH, name, t_ms, at_ms, detail)

    def end_watch(self, officer: str, *, t_ms: int, at_ms: int, comment: str = "") -> Act:
        """Note that an officer hands the watch over.

        Raises:
            UsageError: they have none.
            ConflictError: it began later than the time shown.
        """
        name = checked_officer(officer)
        detail = checked_detail("acknowledge", {"comment": comment}, t_ms)
        with self._writing("write the audit log") as connection:
            own = [act for act in _watch_lines(connection) if act.officer == name]
            if not own:
                raise UsageError(f"{name} has no watch to hand over.")
            if own[0].t_ms > t_ms:
                raise ConflictError(
                    f"This watch began at {iso(own[0].t_ms)}; the screen shows {iso(t_ms)}.",
                    hint="Go to the newest time to hand it over.",
                )
            detail["started"] = own[0].seq
            return append_one(connection, END_WATCH, name, t_ms, at_ms, detail)

    def on_watch(self) -> list[Act]:
        """List who has the watch: the lines of those who took it and have not handed it over."""
        with self._reading() as connection:
            return _watch_lines(connection)

    def suspend(self, officer: str, said: Mapping[str, Any], *, t_ms: int, at_ms: int) -> Act:
        """Mute alerts of a vessel or a list for a time, from this event time on.

        Args:
            officer: who suspends.
            said: see `sargas.model.suspension.checked_suspension`.
            t_ms: event time on the officer's screen.
            at_ms: wall clock, ms UTC.

        Raises:
            UsageError: something is missing or cannot be.
        """
        name, detail = checked_officer(officer), checked_suspension(said, t_ms)
        with self._writing("write the audit log") as connection:
            detail["suspension"] = f"s{next_seq(connection)}"
            return append_one(connection, SUSPEND, name, t_ms, at_ms, detail)

    def end_suspension(
        self, suspension: str, officer: str, *, t_ms: int, at_ms: int, comment: str = ""
    ) -> Act:
        """End a suspension before its time: alerts ring again from this event time on.

        Raises:
            NotFoundError: there is no such suspension at this event time.
            ConflictError: it has ended.
        """
        name = checked_officer(officer)
        detail = checked_detail("acknowledge", {"comment": comment}, t_ms)
        with self._writing("write the audit log") as connection:
            known = {one.id: one for one in suspensions_of(_suspension_lines(connection))}
            one = known.get(suspension)
            if one is None or one.from_ms > t_ms:
                raise NotFoundError(f"There is no suspension {suspension!r} at {iso(t_ms)}.")
            if one.ended_ms is not None or one.until_ms <= t_ms:
                whose = f", by {one.ended_by}" if one.ended_by else ""
                raise ConflictError(f"This suspension ended at {iso(one.ends_ms)}{whose}.")
            detail["suspension"] = one.id
            return append_one(connection, END_SUSPENSION, name, t_ms, at_ms, detail)

    def suspensions(self, as_of_ms: int | None = None) -> tuple[Suspension, ...]:
        """Give all suspensions, those that are over too, as of an event time."""
        with self._reading() as connection:
            return suspensions_of(_suspension_lines(connection), as_of_ms)

    def triage(
        self, as_of_ms: int | None = None, alerts: Sequence[str] | None = None
    ) -> dict[str, Triage]:
        """Fold how alerts stand with the people of the watch.

        Args:
            as_of_ms: leave out versions and acts after this event time.
            alerts: only these; None for all.

        Returns:
            By the alert's id.
        """
        with self._reading() as connection:
            steps = _steps(connection, as_of_ms, alerts)
            lines = _lines_of(connection, alerts, as_of_ms)
        return {name: triage_of(own, lines.get(name, ())) for name, own in steps.items()}


def _check_seen(seen: Seen, steps: list[Step], lines: list[Act], t_ms: int) -> None:
    """Refuse an act on an alert that is no longer as it was seen."""
    last = lines[-1] if lines else None
    if last is not None and last.t_ms > t_ms:
        raise ConflictError(
            _who_acted(last, f"This is done with later than {iso(t_ms)}: "),
            hint="Go to the newest time to act.",
        )
    if seen.last_seq is not None and last is not None and last.seq != seen.last_seq:
        raise ConflictError(_who_acted(last, "You have not seen this yet: "))
    if seen.version is not None and seen.version != steps[-1].version:
        raise ConflictError(
            f"The watch has changed this alert meanwhile: it is {steps[-1].state} and "
            f"{steps[-1].priority} now.",
            hint="Look at it again.",
        )


def _who_acted(act: Act, lead: str) -> str:
    """Say who did what, and when."""
    became = f", now {act.new}" if act.new != act.old else ""
    return f"{lead}{act.officer}: {act.verb.replace('_', ' ')} at {iso(act.t_ms)}{became}."


def _suspension_lines(connection: Connection) -> list[Act]:
    """List the lines about suspensions."""
    a = tables.audit_log
    query = select(a).where(a.c.verb.in_((SUSPEND, END_SUSPENSION))).order_by(a.c.seq)
    return [act_of(row) for row in connection.execute(query)]


def _watch_lines(connection: Connection) -> list[Act]:
    """List the lines of those who have taken the watch and not handed it over."""
    a = tables.audit_log
    query = select(a).where(a.c.verb.in_((START_WATCH, END_WATCH))).order_by(a.c.seq)
    having: dict[str, Act] = {}
    for act in map(act_of, connection.execute(query)):
        if act.verb == START_WATCH:
            having[act.officer] = act
        else:
            having.pop(act.officer, None)
    return list(having.values())


def _steps(
    connection: Connection, as_of_ms: int | None, ids: Sequence[str] | None
) -> dict[str, list[Step]]:
    """Read the versions of alerts, as far as triage asks for them."""
    t = tables.alerts
    query = select(t.c.id, t.c.version, t.c.state, t.c.priority, t.c.t_issued_ms)
    query = query if as_of_ms is None else query.where(t.c.t_issued_ms <= as_of_ms)
    out: dict[str, list[Step]] = defaultdict(list)
    for part in _parts(ids):
        asked = query if part is None else query.where(t.c.id.in_(part))
        for row in connection.execute(asked.order_by(t.c.id, t.c.version)):
            out[row.id].append(Step(row.version, row.state, row.priority, row.t_issued_ms))
    return out


def _lines_of(
    connection: Connection, ids: Sequence[str] | None, as_of_ms: int | None = None
) -> dict[str, list[Act]]:
    """Read the lines about alerts, by alert."""
    a = tables.audit_log
    query = select(a).where(a.c.alert != "").order_by(a.c.seq)
    query = query if as_of_ms is None else query.where(a.c.t_ms <= as_of_ms)
    out: dict[str, list[Act]] = defaultdict(list)
    for part in _parts(ids):
        for row in connection.execute(query if part is None else query.where(a.c.alert.in_(part))):
            out[row.alert].append(act_of(row))
    return out


def _parts(ids: Sequence[str] | None) -> list[Sequence[str] | None]:
    """Cut a list of ids: databases bound the number of parameters."""
    if ids is None:
        return [None]
    return [ids[i : i + _CHUNK] for i in range(0, len(ids), _CHUNK)]
