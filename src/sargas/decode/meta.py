"""What stands around a sentence: tag blocks before it, `$PGHP` lines, suffixes after it.

Source: IEC 62320-1 (tag blocks), IEC 61162-450; the Danish, exactEarth and US Coast Guard forms
as they occur in the samples of tests/data/ais.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sargas.decode._jit import helper, i64
from sargas.decode.codes import NO_TIME, UNKNOWN_STATION, Quality
from sargas.decode.state import (
    I64,
    PG_CHECK,
    PG_STATION,
    PG_T,
    REC_JOINED,
    REC_NUMBER,
    REC_SFX_FROM,
    REC_SFX_TO,
    TAG_GROUP,
    TAG_QUALITY,
    TAG_SET,
    TAG_ST_FROM,
    TAG_ST_TO,
    TAG_STATION,
    TAG_T,
    U8,
)
from sargas.decode.tally import STATION_DIGITS

TAB: Final = 9
NEWLINE: Final = 10
RETURN: Final = 13
BLANK: Final = 32
STAR: Final = 42
COMMA: Final = 44
COLON: Final = 58
BACKSLASH: Final = 92


def _hex_table() -> U8:
    """Return the value of each byte as a hexadecimal digit, 255 for the others."""
    table = np.full(256, 255, np.uint8)
    for value, digit in enumerate("0123456789ABCDEF"):
        table[ord(digit)] = table[ord(digit.lower())] = value
    return table


HEX: Final = _hex_table()


INSIDE, FIELD_ENDS, TEXT_ENDS = range(3)
KEY_TIME: Final = 99
"""The letter c."""
KEY_STATION: Final = 115
"""The letter s."""
MAX_DIGITS: Final = 18


def _field_table() -> U8:
    """Return for each byte of a tag block whether it ends a field, the whole text, or neither."""
    table = np.full(256, INSIDE, np.uint8)
    table[COMMA] = FIELD_ENDS
    table[[STAR, BACKSLASH, NEWLINE]] = TEXT_ENDS
    return table


FIELD_END: Final = _field_table()

T_MIN_MS: Final = 946_684_800_000
"""2000-01-01: AIS receivers with a clock came later."""
T_MAX_MS: Final = 4_102_444_800_000
"""2100-01-01."""
MILLIS_FROM: Final = 100_000_000_000
"""Numbers above are milliseconds (as seconds: the year 5138)."""

CHECKSUM_BAD: Final = int(Quality.TAG_CHECKSUM_BAD)
UNPARSED: Final = int(Quality.TAG_UNPARSED)
IMPLAUSIBLE: Final = int(Quality.TIME_IMPLAUSIBLE)


@helper
def digits(buf: U8, a: int, b: int) -> int:
    """Return the number in `buf[a:b]`, -1 unless it is 1-18 digits and nothing else."""
    if b <= a or b - a > 18:
        return i64(-1)
    value = i64(0)
    for k in range(a, b):
        digit = i64(buf[k]) - 48
        if digit < 0 or digit > 9:
            return i64(-1)
        value = value * 10 + digit
    return value


@helper
def hex_pair(buf: U8, p: int) -> int:
    """Return the value of two hexadecimal digits of either case at `p`, -1 if not there."""
    high = i64(HEX[buf[p]])
    if high > 15:
        return -1
    low = i64(HEX[buf[p + 1]])
    return 16 * high + low if low <= 15 else -1


@helper
def plausible_ms(number: int) -> int:
    """Return a Unix time in s or ms as ms; NO_TIME when it lies outside 2000-2100."""
    t_ms = number if number > MILLIS_FROM else number * 1000
    if t_ms < T_MIN_MS or t_ms >= T_MAX_MS:
        return NO_TIME
    return t_ms


@helper
def reset_tag(tag: I64) -> None:
    """Forget the tag values: their sentence has passed."""
    tag[TAG_SET] = 0
    tag[TAG_T] = NO_TIME
    tag[TAG_STATION] = UNKNOWN_STATION
    tag[TAG_ST_FROM] = 0
    tag[TAG_ST_TO] = 0
    tag[TAG_GROUP] = -1
    tag[TAG_QUALITY] = 0


@helper
def read_tag(buf: U8, p: int, tag: I64) -> int:
    """Read one tag block whose backslash stands at `p`; values join those already waiting.

    One pass reads the fields and builds the checksum.

    Returns:
        Index after the closing backslash, -1 if the line ends before it (the values are then
        worth nothing).
    """
    p += 1
    xor = i64(0)
    byte = i64(buf[p])
    while FIELD_END[byte] != TEXT_ENDS:
        a, key = p, byte
        number, n = i64(0), 0
        if buf[p + 1] == COLON and FIELD_END[key] == INSIDE:
            xor ^= key ^ COLON
            p += 2
            byte = i64(buf[p])
            while 48 <= byte <= 57 and n < MAX_DIGITS:
                number = number * 10 + byte - 48
                xor ^= byte
                p += 1
                n += 1
                byte = i64(buf[p])
        is_number = n > 0 and FIELD_END[byte] != INSIDE
        if not (is_number and tag_number(key, number, n, tag)):
            while FIELD_END[byte] == INSIDE:
                xor ^= byte
                p += 1
                byte = i64(buf[p])
            tag_field(buf, a, p, tag)
        if byte == COMMA:
            xor ^= COMMA
            p += 1
            byte = i64(buf[p])
    star = p
    while byte != BACKSLASH:
        if byte == NEWLINE:
            return -1
        p += 1
        byte = i64(buf[p])
    tag[TAG_SET] = 1
    if buf[star] == STAR and (p - star != 3 or hex_pair(buf, star + 1) != xor):
        tag[TAG_QUALITY] |= CHECKSUM_BAD
    return p + 1


@helper
def tag_number(key: int, number: int, n: int, tag: I64) -> bool:
    """Take a number of `n` digits if it is a receive time or a station; tells whether it was."""
    if key == KEY_TIME:
        tag_time(number, tag)
        return True
    if key == KEY_STATION and n <= STATION_DIGITS:
        tag[TAG_STATION] = number
        tag[TAG_ST_TO] = tag[TAG_ST_FROM]  # a name before it counts no more
        return True
    return False


@helper
def tag_time(number: int, tag: I64) -> None:
    """Take the receive time of a tag block."""
    t_ms = plausible_ms(number)
    if t_ms == NO_TIME:
        tag[TAG_QUALITY] |= IMPLAUSIBLE
    else:
        tag[TAG_T] = t_ms


@helper
def tag_field(buf: U8, a: int, b: int, tag: I64) -> None:
    """Read one `key:value` of a tag block."""
    colon = a + 1
    if colon >= b or buf[colon] != COLON:
        colon = a
        while colon < b and buf[colon] != COLON:
            colon += 1
    if colon == b or colon == a:  # noqa: SIM109
        tag[TAG_QUALITY] |= UNPARSED
        return
    value = colon + 1
    if value == b:
        return
    if colon > a + 1:
        old_group(buf, a, colon, value, b, tag)
        return
    key = buf[a]
    if key == KEY_TIME:  # a good one is read by read_tag
        tag[TAG_QUALITY] |= UNPARSED
    elif key == KEY_STATION:  # no plain number; resolved once the line is known to be whole
        tag[TAG_ST_FROM] = value
        tag[TAG_ST_TO] = b
    elif key == 103:  # g: part-parts-group
        group = b
        while group > value and buf[group - 1] != 45:
            group -= 1
        number = digits(buf, group, b)
        if number < 0 or group < value + 4:
            tag[TAG_QUALITY] |= UNPARSED
        else:
            tag[TAG_GROUP] = number


@helper
def old_group(buf: U8, a: int, colon: int, value: int, b: int, tag: I64) -> None:
    """Read the old group form `1G2:0125`; other keys of several letters are not ours."""
    if colon - a == 3 and buf[a + 1] == 71 and digits(buf, a, a + 1) > 0:
        number = digits(buf, value, b)
        if number < 0:
            tag[TAG_QUALITY] |= UNPARSED
        else:
            tag[TAG_GROUP] = number


@helper
def read_suffix(buf: U8, p: int, rec: I64) -> int:
    r"""Read what follows a checksum, up to the newline or the literal text `\r\n`.

    The last field of 10 or 13 digits is the time (`REC_NUMBER`, -1 = none), the first `r` or `b`
    field the station (`REC_SFX_FROM`, `REC_SFX_TO`). `REC_JOINED` is set if it ends at a literal
    line end with a sentence behind it.

    Returns:
        Index of the newline or of the literal's backslash.
    """
    while buf[p] != NEWLINE and buf[p] != COMMA and buf[p] != BACKSLASH:
        p += 1
    while buf[p] == COMMA:
        a = p + 1
        p = a
        while buf[p] != NEWLINE and buf[p] != COMMA and buf[p] != BACKSLASH:
            p += 1
        b = p
        while b > a and (buf[b - 1] == BLANK or buf[b - 1] == RETURN):
            b -= 1
        if b - a == 10 or b - a == 13:
            value = digits(buf, a, b)
            if value >= 0:
                rec[REC_NUMBER] = value
        station = b - a > 1 and (buf[a] == 114 or buf[a] == 98) and digits(buf, a + 1, b) >= 0
        if station and rec[REC_SFX_TO] == 0:
            rec[REC_SFX_FROM], rec[REC_SFX_TO] = a, b
    if buf[p] == BACKSLASH and literal_end(buf, p):
        rec[REC_JOINED] = 1
        return p
    while buf[p] != NEWLINE:
        p += 1
    return p


@helper
def literal_end(buf: U8, p: int) -> bool:
    r"""Say whether the four characters `\r\n` stand at `p` with a sentence or tag block behind."""
    if buf[p + 1] != 114 or buf[p + 2] != BACKSLASH or buf[p + 3] != 110:
        return False
    return bool(buf[p + 4] == 33 or buf[p + 4] == 36 or buf[p + 4] == BACKSLASH)


@helper
def days_from_civil(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 of a date in the Gregorian calendar.

    Source: E. G. Richards, "Mapping Time" (1998), algorithm of the Julian day number.
    """
    a = (14 - month) // 12
    y = year + 4800 - a
    m = month + 12 * a - 3
    return day + (153 * m + 2) // 5 + 365 * y + y // 4 - y // 100 + y // 400 - 32045 - 2440588


@helper
def read_pghp(buf: U8, p: int, eol: int, part: I64) -> int:
    """Read a `$PGHP,1,` line at `p` into `part`, which then begins with time, check, station.

    Fields: 1; year, month, day, hour, minute, second, ms; country; region; base station; flag;
    check value. The line's own checksum must be right.

    Args:
        buf: the text.
        p: index of the dollar sign.
        eol: end of the line without blanks.
        part: (14,) int64 to use and fill.

    Returns:
        Index of the `*` before the checksum, -1 if the line cannot be read.
    """
    star = p + 1
    xor = i64(0)
    while star < eol and buf[star] != STAR:
        xor ^= i64(buf[star])
        star += 1
    if star + 2 >= eol or hex_pair(buf, star + 1) != xor:
        return -1
    k, a = 0, p
    for q in range(p, star + 1):
        if q != star and buf[q] != COMMA:
            continue
        if k < 13:
            part[k] = digits(buf, a, q)
        elif k == 13:
            part[13] = hex_pair(buf, a) if q - a == 2 else -1
        a = q + 1
        k += 1
    if k != 14 or part[1] != 1 or part[13] < 0 or part[8] < 0 or part[8] > 999:
        return -1
    t_ms = civil_ms(part[2], part[3], part[4], part[5], part[6], part[7])
    if t_ms == NO_TIME:
        return -1
    part[PG_T], part[PG_CHECK] = t_ms + part[8], part[13]
    part[PG_STATION] = part[11] if part[11] > 0 else UNKNOWN_STATION
    return star


@helper
def civil_ms(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Return Unix ms of a UTC date and time; NO_TIME if a part is out of range or before 2000."""
    if not (2000 <= year < 2100 and 1 <= month <= 12 and 1 <= day <= 31):
        return NO_TIME
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return NO_TIME
    days = days_from_civil(year, month, day)
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000
