"""Reading the files of a command: several at once in order of time, with progress and a tally."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from sargas.errors import SargasError, UsageError
from sargas.feeds import open_feed
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import HOUR_MS, NO_TIME, parse_iso

PEEK_ROWS = 2_000


@dataclass
class Source:
    """One file of a command, and how far it has been read."""

    path: str
    number: int
    start_ms: int = NO_TIME
    newest_ms: int = NO_TIME
    feed: Any = None
    batches: Iterator[Batch] | None = None

    @property
    def frontier_ms(self) -> int:
        """The time before which this file is not expected to bring anything."""
        return self.start_ms if self.newest_ms == NO_TIME else self.newest_ms


@dataclass
class Reading:
    """Reads files and keeps account of them.

    Args:
        files: paths, `-` for standard input.
        format: a feed's format, where the content should not decide.
        column_map: for the generic CSV reader, like `lon=x,lat=y,t=time,mmsi=id`.
        since, until: ISO 8601 with zone; rows outside are counted and left out.
        quiet: no progress, no messages but errors.
    """

    files: Sequence[str]
    format: str | None = None
    column_map: str | None = None
    since: str | None = None
    until: str | None = None
    quiet: bool = False
    lines: int = 0
    fixes: int = 0
    statics: int = 0
    from_ms: int | None = None
    to_ms: int | None = None
    outside: int = 0
    lateness_ms: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, SargasError]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.files:
            raise UsageError("No file was given.", hint="Name one or more files, or - for stdin.")
        self._since = parse_iso(self.since) if self.since else None
        self._until = parse_iso(self.until) if self.until else None
        if self._since is not None and self._until is not None and self._since >= self._until:
            raise UsageError("--since is not before --until.")
        self._map = column_map(self.column_map)
        self._sources: list[Source] = []

    def prepare(self) -> None:
        """Open every file once to learn its format, its first time and its lateness."""
        for number, path in enumerate(self.files):
            source = Source(path, number)
            try:
                source.feed = self._open(path, number)
                self.formats[path] = source.feed.format
                self.lateness_ms = max(self.lateness_ms, source.feed.lateness_ms)
                if path != "-" and len(self.files) > 1:
                    source.start_ms = self._first_time(path)
                    source.feed.close()
                    source.feed = None
            except SargasError as error:
                self._fail(path, error)
                continue
            self._sources.append(source)

    def batches(self) -> Iterator[tuple[Batch, int | None]]:
        """Read all files, always going on with the one that is furthest behind.

        Yields:
            (batch, the time up to which the other files have brought everything, or None).
        """
        if not self._sources and not self.failed:
            self.prepare()
        waiting = list(self._sources)
        with self._progress() as progress:
            while waiting:
                source = min(waiting, key=lambda s: (s.frontier_ms, s.number))
                batch = self._next(source)
                if batch is None:
                    waiting.remove(source)
                    continue
                if progress is not None:
                    progress.update(self._sources, self.fixes)
                others = [
                    s.frontier_ms for s in waiting if s is not source and s.frontier_ms != NO_TIME
                ]
                yield batch, min(others, default=None)

    def _open(self, path: str, number: int) -> Any:  # noqa: ANN401 - feeds differ
        """Open one file as a feed."""
        return open_feed(path, format=self.format, column_map=self._map, src_id=number)

    def _first_time(self, path: str) -> int:
        """Read the earliest time among a file's first rows."""
        with open_feed(
            path, format=self.format, column_map=self._map, batch_rows=PEEK_ROWS
        ) as feed:
            for batch in feed:
                t = batch.fixes.t_ms[batch.fixes.t_ms != NO_TIME]
                if len(t):
                    return int(t.min())
        return NO_TIME

    def _next(self, source: Source) -> Batch | None:
        """Read a file's next batch; None at its end or where it can be read no further."""
        try:
            if source.feed is None:
                source.feed = self._open(source.path, source.number)
            if source.batches is None:
                source.batches = iter(source.feed)
            batch = next(source.batches, None)
        except SargasError as error:
            self._fail(source.path, error)
            batch = None
        if batch is None:
            self._close(source)
            return None
        timed = batch.fixes.t_ms[batch.fixes.t_ms != NO_TIME]
        if len(timed):
            source.newest_ms = max(source.newest_ms, int(timed.max()))
        return self._within(batch)

    def _close(self, source: Source) -> None:
        """Take over a file's counts and close it."""
        feed = source.feed
        if feed is None:
            return
        self.lines += feed.lines
        for reason, count in feed.counts.items():
            (self.noted if count.kept else self.counts)[reason] += count.count
            if count.sample:
                self.samples.setdefault(reason, f"{source.path}: {count.sample}")
        feed.close()

    def _within(self, batch: Batch) -> Batch:
        """Leave out rows outside --since and --until, and take stock of the rest."""
        fixes, statics = self._cut(batch.fixes), self._cut(batch.statics)
        self.fixes += len(fixes)
        self.statics += len(statics)
        timed = fixes.t_ms[fixes.t_ms != NO_TIME]
        if len(timed):
            low, high = int(timed.min()), int(timed.max())
            self.from_ms = low if self.from_ms is None else min(self.from_ms, low)
            self.to_ms = high if self.to_ms is None else max(self.to_ms, high)
        return Batch(fixes, statics)

    def _cut(self, rows: Any) -> Any:  # noqa: ANN401 - Fixes or Statics alike
        """Keep the rows between --since and --until."""
        if self._since is None and self._until is None:
            return rows
        keep = rows.t_ms != NO_TIME
        if self._since is not None:
            # A vessel's name is often told before the span begins and is still its name.
            early = HOUR_MS if isinstance(rows, Statics) else 0
            keep &= rows.t_ms >= self._since - early
        if self._until is not None:
            keep &= rows.t_ms < self._until
        if isinstance(rows, Fixes):
            self.outside += int((~keep).sum())
        return rows if keep.all() else rows.take(keep)

    def _fail(self, path: str, error: SargasError) -> None:
        """Note a file that could not be read, say so, and go on with the others."""
        self.failed.append((path, error))
        print(f"sargas: {error}", file=sys.stderr)

    def _progress(self) -> AbstractContextManager[_Bar | None]:
        """Show a bar on a terminal, and nothing where nobody looks."""
        if self.quiet or not sys.stderr.isatty():
            return nullcontext(None)
        return _Bar()


class _Bar:
    """A progress bar over the bytes of all files, on stderr."""

    def __enter__(self) -> _Bar:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("reading"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[fixes]:,} fixes"), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._bar.__enter__()
        self._task = self._bar.add_task("", total=None, fixes=0)
        return self

    def update(self, sources: Sequence[Source], fixes: int) -> None:
        """Show how far the files have been read."""
        feeds = [s.feed for s in sources if s.feed is not None]
        sizes = [f.bytes_total for f in feeds]
        total = sum(sizes) if sizes and all(sizes) else None
        self._bar.update(
            self._task, total=total, completed=sum(f.bytes_read for f in feeds), fixes=fixes
        )

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(None, None, None)


def column_map(text: str | None) -> dict[str, str] | None:
    """Read `ours=theirs,...` into a mapping."""
    if text is None:
        return None
    pairs = [part.split("=", 1) for part in text.split(",") if part.strip()]
    if not pairs or any(len(p) != 2 or not p[0].strip() or not p[1].strip() for p in pairs):
        raise UsageError(
            f"--map '{text}' is not a list of ours=theirs.",
            hint="Write it like --map mmsi=id,t=time,lon=x,lat=y,sog=speed.",
        )
    return {ours.strip(): theirs.strip() for ours, theirs in pairs}
