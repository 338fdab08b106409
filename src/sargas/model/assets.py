"""Assets: the cables, pipelines, wind farms and terminals that are watched, as pieces for kernels.

The accuracy of an asset's position is a property of each piece of its line, not of the asset: a
line with 50 m between its points in one place can have 10 km without any in another.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sargas.errors import NotFoundError
from sargas.model.geodesy import distance_m

if TYPE_CHECKING:  # without `from`, which the stamps of kernels would follow (model.jit)
    import sargas.model.card as card

KINDS = (
    "telecom_cable", "unspecified_cable", "power_cable", "gas_pipeline", "oil_pipeline",
    "wind_farm", "lng_terminal", "other",
)  # fmt: skip
WATCHED_STATUS = ("in_service", "out_of_service", "unknown")
SPACING_SHARE = 0.10
"""Accuracy of an unsurveyed piece as a share of its length between source points (geodata.md 3)."""
SPACING_CAP_M = 5000.0
PIECE_M = 5000.0
"""Pieces are cut to this length, so that straight in degrees and straight on the sea agree."""


@dataclass(frozen=True)
class Asset:
    """One thing on the sea bed or at the coast that a watch looks after.

    Attributes:
        id: stable within an asset set.
        kind: one of `KINDS`.
        status: `in_service`, `out_of_service`, `planned`, `construction`, `idle`, `retired`,
            `unknown`.
        geometry: shapely, longitude before latitude, WGS84.
        accuracy_m: floor of the position's accuracy for every piece.
        source, source_ref: where it comes from; together they name it across imports.
        surveyed: whether the points are a survey, so that their spacing says nothing.
        piece_accuracy_m: accuracy per source piece in line order, where the source gives it.
    """

    id: str
    name: str
    kind: str
    geometry: Any
    accuracy_m: float
    status: str = "unknown"
    operator: str | None = None
    source: str = ""
    source_ref: str = ""
    source_version: str = ""
    licence: str = ""
    attribution: str = ""
    note: str | None = None
    surveyed: bool = False
    piece_accuracy_m: tuple[float, ...] = ()
    properties: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def length_km(self) -> float:
        """Length of the line or outline on the ellipsoid; 0 for a point."""
        return sum(_chain_length_m(chain) for chain in chains(self.geometry)) / 1000.0

    def _scene(self) -> card.Scene:
        """Give what its picture shows around it: nothing, for an asset alone knows no coast."""
        import sargas.model.card as card

        return card.Scene(credits=tuple(filter(None, (self.attribution, self.licence))))

    def _repr_html_(self) -> str:
        """Show it in a notebook: words and a still picture, without script."""
        import sargas.model.card as card  # who only measures does without

        return card.asset_card(self, self._scene())


@dataclass(frozen=True)
class Pieces:
    """Every asset's line cut into straight pieces, as columns of shape (n,).

    Attributes:
        asset: int32, index into the asset set.
        lon1, lat1, lon2, lat2: float64, degrees.
        accuracy_m: float64, accuracy of the piece's position.
        kp_m: float64, metres along the asset at the piece's start; the parts of a line follow
            each other in file order.
        length_m: float64.
    """

    asset: NDArray[np.int32]
    lon1: NDArray[np.float64]
    lat1: NDArray[np.float64]
    lon2: NDArray[np.float64]
    lat2: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    kp_m: NDArray[np.float64]
    length_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.asset)


class AssetSet:
    """Assets in a fixed order, with their pieces and a version that names their geometry.

    Args:
        assets: sorted by id on the way in, so that the order of files does not matter.
    """

    def __init__(self, assets: Iterable[Asset]) -> None:
        self.assets: tuple[Asset, ...] = tuple(sorted(assets, key=lambda a: a.id))
        self._index = {a.id: i for i, a in enumerate(self.assets)}

    def __len__(self) -> int:
        return len(self.assets)

    def __getitem__(self, index: int) -> Asset:
        return self.assets[index]

    def index_of(self, wanted: str) -> int:
        """Find an asset's index by its id, or by an id or name that says the same.

        Capitals, spaces and signs do not count; a part of a name is not enough, for a person
        should know which asset was asked about.

        Raises:
            NotFoundError: no such asset, or several; the hint names those that come near.

        Example:
            >>> a = Asset("power-cable-estlink-2", "Estlink 2", "power_cable", None, 200.0)
            >>> AssetSet([a]).index_of("estlink2")
            0
        """
        if wanted in self._index:
            return self._index[wanted]
        key = _letters(wanted)
        by_key: dict[str, set[str]] = {}
        for a in self.assets:
            for text in (a.id, a.name):
                by_key.setdefault(_letters(text), set()).add(a.id)
        same = sorted(by_key.get(key, ())) if key else []
        if len(same) == 1:
            return self._index[same[0]]
        what = f"{len(same)} assets are called" if same else "There is no asset"
        near = same or _near(key, by_key)
        # The beginning of the longest word finds what is misspelt further on.
        word = max(re.findall(r"\w+", wanted) or ["cable"], key=len)[:4]
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        hint += f"Look for it with: sargas infra list | grep -i {word}"
        raise NotFoundError(f"{what} '{wanted}'.", hint=hint)

    def watched(self) -> AssetSet:
        """Keep the assets that can be damaged today: in service, out of service, unknown."""
        return AssetSet(a for a in self.assets if a.status in WATCHED_STATUS)

    @cached_property
    def version(self) -> str:
        """Name the geometry: 12 hexadecimal digits over ids, points and accuracies."""
        digest = hashlib.sha256()
        for a in self.assets:
            digest.update(f"{a.id}\x1f{a.accuracy_m}\x1f{a.surveyed}\x1f".encode())
            digest.update(repr(a.piece_accuracy_m).encode())
            digest.update(shapely.to_wkb(a.geometry))
        return digest.hexdigest()[:12]

    @cached_property
    def attributions(self) -> tuple[str, ...]:
        """Whom to credit, each once, sorted."""
        return tuple(sorted({a.attribution for a in self.assets if a.attribution}))

    @cached_property
    def pieces(self) -> Pieces:
        """Cut every asset into pieces of at most `PIECE_M` that carry their own accuracy."""
        rows: list[tuple[float, ...]] = []
        for index, asset in enumerate(self.assets):
            rows.extend(_asset_pieces(index, asset))
        table = np.array(rows, dtype=np.float64).reshape(-1, 8)
        columns = [np.ascontiguousarray(table[:, i]) for i in range(8)]
        return Pieces(columns[0].astype(np.int32), *columns[1:])


def _letters(text: str) -> str:
    """Keep what counts when names are compared: small letters without accents, and digits."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def _near(key: str, by_key: Mapping[str, set[str]]) -> list[str]:
    """Name up to five ids that come near: those with the key in them first, then misspelt ones."""
    if not key:
        return []
    within = [k for k in by_key if key in k]
    near = within + difflib.get_close_matches(key, by_key, n=5, cutoff=0.75)
    return list(dict.fromkeys(i for k in near for i in sorted(by_key[k])))[:5]


def chains(geometry: Any) -> list[NDArray[np.float64]]:  # noqa: ANN401 - shapely is untyped
    """List a geometry's lines and rings as arrays of shape (m, 2); a point is a chain of one.

    Example:
        >>> [c.shape for c in chains(shapely.from_wkt("POLYGON ((0 0, 1 0, 1 1, 0 0))"))]
        [(4, 2)]
    """
    if geometry is None or geometry.is_empty:
        return []
    out: list[NDArray[np.float64]] = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            rings = [part.exterior, *part.interiors]
            out.extend(shapely.get_coordinates(ring) for ring in rings)
        elif part.geom_type.startswith(("Multi", "GeometryCollection")):
            out.extend(chains(part))
        else:
            out.append(shapely.get_coordinates(part))
    return out


def _chain_length_m(chain: NDArray[np.float64]) -> float:
    """Measure a chain of points along the ellipsoid."""
    return sum(distance_m(*chain[i], *chain[i + 1]) for i in range(len(chain) - 1))


def _asset_pieces(index: int, asset: Asset) -> list[tuple[float, ...]]:
    """Cut one asset into rows of `Pieces`, accuracies taken from the source's own pieces."""
    rows: list[tuple[float, ...]] = []
    kp = 0.0
    source_piece = 0
    for chain in chains(asset.geometry):
        if len(chain) == 1:
            lon, lat = chain[0]
            rows.append((index, lon, lat, lon, lat, asset.accuracy_m, 0.0, 0.0))
        for (lon1, lat1), (lon2, lat2) in itertools.pairwise(chain):
            length = distance_m(lon1, lat1, lon2, lat2)
            accuracy = _piece_accuracy(asset, source_piece, length)
            source_piece += 1
            if length == 0.0 and (chain != chain[0]).any():
                continue  # a point given twice; only a chain of nothing else is a point itself
            n = max(1, math.ceil(length / PIECE_M))
            for k in range(n):
                a, b = k / n, (k + 1) / n
                rows.append(
                    (index,
                     lon1 + a * (lon2 - lon1), lat1 + a * (lat2 - lat1),
                     lon1 + b * (lon2 - lon1), lat1 + b * (lat2 - lat1),
                     accuracy, kp + a * length, length / n)
                )  # fmt: skip
            kp += length
    return rows


def _piece_accuracy(asset: Asset, source_piece: int, length_m: float) -> float:
    """Give one source piece its accuracy: what the source says, or the spacing rule."""
    if source_piece < len(asset.piece_accuracy_m):
        return max(asset.accuracy_m, asset.piece_accuracy_m[source_piece])
    if asset.surveyed:
        return asset.accuracy_m
    return max(asset.accuracy_m, min(SPACING_SHARE * length_m, SPACING_CAP_M))
