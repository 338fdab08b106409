"""Earlier states of a live watch, kept for a day: what came late is folded in again from there.

One file an hour of event time, `snapshots/T-V.state` in the home: T the event time up to which that
watch had judged (ms UTC), V the version of its encoding. They thin out as they grow older. What
they hold can be made anew from the shards by a longer way, so they are in no backup.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from sargas.model.time import DAY_MS, HOUR_MS
from sargas.store.home import Home, unusable

FOLDER: Final = "snapshots"
STEPS_H: Final = ((4, 1), (13, 3), (31, 6))
"""Up to so many hours old, those of every so many hours are kept (chosen): some ten files, and
however late a row comes within a day, at most about twice its lateness is folded again."""
BEFORE_ALL: Final = 0
"""The time of a state that has seen nothing: kept until another one is a day old."""
_NAME: Final = re.compile(r"(\d{1,18})-(\d{1,9})\.state")


class Snapshots:
    """The earlier states in a home. Written to by whoever holds the home's writer lock.

    Args:
        home: whose.
        version: of the encoding that is read and written; others are let go of.

    Raises:
        StoreError: the directory cannot be listed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kept = Snapshots(Home(folder), version=1)
        ...     for hour in range(20):
        ...         kept.save(hour * 3_600_000, b"state")
        ...     young = [t // 3_600_000 for t in kept.times]
        ...     for hour in range(20, 40):
        ...         kept.save(hour * 3_600_000, b"state")
        ...     young, [t // 3_600_000 for t in kept.times], kept.before(20 * 3_600_000 - 1)
        ([0, 6, 9, 12, 15, 16, 17, 18, 19], [12, 18, 24, 27, 30, 33, 36, 37, 38, 39], 64800000)
    """

    def __init__(self, home: Home, version: int) -> None:
        self._directory = home.path / FOLDER
        self._version = version
        self.times: list[int] = []
        for path in self._listed():
            found = _NAME.fullmatch(path.name)
            if found and int(found[2]) == version:
                self.times.append(int(found[1]))
            else:
                path.unlink(missing_ok=True)
        self.times.sort()

    def _listed(self) -> list[Path]:
        try:
            return list(self._directory.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unusable(error, self._directory, "list the earlier states") from error

    def is_due(self, t_ms: int) -> bool:
        """Tell whether an hour has begun in which none was kept."""
        return not self.times or t_ms // HOUR_MS > self.times[-1] // HOUR_MS

    def save(self, t_ms: int, state: bytes) -> None:
        """Keep a state, whole or not at all, and let go of those that are not wanted any more.

        Args:
            t_ms: the event time up to which it has judged; later than all that are kept.
            state: the bytes.

        Raises:
            StoreError: it cannot be written.
        """
        path = self._path(t_ms)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._directory.mkdir(exist_ok=True)
            # Not brought to the disk by force: one that a loss of power tore is not read.
            temporary.write_bytes(state)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise unusable(error, path, "keep an earlier state of the watch") from error
        self.times.append(t_ms)
        for old in [t for t in self.times if not _is_wanted(t, t_ms)]:
            self.forget(old)
        if BEFORE_ALL in self.times and t_ms - self.times[1 % len(self.times)] >= DAY_MS:
            self.forget(BEFORE_ALL)

    def before(self, t_ms: int) -> int | None:
        """Give the time of the newest state that had judged nothing from a time on."""
        return max((t for t in self.times if t <= t_ms), default=None)

    def load(self, t_ms: int) -> bytes:
        """Read one.

        Raises:
            StoreError: it cannot be read.
        """
        path = self._path(t_ms)
        try:
            return path.read_bytes()
        except OSError as error:
            raise unusable(error, path, "read an earlier state of the watch") from error

    def forget_after(self, t_ms: int) -> None:
        """Let go of those that have judged more than up to a time: they lack what came late."""
        for later in [t for t in self.times if t > t_ms]:
            self.forget(later)

    def forget(self, t_ms: int) -> None:
        """Let go of one.

        Raises:
            StoreError: it cannot be removed.
        """
        self.times.remove(t_ms)
        path = self._path(t_ms)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(error, path, "let go of an earlier state of the watch") from error

    def _path(self, t_ms: int) -> Path:
        return self._directory / f"{t_ms}-{self._version}.state"


def _is_wanted(t_ms: int, newest_ms: int) -> bool:
    """Tell whether a state is kept beside the newest one."""
    hour, age_h = t_ms // HOUR_MS, (newest_ms - t_ms) / HOUR_MS
    return t_ms == BEFORE_ALL or any(age_h < until and hour % step == 0 for until, step in STEPS_H)
