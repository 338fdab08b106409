"""Sharing at the command line: what leaves, for whom, and that the log tells of it."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import sqlite3
import subprocess
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sargas.errors import ConflictError, FeedUnavailableError, FormatError
from sargas.model.fixes import Fixes
from sargas.model.triage import RELEASE_TO
from sargas.share.formats import FORMATS
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from sargas.store.audit import Seen
from tests.share.conftest import alert, fixes
from tests.share.formats import CHECKS, MARKS, is_seen
from tests.share.test_mail import Taker, serving
from tests.share.test_tak import listening, read
from tests.share.test_webhook import SECRET, is_signed, receiving

from .conftest import SARGAS, Call, child

ONE, TWO, DRILL = (alert(id=letter * 24) for letter in "abc")
DRILL = replace(DRILL, exercise="eagle-s")
WHO = ("--officer", "V.P.")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = Home(tmp_path / "home")
    rows: Fixes = fixes()
    with ShardWriter(home) as writer:
        writer.append(rows)
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", [ONE, TWO])
        later = replace(ONE, version=2, priority="P1", t_issued_ms=ONE.t_issued_ms + 60_000)
        ledger.commit("s", 2, b"", [later])
    (home.path / "release.toml").write_text(
        'sender = "watch@example.org"\n'
        '[groups.nato]\nlabel = "NATO"\nredact = ["triage", "kp"]\n'
        '[groups.eu]\nlabel = "EU"\nsees = [{priorities = ["P1"]}]\n'
    )
    return home.path


def lines(home: Path) -> list[dict]:
    with AuditLog(Home(home, create=False)) as log:
        return [act.detail for act in log.lines() if act.verb == "share"]


def test_nothing_leaves_that_was_not_released(call: Call, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.geojson"
    to = ("share", "export", "--to", "nato", "--format", "geojson", "--home", home, *WHO)
    assert call(*to, "--out", out).code == 0
    assert json.loads(out.read_text())["features"] == []
    refused = call(*to, "--out", out, "--alert", ONE.id[:8])
    assert (refused.code, "not released to nato" in refused.err) == (5, True)
    assert call("alerts", "release", ONE.id, "--to", "nato", "--home", home, *WHO).code == 0
    done = call(*to, "--out", out, "--json")
    assert done.code == 2, "the file says something else now"
    done = call(*to, "--out", out, "--json", "--force")
    (row,) = done.rows
    assert row["alerts"] == [{"id": ONE.id, "version": 2}]
    assert row["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert TWO.id not in out.read_text()
    (feature,) = json.loads(out.read_text())["features"]
    assert "kp_km" not in feature["properties"]["asset"]
    noted = lines(home)
    assert [(d["group"], d["format"], d["count"]) for d in noted] == [
        ("nato", "geojson", 0), ("nato", "geojson", 1),
    ]  # fmt: skip
    assert noted[1]["sha256"] == row["sha256"]
    assert noted[1]["shared"] == [f"{ONE.id}:2"]
    assert "nato; geojson" in call("audit", "list", "--home", home).out
    assert call("audit", "verify", "--home", home).code == 0


@pytest.mark.parametrize("kind", CHECKS)
def test_every_format_is_written_whole_into_a_folder(
    call: Call, home: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "outbox"
    done = call("share", "export", "--to", "eu", "--format", kind, "--out", out, "--home",
                home, "--json", *WHO)  # fmt: skip
    assert done.code == 0, done.err
    assert [Path(row["file"]) for row in done.rows] == list(out.iterdir())
    (row,) = done.rows
    assert row["alerts"] == [{"id": ONE.id, "version": 2}], "by the rule for P1, not the other"
    assert row["sha256"] == hashlib.sha256(Path(row["file"]).read_bytes()).hexdigest()
    listed = {row["format"] for row in call("share", "formats", "--json").rows}
    assert kind in listed


def test_an_exercise_is_named_so_and_history_is_told(
    call: Call, home: Path, tmp_path: Path
) -> None:
    with Ledger(Home(home, create=False)) as ledger:
        ledger.commit("s", 3, b"", [DRILL])
    assert call("alerts", "release", DRILL.id, "--to", "nato", "--home", home, *WHO).code == 0
    to = ("share", "export", "--to", "nato", "--home", home, *WHO, "--json")
    (row,) = call(*to, "--format", "cap", "--out", tmp_path / "one.xml").rows
    assert Path(row["file"]).name == "EXERCISE-one.xml"
    assert row["exercise"] is True
    told = call(*to, "--format", "cise", "--out", tmp_path / "cise.xml")
    assert told.rows == []
    assert "no word for an exercise" in told.err
    assert MARKS.keys() >= {"cap"}
    out = tmp_path / "all"
    done = call("share", "export", "--to", "eu", "--home", home, *WHO, "--json", "--format", "cap",
                "--out", out, "--history")  # fmt: skip
    assert [row["alerts"][0]["version"] for row in done.rows] == [2], "version 1 was not for eu"
    several = call("alerts", "release", ONE.id, TWO.id, "--to", "nato", "--home", home, *WHO)
    assert several.code == 0
    refused = call(*to, "--format", "cap", "--out", tmp_path / "two.xml")
    assert (refused.code, "one file" in refused.err) == (2, True)
    assert not (tmp_path / "two.xml").exists()


def test_a_dry_run_writes_and_notes_nothing(call: Call, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.ndjson"
    done = call("share", "export", "--to", "eu", "--format", "ndjson", "--out", out, "--home", home,
                "--dry-run")  # fmt: skip
    assert (done.code, str(out) in done.out) == (0, True)
    assert "would leave" in done.err
    assert not out.exists()
    assert lines(home) == []


def test_what_cannot_be_written_leaves_nothing(call: Call, home: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("x")
    to = ("share", "export", "--to", "eu", "--home", home, "--format", "cap")
    assert call(*to, "--out", in_the_way / "x.xml", *WHO).code == 1
    assert call(*to, "--out", tmp_path / "x.xml").code == 2, "who lets it leave?"
    assert call(*to[:-1], "nonsense", "--out", tmp_path / "x.xml", *WHO).code == 2
    assert (
        call("share", "export", "--to", "natoo", *to[4:], "--out", tmp_path / "x", *WHO).code == 5
    )
    (home / "release.toml").unlink()
    assert call("alerts", "release", "aaaa", "--to", "eu", "--home", home, *WHO).code == 0
    nobody = call(*to, "--out", tmp_path / "x.xml", *WHO)
    assert nobody.code == 2
    assert "sargas share policy --file" in nobody.err, "the whole file, not that line alone"
    (home / "release.toml").write_text('sender = "watch@example.org"\n')
    alone = call(*to, "--out", tmp_path / "x.xml", *WHO)
    assert alone.code == 3
    assert "as a whole" in alone.err
    (home / "release.toml").write_text("[[[")
    assert call(*to, "--out", tmp_path / "x.xml", *WHO).code == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "home"]
    assert lines(home) == []


def test_times_choose_by_the_newest_version(call: Call, home: Path, tmp_path: Path) -> None:
    to = ("share", "export", "--to", "eu", "--home", home, "--format", "ndjson", "--dry-run",
          "--json", "--out", tmp_path / "x")  # fmt: skip
    (row,) = call(*to, "--since", "2024-12-25T10:36:00Z").rows
    assert row["alerts"]
    assert call(*to, "--since", "2024-12-25T10:36:01Z").rows[0]["alerts"] == []
    assert call(*to, "--until", "2024-12-25T10:36:00Z").rows[0]["alerts"] == []
    assert call(*to, "--since", "2024-12-26T00:00Z", "--until", "2024-12-25T00:00Z").code == 2


def test_the_policy_says_who_gets_what_and_why(call: Call, home: Path) -> None:
    rows = call("share", "policy", "--home", home, "--json").rows
    assert [(r["group"], r["sees"], r["redacted"]) for r in rows] == [
        ("nato", 0, ["triage", "kp"]), ("eu", 1, []),
    ]  # fmt: skip
    table = call("share", "policy", "--home", home).out
    assert "  1 rule  " in table, table
    assert "rules" not in table, table
    assert "gets 1 alert." in call("share", "policy", "--to", "eu", "--home", home).err
    (row,) = call("share", "policy", "--to", "eu", "--home", home, "--json").rows
    assert (row["alert"], row["because"]) == (ONE.id, "rule 1")
    assert call("alerts", "withdraw", ONE.id, "--to", "eu", "--home", home, *WHO).code == 0
    done = call("share", "policy", "--to", "eu", "--home", home)
    assert (done.code, done.out) == (0, "")
    assert "gets 0 alerts" in done.err
    assert "never: kp, the exact kilometre" in call("share", "policy", "--to", "nato", "--home",
                                                   home).err  # fmt: skip
    assert call("alerts", "release", ONE.id, "--to", "nato", "--home", home, *WHO).code == 0
    rows = call("share", "policy", "--alert", ONE.id[:8], "--home", home, "--json").rows
    assert [(r["group"], r["versions"], r["because"]) for r in rows] == [
        ("nato", [2], "line 2 of the log"), ("eu", [], None),
    ]  # fmt: skip
    assert "released to 1 of 2 groups" in call("share", "policy", "--alert", ONE.id, "--home",
                                               home).err  # fmt: skip
    assert call("share", "policy", "--alert", "9999", "--home", home).code == 5
    shown = call("share", "policy", "--file", "--home", home)
    assert shown.out == (home / "release.toml").read_text()
    assert "[groups.public]" in call("share", "policy", "--file", "--home", home.parent / "x").out


def test_events_are_sent_once_and_noted(call: Call, home: Path) -> None:
    with listening() as (port, got):
        url = f"cot+tcp://127.0.0.1:{port}"
        to = ("share", "send", url, "--to", "eu", "--home", home, *WHO)
        assert call(*to, "--dry-run").code == 0
        assert lines(home) == []
        done = call(*to, "--json")
        assert done.code == 0, done.err
        assert (done.rows[0]["sent"], done.rows[0]["alerts"]) == (1, [{"id": ONE.id, "version": 2}])
        (event,) = read(got())
        assert event.get("uid") == f"sargas.alert.{ONE.id}"
        assert call(*to, "--new", "--json").rows[0]["sent"] == 0
    (noted,) = lines(home)
    assert (noted["group"], noted["format"], noted["where"]) == ("eu", "cot", url)


def test_nobody_takes_it(call: Call, home: Path) -> None:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"cot+tcp://127.0.0.1:{sock.getsockname()[1]}"
        done = call("share", "send", url, "--to", "eu", "--home", home, *WHO)
    assert done.code == 4
    assert "not taken" in done.err
    tried, failed = lines(home)
    assert "failed" not in tried
    assert "not taken" in failed["failed"]
    again = call("share", "send", url, "--to", "eu", "--home", home, "--new", "--dry-run", "--json")
    assert len(again.rows[0]["alerts"]) == 1, "what did not arrive is sent again"
    assert threading.active_count() < 50
    for url in ("nonsense", "ftp://partner.example/in"):
        no = call("share", "send", url, "--to", "eu", "--home", home, *WHO)
        assert no.code == 2
        for way in ("cot+tls://", "https://", "smtps://"):
            assert way in no.err


def test_a_webhook_is_posted_and_what_was_not_taken_is_sent_again(
    call: Call, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(SECRET)
    assert call("alerts", "release", TWO.id, "--to", "eu", "--home", home, *WHO).code == 0
    with receiving(204, 400) as (port, got):
        url = f"http://127.0.0.1:{port}/in/TOKEN"
        to = ("share", "send", url, "--to", "eu", "--home", home, *WHO, "--secret-file",
              tmp_path / "key", "--new")  # fmt: skip
        assert call(*to).code == 2, "http into a private network wants to be allowed"
        refused = call("share", "send", url.replace("http:", "https:"), *to[3:])
        assert (refused.code, "not a public address" in refused.err) == (2, True)
        assert got == []
        failed = call(*to, "--allow-private")
        assert failed.code == 4
        assert "TOKEN" not in failed.err
        again = call(*to, "--allow-private", "--json")
        assert again.rows[0]["sent"] == 1, "the first was taken"
        assert call(*to, "--allow-private", "--json").rows[0]["sent"] == 0
    keys = [h["Idempotency-Key"] for _, h, _ in got]
    assert keys == [f"{ONE.id}:2", f"{TWO.id}:1", f"{TWO.id}:1"]
    assert all(is_signed(h["X-Sargas-Signature"], raw) for _, h, raw in got)
    told = json.dumps(lines(home))
    assert "TOKEN" not in told
    assert SECRET.decode() not in told
    log = call("audit", "list", "--home", home)
    assert "TOKEN" not in log.out


def test_mail_is_handed_over(call: Call, home: Path) -> None:
    taker = Taker()
    with serving(taker) as port:
        to = ("share", "send", f"smtp://127.0.0.1:{port}", "--to", "eu", "--home", home, *WHO)
        assert call(*to).code == 2, "to whom?"
        assert call(*to, "--mail-to", "a@b\r\nBcc: c@d").code == 2
        done = call(*to, "--mail-to", "duty@partner.example", "--json")
    assert done.code == 0, done.err
    ((_, sender, recipients, mail),) = taker.got
    assert (sender, recipients) == ("watch@example.org", ["duty@partner.example"])
    assert str(mail["Subject"]).strip().startswith("Alarm P1: slow in corridor")
    assert lines(home)[0]["where"].endswith(" duty@partner.example")


def test_evidence_for_a_group_is_released_whole_and_noted(
    call: Call, home: Path, tmp_path: Path
) -> None:
    policy = home / "release.toml"
    policy.write_text(policy.read_text() + '[groups.court]\nlabel = "Court"\nredact = ["triage"]\n')
    out = tmp_path / "one.zip"
    to = ("alerts", "export", ONE.id, "--home", home, "--out", out, *WHO, "--to")
    refused = call(*to, "court")
    assert (refused.code, "not released to court" in refused.err) == (5, True)
    assert not out.exists()
    assert lines(home) == []
    assert call("alerts", "release", ONE.id, "--to", "court", "--home", home, *WHO).code == 0
    assert call("alerts", "release", ONE.id, "--to", "nato", "--home", home, *WHO).code == 0
    hidden = call(*to, "nato")
    assert (hidden.code, "never gets asset.kp_km" in hidden.err) == (2, True)
    done = call(*to, "court", "--json")
    assert done.code == 0, done.err
    assert call("alerts", "verify", out).code == 0
    (noted,) = lines(home)
    assert (noted["group"], noted["format"]) == ("court", "evidence")
    assert noted["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    with zipfile.ZipFile(out) as bundle:
        told = json.loads(bundle.read("alert.json"))
    assert [v["version"] for v in told["versions"]] == [2], "version 1 came before the release"
    assert told["group"] is None


def test_evidence_of_an_exercise_is_named_so(call: Call, home: Path, tmp_path: Path) -> None:
    policy = home / "release.toml"
    court = '[groups.court]\nlabel = "Court"\nsees = [{exercises = true}]\n'
    policy.write_text(policy.read_text() + court)
    with Ledger(Home(home, create=False)) as ledger:
        ledger.commit("s", 3, b"", [DRILL])
    done = call("alerts", "export", DRILL.id, "--to", "court", "--home", home, *WHO, "--json",
                "--out", tmp_path / "x.html")  # fmt: skip
    assert done.code == 0, done.err
    assert Path(done.rows[0]["file"]).name == "EXERCISE-x.html"
    assert "EXERCISE" in (tmp_path / "EXERCISE-x.html").read_text()


@pytest.fixture(scope="module")
def drilled(exercise_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The alerts that real detectors raise in an exercise."""
    home = tmp_path_factory.mktemp("drilled") / "home"
    assert child("scan", exercise_log, "--home", home, "--quiet").code == 0
    text = child("share", "policy", "--file", "--home", home).out
    (home / "release.toml").write_text(text.replace('sender = ""', 'sender = "watch@example.org"'))
    return home


@pytest.mark.parametrize("kind", FORMATS)
def test_what_real_detectors_raise_in_an_exercise_is_valid_and_marked(
    call: Call, drilled: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    done = call("share", "export", "--to", "national", "--format", kind, "--out", out, "--home",
                drilled, *WHO, "--json")  # fmt: skip
    assert done.code == 0, done.err
    if kind == "cise":
        assert (done.rows, list(tmp_path.iterdir())) == ([], [])
        assert "no word for an exercise" in done.err
        return
    assert done.rows
    for row in done.rows:
        place = Path(row["file"])
        named = tuple((one["id"], one["version"]) for one in row["alerts"])
        document = SimpleNamespace(data=place.read_bytes(), suffix=place.suffix, alerts=named)
        CHECKS[kind](document)
        MARKS[kind](document)
        is_seen(document)
        assert place.name.startswith("EXERCISE-")


def test_following_sends_what_is_new_and_goes_on_after_a_failure(
    call: Call, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(SECRET)
    with receiving(204, 400) as (port, got):
        words = ["share", "send", f"http://127.0.0.1:{port}/in", "--to", "eu", "--home", str(home),
                 *WHO, "--secret-file", str(tmp_path / "key"), "--allow-private", "--follow", "1",
                 "--json"]  # fmt: skip
        process = subprocess.Popen([SARGAS, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            until(lambda: len(got) == 1, process)
            assert call("alerts", "release", TWO.id, "--to", "eu", "--home", home, *WHO).code == 0
            until(lambda: len(got) == 3, process)  # refused once, then taken
            assert process.stdout is not None
            told = [process.stdout.readline() for _ in range(2)]
            process.send_signal(signal.SIGINT)
            rest, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    keys = [h["Idempotency-Key"] for _, h, _ in got]
    assert keys == [f"{ONE.id}:2", f"{TWO.id}:1", f"{TWO.id}:1"]
    assert [json.loads(line)["sent"] for line in told] == [1, 1]
    assert rest == b""
    assert b"Tried again in 2 s" in err
    assert [("failed" in d, d["shared"]) for d in lines(home)] == [
        (False, [f"{ONE.id}:2"]), (False, [f"{TWO.id}:1"]), (True, [f"{TWO.id}:1"]),
        (False, [f"{TWO.id}:1"]),
    ]  # fmt: skip


def test_open_alerts_are_sent_again_before_they_fade(home: Path, monkeypatch) -> None:
    from sargas.cli import share_send
    from sargas.cli.share_send import Asked, Options

    monkeypatch.setattr(share_send, "COT_AGAIN_S", 0.0)
    sent: list[list[str]] = []
    rounds = iter([None, KeyboardInterrupt()])

    def wait(seconds: float) -> None:
        if error := next(rounds):
            raise error

    way = share_send._way("cot+tcp://127.0.0.1:1", Options())

    def sending(found, done) -> None:
        sent.append([one.alerts[0][0] for one in found])
        for one in found:
            done(one)

    monkeypatch.setattr(share_send.time, "sleep", wait)
    asked = Asked(home, "eu", None, None, (), "V.P.", False, False, True)
    with pytest.raises(KeyboardInterrupt):
        share_send._follow(replace(way, send=sending), asked, 1.0)
    assert sent == [[ONE.id], [ONE.id], [ONE.id]], "once as news, then again each time"
    assert len(lines(home)) == 1, "the version stands in the log once"


def follow(home: Path, monkeypatch, rounds, sending) -> None:
    """Follow in this process until interrupted; `rounds` is done, one each, in place of waits."""
    from sargas.cli import share_send
    from sargas.cli.share_send import Asked, Options

    monkeypatch.setattr("sargas.store.tables.WAIT_S", 0.1)
    turns = iter(rounds)
    monkeypatch.setattr(share_send.time, "sleep", lambda _: next(turns)())
    way = share_send._way("cot+tcp://127.0.0.1:1", Options())
    asked = Asked(home, "eu", None, None, (), "V.P.", False, False, False)
    with pytest.raises(KeyboardInterrupt):
        share_send._follow(replace(way, send=sending), asked, 1.0)


class Held:
    """The ledger of a home, held by another writer."""

    def __init__(self, home: Path) -> None:
        self._other = sqlite3.connect(home / "sargas.db", isolation_level=None)

    def hold(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def let(self) -> None:
        self._other.execute("ROLLBACK")


def interrupted() -> None:
    raise KeyboardInterrupt


def test_following_goes_on_where_the_ledger_is_held_by_another(
    home: Path, monkeypatch, capsys
) -> None:
    sent: list[str] = []
    held = Held(home)

    def sending(found, done) -> None:
        for one in found:
            sent.append(one.alerts[0][0])
            done(one)

    held.hold()
    follow(home, monkeypatch, [held.let, interrupted], sending)
    assert sent == [ONE.id], "nothing leaves before its line stands in the log"
    assert [("failed" in d, d["shared"]) for d in lines(home)] == [(False, [f"{ONE.id}:2"])]
    assert re.search(r"database is locked.*Tried again in 2 s", capsys.readouterr().err)


def test_what_was_not_taken_is_sent_again_though_the_log_cannot_say_so(
    home: Path, monkeypatch
) -> None:
    tries: list[str] = []
    held = Held(home)

    def sending(found, done) -> None:
        tries.append(found[0].alerts[0][0])
        if len(tries) == 1:
            held.hold()  # after the line that says it leaves
            raise FeedUnavailableError("Nobody is there.")
        done(found[0])

    follow(home, monkeypatch, [held.let, lambda: None, interrupted], sending)
    assert tries == [ONE.id] * 2, "once refused, once taken, and not again"
    assert [d["shared"] for d in lines(home)] == [[f"{ONE.id}:2"]] * 2


def test_a_policy_that_is_being_edited_stops_what_leaves_and_not_the_following(
    home: Path, monkeypatch, capsys
) -> None:
    policy, sent = home / "release.toml", []
    right = policy.read_text()

    def edit() -> None:
        with AuditLog(Home(home, create=False)) as log:
            seen = [Seen(TWO.id)]
            log.act(RELEASE_TO, "V.P.", seen, t_ms=TWO.t_issued_ms, at_ms=0, said={"group": "eu"})
        policy.write_text("[[[")

    def sending(found, done) -> None:
        sent.append([one.alerts[0][0] for one in found])
        for one in found:
            done(one)

    mend = [lambda: None, lambda: policy.write_text(right)]
    follow(home, monkeypatch, [edit, *mend, interrupted], sending)
    assert sent == [[ONE.id], [TWO.id]]
    assert capsys.readouterr().err.count("Tried again") == 2
    policy.write_text("[[[")
    with pytest.raises(FormatError):
        follow(home, monkeypatch, [interrupted], sending)


def test_another_got_in_first_is_no_end(home: Path, monkeypatch) -> None:
    turns = iter([ConflictError("Somebody else was first."), None])
    sent: list[int] = []

    def sending(found, done) -> None:
        if error := next(turns):
            raise error
        sent.append(len(found))
        done(found[0])

    follow(home, monkeypatch, [lambda: None, interrupted], sending)
    assert sent == [1]


def test_what_was_on_its_way_at_an_interrupt_does_not_count_as_sent(
    home: Path, monkeypatch
) -> None:
    follow(home, monkeypatch, [], lambda found, done: interrupted())
    assert [d.get("failed", "") for d in lines(home)] == ["", "It was interrupted."]


def until(holds, process: subprocess.Popen) -> None:
    """Wait until something holds, while the program runs."""
    end_s = time.monotonic() + 120
    while not holds():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < end_s
        time.sleep(0.05)
