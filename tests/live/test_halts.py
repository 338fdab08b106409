"""A live watch says what keeps it from judging: a store that refuses, a thread that stands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import time

import pytest

from sargas.cli.live import folding as folding_module
from sargas.cli.live import receiving, running
from sargas.cli.live.receiving import Receiver
from sargas.cli.live.running import LiveWatch
from sargas.errors import StoreError
from sargas.feeds.live import open_transport
from sargas.feeds.live.base import Transport
from sargas.feeds.live.supervise import ENDED, PAUSED, RECEIVING
from sargas.feeds.live.url import parse_feed_url
from sargas.store import AuditLog, Ledger
from sargas.store.journal import BACK, DATA, OPENED, SILENT, Journal
from sargas.web.health import BACKLOG, FOLDING, JOURNAL, STORE

from .lines import kept, log, scanned
from .senders import eventually
from .test_watching import Running, live, until_folded

REFUSED = "Cannot publish alerts: No space left on device."


def cause(watch: LiveWatch) -> str:
    halt = watch.vitals().halt
    return halt.cause if halt else ""


def test_a_ledger_that_refuses_is_told_with_the_alerts_it_did_not_take(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    publish, is_full = Ledger.publish, threading.Event()
    is_full.set()

    def refusing(self: Ledger, alerts: object) -> object:
        if is_full.is_set():
            raise StoreError(REFUSED)
        return publish(self, alerts)  # type: ignore[arg-type]

    monkeypatch.setattr(Ledger, "publish", refusing)
    watch = live(tmp_path / "home", f"tail:{file}")
    begun_ms = watch.receiver.clock.now_ms()
    assert watch.vitals().halt is None
    with Running(watch):
        eventually(lambda: cause(watch) == STORE, "the halt")
        halt = watch.vitals().halt
        assert halt is not None
        assert halt.what == REFUSED
        assert begun_ms <= halt.since_ms <= watch.vitals().now_ms
        assert {a.to_json() for a in halt.unstored} <= scanned()
        assert halt.unstored
        is_full.clear()
        eventually(lambda: not cause(watch), "its end")
        eventually(until_folded(watch, len(log())), "all of the log")
    assert kept(tmp_path / "home") == scanned()


def test_a_disk_that_was_full_for_long_leaves_no_other_halt_behind(tmp_path, monkeypatch):
    """The step that waited for it took longer than any may: that was the disk."""
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    publish, is_full = Ledger.publish, threading.Event()
    is_full.set()
    watch = live(tmp_path / "home", f"tail:{file}")

    def refusing(self: Ledger, alerts: object) -> object:
        if is_full.is_set():
            watch._stepped_s -= 2 * running.STANDS_S  # as if it had been full for so long
            raise StoreError(REFUSED)
        return publish(self, alerts)  # type: ignore[arg-type]

    monkeypatch.setattr(Ledger, "publish", refusing)
    fold_late, causes = watch._fold_late, []
    monkeypatch.setattr(watch, "_fold_late", lambda: (causes.append(cause(watch)), fold_late()))
    with Running(watch):
        eventually(lambda: cause(watch) == STORE, "the halt")
        is_full.clear()
        eventually(lambda: causes, "the rest of that step")
    assert set(causes) == {""}


def test_a_ledger_that_somebody_locks_is_told_and_goes_on_afterwards(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    monkeypatch.setattr("sargas.store.tables.WAIT_S", 0.1)
    watch = live(tmp_path / "home", f"tail:{file}")
    other = sqlite3.connect(tmp_path / "home/sargas.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Running(watch):
        eventually(lambda: cause(watch) == STORE, "the halt")
        halt = watch.vitals().halt
        assert halt is not None
        assert "locked" in halt.what
        other.execute("ROLLBACK")
        eventually(lambda: not cause(watch), "its end")
        eventually(until_folded(watch, len(log())), "all of the log")
    other.close()
    assert kept(tmp_path / "home") == scanned()


def test_a_ledger_that_is_damaged_is_told_and_what_came_meanwhile_is_kept(tmp_path, monkeypatch):
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    file.write_bytes(b"")
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    watch = live(home, f"tail:{file}")
    watch.folding.commit()
    watch._keeper.ledger.close()  # what its pages were is not in memory any more
    watch._log.close()
    ledger = home / "sargas.db"
    sound = ledger.read_bytes()
    with ledger.open("r+b") as raw:
        raw.seek(4096)
        raw.write(b"\xff" * (len(sound) - 4096))
    with contextlib.suppress(StoreError), Running(watch) as run:
        file.write_bytes(log())
        eventually(lambda: cause(watch) == STORE, "the halt")
        halt = watch.vitals().halt
        assert halt is not None
        assert "malformed" in halt.what
        eventually(lambda: watch.journal.end > len(log()), "all of the log, in the journal")
    assert "malformed" in str(run.error), "what it has it cannot commit at its end"
    for name in ("sargas.db-wal", "sargas.db-shm"):
        (home / name).unlink(missing_ok=True)
    ledger.write_bytes(sound)
    again = live(home, f"tail:{file}")
    again.run(until_folded(again, len(log())))
    assert kept(home) == scanned()


def test_a_log_of_acts_that_cannot_be_read_halts_it_and_does_not_end_it(tmp_path, monkeypatch):
    """Who judges on without a suspension that was just made rings where nothing should."""
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    for name in ("RETRY_S", "LOOK_S"):
        monkeypatch.setattr(running, name, 0.05)
    last_seq, is_locked = AuditLog.last_seq, threading.Event()

    def refusing(self: AuditLog) -> int:
        if is_locked.is_set():
            raise StoreError("Cannot read the log: database is locked.")
        return last_seq(self)

    monkeypatch.setattr(AuditLog, "last_seq", refusing)
    watch = live(tmp_path / "home", f"tail:{file}")
    is_locked.set()
    with Running(watch):
        eventually(lambda: cause(watch) == STORE, "the halt")
        is_locked.clear()
        eventually(until_folded(watch, len(log())), "all of the log")
        assert not cause(watch)
    assert kept(tmp_path / "home") == scanned()


def test_a_journal_that_refuses_one_feed_is_told_until_it_takes_that_one(tmp_path, monkeypatch):
    """A short record of another feed may fit where a long one does not."""
    long, short = tmp_path / "long", tmp_path / "short"
    line = log().splitlines(keepends=True)[0]
    for file in (long, short):
        file.write_bytes(line)
    said: list[str] = []
    monkeypatch.setattr(receiving, "RETRY_S", 0.1)
    append, is_full = Journal.append, threading.Event()

    def refusing(self: Journal, feed: int, kind: int, t_ms: int, data: bytes = b"") -> int:
        if is_full.is_set() and len(data) > 1000:
            raise StoreError("Cannot write the journal: No space left on device.")
        return append(self, feed, kind, t_ms, data)

    monkeypatch.setattr(Journal, "append", refusing)
    watch = live(tmp_path / "home", f"tail:{long}", f"tail:{short}", say=said.append)
    with Running(watch):
        eventually(lambda: len(watch.folding.intake.places) == 2, "both feeds")
        is_full.set()
        with long.open("ab") as grown:
            grown.write(log()[:5000])
        eventually(lambda: cause(watch) == JOURNAL, "the halt")
        end = watch.journal.end
        with short.open("ab") as grown:
            grown.write(line)
        eventually(lambda: watch.journal.end > end, "the short one is taken")
        assert cause(watch) == JOURNAL
        is_full.clear()
        eventually(lambda: not cause(watch), "its end")
    assert sum("Receiving pauses" in text for text in said) == 1
    assert sum("takes what is received again" in text for text in said) == 1


def test_a_pipe_that_ends_on_a_full_disk_is_a_halt_until_it_is_on_disk(tmp_path, monkeypatch):
    for name in ("RETRY_S", "SYNC_S"):
        monkeypatch.setattr(receiving, name, 0.05)
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    sync, is_full = Journal.sync, threading.Event()
    is_full.set()

    def refusing(self: Journal) -> None:
        if is_full.is_set():
            raise StoreError("Cannot write the journal: No space left on device.")
        sync(self)

    monkeypatch.setattr(Journal, "sync", refusing)
    read, write = os.pipe()
    before = os.dup(0)
    os.dup2(read, 0)
    os.close(read)
    try:
        watch = live(tmp_path / "home", "-")
        with Running(watch):
            os.write(write, log()[:5000])
            eventually(lambda: watch.receiver.refusal, "the journal is not on disk")
            os.close(write)
            [health] = watch.receiver.health.values()
            eventually(lambda: health.state == ENDED, "the end of the pipe")
            assert cause(watch)
            is_full.clear()
            eventually(lambda: watch.receiver.is_over and not cause(watch), "the end of the halt")
    finally:
        os.dup2(before, 0)
        os.close(before)


def odd(url: str, pieces: object) -> Transport:
    """Make a transport that brings what a test says."""
    transport = open_transport(parse_feed_url(url))
    transport.__class__ = type("Odd", (type(transport),), {"pieces": pieces})
    return transport


@pytest.fixture
def filling(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set, the disk has room for the shortest records only: none for a silence."""
    monkeypatch.setattr(receiving, "RETRY_S", 0.2)
    append, is_full = Journal.append, threading.Event()

    def refusing(self: Journal, feed: int, kind: int, t_ms: int, data: bytes = b"") -> int:
        if is_full.is_set() and len(data) > 10:
            raise StoreError("Cannot write the journal: No space left on device.")
        return append(self, feed, kind, t_ms, data)

    monkeypatch.setattr(Journal, "append", refusing)
    return is_full


def test_a_feed_that_ends_while_its_silence_waits_for_the_disk_ends_no_other(tmp_path, filling):
    is_ended, may_bring = threading.Event(), threading.Event()

    async def ending(self: Transport) -> object:
        yield b"one\n"
        while not is_ended.is_set():
            await asyncio.sleep(0.01)
        self.is_over = True

    async def staying(self: Transport) -> object:
        while not may_bring.is_set():
            await asyncio.sleep(0.01)
        yield b"two\n"
        await asyncio.Event().wait()

    journal = Journal(tmp_path / "journal")
    feeds = {1: odd("-#idle=0.4", ending), 2: odd("tail:other", staying)}
    receiver = Receiver(feeds, journal)
    receiver.start()
    try:
        eventually(lambda: receiver.health[1].received_bytes, "the first line")
        filling.set()
        eventually(lambda: receiver.health[1].state == PAUSED, "the silence that waits")
        is_ended.set()
        eventually(lambda: receiver.health[1].state == ENDED, "the end of the pipe")
        filling.clear()
        may_bring.set()
        eventually(lambda: receiver.is_over or receiver.health[2].received_bytes, "the other")
        assert not receiver.is_over
        assert not receiver.refusal, "the disk takes all that is left to be written"
    finally:
        receiver.stop()
    assert receiver.error is None


def test_what_came_last_and_finds_no_room_at_the_end_is_told(tmp_path, filling):
    may_bring, last = threading.Event(), b"a line for which there is no room\n"

    async def pieces(self: Transport) -> object:
        yield b"one\n"
        while not may_bring.is_set():
            await asyncio.sleep(0.01)
        yield last
        await asyncio.Event().wait()

    journal, said = Journal(tmp_path / "journal"), []
    receiver = Receiver({1: odd("-", pieces)}, journal, said.append)
    receiver.start()
    try:
        eventually(lambda: receiver.health[1].received_bytes, "the first line")
        filling.set()
        may_bring.set()
        eventually(lambda: receiver.health[1].state == PAUSED, "the line that waits")
    finally:
        receiver.stop()
    assert receiver.error is None
    assert any(f"{len(last)} bytes that waited for the disk are lost" in text for text in said)
    assert [r.data for r in journal.read(0, 10**6) if r.kind == DATA] == [b"one\n"]


def test_a_silence_that_waits_for_the_disk_is_written_before_what_ends_it(tmp_path, filling):
    may_bring, is_brought = threading.Event(), threading.Event()

    async def pieces(self: Transport) -> object:
        yield b"one\n"
        while not may_bring.is_set():
            await asyncio.sleep(0.01)
        is_brought.set()
        yield b"two\n"
        await asyncio.Event().wait()

    journal = Journal(tmp_path / "journal")
    receiver = Receiver({1: odd("tail:some#idle=1", pieces)}, journal)
    health = receiver.health[1]
    receiver.start()
    try:
        eventually(lambda: health.received_bytes == 4, "the first line")
        filling.set()
        eventually(lambda: health.state == PAUSED, "the silence that waits")
        may_bring.set()
        eventually(is_brought.is_set, "what ends the silence")
        time.sleep(0.5)  # it has to wait as well, though there is room for it
        filling.clear()
        eventually(lambda: health.received_bytes == 8, "the second line")
        eventually(lambda: not receiver.refusal, "the silence is written")
        kinds = [record.kind for record in journal.read(0, 1 << 20)]
        assert kinds == [OPENED, DATA, SILENT, BACK, DATA]
        assert (health.state, health.reason) == (RECEIVING, "")
    finally:
        receiver.stop()


def test_feeds_that_end_when_receiving_is_stopped_are_no_fault(tmp_path):
    """The loop may be closed already, though the thread does not say so yet."""
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}")
    with Running(watch):
        eventually(until_folded(watch, len(log())), "all of the log")
    watch.receiver._is_over.clear()
    watch.receiver.stop()


def test_a_receiving_that_is_stopped_before_it_began_ends(tmp_path):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}")
    watch.receiver._thread.daemon = True  # a test that fails must not hang
    watch.receiver._loop.call_soon(watch.receiver._cancel)  # as stop() does, before the first turn
    watch.receiver.start()
    eventually(lambda: watch.receiver.is_over, "its end", 20)
    watch.end()


def test_a_receiving_that_cannot_be_stopped_keeps_what_was_folded(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}")
    stop = watch.receiver.stop

    def failing() -> None:
        stop()
        raise RuntimeError("a fault")

    monkeypatch.setattr(watch.receiver, "stop", failing)
    with pytest.raises(RuntimeError, match="a fault"), Running(watch):
        eventually(until_folded(watch, len(log())), "all of the log")
    assert kept(tmp_path / "home") == scanned()


def test_a_step_that_does_not_end_is_told(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    monkeypatch.setattr(running, "STANDS_S", 0.5)
    watch = live(tmp_path / "home", f"tail:{file}")
    step, goes_on = watch.folding.step, threading.Event()

    def standing() -> bool:
        goes_on.wait(60)
        return step()

    monkeypatch.setattr(watch.folding, "step", standing)
    with Running(watch):
        eventually(lambda: cause(watch) == FOLDING, "the halt")
        goes_on.set()
        eventually(until_folded(watch, len(log())), "all of the log")
        eventually(lambda: not cause(watch), "its end")


def test_a_folding_that_died_is_told_as_long_as_somebody_can_ask(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}")

    def failing() -> bool:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(watch.folding, "step", failing)
    at_the_end: list[str] = []
    end = watch.end
    monkeypatch.setattr(watch, "end", lambda: (at_the_end.append(cause(watch)), end()))
    with pytest.raises(ZeroDivisionError):
        watch.run()
    assert at_the_end == [FOLDING]
    halt = watch.vitals().halt
    assert halt is not None
    assert "a fault" in halt.what


def test_a_watch_whose_feeds_have_ended_is_no_halt_however_long_ago(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", "-")
    before = os.dup(0)
    with file.open("rb") as piped:
        os.dup2(piped.fileno(), 0)
    try:
        watch.run()
    finally:
        os.dup2(before, 0)
        os.close(before)
    assert kept(tmp_path / "home") >= scanned()
    monkeypatch.setattr(running, "STANDS_S", 0.0)
    assert watch.vitals().halt is None


def test_feeds_that_wait_for_the_folding_are_told_until_half_is_folded(tmp_path, monkeypatch):
    monkeypatch.setattr(folding_module, "READ_BYTES", 10_000)
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 10_000)
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}")
    watch.receiver.backlog_bytes = 50_000
    watch.receiver.start()
    eventually(lambda: cause(watch) == BACKLOG, "the halt")
    watch.receiver.stop()
    waits = []
    while cause(watch):
        waits.append(watch.vitals().waiting_bytes)
        assert watch.step()
    assert waits == sorted(waits, reverse=True)
    assert min(waits) > 25_000 >= watch.vitals().waiting_bytes
    watch.end()
