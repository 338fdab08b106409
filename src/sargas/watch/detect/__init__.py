"""The detectors, one a file. `DETECTORS` lists those that run; docs/detectors.md has the table."""

from __future__ import annotations

from sargas.watch.detect.base import Detector, Surroundings
from sargas.watch.detect.drag import DragOnset
from sargas.watch.detect.drag_confirmed import DragConfirmed
from sargas.watch.detect.gap import Gap
from sargas.watch.detect.integrity import PositionIntegrity
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.detect.sustained import DragSustained

DETECTORS: tuple[type[Detector], ...] = (
    DragOnset, DragConfirmed, DragSustained, SlowInCorridor, Gap, PositionIntegrity,
)  # fmt: skip


def built(chosen: tuple[type[Detector], ...], around: Surroundings) -> tuple[Detector, ...]:
    """Make detectors, each with the one that it follows, which comes before it.

    Example:
        >>> from sargas.reference import shipped_assets, shipped_geography
        >>> from sargas.watch.fold import Watch
        >>> w = Watch(shipped_assets(), shipped_geography(), detectors=(DragConfirmed,))
        >>> [d.word for d in w.detectors]
        ['drag_onset', 'drag_confirmed']
    """
    made: dict[type[Detector], Detector] = {}
    for kind in chosen:
        lead = kind.follows
        if lead is not None and lead not in made:
            made[lead] = lead(around)
        if kind not in made:
            made[kind] = kind(around)
        if lead is not None:
            made[kind].lead = made[lead]
    return tuple(made.values())
