"""A dossier: one alert as one HTML file, to be read, sent and printed.

It holds all it shows: no script, no font, no picture and no address from elsewhere, and a policy
in its head that would refuse them. Every text from outside is escaped (`model.svg.shown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sargas.model.alerts import PRIORITY_WORDS
from sargas.model.listing import entry_lines
from sargas.model.place import place_text
from sargas.model.svg import shown
from sargas.model.svg_alert import MARKS, alert_chart, alert_map, points_ahead, value_text, who
from sargas.model.time import iso
from sargas.share.dossier_style import STYLE, page_style
from sargas.share.evidence import CAVEAT, Evidence

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
LONG = 90
"""Letters of a fact from which on it takes a row of its own on paper."""
ROWS = 24
"""Fixes in the printed table; all of them are in fixes.csv."""


def as_html(evidence: Evidence) -> str:
    """Write the dossier."""
    alert = evidence.alert
    title = f"{alert['detector'].replace('_', ' ')} · {who(alert)} · {alert['t_detected']}"
    body = "\n".join(
        part
        for part in (
            _banner(evidence),
            _head(alert),
            _facts(evidence),
            _pictures(evidence),
            _tests(alert),
            _against(alert),
            _ahead(alert),
            _context(evidence),
            _versions(evidence),
            _fixes(evidence),
            _rules(evidence),
            _provenance(evidence),
        )
        if part
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="color-scheme" content="light dark">
<title>{shown(title)}</title>
<style>{STYLE}{page_style(alert["id"], is_exercise=bool(alert["exercise"]))}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _section(title: str, *parts: str, name: str = "") -> str:
    """Write a part with its heading; nothing where there is nothing to say."""
    inner = "\n".join(p for p in parts if p)
    kind = f' class="{name}"' if name else ""
    return f"<section{kind}>\n<h2>{shown(title)}</h2>\n{inner}\n</section>" if inner else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], kind: str = "") -> str:
    """Write a table; every cell is escaped."""
    top = "".join(f'<th scope="col">{shown(cell)}</th>' for cell in head)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{shown(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _facts_list(rows: Iterable[tuple[str, object]]) -> str:
    """Write short facts, a name and a value each."""
    inner = "".join(
        f"<div{_long(value)}><dt>{shown(name)}</dt><dd>{shown(value)}</dd></div>"
        for name, value in rows
    )
    return f'<dl class="facts">{inner}</dl>' if inner else ""


def _long(value: object) -> str:
    """Give a value the whole width where a column of it would be a page long."""
    return ' class="long"' if len(str(value)) > LONG else ""


def _list(texts: Iterable[object]) -> str:
    inner = "".join(f"<li>{shown(text)}</li>" for text in texts)
    return f"<ul>{inner}</ul>" if inner else ""


def _para(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{shown(text)}</p>' if text else ""


def _banner(evidence: Evidence) -> str:
    """Say first that it is an exercise, where it is one."""
    exercise = evidence.alert["exercise"]
    if not exercise:
        return ""
    note = f"<br>{shown(evidence.exercise_note)}" if evidence.exercise_note else ""
    return (
        f'<div class="exercise"><strong>EXERCISE · SYNTHETIC</strong> {shown(exercise)}: none of '
        f"this is real.{note}</div>"
    )


def _head(alert: Mapping[str, Any]) -> str:
    """Write what it is, of whom, and the sentence that can be read out."""
    priority = alert["priority"]
    muted = alert["muted_by"]
    chips = [alert["state"], *(["muted"] if muted else [])]
    said = "".join(f'<span class="chip">{shown(chip)}</span>' for chip in chips)
    return (
        f'<header><p class="kind {shown(priority)}">{MARKS.get(priority, "")} '
        f"{shown(PRIORITY_WORDS.get(priority, priority))} {shown(priority)} · "
        f"{shown(alert['detector'].replace('_', ' '))} {said}</p>\n"
        f"<h1>{shown(who(alert))}</h1>\n{_para(alert['text'], 'sentence')}\n"
        f"{_para(CAVEAT, 'caveat')}</header>"
    )


def _facts(evidence: Evidence) -> str:
    """Write when, where, whom and what, in short."""
    alert, subject, asset = evidence.alert, evidence.alert["subject"], evidence.alert["asset"]
    rows: list[tuple[str, object]] = [
        ("Began", _time(alert["t_start"])),
        ("Detected", _time(alert["t_detected"])),
    ]
    if alert["version"] > 1:
        rows.append(("As of", _time(alert["t_issued"])))
    if alert["t_end"]:
        rows.append(("Ended", _time(alert["t_end"])))
    if alert["lon"] is not None and alert["lat"] is not None:
        rows.append(("Position", place_text(alert["lon"], alert["lat"])))
    if asset:
        rows.append(("Asset", f"{asset['name']} ({asset['kind'].replace('_', ' ')})"))
        rows.append(("Distance", _distance(asset)))
        if asset["kp_km"] is not None:
            rows.append(("Along it", f"km {asset['kp_km']:.1f}"))
    rows += [
        ("IMO", subject["imo"] or "not received"),
        ("Call sign", subject["callsign"] or "not received"),
        ("Length", f"{subject['length_m']} m" if subject["length_m"] else "not received"),
        *evidence.vessel_words,
    ]
    return f'<section class="short">{_facts_list(rows)}</section>'


def _time(text: str) -> str:
    return f"{text[:10]} {text[11:19]} UTC"


def _distance(asset: Mapping[str, Any]) -> str:
    """Say how far off the asset is, and how well its own place is known."""
    known = asset["distance_m"]
    accuracy = asset["accuracy_m"]
    where = "unknown" if known is None else f"{known:,.0f} m"
    return where if accuracy is None else f"{where}; its own place is known to ±{accuracy:,.0f} m"


def _pictures(evidence: Evidence) -> str:
    """Draw the map and the chart; without fixes only the map."""
    alert, fixes = evidence.alert, evidence.reports
    drawn = alert_map(alert, fixes, evidence.near, evidence.land)
    band = any(a.is_main and a.accuracy_m > 0 for a in evidence.near)
    legend = (
        "Track with its fixes; ring with strokes: where the vessel was when this version was "
        "written. Lines: cables (solid), pipelines (dashed), wind farms (dotted)."
        + (" The pale band is the room that the asset's position leaves." if band else "")
        + (
            " Numbers: assets ahead, as listed below; where they crowd, the nearest."
            if points_ahead(alert)
            else ""
        )
    )
    chart = alert_chart(alert, fixes, evidence.evidence_ms)
    received = len(evidence.fixes)
    copies = f", received {received:,} times by several stations" if received > len(fixes) else ""
    words = (
        f"{_number(len(fixes))}{copies}. Shaded: the span that the alert rests on. A line stops "
    )
    words += "where nothing was received."
    if not len(fixes):
        words = "No fix of this vessel is stored for this span."
    return _section(
        "Where and how",
        f"<figure>{drawn}<figcaption>{shown(legend)}</figcaption></figure>" if drawn else "",
        f"<figure>{chart}<figcaption>{shown(words)}</figcaption></figure>",
        name="pictures",
    )


def _tests(alert: Mapping[str, Any]) -> str:
    """Write every test with its margin."""
    rows = [
        (r["feature"], value_text(r["value"], r["unit"]), value_text(r["threshold"], r["unit"]),
         value_text(r["margin"], r["unit"], sign=True), "passed" if r["passed"] else "not passed")
        for r in alert["why"]
    ]  # fmt: skip
    notes = _list(alert["notes"])
    head = ("test", "measured", "threshold", "margin", "")
    return _section("Why", _table(head, rows, "numbers"), notes)


def _against(alert: Mapping[str, Any]) -> str:
    """Write what speaks against it."""
    none = "The tests found nothing that speaks against it."
    return _section("What speaks against it", _list(alert["against"]) or _para(none))


def _ahead(alert: Mapping[str, Any]) -> str:
    """Write the assets ahead."""
    rows = [
        (k, n["name"], n["kind"].replace("_", " "), f"{n['distance_km']:.1f} km", _eta(n),
         "" if n["lon"] is None or n["lat"] is None else place_text(n["lon"], n["lat"]))
        for k, n in enumerate(alert["next_assets"], 1)
    ]  # fmt: skip
    if not rows:
        return ""
    head = ("", "asset", "kind", "distance", "reached on this course and speed", "where")
    return _section("Ahead on the course of then", _table(head, rows, "ahead"))


def _eta(ahead: Mapping[str, Any]) -> str:
    """Write when an asset ahead would be reached, and between which times where that is told."""
    text, between = _time(ahead["eta"]), ahead.get("eta_interval")
    return f"{text} ({between[0][11:16]} to {between[1][11:16]})" if between else text


def _context(evidence: Evidence) -> str:
    """Write the state of GNSS, reception and depth, and whatever else the detector noted."""
    rows = []
    for name, value in evidence.alert["context"].items():
        if name == "lists":
            lines = entry_lines(value, evidence.alert["subject"]["imo"])
            rows += [("Listed by", line) for line in lines]
            continue
        if value is None or value in ("", []):
            said = "none" if value == [] else "unknown"
        elif name == "depth_m":
            said = f"{abs(value):.0f} m ± 50 m, coarse"
        elif isinstance(value, dict):
            said = ", ".join(f"{part} {one}" for part, one in value.items())
        elif isinstance(value, list):
            said = ", ".join(map(str, value))
        else:
            said = str(value)
        words = {"gnss": "GNSS", "depth_m": "Depth"}
        rows.append((words.get(name, name.replace("_", " ").capitalize()), said))
    muted = evidence.alert["muted_by"]
    if muted:
        rows.append(("Muted by", ", ".join(muted)))
    if evidence.alert["group"]:
        rows.append(("Group", evidence.alert["group"]))
    return _section("Context", _facts_list(rows))


def _versions(evidence: Evidence) -> str:
    """Write what was known when."""
    rows = [
        (v["version"], _time(v["t_issued"]), v["priority"], v["state"], v["text"])
        for v in evidence.versions
    ]
    return _section("Versions", _table(("", "issued", "priority", "state", "what"), rows))


def _fixes(evidence: Evidence) -> str:
    """Write some of the fixes that the alert rests on."""
    low, high = evidence.evidence_ms
    fixes = evidence.reports
    fixes = fixes.take((fixes.t_ms >= low) & (fixes.t_ms <= high))
    n = len(fixes)
    if not n:
        return ""
    picked = fixes.take(np.unique(np.linspace(0, n - 1, min(n, ROWS)).round().astype(np.int64)))
    lon, lat = picked.lon_deg, picked.lat_deg
    sog, cog, heading = picked.sog_kn, picked.cog_deg, picked.heading_deg
    rows = [
        (
            iso(int(picked.t_ms[i])),
            place_text(float(lon[i]), float(lat[i])) if lon[i] == lon[i] else "not available",
            _known(float(sog[i]), ".1f"), _known(float(cog[i]), "05.1f"),
            _known(float(heading[i]), "03.0f"), int(picked.msg_type[i]),
        )
        for i in range(len(picked))
    ]  # fmt: skip
    count = _number(n) if n <= ROWS else f"{len(picked)} of {n:,} fixes, evenly chosen"
    words = f"{count}, from {iso(low)} to {iso(high)}; all are in fixes.csv of the bundle."
    head = ("received", "position", "SOG kn", "COG °", "HDG °", "type")
    return _section("Fixes", _para(words), _table(head, rows, "numbers mono"))


def _number(n: int) -> str:
    return f"{n:,} fix" if n == 1 else f"{n:,} fixes"


def _known(value: float, form: str) -> str:
    return "–" if value != value else f"{value:{form}}"


def _rules(evidence: Evidence) -> str:
    """Write the detector's thresholds, and whether they are those of the alert."""
    rows = [
        (name, f"{t['value']:g}", t["unit"], t["source"])
        for name, t in evidence.rules.detector.items()
    ]
    words = "" if evidence.same_rules else (
        f"The alert was made under the rules {evidence.alert['rules']}; these are "
        f"{evidence.rules.version}. What it was tested against stands above, under Why."
    )  # fmt: skip
    table = _table(("threshold", "value", "unit", "source"), rows) if rows else ""
    return _section("Thresholds of this detector", _para(words, "warning"), table)


def _provenance(evidence: Evidence) -> str:
    """Write versions, sources and licences."""
    alert = evidence.alert
    same = "" if evidence.same_geometry else (
        f"The alert was made over the geometry {alert['geometry']}; the map shows "
        f"{evidence.geometry}: an asset may be drawn elsewhere than it was then."
    )  # fmt: skip
    facts = [
        ("Alert", f"{alert['id']}, version {alert['version']}"),
        ("Detector", f"{alert['detector']}, version {alert['detector_version']}"),
        ("Rules", alert["rules"]),
        ("Geometry", alert["geometry"]),
        ("Written by", f"sargas {evidence.sargas}"),
    ]
    return _section(
        "Where this comes from", _para(same, "warning"), _facts_list(facts),
        _list(evidence.credits), name="provenance",
    )  # fmt: skip
