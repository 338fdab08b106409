"""Masks, vigilance areas and zones: places that change how alerts in them are weighed, or none.

A mask is a place where stopping is ordinary: it mutes or lowers. A vigilance area raises what is
found in it by a step. A zone has a name and changes nothing. All three are kept in one book
(`mask_book.py`) and in one form, `Mask`, and differ in their effect.

None ship but two masks that are computed: the land distance and the harbour circles of
`sargas.reference.geography`. Others are drawn on the screen or come as GeoJSON from those who know
them. Each has an owner and counts from a moment of event time, so that a replay sees what the
watch saw. What mutes or lowers has an end, so that it does not pile up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from sargas.errors import FormatError, InputError, UsageError
from sargas.model.time import iso, parse_iso
from sargas.reference.geometry import GeometryFaultError, clean, geojson_geometry

MASK_KINDS = (
    "port", "anchorage", "pilot", "ferry", "works", "dredging", "fishing", "tss",
    "pilot_boarding", "ferry_route", "dredge_spoil", "wind_farm_works", "cable_works",
    "fishing_ground",
)  # fmt: skip
MUTE, DOWNGRADE, RAISE, NONE = "mute", "downgrade", "raise", "none"
KINDS_BY_EFFECT = {
    MUTE: MASK_KINDS, DOWNGRADE: MASK_KINDS, RAISE: ("vigilance",), NONE: ("zone",),
}  # fmt: skip
"""What a place may be called by what it does. A mask says why stopping there is ordinary."""
EFFECTS = tuple(KINDS_BY_EFFECT)
FOREVER_MS = 253_402_300_799_000
"""The end of what has none: the last second of the year 9999."""


@dataclass(frozen=True)
class Mask:
    """A place and a time where alerts are muted, lowered or raised, or a zone that has a name.

    Attributes:
        id: names the mask in the alerts that it mutes.
        kind: one of `MASK_KINDS`, `vigilance` for what raises, `zone` for what does nothing.
        geometry: polygon, longitude before latitude.
        owner: who answers for it.
        reason: why stopping here is ordinary, or why it is watched.
        valid_from_ms, valid_until_ms: event time, milliseconds UTC; the end is not part of it.
        assets: ids of the assets that it counts for; empty for all.
        effect: `mute` (counted, not shown as open), `downgrade` (one priority lower), `raise`
            (one higher) or `none`.
        detectors: detector words that it counts for; empty for the stop, slow and loiter rules,
            where it raises for all that are about vessels.
        name: what people call it; empty for what goes by its id.
    """

    id: str
    kind: str
    geometry: Any
    owner: str
    reason: str
    valid_from_ms: int
    valid_until_ms: int
    assets: tuple[str, ...] = ()
    effect: str = "mute"
    detectors: tuple[str, ...] = ()
    name: str = ""

    @property
    def called(self) -> str:
        """The mask as an alert names it."""
        kind = "vigilance area" if self.effect == RAISE else self.kind
        return f"{kind} {self.name} ({self.id})" if self.name else f"{kind} {self.id}"

    @property
    def valid_from(self) -> str:
        """Start as ISO 8601."""
        return iso(self.valid_from_ms)

    @property
    def valid_until(self) -> str:
        """End as ISO 8601; empty where there is none."""
        return "" if self.valid_until_ms >= FOREVER_MS else iso(self.valid_until_ms)

    def holds(self, lon: float, lat: float, t_ms: int) -> bool:
        """Tell whether a point at a time lies in the mask."""
        in_time = self.valid_from_ms <= t_ms < self.valid_until_ms
        return in_time and bool(shapely.intersects_xy(self.geometry, lon, lat))

    def counts_for(self, asset_id: str) -> bool:
        """Tell whether the mask counts for an asset."""
        return not self.assets or asset_id in self.assets


def load_masks(path: Path) -> tuple[Mask, ...]:
    """Read masks from a GeoJSON file of polygons.

    Properties of each feature: `id`, `kind`, `owner`, `valid_until` (ISO 8601 with zone) are
    required, but that a vigilance area and a zone may lack an end; `name`, `reason`, `valid_from`
    (default: 1970), `assets` (list of ids, or "all"), `effect` (`mute` or `downgrade`, default
    `mute`; `raise` for the kind `vigilance`, `none` for `zone`), `detectors` (list) are optional.

    Args:
        path: the file.

    Returns:
        The masks, sorted by id.

    Raises:
        InputError: the file cannot be read, or a mask in it is wrong; all faults are named.
    """
    try:
        collection = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"The masks cannot be read ({error.strerror}).", where=str(path)
        ) from error
    # A number of thousands of digits is a plain ValueError; so are the errors of JSON and UTF-8.
    except (ValueError, RecursionError) as error:
        raise FormatError(f"This is not GeoJSON: {error}", where=str(path)) from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        raise FormatError(
            "This is not a GeoJSON FeatureCollection.",
            where=str(path),
            hint="Masks are polygons with the properties id, kind, owner, valid_until.",
        )
    masks: dict[str, Mask] = {}
    faults: list[str] = []
    for number, feature in enumerate(features, 1):
        try:
            mask = mask_of(feature)
            if mask.id in masks:
                raise UsageError(f"the id '{mask.id}' occurs twice")
            masks[mask.id] = mask
        except UsageError as error:
            faults.append(f"feature {number}: {_called(feature)}{error}")
    if faults:
        more = f" ... and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise InputError(
            f"{len(faults)} of {len(features)} masks are wrong: {'; '.join(faults[:5])}{more}",
            where=str(path),
            hint="Every mask needs id, kind, owner, valid_until and a polygon.",
        )
    return tuple(masks[i] for i in sorted(masks))


def _called(feature: object) -> str:
    """Give the id that a feature says, to stand before a fault; nothing where it says none."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    name = properties.get("id") if isinstance(properties, dict) else None
    return f"{name}: " if isinstance(name, str) and name.strip() else ""


def feature_of(mask: Mask) -> dict[str, Any]:
    """Write a mask as a GeoJSON feature that `mask_of` reads back."""
    return {
        "type": "Feature",
        "properties": {
            "id": mask.id, **({"name": mask.name} if mask.name else {}), "kind": mask.kind,
            "owner": mask.owner, "reason": mask.reason, "valid_from": mask.valid_from,
            "valid_until": mask.valid_until or None, "assets": list(mask.assets) or "all",
            "effect": mask.effect, "detectors": list(mask.detectors),
        },
        "geometry": json.loads(shapely.to_geojson(mask.geometry)),
    }  # fmt: skip


def mask_of(feature: object) -> Mask:
    """Read a mask from a GeoJSON feature; see `load_masks` for its properties.

    Raises:
        UsageError: what is wrong with it, without a place.
    """
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise UsageError("it is no GeoJSON feature with properties")
    p = feature["properties"]
    kind, effect = _kind_and_effect(p)
    needed = ("id", "kind", "owner", *(("valid_until",) if effect in (MUTE, DOWNGRADE) else ()))
    absent = [k for k in needed if not str(p.get(k) or "").strip()]
    if absent:
        raise UsageError(f"{', '.join(absent)} missing")
    if kind not in KINDS_BY_EFFECT[effect]:
        kinds = ", ".join(KINDS_BY_EFFECT[effect])
        raise UsageError(f"kind '{kind}' is none of {kinds}, of which the effect is {effect}")
    start = parse_iso(str(p["valid_from"])) if p.get("valid_from") else 0
    until = parse_iso(str(p["valid_until"])) if p.get("valid_until") else FOREVER_MS
    if until <= start:
        raise UsageError("valid_until is not after valid_from")
    return Mask(
        id=str(p["id"]),
        kind=kind,
        geometry=_polygon(feature.get("geometry")),
        owner=str(p["owner"]),
        reason=str(p.get("reason") or ""),
        valid_from_ms=start,
        valid_until_ms=until,
        assets=_names(p, "assets"),
        effect=effect,
        detectors=_names(p, "detectors"),
        name=str(p.get("name") or ""),
    )


def _kind_and_effect(properties: Mapping[str, Any]) -> tuple[str, str]:
    """Read what a place is and does; where it does not say, what its kind does."""
    kind = str(properties.get("kind") or "")
    usual = {"vigilance": RAISE, "zone": NONE}.get(kind, MUTE)
    effect = str(properties.get("effect") or usual)
    if effect not in EFFECTS:
        raise UsageError(f"effect '{effect}' is none of {', '.join(EFFECTS)}")
    return kind, effect


def _polygon(value: object) -> Any:  # noqa: ANN401 - shapely is untyped
    """Read a mask's geometry: a polygon of finite degrees, repaired where it crosses itself."""
    try:
        geometry = clean(geojson_geometry(value)).geometry
    except GeometryFaultError as error:
        raise UsageError(f"its geometry is unusable ({error})") from error
    if not geometry.geom_type.endswith("Polygon"):
        raise UsageError(f"its geometry is a {geometry.geom_type}, not a polygon")
    west, south, east, north = geometry.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise UsageError("its geometry is not in degrees")
    shapely.prepare(geometry)
    return geometry


def _names(properties: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Read a list of names; absent, null and "all" mean no restriction."""
    value = properties.get(key)
    if value is None or value in ("all", "", ["all"]):
        return ()
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise UsageError(f"{key} is neither a list of names nor 'all'")
    return tuple(sorted(set(value)))
