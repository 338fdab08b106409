"""A vessel's track in other people's formats: GeoJSON, CSV, KML, GPX, Parquet.

Nothing here opens a file or reads a clock: the fixes come as pieces in order of time, the text
goes as pieces, and no more than one piece is in memory; Parquet alone is written at once. CSV and
Parquet have every row as it was received, each station's copy with it; the formats of maps have one
point a report, and a line is broken where nothing was received. Every text from outside is escaped.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import Fixes
from sargas.model.svg import LEAST_GAP_MS, runs, shown
from sargas.model.time import iso
from sargas.share import fixes_csv
from sargas.share.evidence import CAVEAT, without_copies
from sargas.share.release import ReleasedTrack
from sargas.share.saying import About

KNOT_M_S = 1852.0 / 3600.0
GPX = "http://www.topografix.com/GPX/1/1"
GPX_SPEED = "http://www.garmin.com/xmlschemas/TrackPointExtension/v2"
"""GPX 1.1 has no place for speed and course; this extension of it is widely read."""
KML, KML_GX = "http://www.opengis.net/kml/2.2", "http://www.google.com/kml/ext/2.2"


MOTION = ("sog_kn", "cog_deg", "heading_deg")


@dataclass(frozen=True)
class Heading:
    """What stands over a track.

    Attributes:
        mmsi: of the vessel.
        name: as the vessel sent it, hostile; None where it was not received.
        exercise: name of the exercise the fixes are of, empty for real traffic.
        sargas: version of the program.
    """

    mmsi: int
    name: str | None = None
    exercise: str = ""
    sargas: str = ""

    @property
    def title(self) -> str:
        """One line that names the vessel, and an exercise first."""
        mark = f"EXERCISE {self.exercise}: " if self.exercise else ""
        return f"{mark}{self.name} (MMSI {self.mmsi})" if self.name else f"{mark}MMSI {self.mmsi}"

    @property
    def description(self) -> str:
        """What the track is, and what it is not."""
        made_up = "EXERCISE: none of this is real. " if self.exercise else ""
        return f"{made_up}Positions as the vessel reported them over AIS. {CAVEAT}"


def as_csv(heading: Heading, parts: Iterable[Fixes]) -> Iterator[str]:
    """Write every row received, in the columns of an evidence bundle's fixes.csv.

    Behind them stands the exercise that a row is of: a heading is lost when rows are cut out.
    """
    yield fixes_csv.head("exercise")
    for part in parts:
        yield fixes_csv.rows_text(part, heading.exercise)


def as_jsonl(heading: Heading, parts: Iterable[Fixes]) -> Iterator[str]:
    """Write one JSON object a line for every row received."""
    for part in parts:
        read = _Reading(part)
        lines = (
            {
                "t": iso(t_ms), "mmsi": heading.mmsi, **read.at(i),
                "nav_status": int(part.nav_status[i]), "msg_type": int(part.msg_type[i]),
                "station": int(part.station[i]), "src_id": int(part.src_id[i]),
                "src_offset": int(part.src_offset[i]), "exercise": heading.exercise or None,
            }
            for i, t_ms in enumerate(part.t_ms.tolist())
        )  # fmt: skip
        yield "".join(_json(line) + "\n" for line in lines)


def as_geojson(heading: Heading, parts: Iterable[Fixes]) -> Iterator[str]:
    """Write a feature collection (RFC 7946): lines with `role` track, then points, `role` fix.

    A line ends where nothing was received, and with its piece of the track; the next piece's
    begins at the point where it ended, unless nothing was received between.
    """
    whole = {
        "type": "FeatureCollection", "name": heading.title, "exercise": heading.exercise or None,
        "caveat": CAVEAT,
    }  # fmt: skip
    yield _json(whole)[:-1] + ', "features": ['
    is_first = True
    last: tuple[int, list[float]] | None = None
    for run in _runs(parts):
        read, places = _Reading(run.fixes), _places(run.fixes)
        times = run.fixes.t_ms.tolist()
        features = [
            _feature("fix", "Point", place, t=iso(t_ms), **read.motion(i))
            for i, (t_ms, place) in enumerate(zip(times, places, strict=True))
        ]
        if run.goes_on and last is not None:
            times, places = [last[0], *times], [last[1], *places]
        last = times[-1], places[-1]
        if len(places) > 1:
            ends = {"mmsi": heading.mmsi, "from": iso(times[0]), "to": iso(times[-1])}
            features.insert(0, _feature("track", "LineString", places, **ends))
        yield ("\n" if is_first else ",\n") + ",\n".join(map(_json, features))
        is_first = False
    yield "\n]}\n"


def as_gpx(heading: Heading, parts: Iterable[Fixes]) -> Iterator[str]:
    """Write GPX 1.1: one track, a segment for each run without a gap."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<gpx xmlns="{GPX}" xmlns:gpxtpx="{GPX_SPEED}" version="1.1" '
        f'creator="sargas {shown(heading.sargas)}">\n'
        f"<metadata><name>{shown(heading.title)}</name>"
        f"<desc>{shown(heading.description)}</desc></metadata>\n"
        f"<trk><name>{shown(heading.title)}</name><number>{heading.mmsi}</number>\n"
    )
    is_open = False
    for run in _runs(parts):
        if not run.goes_on:
            yield "</trkseg>\n<trkseg>\n" if is_open else "<trkseg>\n"
            is_open = True
        yield "".join(_trackpoints(run.fixes))
    yield ("</trkseg>\n" if is_open else "") + "</trk>\n</gpx>\n"


def _trackpoints(fixes: Fixes) -> Iterator[str]:
    """Write each fix as a point of GPX, speed in metres a second as the extension wants it."""
    read = _Reading(fixes)
    for i, (t_ms, (lon, lat)) in enumerate(zip(fixes.t_ms.tolist(), _places(fixes), strict=True)):
        said = read.motion(i)
        more = ""
        if said["sog_kn"] is not None:
            more += f"<gpxtpx:speed>{said['sog_kn'] * KNOT_M_S:.2f}</gpxtpx:speed>"
        # The extension knows courses from 0 to 360 and puts them behind the speed.
        if said["cog_deg"] is not None:
            more += f"<gpxtpx:course>{said['cog_deg']:.1f}</gpxtpx:course>"
        if more:
            more = (
                f"<extensions><gpxtpx:TrackPointExtension>{more}"
                "</gpxtpx:TrackPointExtension></extensions>"
            )
        yield f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"><time>{iso(t_ms)}</time>{more}</trkpt>\n'


def as_kml(heading: Heading, parts: Iterable[Fixes]) -> Iterator[str]:
    """Write KML 2.2 with times: one `gx:MultiTrack`, a `gx:Track` for each run.

    A run ends with its piece of the track as in GeoJSON; nothing is drawn between two runs that
    nothing was received between.
    """
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<kml xmlns="{KML}" xmlns:gx="{KML_GX}">\n<Document>\n'
        f"<name>{shown(heading.title)}</name>\n"
        f"<description>{shown(heading.description)}</description>\n"
        '<Style id="track"><LineStyle><color>ffb27200</color><width>2</width></LineStyle></Style>\n'
        f"<Placemark>\n<name>{shown(heading.title)}</name>\n<styleUrl>#track</styleUrl>\n"
        "<gx:MultiTrack>\n<altitudeMode>clampToGround</altitudeMode>\n"
        "<gx:interpolate>0</gx:interpolate>\n"
    )
    last: tuple[int, list[float]] | None = None
    for run in _runs(parts):
        times, places = run.fixes.t_ms.tolist(), _places(run.fixes)
        if run.goes_on and last is not None:
            times, places = [last[0], *times], [last[1], *places]
        last = times[-1], places[-1]
        when = "".join(f"<when>{iso(t_ms)}</when>\n" for t_ms in times)
        where = "".join(f"<gx:coord>{lon:.6f} {lat:.6f} 0</gx:coord>\n" for lon, lat in places)
        yield f"<gx:Track>\n{when}{where}</gx:Track>\n"
    yield "</gx:MultiTrack>\n</Placemark>\n</Document>\n</kml>\n"


def parquet_bytes(heading: Heading, fixes: Fixes) -> bytes:
    """Write every row received as Parquet: times, units, the integers of the wire, the exercise.

    The file's own metadata has `title`, `description`, which holds the caveat, and `sargas`.
    """
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    from sargas.model.arrow import track_to_arrow

    table = track_to_arrow(fixes)
    exercise = pa.array([heading.exercise or None] * len(fixes), type=pa.string())
    said = {"title": heading.title, "description": heading.description, "sargas": heading.sargas}
    metadata = {k: v.encode("utf-8", "backslashreplace") for k, v in said.items()}
    table = table.append_column("exercise", exercise)
    table = table.replace_schema_metadata({**table.schema.metadata, **metadata})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def released_gpx(tracks: Sequence[ReleasedTrack], about: About) -> str:
    """Write the track of a released alert as GPX 1.1."""
    return "".join(as_gpx(_heading(tracks[0], about), [tracks[0].fixes]))


def released_kml(tracks: Sequence[ReleasedTrack], about: About) -> str:
    """Write the track of a released alert as KML 2.2."""
    return "".join(as_kml(_heading(tracks[0], about), [tracks[0].fixes]))


def _heading(track: ReleasedTrack, about: About) -> Heading:
    subject, exercise = track.alert.body["subject"], track.alert.exercise
    return Heading(subject["mmsi"], subject.get("name"), exercise or "", about.sargas)


Writer = Callable[[Heading, Iterable[Fixes]], Iterator[str]]
WRITERS: dict[str, Writer] = {
    "geojson": as_geojson, "csv": as_csv, "kml": as_kml, "gpx": as_gpx,
}  # fmt: skip
ON_A_MAP = ("geojson", "kml", "gpx")
"""Formats that need a position; CSV tells of a report without one too."""


@dataclass(frozen=True)
class _Run:
    """Fixes with nothing missing between them, and whether they go on from the run before."""

    fixes: Fixes
    goes_on: bool


def _runs(parts: Iterable[Fixes]) -> Iterator[_Run]:
    """Cut the reports with a position where nothing was received for long."""
    taken: dict[int, int] = {}
    last_ms: int | None = None
    for part in parts:
        if not len(part):
            continue
        reports = without_copies(part, taken)
        # Copies come within seconds: of the payloads of hours ago nothing need be known.
        taken = {p: t for p, t in taken.items() if t >= int(part.t_ms[-1]) - LEAST_GAP_MS}
        reports = reports.take(reports.has_position)
        for rows in runs(reports.t_ms, reports.has_position):
            run = reports.take(rows)
            first_ms = int(run.t_ms[0])
            goes_on = last_ms is not None and first_ms - last_ms <= _usual_gap_ms(run.t_ms)
            last_ms = int(run.t_ms[-1])
            yield _Run(run, goes_on)


def _usual_gap_ms(t_ms: NDArray[np.int64]) -> float:
    """Give the time between two reports of a run above which a line is broken, as `runs` has it."""
    return max(LEAST_GAP_MS, 4 * float(np.median(np.diff(t_ms)))) if len(t_ms) > 1 else LEAST_GAP_MS


class _Reading:
    """The unit columns of some fixes, made once; None where the vessel sent "not available"."""

    def __init__(self, fixes: Fixes) -> None:
        columns = {
            "lon_deg": (fixes.lon_deg, 6), "lat_deg": (fixes.lat_deg, 6),
            "sog_kn": (fixes.sog_kn, 1), "cog_deg": (fixes.cog_deg, 1),
            "heading_deg": (fixes.heading_deg, 0),
        }  # fmt: skip
        self._columns = {
            name: [None if v != v else v for v in column.round(digits).tolist()]
            for name, (column, digits) in columns.items()
        }

    def at(self, row: int) -> dict[str, float | None]:
        """Give a row in units."""
        return {name: column[row] for name, column in self._columns.items()}

    def motion(self, row: int) -> dict[str, float | None]:
        """Give speed, course and heading alone."""
        return {name: self._columns[name][row] for name in MOTION}


def _places(fixes: Fixes) -> list[list[float]]:
    """Give each position as [longitude, latitude], to a tenth of a metre."""
    pairs: list[list[float]] = np.column_stack([fixes.lon_deg, fixes.lat_deg]).round(6).tolist()
    return pairs


def _feature(role: str, kind: str, coordinates: Any, **said: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "type": "Feature", "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"role": role, **said},
    }  # fmt: skip


def _json(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
