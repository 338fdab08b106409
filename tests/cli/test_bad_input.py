"""Bad input: a sentence that says what, where and what to do, the exit code, and no harm done."""

from __future__ import annotations

import ctypes
import errno
import gzip
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sargas.model.time import iso

from .conftest import AIS, OWN_MAP, SARGAS, Call, child

DMA = AIS / "dma-5min-2013-11-12.nmea.gz"
LOTUS = AIS / "lotus-sog-glitch-2014-10-05.nmea.gz"
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("command", ["scan", "decode", "crossings"])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.nmea", b"", "empty"),
        ("blank.csv", b"\r\n\r\n", "empty"),
        ("nul.nmea", b"\0" * 5000, "empty"),
        ("garbage.bin", bytes(range(128, 256)) * 50, "no known format"),
        ("utf16.csv", "mmsi,t,lon,lat\n1,2,3,4\n".encode("utf-16"), "UTF-16"),
        ("columns.csv", b"alpha,beta,gamma\n1,2,3\n", "olumn"),
        ("renamed.csv", b"MMSI,when,lon,lat\n219000001,2024-01-01T00:00:00Z,10,55\n", "olumn"),
        ("cut.parquet", b"PAR1" + bytes(500), "arquet"),
        ("cut.zip", b"PK\x03\x04" + bytes(300), "zip"),
    ],
)
def test_what_cannot_be_read_is_named_and_gives_three(
    call: Call, folder: Path, command: str, name: str, content: bytes, words: str
) -> None:
    path = write(folder / name, content)
    done = call(command, path, "--json")
    assert done.code == 3
    assert done.out == ""
    [line] = [line for line in done.err.splitlines() if line.startswith("sargas: ")]
    assert str(path) in line
    assert words in line


@pytest.mark.parametrize("text", [b"", b"no sentence\n"])
def test_a_watch_whose_feeds_end_without_a_fix_gives_three(folder: Path, text: bytes) -> None:
    done = child("watch", "-", "--home", folder / "watched", stdin=text)
    assert done.code == 3, done.err
    assert "0 fixes" in done.err


def test_a_directory_and_a_missing_file_say_what_to_do(call: Call, folder: Path) -> None:
    done = call("scan", folder)
    assert done.code == 3
    assert "directory" in done.err
    assert "DIR/*.gz" in done.err
    missing = call("scan", folder / "none.nmea")
    assert missing.code == 3
    assert "no such file" in missing.err


def test_a_truncated_gzip_gives_what_lies_before_the_break(call: Call, folder: Path) -> None:
    whole = DMA.read_bytes()
    cut = write(folder / "cut.nmea.gz", whole[: len(whole) // 2])
    done = call("decode", cut, "--json")
    assert done.code == 3
    assert "break off" in done.err
    assert "fetch the file again" in done.err
    first = call("decode", DMA, "--json", "--quiet").out
    assert len(done.out) > len(first) // 4
    # All but the last lines, which may wait for a part that never came.
    assert first.startswith(done.out[: len(done.out) * 9 // 10])
    scanned = call("scan", cut)
    assert scanned.code == 3
    fixes = re.search(r"lines, ([\d,]+) fixes", scanned.err)
    assert fixes
    assert int(fixes.group(1).replace(",", "")) > 10_000


def test_garbage_between_good_lines_is_counted(call: Call, folder: Path) -> None:
    lines = gzip.decompress(LOTUS.read_bytes()).splitlines(keepends=True)
    good = call("decode", LOTUS, "--json", "--quiet").rows
    mixed = b"".join(line + b"\0\xff\x1b[31m garbage \0\n" for line in lines)
    done = call("decode", write(folder / "mixed.nmea", mixed), "--json")
    assert done.code == 0
    assert [row["payload_hash"] for row in done.rows] == [row["payload_hash"] for row in good]
    assert f"read      {2 * len(lines):,} lines" in done.err
    assert "\x1b" not in done.err


def test_carriage_returns_make_no_difference(call: Call, folder: Path, drag_csv: Path) -> None:
    unix = drag_csv.read_bytes()
    dos = write(folder / "dos.csv", unix.replace(b"\n", b"\r\n"))
    usual = call("scan", drag_csv, "--map", OWN_MAP, "--json", "--quiet")
    assert usual.rows
    assert call("scan", dos, "--map", OWN_MAP, "--json", "--quiet").out == usual.out
    log = gzip.decompress(LOTUS.read_bytes()).replace(b"\r\n", b"\n")
    texts = [log, log.replace(b"\n", b"\r\n")]
    one, two = (
        [(r["payload_hash"], r["t"]) for r in call("decode", path, "--json", "--quiet").rows]
        for path in (write(folder / f"{k}.nmea", text) for k, text in enumerate(texts))
    )
    assert one == two


@pytest.mark.parametrize("kind", ["nmea", "csv"])
def test_a_line_of_a_hundred_megabytes_costs_no_memory(
    folder: Path, kind: str, drag_csv: Path
) -> None:
    path = folder / f"long.{kind}"
    good = gzip.decompress(LOTUS.read_bytes()) if kind == "nmea" else drag_csv.read_bytes()
    head, _, rest = good.partition(b"\n")
    with path.open("wb") as file:
        file.write(head + b"\n")
        for _ in range(100):
            file.write(b"!AIVDM,1,1,,A," * 71_430)
        file.write(b"\n" + rest)
    words = ["decode", path] + ([] if kind == "nmea" else ["--map", OWN_MAP])
    code = (
        "import sys; from sargas.cli.root import run; code = run(sys.argv[1:]);"
        # Not getrusage: that begins with what this process had when it became another.
        "peak = open('/proc/self/status').read().partition('VmHWM:')[2].split()[0];"
        "print(peak, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    err = done.stderr.decode()
    assert int(err.splitlines()[-1]) < 700_000  # of which the libraries take half
    assert "too_long" in err or "line_too_long" in err, err
    usual = child("decode", *([LOTUS] if kind == "nmea" else [drag_csv, "--map", OWN_MAP]))
    said = [line.split(" lines, ")[1] for line in (err, usual.err) if True for line in
            line.splitlines() if line.startswith("read ")]  # fmt: skip
    assert said[0] == said[1]


def test_days_out_of_order_are_counted_as_late(drag_csv: Path) -> None:
    head, *rows = drag_csv.read_bytes().splitlines(keepends=True)
    start = 1_735_207_200  # the next morning
    tomorrow = b"".join(
        f"219000001,{iso(1000 * (start + k))},10.0,55.0,0.0,90.0,90\n".encode()
        for k in range(25_000)
    )
    done = child("scan", "-", "--map", OWN_MAP, stdin=head + tomorrow + b"".join(rows))
    assert done.code == 0
    said = re.search(r"^set aside.* ([\d,]+) late\b", done.err, re.MULTILINE)
    assert said, done.err
    # The first batch is larger than what had been released when the day turned back.
    assert int(said.group(1).replace(",", "")) == len(rows)
    assert re.search(r"^alerts +none$", done.err, re.MULTILINE)


def test_a_lone_clock_in_the_future_makes_nothing_late(
    call: Call, folder: Path, drag_csv: Path
) -> None:
    head, *rows = drag_csv.read_bytes().splitlines(keepends=True)
    ahead = b"219000001,2026-01-01T00:00:00Z,10.0,55.0,10.0,90.0,90\n"
    broken = write(folder / "ahead.csv", head + b"".join([*rows[:500], ahead, *rows[500:]]))
    other = write(folder / "other.csv", head + b"".join(rows[::7]))
    usual = call("scan", drag_csv, "--map", OWN_MAP, "--json", "--quiet").rows
    # Two files, so that the reading has to choose which to go on with.
    done = call("scan", broken, other, "--map", OWN_MAP, "--json")
    assert " late" not in done.err
    mine = [a for a in done.rows if a["subject"]["mmsi"] == 518998865]
    assert [a["id"] for a in mine] == [a["id"] for a in usual]


# ---- folders and disks ---------------------------------------------------------------------------
def without_privileges() -> None:
    """Take from a child of root the right to write where permissions forbid it."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "prctl")


def as_ordinary_user(*words: object, home: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the program as one whom permissions bind, with a HOME of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("SARGAS_HOME", "XDG_DATA_HOME")}
    try:
        return subprocess.run(
            [SARGAS, *map(str, words)], capture_output=True, timeout=280, cwd=home,
            preexec_fn=without_privileges, env=environment | {"HOME": str(home)},
        )  # fmt: skip
    except subprocess.SubprocessError:
        pytest.skip("this root may not give up its privileges")


@pytest.fixture
def locked(folder: Path) -> Iterator[Path]:
    """A folder that cannot be written."""
    path = folder / "locked"
    path.mkdir()
    path.chmod(0o555)
    yield path
    path.chmod(0o755)


def test_a_home_that_cannot_be_written_is_named(folder: Path, locked: Path) -> None:
    done = as_ordinary_user("scan", LOTUS, "--home", locked / "home", home=folder)
    err = done.stderr.decode()
    assert done.returncode == 1, err
    assert str(locked / "home") in err
    assert "ermission" in err
    assert "Traceback" not in err
    assert list(locked.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named(folder: Path, locked: Path) -> None:
    for words in (
        ["decode", LOTUS, "--out", locked / "x.parquet"],
        ["exercise", "export", "eagle-s", "--out", locked / "x.nmea"],
        ["decode", LOTUS, "--out", folder / "missing" / "x.parquet"],
    ):
        done = as_ordinary_user(*words, home=folder)
        err = done.stderr.decode()
        assert done.returncode == 1, err
        assert str(words[-1]) in err
        assert "cannot be written: Permission denied" in err or "missing" in err
        assert "folder" in err or "directory" in err
    assert list(locked.iterdir()) == []
    assert [p.name for p in folder.iterdir()] == ["locked"]


def test_the_doctor_of_an_ordinary_user_in_an_empty_home(folder: Path, locked: Path) -> None:
    own = folder / "own"
    own.mkdir()
    done = as_ordinary_user("doctor", "--port", "0", "--json", home=own)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    checks = {c["what"]: c for c in map(json.loads, done.stdout.decode().splitlines())}
    assert checks["home"]["state"] == "ok"
    assert str(own / ".local/share/sargas") in checks["home"]["found"]
    assert checks["kernels"]["state"] == "ok"
    assert checks["screen"]["state"] == "ok"
    assert list(own.iterdir()) == []
    done = as_ordinary_user("doctor", "--port", "0", "--quiet", home=locked)
    assert done.returncode == 1
    said = done.stdout.decode()
    assert "wrong" in said
    assert "Permission denied" in said
    assert "--home" in said


def limited(*words: object, size: int) -> subprocess.CompletedProcess[bytes]:
    """Run the program where no file may grow beyond a size: to it, a disk that is full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    # The kernels are kept on disk by runs before this one; it must not have to write them.
    child("scan", LOTUS, "--quiet")
    return subprocess.run(
        [SARGAS, *map(str, words)], capture_output=True, timeout=280, preexec_fn=limit
    )


def test_a_full_disk_leaves_no_half_written_columns(folder: Path) -> None:
    out = folder / "x.parquet"
    done = limited("decode", DMA, "--out", out, size=200_000)
    err = done.stderr.decode()
    assert done.returncode == 1, err
    assert str(out) in err
    assert "cannot be written" in err
    assert "Traceback" not in err
    assert list(folder.iterdir()) == []


def test_a_full_disk_keeps_the_columns_of_the_run_before(folder: Path, call: Call) -> None:
    out = folder / "x.parquet"
    assert call("decode", LOTUS, "--out", out, "--quiet").code == 0
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert limited("decode", DMA, "--out", out, size=200_000).returncode == 1
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_full_disk_stops_a_home_in_words_and_loses_nothing(folder: Path, call: Call) -> None:
    home = folder / "home"
    assert call("scan", LOTUS, "--home", home, "--quiet").code == 0
    before = stored(home)
    assert before
    done = limited("scan", DMA, "--home", home, size=20_000)
    err = done.stderr.decode()
    assert done.returncode == 1, err
    assert "Traceback" not in err
    assert os.strerror(errno.EFBIG) in err or "full" in err or "too large" in err.lower()
    after = stored(home)
    assert before.items() <= after.items()
    # With room again the same command ends as if nothing had happened.
    assert call("scan", DMA, "--home", home, "--quiet").code == 0
    fresh = folder / "fresh"
    for path in (LOTUS, DMA):
        assert call("scan", path, "--home", fresh, "--quiet").code == 0
    assert rows_of(home) == rows_of(fresh)


def test_a_full_disk_under_an_export_leaves_nothing(folder: Path) -> None:
    done = limited("exercise", "export", "eagle-s", "--out", folder / "x.nmea", size=100_000)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr.decode()
    assert list(folder.iterdir()) == []


def stored(home: Path) -> dict[str, bytes]:
    """The shard files of a home, which never change once they are there."""
    return {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*.parquet")
            if ".tmp" not in p.parts}  # fmt: skip


def rows_of(home: Path) -> set[tuple[int, int, int]]:
    """What a home knows: subject, time and payload of every fix."""
    from sargas.store import Home
    from sargas.store.shards import read_day

    opened = Home(home, create=False)
    return {
        (int(s), int(t), int(p))
        for day in opened.days()
        for fixes in [read_day(opened, day)]
        for s, t, p in zip(fixes.subject_id, fixes.t_ms, fixes.payload_hash, strict=True)
    }


def test_a_home_that_is_a_file_or_another_folder_is_refused(call: Call, folder: Path) -> None:
    file = write(folder / "file", b"x")
    assert call("scan", LOTUS, "--home", file).code == 1
    other = folder / "other"
    other.mkdir()
    write(other / "thesis.doc", b"years of work")
    done = call("scan", LOTUS, "--home", other)
    assert done.code == 1
    assert "thesis.doc" in done.err
    assert [p.name for p in other.iterdir()] == ["thesis.doc"]
