"""Bringing a day of the Danish archive: whole or not at all, and going on where it was cut.

The archive is a bucket of day files: those of the last year and a half at its root, older ones in
a folder a year (`reference/incidents.md` 6). The bucket's name has dots in it, which no
certificate of its host covers; so its address is written with the bucket as a path, by HTTPS.

Tested against a local server of the same layout, not against the archive itself.
"""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from sargas.errors import (
    FeedUnavailableError,
    FormatError,
    NotFoundError,
    StoreError,
    UsageError,
)

ARCHIVE: Final = "https://s3.eu-central-1.amazonaws.com/aisdata.ais.dk"
CREDIT: Final = "AIS data: Danish Maritime Authority (Søfartsstyrelsen), free use with attribution."
TRIES: Final = 3
"""So often a cut connection is taken up again before the command gives up."""
TIMEOUT_S: Final = 30.0
PIECE: Final = 1 << 20
GONE: Final = (403, 404)
"""A bucket that may not be listed says 403 of a file that is not there."""

Progress = Callable[[int, int | None], None]
"""Called with bytes here so far and bytes in all, None where the server does not say."""


@dataclass(frozen=True)
class Fetched:
    """A day file that is here now.

    Attributes:
        path: where it lies. url: where it came from, empty if it was here before.
        size: its bytes.
    """

    path: Path
    url: str
    size: int


def fetch_day(
    day: str, to: Path, archive: str = ARCHIVE, progress: Progress | None = None
) -> Fetched:
    """Bring a day file, unless it is here already.

    What has come stands in a `.part` file until it is whole: of the length that the server gave,
    and a zip whose every check sum holds. A `.part` of an earlier run is gone on with.

    Args:
        day: `YYYY-MM-DD`, UTC.
        to: directory, made where there is none.
        archive: address of the bucket, or of another host with the same layout.
        progress: told how far it has come.

    Raises:
        UsageError: the day or the address is none.
        NotFoundError: the archive has no such day.
        FeedUnavailableError: it cannot be reached, or was cut off too often.
        FormatError: what came is not the zip it should be.
        StoreError: it cannot be written.
    """
    name = f"aisdk-{_day(day)}.zip"
    if not archive.startswith(("http://", "https://")):
        raise UsageError(f"'{archive}' is not an address that begins with http:// or https://.")
    urls = [f"{archive.rstrip('/')}/{path}" for path in (name, f"{day[:4]}/{name}")]
    whole, part = to / name, to / f"{name}.part"
    try:
        if whole.exists():
            return Fetched(whole, "", whole.stat().st_size)
        to.mkdir(parents=True, exist_ok=True)
        url = _download(urls, part, progress)
        _check_zip(part, url)
        os.replace(part, whole)
        return Fetched(whole, url, whole.stat().st_size)
    except OSError as error:
        raise StoreError(
            f"The day cannot be written: {error.strerror or error}.",
            where=str(error.filename or whole), hint="Choose a directory with room: a day is 1 GB.",
        ) from error  # fmt: skip


def _day(text: str) -> str:
    """Check that a text is a day.

    Raises:
        UsageError: it is none.
    """
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        day = ""
    if day != text:
        raise UsageError(f"'{text}' is not a day.", hint="Write it like 2024-12-25.")
    return day


def _download(urls: list[str], part: Path, progress: Progress | None) -> str:
    """Bring the first of some addresses that exists, taking up what was cut.

    Returns:
        The address.
    """
    gone: list[str] = []
    for url in urls:
        for _ in range(TRIES):
            try:
                if _take(url, part, progress):
                    return url
            except urllib.error.HTTPError as error:
                if error.code not in GONE:
                    raise FeedUnavailableError(
                        f"The archive answers {error.code} {error.reason}.", where=url,
                        hint="Try again later.",
                    ) from error  # fmt: skip
                gone.append(f"{url} ({error.code})")
                break
        else:
            raise FeedUnavailableError(
                f"The connection was cut {TRIES} times; {_size(part)} of it are here.", where=url,
                hint="The same command again goes on from there.",
            )  # fmt: skip
    raise NotFoundError(
        "The archive has no such day.",
        hint=f"Tried: {', '.join(gone)}. A day appears some days after it has ended.",
    )


def _take(url: str, part: Path, progress: Progress | None) -> bool:
    """Append to a `.part` what an address has beyond it; false where the connection was cut.

    Raises:
        urllib.error.HTTPError: the server answers with an error.
        FeedUnavailableError: it does not answer at all.
    """
    here = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url)  # noqa: S310 - http or https, checked by the caller
    if here:
        request.add_header("Range", f"bytes={here}-")
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _is_all(error, part, here)
        raise
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        raise FeedUnavailableError(
            f"The archive does not answer: {getattr(error, 'reason', error)}.", where=url,
            hint="Is there a connection to the internet? --from names another host.",
        ) from error  # fmt: skip
    with answer:
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        done = here if goes_on else 0
        total = done + int(length) if length else None
        with part.open("ab" if goes_on else "wb") as file:
            try:
                while piece := answer.read(PIECE):
                    file.write(piece)
                    done += len(piece)
                    if progress is not None:
                        progress(done, total)
            except http.client.IncompleteRead as error:
                file.write(error.partial)
                return False
            except (TimeoutError, ConnectionError):
                return False
    return total is None or done == total


def _is_all(error: urllib.error.HTTPError, part: Path, here: int) -> bool:
    """Tell whether a `.part` beyond which there is nothing is the whole file; else begin anew."""
    said = error.headers.get("Content-Range", "").rpartition("/")[2]
    if said == str(here):
        return True
    part.unlink()
    return False


def _check_zip(part: Path, url: str) -> None:
    """See that a file is a zip and that all its check sums hold; else remove it.

    Raises:
        FormatError: it is none.
    """
    wrong: Any = "it is not a zip"
    try:
        with zipfile.ZipFile(part) as file:
            wrong = file.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        wrong = error
    if wrong is not None:
        part.unlink()
        raise FormatError(
            f"What came is not the zip it should be ({wrong}) and was removed.", where=url,
            hint="Try again; if it comes so again, the archive's own file is broken.",
        )  # fmt: skip


def _size(part: Path) -> str:
    """Write how much of a file is here."""
    return f"{(part.stat().st_size if part.exists() else 0) / 1e6:,.1f} MB"
