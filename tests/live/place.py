"""A watch whose home lies on a disk of its own, which a test really fills."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

DISK = """
mount -t tmpfs -o size=32m none "$1" || exit 1
place=$1; shift
"$@" </dev/null &
while read -r word; do
  case $word in
    full) cat /dev/zero >"$place/filler" 2>/dev/null ;;
    free) rm "$place/filler" ;;
  esac
done
kill -TERM $!
wait $!
"""
"""A small disk in a mount namespace of its own; what it is told on its input fills and frees it."""
IN_OWN_SPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


def _may_mount(place: Path) -> bool:
    """Tell whether this machine lets us have a disk."""
    try:
        mount = [*IN_OWN_SPACE, 'mount -t tmpfs none "$1"', "sh", str(place)]
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


class SmallDisk:
    """Runs a command on a small disk.

    Where we may mount none the kernel refuses each byte that the command writes into a file
    instead, by a limit that is set and lifted while it runs: as real, in other words.

    Args:
        place: an empty directory that becomes the disk.
        command: what to run; its output is a pipe.
    """

    def __init__(self, place: Path, command: list[str]) -> None:
        self._is_disk = _may_mount(place)
        self.words = "No space left on device" if self._is_disk else "File too large"
        self.process = subprocess.Popen(
            [*IN_OWN_SPACE, DISK, "sh", str(place), *command] if self._is_disk else command,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def fill(self) -> None:
        """Leave no room."""
        self._tell("full", 0)

    def free(self) -> None:
        """Make room again."""
        self._tell("free", resource.RLIM_INFINITY)

    def _tell(self, word: str, most_bytes: int) -> None:
        if not self._is_disk:
            limit = (most_bytes, resource.RLIM_INFINITY)
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, limit)
            return
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def end(self) -> str:
        """End it in order; gives what it said."""
        if not self._is_disk:
            self.process.terminate()
        return self.process.communicate(timeout=60)[1]
