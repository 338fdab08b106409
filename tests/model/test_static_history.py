"""Who a vessel said it was: cut where it changes, and nowhere else."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sargas.model.fixes import Statics
from sargas.model.static_history import IDENTITY, static_history

NAMES = [b"", b"A", b"B"]
REPORTS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([0, 7, 8])), max_size=30)


def statics(rows) -> Statics:
    n = len(rows)
    return Statics.build(
        n, t_ms=10**12 + np.arange(n) * 360_000, name=[r[0] for r in rows] or np.zeros(0, "S1"),
        imo=[r[1] for r in rows],
    )  # fmt: skip


def test_a_name_that_goes_to_and_fro_is_three_versions():
    found = static_history(statics([(b"A", 7), (b"A", 0), (b"B", 0), (b"", 7), (b"A", 0)]))
    assert [(v.name, v.imo, v.reports) for v in found] == [("A", 7, 2), ("B", 7, 2), ("A", 7, 1)]
    assert [(v.until_ms - v.from_ms) // 60_000 for v in found] == [6, 6, 0]


def test_what_comes_to_be_known_completes_a_version():
    """Message 24 tells the name in one part, the call sign and the size in another."""
    rows = Statics.build(
        3, t_ms=[0, 1, 2], name=[b"A", b"", b"A"], callsign=[b"", b"C1", b""], length_m=[0, 30, 0]
    )
    (only,) = static_history(rows)
    assert (only.name, only.callsign, only.length_m, only.reports) == ("A", "C1", 30, 3)


def test_a_new_destination_is_no_new_identity():
    rows = Statics.build(2, t_ms=[0, 1], name=[b"A", b"A"], destination=[b"TALLINN", b"KLAIPEDA"],
                         draught_dm=[90, 120])  # fmt: skip
    assert len(static_history(rows)) == 1


@given(REPORTS)
def test_every_report_counts_once_and_versions_differ(rows):
    table = statics(rows)
    found = static_history(table)
    assert sum(v.reports for v in found) == len(rows)
    if rows:
        assert (found[0].from_ms, found[-1].until_ms) == (table.t_ms[0], table.t_ms[-1])
    for before, after in itertools.pairwise(found):
        assert before.until_ms < after.from_ms
        said = [f for f in IDENTITY if getattr(before, f) is not None]
        assert any(getattr(before, f) != getattr(after, f) for f in said)


def test_two_ships_under_one_number_are_not_smoothed_over() -> None:
    rows = Statics.build(6, t_ms=range(6), name=[b"A", b"B"] * 3)
    assert [one.name for one in static_history(rows)] == ["A", "B"] * 3
