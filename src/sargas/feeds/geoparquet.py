"""Daily points of NOAA MarineCadastre as GeoParquet: WKB points, or longitude and latitude."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sargas.decode.codes import Quality, TSource
from sargas.decode.delimited import Memory, Role
from sargas.decode.delimited_block import static_hashes
from sargas.decode.delimited_columns import hash_reports, values_changed
from sargas.errors import FormatError
from sargas.feeds.base import Count
from sargas.feeds.opening import Source
from sargas.feeds.parquet import ParquetRows
from sargas.feeds.words import KIND, NOAA_COLUMNS
from sargas.model.fixes import (
    COG_NONE,
    HEADING_NONE,
    LAT_NONE,
    LON_NONE,
    NAV_STATUS_NONE,
    PER_DEGREE,
    SOG_NONE,
    Batch,
    Fixes,
    Statics,
)
from sargas.model.time import NO_TIME

FORMAT: Final = "noaa-geoparquet"
_WKB_POINT: Final = 21
GEOMETRY: Final = ("geometry", "geom", "wkb_geometry")
"""Names that the column of points goes by."""
_KIND: Final = {word.lower(): code for word, code in KIND.items()}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class GeoParquetFeed(ParquetRows):
    """A feed of NOAA's daily points."""

    format = FORMAT

    def __init__(self, source: Source, file: Any, *, src_id: int, batch_rows: int) -> None:  # noqa: ANN401
        names = file.schema_arrow.names
        self._columns_of = _find_columns(source.where, names)
        self._geometry = next((n for n in names if n.lower() in GEOMETRY), None)
        if self._geometry is None and not {Role.LON, Role.LAT} <= self._columns_of.keys():
            raise FormatError(
                f"There is neither a geometry nor a longitude and latitude. Found:"
                f" {', '.join(names[:40])}.",
                where=source.where,
            )
        wanted = [*self._columns_of.values(), *([self._geometry] if self._geometry else [])]
        super().__init__(source, file, src_id=src_id, batch_rows=batch_rows, columns=wanted)
        self._memory, self._seq = Memory.empty(), 0

    def _batches(self) -> Iterator[Batch]:
        for table in self._pieces():
            yield self._batch(table, self._rows - table.num_rows + 1)

    def _batch(self, table: Any, first_row: int) -> Batch:  # noqa: ANN401
        rows = np.arange(first_row, first_row + table.num_rows)
        t_ms, mmsi = self._times(table), self._whole(table, Role.MMSI, 0, 999_999_999, -1)
        lon_deg, lat_deg = self._position(table)
        lon, lat = _wire(lon_deg, LON_NONE), _wire(lat_deg, LAT_NONE)
        no_place = np.isinf(lon_deg) | np.isinf(lat_deg)
        self._count("bad_mmsi", mmsi < 0, rows, kept=False)
        self._count("bad_position", no_place & (mmsi >= 0), rows, kept=False)
        good = (mmsi >= 0) & ~no_place
        if not good.all():
            table = table.filter(good)
            rows, t_ms, mmsi, lon, lat = (a[good] for a in (rows, t_ms, mmsi, lon, lat))
        none = (lon == LON_NONE) | (lat == LAT_NONE)
        lon[none], lat[none] = LON_NONE, LAT_NONE
        fixes = self._fixes(table, rows, t_ms, mmsi, lon, lat)
        statics = self._statics(table, rows, t_ms, mmsi)
        self._seq += len(fixes)
        return Batch(fixes, statics)

    def _fixes(
        self,
        table: Any,  # noqa: ANN401
        rows: Ints,
        t_ms: Ints,
        mmsi: Ints,
        lon: Ints,
        lat: Ints,
    ) -> Fixes:
        n = len(rows)
        sog = self._tenths(table, Role.SOG, 65_535, SOG_NONE)
        cog = self._tenths(table, Role.COG, COG_NONE, COG_NONE)
        heading = self._whole(table, Role.HEADING, 0, HEADING_NONE, HEADING_NONE)
        status = self._whole(table, Role.STATUS, 0, NAV_STATUS_NONE, NAV_STATUS_NONE)
        hashes = np.empty(n, np.uint64)
        hash_reports(mmsi, t_ms, lon, lat, sog, cog, heading, status, hashes)
        off_earth = ((np.abs(lon) > 108_000_000) | (np.abs(lat) > 54_000_000)) & (lon != LON_NONE)
        quality = (
            (mmsi == 0) * int(Quality.MMSI_ZERO)
            | off_earth * int(Quality.POSITION_OUT_OF_RANGE)
            | ((heading >= 360) & (heading < HEADING_NONE)) * int(Quality.HEADING_INVALID)
            | (t_ms == NO_TIME) * int(Quality.TIME_MISSING)
        )
        return Fixes.build(
            n, subject_id=mmsi, t_ms=t_ms,
            t_source=np.where(t_ms == NO_TIME, int(TSource.NONE), int(TSource.READER)),
            msg_type=[_KIND.get(word, 0) for word in self._texts(table, Role.KIND)],
            lon_raw=lon, lat_raw=lat, sog_raw=sog, cog_raw=cog, heading_raw=heading,
            nav_status=status, quality=quality, payload_hash=hashes,
            src_id=np.full(n, self._src_id), src_offset=rows,
            arrival_seq=np.arange(self._seq, self._seq + n),
        )  # fmt: skip

    def _statics(self, table: Any, rows: Ints, t_ms: Ints, mmsi: Ints) -> Statics:  # noqa: ANN401
        imos = [_digits(text) for text in self._texts(table, Role.IMO)]
        columns: dict[str, NDArray[Any]] = {
            "imo": np.array(imos, np.int64),
            "ship_type": self._whole(table, Role.SHIP_TYPE, 0, 255, 0),
            "length_m": self._whole(table, Role.LENGTH, 0, 1022, 0),
            "beam_m": self._whole(table, Role.BEAM, 0, 126, 0),
            "draught_dm": self._tenths(table, Role.DRAUGHT, 255, 0),
            "name": self._bytes(table, Role.NAME, "name"),
            "callsign": self._bytes(table, Role.CALLSIGN, "callsign"),
        }
        hashes = static_hashes(mmsi, columns)
        changed = np.empty(len(mmsi), np.bool_)
        values_changed(hashes, self._memory.places_of(mmsi), self._memory.sent, changed)
        n = int(np.count_nonzero(changed))
        return Statics.build(
            n, subject_id=mmsi[changed], t_ms=t_ms[changed], payload_hash=hashes[changed],
            src_id=np.full(n, self._src_id), src_offset=rows[changed],
            arrival_seq=np.flatnonzero(changed) + self._seq,
            **{name: column[changed] for name, column in columns.items()},
        )  # fmt: skip

    def _times(self, table: Any) -> Ints:  # noqa: ANN401
        import pyarrow.lib as pa

        column = self._cast(table, Role.T, pa.timestamp("ms"))
        t_ms = column.cast(pa.int64()).fill_null(NO_TIME).to_numpy()
        return np.asarray(t_ms, np.int64)

    def _position(self, table: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
        """Give degrees; NaN for none, infinity for what cannot be read."""
        if self._geometry is not None:
            return wkb_points(table.column(self._geometry))
        return self._floats(table, Role.LON), self._floats(table, Role.LAT)

    def _floats(self, table: Any, role: Role) -> Floats:  # noqa: ANN401
        import pyarrow.lib as pa

        if role not in self._columns_of:
            return np.full(table.num_rows, np.nan)
        column = self._cast(table, role, pa.float64())
        return np.array(column.fill_null(np.nan).to_numpy(), np.float64)

    def _tenths(self, table: Any, role: Role, high: int, none: int) -> Ints:  # noqa: ANN401
        return self._bounded(np.rint(self._floats(table, role) * 10), role, 0, high, none)

    def _whole(self, table: Any, role: Role, low: int, high: int, none: int) -> Ints:  # noqa: ANN401
        return self._bounded(self._floats(table, role), role, low, high, none)

    def _bounded(self, values: Floats, role: Role, low: int, high: int, none: int) -> Ints:
        fits = (values >= low) & (values <= high)
        if role != Role.MMSI:
            rows = np.arange(self._rows - len(values) + 1, self._rows + 1)
            self._count("field_unreadable", ~fits & ~np.isnan(values), rows, kept=True)
        return np.where(fits, values, none).astype(np.int64)

    def _texts(self, table: Any, role: Role) -> list[str]:  # noqa: ANN401
        import pyarrow.lib as pa

        if role not in self._columns_of:
            return [""] * table.num_rows
        return [
            text.lower() for text in self._cast(table, role, pa.string()).fill_null("").to_pylist()
        ]

    def _bytes(self, table: Any, role: Role, name: str) -> NDArray[np.bytes_]:  # noqa: ANN401
        import pyarrow.lib as pa

        dtype = np.dtype(Statics.DTYPES[name])
        if role not in self._columns_of:
            return np.zeros(table.num_rows, dtype)
        texts = self._cast(table, role, pa.string()).fill_null("").to_pylist()
        cut = [text.partition("@")[0].encode()[: dtype.itemsize].rstrip(b" ") for text in texts]
        return np.array(cut, dtype)

    def _cast(self, table: Any, role: Role, kind: Any) -> Any:  # noqa: ANN401
        import pyarrow.lib as pa

        name = self._columns_of[role]
        column = table.column(name)
        try:
            return column.cast(kind, safe=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise FormatError(
                f"Column {name} is {column.type} and cannot be read as {kind}: {error}.",
                where=self.path,
            ) from error

    def _count(self, reason: str, where: NDArray[np.bool_], rows: Ints, *, kept: bool) -> None:
        n = int(np.count_nonzero(where))
        if not n:
            return
        old = self._counts.get(reason)
        first = int(rows[np.argmax(where)])
        self._counts[reason] = (
            old._replace(count=old.count + n)
            if old
            else Count(n, first, f"{self.path}, row {first}", kept)
        )


def _find_columns(where: str, names: list[str]) -> Mapping[Role, str]:
    found: dict[Role, str] = {}
    for name in names:
        role = NOAA_COLUMNS.get(name.lower())
        if role is not None:
            found.setdefault(role, name)
    lacking = [role.name.lower() for role in (Role.T, Role.MMSI) if role not in found]
    if lacking:
        raise FormatError(
            f"As {FORMAT} these columns are missing: {', '.join(lacking)}. Found:"
            f" {', '.join(names[:40])}.",
            where=where,
        )
    return found


def _wire(degrees: Floats, none: int) -> Ints:
    """Round degrees to wire units; `none` for NaN and for what the column does not hold."""
    fits = np.abs(degrees) < 3500  # false for NaN
    return np.where(fits, np.rint(np.where(fits, degrees, 0) * PER_DEGREE), none).astype(np.int64)


def _digits(text: str) -> int:
    digits = text.removeprefix("imo").strip()
    return int(digits) if digits.isdecimal() and len(digits) <= 9 else 0


def wkb_points(column: Any) -> tuple[Floats, Floats]:  # noqa: ANN401 - pyarrow has no stubs
    """Read WKB points.

    Args:
        column: Arrow binary column of n geometries.

    Returns:
        (x, y), each (n,) float64: NaN for null and empty points, infinity for what is no point.

    Source: OGC 06-103r4, 8.2.4: byte order, type 1, two doubles.
    """
    import pyarrow.lib as pa
    from pyarrow import compute

    pc: Any = compute  # its functions are made at run time

    column = (
        pa.chunked_array(column).combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    )
    column = column.cast(pa.large_binary())
    n = len(column)
    x, y = np.full(n, np.inf), np.full(n, np.inf)
    null = np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    x[null] = y[null] = np.nan
    sized = pc.fill_null(pc.equal(pc.binary_length(column), _WKB_POINT), False)
    places = np.flatnonzero(sized.to_numpy(zero_copy_only=False))
    data = b"".join(column.filter(sized).to_pylist())
    bytes_ = np.frombuffer(data, np.uint8).reshape(-1, _WKB_POINT)
    for order, code in ((1, "<"), (0, ">")):
        here = bytes_[:, 0] == order
        rows = np.ascontiguousarray(bytes_[here])
        point = rows[:, 1:5].copy().view(f"{code}u4").ravel() == 1
        xy = rows[:, 5:].copy().view(f"{code}f8").reshape(-1, 2)[point]
        x[places[here][point]], y[places[here][point]] = xy[:, 0], xy[:, 1]
    return x, y
