"""The bar on a terminal that says how far the files of a command have been read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self


class ReadingBar:
    """A progress bar over the bytes of all files, on stderr."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("reading"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[fixes]:,} fixes"), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._bar.__enter__()
        self._task = self._bar.add_task("", total=None, fixes=0)
        return self

    def update(self, feeds: Sequence[Any], fixes: int) -> None:
        """Show how far files have been read.

        Args:
            feeds: of the files that are open. fixes: that were read of all.
        """
        sizes = [f.bytes_total for f in feeds]
        total = sum(sizes) if sizes and all(sizes) else None
        self._bar.update(
            self._task, total=total, completed=sum(f.bytes_read for f in feeds), fixes=fixes
        )

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(None, None, None)
