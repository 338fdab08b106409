"""A log of sentences that many detectors have something to say about, and what a scan finds."""

from __future__ import annotations

import functools
import os
import sqlite3
from pathlib import Path

import numpy as np

from sargas.exercise.encode import LINE, static_sentences, write_positions
from sargas.feeds import open_feed
from sargas.model.alerts import Alert
from sargas.model.fixes import Fixes
from tests.laws.test_fold import LATENESS_MS, traffic
from tests.watch.tracks import watch

STATION = "receiver"


def sentences(fixes: Fixes) -> list[bytes]:
    """Write fixes as class A reports with the time of reception, a line each, in order of time."""
    rows = fixes.take(np.argsort(fixes.t_ms, kind="stable"))
    name = np.frombuffer(STATION.encode(), np.uint8).copy()
    n = len(rows)
    out = np.empty(n * (LINE + len(name)) + 1, np.uint8)
    wide = {
        c: np.asarray(getattr(rows, c), np.int64)
        for c in ("subject_id", "nav_status", "sog_raw", "lon_raw", "lat_raw", "cog_raw")
    }
    end = write_positions(
        rows.t_ms // 1000, np.zeros(n, np.bool_), wide["subject_id"], wide["nav_status"],
        wide["sog_raw"], wide["lon_raw"], wide["lat_raw"], wide["cog_raw"],
        np.asarray(rows.heading_raw, np.int64), np.zeros(n, np.int64), name,
        np.empty(168, np.uint8), out,
    )  # fmt: skip
    return out[:end].tobytes().splitlines(keepends=True)


@functools.cache
def log() -> bytes:
    """The traffic of the laws as a log; names are said at its beginning."""
    rows = traffic()
    said = b"".join(
        static_sentences(
            int(rows.fixes.t_ms.min() // 1000), int(s.subject_id[0]), f"{STATION}.1",
            name=s.name[0].decode(), ship_type=int(s.ship_type[0]), length_m=int(s.length_m[0]),
        )
        for s in (rows.statics.take(slice(k, k + 1)) for k in range(2))
    )  # fmt: skip
    return said + b"".join(sentences(rows.fixes))


@functools.cache
def scanned() -> frozenset[str]:
    """Every version of every alert of folding the whole log at once, as JSON; the last minutes are
    still held, as a live feed has no end."""
    shm = Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp")
    path = shm / f"sargas-live-test-{os.getpid()}.nmea"  # tests run in several processes
    path.write_bytes(log())
    w, out = watch(lateness_ms=LATENESS_MS), []
    try:
        with open_feed(path) as feed:
            for batch in feed:
                out += w.push(batch).alerts
    finally:
        path.unlink()
    return frozenset(a.to_json() for a in out)


def kept(home: Path) -> frozenset[str]:
    """Every version of every alert about vessels that a home keeps."""
    connection = sqlite3.connect(home / "sargas.db")
    try:
        rows = connection.execute("SELECT body FROM alerts WHERE detector != 'feed_link'")
        return frozenset(body for (body,) in rows)
    finally:
        connection.close()


def links(home: Path) -> list[Alert]:
    """The versions of alerts about feeds that a home keeps, in the order they were issued."""
    import json

    connection = sqlite3.connect(home / "sargas.db")
    try:
        rows = connection.execute(
            "SELECT body FROM alerts WHERE detector = 'feed_link' ORDER BY t_issued_ms, version"
        )
        return [Alert.from_dict(json.loads(body)) for (body,) in rows]
    finally:
        connection.close()
