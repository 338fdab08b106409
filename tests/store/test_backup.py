"""A backup holds a home as it was, whoever writes to it, and is whole or not there."""

import contextlib
import errno
import fcntl
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.errors import InputError, SargasError, StoreError, UsageError
from sargas.model.fixes import Fixes
from sargas.store import backup_file, restore
from sargas.store.backup import back_up, copy_database
from sargas.store.backup_file import MANIFEST, BackupReader, BackupWriter, encode_manifest, seal
from sargas.store.home import Home
from sargas.store.journal import CHECKPOINT, DATA, FOLDER, Journal
from sargas.store.ledger import Ledger
from sargas.store.merging import compact
from sargas.store.restore import check_backup
from sargas.store.shards import ShardWriter, read_day
from sargas.store.verify import verify_home
from tests.store.kept import facts, keep, tree
from tests.store.rows import T0_MS, make_fixes, reports

NAMES = ("b.tar", "b.tar.zst")
CREATED = "2026-11-30T04:00:00Z"
STAMP = {"created": CREATED, "version": "1.2.3"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return keep(tmp_path_factory.mktemp("kept") / "home")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A home of few bytes: no ledger, one shard."""
    home = Home(tmp_path_factory.mktemp("small") / "home")
    with ShardWriter(home) as writer:
        writer.append(make_fixes(3, 1, vessels=1, span_ms=600_000))
    return home


def same(a, b):
    np.testing.assert_equal(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_back_says_the_same(kept, tmp_path, name):
    litter = [
        kept.path / name
        for name in ("masks/.lock", "masks/.book.part", ".home.json.7", "evidence/.e.zip.part",
                     "fixes/.tmp/7-x.parquet")
    ]  # fmt: skip
    for path in litter:
        path.write_bytes(b"half")
    (kept.path / "evidence" / "link").symlink_to("/etc/passwd")
    try:
        done = back_up(kept, tmp_path / name, **STAMP)
    finally:
        for path in (*litter, kept.path / "evidence" / "link"):
            path.unlink()
    assert done.left_out == ["evidence/link"]
    assert tree(tmp_path) == {name}
    checked = check_backup(tmp_path / name)
    assert checked.whole
    assert len(checked.files) == done.files
    again = restore.restore(tmp_path / name, tmp_path / "again")
    assert again.manifest["created"] == CREATED
    copy = Home(tmp_path / "again", create=False)
    assert tree(copy.path) & {p.relative_to(kept.path).as_posix() for p in litter} == set()
    before, after = facts(kept), facts(copy)
    same(before, after)
    counts = {"alerts": 4, "alert_versions": 6, "acts": 2, "statics": 6}
    counts["fixes"] = sum(len(read_day(kept, day)) for day in kept.days())
    assert counts["fixes"] > 60
    assert done.manifest["counts"] == again.manifest["counts"] == counts
    assert done.manifest["audit_head"] == before["chain"].head != ""
    found = verify_home(copy, deep=True)
    assert (found.findings, found.head) == ([], before["chain"].head)
    assert {k: found.counts[k] for k in counts} == counts


def test_tar_alone_unpacks_a_backup(kept, tmp_path):
    back_up(kept, tmp_path / "b.tar", **STAMP)
    with tarfile.open(tmp_path / "b.tar") as tar:
        tar.extractall(tmp_path / "by-hand", filter="data")
    assert json.loads((tmp_path / "by-hand" / MANIFEST).read_text())["created"] == CREATED
    same(facts(kept), facts(Home(tmp_path / "by-hand" / "home", create=False)))


WRITER = """
import sys
from sargas.model.fixes import Fixes
from sargas.store import Home, Ledger, ShardWriter, compact
from tests.store.rows import T0_MS

home, n = Home(sys.argv[1]), 0
with ShardWriter(home) as writer, Ledger(home) as ledger:
    while True:
        n += 1
        vessels = [230_000_000 + v for v in range(4)]
        writer.append(Fixes.build(4, subject_id=vessels, t_ms=[T0_MS + n * 1000] * 4))
        writer.flush()
        ledger.commit("s", n, b"%d" % n)
        if n % 7 == 0:
            compact(home, "2024-12-25")
        print(n, flush=True)
"""


def test_a_backup_beside_a_writer_knows_all_that_its_ledger_knows(tmp_path):
    path = tmp_path / "home"
    running = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), path], stdout=subprocess.PIPE
    )
    try:
        assert running.stdout.readline() == b"1\n"
        home = Home(path, create=False)
        offsets = []
        for n in range(4):
            back_up(home, tmp_path / f"{n}.tar", **STAMP)
            # The writer goes on, by eight rounds, before the next one.
            for _ in range(8):
                running.stdout.readline()
            assert running.poll() is None
            restore.restore(tmp_path / f"{n}.tar", tmp_path / f"h{n}")
            copy = Home(tmp_path / f"h{n}", create=False)
            found = verify_home(copy, deep=True)
            assert found.findings == []
            fixes = read_day(copy, "2024-12-25")
            assert len(reports(fixes)) == len(fixes) == found.counts["fixes"]
            with Ledger(copy) as ledger:
                offset = ledger.checkpoint("s").offset
            rounds = set(((fixes.t_ms - T0_MS) // 1000).tolist())
            assert rounds >= set(range(1, offset + 1))
            offsets.append(offset)
        assert offsets[0] < offsets[-1]
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def test_the_ledger_is_never_ahead_of_the_shards(home, tmp_path):
    rounds = []
    with ShardWriter(home) as writer, Ledger(home) as ledger:

        def work(files, size):
            if len(rounds) == 3:
                return  # each round adds a file to nearly every shard that is still to be copied
            n = len(rounds) + 1
            rounds.append(n)
            vessels = [230_000_000 + v for v in range(40)]  # in nearly every shard
            writer.append(Fixes.build(40, subject_id=vessels, t_ms=[T0_MS + n * 1000] * 40))
            writer.flush()
            ledger.commit("s", n, b"")

        work(0, 0)
        back_up(home, tmp_path / "b.tar", **STAMP, progress=work)
    restore.restore(tmp_path / "b.tar", tmp_path / "again")
    copy = Home(tmp_path / "again", create=False)
    fixes = read_day(copy, "2024-12-25")
    with Ledger(copy) as ledger:
        offset = ledger.checkpoint("s").offset
    assert len(rounds) == 3
    assert offset >= 1
    for n in range(1, offset + 1):
        assert (fixes.t_ms == T0_MS + n * 1000).sum() == 40


def live_home(path, records=60):
    """A home whose journal has been folded up to its fourth record; offsets where records end."""
    home = Home(path)
    journal = Journal(home.path / FOLDER, segment_bytes=1000)
    ends = [journal.append(1, DATA, T0_MS + n, b"%03d" % n * 60) for n in range(records)]
    with Ledger(home) as ledger:
        ledger.commit(CHECKPOINT, ends[3], b"state")
    return home, journal, ends


def folded_and_left(home):
    """Offset to which a home's journal was folded, and the numbers of the records behind it."""
    with Ledger(home) as ledger:
        offset = ledger.checkpoint(CHECKPOINT).offset
    journal = Journal(home.path / FOLDER, segment_bytes=1000)
    return offset, [int(record.data[:3]) for record in journal.read(offset, 1 << 30)]


def test_what_was_received_and_not_folded_is_in_a_backup_though_the_watch_goes_on(tmp_path):
    home, journal, ends = live_home(tmp_path / "home")
    gone = []

    def meanwhile(files, size):
        if not gone:
            with Ledger(home) as ledger:
                ledger.commit(CHECKPOINT, ends[50], b"state")
            gone.append(journal.forget(ends[50]))
            for n in range(60, 90):
                journal.append(1, DATA, T0_MS + n, b"%03d" % n * 60)

    back_up(home, tmp_path / "b.tar", **STAMP, progress=meanwhile)
    assert gone[0] > 5000
    assert check_backup(tmp_path / "b.tar").whole
    assert restore.restore(tmp_path / "b.tar", tmp_path / "again").whole
    copy = Home(tmp_path / "again", create=False)
    assert verify_home(copy).findings == []
    offset, left = folded_and_left(copy)
    assert offset == ends[3]
    assert left == list(range(4, 4 + len(left)))
    assert len(left) >= 56
    assert folded_and_left(home) == (ends[50], list(range(51, 90)))


@pytest.mark.parametrize("rounds", [1, 2, 9])
def test_a_journal_that_moves_on_by_whole_files_while_the_ledger_is_copied(
    tmp_path, monkeypatch, rounds
):
    home, journal, ends = live_home(tmp_path / "home")
    copies = []

    def go_on():
        for n in range(len(ends), len(ends) + 30):
            ends.append(journal.append(1, DATA, T0_MS + n, b"%03d" % n * 60))
        with Ledger(home) as ledger:
            ledger.commit(CHECKPOINT, ends[-2], b"state")
        journal.forget(ends[-2])

    def slowly(source, target):
        if len(copies) < rounds:
            go_on()
        copy_database(source, target)
        copies.append(len(ends))
        if len(copies) < rounds:
            go_on()

    monkeypatch.setattr("sargas.store.backup.copy_database", slowly)
    if rounds > 3:
        with pytest.raises(StoreError, match="moves on"):
            back_up(home, tmp_path / "b.tar", **STAMP)
        assert {path.name for path in tmp_path.iterdir()} == {"home"}
        return
    done = back_up(home, tmp_path / "b.tar", **STAMP)
    assert (len(copies), done.damage) == (rounds, [])
    assert restore.restore(tmp_path / "b.tar", tmp_path / "again").whole
    copy = Home(tmp_path / "again", create=False)
    assert verify_home(copy).findings == []
    assert folded_and_left(copy) == (ends[-2], [len(ends) - 1])


def test_a_journal_that_begins_too_late_is_called_damaged_wherever_it_is(tmp_path, monkeypatch):
    home, journal, ends = live_home(tmp_path / "home")
    journal.forget(ends[50])
    what = f"the ledger has folded it up to {ends[3]:,}"
    assert [what in one.what for one in verify_home(home).findings] == [True]
    done = back_up(home, tmp_path / "b.tar", **STAMP)
    assert [what in one.what for one in done.damage] == [True]
    assert check_backup(tmp_path / "b.tar").damage == done.damage
    assert restore.restore(tmp_path / "b.tar", tmp_path / "again").damage == done.damage
    # A backup of an older version says nothing of it.
    monkeypatch.setattr("sargas.store.backup.compare", lambda offset, before, after: [])
    monkeypatch.setattr("sargas.store.backup.run_with", lambda offset, held: held)
    back_up(home, tmp_path / "old.tar", **STAMP)
    assert check_backup(tmp_path / "old.tar").whole
    assert restore.restore(tmp_path / "old.tar", tmp_path / "old").damage == done.damage


def test_two_compactions_in_the_middle_of_a_shard_leave_no_row_twice(home, tmp_path):
    for seed in range(3):
        with ShardWriter(home) as writer:
            writer.append(make_fixes(40, seed, vessels=1, span_ms=6_000_000))
    before = reports(read_day(home, "2024-12-25"))
    calls = []

    def meanwhile(files, size):
        calls.append(files)
        if len(calls) > 3:
            return
        for more in (10, 20):
            with ShardWriter(home) as writer:
                writer.append(make_fixes(40, more + len(calls), vessels=1, span_ms=6_000_000))
            compact(home, "2024-12-25")

    back_up(home, tmp_path / "b.tar", **STAMP, progress=meanwhile)
    restore.restore(tmp_path / "b.tar", tmp_path / "again")
    copy = Home(tmp_path / "again", create=False)
    fixes = read_day(copy, "2024-12-25")
    assert len(reports(fixes)) == len(fixes) == verify_home(copy).counts["fixes"]
    assert reports(fixes) >= before
    assert len(reports(read_day(home, "2024-12-25"))) > len(before)


def test_more_files_than_may_be_open_are_read_all_the_same(small, tmp_path, monkeypatch):
    home = Home(shutil.copytree(small.path, tmp_path / "home"), create=False)
    for seed in range(5):
        with ShardWriter(home) as writer:
            writer.append(make_fixes(9, 20 + seed, vessels=1, span_ms=600_000))
    monkeypatch.setattr("sargas.store.backup.MOST_OPEN", 2)
    back_up(home, tmp_path / "b.tar", **STAMP)
    restore.restore(tmp_path / "b.tar", tmp_path / "again")
    copy = Home(tmp_path / "again", create=False)
    assert reports(read_day(copy, "2024-12-25")) == reports(read_day(home, "2024-12-25"))
    assert len(list(copy.path.rglob("*.parquet"))) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_every_flipped_byte_is_found_and_refused(small, tmp_path, name):
    back_up(small, tmp_path / name, **STAMP)
    data = (tmp_path / name).read_bytes()
    rng = random.Random(7)
    places = {0, 257, len(data) - 1, len(data) - 513, len(data) - 512, len(data) - 300}
    places |= {rng.randrange(len(data)) for _ in range(150)}
    for at in sorted(places):
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        (tmp_path / name).write_bytes(changed)
        with contextlib.suppress(InputError):
            assert check_backup(tmp_path / name).findings, at
        with pytest.raises(InputError):
            restore.restore(tmp_path / name, tmp_path / "again")
    for cut in (0, 1, 100, 511, 512, 513, len(data) // 2, len(data) - 1):
        (tmp_path / name).write_bytes(data[:cut])
        with pytest.raises(InputError):
            restore.restore(tmp_path / name, tmp_path / "again")
    (tmp_path / name).write_bytes(data + b"\0")
    with pytest.raises(InputError):
        restore.restore(tmp_path / name, tmp_path / "again")
    assert tree(tmp_path) == {name}
    (tmp_path / name).write_bytes(data)
    assert check_backup(tmp_path / name).whole


# ---- archives by somebody else's hand ------------------------------------------------------------
SETTINGS = b'{"format": 1, "shards": 16}'


def plain(name, data, size=None):
    info = tarfile.TarInfo(name)
    info.size = len(data) if size is None else size
    return info, data


def special(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b""


def packed(data):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def forge(path, members, files, *, compressed=False, tail=b"", **said):
    """Write a backup of any members, with a manifest that says `files`, and a true seal."""
    manifest = {"sargas_backup": 1, "files": files, "damage": [], "counts": {}, **said}
    text = encode_manifest(manifest)
    tar = b"".join(
        info.tobuf(tarfile.PAX_FORMAT if len(info.name) > 90 else tarfile.GNU_FORMAT)
        + data + bytes(-len(data) % 512)
        for info, data in [*members, plain(MANIFEST, text)]
    ) + bytes(1024) + tail  # fmt: skip
    out = io.BytesIO()
    raw = backup_file._Hashing(out)
    if compressed:
        import pyarrow.lib as pa

        with pa.CompressedOutputStream(pa.PythonFile(raw, mode="w"), "zstd") as stream:
            stream.write(tar)
    else:
        raw.write(tar)
    path.write_bytes(out.getvalue() + seal(raw.digest.hexdigest()))


HOME = plain("home/home.json", SETTINGS)
OWN = {"home.json": packed(SETTINGS)}
X = packed(b"x")
HOSTILE = {
    "absolute": ([HOME, plain("/tmp/x", b"x")], OWN | {"/tmp/x": X}, "leads out"),
    "upwards": ([HOME, plain("home/../../x", b"x")], OWN | {"../../x": X}, "leads out"),
    "elsewhere": ([HOME, plain("other/x", b"x")], OWN | {"other/x": X}, "no file of a home"),
    "symlink": ([HOME, special("home/x", tarfile.SYMTYPE, "/etc")], OWN, "is a link"),
    "hard link": ([HOME, special("home/x", tarfile.LNKTYPE, "/etc/passwd")], OWN, "is a link"),
    "device": ([HOME, special("home/x", tarfile.CHRTYPE)], OWN, "no plain file"),
    "fifo": ([HOME, special("home/x", tarfile.FIFOTYPE)], OWN, "no plain file"),
    "folder": ([HOME, special("home/x", tarfile.DIRTYPE)], OWN, "no plain file"),
    "extension": ([HOME, plain("home/" + "ü" * 200, b"x")], OWN, "no plain file"),
    "unnamed": ([HOME, plain("home/x", b"x")], OWN, "does not name"),
    "missing": ([HOME], OWN | {"x": X}, "missing"),
    "twice": ([HOME, plain("home/x", b"x"), plain("home/x", b"x")], OWN | {"x": X}, "twice"),
    "manifest twice": (
        [HOME, plain(MANIFEST, encode_manifest({"sargas_backup": 1, "files": OWN, "damage": []}))],
        OWN, "behind the manifest",
    ),
    "larger than said": ([HOME, plain("home/x", b"x" * 9000)], OWN | {"x": X}, "9,000 bytes"),
    "other bytes": ([HOME, plain("home/x", b"y")], OWN | {"x": X}, "not those written"),
    "no home": ([plain("home/x", b"x")], {"x": X}, "home.json"),
    "settings of another home": (
        [plain("home/home.json", b'{"format": 99, "shards": 1}')],
        {"home.json": packed(b'{"format": 99, "shards": 1}')}, "format 99",
    ),
    "a file as a folder": (
        [HOME, plain("home/x", b"x"), plain("home/x/y", b"x")], OWN | {"x": X, "x/y": X}, "x"
    ),
    "longer than the file": ([HOME, plain("home/x", b"x", 1 << 20)], OWN, "ends within"),
    "more in the filling": (
        [HOME, plain("home/x", b"x" + b"y" * 511, 1)], OWN | {"x": X}, "more than filling",
    ),
    "negative": ([HOME, plain("home/x", b"", -512)], OWN, "-512"),
}  # fmt: skip


@pytest.mark.parametrize("compressed", [False, True], ids=["tar", "zst"])
@pytest.mark.parametrize("which", HOSTILE)
def test_an_archive_of_another_hand_is_refused_and_leaves_nothing(tmp_path, which, compressed):
    members, files, why = HOSTILE[which]
    path = tmp_path / "b.tar"
    forge(path, members, files, compressed=compressed)
    with pytest.raises(SargasError) as refused:
        restore.restore(path, tmp_path / "again")
    assert why in str(refused.value)
    assert tree(tmp_path) == {"b.tar"}


def test_nothing_may_stand_behind_the_end_of_the_tar(tmp_path):
    for tail in (bytes(512), b"x"):
        forge(tmp_path / "b.tar.zst", [HOME], OWN, compressed=True, tail=tail)
        [one] = check_backup(tmp_path / "b.tar.zst").findings
        assert "behind the end" in one.what


@pytest.mark.parametrize(
    "said", [{"sargas_backup": 2}, {"files": []}, {"damage": 7}, {"files": {"home.json": {}}}]
)
def test_a_manifest_that_is_none_is_refused(tmp_path, said):
    forge(tmp_path / "b.tar", [HOME], OWN)
    assert check_backup(tmp_path / "b.tar").whole
    forge(tmp_path / "b.tar", [HOME], **{"files": OWN} | said)
    with pytest.raises(InputError, match=r"manifest|format 2"):
        restore.restore(tmp_path / "b.tar", tmp_path / "again")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    big = b"\0" * 30_000_000
    forge(
        tmp_path / "b.tar.zst", [HOME, plain("home/x", big)], OWN | {"x": packed(big)},
        compressed=True,
    )  # fmt: skip
    assert (tmp_path / "b.tar.zst").stat().st_size < 100_000
    written = []
    monkeypatch.setattr(restore, "write_piece", lambda file, piece: written.append(piece))
    monkeypatch.setattr(restore, "_free_bytes", lambda to: 20_000_000)
    with pytest.raises(StoreError, match="20 MB are free"):
        restore.restore(tmp_path / "b.tar.zst", tmp_path / "again")
    assert written == []


@pytest.mark.parametrize(
    ("members", "files"),
    [
        ([HOME, plain("home/x", b"y")], OWN | {"x": packed(b"y")}),
        ([HOME, plain("home/x", b"xx")], OWN | {"x": packed(b"xx")}),
        ([HOME], OWN),
        ([HOME, plain("home/x", b"x"), plain("home/y", b"x")], OWN | {"x": X, "y": X}),
    ],
    ids=["bytes", "size", "less", "more"],
)
def test_a_backup_that_changes_between_its_two_readings_is_refused(
    tmp_path, monkeypatch, members, files
):
    path = tmp_path / "b.tar"
    forge(path, [HOME, plain("home/x", b"x")], OWN | {"x": X})
    checked = check_backup(path)
    forge(path, members, files)
    monkeypatch.setattr(restore, "check_backup", lambda path, **more: checked)
    with pytest.raises(InputError, match="changed while it was read"):
        restore.restore(path, tmp_path / "again")
    assert tree(tmp_path) == {"b.tar"}


# ---- nothing half-written ------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_full_disk_leaves_no_backup_and_the_old_one(small, tmp_path, monkeypatch, name, part):
    size = back_up(small, tmp_path / name, **STAMP).bytes
    (tmp_path / name).write_bytes(b"the old one")
    whole, left = backup_file._Hashing.write, [part * size]

    def full(self, data):
        left[0] -= len(data)
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(self, data)

    monkeypatch.setattr(backup_file._Hashing, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        back_up(small, tmp_path / name, **STAMP, force=True)
    assert tree(tmp_path) == {name}
    assert (tmp_path / name).read_bytes() == b"the old one"
    monkeypatch.undo()
    back_up(small, tmp_path / name, **STAMP, force=True)
    assert check_backup(tmp_path / name).whole


def test_a_full_disk_leaves_no_home(kept, tmp_path, monkeypatch):
    back_up(kept, tmp_path / "b.tar", **STAMP)
    pieces = []

    def full(file, piece):
        pieces.append(piece)
        file.write(piece[: len(piece) // 2])
        if len(pieces) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(restore, "write_piece", full)
    with pytest.raises(StoreError, match="No space left"):
        restore.restore(tmp_path / "b.tar", tmp_path / "again")
    assert len(pieces) == 4
    assert tree(tmp_path) == {"b.tar"}


@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c_leaves_nothing(kept, tmp_path, name):
    def stop(done, total):
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        back_up(kept, tmp_path / name, **STAMP, progress=stop)
    assert tree(tmp_path) == set()
    back_up(kept, tmp_path / name, **STAMP)

    def stop_late(done, total):
        if done > total * 0.6:  # it unpacks by then
            assert [p for p in tree(tmp_path) if ".part" in p]
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        restore.restore(tmp_path / name, tmp_path / "again", progress=stop_late)
    assert tree(tmp_path) == {name}


def test_nobody_changes_masks_while_their_book_is_copied(kept, tmp_path):
    locks = [kept.path / name / ".lock" for name in ("infra", "masks")]
    free = []

    def take(files, size):
        now = []
        for lock in locks:
            with lock.open("ab") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    now.append(lock.parent.name)
                except BlockingIOError:
                    pass
        free.append(now)

    for lock in locks:
        lock.touch()
    try:
        back_up(kept, tmp_path / "b.tar", **STAMP, progress=take)
    finally:
        for lock in locks:
            lock.unlink()
    assert free.count(["infra"]) == free.count(["masks"]) == 1
    assert free.count(["infra", "masks"]) == len(free) - 2
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0


# ---- places --------------------------------------------------------------------------------------
def test_nothing_is_written_over(small, tmp_path):
    out = tmp_path / "b.tar"
    back_up(small, out, **STAMP)
    with pytest.raises(UsageError, match="--force"):
        back_up(small, out, **STAMP)
    for bad in (tmp_path / "b.zip", small.path / "b.tar"):
        with pytest.raises(UsageError):
            back_up(small, bad, **STAMP)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in ("full", "link", "b.tar"):
        with pytest.raises(UsageError, match="something here"):
            restore.restore(out, tmp_path / taken)
    assert (tmp_path / "full" / "thesis.tex").read_text() == "x"
    (tmp_path / "empty").mkdir()
    for free in ("empty", "a/b/c"):
        restore.restore(out, tmp_path / free)
        assert verify_home(Home(tmp_path / free, create=False), deep=True).whole
    assert not list(tmp_path.rglob("*.part"))


def test_a_damaged_home_is_backed_up_as_it_is_and_says_so(tmp_path):
    home = keep(tmp_path / "home")
    merged = next(home.path.rglob("*-merged.parquet"))
    merged.write_bytes(merged.read_bytes()[:-20])
    done = back_up(home, tmp_path / "b.tar", **STAMP)
    name = merged.relative_to(home.path).as_posix()
    assert [one.where for one in done.damage] == [name]
    checked = check_backup(tmp_path / "b.tar")
    assert (checked.findings, checked.whole) == ([], False)
    assert checked.damage == done.damage
    restore.restore(tmp_path / "b.tar", tmp_path / "again")
    assert (tmp_path / "again" / name).read_bytes() == merged.read_bytes()


# ---- the form of the file ------------------------------------------------------------------------
PART = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=20
).filter(lambda part: part not in (".", ".."))


@settings(max_examples=60, deadline=None)
@given(
    contents=st.dictionaries(
        st.lists(PART, min_size=1, max_size=2).map("/".join), st.binary(max_size=1500), max_size=5
    ),
    compressed=st.booleans(),
)
def test_any_names_and_bytes_come_back(tmp_path_factory, contents, compressed):
    path = tmp_path_factory.mktemp("any") / "b.tar"
    with path.open("wb") as file:
        writer = BackupWriter(file, compressed=compressed)
        for name, data in contents.items():
            writer.put(f"home/{name}", io.BytesIO(data), len(data))
        digest = writer.end({"damage": []})
    with BackupReader(path) as reader:
        back = {m.name: m.content.whole() for m in reader.members()}
        assert reader.is_sealed()
        assert reader.sha256 == digest
    assert list(back) == [*(f"home/{name}" for name in contents), MANIFEST]
    assert [back[f"home/{name}"] for name in contents] == list(contents.values())


def test_a_length_beyond_the_digits_of_tar_is_written(tmp_path):
    header = backup_file._header("home/sargas.db", 9 << 30)
    assert tarfile.TarInfo.frombuf(header, "utf-8", "strict").size == 9 << 30
    with pytest.raises(StoreError, match="too long"):
        backup_file._header("home/" + "x" * 300, 1)
