"""CISE: an alert as an `Anomaly`, in the payload that a CISE node pushes.

What is written is the `Payload` alone. The message around it (`Push` with sender, recipient and
signature) is the work of a node and its certificates, which sargas has none of.

CISE has no word for an exercise. An exercise is therefore not written at all: a node would take it
for real. It has no word for an anchor dragged or a cable near either; what sargas saw stands in a
document beside the anomaly, as text.

Source:
    EUCISE2020 / CISE data model 1.5.3 (EMSA): Event, Anomaly, Vessel, Location, Document; names and
    order after published samples. The schema files themselves were not at hand, see
    docs/sharing.md.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from sargas.model.time import iso, parse_iso
from sargas.share.markup import child, document
from sargas.share.policy import PUBLIC
from sargas.share.release import Released
from sargas.share.saying import About, place, remarks, tests, title

MESSAGE = "http://www.cise.eu/servicemodel/v1/message/"
VESSEL = "http://www.cise.eu/datamodel/v1/entity/vessel/"
DOCUMENT = "http://www.cise.eu/datamodel/v1/entity/document/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

UNEXPECTED = "UnexpectedMovement"
KINDS = {
    "gap": "",
    "gap_visit": "",
    "position_integrity": "",
    "identity": "DetecionOfChangesInAISParameters",  # so written in the data model
    "off_route": "VesselOutOfTrafficLanes",
}
"""What each detector is in CISE's words, empty where every word of CISE says more than was seen:
not received is not "without transmission", a position not to be relied on is not "spoofing"."""
NOT_OF_A_VESSEL = "CISE's Anomaly is about an object, and this is about none that may be told"


def refusal(alert: Released) -> str:
    """Say why an alert cannot be an Anomaly; empty where it can."""
    if alert.exercise is not None:
        return "CISE has no word for an exercise, and would take it for real"
    if alert.body["state"] == "retracted":
        return "CISE has no word for a retraction"
    return "" if alert.body["subject"].get("mmsi") else NOT_OF_A_VESSEL


def payload(alert: Released, k: int, about: About) -> str:
    """Write the payload of one version.

    Args:
        alert: from the gate.
        k: which of its `history`.
        about: who speaks.
    """
    body = alert.history[k]
    root = ET.Element(
        "Payload",
        {
            "xmlns:xsi": XSI, "xmlns:m": MESSAGE, "xmlns:v": VESSEL, "xmlns:d": DOCUMENT,
            "xsi:type": "m:XmlEntityPayload",
        },
    )  # fmt: skip
    child(root, "InformationSecurityLevel", "NonClassified")
    child(root, "InformationSensitivity", "NonSpecified" if alert.group == PUBLIC else "Green")
    child(root, "IsPersonalData", "false")
    child(root, "Purpose", "NonSpecified")
    child(root, "EnsureEncryption", "false" if alert.group == PUBLIC else "true")
    anomaly = child(root, "Anomaly")
    named = child(anomaly, "Identifier")
    child(named, "GeneratedIn", body["t_issued"])
    child(named, "UUID", anomaly_uuid(alert.id))
    _document(anomaly, alert, body)
    _location(anomaly, body)
    _vessel(anomaly, body)
    if kind := KINDS.get(body["detector"], UNEXPECTED):
        child(anomaly, "AnomalyType", kind)
    return document(root)


def anomaly_uuid(alert_id: str) -> str:
    """Give the UUID of an alert, the same for all its versions.

    Example:
        >>> anomaly_uuid("7f0b1803c2fd7b54deab0521")
        '765fa6ba-f654-5210-a73a-8c5cfd99fdfc'
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sargas:alert:{alert_id}"))


def _document(anomaly: ET.Element, alert: Released, body: Mapping[str, Any]) -> None:
    """Write what CISE has no element for, as the text of a document."""
    lines = [title(body), *remarks(alert, body).split("\n")]
    lines += [f"{feature}: {words}" for feature, words in tests(body)]
    lines.append(f"sargas alert {alert.id}, version {body['version']}, {body['state']}")
    content = base64.b64encode("\n".join(lines).encode()).decode()
    one = child(child(anomaly, "DocumentRel"), "Document", **{"xsi:type": "d:VesselDocument"})
    child(one, "Content", content)


def _location(anomaly: ET.Element, body: Mapping[str, Any]) -> None:
    here = place(body)
    where = child(anomaly, "LocationRel")
    if here is not None:
        geometry = child(child(where, "Location"), "Geometry")
        child(geometry, "Latitude", f"{here[1]:.6f}")
        child(geometry, "Longitude", f"{here[0]:.6f}")
    start = iso(parse_iso(body["t_start"]) // 1000 * 1000)
    when = child(where, "DateTime")
    child(when, "StartDate", start[:10])
    child(when, "StartTime", start[11:])


def _vessel(anomaly: ET.Element, body: Mapping[str, Any]) -> None:
    subject = body["subject"]
    involved = child(anomaly, "InvolvedObjectRel")
    vessel = child(involved, "Object", **{"xsi:type": "v:Vessel"})
    if subject.get("imo"):
        child(vessel, "IMONumber", subject["imo"])
    child(vessel, "MMSI", subject["mmsi"])
    child(involved, "ObjectRole", "Participant")
