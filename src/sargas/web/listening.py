"""Where the service listens, and what has to be there before strangers can reach it."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from sargas.errors import UsageError
from sargas.web.refusals import refusal

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Listening:
    """Where to listen, and who stands between.

    Attributes:
        host: an address of this machine, the loopback by default.
        port: 0 takes a free one.
        names: host names under which it is asked for, beside the address.
        tls_cert, tls_key: files of the certificate, with its chain, and of its key; PEM.
        proxy: address of a reverse proxy that speaks TLS; the only one that may connect.
    """

    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = field(default=())
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxy: str = ""

    @property
    def is_https(self) -> bool:
        """Tell whether the service itself speaks TLS."""
        return self.tls_cert is not None

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can connect."""
        return self.host in LOOPBACK

    def check(self, *, has_users: bool) -> None:
        """Refuse to be reached by strangers without users, TLS and a name.

        Args:
            has_users: whether the home has users.

        Raises:
            UsageError: what is missing, and how to come by it.
        """
        if not self.is_loopback:
            _address(self.host, "--host")
        if self.proxy:
            _address(self.proxy, "--behind-proxy")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("A certificate and its key belong together.",
                             hint="Give both --tls-cert and --tls-key.")  # fmt: skip
        if self.tls_cert is not None and self.tls_key is not None:
            _check_certificate(self.tls_cert, self.tls_key)
        if self.is_loopback and not self.proxy:
            return
        where = "a proxy" if self.is_loopback else f"{self.host}, where others can connect"
        if not has_users:
            raise UsageError(
                f"The home has no users: whoever reaches it by {where}, could do everything.",
                hint="Add one with 'sargas users add NAME --role admin', or listen on 127.0.0.1.",
            )
        if not self.is_loopback and not self.is_https and not self.proxy:
            raise UsageError(
                f"On {self.host} passwords would go over the network for all to read.",
                hint="Give --tls-cert and --tls-key, or the address of a reverse proxy that speaks "
                "TLS with --behind-proxy.",
            )
        if not self.names and (self.proxy or ipaddress.ip_address(self.host).is_unspecified):
            raise UsageError(
                "By which name is the service asked for? Others are refused.",
                hint="Name it with --name, as in the address that browsers show.",
            )


def _address(text: str, option: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text[:60]!r} is no address.",
            hint="Write one like 192.0.2.7 or 2001:db8::7.",
        ) from error


def _check_certificate(cert: Path, key: Path) -> None:
    """Load a certificate as the server will, to say in words what is wrong with it."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=_no_password)
    except OSError as error:  # of which an SSLError is one
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise UsageError(
            f"The certificate cannot be used: {reason}.", where=f"{cert}, {key}",
            hint="Both are PEM files, the key without a password, and belong together.",
        ) from error  # fmt: skip


def _no_password() -> str:
    """Answer OpenSSL, which would ask the terminal."""
    return ""


class BehindProxy:
    """Lets in the declared proxy alone, and believes it who asks and by which scheme.

    Args:
        app: the service.
        proxy: its address.
    """

    def __init__(self, app: ASGIApp, proxy: str) -> None:
        self.proxy = ipaddress.ip_address(proxy)
        self.app = ProxyHeadersMiddleware(_OnlyHttps(app), trusted_hosts=proxy)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through that comes from the proxy."""
        if scope["type"] in ("http", "websocket") and not self._is_proxy(scope):
            answer = refusal(403, "The service answers its proxy alone.")
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)  # type: ignore[arg-type]

    def _is_proxy(self, scope: Scope) -> bool:
        client = scope.get("client")
        try:
            address = ipaddress.ip_address(client[0]) if client else None
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address) == self.proxy


class _OnlyHttps:
    """Refuses what came to the proxy over plain HTTP: a session would be there for all to read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["scheme"] not in ("https", "wss"):
            hint = "The proxy has to speak TLS and to set X-Forwarded-Proto to https."
            answer = refusal(400, "The proxy was not asked over https.", hint)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)
