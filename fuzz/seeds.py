"""Where seeds come from: the samples of the tests, the shipped data, and the corpus.

`fuzz/corpus/TARGET/` holds what was found once, and seeds that nothing else has; `NOTICE.md` beside
says where they come from. Samples of the tests are read where they lie: their notices hold.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CORPUS = Path(__file__).parent / "corpus"
SAMPLES = ROOT / "tests" / "data"
MOST_BYTES = 20_000
"""Of a sample no more than this is a seed: small seeds are mutated faster."""


@cache
def found(name: str) -> tuple[bytes, ...]:
    """Give the corpus of a target."""
    folder = CORPUS / name
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(file.read_bytes() for file in files if file.is_file())


@cache
def sample(name: str) -> bytes:
    """Give the beginning of a sample of the tests, up to the end of a line."""
    raw = (SAMPLES / name).read_bytes()
    raw = gzip.decompress(raw) if name.endswith(".gz") else raw
    return raw if len(raw) <= MOST_BYTES else raw[: raw.rfind(b"\n", 0, MOST_BYTES) + 1]


def shipped(package: str, *path: str) -> bytes:
    """Give a data file that comes with sargas."""
    return resources.files(package).joinpath(*path).read_bytes()


def as_json(*documents: Any) -> Sequence[bytes]:  # noqa: ANN401 - whatever JSON can hold
    """Write documents as JSON."""
    return [json.dumps(document).encode() for document in documents]
