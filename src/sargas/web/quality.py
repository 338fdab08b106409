"""How good the picture is: what the feeds bring, what the detectors raise, and the budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS, iso, parse_iso
from sargas.model.triage import DISMISSED, DONE, UNSEEN
from sargas.store import Archive

RATE_SPAN_MS = 10 * MINUTE_MS
"""Rates are counted over so long before the clock (chosen)."""
WITHOUT_WATCH_MS = 8 * HOUR_MS
"""So much counts as this watch where nobody has taken it."""
BUDGET = (
    ("P1 in 24 h", ("P1",), DAY_MS, 2),
    ("P1 and P2 in 24 h", ("P1", "P2"), DAY_MS, 24),
    ("P1 and P2 in 10 min", ("P1", "P2"), 10 * MINUTE_MS, 1),
)
"""What one seat can look at. Source: EEMUA 191 for ten minutes; the day's are chosen, for one seat
over the Baltic."""


def stations(archive: Archive, t_ms: int) -> list[dict[str, Any]]:
    """Tell what each station of each source brought lately, as of an event time.

    Returns:
        `source`, `station` (its number; `named 1` and so on where it has a name, which a home
        does not keep; null where it has neither), `fixes_per_min`, `vessels`, `last` and
        `silent_s`, the event time since its last fix.
    """
    found = archive.stations(t_ms - HOUR_MS, t_ms)
    lately = {
        (s["src_id"], s["station"]): s for s in archive.stations(t_ms - RATE_SPAN_MS + 1, t_ms)
    }
    rows = []
    for one in found:
        recent = lately.get((one["src_id"], one["station"]), {"fixes": 0, "subjects": 0})
        rows.append(
            {
                "source": one["src_id"],
                "station": _station(one["station"]),
                "fixes_per_min": round(recent["fixes"] * MINUTE_MS / RATE_SPAN_MS, 1),
                "vessels": recent["subjects"],
                "last": iso(one["last_ms"]),
                "silent_s": (t_ms - one["last_ms"]) // 1000,
            }
        )
    return rows


def _station(code: int) -> int | str | None:
    """Write a station as fixes hold it: names are codes below -1 there."""
    return code if code >= 0 else None if code == -1 else f"named {-1 - code}"


def detectors(alerts: Sequence[dict[str, Any]], from_ms: int, to_ms: int) -> list[dict[str, Any]]:
    """Tell what each detector raised in a span, and what people made of all it ever raised.

    Args:
        alerts: with their triage, as of `to_ms`.
        from_ms, to_ms: the span of the watch, event time.

    Returns:
        One row a detector: `raised` by priority and `muted` in the span; `handled` and `dismissed`
        over all time, `reasons` of the dismissals; `dismissed_share` is null below five handled.
    """
    rows: dict[str, dict[str, Any]] = {}
    for alert in alerts:
        row = rows.setdefault(
            alert["detector"],
            {"detector": alert["detector"], "raised": {"P1": 0, "P2": 0, "P3": 0}, "muted": 0,
             "open": 0, "handled": 0, "dismissed": 0, "reasons": Counter()},
        )  # fmt: skip
        is_muted, state = bool(alert["muted_by"]), alert["triage"]["state"]
        if from_ms <= parse_iso(alert["t_detected"]) <= to_ms:
            row["muted"] += is_muted
            row["raised"][alert["priority"]] += not is_muted
        row["open"] += state not in DONE and not is_muted and alert["priority"] != "P3"
        row["handled"] += state not in UNSEEN
        if state == DISMISSED:
            row["dismissed"] += 1
            row["reasons"][alert["triage"]["reason"]] += 1
    for row in rows.values():
        handled = row["handled"]
        row["dismissed_share"] = round(row["dismissed"] / handled, 2) if handled >= 5 else None
        row["reasons"] = dict(row["reasons"].most_common())
    return sorted(rows.values(), key=lambda r: (-sum(r["raised"].values()), r["detector"]))


def budget(alerts: Sequence[dict[str, Any]], t_ms: int) -> list[dict[str, Any]]:
    """Set what rang against what one seat can look at.

    Returns:
        `name`, `count` and `most` of each line of the budget.
    """
    rang = [(a["priority"], parse_iso(a["t_detected"])) for a in alerts if not a["muted_by"]]
    return [
        {
            "name": name,
            "count": sum(p in priorities and t_ms - span_ms < at <= t_ms for p, at in rang),
            "most": most,
        }
        for name, priorities, span_ms, most in BUDGET
    ]


def quality(
    archive: Archive,
    alerts: Sequence[dict[str, Any]],
    feeds: Sequence[dict[str, Any]],
    rejected: dict[str, int],
    from_ms: int | None,
    t_ms: int,
) -> dict[str, Any]:
    """Put the panel together.

    Args:
        archive: the stored fixes.
        alerts: with their triage, as of the clock.
        feeds: as `/api/status` tells of them.
        rejected: rows by the reason why they were no fix, over all that was ever read.
        from_ms: begin of the watch; None where nobody has it.
        t_ms: the clock.
    """
    begin_ms = t_ms - WITHOUT_WATCH_MS if from_ms is None else from_ms
    return {
        "t": iso(t_ms),
        "since": iso(begin_ms),
        "since_watch": from_ms is not None,
        "feeds": list(feeds),
        "stations": stations(archive, t_ms),
        "rejected": dict(sorted(rejected.items(), key=lambda item: -item[1])),
        "detectors": detectors(alerts, begin_ms, t_ms),
        "budget": budget(alerts, t_ms),
    }
