"""Time lines (`$PGHP`) that wait for their sentence.

A time line names the check value of the message it dates: the XOR of the checksums of the VDM
sentences that follow, 00 before a VDO. It is used once, for the message that fits, and never
carried over to a later one.

Source: field order of dma-ais/AisLib (proprietary/Gatehouse); the rule of the check value was
measured on tests/data/ais/dma-5min-2013-11-12.nmea.gz, where all 25,602 VDM groups keep it.
"""

from __future__ import annotations

from typing import Final

from sargas.decode._jit import helper
from sargas.decode.codes import Reason
from sargas.decode.state import (
    I64,
    N_PGHP,
    NEAR_LINES,
    OWNER_FREE,
    OWNER_NEAR,
    OWNER_NEXT,
    PG_CHECK,
    PG_LINE,
    PG_OWNER,
    PG_READ,
    PG_STATION,
    PG_TOP,
)
from sargas.decode.tally import count

TIME_LINE_UNUSED: Final = int(Reason.TIME_LINE_UNUSED)


@helper
def store_pghp(pghp: I64, line: int, owner: int, total: I64, offset: int) -> None:
    """Keep the time line just read until its sentence comes.

    The oldest gives way when all places are taken.
    """
    top = pghp[PG_TOP, 0]
    place, oldest = -1, 0
    for k in range(top):
        if pghp[k, PG_OWNER] == OWNER_FREE:
            place = k
            break
        if pghp[k, PG_LINE] < pghp[oldest, PG_LINE]:
            oldest = k
    if place < 0 and top < N_PGHP:
        place = top
        pghp[PG_TOP, 0] = top + 1
    if place < 0:
        place = oldest
        count(total, TIME_LINE_UNUSED, offset)
    for k in range(PG_STATION + 1):
        pghp[place, k] = pghp[PG_READ, k]
    pghp[place, PG_LINE] = line
    pghp[place, PG_OWNER] = owner


@helper
def release(pghp: I64, k: int) -> None:
    """Free one place, and shrink the part of the ring that is looked at."""
    pghp[k, PG_OWNER] = OWNER_FREE
    top = pghp[PG_TOP, 0]
    while top > 0 and pghp[top - 1, PG_OWNER] == OWNER_FREE:
        top -= 1
    pghp[PG_TOP, 0] = top


@helper
def drop_pghp(pghp: I64, owner: int, total: I64, offset: int) -> None:
    """Let go the time lines of an owner: their sentence did not come, or was not theirs."""
    for k in range(pghp[PG_TOP, 0] - 1, -1, -1):
        if pghp[k, PG_OWNER] == owner:
            release(pghp, k)
            count(total, TIME_LINE_UNUSED, offset)


@helper
def match_pghp(pghp: I64, owner: int, check: int, line: int) -> int:
    """Return the waiting time line that belongs to a message with this check value, or -1.

    Of those that stand directly before the message the last that fits; else the only one that
    fits among those of a feed sorted by delivery, within NEAR_LINES.
    """
    best, near, n_near = -1, -1, 0
    for k in range(pghp[PG_TOP, 0]):
        if pghp[k, PG_CHECK] != check:
            continue
        if pghp[k, PG_OWNER] == owner:
            if best < 0 or pghp[k, PG_LINE] > pghp[best, PG_LINE]:
                best = k
        elif pghp[k, PG_OWNER] == OWNER_NEAR and line - pghp[k, PG_LINE] <= NEAR_LINES:
            near = k
            n_near += 1
    if best >= 0:
        return best
    return near if n_near == 1 else -1


@helper
def consume_pghp(pghp: I64, check: int) -> None:
    """Let go the time line of a sentence that is not AIS: `$PSTT` and `$PFEC` have theirs too."""
    for k in range(pghp[PG_TOP, 0] - 1, -1, -1):
        if pghp[k, PG_OWNER] == OWNER_NEXT and pghp[k, PG_CHECK] == check:
            release(pghp, k)
            return


@helper
def expire_pghp(pghp: I64, line: int, total: I64, offset: int) -> None:
    """Let go the time lines of a delivery-sorted feed that stand too far back."""
    for k in range(pghp[PG_TOP, 0] - 1, -1, -1):
        if pghp[k, PG_OWNER] == OWNER_NEAR and line - pghp[k, PG_LINE] > NEAR_LINES:
            release(pghp, k)
            count(total, TIME_LINE_UNUSED, offset)


@helper
def hand_pghp(pghp: I64, slot: int) -> None:
    """Give the time lines that wait for the next sentence to the group it begins."""
    for k in range(pghp[PG_TOP, 0]):
        if pghp[k, PG_OWNER] == OWNER_NEXT:
            pghp[k, PG_OWNER] = slot
