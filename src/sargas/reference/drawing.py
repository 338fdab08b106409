"""What a picture of a piece of sea needs of the geography: land, assets, whom to credit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import shapely

from sargas.model.assets import Asset, AssetSet
from sargas.model.svg_map import MapAsset
from sargas.reference.geography import LAND_FILE, land_collection
from sargas.reference.licences import licences

LAND_ROOM_DEG = 0.1
"""Land beyond the picture that is kept, so that its cut edge does not show."""

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def land_within(box: Box) -> Any:  # noqa: ANN401 - shapely is untyped
    """Cut the shipped land to a little more than a box.

    Example:
        >>> land_within((20.0, 57.9, 20.1, 58.0)).is_empty, land_within((25, 58, 26, 59)).is_empty
        (True, False)
    """
    west, south, east, north = box
    room = LAND_ROOM_DEG
    cut = shapely.clip_by_rect(_land(), west - room, south - room, east + room, north + room)
    return shapely.geometrycollections(cut)


@cache
def _land() -> Any:  # noqa: ANN401 - an array of shapely polygons
    features = land_collection()["features"]
    return shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])


def assets_within(known: AssetSet, box: Box, main: str | None = None) -> list[Asset]:
    """Choose the watched assets that reach into a box; the main one last, above the others.

    Args:
        known: to choose from.
        box: of the picture.
        main: id of the asset that the picture is about.
    """
    frame = shapely.box(*box)
    found = [a for a in known.watched().assets if shapely.intersects(a.geometry, frame)]
    return sorted(found, key=lambda a: (a.id == main, a.id))


def drawn(asset: Asset, *, is_main: bool = False, accuracy_m: float | None = None) -> MapAsset:
    """Give an asset as a map draws it.

    Args:
        asset: to draw.
        is_main: the picture is about it.
        accuracy_m: of its position there, where that is known better than its floor.
    """
    return MapAsset(
        asset.name, asset.kind, asset.geometry, accuracy_m or asset.accuracy_m, is_main=is_main
    )


def credits_of(assets: Iterable[Asset], *, with_land: bool) -> list[str]:
    """Name whom to credit for the assets and the land of a picture, each once."""
    credited = sorted({f"Assets: {_credit(a.attribution, a.licence)}" for a in assets})
    if with_land:
        credited += [
            f"Land: {_credit(row.attribution, row.licence)}"
            for row in licences()
            if row.file == LAND_FILE
        ]
    return credited


def _credit(attribution: str, licence: str) -> str:
    """Name whom to credit and under which licence; what is not known is said."""
    return ", ".join(filter(None, (attribution, licence))) or "source and licence not stated"
