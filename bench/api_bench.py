"""The API under load: 500 requests a second to `sargas serve`, and how long answers take.

The service, held to one core, serves the exercise `eagle-s` (its alerts, 530,000 fixes, paused
clock or playing at 60x). A client on another core asks, open loop (it never waits for an answer
before it asks the next), over 40 connections, for what screens and partners ask for: the status,
the list of alerts, single alerts, vessels, tracks, searches, the histogram. What is asked for is
drawn from all there is: every alert, every vessel that was received, tracks and histograms of any
span, pieces of any name or number; it says how many different questions those were.

Told are the CPU time of an answer by kind, asked for the first time and again (later than answers
are remembered), then percentiles and the service's share of its core: for the mix as the first
thing that a service is asked for, for the same once more, and while it plays; beside a run of
nothing but `/healthz`, which costs what the server itself costs. On a machine that does other
things the percentiles tell of those too, as how late the client itself was does; the CPU time
does not.

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
from typing import Any

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
        words = stored(home)
        service = subprocess.Popen(
            [sargas, "serve", "--home", home, "--port", "0", "--json"], stdout=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]}),
        )  # fmt: skip
        os.sched_setaffinity(0, {cores[-1]})
        assert service.stdout is not None
        url = json.loads(service.stdout.readline())["address"]
        try:
            return compare(url, service.pid, words, args.rate, args.seconds)
        finally:
            service.terminate()
            service.wait()


def stored(home: Path) -> dict[str, list[Any]]:
    """List what can be asked for of vessels: their numbers, and texts to search."""
    from sargas.store import Home, read_day, read_statics_day

    place = Home(home, create=False)
    mmsi: set[int] = set()
    names: set[str] = set()
    for day in place.days():
        mmsi.update(read_day(place, day).subject_id.tolist())
        names.update(name.decode("latin-1") for name in read_statics_day(place, day).name.tolist())
    texts = {name[:n].strip() for name in names for n in (3, 5, 9)} - {""}
    texts |= {f"{one:09d}"[:n] for one in mmsi for n in (5, 7, 9)}
    return {"mmsi": sorted(mmsi), "name": sorted(t for t in texts if t.isascii())}


def compare(url: str, pid: int, words: dict[str, list[Any]], rate: int, seconds: int) -> int:
    """Measure the mix cold, warm and while it plays, the bare server, and each kind by itself."""
    rng = random.Random(1)
    words |= {"alert": [a["id"] for a in json.load(get(url, "api/alerts"))["alerts"]]}
    t_ms = int(json.load(get(url, "api/status"))["clock"]["t_ms"])
    paths = questions(words, t_ms, rng, rate * seconds)
    print(f"{len(words['alert'])} alerts, {len(words['mmsi'])} vessels, {len(words['name'])} texts;"
          f" of {len(paths):,} questions {len(set(paths)):,} are different")  # fmt: skip
    cold = ask(url, pid, paths, rate)
    tell("mix, cold", cold)
    paused = ask(url, pid, paths, rate)
    tell("mix, warm", paused)
    bare = ask(url, pid, ["healthz"] * (rate * seconds), rate)
    tell("healthz alone", bare)
    act(url, action="seek", t_ms=t_ms - 10**7)
    act(url, action="speed", speed=60)
    act(url, action="play")
    playing = ask(url, pid, paths, rate)
    tell("mix, playing at 60x", playing)
    act(url, action="pause")
    for form, _ in MIX:
        tell_kind(url, pid, form, {k: rng.sample(v, len(v)) for k, v in words.items()}, t_ms)
    worst = max(cold["p99"], paused["p99"], playing["p99"])
    word = "reached" if worst < GOAL_P99_MS else "MISSED"
    print(f"p99 {worst / max(bare['p99'], 0.1):.1f} times that of the bare server; {word}: "
          f"{GOAL_P99_MS:.0f} ms at {rate}/s")  # fmt: skip
    return 0


def tell_kind(url: str, pid: int, form: str, words: dict[str, list[Any]], t_ms: int) -> None:
    """Print the CPU time of one kind of answer, each asked alone, of different ones in turn."""
    rng, told = random.Random(2), []
    for _ in ("as it stands", "again, later"):
        lists = {k: iter(v) for k, v in words.items()}
        paths = []
        for _ in range(min(200, *(len(words[k]) for k in words if f"{{{k}}}" in form), 200)):
            given = {k: next(v) for k, v in lists.items() if f"{{{k}}}" in form}
            paths.append(form.format(**given, **span(rng, t_ms)))
        time.sleep(1.5)
        before_s = used_s(pid)
        asyncio.run(asking(url, paths, 50))
        told.append((used_s(pid) - before_s) * 1000 / len(paths))
    print(f"{form.partition('?')[0]:<28} {told[0]:.1f} ms of CPU, again {told[1]:.1f} ms "
          f"({len(paths)} different)")  # fmt: skip


def get(url: str, path: str):
    """Ask once."""
    return urllib.request.urlopen(url + path)


def act(url: str, **command) -> None:
    """Give the clock a command."""
    request = urllib.request.Request(
        url + "api/playback", json.dumps(command).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request).read()


def span(rng: random.Random, t_ms: int) -> dict[str, int]:
    """Draw a span of some hours before the clock."""
    to_ms = t_ms - rng.randrange(180) * 60_000
    return {"from_ms": to_ms - rng.choice((1, 3, 6)) * 3_600_000, "to_ms": to_ms}


def questions(words: dict[str, list[Any]], t_ms: int, rng: random.Random, n: int) -> list[str]:
    """Draw what is asked for."""
    forms = rng.choices([m[0] for m in MIX], [m[1] for m in MIX], k=n)
    return [
        form.format(**{k: rng.choice(v) for k, v in words.items()}, **span(rng, t_ms))
        for form in forms
    ]


def ask(url: str, pid: int, paths: list[str], rate: int) -> dict:
    """Ask at a rate; give percentiles in ms, failures and the share of a core."""
    before_s, began_s = used_s(pid), time.monotonic()
    late: list[float] = []
    took = asyncio.run(asking(url, paths, rate, late))
    share = (used_s(pid) - before_s) / (time.monotonic() - began_s)
    good = sorted(t for t in took if t is not None)
    at = {q: good[min(int(len(good) * q / 100), len(good) - 1)] * 1000 for q in (50, 99)}
    return {"n": len(good), "failed": took.count(None), "p50": at[50], "p99": at[99],
            "max": good[-1] * 1000, "share": share,
            "late": sorted(late)[int(len(late) * 0.99)] * 1000,
            "rate": len(good) / (time.monotonic() - began_s)}  # fmt: skip


async def asking(
    url: str, paths: list[str], rate: int, late: list[float] | None = None
) -> list[float | None]:
    """Ask each path at its time, by whichever connection is free.

    Args:
        late: takes by how many seconds the client itself was late: the machine was busy elsewhere.
    """
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    free: asyncio.Queue = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(host, int(port), limit=1 << 22))
    took: list[float | None] = [None] * len(paths)
    start_s = time.monotonic()

    async def one(k: int, path: str, asked_s: float) -> None:
        reader, writer = await free.get()
        writer.write(
            f"GET /{path.replace(' ', '%20')} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Accept-Encoding: gzip\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        # Waiting for a line that is free counts, too. At an earlier clock some are not there yet.
        if head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 404")):
            took[k] = time.monotonic() - asked_s
        free.put_nowait((reader, writer))

    tasks = []
    for k, path in enumerate(paths):
        wait_s = start_s + k / rate - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        asked_s = time.monotonic()
        if late is not None:
            late.append(asked_s - start_s - k / rate)
        tasks.append(asyncio.create_task(one(k, path, asked_s)))
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
          f"{found['share']:.2f} of a core; the client itself was late by p99 "
          f"{found['late']:.1f} ms")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
