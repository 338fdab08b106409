"""The assets that ship with the package: cables, pipelines, wind farms, LNG terminals.

They are approximate and not for navigation, anchoring or excavation. What is known to be wrong
with them (geodata.md 2):

- Nord Stream 1 and 2 are one string each; in reality each has two, about 1 km apart.
- Gotland HVDC is a sketch of two points, Kontek and Konti-Skan are fragments, the Bornholm cable
  has six points, BCS East-West Interlink has one piece of 153 km.
- Lines without a name may be live or disused, telecom or power.
- Stade, Mosjøen, Fredrikstad and Lysekil lie in the box and not on the Baltic.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import shapely

from sargas.errors import StoreError
from sargas.model.assets import KINDS, Asset, AssetSet
from sargas.reference.files import read_json
from sargas.reference.words import licence_of, status_of

FILES = ("infrastructure-osm.geojson", "infrastructure-ccby.geojson")

_SOURCE_KEYS = (("GlobalEnergyMonitor", "gem"), ("EMODnet", "emodnet"), ("OpenStreetMap", "osm"))
_OWN_FIELDS = {"id", "name", "kind", "operator", "note", "accuracy_m"}


def source_key(text: str) -> str:
    """Name a shipped source by its stable short key.

    The texts in the files hold dates and commits; the key must not, or each refresh of the data
    would double every asset.

    Raises:
        StoreError: a source without a key: the shipped files and this module disagree.
    """
    for mark, key in _SOURCE_KEYS:
        if mark in text:
            return key
    raise StoreError(f"The shipped assets name an unknown source '{text}'.")


def _shipped_asset(feature: dict[str, Any], file: str) -> Asset:
    """Turn a feature of a shipped file into an asset in the house's words."""
    p = feature["properties"]
    status = status_of(p.get("status"))
    if status is None or p["kind"] not in KINDS:
        raise StoreError(
            f"The status '{p.get('status')}' or the kind '{p['kind']}' is not known.",
            where=f"{file}, {p['id']}",
        )
    return Asset(
        id=p["id"],
        name=p["name"],
        kind=p["kind"],
        geometry=shapely.from_geojson(json.dumps(feature["geometry"])),
        accuracy_m=float(p["accuracy_m"]),
        status=status,
        operator=p.get("operator"),
        source=source_key(p["source"]),
        source_ref=p.get("source_ref") or p["id"],
        source_version=p["source"],
        licence=licence_of(p["licence"]),
        attribution=p["attribution"],
        note=p.get("note"),
        properties={k: v for k, v in p.items() if k not in _OWN_FIELDS} | {"file": file},
    )


@cache
def shipped_assets() -> AssetSet:
    """Give the assets that ship with the package; the same object each time.

    Status and licence are in the house's words, `source` is `osm`, `gem` or `emodnet`, and
    `properties` keeps what the file says.

    Example:
        >>> assets = shipped_assets()
        >>> len(assets), assets[assets.index_of("power-cable-estlink-2")].name
        (162, 'Estlink 2')
    """
    return AssetSet(
        _shipped_asset(feature, file) for file in FILES for feature in read_json(file)["features"]
    )
