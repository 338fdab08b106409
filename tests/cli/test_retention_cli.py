"""`sargas retention` as it is typed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sargas.store import AuditLog, Home
from sargas.store.shards import ShardWriter
from tests.store.test_retention import rows_of
from tests.store.thinned import RULE, fill, must_stay

from .conftest import Call

SET = ("--fixes-days", 7, "--statics-days", 8)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return fill(tmp_path / "h", n=420, buffer_rows=140)


def test_set_show_look_apply(call: Call, home: Home) -> None:
    at = ("--home", home.path)
    none = call("retention", "show", *at)
    assert (none.code, none.out) == (0, "")
    assert "nothing is ever deleted" in none.err
    assert call("retention", "apply", *at, "--json").rows[0]["rule"] is None
    assert call("retention", "set", *SET, *at).code == 0
    shown = call("retention", "show", *at, "--json").rows[0]
    assert shown["rule"] == RULE.to_dict()
    assert shown["newest_day"] == "2025-01-05"
    assert shown["past"]["fixes"][-1] == "2024-12-29"
    before, stays = rows_of(home), must_stay(home, RULE)
    files = {p: p.read_bytes() for p in home.path.rglob("*") if p.is_file()}
    would = call("retention", "apply", *at, "--dry-run", "--json", "--quiet")
    assert (would.code, would.err, would.rows[0]["dry_run"]) == (0, "", True)
    assert {p: p.read_bytes() for p in home.path.rglob("*") if p.is_file()} == files
    done = call("retention", "apply", *at, "--json", "--quiet").rows[0]
    assert rows_of(home) == stays
    for key in ("removed", "kept", "bytes", "days", "failed"):
        assert done[key] == would.rows[0][key]
    assert done["removed"] == {t: len(before[t]) - len(stays[t]) for t in before}
    assert done["bytes"] > 0
    listed = call("audit", "list", *at, "--json").rows
    assert [line["verb"] for line in listed] == ["retention_rule", "retention"]
    assert listed[1]["removed"] == done["removed"]
    told = call("audit", "list", "--home", home.path).out
    assert "fixes_days" in told, "which rule it became"
    assert call("audit", "verify", *at).code == 0
    assert call("verify", "--deep", *at).code == 0
    again = call("retention", "apply", *at)
    assert (again.code, again.out) == (0, "Nothing is past.\n")
    assert "Age is counted from 2025-01-05" in again.err


def test_parts_of_a_rule_are_changed_one_by_one(call: Call, home: Home) -> None:
    at = ("--home", home.path, "--json")
    call("retention", "set", "--fixes-days", 90, *at)
    call("retention", "set", "--keep-evidence", "P2", "--keep", "2024-12-25",
         "--keep", "2024-12-26", *at)  # fmt: skip
    rule = call("retention", "set", "--let-go", "2024-12-26", *at).rows[0]["rule"]
    assert rule == {
        "fixes_days": 90, "statics_days": None, "keep_evidence": "P2", "keep": ["2024-12-25"],
    }  # fmt: skip
    assert (
        call("retention", "set", "--fixes-days", "all", *at).rows[0]["rule"]["fixes_days"] is None
    )
    assert call("retention", "set", "--forever", *at).rows[0]["rule"] is None
    assert not (home.path / "retention.toml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Set what?"),
        (("--fixes-days", "3"), "7 to"),
        (("--fixes-days", "ninety"), "neither a number"),
        (("--keep", "25.12.2024"), "not a day"),
        (("--forever", "--fixes-days", "90"), "no other option"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    call: Call, home: Home, words: tuple[str, ...], said: str
) -> None:
    done = call("retention", "set", *words, "--home", home.path)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not (home.path / "retention.toml").exists()


def test_a_rule_with_a_slip_applies_nothing(call: Call, home: Home) -> None:
    (home.path / "retention.toml").write_text("fixes_day = 7\n")
    before = rows_of(home)
    done = call("retention", "apply", "--home", home.path)
    assert done.code == 2
    assert "Did you mean fixes_days?" in done.err
    assert rows_of(home) == before


def test_beside_a_writer_it_is_refused_but_for_a_look(call: Call, home: Home) -> None:
    at = ("--home", home.path)
    call("retention", "set", *SET, *at)
    before = rows_of(home)
    with ShardWriter(Home(home.path)):
        refused = call("retention", "apply", *at)
        assert refused.code == 1
        assert "Another sargas writes" in refused.err
        assert call("retention", "apply", "--dry-run", "--quiet", *at).code == 0
    assert rows_of(home) == before
    assert call("retention", "apply", "--home", home.path / "none").code == 5


def test_a_damaged_shard_is_named_by_a_look_and_set_aside_by_an_application(
    call: Call, home: Home
) -> None:
    at = ("--home", home.path)
    call("retention", "set", *SET, *at)
    broken = min(home.path.glob("fixes/*/*/*.parquet"))
    broken.write_bytes(b"PAR1")
    would = call("retention", "apply", "--dry-run", "--json", *at)
    assert (would.code, len(would.rows[0]["failed"])) == (1, 1)
    assert broken.name in would.rows[0]["failed"][0]["what"]
    assert broken.exists()
    done = call("retention", "apply", "--json", *at)
    assert (done.code, done.rows[0]["failed"]) == (1, [])
    assert "set aside" in done.err
    assert not broken.exists()
    found = call("verify", *at)
    assert found.code == 0
    assert f"damaged/{broken.relative_to(home.path)}" in found.out
    assert call("retention", "apply", *at).code == 0


PACED = """
import sys
from sargas.store import files
unlink = files.unlink
files.unlink = lambda path: (print("one", flush=True), sys.stdin.readline(), unlink(path))
from sargas.cli.root import run
sys.exit(run(["retention", "apply", "--home", sys.argv[1], "--quiet"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_ctrl_c_ends_after_the_shard_and_is_told_in_the_log(
    call: Call, home: Home, number: signal.Signals
) -> None:
    call("retention", "set", *SET, "--home", home.path)
    stays = must_stay(home, RULE)
    child = subprocess.Popen(
        [sys.executable, "-c", PACED, home.path], bufsize=0,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    for _ in range(3):
        assert child.stdout.readline() == b"one\n"
        child.stdin.write(b"\n")
    assert child.stdout.readline() == b"one\n"  # it waits, in the midst of a shard
    child.send_signal(number)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    assert b"interrupted" in err
    found = rows_of(home)
    assert all(stays[table] <= found[table] for table in stays)
    assert found != stays
    assert call("retention", "apply", "--home", home.path, "--quiet").code == 0
    assert rows_of(home) == stays
    with AuditLog(home) as log:
        assert [line.verb for line in log.lines()][1:] == ["retention", "retention"]
