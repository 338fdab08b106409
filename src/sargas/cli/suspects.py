"""`sargas suspects`: who crossed an asset around the time of a fault, and how well it was heard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sargas.cli.crossings import (
    given_home,
    put_marked,
    speed_text,
    spread_text,
    vessel_text,
    watched_asset,
)
from sargas.cli.making import make_watch
from sargas.cli.reading import Reading
from sargas.cli.words import counted, put_json, say
from sargas.errors import EXIT_INPUT, EXIT_INTERRUPTED, EXIT_OK, NotFoundError, UsageError
from sargas.model.alerts import Alert
from sargas.model.assets import Asset
from sargas.model.crossings import Crossing
from sargas.model.time import DAY_MS, iso, parse_iso
from sargas.watch.fold import Outcome
from sargas.watch.suspects import DRAG_WORDS, GAP, Answer, Crosser
from sargas.watch.suspects import suspects as ranked
from sargas.watch.vicinity import Vicinity

HEAD = ("rank", "what", "time (UTC)", "+-", "km", "vessel", "kn before", "at", "after", "why")
GAPS_SHOWN = 10
KP_WITHIN_KM = 10.0


def suspects(
    files: Annotated[list[str], Parameter(consume_multiple=True)],
    /,
    *,
    asset: str,
    at: str,
    window: float = 30.0,
    kp: float | None = None,
    kp_within: float | None = None,
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
    """List who crossed an asset around a fault time.

    All crossers within the window, each vessel with one rank, by how well its time fits, then by
    alerts of a drag and by speed lost; what else it did stands under it without a rank. After
    them who could have crossed while not received, who stayed slow beside the asset, and whose
    silence leaves room for a visit. With a statement of what was heard at all. Several crossers
    that nothing tells apart are a list, not a name: a crossing is information, not intent.

    Examples:
      sargas suspects day.csv --asset power-cable-estlink-2 --at 2024-12-25T10:26:00Z
      sargas suspects a.nmea.gz b.nmea.gz --asset ID --at 2024-12-25T12:26:00+02:00 --window 60
      sargas suspects day.csv --asset ID --at TIME --kp 80 --kp-within 5 --json | jq .reasons

    Leaves with exit code 5 when nobody is found, and says what was heard. ('crossings' leaves with
    0 when there is none.)

    Parameters
    ----------
    files
        Files to read, in any order; - for standard input.
    asset
        The asset; its id as in 'sargas infra list'.
    at
        When the fault was seen (ISO 8601 with zone).
    window
        Minutes on either side of that time.
    kp
        Only around this kilometre point of the asset, where the operator has measured it.
    kp_within
        Kilometres on either side of --kp; 10 if not given.
    json
        One entry a line, as JSON, instead of the table.
    assets
        Assets to watch instead of the shipped ones: GeoJSON, CSV, KML, GeoPackage, GeoParquet.
    home
        Watch the assets imported into this home too, as 'sargas infra import' keeps them.
    rules
        A TOML file whose thresholds lie over the shipped ones.
    since
        Leave out what is before this time; a day before the window if not given.
    until
        Leave out what is at or after this time; a day after the window if not given.
    format
        The files' format, where the content should not decide.
    map
        Columns of a CSV of another shape, like mmsi=id,t=time,lon=x,lat=y.
    quiet
        Print no progress and no coverage.
    """
    at_ms = parse_iso(at)
    if not 0 < window <= 24 * 60:
        raise UsageError(f"--window {window:g} is not between 0 and {24 * 60} minutes.")
    if kp is None and kp_within is not None:
        raise UsageError("--kp-within needs --kp.", hint="Give the kilometre point with --kp.")
    window_ms = round(window * 60_000)
    reading = Reading(
        files, format, map, since or iso(at_ms - window_ms - DAY_MS),
        until or iso(at_ms + window_ms + DAY_MS), quiet,
    )  # fmt: skip
    reading.prepare()
    if reading.is_hopeless:
        return EXIT_INPUT
    watch = make_watch(
        assets, rules, given_home(home, assets), reading.lateness_ms or None, reading.exercise
    )
    wanted = watched_asset(watch.around.assets, asset)
    part = asked_part(wanted, kp, KP_WITHIN_KM if kp_within is None else kp_within)
    vicinity = Vicinity(wanted, at_ms, window, watch.around.rules, part)
    watch.observers = (vicinity,)
    index = watch.around.assets.index_of(wanted.id)
    found: list[Crossing] = []
    drags: list[Alert] = []
    interrupted = False

    def take(outcome: Outcome) -> None:
        drags.extend(a for a in outcome.alerts if a.detector in DRAG_WORDS)
        rows = outcome.crossings
        found.extend(watch.crossings_of(rows[rows["asset"] == index]))

    try:
        for batch, until_ms in reading.batches():
            take(watch.push(batch, until_ms))
    except KeyboardInterrupt:
        interrupted = True
        say("sargas: interrupted; this is the list of what was read.")
    take(watch.flush())
    answer = ranked(
        found, wanted, at_ms, window, kp_km=part, alerts=drags, rules=watch.around.rules,
        presences=vicinity.presences(watch.identity), gaps=vicinity.gaps(watch.identity),
        coverage=vicinity.coverage(), exercise=reading.exercise,
    )  # fmt: skip
    _print(answer, json=json, quiet=quiet)
    if interrupted:
        return EXIT_INTERRUPTED
    if reading.failed:
        return EXIT_INPUT
    if not answer.crossers:
        raise NotFoundError(answer.statement, hint=answer.coverage.text if answer.coverage else "")
    return EXIT_OK


def asked_part(asset: Asset, kp: float | None, within_km: float) -> tuple[float, float] | None:
    """Give the part of an asset around a kilometre point, from and to, cut at its ends.

    Raises:
        UsageError: the point does not lie on the asset, or nothing lies around it; exit code 2.
    """
    if kp is None:
        return None
    if not 0.0 <= kp <= asset.length_km:
        raise UsageError(
            f"--kp {kp:g} does not lie on the asset: {asset.name} is {asset.length_km:.1f} km long."
        )
    if not within_km > 0.0:
        raise UsageError(f"--kp-within {within_km:g} is not a number of kilometres above 0.")
    return max(0.0, kp - within_km), min(asset.length_km, kp + within_km)


def _print(answer: Answer, *, json: bool, quiet: bool) -> None:
    """Write the list to stdout, what it means to stderr."""
    if json:
        for row in answer.rows():
            put_json(row)
    elif answer.crossers:
        gaps = [c for c in answer.crossers if c.basis == GAP]
        shown = [c for c in answer.crossers if c.basis != GAP] + gaps[:GAPS_SHOWN]
        rows = [_row(entry) for c in shown for entry in (c, *c.also)]
        put_marked(HEAD, rows, exercise=answer.exercise is not None)
        if len(gaps) > GAPS_SHOWN:
            say(f"and {counted(len(gaps) - GAPS_SHOWN, 'more gap')}; --json lists them all")
    if answer.crossers and not quiet:
        say(answer.statement)
        if answer.coverage is not None:
            say(answer.coverage.text)
        say(answer.caveat)


def _row(c: Crosser) -> tuple[str, ...]:
    """Write an entry as a row of the table; what has no rank of its own has none there."""
    if c.t_ms is not None:
        when, spread = iso(c.t_ms // 1000 * 1000), spread_text(c.uncertainty_s)
    else:
        end = "" if c.t_to_ms is None else iso(c.t_to_ms)[11:16]
        when, spread = f"{iso(c.t_from_ms)[:16]}..{end}", ""
    return (
        str(c.rank or ""), c.basis, when, spread, f"{c.kp_km:.1f}", vessel_text(c.subject),
        speed_text(c.sog_kn_before), speed_text(c.sog_kn_at), speed_text(c.sog_kn_after),
        "; ".join(c.reasons),
    )  # fmt: skip
