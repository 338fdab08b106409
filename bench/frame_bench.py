"""What 20,000 moving vessels cost the main thread, a frame: each renderer against its bare map.

Run: python -m bench.frame_bench [--vessels 20000] [--seconds 10] [--rounds 3]

The built client in headless chromium (software GL) against the look-alike service of tests/web, at
zoom 6.5. Script is all JavaScript of the page's main thread in CPU time of that thread (CDP,
ScriptDuration in thread ticks), so that neither waiting for the software GPU nor a busy machine
counts. Two things are measured apart: `draw`, the script of a frame while the map is dragged to and
fro and the clock stands, with what the page does by the second in it; and `tick`, all script from
one picture to the next with the map at rest. A picture replaces every vessel and comes each second.
Without a GPU frames come so slowly that nearly each would carry a whole tick; what counts is a
frame at 30 frames a second, `draw + tick / 30`, and its ratio to the same of the bare map: the
screen with land and cables and no vessel. For GL it may be at most 2.
"""

from __future__ import annotations

import argparse
import math
import shutil
import time
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from tests.web.conftest import FLAGS
from tests.web.server import Server
from tests.web.traffic import Fleet
from tests.web.world import World

GOAL = {"gl": 2.0}
FRAMES_PER_S = 30
SETTLE_MS = 6000
SCALE = 0.25
"""Device pixels a CSS pixel: pixels cost the software GPU, not the script."""
COUNT = """
window.__frames = window.__pictures = 0;
(function count() { window.__frames += 1; requestAnimationFrame(count); })();
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(url) {
    super(url);
    this.addEventListener("message", ({ data }) => {
      window.__pictures += typeof data !== "string";
    });
  }
};
"""


@dataclass
class Cost:
    """Script of the main thread, ms of its CPU."""

    draw_ms: float
    tick_ms: float
    frames_per_s: float

    @property
    def frame_ms(self) -> float:
        """Of one frame of thirty a second."""
        return self.draw_ms + self.tick_ms / FRAMES_PER_S


def make_world(vessels: int) -> World:
    """Ships that all move; none is dropped for being on land, so that the number holds."""
    world = World(0)
    if vessels:
        world.fleet = Fleet(vessels, world.t_ms - 3_600_000)
    world.alerts = []
    return world


def script_ms(cdp: CDPSession) -> float:
    """What the main thread has spent on scripts so far."""
    found = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(found["ScriptDuration"])


def drag(page: Page, seconds: float) -> None:
    """Swing the map about its middle."""
    box = page.locator(".map-host").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < seconds:
        page.mouse.move(x + 120 * math.sin(now), y + 60 * math.sin(1.7 * now))
    page.mouse.up()


def measure(browser: Browser, renderer: str, vessels: int, seconds: float) -> Cost:
    """Drag the map of a fresh page, then let the clock run with the map at rest."""
    world = make_world(vessels)
    with Server(world) as server:
        page = browser.new_page(
            viewport={"width": 1600, "height": 900}, device_scale_factor=SCALE,
            reduced_motion="reduce",
        )  # fmt: skip
        page.add_init_script(COUNT)
        page.goto(f"{server.url}/?renderer={renderer}")
        page.wait_for_selector(f'.map-host[data-renderer="{renderer}"]')
        page.wait_for_selector(".map-wait", state="detached")
        page.keyboard.press("+")
        page.wait_for_timeout(SETTLE_MS)
        cdp = page.context.new_cdp_session(page)
        cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        begun, frames, before = time.monotonic(), page.evaluate("__frames"), script_ms(cdp)
        drag(page, seconds)
        frames = page.evaluate("__frames") - frames
        took_s = time.monotonic() - begun
        draw_ms = (script_ms(cdp) - before) / frames
        world.playing = True
        page.wait_for_timeout(1500)
        pictures, before = page.evaluate("__pictures"), script_ms(cdp)
        page.wait_for_timeout(1000 * seconds)
        pictures = page.evaluate("__pictures") - pictures
        if pictures < seconds / 4:
            raise SystemExit(f"{pictures} pictures in {seconds:g} s: the machine is too busy")
        tick_ms = (script_ms(cdp) - before) / pictures
        page.close()
    return Cost(draw_ms, tick_ms, frames / took_s)


def middle(costs: list[Cost]) -> Cost:
    """Give the round in the middle."""
    return sorted(costs, key=lambda cost: cost.frame_ms)[(len(costs) - 1) // 2]


def main() -> int:
    """Measure both renderers, each bare and full in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vessels", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--renderer", choices=("gl", "canvas"))
    args = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        print("skipped: no chromium on the path")
        return 0
    print(f"{args.vessels} vessels, all replaced each second; the middle of {args.rounds} rounds")
    print(f"{'script, ms':<16}{'draw':>8}{'tick':>8}{'a frame':>9}{'frames/s here':>15}")
    missed = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for renderer in (args.renderer,) if args.renderer else ("gl", "canvas"):
            found: dict[int, list[Cost]] = {0: [], args.vessels: []}
            for _ in range(args.rounds):
                for vessels, costs in found.items():
                    costs.append(measure(browser, renderer, vessels, args.seconds))
            bare, full = middle(found[0]), middle(found[args.vessels])
            for name, cost in ((f"{renderer}, bare", bare), (renderer, full)):
                print(
                    f"{name:<16}{cost.draw_ms:>8.1f}{cost.tick_ms:>8.1f}{cost.frame_ms:>9.1f}"
                    f"{cost.frames_per_s:>15.1f}",
                    flush=True,
                )
            ratio, goal = full.frame_ms / bare.frame_ms, GOAL.get(renderer, math.inf)
            said = f", at most {goal}" if goal < math.inf else ""
            print(f"{renderer}: a frame has {ratio:.2f} times the script of the bare map{said}")
            missed |= ratio > goal
        browser.close()
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
