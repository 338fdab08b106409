"""Which assets lie around a position: the well known one first, and all of them by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sargas.model.geodesy import metres_per_degree, point_segment
from sargas.model.jit import kernel
from sargas.watch.locate import PieceIndex, cell_of, nearest_piece


class Place(NamedTuple):
    """Where a fix lies in respect of one asset."""

    asset: np.int64
    distance_m: float
    buffer_m: float
    accuracy_m: float
    kp_m: float


@kernel
def precise_place(index: PieceIndex, lon: float, lat: float, rule_buffer_m: float) -> Place:
    """Find the best-placed piece among those known to within the rule's buffer.

    A wide, uncertain corridor must not hide a well known cable that lies in it.

    Returns:
        The place; asset -1 where no such piece is in reach.
    """
    best = Place(np.int64(-1), math.nan, math.nan, math.nan, math.nan)
    cell = cell_of(index, lon, lat)
    if cell < 0:
        return best
    kx, ky = metres_per_degree(lat)
    nearest_m = math.inf
    for e in range(index.first[cell], index.first[cell + 1]):
        p = index.entry[e]
        if index.accuracy_m[p] > rule_buffer_m:
            continue
        ax, ay = (index.lon1[p] - lon) * kx, (index.lat1[p] - lat) * ky
        bx, by = (index.lon2[p] - lon) * kx, (index.lat2[p] - lat) * ky
        away_m, share = point_segment(0.0, 0.0, ax, ay, bx, by)
        if away_m <= index.buffer_m[p] and away_m < nearest_m:
            nearest_m = away_m
            kp_m = index.kp_m[p] + share * index.length_m[p]
            best = Place(
                np.int64(index.asset[p]), away_m, index.buffer_m[p], index.accuracy_m[p], kp_m
            )
    return best


@kernel
def place_in_reach(index: PieceIndex, lon: float, lat: float, rule_buffer_m: float) -> Place:
    """Find an asset whose buffer holds a position: a well known one, else the best-placed.

    Returns:
        The place; asset -1 where no buffer reaches.
    """
    best = precise_place(index, lon, lat, rule_buffer_m)
    if best.asset >= 0:
        return best
    p, away_m, kp_m = nearest_piece(index, lon, lat)
    if p < 0 or away_m > index.buffer_m[p]:
        return best
    return Place(np.int64(index.asset[p]), away_m, index.buffer_m[p], index.accuracy_m[p], kp_m)


def assets_in_reach(index: PieceIndex, lon: float, lat: float) -> Sequence[tuple[int, float]]:
    """List every asset whose buffer holds a position, the nearest first.

    Args:
        index: the pieces.
        lon, lat: degrees.

    Returns:
        (asset index, distance in metres), each asset once.
    """
    cell = cell_of(index, lon, lat)
    if cell < 0:
        return []
    kx, ky = metres_per_degree(lat)
    best: dict[int, float] = {}
    for p in index.entry[index.first[cell] : index.first[cell + 1]]:
        ax, ay = (index.lon1[p] - lon) * kx, (index.lat1[p] - lat) * ky
        bx, by = (index.lon2[p] - lon) * kx, (index.lat2[p] - lat) * ky
        distance_m = point_segment(0.0, 0.0, ax, ay, bx, by)[0]
        asset = int(index.asset[p])
        if distance_m <= index.buffer_m[p] and distance_m < best.get(asset, math.inf):
            best[asset] = float(distance_m)
    return sorted(best.items(), key=lambda item: (item[1], item[0]))
