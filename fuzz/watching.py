"""Watching a worker: it may crash or hang, and what it was trying is found all the same."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.seeds import ROOT
from fuzz.volume import Finding
from fuzz.worker import Box

HANG_S = 30.0
"""CPU time; an input, or a thousand lines, takes no longer."""
STILL_S = 600.0
"""By the wall clock, for what waits and uses none; a machine may be busy with other things too."""
WARM_S = 600.0
"""The seeds take no longer: kernels are compiled meanwhile."""
CRASHES_MOST = 5
POLL_S = 0.2


@dataclass
class Done:
    """What was done with a target by volume."""

    name: str
    inputs: int = 0
    taken: int = 0
    refused: int = 0
    took_s: float = 0.0
    findings: list[Finding] = field(default_factory=list)


def watched(done: Done, inputs: int, seed: int) -> None:
    """Run a target in a process of its own, again where it crashed or hung.

    Args:
        done: gets what was done, also where this is interrupted.
        inputs: how many. seed: of the chance.
    """
    crashes = 0
    while done.inputs < inputs and crashes < CRASHES_MOST:
        if _once(done, inputs - done.inputs, seed + 1_000_003 * crashes):
            return
        crashes += 1


def _once(done: Done, inputs: int, seed: int) -> bool:
    """Run a worker; tells whether it came to its end."""
    with tempfile.TemporaryDirectory(prefix="sargas-fuzz-") as folder:
        where = Path(folder)
        box = Box(where / "box")
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with (where / "stderr").open("wb") as stderr:
            child = subprocess.Popen(
                [sys.executable, "-m", "fuzz.worker", done.name, str(inputs), str(seed),
                 str(where / "box"), str(where / "out.json")],
                cwd=ROOT, stderr=stderr, env=env,
            )  # fmt: skip
        begun = time.monotonic()
        before = done.inputs, done.taken, done.refused
        try:
            hung = _wait(child, box, where)
        finally:
            # First what was done: whoever is impatient interrupts the waiting, too.
            _, now, taken, refused = box.state()
            done.inputs, done.taken = before[0] + now, before[1] + taken
            done.refused = before[2] + refused
            done.took_s += time.monotonic() - begun
            if child.poll() is None:
                child.kill()
            child.wait()
        out = where / "out.json"
        if out.exists():
            said = json.loads(out.read_text())
            done.inputs, done.taken = before[0] + said["inputs"], before[1] + said["taken"]
            done.refused = before[2] + said["refused"]
            done.took_s += said["took_s"] - (time.monotonic() - begun)  # without the warming up
            done.findings += [
                Finding(done.name, what, place, bytes.fromhex(data), trace)
                for what, place, data, trace in said["findings"]
            ]
            return True
        trace = (where / "stderr").read_text("utf-8", "replace")[-6000:]
        what = f"the process ended with {child.returncode}"
        if hung:
            what = f"no answer in {HANG_S:g} s of CPU"
        last = [line.strip() for line in trace.splitlines() if "sargas" in line][:1]
        done.findings.append(Finding(done.name, what, "".join(last) or what, box.data(), trace))
        box.close()
        return False


def _wait(child: subprocess.Popen[bytes], box: Box, where: Path) -> bool:
    """Wait for a worker; tells whether it had to be ended because it hung."""
    number, since, used_s = -1, time.monotonic(), 0.0
    while child.poll() is None:
        time.sleep(POLL_S)
        now = box.state()[0]
        if now != number:
            number, since, used_s = now, time.monotonic(), cpu_s(child.pid)
        bound_s = HANG_S if (where / "out.warm").exists() else WARM_S
        is_still = time.monotonic() - since > max(STILL_S, bound_s)
        if is_still or cpu_s(child.pid) - used_s > bound_s:
            child.send_signal(signal.SIGABRT)  # faulthandler tells where it stood
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            return True
    return False


def cpu_s(pid: int) -> float:
    """Give the CPU time of a process; the wall clock's where the system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def write(findings: Iterable[Finding], out: Path) -> None:
    """Write findings: the input, and beside it what happened."""
    for finding in findings:
        folder = out / finding.target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / finding.name).write_bytes(finding.data)
        said = f"{finding.what}\n{finding.place}\n\n{finding.trace}"
        (folder / f"{finding.name}.txt").write_text(said, "utf-8")
