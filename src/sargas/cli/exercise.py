"""`sargas exercise`: list, run and export the scenarios."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclopts import App

from sargas.cli.words import put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError

app = App(
    name="exercise",
    help="Scenarios over real traffic that sails on by simulation, all marked EXERCISE.",
    help_format="plaintext",
)


@app.command(name="list")
def list_(*, json: bool = False, quiet: bool = False) -> int:
    """List the scenarios.

    Examples:
      sargas exercise list
      sargas exercise list --json | jq -r .name

    Parameters
    ----------
    json
        One scenario a line, as JSON.
    quiet
        Taken by every command; this one only prints its list.
    """
    from sargas.exercise.scenario import list_scenarios

    rows = list_scenarios()
    if json:
        for row in rows:
            put_json(vars(row))
    else:
        put_table(
            ("name", "from", "to", "vessels", "title"),
            [(r.name, r.start, r.end, r.vessels, r.title) for r in rows],
        )
    return EXIT_OK


@app.command
def run(name: str, /, *, json: bool = False, quiet: bool = False) -> int:
    """Run every detector over a scenario and print the alerts, all marked EXERCISE.

    Examples:
      sargas exercise run eagle-s
      sargas exercise run eagle-s --json | jq .next_assets

    Parameters
    ----------
    name
        A name from 'sargas exercise list', or a file ending in .toml.
    json
        One alert a line, as JSON.
    quiet
        Print no progress and no summary.
    """
    from sargas.cli.alert_text import print_alerts
    from sargas.cli.making import make_watch
    from sargas.cli.playing import play
    from sargas.cli.warm import warm
    from sargas.exercise.scenario import load_scenario

    scenario = load_scenario(name)
    warm(quiet=quiet)
    watch = make_watch(None, None, None, None, exercise=scenario.name)
    latest = {}
    for _, batch in play(scenario):
        for alert in watch.push(batch).alerts:
            latest[alert.id] = alert
    for alert in watch.flush().alerts:
        latest[alert.id] = alert
    shown = sorted(
        (a for a in latest.values() if not a.muted_by), key=lambda a: (a.t_detected_ms, a.id)
    )
    say(f"EXERCISE {scenario.name}: {scenario.title}", quiet=quiet)
    say(scenario.note, quiet=quiet)
    print_alerts(shown, json=json)
    return EXIT_OK


@app.command
def export(
    name: str, /, *, out: Path, force: bool = False, json: bool = False, quiet: bool = False
) -> int:
    """Write a scenario as an NMEA log, which every other command reads and marks EXERCISE.

    Examples:
      sargas exercise export eagle-s --out eagle-s.nmea.gz
      sargas scan eagle-s.nmea.gz

    Parameters
    ----------
    name
        A name from 'sargas exercise list', or a file ending in .toml.
    out
        The file to write, ending in .nmea or .nmea.gz.
    force
        Write it also where there is such a file already.
    json
        What was written, as JSON.
    quiet
        Print no progress.
    """
    from sargas.exercise.run import export as write
    from sargas.exercise.scenario import load_scenario

    if out.exists() and not force:
        raise UsageError(
            "There is such a file already.", where=str(out),
            hint="Name another one, or write over it with --force.",
        )  # fmt: skip
    show = not quiet and sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        if show:
            print(f"\rwriting {100 * done // total} %", end="\r", file=sys.stderr)

    scenario = load_scenario(name)
    written = write(scenario, out, progress)
    if json:
        put_json({"exercise": scenario.name, "file": str(out), "bytes": written})
    say(f"EXERCISE {scenario.name}: {written / 1e6:.1f} MB of sentences in {out}", quiet=quiet)
    return EXIT_OK
