"""Letting old rows go by the rule of retention: one shard of one day at a time.

The rows that stay are written as one file that stands for the others, as a merge is: readers see
each of them once at any moment. Killed at any point, nothing but what the rule lets go is lost,
and the next application goes on. What it did is one line of the audit log, killed or not: before
a shard is touched, what will be done to it is noted in a file beside the rule.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from sargas.errors import StoreError
from sargas.model.fixes import Fixes, Statics
from sargas.model.time import DAY_MS, parse_iso
from sargas.store import files, shards
from sargas.store.canon import copies
from sargas.store.damaged import SetAside, set_aside
from sargas.store.home import FIXES, STATICS, Home, unusable
from sargas.store.kept_rows import KeptRows, Span, digest_of, evidence_rows, rows_in
from sargas.store.log import Log
from sargas.store.retention import Past, Rule, days_past

RETAIN: Final = "retention"
"""The word for an application in the audit log; such a line is about no alert."""
PROGRESS: Final = ".retention.json"


class Place(NamedTuple):
    """One shard of one day of a table."""

    table: str
    day: str
    shard: int


@dataclass(frozen=True)
class Thinned:
    """What is let go, or would be.

    Attributes:
        removed, kept: rows by table.
        bytes: space that is free afterwards.
        days: days of which rows were removed.
    """

    removed: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    days: tuple[str, ...] = ()

    def __add__(self, other: Thinned) -> Thinned:
        return Thinned(
            _sum(self.removed, other.removed), _sum(self.kept, other.kept),
            self.bytes + other.bytes, tuple(sorted({*self.days, *other.days})),
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """Rows removed, of all tables."""
        return sum(self.removed.values())


class Application:
    """A rule being applied to a home, shard by shard. One process at a time.

    Args:
        home: the home; whoever applies holds its writer lock, as `thin` does for each shard.
        rule: what stays.
        past: which days are past; worked out if it is not given.

    Attributes:
        done: what was let go so far, by an application before that was killed, too.
        set_aside: damaged files that were moved to `damaged/` in the home.
        failed: shards that could not be read or written, with the reason; they stay as they are.

    Raises:
        StoreError: there is no ledger that could say what must stay, or it cannot be read.

    Example:
        >>> import tempfile
        >>> days = Fixes.build(9, t_ms=[10**12 + day * DAY_MS for day in range(9)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     home = Home(folder)
        ...     with shards.ShardWriter(home) as writer:
        ...         writer.append(days)
        ...     application = Application(home, Rule(fixes_days=7, evidence=""))
        ...     for place in application.places():
        ...         print(place.day, application.thin(place))
        ...     application.done.removed, home.days()[0]
        0
        2001-09-09 True
        2001-09-10 True
        ({'fixes': 2}, '2001-09-11')
    """

    def __init__(self, home: Home, rule: Rule, past: Past | None = None) -> None:
        self.home, self.rule = home, rule
        self.past = days_past(home, rule) if past is None else past
        has_days = any(self.past.days.values())
        self._kept = evidence_rows(home, rule.evidence) if has_days else KeptRows((), home.shards)
        self.done, self._pending, self._from_seq = _read_progress(home)
        if self._pending and not home.shard_path(*self._pending[0]).exists():
            self.done, self._pending = self.done + self._pending[1], None  # it was done to its end
        self.failed: dict[Place, str] = {}
        self.set_aside: list[SetAside] = []

    def places(self) -> Iterator[Place]:
        """Give the shards of the days that are past, oldest day first."""
        days = sorted({day for table in self.past.days.values() for day in table})
        for day in days:
            for table in (FIXES, STATICS):
                if day in self.past.days[table]:
                    for shard in range(self.home.shards):
                        if self.home.shard_path(table, day, shard).is_dir():
                            yield Place(table, day, shard)

    def would(self, place: Place) -> Thinned:
        """Say what would be let go of a shard; nothing is changed.

        Raises:
            StoreError: it cannot be read.
        """
        return files.retrying(lambda: self._plan(place).what, lost=(FileNotFoundError,))

    def thin(self, place: Place) -> bool:
        """Let go of what is past in a shard; a shard that cannot be is left and noted.

        Returns:
            Whether anything was changed.
        """
        try:
            with self.home.writing(), self.home.mutex:
                while True:
                    try:
                        return self._thin(place)
                    except files.DamagedShard as error:
                        self.set_aside.append(set_aside(self.home, error.path, error.reason))
        except StoreError as error:
            self.failed[place] = str(error)
            return False

    def _thin(self, place: Place) -> bool:
        directory = self.home.shard_path(*place)
        plan = self._plan(place)
        files.remove_leftovers(directory)
        again = self._pending if self._pending and self._pending[0] == place else None
        if not plan.what.rows:
            if again is not None:  # it was done, and not counted any more
                self._count(again[1])
            _remove_empty(directory)
            return False
        what = again[1] if again is not None else plan.what
        self._note_progress((place, what))
        if plan.rows is None:
            for file in plan.listed:
                files.unlink(file.path)
        else:
            self._replace(place, plan)
        files.remove_leftovers(directory)
        _remove_empty(directory)
        self._count(what)
        return True

    def _replace(self, place: Place, plan: _Plan) -> None:
        """Write the rows that stay as one file that stands for the others."""
        directory, rows = self.home.shard_path(*place), plan.rows
        target = directory / files.content_name(rows, merged=True)  # type: ignore[arg-type]
        names = [file.path.name for file in plan.listed]
        shards.put_file(self.home, place.table, rows, target, names, plan.digest)  # type: ignore[arg-type]

    def _count(self, what: Thinned) -> None:
        self.done += what
        self._pending = None
        self._note_progress(None)

    def _note_progress(self, pending: tuple[Place, Thinned] | None) -> None:
        if self._from_seq is None:
            with Log(self.home) as log:
                self._from_seq = log.last_seq()
        _write_progress(self.home, self.done, pending, self._from_seq)

    def _plan(self, place: Place) -> _Plan:
        """Read what stays of a shard."""
        directory = self.home.shard_path(*place)
        listed = files.list_shard(directory)
        orphans = sum(path.stat().st_size for path in files.leftovers(directory))
        spans = self._kept.of(place.shard, parse_iso(f"{place.day}T00:00:00Z"))
        size = sum(file.path.stat().st_size for file in listed)
        if not spans:
            rows = sum(files.count_rows(file.path) for file in listed)
            return _Plan(listed, None, "", _thinned(place, rows, 0, size + orphans))
        digest = digest_of(spans)
        if len(listed) == 1 and files.kept_by(listed[0].path) == digest:
            return _Plan(listed, None, digest, Thinned())
        return self._read(place, listed, spans, digest, (size, orphans))

    def _read(
        self, place: Place, listed: list[files.ShardFile], spans: tuple[Span, ...], digest: str,
        size: tuple[int, int],
    ) -> _Plan:  # fmt: skip
        kind = _kind(place.table)
        rows = shards.in_order(kind.concat(shards.from_shard(kind, file) for file in listed))
        total = len(rows)
        rows = rows.take(rows_in(rows, spans) & ~copies(rows))
        if len(rows) == total:
            return _Plan(listed, rows, digest, Thinned())
        freed = size[0] * (total - len(rows)) // total + size[1]
        what = _thinned(place, total - len(rows), len(rows), freed)
        return _Plan(listed, rows if len(rows) else None, digest, what)

    def note(self, officer: str, *, t_ms: int, at_ms: int) -> bool:
        """Write what was let go into the audit log: one line, and none where nothing was.

        Args:
            officer: who applied the rule.
            t_ms: event time. at_ms: wall clock, ms UTC.

        Returns:
            Whether a line was written.
        """
        noted = self.done.rows > 0
        if noted:
            detail = {"rule": self.rule.to_dict(), "newest_day": self.past.newest}
            with Log(self.home) as log:
                # Killed just after it had written its line, an application has told already.
                since = log.lines(after_seq=self._from_seq or 0)
                if not any(line.verb == RETAIN for line in since):
                    log.note(
                        RETAIN, officer, t_ms=t_ms, at_ms=at_ms, detail=detail | told(self.done)
                    )
        with contextlib.suppress(FileNotFoundError):
            (self.home.path / PROGRESS).unlink()
        self.done, self._from_seq = Thinned(), None
        return noted

    @property
    def newest_ms(self) -> int:
        """The end of the day from which age is counted, ms UTC."""
        return end_of(self.past.newest)


@dataclass(frozen=True)
class _Plan:
    """What is to be done with a shard: `rows` stay, None for none."""

    listed: list[files.ShardFile]
    rows: Fixes | Statics | None
    digest: str
    what: Thinned


def end_of(day: str) -> int:
    """Give the last millisecond of a day, ms UTC; 0 for none."""
    return parse_iso(f"{day}T00:00:00Z") + DAY_MS - 1 if day else 0


def told(what: Thinned) -> dict[str, Any]:
    """Write what was let go, as `--json` and the audit log have it."""
    return {
        "days": list(what.days), "removed": what.removed, "kept": what.kept, "bytes": what.bytes,
    }  # fmt: skip


def _thinned(place: Place, removed: int, kept: int, size: int) -> Thinned:
    if not removed:
        return Thinned()
    return Thinned({place.table: removed}, {place.table: kept}, size, (place.day,))


def _kind(table: str) -> Any:  # noqa: ANN401 - Fixes or Statics, a class
    return Fixes if table == FIXES else Statics


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {
        table: one.get(table, 0) + other.get(table, 0)
        for table in (FIXES, STATICS)
        if table in one or table in other
    }


def _remove_empty(directory: Path) -> None:
    """Remove the folders of a shard and its day, where nothing is left in them."""
    for folder in (directory, directory.parent):
        try:
            folder.rmdir()
        except OSError:  # something lies in it
            return


def _read_progress(home: Home) -> tuple[Thinned, tuple[Place, Thinned] | None, int | None]:
    """Read what an application before has done and not told, as it was killed.

    Returns:
        (what it did, what it was about to do, the newest line of the log when it began).
    """
    path = home.path / PROGRESS
    try:
        said = json.loads(path.read_bytes())
        pending = said["pending"]
        done = _thinned_of(said["done"])
        if pending is not None:
            pending = Place(*pending[0]), _thinned_of(pending[1])
        return done, pending, int(said["from_seq"])
    except FileNotFoundError:
        return Thinned(), None, None
    except OSError as error:
        raise unusable(error, path, "read how far retention has come") from error
    except (ValueError, KeyError, TypeError):
        return (
            Thinned(),
            None,
            None,
        )  # half written as the power failed: its count is lost, nothing else


def _thinned_of(said: dict[str, Any]) -> Thinned:
    return replace(Thinned(**said), days=tuple(said["days"]))


def _write_progress(
    home: Home, done: Thinned, pending: tuple[Place, Thinned] | None, from_seq: int
) -> None:
    path = home.path / PROGRESS
    temporary = path.with_name(f"{PROGRESS}.part")
    said = {
        "from_seq": from_seq,
        "done": asdict(done),
        "pending": None if pending is None else [list(pending[0]), asdict(pending[1])],
    }
    try:
        temporary.write_text(json.dumps(said))
        temporary.replace(path)
    except OSError as error:
        raise unusable(error, path, "note how far retention has come") from error
