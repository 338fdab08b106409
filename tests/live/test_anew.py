"""A live watch whose state is of no use judges what is stored of the last day, and goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sargas.cli.live import anew, late, receiving, running
from sargas.cli.live import folding as folding_module
from sargas.cli.live.running import LiveWatch
from sargas.cli.refolding import ANEW, differences
from sargas.errors import StateVersionError, StoreError
from sargas.model.alerts import CLOSED, OPEN, Alert
from sargas.model.fixes import Batch, Fixes
from sargas.store.journal import Journal
from sargas.watch.fold import Watch
from sargas.web.health import BACKLOG, JOURNAL, STORE, Halt
from tests.live.lines import kept, links, log, scanned
from tests.live.senders import TcpSender, eventually
from tests.live.test_halts import cause
from tests.live.test_late import (
    agrees,
    in_time,
    last_versions,
    left,
    versions,
    watched,
    with_a_late_row,
)
from tests.live.test_watching import Running, _speak, live, taken_of_file, until_folded


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding_module, "READ_BYTES", 20_000)
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 20_000)
    monkeypatch.setattr(anew, "STEP_ROWS", 300)


def of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next state of a watch that is read be of another version."""
    plain, read = Watch.load, []

    def load(watch: Watch, state: bytes) -> None:
        read.append(len(state))
        if len(read) == 1:
            raise StateVersionError("The saved state is version 1, wanted 2.")
        plain(watch, state)

    monkeypatch.setattr(Watch, "load", load)


def half(tmp_path: Path) -> tuple[Path, Path]:
    """Watch the first half of the log; gives the home and the file."""
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    file.write_bytes(log()[: len(log()) // 2])
    watched(home, file)
    return home, file


def the_rest(file: Path) -> None:
    with file.open("ab") as grown:
        grown.write(log()[len(log()) // 2 :])


def test_judged_anew_by_the_same_rules_nothing_changes_and_all_goes_on(tmp_path, monkeypatch):
    home, file = half(tmp_path)
    before = kept(home)
    assert any(a.state == OPEN for a in last_versions(home).values())
    of_no_use(monkeypatch)
    said: list[str] = []
    watched(home, file, said)
    assert kept(home) == before
    assert any("0 alerts added, 0 changed, 0 closed" in text for text in said)
    the_rest(file)
    watched(home, file)
    assert kept(home) == scanned()


def test_rows_are_not_counted_twice(tmp_path, monkeypatch):
    home, file = half(tmp_path)
    before = live(home, f"tail:{file}")
    counted = before._keeper.ledger.counters("live")
    left(before)
    of_no_use(monkeypatch)
    after = watched(home, file)
    assert after.watch.tally()["ok"] > 100
    again = live(home, f"tail:{file}")
    assert again._keeper.ledger.counters("live") == counted
    left(again)


RULES = """
[identity]
clone_nm = {value = 2000, unit = "NM", source = "test: none are so far apart"}
"""


def test_open_alerts_go_on_by_the_new_rules_or_are_closed(tmp_path):
    home, file = half(tmp_path)
    before = last_versions(home)
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    the_rest(file)
    said: list[str] = []
    watch = watched(home, file, said, rules=rules)
    assert any("has begun anew" in text for text in said)
    version = watch.watch.around.rules.version
    other = tmp_path / "other"
    watched(other, file, rules=rules)
    plain, now = last_versions(other), last_versions(home)
    for name, alert in now.items():
        assert [a.version for a in versions(home)[name]] == list(range(1, alert.version + 1))
        if alert.rules == version:
            assert differences(alert, plain[name]) == []
        elif before[name].state == OPEN:
            assert alert.state == CLOSED
            assert any(note.startswith(ANEW) for note in alert.notes)
        else:
            assert alert == before[name]
    was_open = {name for name, alert in before.items() if alert.state == OPEN}
    assert {now[name].rules == version for name in was_open} == {True, False}
    ended_before = {name for name, a in plain.items() if a.state == CLOSED} - now.keys()
    assert plain.keys() - now.keys() == ended_before
    assert all(_ended_by_half_time(plain[name], before) for name in ended_before)


def _ended_by_half_time(alert: Alert, before: dict[str, Alert]) -> bool:
    return alert.t_issued_ms <= max(a.t_issued_ms for a in before.values()) + 3_600_000


def test_what_came_late_before_is_told_on_where_the_whole_state_is_of_no_use(tmp_path, monkeypatch):
    """How an alert's versions are numbered stands in it, too: what is known is in the ledger."""
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    monkeypatch.setattr(late, "WAIT_S", 0.0)
    file.write_bytes(with_a_late_row(home, file))  # how far it was read is forgotten as well
    plain, read = folding_module.unpack, []

    def unpack(*args: object) -> object:
        read.append(args)
        if len(read) == 1:
            raise StateVersionError("The saved state has version 1, wanted 2.")
        return plain(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(folding_module, "unpack", unpack)
    said: list[str] = []
    watched(home, file, said)
    assert any("0 alerts added, 0 changed, 0 closed" in text for text in said)
    agrees(home)
    [gap] = [of for of in versions(home).values() if of[-1].detector == "gap" and len(of) == 2
             and of[0].state == OPEN and of[1].state == CLOSED]  # fmt: skip
    assert [len(alert.notes) for alert in gap] == [2, 2]


def test_broken_off_it_begins_anew_again(tmp_path, monkeypatch):
    home, file = half(tmp_path)
    of_no_use(monkeypatch)
    watch = live(home, f"tail:{file}")
    watch.receiver.start()
    watch.folding.begin_anew()
    assert watch.folding.begins_anew
    watch.end()
    of_no_use(monkeypatch)
    said: list[str] = []
    watched(home, file, said)
    assert any("has begun anew" in text for text in said)
    the_rest(file)
    watched(home, file)
    agrees(home)


def test_a_report_of_the_future_is_not_where_the_last_day_ends(tmp_path, monkeypatch):
    home, file = half(tmp_path)
    newest = max(a.t_issued_ms for a in last_versions(home).values())
    watch = live(home, f"tail:{file}")
    assert anew.newest_stored_ms(watch.home, 2**45) >= newest
    assert anew.newest_stored_ms(watch.home, newest - 3_600_000) == newest - 3_600_000
    assert anew.newest_stored_ms(watch.home, 0) is None
    left(watch)


def test_what_came_late_before_is_judged_with_the_rest(tmp_path, monkeypatch):
    """It stands in the shards in its place: nothing is left to be folded in."""
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    lines = log().splitlines(keepends=True)
    end = len(lines) // 2
    file.write_bytes(b"".join((*lines[:200], *lines[300:end], *lines[200:300])))
    first = live(home, f"tail:{file}")
    first.run(until_folded(first, file.stat().st_size))
    assert first.folding.has_late
    ended = {name for name, alert in last_versions(home).items() if alert.state == CLOSED}
    of_no_use(monkeypatch)
    said: list[str] = []
    second = watched(home, file, said)
    assert not second.folding.has_late
    assert not any(text.startswith("late data:") for text in said)
    file.write_bytes(file.read_bytes() + b"".join(lines[end:]))
    watched(home, file)
    now = last_versions(home)
    going_on = {name: alert for name, alert in in_time().items() if name not in ended}
    assert {n: differences(now[n], a) for n, a in going_on.items()} == {n: [] for n in going_on}


def killed_ahead_of_its_state(home: Path, file: Path, more: bytes) -> None:
    """Fold more of a log, publish its alerts, and be killed before anything is committed."""
    with file.open("ab") as grown, pytest.MonkeyPatch.context() as patch:
        grown.write(more)
        grown.flush()
        for name in ("COMMIT_S", "COMMIT_MOST_S", "BEHIND_MS"):
            patch.setattr(folding_module, name, 1e13)
        watch = live(home, f"tail:{file}")
        watch.receiver.start()
        while taken_of_file(watch) < file.stat().st_size:
            watch.step()
    assert watch.folding.committed_to < watch.folding.offset
    left(watch)


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.7), (0.45, 0.75), (0.2, 0.9)])
def test_fixes_that_were_written_for_alerts_lead_nobody_ahead(tmp_path, monkeypatch, first, second):
    """They are of the alerts' vessels alone; what others reported meanwhile is not late by them."""
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    lines = log().splitlines(keepends=True)
    a, b = round(len(lines) * first), round(len(lines) * second)
    file.write_bytes(b"".join(lines[:a]))
    watched(home, file)
    committed = kept(home)
    killed_ahead_of_its_state(home, file, b"".join(lines[a:b]))
    published = kept(home)
    assert committed < published
    of_no_use(monkeypatch)
    watch = live(home, f"tail:{file}")
    folding, size = watch.folding, file.stat().st_size
    watch.run(lambda: taken_of_file(watch) >= size and not folding.begins_anew)
    assert watch.watch.tally()["late"] == 0
    assert kept(home) == published, "what was told is told once"
    with file.open("ab") as grown:
        grown.write(b"".join(lines[b:]))
    watched(home, file)
    assert kept(home) == scanned()


def test_alerts_ahead_of_the_state_go_on_by_the_new_rules_or_are_closed(tmp_path):
    home, file = half(tmp_path)
    lines = log()[len(log()) // 2 :].splitlines(keepends=True)
    killed_ahead_of_its_state(home, file, b"".join(lines[: len(lines) // 2]))
    before = last_versions(home)
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    with file.open("ab") as grown:
        grown.write(b"".join(lines[len(lines) // 2 :]))
    version = watched(home, file, rules=rules).watch.around.rules.version
    watched(tmp_path / "other", file, rules=rules)
    plain, now = last_versions(tmp_path / "other"), last_versions(home)
    for name, alert in now.items():
        assert [a.version for a in versions(home)[name]] == list(range(1, alert.version + 1))
        if alert.rules == version:
            assert differences(alert, plain[name]) == []
        else:
            assert alert.state == CLOSED or name not in before
    assert {n for n, a in plain.items() if a.state == OPEN} <= now.keys()


def held_back(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let a watch that begins anew have more to judge, as long as the event is not set."""
    plain, goes_on = anew.Beginning.step, threading.Event()

    def step(self: anew.Beginning) -> bool:
        return plain(self) if goes_on.wait(0.01) else True

    monkeypatch.setattr(anew.Beginning, "step", step)
    return goes_on


def test_a_feed_that_is_dead_while_it_begins_anew_is_told_then(tmp_path, monkeypatch):
    home, file = half(tmp_path)
    of_no_use(monkeypatch)
    goes_on, told = held_back(monkeypatch), []
    with TcpSender() as south:
        addresses = f"tail:{file}#idle=900", f"{south.url}#name=south,idle=1"
        watch = live(home, *addresses, on_alerts=told.extend)
        with Running(watch):
            eventually(lambda: links(home), "it is told")
            line = log().splitlines(keepends=True)[0]
            eventually(lambda: _speak(south, line) and len(links(home)) > 1, "it is well again")
            assert watch.folding.begins_anew
            assert watch.folding.offset < watch.journal.end
            begun = links(home)[:2]
            goes_on.set()
            eventually(lambda: watch.folding.offset == watch.journal.end, "all is folded")
            assert not watch.folding.begins_anew
    assert [(a.version, a.state, a.subject.name) for a in begun] == [
        (1, OPEN, "feed south"), (2, CLOSED, "feed south"),
    ]  # fmt: skip
    texts = [alert.to_json() for alert in begun]  # a feed is nowhere: no number is equal to that
    assert [alert.to_json() for alert in links(home)[:2]] == texts
    assert [a.to_json() for a in told if a.detector == "feed_link"][:2] == texts
    assert len({(a.id, a.version) for a in told}) == len(told)
    assert not watch._keeper._differing


def _halts(watch: LiveWatch, by: str) -> list[Halt]:
    halt = watch.vitals().halt
    return [halt] if halt is not None and halt.cause == by else []


def test_that_it_takes_long_to_begin_anew_and_what_else_halts_it_is_told(tmp_path, monkeypatch):
    home, file = half(tmp_path)
    of_no_use(monkeypatch)
    goes_on, is_full = held_back(monkeypatch), threading.Event()
    append = Journal.append

    def refusing(self: Journal, feed: int, kind: int, t_ms: int, data: bytes = b"") -> int:
        if is_full.is_set():
            raise StoreError("Cannot write the journal: No space left on device.")
        return append(self, feed, kind, t_ms, data)

    monkeypatch.setattr(Journal, "append", refusing)
    monkeypatch.setattr(receiving, "RETRY_S", 0.05)
    watch = live(home, f"tail:{file}#idle=900")
    begun_ms = watch.receiver.clock.now_ms()
    with Running(watch):
        eventually(lambda: watch.folding.begins_anew, "its beginning")
        assert cause(watch) == ""
        monkeypatch.setattr(running, "STANDS_S", 0.2)
        halts: list[Halt] = []
        eventually(lambda: halts.extend(_halts(watch, BACKLOG)) or halts, "that it takes long")
        assert "begins anew" in halts[0].what
        assert begun_ms <= halts[0].since_ms <= watch.receiver.clock.now_ms()
        is_full.set()
        the_rest(file)
        eventually(lambda: cause(watch) == JOURNAL, "the full disk")
        is_full.clear()
        eventually(lambda: cause(watch) == BACKLOG, "its end")
        monkeypatch.setattr(running, "STANDS_S", 120.0)
        goes_on.set()
        eventually(lambda: taken_of_file(watch) >= len(log()), "all of the log")
        eventually(lambda: not cause(watch), "the end of it")
    assert kept(home) == scanned()


def test_where_the_disk_does_not_give_what_is_stored_it_is_told_and_read_on(tmp_path, monkeypatch):
    """From where it had come: what was judged is not judged twice."""
    home, file = half(tmp_path)
    before = kept(home)
    of_no_use(monkeypatch)
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    monkeypatch.setattr("sargas.cli.stored.SLICE_BYTES", 2_000)
    plain, given, is_gone = anew.stored_batches, [], threading.Event()
    is_gone.set()

    def stored_batches(*args: Any) -> Iterator[tuple[int, Batch]]:
        for end_ms, batch in plain(*args):
            if len(given) == 2 and is_gone.is_set():
                raise StoreError("Cannot read: Input/output error.")
            given.append(batch.fixes)
            yield end_ms, batch

    monkeypatch.setattr(anew, "stored_batches", stored_batches)
    said: list[str] = []
    watch = live(home, f"tail:{file}", say=said.append)
    with Running(watch):
        eventually(lambda: cause(watch) == STORE, "the halt")
        assert watch.folding.begins_anew
        is_gone.clear()
        eventually(lambda: not watch.folding.begins_anew, "its end")
        the_rest(file)
        eventually(lambda: taken_of_file(watch) >= len(log()), "all of the log")
    assert len(given) > 4
    fixes = Fixes.concat(given)
    rows = zip(fixes.subject_id, fixes.t_ms, fixes.lon_raw, fixes.lat_raw, strict=True)
    assert len(set(rows)) == len(fixes)
    assert any("0 alerts added, 0 changed, 0 closed" in text for text in said)
    assert before <= kept(home) == scanned()


def test_a_damaged_file_is_set_aside_and_does_not_end_it(tmp_path, monkeypatch):
    """Else each run would begin anew and end by it: without a watch until somebody comes."""
    home, file = half(tmp_path)
    shard = max((home / "fixes").rglob("*.parquet"), key=lambda p: p.stat().st_size)
    raw = bytearray(shard.read_bytes())
    raw[len(raw) // 3 : len(raw) // 3 + 200] = b"\xff" * 200  # its footer is whole
    shard.write_bytes(raw)
    of_no_use(monkeypatch)
    said: list[str] = []
    watch = live(home, f"tail:{file}", say=said.append)
    with Running(watch):
        words = "A damaged file of fixes was set aside"
        eventually(lambda: any(words in text for text in said), "it is said")
        assert any("has begun anew" in text for text in said)
        assert (home / "damaged" / shard.relative_to(home)).exists()
        the_rest(file)
        eventually(lambda: taken_of_file(watch) >= len(log()), "all of the log")
