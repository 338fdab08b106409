"""What the tests of live feeds share: a real broker, certificates, and servers on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from sargas.feeds.live import open_transport
from sargas.feeds.live.url import parse_feed_url

START_S = 20.0


def missing(what: str) -> None:
    """Skips with the reason; where all must run (SARGAS_E2E=1) it fails instead."""
    if os.environ.get("SARGAS_E2E") == "1":
        pytest.fail(what)
    pytest.skip(what)


def program(name: str) -> str:
    """Finds a program, also where Debian keeps those of the system."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or ""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority, tmp_path_factory) -> dict[str, Path]:
    """A certificate for loopback, its key, the authority, and an authority that is not it."""
    where = tmp_path_factory.mktemp("tls")
    own = authority.issue_cert("127.0.0.1", "localhost")
    paths = {name: where / f"{name}.pem" for name in ("chain", "key", "ca", "other")}
    own.private_key_pem.write_to_path(paths["key"])
    for blob in own.cert_chain_pems:
        blob.write_to_path(paths["chain"], append=True)
    authority.cert_pem.write_to_path(paths["ca"])
    trustme.CA().cert_pem.write_to_path(paths["other"])
    return paths


@pytest.fixture
def server_tls(certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates["chain"], certificates["key"])
    return context


class Broker:
    """mosquitto on loopback: plain and with TLS, each by TCP and by WebSocket.

    All its listeners want the same user and password, if there are any.
    """

    def __init__(self, where: Path, certificates: dict[str, Path], login: tuple[str, str] | None):
        self.where, self.login = where, login
        self._tls = [f"certfile {certificates['chain']}", f"keyfile {certificates['key']}"]
        self.process: subprocess.Popen[bytes] | None = None
        if login:
            made = [program("mosquitto_passwd"), "-b", "-c", str(where / "users"), *login]
            subprocess.run(made, check=True, capture_output=True, timeout=30)
        for _ in range(5):  # a port that was free may be taken by another test meanwhile
            self._configure()
            if self.start():
                return
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        return (self.where / "mosquitto.log").read_text()

    def _configure(self) -> None:
        ports = [free_port() for _ in range(4)]
        self.port, self.tls_port, self.ws_port, self.wss_port = ports
        lines = ["user root", f"listener {self.port} 127.0.0.1"]
        lines += [f"listener {self.tls_port} 127.0.0.1", *self._tls]
        lines += [f"listener {self.ws_port} 127.0.0.1", "protocol websockets"]
        lines += [f"listener {self.wss_port} 127.0.0.1", "protocol websockets", *self._tls]
        lines += ["allow_anonymous false" if self.login else "allow_anonymous true"]
        lines += [f"password_file {self.where / 'users'}"] if self.login else []
        (self.where / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> bool:
        """Starts it; tells whether it listens."""
        run = [program("mosquitto"), "-c", str(self.where / "mosquitto.conf")]
        with (self.where / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen(run, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        for port in (self.port, self.tls_port, self.ws_port, self.wss_port):
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                if self.process.poll() is not None:
                    return False
                assert time.monotonic() < deadline, self.log
                time.sleep(0.02)
        return self.process.poll() is None

    def signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(timeout=START_S)
            self.process = None


@pytest.fixture
def brokers(tmp_path, certificates) -> Iterator:
    """Makes brokers that run until the test ends."""
    for name in ("mosquitto", "mosquitto_passwd"):
        if not program(name):
            missing(f"{name} is not installed: MQTT cannot be tested against a real broker")
    started = []

    def make(login: tuple[str, str] | None = None) -> Broker:
        where = tmp_path / f"broker{len(started)}"
        where.mkdir()
        started.append(Broker(where, certificates, login))
        return started[-1]

    yield make
    for broker in started:
        broker.stop()


@pytest.fixture
def secret_file(tmp_path):
    """Writes a secret into a file and gives its option."""

    def write(secret: str) -> str:
        path = tmp_path / "secret"
        path.write_text(secret + "\n")
        return f"secret={path}"

    return write


@pytest.fixture
def transport_of():
    """Makes the transport of an address."""

    def make(text: str):
        return open_transport(parse_feed_url(text))

    return make
