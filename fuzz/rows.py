"""Mutated rows of text tables: cells swapped, emptied, quoted, or filled with what hurts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from fuzz.mutate import NUMBERS, TEXTS, TIMES, at, pick
from fuzz.sentences import noisy

_MANY = (NUMBERS, TEXTS, TIMES)


def row(draw: random.Random, pool: Sequence[bytes]) -> bytes:
    """Make one row of one from the pool; the delimiter is the one it has most of."""
    line = pick(draw, pool).rstrip(b"\r\n")
    chance = draw.random()
    if chance < 0.12:
        return noisy(draw, line) + b"\n"
    if chance < 0.15:
        return line[: at(draw, len(line) + 1)] + b"\n" * (draw.random() < 0.5)
    comma = max((b",", b";", b"\t"), key=line.count)
    cells = line.split(comma)
    for _ in range(1 + at(draw, 3)):
        k = at(draw, len(cells)) if cells else 0
        _change(draw, cells, k, pool, comma)
    return comma.join(cells) + (b"\n" if draw.random() < 0.7 else b"\r\n")


def _change(
    draw: random.Random, cells: list[bytes], k: int, pool: Sequence[bytes], comma: bytes
) -> None:
    """Change one cell."""
    chance = draw.random()
    if not cells or chance < 0.08:
        cells.insert(k, b"")
    elif chance < 0.4:
        cells[k] = pick(draw, _MANY[at(draw, 3)])[:6000]
    elif chance < 0.55:
        j = at(draw, len(cells))
        cells[k], cells[j] = cells[j], cells[k]
    elif chance < 0.7:
        other = pick(draw, pool).rstrip(b"\r\n").split(comma)
        cells[k] = other[k % len(other)]
    elif chance < 0.78:
        cells[k] = b'"' + cells[k] + b'"' * (draw.random() < 0.9)
    elif chance < 0.88:
        cells[k] = noisy(draw, cells[k])
    elif chance < 0.94:
        cells[k] = b""
    else:
        del cells[k]
