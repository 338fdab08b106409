"""Feeds that are stopped, end or change while a record of theirs waits for the disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from sargas.cli.live import receiving
from sargas.cli.live.receiving import Receiver
from sargas.errors import FeedUnavailableError, SargasError, StoreError, UsageError
from sargas.feeds.live import supervise
from sargas.feeds.live.base import Transport
from sargas.feeds.live.supervise import FAILED, PAUSED, Backoff
from sargas.store.journal import BACK, DATA, OPENED, SILENT, Journal, Record

from .senders import eventually
from .test_halts import odd


class Received:
    """A receiver of one odd feed, and a disk that refuses the kinds of records that a test says."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.refused, self.said = journal, set[int](), list[str]()
        self.may_bring = threading.Event()
        self.receiver: Receiver | None = None

    def start(self, url: str, pieces: object) -> Receiver:
        self.receiver = Receiver(
            {1: odd(url, pieces)}, self.journal, self.said.append,
            make_backoff=lambda: Backoff(600, 600),
        )  # fmt: skip
        self.receiver.start()
        return self.receiver

    def is_paused(self) -> bool:
        assert self.receiver is not None
        return self.receiver.health[1].state == PAUSED

    def records(self) -> list[Record]:
        return self.journal.read(0, 1 << 20)


@pytest.fixture
def received(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    out = Received(Journal(tmp_path / "journal"))
    append = Journal.append

    def refusing(self: Journal, feed: int, kind: int, t_ms: int, data: bytes = b"") -> int:
        if kind in out.refused:
            raise StoreError("Cannot write the journal: No space left on device.")
        return append(self, feed, kind, t_ms, data)

    monkeypatch.setattr(Journal, "append", refusing)
    yield out
    if out.receiver is not None:
        out.receiver.stop()
        assert out.receiver.error is None


async def one_and_two(self: Transport) -> object:
    """Bring a line, and another when the test says so."""
    yield b"one\n"
    while not self.may_bring.is_set():
        await asyncio.sleep(0.01)
    yield b"two\n"
    await asyncio.Event().wait()


def bringing(received: Received) -> object:
    async def pieces(self: Transport) -> object:
        self.may_bring = received.may_bring
        async for piece in one_and_two(self):
            yield piece

    return pieces


@pytest.mark.parametrize("kind", [OPENED, DATA])
def test_stopped_while_the_first_words_wait_for_the_disk_what_came_is_kept(
    received, monkeypatch, kind
):
    monkeypatch.setattr(receiving, "RETRY_S", 600.0)  # nothing but the stop tries again
    received.refused = {kind}
    receiver = received.start("tail:some", bringing(received))
    eventually(received.is_paused, "the words that wait")
    seen_ms = receiver.clock.now_ms()
    received.refused = set()
    receiver.stop()
    assert [(r.kind, r.data) for r in received.records()] == [(OPENED, b""), (DATA, b"one\n")]
    assert received.records()[-1].t_ms <= seen_ms, "when it was received, not when it was stopped"
    assert not receiver.refusal


@pytest.mark.parametrize("kind", [SILENT, BACK])
def test_stopped_while_words_about_a_silence_wait_what_ends_it_is_kept(received, monkeypatch, kind):
    monkeypatch.setattr(receiving, "RETRY_S", 600.0)
    received.refused = {kind}
    receiver = received.start("tail:some#idle=0.4", bringing(received))
    if kind == SILENT:
        eventually(received.is_paused, "the silence that waits")
    else:
        eventually(lambda: any(r.kind == SILENT for r in received.records()), "the silence")
    received.may_bring.set()
    supervisor = receiver._supervisors[1]
    eventually(lambda: supervisor._line.pieces == 2 and supervisor._is_putting, "what ends it")
    eventually(received.is_paused, "the words that wait")
    received.refused = set()
    receiver.stop()
    told = [(r.kind, r.data) for r in received.records() if r.kind in (OPENED, DATA)]
    assert told == [(OPENED, b""), (DATA, b"one\n"), (DATA, b"two\n")]


def test_what_can_not_be_kept_at_a_stop_is_said_and_nothing_is_kept_out_of_order(
    received, monkeypatch
):
    """Bytes of a connection that was never told would be taken for those of the one before."""
    monkeypatch.setattr(receiving, "RETRY_S", 600.0)
    received.refused = {OPENED}
    receiver = received.start("tail:some", bringing(received))
    eventually(received.is_paused, "the word that waits")
    receiver.stop()
    assert received.records() == []
    assert any("4 bytes that waited for the disk are lost" in text for text in received.said)
    assert not receiver.refusal


@pytest.mark.parametrize(
    ("error", "state"),
    [(FeedUnavailableError("It is gone."), supervise.SILENT), (UsageError("Who are you?"), FAILED)],
)
def test_why_a_feed_ended_while_its_silence_waited_is_told_afterwards(
    received, monkeypatch, error: SargasError, state: str
):
    monkeypatch.setattr(receiving, "RETRY_S", 0.1)

    async def ending(self: Transport) -> object:
        yield b"one\n"
        while not received.may_bring.is_set():
            await asyncio.sleep(0.01)
        raise error

    received.refused = {SILENT}
    receiver = received.start("tail:some#idle=0.4", ending)
    health = receiver.health[1]
    eventually(received.is_paused, "the silence that waits")
    received.may_bring.set()
    eventually(lambda: any(error.what in text for text in received.said), "the end")
    eventually(lambda: received.is_paused() and "not read since" in health.reason, "it waits still")
    received.refused = set()
    eventually(lambda: not receiver.refusal, "the silence is written")
    eventually(lambda: health.state == state, "how the feed is")
    assert health.reason == error.what
    assert received.records()[-1].kind == SILENT
