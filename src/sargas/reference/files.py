"""The data files that ship with the package: where they lie, and what names their content."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from sargas.errors import StoreError

DATA = Path(__file__).resolve().parent / "data"


def read_bytes(name: str) -> bytes:
    """Read a shipped file.

    Raises:
        StoreError: the file is not there: the installation is incomplete.
    """
    path = DATA / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"The shipped data file cannot be read ({error.strerror}).",
            where=str(path),
            hint="The installation is incomplete: install sargas again.",
        ) from error


def read_json(name: str) -> Any:  # noqa: ANN401 - JSON has any shape
    """Read a shipped JSON or GeoJSON file."""
    return json.loads(read_bytes(name))


@cache
def version_of(*names: str) -> str:
    """Name the content of shipped files: 12 hexadecimal digits over their bytes."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\x1f" + read_bytes(name))
    return digest.hexdigest()[:12]
