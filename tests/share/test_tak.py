"""Cursor on Target, taken by listeners that know nothing of PyTAK, and read by another parser."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import sys
import threading
from contextlib import contextmanager

import pytest
import trustme
from lxml import etree

from sargas.errors import FeedUnavailableError, UsageError
from sargas.share.formats import FORMATS, documents
from sargas.share.saying import About
from sargas.share.tak import Credentials, checked_url, send

from .conftest import alert
from .test_formats import body, gate

WAIT_S = 20


def events(*alerts):
    made = gate([body(one) for one in alerts or (alert(),)])
    return list(documents(FORMATS["cot"], made, About(now_ms=1_800_000_000_000)))


@contextmanager
def listening(tls: ssl.SSLContext | None = None):
    """A plain asyncio server that keeps all it is sent until the sender hangs up."""
    got, ready, done = [], threading.Event(), threading.Event()
    place = {}

    async def take(reader, writer):
        got.append(await reader.read())
        writer.close()
        done.set()

    async def run():
        server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls)
        place["port"], place["stop"] = server.sockets[0].getsockname()[1], asyncio.Event()
        place["loop"] = asyncio.get_running_loop()
        ready.set()
        async with server:
            await place["stop"].wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(WAIT_S)
    try:
        yield place["port"], lambda: done.wait(WAIT_S) and got[0]
    finally:
        place["loop"].call_soon_threadsafe(place["stop"].set)
        thread.join(WAIT_S)


def read(stream: bytes) -> list[etree._Element]:
    """Cut a stream as TAK does, at each end of an event."""
    return [etree.fromstring(text) for text in re.findall(rb"<event.*?</event>", stream, re.S)]


def test_by_tcp_every_event_comes_whole_and_in_order():
    sent = events(alert(), alert(id="e" * 24, exercise="eagle-s"))
    with listening() as (port, got):
        assert send(sent, f"cot+tcp://127.0.0.1:{port}") == 2
        stream = got()
    assert stream == b"".join(one.data for one in sent)
    real, drill = read(stream)
    assert real.get("uid") == f"sargas.alert.{alert().id}"
    assert real.find("point").get("lat") == "59.900000"
    assert (drill.get("how"), drill.get("opex")) == ("m-s", "e-eagle-s")


def test_by_udp_each_event_is_a_datagram():
    sent = events(alert(), alert(id="e" * 24))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(WAIT_S)
        assert send(sent, f"cot+udp://127.0.0.1:{sock.getsockname()[1]}") == 2
        assert [sock.recv(65_535) for _ in sent] == [one.data for one in sent]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A throw-away authority, with a certificate of the server and one of ours."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    ours = ca.issue_cert("watch@example.org")
    ours.private_key_pem.write_to_path(str(folder / "key.pem"))
    for pem in ours.cert_chain_pems:
        pem.write_to_path(str(folder / "cert.pem"), append=True)
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context, Credentials(folder / "cert.pem", folder / "key.pem", folder / "ca.pem"), folder


def test_by_tls_both_sides_are_known(authority):
    context, ours, _ = authority
    sent = events()
    with listening(context) as (port, got):
        assert send(sent, f"cot+tls://127.0.0.1:{port}", ours) == 1
        assert got() == sent[0].data


def test_a_server_that_nobody_vouches_for_gets_nothing(authority, tmp_path):
    context, ours, _ = authority
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with listening(context) as (port, _):
        strange = Credentials(ours.cert, ours.key, other)
        with pytest.raises(FeedUnavailableError, match="not taken"):
            send(events(), f"cot+tls://127.0.0.1:{port}", strange)
        with pytest.raises(FeedUnavailableError, match="not taken"):
            send(events(), f"cot+tls://localhost:{port}", ours)  # another name than the one signed


def test_what_cannot_be_sent_says_why(authority, tmp_path):
    _, ours, _ = authority
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]  # taken, and nobody listens
        with pytest.raises(FeedUnavailableError, match="not taken"):
            send(events(), f"cot+tcp://127.0.0.1:{port}")
    with pytest.raises(UsageError, match="certificate"):
        send(events(), "cot+tls://127.0.0.1:1")
    with pytest.raises(UsageError, match="no such file"):
        send(events(), "cot+tls://127.0.0.1:1", Credentials(ours.cert, tmp_path / "none", ours.ca))
    for bad in ("tcp://h:1", "cot+tcp://h", "cot+tcp://u:p@h:1", "cot+tcp://h:1/x", "cot+tcp://h:x",
                "cot+tcp://h:99999"):  # fmt: skip
        with pytest.raises(UsageError):
            checked_url(bad)


def test_without_pytak_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytak", None)
    with pytest.raises(UsageError, match="needs PyTAK") as caught:
        send(events(), "cot+tcp://127.0.0.1:1")
    assert ".[tak]" in caught.value.hint
