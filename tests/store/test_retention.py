"""Retention: what the rule lets stay is there, each row once, whoever is killed or reads when."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError, UsageError
from sargas.model.fixes import SEA, Fixes
from sargas.model.time import DAY_MS, HOUR_MS, day_of
from sargas.store import files
from sargas.store.audit import AuditLog
from sargas.store.canon import NOT_IDENTITY
from sargas.store.home import Home
from sargas.store.ledger import Ledger
from sargas.store.log import Log
from sargas.store.merging import compact
from sargas.store.query import Archive
from sargas.store.retention import (
    Rule,
    checked_rule,
    days_past,
    first_day,
    keep_rule,
    load_rule,
    read_rule,
    write_rule,
)
from sargas.store.shards import ShardWriter, read_day
from sargas.store.thinning import RETAIN, Application
from sargas.store.verify import verify_home
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS, make_fixes, reports
from tests.store.thinned import DAYS, RULE, apply, fill, must_stay, read_all

ROOT = Path(__file__).parents[2]
few = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
days_drawn = st.one_of(st.none(), st.integers(7, 14))
rules_drawn = st.builds(
    Rule, days_drawn, days_drawn, st.sampled_from(["", "P1", "P2", "P3"]),
    st.lists(st.integers(0, DAYS - 1), max_size=3, unique=True).map(
        lambda days: tuple(sorted(day_of(T0_MS + d * DAY_MS) for d in days))
    ),
)  # fmt: skip


def lines(home):
    with AuditLog(home) as log:
        assert log.verify().broken_at is None
        return [line for line in log.lines() if line.verb == RETAIN]


def rows_of(home):
    """The rows of a home by table; each must be there once."""
    out = {}
    for table in ("fixes", "statics"):
        rows = read_all(home, table)
        out[table] = reports(rows)
        assert len(out[table]) == len(rows)
    return out


# --- the rule ------------------------------------------------------------------------------


@given(rules_drawn)
def test_a_rule_is_read_as_it_was_written(rule):
    assert read_rule(write_rule(rule)) == rule
    assert checked_rule({k: v for k, v in rule.to_dict().items() if v is not None}) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fixes_days = 0", "7 to"), ("fixes_days = -90", "7 to"), ("fixes_days = 6", "7 to"),
        ("statics_days = 7.5", "7 to"), ("fixes_days = true", "7 to"),
        ('fixes_days = "90"', "7 to"), ("fixes_days = 99999999", "7 to"),
        ("fixes_day = 90", "fixes_days"), ("colour = 1", "Keys are"), ("fixes_days = ", "no TOML"),
        ('keep = "2024-12-25"', "no list"), ("keep = [2024-12-25]", "not a day"),
        ('keep = ["2024-02-30"]', "not a day"), ('keep = ["25.12.2024"]', "not a day"),
        ("keep_evidence = 1", "none of true"), ('keep_evidence = "P4"', "none of true"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_with_a_word_of_help(home, text, said):
    (home.path / "retention.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_rule(home)
    assert said in str(caught.value)
    assert "retention.toml" in str(caught.value)


def test_without_a_file_there_is_no_rule(home):
    assert load_rule(home) is None
    keep_rule(home, RULE)
    assert load_rule(home) == RULE
    keep_rule(home, None)
    assert load_rule(home) is None
    assert sorted(p.name for p in home.path.iterdir()) == ["home.json"]


# --- which days ----------------------------------------------------------------------------


def store_days(home, counts):
    """Store so many fixes of each day, counted from Christmas 2024."""
    with ShardWriter(home) as writer:
        for day, n in counts.items():
            writer.append(Fixes.build(n, subject_id=np.arange(n),
                                      t_ms=np.full(n, T0_MS + day * DAY_MS)))  # fmt: skip


def test_age_counts_from_the_newest_stored_day_not_from_the_clock(home):
    store_days(home, dict.fromkeys(range(10), 20))
    past = days_past(home, Rule(fixes_days=7))
    assert (past.newest, past.ahead) == ("2025-01-03", ())
    assert past.days == {"fixes": ("2024-12-25", "2024-12-26", "2024-12-27"), "statics": ()}


@pytest.mark.parametrize("bogus", [{27_000: 1}, {27_000: 2, 20_000: 1, 100: 2}])
def test_rows_of_a_broken_clock_do_not_make_a_home_old(home, bogus):
    store_days(home, dict.fromkeys(range(8), 30) | bogus)
    past = days_past(home, Rule(fixes_days=7))
    assert past.newest == "2025-01-01"
    assert past.days["fixes"] == ("2024-12-25",)
    assert len(past.ahead) == len(bogus)


def test_the_first_day_that_stays_goes_on_as_days_fill_and_go(home):
    rule = Rule(fixes_days=7, evidence="")
    assert first_day(home, rule, "fixes") == first_day(home, Rule(), "fixes") == ""
    store_days(home, dict.fromkeys(range(8), 30))
    assert first_day(home, rule, "fixes") == "2024-12-26"
    store_days(home, {8: 1})
    assert first_day(home, rule, "fixes") == "2024-12-26", "a minute of a day is no day yet"
    store_days(home, {8: 30})
    assert first_day(home, rule, "fixes") == "2024-12-27"
    apply(home, rule)
    assert first_day(home, rule, "fixes") == home.days()[0] == "2024-12-27"
    assert first_day(home, rule, "statics") == ""


def test_days_on_hold_stay(home):
    store_days(home, dict.fromkeys(range(10), 20))
    rule = Rule(fixes_days=7, keep=("2024-12-26",))
    assert days_past(home, rule).days["fixes"] == ("2024-12-25", "2024-12-27")


def test_of_an_empty_home_nothing_is_past(home):
    assert days_past(home, Rule(7, 7)).days == {"fixes": (), "statics": ()}


# --- what stays ----------------------------------------------------------------------------


@few
@given(rules_drawn, st.integers(0, 2**16), st.booleans())
def test_what_stays_is_what_the_rule_says(tmp_path_factory, rule, seed, is_merged):
    home = fill(tmp_path_factory.mktemp("home") / "h", seed, n=450)
    if is_merged:
        for day in home.days():
            compact(home, day)
    before, stays = rows_of(home), must_stay(home, rule)
    application = Application(home, rule)
    would = [application.would(place) for place in application.places()]
    assert rows_of(home) == before
    done = apply(home, rule)
    assert rows_of(home) == stays
    for table in ("fixes", "statics"):
        gone = len(before[table]) - len(stays[table])
        assert done.removed.get(table, 0) == gone
        assert sum(w.removed.get(table, 0) for w in would) == gone
    assert verify_home(home, deep=True).whole
    assert not list(home.path.glob("*/day=*/shard=*/.*"))
    told = lines(home)
    assert len(told) == (done.rows > 0)
    if told:
        assert told[0].detail["removed"] == done.removed
        assert told[0].detail["rule"] == rule.to_dict()
    again = apply(home, rule)
    assert (again.rows, rows_of(home), lines(home)) == (0, stays, told)


def test_nothing_but_shards_is_touched(tmp_path):
    home = fill(tmp_path / "h")
    (home.path / "evidence").mkdir()
    (home.path / "evidence" / "e.zip").write_bytes(b"x")
    with Ledger(home) as ledger:
        alerts = ledger.alerts()
    apply(home, Rule(7, 7, ""))
    with Ledger(home) as ledger:
        assert ledger.alerts() == alerts
    assert (home.path / "evidence" / "e.zip").read_bytes() == b"x"
    assert [len(home.days(t)) for t in ("fixes", "statics")] == [7, 7]


def test_parts_that_a_killed_merge_left_are_let_go_too(tmp_path, monkeypatch):
    home = fill(tmp_path / "h")
    stays = must_stay(home, RULE)
    with monkeypatch.context() as patch:
        patch.setattr("sargas.store.files.remove_leftovers", lambda directory: None)
        for day in home.days():
            compact(home, day)
    apply(home)
    assert rows_of(home) == stays
    for day in days_past(home, RULE).days["fixes"]:
        for shard in range(home.shards):
            assert len(list(home.shard_path("fixes", day, shard).glob("*"))) <= 1


def test_late_rows_of_a_day_that_was_thinned_and_merged_hide_nothing(tmp_path):
    """The merged file stands for the thinned one, whose name the next thinned one has again."""
    home = fill(tmp_path / "h")
    stays = must_stay(home, RULE)
    apply(home)
    old = days_past(home, RULE).days["fixes"]
    late = make_fixes(200, 77, vessels=40, span_ms=len(old) * DAY_MS)
    late = late.take(late.subject_id > 230_000_010)  # no alert rests on them
    for _ in range(2):
        with ShardWriter(home) as writer:
            writer.append(late)
        assert writer.total.rows > 100
        for day in home.days():
            compact(home, day)
        assert apply(home).removed["fixes"] == writer.total.rows
        assert rows_of(home) == stays
        assert verify_home(home, deep=True).whole


def test_rows_that_were_let_go_can_be_stored_again(tmp_path):
    """The thinned file stands for a file of the same rows, and of the same name."""
    home = fill(tmp_path / "h")
    before = rows_of(home)
    again = read_all(home)
    done = apply(home)
    with ShardWriter(home) as writer:
        for start in range(0, len(again), 150):
            writer.append(again.take(slice(start, start + 150)))
            writer.flush()
    assert writer.total.rows == done.removed["fixes"]
    assert rows_of(home)["fixes"] == before["fixes"]
    for day in home.days():
        compact(home, day)
    assert rows_of(home)["fixes"] == before["fixes"]


def test_the_very_file_that_was_let_go_can_be_written_again(home):
    store_days(home, dict.fromkeys(range(9), 20))
    first = make_alert(0)
    at_ms = T0_MS + np.array([0, 6, 18]) * HOUR_MS
    rest = Fixes.build(3, subject_id=[first.subject.mmsi] * 3, t_ms=at_ms)
    with ShardWriter(home) as writer:
        writer.append(rest.take(slice(0, 1)))
        writer.flush()
        writer.append(rest.take(slice(2, 3)))  # too late for the alert
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", [first])
    apply(home, Rule(fixes_days=7))
    assert reports(read_day(home, "2024-12-25")) == reports(rest.take(slice(0, 1)))
    with ShardWriter(home) as writer:
        writer.append(rest.take(slice(2, 3)))
    assert reports(read_day(home, "2024-12-25")) == reports(rest.take([0, 2]))


def test_an_alert_that_is_retracted_later_lets_its_rows_go(tmp_path):
    home = Home(tmp_path / "h")
    store_days(home, dict.fromkeys(range(9), 20))
    alert = make_alert(0, subject=make_alert(0).subject)
    with ShardWriter(home) as writer:
        writer.append(Fixes.build(5, subject_id=[alert.subject.mmsi] * 5,
                                  t_ms=T0_MS + np.arange(5)))  # fmt: skip
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", [alert])
    rule = Rule(fixes_days=7)
    assert apply(home, rule).kept == {"fixes": 0} or len(read_day(home, "2024-12-25")) == 5
    assert len(read_day(home, "2024-12-25")) == 5
    with Ledger(home) as ledger:
        ledger.commit("s", 2, b"", [alert.revised(state="retracted")])
    assert apply(home, rule).removed == {"fixes": 5}
    assert home.days()[0] == "2024-12-27"


def test_without_a_ledger_nothing_is_let_go_that_evidence_may_rest_on(home):
    store_days(home, dict.fromkeys(range(9), 20))
    with pytest.raises(StoreError, match="no ledger"):
        Application(home, Rule(fixes_days=7))
    assert apply(home, Rule(fixes_days=7, evidence="")).removed == {"fixes": 40}


# --- killed and read meanwhile -------------------------------------------------------------


class Killed(BaseException):
    """As if the process ended here."""


OPERATIONS = (
    (Path, "replace"), (Path, "unlink"), (Path, "rmdir"), (Path, "write_text"),
    (files, "write_parquet"), (Log, "note"),
)  # fmt: skip


def dying(patch, at, *, after):
    """Let the n-th operation on files, or on the log, be the last one: before it, or after it."""
    count = [0]

    def of(operation):
        def run(*args, **kwargs):
            count[0] += 1
            if count[0] == at and not after:
                raise Killed
            mine = count[0]
            try:
                return operation(*args, **kwargs)
            finally:
                if mine == at:
                    raise Killed

        return run

    for owner, name in OPERATIONS:
        patch.setattr(owner, name, of(getattr(owner, name)))
    return count


def test_killed_before_or_after_any_operation_and_applied_again_it_is_the_same(tmp_path):
    whole = fill(tmp_path / "whole", n=180, buffer_rows=90)
    stays = must_stay(whole, RULE)
    shutil.copytree(whole.path, tmp_path / "undisturbed")
    done = apply(Home(tmp_path / "undisturbed"))
    assert done.rows > 30
    assert sum(done.kept.values()) > 3
    step, at, points = 1, 0, 0
    while True:
        at += step
        home = Home(shutil.copytree(whole.path, tmp_path / f"{at}"))
        with pytest.MonkeyPatch.context() as patch:
            dying(patch, at, after=bool(at % 2))
            try:
                apply(home)
            except Killed:
                points += 1
            else:
                break
        home = Home(home.path)  # as another process finds it
        found = rows_of(home)
        assert all(stays[table] <= found[table] for table in stays)
        apply(home)
        assert rows_of(home) == stays
        (line,) = lines(home)
        assert line.detail["removed"] == done.removed
        assert line.detail["days"] == list(done.days)
        assert verify_home(home).findings == []
        shutil.rmtree(home.path)
        step = 1 if at < 20 else 6
    assert points > 30


KILLED = """
import sys
from sargas.store.home import Home
from tests.store.thinned import apply
print(flush=True)
apply(Home(sys.argv[1]))
"""


def test_killed_for_real_at_random_moments_it_is_the_same(tmp_path):
    home = fill(tmp_path / "h", n=600, buffer_rows=60)
    stays, rng = must_stay(home, RULE), np.random.default_rng(4)
    before = {table: len(rows) for table, rows in rows_of(home).items()}
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, home.path], stdout=subprocess.PIPE, cwd=ROOT
        )
        child.stdout.readline()
        time.sleep(float(rng.uniform(0.0, 0.25)))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        found = rows_of(home)
        assert all(stays[table] <= found[table] for table in stays)
    apply(home)
    assert rows_of(home) == stays
    removed = [sum(line.detail["removed"].get(t, 0) for line in lines(home)) for t in before]
    assert removed == [before[t] - len(stays[t]) for t in before]


PACED = """
import sys
from sargas.store import files
from sargas.store.home import Home
from tests.store.thinned import apply
unlink = files.unlink
files.unlink = lambda path: (sys.stdin.readline(), unlink(path))
print("begins", flush=True)
apply(Home(sys.argv[1]))
"""
"""Each file is removed when a line has come, so that as many reads as are wanted fall between."""


def test_a_reader_sees_each_row_that_stays_once_while_another_process_applies(tmp_path):
    home = fill(tmp_path / "h", n=900, buffer_rows=50)
    stays = must_stay(home, RULE)["fixes"]
    of_one = {
        row for row in stays
        if (row[_identity("domain")], row[_identity("subject_id")]) == (SEA, 230_000_001)
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-c", PACED, home.path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, bufsize=0,
    )  # fmt: skip
    reads = 0
    try:
        assert child.stdout.readline() == b"begins\n"
        with Archive(Home(home.path)) as archive:
            while child.poll() is None:
                with contextlib.suppress(BrokenPipeError):
                    child.stdin.write(b"\n" * 8)
                track = archive.track(SEA, 230_000_001, 0, 2**45)
                assert len(track) == len(reports(track))
                assert of_one <= reports(track)
                rows = Fixes.concat(read_day(home, day) for day in home.days())
                assert len(rows) == len(reports(rows))
                assert stays <= reports(rows)
                reads += 1
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 0
    assert reads > 5
    assert rows_of(home)["fixes"] == stays


def _identity(name):
    """Where a column stands in a row of `reports`."""
    return [c for c in Fixes.empty().columns() if c not in NOT_IDENTITY].index(name)
