"""A home of several feeds, each of whose fixes can be told by its latitude wherever it turns up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sargas.model.alerts import Alert, Subject
from sargas.model.fixes import Fixes
from sargas.store import Home, Ledger, ShardWriter
from sargas.store.feed_book import FeedBook

from .conftest import T0_MS, alert

MINUTE = 60_000
NOW_MS = T0_MS + 24 * 60 * MINUTE
OPEN, CLOSED, SCAN, NAMELESS = "public-ais", "national-radar", "scan", ""
NUMBERS = {OPEN: 1000, CLOSED: 1001, SCAN: 0, NAMELESS: 1700}
LATITUDES = {OPEN: 59.9131, CLOSED: 59.9252, SCAN: 59.9373, NAMELESS: 59.9494}
WITHIN, AFTER = range(2, 14), range(30, 42)
"""Minutes of the alerts' evidence, and of the hour that an evidence bundle has behind it."""
POLICY = f"""
sender = "watch@example.org"
[groups.national]
label = "Own authorities"
sees = [{{exercises = true}}, {{}}]
[groups.nato]
label = "NATO"
sees = [{{exercises = true}}, {{}}]
redact = ["triage"]
[groups.eu]
label = "EU"
redact = ["triage"]
[feeds."national-*"]
groups = ["national"]
[feeds.{OPEN}]
groups = ["national", "nato", "eu"]
"""
"""Both `national` and `nato` get everything by a rule, were it not for the feeds."""


def one_of(k: int, **changes: object) -> Alert:
    """An alert about a vessel of its own, told by id, number and text."""
    subject = Subject("sea", 230_000_000 + k, name=f"SHIP {k}")
    text = f"SHIP {k} (MMSI {subject.mmsi}) is slow."
    return replace(alert(id=f"{k:x}" * 24, subject=subject, text=text), **changes)


def reports(k: int, feed: str, minutes: range = WITHIN) -> Fixes:
    """What a feed brought of the vessel of `one_of(k)`, a fix a minute."""
    n, rows = len(minutes), np.array(minutes)
    shift = NUMBERS[feed] % 7
    return Fixes.build(
        n, subject_id=np.full(n, 230_000_000 + k), t_ms=T0_MS + rows * MINUTE + shift * 1000,
        t_source=np.ones(n), msg_type=np.ones(n), lon_raw=15_360_000 - rows * 900,
        lat_raw=np.full(n, round(LATITUDES[feed] * 600_000)), sog_raw=np.full(n, 20),
        cog_raw=np.full(n, 2700), heading_raw=np.full(n, 270), nav_status=np.zeros(n),
        second_s=np.full(n, 7), station=np.full(n, -2), src_offset=rows * 80,
        payload_hash=(rows + 1000 * k + 100_000 * NUMBERS[feed]).astype(np.uint64),
        src_id=np.full(n, NUMBERS[feed]),
    )  # fmt: skip


def home_of(path: Path, alerts: list[Alert], rows: list[Fixes], policy: str = POLICY) -> Home:
    """A home that knows two feeds by name, with its policy."""
    home = Home(path)
    book = FeedBook(home)
    assert [book.number(name, "tcp://x:1") for name in (OPEN, CLOSED)] == [1000, 1001]
    with ShardWriter(home) as writer:
        for one in rows:
            writer.append(one)
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", alerts)
    (home.path / "release.toml").write_text(policy)
    return home


def told(data: bytes | str) -> set[str]:
    """Tell of which feeds there is a fix in what leaves."""
    text = data.decode() if isinstance(data, bytes) else data
    return {feed for feed, lat in LATITUDES.items() if f"{lat:.4f}" in text}
