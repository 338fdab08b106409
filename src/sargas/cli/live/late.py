"""What came late in a live watch: the hours since are folded again beside it, in small steps.

A watch folds no minute twice. Rows that come after theirs has gone are stored and noted; some
minutes later an earlier state of the watch, that had judged nothing from them on, folds all that is
stored from there up to now. What it gives is by construction what the watch would have given had
they come in time. The ledger's alerts are set right by it (new versions, retractions, each with the
cause among its notes), and the watch goes on from its state, in the same transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from sargas.cli.late_rows import LateRows
from sargas.cli.live.saving import VERSION, pack, unpack
from sargas.cli.refolding import Comparison, stored_alerts
from sargas.cli.stored import stored_batches
from sargas.errors import StateVersionError, StoreError
from sargas.model.alerts import Alert
from sargas.model.fixes import Batch
from sargas.model.time import HOUR_MS, MINUTE_MS, iso
from sargas.store import Home, Ledger
from sargas.store.damaged import files_set_aside
from sargas.store.files import DamagedShard
from sargas.store.snapshots import BEFORE_ALL, Snapshots
from sargas.watch.fold import Watch

WAIT_S: Final = 600.0
"""So long after the first late row it is begun (chosen): what is late seldom comes alone."""
SHARE: Final = 6
"""At most one part in so many of the time goes into it where late rows come without end."""
STEP_ROWS: Final = 50_000
"""Rows that are folded again at a time: about a third of a second."""
NOTED_ROWS: Final = 200_000
"""So many late rows are noted one by one, for the words of alerts."""
AGAIN: Final = 1.25
"""What comes late again is thought to be at most so many times as late (chosen)."""
KEEP_MS: Final = 30 * MINUTE_MS
"""A state is kept on the way if it is so much later than the one that was begun from."""
LAST_MS: Final = 5 * MINUTE_MS
"""When so little is left it is folded without a pause."""


class Snapshot(msgspec.Struct):
    """An earlier state of a watch.

    Attributes:
        watch: the state.
        known: the version of each alert that was issued in its last hour, as it was known then.
    """

    watch: bytes
    known: dict[str, int]


class Waiting(msgspec.Struct):
    """Late rows that were not folded in yet: what is committed of them."""

    rows: bytes = b""
    first_ms: int | None = None


@dataclass
class _Replay:
    """A watch that folds the hours since some late rows again."""

    watch: Watch
    from_ms: int
    known: dict[str, int]
    keep_ms: int
    """At this time a state is kept: from where what comes as late again will be folded in."""
    kept: tuple[int, bytes] | None = None
    after: set[str] = field(default_factory=set)
    """The alerts that were told of after that."""
    found: dict[str, Alert] = field(default_factory=dict)
    stretch: Iterator[None] = field(default_factory=lambda: iter(()))
    to_ms: int = 0
    began_s: float = field(default_factory=time.monotonic)

    def take(self, batch: Batch, to_ms: int) -> None:
        """Fold some more rows."""
        told = {alert.id: alert for alert in self.watch.replay(batch, to_ms)}
        self.found |= told
        if self.kept is not None:
            self.after |= told.keys()
        elif self.watch.judged_to_ms >= self.keep_ms:
            self.kept = self.watch.judged_to_ms, self.watch.dump()


@dataclass(frozen=True)
class SetRight:
    """What a live watch goes on from when alerts were set right.

    Attributes:
        watch: has judged as far as the live one.
        alerts: versions to be issued.
        last: the last version of alerts in the ledger, these among them.
        words: what was done.
    """

    watch: Watch
    alerts: tuple[Alert, ...]
    last: dict[str, Alert]
    words: str


class LateFolding:
    """Notes late rows, and folds them in.

    Args:
        home: what is stored. ledger: its alerts.
        make_watch: makes a fresh watch like the live one.
        say: told what people should read.
    """

    def __init__(
        self,
        home: Home,
        ledger: Ledger,
        make_watch: Callable[[], Watch],
        say: Callable[[str], None],
    ) -> None:
        self._home, self._ledger, self._make_watch, self._say = home, ledger, make_watch, say
        self._snapshots = Snapshots(home, VERSION)
        self._rows = LateRows()
        self._first_ms: int | None = None
        self._at_work: tuple[LateRows, int] | None = None
        """Those that are being folded in, and the earliest of all of them."""
        self._replay: _Replay | None = None
        self._due_s = 0.0
        self._is_refused = False

    def begin_with(self, watch: Watch) -> None:
        """Keep the state of a watch that has seen nothing, in a home that holds nothing."""
        if not self._home.days():
            self._save(BEFORE_ALL, Snapshot(watch.dump(), {}))

    def forget_states(self) -> None:
        """Let go of all earlier states: the watch begins anew, with what came late in its place.

        Raises:
            StoreError: the disk refuses.
        """
        self._rows, self._first_ms = LateRows(), None
        self._snapshots.forget_after(-1)

    def forget_after(self, t_ms: int) -> None:
        """Let go of earlier states that have come further than a time: further than can be.

        Raises:
            StoreError: the disk refuses.
        """
        self._snapshots.forget_after(t_ms)

    def hurry(self) -> None:
        """Let what waits be folded in at once."""
        self._due_s = 0.0

    # ---- noting --------------------------------------------------------------------------------
    def note(self, late: Batch, came_ms: int) -> None:
        """Note rows that the watch handed back.

        Args:
            late: the rows. came_ms: the event time that the watch had reached.
        """
        times = [int(rows.t_ms.min()) for rows in (late.fixes, late.statics) if len(rows)]
        if not times:
            return
        if self._first_ms is None:
            self._due_s = max(self._due_s, time.monotonic() + WAIT_S)
        self._first_ms = min([*times, *([] if self._first_ms is None else [self._first_ms])])
        if len(self._rows) < NOTED_ROWS:
            self._rows.add(late, came_ms)

    def dump(self) -> Waiting:
        """Give what is committed: those that are being folded in are not folded in yet."""
        rows, first = self._rows, [t for t in (self._first_ms,) if t is not None]
        if self._at_work is not None:
            rows, first = self._at_work[0] + rows, [*first, self._at_work[1]]
        return Waiting(rows.dump(), min(first, default=None))

    def load(self, waiting: Waiting) -> None:
        """Take up what an earlier run noted."""
        self._rows, self._first_ms = LateRows.load(waiting.rows), waiting.first_ms
        self._due_s = time.monotonic() + WAIT_S

    def keep_snapshot(self, watch: Watch, state: bytes) -> None:
        """Keep a state that has just been committed, where an hour has begun.

        Not while late rows are folded in: the state lacks them.
        """
        t_ms = watch.judged_to_ms
        if self._replay is not None or t_ms < 0 or not self._snapshots.is_due(t_ms):
            return
        alerts, _ = stored_alerts(self._ledger, watch, t_ms - HOUR_MS)
        known = {name: alert.version for name, alert in alerts.items()}
        self._save(t_ms, Snapshot(state, known))

    def _save(self, t_ms: int, snapshot: Snapshot) -> None:
        """Keep a state; where the disk refuses, the watch goes on without."""
        try:
            self._snapshots.save(t_ms, pack(snapshot)[0])
        except StoreError as error:
            if not self._is_refused:
                self._say(f"late data: {error} What comes late may not be folded in.")
            self._is_refused = True
        else:
            self._is_refused = False

    # ---- folding in ----------------------------------------------------------------------------
    @property
    def has_any(self) -> bool:
        """Whether there are late rows that were not folded in yet."""
        return self._first_ms is not None or self._replay is not None

    @property
    def is_at_work(self) -> bool:
        """Whether rows are being folded in."""
        return self._replay is not None

    @property
    def is_due(self) -> bool:
        """Whether folding in should begin; what was received so far is to be committed first."""
        is_waiting = self._first_ms is not None and time.monotonic() >= self._due_s
        return is_waiting and self._replay is None

    def begin(self, watch: Watch) -> None:
        """Begin with the rows that were noted so far; all that was received is on the disk.

        Where no earlier state is old enough, it is said how many stay as they are.

        Raises:
            StoreError: the disk refuses; it may be called again.
        """
        assert self._first_ms is not None
        rows, first_ms = self._rows, self._first_ms
        t_ms = self._snapshots.before(first_ms)
        if t_ms is None and self._snapshots.times:
            t_ms = first_ms = self._snapshots.times[0]
            noted, rows = len(rows), rows.from_ms(t_ms)
            self._say_left(noted - len(rows), f"are of before {iso(t_ms)}")
        refusal = "came before there was a state to fold them in from"
        if t_ms is not None and len(rows):
            self._snapshots.forget_after(t_ms)  # they lack these rows
            refusal = self._begun(watch, rows, first_ms, t_ms)
        if refusal:
            self._say_left(len(rows), refusal)
        self._rows, self._first_ms = LateRows(), None

    def _begun(self, watch: Watch, rows: LateRows, first_ms: int, t_ms: int) -> str:
        """Begin to fold rows in from an earlier state; says why not, if it cannot be."""
        if any(one.last_ms >= t_ms for one in files_set_aside(self._home)):
            return "came beside damaged files, without which nothing can be told"
        try:
            saved = unpack(self._snapshots.load(t_ms), VERSION, Snapshot)
            replayed = self._make_watch()
            replayed.load(saved.watch)
        except (StateVersionError, StoreError) as error:
            self._snapshots.forget(t_ms)
            return f"cannot be folded in: {error.what}"
        replayed.begin_replay()
        self._at_work = (rows, first_ms)
        keep_ms = watch.judged_to_ms - round(AGAIN * rows.latest_ms) - MINUTE_MS
        self._replay = _Replay(replayed, t_ms, saved.known, max(keep_ms, t_ms + KEEP_MS))
        self._aim(watch)
        return ""

    def step(self, watch: Watch, commit: Callable[[], None]) -> SetRight | None:
        """Fold some rows again.

        Args:
            watch: the live one. commit: brings all that was received to the disk.

        Returns:
            What to go on from, when it has come as far as the live watch.
        """
        replay = self._replay
        assert replay is not None
        try:
            for _ in replay.stretch:
                return None
            while watch.judged_to_ms > replay.to_ms:
                commit()
                is_near = watch.judged_to_ms - replay.to_ms <= LAST_MS
                self._aim(watch)
                for _ in replay.stretch:
                    if not is_near:
                        return None
        except DamagedShard:
            self._give_up()
            raise
        except StoreError as error:
            self._say(f"late data: {error} It is tried again later.")
            self._give_up()
            return None
        return self._compared(watch, replay)

    def done(self, right: SetRight) -> None:
        """Take note that the watch has gone over to what `step` gave."""
        assert self._replay is not None
        if self._replay.kept is not None:
            # Who folds from there again finds what was told after it, and no more.
            t_ms, state = self._replay.kept
            known = {a.id: a.version for a in right.last.values() if a.id not in self._replay.after}
            self._save(t_ms, Snapshot(state, known))
        took_s = time.monotonic() - self._replay.began_s
        self._due_s = time.monotonic() + max(WAIT_S, took_s * (SHARE - 1))
        self._replay = self._at_work = None

    def _give_up(self) -> None:
        """Put the rows back among those that wait."""
        waiting = self.dump()
        self._replay = self._at_work = None
        self.load(waiting)

    def _say_left(self, rows: int, why: str) -> None:
        if rows:
            self._say(f"late data: {rows:,} rows {why}: they are stored, and judged by nobody")

    def _aim(self, watch: Watch) -> None:
        """Fold up to where the live watch is now."""
        replay = self._replay
        assert replay is not None
        # What was drawn or suspended meanwhile counts from after what was judged then.
        replay.watch.take_masks(watch.around.masks)
        replay.watch.take_suspensions(watch.judge.suspensions)
        from_ms = replay.to_ms or replay.from_ms
        replay.to_ms = watch.judged_to_ms
        replay.stretch = self._folded(replay, from_ms, replay.to_ms)

    def _folded(self, replay: _Replay, from_ms: int, to_ms: int) -> Iterator[None]:
        """Fold what is stored of a span, with a pause after each piece."""
        for end_ms, batch in stored_batches(self._home, from_ms, to_ms - 1):
            for piece, whole_ms in pieces(batch, end_ms, STEP_ROWS):
                replay.take(piece, whole_ms)
                yield
        replay.take(Batch.empty(), to_ms)

    def _compared(self, watch: Watch, replay: _Replay) -> SetRight:
        """Compare what was found with the ledger."""
        assert self._at_work is not None
        found, known = replay.found, replay.known
        stored, others = stored_alerts(self._ledger, watch, replay.from_ms - HOUR_MS, found.keys())
        # What was told since without being found stays as the earlier state knew it, or goes.
        since = {
            name for name, alert in stored.items()
            if name not in found and known.get(name) != alert.version
        }  # fmt: skip
        wanted = {name: alert for name, alert in stored.items() if name in found or name in since}
        truth = {name: alert for name, alert in found.items() if name not in others}
        truth |= {a.id: a for a in replay.watch.judge.open if a.id in since}
        late = Comparison(0, replay.to_ms, self._at_work[0], None)
        done = late.compare(truth, wanted)
        last = stored | {a.id: a for a in done.alerts}
        words = (
            f"{len(self._at_work[0]):,} rows that came late were folded in: {len(done.added)} "
            f"alerts added, {len(done.updated)} changed, {len(done.retracted)} retracted"
        )
        return SetRight(replay.watch, done.alerts, last, words)


def pieces(batch: Batch, end_ms: int, rows: int) -> Iterator[tuple[Batch, int]]:
    """Cut a batch in order of time into pieces.

    Args:
        batch: in order of time. end_ms: all before it is in this batch or was in those before.
        rows: fixes of a piece; the statics go with the first.

    Yields:
        (a piece, the time before which everything has been given).

    Example:
        >>> from sargas.model.fixes import Fixes, Statics
        >>> fixes = Fixes.build(3, subject_id=[1, 1, 1], t_ms=[5, 60_000, 70_000])
        >>> [(len(p), to) for p, to in pieces(Batch(fixes, Statics.empty()), 120_000, 2)]
        [(2, 70000), (1, 120000)]
    """
    taken = 0
    for piece in batch.chunks(rows):
        taken += len(piece.fixes)
        is_last = taken >= len(batch.fixes)
        yield piece, end_ms if is_last else int(batch.fixes.t_ms[taken])
