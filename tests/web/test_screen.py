"""The screen in a browser, against the look-alike service."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import WEB, Opener, Screen, eventually
from .world import HOSTILE, LONG, ROOT, World, iso, make_alert

pytestmark = pytest.mark.browser
RENDERERS = ("canvas", "gl")
START = (20.4, 58.2, 5.5)


def rows(page: Page) -> list[str]:
    """Identifiers of the listed alerts, in order."""
    return page.eval_on_selector_all(".row", "rows => rows.map(row => row.dataset.alert)")


def on_screen(screen: Screen, lon: float, lat: float) -> tuple[float, float]:
    """Page pixels of a place under the first camera."""
    box = screen.page.locator(".map-host").bounding_box()
    assert box
    centre_lon, centre_lat, zoom = START

    def world(x: float, y: float) -> tuple[float, float]:
        size = 512 * 2**zoom
        return (x + 180) / 360 * size, (
            0.5 - math.log(math.tan(math.radians(45 + y / 2))) / (2 * math.pi)
        ) * size

    (x, y), (cx, cy) = world(lon, lat), world(centre_lon, centre_lat)
    return box["x"] + box["width"] / 2 + x - cx, box["y"] + box["height"] / 2 + y - cy


@pytest.mark.parametrize("renderer", RENDERERS)
def test_draws_without_error_and_asks_only_its_origin(open_screen: Opener, renderer: str) -> None:
    screen = open_screen(renderer=renderer)
    expect(screen.page.locator(".row")).to_have_count(6)
    assert screen.page.locator(".map-host").get_attribute("data-renderer") == renderer
    # A blank map packs to a few kB.
    assert eventually(screen.page, lambda: len(screen.page.locator(".map").screenshot()) > 60_000)
    paths = {url.removeprefix(screen.url).split("?")[0] for url in screen.requests}
    assert {
        "/",
        "/api/status",
        "/api/assets",
        "/api/alerts",
        "/geo/land.geojson",
        "/geo/ports.geojson",
    } <= paths
    assert ("/static/maplibre.js" in paths) == (renderer == "gl")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_both_renderers_pick_the_same_vessel(open_screen: Opener, renderer: str) -> None:
    world = World(0)
    screen = open_screen(world, renderer)
    lon, lat = (float(v) for v in world.columns()["lonlat"][-1])
    world.alerts = []
    screen.page.reload()
    screen.page.wait_for_selector(".map-host[data-renderer]")
    facts = screen.page.locator(".evidence .facts", has_text="999000101")

    def picked() -> bool:
        """Click until the vessel is drawn."""
        screen.page.mouse.click(*on_screen(screen, lon, lat))
        return facts.count() == 1

    assert eventually(screen.page, picked)


def test_software_gl_gets_the_canvas_renderer(open_screen: Opener) -> None:
    screen = open_screen(renderer="")
    assert screen.page.locator(".map-host").get_attribute("data-renderer") == "canvas"


def test_a_blank_picture_would_be_noticed(open_screen: Opener) -> None:
    """The size test above can fail: without land and assets a map is small."""
    screen = open_screen(World(0))
    screen.page.wait_for_timeout(800)
    screen.page.evaluate("document.querySelectorAll('.map canvas').forEach(c => c.remove())")
    assert len(screen.page.locator(".map").screenshot()) < 60_000


def test_keyboard_walks_the_list(open_screen: Opener) -> None:
    page = open_screen().page
    expect(page.locator(".row")).to_have_count(6)
    order = rows(page)
    for key, at in (
        ("j", 0),
        ("j", 1),
        ("ArrowDown", 2),
        ("k", 1),
        ("ArrowUp", 0),
        ("k", 0),
        ("End", 0),
    ):
        page.keyboard.press(key)
        selected = page.locator('.row[aria-selected="true"]')
        expect(selected).to_have_count(1)
        assert selected.get_attribute("data-alert") == order[at]
    page.locator(".rows").focus()
    page.keyboard.press("End")
    expect(page.locator(".rows")).to_have_attribute("aria-activedescendant", f"alert-{order[-1]}")
    page.keyboard.press("Home")
    expect(page.locator(".rows")).to_have_attribute("aria-activedescendant", f"alert-{order[0]}")
    page.keyboard.press("Escape")
    expect(page.locator('.row[aria-selected="true"]')).to_have_count(0)


def test_evidence_holds_what_the_alert_rests_on(open_screen: Opener) -> None:
    page = open_screen().page
    page.locator(".row", has_text="Drag pattern").click()
    evidence = page.locator(".evidence")
    expect(evidence.locator("h2")).to_have_text("Alarm · Drag pattern, onset")
    expect(evidence.locator(".chart canvas")).to_have_count(1)
    expect(evidence.locator(".why tbody tr")).to_have_count(5)
    last = evidence.locator(".why tbody tr").last
    assert last.inner_text().split() == ["lane", "ratio", "0.93", "0.88", "−0.05", "not", "met"]
    for text in (
        "Made Cable B",
        "13:56Z",
        "One gap of 20 min",
        "Priority: GNSS interference near: from Alarm to Warning",
        "normal",
        "62 m",
        "1, sha256 0f3c",
        "not evidence on its own",
        "026°",
    ):
        expect(evidence).to_contain_text(text)
    expect(evidence.locator("figcaption")).to_contain_text("fixes in 2 h 10, UTC")


def test_what_lists_say_has_a_line_an_entry(open_screen: Opener) -> None:
    page = open_screen().page
    lines = page.locator(".evidence .fact", has=page.get_by_text("Listed by", exact=True))
    page.locator(".row", has_text="MARKUP").click()
    said = f"{HOSTILE} (flag list), entry 7 of 2025-01-10, matched by IMO"
    expect(lines.locator("dd")).to_have_text([said])
    page.locator(".row", has_text="RTL").click()
    expect(lines.locator("dd")).to_have_text(
        [re.compile("^no entry by MMSI; those by IMO could not be compared")]
    )
    page.locator(".row", has_text="Drag pattern").click()
    expect(page.locator(".evidence h2")).to_have_text("Alarm · Drag pattern, onset")
    expect(lines).to_have_count(0)
    assert page.locator(".side img, .side i").count() == 0


def test_chart_leaves_gaps_open_and_follows_the_pointer(open_screen: Opener) -> None:
    page = open_screen().page
    page.keyboard.press("j")
    chart = page.locator(".chart-host .u-over")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 40)
    early = page.locator(".chart-values").inner_text()
    page.mouse.move(box["x"] + box["width"] * 0.98, box["y"] + 40)
    late = page.locator(".chart-values").inner_text()
    assert re.match(r"09:1\d:", early)
    assert re.match(r"11:0\d:", late)
    assert "SOG 11." in early
    assert "SOG 11." not in late


def test_rows_stay_under_the_pointer(open_screen: Opener) -> None:
    screen = open_screen()
    page, world = screen.page, screen.world
    expect(page.locator(".row")).to_have_count(6)
    row = page.locator(".row").nth(1)
    row.hover()
    before, place = rows(page), row.bounding_box()
    world.add_alert(make_alert(20, "P1", "gap_visit", "New one.", t_ms=world.t_ms - 1000))
    world.add_alert(make_alert(21, "P3", "gap", "New two.", t_ms=world.t_ms - 1000))
    changed = dict(next(one for one in world.alerts if one["id"] == before[1]))
    world.add_alert(changed | {"version": 9, "state": "closed"})
    expect(page.locator(".new-chip")).to_have_text("2 new ↑")
    expect(page.locator(".row").nth(1)).to_contain_text("closed")
    assert rows(page) == before
    assert page.locator(".row").nth(1).bounding_box() == place
    page.mouse.move(300, 400)
    expect(page.locator(".new-chip")).to_have_count(0)
    expect(page.locator(".row")).to_have_count(8)  # two more; the closed one waits to be seen
    expect(page.locator(f'[data-alert="{before[1]}"] .triage')).to_have_text("over, unacknowledged")


def test_map_shows_a_new_alarm_that_the_list_holds_back(open_screen: Opener) -> None:
    world = World(0)
    world.alerts = [make_alert(5, "P3", "gap", "Old.", at=(18.4, 57.9))]
    screen = open_screen(world)
    screen.page.locator(".row").hover()
    world.add_alert(
        make_alert(40, "P1", "gap_visit", "New.", t_ms=world.t_ms - 1000, at=(19.55, 58.62))
    )
    expect(screen.page.locator(".new-chip")).to_have_text("1 new ↑")
    expect(screen.page.locator(".row")).to_have_count(1)
    screen.page.mouse.click(*on_screen(screen, 19.55, 58.62))
    expect(screen.page.locator(".evidence h2")).to_have_text("Alarm · Gap with an asset in reach")


def test_the_new_chip_lets_rows_in(open_screen: Opener) -> None:
    screen = open_screen()
    expect(screen.page.locator(".row")).to_have_count(6)
    screen.page.locator(".row").nth(2).hover()
    screen.world.add_alert(
        make_alert(22, "P1", "loiter", "New three.", t_ms=screen.world.t_ms - 1000)
    )
    screen.page.locator(".new-chip").click()
    expect(screen.page.locator(".row").first).to_contain_text("New three.")


def test_new_alarm_is_announced_and_a_new_note_is_not(open_screen: Opener) -> None:
    screen = open_screen()
    expect(screen.page.locator(".row")).to_have_count(6)
    live = screen.page.locator('[aria-live="assertive"]')
    expect(live).to_be_empty()
    screen.world.add_alert(make_alert(23, "P3", "gap", "Quiet.", t_ms=screen.world.t_ms - 1000))
    expect(screen.page.locator(".row")).to_have_count(6)
    expect(live).to_be_empty()
    screen.world.add_alert(
        make_alert(24, "P1", "drag_onset", "Loud.", t_ms=screen.world.t_ms - 1000)
    )
    expect(live).to_have_text("New Alarm: Loud.")


def test_hostile_names_are_text(open_screen: Opener) -> None:
    page = open_screen().page
    row = page.locator(".row", has_text="MARKUP")
    expect(row).to_contain_text(HOSTILE)
    row.click()
    expect(page.locator(".evidence .who").first).to_have_text(HOSTILE)
    expect(page.locator(".evidence")).to_contain_text("<i>NOWHERE</i>")
    assert page.evaluate("window.__hit") is None
    assert page.locator(".side img, .side i").count() == 0
    turned = page.locator(".row", has_text="RTL")
    assert "\u202e" not in turned.inner_text()
    expect(turned.locator(".mono").last).to_have_text("999000104")
    long = page.locator(".row", has_text="A VERY LONG NAME")
    box = long.bounding_box()
    assert box
    assert box["height"] < 110
    assert page.evaluate("document.querySelector('.side').scrollWidth <= 400")
    long.click()
    expect(page.locator(".evidence .who").first).to_contain_text(LONG.strip())
    assert page.evaluate("document.querySelector('.evidence').scrollWidth <= 400")


def test_filters(open_screen: Opener) -> None:
    page = open_screen().page
    expect(page.locator(".row")).to_have_count(6)
    page.get_by_role("button", name=re.compile("^All")).click()
    expect(page.locator(".row")).to_have_count(7)
    expect(page.locator(".row", has_text="retracted")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Muted")).click()
    expect(page.locator(".row")).to_have_count(8)
    expect(page.locator(".row", has_text="muted by port:rostock")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Note,")).click()
    expect(page.locator(".row")).to_have_count(4)
    page.get_by_role("button", name=re.compile("^Warning,")).click()
    page.get_by_role("button", name=re.compile("^Alarm,")).click()
    expect(page.locator(".list .empty")).to_contain_text(
        "No alerts pass the filter. 8 alerts are hidden by it."
    )


def test_alarms_stand_first_or_the_newest(open_screen: Opener) -> None:
    page = open_screen().page
    expect(page.locator(".row")).to_have_count(6)

    def priorities() -> list[str]:
        script = "rows => rows.map(row => row.className.match(/P[123]/)[0])"
        return page.eval_on_selector_all(".row", script)

    assert priorities() == ["P1", "P2", "P2", "P2", "P3", "P3"]
    page.get_by_role("button", name="Alarms first").click()
    assert sorted(priorities()) != priorities()


def test_no_alerts_says_so(open_screen: Opener) -> None:
    world = World(30)
    world.alerts = []
    page = open_screen(world).page
    vessels = len(world.columns()["mmsi"])
    expect(page.locator(".list .empty")).to_have_text(
        f"No alerts in this span. {vessels} vessels watched."
    )


def test_exercise_is_plain_to_see(open_screen: Opener) -> None:
    page = open_screen().page
    expect(page.locator(".exercise-banner")).to_contain_text(
        "Made exercise: a drag in the Gulf of Finland"
    )
    expect(page.locator(".exercise-banner")).to_contain_text("All ships and alerts are made up.")
    expect(page.locator(".row .chip.exercise").first).to_have_text("EXERCISE")
    page = open_screen(World(10, exercise=False)).page
    expect(page.locator(".row")).to_have_count(6)
    expect(page.locator(".exercise-banner")).to_have_count(0)


def test_lost_line_is_said_and_mended(open_screen: Opener) -> None:
    screen = open_screen()
    page, world = screen.page, screen.world
    expect(page.locator(".row")).to_have_count(6)
    screen.loses_line = True
    world.refuse_sockets = True
    banner = page.locator(".line-banner")
    expect(banner).to_contain_text("Connection lost.", timeout=9000)
    expect(banner).to_contain_text(re.compile(r"The picture is \d+ s old and stands at 11:10:0\dZ"))
    # What is selected meanwhile shows what the list has of it, and the rest once the line is back.
    page.route("**/api/alerts/*", lambda route: route.abort())
    with page.expect_event("requestfailed", lambda request: "/api/alerts/" in request.url):
        page.locator(".row", has_text="Drag pattern").click()
    expect(page.locator(".evidence .sentence")).to_be_visible()
    expect(page.locator(".evidence .why")).to_have_count(0)
    page.unroute("**/api/alerts/*")
    page.mouse.move(5, 5)  # rows do not move below it
    world.add_alert(make_alert(30, "P1", "gap_visit", "Came while away.", t_ms=world.t_ms - 1000))
    world.refuse_sockets = False
    expect(banner).to_have_count(0, timeout=20_000)
    expect(page.locator(".row").first).to_contain_text("Came while away.")
    expect(page.locator(".evidence .why")).to_be_visible()


def test_playback(open_screen: Opener) -> None:
    screen = open_screen()
    page, world = screen.page, screen.world
    expect(page.locator(".clock")).to_contain_text("2024-12-25 11:10:00Z")
    expect(page.locator(".clock")).to_contain_text("paused")
    page.select_option(".speed select", "600")
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("Space")
    expect(page.locator(".play")).to_have_attribute("aria-label", "Pause")
    page.wait_for_function("document.querySelector('.clock time').textContent >= '11:25'")
    page.keyboard.press("Space")
    expect(page.locator(".clock")).to_contain_text("paused")
    assert [one["action"] for one in world.commands] == ["speed", "play", "pause"]
    slider = page.locator(".slider input")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".clock time")).to_have_text("09:00:00Z")
    assert world.commands[-1] == {"action": "seek", "t_ms": 1_735_117_200_000}
    expect(page.locator(".list .empty")).to_contain_text("No alerts in this span.")
    expect(page.locator(".analysed")).to_contain_text("09:15:00Z")


def test_selection_survives_a_seek(open_screen: Opener) -> None:
    screen = open_screen()
    screen.page.keyboard.press("j")
    expect(screen.page.locator(".evidence h2")).to_have_text("Alarm · Drag pattern, onset")
    screen.world.play({"action": "seek", "t_ms": screen.world.t_ms + 1_800_000})
    expect(screen.page.locator(".clock time")).to_have_text("11:40:00Z")
    expect(screen.page.locator('.row[aria-selected="true"]')).to_have_count(1)
    expect(screen.page.locator("figcaption")).to_contain_text("fixes in 2 h 40")


def test_search_finds_vessels_and_assets(open_screen: Opener) -> None:
    page = open_screen().page
    expect(page.locator(".row")).to_have_count(6)
    page.keyboard.press("/")
    page.keyboard.type("bulker")
    expect(page.locator("#search-list li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".evidence")).to_contain_text("MADE BULKER A")
    page.keyboard.press("/")
    page.keyboard.type("made pipeline")
    expect(page.locator("#search-list li").first).to_contain_text("gas pipeline")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("zzzz")
    expect(page.locator(".search .nothing")).to_have_text("Nothing found for “zzzz”.")


def test_what_is_found_from_another_page_is_shown_on_the_watch(open_screen: Opener) -> None:
    screen = open_screen()
    page = screen.page
    # From the dossier of one vessel to another one: it is selected, not the dossier's.
    expect(page.locator(".row")).to_have_count(6)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("main.dossier")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("made ship 2")
    expect(page.locator("#search-list li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("main.dossier")).to_have_count(0)
    expect(page.locator(".evidence")).to_contain_text("MADE SHIP 2")
    expect(page.locator('.row[aria-selected="true"]')).to_contain_text("MADE SHIP 2")
    # A page that was opened first has no map behind it yet: it begins where the asset lies.
    page.goto(f"{screen.url}/table?renderer=canvas")
    expect(page.locator("main.page")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("made pipeline")
    expect(page.locator("#search-list li")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-host[data-renderer]")
    # The middle of the pipeline, in the Gulf of Finland.
    page.wait_for_url(re.compile(r"/#map=24\.0\d+,59\.[67]\d+,"))


def test_keys_type_where_text_is_typed(open_screen: Opener) -> None:
    page = open_screen().page
    expect(page.locator(".row")).to_have_count(6)
    page.locator("#search").focus()
    page.keyboard.type("jt ?")
    assert page.locator("#search").input_value() == "jt ?"
    assert page.locator('.row[aria-selected="true"]').count() == 0
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_themes_switch_and_are_remembered(open_screen: Opener) -> None:
    page = open_screen().page
    tokens = json.loads((ROOT / "web/src/theme/tokens.json").read_text())["themes"]

    def background() -> str:
        red, green, blue = re.findall(
            r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor")
        )
        return f"#{int(red):02x}{int(green):02x}{int(blue):02x}"

    assert background() == tokens["dark"]["colours"]["page"]
    page.keyboard.press("t")
    assert background() == tokens["light"]["colours"]["page"]
    page.keyboard.press("Shift+T")
    page.keyboard.press("Shift+T")
    assert background() == tokens["night"]["colours"]["page"]
    page.reload()
    page.wait_for_selector(".map-host[data-renderer]")
    assert background() == tokens["night"]["colours"]["page"]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_map_takes_the_colours_of_the_theme(open_screen: Opener, renderer: str) -> None:
    """The sea's colour stands in the picture, in all themes: no colour is fixed."""
    world = World(0)
    world.alerts = []
    screen = open_screen(world, renderer)
    tokens = json.loads((ROOT / "web/src/theme/tokens.json").read_text())["themes"]
    x, y = on_screen(screen, 19.55, 58.62)
    for name in ("dark", "light", "night"):
        sea = tokens[name]["colours"]["sea"]

        def shown() -> str:
            shot = screen.page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
            return pixel(shot, screen.page)

        assert eventually(screen.page, lambda sea=sea: shown() == sea)
        screen.page.keyboard.press("t")


def pixel(png: bytes, page: Page) -> str:
    """The one pixel of a picture, read by the browser."""
    script = """async (bytes) => {
      const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
      const pen = new OffscreenCanvas(1, 1).getContext("2d");
      pen.drawImage(await createImageBitmap(blob), 0, 0);
      const parts = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
      return "#" + parts.map((part) => part.toString(16).padStart(2, "0")).join("");
    }"""
    return str(page.evaluate(script, list(png)))


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page as it stands."""
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.usefixtures("node_modules")
@pytest.mark.parametrize("theme", ["dark", "light", "night"])
def test_axe_finds_nothing_serious(open_screen: Opener, theme: str) -> None:
    """In every state of the screen, one after the other."""
    screen = open_screen()
    page = screen.page
    expect(page.locator(".row")).to_have_count(6)
    for _ in range(["dark", "light", "night"].index(theme)):
        page.keyboard.press("t")
    page.add_script_tag(content=(WEB / "node_modules/axe-core/axe.min.js").read_text())
    bad = {"plain": serious(page)}

    page.locator(".feeds .pill").click()
    bad["feeds"] = serious(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    bad["help"] = serious(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("made")
    page.wait_for_selector("#search-list li")
    bad["search"] = serious(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^All")).click()
    page.get_by_role("button", name=re.compile("^Muted")).click()
    page.keyboard.press("Escape")
    page.locator(".row", has_text="Drag pattern").click()
    expect(page.locator(".chart canvas")).to_have_count(1)
    bad["selected, all rows"] = serious(page)
    screen.loses_line = True
    screen.world.refuse_sockets = True
    page.wait_for_selector(".line-banner")
    bad["line lost"] = serious(page)
    assert {state: faults for state, faults in bad.items() if faults} == {}


@pytest.mark.usefixtures("node_modules")
def test_axe_finds_nothing_serious_on_the_gl_map(open_screen: Opener) -> None:
    page = open_screen(renderer="gl").page
    expect(page.locator(".row")).to_have_count(6)
    page.wait_for_selector(".maplibregl-canvas")
    page.add_script_tag(content=(WEB / "node_modules/axe-core/axe.min.js").read_text())
    assert serious(page) == []


def test_landmarks_and_headings(open_screen: Opener) -> None:
    page = open_screen().page
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("SARGAS")
    expect(page.get_by_role("listbox", name="Alerts")).to_have_count(1)


def test_focus_is_visible(open_screen: Opener) -> None:
    page = open_screen().page
    page.locator("#search").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            """() => {
              const style = getComputedStyle(document.activeElement);
              return [style.outlineStyle, style.outlineWidth];
            }"""
        )
        assert outline == ["solid", "2px"]


def test_nothing_moves_under_reduced_motion(open_screen: Opener) -> None:
    screen = open_screen(motion="reduce")
    expect(screen.page.locator(".row")).to_have_count(6)
    screen.page.keyboard.press("j")
    screen.page.keyboard.press("o")
    expect(screen.page.locator(".readout")).to_contain_text("026°")
    first = screen.text(".readout")
    screen.page.wait_for_timeout(700)
    assert screen.text(".readout") == first


def test_readout_follows_the_map_below_a_resting_pointer(open_screen: Opener) -> None:
    screen = open_screen()
    expect(screen.page.locator(".row")).to_have_count(6)
    screen.page.mouse.move(*on_screen(screen, 19.55, 58.62))
    expect(screen.page.locator(".readout")).to_contain_text(
        re.compile(r"^019°3[23]\.\d{3}′E 58°3[67]")
    )
    before = screen.text(".readout")
    screen.page.keyboard.press("j")
    screen.page.keyboard.press("o")
    expect(screen.page.locator(".readout")).not_to_have_text(before)
    expect(screen.page.locator(".readout")).to_contain_text(re.compile(r"^02[56]°"))


def test_attribution_is_always_there(open_screen: Opener) -> None:
    page = open_screen().page
    line = page.locator(".attribution")
    expect(line).to_contain_text("© OpenStreetMap contributors (ODbL)")
    expect(line).to_contain_text("made for the test")
    assert line.is_visible()


def test_broken_frames_and_words_are_counted_not_believed(open_screen: Opener) -> None:
    """A service of another version must not break the picture; the feed list says what it sent."""
    screen = open_screen()
    expect(screen.page.locator(".row")).to_have_count(6)
    # The running socket is out of reach: the next page opens its own through this constructor.
    screen.page.add_init_script(
        """const Real = window.WebSocket; window.WebSocket = class extends Real {
          set onmessage(fn) { super.onmessage = fn; if (fn) setTimeout(() => {
            fn(new MessageEvent("message", { data: new ArrayBuffer(7) }));
            fn(new MessageEvent("message", { data: "{not json" }));
            fn(new MessageEvent("message", { data: '{"kind":"strange"}' }));
          }, 400); } };"""
    )
    screen.page.reload()
    expect(screen.page.locator(".feeds .pill")).to_have_class(re.compile("unwell"))
    screen.page.locator(".feeds .pill").click()
    sheet = screen.page.locator("#feed-list")
    for text in ("7 bytes has no room", "message of unknown kind", "JSON"):
        expect(sheet).to_contain_text(text)
    expect(screen.page.locator(".row").first).to_be_visible()


def test_wire_words_all_have_a_title() -> None:
    """Every detector word that is settled has its own title on the screen."""
    words = [
        "drag_onset",
        "drag_sustained",
        "drag_confirmed",
        "slow_in_corridor",
        "loiter",
        "swing_circle",
        "repeat_crossing",
        "gap",
        "gap_visit",
        "position_integrity",
        "gnss_area",
        "identity",
        "status_mismatch",
        "encounter",
        "off_route",
        "speed_loss",
        "drift",
        "unexplained_stop",
        "feed_health",
    ]
    source = Path(ROOT / "web/src/format/words.ts").read_text()
    assert [word for word in words if f"  {word}: " not in source] == []


def test_times_of_the_fixture_are_utc() -> None:
    assert iso(1_735_117_200_000) == "2024-12-25T09:00:00Z"
