"""Zones over the wire: drawing, changing, withdrawing, what is refused, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sargas.errors import StoreError
from sargas.model.assets import AssetSet
from sargas.model.time import DAY_MS, MINUTE_MS, iso
from sargas.reference.mask_book import home_masks, read_book
from sargas.store import AuditLog, Home, Ledger
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from sargas.web.zones import POINTS_MOST
from tests.store.rows import T0_MS

END = T0_MS + 60 * MINUTE_MS
JUDGED = END + 30 * MINUTE_MS
SQUARE = [[20, 58], [21, 58], [21, 59], [20, 59], [20, 58]]
MARKUP = "<img src=x onerror=alert(1)>"


def polygon(*rings: list) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    """The service; its clock stands half an hour behind what was judged. V.P. has the watch."""
    desk, span = Desk(Ledger(home), AuditLog(home)), Span(T0_MS, JUDGED, JUDGED)
    about = {"version": "0", "mode": "serve", "exercise": None, "attribution": []}
    player = Player(Picture(home), desk, lambda: span, list, about, playing=False, t_ms=END)
    app = make_app(player, desk, AssetSet([]), [], ["testserver"])
    with TestClient(app) as client:
        assert client.post("/api/watches", json={"action": "start", "officer": "V.P."}).is_success
        yield client


def post(client: TestClient, action: str = "draw", **said: Any) -> Any:
    given = {"action": action, "officer": "V.P.", "reason": "asked by the operator"}
    if action != "expire":
        given |= {"name": "Made area", "effect": "raise", "geometry": polygon(SQUARE)}
    return client.post("/api/zones", json=given | said)


def shown(client: TestClient, t_ms: int = END) -> list[dict[str, Any]]:
    assert client.post("/api/playback", json={"action": "seek", "t_ms": t_ms}).is_success
    return [f["properties"] for f in client.get("/api/zones").json()["features"]]


def test_an_area_is_drawn_told_logged_and_weighs_after_what_was_judged(
    client: TestClient, home: Home
) -> None:
    with client.websocket_connect("/ws") as socket:
        done = post(client, name=MARKUP, detectors=["gap", "drag_onset"])
        assert done.status_code == 200, done.text
        assert any('"zones"' in str(socket.receive().get("text")) for _ in range(20))
    assert done.json()["id"] == "z1"
    assert done.json()["counts_from"] == iso(JUDGED + 1)
    (now,) = shown(client)
    assert (now["name"], now["effect"], now["kind"]) == (MARKUP, "raise", "vigilance")
    assert (now["counts"], now["valid_until"], now["by"]) == (False, None, "V.P.")
    assert now["detectors"] == ["drag_onset", "gap"]
    (mask,) = home_masks(home.path)
    assert mask.valid_from_ms == JUDGED + 1
    with AuditLog(home) as log:
        line = log.lines()[-1]
        assert (line.verb, line.officer, line.t_ms, line.alert) == ("draw", "V.P.", END, "")
        assert line.detail["feature"]["properties"]["name"] == MARKUP
        assert line.detail["feature"]["geometry"]["coordinates"] == [SQUARE]
        assert log.verify().broken_at is None
    # A replay sees what the watch saw: before it was drawn there was none.
    assert shown(client, END - MINUTE_MS) == []


def test_a_zone_is_changed_withdrawn_and_stays_in_the_book(client: TestClient, home: Home) -> None:
    assert post(client, effect="none").json()["counts_from"] == iso(END)
    (first,) = shown(client)
    assert (first["counts"], first["valid_from"]) == (True, iso(END))
    shown(client, END + MINUTE_MS)
    later = post(client, "change", id="z1", version=1, name="Renamed", effect="none", geometry=None,
                 valid_until_ms=END + DAY_MS)  # fmt: skip
    assert later.status_code == 200, later.text
    assert [(z["name"], z["version"]) for z in shown(client)] == [("Made area", 1)]
    (second,) = shown(client, END + MINUTE_MS)
    assert (second["name"], second["version"]) == ("Renamed", 2)
    assert second["valid_until"] == iso(END + DAY_MS)
    # Whoever saw the first version is told; nothing is done.
    stale = post(client, "expire", id="z1", version=1)
    assert (stale.status_code, len(stale.json()["zones"]["features"])) == (409, 1)
    shown(client, END + 2 * MINUTE_MS)
    assert post(client, "expire", id="z1", version=2, reason="over").is_success
    assert shown(client, END + 2 * MINUTE_MS) == []
    assert [z["version"] for z in shown(client, END + MINUTE_MS)] == [2]
    assert post(client, "change", id="z1", version=3).status_code == 404
    assert [(e.act, e.by, e.reason) for e in read_book(home.path).entries] == [
        ("add", "V.P.", "asked by the operator"), ("change", "V.P.", "asked by the operator"),
        ("expire", "V.P.", "over"),
    ]  # fmt: skip
    assert post(client).json()["id"] == "z2"  # no number twice
    with AuditLog(home) as log:
        assert [line.verb for line in log.lines()][1:] == [
            "draw", "change_zone", "expire_zone", "draw",
        ]  # fmt: skip


BOW_TIE = [[20, 58], [21, 59], [21, 58], [20, 59], [20, 58]]
MANY = [[20 + n / 1000, 58] for n in range(POINTS_MOST)] + [[20, 59], [20, 58]]


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"officer": "A.B."}, 403, "has not taken the watch"),
        ({"reason": " "}, 400, "needs a reason"),
        ({"name": ""}, 400, "needs a name"),
        ({"name": "x" * 61}, 400, "60 are the most"),
        ({"name": "a\u202eb"}, 400, "cannot be seen"),
        ({"effect": "delete"}, 400, "none of mute"),
        ({"effect": "mute", "kind": "works"}, 400, "needs an end"),
        ({"effect": "mute", "kind": "garden", "valid_until_ms": END + DAY_MS}, 400, "ordinary"),
        ({"detectors": ["nonsense"]}, 400, "no detector"),
        ({"valid_until_ms": END}, 400, "not after"),
        ({"valid_until_ms": JUDGED}, 400, "end before it counts"),
        ({"valid_until_ms": 10**18}, 400, "not after"),
        ({"action": "paint"}, 400, "paint"),
        ({"more": 1}, 400, "no command"),
        ({"geometry": polygon(BOW_TIE)}, 400, "crosses itself near 20.5 58.5"),
        ({"geometry": polygon(SQUARE[:-1])}, 400, "not closed"),
        ({"geometry": polygon([[20, 58], [21, 59], [22, 60], [20, 58]])}, 400, "outline"),
        ({"geometry": polygon([[20, 58]] * 4)}, 400, "outline"),
        ({"geometry": polygon([[40, 58], [41, 58], [41, 59], [40, 58]])}, 400, "not on the map"),
        ({"geometry": polygon([[10**400, 58]])}, 400, "not on the map"),
        ({"geometry": polygon([["a", 58], [21, 58], [21, 59], [20, 58]])}, 400, "longitude"),
        ({"geometry": polygon(MANY)}, 400, "more than 500 points"),
        ({"geometry": {"type": "Point", "coordinates": [20, 58]}}, 400, "polygon"),
        ({"geometry": None}, 400, "polygon"),
        ({"reason": "x" * 60_000}, 400, "too long"),
    ],
)  # fmt: skip
def test_what_is_refused_writes_nothing(
    client: TestClient, home: Home, said: dict[str, Any], status: int, words: str
) -> None:
    answer = post(client, **said)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]
    assert read_book(home.path).entries == ()
    with AuditLog(home) as log:
        assert log.last_seq() == 1


def test_what_cannot_be_logged_is_not_drawn(
    client: TestClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(client).is_success

    def full(*_: object, **__: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(AuditLog, "note", full)
    assert post(client).status_code == 500
    assert [e.mask.id for e in read_book(home.path).entries] == ["z1"]
