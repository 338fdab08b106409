"""OGC Moving Features JSON: the track of a released alert's vessel.

One feature an alert. Its `temporalGeometry` is a collection of moving points, broken where nothing
was received: between two of them nothing is known, and nothing is interpolated. Speed and course
are `temporalProperties`, at the moments at which they were reported.

Source:
    OGC 19-045r3, Moving Features Encoding Extension, JSON 1.0: MF-JSON Prism (MovingFeature).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import Fixes
from sargas.model.svg import runs
from sargas.model.time import iso
from sargas.share.evidence import without_copies
from sargas.share.release import ReleasedTrack
from sargas.share.saying import About, as_json

CRS = {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
TRS = {"type": "Name", "properties": {"name": "urn:ogc:data:time:iso8601"}}
UNITS = (("sog_kn", "KNT", 1), ("cog_deg", "DD", 1), ("heading_deg", "DD", 0))
"""Columns with their unit in the common codes of UN/CEFACT, and digits behind the point."""


def text(tracks: Sequence[ReleasedTrack], about: About) -> str:
    """Write tracks, a feature a line."""
    features = [feature(track) for track in tracks]
    whole = {"type": "FeatureCollection", "crs": CRS, "trs": TRS}
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, allow_nan=False) for f in features)
    return json.dumps(whole)[:-1] + f', "features": [\n{lines}\n]}}\n'


def feature(track: ReleasedTrack) -> dict[str, Any]:
    """Give the moving feature of one track; its geometry is null where no fix has a position."""
    alert = track.alert
    fixes = without_copies(track.fixes)
    fixes = fixes.take(fixes.has_position)
    # The standard's times increase: of two reports of one moment the first counts.
    fixes = fixes.take(np.flatnonzero(np.diff(fixes.t_ms, prepend=-1) > 0))
    points = [_moving_point(fixes.take(run)) for run in runs(fixes.t_ms, fixes.has_position)]
    made: dict[str, Any] = {
        "type": "Feature",
        "id": f"{alert.id}-track",
        "properties": as_json(alert, alert.body),
        "temporalProperties": [p for name in UNITS if (p := _property(fixes, *name))],
    }
    if points:
        made["temporalGeometry"] = {"type": "MovingGeometryCollection", "prisms": points}
        made["time"] = [iso(int(fixes.t_ms[0])), iso(int(fixes.t_ms[-1]))]
        lon, lat = fixes.lon_deg, fixes.lat_deg
        ends = (lon.min(), lat.min(), lon.max(), lat.max())
        made["bbox"] = [round(float(v), 6) for v in ends]
    return made


def _moving_point(run: Fixes) -> dict[str, Any]:
    """Give one run without a gap."""
    places: NDArray[np.float64] = np.column_stack([run.lon_deg, run.lat_deg]).round(6)
    return {
        "type": "MovingPoint", "datetimes": [iso(t) for t in run.t_ms.tolist()],
        "coordinates": places.tolist(), "interpolation": "Linear",
    }  # fmt: skip


def _property(fixes: Fixes, name: str, unit: str, digits: int) -> dict[str, Any] | None:
    """Give a column at the moments at which it was reported; None where it never was."""
    column: NDArray[np.float64] = getattr(fixes, name)
    known = np.isfinite(column)
    if not known.any():
        return None
    values = column[known].round(digits).tolist()
    times = [iso(t) for t in fixes.t_ms[known].tolist()]
    said = {"type": "Measure", "form": unit, "values": values, "interpolation": "Discrete"}
    return {"datetimes": times, name: said}
