"""Logging in with a browser, over the real service; and its pages under their own policy."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sargas.store import AuditLog
from sargas.store.access import Access
from sargas.store.users import By

from .desk import HOUR_MS, START, DeskServer
from .test_sound import LOUDSPEAKER

pytestmark = pytest.mark.browser
WORDS = "sentry at the sound"
BY = By("root", START, 0)
TELL = """
window.broken = [];
document.addEventListener("securitypolicyviolation", (e) =>
  window.broken.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskServer]:
    with DeskServer(tmp_path) as server:
        with Access(server.home) as access:
            access.add("Vita", WORDS, "supervisor", BY)
            access.add("Jonas", WORDS, "viewer", BY)
        yield server


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens browsers of their own; none may do what the policy forbids, or hold an error."""
    opened: list[tuple[Page, list[str]]] = []

    def opener(locale: str = "en") -> Page:
        page = browser.new_context(
            viewport={"width": 1600, "height": 900}, reduced_motion="reduce", locale=locale
        ).new_page()
        errors: list[str] = []
        opened.append((page, errors))
        page.add_init_script(TELL)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda m: (
                errors.append(m.text)
                if m.type == "error"
                and not re.search("status of 40[13]|WebSocket|ERR_CONNECTION", m.text)
                else None
            ),
        )
        return page

    yield opener
    for page, errors in opened:
        assert page.evaluate("window.broken") == []
        page.context.close()
        assert errors == []


def log_in(page: Page, name: str, password: str = WORDS) -> None:
    page.locator("#name").fill(name)
    page.locator("#password").fill(password)
    page.keyboard.press("Enter")


def test_a_watch_behind_a_login(desk: DeskServer, open_page: Callable[..., Page]) -> None:
    page = open_page("lt")
    page.goto(f"{desk.url}/table?x=1")
    expect(page).to_have_title("SARGAS · Prisijungimas")
    assert page.locator("script").count() == 0
    log_in(page, "vita", "wrong words")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#password")).to_be_focused()
    log_in(page, "vita")
    page.wait_for_url("**/table?x=1")
    page.goto(f"{desk.url}/?renderer=canvas")
    page.wait_for_selector(".map-host[data-renderer]")
    # The watch is taken without a name being asked for.
    page.locator(".pill.officer").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Vita")
    assert dialog.locator("input[type=text]").count() == 1, "until when"
    page.keyboard.press("Enter")
    expect(page.locator(".pill.officer")).to_contain_text("Vita")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("body")).to_contain_text("Vita")
    with AuditLog(desk.home) as log:
        acts = [line for line in log.lines() if line.verb in ("start_watch", "acknowledge")]
    assert {line.officer for line in acts} == {"Vita"}
    page.locator("a.user").click()
    page.get_by_role("button", name="Atsijungti").click()
    expect(page.locator("#password")).to_be_visible()
    page.goto(f"{desk.url}/quality")
    expect(page.locator("#password")).to_be_visible()


def test_a_screen_whose_session_ends_goes_to_the_login(
    desk: DeskServer, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.goto(desk.url)
    log_in(page, "Jonas")
    page.wait_for_selector(".map-host[data-renderer]")
    expect(page.locator("a.user")).to_contain_text("Jonas")
    with Access(desk.home) as access:
        access.set_disabled("Jonas", BY, is_disabled=True)
    expect(page.locator("#password")).to_be_visible(timeout=30_000)
    log_in(page, "Jonas")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")


def test_a_viewer_is_told_what_they_may_not(
    desk: DeskServer, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.goto(desk.url)
    log_in(page, "Jonas")
    page.wait_for_selector(".map-host[data-renderer]")
    expect(page.locator(".pill.officer")).to_have_text("Nobody on watch")
    page.get_by_role("button", name=re.compile("^Note,")).click()
    expect(page.locator(".row").first).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    acts = page.locator(".acts")
    expect(acts).to_have_text("You are a viewer: acting needs the role officer.")
    expect(acts.get_by_role("button")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_role("alert")).to_contain_text("acting needs the role officer")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Release to…")).to_have_count(0)


@pytest.mark.parametrize("renderer", ["canvas", "gl"])
def test_every_page_and_tool_keeps_the_policy(
    desk: DeskServer, open_page: Callable[..., Page], renderer: str
) -> None:
    """No inline style and no inline script: the fixture looks for what was blocked."""
    page = open_page()
    page.goto(f"{desk.url}/?renderer={renderer}")
    log_in(page, "Vita")
    page.wait_for_selector(".map-host[data-renderer]")
    answer = page.request.get(desk.url)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    page.get_by_role("button", name=re.compile("^Note,")).click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.wait_for_selector(".evidence canvas, .evidence svg, .uplot")
    page.locator(".pill.officer").click()
    page.keyboard.press("Enter")
    expect(page.locator(".pill.officer")).to_contain_text("Vita")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("z")
    page.get_by_role("button", name="Draw a zone").click()
    page.get_by_role("button", name="Polygon").click()
    for x, y in ((500, 300), (620, 300), (560, 400), (500, 300)):
        page.mouse.click(x, y)
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    assert page.evaluate("window.broken") == []
    alert = desk.alerts[0].id
    for path, shows in (
        (f"/alert/{alert}", ".dossier"), ("/handover", ".page"), ("/quality", ".page"),
        ("/table", ".page"),
    ):  # fmt: skip
        page.goto(desk.url + path)
        page.wait_for_selector(shows)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.broken") == []


def test_a_session_is_renewed_before_it_takes_the_screen_away(
    desk: DeskServer, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.add_init_script(LOUDSPEAKER + "window.allowed = true;")
    page.goto(f"{desk.url}/login")
    log_in(page, "vita")
    page.wait_for_selector(".map-host[data-renderer]")
    page.keyboard.press("b")
    expect(page.locator(".sound")).to_have_text("Sound on")
    banner = page.locator(".banner", has_text="Your session is about to end.")
    hush = page.locator(".pill.silence")

    def began(ago_ms: float) -> None:
        """Make the session older; the service looks at it again within a second."""
        created_ms = time.time_ns() // 1_000_000 - ago_ms
        with sqlite3.connect(desk.home.path / "sargas.db") as ledger:
            ledger.execute("UPDATE sessions SET created_ms = ?", (created_ms,))
        ledger.close()
        page.wait_for_timeout(1_500)
        page.reload()
        page.wait_for_selector(".map-host[data-renderer]")

    began(22.5 * HOUR_MS)
    expect(page.locator(".officer")).to_be_visible()
    expect(banner).to_have_count(0)
    began(23.5 * HOUR_MS)
    expect(banner).to_contain_text(re.compile("In (29|30) min this page closes"))
    assert not page.title().startswith("(!)")
    began(23.9 * HOUR_MS)
    page.wait_for_function("window.tones >= 2", timeout=30_000)
    assert page.title().startswith("(!)")
    page.keyboard.press("h")
    expect(page.locator(".sound")).to_contain_text("Silenced until")
    expect(hush).to_have_count(0)
    banner.get_by_role("button", name="Log in again").click()
    expect(page.locator("#name")).to_have_value("Vita")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(WORDS)
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-host[data-renderer]")
    expect(page.locator(".officer")).to_be_visible()
    expect(banner).to_have_count(0)
    assert not page.title().startswith("(!)")
