"""Alerts: hypotheses about a vessel, with the reasons, what speaks against them, and versions.

An alert is never edited: a change of state or priority is a new version under the same id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sargas.errors import FormatError, UsageError
from sargas.model.time import iso, parse_iso

if TYPE_CHECKING:  # without `from`, which the stamps of kernels would follow (model.jit)
    import sargas.model.card as card

PRIORITIES = ("P1", "P2", "P3")
PRIORITY_WORDS = {"P1": "Alarm", "P2": "Warning", "P3": "Note"}
OPEN, CLOSED, RETRACTED = "open", "closed", "retracted"


def alert_id(
    detector: str, detector_version: str, subject: str, asset_id: str, t_start_ms: int
) -> str:
    """Name an alert by what it is about, so that the same again is the same alert.

    Args:
        detector: the detector's word, like `drag_onset`.
        detector_version: version of its definition.
        subject: identity segment, like `sea:518998865:0`.
        asset_id: the asset, or empty.
        t_start_ms: start of what was seen, ms UTC; whole seconds enter the id.

    Returns:
        24 hexadecimal digits.

    Example:
        >>> alert_id("gap", "1", "sea:230000000:0", "", 0)
        '7f0b1803c2fd7b54deab0521'
    """
    words = "\x1f".join((detector, detector_version, subject, asset_id, str(t_start_ms // 1000)))
    return hashlib.sha256(words.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Subject:
    """Whom an alert is about: one identity segment of a vessel, with its self-reported data."""

    domain: str
    mmsi: int
    segment: int = 0
    imo: int | None = None
    name: str | None = None
    callsign: str | None = None
    ship_type: int | None = None
    length_m: int | None = None

    @property
    def key(self) -> str:
        """The identity segment as text, the part of an alert's id that names the subject."""
        return f"{self.domain}:{self.mmsi}:{self.segment}"


@dataclass(frozen=True)
class AssetRef:
    """The asset an alert is about, as near as its own geometry is known."""

    id: str
    name: str
    kind: str
    distance_m: float
    kp_km: float | None
    accuracy_m: float


@dataclass(frozen=True)
class NextAsset:
    """An asset that lies ahead on the present course, and when it would be reached.

    `eta_early_ms` and `eta_late_ms` are the interval of that time, where it was worked out.
    """

    id: str
    name: str
    kind: str
    distance_km: float
    eta_ms: int
    lon: float
    lat: float
    eta_early_ms: int | None = None
    eta_late_ms: int | None = None


@dataclass(frozen=True)
class Reason:
    """One test: what was measured against which limit, and by how much it passed or failed.

    `margin` is the distance from the threshold in the feature's unit, positive where passed.
    """

    feature: str
    value: float
    unit: str
    threshold: float
    margin: float
    passed: bool


@dataclass(frozen=True)
class Alert:
    """One version of one alert.

    `t_detected_ms` is when the alert arose, the same in all versions; `t_issued_ms` is when this
    version became known. Both are event times.
    """

    id: str
    detector: str
    detector_version: str
    rules: str
    version: int
    state: str
    priority: str
    t_start_ms: int
    t_detected_ms: int
    t_issued_ms: int
    subject: Subject
    lon: float
    lat: float
    asset: AssetRef | None
    next_assets: tuple[NextAsset, ...]
    why: tuple[Reason, ...]
    against: tuple[str, ...]
    context: dict[str, Any]
    text: str
    exercise: str | None = None
    muted_by: tuple[str, ...] = ()
    group: str | None = None
    t_end_ms: int | None = None
    evidence_ms: tuple[int, int] | None = None
    geometry: str = ""
    notes: tuple[str, ...] = field(default=())

    def revised(self, **changes: Any) -> Alert:  # noqa: ANN401 - any field of the class
        """Give the next version with some fields changed."""
        return replace(self, version=self.version + 1, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Write the alert in the shape of the command line's `--json`, times in ISO 8601."""
        s, a = self.subject, self.asset
        return {
            "id": self.id,
            "detector": self.detector,
            "detector_version": self.detector_version,
            "rules": self.rules,
            "geometry": self.geometry,
            "version": self.version,
            "state": self.state,
            "priority": self.priority,
            "t_start": iso(self.t_start_ms),
            "t_detected": iso(self.t_detected_ms),
            "t_issued": iso(self.t_issued_ms),
            "t_end": None if self.t_end_ms is None else iso(self.t_end_ms),
            "subject": {
                "domain": s.domain, "mmsi": s.mmsi, "segment": s.segment, "imo": s.imo,
                "name": s.name, "callsign": s.callsign, "ship_type": s.ship_type,
                "length_m": s.length_m,
            },
            "lon": _rounded(self.lon, 6),
            "lat": _rounded(self.lat, 6),
            "asset": None if a is None else {
                "id": a.id, "name": a.name, "kind": a.kind,
                "distance_m": _rounded(a.distance_m, 1), "kp_km": _rounded(a.kp_km, 3),
                "accuracy_m": _rounded(a.accuracy_m, 1),
            },
            "next_assets": [
                {"id": n.id, "name": n.name, "kind": n.kind,
                 "distance_km": _rounded(n.distance_km, 2), "eta": iso(n.eta_ms),
                 "eta_interval": _interval(n),
                 "lon": _rounded(n.lon, 5), "lat": _rounded(n.lat, 5)}
                for n in self.next_assets
            ],
            "why": [
                {"feature": r.feature, "value": _rounded(r.value, 4), "unit": r.unit,
                 "threshold": _rounded(r.threshold, 4), "margin": _rounded(r.margin, 4),
                 "passed": r.passed}
                for r in self.why
            ],
            "against": list(self.against),
            "context": self.context,
            "text": self.text,
            "exercise": self.exercise,
            "muted_by": list(self.muted_by),
            "group": self.group,
            "evidence": None if self.evidence_ms is None else {
                "from": iso(self.evidence_ms[0]), "to": iso(self.evidence_ms[1]),
            },
            "notes": list(self.notes),
            "caveat": "A match is information, not intent.",
        }  # fmt: skip

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Alert:
        """Read an alert back from the shape that `to_dict` writes.

        What was rounded stays rounded, and a number that was written as null is not a number
        again: `from_dict(a.to_dict()).to_dict() == a.to_dict()`. The caveat is not read, nor is
        anything that `to_dict` does not write.

        Raises:
            FormatError: a field is missing, or is not what it should be.

        Example:
            >>> first = Alert(
            ...     "0a", "gap", "1", "r", 1, OPEN, "P3", 0, 1000, 1000, Subject("sea", 230000000),
            ...     20.0, 57.0, None, (), (), (), {}, "Not received since 00:00Z.",
            ... )
            >>> Alert.from_dict(first.to_dict()) == first
            True
        """
        try:
            return _read(body)
        except KeyError as error:
            what = f"An alert has no field {error}."
        except (AttributeError, TypeError, ValueError, UsageError) as error:
            what = f"An alert cannot be read: {error}"
        name = body.get("id") if isinstance(body, Mapping) else None
        raise FormatError(
            what, where=str(name or ""), hint="Scan its source again into a new home."
        )

    def _scene(self) -> card.Scene:
        """Give what its picture shows around it: nothing, for an alert alone knows no geography.

        The alerts of `sargas.open` know their home, and give the fixes, the assets and the land.
        """
        import sargas.model.card as card

        return card.Scene()

    def _repr_html_(self) -> str:
        """Show it in a notebook: words and a still picture, without script."""
        import sargas.model.card as card  # a watch that draws nothing does without

        return card.alert_card(self.to_dict(), self._scene())

    def to_json(self) -> str:
        """Write one line of JSON, byte for byte the same for equal alerts."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


def _interval(ahead: NextAsset) -> list[str] | None:
    """Write the interval of a time ahead."""
    if ahead.eta_early_ms is None or ahead.eta_late_ms is None:
        return None
    return [iso(ahead.eta_early_ms), iso(ahead.eta_late_ms)]


def _rounded(value: float | None, digits: int) -> float | None:
    """Round for output; a value that is not a number becomes null, as JSON knows none."""
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None
    return round(float(value), digits) + 0.0


def _read(body: Mapping[str, Any]) -> Alert:
    """Read an alert; what is wrong with it is raised as it is met."""
    who, asset, evidence = body["subject"], body["asset"], body["evidence"]
    return Alert(
        id=_text(body["id"]),
        detector=_text(body["detector"]),
        detector_version=_text(body["detector_version"]),
        rules=_text(body["rules"]),
        version=int(body["version"]),
        state=_text(body["state"]),
        priority=_text(body["priority"]),
        t_start_ms=parse_iso(body["t_start"]),
        t_detected_ms=parse_iso(body["t_detected"]),
        t_issued_ms=parse_iso(body["t_issued"]),
        subject=Subject(**{name: who[name] for name in Subject.__dataclass_fields__}),
        lon=_number(body["lon"]),
        lat=_number(body["lat"]),
        asset=None if asset is None else AssetRef(
            asset["id"], asset["name"], asset["kind"], _number(asset["distance_m"]),
            asset["kp_km"], _number(asset["accuracy_m"]),
        ),
        next_assets=tuple(
            NextAsset(
                n["id"], n["name"], n["kind"], _number(n["distance_km"]), parse_iso(n["eta"]),
                _number(n["lon"]), _number(n["lat"]),
                *map(parse_iso, n.get("eta_interval") or ()),
            )
            for n in body["next_assets"]
        ),
        why=tuple(
            Reason(
                r["feature"], _number(r["value"]), r["unit"], _number(r["threshold"]),
                _number(r["margin"]), bool(r["passed"]),
            )
            for r in body["why"]
        ),
        against=_texts(body["against"]),
        context=dict(body["context"]),
        text=_text(body["text"]),
        exercise=body["exercise"],
        muted_by=_texts(body["muted_by"]),
        group=body["group"],
        t_end_ms=None if body["t_end"] is None else parse_iso(body["t_end"]),
        evidence_ms=None
        if evidence is None
        else (parse_iso(evidence["from"]), parse_iso(evidence["to"])),
        geometry=_text(body["geometry"]),
        notes=_texts(body["notes"]),
    )  # fmt: skip


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text.")
    return value


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"{values!r} is no list of texts.")
    return tuple(map(_text, values))


def _number(value: float | None) -> float:
    """Read a number; null is what is not a number."""
    return float("nan") if value is None else float(value)
