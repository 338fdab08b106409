"""A play of the simulated sea: who sails, what happens, and the batches that come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.sea.build import Sea
from sargas.exercise.sea.fleet import KINDS, draw_fleet
from sargas.exercise.sea.hear import HEARD, sail_and_hear
from sargas.exercise.sea.sail import AREA, ENGINE, FREEZE, JAM, ORDER, OUTAGE, SAIL, WEATHER
from sargas.exercise.sea.settings import SeaSettings
from sargas.exercise.truth import Play, Staged
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.geodesy import KN_MS
from sargas.model.time import MINUTE_MS
from sargas.reference import shipped_geography

SPAN_S = 3600
"""An hour of traffic is made at a time."""
ROOM = 400_000
"""Reports made in one go; more ships than fit wait for the next."""
NOTE = "SIMULATED traffic: every number that comes from it is a simulated one."
AREA_KINDS = {JAM: "gnss_area", OUTAGE: "feed_health", FREEZE: "feed_health"}
COPY_LAG_S = 4
FAILING_KN = 5.0
"""Engines fail at sea, not in the last mile before a berth."""
BALTIC = (12.0, 54.3, 29.0, 64.5)
"""West, south, east, north: gales and disturbances have their middle in it."""


@dataclass(frozen=True)
class Prepared:
    """A sea before it sails, and what will happen in it by itself.

    Attributes:
        settings, seed: as given. start_s: first second, UTC. hours: how long.
        sea: its tables. happenings: engine failures, disturbed areas, a feed that fails.
    """

    settings: SeaSettings
    seed: int
    start_s: int
    hours: float
    sea: Sea
    happenings: tuple[Staged, ...]

    @property
    def end_s(self) -> int:
        """The second after the last."""
        return self.start_s + round(self.hours * 3600.0)


def prepare(settings: SeaSettings, seed: int, start_ms: int, hours: float) -> Prepared:
    """Draw a sea: its fleet, its weather, and what goes wrong in it.

    Args:
        settings: of the sea. seed: of all that is drawn.
        start_ms: first moment, a whole minute, ms UTC.
        hours: how long it lasts.
    """
    start_s = start_ms // MINUTE_MS * 60
    master = draw_fleet(settings, seed, start_s, hours)
    rng = np.random.default_rng((seed, 4))
    areas, happenings = _areas(settings, rng, start_s, hours)
    sea = master.builder.finish(areas, master.progress)
    orders, failures = _engine_failures(settings, rng, sea, start_s, hours)
    return Prepared(
        settings, seed, start_s, hours, sea.with_orders(orders), (*happenings, *failures)
    )


def simulate(settings: SeaSettings, seed: int, start_ms: int, hours: float) -> Play:
    """Make a play of clean traffic; what is notable in it comes about by itself.

    The same settings, seed and times give the same batches, byte for byte.

    Args:
        settings: of the sea. seed: of all that is drawn.
        start_ms: first moment, a whole minute, ms UTC.
        hours: how long it lasts.
    """
    prepared = prepare(settings, seed, start_ms, hours)
    return play_of(prepared, f"{settings.name}-{seed}", prepared.sea, prepared.happenings)


def play_of(prepared: Prepared, name: str, sea: Sea, staged: tuple[Staged, ...]) -> Play:
    """Make a play of a sea.

    Args:
        prepared: the sea before anything was staged. name: of the play.
        sea: its tables with what is staged. staged: the truth about it.
    """
    return Play(
        name=name,
        batches=lambda: batches_of(prepared, sea),
        staged=staged,
        under_way_vessel_days=under_way_days(prepared, sea),
        vessels=len(sea.ships),
        hours=prepared.hours,
        simulated=True,
        note=NOTE,
    )


def under_way_days(prepared: Prepared, sea: Sea) -> float:
    """Sail a sea unheard and sum the days under way at 3 knots or more."""
    ships = sea.ships.copy()
    unheard = np.zeros(0, HEARD)
    sail_and_hear(
        ships, sea.stints, sea.ways, sea.orders, sea.areas, 0, prepared.start_s, prepared.end_s,
        prepared.seed, 0.0, unheard,
    )  # fmt: skip
    return float(ships["under_way_min"].sum() / 1440.0)


def _areas(
    s: SeaSettings, rng: np.random.Generator, start_s: int, hours: float
) -> tuple[list[NDArray[np.void]], list[Staged]]:
    """Draw gales, disturbed satellite navigation, and failures of the feed."""
    west, south, east, north = BALTIC
    plan = (
        (WEATHER, s.gales_a_day, s.gale_hours, s.gale_km, s.gale_loss, 7200.0),
        (JAM, s.jams_a_day, s.jam_hours, s.jam_km, (0.7, 0.9), 1.0),
        (OUTAGE, s.outages_a_day, (0.1, 0.7), (40.0, 150.0), (1.0, 1.0), 1.0),
        (FREEZE, s.freezes_a_day, (0.2, 0.7), (20.0, 60.0), (1.0, 1.0), 1.0),
    )
    areas, told = [], []
    land = shipped_geography().land_distance
    for does, a_day, lasts_h, far_km, value, ramp_s in plan:
        for _ in range(rng.poisson(a_day * hours / 24.0)):
            row = np.zeros(1, AREA)
            lon, lat = rng.uniform(west, east), rng.uniform(south, north)
            while not land.at(lon, lat) > 1000.0:
                lon, lat = rng.uniform(west, east), rng.uniform(south, north)
            t0 = start_s + rng.uniform(0.0, hours) * 3600.0
            row["does"], row["lon"], row["lat"] = does, lon, lat
            row["t0_s"], row["t1_s"] = t0, t0 + rng.uniform(*lasts_h) * 3600.0
            row["radius_m"], row["value"] = rng.uniform(*far_km) * 1000.0, rng.uniform(*value)
            row["ramp_s"], row["seed"] = ramp_s, int(rng.integers(1, 2**31))
            areas.append(row)
            if does in AREA_KINDS:
                radius = f"{row['radius_m'][0] / 1000:.0f} km"
                told.append(
                    Staged(
                        AREA_KINDS[does], 0, int(row["t0_s"][0]) * 1000, int(row["t1_s"][0]) * 1000,
                        float(lon), float(lat), {"radius": radius}, "came about by itself",
                    )
                )  # fmt: skip
    return areas, told


def engine_order(rng: np.random.Generator, t0_s: int) -> NDArray[np.void]:
    """Draw an engine failure: the speed falls within minutes, then the ship drifts for hours."""
    order = np.zeros(1, ORDER)
    order["does"], order["loss"], order["t0_s"] = ENGINE, 1.0, t0_s
    order["ramp_s"], order["back_s"] = rng.uniform(300.0, 900.0), 600.0
    order["t1_s"] = t0_s + rng.uniform(1.0, 4.0) * 3600.0
    order["drift_kn"], order["drift_deg"] = rng.uniform(0.7, 1.6), rng.uniform(0.0, 360.0)
    return order


def _engine_failures(
    s: SeaSettings, rng: np.random.Generator, sea: Sea, start_s: int, hours: float
) -> tuple[dict[int, list[NDArray[np.void]]], list[Staged]]:
    """Let the engines of some ships that begin under way fail in the first half of their time."""
    does = sea.stints["does"][sea.ships["stint_at"]]
    kind = sea.ships["kind"]
    can = np.flatnonzero((does == SAIL) & (kind == KINDS.index("merchant")))
    orders: dict[int, list[NDArray[np.void]]] = {}
    told = []
    for _ in range(rng.poisson(s.engine_failures * len(can) / 1000.0 * hours / 24.0)):
        k = int(rng.choice(can))
        t0_s = start_s + round(rng.uniform(0.1, 0.6) * min(hours, 8.0) * 3600.0)
        order = engine_order(rng, t0_s)
        ship = _sailed_until(sea, k, start_s, t0_s)
        if k in orders or ship["stint"] != 0 or ship["v1_ms"] < FAILING_KN * KN_MS:
            continue  # it is in port by then
        orders[k] = [order]
        told.append(
            Staged(
                "drift", int(ship["mmsi"]), t0_s * 1000, int(order["t1_s"][0]) * 1000,
                float(ship["lon"]), float(ship["lat"]), {}, "came about by itself",
            )
        )  # fmt: skip
    return orders, told


def _sailed_until(sea: Sea, k: int, start_s: int, t_s: int) -> np.void:
    """Sail one ship unheard up to a time; gives it as it is then."""
    ship = sea.ships[k : k + 1].copy()
    sail_and_hear(
        ship, sea.stints, sea.ways, sea.orders, sea.areas, 0, start_s, t_s // 60 * 60, 0, 0.0,
        np.zeros(0, HEARD),
    )  # fmt: skip
    then: np.void = ship[0]
    return then


def batches_of(prepared: Prepared, sea: Sea) -> Iterator[Batch]:
    """Sail a sea and give what is heard of it, an hour at a time, in order of arrival."""
    ships = sea.ships.copy()
    rng = np.random.default_rng((prepared.seed, 5))
    said = _statics(prepared, ships)
    out = np.zeros(ROOM, HEARD)
    arrived = 0
    for from_s in range(prepared.start_s, prepared.end_s, SPAN_S):
        until_s = min(from_s + SPAN_S, prepared.end_s)
        parts, at = [], 0
        while at < len(ships):
            n, at = sail_and_hear(
                ships, sea.stints, sea.ways, sea.orders, sea.areas, at, from_s, until_s,
                prepared.seed, prepared.settings.cell_loss, out,
            )  # fmt: skip
            parts.append(out[:n].copy())
        heard = np.concatenate(parts)
        fixes = _fixes(heard, ships, prepared.settings.copies, rng, arrived)
        statics = _statics_between(said, prepared, from_s, until_s)
        arrived += len(fixes)
        yield Batch(fixes, statics)


def _fixes(
    heard: NDArray[np.void],
    ships: NDArray[np.void],
    copies: float,
    rng: np.random.Generator,
    arrived: int,
) -> Fixes:
    """Make fixes of reports, some of them heard twice, in order of arrival."""
    station = heard["cell"].astype(np.int64)
    payload = _hashes(heard, ships)
    again = np.flatnonzero(rng.random(len(heard)) < copies)
    rows = np.concatenate([np.arange(len(heard)), again])
    t_ms = heard["t_ms"][rows]
    t_ms[len(heard) :] += 1000 * rng.integers(0, COPY_LAG_S, len(again))
    station = station[rows]
    station[len(heard) :] += 1
    order = np.lexsort((station, heard["ship"][rows], t_ms))
    rows, t_ms, station = rows[order], t_ms[order], station[order]
    who = heard["ship"][rows]
    n = len(rows)
    return Fixes.build(
        n, subject_id=ships["mmsi"][who], t_ms=t_ms,
        msg_type=np.where(ships["class_b"][who], 18, 1), lon_raw=heard["lon"][rows],
        lat_raw=heard["lat"][rows], sog_raw=heard["sog"][rows], cog_raw=heard["cog"][rows],
        heading_raw=heard["heading"][rows], rot_raw=heard["rot"][rows],
        nav_status=heard["status"][rows], second_s=t_ms // 1000 % 60,
        payload_hash=payload[rows], station=station, arrival_seq=arrived + np.arange(n),
        src_offset=arrived + np.arange(n),
    )  # fmt: skip


def _hashes(heard: NDArray[np.void], ships: NDArray[np.void]) -> NDArray[np.uint64]:
    """Name the payload of each report: equal for all that would be sent as the same bits."""
    out: NDArray[np.uint64] = ships["mmsi"][heard["ship"]].astype(np.uint64)
    second = heard["t_ms"] // 1000 % 60
    fields = (heard["lon"], heard["lat"], heard["sog"], heard["cog"], heard["heading"], second)
    for part in fields:
        out = (out ^ part.astype(np.int64).astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        out ^= out >> np.uint64(29)
    return out


def _statics(prepared: Prepared, ships: NDArray[np.void]) -> Statics:
    """Write what every ship says of itself; `t_ms` is within the first period."""
    n = len(ships)
    names = [f"SIM {int(m) % 1_000_000:06d}".encode() for m in ships["mmsi"]]
    period_s = 60 * prepared.settings.static_every_min
    rng = np.random.default_rng((prepared.seed, 6))
    return Statics.build(
        n, subject_id=ships["mmsi"], t_ms=1000 * rng.integers(0, period_s, n),
        ship_type=ships["ship_type"], length_m=ships["length_m"], beam_m=ships["beam_m"],
        draught_dm=ships["draught_dm"], name=np.array(names, "S34"),
        payload_hash=ships["mmsi"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15),
    )  # fmt: skip


def _statics_between(said: Statics, prepared: Prepared, from_s: int, until_s: int) -> Statics:
    """Repeat the statics through a span, in order of time."""
    period_s = 60 * prepared.settings.static_every_min
    parts = []
    begin = prepared.start_s + (from_s - prepared.start_s) // period_s * period_s
    for t_s in range(begin, until_s, period_s):
        t_ms = said.t_ms + 1000 * t_s
        keep = (t_ms >= 1000 * from_s) & (t_ms < 1000 * until_s)
        part = said.take(keep)
        part.t_ms[:] = t_ms[keep]
        parts.append(part)
    joined = Statics.concat(parts)
    return joined.take(np.argsort(joined.t_ms, kind="stable"))
