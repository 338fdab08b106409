"""GeoParquet: a Parquet file whose metadata name a column of well-known binary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sargas.errors import FormatError
from sargas.reference.geometry import GeometryFaultError, from_wkb, from_wkt
from sargas.reference.readers.raw import MAX_BYTES, RawFeature, RawFile, crs_name, safe

MAX_ROWS = 1_000_000
ROWS_AT_ONCE = 64


def read(path: Path) -> RawFile:
    """Read a GeoParquet file.

    Raises:
        FormatError: broken Parquet, no geometry column, an encoding other than WKB.
    """
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    from sargas.model.unpacking import delta_packed, named_twice, plain_columns, texts_of

    try:
        with pq.ParquetFile(path) as file:
            rows = file.metadata.num_rows
            if rows > MAX_ROWS:
                raise FormatError(
                    f"The file has {rows:,} rows; assets of a sea are some hundred.",
                    where=str(path),
                )
            metadata = file.schema_arrow.metadata or {}
            geo = _geo(metadata.get(b"geo"))
            column, crs = _geometry_column(path, geo, file.schema_arrow.names)
            plain = list(plain_columns(file.metadata))
            twice = named_twice(file.metadata)
            if column in twice:
                raise FormatError(
                    f"The name of the geometry column, {safe(column)}, stands twice.",
                    where=str(path), hint="Write it again with one column of that name.",
                )  # fmt: skip
            if column not in plain:
                raise FormatError(
                    f"The geometry column {safe(column)} holds lists or structures.",
                    where=str(path), hint="Write it again with the encoding WKB.",
                )  # fmt: skip
            known = {*plain, *twice, "bbox"}
            left_out = [name for name in file.schema_arrow.names if name not in known]
            texts = texts_of(file.metadata)
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            pieces = _bounded(path, file, plain)
        values = [value for piece in pieces for value in piece.column(column).to_pylist()]
        rest = [
            row for piece in pieces
            for row in piece.drop_columns([n for n in (column, "bbox") if n in plain]).to_pylist()
        ]  # fmt: skip
    # Texts, and names of columns, may be no UTF-8.
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise delta_packed(error, str(path)) or FormatError(
            f"The Parquet file is broken: {safe(error, 200)}", where=str(path)
        ) from error
    raw = RawFile(path, "GeoParquet", crs=crs)
    if left_out:
        names = safe(", ".join(left_out), 200)
        raw.notes.append(f"Columns of lists or structures were left out: {names}.")
    if twice:
        names = safe(", ".join(twice), 200)
        raw.notes.append(f"Columns whose name stands twice were left out: {names}.")
    for number, (value, properties) in enumerate(zip(values, rest, strict=True), 1):
        feature = RawFeature(f"row {number}", properties)
        try:
            if value is None:
                raise GeometryFaultError("null_geometry")
            feature.shape = from_wkt(value) if isinstance(value, str) else from_wkb(bytes(value))
        except (GeometryFaultError, TypeError) as error:
            feature.fault = getattr(error, "reason", "not_a_geometry")
        raw.features.append(feature)
    return raw


def _bounded(path: Path, file: Any, columns: list[str]) -> list[Any]:  # noqa: ANN401 - pyarrow is untyped
    """Read all rows, in small pieces: a dictionary of one long value stands for a million rows.

    Texts come as dictionaries, and are measured before they are written out.

    Raises:
        FormatError: they have more than `MAX_BYTES`.
    """
    from sargas.model.unpacking import unpacked, unpacked_bytes

    about, batches, size = file.metadata, [], 0
    said = sum(about.row_group(k).total_byte_size for k in range(about.num_row_groups))
    if said <= MAX_BYTES:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns):
            size += unpacked_bytes(batch)
            if size > MAX_BYTES:
                break
            batches.append(unpacked(batch))
        else:
            return batches
    raise FormatError(f"The file unpacks to more than {MAX_BYTES // 10**6} MB.", where=str(path))


def _geo(text: bytes | None) -> dict[str, Any]:
    """Read the `geo` metadata; nothing where they are absent or no JSON object."""
    try:
        geo = json.loads(text or b"{}")
    except (ValueError, RecursionError):
        return {}
    return geo if isinstance(geo, dict) else {}


def _geometry_column(path: Path, geo: dict[str, Any], names: list[str]) -> tuple[str, str]:
    """Find the geometry column and the name of its reference system."""
    columns = geo.get("columns")
    column = geo.get("primary_column") or next(
        (n for n in names if n.lower() in ("geometry", "geom", "wkb", "wkb_geometry", "wkt")), None
    )
    if column not in names:
        raise FormatError(
            f"There is no geometry column. The columns are: {safe(', '.join(names[:20]), 400)}.",
            where=str(path),
            hint="GeoParquet names it in its metadata under the key 'geo'.",
        )
    about = columns.get(column) if isinstance(columns, dict) else None
    about = about if isinstance(about, dict) else {}
    encoding = str(about.get("encoding") or "WKB")
    if encoding.upper() != "WKB":
        raise FormatError(
            f"The geometry is encoded as '{safe(encoding)}'.",
            where=str(path),
            hint="Write it again with the encoding WKB.",
        )
    crs = about.get("crs")
    if not isinstance(crs, dict):
        return str(column), crs_name(crs)
    code = crs.get("id")
    if isinstance(code, dict):
        return str(column), crs_name(f"{code.get('authority')}:{code.get('code')}")
    return str(column), crs_name(crs.get("name"))
