"""The map's tools in a browser: layers, links and saved views, measuring, places, following."""

from __future__ import annotations

import base64
import json
import re
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from .conftest import WEB, Opener, Screen, eventually
from .test_screen import on_screen, serious
from .world import ROOT, World, make_alert

pytestmark = pytest.mark.browser
RENDERERS = ("canvas", "gl")
DARK = json.loads((ROOT / "web/src/theme/tokens.json").read_text())["themes"]["dark"]
NO_WORDS = "-names.-ports.-territory"


def rgb(name: str) -> np.ndarray:
    """A token of the dark theme."""
    colour = DARK["colours"][name]
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])


def count(
    page: Page, box: dict[str, float], low: np.ndarray, high: np.ndarray, *, some: bool = False
) -> int:
    """How many pixels of a piece of the screen lie between two colours, in all parts or in some."""
    script = """async ({ png, low, high, some }) => {
      const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
      const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const pen = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
      pen.drawImage(picture, 0, 0);
      const { data } = pen.getImageData(0, 0, picture.width, picture.height);
      let found = 0;
      for (let at = 0; at < data.length; at += 4) {
        const isIn = (part) => data[at + part] >= low[part] && data[at + part] <= high[part];
        found += some ? isIn(0) || isIn(1) || isIn(2) : isIn(0) && isIn(1) && isIn(2);
      }
      return found;
    }"""
    png = base64.b64encode(page.screenshot(clip=box)).decode()
    wanted = {"png": png, "low": low.tolist(), "high": high.tolist(), "some": some}
    return int(page.evaluate(script, wanted))


def about(page: Page, box: dict[str, float], colour: np.ndarray, within: int = 40) -> int:
    """How many pixels are about of a colour."""
    return count(page, box, colour - within, colour + within)


def go(screen: Screen, link: str, wait_ms: int = 700) -> None:
    """Follow a link on the open page, as by typing it into the address."""
    screen.page.evaluate("link => { location.hash = link; }", link)
    screen.page.wait_for_timeout(wait_ms)


def linked(page: Page) -> dict[str, list[str]]:
    """What the address holds after "#"."""
    return parse_qs(urlsplit(page.url).fragment)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_each_layer_is_drawn_when_on_and_not_when_off(open_screen: Opener, renderer: str) -> None:
    """The made power cable, pipeline, mask, unheard half and GNSS area, each by its colour."""
    world = World(0)
    area = {"domain": "area", "mmsi": None, "name": "the area"}
    world.alerts = [make_alert(9, "P2", "gnss_area", "Made area.", at=(24.5, 59.75), subject=area)]
    screen = open_screen(world, renderer)
    page = screen.page
    box = {"x": 120, "y": 100, "width": 900, "height": 520}
    ink = {"power": "cable", "pipeline": "pipeline", "gnss": "warning", "masks": "text3"}

    def is_drawn(colour: str, wanted: bool) -> bool:
        found = about(page, box, rgb(colour))
        return found > 100 if wanted else found < 10

    words = f"{NO_WORDS}.-telecom.-unspecified.-lng.-wind"
    for place, layers in (
        ("25.0,59.8,7.5", ("power", "pipeline", "gnss")),
        ("20.0,58.6,8", ("masks",)),
    ):
        for sign in ("", "-"):
            switched = ".".join(f"{sign}{layer}" for layer in layers)
            # No priority is listed, so that no alert's mark is drawn.
            go(screen, f"map={place}&layers={switched}.{words}&list=%7B%22priorities%22:[]%7D")
            for layer in layers:
                assert eventually(page, partial(is_drawn, ink[layer], sign == "")), (layer, sign)
    go(screen, f"map=20.0,58.0,6&layers=coverage.{NO_WORDS}")
    expect(page.locator(".legend-note")).to_contain_text(
        "Not heard is not the same as not there.", timeout=30_000
    )
    east, west = (
        {"x": x, "y": y, "width": 30, "height": 30}
        for x, y in (on_screen_at(screen, lon, 58.9, (20.0, 58.0, 6)) for lon in (20.3, 19.4))
    )
    assert eventually(page, lambda: about(page, east, rgb("sea"), 3) < 860)
    assert about(page, west, rgb("sea"), 3) > 890


def on_screen_at(
    screen: Screen, lon: float, lat: float, camera: tuple[float, float, float]
) -> tuple[float, float]:
    """Page pixels of a place under a camera."""
    here = on_screen(screen, lon, lat)
    centre = on_screen(screen, camera[0], camera[1])
    box = screen.page.locator(".map-host").bounding_box()
    assert box
    scale = 2 ** (camera[2] - 5.5)
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return tuple(m + (h - c) * scale for m, h, c in zip(middle, here, centre, strict=True))  # type: ignore[return-value]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_crowded_traffic_stays_grey_below_the_cables(open_screen: Opener, renderer: str) -> None:
    """However many marks lie on one pixel, it is no brighter than one mark."""
    world = World(6000)
    world.alerts = []
    screen = open_screen(world, renderer)
    all_off = "-telecom.-power.-unspecified.-pipeline.-wind.-lng"
    for zoom in (5.5, 6.6):
        go(screen, f"map=20.4,58.2,{zoom}&layers={all_off}.{NO_WORDS}", 1500)
        box = {"x": 300, "y": 100, "width": 700, "height": 560}
        sea, mark = rgb("sea"), rgb("traffic")
        one = sea + 0.62 * (mark - sea)
        joined = sea + 0.45 * (mark - sea)
        # The brackets of the exercise's vessel are brighter; adding up would be over 10,000 pixels.
        assert eventually(
            screen.page,
            lambda box=box, joined=joined, one=one: (
                about(screen.page, box, joined, 14) > 500
                and count(screen.page, box, one + 4, np.full(3, 255), some=True) < 500
            ),
        ), zoom


def test_layers_by_keyboard_are_kept_and_obeyed(open_screen: Opener) -> None:
    world = World(0)
    world.alerts = []
    screen = open_screen(world)
    page = screen.page
    expect(page.locator(".legend")).to_be_visible()
    covered = page.locator(".legend").bounding_box()
    assert covered
    assert covered["width"] * covered["height"] <= 581 * 88  # what the legend alone covered
    page.keyboard.press("l")
    expect(page.locator(".legend")).to_have_count(0)
    page.keyboard.press("l")
    focused = page.locator(".legend input:focus")
    expect(focused).to_have_attribute("data-layer", "stale")
    steps = (
        ("ArrowDown", "telecom"), ("ArrowDown", "power"), ("ArrowRight", "lng"), ("End", "gnss"),
        ("ArrowUp", "coverage"), ("ArrowLeft", "territory"), ("ArrowDown", "ports"),
    )  # fmt: skip
    for key, layer in steps:
        page.keyboard.press(key)
        expect(focused).to_have_attribute("data-layer", layer)
    assert page.locator(".legend input[tabindex='0']").count() == 1
    page.keyboard.press("Space")
    expect(page.get_by_label("Ports and their names")).not_to_be_checked()
    assert eventually(page, lambda: linked(page).get("layers") == ["-ports"])
    page.evaluate("history.replaceState(null, '', location.pathname + location.search)")
    page.reload()
    expect(page.get_by_label("Ports and their names")).not_to_be_checked()

    # A stale vessel that is not drawn is not picked either; nor is an asset that is off.
    lon, lat = (float(v) for v in world.columns()["lonlat"][-1])
    world.t_ms += 60 * 60_000
    page.reload()
    page.wait_for_selector(".map-host[data-renderer]")
    lon, lat = (float(v) for v in world.columns()["lonlat"][-1])
    cable = on_screen(screen, 26.1, 59.7)

    def points_at(x: float, y: float, text: str) -> bool:
        """Point there until it is drawn: the pointer has to move to be asked again."""
        page.mouse.move(x + 3, y + 3)
        page.mouse.move(x, y)
        return page.locator(".tip", has_text=text).count() == 1

    assert eventually(page, lambda: points_at(*on_screen(screen, lon, lat), "999000101"))
    assert eventually(page, lambda: points_at(*cable, "Made Estlink 2"))
    page.get_by_label("Power cables").uncheck()
    page.mouse.move(cable[0], cable[1] + 1)
    expect(page.locator(".tip", has_text="Made Estlink 2")).to_have_count(0)


def test_a_link_shows_what_it_was_made_of(open_screen: Opener) -> None:
    screen = open_screen()
    page = screen.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator(".row")).to_have_count(6)
    page.get_by_role("button", name=re.compile("^Note,")).click()
    page.locator(".row", has_text="Gap with an asset").click()
    page.keyboard.press("o")
    page.get_by_label("Pipelines").uncheck()
    assert eventually(page, lambda: {"alert", "layers"} <= linked(page).keys())
    page.keyboard.press("y")
    expect(page.locator(".map-notice")).to_have_text("The link to this view is copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert urlsplit(link).fragment == urlsplit(page.url).fragment
    found = linked(page)
    assert found["alert"] == ["gap_visit-0002"]
    assert found["t"] == ["2024-12-25T11:10:00Z"]
    assert found["layers"] == ["-pipeline"]
    place = screen.text(".readout")

    # Another browser: nothing is remembered there.
    page.evaluate("localStorage.clear()")
    page.goto("about:blank")
    screen.world.play({"action": "seek", "t_ms": screen.world.t_ms + 600_000})
    page.goto(link)
    expect(page.locator('.row[aria-selected="true"]')).to_contain_text("Gap with an asset in reach")
    expect(page.locator(".row")).to_have_count(4)
    expect(page.get_by_label("Pipelines")).not_to_be_checked()
    assert eventually(page, lambda: screen.text(".readout") == place)
    offer = page.locator(".time-offer")
    expect(offer).to_contain_text("2024-12-25 11:10:00Z")
    assert screen.world.commands[-1]["t_ms"] != 1_735_125_000_000  # nobody else's clock was moved
    page.get_by_role("button", name="Go to that time").click()
    expect(page.locator(".clock time")).to_have_text("11:10:00Z")
    expect(offer).to_have_count(0)
    # A page that is loaded again shows the clock as it is.
    screen.world.play({"action": "seek", "t_ms": screen.world.t_ms + 1_200_000})
    assert eventually(page, lambda: linked(page).get("t") == ["2024-12-25T11:30:00Z"])
    page.reload()
    expect(page.locator('.row[aria-selected="true"]')).to_have_count(1)
    expect(page.locator(".clock time")).to_have_text("11:30:00Z")
    expect(offer).to_have_count(0)


def test_saved_views_by_keyboard(open_screen: Opener) -> None:
    screen = open_screen()
    page = screen.page
    expect(page.locator(".row")).to_have_count(6)
    first = screen.text(".readout")
    page.keyboard.press("v")
    expect(page.get_by_role("dialog", name="Views")).to_be_visible()
    page.keyboard.type("jlm <b>all</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".views-said")).to_have_text("Saved “jlm <b>all</b>”.")
    expect(page.locator('.row[aria-selected="true"]')).to_have_count(0)  # the keys were typed
    # At once, as fast fingers do: no key is lost while the dialog goes.
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator('.row[aria-selected="true"]')).to_have_count(1)
    page.keyboard.press("o")
    page.get_by_role("button", name=re.compile("^All")).click()
    expect(page.locator(".readout")).not_to_contain_text(first.split("\n")[0])
    page.reload()
    page.wait_for_selector(".map-host[data-renderer]")
    page.keyboard.press("v")
    name = page.get_by_role("button", name="jlm <b>all</b>", exact=True)
    expect(name).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".readout")).to_contain_text(first.split("\n")[0])
    expect(page.get_by_role("button", name=re.compile("^Open"))).to_have_attribute(
        "aria-pressed", "true"
    )

    page.keyboard.press("v")
    expect(name).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".views input:focus")).to_have_count(1)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Gulf")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Gulf", exact=True)).to_be_visible()
    page.get_by_role("button", name="Delete Gulf").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".views li")).to_have_count(0)
    expect(page.get_by_role("button", name="Bring back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Gulf", exact=True)).to_be_visible()
    stored: list[Any] = json.loads(page.evaluate("localStorage.getItem('sargas.views')"))
    assert [one["name"] for one in stored] == ["Gulf"]


def test_measuring_by_pointer_and_by_keys(open_screen: Opener) -> None:
    world = World(0)
    world.alerts = []
    screen = open_screen(world)
    page = screen.page
    said = page.locator(".map-head [role=status]")
    page.keyboard.press("m")
    for lon, lat in ((20.0, 58.0), (20.0, 59.0), (22.0, 59.0)):
        page.mouse.click(*on_screen(screen, lon, lat))
        page.wait_for_timeout(60)
    rows = page.locator(".measure tbody tr")
    # 111,386 m and 114,983 m on WGS84, to the pixel: a pixel is 0.8 km here.
    expect(rows.nth(0)).to_contain_text(re.compile(r"60\.\d NM\s*111\.\d km\s*(000|360)°"))
    expect(rows.nth(1)).to_contain_text(re.compile(r"6[12]\.\d NM\s*11[45]\.\d km\s*089°"))
    expect(page.locator(".measure tfoot")).to_contain_text(re.compile(r"12[12]\.\d NM"))
    expect(said).to_contain_text(re.compile(r"Leg 2: 6[12]\.\d NM, 11[45]\.\d km, bearing 089°\."))
    assert page.locator(".row[aria-selected=true]").count() == 0
    page.keyboard.press("Backspace")
    page.mouse.move(1500, 400)
    expect(page.locator(".measure tfoot")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".measure")).to_have_count(0)

    page.keyboard.press("m")
    page.keyboard.press("Enter")  # at the centre
    before = screen.text(".readout")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert screen.text(".readout") != before  # the readout follows the cursor
    expect(said).to_contain_text(
        re.compile(r"Cursor at 02\d°.*Leg 1: \d\d\.\d NM, .* bearing 089°")
    )
    for _ in range(70):
        page.keyboard.press("ArrowUp")
    expect(page.locator(".measure tbody tr").last).to_contain_text(re.compile(r"(000|359)°"))
    page.keyboard.press("Escape")
    expect(said).to_be_empty()


def test_places_are_searched_read_and_copied(open_screen: Opener) -> None:
    screen = open_screen()
    page = screen.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator(".row")).to_have_count(6)
    page.keyboard.press("/")
    page.keyboard.type("58 42.0N 019 30.0E")
    expect(page.locator("#search-list li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".readout")).to_contain_text("019°30.000′E 58°42.000′N")
    page.keyboard.press("i")
    copied = "019°30.000′E 58°42.000′N (19.50000, 58.70000)"
    expect(page.locator(".map-notice")).to_have_text(f"Copied {copied}")
    assert page.evaluate("navigator.clipboard.readText()") == copied
    page.keyboard.press("/")
    page.keyboard.type("48.2, 20.4")  # not on this chart
    expect(page.locator(".search .nothing")).to_be_visible()
    page.keyboard.press("Escape")
    page.mouse.click(500, 300, button="right")
    assert page.evaluate("navigator.clipboard.readText()") not in ("", copied)


@pytest.mark.usefixtures("node_modules")
def test_the_selected_vessel_its_assets_and_following(open_screen: Opener) -> None:
    screen = open_screen(World(40))
    page, world = screen.page, screen.world
    expect(page.locator(".row")).to_have_count(6)
    page.keyboard.press("f")
    expect(page.locator(".map-notice")).to_contain_text("Select a vessel first")
    page.locator(".row", has_text="Drag pattern").click()
    facts = page.locator(".near")
    expect(facts).to_contain_text(re.compile(r"Nearest asset now\s*\S.* \d+\.\d+ NM"))
    expect(facts).to_contain_text("CPA in 2 h")
    page.keyboard.press("f")
    chip = page.locator(".map-chip")
    expect(chip).to_contain_text("Following MADE BULKER A")

    def centre() -> tuple[float, float]:
        # The address follows the map a moment later.
        lon, lat = linked(page).get("map", ["nan,nan"])[0].split(",")[:2]
        return float(lon), float(lat)

    page.keyboard.press("o")
    world.play({"action": "seek", "t_ms": world.t_ms + 1_200_000})
    place = tuple(float(v) for v in world.columns()["lonlat"][-1])
    assert eventually(page, lambda: centre() == pytest.approx(place, abs=2e-3))
    # Moved by hand it lets go.
    page.mouse.move(500, 300)
    page.mouse.down()
    page.mouse.move(560, 340, steps=4)
    page.mouse.up()
    expect(chip).to_have_count(0)
    assert eventually(page, lambda: centre() != pytest.approx(place, abs=2e-2))
    page.wait_for_timeout(1000)
    moved = centre()
    world.play({"action": "seek", "t_ms": world.t_ms + 600_000})
    page.wait_for_timeout(2000)
    assert centre() == pytest.approx(moved, abs=1e-4)

    # Every tool open at once, and nothing that a screen reader or a keyboard would stumble over.
    page.keyboard.press("f")
    page.keyboard.press("m")
    page.mouse.click(500, 300)
    page.mouse.click(600, 350)
    page.add_script_tag(content=(WEB / "node_modules/axe-core/axe.min.js").read_text())
    for _ in range(2):
        assert serious(page) == []
        page.keyboard.press("t")
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.get_by_role("dialog", name="Views")).to_be_visible()
    assert serious(page) == []
