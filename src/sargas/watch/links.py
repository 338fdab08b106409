"""`feed_link`: a live feed is silent, or brings nothing that can be read, or brings it too late.

`feed_health` (D18) counts vessels and needs event time to move; when nothing comes at all it stands
still. The line to a feed is therefore followed beside the fold, by times of reception that were
written down as they came: the same record gives the same alerts.

Definition: a feed is silent when nothing was received for its idle time (60 s unless it says
otherwise); unreadable when bytes come and no report in them for as long; late when for as long all
that it brings is older than its lateness allows. P2; P1 while no feed is well, for then the watch
sees nothing. It closes when the feed is well again. Idle time and lateness are chosen for shore
feeds, which bring rows each second (settled 5).

What it cannot see: a feed that goes on sending but has lost a part of its receivers (`feed_health`
does). What raises false alarms: a small receiver at night, when nobody sails near it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from sargas.errors import StateVersionError
from sargas.model.alerts import CLOSED, OPEN, Alert, Reason, Subject, alert_id
from sargas.model.fixes import FIRST_FEED_STATION
from sargas.model.saved import refusing_damage

WORD: Final = "feed_link"
VERSION: Final = "1"
STATE_VERSION: Final = 1
SILENT, UNREADABLE, LATE = "silent", "unreadable", "late"
SAID: Final = {
    SILENT: "nothing received",
    UNREADABLE: "bytes but no report received",
    LATE: "only reports older than its lateness received",
}
FEATURES: Final = {cause: f"time with {words}" for cause, words in SAID.items()}
"""What is tested, by cause."""


@dataclass(frozen=True)
class FeedTerms:
    """What is expected of a feed.

    Attributes:
        number: of the feed in its home. name: what it is called.
        idle_ms: how long nothing may come. lateness_ms: how old its reports may be.
    """

    number: int
    name: str
    idle_ms: int
    lateness_ms: int


class _Link(msgspec.Struct):
    """What is known of one feed: times of reception in ms, 0 for never."""

    received_ms: int = 0
    read_ms: int = 0
    late_since_ms: int = 0
    cause: str = ""
    alert: Alert | None = None


class FeedLinks:
    """Follows the lines to feeds and gives their alerts.

    Args:
        feeds: the feeds of the watch.
        rules, geometry: versions that the watch's alerts carry.
        exercise: name of the exercise, if it is one.

    Example:
        >>> links = FeedLinks([FeedTerms(1, "north", 60_000, 60_000)], "r", "g")
        >>> _ = links.received(1, 1_000_000, rows=4, newest_ms=999_000)
        >>> alert, = links.silent(1, 1_060_000, "connection refused")
        >>> alert.priority, alert.state, alert.text[:36]
        ('P1', 'open', 'Feed north: nothing received for 60 ')
        >>> [a.state for a in links.received(1, 1_090_000, rows=1, newest_ms=1_089_000)]
        ['closed']
    """

    def __init__(
        self, feeds: Iterable[FeedTerms], rules: str, geometry: str, exercise: str | None = None
    ) -> None:
        self._terms = {feed.number: feed for feed in feeds}
        self._links = {number: _Link() for number in self._terms}
        self._rules, self._geometry, self._exercise = rules, geometry, exercise

    def silent(self, feed: int, t_ms: int, reason: str) -> list[Alert]:
        """Take note that nothing has come from a feed for its idle time.

        Args:
            feed: its number. t_ms: when that was found. reason: why, as far as is known.

        Returns:
            New versions of alerts.
        """
        link = self._links.get(feed)
        if link is None or link.cause == SILENT:
            return []
        closed = self._close(link, t_ms, "it is silent now") if link.alert else []
        since_ms = link.received_ms or t_ms - self._terms[feed].idle_ms
        return closed + self._open(feed, SILENT, since_ms, t_ms, reason)

    def received(self, feed: int, t_ms: int, rows: int, newest_ms: int | None) -> list[Alert]:
        """Take note of bytes from a feed.

        Args:
            feed: its number. t_ms: when they were received.
            rows: reports that they held. newest_ms: the newest event time among those that carry
                a time of their own; None where none does.

        Returns:
            New versions of alerts.
        """
        link, terms = self._links.get(feed), self._terms.get(feed)
        if link is None or terms is None:
            return []
        out = []
        is_silent = link.cause == SILENT
        link.received_ms = t_ms
        if rows or is_silent or not link.read_ms:
            link.read_ms = t_ms
        is_late = newest_ms is not None and t_ms - newest_ms > terms.lateness_ms
        if is_late:
            link.late_since_ms = link.late_since_ms or t_ms
        elif rows:
            link.late_since_ms = 0
        if is_silent:
            out += self._close(link, t_ms, "it is received again")
        if link.cause == UNREADABLE and rows:
            out += self._close(link, t_ms, "reports can be read again")
        if link.cause == LATE and rows and not is_late:
            out += self._close(link, t_ms, "its reports come in time again")
        if not link.cause and t_ms - link.read_ms >= terms.idle_ms:
            out += self._open(feed, UNREADABLE, link.read_ms, t_ms, "")
        if not link.cause and link.late_since_ms and t_ms - link.late_since_ms >= terms.idle_ms:
            since_ms, by_s = link.late_since_ms, (t_ms - (newest_ms or t_ms)) / 1000
            out += self._open(feed, LATE, since_ms, t_ms, f"by {by_s:,.0f} s")
        return out

    def dump(self) -> bytes:
        """Give the state, with its version."""
        return msgspec.msgpack.encode((STATE_VERSION, self._links))  # JSON knows no NaN

    def load(self, state: bytes) -> None:
        """Take up what `dump` gave; feeds that are no longer watched are dropped.

        Raises:
            StateVersionError: it is of another version, or damaged.
        """
        with refusing_damage("the lines to feeds"):
            version, links = msgspec.msgpack.decode(state, type=tuple[int, dict[int, _Link]])
        if version != STATE_VERSION:
            raise StateVersionError(f"The state of feeds has version {version}.")
        self._links |= {number: link for number, link in links.items() if number in self._links}

    def _open(self, feed: int, cause: str, since_ms: int, t_ms: int, reason: str) -> list[Alert]:
        """Open an alert about a feed."""
        terms, link = self._terms[feed], self._links[feed]
        segment = FIRST_FEED_STATION + feed + 1
        subject = Subject("feed", 0, segment, name=f"feed {terms.name}")
        since_s, limit_s = (t_ms - since_ms) / 1000, terms.idle_ms / 1000
        because = f" ({reason.rstrip('.')})" if reason else ""
        name = alert_id(WORD, VERSION, subject.key, "", since_ms)
        link.cause = cause
        link.alert = Alert(
            id=name, detector=WORD, detector_version=VERSION, rules=self._rules, version=1,
            state=OPEN, priority="P2", t_start_ms=since_ms, t_detected_ms=t_ms, t_issued_ms=t_ms,
            subject=subject, lon=float("nan"), lat=float("nan"), asset=None, next_assets=(),
            why=(Reason(FEATURES[cause], since_s, "s", limit_s, since_s - limit_s,
                        since_s >= limit_s),),
            against=("a receiver that hears few vessels is silent at times",),
            context={"gnss": "not assessed", "coverage": None, "depth_m": None},
            text=f"Feed {terms.name}: {SAID[cause]} for {since_s:.0f} s{because}; vessels that "
            "only it hears are not seen meanwhile, and no gaps are called of them.",
            exercise=self._exercise, group=name[:12], evidence_ms=(since_ms, t_ms),
            geometry=self._geometry,
        )  # fmt: skip
        return [*self._others(feed, t_ms), self._ranked(link)]

    def _close(self, link: _Link, t_ms: int, how: str) -> list[Alert]:
        """Close the alert about a feed."""
        before = link.alert
        link.cause, link.alert = "", None
        if before is None:
            return []
        lasted_s = (t_ms - before.t_start_ms) / 1000
        text = f"{(before.subject.name or 'feed').capitalize()}: {how}, after {lasted_s:,.0f} s."
        end = before.revised(state=CLOSED, t_issued_ms=t_ms, t_end_ms=t_ms, text=text)
        return [end, *self._others(-1, t_ms)]

    def _ranked(self, link: _Link) -> Alert:
        """Give a new alert with the priority that it has among the other feeds."""
        assert link.alert is not None
        link.alert = replace(link.alert, priority=self._priority())
        return link.alert

    def _others(self, but: int, t_ms: int) -> list[Alert]:
        """Give next versions of the open alerts of other feeds whose priority changes by this."""
        out, priority = [], self._priority()
        for number, link in sorted(self._links.items()):
            if number != but and link.alert is not None and link.alert.priority != priority:
                link.alert = link.alert.revised(priority=priority, t_issued_ms=t_ms)
                out.append(link.alert)
        return out

    def _priority(self) -> str:
        """P1 while no feed is well: the watch sees nothing."""
        is_blind = all(link.cause in (SILENT, UNREADABLE) for link in self._links.values())
        return "P1" if is_blind else "P2"
