"""Clocks of a live watch: what screens that look back cost the service, paused and playing.

Run: python -m bench.clocks_bench [--vessels 4000] [--hours 3] [--screens 12] [--seconds 10]

A home is generated (seeded; SIMULATED traffic, a report in ten seconds a ship) and watched live,
with nothing new received. Screens that take everything join it, then look back, each by a clock of
its own: paused, one playing, all playing. CPU is user and system of the process, sockets left out;
beside each figure stands its multiple of the same screens in the present.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
from starlette.websockets import WebSocket

from sargas.model.fixes import Fixes
from sargas.model.time import HOUR_MS, MINUTE_MS
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from sargas.web.clocks import HEADER, Clocks
from sargas.web.desk import Desk
from sargas.web.live import LivePicture
from sargas.web.player import PlaybackAction, Player, Span

START_MS = 1_735_084_800_000
EVERY_S = 10


def generate(home: Home, vessels: int, hours: int) -> None:
    """Write a home in which every vessel reports each ten seconds."""
    rng = np.random.default_rng(20_261_130)
    number = np.arange(vessels, dtype=np.uint32) + 230_000_000
    turns = 600 // EVERY_S
    with ShardWriter(home) as writer:
        for ten_minutes in range(6 * hours):
            n = vessels * turns
            begin_ms = START_MS + ten_minutes * 10 * MINUTE_MS
            t_ms = begin_ms + np.repeat(np.arange(turns), vessels) * EVERY_S * 1000
            writer.append(
                Fixes.build(
                    n,
                    subject_id=np.tile(number, turns),
                    t_ms=t_ms + rng.integers(0, EVERY_S * 1000, n),
                    msg_type=np.full(n, 1),
                    lon_raw=rng.integers(12_000_000, 15_000_000, n),
                    lat_raw=rng.integers(34_000_000, 36_000_000, n),
                    sog_raw=np.full(n, 100),
                    cog_raw=np.full(n, 900),
                )
            )


class _Screen:
    """A screen that takes everything at once; also the requests that it makes."""

    def __init__(self, number: int) -> None:
        self.headers, self.scope = {HEADER: f"{number:032x}"}, dict[str, Any]()

    async def send_text(self, text: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


async def measure(home: Home, hours: int, screens: int, seconds: float) -> None:
    """Print a line for each way to look back."""
    begin_s, end_ms = time.monotonic(), START_MS + hours * HOUR_MS

    def now_ms() -> int:
        return end_ms + round(1000 * (time.monotonic() - begin_s))

    picture = LivePicture(home, now_ms)
    desk = Desk(Ledger(home), AuditLog(home))
    shared = Player(
        picture, desk, lambda: Span(START_MS, now_ms(), now_ms() - MINUTE_MS), list, {},
        speed=1.0, live=True, t_ms=end_ms, is_now=True,
    )  # fmt: skip
    clocks = Clocks(shared, picture.past)
    made = [cast(WebSocket, _Screen(k)) for k in range(screens)]
    await shared.open()
    tasks = [asyncio.create_task(one) for one in (shared.run(), clocks.run())]
    for screen in made:
        await clocks.join(screen)
    present = 0.0

    async def told(what: str) -> None:
        nonlocal present
        cpu_s, at_s = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        ms = 1000 * (time.process_time() - cpu_s) / (time.monotonic() - at_s)
        present = present or ms
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        lag_ms = now_ms() - shared.t_ms
        print(
            f"{what:34} {ms:7.1f} ms CPU a second ({ms / present:5.1f} times the present), "
            f"at most {memory} MB; the present is {lag_ms} ms old",
            flush=True,
        )

    async def all_of_them(action: str, **numbers: Any) -> None:
        cpu_s = time.process_time()
        for screen in made:
            await clocks.act(screen, PlaybackAction(action, **numbers))
        each_ms = 1000 * (time.process_time() - cpu_s) / screens
        print(f"  {action}: {each_ms:.1f} ms CPU each", flush=True)

    await told(f"{screens} screens in the present")
    await all_of_them("pause")
    await told(f"{screens} paused")
    await all_of_them("seek", t_ms=START_MS + HOUR_MS)
    await told(f"{screens} paused an hour after the start")
    await clocks.act(made[0], PlaybackAction("play"))
    await told("one of them playing at x1")
    await clocks.act(made[0], PlaybackAction("speed", speed=60))
    await told("at x60")
    await all_of_them("play")
    await all_of_them("speed", speed=60)
    await told("all of them playing at x60")
    await all_of_them("live")
    await told(f"{screens} back in the present")
    for task in tasks:
        task.cancel()
    await clocks.close()


def main() -> int:
    """Generate and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--vessels", type=int, default=4000)
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument("--screens", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        generate(home, asked.vessels, asked.hours)
        asyncio.run(measure(home, asked.hours, asked.screens, asked.seconds))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
