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

from sargas.watch.detect.drag import FollowsOnset
from sargas.watch.detect.drag_state import GRADUAL


class SpeedLoss(FollowsOnset):
    """D1's losses that came gradually."""

    word = "speed_loss"
    number = "D1, gradual"
    kind = GRADUAL
