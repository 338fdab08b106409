"""Every benchmark, one after the other: `make bench`; or those named: `python -m bench fanout`."""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("decode", "csv", "watch", "day", "live", "api", "fanout", "clocks", "frame")


def main() -> int:
    """Run each in a process of its own, so that none warms another."""
    worst = 0
    for name in sys.argv[1:] or BENCHES:
        print(f"\n== {name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"bench.{name}_bench"]).returncode)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
