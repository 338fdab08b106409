"""Reading the files of a command: several at once in order of time, with progress and a tally."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.cli.interrupts import Interrupts
from sargas.cli.kinds import kind_text, kinds
from sargas.cli.reading_bar import ReadingBar
from sargas.errors import EXIT_INPUT, EXIT_NOT_FOUND, FormatError, SargasError, UsageError
from sargas.feeds import FORMATS, open_feed
from sargas.model.fixes import FIRST_FEED, Batch, Fixes, Statics
from sargas.model.time import HOUR_MS, NO_TIME, parse_iso

PEEK_ROWS = 2_000
UNREADABLE = 4
"""Unreadable letters in a message from which on it would be rubbish on a terminal."""
PIPE_ROWS = 20_000
"""Rows of a batch from standard input: who ends a slow pipe gets what has arrived so far."""
ENDS_BYTES = 65_536
"""So much of either end of a file names its content, with its size and time of change."""
STDIN = "/dev/stdin"
"""How the command line hands over `-`, which its parser takes for an option."""


@dataclass
class Source:
    """One file of a command, and how far it has been read."""

    path: str
    number: int
    start_ms: int = NO_TIME
    feed: Any = None
    batches: Iterator[Batch] | None = None
    first: Batch | None = None
    is_closed: bool = False
    clock: NDArray[np.int64] = field(
        default_factory=lambda: np.array([NO_TIME, 0, 0], dtype=np.int64)
    )

    @property
    def frontier_ms(self) -> int:
        """The time before which this file is not expected to bring anything."""
        newest_ms = int(self.clock[0])
        return self.start_ms if newest_ms == NO_TIME else newest_ms

    def follow(self, t_ms: NDArray[np.int64]) -> None:
        """Move the frontier on, not believing a lone clock that runs ahead (see `watch.order`)."""
        from sargas.watch.order import AHEAD_MS, AHEAD_ROWS, follow_clock

        timed = t_ms[t_ms != NO_TIME]
        follow_clock(np.require(timed, requirements=("C", "W")), self.clock, AHEAD_MS, AHEAD_ROWS)


@dataclass
class Reading:
    """Reads files and keeps account of them.

    Args:
        files: paths, `-` for standard input.
        format: a feed's format, where the content should not decide.
        column_map: for the generic CSV reader, like `lon=x,lat=y,t=time,mmsi=id`.
        since, until: ISO 8601 with zone; rows outside are counted and left out.
        quiet: no progress, no messages but errors.

    Attributes:
        exercise: name of the exercise that the files hold, None for real traffic; known after
            `prepare`.
        outside: fixes not between --since and --until.
        untimed: fixes without a time, of all.
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
    untimed: int = 0
    lateness_ms: int = 0
    exercise: str | None = None
    counts: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, SargasError]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = ["-" if path == STDIN else path for path in self.files]
        if not self.files:
            raise UsageError("No file was given.", hint="Name one or more files, or - for stdin.")
        if self.files.count("-") > 1:
            raise UsageError("Standard input can be read once only.")
        self._since = parse_iso(self.since) if self.since else None
        self._until = parse_iso(self.until) if self.until else None
        if self._since is not None and self._until is not None and self._since >= self._until:
            raise UsageError("--since is not before --until.")
        self._map = column_map(self.column_map)
        self._sources: list[Source] = []
        self._kind: str | None = None

    @property
    def is_hopeless(self) -> bool:
        """Whether no file could be opened; known after `prepare`."""
        return bool(self.failed) and not self._sources

    @property
    def emptiness(self) -> tuple[str, int] | None:
        """Why there was no fix to judge and the exit code for it; None where there was one.

        Known after `batches`.
        """
        n = self.fixes + self.outside
        if not n:
            return "the files hold no fix.", EXIT_INPUT
        if self.untimed == n:
            return (
                f"none of {n:,} fixes carries a time. Record with the time of reception, as in tag "
                "blocks (\\c:1735120800*hh\\ before each sentence)."
            ), EXIT_INPUT
        if not self.fixes:
            return f"none of {n:,} fixes lies between --since and --until.", EXIT_NOT_FOUND
        return None

    def prepare(self) -> None:
        """Open every file once to learn its format, first time, lateness and exercise.

        Raises:
            UsageError: the format or map is wrong, or exercise and real traffic are mixed.
        """
        opened = [s for s in map(Source, self.files, range(len(self.files))) if self._look_in(s)]
        if opened:
            from sargas.cli.warm import warm

            warm(quiet=self.quiet, formats=self.formats.values())
        for source in opened:
            try:
                self._peek(source)
            except UsageError:
                raise
            except SargasError as error:
                self._fail(source.path, error)
                continue
            self._sources.append(source)
        if self.exercise and not self.quiet:
            print(f"EXERCISE {self.exercise}: none of this is real.", file=sys.stderr)
        for note in () if self.quiet else nameless(self.files):
            print(note, file=sys.stderr)

    def contents(self) -> list[str]:
        """Name what is read by its content: size, time of change, first and last bytes."""
        return [_content(source) for source in self._sources]

    def batches(self) -> Iterator[tuple[Batch, int | None]]:
        """Read all files, always going on with the one that is furthest behind.

        Ctrl-C is held back while the caller has a batch, and raised here: no batch is torn.

        Yields:
            (batch, the time up to which the other files have brought everything, or None).

        Raises:
            UsageError: exercise and real traffic are mixed.
        """
        if not self._sources and not self.failed:
            self.prepare()
        waiting = list(self._sources)
        with Interrupts() as interrupts, self._progress() as progress:
            try:
                while waiting:
                    source = min(waiting, key=lambda s: (s.frontier_ms, s.number))
                    batch = self._next(source)
                    if batch is None:
                        waiting.remove(source)
                        continue
                    if progress is not None:
                        progress.update(
                            [s.feed for s in self._sources if s.feed is not None], self.fixes
                        )
                    frontiers = [s.frontier_ms for s in waiting if s is not source]
                    known = [t_ms for t_ms in frontiers if t_ms != NO_TIME]
                    interrupts.hold()
                    yield batch, min(known, default=None)
                    interrupts.let()
            finally:
                for source in waiting:
                    self._close(source)

    def _look_in(self, source: Source) -> bool:
        """Open a file to learn its format and lateness; false if it cannot be."""
        try:
            source.feed = self._open(source.path, source.number)
        except UsageError:
            raise
        except SargasError as error:
            self._fail(source.path, error)
            return False
        self.formats[source.path] = source.feed.format
        self.lateness_ms = max(self.lateness_ms, source.feed.lateness_ms)
        return True

    def _open(self, path: str, number: int) -> Any:  # noqa: ANN401 - feeds differ
        """Open one file as a feed; the numbers from `FIRST_FEED` on are those of live feeds."""
        rows = {"batch_rows": PIPE_ROWS} if path == "-" else {}
        src_id = min(number, FIRST_FEED - 1)
        return open_feed(path, format=self.format, column_map=self._map, src_id=src_id, **rows)

    def _peek(self, source: Source) -> None:
        """Read a file's first rows: when it begins, and whether it is an exercise.

        A file is opened again afterwards; of standard input the first batch is kept.
        """
        if source.path == "-":
            source.batches = iter(source.feed)
            source.first = batch = next(source.batches, None)
            self._check_exercise(source.feed, batch)
        else:
            source.feed.close()
            source.feed = None
            with open_feed(
                source.path, format=self.format, column_map=self._map, batch_rows=PEEK_ROWS
            ) as feed:
                batch = next(iter(feed), None)
                self._check_exercise(feed, batch)
        if batch is not None:
            t_ms = np.append(batch.fixes.t_ms, batch.statics.t_ms)
            timed = t_ms[t_ms != NO_TIME]
            source.start_ms = int(timed.min()) if len(timed) else NO_TIME

    def _check_exercise(self, feed: Any, batch: Batch | None) -> None:  # noqa: ANN401
        """Learn from the first rows whether this is an exercise, and see that all rows agree.

        Raises:
            UsageError: some are an exercise and others are not, or of another exercise.
        """
        if batch is None or not len(batch):
            return
        for kind in kinds(feed, np.append(batch.fixes.station, batch.statics.station)):
            if self._kind is None:
                self._kind, self.exercise = kind, kind or None
            elif kind != self._kind:
                raise UsageError(
                    f"This mixes {kind_text(self._kind)} with {kind_text(kind)}.",
                    where=feed.path,
                    hint="What is an exercise must stay one: read the files apart.",
                )

    def _next(self, source: Source) -> Batch | None:
        """Read a file's next batch; None at its end or where it can be read no further."""
        try:
            if source.feed is None:
                source.feed = self._open(source.path, source.number)
            if source.batches is None:
                source.batches = iter(source.feed)
            batch, source.first = source.first, None
            batch = next(source.batches, None) if batch is None else batch
        except SargasError as error:
            self._fail(source.path, error)
            batch = None
        if batch is None:
            self._close(source)
            return None
        self._check_exercise(source.feed, batch)
        source.follow(batch.fixes.t_ms)
        return self._within(batch)

    def _close(self, source: Source) -> None:
        """Take over a file's counts and close it."""
        feed = source.feed
        if feed is None or source.is_closed:
            return
        source.is_closed = True
        self.lines += feed.lines
        for reason, count in feed.counts.items():
            (self.noted if count.kept else self.counts)[reason] += count.count
            if count.sample:
                self.samples.setdefault(reason, f"{source.path}: {count.sample}")
        feed.close()

    def _within(self, batch: Batch) -> Batch:
        """Leave out rows outside --since and --until, and take stock of the rest."""
        self.untimed += int((batch.fixes.t_ms == NO_TIME).sum())
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
        error = explained(path, error)
        self.failed.append((path, error))
        print(f"sargas: {error}", file=sys.stderr)

    def _progress(self) -> AbstractContextManager[ReadingBar | None]:
        """Show a bar on a terminal, and nothing where nobody looks."""
        if self.quiet or not sys.stderr.isatty():
            return nullcontext(None)
        return ReadingBar()


def _content(source: Source) -> str:
    """Name the content of a file, or of the first rows of standard input."""
    digest = hashlib.sha256()
    if source.path == "-":
        if source.first is not None:
            for column in source.first.fixes.columns().values():
                digest.update(column.tobytes())
        return f"-:{digest.hexdigest()}"
    with open(source.path, "rb") as file:
        about = os.fstat(file.fileno())
        digest.update(file.read(ENDS_BYTES))
        if about.st_size > ENDS_BYTES:
            file.seek(max(ENDS_BYTES, about.st_size - ENDS_BYTES))
            digest.update(file.read(ENDS_BYTES))
    return f"{about.st_size}:{about.st_mtime_ns}:{digest.hexdigest()}"


def nameless(files: Sequence[str]) -> Iterator[str]:
    """Tell of columns read without the static reports that were written beside them."""
    for path in files:
        beside = f"{path.removesuffix('.parquet')}.static.parquet"
        if path.endswith(".parquet") and beside not in files and os.path.exists(beside):
            yield f"{path}: the vessels' names are in {beside}; give both to have them."


def explained(path: str, error: SargasError) -> SargasError:
    """Say plainly what an index of messages or a binary file is; other errors stay as they are."""
    if isinstance(error, FormatError) and str(error).count("\ufffd") >= UNREADABLE:
        return FormatError(
            "This is a binary file of no known format.",
            where=path,
            hint=f"Known are {', '.join(FORMATS)}; --format names one of them.",
        )
    stem, index, _ = path.rpartition(".message.parquet")
    if not index or not isinstance(error, FormatError):
        return error
    return FormatError(
        "This is the index of messages, without positions.",
        where=path,
        hint=f"Give {stem}.parquet and {stem}.static.parquet.",
    )


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
