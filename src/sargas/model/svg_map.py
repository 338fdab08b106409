"""A small map as text: land, assets with the room their positions leave, a track and its fixes.

Plain degrees, stretched so that metres are equal both ways in the middle of the picture; good
enough for some 300 km. Colours and escaping as in `model.svg`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.model.assets import chains
from sargas.model.geodesy import NM_M, metres_per_degree
from sargas.model.place import degrees_minutes
from sargas.model.svg import colour, element, label, number, path_d, picture, runs, thinned

WIDTH, HEIGHT = 720, 440
SIZE = (WIDTH, HEIGHT)
ROOM = 0.10
"""Share of the picture left free around what is shown."""
LEAST_SPAN_M = 5_000.0
"""No map is narrower: a ship at anchor would fill it with noise."""
NEXT_REACH = 2.5
"""Assets ahead are taken in while the map stays within so many times what it shows without them."""
LEAST_LAND = 1.5
"""Pixels that an island is long at least, to be drawn."""
SIGN_APART, NAME_AWAY = 15.0, 70.0
"""Pixels between signs of assets ahead at least, and from the alert to the asset's name."""
DASHES = {"gas_pipeline": "8 4", "oil_pipeline": "8 4", "wind_farm": "2 3"}
TINTS = {"gas_pipeline": "pipeline", "oil_pipeline": "pipeline", "wind_farm": "farm"}


@dataclass(frozen=True)
class MapAsset:
    """An asset on the map.

    Attributes:
        name, kind: as in `Asset`.
        geometry: shapely, degrees.
        accuracy_m: how far it may lie from its line; 0 draws no band.
        is_main: the alert is about this one: drawn stronger, and named.
    """

    name: str
    kind: str
    geometry: Any
    accuracy_m: float
    is_main: bool = False


@dataclass(frozen=True)
class MapPoint:
    """A place on the map with a sign to find it by."""

    lon: float
    lat: float
    sign: str


@dataclass(frozen=True)
class _Frame:
    """Maps degrees onto pixels: `x = (lon - lon0) * kx`, `y = (lat0 - lat) * ky`."""

    lon0: float
    lat0: float
    kx: float
    ky: float
    metres_per_px: float
    width: float
    height: float

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        return (lon - self.lon0) * self.kx, (self.lat0 - lat) * self.ky

    def line(self, chain: NDArray[np.float64]) -> list[tuple[float, float]]:
        """Give a chain of points in pixels."""
        return [self.at(*point) for point in chain]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the picture, in degrees."""
        return (
            self.lon0, self.lat0 - self.height / self.ky,
            self.lon0 + self.width / self.kx, self.lat0,
        )  # fmt: skip


def track_map(
    t_ms: NDArray[np.int64],
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    here: tuple[float, float],
    *,
    assets: Sequence[MapAsset] = (),
    ahead: Sequence[MapPoint] = (),
    land: Any = None,  # noqa: ANN401 - shapely is untyped
    size: tuple[float, float] = SIZE,
    at: tuple[float, float] | None = None,
) -> str:
    """Draw a track with its fixes among assets and land.

    Args:
        t_ms: (n,) int64, ms UTC, in order.
        lon_deg, lat_deg: (n,) float64, NaN where not available.
        here: longitude and latitude of the alert, degrees.
        assets: drawn where they reach into the picture.
        ahead: places where assets ahead would be met, nearest first; those far off are left out.
        land: shapely polygons, degrees; None where they are not to be had.
        size: width and height of the picture.
        at: as in `picture`.

    Returns:
        SVG, with a scale bar, north, and the frame's own degrees.
    """
    frame = _frame(lon_deg, lat_deg, here, ahead, size)
    inside = [
        *_land(land, frame),
        *_grid_lines(frame),
        *(part for asset in assets for part in _asset(asset, frame)),
        *_track(t_ms, lon_deg, lat_deg, frame),
        *_signs(ahead, frame),
        *_here(here, frame),
        *(part for asset in assets if asset.is_main for part in _name(asset, here, frame)),
    ]
    title = "Map of the track, the assets near it and the coast"
    return picture(*size, title, _framed(inside, frame), at)


def asset_map(
    asset: MapAsset,
    *,
    near: Sequence[MapAsset] = (),
    land: Any = None,  # noqa: ANN401 - shapely is untyped
    size: tuple[float, float] = SIZE,
    at: tuple[float, float] | None = None,
) -> str:
    """Draw an asset from end to end, among others and land.

    Args:
        asset: the one that is shown; it must have points.
        near: others, drawn below it.
        land, size, at: as in `track_map`.
    """
    frame = _frame_of(asset, size)
    lines = [part for one in (*near, asset) for part in _asset(one, frame)]
    name = _name(asset, _middle(asset), frame)
    inside = [*_land(land, frame), *_grid_lines(frame), *lines, *name]
    return picture(*size, "Map of the asset and the coast", _framed(inside, frame), at)


def _framed(inside: Sequence[str], frame: _Frame) -> list[str]:
    """Lay what is drawn on the sea, cut to the picture, with degrees, scale and north above."""
    width, height = frame.width, frame.height
    # An inner picture shows nothing outside itself. A clip path would need a name, and the names
    # of several pictures on one page are in each other's way.
    return [
        element("rect", width=float(width), height=float(height), fill=colour("sea")),
        element("svg", "\n".join(inside), width=float(width), height=float(height)),
        *_grid_words(frame), *_scale_bar(frame), *_north(frame),
        element("rect", x=0.5, y=0.5, width=float(width - 1), height=float(height - 1),
                fill="none", stroke=colour("faint")),
    ]  # fmt: skip


def map_box(
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    here: tuple[float, float],
    ahead: Sequence[MapPoint] = (),
    size: tuple[float, float] = SIZE,
) -> tuple[float, float, float, float]:
    """Give the west, south, east and north of the map that `track_map` draws, in degrees."""
    return _frame(lon_deg, lat_deg, here, ahead, size).box


def asset_box(
    asset: MapAsset, size: tuple[float, float] = SIZE
) -> tuple[float, float, float, float]:
    """Give the west, south, east and north of the map that `asset_map` draws, in degrees."""
    return _frame_of(asset, size).box


def _frame(
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    here: tuple[float, float],
    ahead: Sequence[MapPoint],
    size: tuple[float, float],
) -> _Frame:
    """Choose the part of the world that is shown: the track, the alert, and what is near ahead."""
    known = ~(np.isnan(lon_deg) | np.isnan(lat_deg))
    lon = np.append(lon_deg[known], here[0])
    lat = np.append(lat_deg[known], here[1])
    kx_m, ky_m = metres_per_degree(float(lat.mean()))

    def span_m(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> float:
        return max(float(np.ptp(lon)) * kx_m, float(np.ptp(lat)) * ky_m, LEAST_SPAN_M)

    most_m = NEXT_REACH * span_m(lon, lat)
    for point in ahead:
        wider = np.append(lon, point.lon), np.append(lat, point.lat)
        if span_m(*wider) > most_m:
            break
        lon, lat = wider
    return _around(lon, lat, (kx_m, ky_m), size)


def _frame_of(asset: MapAsset, size: tuple[float, float]) -> _Frame:
    """Choose the part of the world that shows the whole of an asset."""
    lon, lat = shapely.get_coordinates(asset.geometry).T
    return _around(lon, lat, metres_per_degree(float(lat.min() + lat.max()) / 2), size)


def _around(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    metres: tuple[float, float],
    size: tuple[float, float],
) -> _Frame:
    """Lay a frame around points, with some room.

    Args:
        lon, lat: (n,) degrees, all known.
        metres: in a degree of longitude and of latitude.
        size: of the picture.
    """
    (width, height), (kx_m, ky_m) = size, metres
    middle = (lon.min() + lon.max()) / 2, (lat.min() + lat.max()) / 2
    room = 1 - 2 * ROOM
    metres_per_px = max(
        float(np.ptp(lon)) * kx_m / (width * room), float(np.ptp(lat)) * ky_m / (height * room),
        LEAST_SPAN_M / width,
    )  # fmt: skip
    kx, ky = kx_m / metres_per_px, ky_m / metres_per_px
    return _Frame(
        float(middle[0] - width / 2 / kx), float(middle[1] + height / 2 / ky), kx, ky,
        metres_per_px, width, height,
    )  # fmt: skip


def _middle(asset: MapAsset) -> tuple[float, float]:
    """Give the point in the middle of an asset's points."""
    points = shapely.get_coordinates(asset.geometry)
    lon, lat = points[len(points) // 2]
    return float(lon), float(lat)


def _extent(points: Sequence[tuple[float, float]]) -> float:
    """Give the longer side of the box around some points."""
    return max(float(np.ptp(side)) for side in np.array(points).T)


def _land(land: Any, frame: _Frame) -> list[str]:  # noqa: ANN401 - shapely is untyped
    """Draw the land, cut to the picture and no finer than half a pixel."""
    if land is None:
        return []
    west, south, east, north = frame.box
    edge = 4 / frame.kx  # the cut lies outside the picture, so that it is not drawn as a coast
    cut = shapely.clip_by_rect(land, west - edge, south - edge, east + edge, north + edge)
    cut = shapely.simplify(cut, 0.5 / frame.ky, preserve_topology=False)
    rings = [frame.line(chain[:-1]) for chain in chains(cut)]
    # An islet of a pixel is not seen, and there are thousands.
    d = [path_d(ring) + "Z" for ring in rings if _extent(ring) >= LEAST_LAND]
    if not d:
        return []
    return [
        element("path", d="".join(d), fill=colour("land"), stroke=colour("coast"),
                stroke_width="0.8", fill_rule="evenodd")
    ]  # fmt: skip


def _asset(asset: MapAsset, frame: _Frame) -> list[str]:
    """Draw an asset's line, and the band in which it may lie where that can be seen."""
    west, south, east, north = frame.box
    reach = asset.accuracy_m / frame.metres_per_px
    pad_x, pad_y = (reach + 4) / frame.kx, (reach + 4) / frame.ky
    box = shapely.box(west - pad_x, south - pad_y, east + pad_x, north + pad_y)
    lines = [c for c in chains(asset.geometry) if len(c) > 1]
    points = [c for c in chains(asset.geometry) if len(c) == 1]
    # Cut to the picture, and no finer than can be seen: a cable of 1,000 km would be most of it.
    seen = shapely.intersection([shapely.linestrings(line) for line in lines], box)
    coarse = shapely.simplify(seen, 0.2 / frame.ky, preserve_topology=False)
    cut = [part for line in coarse for part in chains(line) if len(part) > 1]
    tint, width = TINTS.get(asset.kind, "cable"), 2.4 if asset.is_main else 1.2
    parts = []
    for chain in points:
        x, y = frame.at(*chain[0])
        parts.append(element("rect", x=x - 4, y=y - 4, width=8, height=8, fill="none",
                             stroke=colour(tint), stroke_width=width))  # fmt: skip
    if not cut:
        return parts
    d = "".join(path_d(frame.line(chain)) for chain in cut)
    if asset.is_main and 2 * reach > 2 * width:
        parts.append(
            element("path", d=d, fill="none", stroke=colour(tint), stroke_width=2 * reach,
                    stroke_opacity="0.16", stroke_linejoin="round", stroke_linecap="round")
        )  # fmt: skip
    parts.append(
        element("path", d=d, fill="none", stroke=colour(tint), stroke_width=width,
                stroke_opacity=None if asset.is_main else "0.75",
                stroke_dasharray=DASHES.get(asset.kind), stroke_linejoin="round")
    )  # fmt: skip
    return parts


def _name(asset: MapAsset, here: tuple[float, float], frame: _Frame) -> list[str]:
    """Name the asset beside its line, as near to the alert as leaves its mark free."""
    cut = shapely.intersection(asset.geometry, shapely.box(*frame.box))
    points = [p for chain in chains(shapely.segmentize(cut, 6 / frame.kx)) for p in chain]
    if points:
        lon, lat = np.array(points).T
        away = np.hypot((lon - here[0]) * frame.kx, (lat - here[1]) * frame.ky)
        at = int(np.argmin(np.abs(away - NAME_AWAY)))
        x, y = frame.at(float(lon[at]), float(lat[at]))
    else:
        x, y = frame.at(*here)
        y += 34
    x = min(max(x, 40.0), frame.width - 40.0)
    y = min(max(y, 40.0), frame.height - 40.0)
    anchor = "end" if x < frame.at(*here)[0] else "start"
    return [
        label(x + (-8 if anchor == "end" else 8), y - 10, asset.name, anchor=anchor, size=12,
              tint="ink", bold=True, rim="sea")
    ]  # fmt: skip


def _track(
    t_ms: NDArray[np.int64],
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    frame: _Frame,
) -> list[str]:
    """Draw the way, broken where nothing was received, and a dot a fix as far as they part."""
    known = ~(np.isnan(lon_deg) | np.isnan(lat_deg))
    pieces, dots = [], []
    last = (-99.0, -99.0)
    for run in runs(t_ms, known):
        points = [frame.at(float(lon_deg[i]), float(lat_deg[i])) for i in run]
        pieces.append(path_d(thinned(points)))
        for x, y in points:
            if math.hypot(x - last[0], y - last[1]) >= 5:
                dots.append(element("circle", cx=x, cy=y, r="1.8"))
                last = (x, y)
    if not pieces:
        return []
    way = element("path", d="".join(pieces), fill="none", stroke=colour("ink"),
                  stroke_width="1.3", stroke_linejoin="round", stroke_linecap="round")  # fmt: skip
    return [way, element("g", "".join(dots), fill=colour("ink"))]


def _signs(ahead: Sequence[MapPoint], frame: _Frame) -> list[str]:
    """Draw places ahead as rings with their signs; one that would lie on a nearer one is left."""
    parts: list[str] = []
    drawn: list[tuple[float, float]] = []
    for point in ahead:
        x, y = frame.at(point.lon, point.lat)
        is_seen = 0 <= x <= frame.width and 0 <= y <= frame.height
        if not is_seen or any(math.hypot(x - a, y - b) < SIGN_APART for a, b in drawn):
            continue
        drawn.append((x, y))
        parts.append(element("circle", cx=x, cy=y, r=8, fill=colour("page"),
                             stroke=colour("limit"), stroke_width="1.4"))  # fmt: skip
        parts.append(label(x, y + 4, point.sign, anchor="middle", size=10, tint="ink", bold=True))
    return parts


def _here(here: tuple[float, float], frame: _Frame) -> list[str]:
    """Mark the alert's place: a ring with four strokes, so that the fix in it can be seen."""
    x, y = frame.at(*here)
    strokes = "".join(
        f"M{x + dx * 9:.1f} {y + dy * 9:.1f}l{dx * 7} {dy * 7}"
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
    )
    return [
        element("circle", cx=x, cy=y, r=9, fill="none", stroke=colour("alarm"), stroke_width=2),
        element("path", d=strokes, stroke=colour("alarm"), stroke_width=2),
    ]


def _steps(low: float, high: float) -> list[float]:
    """Choose the degrees that are written at an edge, three to six of them."""
    minutes = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
    step = next((m for m in minutes if (high - low) * 60 / m <= 6), minutes[-1])
    first = math.ceil(low * 60 / step)
    return [k * step / 60 for k in range(first, math.floor(high * 60 / step) + 1)]


def _grid_lines(frame: _Frame) -> list[str]:
    """Draw meridians and parallels."""
    west, south, east, north = frame.box
    d = [f"M{frame.at(lon, north)[0]:.1f} 0V{number(frame.height)}" for lon in _steps(west, east)]
    d += [f"M0 {frame.at(west, lat)[1]:.1f}H{number(frame.width)}" for lat in _steps(south, north)]
    return [element("path", d="".join(d), fill="none", stroke=colour("faint"), stroke_width="0.5",
                    stroke_opacity="0.6")]  # fmt: skip


def _grid_words(frame: _Frame) -> list[str]:
    """Write the degrees along the upper and left edge."""
    west, south, east, north = frame.box
    parts = []
    for lon in _steps(west, east):
        x = frame.at(lon, north)[0]
        if 50 < x < frame.width - 60:
            parts.append(
                label(x + 3, 12, degrees_minutes(lon, "EW", is_round=True), size=10, rim="sea")
            )
    for lat in _steps(south, north):
        y = frame.at(west, lat)[1]
        if 24 < y < frame.height - 46:
            parts.append(
                label(4, y - 3, degrees_minutes(lat, "NS", is_round=True), size=10, rim="sea")
            )
    return parts


def _scale_bar(frame: _Frame) -> list[str]:
    """Draw a bar of a round length, told in nautical miles and in kilometres or metres."""
    rounds = [n * m for n in (0.1, 1, 10, 100) for m in (1, 2, 5)]
    length_nm = max((r for r in rounds if r * NM_M / frame.metres_per_px <= 170), default=0.1)
    px = length_nm * NM_M / frame.metres_per_px
    x, y = 14.0, frame.height - 14.0
    metres = length_nm * NM_M
    metric = f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"
    bar = f"M{x:.1f} {y - 5:.1f}V{y:.1f}H{x + px:.1f}V{y - 5:.1f}"
    return [
        element("path", d=bar, fill="none", stroke=colour("ink"), stroke_width="1.5"),
        label(x + 4, y - 6, f"{length_nm:g} NM = {metric}", tint="ink", rim="sea"),
    ]


def _north(frame: _Frame) -> list[str]:
    """Draw the arrow of north."""
    x, y = frame.width - 22.0, 26.0
    return [
        element("path", d=f"M{x} {y - 12}l6 20l-6 -5l-6 5Z", fill=colour("ink")),
        label(x, y + 22, "N", anchor="middle", tint="ink", bold=True),
    ]
