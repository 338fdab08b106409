"""Fixes and statics: what vessels reported, as columns. One schema for sea and air.

Wire integers are the truth and are kept exact; degrees and knots are made from them where they
are asked for. Missing values are the wire's own sentinels, and NaN in the unit columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from sargas.errors import FormatError

SEA, AIR = 0, 1
"""Values of `domain`: `subject_id` is an MMSI at sea, an ICAO 24-bit address in the air."""

FIRST_FEED = 1000
"""Values of `src_id` from here on are live feeds; those below are files of a scan, by order."""
FIRST_FEED_STATION = 1_900_000_000
"""Stations from here on, below 2e9, are live feeds: a row that names no receiver has its feed's."""

LON_NONE, LAT_NONE = 108_600_000, 54_600_000
SOG_NONE, SOG_OVERFLOW = 1023, 1022
COG_NONE = 3600
HEADING_NONE = 511
NAV_STATUS_NONE = 15
ROT_NONE = -128
SECOND_NONE = 60
PER_DEGREE = 600_000.0
"""Wire units of longitude and latitude in one degree (ITU-R M.1371-5: 1/10,000 minute)."""


class Columns:
    """A struct of arrays: equal-length numpy columns with fixed names and dtypes."""

    DTYPES: ClassVar[dict[str, str]] = {}
    DEFAULTS: ClassVar[dict[str, int]] = {}

    @classmethod
    def build(cls, n: int, **columns: Any) -> Self:  # noqa: ANN401 - anything numpy can cast
        """Make `n` rows from the columns given; the others hold their "not available" value.

        Raises:
            FormatError: a column is unknown or not of length `n`.
        """
        unknown = columns.keys() - cls.DTYPES.keys()
        if unknown:
            raise FormatError(f"{cls.__name__} has no column {', '.join(sorted(unknown))}.")
        out = {}
        for name, dtype in cls.DTYPES.items():
            if name in columns:
                out[name] = np.ascontiguousarray(columns[name], dtype=dtype)
                if out[name].shape != (n,):
                    raise FormatError(
                        f"Column {name} has shape {out[name].shape}, wanted ({n},).",
                    )
            else:
                out[name] = np.full(n, cls.DEFAULTS.get(name, 0), dtype=dtype)
        return cls(**out)

    @classmethod
    def empty(cls) -> Self:
        """Make a table of no rows."""
        return cls.build(0)

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.DTYPES))))

    def columns(self) -> dict[str, NDArray[Any]]:
        """Give the columns by name, in schema order, without copying."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """Pick rows by index, mask or slice."""
        return type(self)(**{name: column[rows] for name, column in self.columns().items()})

    @classmethod
    def concat(cls, parts: Iterable[Self]) -> Self:
        """Join tables in the order given."""
        kept = [p for p in parts if len(p)]
        if len(kept) == 1:
            return kept[0]
        if not kept:
            return cls.empty()
        return cls(
            **{name: np.concatenate([getattr(p, name) for p in kept]) for name in cls.DTYPES}
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self.columns(), other.columns()
        return all(np.array_equal(mine[name], theirs[name]) for name in mine)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Fixes(Columns):
    """Position reports, one row each. Every column has shape (n,).

    Attributes:
        domain: uint8, `SEA` or `AIR`.
        subject_id: uint32, MMSI or ICAO 24-bit address.
        t_ms: int64, event time, ms UTC; `NO_TIME` where unknown.
        t_source: uint8, where the time came from (`decode.codes.TimeSource`).
        msg_type: uint8, AIS message type, 0 where the source does not say.
        lon_raw, lat_raw: int32, 1/600,000 degree; 181 and 91 degrees mean not available.
        sog_raw: uint16, 0.1 kn; 1023 not available, 1022 means 102.2 kn or more.
        cog_raw: uint16, 0.1 degree; 3600 not available.
        heading_raw: uint16, degrees; 511 not available.
        rot_raw: int8, -128 not available.
        nav_status: uint8, 15 undefined.
        second_s: uint8, UTC second of the report, 60-63 not a second.
        flags: uint16, bits of `decode.codes.Flag`.
        quality: uint32, bits of `decode.codes.Quality`.
        payload_hash: uint64, equal for copies of one report.
        station: int64, receiving station; -1 unknown.
        src_id: uint32, which file or connection.
        src_offset: int64, byte offset or row number there.
        arrival_seq: int64, order of arrival; provenance only.
    """

    domain: NDArray[np.uint8]
    subject_id: NDArray[np.uint32]
    t_ms: NDArray[np.int64]
    t_source: NDArray[np.uint8]
    msg_type: NDArray[np.uint8]
    lon_raw: NDArray[np.int32]
    lat_raw: NDArray[np.int32]
    sog_raw: NDArray[np.uint16]
    cog_raw: NDArray[np.uint16]
    heading_raw: NDArray[np.uint16]
    rot_raw: NDArray[np.int8]
    nav_status: NDArray[np.uint8]
    second_s: NDArray[np.uint8]
    flags: NDArray[np.uint16]
    quality: NDArray[np.uint32]
    payload_hash: NDArray[np.uint64]
    station: NDArray[np.int64]
    src_id: NDArray[np.uint32]
    src_offset: NDArray[np.int64]
    arrival_seq: NDArray[np.int64]

    DTYPES: ClassVar[dict[str, str]] = {
        "domain": "u1", "subject_id": "u4", "t_ms": "i8", "t_source": "u1", "msg_type": "u1",
        "lon_raw": "i4", "lat_raw": "i4", "sog_raw": "u2", "cog_raw": "u2", "heading_raw": "u2",
        "rot_raw": "i1", "nav_status": "u1", "second_s": "u1", "flags": "u2", "quality": "u4",
        "payload_hash": "u8", "station": "i8", "src_id": "u4", "src_offset": "i8",
        "arrival_seq": "i8",
    }  # fmt: skip
    DEFAULTS: ClassVar[dict[str, int]] = {
        "lon_raw": LON_NONE, "lat_raw": LAT_NONE, "sog_raw": SOG_NONE, "cog_raw": COG_NONE,
        "heading_raw": HEADING_NONE, "rot_raw": ROT_NONE, "nav_status": NAV_STATUS_NONE,
        "second_s": SECOND_NONE, "station": -1,
    }  # fmt: skip

    @property
    def has_position(self) -> NDArray[np.bool_]:
        """Where longitude and latitude are both in range."""
        # Not by np.abs: the smallest int32 has no positive twin.
        lon, lat = self.lon_raw, self.lat_raw
        return (
            (lon >= -180 * PER_DEGREE) & (lon <= 180 * PER_DEGREE)
            & (lat >= -90 * PER_DEGREE) & (lat <= 90 * PER_DEGREE)
        )  # fmt: skip

    @property
    def lon_deg(self) -> NDArray[np.float64]:
        """Degrees east, NaN where not available."""
        return np.where(self.has_position, self.lon_raw / PER_DEGREE, np.nan)

    @property
    def lat_deg(self) -> NDArray[np.float64]:
        """Degrees north, NaN where not available."""
        return np.where(self.has_position, self.lat_raw / PER_DEGREE, np.nan)

    @property
    def sog_kn(self) -> NDArray[np.float64]:
        """Speed over ground in knots, NaN where not available or only "102.2 or more"."""
        return np.where(self.sog_raw < SOG_OVERFLOW, self.sog_raw / 10.0, np.nan)

    @property
    def cog_deg(self) -> NDArray[np.float64]:
        """Course over ground, degrees true, NaN where not available."""
        return np.where(self.cog_raw < COG_NONE, self.cog_raw / 10.0, np.nan)

    @property
    def heading_deg(self) -> NDArray[np.float64]:
        """True heading in degrees, NaN where not available."""
        return np.where(self.heading_raw < 360, self.heading_raw.astype(np.float64), np.nan)

    def canonical_order(self) -> NDArray[np.intp]:
        """Sort by (subject, t_ms, payload, station): the order in which the watch folds.

        Returns:
            (n,) indices. Arrival order does not matter: equal keys are copies of one report.
        """
        return np.lexsort(
            (self.station, self.payload_hash, self.t_ms, self.subject_id, self.domain)
        )


@dataclass(frozen=True, eq=False)
class Statics(Columns):
    """What vessels said about themselves, one row a report. Every column has shape (n,).

    A value that is not available is 0 or an empty text; texts are bytes as sent, cut at the first
    `@`, trailing blanks removed, and are hostile until escaped.

    Attributes:
        domain, subject_id, t_ms, payload_hash, station, src_id, src_offset, arrival_seq: as in
            `Fixes`.
        imo: uint32.
        ship_type: uint8, ITU-R M.1371 code.
        length_m, beam_m: uint16, metres.
        draught_dm: uint8, 0.1 m.
        eta_raw: uint32, month<<16 | day<<11 | hour<<6 | minute.
        name: S34. callsign: S7. destination: S20.
    """

    domain: NDArray[np.uint8]
    subject_id: NDArray[np.uint32]
    t_ms: NDArray[np.int64]
    imo: NDArray[np.uint32]
    ship_type: NDArray[np.uint8]
    length_m: NDArray[np.uint16]
    beam_m: NDArray[np.uint16]
    draught_dm: NDArray[np.uint8]
    eta_raw: NDArray[np.uint32]
    name: NDArray[np.bytes_]
    callsign: NDArray[np.bytes_]
    destination: NDArray[np.bytes_]
    payload_hash: NDArray[np.uint64]
    station: NDArray[np.int64]
    src_id: NDArray[np.uint32]
    src_offset: NDArray[np.int64]
    arrival_seq: NDArray[np.int64]

    DTYPES: ClassVar[dict[str, str]] = {
        "domain": "u1", "subject_id": "u4", "t_ms": "i8", "imo": "u4", "ship_type": "u1",
        "length_m": "u2", "beam_m": "u2", "draught_dm": "u1", "eta_raw": "u4", "name": "S34",
        "callsign": "S7", "destination": "S20", "payload_hash": "u8", "station": "i8",
        "src_id": "u4", "src_offset": "i8", "arrival_seq": "i8",
    }  # fmt: skip
    DEFAULTS: ClassVar[dict[str, int | bytes]] = {  # type: ignore[assignment]
        "station": -1, "name": b"", "callsign": b"", "destination": b"",
    }  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """What a feed hands over in one go: fixes and statics, in order of arrival."""

    fixes: Fixes
    statics: Statics

    @classmethod
    def empty(cls) -> Batch:
        """Make a batch of no rows."""
        return cls(Fixes.empty(), Statics.empty())

    def __len__(self) -> int:
        return len(self.fixes) + len(self.statics)

    def chunks(self, rows: int) -> Iterator[Batch]:
        """Cut the fixes into pieces of at most `rows`; the statics go with the first."""
        statics = self.statics
        for start in range(0, max(1, len(self.fixes)), rows):
            yield Batch(self.fixes.take(slice(start, start + rows)), statics)
            statics = Statics.empty()
