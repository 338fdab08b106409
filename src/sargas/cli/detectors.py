"""`sargas detectors`: what each one looks for, how it decides, and what it makes of a file."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from sargas.cli.words import counted, put_json, put_table, say, say_counts, span_text
from sargas.errors import EXIT_INPUT, EXIT_INTERRUPTED, EXIT_OK, UsageError

if TYPE_CHECKING:
    from sargas.cli.catalogue import Entry
    from sargas.watch.fold import Outcome
    from sargas.watch.rules import Rules, Threshold

WIDEST = 96
"""Columns of running text; longer lines are hard to read."""

app = App(
    name="detectors",
    help="What each detector looks for, how it decides, and what it makes of a file.",
    help_format="plaintext",
)


@app.command(name="list")
def list_(*, json: bool = False, quiet: bool = False) -> int:
    """List the detectors, and the records that raise no alert.

    Examples:
      sargas detectors list
      sargas detectors list --json | jq -r .word

    Parameters
    ----------
    json
        One entry a line, as JSON.
    quiet
        Print no remark.
    """
    from sargas.cli.catalogue import entries
    from sargas.watch.rules import load_rules

    found = entries(load_rules())
    if json:
        for entry in found:
            put_json(entry.to_dict())
    else:
        put_table(
            ("word", "no.", "priority", "what it sees"),
            [(e.word, e.number, _priorities(e), e.sentence) for e in found],
        )
    say("More: sargas detectors explain WORD", quiet=quiet)
    return EXIT_OK


def _priorities(entry: Entry) -> str:
    if entry.kind == "record":
        return "no alert"
    return ", ".join(entry.priorities) or "see explain"


@app.command
def explain(
    name: str, /, *, rules: Path | None = None, json: bool = False, quiet: bool = False
) -> int:
    """Explain a detector: definition, source, blind spots, false alarms, every threshold.

    Examples:
      sargas detectors explain drag_onset
      sargas detectors explain D4 --json | jq .thresholds

    Parameters
    ----------
    name
        Its word or D number, as in 'sargas detectors list'.
    rules
        A TOML file whose thresholds lie over the shipped ones.
    json
        The same as one JSON object.
    quiet
        Print no remark.
    """
    from sargas.cli.catalogue import entries, find, shared_tables
    from sargas.watch.rules import load_rules

    known = load_rules(rules)
    entry = find(entries(known), name)
    shared = {table: known.tables[table] for table in shared_tables(known)}
    if json:
        put_json(_as_json(entry, known, shared))
    else:
        _put_entry(entry, shared)
    say(f"Rules {known.version}. Change one with a file of your own: sargas scan --rules FILE",
        quiet=quiet)  # fmt: skip
    return EXIT_OK


def _as_json(entry: Entry, rules: Rules, shared: dict[str, dict[str, Threshold]]) -> dict[str, Any]:
    """Write an entry with all that is told of it."""
    return entry.to_dict() | {
        "rules": rules.version,
        "text": [{"heading": head, "text": text} for head, text in entry.text],
        "decided": list(entry.decided),
        "thresholds": {name: vars(t) for name, t in entry.thresholds.items()},
        "shared": {t: {n: vars(one) for n, one in table.items()} for t, table in shared.items()},
    }


def _put_entry(entry: Entry, shared: dict[str, dict[str, Threshold]]) -> None:
    """Write an entry for people."""
    version = f", version {entry.version}" if entry.version else ", a record: it raises no alert"
    print(f"{entry.word} ({entry.number}{version})")
    _put_text(entry.sentence)
    for head, text in entry.text:
        print()
        if head:
            print(f"{head}:")
        for line in text.split("\n"):
            _put_text(line, "  " if head else "")
    print("\nHow its priority is decided:")
    for line in entry.decided:
        _put_text(f"- {line}", "  ", "    ")
    if entry.thresholds:
        print("\nIts thresholds:")
        _put_thresholds(entry.thresholds)
    for table, thresholds in shared.items() if entry.kind == "detector" else ():
        print(f"\nShared by all, [{table}]:")
        _put_thresholds(thresholds)


def _put_text(text: str, first: str = "", more: str | None = None) -> None:
    """Write running text, broken to the terminal or to a width that reads well."""
    screen = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    print(textwrap.fill(text, min(screen, WIDEST), initial_indent=first,
                        subsequent_indent=first if more is None else more))  # fmt: skip


def _put_thresholds(table: dict[str, Threshold]) -> None:
    put_table(
        ("threshold", "value", "unit", "source"),
        [(name, f"{t.value:g}", t.unit, t.source) for name, t in table.items()],
    )


@app.command(name="test")
def try_out(
    name: str,
    files: Annotated[list[str], Parameter(consume_multiple=True)],
    /,
    *,
    muted: bool = False,
    assets: Path | None = None,
    rules: Path | None = None,
    masks: Path | None = None,
    home: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    format: str | None = None,
    map: str | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Run one detector over files: its alerts, and what it passed over and why.

    Nothing is written.

    Examples:
      sargas detectors test gap day.csv
      sargas detectors test D1 log.nmea.gz --rules mine.toml

    Parameters
    ----------
    name
        Its word or D number, as in 'sargas detectors list'.
    files
        Files to read, in any order; - for standard input.
    muted
        Show alerts too that a port, the coast or a mask mutes.
    assets
        Assets to watch instead of the shipped ones: GeoJSON, CSV, KML, GeoPackage, GeoParquet.
    rules
        A TOML file whose thresholds lie over the shipped ones.
    masks
        GeoJSON of places where stopping is ordinary.
    home
        Watch the assets, and use the masks, that this home keeps.
    since
        Leave out what is before this time (ISO 8601 with zone).
    until
        Leave out what is at or after this time.
    format
        The files' format, where the content should not decide.
    map
        Columns of a CSV of another shape, like mmsi=id,t=time,lon=x,lat=y.
    json
        One alert a line, as JSON.
    quiet
        Print no progress and no counts.
    """
    from sargas.cli.alert_text import print_alerts
    from sargas.cli.catalogue import entries, find, with_leads
    from sargas.cli.making import make_watch
    from sargas.cli.reading import Reading
    from sargas.model.alerts import Alert
    from sargas.watch.rules import load_rules

    entry = find(entries(load_rules(rules)), name)
    if entry.make is None:
        raise UsageError(
            f"{entry.word} ({entry.number}) is a record and raises no alert.",
            hint=f"Ask it with 'sargas {entry.word}'.",
        )
    reading = Reading(files, format, map, since, until, quiet)
    reading.prepare()
    if reading.is_hopeless:
        return EXIT_INPUT
    watch = make_watch(
        assets, rules, home, reading.lateness_ms or None, reading.exercise, masks,
        detectors=with_leads(entry.make),
    )  # fmt: skip
    latest: dict[str, Alert] = {}
    interrupted = False

    def take(outcome: Outcome) -> None:
        # A detector that rests on others runs with them; only its own alerts are asked for.
        latest.update({a.id: a for a in outcome.alerts if a.detector == entry.word})

    try:
        for batch, until_ms in reading.batches():
            take(watch.push(batch, until_ms))
    except KeyboardInterrupt:
        interrupted = True
        say("sargas: interrupted; these are the alerts of what was read.")
    take(watch.flush())
    shown = [a for a in latest.values() if muted or not a.muted_by]
    shown.sort(key=lambda a: (bool(a.muted_by), a.t_detected_ms, a.id))
    print_alerts(shown, json=json)
    if not quiet:
        tally = watch.tally()
        say(f"read      {counted(reading.lines, 'line')}, {counted(reading.fixes, 'fix', 'fixes')} "
            f"of {counted(watch.vessels, 'vessel')}")  # fmt: skip
        say(f"span      {span_text(reading.from_ms, reading.to_ms)}")
        say_counts("set aside", {k: n for k, n in tally.items() if n and k != "ok"})
        say(f"folded    {counted(tally.get('ok', 0), 'fix', 'fixes')}")
        unmuted = Counter(a.priority for a in latest.values() if not a.muted_by)
        say_counts("alerts", dict(unmuted)) if unmuted else say("alerts    none")
        say_counts("muted", Counter(m for a in latest.values() for m in a.muted_by[:1]))
        (own,) = (d for d in watch.detectors if d.word == entry.word)
        passed_over = dict(getattr(own, "counts", {}))
        if passed_over:
            say_counts("passed over", passed_over)
        else:
            say("passed over: nothing, or this detector keeps no count of it")
    if interrupted:
        return EXIT_INTERRUPTED
    if not watch.tally().get("ok", 0) and not latest:
        why, code = reading.emptiness or ("every fix was set aside.", EXIT_INPUT)
        say(f"Nothing was judged: {why}")
        return code
    return EXIT_INPUT if reading.failed else EXIT_OK
