"""`sargas score`: what the watch finds, misses and rings for, beside the rules of others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sargas.cli.words import counted, put_json, say
from sargas.errors import (
    EXIT_INPUT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    InputError,
    StoreError,
    UsageError,
)

if TYPE_CHECKING:  # imported where they are used: `sargas score --help` loads no library
    from sargas.cli.reading import Reading
    from sargas.exercise.incidents import Case
    from sargas.exercise.score import Result
    from sargas.exercise.truth import Play
    from sargas.model.fixes import Batch
    from sargas.watch.fold import Watch

INCIDENTS = "incidents"


def score(
    *,
    suite: str | None = None,
    real: Path | None = None,
    drags: int = 0,
    presets: str = "none",
    html: Path | None = None,
    rules: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Score every detector on staged drags and clean traffic, beside the rules of others.

    A suite is simulated traffic with drags, gaps and more laid in where we know it: how many are
    found, how late, how long before the next asset; how often it rings for nothing. Goals that
    are missed are printed as MISSED. 'incidents' is the documented cases instead: how long before
    each later asset something was said. --real takes a directory of archive days of your own:
    nothing is known of them, so that it gives rates only.

    Examples:
      sargas score
      sargas score --suite B --presets all --html score.html
      sargas score --suite incidents
      sargas score --real days/ --drags 40 --presets amsa,prox_slow --json | jq .budget

    Exits with 0 also where goals are missed: the table is the answer.

    Parameters
    ----------
    suite
        small (the default), A, B, or incidents. A is for tuning, B for reporting.
    real
        A directory of files to score instead of a suite: each is folded on its own.
    drags
        With --real: into the tracks of so many ships of each file drags are laid in, and the same
        ships untouched are control twins. It takes twice the time.
    presets
        Whose rules run beside ours: all, none, or a list like gfw,amsa,prox_slow. Not with
        incidents.
    html
        Write a page to this file, ending in .html; one that is there is written over.
    rules
        A TOML file whose thresholds lie over the shipped ones.
    json
        The whole board as one JSON object, instead of the tables.
    quiet
        Print no progress.
    """
    from sargas.exercise.presets import chosen

    names = chosen(presets)
    if real is not None and suite is not None:
        raise UsageError("--real and --suite do not go together.", hint="Leave one of them out.")
    if drags and (real is None or drags < 0):
        raise UsageError("--drags is a number of ships, and goes with --real.")
    if html is not None and html.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"'{html}' does not end in .html.")
    if suite == INCIDENTS:
        if names:
            raise UsageError("The presets do not run on the incidents.", hint="Leave them out.")
        return _put(*_incidents(rules, quiet=quiet), html=html, json=json, quiet=quiet)
    if real is not None:
        body, code = _score_real(real, drags, names, rules, quiet=quiet)
    else:
        body, code = _score_suite(suite or "small", names, rules, quiet=quiet)
    return _put(body, code, html=html, json=json, quiet=quiet)


def _put(body: dict[str, Any], code: int, *, html: Path | None, json: bool, quiet: bool) -> int:
    """Write a board to stdout, and as a page where one is wanted."""
    from sargas.cli import score_page, score_text

    if json:
        put_json(body)
    else:
        score_text.put(body)
    if html is not None:
        part = html.with_name(html.name + ".part")
        try:
            part.write_text(score_page.page(body), encoding="utf-8")
            part.replace(html)
        except OSError as error:
            raise StoreError(
                f"The page cannot be written: {error.strerror}.", where=str(html)
            ) from error
        finally:
            part.unlink(missing_ok=True)
        say(f"page      {html}", quiet=quiet)
    return code


def _score_suite(
    suite: str, names: tuple[str, ...], rules: Path | None, *, quiet: bool
) -> tuple[dict[str, Any], int]:
    """Score a suite of the exercise ground."""
    from sargas.cli.making import make_watch
    from sargas.cli.warm import warm
    from sargas.exercise.suite import load_suite

    warm(quiet=quiet)
    say(f"preparing suite {suite}", quiet=quiet)
    plays = load_suite(suite)
    return _board(
        suite, plays, names,
        lambda play: make_watch(
            None, rules, None, None, exercise=play.name if play.simulated else None
        ),
        quiet=quiet,
    )  # fmt: skip


def _score_real(
    folder: Path, drags: int, names: tuple[str, ...], rules: Path | None, *, quiet: bool
) -> tuple[dict[str, Any], int]:
    """Score every file of a directory: rates, and recall where drags are laid in."""
    from sargas.cli.making import make_watch
    from sargas.exercise.score import real_play

    if not folder.is_dir():
        raise UsageError("There is no such directory.", where=str(folder))
    files = sorted(
        p for p in folder.iterdir()
        if p.is_file() and not p.name.startswith(".") and p.suffix != ".part"
    )  # fmt: skip
    if not files:
        raise InputError("The directory holds no file.", where=str(folder))
    make: dict[str, Callable[[], Watch]] = {}
    plays: list[Play] = []
    broken: set[str] = set()
    for file in files:
        reading = _opened(file)
        if reading.is_hopeless:
            broken.add(file.name)
            continue
        lateness, exercise = reading.lateness_ms or None, reading.exercise
        note = f"{file.name}: {_kind(reading)}, folded on its own; nothing is known of it."
        play = real_play(file.name, partial(_batches, file, broken), note, simulated=bool(exercise))
        for one in _day(play, drags, quiet=quiet):
            plays.append(one)
            mark = exercise or (one.name if one.simulated else None)
            make[one.name] = partial(make_watch, None, rules, None, lateness, mark)
    if not plays:
        raise InputError("None of the files could be read.", where=str(folder))
    body, code = _board(
        f"real: {folder.name}", plays, names, lambda play: make[play.name](), quiet=quiet
    )
    return body, EXIT_INPUT if broken and code == EXIT_OK else code


def _day(play: Play, drags: int, *, quiet: bool) -> list[Play]:
    """Give a day, and the same with drags laid in where some are wanted and it has hosts."""
    if not drags:
        return [play]
    from sargas.exercise.hosts import with_drags
    from sargas.reference import shipped_assets, shipped_geography

    say(f"choosing ships of {play.name} to lay drags into", quiet=quiet)
    found = with_drags(play, play.batches, shipped_assets(), shipped_geography(), drags)
    if len(found) == 1:
        say(f"{play.name}: no ship steams steadily for long enough; rates only.", quiet=quiet)
    return found


def _opened(file: Path) -> Reading:
    """Open a file as every command does."""
    from sargas.cli.reading import Reading

    reading = Reading([str(file)], quiet=True)
    reading.prepare()
    return reading


def _kind(reading: Reading) -> str:
    """Name what a file holds."""
    return f"the exercise {reading.exercise}" if reading.exercise else "real traffic"


def _batches(file: Path, broken: set[str]) -> Iterator[Batch]:
    """Read a file anew, and note its name where it breaks off."""
    reading = _opened(file)
    for batch, _ in reading.batches():
        yield batch
    if reading.failed:
        broken.add(file.name)


def _board(
    suite: str,
    plays: list[Play],
    names: tuple[str, ...],
    make: Callable[[Play], Watch],
    *,
    quiet: bool,
) -> tuple[dict[str, Any], int]:
    """Fold all plays, or those that were whole when it was interrupted."""
    from sargas.exercise.board import Board
    from sargas.exercise.score import score_plays

    results: list[Result] = []
    progress = _Progress(len(plays), quiet=quiet)
    interrupted = False
    try:
        for result in score_plays(plays, make, names, progress.fold):
            results.append(result)
            progress.done(result)
    except KeyboardInterrupt:
        interrupted = True
        say(f"sargas: interrupted; this is PARTIAL, {len(results)} of {len(plays)} plays.")
    body = Board(suite, results, names, interrupted).to_dict()
    return body, EXIT_INTERRUPTED if interrupted else EXIT_OK


class _Progress:
    """Says on stderr which play is folded and what it gave."""

    def __init__(self, plays: int, *, quiet: bool) -> None:
        self._plays, self._quiet, self._number = plays, quiet, 1
        self._moves = not quiet and sys.stderr.isatty()

    def fold(self, play: str, fixes: int) -> None:
        """Show how far a play has come, where somebody looks."""
        if self._moves:
            text = f"play {self._number}/{self._plays} {play}: {fixes:,} fixes"
            print(f"\r{text:<78.78}", end="", file=sys.stderr, flush=True)

    def done(self, result: Result) -> None:
        """Say what a whole play gave."""
        rang = sum(not a.is_muted for a in result.said)
        found = sum(m.first_ms is not None for m in result.met)
        staged = f", {found} of {len(result.met)} staged found" if result.met else ""
        start = "\r" if self._moves else ""
        text = (
            f"play {self._number}/{self._plays} {result.play}: "
            f"{counted(result.vessels, 'vessel')}, {result.hours:.1f} h, "
            f"{counted(rang, 'alert')}{staged}"
        )
        say(f"{start}{text:<78}" if start else text, quiet=self._quiet)
        self._number += 1


def _incidents(rules: Path | None, *, quiet: bool) -> tuple[dict[str, Any], int]:
    """Follow the documented incidents, or those that were whole when it was interrupted."""
    from sargas.cli.making import make_watch
    from sargas.cli.playing import play
    from sargas.cli.warm import warm
    from sargas.exercise.incidents import (
        NO_TRACK,
        REAL,
        SWAN,
        SYNTHETIC,
        follow,
        swan_batches,
        swan_goals,
    )
    from sargas.exercise.scenario import BACKDROP_CREDIT, list_scenarios, load_scenario

    warm(quiet=quiet, formats=("csv",))
    cases: list[Case] = []
    told: list[dict[str, Any]] = []
    interrupted = False
    try:
        say("case samus-swan (real)", quiet=quiet)
        cases.append(follow(
            "samus-swan", "Samus Swan, 26 February 2022: an anchor dragged past Bornholm", REAL,
            "REAL positions and courses of the ship and of one lane mate; times reconstructed "
            "(2 min), speeds derived; the mate's clock is shifted onto the ship's.",
            SWAN, swan_batches(), make_watch(None, rules, None, None),
        ))  # fmt: skip
        told = swan_goals(cases[0])
        for listed in list_scenarios():
            scenario = load_scenario(listed.name)
            say(f"case {listed.name} (SYNTHETIC)", quiet=quiet)
            watch = make_watch(None, rules, None, None, exercise=scenario.name)
            cases.append(follow(
                scenario.name, scenario.title, SYNTHETIC, scenario.note, scenario.vessel[0].mmsi,
                (batch for _, batch in play(scenario)), watch,
            ))  # fmt: skip
    except KeyboardInterrupt:
        interrupted = True
        say(f"sargas: interrupted; this is PARTIAL, {counted(len(cases), 'case')}.")
    body = {
        "suite": INCIDENTS,
        "partial": interrupted,
        "cases": [case.to_dict() for case in cases],
        "goals": told,
        "credit": list(BACKDROP_CREDIT),
        "no_track": [{"case": case, "why": why} for case, why in NO_TRACK],
    }
    return body, EXIT_INTERRUPTED if interrupted else EXIT_OK
