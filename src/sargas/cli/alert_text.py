"""Alerts on stdout: one as text for people, or several as a table or JSON lines."""

from __future__ import annotations

from typing import Any

from sargas.cli.listed import lists_naming
from sargas.cli.words import clean_text, put_json, put_table
from sargas.model.alerts import PRIORITY_WORDS, Alert
from sargas.model.listing import entry_lines
from sargas.model.place import place_text
from sargas.model.time import iso


def print_alerts(alerts: list[Alert], *, json: bool) -> None:
    """Write the alerts to stdout.

    Columns that say nothing of any of them are left out: EXERCISE, the mutes, the user's lists,
    and since when a later version's text holds.
    """
    if json:
        for alert in alerts:
            put_json(alert.to_dict())
    elif alerts:
        columns = [
            ("EXERCISE", ["EXERCISE" if a.exercise else "" for a in alerts]),
            ("priority", [a.priority for a in alerts]),
            ("detected", [iso(a.t_detected_ms) for a in alerts]),
            ("as of", [iso(a.t_issued_ms) if a.version > 1 else "" for a in alerts]),
            ("detector", [a.detector for a in alerts]),
            ("state", [a.state for a in alerts]),
            ("muted by", [", ".join(a.muted_by) for a in alerts]),
            ("listed by", [lists_naming(a) for a in alerts]),
            ("what", [a.text for a in alerts]),
        ]
        told = [(head, cells) for head, cells in columns if any(cells)]
        put_table([head for head, _ in told], list(zip(*(c for _, c in told), strict=True)))


def put_alert(alert: dict[str, Any]) -> None:
    """Write one alert for people."""
    subject, priority = alert["subject"], alert["priority"]
    if alert["exercise"]:
        print(f"EXERCISE {clean_text(alert['exercise'])}: none of this is real.")
    print(f"{PRIORITY_WORDS.get(priority, priority)} {priority}, {alert['detector']}, "
          f"{alert['state']}")  # fmt: skip
    print(f"{clean_text(alert['text'])}\n")
    rows = [
        ("id", alert["id"]),
        ("vessel", f"{subject['name'] or 'name not received'}, MMSI {subject['mmsi']}, "
                   f"IMO {subject['imo'] or 'not received'}"),
        ("began", alert["t_start"]),
        ("detected", alert["t_detected"]),
        *([("ended", alert["t_end"])] if alert["t_end"] else []),
        ("position", _position(alert)),
        *([("asset", _asset_words(alert["asset"]))] if alert["asset"] else []),
        *_context_rows(alert["context"], subject["imo"]),
        *([("muted by", ", ".join(alert["muted_by"]))] if alert["muted_by"] else []),
        *[("note", note) for note in alert["notes"]],
        ("rules", f"{alert['rules']}, detector version {alert['detector_version']}, geometry "
                  f"{alert['geometry']}"),
    ]  # fmt: skip
    put_table(("what", "value"), rows)
    if alert["why"]:
        print()
        head = ("test", "measured", "threshold", "margin", "unit", "passed")
        put_table(head, [
            (r["feature"], _number(r["value"]), _number(r["threshold"]),
             _number(r["margin"], sign=True), r["unit"], "yes" if r["passed"] else "no")
            for r in alert["why"]
        ])  # fmt: skip
    print()
    put_table(("against",), [(text,) for text in alert["against"]] or [("nothing was found",)])
    if alert["next_assets"]:
        print()
        put_table(("ahead at", "between", "km", "kind", "asset"), [
            (n["eta"], _between(n), f"{n['distance_km']:.1f}", n["kind"], n["name"])
            for n in alert["next_assets"]
        ])  # fmt: skip
    print()
    put_table(("version", "issued", "priority", "state", "what"), [
        (str(v["version"]), v["t_issued"], v["priority"], v["state"], v["text"])
        for v in alert["versions"]
    ])  # fmt: skip


def whose(alert: dict[str, Any]) -> str:
    """Name the partner that sent an alert; empty for one of our own.

    Example:
        >>> whose({"id": "0a"}), whose({"origin": {"peer": "riga", "instance": "66687aad"}})
        ('', 'riga')
    """
    origin = alert.get("origin")
    return str(origin["peer"] or origin["instance"][:8]) if origin else ""


def sentence(alert: dict[str, Any]) -> str:
    """Give what an alert says in words; of a partner's that is not always told."""
    return str(alert.get("text") or "the sentence is not told")


def _between(ahead: dict[str, Any]) -> str:
    """Write the interval of a time ahead, where it is told."""
    between = ahead.get("eta_interval")
    return f"{between[0][11:16]}..{between[1][11:16]}" if between else ""


def _position(alert: dict[str, Any]) -> str:
    known = alert["lon"] is not None and alert["lat"] is not None
    return place_text(alert["lon"], alert["lat"]) if known else "unknown"


def _asset_words(asset: dict[str, Any]) -> str:
    """Name an asset, how far off it is and how well its own place is known."""
    text = f"{asset['name']} ({asset['kind']}, {asset['id']})"
    if asset["distance_m"] is not None:
        text += f", {asset['distance_m']:.0f} m off"
    if asset["accuracy_m"] is not None:
        text += f", its own place known to {asset['accuracy_m']:.0f} m"
    return text


def _context_rows(context: dict[str, Any], imo: int | None) -> list[tuple[str, str]]:
    """Write the context, a row a value; what lists say of the vessel has a row an entry."""
    rows = []
    for name, value in context.items():
        if name == "lists":
            rows += [("listed by", line) for line in entry_lines(value, imo)]
        else:
            rows.append((name, _context_text(value)))
    return rows


def _context_text(value: object) -> str:
    """Write a value of the context; what is not known is said."""
    if value is None or value in ("", []):
        return "none" if value == [] else "unknown"
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _number(value: float | None, *, sign: bool = False) -> str:
    """Write a number to four digits; thousands are whole.

    Example:
        >>> _number(1.8514), _number(20000.4), _number(0.0621, sign=True), _number(None)
        ('1.851', '20,000', '+0.0621', 'unknown')
    """
    if value is None:
        return "unknown"
    form = ",.0f" if abs(value) >= 1000 else ".4g"
    return f"{value:{'+' if sign else ''}{form}}"
