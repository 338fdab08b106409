"""Parquet files that sargas itself wrote: fixes or statics, read back to the same columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sargas.decode.delimited import harmless
from sargas.errors import FormatError, InputError
from sargas.feeds.base import Count, Feed
from sargas.feeds.opening import Source
from sargas.feeds.parquet_bounds import bounded, written_out
from sargas.model.arrow import (
    FIXES_SCHEMA,
    SCHEMA_KEY,
    STATICS_SCHEMA,
    fixes_from_arrow,
    statics_from_arrow,
)
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.unpacking import delta_packed

FORMAT: Final = "sargas-parquet"


def open_parquet(source: Source) -> Any:  # noqa: ANN401 - pyarrow has no stubs
    """Open a Parquet file.

    Raises:
        InputError: it comes by a pipe, or is damaged or incomplete.
    """
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    if source.path is None:
        raise InputError(
            "Parquet cannot be read from a pipe: its directory is at its end.",
            where=source.where,
            hint="Save it and name the file.",
        )
    try:
        return pq.ParquetFile(source.path, memory_map=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(source.where, error) from error


def damaged(where: str, error: Exception) -> InputError:
    """Say that a Parquet file cannot be read."""
    return InputError(
        f"The Parquet file cannot be read: {harmless((str(error) or repr(error)).encode())}",
        where=where,
        hint="It may not be complete; fetch or write it again.",
    )


class ParquetRows(Feed):
    """What feeds from Parquet share: row groups in order, a row is a line.

    Args:
        source, file: the file, opened twice over.
        columns: those to read.

    Raises:
        FormatError: it would unpack to more than traffic does, see `parquet_bounds`.
    """

    def __init__(
        self, source: Source, file: Any, *, src_id: int, batch_rows: int,  # noqa: ANN401
        columns: list[str],
    ) -> None:  # fmt: skip
        import pyarrow.lib as pa

        super().__init__(source, src_id=src_id, batch_rows=batch_rows)
        self._columns, self._rows = columns, 0
        self._rows_at_once = min(batch_rows, 131_072)
        with file:
            try:
                self._file, self._groups = bounded(
                    source.path, file.metadata, columns, self._rows_at_once, source.where
                )
            except (pa.ArrowException, OSError, ValueError) as error:
                raise damaged(source.where, error) from error
        self._counts: dict[str, Count] = {}

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, estimated by rows."""
        total = self._file.metadata.num_rows
        return (self.bytes_total or 0) * self._rows // total if total else self.bytes_total or 0

    @property
    def lines(self) -> int:
        """Rows read so far."""
        return self._rows

    @property
    def counts(self) -> dict[str, Count]:
        """What was counted so far, by reason."""
        return dict(self._counts)

    def __iter__(self) -> Iterator[Batch]:
        import pyarrow.lib as pa

        try:
            yield from super().__iter__()
        except (pa.ArrowException, UnicodeDecodeError) as error:  # a text that is no UTF-8
            raise damaged(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _pieces(self) -> Iterator[Any]:
        """Give Arrow tables of at most `batch_rows` rows."""
        import pyarrow.lib as pa

        try:
            for groups in self._groups:
                for piece in self._file.iter_batches(
                    self._rows_at_once, row_groups=groups, columns=self._columns
                ):
                    self._rows += piece.num_rows
                    yield written_out(piece, self.path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise delta_packed(error, self.path) or damaged(self.path, error) from error


class SargasParquetFeed(ParquetRows):
    """A feed of a file with schema `fixes/1` or `statics/1`.

    Such files are sorted by vessel, then time, so a row may lie a day behind the latest one.
    """

    format = FORMAT
    lateness_ms = 86_400_000

    def __init__(self, source: Source, file: Any, *, src_id: int, batch_rows: int) -> None:  # noqa: ANN401
        schema = (file.schema_arrow.metadata or {}).get(SCHEMA_KEY)
        self._is_fixes = schema == FIXES_SCHEMA
        if not self._is_fixes and schema != STATICS_SCHEMA:
            raise FormatError(
                f"The file is of schema {schema!r}; this sargas reads"
                f" {FIXES_SCHEMA.decode()} and {STATICS_SCHEMA.decode()}.",
                where=source.where,
                hint="Read it with the sargas that wrote it.",
            )
        kind = Fixes if self._is_fixes else Statics
        there = set(file.schema_arrow.names)
        if missing := [name for name in kind.DTYPES if name not in there]:
            raise FormatError(
                f"Columns are missing: {', '.join(missing)}.",
                where=source.where,
                hint="A file written by sargas has all of them; other files need a column map.",
            )
        super().__init__(
            source, file, src_id=src_id, batch_rows=batch_rows, columns=list(kind.DTYPES)
        )

    def _batches(self) -> Iterator[Batch]:
        for table in self._pieces():
            if self._is_fixes:
                yield Batch(fixes_from_arrow(table), Statics.empty())
            else:
                yield Batch(Fixes.empty(), statics_from_arrow(table))
