"""How far one alert has got: which groups it is released to, since when, and what left for whom.

And what a group would get if it were released now, by the gate itself: the act is supposed and
handed to it with those that were done, so that a look ahead can say nothing that an exit would not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sargas.model.time import iso
from sargas.model.triage import RELEASE_TO, SHARE, WITHDRAW, Act
from sargas.share.outgoing import outgoing
from sargas.share.policy import Policy
from sargas.share.release import Released, releases
from sargas.share.saying import as_json
from sargas.store import Archive
from sargas.store.standing import Standing

LEFT_MOST = 20
"""Of the exits of an alert for a group the newest so many are told."""


@dataclass(frozen=True)
class Reach:
    """How one alert stands with one group.

    Attributes:
        group, label: which group.
        words: what it never gets, in the words of the policy.
        redacted: the same as paths.
        alert: what it gets now, from the gate; None for nothing.
        act: the last release or withdrawal by a person; None where there was none.
        left: lines of the log by which it left for the group, oldest first.
    """

    group: str
    label: str
    words: tuple[str, ...]
    redacted: tuple[str, ...]
    alert: Released | None
    act: Act | None
    left: Sequence[Act]

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON has it. `left` holds what the log knows: reading `/ogc` is not noted."""
        alert, act = self.alert, self.act
        return {
            "group": self.group,
            "label": self.label,
            "versions": [v["version"] for v in alert.history] if alert else [],
            "because": alert.because if alert else None,
            "told_as": alert.id if alert else None,
            "redacted": list(self.redacted),
            "released": _said(act) if act and act.verb == RELEASE_TO else None,
            "withdrawn": _said(act) if act and act.verb == WITHDRAW else None,
            "left": [_exit(line) for line in self.left[-LEFT_MOST:]],
            "left_count": len(self.left),
        }


def reach(
    standing: Standing,
    policy: Policy,
    alert_id: str,
    as_of_ms: int,
    *,
    archive: Archive,
    only: str | None = None,
) -> list[Reach]:
    """Say how one alert stands with each group, in the order of the policy.

    Args:
        standing: how the alerts of a home stand.
        policy: of the home.
        alert_id: which alert, its whole id.
        as_of_ms: leave out versions after this.
        archive: of the same home.
        only: this group alone.

    Raises:
        NotFoundError: there is no such group.
    """
    acts = releases(standing.log.lines(alert=alert_id))
    exits = standing.log.lines(verbs=(SHARE,), mentions=f'"{alert_id}:')
    out = []
    for name in [only] if only else policy.groups:
        group = policy.group(name)
        found = outgoing(standing, name, policy, as_of_ms, archive=archive, ids={alert_id})
        said = acts.get((alert_id, name), [])
        left = [line for line in _taken(exits) if line.detail["group"] == name]
        out.append(
            Reach(
                name, group.label, group.redact, group.redacted, found[0] if found else None,
                said[-1] if said else None, left,
            )
        )  # fmt: skip
    return out


def would_get(
    standing: Standing,
    policy: Policy,
    group: str,
    alert_id: str,
    version: int,
    as_of_ms: int,
    *,
    archive: Archive,
) -> dict[str, Any] | None:
    """Give what a group would get of an alert if a person released it now.

    Args:
        standing, policy, alert_id, as_of_ms, archive: as for `reach`.
        group: to whom.
        version: the version that the person has seen: the group gets that one and those after it.

    Returns:
        The newest version as the group would have it, with its `release`, and under `versions` the
        numbers of all that it would get; None where there is no such alert or version.

    Raises:
        NotFoundError: there is no such group.
    """
    act = Act(0, 0, 0, "", RELEASE_TO, alert_id, version, 0, "", "", {"group": group})
    found = outgoing(
        standing, group, policy, as_of_ms, archive=archive, ids={alert_id}, supposed=[act]
    )
    if not found:
        return None
    (alert,) = found
    return {
        "versions": [v["version"] for v in alert.history],
        "alert": as_json(alert, alert.body),
    }


def _taken(exits: Sequence[Act]) -> list[Act]:
    """Leave out what was noted and then not taken by the other side."""
    out: list[Act] = []
    for line in exits:
        said = line.detail
        if not said.get("failed"):
            out.append(line)
            continue
        same = [k for k, one in enumerate(out) if one.detail["where"] == said["where"]]
        if same:
            del out[same[-1]]
    return out


def _said(act: Act) -> dict[str, Any]:
    return {
        "officer": act.officer, "at": iso(act.at_ms), "t": iso(act.t_ms), "version": act.version,
        "comment": act.detail.get("comment", ""),
    }  # fmt: skip


def _exit(line: Act) -> dict[str, Any]:
    return {
        "at": iso(line.at_ms), "officer": line.officer, "format": line.detail["format"],
        "where": line.detail["where"],
    }  # fmt: skip
