"""A home opens, says what is wrong, and has one writer."""

import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import time

import pytest

from sargas.errors import StateVersionError, StoreError
from sargas.store.backup import back_up
from sargas.store.home import Home
from sargas.store.restore import restore


def test_a_home_is_made_once_and_opened_again(tmp_path):
    made = Home(tmp_path / "a" / "b")
    again = Home(tmp_path / "a" / "b", create=False)
    assert (again.shards, again.created) == (16, made.created)
    assert made.created.endswith("Z")
    assert sorted(os.listdir(made.path)) == ["home.json"]


def test_a_home_that_is_made_or_restored_is_its_owners_alone(tmp_path):
    before = os.umask(0o022)
    try:
        made = Home(tmp_path / "a" / "b")
        back_up(made, tmp_path / "backup.tar", created="2026-01-01T00:00:00Z", version="0")
        restore(tmp_path / "backup.tar", tmp_path / "c")
        (tmp_path / "shared").mkdir(mode=0o750)
        given = Home(tmp_path / "shared")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made.path, tmp_path / "c", given.path)]
    assert modes == [0o700, 0o700, 0o750], "one that was there stays as it was"


def test_the_number_of_shards_is_the_homes_own(home):
    settings = json.loads((home.path / "home.json").read_text())
    (home.path / "home.json").write_text(json.dumps({**settings, "shards": 4}))
    assert Home(home.path).shards == 4


def test_a_missing_home_is_not_made_for_a_reader(tmp_path):
    with pytest.raises(StoreError, match="no sargas home"):
        Home(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_directory_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match=r"thesis\.tex"):
        Home(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_imported_assets_alone_become_a_home(tmp_path):
    (tmp_path / "infra").mkdir()
    with pytest.raises(StoreError, match="'infra'"):
        Home(tmp_path)  # any folder may have that name
    (tmp_path / "infra" / "imports.jsonl").write_text("{}\n")
    Home(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["home.json", "infra"]


def test_fixes_without_settings_are_no_home(tmp_path):
    (tmp_path / "fixes").mkdir()
    with pytest.raises(StoreError, match="'fixes'"):
        Home(tmp_path)


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="another --home"):
        Home(tmp_path / "file")
    with pytest.raises(StoreError, match="another --home"):
        Home(tmp_path / "file" / "below")


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_format_is_refused(home, version):
    (home.path / "home.json").write_text(json.dumps({"format": version, "shards": 16}))
    with pytest.raises(StateVersionError, match=f"format {version}"):
        Home(home.path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "shards": 0}', "\xff\x00", "7"]
)
def test_damaged_settings_are_refused(home, text):
    (home.path / "home.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreError, match=r"home\.json"):
        Home(home.path)


def test_an_unwritable_directory_is_said(tmp_path):
    """Run as another user, for root may write anywhere."""
    script = (
        "import os, sys; from sargas.store.home import Home; from sargas.errors import StoreError\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: Home(sys.argv[1])\n"
        "except StoreError as error: print(error)\n"
    )
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    told = subprocess.run(
        [sys.executable, "-c", script, locked / "home"], capture_output=True, text=True, check=True
    )
    assert "Permission denied" in told.stdout
    assert "who owns" in told.stdout


def test_one_writer_at_a_time_and_readers_go_on(home):
    other = Home(home.path)
    with home.writing(), home.writing():
        with pytest.raises(StoreError, match=f"process {os.getpid()}"):
            other.acquire()
        assert Home(home.path, create=False).days() == []
    with other.writing():
        pass


def test_the_lock_dies_with_its_process(home):
    script = (
        "import sys, time; from sargas.store.home import Home\n"
        "Home(sys.argv[1]).acquire(); print('held', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, home.path], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=f"process {child.pid}"):
            home.acquire()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    with home.writing():
        pass


def test_a_home_travels_to_another_process_without_its_lock(home):
    with home.writing():
        other = pickle.loads(pickle.dumps(home))
        assert (other.path, other.shards) == (home.path, home.shards)
        with pytest.raises(StoreError, match="Another sargas writes"):
            other.acquire()


def test_a_forked_child_does_not_keep_the_lock(home):
    with home.writing():
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
    try:
        with Home(home.path).writing():
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_importing_the_store_loads_no_heavy_library():
    script = (
        "import sys, sargas.store; from sargas.store import Home\n"
        "print([m for m in ('duckdb', 'sqlalchemy', 'pyarrow', 'numba') if m in sys.modules])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"
