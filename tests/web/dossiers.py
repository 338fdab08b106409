"""The look-alike's dossiers: made from the World, in the words of the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sargas.web.files import EVIDENCE, TRACKS

from .world import HOSTILE, TURNED, World, made_assets

Json = dict[str, Any]
GONE = ["2024-12-25"]


def dossier_routes(world: World, one_alert: Callable[[Request], Response]) -> list[Route]:
    """What the dossier page asks for."""

    def dossier(request: Request) -> Response:
        answer = one_alert(request)
        if answer.status_code != 200:
            return answer
        alert = json.loads(bytes(answer.body))
        fixes = alert["evidence"]["fixes"]
        n = len(fixes["t_ms"])
        km = [abs(lon - 25.6) * 55 + 0.3 for lon in fixes["lon"]]
        alert["evidence"]["fixes"] = fixes | {
            "distance_m": [round(1000 * one) for one in km],
            "msg_type": [1] * n,
            "station": [-1 if k % 7 else 2_190_047 for k in range(n)],
            "source": [f"0:{100 * k}" for k in range(n)],
        }
        asset = alert["asset"]
        alert["evidence"]["distance_to"] = asset and {
            "id": asset["id"], "name": asset["name"], "kind": asset["kind"], "is_ahead": False,
        }  # fmt: skip
        kept: Json = {"fixes": n, "received": 2 * n, "reason": None, "days_gone": []}
        if not n:
            kept |= {"reason": "days_gone", "days_gone": GONE}
        stored = ["2024-12-26", "2024-12-28"] if not n else ["2024-12-25", "2024-12-25"]
        return JSONResponse(
            {
                "alert": alert,
                "kept": kept | {"stored": stored},
                "usual": usual(alert, n),
                "map": hour_map(alert),
            }
        )

    def identities(request: Request) -> Response:
        mmsi = request.path_params["mmsi"]
        return JSONResponse({"mmsi": mmsi, "versions": [NOW, BEFORE], "total": 2})

    def file(request: Request) -> Response:
        return Response(b"made", headers={"content-disposition": "attachment"})

    return [
        Route("/api/alerts/{id}/dossier", dossier),
        Route("/api/vessels/{mmsi:int}/identities", identities),
        *(Route(f"/api/alerts/{{id}}/{name}", file) for name in (*EVIDENCE, *TRACKS)),
    ]


BEFORE: Json = {
    "from": "2024-11-02T04:10:00Z", "to": "2024-12-20T19:00:00Z", "reports": 812,
    "imo": 9_999_993, "name": HOSTILE, "callsign": "XX7A", "ship_type": 70,
    "ship_type_text": "cargo", "length_m": 229, "beam_m": 32, "changed": [],
}  # fmt: skip
NOW: Json = BEFORE | {
    "from": "2024-12-21T06:00:00Z", "to": "2024-12-25T11:00:00Z", "name": TURNED,
    "callsign": "XX8B", "changed": ["name", "callsign"],
}  # fmt: skip


def usual(alert: Json, n: int) -> Json:
    """The usual speed before the onset; none without fixes."""
    told = {
        "from": "2024-12-24T22:30:00Z", "to": alert["t_start"], "minutes": 70 if n else 0,
        "minutes_received": 70 if n else 0, "moving_kn": 0.5, "least_minutes": 30,
    }  # fmt: skip
    low, middle, high = (11.2, 11.4, 11.6) if n else (None, None, None)
    return told | {"low_kn": low, "middle_kn": middle, "high_kn": high}


def hour_map(alert: Json) -> Json:
    """Made assets, a box of land and three ships around the alert."""
    west, south, east, north = 25.0, 59.4, 27.2, 60.15
    if alert["subject"]["mmsi"] != 999_000_101:
        west, east = alert["lon"] - 1, alert["lon"] + 1
        south, north = alert["lat"] - 0.35, alert["lat"] + 0.35
    assets = [
        {
            **{key: one["properties"][key] for key in ("id", "name", "kind", "accuracy_m")},
            "is_main": bool(alert["asset"]) and one["properties"]["id"] == alert["asset"]["id"],
            "lines": [one["geometry"]["coordinates"]],
            "distance_m": 310 + 20_000 * k,
        }
        for k, one in enumerate(made_assets()["features"])
    ]
    near = [(999_100_001 + k, alert["lon"] + 0.1 * k, alert["lat"] - 0.05 * k) for k in range(3)]
    return {
        "box": [west, south, east, north], "width": 720, "height": 440,
        "land": [[[west, south], [east, south], [east, south + 0.1], [west, south + 0.05],
                  [west, south]]],
        "assets": assets, "ahead": [],
        "near": {
            "t": alert["t_detected"], "total": 3, "mmsi": [one[0] for one in near],
            "t_ms": [0] * 3, "lon": [one[1] for one in near], "lat": [one[2] for one in near],
            "sog_kn": [10.5, 0.0, None], "cog_deg": [270.0, None, None],
            "heading_deg": [270, None, None], "distance_m": [2000, 9000, 17_000],
        },
    }  # fmt: skip
