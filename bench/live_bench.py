"""The live path at a rate: sentences by TCP to `sargas watch`, and what becomes of them.

A sender, held to a core of its own, sends SIMULATED traffic in real time: a simulated sea sampled
each minute, its ships moved on between by dead reckoning, so that each reports every two seconds.
The watch, held to another core, receives, decodes, journals, folds and commits. Told are the rate
that was sent, what was lost (sent, less what was decoded), the CPU a second, and how
late alerts were visible in the ledger: after the moment at which they could be known at all, which
is when their minute is over and the lateness has passed. The machine is shared: the watch's share
of a core says more than the milliseconds.

Run: .venv/bin/python -m bench.live_bench [--rate 10000] [--seconds 300]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

EVERY_S = 2
LATENESS_S = 5
GOAL_P99_S = 2.0
HEARD = 1.08
"""So many more ships are made than report at a time: some are not under way yet."""
STATION = "SIMULATED"


def main() -> int:
    """Run the watch and the sender, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--send", type=int, metavar="PORT", help="only send, from this port")
    args = parser.parse_args()
    if args.send is not None:
        send(args.send, args.rate, args.seconds)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return compare(Path(folder), args.rate, args.seconds)


def send(port: int, rate: int, seconds: int) -> None:
    """Listen, wait for a caller, and send at a rate for so long; prints what was sent as JSON."""
    import numpy as np

    from sargas.exercise.encode import LINE, write_positions

    fleet = Fleet(round(rate * EVERY_S * HEARD), seconds)
    listening = socket.create_server(("127.0.0.1", port))
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    line, _ = listening.accept()
    name = np.frombuffer(STATION.encode(), np.uint8).copy()
    sent, late_s = 0, 0.0
    start_s = time.time()
    for second in range(seconds):
        now_s = start_s + second
        rows = fleet.at(second)
        n = len(rows["mmsi"])
        out = np.empty(n * (LINE + len(name)) + 1, np.uint8)
        end = write_positions(
            np.full(n, int(now_s)), np.zeros(n, np.bool_), rows["mmsi"], rows["status"],
            rows["sog"], rows["lon"], rows["lat"], rows["cog"], rows["heading"],
            np.zeros(n, np.int64), name, np.empty(168, np.uint8), out,
        )  # fmt: skip
        data = out[:end].tobytes()
        for part in range(10):  # spread over the second
            a, b = (data.find(b"\n", len(data) * k // 10) + 1 if k else 0 for k in (part, part + 1))
            wait_s = now_s + part / 10 - time.time()
            late_s = max(late_s, -wait_s)
            if wait_s > 0:
                time.sleep(wait_s)
            line.sendall(data[a : len(data) if part == 9 else b])
        sent += n
    # A report a second goes on, as time at sea does: the last minute is judged by it.
    for _ in range(LATENESS_S + 65):
        line.sendall(
            data[: data.find(b"\n") + 1].replace(b"c:%d" % int(now_s), b"c:%d" % time.time())
        )
        sent += 1
        time.sleep(1)
    print(json.dumps({"sent": sent, "late_s": round(late_s, 2)}), flush=True)
    sys.stdin.read()  # the connection stays, as a feed's does
    line.close()


class Fleet:
    """A simulated sea, sampled each minute and moved on between by dead reckoning."""

    def __init__(self, vessels: int, seconds: int) -> None:
        import numpy as np

        from sargas.exercise.sea.settings import SeaSettings
        from sargas.exercise.sea.simulate import simulate
        from sargas.model.fixes import Fixes

        settings = SeaSettings("bench", vessels, 200_000_000, copies=0.0, ship_loss=0.0)
        play = simulate(settings, 7, 1_767_225_600_000, seconds / 3600 + 0.2)
        rows = Fixes.concat([b.fixes for b in play.batches()])
        rows = rows.take(rows.has_position & (rows.sog_raw < 1023))
        self._rows = rows.take(np.lexsort((rows.t_ms, rows.subject_id)))
        self._t0 = int(rows.t_ms.min()) + 600_000  # by then every ship was heard
        self._ids, self._first = np.unique(self._rows.subject_id, return_index=True)
        self._key = self._rows.subject_id.astype(np.int64) * 10**8 + (
            self._rows.t_ms - self._t0 + 10**6
        )

    def at(self, second: int) -> dict:
        """Give the reports of one second: every other ship."""
        import numpy as np

        which = np.arange(second % EVERY_S, len(self._ids), EVERY_S)
        wanted = self._ids[which].astype(np.int64) * 10**8 + second * 1000 + 10**6
        at = np.searchsorted(self._key, wanted, side="right") - 1
        rows = self._rows.take(at[at >= self._first[which]])
        passed_s = (self._t0 + second * 1000 - rows.t_ms) / 1000
        metres = rows.sog_raw / 10 * (1852 / 3600) * passed_s
        course, lat = np.radians(rows.cog_raw / 10), np.radians(rows.lat_raw / 6e5)
        north = metres * np.cos(course) / 1852 * 10_000
        east = metres * np.sin(course) / 1852 * 10_000 / np.cos(lat)
        wide = {n: np.asarray(getattr(rows, n), np.int64) for n in ("sog_raw", "cog_raw")}
        return {
            "mmsi": np.asarray(rows.subject_id, np.int64),
            "status": np.asarray(rows.nav_status, np.int64),
            "sog": wide["sog_raw"], "cog": wide["cog_raw"],
            "heading": np.asarray(rows.heading_raw, np.int64),
            "lon": np.round(rows.lon_raw + east).astype(np.int64),
            "lat": np.round(rows.lat_raw + north).astype(np.int64),
        }  # fmt: skip


def compare(folder: Path, rate: int, seconds: int) -> int:
    """Run sender and watch side by side."""
    home = folder / "home"
    cores = sorted(os.sched_getaffinity(0))
    own, other = cores[0], cores[-1]
    sender = subprocess.Popen(
        [sys.executable, "-m", "bench.live_bench", "--send", "0", "--rate", str(rate),
         "--seconds", str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {other}),
    )  # fmt: skip
    assert sender.stdout is not None
    port = json.loads(sender.stdout.readline())["port"]
    sargas = Path(sys.executable).with_name("sargas")
    watch = subprocess.Popen(
        [str(sargas), "watch", f"tcp://127.0.0.1:{port}#name=bench", "--home", str(home),
         "--lateness", str(LATENESS_S), "--json", "--quiet"], stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {own}),
    )  # fmt: skip
    assert watch.stdout is not None
    delays: list[float] = []

    def read() -> None:
        for text in watch.stdout or ():
            body = json.loads(text)
            if body["detector"] != "feed_link":
                delays.append(time.time() - knowable_s(body["t_issued"]))

    reading = threading.Thread(target=read)
    reading.start()
    told = json.loads(sender.stdout.readline())
    time.sleep(2)
    cpu_s, peak_mb = used_by(watch.pid)
    watch.terminate()
    watch.wait()
    reading.join()
    sender.communicate("")
    return report(home, told, seconds, delays, cpu_s, peak_mb)


def knowable_s(t_issued: str) -> float:
    """Give the time from which an alert could be known: its minute over, the lateness passed."""
    from sargas.model.time import parse_iso

    minute = -(-parse_iso(t_issued) // 60_000)
    return minute * 60 + LATENESS_S


def used_by(pid: int) -> tuple[float, float]:
    """Give a process's CPU seconds and its peak memory in MB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak_kb / 1024


def report(
    home: Path, told: dict, seconds: int, delays: list[float], cpu_s: float, peak_mb: float
) -> int:
    """Print the table; tell whether something was lost."""
    from sargas.cli.live.folding import State
    from sargas.cli.live.saving import unpack

    connection = sqlite3.connect(home / "sargas.db")
    counted = dict(connection.execute("SELECT reason, sum(count) FROM counters GROUP BY reason"))
    query = "SELECT state, state_version FROM checkpoints WHERE source = 'live'"
    state, version = connection.execute(query).fetchone()
    received = sum(unpack(state, version, State).fixes.values())
    connection.close()
    lost = told["sent"] - received
    print(
        f"sent      {told['sent']:,} SIMULATED reports in {seconds:,} s, "
        f"{told['sent'] / seconds:,.0f}/s; the sender was {told['late_s']:.2f} s late at most"
    )
    print(f"received  {received:,}, of which judged or counted by now: {counted}")
    print(f"lost      {lost:,}")
    print(f"cost      {cpu_s / seconds:.2f} s of CPU a second, {peak_mb:,.0f} MB at most")
    if delays:
        delays.sort()
        p50, p99 = (delays[min(int(len(delays) * q), len(delays) - 1)] for q in (0.5, 0.99))
        print(
            f"alerts    {len(delays):,} versions, visible p50 {p50:.2f} s, p99 {p99:.2f} s, max "
            f"{delays[-1]:.2f} s after their minute and the lateness of {LATENESS_S} s were over"
        )
    else:
        print("alerts    none in so short a time; --seconds 3600 tells how soon they are seen")
    is_soon = not delays or p99 < GOAL_P99_S
    keeps_up = bool(is_soon and not lost and told["sent"])
    print("keeps up" if keeps_up else "DOES NOT KEEP UP")
    return 0 if keeps_up else 1


if __name__ == "__main__":
    raise SystemExit(main())
