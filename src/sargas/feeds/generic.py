"""Any CSV with a time, an MMSI, a longitude and a latitude, by a column map or plain names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from sargas.decode.delimited import Layout, Role, harmless, make_layout
from sargas.errors import FormatError, UsageError
from sargas.feeds.opening import Source
from sargas.feeds.table import (
    NEEDED,
    Header,
    TableFeed,
    layout_by_alias,
    missing_columns,
    roles_by_alias,
)
from sargas.feeds.words import COMMON_COLUMNS, MAP_KEYS, WORDS
from sargas.model.fixes import PER_DEGREE, Fixes

FORMAT: Final = "csv"
BALTIC_DEG: Final = (3.0, 53.0, 32.0, 66.5)
"""West, south, east, north of the waters sargas is made for, Skagerrak and German Bight included.
Chosen wide; used only to notice longitude and latitude in each other's place."""


def is_plain(header: Header) -> bool:
    """Tell whether the plain column names are enough to read a table."""
    roles = roles_by_alias(header, COMMON_COLUMNS)
    return all(role in roles for role in NEEDED)


def split_map(column_map: Mapping[str, str]) -> tuple[dict[Role, str], bool]:
    """Read a column map: roles and their columns, and whether any waters are accepted.

    Raises:
        UsageError: a key is unknown, or a needed one is missing.
    """
    given = {key.strip().lower(): name.strip() for key, name in column_map.items()}
    anywhere = given.pop("waters", "baltic") == "any"
    unknown = sorted(given.keys() - MAP_KEYS.keys())
    if unknown:
        raise UsageError(
            f"A column map has no key {', '.join(unknown)}.",
            hint=f"Keys are {', '.join(MAP_KEYS)}, and waters=any.",
        )
    lacking = [role.name.lower() for role in NEEDED if role.name.lower() not in given]
    if lacking:
        raise UsageError(
            f"The column map lacks {', '.join(lacking)}.",
            hint="It needs at least t=COLUMN,mmsi=COLUMN,lon=COLUMN,lat=COLUMN.",
        )
    return {MAP_KEYS[key]: name for key, name in given.items()}, anywhere


def mapped_layout(columns: Mapping[Role, str], where: str, header: Header) -> Layout:
    """Make the layout of a table by the user's own column map.

    Raises:
        FormatError: the file has no column of a name.
    """
    places = {key: i for i, key in reversed(list(enumerate(header.keys)))}
    roles: dict[Role, int] = {}
    for role, name in columns.items():
        place = places.get(name.lower().lstrip("# "))
        if place is None:
            found = ", ".join(harmless(n.encode()) for n in header.names[:40])
            raise FormatError(
                f"There is no column {name!r} for {role.name.lower()}. Found: {found}.",
                where=where,
                hint="Mend the column map.",
            )
        roles[role] = place
    return make_layout(header.line, header.names, roles, delimiter=header.delimiter, words=WORDS)


def plain_layout(where: str, header: Header) -> Layout:
    """Make the layout of a table whose columns have plain names.

    Raises:
        FormatError: a needed column is missing.
    """
    if not is_plain(header):
        roles = roles_by_alias(header, COMMON_COLUMNS)
        raise missing_columns(where, header, roles, COMMON_COLUMNS, FORMAT)
    return layout_by_alias(where, header, COMMON_COLUMNS, FORMAT, words=WORDS)


class SwapCheck:
    """Refuses a table whose longitudes and latitudes stand in each other's columns.

    A table cannot prove it; but when its first positions all lie outside the Baltic as they are,
    and all of them in it the other way round, the map is wrong far more often than the ships are
    in the Gulf of Oman.

    Args:
        where: the file.
        enough: positions to look at (chosen: one vessel's hour).
    """

    def __init__(self, where: str, enough: int = 1000) -> None:
        self._where, self._enough = where, enough
        self._seen, self._first = 0, (0.0, 0.0)
        self._decided = False

    def decided(self) -> bool:
        """Tell whether the table was found good."""
        return self._decided

    def look(self, fixes: Fixes) -> None:
        """Look at the next rows.

        Raises:
            FormatError: all positions so far make sense only swapped, and they are enough.
        """
        here = np.flatnonzero(fixes.has_position)[: self._enough - self._seen]
        if self._decided or not len(here):
            return
        lon, lat = fixes.lon_raw[here] / PER_DEGREE, fixes.lat_raw[here] / PER_DEGREE
        west, south, east, north = BALTIC_DEG
        swapped = (lat >= west) & (lat <= east) & (lon >= south) & (lon <= north)
        if not self._seen:
            self._first = float(lon[0]), float(lat[0])
        self._seen += len(here)
        self._decided = not swapped.all()
        if self._seen == self._enough:
            self.end()

    def end(self) -> None:
        """Decide on what was seen.

        Raises:
            FormatError: all positions make sense only swapped.
        """
        if self._decided or not self._seen:
            return
        raise FormatError(
            f"Longitude and latitude seem swapped: the first {self._seen:,} positions all lie"
            f" outside the Baltic, the first of them at {self._first[0]:.3f} E"
            f" {self._first[1]:.3f} N, and inside it the other way round.",
            where=self._where,
            hint="Swap lon= and lat= in the column map; if the ships really are there, add"
            " waters=any to it.",
        )


def open_generic(
    source: Source, *, src_id: int, batch_rows: int, column_map: Mapping[str, str] | None = None
) -> TableFeed:
    """Open a CSV by a column map, or by plain column names.

    Raises:
        UsageError: the column map is not one.
        FormatError: columns are missing.
    """
    anywhere, make = False, plain_layout
    if column_map is not None:
        columns, anywhere = split_map(column_map)
        make = partial(mapped_layout, columns)
    return TableFeed(
        source, FORMAT, make, src_id=src_id, batch_rows=batch_rows,
        check=None if anywhere else SwapCheck(source.where),
    )  # fmt: skip
