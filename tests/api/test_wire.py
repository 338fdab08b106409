"""Every path of docs/wire.md over real homes, in words and byte for byte."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sargas.model.fixes import Fixes
from sargas.model.time import MINUTE_MS, parse_iso
from sargas.store import Home
from sargas.store.shards import read_day, read_statics_day
from sargas.web import frames
from sargas.web import picture as picturing
from sargas.web.picture import MAX_AGE_MS, Picture

from .conftest import HOSTILE, Service, frame_of, told

WIRE = Path(__file__).parents[2] / "docs" / "wire.md"
DRAGGER = 518998865
CLOCK = {"t_ms", "t", "playing", "speed", "live", "own", "span", "analysed_to_ms"}
FEED = {"name", "kind", "last_ms", "fixes", "rejected", "note"}
TRACK = ("t_ms", "lon", "lat", "sog_kn", "cog_deg", "heading_deg")


def decode(frame: bytes) -> tuple[int, float, dict[str, NDArray[Any]]]:
    """Read a frame by the table in docs/wire.md alone."""
    n, version, kind, reserved, t_s = struct.unpack_from("<IBBHd", frame)
    assert (version, reserved) == (1, 0)
    at, out = 16, {}
    layout = [("mmsi", "<u4", n)]
    if kind != 2:
        layout += [("place", "<f4", 2 * n), ("cog", "<u2", n), ("sog", "<u2", n),
                   ("age", "<u2", n), ("class", "u1", n)]  # fmt: skip
    for name, dtype, count in layout:
        out[name] = np.frombuffer(frame, dtype, count, at)
        at += out[name].nbytes
    assert at == len(frame)
    return kind, t_s, out


def last_fixes(home: Path, t_ms: int) -> dict[int, int]:
    """By hand: of each ship the time of its last fix with a position, at most 20 minutes old."""
    opened = Home(home, create=False)
    last: dict[int, int] = {}
    for day in opened.days():
        fixes = read_day(opened, day)
        there = fixes.has_position & (fixes.t_ms <= t_ms) & (fixes.t_ms >= t_ms - 20 * MINUTE_MS)
        for mmsi, t in zip(fixes.subject_id[there].tolist(), fixes.t_ms[there].tolist(),
                           strict=True):  # fmt: skip
            last[mmsi] = max(last.get(mmsi, 0), t)
    return last


# ---- paths ---------------------------------------------------------------------------------------
def test_every_get_path_of_the_document_answers(exercise: Service) -> None:
    table = [line for line in WIRE.read_text().splitlines() if line.startswith("| `")]
    cells = [line.split("|")[1] for line in table]
    paths = [p for cell in cells if "POST" not in cell for p in re.findall(r"`(/[^`]*)`", cell)]
    assert len(paths) >= 18
    with exercise.http as http:  # a handover is of somebody's watch
        http.post("/api/watches", json={"action": "start", "officer": "V.P."})
    [alert] = [a for a in exercise.get("/api/alerts").json()["alerts"]
               if a["detector"] == "drag_onset"]  # fmt: skip
    span = exercise.get("/api/status").json()["clock"]["span"]
    for path in paths:
        filled = (
            path.replace("{id}", alert["id"]).replace("{mmsi}", str(DRAGGER))
            .replace("from_ms=", f"from_ms={span['from_ms']}")
            .replace("to_ms=", f"to_ms={span['to_ms']}").replace("q=", "q=eagle")
        )  # fmt: skip
        if path == "/static/":
            continue
        answer = exercise.get(filled)
        assert answer.status_code == 200, path
        kind = "csv" if path.endswith(".csv") else "json"
        kind = kind if path.startswith(("/api", "/geo", "/ogc", "/healthz")) else "text/html"
        kind = "text/plain" if path == "/metrics" else kind
        assert kind in answer.headers["content-type"], path
    assert exercise.get("/static/index.js").status_code == 200


def test_status_says_what_the_document_says(real: Service, exercise: Service) -> None:
    status = real.get("/api/status").json()
    assert status.keys() == {"version", "mode", "exercise", "clock", "feeds", "attribution",
                             "vessels", "fixes", "user", "halt"}  # fmt: skip
    assert status["user"] is None
    assert status["halt"] is None
    assert status["mode"] == "serve"
    assert status["exercise"] is None
    assert status["clock"].keys() == CLOCK
    assert status["clock"]["span"].keys() == {"from_ms", "to_ms"}
    assert [feed.keys() for feed in status["feeds"]] == [FEED]
    assert status["vessels"] > 1000
    assert any("OpenStreetMap" in text for text in status["attribution"])
    other = exercise.get("/api/status").json()
    assert other["exercise"].keys() == {"name", "title", "note"}
    assert other["exercise"]["name"] == "eagle-s"


def test_assets_and_layers_are_geojson(real: Service) -> None:
    assets = real.get("/api/assets").json()
    assert assets["type"] == "FeatureCollection"
    assert len(assets["features"]) > 100
    for feature in assets["features"]:
        assert feature["properties"].keys() == {"id", "name", "kind", "status", "operator",
                                                "accuracy_m", "length_km"}  # fmt: skip
    assert assets["attribution"]
    for layer in ("land", "territory", "ports"):
        answer = real.get(f"/geo/{layer}.geojson")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.json()["features"]


def test_an_alert_has_its_evidence_and_versions(exercise: Service) -> None:
    exercise.play("seek", t_ms=2**53)
    alerts = exercise.get("/api/alerts").json()["alerts"]
    [listed] = [a for a in alerts if a["detector"] == "drag_onset"]
    alert = exercise.get(f"/api/alerts/{listed['id']}").json()
    whole = exercise.get("/api/alerts?whole=1").json()["alerts"]
    [same] = [a for a in whole if a["id"] == listed["id"]]
    assert {k: v for k, v in alert.items() if k not in ("evidence", "versions", "log")} == {
        k: v for k, v in same.items() if k != "evidence"
    }
    assert alert["log"] == []
    assert alert["evidence"].keys() >= {"fixes", "rules", "attribution", "caveat"}
    assert tuple(alert["evidence"]["fixes"]) == (*TRACK, "distance_m")
    lengths = {len(column) for column in alert["evidence"]["fixes"].values()}
    assert len(lengths) == 1
    assert lengths.pop() > 100
    versions = alert["versions"]
    assert [v["version"] for v in versions] == list(range(1, len(versions) + 1))
    assert versions[-1] == {k: alert[k] for k in versions[-1]}
    assert all(
        v.keys() == {"version", "state", "priority", "t_detected", "t_issued", "text"}
        for v in versions
    )


def test_the_list_is_without_what_only_a_selected_alert_shows(exercise: Service) -> None:
    """Read from the document: what the list leaves out, and that the rest is as it is whole."""
    exercise.play("seek", t_ms=2**53)
    said = re.search(r"\*\*ListedAlert\*\*: an Alert without `([a-z_ ]+)`", WIRE.read_text())
    assert said
    left_out = set(said[1].split())
    listed = exercise.get("/api/alerts").json()["alerts"]
    whole = exercise.get("/api/alerts?whole=1").json()["alerts"]
    assert len(listed) == 3
    for short, full in zip(listed, whole, strict=True):
        assert left_out == full.keys() - short.keys()
        assert short.keys() < full.keys()
        assert short["context"] == {k: v for k, v in full["context"].items() if k == "lists"}
        full["context"] = short["context"]
        assert short.items() <= full.items()


def test_what_is_packed_is_not_packed_again(exercise: Service) -> None:
    [alert] = [a for a in exercise.get("/api/alerts").json()["alerts"]
               if a["detector"] == "drag_onset"]  # fmt: skip
    assert exercise.get("/api/alerts").headers["content-encoding"] == "gzip"
    bundle = exercise.get(f"/api/alerts/{alert['id']}/bundle.zip")
    assert bundle.status_code == 200
    assert "content-encoding" not in bundle.headers


def test_a_vessel_its_track_and_its_name(exercise: Service, exercise_home: Path) -> None:
    exercise.play("seek", t_ms=2**53)
    vessel = exercise.get(f"/api/vessels/{DRAGGER}").json()
    assert vessel.keys() == {
        "mmsi", "name", "imo", "callsign", "ship_type", "ship_type_text", "length_m", "flag",
        "destination", "last", "exercise",
    }  # fmt: skip
    assert (vessel["mmsi"], vessel["name"], vessel["exercise"]) == (
        DRAGGER, "EAGLE S EXERCISE", True,
    )  # fmt: skip
    assert vessel["last"].keys() == {"t", "lon", "lat", "sog_kn", "cog_deg", "heading_deg",
                                     "nav_status"}  # fmt: skip
    span = exercise.get("/api/status").json()["clock"]["span"]
    track = exercise.get(f"/api/vessels/{DRAGGER}/track", params=span).json()
    assert tuple(track) == TRACK
    fixes = read_day(Home(exercise_home, create=False), "2024-12-25")
    mine = fixes.take((fixes.subject_id == DRAGGER) & fixes.has_position)
    assert track["t_ms"] == mine.t_ms.tolist()
    assert np.allclose(track["lon"], mine.lon_deg, atol=1e-6)
    assert track["sog_kn"] == [None if v != v else v for v in np.round(mine.sog_kn, 1).tolist()]
    found = exercise.get("/api/search", params={"q": "gle s ex"}).json()["vessels"]
    assert [row["mmsi"] for row in found] == [DRAGGER]
    assert found[0].keys() == {"mmsi", "name", "imo", "callsign", "lon", "lat"}
    assert exercise.get("/api/search", params={"q": ""}).json() == {"vessels": []}
    many = exercise.get("/api/search", params={"q": "s"}).json()["vessels"]
    assert len(many) <= 20


# ---- refusals ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/nothing", 404), ("/nothing", 404), ("/api/alerts/nothing", 404),
        ("/api/vessels/999999999", 404), ("/api/vessels/99999999999999999999999", 404),
        ("/api/vessels/eagle", 404), (f"/api/vessels/{DRAGGER}/track", 400),
        (f"/api/vessels/{DRAGGER}/track?from_ms=a&to_ms=b", 400), ("/geo/nothing.geojson", 404),
        ("/geo/..%2f..%2fetc.geojson", 404), ("/static/../../../pyproject.toml", 404),
        ("/static/%2e%2e/%2e%2e/api.py", 404),
    ],
)  # fmt: skip
def test_refusals_are_json_with_an_error_and_a_hint(
    exercise: Service, path: str, status: int
) -> None:
    answer = exercise.get(path)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "hint"}
    assert answer.json()["error"]


def test_numbers_beyond_any_clock_are_no_fault(exercise: Service) -> None:
    path = f"/api/vessels/{DRAGGER}/track"
    far = {"from_ms": -(10**30), "to_ms": 10**30}
    assert len(exercise.get(path, params=far).json()["t_ms"]) > 100
    assert exercise.get(path, params={"from_ms": 5, "to_ms": 1}).json()["t_ms"] == []
    for mmsi in (0, 2**32, 2**63, 10**40):
        track = exercise.get(f"/api/vessels/{mmsi}/track", params=far)
        assert track.status_code in (200, 404)
        if track.status_code == 200:
            assert track.json()["t_ms"] == []
    assert exercise.get("/api/search", params={"q": "%_\\'\";--" * 300}).json() == {"vessels": []}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"play"', b'{"action": 1}', b'{"action": "fly"}', b'{"action": "seek"}',
        b'{"action": "speed", "speed": 0}', b'{"action": "speed", "speed": 1e9}',
        b'{"action": "play", "more": 1}', b'{"action": "seek", "t_ms": 1.5}', b"\xff\xfe",
        b'{"action": "seek", "t_ms": "now"}', b" " * 5000, b'{"action": "speed", "speed": NaN}',
    ],
)  # fmt: skip
def test_a_bad_playback_request_changes_nothing(exercise: Service, body: bytes) -> None:
    exercise.play("pause")
    before = exercise.get("/api/status").json()["clock"]
    with exercise.http as http:
        answer = http.post("/api/playback", content=body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error", "hint"}
    assert exercise.get("/api/status").json()["clock"] == before


def test_other_methods_are_refused(exercise: Service) -> None:
    with exercise.http as http:
        for method, path in (("POST", "/api/alerts"), ("GET", "/api/playback"), ("DELETE", "/")):
            answer = http.request(method, path)
            assert answer.status_code == 405
            assert answer.json().keys() == {"error", "hint"}


def test_another_page_cannot_move_the_clock_or_listen(exercise: Service) -> None:
    with exercise.http as http:
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
            answer = http.post(
                "/api/playback", json={"action": "pause"}, headers={"origin": origin}
            )
            assert answer.status_code == 403
            assert answer.json()["error"]
        own = exercise.url.rstrip("/")
        answer = http.post("/api/playback", json={"action": "pause"}, headers={"origin": own})
        assert answer.status_code == 200
    from websockets.exceptions import InvalidStatus

    with (
        pytest.raises(InvalidStatus) as refused,
        exercise.screen(additional_headers={"Origin": "http://evil.example"}),
    ):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_strange_host_name_is_refused(exercise: Service, host: str) -> None:
    answer = exercise.get("/api/status", headers={"host": host})
    assert answer.status_code == 400
    assert answer.json().keys() == {"error", "hint"}


@pytest.mark.parametrize("host", ["localhost", "localhost:8750", "127.0.0.1:1", "[::1]:8750"])
def test_this_machine_is_asked_by_any_of_its_names(exercise: Service, host: str) -> None:
    assert exercise.get("/api/status", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/status", "/static/index.js", "/api/nothing"])
def test_headers_keep_a_page_from_what_it_need_not_do(exercise: Service, path: str) -> None:
    for options in ({}, {"headers": {"host": "evil.example"}}):
        headers = exercise.get(path, **options).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
            assert part in policy
        for name in ("opener", "resource"):
            assert headers[f"cross-origin-{name}-policy"] == "same-origin"
        assert "geolocation=()" in headers["permissions-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


def test_a_hostile_name_comes_through_as_text(hostile: Service) -> None:
    answer = hostile.get("/api/vessels/219000001")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["name"] == HOSTILE
    assert answer.json()["callsign"] == "<b>"
    assert answer.json()["destination"] == "</script>"
    found = hostile.get("/api/search", params={"q": "onerror"}).json()["vessels"]
    assert [row["name"] for row in found] == [HOSTILE]


# ---- frames --------------------------------------------------------------------------------------
def test_the_snapshot_is_the_picture_byte_for_byte(real: Service, real_home: Path) -> None:
    with real.screen() as socket:
        hello = json.loads(socket.recv())
        assert hello["kind"] == "hello"
        assert hello["status"] == real.get("/api/status").json()
        frame = socket.recv()
    assert isinstance(frame, bytes)
    t_ms = hello["status"]["clock"]["t_ms"]
    kind, t_s, c = decode(frame)
    assert (kind, t_s) == (0, t_ms / 1000)
    assert len(frame) == 16 + 19 * len(c["mmsi"])
    last = last_fixes(real_home, t_ms)
    assert sorted(c["mmsi"].tolist()) == sorted(last)
    assert len(last) > 1000
    fixes = read_day(Home(real_home, create=False), "2013-11-12")
    fixes = fixes.take(fixes.has_position)
    statics = read_statics_day(Home(real_home, create=False), "2013-11-12")
    types = {m: k for m, k in zip(statics.subject_id.tolist(), statics.ship_type.tolist(),
                                  strict=True) if k}  # fmt: skip
    by_mmsi: dict[int, list[int]] = {}
    for row, mmsi in enumerate(fixes.subject_id.tolist()):
        by_mmsi.setdefault(mmsi, []).append(row)
    stations = 0
    for i, mmsi in enumerate(c["mmsi"].tolist()):
        rows = [r for r in by_mmsi[mmsi] if fixes.t_ms[r] == last[mmsi]]
        wanted = {
            (np.float32(fixes.lon_raw[r] / 6e5), np.float32(fixes.lat_raw[r] / 6e5),
             int(fixes.cog_raw[r]), int(fixes.sog_raw[r])) for r in rows
        }  # fmt: skip
        assert (c["place"][2 * i], c["place"][2 * i + 1], int(c["cog"][i]), int(c["sog"][i])) in (
            wanted
        )
        assert int(c["age"][i]) == (t_ms - last[mmsi]) // 1000
        if {int(fixes.msg_type[r]) for r in rows} <= {4, 11, 21}:
            stations += 1
            assert c["class"][i] == 10
        else:
            kinds = frames.vessel_class(np.array([types.get(mmsi, 0)], np.uint8))
            assert c["class"][i] == kinds[0]
    assert stations > 10


def test_vessels_of_an_exercise_are_marked_in_every_frame(exercise: Service) -> None:
    exercise.play("seek", t_ms=parse_iso("2024-12-25T11:30:00Z"))
    with exercise.screen() as socket:
        _, _, c = decode(frame_of(socket))
    assert DRAGGER in c["mmsi"].tolist()
    assert (c["class"] & 0x80 == 0x80).all()


@settings(max_examples=40)
@given(st.data())
def test_encode_is_the_documented_layout(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 30))

    def column(low: int, high: int) -> list[int]:
        return data.draw(st.lists(st.integers(low, high), min_size=n, max_size=n))

    now = data.draw(st.integers(0, 4 * 10**12))
    fixes = Fixes.build(
        n, subject_id=column(0, 2**30 - 1), lon_raw=column(-108_000_000, 108_000_000),
        lat_raw=column(-54_000_000, 54_000_000), cog_raw=column(0, 4095), sog_raw=column(0, 1023),
        t_ms=column(0, 4 * 10**12),
    )  # fmt: skip
    classes = np.array(column(0, 255), np.uint8)
    kind, t_s, c = decode(frames.encode(frames.SNAPSHOT, now, fixes, classes))
    assert (kind, t_s) == (0, now / 1000)
    assert c["mmsi"].tolist() == fixes.subject_id.tolist()
    assert c["place"][0::2].tolist() == (fixes.lon_raw / 6e5).astype("f4").tolist()
    assert c["place"][1::2].tolist() == (fixes.lat_raw / 6e5).astype("f4").tolist()
    assert c["cog"].tolist() == [min(v, 3600) for v in fixes.cog_raw.tolist()]
    assert c["sog"].tolist() == fixes.sog_raw.tolist()
    ages = [min(max((now - t) // 1000, 0), 65_535) for t in fixes.t_ms.tolist()]
    assert c["age"].tolist() == ages
    assert c["class"].tolist() == classes.tolist()
    kind, _, c = decode(frames.encode(frames.REMOVED, now, fixes))
    assert kind == 2
    assert c["mmsi"].tolist() == fixes.subject_id.tolist()


@settings(max_examples=15)
@given(
    steps=st.lists(st.integers(1, 40 * 60), min_size=1, max_size=12),
    start=st.integers(0, 9000),
    ahead=st.sampled_from([0, 30, 1500, 10**6]),
    most=st.sampled_from([1, 40, 10**5]),
)
def test_deltas_and_removals_add_up_to_the_snapshot(
    exercise_home: Path, steps: list[int], start: int, ahead: int, most: int
) -> None:
    """However far may be read ahead, and however few rows at once."""
    picture = Picture(Home(exercise_home, create=False))
    now = parse_iso("2024-12-25T08:44:00Z") + 1000 * start
    screen: dict[int, tuple[float, float]] = {}

    def show(frame: bytes) -> int:
        kind, _, c = decode(frame)
        for i, mmsi in enumerate(c["mmsi"].tolist()):
            if kind == 2:
                del screen[mmsi]
            else:
                screen[mmsi] = (float(c["place"][2 * i]), float(c["place"][2 * i + 1]))
        return kind

    assert show(picture.seek(now)) == 0
    for step in steps:
        now += 1000 * step
        with patch.object(picturing, "AHEAD_ROWS", most):
            kinds = [show(frame) for frame in picture.advance(now, now + 1000 * ahead)]
        assert kinds in ([1], [1, 2])
        fresh = Picture(Home(exercise_home, create=False))
        _, _, c = decode(fresh.seek(now))
        assert sorted(screen) == sorted(c["mmsi"].tolist())
        for i, mmsi in enumerate(c["mmsi"].tolist()):
            assert screen[mmsi] == (float(c["place"][2 * i]), float(c["place"][2 * i + 1]))


def test_a_ship_that_falls_silent_is_removed_after_twenty_minutes(exercise_home: Path) -> None:
    picture = Picture(Home(exercise_home, create=False))
    assert MAX_AGE_MS == 20 * MINUTE_MS
    ends = picture.archive.span()
    assert ends is not None
    picture.seek(ends[1])
    kinds = [decode(frame) for frame in picture.advance(ends[1] + 21 * MINUTE_MS)]
    assert [kind for kind, _, _ in kinds] == [1, 2]
    assert kinds[0][2]["mmsi"].tolist() == []
    assert DRAGGER in kinds[1][2]["mmsi"].tolist()
    assert picture.vessels == 0


# ---- the clock -----------------------------------------------------------------------------------
def test_nothing_after_the_clock_is_told(exercise: Service, exercise_home: Path) -> None:
    exercise.play("seek", t_ms=2**53)
    [drag] = [a for a in exercise.get("/api/alerts").json()["alerts"]
              if a["detector"] == "drag_onset"]  # fmt: skip
    issued = parse_iso(drag["t_issued"])
    for t_ms, heard in ((issued - 1, False), (issued, True)):
        clock = exercise.play("seek", t_ms=t_ms).json()
        assert clock["t_ms"] == t_ms
        alerts = exercise.get("/api/alerts").json()["alerts"]
        assert (drag["id"] in {a["id"] for a in alerts}) == heard
        assert all(parse_iso(a["t_issued"]) <= t_ms for a in alerts)
        one = exercise.get(f"/api/alerts/{drag['id']}")
        assert one.status_code == (200 if heard else 404)
        if heard:
            assert max(one.json()["evidence"]["fixes"]["t_ms"]) <= t_ms
        track = exercise.get(f"/api/vessels/{DRAGGER}/track", params={"from_ms": 0, "to_ms": 2**53})
        assert max(track.json()["t_ms"]) <= t_ms
        assert parse_iso(exercise.get(f"/api/vessels/{DRAGGER}").json()["last"]["t"]) <= t_ms
        with exercise.screen() as socket:
            _, t_s, c = decode(frame_of(socket))
        assert t_s == t_ms / 1000
        assert sorted(c["mmsi"].tolist()) == sorted(last_fixes(exercise_home, t_ms))
    # The clock stays within what is stored.
    first = exercise.get("/api/status").json()["clock"]["span"]["from_ms"]
    exercise.play("seek", t_ms=0)
    assert exercise.get("/api/status").json()["clock"]["t_ms"] == first


def test_alerts_are_newest_first(exercise: Service) -> None:
    exercise.play("seek", t_ms=2**53)
    times = [a["t_detected"] for a in exercise.get("/api/alerts").json()["alerts"]]
    assert times == sorted(times, reverse=True)


def test_a_seek_resets_every_screen_in_order(exercise: Service) -> None:
    t_ms = parse_iso("2024-12-25T10:00:00Z")
    exercise.play("pause")
    with exercise.screen() as one, exercise.screen() as two:
        for socket in (one, two):
            assert json.loads(socket.recv(timeout=10))["kind"] == "hello"
            assert isinstance(socket.recv(timeout=10), bytes)
        exercise.play("seek", t_ms=t_ms)
        for socket in (one, two):
            told(socket, "reset")
            frame = socket.recv(timeout=10)
            assert isinstance(frame, bytes)
            assert decode(frame)[:2] == (0, t_ms / 1000)
            assert told(socket, "clock")["clock"]["t_ms"] == t_ms


def test_playing_sends_deltas_alerts_clock_and_feeds(exercise: Service) -> None:
    exercise.play("seek", t_ms=2**53)
    [drag] = [a for a in exercise.get("/api/alerts").json()["alerts"]
              if a["detector"] == "drag_onset"]  # fmt: skip
    start = parse_iso(drag["t_issued"]) - 60_000
    exercise.play("pause")
    exercise.play("seek", t_ms=start)
    with exercise.screen() as socket:
        told(socket, "hello")
        exercise.play("speed", speed=120)
        exercise.play("play")
        seen: dict[str, int] = {}
        now = start
        for _ in range(200):
            message = socket.recv(timeout=20)
            if isinstance(message, bytes):
                kind, t_s, _ = decode(message)
                seen[f"frame {kind}"] = seen.get(f"frame {kind}", 0) + 1
                now = round(t_s * 1000)
                continue
            body = json.loads(message)
            seen[body["kind"]] = seen.get(body["kind"], 0) + 1
            if body["kind"] == "alerts":
                assert drag["id"] in {a["id"] for a in body["alerts"]}
                assert all(parse_iso(a["t_issued"]) <= now for a in body["alerts"])
            if {"alerts", "feeds", "clock", "frame 1"} <= seen.keys():
                break
        assert {"alerts", "feeds", "clock", "frame 1"} <= seen.keys()
        paused = exercise.play("pause").json()
        assert paused["playing"] is False
        assert paused["speed"] == 120
