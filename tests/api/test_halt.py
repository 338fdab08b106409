"""Screens are told what keeps a watch from judging: at once, wherever they look, and its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sargas.model.assets import AssetSet
from sargas.store import Home
from sargas.web.api import make_app
from sargas.web.health import STORE, Halt, Vitals

from .test_clocks import ONE, TWO, Ear, Watch, look_back, screen, shown_ms

FULL = Halt(STORE, "Cannot write the ledger: No space left on device.", 5_000)


class Halting(Watch):
    """A live watch that a test keeps from judging."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.halt: Halt | None = None
        self.app = make_app(
            self.player, self.desk, AssetSet([]), [], ["testserver"], clocks=self.clocks,
            vitals=lambda: Vitals(self.halt, judged_to_ms=4_000, now_ms=self.now_ms),
        )  # fmt: skip


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Halting, TestClient]]:
    watch = Halting(Home(tmp_path / "home"))
    with TestClient(watch.app) as client:
        client.headers["origin"] = "http://testserver"
        yield watch, client


def halt_of(client: TestClient) -> Any:
    return client.get("/api/status").json()["halt"]


def test_status_tells_of_a_halt_and_of_its_end(live: tuple[Halting, TestClient]) -> None:
    watch, client = live
    assert halt_of(client) is None
    assert client.get("/healthz").json() == {"status": "ok"}
    watch.halt = FULL
    halt = halt_of(client)
    assert (halt["cause"], halt["what"]) == ("store", FULL.what)
    assert (halt["since_ms"], halt["until_ms"], halt["judged_to_ms"]) == (5_000, None, 4_000)
    assert client.get("/healthz").status_code == 503
    watch.halt = None
    assert halt_of(client)["until_ms"] == watch.now_ms
    assert client.get("/healthz").json() == {"status": "ok"}


def test_open_screens_are_told_at_once_also_those_that_look_back(
    live: tuple[Halting, TestClient],
) -> None:
    watch, client = live
    with screen(client, ONE) as one, screen(client, TWO) as two:
        look_back(client, TWO, watch.now_ms - 3_600_000)
        assert shown_ms(client, TWO) < shown_ms(client, ONE)
        watch.halt = FULL
        for ear in (one, two):
            assert ear.kind("halt")["halt"]["what"] == FULL.what
        with client.websocket_connect("/ws") as socket:  # one that is opened meanwhile
            hello = json.loads(socket.receive()["text"])
            assert hello["status"]["halt"]["since_ms"] == FULL.since_ms
            watch.halt = None
            for ear in (one, two, Ear(socket)):
                assert ear.kind("halt")["halt"]["until_ms"] == watch.now_ms
