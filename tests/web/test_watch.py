"""A whole watch by keyboard alone, and two officers at one alert; over the real service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sargas.store import AuditLog
from sargas.store.audit import Seen

from .conftest import WEB
from .desk import HOUR_MS, MARKUP, START, DeskServer, made_alert

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskServer]:
    with DeskServer(tmp_path) as server:
        yield server


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens pages as two people would, each with a storage of its own; none may hold an error."""
    opened: list[tuple[Page, list[str]]] = []

    def opener(url: str) -> Page:
        page = browser.new_context(
            viewport={"width": 1600, "height": 900}, reduced_motion="reduce"
        ).new_page()
        errors: list[str] = []
        opened.append((page, errors))
        page.on("pageerror", lambda error: errors.append(str(error)))
        # A refusal is part of the test; chromium writes each into its console.
        page.on(
            "console",
            lambda m: (
                errors.append(m.text)
                if m.type == "error" and not re.search("status of 40[39]", m.text)
                else None
            ),
        )
        page.goto(url)
        page.wait_for_selector(".map-host[data-renderer], .page")
        return page

    yield opener
    for page, errors in opened:
        page.context.close()
        assert errors == []


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def send(page: Page) -> None:
    """Send what a dialog asks: the line may bring what became of it before the dialog closes."""
    keys(page, "Enter")
    expect(page.locator(".dialog[open]")).to_have_count(0)


def take_watch(page: Page, name: str) -> None:
    """Enter a name in the dialog that stands open."""
    expect(page.locator("#dialog-title")).to_have_text("Take the watch")
    page.keyboard.type(name)
    keys(page, "Enter")
    expect(page.locator(".officer")).to_contain_text(name)
    expect(page.locator(".dialog[open]")).to_have_count(0)


def selected(page: Page) -> str:
    return page.locator('.row[aria-selected="true"] .row-title').inner_text()


def tab(page: Page, word: str) -> str:
    return page.get_by_role("button", name=re.compile(f"^{word} ")).inner_text().replace("\n", " ")


def test_a_whole_watch_by_keyboard(
    desk: DeskServer, open_page: Callable[[str], Page], tmp_path: Path
) -> None:
    page = open_page(desk.url)
    expect(page.locator(".row")).to_have_count(4)  # the Note is not listed, two are stacked
    # Find: by name, then the worst alert.
    keys(page, "/")
    page.keyboard.type("made ship 5")
    expect(page.locator(".search [role=option]")).to_have_count(0)
    keys(page, "Escape", "j")
    assert selected(page) == "Alarm Drag pattern, onset"
    # Read the evidence, then acknowledge: the name is asked for first.
    expect(page.locator(".evidence .why tbody tr")).to_have_count(1)
    keys(page, "a")
    take_watch(page, "V. Petraitis")
    expect(page.locator(".standing")).to_contain_text("acknowledged")
    expect(page.locator(".standing")).to_contain_text("claimed by V. Petraitis")
    expect(page.locator(".act-log li")).to_have_count(1)
    # Dismiss the next one with a reason and a comment.
    keys(page, "j", "d")
    expect(page.locator(".dialog-subjects")).to_contain_text(MARKUP)
    keys(page, "Enter")  # without a reason it does not go
    expect(page.locator(".dialog[open]")).to_have_count(1)
    keys(page, "3", "Tab")
    page.keyboard.type("Cable ship <b>at work</b>, permitted.")
    keys(page, "Control+Enter")
    expect(page.locator(".dialog[open]")).to_have_count(0)
    expect(page.locator(".row")).to_have_count(3)
    assert tab(page, "Done") == "Done 1"
    assert selected(page) == "Warning Gap with an asset in reach"  # the list is worked down
    # Take it back within ten seconds, and dismiss it once more.
    expect(page.locator(".undo")).to_contain_text("dismissed")
    keys(page, "Control+z")
    expect(page.locator(".row")).to_have_count(4)
    keys(page, "k", "d")
    expect(page.locator(".dialog-subjects")).to_contain_text(MARKUP)
    keys(page, "3")
    send(page)
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator('.row[aria-selected="true"]')).to_contain_text("Gap with an asset")
    # The stack: lay it open, mark both, group them, escalate the incident as one.
    keys(page, "ArrowRight")
    expect(page.locator(".row")).to_have_count(4)
    for _ in range(2):
        page.keyboard.down("x")  # a key held down acts once
    page.keyboard.up("x")
    keys(page, "j", "x", "g")
    expect(page.locator(".dialog-subjects li")).to_have_count(2)
    page.keyboard.type("Ship 3 north of Gotland")
    send(page)
    expect(page.locator(".acts")).to_contain_text("all 2 alerts of this incident")
    keys(page, "e")
    page.keyboard.type("Coast guard")
    keys(page, "Tab")
    page.keyboard.type("log 7")
    send(page)
    expect(page.locator(".standing")).to_contain_text("escalated")
    expect(page.locator(".standing")).to_contain_text("to Coast guard (log 7)")
    # Snooze the last one: it is set aside, not acknowledged.
    keys(page, "j", "s")
    expect(page.locator("#dialog-title")).to_have_text("Snooze")
    keys(page, "4", "Enter")
    expect(page.locator(".dialog[open]")).to_have_count(0)
    assert tab(page, "Snoozed") == "Snoozed 1"
    # Hand over.
    keys(page, "5")
    sheet = page.locator(".handover")
    expect(sheet).to_contain_text("V. Petraitis")
    expect(sheet.locator("h3", has_text="Open, oldest first")).to_be_visible()
    expect(sheet).to_contain_text("known activity")
    expect(sheet).to_contain_text(MARKUP)
    expect(sheet).to_contain_text("name not received 999000105")  # not "no single vessel"
    with AuditLog(desk.home) as log:
        lines, head = log.lines(), log.head()
    expect(sheet).to_contain_text(head)
    page.locator(".sign-off textarea").focus()
    page.keyboard.type("Ship 3 is with the coast guard.")
    keys(page, "Tab", "Enter")
    expect(page.locator("#dialog-title")).to_have_text("Take the watch")
    keys(page, "Escape")
    expect(page.locator(".handover-comment")).to_have_text("Ship 3 is with the coast guard.")
    verbs = [line.verb for line in lines]
    assert verbs == [
        "start_watch", "acknowledge", "dismiss", "undo", "dismiss", "group", "group",
        "escalate", "escalate", "snooze",
    ]  # fmt: skip
    assert {line.officer for line in lines} == {"V. Petraitis"}
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = Path(download.value.path()).read_text().splitlines()
    assert rows[0].startswith("id,priority,detector,vessel")
    assert len(rows) == 1 + 5


def test_two_officers_at_one_alert(desk: DeskServer, open_page: Callable[[str], Page]) -> None:
    first, second = open_page(desk.url), open_page(desk.url)
    for page, name in ((first, "V.P."), (second, "A.B.")):
        page.locator(".officer").click()
        take_watch(page, name)
        keys(page, "j")
    # Each sees the other's name at the alert.
    expect(first.locator(".evidence .looking").first).to_contain_text("A.B.")
    expect(second.locator(".row .looking")).to_contain_text("V.P.")
    # Both mean to act; the later one is told, loses nothing typed, and may still mean it.
    second.keyboard.press("d")
    expect(second.locator(".dialog[open]")).to_have_count(1)
    second.keyboard.press("5")
    second.keyboard.press("Tab")
    second.keyboard.type("Typed before I saw.")
    first.keyboard.press("c")
    expect(first.locator(".standing")).to_contain_text("claimed by V.P.")
    expect(second.locator(".row").first).to_contain_text("V.P.")
    second.keyboard.press("Control+Enter")
    expect(second.locator(".dialog-refused").last).to_contain_text("V.P.: claim")
    expect(second.locator(".dialog textarea")).to_have_value("Typed before I saw.")
    expect(second.locator(".dialog input:checked")).to_have_value("duplicate")
    with AuditLog(desk.home) as log:
        assert [line.verb for line in log.lines()][2:] == ["claim"]
    second.keyboard.press("Control+Enter")
    expect(second.locator(".dialog[open]")).to_have_count(0)
    expect(first.locator(".row")).to_have_count(3)


def test_five_thousand_alerts_are_a_few_rows_of_page(
    tmp_path: Path, open_page: Callable[[str], Page]
) -> None:
    alerts = [
        made_alert(n, "P2" if n % 50 else "P1", "loiter", n * 0.07, mmsi=999_000_101 + n % 6)
        for n in range(5_000)
    ]
    with DeskServer(tmp_path, alerts=alerts) as server:
        page = open_page(server.url)
        expect(page.locator(".row").first).to_be_visible(timeout=30_000)
        assert tab(page, "Open") == "Open 5000"
        assert page.locator(".row").count() < 40
        assert page.locator(".row").first.get_attribute("aria-setsize") == "5000"
        page.locator(".rows").focus()
        keys(page, "End")
        last = page.locator('.row[aria-selected="true"]')
        expect(last).to_have_attribute("aria-posinset", "5000")
        expect(last).to_be_in_viewport()
        assert page.locator(".row").count() < 40
        heights = page.eval_on_selector_all(".row", "rows => rows.map(row => row.offsetHeight)")
        assert set(heights) == {92}
        keys(page, "Home")
        expect(page.locator('.row[aria-selected="true"]')).to_have_attribute("aria-posinset", "1")
        page.goto("about:blank")  # before the service ends: it would be asked on


def test_axe_finds_nothing_serious_on_the_sheets(
    desk: DeskServer, open_page: Callable[[str], Page], node_modules: None
) -> None:
    page = open_page(desk.url)
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())

    def serious() -> list[str]:
        """What axe finds in each theme; the dialogs leave the key to the page below."""
        found = []
        for theme in ("dark", "light", "night"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            told = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
            found += [
                f"{theme} {one['id']} {one['nodes'][0]['html']}"
                for one in told
                if one["impact"] in ("serious", "critical")
            ]
        return found

    keys(page, "j", "a")
    page.locator(".dialog[open] input").first.wait_for()
    assert serious() == []
    take_watch(page, "V.P.")
    keys(page, "j", "d")
    page.locator(".dialog[open] input").first.wait_for()
    assert serious() == []
    keys(page, "Escape")
    for key in ("5", "q", "w"):
        keys(page, "1", key)
        page.locator(".handover").wait_for()
        assert serious() == [], key


def test_three_hours_are_replayed(desk: DeskServer, open_page: Callable[[str], Page]) -> None:
    """The same screen with another clock: from the shards, and what was done is seen again."""
    with AuditLog(desk.home) as log:
        drift = next(a for a in desk.alerts if a.detector == "drift")  # detected at 10:00
        at_ms = START + 2 * HOUR_MS
        log.act("acknowledge", "A.B.", [Seen(drift.id)], t_ms=at_ms, at_ms=at_ms)
    page = open_page(desk.url)
    expect(page.locator(".row")).to_have_count(4)
    seek = """t_ms => fetch("/api/playback", {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ action: "seek", t_ms }),
    })"""
    page.evaluate(seek, START)
    expect(page.locator(".clock time")).to_have_text("09:00:00Z")
    expect(page.locator(".row")).to_have_count(0)
    page.evaluate(seek, START + HOUR_MS + 60_000)
    expect(page.locator(".row .triage")).to_have_text("unacknowledged")  # A.B. came an hour later
    page.evaluate(seek, START)
    page.get_by_label("Speed").select_option("3600")
    page.evaluate("document.activeElement.blur()")
    keys(page, " ")
    expect(page.locator(".clock time")).to_have_text(re.compile("^1[2-5]:"), timeout=20_000)
    keys(page, " ")
    expect(page.locator(".clock-state")).to_have_text("paused")
    expect(page.locator(".row", has_text="Drifting").locator(".triage")).to_have_text(
        "acknowledged"
    )
    page.locator(".row", has_text="Drifting").click()
    expect(page.locator(".act-log li")).to_contain_text("A.B.")
    # The ship stands where the shards say that it was at this time.
    said = page.evaluate("fetch('/api/vessels/999000105').then(r => r.json())")
    shown = page.evaluate("fetch('/api/status').then(r => r.json())")["clock"]["t_ms"]
    minutes = (shown - START) // 60_000
    assert abs(said["last"]["lon"] - (20.5 + minutes / 900)) < 0.002
    assert abs(said["last"]["lat"] - 58.5) < 1e-5


def test_the_map_as_a_table(desk: DeskServer, open_page: Callable[[str], Page]) -> None:
    page = open_page(desk.url)
    expect(page.locator(".row")).to_have_count(4)
    keys(page, "w")
    sheet = page.locator(".handover")
    expect(sheet).to_contain_text("6 vessels in the view")
    expect(sheet.locator("tr", has_text="999000102")).to_contain_text(MARKUP)
    expect(sheet.locator("tr", has_text="999000105")).to_contain_text("10.5")
    assert int(sheet.locator("#table-assets").inner_text().split()[0]) > 50
    sheet.get_by_role("button", name="Alarm · Drag pattern, onset").click()
    expect(page.locator(".evidence h2")).to_have_text("Alarm · Drag pattern, onset")
