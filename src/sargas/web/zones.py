"""Zones, vigilance areas and masks on the screen: what counts at the clock, and drawing them.

They are kept in the home's one book (`sargas.reference.mask_book`), where `sargas masks` keeps
them too. What changes how alerts are weighed counts from after all that has been judged, so that
the same rows scanned again give the same alerts.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import shapely
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sargas.errors import ConflictError, NotFoundError, UsageError
from sargas.model.said import LINE_MOST, checked_line, checked_officer
from sargas.model.time import iso
from sargas.model.triage import ZONE_VERBS
from sargas.reference import Mask
from sargas.reference.mask_book import (
    EXPIRE,
    Act,
    Entry,
    MaskBook,
    read_book,
    write_book,
    writing,
)
from sargas.reference.masks import (
    DOWNGRADE,
    EFFECTS,
    FOREVER_MS,
    KINDS_BY_EFFECT,
    MASK_KINDS,
    MUTE,
    NONE,
    feature_of,
)
from sargas.watch.detect import DETECTORS
from sargas.web.clocks import Clocks, clock_of
from sargas.web.commands import read_command, without_watch
from sargas.web.desk import Desk
from sargas.web.player import Player
from sargas.web.refusals import refusal
from sargas.web.roles import WEIGH, RoleNeededError, may_do

CHART = (9.0, 53.0, 31.0, 66.5)
"""West, south, east and north of the map, degrees: what lies beyond cannot be looked at."""
POINTS_MOST = 500
NAME_MOST = 60
"""Letters of a zone's name (chosen: it stands beside its outline)."""
REASON_MOST = 400
VERB_OF = dict(zip(("draw", "change", "expire"), ZONE_VERBS, strict=True))


class ZoneCommand(msgspec.Struct, forbid_unknown_fields=True):
    """Drawing a zone, changing it, or withdrawing it."""

    action: str
    reason: str
    officer: str = ""
    id: str = ""
    version: int = 0
    name: str = ""
    effect: str = NONE
    kind: str = ""
    detectors: list[str] = []
    valid_until_ms: int | None = None
    geometry: Any = None


class ZoneBook:
    """The book of a home that may be folded at the same time.

    Args:
        home: the home's folder.
        judged_ms: tells up to which event time all was judged.
        turn: held while a version is written, and by whoever folds the home while it judges a
            batch, so that none is judged between the question and the answer.
    """

    def __init__(
        self,
        home: Path,
        judged_ms: Callable[[], int],
        turn: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._home, self._judged_ms = home, judged_ms
        self._turn = turn or contextlib.nullcontext()

    def known(self, t_ms: int) -> list[dict[str, Any]]:
        """List what counts at an event time, and what was drawn by then to count later."""
        return zones_at(read_book(self._home), t_ms)

    def write(
        self, command: ZoneCommand, desk: Desk, t_ms: int, at_ms: int, *, may_weigh: bool = True
    ) -> Entry | None:
        """Write a command into the book and the audit log: into both, or neither.

        Args:
            command: what is asked for.
            desk: the log.
            t_ms: event time on the officer's screen.
            at_ms: wall clock, ms UTC.
            may_weigh: whether the zone may change how alerts are weighed, or may have until now.

        Returns:
            The version that was written; None where it stands so already.

        Raises:
            UsageError: something in the command is missing or wrong.
            NotFoundError: there is no such zone.
            ConflictError: it is another version than was seen.
            RoleNeededError: it weighs, and may not.
        """
        officer = checked_officer(command.officer)
        if command.action not in VERB_OF:
            raise UsageError(f"A zone cannot be told to '{command.action}'.",
                             hint="draw, change, or expire.")  # fmt: skip
        with self._turn, writing(self._home):
            book = read_book(self._home)
            before = _seen(book, command)
            act = _planned(book, command, before, officer, t_ms)
            if not act.is_new:
                return None
            weighs = act.mask.effect != NONE or (before and before.mask.effect != NONE)
            if weighs and not may_weigh:
                raise RoleNeededError(WEIGH)
            from_ms = max(t_ms, self._judged_ms() + 1) if weighs else t_ms
            if act.act != EXPIRE and act.mask.valid_until_ms <= from_ms:
                raise UsageError(f"It would end before it counts, which is from {iso(from_ms)} on.")
            reason = checked_line(command.reason, "The reason", REASON_MOST)
            grown = book.grown([act], from_ms, iso(at_ms // 1000 * 1000), officer, reason, t_ms)
            write_book(self._home, grown)
            entry = grown.entries[-1]
            try:
                desk.log.note(
                    VERB_OF[command.action], officer, t_ms=t_ms, at_ms=at_ms,
                    detail={"feature": feature_of(entry.mask), "reason": reason,
                            "counts_from": iso(from_ms)},
                )  # fmt: skip
            except BaseException:
                write_book(self._home, book)
                raise
            return entry


class Zones:
    """The paths of zones.

    Args:
        clocks: the clock, or clocks.
        desk: where acts are told and logged.
        book: the home's book.
    """

    def __init__(self, clocks: Clocks, desk: Desk, book: ZoneBook) -> None:
        self.clocks, self.desk, self.book = clocks, desk, book

    def routes(self) -> list[Route]:
        """Give the paths."""
        return [
            Route("/api/zones", self.all),
            Route("/api/zones", self.post, methods=["POST"]),
        ]

    def all(self, request: Request) -> Response:
        """Give the zones as of the clock."""
        return JSONResponse(self._collection(clock_of(request)))

    async def post(self, request: Request) -> Response:
        """Draw, change or withdraw a zone."""
        command = await read_command(request, ZoneCommand)
        if refused := await without_watch(self.desk, command.officer):
            return refused
        player = clock_of(request)
        t_ms, at_ms = player.t_ms, time.time_ns() // 1_000_000
        try:
            entry = await asyncio.to_thread(
                self.book.write, command, self.desk, t_ms, at_ms,
                may_weigh=may_do(request, WEIGH),
            )  # fmt: skip
        except ConflictError as error:
            now = await asyncio.to_thread(self._collection, player)
            return refusal(409, error.what, error.hint, zones=now)
        await self.desk.catch_up(self.clocks)
        now = await asyncio.to_thread(self._collection, player)
        return JSONResponse({
            "id": entry.mask.id if entry else command.id,
            "counts_from": iso(entry.counts_from_ms) if entry else None,
            "zones": now,
        })  # fmt: skip

    def _collection(self, player: Player) -> dict[str, Any]:
        return {
            "type": "FeatureCollection",
            "features": self.book.known(player.t_ms),
            "detectors": sorted(make.word for make in DETECTORS),
            "kinds": list(MASK_KINDS),
        }


def zones_at(book: MaskBook, t_ms: int) -> list[dict[str, Any]]:
    """Write what was known of a book at an event time as GeoJSON features.

    `counts` is false for what was drawn by then but weighs only later: what had been judged when
    it was drawn stays as it was.
    """
    out: dict[tuple[str, int], dict[str, Any]] = {}
    newest = {e.mask.id: e for e in book.entries if _known(e, t_ms)}
    for entry in book.entries:
        if not _known(entry, t_ms) or entry.act == EXPIRE:
            continue
        mask, last = entry.mask, newest[entry.mask.id]
        start_ms, until_ms = max(mask.valid_from_ms, entry.counts_from_ms), mask.valid_until_ms
        if last is not entry:
            after = [e for e in book.entries if e.mask.id == mask.id and e.version > entry.version]
            until_ms = min(until_ms, *(e.counts_from_ms for e in after if _known(e, t_ms)))
        if until_ms <= t_ms or until_ms <= start_ms:
            continue
        if last is not entry and start_ms > t_ms and last.act != EXPIRE:
            continue  # what has yet to count and was changed since: only the last word of it
        out[mask.id, entry.version] = {
            "type": "Feature",
            "geometry": feature_of(mask)["geometry"],
            "properties": {
                "id": mask.id, "name": mask.name, "effect": mask.effect, "kind": mask.kind,
                "detectors": list(mask.detectors), "assets": list(mask.assets),
                "valid_from": iso(start_ms),
                "valid_until": None if until_ms >= FOREVER_MS else iso(until_ms),
                "counts": start_ms <= t_ms, "version": entry.version,
                "latest": last is entry, "owner": mask.owner, "by": entry.by,
                "reason": mask.reason,
            },
        }  # fmt: skip
    return [out[key] for key in sorted(out)]


def _known(entry: Entry, t_ms: int) -> bool:
    """Tell whether a version counts at an event time or was drawn by then."""
    since_ms = entry.counts_from_ms if entry.drawn_ms is None else entry.drawn_ms
    return since_ms <= t_ms


def _seen(book: MaskBook, command: ZoneCommand) -> Entry | None:
    """Find the version that a command is about; None for what is drawn anew."""
    if command.action == "draw":
        return None
    before = book.latest.get(command.id)
    if before is None or before.act == EXPIRE:
        raise NotFoundError(f"There is no zone '{command.id[:40]}'.",
                            hint="It may have been withdrawn meanwhile.")  # fmt: skip
    if before.version != command.version:
        raise ConflictError(f"{before.by} has changed it meanwhile: {before.reason}",
                            hint="Look at it again.")  # fmt: skip
    return before


def _planned(
    book: MaskBook, command: ZoneCommand, before: Entry | None, officer: str, t_ms: int
) -> Act:
    """Check a command, and say what it would do to the book."""
    if not checked_line(command.reason, "The reason", REASON_MOST):
        raise UsageError("It needs a reason.", hint="Others will ask why it is there.")
    if command.action == "expire":
        return book.plan_expire(command.id)
    old = before.mask if before else None
    name = checked_line(command.name, "The name", NAME_MOST)
    if not name:
        raise UsageError("It needs a name.", hint="Alerts in it are named by it.")
    if command.effect not in EFFECTS:
        raise UsageError(f"The effect '{command.effect[:20]}' is none of {', '.join(EFFECTS)}.")
    kinds = KINDS_BY_EFFECT[command.effect]
    kind = command.kind if len(kinds) > 1 else kinds[0]
    if kind not in kinds:
        raise UsageError("A mask says why stopping there is ordinary.",
                         hint=f"One of {', '.join(kinds)}.")  # fmt: skip
    strange = sorted(set(command.detectors) - {make.word for make in DETECTORS})
    if strange:
        raise UsageError(f"There is no detector '{strange[0][:LINE_MOST]}'.")
    if old is not None and command.geometry is None:
        geometry = old.geometry
    else:
        geometry = checked_polygon(command.geometry)
    mask = Mask(
        id=old.id if old else _fresh_id(book),
        kind=kind,
        geometry=geometry,
        owner=old.owner if old else officer,
        reason=checked_line(command.reason, "The reason", REASON_MOST),
        valid_from_ms=old.valid_from_ms if old else 0,
        valid_until_ms=_end_ms(command, t_ms),
        assets=old.assets if old else (),
        effect=command.effect,
        detectors=tuple(sorted(set(command.detectors))),
        name=name,
    )
    (act,) = book.plan_add([mask])
    return act


def _fresh_id(book: MaskBook) -> str:
    """Name a zone: z1, z2 and so on; no number is given twice."""
    number = 1
    while f"z{number}" in book.latest:
        number += 1
    return f"z{number}"


def _end_ms(command: ZoneCommand, t_ms: int) -> int:
    """Read the end of a zone."""
    until_ms = command.valid_until_ms
    if until_ms is None:
        if command.effect in (MUTE, DOWNGRADE):
            raise UsageError("A mask needs an end, so that it does not mute for ever.",
                             hint="Give the day on which somebody looks at it again.")  # fmt: skip
        return FOREVER_MS
    if not t_ms < until_ms < FOREVER_MS:
        raise UsageError("Its end is not after the time shown.")
    return until_ms


def checked_polygon(value: object) -> Any:  # noqa: ANN401 - shapely is untyped
    """Check an outline that was drawn or typed.

    Args:
        value: GeoJSON geometry, a Polygon in degrees, longitude before latitude.

    Raises:
        UsageError: what is wrong with it, in words.

    Example:
        >>> ring = [[20, 58], [21, 58], [21, 59], [20, 58]]
        >>> checked_polygon({"type": "Polygon", "coordinates": [ring]}).area
        0.5
    """
    rings = _rings(value)
    for ring in rings:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise UsageError("The outline is not closed, or has fewer than three corners.")
    geometry: Any = shapely.polygons(rings[0], holes=rings[1:] or None)
    if not geometry.is_valid:
        reason, _, place = shapely.is_valid_reason(geometry).partition("[")
        if "Self-intersection" in reason or "self" in reason.lower():
            raise UsageError(f"The outline crosses itself near {place.rstrip(']')}.",
                             hint="Move a corner so that no two sides cross.")  # fmt: skip
        raise UsageError(f"The outline is not a polygon ({reason.lower()}).")
    if not geometry.area > 0:
        raise UsageError("The outline encloses nothing.")
    shapely.prepare(geometry)
    return geometry


def _rings(value: object) -> list[list[tuple[float, float]]]:
    """Read the rings of a GeoJSON polygon, each a bounded list of places on the map."""
    if not isinstance(value, dict) or value.get("type") != "Polygon":
        raise UsageError("A zone is a polygon.")
    given = value.get("coordinates")
    if not isinstance(given, list) or not given or not all(isinstance(r, list) for r in given):
        raise UsageError("The polygon has no outline.")
    if sum(map(len, given)) > POINTS_MOST + 1:
        raise UsageError(f"The outline has more than {POINTS_MOST} points.",
                         hint="Draw it with fewer corners.")  # fmt: skip
    return [[_place(point) for point in ring] for ring in given]


def _place(point: object) -> tuple[float, float]:
    """Read a place on the map."""
    if not isinstance(point, list) or len(point) != 2:
        raise UsageError("A point of the outline is not a longitude and a latitude.")
    for number in point:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise UsageError("A point of the outline is not a longitude and a latitude.")
    try:
        lon, lat = float(point[0]), float(point[1])
    except OverflowError as error:
        raise UsageError("A point of the outline is not on the map.") from error
    west, south, east, north = CHART
    if not (math.isfinite(lon) and west <= lon <= east and south <= lat <= north):
        raise UsageError(f"The point {lon:g}, {lat:g} is not on the map.",
                         hint=f"It shows {west:g}-{east:g} E, {south:g}-{north:g} N.")  # fmt: skip
    return lon, lat
