"""An Alarm sounds until it is acknowledged; silence is for two minutes and acknowledges nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sargas.model.alerts import Alert

from .conftest import Opener, Screen, eventually
from .desk import START, DeskServer, made_alert
from .test_watch import keys, open_page, take_watch

pytestmark = pytest.mark.browser
__all__ = ["open_page"]  # a fixture, used by its name

#: A loudspeaker that counts, and waits for a gesture as browsers' do.
LOUDSPEAKER = """
window.tones = 0;
window.allowed = false;
window.AudioContext = class {
  currentTime = 0; state = "suspended"; onstatechange = null; destination = {};
  resume() {
    if (!window.allowed) return new Promise(() => {});
    this.state = "running";
    this.onstatechange?.();
    return Promise.resolve();
  }
  close() { return Promise.resolve(); }
  createGain() {
    return { connect() {}, gain: { setValueAtTime() {}, linearRampToValueAtTime() {} } };
  }
  createOscillator() {
    return { frequency: {}, connect() {}, start() { window.tones += 1; }, stop() {} };
  }
};
"""
CHIME = 2  # tones
SAY = "body => fetch('/api/playback', {method: 'POST', body: JSON.stringify(body)})"


def made() -> list[Alert]:
    """An Alarm that stood long before, and two that come some seconds apart."""
    return [
        made_alert(1, "P1", "drag_onset", 100),
        made_alert(2, "P1", "drag_onset", 200),
        made_alert(3, "P1", "drag_onset", 200.2),
    ]


def test_an_alarm_sounds_until_it_is_acknowledged(
    tmp_path: Path, browser: Browser, open_page: Callable[[str], Page]
) -> None:
    with DeskServer(tmp_path, alerts=made()) as desk:
        page = open_page(desk.url)
        page.context.add_init_script(LOUDSPEAKER)
        page.clock.install()
        page.reload()
        sound, hush = page.locator(".sound"), page.locator(".pill.silence")
        tones = lambda: page.evaluate("window.tones")  # noqa: E731
        # Off until it is switched on; the browser may refuse, and the button says so.
        expect(sound).to_have_text("Sound off")
        page.get_by_role("button", name="Take the watch").click()
        take_watch(page, "V. Petraitis")
        keys(page, "b")
        expect(sound).to_have_text("Sound waits for a click")
        page.evaluate("window.allowed = true")
        sound.click()
        expect(sound).to_have_text("Sound on")
        # At speed the past is silent; live what stood already is.
        page.evaluate(SAY, {"action": "speed", "speed": 60})
        page.evaluate(SAY, {"action": "seek", "t_ms": START + 199 * 60_000 + 50_000})
        page.evaluate(SAY, {"action": "play"})
        expect(page.locator(".row")).to_have_count(3, timeout=15_000)
        page.evaluate(SAY, {"action": "pause"})
        page.evaluate(SAY, {"action": "speed", "speed": 1})
        page.evaluate(SAY, {"action": "seek", "t_ms": START + 150 * 60_000})
        page.evaluate(SAY, {"action": "play"})
        expect(page.locator(".row")).to_have_count(1)
        page.clock.fast_forward(60_000)
        assert tones() == 0
        expect(hush).to_have_count(0)
        # The first one sounds when it comes, and is silenced; it stays unacknowledged.
        page.evaluate(SAY, {"action": "seek", "t_ms": START + 200 * 60_000 - 700})
        expect(page.locator(".row")).to_have_count(2)
        expect(hush).to_have_text("Silence H")
        page.wait_for_function("window.tones === 2")
        keys(page, "h")
        expect(sound).to_have_text("Silenced until 12:22Z")
        first = page.locator(".row", has_text="999000102")
        expect(first).to_contain_text("silenced until 12:22Z")
        expect(first).to_contain_text("unacknowledged")
        page.clock.fast_forward(40_000)
        assert tones() == CHIME
        # A second one sounds in spite of that, again and again; it comes 12 s later in real time.
        expect(page.locator(".row")).to_have_count(3, timeout=40_000)
        page.wait_for_function("window.tones === 4")
        page.clock.fast_forward(26_000)
        page.wait_for_function("window.tones === 6")
        # The acknowledgement stops it; the first sounds again when its silence is over.
        page.locator(".row", has_text="999000103").click()
        keys(page, "a")
        expect(page.locator(".row", has_text="999000103")).not_to_contain_text("unacknowledged")
        expect(hush).to_have_count(0)
        page.clock.fast_forward(26_000)
        assert tones() == 3 * CHIME
        page.clock.fast_forward(20_000)
        page.wait_for_function("window.tones === 8")
        expect(first).not_to_contain_text("silenced until")
        # Remembered on this machine.
        page.reload()
        expect(sound).to_have_text("Sound waits for a click")
        page.goto("about:blank")  # before the service ends


def listening(open_screen: Opener) -> Screen:
    """A screen whose sound is on, and whose time goes only where the test lets it."""
    screen = open_screen()
    page = screen.page
    page.add_init_script(LOUDSPEAKER + "window.allowed = true;")
    page.clock.install()
    page.reload()
    page.wait_for_selector(".map-host[data-renderer]")
    keys(page, "b")
    expect(page.locator(".sound")).to_have_text("Sound on")
    expect(page.locator(".row").first).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    come_back(screen)  # over such a step a line counts as dead
    return screen


def lose_line(screen: Screen) -> None:
    """The service ends: the socket closes, and none is opened again."""
    screen.loses_line = True
    screen.world.refuse_sockets = True
    expect(screen.page.locator(".line-banner")).to_contain_text("No alarm reaches this screen.")


def come_back(screen: Screen) -> None:
    """The service is there again, and the screen finds it before its time goes on."""
    screen.world.refuse_sockets = False
    banner = screen.page.locator(".line-banner")

    def is_back() -> bool:
        banner.locator("button").evaluate_all("found => found.forEach(b => b.click())")
        return banner.count() == 0

    assert eventually(screen.page, is_back)


def test_a_lost_line_sounds_after_a_while_and_until_it_is_back(open_screen: Opener) -> None:
    screen = listening(open_screen)
    page, go_on = screen.page, screen.page.clock.run_for
    sound, hush = page.locator(".sound"), page.locator(".pill.silence")
    tones = lambda: page.evaluate("window.tones")  # noqa: E731
    # A service that is there again within some seconds does not ring, nor does an hour's sleep.
    lose_line(screen)
    go_on(15_000)
    come_back(screen)
    lose_line(screen)
    page.clock.fast_forward(3_600_000)
    go_on(5_000)
    come_back(screen)
    go_on(3_000)
    assert tones() == 0
    assert not page.title().startswith("(!)")
    # A line that stays lost does, again and again, and the title has it.
    lose_line(screen)
    go_on(18_000)
    assert tones() == 0
    expect(hush).to_have_count(0)
    go_on(3_000)
    assert tones() == CHIME
    assert page.title().startswith("(!)")
    go_on(45_000)
    assert tones() == 2 * CHIME
    expect(hush).to_have_text("Silence H")
    # Silence ends by itself; its words go by the watch's time, 11:10:00 and what went by since.
    keys(page, "h")
    go_on(500)
    expect(sound).to_have_text("Silenced until 11:13Z")
    expect(hush).to_have_count(0)
    go_on(110_000)
    assert tones() == 2 * CHIME
    go_on(12_000)
    assert tones() == 3 * CHIME
    come_back(screen)
    expect(hush).to_have_count(0)
    expect(sound).to_have_text("Sound on")
    assert not page.title().startswith("(!)")


def test_silence_acts_in_a_dialog_and_not_in_its_fields(open_screen: Opener) -> None:
    screen = listening(open_screen)
    page, dialog = screen.page, screen.page.locator("dialog[open]")
    sound, hush = page.locator(".sound"), page.locator(".pill.silence")
    lose_line(screen)
    page.clock.run_for(21_000)
    expect(hush).to_have_count(1)
    page.get_by_role("button", name="Take the watch").click()
    field = dialog.locator("input[name=officer]")
    keys(page, "h", "H")
    expect(field).to_have_value("hH")
    page.clock.run_for(500)
    expect(hush).to_have_count(1)
    dialog.get_by_role("button", name="Cancel").focus()
    keys(page, "h")
    page.clock.run_for(500)
    expect(sound).to_contain_text("Silenced until")
    expect(hush).to_have_count(0)
    expect(field).to_have_value("hH")
