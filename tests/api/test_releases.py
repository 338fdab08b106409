"""Releasing from the screen: who may, what is shown beforehand, and that it is what leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sargas.model.assets import AssetSet
from sargas.model.roles import OFFICER, ROLES, may
from sargas.model.triage import SHARE
from sargas.share.outgoing import outgoing
from sargas.share.partner.bundle import told_of
from sargas.share.policy import FILE, load_policy
from sargas.store import Archive, AuditLog, Home, Ledger
from sargas.store.audit import Seen
from sargas.store.standing import Standing
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from tests.share.conftest import HOSTILE

from .guarded import ALERTS, END, NAMES, app_of, bearer, make_home

ONE, OTHER = ALERTS
POLICY = f"""
[groups.nato]
label = "NATO {HOSTILE.replace(chr(34), "'").replace(chr(0x202E), "").replace(chr(27), "")}"
redact = ["triage", "kp"]
[groups.eu]
label = "EU"
redact = ["triage", "vessel"]
[groups.desk]
label = "By itself"
sees = [{{priorities = ["P2"]}}]
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = make_home(tmp_path / "home")
    (made.path / FILE).write_text(POLICY)
    return made


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    with TestClient(app_of(home)) as opened:
        opened.post("/api/watches", json={"action": "start"}, headers=bearer(home, OFFICER))
        yield opened


def reach(client: TestClient, home: Home, alert_id: str = ONE.id, **query: Any) -> Any:
    path = f"/api/alerts/{alert_id}/releases"
    answer = client.get(path, params=query, headers=bearer(home, "viewer"))
    assert answer.status_code == 200, answer.text
    return answer.json()


def groups(body: Any) -> dict[str, Any]:
    return {one["group"]: one for one in body["groups"]}


def act(
    client: TestClient, home: Home, verb: str, group: str, *, role: str = OFFICER,
    alert_id: str = ONE.id, **more: Any,
) -> Any:  # fmt: skip
    headers = bearer(home, role)
    one = client.get(f"/api/alerts/{alert_id}", headers=headers).json()
    seen = {"id": alert_id, "version": one["version"], "last_seq": one["triage"]["last_seq"]}
    command = {"verb": verb, "alerts": [seen], "group": group, **more}
    return client.post("/api/acts", json=command, headers=headers)


def as_group(client: TestClient, home: Home, group: str) -> list[dict[str, Any]]:
    """What a group finds at the door."""
    path = f"/ogc/collections/alerts/items?limit=1000&group={group}"
    answer = client.get(path, headers=bearer(home, "viewer"))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["features"])


def test_every_role_sees_and_officers_release(client: TestClient, home: Home) -> None:
    for role in ROLES:
        client.post("/api/watches", json={"action": "start"}, headers=bearer(home, role))
        shown = client.get(f"/api/alerts/{ONE.id}/releases?to=nato", headers=bearer(home, role))
        assert shown.status_code == 200
        for verb in ("release_to", "withdraw"):
            answer = act(client, home, verb, "nato", role=role)
            assert answer.status_code == (200 if may(role, OFFICER) else 403), answer.text
    assert client.get(f"/api/alerts/{ONE.id}/releases").status_code == 401
    with AuditLog(home) as log:
        done = [(line.officer, line.verb) for line in log.lines(alert=ONE.id)]
        assert log.verify().broken_at is None
    officers = [NAMES[role] for role in ROLES if may(role, OFFICER)]
    assert done == [(name, verb) for name in officers for verb in ("release_to", "withdraw")]


def test_a_release_needs_the_watch_the_newest_word_and_a_group(
    client: TestClient, home: Home
) -> None:
    headers = bearer(home, OFFICER)
    assert act(client, home, "release_to", "tallinn").status_code == 404
    assert act(client, home, "release_to", "").status_code == 404
    stale = {"verb": "release_to", "group": "nato",
             "alerts": [{"id": ONE.id, "version": 1, "last_seq": 7}]}  # fmt: skip
    assert act(client, home, "comment", "", comment="seen").status_code == 200
    assert client.post("/api/acts", json=stale, headers=headers).status_code == 409
    ended = client.post("/api/watches", json={"action": "end"}, headers=headers)
    assert ended.status_code == 200
    assert act(client, home, "release_to", "nato").status_code == 403
    assert as_group(client, home, "nato") == []


def test_what_is_shown_beforehand_is_what_leaves(client: TestClient, home: Home) -> None:
    for group, absent in (("nato", "kp_km"), ("eu", "mmsi")):
        before = reach(client, home, to=group)
        one = groups(before)[group]
        assert (one["versions"], one["because"], one["told_as"]) == ([], None, None)
        preview = before["preview"]
        assert as_group(client, home, group) == []
        assert act(client, home, "release_to", group, comment="as agreed").status_code == 200
        (found,) = as_group(client, home, group)
        shown = dict(preview["alert"])
        place = [shown.pop("lon"), shown.pop("lat")]
        assert (found["properties"], found["geometry"]["coordinates"]) == (shown, place)
        assert found["id"] == preview["alert"]["id"]
        assert absent not in str(preview["alert"]["subject"] | preview["alert"]["asset"])
        after = groups(reach(client, home))[group]
        assert after["versions"] == preview["versions"] == [1]
        assert after["told_as"] == preview["alert"]["id"]
        assert after["released"]["officer"] == NAMES[OFFICER]
        assert after["released"]["comment"] == "as agreed"
        assert after["redacted"] == preview["alert"]["release"]["redacted"]
    assert (ONE.id == found["id"]) is False, "who must not know the vessel knows another id"


def test_who_was_released_nothing_gets_nothing(client: TestClient, home: Home) -> None:
    assert act(client, home, "release_to", "nato").status_code == 200
    assert as_group(client, home, "eu") == []
    assert [one["id"] for one in as_group(client, home, "nato")] == [ONE.id]
    assert OTHER.id not in str(as_group(client, home, "nato"))
    other = groups(reach(client, home, OTHER.id))
    assert {name: one["versions"] for name, one in other.items()} == {
        "nato": [], "eu": [], "desk": [1],
    }  # fmt: skip


def test_a_withdrawal_counts_at_once_also_ahead_of_what_is_judged(home: Home) -> None:
    """A live screen shows what is received before it is judged, and acts at that time."""
    desk = Desk(Ledger(home), AuditLog(home))
    span = Span(END - 3_600_000, END + 90_000, END)
    about = {"version": "0", "mode": "watch", "exercise": None, "attribution": []}
    player = Player(
        Picture(home), desk, lambda: span, list, about, playing=False, t_ms=END + 90_000,
        is_now=True,
    )  # fmt: skip
    app = make_app(player, desk, AssetSet([]), [], ["testserver"])
    with TestClient(app) as client:
        client.post("/api/watches", json={"action": "start"}, headers=bearer(home, OFFICER))
        assert client.get("/api/status", headers=bearer(home, OFFICER)).json()["clock"]["t_ms"] > (
            span.analysed_to_ms
        )
        assert act(client, home, "release_to", "nato").status_code == 200
        assert len(as_group(client, home, "nato")) == 1
        assert groups(reach(client, home))["nato"]["versions"] == [1]
        assert act(client, home, "withdraw", "nato").status_code == 200
        assert as_group(client, home, "nato") == []
        assert groups(reach(client, home))["nato"]["versions"] == []


def test_a_withdrawal_ends_what_a_rule_lets_out_and_says_who(
    client: TestClient, home: Home
) -> None:
    one = groups(reach(client, home))["desk"]
    assert (one["versions"], one["because"], one["released"]) == ([1], "rule 1", None)
    assert act(client, home, "withdraw", "desk", comment="not theirs").status_code == 200
    one = groups(reach(client, home))["desk"]
    assert (one["versions"], one["because"], one["released"]) == ([], None, None)
    assert one["withdrawn"]["comment"] == "not theirs"
    assert [found["id"] for found in as_group(client, home, "desk")] == [OTHER.id]
    preview = reach(client, home, to="desk")["preview"]
    assert preview["versions"] == [1], "and a person can release it again"


def test_a_release_that_was_taken_back_is_none(client: TestClient, home: Home) -> None:
    """The path is there for any act; the screen withdraws instead."""
    (done,) = act(client, home, "release_to", "nato").json()["acts"]
    assert len(as_group(client, home, "nato")) == 1
    undone = client.post("/api/undo", json={"batch": done["batch"]}, headers=bearer(home, OFFICER))
    assert undone.status_code == 200
    one = groups(reach(client, home))["nato"]
    assert (one["versions"], one["released"], one["withdrawn"]) == ([], None, None)
    assert as_group(client, home, "nato") == []


def test_an_exercise_is_shown_and_leaves_as_one(home: Home, tmp_path: Path) -> None:
    drill = replace(ONE, id="d" * 24, exercise="made", t_detected_ms=END - 60_000,
                    t_issued_ms=END - 60_000)  # fmt: skip
    with Ledger(home) as ledger:
        ledger.commit("t", 1, b"", [drill])
    with TestClient(app_of(home)) as client:
        client.post("/api/watches", json={"action": "start"}, headers=bearer(home, OFFICER))
        shown = reach(client, home, drill.id, to="nato")["preview"]["alert"]
        assert shown["exercise"] == "made"
        assert shown["title"].startswith("EXERCISE")
        assert act(client, home, "release_to", "nato", alert_id=drill.id).status_code == 200
        (found,) = as_group(client, home, "nato")
        assert found["properties"]["exercise"] == "made"
        assert found["properties"]["title"].startswith("EXERCISE")
        assert groups(reach(client, home, drill.id))["desk"]["versions"] == [], "no rule says so"


def test_versions_from_the_one_that_was_seen(home: Home) -> None:
    later = [replace(ONE, version=n, priority=p, t_issued_ms=ONE.t_issued_ms + n * 60_000)
             for n, p in ((2, "P1"), (3, "P3"))]  # fmt: skip
    with Ledger(home) as ledger:
        ledger.commit("t", 1, b"", later)
    with TestClient(app_of(home)) as client:
        for version, told in ((1, [1, 2, 3]), (2, [2, 3]), (3, [3]), ("", [3])):
            body = reach(client, home, to="nato", version=version)
            assert (body["version"], body["preview"]["versions"]) == (3, told)
            assert body["preview"]["alert"]["version"] == 3
        assert reach(client, home, to="nato", version=4)["preview"] is None
        path = f"/api/alerts/{ONE.id}/releases?to=nato&version="
        for wrong in ("0", "-1", "x", "1.5", "9" * 400, "٣"):
            answer = client.get(path + wrong, headers=bearer(home, "viewer"))
            assert answer.status_code == 400, wrong


def test_what_left_is_told(client: TestClient, home: Home) -> None:
    act(client, home, "release_to", "nato")
    said = {"group": "nato", "format": "cap", "where": HOSTILE, "count": 1, "sha256": "0" * 64,
            "policy": "x", "shared": [f"{ONE.id}:1"]}  # fmt: skip
    with AuditLog(home) as log:
        for more in ({}, {"where": "mail"}, {"where": "mail", "failed": "no answer"},
                     {"group": "eu"}, {"shared": [f"{OTHER.id}:1"]}):  # fmt: skip
            log.note(SHARE, "V.P.", t_ms=END, at_ms=END, detail=said | more)
    found = groups(reach(client, home))
    assert [one["where"] for one in found["nato"]["left"]] == [HOSTILE]
    assert (found["nato"]["left_count"], found["eu"]["left_count"]) == (1, 1)


def test_a_policy_that_cannot_be_read_says_so_and_lets_nothing_out(
    client: TestClient, home: Home
) -> None:
    (home.path / FILE).write_text("[groups.nato")
    answer = client.get(f"/api/alerts/{ONE.id}/releases", headers=bearer(home, "viewer"))
    assert answer.status_code == 500
    assert "policy" in answer.json()["error"]
    assert act(client, home, "release_to", "nato").status_code == 500
    with AuditLog(home) as log:
        assert log.lines(alert=ONE.id) == []


@pytest.mark.parametrize("path", ["nothing/releases", f"{ONE.id}/releases?to=tallinn",
                                  f"{'b' * 24}/releases"])  # fmt: skip
def test_what_is_not_there_is_not_there(client: TestClient, home: Home, path: str) -> None:
    answer = client.get(f"/api/alerts/{path}", headers=bearer(home, "viewer"))
    assert answer.status_code == 404
    assert answer.json().keys() == {"error", "hint"}


def test_the_look_ahead_writes_nothing_and_is_no_release(client: TestClient, home: Home) -> None:
    with AuditLog(home) as log:
        before = log.last_seq()
        reach(client, home, to="nato")
        lines = log.lines(after_seq=before)
    assert [line for line in lines if line.verb not in ("add_token", "revoke_token")] == []
    assert as_group(client, home, "nato") == []
    with AuditLog(home) as log, Ledger(home) as ledger, Archive(home) as archive:
        policy = load_policy(home.path)
        found = outgoing(Standing(ledger, log), "nato", policy, END, archive=archive)
        assert list(told_of(found)) == []


def test_release_and_withdrawal_name_alerts_seen_at_the_screen(home: Home) -> None:
    """An act of the command line is shown as one of the screen is."""
    with AuditLog(home) as log:
        log.act("release_to", "V. Petraitis", [Seen(ONE.id)], t_ms=END, at_ms=END,
                said={"group": "eu"})  # fmt: skip
    with TestClient(app_of(home)) as client:
        one = groups(reach(client, home))["eu"]
    assert (one["released"]["officer"], one["versions"]) == ("V. Petraitis", [1])
