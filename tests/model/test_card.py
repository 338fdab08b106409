"""Cards for notebooks: equal to the golden files, without script, and safe with any text.

After a change that is meant: `python -m tests.model.test_card` writes the golden files anew. Open
them in a browser and look, before they are committed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import shapely

from sargas.model.alerts import Alert, AssetRef, NextAsset, Reason, Subject
from sargas.model.assets import Asset
from sargas.model.card import Scene, alert_card, alert_map_box, asset_card, fix_words, vessel_card
from sargas.model.fixes import LON_NONE, Fixes
from sargas.model.svg_map import MapAsset

GOLDEN = Path(__file__).parent / "golden"
T0_MS = 1_735_122_000_000  # 2024-12-25T10:20:00Z
HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror="a()">\u202e&\x1b[31m 50 %23 # \'a\' &quot;&lt;'
)
SVG = "{http://www.w3.org/2000/svg}"
LINE = shapely.linestrings([(25.6, 59.5), (25.62, 59.9), (25.6, 60.2)])
ALERT = Alert(
    id="0123456789abcdef01234567", detector="slow_in_corridor", detector_version="1",
    rules="rrrrrrrrrrrr", version=1, state="open", priority="P2", t_start_ms=T0_MS,
    t_detected_ms=T0_MS + 900_000, t_issued_ms=T0_MS + 900_000,
    subject=Subject("sea", 518_998_865, imo=9329760, name="A SHIP", length_m=229), lon=25.6,
    lat=59.9, asset=AssetRef("power-cable-x", "Cable X", "power_cable", 120.0, 14.2, 200.0),
    next_assets=(NextAsset("c2", "Cable Two", "telecom_cable", 3.2, T0_MS, 25.5, 59.9),),
    why=(Reason("mean speed over ground", 2.1, "kn", 3.0, 0.9, True),
         Reason("length", float("nan"), "m", 80.0, float("nan"), True)),
    against=("reports itself at anchor",), context={}, text="A SHIP has made 2.1 kn since 10:20Z.",
    evidence_ms=(T0_MS, T0_MS + 900_000),
)  # fmt: skip
ASSET = Asset(
    "power-cable-x", "Cable X", "power_cable", LINE, 200.0, status="in_service", operator="We",
    licence="ODbL-1.0", attribution="© OpenStreetMap contributors",
)  # fmt: skip


def fixes(n: int = 40) -> Fixes:
    rows = np.arange(n)
    return Fixes.build(
        n, subject_id=np.full(n, 518_998_865), t_ms=T0_MS - 1_200_000 + rows * 60_000,
        lon_raw=15_400_000 - rows * 2000, lat_raw=np.full(n, 35_940_000), sog_raw=100 - 2 * rows,
        cog_raw=np.full(n, 2640), heading_raw=np.full(n, 266),
    )  # fmt: skip


def scene(**changes) -> Scene:
    made = Scene(
        fixes(), [MapAsset("Cable X", "power_cable", LINE, 200.0, is_main=True)],
        shapely.box(25.0, 59.95, 26.5, 60.5), ["© OpenStreetMap contributors, ODbL-1.0"],
    )  # fmt: skip
    return replace(made, **changes)


def cards() -> dict[str, str]:
    """The cards that are kept as files."""
    vessel = vessel_card(
        "A SHIP (MMSI 518998865)", [("IMO", "9329760"), ("last fix", fix_words(fixes()))],
        scene(), history=["2024: OLD SHIP", "2025: A SHIP"],
    )  # fmt: skip
    return {
        "alert": alert_card(ALERT.to_dict(), scene()),
        "alert-alone": ALERT._repr_html_(),
        "vessel": vessel,
        "asset": asset_card(ASSET, scene(assets=())),
        "asset-alone": ASSET._repr_html_(),
    }


class Reader(HTMLParser):
    """Collects tags, attributes and text, and sees that every tag is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(k, v or "") for k, v in attrs]
        if tag != "img":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(k, v or "") for k, v in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


ALLOWED = {"div", "strong", "small", "span", "img"}
DRAWN = {"svg", "title", "g", "path", "line", "rect", "circle", "text"}
DATA = "data:image/svg+xml;charset=utf-8,"
NAMES = ["alert", "alert-alone", "vessel", "asset", "asset-alone"]


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_as_it_was(name):
    assert cards()[name] + "\n" == (GOLDEN / f"card-{name}.html").read_text()


def drawing(page: str) -> ET.Element:
    """The picture in a card, as a browser takes it out of its address."""
    (src,) = [value for key, value in Reader(page).attributes if key == "src"]
    assert src.startswith(DATA)
    assert "#" not in src, "an address would end there"
    return ET.fromstring(unquote(src.removeprefix(DATA)))


def words(page: str) -> str:
    """All that can be read in a card and its picture."""
    return " ".join([*Reader(page).texts, *filter(None, (e.text for e in drawing(page).iter()))])


@pytest.mark.parametrize("name", NAMES)
def test_a_card_needs_nothing_but_itself(name):
    """Plain tags that a notebook page leaves in strange HTML, and a picture of plain shapes."""
    reader = Reader(cards()[name])
    assert reader.tags <= ALLOWED
    assert {key for key, _ in reader.attributes} == {"alt", "src", "width", "height", "style"}
    drawn = list(drawing(cards()[name]).iter())
    assert {element.tag.removeprefix(SVG) for element in drawn} <= DRAWN
    used = {key: value for element in drawn for key, value in element.attrib.items()}
    assert not used.keys() & {"id", "class", "href", "onload", "clip-path"}
    assert not re.search(r"url\(|://", " ".join(used.values()))


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_has_a_ground_of_its_own(name):
    """On a dark page dark ink would else stand on it."""
    root = drawing(cards()[name])
    ground = next(element for element in root if element.tag != f"{SVG}title")
    assert ground.tag == f"{SVG}rect"
    assert ground.get("fill") == "var(--page, #ffffff)"
    size = [ground.get("width"), ground.get("height")]
    assert root.get("viewBox").split()[2:] == size
    attributes = dict(Reader(cards()[name]).attributes)
    assert [attributes["width"], attributes["height"]] == [f"{float(v):.0f}" for v in size]
    assert "A SHIP" in attributes["alt"] or "Cable X" in attributes["alt"]


def test_an_alert_tells_its_tests_and_what_speaks_against_it():
    text = words(alert_card(ALERT.to_dict(), scene()))
    for said in (
        "◆ Warning P2", "A SHIP (MMSI 518998865)", "mean speed over ground 2.1 kn", "3 kn, passed",
        "length unknown", "reports itself at anchor", "120 m off", "km 14.2", "±200 m",
        "A match is information, not intent", "Speed over ground, kn", "© OpenStreetMap",
    ):  # fmt: skip
        assert said in text, said
    assert "EXERCISE" not in text
    assert "EXERCISE" in replace(ALERT, exercise="drill")._repr_html_()
    assert "muted by port" in replace(ALERT, muted_by=("port",))._repr_html_()


def test_a_card_without_place_or_points_has_words_alone():
    nowhere = replace(ALERT, lon=float("nan"), asset=None, why=(), against=(), next_assets=())
    assert "<img" not in nowhere._repr_html_()
    assert alert_map_box(nowhere.to_dict(), Fixes.empty()) is None
    none = Fixes.build(2, t_ms=[T0_MS, T0_MS + 1], lon_raw=[LON_NONE] * 2)
    assert "<img" not in vessel_card("X", [], Scene(none))
    assert fix_words(none) == "no position received"
    empty = replace(ASSET, geometry=shapely.from_wkt("LINESTRING EMPTY"))
    assert "<img" not in empty._repr_html_()
    point = replace(ASSET, geometry=shapely.Point(25.0, 59.0))
    assert "<img" in point._repr_html_()


def hostile() -> list[str]:
    """Cards whose every text from outside is an attack."""
    alert = replace(
        ALERT, subject=Subject("sea", 1, name=HOSTILE, callsign=HOSTILE), text=HOSTILE,
        asset=AssetRef(HOSTILE, HOSTILE, HOSTILE, 1.0, 1.0, 1.0), against=(HOSTILE,),
        why=(Reason(HOSTILE, 1.0, HOSTILE, 1.0, 0.0, True),
             Reason("mean speed over ground" + HOSTILE, 1.0, "kn", 2.0, 1.0, True)),
        detector=HOSTILE, priority=HOSTILE, state=HOSTILE, muted_by=(HOSTILE,), exercise=HOSTILE,
    )  # fmt: skip
    main = MapAsset(HOSTILE, HOSTILE, LINE, 200.0, is_main=True)
    around = scene(assets=[main], credits=[HOSTILE])
    asset = replace(ASSET, name=HOSTILE, operator=HOSTILE, kind=HOSTILE, licence=HOSTILE)
    return [
        alert_card(alert.to_dict(), around), alert._repr_html_(), asset._repr_html_(),
        vessel_card(HOSTILE, [(HOSTILE, HOSTILE)], around, exercise=HOSTILE, history=[HOSTILE]),
        asset_card(asset, around),
    ]  # fmt: skip


@pytest.mark.parametrize("card", range(5))
def test_a_hostile_text_is_text(card):
    page = hostile()[card]
    reader = Reader(page)
    assert reader.tags <= ALLOWED
    assert {key for key, _ in reader.attributes} <= {"alt", "src", "width", "height", "style"}
    assert {element.tag.removeprefix(SVG) for element in drawing(page).iter()} <= DRAWN
    said = words(page)
    assert said.count("<script>alert(1)</script>") >= 3
    assert said.count("50 %23 # 'a'") >= 2, "nothing in it is read as part of an address"
    assert not re.search("[\u202e\x1b]", unquote(page))


if __name__ == "__main__":
    for name, card in cards().items():
        (GOLDEN / f"card-{name}.html").write_text(card + "\n")
