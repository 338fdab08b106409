"""Alerts for the tests of the ledger."""

from dataclasses import replace

from sargas.model.alerts import Alert, AssetRef, Reason, Subject, alert_id
from tests.store.rows import T0_MS


def make_alert(n: int = 0, **changes) -> Alert:
    """The `n`-th alert, one a minute."""
    t_ms = T0_MS + n * 60_000
    subject = Subject("sea", 230_000_000 + n % 7, name=f"SHIP {n}")
    detector = changes.get("detector", "gap")
    alert = Alert(
        id=alert_id(detector, "1", subject.key, "c1", t_ms),
        detector=detector,
        detector_version="1",
        rules="1-abc",
        version=1,
        state="open",
        priority="P3",
        t_start_ms=t_ms,
        t_detected_ms=t_ms + 30_000,
        t_issued_ms=t_ms + 30_000,
        subject=subject,
        lon=25.1,
        lat=59.9,
        asset=AssetRef("c1", "Estlink 2", "power_cable", 120.0, 14.2, 50.0),
        next_assets=(),
        why=(Reason("gap_s", 1900.0, "s", 1800.0, 100.0, True),),
        against=(),
        context={"gnss": "ok", "coverage": "good", "depth_m": 62.0},
        text="Not received since 00:00.",
    )
    return replace(alert, **changes)
