"""Which rows came late, and when: what an alert's note says of its cause."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.cli.words import counted
from sargas.model.fixes import AIR, SEA, Batch
from sargas.model.time import iso
from sargas.store.canon import subject_keys


class LateRows:
    """Remembers which rows came late and when, so that an alert's note can say so.

    Example:
        >>> from sargas.model.fixes import Fixes, Statics
        >>> late = LateRows()
        >>> fixes = Fixes.build(2, subject_id=[7, 7], t_ms=[60_000, 120_000])
        >>> late.add(Batch(fixes, Statics.empty()), came_ms=7_200_000)
        >>> late.cause("sea", 7, 0, 120_000)
        '2 rows of this vessel that came after 02:00Z'
        >>> late.cause("sea", 8, 0, 120_000)
        '2 rows of other vessels that came after 02:00Z'
    """

    def __init__(self) -> None:
        self._parts: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        return sum(part.shape[1] for part in self._parts)

    @property
    def first_ms(self) -> int | None:
        """The earliest event time among them; None where there are none."""
        return min((int(part[1].min()) for part in self._parts), default=None)

    @property
    def latest_ms(self) -> int:
        """How late the latest of them came; 0 where there are none."""
        return max((int((part[2] - part[1]).max()) for part in self._parts), default=0)

    def from_ms(self, t_ms: int) -> LateRows:
        """Give those of an event time and later."""
        out = LateRows()
        parts = [part[:, part[1] >= t_ms] for part in self._parts]
        out._parts = [part for part in parts if part.shape[1]]
        return out

    def __add__(self, other: LateRows) -> LateRows:
        out = LateRows()
        out._parts = [*self._parts, *other._parts]
        return out

    def dump(self) -> bytes:
        """Give them as bytes (see `load`)."""
        return np.concatenate([np.zeros((3, 0), np.int64), *self._parts], axis=1).tobytes()

    @classmethod
    def load(cls, dumped: bytes) -> LateRows:
        """Take up what `dump` gave."""
        out = cls()
        if dumped:
            out._parts = [np.frombuffer(dumped, np.int64).reshape(3, -1)]
        return out

    def add(self, late: Batch, came_ms: int) -> None:
        """Note rows that a watch handed back.

        Args:
            late: `Outcome.late` of a push.
            came_ms: the event time that the watch had reached before that push
                (`watch.order.newest_ms`).
        """
        for rows in (late.fixes, late.statics):
            if len(rows):
                keys = subject_keys(rows.domain, rows.subject_id).astype(np.int64)
                came = np.full(len(rows), came_ms, np.int64)
                self._parts.append(np.stack([keys, rows.t_ms, came]))

    def cause(self, domain: str, mmsi: int, from_ms: int, to_ms: int) -> str:
        """Say in words which late rows bear on an alert.

        Args:
            domain, mmsi: whom the alert is about.
            from_ms, to_ms: from the alert's start to when it was issued.

        Returns:
            The vessel's own rows of that span; where there are none, its own rows up to the end,
            for a detector remembers; then those of other vessels, by which reception is judged.
        """
        rows = np.concatenate([np.zeros((3, 0), np.int64), *self._parts], axis=1)
        key, t_ms, came_ms = rows
        early = t_ms <= to_ms
        # Areas and feeds have no number: all rows are those of vessels in them.
        own = (key == (AIR if domain == "air" else SEA) << 32 | mmsi) & (mmsi > 0)
        for which, whose in (
            (own & early & (t_ms >= from_ms), "this vessel"),
            (own & early, "this vessel"),
            (early, "other vessels" if mmsi else "vessels"),
        ):
            count = int(which.sum())
            if count:
                first = iso(int(came_ms[which].min()))[11:16]
                return f"{counted(count, 'row')} of {whose} that came after {first}Z"
        return "the rows stored by now"
