"""Layers of the map that follow the clock: masks, and where anything was received lately.

Both are GeoJSON as of the clock. What the watch itself draws on the map (alerts, GNSS areas) comes
with the alerts.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from sargas.model.time import MINUTE_MS, iso
from sargas.reference.geography import COAST_MASK_M, shipped_geography
from sargas.reference.mask_book import home_masks
from sargas.reference.masks import DOWNGRADE, MUTE, feature_of
from sargas.store import Archive
from sargas.web.clocks import clock_of
from sargas.web.player import Player

Json = dict[str, Any]

CHART = (9.0, 53.0, 31.0, 66.5)
"""West, south, east, north of the shipped land: the map shows nothing beyond."""
WINDOW_MIN = 60
"""So long a cell counts as heard after its last report (chosen: the longest gap of a ship at
anchor is 3 min, and an hour holds the passing of a cell at 6 kn)."""
CELL_LON_DEG, CELL_LAT_DEG = 0.2, 0.1
"""The cells in which the gap detector remembers reception (watch/detect/reception.py)."""
CIRCLE_POINTS = 32

COVERAGE_NOTE = (
    f"Cells without a position report in the last {WINDOW_MIN} minutes. Not heard is not the same "
    "as not there: the cell may be empty, or no receiver may reach it. A report says where a "
    "vessel gave its place, which may be wrong."
)
MASKS_NOTE = (
    f"Besides these, stops and slow passages within {COAST_MASK_M:.0f} m of the coast are muted."
)


def answer(layer: Callable[[Player], Json]) -> Callable[[Request], Response]:
    """Make the answer to a path from a layer."""

    def answered(request: Request) -> Response:
        body = json.dumps(layer(clock_of(request)), separators=(",", ":"))
        return Response(body, media_type="application/geo+json")

    return answered


def masks(player: Player) -> Json:
    """Give the masks that hold at the clock: the shipped harbours, and those of the home.

    Properties of each: `id`, `kind`, `effect`, `owner`, `reason`, `valid_until`, `assets`,
    `detectors`, and `shipped`, whether it comes with sargas.
    """
    own = [
        feature_of(mask)
        for mask in home_masks(player.picture.archive.home.path)
        if mask.effect in (MUTE, DOWNGRADE)
        and mask.valid_from_ms <= player.t_ms < mask.valid_until_ms
    ]
    for feature in own:
        feature["properties"]["shipped"] = False
    return {
        "type": "FeatureCollection",
        "as_of": iso(player.t_ms),
        "note": MASKS_NOTE,
        "features": [*harbours(), *own],
    }


@functools.cache
def harbours() -> tuple[Json, ...]:
    """Give the circles around harbours in which the judge mutes stops."""
    ports = shipped_geography().ports
    return tuple(
        {
            "type": "Feature",
            "properties": {
                "id": f"port of {ports.name[i]}", "kind": "port", "effect": "mute",
                "owner": "sargas", "reason": "Stops in a harbour are ordinary.",
                "valid_until": None, "assets": "all", "detectors": [], "shipped": True,
            },
            "geometry": {
                "type": "Polygon",
                "coordinates": [_circle(ports.lon[i], ports.lat[i], ports.radius_m[i])],
            },
        }
        for i in range(len(ports))
    )  # fmt: skip


def _circle(lon: float, lat: float, radius_m: float) -> list[list[float]]:
    """Draw a circle on the ground as a closed ring; good to 0.5 % of a few kilometres."""
    angle = np.linspace(0.0, 2 * math.pi, CIRCLE_POINTS + 1)
    north = radius_m / 111_320.0
    east = north / math.cos(math.radians(lat))
    ring = np.column_stack([lon + east * np.cos(angle), lat + north * np.sin(angle)]).round(5)
    ring[-1] = ring[0]
    return [[float(x), float(y)] for x, y in ring]


def coverage(player: Player) -> Json:
    """Tell in which cells of the chart a position was received in the hour before the clock.

    One feature with `heard: true` and one with `heard: false`; together they are the chart. The
    clock counts by whole minutes, so that the answer is made once for all screens that follow it.
    """
    return _coverage(player.picture.archive, player.t_ms // MINUTE_MS * MINUTE_MS)


@functools.lru_cache(maxsize=16)  # clocks of a live watch (web/clocks.py)
def _coverage(archive: Archive, to_ms: int) -> Json:
    counts = archive.reports_by_cell(
        to_ms - WINDOW_MIN * MINUTE_MS + 1, to_ms, CELL_LON_DEG, CELL_LAT_DEG
    )
    heard = _on_chart(counts)
    return {
        "type": "FeatureCollection",
        "as_of": iso(to_ms),
        "window_min": WINDOW_MIN,
        "cell": {"lon_deg": CELL_LON_DEG, "lat_deg": CELL_LAT_DEG},
        "note": COVERAGE_NOTE,
        "features": [
            {
                "type": "Feature",
                "properties": {"heard": is_heard, "cells": int(cells.sum())},
                "geometry": json.loads(shapely.to_geojson(_area(cells))),
            }
            for is_heard, cells in ((True, heard), (False, ~heard))
        ],
    }


def _on_chart(counts: dict[tuple[int, int], int]) -> NDArray[np.bool_]:
    """Lay counted cells on the chart: (rows from the south, columns from the west)."""
    west, south, east, north = CHART
    rows, columns = round((north - south) / CELL_LAT_DEG), round((east - west) / CELL_LON_DEG)
    row0, column0 = round((south + 90.0) / CELL_LAT_DEG), round((west + 180.0) / CELL_LON_DEG)
    heard = np.zeros((rows, columns), np.bool_)
    for row, column in counts:
        at = row - row0, column - column0
        if 0 <= at[0] < rows and 0 <= at[1] < columns:
            heard[at] = True
    return heard


def _area(cells: NDArray[np.bool_]) -> Any:  # noqa: ANN401 - shapely is untyped
    """Join cells to areas; each run of a row is a rectangle, and rectangles that touch are one."""
    west, south = CHART[:2]
    padded = np.pad(cells, ((0, 0), (1, 1))).astype(np.int8)
    step = np.diff(padded, axis=1)
    rows, first = np.nonzero(step == 1)
    end = np.nonzero(step == -1)[1]
    boxes = shapely.box(
        np.round(west + first * CELL_LON_DEG, 6), np.round(south + rows * CELL_LAT_DEG, 6),
        np.round(west + end * CELL_LON_DEG, 6), np.round(south + (rows + 1) * CELL_LAT_DEG, 6),
    )  # fmt: skip
    # Taken apart again: one area alone is no MultiPolygon, and none at all is no polygon.
    return shapely.multipolygons(shapely.get_parts(shapely.union_all(boxes)))
