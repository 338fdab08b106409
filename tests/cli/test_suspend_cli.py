"""Suspensions at the command line: logged, listed, ended; and a scan that knows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sargas.model.time import DAY_MS, HOUR_MS, iso, parse_iso
from sargas.store import AuditLog, Home, Ledger
from tests.store.alerts import make_alert

from .conftest import Call

ALERTS = [make_alert(n, priority="P2") for n in range(3)]
SQUARE = {"type": "Polygon", "coordinates": [[[25, 59], [26, 59], [26, 61], [25, 61], [25, 59]]]}
BAY = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {}, "geometry": SQUARE}]}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", ALERTS[:2])
    return home


def test_suspend_list_and_resume(call: Call, home: Home, tmp_path: Path) -> None:
    bay = tmp_path / "bay.geojson"
    bay.write_text(json.dumps(BAY))
    who = ("--officer", "V.P.", "--home", home.path)
    mmsi = ALERTS[2].subject.mmsi
    begun = call("alerts", "suspend", "--mmsi", mmsi, "--mmsi", 5, "--detector", "gap", "--area",
                 bay, "--until", "7d", "--reason", "Cable ship", *who)  # fmt: skip
    assert begun.code == 0, begun.err
    now_ms = ALERTS[1].t_issued_ms
    assert begun.out == f"s1  until {iso(now_ms + 7 * DAY_MS)}\n"
    assert "Written into the log as V.P." in begun.err
    by_list = call("alerts", "suspend", "--list", "Own fleet", "--detector", "all", "--until", "8h",
                   "--reason", "Exercise", *who, "--json", "--quiet")  # fmt: skip
    assert json.loads(by_list.out)["detectors"] == []
    # What the watch finds later is muted wherever alerts are listed; what stood is not.
    with Ledger(home) as ledger:
        ledger.commit("s", 2, b"", ALERTS[2:])
    shown = call("alerts", "list", "--home", home.path, "--muted", "--json").rows
    assert [(a["priority"], a["muted_by"]) for a in shown] == [
        ("P2", []), ("P2", []), ("P3", ["suspension:s1"])
    ]  # fmt: skip
    assert len(call("alerts", "list", "--home", home.path, "--json").rows) == 2
    listed = call("alerts", "suspensions", "--home", home.path)
    for words in (f"5, {mmsi}", "bay", "list Own fleet", "everywhere", "all", "Cable ship"):
        assert words in listed.out
    first, _ = call("alerts", "suspensions", "--home", home.path, "--json").rows
    assert (first["muted"], first["from_ms"], first["area"]["type"]) == (1, now_ms, "Polygon")
    ended = call("alerts", "resume", "s1", *who, "--comment", "They have left.")
    assert ended.code == 0, ended.err
    assert call("alerts", "resume", "s1", *who).code == 1
    assert len(call("alerts", "suspensions", "--home", home.path, "--json").rows) == 1
    past = call("alerts", "suspensions", "--home", home.path, "--past", "--json").rows
    assert [one["ended_by"] for one in past] == ["V.P.", None]
    log = call("audit", "list", "--home", home.path)
    assert "end_suspension" in log.out
    assert "s1; Cable ship" in log.out
    with AuditLog(home) as opened:
        opened.start_watch("V.P.", t_ms=now_ms + HOUR_MS, at_ms=0)
    assert f"Suspension s2 ends {iso(now_ms + 8 * HOUR_MS)}: Exercise (V.P.; 0 alerts muted)" in (
        call("handover", "--home", home.path).out
    )


def test_refusals_say_what_to_do(call: Call, home: Home, tmp_path: Path) -> None:
    two = tmp_path / "two.geojson"
    two.write_text(json.dumps(BAY | {"features": BAY["features"] * 2}))
    said = ("--until", "8h", "--reason", "Works", "--officer", "V.P.", "--home", home.path)
    for words, code, what in (
        (("--detector", "gapp", "--mmsi", 5), 2, "'gapp' is no detector of vessels"),
        (("--detector", "feed_health", "--mmsi", 5), 2, "no detector of vessels"),
        (("--detector", "gap"), 2, "for a vessel or for a list"),
        (("--mmsi", 5), 2, "--detector"),
        (("--detector", "gap", "--mmsi", 5, "--area", two), 3, "not one polygon"),
        (("--detector", "gap", "--mmsi", 5, "--area", tmp_path / "no"), 3, "cannot be read"),
        (("--detector", "gap", "--mmsi", 5, "--comment", "x"), 2, "--reason"),
    ):
        done = call("alerts", "suspend", *words, *said)
        assert (done.code, what in done.err + done.out) == (code, True), done.err
    assert call("alerts", "resume", "s9", *said[4:]).code == 5
    with AuditLog(home) as log:
        assert log.lines() == []


def test_a_scan_judges_by_the_suspensions_of_its_home(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    plain = call("scan", exercise_log, "--json", "--muted", "--quiet").rows
    loud = [a for a in plain if not a["muted_by"] and a["subject"]["mmsi"]]
    assert loud
    one = loud[0]
    home = Home(tmp_path / "home")
    with Ledger(home):
        pass
    with AuditLog(home) as log:
        t_ms = parse_iso(one["t_detected"])
        said = {"mmsis": [one["subject"]["mmsi"]], "detectors": [one["detector"]],
                "until_ms": t_ms + DAY_MS, "reason": "Known"}  # fmt: skip
        log.suspend("V.P.", said, t_ms=t_ms, at_ms=0)
    words = ("scan", exercise_log, "--json", "--muted", "--home", home.path)
    found = {a["id"]: a for a in call(*words).rows}
    assert set(found) == {a["id"] for a in plain}
    muted = found[one["id"]]
    assert (muted["priority"], muted["muted_by"]) == ("P3", ["suspension:s1"])
    with Ledger(home) as ledger:
        assert ledger.suppressions()["suspension:s1"] >= 1
    # The same again is the same scan; with the suspension ended it is another one.
    again = call(*words)
    assert {a["id"]: a for a in again.rows} == found
    assert "differ" not in again.err
    with AuditLog(home) as log:
        log.end_suspension("s1", "V.P.", t_ms=t_ms, at_ms=0)
    assert "1 alert differs from what this home stores" in call(*words).err
