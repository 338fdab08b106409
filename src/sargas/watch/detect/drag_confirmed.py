"""D2 `drag_confirmed`: a loss of D1 that is kept, on a ship that moves as one that tows something.

Definition: after an onset (D1) the ship keeps 0.8 of the loss it opened with for 30 minutes, has
not come near a coast or port, does not call itself not under command, and one of two signs is
there: its heading lies 3 degrees or more further to one side of its course than before, for 80 %
of 20 minutes; or its course swings with a standard deviation of 2.5 degrees or more, twice as
wide as before the onset. It is a P1 and makes its onset a P1. It ends when its onset ends.

Source: catalogue D2 (docs/detectors.md); numbers in `rules.toml`, table `drag_onset`, as it is the
same ship, loss and minutes. The catalogue's third sign, a loss that follows the depth of the
water, is untested there and not built; a fault report (`sargas suspects`) is told by people.

What it cannot see: what D1 cannot; a drag that neither pulls nor swings the ship, or one on a
ship without a heading that reports less than every twenty seconds.

What raises false alarms: a following sea or a cross wind that comes up while the ship slows for
another reason.
"""

from __future__ import annotations

from sargas.watch.detect.drag import FollowsOnset
from sargas.watch.detect.drag_state import CONFIRMED


class DragConfirmed(FollowsOnset):
    """D2: losses that were kept, with a sign of something towed."""

    word = "drag_confirmed"
    number = "D2"
    version = "2"
    kind = CONFIRMED
    lowered_at_work = True
