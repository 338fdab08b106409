"""One licence and one notice for each shipped file."""

from pathlib import Path

from sargas.reference import attributions, licences, shipped_assets
from sargas.reference.files import DATA
from sargas.reference.licences import licence_table

ROOT = Path(__file__).parents[2]
TEXTS = {
    "ODbL-1.0": ("ODbL-1.0.txt", "Open Data Commons Open Database License"),
    "CC-BY-4.0": ("CC-BY-4.0.txt", "Creative Commons Attribution 4.0 International"),
    "Apache-2.0": ("Apache-2.0.txt", "Apache License"),
    "public domain": ("public-domain.md", "World Port Index"),
}


def test_every_shipped_file_has_a_row_and_a_notice_and_nothing_else_ships():
    shipped = {p.name for p in DATA.iterdir() if not p.name.endswith(".NOTICE.md")}
    assert {row.file for row in licences()} == shipped
    notices = {p.name.removesuffix(".NOTICE.md") for p in DATA.glob("*.NOTICE.md")}
    assert notices == shipped


def test_notices_say_what_the_rows_say():
    for row in licences():
        notice = (DATA / f"{row.file}.NOTICE.md").read_text("utf-8")
        for text in (row.licence, row.attribution, row.source, row.accuracy, row.note, "Changes:"):
            assert text in notice, row.file


def test_the_licence_texts_are_there():
    for row in licences():
        name, text = TEXTS[row.licence]
        assert text in (ROOT / "LICENSES" / name).read_text("utf-8")


def test_no_share_alike_or_non_commercial_file_ships():
    assert {row.licence for row in licences()} == set(TEXTS)


def test_rows_as_dictionaries():
    assert [set(row) for row in licence_table()] == [
        {"file", "licence", "attribution", "source", "accuracy", "note"}
    ] * len(licences())
    assert all(value for row in licence_table() for value in row.values())


def test_attributions_of_assets_and_of_files():
    of_assets = attributions(shipped_assets())
    assert of_assets == sorted(set(of_assets))
    assert "European Marine Observation and Data Network (EMODnet) Human Activities" in of_assets
    assert attributions(files=["ports_wpi.geojson"]) == [
        "National Geospatial-Intelligence Agency, World Port Index"
    ]
    everything = attributions()
    assert len(everything) == len({row.attribution for row in licences()})
    assert any("Michael Fazio" in text for text in everything)
