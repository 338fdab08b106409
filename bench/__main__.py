"""Every benchmark, one after the other: `make bench`."""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("decode_bench", "csv_bench", "watch_bench", "day_bench")


def main() -> int:
    """Run each in a process of its own, so that none warms another."""
    worst = 0
    for name in BENCHES:
        print(f"\n== {name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"bench.{name}"]).returncode)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
