"""What every detector is: a fold over cleaned, located fixes that opens and closes events.

A detector is one file with (a) a state dtype, one row per identity segment, (b) kernels that a
reader can run as plain Python, (c) `explain`, which turns an event into reasons and words. It
reads no clock, and nothing of other detectors unless it names them in `rests_on`. Time passes in
ticks of one minute of event time: all fixes of a minute first, then the tick that ends it. It
takes the rows, or, where no single fix matters, one sample a vessel and minute (`watch.minutes`),
which is several times cheaper.

Kernels bind the columns they use to local names before their loop: handing `rows` (a tuple of
twenty arrays) to a function inside the loop costs some 200 ns, more than the work itself.

An event is identified by (detector, slot, t_start_ms): `OPEN`, then any number of `UPDATE`, then
`CLOSE`, all with the same start. No detector retracts: late data does, when it is folded in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sargas.errors import StateVersionError
from sargas.model.alerts import NextAsset, Reason, Subject
from sargas.model.assets import AssetSet
from sargas.model.time import MINUTE_MS
from sargas.reference import Geography, Mask
from sargas.watch.growing import with_room
from sargas.watch.rules import Rules

if TYPE_CHECKING:
    from sargas.watch.locate import Ground, PieceIndex
    from sargas.watch.minutes import Minutes

    Run = Callable[[Minutes, int, int, NDArray[np.void], int], tuple[int, int]]

OPEN, UPDATE, CLOSE = 1, 2, 3
FEATURES = 26
ROOM = 4
"""Events that one row or one slot's tick may write at most."""

EVENT = np.dtype(
    [
        ("op", "u1"), ("kind", "u1"), ("priority", "u1"), ("slot", "i4"),
        ("t_start_ms", "i8"), ("t_ms", "i8"), ("minute", "i8"),
        ("lon", "f8"), ("lat", "f8"), ("asset", "i4"), ("distance_m", "f8"),
        ("accuracy_m", "f8"), ("kp_m", "f8"), ("x", "f8", FEATURES),
    ]
)  # fmt: skip
"""One step in an event's life. `priority` 1-3; `asset` -1 for none; `kind` and `x` are the
detector's own, `x` in the order of its `FEATURE_NAMES`. `t_ms` is when this became known, in event
time; `minute` is the minute it was folded in, which the framework fills (a tick belongs to the
minute it ends)."""


@dataclass(frozen=True)
class Surroundings:
    """What the watch knows about the world; constant while it folds."""

    assets: AssetSet
    geography: Geography
    index: PieceIndex
    ground: Ground
    rules: Rules
    exercise: str | None = None
    masks: tuple[Mask, ...] = ()


@dataclass(frozen=True)
class Identity:
    """What a vessel had said about itself by some event time."""

    domain: str
    mmsi: int
    segment: int
    imo: int | None = None
    name: str | None = None
    callsign: str | None = None
    ship_type: int | None = None
    length_m: int | None = None

    @property
    def subject(self) -> Subject:
        """The same as whom an output is about."""
        return Subject(**vars(self))

    @property
    def spoken(self) -> str:
        """Name and number as one would read them out; areas and feeds have a name only."""
        if not self.mmsi and self.name:
            return self.name
        return f"{self.name} (MMSI {self.mmsi})" if self.name else f"MMSI {self.mmsi}"


@dataclass(frozen=True)
class Finding:
    """An event in words and reasons, before the judge has weighed it.

    Attributes:
        text: one sentence that can be read out on VHF: what was seen and what was not.
        why: every test with value, unit, threshold and margin.
        against: what speaks against it, gates that passed only because a value is unknown.
        context: at least `depth_m`, `coverage` and `gnss` as text or numbers.
        priority: 1-3, before the judge's modifiers.
        evidence_ms: span of the fixes it rests on.
    """

    text: str
    why: tuple[Reason, ...]
    against: tuple[str, ...] = ()
    next_assets: tuple[NextAsset, ...] = ()
    context: dict[str, Any] = field(default_factory=dict)
    priority: int = 3
    evidence_ms: tuple[int, int] | None = None


class Detector(ABC):
    """One rule of the catalogue.

    Attributes:
        word: its name in alerts, like `slow_in_corridor`.
        number: its number in the catalogue, like `D4`.
        version: raised whenever equal input can give other events; part of every alert's id.
        state_dtype: one row per identity segment.
        muted_near_land: whether ports, anchorages and the land distance mute it (stop and slow
            rules); rules on crossing and dragging stay on near shore.
        lowered_at_work: whether a ship type that works slowly lowers it by one.
        ticks: whether it wants `run_tick` at the end of each minute.
        reads_samples: whether it takes one sample a vessel and minute instead of every row; it
            must tick then.
        of_vessels: whether its events are about vessels; those about areas and feeds are weighed
            first of their minute, and `subject_of` names what they are about.
        rests_on_positions: whether it is worth less where positions are not to be relied on.
        rests_on_reception: whether it is worth less where the feed is not well.
        rests_on: words of the detectors whose findings it reads; it is folded after them, and
            finds nothing where they do not run.
        name_of: names the vessel of a slot as it was known by a time, ms; the watch gives it, for
            rules about more than one vessel.
    """

    word: ClassVar[str]
    number: ClassVar[str]
    version: ClassVar[str] = "1"
    state_dtype: ClassVar[np.dtype[Any]]
    muted_near_land: ClassVar[bool] = False
    lowered_at_work: ClassVar[bool] = False
    ticks: ClassVar[bool] = False
    reads_samples: ClassVar[bool] = False
    of_vessels: ClassVar[bool] = True
    rests_on_positions: ClassVar[bool] = True
    rests_on_reception: ClassVar[bool] = False
    rests_on: ClassVar[tuple[str, ...]] = ()
    name_of: Callable[[int, int], Identity]

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.state = np.zeros(0, dtype=self.state_dtype)
        self._events = np.zeros(256, dtype=EVENT)
        self._n = 0

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some whole minutes and give the events they make.

        Returns:
            (k,) `EVENT`, in the order they became known.
        """
        self._grow(minutes.slots)
        self._n = 0
        if not self.ticks:
            self._run(self.run_rows, minutes, 0, len(minutes.rows.t_ms))
            events = self._events[: self._n].copy()
            events["minute"] = events["t_ms"] // MINUTE_MS
            return events
        run = self.run_samples if self.reads_samples else self.run_rows
        bounds = minutes.sample_bounds if self.reads_samples else minutes.bounds
        for k in range(len(bounds) - 1):
            before = self._n
            if bounds[k + 1] > bounds[k]:
                self._run(run, minutes, int(bounds[k]), int(bounds[k + 1]))
            self._tick((minutes.from_minute + k + 1) * MINUTE_MS)
            self._events["minute"][before : self._n] = minutes.from_minute + k
        return self._events[: self._n].copy()

    def _run(self, run: Run, minutes: Minutes, start: int, end: int) -> None:
        """Run the kernel over rows or samples to the end, making room whenever it asks."""
        while start < end:
            start, self._n = run(minutes, start, end, self._events, self._n)
            self._make_room()

    def _tick(self, t_ms: int) -> None:
        """Run the tick kernel over all slots, making room for events whenever it asks."""
        slot = 0
        while slot < len(self.state):
            slot, self._n = self.run_tick(t_ms, slot, self._events, self._n)
            self._make_room()

    def _make_room(self, more: int = ROOM) -> None:
        """Double the events until so many more find room."""
        room = len(self._events)
        while self._n + more > room:
            room *= 2
        self._events = with_room(self._events, room)

    def run_rows(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the row kernel on `minutes.rows` from `start` to `end`.

        The kernel must return early, with the row it has not touched yet, when fewer than
        `ROOM` events are free.

        Returns:
            (the next row, events written so far).
        """
        return end, n

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the sample kernel on `minutes.samples`, those of one minute; like `run_rows`."""
        return end, n

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Call the tick kernel from slot `start`; like `run_rows`, by slots."""
        return len(self.state), n

    def meet(self, others: Mapping[str, Detector]) -> None:  # noqa: B027 - most rest on none
        """Be shown the detectors of the same watch by word, once, before anything is folded."""

    def subject_of(self, event: np.void) -> Identity | None:
        """Name whom an event is about where that is no vessel; None: the vessel of its slot."""
        return None

    @abstractmethod
    def explain(self, event: np.void, who: Identity) -> Finding:
        """Put an event into reasons and words."""

    def _grow(self, slots: int) -> None:
        """Make state for new slots, filled by `fresh`."""
        kept = len(self.state)
        if slots > kept:
            self.state = with_room(self.state, max(slots, 2 * kept, 1024))
            self.fresh(self.state[kept:])

    def fresh(self, state: NDArray[np.void]) -> None:  # noqa: B027 - zero is a fine start
        """Set the values of state never used that are not zero."""

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, with the version that can read it."""
        return {"state": self.state, "version": np.array([int(self.version)])}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave.

        Raises:
            StateVersionError: it is of another version or shape.
        """
        if int(arrays["version"][0]) != int(self.version) or (
            arrays["state"].dtype != self.state_dtype
        ):
            raise StateVersionError(
                f"The saved state of {self.word} is of another version.",
                hint="Scan the archive again to rebuild it.",
            )
        self.state = arrays["state"].copy()


WORK_TYPES = frozenset((30, 31, 32, 33, 34, 35, 50, 51, 52, 53, 54, 55))
"""Ship types whose work is slow or near assets: fishing, towing, dredging, diving, military,
pilot, SAR, tug, tender, anti-pollution, law enforcement. They lower, never delete: the type is
typed in aboard."""


def reason(feature: str, value: float, unit: str, threshold: float, *, above: bool) -> Reason:
    """Write one test; `above` says whether it passes at or above the threshold.

    Example:
        >>> reason("SOG", 2.0, "kn", 3.0, above=False).margin
        1.0
    """
    margin = value - threshold if above else threshold - value
    return Reason(feature, value, unit, threshold, margin, bool(margin >= 0))


def features_of(event: np.void, names: tuple[str, ...]) -> dict[str, float]:
    """Give a detector's own features of an event by their names, at most `FEATURES`."""
    return {name: float(value) for name, value in zip(names, event["x"], strict=False)}
