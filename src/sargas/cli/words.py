"""Words shared by the commands: numbers, spans and tables as people read them."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from sargas.model.time import HOUR_MS, MINUTE_MS, iso

DAYS_FROM_H = 48
"""Hours beyond which a span is told in days."""
NARROWEST = 20
"""Columns below which a text is not broken: it would be a word a line."""


def say(text: str, *, quiet: bool = False) -> None:
    """Write a line of talk to stderr."""
    if not quiet:
        print(text, file=sys.stderr)


def put_json(row: Mapping[str, Any]) -> None:
    """Write one JSON line of data to stdout."""
    # One write: an interruption between text and newline would leave half a line.
    sys.stdout.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def put_address(address: str, *, json: bool) -> None:
    """Write where the service is reached to stdout, at once."""
    if json:
        put_json({"address": address})
    else:
        print(address)
    sys.stdout.flush()


def span_text(from_ms: int | None, to_ms: int | None) -> str:
    """Write a span of time with its length.

    Example:
        >>> span_text(0, 5_400_000)
        '1970-01-01T00:00:00Z to 1970-01-01T01:30:00Z (1 h 30 min)'
        >>> span_text(0, 200_000_000)
        '1970-01-01T00:00:00Z to 1970-01-03T07:33:20Z (2 d 7 h)'
    """
    if from_ms is None or to_ms is None:
        return "no times"
    minutes = (to_ms - from_ms) // MINUTE_MS
    hours, minutes = divmod(minutes, HOUR_MS // MINUTE_MS)
    length = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    if hours > DAYS_FROM_H:
        length = f"{hours // 24} d {hours % 24} h"
    return f"{iso(from_ms)} to {iso(to_ms)} ({length})"


def counted(n: int, one: str, many: str = "") -> str:
    """Write how many there are of a thing.

    Args:
        n: how many.
        one: the word for one of them.
        many: the word for none or several; by default with an s.

    Example:
        >>> counted(1, "alert"), counted(1_200, "alert"), counted(0, "entry", "entries")
        ('1 alert', '1,200 alerts', '0 entries')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def clean_text(value: object) -> str:
    r"""Make a text from outside safe for a terminal: no control or escape characters.

    Example:
        >>> clean_text("A\x1b[31mB")
        'A[31mB'
    """
    return "".join(c for c in str(value) if c.isprintable())


def put_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write rows as a table to stdout, columns as wide as their widest cell.

    The last column is not padded, so that long sentences stay on one line for `grep` and `less`.
    On a terminal it is broken to the terminal's width, under its own beginning.
    """
    screen = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    texts = [[clean_text(cell) for cell in row] for row in rows]
    widths = [max(len(t[i]) for t in (list(head), *texts)) for i in range(len(head))]
    for row in (list(head), *texts):
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        print("\n".join(_laid_out("  ".join([*cells, ""]), row[-1], screen)).rstrip())


def _laid_out(before: str, text: str, screen: int | None) -> list[str]:
    """Put a text behind what stands before it, on several lines where the screen is narrow.

    Example:
        >>> _laid_out("P1  ", "a tanker under way lost speed", 24)
        ['P1  a tanker under way', '    lost speed']
    """
    if screen is None or screen - len(before) < NARROWEST:
        return [before + text]
    return [
        (" " * len(before) if k else before) + line
        for k, line in enumerate(textwrap.wrap(text, screen - len(before)) or [""])
    ]


def say_counts(what: str, counts: dict[str, int], most: int = 12) -> None:
    """Write counts by name on one line, the greatest first."""
    if not counts:
        return
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{n:,} {name}" for name, n in ranked[:most])
    rest = sum(n for _, n in ranked[most:])
    say(f"{what:<9} {text}" + (f", {counted(rest, 'other')}" if rest else ""))
