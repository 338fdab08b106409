"""`sargas fetch`: bring archive days that every other command reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from sargas.cli.words import put_json, say
from sargas.errors import EXIT_OK

app = App(
    name="fetch", help="Bring a day of a public archive, to scan or score.",
    help_format="plaintext",
)  # fmt: skip


@app.command
def dma(
    day: str,
    /,
    *,
    to: Path = Path(),
    source: Annotated[str | None, Parameter(name="--from")] = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Bring a day of the Danish AIS archive: half a gigabyte to one, whole or not at all.

    A transfer that was cut is gone on with by the same command. The file is looked for at the
    root of the archive and in the folder of its year. It shows Danish waters to about 17 E.

    Examples:
      sargas fetch dma 2024-12-25 --to days/
      sargas scan $(sargas fetch dma 2024-12-25)
      sargas score --real days/

    Parameters
    ----------
    day
        The day, UTC, like 2024-12-25.
    to
        The directory to put it into; the present one if not given.
    source
        Another host with the same layout, like http://mirror.example/ais.
    json
        What was brought, as JSON, instead of the file's path.
    quiet
        Print no progress and no credit.
    """
    from sargas.feeds.archive import ARCHIVE, CREDIT, fetch_day

    moves = not quiet and sys.stderr.isatty()

    def progress(done: int, total: int | None) -> None:
        if moves:
            of = f" of {total / 1e6:,.0f}" if total else ""
            print(f"\r{done / 1e6:,.0f}{of} MB", end="  ", file=sys.stderr, flush=True)

    done = fetch_day(day, to, source or ARCHIVE, progress)
    if moves and done.url:
        print(file=sys.stderr)
    if json:
        put_json({
            "day": day, "file": str(done.path), "bytes": done.size, "url": done.url or None,
            "credit": CREDIT,
        })  # fmt: skip
    else:
        print(done.path)
    came = f"from {done.url}" if done.url else "was here already"
    say(f"{done.path.name}: {done.size / 1e6:,.1f} MB, {came}", quiet=quiet)
    say(CREDIT, quiet=quiet)
    return EXIT_OK
