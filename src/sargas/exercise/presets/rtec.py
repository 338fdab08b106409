"""`rtec`: three of the maritime rules of the Run-Time Event Calculus.

Source: aartikis/RTEC, maritime rules, at d7215f4, by their figures (`detectors.md` 5).

- `rtec_drifting`: under way (SOG >= 0.5 kn) and |COG - HDG| > 40 degrees, heading known.
- `rtec_loitering`: low speed or stopped far from ports, not near the coast, not anchored or
  moored, for more than 30 minutes.
- `rtec_below_type`: under way below the least speed of its type (cargo 9, tanker 6, passenger 8,
  fishing 5.3, tug 2, pilot 0.6 kn). The rules have it as a state and not as an alert; it is here
  because it is the only one of them that speaks of a slow ship under way.

One row at the beginning of each interval in which a rule holds.

Where the data differ: stops, slow motion, silences and proximity come ready in their input; here
a stop is under 0.5 kn and slow is under 5 kn (5 is chosen: the source read does not say). Far
from ports is outside harbour circles of the World Port Index, near the coast is within 1 km of
land, anchored or moored is what the status says. Windows of two hours, stepped by one, are not
imitated: an interval is found where it begins, to the advantage of its delay. An interval ends at
a silence of 30 minutes. Rendezvous, tugging, trawling and search are left out: they ask for the
proximity events, or for areas, of their input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.tracks import Tracks, held
from sargas.model.time import MINUTE_MS

UNDER_WAY_KN, SLOW_KN = 0.5, 5.0
DRIFT_DEG = 40.0
LOITER_MS = SILENCE_MS = 30 * MINUTE_MS
COAST_M = 1000.0
LEAST_KN = ((70, 80, 9.0), (80, 90, 6.0), (60, 70, 8.0), (30, 31, 5.3), (52, 53, 2.0),
            (50, 51, 0.6))  # fmt: skip
"""Ship types from, to (ITU-R M.1371), and the least speed of the type."""


def find(tracks: Tracks) -> NDArray[np.void]:
    """Give the beginning of every interval of the three rules."""
    sog = tracks.sog_kn
    under_way = sog >= UNDER_WAY_KN
    off = np.abs((tracks.cog_deg - tracks.heading_deg + 180.0) % 360.0 - 180.0)
    at_rest = np.isin(tracks.nav_status, (1, 5))
    offshore = ~(tracks.land_m < COAST_M) & ~tracks.in_port
    least = np.zeros(256)
    for low, high, kn in LEAST_KN:
        least[low:high] = kn
    wanted_kn = np.repeat(least[tracks.ship_type], np.diff(tracks.first))
    begin = {"break_ms": SILENCE_MS}
    return np.concatenate([
        tracks.rows(held(tracks, under_way & (off > DRIFT_DEG), for_ms=0, **begin),
                    "rtec_drifting"),
        tracks.rows(held(tracks, (sog < SLOW_KN) & offshore & ~at_rest, for_ms=LOITER_MS + 1,
                         **begin), "rtec_loitering"),
        tracks.rows(held(tracks, under_way & (sog < wanted_kn), for_ms=0, **begin),
                    "rtec_below_type"),
    ])  # fmt: skip
