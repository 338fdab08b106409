"""An asset as people and programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sargas.model.assets import Asset
    from sargas.reference.accuracy import Spread


def summary(asset: Asset) -> dict[str, Any]:
    """Give an asset's fields without its geometry."""
    return {
        "id": asset.id,
        "name": asset.name,
        "kind": asset.kind,
        "status": asset.status,
        "operator": asset.operator,
        "length_km": round(asset.length_km, 1),
        "accuracy_m": asset.accuracy_m,
        "surveyed": asset.surveyed,
        "source": asset.source,
        "source_ref": asset.source_ref,
        "source_version": asset.source_version,
        "licence": asset.licence,
        "attribution": asset.attribution,
    }


def piece_accuracy(spread: Spread) -> dict[str, float]:
    """Give the accuracy that half and nine tenths of an asset's length have or better."""
    return {
        "piece_accuracy_m_p50": round(spread.half_m, 1),
        "piece_accuracy_m_p90": round(spread.most_m, 1),
    }


def in_words(asset: Asset, spread: Spread) -> list[tuple[str, str]]:
    """Put what is known of an asset into rows for people; what is not known has none."""
    points = "a survey or an official chart" if asset.surveyed else "not known to be a survey"
    imported = asset.properties.get("import")
    rows = {
        "id": asset.id,
        "name": asset.name,
        "kind": asset.kind.replace("_", " "),
        "status": asset.status.replace("_", " "),
        "operator": asset.operator,
        "length": f"{asset.length_km:.1f} km",
        "points": points,
        "accuracy stated": f"{asset.accuracy_m:.0f} m",
        "accuracy used": f"half of the length {spread.half_m:.0f} m or better, "
        f"nine tenths {spread.most_m:.0f} m, all of it {spread.worst_m:.0f} m",
        "source": " ".join((asset.source, asset.source_ref)),
        "source version": asset.source_version,
        "licence": asset.licence,
        "attribution": asset.attribution,
        "note": asset.note,
        "imported": imported and f"{imported['imported_at']} by {imported['imported_by']}",
    }
    return [(field, str(value)) for field, value in rows.items() if value]
