"""The handover of a watch: what rang, who took it and how soon, and what is open."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from sargas.errors import NotFoundError
from sargas.model.alerts import OPEN, PRIORITY_WORDS
from sargas.model.suspension import Suspension, suspensions_of
from sargas.model.time import HOUR_MS, MINUTE_MS, iso, parse_iso
from sargas.model.triage import DONE, END_WATCH, REASONS, START_WATCH, STATE_WORDS, Act
from sargas.store.standing import Standing

FEED_DETECTORS = ("feed_health", "feed_link")
ENDING_MS = 8 * HOUR_MS
"""Suspensions that end within so long are told: the next watch will hear of what they mute."""
WATCHES_TOLD = 20
"""So many watches are named to choose from, the newest."""
COLUMNS = (
    "id", "priority", "detector", "vessel", "mmsi", "asset", "detected", "state", "taken_by",
    "taken_after_min", "owner", "reason", "escalated_to", "reference", "snoozed_until",
    "rang_in_this_watch", "open", "last_comment", "exercise",
)  # fmt: skip
"""Columns of the CSV, one row an alert that rang in the watch or is open at its end."""


class WatchSpan(NamedTuple):
    """One officer's watch; `to_ms` is None while it lasts."""

    seq: int
    officer: str
    from_ms: int
    to_ms: int | None
    comment: str


def watches(lines: Iterable[Act]) -> list[WatchSpan]:
    """List the watches that a log tells of, the newest first."""
    found: dict[int, WatchSpan] = {}
    for act in lines:
        if act.verb == START_WATCH:
            found[act.seq] = WatchSpan(act.seq, act.officer, act.t_ms, None, "")
        elif act.verb == END_WATCH and (begun := found.get(act.detail.get("started", 0))):
            said = str(act.detail.get("comment", ""))
            found[begun.seq] = begun._replace(to_ms=act.t_ms, comment=said)
    return sorted(found.values(), reverse=True)


def watch_of(spans: Sequence[WatchSpan], officer: str = "", seq: int | None = None) -> WatchSpan:
    """Choose a watch: by number, else the newest of an officer, else the newest of all.

    Raises:
        NotFoundError: there is no such watch.
    """
    for span in spans:
        if seq is None and officer in ("", span.officer):
            return span
        if span.seq == seq:
            return span
    which = f"number {seq}" if seq is not None else f"of {officer}" if officer else "yet"
    raise NotFoundError(
        f"The log tells of no watch {which}.",
        hint="Take one on the screen (sargas serve): it begins with a name.",
    )


def watch_handover(
    standing: Standing, now_ms: int, officer: str = "", seq: int | None = None
) -> dict[str, Any]:
    """Put together the handover of a watch, with the `watches` there were.

    Args:
        standing: how the alerts stand.
        now_ms: the event time at which it is asked for, ms UTC.
        officer, seq: whose watch, or which by its number; the newest of all without either.

    Raises:
        NotFoundError: there is no such watch.
    """
    log = standing.log
    lines = log.lines(as_of_ms=now_ms)
    spans = watches(lines)
    span = watch_of(spans, officer, seq)
    # What was handed over is told as it stood then, not as it became.
    as_of_ms = now_ms if span.to_ms is None else span.to_ms
    known = [line for line in lines if line.t_ms <= as_of_ms]
    head = log.head(known[-1].seq)
    past = [
        {"seq": s.seq, "officer": s.officer, "from": iso(s.from_ms),
         "to": iso(s.to_ms) if s.to_ms else None}
        for s in spans[:WATCHES_TOLD]
    ]  # fmt: skip
    report = handover(standing.triaged(as_of_ms), known, span, as_of_ms, head)
    return report | {"watches": past}


def handover(
    alerts: Sequence[dict[str, Any]], lines: Sequence[Act], span: WatchSpan, now_ms: int, head: str
) -> dict[str, Any]:
    """Put together what the next watch must know.

    Args:
        alerts: bodies of alerts with their `triage`, as of the end of the span or of `now_ms`.
        lines: the log up to then.
        span: the watch that is handed over.
        now_ms: event time up to which is known, ms UTC.
        head: hash of the log's newest line; printed, it proves later that nothing was changed.

    Returns:
        JSON values: `watch`, `counts`, `rang` (in this watch, or before it and taken in it),
        `open` (oldest first), `snoozed`, `suspensions` (ending in the next watch), `feeds`, `log`.
    """
    to_ms = now_ms if span.to_ms is None else span.to_ms
    heard = [a for a in alerts if not a["muted_by"]]
    ringing = [a for a in heard if a["priority"] != "P3"]
    rang = [
        a
        for a in ringing
        if span.from_ms <= _rang_ms(a) <= to_ms
        or span.from_ms <= (a["triage"]["taken_ms"] or 0) <= to_ms
    ]
    waiting = [a for a in ringing if a["triage"]["state"] not in DONE]
    asleep = [a for a in waiting if (a["triage"]["snoozed_until_ms"] or 0) > to_ms]
    still = [a for a in waiting if a not in asleep]
    own = [line for line in lines if span.from_ms <= line.t_ms <= to_ms and line.alert]
    return {
        "watch": _watch(span, to_ms),
        "counts": _counts(rang, heard, own, span.from_ms, to_ms),
        "rang": [_row(a, to_ms) for a in sorted(rang, key=_rang_ms)],
        "open": [_row(a, to_ms) for a in sorted(still, key=_rang_ms)],
        "snoozed": [
            _row(a, to_ms) for a in sorted(asleep, key=lambda a: a["triage"]["snoozed_until_ms"])
        ],
        "suspensions": [
            _suspension(one, alerts)
            for one in sorted(suspensions_of(lines, to_ms), key=lambda one: one.ends_ms)
            if to_ms < one.ends_ms <= to_ms + ENDING_MS
        ],
        "feeds": [
            {"name": a["subject"]["name"], "since": a["t_start"], "until": a["t_end"],
             "state": a["state"], "text": a["text"]}
            for a in heard
            if a["detector"] in FEED_DETECTORS
            and (a["state"] == OPEN or parse_iso(a["t_end"] or a["t_issued"]) >= span.from_ms)
        ],
        "log": {"lines": lines[-1].seq if lines else 0, "head": head},
    }  # fmt: skip


def to_csv(report: dict[str, Any]) -> str:
    """Write a handover as CSV, UTF-8, one row an alert.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    rang = {row["id"] for row in report["rang"]}
    rows = {row["id"]: row for part in ("rang", "open", "snoozed") for row in report[part]}
    for row in rows.values():
        after = row["taken_after_ms"]
        writer.writerow(
            [
                _plain(cell)
                for cell in (
                    row["id"], row["priority"], row["detector"], row["vessel"], row["mmsi"],
                    row["asset"], row["detected"], row["state"], row["taken_by"],
                    None if after is None else round(after / MINUTE_MS, 1), row["owner"],
                    row["reason"], row["to"], row["ref"], row["snoozed_until"],
                    "yes" if row["id"] in rang else "no", "yes" if row["is_open"] else "no",
                    row["comment"], "EXERCISE" if row["exercise"] else "",
                )
            ]
        )  # fmt: skip
    return out.getvalue()


def _rang_ms(alert: dict[str, Any]) -> int:
    """Say when an alert rang last: when it was detected, or raised again."""
    return int(alert["triage"]["raised_again_ms"] or parse_iso(alert["t_detected"]))


def _watch(span: WatchSpan, to_ms: int) -> dict[str, Any]:
    return {
        "seq": span.seq, "officer": span.officer, "from": iso(span.from_ms), "to": iso(to_ms),
        "from_ms": span.from_ms, "to_ms": to_ms, "ended": span.to_ms is not None,
        "comment": span.comment,
    }  # fmt: skip


def _counts(
    rang: list[dict[str, Any]],
    heard: list[dict[str, Any]],
    own: list[Act],
    from_ms: int,
    to_ms: int,
) -> dict[str, Any]:
    """Count what rang, what became of it, and how long it took."""
    triages = [a["triage"] for a in rang]
    taken = [t["taken_ms"] - _rang_ms(a) for a, t in zip(rang, triages, strict=True)
             if t["taken_ms"] is not None and t["taken_ms"] >= _rang_ms(a)]  # fmt: skip
    noted = [a for a in heard if a["priority"] == "P3"
             and from_ms <= parse_iso(a["t_detected"]) <= to_ms]  # fmt: skip
    return {
        "by_priority": {p: sum(a["priority"] == p for a in rang) for p in ("P1", "P2")},
        "notes": len(noted),
        "by_state": {s: n for s in STATE_WORDS if (n := sum(t["state"] == s for t in triages))},
        "by_reason": dict(Counter(t["reason"] for t in triages if t["reason"]).most_common()),
        "median_taken_after_ms": int(median(taken)) if taken else None,
        "slowest_taken_after_ms": max(taken, default=None),
        "acts_by_officer": dict(Counter(line.officer for line in own).most_common()),
    }


def _row(alert: dict[str, Any], to_ms: int) -> dict[str, Any]:
    """Write one alert of the report."""
    triage, subject = alert["triage"], alert["subject"]
    rang_ms, taken_ms = _rang_ms(alert), triage["taken_ms"]
    snoozed_ms = triage["snoozed_until_ms"]
    return {
        "id": alert["id"],
        "priority": alert["priority"],
        "word": PRIORITY_WORDS[alert["priority"]],
        "detector": alert["detector"],
        "vessel": subject["name"],
        "mmsi": subject["mmsi"] or None,
        "asset": alert["asset"]["name"] if alert["asset"] else None,
        "detected": alert["t_detected"],
        "rang_ms": rang_ms,
        "age_ms": to_ms - rang_ms,
        "text": alert["text"],
        "state": triage["state"],
        "is_open": triage["state"] not in DONE,
        "owner": triage["owner"],
        "taken_by": triage["taken_by"],
        "taken_after_ms": None if taken_ms is None else max(0, taken_ms - rang_ms),
        "reason": REASONS.get(triage["reason"], triage["reason"]),
        "to": triage["to"],
        "ref": triage["ref"],
        "snoozed_until": iso(snoozed_ms) if snoozed_ms else None,
        "comment": triage["comment"],
        "exercise": alert["exercise"],
    }


def _suspension(one: Suspension, alerts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Write a suspension of the report, with how many alerts it has muted by now."""
    names = {a["subject"]["mmsi"]: a["subject"]["name"] for a in alerts if a["subject"]["name"]}
    return {
        "id": one.id,
        "vessels": [{"mmsi": n, "name": names.get(n)} for n in one.mmsis],
        "imos": list(one.imos),
        "list": one.list_name,
        "detectors": list(one.detectors),
        "where": one.where if one.area else None,
        "from": iso(one.from_ms),
        "until": iso(one.ends_ms),
        "by": one.by,
        "reason": one.reason,
        "muted": sum(one.name in a["muted_by"] for a in alerts),
    }


def _plain(cell: object) -> object:
    """Keep a spreadsheet from running what came from outside.

    Example:
        >>> _plain("=HYPERLINK(1)"), _plain("EAGLE S"), _plain(None), _plain(-3)
        ("'=HYPERLINK(1)", 'EAGLE S', '', -3)
    """
    if cell is None:
        return ""
    if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell:
        return f"'{cell}"
    return cell
