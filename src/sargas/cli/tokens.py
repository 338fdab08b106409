"""`sargas tokens`: by which programs ask the service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from sargas.cli.users import At, Role, Where, who_acts
from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError
from sargas.model.time import iso

if TYPE_CHECKING:
    from sargas.store.access import Token

app = App(
    name="tokens",
    help="Tokens by which programs ask the service: add, list, revoke.",
    help_format="plaintext",
)

HERE = Where()
"""The home of whoever names none."""


@app.command(name="add")
def add(
    user: str, name: str, *, role: Role | None = None, group: str | None = None,
    lasts: str = "90d", at: At = HERE,
) -> int:  # fmt: skip
    """Make a token for a program, and print it: this once, for only its hash is kept.

    The program sends it as 'Authorization: Bearer TOKEN'. What it does stands in the log under its
    user's name. A viewer's token sees everything: give a partner one that is bound to their group.

    Examples:
      sargas tokens add Jonas "wall display" --role viewer --home watch
      sargas tokens add Jonas export --lasts 7d --quiet > token
      sargas tokens add Jonas "map of the partner" --group nato

    Parameters
    ----------
    user
        Whose it is.
    name
        What it is for.
    role
        The most that it may; at most what its user may (default: viewer).
    group
        A release group that it is bound to: it reads at /ogc what that group gets, and nothing
        else. In place of --role.
    lasts
        For how long: 12h, 90d; a year at most.
    at
        Which home.
    """
    from sargas.cli.acts import until_ms
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.access import Access

    if group is not None and role is not None:
        raise UsageError("--group is in place of --role.",
                         hint="Bound to a group a token has no role.")  # fmt: skip
    stored = open_stored(at.home)
    if group is not None:
        from sargas.share.policy import load_policy

        load_policy(stored.path).group(group)
    by = who_acts(stored)
    with Access(stored) as access:
        made, secret = access.add_token(
            user, name, role or "viewer", by, group=group or "",
            lasts_ms=until_ms(lasts, by.at_ms) - by.at_ms,
        )  # fmt: skip
    if at.json:
        put_json(made.to_dict() | {"token": secret})
    else:
        print(secret)
    say(
        f"Token {made.id} of {clean_text(made.user)}, {_reach(made)}, until "
        f"{iso(made.expires_ms)}. It is shown this once.",
        quiet=at.quiet,
    )
    return EXIT_OK


@app.command(name="list")
def list_(*, home: Path | None = None, json: bool = False, quiet: bool = False) -> int:
    """List the tokens: whose, what for, until when, and when they were last used.

    Examples:
      sargas tokens list --home watch

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
    from sargas.store.access import Access

    with Access(open_stored(home)) as access:
        found = access.tokens()
    if json:
        for token in found:
            put_json(token.to_dict())
    elif found:
        put_table(
            ("id", "user", "role", "expires", "last used", "for"),
            [
                (
                    t.id, t.user, _reach(t), iso(t.expires_ms),
                    iso(t.used_ms) if t.used_ms else "never", t.name,
                )
                for t in found
            ],
        )  # fmt: skip
    say(f"{counted(len(found), 'token')}.", quiet=quiet)
    return EXIT_OK


@app.command(name="revoke")
def revoke(id: str, *, at: At = HERE) -> int:
    """Revoke a token: it is taken no more.

    Examples:
      sargas tokens revoke 5e3f0c81

    Parameters
    ----------
    id
        Its id, as 'sargas tokens list' prints it.
    at
        Which home.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.access import Access

    stored = open_stored(at.home)
    with Access(stored) as access:
        gone = access.revoke_token(id, who_acts(stored))
    if at.json:
        put_json(gone.to_dict())
    say(f"Token {gone.id} of {clean_text(gone.user)} is revoked.", quiet=at.quiet)
    return EXIT_OK


def _reach(token: Token) -> str:
    """Say what a token may."""
    return f"/ogc for {token.group}" if token.group else token.role
