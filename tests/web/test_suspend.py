"""Suspending by keyboard: who is asked for, what it says of an alert, and ending it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sargas.model.alerts import Alert
from sargas.store import AuditLog

from .desk import END, HOUR_MS, MARKUP, DeskServer, first_alerts, made_alert
from .test_watch import keys, open_page

pytestmark = pytest.mark.browser
__all__ = ["open_page"]  # a fixture, used by its name

LIST = {"list": "Own fleet <i>", "entry": "7", "date": "2024-01-01", "kind": "watch",
        "matched_by": "mmsi"}  # fmt: skip


def made() -> list[Alert]:
    """Two alerts of one listed ship, half an hour apart, beside those of the desk."""
    first = made_alert(7, "P1", "slow_in_corridor", 240, name=MARKUP, mmsi=999_000_102)
    later = made_alert(7, "P1", "slow_in_corridor", 270, name=MARKUP, mmsi=999_000_102)
    return [
        *(a for a in first_alerts() if a.subject.mmsi != 999_000_102),
        *(replace(a, context=a.context | {"lists": [LIST]}) for a in (first, later)),
    ]


def test_an_officer_suspends_and_ends_it(tmp_path: Path, open_page: Callable[[str], Page]) -> None:
    with DeskServer(tmp_path, alerts=made()) as desk:
        page = open_page(desk.url)
        seek = (
            "t => fetch('/api/playback', {method: 'POST',"
            " body: JSON.stringify({action: 'seek', t_ms: t})})"
        )
        page.evaluate(seek, END - 2 * HOUR_MS + 60_000)
        expect(page.locator(".row").first).to_contain_text("Slow in corridor")
        keys(page, "j", "p")
        dialog = page.locator("dialog[open]")
        expect(dialog.locator("h2")).to_have_text("Take the watch")
        page.keyboard.type("V. Petraitis")
        keys(page, "Enter")
        expect(dialog.locator("h2")).to_have_text("Suspend")
        expect(dialog).to_contain_text(f"{MARKUP} 999000102")
        expect(dialog).to_contain_text("every vessel of list Own fleet <i>")
        # Without a reason it does not go; another time must be one.
        keys(page, "Enter")
        expect(dialog).to_have_count(1)
        page.keyboard.type("Cable ship <b>at work</b>")
        dialog.locator("input[name=time]").fill("tomorrow")
        expect(dialog.get_by_label("another time:")).to_be_checked()
        keys(page, "Enter")
        expect(dialog.locator(".dialog-refused")).to_contain_text("2024-12-26 14:00")
        # What was not meant is taken back within ten seconds, and the log says so.
        dialog.get_by_label("24 h").check()
        keys(page, "Enter")
        expect(dialog).to_have_count(0)
        expect(page.locator(".undo")).to_contain_text("suspended")
        keys(page, "Control+z")
        expect(page.locator(".undo")).to_have_count(0)
        expect(page.get_by_role("button", name="Suspended 0")).to_be_visible()
        keys(page, "p")
        page.keyboard.type("Cable ship <b>at work</b>")
        dialog.get_by_label("8 h, 21:01Z").check()
        keys(page, "Enter")
        expect(dialog).to_have_count(0)
        # The alert that stood rings on, and says what was done.
        expect(page.locator(".suspended")).to_contain_text("It stood before V. Petraitis")
        expect(page.locator(".row").first).to_contain_text("Slow in corridor")
        # What comes under it is muted, counted, and says who did it, until when and why.
        page.evaluate(seek, END)
        page.get_by_role("button", name="Note,").click()
        expect(page.locator(".row", has_text="suspended until")).to_have_count(0)
        page.get_by_role("button", name="Stacked").click()
        page.get_by_role("button", name="Muted 1").click()
        page.locator(".row", has_text="suspended until 21:01Z").click()
        expect(page.locator(".evidence h2")).to_have_text("Note · Slow in corridor")
        expect(page.locator(".suspended")).to_have_text(
            "Suspended by V. Petraitis until 21:01Z: Cable ship <b>at work</b>"
        )
        # The handover tells it, and the list ends it.
        keys(page, "5")
        sheet = page.locator(".handover section", has_text="end in the next 8 hours")
        expect(sheet).to_contain_text("one alert muted")
        sheet.get_by_role("button", name="All suspensions").click()
        expect(dialog).to_contain_text("5 NM, 020°42.000′E 58°30.000′N")
        dialog.get_by_role("button", name="End now").click()
        expect(dialog).to_contain_text("ended by V. Petraitis")
        keys(page, "Escape")
        expect(sheet).to_contain_text("None.")
        with AuditLog(desk.home) as log:
            lines = [(line.verb, line.to_dict().get("comment")) for line in log.lines()]
            assert lines == [
                ("start_watch", None), ("suspend", None), ("end_suspension", "taken back"),
                ("suspend", None), ("end_suspension", None),
            ]  # fmt: skip
            undone, one = log.suspensions()
        assert undone.ended_ms == undone.from_ms
        assert (one.mmsis, one.detectors) == ((999_000_102,), ("slow_in_corridor",))
        assert one.ended_ms == END
        page.goto("about:blank")  # before the service ends
