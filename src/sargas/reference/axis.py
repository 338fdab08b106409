"""Longitude before latitude: other reference systems, and files that have them swapped.

In the watch area longitudes (9-31) and latitudes (53-66.5) do not overlap, so that a swapped file
is told with certainty. Web services that honour the axis order of EPSG:4326 write such files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.errors import FormatError, InputError, UsageError
from sargas.reference.options import AREA, ImportOptions, Mapped
from sargas.reference.readers.gis import GIS_HINT
from sargas.reference.readers.raw import RawFeature, RawFile


def to_lon_lat(
    raw: RawFile, features: list[RawFeature], options: ImportOptions, out: Mapped
) -> list[RawFeature]:
    """Bring cleaned features to longitude and latitude on WGS84, in place.

    Returns:
        The features whose points are degrees; others are counted as `not_degrees`.

    Raises:
        InputError: a mixed axis order, or no feature in degrees.
        UsageError: another reference system, and the `gis` extra is missing.
    """
    if raw.crs:
        _transform(raw, features, out)
    swap = options.axis == "latlon"
    if options.axis == "auto" and not raw.crs:
        swap = _is_swapped(raw, features)
        if swap:
            out.notes.append(
                "The file has latitude before longitude: all points lie in the watch area when "
                "swapped and none as given. They were swapped (--axis latlon)."
            )
    kept = []
    for feature in features:
        shape = feature.shape
        if shape is None:
            continue
        if swap:
            shape.geometry = shapely.transform(shape.geometry, lambda c: c[:, ::-1])
        points = shapely.get_coordinates(shape.geometry)
        if (np.abs(points) <= (180.0, 90.0)).all():
            kept.append(feature)
        else:
            out.skip("not_degrees", feature.where)
    if features and not kept:
        raise FormatError(
            "The coordinates are not degrees, and the file names no reference system.",
            where=str(raw.path),
            hint="Export it in EPSG:4326 (longitude and latitude on WGS84).",
        )
    return kept


def _transform(raw: RawFile, features: list[RawFeature], out: Mapped) -> None:
    """Transform from another reference system with pyproj, where it is installed."""
    try:
        import pyproj
    except ImportError as error:
        raise UsageError(
            f"The file is in {raw.crs}; without the 'gis' extra only EPSG:4326 is read.",
            where=str(raw.path),
            hint=f"{GIS_HINT}, or export the file in EPSG:4326.",
        ) from error
    try:
        transformer = pyproj.Transformer.from_crs(raw.crs, 4326, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise InputError(
            f"The reference system '{raw.crs}' is not known.",
            where=str(raw.path),
            hint="Export the file in EPSG:4326.",
        ) from error

    def move(points: NDArray[np.float64]) -> Any:  # noqa: ANN401 - shapely is untyped
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    for feature in features:
        if feature.shape is not None:
            feature.shape.geometry = shapely.transform(feature.shape.geometry, move)
    out.notes.append(f"The file is in {raw.crs}; it was transformed to EPSG:4326.")


def _inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which points lie in the watch area."""
    west, south, east, north = AREA
    x, y = points[:, 0], points[:, 1]
    return (west <= x) & (x <= east) & (south <= y) & (y <= north)


def _is_swapped(raw: RawFile, features: list[RawFeature]) -> bool:
    """Tell whether every point lies in the watch area when swapped and none as given.

    Raises:
        InputError: some features fit as given and some fit swapped, or some fit only swapped
            and others not at all: a person must say which it is.
    """
    as_given = swapped = whole = 0
    first: dict[str, str] = {}
    for feature in features:
        points = shapely.get_coordinates(feature.shape.geometry if feature.shape else None)
        straight, turned = _inside(points), _inside(points[:, ::-1])
        if straight.any():
            as_given += 1
            first.setdefault("given", feature.where)
        elif turned.any():
            swapped += 1
            whole += bool(turned.all())
            first.setdefault("swapped", feature.where)
    if not swapped:
        return False
    if whole == len(features):
        return True
    what = (
        f"mixes axis orders: {as_given} features ({first.get('given', '')}) lie in the watch area "
        f"as given, {swapped} ({first['swapped']}) when swapped"
        if as_given
        else f"may have latitude before longitude: {swapped} of {len(features)} features reach "
        "the watch area when swapped, none as given"
    )
    raise InputError(
        f"The file {what}.",
        where=str(raw.path),
        hint="Say which it is with --axis lonlat or --axis latlon.",
    )
