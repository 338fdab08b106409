"""A PostgreSQL server of our own, on a socket in a folder that goes away with it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


def _program(name: str) -> str | None:
    """Find a program of PostgreSQL's: Debian keeps the servers' own out of the path."""
    found = shutil.which(name)
    if found:
        return found
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(there[-1]) if there else None


def _missing(what: str) -> None:
    """Skip with the reason; where all must run (SARGAS_E2E=1) it fails instead."""
    if os.environ.get("SARGAS_E2E") == "1":
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def server() -> Iterator[str]:
    """Run a server and give its address without the name of a database; needs psycopg."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        _missing("PostgreSQL is not installed: its upgrades were not tested")
    assert initdb is not None
    assert postgres is not None
    # A short path: a socket's name has 107 letters at most.
    with tempfile.TemporaryDirectory(prefix="sargas-pg-") as name:
        folder, run_as = Path(name), None
        if os.geteuid() == 0:  # the server refuses to run as root
            try:
                run_as = pwd.getpwnam("postgres")
            except KeyError:
                run_as = pwd.getpwnam("nobody")
            os.chown(folder, run_as.pw_uid, run_as.pw_gid)
        as_whom = {} if run_as is None else {
            "user": run_as.pw_uid, "group": run_as.pw_gid, "extra_groups": [],
        }  # fmt: skip
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-U", "sargas", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, capture_output=True, cwd=folder, timeout=120, **as_whom,
        )  # fmt: skip
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [postgres, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
            stdout=log, stderr=log, cwd=folder, **as_whom,
        )  # fmt: skip
        try:
            _wait_for(folder, process)
            yield f"postgresql+psycopg://sargas@/{{}}?host={folder}"
        finally:
            process.send_signal(signal.SIGINT)  # ends sessions that are still open
            process.wait(60)
            log.close()


def _wait_for(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host={folder} user=sargas dbname=postgres").close()
        except psycopg.OperationalError:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        else:
            return
