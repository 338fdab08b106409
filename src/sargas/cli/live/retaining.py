"""Retention in a live watch: applied once an event day, a little after each commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from sargas.cli.words import counted
from sargas.errors import SargasError
from sargas.store.home import Home
from sargas.store.retention import load_rule
from sargas.store.thinning import Application, Place

OFFICER: Final = "sargas watch"
STEP_S: Final = 0.3
"""A step ends with a shard that was thinned, or after so long: folding is not held up for more."""


class Retaining:
    """Applies a home's rule while a watch writes to it; the watch holds the writer lock.

    Args:
        home: the home.
        say: told what people should read.
    """

    def __init__(self, home: Home, say: Callable[[str], None]) -> None:
        self._home, self._say = home, say
        self._seen: frozenset[str] | None = None
        self._application: Application | None = None
        self._places: Iterator[Place] = iter(())

    def step(self) -> None:
        """Go on a little; where a rule or a shard cannot be read, say so and try another day."""
        try:
            if self._application is None:
                self._application = self._begin()
            if self._application is not None:
                self._go_on(self._application)
        except SargasError as error:
            self._application = None
            self._say(f"retention: {error} Nothing more is let go until the next event day.")

    def _begin(self) -> Application | None:
        """Begin to apply the rule when the watch has begun, and when a day has.

        A rule that is changed meanwhile counts with the next day: there is time to mend a slip.
        """
        days = frozenset(self._home.days())
        is_due = self._seen is None or bool(days - self._seen)
        self._seen = days
        rule = load_rule(self._home) if is_due else None
        if rule is None:
            return None
        application = Application(self._home, rule)
        self._places = application.places()
        return application

    def _go_on(self, application: Application) -> None:
        """Thin a shard, or end where none is left."""
        until_s = time.monotonic() + STEP_S
        for place in self._places:
            is_changed = application.thin(place)
            while application.set_aside:
                self._say(f"retention: {application.set_aside.pop()}")
            if is_changed or time.monotonic() > until_s:
                return
        self._application = None
        done = application.done
        application.note(OFFICER, t_ms=application.newest_ms, at_ms=time.time_ns() // 1_000_000)
        if done.rows:
            self._say(
                f"retention: {counted(done.rows, 'row')} of {counted(len(done.days), 'day')} "
                "were let go, "
                f"{done.bytes / 1e6:,.1f} MB are free"
            )
        for what in list(application.failed.values())[:1]:
            shards = counted(len(application.failed), "shard")
            self._say(f"retention: left as they are: {shards}, the first as: {what}")
