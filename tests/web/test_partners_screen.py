"""Partners' alerts on the screen: when asked for, marked, not ours to act on, without reload."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sargas.model.triage import VERBS
from sargas.store import AuditLog
from tests.share import partners as two

from .conftest import WEB
from .desk import MARKUP, DeskServer, first_alerts
from .partner import Partner, several, theirs
from .test_watch import keys, open_page, selected

pytestmark = pytest.mark.browser
__all__ = ["open_page"]  # a fixture, used by its name
HERE = (20.4, 58.2, 5.5)
"""Where the first view stands, and its zoom."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskServer]:
    with DeskServer(tmp_path) as server:
        yield server


@pytest.fixture
def partner(desk: DeskServer) -> Partner:
    return Partner(desk.home)


def switch(page: Page, name: str) -> Any:
    return page.locator(".whose").get_by_role("button", name=name)


def ask(page: Page, *pressed: str) -> None:
    """Ask for others' alerts by key, once it is known that there are partners."""
    expect(page.locator(".whose")).to_be_visible()
    keys(page, *pressed)


def on_map(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where a place is on the page, in the first view."""
    box = page.locator(".map-host").bounding_box()
    assert box

    def unit(lon: float, lat: float) -> tuple[float, float]:
        y = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
        return lon / 360 + 0.5, 0.5 - y / (2 * math.pi)

    world = 512 * 2 ** HERE[2]
    (x, y), (x0, y0) = unit(lon, lat), unit(*HERE[:2])
    return (
        box["x"] + box["width"] / 2 + (x - x0) * world,
        box["y"] + box["height"] / 2 + (y - y0) * world,
    )


def test_without_partners_nothing_is_said_of_them(
    desk: DeskServer, open_page: Callable[[str], Page]
) -> None:
    page = open_page(desk.url)
    expect(page.locator(".row").first).to_be_visible()
    keys(page, "<")
    expect(page.locator(".whose")).to_have_count(0)
    expect(page.locator(".row")).to_have_count(4)


def test_they_come_without_reload_and_are_shown_when_asked_for(
    desk: DeskServer, partner: Partner, open_page: Callable[[str], Page]
) -> None:
    page = open_page(desk.url)
    expect(switch(page, "Partners")).to_have_text("Partners 0")
    expect(switch(page, "Own")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".row")).to_have_count(4)
    partner.sends(*several())
    # Our own list stays as it is; that there are some, and that an Alarm is new, is told.
    expect(switch(page, "Partners")).to_have_text("Partners 2new")
    expect(switch(page, "Partners")).to_have_attribute(
        "title", re.compile("1 Alarms, 1 Warnings, 0 Notes")
    )
    expect(page.locator(".row")).to_have_count(4)
    assert page.title() == "(1) SARGAS", "the title counts what waits for us"
    keys(page, "<")
    expect(switch(page, "Partners")).to_have_text("Partners 2")
    rows = page.locator(".row.theirs")
    expect(rows).to_have_count(2)
    expect(page.locator(".row")).to_have_count(2)
    alarm, drill = rows.nth(0), rows.nth(1)
    expect(alarm).to_contain_text("from riga")
    expect(alarm).to_contain_text("THEIR SHIP A")
    expect(alarm).to_contain_text(re.compile(r"received \d\d:\d\dZ"))
    expect(alarm).to_contain_text("kept back: the exact kilometre, +1")
    expect(alarm.locator(".chip.exercise")).to_have_count(0)
    expect(alarm).to_contain_text("real, not of our exercise")
    expect(alarm.locator(".chip.triage")).to_have_count(0)
    expect(drill.locator(".chip.exercise")).to_have_text("EXERCISE")
    # One that is open gets a new version, another one comes: both are there at once.
    one = theirs(21, "P1", "drag_onset", 230, name="THEIR SHIP A", lon=21.0, lat=57.9)
    partner.sends(
        (replace(one, version=2, state="closed", t_issued_ms=one.t_issued_ms + 60_000),),
        theirs(25, "P1", "drift", 240, name="THEIR SHIP D"),
    )
    expect(rows.first).to_contain_text("THEIR SHIP D")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Done 2").click()
    expect(rows.first).to_contain_text("closed")
    page.get_by_role("button", name="Open 2").click()
    # Both: our own before theirs of the same priority.
    keys(page, "<")
    expect(page.locator(".row")).to_have_count(6)
    words = page.locator(".row-title .word").all_inner_texts()
    assert words == ["Alarm", "Alarm", *["Warning"] * 4]
    assert "theirs" not in (page.locator(".row").nth(0).get_attribute("class") or "")
    assert "theirs" in (page.locator(".row").nth(1).get_attribute("class") or "")
    assert "theirs" in (page.locator(".row").nth(5).get_attribute("class") or "")
    keys(page, "<")
    expect(page.locator(".row")).to_have_count(4)


def test_they_say_whence_they_are_and_nobody_acts_on_them(
    desk: DeskServer, partner: Partner, open_page: Callable[[str], Page]
) -> None:
    partner.sends(*several())
    page = open_page(desk.url)
    ask(page, "<")
    expect(page.locator(".row.theirs")).to_have_count(2)
    keys(page, "j")
    assert selected(page) == "Alarm Drag pattern, onset"
    panel = page.locator(".evidence")
    for words in ("from riga", "calls itself Riga", "nato", two.THEIRS.instance, partner.hash,
                  "the exact kilometre, what officers did", "nobody acknowledges it here",
                  "ask them for the evidence", "met"):  # fmt: skip
        expect(panel).to_contain_text(words)
    expect(panel.locator(".acts")).to_have_count(0)
    expect(panel).not_to_contain_text("EXERCISE")
    before = last_line(desk)
    keys(page, *"adercspnxgu", ">")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator(".row-marked")).to_have_count(0)
    assert last_line(desk) == before
    keys(page, "j")
    expect(panel).to_contain_text("It is an EXERCISE, not real.")
    # Its dossier is a page of its own, by a link too, whatever the list of another screen shows.
    keys(page, "k", "Enter")
    expect(page.locator("main.dossier h1")).to_have_text("Alarm · Drag pattern, onset")
    expect(page.locator("main.dossier")).to_contain_text(partner.hash)
    assert f"/alert/{two.THEIRS.instance}~" in page.url
    page.reload()
    expect(page.locator("main.dossier")).to_contain_text("ask them for the evidence")
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    assert page.evaluate("axe.run('main.dossier')")["violations"] == []
    keys(page, "Escape")
    expect(page.locator(".rows")).to_be_visible()


def last_line(desk: DeskServer) -> int:
    with AuditLog(desk.home) as log:
        assert not any(line.verb in VERBS for line in log.lines())
        return log.last_seq()


def test_what_is_asked_for_is_remembered_in_links_and_views(
    desk: DeskServer, partner: Partner, open_page: Callable[[str], Page]
) -> None:
    partner.sends(*several())
    page = open_page(desk.url)
    ask(page, "<")
    page.locator(".row.theirs").first.click()
    expect(page).to_have_url(re.compile("alert=.*~.*origin"))
    other = open_page(page.url)
    expect(switch(other, "Partners")).to_have_attribute("aria-pressed", "true")
    expect(other.locator('.row.theirs[aria-selected="true"]')).to_contain_text("THEIR SHIP A")
    keys(other, "v")
    other.locator("#view-name").fill("theirs")
    keys(other, "Enter")
    expect(other.locator("dialog.views")).to_contain_text("theirs")
    keys(other, "Escape")
    expect(other.locator("dialog[open]")).to_have_count(0)
    keys(other, "<", "<")
    expect(other.locator(".row")).to_have_count(4)
    keys(other, "v")
    other.locator("dialog.views").get_by_role("button", name="theirs", exact=True).click()
    expect(other.locator(".row.theirs")).to_have_count(2)


def test_they_are_on_the_map_and_in_the_table_by_another_mark(
    desk: DeskServer, partner: Partner, open_page: Callable[[str], Page]
) -> None:
    partner.sends(*several())
    page = open_page(desk.url)
    expect(page.locator(".row").first).to_be_visible()
    at = on_map(page, 21.0, 57.9)
    page.mouse.move(*at)
    expect(page.locator(".tip", has_text="riga")).to_have_count(0)
    ask(page, "<", "<")
    expect(page.locator(".row.theirs").first).to_be_visible()
    page.mouse.move(at[0] + 1, at[1])
    expect(page.locator(".tip")).to_contain_text("Alarm: Drag pattern, onset")
    expect(page.locator(".tip")).to_contain_text("from riga")
    # The shape is a contour around a small one: between both there is nothing.
    box = page.locator(".map-host").bounding_box()
    assert box
    spot = {"x": at[0] - box["x"], "y": at[1] - box["y"]}
    inked = page.evaluate(
        """({x, y}) => [3, 9, 13].map((down) => {
          const canvas = document.querySelector("canvas.overlay");
          const ratio = canvas.width / canvas.clientWidth;
          const found = canvas.getContext("2d").getImageData(
            Math.round((x - 1) * ratio), Math.round((y + down) * ratio), 3, 1).data;
          return found.some((value, at) => at % 4 === 3 && value > 60);
        })""",
        spot,
    )
    assert inked == [True, False, True]
    page.mouse.click(*at)
    expect(page.locator(".evidence")).to_contain_text("THEIR SHIP A")
    expect(page.locator(".legend")).to_contain_text("of a partner")
    keys(page, "w")
    expect(page.locator("main.page tr", has_text="THEIR SHIP A")).to_contain_text("from riga")
    expect(page.locator("main.page tr", has_text="THEIR SHIP B")).to_contain_text("EXERCISE")


def test_hostile_texts_and_our_own_ids_do_no_harm(
    desk: DeskServer, partner: Partner, open_page: Callable[[str], Page]
) -> None:
    own = first_alerts()[0]
    partner.sends(
        replace(own, exercise=None, text=MARKUP, subject=replace(own.subject, name=MARKUP)),
        theirs(26, "P2", "gap", 235, name=MARKUP, text=MARKUP * 20),
        redacted=("subject.mmsi", MARKUP),
    )
    page = open_page(desk.url)
    page.on("dialog", lambda _: pytest.fail("a text ran as script"))
    ask(page, "<", "<")
    rows = page.locator(".row")
    expect(rows).to_have_count(6)
    expect(page.locator(".row.theirs", has_text="vessel kept back")).to_have_count(2)
    ids = [row.get_attribute("data-alert") for row in rows.all()]
    assert {own.id, f"{two.THEIRS.instance}~{own.id}"} <= set(ids)
    page.locator(".row.theirs").first.click()
    expect(page.locator(".evidence .sentence")).to_have_text(MARKUP)
    expect(page.locator(".evidence")).to_contain_text(f"who the vessel is, {MARKUP}")
    page.locator(f'.row[data-alert="{own.id}"]').click()
    expect(page.locator(".evidence .sentence")).to_have_text(own.text)
    expect(page.locator(".evidence .acts")).to_have_count(1)
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("theme", ["dark", "light", "night"])
def test_axe_finds_nothing_serious(
    desk: DeskServer, partner: Partner, open_page: Callable[[str], Page], theme: str
) -> None:
    partner.sends(*several())
    page = open_page(desk.url)
    page.evaluate("theme => localStorage.setItem('sargas.theme', theme)", theme)
    page.reload()
    expect(page.locator(".row").first).to_be_visible()
    ask(page, "<", "<")
    page.get_by_role("button", name="Stacked").click()
    page.locator(".row.theirs").first.click()
    expect(page.locator(".theirs-note")).to_be_visible()
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate("axe.run('.side')")["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found
            if v["impact"] in ("serious", "critical")] == []  # fmt: skip
