"""Commands over the wire: what an officer does, what the other one sees, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sargas.model.assets import AssetSet
from sargas.model.fixes import Fixes
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from sargas.store.audit import Seen
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS

END = T0_MS + 3_600_000
ALERTS = [make_alert(n, priority="P1" if n == 0 else "P2") for n in range(4)]
AT_WORK = "Cable ship <b>at work</b>"
IDS = [alert.id for alert in ALERTS]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", ALERTS)
    return home


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    """The service in this process, its clock at the end."""
    desk, span = Desk(Ledger(home), AuditLog(home)), Span(T0_MS, END, END)
    about = {"version": "0", "mode": "serve", "exercise": None, "attribution": []}
    player = Player(Picture(home), desk, lambda: span, list, about, playing=False, t_ms=END)
    app = make_app(player, desk, AssetSet([]), [], ["testserver"])
    with TestClient(app) as client:
        yield client


def watch(client: TestClient, *officers: str) -> None:
    for officer in officers:
        assert client.post("/api/watches", json={"action": "start", "officer": officer}).is_success


def alerts(client: TestClient) -> dict[str, Any]:
    return {a["id"]: a for a in client.get("/api/alerts").json()["alerts"]}


def act(client: TestClient, verb: str, *ids: str, officer: str = "V.P.", **more: Any) -> Any:
    now = alerts(client)
    seen = [
        {"id": i, "version": now[i]["version"], "last_seq": now[i]["triage"]["last_seq"]}
        for i in ids
    ]
    more.setdefault("alerts", seen)
    return client.post("/api/acts", json={"verb": verb, "officer": officer, **more})


def heard(socket: Any, kind: str) -> dict[str, Any]:
    """The next JSON message of a kind; frames are passed over."""
    for _ in range(60):
        message = socket.receive()
        if message.get("text") and f'"kind": "{kind}"' in message["text"]:
            found: dict[str, Any] = json.loads(message["text"])
            return found
    raise AssertionError(f"no {kind} came")


def test_an_act_is_done_told_and_kept(client: TestClient, home: Home) -> None:
    watch(client, "V.P.")
    with client.websocket_connect("/ws") as socket:
        heard(socket, "hello")
        done = act(
            client, "dismiss", IDS[0], reason="permitted", comment="Cable ship <b>at work</b>"
        )
        assert done.status_code == 200
        told = heard(socket, "alerts")["alerts"]
    assert [a["id"] for a in told] == [IDS[0]]
    triage = told[0]["triage"]
    assert (triage["state"], triage["reason"]) == ("dismissed", "permitted")
    assert triage["taken_by"] == "V.P."
    [line] = client.get(f"/api/alerts/{IDS[0]}").json()["log"]
    assert (line["verb"], line["old"], line["new"]) == ("dismiss", "unack", "dismissed")
    assert line["comment"] == AT_WORK
    assert alerts(client)[IDS[1]]["triage"]["state"] == "unack"
    with AuditLog(home) as log:
        assert log.verify().lines == 2


def test_an_alert_is_released_to_a_group_of_the_policy(client: TestClient, home: Home) -> None:
    watch(client, "V.P.")
    assert act(client, "release_to", IDS[0], group="nato").is_success
    assert act(client, "withdraw", IDS[0], group="eu").is_success
    refused = act(client, "release_to", IDS[1], group="natoo")
    assert (refused.status_code, refused.json()["hint"][:10]) == (404, "Groups are")
    assert act(client, "release_to", IDS[1]).status_code == 404
    with AuditLog(home) as log:
        said = [(a.verb, a.alert, a.detail) for a in log.lines() if a.alert]
    assert said == [
        ("release_to", IDS[0], {"group": "nato"}), ("withdraw", IDS[0], {"group": "eu"}),
    ]  # fmt: skip


def test_the_later_of_two_officers_sees_the_conflict(client: TestClient) -> None:
    watch(client, "V.P.", "A.B.")
    stale = [{"id": IDS[0], "version": 1, "last_seq": 0}]
    assert act(client, "claim", IDS[0]).is_success
    late = act(client, "dismiss", IDS[0], officer="A.B.", alerts=stale, reason="duplicate")
    assert late.status_code == 409
    assert "V.P.: claim" in late.json()["error"]
    [now] = late.json()["alerts"]
    assert (now["triage"]["owner"], now["triage"]["last_seq"]) == ("V.P.", 3)
    # With what it was told it can be done on purpose.
    again = [{"id": IDS[0], "version": 1, "last_seq": now["triage"]["last_seq"]}]
    done = act(client, "dismiss", IDS[0], officer="A.B.", alerts=again, reason="duplicate")
    assert done.is_success


def test_undo_groups_and_refusals(client: TestClient) -> None:
    assert act(client, "acknowledge", IDS[0]).status_code == 403
    watch(client, "V.P.", "A.B.")
    grouped = act(client, "group", *IDS[:3], title="One event").json()["acts"]
    assert {a["triage"]["incident"] for a in alerts(client).values()} == {
        grouped[0]["incident"],
        None,
    }
    taken = act(client, "acknowledge", *IDS[:3]).json()["acts"]
    undo = {"officer": "A.B.", "batch": taken[0]["batch"]}
    assert client.post("/api/undo", json=undo).status_code == 400
    assert client.post("/api/undo", json=undo | {"officer": "V.P."}).is_success
    assert {a["triage"]["state"] for a in alerts(client).values()} == {"unack"}
    assert client.post("/api/undo", json=undo | {"officer": "V.P."}).status_code == 409
    assert act(client, "resolve", IDS[3]).status_code == 400
    assert act(client, "snooze", IDS[3], until_ms=END + 30 * 86_400_000).status_code == 400
    nothing = [{"id": "f" * 24, "version": 1, "last_seq": 0}]
    assert act(client, "acknowledge", alerts=nothing).status_code == 404
    assert len(client.get("/api/log").json()["lines"]) == 2 + 3 + 3 + 3


BAD = (
    b"", b"{", b"[]", b"\xff\xfe", b'{"more": 1}', b" " * 50_000,
    b'{"officer": "x", "batch": 1e9}', b'{"action": "fly", "officer": "x"}',
    b'{"officer": "x", "batch": 9223372036854775808}', b'{"title":' + b"[" * 15_000,
)  # fmt: skip


@pytest.mark.parametrize("path", ["/api/acts", "/api/undo", "/api/watches"])
def test_what_is_no_command_changes_nothing(client: TestClient, path: str) -> None:
    for body in BAD:
        answer = client.post(path, content=body)
        assert answer.status_code == 400
        assert answer.json().keys() == {"error", "hint"}
    elsewhere = client.post(path, json={}, headers={"origin": "http://evil.example"})
    assert elsewhere.status_code == 403
    assert client.get("/api/log").json() == {"lines": []}
    assert client.get("/api/log?after=x").status_code == 400
    assert client.get(f"/api/log?after={10**30}").json() == {"lines": []}


def test_who_has_the_watch_and_who_looks_at_what(client: TestClient) -> None:
    watch(client, "V.P.")
    with client.websocket_connect("/ws") as first, client.websocket_connect("/ws") as second:
        for word in (
            "nonsense",
            '{"kind": "looking"}',
            '{"kind": "looking", "officer": "\\u202e", "alert": "x"}',
        ):
            first.send_text(word)
        first.send_json({"kind": "looking", "officer": "V.P.", "alert": IDS[0]})
        assert heard(second, "looking")["looking"] == [{"officer": "V.P.", "alert": IDS[0]}]
        watch(client, "A.B.")
        assert [w["officer"] for w in heard(second, "watches")["on_watch"]] == ["V.P.", "A.B."]
        first.close()
        assert heard(second, "looking")["looking"] == []
    end = {"action": "end", "officer": "V.P.", "comment": "Calm."}
    ended = client.post("/api/watches", json=end)
    assert ended.json()["comment"] == "Calm."
    assert [w["officer"] for w in client.get("/api/watches").json()["on_watch"]] == ["A.B."]
    assert client.post("/api/watches", json=end).status_code == 400


def test_acts_from_elsewhere_reach_the_screens(client: TestClient, home: Home) -> None:
    """The command line writes the same log."""
    with client.websocket_connect("/ws") as socket:
        heard(socket, "hello")
        with AuditLog(home) as log:
            log.act("acknowledge", "Elsewhere", [Seen(IDS[2])], t_ms=END, at_ms=END)
        [told] = heard(socket, "alerts")["alerts"]
    assert (told["id"], told["triage"]["owner"]) == (IDS[2], "Elsewhere")


def test_the_desk_shows_the_past_as_it_was(client: TestClient) -> None:
    watch(client, "V.P.")
    act(client, "acknowledge", IDS[0])
    client.post("/api/playback", json={"action": "seek", "t_ms": END - 60_000})
    assert alerts(client)[IDS[0]]["triage"]["state"] == "unack"
    late = act(client, "comment", IDS[0], comment="x")
    assert late.status_code == 409
    client.post("/api/playback", json={"action": "seek", "t_ms": T0_MS})
    gone = act(client, "comment", comment="x", alerts=[{"id": IDS[3], "version": 1, "last_seq": 0}])
    assert (gone.status_code, "newest time" in gone.json()["hint"]) == (404, True)
    assert "newest time" in late.json()["hint"]


def test_what_the_watch_raises_again_comes_back(client: TestClient, home: Home) -> None:
    """Acknowledged as a Warning, an Alarm half an hour later: nobody has acknowledged that."""
    worse = ALERTS[1].revised(priority="P1", t_issued_ms=END - 60_000)
    with Ledger(home) as ledger:
        ledger.commit("s", 2, b"", [worse])
    client.post("/api/playback", json={"action": "seek", "t_ms": END - 1_800_000})
    watch(client, "V.P.")
    assert act(client, "acknowledge", IDS[1]).is_success
    assert alerts(client)[IDS[1]]["triage"]["state"] == "ack"
    client.post("/api/playback", json={"action": "seek", "t_ms": END})
    triage = alerts(client)[IDS[1]]["triage"]
    assert (triage["state"], triage["raised_again_ms"]) == ("unack", END - 60_000)
    assert triage["owner"] == "V.P."


def test_the_handover_of_a_watch(client: TestClient) -> None:
    assert client.get("/api/handover").status_code == 404
    client.post("/api/playback", json={"action": "seek", "t_ms": T0_MS})
    watch(client, "V.P.")
    client.post("/api/playback", json={"action": "seek", "t_ms": END})
    act(client, "dismiss", IDS[0], reason="permitted", comment="=HYPERLINK(1)")
    act(client, "acknowledge", IDS[1])
    act(client, "snooze", IDS[2], until_ms=END + 3_600_000)
    report = client.get("/api/handover").json()
    assert report["watch"]["officer"] == "V.P."
    assert report["counts"]["by_priority"] == {"P1": 1, "P2": 3}
    assert report["counts"]["by_reason"] == {"permitted": 1}
    assert [row["id"] for row in report["rang"]] == IDS
    assert [row["id"] for row in report["open"]] == [IDS[1], IDS[3]]  # oldest first
    assert [row["id"] for row in report["snoozed"]] == [IDS[2]]
    taken = END - ALERTS[0].t_detected_ms
    assert report["rang"][0]["taken_after_ms"] == taken
    lines = client.get("/api/handover.csv").text.splitlines()
    assert len(lines) == 1 + 4
    assert "'=HYPERLINK(1)" in lines[1]
    before = client.get("/api/handover").json()
    client.post("/api/watches", json={"action": "end", "officer": "V.P.", "comment": "Calm."})
    act_after = {"action": "start", "officer": "A.B."}
    client.post("/api/watches", json=act_after)
    client.post("/api/playback", json={"action": "seek", "t_ms": END - 60_000})
    early = client.post("/api/watches", json={"action": "end", "officer": "A.B."})
    assert (early.status_code, "began at" in early.json()["error"]) == (409, True)
    client.post("/api/playback", json={"action": "seek", "t_ms": END})
    act(client, "claim", IDS[3], officer="A.B.")
    seq = before["watch"]["seq"]
    ended = client.get(f"/api/handover?watch={seq}").json()
    assert (ended["watch"]["ended"], ended["watch"]["comment"]) == (True, "Calm.")
    assert client.get("/api/handover").json()["watch"]["officer"] == "A.B."
    assert client.get("/api/handover?watch=99").status_code == 404
    assert client.get("/api/handover?watch=x").status_code == 400


SUSPENSION = {
    "detectors": ["gap"], "until_ms": END + 8 * 3_600_000, "reason": "Cable ship <b>at work</b>",
    "where": "5 NM around", "area": {"type": "Polygon", "coordinates": [
        [[25, 59], [26, 59], [26, 61], [25, 61], [25, 59]]]},
}  # fmt: skip


def suspend(client: TestClient, action: str = "add", officer: str = "V.P.", **more: Any) -> Any:
    command = {"action": action, "officer": officer, **more}
    return client.post("/api/suspensions", json=command)


def test_a_suspension_mutes_what_comes_under_it_and_ends(client: TestClient, home: Home) -> None:
    assert suspend(client, mmsis=[5], **SUSPENSION).status_code == 403
    watch(client, "V.P.", "A.B.")
    mmsi = ALERTS[0].subject.mmsi
    client.post("/api/playback", json={"action": "seek", "t_ms": T0_MS + 1_000})
    with client.websocket_connect("/ws") as socket:
        heard(socket, "hello")
        added = suspend(client, mmsis=[mmsi, mmsi + 1], **SUSPENSION)
        told = heard(socket, "suspensions")["suspensions"]
    assert added.status_code == 200
    line = added.json()
    assert (line["verb"], line["suspension"], line["alert"]) == ("suspend", "s3", None)
    [one] = client.get("/api/suspensions").json()["suspensions"]
    assert told == [one]
    assert (one["id"], one["by"], one["reason"]) == ("s3", "V.P.", AT_WORK)
    assert (one["from_ms"], one["ended_ms"]) == (T0_MS + 1_000, None)
    # The clock goes on: what is detected under it is muted, a Note, and counted; the rest rings.
    client.post("/api/playback", json={"action": "seek", "t_ms": T0_MS + 60_000})
    first = alerts(client)[IDS[0]]
    assert (first["priority"], first["muted_by"]) == ("P3", ["suspension:s3"])
    assert (
        client.get(f"/api/alerts/{IDS[0]}").json()["notes"][-1]
        == "muted by suspension:s3: from P1 to P3"
    )
    assert client.get(f"/api/alerts/{IDS[0]}").json()["muted_by"] == ["suspension:s3"]
    ended = suspend(client, "end", "A.B.", id="s3", comment="They have left.")
    assert ended.json()["comment"] == "They have left."
    again = suspend(client, "end", id="s3")
    assert (again.status_code, "by A.B." in again.json()["error"]) == (409, True)
    client.post("/api/playback", json={"action": "seek", "t_ms": END})
    now = alerts(client)
    assert [now[i]["muted_by"] for i in IDS] == [["suspension:s3"], [], [], []]
    assert {now[i]["priority"] for i in IDS[1:]} == {"P2"}
    # As of a time before it there was none, and nobody had ended it: a replay sees the same.
    client.post("/api/playback", json={"action": "seek", "t_ms": T0_MS + 40_000})
    [one] = client.get("/api/suspensions").json()["suspensions"]
    assert (one["ended_by"], alerts(client)[IDS[0]]["priority"]) == (None, "P3")
    client.post("/api/playback", json={"action": "seek", "t_ms": T0_MS})
    assert client.get("/api/suspensions").json() == {"suspensions": []}
    assert suspend(client, "end", id="s3").status_code == 404
    with AuditLog(home) as log:
        assert log.verify().broken_at is None
        assert [line.verb for line in log.lines()][2:] == ["suspend", "end_suspension"]


def test_what_cannot_be_suspended_and_what_the_handover_tells(client: TestClient) -> None:
    watch(client, "V.P.")
    for more, words in (
        ({}, "for a vessel or for a list"), ({"mmsis": [5], "reason": ""}, "needs a reason"),
        ({"mmsis": [5], "detectors": ["gapp"]}, "no detector 'gapp'"),
        ({"mmsis": [5], "until_ms": END + 91 * 86_400_000}, "90 days"),
        ({"mmsis": [5], "area": {"type": "Point", "coordinates": [1, 2]}}, "no polygon"),
        ({"mmsis": "5"}, "no command"), ({"mmsis": [5], "from_ms": 0}, "no command"),
    ):  # fmt: skip
        refused = suspend(client, **SUSPENSION | more)
        assert (refused.status_code, words in refused.json()["error"]) == (400, True), more
    assert suspend(client, "stop", id="s1").status_code == 400
    mmsi = ALERTS[1].subject.mmsi
    assert suspend(client, mmsis=[mmsi], **SUSPENSION).is_success
    later = SUSPENSION | {"until_ms": END + 86_400_000}
    assert suspend(client, list="Own fleet", **later).is_success
    [told] = client.get("/api/handover").json()["suspensions"]
    assert told["vessels"] == [{"mmsi": mmsi, "name": "SHIP 1"}]
    assert (told["detectors"], told["where"], told["muted"]) == (["gap"], "5 NM around", 0)
    assert (told["by"], told["reason"]) == ("V.P.", AT_WORK)


def test_the_quality_panel(client: TestClient, home: Home) -> None:
    with ShardWriter(home) as writer:
        writer.append(
            Fixes.build(
                30, subject_id=[7, 8] * 15, t_ms=[END - k * 60_000 for k in range(30)],
                station=[1] * 30,
            )
        )  # fmt: skip
    with Ledger(home) as ledger:
        ledger.commit("t", 1, b"", counters={"ok": 30, "bad_checksum": 4, "sog_missing": 9})
    client.post("/api/playback", json={"action": "seek", "t_ms": END})
    watch(client, "V.P.")
    act(client, "dismiss", IDS[0], reason="too_eager")
    told = client.get("/api/quality").json()
    [station] = told["stations"]
    assert (station["station"], station["fixes_per_min"], station["silent_s"]) == (1, 1.0, 0)
    assert list(told["rejected"].items()) == [("sog_missing", 9), ("bad_checksum", 4)]
    [gap] = told["detectors"]
    assert gap["raised"] == {"P1": 1, "P2": 3, "P3": 0}
    assert (gap["dismissed"], gap["reasons"], gap["dismissed_share"]) == (1, {"too_eager": 1}, None)
    assert [(b["count"], b["most"]) for b in told["budget"]] == [(1, 2), (4, 24), (0, 1)]
    own = client.get("/api/quality?officer=V.P.").json()
    assert own["since_watch"]
    assert own["detectors"][0]["raised"] == {"P1": 0, "P2": 0, "P3": 0}
