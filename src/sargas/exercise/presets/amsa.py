"""`amsa`: the drift rule of the Australian Maritime Safety Authority.

Source: amsa-code/risky, DriftDetector, at 9d1f4267, by its figures (`detectors.md` 5): a candidate
is a fix with 0.25 < SOG <= 20 kn, 45 <= |COG - HDG| <= 135 degrees, not at anchor or moored. A
path is two or more candidates, consecutive ones less than 6 hours apart; a spell of other fixes
under 5 minutes does not break it. Shown are paths longer than 1 NM.

Two words: `amsa_drift` where a path has its second candidate, `amsa_drift_1nm` where it has become
longer than 1 NM. A drag under way is outside it: its course stays within some degrees of its
heading.

Where the data differ: fixes come sorted and without copies, so that nothing out of order has to
be thrown away. A heading or course that is not given makes no candidate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets.tracks import Tracks
from sargas.model.geodesy import NM_M, short_distance_m
from sargas.model.jit import kernel
from sargas.model.time import HOUR_MS, MINUTE_MS

SLOWEST_KN, FASTEST_KN = 0.25, 20.0
LEAST_DEG, MOST_DEG = 45.0, 135.0
ANCHORED, MOORED = 1, 5
APART_MS, SPELL_MS = 6 * HOUR_MS, 5 * MINUTE_MS


def candidates(tracks: Tracks) -> NDArray[np.bool_]:
    """Tell which fixes are drift candidates, (n,)."""
    off = np.abs((tracks.cog_deg - tracks.heading_deg + 180.0) % 360.0 - 180.0)
    is_one: NDArray[np.bool_] = (
        (tracks.sog_kn > SLOWEST_KN) & (tracks.sog_kn <= FASTEST_KN)
        & (off >= LEAST_DEG) & (off <= MOST_DEG)
        & (tracks.nav_status != ANCHORED) & (tracks.nav_status != MOORED)
    )  # fmt: skip
    return is_one


def find(tracks: Tracks) -> NDArray[np.void]:
    """Give every path at its second candidate, and at its first mile."""
    second = np.zeros(len(tracks), np.bool_)
    mile = np.zeros(len(tracks), np.bool_)
    paths(
        tracks.first, tracks.t_ms, tracks.lon, tracks.lat, candidates(tracks), APART_MS, SPELL_MS,
        NM_M, second, mile,
    )  # fmt: skip
    return np.concatenate([
        tracks.rows(np.flatnonzero(second), "amsa_drift"),
        tracks.rows(np.flatnonzero(mile), "amsa_drift_1nm"),
    ])  # fmt: skip


@kernel
def paths(
    first: NDArray[np.int64],
    t_ms: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    is_candidate: NDArray[np.bool_],
    apart_ms: int,
    spell_ms: int,
    shown_m: float,
    second: NDArray[np.bool_],
    shown: NDArray[np.bool_],
) -> None:
    """Join candidates into paths.

    Args:
        first: (v + 1,) where each vessel begins. t_ms, lon, lat, is_candidate: (n,).
        apart_ms, spell_ms: what breaks a path. shown_m: length from which a path is shown.
        second, shown: (n,) written: where a path has two candidates, where it is long enough.
    """
    for v in range(first.shape[0] - 1):
        last, count, way = -1, 0, 0.0
        other_ms = -1  # since when other fixes stand between this row and the last candidate
        for i in range(first[v], first[v + 1]):
            if not is_candidate[i]:
                if other_ms < 0:
                    other_ms = t_ms[i]
                continue
            spell = other_ms >= 0 and t_ms[i] - other_ms >= spell_ms
            other_ms = -1
            if last < 0 or spell or t_ms[i] - t_ms[last] >= apart_ms:
                last, count, way = i, 1, 0.0
                continue
            before = way
            way += short_distance_m(lon[last], lat[last], lon[i], lat[i])
            count += 1
            second[i] = count == 2
            shown[i] = before <= shown_m < way
            last = i
