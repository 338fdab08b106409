"""Targets: files of assets in every format, masks, vessel lists."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import shapely

from fuzz.seeds import as_json
from fuzz.tables import as_parquet
from fuzz.target import BINARY, JSON, TEXT, Target, demand, folder, written
from sargas.reference.home import infra_dir, load_imported
from sargas.reference.importer import load_assets, plan_import
from sargas.reference.mask_book import book_path, read_book
from sargas.reference.masks import load_masks
from sargas.reference.options import ImportOptions
from sargas.reference.vessel_lists import load_vessel_lists

LINE = [[24.0, 59.5], [24.5, 59.6], [25.0, 59.7]]
SAID = ImportOptions(
    kind="power_cable", accuracy_m=50.0, licence="CC-BY-4.0", attribution="A", source="user:fuzz"
)
GEO_WORDS = (
    b'"coordinates":', b'"geometry":null', b'"GeometryCollection"', b'"Polygon"', b'"Point"',
    b'"MultiLineString"', b'"geometries":', b'"crs":', b'"metadata":', b'"kind":', b'"lon":',
    b'"accuracy_m":', b'"members":', b'"tags":', b'"elements":', b"[24.0,59.5]", b"[[],[]]",
)  # fmt: skip


def importer(name: str) -> Callable[[bytes], None]:
    """Give an import of a file of a given name: for one run, and as into a home."""

    def run(data: bytes) -> None:
        path = written(name, data)
        try:
            assets = load_assets(path, ImportOptions(on_invalid="skip", kind="power_cable"))
        finally:
            plan = plan_import(path, folder() / "no-home", SAID)
        demand(len(assets) > 0 and plan.mapped.used > 0, "an import without assets is refused")
        json.dumps(plan.as_dict())

    return run


def geojson() -> Sequence[bytes]:
    """Give GeoJSON, an answer of Overpass, and odd but valid ones."""
    properties = {"name": "A", "kind": "power_cable", "accuracy_m": 50, "licence": "CC-BY-4.0",
                  "attribution": "B", "source_ref": "r1"}  # fmt: skip
    shapes = (
        {"type": "LineString", "coordinates": LINE},
        {"type": "MultiLineString", "coordinates": [LINE, [[20.0, 57.0], [20.5, 57.5]]]},
        {"type": "Polygon", "coordinates": [[[20, 57], [21, 57], [21, 58], [20, 57]]]},
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [20, 57]}]},
    )  # fmt: skip
    features = [{"type": "Feature", "properties": properties, "geometry": g} for g in shapes]
    way = {"type": "way", "id": 1, "tags": {"name": "A", "communication": "line"},
           "geometry": [{"lon": x, "lat": y} for x, y in LINE]}  # fmt: skip
    relation = {"type": "relation", "id": 2, "tags": {"name": "B"}, "members": [way | {"ref": 1}]}
    return as_json(
        {"type": "FeatureCollection", "features": features,
         "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}},
        features[0], shapes[1],
        {"elements": [way, relation, {"type": "node"}], "osm3s": {"copyright": "ODbL"}},
    )  # fmt: skip


def table() -> Sequence[bytes]:
    """Give tables: of WKT, of two points a row, of a point a row."""
    return (
        b'name,wkt\nA,"LINESTRING (24 59.5, 24.5 59.6)"\nB,"POLYGON ((20 57, 21 57, 21 58))"\n',
        b"name;order;lon;lat\nA;1;24,5;59,5\nA;2;24,6;59,6\nB;1;20;57\nB;2;21;57\n",
        "name\tlon\tlat\nÅ\t24°30'E\t59°30.5'N\nÅ\t24°36'E\t59°36'N\n".encode(),
        b'name,geojson\nA,"{""type"":""Point"",""coordinates"":[24,59]}"\n',
        "name,lon,lat\nA,24.5,59.5\nA,24.6,59.6\n".encode("utf-16"),
    )


def kml_text(body: str, head: str = "") -> bytes:
    """Give a KML document."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{body}</Document></kml>"
    ).encode()


def kml() -> Sequence[bytes]:
    """Give KML with lines, polygons, tracks and data; with an entity and a bomb of entities."""
    points = " ".join(f"{x},{y},0" for x, y in LINE)
    line = f"<LineString><coordinates>{points}</coordinates></LineString>"
    ring = "<coordinates>20,57 21,57 21,58 20,57</coordinates>"
    bomb = "".join(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 8))
    return (
        kml_text(f"<Placemark><name>A</name>{line}</Placemark>"),
        kml_text(
            "<Folder><Placemark><ExtendedData><Data name='kind'><value>power_cable</value></Data>"
            f"</ExtendedData><MultiGeometry>{line}{line}</MultiGeometry></Placemark></Folder>"
        ),
        kml_text(
            "<Placemark><Polygon><outerBoundaryIs><LinearRing>"
            f"{ring}</LinearRing></outerBoundaryIs></Polygon></Placemark>"
        ),
        kml_text(
            "<Placemark><name>&a7;</name></Placemark>", f'<!DOCTYPE k [<!ENTITY a0 "x">{bomb}]>'
        ),
        kml_text("<name>&x;</name>", '<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    )


def kmz() -> Sequence[bytes]:
    """Give KML in zips, one of which unpacks to 300 MB."""
    out = []
    for body in (kml()[0], kml()[2], b"<kml>" + b" " * (300 << 20)):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("doc.kml"), body, zipfile.ZIP_DEFLATED)
        out.append(packed.getvalue())
    return out


def geoparquet() -> Sequence[bytes]:
    """Give GeoParquet with WKB and with WKT."""
    import pyarrow as pa

    shape = shapely.LineString(LINE)
    geo = {"version": "1.1.0", "primary_column": "geometry",
           "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}}}  # fmt: skip
    names = {"name": ["A", "B"], "kind": ["power_cable", None]}
    binary = pa.table(names | {"geometry": pa.array([shapely.to_wkb(shape), None], pa.binary())})
    text = pa.table(names | {"geometry": [shape.wkt, "POINT (1 2)"]})
    return [
        as_parquet(binary.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), "none"),
        as_parquet(text.replace_schema_metadata({b"geo": b"{}"}), "none"),
    ]


@cache
def by_gdal(driver: str, name: str) -> dict[str, bytes]:
    """Write a small layer with GDAL; gives the files by their suffix."""
    import pyogrio

    made = folder() / f"made-{driver.split()[0]}"
    made.mkdir(exist_ok=True)
    pyogrio.raw.write(
        made / name,
        np.array([shapely.to_wkb(shapely.LineString(LINE))] * 3, object),
        [np.array(["A", "Å", None], object)],
        ["name"],
        driver=driver,
        crs="EPSG:4326",
        geometry_type="LineString",
    )
    return {file.suffix: file.read_bytes() for file in made.iterdir()}


def geopackage() -> Sequence[bytes]:
    """Give a GeoPackage."""
    return [by_gdal("GPKG", "a.gpkg")[".gpkg"]]


def shapefile() -> Sequence[bytes]:
    """Give zipped Shapefiles."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for suffix, data in by_gdal("ESRI Shapefile", "a.shp").items():
            archive.writestr(zipfile.ZipInfo(f"a{suffix}"), data)
    return [packed.getvalue()]


def loose_shapefile(data: bytes) -> None:
    """Import a Shapefile of which one file was changed: `.shp`, `.shx` and `.dbf` one by one."""
    whole = by_gdal("ESRI Shapefile", "a.shp")
    suffix = (".shp", ".shx", ".dbf", ".prj")[len(data) % 4]
    for name, content in whole.items():
        written(f"loose{name}", content)
    written(f"loose{suffix}", data)
    importer("loose.shp")(whole[".shp"] if suffix != ".shp" else data)


def masks(data: bytes) -> None:
    """Read a file of masks."""
    load_masks(written("masks.geojson", data))


def mask() -> Sequence[bytes]:
    """Give a file of masks of every effect."""
    ring = [[[20, 57], [21, 57], [21, 58], [20, 57]]]
    made = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": ring},
         "properties": {"id": f"m{k}", "kind": kind, "owner": "A", "effect": effect,
                        "valid_from": "2024-01-01T00:00:00Z", "reason": "r", "assets": "all",
                        "valid_until": "2026-01-01T00:00:00Z", "detectors": ["loiter"]}}
        for k, (kind, effect) in enumerate((
            ("anchorage", "mute"), ("works", "downgrade"), ("vigilance", "raise"), ("zone", "none"),
        ))
    ]  # fmt: skip
    return as_json({"type": "FeatureCollection", "features": made})


def book(data: bytes) -> None:
    """Read a home's book of masks."""
    home = folder() / "book-home"
    path = book_path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    read_book(home).masks()


def books() -> Sequence[bytes]:
    """Give a book of two versions."""
    feature = json.loads(mask()[0])["features"][0]
    entry = {
        "id": "m0", "version": 1, "act": "add", "counts_from": "2024-01-01T00:00:00Z",
        "recorded_at": "2024-01-01T00:00:00Z", "by": "A", "reason": "r", "mask": feature,
    }  # fmt: skip
    lines = ({"sargas": 1}, entry, entry | {"version": 2, "act": "expire"})
    return ["\n".join(map(json.dumps, lines)).encode()]


def imported(data: bytes) -> None:
    """Read what an earlier import left in a home."""
    home = folder() / "infra-home"
    infra_dir(home).mkdir(parents=True, exist_ok=True)
    (infra_dir(home) / "user.geojson").write_bytes(data)
    load_imported(home)


def sources() -> Sequence[bytes]:
    """Give a file of imported assets."""
    from sargas.reference.home import encode_source
    from sargas.reference.shipped import shipped_assets

    return [encode_source("user:a", shipped_assets().assets[:2])]


def lists(data: bytes) -> None:
    """Read a vessel list."""
    load_vessel_lists([written("list.csv", data)])


VESSELS = (
    b"list,entry,date,kind,imo,mmsi,name,effect,valid_from,valid_until\n"
    b"EU,1.2,2024-12-16,sanctions,IMO 9329760,,EAGLE S,raise,2024-12-16,2026-01-01\n"
    b"own,x,2024-12-16,watch,,518998865,,show,2024-12-16T00:00:00Z,\n"
    b'own,"a, b",2024-12-17,other,9329760,,"EAGLE S",,,\n',
)

TARGETS = (
    Target(
        "assets-geojson", importer("a.geojson"),
        ("assets:geojson", "sargas.reference.readers.geojson", "sargas.reference.fields"),
        geojson, kind=JSON, words=GEO_WORDS,
    ),
    Target(
        "assets-csv", importer("a.csv"), ("assets:csv", "sargas.reference.readers.table"), table,
        words=(b"LINESTRING (24 59, 25 60)", b"EMPTY", b"wkt", b"lon", b"lat", b"POINT Z (1 2 3)"),
    ),
    Target(
        "assets-kml", importer("a.kml"), ("assets:kml", "sargas.reference.readers.kml"), kml,
        words=(b"<coordinates>", b"</coordinates>", b"<Placemark>", b"</Placemark>", b"<![CDATA[",
               b"<!--", b"&amp;", b"&#x110000;", b"<!DOCTYPE x [", b"<gx:Track>", b"<name>"),
    ),
    Target(
        "assets-kmz", importer("a.kmz"), ("assets:kmz", "sargas.reference.readers"), kmz,
        kind=BINARY,
    ),
    Target(
        "assets-geoparquet", importer("a.parquet"),
        ("assets:geoparquet", "sargas.reference.readers.geoparquet"), geoparquet, kind=BINARY,
    ),
    Target(
        "assets-geopackage", importer("a.gpkg"),
        ("assets:geopackage", "sargas.reference.readers.geopackage"), geopackage, kind=BINARY,
        words=(b"gpkg_geometry_columns", b"CREATE TABLE", b"CREATE VIEW", b"CREATE TRIGGER",
               b"GP\0\1", b"SELECT randomblob(1000000000)"),
    ),
    Target(
        "assets-shapefile", loose_shapefile, ("assets:gis", "sargas.reference.readers.gis"),
        lambda: list(by_gdal("ESRI Shapefile", "a.shp").values()), kind=BINARY, guided=False,
    ),
    Target(
        "assets-shapefile-zip", importer("a.zip"), ("assets:gis", "sargas.reference.readers.gis"),
        shapefile, kind=BINARY, guided=False,
    ),
    Target("masks", masks, ("sargas.reference.masks",), mask, kind=JSON, words=GEO_WORDS),
    Target("mask-book", book, ("sargas.reference.mask_book",), books, kind=JSON),
    Target("imported-assets", imported, ("sargas.reference.home",), sources, kind=JSON),
    Target(
        "vessel-lists", lists, ("sargas.reference.vessel_lists",), lambda: VESSELS, kind=TEXT,
        words=(b"sanctions", b"raise", b"show", b"imo", b"mmsi", b"IMO9329760"),
    ),
)  # fmt: skip
