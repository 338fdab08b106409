"""Mail: one plain message for a version of an alert, which programs of mail keep in one thread.

Source:
    RFC 5322 (messages), RFC 3834 (automatic mail), RFC 3207 (STARTTLS), RFC 8314 (SMTPS).
"""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sargas.errors import FeedUnavailableError, UsageError
from sargas.model.place import place_text
from sargas.model.time import parse_iso
from sargas.share.deadline import Deadline
from sargas.share.policy import SENDER_HINT
from sargas.share.release import Released, clean
from sargas.share.saying import EXERCISE, About, place, remarks, tests, title

if TYPE_CHECKING:
    from sargas.share.formats import Document

PASSWORD_ENV = "SARGAS_MAIL_PASSWORD"  # noqa: S105 - its name, not itself
TIMEOUT_S, MESSAGE_S = 20.0, 60.0
"""How long is waited for the next byte; and for all that comes before a message is taken."""
REPLY_MOST = 64_000
"""Bytes of one reply of a server, over all its lines."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,200}")


@dataclass(frozen=True)
class Server:
    """A mail server, and who it is for.

    Attributes:
        url: `smtps://HOST:PORT`, or `smtp://HOST:PORT`, which goes on by STARTTLS; without it
            only on this machine.
        recipients: addresses.
        user, password: to log in with; empty for not.
        ca: who signed the server's certificate, PEM; None for those that this machine trusts.
    """

    url: str
    recipients: Sequence[str]
    user: str = ""
    password: str = ""
    ca: Path | None = None

    def __repr__(self) -> str:
        return f"Server({self.url!r})"  # without the password


def checked_address(text: str) -> str:
    """Check an address of mail.

    Raises:
        UsageError: it is none that goes without quotes.

    Example:
        >>> checked_address("watch@example.org")
        'watch@example.org'
    """
    if not _ADDRESS.fullmatch(text):
        raise UsageError(f"'{clean(text)[:80]}' is no address of mail.")
    return text


def password_of(file: Path | None) -> str:
    """Read the password from a file, else from the environment; empty for none.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        return os.environ.get(PASSWORD_ENV, "") if file is None else file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("The password cannot be read.", where=str(file)) from error


def message(alert: Released, k: int, about: About) -> str:
    """Write the mail of one version, without its recipients.

    Args:
        alert: from the gate.
        k: which of its `history`.
        about: who speaks: the sender must be an address of mail.

    Raises:
        UsageError: it is none.
    """
    if not about.sender:
        raise UsageError(
            "A mail names its sender.",
            hint=SENDER_HINT,
        )
    sender = checked_address(about.sender)
    history = alert.history
    body = history[k]
    mail = EmailMessage(policy=policy.default)
    mail["From"] = sender
    mail["Subject"] = title(body)
    at_ms = parse_iso(about.time(body["t_issued"]))
    mail["Date"] = format_datetime(datetime.fromtimestamp(at_ms // 1000, UTC))
    names = [f"<sargas.{alert.id}.v{v['version']}@{sender.partition('@')[2]}>" for v in history]
    mail["Message-ID"] = names[k]
    if k:
        mail["In-Reply-To"] = names[k - 1]
        mail["References"] = " ".join(names[:k])
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Sargas-Alert"] = f"{alert.id}:{body['version']}"
    if body["exercise"] is not None:
        mail["X-Sargas-Exercise"] = EXERCISE
    mail.set_content("\n".join(_lines(alert, body, about)) + "\n", cte="quoted-printable")
    return mail.as_string()


def _lines(alert: Released, body: dict[str, object], about: About) -> list[str]:
    """Write what a mail says, the sentences first."""
    here, asset = place(body), body.get("asset") or {}
    assert isinstance(asset, dict)
    facts = {
        "State": body["state"], "Detected": body["t_detected"], "Known since": body["t_issued"],
        "Place": place_text(*here) if here else None, "Asset": asset.get("name"),
        "Alert": f"{alert.id}, version {body['version']}", "Released to": alert.group,
        "Reach us": about.contact,
    }  # fmt: skip
    lines = [title(body), "", *remarks(alert, body).split("\n"), ""]
    lines += [f"{name}: {clean(str(value))}" for name, value in facts.items() if value]
    if found := tests(body):
        lines += ["", "Tested:", *(f"- {feature}: {words}" for feature, words in found)]
    return lines


def send(
    server: Server, messages: Iterable[Document], done: Callable[[Document], None] = lambda _: None
) -> None:
    """Hand messages to a mail server, one after the other.

    Args:
        server: which, and for whom.
        messages: of the format `mail`.
        done: told of each that was taken.

    Raises:
        UsageError: an address cannot be used, or the connection would not be encrypted.
        FeedUnavailableError: the server did not take one; those after it were not tried.
    """
    host, port, is_tls = checked_url(server.url)
    recipients = [checked_address(one) for one in server.recipients]
    if not recipients:
        raise UsageError("To whom is the mail?", hint="Give --mail-to ADDRESS.")
    try:
        context = ssl.create_default_context(cafile=str(server.ca) if server.ca else None)
    except OSError as error:
        raise UsageError("The certificates cannot be read.", where=str(server.ca or "")) from error
    known: list[smtplib.SMTP] = []
    are_taken = False
    try:
        with (
            Deadline(MESSAGE_S, lambda: known[0].sock if known else None) as deadline,
            _connect(known, host, port, context if is_tls else None) as smtp,
        ):
            if not is_tls:
                _encrypt(smtp, context, host)
            if server.user:
                smtp.login(server.user, server.password)
            for one in messages:
                mail = message_from_bytes(one.data, policy=policy.SMTP)
                mail["To"] = ", ".join(recipients)
                if refused := smtp.send_message(mail, to_addrs=recipients):
                    raise smtplib.SMTPRecipientsRefused(refused)
                done(one)
                deadline.again()
            are_taken = True
    except (OSError, smtplib.SMTPException) as error:
        if are_taken:  # only the goodbye went wrong
            return
        # What the server said may quote what we said to it; its code is enough.
        code = getattr(error, "smtp_code", "")
        name = str(error) if isinstance(error, TimeoutError) else type(error).__name__
        reason = f"{name} {code}".strip()
        raise FeedUnavailableError(
            f"The mail server did not take it: {reason}.", where=f"{host}:{port}",
            hint="Is it up, does it know us, and does it take mail for these addresses?",
        ) from error  # fmt: skip


def checked_url(url: str) -> tuple[str, int, bool]:
    """Read the address of a mail server, as (host, port, whether TLS comes first).

    Raises:
        UsageError: it is none.

    Example:
        >>> checked_url("smtp://mail.example.org"), checked_url("smtps://mail.example.org")
        (('mail.example.org', 587, False), ('mail.example.org', 465, True))
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"This is no address of a mail server: {error}.") from error
    is_plain = not (parts.username or parts.path.strip("/") or parts.query or parts.fragment)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not is_plain:
        raise UsageError(
            "This is no address of a mail server.",
            hint="Write smtp://HOST:PORT or smtps://HOST:PORT, and the user with --user.",
        )
    is_tls = parts.scheme == "smtps"
    return parts.hostname, port or (465 if is_tls else 587), is_tls


class _Replies:
    """What a server says, as `smtplib` reads it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.left = file, REPLY_MOST
        self.close = file.close

    def readline(self, most: int) -> bytes:
        line = self._file.readline(most)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("The reply is too long.")  # upon which smtplib hangs up
        return line


class _Smtp(smtplib.SMTP):
    """A session that is known from its first byte on, with replies that have an end.

    Args:
        known: where the session puts itself, before it connects.
    """

    def __init__(self, known: list[smtplib.SMTP], *args: Any, **named: Any) -> None:  # noqa: ANN401
        known.append(self)
        super().__init__(*args, **named)

    def getreply(self) -> tuple[int, bytes]:
        """Get a reply, of however many lines."""
        if self.file is None and self.sock is not None:
            self.file = _Replies(self.sock.makefile("rb"))
        elif self.file is not None:
            self.file.left = REPLY_MOST
        return super().getreply()


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    """The same, where TLS comes first."""


def _connect(
    known: list[smtplib.SMTP], host: str, port: int, context: ssl.SSLContext | None
) -> smtplib.SMTP:
    if context is None:
        return _Smtp(known, host, port, timeout=TIMEOUT_S)
    return _SmtpOverTls(known, host, port, timeout=TIMEOUT_S, context=context)


def _encrypt(smtp: smtplib.SMTP, context: ssl.SSLContext, host: str) -> None:
    """Go on by TLS; without it only on this machine."""
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=context)
        smtp.ehlo()
    elif host not in LOOPBACK:
        raise UsageError(
            "The mail server does not encrypt.", where=host,
            hint="Use one that does; without, mail is handed over on this machine only.",
        )  # fmt: skip
