"""Alerts that partners sent, at the command line: whose they are is said first, and always."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sargas.cli.alert_text import sentence, whose
from sargas.cli.words import clean_text, put_table
from sargas.errors import UsageError
from sargas.model.alerts import PRIORITY_WORDS

if TYPE_CHECKING:
    from sargas.store import Home


def came_from(stored: Home, origin: str) -> list[dict[str, Any]]:
    """Read the newest version of each alert that partners sent, oldest first.

    Args:
        stored: the home.
        origin: `all`, `partners`, a partner's name, or an instance or its beginning.

    Raises:
        NotFoundError: there is no such partner.
    """
    from sargas.store.partners import Partners
    from sargas.store.peers import ALL, PARTNERS

    if origin in (ALL, PARTNERS) and not stored.ledger_path.exists():
        return []  # assets alone were imported: asking must not make a ledger
    with Partners(stored) as partners:
        if origin in (ALL, PARTNERS):
            return partners.alerts()
        return partners.alerts([partners.origin_of(origin)])


def one_that_came(stored: Home, origin: str, wanted: str) -> dict[str, Any]:
    """Read one alert that a partner sent, with the versions that came.

    Raises:
        NotFoundError: there is no such partner or alert.
        UsageError: no single partner is named, or several alerts begin so.
    """
    from sargas.cli.kept_alerts import whole_id
    from sargas.store.partners import Partners
    from sargas.store.peers import ALL, PARTNERS

    if origin in (ALL, PARTNERS):
        raise UsageError(
            "Two partners may have alerts of one id.", hint="Name the partner with --origin."
        )
    with Partners(stored) as partners:
        instance = partners.origin_of(origin)
        name = whole_id(partners.alerts([instance]), wanted, stored)
        versions = partners.versions(name, instance)
    return {**versions[-1], "versions": versions}


def put_partner_alert(alert: dict[str, Any]) -> None:
    """Write one alert of a partner for people; what is not told has no row."""
    origin, priority = alert["origin"], alert["priority"]
    if alert["exercise"] is not None:
        print(f"EXERCISE {clean_text(alert['exercise'])}: none of this is real.")
    print(f"FROM {clean_text(whose(alert))}: an alert of a partner, not one of ours.")
    print(f"{PRIORITY_WORDS.get(priority, priority)} {priority}, {alert['detector']}, "
          f"{alert['state']}")  # fmt: skip
    print(f"{clean_text(sentence(alert))}\n")
    subject, release = alert["subject"], alert["release"]
    rows: list[tuple[str, object]] = [
        ("id", alert["id"]),
        ("origin", f"{origin['name']}, {origin['instance']}"),
        ("received", f"{origin['received']}, bundle {origin['bundle'][:12]}"),
        ("for", release["group"]),
        *([("never told", ", ".join(release["redacted"]))] if release["redacted"] else []),
        *[(name, subject[name]) for name in ("mmsi", "imo", "name", "callsign", "length_m")
          if subject.get(name) not in (None, "", 0)],
        ("began", alert["t_start"]),
        ("detected", alert["t_detected"]),
        *([("ended", alert["t_end"])] if alert["t_end"] else []),
        *([("position", f"lon {alert['lon']}, lat {alert['lat']}")]
          if alert.get("lon") is not None else []),
        *[(f"asset {name}", value) for name, value in (alert.get("asset") or {}).items()],
        *[(f"context {name}", value) for name, value in (alert.get("context") or {}).items()],
    ]  # fmt: skip
    put_table(("what", "value"), rows)
    if alert.get("why"):
        print()
        names = ("feature", "value", "threshold", "margin", "unit", "passed")
        put_table(names, [[row.get(name, "") for name in names] for row in alert["why"]])
    if alert.get("against"):
        print()
        put_table(("against",), [(text,) for text in alert["against"]])
    print()
    put_table(("version", "issued", "priority", "state", "what"), [
        (v["version"], v["t_issued"], v["priority"], v["state"], sentence(v))
        for v in alert["versions"]
    ])  # fmt: skip
