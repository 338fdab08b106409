"""GeoPackage, read with SQLite alone.

Source: OGC 12-128r18, table `gpkg_geometry_columns` and the binary header of geometries.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sargas.errors import FormatError
from sargas.reference.geometry import GeometryFaultError, Shape, from_wkb
from sargas.reference.readers.raw import RawFeature, RawFile, crs_name, safe

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_UNDEFINED_SRS = (-1, 0)
LEAST_LENGTH = 1_000_000
"""Bytes that a text, a geometry or a statement may always have."""


def read(path: Path) -> RawFile:
    """Read every layer of features of a GeoPackage.

    Raises:
        FormatError: a broken database, or one that is no GeoPackage, or layers in different
            reference systems.
    """
    # What a column was given for rows that were there before it is stored once.
    most = 4 * path.stat().st_size + LEAST_LENGTH
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    raw = RawFile(path, "GeoPackage")
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.execute("PRAGMA trusted_schema=OFF")
            # A column can be worked out when it is read, to any length; a stored one cannot be
            # longer than the file.
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, most)
            database.text_factory = lambda b: b.decode("utf-8", "replace")
            layers = _layers(database, str(path))
            systems = {crs for _, _, crs in layers}
            if len(systems) > 1:
                raise FormatError(
                    f"The layers use different reference systems ({', '.join(sorted(systems))}).",
                    where=str(path),
                    hint="Write all layers in EPSG:4326.",
                )
            raw.crs = systems.pop() if systems else ""
            for table, column, _ in layers:
                most -= _read_layer(database, table, column, raw, most, many=len(layers) > 1)
    # SQLite quotes what is damaged, and sqlite3 does not expect that it is no UTF-8.
    except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
        raise FormatError(
            f"The GeoPackage cannot be read: {safe(error, 200)}.", where=str(path)
        ) from error
    return raw


def _layers(database: sqlite3.Connection, where: str) -> list[tuple[str, str, str]]:
    """List (table, geometry column, reference system); views are left out.

    A view, and a virtual table, run whatever their author wrote; a table only holds rows.

    Raises:
        FormatError: what lists the layers is no table.
    """
    stored = {
        str(row[0]).lower()
        for row in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        )
    }
    for name in ("gpkg_geometry_columns", "gpkg_spatial_ref_sys"):
        if name not in stored:
            raise FormatError(
                f"The GeoPackage cannot be read: it has no table {name}.",
                where=where,
                hint="A GeoPackage of features has one; views are not read.",
            )
    rows = database.execute(
        "SELECT g.table_name, g.column_name, g.srs_id, s.organization, s.organization_coordsys_id"
        " FROM gpkg_geometry_columns g"
        " JOIN sqlite_master m ON m.name = g.table_name AND m.type = 'table' AND m.rootpage > 0"
        " LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id ORDER BY g.table_name"
    ).fetchall()
    layers = []
    for table, column, srs_id, organization, code in rows:
        name = "" if srs_id in _UNDEFINED_SRS else crs_name(f"{organization}:{code}")
        layers.append((str(table), str(column), name))
    return layers


def _read_layer(
    database: sqlite3.Connection, table: str, column: str, raw: RawFile, most: int, *, many: bool
) -> int:
    """Read one layer's rows in the order of their numbers; gives the bytes of text and geometry.

    Raises:
        FormatError: there is more of it than the file can hold.
    """
    size = 0
    quoted = '"' + table.replace('"', '""') + '"'
    cursor = database.execute(f"SELECT * FROM {quoted} ORDER BY rowid")  # noqa: S608 - quoted
    names = [c[0] for c in cursor.description]
    for number, row in enumerate(cursor, 1):
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if size > most:
            raise FormatError(
                f"The layer {safe(table)} unpacks to more than the file holds.",
                where=str(raw.path),
                hint="It has columns that are worked out when they are read; export it without.",
            )
        properties = {n: v for n, v in zip(names, row, strict=True) if n != column}
        if many:
            properties.setdefault("layer", table)
        feature = RawFeature(f"layer {safe(table)}, row {number}", properties)
        try:
            feature.shape = geometry_of_blob(dict(zip(names, row, strict=True)).get(column))
        except GeometryFaultError as error:
            feature.fault = error.reason
        raw.features.append(feature)
    return size


def geometry_of_blob(blob: Any) -> Shape:  # noqa: ANN401 - any SQLite value
    """Read a geometry of a GeoPackage: header, envelope, then well-known binary.

    Raises:
        GeometryFaultError: null, empty, or not such a blob.
    """
    if blob is None:
        raise GeometryFaultError("null_geometry")
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        raise GeometryFaultError("not_a_geometry")
    flags = blob[3]
    envelope = (flags >> 1) & 7
    if flags & 0x20 or envelope >= len(_ENVELOPE_BYTES):
        raise GeometryFaultError("not_a_geometry")
    if flags & 0x10:
        raise GeometryFaultError("empty_geometry")
    body = blob[8 + _ENVELOPE_BYTES[envelope] :]
    if not body:
        raise GeometryFaultError("not_a_geometry")
    return from_wkb(body)
