"""Damaged shard files: found when a writer begins, set aside, named; reading works again."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError
from sargas.model.fixes import Fixes
from sargas.model.time import DAY_MS, day_of
from sargas.store import files
from sargas.store.damaged import fault_of, files_set_aside
from sargas.store.home import Home
from sargas.store.merging import compact
from sargas.store.shards import ShardWriter, read_day
from sargas.store.verify import verify_home
from tests.store.rows import T0_MS, make_fixes, reports
from tests.store.thinned import RULE, apply, fill, must_stay, read_all

DAY = "2024-12-25"
MMSI = 230_000_001


def store(home, *parts):
    with ShardWriter(home) as writer:
        for part in parts:
            writer.append(part)
            writer.flush()
    return writer


def one_vessel(n, from_ms=T0_MS, seed=0):
    rng = np.random.default_rng(seed)
    return Fixes.build(
        n, subject_id=[MMSI] * n, t_ms=from_ms + np.arange(n) * 1000,
        payload_hash=rng.integers(1, 2**62, n), lon_raw=rng.integers(0, 10**7, n),
    )  # fmt: skip


def paths(home):
    return sorted(home.path.glob("fixes/day=*/shard=*/*.parquet"))


def cut_to(share):
    return lambda data: data[: int(len(data) * share)]


def zeros_from(share):
    return lambda data: data[: int(len(data) * share)].ljust(len(data), b"\0")


def footer_flipped(data):
    at = len(data) - 8 - int.from_bytes(data[-8:-4], "little") // 2
    return data[:at] + bytes(b ^ 0xFF for b in data[at : at + 64]) + data[at + 64 :]


DAMAGE = {
    "empty": cut_to(0), "a byte": lambda data: data[:1], "cut in the middle": cut_to(0.5),
    "cut at the end": lambda data: data[:-3], "no footer": zeros_from(0.6),
    "all zeros": zeros_from(0), "a footer of rubbish": footer_flipped,
    "something else": lambda data: b"PAR1 and then nothing of worth PAR1",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_set_aside_named_and_never_deleted(home, damage):
    first, second = one_vessel(50), one_vessel(50, T0_MS + 3_600_000)
    store(home, first, second)
    broken = paths(home)[0]
    data = damage(broken.read_bytes())
    broken.write_bytes(data)
    with pytest.raises(StoreError):
        read_day(home, DAY)
    with ShardWriter(home) as writer:
        (one,) = writer.set_aside
    assert one.path.read_bytes() == data
    assert one.path == home.path / "damaged" / broken.relative_to(home.path)
    assert (one.table, one.day, one.first_ms, one.last_ms) == (
        "fixes", DAY, T0_MS, T0_MS + 49_000,
    )  # fmt: skip
    for word in (DAY, "2024-12-25T00:00:00Z to 2024-12-25T00:00:49Z", "shard", "missing"):
        assert word in str(one)
    assert read_day(home, DAY) == second
    found = verify_home(home)
    assert found.whole
    (finding,) = found.findings
    assert finding.where == one.path.relative_to(home.path).as_posix()
    assert "scan that day" in finding.hint.lower()
    again = store(home, first)  # as a scan of its source does
    assert (again.total.rows, again.set_aside) == (50, [])
    assert len(read_day(home, DAY)) == 100


def test_a_second_file_of_the_same_name_does_not_take_the_place_of_the_first(home):
    fixes = one_vessel(10)
    for text in (b"one", b"two"):
        store(home, fixes)
        paths(home)[0].write_bytes(text)
    ShardWriter(home).close()
    found = files_set_aside(home)
    assert sorted(one.path.read_bytes() for one in found) == [b"one", b"two"]
    assert {(one.first_ms, one.last_ms) for one in found} == {(T0_MS, T0_MS + 9000)}


def test_parts_show_again_where_the_merged_file_was_torn(home, monkeypatch):
    store(home, one_vessel(30), one_vessel(30, T0_MS + 10**6, 1))
    before = read_day(home, DAY)
    monkeypatch.setattr(files, "remove_leftovers", lambda directory: None)
    compact(home, DAY)
    monkeypatch.undo()
    (merged,) = (path for path in paths(home) if "-merged" in path.name)
    merged.write_bytes(merged.read_bytes()[:-9])
    assert len(store(home).set_aside) == 1
    assert read_day(home, DAY) == before


def test_a_damaged_part_that_a_merged_file_stands_for_costs_nothing(home, monkeypatch):
    store(home, one_vessel(30), one_vessel(30, T0_MS + 10**6, 1))
    before = read_day(home, DAY)
    monkeypatch.setattr(files, "remove_leftovers", lambda directory: None)
    compact(home, DAY)
    monkeypatch.undo()
    next(path for path in paths(home) if "-merged" not in path.name).write_bytes(b"")
    assert store(home).set_aside == []
    assert read_day(home, DAY) == before


def test_times_that_are_not_those_of_the_name_or_day_are_damage(home):
    store(home, one_vessel(10))
    (path,) = paths(home)
    other = path.with_name(f"{T0_MS}-{T0_MS + 8000}-{'0' * 16}.parquet")
    path.rename(other)
    assert "name" in fault_of(other, "fixes", DAY)
    assert "day" in fault_of(other, "fixes", "2024-12-26")
    (one,) = store(home).set_aside
    assert one.reason == fault_of(one.path, "fixes", DAY)


def test_files_that_are_well_stay(home):
    store(home, make_fixes(300, 3), make_fixes(300, 4))
    compact(home, DAY)
    store(home, make_fixes(300, 5))
    own = paths(home)[0]
    own.rename(own.with_name("mine.parquet"))  # moved in by hand
    before = paths(home)
    assert store(home).set_aside == []
    assert paths(home) == before


def test_looked_at_are_the_newest_days_and_those_written_to_last(home):
    store(home, *(one_vessel(5, T0_MS + day * DAY_MS) for day in range(6)))
    store(home, one_vessel(5, T0_MS + 9_000 * DAY_MS))  # a broken clock
    for path in paths(home):
        path.write_bytes(b"")
    found = {one.day for one in store(home).set_aside}
    assert {"2024-12-30", day_of(T0_MS + 9_000 * DAY_MS)} <= found
    assert "2024-12-25" not in found


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_bit_flipped_anywhere_stops_no_writer(tmp_path_factory, where, bit):
    """Seen at once, met later, or not seen at all: the writer goes on, and only that file goes."""
    home = Home(tmp_path_factory.mktemp("h") / "h")
    first, second = one_vessel(40), one_vessel(40, T0_MS + 500)
    store(home, first)
    (path,) = paths(home)
    data = bytearray(path.read_bytes())
    data[int(where * len(data))] ^= 1 << bit
    path.write_bytes(data)
    writer = store(home, second)
    aside = writer.set_aside
    assert len(aside) <= 1
    assert len(files_set_aside(home)) == len(aside)
    stored = reports(read_day(home, DAY))
    assert reports(second) <= stored or writer.total.known  # a row may have become one of these
    assert len(stored) >= 40


def test_a_file_damaged_while_the_writer_runs_is_set_aside_when_it_is_met(home):
    first, second = one_vessel(40), one_vessel(40, T0_MS + 500)
    with ShardWriter(home) as writer:
        writer.append(first)
        writer.flush()
        paths(home)[0].write_bytes(b"PAR1")
        writer.append(second)
        assert writer.flush().rows == 40
        assert len(writer.set_aside) == 1
    assert read_day(home, DAY) == second


def test_retention_sets_a_damaged_file_aside_and_goes_on(tmp_path):
    home = fill(tmp_path / "h")
    stays = must_stay(home, RULE)["fixes"]
    (path, *_) = paths(home)
    path.write_bytes(b"")
    with home.writing():
        done = apply(home)
    assert done.rows
    assert [one.path.name for one in files_set_aside(home)] == [path.name]
    found = reports(read_all(home))
    assert found <= stays
    assert verify_home(home).whole
    assert files.list_shard(path.parent) == [] or all(
        files.count_rows(file.path) for file in files.list_shard(path.parent)
    )


def test_a_disk_that_refuses_is_no_damage(home, monkeypatch):
    store(home, one_vessel(5))

    def refusing(*args, **kwargs):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(pq, "ParquetFile", refusing)
    with pytest.raises(StoreError, match="Input/output"):
        ShardWriter(home)
    monkeypatch.undo()
    assert len(paths(home)) == 1
    ShardWriter(Home(home.path)).close()  # the lock was given back
