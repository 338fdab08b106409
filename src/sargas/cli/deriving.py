"""Deriving masks from what a home has stored: reading the shards, writing a file for review."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.errors import StoreError
from sargas.reference.anchorages import STAY, Criteria, Samples
from sargas.store import Home, read_day


def archive_stays(home: Home, criteria: Criteria) -> NDArray[np.void]:
    """Find the stays of all vessels, a shard at a time: a vessel's days lie in one shard."""
    found = [np.zeros(0, dtype=STAY)]
    for shard in range(home.shards):
        samples = Samples()
        for day in home.days():
            samples.add(read_day(home, day, shard))
        found.append(samples.stays(criteria))
    return np.concatenate(found)


def write_collection(out: Path, body: dict[str, Any]) -> None:
    """Write a GeoJSON file whole or not at all, a feature a line."""
    features = body.pop("features")
    lines = ",\n".join(json.dumps(f, ensure_ascii=False) for f in features)
    text = json.dumps(body, ensure_ascii=False)[:-1] + f', "features": [\n{lines}\n]}}\n'
    begun = out.with_name(f".{out.name}.part")
    try:
        begun.write_text(text, encoding="utf-8")
        begun.replace(out)
    except OSError as error:
        if begun.is_file():
            begun.unlink(missing_ok=True)
        raise StoreError(f"The file cannot be written ({error.strerror}).",
                         where=str(out)) from error  # fmt: skip
