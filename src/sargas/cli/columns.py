"""The Parquet files of `sargas decode --out`: what every feed gives, in one schema a table.

Fixes and statics are files of our own schema (`model.arrow`), which every command reads again;
the decoder's further columns stand behind it, null where a format does not have them. The index
of messages has the decoder's own columns.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.lib as pa
from numpy.typing import NDArray

from sargas.cli.interrupts import Interrupts
from sargas.cli.kinds import EXERCISE_KEY
from sargas.errors import StoreError
from sargas.feeds.nmea import fixes_of, statics_of
from sargas.model.arrow import fixes_to_arrow, statics_to_arrow
from sargas.model.fixes import Batch

MORE_OF_FIXES = {
    "repeat": pa.uint8(), "alt_m": pa.uint16(), "radio": pa.uint32(), "channel": pa.uint8(),
    "n_bits": pa.uint16(), "rot_deg_min": pa.float64(),
}  # fmt: skip
MORE_OF_STATICS = {
    "t_source": pa.uint8(), "msg_type": pa.uint8(), "repeat": pa.uint8(), "part": pa.uint8(),
    "bow_m": pa.uint16(), "stern_m": pa.uint16(), "port_m": pa.uint8(), "starboard_m": pa.uint8(),
    "epfd": pa.uint8(), "draught_raw": pa.uint8(), "ais_version": pa.uint8(), "dte": pa.uint8(),
    "mothership_mmsi": pa.uint32(), "vendor": pa.string(), "model": pa.uint8(),
    "serial": pa.uint32(), "channel": pa.uint8(), "quality": pa.uint32(), "n_bits": pa.uint16(),
}  # fmt: skip

Naming = Callable[[int], str]
"""Gives the name of a station's code, empty where it is unknown."""


def station_names(station: NDArray[np.int64], naming: Naming) -> pa.Array:
    """Write stations as text, null where unknown.

    Args:
        station: (n,) int64 codes.
        naming: as `AisDecoder.station_name`.

    Returns:
        n strings.
    """
    codes, at = np.unique(station, return_inverse=True)
    names = pa.array([naming(int(code)) or None for code in codes], type=pa.string())
    return names.take(pa.array(at.reshape(-1)))


def fixes_file(part: Any, naming: Naming) -> pa.Table:  # noqa: ANN401 - AisTables or a Batch
    """Give a part's fixes in the schema `fixes/1`, with further columns."""
    if isinstance(part, Batch):
        return _with_more(fixes_to_arrow(part.fixes), None, MORE_OF_FIXES, naming)
    wire = part.fixes.to_arrow()
    return _with_more(fixes_to_arrow(fixes_of(part.fixes)), wire, MORE_OF_FIXES, naming)


def statics_file(part: Any, naming: Naming) -> pa.Table:  # noqa: ANN401 - AisTables or a Batch
    """Give a part's statics in the schema `statics/1`, with further columns."""
    if isinstance(part, Batch):
        return _with_more(statics_to_arrow(part.statics), None, MORE_OF_STATICS, naming)
    wire = part.static.to_arrow()
    return _with_more(statics_to_arrow(statics_of(part.static)), wire, MORE_OF_STATICS, naming)


def _with_more(
    table: pa.Table, wire: pa.Table | None, more: dict[str, pa.DataType], naming: Naming
) -> pa.Table:
    """Put the number, the station's name and the decoder's columns behind a table's own."""
    station = table.column("station").to_numpy()
    table = table.append_column("mmsi", table.column("subject_id"))
    table = table.append_column("station_name", station_names(station, naming))
    for name, kind in more.items():
        column = pa.nulls(len(table), kind) if wire is None else wire.column(name).cast(kind)
        table = table.append_column(name, column)
    return table


class TableWriter:
    """Writes fixes to the file named, statics and the index of messages beside it.

    The files appear whole or not at all, and take the place of those of an earlier run.

    Args:
        out: the file of the fixes; ends in `.parquet`.

    Raises:
        StoreError: by every method, where a file cannot be written; nothing is left then.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._open: dict[str, tuple[Any, Path, Path]] = {}
        self._rows = {"fix": 0, "static": 0}
        self._messages = 0
        self.written: dict[str, tuple[Path, int]] = {}
        """File and rows of each table, known after `close`."""

    def write(self, part: Any, naming: Naming, exercise: str = "") -> None:  # noqa: ANN401
        """Write a part: `AisTables`, or a batch.

        Args:
            part: what a feed handed over.
            naming: gives the names of its stations.
            exercise: name of the exercise it belongs to.
        """
        tables = {"fix": fixes_file(part, naming), "static": statics_file(part, naming)}
        if not isinstance(part, Batch):
            tables["message"] = self._index(part.messages, naming)
            self._messages += len(part.messages)
        self._rows = {name: self._rows[name] + len(tables[name]) for name in self._rows}
        for name, table in tables.items():
            if len(table) or name != "message":
                marks = (table.schema.metadata or {}) | {EXERCISE_KEY: exercise.encode()}
                table = table.replace_schema_metadata(marks) if exercise else table
                self._guard(self._write, name, table)

    def _index(self, messages: Any, naming: Naming) -> pa.Table:  # noqa: ANN401 - MessageTable
        """Give the index with row numbers of the whole files, not of the part."""
        table = messages.to_arrow()
        has_fix = messages.table & 1 > 0
        before = np.where(has_fix, self._rows["fix"], self._rows["static"])
        for name, rows, base in (
            ("row", messages.row, before),
            ("static_row", messages.static_row, self._rows["static"]),
        ):
            numbers = np.where(rows < 0, -1, rows.astype(np.int64) + base)
            at = table.schema.get_field_index(name)
            table = table.set_column(at, name, pa.array(numbers))
        return table.append_column("station_name", station_names(messages.station, naming))

    def _write(self, name: str, table: pa.Table) -> None:
        import pyarrow.parquet as pq

        if name not in self._open:
            end = self._place(name)
            begun = end.with_name(end.name + ".part")
            writer = pq.ParquetWriter(begun, table.schema, compression="zstd")
            self._open[name] = (writer, begun, end)
        self._open[name][0].write_table(table)

    def _place(self, name: str) -> Path:
        return self._out if name == "fix" else self._out.with_suffix(f".{name}.parquet")

    def close(self) -> None:
        """Finish the files and give them their names."""
        with Interrupts() as interrupts:
            interrupts.hold()  # never some of the files
            self._guard(self._finish)
        rows = self._rows | {"message": self._messages}
        self.written = {name: (end, rows[name]) for name, (_, _, end) in self._open.items()}
        self._open = {}

    def _finish(self) -> None:
        for writer, begun, _ in self._open.values():
            writer.close()
            file = os.open(begun, os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)
        for _, begun, end in self._open.values():
            begun.replace(end)
        if self._open and "message" not in self._open:
            self._place("message").unlink(missing_ok=True)  # it would index other files

    def abandon(self) -> None:
        """Remove what was begun."""
        for writer, begun, _ in self._open.values():
            # Closing writes the file's end, which fails again on a full disk.
            with contextlib.suppress(OSError, pa.ArrowException):
                writer.close()
            begun.unlink(missing_ok=True)
        self._open = {}

    def _guard(self, step: Callable[..., None], *args: Any) -> None:  # noqa: ANN401
        """Do a step; where the disk refuses, remove what was begun and say so."""
        try:
            step(*args)
        except OSError as error:
            self.abandon()
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise StoreError(
                f"The columns cannot be written: {reason}.",
                where=str(self._out),
                hint="Choose a folder with room that you may write to, with --out.",
            ) from error
