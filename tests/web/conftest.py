"""A look-alike service, one chromium, and a page that counts its own faults."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from .server import Server
from .world import ROOT, World

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WEB = ROOT / "web"


def missing(what: str) -> None:
    """Skips with the reason; where all must run (SARGAS_E2E=1) it fails instead."""
    if os.environ.get("SARGAS_E2E") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def node_modules() -> None:
    """The packages of web/, installed when they are not there."""
    if shutil.which("npm") is None:
        missing("npm is not installed: the client cannot be rebuilt")
    if not (WEB / "node_modules/axe-core").is_dir():
        install = ["npm", "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(install, cwd=WEB, capture_output=True, text=True, check=False)
        if done.returncode:
            missing(f"npm ci in web/ failed: {done.stderr[-400:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, or the one on the path."""
    path = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if path is None:
        missing("no chromium on the path: the screen was not tested in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Screen:
    """An open screen, its service, and all that went wrong in it."""

    page: Page
    world: World
    url: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    #: Set where the test cuts the line: the browser itself reports the refused connections.
    loses_line: bool = False

    def faults(self) -> list[str]:
        """Errors that the test did not provoke."""
        lost = ("WebSocket", "net::ERR_FAILED") if self.loses_line else ()
        return [one for one in self.errors if not any(word in one for word in lost)]

    def text(self, selector: str) -> str:
        """Inner text of the first match."""
        return self.page.locator(selector).first.inner_text()


def eventually(page: Page, holds: Callable[[], bool], within_s: int = 30) -> bool:
    """Wait until something holds: software GL on a busy machine takes seconds for a frame."""
    for _ in range(within_s * 4):
        if holds():
            return True
        page.wait_for_timeout(250)
    return False


Opener = Callable[..., Screen]


@pytest.fixture
def open_screen(browser: Browser) -> Iterator[Opener]:
    """Opens screens on Worlds; in the end no page may hold an error or have asked elsewhere."""
    servers: list[Server] = []
    screens: list[Screen] = []

    def opener(
        world: World | None = None, renderer: str = "canvas", *, motion: str = "reduce"
    ) -> Screen:
        world = world or World()
        server = Server(world).__enter__()
        servers.append(server)
        page = browser.new_page(viewport={"width": 1600, "height": 900}, reduced_motion=motion)
        screen = Screen(page, world, server.url)
        screens.append(screen)
        page.on("pageerror", lambda error: screen.errors.append(f"page: {error}"))
        page.on("console", lambda m: screen.errors.append(m.text) if m.type == "error" else None)
        page.on("request", lambda request: screen.requests.append(request.url))
        page.goto(f"{server.url}/?renderer={renderer}")
        page.wait_for_selector(".map-host[data-renderer]")
        page.get_by_role("button", name=re.compile("^Note,")).click()  # not listed at first
        page.evaluate("document.activeElement.blur()")
        return screen

    yield opener
    for screen in screens:
        screen.page.close()
    for server in servers:
        server.__exit__()
    for screen in screens:
        assert screen.faults() == []
        elsewhere = [
            url for url in screen.requests if not url.startswith((screen.url, "data:", "blob:"))
        ]
        assert elsewhere == []
