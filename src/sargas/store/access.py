"""Logging in: sessions of screens and tokens of programs. Of either only a hash is kept.

Both are 256 random bits, so that one pass of SHA-256 is enough: nobody guesses what was not made up
by a person. A copy of the database lets nobody in.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Update, delete, insert, or_, select, update

from sargas.errors import NotFoundError, StoreError, UsageError
from sargas.model.roles import ADD_TOKEN, LOGIN, LOGOUT, REVOKE_TOKEN, checked_role, lesser, may
from sargas.model.said import checked_line
from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS, iso
from sargas.store import tables
from sargas.store.passwords import fits, hashed, is_old
from sargas.store.users import By, Users, found_user, login_of, note_user

IDLE_MS = 2 * HOUR_MS
"""A session ends when nothing was asked for so long; a connected screen asks by itself (chosen)."""
SESSION_MOST_MS = 24 * HOUR_MS
"""Longest session (chosen: a watch of a day)."""
TOKEN_MS, TOKEN_MOST_MS = 90 * DAY_MS, 366 * DAY_MS
"""How long a token lasts by default, and at most."""
TOUCH_MS = MINUTE_MS
"""When something was last used is written down at most so often."""
TOKENS_MOST = 50
"""Tokens of one user."""
TOKEN_PREFIX = "sargas_"  # noqa: S105 - by which scanners of leaked secrets know ours
NAME_MOST = 60
NO_ROLE = "group"
"""In place of the role of a token that is bound to a release group: no path asks for it."""


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        name: the user's.
        role: what they may; with a token the lesser of the token's and the user's.
        token: id of the token; empty for a session.
        group: the release group that a token is bound to; empty for none. Bound to one it has no
            role: it may read what that group gets, and nothing else.
        until_ms: when the session ends at the latest, wall clock, ms UTC; 0 with a token.
    """

    name: str
    role: str
    token: str = ""
    group: str = ""
    until_ms: int = 0

    def may(self, needed: str) -> bool:
        """Tell whether their role is enough; that of a group never is."""
        return not self.group and may(self.role, needed)


@dataclass(frozen=True)
class Token:
    """A token, without what is secret in it; times are wall clock, ms UTC, `used_ms` 0 for never.

    `role` is the most it may; where its user has become less, it may as little. A token that is
    bound to a release group, `group`, has no role, and says `NO_ROLE`.
    """

    id: str
    name: str
    user: str
    role: str
    created_ms: int
    expires_ms: int
    used_ms: int
    group: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Write the token as JSON has it."""
        return {
            "id": self.id, "name": self.name, "user": self.user,
            "role": None if self.group else self.role, "group": self.group or None,
            "created": iso(self.created_ms), "expires": iso(self.expires_ms),
            "last_used": iso(self.used_ms) if self.used_ms else None,
        }  # fmt: skip


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()


class Access(Users):
    """Users with their sessions and tokens. May be used by several threads and processes."""

    def log_in(self, name: str, password: str, *, t_ms: int, at_ms: int) -> str | None:
        """Begin a session.

        Args:
            name, password: as they were typed.
            t_ms: event time, for the log.
            at_ms: wall clock, ms UTC.

        Returns:
            What the screen shows from now on; None where name and password do not belong together,
            be it that there is no such user, another password, or a user who is disabled.
        """
        u, s = tables.users, tables.sessions
        rows = self._read(select(u).where(u.c.login == login_of(name[:200])))
        kept = rows[0].password if rows else None
        if not fits(password, kept) or rows[0].disabled:
            return None
        user, secret = rows[0], secrets.token_urlsafe(32)
        better = hashed(password) if is_old(user.password) else None
        with self._writing("write the sessions") as connection:
            row = found_user(connection, user.name)
            if row.password != user.password or row.disabled:  # changed while it was looked at
                return None
            if better is not None:
                connection.execute(update(u).where(u.c.login == row.login).values(password=better))
            connection.execute(
                delete(s).where(or_(s.c.seen_ms <= at_ms - IDLE_MS,
                                    s.c.created_ms <= at_ms - SESSION_MOST_MS))
            )  # fmt: skip
            connection.execute(
                insert(s).values(hash=_hash(secret), login=row.login, created_ms=at_ms,
                                 seen_ms=at_ms)
            )  # fmt: skip
            note_user(connection, LOGIN, By(row.name, t_ms, at_ms), {})
        return secret

    def session(self, secret: str, at_ms: int) -> Principal | None:
        """Say whose session it is; None if it is none, has ended, or its user is disabled."""
        u, s = tables.users, tables.sessions
        query = select(u.c.name, u.c.role, s.c.hash, s.c.seen_ms, s.c.created_ms)
        rows = self._read(
            query.join(s, s.c.login == u.c.login).where(
                s.c.hash == _hash(secret), u.c.disabled == 0,
                s.c.seen_ms > at_ms - IDLE_MS, s.c.created_ms > at_ms - SESSION_MOST_MS,
            )
        )  # fmt: skip
        if not rows:
            return None
        if at_ms - rows[0].seen_ms >= TOUCH_MS:
            self._touch(update(s).where(s.c.hash == rows[0].hash).values(seen_ms=at_ms))
        until_ms = rows[0].created_ms + SESSION_MOST_MS
        return Principal(rows[0].name, rows[0].role, until_ms=until_ms)

    def log_out(self, secret: str, *, t_ms: int, at_ms: int) -> None:
        """End a session; one that has ended already stays so.

        Args:
            secret: what the screen shows.
            t_ms: event time, for the log.
            at_ms: wall clock, ms UTC.
        """
        u, s = tables.users, tables.sessions
        query = select(u.c.name).join(s, s.c.login == u.c.login).where(s.c.hash == _hash(secret))
        with self._writing("write the sessions") as connection:
            name = connection.scalar(query)
            if name is not None:
                connection.execute(delete(s).where(s.c.hash == _hash(secret)))
                note_user(connection, LOGOUT, By(name, t_ms, at_ms), {})

    def add_token(
        self, user: str, name: str, role: str, by: By, *, lasts_ms: int = TOKEN_MS, group: str = ""
    ) -> tuple[Token, str]:
        """Make a token for a program.

        Args:
            user: whose; what it does stands in the log under their name.
            name: what it is for.
            role: the most it may, at most what its user may.
            by: who makes it.
            lasts_ms: for how long.
            group: the release group that it is bound to, one of the policy's; `role` is none then.

        Returns:
            The token, and what the program shows: it is told this once.

        Raises:
            NotFoundError: there is no such user.
            UsageError: the role is more than the user's, or something else cannot be.
        """
        role = NO_ROLE if group else checked_role(role)
        name = checked_line(name, "The token's name", NAME_MOST)
        if not name:
            raise UsageError("What is the token for? It needs a name.")
        if not MINUTE_MS <= lasts_ms <= TOKEN_MOST_MS:
            raise UsageError("A token lasts a minute to a year.")
        t = tables.tokens
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._writing("write the tokens") as connection:
            row = found_user(connection, user)
            if not group and not may(row.role, role):
                raise UsageError(f"{row.name} is {row.role}: a token cannot be more.")
            if row.disabled:
                raise UsageError(f"{row.name} is disabled.")
            connection.execute(delete(t).where(t.c.expires_ms <= by.at_ms))
            own = connection.execute(select(t.c.name).where(t.c.login == row.login)).all()
            if len(own) >= TOKENS_MOST:
                raise UsageError(f"{row.name} has {TOKENS_MOST} tokens.", hint="Revoke some first.")
            made = Token(secrets.token_hex(4), name, row.name, role, by.at_ms,
                         by.at_ms + lasts_ms, 0, group)  # fmt: skip
            connection.execute(
                insert(t).values(id=made.id, hash=_hash(secret), login=row.login, name=name,
                                 role=role, created_ms=made.created_ms,
                                 expires_ms=made.expires_ms, used_ms=0,
                                 release_group=group or None)
            )  # fmt: skip
            said = {"group": group} if group else {"role": role}
            note_user(connection, ADD_TOKEN, by,
                      {"user": row.name, "token": made.id, "name": name, **said})  # fmt: skip
        return made, secret

    def tokens(self) -> list[Token]:
        """List the tokens, expired ones too until another is made, by user and name."""
        t, u = tables.tokens, tables.users
        query = select(t, u.c.name.label("user")).join(u, u.c.login == t.c.login)
        return [_token(row) for row in self._read(query.order_by(t.c.login, t.c.name, t.c.id))]

    def revoke_token(self, token_id: str, by: By) -> Token:
        """Revoke a token: it is taken no more.

        Raises:
            NotFoundError: there is no such token.
        """
        t, u = tables.tokens, tables.users
        query = select(t, u.c.name.label("user")).join(u, u.c.login == t.c.login)
        with self._writing("write the tokens") as connection:
            row = connection.execute(query.where(t.c.id == token_id)).first()
            if row is None:
                raise NotFoundError(f"There is no token '{token_id[:40]}'.",
                                    hint="See 'sargas tokens list'.")  # fmt: skip
            connection.execute(delete(t).where(t.c.id == token_id))
            note_user(connection, REVOKE_TOKEN, by, {"user": row.user, "token": row.id})
        return _token(row)

    def token(self, secret: str, at_ms: int) -> Principal | None:
        """Say whose token it is; None if it is none, has expired, or its user is disabled."""
        if not secret.startswith(TOKEN_PREFIX):
            return None
        t, u = tables.tokens, tables.users
        query = select(t, u.c.name.label("user"), u.c.role.label("user_role"))
        rows = self._read(
            query.join(u, u.c.login == t.c.login).where(
                t.c.hash == _hash(secret), u.c.disabled == 0, t.c.expires_ms > at_ms
            )
        )
        if not rows:
            return None
        row = rows[0]
        if at_ms - row.used_ms >= TOUCH_MS:
            self._touch(update(t).where(t.c.id == row.id).values(used_ms=at_ms))
        if row.release_group is not None:
            return Principal(row.user, NO_ROLE, row.id, row.release_group)
        return Principal(row.user, lesser(row.role, row.user_role), row.id)

    def _touch(self, statement: Update) -> None:
        """Write down that something was used, where that is possible.

        A full disk must not keep out the officers who have to hear of it.
        """
        with contextlib.suppress(StoreError), self._writing("write the sessions") as connection:
            connection.execute(statement)


def _token(row: Row[Any]) -> Token:
    return Token(row.id, row.name, row.user, row.role, row.created_ms, row.expires_ms, row.used_ms,
                 row.release_group or "")  # fmt: skip
