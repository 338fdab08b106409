"""Making the public tables out of complete payloads."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sargas.decode.messages import IndexColumns, index, pack_payloads, settle
from sargas.decode.reports import FixColumns, read_fixes
from sargas.decode.state import I64, Tally
from sargas.decode.static import StaticColumns, read_static
from sargas.decode.tables import AisTables, FixTable, MessageTable, StaticTable

_TEXT_WIDTHS: Final = {"vendor": 3, "callsign": 7, "name": 34, "destination": 20}
_COMMON: Final = ("t_ms", "t_source", "mmsi", "msg_type", "repeat", "channel", "station", "src_id",
                  "src_offset", "arrival_seq", "quality", "payload_hash", "n_bits")  # fmt: skip


def build(
    rows: I64, words: I64, events: I64, src_id: int, first_seq: int, total: I64, tally: Tally
) -> AisTables:
    """Read the typed columns of complete payloads, and count them.

    Args:
        rows: (n, ROW_SIZE) int64 complete payloads in input order.
        words: (k,) int64 payload words.
        events: (j, EV_SIZE) int64 what the line layer wants counted by station.
        src_id: number of the source.
        first_seq: arrival sequence of the first row.
        total: counters of the source to add to.
        tally: counters of the stations to add to.

    Returns:
        The three tables.
    """
    n = len(rows)
    idx = _new_index(n)
    n_fix, n_static = index(rows, n, words, idx)
    fix, static = _new_fixes(n_fix), _new_static(n_static)
    read_fixes(rows, words, idx, fix)
    read_static(rows, words, idx.msg_type, idx.table, static)
    payload = np.empty(int(idx.payload_at[n]), np.uint8)
    pack_payloads(rows, words, idx.payload_at, payload)
    settle(idx, events, total, tally)
    messages = MessageTable(
        src_id=np.full(n, src_id, np.uint32),
        arrival_seq=np.arange(first_seq, first_seq + n, dtype=np.int64),
        payload_data=payload,
        **idx._asdict(),
    )
    return AisTables(_fix_table(fix, messages), _static_table(static, messages), messages)


def _new_index(n: int) -> IndexColumns:
    """Return index columns for `n` messages."""
    return IndexColumns(
        t_ms=np.empty(n, np.int64),
        t_source=np.empty(n, np.uint8),
        station=np.empty(n, np.int64),
        src_offset=np.empty(n, np.int64),
        n_bits=np.empty(n, np.uint16),
        channel=np.empty(n, np.uint8),
        quality=np.empty(n, np.uint32),
        mmsi=np.empty(n, np.uint32),
        msg_type=np.empty(n, np.uint8),
        repeat=np.empty(n, np.uint8),
        dest_mmsi=np.empty(n, np.uint32),
        dac=np.empty(n, np.int16),
        fid=np.empty(n, np.int16),
        payload_hash=np.empty(n, np.uint64),
        table=np.empty(n, np.uint8),
        row=np.empty(n, np.int32),
        static_row=np.empty(n, np.int32),
        payload_at=np.empty(n + 1, np.int64),
    )


def _new_fixes(n: int) -> FixColumns:
    """Return fix columns for `n` reports."""
    return FixColumns(
        message=np.empty(n, np.int64),
        lon_raw=np.empty(n, np.int32),
        lat_raw=np.empty(n, np.int32),
        sog_raw=np.empty(n, np.uint16),
        cog_raw=np.empty(n, np.uint16),
        heading_raw=np.empty(n, np.uint16),
        nav_status=np.empty(n, np.uint8),
        rot_raw=np.empty(n, np.int8),
        second_s=np.empty(n, np.uint8),
        alt_m=np.empty(n, np.uint16),
        flags=np.empty(n, np.uint16),
        radio=np.empty(n, np.uint32),
    )


def _new_static(n: int) -> StaticColumns:
    """Return static columns for `n` rows, texts zeroed."""
    return StaticColumns(
        message=np.empty(n, np.int64),
        part=np.empty(n, np.uint8),
        imo=np.empty(n, np.uint32),
        ship_type=np.empty(n, np.uint8),
        bow_m=np.empty(n, np.uint16),
        stern_m=np.empty(n, np.uint16),
        port_m=np.empty(n, np.uint8),
        starboard_m=np.empty(n, np.uint8),
        epfd=np.empty(n, np.uint8),
        eta_raw=np.empty(n, np.uint32),
        draught_raw=np.empty(n, np.uint8),
        ais_version=np.empty(n, np.uint8),
        dte=np.empty(n, np.uint8),
        mothership_mmsi=np.empty(n, np.uint32),
        model=np.empty(n, np.uint8),
        serial=np.empty(n, np.uint32),
        **{name: np.zeros((n, width), np.uint8) for name, width in _TEXT_WIDTHS.items()},
    )


def _common(messages: MessageTable, at: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the columns that typed rows share with their messages."""
    return {name: getattr(messages, name).take(at) for name in _COMMON}


def _fix_table(columns: FixColumns, messages: MessageTable) -> FixTable:
    """Join the columns of reports with those of their messages."""
    own: dict[str, Any] = columns._asdict()
    return FixTable(**_common(messages, own.pop("message")), **own)


def _static_table(columns: StaticColumns, messages: MessageTable) -> StaticTable:
    """Join the columns of static data with those of their messages."""
    own: dict[str, Any] = columns._asdict()
    common = _common(messages, own.pop("message"))
    for name, width in _TEXT_WIDTHS.items():
        own[name] = own[name].reshape(-1).view(f"S{width}")
    return StaticTable(**common, **own)
