"""Passwords: what is asked of one, and the slow hash that alone is kept of it.

Source:
    RFC 9106, section 4, the second recommended choice of Argon2id (3 passes over 64 MiB, 4 lanes);
    NIST SP 800-63B-4, section 3.1.1: length is what counts, no rules of composition.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from sargas.errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 12, 200
"""Letters of a password (chosen: 12 for who types it at the start of a watch)."""
AT_ONCE = 2
"""Passwords that are worked on at the same time: each takes 64 MiB for a tenth of a second."""
_turns = threading.BoundedSemaphore(AT_ONCE)


def checked_password(password: str, login: str) -> str:
    """Check and tidy a password that is to be set.

    Args:
        password: as it was typed.
        login: whose it is to be.

    Raises:
        UsageError: it is too short, too long, or one that anybody would try first.

    Example:
        >>> checked_password("sentry at the sound", "vita")
        'sentry at the sound'
    """
    text = _tidy(password)
    if not LEAST <= len(text) <= MOST:
        raise UsageError(
            f"A password has {LEAST} to {MOST} letters; this has {len(text)}.",
            hint="Some words that do not belong together are easy to keep in mind.",
        )
    if len(set(text)) < 5 or text.casefold() in {login, login + login}:
        raise UsageError(
            "This password would be guessed at once.",
            hint="Some words that do not belong together are easy to keep in mind.",
        )
    return text


def hashed(password: str) -> str:
    """Hash a password; the hash says how it was made."""
    with _turns:
        return _hasher().hash(_tidy(password))


def fits(password: str, kept: str | None) -> bool:
    """Tell whether a password is the one whose hash is kept.

    Args:
        password: as it was typed.
        kept: its hash; None for a user who does not exist: then the same work is done for nothing,
            so that the time an answer takes does not tell who exists.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    text = _tidy(password[: MOST * 4])
    with _turns:
        try:
            return _hasher().verify(kept or _nobodys(), text) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_old(kept: str) -> bool:
    """Tell whether a hash was made with less work than is asked today."""
    return _hasher().check_needs_rehash(kept)


def _tidy(password: str) -> str:
    """Compose letters: keyboards differ in how they send an accent."""
    text = unicodedata.normalize("NFC", password)
    return text.encode("utf-8", "backslashreplace").decode()


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)


@cache
def _nobodys() -> str:
    """Give the hash of a password that nobody knows."""
    return _hasher().hash(secrets.token_urlsafe(16))
