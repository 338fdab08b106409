"""`speed_loss`: a loss of D1 that came gradually, without a sign of anything towed; cause unknown.

Definition: all that D1 asks, but that the loss came quickly, and neither a pull to one side nor a
course that hunts is there. It is a P3. It ends as an onset does; when it is kept and a sign
appears, `drag_confirmed` (D2) tells that.

Source: our own split of catalogue D1 (docs/detectors.md), which asks that an engine fault or a
slow ship be told as "speed loss, cause unknown". Measured on suite A (simulated): ships that slow
for their time of arrival, and weather, do so over 20 to 60 minutes, anchors let go in 2 to 15.

What it cannot see: what D1 cannot.

What raises false alarms: slow steaming, weather where nobody else is near, ice: most of these are
just that, and so it is a note.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sargas.watch.detect.base import Detector, Finding, Identity, Surroundings
from sargas.watch.detect.drag import DragOnset
from sargas.watch.detect.drag_words import DragWords
from sargas.watch.minutes import Minutes

NOTHING = np.dtype([("nothing", "u1")])


class SpeedLoss(Detector):
    """Losses that came gradually; it tells what D1 has followed and keeps no state of its own."""

    word = "speed_loss"
    number = "D1, gradual"
    state_dtype = NOTHING
    rests_on = (DragOnset.word,)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._onset: DragOnset | None = None

    def meet(self, others: Mapping[str, Detector]) -> None:
        """Take note of the detector of onsets."""
        onset = others.get(DragOnset.word)
        self._onset = onset if isinstance(onset, DragOnset) else None

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Give the gradual losses that D1 has found in these minutes."""
        return self._events[:0] if self._onset is None else self._onset.gradual

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say what was lost, and that it came gradually."""
        assert self._onset is not None
        return DragWords(self.around, self._onset.params, event, who).finding()
