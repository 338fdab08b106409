"""From raw features to assets: columns, units, axis order, repair, and what must be stated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import shapely

from sargas.errors import InputError, UsageError
from sargas.model.assets import KINDS, SPACING_CAP_M, SPACING_SHARE, Asset, chains
from sargas.model.geodesy import distance_m
from sargas.reference.axis import to_lon_lat
from sargas.reference.fields import plain, read_fields
from sargas.reference.geometry import GeometryFaultError, clean
from sargas.reference.options import (
    AREA,
    ASSUMED_ACCURACY_M,
    MIN_UNNAMED_KM,
    ImportOptions,
    Mapped,
)
from sargas.reference.readers import RawFeature, RawFile
from sargas.reference.words import kind_of

# What a mended feature is called where it may not be mended.
_UNMENDED = {
    "made_valid": "invalid_geometry",
    "parts_dropped": "mixed_collection",
    "ring_closed": "ring_not_closed",
}

# Left out for a good reason, so that --on-invalid fail does not fail on them.
_NO_FAULT = {"part_of_relation", "node_not_read"}


def map_assets(
    raw: RawFile, options: ImportOptions, *, clip: bool = True, strict: bool = True
) -> Mapped:
    """Make assets of a file's features.

    Args:
        raw: the file as read.
        options: what the user says about it.
        clip: leave out assets that have no part in the watch area; the others stay whole.
        strict: require kind, accuracy, licence and attribution; otherwise assume them and say so.

    Raises:
        InputError: a copy of a schematic map, mixed axis order, a bad feature under `fail`.
        UsageError: the file does not say what must be said, and neither do the options.
    """
    refuse_schematic(raw)
    raw.metadata = plain(raw.metadata)
    out = Mapped(features=len(raw.features), notes=list(raw.notes))
    usable = _clean_features(raw, options, out)
    usable = to_lon_lat(raw, usable, options, out)
    parts = []
    for feature in usable:
        part = read_fields(raw, feature, options, out)
        stub = part.name.startswith("Unnamed ") and part.length_km < MIN_UNNAMED_KM
        if raw.metadata.get("overpass") and stub:
            out.skip("unnamed_under_10_km", feature.where)
            continue
        if clip and not _in_area(part):
            out.skip("outside_watch_area", feature.where)
            continue
        parts.append(part)
    out.used = len(parts)
    if strict:
        _require(raw, parts)
    else:
        parts = [_assume(part, out) for part in parts]
    out.assets = _merge(parts, by_name=bool(raw.metadata.get("overpass")), out=out)
    return out


def refuse_schematic(raw: RawFile) -> None:
    """Refuse copies of a map whose routes are drawn for looks.

    Raises:
        InputError: a field of the file names that map.
    """
    mark = "submarinecablemap"
    texts: Iterable[tuple[str, Any]] = [
        ("the file's own fields", raw.metadata),
        *((f.where, f.properties) for f in raw.features),
    ]
    for where, fields in texts:
        if any(mark in str(value).lower() for value in fields.values()):
            raise InputError(
                "The file names submarinecablemap.com: that map is a schematic, kilometres off, "
                "and may not be passed on for commercial use.",
                where=f"{raw.path}, {where}",
                hint="Use OpenStreetMap (Overpass), a chart, or the operator's route list.",
            )


def _clean_features(raw: RawFile, options: ImportOptions, out: Mapped) -> list[RawFeature]:
    """Mend or leave out, as the options say; each feature left out is counted."""
    usable = []
    for feature in raw.features:
        reason = feature.fault
        if not reason and feature.shape is not None:
            try:
                mended = clean(feature.shape).mended
                out.noted.update(feature.shape.noted)
                if options.on_invalid == "repair" or not mended:
                    out.mended.update(mended)
                    usable.append(feature)
                    continue
                reason = _UNMENDED[min(mended)]
            except GeometryFaultError as error:
                reason = error.reason
        if options.on_invalid == "fail" and reason not in _NO_FAULT:
            raise InputError(
                f"A feature cannot be used as it stands: {reason.replace('_', ' ')}.",
                where=f"{raw.path}, {feature.where}",
                hint="Mend the file, or let 'sargas infra import' mend and count such features "
                "(--on-invalid repair|skip).",
            )
        out.skip(reason, feature.where)
    return usable


def _in_area(asset: Asset) -> bool:
    """Tell whether any part of an asset lies in the watch area."""
    return bool(shapely.intersects(asset.geometry, shapely.box(*AREA)))


def _require(raw: RawFile, parts: list[Asset]) -> None:
    """Refuse what neither the file nor the options say.

    Raises:
        UsageError: all that is missing, with the options that say it.
    """
    missing = {
        "--kind": sum(not p.kind for p in parts),
        "--accuracy-m": sum(not p.accuracy_m for p in parts),
        "--licence": sum(not p.licence for p in parts),
        "--attribution": sum(not p.attribution for p in parts),
    }
    asked = [f"{option} ({count} of {len(parts)})" for option, count in missing.items() if count]
    if asked:
        raise UsageError(
            f"The file does not say everything that must be known: {', '.join(asked)}.",
            where=str(raw.path),
            hint="Say it with these options; kinds are " + ", ".join(KINDS) + ".",
        )


def _assume(part: Asset, out: Mapped) -> Asset:
    """Fill in for one run what the file does not say, on the careful side."""
    changes: dict[str, Any] = {}
    if not part.kind:
        guess = {1: "unspecified_cable"}.get(shapely.get_dimensions(part.geometry), "other")
        changes["kind"] = kind_of(part.name) or guess
        out.noted["kind_assumed"] += 1
    if not part.accuracy_m:
        said = f"Accuracy not stated by the file: {ASSUMED_ACCURACY_M:.0f} m assumed."
        changes["accuracy_m"] = ASSUMED_ACCURACY_M
        changes["note"] = f"{part.note} {said}" if part.note else said
        out.noted["accuracy_assumed_1000_m"] += 1
    return replace(part, **changes)


def _merge(parts: list[Asset], *, by_name: bool, out: Mapped) -> list[Asset]:
    """Join parts of one asset: the same reference, or for Overpass ways the same name and kind."""
    groups: dict[tuple[str, ...], list[Asset]] = {}
    for part in parts:
        key: tuple[str, ...] = (part.source, part.source_ref)
        if by_name and "way/" in part.source_ref and not part.name.startswith("Unnamed "):
            key = (part.source, "name", part.kind, part.name)
        groups.setdefault(key, []).append(part)
    out.noted["features_joined_to_another"] += len(parts) - len(groups)
    merged = [_join(group, out) for group in groups.values()]
    return sorted(merged, key=lambda a: (a.source, a.source_ref))


def _join(group: list[Asset], out: Mapped) -> Asset:
    """Make one asset of its parts; each part keeps its own accuracy."""
    first = group[0]
    if len(group) == 1:
        return first
    dimension = max(shapely.get_dimensions(p.geometry) for p in group)
    kept = [p for p in group if shapely.get_dimensions(p.geometry) == dimension]
    out.noted["parts_dropped"] += len(group) - len(kept)
    ways = {p.source_ref for p in group}
    ref = first.source_ref
    if len(ways) > 1:
        numbers = sorted(int(w.rpartition("/")[2]) for w in ways)
        ref = "osm:way/" + ",".join(str(n) for n in numbers)
        kept.sort(key=lambda p: int(p.source_ref.rpartition("/")[2]))
    singles = [s for p in kept for s in shapely.get_parts(p.geometry)]
    build = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[dimension]
    differ = any(
        (p.accuracy_m, p.surveyed) != (first.accuracy_m, first.surveyed) or p.piece_accuracy_m
        for p in kept
    )
    return replace(
        first,
        geometry=build(singles),
        source_ref=ref,
        accuracy_m=min(p.accuracy_m for p in kept),
        surveyed=all(p.surveyed for p in kept),
        piece_accuracy_m=tuple(m for p in kept for m in _pieces_of(p)) if differ else (),
        properties={"original": {str(i): p.properties["original"] for i, p in enumerate(group)}},
    )


def _pieces_of(part: Asset) -> list[float]:
    """Give each source piece of a part its accuracy, as the part alone would have it."""
    lengths = [
        distance_m(*chain[i], *chain[i + 1])
        for chain in chains(part.geometry)
        for i in range(len(chain) - 1)
    ]
    if part.piece_accuracy_m:
        return [max(part.accuracy_m, m) for m in part.piece_accuracy_m]
    if part.surveyed:
        return [part.accuracy_m] * len(lengths)
    return [max(part.accuracy_m, min(SPACING_SHARE * m, SPACING_CAP_M)) for m in lengths]


def describe(path: Path, mapped: Mapped) -> list[str]:
    """Put what became of a file's features into sentences, for people."""
    lines = list(mapped.notes)
    for words, counts in (
        ("left out", mapped.skipped), ("repaired", mapped.mended), ("noted", mapped.noted),
    ):  # fmt: skip
        for reason, count in sorted(counts.items()):
            if not count:
                continue
            places = mapped.places.get(reason, []) if counts is mapped.skipped else []
            at = f" ({', '.join(places)}{', ...' if count > len(places) else ''})" if places else ""
            lines.append(f"{path.name}: {words}: {count} {reason.replace('_', ' ')}{at}")
    return lines
