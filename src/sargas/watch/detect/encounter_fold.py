"""The kernels of D14 `encounter`: the second fold, over pairs of vessels by cell and minute.

`note_vessels` keeps where each vessel was last; `find_pairs` puts those that are slow and off the
coast into a grid of cells as wide as the search, reckoned on to the end of the minute; and
`merge_pairs` follows the pairs from minute to minute. Pairs are sorted by their key throughout.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import DEG, KN_MS, metres_per_degree, step_along
from sargas.model.jit import inlined, kernel
from sargas.watch.locate import Located
from sargas.watch.minutes import Samples

NOTHING, OPENS, PARTED, SILENT = 0, 1, 2, 3
"""What a pair does in a minute; the last two end it."""
REST_KN = 0.5
"""Slower than this a vessel is not reckoned on: its course is noise."""
DEGREE_M = 110_570.0
"""No degree of latitude is shorter."""
NARROWEST_DEG = 85.0
"""Beyond this latitude cells would have no width."""

STATE = np.dtype(
    [
        ("t_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("sog_kn", "f8"), ("cog_deg", "f8"),
        ("land_m", "f8"), ("depth_m", "f8"), ("subject", "i4"), ("asset", "i4"),
        ("nav_status", "u1"), ("msg_type", "u1"), ("length_m", "u2"), ("distance_m", "f8"),
        ("accuracy_m", "f8"), ("kp_m", "f8"),
    ]
)  # fmt: skip
"""One row a segment: its last sample. `asset` is the one whose buffer holds it, -1 for none."""

PAIR = np.dtype(
    [
        ("key", "i8"), ("a", "i4"), ("b", "i4"), ("t_first_ms", "i8"), ("t_last_ms", "i8"),
        ("t_close_ms", "i8"), ("minutes", "i4"), ("does", "u1"), ("is_open", "u1"),
        ("is_touching", "u1"), ("subject", "i4"), ("t_start_ms", "i8"), ("sum_m", "f8"),
        ("least_m", "f8"), ("sum_kn", "f8"), ("asset", "i4"), ("distance_m", "f8"),
        ("accuracy_m", "f8"), ("kp_m", "f8"),
    ]
)  # fmt: skip
"""Two vessels near each other. `key` packs their slots, `a` the smaller. `t_close_ms` is since when
they have been within the closer distance, 0 where they are not. `is_touching`: opened for that.
`subject`, `t_start_ms` and `asset` to `kp_m` are what the event is about, set where it opens."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in milliseconds."""

    radius_m: float
    near_ms: float
    close_m: float
    close_ms: float
    exit: float
    max_kn: float
    min_land_m: float
    break_ms: float
    reckon_ms: float


@kernel
def note_vessels(
    samples: Samples, rows: Located, start: int, end: int, state: NDArray[np.void]
) -> None:
    """Keep the last place, speed and course of every vessel of a minute.

    Args:
        samples, rows: as in `Minutes`. start, end: the minute's samples. state: (slots,) `STATE`.
    """
    slot, last, fixes, t_ms = samples.slot, samples.last, samples.fixes, samples.t_ms
    lon, lat, sog_kn, cog_deg = samples.lon, samples.lat, samples.sog_kn, samples.cog_deg
    subject = samples.subject
    land_m, depth_m, asset = rows.land_m, rows.depth_m, rows.asset
    distance_m, buffer_m = rows.distance_m, rows.buffer_m
    for j in range(start, end):
        if fixes[j] == 0:
            continue
        i = last[j]
        row = state[slot[j]]
        row["t_ms"], row["lon"], row["lat"] = t_ms[j], lon[j], lat[j]
        row["sog_kn"], row["cog_deg"] = sog_kn[j], cog_deg[j]
        row["land_m"], row["depth_m"], row["subject"] = land_m[i], depth_m[i], subject[j]
        row["nav_status"], row["msg_type"] = rows.nav_status[i], rows.msg_type[i]
        row["length_m"], row["asset"] = rows.length_m[i], -1
        if distance_m[i] <= buffer_m[i]:
            row["asset"], row["distance_m"] = asset[i], distance_m[i]
            row["accuracy_m"], row["kp_m"] = rows.accuracy_m[i], rows.kp_m[i]


@inlined
def columns_per_degree(row: int, cell_m: float) -> float:
    """Give how many cells one degree of longitude has in a row of the grid."""
    middle_deg = min((row + 0.5) * cell_m / DEGREE_M, NARROWEST_DEG)
    return math.cos(max(middle_deg, -NARROWEST_DEG) * DEG) * DEGREE_M / cell_m


@inlined
def bucket_of(row: int, column: int, mask: int) -> int:
    """Give the bucket of a cell."""
    return int((row * 73_856_093 ^ column * 19_349_663) & mask)


@kernel
def find_pairs(
    t_ms: int,
    state: NDArray[np.void],
    p: Params,
    head: NDArray[np.int32],
    behind: NDArray[np.int32],
    at: NDArray[np.float64],
    cell: NDArray[np.int64],
    key: NDArray[np.int64],
    away_m: NDArray[np.float64],
) -> int:
    """Find the pairs of slow vessels off the coast that are near each other at a time.

    Args:
        t_ms: end of the minute. state: (slots,) `STATE`. p: the limits.
        head: (2^k,) scratch, the grid's buckets. behind: (slots,), at: (slots, 2), cell:
            (slots, 2) scratch.
        key, away_m: (m,) out, slots of a pair packed, and metres between the two.

    Returns:
        Pairs found; where that is more than m, only the first m were written.

    Cost: O(slots) and nine buckets for each that is slow and off the coast.
    """
    mask = head.shape[0] - 1
    head[:] = -1
    search_m = p.radius_m * p.exit
    cell_m = 1.02 * search_m  # a little wider: rows differ in how wide a degree is
    found = 0
    for s in range(state.shape[0]):
        ship = state[s]
        since_ms = t_ms - ship["t_ms"]
        if since_ms > p.reckon_ms or not ship["sog_kn"] < p.max_kn or ship["land_m"] < p.min_land_m:
            continue
        lon, lat = ship["lon"], ship["lat"]
        if ship["sog_kn"] >= REST_KN and not math.isnan(ship["cog_deg"]):
            lon, lat = step_along(
                lon, lat, ship["cog_deg"], ship["sog_kn"] * KN_MS * since_ms / 1000.0
            )
        at[s, 0], at[s, 1] = lon, lat
        here = math.floor(lat * DEGREE_M / cell_m)
        kx, ky = metres_per_degree(lat)
        for r in range(here - 1, here + 2):
            middle = math.floor(lon * columns_per_degree(r, cell_m))
            for c in range(middle - 1, middle + 2):
                other = head[bucket_of(r, c, mask)]
                while other >= 0:
                    if cell[other, 0] == r and cell[other, 1] == c:
                        x, y = (at[other, 0] - lon) * kx, (at[other, 1] - lat) * ky
                        apart_m = math.hypot(x, y)
                        if apart_m <= search_m and state[other]["subject"] != ship["subject"]:
                            if found < key.shape[0]:
                                key[found] = (np.int64(other) << np.int64(32)) | np.int64(s)
                                away_m[found] = apart_m
                            found += 1
                    other = behind[other]
        cell[s, 0] = here
        cell[s, 1] = math.floor(lon * columns_per_degree(here, cell_m))
        bucket = bucket_of(cell[s, 0], cell[s, 1], mask)
        behind[s], head[bucket] = head[bucket], s
    return found


@inlined
def begin(pair: np.void, key: int, t_ms: int) -> None:
    """Start following a pair."""
    pair["key"], pair["a"], pair["b"] = key, key >> 32, key & 0xFFFFFFFF
    pair["t_first_ms"] = pair["t_last_ms"] = t_ms
    pair["t_close_ms"] = pair["t_start_ms"] = 0
    pair["minutes"], pair["is_open"], pair["is_touching"], pair["subject"] = 0, 0, 0, -1
    pair["asset"] = -1
    pair["sum_m"] = pair["sum_kn"] = 0.0
    pair["least_m"] = math.inf


@inlined
def go_on(pair: np.void, away_m: float, kn: float, t_ms: int, p: Params) -> None:
    """Add a minute in which the two are near, and tell whether they meet now."""
    pair["t_last_ms"] = t_ms
    pair["minutes"] += 1
    pair["sum_m"] += away_m
    pair["sum_kn"] += kn
    pair["least_m"] = min(pair["least_m"], away_m)
    if away_m > p.close_m:
        pair["t_close_ms"] = 0
    elif pair["t_close_ms"] == 0:
        pair["t_close_ms"] = t_ms
    if pair["is_open"] == 1:
        return
    is_touching = pair["t_close_ms"] > 0 and t_ms - pair["t_close_ms"] >= p.close_ms
    if t_ms - pair["t_first_ms"] >= p.near_ms or is_touching:
        pair["is_open"], pair["does"], pair["is_touching"] = 1, OPENS, is_touching


@kernel
def merge_pairs(
    t_ms: int,
    pairs: NDArray[np.void],
    n: int,
    key: NDArray[np.int64],
    away_m: NDArray[np.float64],
    state: NDArray[np.void],
    p: Params,
    out: NDArray[np.void],
) -> int:
    """Follow the pairs of the minutes before with those of this one.

    Args:
        t_ms: end of the minute.
        pairs: `PAIR`, `n` of them taken, sorted by key.
        key, away_m: (m,) pairs near now, sorted by key. state: (slots,) `STATE`.
        out: room for n + m pairs.

    Returns:
        Pairs in `out`. Those that open or end say so in `does`; the caller drops the ended.
    """
    i, k, kept = 0, 0, 0
    while i < n or k < key.shape[0]:
        is_near = k < key.shape[0] and (i == n or key[k] <= pairs[i]["key"])
        is_old = i < n and (not is_near or pairs[i]["key"] == key[k])
        pair = out[kept]
        if is_old:
            out[kept] = pairs[i]
            i += 1
        elif away_m[k] <= p.radius_m:
            begin(pair, key[k], t_ms)
        else:
            k += 1
            continue
        pair["does"] = NOTHING
        if is_near:
            if pair["is_open"] == 1 or away_m[k] <= p.radius_m:
                kn = max(state[pair["a"]]["sog_kn"], state[pair["b"]]["sog_kn"])
                go_on(pair, away_m[k], kn, t_ms, p)
            k += 1
        if t_ms - pair["t_last_ms"] >= p.break_ms:
            if pair["is_open"] == 0:
                continue
            heard_ms = min(state[pair["a"]]["t_ms"], state[pair["b"]]["t_ms"])
            pair["does"] = SILENT if t_ms - heard_ms >= p.break_ms else PARTED
        kept += 1
    return kept
