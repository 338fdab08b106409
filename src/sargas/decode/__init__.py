"""Bytes to columns: kernels only, no files, no sockets, no clock."""

from __future__ import annotations

from sargas.decode.ais import AisDecoder, warm
from sargas.decode.codes import Count, Flag, Quality, Reason, Table, TSource
from sargas.decode.tables import AisTables, FixTable, MessageTable, StaticTable

__all__ = [
    "AisDecoder",
    "AisTables",
    "Count",
    "FixTable",
    "Flag",
    "MessageTable",
    "Quality",
    "Reason",
    "StaticTable",
    "TSource",
    "Table",
    "warm",
]
