"""Rows for the tests of the store."""

import numpy as np

from sargas.model.fixes import Columns, Fixes
from sargas.store.canon import NOT_IDENTITY

T0_MS = 1_735_084_800_000
"""2024-12-25T00:00:00Z."""


def make_fixes(n: int, seed: int, *, vessels: int = 4, span_ms: int = 90_000_000) -> Fixes:
    """Random fixes of few vessels, over a little more than a day, with ties and holes."""
    rng = np.random.default_rng(seed)
    return Fixes.build(
        n,
        domain=rng.integers(0, 2, n),
        subject_id=rng.integers(230_000_000, 230_000_000 + vessels, n),
        t_ms=T0_MS + rng.integers(0, span_ms // 600_000, n) * 600_000,
        msg_type=rng.integers(1, 4, n),
        lon_raw=np.where(rng.random(n) < 0.1, 108_600_000, rng.integers(-1000, 1000, n) * 100_000),
        lat_raw=np.where(rng.random(n) < 0.1, 54_600_000, rng.integers(-500, 500, n) * 100_000),
        sog_raw=rng.integers(0, 1024, n),
        payload_hash=rng.integers(0, 3, n),
        station=rng.integers(-1, 2, n),
        src_offset=np.arange(n),
        arrival_seq=np.arange(n),
    )


def reports(table: Columns) -> set[tuple]:
    """What rows report, without where they came from."""
    kept = [c.tolist() for name, c in table.columns().items() if name not in NOT_IDENTITY]
    return set(zip(*kept, strict=True))
