"""CSV with a column of WKT, or with a longitude and a latitude on each row.

With coordinates, rows that share a reference or a name are the points of one line, in file
order: so operators keep their route position lists. Without any such column the whole file is
one line.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sargas.errors import FormatError
from sargas.reference.columns import (
    ACCURACY_COLUMNS,
    LAT_COLUMNS,
    LON_COLUMNS,
    NAME_COLUMNS,
    REF_COLUMNS,
    WKT_COLUMNS,
    find_column,
)
from sargas.reference.geometry import GeometryFaultError, from_wkt, geojson_geometry
from sargas.reference.readers.raw import RawFeature, RawFile

MAX_CELL = 50_000_000
_WKT = re.compile(
    r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)|\s*GEOMETRYCOLLECTION", re.I
)
_WKT_IN_SINGLE_QUOTES = re.compile(r"'\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)", re.I)


def read(path: Path) -> RawFile:
    """Read a CSV file.

    Raises:
        FormatError: no text, no header, or neither WKT nor longitude and latitude in it.
    """
    raw = RawFile(path, "CSV")
    text = _decode(path, raw)
    header, rows = _rows(path, text)
    wkt = find_column(header, WKT_COLUMNS) or _column_with_wkt(header, rows)
    lon, lat = find_column(header, LON_COLUMNS), find_column(header, LAT_COLUMNS)
    if wkt is not None:
        raw.features = [_wkt_feature(line, row, header, wkt) for line, row in rows]
    elif lon is not None and lat is not None:
        raw.features = list(_point_features(rows, header, lon, lat, raw))
    else:
        raise FormatError(
            f"There is neither a WKT column nor a pair of longitude and latitude columns. The "
            f"columns are: {', '.join(ascii(h)[1:41] for h in header[:20])}.",
            where=f"{path}, line 1",
            hint="Name them wkt, or lon and lat.",
        )
    return raw


def _decode(path: Path, raw: RawFile) -> str:
    """Decode UTF-8 (with or without BOM), UTF-16 with BOM, or else Windows-1252."""
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raw.notes.append("The text is not UTF-8; it was read as Windows-1252.")
        return data.decode("cp1252", "replace")


@contextmanager
def _large_cells() -> Iterator[None]:
    """Let a cell of WKT be long; the limit is the module's own and is put back."""
    before = csv.field_size_limit(MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(path: Path, text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Split into the header and (line number, cells)."""
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first_line.count)
    quote = "'" if _WKT_IN_SINGLE_QUOTES.search(text[:200_000]) else '"'
    rows: list[tuple[int, list[str]]] = []
    try:
        with _large_cells():
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append((reader.line_num, row))
    except csv.Error as error:
        raise FormatError(
            f"The CSV is broken: {error}.", where=f"{path}, after line {len(rows)}"
        ) from error
    if len(rows) < 2:
        raise FormatError("There is no row below the header.", where=str(path))
    return [cell.strip() for cell in rows[0][1]], rows[1:]


def _column_with_wkt(header: list[str], rows: list[tuple[int, list[str]]]) -> int | None:
    """Find the column whose first filled cell is WKT."""
    for column in range(len(header)):
        filled = (r[column] for _, r in rows if column < len(r) and r[column].strip())
        if _WKT.match(next(filled, "")):
            return column
    return None


def _properties(row: list[str], header: list[str], *without: int) -> dict[str, Any]:
    """Give a row's filled cells by column name."""
    return {
        name: cell.strip()
        for i, (name, cell) in enumerate(zip(header, row, strict=False))
        if i not in without and cell.strip()
    }


def _wkt_feature(line: int, row: list[str], header: list[str], wkt: int) -> RawFeature:
    """Read a row with well-known text."""
    feature = RawFeature(f"line {line}", _properties(row, header, wkt))
    if len(row) != len(header):
        feature.fault = "wrong_number_of_columns"
        return feature
    try:
        feature.shape = from_wkt(row[wkt])
    except GeometryFaultError as error:
        feature.fault = error.reason
    return feature


def number_of(text: str) -> float:
    """Read a number with a decimal point or a decimal comma.

    Raises:
        ValueError: neither.

    Example:
        >>> number_of("57,1576"), number_of(" 19.2126 ")
        (57.1576, 19.2126)
    """
    words = text.strip()
    return float(words.replace(",", ".") if words.count(",") == 1 and "." not in words else words)


def _point_features(
    rows: list[tuple[int, list[str]]], header: list[str], lon: int, lat: int, raw: RawFile
) -> Iterator[RawFeature]:
    """Gather rows into points and lines."""
    key = find_column(header, REF_COLUMNS)
    key = find_column(header, NAME_COLUMNS) if key is None else key
    if key is None:
        raw.notes.append("No column names the asset: all rows are the points of one line.")
    accuracy = find_column(header, ACCURACY_COLUMNS)
    groups: dict[str, list[tuple[int, list[str], list[float]]]] = {}
    for line, row in rows:
        place = RawFeature(f"line {line}", _properties(row, header, lon, lat))
        if len(row) != len(header):
            place.fault = "wrong_number_of_columns"
            yield place
            continue
        try:
            point = [number_of(row[lon]), number_of(row[lat])]
        except ValueError:
            place.fault = "bad_coordinate"
            yield place
            continue
        name = row[key].strip() if key is not None else ""
        groups.setdefault(name, []).append((line, row, point))
    for group in groups.values():
        yield _line_feature(group, header, (lon, lat), accuracy)


def _line_feature(
    group: list[tuple[int, list[str], list[float]]],
    header: list[str],
    without: tuple[int, int],
    accuracy: int | None,
) -> RawFeature:
    """Make one point or line of a group of rows."""
    line, row, point = group[0]
    feature = RawFeature(f"line {line}", _properties(row, header, *without))
    points = [p for _, _, p in group]
    shape: dict[str, Any] = {"type": "LineString", "coordinates": points}
    if len(points) == 1:
        shape = {"type": "Point", "coordinates": point}
    try:
        feature.shape = geojson_geometry(shape)
    except GeometryFaultError as error:
        feature.fault = error.reason
    if accuracy is not None and len(points) > 1:
        _spread_accuracy(feature, [r[accuracy] for _, r, _ in group], header[accuracy])
    return feature


def _spread_accuracy(feature: RawFeature, cells: list[str], column: str) -> None:
    """Turn the accuracy of points into that of the pieces between them: the worse end counts."""
    try:
        values = [number_of(cell) for cell in cells]
    except ValueError:
        return
    if len(set(values)) > 1:
        feature.properties[column] = min(values)
        feature.properties["piece_accuracy_m"] = [max(a, b) for a, b in itertools.pairwise(values)]
