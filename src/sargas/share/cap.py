"""Common Alerting Protocol: one message for a version of an alert.

How an alert is told is modest: nothing that a watch of positions sees shows a threat to life, and
what it means is not known.

- `msgType`: the first version a group gets is an Alert, later ones Update, a retraction Cancel,
  with `references` to all messages before; a message's `sent` is the time the version became known,
  so that all who write it write the same.
- `status`: Exercise for an exercise, and only then; `scope` Restricted to the group, but for
  `public`.
- `severity`: Moderate for P1, Minor for P2, Unknown for P3.
- `urgency`: Past once it is over, Expected where assets lie ahead, else Unknown.
- `certainty`: Possible; Unlikely once it is retracted.

Source:
    OASIS Common Alerting Protocol 1.2. Times in UTC end in -00:00 (section 3.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import shapely

from sargas.errors import UsageError
from sargas.model.time import iso, parse_iso
from sargas.share.markup import child, document
from sargas.share.policy import PUBLIC, SENDER_HINT
from sargas.share.release import Released
from sargas.share.saying import (
    About,
    detector_words,
    error_m,
    not_real,
    place,
    remarks,
    tests,
    title,
)

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SEVERITY = {"P1": "Moderate", "P2": "Minor"}
HEADLINE_MOST = 160
"""Letters of a headline that receivers show (CAP 1.2, section 3.2.2)."""
LEAST_KM = 1.0
"""Radius of the area, at least (chosen): a ship makes a kilometre in some minutes."""
UNKNOWN_KM = 18.5
"""Radius where nothing is known of the error (chosen): the 10 NM cell of GNSS interference."""
AHEAD_DEG = 0.02
"""Margin of the area ahead (chosen), about a nautical mile."""


def identifier(alert: Released, version: int) -> str:
    """Name a message."""
    return f"sargas.{alert.id}.v{version}"


def sent(body: Mapping[str, Any]) -> str:
    """Give when a version became known, as CAP writes UTC.

    Example:
        >>> sent({"t_issued": "2026-01-05T10:21:00.250Z"})
        '2026-01-05T10:21:00-00:00'
    """
    return _utc(body["t_issued"])


def message(alert: Released, k: int, about: About) -> str:
    """Write the message of one version.

    Args:
        alert: from the gate.
        k: which of its `history`.
        about: who speaks; CAP must have a sender.

    Raises:
        UsageError: there is no sender.
    """
    if not about.sender:
        raise UsageError(
            "A CAP message names its sender.",
            hint=SENDER_HINT,
        )
    history = alert.history
    body = history[k]
    root = ET.Element("alert", xmlns=NAMESPACE)
    child(root, "identifier", identifier(alert, body["version"]))
    child(root, "sender", about.sender)
    child(root, "sent", sent(body))
    child(root, "status", "Actual" if body["exercise"] is None else "Exercise")
    kind = "Alert" if k == 0 else "Cancel" if body["state"] == "retracted" else "Update"
    child(root, "msgType", kind)
    child(root, "source", f"sargas {about.sargas}".strip())
    child(root, "scope", "Public" if alert.group == PUBLIC else "Restricted")
    if alert.group != PUBLIC:
        child(root, "restriction", alert.group)
    if not_real(body):
        child(root, "note", not_real(body))
    if k:
        named = (f"{about.sender},{identifier(alert, v['version'])},{sent(v)}" for v in history[:k])
        child(root, "references", " ".join(named))
    _info(root, alert, body, about)
    return document(root)


def _info(root: ET.Element, alert: Released, body: Mapping[str, Any], about: About) -> None:
    info = child(root, "info")
    is_over = body["state"] != "open"
    child(info, "language", "en")
    child(info, "category", "Infra")
    child(info, "category", "Transport")
    child(info, "event", detector_words(body))
    child(info, "responseType", "AllClear" if is_over else "Monitor")
    ahead = "Expected" if body.get("next_assets") else "Unknown"
    child(info, "urgency", "Past" if is_over else ahead)
    child(info, "severity", SEVERITY.get(body["priority"], "Unknown"))
    child(info, "certainty", "Unlikely" if body["state"] == "retracted" else "Possible")
    child(info, "effective", sent(body))
    child(info, "onset", _utc(body["t_start"]))
    child(info, "senderName", about.sender)
    child(info, "headline", title(body)[:HEADLINE_MOST])
    child(info, "description", remarks(alert, body))
    if about.contact:
        child(info, "contact", about.contact)
    for name, value in _parameters(alert, body):
        one = child(info, "parameter")
        child(one, "valueName", name)
        child(one, "value", value)
    _areas(info, body)


def _parameters(alert: Released, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what has a place in no element of CAP's own."""
    subject, asset = body["subject"], body.get("asset") or {}
    named = {
        "sargas:alert": alert.id, "sargas:version": body["version"], "sargas:state": body["state"],
        "sargas:priority": body["priority"], "sargas:detector": body["detector"],
        "sargas:exercise": body["exercise"], "mmsi": subject.get("mmsi"),
        "imo": subject.get("imo"), "vessel": subject.get("name"), "asset": asset.get("name"),
        "asset_id": asset.get("id"), "asset_distance_m": asset.get("distance_m"),
        "asset_accuracy_m": asset.get("accuracy_m"), "asset_kp_km": asset.get("kp_km"),
        "sargas:redacted": ",".join(alert.redacted),
    }  # fmt: skip
    out = [(name, str(value)) for name, value in named.items() if value not in (None, "", 0)]
    out += [(f"test: {feature}", words) for feature, words in tests(body)]
    return out + [
        (f"ahead: {n['name']}", f"{n['distance_km']} km, {n['eta']}")
        for n in body.get("next_assets") or ()
    ]


def _areas(info: ET.Element, body: Mapping[str, Any]) -> None:
    """Write where it is, and the way to the assets ahead."""
    here, asset = place(body), (body.get("asset") or {}).get("name")
    area = child(info, "area")
    near = f"near {asset}" if asset else "at sea"
    child(area, "areaDesc", f"Where it was seen, {near}" if here else f"Place not told, {near}")
    if here is None:
        return
    error = error_m(body)
    radius_km = UNKNOWN_KM if error is None else max(LEAST_KM, error / 1000)
    child(area, "circle", f"{here[1]:.5f},{here[0]:.5f} {radius_km:.1f}")
    ahead = [
        (n["lon"], n["lat"])
        for n in body.get("next_assets") or ()
        if n.get("lon") is not None and n.get("lat") is not None
    ]
    if ahead and body["state"] == "open":
        way = child(info, "area")
        child(way, "areaDesc", "On its course of then, to the assets ahead")
        child(way, "polygon", _polygon([here, *ahead]))


def _polygon(points: list[tuple[float, float]]) -> str:
    """Write the hull of some points with a margin, as CAP's closed list of "lat,lon"."""
    hull = shapely.convex_hull(shapely.multipoints(points)).buffer(AHEAD_DEG, quad_segs=2)
    ring = shapely.orient_polygons(hull).exterior.coords
    return " ".join(f"{lat:.4f},{lon:.4f}" for lon, lat in ring)


def _utc(text: str) -> str:
    return iso(parse_iso(text) // 1000 * 1000)[:-1] + "-00:00"
