"""Homes made by real scans, and the service over them: in this process and as a child."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.sync.client import ClientConnection, connect

from sargas.exercise.run import export
from sargas.exercise.scenario import load_scenario
from sargas.model.time import iso

AIS = Path(__file__).parents[1] / "data" / "ais"
SARGAS = Path(sys.executable).with_name("sargas")
HOSTILE = "<img src=x onerror=alert(1)>"


def sargas(*words: object) -> None:
    done = subprocess.run([SARGAS, *map(str, words)], capture_output=True, timeout=280)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes of real Danish traffic."""
    home = tmp_path_factory.mktemp("real") / "home"
    sargas("scan", AIS / "dma-5min-2013-11-12.nmea.gz", "--home", home, "--quiet")
    return home


@pytest.fixture(scope="session")
def exercise_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exercise without its backdrop, until noon."""
    folder = tmp_path_factory.mktemp("exercise")
    whole = load_scenario("eagle-s")
    export(msgspec.structs.replace(whole, backdrop=[], end="2024-12-25T12:00:00Z"),
           folder / "x.nmea")  # fmt: skip
    sargas("scan", folder / "x.nmea", "--home", folder / "home", "--quiet", "--muted")
    return folder / "home"


@pytest.fixture(scope="session")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ship whose name, call sign and destination are markup; it is seen for half an hour."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = ["mmsi,t,lon,lat,sog,cog,heading,name,callsign,destination"]
    rows += [
        f"219000001,{iso(1_735_122_000_000 + 10_000 * k)},{10 + k / 1000:.4f},57.5,11.5,90.0,90,"
        f'{HOSTILE},<b>,"</script>"'
        for k in range(180)
    ]
    (folder / "x.csv").write_text("\n".join(rows) + "\n")
    columns = ("mmsi", "t", "lon", "lat", "sog", "cog", "heading", "name", "callsign",
               "destination")  # fmt: skip
    sargas("scan", folder / "x.csv", "--map", ",".join(f"{c}={c}" for c in columns),
           "--home", folder / "home", "--quiet")  # fmt: skip
    return folder / "home"


@dataclass
class Service:
    """A running `sargas serve`."""

    process: subprocess.Popen[bytes]
    url: str

    @property
    def http(self) -> httpx.Client:
        """A client of it."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def get(self, path: str, **options: Any) -> httpx.Response:
        with self.http as http:
            return http.get(path, **options)

    def play(self, action: str, **numbers: float) -> httpx.Response:
        with self.http as http:
            return http.post("/api/playback", json={"action": action, **numbers})

    @contextmanager
    def screen(self, **options: Any) -> Iterator[ClientConnection]:
        """A connected screen."""
        url = self.url.replace("http", "ws") + "ws"
        with connect(url, max_size=None, proxy=None, **options) as socket:
            yield socket

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def serving(home: Path, *words: object) -> Iterator[Service]:
    """Run the service over a home, on a free port."""
    process = subprocess.Popen(
        [SARGAS, "serve", "--home", home, "--port", "0", "--json", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line, process.stderr.read() if process.stderr else ""
        yield Service(process, json.loads(line)["address"])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def real(real_home: Path) -> Iterator[Service]:
    with serving(real_home) as service:
        yield service


@pytest.fixture(scope="module")
def exercise(exercise_home: Path) -> Iterator[Service]:
    with serving(exercise_home) as service:
        yield service


@pytest.fixture(scope="module")
def hostile(hostile_home: Path) -> Iterator[Service]:
    with serving(hostile_home) as service:
        yield service


def told(socket: ClientConnection, kind: str, most: int = 60) -> dict[str, Any]:
    """The next JSON message of a kind."""
    for _ in range(most):
        message = socket.recv(timeout=20)
        if isinstance(message, str) and json.loads(message)["kind"] == kind:
            found: dict[str, Any] = json.loads(message)
            return found
    raise AssertionError(f"no {kind} came")


def frame_of(socket: ClientConnection, most: int = 60) -> bytes:
    """The next frame."""
    for _ in range(most):
        message = socket.recv(timeout=20)
        if isinstance(message, bytes):
            return message
    raise AssertionError("no frame came")
