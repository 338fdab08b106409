"""Reading a home's alerts up to the gate: whatever leaves is read here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sargas.model.evidence import told_span_ms
from sargas.model.time import DAY_MS, day_of
from sargas.model.triage import RELEASE_TO, UNDO, WITHDRAW, Act
from sargas.share.policy import UNKNOWN, Policy
from sargas.share.release import SCANNED, Released, feed_of, released
from sargas.store import Archive
from sargas.store.canon import shard_of
from sargas.store.damaged import files_set_aside
from sargas.store.feed_book import FeedBook
from sargas.store.home import FIXES
from sargas.store.journal import FOLDER as JOURNAL
from sargas.store.kept_rows import MARGIN_MS, keeps, subjects_of
from sargas.store.retention import Rule, first_day, load_rule
from sargas.store.standing import Standing

FEW = 20
"""Of so many alerts the lines are asked for one by one; a log of years has many others."""


class HomeFeeds:
    """Which feeds of a home brought what an alert rests on.

    Args:
        archive: of the home.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: dict[tuple[str, int], frozenset[str] | None] = {}

    def of(self, alert: Mapping[str, Any]) -> frozenset[str]:
        """Name the feeds that brought the vessel's fixes, copies of several feeds among them.

        Counted are those of half a day before the evidence until the last version was issued, and
        where two vessels met, those of the other one. What is about no vessel, or has no fixes any
        more, may rest on any feed of the home, as may what has lost some of them: to retention, or
        to damage. Where this is so, or a number stands for a feed that the home does not know, or
        a home that feeds came to has lost their names, `UNKNOWN` is among them.
        """
        names = FeedBook(self._archive.home).names()
        found = self._brought(alert, names)
        if found and UNKNOWN not in found:
            return found
        is_lost = not names and (self._archive.home.path / JOURNAL).exists()
        return frozenset((*names.values(), SCANNED, *([UNKNOWN] * is_lost), *(found or ())))

    def is_any(self, alert: Mapping[str, Any]) -> bool:
        """Tell whether an alert may rest on any feed, as nobody can say which brought its fixes."""
        found = self._brought(alert, FeedBook(self._archive.home).names())
        return not found or UNKNOWN in found

    def _brought(
        self, alert: Mapping[str, Any], names: Mapping[int, str]
    ) -> frozenset[str] | None:  # fmt: skip
        """Name the feeds of the vessels' fixes, read once an alert; None where it has no vessel."""
        key = alert["id"], alert["version"]
        if key not in self._known:
            self._known[key] = self._read(alert, names) if alert["subject"]["mmsi"] else None
        return self._known[key]

    def _read(self, alert: Mapping[str, Any], names: Mapping[int, str]) -> frozenset[str]:
        """Name the feeds; `UNKNOWN` is one of them where fixes are known or likely to be gone."""
        versions = [*(alert.get("versions") or ()), alert]
        low, high = told_span_ms(versions)
        low -= MARGIN_MS  # what it did before is held against what it does: its own speed, its lane
        days = {day_of(t_ms) for t_ms in (*range(low, high, DAY_MS), high)}
        found = {UNKNOWN} if self._are_past(days, versions) else set()
        is_whole = True
        for key in {key for version in versions for key in subjects_of(version)}:
            domain, number = divmod(key, 1 << 32)
            fixes = self._archive.track(domain, number, low, high)
            found |= {feed_of(n, names) for n in np.unique(fixes.src_id).tolist()}
            shard = int(shard_of(domain, number, self._archive.home.shards)[0])
            if any((day, shard) in self._aside for day in days):
                found.add(UNKNOWN)
            is_whole = is_whole and len(fixes) > 0
        # Of two that met, one without fixes may have been received by any feed.
        return frozenset(found if is_whole or UNKNOWN in found else ())

    @cached_property
    def _aside(self) -> frozenset[tuple[str, int]]:
        """Days and shards of which a damaged file of fixes was set aside."""
        lying = files_set_aside(self._archive.home)
        return frozenset((one.day, one.shard) for one in lying if one.table == FIXES)

    @cached_property
    def _rule(self) -> Rule | None:
        return load_rule(self._archive.home)

    @cached_property
    def _first_day(self) -> str:
        """The first day of which all fixes stay; empty where all do."""
        return first_day(self._archive.home, self._rule, FIXES) if self._rule else ""

    def _are_past(self, days: Collection[str], versions: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether a rule of retention lets go of fixes that an alert rests on."""
        if self._rule is None or keeps(self._rule.evidence, versions):
            return False
        return any(day < self._first_day and day not in self._rule.keep for day in days)


def feed_names(archive: Archive, policy: Policy, group: str) -> dict[int, str]:
    """Name the feeds of a home by number, to tell a group's fixes from others.

    Empty where the policy keeps no feed from the group: then nobody asks.
    """
    return FeedBook(archive.home).names() if policy.restricts(group) else {}


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
        archive: of the same home; asked for the feeds of an alert where a rule asks for feeds, or
            some feed may not go to the group.
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
    whole = with_versions(standing, wanted, as_of_ms)
    return released(whole, group, policy, acts, HomeFeeds(archive).of)


def with_versions(
    standing: Standing, alerts: Sequence[dict[str, Any]], as_of_ms: int
) -> list[dict[str, Any]]:
    """Give alerts with their `versions`, none of them where there is but one."""
    later = [alert["id"] for alert in alerts if alert["version"] > 1]
    before: dict[str, list[Any]] = standing.ledger.versions(later, as_of_ms) if later else {}
    return [alert | {"versions": before.get(alert["id"], [])} for alert in alerts]


def _said(standing: Standing, ids: Collection[str] | None) -> list[Act]:
    """Read what people said about releases, in order; of a few alerts, their own lines alone."""
    verbs = (RELEASE_TO, WITHDRAW, UNDO)
    if ids is None or len(ids) > FEW:
        return standing.log.lines(verbs=verbs)
    # What takes an act back is a line about its alert too.
    found = [line for name in ids for line in standing.log.lines(alert=name, verbs=verbs)]
    return sorted(found, key=lambda line: line.seq)
