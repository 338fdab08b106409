"""Webhooks, taken by a real server that checks the signature itself; and where they may not go."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from sargas.errors import FeedUnavailableError, SargasError, UsageError
from sargas.share import guard, webhook
from sargas.share.formats import FORMATS, documents
from sargas.share.saying import About
from sargas.share.webhook import Hook, checked_url, place, secret_of, send

from .conftest import alert
from .test_formats import body, gate

SECRET = b"a secret of the two of us"


def messages(*alerts):
    made = gate([body(one) for one in alerts or (alert(),)])
    return list(documents(FORMATS["json"], made, About()))


def is_signed(header: str, raw: bytes, secret: bytes = SECRET) -> bool:
    """What docs/sharing.md tells a receiver to do, without a line of ours."""
    said = dict(part.split("=", 1) for part in header.split(","))
    right = hmac.new(secret, said["t"].encode() + b"." + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right, said["v1"])


@contextmanager
def receiving(*answers, tls: ssl.SSLContext | None = None, headers=()):
    """A server that gives the answers in turn, then 204, and keeps what it was sent."""
    got, waiting = [], list(answers)

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self):
            raw = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, dict(self.headers), raw))
            status = waiting.pop(0) if waiting else 204
            if status == 0:  # hangs up without a word
                self.connection.close()
                return
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1], got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hook(port, **more):
    more = {"allow_private": True} | more
    return Hook(f"http://127.0.0.1:{port}/in?key=K", SECRET, **more)


def never(_):
    raise AssertionError("it was tried again")


def test_a_message_comes_signed_with_its_key():
    sent, done = messages(alert(), alert(id="e" * 24, exercise="drill")), []
    with receiving() as (port, got):
        send(hook(port), sent, done.append, wait=never)
    assert done == sent
    for (path, headers, raw), message in zip(got, sent, strict=True):
        assert path == "/in?key=K"
        assert raw == message.data
        assert is_signed(headers["X-Sargas-Signature"], raw)
        assert not is_signed(headers["X-Sargas-Signature"], raw + b" ")
        assert not is_signed(headers["X-Sargas-Signature"], raw, b"another secret, as long")
        assert headers["Content-Type"] == "application/geo+json"
    assert [h["Idempotency-Key"] for _, h, _ in got] == [f"{alert().id}:1", f"{'e' * 24}:1"]
    assert ["X-Sargas-Exercise" in h for _, h, _ in got] == [False, True]
    assert json.loads(got[0][2])["id"] == alert().id


def test_it_is_tried_again_with_the_same_key_and_growing_waits():
    waits = []
    with receiving(503, 0, 500) as (port, got):
        send(hook(port), messages(), wait=waits.append, draw=lambda: 0.5)
    assert len(got) == 4
    assert len({h["Idempotency-Key"] for _, h, _ in got}) == 1
    assert waits == [1.0, 2.0, 4.0]
    for _, headers, raw in got:
        assert is_signed(headers["X-Sargas-Signature"], raw)


def test_waits_are_drawn_and_bounded_and_the_receiver_is_heard():
    waits = []
    with receiving(429, 429, 429, headers=[("Retry-After", "7")]) as (port, _):
        send(hook(port), messages(), wait=waits.append, draw=lambda: 0.0)
    assert waits == [7.0, 7.0, 7.0]
    waits.clear()
    with (
        receiving(*[429] * 9, headers=[("Retry-After", "86400")]) as (port, got),
        pytest.raises(FeedUnavailableError, match="429"),
    ):
        send(hook(port), messages(), wait=waits.append)
    assert len(got) == webhook.TRIES
    assert waits == [webhook.LONGEST_WAIT_S] * (webhook.TRIES - 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 301, 302, 307])
def test_a_refusal_and_a_redirect_end_it(status):
    done = []
    with (
        receiving(status, headers=[("Location", "http://127.0.0.1:1/")]) as (port, got),
        pytest.raises(FeedUnavailableError, match=str(status)) as caught,
    ):
        send(hook(port), messages(alert(), alert(id="e" * 24)), done.append, wait=never)
    assert len(got) == 1
    assert done == []
    assert "key=K" not in str(caught.value), "a key in the address is told to nobody"


def test_what_was_taken_before_a_failure_is_told():
    done, sent = [], messages(alert(), alert(id="e" * 24), alert(id="f" * 24))
    with receiving(204, 400) as (port, _), pytest.raises(FeedUnavailableError):
        send(hook(port), sent, done.append, wait=never)
    assert done == sent[:1]


def test_certificates_are_checked(tmp_path):
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiving(tls=context) as (port, got):
        url = f"https://127.0.0.1:{port}/"
        with pytest.raises(FeedUnavailableError, match="not trusted"):
            send(Hook(url, SECRET, allow_private=True), messages(), wait=never)
        other = Hook(
            f"https://localhost:{port}/", SECRET, allow_private=True, ca=tmp_path / "ca.pem"
        )
        with pytest.raises(FeedUnavailableError, match="not trusted"):
            send(other, messages(), wait=never)
        assert got == []
        send(Hook(url, SECRET, allow_private=True, ca=tmp_path / "ca.pem"), messages(), wait=never)
    assert len(got) == 1


# ---- where it may go -----------------------------------------------------------------------------
NOT_PUBLIC = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::",
    "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "fec0::1", "feff::1", "192.0.0.8",
    "192.0.0.9", "192.88.99.1", "2002:c058:6301::1", "::ffff:192.0.0.8", "64:ff9b:1::808:808",
    "::8.8.8.8", "3fff::1", "2001:1::1", "2001:20::1", "5f00::1", "4000::1", "100::1",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address):
    assert not guard.is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "192.0.1.1", "192.88.98.1", "2606:4700::1111", "2001:200::1", "2a00:1450:4026::1",
     "64:ff9b::808:808", "2002:808:808::1"],
)  # fmt: skip
def test_addresses_that_are(address):
    assert guard.is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]",
             "[::ffff:127.0.0.1]", "169.254.169.254"],
)  # fmt: skip
def test_nothing_is_sent_into_the_own_network(host):
    with receiving() as (port, got):
        with pytest.raises(SargasError):
            send(Hook(f"https://{host}:{port}/", SECRET), messages(), wait=never)
        assert got == []


def test_a_name_with_one_private_address_is_refused(monkeypatch):
    def answers(*addresses):
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)

    answers("8.8.8.8", "10.0.0.1")
    with pytest.raises(UsageError, match=r"leads to 10\.0\.0\.1"):
        guard.resolved("partner.example", 443)
    answers("8.8.8.8", "1.1.1.1")
    assert guard.resolved("partner.example", 443) == "8.8.8.8"


def test_it_connects_to_what_was_looked_at_and_asks_the_name_once(monkeypatch):
    """A name that leads elsewhere at the second question gains nothing by it."""
    asked, real = [], socket.getaddrinfo

    def rebinding(host, *args, **more):
        if host == "partner.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiving(503) as (port, got):
        one = Hook(f"http://partner.example:{port}/", SECRET, allow_private=True)
        send(one, messages(), wait=lambda _: None)
    assert asked == ["partner.example"]
    assert len(got) == 2
    assert got[0][1]["Host"] == f"partner.example:{port}"


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with receiving() as (port, got):
        send(hook(port), messages(), wait=never)
    assert len(got) == 1


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8/", "ftp://8.8.8.8/", "https://", "https://u:p@8.8.8.8/", "nonsense",
            "https://8.8.8.8/a b", "https://8.8.8.8:x/", "https://8.8.8.8/\r\nX: y", "https://ü.de/"],
)  # fmt: skip
def test_what_is_no_address(url):
    with pytest.raises(UsageError):
        checked_url(url)


def test_the_secret_is_told_to_nobody(tmp_path, monkeypatch):
    monkeypatch.delenv("SARGAS_WEBHOOK_SECRET", raising=False)
    with pytest.raises(UsageError, match="16 letters"):
        secret_of(None)
    (tmp_path / "s").write_bytes(SECRET + b"\n")
    assert secret_of(tmp_path / "s") == SECRET
    with pytest.raises(UsageError, match="cannot be read"):
        secret_of(tmp_path / "none")
    monkeypatch.setenv("SARGAS_WEBHOOK_SECRET", "short")
    with pytest.raises(UsageError) as caught:
        secret_of(None)
    assert "short" not in re.sub("as short|is short", "", str(caught.value))
    shown = repr(Hook("https://h.example/T0/KEY?k=KEY", SECRET)) + place("https://h.example/KEY")
    assert "KEY" not in shown
    assert SECRET.decode() not in shown
