"""The service's answers (docs/wire.md). `GET` only, but for commands; loopback by default."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from typing import Any

import msgspec
import shapely
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from sargas.errors import ConflictError, NotFoundError, SargasError, UsageError
from sargas.model.assets import AssetSet
from sargas.model.fixes import Fixes
from sargas.model.geodesy import distance_m
from sargas.model.time import iso
from sargas.reference import flag_of, ship_type_text
from sargas.reference.files import read_json
from sargas.reference.geography import land_collection
from sargas.store.access import Access
from sargas.store.memo import Memo
from sargas.store.peers import ALL, OWN
from sargas.web import layers, openapi
from sargas.web.as_json import Json
from sargas.web.clocks import Clocks, OwnClock, clock_of
from sargas.web.commands import Commands, read_command
from sargas.web.desk import Desk
from sargas.web.dossier import dossier_routes, fixes_of, with_distance
from sargas.web.files import Gather
from sargas.web.gate import Gate, Guard, key_of
from sargas.web.headers import Hosts, OfAnswers
from sargas.web.health import Health, Vitals
from sargas.web.histogram import DEFAULT_BINS, AlertTimes, count, neighbours
from sargas.web.limits import WORDS_BURST, WORDS_RATE, Buckets
from sargas.web.login import Login
from sargas.web.ogc import Ogc
from sargas.web.partners import PartnerPaths, partner_alert, partner_alerts
from sargas.web.picture import TRACK_COLUMNS, track_columns
from sargas.web.player import PlaybackAction, Player
from sargas.web.refusals import (
    is_same_origin,
    refusal,
    refuse,
    refuse_failed,
    refuse_gone,
    refuse_http,
)
from sargas.web.releases import Releases
from sargas.web.remembered import Remembered
from sargas.web.roles import PAGES, who_of
from sargas.web.users import UserPaths
from sargas.web.zones import ZoneBook, Zones

GEO_FILES = {"territory": "territory_12nm.geojson", "ports": "ports_wpi.geojson"}
GZIP_LEVEL = 4
"""Measured over a first load and 5,000 alerts: 120 ms of CPU and 1.5 MB; with 6 240 ms, 1.4 MB."""
WAYS_BYTES = 32 << 20
"""What is kept of the fixes that alerts rest on, as JSON with their distances (chosen): those of
about a thousand alerts."""
CAVEAT = "Public data, not evidence on its own. A match is information, not intent."


def make_app(
    player: Player,
    desk: Desk,
    assets: AssetSet,
    attribution: list[str],
    hosts: list[str],
    background: Callable[[], Awaitable[None]] | None = None,
    gather: Gather | None = None,
    book: ZoneBook | None = None,
    vitals: Callable[[], Vitals] | None = None,
    clocks: Clocks | None = None,
) -> Starlette:
    """Build the service.

    Args:
        player: the clock and the picture that screens share.
        desk: the alerts and the acts on them.
        assets: what the map shows.
        attribution: whom to credit for all that is shown.
        hosts: host names under which it may be asked; keeps a strange page from reading it
            through a name that it points here.
        background: something to run while the service runs.
        book: the zones and masks of the home; made here where nothing is folded meanwhile.
        gather: gathers what an alert rests on, for its evidence files; without it there are none.
        vitals: asks a live watch how it is.
        clocks: of a live watch, whose screens may look back; made here where all show one clock.
    """
    clocks = clocks or Clocks(player)
    book = book or ZoneBook(player.picture.archive.home.path, lambda: player.span().analysed_to_ms)
    commands = Commands(clocks, desk)
    # Users are those of the ledger that is served: whoever calls this cannot forget them.
    gate = Gate(Access.beside(desk.log))
    health = Health(clocks, vitals)
    answers = _Answers(clocks, desk, commands, gate, assets, attribution)

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        # Compiled or read from its cache now, not before the first officer who looks at an alert.
        await asyncio.to_thread(distance_m, 20.0, 60.0, 21.0, 60.0)
        await player.open()
        tasks = [asyncio.create_task(one) for one in (
            player.run(), clocks.run(), desk.follow(clocks), health.follow(),
        )]  # fmt: skip
        if background is not None:
            tasks.append(asyncio.ensure_future(background()))
        for task in tasks:
            task.add_done_callback(_say_fault)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await clocks.close()

    static = str(resources.files("sargas.web").joinpath("static"))
    routes = [
        *(Route(path, answers.index) for path in PAGES),
        *Login(gate, lambda: player.t_ms).routes(),
        *UserPaths(gate, lambda: player.t_ms).routes(),
        *openapi.routes(player.about.get("version", "")),
        Route("/api/status", answers.status),
        Route("/api/assets", answers.all_assets),
        Route("/api/alerts", answers.alerts),
        Route("/api/alerts/{id}", answers.alert),
        *Releases(player, desk).routes(),
        *dossier_routes(player.picture.archive, assets, answers.alert_body, gather),
        Route("/api/histogram", answers.histogram),
        Route("/api/vessels/{mmsi:int}", answers.vessel),
        Route("/api/vessels/{mmsi:int}/track", answers.track),
        Route("/api/search", answers.search),
        Route("/api/playback", answers.playback, methods=["POST"]),
        *commands.routes(),
        *Zones(clocks, desk, book).routes(),
        *Ogc(player, desk, assets).routes(),
        *PartnerPaths(player, desk).routes(),
        *health.routes(),
        Route("/geo/{layer}.geojson", answers.layer),
        Route("/api/layers/masks", layers.answer(layers.masks)),
        Route("/api/layers/coverage", layers.answer(layers.coverage)),
        WebSocketRoute("/ws", answers.socket),
        Mount("/static", StaticFiles(directory=static)),
    ]
    return Starlette(
        routes=routes,
        lifespan=life,
        middleware=[
            Middleware(OfAnswers),
            Middleware(Hosts, hosts=frozenset(hosts)),
            Middleware(Guard, gate=gate),
            Middleware(OwnClock, clocks=clocks),
            Middleware(Remembered, stamp=lambda scope: (clocks.stamp(scope), desk.told)),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=GZIP_LEVEL),
        ],
        exception_handlers={
            SargasError: refuse, PermissionError: refuse, HTTPException: refuse_http,
            ClientDisconnect: refuse_gone, Exception: refuse_failed,
        },
    )  # fmt: skip


def _say_fault(task: asyncio.Future[None]) -> None:
    """Say that something which runs beside the answers has failed: nobody waits for it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        print(f"sargas: {error}", file=sys.stderr)


class _Answers:
    """The routes."""

    def __init__(
        self,
        clocks: Clocks,
        desk: Desk,
        commands: Commands,
        gate: Gate,
        assets: AssetSet,
        attribution: list[str],
    ) -> None:
        self.clocks, self.desk, self.commands, self.gate = clocks, desk, commands, gate
        self.assets = assets
        self.attribution = attribution
        self._times = AlertTimes(desk.standing)
        self._layers: dict[str, bytes] = {}
        self._ways: Memo[dict[str, Any]] = Memo(WAYS_BYTES)

    async def index(self, request: Request) -> Response:
        return FileResponse(str(resources.files("sargas.web").joinpath("static", "index.html")))

    async def status(self, request: Request) -> Response:
        return Json(clock_of(request).status() | {"user": _user_of(request)})

    async def all_assets(self, request: Request) -> Response:
        if "assets" not in self._layers:
            features = [
                {
                    "type": "Feature",
                    "id": a.id,
                    "geometry": json.loads(shapely.to_geojson(a.geometry)),
                    "properties": {
                        "id": a.id, "name": a.name, "kind": a.kind, "status": a.status,
                        "operator": a.operator, "accuracy_m": a.accuracy_m,
                        "length_km": round(a.length_km, 1),
                    },
                }
                for a in self.assets.assets
            ]  # fmt: skip
            self._layers["assets"] = json.dumps(
                {
                    "type": "FeatureCollection",
                    "features": features,
                    "attribution": list(self.assets.attributions),
                    "caveat": "Approximate; not for navigation, anchoring or excavation.",
                }
            ).encode()
        return Response(self._layers["assets"], media_type="application/geo+json")

    async def layer(self, request: Request) -> Response:
        name = request.path_params["layer"]
        if name != "land" and name not in GEO_FILES:
            raise NotFoundError(f"There is no layer '{name}'.")
        if name not in self._layers:
            layer = land_collection() if name == "land" else read_json(GEO_FILES[name])
            self._layers[name] = json.dumps(layer, separators=(",", ":")).encode()
        return Response(self._layers[name], media_type="application/geo+json")

    def alerts(self, request: Request) -> Response:
        """List the alerts: thousands, of which a screen shows one at a time whole."""
        query = request.query_params
        is_whole = query.get("whole", "") not in ("", "0")
        origin = query.get("origin", OWN)
        own = self.desk.whole_alerts if is_whole else self.desk.alerts
        found = own(clock_of(request).t_ms)[::-1] if origin in (OWN, ALL) else []
        if origin != OWN:
            theirs = partner_alerts(self.desk, origin, is_whole=is_whole)
            found = sorted([*found, *theirs], key=lambda a: str(a["t_detected"]), reverse=True)
        return Json({"alerts": found})

    def alert(self, request: Request) -> Response:
        name, origin = request.path_params["id"], request.query_params.get("origin", OWN)
        if origin != OWN:
            return Json(partner_alert(self.desk, name, origin))
        return Json(self.alert_body(name, clock_of(request)))

    def alert_body(self, alert_id: str, player: Player) -> dict[str, Any]:
        """Give an alert as it was known at a clock, with what it rests on."""
        alert = self.desk.alert(alert_id, player.t_ms)
        evidence = alert["evidence"] or {"from": alert["t_start"], "to": alert["t_detected"]}
        fixes = fixes_of(player.picture.archive, alert, player.t_ms)
        wanted = ("version", "state", "priority", "t_detected", "t_issued", "text")
        alert["versions"] = [{k: v[k] for k in wanted} for v in alert["versions"]]
        alert["evidence"] = {
            **evidence,
            **self._way(fixes, alert),
            "rules": alert["rules"],
            "attribution": self.attribution,
            "caveat": CAVEAT,
        }
        return alert

    def _way(self, fixes: Fixes, alert: dict[str, Any]) -> dict[str, Any]:
        """Give what `with_distance` does, its fixes as JSON; kept by all that it is made from."""
        about = alert["asset"] or next(iter(alert["next_assets"]), None)
        rows = tuple(getattr(fixes, name).tobytes() for name in TRACK_COLUMNS)
        key = (about and about["id"], alert["asset"] is None, rows)
        found = self._ways.get(key)
        if found is None:
            found = with_distance(fixes, alert, self.assets)
            found["fixes"] = msgspec.Raw(msgspec.json.encode(found["fixes"]))
            size = len(bytes(found["fixes"])) + sum(map(len, rows)) + 2000
            self._ways.keep(key, found, size)
        return found

    def histogram(self, request: Request) -> Response:
        query, player = request.query_params, clock_of(request)
        try:
            from_ms, to_ms = int(query["from_ms"]), int(query["to_ms"])
            bins = int(query.get("bins") or DEFAULT_BINS)
            at_ms = int(query.get("at_ms") or player.t_ms)
        except (KeyError, ValueError) as error:
            raise UsageError("A histogram needs from_ms and to_ms, whole numbers.") from error
        # All that is analysed, past the clock too: it is there to find one's way to.
        _, analysed_to_ms, news = self.clocks.shared.stamp
        times = self._times.by_priority(analysed_to_ms, (news, self.desk.told))
        return Json(count(times, from_ms, to_ms, bins) | neighbours(times, at_ms))

    def vessel(self, request: Request) -> Response:
        mmsi, player = request.path_params["mmsi"], clock_of(request)
        found = player.picture.vessel(mmsi, player.t_ms)
        if found is None:
            raise NotFoundError(f"Nothing was received from MMSI {mmsi} up to this time.")
        said, last, flag = found["said"] or {}, found["last"], flag_of(mmsi)
        kind = said.get("ship_type")
        return Json(
            {
                "mmsi": mmsi, "name": said.get("name"), "imo": said.get("imo"),
                "callsign": said.get("callsign"), "ship_type": kind,
                "ship_type_text": ship_type_text(kind) if kind else None,
                "length_m": said.get("length_m"), "flag": flag.name if flag else None,
                "destination": said.get("destination"),
                "last": _last(last), "exercise": bool(player.about["exercise"]),
            }
        )  # fmt: skip

    def track(self, request: Request) -> Response:
        mmsi, query = request.path_params["mmsi"], request.query_params
        try:
            from_ms, to_ms = int(query["from_ms"]), int(query["to_ms"])
        except (KeyError, ValueError) as error:
            raise UsageError("A track needs from_ms and to_ms, whole numbers.") from error
        # The screen shows the past of its clock; what lies after it is not known there yet.
        player = clock_of(request)
        to_ms = min(to_ms, player.t_ms)
        fixes = player.picture.track(mmsi, from_ms, to_ms)
        return Json(track_columns(fixes))

    def search(self, request: Request) -> Response:
        text = request.query_params.get("q", "").strip()
        if not text:
            return Json({"vessels": []})
        player = clock_of(request)
        t_ms, archive = player.t_ms, player.picture.archive
        rows = []
        for said in archive.vessels(text, 20, t_ms):
            last = player.picture.last_of(said["mmsi"])
            rows.append(
                {k: said[k] for k in ("mmsi", "name", "imo", "callsign")}
                | {"lon": last[0] if last else None, "lat": last[1] if last else None}
            )
        return Json({"vessels": rows})

    async def playback(self, request: Request) -> Response:
        action = await read_command(request, PlaybackAction, 1000)
        span = self.clocks.shared.span()
        if span.to_ms <= span.from_ms:
            return refusal(409, "There is nothing to play back.")
        try:
            return Json(await self.clocks.act(request, action))
        except ConflictError as error:
            return refusal(409, error.what, error.hint)

    async def socket(self, socket: WebSocket) -> None:
        key = key_of(socket, who_of(socket))
        if not is_same_origin(socket) or not self.gate.take_socket(key, who_of(socket)):
            await socket.close(1008)
            return
        ending = asyncio.create_task(self.gate.watch(socket))
        try:
            await socket.accept()
            await self.clocks.join(socket, user=_user_of(socket))
            words = Buckets(WORDS_RATE, WORDS_BURST)
            while True:
                # Screens listen, and say at what they look; reading notices when one has gone.
                word = await socket.receive()
                if word["type"] == "websocket.disconnect":
                    break
                if words.wait_s("", time.monotonic()):
                    await socket.close(1008)
                    break
                self.commands.looks(socket, word.get("text") or "")
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            ending.cancel()
            self.gate.give_socket(key)
            self.clocks.leave(socket)
            self.commands.left(socket)


def _user_of(connection: HTTPConnection) -> dict[str, Any] | None:
    """Say who is logged in, and for how long; None where the home has no users."""
    who = who_of(connection)
    if who is None:
        return None
    left_ms = who.until_ms - time.time_ns() // 1_000_000 if who.until_ms else None
    return {"name": who.name, "role": who.role, "session_left_ms": left_ms}


def _last(fixes: Any) -> dict[str, Any] | None:  # noqa: ANN401 - Fixes of one row or none
    """Write a vessel's last fix."""
    if not len(fixes):
        return None
    c = {name: values[0] for name, values in track_columns(fixes).items()}
    t_ms = c.pop("t_ms")
    return {"t": iso(t_ms), **c, "nav_status": int(fixes.nav_status[0])}
