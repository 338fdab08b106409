"""Cursor on Target: an alert as an event that a TAK picture shows.

The type is `b-m-p-s-m`, a spot on the map: a mark, without affiliation. sargas knows of nobody's
intent, and no event of it is of a friend or a foe. The same alert keeps its `uid`, so that a later
version takes the place of the one before.

- `how` is `m-g` (a machine, by GPS); `m-s` (simulated) for an exercise, which has `opex="e-NAME"`,
  a callsign that begins with EXERCISE, and says so in its remarks.
- `ce` is how far the place may be off; 9999999 says unknown. Height is unknown always.
- `stale` comes soon after: what is not sent again fades from the picture. What is over fades at
  once.

Source:
    MITRE, Event-PUBLIC.xsd, CoT event data model 2.0 (case 11-3895); Butler, The Developer's Guide
    to Cursor on Target (2005).
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from sargas.model.time import MINUTE_MS, iso, parse_iso
from sargas.share.markup import child, document
from sargas.share.release import Released
from sargas.share.saying import EXERCISE, About, error_m, place, remarks, title

TYPE = "b-m-p-s-m"
UNKNOWN_M = "9999999.0"
STALE_MS = 10 * MINUTE_MS
OVER_STALE_MS = MINUTE_MS // 6
"""How long an event stays without being sent again (chosen)."""
CALLSIGN_MOST = 60


def refusal(alert: Released) -> str:
    """Say why an alert cannot be an event; empty where it can."""
    return "" if place(alert.body) else "CoT needs a place, and there is none to tell"


def uid(alert: Released) -> str:
    """Name the event, the same for every version of an alert."""
    return f"sargas.alert.{alert.id}"


def event(alert: Released, k: int, about: About) -> str:
    """Write the event of one version.

    Args:
        alert: from the gate.
        k: which of its `history`.
        about: with `now_ms` where it is sent, else the event bears the alert's own time.
    """
    body = alert.history[k]
    here = place(body)
    assert here is not None, "refusal was asked"
    is_exercise, is_open = body["exercise"] is not None, body["state"] == "open"
    now_ms = parse_iso(about.time(body["t_issued"]))
    root = ET.Element(
        "event", version="2.0", uid=uid(alert), type=TYPE, how="m-s" if is_exercise else "m-g",
        time=_time(now_ms), start=_time(min(parse_iso(body["t_start"]), now_ms)),
        stale=_time(now_ms + (STALE_MS if is_open else OVER_STALE_MS)),
    )  # fmt: skip
    if is_exercise:
        word = re.sub(r"[^A-Za-z0-9_.-]", "_", body["exercise"])[:40]
        root.set("opex", f"e-{word}")
    error = error_m(body)
    child(
        root, "point", lat=f"{here[1]:.6f}", lon=f"{here[0]:.6f}", hae=UNKNOWN_M,
        ce=UNKNOWN_M if error is None else f"{error:.1f}", le=UNKNOWN_M,
    )  # fmt: skip
    detail = child(root, "detail")
    child(detail, "contact", callsign=title(body)[:CALLSIGN_MOST])
    child(detail, "remarks", remarks(alert, body), source="sargas", time=_time(now_ms))
    said = {
        "alert": alert.id, "version": str(body["version"]), "state": body["state"],
        "priority": body["priority"], "detector": body["detector"], "group": alert.group,
        "redacted": ",".join(alert.redacted), "sargas": about.sargas,
    }  # fmt: skip
    if is_exercise:
        said["exercise"] = f"{EXERCISE} {body['exercise']}"
    child(detail, "__sargas", **said)
    return document(root)


def _time(t_ms: int) -> str:
    """Write a time as TAK clients do, with milliseconds.

    Example:
        >>> _time(1735122360250), _time(1735122360000)
        ('2024-12-25T10:26:00.250Z', '2024-12-25T10:26:00.000Z')
    """
    text = iso(t_ms)
    return text if "." in text else text[:-1] + ".000Z"
