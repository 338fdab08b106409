"""Every error that sargas raises on purpose, with the exit code the command line gives it.

SargasError                 1   something failed
├── UsageError              2   the call is wrong: an option, a name, a combination
├── InputError              3   a file or feed cannot be read as what it claims to be
│   └── FormatError         3   the content is of no known format, or columns are missing
├── FeedUnavailableError    4   a feed or the network does not answer
├── NotFoundError           5   a look-up found nothing
├── ConflictError           1   somebody else acted on the same thing first
├── StoreError              1   the store cannot be read or written
└── StateVersionError       1   saved state is of a version this sargas does not read
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_FEED = 4
EXIT_NOT_FOUND = 5
EXIT_ALERTS = 10
EXIT_INTERRUPTED = 130


class SargasError(Exception):
    """What happened, where, and what to do about it.

    Args:
        what: one sentence: what happened.
        where: file, line, byte offset, cell or identifier; empty when `what` says it.
        hint: what the reader can do; empty when there is nothing to do.
    """

    exit_code = EXIT_FAILED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(what)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" {self.hint}" if self.hint else "")


class UsageError(SargasError):
    """The call is wrong: an option, a name, or a combination of them."""

    exit_code = EXIT_USAGE


class InputError(SargasError):
    """A file or feed cannot be read as what it claims to be."""

    exit_code = EXIT_INPUT


class FormatError(InputError):
    """The content is of no known format, or columns it needs are missing."""


class FeedUnavailableError(SargasError):
    """A feed or the network does not answer."""

    exit_code = EXIT_FEED


class NotFoundError(SargasError):
    """A look-up found nothing."""

    exit_code = EXIT_NOT_FOUND


class ConflictError(SargasError):
    """Somebody else acted on the same thing first; nothing was written."""


class StoreError(SargasError):
    """The store cannot be read or written."""


class StateVersionError(SargasError):
    """Saved state is of a version that this sargas does not read."""
