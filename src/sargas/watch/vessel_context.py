"""D16, the context of a vessel: what the user's lists say of it, told in its alerts.

No detector: it raises no alert and sees nothing in the fixes. Where an entry asks for it
(`effect` is `raise`) an alert about the vessel is one priority higher, whatever the number of
entries; never above P1, never where a mask mutes it, and after all that lowers it. Each entry is
told by itself; nothing is added up to a score.

What it cannot say: whether the vessel does anything now; whether the number that it reports is its
own; anything of a vessel that no list names, or whose IMO number was not received. Insurance that
a ship shows is no evidence: 90 to 95 % of the tankers challenged in the Baltic showed certificates
of unknown validity. What raises false alarms: old lists, entries by MMSI (it is given to another
ship after a time), an IMO number mistyped or borrowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sargas.model.alerts import Alert
from sargas.model.listing import entry_text
from sargas.reference.vessel_lists import RAISE, ListEntry
from sargas.watch.raising import LISTED, raised


def told(entries: Sequence[ListEntry]) -> list[dict[str, str]]:
    """Write entries as an alert carries them; one that is there under several names once."""
    out: list[dict[str, str]] = []
    for entry in entries:
        if entry.to_dict() not in out:
            out.append(entry.to_dict())
    return out


def raised_by(
    entries: Sequence[ListEntry], priority: str, notes: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Raise a priority by one step where an entry asks for it.

    Args:
        entries: those that count at the time of the event.
        priority: after all that lowers it.
        notes: that say what did.

    Returns:
        (priority, notes).
    """
    asking = told([entry for entry in entries if entry.effect == RAISE])
    if not asking:
        return priority, notes
    words = entry_text(asking[0])
    if len(asking) > 1:
        words += f", and {len(asking) - 1} more"
    level, note = raised(int(priority[1]), f"{LISTED}{words}")
    return f"P{level}", (*notes, note)


def context_at_end(before: Alert, end: Alert) -> dict[str, Any]:
    """Give the context of an alert that ends: entries told before stay, though they ran out."""
    known = before.context.get("lists")
    if known is None:
        return end.context
    more = [entry for entry in end.context.get("lists", ()) if entry not in known]
    version = end.context.get("lists_version", before.context["lists_version"])
    return end.context | {"lists": [*known, *more], "lists_version": version}
