"""The command line. Each command's module is imported only when it is called."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program and leave with its exit code."""
    from sargas.cli.root import run

    sys.exit(run(sys.argv[1:]))
