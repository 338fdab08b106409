"""One picture for many screens: 20,000 vessels, 200 WebSocket clients, one core for the service.

Run: python -m bench.fanout_bench [--clients 200] [--vessels 20000] [--every 6] [--seconds 20]

A home is generated (seeded) in which every vessel moves and reports every few seconds. The real
service plays it back at 1x on one core: it reads the shards, encodes what changed and sends it to
all clients, which run in processes on the other cores and offer compression as browsers do. A tick
is late by the time from its beginning in the service until a client holds its frame. Beside it, in
the same run and with the same rows, the ways that are usual elsewhere: the frame packed anew for
each client, JSON written once for all, and JSON written anew for each client. CPU is user and
system of the service alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from sargas.model.assets import AssetSet
from sargas.model.fixes import PER_DEGREE, Fixes
from sargas.store import Home, Ledger
from sargas.store.audit import AuditLog
from sargas.store.shards import ShardWriter
from sargas.web import frames
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture, track_columns
from sargas.web.player import Player, Span
from sargas.web.service import address, bind, hosts, serve

START_MS = 1_735_117_200_000
WAYS = ("sargas", "packed-each", "json-once", "json-each")
CONNECT_S = 60
GOAL_GAP_S = 1.1
"""A tick may begin so long after the one before it; more is to fall behind 1 Hz."""


def generate(folder: Path, vessels: int, every_s: int, seconds: int) -> None:
    """Write a home in which every vessel has moved whenever it reports."""
    rng = np.random.default_rng(20_261_129)
    number = np.arange(vessels, dtype=np.uint32) + 230_000_000
    lon, lat = rng.uniform(10, 30, vessels), rng.uniform(54, 65, vessels)
    cog, phase = rng.uniform(0, 360, vessels), rng.integers(0, every_s * 1000, vessels)
    with ShardWriter(Home(folder)) as writer:
        for turn in range(-(-seconds // every_s) + 1):
            t_ms = START_MS + turn * every_s * 1000 + phase
            gone = 11.5 * (t_ms - START_MS) / 3_600_000 / 60
            writer.append(
                Fixes.build(
                    vessels, subject_id=number, t_ms=t_ms,
                    lon_raw=np.round((lon + gone * np.sin(np.radians(cog))) * PER_DEGREE),
                    lat_raw=np.round((lat + gone * np.cos(np.radians(cog))) * PER_DEGREE),
                    cog_raw=np.round(cog * 10), sog_raw=np.full(vessels, 115),
                )
            )  # fmt: skip


class NotingPicture(Picture):
    """The real picture; notes when each tick began and what was new in it."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.began: list[tuple[int, float, float]] = []
        self.new = Fixes.empty()

    def advance(self, t_ms: int, known_to_ms: int = 0) -> list[bytes]:
        """Go forward as the picture does, and note when that began."""
        self.began.append((t_ms, time.monotonic(), cpu_s()))
        return super().advance(t_ms, known_to_ms)

    def _new(self, t_ms: int, known_to_ms: int) -> Fixes:
        self.new = super()._new(t_ms, known_to_ms)
        return self.new


class OtherWay(Player):
    """What others do with the same rows."""

    way = ""

    def _send(self, message: str | bytes) -> None:
        picture = self.picture
        assert isinstance(picture, NotingPicture)
        if isinstance(message, str) or message[5] != frames.DELTA:
            return super()._send(message)
        new, t_ms = picture.new, self.t_ms
        lines = tuple(self._lines.values())
        if self.way == "packed-each":
            for line in lines:
                line.put(frames.encode(frames.DELTA, t_ms, new, picture._classes(new)))
            return None
        columns = {"tick": t_ms, "mmsi": new.subject_id.tolist(), **track_columns(new)}
        once = json.dumps(columns)
        for line in lines:
            line.put(once if self.way == "json-once" else json.dumps(columns))
        return None


def cpu_s() -> float:
    """CPU of this process so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_server(folder: Path, way: str, seconds: int) -> None:
    """Serve until the parent closes our input; then say how the ticks went."""
    pin(0)
    home = Home(folder, create=False)
    picture, span = NotingPicture(home), Span(START_MS, START_MS + 10**8, START_MS + 10**8)
    kind = Player if way == "sargas" else OtherWay
    desk = Desk(Ledger(home), AuditLog(home))
    player = kind(picture, desk, lambda: span, list, {"exercise": None}, speed=1.0, playing=True)
    if isinstance(player, OtherWay):
        player.way = way
    sock = bind("127.0.0.1", 0)
    print(address(sock), flush=True)
    os.set_blocking(sys.stdin.fileno(), False)
    serve(
        make_app(player, desk, AssetSet([]), [], hosts(sock)), sock,
        until=lambda: sys.stdin.buffer.read(1) == b"",
    )  # fmt: skip
    print(json.dumps(picture.began))


def run_clients(url: str, count: int, seconds: int) -> None:
    """Be so many screens; say what each received and when."""
    pin(1)

    async def screen() -> dict[str, Any]:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed

        got: list[tuple[int, float, int]] = []
        is_dropped = False
        try:
            async with connect(url, max_size=None, proxy=None, open_timeout=CONNECT_S) as socket:
                ready.release()
                async with asyncio.timeout(None) as limit:
                    limits.append(limit)
                    async for message in socket:
                        t_ms = time_of(message)
                        if t_ms is not None:
                            got.append((t_ms, time.monotonic(), len(message)))
        except TimeoutError:
            pass
        except (ConnectionClosed, OSError):
            is_dropped = True
            # Whoever was not let in at all is not waited for.
            ready.release()
        return {"got": got, "dropped": is_dropped or not limits}

    async def main() -> list[dict[str, Any]]:
        tasks = [asyncio.create_task(screen()) for _ in range(count)]
        for _ in range(count):
            await ready.acquire()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        end = asyncio.get_running_loop().time() + seconds
        for limit in limits:
            limit.reschedule(end)
        return await asyncio.gather(*tasks)

    ready = asyncio.Semaphore(0)
    limits: list[asyncio.Timeout] = []
    print(json.dumps(asyncio.run(main())))


def time_of(message: str | bytes) -> int | None:
    """Event time of a delta, in either dress; None for everything else."""
    if isinstance(message, bytes):
        _, _, kind, _, t_s = struct.unpack_from("<IBBHd", message)
        return round(t_s * 1000) if kind == frames.DELTA else None
    return int(message[9 : message.index(",")]) if message.startswith('{"tick"') else None


def pin(core: int) -> None:
    """Keep this process on one core: the service on the first, the clients on the others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[0]} if core == 0 else set(cores[1:]))


def child(*words: object) -> subprocess.Popen[str]:
    """Start this file in another process."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.fanout_bench", *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def line_of(process: subprocess.Popen[str]) -> str:
    """Wait for one line of a child."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise SystemExit(f"a child ended with {process.wait()}")
    return line


def tell(process: subprocess.Popen[str], text: str | None) -> None:
    """Say a line to a child, or close its input."""
    assert process.stdin is not None
    if text is None:
        process.stdin.close()
    else:
        process.stdin.write(text + "\n")
        process.stdin.flush()


def measure(folder: Path, way: str, clients: int, seconds: int) -> dict[str, Any] | None:
    """Run one way; give its numbers."""
    server = child("--serve", folder, "--way", way, "--seconds", seconds)
    try:
        url = line_of(server).replace("http", "ws") + "ws"
        shares = [clients - clients // 2, clients // 2]
        crowd = [child("--join", url, "--clients", n, "--seconds", seconds) for n in shares if n]
        begun = time.monotonic()
        for one in crowd:
            line_of(one)
        joined_s = time.monotonic() - begun
        if server.poll() is not None:
            raise SystemExit(f"the service ended with {server.returncode}")
        for one in crowd:
            tell(one, "go")
        screens = [screen for one in crowd for screen in json.loads(line_of(one))]
        tell(server, None)
        began = json.loads(line_of(server))
    finally:
        server.kill()
    return numbers(screens, began, joined_s)


def numbers(
    screens: list[dict[str, Any]], began: list[tuple[int, float, float]], joined_s: float
) -> dict[str, Any] | None:
    """Reduce what the screens received to the numbers of the table; None for next to nothing."""
    at = {t_ms: (mono_s, cpu) for t_ms, mono_s, cpu in began}
    # Not before the last client has joined.
    begin = max(s["got"][0][1] for s in screens if s["got"])
    late: list[float] = []
    bytes_each: list[int] = []
    per_tick: dict[int, int] = {}
    for s in screens:
        got = [row for row in s["got"] if row[0] in at and at[row[0]][0] >= begin]
        late += [row[1] - at[row[0]][0] for row in got]
        bytes_each += [row[2] for row in got]
        for row in got:
            per_tick[row[0]] = per_tick.get(row[0], 0) + 1
    ticks = sorted(per_tick)
    if len(ticks) < 2:
        return None
    starts = np.array([at[t][0] for t in ticks])
    gaps = np.diff(starts)
    return {
        "ticks": len(ticks),
        "gap_p50_s": float(np.median(gaps)),
        "gap_max_s": float(gaps.max()),
        "late_p50_ms": 1000 * float(np.percentile(late, 50)),
        "late_p99_ms": 1000 * float(np.percentile(late, 99)),
        "late_max_ms": 1000 * float(max(late)),
        "cpu_ms": 1000 * (at[ticks[-1]][1] - at[ticks[0]][1]) / (len(ticks) - 1),
        "kb": float(np.mean(bytes_each)) / 1000,
        # The last tick may be cut off by the end of the run.
        "missed": sum(len(screens) - per_tick[t] for t in ticks[:-1]),
        "dropped": sum(s["dropped"] for s in screens),
        "joined_s": joined_s,
    }


HEAD = (
    f"{'way':<12}{'ticks':>6}{'gap s p50':>11}{'max':>7}{'late ms p50':>13}{'p99':>6}{'max':>6}"
    f"{'CPU ms/tick':>13}{'kB/tick':>9}{'missed':>8}{'dropped':>9}{'joined s':>10}"
)


def row(way: str, n: dict[str, Any] | None) -> str:
    """Write a way's line of the table."""
    if n is None:
        return f"{way:<12} falls behind: fewer than two ticks reached all clients"
    return (
        f"{way:<12}{n['ticks']:>6}{n['gap_p50_s']:>11.3f}{n['gap_max_s']:>7.3f}"
        f"{n['late_p50_ms']:>13.0f}{n['late_p99_ms']:>6.0f}{n['late_max_ms']:>6.0f}"
        f"{n['cpu_ms']:>13.0f}{n['kb']:>9.1f}{n['missed']:>8}{n['dropped']:>9}{n['joined_s']:>10.1f}"
    )


def main() -> int:
    """Run each way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--vessels", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=6, help="seconds between a vessel's reports")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--join", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        run_server(args.serve, args.way, args.seconds)
        return 0
    if args.join:
        run_clients(args.join, args.clients, args.seconds)
        return 0
    print(
        f"{args.vessels} vessels, each reporting every {args.every} s, to {args.clients} clients "
        f"for {args.seconds} s; the service on one of {os.cpu_count()} cores\n{HEAD}"
    )
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "home"
        generate(place, args.vessels, args.every, args.seconds + CONNECT_S)
        for way in (args.way,) if args.way else WAYS:
            found[way] = measure(place, way, args.clients, args.seconds)
            print(row(way, found[way]), flush=True)
    ours = found.get("sargas")
    for way, n in found.items():
        if way != "sargas" and ours and n:
            print(f"{way}: {n['cpu_ms'] / ours['cpu_ms']:.1f} times the service's CPU a tick")
    keeps = "sargas" not in found or (
        ours is not None and ours["gap_max_s"] <= GOAL_GAP_S and ours["late_p99_ms"] < 1000
        and not ours["dropped"] and not ours["missed"]
    )  # fmt: skip
    print("keeps 1 Hz" if keeps else "FALLS BEHIND 1 Hz")
    return 0 if keeps else 1


if __name__ == "__main__":
    raise SystemExit(main())
