"""The gate: who asks, whether they may, and how often. Every request and socket goes through it.

As long as a home has no users, whoever is at the machine may do everything, and the gate stands
open; the service listens on the loopback alone then.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from sargas.store.access import Access, Principal
from sargas.web.limits import BURST, COSTS, RATE, SOCKETS_MOST, Buckets, network_of
from sargas.web.refusals import is_same_origin, refusal
from sargas.web.roles import PUBLIC, let_in, needed_for

KNOWN_S = 1.0
"""Who a session or token belongs to is asked of the ledger at most so often: whatever ends it
counts a second later."""
RECHECK_S = 2.0
"""So often it is asked whether the session of an open socket still stands."""
ENDED = 4401
"""Code with which a socket is closed whose session has ended."""
KNOWN_MOST = 10_000
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BEARER = "bearer "


class Gate:
    """Knows who asks.

    Args:
        access: users, sessions and tokens.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.buckets = Buckets(RATE, BURST)
        self._has_users = False
        self._asked_s = float("-inf")
        self._known: dict[str, tuple[float, Principal | None]] = {}
        self._sockets: dict[str, int] = {}

    async def has_users(self) -> bool:
        """Tell whether the home has users; once it has, it always will: none is removed."""
        now_s = time.monotonic()
        if not self._has_users and now_s - self._asked_s >= KNOWN_S:
            self._has_users = await asyncio.to_thread(self.access.any)
            self._asked_s = now_s
        return self._has_users

    async def who(self, connection: HTTPConnection) -> Principal | None:
        """Say who asks, by the token or else by the cookie; None for a stranger."""
        secret, is_token = secret_of(connection)
        if not secret or len(secret) > 200:
            return None
        now_s = time.monotonic()
        known_s, who = self._known.get(secret, (float("-inf"), None))
        if now_s - known_s >= KNOWN_S:
            ask = self.access.token if is_token else self.access.session
            who = await asyncio.to_thread(ask, secret, time.time_ns() // 1_000_000)
            if len(self._known) >= KNOWN_MOST:
                self._known.clear()
            self._known[secret] = (now_s, who)
        return who

    def is_new(self, connection: HTTPConnection) -> bool:
        """Tell whether a client shows something that was not shown before."""
        secret, _ = secret_of(connection)
        return bool(secret) and secret not in self._known

    def wait_s(self, key: str, cost: float = 1.0) -> float:
        """Take from a client's bucket; gives 0, or in how many seconds there is enough in it."""
        return self.buckets.wait_s(key, time.monotonic(), cost)

    def forget(self, secret: str) -> None:
        """Ask the ledger anew for a session that has just ended."""
        self._known.pop(secret, None)

    async def watch(self, socket: WebSocket) -> None:
        """Wait until the session of an open socket has ended, then close it.

        The screen asks again by this, so that a session does not end under the eyes of an officer
        who only looks.
        """
        while True:
            await asyncio.sleep(RECHECK_S)
            is_free = socket.scope.get("sargas.who") is None
            if await self.has_users() if is_free else await self.who(socket) is None:
                await socket.close(ENDED)
                return

    def take_socket(self, key: str, who: Principal | None) -> bool:
        """Count a socket; false where a user has too many."""
        if who is not None and self._sockets.get(key, 0) >= SOCKETS_MOST:
            return False
        self._sockets[key] = self._sockets.get(key, 0) + 1
        return True

    def give_socket(self, key: str) -> None:
        """Count a socket that has gone."""
        left = self._sockets.get(key, 0) - 1
        if left > 0:
            self._sockets[key] = left
        else:
            self._sockets.pop(key, None)


class Guard:
    """The middleware: lets in who may, and answers the others."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] not in ("http", "websocket") or not await self.gate.has_users():
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        # Asking the ledger is work too: of secrets without end an address has so many a second.
        is_new = self.gate.is_new(connection)
        wait_s = self.gate.wait_s(key_of(connection, None)) if is_new else 0.0
        if wait_s > 0:
            await _too_much(wait_s)(scope, receive, send)
            return
        who = await self.gate.who(connection)
        if (answer := self._refused(connection, who)) is not None:
            await answer(scope, receive, send)
            return
        let_in(scope, who)
        await self.app(scope, receive, send)

    def _refused(self, connection: HTTPConnection, who: Principal | None) -> Response | None:
        scope, needed = connection.scope, needed_for(connection.scope)
        wait_s = self.gate.wait_s(key_of(connection, who), _cost(scope))
        if wait_s > 0:
            return _too_much(wait_s)
        if who is not None and who.group:
            what = f"This token is bound to the release group {who.group}: it is for /ogc alone."
            return None if needed.is_of_groups else refusal(403, what)
        if needed.role == PUBLIC:
            return None
        if who is None:
            if needed.is_page and scope["method"] in SAFE:
                return _to_login(connection)
            answer = refusal(401, "Log in first.", "At /login, or with a token.")
            answer.headers["www-authenticate"] = "Bearer"
            return answer
        # A browser sends the cookie with whatever page asks; it also says which page that is.
        is_change = scope["type"] == "websocket" or scope["method"] not in SAFE
        if is_change and not who.token and not is_same_origin(connection, is_needed=True):
            return refusal(403, "This request comes from another page.")
        if not who.may(needed.role):
            hint = f"You are {who.role}; ask an admin."
            return refusal(403, f"This needs the role {needed.role}.", hint, needs=needed.role)
        return None


def _too_much(wait_s: float) -> Response:
    answer = refusal(429, "This client asks too much.", "It may go on in a moment.")
    answer.headers["retry-after"] = str(int(wait_s) + 1)
    return answer


def _to_login(connection: HTTPConnection) -> Response | None:
    """Send a browser to the login, and from there back.

    A link in a mail comes without the cookie even of who is logged in, because it is strict. The
    page itself tells nothing: it is let through, and asks for its data with the cookie.
    """
    if connection.headers.get("sec-fetch-site") == "cross-site":
        return None
    asked = connection.url.path + (f"?{connection.url.query}" if connection.url.query else "")
    return RedirectResponse(f"/login?next={quote(asked, safe='/')}", 303)


def _cost(scope: Scope) -> float:
    """Say what a request counts for."""
    if scope["type"] == "http" and scope["method"] == "POST":
        return COSTS["POST"]
    return COSTS["file"] if "." in scope["path"] and "/alerts/" in scope["path"] else 1.0


def address_of(connection: HTTPConnection) -> str:
    """Give the address of the client; behind a declared proxy that which it names."""
    return connection.client.host if connection.client else ""


def key_of(connection: HTTPConnection, who: Principal | None) -> str:
    """Name a client for its limits: the user or their token, else the address."""
    return (
        f"user {who.name} {who.token}" if who else f"address {network_of(address_of(connection))}"
    )


def is_https(connection: HTTPConnection) -> bool:
    """Tell whether nobody between can read it."""
    return connection.scope.get("scheme") in ("https", "wss")


def cookie_name(connection: HTTPConnection) -> str:
    """Name the session's cookie: with the port, for browsers share cookies between ports."""
    server: Any = connection.scope.get("server")
    port = server[1] if server else 0
    return f"{'__Host-' if is_https(connection) else ''}sargas-{port or 0}"


def secret_of(connection: HTTPConnection) -> tuple[str, bool]:
    """Give what a client shows, and whether it is a token."""
    said = connection.headers.get("authorization", "")
    if said[: len(BEARER)].lower() == BEARER:
        return said[len(BEARER) :].strip(), True
    return connection.cookies.get(cookie_name(connection), ""), False
