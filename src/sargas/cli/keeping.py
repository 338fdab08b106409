"""Keeping what a command reads and finds: fixes as shards, alerts in the ledger, of one home."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from sargas.model.alerts import Alert
from sargas.model.fixes import Batch
from sargas.store import Home, Ledger, ShardWriter
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
        commit_rows: commit after so many rows.

    Raises:
        StoreError: the home cannot be written, or another process writes to it.
    """

    def __init__(
        self, home: Path, watch: Watch, source: str, commit_rows: int = COMMIT_ROWS
    ) -> None:
        self.home = Home(home)
        self._writer = ShardWriter(self.home)
        self._ledger = Ledger(self.home)
        self._watch = watch
        self._source = source
        self._commit_rows = commit_rows
        self._alerts: list[Alert] = []
        self._rows = 0
        self._committed = 0
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
        self._writer.flush()
        now = Counter(self._watch.tally())
        self._ledger.commit(
            self._source, self._rows, self._watch.dump(), self._alerts, now - self._counted,
            state_version=STATE_VERSION,
        )  # fmt: skip
        self._counted, self._alerts, self._committed = now, [], self._rows

    def close(self) -> None:
        """Commit and let go of the home."""
        try:
            self.commit()
        finally:
            self._writer.close()
            self._ledger.close()

    def abandon(self) -> None:
        """Let go of the home without committing what waits."""
        self._writer.__exit__(KeyboardInterrupt, None, None)
        self._ledger.close()


def source_name(files: list[str], rules: str, geometry: str) -> str:
    """Name a scan by its files, rules and assets, so that another scan is another source.

    Example:
        >>> source_name(["a.nmea", "b.nmea"], "r1", "g1")
        'scan:e12a54b7361b'
    """
    words = "\x1f".join((*files, rules, geometry))
    return f"scan:{hashlib.sha256(words.encode()).hexdigest()[:12]}"
