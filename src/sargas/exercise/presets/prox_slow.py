"""`prox_slow`: slow or stopped near an asset, the first family of cable-proximity rules.

Sources, by their figures (`detectors.md` 1b and 5):

- `aisguardian_readme`: AISGuardian's README: within 2 km, under 2 kn, for more than 30 minutes.
- `aisguardian_code`: its code: within 2 km stopped (< 0.5 kn), slow (< 3 kn), or a cargo ship or
  tanker under 8 kn.
- `formerlab`: shadow-fleet-tracker-light at fefa779: within 10 km, under 0.5 kn for 20 minutes,
  staying within 0.5 km.

Where the data differ: its code also asks for four flags; sargas accuses no flag, and an alert by
flag says nothing of a cable, so that this part is left out. "Within 0.5 km" is measured from
the first fix of the run. Laytimely's "loiter under 0.5 NM" is left out: how long is not said. A
run ends at a silence of 30 minutes. Nearness is to the asset as drawn here. All three read every
ship, in ports too, as the sources do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.tracks import Tracks, first_held, held
from sargas.model.geodesy import short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS

SILENCE_MS = 30 * MINUTE_MS


def find(tracks: Tracks) -> NDArray[np.void]:
    """Give every run of the three rules once, where it has lasted."""
    sog = tracks.sog_kn
    near = tracks.asset_m <= 2000.0
    cargo = np.repeat(
        (tracks.ship_type >= 70) & (tracks.ship_type < 90), np.diff(tracks.first)
    )  # fmt: skip
    code = near & ((sog < 3.0) | (cargo & (sog < 8.0)))
    return np.concatenate([
        tracks.rows(
            held(tracks, near & (sog < 2.0), for_ms=30 * MINUTE_MS + 1, break_ms=SILENCE_MS),
            "aisguardian_readme",
        ),
        tracks.rows(held(tracks, code, for_ms=0, break_ms=SILENCE_MS), "aisguardian_code"),
        tracks.rows(_stays(tracks, (tracks.asset_m <= 10_000.0) & (sog < 0.5)), "formerlab"),
    ])  # fmt: skip


def _stays(tracks: Tracks, is_met: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Find where a vessel has met a condition for 20 minutes without leaving a circle of 0.5 km."""
    new = np.zeros(len(tracks), np.bool_)
    begin_stays(
        tracks.first, tracks.t_ms, tracks.lon, tracks.lat, is_met, SILENCE_MS, 500.0, new
    )  # fmt: skip
    at = np.flatnonzero(is_met)
    return first_held(at, tracks.t_ms[at], new[at], for_ms=20 * MINUTE_MS)


@kernel
def begin_stays(
    first: NDArray[np.int64],
    t_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    is_met: NDArray[np.bool_],
    break_ms: int,
    radius_m: float,
    new: NDArray[np.bool_],
) -> None:
    """Mark where a run begins: after another row, a silence, or on leaving the circle.

    Args:
        first: (v + 1,) where each vessel begins. t_ms, lon, lat, is_met: (n,).
        break_ms: longest silence within a run. radius_m: of the circle around its first fix.
        new: (n,) written.
    """
    for v in range(first.shape[0] - 1):
        begin = -1
        for i in range(first[v], first[v + 1]):
            if not is_met[i]:
                begin = -1
                continue
            if (
                begin < 0
                or t_ms[i] - t_ms[i - 1] > break_ms
                or short_distance_m(lon[begin], lat[begin], lon[i], lat[i]) > radius_m
            ):
                begin = i
                new[i] = True
