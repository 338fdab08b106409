"""A home with old days, and what a rule lets stay of it, worked out row by row."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sargas.model.fixes import Fixes, Statics
from sargas.model.time import DAY_MS, HOUR_MS, day_of, parse_iso
from sargas.store.home import Home
from sargas.store.ledger import Ledger
from sargas.store.retention import Rule
from sargas.store.shards import ShardWriter, read_day, read_statics_day
from sargas.store.thinning import Application
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS, make_fixes, reports

DAYS = 12
MARGIN_MS = 12 * HOUR_MS
RULE = Rule(fixes_days=7, statics_days=8)


def fill(path, seed=1, n=600, buffer_rows=200):
    """Make a home of twelve days with alerts about its vessels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sargas.store.home.SHARDS", 3)  # fewer files, each as full
        home = Home(path)
    rng = np.random.default_rng(seed)
    fixes = make_fixes(n, seed, span_ms=DAYS * DAY_MS)
    # Time of the day before is as likely as any: the newest day is full, too.
    statics = Statics.build(
        n // 3, subject_id=rng.integers(230_000_000, 230_000_004, n // 3),
        t_ms=T0_MS + rng.integers(0, DAYS * DAY_MS, n // 3),
    )  # fmt: skip
    with ShardWriter(home) as writer:
        for start in range(0, n, buffer_rows):
            writer.append(fixes.take(slice(start, start + buffer_rows)))
            writer.append_statics(statics.take(slice(start // 3, (start + buffer_rows) // 3)))
            writer.flush()
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", alerts(rng))
    return home


def alerts(rng):
    """Some alerts of every kind over all days."""
    out = []
    for n in range(12):
        start_ms = T0_MS + int(rng.integers(0, DAYS * DAY_MS))
        length_ms = int(rng.integers(0, 30 * HOUR_MS))
        first = make_alert(
            n, priority=f"P{rng.integers(1, 4)}", t_start_ms=start_ms,
            t_detected_ms=start_ms + length_ms, t_issued_ms=start_ms + length_ms,
            muted_by=("port",) if n % 4 == 0 else (),
            evidence_ms=(start_ms - length_ms // 2, start_ms + length_ms) if n % 2 else None,
            context={"other": {"mmsi": 230_000_003}} if n == 5 else {},
        )  # fmt: skip
        out.append(first)
        if n % 3 == 0:
            later_ms = first.t_issued_ms + HOUR_MS
            out.append(first.revised(t_issued_ms=later_ms, state="retracted" if n % 6 else "open"))
    return out


def must_stay(home, rule):
    """What the rule lets stay of all rows, by table, looked at row by row."""
    with Ledger(home) as ledger:
        bodies = [ledger.alert(alert["id"])["versions"] for alert in ledger.alerts()]
    spans = [span for versions in bodies for span in spans_of(versions, rule.evidence)]
    newest = date.fromisoformat(day_of(T0_MS + (DAYS - 1) * DAY_MS))
    out = {}
    for table, days in (("fixes", rule.fixes_days), ("statics", rule.statics_days)):
        rows = read_all(home, table)
        stays = np.zeros(len(rows), bool)
        for i in range(len(rows)):
            t_ms, who = int(rows.t_ms[i]), (int(rows.domain[i]), int(rows.subject_id[i]))
            day = day_of(t_ms)
            age = (newest - date.fromisoformat(day)).days
            stays[i] = days is None or age < days or day in rule.keep
            stays[i] |= any(who == (0, n) and a <= t_ms <= b for n, a, b in spans)
        out[table] = reports(rows.take(stays))
    return out


def spans_of(versions, priority):
    """Spans of vessels that an alert rests on, with the margin; none where it does not count."""
    loud = [v for v in versions if not v["muted_by"] and priority and v["priority"] <= priority]
    if not loud or versions[-1]["state"] == "retracted":
        return []
    numbers = {v["subject"]["mmsi"] for v in versions}
    numbers |= {v["context"]["other"]["mmsi"] for v in versions if "other" in v["context"]}
    times = [v[k] for v in versions for k in ("t_start", "t_detected", "t_issued")]
    times += [v["evidence"][k] for v in versions if v["evidence"] for k in ("from", "to")]
    times = [parse_iso(text) for text in times]
    return [(n, min(times) - MARGIN_MS, max(times) + MARGIN_MS) for n in numbers]


def read_all(home, table="fixes"):
    read, kind = (read_day, Fixes) if table == "fixes" else (read_statics_day, Statics)
    return kind.concat(read(home, day) for day in home.days(table))


def apply(home, rule=RULE, officer="V.P."):
    """Apply a rule as the command does; gives the application's account."""
    with home.writing():
        application = Application(home, rule)
        for place in application.places():
            application.thin(place)
        assert application.failed == {}
        done = application.done
        application.note(officer, t_ms=application.newest_ms, at_ms=1)
    return done
