"""A live watch with damaged shard files, and one that applies retention."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sargas.cli.live import folding as folding_module
from sargas.model.fixes import Fixes
from sargas.model.time import DAY_MS
from sargas.store import AuditLog, Home
from sargas.store.damaged import files_set_aside
from sargas.store.merging import compact
from sargas.store.retention import Rule, keep_rule
from sargas.store.shards import ShardWriter, read_day, read_statics_day
from sargas.store.verify import verify_home
from tests.laws.test_fold import traffic
from tests.live.lines import kept, log, scanned
from tests.live.senders import eventually
from tests.live.test_watching import Running, live, taken_of_file, until_folded


def stored(home: Path) -> tuple[list[Fixes], list[object]]:
    there = Home(home, create=False)
    return (
        [read_day(there, day) for day in there.days()],
        [read_statics_day(there, day) for day in there.days("statics")],
    )


def without_offsets(days: list[Fixes]) -> list[dict[str, bytes]]:
    """What was reported: a row that is stored again has another number in its feed."""
    provenance = {"src_offset", "arrival_seq"}
    return [
        {name: column.tobytes() for name, column in day.columns().items() if name not in provenance}
        for day in days
    ]


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A home in which half of the log was watched."""
    file = tmp_path / "log.nmea"
    file.write_bytes(log()[: len(log()) // 2])
    watch = live(tmp_path / "home", f"tail:{file}")
    watch.run(until_folded(watch, file.stat().st_size))
    return tmp_path / "home"


@pytest.mark.parametrize("table", ["fixes", "statics"])
def test_what_a_damaged_file_held_comes_back_from_the_journal(watched: Path, table: str) -> None:
    before = [without_offsets(rows) for rows in stored(watched)]  # type: ignore[arg-type]
    broken = sorted(watched.glob(f"{table}/*/*/*.parquet"))
    for path in broken:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    file, said = watched.parent / "log.nmea", []
    again = live(watched, f"tail:{file}", say=said.append)
    try:
        assert [without_offsets(rows) for rows in stored(watched)] == before  # type: ignore[arg-type]
    finally:
        again.end()
    assert len(files_set_aside(Home(watched))) == len(broken)
    told = [text for text in said if "set aside" in text]
    assert len(told) == len(broken)
    assert all(table in text and "day 20" in text for text in told)
    assert any("stored again" in text and not text.startswith("store: 0 ") for text in said)
    with file.open("ab") as grown:
        grown.write(log()[file.stat().st_size :])
    last = live(watched, f"tail:{file}")
    last.run(lambda: taken_of_file(last) >= len(log()))
    assert kept(watched) == scanned()
    fixes = traffic().fixes
    assert sum(map(len, stored(watched)[0])) == len(fixes)
    assert verify_home(Home(watched), deep=True).whole


def test_where_the_journal_has_it_no_more_it_says_so_and_goes_on(watched: Path) -> None:
    for path in watched.glob("fixes/*/*/*.parquet"):
        path.write_bytes(b"")
    (journal,) = watched.glob("journal/*.log")
    journal.with_name(f"{journal.stat().st_size:020d}.log").touch()  # as if it had been forgotten
    journal.unlink()
    said: list[str] = []
    again = live(watched, f"tail:{watched.parent / 'log.nmea'}", say=said.append)
    assert again.resumed
    again.end()
    assert any(text.startswith("store: 0 rows of them were in the journal") for text in said)
    assert sum(map(len, stored(watched)[0])) == 0


def test_a_damaged_journal_does_not_keep_a_watch_from_beginning(watched: Path) -> None:
    next(watched.glob("fixes/*/*/*.parquet")).write_bytes(b"")
    (journal,) = watched.glob("journal/*.log")
    data = bytearray(journal.read_bytes())
    data[len(data) // 3] ^= 1
    end = len(data)
    journal.write_bytes(data)
    journal.with_name(f"{end:020d}.log").touch()
    said: list[str] = []
    again = live(watched, f"tail:{watched.parent / 'log.nmea'}", say=said.append)
    again.end()
    assert again.resumed
    assert any("journal is damaged" in text for text in said)


def test_a_file_that_is_damaged_while_it_runs_does_not_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding_module, "COMMIT_S", 0.0)
    monkeypatch.setattr(folding_module, "COMMIT_MOST_S", 0.0)
    file, said = tmp_path / "log.nmea", []
    half = log().index(b"\n", len(log()) // 2) + 1
    again = log().index(b"\n", half - 20_000) + 1
    file.write_bytes(log()[:half])
    watch = live(tmp_path / "home", f"tail:{file}", say=said.append)
    with Running(watch):
        eventually(until_folded(watch, half), "the first half")
        eventually(lambda: watch.folding.committed_to >= half, "its commit")
        for path in (tmp_path / "home").glob("fixes/*/*/*.parquet"):
            path.write_bytes(b"PAR1")
        with file.open("ab") as grown:
            grown.write(log()[again:half])  # rows that are compared with those
            grown.write(log()[half:])
        eventually(until_folded(watch, len(log()) + half - again), "the second half")
        eventually(lambda: any("stored again" in text for text in said), "the mending")
    found = {json.loads(version)["id"] for version in kept(tmp_path / "home")}
    assert found == {json.loads(version)["id"] for version in scanned()}
    assert files_set_aside(Home(tmp_path / "home"))


def test_a_live_watch_applies_the_rule_and_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding_module, "COMMIT_S", 0.0)
    monkeypatch.setattr(folding_module, "COMMIT_MOST_S", 0.0)
    home = Home(tmp_path / "home")
    newest_ms = int(traffic().fixes.t_ms.max())
    n = len(traffic().fixes) // 2
    with ShardWriter(home) as writer:
        for age in (6, 20, 30):
            ids = [230_000_900 + k % 40 for k in range(n)]
            t_ms = [newest_ms - age * DAY_MS + k for k in range(n)]
            writer.append(Fixes.build(n, subject_id=ids, t_ms=t_ms))
    for day in home.days():
        compact(home, day)
    old = home.days()
    keep_rule(home, Rule(fixes_days=10, keep=(old[0],)))
    file, said = tmp_path / "log.nmea", []
    file.write_bytes(b"")
    lines = log().splitlines(keepends=True)
    watch = live(tmp_path / "home", f"tail:{file}", say=said.append)
    with Running(watch):
        for k in range(0, len(lines), 400):
            with file.open("ab") as grown:
                grown.write(b"".join(lines[k : k + 400]))
            eventually(lambda: watch.folding.committed_to == watch.journal.end > 0, "a commit")
        eventually(until_folded(watch, len(log())), "all of the log")

        def is_told() -> bool:
            with file.open("ab") as grown:
                grown.write(b"!no sentence\r\n")  # something to commit
            return any("were let go" in text for text in said)

        eventually(is_told, "the end of retention")
    assert kept(tmp_path / "home") == scanned()
    assert old[1] not in home.days()
    assert {old[0], old[2]} <= set(home.days())
    assert len(read_day(home, old[0])) == n
    with AuditLog(home) as acts:
        (line,) = [act for act in acts.lines() if act.verb == "retention"]
    assert (line.officer, line.detail["removed"]) == ("sargas watch", {"fixes": n})
    assert verify_home(home).whole


def test_a_rule_with_a_slip_is_told_once_and_the_watch_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    (home.path / "retention.toml").write_text("fixes_days = 1\n")
    watch = live(tmp_path / "home", f"tail:{tmp_path / 'none.nmea'}", say=(said := []).append)
    watch._retaining.step()
    watch._retaining.step()
    watch.end()
    (told,) = [text for text in said if "retention" in text]
    assert "7 to 36500" in told
