"""What a user says about a file of assets, and what became of each feature in it."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field

from sargas.errors import UsageError
from sargas.model.assets import KINDS, Asset

ON_INVALID = ("repair", "skip", "fail")
AXES = ("auto", "lonlat", "latlon")
AREA = (9.0, 53.0, 31.0, 66.5)
"""The watch area: west, south, east, north, degrees."""
ASSUMED_ACCURACY_M = 1000.0
"""Accuracy of an asset given for one run whose file states none; chosen, said in its note."""
MIN_UNNAMED_KM = 10.0
"""Unnamed OpenStreetMap ways shorter than this are lake and harbour stubs (geodata.md 5)."""

_SOURCE_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}(:[a-z0-9][a-z0-9_-]{0,31})?")


@dataclass(frozen=True)
class ImportOptions:
    """What the user says about a file.

    `kind` and `source` overrule the file; the others speak where the file is silent.

    Attributes:
        kind: one of `KINDS`.
        name_column: column with the assets' names.
        accuracy_m: accuracy of the positions.
        surveyed: the points are a survey or an official chart, so that their spacing says
            nothing.
        licence, attribution: terms and credit.
        source: short key that stays the same over refreshes, like `user:elering`.
        axis: `auto`, `lonlat` or `latlon`.
        on_invalid: `repair`, `skip` or `fail`.
    """

    kind: str | None = None
    name_column: str | None = None
    accuracy_m: float | None = None
    surveyed: bool = False
    licence: str | None = None
    attribution: str | None = None
    source: str | None = None
    axis: str = "auto"
    on_invalid: str = "repair"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("kind", self.kind, KINDS),
            ("axis", self.axis, AXES),
            ("on-invalid", self.on_invalid, ON_INVALID),
        ):
            if value is not None and value not in known:
                raise UsageError(f"--{name} '{value}' is none of {', '.join(known)}.")
        if self.accuracy_m is not None and not 0 < self.accuracy_m < math.inf:
            raise UsageError("--accuracy-m must be a number of metres above 0.")
        if self.source is not None and not _SOURCE_KEY.fullmatch(self.source):
            raise UsageError(
                f"--source '{self.source}' is not a short key.",
                hint="Use small letters, digits, - and _, like user:elering; no dates in it.",
            )


@dataclass
class Mapped:
    """Assets made of a file, and what became of each feature.

    `features == used + sum(skipped.values())`.

    Attributes:
        assets: sorted by (source, source_ref); ids are not final.
        features: features in the file.
        used: features that went into an asset.
        skipped: reason to count.
        mended: what was repaired, to count of features.
        noted: what was left out or passed over without harm, to count of features.
        places: reason to the places of the first three.
        notes: sentences for the user.
    """

    assets: list[Asset] = field(default_factory=list)
    features: int = 0
    used: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def skip(self, reason: str, where: str) -> None:
        """Count a feature that is left out."""
        self.skipped[reason] += 1
        places = self.places.setdefault(reason, [])
        if len(places) < 3:
            places.append(where)
