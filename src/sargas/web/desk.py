"""The desk: alerts as screens take them, who looks at which, and telling screens what was done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from sargas.errors import StoreError
from sargas.model.suspension import END_SUSPENSION, SUSPEND
from sargas.model.triage import END_WATCH, PARTNER_VERBS, START_WATCH, ZONE_VERBS, Act
from sargas.store import AuditLog, Ledger
from sargas.store.standing import Standing

WHOLE_ONLY = frozenset(
    ("detector_version", "rules", "geometry", "next_assets", "why", "against", "evidence", "notes",
     "caveat")
)  # fmt: skip
"""Most of an alert, and only of interest where one is looked at: the list leaves it out."""
FOLLOW_EVERY_S = 1.0
"""The log is looked at so often for acts from elsewhere: the command line, another service."""


class Teller(Protocol):
    """Whoever tells the screens of one clock: a player."""

    t_ms: int

    def tell(self, message: dict[str, Any]) -> None:
        """Send them a JSON message."""

    def tell_alerts(self, alerts: list[dict[str, Any]]) -> None:
        """Send them alerts, if there are any."""


class Tellers(Protocol):
    """Whoever tells the screens of all clocks."""

    def all(self) -> Sequence[Teller]:
        """Give who tells the screens of each clock."""

    def tell(self, message: dict[str, Any]) -> None:
        """Send a JSON message to every screen."""


class Desk:
    """How alerts stand, for the screens; and what the screens look at.

    Args:
        ledger: the alerts.
        log: the acts on them.

    Attributes:
        told: number of the newest line of the log that screens were told of.
    """

    def __init__(self, ledger: Ledger, log: AuditLog) -> None:
        self.ledger, self.log = ledger, log
        self.standing = Standing(ledger, log)
        self.told = log.last_seq()
        self._looking: dict[object, tuple[str, str]] = {}

    def alerts(self, as_of_ms: int, *, since_ms: int | None = None) -> list[dict[str, Any]]:
        """Give alerts with their triage as of an event time, as they are listed.

        Args:
            as_of_ms: leave out versions and acts after this.
            since_ms: only alerts with a version or an act of then or later.
        """
        return list(map(as_listed, self.standing.triaged(as_of_ms, since_ms=since_ms)))

    def whole_alerts(self, as_of_ms: int) -> list[dict[str, Any]]:
        """Give what `alerts` gives with all that there is to each."""
        return list(map(as_shown, self.standing.triaged(as_of_ms)))

    def alert(self, alert_id: str, as_of_ms: int) -> dict[str, Any]:
        """Give one alert whole, with its versions and its lines of the log.

        Raises:
            NotFoundError: there is no such alert, or not yet.
        """
        return as_shown(self.standing.alert(alert_id, as_of_ms))

    def these(self, ids: Collection[str], as_of_ms: int) -> list[dict[str, Any]]:
        """Give some alerts as `alerts` does; those that are not there yet are left out."""
        return list(map(as_listed, self.standing.these(ids, as_of_ms)))

    def on_watch(self) -> list[dict[str, Any]]:
        """List who has the watch."""
        return [
            {"officer": a.officer, "since_ms": a.t_ms, "seq": a.seq, **a.detail}
            for a in self.log.on_watch()
        ]

    def suspensions(self, as_of_ms: int) -> list[dict[str, Any]]:
        """List the suspensions there are and were as of an event time, the newest first."""
        return [one.to_dict() for one in self.log.suspensions(as_of_ms)[::-1]]

    def looks(self, screen: object, officer: str, alert: str) -> bool:
        """Note at which alert a screen looks; true if that is news."""
        if self._looking.get(screen) == (officer, alert):
            return False
        self._looking[screen] = (officer, alert)
        return True

    def left(self, screen: object) -> bool:
        """Forget a screen that has gone; true if it was looking at something."""
        return self._looking.pop(screen, None) is not None

    def looking(self) -> list[dict[str, str]]:
        """List who looks at which alert, each once."""
        return [
            {"officer": officer, "alert": alert}
            for officer, alert in sorted({pair for pair in self._looking.values() if all(pair)})
        ]

    async def catch_up(self, screens: Tellers) -> None:
        """Tell every screen what was done since it was last told, wherever it was done."""
        acts = await asyncio.to_thread(self.log.lines, after_seq=self.told)
        if not acts:
            return
        self.told = max(self.told, acts[-1].seq)
        for one in screens.all():
            await self._tell_of(acts, one)
        if any(act.verb in (START_WATCH, END_WATCH) for act in acts):
            on_watch = await asyncio.to_thread(self.on_watch)
            screens.tell({"kind": "watches", "on_watch": on_watch})
        if any(act.verb in ZONE_VERBS for act in acts):
            screens.tell({"kind": "zones"})
        if any(act.verb in PARTNER_VERBS for act in acts):
            screens.tell({"kind": "partners"})

    async def _tell_of(self, acts: list[Act], screens: Teller) -> None:
        """Tell the screens of one clock how alerts and suspensions stand after acts."""
        now_ms = screens.t_ms
        alerts = await asyncio.to_thread(self.these, {a.alert for a in acts if a.alert}, now_ms)
        about = [act.t_ms for act in acts if act.verb in (SUSPEND, END_SUSPENSION)]
        if about:
            found = await asyncio.to_thread(self.suspensions, now_ms)
            screens.tell({"kind": "suspensions", "suspensions": found})
            # Done at an earlier time than is shown, as by another service: then it bears on these.
            alerts += await asyncio.to_thread(self.alerts, now_ms, since_ms=min(about))
        screens.tell_alerts(alerts)

    async def follow(self, screens: Tellers) -> None:
        """Catch up until cancelled."""
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            with contextlib.suppress(StoreError):  # the player says so, and tries again too
                await self.catch_up(screens)


def as_shown(alert: dict[str, Any]) -> dict[str, Any]:
    """Give an alert as screens take it: the number of an area or a feed is null.

    Example:
        >>> as_shown({"id": "0a", "subject": {"domain": "area", "mmsi": 0}})["subject"]["mmsi"]
        >>> as_shown({"id": "0b", "subject": {"domain": "sea", "mmsi": 7}})["subject"]["mmsi"]
        7
    """
    subject = alert["subject"]
    return alert if subject["mmsi"] else alert | {"subject": subject | {"mmsi": None}}


def as_listed(alert: dict[str, Any]) -> dict[str, Any]:
    """Give an alert as the list has it: without `WHOLE_ONLY`, of the context the lists alone.

    Example:
        >>> made = {"subject": {"mmsi": 7}, "why": [{"feature": "sog_ratio"}]}
        >>> as_listed(made | {"context": {"depth_m": 62}})
        {'subject': {'mmsi': 7}, 'context': {}}
        >>> as_listed(made | {"context": {"depth_m": 62, "lists": []}})
        {'subject': {'mmsi': 7}, 'context': {'lists': []}}
    """
    short = {name: value for name, value in as_shown(alert).items() if name not in WHOLE_ONLY}
    context = alert["context"]
    return short | {"context": {"lists": context["lists"]} if "lists" in context else {}}
