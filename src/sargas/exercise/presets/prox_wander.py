"""`prox_wander`: slow and wandering near an asset, the second family of cable-proximity rules.

Sources, by their figures (`detectors.md` 1b and 5):

- `wachta`: within 2 km of a cable, every fix between 1 and 7 kn, for 15 minutes and 5 fixes, with a
  circular standard deviation of the course sqrt(-2 ln R) of 20 degrees or more.
- `infra_analysis`: over 5 fixes a mean speed of 0.3 to 4 kn and a mean change of heading of more
  than 15 degrees, twice running.

Where the data differ: how wide wachta's window is, is not said; here it is the run so far, so that
a row comes where the run first meets all four. infra_analysis names no distance; 2 km is taken
from wachta. Its fixes are whatever comes; here they are one a minute, since five fixes of a ship
that reports every 10 s are no more than her yaw. A run ends at a silence of 30 minutes.
A drag that hunts (deviation 3-5 degrees at 9 kn) is outside both.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.tracks import Tracks
from sargas.model.geodesy import DEG, wrapped
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS

NEAR_M = 2000.0
SILENCE_MS = 30 * MINUTE_MS


def find(tracks: Tracks) -> NDArray[np.void]:
    """Give every run of both rules once, where it is first met."""
    near = tracks.asset_m <= NEAR_M
    sog, cog, heading = tracks.sog_kn, tracks.cog_deg, tracks.heading_deg
    wanders = np.zeros(len(tracks), np.bool_)
    wander_runs(
        tracks.first, tracks.t_ms, cog, near & (sog >= 1.0) & (sog <= 7.0) & ~np.isnan(cog),
        SILENCE_MS, 15 * MINUTE_MS, 5, 20.0, wanders,
    )  # fmt: skip
    turns = np.zeros(len(tracks), np.bool_)
    turn_windows(
        tracks.first, tracks.t_ms, sog, heading, near & ~np.isnan(sog) & ~np.isnan(heading),
        MINUTE_MS, SILENCE_MS, turns,
    )  # fmt: skip
    return np.concatenate([
        tracks.rows(np.flatnonzero(wanders), "wachta"),
        tracks.rows(np.flatnonzero(turns), "infra_analysis"),
    ])  # fmt: skip


@kernel
def wander_runs(
    first: NDArray[np.int64],
    t_ms: NDArray[np.int64],
    cog_deg: NDArray[np.float32],
    is_met: NDArray[np.bool_],
    break_ms: int,
    for_ms: int,
    fixes: int,
    least_deg: float,
    out: NDArray[np.bool_],
) -> None:
    """Mark where a run has lasted and its courses are spread wide enough, once a run.

    Args:
        first: (v + 1,) where each vessel begins. t_ms, cog_deg, is_met: (n,).
        break_ms: longest silence within a run. for_ms, fixes: how long it must have lasted.
        least_deg: least circular standard deviation. out: (n,) written.
    """
    for v in range(first.shape[0] - 1):
        count, begin_ms, east, north, done = 0, 0, 0.0, 0.0, False
        for i in range(first[v], first[v + 1]):
            if not is_met[i]:
                count = 0
                continue
            if count == 0 or t_ms[i] - t_ms[i - 1] > break_ms:
                count, begin_ms, east, north, done = 0, t_ms[i], 0.0, 0.0, False
            count += 1
            east += math.sin(cog_deg[i] * DEG)
            north += math.cos(cog_deg[i] * DEG)
            if done or count < fixes or t_ms[i] - begin_ms < for_ms:
                continue
            length = min(1.0, math.hypot(east, north) / count)
            if length <= 0.0 or math.sqrt(-2.0 * math.log(length)) / DEG >= least_deg:
                out[i] = done = True


@kernel
def turn_windows(
    first: NDArray[np.int64],
    t_ms: NDArray[np.int64],
    sog_kn: NDArray[np.float32],
    heading_deg: NDArray[np.float32],
    is_usable: NDArray[np.bool_],
    every_ms: int,
    break_ms: int,
    out: NDArray[np.bool_],
) -> None:
    """Mark where two windows of five fixes on end were slow and turning, once a run.

    Args:
        first: (v + 1,) where each vessel begins. t_ms, sog_kn, heading_deg, is_usable: (n,).
        every_ms: fixes closer than this to the last one used are passed over.
        break_ms: longest silence within a run. out: (n,) written.
    """
    for v in range(first.shape[0] - 1):
        count, last, speed, turn, windows, done = 0, -1, 0.0, 0.0, 0, False
        for i in range(first[v], first[v + 1]):
            if not is_usable[i] or (last >= 0 and t_ms[i] - t_ms[last] > break_ms):
                count, last, windows, done = 0, -1, 0, False
                if not is_usable[i]:
                    continue
            if last >= 0 and t_ms[i] - t_ms[last] < every_ms:
                continue
            if count == 0:
                speed, turn = 0.0, 0.0
            elif last >= 0:
                turn += abs(wrapped(heading_deg[i] - heading_deg[last]))
            speed += sog_kn[i]
            count, last = count + 1, i
            if count < 5:
                continue
            is_turning = 0.3 <= speed / 5.0 <= 4.0 and turn / 4.0 > 15.0
            windows = windows + 1 if is_turning else 0
            done = done and is_turning
            count = 0
            if windows >= 2 and not done:
                out[i] = done = True
