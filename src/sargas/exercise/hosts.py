"""Drags laid into a day of real traffic, and the same ships untouched as control twins.

Hosts are merchant ships that were really heard steaming steadily in open water for hours. The day
is folded twice: as it is, with the hosts as twins of which nothing may be said, and with each of
them dragging from a moment on (`inject`). The traffic around them is real both times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.inject import Drag, inject
from sargas.exercise.presets.tracks import Collector, Tracks, held
from sargas.exercise.truth import CONTROL, Play, Staged
from sargas.model.assets import AssetSet
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import MINUTE_MS, NO_TIME
from sargas.reference import Geography

LOSSES = (0.10, 0.15, 0.25, 0.40)
"""Shares of speed lost, in turn over the hosts."""
STEADY_KN, SHORE_M, SILENCE_MS = 8.0, 5_000.0, 10 * MINUTE_MS
LEAST_LENGTH_M = 80
BEFORE_MS, AFTER_MS = 120 * MINUTE_MS, 90 * MINUTE_MS
"""So long a host must have steamed before its drag begins, for its own speed to be known, and on
after it."""

LAST_ROWS = 5

Batches = Callable[[], Iterator[Batch]]


def choose_hosts(tracks: Tracks, most: int) -> list[tuple[int, int]]:
    """Choose ships that steam long and steadily in open water, evenly over those there are.

    Args:
        tracks: a day. most: how many at most.

    Returns:
        (MMSI, start of the drag in ms UTC) of each, by MMSI.
    """
    merchant = (tracks.ship_type == 0) | ((tracks.ship_type >= 60) & (tracks.ship_type < 90))
    merchant &= (tracks.length_m == 0) | (tracks.length_m >= LEAST_LENGTH_M)
    steady = (tracks.sog_kn >= STEADY_KN) & (tracks.land_m >= SHORE_M)
    steady &= np.repeat(merchant, np.diff(tracks.first))
    at = held(tracks, steady, for_ms=BEFORE_MS + AFTER_MS, break_ms=SILENCE_MS)
    _, once = np.unique(tracks.mmsi[at], return_index=True)
    at = at[once]
    at = at[np.unique(np.linspace(0, len(at) - 1, min(most, len(at))).round().astype(np.int64))]
    return [(int(tracks.mmsi[i]), int(tracks.t_ms[i]) - AFTER_MS) for i in at]


def with_drags(
    play: Play, batches: Batches, assets: AssetSet, geography: Geography, most: int
) -> list[Play]:
    """Make two plays of a day: as it is, with twins, and with drags laid in.

    Args:
        play: the day.
        batches: gives its batches anew, each time it is called.
        assets, geography: for what lies near the ships.
        most: how many hosts at most; none are found where no ship steams for hours.

    Returns:
        The day alone where there is no host.
    """
    collector = Collector()
    for batch in batches():
        collector.add(batch)
    hosts = choose_hosts(collector.tracks(assets, geography), most)
    if not hosts:
        return [play]
    numbers = np.array([mmsi for mmsi, _ in hosts], dtype=np.uint32)
    own = Fixes.concat(
        [b.fixes.take(np.isin(b.fixes.subject_id, numbers)) for b in batches()]
    )  # fmt: skip
    laid_in, staged = _lay_in(own, hosts)
    twins = tuple(replace(s, kind=CONTROL) for s in staged)
    return [
        replace(play, staged=twins),
        replace(
            play, name=f"{play.name} with drags", staged=staged, simulated=True,
            batches=lambda: exchanged(batches(), numbers, laid_in),
            note=f"{play.note} Drags are laid into the real tracks of {len(hosts)} ships.",
        ),
    ]  # fmt: skip


def _lay_in(own: Fixes, hosts: list[tuple[int, int]]) -> tuple[Fixes, tuple[Staged, ...]]:
    """Let each host drag in turn."""
    batch, staged = Batch(own, Statics.empty()), []
    for k, (mmsi, t0_ms) in enumerate(hosts):
        batch, told = inject(batch, mmsi, t0_ms, Drag(LOSSES[k % len(LOSSES)]))
        staged.append(told)
    return batch.fixes, tuple(staged)


def exchanged(
    batches: Iterator[Batch], numbers: NDArray[np.uint32], laid_in: Fixes
) -> Iterator[Batch]:
    """Put other rows of some vessels into a stream, each about where the stream is in time.

    Args:
        batches: the stream. numbers: whose rows go.
        laid_in: the rows that come, in order of time.
    """
    done = 0
    for batch in batches:
        kept = batch.fixes.take(~np.isin(batch.fixes.subject_id, numbers))
        last = kept.t_ms[kept.t_ms != NO_TIME][-LAST_ROWS:]
        until = done
        if len(last):  # their middle: a lone clock may run ahead
            until = max(done, int(np.searchsorted(laid_in.t_ms, np.median(last), side="right")))
        both = Fixes.concat([kept, laid_in.take(slice(done, until))])
        if until > done:  # in order of time, so that none of them comes too late
            both = both.take(np.argsort(both.t_ms, kind="stable"))
        yield Batch(both, batch.statics)
        done = until
    if done < len(laid_in):
        yield Batch(laid_in.take(slice(done, None)), Statics.empty())
