"""Release groups of feeds at the service: the screen's release, OGC, and a partner who fetches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sargas.model.assets import AssetSet
from sargas.share.partner.identity import make_identity
from sargas.share.partner.request import PATH, signed
from sargas.share.policy import FILE
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from sargas.store.partners import Partners
from sargas.store.users import By
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from tests.share.conftest import T0_MS
from tests.share.feeds import (
    AFTER,
    CLOSED,
    NOW_MS,
    OPEN,
    POLICY,
    SCAN,
    home_of,
    one_of,
    reports,
    told,
)
from tests.share.partners import THEIRS, lines_of, peer_of

ONE, TWO = one_of(1), one_of(2)
OFFICER = "V.P."


@pytest.fixture
def home(tmp_path: Path) -> Home:
    rows = [reports(1, OPEN), reports(1, SCAN), reports(1, CLOSED, AFTER), reports(2, CLOSED)]
    return home_of(tmp_path / "home", [ONE, TWO], rows)


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    desk, span = Desk(Ledger(home), AuditLog(home)), Span(T0_MS, NOW_MS, NOW_MS)
    about = {"version": "0", "mode": "serve", "exercise": None, "attribution": []}
    player = Player(Picture(home), desk, lambda: span, list, about, playing=False, t_ms=NOW_MS)
    app = make_app(player, desk, AssetSet([]), [], ["testserver", "127.0.0.1"])
    with TestClient(app, client=("127.0.0.1", 50_000)) as opened:
        started = opened.post("/api/watches", json={"action": "start", "officer": OFFICER})
        assert started.status_code == 200
        yield opened


def act(client: TestClient, verb: str, group: str, *ids: str) -> Any:
    seen = []
    for name in ids:
        one = client.get(f"/api/alerts/{name}").json()
        seen.append({"id": name, "version": one["version"], "last_seq": one["triage"]["last_seq"]})
    command = {"verb": verb, "alerts": seen, "group": group, "officer": OFFICER}
    return client.post("/api/acts", json=command)


def items(client: TestClient, name: str, group: str) -> Any:
    answer = client.get(f"/ogc/collections/{name}/items?limit=1000&group={group}")
    assert answer.status_code == 200, answer.text
    return answer


def done(home: Home) -> list[tuple[str, str]]:
    with AuditLog(home) as log:
        return [(line.verb, line.alert) for line in log.lines() if line.alert]


def test_a_release_that_would_reach_nobody_is_refused_with_its_reason(
    client: TestClient, home: Home
) -> None:
    refused = act(client, "release_to", "eu", TWO.id)
    assert refused.status_code == 400
    said = refused.json()
    assert said["error"] == (
        f"Alert {TWO.id[:10]} rests on feed '{CLOSED}', which may not go to eu."
    )
    assert '[feeds."national-*"]' in said["hint"]
    assert str(home.path) not in refused.text
    assert act(client, "release_to", "eu", ONE.id, TWO.id).status_code == 400
    assert done(home) == [], "of several none is noted"
    assert act(client, "release_to", "eu", ONE.id).status_code == 200
    assert act(client, "release_to", "national", TWO.id).status_code == 200
    assert act(client, "withdraw", "eu", TWO.id).status_code == 200, "taking away never is"
    assert done(home) == [("release_to", ONE.id), ("release_to", TWO.id), ("withdraw", TWO.id)]


def test_the_look_ahead_says_what_the_act_would(client: TestClient) -> None:
    path = f"/api/alerts/{TWO.id}/releases"
    ahead = client.get(path, params={"to": "eu"})
    assert (ahead.status_code, ahead.json()) == (
        400,
        act(client, "release_to", "eu", TWO.id).json(),
    )
    groups = {one["group"]: one for one in client.get(path).json()["groups"]}
    assert {name: one["withheld"] for name, one in groups.items()} == {
        "national": [], "nato": [CLOSED], "eu": [CLOSED],
    }  # fmt: skip
    assert {name: one["versions"] for name, one in groups.items()} == {
        "national": [1], "nato": [], "eu": [],
    }  # fmt: skip
    free = client.get(f"/api/alerts/{ONE.id}/releases", params={"to": "eu"})
    assert (free.status_code, free.json()["preview"]["versions"]) == (200, [1])


def test_ogc_gives_alerts_and_tracks_of_the_groups_feeds(client: TestClient, home: Home) -> None:
    for name in ("alerts", "tracks"):
        for group, ids in (("national", [ONE.id, TWO.id]), ("nato", [ONE.id]), ("eu", [])):
            found = items(client, name, group)
            assert [f["id"][:24] for f in found.json()["features"]] == ids
            assert found.json()["numberMatched"] == len(ids)
            if group != "national":
                assert TWO.id not in found.text
    missing = client.get(f"/ogc/collections/alerts/items/{TWO.id}?group=nato")
    nothing = client.get(f"/ogc/collections/alerts/items/{'0' * 24}?group=nato")
    assert (missing.status_code, missing.json()) == (404, nothing.json())


def test_a_withdrawal_that_is_taken_back_lets_nothing_out(client: TestClient, home: Home) -> None:
    (home.path / FILE).write_text(POLICY.split("[feeds.")[0])
    assert act(client, "release_to", "eu", TWO.id).status_code == 200
    assert [f["id"] for f in items(client, "alerts", "eu").json()["features"]] == [TWO.id]
    (line,) = act(client, "withdraw", "eu", TWO.id).json()["acts"]
    (home.path / FILE).write_text(POLICY)
    undone = client.post("/api/undo", json={"batch": line["batch"], "officer": OFFICER})
    assert undone.status_code == 200, undone.text
    for name in ("alerts", "tracks"):
        assert items(client, name, "eu").json()["features"] == []
    one = {g["group"]: g for g in client.get(f"/api/alerts/{TWO.id}/releases").json()["groups"]}
    assert (one["eu"]["released"] is None, one["eu"]["withheld"]) == (False, [CLOSED])
    (home.path / FILE).write_text(POLICY.split("[feeds.")[0])
    assert len(items(client, "alerts", "eu").json()["features"]) == 1, "it is as it was before"


def test_a_partner_who_fetches_gets_none_of_it(client: TestClient, home: Home) -> None:
    us = make_identity(home.path, "Klaipeda")
    with Partners(home) as partners:
        partners.add(peer_of(THEIRS, group="nato"), By(OFFICER, 0, 0))
        partners.trust("riga", By(OFFICER, 0, 0))
    asked = PATH + "?after=0"
    headers = signed(THEIRS, us.instance, "GET", asked, b"", time.time_ns() // 1_000_000)
    answer = client.get(asked, headers=headers)
    assert answer.status_code == 200, answer.text
    _, *bodies = lines_of(answer.content)
    assert [one["id"] for one in bodies] == [ONE.id]


def test_a_track_is_read_anew_when_the_policy_or_a_feed_changes(
    client: TestClient, home: Home
) -> None:
    (home.path / FILE).write_text(POLICY.split("[feeds.")[0])
    whole = items(client, "tracks", "nato")
    assert told(whole.text) == {OPEN, SCAN, CLOSED}
    (home.path / FILE).write_text(POLICY.replace(OPEN, "scan").replace(
        '"nato", "eu"]', '"eu"]'))  # fmt: skip
    assert items(client, "tracks", "nato").json()["features"] == []
    (home.path / FILE).write_text(POLICY)
    assert told(items(client, "tracks", "nato").text) == {OPEN, SCAN}


def test_what_comes_late_from_such_a_feed_is_in_no_track(client: TestClient, home: Home) -> None:
    """The alert goes with it: it rests on that report too."""
    assert told(items(client, "tracks", "nato").text) == {OPEN, SCAN}
    with ShardWriter(home) as writer:
        writer.append(reports(1, CLOSED))
    assert items(client, "tracks", "nato").json()["features"] == []
    assert items(client, "alerts", "nato").json()["features"] == []


def test_a_track_that_was_asked_for_has_what_came_later_and_lacks_what_went(
    client: TestClient, home: Home
) -> None:
    def fixes() -> list[int]:
        found = items(client, "tracks", "nato").json()["features"]
        return [one["properties"]["fixes"] for one in found]

    before = set(home.path.rglob("*.parquet"))
    (asked,) = fixes()
    assert fixes() == [asked]
    later = reports(1, OPEN, range(14, 16))
    with ShardWriter(home) as writer:
        writer.append(later)
    assert fixes() == [asked + int((later.t_ms <= ONE.evidence_ms[1]).sum())] != [asked]
    for path in set(home.path.rglob("*.parquet")) - before:
        path.unlink()
    assert fixes() == [asked]
