"""One target in a process of its own, so that a crash or a hang ends nothing else.

What is being tried stands in a shared file before it is: whoever watches finds it there, whatever
happened to this process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import mmap
import os
import resource
import struct
import sys
import time
from pathlib import Path

from fuzz import volume
from fuzz.target import Target
from fuzz.targets import TARGETS
from sargas.errors import SargasError

HEAD = struct.Struct("<QQQQQ")
"""Sequence number of what is tried, inputs done, documents taken, refused, and its length."""
BOX_BYTES = 16 << 20
ROOM_BYTES = 1 << 30
"""Memory that inputs may take beyond what the seeds took; more raises MemoryError, a finding."""


class Box:
    """The shared file.

    Args:
        path: the file; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        with path.open("ab") as made:
            made.truncate(HEAD.size + BOX_BYTES)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), HEAD.size + BOX_BYTES)

    def put(self, data: bytes, tally: volume.Tally) -> None:
        """Write down what is tried next."""
        number = HEAD.unpack_from(self._map)[0] + 1
        kept = data[:BOX_BYTES]
        self._map[HEAD.size : HEAD.size + len(kept)] = kept
        HEAD.pack_into(self._map, 0, number, tally.inputs, tally.taken, tally.refused, len(kept))

    def state(self) -> tuple[int, int, int, int]:
        """Give number, inputs, taken and refused documents."""
        number, inputs, taken, refused, _ = HEAD.unpack_from(self._map)
        return number, inputs, taken, refused

    def data(self) -> bytes:
        """Give what is tried."""
        length = HEAD.unpack_from(self._map)[4]
        return self._map[HEAD.size : HEAD.size + length]

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()


def warm(target: Target, box: Box) -> volume.Tally:
    """Run the seeds first: kernels are compiled, packages imported."""
    tally = volume.Tally()
    for data in volume.seeds_of(target):
        box.put(data, tally)
        error = volume.tried(target, data)
        if error is not None and not isinstance(error, SargasError):
            volume.keep(target, data, error, tally)
    return tally


def limit_memory() -> None:
    """Allow so much memory more, and no core files."""
    status = Path("/proc/self/status").read_text()
    used = next(int(line.split()[1]) << 10 for line in status.splitlines() if "VmData" in line)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (used + ROOM_BYTES, -1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Run a target: NAME INPUTS SEED BOX OUT; what was found is written to OUT as JSON."""
    name, inputs, seed, box_path, out = sys.argv[1:6]
    faulthandler.enable()
    box = Box(Path(box_path))
    target = TARGETS[name]
    tally = warm(target, box)
    if sys.platform == "linux":
        limit_memory()
    Path(out).with_suffix(".warm").touch()
    begun = time.perf_counter()
    more = volume.run(target, int(inputs), int(seed), box.put)
    took_s = time.perf_counter() - begun
    findings = [*tally.findings.values(), *more.findings.values()]
    said = {
        "inputs": more.inputs, "taken": more.taken, "refused": more.refused, "took_s": took_s,
        "findings": [[f.what, f.place, f.data.hex(), f.trace] for f in findings],
    }  # fmt: skip
    part = Path(out).with_suffix(".part")
    part.write_text(json.dumps(said))
    os.replace(part, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
