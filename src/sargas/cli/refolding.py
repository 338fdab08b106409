"""Late data: folding what is stored once more, and setting the ledger right.

Rows that come later than the lateness are stored and counted, but a watch folds no minute twice.
What they would have changed is told here: all that a home has stored of a span is folded in order
of time by a fresh watch, and the ledger's alerts of that span are compared with what it gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from sargas.cli.late_rows import LateRows
from sargas.cli.stored import stored_batches
from sargas.errors import StoreError, UsageError
from sargas.model.alerts import OPEN, RETRACTED, Alert
from sargas.model.fixes import Batch
from sargas.model.time import MINUTE_MS, iso
from sargas.store import Home, Ledger
from sargas.watch.fold import Watch

CHUNK_ROWS = 200_000
"""Rows the watch is given at a time (chosen): what it makes of them fits in some 50 MB."""
IDS = 400
"""So many alerts are asked for by their ids at a time."""
NOTE = "late data: "
"""How each note begins that is written here; the watch itself begins none like this."""
ANEW = "begun anew: "
"""And how those begin that are written where a live watch began anew."""
STAY = 20
"""So many of both stay with an alert (chosen): where a feed is always late, each hour adds one to
those that are open for days. The earlier ones stand in its earlier versions."""
BOOKKEEPING = frozenset({"version", "t_detected", "t_issued", "notes"})
"""Fields of an alert that tell how it became known, not what is known."""
WORDS = {"state": "state", "priority": "priority", "text": "text", "t_end": "end"}
"""What an officer is told by name when it changed; everything else is "details"."""


@dataclass(frozen=True)
class Refolded:
    """What a fold of the stored rows changed in the ledger.

    Attributes:
        added: alerts that the ledger did not have, as their only version.
        updated: next versions of alerts of which something else is known now.
        retracted: next versions of alerts that have no ground any more.
        unchanged: alerts of the span that stay as they are; those retracted before among them.
        differing: alerts that were found and that the ledger has under other rules, geometry,
            exercise or vessel lists; they stay as they are there.
        rows: fixes and statics that were folded.
    """

    added: tuple[Alert, ...] = ()
    updated: tuple[Alert, ...] = ()
    retracted: tuple[Alert, ...] = ()
    unchanged: int = 0
    differing: int = 0
    rows: int = 0

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All versions that were issued."""
        return self.added + self.updated + self.retracted


def refold(
    home: Home,
    make_watch: Callable[[], Watch],
    source: str,
    from_ms: int,
    to_ms: int,
    progress: Callable[[int], None] | None = None,
    *,
    late: LateRows | None = None,
    given: Collection[str] | None = None,
) -> Refolded:
    """Fold all stored rows of a span with a fresh watch, and set the ledger's alerts right.

    All subjects are folded, although only some had late rows: whether a silence is a gap is judged
    by the reception of the neighbours, so that one subject folded alone would give other alerts,
    and a late row bears on other vessels' alerts too. What results is by construction what a watch
    gives that had every row in time.

    An alert that the fold does not give is retracted, with the reason among its notes; if the
    same vessel, detector and asset has a new alert that overlaps it, both notes name the other.
    An alert of which it gives something else becomes the next version; a new one is added. The
    others are not touched, so that the same again changes nothing. Versions are issued at
    `to_ms`: before that the watch did not know. Compared are alerts of the watch's rules,
    geometry, exercise and detectors that began in the span and were issued in it; an alert that
    began before rests on rows that are not folded here, so give the span of a whole run.

    The home's writer lock is held meanwhile. All versions are committed in one transaction:
    killed at any point, the same call again ends the same.

    Args:
        home: what is stored; flushed, and written to by nobody else.
        make_watch: makes the watch, with the rules, assets and exercise of the run.
        source: name of the run; the commit is `refold:` and this.
        from_ms, to_ms: first and last event time of its fixes, both included. Statics are taken
            from an hour before, as a vessel's name is often told before it is needed.
        progress: called with the event time up to which all is folded.
        late: which rows came late, for the notes.
        given: ids of the alerts that the run gave. Alerts of other runs that are in the ledger
            are left alone then, but for those that an earlier refold issued. None: of all runs.

    Returns:
        What was issued.

    Raises:
        UsageError: the span ends before it begins.
        StoreError: another process writes to the home, or it cannot be read or written.

    Example:
        >>> import tempfile
        >>> from sargas.reference import shipped_assets, shipped_geography
        >>> def make() -> Watch:
        ...     return Watch(shipped_assets(), shipped_geography())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     refold(Home(folder), make, "scan:0a", 0, 3_600_000)
        Refolded(added=(), updated=(), retracted=(), unchanged=0, differing=0, rows=0)
    """
    if to_ms < from_ms:
        raise UsageError(f"The span ends at {iso(to_ms)}, before it begins at {iso(from_ms)}.")
    with home.writing(), Ledger(home) as ledger:
        watch = make_watch()
        found, rows = _fold(watch, stored_batches(home, from_ms, to_ms), progress)
        stored, others = stored_alerts(ledger, watch, from_ms)
        mine = {name: alert for name, alert in found.items() if name not in others}
        comparison = Comparison(from_ms, to_ms, late or LateRows(), given)
        done = replace(
            comparison.compare(mine, stored), differing=len(found) - len(mine), rows=rows
        )
        if done.alerts:
            committed = ledger.commit(f"refold:{source}", rows, b"", done.alerts)
            if committed.differing:
                raise StoreError(
                    f"{len(committed.differing)} alerts changed while the rows were folded again.",
                    where=str(home.path),
                    hint="Run it again while nothing else writes to this ledger.",
                )
    return done


def _fold(
    watch: Watch, batches: Iterable[tuple[int, Batch]], progress: Callable[[int], None] | None
) -> tuple[dict[str, Alert], int]:
    """Fold batches; give the last version of each alert by id, and the number of rows."""
    found: dict[str, Alert] = {}
    rows = 0
    for done_ms, batch in batches:
        for chunk in batch.chunks(CHUNK_ROWS):
            found |= {alert.id: alert for alert in watch.push(chunk).alerts}
        rows += len(batch)
        if progress is not None:
            progress(done_ms)
    found |= {alert.id: alert for alert in watch.flush().alerts}
    return found, rows


def stored_alerts(
    ledger: Ledger, watch: Watch, from_ms: int, ids: Collection[str] = ()
) -> tuple[dict[str, Alert], frozenset[str]]:
    """Read the latest version of the alerts that a watch like this one issued since a time.

    Args:
        ledger, watch: whose. from_ms: since when.
        ids: and of these, whenever they were issued.

    Returns:
        (those alerts by id, the ids of alerts that another watch issued: rules, geometry,
        exercise and vessel lists are no part of an id).
    """
    around = watch.around
    detectors = {(d.word, d.version) for d in watch.detectors}
    like = (around.rules.version, around.assets.version, around.exercise)
    lists = None if watch.judge.lists is None else watch.judge.lists.version
    out, others = {}, set()
    bodies = ledger.alerts(since_ms=from_ms)
    wanted = sorted(set(ids) - {body["id"] for body in bodies})
    for start in range(0, len(wanted), IDS):
        bodies += ledger.alerts(ids=wanted[start : start + IDS])
    for body in bodies:
        alert = Alert.from_dict(body)
        is_like = (alert.rules, alert.geometry, alert.exercise) == like
        if alert.subject.mmsi:  # areas and feeds are on no list
            is_like = is_like and alert.context.get("lists_version") == lists
        if is_like and (alert.detector, alert.detector_version) in detectors:
            out[alert.id] = alert
        else:
            others.add(alert.id)
    return out, frozenset(others)


@dataclass(frozen=True)
class Comparison:
    """Compares alerts as stored with alerts as they are when nothing comes late."""

    from_ms: int
    to_ms: int
    late: LateRows
    given: Collection[str] | None

    def compare(self, found: dict[str, Alert], stored: dict[str, Alert]) -> Refolded:
        """Give the versions that bring the stored alerts to what was found."""
        added = [self._added(a) for name, a in found.items() if name not in stored]
        gone = [a for name, a in stored.items() if name not in found and self._may_change(a)]
        gone = [a for a in gone if a.state != RETRACTED]
        updated = [
            self._updated(before, found[name])
            for name, before in stored.items()
            if name in found and self._may_change(before) and differences(before, found[name])
        ]
        added, retracted = self._linked(added, [self._retracted(a) for a in gone])
        unchanged = len(stored) - len(updated) - len(retracted)
        return Refolded(tuple(added), tuple(updated), tuple(retracted), unchanged)

    def _may_change(self, alert: Alert) -> bool:
        """Tell whether this fold has a say on a stored alert."""
        # The last minute's end is a tick, so an alert may be issued just after the last fix.
        end_ms = (self.to_ms // MINUTE_MS + 1) * MINUTE_MS
        if alert.t_start_ms < self.from_ms or alert.t_issued_ms > end_ms:
            return False
        is_ours = self.given is None or alert.id in self.given
        return is_ours or any(note.startswith(NOTE) for note in alert.notes)

    def _added(self, alert: Alert) -> Alert:
        cause = self._cause(alert, alert.t_issued_ms)
        notes = (*alert.notes, f"{NOTE}known only with {cause}")
        return replace(alert, version=1, t_issued_ms=self._issued_ms(alert), notes=notes)

    def _updated(self, before: Alert, alert: Alert) -> Alert:
        changed = differences(before, alert)
        words = [word for name, word in WORDS.items() if name in changed] or ["details"]
        cause = self._cause(before, max(before.t_issued_ms, alert.t_issued_ms))
        note = f"{NOTE}{cause} changed its {', '.join(words)}"
        notes = (*alert.notes, *notes_of_setting_right(before), note)
        return replace(
            alert, version=before.version + 1, t_detected_ms=before.t_detected_ms,
            t_issued_ms=self._issued_ms(before), notes=notes,
        )  # fmt: skip

    def _retracted(self, before: Alert) -> Alert:
        cause = self._cause(before, before.t_issued_ms)
        issued_ms = self._issued_ms(before)
        return before.revised(
            state=RETRACTED, t_issued_ms=issued_ms,
            t_end_ms=issued_ms if before.t_end_ms is None else before.t_end_ms,
            notes=(*before.notes, f"{NOTE}{cause} took its ground away"),
        )  # fmt: skip

    def _issued_ms(self, alert: Alert) -> int:
        """Say when the next version becomes known: at the end of the span, never backwards."""
        return max(self.to_ms, alert.t_issued_ms)

    def _cause(self, alert: Alert, until_ms: int) -> str:
        who = alert.subject
        return self.late.cause(who.domain, who.mmsi, alert.t_start_ms, until_ms)

    def _linked(
        self, added: list[Alert], retracted: list[Alert]
    ) -> tuple[list[Alert], list[Alert]]:
        """Let a retracted alert and the new one that begins elsewhere name each other."""
        new = {alert.id: alert for alert in added}
        free = dict(new)
        out = []
        for old in sorted(retracted, key=lambda a: (a.t_start_ms, a.id)):
            heirs = [a for a in free.values() if _about(a) == _about(old) and _overlap(a, old)]
            if heirs:
                heir = min(heirs, key=lambda a: (abs(a.t_start_ms - old.t_start_ms), a.id))
                del free[heir.id]
                began = f"which began {iso(old.t_start_ms)}"
                note = f"{NOTE}takes the place of {old.id}, {began}"
                new[heir.id] = replace(heir, notes=(*heir.notes, note))
                began = f"which begins {iso(heir.t_start_ms)}"
                note = f"{NOTE}{heir.id} takes its place, {began}"
                old = replace(old, notes=(*old.notes, note))
            out.append(old)
        return list(new.values()), out


def differences(before: Alert, alert: Alert) -> list[str]:
    """Name the fields in which two versions of an alert differ, apart from the bookkeeping.

    Notes of an earlier refold say nothing of what is known, those of the watch do; nor do those of
    where it began anew.
    """
    old, new = before.to_dict(), json.loads(alert.to_json())
    names = [name for name in old if name not in BOOKKEEPING and old[name] != new[name]]
    said = [note for note in before.notes if not note.startswith((NOTE, ANEW))]
    return names if said == list(alert.notes) else [*names, "notes"]


def notes_of_setting_right(alert: Alert) -> tuple[str, ...]:
    """Give the notes that say how an alert was set right; they stay on its later versions.

    Whoever opens the last version must find what came late. The watch does not know of them:
    they are added to what it gives, and make no version by themselves (`differences`).
    """
    return tuple(note for note in alert.notes if note.startswith((NOTE, ANEW)))[-STAY:]


def _about(alert: Alert) -> tuple[str, str, int, str]:
    """Name what an alert is about, apart from its start and the segment of its vessel.

    The segment of an area or a feed is its number, and is kept.
    """
    who = alert.subject
    return (
        alert.detector,
        who.domain,
        who.mmsi or who.segment,
        alert.asset.id if alert.asset else "",
    )


def _overlap(one: Alert, other: Alert) -> bool:
    """Tell whether two alerts have a time in common; one that is open has no end yet."""
    ends = [
        float("inf") if a.state == OPEN or a.t_end_ms is None else a.t_end_ms for a in (one, other)
    ]
    return one.t_start_ms <= ends[1] and other.t_start_ms <= ends[0]
