"""The dossier in a browser, against the look-alike service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import WEB, Opener
from .test_screen import serious

pytestmark = pytest.mark.browser
DRAG = "drag_onset-0001"


def cursor_time(page: Page) -> str:
    """The time of the fix under the charts' cursor, as the map says it."""
    return page.locator(".hour-map .cursor text").text_content() or ""


def test_a_dossier_is_opened_read_and_left_by_keyboard(open_screen: Opener) -> None:
    screen = open_screen()
    page = screen.page
    expect(page.locator(".row")).to_have_count(6)
    canvas = page.locator(".map-canvas").first.element_handle()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/alert/{DRAG}$"))
    expect(page.locator("h1").last).to_have_text("Alarm · Drag pattern, onset")
    expect(page.locator(".why-rang tbody tr")).to_have_count(5)
    expect(page.locator(".map-host")).to_be_hidden()

    # Only the page in the frame scrolls, not the frame.
    assert page.evaluate("document.documentElement.scrollHeight") == 900

    # One cursor for charts and map; a hole is named and is one in the table too.
    charts = page.get_by_role("slider")
    charts.focus()
    page.keyboard.press("End")
    assert cursor_time(page) == "11:10Z"
    expect(charts).to_have_attribute("aria-valuetext", re.compile(r"^11:10:00Z  SOG 7\.\d kn"))
    page.keyboard.press("Home")
    assert cursor_time(page) == "09:00Z"
    expect(page.locator(".gaps rect")).to_have_count(1)
    speed = page.locator(".charts .line.sog").first.get_attribute("d")
    assert speed is not None
    assert speed.count("M") == 2
    assert page.locator(".charts .band").count() == 1
    expect(page.locator(".charts-part figcaption")).to_contain_text("11.2 to 11.6 kn")
    part = page.locator(".charts-part")
    part.get_by_role("button", name="Show as table").click()
    assert part.locator("svg").count() == 0
    assert part.locator("tr", has_text="09:35Z").inner_text().split()[2:] == ["not", "received"]

    # Positions begin where it was detected; who it was before is text, whatever it said.
    positions = page.locator(".positions")
    assert (
        positions.locator("tr", has_text="detected").inner_text().startswith("2024-12-25T10:55:00Z")
    )
    page.locator(".positions-part").get_by_role("button", name="First").click()
    expect(positions.locator("tbody th").first).to_have_text("2024-12-25T09:00:00Z")
    expect(page.locator(".identities tbody tr").last).to_contain_text("<b>MARKUP</b>")
    assert page.evaluate("window.__hit") is None

    page.keyboard.press("j")
    expect(page.locator("h1").last).not_to_have_text("Alarm · Drag pattern, onset")
    page.keyboard.press("k")
    expect(page.locator("h1").last).to_have_text("Alarm · Drag pattern, onset")
    page.keyboard.press("Escape")
    expect(page.locator(".map-host")).to_be_visible()
    expect(page.locator(".rows")).to_be_focused()
    selected = page.locator('.row[aria-selected="true"]')
    expect(selected).to_have_attribute("data-alert", DRAG)
    assert page.evaluate("one => one.isConnected", canvas)  # the map was not made anew
    page.keyboard.press("Enter")
    expect(page.locator(".dossier article")).to_be_visible()
    # The track as files, by keyboard; Esc closes the list and stays on the page.
    page.locator(".export summary").focus()
    page.keyboard.press("Enter")
    kinds = page.locator(".export a")
    expect(kinds.locator("b")).to_have_text(["CSV", "GeoJSON", "KML", "GPX", "Parquet"])
    with page.expect_download() as download:
        kinds.nth(4).click()
    # As of the clock of this screen, which the link names.
    asked = rf"/api/alerts/{DRAG}/track\.parquet\?screen=[0-9a-f]{{32}}$"
    assert re.search(asked, download.value.url)
    kinds.nth(0).focus()
    page.keyboard.press("Escape")
    expect(kinds.first).to_be_hidden()
    expect(page.locator(".export summary")).to_be_focused()
    page.keyboard.press("Backspace")
    expect(page.locator(".rows")).to_be_focused()


def test_what_is_not_there_is_said(open_screen: Opener) -> None:
    screen = open_screen()
    page = screen.page
    page.goto(f"{screen.url}/alert/%3Cb%3Enope")
    expect(page.get_by_role("alert")).to_contain_text("No such alert")
    expect(page.get_by_role("alert")).to_contain_text("<b>nope")
    page.wait_for_load_state("networkidle")  # more than one thing is asked of it
    assert all("404" in one for one in screen.errors)
    screen.errors.clear()
    page.get_by_role("link", name="← Watch").click()
    expect(page.locator(".row")).to_have_count(4)  # without the Notes

    page.goto(f"{screen.url}/alert/slow_in_corridor-0003")
    note = page.locator(".kept-note")
    expect(note).to_contain_text("No fixes of any vessel are stored any more for 2024-12-25")
    expect(note).to_contain_text("2024-12-26 to 2024-12-28")
    expect(page.locator(".sentence")).to_contain_text("54 min below 2 kn")
    assert page.locator(".charts, .positions, .export").count() == 0


@pytest.mark.usefixtures("node_modules")
def test_a_dossier_is_printed_black_on_white_and_axe_finds_nothing(
    open_screen: Opener, tmp_path: Path
) -> None:
    screen = open_screen()
    page = screen.page
    page.goto(f"{screen.url}/alert/{DRAG}")
    expect(page.locator(".identities tbody tr")).to_have_count(2)
    page.add_script_tag(content=(WEB / "node_modules/axe-core/axe.min.js").read_text())
    page.locator(".export summary").click()
    assert serious(page) == []
    page.keyboard.press("t")
    faint = "axe.run('.dossier', {runOnly: ['color-contrast']})"
    assert page.evaluate(faint)["violations"] == []
    page.keyboard.press("t")

    look = "e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]"
    head = page.locator(".dossier h1")
    on_screen = head.evaluate(look)
    page.emulate_media(media="print")
    ink, ground = head.evaluate(look)
    assert (ink, ground) == ("rgb(16, 32, 42)", "rgba(0, 0, 0, 0)")
    assert on_screen[0] != ink  # the theme is dark
    assert page.locator(".dossier button:visible, .dossier .small-button:visible").count() == 0
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".charts svg")).to_have_attribute("viewBox", re.compile(r"^0 0 690 "))
    page.pdf(path=tmp_path / "dossier.pdf", prefer_css_page_size=True)
    pages = re.findall(rb"/Type\s*/Page\b", (tmp_path / "dossier.pdf").read_bytes())
    assert 2 <= len(pages) <= 6
