"""`sargas infra`: the assets that are watched, and bringing in your own."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from sargas.cli.described import in_words, piece_accuracy, summary
from sargas.cli.home import home_dir, person
from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import SargasError, UsageError

if TYPE_CHECKING:
    from sargas.model.assets import AssetSet
    from sargas.reference.importer import Plan

EPILOGUE = """\
Examples:
  sargas infra list --kind power_cable
  sargas infra show power-cable-estlink-2
  sargas infra import cables.gpkg --kind telecom_cable --accuracy-m 50 --dry-run
"""

OVERPASS = """\
Fresh lines from OpenStreetMap: save the answer of an Overpass query as a file
(overpass-turbo.eu, Export, raw data), and import it with --accuracy-m 200:
  [out:json][timeout:180][bbox:53,9,66.5,31];
  (way["power"="cable"]["submarine"="yes"]; way["telecom"];
   way["seamark:type"~"^(cable_submarine|pipeline_submarine)$"];
   relation["power"="cable"]; relation["route"="pipeline"];);
  out geom;
"""

app = App(
    name="infra",
    help="The assets that are watched: cables, pipelines, wind farms, terminals; and your own.",
    help_epilogue=EPILOGUE,
    help_format="plaintext",
)

Kind = Literal[
    "telecom_cable",
    "unspecified_cable",
    "power_cable",
    "gas_pipeline",
    "oil_pipeline",
    "wind_farm",
    "lng_terminal",
    "other",
]
OnInvalid = Literal["repair", "skip", "fail"]
Axis = Literal["auto", "lonlat", "latlon"]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the user says about a file; the fields of `sargas.reference.ImportOptions`.

    Parameters
    ----------
    kind
        What all assets of the file are, whatever the file says.
    name_column
        Column with the names, where it cannot be guessed.
    accuracy_m
        Accuracy of the positions in metres, where the file does not say.
    surveyed
        The points are a survey or a chart: far points do not lower the accuracy.
    licence
        Terms of use, where the file does not say.
    attribution
        Whom to credit, where the file does not say.
    source
        Short key that stays the same over refreshes, like user:elering.
    axis
        Order of coordinates; auto swaps a file that fits the Baltic only swapped.
    on_invalid
        Broken geometry: repair and count, skip and count, or fail.
    """

    kind: Kind | None = None
    name_column: str | None = None
    accuracy_m: float | None = None
    surveyed: bool = False
    licence: str | None = None
    attribution: str | None = None
    source: str | None = None
    axis: Axis = "auto"
    on_invalid: OnInvalid = "repair"


@app.command(name="list", help_epilogue="")
def list_assets(
    *, kind: Kind | None = None, home: Path | None = None, json: bool = False, quiet: bool = False
) -> None:
    """List the assets: the shipped ones and those imported into the home.

    An accuracy of 277-1440 m: half of the length is good to 277 m, nine tenths to 1440 m.

    Examples:
      sargas infra list
      sargas infra list --kind power_cable
      sargas infra list --json | head

    Parameters
    ----------
    kind
        Only assets of this kind.
    home
        The home with your own assets (default: SARGAS_HOME, else the XDG data folder).
    json
        One asset a line, as JSON, without its geometry.
    quiet
        Print no count and no disclaimer.
    """
    from sargas.reference import DISCLAIMER
    from sargas.reference.accuracy import accuracy_spreads

    known = _assets(home)
    spreads = accuracy_spreads(known)
    assets = [
        (a, spread)
        for a, spread in zip(known.assets, spreads, strict=True)
        if kind is None or a.kind == kind
    ]
    if json:
        for asset, spread in assets:
            put_json(summary(asset) | piece_accuracy(spread))
    elif assets:
        put_table(
            ("id", "kind", "status", "km", "accuracy m", "source", "name"),
            [
                (a.id, a.kind, a.status, f"{a.length_km:.1f}", spread, a.source, a.name)
                for a, spread in assets
            ],
        )  # fmt: skip
    say(f"{counted(len(assets), 'asset')}. {DISCLAIMER}", quiet=quiet)


@app.command(help_epilogue="")
def show(
    asset: str, /, *, home: Path | None = None, json: bool = False, quiet: bool = False
) -> None:
    """Show one asset: what is known of it, from whom, and how good its position is.

    Examples:
      sargas infra show power-cable-estlink-2
      sargas infra show gas-pipeline-balticconnector --json > pipe.geojson

    Parameters
    ----------
    asset
        The id, as 'sargas infra list' prints it.
    home
        The home with your own assets (default: SARGAS_HOME, else the XDG data folder).
    json
        A GeoJSON feature with everything that is known.
    quiet
        Print no disclaimer.
    """
    from sargas.reference import DISCLAIMER
    from sargas.reference.accuracy import accuracy_spreads
    from sargas.reference.home import to_feature

    assets = _assets(home)
    found = assets[assets.index_of(asset)]
    (spread,) = accuracy_spreads(type(assets)([found]))
    if json:
        feature = to_feature(found)
        feature["properties"] |= {"length_km": round(found.length_km, 3)} | piece_accuracy(spread)
        feature["properties"]["original"] = found.properties.get("original", found.properties)
        put_json(feature)
    else:
        put_table(("field", "value"), in_words(found, spread))
    say(DISCLAIMER, quiet=quiet)


@app.command(name="import", help_epilogue=OVERPASS)
def import_file(
    file: Path,
    /,
    *,
    said: Annotated[Said, Parameter(name="*")] = Said(),
    home: Path | None = None,
    prune: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> None:
    r"""Import assets: GeoJSON, Overpass, CSV, KML, GeoParquet, GeoPackage.

    Shapefiles and other formats need the 'gis' extra. The same file twice
    changes nothing. An asset is named by its source and its reference there: to
    replace a shipped asset, give both as columns. What a newer file of the same
    source no longer has is kept, unless --prune.

    Examples:
      sargas infra import cables.geojson --kind telecom_cable --accuracy-m 50 \
          --licence "letter of 2026-03-01" --attribution Elering --surveyed
      sargas infra import overpass.json --accuracy-m 200 --dry-run
      sargas infra import windparks.gpkg --kind wind_farm --accuracy-m 100 \
          --licence CC-BY-4.0 --attribution EMODnet --prune --yes

    Parameters
    ----------
    file
        The file; its content decides the format.
    home
        Where to keep the assets (default: SARGAS_HOME, else the XDG data folder).
    prune
        Remove earlier assets of the same source that are not in the file any more.
    dry_run
        Only say what would change.
    yes
        Do not ask before removing.
    json
        The report as one JSON object.
    quiet
        Print no notes.
    """
    place = home_dir(home)
    plan = _plan(file, place, said, prune=prune)
    if not dry_run:
        _confirm_removal(plan, yes=yes)
        from sargas.reference import apply_import
        from sargas.store import Home

        Home(place)  # first, so that a folder with other things in it is refused untouched
        apply_import(plan, place, imported_at_ms=time.time_ns() // 1_000_000, imported_by=person())
    _report(plan, place, written=not dry_run, json=json, quiet=quiet)


@app.command(help_epilogue="")
def diff(
    file: Path,
    /,
    *,
    said: Annotated[Said, Parameter(name="*")] = Said(),
    home: Path | None = None,
    prune: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> None:
    """Say what an import of the file would change; write nothing.

    Example:
      sargas infra diff cables-new.geojson --source user:elering

    Parameters
    ----------
    file
        The file; its content decides the format.
    home
        The home to compare with (default: SARGAS_HOME, else the XDG data folder).
    prune
        Count assets that are not in the file as removed.
    json
        The report as one JSON object.
    quiet
        Print no notes.
    """
    place = home_dir(home)
    _report(_plan(file, place, said, prune=prune), place, written=False, json=json, quiet=quiet)


@app.command(help_epilogue="")
def licences(*, json: bool = False, quiet: bool = False) -> None:
    """List the shipped data files: licence, whom to credit, where from, how good.

    Examples:
      sargas infra licences
      sargas infra licences --json

    Parameters
    ----------
    json
        One file a line, as JSON.
    quiet
        Print no remark.
    """
    from sargas.reference import licences as rows

    if json:
        for row in rows():
            put_json(asdict(row))
    else:
        for row in rows():
            put_table(("file", row.file), list(asdict(row).items())[1:])
            print()
    say("The Apache-2.0 licence of the code does not cover these files.", quiet=quiet)


def _assets(home: Path | None) -> AssetSet:
    """Load the assets of a home, or the shipped ones."""
    from sargas.reference import home_assets

    return home_assets(home_dir(home))


def _plan(file: Path, home: Path, said: Said, *, prune: bool) -> Plan:
    """Work out what an import would do."""
    from sargas.reference import ImportOptions, plan_import

    return plan_import(file, home, ImportOptions(**asdict(said)), prune=prune)


def _confirm_removal(plan: Plan, *, yes: bool) -> None:
    """Ask before assets are removed; where nobody can be asked, --yes must say it.

    Raises:
        UsageError: nobody can be asked.
        SargasError: the answer was no.
    """
    removed = plan.count("removed")
    if not removed or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"{counted(removed, 'asset')} would be removed; nothing was changed.",
            hint="Look at them with --dry-run, and confirm with --yes.",
        )
    print(f"Remove {counted(removed, 'asset')}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise SargasError("Nothing was changed.")


def _report(plan: Plan, home: Path, *, written: bool, json: bool, quiet: bool) -> None:
    """Write the report: data to stdout, notes to stderr."""
    if json:
        put_json(plan.as_dict() | {"written": written})
    else:
        rows = [
            (c.state, c.id, c.source, c.source_ref, _what(c))
            for c in plan.changes
            if c.state != "unchanged"
        ]
        if rows:
            put_table(("state", "id", "source", "source ref", "what"), rows)
    if quiet:
        return
    for line in plan.describe():
        say(clean_text(line))
    say(
        f"{plan.path.name} ({plan.format}): {counted(plan.mapped.features, 'feature')}, "
        f"{plan.mapped.used} used; "
        + ", ".join(
            f"{plan.count(s)} {s}"
            for s in ("added", "changed", "moved", "unchanged", "absent", "removed")
            if plan.count(s)
        )
    )
    say(f"{'Kept in' if written else 'Nothing was written to'} {home / 'infra'}")
    if written:
        say(
            "These assets are watched, with the shipped ones, by "
            f"'sargas scan FILE --home {shlex.quote(clean_text(home))}'."
        )


def _what(change: Any) -> str:  # noqa: ANN401 - a Change; its module is loaded late
    """Put one change into words."""
    words = []
    if change.median_shift_m is not None:
        words.append(f"by {change.median_shift_m:.0f} m median, {change.max_shift_m:.0f} m most")
    if change.fields:
        words.append("differs in " + ", ".join(change.fields))
    return "; ".join(words) or change.name
