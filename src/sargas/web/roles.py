"""Which path, and which command, needs which role: the one table of it, and who asks.

It counts as soon as a home has users. A path that stands in no row needs a login; a test holds that
every path of the service stands in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from re import Pattern
from typing import Any, NamedTuple

from starlette.requests import HTTPConnection
from starlette.routing import compile_path

from sargas.model.roles import ADMIN, OFFICER, SUPERVISOR, VIEWER
from sargas.store.access import Principal

PUBLIC = "public"
"""For everybody: what has to be there before a login, and tells nothing."""
PAGES = ("/", "/alert/{id}", "/handover", "/quality", "/table")
"""Paths of the screen: the client shows the page that the path names."""

PATHS: Mapping[str, str] = {
    "GET /login": PUBLIC,
    "POST /login": PUBLIC,
    "GET /login.css": PUBLIC,
    "GET /static": PUBLIC,
    # Whoever signs with a partner's key; they look at it themselves.
    "GET /api/partners/bundle": PUBLIC,
    "POST /api/partners/bundle": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /metrics": VIEWER,
    "POST /logout": VIEWER,
    **{f"GET {path}": VIEWER for path in PAGES},
    "GET /api": VIEWER,
    "GET /api/status": VIEWER,
    "GET /api/assets": VIEWER,
    "GET /api/alerts": VIEWER,
    "GET /api/alerts/{id}": VIEWER,
    "GET /api/alerts/{id}/dossier": VIEWER,
    "GET /api/alerts/{id}/releases": VIEWER,
    "GET /api/alerts/{id}/{file}": VIEWER,
    "GET /api/vessels/{mmsi:int}": VIEWER,
    "GET /api/vessels/{mmsi:int}/track": VIEWER,
    "GET /api/vessels/{mmsi:int}/identities": VIEWER,
    "GET /api/histogram": VIEWER,
    "GET /api/search": VIEWER,
    "GET /api/partners": VIEWER,
    "GET /api/watches": VIEWER,
    "GET /api/suspensions": VIEWER,
    "GET /api/log": VIEWER,
    "GET /api/quality": VIEWER,
    "GET /api/handover": VIEWER,
    "GET /api/handover.csv": VIEWER,
    "GET /api/zones": VIEWER,
    "GET /api/layers/masks": VIEWER,
    "GET /api/layers/coverage": VIEWER,
    "GET /geo/{layer}.geojson": VIEWER,
    "GET /ogc": VIEWER,
    "GET /ogc/api": VIEWER,
    "GET /ogc/conformance": VIEWER,
    "GET /ogc/collections": VIEWER,
    "GET /ogc/collections/{collection}": VIEWER,
    "GET /ogc/collections/{collection}/items": VIEWER,
    "GET /ogc/collections/{collection}/items/{item}": VIEWER,
    "POST /api/playback": VIEWER,
    "WS /ws": VIEWER,
    "POST /api/acts": OFFICER,
    "POST /api/undo": OFFICER,
    "POST /api/watches": OFFICER,
    "POST /api/zones": OFFICER,
    "POST /api/suspensions": SUPERVISOR,
    "GET /api/users": ADMIN,
    "POST /api/users": ADMIN,
}
"""By method and path as the routes have them; HEAD is as GET, and below a mount all is as it."""
OF_GROUPS = frozenset(row for row in PATHS if row == "GET /ogc" or row.startswith("GET /ogc/"))
"""What a token may that is bound to a release group, and all it may: not even what is public."""

WEIGH = "zones that weigh"
CLOCK_OF_ALL = "changes of the clock of all screens"
COMMANDS: Mapping[str, str] = {WEIGH: SUPERVISOR, CLOCK_OF_ALL: OFFICER}
"""Of one path, commands that need more than the path: a zone on the map is an officer's, one that
raises, lowers or mutes alerts is a supervisor's, as a suspension is; the clock of one's own screen
is anybody's, one that others follow is an officer's."""

_WHO = "sargas.who"


class Needed(NamedTuple):
    """What a request needs: a role; whether it is for a page of the screen, or for groups too."""

    role: str
    is_page: bool = False
    is_of_groups: bool = False


@cache
def _compiled() -> tuple[dict[str, Needed], list[tuple[str, Pattern[str], Needed]]]:
    plain: dict[str, Needed] = {}
    patterns = []
    for row, role in PATHS.items():
        method, path = row.split(" ")
        needed = Needed(role, path in PAGES, row in OF_GROUPS)
        if "{" in path:
            patterns.append((method, compile_path(path)[0], needed))
        else:
            plain[row] = needed
    return plain, patterns


def needed_for(scope: Mapping[str, Any]) -> Needed:
    """Say what a request needs.

    Args:
        scope: of ASGI.

    Example:
        >>> needed_for({"type": "http", "method": "POST", "path": "/api/suspensions"}).role
        'supervisor'
        >>> needed_for({"type": "http", "method": "HEAD", "path": "/static/index.js"}).role
        'public'
        >>> needed_for({"type": "http", "method": "GET", "path": "/nothing"}).role
        'viewer'
    """
    method = "WS" if scope["type"] == "websocket" else scope["method"]
    method, path = "GET" if method == "HEAD" else method, scope["path"]
    plain, patterns = _compiled()
    if path.startswith("/static/"):
        path = "/static"
    if found := plain.get(f"{method} {path}"):
        return found
    for of_method, pattern, needed in patterns:
        if method == of_method and pattern.match(path):
            return needed
    return Needed(VIEWER)


def let_in(scope: Any, who: Principal | None) -> None:  # noqa: ANN401 - of ASGI
    """Note who asks; None where the home has no users."""
    scope[_WHO] = who


def who_of(connection: HTTPConnection) -> Principal | None:
    """Say who asks; None where the home has no users, and at what is public."""
    who: Principal | None = connection.scope.get(_WHO)
    return who


class RoleNeededError(PermissionError):
    """Who asks has too little a role for one command of a path.

    Attributes:
        needs: the role.
    """

    def __init__(self, command: str) -> None:
        self.needs = COMMANDS[command]
        super().__init__(f"{command.capitalize()} need the role {self.needs}.")


def may_do(connection: HTTPConnection, command: str) -> bool:
    """Tell whether who asks may give a command of `COMMANDS`."""
    who = who_of(connection)
    return who is None or who.may(COMMANDS[command])
