"""What simulated ships report and what of it is heard: ITU intervals, loss, noise, disturbance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.sea.chance import normal, uniform
from sargas.exercise.sea.sail import (
    ANCHOR,
    AWAY,
    FREEZE,
    JAM,
    MOOR,
    OUTAGE,
    SAIL,
    WORK,
    area_weight,
    place_at,
    step,
)
from sargas.model.fixes import COG_NONE, HEADING_NONE, LAT_NONE, LON_NONE, ROT_NONE, SOG_NONE
from sargas.model.geodesy import DEG, KN_MS, metres_per_degree, wrapped
from sargas.model.jit import inlined, kernel

HEARD = np.dtype(
    [
        ("t_ms", "i8"), ("ship", "i4"), ("lon", "i4"), ("lat", "i4"), ("sog", "u2"), ("cog", "u2"),
        ("heading", "u2"), ("rot", "i1"), ("status", "u1"), ("cell", "i4"),
    ]
)  # fmt: skip
"""A report that was heard, in wire integers, and the cell of the sea it was heard in."""

CELL_LON_DEG, CELL_LAT_DEG = 1.0, 0.5
BURST_MIN = 8
"""Losses come in bursts: in some spells of so many minutes nothing of a ship is heard."""
POSITION_SD_M = 1.5
"""From one report to the next; slower wandering of satellite positions is left out."""
SOG_SD_KN = 0.04
TURNING_DEG_MIN = 8.0
CHAIN_SWAY_S, CHAIN_YAW_S = 18_000.0, 700.0


@inlined
def interval_s(class_b: bool, sog_kn: float, is_lying: bool, is_turning: bool) -> float:
    """Give the reporting interval.

    Source: ITU-R M.1371-5, annex 1, tables 1 and 2; class B is that of "CS" units.
    """
    if class_b:
        return 180.0 if sog_kn <= 2.0 else 30.0
    if is_lying:
        return 180.0 if sog_kn <= 3.0 else 10.0
    if sog_kn <= 14.0:
        return 10.0 / 3.0 if is_turning else 10.0
    if sog_kn <= 23.0:
        return 2.0 if is_turning else 6.0
    return 2.0


@inlined
def cell_of(lon: float, lat: float) -> int:
    """Number the cell of reception that a place lies in."""
    return int(lon // CELL_LON_DEG) * 1000 + int(lat // CELL_LAT_DEG)


@inlined
def is_heard(
    ship: np.void, t_s: int, lon: float, lat: float, sea_seed: int, cell_loss: float
) -> bool:
    """Tell whether receivers hear a report: by ship, by cell, and by spells.

    It is drawn by time, so that of a twin the same is lost.
    """
    place = cell_of(lon, lat)
    # Most cells are heard well, a few badly: the cube of an even draw.
    loss = ship["loss"] + cell_loss * uniform(sea_seed, place, 20) ** 3
    if uniform(ship["seed"], t_s // (60 * BURST_MIN), 21) < 0.3 * loss:
        return False
    return bool(uniform(ship["seed"], t_s, 22) >= loss)


@inlined
def motion_at(
    ship: np.void, stint: np.void, ways: NDArray[np.void], u: float, t_s: float
) -> tuple[float, float, float, float, float]:
    """Give where a ship is within its minute and how it moves there.

    Args:
        ship, stint: as `sail.step` left them. u: share of the minute, 0 to 1.
        t_s: seconds UTC, for what swings by the clock.

    Returns:
        (degrees east, degrees north, speed in knots, course in degrees, heading in degrees).
    """
    drift_e, drift_n = ship["e1_m"] - ship["e0_m"], ship["n1_m"] - ship["n0_m"]
    e, n = ship["e0_m"] + u * drift_e, ship["n0_m"] + u * drift_n
    ve, vn = drift_e / 60.0, drift_n / 60.0
    lon, lat = ship["lon"], ship["lat"]
    heading = 360.0 * uniform(ship["seed"], ship["stint"], 41)
    if stint["does"] == ANCHOR:
        a, b = t_s / CHAIN_SWAY_S, t_s / CHAIN_YAW_S
        p, q = uniform(ship["seed"], 0, 42), uniform(ship["seed"], 0, 43)
        wide, yaw = 2.0 * math.pi * (a + p), 2.0 * math.pi * (b + q)
        angle = heading * DEG + 1.2 * math.sin(wide) + 0.12 * math.sin(yaw)
        turn = (
            2.0
            * math.pi
            * (1.2 * math.cos(wide) / CHAIN_SWAY_S + 0.12 * math.cos(yaw) / CHAIN_YAW_S)
        )
        e += stint["radius_m"] * math.sin(angle)
        n += stint["radius_m"] * math.cos(angle)
        ve += stint["radius_m"] * turn * math.cos(angle)
        vn -= stint["radius_m"] * turn * math.sin(angle)
        heading = (angle / DEG + 180.0 + 20.0 * math.cos(yaw)) % 360.0
    elif stint["does"] in (SAIL, WORK):
        v0, v1 = ship["v0_ms"], ship["v1_ms"]
        v = v0 + u * (v1 - v0)
        way = 60.0 * (v0 * u + 0.5 * (v1 - v0) * u * u)
        course = ship["course0_deg"]
        off, aside = _hunting(ship, u, v)
        if stint["does"] == SAIL:
            lon, lat, course, _ = place_at(
                ways, stint["first"], stint["last"], ship["hint"], ship["way0_m"] + way
            )
        else:
            e += way * math.sin(course * DEG)
            n += way * math.cos(course * DEG)
        e += aside * math.cos(course * DEG)
        n -= aside * math.sin(course * DEG)
        ve += v * math.sin((course + off) * DEG)
        vn += v * math.cos((course + off) * DEG)
        pull = ship["pull0_deg"] + u * (ship["pull1_deg"] - ship["pull0_deg"])
        heading = course + 0.8 * off + ship["leeway_deg"] + pull + ship["swung_deg"]
    kx, ky = metres_per_degree(lat)
    return lon + e / kx, lat + n / ky, math.hypot(ve, vn) / KN_MS, (
        math.atan2(ve, vn) / DEG % 360.0
    ), heading % 360.0  # fmt: skip


@inlined
def _hunting(ship: np.void, u: float, v_ms: float) -> tuple[float, float]:
    """Give how far the course is off its way in degrees, and the place aside of it in metres."""
    phase = ship["phase0"] + u * (ship["phase1"] - ship["phase0"])
    amp = ship["amp0_deg"] + u * (ship["amp1_deg"] - ship["amp0_deg"])
    rate = (ship["phase1"] - ship["phase0"]) / 60.0
    aside = v_ms * amp * DEG / rate * math.sin(phase) if rate > 0.0 else 0.0
    return amp * math.cos(phase), aside


@inlined
def _write(
    out: np.void, ship: np.void, stint: np.void, ways: NDArray[np.void], u: float, t_ms: int
) -> None:
    """Write one report as its transponder would send it."""
    seed, t_s = ship["seed"], t_ms // 1000
    lon, lat, sog, cog, heading = motion_at(ship, stint, ways, u, t_ms / 1000.0)
    kx, ky = metres_per_degree(lat)
    lon += POSITION_SD_M * normal(seed, t_s, 23) / kx
    lat += POSITION_SD_M * normal(seed, t_s, 25) / ky
    sog = max(0.0, sog + SOG_SD_KN * normal(seed, t_s, 27))
    wide = ship["cog_sd_deg"] * max(1.0, 4.0 / max(sog, 0.05))
    cog += min(120.0, wide) * normal(seed, t_s, 29)
    out["t_ms"] = t_ms
    out["lon"], out["lat"] = round(lon * 600_000.0), round(lat * 600_000.0)
    out["sog"] = SOG_NONE if ship["no_speed"] else round(sog * 10.0)
    out["cog"] = round((cog % 360.0) * 10.0) % 3600
    out["heading"] = HEADING_NONE if ship["no_heading"] else round(heading) % 360
    turn = wrapped(ship["course1_deg"] - ship["course0_deg"])
    out["rot"] = ROT_NONE
    if not ship["class_b"]:
        size = min(126.0, 4.733 * math.sqrt(abs(turn)))  # ITU-R M.1371-5, table 48
        out["rot"] = round(size if turn >= 0.0 else -size)
    # Nothing else knows of a failed engine; some officers set the status, some do not.
    lost = ship["adrift"] and uniform(seed, 0, 44) < 0.6
    out["status"] = 15 if ship["class_b"] else (2 if lost else stint["status"])
    out["cell"] = cell_of(lon, lat)


@inlined
def _disturb(out: np.void, ship: np.void, area: np.void, t_ms: int) -> None:
    """Change a report as disturbed satellite navigation does: no position, or a false one."""
    seed, t_s = ship["seed"], t_ms // 1000
    if uniform(seed, area["seed"], 31) < 0.35:
        out["lon"], out["lat"] = LON_NONE, LAT_NONE
        out["sog"], out["cog"] = SOG_NONE, COG_NONE
        return
    if uniform(seed, t_s, 32) < 0.5:
        return  # it comes and goes
    # All are drawn towards one spot, some kilometres from the middle.
    kx, ky = metres_per_degree(area["lat"])
    away, angle = 15_000.0 + 3000.0 * normal(seed, t_s, 33), 6.28 * uniform(area["seed"], 0, 35)
    out["lon"] = round((area["lon"] + away * math.sin(angle) / kx) * 600_000.0)
    out["lat"] = round((area["lat"] + away * math.cos(angle) / ky) * 600_000.0)
    out["sog"] = round(300.0 * uniform(seed, t_s, 36))
    out["cog"] = int(3600.0 * uniform(seed, t_s, 37))


@inlined
def _suffer(out: np.void, ship: np.void, areas: NDArray[np.void], lon: float, lat: float) -> bool:
    """Let areas change a report; gives whether it is heard at all."""
    t_s = out["t_ms"] // 1000
    frozen = False
    for a in range(areas.shape[0]):
        does = areas[a]["does"]
        if does < JAM or area_weight(areas[a], lon, lat, t_s) == 0.0:
            continue
        if does == OUTAGE:
            return False
        if does == JAM and uniform(ship["seed"], areas[a]["seed"], 30) < areas[a]["value"]:
            _disturb(out, ship, areas[a], out["t_ms"])
        frozen = frozen or does == FREEZE
    if frozen and ship["held_sog"] >= 0:
        out["lon"], out["lat"] = ship["held_lon"], ship["held_lat"]
        out["sog"], out["cog"] = ship["held_sog"], ship["held_cog"]
        out["heading"] = ship["held_heading"]
    elif not frozen:
        ship["held_lon"], ship["held_lat"] = out["lon"], out["lat"]
        ship["held_sog"], ship["held_cog"] = out["sog"], out["cog"]
        ship["held_heading"] = out["heading"]
    return True


@kernel
def sail_and_hear(
    ships: NDArray[np.void],
    stints: NDArray[np.void],
    ways: NDArray[np.void],
    orders: NDArray[np.void],
    areas: NDArray[np.void],
    first: int,
    from_s: int,
    until_s: int,
    sea_seed: int,
    cell_loss: float,
    out: NDArray[np.void],
) -> tuple[int, int]:
    """Let ships sail from one minute to another, and write what is heard of them.

    Args:
        ships: `SHIP`, changed in place. stints, ways, orders, areas: see `sail.step`.
        first: the ship to begin with.
        from_s, until_s: seconds UTC, whole minutes.
        sea_seed, cell_loss: the reception of the sea's cells.
        out: `HEARD`; a length of 0 lets them sail unheard.

    Returns:
        (reports written, the ship to go on with: the room may end before the ships do).
    """
    n = 0
    most = out.shape[0]
    for k in range(first, ships.shape[0]):
        room = (until_s - from_s) // 2 + 60
        if most > 0 and n + room > most:
            return n, k
        ship = ships[k]
        for t_s in range(from_s, until_s, 60):
            step(ship, stints, ways, orders, areas, t_s)
            if most > 0:
                n = _hear_minute(k, ship, stints, ways, areas, t_s, sea_seed, cell_loss, out, n)
    return n, ships.shape[0]


@kernel
def _hear_minute(
    k: int,
    ship: np.void,
    stints: NDArray[np.void],
    ways: NDArray[np.void],
    areas: NDArray[np.void],
    t_s: int,
    sea_seed: int,
    cell_loss: float,
    out: NDArray[np.void],
    n: int,
) -> int:
    """Write the reports of one ship in the minute that it has just sailed; gives their number."""
    stint = stints[ship["stint_at"] + ship["stint"]]
    does, end_ms = stint["does"], (t_s + 60) * 1000
    is_lying = does in (MOOR, ANCHOR)
    is_turning = abs(wrapped(ship["course1_deg"] - ship["course0_deg"])) > TURNING_DEG_MIN
    if ship["next_ms"] < t_s * 1000:
        ship["next_ms"] = t_s * 1000
    while ship["next_ms"] < end_ms:
        t_ms = ship["next_ms"]
        u = (t_ms / 1000.0 - t_s) / 60.0
        v_kn = (ship["v0_ms"] + u * (ship["v1_ms"] - ship["v0_ms"])) / KN_MS
        every = max(ship["every_s"], interval_s(ship["class_b"], v_kn, is_lying, is_turning))
        # Slots are found near the nominal time: a little earlier or later (annex 2, 3.3.4).
        jitter = 1.0 if ship["every_s"] > 0.0 else 0.95 + 0.1 * uniform(ship["seed"], t_s, 38)
        ship["next_ms"] = t_ms + int(every * jitter) * 1000
        if does == AWAY or ship["silent"]:
            continue
        lon, lat = ship["lon"], ship["lat"]
        if not is_heard(ship, t_ms // 1000, lon, lat, sea_seed, cell_loss):
            continue
        _write(out[n], ship, stint, ways, u, t_ms)
        if _suffer(out[n], ship, areas, lon, lat):
            out[n]["ship"] = k
            n += 1
    return n
