"""The service towards partners: who is taken for one, and what is shown of what came."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sargas.share.partner.bundle import BYTES_MOST
from sargas.share.partner.identity import Identity, make_identity
from sargas.share.partner.request import PATH, SKEW_MS, signed
from sargas.store import AuditLog, Home
from sargas.store.partners import Partners
from sargas.store.users import By
from tests.share import partners as two
from tests.share.conftest import alert

from .guarded import ALERTS, app_of, bearer, make_home

BY = By("V.P.", 0, 0)


@pytest.fixture
def users() -> bool:
    """A test that names it gets a home with users, for whom a login is needed."""
    return True


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    made = make_home(tmp_path / "home", users="users" in request.fixturenames)
    make_identity(made.path, "Klaipeda")
    with Partners(made) as partners:
        partners.add(two.peer_of(two.THEIRS), BY)
        partners.trust("riga", BY)
    return made


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    with TestClient(app_of(home)) as opened:
        yield opened


def us(home: Home) -> Identity:
    return make_identity(home.path, "Klaipeda")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def get(
    client: TestClient, home: Home, *, by: Identity = two.THEIRS, at_ms: int | None = None,
    query: str = "?after=0", to: str = "", asked: str = "", **change: str,
) -> Any:  # fmt: skip
    headers = signed(by, to or us(home).instance, "GET", PATH + query, b"", at_ms or now_ms())
    return client.get(PATH + (asked or query), headers=headers | change)


def post(client: TestClient, home: Home, body: bytes, *, sent: bytes | None = None) -> Any:
    headers = signed(two.THEIRS, us(home).instance, "POST", PATH, body, now_ms())
    return client.post(PATH, content=body if sent is None else sent, headers=headers)


def bundle(home: Home, *alerts: Any, **changes: Any) -> bytes:
    return two.bundle(*alerts, recipient=us(home).instance, created="2026-11-01T00:00:00Z",
                      **changes)  # fmt: skip


def test_a_partner_is_known_by_its_signature_alone(
    client: TestClient, home: Home, users: bool
) -> None:
    assert get(client, home).status_code == 204
    for wrong in (
        client.get(PATH + "?after=0"),
        client.get(PATH + "?after=0", headers=bearer(home, "admin")),
        get(client, home, by=two.STRANGER),
        get(client, home, to=two.STRANGER.instance),  # signed for somebody else
        get(client, home, asked="?after=1"),  # signed for something else
        get(client, home, **{"x-sargas-instance": two.STRANGER.instance}),
        get(client, home, **{"x-sargas-time": str(now_ms() + 7_000)}),
        get(client, home, **{"x-sargas-nonce": "0" * 32}),
        get(client, home, **{"x-sargas-digest": "0" * 64}),
        get(client, home, **{"x-sargas-signature": "0" * 128}),
        get(client, home, **{"x-sargas-signature": "x"}),
    ):
        assert wrong.status_code == 403, wrong.text
        assert wrong.json().keys() == {"error", "hint"}


def test_a_request_is_good_once_and_for_some_minutes(client: TestClient, home: Home) -> None:
    headers = signed(two.THEIRS, us(home).instance, "GET", PATH + "?after=0", b"", now_ms())
    assert client.get(PATH + "?after=0", headers=headers).status_code == 204
    again = client.get(PATH + "?after=0", headers=headers)
    assert (again.status_code, again.json()["error"]) == (403, "The request was taken before.")
    with TestClient(app_of(home)) as restarted:  # also by a service that has just begun
        assert restarted.get(PATH + "?after=0", headers=headers).status_code == 403
    for skew_ms, status in ((SKEW_MS // 2, 204), (-SKEW_MS // 2, 204), (SKEW_MS * 2, 403),
                            (-SKEW_MS * 2, 403)):  # fmt: skip
        assert get(client, home, at_ms=now_ms() + skew_ms).status_code == status


def test_who_is_no_longer_trusted_gets_nothing(client: TestClient, home: Home) -> None:
    with Partners(home) as partners:
        partners.remove("riga", BY)
        assert get(client, home).status_code == 403
        partners.add(two.peer_of(two.THEIRS, is_trusted=False), BY)
        assert get(client, home).status_code == 403
        partners.trust("riga", BY)
        assert get(client, home).status_code == 204


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "9" * 30, "9" * 5000, "٣", ""])
def test_a_number_that_is_none_is_refused(client: TestClient, home: Home, after: str) -> None:
    from urllib.parse import quote

    assert get(client, home, query=f"?after={quote(after)}").status_code == 400


def test_an_instance_without_a_key_has_no_exchange(tmp_path: Path) -> None:
    with TestClient(app_of(make_home(tmp_path / "home", users=False))) as client:
        assert client.get(PATH).status_code == 404
        assert client.post(PATH, content=b"x").status_code == 404


def test_a_bundle_is_taken_and_shown_apart(client: TestClient, home: Home, users: bool) -> None:
    own = ALERTS[0].id
    answer = post(client, home, bundle(home, alert(id=own), alert(id="b" * 24, exercise="drill")))
    assert (answer.status_code, answer.json()["added"], answer.json()["held"]) == (200, 2, 1)
    reads = bearer(home, "viewer")
    listed = client.get("/api/alerts", headers=reads).json()["alerts"]
    assert {a["id"] for a in listed} == {a.id for a in ALERTS}
    assert not any("origin" in a for a in listed)
    for word in ("riga", two.THEIRS.instance, "partners"):
        theirs = client.get(f"/api/alerts?origin={word}", headers=reads).json()["alerts"]
        assert {(a["id"], a["exercise"]) for a in theirs} == {(own, None), ("b" * 24, "drill")}
        assert {a["origin"]["peer"] for a in theirs} == {"riga"}
        assert not any("why" in a for a in theirs)
    both = client.get("/api/alerts?origin=all&whole=1", headers=reads).json()["alerts"]
    assert len(both) == 4
    assert [a["t_detected"] for a in both] == sorted((a["t_detected"] for a in both), reverse=True)
    one = client.get(f"/api/alerts/{own}?origin=riga", headers=reads).json()
    assert (one["origin"]["instance"], len(one["versions"])) == (two.THEIRS.instance, 1)
    assert "origin" not in client.get(f"/api/alerts/{own}", headers=reads).json()
    for path in ("/api/alerts?origin=tallinn", f"/api/alerts/{'e' * 24}?origin=riga",
                 f"/api/alerts/{'b' * 24}"):  # fmt: skip
        assert client.get(path, headers=reads).status_code == 404
    assert client.get("/api/alerts?origin=riga").status_code == 401


def test_nobody_acts_on_what_a_partner_sent(client: TestClient, home: Home, users: bool) -> None:
    post(client, home, bundle(home, alert(id="b" * 24)))
    acts = bearer(home, "officer")
    started = client.post("/api/watches", json={"action": "start", "officer": "Officer"},
                          headers=acts)  # fmt: skip
    assert started.status_code == 200, started.text
    for verb, more in (("acknowledge", {}), ("release_to", {"group": "nato"}),
                       ("dismiss", {"reason": "permitted"})):  # fmt: skip
        command = {"verb": verb, "officer": "Officer", **more,
                   "alerts": [{"id": "b" * 24, "version": 1, "last_seq": 0}]}  # fmt: skip
        answer = client.post("/api/acts", json=command, headers=acts)
        assert answer.status_code == 404, answer.text


def test_what_is_no_bundle_is_refused_and_leaves_nothing(client: TestClient, home: Home) -> None:
    whole = bundle(home, alert(id="b" * 24))
    assert post(client, home, whole[:-1]).status_code == 422
    assert post(client, home, b"").status_code == 422
    assert post(client, home, whole, sent=whole[:-1]).status_code == 403  # changed on its way
    assert post(client, home, b"", sent=whole).status_code == 403
    assert post(client, home, bytes(BYTES_MOST + 1)).status_code == 413
    with Partners(home) as partners:  # a partner brings its own alone, be they of a partner or not
        partners.add(two.peer_of(two.STRANGER, "tallinn", is_trusted=False), BY)
        partners.trust("tallinn", BY)
        assert post(client, home, bundle(home, alert(), by=two.STRANGER)).status_code == 422
        assert partners.count() == 0
    assert post(client, home, whole).json()["added"] == 1


def test_an_old_one_is_answered_with_what_is_held(client: TestClient, home: Home) -> None:
    first = bundle(home, alert(id="b" * 24))
    assert post(client, home, first).status_code == 200
    assert post(client, home, first).json()["already"]
    its_hash = hashlib.sha256(first).hexdigest()
    third = bundle(home, alert(id="d" * 24), sequence=3, previous=1, previous_hash=its_hash)
    assert post(client, home, third).json()["held"] == 3
    second = post(client, home, bundle(home, alert(id="c" * 24), sequence=2))
    assert (second.status_code, second.json()["held"]) == (409, 3)
    with AuditLog(home) as log:
        received = [act for act in log.lines() if act.verb == "receive"]
        assert [act.detail["sequence"] for act in received] == [1, 3]
        assert {act.officer for act in received} == {"partner riga"}
        assert log.verify().broken_at is None


def test_who_the_partners_are_and_what_of_theirs_is_open(
    client: TestClient, home: Home, users: bool
) -> None:
    reads = bearer(home, "viewer")

    def asked() -> Any:
        answer = client.get("/api/partners", headers=reads)
        assert answer.status_code == 200
        return answer.json()["partners"]

    assert client.get("/api/partners").status_code == 401
    (riga,) = asked()
    nothing = {"P1": 0, "P2": 0, "P3": 0}
    assert riga == {"instance": two.THEIRS.instance, "peer": "riga", "name": None, "trusted": True,
                    "alerts": 0, "open": nothing, "received": None}  # fmt: skip
    first, over = alert(id="b" * 24, priority="P1"), alert(id="c" * 24)
    closed = alert(id="c" * 24, version=2, state="closed", t_issued_ms=over.t_issued_ms + 60_000)
    post(client, home, bundle(home, first, (over, closed), alert(id="d" * 24, exercise="drill")))
    (riga,) = asked()
    assert (riga["alerts"], riga["open"]) == (3, nothing | {"P1": 1, "P2": 1})
    assert (riga["name"], riga["received"] is None) == ("Riga", False)
    with Partners(home) as partners:
        partners.remove("riga", BY)
    deadline = time.monotonic() + 30  # an answer may be a second old
    while asked()[0]["peer"] is not None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (gone,) = asked()  # what was imported stays
    assert (gone["peer"], gone["trusted"], gone["alerts"]) == (None, False, 3)


def test_screens_are_told_when_something_came(client: TestClient, home: Home) -> None:
    """By the exchange or at the command line: both are lines of the log."""
    with client.websocket_connect("/ws") as socket:

        def told() -> bool:
            for _ in range(100):
                message = socket.receive()
                if '"kind": "partners"' in (message.get("text") or ""):
                    return True
            return False

        assert post(client, home, bundle(home, alert(id="b" * 24))).status_code == 200
        assert told()
        (one,) = client.get("/api/alerts?origin=partners").json()["alerts"]
        assert one["id"] == "b" * 24
        with Partners(home) as partners:
            partners.remove("riga", BY)
        assert told()
