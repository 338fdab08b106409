"""Users: who they are, which role they have, and every change of it as a line of the audit log.

A user is never removed: the name stands in the log, and nobody else may take it. Who leaves is
disabled.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from sargas.errors import NotFoundError, UsageError
from sargas.model.roles import (
    ADD_USER,
    ADMIN,
    CHANGE_ROLE,
    DISABLE_USER,
    ENABLE_USER,
    SET_PASSWORD,
    checked_role,
)
from sargas.model.said import checked_officer
from sargas.model.time import iso
from sargas.store import tables
from sargas.store.log import Log, append_one
from sargas.store.passwords import checked_password, hashed

USERS_MOST = 10_000


@dataclass(frozen=True)
class User:
    """A person who may use the service.

    Attributes:
        name: as it stands in the log.
        role: one of `sargas.model.roles.ROLES`.
        is_disabled: whether they may not log in.
        created_ms: wall clock, ms UTC.
    """

    name: str
    role: str
    is_disabled: bool
    created_ms: int

    def to_dict(self) -> dict[str, Any]:
        """Write the user as JSON has them; there is nothing secret in it."""
        return {
            "name": self.name, "role": self.role, "disabled": self.is_disabled,
            "created": iso(self.created_ms),
        }  # fmt: skip


@dataclass(frozen=True)
class By:
    """Who changes a user, and when.

    Attributes:
        name: a user's name, or that of the operating system's user at the command line.
        t_ms: event time, ms UTC.
        at_ms: wall clock, ms UTC.
    """

    name: str
    t_ms: int
    at_ms: int


def login_of(name: str) -> str:
    """Give what two names have in common that are written alike.

    Example:
        >>> login_of("Vita  PETRAITĖ ") == login_of("vita petraitė")
        True
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    text = unicodedata.normalize("NFKC", " ".join(folded.split()))
    # No name holds these, and no database takes them.
    return "".join("?" if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)


class Users(Log):
    """The users of a ledger. May be used by several threads and processes.

    Args:
        where: a home, whose `sargas.db` is used, or the URL of a ledger's database.

    Raises:
        UsageError: the URL cannot be read.
        StoreError: the database cannot be opened.

    Example:
        >>> import tempfile
        >>> from sargas.store import Home
        >>> with tempfile.TemporaryDirectory() as folder, Users(Home(folder)) as users:
        ...     users.any()
        ...     _ = users.add("Vita", "sentry at the sound", "admin", By("root", 0, 0))
        ...     users.any(), users.user("VITA").role, users.lines()[0].verb
        False
        (True, 'admin', 'add_user')
    """

    def any(self) -> bool:
        """Tell whether there are users, disabled ones too: then nobody goes in without a login."""
        return bool(self._read(select(tables.users.c.login).limit(1)))

    def all(self) -> list[User]:
        """List the users by name."""
        u = tables.users
        return [_user(row) for row in self._read(select(u).order_by(u.c.login))]

    def user(self, name: str) -> User:
        """Read one user.

        Raises:
            NotFoundError: there is none of this name.
        """
        with self._reading() as connection:
            return _user(found_user(connection, name))

    def add(self, name: str, password: str, role: str, by: By) -> User:
        """Add a user.

        Raises:
            UsageError: the name is taken, or name, password or role cannot be.
        """
        name, role, login = checked_officer(name), checked_role(role), login_of(name)
        kept = hashed(checked_password(password, login))
        u = tables.users
        with self._writing("write the users") as connection:
            if connection.execute(select(u.c.login).where(u.c.login == login)).first():
                raise UsageError(f"There is a user '{name}' already.",
                                 hint="Names that differ in capitals alone are one.")  # fmt: skip
            if (connection.scalar(select(func.count()).select_from(u)) or 0) >= USERS_MOST:
                raise UsageError(f"There are {USERS_MOST:,} users already.")
            connection.execute(
                insert(u).values(login=login, name=name, password=kept, role=role, disabled=0,
                                 created_ms=by.at_ms)
            )  # fmt: skip
            note_user(connection, ADD_USER, by, {"user": name, "role": role})
        return User(name, role, False, by.at_ms)

    def set_role(self, name: str, role: str, by: By) -> User:
        """Give a user another role; their sessions end, so that they go on as what they are.

        Raises:
            NotFoundError: there is no such user.
            UsageError: there is no such role, or no admin would be left.
        """
        role = checked_role(role)
        with self._writing("write the users") as connection:
            row = found_user(connection, name)
            if row.role == role:
                return _user(row)
            if role != ADMIN:
                _keep_an_admin(connection, row)
            _change(connection, row, {"role": role})
            note_user(
                connection, CHANGE_ROLE, by, {"user": row.name, "was": row.role, "role": role}
            )
            return _user(found_user(connection, name))

    def set_disabled(self, name: str, by: By, *, is_disabled: bool) -> User:
        """Disable a user: sessions end and tokens are revoked; or enable them again, without those.

        Raises:
            NotFoundError: there is no such user.
            UsageError: no admin would be left.
        """
        with self._writing("write the users") as connection:
            row = found_user(connection, name)
            if bool(row.disabled) == is_disabled:
                return _user(row)
            if is_disabled:
                _keep_an_admin(connection, row)
            _change(connection, row, {"disabled": int(is_disabled)})
            verb = DISABLE_USER if is_disabled else ENABLE_USER
            # Who was disabled by an older sargas has tokens still.
            note_user(connection, verb, by, {"user": row.name, **_revoked(connection, row)})
            return _user(found_user(connection, name))

    def set_password(
        self, name: str, password: str, by: By, *, keeps_tokens: bool = False
    ) -> User:  # fmt: skip
        """Give a user another password; their sessions end, and their tokens are revoked.

        Args:
            name: whose.
            password: the new one.
            by: who gives it.
            keeps_tokens: leave the tokens: nobody else knew the old password.

        Raises:
            NotFoundError: there is no such user.
            UsageError: the password cannot be.
        """
        kept = hashed(checked_password(password, login_of(name)))
        with self._writing("write the users") as connection:
            row = found_user(connection, name)
            _change(connection, row, {"password": kept})
            gone = {} if keeps_tokens else _revoked(connection, row)
            note_user(connection, SET_PASSWORD, by, {"user": row.name, **gone})
            return _user(row)


def _user(row: Row[Any]) -> User:
    return User(row.name, row.role, bool(row.disabled), row.created_ms)


def found_user(connection: Connection, name: str) -> Row[Any]:
    """Find the row of a user.

    Raises:
        NotFoundError: there is none of this name.
    """
    u = tables.users
    row = connection.execute(select(u).where(u.c.login == login_of(name))).first()
    if row is None:
        raise NotFoundError(f"There is no user '{name[:40]}'.", hint="See 'sargas users list'.")
    return row


def _keep_an_admin(connection: Connection, row: Row[Any]) -> None:
    """Refuse to take the last admin away: nobody could manage users from the screen any more."""
    u = tables.users
    others = select(u.c.login).where(u.c.role == ADMIN, u.c.disabled == 0, u.c.login != row.login)
    if row.role == ADMIN and not row.disabled and not connection.execute(others).first():
        raise UsageError(f"{row.name} is the last admin.", hint="Make somebody else admin first.")


def _change(connection: Connection, row: Row[Any], values: Mapping[str, Any]) -> None:
    """Change a user and end their sessions."""
    u, s = tables.users, tables.sessions
    connection.execute(update(u).where(u.c.login == row.login).values(**values))
    connection.execute(delete(s).where(s.c.login == row.login))


def _revoked(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Revoke the tokens of a user; gives their ids for the line of the log, if there are any."""
    t = tables.tokens
    own = select(t.c.id).where(t.c.login == row.login).order_by(t.c.id)
    ids = [token.id for token in connection.execute(own)]
    connection.execute(delete(t).where(t.c.login == row.login))
    return {"revoked": ids} if ids else {}


def note_user(connection: Connection, verb: str, by: By, detail: dict[str, Any]) -> None:
    """Write what was done with a user into the log."""
    append_one(connection, verb, checked_officer(by.name), by.t_ms, by.at_ms, detail)
