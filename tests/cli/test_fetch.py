"""`sargas fetch dma` against a local server with the archive's layout, and its ways to fail."""

from __future__ import annotations

import http.server
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sargas.feeds import archive

from .conftest import Call

DAY, NAME = "2024-12-25", "aisdk-2024-12-25.zip"
ROWS = (Path(__file__).parents[1] / "data" / "ais" / "dma-csv-real-rows.csv").read_bytes()


def zipped(content: bytes = ROWS) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("aisdk-2024-12-25.csv", content)
    return out.getvalue()


@dataclass
class Archive:
    """A look-alike of the bucket.

    Attributes:
        files: content by path.
        cut_after: bytes of an answer after which the connection is cut, by request; then whole.
        says_length: what Content-Length says instead of the truth.
        takes_ranges: whether Range is understood.
        status: what every request is answered with, if set.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)
    says_length: int | None = None
    takes_ranges: bool = True
    status: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        given = request.headers["Range"]
        self.asked.append((request.path, given))
        content = self.files.get(request.path)
        if self.status or content is None:
            request.send_error(self.status or 404)
            return
        start = int(re.findall(r"\d+", given)[0]) if given and self.takes_ranges else 0
        if start >= len(content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.end_headers()
            return
        body = content[start:]
        request.send_response(206 if given and self.takes_ranges else 200)
        request.send_header("Content-Length", str(self.says_length or len(body)))
        request.end_headers()
        cut = self.cut_after.pop(0) if self.cut_after else len(body)
        request.wfile.write(body[:cut])


@pytest.fixture
def bucket() -> Iterator[Archive]:
    here = Archive()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.answer(self)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("place", [f"/{NAME}", f"/2024/{NAME}"])
def test_a_day_is_found_at_the_root_or_under_its_year(
    call: Call, bucket: Archive, tmp_path: Path, place: str
) -> None:
    bucket.files[place] = zipped()
    done = call("fetch", "dma", DAY, "--to", tmp_path / "new", "--from", bucket.url + "/")
    assert done.code == 0
    assert done.out == f"{tmp_path / 'new' / NAME}\n"
    assert "Danish Maritime Authority" in done.err
    assert place in done.err
    assert (tmp_path / "new" / NAME).read_bytes() == zipped()
    assert [p.name for p in (tmp_path / "new").iterdir()] == [NAME]
    assert call("scan", tmp_path / "new" / NAME, "--quiet").code == 0


def test_json_says_what_was_brought_and_a_file_that_is_here_is_kept(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    words = ("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url, "--json")
    (row,) = call(*words).rows
    assert row["bytes"] == len(zipped())
    assert row["url"] == f"{bucket.url}/{NAME}"
    asked = len(bucket.asked)
    done = call(*words)
    assert done.rows[0]["url"] is None
    assert "was here already" in done.err
    assert len(bucket.asked) == asked


def test_a_day_that_is_not_there_names_what_was_tried(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 5
    assert f"{bucket.url}/{NAME} (404)" in done.err
    assert f"{bucket.url}/2024/{NAME} (404)" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_cut_connection_is_taken_up_where_it_was_cut(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    bucket.cut_after = [100, 200]
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 0
    assert [ask for _, ask in bucket.asked] == [None, "bytes=100-", "bytes=300-"]
    assert (tmp_path / NAME).read_bytes() == zipped()


def test_cut_too_often_it_leaves_the_part_and_goes_on_next_time(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    bucket.cut_after = [50] * archive.TRIES
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 4
    assert "The same command again goes on" in done.err
    assert [p.name for p in tmp_path.iterdir()] == [f"{NAME}.part"]
    assert call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url).code == 0
    assert bucket.asked[-1] == (f"/{NAME}", f"bytes={50 * archive.TRIES}-")
    assert [p.name for p in tmp_path.iterdir()] == [NAME]


def test_a_server_without_ranges_begins_anew(call: Call, bucket: Archive, tmp_path: Path) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    bucket.takes_ranges = False
    (tmp_path / f"{NAME}.part").write_bytes(b"half of another file")
    assert call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url).code == 0
    assert (tmp_path / NAME).read_bytes() == zipped()


def test_a_part_that_is_all_is_only_checked(call: Call, bucket: Archive, tmp_path: Path) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    (tmp_path / f"{NAME}.part").write_bytes(zipped())
    assert call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url).code == 0
    assert (tmp_path / NAME).read_bytes() == zipped()


def test_a_part_that_is_too_long_is_thrown_away(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    (tmp_path / f"{NAME}.part").write_bytes(zipped() + b"more")
    assert call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url).code == 0
    assert (tmp_path / NAME).read_bytes() == zipped()


def test_a_part_of_another_file_is_found_out_by_its_check_sums(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    (tmp_path / f"{NAME}.part").write_bytes(bytes(200))
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 3
    assert list(tmp_path.iterdir()) == []


def test_less_than_the_server_promised_never_becomes_a_day(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    bucket.says_length, bucket.takes_ranges = len(zipped()) + 100, False
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 4
    assert "was cut 3 times" in done.err
    assert not (tmp_path / NAME).exists()


def test_more_than_the_server_promised_never_becomes_a_day(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.files[f"/{NAME}"] = zipped()
    bucket.says_length = len(zipped()) - 100
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"<html>no</html>", zipped()[:-30], zipped()[:60] + b"x" * 9],
    ids=["page", "cut", "garbled"],
)
def test_what_is_not_a_zip_is_removed(
    call: Call, bucket: Archive, tmp_path: Path, content: bytes
) -> None:
    bucket.files[f"/{NAME}"] = content
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 3
    assert "not the zip" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_server_in_trouble_and_none_at_all_are_exit_4(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    bucket.status = 503
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", bucket.url)
    assert done.code == 4
    assert "503" in done.err
    done = call("fetch", "dma", DAY, "--to", tmp_path, "--from", "http://127.0.0.1:9")
    assert done.code == 4
    assert "connection to the internet" in done.err


@pytest.mark.parametrize("day", ["2024-13-01", "25.12.2024", "20241225", "../../etc"])
def test_what_is_no_day_is_refused(call: Call, tmp_path: Path, day: str) -> None:
    done = call("fetch", "dma", day, "--to", tmp_path)
    assert done.code == 2
    assert "2024-12-25" in done.err


def test_an_address_of_another_kind_is_refused(call: Call, tmp_path: Path) -> None:
    assert call("fetch", "dma", DAY, "--to", tmp_path, "--from", "file:///etc").code == 2


def test_a_directory_that_cannot_be_written_is_said(
    call: Call, bucket: Archive, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    done = call("fetch", "dma", DAY, "--to", tmp_path / "file", "--from", bucket.url)
    assert done.code == 1
    assert "cannot be written" in done.err
