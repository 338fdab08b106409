"""What the decoder returns: three tables of numpy columns, one row a message or report.

Raw columns hold the integers of the wire, sentinels included. Unit columns (`lon_deg`, `sog_kn`,
...) are made when asked for, with NaN (in Arrow: null) where the wire says "not available" or
holds a value outside its range.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from sargas.decode.codes import NO_RADIO, NO_TIME

if TYPE_CHECKING:
    import pyarrow.lib as pa  # its compiled module: to mypy Any, as the package has no stubs

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
I8 = npt.NDArray[np.int8]
U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
U16 = npt.NDArray[np.uint16]
U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Text = npt.NDArray[np.bytes_]

PER_DEGREE: Final = 600_000.0
"""Longitude and latitude on the wire: 1/10,000 minute."""
LON_LIMIT: Final = 108_000_000
LAT_LIMIT: Final = 54_000_000


def _units(raw: npt.NDArray[Any], valid: npt.NDArray[np.bool_], per: float) -> F64:
    """Return `raw / per` with NaN where not valid."""
    out = raw / per
    out[~valid] = np.nan
    return np.asarray(out, dtype=np.float64)


def _arrow(column: npt.NDArray[Any]) -> pa.Array:
    """Return an Arrow array over the same memory; texts become strings."""
    import pyarrow.lib as pa

    if column.dtype.kind == "S":
        # Six-bit text is ASCII, so the cast cannot fail.
        return pa.array(column, type=pa.binary()).cast(pa.string())
    return pa.array(column)


def _null_where(column: npt.NDArray[Any], null: npt.NDArray[np.bool_]) -> pa.Array:
    """Return an Arrow array with nulls at the given rows."""
    import pyarrow.lib as pa

    return pa.array(column, mask=null) if null.any() else pa.array(column)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of equal length."""

    def __len__(self) -> int:
        return len(self.t_ms)  # type: ignore[attr-defined]

    def _raw(self) -> dict[str, Any]:
        """Return name and Arrow array of every column as it is."""
        return {f.name: _arrow(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class FixTable(_Columns):
    """Position reports: types 1, 2, 3, 4, 9, 11, 18, 19, 21 and 27.

    All columns are (n,) in input order. `t_ms` is int64 ms UTC (`NO_TIME` when unknown),
    `lon_raw, lat_raw` int32 in 1/600000 degree (181 and 91 degrees: not available), `sog_raw`
    uint16 in 0.1 kn (1023 n/a, 1022 = 102.2 kn or more), `cog_raw` uint16 in 0.1 degree (3600
    n/a), `heading_raw` uint16 in degrees (511 n/a), `nav_status` (15 undefined), `rot_raw` int8
    (-128 n/a), `second_s` uint8 (60 n/a), `alt_m` uint16 (4095 n/a), `flags` bits of `Flag`,
    `radio` uint32 (`NO_RADIO` n/a), `channel` the ASCII code of the channel letter (0 = none),
    `station` int64 (see `AisDecoder.stations`), `quality` bits of `Quality`.
    """

    t_ms: I64
    t_source: U8
    mmsi: U32
    msg_type: U8
    repeat: U8
    lon_raw: I32
    lat_raw: I32
    sog_raw: U16
    cog_raw: U16
    heading_raw: U16
    nav_status: U8
    rot_raw: I8
    second_s: U8
    alt_m: U16
    flags: U16
    radio: U32
    channel: U8
    station: I64
    src_id: U32
    src_offset: I64
    arrival_seq: I64
    quality: U32
    payload_hash: U64
    n_bits: U16

    @property
    def has_position(self) -> npt.NDArray[np.bool_]:
        """(n,) bool: longitude and latitude are both there and on Earth."""
        on_earth: npt.NDArray[np.bool_] = (np.abs(self.lon_raw) <= LON_LIMIT) & (
            np.abs(self.lat_raw) <= LAT_LIMIT
        )
        return on_earth

    @property
    def lon_deg(self) -> F64:
        """(n,) float64 degrees east, NaN without a position."""
        return _units(self.lon_raw, self.has_position, PER_DEGREE)

    @property
    def lat_deg(self) -> F64:
        """(n,) float64 degrees north, NaN without a position."""
        return _units(self.lat_raw, self.has_position, PER_DEGREE)

    @property
    def sog_kn(self) -> F64:
        """(n,) float64 knots, NaN when not available; 102.2 means that or more."""
        return _units(self.sog_raw, self.sog_raw != 1023, 10.0)

    @property
    def cog_deg(self) -> F64:
        """(n,) float64 degrees, NaN when not available or above 359.9."""
        return _units(self.cog_raw, self.cog_raw < 3600, 10.0)

    @property
    def heading_deg(self) -> F64:
        """(n,) float64 degrees, NaN when not available or above 359."""
        return _units(self.heading_raw, self.heading_raw < 360, 1.0)

    @property
    def rot_deg_min(self) -> F64:
        """(n,) float64 degrees a minute, to starboard positive; NaN without a turn indicator.

        Source: ITU-R M.1371-5, table 48: raw = 4.733 x sqrt(rate).
        """
        raw = self.rot_raw.astype(np.float64)
        return _units(np.sign(raw) * (raw / 4.733) ** 2, np.abs(raw) < 127, 1.0)

    def to_arrow(self, *, units: bool = True) -> pa.Table:
        """Return an Arrow table over the same memory.

        Args:
            units: add the unit columns, which are computed; without them nothing is copied.

        Returns:
            The raw columns (`t_ms` and `radio` null where unknown when `units`), then
            `lon_deg lat_deg sog_kn cog_deg heading_deg rot_deg_min`.
        """
        import pyarrow.lib as pa

        columns = self._raw()
        if units:
            columns["t_ms"] = _null_where(self.t_ms, self.t_ms == NO_TIME)
            columns["radio"] = _null_where(self.radio, self.radio == NO_RADIO)
            for name in ("lon_deg", "lat_deg", "sog_kn", "cog_deg", "heading_deg", "rot_deg_min"):
                columns[name] = pa.array(getattr(self, name), from_pandas=True)
        return pa.table(columns)


@dataclass(frozen=True, slots=True)
class StaticTable(_Columns):
    """Static and voyage data: types 5, 19, 21 and both parts of 24, each message its own row.

    `part` is 0 or 1 for type 24, else 255. Absent fields hold the wire's "not available": 0,
    1596 for `eta_raw` (month, day, hour, minute in 20 bits), empty texts. `ship_type` is the aid
    type in type 21. Dimensions in metres (511 and 63 mean that or more), `draught_raw` in 0.1 m.
    Texts are fixed-width ASCII bytes, cut at `@` and stripped of trailing blanks.
    """

    t_ms: I64
    t_source: U8
    mmsi: U32
    msg_type: U8
    repeat: U8
    part: U8
    imo: U32
    ship_type: U8
    bow_m: U16
    stern_m: U16
    port_m: U8
    starboard_m: U8
    epfd: U8
    eta_raw: U32
    draught_raw: U8
    ais_version: U8
    dte: U8
    mothership_mmsi: U32
    vendor: Text
    model: U8
    serial: U32
    callsign: Text
    name: Text
    destination: Text
    channel: U8
    station: I64
    src_id: U32
    src_offset: I64
    arrival_seq: I64
    quality: U32
    payload_hash: U64
    n_bits: U16

    @property
    def length_m(self) -> F64:
        """(n,) float64 metres from bow to stern, NaN when both are 0."""
        total = self.bow_m.astype(np.int64) + self.stern_m
        return _units(total, total > 0, 1.0)

    @property
    def beam_m(self) -> F64:
        """(n,) float64 metres from side to side, NaN when both are 0."""
        total = self.port_m.astype(np.int64) + self.starboard_m
        return _units(total, total > 0, 1.0)

    @property
    def draught_m(self) -> F64:
        """(n,) float64 metres, NaN when 0; 25.5 means that or more."""
        return _units(self.draught_raw, self.draught_raw > 0, 10.0)

    def vendor_text(self) -> list[str]:
        """Return the 42 vendor bits read as seven characters, the form used before 2010."""
        return [
            _seven_chars(*row) for row in zip(self.vendor, self.model, self.serial, strict=True)
        ]

    def to_arrow(self, *, units: bool = True) -> pa.Table:
        """Return an Arrow table; texts become strings.

        Args:
            units: add `length_m beam_m draught_m`, and make an unknown `t_ms` null.
        """
        import pyarrow.lib as pa

        columns = self._raw()
        if units:
            columns["t_ms"] = _null_where(self.t_ms, self.t_ms == NO_TIME)
            for name in ("length_m", "beam_m", "draught_m"):
                columns[name] = pa.array(getattr(self, name), from_pandas=True)
        return pa.table(columns)


def _seven_chars(vendor: bytes, model: int, serial: int) -> str:
    """Return three characters of vendor and four of model and serial number as text."""
    if len(vendor) < 3:
        return vendor.decode("ascii")
    bits = int(model) << 20 | int(serial)
    text = vendor.decode("ascii")
    for shift in (18, 12, 6, 0):
        value = bits >> shift & 63
        if value == 0:
            break
        text += chr(value + 64 if value < 32 else value)
    return text.rstrip(" ")


@dataclass(frozen=True, slots=True)
class MessageTable(_Columns):
    """Every message of every type, in input order.

    `table` tells by the bits of `Table` whether fixes (1) or static (2) hold a row of it; `row`
    is the row there (of the fix if both), `static_row` the static one, -1 = none. `dest_mmsi` is
    0, `dac` and `fid` are -1 where there is none. A message without a typed row keeps its bits in
    `payload_data[payload_at[i]:payload_at[i + 1]]`, first bit highest, the last byte filled with
    zeros.
    """

    t_ms: I64
    t_source: U8
    mmsi: U32
    msg_type: U8
    repeat: U8
    dest_mmsi: U32
    dac: I16
    fid: I16
    n_bits: U16
    channel: U8
    station: I64
    src_id: U32
    src_offset: I64
    arrival_seq: I64
    quality: U32
    payload_hash: U64
    table: U8
    row: I32
    static_row: I32
    payload_at: I64
    payload_data: U8

    def payload(self, i: int) -> bytes:
        """Return the packed bits of message `i`, empty if a typed table holds it."""
        return self.payload_data[self.payload_at[i] : self.payload_at[i + 1]].tobytes()

    def to_arrow(self, *, units: bool = True) -> pa.Table:
        """Return an Arrow table with the packed bits as column `payload` (large binary).

        Args:
            units: make an unknown `t_ms` null.
        """
        import pyarrow.lib as pa

        columns = {
            f.name: _arrow(getattr(self, f.name))
            for f in fields(self)
            if not f.name.startswith("payload_") or f.name == "payload_hash"
        }
        if units:
            columns["t_ms"] = _null_where(self.t_ms, self.t_ms == NO_TIME)
        columns["payload"] = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(),
            len(self),
            [None, pa.py_buffer(self.payload_at), pa.py_buffer(self.payload_data)],
        )
        return pa.table(columns)


@dataclass(frozen=True, slots=True)
class AisTables:
    """The rows of the messages that one piece of input completed."""

    fixes: FixTable
    static: StaticTable
    messages: MessageTable

    def __len__(self) -> int:
        return len(self.messages)


def join(parts: list[AisTables]) -> AisTables:
    """Return consecutive pieces of one stream as one; row numbers and payload places move along.

    Args:
        parts: at least one piece, in input order.
    """
    fixes = FixTable(**_concat([p.fixes for p in parts]))
    static = StaticTable(**_concat([p.static for p in parts]))
    columns = _concat([p.messages for p in parts])
    rows, static_rows, places = [], [], [np.zeros(1, np.int64)]
    n_fix = n_static = n_bytes = 0
    for part in parts:
        m = part.messages
        has_fix = m.table & 1 > 0
        rows.append(np.where(m.row < 0, -1, m.row + np.where(has_fix, n_fix, n_static)))
        static_rows.append(np.where(m.static_row < 0, -1, m.static_row + n_static))
        places.append(m.payload_at[1:] + n_bytes)
        n_fix += len(part.fixes)
        n_static += len(part.static)
        n_bytes += len(m.payload_data)
    columns["row"] = np.concatenate(rows).astype(np.int32)
    columns["static_row"] = np.concatenate(static_rows).astype(np.int32)
    columns["payload_at"] = np.concatenate(places)
    return AisTables(fixes, static, MessageTable(**columns))


def _concat(pieces: list[Any]) -> dict[str, Any]:
    """Return the columns of several pieces end to end."""
    return {
        f.name: np.concatenate([getattr(piece, f.name) for piece in pieces])
        for f in fields(pieces[0])
    }
