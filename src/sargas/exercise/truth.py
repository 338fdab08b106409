"""What was staged: the truth that a scoreboard holds alerts against.

A play is traffic to fold; what was laid into it is told beside it, never inside it, so that no
detector can see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sargas.model.fixes import Batch

CONTROL = "control"
"""Kind of a twin: it was prepared like a staged vessel, and then nothing was done to it."""


@dataclass(frozen=True)
class Staged:
    """One thing that was made to happen to one vessel.

    Attributes:
        kind: the detector's word that ought to answer (`drag_onset`, `drag_sustained`, `gap`,
            `drift`, ...), or `control`: nothing was changed, and no alert of a kind staged in
            the same play may come.
        mmsi: whom it happens to; 0 where it happens to an area (`gnss_area`).
        t_start_ms: when it begins, ms UTC: the start of the ramp of a drag.
        t_end_ms: when it is over, ms UTC.
        lon, lat: degrees, where it begins.
        stratum: what it is counted under, as words (`speed_loss`, `size`, `reporting`, `lane`).
        note: one line for a reader.
    """

    kind: str
    mmsi: int
    t_start_ms: int
    t_end_ms: int
    lon: float
    lat: float
    stratum: dict[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Play:
    """One thing that a scoreboard folds and scores.

    Attributes:
        name: short, unique within its suite.
        batches: gives the traffic anew, in order of arrival; the same batches each time.
        staged: what was laid in, and what came about by itself in clean traffic, such as a failed
            engine or disturbed satellite navigation; the note tells which.
        under_way_vessel_days: days spent under way, summed over all vessels.
        vessels: how many are in it.
        hours: how long it lasts.
        simulated: whether any of its traffic is; then every number from it is called so.
        note: where the traffic comes from.
    """

    name: str
    batches: Callable[[], Iterator[Batch]]
    staged: tuple[Staged, ...]
    under_way_vessel_days: float
    vessels: int
    hours: float
    simulated: bool
    note: str
