"""Decoding files to JSON Lines on stdout, to Parquet, or to counts alone."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.lib as pa

from sargas.cli.columns import Naming, TableWriter, station_names
from sargas.cli.interrupts import Interrupts
from sargas.cli.kinds import REAL, exercise_of, exercise_of_station, kind_text, kinds
from sargas.cli.reading import PIPE_ROWS, STDIN, column_map, explained
from sargas.cli.words import counted, put_json, say, say_counts
from sargas.errors import EXIT_INPUT, EXIT_INTERRUPTED, EXIT_OK, InputError, SargasError, UsageError
from sargas.feeds import open_feed
from sargas.model.arrow import fixes_to_arrow, statics_to_arrow
from sargas.model.fixes import Batch
from sargas.model.time import NO_TIME, iso


def run(
    files: Sequence[str], *, out: Path | None, json: bool, format: str | None,
    map_text: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Decode files; see `decode.decode`.

    Returns:
        The exit code.
    """
    writer = TableWriter(out) if out is not None else None
    work = _Work(format, column_map(map_text), writer, json)
    try:
        for number, path in enumerate(files):
            work.read("-" if path == STDIN else path, number)
        if writer is not None:
            writer.close()
    except KeyboardInterrupt:
        if writer is None:
            raise
        writer.abandon()
        say(f"sargas: interrupted; nothing was written to {out}.")
        return EXIT_INTERRUPTED
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    if not quiet:
        say(f"read      {counted(work.lines, 'line')}, {counted(work.rows, 'message')}")
        say_counts("counted", work.counted, most=40)
        if writer is not None:
            _say_written(writer)
    sys.stdout.flush()
    return EXIT_INPUT if work.failed else EXIT_OK


def _say_written(writer: TableWriter) -> None:
    """Say which files were written, and what to do with them."""
    files = writer.written
    if not files:
        say("wrote     nothing: there was no message")
        return
    what = {"fix": "fixes", "static": "static reports, the vessels' names among them",
            "message": "rows of the index of messages"}  # fmt: skip
    for name, (path, rows) in files.items():
        say(f"wrote     {path}: {rows:,} {what[name]}")
    both = " ".join(shlex.quote(str(files[name][0])) for name in ("fix", "static"))
    say(f"together  sargas scan {both}")


class _Work:
    """What is to be done with each file, and the account of it."""

    def __init__(
        self,
        format: str | None,
        column_map: dict[str, str] | None,
        writer: TableWriter | None,
        json: bool,
    ) -> None:
        self.format, self.map, self.writer, self.json = format, column_map, writer, json
        self.counted: Counter[str] = Counter()
        self.failed = self.lines = self.rows = 0
        self._kind: str | None = None

    def read(self, path: str, number: int) -> None:
        """Read one file; one that cannot be read is said and counted."""
        rows = {"batch_rows": PIPE_ROWS} if path == "-" else {}
        try:
            with open_feed(
                path, format=self.format, column_map=self.map, src_id=number, **rows
            ) as feed:
                try:
                    self._take(feed)
                finally:
                    self.lines += feed.lines
                    self.counted.update({r: c.count for r, c in feed.counts.items()})
        except UsageError:
            raise
        except SargasError as error:
            error = explained(path, error)
            if self.writer is not None and not isinstance(error, InputError):
                raise  # the disk's fault, not the file's
            say(f"sargas: {error}")
            self.failed += 1

    def _take(self, feed: Any) -> None:  # noqa: ANN401 - feeds differ
        """Write and print a file's parts, each of them whole."""
        naming: Naming = getattr(getattr(feed, "decoder", None), "station_name", _by_number)
        with Interrupts() as interrupts:
            for part in feed.tables():
                interrupts.hold()
                self.rows += len(part)
                if self.writer is not None:
                    self.writer.write(part, naming, self._exercise(feed, part))
                if self.json:
                    for row in objects(part, naming, exercise_of(feed)):
                        put_json(row)
                interrupts.let()

    def _exercise(self, feed: Any, part: Any) -> str:  # noqa: ANN401 - feeds differ
        """Tell which exercise a part is of; one file to be written holds one or none.

        Raises:
            UsageError: it would hold both.
        """
        tables = (part.fixes, part.statics) if isinstance(part, Batch) else (part.messages,)
        station = np.concatenate([table.station for table in tables])
        for kind in kinds(feed, station) if len(station) else ():
            if self._kind not in (None, kind):
                raise UsageError(
                    f"--out would mix {kind_text(self._kind)} with {kind_text(kind)}.",
                    where=feed.path,
                    hint="What is an exercise must stay one: decode the files apart.",
                )
            self._kind = kind
        return self._kind or REAL


def _by_number(station: int) -> str:
    """Name a station of a format that knows numbers only."""
    return "" if station < 0 else str(station)


def objects(
    part: Any,  # noqa: ANN401 - AisTables or a Batch
    naming: Naming,
    exercise: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Write one object a message, in input order, each with the exercise it is of or null.

    Args:
        part: `AisTables`, or a batch of a format without messages.
        naming: gives the names of its stations.
        exercise: that the whole file is of; else the names of the stations tell.
    """
    for row in _objects(part, naming):
        yield row | {"exercise": exercise or exercise_of_station(row["station_name"] or "")}


def _objects(part: Any, naming: Naming) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Write one object a message, in input order."""
    if isinstance(part, Batch):
        yield from _rows_of(part, naming)
        return
    fixes, statics = _rows(part.fixes, naming), _rows(part.static, naming)
    for message in _rows(part.messages, naming):
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


def _rows(table: Any, naming: Naming) -> list[dict[str, Any]]:  # noqa: ANN401 - of AisTables
    """Give a table's rows as dictionaries, the station's name beside its code."""
    names = station_names(table.station, naming)
    rows: list[dict[str, Any]] = table.to_arrow().append_column("station_name", names).to_pylist()
    return rows


def _rows_of(batch: Batch, naming: Naming) -> Iterator[dict[str, Any]]:
    """Write a batch's fixes and statics in order of arrival; of one line the fix first."""
    marked = []
    for word, rows in (
        ("fix", fixes_to_arrow(batch.fixes)),
        ("static", statics_to_arrow(batch.statics)),
    ):
        for name in ("sog_kn", "cog_deg", "heading_deg") if word == "fix" else ():
            # Single precision would print 12.3 as 12.300000190734863.
            at, exact = rows.schema.get_field_index(name), getattr(batch.fixes, name)
            rows = rows.set_column(at, name, pa.array(exact, from_pandas=True))
        names = station_names(rows.column("station").to_numpy(), naming)
        marked += [(word, row) for row in rows.append_column("station_name", names).to_pylist()]
    for word, row in sorted(marked, key=lambda item: item[1]["arrival_seq"]):
        yield _object(word, {("mmsi" if k == "subject_id" else k): v for k, v in row.items()})


def _object(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Put the table and the time first; what is no number or no time becomes null."""
    t_ms = None if row["t_ms"] == NO_TIME else row["t_ms"]
    clean = {k: None if v != v else v for k, v in row.items()} | {"t_ms": t_ms}
    return {"table": table, "t": None if t_ms is None else iso(t_ms), **clean}
