"""Suites: committed lists of seeds and settings from which plays are made, never by hand.

`a` is for tuning, `b` for reporting; they share no seed, no vessel and no lane, and their noise,
reception and shares are drawn otherwise. Neither is changed once thresholds were tuned: a better
simulator makes new suites. `small` is for tests.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from importlib import resources

import msgspec

from sargas.errors import InputError, NotFoundError
from sargas.exercise.sea.build import Sea
from sargas.exercise.sea.settings import SeaSettings
from sargas.exercise.sea.simulate import NOTE, Prepared, batches_of, prepare, under_way_days
from sargas.exercise.staging import LOSSES, Stage
from sargas.exercise.truth import CONTROL, Play, Staged
from sargas.model.fixes import Batch
from sargas.model.time import parse_iso

NUMBERS_A_PLAY = 5000
"""MMSIs set aside for each play, so that no two share a vessel."""


class PlaySettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One play of a suite.

    Attributes:
        name: unique in the suite. seed: of all that is drawn in it.
        start: first moment, UTC. hours: how long. vessels: how many.
        drags: drag onsets in every stratum. losses: shares of speed they lose.
        twin: the same sea and hosts again, with nothing done to them, is a play of its own.
        sustained, gaps, drifts, stops, clones, jams: how many of these are staged.
    """

    name: str
    seed: int
    start: str
    hours: float
    vessels: int
    drags: int = 0
    losses: tuple[float, ...] = LOSSES
    twin: bool = False
    sustained: int = 0
    gaps: int = 0
    drifts: int = 0
    stops: int = 0
    clones: int = 0
    jams: int = 0

    @property
    def stages(self) -> int:
        """How much is staged; 0 is clean traffic."""
        return (
            self.drags + self.sustained + self.gaps + self.drifts + self.stops + self.clones
            + self.jams
        )  # fmt: skip


class Suite(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A suite: its sea, and the plays in it."""

    name: str
    note: str
    sea: SeaSettings
    play: tuple[PlaySettings, ...]


def read_suite(name: str) -> Suite:
    """Read the settings of a shipped suite.

    Raises:
        NotFoundError: there is no such suite. InputError: its file is wrong.
    """
    folder = resources.files("sargas.exercise").joinpath("suites")
    file = folder.joinpath(f"{name.lower()}.toml")
    if not name.isalnum() or not file.is_file():
        known = ", ".join(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))
        raise NotFoundError(f"There is no suite '{name}'.", hint=f"There are: {known}.")
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Suite)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"This is not a suite: {error}.", where=file.name) from error


def plays_of(name: str) -> Iterator[Play]:
    """Make the plays of a shipped suite one by one, in the order of its file.

    A play's tables are kept while it is the last or the last but one: fold it before asking for
    the next, or they are made again, which takes some fifteen seconds of CPU for 4,000 vessels.
    A twin follows its play.

    Raises:
        NotFoundError: there is no such suite.
    """
    suite = read_suite(name)
    for number, settings in enumerate(suite.play):
        yield from _plays(suite, number, settings)


def load_suite(name: str) -> list[Play]:
    """Make all plays of a shipped suite (see `plays_of`, which is kinder to time and memory).

    Raises:
        NotFoundError: there is no such suite.
    """
    return list(plays_of(name))


def sea_of(suite: Suite, number: int) -> SeaSettings:
    """Give the sea of a suite's play: its number of vessels, with MMSIs of its own."""
    return replace(
        suite.sea,
        vessels=suite.play[number].vessels,
        first_mmsi=suite.sea.first_mmsi + number * NUMBERS_A_PLAY,
    )


@lru_cache(maxsize=2)
def _staged_sea(suite: str, number: int) -> tuple[Prepared, Sea, Sea, tuple[Staged, ...]]:
    """Prepare and stage a play: (the sea, with what is staged, its twin, the truth).

    Kept for two plays alone: a suite's tables together would fill the memory.
    """
    read = read_suite(suite)
    p = read.play[number]
    prepared = prepare(sea_of(read, number), p.seed, parse_iso(p.start), p.hours)
    if not p.stages:
        return prepared, prepared.sea, prepared.sea, ()
    stage = Stage(prepared, p.seed)
    if p.drags:
        stage.drags(p.losses, p.drags)
    stage.sustained(p.sustained)
    stage.gaps(p.gaps)
    stage.drifts(p.drifts)
    stage.stops(p.stops)
    stage.clones(p.clones)
    stage.jams(p.jams)
    return prepared, stage.sea(), stage.sea(with_orders=False), tuple(stage.staged)


def _plays(suite: Suite, number: int, settings: PlaySettings) -> list[Play]:
    """Make a play, and its twin if it has one."""
    prepared, sea, twin, staged = _staged_sea(suite.name, number)
    truths = [(settings.name, sea, (*staged, *prepared.happenings), False)]
    if settings.twin:
        controls = tuple(replace(s, kind=CONTROL) for s in staged)
        truths.append((f"{settings.name}-twin", twin, (*controls, *prepared.happenings), True))
    return [
        Play(
            name=name,
            batches=_again(suite.name, number, is_twin=is_twin),
            staged=truth,
            under_way_vessel_days=under_way_days(prepared, tables),
            vessels=settings.vessels,
            hours=settings.hours,
            simulated=True,
            note=NOTE,
        )
        for name, tables, truth, is_twin in truths
    ]


def _again(suite: str, number: int, *, is_twin: bool) -> Callable[[], Iterator[Batch]]:
    """Give what makes a play's batches anew."""

    def batches() -> Iterator[Batch]:
        prepared, sea, twin, _ = _staged_sea(suite, number)
        return batches_of(prepared, twin if is_twin else sea)

    return batches
