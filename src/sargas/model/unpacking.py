"""How much a piece of a Parquet file is once its texts are written out, before they are.

A text that stands once in a dictionary and a million times in its column takes nothing on disk and
a million times its length in memory. Whoever reads a file from outside asks for its texts as
dictionaries (`read_dictionary`), measures, and only then writes them out.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow.lib as pa  # pyarrow has no type stubs; its compiled module is Any to mypy

from sargas.errors import FormatError


def plain_columns(metadata: Any) -> dict[str, int]:  # noqa: ANN401
    """Find the columns of a file that hold one plain value a row: no list, no structure.

    A name that stands twice (see `named_twice`) is left out: reading it would read both.

    Args:
        metadata: of the Parquet file.

    Returns:
        Number of the column in a row group, by name.
    """
    schema = metadata.schema
    columns = [schema.column(i) for i in range(len(schema.names))]
    names = Counter(schema.to_arrow_schema().names)
    paths = Counter(column.path for column in columns)
    return {
        column.path: i for i, column in enumerate(columns)
        if not column.max_repetition_level and names[column.path] == paths[column.path] == 1
    }  # fmt: skip


def named_twice(metadata: Any) -> list[str]:  # noqa: ANN401
    """Name the columns of a Parquet file whose name another has too, each once."""
    names = Counter(metadata.schema.to_arrow_schema().names)
    return [name for name, times in names.items() if times > 1]


def delta_packed(error: Exception, where: str) -> FormatError | None:
    """Say that texts are delta-packed, if that is why pyarrow refused to read a Parquet file.

    It reads no such texts as dictionaries; and read at once they cannot be measured before: a text
    may repeat all of the one before it, so that a page of nothing stands for gigabytes.

    Args:
        error: of pyarrow.
        where: the file for messages.
    """
    is_so = "Not yet implemented" in str(error) and "Delta" in str(error)  # as an OSError
    return FormatError(
        "Its texts are delta-packed, which cannot be read within bounds.",
        where=where,
        hint="Write it again with dictionary or plain encoding (DuckDB: PARQUET_VERSION V1).",
    ) if is_so else None  # fmt: skip


def texts_of(metadata: Any) -> list[str]:  # noqa: ANN401
    """Name the plain columns of texts or bytes, for `read_dictionary`."""
    schema = metadata.schema
    found = plain_columns(metadata).items()
    return [name for name, i in found if schema.column(i).physical_type == "BYTE_ARRAY"]


def unpacked_bytes(piece: pa.RecordBatch) -> int:
    """Measure a piece as it is once its texts are written out.

    Example:
        >>> column = pa.array(["x" * 1000] * 500).dictionary_encode()
        >>> piece = pa.RecordBatch.from_arrays([column], names=["name"])
        >>> piece.nbytes < 4000, unpacked_bytes(piece)
        (True, 504000)
    """
    return sum(_bytes_of(column) for column in piece.columns)


def unpacked(piece: pa.RecordBatch) -> pa.Table:
    """Write the texts of a piece out of their dictionaries."""
    columns = [
        column.cast(column.type.value_type) if _is_dictionary(column) else column
        for column in piece.columns
    ]
    return pa.Table.from_arrays(columns, names=piece.schema.names, metadata=piece.schema.metadata)


def _is_dictionary(column: pa.Array) -> bool:
    return isinstance(column.type, pa.DictionaryType)


def _bytes_of(column: pa.Array) -> int:
    from pyarrow import compute

    pc: Any = compute  # its functions are made at run time

    if not _is_dictionary(column):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary)
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0) + 8 * len(column)
