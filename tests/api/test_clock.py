"""The service's clock: its ticks stand on a grid, and live goes on with what is analysed."""

from __future__ import annotations

import asyncio
import types
from typing import Any, cast

import pytest

from sargas.store import Ledger
from sargas.web import player as playing
from sargas.web.picture import Picture
from sargas.web.player import Player, Span


class SlowPicture:
    """A picture whose every step takes a while of the made clock."""

    def __init__(self, now: list[float], takes_s: list[float]) -> None:
        self.now, self.takes_s = now, takes_s
        self.began_s: list[float] = []
        self.to_ms: list[int] = []
        self.vessels = 0

    def seek(self, t_ms: int) -> bytes:
        return b"%d" % t_ms

    def advance(self, t_ms: int, known_to_ms: int) -> list[bytes]:
        self.began_s.append(self.now[0])
        self.to_ms.append(t_ms)
        self.now[0] += self.takes_s.pop(0) if self.takes_s else 0
        return []


class Nothing:
    """A ledger without alerts."""

    def alerts(self, *_: object, **__: object) -> list[Any]:
        return []


def run_on_a_made_clock(
    monkeypatch: pytest.MonkeyPatch, player: Player, picture: SlowPicture, ticks: int
) -> None:
    """Let a player tick on a clock that only its sleeps and its picture move."""

    async def sleep(seconds: float) -> None:
        picture.now[0] += seconds
        await real_sleep(0)

    real_sleep = asyncio.sleep
    made = types.SimpleNamespace(**{name: getattr(asyncio, name) for name in ("to_thread", "Lock")})
    made.sleep = sleep
    monkeypatch.setattr(playing, "asyncio", made)
    monkeypatch.setattr(playing, "time", types.SimpleNamespace(monotonic=lambda: picture.now[0]))

    async def run() -> None:
        task = asyncio.create_task(player.run())
        while len(picture.began_s) < ticks:
            await real_sleep(0)
        task.cancel()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_ticks_stand_on_a_grid_however_long_a_step_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = SlowPicture([100.0], [0.4, 0.9, 2.5])
    span = Span(0, 10**9, 10**9)
    player = Player(
        cast(Picture, picture), cast(Ledger, Nothing()), lambda: span, list, {}, speed=1.0
    )
    run_on_a_made_clock(monkeypatch, player, picture, 6)
    # The step of 2.5 s is passed over, not made up for; the clock has lost no time by it.
    assert picture.began_s == pytest.approx([101, 102, 103, 105.5, 106.5, 107.5])
    assert picture.to_ms == pytest.approx([1000, 2000, 3000, 5500, 6500, 7500])


def test_live_goes_on_with_what_is_analysed(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = SlowPicture([100.0], [])
    span = Span(0, 10**9, 5000)
    player = Player(
        cast(Picture, picture), cast(Ledger, Nothing()), lambda: span, list, {}, speed=3600.0
    )
    asyncio.run(player.act("live", None, None))
    assert (player.t_ms, player.clock()["live"]) == (5000, True)
    monkeypatch.setattr(picture, "takes_s", [0.0])
    span.analysed_to_ms = 65_000
    run_on_a_made_clock(monkeypatch, player, picture, 1)
    assert picture.to_ms == [65_000]
    assert player.playing
    asyncio.run(player.act("speed", None, 60.0))
    assert player.clock()["live"] is False
