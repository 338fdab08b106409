"""Moments as a person gives them to the Python API."""

from __future__ import annotations

from datetime import datetime

from sargas.errors import UsageError
from sargas.model.time import parse_iso

Time = str | datetime | int
"""What a moment may be given as."""
FOREVER_MS = 2**62
"""After any event time."""


def t_ms(moment: Time) -> int:
    """Read a moment.

    Raises:
        UsageError: it states no time zone, or is no moment.

    Example:
        >>> t_ms("2024-12-25") == t_ms("2024-12-25T02:00:00+02:00") == 1_735_084_800_000
        True
    """
    if isinstance(moment, datetime):
        moment = moment.isoformat()
    if isinstance(moment, str):
        text = moment.strip()
        # Days are those of the home, which are UTC: nothing is guessed.
        return parse_iso(f"{text}T00:00:00Z" if len(text) == 10 and text[4:5] == "-" else text)
    if isinstance(moment, bool) or not isinstance(moment, int):
        raise UsageError(f"{moment!r} is no moment.", hint="Give it like 2024-12-25T10:26:00Z.")
    return moment
