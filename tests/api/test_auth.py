"""Who is let in, to what, and as whom: every path, every role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from sargas.model.roles import ADMIN, OFFICER, ROLES, SUPERVISOR, VIEWER, may
from sargas.store import AuditLog, Home
from sargas.store.access import Access
from sargas.web import gate
from sargas.web.roles import PATHS, PUBLIC, needed_for

from .guarded import (
    ALERTS,
    BY,
    END,
    NAMES,
    WORDS,
    app_of,
    bearer,
    log_in,
    make_home,
    of_group,
    served,
)

SQUARE = [[[20, 58], [21, 58], [21, 59], [20, 58]]]
IDS = [alert.id for alert in ALERTS]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that the tests only read, or whose users they leave as they are."""
    return make_home(tmp_path_factory.mktemp("kept") / "home")


@pytest.fixture(scope="module")
def tokens(kept: Home) -> dict[str, dict[str, str]]:
    return {role: bearer(kept, role) for role in ROLES}


@pytest.fixture(scope="module")
def reader(kept: Home) -> Iterator[TestClient]:
    with served(kept) as client:
        yield client


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    with served(home) as client:
        yield client


def filled(path: str) -> str:
    """A path with something in its places."""
    return re.sub(r"\{[^}]*\}", lambda m: "219000001" if ":int" in m[0] else "x", path)


# ---- the table -----------------------------------------------------------------------------------
def test_every_route_stands_in_the_table_and_no_other(tmp_path: Path) -> None:
    def gather(alert_id: str, as_of_ms: int | None) -> Any:
        raise AssertionError

    found = set()
    for route in app_of(make_home(tmp_path / "home", users=False), gather).routes:
        if isinstance(route, Route):
            found |= {f"{m} {route.path}" for m in route.methods or () if m != "HEAD"}
        elif isinstance(route, Mount):
            found.add(f"GET {route.path}")
        else:
            assert isinstance(route, WebSocketRoute)
            found.add(f"WS {route.path}")
    assert found == set(PATHS)


def test_what_is_for_everybody_is_little() -> None:
    public = {row for row, role in PATHS.items() if role == PUBLIC}
    assert public == {
        "GET /login", "POST /login", "GET /login.css", "GET /static", "GET /healthz",
        "GET /api/partners/bundle", "POST /api/partners/bundle",  # signed with a partner's key
    }  # fmt: skip


@pytest.mark.parametrize("row", [row for row in PATHS if not row.startswith("WS")])
def test_every_path_asks_for_its_role(
    reader: TestClient, tokens: dict[str, dict[str, str]], row: str
) -> None:
    method, path = row.split(" ")
    needed, path = PATHS[row], filled(path)
    stranger = reader.request(method, path)
    if needed == PUBLIC:
        assert stranger.status_code != 403
        return
    assert stranger.status_code in (401, 303)
    if stranger.status_code == 303:
        assert stranger.headers["location"].startswith("/login?next=")
    else:
        assert stranger.json().keys() == {"error", "hint"}
        assert stranger.headers["www-authenticate"] == "Bearer"
    for role in ROLES:
        answer = reader.request(method, path, headers=tokens[role])
        if may(role, needed):
            assert answer.status_code not in (401, 403, 500), answer.text
        else:
            assert answer.status_code == 403
            assert needed in answer.json()["error"]
            assert role in answer.json()["hint"]
        if method == "GET":
            head = reader.request("HEAD", path, headers=tokens[role])
            assert (head.status_code == 403) == (answer.status_code == 403)


OF_GROUPS = {
    "GET /ogc", "GET /ogc/api", "GET /ogc/conformance", "GET /ogc/collections",
    "GET /ogc/collections/{collection}", "GET /ogc/collections/{collection}/items",
    "GET /ogc/collections/{collection}/items/{item}",
}  # fmt: skip


@pytest.fixture(scope="module")
def bound(kept: Home) -> dict[str, str]:
    """The header of an admin's token that is bound to a release group."""
    return of_group(kept, "nato", "Admin")


@pytest.mark.parametrize("row", [row for row in PATHS if not row.startswith("WS")])
def test_a_token_of_a_group_is_for_ogc_alone(
    reader: TestClient, bound: dict[str, str], row: str
) -> None:
    method, path = row.split(" ")
    methods = [method, "HEAD"] if method == "GET" else [method]
    for one in methods:
        answer = reader.request(one, filled(path), headers=bound)
        if row in OF_GROUPS:
            assert answer.status_code == (404 if "{" in path else 200), "no collection is called x"
        else:
            assert answer.status_code == 403, answer.text
    if row not in OF_GROUPS:
        told = reader.request(method, filled(path), headers=bound).json()
        assert "for /ogc alone" in told["error"]


@pytest.mark.parametrize("path", ["/nothing", "/ogc/", "/ogc/nothing", "/ogcx", "/static/index.js"])
def test_a_token_of_a_group_is_for_no_path_that_is_none(
    reader: TestClient, bound: dict[str, str], path: str
) -> None:
    assert reader.get(path, headers=bound).status_code == 403
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert reader.request(method, "/ogc", headers=bound).status_code == 403


def test_a_token_of_a_group_listens_to_nothing(reader: TestClient, bound: dict[str, str]) -> None:
    assert "WS /ws" in PATHS
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        reader.websocket_connect("/ws", headers=bound),
    ):
        pass
    assert caught.value.status_code == 403


@pytest.mark.parametrize("path", ["/nothing", "/api/users/", "/api//users", "/x/../static/x"])
def test_what_is_no_path_needs_a_login_too(reader: TestClient, path: str) -> None:
    assert reader.get(path.replace("..", "%2e%2e")).status_code == 401


@pytest.mark.parametrize("path", ["/static/%2e%2e/api/status", "/static/..%2f..%2fapi.py"])
def test_from_below_the_static_files_leads_no_way_out(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code in (401, 404)


def test_a_strange_method_gets_nowhere(
    reader: TestClient, tokens: dict[str, dict[str, str]]
) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "QUERY"):
        assert reader.request(method, "/api/users").status_code == 401
        assert reader.request(method, "/api/users", headers=tokens[ADMIN]).status_code == 405


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp4", "bearer sargas_"])
def test_what_is_no_token_lets_nobody_in(reader: TestClient, header: str) -> None:
    assert reader.get("/api/status", headers={"authorization": header}).status_code == 401


def test_a_secret_in_the_address_lets_nobody_in(
    reader: TestClient, tokens: dict[str, dict[str, str]]
) -> None:
    secret = tokens[ADMIN]["authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "session", "key"):
        assert reader.get(f"/api/status?{name}={secret}").status_code == 401


def test_the_status_says_who_asks(reader: TestClient, tokens: dict[str, dict[str, str]]) -> None:
    told = reader.get("/api/status", headers=tokens[OFFICER]).json()["user"]
    assert told == {"name": "Officer", "role": "officer", "session_left_ms": None}
    with reader.websocket_connect("/ws", headers=tokens[VIEWER]) as socket:
        told = socket.receive_json()["status"]["user"]
        assert told == {"name": "Viewer", "role": "viewer", "session_left_ms": None}


# ---- logging in ----------------------------------------------------------------------------------
def test_a_screen_is_sent_to_the_login_and_back(client: TestClient, home: Home) -> None:
    sent = client.get("/alert/0a?view=1")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/login?next=/alert/0a%3Fview%3D1"
    page = client.get(sent.headers["location"])
    assert page.status_code == 200
    assert 'name="next" value="/alert/0a?view=1"' in page.text
    done = log_in(client, "officer", next="/alert/0a?view=1")
    assert (done.status_code, done.headers["location"]) == (303, "/alert/0a?view=1")
    assert client.get("/api/status").json()["user"]["name"] == "Officer"
    assert client.get("/").status_code == 200
    assert "Logged in as" in client.get("/login").text
    out = client.post("/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert client.get("/api/status").status_code == 401
    with AuditLog(home) as log:
        in_, out_ = log.lines(verbs=("login", "logout"))[-2:]
    assert [(a.verb, a.officer, a.t_ms) for a in (in_, out_)] == [
        ("login", "Officer", END), ("logout", "Officer", END),
    ]  # fmt: skip


def test_a_link_from_elsewhere_shows_the_page_and_no_data(client: TestClient) -> None:
    """The cookie is strict: a browser leaves it out there, though it has one."""
    page = client.get("/alert/0a", headers={"sec-fetch-site": "cross-site"})
    assert page.status_code == 200
    assert 'id="screen"' in page.text
    got = client.get("/api/alerts", headers={"sec-fetch-site": "cross-site"})
    assert got.status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_pages(home: Home) -> None:
    for base, name, is_secure in (
        ("http://testserver", "sargas-80", False),
        ("https://testserver", "__Host-sargas-443", True),
    ):
        with served(home, base) as client:
            given = log_in(client, "Viewer").headers["set-cookie"]
            assert given.startswith(f"{name}=")
            said = {part.strip().lower() for part in given.split(";")}
            assert {"httponly", "samesite=strict", "path=/"} <= said
            assert ("secure" in said) == is_secure
            assert not any(part.startswith("domain") for part in said)
            assert client.get("/api/status").status_code == 200


def test_each_login_is_a_session_of_its_own(client: TestClient) -> None:
    client.cookies.set("sargas-80", "planted-by-another-page")
    first, second = (
        log_in(client, name).headers["set-cookie"].partition(";")[0].partition("=")[2]
        for name in ("Viewer", "Officer")
    )
    assert len({first, second, "planted-by-another-page"}) == 3
    client.cookies.clear()
    client.cookies.set("sargas-80", second)
    assert client.get("/api/status").status_code == 200
    client.cookies.clear()
    client.cookies.set("sargas-80", first)
    assert client.get("/api/status").status_code == 401, "the one before has ended"


def test_whatever_is_wrong_the_answer_is_the_same(client: TestClient, home: Home) -> None:
    with Access(home) as access:
        access.set_disabled("Viewer", BY, is_disabled=True)
    answers = [
        log_in(client, name, password)
        for name, password in (("Nobody", WORDS), ("Officer", "x"), ("Viewer", WORDS))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({re.sub(r'name="name" value="[^"]*"', "", a.text) for a in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_nothing_secret_is_printed_or_told(
    client: TestClient, home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    failed = log_in(client, "my secret phrase", "another secret phrase")
    assert "another secret phrase" not in failed.text
    done = log_in(client, "Officer")
    cookie = client.cookies["sargas-80"]
    client.get("/api/log")
    with AuditLog(home) as log:
        kept = str([line.to_dict() for line in log.lines()])
    out, err = capfd.readouterr()
    assert "a login from testclient was refused" in err
    for secret in ("secret phrase", WORDS, cookie):
        assert secret not in out + err + kept
        assert secret not in str(done.headers.get("location"))


@pytest.mark.parametrize(
    "asked",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "/api/log", "/login", "/\t/x",
     "javascript:alert(1)", "", "/alert/a\r\nset-cookie: x=y", "/alert/é"],
)  # fmt: skip
def test_the_login_leads_to_our_own_pages_alone(client: TestClient, asked: str) -> None:
    assert log_in(client, "Viewer", next=asked).headers["location"] == "/"


def test_the_page_is_text_without_script_in_the_browsers_language(client: TestClient) -> None:
    hostile = '"><script>alert(1)</script>'
    for language, word in (
        ("lt-LT,lt;q=0.9,en;q=0.8", "Prisijungti"), ("en", "Log in"), ("de", "Log in"),
        ("fr, lt;q=0.5", "Prisijungti"), (";;,,", "Log in"),
    ):  # fmt: skip
        answer = client.post(
            "/login", data={"name": hostile, "password": "x", "next": f"/alert/{hostile}"},
            headers={"accept-language": language},
        )  # fmt: skip
        assert word in answer.text
        assert "<script" not in answer.text
        assert "style=" not in answer.text
        assert " on" not in re.sub(r"<p.*?</p>", "", answer.text, flags=re.DOTALL)
        policy = answer.headers["content-security-policy"]
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
    with Access(app_home(client)) as access:
        access.add("<b>Ona</b>", WORDS, "viewer", BY)
    assert log_in(client, "<b>Ona</b>").status_code == 303
    assert "&lt;b&gt;Ona&lt;/b&gt;" in client.get("/login").text


def app_home(client: TestClient) -> Home:
    """The home under the service of a client."""
    for row in client.app.user_middleware:  # type: ignore[attr-defined]
        if "gate" in row.kwargs:
            return Home(Path(row.kwargs["gate"].access._engine.url.database).parent, create=False)
    raise AssertionError


@pytest.mark.parametrize(
    "body", [b"", b"%%%", b"\xff\xfe", b"name=" + b"x" * 9000, b"&" * 3000, b"name=a&password"]
)
def test_what_is_no_form_is_refused_as_a_wrong_password(client: TestClient, body: bytes) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=body, headers=kind).status_code == 401


# ---- other pages ---------------------------------------------------------------------------------
def test_with_a_session_a_change_must_come_from_our_own_page(client: TestClient) -> None:
    log_in(client, "Officer")
    own = client.headers.pop("origin")
    for origin in (None, "https://evil.example", "null", "http://testserver.evil.example"):
        headers = {} if origin is None else {"origin": origin}
        for path in ("/api/watches", "/api/acts", "/api/undo", "/api/zones", "/api/playback",
                     "/logout"):  # fmt: skip
            answer = client.post(path, json={"action": "start"}, headers=headers)
            assert answer.status_code == 403, (path, origin)
            assert "another page" in answer.json()["error"]
        with (
            pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)),
            client.websocket_connect("/ws", headers=headers),
        ):
            pass
    answer = client.post("/api/watches", json={"action": "start"}, headers={"origin": own})
    assert answer.status_code == 200
    with client.websocket_connect("/ws", headers={"origin": own}) as socket:
        assert socket.receive_json()["kind"] == "hello"


def test_nobody_is_logged_in_by_another_page(client: TestClient) -> None:
    for origin in ("https://evil.example", "null"):
        answer = client.post(
            "/login", data={"name": "Viewer", "password": WORDS}, headers={"origin": origin}
        )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


# ---- as whom -------------------------------------------------------------------------------------
def test_an_act_is_its_users_whatever_is_typed(client: TestClient, home: Home) -> None:
    log_in(client, "Officer")
    seen = [{"id": IDS[0], "version": 1, "last_seq": 0}]
    for path, command in (
        ("/api/watches", {"action": "start", "officer": "Supervisor"}),
        ("/api/acts", {"verb": "claim", "officer": "Somebody", "alerts": seen}),
        ("/api/undo", {"batch": 1, "officer": "Admin"}),
        ("/api/zones", {"action": "draw", "reason": "x", "officer": "officer"}),
    ):
        answer = client.post(path, json=command)
        assert answer.status_code == 403, path
        assert "You are Officer" in answer.json()["error"]
    assert client.post("/api/watches", json={"action": "start"}).json()["officer"] == "Officer"
    done = client.post("/api/acts", json={"verb": "claim", "officer": "Officer", "alerts": seen})
    assert done.json()["acts"][0]["officer"] == "Officer"
    with AuditLog(home) as log:
        acts = [line for line in log.lines() if line.alert or line.verb == "start_watch"]
    assert {line.officer for line in acts} == {"Officer"}


def test_who_looks_is_the_user(client: TestClient) -> None:
    log_in(client, "Officer")
    with client.websocket_connect("/ws") as socket:
        socket.send_json({"kind": "looking", "officer": "Admin", "alert": IDS[0]})
        while (told := socket.receive()).get("text") is None or "looking" not in told["text"]:
            pass
    assert '"officer": "Officer"' in told["text"]
    assert "Admin" not in told["text"]


def test_a_zone_that_weighs_is_a_supervisors(client: TestClient, home: Home) -> None:
    zone = {"action": "draw", "reason": "Works", "name": "Bay",
            "geometry": {"type": "Polygon", "coordinates": SQUARE}}  # fmt: skip
    with AuditLog(home) as log:
        for name in ("Officer", "Supervisor"):
            log.start_watch(name, t_ms=0, at_ms=0)
    log_in(client, "Officer")
    for effect in ("raise", "mute", "downgrade"):
        more = {"effect": effect, "kind": "anchorage", "valid_until_ms": 2_000_000_000_000}
        refused = client.post("/api/zones", json=zone | more)
        assert refused.status_code == 403, refused.text
        assert "supervisor" in refused.json()["error"]
    assert client.post("/api/zones", json=zone).status_code == 200
    log_in(client, "Supervisor")
    drawn = client.post("/api/zones", json=zone | {"effect": "raise"}).json()
    log_in(client, "Officer")
    for change in ({"action": "change", "name": "B", "reason": "x"},
                   {"action": "expire", "reason": "x"}):  # fmt: skip
        answer = client.post("/api/zones", json=change | {"id": drawn["id"], "version": 1})
        assert answer.status_code == 403, "what it weighed until now is the supervisor's too"
    assert client.post("/api/suspensions", json={"action": "end"}).status_code == 403


def test_the_clock_that_all_follow_is_an_officers(client: TestClient) -> None:
    seek = {"action": "seek", "t_ms": END - 60_000}
    log_in(client, "Viewer")
    before = client.get("/api/status").json()["clock"]
    refused = client.post("/api/playback", json=seek)
    assert (refused.status_code, refused.json()["needs"]) == (403, "officer")
    assert client.get("/api/status").json()["clock"] == before
    log_in(client, "Officer")
    assert client.post("/api/playback", json=seek).json()["t_ms"] == seek["t_ms"]


# ---- what ends it --------------------------------------------------------------------------------
def soon(holds: Callable[[], bool], within_s: float = 20.0) -> bool:
    """Wait until something holds."""
    import time

    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def code_of(socket: Any) -> int:
    """The code with which a socket is closed, after whatever is still told."""
    while (told := socket.receive())["type"] != "websocket.close":
        pass
    return told["code"]


@pytest.mark.parametrize("how", ["disable", "role", "password"])
def test_what_is_done_at_the_command_line_counts_at_once(
    client: TestClient, home: Home, how: str
) -> None:
    log_in(client, "Officer")
    assert client.get("/api/status").status_code == 200
    with client.websocket_connect("/ws") as socket, Access(home) as access:
        assert socket.receive_json()["kind"] == "hello"
        if how == "disable":
            access.set_disabled("Officer", BY, is_disabled=True)
        elif how == "role":
            access.set_role("Officer", VIEWER, BY)
        else:
            access.set_password("Officer", "anchors hold in clay", BY)
        assert soon(lambda: client.get("/api/status").status_code == 401)
        assert code_of(socket) == gate.ENDED


def test_a_revoked_token_is_taken_no_more(client: TestClient, home: Home) -> None:
    headers = bearer(home, OFFICER)
    assert client.get("/api/status", headers=headers).status_code == 200
    with Access(home) as access:
        access.revoke_token(access.tokens()[0].id, BY)
    assert soon(lambda: client.get("/api/status", headers=headers).status_code == 401)


def test_tokens_end_with_the_password_and_the_leave_of_their_user(
    client: TestClient, home: Home
) -> None:
    def status(token: dict[str, str]) -> int:
        return client.get("/api/status", headers=token).status_code

    log_in(client, "Admin")
    for said, ends in (
        ({"action": "password", "password": "anchors hold in clay", "keep_tokens": True}, False),
        ({"action": "password", "password": "anchors drag in clay"}, True),
        ({"action": "disable"}, True),
        ({"action": "enable"}, True),
    ):
        if said["action"] != "enable":
            token = bearer(home, OFFICER)
            assert status(token) == 200
        done = client.post("/api/users", json={"name": "Officer", **said})
        assert done.is_success, done.text
        with Access(home) as access:
            assert ("Officer" not in {one.user for one in access.tokens()}) == ends
        assert (
            soon(partial(lambda one: status(one) == 401, token)) if ends else status(token) == 200
        )


def test_the_first_user_closes_a_service_that_runs(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", users=False)
    with served(home) as client:
        assert client.get("/api/status").json()["user"] is None
        assert client.get("/login").headers["location"] == "/"
        assert log_in(client, "x").headers["location"] == "/"
        assert client.post("/api/users", json={"action": "add", "name": "x"}).status_code == 409
        with client.websocket_connect("/ws") as socket:
            assert socket.receive_json()["kind"] == "hello"
            with Access(home) as access:
                access.add("Vita", WORDS, ADMIN, BY)
            assert soon(lambda: client.get("/api/status").status_code == 401)
            assert code_of(socket) == gate.ENDED
        with Access(home) as access:
            access.add("Ona", WORDS, ADMIN, BY)
            access.set_disabled("Vita", BY, is_disabled=True)
        assert client.get("/api/status").status_code == 401, "disabled users open nothing again"
        assert log_in(client, "Ona").status_code == 303


# ---- users ---------------------------------------------------------------------------------------
def test_an_admin_manages_users_at_the_service(client: TestClient, home: Home) -> None:
    log_in(client, "Admin")

    def post(**said: str) -> Any:
        return client.post("/api/users", json=said)

    added = post(action="add", name="Ona", role=SUPERVISOR, password=WORDS)
    assert added.json()["role"] == SUPERVISOR
    assert post(action="role", name="ona", role=VIEWER).json()["role"] == VIEWER
    assert post(action="password", name="Ona", password="anchors hold in clay").is_success
    assert post(action="disable", name="Ona").json()["disabled"] is True
    assert post(action="enable", name="Ona").json()["disabled"] is False
    users = client.get("/api/users").json()["users"]
    assert {user["name"] for user in users} == {*NAMES.values(), "Ona"}
    assert not any("password" in user or "argon2" in str(user) for user in users)
    for said, status in (
        ({"action": "add", "name": "ONA", "role": VIEWER, "password": WORDS}, 400),
        ({"action": "add", "name": "Rasa", "role": "root", "password": WORDS}, 400),
        ({"action": "add", "name": "Rasa", "role": VIEWER, "password": "short"}, 400),
        ({"action": "role", "name": "Admin", "role": VIEWER}, 400),
        ({"action": "disable", "name": "Nobody"}, 404),
        ({"action": "remove", "name": "Ona"}, 400),
    ):
        answer = post(**said)
        assert answer.status_code == status, answer.text
        assert WORDS not in answer.text
    with AuditLog(home) as log:
        lines = [line for line in log.lines() if line.detail.get("user") == "Ona"]
    assert {line.officer for line in lines} == {"Admin"}
    assert WORDS not in str(lines)


def test_needed_for_knows_a_socket_and_what_lies_below_a_mount() -> None:
    assert needed_for({"type": "websocket", "path": "/ws"}).role == VIEWER
    for path, role in (("/static/a/b.js", PUBLIC), ("/staticx", VIEWER), ("/static", PUBLIC)):
        assert needed_for({"type": "http", "method": "GET", "path": path}).role == role
    post = {"type": "http", "method": "POST", "path": "/static/x"}
    assert needed_for(post).role == VIEWER
