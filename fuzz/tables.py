"""Targets: files of positions, by their text, by their Parquet, and by the layers around them."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence

from fuzz.rows import row
from fuzz.seeds import sample
from fuzz.target import BINARY, JSON, LINES, TEXT, Target, demand, written
from sargas.feeds import open_feed
from sargas.feeds.base import Feed
from sargas.feeds.opening import open_source

MAP = {"t": "timestamp_utc", "mmsi": "mmsi", "lon": "lon", "lat": "lat", "waters": "any"}
LIMIT_BYTES = 8 << 20
"""A bomb is unpacked so far: that it goes on costs time, not memory."""


def whole(feed: Feed, *, balanced: bool = True) -> None:
    """Read a feed to its end; each line is a fix or is counted."""
    fixes = 0
    with feed:
        for batch in feed:
            fixes += len(batch.fixes)
    dropped = sum(count.count for count in feed.counts.values() if not count.kept)
    demand(not balanced or feed.lines == fixes + dropped, "every line is a fix or is counted")


def dma(data: bytes) -> None:
    """Read a Danish archive file."""
    whole(open_feed(written("day.csv", data), format="dma-csv"))


def noaa(data: bytes) -> None:
    """Read a NOAA archive file."""
    whole(open_feed(written("day.csv", data), format="noaa-csv"))


def mapped(data: bytes) -> None:
    """Read a table of somebody's own by a column map, the first row says which."""
    first = data.partition(b"\n")[0].split(b",")[0].decode("utf-8", "replace").strip()
    whole(open_feed(written("own.csv", data), column_map=MAP | {"t": first or "t"}))


def plain(data: bytes) -> None:
    """Read a table by its plain column names."""
    whole(open_feed(written("plain.csv", data), format="csv"))


def aiscatcher(data: bytes) -> None:
    """Read what AIS-catcher writes."""
    whole(open_feed(written("ais.jsonl", data), format="aiscatcher-json"), balanced=False)


def told(data: bytes) -> None:
    """Open a file whose format is told by its content, packed or not."""
    whole(open_feed(written("any.dat", data), batch_rows=500), balanced=False)


def layers(data: bytes) -> None:
    """Unpack whatever layers there are, up to a limit."""
    source = open_source(written("layers.bin", data))
    left = LIMIT_BYTES
    try:
        for _, stream in source.members():
            while left > 0 and (piece := stream.read(1 << 16)):
                demand(len(piece) <= 1 << 18, "pieces are small, whatever is packed")
                left -= len(piece)
        demand(source.bytes_read >= 0, "the place is known")
    finally:
        source.close()


def parquet(wanted: str) -> Callable[[bytes], None]:
    """Give a reader of Parquet of a format."""

    def run(data: bytes) -> None:
        whole(open_feed(written("day.parquet", data), format=wanted), balanced=False)

    return run


def packed() -> Sequence[bytes]:
    """Give small files in every layer, one a bomb of 64 MB."""
    import pyarrow.lib as pa

    text = sample("ais/dma-small-cb.nmea")[:400]
    zstd = pa.Codec("zstd")
    return [
        gzip.compress(text), gzip.compress(text) + gzip.compress(text[:99]), zipped(text),
        zipped(gzip.compress(text)), bytes(zstd.compress(text, asbytes=True)),
        gzip.compress(bytes(zstd.compress(text, asbytes=True))), zipped(text, zipfile.ZIP_STORED),
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(text))))),
        gzip.compress(bytes(64 << 20)), zipped(bytes(64 << 20)), zipped(text, zipfile.ZIP_LZMA),
        zipped(text, zipfile.ZIP_BZIP2), text,
    ]  # fmt: skip


def zipped(text: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack a text and a shadow file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("a.nmea"), text, method)
        archive.writestr(zipfile.ZipInfo("__MACOSX/a"), b"x")
    return out.getvalue()


def own_parquet() -> Sequence[bytes]:
    """Give fixes and statics in our own schemas."""
    from sargas.decode import AisDecoder
    from sargas.feeds.nmea import fixes_of, statics_of
    from sargas.model.arrow import fixes_to_arrow, statics_to_arrow

    tables = AisDecoder().feed(sample("ais/gpsd-sample.aivdm"))
    fixes = fixes_to_arrow(fixes_of(tables.fixes)).slice(0, 20)
    statics = statics_to_arrow(statics_of(tables.static)).slice(0, 20)
    return [as_parquet(fixes, "none"), as_parquet(fixes, "zstd"), as_parquet(statics, "none")]


def noaa_parquet() -> Sequence[bytes]:
    """Give daily points as NOAA has them: points as WKB, and longitude and latitude beside."""
    import pyarrow as pa
    import shapely

    points = [shapely.to_wkb(shapely.Point(20 + k / 10, 58)) for k in range(5)]
    columns = {
        "mmsi": pa.array([230_000_001 + k for k in range(5)]),
        "base_date_time": pa.array(["2024-12-25 10:26:00"] * 5),
        "sog": pa.array([9.5, 0.0, 102.3, None, 3.0]), "cog": pa.array([1.0, 2, 3, 4, 5]),
        "heading": pa.array([511, 0, 359, None, 1]),
        "vessel_name": pa.array(["A", "", "B", "C", None]),
        "imo": pa.array(["IMO9329760"] * 5), "vessel_type": pa.array([70, None, 80, 0, 255]),
        "status": pa.array([0, 15, None, 1, 5]), "length": pa.array([100.0] * 5),
    }  # fmt: skip
    by_point = pa.table(columns | {"geometry": pa.array(points, pa.binary())})
    by_point = by_point.replace_schema_metadata({b"geo": b'{"version": "1.1.0"}'})
    by_number = pa.table(columns | {"longitude": [20.0] * 5, "latitude": [58.0] * 5})
    return [as_parquet(by_point, "none"), as_parquet(by_number, "none")]


def as_parquet(table: object, compression: str) -> bytes:
    """Write a table as a Parquet file."""
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(table, out, compression=compression)
    return out.getvalue()


def texts(*names: str) -> Callable[[], Sequence[bytes]]:
    """Give samples of the tests."""
    return lambda: [sample(name) for name in names]


OWN = (
    b"timestamp_utc,mmsi,lon,lat,sog,name\n"
    b"2024-12-25 10:26:00,518998865,25.1,59.9,9.5,EAGLE S\n"
    b"2024-12-25T10:27:00Z,518998865,25.2,59.9,9.4,EAGLE S\n"
    b'1735122480,518998865,25.3,59.9,9.4,"EAGLE, S"\n',
    b"t;mmsi;lon;lat\n2024-12-25T10:26:00.250Z;230000001;20,5;58,1\n",
)

TARGETS = (
    Target(
        "dma-csv", dma, ("feed:dma-csv", "sargas.feeds.table"), texts("ais/dma-csv-real-rows.csv"),
        kind=LINES, line=row, has_header=True, weight=2,
    ),
    Target(
        "noaa-csv", noaa, ("feed:noaa-csv", "sargas.feeds.table"),
        texts("ais/noaa-2025plus-rows.csv", "ais/noaa-legacy-2022-rows.csv"),
        kind=LINES, line=row, has_header=True,
    ),
    Target(
        "mapped-csv", mapped, ("feed:csv",), lambda: OWN, kind=LINES, line=row, has_header=True,
    ),
    Target(
        "plain-csv", plain, ("feed:csv",), lambda: OWN, kind=TEXT,
        words=(b"mmsi", b"t", b"lon", b"lat", b"timestamp", b"longitude", b"imo", b"eta"),
    ),
    Target(
        "aiscatcher-json", aiscatcher, ("feed:aiscatcher-json", "sargas.feeds.aiscatcher"),
        texts("feeds/aiscatcher-made.jsonl"), kind=JSON,
        words=(b'"nmea":', b'"msgs":', b'"rxtime":', b'"rxuxtime":', b'"20241225102600"'),
    ),
    Target(
        "sniffed", told, ("sargas.feeds.sniff",),
        lambda: [*packed()[:8], *OWN, *(sample(f"ais/{n}")[:2000] for n in (
            "dma-csv-real-rows.csv", "noaa-2025plus-rows.csv", "gfw-multi-part.nmea",
        )), sample("feeds/aiscatcher-made.jsonl"), own_parquet()[0]],
        kind=BINARY,
    ),
    Target("layers", layers, ("sargas.feeds.opening",), packed, kind=BINARY),
    Target(
        "sargas-parquet", parquet("sargas-parquet"),
        ("feed:sargas-parquet", "sargas.feeds.parquet", "sargas.feeds.parquet_bounds"),
        own_parquet, kind=BINARY,
    ),
    Target(
        "noaa-geoparquet", parquet("noaa-geoparquet"),
        ("feed:noaa-geoparquet", "sargas.feeds.geoparquet"), noaa_parquet, kind=BINARY,
    ),
)  # fmt: skip
