"""`sargas decode`: files to columns; the work is done in `decoding`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sargas.errors import UsageError


def decode(
    files: Annotated[list[str], Parameter(consume_multiple=True)],
    /,
    *,
    json: bool = False,
    out: Path | None = None,
    format: str | None = None,
    map: str | None = None,
    quiet: bool = False,
) -> int:
    """Turn AIS logs and archive files into columns.

    With --json one object a message goes to stdout, in the order of the input, every message of
    every type: 'table' says whether it holds a fix, a static report, both or neither, 't' is the
    time of reception, '*_raw' are the integers of the wire, 'station_name' is the receiving
    station as it was written, 'exercise' the exercise it is of or null. With --out the columns go
    to Parquet: fixes to the file named, static reports and the index of all messages beside it;
    'sargas scan' reads the fixes and static reports again: give it both, the names are in the
    static reports. Without either, only the counts are printed.

    Examples:
      sargas decode log.nmea.gz --json | jq 'select(.mmsi == 230907000)'
      sargas decode log.nmea.gz --out log.parquet
      zcat log.gz | sargas decode - --json | head

    Parameters
    ----------
    files
        Files to read; - for standard input.
    json
        One message a line, as JSON.
    out
        Parquet file to write.
    format
        The files' format, where the content should not decide: nmea, dma-csv, noaa-csv,
        noaa-geoparquet, aiscatcher-json, sargas-parquet or csv.
    map
        Columns of a CSV of another shape, like mmsi=id,t=time,lon=x,lat=y.
    quiet
        Print no counts.
    """
    if out is not None and out.suffix != ".parquet":
        raise UsageError(f"--out '{out}' does not end in .parquet.")
    from sargas.cli.decoding import run

    return run(files, out=out, json=json, format=format, map_text=map, quiet=quiet)
