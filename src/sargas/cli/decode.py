"""`sargas decode`: files to columns."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sargas.cli.reading import column_map
from sargas.cli.words import put_json, say, say_counts
from sargas.errors import EXIT_INPUT, EXIT_OK, SargasError, StoreError, UsageError
from sargas.model.time import iso

TABLES = ("message", "fix", "static")
"""Names of what `--out` writes; fixes go to the file named, the others beside it."""


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
    time of reception, '*_raw' are the integers of the wire. With --out the columns go to Parquet:
    fixes to the file named, static reports and the index of all messages beside it. Without
    either, only the counts are printed.

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
        The files' format, where the content should not decide.
    map
        Columns of a CSV of another shape, like mmsi=id,t=time,lon=x,lat=y.
    quiet
        Print no counts.
    """
    if out is not None and out.suffix != ".parquet":
        raise UsageError(f"--out '{out}' does not end in .parquet.")
    writer = _Writer(out) if out is not None else None
    counted: Counter[str] = Counter()
    failed, lines, rows = 0, 0, 0
    try:
        for number, path in enumerate(files):
            from sargas.feeds import open_feed

            try:
                with open_feed(
                    path, format=format, column_map=column_map(map), src_id=number
                ) as feed:
                    try:
                        for part in feed.tables():
                            tables = _arrow(part)
                            rows += len(tables[TABLES[0]] if TABLES[0] in tables else tables["fix"])
                            if writer is not None:
                                writer.write(tables)
                            if json:
                                for row in _objects(tables):
                                    put_json(row)
                    finally:
                        lines += feed.lines
                        counted.update({r: c.count for r, c in feed.counts.items()})
            except SargasError as error:
                say(f"sargas: {error}")
                failed += 1
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    if writer is not None:
        writer.close()
    if not quiet:
        say(f"read      {lines:,} lines, {rows:,} messages")
        say_counts("counted", counted, most=40)
    sys.stdout.flush()
    return EXIT_INPUT if failed else EXIT_OK


def _arrow(part: Any) -> dict[str, Any]:  # noqa: ANN401 - AisTables or a Batch
    """Give what a feed handed over as Arrow tables by name."""
    if hasattr(part, "messages"):
        return {
            "message": part.messages.to_arrow(),
            "fix": part.fixes.to_arrow(),
            "static": part.static.to_arrow(),
        }
    from sargas.model.arrow import fixes_to_arrow, statics_to_arrow

    return {"fix": fixes_to_arrow(part.fixes), "static": statics_to_arrow(part.statics)}


def _objects(tables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Write one object a message, in input order."""
    fixes, statics = tables["fix"].to_pylist(), tables["static"].to_pylist()
    if "message" not in tables:
        marked = [("fix", f) for f in fixes] + [("static", s) for s in statics]
        for table, row in sorted(marked, key=lambda item: item[1]["arrival_seq"]):
            row = {("mmsi" if k == "subject_id" else k): v for k, v in row.items()}
            yield _object(table, row)
        return
    for message in tables["message"].to_pylist():
        table, at, static_at = message.pop("table"), message.pop("row"), message.pop("static_row")
        if table == 0:
            message["payload"] = message["payload"].hex()
            yield _object("message", message)
        elif table == 1:
            yield _object("fix", fixes[at])
        elif table == 2:
            yield _object("static", statics[at])
        else:
            yield _object("fix+static", statics[static_at] | fixes[at])


def _object(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Put the table and the time first; a number that is none becomes null."""
    t_ms = row.get("t_ms")
    clean = {k: None if v != v else v for k, v in row.items()}
    return {"table": table, "t": None if t_ms is None else iso(t_ms), **clean}


class _Writer:
    """Writes Parquet files that appear whole or not at all."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._open: dict[str, tuple[Any, Path, Path]] = {}

    def write(self, tables: dict[str, Any]) -> None:
        """Write a part of each table that has rows."""
        import pyarrow.parquet as pq

        for name, table in tables.items():
            if not table.num_rows and name != "fix":
                continue
            try:
                if name not in self._open:
                    end = self._out if name == "fix" else self._out.with_suffix(f".{name}.parquet")
                    part = end.with_name(end.name + ".part")
                    writer = pq.ParquetWriter(part, table.schema, compression="zstd")
                    self._open[name] = (writer, part, end)
                self._open[name][0].write_table(table)
            except OSError as error:
                self.abandon()
                raise StoreError(
                    f"The columns cannot be written: {error.strerror or error}.",
                    where=str(self._out),
                    hint="Choose a directory with room that you may write to.",
                ) from error

    def close(self) -> None:
        """Finish the files and give them their names."""
        for writer, part, end in self._open.values():
            writer.close()
            part.replace(end)

    def abandon(self) -> None:
        """Remove what was begun."""
        for writer, part, _ in self._open.values():
            writer.close()
            part.unlink(missing_ok=True)
        self._open = {}
