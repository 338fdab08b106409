"""A partner whose bundles come to the desk, as by `sargas share import` or a push."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sargas.model.alerts import Alert
from sargas.share.partner.bundle import read
from sargas.share.partner.identity import make_identity
from sargas.store import Home
from sargas.store.partners import Partners
from sargas.store.users import By
from tests.share import partners as two

from .desk import START, made_alert

BY = By("V. Petraitis", START, 0)
POLICY = """
[groups.nato]
label = "NATO <b>"
redact = ["triage", "kp", "notes"]
[groups.public]
label = "Public"
redact = ["triage", "vessel", "notes"]
"""


class Partner:
    """Riga, which we know and trust; each bundle goes on from the one before.

    Args:
        home: ours.
    """

    def __init__(self, home: Home) -> None:
        self.home, self.sequence, self.hash = home, 0, ""
        self.us = make_identity(home.path, "Klaipeda")
        with Partners(home) as partners:
            partners.add(two.peer_of(two.THEIRS), BY)
            partners.trust("riga", BY)

    def sends(self, *alerts: Alert | tuple[Alert, ...], **head: Any) -> None:
        """Let a bundle come, through all checks of a real one."""
        now_ms = time.time_ns() // 1_000_000
        data = two.bundle(
            *alerts, recipient=self.us.instance, created="2026-11-01T00:00:00Z",
            sequence=self.sequence + 1, previous=self.sequence, previous_hash=self.hash,
            **{"redacted": two.POLICY.group("nato").redacted, **head},
        )  # fmt: skip
        came = read(data, lambda _: two.THEIRS.key, self.us.instance, now_ms)
        with Partners(self.home) as partners:
            taken = partners.take(came.incoming(), replace_at(BY, now_ms))
        assert taken.added > 0
        self.sequence, self.hash = self.sequence + 1, came.hash


def replace_at(by: By, at_ms: int) -> By:
    """The same person, now."""
    return By(by.name, by.t_ms, at_ms)


def theirs(number: int, priority: str, detector: str, minutes: float, **more: Any) -> Alert:
    """An alert of a ship that the partner sees; not an exercise unless it is said."""
    exercise = more.pop("exercise", None)
    place = {k: more.pop(k) for k in ("lon", "lat") if k in more}
    return replace(made_alert(number, priority, detector, minutes, **more),
                   exercise=exercise, **place)  # fmt: skip


def several(names: Sequence[str] = ("THEIR SHIP A", "THEIR SHIP B", "THEIR SHIP C")) -> list[Any]:
    """A real Alarm, an exercise, and one that is over."""
    over = theirs(23, "P2", "gap", 90, name=names[2], lon=21.2, lat=57.6)
    return [
        theirs(21, "P1", "drag_onset", 230, name=names[0], lon=21.0, lat=57.9),
        theirs(22, "P2", "loiter", 150, name=names[1], lon=20.4, lat=58.1, exercise="drill"),
        (over, replace(over, version=2, state="closed", t_issued_ms=over.t_issued_ms + 60_000)),
    ]
