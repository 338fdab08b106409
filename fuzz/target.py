"""What a fuzz target is, and the place where targets write their files.

A target takes bytes and either takes them in or refuses them by an error of `sargas.errors`.
Anything else is a finding: another exception, a law of the room that does not hold
(`BrokenLawError`), a hang, too much memory, a crash of the process.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LINES, TEXT, JSON, BINARY = "lines", "text", "json", "binary"
"""How inputs are made: many lines a document, or one document an input, by what it is made of."""


class BrokenLawError(Exception):
    """What was taken in does not obey a law of the room: counters that do not balance, say."""


@dataclass(frozen=True)
class Target:
    """One reader of what comes from outside.

    Attributes:
        name: short, also the name of its folder in the corpus.
        run: takes one document; returns or raises a `SargasError`.
        covers: modules of sargas whose parsers it reaches, and formats as `feed:nmea`.
        seeds: gives whole documents to begin with.
        kind: `LINES`, `TEXT`, `JSON` or `BINARY`.
        words: pieces that mutations put in.
        line: makes one mutated line out of a pool of them, for `LINES`.
        has_header: for `LINES`: the first line of a document says what the others hold.
        weight: its part of the budget, among the targets of its sort (lines, or documents).
        guided: whether coverage can lead: what is compiled elsewhere shows none.
    """

    name: str
    run: Callable[[bytes], None]
    covers: tuple[str, ...]
    seeds: Callable[[], Sequence[bytes]]
    kind: str = TEXT
    words: tuple[bytes, ...] = ()
    line: Callable[[random.Random, Sequence[bytes]], bytes] | None = None
    has_header: bool = False
    weight: int = 1
    guided: bool = True


@cache
def folder() -> Path:
    """Give a folder of this process for what targets write; in memory where there is such."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="sargas-fuzz-", dir=where))
    atexit.register(_remove, made, os.getpid())
    return made


def _remove(made: Path, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(made, ignore_errors=True)


def written(name: str, data: bytes) -> Path:
    """Write an input to a file of a given name and give its path; the next one replaces it."""
    path = folder() / name
    path.write_bytes(data)
    return path


def demand(holds: bool, law: str) -> None:
    """Say that a law does not hold.

    Raises:
        BrokenLawError: it does not.
    """
    if not holds:
        raise BrokenLawError(law)
