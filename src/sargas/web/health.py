"""How the service itself is: `/healthz` for whoever restarts it, `/metrics` for Prometheus.

`/healthz` is open to all and tells one word: `ok`, `degraded` (a feed is not well, or what is
received waits) or `failing` (503: nothing can be kept, or nothing is folded). A service that is
degraded is not helped by a restart.

Screens are told what keeps the watch from judging, as long as it does: one that shows ships and a
green feed while no alarm can arise is worse than none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sargas.model.alerts import RETRACTED, Alert
from sargas.model.time import HOUR_MS, iso
from sargas.web.as_json import Json
from sargas.web.clocks import Clocks

OK, DEGRADED, FAILING = "ok", "degraded", "failing"
WELL: Final = frozenset({"receiving", "ended", "connecting"})
WAITING_BYTES: Final = 64 << 20
"""So much of what was received may wait to be folded before the service is degraded (chosen: a
minute and a half of ten thousand sentences a second)."""
STORE, JOURNAL, FOLDING, BACKLOG = "store", "journal", "folding", "backlog"
"""What keeps a watch from judging: the ledger or the shards refuse, the journal does, the thread
that folds has stopped, or folding is far behind: feeds wait, or it begins anew."""
CAUSES: Final = (STORE, JOURNAL, FOLDING, BACKLOG)
TOLD_MS: Final = HOUR_MS
"""That a halt is over is told for so long."""
UNSTORED_MOST: Final = 20
"""So many of the alerts that could not be stored are told one by one (chosen)."""
FOLLOW_EVERY_S: Final = 0.5
"""How often screens are told what has changed of it."""


@dataclass(frozen=True)
class Halt:
    """What keeps a watch from judging.

    Attributes:
        cause: one of `CAUSES`. what: why, in words.
        since_ms: since when, by the watch's clock.
        unstored: versions of alerts that were found and could not be stored yet.
    """

    cause: str
    what: str
    since_ms: int
    unstored: tuple[Alert, ...] = ()


@dataclass(frozen=True)
class Vitals:
    """What a watch knows of itself.

    Attributes:
        halt: what keeps it from judging now; None where nothing does.
        waiting_bytes: received and not folded yet. judged_to_ms: event time up to which all is
            judged, 0 for nothing.
        counts: gives what became of fixes and lines, by reason.
        now_ms: when it was asked, by its clock.
    """

    halt: Halt | None = None
    waiting_bytes: int = 0
    judged_to_ms: int = 0
    counts: Callable[[], Mapping[str, int]] = dict
    now_ms: int = 0


class Health:
    """The answers about the service itself.

    Args:
        clocks: the shared clock, with the feeds, and the screens.
        vitals: asks the watch; a service over stored fixes has none.
    """

    def __init__(self, clocks: Clocks, vitals: Callable[[], Vitals] | None = None) -> None:
        self._clocks, self._player, self._vitals = clocks, clocks.shared, vitals or Vitals
        self._last: Halt | None = None
        self._ended_ms: int | None = None
        self._judged_ms = 0
        self._player.halt = self.halt

    def routes(self) -> list[Route]:
        """Give the paths."""
        return [Route("/healthz", self.healthz), Route("/metrics", self.metrics)]

    def state(self) -> str:
        """Say how the service is, in one word."""
        vitals = self._vitals()
        if vitals.halt is not None and vitals.halt.cause != BACKLOG:
            return FAILING
        states = {str(feed.get("state", "receiving")) for feed in self._player.feeds()}
        is_behind = vitals.halt is not None or vitals.waiting_bytes > WAITING_BYTES
        return DEGRADED if states - WELL or is_behind else OK

    def halt(self) -> dict[str, Any] | None:
        """Say what keeps the watch from judging, or did within the last hour; asked by the loop.

        Of one cause that follows another without a pause the beginning is that of the first.
        """
        vitals = self._vitals()
        now, last = vitals.halt, self._last
        if now is not None:
            goes_on = last is not None and self._ended_ms is None
            self._last = replace(now, since_ms=last.since_ms) if goes_on and last else now
            self._ended_ms, self._judged_ms = None, vitals.judged_to_ms
        elif last is None:
            return None
        elif self._ended_ms is None:
            self._last, self._ended_ms = replace(last, unstored=()), vitals.now_ms
        elif vitals.now_ms - self._ended_ms > TOLD_MS:
            self._last = None
            return None
        assert self._last is not None
        return _told(self._last, self._ended_ms, self._judged_ms)

    async def follow(self) -> None:
        """Tell every screen when it changes, until cancelled; nothing else is waited for."""
        told = self.halt()
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            now = self.halt()
            if now != told:
                told = now
                self._clocks.tell({"kind": "halt", "halt": now})

    async def healthz(self, request: Request) -> Response:
        """Answer whoever restarts services; at once, as all of it stands in memory."""
        state = self.state()
        return Json({"status": state}, 503 if state == FAILING else 200)

    def metrics(self, request: Request) -> Response:
        """Answer Prometheus."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
        from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        ProcessCollector(registry=registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    def collect(self) -> Iterator[Any]:
        """Give the measures, as prometheus_client wants them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        vitals, player = self._vitals(), self._player
        info = GaugeMetricFamily("sargas_build_info", "Version.", labels=["version"])
        info.add_metric([str(self._player.about["version"])], 1)
        yield info
        for name, what, value in (
            ("sargas_up", "1 while what is received can be kept and is folded.",
             float(self.state() != FAILING)),
            ("sargas_clock_seconds", "Event time that screens show, Unix.", player.t_ms / 1000),
            ("sargas_judged_to_seconds", "Event time up to which all is judged, Unix.",
             vitals.judged_to_ms / 1000),
            ("sargas_journal_waiting_bytes", "Received and not folded yet.",
             float(vitals.waiting_bytes)),
            ("sargas_vessels", "Vessels in the picture.", float(player.picture.vessels)),
            ("sargas_screens", "Screens that are connected.", float(self._clocks.screens)),
            ("sargas_screens_looking_back", "Screens that look back in a live watch.",
             float(self._clocks.looking_back)),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, what, value=value)
        counts = CounterMetricFamily(
            "sargas_rows", "What became of fixes and lines; ok was judged.", labels=["reason"]
        )
        for reason, n in sorted(vitals.counts().items()):
            counts.add_metric([reason], n)
        yield counts
        yield from _of_feeds(player.feeds())


def _told(halt: Halt, ended_ms: int | None, judged_ms: int) -> dict[str, Any]:
    """Write a halt as screens take it; of alerts those that would wait for a person."""
    latest = {alert.id: alert for alert in halt.unstored}.values()
    worst = sorted(
        (a for a in latest if a.priority != "P3" and a.state != RETRACTED and not a.muted_by),
        key=lambda alert: (alert.priority, alert.t_detected_ms, alert.id),
    )
    return {
        "cause": halt.cause, "what": halt.what, "since_ms": halt.since_ms, "until_ms": ended_ms,
        "judged_to_ms": judged_ms or None, "unstored_count": len(worst),
        "unstored": [
            {"id": a.id, "priority": a.priority, "t_detected": iso(a.t_detected_ms),
             "text": a.text}
            for a in worst[:UNSTORED_MOST]
        ],
    }  # fmt: skip


def _of_feeds(feeds: list[dict[str, Any]]) -> Iterator[Any]:
    """Give the measures of each feed."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    up = GaugeMetricFamily("sargas_feed_up", "1 while the feed is received.", labels=["feed"])
    last = GaugeMetricFamily(
        "sargas_feed_last_received_seconds", "When it last brought something, Unix.",
        labels=["feed"],
    )  # fmt: skip
    lag = GaugeMetricFamily(
        "sargas_feed_lag_seconds", "Age of its newest report when it came.", labels=["feed"]
    )
    counters = {
        name: CounterMetricFamily(f"sargas_feed_{name}", what, labels=["feed"])
        for name, what in (
            ("fixes", "Position reports."), ("rejected", "Lines that could not be read."),
            ("dropped", "Datagrams that the system dropped."),
            ("connections", "Connections that brought something."),
            ("faults", "Connections that ended by a fault of sargas."),
        )
    }  # fmt: skip
    for feed in feeds:
        label = [str(feed["name"])]
        up.add_metric(label, float(feed.get("state", "receiving") in WELL))
        if feed["last_ms"] is not None:
            last.add_metric(label, feed["last_ms"] / 1000)
        if feed.get("lag_ms") is not None:
            lag.add_metric(label, feed["lag_ms"] / 1000)
        for name, counter in counters.items():
            counter.add_metric(label, feed.get(name, 0))
    yield from (up, last, lag, *counters.values())
