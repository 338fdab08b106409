"""The real service over a small home: made alerts in a real ledger, acts in a real log.

By hand: `python -m tests.web.desk 8752`.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from sargas.model.alerts import Alert, AssetRef, Reason, Subject, alert_id
from sargas.model.fixes import PER_DEGREE, Fixes
from sargas.reference import shipped_assets
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span

START = 1_735_117_200_000  # 2024-12-25 09:00Z
HOUR_MS = 3_600_000
END = START + 6 * HOUR_MS
MARKUP = "<img src=x onerror=alert(1)>"


def made_alert(number: int, priority: str, detector: str, minutes: float, **more: Any) -> Alert:
    """An alert of a made ship, detected so many minutes after the start."""
    mmsi = more.pop("mmsi", 999_000_100 + number)
    name = more.pop("name", f"MADE SHIP {number}")
    subject = Subject("sea", mmsi, name=name, length_m=120)
    t_ms = START + round(minutes * 60_000)
    state, group = more.pop("state", "open"), more.pop("group", None)
    return Alert(
        alert_id(detector, "1", subject.key, "c", t_ms), detector, "1", "1-made", 1, state,
        priority, t_ms - 480_000, t_ms, t_ms, subject, 20.0 + number / 10, 58.5,
        AssetRef("c", "Made Cable C", "telecom_cable", 310.0, 41.7, 200.0), (),
        (Reason("sog_ratio", 0.62, "ratio", 0.88, 0.26, True),), (),
        {"gnss": "not seen", "coverage": "good", "depth_m": 62},
        more.pop("text", f"Made text of alert {number}."), group=group, exercise="made",
    )  # fmt: skip


def first_alerts() -> list[Alert]:
    """What is there when the officer comes."""
    return [
        made_alert(1, "P1", "drag_onset", 200, text="Lost 4.6 of 11.4 kn, course hunting."),
        made_alert(2, "P2", "slow_in_corridor", 190, name=MARKUP),
        made_alert(3, "P2", "gap_visit", 120, group="g3"),
        made_alert(4, "P2", "loiter", 100, mmsi=999_000_103, name="MADE SHIP 3", group="g3"),
        made_alert(5, "P2", "drift", 60, name=None),
        made_alert(6, "P3", "speed_loss", 180),
    ]


def fill(home: Home, alerts: list[Alert]) -> None:
    """Store six hours of the alerts' ships, which report once a minute, and the alerts."""
    t = np.arange(START, END + 1, 60_000, dtype=np.int64)
    n = len(t)
    with ShardWriter(home) as writer:
        for number in range(1, 7):
            lon_deg = 20.0 + number / 10 + np.arange(n) / 900
            writer.append(
                Fixes.build(
                    n,
                    subject_id=np.full(n, 999_000_100 + number, np.uint32),
                    t_ms=t,
                    lon_raw=np.round(lon_deg * PER_DEGREE).astype(np.int64),
                    lat_raw=np.full(n, round(58.5 * PER_DEGREE)),
                    sog_raw=np.full(n, 105),
                    cog_raw=np.full(n, 900),
                )
            )
    with Ledger(home) as ledger:
        ledger.commit("made", 1, b"", alerts)


class DeskServer:
    """Runs the service in a thread, on a free port of the loopback; its clock stands at the end."""

    def __init__(self, folder: Path, port: int = 0, alerts: list[Alert] | None = None) -> None:
        self.home = Home(folder / "home")
        self.alerts = first_alerts() if alerts is None else alerts
        fill(self.home, self.alerts)
        self.socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        desk, span = Desk(Ledger(self.home), AuditLog(self.home)), Span(START, END, END)
        exercise = {"name": "made", "title": "Made exercise", "note": "All of it is made up."}
        about = {"version": "0", "mode": "serve", "exercise": exercise, "attribution": ["made"]}
        feeds = [
            {
                "name": "made",
                "kind": "stored",
                "last_ms": END,
                "fixes": 722,
                "rejected": 0,
                "note": "",
            }
        ]
        player = Player(
            Picture(self.home), desk, lambda: span, lambda: feeds, about, playing=False, t_ms=END
        )
        app = make_app(player, desk, shipped_assets(), ["made"], ["127.0.0.1"])
        config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="on")
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, args=([self.socket],), daemon=True)

    def __enter__(self) -> DeskServer:
        self.thread.start()
        while not self.uvicorn.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(10)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        DeskServer(Path(folder), int(sys.argv[1])) as server,
    ):
        print(server.url, flush=True)
        server.thread.join()
