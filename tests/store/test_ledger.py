"""The ledger: one transaction, once, and what the watch knew when."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from sargas.errors import NotFoundError, StateVersionError, StoreError, UsageError
from sargas.store import ledger as ledger_module
from sargas.store import tables
from sargas.store.home import Home
from sargas.store.ledger import Checkpoint, Ledger
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(home):
    with Ledger(home) as opened:
        yield opened


def dump(home):
    """All rows of all tables."""
    with sqlite3.connect(home.ledger_path) as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: sorted(db.execute(f"SELECT * FROM {name}")) for name in names}
    db.close()
    return found


# --- commit --------------------------------------------------------------------------------


def test_alerts_come_out_as_they_went_in(ledger):
    alerts = [make_alert(n) for n in range(5)]
    done = ledger.commit("s", 1, b"state", alerts)
    assert (done.applied, done.added, done.known, done.differing) == (True, 5, 0, ())
    assert ledger.alerts() == [alert.to_dict() for alert in alerts]


def test_the_same_again_adds_nothing(home, ledger):
    batch = ("s", 7, b"state", [make_alert(1, muted_by=("port",))], {"bad_checksum": 3})
    assert ledger.commit(*batch).applied
    before = dump(home)
    assert not ledger.commit(*batch).applied
    with Ledger(home) as again:
        assert not again.commit(*batch).applied
    assert dump(home) == before


def test_an_earlier_offset_moves_nothing_and_loses_no_alert(home, ledger):
    ledger.commit("s", 7, b"new", [make_alert(1)], {"a": 1})
    before = dump(home)
    assert not ledger.commit("s", 6, b"old", [make_alert(1)], {"a": 1}).applied
    assert dump(home) == before
    done = ledger.commit("s", 6, b"old", [make_alert(2)], {"a": 1})
    assert (done.applied, done.added) == (False, 1)
    after = dump(home)
    assert (after["checkpoints"], after["counters"]) == (before["checkpoints"], before["counters"])
    assert len(after["alerts"]) == 2


def test_a_flush_at_the_same_offset_is_applied_and_known_again(home, ledger):
    batch, flush = ("s", 9, b"a", [make_alert(1)], {"x": 1}), ("s", 9, b"b", [make_alert(2)])
    assert ledger.commit(*batch).applied
    assert ledger.commit(*flush).applied
    before = dump(home)
    assert not ledger.commit(*batch).applied
    assert not ledger.commit(*flush).applied
    assert dump(home) == before
    assert ledger.checkpoint("s") == Checkpoint("s", 9, b"b", 1)
    assert len(ledger.alerts()) == 2


def test_sources_are_apart_and_an_alert_of_two_sources_is_one(ledger):
    assert ledger.commit("a", 5, b"", [make_alert(1)], {"x": 1}).added == 1
    done = ledger.commit("b", 1, b"", [make_alert(1)], {"x": 2, "y": 4, "z": 0})
    assert (done.added, done.known) == (0, 1)
    assert len(ledger.alerts()) == 1
    assert ledger.counters() == {"x": 3, "y": 4}
    assert ledger.counters(source="b") == {"x": 2, "y": 4}


def test_counters_add_up_by_run(ledger):
    ledger.commit("a", 1, b"", counters={"x": 1}, run="r1")
    ledger.commit("a", 2, b"", counters={"x": 2}, run="r1")
    ledger.commit("a", 3, b"", counters={"x": 4}, run="r2")
    assert ledger.counters(run="r1") == {"x": 3}
    assert ledger.counters() == {"x": 7}


def test_another_text_of_the_same_version_is_reported_and_the_first_stands(ledger):
    first = make_alert(1)
    ledger.commit("a", 1, b"", [first])
    done = ledger.commit("b", 1, b"", [make_alert(1, text="Something else."), make_alert(2)])
    assert (done.added, done.known, done.differing) == (1, 0, (first.id,))
    assert ledger.alert(first.id)["text"] == first.text


def test_two_texts_in_one_batch_are_refused(ledger):
    with pytest.raises(UsageError, match="two texts"):
        ledger.commit("a", 1, b"", [make_alert(1), make_alert(1, text="Else.")])
    assert ledger.commit("a", 1, b"", [make_alert(1), make_alert(1)]).added == 1


def test_a_negative_offset_and_what_is_no_json_are_refused(ledger):
    with pytest.raises(UsageError, match="negative"):
        ledger.commit("s", -1, b"")
    with pytest.raises(UsageError, match="JSON"):
        ledger.commit("s", 1, b"", [make_alert(1, context={"depth_m": float("nan")})])
    assert ledger.checkpoint("s") is None


@pytest.mark.parametrize(
    "text", ["\ud800 lone", "nul \x00 byte", "'; DROP TABLE alerts; --", "Ø 船 \u2028", "a\\ud800b"]
)
def test_hostile_texts_come_back_the_same(ledger, text):
    ledger.commit(text if "\ud800" not in text else "s", 1, text.encode("utf-8", "replace"),
                  [make_alert(1, text=text)])  # fmt: skip
    (found,) = ledger.alerts()
    assert found["text"] == text


def test_many_alerts_in_one_commit(ledger):
    alerts = [make_alert(n) for n in range(2500)]
    assert ledger.commit("s", 1, b"", alerts).added == 2500
    assert ledger.commit("t", 1, b"", alerts).known == 2500
    assert ledger.alerts(limit=3) == [alert.to_dict() for alert in alerts[-3:]]


# --- as of ---------------------------------------------------------------------------------


def test_as_of_shows_what_was_known_then(ledger):
    first = make_alert(0)
    worse = first.revised(priority="P1", t_issued_ms=T0_MS + 90_000)
    ended = T0_MS + 600_000
    closed = worse.revised(state="closed", t_end_ms=ended, t_issued_ms=ended)
    ledger.commit("s", 1, b"", [first, worse, closed])
    assert ledger.alerts(as_of_ms=T0_MS) == []
    assert ledger.alerts(as_of_ms=T0_MS + 30_000) == [first.to_dict()]
    assert ledger.alerts(as_of_ms=T0_MS + 599_999) == [worse.to_dict()]
    assert ledger.alerts(as_of_ms=T0_MS + 600_000) == [closed.to_dict()] == ledger.alerts()
    assert ledger.alerts(state="open") == []
    assert ledger.alerts(as_of_ms=T0_MS + 100_000, state="open") == [worse.to_dict()]

    whole = ledger.alert(first.id)
    assert whole.pop("versions") == [first.to_dict(), worse.to_dict(), closed.to_dict()]
    assert whole == closed.to_dict()
    assert ledger.alert(first.id, as_of_ms=T0_MS + 30_000)["version"] == 1
    with pytest.raises(NotFoundError):
        ledger.alert(first.id, as_of_ms=T0_MS)
    with pytest.raises(NotFoundError):
        ledger.alert("none")


versions = st.lists(
    st.tuples(
        st.integers(0, 5), st.sampled_from(["P1", "P2", "P3"]),
        st.sampled_from(["open", "closed", "retracted"]), st.integers(0, 4),
        st.sampled_from([(), ("port",), ("port", "anchorage")]),
    ),
    max_size=20,
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(versions, st.integers(-1, 25), st.integers(-1, 25))
def test_filters_agree_with_a_list(tmp_path_factory, drawn, as_of, since):
    """Alerts of the model, kept in a list, are the oracle."""
    made, clock = {}, {}
    for n, priority, state, step, muted in drawn:
        clock[n] = clock.get(n, 0) + step
        t_ms = T0_MS + clock[n] * 60_000
        first = make_alert(n, detector="gap" if n % 2 else "loiter", t_start_ms=T0_MS)
        last = made.get(n, [first])[-1]
        made.setdefault(n, []).append(
            last.revised(priority=priority, state=state, t_issued_ms=t_ms, muted_by=muted)
        )
    as_of_ms, since_ms = T0_MS + as_of * 60_000, T0_MS + since * 60_000
    latest = []
    for history in made.values():
        known = [a for a in history if a.t_issued_ms <= as_of_ms]
        latest += known[-1:]
    latest.sort(key=lambda a: (a.t_detected_ms, a.id))

    with Ledger(Home(tmp_path_factory.mktemp("home"))) as ledger:
        for n, history in made.items():
            ledger.commit(f"s{n}", 1, b"", reversed(history))

        def bodies(wanted):
            return [a.to_dict() for a in latest if wanted(a)]

        assert ledger.alerts(as_of_ms) == bodies(lambda a: True)
        assert ledger.alerts(as_of_ms, state="open") == bodies(lambda a: a.state == "open")
        assert ledger.alerts(as_of_ms, priority="P1") == bodies(lambda a: a.priority == "P1")
        assert ledger.alerts(as_of_ms, detector="gap") == bodies(lambda a: a.detector == "gap")
        assert ledger.alerts(as_of_ms, since_ms=since_ms) == bodies(
            lambda a: a.t_issued_ms >= since_ms
        )
        names = [name for a in latest for name in a.muted_by]
        assert ledger.suppressions(as_of_ms) == {n: names.count(n) for n in sorted(set(names))}


def test_exercises_can_be_told_from_the_real(ledger):
    ledger.commit("s", 1, b"", [make_alert(1), make_alert(2, exercise="eagle-s")])
    assert [a["exercise"] for a in ledger.alerts(exercise=True)] == ["eagle-s"]
    assert [a["exercise"] for a in ledger.alerts(exercise=False)] == [None]
    assert len(ledger.alerts()) == 2


# --- versions, faults ----------------------------------------------------------------------


def test_a_state_of_another_version_is_refused(ledger):
    ledger.commit("s", 1, b"x", state_version=3)
    assert ledger.checkpoint("s", state_version=3) == Checkpoint("s", 1, b"x", 3)
    with pytest.raises(StateVersionError, match="version 3"):
        ledger.checkpoint("s", state_version=4)


def test_a_ledger_of_another_schema_is_refused(home, ledger):
    ledger.close()
    with sqlite3.connect(home.ledger_path) as db:
        db.execute("UPDATE sargas_meta SET value = '9'")
    db.close()
    with pytest.raises(StateVersionError, match="schema 9"):
        Ledger(home)


def test_what_is_no_ledger_is_refused(home):
    home.ledger_path.write_bytes(b"not a database, but long enough to be one" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Ledger(home)
    home.ledger_path.unlink()
    with sqlite3.connect(home.ledger_path) as db:
        db.execute("CREATE TABLE alerts (x)")
    db.close()
    with pytest.raises(StoreError, match="no ledger of sargas"):
        Ledger(home)


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x/y", "postgresql+none://x/y"])
def test_an_address_that_cannot_be_used_is_said(url):
    with pytest.raises(UsageError, match="address"):
        Ledger(url)


def test_a_missing_directory_is_said(tmp_path):
    with pytest.raises(StoreError, match="unable to open"):
        Ledger(f"sqlite:///{tmp_path}/none/sargas.db")


def test_a_path_may_hold_any_character(tmp_path):
    home = Home(tmp_path / "100% ?a=b #1")
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"x")
    assert home.ledger_path.exists()


def test_a_full_disk_commits_nothing_and_can_be_tried_again(home, ledger):
    """SQLite itself runs out of pages, in the middle of the transaction."""
    ledger.commit("s", 1, b"x", [make_alert(0)])
    before, pages = dump(home), {"limit": 30}

    def bound(connection, record, proxy):
        connection.execute(f"PRAGMA max_page_count = {pages['limit']}")

    event.listen(ledger._engine, "checkout", bound)
    batch = ("s", 2, b"y" * 50_000, [make_alert(n) for n in range(200)], {"x": 1})
    with pytest.raises(StoreError, match="full"):
        ledger.commit(*batch)
    assert dump(home) == before
    pages["limit"] = 1 << 30
    assert ledger.commit(*batch).added == 199


def test_a_ledger_that_is_held_is_said(home, ledger, monkeypatch):
    monkeypatch.setattr("sargas.store.tables.WAIT_S", 0.2)
    with Ledger(home) as hasty:
        db = sqlite3.connect(home.ledger_path, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        assert hasty.alerts() == []
        with pytest.raises(StoreError, match="Another process holds"):
            hasty.commit("s", 1, b"")
        db.execute("ROLLBACK")
        db.close()
        assert hasty.commit("s", 1, b"").applied


def test_threads_commit_and_read_at_once(ledger):
    failed = []

    def work(name):
        try:
            for offset in range(1, 21):
                ledger.commit(name, offset, b"", [make_alert(offset)], {"rows": 1})
                assert ledger.alerts()
        except Exception as error:
            failed.append(error)

    workers = [threading.Thread(target=work, args=(f"s{i}",)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    assert ledger.counters() == {"rows": 80}
    assert len(ledger.alerts()) == 20


# --- the crash test ------------------------------------------------------------------------

FOLDING = """
import sys
from sargas.store.home import Home
from sargas.store.ledger import Ledger
from tests.store.alerts import make_alert

steps, told = int(sys.argv[2]), int(sys.argv[3])
with Ledger(Home(sys.argv[1])) as ledger:
    at = ledger.checkpoint("stream", state_version=2)
    offset, total = (at.offset, int(at.state)) if at else (0, 0)
    print(offset, flush=True)
    last = min(400, offset + steps)
    while offset < last:
        offset += 1
        total += offset  # a state that a lost or doubled batch would spoil
        alerts = [make_alert(offset * 3 + i) for i in range(offset % 4)]
        if offset % 5 == 0:
            alerts.append(make_alert(offset * 3 - 12, state="closed", version=2,
                                     muted_by=("port",)))
        ledger.commit("stream", offset, str(total).encode(), alerts, {"rows": offset},
                      state_version=2)
        if last - offset == told:
            print("near", flush=True)
    sys.stdin.readline()  # wait for the kill; at the end of the input, for nothing
"""


def begin(home, steps, told=-1):
    """Begin the fold in a child, for so many commits; it says "near" when `told` are left."""
    return subprocess.Popen(
        [sys.executable, "-c", FOLDING, home.path, str(steps), str(told)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def end(child, *, killed):
    if killed:
        child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == (-signal.SIGKILL if killed else 0)


def test_killed_at_any_point_the_end_is_that_of_an_undisturbed_run(tmp_path):
    """Fifteen kills: some at any time after the start, some a moment after a commit."""
    undisturbed, killed = Home(tmp_path / "a"), Home(tmp_path / "b")
    end(begin(undisturbed, 400), killed=False)
    chance, begun = random.Random(5), []
    for kill in range(15):
        child = begin(killed, steps=26, told=chance.randint(4, 25))
        begun.append(int(child.stdout.readline()))
        if kill % 2:
            assert child.stdout.readline() == "near\n"
        time.sleep(chance.uniform(0, 0.01 if kill % 2 else 0.05))
        end(child, killed=True)
    end(begin(killed, 400), killed=False)
    assert begun == sorted(begun)
    assert len(set(begun)) > 5
    assert begun[-1] < 400
    assert dump(killed) == dump(undisturbed)
    assert len(dump(killed)["alerts"]) > 600


def test_the_log_of_a_killed_process_is_read(home):
    child = begin(home, steps=20, told=5)
    assert child.stdout.readline() == "0\n"
    assert child.stdout.readline() == "near\n"
    end(child, killed=True)
    assert os.path.exists(f"{home.ledger_path}-wal")
    with Ledger(home) as ledger:
        offset = ledger.checkpoint("stream").offset
        assert offset >= 15
        expected = sum(o % 4 + (o % 5 == 0) for o in range(1, offset + 1))
        assert len(dump(home)["alerts"]) == expected
        assert ledger.counters() == {"rows": offset * (offset + 1) // 2}


def test_the_tables_and_questions_are_postgresql_too(home):
    """Only compiled here, not run: no server is started."""
    dialect = postgresql.dialect()
    for table in tables.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
    assert "max(" in str(ledger_module._latest(5).compile(dialect=dialect))
