"""What raises an alert, after all that lowers it: a vigilance area, then the user's lists.

Each raises by one step at most and says so in a note; never above P1, and never what is muted. The
notes stand last, so that an alert which is lowered later (GNSS interference found afterwards) can
be weighed as if that had been known at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from sargas.model.alerts import Alert
from sargas.reference import Mask

IN_AREA, LISTED = "in vigilance area ", "listed by "
"""How the notes begin that say what raised an alert, in the order in which they are written."""
NO_STEP = "a P1 as it is"


def raised(level: int, reason: str) -> tuple[int, str]:
    """Raise a level by one step, if there is one, with the note that says so.

    Example:
        >>> raised(3, "listed by X (watch), entry 1 of 2025-01-01, matched by IMO")
        (2, 'listed by X (watch), entry 1 of 2025-01-01, matched by IMO: from P3 to P2')
    """
    step = NO_STEP if level == 1 else f"from P{level} to P{level - 1}"
    return max(level - 1, 1), f"{reason}: {step}"


def raised_in(
    areas: Sequence[Mask], priority: str, notes: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Raise a priority by one step where an event lies in a vigilance area, or in several.

    Args:
        areas: those that count at the place and time of the event.
        priority: after all that lowers it.
        notes: that say what did.

    Returns:
        (priority, notes).
    """
    if not areas:
        return priority, notes
    more = f", and {len(areas) - 1} more" if len(areas) > 1 else ""
    level, note = raised(int(priority[1]), f"in {areas[0].called}{more}")
    return f"P{level}", (*notes, note)


def before_raise(alert: Alert) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Take back the steps by which an alert was raised, so that it can be weighed on.

    Returns:
        (level before them, notes before them, the reasons for `raised`, in their order).
    """
    level, notes = int(alert.priority[1]), list(alert.notes)
    reasons: list[str] = []
    while notes and notes[-1].startswith((IN_AREA, LISTED)):
        reason, _, step = notes.pop().rpartition(": ")
        level += step != NO_STEP
        reasons.insert(0, reason)
    return level, tuple(notes), tuple(reasons)
