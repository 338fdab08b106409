"""`sargas vessel track`: one vessel's fixes for others, whole and in little memory."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from sargas.cli.vessel import stored_vessel
from sargas.cli.words import clean_text, counted, put_json, say
from sargas.errors import EXIT_OK, NotFoundError, StoreError, UsageError
from sargas.model.time import iso, parse_iso

if TYPE_CHECKING:
    from sargas.api import Vessel
    from sargas.model.fixes import Fixes
    from sargas.share.tracks import Heading, Writer

Format = Literal["geojson", "csv", "kml", "gpx"]


def track(
    mmsi: int,
    /,
    *,
    home: Path | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    format: Format | None = None,
    out: Path | None = None,
    force: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Write one vessel's track, as GeoJSON, CSV, KML or GPX.

    CSV has every row as it was received, with source and station, copies of several stations
    among them. The others have one point a report and draw no line where nothing was received.
    Times are UTC. Leaves with 5 if there is no fix in the span.

    Examples:
      sargas vessel track 518998865 --home watch --out eagle-s.gpx
      sargas vessel track 518998865 --from 2024-12-25T10:00Z --to 2024-12-25T12:00Z > a.geojson
      sargas vessel track 518998865 --format csv | cut -d, -f1,7,8,9

    Parameters
    ----------
    mmsi
        The vessel's MMSI.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    from_
        The first moment (ISO 8601 with zone); the first fix if not given.
    to
        The moment before which the track ends; after the last fix if not given.
    format
        What to write; as the end of --out says if not given, else geojson.
    out
        The file to write, whole or not at all; standard output if not given.
    force
        Write it also where there is another file already.
    json
        Without --out one fix a line, as JSON; with --out what was written.
    quiet
        Print no remarks.
    """
    from sargas import __version__
    from sargas.share import tracks

    if json and format and out is None:
        raise UsageError("--json prints fixes as JSON, and --format names another form.",
                         hint="Give one of them, or name a file with --out.")  # fmt: skip
    since_ms = parse_iso(from_) if from_ else None
    until_ms = parse_iso(to) if to else None
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        raise UsageError("--from is not before --to.")
    kind = format or _format_of(out)
    vessel = stored_vessel(mmsi, home)
    pieces = _Counted(vessel.pieces(since_ms, until_ms))
    parts = _from_first(pieces, vessel, on_a_map=kind in tracks.ON_A_MAP and not (json and not out))
    heading = tracks.Heading(mmsi, vessel.name, vessel.home.exercise, __version__)
    if out is None:
        write = tracks.as_jsonl if json else tracks.WRITERS[kind]
        for text in write(heading, parts):
            sys.stdout.write(text)
    else:
        size = _write(out, tracks.WRITERS[kind], heading, parts, force=force)
        if json:
            put_json({"mmsi": mmsi, "file": str(out), "format": kind, "bytes": size,
                      "fixes": pieces.fixes, "from": iso(pieces.from_ms),
                      "to": iso(pieces.to_ms), "exercise": heading.exercise or None})  # fmt: skip
    if heading.exercise:
        say(f"EXERCISE {clean_text(heading.exercise)}: none of this is real.", quiet=quiet)
    say(
        f"{counted(pieces.fixes, 'fix', 'fixes')} received, {iso(pieces.from_ms)} to "
        f"{iso(pieces.to_ms)}.",
        quiet=quiet,
    )
    return EXIT_OK


def _format_of(out: Path | None) -> str:
    """Choose the format by the end of a file's name.

    Raises:
        UsageError: it says nothing known.
    """
    from sargas.share.tracks import WRITERS

    if out is None:
        return "geojson"
    end = out.suffix.lower().removeprefix(".")
    end = "geojson" if end == "json" else end
    if end not in WRITERS:
        raise UsageError(
            "The end of the file's name says no format.", where=str(out),
            hint=f"End it in .{', .'.join(WRITERS)}, or give --format.",
        )  # fmt: skip
    return end


class _Counted:
    """Hands fixes on and counts them.

    Attributes:
        fixes: how many there were. from_ms, to_ms: the first and last one's time.
    """

    def __init__(self, pieces: Iterable[Fixes]) -> None:
        self._pieces = pieces
        self.fixes, self.from_ms, self.to_ms = 0, 0, 0

    def __iter__(self) -> Iterator[Fixes]:
        for piece in self._pieces:
            if not self.fixes:
                self.from_ms = int(piece.t_ms[0])
            self.fixes += len(piece)
            self.to_ms = int(piece.t_ms[-1])
            yield piece


def _from_first(pieces: Iterable[Fixes], vessel: Vessel, *, on_a_map: bool) -> Iterator[Fixes]:
    """Look for the first piece that can be written, before anything is.

    Raises:
        NotFoundError: there is none.
    """
    pieces, before = iter(pieces), []
    for piece in pieces:
        before.append(piece)
        if not on_a_map or piece.has_position.any():
            return itertools.chain(before, pieces)
    where = str(vessel.home.path)
    if before:
        raise NotFoundError(
            "Its fixes of this span have no position.", where=where,
            hint="--format csv writes them as they were received.",
        )  # fmt: skip
    last = f"Its last fix is of {iso(int(vessel.last.t_ms[0]))}." if len(vessel.last) else ""
    raise NotFoundError(f"No fix of MMSI {vessel.mmsi:09d} is stored in this span.", where=where,
                        hint=last)  # fmt: skip


def _write(
    place: Path, write: Writer, heading: Heading, parts: Iterator[Fixes], *, force: bool
) -> int:
    """Write a file whole or not at all.

    Returns:
        Its bytes.

    Raises:
        UsageError: another file is there.
        StoreError: it cannot be written.
    """
    if place.exists() and not force:
        raise UsageError(
            "There is such a file already.", where=str(place),
            hint="Name another one with --out, or write over it with --force.",
        )  # fmt: skip
    begun = place.with_name(f".{place.name}.part")
    try:
        with begun.open("w", encoding="utf-8", newline="") as file:
            for text in write(heading, parts):
                file.write(text)
        size = begun.stat().st_size
        begun.replace(place)
    except OSError as error:
        raise StoreError(
            f"The file cannot be written ({error.strerror}).",
            where=str(place),
            hint="Choose a folder with room that you may write to, with --out.",
        ) from error
    finally:
        begun.unlink(missing_ok=True)
    return size
