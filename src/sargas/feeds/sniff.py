"""Which format a file has, by its content and never by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sargas.decode.delimited import harmless
from sargas.errors import FormatError
from sargas.feeds import dma, generic, geoparquet, noaa
from sargas.feeds.table import BOM, HEAD, Header, missing_columns, roles_by_alias
from sargas.feeds.words import COMMON_COLUMNS

FORMATS: Final = (
    "nmea",
    "dma-csv",
    "noaa-csv",
    "noaa-geoparquet",
    "aiscatcher-json",
    "sargas-parquet",
    "csv",
)
"""Every format that `open_feed` reads."""

PARQUET: Final = b"PAR1"
_NMEA: Final = re.compile(rb"!..VD[MO],[0-9]|^\$PGHP,", re.MULTILINE)
_JSON: Final = re.compile(rb'"nmea"\s*:\s*\[|"jsonaiscatcher"|"class"\s*:\s*"AIS"')
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def text_format(head: bytes) -> str | None:
    """Tell the format of text by its first bytes; None if it is none that is known."""
    body = head.removeprefix(BOM).lstrip(b" \t\r\n")
    if body[:1] in (b"{", b"["):
        return "aiscatcher-json" if _JSON.search(body) else None
    if _NMEA.search(body):
        return "nmea"
    header = Header(head)
    keys = frozenset(header.keys)
    if keys >= dma.KEYS:
        return dma.FORMAT
    if noaa.is_noaa(keys):
        return noaa.FORMAT
    return generic.FORMAT if generic.is_plain(header) else None


def enough(head: bytes) -> bool:
    """Tell whether the first bytes of a stream already show its format."""
    return b"\n" in head and text_format(head) is not None


def refuse(where: str, head: bytes) -> FormatError:
    """Say what was found where no format is known."""
    if not head.strip(b"\r\n \t\0" + BOM):
        return FormatError("The file is empty.", where=where)
    if head.startswith(_UTF16):
        return FormatError(
            "The text is UTF-16.", where=where, hint="Save it as UTF-8, or convert it with iconv."
        )
    if head.lstrip(b" \t\r\n")[:1] in (b"{", b"["):
        return FormatError(
            f"This is JSON without AIS sentences; it begins {harmless(head[:60])!r}.",
            where=where,
            hint="Of JSON only that of AIS-catcher is read, by its array nmea.",
        )
    header = Header(head)
    sample = harmless(header.line)
    if len(header.names) > 2 and "\ufffd" not in sample:
        roles = roles_by_alias(header, COMMON_COLUMNS)
        return missing_columns(where, header, roles, COMMON_COLUMNS, "a table of positions")
    return FormatError(
        f"The content is of no known format; it begins {sample!r}.",
        where=where,
        hint=f"Known are {', '.join(FORMATS)}; --format names one of them.",
    )


def parquet_format(where: str, names: list[str], metadata: Mapping[bytes, bytes]) -> str:
    """Tell the format of a Parquet file by its schema.

    Raises:
        FormatError: it is none that is known.
    """
    if b"sargas.schema" in metadata:
        return "sargas-parquet"
    lower = frozenset(name.lower() for name in names)
    if noaa.is_noaa(lower) and (
        b"geo" in metadata or {"lon", "longitude", *geoparquet.GEOMETRY} & lower
    ):
        return "noaa-geoparquet"
    raise FormatError(
        f"The Parquet file holds no known table. Its columns: {', '.join(names[:40])}.",
        where=where,
        hint="Known are files written by sargas and the daily points of NOAA MarineCadastre.",
    )


__all__ = ["BOM", "FORMATS", "HEAD", "PARQUET", "enough", "parquet_format", "refuse", "text_format"]
