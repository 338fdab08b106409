"""How simulated ships move: one step a minute, and where they are within it.

Position, speed and course come from one motion, so that what a ship reports is what it does:
within a minute speed changes evenly and the way is its integral. On its way a ship keeps to a
polyline (see `lanes.py`); its own speed wanders as an Ornstein-Uhlenbeck process, its course
hunts about the way. Orders change speed, hunting and pull between two times: a drag is an order.

A ship's own displacement from its way (`east_m`, `north_m`) carries what does not follow lanes:
drift without an engine, and the last metres to a berth.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.sea.chance import normal, uniform
from sargas.model.geodesy import DEG, KN_MS, metres_per_degree, wrapped
from sargas.model.jit import inlined, kernel

SAIL, MOOR, ANCHOR, WORK, AWAY = range(5)
"""What a ship does in a stint: follow a way, lie, swing, work about a place, be out of reach."""

CHANGE, DRAG, ENGINE, SILENT = range(4)
"""Kinds of order. All but `SILENT` take away speed; `ENGINE` lets the ship drift."""

WEATHER, JAM, OUTAGE, FREEZE = range(4)
"""Kinds of area: slow everyone, disturb positions, hear nothing, repeat what was heard."""

SHIP = np.dtype(
    [
        ("mmsi", "i8"), ("seed", "i8"), ("class_b", "?"), ("ship_type", "i4"), ("length_m", "i4"),
        ("beam_m", "i4"), ("draught_dm", "i4"), ("kind", "i4"),
        ("sog_sd_kn", "f8"), ("sog_tau_min", "f8"), ("cog_sd_deg", "f8"), ("hunt_deg", "f8"),
        ("hunt_s", "f8"), ("leeway_deg", "f8"), ("no_heading", "?"), ("no_speed", "?"),
        ("every_s", "f8"), ("loss", "f8"), ("berth_e_m", "f8"), ("berth_n_m", "f8"),
        ("stint_at", "i4"), ("stints", "i4"), ("order_at", "i4"), ("orders", "i4"),
        # from here on: what changes
        ("stint", "i4"), ("left_min", "f8"), ("hint", "i4"), ("wander", "f8"),
        ("way0_m", "f8"), ("v0_ms", "f8"), ("v1_ms", "f8"), ("phase0", "f8"), ("phase1", "f8"),
        ("amp0_deg", "f8"), ("amp1_deg", "f8"), ("pull0_deg", "f8"), ("pull1_deg", "f8"),
        ("e0_m", "f8"), ("n0_m", "f8"), ("e1_m", "f8"), ("n1_m", "f8"), ("lon", "f8"),
        ("lat", "f8"), ("course0_deg", "f8"), ("course1_deg", "f8"), ("swung_deg", "f8"),
        ("silent", "?"), ("adrift", "?"), ("next_ms", "i8"), ("under_way_min", "f8"),
        ("held_lon", "i4"), ("held_lat", "i4"), ("held_sog", "i4"), ("held_cog", "i4"),
        ("held_heading", "i4"),
    ]
)  # fmt: skip
"""A ship: who it is, how it reports, its stints and orders, and its motion in this minute."""

STINT = np.dtype(
    [
        ("does", "i4"), ("first", "i4"), ("last", "i4"), ("speed_kn", "f8"), ("minutes", "f8"),
        ("lon", "f8"), ("lat", "f8"), ("radius_m", "f8"), ("from_gate", "?"), ("to_gate", "?"),
        ("status", "i4"),
    ]
)  # fmt: skip
"""A stretch of a ship's time. `first` and `last` are vertices of its way."""

ORDER = np.dtype(
    [
        ("does", "i4"), ("t0_s", "i8"), ("ramp_s", "f8"), ("t1_s", "i8"), ("back_s", "f8"),
        ("loss", "f8"), ("pull_deg", "f8"), ("hunt_deg", "f8"), ("hunt_s", "f8"),
        ("drift_kn", "f8"), ("drift_deg", "f8"),
    ]
)  # fmt: skip
"""A change of a ship's motion: it begins at `t0_s`, is full after `ramp_s`, ends at `t1_s`."""

AREA = np.dtype(
    [
        ("does", "i4"), ("lon", "f8"), ("lat", "f8"), ("radius_m", "f8"), ("t0_s", "i8"),
        ("t1_s", "i8"), ("ramp_s", "f8"), ("value", "f8"), ("seed", "i8"),
    ]
)  # fmt: skip
"""Something that happens to a part of the sea for a time."""

UNDER_WAY_KN = 3.0
APPROACH_KN, APPROACH_KN_PER_M = 3.0, 0.0008
"""A ship near its berth keeps below this speed: 11 knots at 10 km."""
HOME_MS = 0.3
"""How fast a ship returns to its way, or moves to its place in port."""


@kernel
def place_at(
    ways: NDArray[np.void], first: int, last: int, hint: int, way_m: float
) -> tuple[float, float, float, int]:
    """Find a place on a way.

    Args:
        ways: (n,) `VERTEX` of all ways. first, last: the vertices of this one.
        hint: a vertex near the place. way_m: metres from the start.

    Returns:
        (degrees east, degrees north, course in degrees, the vertex before the place).
    """
    k = min(max(hint, first), last - 1)
    while k < last - 1 and ways[k + 1]["way_m"] <= way_m:
        k += 1
    while k > first and ways[k]["way_m"] > way_m:
        k -= 1
    a, b = ways[k]["way_m"], ways[k + 1]["way_m"]
    u = min(1.0, max(0.0, (way_m - a) / (b - a)))
    turn = wrapped(ways[k + 1]["course_deg"] - ways[k]["course_deg"])
    return (
        ways[k]["lon"] + u * (ways[k + 1]["lon"] - ways[k]["lon"]),
        ways[k]["lat"] + u * (ways[k + 1]["lat"] - ways[k]["lat"]),
        (ways[k]["course_deg"] + u * turn) % 360.0,
        k,
    )


@inlined
def weight_of(order: np.void, t_s: int) -> float:
    """Give how much of an order is in force, 0 to 1."""
    if t_s <= order["t0_s"]:
        return 0.0
    rising = (t_s - order["t0_s"]) / max(order["ramp_s"], 1.0)
    falling = 1.0 - (t_s - order["t1_s"]) / max(order["back_s"], 1.0)
    return float(min(1.0, rising, max(0.0, falling)))


@kernel
def area_weight(area: np.void, lon: float, lat: float, t_s: int) -> float:
    """Give how much of an area's doing is felt at a place and time, 0 to 1."""
    if not area["t0_s"] <= t_s < area["t1_s"]:
        return 0.0
    kx, ky = metres_per_degree(area["lat"])
    away = math.hypot((lon - area["lon"]) * kx, (lat - area["lat"]) * ky) / area["radius_m"]
    edge = min(1.0, max(0.0, (1.0 - away) / 0.4))
    ramp = max(area["ramp_s"], 1.0)
    since, until = (t_s - area["t0_s"] + 1) / ramp, (area["t1_s"] - t_s) / ramp
    return float(min(edge, 1.0, since, until))


@inlined
def weather_share(ship: np.void, areas: NDArray[np.void], t_s: int) -> float:
    """Give the share of speed that weather leaves to a ship; small ones lose more."""
    share = 1.0
    for a in range(areas.shape[0]):
        if areas[a]["does"] == WEATHER:
            w = area_weight(areas[a], ship["lon"], ship["lat"], t_s)
            small = min(2.0, max(0.6, 1.8 - ship["length_m"] / 150.0))
            share -= areas[a]["value"] * small * w
    return max(0.4, share)


@inlined
def obey(ship: np.void, orders: NDArray[np.void], t_s: int) -> float:
    """Put a ship's orders in force at the end of a minute; gives the share of speed left."""
    share, pull, amp, period = 1.0, 0.0, ship["hunt_deg"], ship["hunt_s"]
    ship["silent"] = False
    ship["adrift"] = False
    target_e, target_n, pace = 0.0, 0.0, HOME_MS
    for k in range(ship["order_at"], ship["order_at"] + ship["orders"]):
        does = orders[k]["does"]
        if does == SILENT:
            begun_s = t_s - 60
            is_silent = orders[k]["t0_s"] <= begun_s < orders[k]["t1_s"]
            ship["silent"] = ship["silent"] or is_silent
            continue
        w = weight_of(orders[k], t_s)
        if w == 0.0:
            continue
        share *= 1.0 - orders[k]["loss"] * w
        pull += orders[k]["pull_deg"] * w
        if orders[k]["hunt_deg"] > 0.0:
            amp += (orders[k]["hunt_deg"] * math.sqrt(2.0) - amp) * w
            period += (orders[k]["hunt_s"] - period) * w
        if does == ENGINE and w > 0.85:
            ship["adrift"] = True
            pace = orders[k]["drift_kn"] * KN_MS
            angle = orders[k]["drift_deg"] * DEG
            target_e = ship["e0_m"] + 1e4 * math.sin(angle)
            target_n = ship["n0_m"] + 1e4 * math.cos(angle)
    ship["amp1_deg"] = amp
    ship["pull1_deg"] = pull
    # Hunting is no clockwork: its pace wanders by a tenth.
    rate = 2.0 * math.pi * 60.0 / period
    ship["phase1"] = ship["phase0"] + rate * (1.0 + 0.1 * normal(ship["seed"], t_s, 3))
    _displace(ship, target_e, target_n, pace)
    return share


@inlined
def _displace(ship: np.void, target_e: float, target_n: float, pace_ms: float) -> None:
    """Move a ship's displacement towards where it belongs within the minute."""
    off_e, off_n = target_e - ship["e0_m"], target_n - ship["n0_m"]
    far = math.hypot(off_e, off_n)
    go = min(1.0, 60.0 * pace_ms / far) if far > 0.0 else 0.0
    ship["e1_m"] = ship["e0_m"] + go * off_e
    ship["n1_m"] = ship["n0_m"] + go * off_n


@kernel
def begin_stint(
    ship: np.void, stints: NDArray[np.void], ways: NDArray[np.void], number: int
) -> None:
    """Let a ship begin a stint; after the last it lies where it is."""
    ship["stint"] = number
    s = ship["stint_at"] + number
    ship["left_min"] = stints[s]["minutes"]
    ship["way0_m"] = 0.0
    ship["hint"] = stints[s]["first"]
    if stints[s]["does"] == SAIL:
        first = stints[s]["first"]
        ship["lon"], ship["lat"] = ways[first]["lon"], ways[first]["lat"]
        ship["course1_deg"] = ways[first]["course_deg"]
    elif stints[s]["does"] == WORK and number == 0:
        ship["lon"], ship["lat"] = stints[s]["lon"], stints[s]["lat"]
        ship["course1_deg"] = 360.0 * uniform(ship["seed"], number, 40)


@kernel
def step(
    ship: np.void,
    stints: NDArray[np.void],
    ways: NDArray[np.void],
    orders: NDArray[np.void],
    areas: NDArray[np.void],
    t_s: int,
) -> None:
    """Take a ship through the minute that begins at `t_s`.

    Args:
        ship: one `SHIP`, changed in place: its motion in this minute is in the fields `..0`, at
            its start, and `..1`, at its end.
        stints, ways, orders, areas: `STINT`, `VERTEX`, `ORDER`, `AREA` of the whole play.
        t_s: seconds UTC.
    """
    seed, end_s = ship["seed"], t_s + 60
    gone_m = 30.0 * (ship["v0_ms"] + ship["v1_ms"])  # in the minute before this
    ship["way0_m"] += gone_m
    ship["v0_ms"], ship["phase0"] = ship["v1_ms"], ship["phase1"] % (2.0 * math.pi)
    ship["amp0_deg"], ship["pull0_deg"] = ship["amp1_deg"], ship["pull1_deg"]
    ship["e0_m"], ship["n0_m"] = ship["e1_m"], ship["n1_m"]
    ship["course0_deg"] = ship["course1_deg"]
    s = ship["stint_at"] + ship["stint"]
    ship["left_min"] -= 1.0
    over = ship["left_min"] < 0.0
    if stints[s]["does"] == SAIL:
        # A berth is reached when the next minute at the last speed would end beyond it.
        over = ship["way0_m"] + 60.0 * ship["v1_ms"] > ways[stints[s]["last"]]["way_m"]
    if over and ship["stint"] + 1 < ship["stints"]:
        begin_stint(ship, stints, ways, ship["stint"] + 1)
        s += 1
        if stints[s]["does"] != WORK:  # a ship at work does not stop between two works
            gone_m, ship["v0_ms"] = 0.0, 0.0
        if stints[s]["from_gate"]:
            ship["v0_ms"] = stints[s]["speed_kn"] * KN_MS
        ship["course0_deg"] = ship["course1_deg"]
    over = over and ship["stint"] + 1 >= ship["stints"] and stints[s]["does"] == SAIL
    fade = math.exp(-1.0 / ship["sog_tau_min"])
    ship["wander"] = ship["wander"] * fade + ship["sog_sd_kn"] * math.sqrt(
        1.0 - fade * fade
    ) * normal(seed, t_s, 1)
    share = obey(ship, orders, end_s)
    does = stints[s]["does"]
    if does == SAIL and not over:
        _sail(ship, stints[s], ways, share * weather_share(ship, areas, t_s))
    elif does == WORK:
        _work(ship, stints[s], share * weather_share(ship, areas, t_s), gone_m, t_s)
    else:
        ship["v1_ms"] = 0.0
        if does == MOOR:
            _displace(ship, ship["berth_e_m"], ship["berth_n_m"], HOME_MS)
        if does in (MOOR, ANCHOR) and ship["stint"] == 0:
            ship["lon"], ship["lat"] = stints[s]["lon"], stints[s]["lat"]
    swing = 70.0 if ship["adrift"] else 0.0
    ship["swung_deg"] += min(4.0, max(-4.0, swing - ship["swung_deg"]))
    if max(ship["v0_ms"], ship["v1_ms"]) >= UNDER_WAY_KN * KN_MS and does in (SAIL, WORK):
        ship["under_way_min"] += 1.0


@inlined
def _sail(ship: np.void, stint: np.void, ways: NDArray[np.void], share: float) -> None:
    """Go along a way for a minute: gives the speed and course at its end."""
    length_m = ways[stint["last"]]["way_m"]
    speed_kn = stint["speed_kn"] * share + ship["wander"] * min(1.0, 1.5 * share)
    if not stint["to_gate"]:
        rest_m = length_m - ship["way0_m"]
        speed_kn = min(speed_kn, APPROACH_KN + APPROACH_KN_PER_M * rest_m)
    if not stint["from_gate"]:
        speed_kn = min(speed_kn, APPROACH_KN + 2.0 * APPROACH_KN_PER_M * ship["way0_m"])
    if ship["adrift"]:
        speed_kn = 0.0
    # An engine does not push more than a knot and a half a minute.
    most_ms = ship["v0_ms"] + 1.5 * KN_MS
    ship["v1_ms"] = min(most_ms, max(0.0, speed_kn * KN_MS))
    end_m = min(length_m, ship["way0_m"] + 30.0 * (ship["v0_ms"] + ship["v1_ms"]))
    lon, lat, course, hint = place_at(ways, stint["first"], stint["last"], ship["hint"], end_m)
    ship["lon"], ship["lat"], ship["hint"] = lon, lat, hint
    ship["course1_deg"] = course


@inlined
def _work(ship: np.void, stint: np.void, share: float, gone_m: float, t_s: int) -> None:
    """Work about a place: wander, and turn back at the edge of the ground.

    The course is kept for a minute; `lon`, `lat` are where the minute begins.
    """
    kx, ky = metres_per_degree(ship["lat"])
    course = ship["course0_deg"]
    ship["lon"] += gone_m * math.sin(course * DEG) / kx
    ship["lat"] += gone_m * math.cos(course * DEG) / ky
    off_e, off_n = (stint["lon"] - ship["lon"]) * kx, (stint["lat"] - ship["lat"]) * ky
    turn = 4.0 * normal(ship["seed"], t_s, 5)
    if math.hypot(off_e, off_n) > stint["radius_m"]:
        home = math.atan2(off_e, off_n) / DEG % 360.0
        turn += min(15.0, max(-15.0, wrapped(home - course)))
    ship["course0_deg"] = (course + turn) % 360.0
    ship["course1_deg"] = ship["course0_deg"]
    ship["v1_ms"] = max(0.1, stint["speed_kn"] * share + ship["wander"]) * KN_MS
