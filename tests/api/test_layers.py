"""Layers that follow the clock, over a small home: what was heard, and which masks hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import shapely

from sargas.model.assets import AssetSet
from sargas.model.fixes import AIR, SEA, Fixes
from sargas.model.time import MINUTE_MS, parse_iso
from sargas.reference.geography import shipped_geography
from sargas.reference.mask_book import MaskBook, write_book, writing
from sargas.reference.masks import mask_of
from sargas.store import AuditLog, Home, Ledger
from sargas.store.shards import ShardWriter
from sargas.watch.detect import reception
from sargas.web import layers
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.picture import Picture
from sargas.web.player import Player, Span

NOON_MS = parse_iso("2024-12-25T12:00:00Z")
UNIT = 600_000
NOWHERE = 108_600_000, 54_600_000


def places(rows: list[tuple[float, float, int, int]]) -> Fixes:
    """Reports of (lon, lat, minutes before noon, domain)."""
    lon, lat, age_min, domain = (np.array(column) for column in zip(*rows, strict=True))
    return Fixes.build(
        len(rows),
        domain=domain,
        subject_id=np.arange(len(rows)) + 230_000_000,
        t_ms=NOON_MS - age_min.astype(np.int64) * MINUTE_MS,
        msg_type=np.ones(len(rows)),
        lon_raw=np.round(lon * UNIT),
        lat_raw=np.round(lat * UNIT),
    )


def mask(name: str, **more: Any) -> Any:
    """A square mask at Kiel."""
    ring = [[10.0, 54.4], [10.2, 54.4], [10.2, 54.5], [10.0, 54.5], [10.0, 54.4]]
    properties = {
        "id": name, "kind": "works", "owner": "the port", "reason": "cable works",
        "valid_until": "2025-06-01T00:00:00Z",
    } | more  # fmt: skip
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return mask_of({"type": "Feature", "properties": properties, "geometry": geometry})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rows = [
        (20.05, 57.05, 1, SEA),
        (20.15, 57.09, 5, SEA),  # the same cell
        (20.25, 57.05, 59, SEA),  # its eastern neighbour
        (9.0, 53.0, 2, SEA),  # the chart's corner
        (24.5, 59.5, 61, SEA),  # too old
        (22.1, 58.1, -1, SEA),  # after the clock
        (21.1, 58.1, 3, AIR),  # an aircraft is heard by other receivers
        (5.0, 60.0, 3, SEA),  # beyond the chart
        (NOWHERE[0] / UNIT, NOWHERE[1] / UNIT, 3, SEA),  # without a position
    ]
    with ShardWriter(Home(tmp_path)) as writer:
        writer.append(places(rows))
    book = MaskBook()
    now = mask("now")
    later = mask("later", valid_from="2025-01-01T00:00:00Z")
    over = mask("over", valid_until="2024-12-25T12:00:00Z")
    book = book.grown(book.plan_add([now, later, over]), 0, "2024-12-01T00:00:00Z", "a test")
    with writing(tmp_path):
        write_book(tmp_path, book)
    return tmp_path


@pytest.fixture
def get(home: Path) -> Callable[[str], httpx.Response]:
    """Ask the service over the home, half a minute past noon."""
    stored = Home(home, create=False)
    span = Span(NOON_MS - 10_000_000, NOON_MS + 10_000_000, NOON_MS + 10_000_000)
    desk = Desk(Ledger(stored), AuditLog(stored))
    player = Player(Picture(stored), desk, lambda: span, list, {}, t_ms=NOON_MS + 30_000)
    app = make_app(player, desk, AssetSet([]), [], ["testserver"])

    async def ask(path: str) -> httpx.Response:
        way = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=way, base_url="http://testserver") as client:
            return await client.get(path)

    return lambda path: asyncio.run(ask(path))


def test_coverage_tells_heard_cells_from_others(
    get: Callable[[str], httpx.Response],
) -> None:
    answer = get("/api/layers/coverage")
    assert answer.headers["content-type"].startswith("application/geo+json")
    said = answer.json()
    assert said["as_of"] == "2024-12-25T12:00:00Z"
    assert "Not heard is not the same as not there" in said["note"]
    heard, silent = (shapely.from_geojson(str(f["geometry"]).replace("'", '"'))
                     for f in said["features"])  # fmt: skip
    assert [f["properties"]["heard"] for f in said["features"]] == [True, False]
    assert said["features"][0]["properties"]["cells"] == 3
    cell = layers.CELL_LON_DEG * layers.CELL_LAT_DEG
    assert heard.area == pytest.approx(3 * cell)
    assert heard.bounds == pytest.approx((9.0, 53.0, 20.4, 57.1))
    for lon, lat in ((20.1, 57.05), (20.3, 57.05), (9.1, 53.05)):
        assert heard.contains(shapely.Point(lon, lat))
    for lon, lat in ((24.5, 59.5), (22.1, 58.1), (21.1, 58.1)):
        assert silent.contains(shapely.Point(lon, lat))
    west, south, east, north = layers.CHART
    assert heard.area + silent.area == pytest.approx((east - west) * (north - south))
    assert heard.intersection(silent).area == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("is_heard", [False, True])
def test_where_all_or_nothing_was_heard_there_is_an_empty_area(is_heard: bool) -> None:
    cells = np.full((4, 5), is_heard)
    areas = [layers._area(cells), layers._area(~cells)]
    assert {a.geom_type for a in areas} == {"MultiPolygon"}
    assert [a.is_empty for a in areas] == [not is_heard, is_heard]


def test_cells_are_those_of_the_gap_detector() -> None:
    mine = (layers.CELL_LON_DEG, layers.CELL_LAT_DEG)
    assert mine == (reception.CELL_LON_DEG, reception.CELL_LAT_DEG)


def test_masks_are_those_that_hold_at_the_clock(
    get: Callable[[str], httpx.Response],
) -> None:
    said = get("/api/layers/masks").json()
    own = [f["properties"] for f in said["features"] if not f["properties"]["shipped"]]
    assert [(p["id"], p["kind"], p["owner"], p["effect"]) for p in own] == [
        ("now", "works", "the port", "mute")
    ]
    assert "within 1000 m of the coast" in said["note"]
    shipped = [f for f in said["features"] if f["properties"]["shipped"]]
    ports = shipped_geography().ports
    assert len(shipped) == len(ports) > 200


def test_harbours_are_drawn_where_the_judge_mutes() -> None:
    """On each circle's edge the judge's own question changes its answer."""
    geography = shipped_geography()
    for feature in layers.harbours()[::40]:
        ring = np.array(feature["geometry"]["coordinates"][0])
        centre = ring[:-1].mean(axis=0)
        for corner in ring[::8]:
            assert geography.port_name_at(*(centre + 0.98 * (corner - centre)))
        own = {feature["properties"]["id"].removeprefix("port of ")}
        outside = [geography.port_name_at(*(centre + 1.02 * (c - centre))) for c in ring[::8]]
        assert {name for name in outside if name} != own
