"""Where each field of each message type lies: the bit layouts as data.

`{name: offset}` per type; widths are the same wherever a field occurs, unless a row of its own
says otherwise. The arrays at the end are what the kernels read: row = message type, column =
field, -1 = the type has no such field.

Source: ITU-R M.1371-5, annex 8, section 3; offsets checked against gpsd's expected output.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sargas.decode.codes import Flag

# ---- position reports -------------------------------------------------------------------------
FIX_FIELDS: Final = ("lon", "lat", "sog", "cog", "heading", "status", "rot", "second", "alt",
                     "radio")  # fmt: skip
LON, LAT, SOG, COG, HEADING, STATUS, ROT, SECOND, ALT, RADIO = range(10)
FIX_WIDTHS: Final = {"lon": 28, "lat": 27, "sog": 10, "cog": 12, "heading": 9, "status": 4,
                     "rot": 8, "second": 6, "alt": 12, "radio": 19}  # fmt: skip

_CLASS_A = {"lon": 61, "lat": 89, "sog": 50, "cog": 116, "heading": 128, "status": 38, "rot": 42,
            "second": 137, "radio": 149}  # fmt: skip
_BASE = {"lon": 79, "lat": 107, "second": 72, "radio": 149}
FIX_LAYOUT: Final[dict[int, dict[str, int]]] = {
    1: _CLASS_A,
    2: _CLASS_A,
    3: _CLASS_A,
    4: _BASE,
    9: {"lon": 61, "lat": 89, "sog": 50, "cog": 116, "second": 128, "alt": 38, "radio": 148},
    11: _BASE,
    18: {"lon": 57, "lat": 85, "sog": 46, "cog": 112, "heading": 124, "second": 133, "radio": 148},
    19: {"lon": 57, "lat": 85, "sog": 46, "cog": 112, "heading": 124, "second": 133},
    21: {"lon": 164, "lat": 192, "second": 253},
    27: {"lon": 44, "lat": 62, "sog": 79, "cog": 85, "status": 40},
}
FIX_OTHER_WIDTHS: Final = {
    (9, "radio"): 20, (18, "radio"): 20,
    (27, "lon"): 18, (27, "lat"): 17, (27, "sog"): 6, (27, "cog"): 9,
}  # fmt: skip

_FLAGS_A = {Flag.ACCURACY: 60, Flag.RAIM: 148}
_FLAGS_BASE = {Flag.ACCURACY: 78, Flag.RAIM: 148}
FIX_FLAGS: Final[dict[int, dict[Flag, int]]] = {
    1: _FLAGS_A,
    2: _FLAGS_A,
    3: _FLAGS_A,
    4: _FLAGS_BASE,
    9: {Flag.ACCURACY: 60, Flag.DTE: 142, Flag.ASSIGNED: 146, Flag.RAIM: 147},
    11: _FLAGS_BASE,
    18: {Flag.ACCURACY: 56, Flag.CLASS_B_CS: 141, Flag.DISPLAY: 142, Flag.DSC: 143,
         Flag.BAND: 144, Flag.MSG22: 145, Flag.ASSIGNED: 146, Flag.RAIM: 147},
    19: {Flag.ACCURACY: 56, Flag.RAIM: 305, Flag.DTE: 306, Flag.ASSIGNED: 307},
    21: {Flag.ACCURACY: 163, Flag.OFF_POSITION: 259, Flag.RAIM: 268, Flag.VIRTUAL_AID: 269,
         Flag.ASSIGNED: 270},
    27: {Flag.ACCURACY: 38, Flag.RAIM: 39, Flag.POSITION_LATENCY: 94},
}  # fmt: skip

# ---- static data ------------------------------------------------------------------------------
STATIC_FIELDS: Final = ("ais_version", "imo", "ship_type", "bow", "stern", "port", "starboard",
                        "epfd", "eta", "draught", "dte", "model", "serial",
                        "mothership")  # fmt: skip
(AIS_VERSION, IMO, SHIP_TYPE, BOW, STERN, PORT, STARBOARD, EPFD, ETA, DRAUGHT, DTE, MODEL, SERIAL,
 MOTHERSHIP) = range(14)  # fmt: skip
STATIC_WIDTHS: Final = {"ais_version": 2, "imo": 30, "ship_type": 8, "bow": 9, "stern": 9,
                        "port": 6, "starboard": 6, "epfd": 4, "eta": 20, "draught": 8, "dte": 1,
                        "model": 4, "serial": 20, "mothership": 30}  # fmt: skip
TEXT_FIELDS: Final = ("callsign", "name", "destination", "vendor", "name_ext")
CALLSIGN, NAME, DESTINATION, VENDOR, NAME_EXT = range(5)
TEXT_CHARS: Final = (7, 20, 20, 3, 14)

# Rows of the static layouts: 24A, 24B and 24B of an auxiliary craft differ under one type.
(ROW_5, ROW_19, ROW_21, ROW_24A, ROW_24B, ROW_24AUX) = range(6)
_24B = {"ship_type": 40, "model": 66, "serial": 70}
STATIC_LAYOUT: Final[dict[int, dict[str, int]]] = {
    ROW_5: {"ais_version": 38, "imo": 40, "ship_type": 232, "bow": 240, "stern": 249, "port": 258,
            "starboard": 264, "epfd": 270, "eta": 274, "draught": 294, "dte": 422},
    ROW_19: {"ship_type": 263, "bow": 271, "stern": 280, "port": 289, "starboard": 295,
             "epfd": 301, "dte": 306},
    ROW_21: {"ship_type": 38, "bow": 219, "stern": 228, "port": 237, "starboard": 243,
             "epfd": 249},
    ROW_24A: {},
    ROW_24B: {**_24B, "bow": 132, "stern": 141, "port": 150, "starboard": 156, "epfd": 162},
    ROW_24AUX: {**_24B, "mothership": 132, "epfd": 162},
}  # fmt: skip
STATIC_OTHER_WIDTHS: Final = {(ROW_21, "ship_type"): 5}
TEXT_LAYOUT: Final[dict[int, dict[str, int]]] = {
    ROW_5: {"callsign": 70, "name": 112, "destination": 302},
    ROW_19: {"name": 143},
    ROW_21: {"name": 43, "name_ext": 272},
    ROW_24A: {"name": 40},
    ROW_24B: {"callsign": 90, "vendor": 48},
    ROW_24AUX: {"callsign": 90, "vendor": 48},
}

# ---- lengths and the index --------------------------------------------------------------------
# The shortest message that is still read: up to its last position or identity field.
MIN_BITS: Final = {1: 149, 2: 149, 3: 149, 4: 134, 5: 232, 6: 88, 7: 70, 8: 56, 9: 128, 10: 70,
                   11: 134, 12: 70, 13: 70, 14: 40, 15: 70, 16: 70, 17: 75, 18: 133, 19: 133,
                   20: 70, 21: 219, 22: 139, 23: 110, 24: 132, 25: 40, 26: 40, 27: 94}  # fmt: skip
# Static rows of a type that also gives a fix: 19 needs its name, 21 has it before the position.
MIN_BITS_STATIC_19: Final = 263
MIN_BITS_24A: Final = 160
# The longest form the Recommendation allows; what follows is a receiver's addition.
MAX_BITS: Final = {1: 168, 2: 168, 3: 168, 4: 168, 5: 424, 6: 1008, 7: 168, 8: 1008, 9: 168,
                   10: 72, 11: 168, 12: 1008, 13: 168, 14: 1008, 15: 160, 16: 144, 17: 816,
                   18: 168, 19: 312, 20: 160, 21: 360, 22: 168, 23: 160, 24: 168, 25: 168,
                   26: 1064, 27: 96}  # fmt: skip
# Below these the last fields are missing although the message can be read.
FULL_BITS: Final = {1: 168, 2: 168, 3: 168, 5: 424}
DEST_OFFSET: Final = {6: 40, 7: 40, 10: 40, 12: 40, 13: 40, 15: 40, 16: 40}


def _by_type(values: dict[int, int], missing: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return (64,) int64: the value of each message type, or `missing`."""
    table = np.full(64, missing, np.int64)
    for key, value in values.items():
        table[key] = value
    return table


def _offsets(
    layout: dict[int, dict[str, int]],
    fields: tuple[str, ...],
    widths: dict[str, int],
    other: dict[tuple[int, str], int],
) -> np.ndarray[tuple[int, int, int], np.dtype[np.int64]]:
    """Return (64, n_fields, 2) int64: offset (-1 where absent) and width."""
    table = np.full((64, len(fields), 2), -1, np.int64)
    for row, places in layout.items():
        for name, offset in places.items():
            table[row, fields.index(name)] = offset, other.get((row, name), widths[name])
    return table


def _flag_table() -> np.ndarray[tuple[int, int, int], np.dtype[np.int64]]:
    """Return (64, 8, 2) int64: flag bit and offset of each one-bit field, offset -1 at the end."""
    table = np.full((64, 8, 2), -1, np.int64)
    for row, places in FIX_FLAGS.items():
        for k, (flag, offset) in enumerate(places.items()):
            table[row, k] = int(flag), offset
    return table


FIX_TABLE: Final = _offsets(FIX_LAYOUT, FIX_FIELDS, FIX_WIDTHS, FIX_OTHER_WIDTHS)
FLAG_TABLE: Final = _flag_table()
STATIC_TABLE: Final = _offsets(STATIC_LAYOUT, STATIC_FIELDS, STATIC_WIDTHS, STATIC_OTHER_WIDTHS)
TEXT_TABLE: Final = _offsets(
    TEXT_LAYOUT, TEXT_FIELDS, {n: 6 * c for n, c in zip(TEXT_FIELDS, TEXT_CHARS, strict=True)}, {}
)
MIN_TABLE: Final = _by_type(MIN_BITS, 38)
MAX_TABLE: Final = _by_type(MAX_BITS, 1 << 30)
FULL_TABLE: Final = _by_type(FULL_BITS, 0)
DEST_TABLE: Final = _by_type(DEST_OFFSET, -1)
