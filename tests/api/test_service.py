"""The service as a process: ports, ends, screens that are slow, and what a demonstration leaves."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sargas.errors import StoreError, UsageError
from sargas.store import AuditLog, Home, Ledger
from sargas.web import player as playing
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from sargas.web.service import address, bind, hosts

from .conftest import SARGAS, serving, told

SHORT = """
name = "short"
title = "Half an hour of one ship"
note = "SYNTHETIC"
seed = 1
start = "2024-12-25T10:00:00Z"
end = "2024-12-25T10:30:00Z"
[[vessel]]
mmsi = 200999999
name = "SHORT EXERCISE"
waypoints = [
  {t = "2024-12-25T10:00:00Z", lon = 25.00, lat = 59.8, sog_kn = 10.0},
  {t = "2024-12-25T10:30:00Z", lon = 25.16, lat = 59.8, sog_kn = 10.0},
]
"""


# ---- screens -------------------------------------------------------------------------------------
class Screen:
    """A screen that takes all, or nothing from some moment on."""

    def __init__(self) -> None:
        self.got: list[str | bytes] = []
        self.stuck = False
        self.closed = False

    async def send_text(self, text: str) -> None:
        await self._take(text)

    async def send_bytes(self, data: bytes) -> None:
        await self._take(data)

    async def _take(self, message: str | bytes) -> None:
        while self.stuck:
            await asyncio.sleep(3600)
        self.got.append(message)

    async def close(self) -> None:
        self.closed = True


class Broken(Screen):
    """A screen whose connection has gone."""

    async def _take(self, message: str | bytes) -> None:
        raise ConnectionResetError


def make_player(home: Path, **options: Any) -> Player:
    stored = Home(home, create=False)
    picture = Picture(stored)
    ends = picture.archive.span()
    assert ends is not None
    span = Span(ends[0], ends[1] + 1, ends[1] + 1)
    desk = Desk(Ledger(stored), AuditLog(stored))
    return Player(picture, desk, lambda: span, list, {"mode": "serve"},
                  t_ms=span.from_ms, **options)  # fmt: skip


def test_a_slow_screen_is_dropped_and_the_others_are_not_kept_waiting(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "SEND_TIMEOUT_S", 3.0)
    monkeypatch.setattr(playing, "TICK_S", 0.02)

    async def run() -> None:
        player = make_player(exercise_home, speed=3600.0)
        good, slow, gone = Screen(), Screen(), Broken()
        for screen in (good, slow, gone):
            await player.join(screen)
        slow.stuck = True
        await player.open()
        task = asyncio.create_task(player.run())
        while len(good.got) < 12:
            await asyncio.sleep(0.005)
        assert not slow.closed  # the good one did not have to wait for the slow one's end
        while player.screens > 1:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert (good.closed, slow.closed, gone.closed) == (False, True, True)
        before = len(good.got)
        while len(good.got) < before + 5:
            await asyncio.sleep(0.005)
        task.cancel()
        player.leave(good)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_screen_for_which_too_much_waits_is_dropped(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "WAITING_MOST", 5)

    async def run() -> None:
        player = make_player(exercise_home)
        slow = Screen()
        slow.stuck = True
        await player.join(slow)
        for k in range(20):
            player.tell({"kind": "clock", "k": k})
        while player.screens:
            await asyncio.sleep(0.01)
        while not slow.closed:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_two_screens_are_told_the_same_in_the_same_order(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "TICK_S", 0.01)

    async def run() -> None:
        player = make_player(exercise_home, speed=3600.0)
        one, two = Screen(), Screen()
        await player.join(one)
        await player.join(two)
        await player.open()
        task = asyncio.create_task(player.run())
        middle = player.t_ms + 90 * 60_000
        for k in range(6):
            await asyncio.sleep(0.03)
            await asyncio.gather(player.seek(middle + k), player.seek(middle - k * 60_000))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.2)
        assert one.got == two.got
        # After each reset the next frame is a snapshot: no change of the time before follows it.
        kinds = [m[5] if isinstance(m, bytes) else json.loads(m)["kind"] for m in one.got]
        for at in [k for k, kind in enumerate(kinds) if kind == "reset"]:
            assert kinds[at + 1] == 0
        for screen in (one, two):
            player.leave(screen)
            player.leave(screen)
        assert player.screens == 0

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_store_that_fails_stops_the_clock_and_says_so(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(playing, "TICK_S", 0.01)

    async def run() -> None:
        player = make_player(exercise_home)
        await player.open()
        task = asyncio.create_task(player.run())
        await asyncio.sleep(0.1)

        def fail(*_: int) -> list[bytes]:
            raise StoreError("The archive cannot answer.", where="here")

        monkeypatch.setattr(player.picture, "advance", fail)
        while player.playing:
            await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()

    asyncio.run(asyncio.wait_for(run(), 30))
    assert "sargas: here: The archive cannot answer." in capsys.readouterr().err


# ---- ports ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::", ""])
def test_only_the_loopback_is_bound(host: str) -> None:
    with pytest.raises(UsageError, match=r"no users|no address"):
        bind(host, 0)


def test_a_port_that_is_taken_is_said_at_once() -> None:
    with bind("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} cannot be used"):
            bind("127.0.0.1", port)
        assert address(sock) == f"http://127.0.0.1:{port}/"
        # Otherwise asyncio leaves Nagle's delay on, and each answer waits 40 ms.
        assert sock.proto == socket.IPPROTO_TCP
        assert {"127.0.0.1", "localhost", "[::1]"} <= set(hosts(sock))
    for port in (-1, 65_536, 10**9):
        with pytest.raises(UsageError, match="no port"):
            bind("127.0.0.1", port)


def test_a_second_service_on_the_port_leaves_with_two(real_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for words in (["serve", "--home", real_home], ["demo", "--no-browser"]):
            done = subprocess.run(
                [SARGAS, *words, "--port", str(port)], capture_output=True, timeout=120
            )
            assert done.returncode == 2
            assert done.stdout == b""
            assert b"--port" in done.stderr


# ---- the end -------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_the_service_ends_in_order(exercise_home: Path, number: signal.Signals) -> None:
    with serving(exercise_home) as service, service.screen() as screen:
        told(screen, "hello")
        began = time.monotonic()
        assert service.end(number) == 130
        assert time.monotonic() - began < 20
        assert service.process.stderr is not None
        err = service.process.stderr.read().decode()
        assert "Traceback" not in err, err
        assert "interrupted" in err


def demo_folders() -> set[str]:
    return {p.name for p in Path(tempfile.gettempdir()).glob("sargas-demo-*")}


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


def run_demo(short: Path, tmp_path: Path, *words: str) -> subprocess.Popen[bytes]:
    import os

    (tmp_path / "tmp").mkdir()
    return subprocess.Popen(
        [SARGAS, "demo", "--scenario", short, "--no-browser", "--port", "0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip


def test_a_demonstration_prints_its_address_first_and_leaves_nothing(
    short: Path, tmp_path: Path
) -> None:
    process = run_demo(short, tmp_path, "--exit-after", "0.5")
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"http://127.0.0.1:")
    _, err = process.communicate(timeout=250)
    assert process.returncode == 0, err
    assert b"EXERCISE short: 180 fixes of 1 vessel folded" in err
    assert b"Traceback" not in err
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("wait_s", [0.0, 1.5])
def test_a_demonstration_that_is_interrupted_leaves_nothing(
    tmp_path: Path, number: signal.Signals, wait_s: float
) -> None:
    process = run_demo(Path("eagle-s"), tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"http://")
    time.sleep(wait_s)  # in the middle of loading, or of folding
    process.send_signal(number)
    _, err = process.communicate(timeout=250)
    assert process.returncode == 130, err
    assert b"Traceback" not in err, err
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_demonstration_leaves_no_thread(
    short: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    from sargas.cli.root import run

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = {t.name for t in threading.enumerate()}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        code = run(["demo", "--scenario", str(short), "--no-browser", "--port", "0",
                    "--exit-after", "0", "--json", "--quiet"])  # fmt: skip
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert code == 0
    assert {t.name for t in threading.enumerate()} <= before | {"asyncio_0"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["short.toml"]
    out = capsys.readouterr().out.splitlines()
    assert json.loads(out[0])["address"].startswith("http://127.0.0.1:")
