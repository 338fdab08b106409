"""How the service itself is: `/healthz` for whoever restarts it, `/metrics` for Prometheus.

`/healthz` is open to all and tells one word: `ok`, `degraded` (a feed is not well, or what is
received waits) or `failing` (503: nothing can be kept, or nothing is folded). A service that is
degraded is not helped by a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sargas.web.as_json import Json
from sargas.web.clocks import Clocks

OK, DEGRADED, FAILING = "ok", "degraded", "failing"
WELL: Final = frozenset({"receiving", "ended", "connecting"})
WAITING_BYTES: Final = 64 << 20
"""So much of what was received may wait to be folded before the service is degraded (chosen: a
minute and a half of ten thousand sentences a second)."""


@dataclass(frozen=True)
class Vitals:
    """What a watch knows of itself.

    Attributes:
        refusal: why nothing can be kept now; empty where it can.
        is_folding: whether the thread that folds is at work.
        waiting_bytes: received and not folded yet. judged_to_ms: event time up to which all is
            judged, 0 for nothing.
        counts: what became of fixes and lines, by reason.
    """

    refusal: str = ""
    is_folding: bool = True
    waiting_bytes: int = 0
    judged_to_ms: int = 0
    counts: dict[str, int] = field(default_factory=dict)


class Health:
    """The answers about the service itself.

    Args:
        clocks: the shared clock, with the feeds, and the screens.
        vitals: asks the watch; a service over stored fixes has none.
    """

    def __init__(self, clocks: Clocks, vitals: Callable[[], Vitals] | None = None) -> None:
        self._clocks, self._player, self._vitals = clocks, clocks.shared, vitals or Vitals

    def routes(self) -> list[Route]:
        """Give the paths."""
        return [Route("/healthz", self.healthz), Route("/metrics", self.metrics)]

    def state(self) -> str:
        """Say how the service is, in one word."""
        vitals = self._vitals()
        if vitals.refusal or not vitals.is_folding:
            return FAILING
        states = {str(feed.get("state", "receiving")) for feed in self._player.feeds()}
        return DEGRADED if states - WELL or vitals.waiting_bytes > WAITING_BYTES else OK

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
        for reason, n in sorted(vitals.counts.items()):
            counts.add_metric([reason], n)
        yield counts
        yield from _of_feeds(player.feeds())


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
