"""Who is at sea: ships drawn by kind, with their voyages, berths, grounds and works."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from sargas.exercise.sea.build import Builder
from sargas.exercise.sea.lanes import Place, load_lanes, resampled, rounded, vertices
from sargas.exercise.sea.sail import ANCHOR, AWAY, CHANGE, MOOR, ORDER, SAIL, WORK
from sargas.exercise.sea.settings import SeaSettings
from sargas.model.assets import chains
from sargas.model.geodesy import KN_MS, metres_per_degree
from sargas.reference import shipped_assets, shipped_geography

KINDS = (
    "merchant", "ferry", "fast_ferry", "trawler", "tow", "dredger", "cable_layer", "pilot",
    "small_craft", "anchored", "moored",
)  # fmt: skip
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
FERRIES = (
    ("helsinki", "tallinn"), ("trelleborg", "rostock"), ("trelleborg", "swinoujscie"),
    ("ystad", "swinoujscie"), ("ystad", "roenne"), ("karlskrona", "gdynia"),
    ("ventspils", "nynashamn"), ("stockholm", "mariehamn"), ("gothenburg", "frederikshavn"),
    ("nynashamn", "visby"), ("helsinki", "muuga"), ("hanko", "rostock"), ("trelleborg", "luebeck"),
)  # fmt: skip
FAST_FERRIES = (("helsinki", "tallinn"), ("ystad", "roenne"))
GROUNDS = (
    (15.3, 54.75, 16.8, 55.3), (17.3, 55.1, 18.4, 55.9), (18.9, 55.2, 20.2, 56.2),
    (17.9, 56.3, 18.4, 56.8), (11.3, 56.9, 11.9, 57.5), (20.3, 57.8, 21.0, 58.6),
    (18.5, 61.2, 20.3, 62.4), (14.9, 55.55, 16.2, 55.85), (21.9, 57.6, 23.3, 57.9),
)  # fmt: skip
"""Boxes (west, south, east, north) in which trawlers work; chosen from where the Baltic is
fished: sprat and herring grounds of the Baltic proper, the Kattegat, the Bothnian Sea, Riga."""
PORT_STAY_MIN = (300.0, 2400.0)
REACH_MIN = 60.0 * 200


@cache
def drawn_from() -> dict[str, Any]:
    """Read the numbers derived from real samples."""
    file = resources.files("sargas.exercise").joinpath("data").joinpath("traffic.toml")
    return tomllib.loads(file.read_text("utf-8"))


def by_quantiles(rng: np.random.Generator, values: list[float]) -> float:
    """Draw from a distribution known by its quantiles, no further out than the outermost."""
    return float(np.interp(rng.uniform(0.03, 0.97), SHARES, values))


class Harbourmaster:
    """Draws the ships of one play, kind by kind.

    Args:
        settings: of the sea. seed: of the play. start_s: first second, UTC.
        hours: how long it lasts.
    """

    def __init__(self, settings: SeaSettings, seed: int, start_s: int, hours: float) -> None:
        self.settings, self.start_s, self.hours = settings, start_s, hours
        self.rng = np.random.default_rng((seed, 3))
        # The lanes are the suite's, whatever the play.
        lane_seed = int(np.frombuffer(settings.name.encode().ljust(4)[:4], "<u4")[0])
        lanes = load_lanes(lane_seed, settings.lane_shift_m, settings.lane_preference)
        self.builder = Builder(lanes, settings.side_m, settings.side_spread_m, seed)
        self.progress: list[float] = []
        self._pairs = self._weigh_pairs(lanes.ports)
        self._lines = self._lines_offshore()

    def _weigh_pairs(self, ports: tuple[Place, ...]) -> tuple[list[tuple[Place, Place]], Any]:
        """List the pairs of ports with their chances: by both weights, fewer for far ones."""
        pairs, chances = [], []
        for a in ports:
            for b in ports:
                if a is b or {a.name, b.name} == {"skaw", "frederikshavn"}:
                    continue
                kx, ky = metres_per_degree(0.5 * (a.lat + b.lat))
                far = math.hypot((a.lon - b.lon) * kx, (a.lat - b.lat) * ky)
                if far > 60_000.0:
                    pairs.append((a, b))
                    chances.append(a.weight * b.weight * math.exp(-far / 900_000.0))
        share = np.array(chances)
        return pairs, share / share.sum()

    def _lines_offshore(self) -> list[tuple[float, float]]:
        """List places on cables and pipelines, 3 to 20 km off land and not deep."""
        geography = shipped_geography()
        out = []
        assets = shipped_assets()
        for asset in (assets[i] for i in range(len(assets))):
            if "cable" not in asset.kind and "pipeline" not in asset.kind:
                continue
            for chain in chains(asset.geometry):
                for lon, lat in resampled(np.asarray(chain)[:, :2], 4000.0):
                    off, depth = geography.land_distance.at(lon, lat), geography.depth.at(lon, lat)
                    if 3000.0 < off < 20_000.0 and depth > -90.0:
                        out.append((float(lon), float(lat)))
        return out

    def ship(
        self, kind: str, drawn: str, ship_type: int, length_m: float | None = None
    ) -> tuple[int, float]:
        """Add a ship with size, noise and manners drawn; gives (its number, speed in knots)."""
        rng, s = self.rng, self.settings
        numbers = drawn_from()["kind"][drawn]
        length = by_quantiles(rng, numbers["length_m"]) if length_m is None else length_m
        poor = rng.uniform() < s.poor_autopilot
        hunt = rng.uniform(s.hunt_deg[1], s.poor_hunt_deg) if poor else rng.uniform(*s.hunt_deg)
        small = kind in ("small_craft", "trawler")
        k = self.builder.add_ship(
            mmsi=s.first_mmsi + len(self.progress), seed=int(rng.integers(1, 2**31)),
            class_b=small and rng.uniform() < s.class_b, ship_type=ship_type,
            length_m=round(length), beam_m=round(length * by_quantiles(rng, numbers["beam_share"])),
            draught_dm=min(255, round(10.0 * (1.0 + 0.05 * length))), kind=KINDS.index(kind),
            sog_sd_kn=rng.uniform(*s.sog_noise_kn), sog_tau_min=rng.uniform(*s.sog_tau_min),
            cog_sd_deg=rng.uniform(*s.cog_noise_deg), hunt_deg=hunt * math.sqrt(2.0),
            hunt_s=rng.uniform(*s.hunt_period_s), leeway_deg=rng.uniform(-1, 1) * s.leeway_deg,
            no_heading=rng.uniform() < s.no_heading, no_speed=rng.uniform() < s.no_speed,
            every_s=s.every_s, loss=rng.uniform(0.0, s.ship_loss),
            berth_e_m=rng.uniform(-200, 200), berth_n_m=rng.uniform(-200, 200),
            next_ms=self.start_s * 1000 + 1000 * int(rng.integers(0, 180)),
            phase1=rng.uniform(0.0, 2.0 * math.pi),
        )  # fmt: skip
        classes = [n for n in numbers if n.startswith("speed_from_")]
        reached = [n for n in classes if int(n[11:-4]) <= length]
        speed = by_quantiles(rng, numbers[reached[-1] if reached else "speed_kn"])
        return k, speed * s.speed_factor

    def merchants(self, count: int) -> None:
        """Add cargo ships and tankers on their voyages; some sail in convoy."""
        rng, s = self.rng, self.settings
        leader: tuple[tuple[Place, Place], int, float, float, float] | None = None
        for _ in range(count):
            tanker = rng.uniform() < 0.25
            _, speed = self.ship("merchant", "tanker" if tanker else "cargo", 80 if tanker else 70)
            speed = max(7.0, speed)
            pair = self._pairs[0][int(rng.choice(len(self._pairs[0]), p=self._pairs[1]))]
            track, stay, done = int(rng.integers(0, 5)), rng.uniform(*PORT_STAY_MIN), rng.uniform()
            minute = done * (self._sea_minutes(pair, track, speed) + stay)
            if leader is not None and rng.uniform() < s.convoys:
                pair, track, speed, stay, minute = leader
                minute = max(0.0, minute - rng.uniform(4.0, 10.0))
            leader = (pair, track, speed, stay, minute)
            self._voyages(*leader)

    def _sea_minutes(self, pair: tuple[Place, Place], track: int, speed_kn: float) -> float:
        """Give how long a voyage takes."""
        way = self.builder.way(pair[0].name, pair[1].name, track)
        return self.builder.length_m(way) / (speed_kn * KN_MS) / 60.0

    def _voyages(
        self,
        pair: tuple[Place, Place],
        track: int,
        speed_kn: float,
        stay_min: float,
        minute: float,
    ) -> None:
        """Give a ship its voyage and the stay after it, back and forth, from a point in time on.

        Args:
            pair: from where to where. track: beside which others.
            minute: of voyage and stay, so much is over at the start.
        """
        builder = self.builder
        there = builder.way(pair[0].name, pair[1].name, track)
        back = builder.way(pair[1].name, pair[0].name, track)
        sea_min = self._sea_minutes(pair, track, speed_kn)
        legs = [(there, *pair), (back, *pair[::-1])] * 4
        if minute < sea_min:
            self.progress.append(builder.length_m(there) * minute / sea_min)
            self._slow_for_eta(sea_min - minute)
            self._sail(legs[0], speed_kn)
            self._stay(legs[0][2], stay_min)
        else:
            self._stay(pair[1], stay_min)
            self.progress.append(minute - sea_min)
            self._berthed(pair[1])
        for leg in legs[1:]:
            self._sail(leg, speed_kn)
            self._stay(leg[2], stay_min)

    def _sail(self, leg: tuple[tuple[int, int], Place, Place], speed_kn: float) -> None:
        """Add a leg to the ship added last."""
        way, start, end = leg
        self.builder.add_stint(
            SAIL, way=way, speed_kn=speed_kn, from_gate=start.is_gate, to_gate=end.is_gate
        )

    def _stay(self, place: Place, minutes: float) -> None:
        """Add a stay in port, or out of reach beyond a gate."""
        does = AWAY if place.is_gate else MOOR
        self.builder.add_stint(does, minutes=minutes, at=(place.lon, place.lat), status=5)

    def _berthed(self, place: Place) -> None:
        """Let the ship added last lie at its berth from the start."""
        row = self.builder.last_ship
        if not place.is_gate:
            row["e1_m"], row["n1_m"] = row["berth_e_m"], row["berth_n_m"]

    def _slow_for_eta(self, rest_min: float) -> None:
        """Let some ships slow down, bit by bit, hours before they arrive."""
        rng, s = self.rng, self.settings
        if rng.uniform() >= s.slow_for_eta:
            return
        before = rng.uniform(*s.eta_hours) * 60.0
        order = np.zeros(1, ORDER)
        order["does"], order["loss"] = CHANGE, rng.uniform(*s.eta_loss)
        order["t0_s"] = self.start_s + round(60.0 * (rest_min - before))
        order["ramp_s"], order["back_s"] = rng.uniform(1200.0, 3600.0), 600.0
        order["t1_s"] = self.start_s + round(60.0 * (rest_min + 120.0))
        self.builder.add_order(order)

    def shuttles(
        self,
        kind: str,
        count: int,
        routes: tuple[tuple[str, str], ...],
        speed_kn: tuple[float, float],
    ) -> None:
        """Add ferries that go back and forth all day."""
        rng = self.rng
        places = {p.name: p for p in self.builder.lanes.ports}
        for i in range(count):
            a, b = (places[n] for n in routes[i % len(routes)])
            fast = kind == "fast_ferry"
            self.ship(kind, "passenger", 60, rng.uniform(40, 90) if fast else rng.uniform(120, 218))
            speed = rng.uniform(*speed_kn)
            track = int(rng.integers(0, 5))
            there = self.builder.way(a.name, b.name, track)
            back = self.builder.way(b.name, a.name, track)
            self.progress.append(float(rng.uniform(0.0, 0.95)) * self.builder.length_m(there))
            stay = rng.uniform(40.0, 150.0)
            for _ in range(int(self.hours / 2.0) + 3):
                for leg in ((there, a, b), (back, b, a)):
                    self._sail(leg, speed)
                    self.builder.add_stint(
                        MOOR, minutes=stay, at=(leg[2].lon, leg[2].lat), status=5
                    )

    def trawlers(self, count: int) -> None:
        """Add trawlers at work on their grounds: hauls of hours, short runs between."""
        for _ in range(count):
            self.ship("trawler", "fishing", 30)
            west, south, east, north = GROUNDS[int(self.rng.integers(0, len(GROUNDS)))]
            at = self._water(west, south, east, north, 8000.0)
            haul, phase = self.rng.uniform(2.8, 4.2), self.rng.uniform(0, 150)
            self.progress.append(phase)
            for _ in range(int(self.hours / 3.0) + 2):
                self._work(haul, 180.0, at, 6000.0, status=7)
                self._work(self.rng.uniform(7.0, 9.0), 30.0, at, 6000.0, status=7)

    def _work(
        self, speed_kn: float, minutes: float, at: tuple[float, float], radius_m: float, *,
        status: int = 0,
    ) -> None:  # fmt: skip
        """Add work about a place to the ship added last."""
        self.builder.add_stint(
            WORK, minutes=minutes, speed_kn=speed_kn, at=at, radius_m=radius_m, status=status
        )

    def _water(
        self, west: float, south: float, east: float, north: float, off_m: float
    ) -> tuple[float, float]:
        """Draw a place in a box that is far enough from land."""
        land = shipped_geography().land_distance
        for _ in range(2000):
            lon, lat = self.rng.uniform(west, east), self.rng.uniform(south, north)
            if land.at(lon, lat) > off_m:
                return float(lon), float(lat)
        raise ValueError(f"The box {west}, {south}, {east}, {north} holds no open water.")

    def works(self, kind: str, count: int) -> None:
        """Add dredgers about an asset, or cable layers along one: slow, for hours."""
        for _ in range(count):
            at = self._lines[int(self.rng.integers(0, len(self._lines)))]
            length = self.rng.uniform(90, 150) if kind == "cable_layer" else None
            self.ship(kind, "dredger", 33, length)
            self.progress.append(0.0)
            radius = 400.0 if kind == "cable_layer" else 1200.0
            speed = (
                self.rng.uniform(0.4, 1.2) if kind == "cable_layer" else self.rng.uniform(1, 2.6)
            )
            self._work(speed, REACH_MIN, at, radius, status=3)

    def tows(self, count: int) -> None:
        """Add tugs with a tow, slow all the way."""
        for _ in range(count):
            self.ship("tow", "tug", 31)
            pair = self._pairs[0][int(self.rng.choice(len(self._pairs[0]), p=self._pairs[1]))]
            speed = self.rng.uniform(4.0, 6.5)
            done = self.rng.uniform(0.0, 0.8) * self._sea_minutes(pair, 0, speed)
            self._voyages(pair, 0, speed, 600.0, done)

    def pilots(self, count: int) -> None:
        """Add pilot boats between a port and the head of its lane."""
        ports = [p for p in self.builder.lanes.ports if not p.is_gate]
        for i in range(count):
            port = ports[i % len(ports)]
            self.ship("pilot", "pilot", 50)
            points = self.builder.lanes.legs[port.name][0][2]
            dense = resampled(points, 500.0)[:24]
            out = self.builder.add_way(vertices(rounded(dense, 300.0)))
            home = self.builder.add_way(vertices(rounded(dense[::-1].copy(), 300.0)))
            self.progress.append(float(self.rng.uniform(0, 90)))
            speed = self.rng.uniform(12, 20)
            for _ in range(int(self.hours / 2.0) + 2):
                self.builder.add_stint(
                    MOOR, minutes=self.rng.uniform(60, 180), at=(port.lon, port.lat), status=5
                )
                self.builder.add_stint(SAIL, way=out, speed_kn=speed)
                self.builder.add_stint(SAIL, way=home, speed_kn=speed)

    def small_craft(self, count: int) -> None:
        """Add small craft near the coast, most of them class B, most of them lying."""
        land = shipped_geography().land_distance
        ports = [p for p in self.builder.lanes.ports if not p.is_gate]
        for _ in range(count):
            port = ports[int(self.rng.integers(0, len(ports)))]
            at = self._beside(port, 6000.0, 500.0)
            self.ship("small_craft", "fishing", 37, self.rng.uniform(8, 20))
            self.builder.last_ship["berth_e_m"] = self.builder.last_ship["berth_n_m"] = 0.0
            self.progress.append(0.0)
            if self.rng.uniform() < 0.3 and land.at(*at) > 2500.0:
                self._work(self.rng.uniform(4, 8), REACH_MIN, at, 1200.0)
            else:
                self.builder.add_stint(MOOR, minutes=REACH_MIN, at=at, status=5)

    def _beside(self, port: Place, within_m: float, off_m: float) -> tuple[float, float]:
        """Draw a place in the water beside a port; the port's own where there is none."""
        land = shipped_geography().land_distance
        kx, ky = metres_per_degree(port.lat)
        for _ in range(60):
            lon = port.lon + self.rng.uniform(-1, 1) * within_m / kx
            lat = port.lat + self.rng.uniform(-1, 1) * within_m / ky
            if land.at(lon, lat) > off_m:
                return float(lon), float(lat)
        return port.lon, port.lat

    def lying(self, kind: str, count: int) -> None:
        """Add ships at anchor, some of them near a cable or pipeline, or in port for good."""
        ports = [p for p in self.builder.lanes.ports if not p.is_gate]
        weight = np.array([p.weight for p in ports])
        for _ in range(count):
            port = ports[int(self.rng.choice(len(ports), p=weight / weight.sum()))]
            drawn, ship_type = ("tanker", 80) if self.rng.uniform() < 0.4 else ("cargo", 70)
            if kind == "moored" and self.rng.uniform() < 0.5:
                drawn, ship_type = "tug", 52
            self.ship(kind, drawn, ship_type)
            self.progress.append(0.0)
            if kind == "moored":
                at = self._beside(port, 1500.0, 60.0)
                self.builder.last_ship["berth_e_m"] = self.builder.last_ship["berth_n_m"] = 0.0
                self.builder.add_stint(MOOR, minutes=REACH_MIN, at=at, status=5)
                continue
            at = self._beside(port, 9000.0, 2000.0)
            if self.rng.uniform() < self.settings.anchored_near_asset:
                lon, lat = self._lines[int(self.rng.integers(0, len(self._lines)))]
                at = (lon + self.rng.normal(0, 0.008), lat + self.rng.normal(0, 0.004))
            self.builder.add_stint(
                ANCHOR, minutes=REACH_MIN, at=at, radius_m=self.rng.uniform(80, 250), status=1
            )


def draw_fleet(settings: SeaSettings, seed: int, start_s: int, hours: float) -> Harbourmaster:
    """Draw all ships of a play."""
    master = Harbourmaster(settings, seed, start_s, hours)
    shares, vessels = settings.shares, settings.vessels
    steps: list[tuple[str, Callable[[int], None]]] = [
        ("merchant", master.merchants),
        ("ferry", lambda n: master.shuttles("ferry", n, FERRIES, (15.0, 22.0))),
        ("fast_ferry", lambda n: master.shuttles("fast_ferry", n, FAST_FERRIES, (26.0, 34.0))),
        ("trawler", master.trawlers),
        ("tow", master.tows),
        ("dredger", lambda n: master.works("dredger", n)),
        ("cable_layer", lambda n: master.works("cable_layer", n)),
        ("pilot", master.pilots),
        ("small_craft", master.small_craft),
        ("anchored", lambda n: master.lying("anchored", n)),
    ]
    for kind, add in steps:
        add(shares.count(kind, vessels))
    master.lying("moored", max(0, vessels - len(master.progress)))
    return master
