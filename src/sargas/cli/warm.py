"""Compiling the kernels: once per installation, shown where it takes long."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

SLOW_S = 5.0
TOLD = "Preparing the kernels: they are compiled once per installation, in one to three minutes."
TEXT_TABLES = ("dma-csv", "noaa-csv", "csv")
"""Formats that are read by kernels of their own."""


def warm(*, quiet: bool = False, formats: Collection[str] = ()) -> float:
    """Load every kernel, compiling those that no earlier run has kept on disk.

    Args:
        quiet: say nothing.
        formats: the formats that will be read.

    Returns:
        Seconds it took.
    """
    start = time.monotonic()
    first_time = not _is_kept()
    with _spinner(quiet=quiet, first_time=first_time):
        # On a core each: half of the watch, and the decoder with the other half.
        helper = _compile_watch_aside() if first_time else None
        from sargas.decode import warm as warm_sentences

        warm_sentences()
        if any(f in TEXT_TABLES for f in formats):
            from sargas.decode.delimited import warm as warm_text_tables

            warm_text_tables()
        from sargas.watch.warm import warm as warm_watch

        if helper is not None:
            warm_watch(part=1)
            helper.wait()
        warm_watch()
    took = time.monotonic() - start
    if took > SLOW_S and not quiet:
        print(f"The kernels were compiled in {took:.0f} s.", file=sys.stderr)
    return took


def _is_kept() -> bool:
    """Tell whether an earlier run has kept compiled kernels where numba looks for them."""
    from sargas.watch.locate import locate_rows

    stats = getattr(locate_rows, "stats", None)  # none when kernels run as plain Python
    if stats is None:
        return True
    return any(Path(stats.cache_path or "").glob("locate.locate_rows-*.nbi"))


def _compile_watch_aside() -> subprocess.Popen[bytes] | None:
    """Let another process compile half of the watch into the cache that both share."""
    command = [sys.executable, "-c", "from sargas.watch.warm import warm; warm(part=0)"]
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:  # no second process to be had: this one compiles all
        return None


def _spinner(*, quiet: bool, first_time: bool) -> AbstractContextManager[object]:
    """Show that something is going on: moving on a terminal, a line elsewhere."""
    if quiet or not first_time:
        return nullcontext()
    if not sys.stderr.isatty():
        print(TOLD, file=sys.stderr, flush=True)
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(TOLD)
