"""The time bar over several days, and what a lost line leaves behind: nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from .conftest import Opener, eventually
from .world import SPAN, World, make_alert

DAY_MS = 86_400_000
MINUTE_MS = 60_000
PRESS = """keys => keys.forEach(key => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })))"""
"""All at once: on a busy machine those that a person presses become several seeks."""


def long_world() -> World:
    """Three days and six hours; two alarms and a note on other days than the clock's."""
    world = World(20)
    world.from_ms, world.analysed_ms = SPAN[0] - 3 * DAY_MS, SPAN[1]
    early = SPAN[0] - 2 * DAY_MS
    late = SPAN[1] - 30 * MINUTE_MS
    world.alerts = [
        make_alert(62, "P3", "gap", "Late.", t_ms=late + 7 * MINUTE_MS),
        make_alert(61, "P1", "loiter", "Late alarm.", t_ms=late),
        *world.alerts,
        make_alert(60, "P1", "loiter", "Early.", t_ms=early),
    ]
    return world


@pytest.mark.browser
def test_time_bar_finds_its_way_over_days(open_screen: Opener) -> None:
    screen = open_screen(long_world())
    page, world = screen.page, screen.world
    bar = page.locator(".playback")
    expect(bar.locator(".axis .day b")).to_have_text(["12-23", "12-24", "12-25"])
    # Alarms stand out by a mark of their own, and what lies past the clock is faint.
    expect(bar.locator(".bars path")).to_have_count(3)
    expect(bar.locator(".bars .ahead")).not_to_have_count(0)
    cells = "rows => rows.map(row => [...row.cells].slice(1).map(cell => Number(cell.textContent)))"
    told = bar.locator(".slider table tbody tr").evaluate_all(cells)
    assert [sum(column) for column in zip(*told, strict=True)] == [3, 3, 3]
    expect(bar.locator(".analysed")).to_contain_text("3 h 50 behind")

    # Under the pointer stand the time and what arose; a click on the bars goes there.
    box = bar.locator(".slider").bounding_box()
    assert box
    part = (world.alerts[-1]["t_detected"], DAY_MS / (SPAN[1] - world.from_ms))
    page.mouse.move(box["x"] + box["width"] * part[1] + 1, box["y"] + 10)
    expect(bar.locator(".time-tip")).to_contain_text(re.compile(r"2024-12-23 \d\d:.*Alarm 1"))
    page.mouse.click(box["x"] + box["width"] * part[1], box["y"] + 10)
    expect(page.locator(".clock")).to_contain_text("2024-12-23 0")
    assert abs(world.commands[-1]["t_ms"] - (world.from_ms + DAY_MS)) < 15 * MINUTE_MS

    # Keys: to alerts, by minutes (several are one seek), and to the end.
    page.mouse.move(300, 300)
    page.evaluate("document.activeElement.blur()")
    world.play({"action": "seek", "t_ms": SPAN[0]})
    expect(page.locator(".clock time")).to_have_text("09:00:00Z")
    page.keyboard.press("Shift+{")
    expect(page.locator(".clock")).to_contain_text("2024-12-23 09:00:00Z")
    page.keyboard.press("Shift+{")
    expect(bar.get_by_role("alert")).to_have_text("No alert before this time.")
    seeks = len(world.commands)
    page.evaluate(PRESS, list("]]]["))
    expect(page.locator(".clock time")).to_have_text("09:02:00Z")
    first_ms = SPAN[0] - 2 * DAY_MS
    assert world.commands[seeks:] == [{"action": "seek", "t_ms": first_ms + 2 * MINUTE_MS}]
    # A step before the last one is answered goes on from where that leads.
    held: list[Route] = []
    page.route("**/api/playback", lambda route: held.append(route))
    page.evaluate(PRESS, list("]]]"))
    assert eventually(page, lambda: len(held) == 1)
    page.evaluate(PRESS, ["["])
    assert eventually(page, lambda: len(held) == 2)
    asked = [route.request.post_data_json["t_ms"] - first_ms for route in held]
    assert asked == [5 * MINUTE_MS, 4 * MINUTE_MS]
    for route in held:
        route.continue_()
    page.unroute("**/api/playback")
    expect(page.locator(".clock time")).to_have_text("09:04:00Z")
    page.keyboard.press("Shift+}")
    expect(page.locator(".clock")).to_contain_text("2024-12-25 09:20:00Z")
    page.keyboard.press(".")
    expect(page.locator(".clock time")).to_have_text("15:00:00Z")
    expect(bar.locator(".analysed b")).to_have_text("at the end")
    expect(bar.get_by_role("button", name="Newest .")).to_have_attribute("aria-pressed", "true")

    # A part of the span; the clock stays in it.
    page.get_by_label("Part of the span shown").select_option("6 h")
    slider = bar.get_by_label("Time in the span")
    expect(slider).to_have_attribute("min", str(SPAN[0]))
    expect(bar.locator(".bars path")).to_have_count(2)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+{")
    expect(page.locator(".clock time")).to_have_text("14:37:00Z")
    expect(bar.locator(".analysed")).to_contain_text("23 min behind")


@pytest.mark.browser
def test_after_a_lost_line_the_screen_holds_what_the_service_holds(open_screen: Opener) -> None:
    """Neither gaps nor doubles: ships gone, alerts withdrawn, changed and new, and the track."""
    screen = open_screen(World(60))
    page, world = screen.page, screen.world
    page.get_by_role("button", name=re.compile("^All")).click()
    page.locator(".row", has_text="Drag pattern").click()
    page.mouse.move(5, 5)  # rows do not move below it
    expect(page.locator(".row")).to_have_count(7)
    screen.loses_line = True
    world.refuse_sockets = True
    page.wait_for_selector(".line-banner", timeout=20_000)
    with world.lock:
        world.fleet.kept[::2] = False
        gone = world.alerts.pop(
            next(i for i, a in enumerate(world.alerts) if a["priority"] == "P3")
        )
        changed = next(a for a in world.alerts if a["detector"] == "loiter")
        world.t_ms += 10 * MINUTE_MS
    world.add_alert(changed | {"version": 9, "state": "open", "text": "Changed while away."})
    world.add_alert(make_alert(30, "P1", "gap_visit", "Came while away.", t_ms=world.t_ms - 1000))
    asked = len(screen.requests)
    world.refuse_sockets = False
    # The screen may have come back by itself before the hand was there: both are right.
    page.mouse.move(400, 10)  # off the list, whose rows stand still under the pointer
    page.locator(".line-banner button").evaluate_all("found => found.forEach(b => b.click())")
    expect(page.locator(".line-banner")).to_have_count(0, timeout=20_000)
    expect(page.locator(".row", has_text="Came while away.")).to_have_count(1)
    expect(page.locator(".row", has_text="Changed while away.")).to_have_count(1)
    shown = page.eval_on_selector_all(".row", "rows => rows.map(row => row.dataset.alert)")
    expected = [one["id"] for one in world.visible_alerts() if not one["muted_by"]]
    assert sorted(shown) == sorted(expected)
    assert gone["id"] not in shown
    # The selected vessel's track is read again up to the new time: no hole is left in it.
    ends = [int(url.split("to_ms=")[1]) for url in screen.requests[asked:] if "/track?" in url]
    assert max(ends) >= world.t_ms
    for name in ("Alarm", "Warning", "Note"):
        page.get_by_role("button", name=re.compile(f"^{name},")).click()
    vessels = len(world.columns()["mmsi"])
    expect(page.locator(".list .empty")).to_contain_text(f"{vessels} vessels watched.")
