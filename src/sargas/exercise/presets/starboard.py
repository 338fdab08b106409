"""`starboard`: encounters as Starboard publishes them.

Source: help.starboard.nz 5587275, by its figures (`detectors.md` 5): within 50 m for 10 minutes or
more, or within 200 m for 30 minutes or more, not within 10 +- 3 km of the shore.

Where the data differ: resampled to one place a minute, joined by straight lines where fixes are
less than 10 minutes apart; the shore is taken at 10 km.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.pairs import on_grid, together
from sargas.exercise.presets.tracks import Tracks
from sargas.model.time import MINUTE_MS


def find(tracks: Tracks) -> NDArray[np.void]:
    """Give encounters where they have lasted."""
    points = on_grid(
        tracks, ~(tracks.land_m < 10_000.0), step_ms=MINUTE_MS, gap_ms=10 * MINUTE_MS
    )  # fmt: skip
    return np.concatenate([
        together(tracks, points, f"starboard_{metres:.0f}m", step_ms=MINUTE_MS, within_m=metres,
                 for_ms=minutes * MINUTE_MS)
        for metres, minutes in ((50.0, 10), (200.0, 30))
    ])  # fmt: skip
