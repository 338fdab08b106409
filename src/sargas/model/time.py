"""UTC time as int64 milliseconds inside, ISO 8601 with Z at the edges.

Nothing here reads a clock: event time is the only time the core knows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sargas.errors import UsageError

NO_TIME = -(2**63)
"""`t_ms` of a row whose time is unknown; such rows are counted and never folded."""

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999 of UTC: no other time can be written."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(t_ms: int) -> str:
    """Write a time as ISO 8601 UTC, with milliseconds only where there are any.

    Example:
        >>> iso(1735122360000), iso(1735122360250)
        ('2024-12-25T10:26:00Z', '2024-12-25T10:26:00.250Z')
    """
    moment = _EPOCH + timedelta(milliseconds=int(t_ms))
    kind = "milliseconds" if int(t_ms) % 1000 else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=kind) + "Z"


def parse_iso(text: str) -> int:
    """Read an ISO 8601 time that states its zone; `t_ms` is returned.

    A time without a zone is refused rather than guessed: local times printed as UTC are the
    commonest error in incident lists.

    Raises:
        UsageError: not ISO 8601, without a zone, or not in the years 1 to 9999 of UTC.

    Example:
        >>> parse_iso("2024-12-25T12:26:00+02:00") == parse_iso("2024-12-25T10:26:00Z")
        True
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"'{text}' is not an ISO 8601 time.", hint="Write it like 2024-12-25T10:26:00Z."
        ) from error
    if moment.tzinfo is None:
        raise UsageError(
            f"'{text}' states no time zone.",
            hint="Add Z for UTC, or the offset, like 2024-12-25T12:26:00+02:00.",
        )
    t_ms = round((moment - _EPOCH) / timedelta(milliseconds=1))
    if not FIRST_MS <= t_ms <= LAST_MS:
        raise UsageError(f"'{text}' lies outside the years 1 to 9999 of UTC.")
    return t_ms


def day_of(t_ms: int) -> str:
    """Name the UTC day of a time, `YYYY-MM-DD`.

    Example:
        >>> day_of(1735122360000)
        '2024-12-25'
    """
    return iso(t_ms)[:10]


def iso_or_number(t_ms: int) -> str:
    """Write a time that came from outside: as `iso`, or as the number where it is no time.

    Example:
        >>> iso_or_number(1735122360000), iso_or_number(2**60)
        ('2024-12-25T10:26:00Z', '1152921504606846976')
    """
    return iso(t_ms) if FIRST_MS <= t_ms <= LAST_MS else str(t_ms)
