"""Counting what happened, and telling stations apart: helpers of both layers."""

from __future__ import annotations

from typing import Final

from sargas.decode._jit import helper, i64
from sargas.decode.codes import NO_TIME, UNKNOWN_STATION, Reason
from sargas.decode.state import (
    CUR_EVENTS,
    EV_OFFSET,
    EV_REASON,
    EV_STATION,
    I64,
    MAX_NAME,
    MAX_STATIONS,
    NAME_INDEX,
    NAME_LENGTH,
    NAME_SLOTS,
    NAME_USED,
    U8,
)

STATION_OVERFLOW: Final = int(Reason.STATION_OVERFLOW)
STATION_DIGITS: Final = 15
"""More digits are a name."""


@helper
def count(total: I64, reason: int, offset: int) -> None:
    """Count a reason; where it was first is the lowest offset: parts are counted at their end."""
    total[reason, 0] += 1
    first = total[reason, 1]
    if first == 0 or offset < first - 1:
        total[reason, 1] = offset + 1


@helper
def event(cur: I64, events: I64, reason: int, offset: int, station: int) -> None:
    """Note a reason to be counted for the source and for a station."""
    k = cur[CUR_EVENTS]
    events[k, EV_REASON] = reason
    events[k, EV_OFFSET] = offset
    events[k, EV_STATION] = station
    cur[CUR_EVENTS] = k + 1


@helper
def station_row(keys: I64, used: I64, station: int) -> int:
    """Return the row of a station in the counters, a new one if need be.

    Past MAX_STATIONS stations the rest are counted with the unknown one.
    """
    key = i64(station)
    while True:
        row = (key ^ (key >> 13) ^ (key >> 29)) & (NAME_SLOTS - 1)
        while keys[row] != key and keys[row] != NO_TIME:
            row = (row + 1) & (NAME_SLOTS - 1)
        if keys[row] == key:
            return row
        if used[0] < MAX_STATIONS or key == UNKNOWN_STATION:
            used[0] += 1
            keys[row] = key
            return row
        key = i64(UNKNOWN_STATION)


@helper
def name_code(buf: U8, a: int, b: int, names: U8, name_meta: I64, total: I64) -> int:
    """Return the code of the station name in `buf[a:b]`: -2 - index in the dictionary.

    A name longer than MAX_NAME bytes, or one too many, counts as unknown.
    """
    if b - a > MAX_NAME:
        count(total, STATION_OVERFLOW, 0)
        return UNKNOWN_STATION
    key = i64(b - a)
    for k in range(a, b):
        key = (key * 31 + i64(buf[k])) & 0xFFFFFFFF
    slot = (key ^ (key >> 15)) & (NAME_SLOTS - 1)
    while name_meta[slot, NAME_LENGTH] > 0:
        if same_name(buf, a, b, names, name_meta, slot):
            return i64(-2 - name_meta[slot, NAME_INDEX])
        slot = (slot + 1) & (NAME_SLOTS - 1)
    index = name_meta[NAME_USED, 0]
    if index >= MAX_STATIONS:
        count(total, STATION_OVERFLOW, 0)
        return UNKNOWN_STATION
    name_meta[NAME_USED, 0] = index + 1
    name_meta[slot, NAME_LENGTH] = b - a
    name_meta[slot, NAME_INDEX] = index
    for k in range(a, b):
        names[slot, k - a] = buf[k]
    return i64(-2 - index)


@helper
def same_name(buf: U8, a: int, b: int, names: U8, name_meta: I64, slot: int) -> bool:
    """Say whether the stored name equals `buf[a:b]`."""
    if name_meta[slot, NAME_LENGTH] != b - a:
        return False
    for k in range(a, b):  # noqa: SIM110  (compiled: a plain loop)
        if names[slot, k - a] != buf[k]:
            return False
    return True


@helper
def station_of(buf: U8, a: int, b: int, names: U8, name_meta: I64, total: I64) -> int:
    """Return the station written in `buf[a:b]`.

    Digits, also after `r` or `b`, are the number itself; anything else gets a dictionary code.
    """
    if b <= a:
        return UNKNOWN_STATION
    first = a
    if buf[a] == 114 or buf[a] == 98:
        first = a + 1
    number = i64(0)
    if 0 < b - first <= STATION_DIGITS:
        for k in range(first, b):
            digit = i64(buf[k]) - 48
            if digit < 0 or digit > 9:
                number = i64(-1)
                break
            number = number * 10 + digit
        if number >= 0:
            return number
    return name_code(buf, a, b, names, name_meta, total)
