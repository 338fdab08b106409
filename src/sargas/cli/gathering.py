"""Gathering what an alert rests on: the store's part, with the geography and rules it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sargas import __version__
from sargas.errors import SargasError
from sargas.model.svg_alert import points_ahead
from sargas.model.svg_map import map_box

if TYPE_CHECKING:
    from sargas.model.assets import Asset, AssetSet
    from sargas.model.fixes import Fixes
    from sargas.share.evidence import Evidence, Ruleset
    from sargas.store import Home


def gather(
    home: Home,
    alert_id: str,
    assets: Path | None = None,
    rules: Path | None = None,
    as_of_ms: int | None = None,
    only: Callable[[Fixes], Fixes] | None = None,
) -> Evidence:
    """Gather what one alert rests on.

    Args:
        home: that stores it.
        alert_id: its whole id.
        assets: the file that was given to the scan as --assets, if there was one.
        rules: the file that was given as --rules.
        as_of_ms: leave out what was issued or received later; None takes all.
        only: chooses fixes before anything is drawn around them; None takes all.
    """
    from sargas.reference import home_assets, load_assets
    from sargas.reference.drawing import assets_within, credits_of, drawn, land_within
    from sargas.share.evidence import Evidence, read_alert, span_ms
    from sargas.store import Archive, Ledger

    with Ledger(home) as ledger, Archive(home) as archive:
        alert, fixes = read_alert(ledger, archive, alert_id, as_of_ms)
    fixes = fixes if only is None else only(fixes)
    known = load_assets(assets) if assets is not None else home_assets(home.path)
    asset = _asset(known, alert)
    shown: list[Asset] = []
    land = None
    if alert["lon"] is not None and alert["lat"] is not None:
        box = _box(alert, fixes)
        shown = assets_within(known, box, asset.id if asset else None)
        land = land_within(box)
    near = [
        drawn(a, is_main=True, accuracy_m=alert["asset"]["accuracy_m"]) if a is asset else drawn(a)
        for a in shown
    ]
    credited = credits_of((*shown, *([asset] if asset else ())), with_land=land is not None)
    return Evidence(
        alert=alert, fixes=fixes, span_ms=span_ms(alert, as_of_ms),
        asset=asset, near=near, land=land,
        rules=ruleset(alert["detector"], rules), geometry=known.watched().version,
        sargas=__version__, credits=(*credited, *_of_fixes(alert)),
        exercise_note=_exercise_note(alert["exercise"]), vessel_words=_vessel(alert),
    )  # fmt: skip


def _asset(known: AssetSet, alert: dict[str, Any]) -> Asset | None:
    """Find the alert's asset by its id alone."""
    said = alert["asset"]
    return None if said is None else next((a for a in known.assets if a.id == said["id"]), None)


def _box(alert: dict[str, Any], fixes: Fixes) -> tuple[float, float, float, float]:
    """Give the bounds of the map, in degrees."""
    here, ahead = (alert["lon"], alert["lat"]), points_ahead(alert)
    return map_box(fixes.lon_deg, fixes.lat_deg, here, ahead)


def ruleset(detector: str, overlay: Path | None) -> Ruleset:
    """Give the thresholds of a detector, and those that all detectors share."""
    from sargas.cli.catalogue import shared_tables, thresholds_of
    from sargas.share.evidence import Ruleset
    from sargas.watch.rules import load_rules

    rules = load_rules(overlay)
    own = {name: vars(t) for name, t in thresholds_of(detector, rules).items()}
    shared = {
        table: {name: vars(t) for name, t in rules.tables[table].items()}
        for table in shared_tables(rules)
    }
    return Ruleset(rules.version, own, shared)


def _of_fixes(alert: dict[str, Any]) -> tuple[str, ...]:
    """Credit the traffic: an exercise's backdrop is known, other fixes are their source's."""
    if alert["exercise"]:
        from sargas.exercise.scenario import BACKDROP_CREDIT

        return tuple(f"Fixes: {credit} (backdrop of the exercise)" for credit in BACKDROP_CREDIT)
    return ("Fixes: as received from the source that was scanned, under its own terms",)


def _exercise_note(exercise: str | None) -> str:
    """Say what an exercise is made of, as far as this sargas knows it."""
    if not exercise:
        return ""
    from sargas.exercise.scenario import load_scenario

    try:
        scenario = load_scenario(exercise)
    except SargasError:
        return ""
    return f"{scenario.title}. {scenario.note}"


def _vessel(alert: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Say in words what the vessel's number and type stand for."""
    from sargas.reference import flag_of, ship_type_text

    subject = alert["subject"]
    if subject["domain"] != "sea" or not subject["mmsi"]:
        return ()
    kind = subject["ship_type"]
    flag = flag_of(subject["mmsi"])
    return (
        ("Type", f"{ship_type_text(kind)} ({kind})" if kind else "not received"),
        ("Flag by its MMSI", flag.name if flag else "unknown"),
    )
