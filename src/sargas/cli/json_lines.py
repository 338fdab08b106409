"""Talk as JSON: whatever is written to stderr, by whom ever, as one object a line.

Not only the command itself speaks there: so do the service (a login that was refused), its server,
Python, and the end of the program. What reads the log of a service should not need two readers.
"""

from __future__ import annotations

import io
import json
import threading
import time
from typing import TextIO

from sargas.model.time import iso


class JsonLines(io.TextIOBase):
    r"""A stream for `sys.stderr` that writes each text as `{"t": ..., "text": ...}`.

    A text is what comes up to a write that ends a line, so that one of several lines that is
    written at once stays one. A traceback that Python prints does not: it comes piece by piece, and
    each becomes an object. A line that is an object already stays as it is. Each thread has its own
    half line: what two print at once is not mixed up.

    Args:
        under: where the lines go.

    Example:
        >>> out = io.StringIO()
        >>> lines = JsonLines(out)
        >>> print("sargas: interrupted.", file=lines)
        >>> print('{"t": "2024-12-25T00:00:00Z", "text": "ended"}', file=lines)
        >>> [json.loads(line)["text"] for line in out.getvalue().splitlines()]
        ['interrupted.', 'ended']
    """

    def __init__(self, under: TextIO) -> None:
        self.under = under
        self._half = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As below."""
        return self.under.encoding

    def fileno(self) -> int:
        """Give the descriptor below, for who writes past Python."""
        return self.under.fileno()

    def isatty(self) -> bool:
        """Say that nobody looks on: lines that are written over are no log."""
        return False

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take a piece of text; where it ends a line, the whole is written."""
        whole = getattr(self._half, "text", "") + text
        if whole.endswith("\n"):
            self._half.text = ""
            self._put(whole)
        else:
            self._half.text = whole
        return len(text)

    def flush(self) -> None:
        """Write what this thread has left of a line, and bring all on."""
        left, self._half.text = getattr(self._half, "text", ""), ""
        self._put(left)
        self.under.flush()

    def _put(self, whole: str) -> None:
        said = whole.strip("\r\n")
        if not said.strip():
            return
        if not _is_object(said):
            text = said.removeprefix("sargas: ")
            said = json.dumps({"t": iso(time.time_ns() // 1_000_000), "text": text})
        self.under.write(said + "\n")
        self.under.flush()


def _is_object(text: str) -> bool:
    if not text.startswith("{") or "\n" in text:
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
