"""A service that has much in memory answers, byte for byte, what one answers that has nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import shapely
from starlette.testclient import TestClient

from sargas.model.assets import Asset, AssetSet
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import DAY_MS, HOUR_MS
from sargas.store import AuditLog, Home, Ledger, ShardWriter, compact
from sargas.store.audit import Seen
from sargas.web import remembered
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.live import LivePicture
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from tests.store import thinned
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS, make_fixes

from .guarded import bearer, make_home, served

END_MS = T0_MS + thinned.DAYS * DAY_MS
TIMES = [END_MS, T0_MS + 3 * DAY_MS + 5 * HOUR_MS, T0_MS + HOUR_MS]
VESSELS = [230_000_000, 230_000_001, 7]
LINE = shapely.LineString([(24, 59), (26, 60)])
CABLE = Asset("c1", "Estlink 2", "power_cable", LINE, accuracy_m=50.0)


@pytest.fixture(autouse=True)
def _nothing_is_remembered_by_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "LASTS_S", 0.0)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = thinned.fill(tmp_path_factory.mktemp("filled") / "home")
    with ShardWriter(home) as writer:
        writer.append_statics(named(T0_MS + np.arange(40) * 7 * HOUR_MS))
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Any) -> Home:
    shutil.copytree(filled.path, tmp_path / "home")
    return Home(tmp_path / "home")


def named(t_ms: np.ndarray, name: bytes = b"EAGLE S") -> Statics:
    n = len(t_ms)
    return Statics.build(
        n, subject_id=230_000_000 + np.arange(n) % 4, t_ms=t_ms, name=[name] * n,
        callsign=[b"E%d" % k for k in range(n)], imo=np.arange(n) + 9_000_000,
    )  # fmt: skip


def player_of(home: Home, t_ms: int, picture: Picture | None = None) -> Player:
    desk, span = Desk(Ledger(home), AuditLog(home)), Span(T0_MS, END_MS, END_MS)
    about = {"version": "0", "mode": "serve", "exercise": None, "attribution": []}
    return Player(
        picture or Picture(home), desk, lambda: span, list, about, playing=False, t_ms=t_ms
    )  # fmt: skip


@contextmanager
def service(player: Player) -> Iterator[TestClient]:
    """A service with nothing in memory yet."""
    app = make_app(player, player.desk, AssetSet([CABLE]), [], ["testserver"])  # type: ignore[arg-type]
    with TestClient(app) as client:
        yield client


def everything(client: TestClient) -> dict[str, tuple[int, bytes]]:
    """Ask for all that is answered from memory."""
    ids = [alert["id"] for alert in client.get("/api/alerts").json()["alerts"]]
    t_ms = client.get("/api/status").json()["clock"]["t_ms"]
    paths = ["/api/status", "/healthz", "/api/alerts", "/api/alerts?whole=1"]
    paths += [f"/api/histogram?from_ms={T0_MS}&to_ms={t_ms + 1}"]
    paths += [f"/api/search?q={text}" for text in ("eagle", "2300", "e1", "230000007", "9000000")]
    paths += [f"/api/alerts/{name}" for name in [*ids[:8], "0a"]]
    paths += [f"/api/alerts/{name}/dossier" for name in ids[:2]]
    for mmsi in VESSELS:
        paths += [f"/api/vessels/{mmsi}", f"/api/vessels/{mmsi}/identities"]
        paths.append(f"/api/vessels/{mmsi}/track?from_ms={t_ms - 30 * HOUR_MS}&to_ms={t_ms}")
    answers = {path: client.get(path) for path in paths}
    return {path: (answer.status_code, answer.content) for path, answer in answers.items()}


def fresh(home: Home, t_ms: int) -> dict[str, tuple[int, bytes]]:
    with service(player_of(home, t_ms)) as client:
        return everything(client)


def seek(client: TestClient, t_ms: int) -> None:
    assert client.post("/api/playback", json={"action": "seek", "t_ms": t_ms}).status_code == 200


def test_at_whatever_time_the_clock_stands(home: Home) -> None:
    with service(player_of(home, END_MS)) as client:
        for t_ms in [*TIMES, *TIMES[::-1]]:
            seek(client, t_ms)
            assert everything(client) == fresh(home, t_ms)


def new_version(home: Home, player: Player) -> None:
    issued_ms = END_MS - HOUR_MS
    first = make_alert(
        99, t_start_ms=issued_ms, t_detected_ms=issued_ms, t_issued_ms=issued_ms
    )  # fmt: skip
    with Ledger(home) as ledger:
        known = ledger.alerts()[-1]
        later = first.revised(t_issued_ms=END_MS - 60_000, priority="P1")
        assert ledger.publish([first, later]).added == 2
    player.news([first.id, known["id"]])  # as the watch does that found it


def act(home: Home, player: Player) -> None:
    with Ledger(home) as ledger, AuditLog(home) as log:
        seen = [Seen(alert["id"]) for alert in ledger.alerts(END_MS)[-3:]]
        log.act("acknowledge", "V.P.", seen, t_ms=END_MS, at_ms=END_MS)


def new_rows(home: Home, player: Player) -> None:
    with ShardWriter(home) as writer:
        writer.append(make_fixes(60, 9, span_ms=thinned.DAYS * DAY_MS))
        writer.append_statics(named(END_MS - np.arange(1, 9) * HOUR_MS, b"OTHER EAGLE"))


def let_rows_go(home: Home, player: Player) -> None:
    removed = thinned.apply(home).removed
    assert min(removed["fixes"], removed["statics"]) > 0


def merge(home: Home, player: Player) -> None:
    for day in home.days():
        compact(home, day)


@pytest.mark.parametrize("change", [new_version, act, new_rows, let_rows_go, merge])
def test_whatever_has_happened_since(home: Home, change: Callable[[Home, Player], None]) -> None:
    player = player_of(home, END_MS)
    with service(player) as client:
        before = everything(client)
        assert before == everything(client)
        change(home, player)
        after = everything(client)
        assert after == fresh(home, END_MS)
        assert (after != before) == (change is not merge)
        seek(client, TIMES[1])
        assert everything(client) == fresh(home, TIMES[1])


def test_rows_of_a_live_watch_before_and_after_they_are_stored(home: Home) -> None:
    now_ms = END_MS - 1
    fixes = Fixes.build(
        8, subject_id=[230_000_001] * 8, t_ms=now_ms - np.arange(8)[::-1] * 10_000,
        lon_raw=14_000_000 + np.arange(8), lat_raw=[33_000_000] * 8,
    )  # fmt: skip
    batch = Batch(fixes, named(np.array([now_ms - 5000])))
    path = f"/api/vessels/230000001/track?from_ms={now_ms - 30 * HOUR_MS}&to_ms={now_ms}"

    def live() -> LivePicture:
        return LivePicture(home, lambda: now_ms)

    kept = live()
    with service(player_of(home, now_ms, kept)) as client:
        before = everything(client)
        kept.take(batch)
        seek(client, now_ms)
        other = live()
        other.take(batch)
        with service(player_of(home, now_ms, other)) as plain:
            received = everything(client)
            assert received == everything(plain) != before
        with ShardWriter(home) as writer:
            writer.append(fixes)
            writer.append_statics(batch.statics)
        with service(player_of(home, now_ms, live())) as plain:
            assert client.get(path).content == plain.get(path).content == received[path][1]
            for one in ("/api/vessels/230000001", "/api/search?q=eagle"):
                assert client.get(one).content == plain.get(one).content


def test_what_one_may_ask_is_not_given_to_another(tmp_path: Any) -> None:
    home = make_home(tmp_path / "home")
    with served(home) as client:
        told = client.get("/api/alerts", headers=bearer(home, "officer"))
        assert told.status_code == 200
        path = f"/api/alerts/{told.json()['alerts'][0]['id']}"
        mine = client.get(path, headers=bearer(home, "officer"))
        assert mine.status_code == 200
        assert client.get(path, headers=bearer(home, "viewer")).content == mine.content
        for one in (path, "/api/alerts", "/api/search?q=a", "/api/vessels/230000000"):
            assert client.get(one).status_code == 401
