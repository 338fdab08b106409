"""Small files of assets in every format, for the tests of readers and importer."""

import json
import struct
import zipfile

import numpy as np
import shapely

LINE = [[24.0, 59.5], [24.5, 59.6], [25.0, 59.7]]
OTHER = [[20.0, 57.0], [20.5, 57.5]]


def feature(coordinates=LINE, geometry_type="LineString", /, **properties):
    geometry = None
    if coordinates is not None:
        geometry = {"type": geometry_type, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def full(ref, coordinates=LINE, geometry_type="LineString", /, **changes):
    """A feature that says everything that must be known."""
    p = {"name": f"Cable {ref}", "kind": "telecom_cable", "source_ref": ref, "accuracy_m": 100,
         "licence": "CC-BY-4.0", "attribution": "Somebody"} | changes  # fmt: skip
    return feature(coordinates, geometry_type, **p)


def collection(*features, **members):
    return {"type": "FeatureCollection", **members, "features": list(features)}


def write_json(path, document):
    path.write_text(json.dumps(document), "utf-8")
    return path


def write_geojson(path, *features, **members):
    return write_json(path, collection(*features, **members))


def gp_blob(wkb, *, envelope=b"", code=0, srs=4326, flags=0):
    return b"GP" + bytes([0, (code << 1) | 1 | flags]) + struct.pack("<i", srs) + envelope + wkb


def write_pyogrio(path, driver, rows, crs="EPSG:4326", layer=None, **options):
    """Write rows of (geometry, {column: value}) with GDAL."""
    import pyogrio

    names = sorted({k for _, p in rows for k in p})
    columns = [np.array([p.get(n) for _, p in rows], dtype=object) for n in names]
    kinds = {g.geom_type for g, _ in rows if g is not None}
    pyogrio.raw.write(
        path,
        np.array([None if g is None else shapely.to_wkb(g) for g, _ in rows], dtype=object),
        columns,
        names,
        driver=driver,
        crs=crs,
        layer=layer,
        geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown",
        **options,
    )
    return path


def write_geoparquet(path, rows, geo=None, column="geometry"):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = sorted({k for _, p in rows for k in p})
    table = pa.table(
        {n: [p.get(n) for _, p in rows] for n in names}
        | {
            column: pa.array(
                [None if g is None else shapely.to_wkb(g) for g, _ in rows], pa.binary()
            )
        }
    )
    if geo is None:
        geo = {"version": "1.1.0", "primary_column": column,
               "columns": {column: {"encoding": "WKB", "geometry_types": []}}}  # fmt: skip
    if geo:
        table = table.replace_schema_metadata({b"geo": json.dumps(geo).encode()})
    pq.write_table(table, path)
    return path


def write_kmz(path, kml, name="doc.kml"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, kml)
    return path


def placemark(body, name="A cable"):
    return f"<Placemark><name>{name}</name>{body}</Placemark>"


def kml(*placemarks, head=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        + "".join(placemarks)
        + "</Document></kml>"
    )


def kml_line(points=LINE, height=""):
    text = " ".join(f"{x},{y}{height}" for x, y in points)
    return f"<LineString><coordinates>\n {text} \n</coordinates></LineString>"
