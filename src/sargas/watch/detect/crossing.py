"""The crossing log (D3): who passed over which asset, when, where along it, and how fast.

Definition: the straight chord between two successive clean fixes of one identity segment meets a
piece of an asset's line. Time is interpolated along the chord, with the reported speeds and
courses of both ends where they are known. A chord of more than 30 minutes or 5 km says only that
the vessel *could* have crossed: its row is `uncertain` and carries the window between the two
fixes, never a made-up time. A row is final 13 minutes after the crossing, when the speed after it
is known. The log raises no alert; other rules and the question "who crossed?" stand on it.

Source: catalogue D3; limits of certainty: detectors.md 7, "Crossing test".

What it cannot see: a vessel that was not received on either side; a way around between two fixes
that are far apart; an asset's true place where its line is only a sketch (`accuracy_m` of the
piece is carried into `uncertainty_s`); an asset given as a point. An asset given as an outline is
"crossed" on the way in and on the way out.

What makes rows that mean little: a vessel moored or at anchor on the line, whose position wanders
across it; ferries; two hulls under one MMSI that stay within reach of each other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.errors import StateVersionError, UsageError
from sargas.model.alerts import Subject
from sargas.model.assets import Asset
from sargas.model.crossings import Crossing
from sargas.model.time import MINUTE_MS, NO_TIME
from sargas.watch.chords import pack_lines
from sargas.watch.detect.base import Surroundings
from sargas.watch.detect.crossing_fold import (
    CHUNK,
    CROSSING,
    RING,
    STATE,
    CrossingRules,
    after_ms,
    log_rows,
    settle,
)
from sargas.watch.locate import Located
from sargas.watch.minutes import Minutes

LONGEST = RING - CHUNK - 3
VERSION = 1


class CrossingLog:
    """Folds clean fixes into crossings.

    Args:
        around: the world, with the rules `[crossing]`.

    Example:
        >>> from sargas.reference import shipped_assets, shipped_geography
        >>> from sargas.watch.fold import Watch
        >>> watch = Watch(shipped_assets(), shipped_geography(), detectors=())
        >>> len(watch.flush().crossings)
        0
    """

    def __init__(self, around: Surroundings) -> None:
        self.rules = _rules(around.rules["crossing"])
        self.lines = pack_lines(around.index)
        self.state = np.zeros(0, STATE)
        self._rows = np.zeros(256, CROSSING)
        self._pending = 0
        self._hits = (np.zeros(64, np.int32), np.zeros((64, 2)))

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some whole minutes and give the crossings that became final in them.

        Returns:
            (k,) `CROSSING`, in the order they became final.
        """
        rows, bounds, from_minute = minutes.rows, minutes.bounds, minutes.from_minute
        self._grow(minutes.slots)
        final = []
        for begin in range(0, len(bounds) - 1, CHUNK):
            end = min(begin + CHUNK, len(bounds) - 1)
            self._run(rows, int(bounds[begin]), int(bounds[end]))
            for k in range(begin, end):
                if not self._pending:
                    break
                final.append(self._settle((from_minute + k + 1) * MINUTE_MS))
        return np.concatenate(final) if final else np.zeros(0, CROSSING)

    def flush(self) -> NDArray[np.void]:
        """Give the rows that still wait for their speed after: the stream has ended."""
        return self._settle(np.iinfo(np.int64).max)

    def due_ms(self, row: np.void) -> int:
        """Say by when a row is final, in event time."""
        return int(after_ms(row, self.rules)) + self.rules.far_ms + MINUTE_MS

    def _run(self, rows: Located, start: int, end: int) -> None:
        """Run the row kernel to the end, making room whenever it asks."""
        while start < end:
            start, self._pending, wanted = log_rows(
                rows, start, end, self.state, self.lines, self.rules,
                self._hits[0], self._hits[1], self._rows, self._pending,
            )  # fmt: skip
            if start < end:
                self._hits = (np.zeros(2 * wanted, np.int32), np.zeros((2 * wanted, 2)))
                room = np.zeros(len(self._rows) + 2 * wanted, CROSSING)
                self._rows = np.concatenate([self._rows, room])

    def _settle(self, tick_ms: int) -> NDArray[np.void]:
        """Take out the rows that are final by now."""
        final = np.zeros(self._pending, CROSSING)
        n, self._pending = settle(
            self._rows, self._pending, tick_ms, self.state, self.rules, final
        )  # fmt: skip
        return final[:n]

    def _grow(self, slots: int) -> None:
        """Make state for new slots."""
        if slots > len(self.state):
            more = np.zeros(max(slots, 2 * len(self.state), 1024) - len(self.state), STATE)
            more["t_ms"] = NO_TIME
            more["now"], more["mean_kn"] = -1, math.nan
            self.state = np.concatenate([self.state, more])

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, with the version that can read it."""
        pending = self._rows[: self._pending].copy()
        return {"state": self.state, "pending": pending, "version": np.array([VERSION])}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave.

        Raises:
            StateVersionError: it is of another version or shape.
        """
        if (
            int(arrays["version"][0]) != VERSION
            or arrays["state"].dtype != STATE
            or arrays["pending"].dtype != CROSSING
        ):
            raise StateVersionError(
                "The saved state of the crossing log is of another version.",
                hint="Scan the archive again to rebuild it.",
            )
        self.state = arrays["state"].copy()
        self._pending = len(arrays["pending"])
        self._rows = np.concatenate([arrays["pending"], np.zeros(256, CROSSING)])


def crossing_of(row: np.void, subject: Subject, asset: Asset, exercise: str | None) -> Crossing:
    """Put one row of the log into words.

    Args:
        row: `CROSSING`. subject, asset: whom and what its numbers stand for.
        exercise: name of the exercise it belongs to.
    """

    def known(name: str) -> float | None:
        value = float(row[name])
        return None if math.isnan(value) else value

    uncertain = bool(row["uncertain"])
    return Crossing(
        subject, asset.id, asset.name, asset.kind,
        None if uncertain else int(row["t_ms"]), int(row["t_from_ms"]), int(row["t_to_ms"]),
        uncertain, float(row["lon"]), float(row["lat"]), float(row["kp_m"]) / 1000.0,
        known("angle_deg"), known("before_kn"), known("sog_kn"), known("after_kn"),
        float(row["chord_kn"]), known("cog_deg"), known("heading_deg"), known("uncertainty_s"),
        float(row["accuracy_m"]), exercise,
    )  # fmt: skip


def _rules(table: dict[str, float]) -> CrossingRules:
    """Read the thresholds; the span of the mean speeds must fit into the ring."""
    if not 0 <= table["near_min"] < table["far_min"] <= LONGEST:
        raise UsageError(
            f"[crossing] wants 0 <= near_min < far_min <= {LONGEST}, "
            f"got {table['near_min']} and {table['far_min']}."
        )
    return CrossingRules(
        int(table["certain_min"] * MINUTE_MS), table["certain_km"] * 1000.0,
        int(table["near_min"] * MINUTE_MS), int(table["far_min"] * MINUTE_MS),
        table["speed_error"], table["clock_s"],
    )  # fmt: skip
