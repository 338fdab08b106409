"""The screen of a live watch: the same service as over stored fixes, with now as its clock."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sargas import __version__
from sargas.cli.gathering import gather
from sargas.cli.live.running import LiveWatch
from sargas.reference import home_assets
from sargas.store import AuditLog, Ledger
from sargas.web.api import make_app
from sargas.web.clocks import Clocks
from sargas.web.desk import Desk
from sargas.web.listening import Listening
from sargas.web.live import LivePicture
from sargas.web.player import Player, Span
from sargas.web.service import hosts
from sargas.web.service import serve as serve_app
from sargas.web.zones import ZoneBook

if TYPE_CHECKING:
    from sargas.share.evidence import Evidence


class Screen:
    """The service over a live watch.

    Args:
        make_live: makes the watch, given what is to be shown rows and alerts.
        exercise: what the screen says of the exercise; None for real traffic.
    """

    def __init__(
        self,
        make_live: Callable[[Screen], LiveWatch],
        exercise: dict[str, str] | None,
    ) -> None:
        self._picture: LivePicture | None = None
        self._clocks: Clocks | None = None
        self.live = make_live(self)
        home = self.live.home
        now_ms = self.live.receiver.clock.now_ms
        self._picture = LivePicture(home, now_ms)
        self._ledger = Ledger(home)
        self._desk = Desk(self._ledger, AuditLog(home))
        stored = self._picture.archive.span()
        begin_ms = stored[0] if stored else now_ms()
        self._assets = home_assets(home.path)
        credits = (url.credit for url in self.live.urls)
        self._attribution = [*self._assets.attributions, *dict.fromkeys(filter(None, credits))]

        def span() -> Span:
            judged_ms = self.live.watch.judged_to_ms
            return Span(min(begin_ms, now_ms()), now_ms(), max(judged_ms, begin_ms))

        about = {
            "version": __version__, "mode": "watch", "exercise": exercise,
            "attribution": self._attribution,
        }  # fmt: skip
        player = Player(
            self._picture, self._desk, span, self.live.feeds, about,
            speed=1.0, live=True, t_ms=now_ms(), is_now=True,
        )  # fmt: skip
        self._clocks = Clocks(player, self._picture.past)

    def rows(self, batch: Any) -> None:  # noqa: ANN401 - see `Folding`
        """Show what was received."""
        if self._picture is not None:
            self._picture.take(batch)

    def alerts(self, alerts: Any) -> None:  # noqa: ANN401
        """Tell every screen of new versions."""
        if self._clocks is not None:
            self._clocks.news(alert.id for alert in alerts)

    def serve(
        self, sock: socket.socket, listening: Listening, *, browser: bool, tick: Callable[[], bool]
    ) -> None:
        """Serve and watch until interrupted, or until the feeds have ended.

        Raises:
            Exception: what ended the watch, if anything did.
        """
        assert self._clocks is not None
        live, clocks, stop = self.live, self._clocks, threading.Event()
        fault: list[BaseException] = []

        def fold() -> None:
            try:
                live.run(lambda: stop.is_set() or tick())
            except BaseException as error:  # told to the main thread, which ends with it
                fault.append(error)

        def evidence(alert_id: str, as_of_ms: int | None) -> Evidence:
            return gather(live.home, alert_id, as_of_ms=as_of_ms)

        book = ZoneBook(live.home.path, lambda: live.watch.judged_to_ms, live.turn)
        app = make_app(
            clocks.shared, self._desk, self._assets, self._attribution, hosts(sock, listening),
            gather=evidence, book=book, vitals=lambda: live.vitals(), clocks=clocks,
        )  # fmt: skip
        folding = threading.Thread(target=fold, name="folding")
        folding.start()
        try:
            serve_app(app, sock, browser=browser, until=lambda: bool(fault), listening=listening)
        finally:
            stop.set()
            folding.join()
        if fault:
            raise fault[0]
