"""The API under load: 500 requests a second to `sargas serve`, and how long answers take.

The service, held to one core, serves the exercise `eagle-s` (its alerts, 530,000 fixes, paused
clock or playing at 60x). A client on another core asks, open loop (it never waits for an answer
before it asks the next), over 40 connections, for what screens and partners ask for: the status,
the list of alerts, single alerts, vessels, tracks, searches, the histogram. Told are the
percentiles and the service's share of its core, beside a run of nothing but `/healthz`, which costs
what the server itself costs.

Run: .venv/bin/python -m bench.api_bench [--rate 500] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

GOAL_RATE, GOAL_P99_MS = 500, 100.0
CONNECTIONS = 40
MIX = (
    ("api/status", 30), ("healthz", 10), ("api/alerts", 20), ("api/alerts/{alert}", 15),
    ("api/vessels/{mmsi}", 10), ("api/vessels/{mmsi}/track?from_ms={from_ms}&to_ms={to_ms}", 5),
    ("api/histogram?from_ms={from_ms}&to_ms={to_ms}", 5), ("api/search?q={name}", 5),
)  # fmt: skip
"""What is asked for, and how often of a hundred (chosen: a watch room and some partners' polls)."""


def main() -> int:
    """Serve, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=GOAL_RATE)
    parser.add_argument("--seconds", type=int, default=30)
    args = parser.parse_args()
    sargas = Path(sys.executable).with_name("sargas")
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        log, home = Path(folder, "eagle.nmea"), Path(folder, "home")
        subprocess.run([sargas, "exercise", "export", "eagle-s", "--out", log], check=True,
                       capture_output=True)  # fmt: skip
        subprocess.run([sargas, "scan", log, "--home", home, "--quiet"], check=True,
                       capture_output=True)  # fmt: skip
        service = subprocess.Popen(
            [sargas, "serve", "--home", home, "--port", "0", "--json"], stdout=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]}),
        )  # fmt: skip
        os.sched_setaffinity(0, {cores[-1]})
        assert service.stdout is not None
        url = json.loads(service.stdout.readline())["address"]
        try:
            return compare(url, service.pid, args.rate, args.seconds)
        finally:
            service.terminate()
            service.wait()


def compare(url: str, pid: int, rate: int, seconds: int) -> int:
    """Measure the bare server, the mix on a paused clock, and the mix while it plays."""
    rng = random.Random(1)
    paths = questions(url, rng, rate * seconds)
    ask(url, pid, ["healthz"] * rate, rate)  # warm
    ask(url, pid, paths[:rate], rate)
    bare = ask(url, pid, ["healthz"] * (rate * seconds), rate)
    tell("healthz alone", bare)
    paused = ask(url, pid, paths, rate)
    tell("mix, clock paused", paused)
    act(url, action="seek", t_ms=int(json.load(get(url, "api/status"))["clock"]["t_ms"]) - 10**7)
    act(url, action="speed", speed=60)
    act(url, action="play")
    playing = ask(url, pid, paths, rate)
    tell("mix, playing at 60x", playing)
    worst = max(paused["p99"], playing["p99"])
    word = "reached" if worst < GOAL_P99_MS else "MISSED"
    print(f"p99 {worst / max(bare['p99'], 0.1):.1f} times that of the bare server; {word}: "
          f"{GOAL_P99_MS:.0f} ms at {rate}/s")  # fmt: skip
    return 0


def get(url: str, path: str):
    """Ask once."""
    return urllib.request.urlopen(url + path)


def act(url: str, **command) -> None:
    """Give the clock a command."""
    request = urllib.request.Request(
        url + "api/playback", json.dumps(command).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request).read()


def questions(url: str, rng: random.Random, n: int) -> list[str]:
    """Draw what is asked for."""
    alerts = json.load(get(url, "api/alerts"))["alerts"]
    clock = json.load(get(url, "api/status"))["clock"]
    mmsi = sorted({a["subject"]["mmsi"] for a in alerts if a["subject"]["mmsi"]})
    words = {
        "alert": [a["id"] for a in alerts[:20]], "mmsi": mmsi[:100],
        "name": ["EAGLE", "SIM 00", "2000", "999"],
        "from_ms": [clock["t_ms"] - 6 * 3_600_000], "to_ms": [clock["t_ms"]],
    }  # fmt: skip
    forms = rng.choices([m[0] for m in MIX], [m[1] for m in MIX], k=n)
    return [form.format(**{k: rng.choice(v) for k, v in words.items()}) for form in forms]


def ask(url: str, pid: int, paths: list[str], rate: int) -> dict:
    """Ask at a rate; give percentiles in ms, failures and the share of a core."""
    before_s, began_s = used_s(pid), time.monotonic()
    took = asyncio.run(asking(url, paths, rate))
    share = (used_s(pid) - before_s) / (time.monotonic() - began_s)
    good = sorted(t for t in took if t is not None)
    at = {q: good[min(int(len(good) * q / 100), len(good) - 1)] * 1000 for q in (50, 99)}
    return {"n": len(good), "failed": took.count(None), "p50": at[50], "p99": at[99],
            "max": good[-1] * 1000, "share": share,
            "rate": len(good) / (time.monotonic() - began_s)}  # fmt: skip


async def asking(url: str, paths: list[str], rate: int) -> list[float | None]:
    """Ask each path at its time, by whichever connection is free."""
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    free: asyncio.Queue = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(host, int(port), limit=1 << 22))
    took: list[float | None] = [None] * len(paths)
    start_s = time.monotonic()

    async def one(k: int, path: str) -> None:
        due_s = start_s + k / rate
        reader, writer = await free.get()
        writer.write(
            f"GET /{path.replace(' ', '%20')} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Accept-Encoding: gzip\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if head.startswith(b"HTTP/1.1 200"):
            took[k] = time.monotonic() - due_s  # from when it was due: waiting counts
        free.put_nowait((reader, writer))

    tasks = []
    for k, path in enumerate(paths):
        wait_s = start_s + k / rate - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        tasks.append(asyncio.create_task(one(k, path)))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait()[1].close()
    return took


def used_s(pid: int) -> float:
    """Give the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(what: str, found: dict) -> None:
    """Print one row."""
    print(f"{what:<20} {found['n']:,} answers, {found['failed']} failed, {found['rate']:,.0f}/s; "
          f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms, max {found['max']:.1f} ms; "
          f"{found['share']:.2f} of a core")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
