"""An exercise as batches: its sentences through the same decoder as everything else."""

from __future__ import annotations

from collections.abc import Iterator

from sargas.decode import AisDecoder
from sargas.exercise.run import run
from sargas.exercise.scenario import Scenario
from sargas.feeds.nmea import fixes_of, statics_of
from sargas.model.fixes import Batch


def play(scenario: Scenario) -> Iterator[tuple[int, Batch]]:
    """Play a scenario minute by minute.

    Yields:
        (first moment of the minute in ms UTC, what was received in it).
    """
    decoder = AisDecoder()
    for minute in run(scenario):
        tables = decoder.feed(minute.sentences)
        yield minute.t_ms, Batch(fixes_of(tables.fixes), statics_of(tables.static))
