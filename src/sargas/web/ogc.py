"""OGC API Features: alerts, tracks and assets for the maps of others.

Everything passes the gate: who asks is of a release group, and of what that group was not released
there is nothing, not a number and not a difference in an answer. A token that is bound to a group
is of that one. Whoever may see everything, and who asks from this machine while there are no users,
may say for which group with `group=`; without it, and from elsewhere, it is `public`.

Alerts and tracks are those of the end of what is analysed, whatever the clock of a screen shows.

Source:
    OGC 17-069r4, OGC API Features Part 1: Core. Met are the classes Core and GeoJSON.
"""

from __future__ import annotations

import ipaddress
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import shapely
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sargas.errors import NotFoundError
from sargas.model.assets import Asset, AssetSet
from sargas.model.fixes import AIR, SEA
from sargas.model.svg import runs
from sargas.model.time import iso, parse_iso
from sargas.reference import shipped_assets
from sargas.share.evidence import CAVEAT, evidence_span_ms, without_copies
from sargas.share.geojson import released_feature
from sargas.share.outgoing import feed_names, outgoing
from sargas.share.policy import NATIONAL, PUBLIC, Policy, load_policy
from sargas.share.release import Released, released_track
from sargas.share.saying import as_json
from sargas.store.canon import shard_of
from sargas.store.home import FIXES
from sargas.web.desk import Desk
from sargas.web.ogc_api import definition
from sargas.web.ogc_query import Query, checked_names, read_query
from sargas.web.player import Player
from sargas.web.roles import who_of

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CONFORMS = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
GEOJSON, JSON = "application/geo+json", "application/json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
COLLECTIONS = {
    "alerts": ("Alerts", "Hypotheses about vessels near cables, pipelines and wind farms."),
    "tracks": ("Tracks", "Positions as the vessels of alerts reported them over AIS."),
    "assets": ("Assets", "Cables, pipelines, wind farms and terminals; approximate."),
}
TRACKS_KEPT = 500
"""Tracks held in memory: reading one takes some ten milliseconds."""
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@dataclass(frozen=True)
class Item:
    """A feature with its place and time, so that it can be looked for before it is written."""

    id: str
    geometry: Any
    from_ms: int | None
    to_ms: int | None
    write: Callable[[], dict[str, Any]]


class Ogc:
    """The paths below `/ogc`.

    Args:
        player: whose home and end of analysis it is.
        desk: the alerts and the acts on them.
        assets: what the home watches; others than `national` get the shipped ones alone.
    """

    def __init__(self, player: Player, desk: Desk, assets: AssetSet) -> None:
        self.player, self.desk, self.assets = player, desk, assets
        self._tracks: OrderedDict[tuple[Any, ...], dict[str, Any] | None] = OrderedDict()
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """Give the paths; what they answer is read in threads."""
        return [
            Route("/ogc", self.landing),
            Route("/ogc/api", self.api),
            Route("/ogc/conformance", self.conformance),
            Route("/ogc/collections", self.collections),
            Route("/ogc/collections/{collection}", self.collection),
            Route("/ogc/collections/{collection}/items", self.items),
            Route("/ogc/collections/{collection}/items/{item}", self.item),
        ]

    def landing(self, request: Request) -> Response:
        """Say what is here."""
        checked_names(request.query_params)
        group_of(request)
        links = [
            _link(request, "/ogc", "self", JSON, "This page"),
            _link(request, "/ogc/api", "service-desc", OPENAPI, "The definition of the API"),
            _link(request, "/ogc/conformance", "conformance", JSON, "What is met"),
            _link(request, "/ogc/collections", "data", JSON, "The collections"),
        ]
        return _answer({"title": "sargas", "description": CAVEAT, "links": links})

    def api(self, request: Request) -> Response:
        """Define the API, as OpenAPI 3.0."""
        checked_names(request.query_params)
        group_of(request)
        return _answer(definition(str(request.base_url).rstrip("/"), COLLECTIONS), OPENAPI)

    def conformance(self, request: Request) -> Response:
        """Name the classes that are met."""
        checked_names(request.query_params)
        group_of(request)
        return _answer({"conformsTo": list(CONFORMS)})

    def collections(self, request: Request) -> Response:
        """List the collections."""
        checked_names(request.query_params)
        group_of(request)
        links = [_link(request, "/ogc/collections", "self", JSON, "This list")]
        told = [_collection(request, name) for name in COLLECTIONS]
        return _answer({"links": links, "collections": told})

    def collection(self, request: Request) -> Response:
        """Describe one collection."""
        checked_names(request.query_params)
        group_of(request)
        return _answer(_collection(request, _named(request)))

    def items(self, request: Request) -> Response:
        """Give a page of features."""
        name, query = _named(request), read_query(request.query_params)
        found = [
            one
            for one in self._items(name, self._group(request))
            if query.fits(one.geometry, one.from_ms, one.to_ms)
        ]
        page = found[query.offset : query.offset + query.limit]
        path = f"/ogc/collections/{name}/items"
        links = [
            _link(request, path, "self", GEOJSON, "This page", **dict(request.query_params)),
            _link(request, f"/ogc/collections/{name}", "collection", JSON, "The collection"),
        ]
        links += _pages(request, path, query, len(found))
        return _answer(
            {
                "type": "FeatureCollection", "features": [one.write() for one in page],
                "links": links, "timeStamp": _now(), "numberMatched": len(found),
                "numberReturned": len(page), "caveat": CAVEAT,
            },
            GEOJSON,
        )  # fmt: skip

    def item(self, request: Request) -> Response:
        """Give one feature; one that was not released is not there, and nothing says more."""
        checked_names(request.query_params)
        name, wanted = _named(request), request.path_params["item"]
        for one in self._items(name, self._group(request)):
            if one.id == wanted:
                path = f"/ogc/collections/{name}"
                feature = one.write()
                feature["links"] = [
                    _link(request, f"{path}/items/{quote(wanted, safe='')}", "self", GEOJSON,
                          "This feature", **dict(request.query_params)),
                    _link(request, path, "collection", JSON, "The collection"),
                ]  # fmt: skip
                return _answer(feature, GEOJSON)
        raise NotFoundError("There is no such feature.")

    def _group(self, request: Request) -> str:
        """Say of which group who asks is; one that is no more is told nothing of the others."""
        group, who = group_of(request), who_of(request)
        is_bound = who is not None and bool(who.group)
        if is_bound and group not in load_policy(self.player.picture.archive.home.path).groups:
            raise PermissionError("The group of this token is no more.")
        return group

    def _items(self, name: str, group: str) -> Iterable[Item]:
        archive = self.player.picture.archive
        policy = load_policy(archive.home.path)
        if name == "assets":
            own = self.assets if group == NATIONAL else shipped_assets()
            policy.group(group)
            return [_asset(one) for one in own.assets]
        as_of_ms = self.player.span().analysed_to_ms
        alerts = outgoing(self.desk.standing, group, policy, as_of_ms, archive=archive)
        if name == "alerts":
            return [_alert(one) for one in alerts]
        feeds = feed_names(archive, policy, group)
        found = (self._track(one, policy, feeds) for one in alerts)
        return [item for item in found if item is not None]

    def _track(self, alert: Released, policy: Policy, feeds: dict[int, str]) -> Item | None:
        """Give the track of one alert, read once for each of its versions and of the policy's.

        Files never change, so that it is as before as long as they are the same; what comes late,
        or is let go, makes it another one.
        """
        subject, low, high = _span_of(alert)
        if subject is None:
            return None
        archive = self.player.picture.archive
        shard = int(shard_of(*subject, archive.home.shards)[0])
        files = tuple(str(file.path) for file in archive.files_of(FIXES, low, high, shard))
        key = (
            alert.id, alert.version, alert.group, alert.redacted, len(alert.history),
            policy.version, tuple(sorted(feeds.items())), files,
        )  # fmt: skip
        with self._lock:
            known = key in self._tracks
            feature = self._tracks.get(key)
        if not known:
            feature = self._read_track(alert, policy, feeds)
            with self._lock:
                self._tracks[key] = feature
                while len(self._tracks) > TRACKS_KEPT:
                    self._tracks.popitem(last=False)
        if feature is None:
            return None
        said = feature["properties"]
        geometry = shapely.from_geojson(json.dumps(feature["geometry"]))
        ends = parse_iso(said["from"]), parse_iso(said["to"])
        return Item(feature["id"], geometry, *ends, lambda: {**feature})

    def _read_track(
        self, alert: Released, policy: Policy, feeds: dict[int, str]
    ) -> dict[str, Any] | None:  # fmt: skip
        """Write the track of one alert; None where the group gets none or nothing is stored."""
        subject, low, high = _span_of(alert)
        if subject is None:
            return None
        fixes = self.player.picture.archive.track(*subject, low, high + 1)
        track = released_track(alert, fixes, policy, feeds)
        if track is None:
            return None
        own = without_copies(track.fixes)
        own = own.take(own.has_position)
        places = np.column_stack([own.lon_deg, own.lat_deg]).round(6)
        lines = [places[run].tolist() for run in runs(own.t_ms, own.has_position) if len(run) > 1]
        if not lines:
            return None
        return {
            "type": "Feature",
            "id": f"{alert.id}-track",
            "geometry": {"type": "MultiLineString", "coordinates": lines},
            "properties": {
                **{k: v for k, v in as_json(alert, alert.body).items() if k not in ("lon", "lat")},
                "from": iso(int(own.t_ms[0])), "to": iso(int(own.t_ms[-1])), "fixes": len(own),
            },
        }  # fmt: skip


def group_of(request: Request) -> str:
    """Say of which group who asks is.

    A token that is bound to a group is of it. Whoever has logged in, or has another token, may name
    the group: the screen shows them everything. Where a home has no users, who asks from this
    machine itself may; whoever comes through a proxy is of the public.

    Raises:
        PermissionError: a group was named from elsewhere, or another one than the token's.
    """
    who = who_of(request)
    if who is not None and who.group:
        if request.query_params.get("group", who.group) != who.group:
            raise PermissionError(f"This token is bound to the release group {who.group}.")
        return who.group
    asked = request.query_params.get("group", PUBLIC)
    if asked != PUBLIC and who is None and not _is_here(request):
        raise PermissionError("From here only what is public is given.")
    return asked


def _is_here(request: Request) -> bool:
    """Tell whether a request comes from this machine, and from nobody behind it."""
    if request.client is None or any(name in request.headers for name in PROXIED):
        return False
    try:
        return ipaddress.ip_address(request.client.host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _span_of(alert: Released) -> tuple[tuple[int, int] | None, int, int]:
    """Give whose track belongs to an alert, by domain and number, and its first and last time.

    The vessel is None where the group gets no track.
    """
    subject = alert.body["subject"]
    if "track" in alert.redacted or not subject.get("mmsi"):
        return None, 0, 0
    spans = [evidence_span_ms(version) for version in alert.history]
    domain = AIR if subject["domain"] == "air" else SEA
    return (domain, subject["mmsi"]), min(s[0] for s in spans), max(s[1] for s in spans)


def _alert(alert: Released) -> Item:
    body = alert.body
    lon, lat = body.get("lon"), body.get("lat")
    geometry = None if lon is None or lat is None else shapely.points(lon, lat)
    ends = parse_iso(body["t_start"]), parse_iso(body["t_end"] or body["t_issued"])
    return Item(alert.id, geometry, *ends, lambda: released_feature(alert, body))


def _asset(asset: Asset) -> Item:
    """Give an asset with what its position is worth; it has no time."""

    def write() -> dict[str, Any]:
        return {
            "type": "Feature", "id": asset.id,
            "geometry": json.loads(shapely.to_geojson(asset.geometry)),
            "properties": {
                "name": asset.name, "kind": asset.kind, "status": asset.status,
                "operator": asset.operator, "accuracy_m": asset.accuracy_m,
                "source": asset.source, "licence": asset.licence,
                "attribution": asset.attribution,
                "caveat": "Approximate; not for navigation, anchoring or excavation.",
            },
        }  # fmt: skip

    return Item(asset.id, asset.geometry, None, None, write)


def _named(request: Request) -> str:
    name = str(request.path_params["collection"])
    if name not in COLLECTIONS:
        raise NotFoundError("There is no such collection.", hint=", ".join(COLLECTIONS))
    return name


def _collection(request: Request, name: str) -> dict[str, Any]:
    path, (title, description) = f"/ogc/collections/{name}", COLLECTIONS[name]
    return {
        "id": name, "title": title, "description": description, "itemType": "feature",
        "crs": [CRS84],
        "extent": {"spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]], "crs": CRS84}},
        "links": [
            _link(request, path, "self", JSON, "This collection"),
            _link(request, f"{path}/items", "items", GEOJSON, title),
        ],
    }  # fmt: skip


def _pages(request: Request, path: str, query: Query, matched: int) -> list[dict[str, str]]:
    """Link to the pages before and after."""
    asked = {k: v for k, v in request.query_params.items() if k != "offset"}
    links = []
    if query.offset + query.limit < matched:
        more = asked | {"offset": str(query.offset + query.limit)}
        links.append(_link(request, path, "next", GEOJSON, "The next page", **more))
    if query.offset:
        less = asked | {"offset": str(max(0, query.offset - query.limit))}
        links.append(_link(request, path, "prev", GEOJSON, "The page before", **less))
    return links


def _link(
    request: Request, path: str, rel: str, kind: str, title: str, **asked: str
) -> dict[str, str]:
    """Write a link; it goes on for the group that was asked for."""
    if "group" in request.query_params:
        asked = {"group": request.query_params["group"], **asked}
    href = str(request.base_url).rstrip("/") + path
    href += f"?{urlencode(asked)}" if asked else ""
    return {"href": href, "rel": rel, "type": kind, "title": title}


def _answer(value: dict[str, Any], kind: str = JSON) -> Response:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode(), media_type=kind)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
