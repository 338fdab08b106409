"""The screen's clock goes on ticking whatever happens to it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from sargas.errors import StoreError
from sargas.model.assets import AssetSet
from sargas.store import AuditLog, Home
from sargas.web import player as playing
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span


class Pictured:
    """A picture that can be made to fail, and remembers where it was."""

    def __init__(self) -> None:
        self.vessels, self.now_ms = 0, 0
        self.archive = SimpleNamespace(home=SimpleNamespace(path=Path("no-such-home")))
        self.fault: Exception | None = None

    def seek(self, t_ms: int) -> bytes:
        self.now_ms = t_ms
        return b"whole %d" % t_ms

    def advance(self, t_ms: int, known_to_ms: int) -> list[bytes]:
        before, self.now_ms = self.now_ms, t_ms
        if self.fault:
            raise self.fault
        return [b"from %d" % before]

    def snapshot(self) -> bytes:
        return self.seek(self.now_ms)


class Nothing:
    """A desk without alerts, over a log without acts."""

    told = 0

    def __init__(self, folder: Path | None = None) -> None:
        self.ledger = self.standing = self
        self.log = AuditLog(Home(folder / "home")) if folder else self

    def alerts(self, *_: object, **__: object) -> list[Any]:
        return []

    async def follow(self, *_: object) -> None:
        return None


class Screen:
    """A screen that takes all."""

    def __init__(self) -> None:
        self.got: list[str | bytes] = []

    async def send_text(self, text: str) -> None:
        self.got.append(text)

    async def send_bytes(self, data: bytes) -> None:
        self.got.append(data)

    async def close(self) -> None:
        pass


def make_player(picture: Pictured, feeds: Any = list) -> Player:
    span = Span(0, 10**9, 10**9)
    return Player(cast(Picture, picture), Nothing(), lambda: span, feeds, {})


@pytest.mark.parametrize("fault", [ValueError("odd"), OSError(5, "disk"), StoreError("gone")])
def test_no_fault_ends_the_ticking(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(playing, "TICK_S", 0.01)

    async def run() -> None:
        picture, screen = Pictured(), Screen()
        player = make_player(picture)
        await player.open()
        await player.join(screen)
        task = asyncio.create_task(player.run())
        await asyncio.sleep(0.05)
        picture.fault = fault
        while player.playing:
            await asyncio.sleep(0.005)
        stood_ms = player.t_ms
        await asyncio.sleep(0.05)
        assert not task.done()
        assert player.t_ms == stood_ms
        picture.fault = None
        screen.got.clear()
        await player.act("play", None, None)
        while not any(isinstance(m, bytes) and m.startswith(b"from") for m in screen.got):
            await asyncio.sleep(0.005)
        # The step that failed had moved the picture: screens begin anew where the clock stood.
        frames = [m for m in screen.got if isinstance(m, bytes)]
        assert frames[:2] == [b"whole %d" % stood_ms, b"from %d" % stood_ms]
        task.cancel()
        player.leave(screen)

    asyncio.run(asyncio.wait_for(run(), 20))
    assert str(fault) in capsys.readouterr().err


def test_feeds_that_cannot_be_asked_end_no_ticking(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(playing, "TICK_S", 0.01)
    monkeypatch.setattr(playing, "FEEDS_EVERY_S", 0.01)
    asked: list[int] = []

    def feeds() -> list[dict[str, Any]]:
        asked.append(1)
        if 3 < len(asked) < 10:
            raise StoreError("The ledger is locked.")
        return []

    async def run() -> None:
        screen = Screen()
        player = make_player(Pictured(), feeds)
        await player.join(screen)
        task = asyncio.create_task(player.run())
        while len(asked) < 20:
            await asyncio.sleep(0.005)
        assert not task.done()
        kinds = [json.loads(m)["kind"] for m in screen.got if isinstance(m, str)]
        assert kinds[-3:].count("clock") >= 1
        task.cancel()
        player.leave(screen)

    asyncio.run(asyncio.wait_for(run(), 20))
    assert capsys.readouterr().err.count("The ledger is locked.") == 1


def test_what_fails_beside_the_answers_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def background() -> None:
        raise StoreError("The store has gone.")

    app = make_app(
        make_player(Pictured()),
        cast(Desk, Nothing(tmp_path)),
        AssetSet([]),
        [],
        ["testserver"],
        background,
    )

    async def run() -> None:
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0.05)

    asyncio.run(run())
    assert "sargas: The store has gone." in capsys.readouterr().err


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "", "http://elsewhere"])
def test_an_odd_origin_is_another_page(tmp_path: Path, origin: str) -> None:
    player, desk = make_player(Pictured()), cast(Desk, Nothing(tmp_path))
    app = make_app(player, desk, AssetSet([]), [], ["testserver"])

    async def ask() -> int:
        way = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=way, base_url="http://testserver") as client:
            done = await client.post("/api/playback", json={}, headers={"origin": origin})
        return done.status_code

    assert asyncio.run(ask()) == 403
