"""Joining the parts of a message.

Parts come in order 1..n; other sentences, other stations and channels may stand between them.
With a tag block `g` on both the group number is the key, else sequence number, channel, number
of parts and station, where a part that names no station fits any.
"""

from __future__ import annotations

from typing import Final

from sargas.decode._jit import helper, i64
from sargas.decode.bits import MAX_CHARS
from sargas.decode.codes import NO_TIME, UNKNOWN_STATION, Reason
from sargas.decode.state import (
    CUR_LINE,
    CUR_TIMEOUT,
    I64,
    N_SLOTS,
    OWNER_NEXT,
    REC_ACTIVE,
    REC_AT,
    REC_CHANNEL,
    REC_CHARS,
    REC_FILL,
    REC_GROUP,
    REC_LINE,
    REC_OFFSET,
    REC_OWN,
    REC_PART,
    REC_PARTS,
    REC_QUALITY,
    REC_SEQ,
    REC_SIZE,
    REC_ST_SUFFIX,
    REC_ST_TAG,
    REC_T_SUFFIX,
    REC_T_TAG,
    REC_XOR,
    U8,
    Line,
)
from sargas.decode.tally import count, event
from sargas.decode.timelines import drop_pghp, hand_pghp

PART_JOINED: Final = int(Reason.PART_JOINED)
PART_DROPPED: Final = int(Reason.PART_DROPPED)
ORPHAN_PART: Final = int(Reason.ORPHAN_PART)
REPEATED_PART: Final = int(Reason.REPEATED_PART)
GROUP_OVERWRITTEN: Final = int(Reason.GROUP_OVERWRITTEN)
GROUP_EXPIRED: Final = int(Reason.GROUP_EXPIRED)
TOO_LONG: Final = int(Reason.TOO_LONG)


@helper
def station_key(rec: I64) -> int:
    """Return the station a sentence itself names: in its tag block, else in its suffix."""
    if rec[REC_ST_TAG] != UNKNOWN_STATION:
        return i64(rec[REC_ST_TAG])
    return i64(rec[REC_ST_SUFFIX])


@helper
def same_group(group: I64, rec: I64) -> bool:
    """Say whether a part belongs to a waiting group."""
    if group[REC_PARTS] != rec[REC_PARTS] or group[REC_OWN] != rec[REC_OWN]:
        return False
    a, b = station_key(group), station_key(rec)
    if a != b and a != UNKNOWN_STATION and b != UNKNOWN_STATION:
        return False
    if group[REC_GROUP] >= 0 and rec[REC_GROUP] >= 0:
        return bool(group[REC_GROUP] == rec[REC_GROUP])
    return bool(group[REC_SEQ] == rec[REC_SEQ] and group[REC_CHANNEL] == rec[REC_CHANNEL])


@helper
def find_group(groups: I64, rec: I64) -> int:
    """Return the slot of the newest waiting group the part belongs to, -1 if there is none."""
    best = -1
    for k in range(N_SLOTS):
        if groups[k, REC_ACTIVE] == 0 or not same_group(groups[k], rec):
            continue
        if best < 0 or groups[k, REC_LINE] > groups[best, REC_LINE]:
            best = k
    return best


@helper
def drop_group(line: Line, events: I64, slot: int, reason: int) -> None:
    """Give a group up, and count why and how many parts it had."""
    group = line.groups[slot]
    offset = group[REC_OFFSET]
    group[REC_ACTIVE] = 0
    event(line.cur, events, reason, offset, station_key(group))
    for _ in range(group[REC_PART]):
        count(line.total, PART_DROPPED, offset)
    drop_pghp(line.pghp, slot, line.total, offset)


@helper
def expire_groups(line: Line, events: I64, before: int) -> None:
    """Give up the groups whose first part stands before a line number."""
    for k in range(N_SLOTS):
        if line.groups[k, REC_ACTIVE] == 1 and line.groups[k, REC_LINE] < before:
            drop_group(line, events, k, GROUP_EXPIRED)


@helper
def free_slot(line: Line, events: I64) -> int:
    """Return a free slot, the one of the oldest group if all are taken."""
    oldest = 0
    for k in range(N_SLOTS):
        if line.groups[k, REC_ACTIVE] == 0:
            return k
        if line.groups[k, REC_LINE] < line.groups[oldest, REC_LINE]:
            oldest = k
    drop_group(line, events, oldest, GROUP_EXPIRED)
    return oldest


@helper
def begin_group(line: Line, events: I64, buf: U8) -> None:
    """Keep a first part; a group of the same key that still waits is given up."""
    rec = line.rec
    old = find_group(line.groups, rec)
    if old >= 0:
        drop_group(line, events, old, GROUP_OVERWRITTEN)
    slot = free_slot(line, events)
    group = line.groups[slot]
    for k in range(REC_SIZE):
        group[k] = rec[k]
    group[REC_ACTIVE] = 1
    group[REC_LINE] = line.cur[CUR_LINE]
    for k in range(rec[REC_CHARS]):
        line.chars[slot, k] = buf[rec[REC_AT] + k]
    hand_pghp(line.pghp, slot)


@helper
def join_part(line: Line, events: I64, buf: U8) -> int:
    """Take in a sentence of several parts.

    Returns:
        The slot of the group if this part completes it, else -1.
    """
    rec = line.rec
    offset = rec[REC_OFFSET]
    expire_groups(line, events, line.cur[CUR_LINE] - line.cur[CUR_TIMEOUT])
    if rec[REC_PART] == 1:
        begin_group(line, events, buf)
        return -1
    slot = find_group(line.groups, rec)
    drop_pghp(line.pghp, OWNER_NEXT, line.total, offset)
    if slot < 0 or rec[REC_PART] > line.groups[slot, REC_PART] + 1:
        event(line.cur, events, ORPHAN_PART, offset, station_key(rec))
        return -1
    group = line.groups[slot]
    if rec[REC_PART] <= group[REC_PART]:
        event(line.cur, events, REPEATED_PART, offset, station_key(rec))
        return -1
    if group[REC_CHARS] + rec[REC_CHARS] > MAX_CHARS:
        drop_group(line, events, slot, TOO_LONG)
        count(line.total, PART_DROPPED, offset)
        return -1
    append_part(group, rec)
    n = group[REC_CHARS]
    for k in range(rec[REC_CHARS]):
        line.chars[slot, n + k] = buf[rec[REC_AT] + k]
    group[REC_CHARS] = n + rec[REC_CHARS]
    if group[REC_PART] < group[REC_PARTS]:
        return -1
    line.chars[slot, group[REC_CHARS]] = 0
    for _ in range(group[REC_PARTS]):
        count(line.total, PART_JOINED, group[REC_OFFSET])
    return slot


@helper
def append_part(group: I64, rec: I64) -> None:
    """Join what a part says besides its payload: first known time and station, last fill bits."""
    group[REC_PART] = rec[REC_PART]
    group[REC_XOR] ^= rec[REC_XOR]
    group[REC_QUALITY] |= rec[REC_QUALITY]
    group[REC_FILL] = rec[REC_FILL]
    if group[REC_T_TAG] == NO_TIME:
        group[REC_T_TAG] = rec[REC_T_TAG]
    if group[REC_T_SUFFIX] == NO_TIME:
        group[REC_T_SUFFIX] = rec[REC_T_SUFFIX]
    if group[REC_ST_TAG] == UNKNOWN_STATION:
        group[REC_ST_TAG] = rec[REC_ST_TAG]
    if group[REC_ST_SUFFIX] == UNKNOWN_STATION:
        group[REC_ST_SUFFIX] = rec[REC_ST_SUFFIX]
