"""What fuzzing found, in small: each is refused with words, and was an error of Python before."""

from __future__ import annotations

import io
import sqlite3
import zipfile

import pytest
import shapely

from sargas.errors import FormatError, InputError
from sargas.exercise.scenario import parse_scenario
from sargas.feeds.opening import open_source
from sargas.reference.readers import read_file
from sargas.reference.readers.kml import MOST_DEPTH
from sargas.share.policy import read_policy
from sargas.store.verify_ledger import check_ledger
from sargas.watch.rules import load_rules
from tests.reference.world import LINE, kml, kml_line, placemark, write_pyogrio

LONG, DEEP = "9" * 5000, "[" * 60_000


@pytest.mark.parametrize("value", [LONG, DEEP])
def test_toml_with_endless_numbers_or_nesting(tmp_path, value):
    path = tmp_path / "rules.toml"
    path.write_text(f"[drag_onset]\nmin_speed_kn = {value}\n")
    with pytest.raises(InputError, match="not TOML"):
        load_rules(path)
    with pytest.raises(InputError, match="not a scenario"):
        parse_scenario(f"seed = {value}".encode(), "a.toml")
    with pytest.raises(FormatError, match="No release policy"):
        read_policy(f"sender = {value}".encode())


def zipped(method=zipfile.ZIP_DEFLATED, name="a.nmea"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name), b"!AIVDM" * 99, method)
    return bytearray(out.getvalue())


def with_newer_version():
    data = zipped()
    data[data.index(b"PK\1\2") + 6] = 200
    return data


def with_lzma():
    """Its head may ask for a dictionary of 4 GB."""
    return zipped(zipfile.ZIP_LZMA)


def with_place_outside():
    data = zipped()
    at = data.index(b"PK\1\2") + 42
    data[at : at + 4] = b"\xf0\xff\xff\xff"
    return data


@pytest.mark.parametrize("make", [with_newer_version, with_lzma, with_place_outside])
def test_zips_that_are_damaged_in_places_of_their_own(tmp_path, make):
    path = tmp_path / "a.zip"
    path.write_bytes(make())
    source = open_source(path)
    with pytest.raises(InputError, match="zip"):
        read_all(source)
    source.close()


def read_all(source):
    for _, stream in source.members():
        while stream.read(1000):
            pass


def test_a_zip_member_without_a_name_is_read(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(name=""))
    ((where, stream),) = open_source(path).members()
    assert where.endswith("a.zip:")
    assert b"!AIVDM".startswith(stream.read(6)[:4])


def test_a_zip_of_a_newer_version_is_no_shapefile(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(with_newer_version())
    with pytest.raises(FormatError, match="broken"):
        read_file(path)


def test_a_brace_in_a_name_space_of_kml(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(kml(placemark(kml_line())).replace("opengis", "open}gis"))
    with pytest.raises(FormatError, match="XML is broken"):
        read_file(path)


def test_placemarks_in_placemarks_are_refused_before_they_take_hours(tmp_path):
    path = tmp_path / "a.kml"
    inside = placemark(kml_line())
    path.write_text(kml("<Folder>" * 40 + inside + "</Folder>" * 40))
    assert len(read_file(path).features) == 1
    path.write_text(kml("<Placemark>" * 100_000 + inside + "</Placemark>" * 100_000))
    with pytest.raises(FormatError, match=f"more than {MOST_DEPTH} deep"):
        read_file(path)


def test_a_geopackage_of_which_the_schema_is_no_utf8(tmp_path):
    path = write_pyogrio(tmp_path / "a.gpkg", "GPKG", [(shapely.LineString(LINE), {"name": "A"})])
    whole = path.read_bytes()
    assert b"CREATE TABLE gpkg_extensions" in whole
    bad = b"CREATE TABLE gpkg\x8e,\x8e \x8e"
    path.write_bytes(whole.replace(b"CREATE TABLE gpkg_extensions", bad))
    with pytest.raises(FormatError, match="GeoPackage"):
        read_file(path)


def test_a_ledger_of_which_the_schema_is_no_utf8(tmp_path):
    path = tmp_path / "sargas.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE an_index_of_all (a)")
        made.execute("CREATE INDEX alerts_by_issue ON an_index_of_all (a)")
    made.close()
    path.write_bytes(path.read_bytes().replace(b"alerts_by_issue", b"alerts_by_issu\xe5"))
    (finding, *_) = check_ledger(path).findings
    assert finding.what
