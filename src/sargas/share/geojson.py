"""An alert as GeoJSON (RFC 7946): where it is, the way, each fix, the asset, the assets ahead.

The evidence of one alert is for the watch's own bundles; what leaves for a group is
`released_text`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.model.svg import runs
from sargas.model.time import iso
from sargas.share.evidence import CAVEAT, Evidence
from sargas.share.release import Released
from sargas.share.saying import EXERCISE, About, as_json

Feature = dict[str, Any]


def collection(evidence: Evidence) -> dict[str, Any]:
    """Write an alert as a feature collection; `role` says what each feature is.

    Roles: `alert`, `track`, `fix`, `asset`, `next_asset`. Of a report that several stations
    received there is one fix; fixes.csv has them all. Positions have six digits, 0.1 m.
    Foreign members: `exercise`, `attribution`, `caveat`.
    """
    alert = evidence.alert
    features = [_alert(alert), *_track(evidence), *_fixes(evidence), *_asset(evidence)]
    features += [_ahead(entry, k) for k, entry in enumerate(alert["next_assets"], 1)]
    return {
        "type": "FeatureCollection",
        "exercise": alert["exercise"],
        "attribution": list(evidence.credits),
        "caveat": CAVEAT,
        "features": [f for f in features if f["geometry"] is not None],
    }


def as_text(evidence: Evidence) -> str:
    """Write the collection, a feature a line."""
    whole = collection(evidence)
    features = whole.pop("features")
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, allow_nan=False) for f in features)
    return json.dumps(whole, ensure_ascii=False)[:-1] + f', "features": [\n{lines}\n]}}\n'


def _feature(role: str, geometry: Mapping[str, Any] | None, **properties: Any) -> Feature:  # noqa: ANN401
    return {"type": "Feature", "geometry": geometry, "properties": {"role": role, **properties}}


def _point(lon: float | None, lat: float | None) -> dict[str, Any] | None:
    if lon is None or lat is None:
        return None
    return {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}


def _alert(alert: Mapping[str, Any]) -> Feature:
    """Write the alert's own place; the whole alert is in alert.json."""
    said = {
        name: alert[name]
        for name in (
            "id", "version", "detector", "state", "priority", "t_start", "t_detected", "t_end",
            "subject", "text", "against", "exercise", "muted_by",
        )
    }  # fmt: skip
    return _feature("alert", _point(alert["lon"], alert["lat"]), **said)


def _track(evidence: Evidence) -> list[Feature]:
    """Write the way as lines, broken where nothing was received."""
    fixes = evidence.reports
    known, lon, lat = fixes.has_position, fixes.lon_deg, fixes.lat_deg
    lines = [
        [[round(float(lon[i]), 6), round(float(lat[i]), 6)] for i in run]
        for run in runs(fixes.t_ms, known)
        if len(run) > 1
    ]
    if not lines:
        return []
    rows = np.flatnonzero(known)
    ends = {"from": iso(int(fixes.t_ms[rows[0]])), "to": iso(int(fixes.t_ms[rows[-1]]))}
    geometry = {"type": "MultiLineString", "coordinates": lines}
    return [_feature("track", geometry, mmsi=evidence.alert["subject"]["mmsi"], **ends)]


def _fixes(evidence: Evidence) -> list[Feature]:
    """Write each report that has a position."""
    fixes = evidence.reports.take(evidence.reports.has_position)
    lon, lat = fixes.lon_deg, fixes.lat_deg
    sog, cog, heading = fixes.sog_kn, fixes.cog_deg, fixes.heading_deg
    return [
        _feature(
            "fix", _point(float(lon[i]), float(lat[i])), t=iso(int(fixes.t_ms[i])),
            sog_kn=_known(sog, i, 1), cog_deg=_known(cog, i, 1), heading_deg=_known(heading, i, 0),
        )
        for i in range(len(fixes))
    ]  # fmt: skip


def _known(column: NDArray[np.float64], row: int, digits: int) -> float | None:
    value = float(column[row])
    return None if value != value else round(value, digits)


def _asset(evidence: Evidence) -> list[Feature]:
    """Write the asset that the alert is about, with what its position is worth."""
    asset, said = evidence.asset, evidence.alert["asset"]
    if asset is None or said is None:
        return []
    geometry = json.loads(shapely.to_geojson(shapely.set_precision(asset.geometry, 1e-6)))
    return [
        _feature(
            "asset", geometry, **said, same_geometry=evidence.same_geometry, source=asset.source,
            licence=asset.licence, attribution=asset.attribution,
        )
    ]  # fmt: skip


def _ahead(entry: Mapping[str, Any], number: int) -> Feature:
    """Write the place where an asset ahead would be met on the course of then."""
    said = {k: v for k, v in entry.items() if k not in ("lon", "lat")}
    return _feature("next_asset", _point(entry["lon"], entry["lat"]), number=number, **said)


def released_feature(alert: Released, body: Mapping[str, Any]) -> Feature:
    """Write one version of a released alert as a feature; what the group does not get is absent."""
    said = {k: v for k, v in as_json(alert, body).items() if k not in ("lon", "lat")}
    geometry = _point(body.get("lon"), body.get("lat"))
    return {"type": "Feature", "id": alert.id, "geometry": geometry, "properties": said}


def released_text(alerts: Sequence[Released], about: About) -> str:
    """Write released alerts as a feature collection, a feature a line.

    Foreign members: `title`, which begins with EXERCISE where any alert is one, and `caveat`.
    """
    any_exercise = any(alert.exercise is not None for alert in alerts)
    whole = {
        "type": "FeatureCollection",
        "title": f"{EXERCISE}: alerts of sargas" if any_exercise else "Alerts of sargas",
        "exercise": any_exercise,
        "sargas": about.sargas,
        "caveat": CAVEAT,
    }
    lines = ",\n".join(_line(released_feature(alert, alert.body)) for alert in alerts)
    return _line(whole)[:-1] + f', "features": [\n{lines}\n]}}\n'


def message(alert: Released, k: int, about: About) -> str:
    """Write one version of a released alert as a feature alone, on one line."""
    return _line(released_feature(alert, alert.history[k])) + "\n"


def ndjson_text(alerts: Sequence[Released], about: About) -> str:
    """Write released alerts as JSON, one a line."""
    return "".join(_line(as_json(alert, alert.body)) + "\n" for alert in alerts)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
