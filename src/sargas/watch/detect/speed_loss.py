"""`speed_loss`: speed lost or missing for long, without a sign of anything towed; cause unknown.

Definition, either of two. *Gradual*: all that D1 asks, but that the loss came quickly, and neither
a pull to one side nor a course that hunts is there. *Low in its lane*: a ship that makes 0.75 or
less of what its lane does since it was first received, as `drag_sustained` measures it, whose
course does not hunt. It is a P3; the second a P2 where the ship stops in open water later. It ends
as the rule ends from which it comes, or when that rule takes it over because a sign has appeared.

Source: our own split of catalogue D1 (docs/detectors.md), which asks that an engine fault or a
slow ship be told as "speed loss, cause unknown". Measured on suite A (simulated): ships that slow
for their time of arrival, and weather, do so over 20 to 60 minutes, anchors let go in 2 to 15;
lanes spread by a fifth to a third of their speed, so that being a third below says little.

What it cannot see: what D1 and its sustained form cannot.

What raises false alarms: slow steaming, weather where nobody else is near, ice, old hulls: most of
these are just that, and so it is a note.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sargas.watch.detect.base import Detector, Finding, Identity, Surroundings
from sargas.watch.detect.drag import DragOnset, FollowsOnset
from sargas.watch.detect.drag_state import GRADUAL
from sargas.watch.detect.sustained import DragSustained
from sargas.watch.detect.sustained_fold import SLOW
from sargas.watch.minutes import Minutes


class SpeedLoss(FollowsOnset):
    """Losses of D1 that came gradually, and ships low in their lane."""

    word = "speed_loss"
    number = "D1, no sign"
    version = "2"
    kind = GRADUAL
    rests_on = (DragOnset.word, DragSustained.word)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._sustained: DragSustained | None = None

    def meet(self, others: Mapping[str, Detector]) -> None:
        """Take note of both detectors."""
        super().meet(others)
        sustained = others.get(DragSustained.word)
        self._sustained = sustained if isinstance(sustained, DragSustained) else None

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Give what the two have found in these minutes, in order of time."""
        gradual = super().fold(minutes)
        if self._sustained is None:
            return gradual
        both = np.concatenate([gradual, self._sustained.followed])
        return both[np.argsort(both["minute"], kind="stable")]

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Put the event into the words of the rule that found it."""
        if int(event["kind"]) == SLOW and self._sustained is not None:
            return self._sustained.explain(event, who)
        return super().explain(event, who)
