"""Import assets into a home, again and again: what came, what moved, what is gone.

An asset is named by its source and its reference there. The same file twice changes nothing; a
newer file of the same source replaces what it names. What it no longer names is reported, and
removed only when asked. Assets that ship are never removed; to replace one, import an asset with
its `source` and `source_ref`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sargas.errors import InputError, StoreError
from sargas.model.assets import Asset, AssetSet
from sargas.model.time import iso
from sargas.reference.accuracy import spacing_warning
from sargas.reference.fields import fingerprint, slug
from sargas.reference.home import (
    asset_key,
    combine,
    encode_source,
    infra_dir,
    load_imported,
    locked,
    source_path,
    write_sources,
)
from sargas.reference.mapping import describe, map_assets
from sargas.reference.options import ImportOptions, Mapped
from sargas.reference.readers import read_file
from sargas.reference.shift import Overlap, find_overlaps, shift_m
from sargas.reference.shipped import shipped_assets
from sargas.reference.words import is_non_commercial

_COMPARED = (
    "name", "kind", "status", "operator", "accuracy_m", "surveyed", "piece_accuracy_m",
    "licence", "attribution", "note", "source_version",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What an import does to one asset.

    Attributes:
        state: `added`, `changed` (other fields), `moved` (another line), `unchanged`, `absent`
            (known from this source and not in the file), `removed`.
        fields: names of the fields that differ.
        median_shift_m, max_shift_m: between the old line and the new, for `moved`.
    """

    state: str
    id: str
    name: str
    source: str
    source_ref: str
    fields: tuple[str, ...] = ()
    median_shift_m: float | None = None
    max_shift_m: float | None = None


@dataclass
class Plan:
    """What an import would do, before anything is written.

    Attributes:
        path, format, sha256: the file.
        mapped: what became of the file's features.
        changes: one row an asset, sorted by id.
        overlaps: proposals: assets of different sources that may be one and the same.
        contents: files of the home to be written, None to be removed.
        before: hash of these files as they were, to notice a second writer.
        warnings: sentences.
    """

    path: Path
    format: str
    sha256: str
    mapped: Mapped
    options: ImportOptions
    changes: list[Change] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    stored: dict[Path, list[Asset]] = field(default_factory=dict)
    before: dict[Path, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def count(self, state: str) -> int:
        """Count the assets in a state."""
        return sum(change.state == state for change in self.changes)

    @property
    def file_name(self) -> str:
        """Name of the file, fit for UTF-8 whatever bytes the file system has for it."""
        return os.fsencode(self.path.name).decode("utf-8", "replace")

    @property
    def changes_home(self) -> bool:
        """Whether anything would be written to the assets."""
        return any(c.state in ("added", "changed", "moved", "removed") for c in self.changes)

    def as_dict(self) -> dict[str, Any]:
        """Give the plan as JSON can hold it."""
        states = ("added", "changed", "moved", "unchanged", "absent", "removed")
        return {
            "file": self.file_name,
            "format": self.format,
            "sha256": self.sha256,
            "features": self.mapped.features,
            "used": self.mapped.used,
            "skipped": dict(sorted(self.mapped.skipped.items())),
            "repaired": dict(sorted(self.mapped.mended.items())),
            "noted": dict(sorted((k, v) for k, v in self.mapped.noted.items() if v)),
            "notes": self.mapped.notes + self.warnings,
            **{state: self.count(state) for state in states},
            "changes": [asdict(c) for c in self.changes if c.state != "unchanged"],
            "overlaps": [asdict(o) for o in self.overlaps],
        }

    def describe(self) -> list[str]:
        """Put into sentences what became of the features, and what to look at."""
        return describe(self.path, self.mapped) + self.warnings


def load_assets(
    path: Path,
    options: ImportOptions | None = None,
    *,
    notes: list[str] | None = None,
) -> AssetSet:
    """Read assets from any file that can be imported, for one run; nothing is stored.

    Every feature must be usable, unless the options say otherwise. Where the file does not state
    an accuracy, 1,000 m are assumed and the asset's note says so; a kind is guessed from the
    name and the geometry. Assets outside the Baltic are kept.

    Args:
        path: the file.
        options: what the user says about it; `on_invalid` is `fail` by default.
        notes: gets sentences on what was assumed, swapped or left out.

    Raises:
        InputError: the file cannot be read, or a feature in it cannot be used.

    Example:
        >>> from sargas.reference.files import DATA
        >>> len(load_assets(DATA / "infrastructure-ccby.geojson"))
        40
    """
    raw = read_file(path)
    mapped = map_assets(raw, options or ImportOptions(on_invalid="fail"), clip=False, strict=False)
    if not mapped.assets:
        raise InputError("No feature of the file can be used.", where=str(path))
    if notes is not None:
        notes.extend(describe(path, mapped))
    return AssetSet(_with_ids(mapped.assets, ()))


def plan_import(
    path: Path, home: Path, options: ImportOptions | None = None, *, prune: bool = False
) -> Plan:
    """Read a file and work out what its import would do to a home; nothing is written.

    Args:
        path: the file.
        home: the home.
        options: what the user says about the file.
        prune: remove what an earlier import brought from the same sources and the file no longer
            has.

    Raises:
        InputError: the file cannot be read or used.
        UsageError: the file does not say what must be said.
        StoreError: the home's own assets cannot be read.

    Example:
        >>> from sargas.reference.files import DATA
        >>> plan = plan_import(DATA / "infrastructure-osm.geojson", Path("no-such-home"))
        >>> plan.count("unchanged"), plan.changes_home
        (122, False)
    """
    options = options or ImportOptions()
    raw = read_file(path)
    mapped = map_assets(raw, options)
    if not mapped.assets:
        raise InputError(
            f"None of the {mapped.features} features can be used: "
            + ", ".join(f"{n} {r.replace('_', ' ')}" for r, n in sorted(mapped.skipped.items())),
            where=str(path),
        )
    plan = Plan(path, raw.format, _hash_of(path), mapped, options)
    imported = load_imported(home)
    known = combine(shipped_assets().assets, imported)
    assets = _with_ids(mapped.assets, known.assets)
    by_key = {asset_key(a): a for a in known.assets}
    own = {asset_key(a): a for a in imported}
    stored = dict(own)
    for asset in assets:
        before = by_key.get(asset_key(asset))
        change = _compare(before, asset, own=asset_key(asset) in own)
        plan.changes.append(change)
        if change.state != "unchanged":
            stored[asset_key(asset)] = asset
    _absent(plan, assets, own, stored, prune=prune)
    plan.changes.sort(key=lambda c: (c.id, c.source_ref))
    new = {(c.source, c.source_ref) for c in plan.changes if c.state == "added"}
    plan.overlaps = find_overlaps([a for a in assets if asset_key(a) in new], known.assets)
    _warn(plan, assets)
    for source in sorted({a.source for a in assets}):
        file = source_path(home, source)
        plan.stored[file] = [a for key, a in stored.items() if key[0] == source]
        plan.before[file] = _hash_of(file)
    return plan


def apply_import(plan: Plan, home: Path, *, imported_at_ms: int, imported_by: str) -> None:
    """Write a plan to the home: all of it, or nothing.

    Args:
        plan: made by `plan_import` for the same home.
        imported_at_ms: now, milliseconds UTC.
        imported_by: who imports, for the log.

    Raises:
        StoreError: the home cannot be written, or another import came in between.
    """
    about = {
        "file": plan.file_name,
        "sha256": plan.sha256,
        "imported_at": iso(imported_at_ms),
        "imported_by": imported_by,
    }
    touched = {
        (c.source, c.source_ref) for c in plan.changes if c.state in ("added", "changed", "moved")
    }
    with locked(home):
        if any(_hash_of(path) != digest for path, digest in plan.before.items()):
            raise StoreError(
                "Another import changed the same source in the meantime; nothing was changed.",
                where=str(infra_dir(home)),
                hint="Import the file again.",
            )
        contents: dict[Path, bytes | None] = {}
        for path, assets in plan.stored.items():
            signed = [
                replace(a, properties=a.properties | {"import": about})
                if asset_key(a) in touched
                else a
                for a in assets
            ]
            data = encode_source(signed[0].source, signed) if signed else None
            before = path.read_bytes() if path.exists() else None
            if data != before:
                contents[path] = data
        outcome = {k: v for k, v in plan.as_dict().items() if k not in ("file", "sha256")}
        said = {k: v for k, v in asdict(plan.options).items() if v not in (None, False)}
        entry = json.dumps({**about, "options": said, **outcome}, ensure_ascii=False)
        write_sources(home, contents, entry)


def _hash_of(path: Path) -> str:
    """Hash a file; empty when there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _with_ids(assets: Iterable[Asset], known: Iterable[Asset]) -> list[Asset]:
    """Give every asset its id: the one it has, a telling one from the file, or kind and name."""
    known = tuple(known)
    by_key = {asset_key(a): a.id for a in known}
    taken = {a.id for a in known}
    out = []
    for asset in assets:
        key = asset_key(asset)
        given = asset.id if slug(asset.id) == asset.id and not asset.id.isdigit() else ""
        own = by_key.get(key) or given or f"{slug(asset.kind)}-{slug(asset.name)}".strip("-")
        if key not in by_key and own in taken:
            own = f"{own}-{fingerprint(repr(key).encode())[:6]}"
        taken.add(own)
        out.append(replace(asset, id=own))
    return out


def _compare(before: Asset | None, after: Asset, *, own: bool) -> Change:
    """Tell what an import does to one asset."""
    names = (after.id, after.name, after.source, after.source_ref)
    if before is None:
        return Change("added", *names)
    fields = [f for f in _COMPARED if getattr(before, f) != getattr(after, f)]
    if own and before.properties.get("original") != after.properties.get("original"):
        fields.append("original")
    if before.geometry.equals_exact(after.geometry, 0.0):
        return Change("changed" if fields else "unchanged", *names, tuple(fields))
    median, largest = shift_m(before.geometry, after.geometry)
    return Change("moved", *names, tuple(fields), round(median, 1), round(largest, 1))


def _absent(
    plan: Plan,
    assets: list[Asset],
    own: dict[tuple[str, str], Asset],
    stored: dict[tuple[str, str], Asset],
    *,
    prune: bool,
) -> None:
    """Report what earlier imports brought from these sources and the file does not have."""
    sources, here = {a.source for a in assets}, {asset_key(a) for a in assets}
    for key, asset in own.items():
        if key[0] in sources and key not in here:
            state = "removed" if prune else "absent"
            plan.changes.append(Change(state, asset.id, asset.name, *key))
            if prune:
                del stored[key]


def _warn(plan: Plan, assets: list[Asset]) -> None:
    """Say what a person should look at."""
    if spacing := spacing_warning(sorted(assets, key=lambda a: a.id)):
        plan.warnings.append(spacing)
    if any(is_non_commercial(a.licence) for a in assets):
        plan.warnings.append(
            "The licence forbids commercial use: keep these assets to yourself, and leave them "
            "out of anything you pass on."
        )
    if plan.count("absent"):
        plan.warnings.append(
            f"Assets of an earlier import that are not in this file: {plan.count('absent')}. They "
            "were kept; --prune removes them."
        )
    for overlap in plan.overlaps:
        plan.warnings.append(
            f"'{overlap.id}' runs along '{overlap.other_id}' ({overlap.share:.0%} within 500 m): "
            f"perhaps the same asset. Both are kept; the more accurate one is '{overlap.keep}'."
        )
