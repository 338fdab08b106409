"""What people call their columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

NAME_COLUMNS = (
    "name", "cable_name", "pipeline_name", "asset_name", "site_name", "farm_name", "wind_farm",
    "windfarm", "objnam", "title", "label", "namn", "navn", "nimi", "nazwa", "naam",
    "pavadinimas", "nosaukums",
)  # fmt: skip
OPERATOR_COLUMNS = ("operator", "operators", "owner", "owners", "company")
STATUS_COLUMNS = ("status", "state", "operational_status", "phase", "condition")
KIND_COLUMNS = ("kind", "asset_type", "infrastructure", "category", "type", "layer")
REF_COLUMNS = (
    "source_ref", "ref", "id", "asset_id", "cable_id", "osm_id", "feature_id", "globalid",
    "uuid", "code",
)  # fmt: skip
ACCURACY_COLUMNS = (
    "accuracy_m", "position_accuracy_m", "positional_accuracy_m", "horizontal_accuracy_m",
)  # fmt: skip
PIECE_COLUMNS = ("piece_accuracy_m", "segment_accuracy_m")
LICENCE_COLUMNS = ("licence", "license")
ATTRIBUTION_COLUMNS = ("attribution", "credit")
VERSION_COLUMNS = ("source_version", "version")
WKT_COLUMNS = ("wkt", "geom_wkt", "geometry_wkt", "wkt_geom")
LON_COLUMNS = (
    "lon", "longitude", "lng", "long", "lon_deg", "longitude_deg", "x", "x_coord", "lon_dd",
)  # fmt: skip
LAT_COLUMNS = ("lat", "latitude", "lat_deg", "latitude_deg", "y", "y_coord", "lat_dd")


def plain_name(column: str) -> str:
    """Write a column's name in small letters, digits and single underscores.

    Example:
        >>> plain_name("Cable Name"), plain_name("@id")
        ('cable_name', 'id')
    """
    return re.sub(r"[^a-z0-9]+", "_", column.strip().lower()).strip("_")


def find_column(header: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Find the first of the wanted columns that a header has."""
    plain = [plain_name(name) for name in header]
    return next((plain.index(name) for name in wanted if name in plain), None)


def find_value(properties: Mapping[str, Any], wanted: Sequence[str]) -> Any:  # noqa: ANN401
    """Give the first filled value of the wanted columns; None when there is none."""
    plain = {plain_name(str(key)): value for key, value in properties.items()}
    for name in wanted:
        value = plain.get(name)
        if value is not None and str(value).strip():
            return value
    return None
