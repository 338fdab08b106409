"""Webhooks: a released alert posted to a partner's address, signed, and tried again when it fails.

A POST has one alert as a GeoJSON feature, and these headers:

```
Idempotency-Key: ID:VERSION         the same for every try; a version is to be counted once
X-Sargas-Signature: t=T,v1=HEX      HEX is HMAC-SHA256 over "T." and the body, T in seconds
X-Sargas-Exercise: NAME             for an exercise only
```

Whoever takes it computes the HMAC over the bytes as they came, compares without telling where they
differ, and refuses a T of long ago: docs/sharing.md has the lines to do it with.

The address is resolved once and must be a public one, redirects are not followed, certificates are
checked, and proxies of the environment are not used. The secret, the path and the query stand in no
message and no log: many receivers put their key into them.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import os
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import SplitResult, urlsplit

from sargas.errors import FeedUnavailableError, UsageError
from sargas.share.deadline import Deadline
from sargas.share.formats import Document
from sargas.share.guard import resolved

SECRET_ENV = "SARGAS_WEBHOOK_SECRET"  # noqa: S105 - its name, not itself
SECRET_LEAST = 16
"""Bytes of a secret, at least."""
T = TypeVar("T")
TRIES = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
"""Waits double from the first, each drawn between half and one and a half of itself."""
TIMEOUT_S, TRY_S = 15.0, 30.0
"""How long is waited for the next byte, and for all of one try."""
HEARD_MOST = 1000
"""Bytes of an answer that are read: it says no more than its status."""
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which it is tried again; any other than 2xx is a refusal."""


@dataclass(frozen=True)
class Hook:
    """Where webhooks go, and how they are signed.

    Attributes:
        url: https://HOST/PATH; http:// where private addresses are allowed.
        secret: shared with the receiver.
        allow_private: whether the address may be of a private network or this machine.
        ca: who signed the receiver's certificate, PEM; None for those that this machine trusts.
    """

    url: str
    secret: bytes
    allow_private: bool = False
    ca: Path | None = None

    def __repr__(self) -> str:
        return f"Hook({place(self.url)!r})"  # without the secret


def secret_of(file: Path | None) -> bytes:
    """Read the secret from a file, else from the environment.

    Raises:
        UsageError: there is none, or it is short enough to be guessed.
    """
    try:
        found = os.environ.get(SECRET_ENV, "").encode() if file is None else file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"The secret cannot be read: {error.strerror}.", where=str(file)
        ) from error
    secret = found.strip()
    if len(secret) < SECRET_LEAST:
        raise UsageError(
            f"A webhook's secret has {SECRET_LEAST} letters or more.",
            hint=f"Give it with --secret-file, or in {SECRET_ENV}.",
        )
    return secret


def place(url: str) -> str:
    """Name an address without what may be a key: host and port, and a hash that tells two apart.

    Example:
        >>> place("https://hooks.example.org/T0/very-secret?k=v")
        'https://hooks.example.org/#7b60ed10'
    """
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return (
        f"{parts.scheme}://{parts.hostname}{port}/#{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    )


def checked_url(url: str, *, allow_private: bool = False, what: str = "a webhook") -> SplitResult:
    """Read an address.

    Args:
        url: the address.
        allow_private: whether `http` will do.
        what: what is there, for errors: a partner is asked as a webhook is.

    Raises:
        UsageError: it is none, or would send an alert unencrypted into the open.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"This is no address of {what}: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii():
        raise UsageError(f"This is no address of {what}.", hint="Write https://HOST/PATH.")
    if parts.username is not None or any(c.isspace() or not c.isprintable() for c in url):
        raise UsageError(f"An address of {what} has no user and no blanks in it.")
    if parts.scheme == "http" and not allow_private:
        raise UsageError(
            f"The address of {what} begins with https://, so that nobody reads what goes there.",
            where=place(url),
            hint="In a network of your own http:// goes with --allow-private.",
        )  # fmt: skip
    return parts


def signature(secret: bytes, at_s: int, body: bytes) -> str:
    """Sign a body.

    Example:
        >>> signature(b"0123456789abcdef", 1_735_122_360, b"{}")[:24]
        't=1735122360,v1=ac8bb49c'
    """
    digest = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


def send(
    hook: Hook, messages: Iterable[Document], done: Callable[[Document], None] = lambda _: None,
    *, wait: Callable[[float], None] = time.sleep, draw: Callable[[], float] = random.random,
) -> None:  # fmt: skip
    """Post messages, one after the other.

    Args:
        hook: where to.
        messages: of the format `json`.
        done: told of each that was taken.
        wait: waits some seconds.
        draw: draws from 0 to 1, for the waits.

    Raises:
        UsageError: the address is not one to send to.
        FeedUnavailableError: one was not taken; those after it were not tried.
    """
    parts = checked_url(hook.url, allow_private=hook.allow_private)
    connect = connecting(parts, allow_private=hook.allow_private, ca=hook.ca)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    for message in messages:
        _deliver(hook, message, connect, target, wait, draw)
        done(message)


def connecting(
    parts: SplitResult, *, allow_private: bool = False, ca: Path | None = None
) -> Callable[[], Pinned]:
    """Look at where an address leads, once; what is given connects there and nowhere else.

    Args:
        parts: from `checked_url`.
        allow_private: whether the address may be of a private network or this machine.
        ca: who signed the other side's certificate, PEM; None for those that this machine trusts.

    Raises:
        UsageError: the address is not public, or the certificates cannot be read.
        FeedUnavailableError: it cannot be resolved.
    """
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    address = resolved(host, port, allow_private=allow_private)
    context = None
    if parts.scheme == "https":
        try:
            context = ssl.create_default_context(cafile=str(ca) if ca else None)
        except OSError as error:
            raise UsageError("The certificates cannot be read.", where=str(ca or "")) from error
    return lambda: Pinned(host, port, address, context)


def patiently(
    once: Callable[[], tuple[T, int, float]], wait: Callable[[float], None],
    draw: Callable[[], float],
) -> tuple[T | None, str]:  # fmt: skip
    """Ask, and again with growing waits while the other side is not there or has too much to do.

    Args:
        once: asks once; gives the answer, its status, and how many seconds the other side asks to
            be left alone.
        wait: waits so many seconds. draw: draws from 0 to 1, for the waits.

    Returns:
        (the answer, or None where asking again did not help; why not).
    """
    reason = ""
    for k in range(TRIES):
        asked_s = 0.0
        try:
            answer, status, asked_s = once()
            if status not in AGAIN:
                return answer, ""
            reason = f"it answered {status}"
        except ssl.SSLCertVerificationError as error:
            return None, f"its certificate is not trusted ({error.verify_message})"
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
        if k + 1 < TRIES:
            usual_s = FIRST_WAIT_S * 2**k * (0.5 + draw())
            wait(min(max(usual_s, asked_s), LONGEST_WAIT_S))
    return None, reason


def _deliver(
    hook: Hook, message: Document, connect: Callable[[], Pinned], target: str,
    wait: Callable[[float], None], draw: Callable[[], float],
) -> None:  # fmt: skip
    """Post one message, and again while that may help."""

    def once() -> tuple[int, int, float]:
        status, asked_s = _post(connect(), target, message, hook.secret)
        return status, status, asked_s

    status, reason = patiently(once, wait, draw)
    if status is not None:
        if 200 <= status < 300:
            return
        reason = f"it answered {status}"
        if 300 <= status < 400:
            reason += ", a redirect, which is not followed"
    raise FeedUnavailableError(
        f"The webhook did not take {message.name}: {reason}.", where=place(hook.url),
        hint="What was taken before it is noted; send the rest later with --new.",
    )  # fmt: skip


def _post(connection: Pinned, target: str, message: Document, secret: bytes) -> tuple[int, float]:
    """Post once; gives the status, and how long the receiver asks to be left alone, seconds."""
    ((name, version),) = message.alerts
    headers: Mapping[str, str] = {
        "Content-Type": "application/geo+json",
        "Idempotency-Key": f"{name}:{version}",
        "User-Agent": "sargas",
        "X-Sargas-Signature": signature(secret, int(time.time()), message.data),
        **({"X-Sargas-Exercise": "true"} if message.exercise else {}),
    }
    answer = connection.ask("POST", target, headers, message.data, most=HEARD_MOST, within_s=TRY_S)
    return answer.status, answer.asked_s


class Heard(NamedTuple):
    """What the other side answered: status, body, and for how many seconds it wants to be left."""

    status: int
    body: bytes
    asked_s: float


class Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked at, under the name it was asked for."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address, self._context = address, context
        self._line: socket.socket | None = None
        self.default_port = 443 if context else 80

    def connect(self) -> None:
        """Connect to the address, not to the name."""
        self.sock = self._line = socket.create_connection((self._address, self.port), self.timeout)
        if self._context is not None:
            self.sock = self._line = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, *, most: int,
        within_s: float,
    ) -> Heard:  # fmt: skip
        """Ask once, and hang up.

        Args:
            method, target, headers, body: of the request.
            most: bytes of the body that are read. A line of the head has 64 kB at most, and a head
                100 lines.
            within_s: for connecting, sending and reading together.

        Raises:
            OSError: it does not answer, or not in time.
            http.client.HTTPException: what it answers is no HTTP.
        """
        try:
            with Deadline(within_s, lambda: self._line):
                self.request(method, target, body=body or None, headers=dict(headers))
                answer = self.getresponse()
                data = answer.read(most)
                later = answer.getheader("Retry-After", "")
                is_number = later.isascii() and later.isdigit()
                return Heard(answer.status, data, float(later) if is_number else 0.0)
        finally:
            self.close()
