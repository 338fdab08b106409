"""What a vessel would reach that goes on as it drifts, and what little is known of the vessel."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sargas.model.alerts import NextAsset
from sargas.model.fixes import NAV_STATUS_NONE
from sargas.model.geodesy import KN_MS
from sargas.watch.ahead import Horizon, Speeds, coast_ahead_m, crossed_ahead, named
from sargas.watch.detect.base import Identity, Surroundings
from sargas.watch.detect.phrases import NAV_STATUS

CLASS_B = (18, 19)
"""Message types of class B position reports (ITU-R M.1371-5)."""


@dataclass(frozen=True)
class Reach:
    """What lies on a way, the nearest first.

    Attributes:
        assets: each asset once, those on the way and those a little beside it.
        shore_h, first_h: hours to the shore and to the first asset; `inf` for none within reach.
    """

    assets: tuple[NextAsset, ...]
    shore_h: float
    first_h: float


NOTHING = Reach((), math.inf, math.inf)


def reach_of(
    around: Surroundings,
    lon: float,
    lat: float,
    course_deg: float,
    speed_kn: float,
    hours: float,
    t_ms: int,
) -> Reach:
    """Follow a vessel's way at its speed for some hours, with a line to either side of it.

    Args:
        around: the world. lon, lat: degrees. course_deg: degrees true. speed_kn: knots.
        hours: how far to look. t_ms: time of the position, from which times are counted.

    Returns:
        Nothing where place, course or speed is not known.
    """
    if not speed_kn > 0.0 or math.isnan(lon + lat + course_deg):
        return NOTHING
    rules = around.rules["ahead"]
    metres_an_hour = speed_kn * KN_MS * 3600.0
    horizon = Horizon(rules["reach_km"] * 1000.0, hours, rules["fan_deg"])
    found = crossed_ahead(around, lon, lat, course_deg, speed_kn, horizon)
    found.sort(key=lambda f: (f.distance_m, f.asset))
    shore_m = coast_ahead_m(
        around.ground.land_m, around.ground.land_at, lon, lat, course_deg,
        min(horizon.reach_m, hours * metres_an_hour),
    )  # fmt: skip
    return Reach(
        tuple(named(around, f, Speeds(speed_kn), t_ms) for f in found),
        float(shore_m) / metres_an_hour,
        found[0].distance_m / metres_an_hour if found else math.inf,
    )


def is_small(x: dict[str, float], least_m: float) -> bool:
    """Tell whether a vessel is of class B or known to be short; unknown is not small.

    Args:
        x: features of an event, with `msg_type` and `length_m` (0 unknown). least_m: metres.

    Example:
        >>> is_small({"msg_type": 1.0, "length_m": 0.0}, 50.0)
        False
    """
    return int(x["msg_type"]) in CLASS_B or 0 < x["length_m"] < least_m


def unknowns(who: Identity, nav_status: float) -> list[str]:
    """Say what a vessel has not said about itself, and what it reports itself to be doing."""
    out = []
    status = NAV_STATUS.get(int(nav_status))
    if status:
        out.append(f"reports itself {status}")
    elif int(nav_status) == NAV_STATUS_NONE:
        out.append("navigational status not available")
    if who.ship_type is None:
        out.append("ship type unknown: it may be at work here")
    if who.length_m is None:
        out.append("length unknown: it may be small")
    return out
