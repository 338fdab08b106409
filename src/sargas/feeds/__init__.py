"""Where fixes come from: one file per format, one call to open any of them.

Example:
    >>> from sargas.feeds import FORMATS
    >>> "nmea" in FORMATS and "dma-csv" in FORMATS
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sargas.errors import FormatError, UsageError
from sargas.feeds.aiscatcher import AiscatcherFeed
from sargas.feeds.base import Count, Feed
from sargas.feeds.dma import open_dma
from sargas.feeds.generic import open_generic
from sargas.feeds.geoparquet import GeoParquetFeed
from sargas.feeds.nmea import NmeaFeed
from sargas.feeds.noaa import open_noaa
from sargas.feeds.opening import Source, open_source
from sargas.feeds.parquet import SargasParquetFeed, open_parquet
from sargas.feeds.sniff import FORMATS, HEAD, PARQUET, enough, parquet_format, refuse, text_format

__all__ = ["FORMATS", "Count", "Feed", "open_feed"]


def open_feed(
    path: str | Path,
    *,
    format: str | None = None,
    column_map: Mapping[str, str] | None = None,
    src_id: int = 0,
    batch_rows: int = 1_000_000,
) -> Feed:
    """Open a file as a feed of fixes and statics.

    Args:
        path: a file, also packed (gzip, zstd, zip), or `-` for standard input.
        format: one of `FORMATS`; None to tell it from the content.
        column_map: for a CSV of your own: column by key, as in `{"t": "time_utc", "mmsi": "id",
            "lon": "x", "lat": "y"}`; see `words.MAP_KEYS`. Times without zone are UTC.
        src_id: number of the source, written into every row.
        batch_rows: fixes in a batch at most.

    Returns:
        The feed; iterate it once, and close it, or use it in a `with` statement.

    Raises:
        UsageError: the format or the column map is unknown, or they do not go together.
        InputError: the file cannot be opened or read.
        FormatError: the content is of no known format, or lacks columns.
    """
    if format is not None and format not in FORMATS:
        raise UsageError(
            f"There is no format {format!r}.", hint=f"Formats are {', '.join(FORMATS)}."
        )
    if column_map is not None and format not in (None, "csv"):
        raise UsageError(f"A column map goes with format csv, not with {format}.")
    source = open_source(path)
    try:
        if source.head.startswith(PARQUET):
            if column_map is not None:
                raise UsageError("A column map goes with CSV, not with Parquet.")
            return _open_parquet(source, format, src_id, batch_rows)
        return _open_text(source, format, column_map, src_id, batch_rows)
    except BaseException:
        source.close()
        raise


def _open_parquet(source: Source, wanted: str | None, src_id: int, batch_rows: int) -> Feed:
    file = open_parquet(source)
    schema = file.schema_arrow
    found = wanted or parquet_format(source.where, schema.names, schema.metadata or {})
    if found == "sargas-parquet":
        return SargasParquetFeed(source, file, src_id=src_id, batch_rows=batch_rows)
    if found == "noaa-geoparquet":
        return GeoParquetFeed(source, file, src_id=src_id, batch_rows=batch_rows)
    raise FormatError(
        f"The file is Parquet, not {found}.", where=source.where, hint="Leave --format out."
    )


def _open_text(
    source: Source,
    wanted: str | None,
    column_map: Mapping[str, str] | None,
    src_id: int,
    batch_rows: int,
) -> Feed:
    found = wanted or ("csv" if column_map is not None else None)
    if found is None:
        where, stream = source.first()
        found = text_format(stream.peek(HEAD, enough))
        if found is None:
            raise refuse(where, stream.peek(HEAD))
    if found.endswith("parquet"):
        raise FormatError(
            f"The file is not {found}: it does not begin with PAR1.", where=source.where
        )
    if found == "nmea":
        return NmeaFeed(source, src_id=src_id, batch_rows=batch_rows)
    if found == "aiscatcher-json":
        return AiscatcherFeed(source, src_id=src_id, batch_rows=batch_rows)
    if found == "csv":
        return open_generic(source, src_id=src_id, batch_rows=batch_rows, column_map=column_map)
    opener = open_dma if found == "dma-csv" else open_noaa
    return opener(source, src_id=src_id, batch_rows=batch_rows)
