"""What drawn zones are for: the list shows what lies in one, and a suspension is for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sargas.store import AuditLog

from .desk import END, HOUR_MS, DeskServer
from .test_watch import keys, open_page, send, take_watch

pytestmark = pytest.mark.browser
__all__ = ["open_page"]  # a fixture, used by its name

#: About the places of the alerts 1 and 2 of the desk, at 20.1 and 20.2 E.
WEST, EAST, SOUTH, NORTH = 20.05, 20.25, 58.4, 58.6
RING = [[WEST, SOUTH], [EAST, SOUTH], [EAST, NORTH], [WEST, NORTH], [WEST, SOUTH]]


def test_zones_have_a_use(tmp_path: Path, open_page: Callable[[str], Page]) -> None:
    with DeskServer(tmp_path) as desk:
        page = open_page(desk.url)
        rows = page.locator(".row")
        expect(rows).to_have_count(4)
        in_zone = page.get_by_label("Only alerts in a zone")
        expect(in_zone).to_have_count(0)  # there is none yet
        page.get_by_role("button", name="Take the watch").click()
        take_watch(page, "V. Petraitis")
        for name, effect in (("Meeting <point>", "none"), ("Approach", "raise"), ("Quay", "mute")):
            drawn = page.request.post(f"{desk.url}/api/zones", data={
                "action": "draw", "officer": "V. Petraitis", "name": name, "effect": effect,
                "reason": "made", "geometry": {"type": "Polygon", "coordinates": [RING]},
                **({"kind": "port", "valid_until_ms": END + HOUR_MS} if effect == "mute" else {}),
            })  # fmt: skip
            assert drawn.ok, drawn.text()
        # The list, its counts and the link know it; a mask is no place to look at.
        expect(in_zone.locator("option")).to_have_text(
            ["All waters", "In zone Approach", "In zone Meeting <point>"]
        )
        in_zone.select_option(label="In zone Meeting <point>")
        expect(rows).to_have_count(2)
        expect(page.get_by_role("button", name="Open 2")).to_be_visible()
        page.wait_for_url(lambda url: "zone" in url)
        link = page.url
        page.goto("about:blank")
        page.goto(link)
        expect(rows).to_have_count(2)
        in_zone.select_option("")
        expect(rows).to_have_count(4)
        # A suspension is for what is in it.
        keys(page, "j", "p")
        dialog = page.locator("dialog[open]")
        dialog.locator("select[name=zone]").select_option(label="Meeting <point>")
        expect(dialog.get_by_label("in the zone:")).to_be_checked()
        dialog.locator("input[name=reason]").fill("Bunkering")
        dialog.locator("input[name=reason]").focus()
        send(page)
        with AuditLog(desk.home) as log:
            [one] = log.suspensions()
        assert one.where == "Meeting <point>"
        assert one.area is not None
        assert one.area["coordinates"] == [RING]
        page.goto("about:blank")  # before the service ends
