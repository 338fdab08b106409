"""Rows that wait: none lost, none twice, whatever is written first, fails, or is killed."""

import errno
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError
from sargas.model.fixes import Fixes
from sargas.store import files
from sargas.store.canon import subject_keys
from sargas.store.home import Home
from sargas.store.merging import compact, tidy
from sargas.store.pending import Pending
from sargas.store.shards import ShardWriter, read_day
from tests.store.rows import T0_MS, make_fixes, reports

ACTS = ("append", "publish", "commit", "tidy", "compact", "kill")


def stored(home):
    return Fixes.concat(read_day(home, day) for day in home.days())


def test_rows_that_come_a_few_at_a_time_take_no_more_memory_than_their_columns():
    rng = np.random.default_rng(1)
    each, times = 20, 1_500
    waiting = Pending(Fixes, 16)
    tracemalloc.start()
    try:
        for k in range(times):
            waiting.add(
                Fixes.build(each, subject_id=rng.integers(1, 5_000, each), t_ms=[T0_MS + k] * each)
            )
        taken_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    row_bytes = sum(np.dtype(kind).itemsize for kind in Fixes.DTYPES.values())
    assert taken_bytes < 3 * row_bytes * each * times
    assert sum(len(waiting.rows(place)) for place in waiting.places()) == len(waiting)
    assert len(waiting) == each * times


class Killed(BaseException):
    """Nothing in the program catches this."""


class Disk:
    """Is full now and then, with half a file left behind, and sees the process die."""

    def __init__(self, patch, course):
        self.course = list(course)
        self.write, self.unlink = files.write_parquet, files.unlink
        patch.setattr(files, "write_parquet", self.written)
        patch.setattr(files, "unlink", self.unlinked)

    def next(self):
        return self.course.pop() if self.course else "well"

    def written(self, arrow, path):
        what = self.next()
        if what == "well":
            return self.write(arrow, path)
        path.write_bytes(b"PAR1 half")
        if what == "killed":
            raise Killed
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def unlinked(self, path):
        if self.next() == "killed":
            raise Killed
        self.unlink(path)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_whatever_a_watch_does_each_row_is_stored_once(tmp_path_factory, data):
    """Rows come, alerts are published, disks are full and processes die, in any order."""
    home = Home(tmp_path_factory.mktemp("home"))
    journal = make_fixes(120, data.draw(st.integers(0, 99)), vessels=6, span_ms=86_400_000 * 2)
    keys = np.unique(subject_keys(journal.domain, journal.subject_id)).tolist()
    acts = data.draw(st.lists(st.sampled_from(ACTS), min_size=4, max_size=16))
    at = committed = 0
    writer = ShardWriter(home)
    with pytest.MonkeyPatch.context() as patch:
        course = st.sampled_from(("well", "well", "full", "killed"))
        Disk(patch, data.draw(st.lists(course, max_size=30)))
        for act in [*acts, "append", "commit"]:
            before = reports(stored(home))
            try:
                if act == "append":
                    rows = data.draw(st.integers(1, 30))
                    writer.append(journal.take(slice(at, at + rows)))
                    at = min(at + rows, len(journal))
                elif act == "publish":
                    some = set(data.draw(st.lists(st.sampled_from(keys), max_size=4)))
                    writer.flush_fixes_of(some)
                    come = journal.take(slice(0, at))
                    theirs = np.isin(subject_keys(come.domain, come.subject_id), list(some))
                    assert reports(come.take(theirs)) <= reports(stored(home))
                elif act == "commit":
                    writer.flush()
                    committed = at
                    assert writer.waiting == 0
                elif act == "tidy":
                    tidy(home, home.days(), most_files=2)
                elif act == "compact":
                    for day in home.days():
                        compact(home, day)
                else:
                    raise Killed
            except StoreError as error:
                if "No space left" not in error.what:
                    raise
            except Killed:  # the rows since the commit come again
                home.release()
                writer, at = ShardWriter(home), committed
            after = stored(home)
            assert before <= reports(after)
            assert len(after) == len(reports(after))
            assert reports(after) <= reports(journal)
            assert writer.total.rows + writer.total.known + writer.waiting >= at - committed
    writer.append(journal.take(slice(at, len(journal))))
    writer.close()
    assert reports(stored(home)) == reports(journal)
