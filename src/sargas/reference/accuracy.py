"""How good an asset's position is along its length, in two figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sargas.model.assets import Asset, AssetSet


@dataclass(frozen=True)
class Spread:
    """Accuracy of an asset's position over its pieces, metres.

    Attributes:
        half_m: half of the length is this good or better.
        most_m: nine tenths of the length are.
        worst_m: all of it is.
    """

    half_m: float
    most_m: float
    worst_m: float

    def __str__(self) -> str:
        """Write `half-most`, or one figure where they agree."""
        half, most = f"{self.half_m:.0f}", f"{self.most_m:.0f}"
        return half if half == most else f"{half}-{most}"


def accuracy_spreads(assets: AssetSet) -> list[Spread]:
    """Measure every asset of a set, in its order.

    Example:
        >>> import shapely
        >>> line = shapely.linestrings([[20, 57], [20, 57.01], [20, 57.03]])
        >>> str(accuracy_spreads(AssetSet([Asset("a", "A", "other", line, 150.0)]))[0])
        '223'
    """
    pieces = assets.pieces
    # Pieces lie in the order of the assets.
    ends = np.searchsorted(pieces.asset, np.arange(len(assets) + 1))
    out = []
    for asset, begin, end in zip(assets.assets, ends[:-1], ends[1:], strict=True):
        if begin == end:
            out.append(Spread(asset.accuracy_m, asset.accuracy_m, asset.accuracy_m))
            continue
        order = begin + np.argsort(pieces.accuracy_m[begin:end], kind="stable")
        length = np.cumsum(pieces.length_m[order])
        at = np.searchsorted(length / max(float(length[-1]), 1e-9), (0.5, 0.9))
        half, most = pieces.accuracy_m[order[np.minimum(at, len(order) - 1)]]
        out.append(Spread(float(half), float(most), float(pieces.accuracy_m[order[-1]])))
    return out


def spacing_warning(assets: Sequence[Asset]) -> str | None:
    """Say where the spacing of the points, not what was stated, decides the accuracy.

    Assets that bring an accuracy for each piece are left out: they say how good they are.
    """
    worse_m = [
        spread.worst_m
        for asset, spread in zip(assets, accuracy_spreads(AssetSet(assets)), strict=True)
        if not asset.surveyed and not asset.piece_accuracy_m and spread.worst_m > asset.accuracy_m
    ]
    if not worse_m:
        return None
    worst_m = max(worse_m)
    worst = f"{worst_m / 1000:.1f} km" if worst_m >= 1000 else f"{worst_m:.0f} m"
    return (
        f"{len(worse_m)} of {len(assets)} assets: the points lie far apart, so the accuracy "
        f"between them is taken as up to {worst}, whatever was stated. If the points are a "
        "survey or an official chart, say so with --surveyed."
    )
