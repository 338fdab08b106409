"""Drawing: a zone by the pointer in GL, a vigilance area by the form alone in Canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shapely
from playwright.sync_api import Page, expect

from sargas.reference.mask_book import read_book
from sargas.store import AuditLog

from .conftest import WEB
from .desk import END, DeskServer
from .test_palette import THEMES
from .test_watch import keys, open_page, take_watch  # noqa: F401 - open_page is a fixture

pytestmark = pytest.mark.browser
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskServer]:
    with DeskServer(tmp_path) as server:
        yield server


def test_a_zone_by_the_pointer(
    desk: DeskServer,
    open_page: Callable[[str], Page],  # noqa: F811
) -> None:
    page = open_page(f"{desk.url}/?renderer=gl")
    keys(page, "z")
    page.get_by_role("button", name="Draw a zone").click()
    page.keyboard.type(MARKUP)  # the name has the focus
    page.get_by_role("button", name="Polygon").click()
    corners = [(600, 250), (800, 250), (900, 100), (800, 450), (600, 450)]
    for x, y in corners[:3]:
        page.mouse.click(x, y)
    page.get_by_role("button", name="Last corner back").click()
    for x, y in corners[3:]:
        page.mouse.click(x, y)
    page.mouse.move(700, 300)
    page.mouse.click(*corners[0])
    expect(page.locator(".draw-hint")).to_contain_text("4 corners")
    # The corner is moved; the map stays where it is.
    before = page.locator("[name=corners]").input_value()
    page.mouse.move(800, 450)
    page.mouse.down()
    page.mouse.move(830, 480, steps=4)
    page.mouse.up()
    expect(page.locator("[name=corners]")).not_to_have_value(before)
    changed = page.locator("[name=corners]").input_value().splitlines()
    assert len(changed) == 4
    assert sum(a != b for a, b in zip(changed, before.splitlines(), strict=True)) == 1
    page.locator("[name=reason]").fill("meeting point")
    page.get_by_role("button", name="Save").click()
    take_watch(page, "V. Petraitis")
    expect(page.locator(".draw-said")).to_contain_text("It counts at once")
    expect(page.locator(".draw-zone")).to_contain_text(MARKUP)
    (entry,) = read_book(desk.home.path).entries
    assert (entry.mask.effect, entry.mask.name, entry.by) == ("none", MARKUP, "V. Petraitis")
    assert entry.mask.geometry.geom_type == "Polygon"
    assert shapely.get_num_coordinates(entry.mask.geometry) == 5
    # No click that was a corner has selected anything; Esc closes, and the key goes back.
    expect(page.locator('.row[aria-selected="true"]')).to_have_count(0)
    keys(page, "Escape")
    expect(page.locator(".draw-panel")).to_have_count(0)


def serious_in_panel(page: Page) -> list[str]:
    found = page.evaluate("axe.run('.draw-panel')")["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.usefixtures("node_modules")
def test_an_area_by_the_form_and_the_keyboard_alone(
    desk: DeskServer,
    open_page: Callable[[str], Page],  # noqa: F811
) -> None:
    page = open_page(f"{desk.url}/?renderer=canvas")
    expect(page.locator(".row").first).to_be_visible()
    keys(page, "j", "z")
    expect(page.locator(".draw-close")).to_be_focused()
    keys(page, "Tab", "Enter")
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type("Estlink approach")
    page.locator(".draw-panel summary").first.focus()
    keys(page, "Enter", "Tab", "Tab", "Tab", "Control+a")
    page.keyboard.type("3")  # about the selected alert
    keys(page, "Tab", "Enter")
    expect(page.locator(".draw-hint")).to_contain_text("64 corners")
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    for _ in THEMES:
        assert serious_in_panel(page) == []
        keys(page, "t")
    page.locator("[name=effect][value=none]").focus()
    keys(page, "ArrowDown")
    page.locator("[name=reason]").focus()
    page.keyboard.type("repair ship expected")
    keys(page, "Enter")
    take_watch(page, "A. Bitė")
    expect(page.locator(".draw-said")).to_contain_text("what was judged before stays")
    (entry,) = read_book(desk.home.path).entries
    # What the service has analysed ends a millisecond after its last fix.
    assert (entry.mask.effect, entry.counts_from_ms) == ("raise", END + 1)
    centre = entry.mask.geometry.centroid  # about the selected alert
    assert (round(centre.x, 3), round(centre.y, 3)) == (20.1, 58.5)
    # Another officer changes it meanwhile; the later one is told, and nothing typed is lost.
    page.get_by_role("button", name="Change Estlink approach").click()
    page.locator("[name=until]").fill("2025-12-24 12:00")
    page.locator("[name=reason]").fill("over by Christmas")
    other = page.request.post(f"{desk.url}/api/zones", data={
        "action": "change", "officer": "A. Bitė", "id": "z1", "version": 1, "name": "Renamed",
        "effect": "raise", "reason": "quicker",
    })  # fmt: skip
    assert other.ok, other.text()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".draw-panel [role=alert]")).to_contain_text("changed it meanwhile")
    expect(page.locator("[name=reason]")).to_have_value("over by Christmas")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".draw-zone")).to_contain_text("until 2025-12-24 12:00Z")
    page.get_by_role("button", name="Withdraw Estlink approach").click()
    expect(page.get_by_role("textbox", name="Reason")).to_be_focused()
    page.keyboard.type("done")
    keys(page, "Enter")
    expect(page.locator(".draw-panel")).to_contain_text("0 zones")
    with AuditLog(desk.home) as log:
        assert [line.verb for line in log.lines()] == [
            "start_watch", "draw", "change_zone", "change_zone", "expire_zone",
        ]  # fmt: skip
