"""The program in this process and in a child, and a short exercise to give it."""

from __future__ import annotations

import csv
import fcntl
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sargas.cli.root import run as run_here
from sargas.decode import AisDecoder
from sargas.exercise.run import export
from sargas.exercise.run import run as play
from sargas.exercise.scenario import Scenario, load_scenario
from sargas.model.time import iso

AIS = Path(__file__).parents[1] / "data" / "ais"
SARGAS = Path(sys.executable).with_name("sargas")


@dataclass
class Done:
    """What a run of the program left."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON Lines on stdout."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


Call = Callable[..., Done]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the program in this process, where the kernels are loaded once."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words: object) -> Done:
        capsys.readouterr()
        code = run_here([str(word) for word in words])
        done = capsys.readouterr()
        return Done(code, done.out, done.err)

    yield run
    signal.signal(signal.SIGTERM, before)


def child(*words: object, stdin: bytes = b"", **options: Any) -> Done:
    """Run the installed program in a process of its own."""
    done = subprocess.run(
        [SARGAS, *map(str, words)], input=stdin, capture_output=True, timeout=280, **options
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def wait_until_it_reads(running: subprocess.Popen[bytes]) -> None:
    """Wait until a process has taken all its input, has worked, and sleeps for more."""
    assert running.stdin is not None
    still, ticks = 0, -1
    for _ in range(4000):
        stat = Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()
        unread = int.from_bytes(
            fcntl.ioctl(running.stdin, termios.FIONREAD, b"0000"), sys.byteorder
        )
        now = int(stat[11]) + int(stat[12])
        still = still + 1 if stat[0] == "S" and now == ticks and not unread else 0
        ticks = now
        if still > 40:
            return
        time.sleep(0.05)
    raise AssertionError("it goes on computing")


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The shipped exercise without its backdrop: the drag over Estlink 2, cut at noon."""
    whole = load_scenario("eagle-s")
    return msgspec.structs.replace(whole, backdrop=[], end="2024-12-25T12:00:00Z")


@pytest.fixture(scope="session")
def exercise_log(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exercise as an NMEA log."""
    out = tmp_path_factory.mktemp("exercise") / "exercise.nmea"
    export(scenario, out)
    return out


@pytest.fixture(scope="session")
def drag_csv(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same positions as a CSV of a user's own: to the program, real traffic."""
    decoder = AisDecoder()
    fixes = decoder.feed(b"".join(minute.sentences for minute in play(scenario))).fixes
    out = tmp_path_factory.mktemp("drag") / "own.csv"
    with out.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("ship", "when", "x", "y", "speed", "course", "bow"))
        for i in range(len(fixes)):
            rows.writerow((
                fixes.mmsi[i], iso(int(fixes.t_ms[i])), f"{fixes.lon_deg[i]:.6f}",
                f"{fixes.lat_deg[i]:.6f}", fixes.sog_kn[i], fixes.cog_deg[i],
                int(fixes.heading_raw[i]),
            ))  # fmt: skip
    return out


OWN_MAP = "mmsi=ship,t=when,lon=x,lat=y,sog=speed,cog=course,heading=bow"
