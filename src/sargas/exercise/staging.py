"""Staging in the simulated sea: drags, gaps, drifts, stops, clones, jamming, on simulated hosts.

The sea is sailed once unheard to see who is where. Hosts are chosen from that by stratum, and get
their orders before the reports are made, so that positions, speeds, intervals and losses all
follow from the changed motion. A play's twin is the same sea with the same hosts and no orders.

Source of the recipe: docs/detectors.md, catalogue section 6 (injection): loss 10-40 %, ramp 2-15
minutes, heading 0-8 degrees to one side, hunting as measured on the Samus Swan (3.4-3.9 degrees,
150 s).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.exercise.sea.build import Sea
from sargas.exercise.sea.fleet import KINDS
from sargas.exercise.sea.hear import HEARD, sail_and_hear
from sargas.exercise.sea.sail import AREA, CHANGE, DRAG, JAM, ORDER, SAIL, SILENT, WEATHER
from sargas.exercise.sea.simulate import Prepared, engine_order
from sargas.exercise.sea.waters import land_m
from sargas.exercise.truth import Staged
from sargas.model.geodesy import KN_MS, metres_per_degree
from sargas.reference import shipped_assets, shipped_geography

LOOK_S = 600
LOSSES = (0.10, 0.15, 0.25, 0.40)
SIZES = ("80-140 m", "140 m and more")
REPORTING = {"10 s": (0.0, None), "60 s": (60.0, None), "60 s, half lost": (60.0, 0.5)}
LANES = ("busy", "quiet")
BUSY_OTHERS, NEAR_M, ALIKE_DEG = 4, 18_520.0, 30.0
MIN_KN, MIN_LENGTH_M, MIN_LAND_M, MAX_DEPTH_M = 7.5, 80, 6000.0, 110.0
BEFORE_S, AFTER_S = 5400, 7200
SUSTAINED_SHARE = 0.70
CLONE_M = 150_000.0


@dataclass(frozen=True)
class Seen:
    """Who was where, every ten minutes of a sea that nothing was staged in.

    Attributes:
        t_s: (m,) seconds UTC.
        ships: (m, k) `SHIP`.
        steady: (m, k) whether a ship may be a host then: a merchant of 80 m or more on its way,
            with nothing happening to it for an hour and a half before and two hours after.
        others: (m, k) how many sail the same way within 10 NM.
        lane_kn: (m, k) the median speed of those; NaN where there are none.
    """

    t_s: NDArray[np.int64]
    ships: NDArray[np.void]
    steady: NDArray[np.bool_]
    others: NDArray[np.int64]
    lane_kn: NDArray[np.float64]


def look(prepared: Prepared) -> Seen:
    """Sail a sea unheard and see who may be a host when."""
    sea, ships = prepared.sea, prepared.sea.ships.copy()
    unheard = np.zeros(0, HEARD)
    times = np.arange(prepared.start_s, prepared.end_s - LOOK_S + 1, LOOK_S)
    rows = []
    for t_s in times:
        sail_and_hear(
            ships, sea.stints, sea.ways, sea.orders, sea.areas, 0, int(t_s), int(t_s) + LOOK_S,
            prepared.seed, 0.0, unheard,
        )  # fmt: skip
        rows.append(ships.copy())
    seen = np.array(rows)
    times = times + LOOK_S
    on_way = _on_way(sea, seen, times)
    others, lane = _neighbours(seen, on_way)
    return Seen(times, seen, _steady(seen, on_way, times), others, lane)


def _on_way(sea: Sea, seen: NDArray[np.void], times: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell who is on its way, in open water within reach of an anchor, and undisturbed: (m, k)."""
    does = sea.stints["does"][seen["stint_at"] + seen["stint"]]
    fast = seen["v1_ms"] >= MIN_KN * KN_MS
    out: NDArray[np.bool_] = (does == SAIL) & fast & (seen["kind"] == KINDS.index("merchant"))
    out &= (seen["length_m"] >= MIN_LENGTH_M) & (sea.ships["orders"] == 0) & ~seen["no_speed"]
    depth = shipped_geography().depth
    for j, t_s in enumerate(times):
        points = np.column_stack([seen["lon"][j], seen["lat"][j]])
        out[j] &= land_m(points) >= MIN_LAND_M
        for k in np.flatnonzero(out[j]):
            out[j, k] &= not -depth.at(*points[k]) > MAX_DEPTH_M
        for area in sea.areas[sea.areas["does"] != WEATHER]:
            if area["t0_s"] - 3600 <= t_s <= area["t1_s"] + 3600:
                kx, ky = metres_per_degree(area["lat"])
                away = np.hypot(*((points - [area["lon"], area["lat"]]) * [kx, ky]).T)
                out[j] &= away > 1.3 * area["radius_m"]
    return out


def _steady(
    seen: NDArray[np.void], on_way: NDArray[np.bool_], times: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell who is on the same way from well before to well after: (m, k)."""
    m = len(times)
    back, on = BEFORE_S // LOOK_S, AFTER_S // LOOK_S
    out = np.zeros_like(on_way)
    for j in range(back, m - on):
        span = slice(j - back, j + on + 1)
        same = (seen["stint"][span] == seen["stint"][j]).all(axis=0)
        out[j] = same & on_way[span].all(axis=0)
    return out


def _neighbours(
    seen: NDArray[np.void], on_way: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count for each ship those sailing the same way nearby, and take their median speed."""
    others = np.zeros(on_way.shape, np.int64)
    lane = np.full(on_way.shape, np.nan)
    for j in range(len(on_way)):
        who = np.flatnonzero(on_way[j])
        row = seen[j][who]
        kx, ky = metres_per_degree(58.0)
        away = np.hypot(
            (row["lon"][:, None] - row["lon"]) * kx, (row["lat"][:, None] - row["lat"]) * ky
        )
        turn = (row["course1_deg"][:, None] - row["course1_deg"] + 180.0) % 360.0 - 180.0
        near = (away <= NEAR_M) & (np.abs(turn) <= ALIKE_DEG) & ~np.eye(len(who), dtype=bool)
        others[j, who] = near.sum(axis=1)
        for i in np.flatnonzero(near.any(axis=1)):
            lane[j, who[i]] = np.median(row["v1_ms"][near[i]]) / KN_MS
    return others, lane


class Stage:
    """Chooses hosts in one sea and lays orders on them; each ship is a host once.

    Args:
        prepared: the sea. seed: of the choice.
    """

    def __init__(self, prepared: Prepared, seed: int) -> None:
        self.prepared = prepared
        self.seen = look(prepared)
        self.rng = np.random.default_rng((seed, 7))
        self.staged: list[Staged] = []
        self._orders: dict[int, list[NDArray[np.void]]] = {}
        self._areas: list[NDArray[np.void]] = []
        self._ships = prepared.sea.ships.copy()
        self._used: set[int] = set()

    def _choose(self, can: NDArray[np.bool_]) -> tuple[int, int] | None:
        """Draw a time and a ship from those that can; None if there are none left."""
        can = can.copy()
        can[:, list(self._used)] = False
        times, who = np.nonzero(can)
        if not len(who):
            return None
        # A ship first, then a time: long voyages are not preferred.
        k = int(self.rng.choice(np.unique(who)))
        self._used.add(k)
        return int(self.rng.choice(times[who == k])), k

    def _tell(
        self, kind: str, j: int, k: int, until_s: int, stratum: dict[str, str], note: str
    ) -> None:
        """Note what was staged; it begins at look `j`, where ship `k` is then."""
        ship = self.seen.ships[j, k]
        until_s = min(until_s, self.prepared.end_s)
        self.staged.append(
            Staged(
                kind, int(ship["mmsi"]), int(self.seen.t_s[j]) * 1000, until_s * 1000,
                float(ship["lon"]), float(ship["lat"]), stratum, note,
            )
        )  # fmt: skip

    def _drag_order(self, loss: float, t0_s: int, ramp_s: float, hunts: float) -> NDArray[np.void]:
        """Draw a drag: pulled to one side, some hunting, for hours."""
        rng = self.rng
        order = np.zeros(1, ORDER)
        order["does"], order["loss"], order["t0_s"], order["ramp_s"] = DRAG, loss, t0_s, ramp_s
        order["t1_s"], order["back_s"] = t0_s + rng.uniform(3.0, 6.0) * 3600.0, 600.0
        order["pull_deg"] = rng.uniform(0.0, 8.0) * rng.choice([-1.0, 1.0])
        if rng.uniform() < hunts:
            order["hunt_deg"], order["hunt_s"] = rng.uniform(3.4, 3.9), rng.uniform(138.0, 160.0)
        return order

    def drags(self, losses: tuple[float, ...], each: int, hunts: float = 0.5) -> None:
        """Stage drag onsets, `each` in every stratum where there is a host.

        Args:
            losses: shares of speed lost. each: how many a stratum.
            hunts: share of drags whose course hunts.
        """
        seen = self.seen
        strata = itertools.product(losses, SIZES, REPORTING, LANES)
        for loss, size, reporting, lane in [s for s in strata for _ in range(each)]:
            large = seen.ships["length_m"] >= 140
            busy = seen.others >= BUSY_OTHERS
            can = seen.steady & (large == (size == SIZES[1])) & (busy == (lane == LANES[0]))
            found = self._choose(can)
            if found is None:
                continue
            j, k = found
            every_s, lost = REPORTING[reporting]
            self._ships["every_s"][k] = every_s
            if lost is not None:
                self._ships["loss"][k] = lost
            ramp_s = self.rng.uniform(120.0, 900.0)
            order = self._drag_order(loss, int(seen.t_s[j]), ramp_s, hunts)
            self._orders[k] = [order]
            hunting = "hunting" if order["hunt_deg"][0] > 0 else "no hunting"
            stratum = {
                "speed_loss": f"{loss:.2f}", "size": size, "reporting": reporting, "lane": lane,
                "hunting": hunting,
            }  # fmt: skip
            note = f"ramp {ramp_s / 60:.0f} min, heading pulled {order['pull_deg'][0]:+.1f} deg"
            self._tell("drag_onset", j, k, int(order["t1_s"][0]), stratum, note)

    def sustained(self, count: int, hunts: float = 0.7) -> None:
        """Stage ships that already drag, 30 % under their lane, when they are first heard."""
        seen, start_s = self.seen, self.prepared.start_s
        slower = SUSTAINED_SHARE * seen.lane_kn * KN_MS / np.maximum(seen.ships["v1_ms"], 0.1)
        early = (seen.t_s <= start_s + 0.4 * (self.prepared.end_s - start_s))[:, None]
        can = seen.steady & early & (seen.others >= BUSY_OTHERS) & (slower < 0.9) & (slower > 0.45)
        for _ in range(count):
            found = self._choose(can)
            if found is None:
                break
            j, k = found
            t_s = int(seen.t_s[j])
            drag = self._drag_order(1.0 - float(slower[j, k]), start_s - 7200, 1.0, hunts)
            drag["t1_s"] = t_s + self.rng.uniform(3.0, 6.0) * 3600.0
            silent = np.zeros(1, ORDER)
            silent["does"], silent["t0_s"], silent["t1_s"] = SILENT, start_s - 7200, t_s
            self._orders[k] = [drag, silent]
            hunting = "hunting" if drag["hunt_deg"][0] > 0 else "no hunting"
            note = f"lane {seen.lane_kn[j, k]:.1f} kn; first heard at the start"
            self._tell("drag_sustained", j, k, int(drag["t1_s"][0]), {"hunting": hunting}, note)

    def gaps(self, count: int) -> None:
        """Stage vessels under way that are not received for hours."""
        for _ in range(count):
            found = self._choose(self.seen.steady)
            if found is None:
                break
            j, k = found
            t_s, lasts_s = int(self.seen.t_s[j]), self.rng.uniform(6000.0, 14_400.0)
            silent = np.zeros(1, ORDER)
            silent["does"], silent["t0_s"], silent["t1_s"] = SILENT, t_s, t_s + lasts_s
            self._orders[k] = [silent]
            self._tell("gap", j, k, int(t_s + lasts_s), {}, f"{lasts_s / 60:.0f} min")

    def drifts(self, count: int) -> None:
        """Stage engine failures: speed is lost within minutes, then the ship drifts."""
        for _ in range(count):
            found = self._choose(self.seen.steady)
            if found is None:
                break
            j, k = found
            order = engine_order(self.rng, int(self.seen.t_s[j]))
            self._orders[k] = [order]
            drift = f"{order['drift_kn'][0]:.1f} kn to {order['drift_deg'][0]:.0f} deg"
            self._tell("drift", j, k, int(order["t1_s"][0]), {}, drift)

    def stops(self, count: int) -> None:
        """Stage ships that stop over a cable or pipeline ahead of them, for an hour or so."""
        assets = shipped_assets()
        every = [assets[i] for i in range(len(assets))]
        lines = [a.geometry for a in every if "cable" in a.kind or "pipe" in a.kind]
        tree = shapely.STRtree(lines)
        tries = 0
        while count > 0 and tries < 400:
            tries += 1
            found = self._choose(self.seen.steady)
            if found is None:
                break
            j, k = found
            crossing = self._crossing_ahead(j, k, tree, lines)
            if crossing is None:
                continue
            after_s, lon, lat = crossing
            ramp_s = self.rng.uniform(300.0, 600.0)
            t0_s = int(self.seen.t_s[j] + after_s - 0.5 * ramp_s)
            order = np.zeros(1, ORDER)
            order["does"], order["loss"], order["t0_s"], order["ramp_s"] = (
                CHANGE,
                0.98,
                t0_s,
                ramp_s,
            )
            order["t1_s"], order["back_s"] = t0_s + self.rng.uniform(3000, 6000), 900.0
            self._orders[k] = [order]
            mmsi = int(self._ships["mmsi"][k])
            end_ms = min(int(order["t1_s"][0]), self.prepared.end_s) * 1000
            self.staged.append(
                Staged("slow_in_corridor", mmsi, t0_s * 1000, end_ms, lon, lat, {}, "stops over it")
            )
            count -= 1

    def _crossing_ahead(
        self, j: int, k: int, tree: shapely.STRtree, lines: list[Any]
    ) -> tuple[float, float, float] | None:
        """Find where a ship's way crosses an asset in 20 to 90 minutes: (seconds, lon, lat)."""
        ship, sea = self.seen.ships[j, k], self.prepared.sea
        stint = sea.stints[ship["stint_at"] + ship["stint"]]
        way = sea.ways[stint["first"] : stint["last"] + 1]
        v = float(ship["v1_ms"])
        part = way[(way["way_m"] > ship["way0_m"]) & (way["way_m"] < ship["way0_m"] + 5400 * v)]
        if len(part) < 2:
            return None
        track = shapely.linestrings(np.column_stack([part["lon"], part["lat"]]))
        for i in tree.query(track, predicate="intersects"):
            met = shapely.get_coordinates(track.intersection(lines[int(i)]))
            if not len(met):
                continue
            lon, lat = float(met[0, 0]), float(met[0, 1])
            share = track.project(shapely.points(lon, lat), normalized=True)
            gone = part["way_m"][0] + share * (part["way_m"][-1] - part["way_m"][0])
            after_s = (gone - float(ship["way0_m"])) / v
            if after_s > 1200.0:
                return after_s, lon, lat
        return None

    def clones(self, count: int) -> None:
        """Stage vessels that send another's MMSI, far away from it."""
        for _ in range(count):
            first = self._choose(self.seen.steady)
            if first is None:
                break
            kx, ky = metres_per_degree(58.0)
            east, north = self.seen.ships["lon"][0] * kx, self.seen.ships["lat"][0] * ky
            away = np.hypot(east - east[first[1]], north - north[first[1]])
            second = self._choose(self.seen.steady & (away > CLONE_M))
            if second is None:
                break
            self._ships["mmsi"][second[1]] = self._ships["mmsi"][first[1]]
            self._tell("identity", 0, first[1], self.prepared.end_s, {}, "two hulls, one MMSI")

    def jams(self, count: int) -> None:
        """Stage areas of disturbed satellite navigation where ships are."""
        for _ in range(count):
            times, who = np.nonzero(self.seen.steady & (self.seen.others >= BUSY_OTHERS))
            if not len(who):
                break
            pick = int(self.rng.integers(0, len(who)))
            ship, t0_s = self.seen.ships[times[pick], who[pick]], int(self.seen.t_s[times[pick]])
            row = np.zeros(1, AREA)
            row["does"], row["lon"], row["lat"], row["t0_s"] = JAM, ship["lon"], ship["lat"], t0_s
            row["t1_s"] = t0_s + self.rng.uniform(1.0, 3.0) * 3600.0
            row["radius_m"], row["value"] = self.rng.uniform(18_000, 40_000), 0.8
            row["ramp_s"], row["seed"] = 1.0, int(self.rng.integers(1, 2**31))
            self._areas.append(row)
            end_ms = min(int(row["t1_s"][0]), self.prepared.end_s) * 1000
            radius = {"radius": f"{row['radius_m'][0] / 1000:.0f} km"}
            lon, lat = float(ship["lon"]), float(ship["lat"])
            self.staged.append(Staged("gnss_area", 0, t0_s * 1000, end_ms, lon, lat, radius))

    def sea(self, with_orders: bool = True) -> Sea:
        """Give the sea with what was staged; or its twin, prepared alike, with nothing done."""
        own = self.prepared.sea
        if not with_orders:
            ships = self._ships.copy()
            ships["mmsi"] = own.ships["mmsi"]
            return Sea(ships, own.stints, own.ways, own.orders, own.areas)
        areas = np.concatenate([own.areas, *self._areas])
        base = Sea(self._ships, own.stints, own.ways, own.orders, areas)
        return base.with_orders(self._orders)
