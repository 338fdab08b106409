"""How far one alert has got: which groups it is released to, since when, and what left for whom.

And what a group would get if it were released now, by the gate itself: the act is supposed and
handed to it with those that were done, so that a look ahead can say nothing that an exit would not.

Where a feed may not go to a group a person is told before they release what rests on it: the gate
would let nothing of it out, and nobody would notice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sargas.errors import UsageError
from sargas.model.time import iso
from sargas.model.triage import RELEASE_TO, SHARE, WITHDRAW, Act
from sargas.share.outgoing import HomeFeeds, outgoing, with_versions
from sargas.share.policy import FILE, UNKNOWN, Policy
from sargas.share.release import Released, releases
from sargas.share.saying import as_json
from sargas.store import Archive
from sargas.store.standing import Standing

LEFT_MOST = 20
"""Of the exits of an alert for a group the newest so many are told."""
NAMED_MOST = 5
"""So many feeds are named at most where one would do."""
NAMELESS = "?"
"""How a feed that the home has no name for is told."""


@dataclass(frozen=True)
class KeptBack:
    """An alert that a group cannot get, whoever releases it, as a feed may not go there.

    Attributes:
        alert_id: which alert.
        group: which group.
        feeds: those that it may rest on and that may not go there, as they are told.
        rows: of the policy, that say so.
        is_any: whether it may rest on any feed, as nobody can say which brought its fixes.
    """

    alert_id: str
    group: str
    feeds: tuple[str, ...]
    rows: tuple[str, ...]
    is_any: bool

    @property
    def what(self) -> str:
        """Say it in a sentence."""
        words = {NAMELESS: "one that this home has no name for or has lost fixes of"}
        named = ", ".join(words.get(one, f"'{one}'") for one in self.feeds[:NAMED_MOST])
        more = f" and {len(self.feeds) - NAMED_MOST} more" * (len(self.feeds) > NAMED_MOST)
        feeds = f"feed{'s' * (len(self.feeds) > 1)} {named}{more}"
        rests = f"may rest on any feed, also on {feeds}" if self.is_any else f"rests on {feeds}"
        return f"Alert {self.alert_id[:10]} {rests}, which may not go to {self.group}."

    @property
    def hint(self) -> str:
        """Say what can be done."""
        rows = ", ".join(f'[feeds."{row}"]' for row in self.rows[:NAMED_MOST])
        return (
            f"Release it to a group that may have the feed: 'sargas share policy' shows which, "
            f"by {rows} in {FILE}."
        )


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
        withheld: feeds that it may rest on and that may not go to the group: it gets nothing,
            whoever releases it.
    """

    group: str
    label: str
    words: tuple[str, ...]
    redacted: tuple[str, ...]
    alert: Released | None
    act: Act | None
    left: Sequence[Act]
    withheld: tuple[str, ...] = ()

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
            "withheld": list(self.withheld),
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
    feeds = HomeFeeds(archive)
    for name in [only] if only else policy.groups:
        group = policy.group(name)
        found = outgoing(standing, name, policy, as_of_ms, archive=archive, ids={alert_id})
        said = acts.get((alert_id, name), [])
        left = [line for line in _taken(exits) if line.detail["group"] == name]
        kept = _kept_back(standing, policy, name, {alert_id}, as_of_ms, feeds)
        out.append(
            Reach(
                name, group.label, group.redact, group.redacted, found[0] if found else None,
                said[-1] if said else None, left, kept[0].feeds if kept else (),
            )
        )  # fmt: skip
    return out


def kept_back(
    standing: Standing,
    policy: Policy,
    group: str,
    ids: Collection[str],
    as_of_ms: int,
    *,
    archive: Archive,
) -> list[KeptBack]:
    """Find those of some alerts that a group cannot get, whoever releases them.

    Args:
        standing, policy, as_of_ms, archive: as for `reach`.
        group: to whom.
        ids: of alerts, whole; those that are not there are left out.

    Raises:
        NotFoundError: there is no such group.
    """
    policy.group(group)
    return _kept_back(standing, policy, group, ids, as_of_ms, HomeFeeds(archive))


def refuse_kept_back(
    standing: Standing,
    policy: Policy,
    group: str,
    ids: Collection[str],
    as_of_ms: int,
    *,
    archive: Archive,
) -> None:
    """Refuse to release what a group could not get; the arguments are those of `kept_back`.

    Raises:
        NotFoundError: there is no such group.
        UsageError: one of the alerts may rest on a feed that may not go to the group.
    """
    for one in kept_back(standing, policy, group, ids, as_of_ms, archive=archive):
        raise UsageError(one.what, hint=one.hint)


def _kept_back(
    standing: Standing, policy: Policy, group: str, ids: Collection[str], as_of_ms: int,
    feeds: HomeFeeds,
) -> list[KeptBack]:  # fmt: skip
    if not policy.restricts(group):  # the usual group: nothing to read
        return []
    out = []
    for alert in with_versions(standing, standing.these(ids, as_of_ms), as_of_ms):
        if found := policy.withheld(group, feeds.of(alert)):
            fitting = {row for feed in found for row in policy.rows_of(feed)}
            rows = [
                row
                for row, said in policy.feeds.items()
                if group not in said.groups and (UNKNOWN in found or row in fitting)
            ]
            named = tuple(sorted(one or NAMELESS for one in found))
            out.append(KeptBack(alert["id"], group, named, tuple(rows), feeds.is_any(alert)))
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
