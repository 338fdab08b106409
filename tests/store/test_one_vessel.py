"""The archive's questions about one vessel: its last fix, and all it said of itself."""

from __future__ import annotations

import numpy as np

from sargas.model.fixes import LON_NONE, SEA, Fixes, Statics
from sargas.store import Archive, ShardWriter

T0_MS = 1_735_122_000_000
DAY_MS = 86_400_000


def test_the_last_fix_is_the_last_with_a_position(home):
    """Three days, another vessel later, and last of all a report without a position."""
    fixes = Fixes.build(
        5, subject_id=[7, 7, 7, 8, 7], t_ms=T0_MS + np.array([0, 1, 2, 3, 3]) * DAY_MS,
        lon_raw=[1, 2, 3, 4, LON_NONE], lat_raw=[1, 1, 1, 1, 1],
    )  # fmt: skip
    with ShardWriter(home) as writer:
        writer.append(fixes)
    with Archive(home) as archive:
        assert archive.last_fix(SEA, 7).lon_raw.tolist() == [3]
        assert archive.last_fix(SEA, 7, T0_MS + 2 * DAY_MS - 1).lon_raw.tolist() == [2]
        assert archive.last_fix(SEA, 7, T0_MS - 1) == Fixes.empty()
        assert archive.last_fix(SEA, 9) == archive.last_fix(SEA, -1) == Fixes.empty()


def test_static_reports_come_whole_and_in_order_of_time(home):
    rows = Statics.build(
        4, subject_id=[7, 8, 7, 7], t_ms=T0_MS + np.array([2, 0, 1, 0]) * DAY_MS,
        name=[b"LAST", b"OTHER", b"\xc4\xff", b"FIRST"], imo=[1, 2, 3, 4],
    )  # fmt: skip
    with ShardWriter(home) as writer:
        writer.append_statics(rows)
    with Archive(home) as archive:
        assert archive.statics_of(SEA, 7).name.tolist() == [b"FIRST", b"\xc4\xff", b"LAST"]
        assert archive.statics_of(SEA, 7).imo.tolist() == [4, 3, 1]
        assert archive.statics_of(SEA, 7, T0_MS).name.tolist() == [b"FIRST"]
        assert archive.statics_of(SEA, 9) == archive.statics_of(SEA, -1) == Statics.empty()
