"""Triage, the log and the handover at the command line."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from sargas.store import AuditLog, Home, Ledger
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS

from .conftest import Call

ALERTS = [make_alert(n, priority="P1" if n == 0 else "P2") for n in range(3)]
IDS = [alert.id for alert in ALERTS]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = Home(tmp_path / "home")
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", ALERTS)
    return home.path


def test_acts_go_into_the_log_and_the_lists(call: Call, home: Path) -> None:
    who = ("--officer", "V.P.", "--home", home)
    done = call("alerts", "ack", IDS[0][:8], IDS[1], *who, "--comment", "Seen.")
    assert done.code == 0
    assert done.out.count("unack") == done.out.count(" ack") == 2
    done = call("alerts", "dismiss", IDS[1], "--reason", "permitted", *who, "--json", "--quiet")
    line = json.loads(done.out)
    assert (line["verb"], line["old"], line["new"]) == ("dismiss", "ack", "dismissed")
    assert done.err == ""
    assert call("alerts", "reopen", IDS[1], *who).code == 0
    assert call("alerts", "escalate", IDS[2], "--to", "Coast guard", "--ref", "7", *who).code == 0
    assert call("alerts", "snooze", IDS[1], "--until", "2h", *who).code == 0
    assert call("alerts", "claim", IDS[1], *who).code == 0
    assert call("alerts", "comment", IDS[1], *who, "--comment", "x\x1b[31m").code == 2
    assert call("alerts", "resolve", IDS[0], *who).code == 0
    rows = [
        json.loads(text)
        for text in call("audit", "list", "--home", home, "--json").out.splitlines()
    ]
    assert [row["verb"] for row in rows] == [
        "acknowledge", "acknowledge", "dismiss", "reopen", "escalate", "snooze", "claim", "resolve",
    ]  # fmt: skip
    own = call("audit", "list", "--home", home, "--alert", IDS[2])
    assert "Coast guard; 7" in own.out
    assert own.out.count("\n") == 2


def test_refusals_say_what_to_do(call: Call, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SARGAS_OFFICER", raising=False)
    nameless = call("alerts", "ack", IDS[0], "--home", home)
    assert nameless.code == 2
    assert "--officer" in nameless.err
    monkeypatch.setenv("SARGAS_OFFICER", "V.P.")
    for words, code, said in (
        (("ack", "ffffffff"), 5, "no alert"),
        (("ack",), 2, "Which alert"),
        (("resolve", IDS[0]), 2, "acknowledge it first"),
        (("dismiss", IDS[0], "--reason", "other"), 2, "needs a comment"),
        (("snooze", IDS[0], "--until", "3 days"), 2, "3 days"),
        (("snooze", IDS[0], "--until", "48h"), 2, "within a minute and a day"),
        (("comment", IDS[0]), 2, "empty"),
    ):
        done = call("alerts", *words, "--home", home)
        assert done.code == code, done.err
        assert said in done.err
    with AuditLog(Home(home)) as log:
        assert log.lines() == []


def test_the_log_is_verified(call: Call, home: Path) -> None:
    none = call("audit", "list", "--after", 10**30, "--home", home)
    assert none.code == 0, none.err
    who = ("--officer", "V.P.", "--home", home, "--quiet")
    for name in IDS:
        assert call("alerts", "ack", name, *who).code == 0
    whole = call("audit", "verify", "--home", home, "--json")
    assert whole.code == 0
    head = json.loads(whole.out)["head"]
    assert call("audit", "verify", "--home", home, "--noted", head[:10]).code == 0
    cut = call("audit", "verify", "--home", home, "--noted", "0" * 64)
    assert cut.code == 1
    assert "its end was cut" in cut.out
    with sqlite3.connect(home / "sargas.db") as db:
        db.execute("UPDATE audit_log SET new = 'dismissed' WHERE seq = 2")
    db.close()
    broken = call("audit", "verify", "--home", home)
    assert (broken.code, broken.out) == (1, "Line 2: It is not what was written.\n")


def test_the_handover(call: Call, home: Path) -> None:
    assert call("handover", "--home", home).code == 5
    with AuditLog(Home(home)) as log:
        log.start_watch("V.P.", t_ms=T0_MS, at_ms=T0_MS)
    assert call("alerts", "dismiss", IDS[0], "--reason", "duplicate", "--officer", "V.P.",
                "--home", home).code == 0  # fmt: skip
    text = call("handover", "--home", home)
    assert text.code == 0
    assert "Watch of V.P." in text.out
    assert "1 Alarms, 2 Warnings" in text.out
    assert "Open, oldest first: 2" in text.out
    assert len(call("handover", "--home", home, "--csv").out.splitlines()) == 1 + 3
    report = json.loads(call("handover", "--home", home, "--officer", "V.P.", "--json").out)
    assert report["counts"]["by_reason"] == {"duplicate": 1}
    assert [one["officer"] for one in report["watches"]] == ["V.P."]
    assert call("handover", "--home", home, "--officer", "X").code == 5
    assert call("handover", "--home", home, "--csv", "--json").code == 2
    with AuditLog(Home(home)) as log:  # the newest time need not be that of the newest line
        log.start_watch("A.B.", t_ms=T0_MS + 10**9, at_ms=T0_MS)
        log.end_watch("V.P.", t_ms=T0_MS + 10**6, at_ms=T0_MS)
    assert "Watch of A.B." in call("handover", "--home", home).out


def test_releases_are_acts_and_groups_are_those_of_the_policy(call: Call, home: Path) -> None:
    who = ("--officer", "V.P.", "--home", home)
    done = call("alerts", "release", IDS[0][:8], "--to", "nato", "--to", "eu", *who)
    assert done.code == 0
    assert "nato" in done.out
    assert "eu" in done.out
    done = call("alerts", "withdraw", IDS[0], "--to", "eu", *who, "--json")
    assert done.rows[0]["group"] == "eu"
    refused = call("alerts", "release", IDS[1], "--to", "nato", "--to", "natoo", *who)
    assert refused.code == 5
    assert "Groups are national, 3+3, nato" in refused.err
    rows = call("audit", "list", "--home", home, "--json").rows
    assert [(row["verb"], row["group"]) for row in rows] == [
        ("release_to", "nato"), ("release_to", "eu"), ("withdraw", "eu"),
    ]  # fmt: skip
    assert "nato" in call("audit", "list", "--home", home).out
