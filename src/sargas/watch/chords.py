"""Chords between fixes, and where they cross the lines of assets: the geometry of the crossing log.

Whether a chord crosses a piece is told from the signs of four areas alone, in degrees. Vertices
and fixes are the same numbers on both sides of them, and no fix lies exactly on a line (see
`ASIDE_DEG`), so that a line is crossed once at a vertex and once at a fix. Lengths and angles are
measured on the tangent plane.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.geodesy import DEG, KN_MS, angle_between_deg
from sargas.model.jit import kernel
from sargas.watch.locate import CELL_LAT_DEG, CELL_LON_DEG, PieceIndex

EDGE = 1e-9
"""Cells are entered this much (in cells) before their edge, so that rounding loses none."""
SAME_DEG = 1e-11
"""Two ends of pieces this near are one vertex: a micrometre, far above rounding."""
ASIDE_DEG = (1.374e-10, 2.223e-10)
"""Lines are moved aside by this much, 0.03 mm, in longitude and latitude. Fixes are multiples of
1/600,000 degree, and imported vertices often are too: moved, none is ever exactly on another's
line, and the hard cases of a fix on a bend or a way along the line need no rules of their own."""
BISECTIONS = 40
"""Halvings of the chord when the time is sought: 10^-12 of it, far below a millisecond."""


class Lines(NamedTuple):
    """The assets' pieces as the log reads them.

    Attributes:
        first, entry: pieces by cell, as in `PieceIndex`.
        line: (p, 4) float64, lon1, lat1, lon2, lat2; a piece ends exactly where the next begins.
        lon0, lat0, columns, rows: the grid of cells.
        asset, kp_m, length_m, accuracy_m: (p,).
        least_m: the least buffer of any piece: what is in reach of none is this far from all.
    """

    first: NDArray[np.int32]
    entry: NDArray[np.int32]
    line: NDArray[np.float64]
    lon0: float
    lat0: float
    columns: int
    rows: int
    asset: NDArray[np.int32]
    kp_m: NDArray[np.float64]
    length_m: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    least_m: float


class Chord(NamedTuple):
    """The way between two successive fixes of a vessel; degrees, knots, ms."""

    slot: int
    t1_ms: int
    lon1: float
    lat1: float
    sog1_kn: float
    cog1_deg: float
    heading1_deg: float
    t2_ms: int
    lon2: float
    lat2: float
    sog2_kn: float
    cog2_deg: float
    heading2_deg: float


def pack_lines(index: PieceIndex) -> Lines:
    """Pack the pieces, each ending exactly where its neighbour begins, all moved by `ASIDE_DEG`.

    A vertex that two pieces share must be the same number in both: then a chord passes it on one
    side of both, and crosses the line there once.
    """
    line = np.stack([index.lon1, index.lat1, index.lon2, index.lat2], axis=1)
    ends, begins = line[:-1, 2:], line[1:, :2]
    goes_on = (index.asset[:-1] == index.asset[1:]) & (np.abs(ends - begins) < SAME_DEG).all(1)
    ends[goes_on] = begins[goes_on]
    # A ring closes: its last piece ends where its first begins.
    begin = 0
    for last in [*np.flatnonzero(~goes_on), *range(max(0, len(line) - 1), len(line))]:
        if np.abs(line[last, 2:] - line[begin, :2]).max() < SAME_DEG:
            line[last, 2:] = line[begin, :2]
        begin = last + 1
    line += np.array(ASIDE_DEG * 2)
    return Lines(
        index.first, index.entry, line, index.lon0, index.lat0,
        index.columns, index.rows, index.asset, index.kp_m, index.length_m, index.accuracy_m,
        float(index.buffer_m.min(initial=math.inf)),
    )  # fmt: skip


@kernel
def find_hits(
    first: NDArray[np.int32],
    entry: NDArray[np.int32],
    line: NDArray[np.float64],
    lon0: float,
    lat0: float,
    columns: int,
    rows: int,
    lon1: float,
    lat1: float,
    lon2: float,
    lat2: float,
    hit_piece: NDArray[np.int32],
    hit_share: NDArray[np.float64],
) -> int:
    """Find the pieces that a chord crosses, in the cells that it touches, row by row.

    Args:
        first, entry, line, lon0, lat0, columns, rows: see `Lines`.
        lon1, lat1, lon2, lat2: the chord, degrees.
        hit_piece, hit_share: (h,) and (h, 2) are filled: piece; share of the chord, of the piece.

    Returns:
        Number of hits; h where there may be more than h - 1.
    """
    x1, x2 = (lon1 - lon0) / CELL_LON_DEG, (lon2 - lon0) / CELL_LON_DEG
    y1, y2 = (lat1 - lat0) / CELL_LAT_DEG, (lat2 - lat0) / CELL_LAT_DEG
    bottom = max(0, math.floor(min(y1, y2) - EDGE))
    top = min(rows - 1, math.floor(max(y1, y2) + EDGE))
    hits = 0
    for r in range(bottom, top + 1):
        a, b = x1, x2
        if bottom < top and y1 != y2:
            # Only the part of the chord that lies in this row.
            u = min(1.0, max(0.0, (r - EDGE - y1) / (y2 - y1)))
            v = min(1.0, max(0.0, (r + 1.0 + EDGE - y1) / (y2 - y1)))
            a, b = x1 + u * (x2 - x1), x1 + v * (x2 - x1)
        left = max(0, math.floor(min(a, b) - EDGE))
        right = min(columns - 1, math.floor(max(a, b) + EDGE))
        for c in range(left, right + 1):
            cell = r * columns + c
            for e in range(first[cell], first[cell + 1]):
                hits = add_if_crossed(
                    line, entry[e], lon1, lat1, lon2, lat2, hit_piece, hit_share, hits
                )
                if hits == hit_piece.shape[0]:
                    return hits
    return hits


@kernel
def add_if_crossed(
    line: NDArray[np.float64],
    p: int,
    lon1: float,
    lat1: float,
    lon2: float,
    lat2: float,
    hit_piece: NDArray[np.int32],
    hit_share: NDArray[np.float64],
    hits: int,
) -> int:
    """Add piece `p` to the hits if the chord crosses it and it is not among them yet.

    Returns:
        Number of hits now.
    """
    ax, ay, bx, by = line[p, 0], line[p, 1], line[p, 2], line[p, 3]
    if max(ax, bx) < min(lon1, lon2) or min(ax, bx) > max(lon1, lon2):
        return hits
    if max(ay, by) < min(lat1, lat2) or min(ay, by) > max(lat1, lat2):
        return hits
    from_a = (lon2 - lon1) * (ay - lat1) - (lat2 - lat1) * (ax - lon1)
    from_b = (lon2 - lon1) * (by - lat1) - (lat2 - lat1) * (bx - lon1)
    if (from_a >= 0.0) == (from_b >= 0.0):
        return hits
    from_1 = (bx - ax) * (lat1 - ay) - (by - ay) * (lon1 - ax)
    from_2 = (bx - ax) * (lat2 - ay) - (by - ay) * (lon2 - ax)
    if (from_1 >= 0.0) == (from_2 >= 0.0):
        return hits
    for k in range(hits):
        if hit_piece[k] == p:
            return hits
    hit_piece[hits] = p
    hit_share[hits, 0] = from_1 / (from_1 - from_2)
    hit_share[hits, 1] = from_a / (from_a - from_b)
    return hits + 1


@kernel
def time_share(chord: Chord, share: float, chord_m: float, x: float, y: float) -> float:
    """Say after which share of the chord's time a share of its length was sailed.

    With speed and course known at both ends, the way along the chord is the cubic Hermite curve
    through both ends with these speeds; else it is linear. The speeds are held between 0 and three
    times the mean, so that the curve does not run backwards.

    Args:
        chord: the way. share: of its length, 0-1.
        chord_m, x, y: its length and components east and north, metres.

    Source: F. N. Fritsch, R. E. Carlson, SIAM J. Numer. Anal. 17 (1980): monotone for slopes
        within 0 to 3 times the secant.

    Returns:
        0-1.
    """
    unit_ms = KN_MS * (chord.t2_ms - chord.t1_ms) / 1000.0 / chord_m
    course = math.atan2(x, y)
    m1 = chord.sog1_kn * unit_ms * math.cos(chord.cog1_deg * DEG - course)
    m2 = chord.sog2_kn * unit_ms * math.cos(chord.cog2_deg * DEG - course)
    if math.isnan(m1) or math.isnan(m2):
        return share
    m1, m2 = min(3.0, max(0.0, m1)), min(3.0, max(0.0, m2))
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        u = 0.5 * (low + high)
        sailed = u * (m1 + u * ((3.0 - 2.0 * m1 - m2) + u * (m1 + m2 - 2.0)))
        if sailed < share:
            low = u
        else:
            high = u
    return high


@kernel
def between(a: float, b: float, u: float) -> float:
    """Interpolate; where only one end is known, it is that."""
    if math.isnan(a):
        return b
    return a if math.isnan(b) else a + u * (b - a)


@kernel
def turned(a_deg: float, b_deg: float, u: float) -> float:
    """Interpolate directions the short way round; where only one end is known, it is that."""
    if math.isnan(a_deg):
        return b_deg
    if math.isnan(b_deg):
        return a_deg
    return float((a_deg + u * angle_between_deg(b_deg, a_deg)) % 360.0)
