"""The line layer: from bytes to complete payloads.

`scan` walks over whole lines once. For a sentence it reads the header, unpacks the payload while
it builds the checksum, reads what follows, and writes a row when a payload is complete. Every
line is counted under exactly one outcome.

Source: IEC 61162-1 (NMEA 0183); the forms that occur are listed at the tests of this room.
"""

from __future__ import annotations

from typing import Final

from sargas.decode._jit import helper, i64, kernel
from sargas.decode.bits import CHARS_PER_WORD, MAX_CHARS, clear_tail, unpack
from sargas.decode.codes import NO_TIME, UNKNOWN_STATION, Quality, Reason, TSource
from sargas.decode.lines import BANG, BROKEN_TAG, HAD_TAG, NO_TAG, TAG_ALONE, line_end, read_other
from sargas.decode.meta import (
    BACKSLASH,
    BLANK,
    COMMA,
    IMPLAUSIBLE,
    NEWLINE,
    RETURN,
    STAR,
    TAB,
    hex_pair,
    plausible_ms,
    read_suffix,
    read_tag,
    reset_tag,
)
from sargas.decode.multipart import expire_groups, join_part, station_key
from sargas.decode.state import (
    CUR_BASE,
    CUR_FINAL,
    CUR_LINE,
    CUR_READER_T,
    CUR_ROWS,
    CUR_WORDS,
    I64,
    MAX_LINE,
    OWNER_NEAR,
    OWNER_NEXT,
    PG_STATION,
    PG_T,
    PG_TOP,
    REC_ACTIVE,
    REC_AT,
    REC_CHANNEL,
    REC_CHARS,
    REC_END,
    REC_FILL,
    REC_GROUP,
    REC_JOINED,
    REC_NUMBER,
    REC_OFFSET,
    REC_OWN,
    REC_PART,
    REC_PARTS,
    REC_QUALITY,
    REC_SEQ,
    REC_SFX_FROM,
    REC_SFX_TO,
    REC_ST_SUFFIX,
    REC_ST_TAG,
    REC_T_SUFFIX,
    REC_T_TAG,
    REC_XOR,
    ROW_BITS,
    ROW_CHANNEL,
    ROW_OFFSET,
    ROW_OWN,
    ROW_QUALITY,
    ROW_STATION,
    ROW_T,
    ROW_T_SOURCE,
    ROW_WORD,
    TAG_GROUP,
    TAG_QUALITY,
    TAG_SET,
    TAG_ST_FROM,
    TAG_ST_TO,
    TAG_STATION,
    TAG_T,
    U8,
    Line,
)
from sargas.decode.tally import count, event, station_of
from sargas.decode.timelines import drop_pghp, match_pghp, release

DISAGREE_MS: Final = 5_000
"""Tag block and time line further apart than this are flagged (chosen: receive times of one
sentence at two stations of the Danish feed lie within 2.9 s)."""

FIXED_XOR: Final = 86 ^ 68 ^ COMMA
R_SENTENCE: Final = int(Reason.SENTENCE)
R_NO_CHECKSUM: Final = int(Reason.NO_CHECKSUM)
R_BAD_CHECKSUM: Final = int(Reason.BAD_CHECKSUM)
R_BAD_HEADER: Final = int(Reason.BAD_HEADER)
R_BAD_CHAR: Final = int(Reason.BAD_CHAR)
R_BAD_FILL: Final = int(Reason.BAD_FILL)
R_EMPTY: Final = int(Reason.EMPTY_PAYLOAD)
R_LONG: Final = int(Reason.LINE_TOO_LONG)
R_TRUNCATED: Final = int(Reason.TRUNCATED_LINE)
R_SINGLE: Final = int(Reason.SINGLE)
R_DROPPED: Final = int(Reason.PART_DROPPED)
R_TOO_LONG: Final = int(Reason.TOO_LONG)
R_JOINED: Final = int(Reason.JOINED_LINE)
R_FILL_SIX: Final = int(Reason.FILL_SIX)
R_IMPLAUSIBLE: Final = int(Reason.TIME_IMPLAUSIBLE)
Q_FILL_SIX: Final = int(Quality.FILL_SIX)
Q_DISAGREES: Final = int(Quality.TIME_DISAGREES)
T_NONE: Final = int(TSource.NONE)
T_TAG: Final = int(TSource.TAG)
T_SUFFIX: Final = int(TSource.SUFFIX)
T_PGHP: Final = int(TSource.PGHP)
T_READER: Final = int(TSource.READER)


@kernel
def scan(buf: U8, line: Line, rows: I64, words: I64, events: I64) -> None:
    """Read whole lines and append the payloads they complete.

    Args:
        buf: (n,) uint8, ends with a newline.
        line: state between lines; `cur` holds the source offset of `buf[0]`, and afterwards how
            many rows, words and events are filled.
        rows: (m, ROW_SIZE) int64 complete payloads (`new_rows`: sized for the worst case).
        words: (k,) int64 payload words.
        events: (j, EV_SIZE) int64 what is to be counted by station.
    """
    cur, tag, rec, pghp, total = line.cur, line.tag, line.rec, line.pghp, line.total
    names, name_meta, groups = line.names, line.name_meta, line.groups
    p, n = 0, buf.size
    while p < n:
        start = p
        cur[CUR_LINE] += 1
        p, front = read_front(buf, p, tag)
        if buf[p] != BANG or not is_vdm(buf, p):
            p, outcome = read_other(buf, start, p, front, cur, tag, pghp, total)
            if front != NO_TAG or outcome == R_LONG:
                if front == HAD_TAG and outcome != R_LONG:
                    settle_tag(buf, start, tag, cur, names, name_meta, total, events)
                if outcome != TAG_ALONE:
                    reset_tag(tag)
            p += 1
            continue
        rec[REC_OFFSET] = cur[CUR_BASE] + start
        outcome = read_sentence(buf, start, p, rec, words, cur)
        p = rec[REC_END]
        if outcome != R_SENTENCE:
            if outcome != R_LONG and tag[TAG_SET] == 1:
                settle_tag(buf, start, tag, cur, names, name_meta, total, events)
            refuse(cur, tag, pghp, total, events, outcome, rec[REC_OFFSET])
            continue
        count(total, R_SENTENCE, rec[REC_OFFSET])
        if rec[REC_JOINED] == 1:
            count(total, R_JOINED, rec[REC_OFFSET])
        if tag[TAG_SET] == 1:
            settle_tag(buf, start, tag, cur, names, name_meta, total, events)
        take_meta(rec, tag)
        if rec[REC_NUMBER] >= 0 or rec[REC_SFX_TO] > 0 or rec[REC_FILL] == 6:
            take_suffix(buf, rec, cur, names, name_meta, total, events)
        if rec[REC_CHARS] > MAX_CHARS:
            refuse_payload(rec, cur, pghp, total, events)
        elif rec[REC_PARTS] == 1:
            count(total, R_SINGLE, rec[REC_OFFSET])
            write_row(rec, OWNER_NEXT, cur, pghp, total, rows, words)
        else:
            slot = join_part(line, events, buf)
            if slot >= 0:
                unpack(line.chars[slot], 0, words, cur[CUR_WORDS])
                groups[slot, REC_ACTIVE] = 0
                write_row(groups[slot], slot, cur, pghp, total, rows, words)


@kernel
def close(line: Line, events: I64) -> None:
    """Count what still waits when the stream has ended."""
    cur = line.cur
    expire_groups(line, events, cur[CUR_LINE] + 1)
    drop_pghp(line.pghp, OWNER_NEXT, line.total, cur[CUR_BASE])
    drop_pghp(line.pghp, OWNER_NEAR, line.total, cur[CUR_BASE])


@helper
def read_front(buf: U8, p: int, tag: I64) -> tuple[int, int]:
    """Read blanks and tag blocks at the start of a line; return where the text begins."""
    front = NO_TAG
    while True:
        if buf[p] == BACKSLASH:
            after = read_tag(buf, p, tag)
            if after < 0:
                return p, BROKEN_TAG
            front = HAD_TAG
            p = after
        elif buf[p] == BLANK or buf[p] == TAB:
            p += 1
        else:
            return p, front


@helper
def is_vdm(buf: U8, p: int) -> bool:
    """Say whether `!..VDM,` or `!..VDO,` stands at `p`, whatever the talker."""
    if p + 7 >= buf.size or buf[p + 1] <= BLANK or buf[p + 2] <= BLANK:
        return False
    if buf[p + 3] != 86 or buf[p + 4] != 68:
        return False
    return bool((buf[p + 5] == 77 or buf[p + 5] == 79) and buf[p + 6] == COMMA)


@helper
def read_header(buf: U8, p: int, rec: I64) -> int:
    """Read `!ttVDM,parts,part,seq,channel,` at `p` into the record.

    Returns:
        Index of the payload, -1 if the header is not of this shape.
    """
    parts = i64(buf[p + 7]) - 48
    if parts < 1 or parts > 9 or buf[p + 8] != COMMA:
        return -1
    part = i64(buf[p + 9]) - 48
    if part < 1 or part > parts or buf[p + 10] != COMMA:
        return -1
    # V, D and the three commas so far are known to be there.
    xor = FIXED_XOR ^ i64(buf[p + 1]) ^ i64(buf[p + 2]) ^ i64(buf[p + 5])
    xor ^= i64(buf[p + 7]) ^ i64(buf[p + 9])
    q = p + 11
    seq = i64(-1)
    if buf[q] != COMMA:
        seq = i64(buf[q]) - 48
        if seq < 0 or seq > 9 or buf[q + 1] != COMMA:
            return -1
        xor ^= i64(buf[q])
        q += 1
    channel = i64(0)
    q += 1
    if buf[q] != COMMA:
        channel = i64(buf[q])
        if channel == NEWLINE or buf[q + 1] != COMMA:
            return -1
        xor ^= channel
        q += 1
    # The commas after the sequence number and the channel cancel in the XOR.
    rec[REC_PARTS], rec[REC_PART], rec[REC_SEQ], rec[REC_CHANNEL] = parts, part, seq, channel
    rec[REC_OWN] = 1 if buf[p + 5] == 79 else 0
    rec[REC_XOR] = xor
    return q + 1


@helper
def read_body(buf: U8, q: int, rec: I64, words: I64, w: int) -> tuple[int, int]:
    """Read payload, fill bits and checksum from `q`; the payload goes into words from `w`.

    Returns:
        Index after the checksum and R_SENTENCE, or the index reached and what is wrong. (Whether
        the checksum itself is wrong or missing is decided by `fault`.)
    """
    rec[REC_AT] = q
    end, n_chars, xor = unpack(buf, q, words, w)
    while n_chars > MAX_CHARS and 48 <= buf[end] < 120:
        xor ^= i64(buf[end])
        end += 1
    if buf[end] != COMMA:
        return end, R_BAD_CHAR
    fill = i64(buf[end + 1]) - 48
    rec[REC_CHARS], rec[REC_FILL] = n_chars, fill
    if buf[end + 1] == NEWLINE or buf[end + 2] != STAR:
        return end, R_BAD_FILL
    want = rec[REC_XOR] ^ xor ^ COMMA ^ i64(buf[end + 1])
    if hex_pair(buf, end + 3) != want:
        return end, R_BAD_CHECKSUM
    rec[REC_XOR] = want
    if fill < 0 or fill > 6:
        return end, R_BAD_FILL
    return end + 5, R_EMPTY if n_chars == 0 else R_SENTENCE


@helper
def fault(buf: U8, p: int, eol: int, found: int, final: bool) -> int:
    """Return why a sentence at `p` is refused: a wrong checksum goes before what it explains.

    The last line of a stream without a newline is truncated if its checksum is not all there.
    """
    xor = i64(0)
    for k in range(p + 1, eol):
        if buf[k] == STAR:
            if final and eol - k < 3:
                return R_TRUNCATED
            if hex_pair(buf, k + 1) != xor:
                return R_BAD_CHECKSUM
            return found
        xor ^= i64(buf[k])
    return R_TRUNCATED if final else R_NO_CHECKSUM


@helper
def read_sentence(buf: U8, start: int, p: int, rec: I64, words: I64, cur: I64) -> int:
    """Read the VDM or VDO sentence at `p` of the line that begins at `start`.

    Returns:
        R_SENTENCE, or why it is refused. `REC_END` is where the next line begins.
    """
    q = read_header(buf, p, rec)
    outcome = R_BAD_HEADER
    if q > 0:
        q, outcome = read_body(buf, q, rec, words, cur[CUR_WORDS])
    if outcome != R_SENTENCE:
        eol = line_end(buf, p)
        rec[REC_END] = eol + 1
        if eol - start > MAX_LINE:
            return R_LONG
        return fault(buf, p, eol, outcome, cur[CUR_FINAL] == 1)
    rec[REC_NUMBER], rec[REC_SFX_TO], rec[REC_JOINED] = -1, 0, 0
    if buf[q] == RETURN and buf[q + 1] == NEWLINE:
        q += 1
    elif buf[q] != NEWLINE:
        q = read_suffix(buf, q, rec)
    rec[REC_END] = q + 1
    if rec[REC_JOINED] == 1:
        # The length that counts is that of the whole line, or a cut would change what is read.
        rec[REC_END] = q + 4
        q = line_end(buf, q)
    if q - start > MAX_LINE:
        rec[REC_END] = q + 1
        return R_LONG
    return R_SENTENCE


@helper
def settle_tag(
    buf: U8, start: int, tag: I64, cur: I64, names: U8, name_meta: I64, total: I64, events: I64
) -> None:
    """Resolve the station and count the faults of the tag blocks read on this line."""
    if tag[TAG_ST_TO] > tag[TAG_ST_FROM]:
        tag[TAG_STATION] = station_of(
            buf, tag[TAG_ST_FROM], tag[TAG_ST_TO], names, name_meta, total
        )
        tag[TAG_ST_TO] = tag[TAG_ST_FROM]
    if tag[TAG_QUALITY] != 0:
        for bit in range(1, 4):
            # Bits already counted on an earlier line of their own are kept 8 places higher.
            if (tag[TAG_QUALITY] >> bit) & 1 == 1 and (tag[TAG_QUALITY] >> (bit + 8)) & 1 == 0:
                event(cur, events, R_FILL_SIX + bit, cur[CUR_BASE] + start, tag[TAG_STATION])
                tag[TAG_QUALITY] |= 1 << (bit + 8)


@helper
def refuse(
    cur: I64, tag: I64, pghp: I64, total: I64, events: I64, outcome: int, offset: int
) -> None:
    """Count a sentence that is not read; what waited for it waits no more."""
    if outcome == R_LONG:
        count(total, outcome, offset)
    else:
        event(cur, events, outcome, offset, tag[TAG_STATION])
    reset_tag(tag)
    drop_pghp(pghp, OWNER_NEXT, total, offset)


@helper
def refuse_payload(rec: I64, cur: I64, pghp: I64, total: I64, events: I64) -> None:
    """Count a single sentence whose payload is longer than any message can be."""
    event(cur, events, R_TOO_LONG, rec[REC_OFFSET], station_key(rec))
    count(total, R_DROPPED, rec[REC_OFFSET])
    drop_pghp(pghp, OWNER_NEXT, total, rec[REC_OFFSET])


@helper
def take_meta(rec: I64, tag: I64) -> None:
    """Move the values of the tag blocks into the record."""
    rec[REC_T_TAG], rec[REC_ST_TAG] = tag[TAG_T], tag[TAG_STATION]
    rec[REC_GROUP], rec[REC_QUALITY] = tag[TAG_GROUP], tag[TAG_QUALITY] & 0xFF
    rec[REC_T_SUFFIX], rec[REC_ST_SUFFIX] = NO_TIME, UNKNOWN_STATION
    if tag[TAG_SET] == 1:
        reset_tag(tag)


@helper
def take_suffix(
    buf: U8, rec: I64, cur: I64, names: U8, name_meta: I64, total: I64, events: I64
) -> None:
    """Move the values of the suffix into the record, and flag an odd number of fill bits."""
    if rec[REC_SFX_TO] > 0:
        rec[REC_ST_SUFFIX] = station_of(
            buf, rec[REC_SFX_FROM], rec[REC_SFX_TO], names, name_meta, total
        )
    if rec[REC_NUMBER] >= 0:
        rec[REC_T_SUFFIX] = plausible_ms(rec[REC_NUMBER])
        if rec[REC_T_SUFFIX] == NO_TIME:
            rec[REC_QUALITY] |= IMPLAUSIBLE
            event(cur, events, R_IMPLAUSIBLE, rec[REC_OFFSET], station_key(rec))
    if rec[REC_FILL] == 6:
        rec[REC_QUALITY] |= Q_FILL_SIX
        event(cur, events, R_FILL_SIX, rec[REC_OFFSET], station_key(rec))


@helper
def write_row(rec: I64, owner: int, cur: I64, pghp: I64, total: I64, rows: I64, words: I64) -> None:
    """Append a complete payload, whose words stand behind the last row's, with time and station.

    Time: the `$PGHP` line that fits, else tag block `c`, else suffix, else the reader's clock.
    Station: that of the same `$PGHP` line, else tag block `s`, else suffix.
    """
    i, w = cur[CUR_ROWS], cur[CUR_WORDS]
    n_bits = 6 * rec[REC_CHARS] - rec[REC_FILL]
    clear_tail(words, w, n_bits)
    quality = rec[REC_QUALITY]
    t_ms, t_source, station = i64(NO_TIME), T_NONE, rec[REC_ST_TAG]
    if rec[REC_T_TAG] != NO_TIME:
        t_ms, t_source = rec[REC_T_TAG], T_TAG
    elif rec[REC_T_SUFFIX] != NO_TIME:
        t_ms, t_source = rec[REC_T_SUFFIX], T_SUFFIX
    elif cur[CUR_READER_T] != NO_TIME:
        t_ms, t_source = cur[CUR_READER_T], T_READER
    if pghp[PG_TOP, 0] > 0:
        check = i64(0) if rec[REC_OWN] == 1 else rec[REC_XOR]
        k = match_pghp(pghp, owner, check, cur[CUR_LINE])
        if k >= 0:
            t_ms, t_source = pghp[k, PG_T], T_PGHP
            if rec[REC_T_TAG] != NO_TIME and abs(t_ms - rec[REC_T_TAG]) > DISAGREE_MS:
                quality |= Q_DISAGREES
            if pghp[k, PG_STATION] != UNKNOWN_STATION:
                station = pghp[k, PG_STATION]
            release(pghp, k)
        drop_pghp(pghp, owner, total, rec[REC_OFFSET])
    if station == UNKNOWN_STATION:
        station = rec[REC_ST_SUFFIX]
    rows[i, ROW_T], rows[i, ROW_T_SOURCE], rows[i, ROW_STATION] = t_ms, t_source, station
    rows[i, ROW_OFFSET], rows[i, ROW_BITS] = rec[REC_OFFSET], n_bits
    rows[i, ROW_CHANNEL], rows[i, ROW_OWN] = rec[REC_CHANNEL], rec[REC_OWN]
    rows[i, ROW_QUALITY], rows[i, ROW_WORD] = quality, w
    cur[CUR_ROWS] = i + 1
    cur[CUR_WORDS] = w + (rec[REC_CHARS] + CHARS_PER_WORD - 1) // CHARS_PER_WORD
