"""The tree of commands, and how every command ends: one place for errors and exit codes."""

from __future__ import annotations

import errno
import inspect
import io
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from sargas import __version__
from sargas.cli.interrupts import end_on_sigterm
from sargas.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, SargasError

EXIT_CODES = """\
Exit codes: 0 ok, 1 failed, 2 wrong use, 3 input unreadable or without a
usable fix, 4 feed unavailable, 5 nothing found or in the span asked for,
10 alerts at or above --fail-on, 130 interrupted.
stdout is data, stderr is talk.
"""
EPILOGUE = f"""\
Examples:
  sargas demo                            an EXERCISE, on a map
  sargas scan aisdk-2024-12-25.zip       every alert in an archive day
  sargas scan log.nmea.gz --json --fail-on P2
  sargas crossings log.nmea.gz --asset power-cable-estlink-2
  sargas infra list

{EXIT_CODES}"""

app = App(
    name="sargas",
    help="A sentry for the Baltic: what ships do near cables and pipelines, on open data.",
    help_epilogue=EPILOGUE,
    help_format="plaintext",
    default_parameter=Parameter(negative=""),
    version=__version__,
    suppress_keyboard_interrupt=False,
)

_COMMANDS = (
    ("demo", "sargas.cli.demo:demo", "Replay an exercise and show it on a map."),
    ("scan", "sargas.cli.scan:scan", "Run every detector over archives; print the alerts."),
    ("watch", "sargas.cli.watch:watch", "Watch live feeds: receive, judge, keep, alert."),
    ("decode", "sargas.cli.decode:decode", "Turn AIS and archive files into columns."),
    ("crossings", "sargas.cli.crossings:crossings", "List who crossed which asset, and when."),
    ("suspects", "sargas.cli.suspects:suspects", "List who crossed an asset around a fault time."),
    (
        "exercise",
        "sargas.cli.exercise:app",
        "Scenarios over real traffic that sails on, simulated.",
    ),
    ("score", "sargas.cli.score:score", "Score the detectors: found, missed, rung for nothing."),
    ("fetch", "sargas.cli.fetch:app", "Bring a day of a public archive, to scan or score."),
    ("infra", "sargas.cli.infra:app", "The assets that are watched, and your own."),
    ("alerts", "sargas.cli.alerts:app", "The alerts of a home: list, show, triage, export."),
    ("share", "sargas.cli.share:app", "What leaves for partners: formats, policy, export, send."),
    ("audit", "sargas.cli.audit:app", "The log of what people did: list it, verify it."),
    ("handover", "sargas.cli.handover:handover", "What rang in a watch, and what is open."),
    ("vessel", "sargas.cli.vessel:app", "Find a vessel; who it said it is, where it was."),
    ("detectors", "sargas.cli.detectors:app", "What each detector looks for, and how it decides."),
    ("masks", "sargas.cli.masks:app", "Masks, vigilance areas and zones, kept in a home."),
    ("backup", "sargas.cli.backup:backup", "Copy a home into one file, while it is written to."),
    ("restore", "sargas.cli.backup:restore", "Make a home of a backup."),
    ("verify", "sargas.cli.backup:verify", "Check that a home or a backup is whole."),
    ("retention", "sargas.cli.retention:app", "Which old days of a home are let go, by a rule."),
    ("users", "sargas.cli.users:app", "Who may use the service, and in which role."),
    ("tokens", "sargas.cli.tokens:app", "Tokens by which programs ask the service."),
    ("serve", "sargas.cli.serve:serve", "Serve the screen over what a home has stored."),
    ("doctor", "sargas.cli.doctor:doctor", "Check this installation and say what is missing."),
)
for _name, _place, _help in _COMMANDS:
    app.command(_place, name=_name, help=_help)


def _with_own_help(argv: Sequence[str]) -> None:
    """Let a command's help be its own: its whole docstring, and not the examples of the tree.

    The tree's list has a line a command, so that listing them loads none.
    """
    command = app
    for word in argv:
        if word.startswith("-") or word not in set(command):
            break
        command = command[word]
        own = command.help_epilogue or ""
        if "Exit codes:" not in own:
            command.help_epilogue = f"{own.rstrip()}\n\n{EXIT_CODES}" if own else EXIT_CODES
        if command.default_command is not None:
            own_words = _reflowed(inspect.getdoc(command.default_command) or "")
            command.default_command.__doc__ = command.help = own_words


def _reflowed(doc: str) -> str:
    r"""Write each paragraph of a docstring as one line, so that the help breaks it, not the source.

    Paragraphs stand at the margin, what is said of a parameter four in; examples, two in, stay.

    Example:
        >>> _reflowed("Reads it,\nall.\n\nExamples:\n  sargas a\n  sargas b")
        'Reads it, all.\n\nExamples:\n  sargas a\n  sargas b'
    """
    lines: list[str] = []
    before: int | None = None
    for line in doc.splitlines():
        indent = len(line) - len(line.lstrip()) if line.strip() else None
        if indent in (0, 4) and indent == before and not line.lstrip().startswith("---"):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
        before = None if line.lstrip().startswith("---") else indent
    return "\n".join(lines)


def _with_stdin(argv: Sequence[str]) -> list[str]:
    """Write `-` as the file it means: the parser would take it for an option without a name.

    Example:
        >>> _with_stdin(["scan", "-", "--json", "--", "-"])
        ['scan', '/dev/stdin', '--json', '--', '-']
    """
    words = list(argv)
    end = words.index("--") if "--" in words else len(words)
    return ["/dev/stdin" if word == "-" else word for word in words[:end]] + words[end:]


def _write_utf8() -> None:
    """Write data as UTF-8 whatever the locale, and never fail over a letter."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def run(argv: Sequence[str]) -> int:
    """Run one command line.

    Args:
        argv: the words after the program's name.

    Returns:
        The exit code.
    """
    end_on_sigterm()
    _write_utf8()
    stderr = sys.stderr
    try:
        return _run(argv)
    finally:
        if sys.stderr is not stderr:  # a command has asked for JSON there
            sys.stderr.flush()
            sys.stderr = stderr


def _run(argv: Sequence[str]) -> int:
    try:
        _with_own_help(argv)
        result = app(_with_stdin(argv), exit_on_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError:
        return EXIT_USAGE
    except SargasError as error:
        print(f"sargas: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sargas: interrupted; what was printed and stored is whole.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does: nothing is wrong. Python would
        # complain once more when it closes stdout at exit.
        _drop_stdout()
        return EXIT_OK
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        # A file of ours would be named; Python may have let go of what stdout refused.
        if not place and (error.errno in (errno.ENOSPC, errno.EIO) or not _stdout_takes()):
            place = "standard output: "
            _drop_stdout()
        print(f"sargas: {place}{error.strerror or error}", file=sys.stderr)
        return EXIT_FAILED
    return result if isinstance(result, int) else EXIT_OK


def _stdout_takes() -> bool:
    """Tell whether stdout takes what waits for it; on a full disk it goes on refusing."""
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _drop_stdout() -> None:
    """Let what waits for stdout go nowhere: Python would try again, and complain, at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
