"""What goes around every answer: the name it is asked by, and what its pages may not do."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sargas.web.refusals import refusal

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; "
    "style-src 'self'; connect-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)
OURS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
"""Headers of every answer that does not say its own."""
ONLY_HTTPS = (b"strict-transport-security", b"max-age=31536000")
"""Said over https: a browser that was here once does not come over plain HTTP for a year."""


class Hosts:
    """Refuses a strange host name: a page elsewhere may have pointed its own name here."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through that asks for us by a name of ours."""
        if scope["type"] in ("http", "websocket"):
            asked = Headers(scope=scope).get("host", "")
            name = asked[: asked.find("]") + 1] if asked[:1] == "[" else asked.partition(":")[0]
            if name not in self.hosts:
                answer = refusal(400, "The service is not asked for by this host name.")
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


class OfAnswers:
    """Adds the headers that keep a page from doing what it need not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through and add to its answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                message["headers"] += [pair for pair in OURS if pair[0] not in said]
                if scope.get("scheme") == "https":
                    message["headers"].append(ONLY_HTTPS)
            await send(message)

        await self.app(scope, receive, with_headers)
