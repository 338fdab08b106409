"""Folding: the journal is decoded, folded and committed, in order, by one thread.

State and offset are committed in one transaction with the alerts, after the fixes they rest on are
on disk. Killed at any point the next run takes up the committed state and reads the journal on from
the committed offset: every record counts exactly once. New alerts do not wait for that commit but
are published at once: a run that goes on from before finds the same versions, which are known.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from sargas.cli.keeping import Keeper
from sargas.cli.live.anew import Beginning, came_to_ms, refuse_ahead
from sargas.cli.live.intake import Heard, Intake, LiveFeed, Place
from sargas.cli.live.late import LateFolding, SetRight, Waiting
from sargas.cli.live.meanwhile import LinksMeanwhile
from sargas.cli.live.numbering import Number, Numbering
from sargas.cli.live.saving import pack, unpack
from sargas.errors import StateVersionError, StoreError
from sargas.model.alerts import OPEN, Alert
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import NO_TIME
from sargas.store.journal import CHECKPOINT, Journal, Record
from sargas.watch.fold import Outcome, Watch
from sargas.watch.links import WORD as LINK

SOURCE: Final = CHECKPOINT
READ_BYTES: Final = 4 << 20
"""Bytes of the journal that are folded in one step at most."""
COMMIT_S: Final = 30.0
"""A commit is made so often, when minutes have just been judged: the next ones are far then."""
COMMIT_MOST_S: Final = 90.0
"""And so often where no minute is judged: what is received is seen in tracks by then."""
COMMIT_ROWS: Final = 1_000_000
"""And after so many rows (chosen: some 90 MB), where a watch catches up: they wait in memory."""
PUBLISH_S: Final = 5.0
"""Where a watch is behind, alerts are published so often: each time costs small files, as it brings
the fixes of their vessels to the disk, and what is old need not be told within the second."""
BEHIND_MS: Final = 600_000
"""A watch is behind where the newest reports of all its feeds are older than this (chosen)."""


class State(Heard, kw_only=True):
    """What is committed beside the watch's own state: of the feeds, and of what came late."""

    watch: bytes
    late: Waiting = msgspec.field(default_factory=Waiting)
    numbering: dict[str, Number] = msgspec.field(default_factory=dict)


def _clock_ms() -> int:
    """Give the system's clock; rows are never told apart by it, states that are taken up are."""
    return time.time_ns() // 1_000_000


class Folding:
    """Folds a journal into a home.

    Args:
        watch: a fresh one.
        keeper: of the home.
        journal: what feeds brought.
        feeds: all feeds that are watched now, by number.
        late: folds in what comes late.
        say: told what people should read.
        on_rows: shown what was decoded, as it is decoded; what it does not know of stays so.
        on_alerts: shown new versions of alerts once they are committed.

    Attributes:
        offset: how far the journal has been folded; committed_to: and committed.
        begins_anew: whether there was a state that is of no use; `begin_anew` comes first then.
        intake: what feeds brought.
    """

    def __init__(
        self,
        watch: Watch,
        keeper: Keeper,
        journal: Journal,
        feeds: Mapping[int, LiveFeed],
        late: LateFolding,
        say: Callable[[str], None] = lambda text: None,
        on_rows: Callable[[Batch], None] = lambda batch: None,
        on_alerts: Callable[[Sequence[Alert]], None] = lambda alerts: None,
    ) -> None:
        self.watch, self.journal = watch, journal
        self.intake = Intake(feeds, watch.around, say)
        self._keeper, self._late, self._say = keeper, late, say
        self._on_rows, self._on_alerts = on_rows, on_alerts
        self.offset = self.committed_to = journal.begin
        self._new: list[Alert] = []
        self._set_right: list[Alert] = []
        self._numbering = Numbering()
        self.begins_anew = False
        self._came_to_ms: int | None = None
        self._beginning: Beginning | None = None
        self._meanwhile: LinksMeanwhile | None = None
        self._judged_ms = NO_TIME
        self._committed_s = self._published_s = time.monotonic()

    # ---- taking up -----------------------------------------------------------------------------
    def resume(self) -> bool:
        """Take up what the last run committed.

        Returns:
            Whether the watch goes on from there; if not it begins anew, with what is in the
            journal, because there is no state or it is of other rules, assets or versions.

        Raises:
            StoreError: the ledger cannot be read.
        """
        self._new += self.intake.links.unwatched(self._open_links(), _clock_ms())
        found = self._keeper.ledger.checkpoint(SOURCE)
        if found is None:
            self._late.begin_with(self.watch)
            return False
        self.offset = self.committed_to = max(found.offset, self.journal.begin)
        if found.offset < self.journal.begin:
            gone = self.journal.begin - found.offset
            self._say(f"journal: {gone:,} bytes that were not folded are not there any more")
        if found.offset > self.journal.end:
            raise StoreError(
                f"The ledger has folded the journal up to {found.offset:,}, and it ends at "
                f"{self.journal.end:,}.", where=str(self.journal.path),
                hint="One of them was restored without the other: restore both, or move the "
                "journal away to begin a new one.",
            )  # fmt: skip
        try:
            state = unpack(found.state, found.state_version, State)
            self._came_to_ms = came_to_ms(state.watch)
            self.intake.load(state)  # how far files were read is not forgotten whatever follows
            self._late.load(state.late)
            self._numbering = Numbering(state.numbering)
            self.intake.load_states(state)
            if self.watch.around.exercise is None:  # which has times of its own
                self._late.forget_after(
                    refuse_ahead(state.watch, _clock_ms(), self.intake.told_ms, self._say)
                )
            self.watch.load(state.watch)
        except StateVersionError as error:
            self._say(f"The watch begins anew: {error.what}")
            self._late.forget_states()
            self.begins_anew = True
            return False
        finally:
            self._keeper.goes_on(self.counted)
        return True

    def _open_links(self) -> list[Alert]:
        """Read the open alerts about feeds."""
        exercise = self.watch.around.exercise
        return [
            Alert.from_dict(body) for body in self._keeper.ledger.alerts(state=OPEN)
            if body["detector"] == LINK and body["exercise"] == exercise
        ]  # fmt: skip

    def begin_anew(self) -> None:
        """Judge some of what is stored of the last day, as long as the watch begins anew.

        What it gives in the end is to be committed before anything else. What is to be told of
        feeds meanwhile is published as ever (`has_to_tell`).

        Raises:
            StoreError: what is stored cannot be read; it may be called again.
        """
        if self._beginning is None or self._meanwhile is None:
            # What feeds told is not lost to a clock that is behind.
            now_ms = max(_clock_ms(), self.intake.told_ms)
            home, ledger = self._keeper.home, self._keeper.ledger
            self._beginning = Beginning(
                home, ledger, self.watch, now_ms, self._came_to_ms, self._say
            )
            self._meanwhile = LinksMeanwhile(self.journal, self.offset, self.intake)
        self._new += self._meanwhile.read(READ_BYTES)
        if self._beginning.step():
            return
        begun = self._beginning.end()
        self.begins_anew, self._beginning = False, None
        self._keeper.goes_on(self.counted)  # these rows were counted when they came
        self._issue(begun)
        self._say(f"The watch has begun anew: {begun.words}")

    def place_of(self, number: int) -> Place | None:
        """Tell how far a feed from a file has been received: folded or waiting in the journal."""
        return self.intake.place_of(number, self._waiting())

    def _waiting(self) -> Iterator[Record]:
        """Read the records that are not folded yet."""
        offset = self.offset
        while records := self.journal.read(offset, READ_BYTES):
            offset = records[-1].end
            yield from records

    # ---- folding -------------------------------------------------------------------------------
    def step(self) -> bool:
        """Fold the next records of the journal, if there are any.

        Returns:
            Whether there were.
        """
        records = self.journal.read(self.offset, READ_BYTES)
        if not records:
            return False
        batches: list[Batch] = []
        alerts: list[Alert] = []
        for record in records:
            rows, told = self.intake.take(record)
            batches.append(rows)
            alerts += told if self._meanwhile is None else self._meanwhile.untold(told)
        batch = Batch(
            Fixes.concat(b.fixes for b in batches), Statics.concat(b.statics for b in batches)
        )
        self._on_rows(batch)
        # Reports that are a little ahead must not make late what others bring in time.
        until_ms = records[-1].t_ms if self.watch.around.exercise is None else None
        self._keep(self.watch.push(batch, until_ms), batch, alerts)
        self.offset = records[-1].end
        return True

    def finish(self) -> None:
        """Fold all that is still held: the feeds have ended."""
        self._keep(self.watch.flush(), None, [])

    def _keep(self, outcome: Outcome, batch: Batch | None, alerts: list[Alert]) -> None:
        """Keep a batch, and what the watch and the links made of it."""
        told = [self._numbering.number(alert) for alert in outcome.alerts]
        both = Outcome([*told, *alerts], outcome.late, outcome.crossings)
        self._keeper.keep(both, batch)
        self._late.note(outcome.late, self.watch.order.newest_ms)
        self._new += both.alerts

    @property
    def has_late(self) -> bool:
        """Whether something came late that was not folded in yet."""
        return self._late.has_any

    @property
    def is_folding_late(self) -> bool:
        """Whether what came late is being folded in."""
        return self._late.is_at_work

    def fold_late(self) -> None:
        """Fold some of what came late in, where it is time to.

        Raises:
            StoreError: the disk refuses a commit; it may be called again.
        """
        if self._late.is_due:
            self.commit()
            self._late.begin(self.watch)
        if self._late.is_at_work and (done := self._late.step(self.watch, self.commit)):
            self._go_on_from(done)
        if self._set_right:
            self.commit()  # before anything rests on it

    def fold_late_now(self) -> None:
        """Let what came late be folded in next: nothing more is to come."""
        self._late.hurry()

    def _go_on_from(self, done: SetRight) -> None:
        """Take up what late rows made of the hours since; committed with it, or nothing of it."""
        self.publish()
        self.watch.take_over(done.watch)
        self._issue(done)
        self._late.done(done)
        self._say(f"late data: {done.words}")

    def _issue(self, done: SetRight) -> None:
        """Issue versions with the next commit, and number what follows them."""
        self._numbering.go_on_from(self.watch, done.last, done.alerts)
        self._keeper.keep(Outcome(list(done.alerts), Batch.empty()))
        self._set_right += done.alerts

    # ---- committing ----------------------------------------------------------------------------
    @property
    def is_due(self) -> bool:
        """Whether a commit should be made now."""
        if self.offset == self.committed_to:
            return False
        if self._keeper.waiting >= COMMIT_ROWS:
            return True
        since_s = time.monotonic() - self._committed_s
        has_judged = self.watch.judged_to_ms != self._judged_ms
        return since_s >= (COMMIT_S if has_judged else COMMIT_MOST_S)

    @property
    def has_to_tell(self) -> bool:
        """Whether new alerts should be published now."""
        if not self._new:
            return False
        if any(alert.detector == LINK for alert in self._new):  # a feed is silent now
            return True
        is_exercise = self.watch.around.exercise is not None  # which has times of its own
        is_behind = not is_exercise and self.intake.least_lag_ms > BEHIND_MS
        return not is_behind or time.monotonic() - self._published_s >= PUBLISH_S

    def publish(self) -> None:
        """Bring new alerts into the ledger and show them.

        Raises:
            StoreError: the disk refuses; nothing is lost, and it may be called again.
        """
        if not self._new:
            return
        self.journal.sync()  # what they rest on
        self._keeper.publish(self._new)
        self._published_s = time.monotonic()
        new, self._new = self._new, []
        self._on_alerts(new)

    def commit(self) -> None:
        """Bring all that was folded to the disk.

        Raises:
            StoreError: the disk refuses; nothing is lost, and it may be called again.
        """
        self.publish()
        self.journal.sync()
        state = State(
            **msgspec.structs.asdict(self.intake.dump()), watch=self.watch.dump(),
            late=self._late.dump(), numbering=self._numbering.dump(),
        )  # fmt: skip
        packed, version = pack(state)
        self._keeper.commit_at(self.offset, packed, version, self.intake.lost)
        self.committed_to, self._committed_s = self.offset, time.monotonic()
        self._judged_ms = self.watch.judged_to_ms
        self.journal.forget(self.offset)
        if self._set_right:
            told, self._set_right = self._set_right, []
            self._on_alerts(told)
        self._late.keep_snapshot(self.watch, state.watch)

    @property
    def unstored(self) -> tuple[Alert, ...]:
        """Versions that were found and are in no ledger yet; any thread may ask."""
        return (*tuple(self._new), *tuple(self._set_right))

    @property
    def counted(self) -> Counter[str]:
        """Count what became of fixes and of lines that were lost, by reason."""
        return Counter(self.watch.tally()) + self.intake.lost
