"""Two screens of a live watch: one looks back, the other stays, and an Alarm reaches both."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.test_live import Live, begin, report
from tests.live.senders import TcpSender

from .test_sound import LOUDSPEAKER
from .test_watch import keys, open_page

pytestmark = pytest.mark.browser
__all__ = ["open_page"]  # a fixture, used by its name

IDLE_S = 8
"""So long the feed may be silent before an Alarm says so."""
CLOCK = "() => document.querySelector('.top .clock time')?.dateTime"


class Speaker:
    """A receiver that reports a ship each second until it falls silent."""

    def __init__(self, sender: TcpSender) -> None:
        self._line, self._silent = sender.accept(), threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def _speak(self) -> None:
        for k in range(3600):
            self._line.sendall(report(20.0 + k / 1000))
            if self._silent.wait(1.0):
                return

    def falls_silent(self) -> None:
        self._silent.set()
        self._thread.join()


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[tuple[Live, Speaker]]:
    """A live watch with one feed, and who speaks on it; it outlives the pages."""
    with TcpSender() as sender:
        running = begin(tmp_path / "home", sender, IDLE_S)
        speaker = Speaker(sender)
        try:
            yield running, speaker
        finally:
            speaker.falls_silent()
            running.process.terminate()
            _, err = running.process.communicate(timeout=60)
            assert "Traceback" not in err, err


def goes_on(page: Page) -> None:
    """The clock that a page shows moves."""
    before = page.evaluate(CLOCK)
    page.wait_for_function(f"before => ({CLOCK})() > before", arg=before, timeout=30_000)


def test_one_screen_looks_back_and_hears_the_alarm_of_the_present(
    watching: tuple[Live, Speaker], open_page: Callable[[str], Page]
) -> None:
    live, speaker = watching
    url = live.url.rstrip("/")
    back, stays = open_page(url), open_page(url)
    back.add_init_script(LOUDSPEAKER)
    back.add_init_script("window.addEventListener('load', () => { window.allowed = true; })")
    back.reload()
    banner = back.locator(".look-back")
    for page in (back, stays):
        expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=30_000)
        expect(page.locator(".analysed")).to_contain_text("live", timeout=30_000)
    back.locator(".sound").click()
    expect(back.locator(".sound")).to_have_text("Sound on")
    goes_on(back)
    # One screen pauses; it alone stands still, and says so.
    back.get_by_role("button", name="Pause").click()
    expect(banner).to_contain_text("This screen looks back at")
    expect(back.get_by_role("button", name="Play", exact=True)).to_be_visible()
    stood = back.evaluate(CLOCK)
    goes_on(stays)
    goes_on(stays)
    assert back.evaluate(CLOCK) == stood
    expect(stays.locator(".look-back")).to_have_count(0)
    # It goes further back; the link to a file is as of its own clock.
    keys(back, "[")
    back.wait_for_function(f"stood => ({CLOCK})() < stood", arg=stood, timeout=30_000)
    expect(banner.get_by_role("button", name="Back to live")).to_be_visible()
    # What arises in the watch is in the other's list, and told here: it sounds, too.
    speaker.falls_silent()
    expect(stays.locator(".row")).to_have_count(1, timeout=60_000)
    told = back.locator(".banner", has_text="looks back")
    expect(told).to_contain_text(re.compile(r"One new Alarm now: .+"), timeout=30_000)
    back.wait_for_function("window.tones >= 2", timeout=30_000)
    expect(back.locator(".pill.silence")).to_be_visible()
    assert back.title() == "(1) SARGAS"
    expect(back.locator(".row")).to_have_count(0)
    # Back in the present it stands in the list; nothing was lost on the way.
    told.get_by_role("button", name="Back to live").click()
    expect(back.locator(".row")).to_have_count(1)
    expect(told).to_have_count(0)
    expect(back.locator(".analysed")).to_contain_text("live")
    goes_on(back)


def test_a_screen_loaded_anew_begins_in_the_present_and_speaks_lithuanian(
    watching: tuple[Live, Speaker], open_page: Callable[[str], Page]
) -> None:
    live, _ = watching
    page = open_page(live.url.rstrip("/"))
    expect(page.locator(".analysed")).to_contain_text("live", timeout=30_000)
    keys(page, " ")
    expect(page.locator(".look-back")).to_contain_text("the watch goes on")
    page.get_by_role("button", name="EN: Lietuvių").click()
    expect(page.locator(".look-back")).to_contain_text("budėjimas tęsiasi")
    expect(page.get_by_role("button", name="Grįžti į dabartį")).to_be_visible()
    keys(page, ".")
    expect(page.locator(".look-back")).to_have_count(0)
    page.get_by_role("button", name="Pristabdyti").click()
    expect(page.locator(".look-back")).to_have_count(1)
    page.reload()
    expect(page.locator(".analysed")).to_contain_text("tiesiogiai", timeout=30_000)
    expect(page.locator(".look-back")).to_have_count(0)
