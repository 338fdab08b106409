"""A feed is kept connected through cuts, stalls, dead lines, refusals and floods."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sargas.errors import UsageError
from sargas.feeds.live import open_transport, supervise
from sargas.feeds.live.sockets import _drain
from sargas.feeds.live.supervise import ENDED, FAILED, PAUSED, RECEIVING, Backoff, Supervisor
from sargas.feeds.live.url import parse_feed_url
from tests.live.senders import TcpSender, eventually


class Heard:
    """A sink that remembers; it takes nothing while `is_full`."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []
        self.is_full = False

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def opened(self, t_ms: int, place: bytes) -> None:
        self.told.append(("opened", place))

    async def data(self, t_ms: int, piece: bytes) -> None:
        while self.is_full:
            await asyncio.sleep(0.01)
        self.told.append(("data", piece))

    async def silent(self, t_ms: int, reason: str) -> None:
        self.told.append(("silent", reason.encode()))

    async def back(self, t_ms: int) -> None:
        self.told.append(("back", b""))

    def last(self, t_ms: int, piece: bytes, place: bytes | None) -> None:
        self.told.append(("last", piece))

    @property
    def bytes(self) -> bytes:
        return b"".join(data for kind, data in self.told if kind == "data")

    def count(self, kind: str) -> int:
        return sum(k == kind for k, _ in self.told)


class Run:
    """A supervisor in a thread of its own."""

    def __init__(
        self,
        address: str,
        backoff: Backoff | None = None,
        *,
        pieces: object = None,
        is_vain: bool = True,
    ) -> None:
        self.heard, self.said = Heard(), []
        self.transport = open_transport(parse_feed_url(address))
        if pieces is not None:  # another way to bring them
            self.transport.__class__ = type("Odd", (type(self.transport),), {"pieces": pieces})
        self.supervisor = Supervisor(
            self.transport, self.heard, self.said.append, backoff or Backoff(0.05, 0.2),
            lambda: is_vain,
        )  # fmt: skip
        self.health = self.supervisor.health
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._task = self._loop.create_task(self.supervisor.run())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.close()

    def join(self) -> None:
        """Wait until it has ended by itself."""
        self._thread.join(30)
        assert not self._thread.is_alive()

    def end(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def runs() -> Iterator:
    started = []

    def run(*args: object, **options: object) -> Run:
        started.append(Run(*args, **options))
        return started[-1]

    yield run
    for one in started:
        one.end()


@pytest.fixture
def sender() -> Iterator[TcpSender]:
    with TcpSender() as one:
        yield one


def test_what_is_sent_is_heard_and_a_cut_line_is_called_again(runs, sender):
    run = runs(sender.url)
    line = sender.accept()
    line.sendall(b"one\r\n")
    eventually(lambda: run.heard.bytes == b"one\r\n", "the first line")
    line.close()
    again = sender.accept()
    again.sendall(b"two\r\n")
    eventually(lambda: run.heard.bytes == b"one\r\ntwo\r\n", "the second line")
    assert run.heard.count("opened") == run.health.connections == 2
    assert any("ended the connection" in text for text in run.said)
    assert any("connected again" in text for text in run.said)


def test_a_line_that_is_reset_in_the_middle_is_called_again(runs, sender):
    run = runs(sender.url)
    line = sender.accept()
    line.sendall(b"half a li")
    eventually(lambda: run.heard.bytes, "the half line")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.close()  # at once, with a reset
    sender.accept().sendall(b"whole\n")
    eventually(lambda: run.heard.bytes == b"half a liwhole\n", "the next connection")


def test_a_line_that_stalls_is_called_anew_and_its_silence_told_once(runs, sender):
    run = runs(f"{sender.url}#idle=0.6")
    sender.accept().sendall(b"one\n")
    eventually(lambda: run.heard.bytes, "the first line")
    second = sender.accept()  # the first is never closed: it is dead as far as anybody knows
    eventually(lambda: run.heard.count("silent"), "the silence")
    second.sendall(b"two\n")
    for later in range(50):  # the stalled line may have been given up at that moment
        if run.heard.count("back"):
            break
        with contextlib.suppress(OSError):
            sender.accept(0.5).sendall(b"two\n")
        assert later < 49
    eventually(lambda: run.heard.count("back"), "the end of the silence")
    assert run.heard.count("silent") == run.heard.count("back") == 1


def test_a_server_that_is_not_there_is_a_silence_with_its_reason(runs):
    with TcpSender() as gone:
        url = gone.url
    run = runs(f"{url}#idle=0.5")
    eventually(lambda: run.heard.count("silent"), "the silence")
    reason = next(data for kind, data in run.heard.told if kind == "silent")
    assert b"refused" in reason
    with TcpSender(int(url.rpartition(":")[2])) as back:
        back.accept().sendall(b"here\n")
        eventually(lambda: run.heard.bytes == b"here\n", "the server that came back")


def test_garbage_and_slow_bytes_come_through_as_they_are(runs, sender):
    run = runs(sender.url)
    line = sender.accept()
    rubbish = os.urandom(100_000)
    line.sendall(rubbish)
    for k in range(20):
        line.sendall(b"slow"[k % 4 : k % 4 + 1])
    eventually(lambda: run.heard.bytes == rubbish + b"slow" * 5, "every byte")


def test_a_flood_makes_the_sender_wait_and_loses_nothing(runs, sender):
    run = runs(sender.url)
    line = sender.accept()
    run.heard.is_full = True
    line.settimeout(1.0)
    sent = 0
    block = bytes(range(256)) * 256
    with contextlib.suppress(TimeoutError):
        while sent < 1 << 30:
            sent += line.send(block)
    assert 0 < sent < 1 << 28, "the sender never had to wait"
    assert run.heard.bytes == b""
    run.heard.is_full = False
    eventually(lambda: len(run.heard.bytes) == sent, "all that was sent")
    want = (block * (sent // len(block) + 1))[:sent]
    assert run.heard.bytes == want


def test_waiting_for_room_is_no_silence(runs, sender):
    run = runs(f"{sender.url}#idle=0.4")
    line = sender.accept()
    run.heard.is_full = True
    line.sendall(b"x\n")
    eventually(lambda: run.supervisor._is_putting, "the piece that waits")
    assert run.heard.count("silent") == 0
    with pytest.raises(AssertionError):
        eventually(lambda: run.heard.count("silent"), "a silence", 1.5)
    run.heard.is_full = False
    eventually(lambda: run.heard.bytes == b"x\n", "the piece")


def test_waiting_for_room_with_nothing_but_a_greeting_is_no_silence_either(monkeypatch):
    """As of a broker that has accepted our topics while the disk is full."""
    later_s = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + later_s[0])
    monkeypatch.setattr(supervise, "time", clock)

    class Full(Heard):
        async def opened(self, t_ms: int, place: bytes) -> None:
            later_s[0] += 3600
            await super().opened(t_ms, place)

    async def greeting(self) -> object:
        yield b""
        await asyncio.sleep(3 * supervise.LOOK_S)  # it is looked for silence meanwhile
        yield b"one\n"
        self.is_over = True

    heard = Full()
    transport = open_transport(parse_feed_url("tcp://127.0.0.1:9#idle=600"))
    transport.__class__ = type("Odd", (type(transport),), {"pieces": greeting})
    asyncio.run(Supervisor(transport, heard).run())
    assert [kind for kind, _ in heard.told] == ["opened", "data"]


def test_datagrams_are_lines_and_what_the_system_drops_is_counted(runs):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run = runs(f"udp://127.0.0.1:{port}")
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    eventually(lambda: _sent(out, port, b"first") and run.heard.bytes, "the first datagram")
    before = len(run.heard.bytes)
    run.heard.is_full = True
    eventually(lambda: _sent(out, port, b"held") and run.supervisor._is_putting, "a full sink")
    for k in range(40_000):
        _sent(out, port, b"flood %06d " % k + b"." * 500)
    run.heard.is_full = False
    eventually(lambda: b"flood" in run.heard.bytes, "some of the flood")
    eventually(lambda: _sent(out, port, b"last") and b"last\n" in run.heard.bytes, "the last")
    eventually(lambda: _sent(out, port, b"and") and run.health.dropped > 0, "the drops")
    flood = run.heard.bytes[before:].count(b"flood")
    assert flood + run.health.dropped >= 40_000
    assert b"first\n" in run.heard.bytes
    out.close()


def _sent(out: socket.socket, port: int, data: bytes) -> bool:
    with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
        out.sendto(data, ("127.0.0.1", port))
    return True


def test_a_port_that_is_taken_is_told_and_tried_again(runs):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        run = runs(f"udp://127.0.0.1:{port}")
        eventually(lambda: "in use" in run.health.reason, "the reason")
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    eventually(lambda: _sent(out, port, b"x") and run.heard.bytes, "a datagram")
    out.close()


def test_a_file_is_followed_over_growth_rotation_and_truncation(runs, tmp_path):
    file = tmp_path / "log.nmea"
    file.write_bytes(b"one\n")
    run = runs(f"tail:{file}")
    eventually(lambda: run.heard.bytes == b"one\n", "what was there")
    with file.open("ab") as grown:
        grown.write(b"two\n")
    eventually(lambda: run.heard.bytes == b"one\ntwo\n", "what was added")
    file.rename(tmp_path / "log.nmea.1")
    with (tmp_path / "log.nmea.1").open("ab") as old:
        old.write(b"late\n")
    file.write_bytes(b"three\n")
    eventually(lambda: b"three\n" in run.heard.bytes, "the file that took its name")
    assert run.heard.bytes.startswith(b"one\ntwo\nlate\n"), "what the old one still got"
    file.write_bytes(b"4\n")
    eventually(lambda: run.heard.bytes.endswith(b"three\n4\n"), "the file cut short")


def test_a_file_goes_on_where_an_earlier_run_stopped(runs, tmp_path):
    file = tmp_path / "log.nmea"
    file.write_bytes(b"one\ntwo\n")
    first = runs(f"tail:{file}")
    eventually(lambda: first.heard.bytes == b"one\ntwo\n", "all")
    place = first.heard.told[0][1]
    first.end()
    with file.open("ab") as grown:
        grown.write(b"three\n")
    transport = open_transport(parse_feed_url(f"tail:{file}"))
    transport.resume(place, len(b"one\n"))

    async def read() -> bytes:
        async for piece in transport.pieces():
            return piece
        return b""

    assert asyncio.run(read()) == b"two\nthree\n"


def test_a_file_that_is_not_there_yet_is_waited_for(runs, tmp_path):
    run = runs(f"tail:{tmp_path / 'later.nmea'}")
    eventually(lambda: "No such file" in run.health.reason, "the reason")
    (tmp_path / "later.nmea").write_bytes(b"here\n")
    eventually(lambda: run.heard.bytes == b"here\n", "its content")


def test_standard_input_ends_the_feed(runs, monkeypatch):
    read, write = os.pipe()
    kept = os.dup(0)
    os.dup2(read, 0)
    try:
        run = runs("-")
        os.write(write, b"one\n")
        eventually(lambda: run.heard.bytes == b"one\n", "the line")
        os.close(write)
        eventually(lambda: run.health.state == ENDED, "the end")
        run.end()
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read)


def test_what_can_never_work_is_not_tried_again(runs):
    async def never(self) -> object:
        raise UsageError("The key is wrong.")
        yield b""

    run = runs("tcp://127.0.0.1:9", pieces=never)
    run.join()
    assert run.health.state == FAILED
    assert run.supervisor.is_over
    assert "The key is wrong." in run.health.reason
    assert "not tried again" in run.said[0]
    assert PAUSED not in run.said


def test_a_feed_that_is_refused_beside_others_is_silent_and_tried_again(runs, monkeypatch):
    monkeypatch.setattr(supervise, "REFUSED_S", 0.2)
    calls = []

    async def refusing(self) -> object:
        calls.append(1)
        if len(calls) < 5 or not self.may_pass:
            raise UsageError("The key is wrong.")
        yield b"one\n"
        await asyncio.Event().wait()

    run = runs("tcp://127.0.0.1:9#idle=0.5", pieces=refusing, is_vain=False)
    run.transport.may_pass = False
    eventually(lambda: len(calls) > 5 and run.heard.count("silent"), "more calls, and the silence")
    assert run.health.state == FAILED
    assert ("silent", b"The key is wrong.") in run.heard.told
    run.transport.may_pass = True
    eventually(lambda: run.heard.count("back") and run.heard.bytes == b"one\n", "what it brings")
    assert run.health.state == RECEIVING
    assert sum("The key is wrong" in text for text in run.said) == 1
    assert "tried again every" in run.said[0]


def test_a_feed_that_was_received_is_never_given_up(runs, monkeypatch):
    """As by a server whose login has a bad moment after months."""
    monkeypatch.setattr(supervise, "REFUSED_S", 0.2)
    calls = []

    async def tiring(self) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise UsageError("Who are you?")
        yield b"%d\n" % len(calls)

    run = runs("tcp://127.0.0.1:9", pieces=tiring)
    eventually(lambda: run.heard.bytes.startswith(b"1\n3\n"), "what came after the refusal")


async def until(is_so: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)
    assert is_so(), what


def test_a_feed_that_is_let_in_at_last_is_not_over_though_it_has_no_report_yet(runs, monkeypatch):
    """But one that refuses us by a line that stands never let us in, as aisstream.io does."""
    monkeypatch.setattr(supervise, "REFUSED_S", 0.1)
    calls = []

    async def relenting(self) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise UsageError("Who are you?")
        self.is_up = True
        while not self.may_end:
            await asyncio.sleep(0.01)
        raise UsageError("And now?")
        yield b""

    run = runs("tcp://127.0.0.1:9#idle=60", pieces=relenting, is_vain=False)
    run.transport.may_end = False
    eventually(lambda: len(calls) == 2 and run.transport.is_up, "it is let in")
    assert not run.supervisor.is_over
    run.transport.may_end = True
    eventually(lambda: "And now?" in run.health.reason, "it is refused by a line that stood")
    eventually(lambda: run.supervisor.is_over, "over again")


def test_a_feed_that_was_let_in_is_never_given_up_though_it_brought_nothing(runs, monkeypatch):
    """As a quiet WebSocket that is called anew, and whose server has a bad moment then."""
    monkeypatch.setattr(supervise, "REFUSED_S", 0.1)
    calls = []

    async def quiet(self) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise UsageError("Who are you?")
        self.is_up = True
        if len(calls) == 1:
            raise OSError("cut")
        yield b"one\n"
        await asyncio.Event().wait()

    run = runs("tcp://127.0.0.1:9", pieces=quiet)
    eventually(lambda: run.heard.bytes == b"one\n", "what came after the refusal")
    assert not any("not tried again" in text for text in run.said)


def test_a_feed_that_is_let_in_again_and_quiet_is_not_said_to_have_failed(runs, monkeypatch):
    monkeypatch.setattr(supervise, "REFUSED_S", 0.1)
    monkeypatch.setattr(supervise, "STEADY_S", 2.0)
    calls = []

    async def relenting(self) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise UsageError("Who are you?")
        self.is_up = True
        if len(calls) == 2:  # lets everybody in, and looks at the key then
            await asyncio.sleep(0.7)
            raise UsageError("Who are you?")
        await asyncio.Event().wait()
        yield b""

    run = runs("tcp://127.0.0.1:9#idle=60", pieces=relenting, is_vain=False)
    eventually(lambda: run.health.state == RECEIVING, "it is let in", 20)
    assert not run.health.reason
    assert len(calls) == 3
    assert sum("Who are you?" in text for text in run.said) == 1


def test_a_feed_is_not_given_up_while_another_is_asked_again(monkeypatch):
    monkeypatch.setattr(supervise, "REFUSED_S", 0.1)

    async def main() -> None:
        calls, may_answer, is_refused = [], asyncio.Event(), asyncio.Event()

        async def first(self) -> object:
            calls.append("a")
            if len(calls) == 1:
                raise UsageError("Who are you?")
            await may_answer.wait()
            yield b"one\n"
            await asyncio.Event().wait()

        async def second(self) -> object:
            if not is_refused.is_set():
                await until(lambda: len(calls) == 2, "the first is asked again")
                is_refused.set()
                raise UsageError("And you?")
            yield b"two\n"
            await asyncio.Event().wait()

        heard, supervisors = Heard(), []
        for pieces in (first, second):
            transport = open_transport(parse_feed_url("tcp://127.0.0.1:9"))
            transport.__class__ = type("Odd", (type(transport),), {"pieces": pieces})
            supervisors.append(
                Supervisor(transport, heard, is_vain=lambda: all(s.is_over for s in supervisors))
            )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in supervisors]
            await is_refused.wait()
            await until(lambda: tasks[1].done() or b"two\n" in heard.bytes, "the second goes on")
            assert not tasks[1].done()
            may_answer.set()
            await until(lambda: b"one\n" in heard.bytes, "the first is let in")
            for task in tasks:
                task.cancel()

    asyncio.run(main())


@pytest.mark.parametrize("when", ["before", "within", "closing"])
def test_a_fault_ends_one_connection_is_said_once_and_counted(runs, when):
    calls = []

    async def faulty(self) -> object:
        calls.append(1)
        is_bad = len(calls) < 5
        if when == "before" and is_bad:
            raise ValueError("Invalid URL http://anna:hunter2@[")
        try:
            yield b"%d\n" % len(calls)
            if when == "within" and is_bad:
                raise ValueError("Invalid URL http://anna:hunter2@[")
        finally:
            if when == "closing" and is_bad:
                raise ValueError("Invalid URL http://anna:hunter2@[")

    run = runs("tcp://127.0.0.1:9", pieces=faulty)
    eventually(lambda: b"6\n" in run.heard.bytes, "a connection without fault")
    assert run.health.faults == 4
    told = [text for text in run.said if "fault of sargas" in text]
    assert len(told) == 1
    assert "ValueError in test_supervise.py, line " in told[0]
    assert "hunter2" not in " ".join(run.said) + run.health.reason


def test_what_is_cancelled_within_a_connection_ends_that_connection_alone(runs):
    """As by a library whose own task was: it is not us who are stopped."""
    calls = []

    async def cancelled(self) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise asyncio.CancelledError
        try:
            yield b"%d\n" % len(calls)
        finally:
            if len(calls) == 2:
                raise asyncio.CancelledError

    run = runs("tcp://127.0.0.1:9", pieces=cancelled)
    eventually(lambda: run.heard.bytes.startswith(b"2\n3\n"), "the connections after it")
    assert run.health.faults == 2
    assert any("CancelledError in test_supervise.py" in text for text in run.said)


def test_datagrams_that_were_read_before_the_system_complains_are_kept():
    class Failing:
        def __init__(self) -> None:
            self.waiting = [b"one", b"two"]

        def recvmsg(self, *sizes: int) -> tuple[bytes, list[object], int, None]:
            if not self.waiting:
                raise OSError(errno.ENETDOWN, "Network is down")
            return self.waiting.pop(0), [], 0, None

    failing = Failing()
    assert _drain(failing) == (b"one\ntwo\n", 0)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="down"):
        _drain(failing)  # type: ignore[arg-type]


def test_what_the_journal_raises_is_no_matter_of_the_feed():
    """It would be lost silently, were it taken for the end of a connection."""

    class Broken(Heard):
        async def data(self, t_ms: int, piece: bytes) -> None:
            raise ZeroDivisionError

    async def one(self) -> object:
        yield b"one\n"

    transport = open_transport(parse_feed_url("tcp://127.0.0.1:9"))
    transport.__class__ = type("One", (type(transport),), {"pieces": one})
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(Supervisor(transport, Broken()).run())
    assert caught.group_contains(ZeroDivisionError)


# ---- what is quiet, and what is dead -------------------------------------------------------------


class Counting(Backoff):
    """Pauses that are asked for, and very short."""

    def __init__(self) -> None:
        super().__init__(0.01, 0.01)
        self.asked = 0

    def next_s(self) -> float:
        self.asked += 1
        return super().next_s()


def test_a_port_stays_open_however_quiet_it_is(runs):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run = runs(f"udp://127.0.0.1:{port}#idle=0.4")
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for k in range(8):
        eventually(lambda k=k: run.heard.count("silent") == k + 1, "a silence")
        out.sendto(b"%d\n" % k, ("127.0.0.1", port))
        eventually(lambda k=k: b"%d\n" % k in run.heard.bytes, "the one datagram")
    assert run.health.connections == 1
    out.close()


def is_open(run: Run) -> bool:
    return run.health.state == RECEIVING and not run.health.reason


def test_a_quiet_file_is_shown_to_be_open(runs, tmp_path):
    file = tmp_path / "log.nmea"
    run = runs(f"tail:{file}#idle=600")
    eventually(lambda: "No such file" in run.health.reason, "the reason")
    file.touch()
    eventually(lambda: is_open(run), "it is open")
    assert run.heard.told == []
    assert run.health.last_received_ms is None


def test_a_quiet_file_is_silent_like_any_feed(runs, tmp_path):
    file = tmp_path / "log.nmea"
    file.touch()
    run = runs(f"tail:{file}#idle=0.5")
    eventually(lambda: run.heard.count("silent"), "the silence")
    assert ("silent", b"connected, but nothing is received") in run.heard.told
    assert run.health.state == supervise.SILENT


def test_a_port_and_a_pipe_are_shown_to_be_open_however_quiet_they_are(runs):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run = runs(f"udp://127.0.0.1:{port}#idle=600")
    eventually(lambda: is_open(run), "the port is open")
    read, write = os.pipe()
    kept = os.dup(0)
    os.dup2(read, 0)
    try:
        run = runs("-#idle=600")
        eventually(lambda: is_open(run), "the pipe is open")
        assert run.heard.told == []
        os.close(write)
        run.join()
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read)


def test_a_line_that_stands_is_no_longer_said_to_be_called(runs, sender, monkeypatch):
    """Nor is it said why an earlier call was in vain."""
    monkeypatch.setattr(supervise, "STEADY_S", 0.5)
    run = runs(f"{sender.url}#idle=600")
    sender.accept().close()
    eventually(lambda: any("ended the connection" in text for text in run.said), "the cut")
    sender.accept()
    eventually(lambda: is_open(run), "the line that stands")
    assert run.heard.told == []


def test_a_server_that_has_little_to_say_is_heard_whole(runs, sender):
    run = runs(f"{sender.url}#idle=1.5")
    line = sender.accept()
    for k in range(4):
        eventually(lambda k=k: run.heard.count("silent") == k + 1, "a silence")
        line.sendall(b"%d\n" % k)
        eventually(lambda k=k: run.heard.bytes.endswith(b"%d\n" % k), "the one line")
    assert run.heard.bytes == b"0\n1\n2\n3\n"
    assert run.health.connections == 1


def test_a_line_that_stands_and_is_silent_is_called_anew_at_once(runs, sender):
    run = runs(f"{sender.url}#idle=0.4", Backoff(1000, 1000))
    for _ in range(3):
        sender.accept()
    sender.accept().sendall(b"one\n")
    eventually(lambda: run.heard.bytes == b"one\n", "the line")
    assert sum("Nothing came for" in text for text in run.said) == 1


def test_a_lively_line_that_stops_is_called_anew_before_its_silence_is_told(runs, sender):
    run = runs(f"{sender.url}#idle=12", Backoff(1000, 1000))
    line = sender.accept()
    for k in range(25):
        line.sendall(b"%02d\n" % k)
        eventually(lambda k=k: run.heard.bytes.endswith(b"%02d\n" % k), "the line")
    sender.listening.setblocking(False)

    def is_heard_again() -> bool:
        """Send on every line there is: one may be taken for dead before it is heard."""
        with contextlib.suppress(BlockingIOError):
            sender.lines.append(sender.listening.accept()[0])
        for new in sender.lines[1:]:
            with contextlib.suppress(OSError):
                new.sendall(b"again\n")
        return run.heard.bytes.endswith(b"again\n")

    eventually(is_heard_again, "what comes by the next")
    assert run.heard.count("silent") == 0


def test_who_hangs_up_at_once_again_and_again_is_called_with_pauses(runs, sender):
    pauses = Counting()
    runs(sender.url, pauses)
    for k in range(10):
        line = sender.accept()
        if k % 2:
            line.sendall(b"x\n")
        line.close()
    eventually(lambda: pauses.asked >= 10, "a pause after each")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells its timers")
def test_the_system_asks_a_quiet_line_whether_it_is_there(runs, sender):
    """A half-open line is noticed by the system: nobody has to send anything on it."""
    runs(sender.url)
    ours = sender.accept().getpeername()[1]

    def due_s() -> float | None:
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            cells = row.split()
            if cells[1].endswith(f":{ours:04X}"):
                kind, _, when = cells[5].partition(":")
                return int(when, 16) / os.sysconf("SC_CLK_TCK") if kind == "02" else None
        return None

    eventually(lambda: due_s() is not None, "the timer of the next question")
    due = due_s()
    assert due is not None
    assert due <= 20.5  # seconds, where a system left alone asks after two hours


def test_what_is_read_of_a_pipe_after_nobody_waits_is_kept():
    read, write = os.pipe()
    kept = os.dup(0)
    os.dup2(read, 0)
    transport = open_transport(parse_feed_url("-"))

    def waiting_bytes() -> int:
        return struct.unpack("i", fcntl.ioctl(read, termios.FIONREAD, b"\0" * 4))[0]

    async def main() -> bytes:
        for k in range(3):
            pieces = transport.pieces()
            waiting = asyncio.ensure_future(anext(pieces))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
            os.write(write, b"line %d\n" % k)
            # By the thread that still reads.
            await asyncio.to_thread(eventually, lambda: not waiting_bytes(), "it is read", 20.0)
            pieces = transport.pieces()
            async with asyncio.timeout(20):
                assert await anext(pieces) == b"line %d\n" % k
            await pieces.aclose()
        os.close(write)
        return b"".join([piece async for piece in transport.pieces()])

    try:
        assert asyncio.run(main()) == b""
        assert transport.is_over
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read)


def test_a_pipe_that_is_quiet_is_not_called_anew(runs):
    read, write = os.pipe()
    kept = os.dup(0)
    os.dup2(read, 0)
    try:
        run = runs("-#idle=0.4")
        for k in range(5):
            eventually(lambda k=k: run.heard.count("silent") == k + 1, "a silence")
            os.write(write, b"%d\n" % k)
            eventually(lambda k=k: run.heard.bytes.endswith(b"%d\n" % k), "the line")
        assert run.heard.bytes == b"0\n1\n2\n3\n4\n"
        assert run.health.connections == 1
        os.close(write)
        run.join()
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read)
