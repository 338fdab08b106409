"""A file that is followed, and a pipe: what rotation, a restart or an unended line may cost."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from sargas.feeds.live import open_transport
from sargas.feeds.live.files import TailTransport
from sargas.feeds.live.supervise import ENDED, RECEIVING
from sargas.feeds.live.url import parse_feed_url

from .senders import eventually
from .test_supervise import runs  # noqa: F401 - a fixture


def appear(file: Path, content: bytes) -> None:
    """Give a file its name when it is whole."""
    new = file.with_name("new")
    new.write_bytes(content)
    new.replace(file)


def test_a_named_pipe_is_refused_and_holds_nobody(runs, tmp_path):  # noqa: F811
    file = tmp_path / "log.nmea"
    os.mkfifo(file)
    run = runs(f"tail:{file}")
    try:
        eventually(lambda: "a pipe or a device" in run.health.reason, "the reason", 20)
        assert "sargas watch - <" in run.health.reason
    finally:  # whoever waits for a writer has one
        os.close(os.open(file, os.O_RDWR | os.O_NONBLOCK))
    appear(file, b"one\n")
    eventually(lambda: run.heard.bytes == b"one\n", "the file in its place")


def test_what_is_written_just_before_a_file_loses_its_name_is_read(runs, tmp_path, monkeypatch):  # noqa: F811
    file = tmp_path / "log.nmea"
    file.write_bytes(b"one\n")
    read, is_rotated = TailTransport._read, []

    def rotating(self: TailTransport, opened: IO[bytes]) -> bytes:
        data = read(self, opened)
        if not data and not is_rotated:  # between the last read and the look at the name
            is_rotated.append(True)
            with file.open("ab") as old:
                old.write(b"late\n")
            file.rename(tmp_path / "log.nmea.1")
            appear(file, b"two\n")
        return data

    monkeypatch.setattr(TailTransport, "_read", rotating)
    run = runs(f"tail:{file}")
    eventually(lambda: b"two\n" in run.heard.bytes, "the file that took its name")
    assert run.heard.bytes == b"one\nlate\ntwo\n"


def test_a_file_from_its_end_that_comes_later_is_read_whole(runs, tmp_path):  # noqa: F811
    file = tmp_path / "log.nmea"
    run = runs(f"tail:{file}#from=end")
    eventually(lambda: "No such file" in run.health.reason, "the reason")
    appear(file, b"one\n")
    eventually(lambda: run.heard.bytes == b"one\n", "all of it")


def test_a_quiet_file_from_its_end_is_followed_over_rotation_by_one_with_content(runs, tmp_path):  # noqa: F811
    file = tmp_path / "log.nmea"
    file.write_bytes(b"old\n")
    run = runs(f"tail:{file}#from=end")
    eventually(lambda: run.health.state == RECEIVING, "it is open")
    appear(file, b"one\n")
    eventually(lambda: run.heard.bytes == b"one\n", "all of the new one")


def test_a_quiet_file_from_its_end_goes_on_from_there_in_the_next_run(runs, tmp_path):  # noqa: F811
    file = tmp_path / "log.nmea"
    file.write_bytes(b"old\n")
    first = runs(f"tail:{file}#from=end")
    eventually(lambda: first.heard.told, "where it begins")
    first.end()
    assert first.heard.bytes == b""
    with file.open("ab") as grown:
        grown.write(b"one\n")
    transport = open_transport(parse_feed_url(f"tail:{file}#from=end"))
    transport.resume(first.heard.told[0][1], 0)

    async def read() -> bytes:
        async with asyncio.timeout(20):
            return await anext(transport.pieces())

    assert asyncio.run(read()) == b"one\n"


def test_the_last_line_of_a_pipe_needs_no_newline(runs):  # noqa: F811
    read, write = os.pipe()
    kept = os.dup(0)
    os.dup2(read, 0)
    try:
        os.write(write, b"one\ntwo")
        os.close(write)
        run = runs("-")
        run.join()
        assert run.heard.bytes == b"one\ntwo\n"
        assert run.health.state == ENDED
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(read)


def test_a_standard_input_that_is_closed_is_refused(tmp_path):
    """What is opened next would have its number, and be read as if it were the feed."""
    sargas = str(Path(sys.executable).with_name("sargas"))
    home = tmp_path / "home"
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" watch - --home "$1" <&-', sargas, str(home)],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert "Standard input is closed" in done.stderr
    assert done.returncode == 2
    assert not home.exists()
