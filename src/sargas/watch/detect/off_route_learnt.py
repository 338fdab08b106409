"""Passages as D15 `off_route` learns them: how many ships went where, on which course.

A *passage* is one ship through one cell of 0.1 by 0.2 degrees in one eighth of the compass; a ship
counts anew there only hours later. Passages are kept apart for passenger ships and others, by
length, and by the eight courses. What is asked of a ship's cell: of all passages of ships like it
through the cell and the eight around, how many went through the cell on a course like its own? The
ship's own passages of the last day are taken off.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import inlined, kernel
from sargas.watch.detect.cells import Cells
from sargas.watch.detect.reception import COLUMNS
from sargas.watch.detect.sustained_fold import HIGH_SPEED, PASSENGER
from sargas.watch.slots import find

SECTORS = 8
"""Courses of 45 degrees; the first lies around north."""
SIZES = 3
"""Length classes: unknown, shorter, longer."""
GROUPS = 2 * SIZES
"""Classes of ships: passenger ships and fast craft apart from others, each by length."""
PASSES = 96
"""A ship's own passages that are kept: those of a day at 20 kn; chosen."""
BOXES = 64
"""Ships are told apart by the boxes their numbers fall into: two in one box count once."""

LEARNT = np.dtype(
    [
        ("key", "i8"), ("passages", "f4", GROUPS * SECTORS), ("sums", "f4", GROUPS),
        ("ships", "u8", GROUPS), ("ships_before", "u8", GROUPS),
    ]
)  # fmt: skip
"""One row a cell: passages by class and course, older ones weighing less, and their sums by class;
boxes of ships by class, of this half-life and of the one before."""

OWN = np.dtype([("code", "i4"), ("minute", "i4")])
"""A ship's own passages, `PASSES` a segment, written around; `minute` since the epoch, 0 = none."""


class Density(NamedTuple):
    """What is known around a place.

    Attributes:
        like: passages of ships like it through its cell on a course like its own.
        passages: those through the cell and the eight around, on any course.
        ships: boxes of the ships that made them, so that there were at least as many.
    """

    like: float
    passages: float
    ships: int


@inlined
def sector_of(cog_deg: float) -> int:
    """Give the eighth of the compass that a course lies in.

    Example:
        >>> [sector_of(deg) for deg in (0.0, 22.0, 23.0, 180.0, 338.0)]
        [0, 0, 1, 4, 0]
    """
    return math.floor(cog_deg / 45.0 + 0.5) % SECTORS


@inlined
def kind_of(ship_type: int) -> int:
    """Give 1 for passenger ships and fast craft, 0 for others and unknown ones."""
    return 1 if ship_type // 10 in (HIGH_SPEED, PASSENGER) else 0


@inlined
def group_of(ship_type: int, length_m: int, long_m: float) -> int:
    """Give the class of a ship: kind times `SIZES`, and unknown, shorter or longer."""
    size = 0 if length_m == 0 else (1 if length_m < long_m else 2)
    return kind_of(ship_type) * SIZES + size


@inlined
def are_alike(group: int, other: int) -> bool:
    """Tell whether ships of two classes are like each other; an unknown length is like all."""
    a, b = group % SIZES, other % SIZES
    return group // SIZES == other // SIZES and (a == b or a == 0 or b == 0)


@inlined
def is_like_course(sector: int, other: int) -> bool:
    """Tell whether two courses lie in the same or in neighbouring eighths; codes will do."""
    return (sector - other + 1) % SECTORS <= 2


@inlined
def code_of(cell: int, group: int, sector: int) -> int:
    """Name a cell, class and course in one number, which an int32 holds."""
    return (cell * GROUPS + group) * SECTORS + sector


@kernel
def boxes_set(boxes: np.uint64) -> int:
    """Count the boxes that a ship fell into."""
    n = 0
    while boxes != np.uint64(0):
        boxes &= boxes - np.uint64(1)  # takes the lowest away
        n += 1
    return n


@inlined
def density_at(cells: Cells, rows: NDArray[np.void], code: int) -> Density:
    """Count the passages of ships like one in its cell and the eight around.

    Cost: some 0.1 us.
    """
    cell, group = code // (GROUPS * SECTORS), code // SECTORS % GROUPS
    keys, numbers = cells.keys, cells.numbers
    like, passages, boxes = 0.0, 0.0, np.uint64(0)
    for dr in range(-1, 2):
        for dc in range(-1, 2):
            number = find(keys, numbers, cell + dr * COLUMNS + dc)
            if number < 0:
                continue
            row = rows[number]
            for g in range(GROUPS):
                if not are_alike(group, g):
                    continue
                passages += float(row["sums"][g])
                boxes |= row["ships"][g] | row["ships_before"][g]
                if dr == 0 and dc == 0:
                    for turn in range(SECTORS - 1, SECTORS + 2):
                        like += float(row["passages"][g * SECTORS + (code + turn) % SECTORS])
    return Density(like, passages, boxes_set(boxes))


@inlined
def less_own(own: NDArray[np.void], at: int, d: Density, code: int, since_min: int) -> Density:
    """Take off what the ship itself has passed there since a minute.

    Args:
        own: (`PASSES`,) `OWN`, written up to before `at`. d: what is known with them.
        code: the ship's cell, class and course. since_min: minute since the epoch.
    """
    cell, group = code // (GROUPS * SECTORS), code // SECTORS % GROUPS
    like, passages, has_own = d.like, d.passages, False
    for back in range(1, PASSES + 1):
        one = own[(at - back) % PASSES]
        if one["minute"] <= since_min:
            break
        other = int(one["code"])
        off = other // (GROUPS * SECTORS) - cell + COLUMNS + 1  # the eight around: 0 to 2 each way
        if off < 0 or off // COLUMNS > 2 or off % COLUMNS > 2:
            continue
        if are_alike(group, other // SECTORS % GROUPS):
            passages -= 1.0
            has_own = True
            if off == COLUMNS + 1 and is_like_course(code, other):
                like -= 1.0
    # Forgetting has taken a little of each already, so that a passage less may be one too many.
    return Density(max(like, 0.0), max(passages, 0.0), d.ships - 1 if has_own else d.ships)


@inlined
def has_passed(own: NDArray[np.void], at: int, code: int, since_min: int) -> bool:
    """Tell whether a ship has passed its cell on such a course since a minute; as `less_own`."""
    for back in range(1, PASSES + 1):
        one = own[(at - back) % PASSES]
        if one["minute"] <= since_min:
            break
        if one["code"] // SECTORS == code // SECTORS and is_like_course(code, int(one["code"])):
            return True
    return False
