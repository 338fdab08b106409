"""The picture of a live watch: what is received is shown at once, from memory.

What was received lies in the shards only after the next commit, and is judged when its minute is
complete. A watch must not look at a picture that is a minute and a half old: positions are shown
as received, and the clock says up to when all was judged.

The watch has one picture of now. A screen that looks back has a `PastPicture` of its own, which
reads the shards and asks the picture of now for what is not stored yet; so no clock moves another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import AIR, Batch, Fixes
from sargas.model.time import MINUTE_MS
from sargas.store import Home
from sargas.web import frames
from sargas.web.picture import MAX_AGE_MS, Picture

NOW_MS: Final = 5_000
"""A clock within so long of now shows what is received; an earlier one what is stored."""
RECENT_MS: Final = 4 * MINUTE_MS
"""Rows are kept in memory for so long: longer than it takes until they are stored."""


class LivePicture(Picture):
    """All vessels as last received, by now from memory and at earlier times from the shards.

    Args:
        home: what is stored.
        now_ms: gives the time, Unix ms.
        exercise_mmsi: see `Picture`.
    """

    def __init__(
        self, home: Home, now_ms: Callable[[], int], exercise_mmsi: frozenset[int] = frozenset()
    ) -> None:
        super().__init__(home, exercise_mmsi)
        self._clock = now_ms
        self._turn = threading.Lock()
        self._arrived: list[Fixes] = []
        self._current = self._positions(now_ms(), MAX_AGE_MS)
        self._recent: list[Fixes] = []
        self._shows_now = False
        self._said: dict[int, int] = {}

    def take(self, batch: Batch) -> None:
        """Take rows as they are received; called by the thread that folds."""
        fixes = batch.fixes
        fixes = fixes.take(fixes.has_position & (fixes.domain != AIR))
        said = batch.statics
        typed = said.ship_type > 0
        with self._turn:
            if len(fixes):
                self._arrived.append(fixes)
            if typed.any():
                ids, types = said.subject_id[typed].tolist(), said.ship_type[typed].tolist()
                self._said.update(zip(ids, types, strict=True))

    def seek(self, t_ms: int) -> bytes:
        """Go to a time; give the snapshot frame."""
        self._shows_now = t_ms >= self._clock() - NOW_MS
        if not self._shows_now:
            return super().seek(t_ms)
        self._follow()
        self._now_ms, self._whole, self._ahead_ms = t_ms, b"", (0, -1)
        self._last = self._current
        return self.snapshot()

    def advance(self, t_ms: int, known_to_ms: int = 0) -> list[bytes]:
        """Go forward to a time; give the frames of what changed."""
        new = self._follow()
        if t_ms < self._clock() - NOW_MS:
            self._shows_now = False
            return super().advance(t_ms, known_to_ms)
        if not self._shows_now:  # a replay has come up to now
            self._shows_now, new = True, self._current
        gone = self._last.take(~np.isin(self._last.subject_id, self._current.subject_id))
        self._now_ms, self._whole, self._last = t_ms, b"", self._current
        out = [frames.encode(frames.DELTA, t_ms, new, self._classes(new))]
        if len(gone):
            out.append(frames.encode(frames.REMOVED, t_ms, gone))
        return out

    def track(self, mmsi: int, from_ms: int, to_ms: int) -> Fixes:
        """Give a ship's fixes in a span, with those that are not stored yet."""
        # Before the shards: what is stored meanwhile is then in both, and not in neither.
        fresh = self.recent(from_ms, to_ms, mmsi)
        stored = super().track(mmsi, from_ms, to_ms)
        fresh = fresh.take(~np.isin(fresh.t_ms, stored.t_ms))
        both = Fixes.concat([stored, fresh])
        return both.take(np.argsort(both.t_ms, kind="stable"))

    def recent(self, from_ms: int, to_ms: int, mmsi: int | None = None) -> Fixes:
        """Give what was received lately of a span, of one ship or of all; any thread may ask.

        Args:
            from_ms, to_ms: event time, both included.
            mmsi: None asks for all.
        """
        with self._turn:
            parts = [*self._recent, *self._arrived]
        return Fixes.concat(
            [
                part.take(
                    (part.t_ms >= from_ms) & (part.t_ms <= to_ms)
                    & (True if mmsi is None else part.subject_id == mmsi)
                )
                for part in parts
            ]
        )  # fmt: skip

    @property
    def stored_to_ms(self) -> int:
        """Up to here all lies in the shards; later rows may be in memory alone."""
        return self._clock() - RECENT_MS

    def past(self) -> PastPicture:
        """Give a picture of its own to a screen that looks back; it begins with what is shown."""
        return PastPicture(self)

    def _follow(self) -> Fixes:
        """Bring the current picture up to what has arrived.

        Returns:
            The last fix of each ship that was heard since.
        """
        now_ms = self._clock()
        with self._turn:  # in one step: whoever asks meanwhile finds all of it
            arrived, self._arrived = self._arrived, []
            self._recent = [
                part for part in [*self._recent, *arrived]
                if int(part.t_ms.max()) >= now_ms - RECENT_MS
            ]  # fmt: skip
        new = _newest(Fixes.concat(arrived))
        older = self._current.take(~np.isin(self._current.subject_id, new.subject_id))
        same = self._current.take(np.isin(self._current.subject_id, new.subject_id))
        # What came late by another feed does not move a ship back.
        latest = _newest(Fixes.concat([same, new]))
        current = Fixes.concat([older, latest])
        self._current = current.take(current.t_ms >= now_ms - MAX_AGE_MS)
        return latest.take(latest.t_ms >= now_ms - MAX_AGE_MS)

    def _known_types(self) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Give the ship types said on the day shown, and since, by MMSI."""
        return self.with_said(*super()._known_types())

    def with_said(
        self, mmsi: NDArray[np.uint32], kinds: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Join what ships said of their type since the watch began to what is stored of it."""
        if not self._said:
            return mmsi, kinds
        with self._turn:
            known = dict(zip(mmsi.tolist(), kinds.tolist(), strict=True)) | self._said
        numbers = np.array(sorted(known), np.uint32)
        return numbers, np.array([known[n] for n in numbers.tolist()], np.uint8)


class PastPicture(Picture):
    """The picture of one screen that looks back while the watch goes on.

    Args:
        live: the picture of now; it has the rows that are not stored yet.
    """

    def __init__(self, live: LivePicture) -> None:
        super().__init__(live._home, archive=live.archive)
        self._live = live
        self._laid_in, self._now_ms, self._last = live._laid_in, live._now_ms, live._last

    def advance(self, t_ms: int, known_to_ms: int = 0) -> list[bytes]:
        """Go forward to a time; what is judged may not be stored yet, and is not read ahead."""
        return super().advance(t_ms, min(known_to_ms, self._live.stored_to_ms))

    def track(self, mmsi: int, from_ms: int, to_ms: int) -> Fixes:
        """Give a ship's fixes in a span, with those that are not stored yet."""
        return self._live.track(mmsi, from_ms, to_ms)

    def _positions(self, t_ms: int, max_age_ms: int) -> Fixes:
        fresh = self._live.recent(t_ms - max_age_ms, t_ms)
        return _newest(Fixes.concat([super()._positions(t_ms, max_age_ms), fresh]))

    def _known_types(self) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        return self._live.with_said(*super()._known_types())


def _newest(fixes: Fixes) -> Fixes:
    """Pick the last fix of each subject; of equal times the one that came last."""
    order = np.lexsort((fixes.arrival_seq, fixes.t_ms, fixes.subject_id))
    last = np.append(np.diff(fixes.subject_id[order]) != 0, True)[: len(order)]
    return fixes.take(order[last])
