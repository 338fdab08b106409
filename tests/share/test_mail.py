"""Mail, taken by a real server: encrypted, to whom it is for, and with no header brought in."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from email import message_from_bytes, policy

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from sargas.errors import FeedUnavailableError, UsageError
from sargas.model.alerts import Subject
from sargas.share import mail
from sargas.share.formats import FORMATS, documents
from sargas.share.mail import Server, checked_address, checked_url, password_of, send
from sargas.share.saying import About

from .conftest import alert
from .formats import mail_of
from .test_formats import body, gate

ABOUT = About("watch@example.org", "+370 5 000", "0.1", with_history=True)
TO = ("duty@partner.example", "log@partner.example")


def mails(*alerts):
    made = gate([body(one) for one in alerts or (alert(),)])
    return list(documents(FORMATS["mail"], made, ABOUT))


class Taker:
    """Keeps what it is sent."""

    def __init__(self, refuse=""):
        self.got, self.refuse = [], refuse

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.refuse:
            return "550 unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.got.append((session.ssl is not None, envelope.mail_from, envelope.rcpt_tos,
                         message_from_bytes(envelope.content, policy=policy.default)))  # fmt: skip
        return "250 OK"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context, folder / "ca.pem"


@contextmanager
def serving(taker, **options):
    controller = Controller(taker, hostname="127.0.0.1", port=0, **options)

    def knock():  # port 0: by itself it knocks where it was told to be, not where it is
        socket.create_connection(controller.server.sockets[0].getsockname()).close()

    controller._trigger_server = knock
    controller.start()
    try:
        yield controller.server.sockets[0].getsockname()[1]
    finally:
        controller.stop(no_assert=True)


def test_by_starttls_one_message_an_alert_in_one_thread(authority):
    context, ca = authority
    taker, done = Taker(), []
    sent = mails(alert(), alert(version=2, priority="P1"))[1:] + mails(alert(id="e" * 24))
    first = mails(alert())
    with serving(taker, tls_context=context, require_starttls=True) as port:
        send(Server(f"smtp://127.0.0.1:{port}", TO, ca=ca), first + sent, done.append)
    assert done == first + sent
    assert [(tls, sender, to) for tls, sender, to, _ in taker.got] == [
        (True, "watch@example.org", list(TO))
    ] * len(taker.got)
    one = taker.got[0][3]
    assert one["To"] == ", ".join(TO)
    assert one["From"] == "watch@example.org"
    assert one["Auto-Submitted"] == "auto-generated"
    text = one.get_content()
    assert "A SHIP (MMSI 518998865) has made 2.1 kn" in text
    assert "Reach us: +370 5 000" in text
    assert "reports itself at anchor" in text
    assert "not intent" in text


def test_later_versions_answer_the_first():
    one = body(alert(), alert(version=2, priority="P1"))
    first, second = (mail_of(d) for d in documents(FORMATS["mail"], gate([one]), ABOUT))
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["References"] == first["Message-ID"]
    assert first["Message-ID"] == f"<sargas.{alert().id}.v1@example.org>"
    assert first["In-Reply-To"] is None


def test_by_smtps_with_a_password(authority, tmp_path):
    context, ca = authority
    taker, asked = Taker(), []

    def login(server, session, envelope, mechanism, data):
        asked.append((data.login, data.password))
        return AuthResult(success=data.password == b"pass word", handled=False)

    (tmp_path / "p").write_text("pass word\n")
    options = {"ssl_context": context, "authenticator": login, "auth_require_tls": False}
    with serving(taker, **options) as port:
        one = Server(f"smtps://127.0.0.1:{port}", TO, "watch", password_of(tmp_path / "p"), ca)
        assert "pass word" not in repr(one)
        send(one, mails())
        with pytest.raises(FeedUnavailableError, match="SMTPAuthenticationError 535") as caught:
            send(Server(one.url, TO, "watch", "wrong word", ca), mails())
        assert "wrong word" not in str(caught.value)
    assert asked[0] == (b"watch", b"pass word")
    assert len(taker.got) == 1


def test_a_server_that_nobody_vouches_for_gets_nothing(authority):
    context, _ = authority
    taker = Taker()
    with (
        serving(taker, tls_context=context, require_starttls=True) as port,
        pytest.raises(FeedUnavailableError, match="SSLCertVerificationError"),
    ):
        send(Server(f"smtp://127.0.0.1:{port}", TO), mails())
    assert taker.got == []


def test_unencrypted_only_on_this_machine(monkeypatch):
    taker = Taker()
    with serving(taker) as port:
        send(Server(f"smtp://127.0.0.1:{port}", TO), mails())
        monkeypatch.setattr("sargas.share.mail.LOOPBACK", ())
        with pytest.raises(UsageError, match="does not encrypt"):
            send(Server(f"smtp://127.0.0.1:{port}", TO), mails())
    assert len(taker.got) == 1


def takes_and_stays(listening, taken, may_go):
    """Take a message of each caller, and say nothing upon its goodbye."""
    line, _ = listening.accept()
    with line, line.makefile("rb") as file:
        line.sendall(b"220 hello\r\n")
        while command := file.readline():
            if command.upper().startswith(b"QUIT"):
                may_go.wait(60)
                return
            if command.upper().startswith(b"DATA"):
                line.sendall(b"354 go on\r\n")
                while file.readline() != b".\r\n":
                    pass
                taken.append(1)
            line.sendall(b"250 OK\r\n")


def test_a_server_that_takes_all_and_says_no_goodbye_has_taken_all(monkeypatch):
    monkeypatch.setattr(mail, "MESSAGE_S", 2.0)
    taken, done, may_go = [], [], threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=takes_and_stays, args=(listening, taken, may_go))
        thread.start()
        try:
            url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
            send(Server(url, TO), mails(), done.append)
        finally:
            may_go.set()
            thread.join(60)
    assert len(taken) == len(done) == 1


def test_one_refused_recipient_is_a_failure():
    taker = Taker(refuse=TO[1])
    with serving(taker) as port, pytest.raises(FeedUnavailableError, match="not take it"):
        send(Server(f"smtp://127.0.0.1:{port}", TO), mails())


@pytest.mark.parametrize(
    "name", ["X\r\nBcc: evil@example.org", "X\nSubject: other", "X\r\n\r\nbody",
             "X\u2028Bcc: e@e.e", "X\x85Bcc: e@e.e", "\u202eX",
             "=?utf-8?q?X=0D=0ABcc:=20evil@example.org?=", "X\x00\x0b\x0cBcc: e@e.e"],
)  # fmt: skip
def test_a_name_brings_no_header_in(name):
    taker = Taker()
    bad = alert(subject=Subject("sea", 518_998_865, name=name), exercise=name, text=name + "\n.\nX")
    with serving(taker) as port:
        send(Server(f"smtp://127.0.0.1:{port}", TO), mails(bad))
    ((_, _, to, mail),) = taker.got
    assert to == list(TO)
    assert mail["Bcc"] is None
    assert mail["To"] == ", ".join(TO)
    assert len(mail.get_all("Subject")) == 1
    assert str(mail["Subject"]).strip().startswith("EXERCISE")
    assert "not intent" in mail.get_content(), "the whole message came"


def test_what_cannot_be_an_address():
    for bad in ("", "a", "a@b c", "a@b\r\nBcc: x@y", "A <a@b>", "a@b,c@d", "a@b\n"):
        with pytest.raises(UsageError):
            checked_address(bad)
    with pytest.raises(UsageError, match="To whom"):
        send(Server("smtp://127.0.0.1:1", ()), mails())
    for bad in ("smtp://", "smtp://u:p@h", "mail://h", "smtp://h/x", "smtp://h:x"):
        with pytest.raises(UsageError):
            checked_url(bad)
    with pytest.raises(UsageError, match="sender"):
        list(documents(FORMATS["mail"], gate([body()]), About()))
    with pytest.raises(UsageError, match="no address"):
        list(documents(FORMATS["mail"], gate([body()]), About("watch")))
    with pytest.raises(FeedUnavailableError):
        send(Server("smtp://127.0.0.1:1", TO), mails())
