"""Whoever drips, talks without end, or takes nothing holds no sender: each try has a deadline."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from sargas.errors import FeedUnavailableError
from sargas.share import mail, webhook
from sargas.share.deadline import Deadline
from sargas.share.partner import exchange

from .test_mail import TO, mails
from .test_tak import events
from .test_webhook import SECRET, messages

PATIENCE_S = 30.0
"""A server that drips gives in then: without a deadline a test fails, and does not hang."""
SOON_S = 0.4


@contextmanager
def saying(talk: Callable[[Any], None], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that talks with each who comes, in a thread, until they have gone."""
    server = socket.create_server(("127.0.0.1", 0))
    lines: list[socket.socket] = []  # kept open, also where nothing is said any more

    def meet(line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            line = tls.wrap_socket(line, server_side=True) if tls else line
            lines.append(line)
            talk(line)

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=meet, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()
        for line in lines:
            line.close()


def dripping(before: bytes, drop: bytes, after: bytes, every_s: float = 0.05) -> Any:
    """Begin an answer, then drop by drop; it would end well, in the end."""

    def talk(line: Any) -> None:
        line.sendall(before)
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            line.sendall(drop)
            time.sleep(every_s)
        line.sendall(after)

    return talk


def mute(line: Any) -> None:
    """Take nothing and say nothing."""


HEAD = dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a", b"\r\nContent-Length: 0\r\n\r\n")
BODY = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"a", b"a" * 900)
CONTINUE = dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
CHUNKS = dripping(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", b"0\r\n\r\n"
)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server's context, and the file of who signed its certificate."""
    ca, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return SimpleNamespace(context=context, ca=file)


@pytest.mark.parametrize("talk", [HEAD, BODY, CONTINUE, CHUNKS, mute])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_receiver_that_drips_holds_no_webhook(
    talk: Any, scheme: str, tls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TRY_S", SOON_S)
    monkeypatch.setattr(webhook, "TRIES", 2)
    waits: list[float] = []
    with saying(talk, tls.context if scheme == "https" else None) as port:
        hook = webhook.Hook(f"{scheme}://127.0.0.1:{port}/", SECRET, True, tls.ca)
        with pytest.raises(FeedUnavailableError, match=r"did not come to its end in 0\.4 s"):
            webhook.send(hook, messages(), wait=waits.append)
    assert len(waits) == 1, "it is tried again as ever"


def test_a_handshake_that_drips_holds_no_webhook(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TRY_S", SOON_S)
    monkeypatch.setattr(webhook, "TRIES", 1)
    # A record of TLS that is announced with 16 kB, and then comes a byte at a time.
    with saying(dripping(b"\x16\x03\x03\x40\x00\x02", b"\x00", b"")) as port:
        hook = webhook.Hook(f"https://127.0.0.1:{port}/", SECRET, True, tls.ca)
        with pytest.raises(FeedUnavailableError, match="did not come to its end"):
            webhook.send(hook, messages())


@pytest.mark.parametrize("talk", [HEAD, BODY, mute])
def test_a_partner_that_drips_holds_no_fetch_and_no_push(
    talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "TRY_S", SOON_S)
    monkeypatch.setattr(webhook, "TRIES", 1)
    with saying(talk) as port:
        url = f"http://127.0.0.1:{port}"
        with pytest.raises(FeedUnavailableError, match="did not come to its end"):
            exchange.download(url, allow_private=True)
        peer = SimpleNamespace(url=url, instance="0" * 32, name="riga", allow_private=True, ca="")
        monkeypatch.setattr(exchange, "signed", lambda *_: {})
        line = exchange.Line(SimpleNamespace(), peer)  # type: ignore[arg-type]
        for method, body in (("GET", b""), ("POST", b"x" * exchange.BYTES_MOST)):
            with pytest.raises(FeedUnavailableError, match="did not come to its end"):
                line.ask(method, body=body)


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, "65536 bytes"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200, "100 headers"),
    ],
)
def test_a_head_has_an_end(answer: bytes, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TRIES", 1)
    with saying(lambda line: line.sendall(answer)) as port:
        hook = webhook.Hook(f"http://127.0.0.1:{port}/", SECRET, True)
        with pytest.raises(FeedUnavailableError, match=what):
            webhook.send(hook, messages())


GREETING = dripping(b"220", b"-", b" hello\r\n")
LINES = dripping(b"", b"220-hello\r\n", b"220 hello\r\n")


@pytest.mark.parametrize("talk", [GREETING, LINES, mute])
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_server_that_drips_holds_no_mail(
    talk: Any, scheme: str, tls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "MESSAGE_S", SOON_S)
    with saying(talk, tls.context if scheme == "smtps" else None) as port:
        server = mail.Server(f"{scheme}://127.0.0.1:{port}", TO, ca=tls.ca)
        with pytest.raises(FeedUnavailableError, match=r"did not come to its end in 0\.4 s"):
            mail.send(server, mails())


def test_a_reply_of_a_mail_server_has_an_end() -> None:
    def talk(line: Any) -> None:
        for _ in range(2000):
            line.sendall(b"220-hello\r\n" * 1000)
        taken.append("all of it")

    taken: list[str] = []
    with saying(talk) as port, pytest.raises(FeedUnavailableError, match="SMTPServerDisconnected"):
        mail.send(mail.Server(f"smtp://127.0.0.1:{port}", TO), mails())
    assert taken == []


def test_a_server_of_tak_that_takes_nothing_holds_nothing() -> None:
    from sargas.share import tak

    done: list[str] = []

    def sending() -> None:
        try:
            tak.send(events() * 20_000, f"cot+tcp://127.0.0.1:{port}", timeout_s=SOON_S)
        except FeedUnavailableError as error:
            done.append(str(error))

    with saying(mute) as port:
        thread = threading.Thread(target=sending, daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
    assert len(done) == 1
    assert "no answer in 0.4 s" in done[0]


def test_what_is_done_in_time_is_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(PATIENCE_S, lambda: ours) as deadline:
            theirs.sendall(b"a")
            assert ours.recv(1) == b"a"
            deadline.again()
        theirs.sendall(b"b")
        assert ours.recv(1) == b"b"


def test_an_interrupt_stays_an_interrupt() -> None:
    def waits() -> None:
        with Deadline(0.01, lambda: ours):
            assert ours.recv(1) == b""
            raise KeyboardInterrupt

    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(KeyboardInterrupt):
        waits()
