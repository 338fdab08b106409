"""What every reader hands on: features as they stand in the file, and what the file says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sargas.reference.geometry import Shape

MAX_BYTES = 200_000_000
"""A file of assets larger than this is refused; unpacked size counts."""


@dataclass
class RawFeature:
    """One feature as it stands in the file.

    Attributes:
        where: place in the file for messages: `feature 3`, `line 12`, `way/123`.
        properties: the file's own fields, flat.
        shape: geometry as read; None when there is a fault.
        fault: counter word of what is wrong; empty when there is a geometry.
    """

    where: str
    properties: dict[str, Any]
    shape: Shape | None = None
    fault: str = ""


@dataclass
class RawFile:
    """A file's features, and what it says about all of them.

    Attributes:
        path: the file.
        format: name of the format for people.
        features: in file order.
        crs: name of the reference system; empty for longitude and latitude on WGS84.
        metadata: fields said once for all features: `licence`, `attribution`, `accuracy_m`,
            `source`, `version`, ... as far as the file says them.
        notes: sentences on what the reader assumed.
    """

    path: Path
    format: str
    features: list[RawFeature] = field(default_factory=list)
    crs: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def safe(text: object, most: int = 80) -> str:
    r"""Make a text from a file fit for a message: printable, and not long.

    Example:
        >>> safe("a\x1b[31mb")
        'a[31mb'
    """
    return "".join(c for c in str(text)[:most] if c.isprintable())


_WGS84 = re.compile(r"CRS[:_ ]?84\b|EPSG:{1,2}[\d.]*:?(4326|4979)\b|^(4326|4979|WGS ?84)$", re.I)


def crs_name(text: object) -> str:
    """Give the name of a reference system, empty for WGS84 longitude and latitude.

    Example:
        >>> crs_name("urn:ogc:def:crs:EPSG::4326"), crs_name("urn:ogc:def:crs:OGC:1.3:CRS84")
        ('', '')
        >>> crs_name("urn:ogc:def:crs:EPSG::3035")
        'EPSG:3035'
    """
    words = str(text or "").strip()
    if not words or _WGS84.search(words):
        return ""
    code = re.search(r"EPSG:{1,2}(?:[\d.]*:)?(\d+)", words, re.I)
    return f"EPSG:{code[1]}" if code else safe(words)
