"""Reports dated ahead of their reception: dated by it, counted and told; they blind nobody."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from sargas.cli.live import admitting, intake
from sargas.cli.live import folding as folding_module
from sargas.cli.live.admitting import AHEAD, LEFT_OUT
from sargas.cli.live.running import LiveWatch
from sargas.cli.refolding import differences
from sargas.decode.codes import Quality, TSource
from sargas.feeds.live import make_codec
from sargas.feeds.live.base import Piece as Part
from sargas.feeds.live.columns import AHEAD_MS
from sargas.model.alerts import CLOSED, OPEN, Alert
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS
from sargas.store import Archive, Home
from sargas.store.journal import DATA
from sargas.store.shards import read_day
from sargas.watch.fold import Watch, reached_ms
from tests.laws.test_fold import traffic
from tests.live.lines import kept, links, log, scanned, sentences
from tests.live.senders import TcpSender, eventually
from tests.live.test_late import in_time, last_versions, left
from tests.live.test_watching import Running, live
from tests.watch.tracks import watch as make_watch

FEED = 1000
YEAR_MS = 366 * DAY_MS
STRAYS = 12
"""More than the watch alone would doubt."""
Piece = tuple[int, bytes]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding_module, "READ_BYTES", 10_000)
    monkeypatch.setattr(folding_module, "COMMIT_S", 3.0)


def received() -> list[Piece]:
    """The log line by line as it is received live, a second after each report."""
    out: list[Piece] = []
    for line in log().splitlines(keepends=True):
        found = re.search(rb"c:(\d+)", line)
        assert found
        out.append((int(found[1]) * 1000 + 1000, line))
    return out


def dated(pieces: list[Piece], at: Iterable[int], by_ms: int, each: int = STRAYS) -> list[Piece]:
    """Put datagrams of strangers among what is received, dated ahead of their reception."""
    some = traffic().fixes.take(np.arange(40, 40 + each))  # a copy
    out, places = [], set(at)
    for k, piece in enumerate(pieces):
        out.append(piece)
        if k in places:
            some.t_ms[:] = piece[0] + by_ms + np.arange(each) * 1000
            out.append((piece[0], b"".join(sentences(some))))
    return out


def opened(home: Path, said: list[str] | None = None, **options: object) -> LiveWatch:
    """A watch whose journal is written by the test: reception is as the test says."""
    return live(home, f"tail:{home}.nmea", say=([] if said is None else said).append, **options)


def folded(watch: LiveWatch, pieces: Iterable[Piece]) -> LiveWatch:
    """Let a watch fold pieces as received at their times."""
    for t_ms, data in pieces:
        watch.journal.append(FEED, DATA, t_ms, data)
    while watch.step():
        pass
    return watch


def believing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe what is dated ahead, as sargas did once; nor did a state say what feeds told."""
    push = Watch.push
    monkeypatch.setattr(intake, "newest_ms", lambda fixes: None)
    monkeypatch.setattr(admitting, "AHEAD_MS", 1 << 60)
    monkeypatch.setattr(Watch, "push", lambda watch, batch, until_ms=None: push(watch, batch))


def plain(pieces: Iterable[Piece], at: Iterable[int]) -> list[Piece]:
    """Take from the datagrams that `dated` put in the times that they carry."""
    out, places = list(pieces), sorted(set(at))
    for before, k in enumerate(places):
        t_ms, data = out[k + 1 + before]
        out[k + 1 + before] = t_ms, re.sub(rb"\\[^\\]*\\", b"", data)
    return out


def test_strangers_who_date_ahead_are_heard_as_if_they_had_said_no_time(tmp_path):
    said: list[str] = []
    at = (100, 700, 900, 1500)
    pieces = dated(received(), at, YEAR_MS)
    watch = folded(opened(tmp_path / "home", said), pieces)
    assert watch.folding.counted[AHEAD] == 4 * STRAYS
    assert watch.folding.counted["late"] == 0
    assert watch.folding.intake.fixes[FEED] == len(traffic().fixes) + 4 * STRAYS
    assert watch.watch.judged_to_ms <= pieces[-1][0]
    watch.end()
    untimed = folded(opened(tmp_path / "plain"), plain(pieces, at))
    assert AHEAD not in untimed.folding.counted
    untimed.end()
    assert kept(tmp_path / "home") == kept(tmp_path / "plain")
    assert _stored(tmp_path / "home") == _stored(tmp_path / "plain")
    assert len([text for text in said if "ahead of their reception" in text]) == 1
    assert "time synchronisation" in "".join(said)
    home = Home(tmp_path / "home", create=False)
    assert home.days() == ["2025-01-15"]
    with Archive(home) as archive:
        assert archive.span()[1] <= pieces[-1][0]
    fixes = read_day(home, "2025-01-15")
    of_reception = fixes.t_source == TSource.READER
    assert int(of_reception.sum()) == 4 * STRAYS
    assert ((fixes.quality & int(Quality.TIME_DISAGREES) != 0) == of_reception).all()
    with_counters = opened(tmp_path / "home")
    assert with_counters._keeper.ledger.counters("live")[AHEAD] == 4 * STRAYS
    left(with_counters)


@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_it_dates_the_same_anew(tmp_path, seed):
    rng = np.random.default_rng(seed)
    home = tmp_path / "home"
    pieces = dated(
        received(), rng.integers(20, 2000, 6).tolist(), int(rng.integers(61, 999)) * 1000
    )
    first = opened(home)
    for t_ms, data in pieces:
        first.journal.append(FEED, DATA, t_ms, data)
    left(first)
    for _ in range(4):
        watch = opened(home)
        for _ in range(int(rng.integers(3, 30))):
            watch.step()
        left(watch)
    watch = folded(opened(home), [])
    assert watch.folding.counted[AHEAD] == 6 * STRAYS
    assert watch.folding.intake.fixes[FEED] == len(traffic().fixes) + 6 * STRAYS
    watch.end()
    folded(opened(tmp_path / "whole"), pieces).end()
    assert kept(home) == kept(tmp_path / "whole")
    assert _stored(home) == _stored(tmp_path / "whole")


def test_who_dates_a_little_ahead_makes_nobody_late(tmp_path):
    """Within what is allowed for, and others are half a minute on their way."""
    pieces = [(t_ms + 29_000, data) for t_ms, data in received()]
    pieces = dated(pieces, range(30, 2000, 40), AHEAD_MS - STRAYS * 1000)
    watch = folded(opened(tmp_path / "home", lateness_s=45.0), pieces)
    assert AHEAD not in watch.folding.counted
    assert watch.folding.counted["late"] == 0
    assert watch.watch.judged_to_ms > received()[-1][0] - 3 * MINUTE_MS
    watch.end()


def test_an_exercise_has_times_of_its_own(tmp_path):
    """What is SIMULATED may be dated in any year."""
    pieces = [(t_ms - YEAR_MS, data) for t_ms, data in received()]
    watch = folded(opened(tmp_path / "home", exercise="x"), pieces)
    assert AHEAD not in watch.folding.counted
    assert watch.folding.intake.fixes[FEED] == len(traffic().fixes)
    assert len(kept(tmp_path / "home")) == len(scanned())
    watch.end()


def test_what_a_damaged_file_held_comes_back_with_the_same_times(tmp_path):
    """Dated two hours ahead, into a file that was written when that time had come."""
    home = tmp_path / "home"
    pieces = dated(received(), (100,), 2 * HOUR_MS)
    folded(opened(home), pieces).end()
    before = _stored(home)
    for path in home.glob("fixes/*/*/*.parquet"):
        path.write_bytes(b"")
    opened(home).end()
    assert _stored(home) == before
    assert set(before) > set(_rows(traffic().fixes))
    assert {row[1] for row in set(before) - set(_rows(traffic().fixes))} == {pieces[101][0]}


def _rows(fixes: Fixes) -> list[tuple[int, int, int]]:
    return list(
        zip(*(getattr(fixes, c).tolist() for c in ("subject_id", "t_ms", "lon_raw")), strict=True)
    )


def _stored(home: Path) -> list[tuple[int, int, int]]:
    there = Home(home, create=False)
    return sorted(row for day in there.days() for row in _rows(read_day(there, day)))


def test_a_ship_that_only_a_receiver_with_a_fast_clock_hears_has_not_gone_dark(tmp_path):
    """Eleven others are heard as they should be beside a cable, where a gap would be told."""
    begin_ms, hours = 1_736_920_800_000, 5
    ships = []
    for k in range(12):
        t = np.arange(hours * 120)
        n = len(t)
        ships.append(Fixes.build(
            n, subject_id=np.full(n, 230_000_100 + k), t_ms=begin_ms + t * 30_000 + k * 1000,
            msg_type=np.full(n, 1), lon_raw=np.rint((20 + k * 0.02 + t * 4.2e-5) * 6e5).astype(int),
            lat_raw=np.full(n, round((59.6 + k * 0.01) * 6e5)), sog_raw=np.full(n, 60),
            cog_raw=np.full(n, 900), heading_raw=np.full(n, 90), nav_status=np.zeros(n, int),
        ))  # fmt: skip
    fixes = Fixes.concat(ships)
    fixes = fixes.take(np.argsort(fixes.t_ms, kind="stable"))
    reception = (fixes.t_ms + 1000).tolist()
    fast = (fixes.subject_id == 230_000_100) & (fixes.t_ms >= begin_ms + 3 * HOUR_MS)
    fixes.t_ms[fast] += 90_000
    home = tmp_path / "home"
    lines = [sentences(fixes.take(np.array([k])))[0] for k in range(len(fixes))]
    watch = folded(opened(home), zip(reception, lines, strict=True))
    assert watch.folding.counted[AHEAD] == int(fast.sum()) == 240
    assert watch.folding.counted["ok"] > len(fixes) - 120
    assert watch.folding.counted["impossible_jump"] == 0
    watch.end()
    assert [a.text for a in last_versions(home).values() if a.detector == "gap"] == []


def test_by_two_feeds_of_which_one_has_a_fast_clock_nobody_jumps(tmp_path):
    """The same reports by both: copies, though one of each pair is dated by its reception."""
    home = tmp_path / "home"
    fixes = traffic().fixes
    fixes = fixes.take(np.argsort(fixes.t_ms, kind="stable"))
    shifted = fixes.take(np.arange(len(fixes)))
    shifted.t_ms[:] += 120_000  # whole minutes: the second in the report is of no clock of theirs
    right, fast = list(sentences(fixes)), list(sentences(shifted))
    watch = live(home, f"tail:{home}.nmea", f"tail:{home}.other")
    for t_ms, one, other in zip(fixes.t_ms.tolist(), right, fast, strict=True):
        watch.journal.append(FEED, DATA, t_ms + 1000, one)
        watch.journal.append(FEED + 1, DATA, t_ms + 2000, other)
    while watch.step():
        pass
    assert watch.folding.counted[AHEAD] == len(fixes)
    assert watch.folding.counted["duplicate"] >= watch.watch.tally()["ok"]
    jumps = watch.folding.counted["impossible_jump"]
    watch.end()
    alone = folded(opened(tmp_path / "alone"), received())
    assert jumps == alone.folding.counted["impossible_jump"]
    alone.end()


def test_a_machine_that_begins_before_its_clock_is_set_loses_nothing(tmp_path):
    """It is an hour behind until a time server is heard."""
    home = tmp_path / "home"
    pieces = [(t_ms - (HOUR_MS if k < 200 else 0), d) for k, (t_ms, d) in enumerate(received())]
    watch = folded(opened(home), pieces)
    assert watch.folding.counted[AHEAD] == 198  # two static reports take two lines each
    assert watch.folding.counted["late"] == 0
    watch.end()
    assert len(_stored(home)) == len(traffic().fixes)


def test_of_a_list_that_is_asked_for_again_they_are_left_out():
    """What it says of long ago would seem new each time."""
    codec, t_ms = make_codec("digitraffic-rest", 0), 1_736_920_800_000
    text = (
        b'{"features":[{"mmsi":230985000,"geometry":{"coordinates":[20.3,60.0]},'
        b'"properties":{"sog":1,"timestampExternal":%d}}]}' % (t_ms + 90_000)
    )
    batch = codec.feed([Part(t_ms, text)])
    assert len(batch.fixes) == 1
    counts: Counter[str] = Counter()
    admission = admitting.Admission(None, counts, lambda text: None)
    kept_rows, ahead = admission.admit(batch, codec, "list", t_ms, 0)
    assert (len(kept_rows), ahead) == (0, admitting.Ahead(1, 90_000, 1))
    assert counts == {LEFT_OUT: 1}


def test_statics_are_dated_anew_too():
    statics = Statics.build(2, subject_id=[1, 2], t_ms=[0, 90_000])
    batch = Batch(Fixes.empty(), statics)
    rows, ahead = admitting.redated(batch, 1000, 0, is_polled=False)
    assert rows.statics.t_ms.tolist() == [0, 1000]
    assert statics.t_ms.tolist() == [0, 90_000]
    assert ahead == admitting.Ahead(1, 89_000, 0)


# ---- the way back --------------------------------------------------------------------------------
def half() -> int:
    return len(received()) // 2


def poisoned(home: Path, monkeypatch: pytest.MonkeyPatch) -> LiveWatch:
    """Leave a home in which strangers have led a watch years ahead, and shown it ships there."""
    ahead_ms = _now_ms() - received()[0][0] + YEAR_MS
    fixes = traffic().fixes
    ships = fixes.take(fixes.t_ms < fixes.t_ms.min() + (fixes.t_ms.max() - fixes.t_ms.min()) // 2)
    ships.t_ms[:] += ahead_ms
    with monkeypatch.context() as context:
        believing(context)
        watch = folded(opened(home), dated(received()[: half()], (half() - 200,), ahead_ms))
        folded(watch, [(received()[half()][0], line) for line in sentences(ships)]).end()
    assert watch.watch.judged_to_ms > _now_ms() + YEAR_MS - DAY_MS
    assert watch.folding.counted["late"] > 100
    return watch


def begun(watch: LiveWatch, pieces: Iterable[Piece]) -> LiveWatch:
    """Let a watch begin as `run` does, and fold pieces."""
    watch._begin_anew()
    return folded(watch, pieces)


def test_a_watch_that_was_led_ahead_finds_back(tmp_path, monkeypatch):
    home = tmp_path / "home"
    poisoned(home, monkeypatch)
    assert max(_snapshots(home)) > _now_ms() + YEAR_MS - DAY_MS
    before = last_versions(home)
    open_ahead = {n for n, a in before.items() if a.state == OPEN and a.t_issued_ms > _now_ms()}
    assert open_ahead
    said: list[str] = []
    watch = opened(home, said)
    assert not watch.resumed
    assert any("begins anew" in text and "ahead of the clock" in text for text in said)
    assert _snapshots(home) == []
    begun(watch, received()[half() :])
    assert watch.watch.tally()["late"] == 0
    assert watch.watch.judged_to_ms <= received()[-1][0]
    watch.end()
    now = last_versions(home)
    true = in_time()
    assert {n: differences(now[n], a) for n, a in true.items() if n in now} == {
        n: [] for n in true if n in now
    }
    assert {n for n, a in true.items() if a.state == OPEN} <= now.keys()
    # What strangers told of a time to come has ended now, for whoever looks at the list now.
    assert {now[name].state for name in now.keys() - true.keys()} == {CLOSED}
    assert all(now[name].t_issued_ms >= before[name].t_issued_ms for name in open_ahead)
    assert all(now[name].t_end_ms >= now[name].t_start_ms for name in open_ahead)
    again = opened(home, said)
    assert again.resumed  # stored reports of years ahead do not lead it there once more
    again.end()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _snapshots(home: Path) -> list[int]:
    """The times of the earlier states that are kept."""
    return [int(path.name.partition("-")[0]) for path in (home / "snapshots").glob("*.state")]


def test_also_where_the_feeds_ended_and_all_that_was_held_was_judged():
    """One report is enough then: nobody doubts it, as nothing more is to come."""
    fixes = traffic().fixes.take(np.arange(50))
    fixes.t_ms[30] += YEAR_MS
    watch = make_watch()
    watch.push(Batch(fixes, Statics.empty()))
    before = reached_ms(watch.dump())
    assert before == fixes.t_ms[fixes.t_ms < fixes.t_ms.min() + HOUR_MS].max()
    watch.flush()
    assert before + YEAR_MS - HOUR_MS < reached_ms(watch.dump()) < before + YEAR_MS + HOUR_MS


def test_a_clock_of_ours_that_is_behind_costs_no_state(tmp_path, monkeypatch):
    home = tmp_path / "home"
    folded(opened(home), received()[: half()]).end()
    monkeypatch.setattr(folding_module, "_clock_ms", lambda: 10 * YEAR_MS)  # no battery: 1980
    said: list[str] = []
    watch = opened(home, said)
    assert watch.resumed
    assert any("clock of this machine is" in t and "time synchronisation" in t for t in said)
    folded(watch, received()[half() :]).end()
    assert kept(home) == scanned()


def test_and_what_comes_by_it_does_not_stand_among_what_was_true_an_hour_ago(tmp_path):
    """Nor is that a time of blindness of which nobody is told."""
    home = tmp_path / "home"
    folded(opened(home), received()[: half()]).end()
    watch = opened(home)
    behind = [(t_ms - DAY_MS, data) for t_ms, data in received()[half() :]]
    folded(watch, behind)
    assert watch.folding.counted[LEFT_OUT] == len(behind)
    assert watch.folding.counted[AHEAD] == watch.folding.counted["late"] == 0
    watch.end()
    told = [a for a in links(home) if "dated ahead" in a.text]
    assert [(a.priority, a.state) for a in told] == [("P1", OPEN)]
    assert "not seen meanwhile" in told[0].text


def untimed(ahead_ms: int) -> list[Piece]:
    """The first half of the log without times of its own, received by a clock that is ahead."""
    first = received()[: half()]
    by_ms = _now_ms() + ahead_ms - first[-1][0]
    return [(t_ms + by_ms, re.sub(rb"\\[^\\]*\\", b"", data)) for t_ms, data in first]


def of_now() -> bytes:
    """A report with the right time in it, of a ship far away."""
    some = traffic().fixes.take(np.arange(1))
    some.t_ms[:] = _now_ms()
    some.subject_id[:] = 244_000_001
    return b"".join(sentences(some))


def test_a_clock_of_ours_that_was_ahead_is_left_behind(tmp_path):
    """By reports without a time of their own, which have had that of a clock gone wrong."""
    home = tmp_path / "home"
    first = folded(opened(home), untimed(2 * DAY_MS))
    assert first.watch.judged_to_ms > _now_ms() + DAY_MS
    first.end()
    said: list[str] = []
    watch = opened(home, said)
    assert not watch.resumed
    assert any("begins anew" in t and "by a clock that was ahead, or" in t for t in said)
    begun(watch, received()).end()
    now = last_versions(home)
    assert {name: now[name].state for name in in_time()} == {
        n: a.state for n, a in in_time().items()
    }


@pytest.mark.parametrize("year", [False, True])
def test_where_no_report_tells_which_clock_was_wrong_the_state_is_taken_up(
    tmp_path, monkeypatch, year
):
    """An hour behind now, or ahead before; or no clock at all, of a machine without a battery."""
    home = tmp_path / "home"
    folded(opened(home), untimed(0)).end()
    before, snapshots = last_versions(home), _snapshots(home)
    assert any(a.state == OPEN for a in before.values())
    clock_ms = 10 * YEAR_MS if year else _now_ms() - HOUR_MS
    monkeypatch.setattr(folding_module, "_clock_ms", lambda: clock_ms)
    said: list[str] = []
    watch = opened(home, said)
    assert watch.resumed
    assert any("either the clock of this machine is behind now, or" in text for text in said)
    watch.end()
    assert _snapshots(home) == snapshots != []
    assert last_versions(home) == before


def test_where_a_report_tells_that_the_clock_is_right_the_state_is_not(tmp_path):
    home = tmp_path / "home"
    first = folded(opened(home), [(_now_ms(), of_now()), *untimed(5 * HOUR_MS)])
    assert first.watch.judged_to_ms > _now_ms() + 4 * HOUR_MS
    first.end()
    before = last_versions(home)
    said: list[str] = []
    watch = opened(home, said)
    assert not watch.resumed
    assert any("by a clock that was ahead, or" in text for text in said)
    begun(watch, []).end()
    now = last_versions(home)
    ended = [n for n, a in before.items() if a.state == OPEN and now[n].state == CLOSED]
    assert ended
    for name in ended:  # whoever looks back must not find it closed before it was told
        assert now[name].t_issued_ms >= before[name].t_issued_ms
        assert now[name].t_end_ms >= now[name].t_start_ms


# ---- told ----------------------------------------------------------------------------------------
def test_a_feed_with_a_clock_that_is_ahead_is_an_alert_that_ends_when_it_is_right(tmp_path):
    """By a real server; the only feed there is, so it is likely this machine: P1."""
    home = tmp_path / "home"
    with TcpSender() as sender:
        watch = live(home, f"{sender.url}#name=fast,idle=1")
        with Running(watch):
            line = sender.accept()

            def of_ahead() -> list[Alert]:
                return [a for a in links(home) if "dated ahead" in a.text]

            eventually(lambda: _says(line, DAY_MS) and of_ahead(), "the alert")
            first = of_ahead()[0]
            assert (first.priority, first.state) == ("P1", OPEN)
            assert "dated by their reception meanwhile" in first.text
            assert "this machine" in first.text
            assert "check that it is synchronised" in first.against[0]
            eventually(lambda: watch.feeds()[0]["lag_ms"] < -DAY_MS + HOUR_MS, "how far ahead")
            assert watch.folding.intake.fixes[FEED] > 0
            eventually(
                lambda: _says(line, 0) and [a for a in links(home) if (a.id, a.state) ==
                                            (first.id, CLOSED)], "its end",
            )  # fmt: skip
    assert watch.folding.intake.fixes[FEED] > 0


def _says(line: object, ahead_ms: int) -> bool:
    some = traffic().fixes.take(np.arange(3))
    some.t_ms[:] = _now_ms() + ahead_ms
    line.sendall(b"".join(sentences(some)))  # type: ignore[attr-defined]
    return True
