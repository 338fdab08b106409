"""Shards: what is written is what is read, once, in order, whole or not at all."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError, UsageError
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import NO_TIME, day_of
from sargas.store import files, merging
from sargas.store.canon import canonical_order, copies, is_canonical, shard_of, subject_keys
from sargas.store.home import Home
from sargas.store.merging import compact, tidy
from sargas.store.shards import ShardWriter, read_day, read_statics_day
from tests.store.drawn import fixes_drawn
from tests.store.rows import T0_MS, make_fixes, reports

ROOT = Path(__file__).parents[2]
few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def store(home, *batches, **options):
    with ShardWriter(home, **options) as writer:
        for batch in batches:
            for piece in Batch(batch, Statics.empty()).chunks(options.get("buffer_rows", 1 << 30)):
                writer.append(piece.fixes)
    return writer.total


def read_all(home):
    return Fixes.concat(read_day(home, day) for day in home.days())


def tree(home):
    return sorted(
        (str(p.relative_to(home.path)), p.read_bytes()) for p in home.path.rglob("*.parquet")
    )


# --- shard and order -----------------------------------------------------------------------


def test_the_shard_of_a_subject_never_changes():
    ids = [0, 1, 230_123_450, 265_987_000, 518_998_865, 2**32 - 1]
    assert shard_of(0, ids, 16).tolist() == [0, 5, 8, 10, 9, 12]
    assert shard_of(1, ids, 16).tolist() == [15, 1, 7, 4, 2, 7]


def test_shards_are_evenly_loaded_by_one_flag():
    counts = np.bincount(shard_of(0, 230_000_000 + np.arange(0, 16_000, 10), 16), minlength=16)
    assert counts.min() > 70
    assert counts.max() < 130


@given(fixes_drawn)
def test_canonical_order_is_the_models_and_ignores_arrival(fixes):
    mine = fixes.take(canonical_order(fixes))
    model = fixes.take(fixes.canonical_order())
    for name in ("domain", "subject_id", "t_ms", "payload_hash", "station"):
        assert np.array_equal(getattr(mine, name), getattr(model, name))
    shuffled = fixes.take(np.random.default_rng(1).permutation(len(fixes)))
    again = shuffled.take(canonical_order(shuffled))
    for name in ("lon_raw", "lat_raw", "sog_raw", "msg_type"):
        assert np.array_equal(getattr(mine, name), getattr(again, name))


@given(fixes_drawn)
def test_copies_are_what_a_set_would_drop(fixes):
    ordered = fixes.take(canonical_order(fixes))
    kept = ordered.take(~copies(ordered))
    assert len(kept) == len(reports(fixes))
    assert reports(kept) == reports(fixes)
    if is_canonical(ordered):
        assert len(kept) == len(ordered)


def test_many_subjects_sort_too():
    fixes = make_fixes(70_000, 3, vessels=400_000)
    model = fixes.take(fixes.canonical_order())
    mine = fixes.take(canonical_order(fixes))
    assert np.array_equal(mine.subject_id, model.subject_id)
    assert np.array_equal(mine.t_ms, model.t_ms)


# --- write and read ------------------------------------------------------------------------


@few
@given(fixes_drawn, st.lists(st.integers(0, 120), max_size=4), st.integers(1, 60))
def test_any_cut_any_buffer_and_any_replay_store_the_same(tmp_path_factory, fixes, cuts, buffer):
    home = Home(tmp_path_factory.mktemp("home"))
    parts = [fixes.take(r) for r in np.split(np.arange(len(fixes)), sorted(cuts))]
    total = store(home, *parts, buffer_rows=buffer)
    assert total.rows + total.known == len(fixes)
    assert total.rows == len(reports(fixes))
    stored = read_all(home)
    assert reports(stored) == reports(fixes)
    assert len(stored) == total.rows

    before = tree(home)
    again = store(home, *reversed(parts), buffer_rows=7)
    assert (again.rows, again.files, again.known) == (0, 0, len(fixes))
    assert tree(home) == before


def test_the_fixes_of_some_subjects_can_be_written_before_the_others(home):
    fixes = make_fixes(400, 3, vessels=40)
    first, second = fixes.take(np.arange(200)), fixes.take(np.arange(200, 400))
    keys = subject_keys(fixes.domain, fixes.subject_id)
    chosen = np.unique(keys)[[0, -1]]  # a ship and an aircraft
    with ShardWriter(home) as writer:
        for rows in (first, second):
            writer.append(rows)
            written = writer.total.files
            writer.flush_fixes_of(chosen.tolist())
            assert 0 < writer.total.files - written <= 2 * len(home.days())
            stored = read_all(home)
            assert set(subject_keys(stored.domain, stored.subject_id)) == set(chosen)
            wanted = rows.take(np.isin(subject_keys(rows.domain, rows.subject_id), chosen))
            assert reports(wanted) <= reports(stored)
        writer.flush_fixes_of([])
        writer.flush_fixes_of(chosen.tolist())
        assert len(read_all(home)) == len(stored), "nothing of theirs waits any more"
    assert writer.total.rows == len(reports(fixes))
    assert reports(read_all(home)) == reports(fixes)
    # Killed then, the rows come again and add nothing.
    assert store(home, first, second).rows == 0


@few
@given(fixes_drawn)
def test_compaction_keeps_every_row_and_order(tmp_path_factory, fixes):
    home = Home(tmp_path_factory.mktemp("home"))
    store(home, fixes, buffer_rows=10)
    before = {day: read_day(home, day) for day in home.days()}
    for day in home.days():
        compact(home, day)
        assert read_day(home, day) == before[day]
        for shard in range(home.shards):
            assert len(files.list_shard(home.shard_path("fixes", day, shard))) <= 1
    done = tree(home)
    for day in home.days():
        assert compact(home, day).files == 0
    assert tree(home) == done
    assert store(home, fixes).rows == 0


@few
@given(fixes_drawn, st.booleans())
def test_tidying_merges_small_files_and_leaves_large_ones(tmp_path_factory, fixes, all_large):
    home = Home(tmp_path_factory.mktemp("home"))
    store(home, fixes, buffer_rows=5)
    days = home.days()
    before, files_before = {day: read_day(home, day) for day in days}, tree(home)
    with pytest.MonkeyPatch.context() as patch:
        if all_large:
            patch.setattr(merging, "SMALL_BYTES", 1)
        while tidy(home, days, most_files=2).files:
            pass
    assert {day: read_day(home, day) for day in days} == before
    if all_large:
        assert tree(home) == files_before
    else:
        lists = [home.shard_path("fixes", d, n) for d in days for n in range(home.shards)]
        assert all(len(files.list_shard(place)) <= 1 for place in lists)
    assert store(home, fixes).rows == 0


def test_layout_metadata_and_order_of_a_file(home):
    fixes = make_fixes(500, 1, span_ms=80_000_000)
    store(home, fixes)
    for path in (home.path / "fixes").rglob("*.parquet"):
        day, shard = path.parent.parent.name, path.parent.name
        file = pq.ParquetFile(path)
        table = file.read()
        assert file.schema_arrow.metadata[b"sargas.schema"] == b"fixes/1"
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert {f"day={day_of(t)}" for t in table["t_ms"].to_pylist()} == {day}
        numbers = shard_of(table["domain"].to_numpy(), table["subject_id"].to_numpy(), 16)
        assert {f"shard={n:02d}" for n in numbers} == {shard}
        assert "lon_deg" in table.column_names
    day = read_day(home, "2024-12-25")
    assert np.array_equal(day.canonical_order(), np.arange(len(day)))
    one = read_day(home, "2024-12-25", int(shard_of(0, 230_000_001, 16)[0]))
    assert 0 < len(one) < len(day)


def test_row_groups_are_of_120_000_rows(home):
    n = 250_000
    store(home, Fixes.build(n, subject_id=np.full(n, 7), t_ms=T0_MS + np.arange(n)))
    (path,) = (home.path / "fixes").rglob("*.parquet")
    metadata = pq.ParquetFile(path).metadata
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sizes == [120_000, 120_000, 10_000]


def test_rows_without_a_usable_time_are_counted_not_stored(home):
    t_ms = [T0_MS, NO_TIME, -5, 2**62, NO_TIME, 4_102_444_799_999]
    with ShardWriter(home) as writer:
        assert writer.append(Fixes.build(6, subject_id=np.arange(6), t_ms=t_ms)) == 4
        assert writer.append_statics(Statics.build(2, t_ms=[NO_TIME, T0_MS])) == 1
    assert writer.total.rows == 3
    assert writer.total.time_missing == 3
    assert writer.total.time_out_of_range == 2
    assert home.days() == ["2024-12-25", "2099-12-31"]


def test_the_first_of_two_copies_stays(home):
    fixes = Fixes.build(3, subject_id=[5, 5, 5], t_ms=[T0_MS] * 3, src_offset=[30, 10, 20])
    assert store(home, fixes).known == 2
    assert read_all(home).src_offset.tolist() == [30]


def test_two_stations_are_two_rows_and_a_mark_is_none(home):
    fixes = Fixes.build(
        3, subject_id=[5] * 3, t_ms=[T0_MS] * 3, station=[1, 2, 2], quality=[0, 0, 8]
    )
    assert store(home, fixes).rows == 2


def test_statics_come_back_the_same_bytes(home):
    statics = Statics.build(
        3, subject_id=[9, 8, 8], t_ms=[T0_MS + 5, T0_MS, T0_MS + 1],
        name=[b"EAGLE S", b"\xff\x00\xfe", b'<b>"; DROP'], imo=[9329760, 0, 1],
    )  # fmt: skip
    with ShardWriter(home) as writer:
        writer.append_statics(statics)
        writer.append_statics(statics)
    assert (writer.total.rows, writer.total.known) == (3, 3)
    assert read_statics_day(home, "2024-12-25") == statics.take(np.array([1, 2, 0]))


def test_nothing_stored_reads_as_no_rows(home):
    assert len(read_day(home, "2024-12-25")) == 0
    assert len(read_day(home, "2024-12-25", 3)) == 0
    assert home.days() == []


@pytest.mark.parametrize("day", ["", "../..", "2024-13-01", "2024-1-1", "20241225", "2024-12-25/"])
def test_what_is_no_day_is_refused(home, day):
    with pytest.raises(UsageError):
        read_day(home, day)
    with pytest.raises(UsageError):
        compact(home, day)


def test_a_shard_that_is_not_there_is_refused(home):
    with pytest.raises(UsageError, match="no shard 16"):
        read_day(home, "2024-12-25", 16)


# --- faults --------------------------------------------------------------------------------


def test_two_writers_do_not_collide(home):
    with ShardWriter(home):
        with pytest.raises(StoreError, match="Another sargas writes"):
            ShardWriter(Home(home.path))
        assert len(read_day(Home(home.path), "2024-12-25")) == 0
    ShardWriter(Home(home.path)).close()


def test_a_closed_writer_takes_nothing(home):
    writer = ShardWriter(home)
    writer.close()
    writer.close()
    with pytest.raises(StoreError, match="closed"):
        writer.append(Fixes.build(1, t_ms=[T0_MS]))


def test_a_full_disk_leaves_nothing_half_written_and_can_be_tried_again(home, monkeypatch):
    first, second = make_fixes(100, 1), make_fixes(100, 2)
    writer = ShardWriter(home)
    writer.append(first)
    writer.flush()
    before = tree(home)
    whole, calls = files.write_parquet, []

    def full(arrow, path):
        calls.append(path)
        if len(calls) > 2:
            path.write_bytes(b"PAR1 half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        whole(arrow, path)

    monkeypatch.setattr(files, "write_parquet", full)
    writer.append(second)
    with pytest.raises(StoreError, match="No space left"):
        writer.flush()
    assert len(tree(home)) == len(before) + 2
    assert [name for name, _ in before] == [n for n, _ in tree(home) if n in dict(before)]
    assert list((home.path / "fixes" / ".tmp").iterdir()) == []
    assert reports(read_all(home)) < reports(first) | reports(second)

    monkeypatch.undo()
    writer.close()
    assert reports(read_all(home)) == reports(first) | reports(second)
    assert writer.total.rows == len(read_all(home))
    assert writer.total.rows + writer.total.known == 200


def test_a_file_that_may_not_grow_fails_in_parquet_itself(home):
    """The kernel refuses the write, through pyarrow: no fault is simulated here."""
    n = 50_000
    rng = np.random.default_rng(0)
    fixes = Fixes.build(
        n, subject_id=np.full(n, 7), t_ms=T0_MS + np.arange(n),
        payload_hash=rng.integers(0, 2**63, n),
    )  # fmt: skip
    writer = ShardWriter(home)
    writer.append(fixes)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(StoreError, match="File too large"):
            writer.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert tree(home) == []
    assert list((home.path / "fixes" / ".tmp").iterdir()) == []
    writer.close()
    assert read_all(home) == fixes


def test_torn_files_are_removed_and_reported(home):
    store(home, make_fixes(10, 1))
    before = tree(home)
    torn = home.path / "fixes" / ".tmp" / "123-456.parquet"
    torn.write_bytes(b"PAR1 half")
    with ShardWriter(home) as writer:
        assert writer.torn == ("123-456.parquet",)
    assert not torn.exists()
    assert tree(home) == before


def test_a_damaged_file_is_named(home):
    store(home, make_fixes(10, 1))
    path = next((home.path / "fixes" / "day=2024-12-25").rglob("*.parquet"))
    path.write_bytes(b"PAR1 and then nothing of worth PAR1")
    with pytest.raises(StoreError, match="damaged") as caught:
        read_day(home, "2024-12-25")
    assert path.name in str(caught.value)


def test_a_file_of_another_table_is_named(home):
    store(home, make_fixes(10, 1))
    path = next((home.path / "fixes" / "day=2024-12-25").rglob("*.parquet"))
    table = pq.ParquetFile(path).read()
    pq.write_table(table.replace_schema_metadata({b"sargas.schema": b"fixes/9"}), path)
    with pytest.raises(StoreError, match="fixes/9"):
        read_day(home, "2024-12-25")


def test_a_compaction_killed_before_it_removed_its_parts_shows_no_row_twice(home, monkeypatch):
    fixes = make_fixes(200, 5, vessels=2, span_ms=80_000_000)
    store(home, fixes, buffer_rows=20)
    before = read_day(home, "2024-12-25")
    monkeypatch.setattr(files, "remove_leftovers", lambda directory: None)
    assert compact(home, "2024-12-25").files > 0
    monkeypatch.undo()
    assert read_day(home, "2024-12-25") == before
    assert store(home, fixes).rows == 0
    count = len(tree(home))
    assert compact(home, "2024-12-25").files == 0
    assert len(tree(home)) < count
    assert read_day(home, "2024-12-25") == before


def test_a_reader_sees_every_row_once_while_another_process_compacts(home):
    fixes = make_fixes(600, 8, vessels=3, span_ms=80_000_000)
    expected = None
    script = (
        "import sys, time; from sargas.store import files; from sargas.store.home import Home\n"
        "from sargas.store.merging import compact\n"
        "unlink = files.unlink\n"
        "files.unlink = lambda path: (time.sleep(0.005), unlink(path))\n"
        "for line in sys.stdin: print(compact(Home(sys.argv[1]), line.strip()).files, flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, home.path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        for start in range(0, 600, 200):
            store(home, fixes.take(slice(start, start + 200)), buffer_rows=15)
            expected = read_day(home, "2024-12-25")
            child.stdin.write("2024-12-25\n")
            child.stdin.flush()
            os.set_blocking(child.stdout.fileno(), False)
            reads, ended = 0, ""
            while not ended.endswith("\n"):  # a line may come in two pieces
                assert read_day(home, "2024-12-25") == expected
                reads += 1
                ended += child.stdout.readline()
            assert int(ended) > 0
            assert reads > 1
    finally:
        child.kill()
        child.communicate()


KILLED = """
import json, sys
from sargas.store.home import Home
from sargas.store.merging import compact
from sargas.store.shards import ShardWriter
from tests.store.rows import make_fixes
home = Home(sys.argv[1])
with ShardWriter(home) as writer:
    print(json.dumps(writer.torn), flush=True)
    for start in range(0, 2000, 100):
        writer.append(make_fixes(2000, 4, vessels=40).take(slice(start, start + 100)))
        writer.flush()
        if start % 500 == 0:
            compact(home, "2024-12-25")
    sys.stdin.readline()  # wait for the kill; at the end of the input, for nothing
"""


def test_a_writer_killed_anywhere_and_begun_again_stores_each_row_once(home):
    rng = np.random.default_rng(20)
    fixes = make_fixes(2000, 4, vessels=40)
    for longest_s in (0.02, 0.1, 0.3, 0.6, 0.6, 0.6):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, home.path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        json.loads(child.stdout.readline())
        time.sleep(float(rng.uniform(0.0, longest_s)))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert child.returncode == -signal.SIGKILL
        stored = read_all(home)
        assert len(stored) == len(reports(stored))
        assert reports(stored) <= reports(fixes)
    subprocess.run(
        [sys.executable, "-c", KILLED, home.path],
        check=True, capture_output=True, stdin=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    stored = read_all(home)
    assert len(stored) == len(reports(fixes))
    assert reports(stored) == reports(fixes)
