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
    line: FeedLinks,
    feed: int,
    from_s: int,
    to_s: int,
    rows: int = 3,
    ahead: int = 0,
    *,
    left_out: bool = False,
) -> list[Alert]:
    """Receive so many good reports and so many dated a day ahead, each second."""
    out = []
    for s in range(from_s, to_s):
        t_ms = T + s * SECOND
        newest_ms = t_ms - SECOND if rows else None
        out += line.received(feed, t_ms, rows, newest_ms, ahead, DAY_MS if ahead else 0,
                             ahead if left_out else 0)  # fmt: skip
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
    assert "dated by their reception meanwhile" in opened.text
    assert "not seen" not in opened.text
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
    assert [a.priority for a in hears(line, 2, 1, 90, rows=0, ahead=1)] == ["P2"]  # but one
    both = hears(line, 2, 90, 130, rows=0, ahead=1)
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
    ended, ahead, raised = hears(line, 1, 70, 200, rows=0, ahead=2)
    assert (ahead.priority, raised.id, raised.priority) == ("P2", ahead.id, "P1")
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


def test_of_a_port_that_is_open_to_all_they_are_no_alarm():
    """Whoever sends more than all others must not make the only feed seem blind."""
    line = links("open")
    told = []
    for s in range(300):
        told += hears(line, 1, s, s + 1, rows=3)
        told += hears(line, 1, s, s + 1, rows=0, ahead=4)
    assert [(a.state, a.priority) for a in told] == [(OPEN, "P2")]
    raised = hears(line, 1, 300, 420, rows=0, ahead=4)
    assert [(a.id, a.priority) for a in raised] == [(told[0].id, "P1")]
    lowered = hears(line, 1, 420, 490, rows=1, ahead=4)
    assert [(a.id, a.priority) for a in lowered] == [(told[0].id, "P2")]


def test_what_is_left_out_is_not_seen_and_that_is_said():
    (alert,) = hears(links("list"), 1, 0, 70, rows=0, ahead=3, left_out=True)
    assert alert.priority == "P1"
    assert "only it hears are not seen meanwhile" in alert.text
    alert, *_ = hears(links("list"), 1, 0, 70, rows=1, ahead=3, left_out=True)
    assert alert.priority == "P2"
    assert "they are left out" in alert.text


def test_after_a_restart_with_a_clock_that_is_behind_it_rings_all_the_same():
    """Times of an earlier run lie ahead of all that come: nothing was told until they had come."""
    line = links("north")
    hears(line, 1, 7200, 7300)
    again = links("north")
    again.load(line.dump())
    (ahead,) = hears(again, 1, 0, 70, rows=0, ahead=3, left_out=True)
    assert (ahead.state, ahead.t_start_ms) == (OPEN, T)
    again.load(line.dump())
    told = []
    for s in range(70):
        told += again.received(1, T + s * SECOND, 0, None)
    assert ["no report" in a.text for a in told] == [True]
    late = links("north")
    for s in range(7200, 7230):
        late.received(1, T + s * SECOND, 1, T)
    again.load(late.dump())
    told = []
    for s in range(70):
        told += again.received(1, T + s * SECOND, 1, T - DAY_MS)
    assert ["older than" in a.text for a in told] == [True]
    again.load(line.dump())
    (silent,) = again.silent(1, T + 60 * SECOND, "cut")
    assert silent.t_start_ms == silent.t_issued_ms == T + 60 * SECOND


def test_an_alert_of_a_clock_that_was_ahead_ends_no_earlier_than_it_was_told():
    line = links("north")
    (opened,) = hears(line, 1, 7200, 7300, rows=0, ahead=3)
    again = links("north")
    again.load(line.dump())
    (closed,) = hears(again, 1, 0, 70)
    assert closed.state == CLOSED
    assert closed.t_issued_ms >= opened.t_issued_ms
    assert closed.t_end_ms >= closed.t_start_ms


def test_no_report_and_reports_dated_ahead_since_the_same_moment_are_two_alerts():
    line = links("north")
    line.received(1, T, 0, None, 1, 120_000)
    told = []
    for s in range(1, 70):
        told += line.received(1, T + s * SECOND, 0, None)
    told += hears(line, 1, 70, 400, rows=0, ahead=1)
    assert [(a.state, "no report" in a.text) for a in told][::2] == [(OPEN, True), (OPEN, False)]
    assert len({a.id for a in told}) == 2
    assert told[0].t_start_ms == told[-1].t_start_ms == T
