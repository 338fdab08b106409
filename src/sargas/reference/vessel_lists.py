"""Vessel lists: what the user's own lists say of a vessel (D16), shown in its alerts.

None ship: a list grows old in days, and whether it may be used is for its user to know. A list
comes as CSV, an entry a row. An entry has a time from which it counts, so that a replay sees what
the watch saw. It is matched by IMO number; by MMSI only where it has no IMO number, for an MMSI is
given to another ship after a time. Both are what the vessel itself reports. A name matches
nothing: many ships share one.

An entry is information about a vessel, never proof, and says nothing of what it does now.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from sargas.errors import FormatError, InputError, UsageError
from sargas.model.time import DAY_MS, parse_iso
from sargas.reference.registers import imo_is_valid

LIST_KINDS = (
    "sanctions", "detention", "flag_list", "insurance_unknown", "age", "watch", "other",
)  # fmt: skip
"""Named on a sanctions list; detained by port state control; under a flag on the grey or black
list of the Paris MoU; insurance not known; old; on somebody's own watch list; anything else."""
SHOW, RAISE = "show", "raise"
EFFECTS = (SHOW, RAISE)
NEEDED = ("list", "entry", "date", "kind")
COLUMNS = (
    "imo", "mmsi", "name", "list", "entry", "date", "kind", "effect", "valid_from", "valid_until",
)  # fmt: skip
LONGEST = {"name": 120, "list": 80, "entry": 160}
"""Characters of a cell at most (chosen: what fits a line of a dossier); 40 of any other."""
MAX_BYTES = 50_000_000
"""Bytes of a file at most (chosen: some 500,000 entries, five for each ship of the world)."""
FAULTS_TOLD = 5
NO_END_MS = 2**63 - 1

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class ListEntry:
    """One entry of one list.

    Attributes:
        list: the list's name.
        entry: what the list calls the entry: its number, or a few words.
        date: when the list took it in, ISO 8601.
        kind: one of `LIST_KINDS`.
        imo, mmsi: whom it is about; the MMSI counts only where there is no IMO number.
        name: the vessel's name in the list; matches nothing.
        effect: `show`, or `raise`: an alert is one priority higher.
        valid_from_ms, valid_until_ms: event time, ms UTC; the end is not part of it.
    """

    list: str
    entry: str
    date: str
    kind: str
    imo: int | None
    mmsi: int | None
    name: str
    effect: str
    valid_from_ms: int
    valid_until_ms: int

    @property
    def matched_by(self) -> str:
        """By which number it is matched: `imo` or `mmsi`."""
        return "mmsi" if self.imo is None else "imo"

    def holds(self, t_ms: int) -> bool:
        """Tell whether it counts at an event time."""
        return self.valid_from_ms <= t_ms < self.valid_until_ms

    def to_dict(self) -> dict[str, str]:
        """Write it as alerts carry it."""
        return {
            "list": self.list, "entry": self.entry, "date": self.date, "kind": self.kind,
            "matched_by": self.matched_by,
        }  # fmt: skip


class VesselLists:
    """The entries of some lists, in an order that does not depend on that of rows and files.

    Args:
        entries: the same again counts once.
    """

    def __init__(self, entries: Iterable[ListEntry]) -> None:
        self.entries = tuple(sorted(set(entries), key=_line))
        self._by_imo: dict[int, list[ListEntry]] = defaultdict(list)
        self._by_mmsi: dict[int, list[ListEntry]] = defaultdict(list)
        for entry in self.entries:
            if entry.imo is not None:
                self._by_imo[entry.imo].append(entry)
            elif entry.mmsi is not None:
                self._by_mmsi[entry.mmsi].append(entry)

    @cached_property
    def version(self) -> str:
        """The entries named by their content: 12 hexadecimal digits."""
        return hashlib.sha256("\n".join(map(_line, self.entries)).encode()).hexdigest()[:12]

    @property
    def names(self) -> tuple[str, ...]:
        """The lists' names."""
        return tuple(sorted({entry.list for entry in self.entries}))

    def about(self, imo: int | None, mmsi: int, t_ms: int) -> tuple[ListEntry, ...]:
        """Give the entries about a vessel that count at an event time, those by IMO first.

        Args:
            imo: as the vessel reported it by then, None where it was not received.
            mmsi: as it reports it.
            t_ms: event time, ms UTC.
        """
        found = (*self._by_imo.get(imo or 0, ()), *self._by_mmsi.get(mmsi, ()))
        return tuple(entry for entry in found if entry.holds(t_ms))


def _line(entry: ListEntry) -> str:
    """Write an entry so that equal ones are equal and all have an order: list, entry, date."""
    return json.dumps(list(vars(entry).values()))


def load_vessel_lists(paths: Sequence[Path]) -> VesselLists:
    """Read lists from CSV files, UTF-8, separated by comma, semicolon or tab; all or nothing.

    Columns in any order: `list`, `entry`, `date` (YYYY-MM-DD), `kind`, and `imo` or `mmsi` are
    needed; `name`, `effect` (`show` if empty), `valid_from` and `valid_until` are not. These two
    are days, or ISO 8601 times with zone. From: the entry's date if empty. Until: without end if
    empty; a day still counts, a time is not part of it.

    Args:
        paths: the files.

    Raises:
        InputError: a file cannot be read, or a cell in it is wrong; the first faults are named
            with line and column.
    """
    return VesselLists(entry for path in paths for entry in _read(path))


def _read(path: Path) -> list[ListEntry]:
    """Read one file."""
    entries: list[ListEntry] = []
    faults: list[str] = []
    for line, cells in _rows(path, _text(path)):
        try:
            entries.append(_entry(cells))
        except UsageError as error:
            faults.append(f"line {line}{error}")
    if faults:
        more = len(faults) - FAULTS_TOLD
        rest = f"; and {more} more" if more > 0 else ""
        raise InputError(
            f"{len(faults)} of {len(faults) + len(entries)} entries are wrong: "
            f"{'; '.join(faults[:FAULTS_TOLD])}{rest}.",
            where=str(path),
            hint="Nothing was taken from the file; mend these and try again.",
        )
    return entries


def _text(path: Path) -> str:
    """Read the file's text."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"The list is larger than {MAX_BYTES // 1_000_000} MB.", where=str(path),
                hint="Give the rows of ships alone, or several files.",
            )  # fmt: skip
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"The list cannot be read ({error.strerror}).", where=str(path)) from error
    except UnicodeDecodeError as error:
        before = error.object[: error.start].count(b"\n")
        raise FormatError(
            "This is not UTF-8 text.", where=f"{path}, line {before + 1}",
            hint="Save it as CSV UTF-8.",
        ) from error  # fmt: skip


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Split into rows: (line, {column: cell})."""
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _header(path, next(reader, []))
        empty = True
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            empty = False
            if len(row) != len(header):
                raise FormatError(
                    f"The row has {len(row)} cells, the header {len(header)} columns.",
                    where=f"{path}, line {reader.line_num}",
                    hint="Put a text that holds the separator into double quotes.",
                )
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in row), strict=True))
    except csv.Error as error:
        raise FormatError(
            f"The CSV is broken: {error}.", where=f"{path}, line {reader.line_num}",
            hint="Look for a double quote that is not closed.",
        ) from error  # fmt: skip
    if empty:
        raise FormatError(
            "There is no entry below the header.", where=str(path),
            hint="Leave the file out if the list is empty.",
        )  # fmt: skip


def _header(path: Path, row: list[str]) -> list[str]:
    """Read the header; a column that is not known may be a known one misspelt."""
    header = [cell.strip().lower() for cell in row]
    known = ", ".join(COLUMNS)
    wrong = [repr(name[:40]) for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    absent = [name for name in NEEDED if name not in header]
    if not {"imo", "mmsi"} & set(header):
        absent.append("imo or mmsi")
    if wrong:
        said = f"There is no column {', '.join(wrong[:8])} in a vessel list."
    elif twice:
        said = f"The column {', '.join(twice)} occurs twice."
    elif absent:
        said = f"The column {', '.join(absent)} is missing."
    else:
        return header
    raise FormatError(said, where=f"{path}, line 1", hint=f"Its columns are: {known}.")


def _entry(cells: dict[str, str]) -> ListEntry:
    """Read one row.

    Raises:
        UsageError: what is wrong with which column, to be put behind the line's number.
    """
    for column, cell in cells.items():
        _check_text(column, cell)
    absent = [column for column in NEEDED if not cells[column]]
    if absent:
        raise _fault(absent[0], "is empty; every entry needs one")
    imo, mmsi = _imo(cells.get("imo", "")), _mmsi(cells.get("mmsi", ""))
    if imo is None and mmsi is None:
        raise _fault("imo", "is empty, and so is mmsi; give one of them")
    kind, effect = cells["kind"].lower(), cells.get("effect", "").lower() or SHOW
    if kind not in LIST_KINDS:
        raise _fault("kind", f"{cells['kind']!r} is none of {', '.join(LIST_KINDS)}")
    if effect not in EFFECTS:
        raise _fault("effect", f"{cells['effect']!r} is neither {SHOW} nor {RAISE}")
    if not _DATE.fullmatch(cells["date"]):
        raise _fault("date", f"{cells['date']!r} is not a day; write it like 2025-01-31")
    start_ms = _moment_ms("date", cells["date"])
    if cells.get("valid_from"):
        start_ms = _moment_ms("valid_from", cells["valid_from"])
    until_ms = NO_END_MS
    if cells.get("valid_until"):
        until_ms = _moment_ms("valid_until", cells["valid_until"], is_end=True)
    if until_ms <= start_ms:
        raise _fault("valid_until", "is not after valid_from (after date, where that is empty)")
    return ListEntry(
        cells["list"], cells["entry"], cells["date"], kind, imo, mmsi, cells.get("name", ""),
        effect, start_ms, until_ms,
    )  # fmt: skip


def _fault(column: str, what: str) -> UsageError:
    return UsageError(f", column {column}: {what}")


def _check_text(column: str, cell: str) -> None:
    """Refuse what is no plain text of one line: it will stand in terminals and dossiers."""
    limit = LONGEST.get(column, 40)
    if len(cell) > limit:
        raise _fault(column, f"has {len(cell)} characters; {limit} at most")
    unseen = next((c for c in cell if not c.isprintable()), None)
    if unseen is not None:
        raise _fault(column, f"holds the unseen character U+{ord(unseen):04X}; take it out")


def _imo(cell: str) -> int | None:
    """Read an IMO number, with or without these letters before it."""
    if not cell:
        return None
    if not imo_is_valid(cell):
        raise _fault("imo", f"{cell!r} is no IMO number: seven digits, the last a check digit")
    return int(cell.upper().removeprefix("IMO"))


def _mmsi(cell: str) -> int | None:
    if not cell:
        return None
    if not (len(cell) == 9 and cell.isascii() and cell.isdigit() and int(cell)):
        raise _fault("mmsi", f"{cell!r} is no MMSI: nine digits")
    return int(cell)


def _moment_ms(column: str, cell: str, *, is_end: bool = False) -> int:
    """Read a day or a time; of a day its first moment, or as an end the first after it."""
    try:
        if not _DATE.fullmatch(cell):
            return parse_iso(cell)
        days = date.fromisoformat(cell).toordinal() - date(1970, 1, 1).toordinal()
    except (ValueError, UsageError, OverflowError) as error:
        raise _fault(
            column, f"{cell!r} is neither a day like 2025-01-31 nor a time with its zone, like "
            "2025-01-31T12:00:00Z",
        ) from error  # fmt: skip
    return (days + is_end) * DAY_MS
