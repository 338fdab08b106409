"""The formats alerts leave in: one table, one way in, and nothing but what the gate gave.

Each writer is a module with its standard named. A new one belongs into `FORMATS`, and a test holds
every writer of it to marking exercises, to valid output whatever a vessel calls itself, and to
saying nothing of what was not released.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import InitVar, dataclass

from sargas.errors import UsageError
from sargas.share import cap, cise, cot, geojson, mail, mfjson, tracks
from sargas.share.release import Released, ReleasedTrack
from sargas.share.saying import EXERCISE, About

_SEAL = object()


@dataclass(frozen=True)
class Document:
    """A file or message that leaves.

    Attributes:
        stem: name of a file without its end; begins with EXERCISE where any alert of it is one.
        suffix: the end.
        data: the bytes.
        alerts: (id, version) of what is in it, by the ids that the group knows.
        own: the same by the ids of the home.
        exercise: whether any of it is an exercise.
    """

    stem: str
    suffix: str
    data: bytes
    alerts: tuple[tuple[str, int], ...]
    own: tuple[tuple[str, int], ...]
    exercise: bool
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:  # what is sent came through a writer, and so through the gate
            raise TypeError("Only sargas.share.formats.documents writes what leaves.")

    @property
    def name(self) -> str:
        """Name of a file."""
        return self.stem + self.suffix


@dataclass(frozen=True)
class Format:
    """A way alerts or tracks are written.

    Attributes:
        word: as commands call it.
        title: what it is.
        standard: which text it follows.
        suffix, media_type: of a file.
        alone: writes one message of one version of an alert; None where all go into one.
        together: writes all alerts, or all tracks, into one; None where each is alone.
        of_tracks: whether it takes tracks.
        refuses: says why an alert cannot be written; empty where it can.
    """

    word: str
    title: str
    standard: str
    suffix: str
    media_type: str
    alone: Callable[[Released, int, About], str] | None = None
    together: Callable[[Sequence[Released], About], str] | None = None
    track: Callable[[Sequence[ReleasedTrack], About], str] | None = None
    refuses: Callable[[Released], str] = lambda _: ""

    @property
    def of_tracks(self) -> bool:
        """Whether it takes tracks, not alerts."""
        return self.track is not None


FORMATS: dict[str, Format] = {
    f.word: f
    for f in (
        Format("geojson", "GeoJSON, one feature an alert", "RFC 7946", ".geojson",
               "application/geo+json", together=geojson.released_text),
        Format("ndjson", "JSON, one alert a line", "RFC 8259, one object a line", ".ndjson",
               "application/x-ndjson", together=geojson.ndjson_text),
        Format("cap", "Common Alerting Protocol, one message an alert", "OASIS CAP 1.2",
               ".cap.xml", "application/cap+xml", alone=cap.message),
        Format("cot", "Cursor on Target, one event an alert", "CoT event schema 2.0 (MITRE)",
               ".cot.xml", "application/xml", alone=cot.event, refuses=cot.refusal),
        Format("cise", "CISE Anomaly, one payload an alert", "EUCISE2020 data model 1.5.3",
               ".cise.xml", "application/xml", alone=cise.payload, refuses=cise.refusal),
        Format("json", "JSON, one feature an alert, as webhooks post it", "RFC 7946", ".json",
               "application/geo+json", alone=geojson.message),
        Format("mail", "Mail, one message an alert", "RFC 5322", ".eml", "message/rfc822",
               alone=mail.message),
        Format("mf-json", "Moving Features JSON, one track an alert", "OGC 19-045r3",
               ".mfjson", "application/geo+json", track=mfjson.text),
        Format("gpx", "GPX, one track an alert", "GPX 1.1", ".gpx", "application/gpx+xml",
               track=tracks.released_gpx),
        Format("kml", "KML, one track an alert", "OGC KML 2.2", ".kml",
               "application/vnd.google-earth.kml+xml", track=tracks.released_kml),
    )
}  # fmt: skip


def format_of(word: str) -> Format:
    """Find a format.

    Raises:
        UsageError: there is none of that name.
    """
    if word not in FORMATS:
        raise UsageError(f"There is no format '{word[:40]}'.", hint=f"One of {', '.join(FORMATS)}.")
    return FORMATS[word]


def documents(
    kind: Format, items: Sequence[Released] | Sequence[ReleasedTrack], about: About
) -> Iterator[Document]:
    """Write what the gate gave.

    Args:
        kind: the format.
        items: alerts, or tracks where the format takes those.
        about: who speaks.

    Raises:
        TypeError: something did not come through the gate.
    """
    wanted = ReleasedTrack if kind.of_tracks else Released
    if strange := next((one for one in items if type(one) is not wanted), None):
        raise TypeError(f"{type(strange).__name__} did not come through the gate.")
    tracks_of = [one for one in items if isinstance(one, ReleasedTrack)]
    alerts = [one for one in items if isinstance(one, Released) and not kind.refuses(one)]
    if kind.track is not None:
        for track in tracks_of:
            yield _document(kind, [track.alert], kind.track([track], about), track.alert.version)
    elif kind.together is not None:
        yield _document(kind, alerts, kind.together(alerts, about), None)
    elif kind.alone is not None:
        for alert in alerts:
            versions = alert.history
            for k in range(0 if about.with_history else len(versions) - 1, len(versions)):
                text = kind.alone(alert, k, about)
                yield _document(kind, [alert], text, int(versions[k]["version"]))


def _document(
    kind: Format, alerts: Iterable[Released], text: str, version: int | None
) -> Document:  # fmt: skip
    own = list(alerts)
    exercise = any(alert.exercise is not None for alert in own)
    stem = "sargas-alerts" if version is None else f"sargas-{own[0].id}-v{version}"
    stem = f"{EXERCISE}-" * exercise + re.sub(r"[^A-Za-z0-9-]", "_", stem)
    named = tuple((alert.id, version or alert.version) for alert in own)
    at_home = tuple((alert.own_id, version or alert.version) for alert in own)
    return Document(stem, kind.suffix, text.encode("utf-8"), named, at_home, exercise, _SEAL)
