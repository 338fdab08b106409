"""What rows are: of which exercise, or real traffic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.scenario import STATION_PREFIX

EXERCISE_KEY = b"sargas.exercise"
"""Key of the schema metadata by which a Parquet file of ours names its exercise."""
REAL = ""
"""Stands for real traffic where the name of an exercise would stand."""


def kinds(feed: Any, station: NDArray[np.int64]) -> set[str]:  # noqa: ANN401 - feeds differ
    """Tell of which exercises rows are, `REAL` among them where some are of none.

    Args:
        feed: that handed them over.
        station: (n,) int64 codes of their stations.

    Exercises are known by the names of their stations, and our own Parquet by its metadata.
    """
    names = getattr(getattr(feed, "decoder", None), "stations", None)
    if names is None:
        return {exercise_of(feed) or REAL}
    stations = set(np.unique(station).tolist())
    marked = {-2 - k: name for k, name in enumerate(names) if name.startswith(STATION_PREFIX)}
    kinds = {exercise_name(marked[code]) for code in stations & marked.keys()}
    return kinds | ({REAL} if stations - marked.keys() else set())


def exercise_name(station: str) -> str:
    """Take the exercise's name out of a station's.

    Example:
        >>> exercise_name("EXERCISE-eagle-s.2")
        'eagle-s'
    """
    name = station.removeprefix(STATION_PREFIX)
    return name.rpartition(".")[0] or name


def kind_text(kind: str) -> str:
    """Say what rows are."""
    return f"the exercise '{kind}'" if kind else "real traffic"


def exercise_of(feed: Any) -> str | None:  # noqa: ANN401 - feeds differ
    """Give the exercise that a whole file says it is of, as our own Parquet does."""
    schema = getattr(getattr(feed, "_file", None), "schema_arrow", None)
    told = {} if schema is None else schema.metadata or {}
    return told.get(EXERCISE_KEY, b"").decode("utf-8", "replace") or None


def exercise_of_station(station: str) -> str | None:
    """Give the exercise that a station's name says it is of.

    Example:
        >>> exercise_of_station("EXERCISE-eagle-s.2"), exercise_of_station("2573315")
        ('eagle-s', None)
    """
    return exercise_name(station) if station.startswith(STATION_PREFIX) else None
