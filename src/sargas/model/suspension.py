"""Suspensions: alerts of a vessel or a list that are muted for a time, with the reason.

"Vessel or list x detector x area x until": one object for whatever an officer knows to be
ordinary for a while, like a cable ship at work. It is written into the audit log and ended by
another line there, so that it is versioned and a replay sees what the watch saw. What it mutes
stays an alert, as a Note with the suspension's name on it, and is counted.

Whether one covers an alert is decided by where and when the alert was first detected, and stays
so: an alert that stood before is not muted, and one that was muted does not ring because its
vessel moves on or the time is over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import shapely
from shapely.errors import ShapelyError  # type: ignore[attr-defined]

from sargas.errors import UsageError
from sargas.model.said import checked_line
from sargas.model.time import DAY_MS, MINUTE_MS, iso, iso_or_number, parse_iso
from sargas.model.triage import Act

SUSPEND, END_SUSPENSION = "suspend", "end_suspension"
"""Verbs of the audit log."""
MOST_MS = 90 * DAY_MS
"""Longest suspension: what is ordinary for longer is a mask, which has an owner."""
VESSELS_MOST, DETECTORS_MOST, CORNERS_MOST = 50, 40, 500
"""Of one suspension (chosen: a convoy, all detectors twice over, a coast drawn by hand)."""
REASON_MOST, WHERE_MOST, LIST_MOST = 300, 80, 80
"""Letters."""
MUTED_PRIORITY = "P3"
_LEAD = "suspension:"
_FIELDS = ("mmsis", "imos", "list", "detectors", "area", "where", "until_ms", "reason")
_WORD = re.compile(r"[a-z][a-z0-9_]{1,39}")


class About(NamedTuple):
    """What an alert is about, as it was first detected."""

    detector: str
    domain: str
    mmsi: int
    imo: int | None
    lists: Collection[str]
    lon: float
    lat: float
    t_ms: int


@dataclass(frozen=True)
class Suspension:
    """Alerts of a vessel or a list, muted for a time.

    Attributes:
        id: like `s12`, after its line of the log.
        mmsis, imos: the vessels, by either number that they report; empty where a list is named.
        list_name: name of a vessel list (D16) whose vessels are meant; empty where vessels are.
        detectors: words of the detectors; empty for all.
        area: GeoJSON polygon, longitude before latitude; None for everywhere.
        where: the area in words.
        from_ms, until_ms: event time, ms UTC; the end is not part of it.
        reason: why.
        by: who suspended.
        ended_ms, ended_by: event time at which somebody ended it before its time, and who.
    """

    id: str
    mmsis: tuple[int, ...]
    imos: tuple[int, ...]
    list_name: str
    detectors: tuple[str, ...]
    area: Mapping[str, Any] | None
    where: str
    from_ms: int
    until_ms: int
    reason: str
    by: str
    ended_ms: int | None = None
    ended_by: str | None = None

    @property
    def name(self) -> str:
        """What stands in `muted_by` of the alerts that it covers."""
        return _LEAD + self.id

    @property
    def ends_ms(self) -> int:
        """When it ends, or ended."""
        return self.until_ms if self.ended_ms is None else min(self.until_ms, self.ended_ms)

    @cached_property
    def _polygon(self) -> Any:  # noqa: ANN401 - shapely is untyped
        shape = shapely.from_geojson(json.dumps(self.area))
        shapely.prepare(shape)
        return shape

    def covers(self, about: About) -> bool:
        """Tell whether an alert is one of those that are muted."""
        if not self.from_ms <= about.t_ms < self.ends_ms or about.domain != "sea":
            return False
        if self.list_name:
            is_subject = self.list_name in about.lists
        else:
            is_subject = about.mmsi in self.mmsis or about.imo in self.imos
        if not is_subject or (self.detectors and about.detector not in self.detectors):
            return False
        # To the digits that an alert is written with: it is the same alert read back.
        place = (round(about.lon, 6), round(about.lat, 6))
        return self.area is None or bool(shapely.intersects_xy(self._polygon, *place))

    def to_dict(self) -> dict[str, Any]:
        """Write it as screens and the command line take it; times in ms UTC."""
        return {
            "id": self.id, "mmsis": list(self.mmsis), "imos": list(self.imos),
            "list": self.list_name, "detectors": list(self.detectors), "area": self.area,
            "where": self.where, "from_ms": self.from_ms, "until_ms": self.until_ms,
            "ends_ms": self.ends_ms, "reason": self.reason, "by": self.by,
            "ended_ms": self.ended_ms, "ended_by": self.ended_by,
        }  # fmt: skip


def suspensions_of(lines: Iterable[Act], as_of_ms: int | None = None) -> tuple[Suspension, ...]:
    """Fold the suspensions that a log tells of, in the order in which they began.

    Args:
        lines: of the audit log, oldest first; others than its own are passed over.
        as_of_ms: leave out what was done after this event time.
    """
    found: dict[str, Suspension] = {}
    for act in lines:
        if as_of_ms is not None and act.t_ms > as_of_ms:
            continue
        if act.verb == SUSPEND:
            found[act.detail["suspension"]] = _read(act)
        elif act.verb == END_SUSPENSION and (one := found.get(act.detail["suspension"])):
            found[one.id] = replace(one, ended_ms=act.t_ms, ended_by=act.officer)
    return tuple(found.values())


def _read(act: Act) -> Suspension:
    """Read a suspension from its line of the log."""
    said = act.detail
    return Suspension(
        said["suspension"], tuple(said["mmsis"]), tuple(said["imos"]), said["list"],
        tuple(said["detectors"]), said["area"], said["where"], said["from_ms"], said["until_ms"],
        said["reason"], act.officer,
    )  # fmt: skip


def covering(suspensions: Iterable[Suspension], about: About) -> tuple[str, ...]:
    """Name the suspensions that cover an alert, in the order in which they began."""
    return tuple(one.name for one in suspensions if one.covers(about))


def is_suspension(name: str) -> bool:
    """Tell whether a name in `muted_by` is that of a suspension.

    Example:
        >>> is_suspension("suspension:s12"), is_suspension("port of Turku")
        (True, False)
    """
    return name.startswith(_LEAD)


def about_of(body: Mapping[str, Any]) -> About:
    """Say what an alert is about, from the body of its first version."""
    who, lists = body["subject"], body["context"].get("lists") or ()
    nowhere = float("nan")
    return About(
        body["detector"], who["domain"], who["mmsi"], who["imo"], {one["list"] for one in lists},
        nowhere if body["lon"] is None else body["lon"],
        nowhere if body["lat"] is None else body["lat"], parse_iso(body["t_detected"]),
    )  # fmt: skip


def muted(
    body: Mapping[str, Any], first: Mapping[str, Any], suspensions: Iterable[Suspension]
) -> dict[str, Any]:
    """Give the body of an alert as the watch would have given it under suspensions.

    Args:
        body: any version, as the watch gave it without knowing of them, or knowing.
        first: the first version.
        suspensions: as of the time of the version, or later.
    """
    before = list(body["muted_by"])
    more = [n for n in covering(suspensions, about_of(first)) if n not in before]
    if not more:
        return dict(body)
    notes = list(body["notes"])
    if not before:
        level = body["priority"]
        step = "a P3 as it is" if level == MUTED_PRIORITY else f"from {level} to {MUTED_PRIORITY}"
        notes.append(f"muted by {', '.join(more)}: {step}")
    return {
        **body, "priority": MUTED_PRIORITY, "muted_by": before + more, "notes": notes,
    }  # fmt: skip


def suspensions_version(suspensions: Sequence[Suspension]) -> str:
    """Name suspensions by their content: 12 hexadecimal digits, the same for equal ones."""
    text = json.dumps([one.to_dict() for one in suspensions], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def checked_suspension(said: Mapping[str, Any], t_ms: int) -> dict[str, Any]:
    """Check and tidy what is said with a suspension that begins now.

    Args:
        said: `mmsis` or `imos` (lists of numbers), or `list` (a name); `detectors` (words, empty
            for all); `area` (GeoJSON polygon, None for everywhere) and `where` (it in words);
            `until_ms`; `reason`.
        t_ms: event time from which it counts.

    Raises:
        UsageError: something is missing, too much, unknown or contradicts itself.

    Example:
        >>> said = {"mmsis": [230000001], "until_ms": 8 * 3_600_000, "reason": "Cable ship"}
        >>> checked_suspension(said, 0)["detectors"]
        []
    """
    if strange := sorted(k for k in said if k not in _FIELDS):
        raise UsageError(f"'{strange[0]}' cannot be said with a suspension.")
    out: dict[str, Any] = {
        "mmsis": _numbers(said.get("mmsis"), "An MMSI", 1, 999_999_999),
        "imos": _numbers(said.get("imos"), "An IMO number", 1_000_000, 9_999_999),
        "list": checked_line(said.get("list"), "The list's name", LIST_MOST),
        "detectors": _detectors(said.get("detectors")),
        "area": _area(said.get("area")),
        "where": checked_line(said.get("where"), "The name of the area", WHERE_MOST),
        "from_ms": t_ms,
        "until_ms": _until(said.get("until_ms"), t_ms),
        "reason": checked_line(said.get("reason"), "The reason", REASON_MOST),
    }
    vessels = len(out["mmsis"]) + len(out["imos"])
    if bool(vessels) == bool(out["list"]):
        raise UsageError(
            "A suspension is for a vessel or for a list.",
            hint="Name vessels by MMSI or IMO number, or one list. For a place, make a mask.",
        )
    if vessels > VESSELS_MOST:
        raise UsageError(f"{vessels} vessels are too many; {VESSELS_MOST} are the most.")
    if not out["reason"]:
        raise UsageError("A suspension needs a reason.", hint="Say why this is ordinary for now.")
    if out["area"] is None and out["where"]:
        raise UsageError("The name of an area was said, but no area.")
    return out


def _numbers(values: object, what: str, least: int, most: int) -> list[int]:
    if values is None:
        return []
    if not isinstance(values, list | tuple):
        raise UsageError(f"{what} is a number; several are a list.")
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise UsageError(f"{what} is a number from {least} to {most}; this is none: {value!r}.")
    return sorted(set(values))


def _detectors(values: object) -> list[str]:
    if values is None:
        return []
    if not isinstance(values, list | tuple) or len(values) > DETECTORS_MOST:
        raise UsageError("Detectors are a list of their words; an empty one means all.")
    for value in values:
        if not isinstance(value, str) or not _WORD.fullmatch(value):
            raise UsageError(
                f"{value!r} is no detector's word.", hint="See 'sargas detectors list'."
            )
    return sorted(set(values))


def _until(until_ms: object, t_ms: int) -> int:
    if not isinstance(until_ms, int) or isinstance(until_ms, bool):
        raise UsageError("A suspension needs the time at which it ends.")
    if not t_ms + MINUTE_MS <= until_ms <= t_ms + MOST_MS:
        raise UsageError(
            f"A suspension until {iso_or_number(until_ms)} is not "
            f"within a minute and {MOST_MS // DAY_MS} days from {iso(t_ms)}.",
            hint="For what is ordinary for longer, make a mask ('sargas masks add').",
        )
    return until_ms


def _area(area: object) -> dict[str, Any] | None:
    """Check a polygon; it is kept as shapely writes it."""
    if area is None:
        return None
    hint = "A GeoJSON Polygon or MultiPolygon, longitude before latitude."
    try:
        shape = shapely.from_geojson(json.dumps(area, allow_nan=False))
    except (ShapelyError, TypeError, ValueError, RecursionError) as error:
        raise UsageError("The area cannot be read.", hint=hint) from error
    if shape is None or not shape.geom_type.endswith("Polygon") or shape.is_empty:
        raise UsageError("The area is no polygon.", hint=hint)
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise UsageError("The area is not in degrees.", hint=hint)
    if shapely.get_num_coordinates(shape) > CORNERS_MOST:
        raise UsageError(f"The area has more than {CORNERS_MOST} corners.")
    if not shape.is_valid:
        raise UsageError("The area crosses itself.", hint="Draw it anew.")
    kept: dict[str, Any] = json.loads(shapely.to_geojson(shapely.force_2d(shape)))
    return kept
