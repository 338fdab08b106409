"""A home's own assets: one GeoJSON file a source, and a log of imports that only grows.

`<home>/infra/user.elering.geojson` holds the assets of the source `user:elering`;
`<home>/infra/imports.jsonl` has a line for each import: file, its hash, time, person, counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import shapely

from sargas.errors import StoreError
from sargas.model.assets import KINDS, Asset, AssetSet
from sargas.reference.fields import fingerprint
from sargas.reference.shipped import shipped_assets
from sargas.reference.words import STATUSES

FORMAT = 1
"""Version of the files in `infra/`; a file of a newer version is refused, never overwritten."""
LOG = "imports.jsonl"

_FIELDS = (
    "id", "name", "kind", "operator", "status", "source", "source_ref", "source_version",
    "licence", "attribution", "accuracy_m", "surveyed", "note",
)  # fmt: skip
_KEPT = ("original", "import")


def infra_dir(home: Path) -> Path:
    """Give the folder of a home's own assets."""
    return home / "infra"


def source_path(home: Path, source: str) -> Path:
    """Give the file of a source; keys hold no dot, so that names stay apart."""
    return infra_dir(home) / f"{source.replace(':', '.')}.geojson"


def asset_key(asset: Asset) -> tuple[str, str]:
    """Give what names an asset across imports."""
    return asset.source, asset.source_ref


def to_feature(asset: Asset) -> dict[str, Any]:
    """Write an asset as a GeoJSON feature that `from_feature` reads back without loss."""
    properties = {name: getattr(asset, name) for name in _FIELDS}
    if asset.piece_accuracy_m:
        properties["piece_accuracy_m"] = list(asset.piece_accuracy_m)
    properties |= {k: asset.properties[k] for k in _KEPT if k in asset.properties}
    return {
        "type": "Feature",
        "id": asset.id,
        "properties": {k: v for k, v in properties.items() if v not in (None, "")},
        "geometry": json.loads(shapely.to_geojson(asset.geometry)),
    }


def from_feature(feature: Mapping[str, Any]) -> Asset:
    """Read an asset that `to_feature` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    p = feature["properties"]
    geometry = shapely.from_geojson(json.dumps(feature["geometry"]))
    if geometry is None or p["kind"] not in KINDS or p.get("status", "unknown") not in STATUSES:
        raise ValueError("a kind, status or geometry that is not known")
    values = {name: p[name] for name in _FIELDS if name in p}
    values["accuracy_m"] = float(p["accuracy_m"])
    return Asset(
        **values,
        geometry=geometry,
        piece_accuracy_m=tuple(float(m) for m in p.get("piece_accuracy_m", ())),
        properties={k: p[k] for k in _KEPT if k in p},
    )


def encode_source(source: str, assets: Iterable[Asset]) -> bytes:
    """Write a source's assets as the bytes of its file: the same assets give the same bytes."""
    ordered = sorted(assets, key=asset_key)
    head = {
        "type": "FeatureCollection",
        "metadata": {
            "sargas": FORMAT,
            "source": source,
            "licence": sorted({a.licence for a in ordered}),
            "attribution": sorted({a.attribution for a in ordered}),
        },
    }
    lines = ",\n".join(json.dumps(to_feature(a), ensure_ascii=False) for a in ordered)
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    return f'{opening}, "features": [\n{lines}\n]}}\n'.encode()


def load_imported(home: Path) -> list[Asset]:
    """Read a home's own assets; none when nothing was ever imported.

    Raises:
        StoreError: a file cannot be read, or was not written by sargas.
    """
    assets: list[Asset] = []
    for path in _source_files(home):
        try:
            document = json.loads(path.read_bytes())
            version = document["metadata"]["sargas"]
            if version != FORMAT:
                raise ValueError(f"version {version!r}")
            assets.extend(from_feature(feature) for feature in document["features"])
        except OSError as error:
            raise StoreError(
                f"The imported assets cannot be read ({error.strerror}).", where=str(path)
            ) from error
        except (
            KeyError, TypeError, ValueError, OverflowError, RecursionError, AttributeError,
            shapely.errors.ShapelyError,  # type: ignore[attr-defined]
        ) as error:  # fmt: skip
            raise StoreError(
                f"This is not a file of imported assets that this sargas reads ({error}).",
                where=str(path),
                hint="Move it out of the folder, and import its original again with "
                "'sargas infra import FILE'.",
            ) from error
    return assets


def _source_files(home: Path) -> list[Path]:
    """List the files of sources; a folder that is not there has none."""
    folder = infra_dir(home)
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except NotADirectoryError as error:
        home_is_file = not home.is_dir()
        what = "home" if home_is_file else "place of its imported assets"
        raise StoreError(
            f"The {what} is a file, not a folder.",
            where=str(home if home_is_file else folder),
            hint="Name a folder with --home or SARGAS_HOME.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"The imported assets cannot be listed ({error.strerror}).", where=str(folder)
        ) from error
    return [folder / name for name in names if name.endswith(".geojson")]


def home_assets(home: Path) -> AssetSet:
    """Give the assets that a home watches: the shipped ones and those imported.

    Of two with the same source and reference the imported one counts. Without imports the shipped
    set itself is returned.

    Raises:
        StoreError: an imported file cannot be read.

    Example:
        >>> home_assets(Path("no-such-home")) is shipped_assets()
        True
    """
    imported = load_imported(home)
    return combine(shipped_assets().assets, imported) if imported else shipped_assets()


def combine(base: Iterable[Asset], later: Iterable[Asset]) -> AssetSet:
    """Lay assets over others; the later one wins by (source, source_ref).

    An id that two different assets claim stays with the first; the other gets a suffix.
    """
    by_key = {asset_key(a): a for a in base}
    for asset in later:
        before = by_key.get(asset_key(asset))
        by_key[asset_key(asset)] = replace(asset, id=before.id) if before else asset
    by_id: dict[str, Asset] = {}
    for key, asset in by_key.items():
        if asset.id in by_id:
            asset = replace(asset, id=f"{asset.id}-{fingerprint(repr(key).encode())[:6]}")
        by_id[asset.id] = asset
    return AssetSet(by_id.values())


@contextlib.contextmanager
def locked(home: Path) -> Iterator[Path]:
    """Hold a home's folder of assets for one writer; makes the folder.

    Raises:
        StoreError: it cannot be made or locked.
    """
    folder = infra_dir(home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("ab")
    except OSError as error:
        raise cannot_write(folder, error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _sweep(folder)
        yield folder


def _sweep(folder: Path) -> None:
    """Remove what a killed import left behind; the caller holds the lock."""
    for leftover in [*folder.glob(".*.geojson.*.tmp"), *folder.glob(".undo.*")]:
        with contextlib.suppress(OSError):
            leftover.unlink()


def cannot_write(path: Path, error: OSError) -> StoreError:
    """Say that a place cannot be written, and that nothing was changed."""
    return StoreError(
        f"The home cannot be written ({error.strerror or error}); nothing was changed.",
        where=str(path),
        hint="Free some space, or name another place with --home or SARGAS_HOME.",
    )


def write_sources(home: Path, contents: Mapping[Path, bytes | None], entry: str) -> None:
    """Replace the files of sources and add a line to the log, or change nothing.

    New contents go to temporary files first and are flushed to the disk; then the log grows by
    its line; then the files are renamed into place. On a failure every file and the log are put
    back as they were.

    Args:
        home: the home; the caller holds `locked(home)`.
        contents: file to its new bytes; None removes the file.
        entry: the log line, without a line end.

    Raises:
        StoreError: the disk is full, or the folder cannot be written.
    """
    folder = infra_dir(home)
    ready: dict[Path, Path] = {}
    undo: dict[Path, Path | None] = {}
    changed: list[Path] = []
    log_size: int | None = None
    try:
        for path, data in contents.items():
            if data is not None:
                ready[path] = _write_temporary(folder, path.name, data)
        log_size = _log_size(folder)
        _append(folder / LOG, entry)
        for path in contents:
            undo[path] = _second_name(folder, path)
            if path in ready:
                os.replace(ready[path], path)
            else:
                path.unlink(missing_ok=True)
            changed.append(path)
        _sync_folder(folder)
    except OSError as error:
        _restore({path: undo[path] for path in changed})
        if log_size is not None:
            with contextlib.suppress(OSError):
                os.truncate(folder / LOG, log_size)
        raise cannot_write(folder, error) from error
    finally:
        for leftover in [*ready.values(), *undo.values()]:
            if leftover is not None:
                leftover.unlink(missing_ok=True)


def _second_name(folder: Path, path: Path) -> Path | None:
    """Give a file a second name to come back from; None when there is no file."""
    if not path.exists():
        return None
    name = Path(tempfile.mkdtemp(prefix=".undo.", dir=folder))
    name.rmdir()
    os.link(path, name)
    return name


def _restore(undo: Mapping[Path, Path | None]) -> None:
    """Put files back as they were; needs no space, only names.

    Raises:
        StoreError: even that fails; the file is named.
    """
    for path, second in undo.items():
        try:
            if second is None:
                path.unlink(missing_ok=True)
            else:
                os.replace(second, path)
        except OSError as error:
            raise StoreError(
                f"The import failed half-way and could not be undone ({error.strerror}).",
                where=str(path),
                hint="Mend the disk, and import the file again.",
            ) from error


def _write_temporary(folder: Path, name: str, data: bytes) -> Path:
    """Write bytes to a new file in the folder and flush it to the disk."""
    handle, path = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(path).unlink(missing_ok=True)
        raise
    os.chmod(path, 0o644)
    return Path(path)


def _log_size(folder: Path) -> int:
    """Measure the log, 0 before the first import."""
    log = folder / LOG
    return log.stat().st_size if log.exists() else 0


def _append(log: Path, entry: str) -> None:
    """Add a line to the log and flush it to the disk."""
    with log.open("ab") as file:
        file.write(entry.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
