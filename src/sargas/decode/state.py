"""What the line layer remembers between two calls, as plain arrays.

Every array is int64 or uint8, so that a kernel and plain Python read the same thing, and any cut
of the stream gives the same rows: nothing is kept in local variables across lines.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sargas.decode.bits import MAX_CHARS, MAX_WORDS
from sargas.decode.codes import NO_TIME, UNKNOWN_STATION, Reason

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
U16 = npt.NDArray[np.uint16]
U8 = npt.NDArray[np.uint8]

MAX_LINE: Final = 4096
"""Longest line that is read, in bytes; the longest legal one with tag blocks has below 500."""
N_REASONS: Final = len(Reason)

# ---- cur: where the scan stands ----------------------------------------------------------------
(CUR_LINE, CUR_ROWS, CUR_WORDS, CUR_EVENTS, CUR_TIMEOUT, CUR_READER_T, CUR_FINAL,
 CUR_BASE) = range(8)  # fmt: skip
CUR_SIZE: Final = 8

# ---- tag: values of the tag blocks that wait for their sentence ---------------------------------
TAG_SET, TAG_T, TAG_STATION, TAG_ST_FROM, TAG_ST_TO, TAG_GROUP, TAG_QUALITY = range(7)
TAG_SIZE: Final = 7

# ---- rec: one sentence, or a group of sentences that grows --------------------------------------
(REC_OFFSET, REC_PARTS, REC_PART, REC_SEQ, REC_CHANNEL, REC_OWN, REC_XOR, REC_CHARS, REC_FILL,
 REC_QUALITY, REC_T_TAG, REC_ST_TAG, REC_T_SUFFIX, REC_ST_SUFFIX, REC_GROUP, REC_LINE,
 REC_ACTIVE, REC_AT, REC_END, REC_NUMBER, REC_SFX_FROM, REC_SFX_TO,
 REC_JOINED) = range(23)  # fmt: skip
REC_SIZE: Final = 23
N_SLOTS: Final = 64
"""Groups that can wait at one time; the oldest gives way (counted `group_expired`)."""

# ---- rows: complete payloads, what the line layer hands to the message layer --------------------
(ROW_T, ROW_T_SOURCE, ROW_STATION, ROW_OFFSET, ROW_BITS, ROW_CHANNEL, ROW_OWN, ROW_QUALITY,
 ROW_WORD) = range(9)  # fmt: skip
ROW_SIZE: Final = 9

# ---- events: what the line layer counts by station too ------------------------------------------
EV_REASON, EV_OFFSET, EV_STATION = range(3)
EV_SIZE: Final = 3

# ---- pghp: time lines that wait for their sentence ----------------------------------------------
PG_T, PG_CHECK, PG_STATION, PG_LINE, PG_OWNER = range(5)
PG_SIZE: Final = 14
"""As many as a time line has fields; a waiting one needs five."""
N_PGHP: Final = 64
PG_TOP: Final = N_PGHP
"""Row of `pghp` whose first number tells how many places may be in use."""
PG_READ: Final = N_PGHP + 1
"""Row of `pghp` for the fields of the line that is being read."""
OWNER_FREE: Final = -1
OWNER_NEXT: Final = -2
"""Waits for the sentence that follows directly."""
OWNER_NEAR: Final = -3
"""Comes from a feed sorted by delivery: waits for a sentence some lines on. Slots are >= 0."""
NEAR_LINES: Final = 20
"""How far a time line of a feed sorted by delivery may stand from its sentence (920 of the 943
pairs of the exactEarth sample are within it; beyond it most check values fit several)."""

# ---- names: stations that are no numbers --------------------------------------------------------
MAX_STATIONS: Final = 8192
NAME_SLOTS: Final = 2 * MAX_STATIONS
MAX_NAME: Final = 32
NAME_LENGTH, NAME_INDEX = range(2)
NAME_USED: Final = NAME_SLOTS
"""Row of `name_meta` whose first number is how many names there are."""


class Line(NamedTuple):
    """Everything the line layer carries from line to line.

    A kernel takes the arrays out of it once: numba counts references each time a member of a
    tuple is named, which costs more than the work itself where it happens for every line.
    """

    cur: I64
    tag: I64
    rec: I64
    groups: I64
    """(N_SLOTS, REC_SIZE)"""
    chars: U8
    """(N_SLOTS, MAX_CHARS + 1) armoured characters of the groups, and room for an end mark."""
    pghp: I64
    """(N_PGHP + 2, PG_SIZE)"""
    names: U8
    """(NAME_SLOTS, MAX_NAME) open addressing."""
    name_meta: I64
    """(NAME_SLOTS + 1, 2) length (0 = free) and index of each name."""
    total: I64
    """(N_REASONS, 2) count, first offset + 1 (0 = never)."""


class Tally(NamedTuple):
    """Counters of each station."""

    keys: I64
    """(NAME_SLOTS,) station of each row of `by_station`; NO_TIME marks a free one."""
    by_station: I64
    """(NAME_SLOTS, N_REASONS, 2) as `total`; only pages that are written take memory."""
    used: I64
    """(1,) number of stations."""


def new_line(group_timeout_lines: int) -> Line:
    """Return the state before the first byte."""
    cur = np.zeros(CUR_SIZE, np.int64)
    cur[CUR_TIMEOUT] = group_timeout_lines
    cur[CUR_READER_T] = NO_TIME
    tag = np.zeros(TAG_SIZE, np.int64)
    tag[TAG_T], tag[TAG_STATION], tag[TAG_GROUP] = NO_TIME, UNKNOWN_STATION, -1
    pghp = np.zeros((N_PGHP + 2, PG_SIZE), np.int64)
    pghp[:, PG_OWNER] = OWNER_FREE
    return Line(
        cur=cur,
        tag=tag,
        rec=np.zeros(REC_SIZE, np.int64),
        groups=np.zeros((N_SLOTS, REC_SIZE), np.int64),
        chars=np.zeros((N_SLOTS, MAX_CHARS + 1), np.uint8),
        pghp=pghp,
        names=np.zeros((NAME_SLOTS, MAX_NAME), np.uint8),
        name_meta=np.zeros((NAME_SLOTS + 1, 2), np.int64),
        total=np.zeros((N_REASONS, 2), np.int64),
    )


def new_tally() -> Tally:
    """Return empty counters."""
    return Tally(
        keys=np.full(NAME_SLOTS, NO_TIME, np.int64),
        by_station=np.zeros((NAME_SLOTS, N_REASONS, 2), np.int64),
        used=np.zeros(1, np.int64),
    )


def new_rows(n_bytes: int) -> tuple[I64, I64, I64]:
    """Return arrays for the worst case of `n_bytes` of input; pages not written take no memory.

    Returns:
        rows (n, ROW_SIZE): a sentence that completes a payload has at least 20 bytes.
        words (m,): a payload of n characters takes at most n/10 + 1 of them; groups add what
        earlier input left waiting.
        events (k, EV_SIZE): a line never gives more than it has bytes, but for the groups it
        makes expire.
    """
    return (
        np.empty((n_bytes // 20 + 2, ROW_SIZE), np.int64),
        np.empty(n_bytes // 10 + (N_SLOTS + 2) * MAX_WORDS, np.int64),
        np.empty((n_bytes + 4 * N_SLOTS, EV_SIZE), np.int64),
    )
