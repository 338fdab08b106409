"""Positions as seafarers read them: degrees and minutes, latitude first."""

from __future__ import annotations


def degrees_minutes(deg: float, ends: str, digits: int = 1, *, is_round: bool = False) -> str:
    """Write one angle in degrees and tenths of a minute.

    Args:
        deg: degrees.
        ends: letter for what is not below zero, then for what is: `NS` or `EW`.
        digits: of the degrees at least.
        is_round: leave the tenth out where it is none.

    Example:
        >>> degrees_minutes(24.5, "EW", 3), degrees_minutes(24.5, "EW", is_round=True)
        ("024°30.0'E", "24°30'E")
        >>> degrees_minutes(-0.99999, "NS", 2)
        "01°00.0'S"
    """
    tenths = round(abs(deg) * 600)  # before it is cut, so that 59.96' does not become 60.0'
    whole, rest = divmod(tenths, 600)
    short = is_round and rest % 10 == 0
    minutes = f"{rest // 10:02d}" if short else f"{rest / 10:04.1f}"
    return f"{whole:0{digits}d}°{minutes}'{ends[deg < 0]}"


def place_text(lon: float, lat: float) -> str:
    """Write a position in degrees and minutes, and in decimal degrees.

    Example:
        >>> print(place_text(20.505, 57.25))
        57°15.0'N 020°30.3'E (57.25000, 20.50500)
    """
    text = f"{degrees_minutes(lat, 'NS', 2)} {degrees_minutes(lon, 'EW', 3)}"
    return f"{text} ({lat:.5f}, {lon:.5f})"
