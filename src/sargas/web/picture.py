"""The picture at a moving time, read from what a home has stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import AIR, SEA, Fixes
from sargas.model.time import MINUTE_MS, day_of
from sargas.store import Archive, Home
from sargas.store.shards import read_statics_day
from sargas.web import frames

MAX_AGE_MS = 20 * MINUTE_MS
"""A vessel not received for so long leaves the picture; its alerts and track stay."""
TRACK_COLUMNS = ("t_ms", "lon_raw", "lat_raw", "sog_raw", "cog_raw", "heading_raw")
"""What a track as it is told is made from."""
AHEAD_STEPS, AHEAD_ROWS = 8, 300_000
"""Playing reads so many steps at once, or so many rows (chosen): for the fixes of a minute all of
the day's files must be gone through, as they are ordered by vessel."""


class Picture:
    """All vessels as they were last received at one time.

    Args:
        home: what is stored.
        exercise_mmsi: numbers of vessels laid in by an exercise.
        archive: where it is asked, if another picture of the home has one.
    """

    def __init__(
        self,
        home: Home,
        exercise_mmsi: frozenset[int] = frozenset(),
        archive: Archive | None = None,
    ) -> None:
        self.archive = archive or Archive(home)
        self._home = home
        self.lay_in(exercise_mmsi)
        self._now_ms = 0
        self._last = Fixes.empty()
        self._whole = b""
        self._ahead, self._ahead_ms = Fixes.empty(), (0, -1)
        self._types: dict[str, tuple[NDArray[np.uint32], NDArray[np.uint8]]] = {}

    def lay_in(self, exercise_mmsi: frozenset[int]) -> None:
        """Say which vessels an exercise laid in; they are marked in every frame."""
        self._whole = b""
        self._laid_in = np.array(sorted(exercise_mmsi), dtype=np.uint32)

    @property
    def vessels(self) -> int:
        """Vessels in the picture."""
        return len(self._last)

    def seek(self, t_ms: int) -> bytes:
        """Go to a time; give the snapshot frame."""
        self._now_ms, self._whole = t_ms, b""
        self._ahead_ms = (0, -1)
        self._last = self._positions(t_ms, MAX_AGE_MS)
        return self.snapshot()

    def snapshot(self) -> bytes:
        """Give the frame of the whole picture; encoded once for all screens that join at a time."""
        if not self._whole:
            classes = self._classes(self._last)
            self._whole = frames.encode(frames.SNAPSHOT, self._now_ms, self._last, classes)
        return self._whole

    def advance(self, t_ms: int, known_to_ms: int = 0) -> list[bytes]:
        """Go forward to a time; give the frames of what changed.

        Args:
            t_ms: the time, after that of the picture.
            known_to_ms: up to here nothing more is to come: it may be read ahead.
        """
        new = self._new(t_ms, known_to_ms)
        self._now_ms, self._whole = t_ms, b""
        kept = self._last.take(~np.isin(self._last.subject_id, new.subject_id))
        gone = kept.t_ms < t_ms - MAX_AGE_MS
        removed = kept.take(gone)
        self._last = Fixes.concat([kept.take(~gone), new])
        out = [frames.encode(frames.DELTA, t_ms, new, self._classes(new))]
        if len(removed):
            out.append(frames.encode(frames.REMOVED, t_ms, removed))
        return out

    def rest(self) -> None:
        """Let go of what was read ahead: the clock stands, and may stand for long."""
        self._ahead, self._ahead_ms = Fixes.empty(), (0, -1)

    def vessel(self, mmsi: int, t_ms: int) -> dict[str, Any] | None:
        """Say who a vessel is and where it was last received; None if it never was."""
        said = self.archive.static_of(SEA, mmsi, t_ms)
        track = self.track(mmsi, t_ms - 24 * 60 * MINUTE_MS, t_ms)
        track = track.take(track.has_position)
        if said is None and not len(track):
            return None
        return {"said": said, "last": track.take(slice(len(track) - 1, len(track)))}

    def track(self, mmsi: int, from_ms: int, to_ms: int) -> Fixes:
        """Give a ship's fixes in a span, both ends included, in order of time."""
        return self.archive.track(SEA, mmsi, from_ms, to_ms)

    def last_of(self, mmsi: int) -> tuple[float, float] | None:
        """Give a vessel's longitude and latitude in the picture; None if it is not there."""
        at = np.flatnonzero(self._last.subject_id == mmsi)
        if not len(at):
            return None
        return float(self._last.lon_deg[at[0]]), float(self._last.lat_deg[at[0]])

    def _new(self, t_ms: int, known_to_ms: int) -> Fixes:
        """Give the last fix of each ship since the picture's time, from what was read ahead."""
        step_ms = t_ms - self._now_ms
        if step_ms > MAX_AGE_MS:  # none is new that a fresh picture would not show
            return self._positions(t_ms, MAX_AGE_MS)
        if not self._ahead_ms[0] <= self._now_ms < t_ms <= self._ahead_ms[1]:
            to_ms = min(known_to_ms, t_ms + min(AHEAD_STEPS * step_ms, MAX_AGE_MS))
            if to_ms > t_ms:
                self._read_ahead(to_ms)
            if to_ms <= t_ms or self._ahead_ms[1] < t_ms:
                return self._positions(t_ms, step_ms - 1)
        ahead = self._ahead
        found = ahead.take((ahead.t_ms > self._now_ms) & (ahead.t_ms <= t_ms))
        is_last = np.append(np.diff(found.subject_id) != 0, True)[: len(found)]
        return found.take(is_last)

    def _read_ahead(self, to_ms: int) -> None:
        """Read all positions after the picture's time, in order of vessel and time."""
        from_ms = self._now_ms + 1
        found = self.archive.box(-180, -90, 180, 90, from_ms, to_ms, AHEAD_ROWS)
        if len(found) == AHEAD_ROWS:  # of the last time there may be more
            to_ms = int(found.t_ms.max()) - 1
        self._ahead, self._ahead_ms = found.take(found.domain != AIR), (self._now_ms, to_ms)

    def _positions(self, t_ms: int, max_age_ms: int) -> Fixes:
        """Read the last fix of each ship in a span."""
        found = self.archive.last_positions(t_ms, max_age_ms)
        return found.take(found.domain != AIR)

    def _classes(self, fixes: Fixes) -> NDArray[np.uint8]:
        """Give the class of each vessel, marking those of an exercise."""
        mmsi, kinds = self._known_types()
        types = np.zeros(len(fixes), np.uint8)
        if len(mmsi):
            at = np.minimum(np.searchsorted(mmsi, fixes.subject_id), len(mmsi) - 1)
            types = np.where(mmsi[at] == fixes.subject_id, kinds[at], 0).astype(np.uint8)
        classes = frames.vessel_class(types)
        classes[np.isin(fixes.msg_type, (4, 11, 21))] = 10
        laid_in = np.isin(fixes.subject_id, self._laid_in)
        classes[laid_in] |= frames.EXERCISE_BIT
        return classes

    def _known_types(self) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Give the ship types said on the day shown, by MMSI; read anew each hour shown."""
        key = f"{day_of(self._now_ms)} {self._now_ms // (60 * MINUTE_MS)}"
        if key not in self._types:
            said = read_statics_day(self._home, day_of(self._now_ms))
            said = said.take(said.ship_type > 0)
            order = np.lexsort((said.t_ms, said.subject_id))
            last = np.append(np.diff(said.subject_id[order]) != 0, True)[: len(order)]
            rows = order[last]
            self._types = {key: (said.subject_id[rows], said.ship_type[rows])}
        return self._types[key]


def track_columns(fixes: Fixes) -> dict[str, list[Any]]:
    """Write a track as JSON columns; null where a value is not available.

    Args:
        fixes: n fixes of one vessel, in order of time.
    """
    fixes = fixes.take(fixes.has_position)
    columns = {
        "t_ms": fixes.t_ms,
        "lon": np.round(fixes.lon_deg, 6),
        "lat": np.round(fixes.lat_deg, 6),
        "sog_kn": np.round(fixes.sog_kn, 1),
        "cog_deg": np.round(fixes.cog_deg, 1),
        "heading_deg": fixes.heading_deg,
    }
    return {
        name: [None if v != v else v for v in column.tolist()] for name, column in columns.items()
    }
