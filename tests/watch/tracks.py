"""Tracks made by hand for golden tests: waypoints in, fixes out, with a stated noise seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

from sargas.model.fixes import PER_DEGREE, Batch, Fixes, Statics
from sargas.model.geodesy import KN_MS, bearing_deg, step_along
from sargas.model.time import MINUTE_MS, parse_iso
from sargas.reference import shipped_assets, shipped_geography
from sargas.watch.fold import Outcome, Watch

T0 = parse_iso("2025-01-15T06:00:00Z")


@dataclass
class Track:
    """A vessel sailed leg by leg; `fixes()` gives its reports."""

    mmsi: int = 230_000_001
    lon: float = 20.0
    lat: float = 57.0
    t_ms: int = T0
    every_s: float = 10.0
    seed: int = 1
    noise_kn: float = 0.1
    nav_status: int = 0
    rows: list[tuple[float, ...]] = field(default_factory=list)

    def sail(
        self,
        minutes: float,
        *,
        sog_kn: float,
        cog_deg: float,
        to_kn: float | None = None,
        heading_off_deg: float = 0.0,
        reported_kn: float | None = None,
    ) -> Track:
        """Sail for some minutes, speed ramping to `to_kn`; positions and speed agree."""
        steps = round(minutes * 60 / self.every_s)
        for k in range(steps):
            speed = sog_kn + ((sog_kn if to_kn is None else to_kn) - sog_kn) * (k + 1) / steps
            self.t_ms += round(self.every_s * 1000)
            self.lon, self.lat = step_along(
                self.lon, self.lat, cog_deg, speed * KN_MS * self.every_s
            )
            told = speed if reported_kn is None else reported_kn
            self.rows.append(
                (self.t_ms, self.lon, self.lat, told, cog_deg, (cog_deg + heading_off_deg) % 360)
            )
        return self

    def came(self, cog_deg: float = 0.0) -> Track:
        """Report once under way, so that the vessel is known to have come here."""
        self.rows.append((self.t_ms, self.lon, self.lat, 8.0, cog_deg, cog_deg))
        return self

    def silent(self, minutes: float, *, sog_kn: float, cog_deg: float) -> Track:
        """Sail on without being heard."""
        kept = list(self.rows)
        self.sail(minutes, sog_kn=sog_kn, cog_deg=cog_deg)
        self.rows = kept
        return self

    def jump(self, lon: float, lat: float) -> Track:
        """Be somewhere else from one fix to the next."""
        self.lon, self.lat = lon, lat
        return self

    def aim(self, lon: float, lat: float) -> float:
        """Give the course to a place."""
        return bearing_deg(self.lon, self.lat, lon, lat)

    def fixes(self) -> Fixes:
        """Give the reports, noise on the speed only."""
        rng = np.random.default_rng(self.seed)
        table = np.array(self.rows, dtype=np.float64)
        n = len(table)
        sog = np.clip(table[:, 3] + rng.normal(0, self.noise_kn, n), 0, 102.1)
        lon = np.round(table[:, 1] * PER_DEGREE).astype(np.int32)
        lat = np.round(table[:, 2] * PER_DEGREE).astype(np.int32)
        t_ms = table[:, 0].astype(np.int64)
        words = [f"{self.mmsi}{a}{b}{c}".encode() for a, b, c in zip(t_ms, lon, lat, strict=True)]
        return Fixes.build(
            n, subject_id=np.full(n, self.mmsi), t_ms=t_ms, msg_type=np.full(n, 1),
            lon_raw=lon, lat_raw=lat, sog_raw=np.round(sog * 10),
            cog_raw=np.round(table[:, 4] * 10) % 3600, heading_raw=np.round(table[:, 5]) % 360,
            nav_status=np.full(n, self.nav_status),
            payload_hash=np.array([zlib.crc32(w) for w in words], dtype=np.uint64),
        )  # fmt: skip


def statics(mmsi: int, t_ms: int = T0, **said: object) -> Statics:
    """Give one static report."""
    columns = {k: [v] for k, v in said.items()}
    return Statics.build(
        1, subject_id=[mmsi], t_ms=[t_ms],
        payload_hash=[zlib.crc32(repr((mmsi, said)).encode())], **columns,
    )  # fmt: skip


def batch(*parts: Fixes | Statics) -> Batch:
    """Put fixes and statics together, in order of time, as a feed would."""
    fixes = Fixes.concat([p for p in parts if isinstance(p, Fixes)])
    said = Statics.concat([p for p in parts if isinstance(p, Statics)])
    return Batch(fixes.take(np.argsort(fixes.t_ms, kind="stable")), said)


def watch(**options: object) -> Watch:
    """Make a watch over the shipped assets and geography."""
    return Watch(shipped_assets(), shipped_geography(), **options)  # type: ignore[arg-type]


def alerts_of(*parts: Fixes | Statics, **options: object) -> list:
    """Fold everything and give the alert versions."""
    w = watch(**options)
    first: Outcome = w.push(batch(*parts))
    return first.alerts + w.flush().alerts


MINUTE = MINUTE_MS
