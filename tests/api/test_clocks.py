"""In a live watch each screen looks back by itself: nobody's look at the past hides the present."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from sargas.model.alerts import Alert
from sargas.model.assets import AssetSet
from sargas.model.fixes import Batch, Fixes
from sargas.model.time import HOUR_MS, MINUTE_MS, iso
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from sargas.web import clocks as clockwork
from sargas.web.api import make_app
from sargas.web.clocks import Clocks
from sargas.web.desk import Desk
from sargas.web.live import LivePicture
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from tests.live.senders import eventually
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS

from .guarded import NAMES, bearer, log_in, make_home

NOW = T0_MS + 3 * HOUR_MS
MMSI, LATE = 230_000_001, 230_000_555
MINUTES = 180
STORED = MINUTES - 2
"""The last two minutes are in memory alone, as in a watch that has not committed yet."""
ALERTS = [make_alert(n, priority="P1" if n == 0 else "P2") for n in range(4)]
ONE, TWO = "1" * 32, "2" * 32


def rows(first: int, end: int) -> Fixes:
    """A ship that goes east by a hundredth of a degree a minute."""
    minutes = np.arange(first, end)
    n = len(minutes)
    return Fixes.build(
        n, subject_id=np.full(n, MMSI, np.uint32), t_ms=T0_MS + minutes * MINUTE_MS,
        msg_type=np.full(n, 1), lon_raw=(20 * 600_000 + minutes * 6_000).astype(np.int64),
        lat_raw=np.full(n, 58 * 600_000), sog_raw=np.full(n, 100), cog_raw=np.full(n, 900),
    )  # fmt: skip


class Watch:
    """A live watch whose time a test moves; the service over it is the real one."""

    def __init__(self, home: Home) -> None:
        self.home, self.now_ms = home, NOW
        with ShardWriter(home) as writer:
            writer.append(rows(0, STORED))
        self.picture = LivePicture(home, lambda: self.now_ms)
        self.picture.take(Batch(rows(STORED, MINUTES), Batch.empty().statics))
        self.desk = Desk(Ledger(home), AuditLog(home))
        about = {"version": "0", "mode": "watch", "exercise": None, "attribution": []}
        self.player = Player(
            self.picture, self.desk, self.span, list, about,
            speed=1.0, live=True, t_ms=NOW, is_now=True,
        )  # fmt: skip
        self.clocks = Clocks(self.player, self.picture.past)
        self.app = make_app(
            self.player, self.desk, AssetSet([]), [], ["testserver"], clocks=self.clocks,
            gather=self.gather,
        )  # fmt: skip

    def span(self) -> Span:
        return Span(T0_MS, self.now_ms, self.now_ms - MINUTE_MS)

    def gather(self, alert_id: str, as_of_ms: int | None) -> Any:
        from sargas.cli.gathering import gather

        return gather(self.home, alert_id, as_of_ms=as_of_ms)

    def raises(self, alert: Alert) -> None:
        """Let the watch raise an alert, as the thread that folds does."""
        with Ledger(self.home) as ledger:
            cursor = f"raised {alert.id}"
            ledger.commit(cursor, 1, b"", [alert])
        self.clocks.news([alert.id])


@contextmanager
def serving(home: Home) -> Iterator[tuple[Watch, TestClient]]:
    watch = Watch(home)
    with TestClient(watch.app) as client:
        client.headers["origin"] = "http://testserver"
        yield watch, client


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Watch, TestClient]]:
    home = Home(tmp_path / "home")
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", ALERTS)
    with serving(home) as made:
        yield made


def named(screen: str) -> dict[str, str]:
    return {"x-sargas-screen": screen}


def play(client: TestClient, screen: str, action: str, **numbers: float) -> Any:
    headers = named(screen) if screen else {}
    return client.post("/api/playback", json={"action": action, **numbers}, headers=headers)


def look_back(client: TestClient, screen: str, t_ms: int) -> Any:
    """Let a screen stand at a time."""
    assert play(client, screen, "pause").is_success
    return play(client, screen, "seek", t_ms=t_ms)


def shown_ms(client: TestClient, screen: str = "") -> int:
    headers = named(screen) if screen else {}
    return client.get("/api/status", headers=headers).json()["clock"]["t_ms"]  # type: ignore[no-any-return]


class Ear:
    """What a screen hears, in order; frames as bytes."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def until(self, is_it: Callable[[Any], bool], most: int = 60) -> list[Any]:
        """All that is heard up to what is waited for."""
        out: list[Any] = []
        for _ in range(most):
            message = self.socket.receive()
            out.append(message.get("bytes") or json.loads(message["text"]))
            if is_it(out[-1]):
                return out
        raise AssertionError("it was never heard")

    def kind(self, kind: str) -> dict[str, Any]:
        last: dict[str, Any] = self.until(lambda m: isinstance(m, dict) and m["kind"] == kind)[-1]
        return last


@contextmanager
def screen(client: TestClient, name: str) -> Iterator[Ear]:
    query = f"?screen={name}" if name else ""
    with client.websocket_connect(f"/ws{query}") as socket:
        yield Ear(socket)


# ---- two screens ---------------------------------------------------------------------------------
def test_one_looks_back_and_the_other_stays_in_the_present(live) -> None:
    watch, client = live
    back_ms = T0_MS + 2 * MINUTE_MS + 1000
    with screen(client, ONE) as one, screen(client, TWO) as two:
        assert one.kind("hello")["status"]["clock"]["own"] is False
        two.kind("hello")
        own = play(client, ONE, "pause").json()
        assert (own["own"], own["playing"], own["t_ms"]) == (True, False, NOW)
        own = play(client, ONE, "seek", t_ms=back_ms).json()
        assert (own["own"], own["live"], own["t_ms"]) == (True, False, back_ms)
        heard = one.until(
            lambda m: isinstance(m, dict) and m.get("clock", {}).get("t_ms") == back_ms
        )
        kinds = [m["kind"] for m in heard if isinstance(m, dict) and m["kind"] != "feeds"]
        # The screen knows that the clock is its own before it forgets what it shows.
        first = next(
            k for k, m in enumerate(heard) if isinstance(m, dict) and m.get("clock", {}).get("own")
        )
        assert first < heard.index({"kind": "reset"}), kinds
        watch.now_ms += 1000
        heard = two.until(
            lambda m: isinstance(m, dict) and m.get("clock", {}).get("t_ms") == NOW + 1000
        )
        assert {"kind": "reset"} not in heard
        assert (
            heard[-1]["clock"] | {"own": False, "live": True, "playing": True} == heard[-1]["clock"]
        )
    assert shown_ms(client, ONE) == back_ms
    assert shown_ms(client, TWO) == shown_ms(client) == watch.now_ms


def test_every_answer_is_as_of_the_clock_of_who_asks(live) -> None:
    _watch, client = live
    back_ms = T0_MS + 2 * MINUTE_MS + 1000
    assert look_back(client, ONE, back_ms).is_success
    past, now = named(ONE), named(TWO)

    def get(path: str, headers: dict[str, str]) -> Any:
        return client.get(path, headers=headers).json()

    for _ in range(2):  # the second time from memory, were there anything to mix up
        ids = [a["id"] for a in get("/api/alerts", past)["alerts"]]
        assert ids == [a.id for a in ALERTS[1::-1]]
        assert len(get("/api/alerts", now)["alerts"]) == len(get("/api/alerts", {})["alerts"]) == 4
        assert get(f"/api/vessels/{MMSI}", past)["last"]["t"] == iso(T0_MS + 2 * MINUTE_MS)
        # What is in memory alone is in the present, and in the track.
        assert get(f"/api/vessels/{MMSI}", now)["last"]["t"] == iso(NOW - MINUTE_MS)
        span = f"from_ms={T0_MS}&to_ms={2**52}"
        assert len(get(f"/api/vessels/{MMSI}/track?{span}", past)["t_ms"]) == 3
        assert len(get(f"/api/vessels/{MMSI}/track?{span}", now)["t_ms"]) == MINUTES
        later = ALERTS[3].id
        assert client.get(f"/api/alerts/{later}", headers=past).status_code == 404
        assert client.get(f"/api/alerts/{later}/dossier", headers=past).status_code == 404
        assert client.get(f"/api/alerts/{later}", headers=now).status_code == 200
        assert get("/api/quality", past)["t"] == iso(back_ms)
        assert get("/api/layers/masks", past)["as_of"] == iso(back_ms)
        assert get("/api/layers/masks", now)["as_of"] == iso(shown_ms(client))
        assert get("/api/layers/coverage", past)["as_of"] == iso(T0_MS + 2 * MINUTE_MS)
    assert get("/api/status", past)["vessels"] == get("/api/status", now)["vessels"] == 1


def test_files_are_asked_for_by_the_query(live) -> None:
    watch, client = live
    with AuditLog(watch.home) as log:
        log.start_watch("V.P.", t_ms=T0_MS, at_ms=0)
    look_back(client, ONE, T0_MS + 2 * MINUTE_MS + 1000)
    path, later = f"/api/alerts/{ALERTS[0].id}/alert.json", f"/api/alerts/{ALERTS[3].id}/alert.json"
    assert client.get(f"{path}?screen={ONE}").is_success
    assert client.get(f"{later}?screen={ONE}").status_code == 404
    assert client.get(f"{later}?screen={TWO}").is_success
    there = [client.get(f"/api/handover.csv?watch=1{more}").headers["content-disposition"]
             for more in ("", f"&screen={ONE}")]  # fmt: skip
    assert there[0] != there[1]
    assert "2024-12-25T000201Z" in there[1]


def test_acts_have_the_time_of_the_screen_and_reach_both(live) -> None:
    watch, client = live
    back_ms = T0_MS + 10 * MINUTE_MS
    with AuditLog(watch.home) as log:
        log.start_watch("V.P.", t_ms=T0_MS, at_ms=0)
    with screen(client, ONE) as one, screen(client, TWO) as two:
        one.kind("hello")
        two.kind("hello")
        look_back(client, ONE, back_ms)
        one.kind("reset")
        seen = [{"id": ALERTS[0].id, "version": 1, "last_seq": 0}]
        command = {"verb": "acknowledge", "officer": "V.P.", "alerts": seen}
        [done] = client.post("/api/acts", json=command, headers=named(ONE)).json()["acts"]
        assert done["t"] == iso(back_ms)
        told = [two.kind("alerts"), one.kind("present"), one.kind("alerts")]
    for message in told:
        assert [a["triage"]["state"] for a in message["alerts"]] == ["ack"]
    seen = [{"id": ALERTS[1].id, "version": 1, "last_seq": 0}]
    later = command | {"alerts": seen}
    assert client.post("/api/acts", json=later, headers=named(TWO)).is_success
    verbs = [
        [line["verb"] for line in client.get("/api/log", headers=named(who)).json()["lines"]]
        for who in (ONE, TWO)
    ]
    assert verbs == [["start_watch", "acknowledge"], ["start_watch", "acknowledge", "acknowledge"]]
    # Nobody acts on the past of a later act, whoever's clock it is.
    refused = client.post("/api/acts", json=later, headers=named(ONE))
    assert refused.status_code == 409


def test_zones_and_suspensions_are_those_of_the_clock_that_asks(live) -> None:
    watch, client = live
    with AuditLog(watch.home) as log:
        log.start_watch("V.P.", t_ms=T0_MS, at_ms=0)
    look_back(client, ONE, T0_MS + 10 * MINUTE_MS)
    square = [[20, 58], [21, 58], [21, 59], [20, 58]]
    drawn = {"action": "draw", "officer": "V.P.", "name": "Here", "reason": "r",
             "geometry": {"type": "Polygon", "coordinates": [square]}}  # fmt: skip
    assert client.post("/api/zones", json=drawn).is_success
    suspended = {"action": "add", "officer": "V.P.", "mmsis": [MMSI], "reason": "r",
                 "until_ms": NOW + HOUR_MS}  # fmt: skip
    assert client.post("/api/suspensions", json=suspended).is_success
    for path, name in (("zones", "features"), ("suspensions", "suspensions")):
        counts = [
            len(client.get(f"/api/{path}", headers=named(who)).json()[name]) for who in (ONE, TWO)
        ]
        assert counts == [0, 1], path


def test_an_alarm_of_the_present_is_told_and_not_mixed_into_the_past(live) -> None:
    watch, client = live
    with screen(client, ONE) as one, screen(client, TWO) as two:
        one.kind("hello")
        two.kind("hello")
        look_back(client, ONE, T0_MS + 10 * MINUTE_MS)
        one.kind("reset")
        alarm = make_alert(MINUTES - 1, priority="P1")
        watch.raises(alarm)
        assert [a["id"] for a in two.kind("alerts")["alerts"]] == [alarm.id]
        heard = one.until(lambda m: isinstance(m, dict) and m["kind"] == "present")
        assert [a["id"] for a in heard[-1]["alerts"]] == [alarm.id]
        assert not [m for m in heard if isinstance(m, dict) and m["kind"] == "alerts"]
        assert alarm.id not in {
            a["id"] for a in client.get("/api/alerts", headers=named(ONE)).json()["alerts"]
        }
        # Issued late, but of a time before the clock of both: known to both.
        late = make_alert(9, priority="P2")
        watch.raises(late)
        assert [a["id"] for a in one.kind("alerts")["alerts"]] == [late.id]


def test_back_to_live_begins_anew_with_the_present(live) -> None:
    watch, client = live
    with screen(client, ONE) as one:
        one.kind("hello")
        look_back(client, ONE, T0_MS + 10 * MINUTE_MS)
        one.kind("reset")
        assert client.get("/metrics").text.count("sargas_screens_looking_back 1.0") == 1
        clock = play(client, ONE, "live").json()
        assert (clock["own"], clock["live"], clock["t_ms"]) == (False, True, NOW)
        heard = one.until(lambda m: m == {"kind": "reset"})
        assert heard[-2]["clock"]["own"] is False
        assert isinstance(one.until(lambda m: isinstance(m, bytes))[0], bytes)
        said = client.get("/metrics").text
    assert "sargas_screens_looking_back 0.0" in said
    assert "sargas_screens 1.0" in said
    assert watch.clocks.all() == [watch.player]


def test_a_replay_that_has_come_up_to_now_is_live_again(live) -> None:
    _watch, client = live
    with screen(client, ONE) as one:
        one.kind("hello")
        play(client, ONE, "seek", t_ms=NOW - 30 * MINUTE_MS)
        own = play(client, ONE, "speed", speed=3600).json()
        assert (own["own"], own["playing"], own["speed"]) == (True, True, 3600)
        one.until(lambda m: isinstance(m, dict) and m.get("clock", {}).get("own") is True)
        heard = one.until(lambda m: isinstance(m, dict) and m.get("clock", {}).get("own") is False)
    assert heard[-1]["clock"]["live"] is True


def test_what_leaves_the_present_and_what_does_not(live) -> None:
    watch, client = live
    for action, numbers in (("play", {}), ("live", {}), ("seek", {"t_ms": NOW})):
        assert play(client, ONE, action, **numbers).json()["own"] is False
    refused = play(client, ONE, "speed", speed=60)
    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "A live watch goes on as time does.",
    )
    for action, numbers in (("seek", {}), ("jump", {}), ("speed", {"speed": 0}), ("speed", {})):
        assert play(client, ONE, action, **numbers).status_code == 400
    assert watch.clocks.looking_back == 0
    # Without a name there is nobody whose clock it were; the present can always be asked for.
    refused = play(client, "", "seek", t_ms=T0_MS)
    assert (refused.status_code, "X-Sargas-Screen" in refused.json()["hint"]) == (400, True)
    assert play(client, "", "live").is_success
    assert shown_ms(client) == NOW


# ---- whose clock it is ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name", ["", "1", "1" * 31, "1" * 33, "G" * 32, "A" * 32, "../" * 11, "1" * 31 + "\u0131",
             "1" * 31 + "\n", "1" * 60_000, "' OR 1=1 --"],
)  # fmt: skip
def test_what_is_no_name_is_refused(live, name) -> None:
    watch, client = live
    asked = client.get("/api/status", params={"screen": name})
    assert (asked.status_code, asked.json()["error"]) == (400, "That is no name of a screen.")
    if name.isascii() and "\n" not in name:
        assert client.get("/api/status", headers=named(name)).status_code == 400
    if name.isascii() and name.isprintable() and name:
        assert play(client, name, "pause").status_code == 400
    if len(name) < 1000:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/ws?screen={name!r}"):
            pass
    assert watch.clocks.looking_back == 0


def test_the_name_of_a_foreign_screen_names_nothing(tmp_path) -> None:
    home = make_home(tmp_path / "home")
    with serving(home) as (watch, client):
        log_in(client, NAMES["officer"])
        look_back(client, ONE, T0_MS + 10 * MINUTE_MS)
        assert shown_ms(client, ONE) == T0_MS + 10 * MINUTE_MS
        client.cookies.clear()
        log_in(client, NAMES["supervisor"])
        assert shown_ms(client, ONE) == NOW
        with screen(client, ONE) as one:
            assert one.kind("hello")["status"]["clock"]["own"] is False
        assert play(client, ONE, "live").json()["own"] is False
        client.cookies.clear()
        # A program with a token of the same user is another one too.
        asked = client.get("/api/status", headers=named(ONE) | bearer(home, "officer"))
        assert asked.json()["clock"]["t_ms"] == NOW
        assert watch.clocks.looking_back == 1, "the officer still looks back"


def test_clocks_are_bounded(live) -> None:
    _watch, client = live
    names = [f"{k:032x}" for k in range(clockwork.MOST + 1)]
    for name in names[:-1]:
        assert play(client, name, "pause").is_success
    refused = play(client, names[-1], "pause")
    assert refused.status_code == 409
    assert refused.json()["error"].startswith(f"{clockwork.MOST} screens look back already")
    assert shown_ms(client, names[-1]) == NOW
    assert play(client, names[0], "seek", t_ms=T0_MS).is_success, "who has one keeps it"
    assert play(client, names[0], "live").is_success
    assert play(client, names[-1], "pause").is_success


def test_one_user_does_not_take_them_all(tmp_path) -> None:
    with serving(make_home(tmp_path / "home")) as (_watch, client):
        log_in(client, NAMES["officer"])
        done = [play(client, f"{k:032x}", "pause").status_code for k in range(5)]
        assert done == [200] * clockwork.MOST_OF_ONE + [409]
        log_in(client, NAMES["supervisor"])
        assert play(client, ONE, "pause").is_success


def test_a_viewer_looks_back_and_changes_nothing_for_others(tmp_path) -> None:
    with serving(make_home(tmp_path / "home")) as (watch, client):
        log_in(client, NAMES["viewer"])
        back_ms = T0_MS + 10 * MINUTE_MS
        look_back(client, ONE, back_ms)
        assert (shown_ms(client, ONE), shown_ms(client)) == (back_ms, NOW)
        assert play(client, ONE, "speed", speed=60).json()["speed"] == 60
        assert watch.player.speed == 1.0
        assert play(client, ONE, "live").json()["own"] is False
        assert play(client, "", "seek", t_ms=back_ms).status_code == 400, "the clock of nobody"
        assert shown_ms(client) == NOW


def test_viewers_leave_places_to_who_may_have_the_watch(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(clockwork, "MOST_OF_ONE", clockwork.MOST)
    free = clockwork.MOST - clockwork.KEPT
    with serving(make_home(tmp_path / "home")) as (_watch, client):
        log_in(client, NAMES["viewer"])
        done = [play(client, f"{k:032x}", "pause").status_code for k in range(free + 1)]
        assert done == [200] * free + [409]
        client.cookies.clear()
        log_in(client, NAMES["officer"])
        done = [play(client, f"{k:032x}", "pause").status_code for k in range(clockwork.KEPT + 1)]
        assert done == [200] * clockwork.KEPT + [409]


def test_a_screen_that_has_gone_looks_back_no_more(live, monkeypatch) -> None:
    watch, client = live
    monkeypatch.setattr(clockwork, "SWEEP_S", 0.01)
    with screen(client, ONE) as one:
        one.kind("hello")
        play(client, ONE, "pause")
        monkeypatch.setattr(clockwork, "GONE_S", 0.0)
        one.until(lambda m: isinstance(m, dict) and m.get("clock", {}).get("own") is True)
        one.kind("clock")  # some sweeps later
        assert watch.clocks.looking_back == 1, "it is connected"
    eventually(lambda: watch.clocks.looking_back == 0, "the end of its clock")
    assert shown_ms(client, ONE) == NOW


def test_a_lost_line_comes_back_to_the_clock_it_had(live) -> None:
    _watch, client = live
    back_ms = T0_MS + 10 * MINUTE_MS
    look_back(client, ONE, back_ms)
    for _ in range(2):
        with screen(client, ONE) as one:
            clock = one.kind("hello")["status"]["clock"]
            assert (clock["t_ms"], clock["own"]) == (back_ms, True)
            assert isinstance(one.until(lambda m: isinstance(m, bytes))[-1], bytes)


def test_over_stored_fixes_there_is_one_clock_for_all(tmp_path) -> None:
    home = Home(tmp_path / "home")
    with ShardWriter(home) as writer:
        writer.append(rows(0, STORED))
    span = Span(T0_MS, NOW, NOW)
    desk = Desk(Ledger(home), AuditLog(home))
    about = {"version": "0", "mode": "serve", "exercise": None, "attribution": []}
    player = Player(Picture(home), desk, lambda: span, list, about, playing=False, t_ms=NOW)
    app = make_app(player, desk, AssetSet([]), [], ["testserver"])
    with TestClient(app) as client:
        assert play(client, ONE, "seek", t_ms=T0_MS).json()["own"] is False
        assert shown_ms(client, TWO) == shown_ms(client) == T0_MS


# ---- the pictures --------------------------------------------------------------------------------
def test_a_pause_shows_what_was_shown_and_reads_nothing(live, monkeypatch) -> None:
    watch, client = live
    asked: list[str] = []
    real = type(watch.picture.archive)._ask

    def counting(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        asked.append(query)
        return real(self, query, *rest, **more)

    monkeypatch.setattr(type(watch.picture.archive), "_ask", counting)
    with screen(client, ONE) as one:
        one.kind("hello")
        play(client, ONE, "pause")
        heard = one.until(lambda m: isinstance(m, dict) and m.get("clock", {}).get("own") is True)
        for _ in range(3):
            heard.append(one.kind("clock"))
    assert {"kind": "reset"} not in heard
    assert asked == []
    assert len(watch.clocks.all()[1].picture._ahead) == 0
    with screen(client, ONE) as one:
        assert np.uint32(MMSI).tobytes() in one.until(lambda m: isinstance(m, bytes))[-1]


def test_the_last_minutes_are_in_the_past_before_they_are_stored(live) -> None:
    watch, _ = live
    at_ms = NOW - MINUTE_MS + 1000
    past = watch.picture.past()
    past.seek(at_ms)
    assert past.last_of(MMSI) == watch.picture.last_of(MMSI) == (20 + (MINUTES - 1) / 100, 58.0)
    past.seek(at_ms - MINUTE_MS)
    assert past.last_of(MMSI) == (20 + (MINUTES - 2) / 100, 58.0)
    # Playing from what is stored into what is not, step by step, loses nothing.
    past.seek(NOW - 5 * MINUTE_MS)
    seen = []
    for k in range(5):
        past.advance(NOW - (4 - k) * MINUTE_MS, NOW - MINUTE_MS)
        seen.append(past.last_of(MMSI))
    assert [round((place[0] - 20) * 100) for place in seen if place] == [176, 177, 178, 179, 179]


def test_pictures_of_several_clocks_do_not_disturb_each_other(tmp_path) -> None:
    """The present goes on while others go to and fro; each shows its own time, all the time."""
    home = Home(tmp_path / "home")
    watch = Watch(home)
    watch.picture.seek(NOW)
    faults: list[object] = []
    end = threading.Event()

    def looks(minute: int) -> None:
        past = watch.picture.past()
        try:
            while not end.is_set():
                past.seek(T0_MS + minute * MINUTE_MS)
                if past.last_of(MMSI) != (round(20 + minute / 100, 6), 58.0):
                    faults.append(past.last_of(MMSI))
                past.advance(T0_MS + (minute + 1) * MINUTE_MS, NOW)
                if past.last_of(MMSI) != (round(20 + (minute + 1) / 100, 6), 58.0):
                    faults.append(past.last_of(MMSI))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=looks, args=(minute,)) for minute in (30, 90, 176)]
    for thread in threads:
        thread.start()
    for k in range(200):
        new = rows(0, 1)
        new.subject_id[:], new.t_ms[:] = LATE, NOW + k
        watch.picture.take(Batch(new, Batch.empty().statics))
        watch.now_ms = NOW + k
        watch.picture.advance(NOW + k)
        assert watch.picture.last_of(LATE) is not None
        assert len(watch.picture.recent(NOW + k, NOW + k)) == 1
    end.set()
    for thread in threads:
        thread.join()
    assert faults == []


def test_the_present_goes_on_by_itself_after_a_fault(live, monkeypatch, capsys) -> None:
    from sargas.web import player as playing

    watch, _client = live
    monkeypatch.setattr(playing, "RETRY_S", 0.1)
    real = watch.picture.advance

    def fails(*_: object) -> list[bytes]:
        raise OSError(5, "disk")

    monkeypatch.setattr(watch.picture, "advance", fails)
    monkeypatch.setattr(watch.picture, "seek", fails)
    watch.now_ms += 2000
    eventually(lambda: not watch.player.playing, "the fault")
    monkeypatch.setattr(watch.picture, "advance", real)
    monkeypatch.undo()
    eventually(lambda: watch.player.t_ms == watch.now_ms, "the present")
    assert watch.player.playing
    assert "disk" in capsys.readouterr().err


def test_two_acts_at_once_make_one_clock(live) -> None:
    watch, client = live

    def seeks() -> None:
        done.append(play(client, ONE, "seek", t_ms=T0_MS + 10 * MINUTE_MS).json()["own"])

    done: list[bool] = []
    threads = [threading.Thread(target=seeks) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [True] * 6
    assert watch.clocks.looking_back == 1
