"""What comes late in a live watch is folded in: in the end all is as if it had come in time."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sargas.cli.live import folding as folding_module
from sargas.cli.live import late as late_module
from sargas.cli.live.running import LiveWatch
from sargas.cli.refolding import NOTE, differences, notes_of_setting_right
from sargas.model.alerts import CLOSED, OPEN, RETRACTED, Alert
from sargas.model.fixes import Fixes
from sargas.model.time import MINUTE_MS
from tests.cli.conftest import Done
from tests.laws.test_fold import traffic
from tests.laws.test_late import GONE
from tests.live.lines import kept, log, scanned
from tests.live.senders import eventually
from tests.live.test_watching import live, taken_of_file
from tests.watch.tracks import T0


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_module, "WAIT_S", 0.0)
    monkeypatch.setattr(folding_module, "READ_BYTES", 3_000)
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 3_000)
    monkeypatch.setattr(folding_module, "COMMIT_S", 0.0)
    monkeypatch.setattr(late_module, "STEP_ROWS", 500)


@cache
def lines() -> tuple[bytes, ...]:
    return tuple(log().splitlines(keepends=True))


def delayed(seed: int) -> bytes:
    """The log with lines of random vessels and spans moved on by an hour or more, each in order."""
    rng = np.random.default_rng(seed)
    n = len(lines())
    place = np.arange(n, dtype=np.float64)
    for _ in range(4):
        start = int(rng.integers(n // 10, n // 2))
        stop = start + int(rng.integers(n // 40, n // 8))
        some = rng.random(stop - start) < rng.choice([0.3, 1.0])
        place[start:stop][some] += n * rng.uniform(0.2, 0.4)
    return b"".join(lines()[k] for k in np.argsort(place, kind="stable"))


def versions(home: Path) -> dict[str, list[Alert]]:
    out: dict[str, list[Alert]] = {}
    for text in kept(home):
        alert = Alert.from_dict(json.loads(text))
        out.setdefault(alert.id, []).append(alert)
    return {name: sorted(all_of, key=lambda a: a.version) for name, all_of in out.items()}


def in_time() -> dict[str, Alert]:
    found: dict[str, Alert] = {}
    for text in sorted(scanned(), key=lambda t: json.loads(t)["version"]):
        alert = Alert.from_dict(json.loads(text))
        found[alert.id] = alert
    return found


def last_versions(home: Path) -> dict[str, Alert]:
    return {name: all_of[-1] for name, all_of in versions(home).items()}


def watched(home: Path, file: Path, said: list[str] | None = None, **options: object) -> LiveWatch:
    """Watch a file until all of it was folded, and what came late with it."""
    watch = live(home, f"tail:{file}", say=([] if said is None else said).append, **options)
    size = file.stat().st_size
    folding = watch.folding

    def is_over() -> bool:
        return taken_of_file(watch) >= size and not (folding.has_late or folding.begins_anew)

    watch.run(is_over)
    return watch


def agrees(home: Path) -> None:
    """Hold that the last versions tell what a watch tells that had all in time."""
    last = last_versions(home)
    wrong = {
        name: differences(last[name], alert) if name in last else "missing"
        for name, alert in in_time().items()
    }
    assert {name: what for name, what in wrong.items() if what} == {}
    more = {name: a.state for name, a in last.items() if name not in in_time()}
    assert set(more.values()) <= {RETRACTED}
    for all_of in versions(home).values():
        assert [a.version for a in all_of] == list(range(1, len(all_of) + 1))
        issued = [a.t_issued_ms for a in all_of]
        assert issued == sorted(issued)
        assert len({a.t_detected_ms for a in all_of}) == 1
        for before, alert in itertools.pairwise(all_of):
            stays = notes_of_setting_right(before)
            assert notes_of_setting_right(alert)[: len(stays)] == stays


@pytest.mark.parametrize("seed", range(5))
def test_in_the_end_all_is_as_if_it_had_come_in_time(tmp_path, seed):
    file = tmp_path / "log.nmea"
    file.write_bytes(delayed(seed))
    watch = watched(tmp_path / "home", file)
    assert watch.watch.tally()["late"] > 100
    agrees(tmp_path / "home")
    told = [n for all_of in versions(tmp_path / "home").values() for n in all_of[-1].notes]
    assert any(n.startswith(NOTE) for n in told) or kept(tmp_path / "home") == scanned()


def test_an_earlier_state_is_kept_for_what_is_later_than_all_others(tmp_path):
    """Rows of the first minutes that come when those have long been committed."""
    late = [k for k in range(20, 150) if k % 3]  # whole sentences, after the names
    rest = [k for k in range(len(lines())) if k not in late]
    file = tmp_path / "log.nmea"
    file.write_bytes(b"".join(lines()[k] for k in (*rest[:1500], *late, *rest[1500:])))
    watched(tmp_path / "home", file)
    agrees(tmp_path / "home")


def fixes_at_the_end() -> Fixes:
    """Give the fixes of the log, of which each is one of its last lines, in their order."""
    fixes = traffic().fixes
    return fixes.take(np.argsort(fixes.t_ms, kind="stable"))


def with_a_late_row(home: Path, file: Path, said: list[str] | None = None) -> bytes:
    """Watch the log until a vessel is silent, and then its last row; gives the rest of the log."""
    fixes = fixes_at_the_end()
    names, minute = len(lines()) - len(fixes), (fixes.t_ms - T0) / MINUTE_MS
    last = names + int(np.flatnonzero((fixes.subject_id == GONE) & (minute == 70))[0])
    end = names + int(np.searchsorted(minute, 130))
    file.write_bytes(b"".join((*lines()[:last], *lines()[last + 1 : end])))
    watched(home, file, said)
    with file.open("ab") as grown:
        grown.write(lines()[last])
    watched(home, file, said)
    return b"".join(lines()[end:])


def test_what_came_late_is_told_by_the_later_versions_too(tmp_path):
    """Those that the watch gives as it gives any; between them it is ended and begun again."""
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    rest = with_a_late_row(home, file)
    with file.open("ab") as grown:
        grown.write(rest)
    watched(home, file)
    agrees(home)
    [gap] = [of for of in versions(home).values() if of[-1].detector == "gap" and len(of) == 2
             and of[0].state == OPEN and of[1].state == CLOSED]  # fmt: skip
    assert gap[1].notes == gap[0].notes
    known, place = gap[0].notes
    assert known.startswith(f"{NOTE}known only with 1 row of this vessel")
    assert place.startswith(f"{NOTE}takes the place of")


def left(watch: LiveWatch) -> None:
    """Leave a watch as a kill does: nothing more is written."""
    watch.receiver.stop()
    watch._keeper.abandon()
    watch._log.close()
    watch.journal.close()


@pytest.mark.parametrize("seed", range(3))
def test_broken_off_anywhere_and_begun_again_it_ends_the_same(tmp_path, seed):
    rng = np.random.default_rng(seed)
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    file.write_bytes(delayed(seed))
    for _ in range(3):
        watch = live(home, f"tail:{file}")
        watch.receiver.start()
        for _ in range(int(rng.integers(5, 60))):
            watch.step()
        left(watch)
    watched(home, file)
    agrees(home)


class Killed(Exception):
    """As a kill, at one point."""


def test_what_was_not_committed_with_its_state_never_was(tmp_path, monkeypatch):
    """Killed when the watch has gone over to the other state, and that was not committed yet."""
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    file.write_bytes(delayed(2))
    watch = live(home, f"tail:{file}")
    plain = watch.folding._go_on_from
    gone_over: list[set[str]] = []

    def go_on_from(done: late_module.SetRight) -> None:
        plain(done)
        gone_over.append({alert.to_json() for alert in done.alerts})
        if len(gone_over) == 2:
            raise Killed

    monkeypatch.setattr(watch.folding, "_go_on_from", go_on_from)

    def step() -> bool:
        watch.step()
        return True

    watch.receiver.start()
    with pytest.raises(Killed):
        eventually(lambda: not step(), "never")
    left(watch)
    assert gone_over[1]
    assert not gone_over[1] & kept(home)
    assert gone_over[0] <= kept(home)
    watched(home, file)
    agrees(home)


def test_a_feed_that_is_always_late_is_not_folded_from_further_and_further_back(
    tmp_path, monkeypatch
):
    """A state is kept on the way: the next hour begins there, and not where the first one did."""
    monkeypatch.setattr(late_module, "KEEP_MS", 60_000)
    monkeypatch.setattr(late_module, "STEP_ROWS", 200)
    n = len(lines())
    late = np.array([b"230000002" in line or k % 7 == 3 for k, line in enumerate(lines())])
    late[:20] = False  # the names, in parts
    place = np.arange(n) + np.where(late, n // 12, 0)
    came = [lines()[k] for k in np.argsort(place, kind="stable")]
    file = tmp_path / "log.nmea"
    file.write_bytes(b"".join(came[: n * 2 // 3]))
    plain, begun = late_module.LateFolding._begun, []

    def begin(self: late_module.LateFolding, *args: int) -> str:
        said = plain(self, *args)  # type: ignore[arg-type]
        begun.append(args[-1])
        return said

    monkeypatch.setattr(late_module.LateFolding, "_begun", begin)
    watched(tmp_path / "home", file)
    first = begun.copy()
    with file.open("ab") as grown:
        grown.write(b"".join(came[n * 2 // 3 :]))
    watched(tmp_path / "home", file)
    agrees(tmp_path / "home")
    assert begun[len(first)] > first[0]


def test_rows_of_before_all_states_are_stored_and_said_to_be_left(tmp_path):
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    file.write_bytes(b"".join(lines()[1000:]))
    watched(home, file)
    (home / "snapshots" / "0-2005.state").unlink()
    said: list[str] = []
    with file.open("ab") as grown:
        grown.write(b"".join(lines()[500:600]))
    before = kept(home)
    watched(home, file, said)
    told = [text for text in said if text.startswith("late data:")]
    words = r"late data: (\d+) rows are of before .*: they are stored, and judged by nobody"
    left_out = [re.fullmatch(words, text) for text in told]
    assert sum(int(found[1]) for found in left_out if found) == 100
    assert all(left_out)
    assert kept(home) == before


def test_beside_damaged_files_nothing_is_retracted(tmp_path):
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    file.write_bytes(b"".join(lines()[:1500]))
    watched(home, file)
    shard = max((home / "fixes").rglob("*.parquet"), key=lambda p: p.stat().st_size)
    aside = home / "damaged" / shard.relative_to(home)
    aside.parent.mkdir(parents=True)
    shard.rename(aside)
    with file.open("ab") as grown:
        grown.write(b"".join(lines()[1200:1210]))
    said: list[str] = []
    watched(home, file, said)
    assert any("beside damaged files" in text for text in said)
    assert RETRACTED not in {a.state for of in versions(home).values() for a in of}


SLOWLY = """
import sys
import sargas.cli.live.folding as folding
import sargas.feeds.live.files as files
from sargas.cli.root import run
folding.READ_BYTES = files.READ_BYTES = 4096
sys.exit(run(sys.argv[1:]))
"""
"""The same watch, which reads and folds little at a time: what is folded at once is never late."""


def test_a_watch_whose_feeds_have_ended_folds_what_came_late_before_it_ends(tmp_path):
    """By the command, as it is used with a pipe; without waiting for ten minutes."""
    last = []
    for name, text in (("late", delayed(3)), ("in time", log())):
        command = [sys.executable, "-c", SLOWLY, "watch", "-", "--home", str(tmp_path / name)]
        run = subprocess.run(command, input=text, capture_output=True, timeout=280, check=False)
        done = Done(run.returncode, run.stdout.decode(), run.stderr.decode())
        assert done.code == 0, done.err
        last.append(last_versions(tmp_path / name))
        assert ("late data:" in done.err) == (name == "late")
    late, plain = last
    assert {n: differences(late[n], plain[n]) for n in plain} == {n: [] for n in plain}
    assert {late[n].state for n in late.keys() - plain.keys()} <= {RETRACTED}
