"""Where the service listens: nowhere that strangers reach without users, and TLS or a proxy."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from sargas.errors import UsageError
from sargas.store import Home
from sargas.web import service
from sargas.web.listening import Listening
from sargas.web.service import address, bind, hosts, serve

from .conftest import SARGAS
from .guarded import WORDS, app_of, bearer, make_home

NAME = "watch.example"
STATIC = Path(service.__file__).parent / "static"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    folder, key = tmp_path_factory.mktemp("pem"), ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home") / "home")


def asking(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)


def screen_at(port: int, headers: dict[str, str]) -> ClientConnection:
    url = f"ws://127.0.0.1:{port}/ws"
    return connect(url, additional_headers=headers, proxy=None, max_size=None)


@contextmanager
def running(home: Home, listening: Listening) -> Iterator[int]:
    """The service as `sargas serve` runs it, in a thread; gives its port."""
    sock, ended = bind(listening, has_users=True), threading.Event()
    app = app_of(home)
    app.user_middleware[1].kwargs["hosts"] = frozenset(hosts(sock, listening))
    thread = threading.Thread(
        target=serve, args=(app, sock), kwargs={"until": ended.is_set, "listening": listening}
    )
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        ended.set()
        thread.join(60)


# ---- what is refused -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "has_users", "what"),
    [
        ({"host": "0.0.0.0"}, False, "no users"),
        ({"host": "192.0.2.1"}, False, "no users"),
        ({"host": "::"}, False, "no users"),
        ({"proxy": "127.0.0.1", "names": (NAME,)}, False, "no users"),
        ({"host": "0.0.0.0", "names": (NAME,)}, True, "for all to read"),
        ({"host": "192.0.2.1"}, True, "for all to read"),
        ({"host": "0.0.0.0", "proxy": "192.0.2.7"}, True, "--name"),
        ({"proxy": "127.0.0.1"}, True, "--name"),
        ({"proxy": "*", "names": (NAME,)}, True, "no address"),
        ({"proxy": "10.0.0.0/8", "names": (NAME,)}, True, "no address"),
        ({"host": "example.org"}, True, "no address"),
        ({"host": ""}, True, "no address"),
        ({"tls_cert": Path("x")}, True, "--tls-key"),
        ({"tls_key": Path("x")}, True, "--tls-cert"),
        ({"tls_cert": Path("no"), "tls_key": Path("no")}, False, "cannot be used"),
    ],
)
def test_strangers_reach_nothing_without_users_and_tls(
    more: dict[str, object], has_users: bool, what: str
) -> None:
    with pytest.raises(UsageError) as refused:
        bind(Listening(**more), has_users=has_users)  # type: ignore[arg-type]
    assert what in str(refused.value)
    assert refused.value.hint


def test_tls_asks_for_a_name_where_every_address_is_taken(pem: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="name"):
        bind(Listening("0.0.0.0", tls_cert=pem[0], tls_key=pem[1]), has_users=True)
    with pytest.raises(UsageError, match="cannot be used"):
        bind(Listening(tls_cert=pem[1], tls_key=pem[0]), has_users=True)


def test_serve_says_what_to_do(tmp_path: Path, home: Home, pem: tuple[Path, Path]) -> None:
    open_home = make_home(tmp_path / "open", users=False)
    for where, words, hint in (
        (open_home, ["--host", "0.0.0.0", "--name", NAME], "sargas users add"),
        (home, ["--host", "0.0.0.0", "--name", NAME], "--tls-cert"),
        (home, ["--behind-proxy", "127.0.0.1"], "--name"),
        (home, ["--tls-cert", pem[0]], "--tls-key"),
    ):
        done = subprocess.run(
            [SARGAS, "serve", "--home", where.path, "--port", "0", *words],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""
        assert hint in done.stderr


# ---- TLS -----------------------------------------------------------------------------------------
def test_over_tls_on_every_address(home: Home, pem: tuple[Path, Path]) -> None:
    listening = Listening("0.0.0.0", 0, (NAME,), *pem)
    trusted = ssl.create_default_context(cafile=str(pem[0]))
    with running(home, listening) as port:
        way = httpx.HTTPTransport(verify=trusted)
        with httpx.Client(
            transport=way, base_url=f"https://127.0.0.1:{port}", headers={"host": NAME}
        ) as http:
            ask = {"extensions": {"sni_hostname": NAME}}
            done = http.post(
                "/login", data={"name": "Viewer", "password": WORDS},
                headers={"origin": f"https://{NAME}"}, **ask,
            )  # fmt: skip
            assert done.status_code == 303
            assert done.headers["set-cookie"].startswith(f"__Host-sargas-{port}=")
            assert "Secure" in done.headers["set-cookie"]
            assert "max-age" in done.headers["strict-transport-security"]
            assert "server" not in done.headers
            strange = http.get("/login", headers={"host": "evil.example"}, **ask)
            assert strange.status_code == 400
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with (
            socket.create_connection(("127.0.0.1", port), timeout=60) as line,
            pytest.raises((ssl.SSLError, ConnectionError)),
        ):
            old.wrap_socket(line)
        with httpx.Client(timeout=60) as plain, pytest.raises(httpx.HTTPError):
            plain.get(f"http://127.0.0.1:{port}/login")


def test_the_address_is_that_which_browsers_show(pem: tuple[Path, Path]) -> None:
    for listening, shown in (
        (Listening(), "http://127.0.0.1:{}/"),
        (Listening("::1"), "http://[::1]:{}/"),
        (Listening("0.0.0.0", 0, (NAME,), *pem), f"https://{NAME}:{{}}/"),
        (Listening("127.0.0.1", 0, (NAME,), proxy="127.0.0.1"), f"https://{NAME}/"),
    ):
        with bind(listening, has_users=True) as sock:
            assert address(sock, listening) == shown.format(sock.getsockname()[1])


# ---- a proxy -------------------------------------------------------------------------------------
def test_behind_a_proxy_it_alone_is_believed(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    """The client plays the proxy: what it forwards counts, over https alone."""
    listening = Listening("127.0.0.1", 0, (NAME,), proxy="127.0.0.1")
    with running(home, listening) as port, asking(port) as http:
        said = {"host": NAME, "origin": f"https://{NAME}", "x-forwarded-for": "198.51.100.9"}
        plain = http.get("/login", headers=said)
        assert plain.status_code == 400
        assert "X-Forwarded-Proto" in plain.json()["hint"]
        for proto in ("http", "ftp", "https, http", ""):
            said["x-forwarded-proto"] = proto
            assert http.get("/login", headers=said).status_code == 400
        said["x-forwarded-proto"] = "https"
        form = {"name": "Viewer", "password": WORDS}
        done = http.post("/login", data=form, headers=said)
        assert done.status_code == 303
        assert "__Host-" in done.headers["set-cookie"]
        http.cookies.clear()
        wrong = http.post("/login", data=form | {"password": "x"}, headers=said)
        assert wrong.status_code == 401
    assert "a login from 198.51.100.9 was refused" in capfd.readouterr().err


def test_whoever_is_not_the_proxy_is_refused(home: Home) -> None:
    listening = Listening("127.0.0.1", 0, (NAME,), proxy="192.0.2.7")
    with running(home, listening) as port, asking(port) as http:
        said = {"host": NAME, "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7"}
        assert http.get("/login", headers=said).status_code == 403


def test_without_a_proxy_nobody_says_who_they_are(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(home, Listening()) as port, asking(port) as http:
        said = {"x-forwarded-for": "198.51.100.9", "x-forwarded-proto": "https",
                "forwarded": "for=198.51.100.9"}  # fmt: skip
        form = {"name": "Viewer", "password": "x"}
        assert http.post("/login", data=form, headers=said).status_code == 401
        done = http.post("/login", data=form | {"password": WORDS}, headers=said)
        assert "Secure" not in done.headers["set-cookie"]
    err = capfd.readouterr().err
    assert "a login from 127.0.0.1 was refused" in err
    assert "198.51.100.9" not in err


# ---- slow clients --------------------------------------------------------------------------------
def closed_within(line: socket.socket, seconds: float) -> bool:
    line.settimeout(seconds)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def test_half_a_request_is_not_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "HEAD_S", 0.5)
    with running(home, Listening()) as port:
        whole = b"GET /login.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for begun in (b"", b"GET / HT", whole[:-2], whole + whole[:9], whole + whole + b"G"):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
                line.sendall(begun)
                assert closed_within(line, 30.0), begun
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            for byte in whole:  # a byte now and then does not put it off
                try:
                    line.sendall(bytes([byte]))
                except ConnectionError:
                    break
                time.sleep(0.05)
            assert closed_within(line, 30.0)


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"GET /", b"a" * 8000),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-More: 1\r\n" * 800),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-More: ", b"a" * 8000),
        (b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
         b"X-More: 1\r\n" * 800),
        (b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1",
         b";more=1" * 1000),
    ],
    ids=["path", "headers", "header", "trailers", "extensions"],
)  # fmt: skip
def test_a_head_without_end_is_not_taken(
    home: Home, begun: bytes, piece: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(home, Listening()) as port, socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(30)
        line.sendall(begun)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 64 << 20:
                line.sendall(piece)
                sent += len(piece)
        assert sent < 64 << 20, "somebody reads without end"
        assert closed_within(line, 30.0)
    assert "Traceback" not in capfd.readouterr().err, "no stranger fills the log"


def answers_of(line: socket.socket, least: int, before: bytes = b"") -> bytes:
    """Read until there are so many answers."""
    told = before
    while told.count(b"HTTP/1.1 200") < least:
        piece = line.recv(1 << 20)
        assert piece, told[-200:]
        told += piece
    return told


def test_many_requests_at_once_are_no_head_without_end(home: Home) -> None:
    """Each in pieces that end in the midst of the next; and a body is no head."""
    one = b"GET /login.css HTTP/1.1\r\nHost: 127.0.0.1\r\nX-More: " + b"a" * 900 + b"\r\n\r\n"
    with running(home, Listening()) as port, socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(60)
        told = b""
        for k in range(300):
            line.sendall(one[500:] + one[:500] if k else one + one[:500])
            if k % 10 == 9:
                told = answers_of(line, k, told)
        line.sendall(one[500:])
        answers_of(line, 301, told)
    body = b'{"name": "' + b"a" * 200_000
    head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    with running(home, Listening()) as port, socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(60)
        line.sendall(head.encode())
        for start in range(0, len(body), 1000):
            line.sendall(body[start : start + 1000])
        assert line.recv(10) == b"HTTP/1.1 4"  # it was read, and is no login


def test_who_takes_nothing_of_an_answer_is_not_waited_for(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SEND_S", 0.5)
    with running(home, Listening()) as port, socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(60)
        line.connect(("127.0.0.1", port))
        ask = b"GET /static/maplibre.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        began = [ask] * 20
        for one in began:
            line.sendall(one)
        told = 0
        assert soon(lambda: peer_has_closed(port, line), 60.0)
        with contextlib.suppress(ConnectionError):
            while piece := line.recv(1 << 20):
                told += len(piece)
        whole = len((STATIC / "maplibre.js").read_bytes()) * len(began)
        assert told < whole


def peer_has_closed(port: int, line: socket.socket) -> bool:
    """Ask the kernel whether the service still holds its end of a line."""
    mine = f":{line.getsockname()[1]:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [row for row in rows if row[1].endswith(f":{port:04X}") and row[2].endswith(mine)]
    return all(row[3] != "01" for row in ends)


def test_an_open_screen_is_not_taken_for_a_slow_request(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HEAD_S", 0.3)
    headers = bearer(home, "viewer")
    with running(home, Listening()) as port, screen_at(port, headers) as screen:
        clocks = 0
        while clocks < 3:  # one a second
            told = screen.recv(timeout=30)
            clocks += isinstance(told, str) and json.loads(told)["kind"] == "clock"


def test_connections_without_end_leave_the_service_standing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CONNECTIONS_MOST", 20)
    monkeypatch.setattr(service, "HEAD_S", 1.0)

    def asked(port: int) -> int:
        with httpx.Client() as http:
            return http.get(f"http://127.0.0.1:{port}/login.css").status_code

    with running(home, Listening()) as port:
        lines = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(40)]
        assert soon(lambda: asked(port) == 503)
        assert soon(lambda: asked(port) == 200), "those that say nothing are let go"
        for line in lines:
            line.close()


def soon(holds: Callable[[], bool], within_s: float = 30.0) -> bool:
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_a_message_too_long_ends_its_socket(home: Home) -> None:
    headers = bearer(home, "viewer")
    with running(home, Listening()) as port, screen_at(port, headers) as screen:
        screen.send("x" * (service.WORD_MOST + 1))
        with pytest.raises(ConnectionClosed) as closed:
            all(screen.recv(timeout=30) for _ in range(1000))
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
