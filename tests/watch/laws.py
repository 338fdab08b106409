"""What every detector must hold, as functions for golden tests to call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely

from sargas.model.assets import Asset, AssetSet
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.reference import shipped_geography
from sargas.watch.detect.base import Detector
from sargas.watch.fold import Watch
from tests.watch.tracks import batch


def line(name: str, kind: str, wkt: str, accuracy_m: float) -> Asset:
    """Make a surveyed asset, so that its points' spacing says nothing of its accuracy."""
    return Asset(name.lower(), name, kind, shapely.from_wkt(wkt), accuracy_m, surveyed=True)


PRECISE = line("Alpha", "power_cable", "LINESTRING (19.4 57.0, 20.6 57.0)", 200.0)
UNCERTAIN = line("Umbra", "telecom_cable", "LINESTRING (19.4 57.3, 20.6 57.3)", 3000.0)
"""Two lines in the open sea east of Gotland, 33 km apart, 20 km and more from any coast."""


def sea(*assets: Asset) -> AssetSet:
    """Give an asset set; the two lines above if none are named."""
    return AssetSet(assets or (PRECISE, UNCERTAIN))


def new_watch(*detectors: type[Detector], assets: AssetSet | None = None) -> Watch:
    """Make a watch over made-up assets with some detectors only."""
    return Watch(assets or sea(), shipped_geography(), detectors=detectors)


def lines(alerts: Sequence) -> list[str]:
    """Write alert versions as JSON lines."""
    return [a.to_json() for a in alerts]


def fold_in_cuts(w: Watch, whole: Batch, cuts: Sequence[int], *, reload_at: int = -1) -> list[str]:
    """Fold a batch cut at some rows, and once through bytes at cut `reload_at`."""
    out: list[str] = []
    edges = [0, *sorted(cuts), len(whole.fixes)]
    said = whole.statics
    for k in range(len(edges) - 1):
        part = Batch(whole.fixes.take(slice(edges[k], edges[k + 1])), said)
        said = Statics.empty()
        out += lines(w.push(part).alerts)
        if k == reload_at:
            fresh = Watch(
                w.around.assets, w.around.geography,
                detectors=tuple(type(d) for d in w.detectors),
            )  # fmt: skip
            fresh.load(w.dump())
            w = fresh
    return out + lines(w.flush().alerts)


def whole(*parts: Fixes | Statics) -> Batch:
    """Put parts together as `batch` does."""
    return batch(*parts)


def random_cuts(n: int, rng: np.random.Generator, most: int = 8) -> list[int]:
    """Choose where to cut."""
    return sorted(int(c) for c in rng.integers(0, n + 1, rng.integers(0, most)))


def interpreted(module: str, function: str) -> list[str]:
    """Run `module.function()`, which gives JSON lines, with every kernel as plain Python."""
    code = f"import json; from {module} import {function} as f; print(json.dumps(f()))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240,
        cwd=Path(__file__).parents[2], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout.splitlines()[-1]))
