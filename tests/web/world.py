"""A small Baltic for tests of the screen: made ships and alerts, real geography where it is there.

Everything here is made up but the shipped land, assets and ports. Names say so.
"""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from shapely import STRtree, points, polygons

from sargas.model.time import parse_iso
from sargas.model.triage import Step, triage_of
from sargas.web.histogram import count, neighbours

from .traffic import Fleet

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src/sargas/reference/data"
SPAN = (1_735_117_200_000, 1_735_138_800_000)  # 2024-12-25 09:00Z - 15:00Z
HOSTILE = '<img src=x onerror="window.__hit=1"><b>MARKUP</b>'
TURNED = "RTL \u202eVRAH \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627"
LONG = "A VERY LONG NAME " * 20


def iso(t_ms: float) -> str:
    """UTC to the second, with Z."""
    return datetime.fromtimestamp(t_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def geo_file(stem: str) -> Path | None:
    """The shipped file, or the one in $SARGAS_GEO when a person looks at the screen."""
    folders = [SHIPPED, *(Path(f) for f in [os.environ.get("SARGAS_GEO", "")] if f)]
    found = (path for folder in folders for path in sorted(folder.glob(f"**/{stem}*.geojson")))
    return next(found, None)


def coarse_land() -> Json:
    """Two boxes of land, when no land file is there."""
    boxes = [
        [(9, 59.3), (18, 59.3), (18, 66.5), (9, 66.5)],
        [(24, 53), (31, 53), (31, 59), (24, 59)],
    ]
    return {"type": "MultiPolygon", "coordinates": [[[*box, box[0]]] for box in boxes]}


MADE_ASSETS: tuple[tuple[str, str, str, list[tuple[float, float]]], ...] = (
    ("made-estlink-2", "Made Estlink 2", "power_cable", [(25.0, 60.2), (25.6, 59.9), (26.6, 59.5)]),
    ("made-cable-b", "Made Cable B", "telecom_cable", [(24.9, 60.1), (24.8, 59.8), (24.75, 59.5)]),
    (
        "made-pipeline-c",
        "Made Pipeline C",
        "gas_pipeline",
        [(23.9, 60.0), (24.1, 59.6), (24.0, 59.35)],
    ),
)


def made_assets() -> Json:
    """Three made lines across the Gulf of Finland."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": key,
                "name": name,
                "kind": kind,
                "status": "in_service",
                "operator": None,
                "accuracy_m": 200,
                "length_km": 60.0,
            },
            "geometry": {"type": "LineString", "coordinates": line},
        }
        for key, name, kind, line in MADE_ASSETS
    ]
    return {"type": "FeatureCollection", "features": features, "attribution": ["made for the test"]}


@functools.cache
def all_assets() -> Json:
    """The made lines, and the shipped assets where they are there."""
    result = made_assets()
    wanted = ("id", "name", "kind", "status", "operator", "accuracy_m", "length_km")
    for stem in ("infrastructure-osm", "infrastructure-ccby"):
        path = geo_file(stem)
        for feature in json.loads(path.read_text())["features"] if path else []:
            own = feature["properties"]
            properties = {key: own.get(key) for key in wanted}
            result["features"].append({**feature, "properties": properties})
            if own.get("attribution") and own["attribution"] not in result["attribution"]:
                result["attribution"].append(own["attribution"])
    return result


def box_feature(west: float, south: float, east: float, north: float, properties: Json) -> Json:
    """A box with properties."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "MultiPolygon", "coordinates": [[ring]]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def layer_of(t_ms: int, features: Iterable[Json]) -> Json:
    """A layer that follows the clock."""
    listed = list(features)
    return {"type": "FeatureCollection", "as_of": iso(t_ms), "note": "made", "features": listed}


@functools.cache
def land_tree(path: Path) -> STRtree:
    """The land's polygons without their lakes; each is valid, the whole is not."""
    land = json.loads(path.read_text())
    geometry = land["features"][0]["geometry"] if "features" in land else land
    return STRtree([polygons(rings[0]) for rings in geometry["coordinates"]])


class Dragger:
    """A made bulk carrier that slows from 11.4 to 6.8 kn on its way west through the Gulf."""

    mmsi = 999_000_101
    onset_ms = SPAN[0] + 5_400_000
    start = (27.0, 60.0)

    def track(self, from_ms: float, to_ms: float) -> Json:
        """Fixes of every 30 s, with a hole of 20 minutes in it."""
        t = np.arange(SPAN[0], min(to_ms, SPAN[1]) + 1, 30_000)
        ramp = ((t - self.onset_ms) / 1_200_000).clip(0, 1)
        wave = np.sin(t / 180_000) * ramp
        sog = 11.4 - 4.6 * ramp + 0.15 * np.sin(t / 97_000) + 0.4 * wave
        heading = (252 + 1.5 * np.sin(t / 240_000) + 14 * wave) % 360
        cog = (251 + 1.0 * np.sin(t / 200_000) + 6 * wave) % 360
        km = np.concatenate([[0], np.cumsum(sog[:-1] * 1.852 * 30 / 3600)])
        lon = self.start[0] - km * 0.951 / (111.2 * np.cos(np.radians(59.9)))
        lat = self.start[1] - km * 0.31 / 111.2
        hole = (t > self.onset_ms - 3_600_000) & (t < self.onset_ms - 2_400_000)
        keep = (t >= from_ms) & ~hole
        columns = {"t_ms": t.astype(int), "lon": lon, "lat": lat, "sog_kn": sog.round(1)}
        columns |= {"cog_deg": cog.round(1), "heading_deg": np.round(heading)}
        return {name: column[keep].tolist() for name, column in columns.items()}


def make_alert(number: int, priority: str, detector: str, text: str, **more: Any) -> Json:
    """An alert with every field of the contract."""
    t_ms = more.pop("t_ms", SPAN[0] + 600_000 * number)
    lon, lat = more.pop("at", (20.0, 58.5))
    subject = {
        "domain": "sea",
        "mmsi": 999_000_100 + number,
        "imo": None,
        "name": f"MADE SHIP {number}",
        "ship_type": "Cargo",
        "length_m": 120,
    }
    subject |= more.pop("subject", {})
    alert = {
        "id": f"{detector}-{number:04d}",
        "detector": detector,
        "rules": "rules 1 (made)",
        "version": 1,
        "state": "open",
        "priority": priority,
        "t_start": iso(t_ms - 480_000),
        "t_detected": iso(t_ms),
        "subject": subject,
        "lon": lon,
        "lat": lat,
        "asset": None,
        "next_assets": [],
        "why": [],
        "against": [],
        "context": {"gnss": "normal", "coverage": "good", "depth_m": 62},
        "text": text,
        "exercise": "made",
        "muted_by": [],
        "group": None,
    }
    return alert | more


def untouched(alert: Json) -> Json:
    """The triage of an alert on which nobody has acted."""
    first = Step(1, "open", alert["priority"], parse_iso(alert["t_detected"]))
    steps = [first, first._replace(version=2, state=alert["state"])]
    return triage_of(steps).to_dict()


def listed(name: str) -> Json:
    """An entry of a user's list."""
    return {
        "list": name, "entry": "7", "date": "2025-01-10", "kind": "flag_list", "matched_by": "imo",
    }  # fmt: skip


def drag_alert() -> Json:
    """The alert that the screen is judged by: a drag pattern with two assets ahead."""
    t_ms = Dragger.onset_ms + 1_500_000
    track = Dragger().track(0, t_ms)
    why = [
        ("sog_ratio", 0.62, "ratio", 0.88, 0.26, True),
        ("sog_drop", 4.6, "kn", 1.0, 3.6, True),
        ("course_hunting", 11.2, "deg", 6.0, 5.2, True),
        ("distance_to_asset", 310, "m", 1852, 1542, True),
        ("lane_ratio", 0.93, "ratio", 0.88, -0.05, False),
    ]
    return make_alert(
        1,
        "P1",
        "drag_onset",
        "Slowed from 11.4 to 6.8 kn in 20 min with the course hunting ±11°, "
        "310 m from Made Estlink 2.",
        t_ms=t_ms,
        at=(track["lon"][-1], track["lat"][-1]),
        subject={
            "name": "MADE BULKER A",
            "imo": 9_999_993,
            "ship_type": "Bulk carrier",
            "length_m": 229,
        },
        t_start=iso(Dragger.onset_ms),
        asset={
            "id": "made-estlink-2",
            "name": "Made Estlink 2",
            "kind": "power_cable",
            "distance_m": 310.0,
            "kp_km": 41.7,
            "accuracy_m": 200,
        },
        next_assets=[
            {
                "id": "made-cable-b",
                "name": "Made Cable B",
                "kind": "telecom_cable",
                "distance_km": 38.2,
                "eta": iso(t_ms + 10_900_000),
            },
            {
                "id": "made-pipeline-c",
                "name": "Made Pipeline C",
                "kind": "gas_pipeline",
                "distance_km": 79.5,
                "eta": iso(t_ms + 22_700_000),
            },
        ],
        notes=["GNSS interference near: from P1 to P2"],
        why=[
            dict(
                zip(("feature", "value", "unit", "threshold", "margin", "passed"), row, strict=True)
            )
            for row in why
        ],
        against=[
            "Ice or pilot boarding is not known to the rules.",
            "One gap of 20 min before the onset.",
        ],
    )


def alerts() -> list[Json]:
    """Newest first, as the service gives them."""
    made = [
        drag_alert(),
        make_alert(
            2,
            "P2",
            "gap_visit",
            "Not received for 3 h 12 min; Made Cable B was within reach.",
            at=(21.6, 58.7),
            asset={
                "id": "made-cable-b",
                "name": "Made Cable B",
                "kind": "telecom_cable",
                "distance_m": 4100.0,
                "kp_km": 12.0,
                "accuracy_m": 500,
            },
        ),
        make_alert(
            3,
            "P3",
            "slow_in_corridor",
            "54 min below 2 kn inside the corridor of Made Pipeline C.",
            at=(19.6, 57.6),
            subject={"name": HOSTILE},
            context={"gnss": None, "coverage": None, "depth_m": None, "lists": [listed(HOSTILE)]},
        ),
        make_alert(
            4,
            "P2",
            "position_integrity",
            "41 positions on a circle of 0.3 NM that no hull can turn.",
            at=(26.9, 59.95),
            subject={"name": TURNED},
            context={
                "gnss": "interference within 60 km",
                "coverage": "good",
                "depth_m": None,
                "lists": [],
            },
        ),
        make_alert(
            5, "P3", "gap", "Not received for 42 min.", at=(18.4, 55.6), subject={"name": LONG}
        ),
        make_alert(
            6,
            "P2",
            "loiter",
            "Stood 2 h 10 min within 1 NM of Made Cable B.",
            at=(24.2, 59.6),
            state="closed",
            version=2,
        ),
        make_alert(
            7,
            "P3",
            "gap",
            "Not received for 35 min; heard again by another receiver.",
            at=(16.9, 56.0),
            state="retracted",
            version=3,
            subject={"name": None},
        ),
        make_alert(
            8,
            "P3",
            "slow_in_corridor",
            "31 min below 2 kn.",
            at=(12.2, 54.5),
            muted_by=["port:rostock"],
        ),
    ]
    return sorted(made, key=lambda alert: alert["t_detected"], reverse=True)


class World:
    """What the service would know; changed by tests from another thread, hence the lock."""

    def __init__(self, n: int = 400, *, exercise: bool = True) -> None:
        self.lock = threading.RLock()
        self.t_ms = Dragger.onset_ms + 2_400_000
        self.playing, self.speed, self.live = False, 1, False
        self.from_ms = SPAN[0]
        #: How far the watch has folded; None is always a quarter of an hour ahead of the clock.
        self.analysed_ms: int | None = None
        self.fleet = Fleet(n, SPAN[0])
        self.dragger = Dragger()
        self.alerts = alerts()
        self.refuse_sockets = False
        #: What keeps the watch from judging.
        self.halt: Json | None = None
        self.resets = 0
        self.commands: list[Json] = []
        self.exercise = (
            {
                "name": "made",
                "title": "Made exercise: a drag in the Gulf of Finland",
                "note": "All ships and alerts are made up. The land and the assets are real.",
            }
            if exercise
            else None
        )
        self._drop_on_land()

    def _drop_on_land(self) -> None:
        path = geo_file("land_baltic_200m")
        if path is None:
            return
        places = self.fleet.at(self.t_ms)["lonlat"].astype(float)
        on_land, _ = land_tree(path).query(points(places), "within")
        self.fleet.kept[on_land] = False

    def clock(self) -> Json:
        """Clock of the contract."""
        return {
            "t_ms": self.t_ms,
            "t": iso(self.t_ms),
            "playing": self.playing,
            "speed": self.speed,
            "live": self.live,
            "own": False,
            "span": {"from_ms": self.from_ms, "to_ms": SPAN[1]},
            "analysed_to_ms": self.analysed_to_ms(),
        }

    def analysed_to_ms(self) -> int:
        """How far the watch has folded."""
        ahead_ms = self.t_ms + 900_000
        return min(SPAN[1], ahead_ms if self.analysed_ms is None else self.analysed_ms)

    def histogram(self, from_ms: int, to_ms: int, bins: int, at_ms: int) -> Json:
        """When the alerts that are open or closed arose, counted as the service counts."""
        times: dict[str, list[int]] = {"P1": [], "P2": [], "P3": []}
        for alert in self.alerts:
            at = round(datetime.fromisoformat(alert["t_detected"]).timestamp() * 1000)
            if alert["state"] != "retracted" and not alert["muted_by"]:
                times[alert["priority"]] += [at] if at <= self.analysed_to_ms() else []
        arrays = {p: np.array(sorted(t), np.int64) for p, t in times.items()}
        return count(arrays, from_ms, to_ms, bins) | neighbours(arrays, at_ms)

    def feeds(self) -> list[Json]:
        """One healthy feed."""
        return [
            {
                "name": "made lanes",
                "kind": "exercise",
                "last_ms": self.t_ms - 2_000,
                "fixes": 182_340,
                "rejected": 12,
                "note": "looped",
            }
        ]

    def status(self) -> Json:
        """Status of the contract."""
        return {
            "version": "0.0.test",
            "mode": "demo",
            "exercise": self.exercise,
            "clock": self.clock(),
            "feeds": self.feeds(),
            "halt": self.halt,
            "attribution": ["© OpenStreetMap contributors (ODbL)"],
            "vessels": int(self.fleet.kept.sum()) + 1,
            "fixes": 182_340,
            "user": None,
        }

    def masks(self) -> Json:
        """One made mask in the middle of the first view."""
        properties = {"id": "made", "kind": "works", "shipped": False}
        return layer_of(self.t_ms, (box_feature(19.6, 58.4, 20.4, 58.8, properties),))

    def coverage(self) -> Json:
        """All of the chart east of 20 degrees is not heard."""
        halves = ((9.0, 20.0, True), (20.0, 31.0, False))
        return layer_of(
            self.t_ms,
            (
                box_feature(west, 53.0, east, 66.5, {"heard": heard, "cells": 7425})
                for west, east, heard in halves
            ),
        )

    def visible_alerts(self) -> list[Json]:
        """Nothing that was detected after the clock; nobody has acted on any."""
        return [
            alert | {"triage": untouched(alert)}
            for alert in self.alerts
            if alert["t_detected"] <= iso(self.t_ms)
        ]

    def columns(self) -> dict[str, np.ndarray]:
        """The fleet and, where it has been received, the dragging ship."""
        columns = self.fleet.at(self.t_ms)
        track = self.dragger.track(self.t_ms - 120_000, self.t_ms)
        if not track["t_ms"]:
            return columns
        own = {
            "mmsi": [self.dragger.mmsi],
            "lonlat": [[track["lon"][-1], track["lat"][-1]]],
            "cog": [round(track["cog_deg"][-1] * 10)],
            "sog": [round(track["sog_kn"][-1] * 10)],
            "age": [(self.t_ms - track["t_ms"][-1]) // 1000],
            "flags": [1 | 0x80],
        }
        return {
            name: np.concatenate([column, np.array(own[name], dtype=column.dtype)])
            for name, column in columns.items()
        }

    def tick(self, seconds: float) -> None:
        """Lets local time pass."""
        with self.lock:
            if self.live:
                self.t_ms = self.analysed_to_ms()
            elif self.playing:
                self.t_ms = min(SPAN[1], round(self.t_ms + seconds * 1000 * self.speed))

    def play(self, command: Json) -> Json:
        """POST /api/playback."""
        with self.lock:
            self.commands.append(command)
            match command["action"]:
                case "play" | "pause" as action:
                    self.playing, self.live = action == "play", False
                case "live":
                    self.playing = self.live = True
                    self.t_ms = self.analysed_ms = self.analysed_to_ms()
                    self.resets += 1
                case "speed":
                    self.speed = command["speed"]
                case "seek":
                    self.t_ms, self.live = command["t_ms"], False
                    self.resets += 1
            return self.clock()

    def add_alert(self, alert: Json) -> None:
        """A new alert, or a new version of a known one."""
        with self.lock:
            others = [one for one in self.alerts if one["id"] != alert["id"]]
            known = len(others) < len(self.alerts)
            place = (
                next(i for i, one in enumerate(self.alerts) if one["id"] == alert["id"])
                if known
                else 0
            )
            self.alerts = [*others[:place], alert, *others[place:]]
