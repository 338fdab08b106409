"""`sargas alerts`: list and show what a home has kept; the other commands are named below."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from sargas.cli.alert_text import put_alert, sentence, whose
from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError
from sargas.model.alerts import PRIORITIES
from sargas.model.time import parse_iso

if TYPE_CHECKING:
    from sargas.store import Home

TABLE_WIDTH = 120
"""Columns of a terminal from which on the table leaves room for the sentences."""
ID_SHOWN = 10
"""Letters of an id in the table: enough to tell alerts of a year apart."""

app = App(
    name="alerts",
    help="The alerts a home has kept: list, show, triage, export as evidence, verify.",
    help_format="plaintext",
)

_ACTS = (
    ("ack", "Acknowledge alerts: somebody has looked."),
    ("claim", "Claim alerts: the others see that you are on them."),
    ("dismiss", "Dismiss alerts, with the reason."),
    ("escalate", "Escalate alerts: give them on."),
    ("resolve", "Resolve alerts: it is over."),
    ("reopen", "Reopen alerts that were resolved or dismissed."),
    ("snooze", "Snooze alerts: set aside until a time."),
    ("comment", "Comment on alerts."),
    ("release", "Release alerts to a group of others."),
    ("withdraw", "Withdraw alerts from a group: it gets no more of them."),
)
for _name, _help in _ACTS:
    app.command(f"sargas.cli.acts:{_name}", name=_name, help=_help)

_SUSPENDING = (
    ("suspend", "Suspend alerts of a vessel or a list for a time, with the reason."),
    ("suspensions", "List what is suspended, and until when."),
    ("resume", "End a suspension before its time."),
)
for _name, _help in _SUSPENDING:
    app.command(f"sargas.cli.suspending:{_name}", name=_name, help=_help)

_EVIDENCE = (
    ("export", "Write one alert as evidence for others: a zip with a manifest, or one part of it."),
    ("verify", "Check an evidence bundle, to the byte."),
)
for _name, _help in _EVIDENCE:
    app.command(f"sargas.cli.alert_evidence:{_name}", name=_name, help=_help)

State = Literal["open", "closed", "retracted"]


def _priorities(kind: object, tokens: Sequence[Any]) -> list[str]:
    """Read priorities, in small letters too."""
    words = [token.value.upper() for token in tokens]
    for word in words:
        if word not in PRIORITIES:
            raise ValueError(f"'{word}' is none of {', '.join(PRIORITIES)}.")
    return words


@app.command(name="list")
def list_(
    *,
    home: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    detector: str | None = None,
    priority: Annotated[
        list[Literal["P1", "P2", "P3"]] | None, Parameter(converter=_priorities)
    ] = None,
    state: State | None = None,
    mmsi: int | None = None,
    asset: str | None = None,
    muted: bool = False,
    origin: str = "own",
    json: bool = False,
    quiet: bool = False,
) -> int:
    """List the alerts, each as it is now, the newest last.

    Examples:
      sargas alerts list --home watch
      sargas alerts list --priority P1 --priority P2 --state open
      sargas alerts list --asset estlink-2 --since 2024-12-25T10:00:00Z --json
      sargas alerts list --origin all

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    since
        Only those detected at or after this time (ISO 8601 with zone).
    until
        Only those detected before this time.
    detector
        Only of this detector; its word or D number.
    priority
        Only of this priority; may be given several times.
    state
        Only open, closed or retracted ones.
    mmsi
        Only of this vessel.
    asset
        Only those about this asset, or with it ahead; its id or name as in 'sargas infra list'.
    muted
        Show alerts too that a port, the coast, a mask or a suspension mutes.
    origin
        Whose: own, all, partners, or the name of one. What partners sent is shown, not judged.
    json
        One alert a line, as JSON.
    quiet
        Print no counts.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.standing import stored_alerts

    stored = open_stored(home)
    since_ms = parse_iso(since) if since else None
    until_ms = parse_iso(until) if until else None
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        raise UsageError("--since is not before --until.")
    alerts = stored_alerts(stored) if origin in ("own", "all") else []
    if origin != "own":
        from sargas.cli.partner_alerts import came_from

        alerts = sorted([*came_from(stored, origin), *alerts], key=lambda a: str(a["t_detected"]))
    word = _detector_word(detector, alerts) if detector else None
    asset_id = _asset_id(asset, alerts, stored.path) if asset else None
    wanted = [
        a
        for a in alerts
        if (since_ms is None or parse_iso(a["t_detected"]) >= since_ms)
        and (until_ms is None or parse_iso(a["t_detected"]) < until_ms)
        and (word is None or a["detector"] == word)
        and (not priority or a["priority"] in priority)
        and (state is None or a["state"] == state)
        and (mmsi is None or a["subject"].get("mmsi") == mmsi)
        and (asset_id is None or asset_id in _assets_of(a))
    ]
    shown = [a for a in wanted if muted or not a.get("muted_by")]
    if json:
        for alert in shown:
            put_json(alert)
    elif shown:
        _put_alerts(shown)
    hidden = len(wanted) - len(shown)
    more = f", {counted(hidden, 'muted one')} not shown (--muted)" if hidden else ""
    of = f" of {len(alerts):,}" if len(wanted) < len(alerts) else ""
    alerts_of = f"{len(shown):,}{of} alerts" if of else counted(len(shown), "alert")
    say(f"{alerts_of}{more}.", quiet=quiet)
    if origin == "own" and (count := _of_partners(stored)):
        say(f"Partners sent {count:,} more: --origin all.", quiet=quiet)
    return EXIT_OK


def _of_partners(stored: Home) -> int:
    """Count the alerts that partners sent; asking makes no ledger."""
    if not stored.ledger_path.exists():
        return 0
    from sargas.store.partners import Partners

    with Partners(stored) as partners:
        return partners.count()


def _detector_word(wanted: str, alerts: list[dict[str, Any]]) -> str:
    """Resolve a detector's name; a word that is stored needs no catalogue."""
    if any(a["detector"] == wanted for a in alerts):
        return wanted
    from sargas.cli.catalogue import entries, find
    from sargas.watch.rules import load_rules

    return find(entries(load_rules()), wanted).word


def _asset_id(wanted: str, alerts: list[dict[str, Any]], home: Path) -> str:
    """Resolve an asset's name; an id that is stored needs no list of assets."""
    if any(wanted in _assets_of(a) for a in alerts):
        return wanted
    from sargas.reference import home_assets

    assets = home_assets(home)
    return assets[assets.index_of(wanted)].id


def _assets_of(alert: dict[str, Any]) -> set[str]:
    """Name the assets that an alert is about or sees ahead."""
    own = {alert["asset"].get("id")} if alert.get("asset") else set()
    return own | {n.get("id") for n in alert.get("next_assets", ())}


def _put_alerts(alerts: list[dict[str, Any]]) -> None:
    """Write the table; columns that say nothing of any alert are left out.

    On a terminal too narrow for it, the sentence of each alert stands under its row.
    """
    screen = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and screen < TABLE_WIDTH:
        for alert in alerts:
            marks = ["EXERCISE"] if alert["exercise"] else []
            marks += [f"from {whose(alert)}"] if "origin" in alert else []
            muting = alert.get("muted_by")
            marks += [f"muted by {', '.join(muting)}"] if muting else []
            words = (alert["id"][:ID_SHOWN], alert["priority"], alert["t_detected"],
                     alert["detector"], alert["state"], *marks)  # fmt: skip
            print(clean_text("  ".join(words)))
            what = clean_text(sentence(alert))
            print(textwrap.indent(textwrap.fill(what, screen - 4), "    "))
        return
    columns = [
        ("EXERCISE", ["EXERCISE" if a["exercise"] else "" for a in alerts]),
        ("id", [a["id"][:ID_SHOWN] for a in alerts]),
        ("priority", [a["priority"] for a in alerts]),
        ("detected", [a["t_detected"] for a in alerts]),
        ("detector", [a["detector"] for a in alerts]),
        ("state", [a["state"] for a in alerts]),
        ("muted by", [", ".join(a.get("muted_by", ())) for a in alerts]),
        ("from", [whose(a) for a in alerts]),
        ("what", [sentence(a) for a in alerts]),
    ]
    told = [(head, cells) for head, cells in columns if any(cells)]
    put_table([head for head, _ in told], list(zip(*(c for _, c in told), strict=True)))


@app.command
def show(
    id: str,
    /,
    *,
    origin: str = "own",
    home: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Show one alert: what was seen, each test with its margin, what speaks against it.

    Examples:
      sargas alerts show 03a570d1 --home watch
      sargas alerts show 03a570d1 --json | jq .versions
      sargas alerts show 03a570d1 --origin riga

    Parameters
    ----------
    id
        The alert's id, or its beginning where no other alert begins so.
    origin
        Whose: own, or the name of the partner that sent it.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    json
        The alert in all its versions, as one JSON object.
    quiet
        Print no caveat.
    """
    from sargas.cli.kept_alerts import open_stored, whole_id
    from sargas.store import Ledger
    from sargas.store.standing import stored_alerts

    stored = open_stored(home)
    if origin != "own":
        from sargas.cli.partner_alerts import one_that_came, put_partner_alert

        alert = one_that_came(stored, origin, id)
    else:
        name = whole_id(stored_alerts(stored), id, stored)
        with Ledger(stored) as ledger:
            alert = ledger.alert(name)
    if json:
        put_json(alert)
    elif origin != "own":
        put_partner_alert(alert)
    else:
        put_alert(alert)
    say("Public data, not evidence on its own. A match is information, not intent.", quiet=quiet)
    return EXIT_OK
