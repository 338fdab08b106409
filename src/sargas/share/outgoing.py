"""Reading a home's alerts up to the gate: whatever leaves is read here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from sargas.model.fixes import AIR, FIRST_FEED, SEA
from sargas.model.triage import RELEASE_TO, UNDO, WITHDRAW, Act
from sargas.share.evidence import evidence_span_ms
from sargas.share.policy import Policy
from sargas.share.release import Released, released
from sargas.store import Archive
from sargas.store.feed_book import FeedBook
from sargas.store.standing import Standing

SCANNED = "scan"
"""What files are called among the feeds: a home knows scans by number alone."""
FEW = 20
"""Of so many alerts the lines are asked for one by one; a log of years has many others."""


class HomeFeeds:
    """Which feeds of a home brought what an alert rests on.

    Args:
        archive: of the home.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def of(self, alert: Mapping[str, Any]) -> frozenset[str]:
        """Name the feeds that brought the vessel's fixes, copies of several feeds among them.

        What is about no vessel, or has no fixes any more, may rest on any feed of the home.
        """
        names = FeedBook(self._archive.home).names()
        everything = frozenset((*names.values(), SCANNED))
        subject = alert["subject"]
        if not subject["mmsi"]:
            return everything
        spans = [evidence_span_ms(v) for v in alert.get("versions") or [alert]]
        low, high = min(s[0] for s in spans), max(s[1] for s in spans)
        domain = AIR if subject["domain"] == "air" else SEA
        fixes = self._archive.track(domain, subject["mmsi"], low, high + 1)
        found = frozenset(
            names.get(number, "") if number >= FIRST_FEED else SCANNED
            for number in np.unique(fixes.src_id).tolist()
        )
        # A number that the book does not know might be any feed's.
        return found if found and "" not in found else everything


def outgoing(
    standing: Standing,
    group: str,
    policy: Policy,
    as_of_ms: int,
    *,
    archive: Archive,
    ids: Collection[str] | None = None,
    supposed: Sequence[Act] = (),
) -> list[Released]:
    """Give what a group gets, oldest alert first.

    Acts count whatever event time they were done at: a live screen is ahead of what is judged, and
    what was withdrawn there must not leave for another minute.

    Args:
        standing: how the alerts of a home stand.
        group: who asks.
        policy: of the home.
        as_of_ms: leave out versions after this.
        archive: of the same home; asked for the feeds of an alert where a rule asks for feeds.
        ids: only these.
        supposed: acts that nobody has done, to see what they would do.

    Raises:
        NotFoundError: there is no such group.
    """
    asked = policy.group(group)
    acts = [*_said(standing, ids), *supposed]
    named = {act.alert for act in acts if act.detail.get("group") == group}
    if not asked.sees and not named:  # the usual group: nothing to read
        return []
    found = standing.triaged(as_of_ms) if ids is None else standing.these(ids, as_of_ms)
    wanted = [alert for alert in found if asked.sees or alert["id"] in named]
    later = [alert["id"] for alert in wanted if alert["version"] > 1]
    before: dict[str, list[Any]] = standing.ledger.versions(later, as_of_ms) if later else {}
    whole = [alert | {"versions": before.get(alert["id"], [])} for alert in wanted]
    return released(whole, group, policy, acts, HomeFeeds(archive).of)


def _said(standing: Standing, ids: Collection[str] | None) -> list[Act]:
    """Read what people said about releases, in order; of a few alerts, their own lines alone."""
    verbs = (RELEASE_TO, WITHDRAW, UNDO)
    if ids is None or len(ids) > FEW:
        return standing.log.lines(verbs=verbs)
    # What takes an act back is a line about its alert too.
    found = [line for name in ids for line in standing.log.lines(alert=name, verbs=verbs)]
    return sorted(found, key=lambda line: line.seq)
