"""An alert as files to keep and to send: the evidence of it, and its vessel's track.

Everything is as of the clock, like all that the screen shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from sargas.errors import NotFoundError
from sargas.share.evidence import Evidence
from sargas.web.clocks import clock_of

Gather = Callable[[str, int | None], Evidence]
"""Gathers what an alert rests on, by its id and the event time up to which it is known."""

EVIDENCE = {
    "dossier.html": "text/html; charset=utf-8",
    "bundle.zip": "application/zip",
    "fixes.csv": "text/csv; charset=utf-8",
    "alert.geojson": "application/geo+json",
    "alert.json": "application/json",
}
"""What `sargas alerts export` writes, by the names here, and its type."""

TRACKS = {
    "track.csv": "text/csv; charset=utf-8",
    "track.geojson": "application/geo+json",
    "track.kml": "application/vnd.google-earth.kml+xml",
    "track.gpx": "application/gpx+xml",
    "track.parquet": "application/vnd.apache.parquet",
}
"""What `sargas vessel track` writes, and Parquet, of the span of the evidence."""


class AlertFiles:
    """Answers files.

    Args:
        gather: gathers evidence.
    """

    def __init__(self, gather: Gather) -> None:
        self.gather = gather

    def file(self, request: Request) -> Response:
        """Answer a file as the command line writes it."""
        name = request.path_params["file"]
        media_type = (EVIDENCE | TRACKS).get(name)
        if media_type is None:
            known = ", ".join((*EVIDENCE, *TRACKS))
            raise NotFoundError(f"An alert is not saved as '{name}'.", hint=known)
        player = clock_of(request)
        # At the end of all that is stored nothing is left out, so that the file is the same to the
        # byte as that of the command line.
        is_end = player.t_ms >= player.span().to_ms
        evidence = self.gather(request.path_params["id"], None if is_end else player.t_ms)
        alert, suffix = evidence.alert, name[name.index(".") :]
        stem = re.sub(r"[^A-Za-z0-9-]", "_", f"sargas-{alert['id']}-v{alert['version']}")
        if name in TRACKS:
            stem, content = f"{stem}-track", track_bytes(evidence, suffix[1:])
        else:
            content = evidence_bytes(evidence, suffix)
        disposition = f'attachment; filename="{stem}{suffix}"'
        return Response(
            content, media_type=media_type, headers={"content-disposition": disposition}
        )


def evidence_bytes(evidence: Evidence, suffix: str) -> bytes:
    """Write the evidence as the end of a file's name says."""
    from sargas.share.bundle import part

    return part(evidence, suffix)


def track_bytes(evidence: Evidence, kind: str) -> bytes:
    """Write the track of an alert's vessel.

    Args:
        evidence: whose fixes are written.
        kind: of `sargas.share.tracks.WRITERS`, or `parquet`.

    Raises:
        NotFoundError: there is nothing to be written of it.
    """
    from sargas.share import tracks

    subject, fixes = evidence.alert["subject"], evidence.fixes
    if not subject["mmsi"]:
        raise NotFoundError("This alert is about no single vessel: it has no track.")
    if not (fixes.has_position.any() if kind in tracks.ON_A_MAP else len(fixes)):
        raise NotFoundError(
            "No fix of this alert's vessel that can be written is stored any more.",
            hint="The dossier says what is kept and why the rest is not.",
        )
    exercise = evidence.alert["exercise"] or ""
    heading = tracks.Heading(subject["mmsi"], subject["name"], exercise, evidence.sargas)
    if kind == "parquet":
        return tracks.parquet_bytes(heading, fixes)
    text = "".join(tracks.WRITERS[kind](heading, [fixes]))
    return text.encode("utf-8", "backslashreplace")
