"""One feature's fields in the house's words: name, kind, status, source, reference, accuracy."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from dataclasses import replace
from typing import Any

import shapely

from sargas.errors import UsageError
from sargas.model.assets import KINDS, Asset, chains
from sargas.reference import columns
from sargas.reference.columns import find_value
from sargas.reference.options import ImportOptions, Mapped
from sargas.reference.readers import RawFeature, RawFile
from sargas.reference.words import kind_of, kind_of_osm_tags, licence_of, status_of

_KNOWN_KEYS = ("osm", "gem", "emodnet", "helcom")
_SOURCE_MARKS = (
    ("globalenergymonitor", "gem"), ("global energy monitor", "gem"), ("emodnet", "emodnet"),
    ("openstreetmap", "osm"), ("helcom", "helcom"),
)  # fmt: skip


def read_fields(raw: RawFile, feature: RawFeature, options: ImportOptions, out: Mapped) -> Asset:
    """Read one feature's fields; the id is not final, and what is missing is left empty."""
    p, meta = plain(feature.properties), raw.metadata
    geometry = feature.shape.geometry if feature.shape else None
    status = status_of(_status_text(p))
    if status is None:
        out.noted["status_word_not_known"] += 1
    source, version = _source(raw, p, options)
    kind = options.kind or _kind(p) or ""
    name = _name(p, options, raw)
    ref = _ref(p, source, name, kind, geometry)
    asset = Asset(
        id=str(p.get("id") or ""),
        name=name or f"Unnamed {kind.replace('_', ' ') or 'asset'} ({ref})",
        kind=kind,
        geometry=geometry,
        accuracy_m=_accuracy(p, meta, options, out),
        status=status or "unknown",
        operator=_text(find_value(p, columns.OPERATOR_COLUMNS)),
        source=source,
        source_ref=ref,
        source_version=version,
        licence=licence_of(
            find_value(p, columns.LICENCE_COLUMNS)
            or find_value(meta, columns.LICENCE_COLUMNS)
            or options.licence
        ),
        attribution=str(
            find_value(p, columns.ATTRIBUTION_COLUMNS)
            or find_value(meta, columns.ATTRIBUTION_COLUMNS)
            or options.attribution
            or ""
        ),
        note=_text(p.get("note")),
        surveyed=options.surveyed or str(p.get("surveyed")).lower() in ("true", "1", "yes"),
        properties={"original": p},
    )
    return replace(asset, piece_accuracy_m=_given_pieces(asset, out))


def _text(value: object) -> str | None:
    """Give a stripped text, None for nothing."""
    return str(value).strip() or None if value is not None else None


def plain(properties: dict[str, Any]) -> dict[str, Any]:
    """Keep fields as JSON and UTF-8 can hold them, sorted by name.

    What JSON has no word for becomes text, numbers that are not finite become null, halves of
    characters become question marks.
    """
    try:
        text = json.dumps(properties, default=str, ensure_ascii=False)
        whole = text.encode("utf-8", "replace").decode("utf-8")
        kept = json.loads(whole, parse_constant=lambda _: None)
    except (RecursionError, ValueError, TypeError):
        kept = {str(k): v for k, v in properties.items() if isinstance(v, (int, float))}
        kept["note"] = "The fields of this feature could not be kept."
    return dict(sorted(kept.items()))


def _status_text(p: dict[str, Any]) -> object:
    """Find a status; OpenStreetMap says it with a tag of its own."""
    for tag, status in (("disused", "retired"), ("abandoned", "retired"), ("proposed", "planned")):
        if str(p.get(tag)).lower() == "yes":
            return status
    return find_value(p, columns.STATUS_COLUMNS)


def _kind(p: dict[str, Any]) -> str | None:
    """Read the kind from the columns that usually hold it, or from OpenStreetMap tags."""
    if p.get("kind") in KINDS:
        return str(p["kind"])
    tagged = kind_of_osm_tags(p)
    if tagged:
        return tagged
    values = (find_value(p, (column,)) for column in columns.KIND_COLUMNS)
    return next((kind for kind in map(kind_of, values) if kind), None)


def _name(p: dict[str, Any], options: ImportOptions, raw: RawFile) -> str:
    """Read a feature's name, at most 200 characters; empty when it has none."""
    if options.name_column is None:
        return (_text(find_value(p, columns.NAME_COLUMNS)) or "")[:200]
    wanted = columns.plain_name(options.name_column)
    known = {columns.plain_name(str(k)) for f in raw.features[:1000] for k in f.properties}
    if wanted not in known:
        raise UsageError(
            f"There is no column '{options.name_column}'.",
            where=str(raw.path),
            hint=f"The columns are: {', '.join(sorted(known)[:20])}.",
        )
    return (_text(find_value(p, (wanted,))) or "")[:200]


def _source(raw: RawFile, p: dict[str, Any], options: ImportOptions) -> tuple[str, str]:
    """Find the short key of the source, and the text with dates and versions beside it."""
    text = str(p.get("source") or raw.metadata.get("source") or "").strip()
    version = str(find_value(p, columns.VERSION_COLUMNS) or raw.metadata.get("version") or "")
    if options.source is not None:
        return options.source, version or text
    if text in _KNOWN_KEYS or re.fullmatch(r"user:[a-z0-9][a-z0-9_-]{0,31}", text):
        return text, version
    for mark, key in _SOURCE_MARKS:
        if mark in text.lower():
            return key, version or text
    # A date or version at the end of the file's name is dropped: the next file is the same source.
    stem = re.sub(r"(-v?\d+)+$", "", slug(raw.path.stem))
    return f"user:{stem[:32].strip('-') or 'file'}", version or text


def _ref(p: dict[str, Any], source: str, name: str, kind: str, geometry: Any) -> str:  # noqa: ANN401
    """Name a feature within its source: by its reference, its name, or its geometry."""
    ref = _text(find_value(p, columns.REF_COLUMNS))
    if ref and source == "osm" and re.fullmatch(r"(way|relation|node)/\d+", ref):
        return f"osm:{ref}"
    if ref:
        return ref
    if name:
        return f"{kind or 'asset'}:{slug(name)}"
    return f"geometry:{fingerprint(shapely.to_wkb(shapely.normalize(geometry)))}"


def fingerprint(data: bytes) -> str:
    """Name some bytes by 12 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[:12]


def slug(text: str) -> str:
    """Write a text in small ASCII letters, digits and single hyphens.

    Example:
        >>> slug("Ventspils–Fårösund (LVRTC)")
        'ventspils-farosund-lvrtc'
    """
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("Ø", "O"))
    dashed = re.sub(r"[‐-―]", "-", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", dashed.lower()).strip("-")[:80]


def _accuracy(
    p: dict[str, Any], meta: dict[str, Any], options: ImportOptions, out: Mapped
) -> float:
    """Find the accuracy in metres; 0 when nobody says it."""
    for value in (find_value(p, columns.ACCURACY_COLUMNS), meta.get("accuracy_m")):
        if value is None:
            continue
        try:
            metres = float(str(value).replace(",", "."))
        except ValueError:
            metres = math.nan
        if 0 < metres < math.inf:
            return metres
        out.noted["accuracy_not_a_number"] += 1
    return options.accuracy_m or 0.0


def _given_pieces(asset: Asset, out: Mapped) -> tuple[float, ...]:
    """Read the accuracy of each source piece where the file gives it, one a piece."""
    value = find_value(asset.properties["original"], columns.PIECE_COLUMNS)
    if value is None:
        return ()
    items = value if isinstance(value, list) else re.split(r"[\s;,]+", str(value).strip(" []"))
    try:
        metres = tuple(float(item) for item in items)
    except (TypeError, ValueError):
        metres = ()
    count = sum(len(chain) - 1 for chain in chains(asset.geometry))
    if not metres or len(metres) != count or not all(0 < m < math.inf for m in metres):
        out.noted["piece_accuracy_does_not_fit"] += 1
        return ()
    return metres
