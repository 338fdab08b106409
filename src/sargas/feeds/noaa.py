"""The daily CSV of NOAA MarineCadastre, with the header of before and after 2025.

Columns are found by name: the old form has latitude first, the new one longitude. Not available
are 511 and 511.0 (heading), 360.0 (course), 102.3 (speed), 0 (sizes), `IMO0000000`.
"""

from __future__ import annotations

from typing import Final

from sargas.decode.delimited import Layout
from sargas.feeds.opening import Source
from sargas.feeds.table import Header, TableFeed, layout_by_alias
from sargas.feeds.words import NOAA_COLUMNS, WORDS

FORMAT: Final = "noaa-csv"


def is_noaa(keys: frozenset[str]) -> bool:
    """Tell the format by its columns."""
    return "mmsi" in keys and bool(keys & {"basedatetime", "base_date_time"})


def layout(where: str, header: Header) -> Layout:
    """Say what the columns of an American file mean.

    Raises:
        FormatError: a needed column is missing.
    """
    return layout_by_alias(where, header, NOAA_COLUMNS, FORMAT, words=WORDS)


def open_noaa(source: Source, *, src_id: int, batch_rows: int) -> TableFeed:
    """Open an American archive file."""
    return TableFeed(source, FORMAT, layout, src_id=src_id, batch_rows=batch_rows)
