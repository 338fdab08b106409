"""The daily CSV of the Danish Maritime Authority, 22 or 26 columns.

Times are day first and UTC; latitude stands before longitude; `91,0` means no position; the rate
of turn is in degrees a minute; `Unknown` and `Undefined` mean nothing. Every row repeats what is
known of the vessel, joined on by the authority.
"""

from __future__ import annotations

from typing import Final

from sargas.decode.delimited import Layout
from sargas.feeds.opening import Source
from sargas.feeds.table import Header, TableFeed, layout_by_alias
from sargas.feeds.words import DMA_COLUMNS, WORDS

FORMAT: Final = "dma-csv"
KEYS: Final = frozenset({"timestamp", "type of mobile", "mmsi", "latitude", "longitude"})
"""Columns by which the format is known."""


def layout(where: str, header: Header) -> Layout:
    """Say what the columns of a Danish file mean.

    Raises:
        FormatError: a needed column is missing.
    """
    return layout_by_alias(
        where, header, DMA_COLUMNS, FORMAT, words=WORDS, words_missing_in_texts=True
    )


def open_dma(source: Source, *, src_id: int, batch_rows: int) -> TableFeed:
    """Open a Danish archive file."""
    return TableFeed(source, FORMAT, layout, src_id=src_id, batch_rows=batch_rows)
