"""The screen and the real service: the same frame, and the demo from command to evidence."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from sargas.model.fixes import PER_DEGREE, Fixes
from sargas.web.frames import SNAPSHOT, encode

DATA = Path(__file__).parent / "data"


def test_service_packs_the_stored_frame() -> None:
    """Both sides are held to one file: the client's test decodes it, this one encodes it."""
    expected = json.loads((DATA / "frame_v1.json").read_text())
    places = np.array(expected["lonLat"]).reshape(-1, 2)
    age_ms = 1000 * np.array(expected["age_s"], dtype=np.int64)
    fixes = Fixes.build(
        expected["n"],
        subject_id=expected["mmsi"],
        t_ms=expected["t_ms"] - age_ms,
        lon_raw=np.round(places[:, 0] * PER_DEGREE).astype(np.int64),
        lat_raw=np.round(places[:, 1] * PER_DEGREE).astype(np.int64),
        cog_raw=expected["cog_x10"],
        sog_raw=expected["sog_x10"],
    )
    classes = np.array(expected["vesselClass"], dtype=np.uint8)
    stored = (DATA / "frame_v1.bin").read_bytes()
    assert encode(SNAPSHOT, expected["t_ms"], fixes, classes) == stored


def folded(url: str) -> bool:
    """Whether the service answers and its pipeline has reached the end of the span."""
    try:
        with urllib.request.urlopen(f"{url}/api/status", timeout=20) as answer:
            clock = json.load(answer)["clock"]
    except OSError:
        return False
    return (clock["analysed_to_ms"] or 0) >= clock["span"]["to_ms"]


@pytest.fixture
def demo() -> Iterator[str]:
    """`sargas demo`, folded to its end; its address."""
    command = [sys.executable, "-c", "from sargas.cli import main; main()", "demo"]
    options = ["--no-browser", "--port", "0", "--exit-after", "280"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        url = process.stdout.readline().strip().rstrip("/")
        assert url.startswith("http://127.0.0.1:"), url
        deadline_s = time.monotonic() + 200
        while not folded(url):  # the address is printed before the kernels are compiled
            assert time.monotonic() < deadline_s, "the demo was not folded in 200 s"
            assert process.poll() is None, f"the demo ended with {process.returncode}"
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.browser
def test_demo_shows_the_alarm_with_its_evidence(browser: Browser, demo: str) -> None:
    page = browser.new_page(viewport={"width": 1600, "height": 900}, reduced_motion="reduce")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.goto(demo)
    page.wait_for_selector(".map-host[data-renderer]")
    expect(page.locator(".exercise-banner")).to_contain_text("Eagle S")
    noon_ms = 1_735_128_000_000
    page.evaluate(
        """t_ms => fetch("/api/playback", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ action: "seek", t_ms }),
        })""",
        noon_ms,
    )
    row = page.locator(".row", has_text="518998865").filter(has_text="Drag pattern").first
    expect(row).to_be_visible(timeout=20_000)
    row.click()
    expect(page.locator(".chart canvas")).to_have_count(1)
    assert page.locator(".why tbody tr").count() >= 3
    assert page.locator(".next li").count() >= 2
    expect(page.locator(".evidence")).to_contain_text("not evidence on its own")
    page.close()
    assert errors == []
