"""Compiling the kernels: once per installation, shown where it takes long."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext

SLOW_S = 5.0


def warm(*, quiet: bool = False) -> float:
    """Load every kernel, compiling those that no earlier run has kept on disk.

    Args:
        quiet: say nothing.

    Returns:
        Seconds it took.
    """
    start = time.monotonic()
    with _spinner(quiet=quiet):
        from sargas.decode import warm as warm_decoder
        from sargas.watch.warm import warm as warm_watch

        warm_decoder()
        warm_watch()
    took = time.monotonic() - start
    if took > SLOW_S and not quiet:
        print(
            f"The kernels were compiled in {took:.0f} s; this happens once per installation.",
            file=sys.stderr,
        )
    return took


def _spinner(*, quiet: bool) -> AbstractContextManager[object]:
    """Show on a terminal that something is going on."""
    if quiet or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status("Preparing the kernels (once per installation) ...")
