"""One field of delimited text to one exact integer: numbers, times, texts, code words.

Decimals never become floating point: digits are gathered as an integer with a scale, and brought
to the unit asked for by integer division, half to even. So 57.717413 degrees is the same wire
integer on every machine, and equals what `decimal.Decimal` gives.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sargas.decode.delimited_split import U, checked, load8, span_hash, unchecked, whole

OK, MISSING, BAD = 0, 1, 2
"""What a field turned out to be: a value, nothing, or something unreadable."""

MAX_DIGITS, TAIL = 18, 17
"""Significant digits gathered in one integer, and in a second one behind it. What comes after
these 35 only tells a half from a little more than a half."""

DAY_MS: Final = 86_400_000
_POWERS: Final = 10 ** np.arange(19, dtype=np.int64)
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_YEAR_MIN, _YEAR_MAX = 2000, 2099
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000
"""The years in which a report can lie: AIS began after 2000."""


@checked
def digit_run(buf: NDArray[np.uint8], at: int, n: int) -> int:
    """Read exactly `n` digits at `at`; -1 if one of them is none."""
    value = 0
    for i in range(at, at + n):
        digit = whole(buf[i]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@checked
def whole_number(buf: NDArray[np.uint8], start: int, stop: int) -> int:
    """Read a field of 1 to 18 digits and nothing else; -1 if it is anything else."""
    if stop <= start or stop - start > MAX_DIGITS:
        return -1
    return digit_run(buf, start, stop - start)


@checked
def _exponent(buf: NDArray[np.uint8], at: int, stop: int) -> tuple[bool, int]:
    """Read the digits behind an `e`; programs write small longitudes as 5e-05."""
    negative = at < stop and buf[at] == 45
    if at < stop and (buf[at] == 45 or buf[at] == 43):
        at += 1
    value = whole_number(buf, at, stop) if stop - at <= 3 else -1
    return value >= 0, -value if negative else value


@checked
def decimal_parts(buf: NDArray[np.uint8], start: int, stop: int) -> tuple[int, bool, int, int, int]:
    """Read a decimal number, with dot or comma, as an integer and a scale.

    Returns:
        (status, negative, digits, scale, tail): the value is
        `(digits + tail / 10**TAIL) / 10**scale`; status is OK or BAD.
    """
    at = start
    negative = at < stop and buf[at] == 45
    if at < stop and (buf[at] == 45 or buf[at] == 43):
        at += 1
    digits, scale, kept, seen, tail, behind = 0, 0, 0, 0, 0, 0
    after_mark = False
    while at < stop:
        byte = whole(buf[at])
        if 48 <= byte <= 57:
            seen += 1
            if kept < MAX_DIGITS:
                digits = digits * 10 + (byte - 48)
                kept += digits != 0
                scale += after_mark
            else:
                scale -= not after_mark
                if behind < TAIL:
                    tail = tail * 10 + (byte - 48)
                    behind += 1
                elif byte != 48:
                    tail |= 1
        elif (byte == 46 or byte == 44) and not after_mark:
            after_mark = True
        elif (byte == 101 or byte == 69) and seen > 0:
            good, power = _exponent(buf, at + 1, stop)
            scale -= power
            at = stop if good else stop + 1
            break
        else:
            at = stop + 1
            break
        at += 1
    good_end = at == stop and seen > 0
    return (OK if good_end else BAD), negative, digits, scale, tail * _POWERS[TAIL - behind]


@checked
def to_units(digits: int, scale: int, tail: int, factor: int, shift: int) -> tuple[bool, int]:
    """Bring a number from `decimal_parts` to units of 1 / (factor * 10**shift), half to even.

    Args:
        digits, scale, tail: from `decimal_parts`.
        factor: 1 to 8.
        shift: power of ten of the unit; degrees to 1/600,000 degree are factor 6, shift 5.

    Returns:
        (fits, value); a value of 10**16 or more fits nowhere and is refused.
    """
    down = scale - shift
    if digits == 0:
        return True, 0
    if down <= 0:
        if down < -16 or digits >= _POWERS[16 + down]:
            return False, 0
        value = digits * factor * _POWERS[-down]
        return value < _POWERS[16], value
    number, rest = digits * factor, False
    if tail != 0:
        number += tail * factor // _POWERS[TAIL]
        rest = tail * factor % _POWERS[TAIL] != 0
    if down > MAX_DIGITS:  # the number is below 8 * 10**18: at most one unit
        half = 5 * _POWERS[18]
        return True, whole(down == 19 and (number > half or (number == half and rest)))
    if down == 1:  # the common case, six decimals of a degree: a constant divisor is fast
        value = number // 10
        left = number - value * 10
        step = 10
    else:
        step = _POWERS[down]
        value = number // step
        left = number - value * step
    twice = left - (step - left)
    if twice > 0 or (twice == 0 and (rest or value & 1)):
        value += 1
    return value < _POWERS[16], value


@checked
def plain_decimal(buf: NDArray[np.uint8], start: int, stop: int) -> tuple[int, int]:
    """Read digits with at most one dot or comma, as nearly all numbers are: (digits, scale).

    Digits are -1 for anything else; `decimal_parts` reads all forms. At most `MAX_DIGITS` bytes.
    """
    digits, mark = 0, -1
    for at in range(start, stop):
        byte = whole(buf[at])
        if 48 <= byte <= 57:
            digits = digits * 10 + (byte - 48)
        elif (byte == 46 or byte == 44) and mark < 0:
            mark = at
        else:
            return -1, 0
    if mark < 0:
        return digits, 0
    return (digits if stop - start > 1 else -1), stop - 1 - mark


@checked
def scaled(
    buf: NDArray[np.uint8], start: int, stop: int, factor: int, shift: int
) -> tuple[int, int]:
    """Read a decimal field in units of 1 / (factor * 10**shift).

    Returns:
        (status, value): OK, MISSING for an empty field, or BAD.
    """
    if stop <= start:
        return MISSING, 0
    if stop - start <= MAX_DIGITS:
        digits, scale = plain_decimal(buf, start, stop)
        if digits >= 0:
            fits, value = to_units(digits, scale, 0, factor, shift)
            return (OK if fits else BAD), value
    status, negative, digits, scale, tail = decimal_parts(buf, start, stop)
    if status != OK:
        return status, 0
    fits, value = to_units(digits, scale, tail, factor, shift)
    if not fits:
        return BAD, 0
    return OK, -value if negative else value


@checked
def days_of(year: int, month: int, day: int) -> int:
    """Count days from 1970-01-01 in the Gregorian calendar; -1 if there is no such day.

    Source: Howard Hinnant, "chrono-compatible low-level date algorithms" (years from March).
    """
    if year < _YEAR_MIN or year > _YEAR_MAX or month < 1 or month > 12 or day < 1:
        return -1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _MONTH_DAYS[month] + (leap and month == 2):
        return -1
    y = year - (month <= 2)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719_468


@unchecked
def _day_ms(buf: NDArray[np.uint8], start: int, cache: NDArray[np.uint64]) -> int:
    """Read the ten bytes of a date, DD/MM/YYYY or YYYY-MM-DD, to ms; -1 if it is none.

    Days follow each other in files, so the last one read is kept in `cache` (3,): two words that
    cover the ten bytes, and the answer.
    """
    head, tail = load8(buf, start), load8(buf, start + 2)
    if head == cache[0] and tail == cache[1]:
        return whole(cache[2])
    if buf[start + 4] == 45 and buf[start + 7] == 45:
        year, month = digit_run(buf, start, 4), digit_run(buf, start + 5, 2)
        day = digit_run(buf, start + 8, 2)
    elif buf[start + 2] == buf[start + 5] and (buf[start + 2] == 47 or buf[start + 2] == 45):
        day, month = digit_run(buf, start, 2), digit_run(buf, start + 3, 2)
        year = digit_run(buf, start + 6, 4)
    else:
        return -1
    days = days_of(year, month, day)
    if days < 0:
        return -1
    cache[0], cache[1], cache[2] = head, tail, U(days * DAY_MS)
    return days * DAY_MS


@checked
def _zone_ms(buf: NDArray[np.uint8], at: int, stop: int) -> tuple[bool, int]:
    """Read what stands behind the clock: nothing, Z, UTC, GMT or an offset, in ms."""
    while at < stop and buf[at] == 32:
        at += 1
    n = stop - at
    if n == 0 or (n == 1 and (buf[at] | 32) == 122):
        return True, 0
    sign = buf[at]
    if sign == 43 or sign == 45:
        hours = digit_run(buf, at + 1, 2) if n >= 3 else -1
        colon = n == 6 and buf[at + 3] == 58
        minutes = 0 if n == 3 else digit_run(buf, at + 3 + colon, 2) if n == 5 + colon else -1
        if hours < 0 or hours > 15 or minutes < 0 or minutes > 59:
            return False, 0
        offset = (hours * 60 + minutes) * 60_000
        return True, -offset if sign == 43 else offset
    if n == 3:
        word = (whole(buf[at]) << 16) | (whole(buf[at + 1]) << 8) | whole(buf[at + 2])
        return word == 0x555443 or word == 0x474D54, 0  # UTC, GMT
    return False, 0


@checked
def _clock_ms(buf: NDArray[np.uint8], at: int, stop: int) -> int:
    """Read HH:MM[:SS[.fraction]][zone] to ms of the day; -(10**9) if it is none."""
    none = -1_000_000_000
    if stop - at < 5 or buf[at + 2] != 58:
        return none
    hour, minute, second, milli = digit_run(buf, at, 2), digit_run(buf, at + 3, 2), 0, 0
    at += 5
    if at < stop and buf[at] == 58 and stop - at >= 3:
        second = digit_run(buf, at + 1, 2)
        at += 3
        if at + 1 < stop and (buf[at] == 46 or buf[at] == 44):
            at += 1
            weight = 100
            while at < stop and 48 <= buf[at] <= 57:
                milli += weight * (whole(buf[at]) - 48)
                weight //= 10
                at += 1
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
        return none
    good, zone = (True, 0) if at == stop else _zone_ms(buf, at, stop)
    if not good:
        return none
    return ((hour * 60 + minute) * 60 + second) * 1000 + milli + zone


@checked
def _epoch_ms(buf: NDArray[np.uint8], start: int, stop: int) -> tuple[int, int]:
    """Read Unix seconds (to 11 digits, also with decimals) or milliseconds (12 to 14 digits)."""
    status, value = scaled(buf, start, stop, 1, 3)
    if status != OK or value < 0:
        return BAD, 0
    if value >= 100_000_000_000_000:
        value //= 1000
    return (OK if _EARLIEST_MS <= value < _LATEST_MS else BAD), value


@unchecked
def _seconds_ms(buf: NDArray[np.uint8], start: int, cache: NDArray[np.uint64]) -> tuple[int, int]:
    """Read the 19 bytes of a date and a clock; rows of one second follow each other in files.

    Args:
        cache: (7,) uint64: three places of `_day_ms`, then the 19 bytes last read and their time.
    """
    head, middle, tail = load8(buf, start), load8(buf, start + 8), load8(buf, start + 11)
    if head == cache[3] and middle == cache[4] and tail == cache[5]:
        return OK, whole(cache[6])
    day = _day_ms(buf, start, cache)
    clock = _clock_ms(buf, start + 11, start + 19)
    if day < 0 or clock == -1_000_000_000:
        return BAD, 0
    cache[3], cache[4], cache[5], cache[6] = head, middle, tail, U(day + clock)
    return OK, day + clock


@checked
def time_ms(
    buf: NDArray[np.uint8], start: int, stop: int, cache: NDArray[np.uint64]
) -> tuple[int, int]:
    """Read a time as ms UTC: day first with slashes, ISO 8601, or Unix seconds and milliseconds.

    A time without a zone is UTC, as in every archive this reader is made for. A leap second is
    the first second of the next minute; fractions are cut to the millisecond.

    Args:
        buf: with `PADDING` readable bytes behind `stop`.
        start, stop: the field.
        cache: (7,) uint64, kept between calls; zeros at first.

    Returns:
        (status, t_ms): OK, MISSING for an empty field, or BAD.
    """
    n = stop - start
    if n <= 0:
        return MISSING, 0
    if n < 16 or not (buf[start + 10] == 32 or buf[start + 10] == 84):
        return _epoch_ms(buf, start, stop)
    if n == 19:
        return _seconds_ms(buf, start, cache)
    day = _day_ms(buf, start, cache)
    clock = _clock_ms(buf, start + 11, stop)
    if day < 0 or clock == -1_000_000_000:
        return BAD, 0
    return OK, day + clock


@checked
def find_word(
    buf: NDArray[np.uint8],
    start: int,
    stop: int,
    words: NDArray[np.uint64],
) -> int:
    """Look a code word up, letters of both cases equal; -1 if it is not in the table.

    Args:
        buf, start, stop: the field without quotes.
        words: (m, 2) hash and value, m a power of two; a hash of 0 is a free place.
    """
    h = span_hash(buf, start, stop, True)
    top = U(len(words) - 1)
    at = h & top
    while words[at, 0] != U(0):
        if words[at, 0] == h:
            return whole(words[at, 1])
        at = (at + U(1)) & top
    return -1


@checked
def copy_text(
    buf: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.uint8], row: int
) -> int:
    """Copy a text field, its quotes undone, cut at the first `@` and at the width of `out`.

    Trailing blanks are removed, and the rest of the row becomes zero; other bytes stay as they are.

    Args:
        buf: the block. start, stop: the field with its quotes.
        out: (m, width) uint8. row: where to write.

    Returns:
        Length of the text in bytes.
    """
    n, at = 0, start
    quoted = at < stop and buf[at] == 34
    at += quoted
    width = out.shape[1]
    while at < stop and n < width:
        byte = buf[at]
        if quoted and byte == 34:
            if at + 1 < stop and buf[at + 1] == 34:
                at += 1
            else:
                quoted = False
                at += 1
                continue
        if byte == 64:
            break
        out[row, n] = byte
        n += 1
        at += 1
    while n > 0 and out[row, n - 1] == 32:
        n -= 1
    for i in range(n, width):
        out[row, i] = 0
    return n
