"""Who a vessel said it was, and from when until when: its static reports as a history.

A vessel sends its name, numbers and size every few minutes. What counts here is where they change:
a sale, a reflagging, a slip of the keys, or a number that somebody else uses too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sargas.model.fixes import Statics
from sargas.model.time import iso

IDENTITY = ("imo", "name", "callsign", "ship_type", "length_m", "beam_m")
"""Fields that say who a vessel is; draught, destination and ETA change with every voyage."""


@dataclass(frozen=True)
class StaticVersion:
    """What a vessel said it was over one span of time; None where it had not said.

    Attributes:
        from_ms, until_ms: first and last report that said so, ms UTC.
        reports: how many said so, copies of several stations among them.
        imo, name, callsign, ship_type, length_m, beam_m: as sent, and hostile until escaped.
    """

    from_ms: int
    until_ms: int
    reports: int = 1
    imo: int | None = None
    name: str | None = None
    callsign: str | None = None
    ship_type: int | None = None
    length_m: int | None = None
    beam_m: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Write it as the command line's `--json` does."""
        said = {field: getattr(self, field) for field in IDENTITY}
        return {
            "from": iso(self.from_ms), "until": iso(self.until_ms), "reports": self.reports, **said,
        }  # fmt: skip


def static_history(statics: Statics) -> list[StaticVersion]:
    """Cut one vessel's static reports where what it says of itself changes.

    A new version begins where a field is sent with another value than before. A field that was
    not known and comes to be known belongs to the version it completes: message 24 tells the
    name and the rest apart.

    Args:
        statics: n rows of one vessel, in order of time.

    Returns:
        The versions, oldest first; each carries on what the one before knew and it did not deny.

    Example:
        >>> rows = Statics.build(3, t_ms=[0, 6, 12], name=[b"OLD", b"OLD", b"NEW"], imo=[7, 0, 0])
        >>> [(v.name, v.imo, v.from_ms, v.until_ms) for v in static_history(rows)]
        [('OLD', 7, 0, 6), ('NEW', 7, 12, 12)]
    """
    columns = [_told(statics, field) for field in IDENTITY]
    versions: list[StaticVersion] = []
    for t_ms, *values in zip(statics.t_ms.tolist(), *columns, strict=True):
        said = {f: v for f, v in zip(IDENTITY, values, strict=True) if v is not None}
        last = versions[-1] if versions else None
        if last is None:
            versions.append(StaticVersion(t_ms, t_ms, **said))
        elif any(getattr(last, f) not in (None, v) for f, v in said.items()):
            versions.append(replace(last, from_ms=t_ms, until_ms=t_ms, reports=1, **said))
        else:
            versions[-1] = replace(last, until_ms=t_ms, reports=last.reports + 1, **said)
    return versions


def _told(statics: Statics, field: str) -> list[Any]:
    """Give one field of each report, None where it was not told."""
    values = getattr(statics, field).tolist()
    if field in ("name", "callsign"):
        return [value.decode("latin-1") or None for value in values]
    return [value or None for value in values]
