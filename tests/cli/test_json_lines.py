"""With `--log json` every line on stderr is one object, whoever writes it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
import subprocess
import sys
import threading
import traceback
import warnings

import httpx
import pytest

from sargas.cli.json_lines import JsonLines
from sargas.store import Home
from sargas.store.access import Access
from sargas.store.users import By

from .conftest import SARGAS


def texts(out: io.StringIO) -> list[str]:
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all(set(row) == {"t", "text"} for row in rows)
    return [row["text"] for row in rows]


@pytest.fixture
def out():
    return io.StringIO()


def test_what_others_write_becomes_objects(out):
    with contextlib.redirect_stderr(JsonLines(out)):
        others_write()
    said = texts(out)
    assert said[:4] == [
        "a login from 192.0.2.7 was refused.", 'two\nlines {"of": 1}',
        "\x1b[Ka hostile \x1b[31m name ü \udc80", "{no object}",
    ]  # fmt: skip
    assert "DeprecationWarning" in said[4]
    assert "the server fell" in said
    assert said[-1] == "ValueError: by us"


def others_write():
    print("sargas: a login from 192.0.2.7 was refused.", file=sys.stderr)
    print('two\nlines {"of": 1}', file=sys.stderr)
    print("\r\x1b[K", end="", file=sys.stderr)
    print("a hostile \x1b[31m name ü \udc80", file=sys.stderr)
    print("{no object}", file=sys.stderr)
    print("", file=sys.stderr)
    print(warnings.formatwarning("old", DeprecationWarning, "a.py", 7), file=sys.stderr)
    handler = logging.StreamHandler()
    handler.emit(logging.LogRecord("uvicorn", 40, "", 0, "the server %s", ("fell",), None))
    try:
        raise ValueError("by us")
    except ValueError:
        traceback.print_exc()


def test_what_two_threads_print_at_once_is_not_mixed(out):
    def talk(word):
        for n in range(200):
            print(word, n, file=sys.stderr)

    threads = [threading.Thread(target=talk, args=(word,)) for word in ("north", "south")]
    with contextlib.redirect_stderr(JsonLines(out)):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    said = texts(out)
    assert sorted(said) == sorted(f"{word} {n}" for word in ("north", "south") for n in range(200))


def test_half_a_line_is_written_at_the_end(out):
    lines = JsonLines(out)
    lines.write("half")
    assert out.getvalue() == ""
    lines.flush()
    assert texts(out) == ["half"]


def test_a_watch_that_logs_as_json_writes_nothing_else(tmp_path):
    """A login that is refused, the end by SIGTERM: lines that the command itself does not write."""
    home, feed = Home(tmp_path / "home"), tmp_path / "a.nmea"
    feed.touch()
    with Access(home) as access:
        access.add("Vita", "sentry at the sound", "admin", By("root", 0, 1))
    command = [SARGAS, "watch", f"tail:{feed}", "--home", home.path, "--serve", "--port", "0",
               "--json", "--log", "json"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            address = json.loads(process.stdout.readline())["address"]
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
                answer = http.post("/login", data={"name": "x", "password": "y" * 14})
            assert answer.status_code == 401
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    said = [json.loads(line)["text"] for line in err.decode().splitlines()]
    assert "a login from 127.0.0.1 was refused." in said
    assert said[-2:] == ["ended", "interrupted; what was printed and stored is whole."]
    assert [json.loads(line) for line in out.splitlines()] == []


def test_an_error_that_ends_the_watch_is_an_object_too(tmp_path):
    done = subprocess.run(
        [SARGAS, "watch", "tail:" + str(tmp_path / "a.nmea"), "--home", tmp_path / "home",
         "--serve", "--host", "0.0.0.0", "--log", "json"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    [one] = [json.loads(line)["text"] for line in done.stderr.splitlines()]
    assert "no users" in one
