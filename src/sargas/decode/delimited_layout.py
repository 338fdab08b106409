"""What the columns of a delimited table mean: roles, code words, and the header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sargas.decode.delimited_split import PADDING, span_hash
from sargas.errors import FormatError
from sargas.model.fixes import ROT_NONE


class Role(IntEnum):
    """What a column can mean; from `IMO` on it says what the vessel is."""

    T = 0
    MMSI = 1
    LON = 2
    LAT = 3
    SOG = 4
    COG = 5
    HEADING = 6
    ROT = 7
    STATUS = 8
    KIND = 9
    """Message type, or a word for the kind of station (Class A, Base Station)."""
    IMO = 10
    SHIP_TYPE = 11
    CARGO = 12
    """Hazard category: a second word that some archives split off the ship type."""
    LENGTH = 13
    BEAM = 14
    DRAUGHT = 15
    DRAUGHT_DM = 16
    BOW = 17
    STERN = 18
    ETA = 19
    NAME = 20
    CALLSIGN = 21
    DESTINATION = 22


class Row(IntEnum):
    """What became of a line; from `FIELD_UNREADABLE` on, what was odd about one that was kept."""

    HEADER = 0
    BLANK = 1
    WRONG_FIELD_COUNT = 2
    NUL_BYTES = 3
    LINE_TOO_LONG = 4
    TRUNCATED_LINE = 5
    BAD_TIME = 6
    BAD_MMSI = 7
    BAD_POSITION = 8
    FIELD_UNREADABLE = 9
    WORD_UNKNOWN = 10
    LENGTH_DISAGREES = 11

    @property
    def word(self) -> str:
        """The name used in summaries: lower case."""
        return self.name.lower()


DROPPED: Final = tuple(row for row in Row if row < Row.FIELD_UNREADABLE)
"""The outcomes of lines that give no fix: with the fixes they sum to the lines."""

WORD_KINDS: Final = ("status", "kind", "ship_type", "cargo", "missing")
_PLACES: Final = 128


@dataclass(frozen=True)
class Layout:
    """Which column plays which role, and the words that stand for numbers.

    Attributes:
        roles: column index by role.
        names: column names as the file writes them.
        delimiter: byte between fields.
        runs: (m, 2) int32, first and last column of the spans that hold all static fields.
        words: hash tables (128, 2) uint64 of code words by kind: `status kind ship_type cargo
            missing`, and `none`, which is empty.
        words_missing_in_texts: a word for nothing means nothing in names and destinations too.
        header: hash of the header line, which joined files repeat.
        header_byte: first byte of the header line, lower case.
    """

    roles: Mapping[Role, int]
    names: tuple[str, ...]
    delimiter: int
    runs: NDArray[np.int32]
    words: Mapping[str, NDArray[np.uint64]]
    words_missing_in_texts: bool
    header: np.uint64
    header_byte: int

    @property
    def n_columns(self) -> int:
        """Fields that every row should have."""
        return len(self.names)


def hash_text(text: bytes) -> int:
    """Hash a text as the kernels hash a field, both cases equal."""
    buf = np.zeros(len(text) + PADDING, np.uint8)
    buf[: len(text)] = np.frombuffer(text, np.uint8)
    with np.errstate(over="ignore"):  # hashes wrap around
        return int(span_hash(buf, 0, len(text), True))


def word_table(words: Mapping[str, int]) -> NDArray[np.uint64]:
    """Make the table that `find_word` reads; at most half of its places may be taken."""
    table = np.zeros((_PLACES, 2), np.uint64)
    if 2 * len(words) > _PLACES:
        raise FormatError(f"{len(words)} code words do not fit; {_PLACES // 2} do.")
    for word, value in words.items():
        h = hash_text(word.encode())
        at = h & (_PLACES - 1)
        while table[at, 0] and table[at, 0] != h:
            at = (at + 1) & (_PLACES - 1)
        table[at] = h, value
    return table


def rot_table() -> NDArray[np.int64]:
    """Give the wire rate of turn for 0.0, 0.1, 0.2 ... degrees a minute; the last is "none".

    Source: ITU-R M.1371-5, table 48: 4.733 times the root of the rate, rounded.
    """
    wire = np.rint(4.733 * np.sqrt(np.arange(7320) / 10.0))
    return np.where(wire > 127, -ROT_NONE, wire).astype(np.int64)


def _runs(columns: list[int]) -> NDArray[np.int32]:
    """Join columns to spans; one or two columns between may come along, they only cost time."""
    spans: list[list[int]] = []
    for column in sorted(columns):
        if spans and column - spans[-1][1] <= 3:
            spans[-1][1] = column
        else:
            spans.append([column, column])
    return np.array(spans, np.int32).reshape(-1, 2)


def make_layout(
    header: bytes,
    names: tuple[str, ...],
    roles: Mapping[Role, int],
    *,
    delimiter: str = ",",
    words: Mapping[str, Mapping[str, int]] | None = None,
    words_missing_in_texts: bool = False,
) -> Layout:
    """Describe a table to the decoder.

    Args:
        header: the header line without its end.
        names: the columns of every row.
        roles: column index by role; T, MMSI, LON and LAT are needed.
        delimiter: one ASCII character.
        words: tables `status kind ship_type cargo missing` of code words.
        words_missing_in_texts: the words for nothing count in names and destinations too.

    Raises:
        FormatError: a needed role has no column, or two roles have the same.
    """
    needed = [r.name.lower() for r in (Role.T, Role.MMSI, Role.LON, Role.LAT) if r not in roles]
    if needed:
        raise FormatError(f"No column is given for {', '.join(needed)}.")
    given: dict[str, Any] = {kind: {} for kind in (*WORD_KINDS, "none")}
    given |= dict(words or {})
    spans = [index for role, index in roles.items() if role >= Role.IMO]
    return Layout(
        roles=dict(roles),
        names=names,
        delimiter=ord(delimiter),
        runs=_runs(spans),
        words={kind: word_table(table) for kind, table in given.items()},
        words_missing_in_texts=words_missing_in_texts,
        header=np.uint64(hash_text(header)),
        header_byte=header[0] | 32 if header else 32,
    )
