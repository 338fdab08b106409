"""Keeping what a command reads and finds: fixes as shards, alerts in the ledger, of one home."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from sargas.cli.words import say
from sargas.errors import SargasError, UsageError
from sargas.model.alerts import Alert
from sargas.model.fixes import Batch
from sargas.store import Home, Ledger, ShardWriter
from sargas.store.damaged import SetAside
from sargas.store.kept_rows import subjects_of
from sargas.store.kind import KIND, kind_of
from sargas.store.shards import Written
from sargas.watch.fold import STATE_VERSION, Outcome, Watch

COMMIT_ROWS = 5_000_000


class Keeper:
    """Writes batches and alerts into a home, committing them together.

    Fixes reach the disk before the alerts that rest on them. Killed at any point, the same
    command run again ends with the same fixes and alerts: both are known by their content.

    Args:
        home: directory; made if it is missing.
        watch: whose state is committed along.
        source: name of what is read.
        commit_rows: commit after so many rows (default `COMMIT_ROWS`).

    Raises:
        StoreError: the home cannot be written, or another process writes to it.
        UsageError: the home holds real traffic and this is an exercise, or the other way round.
    """

    def __init__(
        self, home: Path, watch: Watch, source: str, commit_rows: int | None = None
    ) -> None:
        self.home = Home(home)
        self._writer = ShardWriter(self.home)
        self._ledger = Ledger(self.home)
        self._watch = watch
        self._source = source
        self._commit_rows = commit_rows or COMMIT_ROWS
        self._differing: set[str] = set()
        self._is_open = True
        try:
            _agree(self._ledger, self.home, watch.around.exercise or "")
        except SargasError:
            self.abandon()
            raise
        self._alerts: list[Alert] = []
        self._rows = 0
        self._committed = self._told = 0
        self._counted: Counter[str] = Counter()

    def keep(self, outcome: Outcome, batch: Batch | None = None) -> None:
        """Take a batch and what the watch made of it."""
        if batch is not None:
            self._writer.append(batch.fixes)
            self._writer.append_statics(batch.statics)
            self._rows += len(batch)
        self._alerts += outcome.alerts
        if self._rows - self._committed >= self._commit_rows:
            self.commit()

    def commit(self) -> None:
        """Bring everything so far to the disk."""
        self.commit_at(self._rows, self._watch.dump(), STATE_VERSION)

    def commit_at(
        self,
        offset: int,
        state: bytes,
        state_version: int,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """Bring everything so far to the disk, with a state and an offset of the caller's.

        Raises:
            StoreError: the disk refuses, for instance because it is full. Nothing is lost: the
                same call may be made again.

        Args:
            offset: how far the source has been read.
            state, state_version: all that is needed to go on from there.
            counts: what was counted so far besides the watch's own tally, by reason.
        """
        self._writer.flush()
        now = Counter(self._watch.tally()) + Counter(counts or {})
        done = self._ledger.commit(
            self._source, offset, state, self._alerts, now - self._counted,
            state_version=state_version,
        )  # fmt: skip
        self._differing.update(done.differing)
        self._counted, self._alerts, self._committed = now, [], self._rows

    def publish(self, alerts: Iterable[Alert]) -> None:
        """Add versions of alerts to the ledger at once; see `Ledger.publish`.

        What waits of their vessels' fixes is written before: by them it is told to whom an alert
        may go (`share.outgoing`), and the next commit may be 90 s away. No offset moves. After a
        kill the rows come again and are known, as after any kill between `flush` and commit.

        Raises:
            StoreError: the disk refuses; nothing is lost, and it may be called again.
        """
        given = list(alerts)
        self._writer.flush_fixes_of({key for one in given for key in subjects_of(one.to_dict())})
        self._differing.update(self._ledger.publish(given).differing)

    @property
    def waiting(self) -> int:
        """Rows that were taken and are in no file yet."""
        return self._writer.waiting

    def goes_on(self, counted: Mapping[str, int]) -> None:
        """Take note of what an earlier run has counted and committed already."""
        self._counted = Counter(counted)

    @property
    def set_aside(self) -> list[SetAside]:
        """Damaged shard files that were found and set aside, those found since among them."""
        return self._writer.set_aside

    @property
    def ledger(self) -> Ledger:
        """The home's ledger."""
        return self._ledger

    def close(self) -> None:
        """Commit and let go of the home; a second call does nothing."""
        if not self._is_open:
            return
        self.commit()
        self._is_open = False
        self._writer.close()
        self._ledger.close()

    def abandon(self) -> None:
        """Let go of the home without committing what waits; a second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self._writer.__exit__(KeyboardInterrupt, None, None)
        self._ledger.close()

    def bring_back(self, batch: Batch) -> Written:
        """Store rows that may be missing, and fold nothing; what is stored already adds nothing.

        Raises:
            StoreError: the disk refuses.
        """
        before = self._writer.total
        self._writer.append(batch.fixes)
        self._writer.append_statics(batch.statics)
        self._writer.flush()
        return self._writer.total - before

    def say_set_aside(self) -> None:
        """Say which damaged files were set aside."""
        new, self._told = self.set_aside[self._told :], len(self.set_aside)
        for one in new:
            say(f"sargas: {one} Scan that day's source again to have it back.")

    def say_differing(self) -> None:
        """Say where the home knew another text of the same version of an alert."""
        if self._differing:
            differ = "1 alert differs" if len(self._differing) == 1 else (
                f"{len(self._differing):,} alerts differ")  # fmt: skip
            say(
                f"sargas: {differ} from what this home stores under "
                "the same id and version; the stored text stands. It was made of other fixes, "
                "assets, rules or lists: scan into a new home to compare."
            )


def _agree(ledger: Ledger, home: Home, kind: str) -> None:
    """Note what a home holds, and keep exercise and real traffic in homes of their own.

    Raises:
        UsageError: it holds the other.
    """
    noted = kind_of(ledger)
    if noted is None and home.days():
        noted = ""
    if noted is not None and noted != kind:
        held, given = (f"the exercise '{k}'" if k else "real traffic" for k in (noted, kind))
        raise UsageError(
            f"This home holds {held}, and what is read is {given}.",
            where=str(home.path),
            hint="Name another with --home: what is an exercise must stay one.",
        )
    ledger.commit(KIND, 0, kind.encode())


def source_name(
    words: Iterable[str], options: Iterable[str | None] = (), exercise: str | None = None
) -> str:
    """Name a scan by what it reads and how, so that another scan is another source.

    Args:
        words: the files' contents, and the versions of rules and assets.
        options: those that change what is read.
        exercise: name of the exercise, if it is one.

    Example:
        >>> source_name(["a", "b"])
        'scan:f04cdced9736'
        >>> source_name(["a", "b"]) == source_name(["a", "b"], ["2024-12-25T10:00:00Z"])
        False
    """
    text = "\x1f".join((*words, *("" if o is None else f"={o}" for o in options)))
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"exercise:{exercise}:{digest}" if exercise else f"scan:{digest}"
