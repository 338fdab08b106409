"""D1 `drag_onset`: a vessel under way loses speed against its own recent speed, and keeps on.

Definition: each vessel has its own speed b and spread sigma, weighted over some 120 minutes of one
sample a minute and frozen while S > 0, where S <- max(0, S + (r / sigma - k) dt) sums the loss
r = b - SOG. It opens when S > h, the smoothed speed has been under 0.94 b and at least 0.5 kn and
three sigma under b for 8 minutes, and the gates pass: 5 kn or more for 45 minutes before, 80 m or
longer, water no deeper than 150 m, no turn of more than 20 degrees in 10 minutes, no coast or port
near or close ahead, the ship would still make 0.4 b in 15 minutes if its speed fell on as now, it
does not drift and does not call itself not under command; and the loss stands when what the cohort
has lost is taken off: the upper quartile over two or more ships within 10 NM on a like course, or
else within 40 NM (`cohort.py`). It came in one fall that took 15 minutes or less, is over, and took
three and a half sigma (`drag_ramp.py`); or the ship is pulled to one side, or its course hunts (the
signs of D2); any other loss is a `speed_loss`, which becomes an onset when a sign appears. What is
unknown passes its gate and is told in `against`, a fall that lies in a silence, too. It begins
where S last left zero. It closes when the speed is back for 15 minutes, when the cohort has lost as
much for 15, when the ship has stopped for 30, or when nothing came for 3 hours. It is a P2; P1 once
an asset on the course, or within 10 degrees of it, is an hour away or less, or once it is confirmed
(D2); one lower for ships whose work changes their speed.

Source: catalogue D1 (docs/detectors.md); E. S. Page, Biometrika 41 (1954), for the sum; numbers
in `rules.toml`. Our own: sigma from the steps of speed over nine minutes, a loss in sigma, the
shape of the fall, the fall looked ahead, the wider cohort, learning anew after 20 minutes at a
higher speed or 3 hours at a lower one.

Measured on suite A, on which it was tuned (simulated, 60 drags a loss): losses of 40, 25, 15 and
10 % found in 98, 98, 90 and 77 %, median 18, 15, 20 and 28 minutes after the start of the ramp;
0.001 false a vessel-day under way. On the suites: docs/scoreboard.md. The noise of real ships has
not been measured, and slow steaming is simulated as 20 minutes or longer.

What it cannot see: a ship first heard while already dragging (that is `drag_sustained`), a loss
under 6 % or three sigma, a loss of which the ship turned at the same time, a drag near a coast, in
a strait or before a port, one in water that the coarse depth makes deeper than 150 m, and an anchor
too light for the ship to feel.

What raises false alarms: a speed lowered within minutes to meet a time, for a pilot or a limit, an
engine that runs on less power; a head sea or ice where fewer than two other ships are near. No
weather is read. A ship that loses way before it opens raises nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sargas.watch.ahead import horizon_of
from sargas.watch.detect.base import Detector, Finding, Identity, Surroundings
from sargas.watch.detect.cohort import MOST
from sargas.watch.detect.drag_around import close_slots, look_around
from sargas.watch.detect.drag_fold import fold_samples
from sargas.watch.detect.drag_ramp import WINDOW
from sargas.watch.detect.drag_state import (
    ONSET,
    STATE,
    Params,
    Ports,
    step_gain,
    water_of,
)
from sargas.watch.detect.drag_words import DragWords
from sargas.watch.minutes import Minutes


class DragOnset(Detector):
    """D1: speed lost under way against the vessel's own speed.

    Attributes:
        followed: events of D2, and of losses that came gradually, that the last minutes gave; for
            `drag_confirmed` and `speed_loss`.
    """

    word = "drag_onset"
    number = "D1"
    version = "3"
    state_dtype = STATE
    lowered_at_work = True
    ticks = True
    reads_samples = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        rules = around.rules[self.word]
        gain = step_gain(rules["spread_tau_min"], rules["smooth_min"])
        limits = {n: rules[n] for n in Params._fields if n not in ("step_gain", "water")}
        self.params = Params(water=water_of(rules), step_gain=gain, **limits)
        ports = around.geography.ports
        self._ports = Ports(ports.lon, ports.lat, ports.radius_m)
        self._horizon = horizon_of(around.rules)
        self._is_open, self._asks = np.zeros(0, np.bool_), np.zeros(0, np.int32)
        self._asking = 0
        self._seen, self._shares = np.empty((3, 2, len(around.assets))), np.empty(MOST)
        self._kn, self._sums = np.empty(WINDOW), np.empty((2, WINDOW + 1))
        self.followed = self._events[:0]
        # Called with nothing to do, so that it is compiled with the others and not at the first
        # onset in the middle of a watch.
        self._look_around(0)

    def fresh(self, state: NDArray[np.void]) -> None:
        """Mark what is unknown."""
        names = (
            "beta_own_deg", "beta_deg", "sogs", "cogs", "turn_deg", "fall_kn", "low_kn",
            "hunting_deg", "hunting_s", "hunting_share", "hunting_before_deg", "cohort_share",
            "fall_min", "minute_kn",
        )  # fmt: skip
        for name in names:
            state[name] = math.nan

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some whole minutes; give D1's events, keep those told by others."""
        events = super().fold(minutes)
        self.followed = events[events["kind"] != ONSET]
        onsets: NDArray[np.void] = events[events["kind"] == ONSET]
        return onsets

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave; between minutes only open slots are marked.

        Raises:
            StateVersionError: it is of another version or shape.
        """
        super().load(arrays)
        self._is_open = self.state["priority"] > 0
        self._asks = np.zeros(len(self.state), np.int32)

    def _grow(self, slots: int) -> None:
        """Make state for new slots, and what goes with it."""
        super()._grow(slots)
        more = len(self.state) - len(self._is_open)
        if more > 0:
            self._is_open = np.append(self._is_open, np.zeros(more, np.bool_))
            self._asks = np.zeros(len(self.state), np.int32)

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Fold a minute's samples; what it asks for is looked at when the minute is over."""
        self._asking = fold_samples(
            minutes.samples, minutes.rows, start, end, self.state, self._asks, self.params
        )
        return end, n

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Close what is over, then look at what lies around those that ask."""
        self._make_room(2 * (int(self._is_open.sum()) + self._asking))
        self._n = close_slots(t_ms, self.state, self._is_open, self.params, self._events, n)
        if self._asking:
            self._look_around(t_ms)
        return len(self.state), self._n

    def _look_around(self, t_ms: int) -> None:
        """Call the kernel that knows the surroundings, for the slots that ask."""
        self._n = look_around(
            t_ms, self._asks[: self._asking], self.state, self._is_open, self.around.index,
            self.around.ground, self._ports, self._horizon, self.params, self._seen,
            self._shares, self._kn, self._sums, self._events, self._n,
        )  # fmt: skip
        self._asking = 0

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how much speed was lost since when, what else was looked at, and what lies ahead."""
        return DragWords(self.around, self.params, event, who).finding()


NOTHING = np.dtype([("nothing", "u1")])


class FollowsOnset(Detector):
    """A rule that tells part of what D1 has followed, and keeps no state of its own.

    Attributes:
        kind: which of D1's events it tells.
    """

    kind: ClassVar[int]
    state_dtype = NOTHING
    rests_on: ClassVar[tuple[str, ...]] = (DragOnset.word,)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._onset: DragOnset | None = None

    def meet(self, others: Mapping[str, Detector]) -> None:
        """Take note of the detector of onsets."""
        onset = others.get(DragOnset.word)
        self._onset = onset if isinstance(onset, DragOnset) else None

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Give what D1 has found of this kind in these minutes."""
        if self._onset is None:
            return self._events[:0]
        events = self._onset.followed
        own: NDArray[np.void] = events[events["kind"] == self.kind]
        return own

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Put the event into D1's words."""
        assert self._onset is not None
        return DragWords(self.around, self._onset.params, event, who).finding()
