"""kill -9 at any point, again and again: the alerts are those of an undisturbed run (law 5)."""

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
from pathlib import Path

import pytest

from sargas.cli.live.folding import State
from sargas.cli.live.saving import unpack
from sargas.store import Archive, Home
from tests.laws.test_fold import traffic
from tests.live.lines import kept, log, scanned

SARGAS = Path(sys.executable).with_name("sargas")


def begun(file: Path, home: Path) -> subprocess.Popen[bytes]:
    """Start the watch as a person would."""
    return subprocess.Popen(
        [str(SARGAS), "watch", f"tail:{file}", "--home", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


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


def killed_again_and_again(folder: Path, kills: int, seed: int) -> Iterator[str]:
    """Grow a log while the watch on it is killed; gives what each killed process said."""
    rng = random.Random(seed)
    file, home = folder / "log.nmea", folder / "home"
    file.write_bytes(b"")
    step = len(log()) // kills
    for k in range(kills):
        process = begun(file, home)
        try:
            # The log grows while the process starts, reads, folds and commits.
            until_s = time.monotonic() + rng.uniform(1.5, 6.0)
            piece = log()[k * step : (k + 1) * step]
            while time.monotonic() < until_s:
                with file.open("ab") as grown:
                    size = rng.randint(0, len(piece))
                    grown.write(piece[:size])
                piece = piece[size:]
                time.sleep(rng.uniform(0.0, 0.3))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            yield process.communicate(timeout=60)[1].decode()
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
    for said in killed_again_and_again(folder, kills, seed):
        assert "Traceback" not in said, said
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
