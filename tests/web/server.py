"""A look-alike of the service: the wire contract of docs/wire.md over a made World.

By hand: `SARGAS_GEO=folder python -m tests.web.server 8751 4000`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from sargas.web.api import PAGES
from sargas.web.desk import as_listed

from .dossiers import dossier_routes
from .traffic import pack
from .world import ROOT, Json, World, all_assets, coarse_land, geo_file

STATIC = ROOT / "src/sargas/web/static"
EMPTY = {"type": "FeatureCollection", "features": []}


def refusal(status: int, error: str, hint: str) -> JSONResponse:
    """A refusal of the contract."""
    return JSONResponse({"error": error, "hint": hint}, status)


def listed(alerts: list[Json]) -> list[Json]:
    """The alerts as the service lists them."""
    return list(map(as_listed, alerts))


def geo(request: Request) -> Response:
    """The shipped layer, or a coarse or empty one."""
    layer = request.path_params["layer"]
    stems = {"land": "land_baltic_200m", "territory": "territory_12nm", "ports": "ports_wpi"}
    path = geo_file(stems[layer])
    if path:
        return FileResponse(path, media_type="application/geo+json")
    return JSONResponse(coarse_land() if layer == "land" else EMPTY)


def make_app(world: World) -> Starlette:
    """All paths of the contract."""

    def one_alert(request: Request) -> Response:
        found = [one for one in world.visible_alerts() if one["id"] == request.path_params["id"]]
        if not found:
            return refusal(404, "No such alert.", "It may lie after the clock.")
        alert = found[0]
        is_drag = alert["subject"]["mmsi"] == world.dragger.mmsi
        track = world.dragger.track(0, world.t_ms) if is_drag else EMPTY_TRACK
        evidence = {
            "fixes": track,
            "rules": "rules 1, sha256 0f3c (made)",
            "attribution": ["made for the test"],
            "caveat": "A hypothesis from public data, not evidence on its own.",
        }
        versions = [
            {key: alert[key] for key in ("version", "state", "priority", "t_detected", "text")}
        ]
        return JSONResponse({**alert, "evidence": evidence, "versions": versions, "log": []})

    def vessel(request: Request) -> Response:
        mmsi = request.path_params["mmsi"]
        alert = next((one for one in world.alerts if one["subject"]["mmsi"] == mmsi), None)
        name = alert["subject"]["name"] if alert else f"MADE LANE SHIP {mmsi - 999_100_000}"
        return JSONResponse(
            {
                "mmsi": mmsi,
                "name": name,
                "imo": 9_999_993,
                "callsign": "XX7A",
                "ship_type": 70,
                "ship_type_text": "Cargo",
                "length_m": 229,
                "flag": None,
                "destination": "<i>NOWHERE</i>",
                "last": None,
                "exercise": bool(alert),
            }
        )

    def track(request: Request) -> Response:
        query = request.query_params
        if request.path_params["mmsi"] != world.dragger.mmsi:
            return JSONResponse(EMPTY_TRACK)
        return JSONResponse(world.dragger.track(int(query["from_ms"]), int(query["to_ms"])))

    def search(request: Request) -> Response:
        text = request.query_params["q"].lower()
        rows = [
            {
                "mmsi": one["subject"]["mmsi"],
                "name": one["subject"]["name"],
                "imo": None,
                "callsign": "XX7A",
                "lon": one["lon"],
                "lat": one["lat"],
            }
            for one in world.alerts
            if text in f"{one['subject']['name']} {one['subject']['mmsi']}".lower()
        ]
        return JSONResponse({"vessels": rows[:20]})

    def histogram(request: Request) -> Response:
        query = request.query_params
        names = ("from_ms", "to_ms", "bins", "at_ms")
        return JSONResponse(world.histogram(*(int(query[name]) for name in names)))

    async def playback(request: Request) -> Response:
        return JSONResponse(world.play(await request.json()))

    return Starlette(
        routes=[
            *(Route(path, lambda _request: FileResponse(STATIC / "index.html")) for path in PAGES),
            Route("/api/status", lambda _request: JSONResponse(world.status())),
            Route("/api/assets", lambda _request: JSONResponse(all_assets())),
            Route("/geo/{layer}.geojson", geo),
            Route("/api/layers/masks", lambda _request: JSONResponse(world.masks())),
            Route("/api/layers/coverage", lambda _request: JSONResponse(world.coverage())),
            Route(
                "/api/alerts", lambda _: JSONResponse({"alerts": listed(world.visible_alerts())})
            ),
            Route("/api/alerts/{id}", one_alert),
            Route("/api/alerts/{id}/releases", lambda _: JSONResponse(NO_GROUPS)),
            Route("/api/partners", lambda _: JSONResponse({"partners": []})),
            *dossier_routes(world, one_alert),
            Route("/api/histogram", histogram),
            Route("/api/vessels/{mmsi:int}", vessel),
            Route("/api/vessels/{mmsi:int}/track", track),
            Route("/api/search", search),
            Route("/api/suspensions", lambda _: JSONResponse({"suspensions": []})),
            Route("/api/watches", lambda _: JSONResponse({"on_watch": [], "looking": []})),
            Route("/api/zones", lambda _: JSONResponse(NO_ZONES)),
            Route("/api/playback", playback, methods=["POST"]),
            WebSocketRoute("/ws", lambda ws: talk(ws, world)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=1000)],
    )


NO_GROUPS = {"policy": "made", "version": 1, "groups": []}
NO_ZONES = {"type": "FeatureCollection", "features": [], "detectors": [], "kinds": []}
EMPTY_TRACK: dict[str, list[float]] = {
    name: [] for name in ("t_ms", "lon", "lat", "sog_kn", "cog_deg", "heading_deg")
}


async def talk(ws: WebSocket, world: World) -> None:
    """Hello, snapshot, then clock, alerts and deltas at 1 Hz."""
    if world.refuse_sockets:
        await ws.close(1013)
        return
    await ws.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await ws.send_json({"kind": "hello", "status": world.status()})
        await ws.send_bytes(pack(0, world.t_ms, world.columns()))
        told = {one["id"]: one["version"] for one in world.visible_alerts()}
        resets, last_clock = world.resets, 0.0
        while not world.refuse_sockets:
            if world.resets != resets:
                resets = world.resets
                await ws.send_json({"kind": "reset"})
                await ws.send_bytes(pack(0, world.t_ms, world.columns()))
                told = {one["id"]: one["version"] for one in world.visible_alerts()}
            fresh = [one for one in world.visible_alerts() if told.get(one["id"]) != one["version"]]
            if fresh:
                told |= {one["id"]: one["version"] for one in fresh}
                await ws.send_json({"kind": "alerts", "alerts": listed(fresh)})
            if time.monotonic() - last_clock >= 1:
                last_clock = time.monotonic()
                await ws.send_json({"kind": "clock", "clock": world.clock()})
                await ws.send_json({"kind": "feeds", "feeds": world.feeds()})
                if world.playing:
                    await ws.send_bytes(pack(1, world.t_ms, world.columns()))
            await asyncio.sleep(0.05)
        await ws.close(1012)


class Server:
    """Runs the look-alike in a thread, on a free port of the loopback."""

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        self.socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        config = uvicorn.Config(
            make_app(world), log_level="error", ws="websockets-sansio", lifespan="off"
        )
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, args=([self.socket],), daemon=True)
        self.ticker = threading.Thread(target=self._tick, daemon=True)

    def _tick(self) -> None:
        while not self.uvicorn.should_exit:
            time.sleep(0.1)
            self.world.tick(0.1)

    def __enter__(self) -> Server:
        self.thread.start()
        self.ticker.start()
        while not self.uvicorn.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(10)


if __name__ == "__main__":
    with Server(World(int(sys.argv[2])), int(sys.argv[1])) as server:
        print(json.dumps({"url": server.url}), flush=True)
        server.thread.join()
