"""Crossings: a vessel's way over an asset, as a fact in words and numbers. Never an alert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sargas.model.alerts import Subject
from sargas.model.time import iso

CAVEAT = "A crossing is information, not intent."


@dataclass(frozen=True)
class Crossing:
    """One vessel over one asset, once. None where not available.

    Attributes:
        subject: the vessel, as it had named itself by then.
        asset_id, asset_name, asset_kind: the asset.
        t_ms: the time, interpolated; None where `uncertain`.
        t_from_ms, t_to_ms: the last fix before and the first after.
        uncertain: the two fixes are too far apart to say more than that it could have crossed;
            place and kilometre point are then those of the straight line between them.
        lon, lat: degrees. kp_km: along the asset.
        angle_deg: 0 along the asset, 90 straight across.
        sog_kn_before, sog_kn_at, sog_kn_after: mean from 12 to 2 minutes before, at the
            crossing, mean from 2 to 12 minutes after.
        chord_kn: mean speed between the two fixes, from their places.
        cog_deg, heading_deg: at the crossing.
        uncertainty_s: of the time, from interpolation and from the asset's accuracy.
        accuracy_m: of the asset's position there.
        exercise: name of the exercise this belongs to.
    """

    subject: Subject
    asset_id: str
    asset_name: str
    asset_kind: str
    t_ms: int | None
    t_from_ms: int
    t_to_ms: int
    uncertain: bool
    lon: float
    lat: float
    kp_km: float
    angle_deg: float | None
    sog_kn_before: float | None
    sog_kn_at: float | None
    sog_kn_after: float | None
    chord_kn: float
    cog_deg: float | None
    heading_deg: float | None
    uncertainty_s: float | None
    accuracy_m: float
    exercise: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Write the crossing in the shape of the command line's `--json`."""
        s = self.subject
        return {
            "t": None if self.t_ms is None else iso(self.t_ms),
            "t_from": iso(self.t_from_ms),
            "t_to": iso(self.t_to_ms),
            "uncertain": self.uncertain,
            "uncertainty_s": rounded(self.uncertainty_s, 1),
            "asset": {"id": self.asset_id, "name": self.asset_name, "kind": self.asset_kind},
            "kp_km": rounded(self.kp_km, 3),
            "accuracy_m": rounded(self.accuracy_m, 1),
            "lon": rounded(self.lon, 6),
            "lat": rounded(self.lat, 6),
            "subject": {
                "domain": s.domain, "mmsi": s.mmsi, "segment": s.segment, "imo": s.imo,
                "name": s.name, "callsign": s.callsign, "ship_type": s.ship_type,
                "length_m": s.length_m,
            },
            "sog_kn_before": rounded(self.sog_kn_before, 2),
            "sog_kn_at": rounded(self.sog_kn_at, 2),
            "sog_kn_after": rounded(self.sog_kn_after, 2),
            "chord_kn": rounded(self.chord_kn, 2),
            "cog_deg": rounded(self.cog_deg, 1),
            "heading_deg": rounded(self.heading_deg, 1),
            "angle_deg": rounded(self.angle_deg, 1),
            "dt_s": rounded((self.t_to_ms - self.t_from_ms) / 1000.0, 3),
            "exercise": self.exercise,
        }  # fmt: skip


def rounded(value: float | None, digits: int) -> float | None:
    """Round for output; what is not a number becomes null, as JSON knows none.

    Example:
        >>> rounded(1.26, 1), rounded(float("nan"), 1)
        (1.3, None)
    """
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None
    return round(float(value), digits) + 0.0
