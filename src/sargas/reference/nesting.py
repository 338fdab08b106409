"""How deep a geometry is nested, found before GEOS reads it.

GEOS reads collections within collections by calling itself. A file of a megabyte can nest a hundred
thousand of them, and the whole process ends where its stack does.
"""

from __future__ import annotations

import struct

import numpy as np

MAX_DEPTH = 8
"""Collections nested deeper than this are refused (chosen: no file of assets nests two)."""
_RING, _PARTS = 2, 3
"""Brackets of a polygon beside its collection's, and of a multipolygon."""
_EWKB_Z, _EWKB_M, _EWKB_SRID = 0x80000000, 0x40000000, 0x20000000


def is_text_too_deep(text: str) -> bool:
    """Tell whether well-known text is nested too deep.

    Example:
        >>> is_text_too_deep("GEOMETRYCOLLECTION(MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0))))")
        False
        >>> is_text_too_deep("GEOMETRYCOLLECTION(" * 20)
        True
    """
    letters = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)
    steps = (letters == ord("(")).astype(np.int32) - (letters == ord(")"))
    return bool(len(steps) and steps.cumsum().max() > MAX_DEPTH + _PARTS)


def is_binary_too_deep(data: bytes) -> bool:
    """Tell whether well-known binary is nested too deep; one that is broken is not.

    Source:
        OGC 06-103r4, section 8.2, and the flags of PostGIS' EWKB. A geometry is gone over as GEOS
        does, part by part, with a list in the place of its calls.

    Example:
        >>> point = struct.pack("<BIdd", 1, 1, 20.0, 58.0)
        >>> nested = point
        >>> for _ in range(20):
        ...     nested = struct.pack("<BII", 1, 7, 1) + nested
        >>> is_binary_too_deep(point), is_binary_too_deep(nested)
        (False, True)
    """
    at, left = 0, [1]
    try:
        while left:
            if not left[-1]:
                left.pop()
                continue
            left[-1] -= 1
            at, parts = _over(data, at)
            if parts is not None:
                left.append(parts)
                if len(left) > MAX_DEPTH + _RING:
                    return True
    except (struct.error, ValueError):
        return False  # GEOS stops here too, and says so
    return False


def _over(data: bytes, at: int) -> tuple[int, int | None]:
    """Go over one geometry's own bytes; gives where they end, and its parts if it is made of such.

    Raises:
        ValueError, struct.error: it is cut off, or of no known type.
    """
    order = "<" if data[at : at + 1] == b"\x01" else ">"
    (code,) = struct.unpack_from(f"{order}I", data, at + 1)
    at += 5 + (4 if code & _EWKB_SRID else 0)
    kind, dims = code & 0x0FFFFFFF, 2
    dims += bool(code & _EWKB_Z) + bool(code & _EWKB_M)
    if kind >= 1000:
        dims = {1: 3, 2: 3, 3: 4}.get(kind // 1000, 2)
        kind %= 1000
    if kind == 1:
        return at + 8 * dims, None
    if not 2 <= kind <= 17:
        raise ValueError(kind)
    (count,) = struct.unpack_from(f"{order}I", data, at)
    at += 4
    if kind in (2, 8):  # a line, and one of arcs
        at += count * dims * 8
    elif kind in (3, 17):  # rings
        for _ in range(count):
            (points,) = struct.unpack_from(f"{order}I", data, at)
            at += 4 + points * dims * 8
    else:
        return at, count
    return at, None
