"""Fixes and statics as Arrow tables and back, without loss.

The wire integers travel as they are and are what is read back; degrees, knots and texts stand
beside them for people and other tools, null where the vessel sent "not available". The schema
metadata say which table of which version a file holds.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pyarrow.lib as pa  # pyarrow has no type stubs; its compiled module is Any to mypy
from numpy.typing import NDArray

from sargas.errors import FormatError
from sargas.model.fixes import Columns, Fixes, Statics

_T = TypeVar("_T", bound=Columns)

SCHEMA_KEY = b"sargas.schema"
FIXES_SCHEMA = b"fixes/1"
STATICS_SCHEMA = b"statics/1"

UNIT_COLUMNS: dict[str, pa.DataType] = {
    "lon_deg": pa.float64(),
    "lat_deg": pa.float64(),
    "sog_kn": pa.float32(),
    "cog_deg": pa.float32(),
    "heading_deg": pa.float32(),
}
"""Columns made from the wire integers of fixes; written for others, never read back."""


def fixes_to_arrow(fixes: Fixes) -> pa.Table:
    """Make an Arrow table of fixes: every column of the schema, then the unit columns.

    Args:
        fixes: n rows.

    Returns:
        n rows; integers share memory with `fixes`; lon_deg and lat_deg float64, sog_kn, cog_deg
        and heading_deg float32, null where not available; metadata `sargas.schema = fixes/1`.

    Example:
        >>> import numpy as np
        >>> fixes = Fixes.build(2, subject_id=[1, 2], lon_raw=[12_000_000, 108_600_000],
        ...                     lat_raw=[33_000_000, 54_600_000])
        >>> fixes_to_arrow(fixes).column("lon_deg").to_pylist()
        [20.0, None]
        >>> fixes_from_arrow(fixes_to_arrow(fixes)) == fixes
        True
    """
    arrays = {name: pa.array(column) for name, column in fixes.columns().items()}
    for name, dtype in UNIT_COLUMNS.items():
        arrays[name] = pa.array(getattr(fixes, name), type=dtype, from_pandas=True)
    return _table(arrays, FIXES_SCHEMA)


def track_to_arrow(fixes: Fixes) -> pa.Table:
    """Make an Arrow table for people: the time as one, then the units, then the wire's integers.

    Args:
        fixes: n rows.

    Returns:
        n rows: `t` (timestamp, UTC), the unit columns, then the columns of `Fixes`.
    """
    table = fixes_to_arrow(fixes)
    moments = pa.array(fixes.t_ms).cast(pa.timestamp("ms", "UTC"))
    rest = [name for name in table.column_names if name not in UNIT_COLUMNS]
    return table.select([*UNIT_COLUMNS, *rest]).add_column(0, "t", moments)


def fixes_from_arrow(table: pa.Table) -> Fixes:
    """Read fixes back from an Arrow table; only the wire integers are used.

    Args:
        table: as `fixes_to_arrow` makes it; the order of columns, further columns and missing
            metadata do not matter, so that the answer of a query can be read too.

    Raises:
        FormatError: the table holds something else, or columns are missing or of another type.
    """
    return _read(table, Fixes, FIXES_SCHEMA)


def statics_to_arrow(statics: Statics) -> pa.Table:
    """Make an Arrow table of static reports.

    Texts become UTF-8, one character for each byte (Latin-1), so that any bytes come back the
    same. Metadata: `sargas.schema = statics/1`.
    """
    arrays = {
        name: _text_array(column) if column.dtype.kind == "S" else pa.array(column)
        for name, column in statics.columns().items()
    }
    return _table(arrays, STATICS_SCHEMA)


def statics_from_arrow(table: pa.Table) -> Statics:
    """Read static reports back from an Arrow table.

    Raises:
        FormatError: the table holds something else, or columns are missing or of another type.
    """
    return _read(table, Statics, STATICS_SCHEMA)


def _table(arrays: dict[str, pa.Array], schema: bytes) -> pa.Table:
    return pa.table(arrays).replace_schema_metadata({SCHEMA_KEY: schema})


def _text_array(column: NDArray[np.bytes_]) -> pa.Array:
    return pa.array(np.char.decode(column, "latin-1").astype(object), type=pa.string())


def _read(table: pa.Table, kind: type[_T], schema: bytes) -> _T:
    found = (table.schema.metadata or {}).get(SCHEMA_KEY, schema)
    if found != schema:
        raise FormatError(
            f"The table holds {found.decode('latin-1')!r}, wanted {schema.decode()!r}.",
            hint="Read it with the sargas that wrote it, or name another file.",
        )
    missing = [name for name in kind.DTYPES if name not in table.column_names]
    if missing:
        raise FormatError(
            f"Columns are missing: {', '.join(missing)}. Found: {', '.join(table.column_names)}.",
            hint="A file written by sargas has all of them; other files need a column map.",
        )
    columns: dict[str, NDArray[Any]] = {}
    for name, dtype in kind.DTYPES.items():
        columns[name] = _column(table.column(name), name, np.dtype(dtype))
    return kind.build(table.num_rows, **columns)


def _column(column: pa.ChunkedArray, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    if column.null_count:
        raise FormatError(f"Column {name} has {column.null_count} nulls; the schema allows none.")
    try:
        if dtype.kind == "S":
            texts = column.cast(pa.string()).to_numpy().astype(object)
            encoded = [text.encode("latin-1", "replace") for text in texts]
            return np.array(encoded, dtype=dtype) if encoded else np.empty(0, dtype)
        return np.asarray(column.cast(pa.from_numpy_dtype(dtype)).to_numpy(), dtype=dtype)
    # Of any kind: bytes that are no UTF-8 in a column of texts are an unknown error to Arrow.
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise FormatError(
            f"Column {name} is {column.type} and cannot be read as {dtype}: {error}."
        ) from error
