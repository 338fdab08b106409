"""`skylight`: rendezvous and silences as Skylight publishes them.

Source: skylight.helpjuice.com, by its figures (`detectors.md` 5): a standard rendezvous is two
vessels within 250 m for more than 30 minutes; a potential dark event is 6 hours without a position.

Where the data differ: resampled to one place a minute, joined by straight lines where fixes are
less than 10 minutes apart. Which waters they leave out is not said; here harbour circles and the
1 km along the shore are, else every pair of moored neighbours would count. A silence that goes
on to the end of the data counts too. Reception is not modelled. The dark rendezvous (a trained
model) and the matching with radar pictures cannot be imitated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.gfw import silences
from sargas.exercise.presets.pairs import on_grid, together
from sargas.exercise.presets.tracks import Tracks
from sargas.model.time import HOUR_MS, MINUTE_MS


def find(tracks: Tracks) -> NDArray[np.void]:
    """Give rendezvous where they have lasted, silences when 6 hours are over."""
    offshore = ~(tracks.land_m < 1000.0) & ~tracks.in_port
    points = on_grid(tracks, offshore, step_ms=MINUTE_MS, gap_ms=10 * MINUTE_MS)
    pairs = together(
        tracks, points, "skylight_rendezvous", step_ms=MINUTE_MS, within_m=250.0,
        for_ms=31 * MINUTE_MS,
    )  # fmt: skip
    return np.concatenate([pairs, silences(tracks, 6 * HOUR_MS, "skylight_dark")])
