"""`sargas scan`: every detector over archives."""

from __future__ import annotations

import resource
import shlex
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, Token

from sargas.cli.alert_text import print_alerts
from sargas.cli.listed import say_lists
from sargas.cli.making import judging_words, make_watch, masks_anew, masks_words
from sargas.cli.words import counted, say, say_counts, span_text
from sargas.errors import EXIT_ALERTS, EXIT_INPUT, EXIT_INTERRUPTED, EXIT_OK, UsageError
from sargas.model.alerts import PRIORITIES, RETRACTED, Alert

if TYPE_CHECKING:  # imported where they are used: `sargas scan --help` loads no library
    from sargas.cli.keeping import Keeper
    from sargas.cli.late_rows import LateRows
    from sargas.cli.reading import Reading
    from sargas.model.fixes import Batch
    from sargas.reference import Mask
    from sargas.watch.fold import Outcome, Watch


def _priority(kind: object, tokens: Sequence[Token]) -> str:
    """Read a priority, in small letters too."""
    word = tokens[0].value.upper()
    if word not in PRIORITIES:
        raise ValueError(f"'{tokens[0].value}' is none of {', '.join(PRIORITIES)}.")
    return word


def scan(
    files: Annotated[list[str], Parameter(consume_multiple=True)],
    /,
    *,
    json: bool = False,
    muted: bool = False,
    assets: Path | None = None,
    rules: Path | None = None,
    masks: Path | None = None,
    lists: list[Path] | None = None,
    home: Path | None = None,
    lateness: float | None = None,
    fail_on: Annotated[Literal["P1", "P2", "P3"] | None, Parameter(converter=_priority)] = None,
    since: str | None = None,
    until: str | None = None,
    format: str | None = None,
    map: str | None = None,
    quiet: bool = False,
) -> int:
    """Run every detector over archives and print the alerts.

    Reads NMEA logs, Danish and NOAA archive days, AIS-catcher JSON, Parquet, plain or compressed;
    the content decides, not the name. Nothing is written unless --home is given.

    The summary counts: 'rejected' lines could not be read, 'set aside' fixes were read but not
    judged, 'folded' ones were; 'passed over' is what a detector saw and had a reason not to raise.

    Examples:
      sargas scan aisdk-2024-12-25.zip
      sargas scan station-a.nmea.gz station-b.nmea.gz --json > alerts.jsonl
      sargas scan log.csv --map mmsi=id,t=time,lon=x,lat=y,sog=speed,cog=course
      sargas scan day.csv --fail-on P2 || echo "someone should look"
      sargas scan day.csv --lists sanctions.csv --lists port-watch.csv

    Parameters
    ----------
    files
        Files to read, in any order; - for standard input.
    json
        One alert a line, as JSON, instead of the table.
    muted
        Show alerts too that a port or the coast mutes, after the others; they are counted in any
        case.
    assets
        Assets to watch instead of the shipped ones: GeoJSON, CSV, KML, GeoPackage, GeoParquet.
    rules
        A TOML file whose thresholds lie over the shipped ones.
    masks
        GeoJSON of places where stopping is ordinary: polygons with id, kind, owner, valid_until;
        besides those that the home keeps ('sargas masks').
    lists
        A CSV of what your own lists say of vessels, told in their alerts; an entry with effect
        'raise' makes them one priority higher. Columns: imo or mmsi, list, entry, date, kind. May
        be given several times; none ship, and no home keeps them (docs/evidence.md).
    home
        Keep the fixes and alerts in this home, for 'sargas serve' and 'sargas alerts'.
    lateness
        Seconds that a row may arrive after a newer one and still be folded at once. Rows that
        come later are kept with --home and folded in at the end; without it they are counted.
    fail_on
        Leave with exit code 10 when there is an alert of this priority or worse.
    since
        Leave out what is before this time (ISO 8601 with zone).
    until
        Leave out what is at or after this time.
    format
        The files' format, where the content should not decide: nmea, dma-csv, noaa-csv,
        noaa-geoparquet, aiscatcher-json, sargas-parquet or csv.
    map
        Columns of a CSV of another shape, like mmsi=id,t=time,lon=x,lat=y.
    quiet
        Print no progress and no summary.
    """
    from sargas.cli.late_rows import LateRows
    from sargas.cli.reading import Reading

    reading = Reading(files, format, map, since, until, quiet)
    reading.prepare()
    if reading.is_hopeless:
        return EXIT_INPUT
    if lateness is not None and not 0 <= lateness < float("inf"):
        raise UsageError(f"--lateness {lateness:g} is not a number of seconds from 0 on.")
    lateness_ms = reading.lateness_ms or None if lateness is None else round(lateness * 1000)
    make = partial(
        make_watch, assets, rules, home, lateness_ms, reading.exercise, masks, lists=lists or ()
    )
    anew = masks_anew(home, masks)
    watch = make()
    source = _source(
        watch, reading, (lateness_ms, masks, *masks_words(home), *judging_words(watch))
    )
    keeper = _keeper(home, watch, source)
    latest: dict[str, Alert] = {}
    late = LateRows()
    cpu_s = _cpu_s()
    interrupted = _run(reading, watch, keeper, latest, late, anew)
    folded_in = ""
    if len(late) and not interrupted:
        folded_in, interrupted = _fold_in(late, keeper, make, source, reading, latest)
    shown = [a for a in latest.values() if muted or not a.muted_by]
    shown.sort(key=lambda a: (bool(a.muted_by), a.t_detected_ms, a.detector, a.id))
    print_alerts(shown, json=json)
    if not quiet:
        _summarise(reading, watch, latest, _cpu_s() - cpu_s, folded_in)
    if keeper is not None:
        keeper.say_set_aside()
        keeper.say_differing()
        _say_kept(home, watch, latest, quiet=quiet)
    judged = watch.tally().get("ok", 0) > 0 or bool(latest)
    unjudged = None if judged else _say_unjudged(reading, interrupted=interrupted)
    if interrupted:
        return EXIT_INTERRUPTED
    if fail_on and any(_counts_for(a, fail_on) for a in shown):
        return EXIT_ALERTS
    return unjudged or (EXIT_INPUT if reading.failed else EXIT_OK)


def _say_kept(home: Path | None, watch: Watch, latest: dict[str, Alert], *, quiet: bool) -> None:
    """Say what the home holds of this scan, and how to look at it."""
    folded = watch.tally().get("ok", 0)
    say(f"stored    {counted(folded, 'fix', 'fixes')} and {counted(len(latest), 'alert')}, "
        f"muted ones among them, in {home}; look: sargas serve --home "
        f"{shlex.quote(str(home))}", quiet=quiet)  # fmt: skip


def _say_unjudged(reading: Reading, *, interrupted: bool) -> int:
    """Say why no fix was judged: silence would read as an all-clear.

    Returns:
        The exit code.
    """
    why, code = "every fix was set aside; the counts above say why.", EXIT_INPUT
    if interrupted:
        why = "it was interrupted before the first fix was folded."
    elif reading.emptiness is not None:
        why, code = reading.emptiness
    say(f"Nothing was judged: {why}")
    return EXIT_INPUT if reading.failed else code


def _run(
    reading: Reading,
    watch: Watch,
    keeper: Keeper | None,
    latest: dict[str, Alert],
    late: LateRows,
    anew: Callable[[], tuple[Mask, ...] | None],
) -> bool:
    """Fold all that is read; tell whether it was interrupted.

    What is drawn or added in the home meanwhile counts from the next batch.

    An interrupted scan keeps what was folded of whole minutes and nothing of the last one, so
    that the same command again goes on to what an undisturbed one had found.
    """
    interrupted = False
    try:
        try:
            for batch, until_ms in reading.batches():
                came_ms = watch.order.newest_ms
                if (masks := anew()) is not None:
                    watch.take_masks(masks)
                outcome = watch.push(batch, until_ms)
                late.add(outcome.late, came_ms)
                _take(outcome, latest, keeper, batch)
        except KeyboardInterrupt:
            interrupted = True
            say("sargas: interrupted; these are the alerts of what was read.")
            if keeper is not None:
                keeper.close()
        _take(watch.flush(), latest, None if interrupted else keeper, None)
        if keeper is not None:
            keeper.close()
    except BaseException:
        if keeper is not None:
            keeper.abandon()
        raise
    return interrupted


def _source(watch: Watch, reading: Reading, options: tuple[object, ...]) -> str:
    """Name this scan by what it reads and how."""
    from sargas.cli.keeping import source_name

    around = watch.around
    said = (reading.since, reading.until, reading.format, reading.column_map)
    words = [*reading.contents(), around.rules.version, around.assets.version]
    more = [None if o is None else str(o) for o in options]
    return source_name(words, (*said, *more), reading.exercise)


def _keeper(home: Path | None, watch: Watch, source: str) -> Keeper | None:
    """Open the home to write to, if one is wanted."""
    if home is None:
        return None
    from sargas.cli.keeping import Keeper

    keeper = Keeper(home, watch, source)
    keeper.say_set_aside()
    return keeper


def _fold_in(
    late: LateRows,
    keeper: Keeper | None,
    make: Callable[[], Watch],
    source: str,
    reading: Reading,
    latest: dict[str, Alert],
) -> tuple[str, bool]:
    """Fold late rows in where they are kept; else say what would help.

    Returns:
        (what became of them, in words; whether it was interrupted).
    """
    if keeper is None or reading.from_ms is None or reading.to_ms is None:
        return (
            f"{counted(len(late), 'row')} came too late to be folded; --home DIR folds them in, "
            "--lateness SECONDS allows more"
        ), False
    from sargas.cli.refolding import refold

    try:
        done = refold(
            keeper.home, make, source, reading.from_ms, reading.to_ms,
            late=late, given=latest.keys(),
        )  # fmt: skip
    except KeyboardInterrupt:
        say("sargas: interrupted; the rows that came late are kept but not folded in.")
        return f"{counted(len(late), 'row')} came late: kept, not folded in", True
    latest |= {a.id: a for a in done.alerts}
    words = (
        f"{counted(len(late), 'row')} came late: folded in, "
        f"{counted(len(done.added), 'alert')} added, "
        f"{len(done.updated)} changed, {len(done.retracted)} retracted"
    )
    if done.differing:
        words += f", {done.differing} left as stored under other rules"
    return words, False


def _take(
    outcome: Outcome, latest: dict[str, Alert], keeper: Keeper | None, batch: Batch | None
) -> None:
    """Keep the latest version of each alert, and all of them in the home."""
    for alert in outcome.alerts:
        latest[alert.id] = alert
    if keeper is not None:
        keeper.keep(outcome, batch)


def _counts_for(alert: Alert, fail_on: str) -> bool:
    """Tell whether an alert is of this priority or worse, and stands."""
    worse = PRIORITIES.index(alert.priority) <= PRIORITIES.index(fail_on)
    return worse and alert.state != RETRACTED


def _summarise(
    reading: Reading, watch: Watch, latest: dict[str, Alert], cpu_s: float, folded_in: str
) -> None:
    """Say on stderr what was read and what became of it."""
    tally = watch.tally()
    say(f"read      {counted(reading.lines, 'line')}, {counted(reading.fixes, 'fix', 'fixes')} and "
        f"{counted(reading.statics, 'static')} of {counted(watch.vessels, 'vessel')}")  # fmt: skip
    say(f"span      {span_text(reading.from_ms, reading.to_ms)}")
    say_counts("rejected", reading.counts)
    if reading.outside:
        say(f"outside   {counted(reading.outside, 'fix', 'fixes')} not between --since and --until")
    say_counts("set aside", {k: n for k, n in tally.items() if k != "ok" and n})
    say(f"folded    {counted(tally.get('ok', 0), 'fix', 'fixes')}")
    if folded_in:
        say(f"late      {folded_in}")
    alerts = Counter(f"{a.detector} {a.priority}" for a in latest.values() if not a.muted_by)
    say_counts("alerts", alerts)
    if not alerts and tally.get("ok"):
        say("alerts    none")
    say_counts("muted", Counter(m for a in latest.values() for m in a.muted_by[:1]), most=6)
    if watch.around.masks:
        say(f"masks     {len({m.id for m in watch.around.masks})} of your own")
    if watch.judge.lists is not None:
        say_lists(watch.judge.lists, reading.from_ms, reading.to_ms, latest.values())
    for detector in watch.detectors:
        say_counts(f"{detector.word}: passed over", getattr(detector, "counts", {}))
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rate = reading.fixes / cpu_s if cpu_s > 0 else 0.0
    say(f"cost      {cpu_s:.2f} s of CPU, {rate:,.0f} fixes/s, at most {peak_gb:.2f} GB")


def _cpu_s() -> float:
    """Give the CPU time this process has used, in seconds."""
    return time.process_time()
