"""What every format says of a released alert in words, so that all say the same.

Of fields that a group does not get nothing is said: the sentence is left out where it could tell
them, and a title is made of what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sargas.model.alerts import PRIORITY_WORDS
from sargas.model.time import iso
from sargas.share.evidence import CAVEAT
from sargas.share.release import Released

EXERCISE = "EXERCISE"
FIX_ERROR_M = 100.0
"""How far a ship may be from where it says it is (chosen): AIS tells above or below 10 m only, and
the antenna is somewhere on the ship. Where GNSS interference is active nothing is known."""


@dataclass(frozen=True)
class About:
    """What a message says of itself.

    Attributes:
        sender: who speaks, where a format asks for it.
        contact: how they are reached; empty for not told.
        sargas: version of the program.
        now_ms: when it is sent, wall clock; None writes the alert's own time, and the same alert
            gives the same bytes.
        with_history: one message for every version that the group may know, where a format knows
            messages.
    """

    sender: str = ""
    contact: str = ""
    sargas: str = ""
    now_ms: int | None = None
    with_history: bool = False

    def time(self, said: str) -> str:
        """Give when a message is sent, ISO 8601."""
        return said if self.now_ms is None else iso(self.now_ms)


def mark(body: Mapping[str, Any]) -> str:
    """Give what stands before every title of an exercise; empty for a real alert.

    Example:
        >>> mark({"exercise": "eagle-s"}), mark({"exercise": None})
        ('EXERCISE eagle-s: ', '')
    """
    return "" if body["exercise"] is None else f"{EXERCISE} {body['exercise']}: "


def not_real(body: Mapping[str, Any]) -> str:
    """Say of an exercise what it is; empty for a real alert."""
    return "" if body["exercise"] is None else f"{mark(body)}none of this is real."


def detector_words(body: Mapping[str, Any]) -> str:
    """Name what was seen, in small letters.

    Example:
        >>> detector_words({"detector": "slow_in_corridor"})
        'slow in corridor'
    """
    return str(body["detector"]).replace("_", " ")


def title(body: Mapping[str, Any]) -> str:
    """Write one line that names the alert: an exercise first, then priority, what, and who.

    Example:
        >>> title({"exercise": None, "priority": "P2", "state": "open", "detector": "drag_onset",
        ...        "subject": {"domain": "sea", "mmsi": 230000000, "name": "A SHIP"}})
        'Warning P2: drag onset, A SHIP (MMSI 230000000)'
    """
    priority = body["priority"]
    words = f"{PRIORITY_WORDS.get(priority, '')} {priority}: {detector_words(body)}"
    ended = "" if body["state"] == "open" else f", {body['state']}"
    who = vessel_words(body)
    return mark(body) + words + ended + (f", {who}" if who else "")


def vessel_words(body: Mapping[str, Any]) -> str:
    """Name the vessel; empty where the group does not get it or there is none."""
    subject = body["subject"]
    name, mmsi = subject.get("name") or "", subject.get("mmsi")
    if not mmsi:
        return str(name)
    number = f"MMSI {mmsi}" if subject.get("domain") == "sea" else f"{mmsi:06x}"
    return f"{name} ({number})" if name else number


def remarks(alert: Released, body: Mapping[str, Any]) -> str:
    """Write all that is said in sentences, one a line: an exercise first, the caveat last."""
    against = body.get("against") or ()
    lines = [
        not_real(body),
        body.get("text") or "",
        f"What speaks against it: {'; '.join(against)}." if against else "",
        "Retracted: the watch no longer holds this." if body["state"] == "retracted" else "",
        f"Not told to {alert.group}: {', '.join(alert.redacted)}." if alert.redacted else "",
        CAVEAT,
    ]
    return "\n".join(line for line in lines if line)


def tests(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give each test as (feature, measured against which limit)."""
    return [
        (r["feature"], f"{_number(r['value'])} {r['unit']}, threshold {_number(r['threshold'])} "
         f"{r['unit']}, {'passed' if r['passed'] else 'not passed'}")
        for r in body.get("why") or ()
    ]  # fmt: skip


def place(body: Mapping[str, Any]) -> tuple[float, float] | None:
    """Give where it is, as (longitude, latitude); None where that is not told or not known."""
    lon, lat = body.get("lon"), body.get("lat")
    return None if lon is None or lat is None else (float(lon), float(lat))


def error_m(body: Mapping[str, Any]) -> float | None:
    """Give how far the place may be off, metres; None for unknown.

    Example:
        >>> error_m({"context": {"gnss": "active"}}), error_m({"context": {"gnss": "not seen"}})
        (None, 100.0)
        >>> error_m({})
    """
    gnss = (body.get("context") or {}).get("gnss")
    return None if gnss in (None, "active") else FIX_ERROR_M


def as_json(alert: Released, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give a version as JSON: its fields, and what the group must know of them."""
    return {
        "title": title(body), **body,
        "release": {"group": alert.group, "redacted": list(alert.redacted)},
        "caveat": f"{not_real(body)} {CAVEAT}".strip(),
    }  # fmt: skip


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"
