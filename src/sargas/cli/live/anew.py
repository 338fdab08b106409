"""A live watch that begins anew judges what is stored of the last day before it goes on.

With other rules, assets or another version of sargas the saved state is of no use. What the watch
knows of vessels, lanes and reception is made again from the shards, and the alerts that were open
are set right: those that it finds too go on, the others are closed, with the reason among their
notes. What had ended before stays as it was judged then. So it is with a state that wrong times
have led ahead, for which all that comes would be late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from sargas.cli.live.late import STEP_ROWS, SetRight, pieces
from sargas.cli.refolding import ANEW, differences, notes_of_setting_right, stored_alerts
from sargas.cli.stored import newest_stored_ms, stored_batches, stored_bytes
from sargas.errors import StateVersionError, StoreError
from sargas.feeds.live.columns import AHEAD_MS
from sargas.model.alerts import CLOSED, OPEN, Alert
from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS, NO_TIME, iso
from sargas.store import Home, Ledger
from sargas.watch.fold import Watch, reached_ms

HOURS: Final = (24, 12, 6, 3, 1)
"""So many hours are judged anew (chosen): lanes and reception are known by then; fewer where these
hold more than `MOST_BYTES`."""
WRITTEN_MS: Final = 1_735_689_600_000
"""2025, before any of this was written: a clock that says earlier is not set."""
MOST_BYTES: Final = 400_000_000
"""Bytes of shard files that are read at most: some 20 million reports, two minutes of a core."""


@dataclass
class Beginning:
    """Judges the last hours that a home has stored, in steps.

    What cannot be read ends a step and no more: the next one reads on from there.

    Args:
        home, ledger: what is stored. watch: a fresh one, which goes on from there.
        now_ms: reports of later are not believed.
        to_ms: how far the state had come that is of no use; None where that is not known. What is
            stored of later was written before its commit, for alerts (`Keeper.publish`), and of
            their vessels alone: it comes again, among what others reported in the same minutes.
        say: told what people should read.
    """

    home: Home
    ledger: Ledger
    watch: Watch
    now_ms: int
    to_ms: int | None
    say: Callable[[str], None]
    _found: dict[str, Alert] = field(default_factory=dict)
    _rows: int = 0
    _from_ms: int = 0
    _newest_ms: int | None = None
    _done_ms: int = NO_TIME
    """All before it was judged."""
    _judging: Iterator[None] | None = None

    def step(self) -> bool:
        """Judge some of it.

        Returns:
            Whether there was anything left.

        Raises:
            StoreError: what is stored cannot be read; it may be called again.
        """
        if self._newest_ms is None:
            until_ms = self.now_ms if self.to_ms is None else min(self.now_ms, self.to_ms)
            self._newest_ms = newest_stored_ms(self.home, until_ms)
            if self._newest_ms is None:
                return False
            self._done_ms = self._from_ms = self._begin_ms(self._newest_ms)
            since = f"What is stored since {iso(self._from_ms)} is judged anew"
            self.say(f"{since}; feeds are received.")
        if self._judging is None:
            self._judging = self._judged(self._newest_ms)
        try:
            return next(self._judging, self) is None
        except StoreError:
            self._judging = None
            raise

    def _begin_ms(self, newest_ms: int) -> int:
        """Say from where it is judged, so that it takes no longer than it may."""
        spans = [newest_ms - hours * HOUR_MS for hours in HOURS]
        few = [t for t in spans if stored_bytes(self.home, t, newest_ms) <= MOST_BYTES]
        return few[0] if few else spans[-1]

    def _judged(self, newest_ms: int) -> Iterator[None]:
        """Judge what is stored and was not judged yet, with a pause after each step."""
        for end_ms, batch in stored_batches(self.home, self._done_ms, newest_ms):
            self._rows += len(batch)
            for piece, _ in pieces(batch, end_ms, STEP_ROWS):
                self._found |= {a.id: a for a in self.watch.push(piece).alerts}
                yield
            self._done_ms = end_ms

    def end(self) -> SetRight:
        """Compare with the ledger what was found."""
        words = {detector.word for detector in self.watch.detectors}
        exercise = self.watch.around.exercise
        was_open = {
            body["id"]: Alert.from_dict(body) for body in self.ledger.alerts(state=OPEN)
            if body["detector"] in words and body["exercise"] == exercise
        }  # fmt: skip
        now_open = {alert.id for alert in self.watch.judge.open}
        last = {
            name: Alert.from_dict(all_of[-1])
            for name, all_of in self.ledger.versions(sorted(now_open)).items() if all_of
        } | was_open  # fmt: skip
        again = self._told_again()
        added, changed, closed = [], [], []
        for name in sorted(now_open - last.keys()):
            added.append(self._told(self._found[name], 1, "known since the watch began anew"))
        for name, before in sorted(last.items()):
            if name in again:
                continue
            found = self._found.get(name)
            if found is None:
                closed.append(self._closed(before))
            elif differences(before, found):
                found = replace(found, notes=(*found.notes, *notes_of_setting_right(before)))
                told = self._told(found, before.version + 1, "judged anew, by what holds now")
                changed.append(replace(told, t_detected_ms=before.t_detected_ms))
        alerts = (*added, *changed, *closed)
        last = {n: a for n, a in (last | again).items() if a is not None}
        return SetRight(
            self.watch, alerts, last | {alert.id: alert for alert in alerts},
            f"{self._rows:,} rows were judged anew: {len(added)} alerts added, {len(changed)} "
            f"changed, {len(closed)} closed that are not found any more",
        )  # fmt: skip

    def _told_again(self) -> dict[str, Alert | None]:
        """Give the alerts of which what follows tells versions again that the ledger has already.

        They were published after the last commit, by a watch like this one.

        Returns:
            By id the version before those; None where there was none.
        """
        if self.to_ms is None or self.to_ms > self.now_ms:  # or it was led ahead
            return {}
        # As far as that state had judged, also where what is stored does not reach so far any more.
        came_ms = (self.to_ms - self.watch.order.lateness_ms) // MINUTE_MS * MINUTE_MS
        judged_ms = max(self.watch.judged_to_ms, came_ms)
        later, _ = stored_alerts(self.ledger, self.watch, judged_ms + 1)
        before = self.ledger.versions(sorted(later), judged_ms)
        return {n: Alert.from_dict(all_of[-1]) if all_of else None for n, all_of in before.items()}

    def _told(self, alert: Alert, version: int, note: str) -> Alert:
        issued_ms = max(self.watch.judged_to_ms, alert.t_issued_ms)
        notes = tuple(dict.fromkeys((*alert.notes, f"{ANEW}{note}")))  # once is enough
        return replace(alert, version=version, t_issued_ms=issued_ms, notes=notes)

    def _closed(self, before: Alert) -> Alert:
        # Never earlier than what it ends: who looks back must not find it closed before its time.
        issued_ms = max(self.watch.judged_to_ms, before.t_issued_ms)
        # But what was told of a time that has not come yet ends now, not then.
        is_ahead = before.t_issued_ms > self.now_ms + AHEAD_MS
        end_ms = max(self.watch.judged_to_ms, self.now_ms) if is_ahead else issued_ms
        note = f"{ANEW}not found in what is stored since {iso(self._from_ms)}; followed no more"
        return before.revised(
            state=CLOSED, t_issued_ms=issued_ms, t_end_ms=max(end_ms, before.t_start_ms),
            notes=(*before.notes, note),
        )  # fmt: skip


def came_to_ms(state: bytes) -> int | None:
    """Tell how far in event time a state of a watch had come, whatever version it is of.

    Returns:
        The time; None where that cannot be read, or there was none yet.
    """
    try:
        to_ms = reached_ms(state)
    except StateVersionError:
        return None
    return None if to_ms == NO_TIME else to_ms


def latest_ms(now_ms: int, told_ms: int, say: Callable[[str], None]) -> int:
    """Give the event time up to which a state is sound without a question.

    That the clock is right is not taken for granted. Feeds have clocks, too: a state that is no
    further than their reports of before is whole, and the clock of this machine behind; it is said.

    Args:
        now_ms: by the system's clock. told_ms: the newest time that a feed told, and was believed.
        say: told what people should read.

    Example:
        >>> latest_ms(3_600_000, 3_590_000, print)
        3720000
        >>> latest_ms(0, 3_600_000, print)  # doctest: +ELLIPSIS
        The clock of this machine is 3,600 s behind what feeds told before: ...
        3720000
    """
    if told_ms > now_ms + AHEAD_MS:
        say(
            f"The clock of this machine is {(told_ms - now_ms) / 1000:,.0f} s behind what feeds "
            "told before: check its time synchronisation. Reports dated ahead of it are left out."
        )
    return max(now_ms, told_ms) + AHEAD_MS + MINUTE_MS  # minutes are judged to their end


def refuse_ahead(state: bytes, now_ms: int, told_ms: int, say: Callable[[str], None]) -> int:
    """Refuse a watch's state that was led ahead of the time: all that comes would be late.

    A clock that is behind now and one that was ahead before look alike. Where a report with a time
    of its own came within the last hour by the clock, the clock is right. Where none did, a state
    that is a day ahead or less is taken up, and it is said what may be wrong; further ahead it is
    refused, unless the clock is at a time before any of this was written: it has no battery.

    Args:
        state: of the watch. now_ms, told_ms, say: see `latest_ms`.

    Returns:
        The latest event time to which earlier states may have come.

    Raises:
        StateVersionError: it was led ahead, or is damaged.
    """
    until_ms, to_ms = latest_ms(now_ms, told_ms, say), reached_ms(state)
    if to_ms <= until_ms:
        return until_ms
    ahead = f"has come to {iso(to_ms)}, {(to_ms - now_ms) / 1000:,.0f} s ahead of the clock"
    is_supported = told_ms > 0 and abs(now_ms - told_ms) <= HOUR_MS
    is_near = to_ms - max(now_ms, told_ms) <= DAY_MS
    if is_supported or not (is_near or now_ms < WRITTEN_MS):
        raise StateVersionError(
            f"Its state {ahead}: by a clock that was ahead, or reports that were dated ahead.",
            hint="Check the time synchronisation of this machine.",
        )
    say(
        f"The state of the watch {ahead}, and no report of the last hour says what time it is: "
        "either the clock of this machine is behind now, or it was ahead before; check its time "
        "synchronisation. The watch goes on from that state. What comes is late until that time: "
        "it is stored, and judged some minutes later."
    )
    return to_ms
