"""The journal: what was appended is read back, whatever happened to the process or the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError
from sargas.store.journal import BACK, DATA, OPENED, SILENT, Journal

RECORDS = st.lists(
    st.tuples(
        st.integers(0, 2**16 - 1), st.sampled_from([DATA, OPENED, SILENT, BACK]),
        st.integers(0, 2**45), st.binary(max_size=300),
    ),
    max_size=30,
)  # fmt: skip


def told(journal: Journal, offset: int = 0) -> list[tuple[int, int, int, bytes]]:
    out = []
    while records := journal.read(offset, 200):
        out += [(r.feed, r.kind, r.t_ms, r.data) for r in records]
        offset = records[-1].end
    return out


@settings(max_examples=60)
@given(RECORDS)
def test_records_are_read_back_over_many_files_and_a_restart(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("journal")
    journal = Journal(path, segment_bytes=256)
    for record in records:
        journal.append(*record)
    assert told(journal) == records
    journal.close()
    again = Journal(path, segment_bytes=256)
    assert again.torn == 0
    assert told(again) == records


@settings(max_examples=80)
@given(RECORDS.filter(bool), st.data())
def test_a_record_cut_short_is_set_aside_and_those_before_it_stay(tmp_path_factory, records, data):
    path = tmp_path_factory.mktemp("journal")
    journal = Journal(path)
    ends = [journal.append(*record) for record in records]
    journal.close()
    size = data.draw(st.integers(0, ends[-1]))
    file = next(path.glob("*.log"))
    os.truncate(file, size)
    again = Journal(path)
    whole = sum(end <= size for end in ends)
    assert told(again) == records[:whole]
    assert again.torn == size - ([0, *ends][whole])
    again.append(7, DATA, 1, b"more")
    assert told(again) == [*records[:whole], (7, DATA, 1, b"more")]
    if again.torn:
        assert sum(p.stat().st_size for p in path.glob("*.torn")) == again.torn


def test_damage_in_the_middle_is_told_and_not_read_over(tmp_path):
    journal = Journal(tmp_path, segment_bytes=100)
    for k in range(9):
        journal.append(1, DATA, k, b"x" * 60)
    first = sorted(tmp_path.glob("*.log"))[0]
    with first.open("r+b") as file:
        file.seek(30)
        file.write(b"?")
    with pytest.raises(StoreError, match="damaged at offset 0"):
        journal.read(0, 10_000)


def test_files_that_are_folded_are_removed_and_the_rest_stays(tmp_path):
    journal = Journal(tmp_path, segment_bytes=100)
    ends = [journal.append(1, DATA, k, b"x" * 60) for k in range(10)]
    assert journal.forget(ends[6]) > 0
    assert journal.begin <= ends[6]
    assert [t_ms for _, _, t_ms, _ in told(journal, ends[6])] == [7, 8, 9]
    with pytest.raises(StoreError, match="begins after offset 0"):
        journal.read(0, 10)
    journal.forget(journal.end)
    assert journal.read(journal.end, 10) == []
    assert Journal(tmp_path).end == journal.end


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path, monkeypatch):
    journal = Journal(tmp_path)
    journal.append(1, DATA, 1, b"before")
    write = os.write

    def half(file: int, data: bytes) -> int:
        if len(data) > 10:
            return write(file, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(StoreError, match="No space left"):
        journal.append(1, DATA, 2, b"lost" * 5)
    monkeypatch.setattr(os, "write", write)
    journal.append(1, DATA, 3, b"after")
    assert told(journal) == [(1, DATA, 1, b"before"), (1, DATA, 3, b"after")]
    journal.close()
    assert Journal(tmp_path).torn == 0


def test_a_place_that_is_no_directory_is_refused(tmp_path):
    Path(tmp_path, "journal").write_text("a file")
    with pytest.raises(StoreError, match="open the journal"):
        Journal(tmp_path / "journal")
