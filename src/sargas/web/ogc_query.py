"""What a client of OGC API Features asks of a collection: box, time, how many, from where.

Source:
    OGC 17-069r4, OGC API Features Part 1: Core, sections 7.15.2 to 7.15.8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import shapely
from starlette.datastructures import QueryParams

from sargas.errors import UsageError
from sargas.model.time import parse_iso

LIMIT_USUAL, LIMIT_MOST = 10, 1000
"""Features of a page, where nobody asks for another number, and at most."""
OFFSET_MOST = 10**9
KNOWN = ("bbox", "datetime", "limit", "offset", "group")


@dataclass(frozen=True)
class Query:
    """What is asked for.

    Attributes:
        boxes: (west, south, east, north), two where the box crosses the antimeridian; none for all.
        span_ms: first and last moment, None for an open end; None for all.
        limit, offset: the page.
    """

    boxes: tuple[tuple[float, float, float, float], ...] = ()
    span_ms: tuple[int | None, int | None] | None = None
    limit: int = LIMIT_USUAL
    offset: int = 0

    def fits(self, geometry: Any, from_ms: int | None, to_ms: int | None) -> bool:  # noqa: ANN401
        """Tell whether a feature is asked for; one without a place lies in no box.

        Args:
            geometry: of shapely, None for none.
            from_ms, to_ms: its time, None for an open end; both None for a feature without time,
                which every span takes.
        """
        if self.boxes and (
            geometry is None
            or not any(shapely.intersects(geometry, shapely.box(*box)) for box in self.boxes)
        ):
            return False
        if self.span_ms is None:
            return True
        low, high = self.span_ms
        starts_in_time = high is None or from_ms is None or from_ms <= high
        return starts_in_time and (low is None or to_ms is None or to_ms >= low)


def checked_names(asked: QueryParams, known: tuple[str, ...] = ("group",)) -> None:
    """Refuse a parameter that is not known, or is there twice.

    Raises:
        UsageError: there is such a one.
    """
    for name in asked:
        if name not in known:
            raise UsageError(
                f"There is no parameter '{name[:40]}'.", hint=f"Known are {', '.join(known)}."
            )
        if len(asked.getlist(name)) > 1:
            raise UsageError(f"{name} is there twice.")


def read_query(asked: QueryParams) -> Query:
    """Read the parameters of a collection's items.

    Raises:
        UsageError: one is unknown or cannot be read.

    Example:
        >>> read_query(QueryParams("bbox=170,50,-170,60&limit=5")).boxes
        ((170.0, 50.0, 180.0, 60.0), (-180.0, 50.0, -170.0, 60.0))
    """
    checked_names(asked, KNOWN)
    return Query(
        _boxes(asked["bbox"]) if "bbox" in asked else (),
        _span(asked["datetime"]) if "datetime" in asked else None,
        min(_number(asked, "limit", LIMIT_USUAL, 1), LIMIT_MOST),
        min(_number(asked, "offset", 0, 0), OFFSET_MOST),
    )


def _boxes(text: str) -> tuple[tuple[float, float, float, float], ...]:
    """Read a box of four numbers, or of six with heights, which nothing here has."""
    hint = "Four numbers: west, south, east, north, in degrees."
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError as error:
        raise UsageError(f"bbox={text[:80]} has no numbers.", hint=hint) from error
    if len(numbers) == 6:
        del numbers[5], numbers[2]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise UsageError(f"bbox={text[:80]} is no box.", hint=hint)
    west, south, east, north = numbers
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise UsageError(f"bbox={text[:80]} is no box on earth.", hint=hint)
    if west <= east:
        return ((west, south, east, north),)
    return (west, south, 180.0, north), (-180.0, south, east, north)


def _span(text: str) -> tuple[int | None, int | None]:
    """Read a moment, or an interval whose one end may be open."""
    words = text.split("/")
    if len(words) > 2:
        raise UsageError("datetime is a moment, or two with a / between.")
    try:
        ends = [None if word in ("", "..") else parse_iso(word) for word in words]
    except (UsageError, OverflowError) as error:
        raise UsageError(
            f"datetime={text[:80]} is no time.", hint="Write 2024-12-25T10:26:00Z, or an interval."
        ) from error
    low, high = ends[0], ends[-1]
    if low is None and high is None:
        raise UsageError("datetime names no time.", hint="Leave it out for all.")
    if low is not None and high is not None and low > high:
        raise UsageError("datetime ends before it begins.")
    return low, high


def _number(asked: QueryParams, name: str, usual: int, least: int) -> int:
    text = asked.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) < least:
        raise UsageError(f"{name}={text[:40]} is no number from {least} up.")
    return int(text)
