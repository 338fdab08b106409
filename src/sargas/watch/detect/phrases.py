"""Turns of phrase that detectors share, so that one thing is said in one way."""

from __future__ import annotations

import math

from sargas.model.alerts import AssetRef
from sargas.model.assets import Asset
from sargas.model.time import iso

NAV_STATUS = {
    1: "at anchor", 2: "not under command", 3: "restricted in its ability to manoeuvre",
    4: "constrained by its draught", 5: "moored", 6: "aground", 7: "engaged in fishing",
    8: "under way sailing",
}  # fmt: skip
"""Reported states worth a word (ITU-R M.1371-5, table 45)."""

KIND_WORDS = {
    "telecom_cable": "telecom cable", "unspecified_cable": "cable", "power_cable": "power cable",
    "gas_pipeline": "gas pipeline", "oil_pipeline": "oil pipeline", "wind_farm": "wind farm",
    "lng_terminal": "LNG terminal", "other": "asset",
}  # fmt: skip


def clock(t_ms: float) -> str:
    """Write the time of day as it is read out.

    Example:
        >>> clock(1735122360000)
        '10:26Z'
    """
    return iso(int(t_ms))[11:16] + "Z"


def minutes(value: float) -> str:
    """Write a duration in words.

    Example:
        >>> minutes(1.2), minutes(47.0), minutes(125.0)
        ('1 minute', '47 minutes', '2 h 05 min')
    """
    whole = int(value)
    if whole >= 120:
        return f"{whole // 60} h {whole % 60:02d} min"
    return f"{whole} minute" + ("" if whole == 1 else "s")


def place(lon: float, lat: float) -> str:
    """Write a position in degrees and minutes, latitude first as seafarers read it.

    Example:
        >>> print(place(20.505, 57.25))
        57°15.0'N 020°30.3'E
    """
    return f"{_angle(lat, 2, 'NS')} {_angle(lon, 3, 'EW')}"


def _angle(deg: float, digits: int, ends: str) -> str:
    """Write one angle; tenths of a minute are rounded before they are cut into degrees."""
    tenths = round(abs(deg) * 600)
    whole, rest = divmod(tenths, 600)
    return f"{whole:0{digits}d}°{rest / 10:04.1f}'{ends[deg < 0]}"


def asset_words(asset: Asset | AssetRef) -> str:
    """Name an asset and what it is; the kind is left out where the name says it.

    Example:
        >>> asset_words(AssetRef("x", "Estlink 2", "power_cable", 0.0, None, 200.0))
        'Estlink 2 (power cable)'
    """
    kind = KIND_WORDS.get(asset.kind, "asset")
    if not asset.name:
        return f"a {kind} without a name"
    if kind.split()[-1] in asset.name.lower():
        return asset.name
    return f"{asset.name} ({kind})"


def distance_words(distance_m: float, accuracy_m: float, what: str) -> str:
    """Say how far off an asset is, no finer than its place is known.

    Example:
        >>> distance_words(12.0, 200.0, "Estlink 2"), distance_words(731.0, 200.0, "Estlink 2")
        ('within 200 m of Estlink 2', '730 m from Estlink 2')
    """
    if distance_m <= accuracy_m:
        return f"within {accuracy_m:.0f} m of {what}"
    return f"{round(distance_m, -1):.0f} m from {what}"


def heard_words(fixes: float, span_min: float, longest_silence_min: float) -> str:
    """Say how well a vessel was heard."""
    n = int(fixes)
    return (
        f"{n} fix{'' if n == 1 else 'es'} in {minutes(span_min)}, "
        f"longest silence {longest_silence_min:.1f} min"
    )


def hunting_words(deg: float, period_s: float) -> str:
    """Say how widely a course swings, and how fast where that is known.

    Example:
        >>> hunting_words(3.71, 150.0), hunting_words(3.71, math.nan)
        ('3.7 degrees every 150 s', '3.7 degrees')
    """
    return f"{deg:.1f} degrees" + ("" if math.isnan(period_s) else f" every {period_s:.0f} s")


def number_or_none(value: float) -> float | None:
    """Give None for a value that is not a number, as JSON knows none."""
    return None if math.isnan(value) else round(float(value), 1)
