"""How alerts stand: what the watch gave, what suspensions mute, and what people made of it.

Whoever shows alerts reads them through here, so that all show the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sargas.model.suspension import Suspension, muted
from sargas.model.time import parse_iso
from sargas.model.triage import Step, triage_of
from sargas.store.audit import AuditLog
from sargas.store.home import Home
from sargas.store.ledger import Ledger


class Standing:
    """What the ledger and the audit log hold, put together as of an event time.

    Args:
        ledger: the alerts.
        log: the acts on them, and the suspensions.
    """

    def __init__(self, ledger: Ledger, log: AuditLog) -> None:
        self.ledger, self.log = ledger, log

    def alerts(self, as_of_ms: int | None = None) -> list[dict[str, Any]]:
        """Give the latest version of each alert under suspensions, oldest first.

        Args:
            as_of_ms: leave out versions and suspensions after this; None leaves out nothing.
        """
        return self._suspended(self.ledger.alerts(as_of_ms), as_of_ms)

    def triaged(self, as_of_ms: int, *, since_ms: int | None = None) -> list[dict[str, Any]]:
        """Give what `alerts` gives, each with its `triage`.

        Args:
            as_of_ms: leave out versions and acts after this.
            since_ms: only alerts with a version or an act of then or later.
        """
        found = self.ledger.alerts(as_of_ms, since_ms=since_ms)
        if since_ms is None:
            return self._with_triage(found, as_of_ms, everything=True)
        acts = self.log.lines(as_of_ms=as_of_ms, since_ms=since_ms)
        others = {act.alert for act in acts if act.alert} - {alert["id"] for alert in found}
        if others:
            found += self.ledger.alerts(as_of_ms, ids=others)
        return self._with_triage(found, as_of_ms)

    def these(self, ids: Collection[str], as_of_ms: int) -> list[dict[str, Any]]:
        """Give some alerts with their triage; those that are not there yet are left out."""
        return self._with_triage(self.ledger.alerts(as_of_ms, ids=ids), as_of_ms)

    def alert(self, alert_id: str, as_of_ms: int) -> dict[str, Any]:
        """Give one alert with its versions, its triage and its lines of the log.

        Raises:
            NotFoundError: there is no such alert, or not yet.
        """
        found = self.ledger.alert(alert_id, as_of_ms)
        lines = self.log.lines(alert=alert_id, as_of_ms=as_of_ms)
        steps = [
            Step(v["version"], v["state"], v["priority"], parse_iso(v["t_issued"]))
            for v in found["versions"]
        ]
        (alert,) = self._suspended([found], as_of_ms)
        triage = triage_of(steps, lines).to_dict()
        return alert | {"triage": triage, "log": [act.to_dict() for act in lines]}

    def _with_triage(
        self, alerts: list[dict[str, Any]], as_of_ms: int, *, everything: bool = False
    ) -> list[dict[str, Any]]:
        if not alerts:
            return []
        triage = self.log.triage(as_of_ms, None if everything else [a["id"] for a in alerts])
        alerts = self._suspended(alerts, as_of_ms)
        return [alert | {"triage": triage[alert["id"]].to_dict()} for alert in alerts]

    def _suspended(
        self, alerts: list[dict[str, Any]], as_of_ms: int | None
    ) -> list[dict[str, Any]]:
        return under_suspensions(self.ledger, alerts, self.log.suspensions(as_of_ms))


def stored_alerts(home: Home) -> list[dict[str, Any]]:
    """Read the latest version of every alert of a home, oldest first; none where none was kept."""
    if not home.ledger_path.exists():
        return []  # assets alone were imported: asking must not make a ledger
    with Ledger(home) as ledger, AuditLog(home) as log:
        return Standing(ledger, log).alerts()


def under_suspensions(
    ledger: Ledger, alerts: list[dict[str, Any]], suspensions: Sequence[Suspension]
) -> list[dict[str, Any]]:
    """Mute what suspensions cover, as a watch that knew of them would have.

    The ledger keeps what the watch gave: a suspension counts at once where alerts are shown, and
    in what is scanned after it.

    Args:
        ledger: where the alerts are from.
        alerts: bodies, of any versions.
        suspensions: as of the time that is shown.
    """
    if not suspensions:
        return alerts
    from_ms = min(one.from_ms for one in suspensions)
    until_ms = max(one.ends_ms for one in suspensions)
    within = [a for a in alerts if from_ms <= parse_iso(a["t_detected"]) < until_ms]
    # What an alert is about stays as it was detected, wherever the vessel has gone since.
    first = ledger.first_versions([a["id"] for a in within if a["version"] > 1])
    shown = {a["id"]: muted(a, first.get(a["id"], a), suspensions) for a in within}
    return [shown.get(a["id"], a) for a in alerts]
