"""`sargas retention`: by which rule old days of a home are let go, and letting them go."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import App

from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, UsageError

if TYPE_CHECKING:
    from sargas.store import Home
    from sargas.store.retention import Past, Rule
    from sargas.store.thinning import Application, Place, Thinned

app = App(
    name="retention",
    help="By which rule old days of a home are let go, and letting them go.",
    help_format="plaintext",
)
RULE_VERB = "retention_rule"
"""The word for a change of the rule in the audit log."""
NO_RULE = "There is no rule: nothing is ever deleted. 'sargas retention set' makes one."
ALL = "all"
_NAME_MOST = 40
_NAMED = 5
_LINE_S = 0.2


@app.command
def show(*, home: Path | None = None, json: bool = False, quiet: bool = False) -> int:
    """Show the rule, and which days are past by it now.

    Age is counted from the newest day that holds traffic, in event time, not from today.

    Examples:
      sargas retention show --home watch
      sargas retention show --json | jq .past.fixes

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    json
        The rule and the days, as one JSON object.
    quiet
        Print no remarks.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.retention import Rule, days_past, load_rule

    stored = open_stored(home)
    rule = load_rule(stored)
    past = days_past(stored, rule or Rule())
    if json:
        put_json({
            "home": str(stored.path), "rule": None if rule is None else rule.to_dict(),
            "newest_day": past.newest or None, "ahead": list(past.ahead),
            "past": {table: list(days) for table, days in past.days.items()},
        })  # fmt: skip
        return EXIT_OK
    if rule is None:
        say(NO_RULE, quiet=quiet)
        return EXIT_OK
    put_table(("what", "stays"), _words_of(rule))
    for table, days in past.days.items():
        print(f"{table}: {counted(len(days), 'day')} past{_first_last(days)}")
    _say_newest(past, quiet=quiet)
    return EXIT_OK


@app.command(name="set")
def set_(
    *,
    fixes_days: str | None = None,
    statics_days: str | None = None,
    keep_evidence: Literal["yes", "no", "P1", "P2", "P3"] | None = None,
    keep: list[str] | None = None,
    let_go: list[str] | None = None,
    forever: bool = False,
    home: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Set the rule, or a part of it; the other parts stay as they are. Nothing is deleted by it.

    A live watch on the home takes it up with its next event day, or when it is begun again, and
    'sargas retention apply' at once. Alerts, the log of acts and evidence bundles are never
    deleted.

    Examples:
      sargas retention set --fixes-days 90 --statics-days 365 --home watch
      sargas retention set --keep-evidence P2 --keep 2024-12-25
      sargas retention set --forever

    Parameters
    ----------
    fixes_days
        So many days of fixes stay, 7 or more; or 'all'.
    statics_days
        So many days of what vessels said about themselves stay, 7 or more; or 'all'.
    keep_evidence
        Whether rows stay that alerts rest on, however old: 'yes' for all alerts that are neither
        muted nor retracted, 'no', or a priority for alerts that were of it or worse.
    keep
        A day that stays whole, as for an inquiry; may be given several times.
    let_go
        A day that --keep named and that is held no more.
    forever
        Take the rule away: nothing is ever deleted.
    home
        The home (default: SARGAS_HOME, else the XDG data folder).
    json
        The rule as one JSON object.
    quiet
        Print no remarks.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.retention import checked_day, checked_rule, keep_rule, load_rule

    stored = open_stored(home)
    given = [fixes_days, statics_days, keep_evidence, keep or None, let_go or None]
    if forever and any(one is not None for one in given):
        raise UsageError("--forever takes the rule away; it goes with no other option of it.")
    if not forever and all(one is None for one in given):
        raise UsageError("Set what?", hint="Give --fixes-days 90, --keep-evidence, --forever ...")
    rule = None
    if not forever:
        before = load_rule(stored)
        said: dict[str, Any] = {} if before is None else before.to_dict()
        for key, text in (("fixes_days", fixes_days), ("statics_days", statics_days)):
            if text is not None:
                said[key] = None if text.lower() == ALL else _number(key, text)
        if keep_evidence is not None:
            said["keep_evidence"] = {"yes": True, "no": False}.get(keep_evidence, keep_evidence)
        held = {*said.get("keep", ()), *map(checked_day, keep or ())}
        said["keep"] = sorted(held - set(map(checked_day, let_go or ())))
        rule = checked_rule(said)
    keep_rule(stored, rule)
    _note_rule(stored, rule)
    if json:
        put_json({"home": str(stored.path), "rule": None if rule is None else rule.to_dict()})
    elif rule is not None:
        put_table(("what", "stays"), _words_of(rule))
    say("Nothing is ever deleted." if rule is None else
        "What would go: 'sargas retention apply --dry-run'.", quiet=quiet)  # fmt: skip
    return EXIT_OK


@app.command
def apply(
    *, home: Path | None = None, dry_run: bool = False, json: bool = False, quiet: bool = False
) -> int:
    """Let go of what is past by the home's rule, or only say what would go.

    A live watch applies the rule itself, once an event day, so this is refused beside it; with
    --dry-run it is not. Readers go on meanwhile. Interrupted or killed, only what the rule lets
    go is gone, and the next application goes on. It ends as one line of the log of acts. A shard
    that cannot be read or written stays as it is and is named, a damaged file is set aside in
    damaged/; the command then leaves with 1.

    Examples:
      sargas retention apply --home watch --dry-run
      sargas retention apply --home watch
      sargas retention apply --json --quiet | jq .removed

    Parameters
    ----------
    home
        The home (default: SARGAS_HOME, else the XDG data folder).
    dry_run
        Only say what would go; nothing is changed.
    json
        What went, as one JSON object.
    quiet
        Print no progress and no summary.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.retention import load_rule
    from sargas.store.thinning import Thinned

    stored = open_stored(home)
    rule = load_rule(stored)
    if rule is None:
        if json:
            _put(stored, None, None, Thinned(), dry_run=dry_run, interrupted=False)
        say(NO_RULE, quiet=quiet)
        return EXIT_OK
    run = _would if dry_run else _apply
    application, done, interrupted = run(stored, rule, quiet=quiet)
    if json:
        _put(stored, rule, application, done, dry_run=dry_run, interrupted=interrupted)
    else:
        _put_words(application, done, dry_run=dry_run)
    for one in application.set_aside:
        say(f"sargas: {one}")
    _say_newest(application.past, quiet=quiet)
    if interrupted:
        say("sargas: interrupted; the next application goes on.")
        return EXIT_INTERRUPTED
    return EXIT_FAILED if application.failed or application.set_aside else EXIT_OK


def _would(home: Home, rule: Rule, *, quiet: bool) -> tuple[Application, Thinned, bool]:
    """Add up what would go."""
    from sargas.errors import StoreError
    from sargas.store.thinning import Application, Thinned

    application, done = Application(home, rule), Thinned()
    for place in _shown(application.places(), quiet=quiet):
        try:
            done += application.would(place)
        except StoreError as error:
            application.failed[place] = str(error)
    return application, done, False


def _apply(home: Home, rule: Rule, *, quiet: bool) -> tuple[Application, Thinned, bool]:
    """Let go, a shard at a time; Ctrl-C takes hold between two of them."""
    from sargas.cli.home import person
    from sargas.cli.interrupts import Interrupts
    from sargas.store.thinning import Application

    interrupted = False
    with home.writing(), Interrupts() as interrupts:
        application = Application(home, rule)
        try:
            for place in _shown(application.places(), quiet=quiet):
                interrupts.hold()
                application.thin(place)
                interrupts.let()
        except KeyboardInterrupt:
            interrupted = True
        interrupts.hold()
        done = application.done
        application.note(
            person()[:_NAME_MOST], t_ms=application.newest_ms, at_ms=time.time_ns() // 1_000_000
        )
    return application, done, interrupted


def _shown(places: Iterable[Place], *, quiet: bool) -> Iterable[Place]:
    """Give shards, and tell a terminal which day is looked at."""
    show, last_s = not quiet and sys.stderr.isatty(), 0.0
    for place in places:
        if show and time.monotonic() - last_s > _LINE_S:
            last_s = time.monotonic()
            print(f"\r{place.table} of {place.day}", end="\r", file=sys.stderr)
        yield place


def _number(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        option = key.replace("_", "-")
        raise UsageError(f"--{option} '{text}' is neither a number nor 'all'.") from error


def _note_rule(home: Home, rule: Rule | None) -> None:
    """Write the change into the log of acts."""
    from sargas.cli.home import person
    from sargas.store.log import Log
    from sargas.store.retention import newest_full_day
    from sargas.store.thinning import end_of

    detail = {"rule": None if rule is None else rule.to_dict()}
    with Log(home) as log:
        log.note(
            RULE_VERB, person()[:_NAME_MOST], t_ms=end_of(newest_full_day(home)[0]),
            at_ms=time.time_ns() // 1_000_000, detail=detail,
        )  # fmt: skip


def _put(
    home: Home, rule: Rule | None, application: Application | None, done: Thinned, *,
    dry_run: bool, interrupted: bool,
) -> None:  # fmt: skip
    from sargas.store.thinning import told

    failed = {} if application is None else application.failed
    put_json({
        "home": str(home.path), "rule": None if rule is None else rule.to_dict(),
        "newest_day": None if application is None else application.past.newest or None,
        "dry_run": dry_run, "interrupted": interrupted, **told(done),
        "failed": [{"where": "/".join(map(str, p)), "what": what} for p, what in failed.items()],
    })  # fmt: skip


def _put_words(application: Application, done: Thinned, *, dry_run: bool) -> None:
    """Write what went, for people."""
    goes = "would go" if dry_run else "went"
    for table, removed in done.removed.items():
        kept = done.kept[table]
        stays = f"{counted(kept, 'row')} of the same shards stay{'s' if kept == 1 else ''}"
        print(f"{table}: {counted(removed, 'row')} {goes}" + (f"; {stays}" if kept else ""))
    if done.rows:
        free = f"{'about ' if dry_run else ''}{done.bytes / 1e6:,.1f} MB"
        print(f"{counted(len(done.days), 'day')}{_first_last(done.days)}; {free} {goes}")
    else:
        print("Nothing is past." if not application.failed else f"Nothing {goes}.")
    for what in list(application.failed.values())[:_NAMED]:
        print(clean_text(f"Left as it is: {what}"))
    if len(application.failed) > _NAMED:
        print(f"Left as they are, too: {counted(len(application.failed) - _NAMED, 'shard')}.")


def _words_of(rule: Rule) -> list[tuple[str, str]]:
    """Write a rule for people."""
    evidence = {"": "nothing more for it", "P3": "of alerts neither muted nor retracted"}
    return [
        ("fixes", _days(rule.fixes_days)),
        ("statics", _days(rule.statics_days)),
        ("evidence", evidence.get(rule.evidence, f"of alerts of {rule.evidence} or worse")),
        ("held days", ", ".join(rule.keep) or "none"),
    ]


def _days(days: int | None) -> str:
    return "all days" if days is None else f"the newest {counted(days, 'day')}"


def _first_last(days: tuple[str, ...]) -> str:
    return f", {days[0]} to {days[-1]}" if days else ""


def _say_newest(past: Past, *, quiet: bool) -> None:
    """Say from which day age is counted, and what lies after it."""
    if past.newest:
        ahead = f"; with few rows, not counted from: {', '.join(past.ahead[-3:])}"
        say(f"Age is counted from {past.newest}{ahead if past.ahead else ''}.", quiet=quiet)
