"""What codecs of JSON feeds share: reading hostile messages, counting, remembering, saving.

A message is read whole or not at all. It ends as rows (`message`) or in one counter with the
reason; what was odd about a message that gave rows is counted beside it.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from sargas.decode.codes import NO_TIME
from sargas.decode.delimited import harmless
from sargas.errors import StateVersionError
from sargas.feeds.base import Count
from sargas.feeds.live.base import Codec, Piece
from sargas.feeds.live.columns import Built, Row, build
from sargas.model.fixes import Batch

MAX_MESSAGE: Final = 65_536
"""Bytes in one message; the longest of a known feed has about 1,000."""
MAX_COMMAS: Final = 3_000_000
"""Commas in one list: twice those of the largest known. Entries cost memory that bytes do not tell.
"""
REMEMBERED: Final = 1 << 18
"""Rows a codec of polled lists remembers (chosen: twice the positions and statics of the largest
list known, AISHub's world of some 60,000 vessels; 8 bytes each in a dump)."""
VERSION: Final = 1

STALE_MS: Final = 3_600_000
"""Rows of a list that were so old when it was received are left out: a list keeps the last position
of vessels that were heard of long ago (chosen: after a shorter absence nothing is missing)."""

MESSAGE, REPEATED, STALE = "message", "repeated", "stale"
BAD_JSON, TOO_DEEP, TOO_LONG = "bad_json", "too_deep", "message_too_long"
WRONG_TYPE, DUPLICATE_KEY, OTHER = "wrong_type", "duplicate_key", "other_message"

T = TypeVar("T")

LOSES_NOTHING: Final = frozenset({MESSAGE, REPEATED, OTHER})
"""How messages end of which nothing is lost: they gave rows, or gave them before, or hold none."""

_KEY: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:', re.DOTALL)


class Unreadable(Exception):
    """A message that gives no row.

    Args:
        reason: the counter it ends in.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class _End(NamedTuple):
    """What became of a message, or was odd about one that was kept."""

    number: int
    reason: str
    message: bytes | msgspec.Raw
    kept: bool


class _State(msgspec.Struct, array_like=True):
    """What `dump` writes."""

    version: int
    codec: str
    lines: int
    counts: dict[str, tuple[int, int, str, bool]]
    seen: bytes


def read_json(
    data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T], *, is_list: bool = False
) -> T:
    """Decode a message, and refuse it if it is not exactly what it should be.

    Args:
        data: the message.
        decoder: says what it should be.
        is_list: it is a list whose entries are read later, one by one; only then are they
            searched for keys that stand twice.

    Raises:
        Unreadable: with the reason.
    """
    if is_list and bytes(data).count(b",") > MAX_COMMAS:
        raise Unreadable(TOO_LONG)
    try:
        out = decoder.decode(data)
    except msgspec.ValidationError as error:
        raise Unreadable(WRONG_TYPE) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(BAD_JSON) from error
    except RecursionError as error:
        raise Unreadable(TOO_DEEP) from error
    if not is_list and _has_duplicates(bytes(data)):
        raise Unreadable(DUPLICATE_KEY)
    return out


def _has_duplicates(data: bytes) -> bool:
    """Tell whether an object of the message names a key twice, so that readers may differ.

    Most messages have no key twice at all, which is quickly told; where one does, in another
    object or in a text, a slower reader decides.
    """
    keys = _KEY.findall(data)
    if len(set(keys)) == len(keys) and b"\\" not in b"".join(keys):
        return False
    try:
        json.loads(data, object_pairs_hook=_refuse_duplicates, parse_int=float)
    except (ValueError, RecursionError):
        return True
    return False


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError(DUPLICATE_KEY)


class JsonCodec(Codec):
    """A codec whose pieces hold JSON.

    Attributes:
        name: the name by which it is known and saved.
        is_polled: its pieces are lists of what is known last. Rows given before are counted
            (`repeated`) and not given again; those too old are counted once (`stale`).
    """

    name: str
    is_polled: bool = False

    def __init__(self, src_id: int = 0) -> None:
        super().__init__(src_id)
        self._lines = 0
        self._counts: dict[str, Count] = {}
        self._seen: dict[int, None] = {}

    @property
    def lines(self) -> int:
        """Messages read so far: each entry of a list counts as one."""
        return self._lines

    @property
    def counts(self) -> dict[str, Count]:
        """What became of messages, by reason; offsets are numbers of messages, from 1.

        `message` gave rows, `repeated` did before, `other_message` is of a kind that holds none;
        these and the reasons that are not `kept` sum to `lines`.
        """
        return dict(self._counts)

    @abstractmethod
    def _messages(self, data: bytes) -> Iterable[bytes | msgspec.Raw]:
        """Cut a piece into messages.

        Raises:
            Unreadable: the piece as a whole is none; it counts as one message.
        """

    @abstractmethod
    def _read(self, message: bytes | msgspec.Raw, number: int, received_ms: int) -> Row:
        """Read one message.

        Raises:
            Unreadable: it gives no row.
        """

    def feed(self, pieces: Sequence[Piece]) -> Batch:
        """Read pieces in order of arrival; hostile content is counted, never raised."""
        rows: list[Row] = []
        texts: list[bytes | msgspec.Raw] = []
        ends: list[_End] = []
        for piece in pieces:
            for message in self._cut(piece.data, ends):
                self._lines += 1
                try:
                    rows.append(self._read(message, self._lines, piece.t_ms))
                except Unreadable as error:
                    is_kept = error.reason in LOSES_NOTHING
                    ends.append(_End(self._lines, error.reason, message, kept=is_kept))
                else:
                    texts.append(message)
        batch = self._settle(rows, texts, ends) if rows else Batch.empty()
        # In order of arrival: what is counted first must not depend on how the stream was cut.
        for end in sorted(ends, key=lambda end: end.number):
            self._count(end)
        return batch

    def _cut(self, data: bytes, ends: list[_End]) -> Iterator[bytes | msgspec.Raw]:
        """Give the messages of a piece; a piece that is none ends as one."""
        if not data:
            return
        try:
            yield from self._messages(data)
        except Unreadable as error:
            self._lines += 1
            ends.append(_End(self._lines, error.reason, data, kept=False))

    def _settle(self, rows: list[Row], texts: list[bytes | msgspec.Raw], ends: list[_End]) -> Batch:
        """Make columns, leave out what was given before, and say how each message ended."""
        built = build(rows, self.src_id)
        new_fix = np.ones(len(built.fixes), np.bool_)
        new_static = np.ones(len(built.statics), np.bool_)
        if self.is_polled:
            self._recognise(built, new_fix, new_static)
        stale = self._leave_old_out(built, rows, new_fix, new_static) if self.is_polled else set()
        gave = np.zeros(len(rows), np.bool_)
        gave[built.fix_of[new_fix]] = True
        gave[built.static_of[new_static]] = True
        for index, row in enumerate(rows):
            reason = built.dropped.get(index, MESSAGE if gave[index] else REPEATED)
            if index in stale and not gave[index]:
                reason = STALE
            is_kept = reason in LOSES_NOTHING
            ends.append(_End(row.number, reason, texts[index], kept=is_kept))
        for reason, indices in built.noted.items():
            ends += [_End(rows[i].number, reason, texts[i], kept=True) for i in indices if gave[i]]
        if new_fix.all() and new_static.all():
            return Batch(built.fixes, built.statics)
        return Batch(built.fixes.take(new_fix), built.statics.take(new_static))

    def _recognise(
        self, built: Built, new_fix: NDArray[np.bool_], new_static: NDArray[np.bool_]
    ) -> None:
        """Mark the rows not given before, and remember them."""
        # What a vessel says of itself carries the time of the list: only its change is news.
        fix_keys = dict(zip(built.fix_of.tolist(), _fix_keys(built), strict=True))
        static_keys = dict(zip(built.static_of.tolist(), _static_keys(built), strict=True))
        fix_at = {index: row for row, index in enumerate(built.fix_of.tolist())}
        static_at = {index: row for row, index in enumerate(built.static_of.tolist())}
        for index in sorted(fix_keys.keys() | static_keys.keys()):
            if index in fix_keys:
                new_fix[fix_at[index]] = self._is_new(fix_keys[index])
            if index in static_keys:
                new_static[static_at[index]] = self._is_new(static_keys[index])

    def _leave_old_out(
        self,
        built: Built,
        rows: list[Row],
        new_fix: NDArray[np.bool_],
        new_static: NDArray[np.bool_],
    ) -> set[int]:
        """Unmark new rows that were old when they were received; gives their messages."""
        received = np.array([row.received_ms for row in rows], np.int64)
        out: set[int] = set()
        for table, of, new in (
            (built.fixes, built.fix_of, new_fix),
            (built.statics, built.static_of, new_static),
        ):
            old = new & (table.t_ms != NO_TIME) & (received[of] - table.t_ms > STALE_MS)
            new[old] = False
            out.update(of[old].tolist())
        return out

    def _is_new(self, key: int) -> bool:
        """Tell whether a row is seen for the first time; the one seen longest ago is forgotten."""
        is_new = key not in self._seen
        if not is_new:
            del self._seen[key]
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return is_new

    def _count(self, end: _End) -> None:
        old = self._counts.get(end.reason)
        if old:
            self._counts[end.reason] = old._replace(count=old.count + 1)
            return
        sample = f"message {end.number}: {harmless(bytes(end.message)[:200])}"
        self._counts[end.reason] = Count(1, end.number, sample, end.kept)

    def dump(self) -> bytes:
        """Give all that the next rows depend on, and the counts, with a version."""
        counts = {reason: tuple(count) for reason, count in self._counts.items()}
        seen = np.array(list(self._seen), np.uint64).tobytes()
        state = _State(VERSION, self.name, self._lines, counts, seen)  # type: ignore[arg-type]
        return msgspec.msgpack.encode(state)

    def load(self, state: bytes) -> None:
        """Take up what `dump` gave.

        Raises:
            StateVersionError: it is of another version or codec.
        """
        try:
            read = msgspec.msgpack.decode(state, type=_State)
            seen = np.frombuffer(read.seen, np.uint64)
        except (msgspec.DecodeError, ValueError) as error:
            raise StateVersionError(f"The saved state of codec {self.name} is none.") from error
        if (read.version, read.codec) != (VERSION, self.name):
            raise StateVersionError(
                f"The saved state is of codec {read.codec}, version {read.version}; this is"
                f" {self.name}, version {VERSION}."
            )
        self._lines = read.lines
        self._counts = {reason: Count(*count) for reason, count in read.counts.items()}
        self._seen = dict.fromkeys(seen.tolist())


def _fix_keys(built: Built) -> list[int]:
    """Give a key for each fix: the report, when it was made, and its kind."""
    fixes = built.fixes
    return _mixed(fixes.payload_hash, fixes.t_ms, fixes.second_s, fixes.rot_raw, fixes.msg_type)


def _static_keys(built: Built) -> list[int]:
    """Give a key for each static row: who and what, not when."""
    return _mixed(built.statics.payload_hash, built.statics.subject_id)


def _mixed(hashes: NDArray[np.uint64], *columns: NDArray[Any]) -> list[int]:
    """Mix columns into hashes.

    Source: multiply-xorshift steps with the constants of SplitMix64 (Steele, Lea, Flood 2014).
    """
    out = hashes.copy()
    for column in columns:
        out ^= column.astype(np.int64).view(np.uint64)
        out *= np.uint64(0xBF58476D1CE4E5B9)
        out ^= out >> np.uint64(29)
    return out.tolist()  # type: ignore[no-any-return]
