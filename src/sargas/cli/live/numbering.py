"""How the versions go on of alerts that were set right: a watch counts from its own last one.

What set them right stays among their notes, though the watch does not know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from sargas.cli.refolding import notes_of_setting_right
from sargas.model.alerts import Alert
from sargas.model.time import DAY_MS
from sargas.watch.fold import Watch

REMEMBERED_MS: Final = 7 * DAY_MS
"""So long it is remembered of alerts that are open no more."""


class Number(msgspec.Struct):
    """The last version of an alert.

    Attributes:
        version: its number. t_detected_ms: of the first one. t_issued_ms: of this one.
        notes: those that say how it was set right.
    """

    version: int
    t_detected_ms: int
    t_issued_ms: int
    notes: tuple[str, ...] = ()


class Numbering:
    """Numbers the versions of alerts that have others in the ledger than the watch knows of.

    Args:
        numbers: the last version of each such alert.
    """

    def __init__(self, numbers: Mapping[str, Number] | None = None) -> None:
        self._numbers = dict(numbers or {})

    def number(self, alert: Alert) -> Alert:
        """Give a new version of an alert the number that follows its last one, and its notes."""
        last = self._numbers.get(alert.id)
        if last is None:
            return alert
        last.version += 1
        last.t_issued_ms = alert.t_issued_ms
        return replace(
            alert, version=last.version, t_detected_ms=last.t_detected_ms,
            notes=(*alert.notes, *last.notes),
        )  # fmt: skip

    def go_on_from(self, watch: Watch, last: Mapping[str, Alert], issued: Sequence[Alert]) -> None:
        """Take up what was set right.

        Args:
            watch: goes on from here. last: the last version of alerts in the ledger.
            issued: versions that are issued now; what becomes of these may be told again.
        """
        open_now = {alert.id for alert in watch.judge.open}
        since_ms = watch.judged_to_ms - REMEMBERED_MS
        self._numbers = {
            name: number for name, number in self._numbers.items()
            if name in open_now or number.t_issued_ms >= since_ms
        }  # fmt: skip
        others = {
            a.id: last[a.id] for a in watch.judge.open
            if a.id in last and _is_apart(last[a.id], a)
        }  # fmt: skip
        for alert in {**others, **{alert.id: alert for alert in issued}}.values():
            self._numbers[alert.id] = Number(
                alert.version, alert.t_detected_ms, alert.t_issued_ms,
                notes_of_setting_right(alert),
            )  # fmt: skip

    def dump(self) -> dict[str, Number]:
        """Give what is committed."""
        return dict(self._numbers)


def _is_apart(stored: Alert, own: Alert) -> bool:
    """Tell whether what follows an alert of the watch is not what follows the stored one."""
    return stored.version != own.version or bool(notes_of_setting_right(stored))
