"""`sargas crossings`: who passed over which asset, when, where along it, how fast."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sargas.cli.home import home_dir
from sargas.cli.making import make_watch
from sargas.cli.reading import Reading
from sargas.cli.words import counted, put_json, put_table, say, span_text
from sargas.errors import EXIT_INPUT, EXIT_INTERRUPTED, EXIT_OK, NotFoundError, UsageError
from sargas.model.assets import Asset, AssetSet
from sargas.model.crossings import Crossing
from sargas.model.time import MINUTE_MS, iso
from sargas.watch.fold import Outcome, Watch

HEAD = ("time (UTC)", "+-", "asset", "km", "vessel", "kn before", "at", "after", "angle",
        "note")  # fmt: skip


def crossings(
    files: Annotated[list[str], Parameter(consume_multiple=True)],
    /,
    *,
    asset: str | None = None,
    json: bool = False,
    assets: Path | None = None,
    home: Path | None = None,
    rules: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    format: str | None = None,
    map: str | None = None,
    quiet: bool = False,
) -> int:
    """List who crossed which asset, and when.

    Every straight way between two successive positions of a vessel that meets an asset is a row:
    time with its uncertainty, kilometre point along the asset, speed before, at and after. Where
    the positions are more than 30 minutes or 5 km apart the vessel could have crossed: such a row
    has the window and no time. A crossing is information, not intent.

    Examples:
      sargas crossings aisdk-2024-12-25.zip --asset power-cable-estlink-2
      sargas crossings log.nmea.gz --json | jq -c '[.t, .asset.name, .subject.name, .sog_kn_at]'
      sargas crossings log.nmea.gz --since 2024-12-25T10:00:00Z --until 2024-12-25T11:00:00Z

    Leaves with exit code 0 when there is no crossing too: none is an answer. ('suspects' leaves
    with 5 when it finds nobody.)

    Parameters
    ----------
    files
        Files to read, in any order; - for standard input.
    asset
        Only this asset; its id as in 'sargas infra list'.
    json
        One row a line, as JSON, instead of the table.
    assets
        Assets to watch instead of the shipped ones: GeoJSON, CSV, KML, GeoPackage, GeoParquet.
    home
        Watch the assets imported into this home too, as 'sargas infra import' keeps them.
    rules
        A TOML file whose thresholds lie over the shipped ones.
    since
        Leave out what is before this time (ISO 8601 with zone).
    until
        Leave out what is at or after this time.
    format
        The files' format, where the content should not decide.
    map
        Columns of a CSV of another shape, like mmsi=id,t=time,lon=x,lat=y.
    quiet
        Print no progress and no summary.
    """
    reading = Reading(files, format, map, since, until, quiet)
    reading.prepare()
    if reading.is_hopeless:
        return EXIT_INPUT
    watch = make_watch(
        assets, rules, given_home(home, assets), reading.lateness_ms or None, reading.exercise
    )
    watch.detectors = ()  # the log alone is asked for
    index = None if asset is None else watch.around.assets.index_of(
        watched_asset(watch.around.assets, asset).id)  # fmt: skip
    kept: list[Crossing] = []
    counts: Counter[str] = Counter()
    interrupted = False

    def take(outcome: Outcome) -> None:
        rows = outcome.crossings
        made = watch.crossings_of(rows if index is None else rows[rows["asset"] == index])
        counts.update(c.asset_name for c in made)
        if json:
            for crossing in made:
                put_json(crossing.to_dict())
        else:
            kept.extend(made)

    try:
        for batch, until_ms in reading.batches():
            take(watch.push(batch, until_ms))
    except KeyboardInterrupt:
        interrupted = True
        say("sargas: interrupted; these are the crossings of what was read.")
    take(watch.flush())
    if kept:
        kept.sort(key=lambda c: (c.t_from_ms if c.t_ms is None else c.t_ms, c.subject.key))
        put_marked(HEAD, [table_row(c) for c in kept], exercise=bool(reading.exercise))
    if not quiet:
        summarise(reading, watch, counts, asset)
    if interrupted:
        return EXIT_INTERRUPTED
    return EXIT_INPUT if reading.failed else EXIT_OK


def watched_asset(assets: AssetSet, asset_id: str) -> Asset:
    """Find an asset by id among those that are watched.

    Raises:
        NotFoundError: there is none, or it is not watched; exit code 5.
        UsageError: it is a point, which no way can meet; exit code 2.
    """
    try:
        asset = assets[assets.index_of(asset_id)]
    except NotFoundError as error:
        from sargas.reference import shipped_assets

        known = {a.id: a for a in shipped_assets().assets}.get(asset_id)
        if known is None:
            raise
        raise NotFoundError(
            f"{known.name} is not watched: its status is '{known.status}'.",
            where=asset_id,
            hint="Only what is in service, out of service or of unknown status is.",
        ) from error
    if not asset.length_km:
        raise UsageError(
            f"{asset.name} cannot be crossed: this asset is a point.",
            where=asset_id,
            hint="Ask for a cable, a pipeline or a wind farm.",
        )
    return asset


def given_home(home: Path | None, assets: Path | None) -> Path | None:
    """Check the home whose assets are to be watched; None where none was given.

    Raises:
        UsageError: it is a file, or --assets names others. NotFoundError: it is not there.
    """
    if home is None:
        return None
    if assets is not None:
        raise UsageError("--assets and --home both name assets.", hint="Give one of them.")
    if not home_dir(home).exists():
        raise NotFoundError(
            "There is no such home.", where=str(home), hint="'sargas infra import' makes one."
        )
    return home


def put_marked(head: tuple[str, ...], rows: list[tuple[str, ...]], *, exercise: bool) -> None:
    """Write a table whose every row says that it is an exercise, if it is one.

    The mark stands in the rows because a heading is lost to `grep`, and stderr to redirection.
    """
    if exercise:
        head, rows = ("EXERCISE", *head), [("EXERCISE", *row) for row in rows]
    put_table(head, rows)


def table_row(c: Crossing) -> tuple[str, ...]:
    """Write a crossing as a row of the table."""
    if c.t_ms is None:
        when = f"{iso(c.t_from_ms)[:16]}.."
        spread = f"{(c.t_to_ms - c.t_from_ms) / MINUTE_MS:.0f} min"
        note = f"could have crossed, not received until {iso(c.t_to_ms)}"
    else:
        when, note = iso(c.t_ms // 1000 * 1000), ""
        spread = spread_text(c.uncertainty_s)
    angle = "" if c.angle_deg is None else f"{c.angle_deg:.0f}°"
    return (
        when, spread, c.asset_name, f"{c.kp_km:.1f}", vessel_text(c.subject),
        speed_text(c.sog_kn_before), speed_text(c.sog_kn_at), speed_text(c.sog_kn_after),
        angle, note,
    )  # fmt: skip


def spread_text(seconds: float | None) -> str:
    """Write an uncertainty shortly.

    Example:
        >>> spread_text(45.2), spread_text(600.0), spread_text(None)
        ('45 s', '10 min', '')
    """
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def speed_text(speed_kn: float | None) -> str:
    """Write a speed with one decimal, a dash where it is not known."""
    return "-" if speed_kn is None else f"{speed_kn:.1f}"


def vessel_text(subject: Any) -> str:  # noqa: ANN401 - Subject or Identity alike
    """Name a vessel by name and number."""
    return f"{subject.name} {subject.mmsi}" if subject.name else str(subject.mmsi)


def summarise(reading: Reading, watch: Watch, counts: Counter[str], asset: str | None) -> None:
    """Say on stderr what was read and found."""
    say(f"read      {counted(reading.lines, 'line')}, {counted(reading.fixes, 'fix', 'fixes')} of "
        f"{counted(watch.vessels, 'vessel')}")  # fmt: skip
    say(f"span      {span_text(reading.from_ms, reading.to_ms)}")
    if not counts:
        say(f"crossings none of {asset}" if asset else "crossings none")
        return
    top = ", ".join(f"{n:,} {name}" for name, n in counts.most_common(8))
    rest = sum(counts.values()) - sum(n for _, n in counts.most_common(8))
    say(f"crossings {counts.total():,}: {top}" + (f", {rest:,} of others" if rest else ""))
