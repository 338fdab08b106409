"""`feed_link`: a live feed is silent, or brings nothing that can be read, or dates it wrongly.

`feed_health` (D18) counts vessels and needs event time to move; when nothing comes at all it stands
still. The line to a feed is therefore followed beside the fold, by times of reception that were
written down as they came: the same record gives the same alerts.

Definition: a feed is silent when nothing was received for its idle time (60 s unless it says
otherwise); unreadable when bytes come and no report in them for as long; late when for as long all
that it brings is older than its lateness allows; ahead when for as long most of what it brings is
dated ahead of its reception, and dated by that or left out. P2; P1 while each feed brings nothing
or nothing but reports that are dated ahead. It closes when the feed is well again. Idle time and
lateness are chosen for shore feeds, which bring rows each second (settled 5). Late or ahead, a
clock is wrong, its own or this machine's: the line to one feed does not tell which; where all feeds
are, it is likely the machine's.

What it cannot see: a feed that goes on sending but has lost a part of its receivers (`feed_health`
does). What raises false alarms: a small receiver at night, when nobody sails near it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import msgspec

from sargas.errors import StateVersionError
from sargas.model.alerts import CLOSED, OPEN, Alert, Reason, Subject, alert_id
from sargas.model.fixes import FIRST_FEED_STATION
from sargas.model.saved import refusing_damage

WORD: Final = "feed_link"
VERSION: Final = "1"
STATE_VERSION: Final = 1
SILENT, UNREADABLE, LATE, AHEAD = "silent", "unreadable", "late", "ahead"
SAID: Final = {
    SILENT: "nothing received",
    UNREADABLE: "bytes but no report received",
    LATE: "only reports older than its lateness received",
    AHEAD: "most reports dated ahead of their reception",
}
FEATURES: Final = {cause: f"time with {words}" for cause, words in SAID.items()}
"""What is tested, by cause."""
_RARELY: Final = "a receiver that hears few vessels is silent at times"
AGAINST: Final = {
    SILENT: _RARELY,
    UNREADABLE: _RARELY,
    LATE: "the clock of this machine may be ahead: check that it is synchronised",
    AHEAD: "the clock of this machine may be behind: check that it is synchronised",
}
"""What is to be thought of, by cause."""
_BLIND: Final = frozenset({SILENT, UNREADABLE})
"""The causes by which nothing of a feed is judged."""
_UNSEEN: Final = "vessels that only it hears are not seen meanwhile, and no gaps are called of them"
_MEANWHILE: Final = "they are dated by their reception meanwhile"
_LEFT_OUT: Final = "they are left out, and vessels of which only they tell are not seen meanwhile"


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


class _Weighed(NamedTuple):
    """How most reports of a span were dated.

    Attributes:
        since_ms: since when most were ahead; 0 if they were not; None where no span has ended.
        is_whole: all were. then: what becomes of them meanwhile.
    """

    since_ms: int | None
    is_whole: bool
    then: str


_UNTOLD: Final = _Weighed(None, False, "")


class _Link(msgspec.Struct):
    """What is known of one feed: times of reception in ms, 0 for never.

    Attributes:
        span_ms: since when reports are counted to weigh those dated ahead: span_rows are all of
            them, span_ahead these, span_left those of these that were left out.
        is_whole: whether it is ahead with all that it brings.
    """

    received_ms: int = 0
    read_ms: int = 0
    late_since_ms: int = 0
    cause: str = ""
    alert: Alert | None = None
    span_ms: int = 0
    span_rows: int = 0
    span_ahead: int = 0
    span_left: int = 0
    is_whole: bool = False

    def begin_span(self, t_ms: int) -> None:
        """Count reports from a time on; 0 for the next that comes."""
        self.span_ms, self.span_rows, self.span_ahead, self.span_left = t_ms, 0, 0, 0

    def not_after(self, t_ms: int) -> None:
        """Forget times that have not come: the clock was ahead in an earlier run, or is behind."""
        if self.span_ms > t_ms:
            self.begin_span(0)
        if self.late_since_ms > t_ms:
            self.late_since_ms = 0
        self.read_ms, self.received_ms = min(self.read_ms, t_ms), min(self.received_ms, t_ms)

    def weigh(self, t_ms: int, rows: int, ahead: int, left_out: int, idle_ms: int) -> _Weighed:
        """Count reports; tell once an idle time whether most were ahead.

        One by one would not do: by a port that is open to all, good and bad ones come in turn.
        """
        if not rows + ahead:
            return _UNTOLD
        since_ms = self.span_ms = self.span_ms or t_ms
        self.span_rows += rows + ahead
        self.span_ahead += ahead
        self.span_left += left_out
        if t_ms - since_ms < idle_ms:
            return _UNTOLD
        is_ahead = 2 * self.span_ahead > self.span_rows
        is_whole = self.span_ahead == self.span_rows
        then = _MEANWHILE if not self.span_left else _UNSEEN if is_whole else _LEFT_OUT
        self.begin_span(t_ms)
        return _Weighed(since_ms if is_ahead else 0, is_whole, then)


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
        link.not_after(t_ms)
        closed = self._close(link, t_ms, "it is silent now") if link.alert else []
        link.late_since_ms = 0
        link.begin_span(0)
        since_ms = link.received_ms or t_ms - self._terms[feed].idle_ms
        return closed + self._open(feed, SILENT, since_ms, t_ms, reason)

    def received(
        self,
        feed: int,
        t_ms: int,
        rows: int,
        newest_ms: int | None,
        ahead: int = 0,
        ahead_by_ms: int = 0,
        left_out: int = 0,
    ) -> list[Alert]:
        """Take note of bytes from a feed.

        Args:
            feed: its number. t_ms: when they were received.
            rows: reports that they held and that were taken in as they are. newest_ms: the newest
                event time among those that carry a time of their own; None where none does.
            ahead: reports besides that were dated ahead, by ahead_by_ms at most. left_out: those
                of them that were left out; others were given the time of their reception.

        Returns:
            New versions of alerts.
        """
        link, terms = self._links.get(feed), self._terms.get(feed)
        if link is None or terms is None:
            return []
        out = []
        link.not_after(t_ms)
        link.received_ms = t_ms
        if rows or ahead or link.cause == SILENT or not link.read_ms:
            link.read_ms = t_ms
        is_late = newest_ms is not None and t_ms - newest_ms > terms.lateness_ms
        if is_late:
            link.late_since_ms = link.late_since_ms or t_ms
        elif rows:
            link.late_since_ms = 0
        weighed = link.weigh(t_ms, rows, ahead, left_out, terms.idle_ms)
        ahead_since_ms = weighed.since_ms
        if ahead_since_ms:
            link.late_since_ms, link.is_whole = 0, weighed.is_whole
        if how := _mended(link.cause, rows, ahead, ahead_since_ms, is_late=is_late):
            out += self._close(link, t_ms, how)
        if not link.cause and t_ms - link.read_ms >= terms.idle_ms:
            out += self._open(feed, UNREADABLE, link.read_ms, t_ms, "")
        if not link.cause and ahead_since_ms:
            by = f"by up to {ahead_by_ms / 1000:,.0f} s: " if ahead else ""
            by += "its clock is ahead, or that of this machine is behind"
            out += self._open(feed, AHEAD, ahead_since_ms, t_ms, by, weighed.then)
        elif link.cause == AHEAD and ahead_since_ms:
            out += self._others(-1, t_ms)  # by how much of it is ahead now
        if not link.cause and link.late_since_ms and t_ms - link.late_since_ms >= terms.idle_ms:
            since_ms, by_s = link.late_since_ms, (t_ms - (newest_ms or t_ms)) / 1000
            out += self._open(feed, LATE, since_ms, t_ms, f"by {by_s:,.0f} s")
        return out

    def unwatched(self, alerts: Iterable[Alert], t_ms: int) -> list[Alert]:
        """Close alerts about feeds that are no longer watched: nothing else would ever end them.

        Args:
            alerts: the open ones. t_ms: now.

        Returns:
            New versions of alerts.
        """
        return [
            _ended(alert, t_ms, "it is watched no more")
            for alert in alerts
            if alert.subject.segment - FIRST_FEED_STATION - 1 not in self._terms
        ]

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

    def _open(
        self, feed: int, cause: str, since_ms: int, t_ms: int, reason: str, then: str = _UNSEEN
    ) -> list[Alert]:
        """Open an alert about a feed."""
        terms, link = self._terms[feed], self._links[feed]
        segment = FIRST_FEED_STATION + feed + 1
        subject = Subject("feed", 0, segment, name=f"feed {terms.name}")
        since_s, limit_s = (t_ms - since_ms) / 1000, terms.idle_ms / 1000
        because = f" ({reason.rstrip('.')})" if reason else ""
        # What comes before reports are dated ahead may have begun in the same moment.
        name = alert_id(WORD, VERSION, subject.key, AHEAD if cause == AHEAD else "", since_ms)
        link.cause = cause
        link.alert = Alert(
            id=name, detector=WORD, detector_version=VERSION, rules=self._rules, version=1,
            state=OPEN, priority="P2", t_start_ms=since_ms, t_detected_ms=t_ms, t_issued_ms=t_ms,
            subject=subject, lon=float("nan"), lat=float("nan"), asset=None, next_assets=(),
            why=(Reason(FEATURES[cause], since_s, "s", limit_s, since_s - limit_s,
                        since_s >= limit_s),),
            against=(AGAINST[cause],),
            context={"gnss": "not assessed", "coverage": None, "depth_m": None},
            text=f"Feed {terms.name}: {SAID[cause]} for {since_s:.0f} s{because}; {then}.",
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
        end = _ended(before, t_ms, how)
        return [end, *self._others(-1, end.t_issued_ms)]

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
                issued_ms = max(t_ms, link.alert.t_issued_ms)
                link.alert = link.alert.revised(priority=priority, t_issued_ms=issued_ms)
                out.append(link.alert)
        return out

    def _priority(self) -> str:
        """P1 while the watch sees nothing, or nothing that is dated as it comes."""
        is_alarm = all(
            link.cause in _BLIND or (link.cause == AHEAD and link.is_whole)
            for link in self._links.values()
        )
        return "P1" if is_alarm else "P2"


def _ended(before: Alert, t_ms: int, how: str) -> Alert:
    """Give the last version of an alert about a feed."""
    t_ms = max(t_ms, before.t_issued_ms)  # of a run whose clock was ahead of this one's
    lasted_s = (t_ms - before.t_start_ms) / 1000
    text = f"{(before.subject.name or 'feed').capitalize()}: {how}, after {lasted_s:,.0f} s."
    return before.revised(state=CLOSED, t_issued_ms=t_ms, t_end_ms=t_ms, text=text)


def _mended(cause: str, rows: int, ahead: int, ahead_since_ms: int | None, *, is_late: bool) -> str:
    """Say how what was wrong with a feed has ended; nothing where it has not."""
    ends = {
        SILENT: (True, "it is received again"),
        UNREADABLE: (rows + ahead > 0, "reports can be read again"),
        LATE: (rows > 0 and not is_late, "its reports come in time again"),
        AHEAD: (ahead_since_ms == 0, "most of its reports are dated as they come again"),
    }
    if cause == LATE and ahead_since_ms:
        return "its reports are dated ahead now"
    is_over, how = ends.get(cause, (False, ""))
    return how if is_over else ""
