"""A watch that does not judge is seen and heard on every page until it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.test_full_disk import Watching
from tests.live.senders import TcpSender

from .conftest import WEB, Opener
from .test_look_back import Speaker
from .test_sound import LOUDSPEAKER
from .test_watch import keys, open_page, take_watch
from .world import World

pytestmark = pytest.mark.browser
__all__ = ["open_page"]  # a fixture, used by its name

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    """A watch on a small disk, and who speaks to it."""
    with TcpSender() as sender:
        made = Watching(tmp_path, sender)
        speaker = Speaker(sender)
        try:
            yield made
        finally:
            speaker.falls_silent()
            said = made.disk.end()
            assert "Traceback" not in said, said


def test_a_full_disk_is_seen_and_heard_on_every_page_until_it_is_over(
    watching: Watching, open_page: Callable[[str], Page]
) -> None:
    url = watching.url.rstrip("/")
    page, back = open_page(url), open_page(url)
    page.add_init_script(LOUDSPEAKER)
    page.add_init_script("window.addEventListener('load', () => { window.allowed = true; })")
    page.reload()
    page.wait_for_selector(".map-host[data-renderer]")
    banner, hush = page.locator(".halt-banner"), page.locator(".pill.silence")
    page.locator(".sound").click()
    expect(page.locator(".sound")).to_have_text("Sound on")
    page.locator(".pill.officer").click()  # there is a handover to be read only then
    take_watch(page, "V. Petraitis")
    expect(back.get_by_role("button", name="Pause")).to_be_visible(timeout=30_000)
    back.get_by_role("button", name="Pause").click()
    expect(back.locator(".look-back")).to_contain_text("This screen looks back")
    expect(banner).to_have_count(0)

    watching.disk.fill()
    expect(banner).to_contain_text(watching.disk.words, timeout=60_000)
    expect(banner.get_by_role("alert")).to_contain_text("Nothing is judged, no alarm can arise.")
    expect(back.locator(".halt-banner")).to_contain_text(watching.disk.words, timeout=30_000)
    assert page.title() == "(!) SARGAS"
    # It sounds; silence is for two minutes and takes nothing away.
    page.wait_for_function("window.tones >= 2", timeout=30_000)
    expect(hush).to_have_text("Silence H")
    keys(page, "h")
    expect(hush).to_have_count(0)
    expect(page.locator(".sound")).to_contain_text("Silenced until")
    # Nothing closes it, and every page has it; one that is opened meanwhile, too.
    expect(banner.get_by_role("button")).to_have_count(0)
    for key, path in (("5", "/handover"), ("q", "/quality"), ("1", "/"), ("w", "/table")):
        keys(page, "Escape", key)
        page.wait_for_url(f"{url}{path}")
        expect(banner).to_be_visible()
        if path == "/handover":
            expect(page.locator(".page")).to_contain_text("V. Petraitis")
    late = open_page(url)
    expect(late.locator(".halt-banner")).to_be_visible()

    watching.disk.free()
    for one in (page, back, late):
        expect(one.locator(".halt-banner")).to_have_count(0, timeout=60_000)
        over = one.locator(".banner", has_text="again since")
        expect(over).to_contain_text(re.compile(f"Trouble from .*{watching.disk.words}"))
    expect(page.locator(".sound")).to_have_text("Sound on")
    assert page.title() == "SARGAS"
    over = page.locator(".banner", has_text="again since")
    over.get_by_role("button", name="Close").click()
    expect(over).to_have_count(0)


def halted() -> World:
    """A watch that stands since an hour, with alerts that it could not store."""
    world = World(exercise=False)
    text = f"{MARKUP} slowed from 10.1 to 6.4 kn within 300 m of a made cable."
    found = {"id": "0a", "priority": "P1", "t_detected": "2024-12-25T10:20:00Z", "text": text}
    world.halt = {
        "cause": "store", "what": "Cannot write the ledger: No space left on device.",
        "since_ms": world.t_ms - 3_600_000, "until_ms": None,
        "judged_to_ms": world.t_ms - 3_660_000, "unstored_count": 5,
        "unstored": [found, *({**found, "id": f"0{k}", "priority": "P2"} for k in "bcde")],
    }  # fmt: skip
    return world


def test_it_names_what_could_not_be_stored_and_reads_in_all_themes_and_languages(
    open_screen: Opener, tmp_path: Path
) -> None:
    page = open_screen(halted()).page
    banner = page.locator(".halt-banner")
    expect(banner).to_contain_text(f"Alarm 10:20Z {MARKUP}")
    expect(banner.get_by_role("listitem")).to_have_count(4)
    expect(banner).to_contain_text("and 2 more")
    expect(banner).to_contain_text(re.compile(r"All is judged up to [\d: -]+Z\."))
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    for words in ("Nothing is judged, no alarm can arise.", "joks pavojaus signalas negali kilti"):
        expect(banner).to_contain_text(words)
        for theme in ("dark", "light", "night"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            assert page.evaluate("axe.run('.banners')")["violations"] == []
            page.screenshot(path=tmp_path / f"halt-{theme}-{words[:5].strip()}.png")
        page.get_by_role("button", name="EN: Lietuvių").or_(
            page.get_by_role("button", name="LT: English")
        ).click()
