"""Reports dated ahead of their reception: they are left out, counted and told, and blind nobody."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from sargas.cli.live import admitting
from sargas.cli.live import folding as folding_module
from sargas.cli.live.admitting import AHEAD
from sargas.cli.live.running import LiveWatch
from sargas.cli.refolding import differences
from sargas.feeds.live.columns import AHEAD_MS
from sargas.model.alerts import CLOSED, OPEN
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
    plain = Watch.push
    monkeypatch.setattr(folding_module, "_newest_ms", lambda fixes: None)
    monkeypatch.setattr(admitting, "AHEAD_MS", 1 << 60)
    monkeypatch.setattr(Watch, "push", lambda watch, batch, until_ms=None: plain(watch, batch))


def test_strangers_who_date_ahead_change_nothing(tmp_path):
    said: list[str] = []
    pieces = dated(received(), (100, 700, 701, 1500), YEAR_MS)
    watch = folded(opened(tmp_path / "home", said), pieces)
    assert watch.folding.counted[AHEAD] == 4 * STRAYS
    assert watch.folding.counted["late"] == 0
    assert watch.folding.fixes[FEED] == len(traffic().fixes)
    assert watch.watch.judged_to_ms <= pieces[-1][0]
    watch.end()
    assert kept(tmp_path / "home") == scanned()
    assert len([text for text in said if "ahead of their reception" in text]) == 1
    assert "time synchronisation" in "".join(said)
    home = Home(tmp_path / "home", create=False)
    assert home.days() == ["2025-01-15"]
    with Archive(home) as archive:
        assert archive.span()[1] <= pieces[-1][0]
    with_counters = opened(tmp_path / "home")
    assert with_counters._keeper.ledger.counters("live")[AHEAD] == 4 * STRAYS
    left(with_counters)


@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_it_leaves_the_same_out(tmp_path, seed):
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
    assert watch.folding.fixes[FEED] == len(traffic().fixes)
    watch.end()
    assert kept(home) == scanned()


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
    assert watch.folding.fixes[FEED] == len(traffic().fixes)
    assert len(kept(tmp_path / "home")) == len(scanned())
    watch.end()


def test_what_a_damaged_file_held_comes_back_without_them(tmp_path):
    """Dated two hours ahead, into a file that was written when that time had come."""
    home = tmp_path / "home"
    folded(opened(home), dated(received(), (100,), 2 * HOUR_MS)).end()
    before = _stored(home)
    for path in home.glob("fixes/*/*/*.parquet"):
        path.write_bytes(b"")
    opened(home).end()
    assert _stored(home) == before == sorted(_rows(traffic().fixes))


def _rows(fixes: Fixes) -> list[tuple[int, int, int]]:
    return list(
        zip(*(getattr(fixes, c).tolist() for c in ("subject_id", "t_ms", "lon_raw")), strict=True)
    )


def _stored(home: Path) -> list[tuple[int, int, int]]:
    there = Home(home, create=False)
    return sorted(row for day in there.days() for row in _rows(read_day(there, day)))


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
    assert all(now[name].t_issued_ms <= _now_ms() for name in open_ahead)
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


def test_a_clock_of_ours_that_was_ahead_is_left_behind(tmp_path):
    """By reports without a time of their own, which have had that of a clock gone wrong."""
    home, ahead_ms = tmp_path / "home", _now_ms() + DAY_MS
    begin_ms = received()[0][0]
    plain = [
        (t_ms - begin_ms + ahead_ms, re.sub(rb"\\[^\\]*\\", b"", data))
        for t_ms, data in received()[: half()]
    ]
    first = folded(opened(home), plain)
    assert first.watch.judged_to_ms > ahead_ms
    first.end()
    said: list[str] = []
    watch = opened(home, said)
    assert not watch.resumed
    assert any("ahead of the clock" in text for text in said)
    begun(watch, received()).end()
    now = last_versions(home)
    assert {name: now[name].state for name in in_time()} == {
        n: a.state for n, a in in_time().items()
    }


# ---- told ----------------------------------------------------------------------------------------
def test_a_feed_with_a_clock_that_is_ahead_is_an_alert_that_ends_when_it_is_right(tmp_path):
    """By a real server; the only feed there is, so nothing is seen: P1."""
    home = tmp_path / "home"
    with TcpSender() as sender:
        watch = live(home, f"{sender.url}#name=fast,idle=1")
        with Running(watch):
            line = sender.accept()
            eventually(lambda: _says(line, DAY_MS) and links(home), "the alert")
            first = links(home)[0]
            assert (first.priority, first.state) == ("P1", OPEN)
            assert "dated ahead of their reception" in first.text
            assert "this machine" in first.text
            assert "check that it is synchronised" in first.against[0]
            eventually(lambda: watch.feeds()[0]["lag_ms"] < -DAY_MS + HOUR_MS, "how far ahead")
            assert watch.folding.fixes[FEED] == 0
            eventually(lambda: _says(line, 0) and links(home)[-1].state == CLOSED, "its end")
    assert watch.folding.fixes[FEED] > 0


def _says(line: object, ahead_ms: int) -> bool:
    some = traffic().fixes.take(np.arange(3))
    some.t_ms[:] = _now_ms() + ahead_ms
    line.sendall(b"".join(sentences(some)))  # type: ignore[attr-defined]
    return True
