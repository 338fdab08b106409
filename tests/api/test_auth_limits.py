"""How much one client may ask, and for how many passwords."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from sargas.store import Home, passwords
from sargas.web import commands, limits, login
from sargas.web.limits import FREE, MOST_KEYS, WAIT_MOST_S, Buckets, LoginDelays, network_of

from .guarded import WORDS, app_of, bearer, log_in, make_home, served


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    with served(home) as client:
        yield client


# ---- passwords -----------------------------------------------------------------------------------
def test_a_guesser_waits_longer_each_time() -> None:
    delays, at_s, waited = LoginDelays(), 0.0, []
    for _ in range(14):
        while wait_s := delays.wait_s("vita", "192.0.2.1", at_s):
            waited.append(wait_s)
            at_s += wait_s
    assert waited[:6] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert max(waited) <= WAIT_MOST_S["pair"]
    assert waited == sorted(waited)


def test_guesses_at_once_are_not_all_free() -> None:
    delays = LoginDelays()
    free = [delays.wait_s("vita", "192.0.2.1", 0.0) == 0 for _ in range(50)]
    assert sum(free) == FREE["pair"]


def test_an_address_that_tries_many_names_waits() -> None:
    delays = LoginDelays()
    free = [delays.wait_s(f"user{n}", "192.0.2.1", 0.0) == 0 for n in range(50)]
    assert sum(free) == FREE["address"]
    assert delays.wait_s("user0", "192.0.2.2", 0.0) == 0, "another address is not held up"


def test_who_has_a_network_of_ipv6_is_one_client() -> None:
    delays, free = LoginDelays(), 0
    for n in range(500):
        free += delays.wait_s(f"user{n}", f"2001:db8:0:7:{n:x}::{n:x}", 0.0) == 0
    assert free == FREE["address"]
    assert delays.wait_s("vita", "2001:db8:0:8::1", 0.0) == 0, "the network beside is not held up"
    delays = LoginDelays()
    mixed = ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:ffff:192.0.2.1"]
    free = sum(delays.wait_s(f"user{n}", mixed[n % 4], 0.0) == 0 for n in range(40))
    assert free == FREE["address"]
    assert delays.wait_s("vita", "::ffff:192.0.2.2", 0.0) == 0
    for _ in range(20):
        delays.succeeded("vita", "::ffff:192.0.2.2")
        assert delays.wait_s("vita", "192.0.2.2", 0.0) == 0, "who gets in starts anew"


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_addresses_are_of_one_network_by_their_first_half(one: IPv6Address, low: int) -> None:
    assume(one.ipv4_mapped is None)
    other = IPv6Address(int(one) >> 64 << 64 | low)
    assume(other.ipv4_mapped is None)
    assert network_of(str(one)) == network_of(str(other)) == network_of(f"{other}%eth0")
    assert network_of(str(one)) != network_of(str(IPv6Address(int(one) ^ 1 << 64)))
    assert network_of(network_of(str(one))) == network_of(str(one))


def test_strangers_of_one_network_share_a_bucket(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(home)
    gate = next(row.kwargs["gate"] for row in app.user_middleware if "gate" in row.kwargs)
    monkeypatch.setattr(gate, "buckets", Buckets(0.001, 20.0))
    codes, with_tokens = [], []
    for n in range(30):
        client = TestClient(app, client=(f"2001:db8::{n:x}", 50_000))
        codes.append(client.get("/api/status").status_code)
    assert codes == [401] * 20 + [429] * 10
    for n in range(30):
        client = TestClient(app, client=(f"2001:db8:0:1::{n:x}", 50_000))
        headers = {"authorization": f"Bearer sargas_{n}"}
        with_tokens.append(client.get("/api/status", headers=headers).status_code)
    assert with_tokens == [401] * 10 + [429] * 20, "made-up secrets cost twice"


def test_strangers_hold_up_an_officer_for_seconds_at_most() -> None:
    delays, at_s = LoginDelays(), 0.0
    for n in range(500):
        delays.wait_s("vita", f"198.51.100.{n}", at_s)
        at_s += 1.0
    assert 0 < delays.wait_s("vita", "192.0.2.1", at_s) <= WAIT_MOST_S["name"]


def test_who_gets_in_starts_anew_and_what_is_old_is_forgotten() -> None:
    delays = LoginDelays()
    for _ in range(20):
        assert delays.wait_s("vita", "192.0.2.1", 0.0) == 0
        delays.succeeded("vita", "192.0.2.1")
    for _ in range(FREE["pair"]):
        delays.wait_s("vita", "192.0.2.1", 0.0)
    assert delays.wait_s("vita", "192.0.2.1", 0.0) > 0
    assert delays.wait_s("vita", "192.0.2.1", limits.FORGET_S + 1.0) == 0


def test_names_without_end_take_memory_with_an_end() -> None:
    delays, buckets = LoginDelays(), Buckets(1.0, 2.0)
    for n in range(MOST_KEYS * 2):
        delays.wait_s(f"n{n}", f"a{n}", 0.0)
        buckets.wait_s(n, 0.0)
    assert len(delays._failed) <= MOST_KEYS
    assert len(buckets._levels) <= MOST_KEYS


def test_the_service_makes_a_guesser_wait_even_with_the_right_word(client: TestClient) -> None:
    for _ in range(FREE["pair"]):
        assert log_in(client, "Officer", "wrong words").status_code == 401
    late = log_in(client, "Officer", WORDS)
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) >= 1
    assert "Too many attempts" in late.text
    assert "set-cookie" not in late.headers
    assert log_in(client, "OFFICER ", WORDS).status_code == 429, "another way to write the name"
    assert log_in(client, "Viewer", WORDS).status_code == 303, "others are not held up"
    until = time.monotonic() + 30
    while log_in(client, "Officer", WORDS).status_code != 303:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_passwords_are_worked_on_few_at_a_time(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes 64 MiB and a core; the others wait, and beyond some are sent away."""
    going, most, free = 0, 0, threading.Event()
    lock = threading.Lock()
    real = passwords.fits

    def slow(password: str, kept: str | None) -> bool:
        nonlocal going, most
        with lock:
            going += 1
            most = max(most, going)
        free.wait(60)
        with lock:
            going -= 1
        return real(password, kept)

    monkeypatch.setattr("sargas.store.access.fits", slow)
    monkeypatch.setattr(login, "WAITING_MOST", 5)
    codes: list[int] = []

    def attempt(n: int) -> None:
        codes.append(log_in(client, f"user{n}", "x").status_code)

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 30
    while codes.count(503) < 3:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert client.get("/login").status_code == 200, "the service answers meanwhile"
    free.set()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [401] * 5 + [503] * 3
    assert most <= passwords.AT_ONCE


# ---- requests ------------------------------------------------------------------------------------
@given(st.lists(st.floats(0, 2), max_size=60))
def test_a_bucket_gives_no_more_than_flows_in(steps: list[float]) -> None:
    buckets, at_s, taken = Buckets(3.0, 5.0), 0.0, 0
    for step in steps:
        at_s += step
        while buckets.wait_s("a", at_s) == 0:
            taken += 1
            assert taken <= 5.0 + 3.0 * at_s + 1e-6
        assert buckets.wait_s("a", at_s) <= 1 / 3.0 + 1e-9


def test_a_client_that_asks_without_end_is_told_to_wait_and_others_are_not(
    client: TestClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, calm = bearer(home, "viewer"), bearer(home, "officer")
    slow = Buckets(0.001, 20.0)
    gate = next(row.kwargs["gate"] for row in client.app.user_middleware if "gate" in row.kwargs)  # type: ignore[attr-defined]
    monkeypatch.setattr(gate, "buckets", slow)
    codes = [client.get("/api/watches", headers=busy).status_code for _ in range(30)]
    assert codes == [200] * 20 + [429] * 10
    refused = client.get("/api/watches", headers=busy)
    assert int(refused.headers["retry-after"]) > 0
    assert refused.json().keys() == {"error", "hint"}
    assert client.get("/api/watches", headers=calm).status_code == 200
    # A command counts for more, a file of evidence for most.
    assert client.post("/api/undo", json={}, headers=calm).status_code == 400
    codes = [client.post("/api/undo", json={}, headers=calm).status_code for _ in range(4)]
    assert codes == [400, 400, 429, 429]
    # Strangers have a bucket an address, from which two tokens were looked up: they cannot empty
    # anybody else's.
    assert [client.get("/api/status").status_code for _ in range(19)] == [401] * 18 + [429]


def test_made_up_secrets_are_not_looked_up_without_end(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = next(row.kwargs["gate"] for row in client.app.user_middleware if "gate" in row.kwargs)  # type: ignore[attr-defined]
    monkeypatch.setattr(gate, "buckets", Buckets(0.001, 20.0))
    asked: list[str] = []
    real = gate.access.token
    monkeypatch.setattr(gate.access, "token", lambda *a: asked.append(a[0]) or real(*a))
    codes = [
        client.get("/api/status", headers={"authorization": f"Bearer sargas_{n}"}).status_code
        for n in range(40)
    ]
    assert codes == [401] * 10 + [429] * 30, "the look-up and the answer count for one each"
    assert len(asked) == 10


def test_a_screen_that_talks_without_end_is_cut_off(client: TestClient, home: Home) -> None:
    headers = bearer(home, "viewer")
    with client.websocket_connect("/ws", headers=headers) as socket:
        for _ in range(int(limits.WORDS_BURST) * 3):
            socket.send_text("{}")
        while (told := socket.receive())["type"] != "websocket.close":
            pass
    assert told["code"] == 1008


def test_a_user_has_so_many_sockets(
    client: TestClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sargas.web.gate.SOCKETS_MOST", 2)
    mine, other = bearer(home, "viewer"), bearer(home, "officer")
    connect = client.websocket_connect
    with connect("/ws", headers=mine), connect("/ws", headers=mine):
        with pytest.raises(WebSocketDisconnect), connect("/ws", headers=mine):
            pass
        with connect("/ws", headers=other) as socket:
            assert socket.receive_json()["kind"] == "hello"
    until = time.monotonic() + 20
    while True:  # one that has left makes room
        try:
            with connect("/ws", headers=mine) as socket:
                assert socket.receive_json()["kind"] == "hello"
            break
        except WebSocketDisconnect:
            assert time.monotonic() < until


def test_a_command_that_never_ends_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a body, then nothing: over a real socket."""
    import socket

    from sargas.web.service import bind, serve

    from .guarded import app_of

    monkeypatch.setattr(commands, "BODY_S", 0.3)
    app, ended = app_of(make_home(tmp_path / "open", users=False)), threading.Event()
    sock = bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    app.user_middleware[1].kwargs["hosts"] = frozenset({"127.0.0.1"})
    thread = threading.Thread(target=serve, args=(app, sock), kwargs={"until": ended.is_set})
    thread.start()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            line.sendall(
                b"POST /api/undo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
            )
            answer = b""
            while b"did not come to its end" not in answer:  # head and body may come apart
                part = line.recv(65536)
                assert part, answer
                answer += part
        assert answer.startswith(b"HTTP/1.1 400")
    finally:
        ended.set()
        thread.join(60)
