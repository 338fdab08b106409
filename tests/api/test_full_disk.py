"""A watch on a disk that is really full says so to who looks at it, and goes on when it is not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.live.place import SmallDisk
from tests.live.senders import TcpSender, eventually

from .conftest import SARGAS
from .test_live import report


class Watching:
    """A watch on a small disk, and who sends to it."""

    def __init__(self, place: Path, sender: TcpSender) -> None:
        self.sender = sender
        self.disk = SmallDisk(place, [
            str(SARGAS), "watch", f"{sender.url}#name=north,idle=600", "--home",
            str(place / "home"), "--serve", "--port", "0", "--lateness", "1",
        ])  # fmt: skip
        assert self.disk.process.stdout is not None
        self.url = self.disk.process.stdout.readline().strip()

    def status(self) -> Any:
        return httpx.get(f"{self.url}api/status", timeout=30).json()

    def is_halted(self) -> bool:
        halt = self.status()["halt"]
        return halt is not None and halt["until_ms"] is None

    def health(self) -> tuple[int, str]:
        answer = httpx.get(f"{self.url}healthz", timeout=30)
        return answer.status_code, answer.json()["status"]


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    with TcpSender() as sender:
        made = Watching(tmp_path, sender)
        try:
            yield made
        finally:
            said = made.disk.end()
            assert "Traceback" not in said, said


def told_of_halt(socket: ClientConnection) -> Any:
    """The next word of a halt that the screen is told."""
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        message = socket.recv(timeout=30)
        if isinstance(message, str) and (said := json.loads(message))["kind"] == "halt":
            return said["halt"]
    raise AssertionError("no halt was told")


def test_a_full_disk_is_told_and_untold_and_nothing_is_lost(watching: Watching) -> None:
    line, sent = watching.sender.accept(), 0

    def speak() -> None:
        nonlocal sent
        line.sendall(report(20.0 + sent / 1000))
        sent += 1

    speak()
    eventually(lambda: watching.status()["fixes"] == sent, "the first report")
    assert watching.status()["halt"] is None
    with connect(watching.url.replace("http", "ws") + "ws") as socket:
        watching.disk.fill()
        eventually(lambda: speak() or watching.is_halted(), "the halt")
        halt = told_of_halt(socket)
        assert watching.disk.words in halt["what"]
        assert abs(halt["since_ms"] - time.time() * 1000) < 60_000
        assert halt["until_ms"] is None
        assert watching.health() == (503, "failing")
        watching.disk.free()
        eventually(lambda: not watching.is_halted(), "its end")
        while (over := told_of_halt(socket))["until_ms"] is None:
            pass
        assert over["until_ms"] >= over["since_ms"] == halt["since_ms"]
    eventually(lambda: watching.health() == (200, "ok"), "its health")
    speak()
    eventually(lambda: watching.status()["fixes"] == sent, "all that was sent")
