"""Who may do what, in four words; each of them may what those before it may."""

from __future__ import annotations

from sargas.errors import UsageError

VIEWER, OFFICER, SUPERVISOR, ADMIN = "viewer", "officer", "supervisor", "admin"
ROLES = {
    VIEWER: "sees everything and changes nothing",
    OFFICER: "has the watch: acts on alerts, draws zones, moves the clock",
    SUPERVISOR: "also mutes and raises: suspensions, masks, vigilance areas",
    ADMIN: "also adds, changes and disables users",
}
"""The roles, the least first."""
_RANK = {role: rank for rank, role in enumerate(ROLES)}

ADD_USER, CHANGE_ROLE, SET_PASSWORD = "add_user", "change_role", "set_password"
DISABLE_USER, ENABLE_USER = "disable_user", "enable_user"
ADD_TOKEN, REVOKE_TOKEN = "add_token", "revoke_token"
LOGIN, LOGOUT = "login", "logout"
USER_VERBS = (
    ADD_USER, CHANGE_ROLE, SET_PASSWORD, DISABLE_USER, ENABLE_USER, ADD_TOKEN, REVOKE_TOKEN, LOGIN,
    LOGOUT,
)  # fmt: skip
"""What stands in the audit log of users; such a line is about no alert."""


def checked_role(role: object) -> str:
    """Check the word of a role.

    Raises:
        UsageError: there is no such role.

    Example:
        >>> checked_role("officer")
        'officer'
    """
    if not isinstance(role, str) or role not in ROLES:
        raise UsageError(
            f"There is no role '{str(role)[:40]}'.", hint=f"One of {', '.join(ROLES)}."
        )
    return role


def may(role: str, needed: str) -> bool:
    """Tell whether a role is enough.

    Example:
        >>> may("supervisor", "officer"), may("viewer", "officer")
        (True, False)
    """
    return _RANK[role] >= _RANK[needed]


def lesser(one: str, other: str) -> str:
    """Give the lesser of two roles.

    Example:
        >>> lesser("admin", "viewer")
        'viewer'
    """
    return min(one, other, key=_RANK.__getitem__)
