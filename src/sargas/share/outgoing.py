"""Reading a home's alerts up to the gate: whatever leaves is read here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sargas.model.triage import RELEASE_TO, UNDO, WITHDRAW
from sargas.share.policy import Policy
from sargas.share.release import Released, released
from sargas.store.standing import Standing


def outgoing(
    standing: Standing,
    group: str,
    policy: Policy,
    as_of_ms: int,
    *,
    ids: Collection[str] | None = None,
) -> list[Released]:
    """Give what a group gets, oldest alert first.

    Args:
        standing: how the alerts of a home stand.
        group: who asks.
        policy: of the home.
        as_of_ms: leave out versions and acts after this.
        ids: only these.

    Raises:
        NotFoundError: there is no such group.
    """
    asked = policy.group(group)
    acts = [
        act
        for act in standing.log.lines(as_of_ms=as_of_ms)
        if act.verb in (RELEASE_TO, WITHDRAW, UNDO)
    ]
    named = {act.alert for act in acts if act.detail.get("group") == group}
    if not asked.sees and not named:  # the usual group: nothing to read
        return []
    found = standing.triaged(as_of_ms)
    wanted = [
        alert
        for alert in found
        if (ids is None or alert["id"] in ids) and (asked.sees or alert["id"] in named)
    ]
    later = [alert["id"] for alert in wanted if alert["version"] > 1]
    before: dict[str, list[Any]] = standing.ledger.versions(later, as_of_ms) if later else {}
    whole = [alert | {"versions": before.get(alert["id"], [])} for alert in wanted]
    return released(whole, group, policy, acts, standing.ledger.sources())
