"""The service over a live watch: what is received is shown at once, the past on request."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from sargas.model.fixes import Fixes
from tests.live.lines import sentences
from tests.live.senders import TcpSender, eventually

from .conftest import SARGAS

MMSI = 230_000_077


@dataclass
class Live:
    """A running `sargas watch --serve` and its sender."""

    process: subprocess.Popen[str]
    url: str
    home: Path
    sender: TcpSender
    told: list[str] = field(default_factory=list)

    def get(self, path: str, screen: str = "", **query: object) -> Any:
        headers = {"x-sargas-screen": screen} if screen else {}
        answer = httpx.get(f"{self.url}api/{path}", params=query, timeout=30, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, screen: str = "", **body: object) -> Any:
        headers = {"x-sargas-screen": screen} if screen else {}
        answer = httpx.post(f"{self.url}api/{path}", json=body, timeout=30, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


def report(lon: float, mmsi: int = MMSI) -> bytes:
    """A position report of now."""
    now_ms = time.time_ns() // 1_000_000
    fixes = Fixes.build(
        1, subject_id=[mmsi], t_ms=[now_ms], msg_type=[1], sog_raw=[100], cog_raw=[900],
        heading_raw=[90], lon_raw=[round(lon * 6e5)], lat_raw=[round(57.5 * 6e5)],
        nav_status=[0],
    )  # fmt: skip
    return b"".join(sentences(fixes))


def begin(home: Path, sender: TcpSender, idle_s: int = 120) -> Live:
    feed = f"{sender.url}#name=north,idle={idle_s}"
    process = subprocess.Popen(
        [str(SARGAS), "watch", feed, "--home", str(home), "--serve", "--port", "0",
         "--lateness", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return Live(process, process.stdout.readline().strip(), home, sender)


@pytest.fixture
def live(tmp_path, request) -> Iterator[Live]:
    """A watch whose feed may be silent for two minutes, or as long as the test says."""
    with TcpSender() as sender:
        running = begin(tmp_path / "home", sender, getattr(request, "param", 120))
        try:
            yield running
        finally:
            running.process.terminate()
            _, err = running.process.communicate(timeout=60)
            assert "Traceback" not in err, err


def test_what_is_received_is_shown_within_moments_and_goes_on_after_a_restart(live):
    line = live.sender.accept()
    with connect(live.url.replace("http", "ws") + "ws") as socket:
        hello = json.loads(socket.recv(timeout=30))
        assert hello["status"]["mode"] == "watch"
        assert hello["status"]["clock"]["live"] is True
        line.sendall(report(20.0))
        until_s = time.monotonic() + 60
        while True:
            assert time.monotonic() < until_s
            frame = socket.recv(timeout=30)
            if isinstance(frame, bytes) and np.uint32(MMSI).tobytes() in frame:
                break
    track = live.get(f"vessels/{MMSI}/track", from_ms=0, to_ms=2**45)
    assert track["lon"] == [20.0], "what is not stored yet is in the track too"
    clock = live.get("status")["clock"]
    assert abs(clock["t_ms"] - time.time() * 1000) < 20_000
    # Stopped and begun again: the ship is there at once, from what was stored.
    live.process.terminate()
    live.process.communicate(timeout=60)
    again = begin(live.home, live.sender)
    live.process, live.url = again.process, again.url
    assert live.get(f"vessels/{MMSI}")["last"]["lon"] == 20.0
    assert live.get("status")["vessels"] == 1


def told_of(socket: ClientConnection) -> dict[str, Any]:
    """The next alert that the screen is told of."""
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        message = socket.recv(timeout=30)
        if isinstance(message, str):
            said = json.loads(message)
            if said["kind"] == "alerts" and said["alerts"]:
                return said["alerts"][0]  # type: ignore[no-any-return]
    raise AssertionError("no alert came")


@pytest.mark.parametrize("live", [4], indirect=True)
def test_a_silence_rings_on_the_screen_and_can_be_acted_on(live):
    line = live.sender.accept()
    line.sendall(report(20.0))
    with connect(live.url.replace("http", "ws") + "ws") as socket:
        alert = told_of(socket)
    assert (alert["detector"], alert["priority"], alert["lon"]) == ("feed_link", "P1", None)
    feed = live.get("status")["feeds"][0]
    assert (feed["state"], feed["name"]) == ("silent", "north")
    live.post("watches", action="start", officer="V. P.")
    seen = {"id": alert["id"], "version": 1, "last_seq": alert["triage"]["last_seq"]}
    acted = live.post("acts", verb="acknowledge", officer="V. P.", alerts=[seen])
    assert acted["acts"][0]["verb"] == "acknowledge"
    dossier = live.get(f"alerts/{alert['id']}/dossier")
    assert dossier["kept"]["reason"] == "area"

    def speaks() -> bool:
        for one in [live.sender.accept(0.5)] if _calls(live.sender) else []:
            one.sendall(report(20.1))
        return live.get("alerts")["alerts"][0]["state"] == "closed"

    eventually(speaks, "the end of the silence")


def _calls(sender: TcpSender) -> bool:
    import select

    return bool(select.select([sender.listening], [], [], 0.2)[0])


def test_the_past_is_shown_on_request_to_who_asked_and_live_comes_back(live):
    here, there = "0" * 32, "f" * 32
    line = live.sender.accept()
    for k in range(3):
        line.sendall(report(20.0 + k / 10))
        eventually(
            lambda n=k + 1: (
                len(live.get(f"vessels/{MMSI}/track", from_ms=0, to_ms=2**45)["lon"]) >= n
            ),
            "the report",
        )
        time.sleep(1.1)
    first_ms = live.get(f"vessels/{MMSI}/track", from_ms=0, to_ms=2**45)["t_ms"][0]
    live.post("playback", here, action="pause")
    own = live.post("playback", here, action="seek", t_ms=first_ms + 500)
    assert (own["own"], own["live"]) == (True, False)
    # Not stored yet, and there all the same; what came later is not.
    assert live.get(f"vessels/{MMSI}", here)["last"]["lon"] == 20.0
    for other in (there, ""):
        assert live.get("status", other)["clock"]["live"] is True
        assert live.get(f"vessels/{MMSI}", other)["last"]["lon"] == 20.2
    assert live.post("playback", here, action="live")["own"] is False
    eventually(lambda: live.get(f"vessels/{MMSI}", here)["last"]["lon"] == 20.2, "the newest")
    assert live.get("status", here)["vessels"] == 1


def test_it_listens_on_this_machine_only(tmp_path):
    done = subprocess.run(
        [str(SARGAS), "watch", "udp://127.0.0.1:0#name=x", "--home", str(tmp_path / "h"),
         "--serve", "--host", "0.0.0.0"], capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 2
    assert "0.0.0.0" in done.stderr
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize("live", [4], indirect=True)
def test_health_and_measures(live):
    line = live.sender.accept()
    line.sendall(report(20.0))

    def measures() -> dict[str, float]:
        text = httpx.get(f"{live.url}metrics", timeout=30).text
        rows = (row.rpartition(" ") for row in text.splitlines() if not row.startswith("#"))
        return {name: float(value) for name, _, value in rows}

    eventually(lambda: measures().get('sargas_feed_fixes_total{feed="north"}') == 1.0, "the fix")
    said = measures()
    assert said["sargas_up"] == said['sargas_feed_up{feed="north"}'] == 1.0
    assert abs(said['sargas_feed_last_received_seconds{feed="north"}'] - time.time()) < 60
    assert said["process_resident_memory_bytes"] > 1e7
    eventually(
        lambda: httpx.get(f"{live.url}healthz").json() == {"status": "degraded"}, "the silence"
    )
    assert measures()['sargas_feed_up{feed="north"}'] == 0.0
    assert httpx.get(f"{live.url}healthz").status_code == 200
