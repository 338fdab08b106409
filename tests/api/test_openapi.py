"""The description at /api: of every path, true of what is answered, and asked at random."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from sargas.model.fixes import Fixes
from sargas.store import AuditLog, Home, ShardWriter
from sargas.web import limits
from sargas.web.openapi import OPERATIONS, document
from sargas.web.service import bind, hosts, serve
from tests.store.rows import T0_MS

from .conftest import Service
from .guarded import ALERTS, END, NAMES, app_of, bearer, make_home

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance,
          response_schema_conformance]  # fmt: skip
MMSI = ALERTS[0].subject.mmsi
EXAMPLES = 15
"""Requests an operation and test: some seconds of CI each."""


def test_every_route_is_described_and_nothing_else(tmp_path: Path) -> None:
    def gather(alert_id: str, as_of_ms: int | None) -> Any:
        raise AssertionError

    found = {
        f"{method} {route.path.replace(':int', '')}"
        for route in app_of(make_home(tmp_path / "home", users=False), gather).routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert found == set(OPERATIONS)
    described = {
        f"{method.upper()} {path}" for path, methods in document()["paths"].items()
        for method in methods
    }  # fmt: skip
    assert described == found


def test_it_is_openapi_and_its_schemas_are_schemas() -> None:
    schemathesis.openapi.from_dict(document()).validate()
    for schema in document()["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema"}
                                    | schema)  # fmt: skip


def test_roles_in_it_are_those_of_the_table() -> None:
    paths = document()["paths"]
    assert paths["/api/suspensions"]["post"]["x-needs"] == "supervisor"
    assert paths["/api/users"]["get"]["x-needs"] == "admin"
    assert paths["/login"]["post"]["security"] == []


def test_what_a_real_home_answers_is_as_described(exercise: Service) -> None:
    """An exercise with alerts, tracks and fixes: empty lists fit any schema."""
    told = schemathesis.openapi.from_url(f"{exercise.url}api")
    [alert] = [a for a in exercise.get("/api/alerts").json()["alerts"]
               if a["detector"] == "drag_onset"]  # fmt: skip
    span = exercise.get("/api/status").json()["clock"]["span"]
    in_path = {"id": alert["id"], "mmsi": alert["subject"]["mmsi"], "layer": "ports",
               "collection": "alerts", "item": alert["id"]}  # fmt: skip
    with exercise.http as http:
        http.post("/api/watches", json={"action": "start", "officer": "V.P."})
        asked = 0
        for row in OPERATIONS:
            method, path = row.split(" ")
            # What partners ask is signed: tests/api/test_partners_api.py.
            if method != "GET" or path in ("/login", "/login.css", "/api/partners/bundle"):
                continue
            files = ["fixes.csv", "track.geojson", "bundle.zip"] if "{file}" in path else [""]
            for file in files:
                filled = path.format(**in_path, file=file)
                query = {"from_ms": span["from_ms"], "to_ms": span["to_ms"], "q": "e"}
                query = {"group": "national"} if path.startswith("/ogc") else query
                answer = http.get(filled, params=query if "{file}" not in path else {})
                assert answer.status_code == 200, filled
                assert answer.num_bytes_downloaded > 0
                told[path][method].validate_response(answer)
                asked += 1
    assert asked >= 28


class Running:
    """A service over a made home, in a thread of this process; and headers to ask it with."""

    def __init__(self, home: Home, headers: dict[str, str]) -> None:
        self.sock = bind("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.sock.getsockname()[1]}"
        self.headers = headers
        self._ended = threading.Event()
        app = app_of(home)
        app.user_middleware[1].kwargs["hosts"] = frozenset(hosts(self.sock))
        until = {"until": self._ended.is_set}
        self._thread = threading.Thread(target=serve, args=(app, self.sock), kwargs=until)

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)


def filled_home(path: Path, *, users: bool) -> Home:
    """A home with a vessel, alerts, and an officer on watch."""
    home = make_home(path, users=users)
    with ShardWriter(home) as writer:
        writer.append(Fixes.build(
            60, subject_id=[MMSI] * 60, t_ms=[T0_MS + 60_000 * k for k in range(60)],
            lon_raw=[12_000_000] * 60, lat_raw=[35_000_000] * 60, sog_raw=[100] * 60,
        ))  # fmt: skip
    with AuditLog(home) as log:
        for name in NAMES.values():
            log.start_watch(name, t_ms=END, at_ms=0)
    return home


@pytest.fixture(scope="module")
def admins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = filled_home(tmp_path_factory.mktemp("admins") / "home", users=True)
    with Running(home, bearer(home, "admin")) as running:
        yield running


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = filled_home(tmp_path_factory.mktemp("strangers") / "home", users=True)
    with Running(home, {}) as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def unhurried() -> Iterator[None]:
    """The tests ask faster than a person: they are not about the limits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits.Buckets, "wait_s", lambda *_: 0.0)
        yield


schema = schemathesis.openapi.from_dict(document())
bounded = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                   suppress_health_check=list(HealthCheck))  # fmt: skip


@schema.parametrize()
@bounded
def test_an_admin_asks_at_random(admins: Running, case: schemathesis.Case) -> None:
    body = case.body
    if isinstance(body, dict) and "officer" in body:
        body["officer"] = ""  # whoever is named by chance is somebody else: the rest is to be read
    if case.path == "/api/users" and isinstance(body, dict) and "password" in body:
        body["password"] = str(body["password"])[:8]  # none that is taken: a hash is a lot of work
    case.call_and_validate(base_url=admins.url, headers=admins.headers, checks=CHECKS)


@schema.parametrize()
@settings(bounded, max_examples=5)
def test_a_stranger_asks_at_random(strangers: Running, case: schemathesis.Case) -> None:
    if case.path == "/login" and case.method == "POST":
        return  # each takes a tenth of a second; tests/api/test_auth.py asks it odd things
    headers = strangers.headers | {"origin": strangers.url}
    answer = case.call_and_validate(base_url=strangers.url, headers=headers, checks=CHECKS,
                                    allow_redirects=False)  # fmt: skip
    if not case.path.startswith(("/login", "/healthz")):
        # What partners ask is signed, and nobody is a partner here.
        nothing = (404,) if case.path == "/api/partners/bundle" else ()
        assert answer.status_code in (400, 401, 303, *nothing)
