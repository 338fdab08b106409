"""Running a handful of fixes through every kernel of the watch, so that they are compiled."""

from __future__ import annotations

import numpy as np
import shapely

from sargas.model.assets import Asset, AssetSet
from sargas.model.fixes import PER_DEGREE, Batch, Fixes, Statics
from sargas.reference import shipped_geography
from sargas.watch.detect import DETECTORS
from sargas.watch.fold import Watch

ROWS = 120


def warm(part: int | None = None) -> None:
    """Fold one ship past one made-up cable: every kernel is called once with its real types.

    Args:
        part: 0 or 1: with every other detector only, so that two processes compile half each into
            the cache that they share; None: with all.
    """
    detectors = None if part is None else DETECTORS[part::2]
    line = shapely.from_wkt("LINESTRING (20 57, 20.5 57.2)")
    cable = Asset("warm", "warm-up", "telecom_cable", line, 100.0)
    watch = Watch(AssetSet([cable]), shipped_geography(), detectors=detectors)
    steps = np.arange(ROWS)
    fixes = Fixes.build(
        ROWS,
        subject_id=np.full(ROWS, 230_000_000),
        t_ms=steps * 30_000,
        msg_type=np.ones(ROWS),
        lon_raw=(20.2 + steps * 5e-4) * PER_DEGREE,
        lat_raw=np.full(ROWS, 57.1 * PER_DEGREE),
        sog_raw=np.where(steps < ROWS - 20, 80, 20),
        cog_raw=np.full(ROWS, 900),
        heading_raw=np.full(ROWS, 90),
        payload_hash=steps,
    )
    statics = Statics.build(1, subject_id=[230_000_000], length_m=[200], payload_hash=[1])
    watch.push(Batch(fixes, statics))
    watch.flush()
