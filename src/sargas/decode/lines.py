"""Lines that are no AIS sentence: blank, comment, other sentences, time lines, noise."""

from __future__ import annotations

from typing import Final

from sargas.decode._jit import helper
from sargas.decode.codes import Reason
from sargas.decode.meta import (
    BLANK,
    COMMA,
    NEWLINE,
    RETURN,
    STAR,
    TAB,
    hex_pair,
    read_pghp,
    reset_tag,
)
from sargas.decode.state import (
    CUR_BASE,
    CUR_FINAL,
    CUR_LINE,
    I64,
    MAX_LINE,
    OWNER_NEAR,
    OWNER_NEXT,
    PG_READ,
    PG_TOP,
    U8,
)
from sargas.decode.tally import count
from sargas.decode.timelines import consume_pghp, drop_pghp, expire_pghp, store_pghp

BANG: Final = 33
HASH: Final = 35
DOLLAR: Final = 36

TIME_LINE: Final = int(Reason.TIME_LINE)
TAG_ALONE: Final = int(Reason.TAG_ALONE)
OTHER: Final = int(Reason.OTHER_SENTENCE)
COMMENT: Final = int(Reason.COMMENT)
EMPTY_LINE: Final = int(Reason.BLANK)
BINARY: Final = int(Reason.BINARY_LINE)
TIME_LINE_BAD: Final = int(Reason.TIME_LINE_BAD)
TOO_LONG: Final = int(Reason.LINE_TOO_LONG)
TRUNCATED: Final = int(Reason.TRUNCATED_LINE)

NO_TAG, HAD_TAG, BROKEN_TAG = range(3)


@helper
def line_end(buf: U8, p: int) -> int:
    """Return the index of the newline at or after `p`."""
    while buf[p] != NEWLINE:
        p += 1
    return p


@helper
def read_other(
    buf: U8, start: int, p: int, front: int, cur: I64, tag: I64, pghp: I64, total: I64
) -> tuple[int, int]:
    """Read a line that is no VDM or VDO sentence.

    Args:
        buf: (n,) uint8, ends with a newline.
        start: where the line begins.
        p: where its text begins, behind blanks and tag blocks.
        front: NO_TAG, HAD_TAG or BROKEN_TAG.
        cur: where the scan stands.
        tag: values of tag blocks.
        pghp: waiting time lines.
        total: counters.

    Returns:
        Index of the newline, and the outcome.
    """
    eol = line_end(buf, p)
    offset = cur[CUR_BASE] + start
    outcome = TOO_LONG
    if eol - start <= MAX_LINE:
        outcome = kind_of(buf, p, eol, cur, tag, pghp, total, offset)
    if outcome == EMPTY_LINE and front == HAD_TAG:
        outcome = TAG_ALONE
    elif outcome == OTHER and cur[CUR_FINAL] == 1 and (front == BROKEN_TAG or buf[p] == BANG):
        outcome = TRUNCATED
    if outcome == TOO_LONG:
        drop_pghp(pghp, OWNER_NEXT, total, offset)
    count(total, outcome, offset)
    return eol, outcome


@helper
def kind_of(
    buf: U8, p: int, eol: int, cur: I64, tag: I64, pghp: I64, total: I64, offset: int
) -> int:
    """Return the outcome of a line; a time line is kept for its sentence."""
    end = eol
    while end > p and (buf[end - 1] == RETURN or buf[end - 1] == BLANK or buf[end - 1] == TAB):
        end -= 1
    if p >= end:
        return EMPTY_LINE
    if buf[p] == HASH:
        return COMMENT
    if buf[p] == DOLLAR or buf[p] == BANG:
        if is_pghp(buf, p):
            return time_line(buf, p, end, cur, pghp, total, offset)
        if pghp[PG_TOP, 0] > 0 and end - p > 3 and buf[end - 3] == STAR:
            consume_pghp(pghp, hex_pair(buf, end - 2))
        reset_tag(tag)
    for k in range(p, end):
        if buf[k] < BLANK and buf[k] != TAB:
            return BINARY
    return OTHER


@helper
def is_pghp(buf: U8, p: int) -> bool:
    """Say whether `$PGHP,` stands at `p`."""
    return bool(
        buf[p] == DOLLAR
        and buf[p + 1] == 80
        and buf[p + 2] == 71
        and buf[p + 3] == 72
        and buf[p + 4] == 80
        and buf[p + 5] == COMMA
    )


@helper
def time_line(buf: U8, p: int, end: int, cur: I64, pghp: I64, total: I64, offset: int) -> int:
    """Keep a `$PGHP` line for its sentence.

    With a suffix behind its checksum it comes from a feed sorted by time of delivery, where its
    sentence may stand some lines on; without one its sentence is the next.
    """
    star = read_pghp(buf, p, end, pghp[PG_READ])
    if star < 0:
        return TIME_LINE_BAD
    owner = OWNER_NEAR if end - star > 3 else OWNER_NEXT
    expire_pghp(pghp, cur[CUR_LINE], total, offset)
    store_pghp(pghp, cur[CUR_LINE], owner, total, offset)
    return TIME_LINE
