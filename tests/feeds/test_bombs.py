"""Archives that are small on disk and unpack to hundreds of megabytes of one line."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

MB = 240
DMA = (
    b"# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    b"IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    b"Destination,ETA,Data source type,A,B,C,D\n"
)
FIRST = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n"
"""So that the content is known for AIS sentences."""
CODE = """
import sys, resource
from pathlib import Path
from sargas.errors import InputError
from sargas.feeds import open_feed
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def read(path):
    try:
        return sum(len(batch.fixes) for batch in open_feed(path))
    except InputError:
        return 0
read(Path(sys.argv[1]))
before = peak()
rows = read(Path(sys.argv[2]))
print(peak() - before, rows)
"""


@pytest.mark.parametrize(
    ("name", "how", "head", "piece"),
    [
        ("a.nmea", "gz", FIRST, b"!" * 1_000_000),
        ("a.nmea", "zip", FIRST, b"!AIVDM," + b"1" * 999_993),
        ("a.csv", "gz", b"mmsi,t,lon,lat\n", b"1" * 1_000_000),
        ("a.csv", "zip", DMA, b'"' + b"x" * 999_999),
        ("a.json", "gz", b"", b"[" * 1_000_000),
        ("a.json", "zip", b'{"nmea":["', b"!" * 1_000_000),
    ],
)
def test_what_unpacks_to_one_endless_line_takes_no_memory(
    tmp_path: Path, name: str, how: str, head: bytes, piece: bytes
) -> None:
    small, large = (tmp_path / f"{size}-{name}.{how}" for size in ("small", "large"))
    for path, times in ((small, 1), (large, MB)):
        if how == "gz":
            with gzip.open(path, "wb", 6) as file:
                file.write(head)
                for _ in range(times):
                    file.write(piece)
        else:
            with (
                zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
                archive.open(name, "w") as member,
            ):
                member.write(head)
                for _ in range(times):
                    member.write(piece)
    assert large.stat().st_size < 3_000_000
    done = subprocess.run(
        [sys.executable, "-c", CODE, small, large], capture_output=True, timeout=240
    )
    assert done.returncode == 0, done.stderr.decode()[-600:]
    grown_mb, rows = map(int, done.stdout.split())
    # One document of JSON is held whole, up to 64 MB; of all else there is a piece at a time.
    assert grown_mb < 0.75 * MB
    assert rows <= 1
