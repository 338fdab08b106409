"""`sargas users`: who may use the service, and what each may do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError
from sargas.model.roles import USER_VERBS
from sargas.model.time import iso

if TYPE_CHECKING:
    from sargas.store import Home
    from sargas.store.users import By, User, Users

app = App(
    name="users",
    help="Who may use the service: add, list, roles, passwords, disable.",
    help_format="plaintext",
)

Role = Literal["viewer", "officer", "supervisor", "admin"]
INPUT_MOST = 4096
"""Letters that are read of a password on standard input."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """Which home, and how it is told.

    Parameters
    ----------
    home
        The home (default: SARGAS_HOME, else the XDG data folder).
    json
        What it is now, as one JSON object a line.
    quiet
        Print no remarks.
    """

    home: Path | None = None
    json: bool = False
    quiet: bool = False


At = Annotated[Where, Parameter(name="*")]


@app.command
def add(
    name: str, *, role: Role = "officer", password_stdin: bool = False, at: At = Where()
) -> int:
    """Add a user; from the first one on nobody uses the service without a login.

    The password is asked for twice on the terminal. It is never an argument: those stand in the
    list of processes.

    Examples:
      sargas users add "V. Petraite" --role admin --home watch
      sargas users add Jonas --role officer
      pass show watch/jonas | sargas users add Jonas --password-stdin

    Parameters
    ----------
    name
        As it is to stand in the log: 40 letters at most.
    role
        viewer sees; officer acts on alerts; supervisor also suspends, masks and raises; admin also
        manages users.
    password_stdin
        Read the password from standard input, one line.
    at
        Which home.
    """
    from sargas.cli.home import home_dir
    from sargas.store import Home
    from sargas.store.users import Users

    stored = Home(home_dir(at.home))
    with Users(stored) as users:
        is_first = not users.any()
        user = users.add(name, _password(name, from_stdin=password_stdin), role, who_acts(stored))
    _tell(user, at)
    say(f"{clean_text(user.name)} is {user.role} of {stored.path}.", quiet=at.quiet)
    if is_first:
        say("From now on the service asks for a name and a password.", quiet=at.quiet)
        if role != "admin":
            say("No user is admin: users are managed here, at the command line.", quiet=at.quiet)
    return EXIT_OK


@app.command(name="list")
def list_(*, home: Path | None = None, json: bool = False, quiet: bool = False) -> int:
    """List the users, their roles, and who is disabled.

    Examples:
      sargas users list --home watch
      sargas users list --json

    Parameters
    ----------
    home
        The home (default: SARGAS_HOME, else the XDG data folder).
    json
        One JSON object a line.
    quiet
        Print no remarks.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.users import Users

    with Users(open_stored(home)) as opened:
        users = opened.all()
    if json:
        for user in users:
            put_json(user.to_dict())
    elif users:
        put_table(
            ("name", "role", "since", "state"),
            [
                (u.name, u.role, iso(u.created_ms), "disabled" if u.is_disabled else "enabled")
                for u in users
            ],
        )
    if not users:
        say("There are no users: whoever is at this machine uses the service.", quiet=quiet)
    return EXIT_OK


@app.command
def role(name: str, to: Role, *, at: At = Where()) -> int:
    """Give a user another role; they have to log in again.

    Examples:
      sargas users role Jonas supervisor

    Parameters
    ----------
    name
        Whose.
    to
        viewer, officer, supervisor or admin.
    at
        Which home.
    """
    return _changed(name, at, lambda users, by: users.set_role(name, to, by))


@app.command
def disable(name: str, *, at: At = Where()) -> int:
    """Disable a user: logged out everywhere, their tokens are revoked for good.

    Users are not removed, for their names stand in the log.

    Examples:
      sargas users disable Jonas

    Parameters
    ----------
    name
        Who.
    at
        Which home.
    """
    return _changed(name, at, lambda users, by: users.set_disabled(name, by, is_disabled=True))


@app.command
def enable(name: str, *, at: At = Where()) -> int:
    """Enable a user who was disabled; of tokens they need new ones.

    Examples:
      sargas users enable Jonas

    Parameters
    ----------
    name
        Who.
    at
        Which home.
    """
    return _changed(name, at, lambda users, by: users.set_disabled(name, by, is_disabled=False))


@app.command
def password(
    name: str, *, password_stdin: bool = False, keep_tokens: bool = False, at: At = Where()
) -> int:
    """Give a user another password; they are logged out everywhere, and their tokens revoked.

    Whoever knew the old one may have had a token made.

    Examples:
      sargas users password Jonas
      sargas users password Jonas --keep-tokens

    Parameters
    ----------
    name
        Whose.
    password_stdin
        Read the password from standard input, one line.
    keep_tokens
        Do not revoke their tokens: programs go on, and the password was known to nobody else.
    at
        Which home.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.users import Users

    with Users(open_stored(at.home)) as users:
        users.user(name)  # who does not exist needs no password typed
    typed = _password(name, from_stdin=password_stdin)
    return _changed(
        name, at,
        lambda users, by: users.set_password(name, typed, by, keeps_tokens=keep_tokens),
    )  # fmt: skip


def _changed(name: str, at: Where, change: Callable[[Users, By], User]) -> int:
    """Change a user, and say what they are now."""
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.users import Users

    stored = open_stored(at.home)
    with Users(stored) as users:
        before = users.last_seq()
        user = change(users, who_acts(stored))
        said = [line.detail for line in users.lines(after_seq=before, verbs=USER_VERBS)]
    _tell(user, at)
    state = "disabled" if user.is_disabled else user.role
    say(f"{clean_text(user.name)} is {state}.", quiet=at.quiet)
    if gone := [one for d in said if d.get("user") == user.name for one in d.get("revoked", ())]:
        say(f"Revoked with it: {counted(len(gone), 'token')} ({', '.join(gone)}).", quiet=at.quiet)
    return EXIT_OK


def _tell(user: User, at: Where) -> None:
    if at.json:
        put_json(user.to_dict())


def who_acts(stored: Home) -> By:
    """Name who runs this, at the newest event time that the home knows."""
    from sargas.cli.acts import newest_ms
    from sargas.cli.home import person
    from sargas.store.standing import stored_alerts
    from sargas.store.users import By

    t_ms = newest_ms(stored, stored_alerts(stored))
    return By(person()[:40], t_ms, time.time_ns() // 1_000_000)


def _password(name: str, *, from_stdin: bool) -> str:
    """Ask for a password twice, without showing it; or read a line.

    Raises:
        UsageError: there is no terminal, or two different ones were typed.
    """
    import getpass

    if from_stdin:
        line = sys.stdin.readline(INPUT_MOST)
        return line.rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for a password.",
                         hint="Give it on standard input with --password-stdin.")  # fmt: skip
    typed = getpass.getpass(f"Password of {clean_text(name)}: ")
    if getpass.getpass("The same again: ") != typed:
        raise UsageError("These were two different passwords.", hint="Nothing was changed.")
    return typed
