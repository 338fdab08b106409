"""The audit log: every act once, in one chain, and nobody overwrites what they have not seen."""

import sqlite3
import threading

import pytest

from sargas.errors import ConflictError, NotFoundError, StoreError, UsageError
from sargas.store.audit import UNDO_GRACE_MS, UNDO_MS, AuditLog, Seen
from sargas.store.ledger import Ledger
from sargas.store.verify import verify_home
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS

NOW = T0_MS + 3_600_000


@pytest.fixture
def log(home):
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", [make_alert(n, priority="P2") for n in range(4)])
    with AuditLog(home) as opened:
        yield opened


IDS = [make_alert(n, priority="P2").id for n in range(4)]


def act(log, verb="acknowledge", officer="V.P.", alerts=(0,), seen=None, at_ms=NOW, **more):
    t_ms = more.pop("t_ms", NOW)
    wanted = [seen or Seen(IDS[n]) for n in alerts]
    return log.act(verb, officer, wanted, t_ms=t_ms, at_ms=at_ms, said=more)


def test_an_act_is_written_with_what_it_changed(log):
    (done,) = act(log, comment="Known ferry.")
    assert (done.seq, done.old, done.new, done.officer) == (1, "unack", "ack", "V.P.")
    assert log.lines() == [done]
    found = log.triage()
    assert (found[IDS[0]].state, found[IDS[0]].owner) == ("ack", "V.P.")
    assert found[IDS[1]].state == "unack"
    assert log.lines(alert=IDS[1]) == log.lines(after_seq=1) == []
    assert log.last_seq() == 1


def test_lines_are_found_by_verb_and_by_what_was_said(log):
    act(log, comment="100% of_it \\ ž")
    act(log, "comment", alerts=(1,), comment="100 percent")
    assert [line.seq for line in log.lines(verbs=("comment",))] == [2]
    assert [line.seq for line in log.lines(verbs=("comment", "acknowledge"))] == [1, 2]
    assert log.lines(verbs=()) == []
    assert [line.seq for line in log.lines(mentions="100%")] == [1]
    assert [line.seq for line in log.lines(mentions="100")] == [1, 2]
    assert [line.seq for line in log.lines(mentions="of_it")] == [1]
    assert log.lines(mentions="ofxit") == log.lines(mentions="100_") == []


def test_the_picture_of_an_earlier_time_has_no_later_act(log):
    act(log)
    assert log.triage(NOW - 1)[IDS[0]].state == "unack"
    assert log.triage(NOW)[IDS[0]].state == "ack"
    assert log.lines(as_of_ms=NOW - 1) == []


def test_who_has_not_seen_the_last_act_is_told_and_nothing_is_written(log):
    act(log, officer="A.B.")
    for verb, more in (("dismiss", {"reason": "permitted"}), ("comment", {"comment": "x"})):
        with pytest.raises(ConflictError, match=r"A\.B\.: acknowledge .*now ack"):
            act(log, verb, seen=Seen(IDS[0], 1, 0), **more)
    assert len(log.lines()) == 1
    assert act(log, "comment", seen=Seen(IDS[0], 1, 1), comment="x")[0].seq == 2


def test_a_version_that_was_not_seen_is_not_acknowledged(home, log):
    alert = make_alert(0, priority="P2")
    with Ledger(home) as ledger:
        ledger.commit("s", 2, b"", [alert.revised(priority="P1", t_issued_ms=NOW - 5)])
    with pytest.raises(ConflictError, match="open and P1 now"):
        act(log, seen=Seen(IDS[0], 1, 0))
    assert log.lines() == []
    assert act(log, seen=Seen(IDS[0], 2, 0))[0].version == 2


def test_an_act_on_the_past_of_a_later_act_is_refused(log):
    act(log)
    with pytest.raises(ConflictError, match="This is done with later") as caught:
        act(log, "comment", t_ms=NOW - 60_000, comment="x")
    assert "newest time" in caught.value.hint


def test_several_alerts_are_all_or_none(log):
    act(log, alerts=(0,))
    with pytest.raises(UsageError, match="acknowledged cannot be acknowledged"):
        act(log, alerts=(1, 2, 0))
    assert len(log.lines()) == 1
    done = act(log, "group", alerts=(0, 1, 2), title="Three in a row")
    assert [a.batch for a in done] == [2, 2, 2]
    assert {t.incident for t in log.triage(alerts=IDS[:3]).values()} == {"i2"}
    assert act(log, "group", alerts=(3,), incident="i2")[0].detail["incident"] == "i2"


def test_undo_within_ten_seconds_and_by_who_did_it(log):
    act(log, alerts=(0, 1), verb="dismiss", reason="duplicate")
    with pytest.raises(UsageError, match=r"Only V\.P\."):
        log.undo(1, "A.B.", t_ms=NOW, at_ms=NOW)
    late = NOW + UNDO_MS + UNDO_GRACE_MS + 1
    with pytest.raises(UsageError, match="ten seconds are over"):
        log.undo(1, "V.P.", t_ms=NOW, at_ms=late)
    with pytest.raises(NotFoundError):
        log.undo(9, "V.P.", t_ms=NOW, at_ms=NOW)
    back = log.undo(1, "V.P.", t_ms=NOW, at_ms=late - 1)
    assert [(a.old, a.new) for a in back] == [("dismissed", "unack")] * 2
    assert len(log.lines()) == 4
    assert {t.state for t in log.triage().values()} == {"unack"}
    for batch in (1, back[0].batch):
        with pytest.raises((ConflictError, NotFoundError)):
            log.undo(batch, "V.P.", t_ms=NOW, at_ms=NOW)


def test_undo_does_not_take_away_what_another_did(log):
    act(log)
    act(log, "comment", officer="A.B.", comment="Seen it too.")
    with pytest.raises(ConflictError, match=r"A\.B\.: comment"):
        log.undo(1, "V.P.", t_ms=NOW, at_ms=NOW)


def test_refused_acts_leave_no_line(log):
    with pytest.raises(NotFoundError, match="no alert 'ffff'"):
        act(log, seen=Seen("ffff"))
    with pytest.raises(NotFoundError, match="no alert"):
        act(log, t_ms=T0_MS - 1)  # before it was raised
    with pytest.raises(UsageError, match="Nobody can 'fly'"):
        act(log, "fly")
    with pytest.raises(UsageError, match="1 to 200 different"):
        act(log, alerts=(0, 0))
    with pytest.raises(UsageError, match="1 to 200 different"):
        act(log, alerts=())
    with pytest.raises(UsageError, match="needs a name"):
        act(log, officer=" ")
    assert log.lines() == []


def test_watches_are_taken_and_handed_over_once(log):
    first = log.start_watch("V.P.", t_ms=NOW, at_ms=NOW)
    assert log.start_watch("V.P.", t_ms=NOW + 5, at_ms=NOW + 5) == first
    log.start_watch("A.B.", t_ms=NOW, at_ms=NOW)
    assert [a.officer for a in log.on_watch()] == ["V.P.", "A.B."]
    end = log.end_watch("V.P.", t_ms=NOW + 9, at_ms=NOW + 9, comment="Quiet.")
    assert end.detail == {"comment": "Quiet.", "started": first.seq}
    assert [a.officer for a in log.on_watch()] == ["A.B."]
    with pytest.raises(UsageError, match="no watch to hand over"):
        log.end_watch("V.P.", t_ms=NOW, at_ms=NOW)
    assert all(t.acts == 0 for t in log.triage().values())
    with pytest.raises(ConflictError, match="began at"):
        log.end_watch("A.B.", t_ms=NOW - 1, at_ms=NOW)
    for until_ms in (NOW, -(10**18), 10**30):
        with pytest.raises(UsageError, match="ends after the time shown"):
            log.start_watch("C.D.", t_ms=NOW, at_ms=NOW, until_ms=until_ms)
    assert [a.officer for a in log.on_watch()] == ["A.B."]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ("UPDATE audit_log SET officer = 'X' WHERE seq = 2", 2),
        ("UPDATE audit_log SET at_ms = at_ms + 1 WHERE seq = 3", 3),
        ("UPDATE audit_log SET detail = '{}' WHERE seq = 1", 1),
        ("DELETE FROM audit_log WHERE seq = 2", 2),
        ("DELETE FROM audit_log WHERE seq = 1", 1),
    ],
)
def test_a_changed_or_missing_line_breaks_the_chain(home, log, changed, line):
    for n in range(3):
        act(log, alerts=(n,), comment="c")
    assert (log.verify().lines, log.verify().broken_at) == (3, None)
    with sqlite3.connect(home.ledger_path) as db:
        db.execute(changed)
    db.close()
    assert log.verify().broken_at == line


def change(home, *statements):
    with sqlite3.connect(home.ledger_path) as db:
        for statement in statements:
            assert db.execute(statement).rowcount
    db.close()


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_cut_end_is_missed(home, log, kept):
    """No more than the lines is deleted, by who knows of nothing else."""
    for n in range(3):
        act(log, alerts=(n,))
    assert log.verify().broken_at is None
    assert verify_home(home).whole
    change(home, f"DELETE FROM audit_log WHERE seq > {kept}")
    found = log.verify()
    assert (found.lines, found.broken_at) == (kept, kept + 1)
    assert found.what == "It is missing: the log was cut, it had 3 lines."
    [one] = [one for one in verify_home(home).findings if "audit log" in one.where]
    assert (one.what, one.is_damage) == (found.what, True)


@pytest.mark.parametrize("more", [1, 2, 3])
def test_a_cut_end_is_missed_though_lines_follow(home, log, more):
    for n in range(3):
        act(log, alerts=(n,))
    change(home, "DELETE FROM audit_log WHERE seq > 1")
    for n in range(more):
        act(log, "comment", comment=f"{n}")
    found = log.verify()
    assert found.broken_at == 3
    assert ("the log was cut" in found.what) == (log.last_seq() >= 2)
    # A second cut hides nothing of the first.
    change(home, "DELETE FROM audit_log WHERE seq > 1")
    act(log, "comment", comment="again")
    assert log.verify().broken_at == 3


def test_a_log_of_an_older_version_is_no_cut_one(home, log):
    """It noted no newest line, and adds lines without noting them."""
    act(log)
    change(home, "DELETE FROM sargas_meta WHERE name = 'audit_newest'")
    assert log.verify().broken_at is None
    act(log, alerts=(1,))
    newest = "SELECT value FROM sargas_meta WHERE name = 'audit_newest'"
    with sqlite3.connect(home.ledger_path) as db:
        [(noted,)] = db.execute(newest).fetchall()
    act(log, alerts=(2,))
    change(home, f"UPDATE sargas_meta SET value = '{noted}' WHERE name = 'audit_newest'")
    assert log.verify().broken_at is None
    act(log, alerts=(3,))
    assert (log.verify().lines, log.verify().broken_at) == (4, None)


def test_what_is_no_line_is_no_end(home, log):
    act(log)
    for value in ("", "1", "x y", "-1 0", "9" * 100 + " 0"):
        change(home, f"UPDATE sargas_meta SET value = '{value}' WHERE name = 'audit_newest'")
        assert log.verify().broken_at is not None
    act(log, alerts=(1,))  # officers can act all the same
    assert log.verify().broken_at is not None


def test_an_end_that_was_cut_everywhere_shows_against_a_hash_noted_elsewhere(home, log):
    for n in range(2):
        act(log, alerts=(n,))
    with sqlite3.connect(home.ledger_path) as db:
        before = db.execute("SELECT name, value FROM sargas_meta").fetchall()
    act(log, alerts=(2,))
    noted = log.head()
    assert log.verify(noted[:12]).has_head
    change(home, "DELETE FROM audit_log WHERE seq = 3", "DELETE FROM sargas_meta")
    with sqlite3.connect(home.ledger_path) as db:
        db.executemany("INSERT INTO sargas_meta VALUES (?, ?)", before)
    db.close()
    found = log.verify(noted)
    assert (found.broken_at, found.has_head) == (None, False)


def test_many_hands_make_one_chain(home, log):
    """Four officers on their own connections comment on the same alerts."""
    failed = []

    def work(name):
        with AuditLog(home) as own:
            for n in range(8):
                try:
                    act(own, "comment", officer=name, alerts=(n % 4,), comment=f"{n}")
                except StoreError as error:  # told below
                    failed.append(error)

    threads = [threading.Thread(target=work, args=(f"O{k}",)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert log.verify().lines == 32
    assert log.verify().broken_at is None
