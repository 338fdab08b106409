"""When alerts arose: their number by priority in equal parts of a span, for the time bar."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.errors import UsageError
from sargas.model.time import parse_iso
from sargas.store.standing import Standing

PRIORITIES = ("P1", "P2", "P3")
MOST_BINS = 1000
DEFAULT_BINS = 120


class AlertTimes:
    """The times at which the alerts of a ledger arose, by priority; read anew when it has grown.

    Each alert counts once, where it arose, with the priority of its latest version. What is muted
    or was withdrawn is left out: the list does not show it either unless it is asked to.

    Args:
        standing: gives the alerts.
    """

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._read: tuple[Hashable, dict[str, NDArray[np.int64]]] | None = None

    def by_priority(self, as_of_ms: int, stamp: Hashable = None) -> dict[str, NDArray[np.int64]]:
        """Give the times of detection known at an event time, ms UTC, sorted, by priority.

        Args:
            as_of_ms: leave out what was issued later.
            stamp: other than the last time where something may have changed since.
        """
        known = self._read
        if known is None or known[0] != (as_of_ms, stamp):
            times: dict[str, list[int]] = {priority: [] for priority in PRIORITIES}
            for alert in self._standing.alerts(as_of_ms):
                if alert["state"] != "retracted" and not alert["muted_by"]:
                    times[alert["priority"]].append(parse_iso(alert["t_detected"]))
            known = (
                (as_of_ms, stamp),
                {p: np.sort(np.array(t, np.int64)) for p, t in times.items()},
            )
            self._read = known
        return known[1]


def count(
    times: dict[str, NDArray[np.int64]], from_ms: int, to_ms: int, bins: int
) -> dict[str, Any]:
    """Count alerts in equal parts of a span; the end belongs to the last part.

    Args:
        times: (n,) int64, ms UTC, sorted, by priority.
        from_ms, to_ms: the span.
        bins: number of parts.

    Returns:
        `from_ms to_ms` and, for each priority, a list of `bins` numbers.

    Raises:
        UsageError: the span is empty or the number of parts is none or too large.

    Example:
        >>> count({"P1": np.array([0, 9, 10])}, 0, 10, 2)
        {'from_ms': 0, 'to_ms': 10, 'P1': [1, 2]}
    """
    if not (0 <= from_ms < to_ms < 2**53 and 1 <= bins <= MOST_BINS):
        raise UsageError(
            "That is no span to count in.",
            hint=f"from_ms below to_ms, in ms UTC, and 1 to {MOST_BINS} bins.",
        )
    edges = from_ms + (to_ms - from_ms) * np.arange(bins + 1, dtype=np.float64) / bins
    counted = {p: np.histogram(t, edges)[0].tolist() for p, t in times.items()}
    return {"from_ms": from_ms, "to_ms": to_ms, **counted}


def neighbours(times: dict[str, NDArray[np.int64]], at_ms: int) -> dict[str, int | None]:
    """Give the nearest times of detection before and after a time; null where there is none.

    Example:
        >>> neighbours({"P1": np.array([5, 9]), "P2": np.array([7])}, 7)
        {'previous_ms': 5, 'next_ms': 9}
    """
    every = np.concatenate(list(times.values()))
    before, after = every[every < at_ms], every[every > at_ms]
    return {
        "previous_ms": int(before.max()) if len(before) else None,
        "next_ms": int(after.min()) if len(after) else None,
    }
