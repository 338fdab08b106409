"""What 20,000 moving vessels cost the main thread, a frame: each renderer against its bare map.

Run: python -m bench.frame_bench [--vessels 20000] [--seconds 12] [--rounds 2]

The built client in headless chromium (software GL) against the look-alike service of tests/web. The
map is dragged to and fro at zoom 6.5, so that every frame is drawn anew; every vessel is replaced
once a second. `bare` is the same screen with land and cables and no vessel. Script is all
JavaScript of the page's main thread (CDP, ScriptDuration), the socket's work included; `a tick` is
what one second's picture costs with the map at rest. Frames come slowly without a GPU, so a
second's picture weighs heavier on each than it would on an officer's machine: script a frame is an
upper bound, and the milliseconds are those of this machine. The ratio is the gate: at most 2 (GL).
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import time
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright
from tests.web.conftest import FLAGS
from tests.web.server import Server
from tests.web.world import World

GOAL = {"gl": 2.0}
SETTLE_MS = 4000
SCALE = 0.1
COUNT = """
window.__frames = 0;
(function count() { window.__frames += 1; requestAnimationFrame(count); })();
"""


@dataclass
class Cost:
    """Main-thread milliseconds, and how often a frame came."""

    script_ms: float
    task_ms: float
    frames: int
    seconds: float
    tick_ms: float = 0.0


def make_world(vessels: int) -> World:
    """Ships that all move; none is dropped for being on land, so that the number holds."""
    world = World(0)
    if vessels:
        world.fleet = type(world.fleet)(vessels, world.t_ms - 3_600_000)
    world.alerts = []
    world.playing, world.speed = True, 1
    return world


class Meter:
    """Reads what the page's main thread has done so far."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("Performance.enable")

    def read(self) -> tuple[float, float, int, float]:
        """Script and task milliseconds, frames, and seconds of our clock."""
        found = {m["name"]: m["value"] for m in self.cdp.send("Performance.getMetrics")["metrics"]}
        frames = self.page.evaluate("window.__frames")
        return (
            1000 * found["ScriptDuration"], 1000 * found["TaskDuration"], frames,
            time.monotonic(),
        )  # fmt: skip


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
    """Drag the map of a fresh page."""
    with Server(make_world(vessels)) as server:
        page = browser.new_page(
            viewport={"width": 1600, "height": 900},
            device_scale_factor=SCALE,
            reduced_motion="reduce",
        )
        page.add_init_script(COUNT)
        page.goto(f"{server.url}/?renderer={renderer}")
        page.wait_for_selector(f'.map-host[data-renderer="{renderer}"]')
        page.keyboard.press("+")
        page.wait_for_timeout(SETTLE_MS)
        meter = Meter(page)
        rest = meter.read()
        page.wait_for_timeout(1000 * seconds / 2)
        before = meter.read()
        drag(page, seconds)
        after = meter.read()
        page.close()
    frames = after[2] - before[2]
    return Cost(
        (after[0] - before[0]) / frames, (after[1] - before[1]) / frames, frames,
        after[3] - before[3], (before[0] - rest[0]) / (before[3] - rest[3]),
    )  # fmt: skip


def middle(costs: list[Cost]) -> Cost:
    """Give the round whose script is the median."""
    return sorted(costs, key=lambda cost: cost.script_ms)[len(costs) // 2 if len(costs) > 2 else 0]


def main() -> int:
    """Measure both renderers, each bare and full in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vessels", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--renderer", choices=("gl", "canvas"))
    args = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        print("skipped: no chromium on the path")
        return 0
    print(f"{args.vessels} vessels, all replaced each second, map in motion, {args.rounds} rounds")
    print(f"{'renderer':<16}{'script ms/frame':>16}{'all tasks':>11}{'frames/s':>10}{'a tick':>8}")
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
                    f"{name:<16}{cost.script_ms:>16.1f}{cost.task_ms:>11.1f}"
                    f"{cost.frames / cost.seconds:>10.1f}{cost.tick_ms:>8.1f}",
                    flush=True,
                )
            ratio = statistics.median(c.script_ms for c in found[args.vessels]) / statistics.median(
                c.script_ms for c in found[0]
            )
            goal = GOAL.get(renderer)
            print(
                f"{renderer}: {ratio:.2f} times the bare map" + (f", goal {goal}" if goal else "")
            )
            missed |= goal is not None and ratio > goal
        browser.close()
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
