"""Which number a live feed has in a home: rows carry the number, people read the name.

A name keeps its number for good, so that rows of last year are still those of the same feed. Files
that were scanned have number 0 and more, in the order of their command; feeds begin at 1,000.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from sargas.errors import StoreError
from sargas.model.fixes import FIRST_FEED
from sargas.store.home import Home, sync_directory, unusable

MOST: Final = 60_000
_FORMAT: Final = 1


class FeedBook:
    """The feeds of a home by name. Written to by whoever holds the home's writer lock.

    Args:
        home: whose feeds.

    Raises:
        StoreError: the book cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     book = FeedBook(Home(folder))
        ...     book.number("north", "tcp://host:5631"), book.number("south", "udp://:10110")
        ...     FeedBook(Home(folder)).number("north", "tcp://other:5631"), book.names()
        (1000, 1001)
        (1000, {1000: 'north', 1001: 'south'})
    """

    def __init__(self, home: Home) -> None:
        self._path = home.path / "feeds.json"
        self._feeds = _read(self._path)

    def number(self, name: str, address: str) -> int:
        """Give a feed's number; a name that is new gets the next one.

        Args:
            name: of the feed. address: where it comes from now, without secrets.

        Raises:
            StoreError: the book cannot be written.
        """
        known = self._feeds.get(name)
        number = known["number"] if known else FIRST_FEED + len(self._feeds)
        if number >= FIRST_FEED + MOST:
            raise StoreError("This home knows too many feeds.", where=str(self._path))
        if known is None or known["address"] != address:
            self._feeds[name] = {"number": number, "address": address}
            self._write()
        return number

    def names(self) -> dict[int, str]:
        """Give the names of feeds by number."""
        return {feed["number"]: name for name, feed in self._feeds.items()}

    def _write(self) -> None:
        """Write the book whole or not at all."""
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                json.dump({"format": _FORMAT, "feeds": self._feeds}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
            sync_directory(self._path.parent)
        except OSError as error:
            raise unusable(error, self._path, "write the feeds' names") from error


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Read the book; none is an empty one."""
    try:
        told = json.loads(path.read_bytes())
        if told["format"] != _FORMAT:
            raise ValueError(f"format {told['format']}")
        return {
            str(name): {"number": int(feed["number"]), "address": str(feed["address"])}
            for name, feed in told["feeds"].items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unusable(error, path, "read the feeds' names") from error
    except (
        ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise StoreError(
            f"The feeds' names cannot be read: {error!r}.", where=str(path),
            hint="Restore the file from a backup: it says which rows are of which feed.",
        ) from error  # fmt: skip
