"""What a dossier shows beyond its alert: the way, the usual speed, the map, who the vessel is.

Everything is as of the clock, like all that the screen shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sargas.model.assets import Asset, AssetSet, chains
from sargas.model.fixes import AIR, SEA, Fixes
from sargas.model.geodesy import distance_m, metres_per_degree
from sargas.model.static_history import IDENTITY, static_history
from sargas.model.svg_map import HEIGHT, WIDTH, MapPoint, map_box
from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS, day_of, iso, parse_iso
from sargas.reference import ship_type_text
from sargas.reference.geography import land_collection
from sargas.share.evidence import evidence_span_ms, without_copies
from sargas.web.as_json import Json
from sargas.web.clocks import clock_of
from sargas.web.files import AlertFiles, Gather
from sargas.web.picture import track_columns

if TYPE_CHECKING:
    from sargas.store import Archive
    from sargas.web.player import Player

BEFORE_MS = HOUR_MS
"""Track shown before an alert's start, so that the change can be seen against what was usual."""
USUAL_MS = 12 * HOUR_MS
"""The usual speed is taken from so long before the start (chosen: a watch and a half)."""
USUAL_LEAST_MIN = 30
"""No usual speed is told from fewer minutes (chosen)."""
MOVING_KN = 0.5
"""Slower minutes are a ship at its berth or anchor, not its usual speed (chosen)."""
NEAR_MS = 10 * MINUTE_MS
NEAR_MOST = 400
"""Other ships on the map: not received for so long they are left out; no more than so many."""
IDENTITIES_MOST = 50
ROOM_DEG = 0.4
"""A map without fixes reaches so far east and west of the alert: some 20 km (chosen)."""


def dossier_routes(
    archive: Archive,
    assets: AssetSet,
    alert_body: Callable[[str, Player], dict[str, Any]],
    gather: Gather | None,
) -> list[Route]:
    """Make the routes of the dossier.

    Args:
        archive: the stored fixes.
        assets: what the map shows.
        alert_body: the answer to `/api/alerts/{id}`, by a clock.
        gather: gathers evidence for files; without it there are none.
    """
    answers = _Answers(archive, assets, alert_body)
    routes = [
        Route("/api/alerts/{id}/dossier", answers.dossier),
        Route("/api/vessels/{mmsi:int}/identities", answers.identities),
    ]
    if gather is not None:
        routes.append(Route("/api/alerts/{id}/{file}", AlertFiles(gather).file))
    return routes


class _Answers:
    """What the page reads."""

    def __init__(
        self,
        archive: Archive,
        assets: AssetSet,
        alert_body: Callable[[str, Player], dict[str, Any]],
    ) -> None:
        self.archive, self.assets, self.alert_body = archive, assets, alert_body

    def dossier(self, request: Request) -> Response:
        """Answer everything but the identities, which belong to the vessel."""
        player = clock_of(request)
        archive, t_ms = self.archive, player.t_ms
        body = self.alert_body(request.path_params["id"], player)
        received = fixes_of(archive, body, t_ms)
        fixes = without_copies(received)
        body["evidence"] |= with_distance(fixes, body, self.assets, with_source=True)
        return Json(
            {
                "alert": body,
                "kept": _kept(archive, body, len(fixes), len(received)),
                "usual": _usual(archive, body),
                "map": self._map(body, fixes),
            }
        )

    def identities(self, request: Request) -> Response:
        """Answer who a vessel said it was, the newest first."""
        mmsi = request.path_params["mmsi"]
        found = static_history(self.archive.statics_of(SEA, mmsi, clock_of(request).t_ms))
        rows = []
        for before, one in zip([None, *found], found, strict=False):
            said = {name: getattr(one, name) for name in IDENTITY}
            if not any(said.values()):
                continue
            # What comes to be known belongs to the version it completes: it is no change.
            changed = [
                name for name, value in said.items()
                if before is not None and value != getattr(before, name)
            ]  # fmt: skip
            kind = one.ship_type
            rows.append(
                {
                    "from": iso(one.from_ms), "to": iso(one.until_ms), "reports": one.reports,
                    **said, "ship_type_text": ship_type_text(kind) if kind else None,
                    "changed": changed,
                }
            )  # fmt: skip
        rows = rows[::-1][:IDENTITIES_MOST]
        return Json({"mmsi": mmsi, "versions": rows, "total": len(found)})

    def _map(self, alert: dict[str, Any], fixes: Fixes) -> dict[str, Any] | None:
        """Cut the map of the hour around the way; None for an alert without a place."""
        if alert["lon"] is None or alert["lat"] is None:
            return None
        here = (alert["lon"], alert["lat"])
        ahead = [
            MapPoint(n["lon"], n["lat"], str(k))
            for k, n in enumerate(alert["next_assets"], 1)
            if n.get("lon") is not None and n.get("lat") is not None
        ]
        lon, lat = fixes.lon_deg, fixes.lat_deg
        if not fixes.has_position.any():  # the surroundings, in which an asset may be
            lon, lat = here[0] + np.array([-ROOM_DEG, ROOM_DEG]), np.array([here[1]] * 2)
        box = map_box(lon, lat, here)
        return {
            "box": [round(edge, 6) for edge in box],
            "width": WIDTH,
            "height": HEIGHT,
            "land": _land(box),
            "assets": _assets(self.assets, alert, box),
            "ahead": [{"lon": p.lon, "lat": p.lat, "sign": p.sign} for p in ahead],
            "near": self._near(alert, box),
        }

    def _near(
        self, alert: dict[str, Any], box: tuple[float, float, float, float]
    ) -> dict[str, Any]:
        """Find the other ships as they were last received before the alert was raised."""
        t_ms = parse_iso(alert["t_detected"])
        found = self.archive.last_positions(t_ms, NEAR_MS)
        lon, lat = found.lon_deg, found.lat_deg
        west, south, east, north = box
        found = found.take(
            (found.domain != AIR) & (found.subject_id != (alert["subject"]["mmsi"] or 0))
            & (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        )  # fmt: skip
        here = alert["lon"], alert["lat"]
        places = zip(found.lon_deg.tolist(), found.lat_deg.tolist(), strict=True)
        away = np.array([distance_m(*here, *place) for place in places])
        nearest = np.argsort(away, kind="stable")[:NEAR_MOST]
        rows = found.take(nearest)
        return {
            "t": alert["t_detected"], "total": len(found), "mmsi": rows.subject_id.tolist(),
            **track_columns(rows), "distance_m": np.round(away[nearest]).tolist(),
        }  # fmt: skip


def fixes_of(archive: Archive, alert: dict[str, Any], to_ms: int) -> Fixes:
    """Read an alert's fixes with an hour on either side, none of them later than `to_ms`."""
    number = alert["subject"]["mmsi"]
    if not number:  # about an area or a feed
        return Fixes.empty()
    from_ms, end_ms = evidence_span_ms(alert)
    end_ms = max(end_ms, parse_iso(alert["t_detected"])) + BEFORE_MS
    return archive.track(SEA, number, from_ms - BEFORE_MS, min(end_ms, to_ms))


def with_distance(
    fixes: Fixes, alert: dict[str, Any], assets: AssetSet, *, with_source: bool = False
) -> dict[str, Any]:
    """Write fixes as a track with the distance to the asset that the alert is about.

    Args:
        fixes: of the alert's vessel.
        alert: as stored.
        assets: among which its own is looked for.
        with_source: say also where each fix was received.

    Returns:
        `fixes`, and `distance_to`: the asset, or the first ahead where the alert is about none;
        null where it is not known here.
    """
    fixes = fixes.take(fixes.has_position)
    track = track_columns(fixes)
    if with_source:
        track |= {
            "msg_type": fixes.msg_type.tolist(),
            "station": fixes.station.tolist(),
            "source": [
                f"{s}:{at}"
                for s, at in zip(fixes.src_id.tolist(), fixes.src_offset.tolist(), strict=True)
            ],
        }
    said = alert["asset"] or next(iter(alert["next_assets"]), None)
    asset = None if said is None else next((a for a in assets.assets if a.id == said["id"]), None)
    if asset is None:
        return {"fixes": track | {"distance_m": [None] * len(fixes)}, "distance_to": None}
    away = distances_m(asset.geometry, fixes.lon_deg, fixes.lat_deg)
    return {
        "fixes": track | {"distance_m": np.round(away).tolist()},
        "distance_to": {
            "id": asset.id, "name": asset.name, "kind": asset.kind,
            "is_ahead": alert["asset"] is None,
        },
    }  # fmt: skip


def distances_m(
    geometry: Any,  # noqa: ANN401 - shapely is untyped
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Measure from each position to the nearest point of a line or area, 0 inside of an area.

    The nearest point is found in plain degrees, stretched so that metres are equal both ways where
    the positions are; the way to it is the geodesic.

    Args:
        geometry: shapely, degrees.
        lon_deg, lat_deg: (n,) float64, all known.

    Returns:
        (n,) metres.
    """
    if not len(lon_deg):
        return np.empty(0)
    stretch = np.array(metres_per_degree(float(np.mean(lat_deg))))
    flat = shapely.transform(geometry, lambda points: points * stretch)
    shapely.prepare(flat)
    ways = shapely.shortest_line(flat, shapely.points(lon_deg * stretch[0], lat_deg * stretch[1]))
    feet = shapely.get_coordinates(shapely.get_point(ways, 0)) / stretch
    pairs = zip(lon_deg.tolist(), lat_deg.tolist(), feet.tolist(), strict=True)
    return np.array([distance_m(lon, lat, *foot) for lon, lat, foot in pairs])


def _usual(archive: Archive, alert: dict[str, Any]) -> dict[str, Any] | None:
    """Tell a vessel's own usual speed before the alert began; None for an area or a feed.

    Each minute under way counts once, with the median of its reports: fast ships report more often.
    """
    number = alert["subject"]["mmsi"]
    if not number:
        return None
    to_ms = parse_iso(alert["t_start"])
    from_ms = to_ms - USUAL_MS
    fixes = archive.track(SEA, number, from_ms, to_ms - 1)
    speed = fixes.sog_kn
    known = ~np.isnan(speed)
    minutes = fixes.t_ms[known] // MINUTE_MS
    values = speed[known]
    firsts = np.flatnonzero(np.diff(minutes, prepend=-1)) if len(minutes) else np.empty(0, int)
    medians = np.array([np.median(part) for part in np.split(values, firsts[1:])] if len(firsts)
                       else [])  # fmt: skip
    moving = medians[medians >= MOVING_KN]
    told = {
        "from": iso(from_ms), "to": iso(to_ms), "minutes": len(moving),
        "minutes_received": len(medians), "moving_kn": MOVING_KN, "least_minutes": USUAL_LEAST_MIN,
    }  # fmt: skip
    if len(moving) < USUAL_LEAST_MIN:
        return told | {"low_kn": None, "middle_kn": None, "high_kn": None}
    low, middle, high = (round(float(v), 1) for v in np.percentile(moving, (10, 50, 90)))
    return told | {"low_kn": low, "middle_kn": middle, "high_kn": high}


def _kept(archive: Archive, alert: dict[str, Any], n: int, received: int) -> dict[str, Any]:
    """Say what is still stored of the fixes, and why some are not, as far as that is known.

    Returns:
        `fixes` and `received` (with copies), `reason`: null, "area" (there never were fixes of one
        vessel), "days_gone" (`days_gone` of the evidence are not stored here any more, or never
        were) or "vessel_gone" (the days are stored, this vessel is not in them), and
        `stored`: the first and last day with fixes.
    """
    days = archive.days()
    from_ms, to_ms = evidence_span_ms(alert)
    steps = range(from_ms - from_ms % DAY_MS, to_ms + 1, DAY_MS)
    gone = sorted({day_of(t_ms) for t_ms in steps} - set(days))
    reason = "days_gone" if gone else "vessel_gone" if n == 0 else None
    if not alert["subject"]["mmsi"]:
        reason, gone = "area", []
    return {
        "fixes": n, "received": received, "reason": reason, "days_gone": gone,
        "stored": [days[0], days[-1]] if days else None,
    }  # fmt: skip


@cache
def _land_shapes() -> Any:  # noqa: ANN401 - shapely is untyped
    """Read the land once; it is 80,000 points."""
    return shapely.from_geojson([json.dumps(f["geometry"]) for f in land_collection()["features"]])


def _land(box: tuple[float, float, float, float]) -> list[list[list[float]]]:
    """Cut the land to a little more than the map, as rings that are no finer than a pixel."""
    west, south, east, north = box
    px = (east - west) / WIDTH
    # The cut lies outside the picture, so that it is not drawn as a coast.
    edge = 6 * px
    cut = shapely.clip_by_rect(_land_shapes(), west - edge, south - edge, east + edge, north + edge)
    return [
        chain.round(5).tolist()
        for shape in shapely.simplify(cut, px / 3)
        for chain in chains(shape)
        if len(chain) > 3
    ]


def _assets(
    assets: AssetSet, alert: dict[str, Any], box: tuple[float, float, float, float]
) -> list[dict[str, Any]]:
    """Cut the assets that reach into the map, the alert's own last, above the others."""
    main = alert["asset"]["id"] if alert["asset"] else None
    west, south, east, north = box
    room_x, room_y = 0.05 * (east - west), 0.05 * (north - south)
    frame = shapely.box(west - room_x, south - room_y, east + room_x, north + room_y)
    here = np.array([alert["lon"]]), np.array([alert["lat"]])
    found = [a for a in assets.watched().assets if shapely.intersects(a.geometry, frame)]
    found.sort(key=lambda a: (a.id == main, a.id))
    return [
        {
            "id": a.id, "name": a.name, "kind": a.kind, "accuracy_m": a.accuracy_m,
            "is_main": a.id == main, "lines": _cut(a, frame, (east - west) / WIDTH),
            "distance_m": round(float(distances_m(a.geometry, *here)[0])),
        }
        for a in found
    ]  # fmt: skip


def _cut(asset: Asset, frame: Any, px: float) -> list[list[list[float]]]:  # noqa: ANN401 - shapely
    """Cut an asset's lines and outlines to the frame: a cable of 1,000 km is most of the answer."""
    lines = [shapely.linestrings(c) for c in chains(asset.geometry) if len(c) > 1]
    lines += [shapely.points(c[0]) for c in chains(asset.geometry) if len(c) == 1]
    parts = (shapely.simplify(shapely.intersection(line, frame), px / 3) for line in lines)
    return [chain.round(6).tolist() for part in parts for chain in chains(part)]
