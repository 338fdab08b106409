"""A SIMULATED month of the Baltic through the live path, faster than real time: is it flat?

A generator simulates 4,000 vessels, at most a report a minute each, and writes a file of sentences
a day; a sender sends the files by TCP as fast as `sargas watch` takes them, which is held to a core
of its own. Every few seconds the watch's memory, its open files, the journal and the home's files
are noted, and drawn at the end. Flat is: the median memory of the last third is at most 5 % above
that of the middle one, and the median of open files no higher: the most that were open in one
moment is told beside it, and depends on the moment. The first third, in which lanes and reception
are learnt, is printed beside them.

Run: .venv/bin/python -m bench.month_bench [--days 30] [--keep DIR] [--svg docs/soak.svg]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

VESSELS, SEED, START_MS = 4_000, 20_251_201, 1_767_225_600_000
EVERY_S, STATICS_EVERY_MIN = 60.0, 60
SAMPLE_S = 5.0
GOAL_RATE, GOAL_SHARE = 50_000, 0.05
STATION = b"SIMULATED"
POSITION = b"!AIVDM,1,1,"
"""How a report of a position begins; what vessels say of themselves takes two sentences."""
WAITING_MOST = 3 * VESSELS
"""So many reports may be held at the end (chosen): of the last minute and of the lateness."""
AHEAD = 3
"""Days that are generated ahead of the sender: the disk need not hold the month."""


def main() -> int:
    """Run generator, sender and watch, and print and draw what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="folder that keeps the days, for the next run")
    parser.add_argument("--svg", type=Path, help="draw the graph into this file")
    parser.add_argument("--generate", type=Path, help="only write the days into this folder")
    args = parser.parse_args()
    if args.generate:
        generate(args.generate, args.days, waits=args.keep is None)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        days = args.keep or Path(folder, "days")
        days.mkdir(exist_ok=True)
        return soak(Path(folder), days, args.days, keeps=args.keep is not None, svg=args.svg)


def generate(folder: Path, days: int, *, waits: bool) -> None:
    """Write a file of sentences a day; those that are there already are left."""
    from sargas.exercise.sea.settings import SeaSettings
    from sargas.exercise.sea.simulate import simulate
    from sargas.model.time import DAY_MS

    settings = SeaSettings(
        "month", VESSELS, 200_000_000, every_s=EVERY_S, static_every_min=STATICS_EVERY_MIN
    )
    play = simulate(settings, SEED, START_MS, 24.0 * days)
    day, file = -1, None
    for batch in play.batches():
        of_day = (int(batch.fixes.t_ms.min()) - START_MS) // DAY_MS if len(batch.fixes) else day
        if of_day != day:
            finish(folder, day, file)
            while waits and len(list(folder.glob("*.nmea"))) >= AHEAD:
                time.sleep(0.5)
            day, file = of_day, (folder / f".{of_day:03d}.part").open("wb")
        assert file is not None
        file.write(sentences(batch))
    finish(folder, day, file)


def finish(folder: Path, day: int, file) -> None:
    """Give a day's file its name."""
    if file is not None:
        file.close()
        (folder / f".{day:03d}.part").rename(folder / f"{day:03d}.nmea")


def sentences(batch) -> bytes:
    """Write a batch as sentences with tag blocks: what vessels say of themselves goes first."""
    import numpy as np

    from sargas.exercise.encode import LINE, static_sentences, write_positions

    said = [
        static_sentences(
            t_ms // 1000, mmsi, f"{STATION.decode()}.1", name=name.decode("ascii", "replace"),
            imo=imo, ship_type=kind, length_m=length,
        )
        for t_ms, mmsi, name, imo, kind, length in zip(
            *(getattr(batch.statics, column).tolist() for column in
              ("t_ms", "subject_id", "name", "imo", "ship_type", "length_m")), strict=True,
        )
    ]  # fmt: skip
    rows, n = batch.fixes, len(batch.fixes)
    wide = {
        c: np.asarray(getattr(rows, c), np.int64)
        for c in ("subject_id", "nav_status", "sog_raw", "lon_raw", "lat_raw", "cog_raw",
                  "heading_raw")
    }  # fmt: skip
    name = np.frombuffer(STATION, np.uint8).copy()
    out = np.empty(n * (LINE + len(name)) + 1, np.uint8)
    end = write_positions(
        rows.t_ms // 1000, rows.msg_type == 18, wide["subject_id"], wide["nav_status"],
        wide["sog_raw"], wide["lon_raw"], wide["lat_raw"], wide["cog_raw"], wide["heading_raw"],
        np.zeros(n, np.int64), name, np.empty(168, np.uint8), out,
    )  # fmt: skip
    return b"".join(said) + out[:end].tobytes()


def soak(folder: Path, days: Path, n: int, *, keeps: bool, svg: Path | None) -> int:
    """Run it all."""
    cores = sorted(os.sched_getaffinity(0))
    words = [sys.executable, "-m", "bench.month_bench", "--generate", str(days), "--days", str(n)]
    there = sum((days / f"{day:03d}.nmea").exists() for day in range(n))
    generator = None
    if there < n:
        generator = subprocess.Popen(
            [*words, *(["--keep", str(days)] if keeps else [])],
            preexec_fn=lambda: os.sched_setaffinity(0, {cores[-1]}),
        )
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    sargas = Path(sys.executable).with_name("sargas")
    watch = subprocess.Popen(
        [str(sargas), "watch", f"tcp://127.0.0.1:{port}#name=month,idle=3600", "--home",
         str(folder / "home"), "--json", "--quiet"], stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]}),
    )  # fmt: skip
    alerts = [0]

    def count() -> None:
        for _ in watch.stdout or ():
            alerts[0] += 1

    threading.Thread(target=count, daemon=True).start()
    line, _ = listening.accept()
    samples: list[dict] = []
    stop, state = threading.Event(), {"day": 0}
    sampling = threading.Thread(
        target=sample, args=(watch.pid, folder / "home", samples, stop, state)
    )
    sampling.start()
    began_s, cpu_before_s = time.monotonic(), used_s(watch.pid)
    sent = waited_s = 0.0
    reports = 0
    for day in range(n):
        path, since_s = days / f"{day:03d}.nmea", time.monotonic()
        while not path.exists():
            assert generator is None or generator.poll() in (None, 0), "the generator failed"
            time.sleep(0.2)
        waited_s += time.monotonic() - since_s
        state["day"] = day
        with path.open("rb") as file:
            sent += line.sendfile(file)
        reports += path.read_bytes().count(POSITION)
        if not keeps:
            path.unlink()
    until_idle(watch.pid)
    wall_s, cpu_s = time.monotonic() - began_s, used_s(watch.pid) - cpu_before_s
    stop.set()
    sampling.join()
    watch.terminate()
    watch.wait()
    spent = wall_s, waited_s, cpu_s
    return report(folder / "home", samples, n, (sent, reports), spent, alerts[0], svg)


def used_s(pid: int) -> float:
    """Give the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_idle(pid: int) -> None:
    """Wait until a process has nothing left to do."""
    before_s = -1.0
    while (now_s := used_s(pid)) - before_s > 0.5:
        before_s = now_s
        time.sleep(3)


def sample(pid: int, home: Path, samples: list[dict], stop, state: dict) -> None:
    """Note memory, open files and what lies on the disk, again and again."""
    while not stop.wait(SAMPLE_S):
        status = Path(f"/proc/{pid}/status").read_text()
        journal = home / "journal"
        samples.append({
            "day": state["day"],
            "rss_mb": int(status.partition("VmRSS:")[2].split()[0]) / 1024,
            "open_files": len(os.listdir(f"/proc/{pid}/fd")),
            "journal_mb": sum(p.stat().st_size for p in journal.glob("*.log")) / 1e6
            if journal.exists() else 0.0,
            "shard_files": sum(1 for _ in home.glob("fixes/*/*/*.parquet")),
        })  # fmt: skip


def report(
    home: Path, samples: list[dict], days: int, sent: tuple[float, int],
    spent: tuple[float, float, float], alerts: int, svg: Path | None,
) -> int:  # fmt: skip
    """Print what was found; draw it."""
    import sqlite3

    connection = sqlite3.connect(home / "sargas.db")
    counted = dict(connection.execute("SELECT reason, sum(count) FROM counters GROUP BY reason"))
    connection.close()
    wall_s, waited_s, cpu_s = spent
    fixes = sum(counted.values())
    thirds = [
        [s for s in samples if k * days / 3 <= s["day"] < (k + 1) * days / 3] or samples
        for k in range(3)
    ]
    rss = [statistics.median(s["rss_mb"] for s in part) for part in thirds]
    files = [statistics.median(s["open_files"] for s in part) for part in thirds]
    most_files = max(s["open_files"] for s in samples)
    growth = rss[2] / rss[1] - 1
    print(f"days      {days} SIMULATED, {VESSELS:,} vessels, {sent[0] / 1e9:.2f} GB of sentences")
    waiting = sent[1] - fixes
    print(
        f"sent      {sent[1]:,} reports of positions; {waiting:,} wait for their minute to be over"
    )
    print(f"fixes     {fixes:,}: {json.dumps(counted)}; {alerts:,} versions of alerts")
    print(
        f"rate      {fixes / max(wall_s - waited_s, 1):,.0f} fixes/s while there was something "
        f"to send ({waited_s:,.0f} s waited for the generator), {fixes / cpu_s:,.0f} per second "
        f"of CPU; {days * 86_400 / wall_s:,.0f} times real time"
    )
    print(
        f"memory    {rss[0]:,.0f}, {rss[1]:,.0f}, {rss[2]:,.0f} MB, medians of the thirds: "
        f"{growth:+.1%} from the second to the last; at most "
        f"{max(s['rss_mb'] for s in samples):,.0f} MB"
    )
    print(
        f"files     {files[0]:.0f}, {files[1]:.0f}, {files[2]:.0f} open, medians of the thirds; at "
        f"most {most_files}; journal at most {max(s['journal_mb'] for s in samples):,.0f} MB"
    )
    if svg is not None:
        svg.write_text(graph(samples))
        with svg.with_suffix(".csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, samples[0])
            writer.writeheader()
            writer.writerows(samples)
    is_flat = growth <= GOAL_SHARE and files[2] <= files[1]
    print("flat" if is_flat else "NOT FLAT")
    is_whole = 0 <= waiting <= WAITING_MOST
    if not is_whole:
        print("NOT EVERY REPORT IS ACCOUNTED FOR")
    return 0 if is_flat and is_whole else 1


def graph(samples: list[dict]) -> str:
    """Draw memory and open files over the month, each on a scale that begins at 0."""
    rows = [("rss_mb", "memory, MB"), ("open_files", "open files"), ("journal_mb", "journal, MB"),
            ("shard_files", "shard files")]  # fmt: skip
    wide, high, left = 720, 110, 70
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide + left + 20} '
        f'{len(rows) * (high + 40) + 46}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{left}" y="18">SIMULATED, {VESSELS:,} vessels; days of event time below</text>',
    ]
    for k, (name, words) in enumerate(rows):
        top, values = 50 + k * (high + 40), [s[name] for s in samples]
        most = max(*values, 1)
        points = " ".join(
            f"{left + i * wide / max(len(values) - 1, 1):.1f},{top + high - v / most * high:.1f}"
            for i, v in enumerate(values)
        )
        out += [
            f'<path d="M{left} {top}V{top + high}H{left + wide}" fill="none" stroke="#999"/>',
            f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>',
            f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{most:,.0f}</text>',
            f'<text x="{left - 6}" y="{top + high}" text-anchor="end">0</text>',
            f'<text x="{left}" y="{top - 5}">{words}</text>',
        ]
        days = samples[-1]["day"] + 1
        for day in range(0, days + 1, 5):
            at = next((i for i, s in enumerate(samples) if s["day"] >= day), len(samples) - 1)
            x = left + at * wide / max(len(values) - 1, 1)
            out.append(f'<text x="{x:.0f}" y="{top + high + 15}" text-anchor="middle">{day}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
