"""Targets: what comes over the network from screens and clients: commands, words, queries."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import Request

from fuzz.seeds import as_json
from fuzz.target import JSON, Target, demand
from sargas.model.said import checked_detail, checked_officer
from sargas.model.suspension import checked_suspension
from sargas.web import commands, zones
from sargas.web.api import PlaybackAction
from sargas.web.login import _read_form, safe_next
from sargas.web.ogc_query import read_query

T = TypeVar("T")
T_MS = 1_735_122_360_000
AREA = {"type": "Polygon", "coordinates": [[[20, 57], [21, 57], [21, 58], [20, 57]]]}


def request(data: bytes) -> Request:
    """Make a request with a body, in two pieces."""
    pieces = [
        {"type": "http.request", "body": data[: len(data) // 2], "more_body": True},
        {"type": "http.request", "body": data[len(data) // 2 :], "more_body": False},
    ]

    async def receive() -> dict[str, Any]:
        return pieces.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"h")]}
    return Request(scope, receive)


def command(data: bytes, kind: type[T]) -> T:
    """Read a command as the service does."""
    return loop().run_until_complete(commands.read_command(request(data), kind))


@cache
def loop() -> asyncio.AbstractEventLoop:
    """Give the loop in which bodies are read."""
    made = asyncio.new_event_loop()
    atexit.register(made.close)
    return made


def act(data: bytes) -> None:
    """Read an act on alerts, and check what is said with it."""
    made = command(data, commands.ActCommand)
    checked_officer(made.officer)
    checked_detail(made.verb, made.said(), T_MS)


def suspend(data: bytes) -> None:
    """Read a suspension, and check it."""
    made = command(data, commands.SuspendCommand)
    checked_officer(made.officer)
    checked_suspension(made.said(), T_MS)


def zone(data: bytes) -> None:
    """Read a zone, and check its outline."""
    made = command(data, zones.ZoneCommand)
    checked_officer(made.officer)
    demand(zones.checked_polygon(made.geometry).area > 0, "a zone has an area")
    zones._end_ms(made, T_MS)


def plain(kind: type[Any]) -> Callable[[bytes], None]:
    """Give a reader of a command that needs no further look."""

    def run(data: bytes) -> None:
        command(data, kind)

    return run


class _Desk:
    """Takes note of who looks at what."""

    def looks(self, screen: object, officer: str, alert: str) -> bool:
        demand(len(alert) <= 64, "the name of an alert is short")
        return False


def looking(data: bytes) -> None:
    """Read what a screen says on its socket; nothing it says may raise."""
    made: Any = commands.Commands.__new__(commands.Commands)
    made.desk = _Desk()
    made.looks(request(b""), data.decode("utf-8", "replace"))


def login(data: bytes) -> None:
    """Read the form of a login; nothing in it may raise, and it leads nowhere else."""
    form = loop().run_until_complete(_read_form(request(data)))
    place = safe_next(form.get("next", "/"))
    demand(place.startswith("/") and place[:2] not in ("//", "/\\"), "a login leads to our pages")


def query(data: bytes) -> None:
    """Read a query of OGC API Features."""
    made = read_query(QueryParams(data))
    demand(1 <= made.limit <= 1000 and 0 <= made.offset <= 10**9, "a page is bounded")
    import shapely

    made.fits(shapely.Point(20, 57), T_MS, None)


def acts() -> Sequence[bytes]:
    """Give acts."""
    base = {
        "verb": "take",
        "officer": "A. Officer",
        "alerts": [{"id": "a", "version": 1, "last_seq": 0}],
    }
    return as_json(
        base, base | {"verb": "dismiss", "reason": "fishing", "comment": "c"},
        base | {"verb": "snooze", "until_ms": T_MS + 600_000},
        base | {"verb": "hand_on", "to": "B"},
    )  # fmt: skip


def suspensions() -> Sequence[bytes]:
    """Give suspensions."""
    base = {"action": "add", "officer": "A", "reason": "r", "until_ms": T_MS + 3_600_000}
    return as_json(
        base | {"mmsis": [230000001], "detectors": ["loiter"], "area": AREA, "where": "w"},
        base | {"list": "own"}, base | {"imos": [9329760]},
        {"action": "end", "officer": "A", "id": "s1"},
    )  # fmt: skip


WORDS = (b'"officer":', b'"area":', b'"geometry":', b'"until_ms":', b'"alerts":', b'"verb":')
TARGETS = (
    Target(
        "command-act", act, ("command:ActCommand", "command:SeenAlert", "sargas.web.commands"),
        acts, kind=JSON, words=WORDS,
    ),
    Target(
        "command-suspend", suspend, ("command:SuspendCommand",), suspensions, kind=JSON,
        words=WORDS,
    ),
    Target(
        "command-zone", zone, ("command:ZoneCommand",),
        lambda: as_json({"action": "draw", "officer": "A", "reason": "r", "geometry": AREA,
                         "valid_until_ms": T_MS + 1, "effect": "mute", "kind": "works"}),
        kind=JSON, words=WORDS,
    ),
    Target(
        "command-undo", plain(commands.UndoCommand), ("command:UndoCommand",),
        lambda: as_json({"officer": "A", "batch": 3}), kind=JSON, words=WORDS,
    ),
    Target(
        "command-watch", plain(commands.WatchCommand), ("command:WatchCommand",),
        lambda: as_json({"action": "start", "officer": "A", "until_ms": T_MS}), kind=JSON,
        words=WORDS,
    ),
    Target(
        "command-playback", plain(PlaybackAction), ("command:PlaybackAction",),
        lambda: as_json({"action": "seek", "t_ms": T_MS}), kind=JSON, words=WORDS,
    ),
    Target(
        "socket-words", looking, ("command:Looking",),
        lambda: as_json({"kind": "looking", "officer": "A", "alert": "a" * 16}), kind=JSON,
        words=WORDS,
    ),
    Target(
        "login-form", login, ("sargas.web.login",),
        lambda: (b"name=A&password=secret&next=%2Falert%2F0a%3Fx%3D1", b"next=//evil.example"),
        words=(b"&", b"=", b"%", b"next=", b"//", b"%2F%2F", b"%5C", b"%0D%0A", b"%00"),
    ),
    Target(
        "ogc-query", query, ("sargas.web.ogc_query",),
        lambda: (b"bbox=170,50,-170,60&limit=5&offset=10", b"datetime=2024-12-25T10:26:00Z/..",
                 b"bbox=1,2,3,4,5,6&datetime=../2024-12-25T10:26:00%2B02:00&group=nato"),
        words=(b"&", b"=", b"%", b"bbox=", b"datetime=", b"limit=", b"offset=", b"/", b"..", b","),
    ),
)  # fmt: skip
