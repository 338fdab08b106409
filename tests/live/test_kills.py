"""kill -9 at any point, again and again: the alerts are those of an undisturbed run (law 5).

A watch commits twice a minute: one that is killed after seconds would never have committed, and the
next would begin where all began. So most of those that are killed here commit without a pause or
three times a second, and it is counted how many went on from a state and left another.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sargas.cli.live.folding import State
from sargas.cli.live.saving import unpack
from sargas.store import Archive, Home
from tests.laws.test_fold import traffic
from tests.live.lines import kept, log, scanned

SARGAS = Path(sys.executable).with_name("sargas")
HASTY = """
import sys
import sargas.cli.live.folding as folding
from sargas.cli.root import run
folding.COMMIT_S = folding.COMMIT_MOST_S = float(sys.argv.pop(1))
sys.exit(run(sys.argv[1:]))
"""
"""The same watch, which commits more often."""
WHEN = (
    ("started", None), ("watching", None), ("watching", 0.0),
    ("committed", 0.0), ("committed", 0.0), ("committed", 0.3),
)  # fmt: skip
"""From when on a process is killed at any moment, and how often it commits, in seconds."""
BEGIN_S = 120.0
"""So long a process may take on a busy machine until it watches, or has committed."""


def begun(
    file: Path, home: Path, said: int = subprocess.PIPE, commit_s: float | None = None
) -> subprocess.Popen[bytes]:
    """Start the watch as a person would."""
    program = [str(SARGAS)] if commit_s is None else [sys.executable, "-c", HASTY, str(commit_s)]
    return subprocess.Popen(
        [*program, "watch", f"tail:{file}", "--home", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,
    )


@dataclass
class Killed:
    """What a process had said when it was killed; how far in the log the state was, and then."""

    said: str
    before: int
    committed: int


def grow(file: Path, piece: bytes, rng: random.Random) -> bytes:
    """Add a part of a piece to the log; gives what is left of it."""
    size = rng.randint(0, len(piece))
    with file.open("ab") as grown:
        grown.write(piece[:size])
    time.sleep(rng.uniform(0.0, 0.3))
    return piece[size:]


def folded_of_file(home: Path) -> int:
    """Tell how far in the log the ledger's checkpoint is."""
    try:
        connection = sqlite3.connect(f"file:{home / 'sargas.db'}?mode=ro", uri=True)
        found = connection.execute(
            "SELECT state, state_version FROM checkpoints WHERE source = 'live'"
        ).fetchone()
        connection.close()
    except sqlite3.OperationalError:
        return 0
    place = None if found is None else unpack(*found, State).places.get(1000)
    if place is None or not place.place:
        return 0
    return int(json.loads(place.place)["position"]) + place.taken_bytes


def killed_again_and_again(folder: Path, kills: int, seed: int) -> Iterator[Killed]:
    """Grow a log while the watch on it is killed; gives how each process ended."""
    # Kinds drawn apart: else the speed of the machine chose them, at times too few "committed".
    rng, kinds = random.Random(seed), random.Random(seed)
    file, home, told = folder / "log.nmea", folder / "home", folder / "said.txt"
    file.write_bytes(b"")
    step, before = len(log()) // kills, 0
    for k in range(kills):
        piece = log()[k * step : (k + 1) * step]
        after, commit_s = kinds.choice(WHEN)
        with told.open("wb") as said:
            process = begun(file, home, said.fileno(), commit_s)
        try:
            most_s = time.monotonic() + BEGIN_S
            while (after == "watching" and b"Watching" not in told.read_bytes()) or (
                after == "committed" and folded_of_file(home) <= before
            ):
                assert time.monotonic() < most_s, told.read_text()
                assert process.poll() is None, told.read_text()
                piece = grow(file, piece, rng)
            until_s = time.monotonic() + rng.uniform(0.0, 2.0)
            while time.monotonic() < until_s:
                piece = grow(file, piece, rng)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
        committed = folded_of_file(home)
        yield Killed(told.read_text(), before, committed)
        before = committed
        with file.open("ab") as grown:
            grown.write(piece)
    with file.open("ab") as grown:
        grown.write(log()[kills * step :])


def undisturbed_to_the_end(folder: Path) -> None:
    """Let a last run fold the rest and end as it should."""
    file, home = folder / "log.nmea", folder / "home"
    assert file.read_bytes() == log()
    process = begun(file, home)
    assert process.stderr is not None
    assert b"Watching" in process.stderr.readline()
    until_s = time.monotonic() + 120
    while folded_of_file(home) < len(log()):
        assert time.monotonic() < until_s
        assert process.poll() is None
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"folded" in err


def check(folder: Path, kills: int, seed: int) -> None:
    went_on = 0
    for killed in killed_again_and_again(folder, kills, seed):
        assert "Traceback" not in killed.said, killed.said
        went_on += 0 < killed.before < killed.committed
    print(f"{went_on} of {kills} went on from a state and were killed after another commit")
    assert went_on >= kills // 4
    undisturbed_to_the_end(folder)
    home = folder / "home"
    assert kept(home) == scanned()
    fixes = traffic().fixes
    with Archive(Home(home, create=False)) as archive:
        for mmsi in sorted(set(fixes.subject_id.tolist())):
            n = len(archive.track(0, mmsi, 0, 2**45))
            assert n == int((fixes.subject_id == mmsi).sum()), mmsi
    verified = subprocess.run(
        [str(SARGAS), "verify", "--home", str(home)], capture_output=True, check=False
    )
    assert verified.returncode == 0, verified.stdout.decode() + verified.stderr.decode()


def test_killed_at_random_points_the_alerts_are_those_of_an_undisturbed_run(tmp_path):
    check(tmp_path, kills=6, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_hundred_kills_change_no_alert(tmp_path):
    check(tmp_path, kills=100, seed=2)
