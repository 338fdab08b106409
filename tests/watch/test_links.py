"""`feed_link`: which feeds are not well, and how much that is."""

from __future__ import annotations

import msgspec
import pytest

from sargas.model.alerts import CLOSED, OPEN, Alert
from sargas.watch.links import STATE_VERSION, FeedLinks, FeedTerms

T, SECOND = 1_736_920_800_000, 1000
DAY_MS = 86_400_000


def links(*names: str) -> FeedLinks:
    """Feeds with an idle time of a minute, numbered from 1."""
    return FeedLinks(
        [FeedTerms(n, name, 60_000, 60_000) for n, name in enumerate(names, 1)], "r", "g"
    )


def hears(
    line: FeedLinks, feed: int, from_s: int, to_s: int, rows: int = 3, ahead: int = 0
) -> list[Alert]:
    """Receive so many good reports and so many dated a day ahead, each second."""
    out = []
    for s in range(from_s, to_s):
        t_ms = T + s * SECOND
        newest_ms = t_ms - SECOND if rows else None
        out += line.received(feed, t_ms, rows, newest_ms, ahead, DAY_MS if ahead else 0)
    return out


def test_reports_dated_ahead_ring_after_the_idle_time_and_until_they_are_right():
    line = links("north", "south")
    assert hears(line, 2, 0, 1) == []
    assert hears(line, 1, 0, 60, rows=0, ahead=3) == []
    opened, *more = hears(line, 1, 60, 200, rows=0, ahead=3)
    assert more == []
    assert (opened.state, opened.priority, opened.t_start_ms) == (OPEN, "P2", T)
    assert "most reports dated ahead of their reception for 60 s (by up to 86,400 s" in opened.text
    assert "its clock is ahead, or that of this machine is behind" in opened.text
    assert "synchronised" in opened.against[0]
    (closed,) = hears(line, 1, 200, 330)
    assert (closed.id, closed.state) == (opened.id, CLOSED)
    assert "dated as they come again" in closed.text
    assert hears(line, 1, 330, 500) == []


def test_while_all_feeds_are_ahead_it_is_an_alarm():
    """The clock of the machine is behind, most likely."""
    line = links("north", "south")
    first = second = None
    for s in range(0, 70):
        for feed in (1, 2):
            for alert in hears(line, feed, s, s + 1, rows=0, ahead=2):
                first, second = (alert, second) if feed == 1 else (first, alert)
    assert first is not None
    assert second is not None
    assert second.priority == "P1"
    line = links("only")
    (alone,) = hears(line, 1, 0, 70, rows=0, ahead=2)
    assert alone.priority == "P1"


def test_the_first_of_them_is_raised_when_the_last_feed_is_ahead_too():
    line = links("north", "south")
    hears(line, 2, 0, 1)
    (north,) = hears(line, 1, 0, 61, rows=0, ahead=1)
    both = hears(line, 2, 1, 90, rows=0, ahead=1)
    assert {a.priority for a in both} == {"P1"}
    assert north.id in {a.id for a in both}


@pytest.mark.parametrize(("ahead", "rings"), [(2, False), (3, False), (4, True)])
def test_it_is_most_of_them_that_count(ahead, rings):
    """By a port that is open to all good ones and others come in turn, a record each."""
    line = links("open", "other")
    told = []
    for s in range(130):
        told += hears(line, 1, s, s + 1, rows=3)
        told += hears(line, 1, s, s + 1, rows=0, ahead=ahead)
    assert bool(told) == rings
    assert all(a.priority == "P2" for a in told)


def test_reports_dated_ahead_are_reports():
    """Not bytes without a report."""
    line = links("north")
    (alert,) = hears(line, 1, 0, 400, rows=0, ahead=1)
    assert "dated ahead" in alert.text


def test_a_feed_that_is_late_and_then_ahead_or_silent_says_what_it_is_now():
    line = links("north")
    late = []
    for s in range(70):
        t_ms = T + s * SECOND
        late += line.received(1, t_ms, 2, t_ms - DAY_MS)
    assert [a.state for a in late] == [OPEN]
    assert "may be ahead: check that it is synchronised" in late[0].against[0]
    ended, ahead = hears(line, 1, 70, 200, rows=0, ahead=2)
    assert (ended.state, ended.id) == (CLOSED, late[0].id)
    assert "dated ahead" in ended.text
    assert "dated ahead" in ahead.text
    ended, silent = line.silent(1, T + 300 * SECOND, "cut")
    assert (ended.state, ended.id) == (CLOSED, ahead.id)
    assert "nothing received" in silent.text
    (back,) = hears(line, 1, 301, 302, rows=0, ahead=2)
    assert (back.state, back.id) == (CLOSED, silent.id)


def test_what_was_counted_goes_on_after_a_restart_and_older_states_are_read():
    line = links("north")
    hears(line, 1, 0, 40, rows=0, ahead=1)
    again = links("north")
    again.load(line.dump())
    (alert,) = hears(again, 1, 40, 70, rows=0, ahead=1)
    assert alert.t_start_ms == T
    older = {1: {"received_ms": T, "read_ms": T, "late_since_ms": 0, "cause": "", "alert": None}}
    again.load(msgspec.msgpack.encode((STATE_VERSION, older)))
    assert hears(again, 1, 1, 30) == []
