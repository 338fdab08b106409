"""Made traffic for tests of the screen: ships on lanes, each a pure function of time."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LANES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((23.0, 59.25), (24.5, 59.72), (25.6, 59.9), (26.8, 60.03), (28.2, 59.98), (29.2, 60.0)),
    ((10.75, 57.9), (11.1, 57.2), (11.6, 56.7), (11.2, 56.2), (10.9, 55.95)),
    ((11.9, 54.35), (12.3, 54.6), (13.2, 55.0), (14.3, 55.2), (15.7, 55.25), (16.8, 55.6)),
    (
        (16.8, 55.6),
        (18.0, 56.4),
        (19.0, 57.2),
        (19.7, 58.0),
        (20.5, 58.8),
        (21.5, 59.1),
        (23, 59.2),
    ),
    ((16.6, 55.7), (16.9, 56.2), (17.6, 57.3), (18.1, 58.2), (19.2, 58.9), (19.4, 59.5)),
    (
        (20.2, 59.1),
        (19.3, 59.9),
        (19.1, 60.8),
        (19.8, 62.0),
        (20.6, 63.1),
        (22.5, 64.5),
        (24, 65.2),
    ),
    ((20.9, 57.9), (22.0, 57.87), (22.8, 57.75), (23.6, 57.4), (24.0, 57.15)),
    ((20.9, 55.7), (19.4, 55.6), (18.0, 55.5), (16.8, 55.5)),
    ((18.95, 54.6), (18.7, 55.0), (17.6, 55.3), (15.7, 55.2)),
    ((24.76, 59.52), (24.9, 60.08)),
    ((12.65, 56.2), (12.7, 55.75), (12.7, 55.3), (13.1, 55.1), (14.3, 55.15)),
)
RESTING = ((10.8, 57.8), (28.2, 59.85), (18.95, 54.52), (25.05, 59.6), (20.95, 55.8), (12.2, 54.4))
KM_PER_DEG = 111.2


@dataclass
class Lane:
    """A polyline with its length, to be walked by distance."""

    lon: Floats
    lat: Floats
    along_km: Floats

    @classmethod
    def of(cls, points: tuple[tuple[float, float], ...]) -> Lane:
        lon, lat = np.array(points).T
        step = np.hypot(np.diff(lon) * np.cos(np.radians(lat[:-1])), np.diff(lat)) * KM_PER_DEG
        return cls(lon, lat, np.concatenate([[0.0], np.cumsum(step)]))

    def at(self, km: Floats) -> tuple[Floats, Floats, Floats]:
        """Longitude, latitude and course at a distance from the lane's start."""
        lon = np.interp(km, self.along_km, self.lon)
        lat = np.interp(km, self.along_km, self.lat)
        segment = np.clip(np.searchsorted(self.along_km, km, "right") - 1, 0, len(self.lon) - 2)
        east = (self.lon[segment + 1] - self.lon[segment]) * np.cos(np.radians(lat))
        north = self.lat[segment + 1] - self.lat[segment]
        return lon, lat, np.degrees(np.arctan2(east, north)) % 360


class Fleet:
    """`n` ships; most go to and fro on lanes, some lie at anchor, some are heard late."""

    def __init__(self, n: int, t0_ms: int, seed: int = 7) -> None:
        rng = np.random.default_rng(seed)
        self.n, self.t0_ms = n, t0_ms
        self.mmsi = np.arange(n, dtype=np.uint32) + 999_100_000
        weight = np.array([Lane.of(lane).along_km[-1] for lane in LANES])
        self.lane = rng.choice(len(LANES), n, p=weight / weight.sum())
        self.start = rng.random(n)
        self.sog = np.round(rng.normal(11.5, 2.6, n).clip(4, 22), 1)
        self.back = rng.random(n) < 0.5
        self.side_km = rng.normal(0, 4.0, n) + np.where(self.back, -3.0, 3.0)
        self.rest = rng.random(n) < 0.2
        spot = np.array(RESTING)[rng.integers(0, len(RESTING), n)]
        self.rest_lon, self.rest_lat = (spot + rng.normal(0, 0.06, (n, 2))).T
        self.period_s = np.where(self.rest, 180, np.where(rng.random(n) < 0.08, 1200, 8))
        self.phase_s = rng.integers(0, 1200, n)
        self.no_course = rng.random(n) < 0.05
        self.vessel_class = rng.choice([0, 1, 2, 3, 4, 5, 6], n).astype(np.uint8)
        self.exercise = np.zeros(n, dtype=bool)
        self.kept = np.ones(n, dtype=bool)

    def at(self, t_ms: int) -> dict[str, npt.NDArray[np.generic]]:
        """Every kept ship's newest fix at a time: columns as the frame wants them."""
        seconds = (t_ms - self.t0_ms) / 1000
        age = (seconds + self.phase_s) % self.period_s
        lon, lat, cog = self.rest_lon.copy(), self.rest_lat.copy(), np.full(self.n, 360.0)
        for number, points in enumerate(LANES):
            mine = (self.lane == number) & ~self.rest
            lane = Lane.of(points)
            length = lane.along_km[-1]
            gone = self.sog[mine] * 1.852 * (seconds - age[mine]) / 3600
            way = (self.start[mine] * length + gone) % length
            km = np.where(self.back[mine], length - way, way)
            x, y, course = lane.at(km)
            side = self.side_km[mine] / KM_PER_DEG
            lon[mine] = x + side * np.cos(np.radians(course)) / np.cos(np.radians(y))
            lat[mine] = y - side * np.sin(np.radians(course))
            cog[mine] = np.where(self.back[mine], (course + 180) % 360, course)
        cog[self.no_course] = 360.0
        flags = self.vessel_class | (self.exercise.astype(np.uint8) << 7)
        columns = {
            "mmsi": self.mmsi,
            "lonlat": np.column_stack([lon, lat]).astype("<f4"),
            "cog": np.round(cog * 10).astype("<u2"),
            "sog": np.where(self.rest, 0, np.round(self.sog * 10)).astype("<u2"),
            "age": age.astype("<u2"),
            "flags": flags.astype("u1"),
        }
        return {name: column[self.kept] for name, column in columns.items()}


def pack(kind: int, t_ms: int, columns: dict[str, npt.NDArray[np.generic]]) -> bytes:
    """A frame of docs/wire.md, version 1."""
    head = struct.pack("<IBBHd", len(columns["mmsi"]), 1, kind, 0, t_ms / 1000)
    names = ("mmsi",) if kind == 2 else ("mmsi", "lonlat", "cog", "sog", "age", "flags")
    return head + b"".join(np.ascontiguousarray(columns[name]).tobytes() for name in names)
