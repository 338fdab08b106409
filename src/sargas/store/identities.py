"""Who a vessel said it was, from when to when: its static reports folded into versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

FIELDS = ("imo", "name", "callsign", "ship_type", "length_m", "beam_m")


@dataclass
class Identity:
    """One version of what a vessel said of itself.

    Attributes:
        from_ms, to_ms: its first and last report; between two versions nothing was said.
        reports: how many reports said it, each of them at least in part.
        said: each of `FIELDS`, None where it was not said.
        changed: fields in which it contradicts the version before; empty for the first.
    """

    from_ms: int
    to_ms: int
    reports: int = 0
    said: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(FIELDS))
    changed: tuple[str, ...] = ()


def versions(reports: Iterable[tuple[Any, ...]]) -> list[Identity]:
    """Fold static reports into versions, oldest first.

    A report may say a part only (AIS message 24 comes in two): what it leaves out stays as it was,
    and what was not known yet joins the version at hand. A new version begins where a report
    contradicts.

    Args:
        reports: as `Archive.identity_reports` gives them.

    Example:
        >>> seen = [(1, 0, "EXAMPLE", "", 0, 0, 0), (2, 0, "", "XX7", 70, 90, 14),
        ...         (3, 0, "RENAMED", "", 0, 0, 0)]
        >>> [(one.from_ms, one.to_ms, one.said["callsign"], one.changed) for one in versions(seen)]
        [(1, 2, 'XX7', ()), (3, 3, 'XX7', ('name',))]
    """
    found: list[Identity] = []
    for t_ms, *values in reports:
        told = {name: v for name, v in zip(FIELDS, values, strict=True) if v}
        if not told:
            continue
        known = found[-1].said if found else {}
        changed = tuple(n for n, v in told.items() if known.get(n) not in (None, v))
        if changed or not found:
            found.append(Identity(t_ms, t_ms, said={**dict.fromkeys(FIELDS), **known},
                                  changed=changed))  # fmt: skip
        now = found[-1]
        now.said.update(told)
        now.to_ms, now.reports = t_ms, now.reports + 1
    return found
