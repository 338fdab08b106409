"""An Alarm sounds until it is acknowledged; silence is for two minutes and acknowledges nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sargas.model.alerts import Alert

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
        made_alert(3, "P1", "drag_onset", 200.05),
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
        page.clock.fast_forward(60_000)
        assert tones() == CHIME
        # A second one sounds in spite of that, again and again.
        expect(page.locator(".row")).to_have_count(3, timeout=15_000)
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
