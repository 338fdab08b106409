"""When alerts arose: counted against a count by hand, and asked of a real service."""

from __future__ import annotations

import itertools
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import UsageError
from sargas.model.time import iso, parse_iso
from sargas.store.standing import Standing
from sargas.web.histogram import MOST_BINS, AlertTimes, count, neighbours

from .conftest import Service

TIMES = st.lists(st.integers(0, 10**6), max_size=60)


@given(TIMES, TIMES, st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 90))
def test_each_time_counts_once_in_its_part(
    alarms: list[int], notes: list[int], from_ms: int, length_ms: int, bins: int
) -> None:
    to_ms = from_ms + length_ms
    found = count(
        {"P1": np.array(sorted(alarms), np.int64), "P3": np.array(sorted(notes), np.int64)},
        from_ms, to_ms, bins,
    )  # fmt: skip
    edges = [from_ms + length_ms * k / bins for k in range(bins + 1)]
    for name, times in (("P1", alarms), ("P3", notes)):
        by_hand = [sum(a <= t < b for t in times) for a, b in itertools.pairwise(edges)]
        by_hand[-1] += times.count(to_ms)
        assert found[name] == by_hand
        assert sum(found[name]) == sum(from_ms <= t <= to_ms for t in times)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "bins"),
    [(5, 5, 1), (6, 5, 1), (-1, 5, 1), (0, 5, 0), (0, 5, MOST_BINS + 1), (0, 2**60, 1)],
)
def test_no_span_is_refused(from_ms: int, to_ms: int, bins: int) -> None:
    with pytest.raises(UsageError, match="no span to count in"):
        count({"P1": np.zeros(0, np.int64)}, from_ms, to_ms, bins)


def test_neighbours_leave_out_the_time_itself() -> None:
    times = {"P1": np.array([10, 30]), "P3": np.array([20])}
    assert neighbours(times, 20) == {"previous_ms": 10, "next_ms": 30}
    assert neighbours(times, 30) == {"previous_ms": 20, "next_ms": None}
    assert neighbours({"P1": np.zeros(0, np.int64)}, 30) == {"previous_ms": None, "next_ms": None}


def test_what_is_muted_or_withdrawn_is_left_out_and_a_ledger_is_read_once() -> None:
    asked: list[int] = []

    class Alerts:
        def alerts(self, as_of_ms: int) -> list[dict[str, Any]]:
            asked.append(as_of_ms)
            base = {"state": "open", "priority": "P2", "t_detected": iso(7000), "muted_by": []}
            other: list[dict[str, Any]] = [
                {}, {"priority": "P1"}, {"state": "closed", "t_detected": iso(3000)},
                {"state": "retracted"}, {"muted_by": ["port:x"]},
            ]  # fmt: skip
            return [base | one for one in other]

    times = AlertTimes(cast(Standing, Alerts()))
    for _ in range(2):
        found = {name: found.tolist() for name, found in times.by_priority(9000).items()}
        assert found == {"P1": [7000], "P2": [3000, 7000], "P3": []}
    times.by_priority(9001)
    assert asked == [9000, 9001]


def test_service_counts_all_that_is_analysed_wherever_the_clock_stands(exercise: Service) -> None:
    span = exercise.get("/api/status").json()["clock"]["span"]
    exercise.play("seek", t_ms=2**53)
    alerts = exercise.get("/api/alerts").json()["alerts"]
    shown = [a for a in alerts if a["state"] != "retracted" and not a["muted_by"]]
    assert any(a["priority"] == "P1" for a in shown)
    exercise.play("seek", t_ms=span["from_ms"])
    path = f"/api/histogram?from_ms={span['from_ms']}&to_ms={span['to_ms']}&bins=48"
    found = exercise.get(path).json()
    for priority in ("P1", "P2", "P3"):
        assert len(found[priority]) == 48
        assert sum(found[priority]) == sum(a["priority"] == priority for a in shown)
    times = sorted(parse_iso(a["t_detected"]) for a in shown)
    assert (found["previous_ms"], found["next_ms"]) == (None, times[0])
    found = exercise.get(f"{path}&at_ms={times[-1] + 1}").json()
    assert (found["previous_ms"], found["next_ms"]) == (times[-1], None)
    for bad in ("", "?from_ms=1", "?from_ms=x&to_ms=2", "?from_ms=2&to_ms=1", f"{path[14:]}1e3"):
        assert exercise.get(f"/api/histogram{bad}").status_code == 400, bad


def test_live_stands_at_the_end_until_the_clock_is_moved(exercise: Service) -> None:
    end_ms = exercise.get("/api/status").json()["clock"]["analysed_to_ms"]
    clock = exercise.play("live").json()
    assert (clock["t_ms"], clock["live"], clock["playing"]) == (end_ms, True, True)
    clock = exercise.play("seek", t_ms=end_ms - 60_000).json()
    assert (clock["t_ms"], clock["live"]) == (end_ms - 60_000, False)
    exercise.play("live")
    assert exercise.play("pause").json()["live"] is False
