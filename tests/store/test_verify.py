"""What is damaged in a home is found, with where it is and what to do."""

import os
import re
import shutil
import sqlite3
import zipfile
from contextlib import closing

import pytest

from sargas.store import verify_ledger
from sargas.store.home import Home
from sargas.store.journal import CHECKPOINT, DATA, FOLDER, Journal, segment_start
from sargas.store.ledger import Ledger
from sargas.store.verify import verify_home
from tests.store.kept import keep, tree


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    home = keep(tmp_path_factory.mktemp("kept") / "home")
    with closing(sqlite3.connect(home.ledger_path)) as ledger:
        ledger.execute("PRAGMA journal_mode = DELETE")  # one file, so that it can be copied
    return home


@pytest.fixture
def home(whole, tmp_path):
    return Home(shutil.copytree(whole.path, tmp_path / "home"), create=False)


def shard(home):
    return next(home.path.glob("fixes/*/*/*-merged.parquet"))


def sql(*statements):
    def damage(home):
        with closing(sqlite3.connect(home.ledger_path)) as ledger, ledger:
            for statement in statements:
                assert ledger.execute(statement).rowcount >= 1
            ledger.commit()
        return "sargas.db"

    return damage


def cut(home):
    path = shard(home)
    path.write_bytes(path.read_bytes()[:-9])
    return path.name


def emptied(home):
    shard(home).write_bytes(b"")
    return shard(home).name


def of_another_table(home):
    path = shard(home)
    path.write_bytes(next(home.path.glob("statics/*/*/*.parquet")).read_bytes())
    return path.name


def in_a_shard_too_many(home):
    path = shard(home)
    folder = path.parent.with_name("shard=55")
    folder.mkdir()
    path.rename(folder / path.name)
    return "shard=55"


def page(home):
    data = bytearray(home.ledger_path.read_bytes())
    at = data.index(b'"detector"')
    start = at - at % 4096
    data[start : start + 12] = os.urandom(12)  # the head of a page of the tree
    home.ledger_path.write_bytes(data)
    return "sargas.db"


def index(home):
    """Change a key in an index, so that a row is no longer found by it."""
    data = bytearray(home.ledger_path.read_bytes())
    with closing(sqlite3.connect(home.ledger_path)) as ledger:
        key = ledger.execute("SELECT id FROM alerts").fetchone()[0].encode()
    places = [found.start() for found in re.finditer(key, data)]
    at = next(at for at in places if data[at - at % 4096] == 0x0A)  # a leaf of an index
    data[at] ^= 1
    home.ledger_path.write_bytes(data)
    return "sargas.db"


def no_database(home):
    home.ledger_path.write_bytes(b"not a database" * 999)
    return "sargas.db"


def torn_book(home):
    (home.path / "masks" / "book.jsonl").write_text('{"sargas": 1}\n{"act": "ad')
    return "masks/book.jsonl"


def flipped_bundle(home):
    path = home.evidence_path / "e.zip"
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as bundle:
        at = bundle.infolist()[0].header_offset
    data[at + 30 + len("alert.json") + 1] ^= 1
    path.write_bytes(data)
    return "evidence/e.zip"


def journal_of(home, folded, keep=lambda start: True):
    """Give a home a journal of four files, folded up to the end of so many records."""
    path = home.path / FOLDER
    journal = Journal(path, segment_bytes=300)
    ends = [0, *(journal.append(1, DATA, 1, b"x" * 180) for _ in range(8))]
    journal.close()
    with Ledger(home) as ledger:
        ledger.commit(CHECKPOINT, ends[folded], b"state")
    for file in path.iterdir():
        if not keep(segment_start(file.name)):
            file.unlink()
    return FOLDER


def journal_gone(home):
    return journal_of(home, 5, lambda start: False)


def journal_too_late(home):
    return journal_of(home, 1, lambda start: start > 0)


def journal_with_a_hole(home):
    return journal_of(home, 1, lambda start: start in (0, 1200))


def journal_too_short(home):
    return journal_of(home, 8, lambda start: start < 800)


def test_a_journal_that_holds_what_is_to_be_folded_is_whole(home):
    journal_of(home, 5, lambda start: start != 400)  # a hole in what was folded long ago
    assert verify_home(home).findings == []


ALERT = "(SELECT id FROM alerts WHERE version = 3)"
DAMAGE = {
    "a cut shard": (cut, "cannot be read"),
    "an empty shard": (emptied, "cannot be read"),
    "a shard of another table": (of_another_table, "Columns are missing"),
    "a shard too many": (in_a_shard_too_many, "There is no shard 55; the home has 16"),
    "a hole in the versions": (
        sql(f"DELETE FROM alerts WHERE version = 2 AND id = {ALERT}"), "Version 2 is missing",
    ),
    "no first version": (
        sql(f"DELETE FROM alerts WHERE version = 1 AND id = {ALERT}"), "Version 1 is missing",
    ),
    "another priority": (sql("UPDATE alerts SET priority = 'P1' WHERE version = 2"), "its row"),
    "a text that is none": (
        sql("UPDATE alerts SET body = '{' WHERE version = 2"), "cannot be read",
    ),
    "a stray suppression": (
        sql("INSERT INTO suppressions VALUES ('nobody', 1, 'port')"), "that are not there: 1",
    ),
    "an act about nothing": (
        sql("DELETE FROM alerts WHERE id = (SELECT alert FROM audit_log)"), "about alerts that",
    ),
    "a changed line of the log": (
        sql("UPDATE audit_log SET officer = 'X' WHERE seq = 1"), "not what was written",
    ),
    "a line taken out": (sql("DELETE FROM audit_log WHERE seq = 1"), "Line 1 is missing"),
    "another schema": (sql("UPDATE sargas_meta SET value = '99'"), "schema 99"),
    "a broken page": (page, "malformed"),
    "a broken index": (index, "SQLite: "),
    "no database": (no_database, "not a database"),
    "a torn book": (torn_book, "Line 2 is no JSON"),
    "a flipped bundle": (flipped_bundle, "alert.json"),
    "no journal": (journal_gone, "no journal; the ledger has folded one up to 1,000"),
    "a journal that begins too late": (journal_too_late, "200 bytes that were received are gone"),
    "a journal with a hole": (journal_with_a_hole, "ends at 400, the next begins at 1,200"),
    "a journal that ends too early": (journal_too_short, "ends at 800"),
}  # fmt: skip


def test_a_whole_home_is_called_whole_and_left_alone(whole):
    before = {p: p.read_bytes() for p in whole.path.rglob("*") if p.is_file()}
    for deep in (False, True):
        found = verify_home(whole, deep=deep)
        assert (found.findings, found.whole) == ([], True)
        assert found.counts["alerts"] == 4
        assert found.counts["fixes"] > 60
    assert {p: p.read_bytes() for p in whole.path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("which", DAMAGE)
def test_damage_is_found_and_named(home, which):
    damage, what = DAMAGE[which]
    where = damage(home)
    found = verify_home(home)
    assert not found.whole
    assert any(where in one.where and what in one.what for one in found.findings), found.findings
    assert all(one.hint for one in found.findings)


def test_a_missing_table_is_named(home):
    with closing(sqlite3.connect(home.ledger_path)) as ledger:
        ledger.execute("DROP TABLE counters")
    [one] = verify_home(home).findings
    assert one.what == "Tables are missing: counters."


def moved_to_another_day(path):
    folder = path.parents[1].with_name("day=2024-12-27") / path.parent.name
    folder.mkdir(parents=True)
    path.rename(folder / path.name)


def moved_to_another_shard(path):
    folder = path.parent.with_name("shard=00")
    assert path.parent != folder
    folder.mkdir(exist_ok=True)
    path.rename(folder / path.name)


def rewritten(change):
    def damage(path):
        import pyarrow.parquet as pq

        table = pq.ParquetFile(path).read()
        pq.write_table(change(table), path)

    return damage


def another_speed(table):
    import pyarrow as pa

    at = table.column_names.index("sog_raw")
    speeds = table.column(at).to_numpy().copy()
    speeds[0] ^= 1
    return table.set_column(at, table.schema.field(at), pa.array(speeds))


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (moved_to_another_day, "of another day"),
        (moved_to_another_shard, "of another shard"),
        (rewritten(lambda t: t.take(list(range(len(t)))[::-1])), "not in order"),
        (rewritten(another_speed), "its name was made of"),
    ],
)
def test_deep_finds_what_lies_wrong_or_was_changed(home, damage, what):
    damage(next(p for p in home.path.glob("fixes/*/*/*.parquet") if "shard=00" not in str(p)))
    assert verify_home(home).whole
    found = verify_home(home, deep=True)
    assert [what in one.what for one in found.findings] == [True]


def test_what_a_killed_writer_left_is_no_damage(home):
    names = {"fixes/.tmp/7-x.parquet", "masks/.book.part", ".home.json.7"}
    for name in names:
        (home.path / name).write_bytes(b"PAR1 half")
    found = verify_home(home)
    assert found.whole
    assert {one.where for one in found.findings} == names
    assert names <= tree(home.path)
    # While another process writes, they are its own.
    (home.path / "writer.lock").write_text(f"{os.getppid()}\n")
    assert verify_home(home).findings == []


def test_ten_thousand_findings_are_counted_and_not_listed(home, monkeypatch):
    monkeypatch.setattr(verify_ledger, "MOST_NAMED", 2)
    sql("UPDATE alerts SET state = 'closed'")(home)
    found = verify_home(home).findings
    assert len(found) == 3
    assert found[-1].what == "And 4 more of that kind."
