"""The numbers the decoder writes into its columns and counters, each with its meaning.

Nothing here needs numba: a reader of stored shards can import it alone.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

NO_TIME: Final = -(2**63)
"""`t_ms` of a message for which no receive time is known (the smallest int64)."""

UNKNOWN_STATION: Final = -1
"""`station` when nothing names the receiving station; dictionary codes lie below it."""

NO_RADIO: Final = 2**32 - 1
"""`radio` of a message that has no radio status field, or ends before it."""

NO_CODE: Final = -1
"""`dac` and `fid` of a message that carries none."""


class TSource(IntEnum):
    """Where `t_ms` comes from; the first that is there in the order PGHP, TAG, SUFFIX, READER."""

    NONE = 0
    """No time at all: `t_ms` is `NO_TIME`."""
    TAG = 1
    """Tag block field `c`: receive time at the station."""
    SUFFIX = 2
    """Number after the checksum: time of delivery, hours after reception on satellite feeds."""
    PGHP = 3
    """`$PGHP` line whose check value fits the sentences: receive time at the base station."""
    MESSAGE = 4
    """Clock inside a message 4 or 11. Never set by the decoder: that clock is no proof."""
    READER = 5
    """Clock of the program that read the feed, handed to `feed`."""


class Table(IntFlag):
    """Which typed tables hold a row of the message (`messages.table`)."""

    NONE = 0
    FIX = 1
    STATIC = 2


class Flag(IntFlag):
    """One-bit fields of a position report (`fixes.flags`); absent fields are 0."""

    ACCURACY = 1 << 0
    RAIM = 1 << 1
    ASSIGNED = 1 << 2
    CLASS_B_CS = 1 << 3
    DISPLAY = 1 << 4
    DSC = 1 << 5
    BAND = 1 << 6
    MSG22 = 1 << 7
    OFF_POSITION = 1 << 8
    VIRTUAL_AID = 1 << 9
    DTE = 1 << 10
    POSITION_LATENCY = 1 << 11
    OWN_STATION = 1 << 12
    """The sentence was a VDO: the receiver's own report."""


class Quality(IntFlag):
    """What was wrong or odd about a row that was kept (`quality`)."""

    FILL_SIX = 1 << 0
    """Six fill bits: a whole character of padding. Read as such."""
    TAG_CHECKSUM_BAD = 1 << 1
    """The tag block's own checksum is wrong; its values are used all the same."""
    TAG_UNPARSED = 1 << 2
    """A tag block field could not be read."""
    TIME_IMPLAUSIBLE = 1 << 3
    """A time outside 2000-2100 was found and not used."""
    TYPE_UNKNOWN = 1 << 4
    """Message type 0 or 28-63."""
    TOO_SHORT = 1 << 5
    """Ends before its last position or identity field: indexed, no typed row."""
    PART_ILLEGAL = 1 << 6
    """Type 24 with part number 2 or 3: indexed, no typed row."""
    EXTRA_BITS = 1 << 7
    """Longer than the type allows; the extra bits are not read."""
    SHORT_TAIL = 1 << 8
    """Type 5 below 424 bits or 1-3 below 168: the last fields are missing."""
    MMSI_ZERO = 1 << 9
    """The MMSI is 0."""
    MMSI_SHAPE = 1 << 10
    """The MMSI has none of the shapes of ITU-R M.585."""
    POSITION_OUT_OF_RANGE = 1 << 11
    """Longitude or latitude is neither on Earth nor the sign for "not available"."""
    HEADING_INVALID = 1 << 12
    """Heading 360-510."""
    TIME_MISSING = 1 << 13
    """No receive time: the row can be counted but not folded."""
    TIME_DISAGREES = 1 << 14
    """Two clocks differ: tag block and `$PGHP`, or the receive time and the message's own."""


class Reason(IntEnum):
    """What became of a line, a part or a message, and what was odd about it.

    The line outcomes sum to the lines, the part outcomes (with the parts still waiting) to the
    good sentences, the message outcomes to the complete payloads.
    """

    # line outcomes
    SENTENCE = 0
    TIME_LINE = 1
    TAG_ALONE = 2
    OTHER_SENTENCE = 3
    COMMENT = 4
    BLANK = 5
    BINARY_LINE = 6
    TIME_LINE_BAD = 7
    NO_CHECKSUM = 8
    BAD_CHECKSUM = 9
    BAD_HEADER = 10
    BAD_CHAR = 11
    BAD_FILL = 12
    EMPTY_PAYLOAD = 13
    LINE_TOO_LONG = 14
    TRUNCATED_LINE = 15
    # part outcomes
    SINGLE = 16
    PART_JOINED = 17
    PART_DROPPED = 18
    ORPHAN_PART = 19
    REPEATED_PART = 20
    # why a group was dropped
    GROUP_OVERWRITTEN = 21
    GROUP_EXPIRED = 22
    TOO_LONG = 23
    # message outcomes
    MESSAGE_TYPED = 24
    MESSAGE_INDEXED = 25
    MESSAGE_TYPE_UNKNOWN = 26
    MESSAGE_TOO_SHORT = 27
    MESSAGE_PART_ILLEGAL = 28
    # notes on the input
    JOINED_LINE = 29
    TIME_LINE_UNUSED = 30
    STATION_OVERFLOW = 31
    # flags, one for each bit of Quality, in its order
    FILL_SIX = 32
    TAG_CHECKSUM_BAD = 33
    TAG_UNPARSED = 34
    TIME_IMPLAUSIBLE = 35
    TYPE_UNKNOWN = 36
    TOO_SHORT = 37
    PART_ILLEGAL = 38
    EXTRA_BITS = 39
    SHORT_TAIL = 40
    MMSI_ZERO = 41
    MMSI_SHAPE = 42
    POSITION_OUT_OF_RANGE = 43
    HEADING_INVALID = 44
    TIME_MISSING = 45
    TIME_DISAGREES = 46

    @property
    def word(self) -> str:
        """The name used in summaries: lower case."""
        return self.name.lower()


FLAG_REASONS: Final = Reason.FILL_SIX
"""The reason of quality bit 0; bit k has reason FLAG_REASONS + k."""

LINE_OUTCOMES: Final = tuple(r for r in Reason if r <= Reason.TRUNCATED_LINE)
PART_OUTCOMES: Final = tuple(r for r in Reason if Reason.SINGLE <= r <= Reason.REPEATED_PART)
MESSAGE_OUTCOMES: Final = tuple(
    r for r in Reason if Reason.MESSAGE_TYPED <= r <= Reason.MESSAGE_PART_ILLEGAL
)
REJECTED_LINES: Final = tuple(r for r in Reason if Reason.BINARY_LINE <= r <= Reason.TRUNCATED_LINE)
"""The line outcomes that lose something: worth showing in a summary."""


class Count(NamedTuple):
    """How often something happened, and the lowest byte offset at which it did."""

    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody wants here
    first_offset: int
