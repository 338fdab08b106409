"""Alerts of a ledger as suspensions show them: whoever lists alerts lists them through here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sargas.model.suspension import Suspension, muted
from sargas.model.time import parse_iso
from sargas.store.ledger import Ledger


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
