"""Under which names vessels can be found: what each file of static reports says, kept in memory.

A search looks for a piece of text in the number, the IMO number, the name and the call sign of
every report there is. Most reports say the same as the one before, so that of a file only what
was said at all is kept, each once and with the last time, as one long text that is searched.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

KEPT_BYTES: Final = 64 << 20
"""What is kept of names by an archive (chosen): some 250 MB of files, or three months of a sea."""

SAID: Final = """
    SELECT filename, domain, subject_id,
        CASE domain WHEN 0 THEN lpad(subject_id::VARCHAR, 9, '0')
                    ELSE printf('%06x', subject_id) END AS number,
        imo::VARCHAR AS imo, lower(name) AS name, lower(callsign) AS callsign, max(t_ms) AS t_ms
    FROM read_parquet($files, hive_partitioning = false, filename = true)
    WHERE t_ms <= $to_ms GROUP BY ALL"""

_MARK: Final = "\u0100"
"""Stands between texts: those of AIS are Latin-1, so that none holds it."""


class Names(NamedTuple):
    """What one file says up to a time.

    Attributes:
        text: number, IMO number, name and call sign of each row, all between marks.
        starts: where in the text each row begins.
        subjects: (domain, id) of each row.
        t_ms: when it was said last.
    """

    text: str
    starts: list[int]
    subjects: list[tuple[int, int]]
    t_ms: list[int]

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return 2 * len(self.text) + 200 * len(self.starts) + 500


def names_of(rows: Iterable[tuple[Any, ...]]) -> Names:
    """Put rows of `SAID` together, without their file.

    Example:
        >>> names = names_of([(0, 7, "000000007", "9329760", "eagle s", "", 1000)])
        >>> found_in([names], "eagle"), found_in([names], "7")
        ([(0, 7)], [(0, 7)])
        >>> found_in([names], "sea eagle")
        []
    """
    pieces, starts, subjects, times, at = [], [], [], [], 0
    for domain, subject_id, number, imo, name, callsign, t_ms in rows:
        piece = _MARK.join(("", number, imo, name, callsign, ""))
        pieces.append(piece)
        starts.append(at)
        subjects.append((domain, subject_id))
        times.append(t_ms)
        at += len(piece)
    return Names("".join(pieces), starts, subjects, times)


def found_in(files: Iterable[Names], needle: str) -> list[tuple[int, int]]:
    """Name the subjects that a text finds: equal ones first, then by the beginning, then latest.

    Args:
        files: what the files say.
        needle: in small letters; empty finds all.
    """
    if any(letter >= _MARK for letter in needle):
        return []
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for names in files:
        at = names.text.find(needle)
        while at >= 0:
            row = bisect_right(names.starts, at) - 1
            end = names.starts[row + 1] if row + 1 < len(names.starts) else len(names.text)
            if row < 0 or at >= end:  # past the last row, where an empty text is found too
                break
            subject = names.subjects[row]
            place, last = best.get(subject, (3, 0))
            rank = _rank(names.text, names.starts[row], end, needle)
            best[subject] = min(place, rank), min(last, -names.t_ms[row])
            at = names.text.find(needle, end)
    return sorted(best, key=lambda subject: (*best[subject], *subject))


def _rank(text: str, start: int, end: int, needle: str) -> int:
    """Tell an equal text (0) from one that begins so (1) and one that holds it (2)."""
    if text.find(f"{_MARK}{needle}{_MARK}", start, end) >= 0:
        return 0
    return 1 if text.find(_MARK + needle, start, end) >= 0 else 2
