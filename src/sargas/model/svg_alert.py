"""The pictures of one alert: where it was and how the vessel moved, for dossiers and notebooks.

An alert is read here in the shape that `Alert.to_dict` writes, as the ledger keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sargas.model.fixes import Fixes
from sargas.model.svg import HEIGHTS, WIDTH, Limit, Moment, track_chart
from sargas.model.svg_map import SIZE, MapAsset, MapPoint, track_map
from sargas.model.time import parse_iso

MARKS = {"P1": "▲", "P2": "◆", "P3": "●"}
"""The shape of each priority: colour alone tells nothing to some."""
SPEED_LEVELS = ("speed over ground", "reported speed", "smoothed speed")
"""Features in knots that are a level of the vessel's speed, so that their threshold can be drawn
over it. Others in knots are losses, spreads or speeds that nobody reported."""
OWN_SPEED = "own speed before"
OWN_SHARE = "speed as share of own"
LANE_SHARE = "speed as share of the lane's"


def who(alert: Mapping[str, Any]) -> str:
    """Name the vessel that an alert is about; hostile until escaped."""
    subject = alert["subject"]
    if not subject["mmsi"]:
        return str(subject["name"] or "no single vessel")
    number = f"MMSI {subject['mmsi']}" if subject["domain"] == "sea" else f"{subject['mmsi']:06x}"
    return f"{subject['name']} ({number})" if subject["name"] else number


def value_text(value: float | None, unit: str, *, sign: bool = False) -> str:
    """Write a number with its unit.

    Example:
        >>> value_text(1.85, "kn", sign=True), value_text(None, "m"), value_text(98.0, "min")
        ('+1.85 kn', 'unknown', '98 min')
    """
    if value is None:
        return "unknown"
    form = ",.0f" if abs(value) >= 1000 else ".4g"
    return f"{value:{'+' if sign else ''}{form}} {unit}"


def points_ahead(alert: Mapping[str, Any]) -> list[MapPoint]:
    """Give the places where the assets ahead would be met, numbered from the nearest."""
    return [
        MapPoint(n["lon"], n["lat"], str(k))
        for k, n in enumerate(alert["next_assets"], 1)
        if n["lon"] is not None and n["lat"] is not None
    ]


def alert_map(
    alert: Mapping[str, Any],
    fixes: Fixes,
    assets: Sequence[MapAsset] = (),
    land: Any = None,  # noqa: ANN401 - shapely is untyped
    size: tuple[float, float] = SIZE,
    at: tuple[float, float] | None = None,
) -> str:
    """Draw where the alert was, with the vessel's track; nothing where its place is not known.

    Args:
        alert: one version.
        fixes: of its vessel, one a report, in order of time.
        assets, land, size, at: as in `track_map`.
    """
    if alert["lon"] is None or alert["lat"] is None:
        return ""
    return track_map(
        fixes.t_ms, fixes.lon_deg, fixes.lat_deg, (alert["lon"], alert["lat"]), assets=assets,
        ahead=points_ahead(alert), land=land, size=size, at=at,
    )  # fmt: skip


def moments(alert: Mapping[str, Any]) -> list[Moment]:
    """Give the moments of an alert that a chart marks."""
    marked = (("t_start", "began"), ("t_detected", "detected"), ("t_end", "ended"))
    return [Moment(parse_iso(alert[field]), text) for field, text in marked if alert[field]]


def alert_chart(
    alert: Mapping[str, Any],
    fixes: Fixes,
    span_ms: tuple[int, int],
    width: float = WIDTH,
    heights: tuple[float, float] = HEIGHTS,
    at: tuple[float, float] | None = None,
) -> str:
    """Draw how the vessel moved, under the alert's own thresholds; nothing without fixes.

    Args:
        alert: one version.
        fixes: as in `alert_map`.
        span_ms: what the alert rests on, shaded.
        width, heights, at: as in `track_chart`.
    """
    return track_chart(
        fixes.t_ms, fixes.sog_kn, fixes.cog_deg, fixes.heading_deg, limits=speed_limits(alert),
        moments=moments(alert), span_ms=span_ms, width=width, heights=heights, at=at,
    )  # fmt: skip


def speed_limits(alert: Mapping[str, Any]) -> list[Limit]:
    """Choose the thresholds that can be drawn over the speed, from the alert's own tests.

    Example:
        >>> why = [{"feature": "mean speed over ground", "unit": "kn", "value": 1, "threshold": 3}]
        >>> speed_limits({"why": why})
        [Limit(value_kn=3.0, text='limit of mean speed over ground: 3 kn')]
    """
    out, own = [], None
    lane = (alert.get("context") or {}).get("lane") or {}
    for test in alert["why"]:
        feature, limit = test["feature"], test["threshold"]
        if feature == OWN_SPEED and test["value"] is not None:
            own = float(test["value"])
            out.append(Limit(own, f"own speed before: {own:.1f} kn"))
        elif test["unit"] == "kn" and limit is not None:
            if any(word in feature for word in SPEED_LEVELS):
                out.append(Limit(float(limit), f"limit of {feature}: {limit:g} kn"))
        elif feature == OWN_SHARE and own is not None and limit is not None:
            out.append(Limit(own * limit, f"{100 * limit:.0f} % of it: {own * limit:.1f} kn"))
        elif feature == LANE_SHARE and lane.get("median_kn") and limit is not None:
            kn = float(lane["median_kn"])
            out.append(Limit(kn, f"others of its lane: {kn:.1f} kn"))
            out.append(Limit(kn * limit, f"{100 * limit:.0f} % of them: {kn * limit:.1f} kn"))
    return out
