"""Frames: the picture of all vessels as packed columns for the screen (docs/wire.md, version 1)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import COG_NONE, PER_DEGREE, SOG_NONE, Fixes

VERSION = 1
SNAPSHOT, DELTA, REMOVED = 0, 1, 2
EXERCISE_BIT = 0x80
AGE_MAX_S = 65_535
_HEAD = struct.Struct("<IBBHd")

_TENS = np.array([0, 9, 9, 0, 7, 5, 3, 1, 2, 9], dtype=np.uint8)
_EXACT = {
    30: 4, 31: 5, 32: 5, 33: 5, 34: 5, 35: 8, 36: 6, 37: 6, 50: 5, 51: 8, 52: 5, 53: 5, 54: 5,
    55: 8, 58: 8, 59: 9,
}  # fmt: skip


def vessel_class(ship_type: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the screen's class of a ship type.

    Args:
        ship_type: (n,) ITU-R M.1371 codes, 0 unknown.

    Returns:
        (n,) class codes of docs/wire.md.

    Example:
        >>> vessel_class(np.array([80, 70, 30, 0], dtype=np.uint8)).tolist()
        [2, 1, 4, 0]
    """
    out = _TENS[np.minimum(ship_type // 10, 9)]
    for code, name in _EXACT.items():
        out[ship_type == code] = name
    out[ship_type > 99] = 0
    return out


def encode(kind: int, t_ms: int, fixes: Fixes, classes: NDArray[np.uint8] | None = None) -> bytes:
    """Pack vessels into one frame.

    Args:
        kind: `SNAPSHOT`, `DELTA` or `REMOVED`.
        t_ms: event time of the picture.
        fixes: one fix a vessel, n rows.
        classes: (n,) class codes; not needed for `REMOVED`.

    Returns:
        The frame: 16 bytes of head and 19 bytes a vessel, or 4 for `REMOVED`.

    Example:
        >>> len(encode(REMOVED, 0, Fixes.build(2, subject_id=[1, 2])))
        24
    """
    n = len(fixes)
    head = _HEAD.pack(n, VERSION, kind, 0, t_ms / 1000.0)
    mmsi = fixes.subject_id.astype("<u4").tobytes()
    if kind == REMOVED:
        return head + mmsi
    place = np.empty((n, 2), dtype="<f4")
    place[:, 0] = fixes.lon_raw / PER_DEGREE
    place[:, 1] = fixes.lat_raw / PER_DEGREE
    age = np.clip((t_ms - fixes.t_ms) // 1000, 0, AGE_MAX_S).astype("<u2")
    cog = np.minimum(fixes.cog_raw, COG_NONE).astype("<u2")
    sog = np.minimum(fixes.sog_raw, SOG_NONE).astype("<u2")
    kinds = np.zeros(n, np.uint8) if classes is None else classes
    columns = (place, cog, sog, age, kinds)
    return head + mmsi + b"".join(c.tobytes() for c in columns)
